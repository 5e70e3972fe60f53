#!/usr/bin/env python3
"""Times showback beside DuckDB, Polars and ClickHouse (chdb) on one FOCUS export: csv, csv.gz, csv.zst or Parquet.

    python3 -m venv peers && peers/bin/pip install duckdb polars chdb
    peers/bin/python benches/compare/compare.py target/release/showback bill.csv lookups 2026-07

In the folder `lookups`, accounts.csv has the columns account_id and business_unit, and cost_centers.csv cost_center and
business_unit. Each round runs every tool once, in turn, so that whatever else
the machine does falls on all of them; printed are medians of wall seconds, CPU seconds and peak memory, and the ratio to
DuckDB. Polars and chdb take part where the export is csv. showback does the whole run, rules to files written; the peers only classify and add up.
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

DUCKDB = """
import duckdb, sys
bill = (f"read_parquet('{sys.argv[1]}')" if sys.argv[1].endswith(".parquet") else
        f"read_csv('{sys.argv[1]}', header = true, all_varchar = true)")
duckdb.sql("SET threads = 2")
tag = lambda key: f"json_extract_string(Tags, '$.{key}')"
print(duckdb.sql(f'''
    SELECT service, pool, business_unit, month, sum(cost) FROM (
      SELECT CASE WHEN ServiceName LIKE '%Support%' THEN 'Support' ELSE coalesce(nullif({tag("application")}, ''), ServiceName) END service,
        CASE WHEN ChargeCategory IN ('Credit', 'Tax') THEN 'Credits and taxes' WHEN PricingCategory = 'Committed' THEN 'Commitments'
          WHEN ServiceName LIKE '%Support%' THEN 'Support' WHEN ChargeDescription LIKE '%data transfer%' THEN 'Network'
          WHEN PublisherName LIKE '%Marketplace%' THEN 'Marketplace' WHEN ServiceName LIKE '%SageMaker' THEN 'AI'
          WHEN {tag("environment")} IN ('dev', 'test') THEN 'Development' ELSE ServiceCategory END pool,
        coalesce(centres.business_unit, accounts.business_unit) business_unit, ChargePeriodStart[:7] as month,
        CAST(EffectiveCost AS DECIMAL(38, 12)) cost
      FROM {bill} bill
      LEFT JOIN read_csv('{sys.argv[2]}/cost_centers.csv', header = true, all_varchar = true) centres
        ON {tag("cost_center")} = centres.cost_center
      LEFT JOIN read_csv('{sys.argv[2]}/accounts.csv', header = true, all_varchar = true) accounts ON SubAccountId = account_id)
    GROUP BY ALL''').aggregate("count(*), sum(#5)").fetchall())
"""

POLARS = """
import polars as pl, sys
c = pl.col
lookup = lambda name, key: pl.scan_csv(f"{sys.argv[2]}/{name}.csv", infer_schema=False).select(key, "business_unit")
tag = lambda key: c("Tags").str.json_path_match(f"$.{key}")
bill = (pl.scan_csv(sys.argv[1], infer_schema=False).with_columns(tag("cost_center").alias("cost_center"))
    .join(lookup("cost_centers", "cost_center"), on="cost_center", how="left")
    .join(lookup("accounts", "account_id"), left_on="SubAccountId", right_on="account_id", how="left", suffix="_of_account"))
has = lambda column, text: c(column).str.contains(text, literal=True)
pool = (pl.when(c("ChargeCategory").is_in(["Credit", "Tax"])).then(pl.lit("Credits and taxes"))
    .when(c("PricingCategory") == "Committed").then(pl.lit("Commitments")).when(has("ServiceName", "Support")).then(pl.lit("Support"))
    .when(has("ChargeDescription", "data transfer")).then(pl.lit("Network"))
    .when(has("PublisherName", "Marketplace")).then(pl.lit("Marketplace"))
    .when(c("ServiceName").str.ends_with("SageMaker")).then(pl.lit("AI"))
    .when(tag("environment").is_in(["dev", "test"])).then(pl.lit("Development")).otherwise(c("ServiceCategory")))
service = pl.when(has("ServiceName", "Support")).then(pl.lit("Support")).otherwise(pl.coalesce(tag("application"), c("ServiceName")))
sums = (bill.select(service.alias("service"), pool.alias("pool"), pl.coalesce("business_unit", "business_unit_of_account").alias("unit"),
    c("ChargePeriodStart").str.slice(0, 7).alias("month"), c("EffectiveCost").cast(pl.Decimal(38, 12)))
 .group_by("service", "pool", "unit", "month").agg(c("EffectiveCost").sum()).collect(engine="streaming"))
print(sums.height, sums["EffectiveCost"].sum())
"""

CHDB = """
import chdb, sys
tag = lambda key: f"JSONExtractString(Tags, '{key}')"
print(chdb.query(f'''
    SELECT count(*), sum(c) FROM (SELECT service, pool, unit, month, sum(cost) c FROM (
      SELECT if(ServiceName LIKE '%Support%', 'Support', if({tag("application")} != '', {tag("application")}, ServiceName)) service,
        multiIf(ChargeCategory IN ('Credit', 'Tax'), 'Credits and taxes', PricingCategory = 'Committed', 'Commitments',
          ServiceName LIKE '%Support%', 'Support', ChargeDescription LIKE '%data transfer%', 'Network',
          PublisherName LIKE '%Marketplace%', 'Marketplace', ServiceName LIKE '%SageMaker', 'AI',
          {tag("environment")} IN ('dev', 'test'), 'Development', ServiceCategory) pool,
        if(centres.business_unit != '', centres.business_unit, accounts.business_unit) unit, substring(ChargePeriodStart, 1, 7) month,
        toDecimal128(EffectiveCost, 12) cost
      FROM (SELECT *, {tag("cost_center")} centre FROM file('{sys.argv[1]}', CSVWithNames)) bill
      LEFT JOIN file('{sys.argv[2]}/cost_centers.csv', CSVWithNames) centres ON centre = centres.cost_center
      LEFT JOIN file('{sys.argv[2]}/accounts.csv', CSVWithNames) accounts ON SubAccountId = accounts.account_id)
    GROUP BY service, pool, unit, month)
    SETTINGS max_threads = 2, input_format_try_infer_integers = 0, input_format_try_infer_dates = 0, input_format_try_infer_datetimes = 0,
      input_format_csv_try_infer_numbers_from_strings = 0, input_format_csv_use_best_effort_in_schema_inference = 0,
      schema_inference_make_columns_nullable = 0'''))
"""


def timed(command):
    """Wall seconds, CPU seconds and peak KiB of a process."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"POLARS_MAX_THREADS": "2"})
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"failed: {command[:2]}")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss


def main():
    program, bill, lookups, period, *rest = sys.argv[1:]
    rounds = int(rest[0]) if rest else 5
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "model"
        shutil.copytree(pathlib.Path(__file__).parent / "model", model)
        (model / "data").mkdir()
        ends = "".join(pathlib.Path(bill).suffixes[-2:])
        (model / "data" / f"bill-{period}{ends}").symlink_to(pathlib.Path(bill).resolve())
        for name in ("accounts.csv", "cost_centers.csv"):
            shutil.copy(pathlib.Path(lookups) / name, model / "data")
        run = [program, "run", str(model), "--period", period, "--out", f"{folder}/out", "--quiet", "--threads"]
        check = [program, "check", str(model), "--period", period, "--quiet", "--threads", "2"]
        tools = {
            "duckdb": [sys.executable, "-c", DUCKDB, bill, lookups],
            **({"polars": [sys.executable, "-c", POLARS, bill, lookups],
                "chdb": [sys.executable, "-c", CHDB, bill, lookups]} if ends.endswith(".csv") else {}),
            "showback run, 2 threads": [*run, "2"],
            "showback run, 1 thread": [*run, "1"],
            "showback check, 2 threads": check,
            **({"wc -l": ["wc", "-l", bill]} if ends.endswith(".csv") else {}),
            **({"zstd -dc": ["zstd", "-dc", bill]} if ends.endswith(".zst") else {}),
            **({"gzip -dc": ["gzip", "-dc", bill]} if ends.endswith(".gz") else {}),
        }
        figures = {name: [] for name in tools}
        for _ in range(rounds):
            for name, command in tools.items():
                figures[name].append(timed(command))
    medians = {name: [statistics.median(of) for of in zip(*runs)] for name, runs in figures.items()}
    base = medians["duckdb"]
    print("| tool | wall | of DuckDB | CPU | of DuckDB | peak MiB |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, (wall, cpu, peak) in medians.items():
        print(f"| {name} | {wall:.2f} s | {wall / base[0]:.2f} | {cpu:.2f} s | {cpu / base[1]:.2f} | {peak / 1024:.0f} |")


main()
