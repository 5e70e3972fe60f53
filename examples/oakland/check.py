"""Works out the whole example a second time and writes expected.json.

Shares no code with showback or with make-drivers.py: the workbook is read from its XML, the classification is
written out again by hand, and every sum and share is a Fraction. Fails if usage.csv or a table says otherwise.
"""
import collections
import csv
import json
import pathlib
import xml.etree.ElementTree as xml
import zipfile
from decimal import Decimal, ROUND_HALF_EVEN, localcontext
from fractions import Fraction

HERE = pathlib.Path(__file__).parent
NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def workbook_rows():
    with zipfile.ZipFile(HERE / "oakland-FY17.xlsx") as book:
        texts = ["".join(t.text or "" for t in si.iter(NS + "t")) for si in xml.parse(book.open("xl/sharedStrings.xml")).getroot()]
        for _, row in xml.iterparse(book.open("xl/worksheets/sheet1.xml")):
            if row.tag == NS + "row":
                cells = {}
                for c in row:
                    v = c.find(NS + "v")
                    letters = c.get("r").rstrip("0123456789")
                    if v is not None:
                        cells[letters] = texts[int(v.text)] if c.get("t") == "s" else v.text
                yield cells
                row.clear()


ROWS = workbook_rows()
HEAD = next(ROWS)
COL = {name: letters for letters, name in HEAD.items()}
ALL = [{n: r.get(COL[n], "") for n in ("Account Type", "Department", "Division", "Org", "Fund", "Account", "Type", "AMT")} for r in ROWS]
assert {r["Account Type"] for r in ALL} == {"Expense", "Revenue"}
LINES = [r for r in ALL if r["Account Type"] == "Expense"]
for r in LINES:
    r["amount"] = Fraction(r["AMT"])
    r["n"] = int(r["Type"].split(" - ")[0])

STEPS = ["Central Overhead Recovery", "Facilities", "Fleet", "Insurance and Claims", "Information Technology", "Radio",
         "Reproduction", "Human Resources", "Purchasing and Stores", "Finance", "City Attorney", "City Administration"]
OWN = "Own operations"

POOLS = {**{n: "Personnel" for n in range(1, 11)}, 11: "Supplies and services", 12: "Contracts", 13: "Travel and education",
         14: "Internal charges", 15: "Capital purchases", 16: "Debt payments", 17: "Overhead allocations",
         18: "Other expenditure", 19: "Transfers and fund balances", 20: "Transfers and fund balances",
         21: "Recoveries", 22: "Offsets and carry-forwards"}


def spend(r):
    if r["Department"] == "Capital Improvement Projects":
        return "transform"
    return "grow" if r["n"] == 15 or r["Org"] in ("46311", "46341", "46461") else "run"


def home(r):
    """(service, business unit or None) straight after classify"""
    dept, div, fund, org = r["Department"], r["Division"], r["Fund"], r["Org"]
    for funds, service in ((("4100",), "Fleet"), (("4200",), "Radio"), (("4300",), "Reproduction"),
                           (("4400",), "Facilities"), (("4500", "4550"), "Purchasing and Stores")):
        if fund in funds:
            return service, None
    if org == "90271":
        return "Central Overhead Recovery", None
    if org in ("90311", "90321") and r["n"] in (11, 12):
        return "Insurance and Claims", None
    if fund == "1150" or dept == "Non-Departmental":
        return OWN, "Citywide Obligations"
    if dept == "Finance Department" and div == "Revenue":
        return OWN, "Revenue Collection"
    if dept == "City Administrator" and div in ("Oakland Animal Services", "Citizens' Police Review Board"):
        return OWN, div
    internal = {"Information Technology": "Information Technology", "Human Resources": "Human Resources",
                "City Attorney": "City Attorney", "Finance Department": "Finance", "Race & Equity": "City Administration"}.get(dept)
    if dept == "City Administrator":
        internal = {"Budget": "Finance", "Employee Relations": "Human Resources", "Equal Opportunity Programs": "Human Resources",
                    "Administration": "City Administration", "Contract Compliance": "City Administration"}[div]
    if internal is None:
        return OWN, dept
    if dept == "Race & Equity":
        return internal, None
    unit = {"2415": "Planning & Building", "2108": "Housing & Community Development", "2413": "Housing & Community Development",
            "2195": "Economic & Workforce Development", "2241": "Oakland Public Library", "2250": "Fire", "2412": "Fire",
            "2411": "Police", "1710": "Oakland Public Works", "2211": "Oakland Public Works", "2310": "Oakland Public Works",
            "3100": "Oakland Public Works"}.get(fund)
    return internal, unit


# -- quantities, again from the workbook
ACCOUNTS = {"Central overhead paid": "58522", "Facilities charges": "56113", "Vehicle rentals": "56411 56413",
            "Pay": "51111 51112 51122", "Radio rentals": "56511", "Printing": "56311 56312", "Purchasing charges": "56124"}
usage = collections.defaultdict(lambda: collections.defaultdict(Fraction))
for r in LINES:
    service, unit = home(r)
    node = ("", unit) if unit else (service, "")
    for name, accounts in ACCOUNTS.items():
        if r["Account"] in accounts.split():
            usage[name][node] += r["amount"]
    if r["n"] <= 13:
        usage["Operating spend"][node] += r["amount"]
    if r["Fund"] == "1100" and r["Account"] in ("53412", "54511") and r["Department"] != "Non-Departmental":
        usage["Claims"][node] += r["amount"]
with open(HERE / "usage.csv", newline="") as f:
    told = list(csv.DictReader(f))
for name in usage:
    assert {(t["Service"], t["Unit"]): Fraction(t[name]) for t in told if t[name] != "0"} == {k: v for k, v in usage[name].items() if v}, name
assert set(told[0]) == {"Service", "Unit", *usage}
DRIVER = dict(zip(STEPS, ["Central overhead paid", "Facilities charges", "Vehicle rentals", "Claims", "Pay", "Radio rentals", "Printing",
                          "Pay", "Purchasing charges", "Operating spend", "Operating spend", "Operating spend"]))

# -- members
with open(HERE / "departments.csv", newline="") as f:
    UNITS = [r["Unit"] for r in csv.DictReader(f)]
with open(HERE / "services.csv", newline="") as f:
    assert [r["Service"] for r in csv.DictReader(f)] == [OWN, *STEPS]
with open(HERE / "pools.csv", newline="") as f:
    assert [r["Pool"] for r in csv.DictReader(f)] == list(dict.fromkeys(POOLS.values()))

# -- balances: (service, unit, pool, spend) -> amount
balance = collections.defaultdict(Fraction)
for r in LINES:
    service, unit = home(r)
    assert unit is None or unit in UNITS, unit
    balance[service, unit, POOLS[r["n"]], spend(r)] += r["amount"]
opening = dict(balance)
total_in = sum(r["amount"] for r in LINES)

steps = {}
for i, sender in enumerate(STEPS):
    taken = {k: v for k, v in balance.items() if k[0] == sender and k[1] is None}
    gone = set(STEPS[: i + 1])
    parts = {node: q for node, q in usage[DRIVER[sender]].items() if q and node[0] not in gone}
    assert min(parts.values()) > 0
    whole = sum(parts.values())
    gives = collections.defaultdict(Fraction)
    for (s, u, p, sp), amount in taken.items():
        del balance[s, u, p, sp]
        for (to_service, to_unit), q in parts.items():
            share = amount * q / whole
            gives[to_service or to_unit] += share
            balance[to_service or s, to_unit or None, p, sp] += share
    steps[sender] = {"total": sum(taken.values()), "driver": DRIVER[sender], "driver_total_open": whole, "gives": gives}
    assert sum(gives.values()) == steps[sender]["total"]
assert all(k[1] for k in balance)
assert sum(balance.values()) == total_in


def num(x):
    with localcontext() as c:
        c.prec = 400
        d = (Decimal(x.numerator) / Decimal(x.denominator)).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
    return f"{d:f}"


def exact(x):
    return {"exact": str(x), "decimal": num(x)}


def plain(x):
    assert x.denominator == 1
    return str(x)


def total(table, **want):
    at = {"service": 0, "unit": 1, "pool": 2, "spend": 3}
    return sum((v for k, v in table.items() if all(k[at[d]] == w for d, w in want.items())), Fraction(0))


def some(pairs, show):
    return {k: show(v) for k, v in pairs if v}


pool_names, spends = list(dict.fromkeys(POOLS.values())), ["run", "grow", "transform"]
expected = {
    "model": "oakland", "period": "FY17", "currency": "USD",
    "source": {"rows": len(LINES), "total": plain(total_in), "rows_skipped": len(ALL) - len(LINES),
               "negative_rows": sum(r["amount"] < 0 for r in LINES), "negative_total": plain(sum(r["amount"] for r in LINES if r["amount"] < 0))},
    "unallocated": "0",
    "pools": {p: {"rows": sum(POOLS[r["n"]] == p for r in LINES), "total": plain(total(opening, pool=p))} for p in pool_names},
    "spend": {s: plain(total(opening, spend=s)) for s in spends},
    "services": {
        s: {
            "driver": steps[s]["driver"],
            "driver_total_open": plain(steps[s]["driver_total_open"]),
            "own": plain(total(opening, service=s, unit=None)),
            "assigned_by_fund": some(((u, total(opening, service=s, unit=u)) for u in UNITS), plain),
            "received": some(((t, steps[t]["gives"].get(s, Fraction(0))) for t in STEPS), exact),
            "handed_out": exact(steps[s]["total"]),
            "to_services": some(((t, steps[s]["gives"].get(t, Fraction(0))) for t in STEPS), exact),
            "charged_to_departments": exact(total(balance, service=s)),
        }
        for s in STEPS
    },
    "departments": {
        u: {
            "own_operations": plain(total(opening, service=OWN, unit=u)),
            "services": some(((s, total(balance, service=s, unit=u)) for s in STEPS), exact),
            "total": exact(total(balance, unit=u)),
            "pools": some(((p, total(balance, unit=u, pool=p)) for p in pool_names), num),
            "spend": some(((s, total(balance, unit=u, spend=s)) for s in spends), num),
        }
        for u in UNITS
    },
}
assert sum(Fraction(d["total"]["exact"]) for d in expected["departments"].values()) == total_in
(HERE / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

if __name__ == "__main__":
    import sys
    w = sys.stdout.write
    w(f"rows {len(LINES)}  total {total_in}  unallocated 0\n")
    for s in STEPS:
        e = expected["services"][s]
        w(f"{s:28}{e['own']:>14}{sum(map(int, e['assigned_by_fund'].values())):>12}{e['handed_out']['decimal']:>22}{e['charged_to_departments']['decimal']:>22}\n")
    for u in UNITS:
        d = expected["departments"][u]
        w(f"{u:36}{d['own_operations']:>14}{num(sum(Fraction(x['exact']) for x in d['services'].values())):>20}{d['total']['decimal']:>22}\n")
    w(f"final balances {sum(1 for v in balance.values() if v)}; pools {expected['pools']}; spend {expected['spend']}\n")
