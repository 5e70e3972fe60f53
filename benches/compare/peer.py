#!/usr/bin/env python3
"""Times showback beside cloud-cost-allocation on a job of the latter's own kind, and compares what each service costs.

    python3 -m venv peers && peers/bin/pip install cloud-cost-allocation==2.3.4 requests validators
    peers/bin/python benches/compare/peer.py target/release/showback 100000

Cost items like an Azure export of amortised costs, tagged with their service; ten services of infrastructure are handed on to fifty
platforms by 500 keys, those to 610 applications by 3,110. Its arithmetic is in floats, so totals agree to a millionth.
"""

import csv
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

PEER = """
import json, sys
from configparser import ConfigParser
from cloud_cost_allocation.cloud_cost_allocator import CloudCostAllocator
from cloud_cost_allocation.config import Config
from cloud_cost_allocation.cost_items import CostItemFactory
from cloud_cost_allocation.reader.azure_ea_amortized_cost_reader import AzureEaAmortizedCostReader
from cloud_cost_allocation.reader.csv_cost_allocation_keys_reader import CSV_CostAllocationKeysReader
from cloud_cost_allocation.utils.utils import read_csv
read = ConfigParser(interpolation=None)
read.read_dict({"General": {"DateFormat": "%Y-%m-%d", "DefaultService": "none", "Amounts": "AmortizedCost", "AllocationKeys": "Key",
                            "AmountAllocationKeys": "AmortizedCost:Key"}, "TagKey": {"Service": "service"}})
factory = CostItemFactory(Config(read))
costs, keys = [], []
read_csv(sys.argv[1] + "/data/2026-10.csv", AzureEaAmortizedCostReader(factory), costs)
read_csv(sys.argv[1] + "/data/keys.csv", CSV_CostAllocationKeysReader(factory), keys)
allocator = CloudCostAllocator(factory)
allocator.currency, allocator.date_str = "EUR", costs[0].date_str
assert allocator.allocate(keys, costs, ["AmortizedCost"])
final = {}
providers = {key.provider_service for key in keys}
for instance in allocator.service_instances.values():
    if instance.service not in providers:
        final[instance.service] = final.get(instance.service, 0.0) + sum(item.amounts[0] for item in instance.cost_items)
json.dump(final, open(sys.argv[1] + "/final.json", "w"))
"""

MODEL = """
[model]
name = "Beside cloud-cost-allocation"
currency = "EUR"
data = "data"
complete = []
charges = { by = ["service"] }

[sources.bill]
files = "{period}.csv"
columns = { cost = "CostInBillingCurrency", date = "Date" }
formats = { date = "%m/%d/%Y" }
set = { service = "{Tags.service}", business_unit = "All", pool = "Cloud" }

[drivers.keys]
file = "keys.csv"
from = { service = "ProviderService" }
to = { service = "ConsumerService" }
quantity = "Key"

[[allocate]]
id = "infrastructure"
from = { service = "infra-*" }
to = "service"
by = "keys"

[[allocate]]
id = "platforms"
from = { service = "platform-*" }
to = "service"
by = "keys"
"""


def write(folder, items):
    chance = random.Random(42)
    infra, platforms, apps = ([f"{name}-{at:03}" for at in range(count)] for name, count in
                              (("infra", 10), ("platform", 50), ("app", 610)))
    everything = infra + platforms + apps
    with open(folder / "data/2026-10.csv", "w", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(["Date", "SubscriptionName", "ResourceId", "MeterName", "Quantity", "UnitPrice", "CostInBillingCurrency",
                        "BillingCurrencyCode", "ChargeType", "PricingModel", "Tags"])
        for item in range(items):
            quantity, price = chance.randrange(1, 1000), chance.randrange(1, 10000)
            lines.writerow(["10/31/2026", f"subscription-{item % 40}", f"/resources/r{chance.randrange(5000)}", f"meter-{item % 90}", quantity,
                            f"0.{price:04}", f"{quantity * price / 10000:.4f}", "EUR", "Usage", "OnDemand",
                            f'"env": "e{item % 4}","service": "{everything[chance.randrange(len(everything))]}"'])
    with open(folder / "data/keys.csv", "w", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(["Date", "ProviderService", "ConsumerService", "Key"])
        for provider in infra:
            lines.writerows(["2026-10-31", provider, platform, chance.randrange(1, 100)] for platform in platforms)
        for at in range(3110):
            lines.writerow(["2026-10-31", platforms[at % 50], apps[at * 7 % 610], chance.randrange(1, 100)])


def timed(command):
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"failed: {command[:2]}")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    program, items = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "data").mkdir()
        write(folder, items)
        (folder / "model.toml").write_text(MODEL)
        ours = timed([program, "run", name, "--period", "2026-10", "--out", f"{name}/out", "--quiet", "--threads", "2"])
        theirs = timed([sys.executable, "-c", PEER, name])
        import json
        final = json.load(open(folder / "final.json"))
        with open(folder / "out/2026-10/data/charges.csv", newline="") as read:
            charged = {}
            for line in csv.DictReader(read):
                charged[line["service"]] = charged.get(line["service"], 0.0) + float(line["amount_exact"])
        off = max(abs(final.get(service, 0.0) - charged.get(service, 0.0)) for service in final.keys() | charged.keys())
        total = sum(charged.values())
        print(f"{items} items, total {total:.2f}, {len(charged)} services, largest difference {off:.9f}")
        assert off < total / 1e6
        for tool, (wall, cpu, peak) in (("cloud-cost-allocation", theirs), ("showback run", ours)):
            print(f"{tool}: {wall:.2f} s, {cpu:.2f} s of CPU, {peak:.0f} MiB")
        print(f"{theirs[0] / ours[0]:.0f} times as fast, 1/{theirs[2] / ours[2]:.0f} of the memory")


main()
