#!/usr/bin/env python3
"""Times showback beside DuckDB and Polars on one FOCUS export in csv.

    python3 -m venv peers && peers/bin/pip install duckdb polars
    peers/bin/python benches/compare/compare.py target/release/showback bill.csv accounts.csv 2026-07

`accounts.csv` has the columns account_id and business_unit. Each round runs every tool once, in turn, so that whatever else
the machine does falls on all of them; printed are medians of wall seconds, CPU seconds and peak memory, and the ratio to
DuckDB. showback does the whole run, rules to files written; the peers only classify and add up.
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
duckdb.sql("SET threads = 2")
duckdb.sql(f'''
    SELECT service, pool, business_unit, ChargePeriodStart[:7], sum(cost) FROM (
      SELECT CASE WHEN ServiceName ILIKE '%Support%' THEN 'Support' ELSE ServiceName END service,
        CASE WHEN ChargeCategory IN ('Credit', 'Tax') THEN 'Credits and taxes' WHEN PricingCategory = 'Committed' THEN 'Commitments'
          WHEN ServiceName ILIKE '%Support%' THEN 'Support' WHEN PublisherName ILIKE '%Marketplace%' THEN 'Marketplace'
          WHEN ServiceName ILIKE '%SageMaker' THEN 'AI'
          WHEN json_extract_string(Tags, '$.environment') IN ('dev', 'test') THEN 'Development' ELSE ServiceCategory END pool,
        business_unit, ChargePeriodStart, CAST(BilledCost AS DECIMAL(38, 12)) cost
      FROM read_csv('{sys.argv[1]}', header = true, all_varchar = true) bill
      LEFT JOIN read_csv('{sys.argv[2]}', header = true, all_varchar = true) accounts ON SubAccountId = account_id)
    GROUP BY ALL''').fetchall()
"""

POLARS = """
import polars as pl, sys
c = pl.col
accounts = pl.scan_csv(sys.argv[2], infer_schema=False).select("account_id", "business_unit")
bill = pl.scan_csv(sys.argv[1], infer_schema=False).join(accounts, left_on="SubAccountId", right_on="account_id", how="left")
support = c("ServiceName").str.contains("(?i)support")
pool = (pl.when(c("ChargeCategory").is_in(["Credit", "Tax"])).then(pl.lit("Credits and taxes"))
    .when(c("PricingCategory") == "Committed").then(pl.lit("Commitments")).when(support).then(pl.lit("Support"))
    .when(c("PublisherName").str.contains("(?i)marketplace")).then(pl.lit("Marketplace"))
    .when(c("ServiceName").str.contains("(?i)sagemaker$")).then(pl.lit("AI"))
    .when(c("Tags").str.json_path_match("$.environment").is_in(["dev", "test"])).then(pl.lit("Development"))
    .otherwise(c("ServiceCategory")))
service = pl.when(support).then(pl.lit("Support")).otherwise(c("ServiceName"))
(bill.select(service.alias("service"), pool.alias("pool"), "business_unit", c("ChargePeriodStart").str.slice(0, 7),
    c("BilledCost").cast(pl.Decimal(38, 12)))
 .group_by("service", "pool", "business_unit", "ChargePeriodStart").agg(c("BilledCost").sum()).collect(engine="streaming"))
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
    program, bill, accounts, period, *rest = sys.argv[1:]
    rounds = int(rest[0]) if rest else 5
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "model"
        shutil.copytree(pathlib.Path(__file__).parent / "model", model)
        (model / "data").mkdir()
        ends = "".join(pathlib.Path(bill).suffixes[-2:])
        (model / "data" / f"bill{ends}").symlink_to(pathlib.Path(bill).resolve())
        shutil.copy(accounts, model / "data" / "accounts.csv")
        run = [program, "run", str(model), "--period", period, "--out", f"{folder}/out", "--quiet", "--threads"]
        check = [program, "check", str(model), "--period", period, "--quiet", "--threads", "2"]
        tools = {
            "duckdb": [sys.executable, "-c", DUCKDB, bill, accounts],
            "polars": [sys.executable, "-c", POLARS, bill, accounts],
            "showback run, 2 threads": [*run, "2"],
            "showback run, 1 thread": [*run, "1"],
            "showback check, 2 threads": check,
            "wc -l": ["wc", "-l", bill],
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
