#!/usr/bin/env python3
"""Works out what the sample comes to, in fractions, and prints tests/expected/sample.json.

    python3 tests/expected/sample.py > tests/expected/sample.json

Reads sample-data/ alone. What rules/*.toml say is said again here, by hand, rule after rule and under the same
headings; nothing that showback wrote is read, and nothing of it is run. Only the standard library is used.
"""

import csv
import datetime
import gzip
import io
import json
import re
import sys
import zipfile
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

DATA = Path(__file__).resolve().parents[2] / "sample-data"
PERIODS = ["2026-08", "2026-09", "2026-10"]
DIMENSIONS = ["pool", "tower", "service", "business_unit", "spend", "account", "team", "person"]


# ---- tables ---------------------------------------------------------------------------------------------------------


def table(name, delimiter=","):
    raw = (DATA / name).read_bytes()
    text = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def sheet(name, headings_row):
    """The first sheet of a workbook, as the file has it: strings from the list of strings, numbers as their text."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(DATA / name) as packed:
        strings = []
        if "xl/sharedStrings.xml" in packed.namelist():
            for item in ElementTree.fromstring(packed.read("xl/sharedStrings.xml")):
                strings.append("".join(part.text or "" for part in item.iter(main + "t")))
        rows = {}
        for cell in ElementTree.fromstring(packed.read("xl/worksheets/sheet1.xml")).iter(main + "c"):
            letters, row = re.fullmatch("([A-Z]+)([0-9]+)", cell.get("r")).groups()
            value = cell.find(main + "v")
            text = "" if value is None else value.text
            rows.setdefault(int(row), {})[letters] = strings[int(text)] if cell.get("t") == "s" else text
    headings = rows[headings_row]
    below = [cells for row, cells in sorted(rows.items()) if row > headings_row]
    return [{name: cells.get(letters, "") for letters, name in headings.items()} for cells in below]


def day(text):
    """A day from 2026-10-31, alone or with a time, or from the number of a workbook's day."""
    if not text:
        return None
    if re.fullmatch("[0-9]+", text):
        return datetime.date(1899, 12, 30) + datetime.timedelta(int(text))
    return datetime.date.fromisoformat(text[:10])


def holds(row, at, first="Valid from", last="Valid to"):
    first, last = day(row[first]), day(row[last])
    return (first is None or first <= at) and (last is None or at <= last)


class Month:
    def __init__(self, name):
        year, month = map(int, name.split("-"))
        self.name = name
        self.first = datetime.date(year, month, 1)
        self.last = datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.timedelta(1)


# ---- members --------------------------------------------------------------------------------------------------------


class Members:
    """Who can receive, and by which names they are called."""

    def __init__(self, at):
        self.units, self.unit_of, parents = [], {}, {}
        for row in table("organisation.csv"):
            parents[row["Unit"]] = row["Parent"]
            for name in [row["Unit"], *filter(None, row["Codes"].split(";"))]:
                self.unit_of[name] = row["Unit"]
        self.parents = parents
        self.units = [unit for unit in parents if unit not in parents.values()]
        self.services, self.service_of = {}, {}
        for row in sheet("service-portfolio.xlsx", 3):
            if not day(row["Valid from"]) or day(row["Valid from"]) <= at:
                self.services[row["Service"]] = row
                for name in [row["Service"], *filter(None, row["Codes"].split(";"))]:
                    self.service_of[name] = row["Service"]

    def below(self, parent):
        def under(unit):
            return unit == parent or (bool(unit) and under(self.parents[unit]))

        return [unit for unit in self.units if under(unit)]

    def of_kind(self, kind):
        return [name for name, row in self.services.items() if row["kind"] == kind]


# ---- 10-classify.toml, and the towers of 20-towers.toml -------------------------------------------------------------


class Line:
    """The dimensions of a cost line: what is set first stays; a name that is no member sets nothing."""

    def __init__(self, members):
        self.members, self.of = members, {}

    def set(self, **names):
        for dimension, name in names.items():
            if dimension == "service":
                name = self.members.service_of.get(name)
            if dimension == "business_unit":
                name = self.members.unit_of.get(name)
                name = name if name in self.members.units else None
            if name and dimension not in self.of:
                self.of[dimension] = name


def cloud(month, members):
    accounts = table("account-map.csv")
    towers = {row["Service category"]: row["Tower"] for row in table("cloud-towers.csv")}
    for name in ("cloud-aws", "cloud-azure"):
        for row in table(f"{month.name}/{name}.csv.gz"):
            row = {heading: "" if text == "NULL" else text for heading, text in row.items()}
            tags = json.loads(row["Tags"]) if row["Tags"] else {}
            app, at = tags.get("app", ""), day(row["ChargePeriodStart"])
            line = Line(members)
            if row["SubAccountId"]:
                line.set(account=row["ProviderName"] + " " + row["SubAccountId"])
            if row["ChargeCategory"] in ("Credit", "Tax"):
                line.set(service="Cloud Platform")
            if app == "mob-v1" and month.name in ("2026-08", "2026-09"):
                line.set(service="Mobile App")
            line.set(service=app)
            if row["SubAccountName"].endswith("-nonprod") and tags.get("env") in ("dev", "test") and not app:
                line.set(service="Test & Release")
            if not row["SubAccountName"].startswith("hm-shared-"):
                line.set(business_unit=tags.get("cost-centre", ""))
            for mapped in accounts:
                if (mapped["Provider"], mapped["Account"]) == (row["ProviderName"], row["SubAccountId"]):
                    if holds(mapped, at):
                        line.set(service=mapped["Service"], business_unit=mapped["Unit"])
            line.set(tower=towers.get(row["ServiceCategory"]), pool="Cloud Services")
            yield Fraction(row["EffectiveCost"]), Fraction(row["BilledCost"]), line


def licences(month, members):
    for row in sheet(f"{month.name}/licences.xlsx", 4):
        if row["Vendor"].startswith("Total"):
            continue
        line = Line(members)
        line.set(service=row["Service"])
        product = row["Product"]
        if (row["Vendor"] == "Alder Office" and product.startswith("Alder Suite")) or product.endswith(" Secure Mail"):
            line.set(service="Email & Collaboration")
        if row["Vendor"] == "Bastion Cyber":
            line.set(service="Security Operations")
        if "Database" in product or product.endswith("Integration Bus") or product.endswith("Hypervisor"):
            line.set(tower="Platform")
        line.set(pool="Software", tower="Application")
        cost = Fraction(row["Monthly cost"])
        yield cost, cost, line


def staff(month, members):
    rates = sheet("rates.xlsx", 3)
    projects = table("projects.csv")
    towers = {row["Team"]: row["Tower"] for row in table("teams.csv")}
    for row in table(f"{month.name}/timesheets.csv"):
        at, hours = day(row["Week ending"]), Fraction(row["Hours"])
        [rate] = [r["Loaded rate"] for r in rates if r["Grade"] == row["Grade"] and holds(r, at)]
        line = Line(members)
        line.set(service=row["Service"], team=row["Team"])
        if row["Work type"] in ("Run", "Overhead"):
            line.set(spend="run")
        if row["Work type"] == "Project":
            for project in projects:
                if project["Project"] == row["Activity"] and holds(project, at):
                    unit, spend = project["Business unit"], project["Spend"]
                    line.set(service=project["Service"], business_unit=unit, spend=spend)
        line.set(tower=towers[row["Team"]], pool="Staffing")
        yield hours * Fraction(rate), hours, line


def ledger(month, members):
    accounts = {row["Account"]: row for row in table("ledger-map.csv")}
    centres = {row["Cost centre"]: row["Service"] for row in table("cost-centres.csv")}
    for row in table(f"{month.name}/ledger.csv", ";"):
        line = Line(members)
        account = accounts[row["Account"]]
        line.set(pool=account["Pool"], tower=account["Tower"], service=account["Service"])
        if re.fullmatch("630.", row["Account"]):
            line.set(service=centres.get(row["Cost centre"], ""))
        if row["Cost centre"].startswith("4"):
            line.set(business_unit=row["Cost centre"])
        cost = Fraction(row["Amount"].replace(",", ""))
        yield cost, cost, line


def payroll(month, members):
    for row in table(f"{month.name}/payroll.csv"):
        line, paid = Line(members), Fraction(row["Paid"])
        line.set(pool="Staffing", tower="Application", team=row["Team"], person=row["Person"])
        yield paid, paid, line


def abroad(month, members):
    [rate] = [
        Fraction(row["Rate"])
        for row in table("exchange-rates.csv")
        if (row["From"], row["To"], row["Kind"]) == ("USD", "GBP", "average") and holds(row, month.last)
    ]
    for row in table(f"{month.name}/bills-in-dollars.csv"):
        assert row["Currency"] == "USD"
        line = Line(members)
        line.set(pool="Outside Services", tower="Application", service=row["Service"])
        yield Fraction(row["Amount"]) * rate, Fraction(row["Amount"]), line


def schedule(value, months):
    """A value over its life in whole pence: `months` is pairs of a month and its weight, earliest first.

    Every month gets its part without the fraction of a penny; the pennies that are left go to the largest fractions,
    of equal ones to the earliest.
    """
    pence, total = value * 100, sum(weight for _, weight in months)
    exact = [pence * weight / total for _, weight in months]
    parts = [part.numerator // part.denominator for part in exact]
    by_fraction = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_fraction[: int(pence - sum(parts))]:
        parts[place] += 1
    return {month: Fraction(part, 100) for (month, _), part in zip(months, parts)}


def months_from(first, count):
    for number in range(first.year * 12 + first.month - 1, first.year * 12 + first.month - 1 + count):
        yield Month(f"{number // 12}-{number % 12 + 1:02}")


def contracts(month, members):
    """Straight-line by month; a month that is only partly in the life counts by its days."""
    for row in table("contracts.csv"):
        first, last, paid = day(row["First day"]), day(row["Last day"]), day(row["Paid on"]).isoformat()[:7]
        weights = []
        for part in months_from(first, 12 * (last.year - first.year) + last.month - first.month + 1):
            days = (min(part.last, last) - max(part.first, first)).days + 1
            weights.append((part.name, Fraction(days, (part.last - part.first).days + 1)))
        for name, amount in schedule(Fraction(row["Value"]), weights).items():
            # What was paid late is taken in the month of its payment, with the months before it.
            if max(name, paid) == month.name:
                line = Line(members)
                line.set(pool="Software", tower="Application", service=row["Service"])
                yield amount, None, line


def assets(month, members):
    """Straight-line by month, the first one in full; the rest of what is disposed of goes to Finance."""
    for row in table("asset-register.csv"):
        cost, left = Fraction(row["Cost"]), Fraction(row["Salvage"] or 0)
        months = [(part.name, 1) for part in months_from(day(row["In service"]), int(row["Life in months"]))]
        gone, parts = row["Disposed"][:7], schedule(cost - left, months)
        line = Line(members)
        if gone == month.name:
            amount = cost - sum(part for name, part in parts.items() if name < gone)
            line.set(pool="Disposals", business_unit="Finance")
        elif month.name in parts and not (gone and gone < month.name):
            amount = parts[month.name]
        else:
            continue
        line.set(pool="Hardware", tower="Workplace", service=row["Service"])
        yield amount, None, line


SOURCES = {
    "cloud": cloud,
    "licences": licences,
    "staff": staff,
    "payroll": payroll,
    "ledger": ledger,
    "abroad": abroad,
    "contracts": contracts,
    "assets": assets,
}


# ---- rules that share costs out -------------------------------------------------------------------------------------


class Books:
    """Money by its members. A rule takes what it finds when it begins, and shares each balance by weights."""

    def __init__(self):
        self.of = defaultdict(Fraction)

    def net(self, by, **wanted):
        """Sums by the members in `by`, of what has a member in every dimension that is wanted ("*") or just that one."""
        sums = defaultdict(Fraction)
        for key, amount in self.of.items():
            found = dict(zip(DIMENSIONS, key))
            if all(found[name] if want == "*" else found[name] == want for name, want in wanted.items()):
                sums[tuple(found[name] for name in by)] += amount
        return sums

    def move(self, takes, shares):
        """`takes` says whether a rule takes a balance; `shares` gives its receivers, as changes and weights, or None."""
        before = [(key, amount) for key, amount in self.of.items() if amount and takes(dict(zip(DIMENSIONS, key)))]
        moved = []
        for key, amount in before:
            members = dict(zip(DIMENSIONS, key))
            receivers = shares(members)
            if receivers is None:
                continue
            total = sum(weight for _, weight in receivers)
            moved.append((key, -amount))
            for changes, weight in receivers:
                to = tuple({**members, **changes}[name] for name in DIMENSIONS)
                moved.append((to, amount * weight / total))
        for key, amount in moved:
            self.of[key] += amount


def quantities(name, quantity, to, where=lambda row: True, sender=None):
    """A driver: rows by sender, each the members it sets and its quantity. A blank cell sets nothing."""
    rows = defaultdict(list)
    for row in table(name):
        if where(row):
            changes = {dimension: row[heading] for dimension, heading in to.items() if row[heading]}
            rows[row[sender] if sender else None].append((changes, Fraction(row[quantity])))
    return rows


def towers(books, month):
    """20-towers.toml"""
    spent = books.net(["account", "service"], pool="Cloud Services", service="*", account="*")

    def in_account(members):
        if not members["account"]:
            return None
        found = [({"service": s}, amount) for (a, s), amount in spent.items() if a == members["account"] and amount]
        return found or None

    books.move(lambda m: m["pool"] == "Cloud Services" and not m["service"], in_account)

    # The lab by the hours it reported; what is missing to the hours it is paid for is IT Management's.
    lab, reported = table(f"{month.name}/lab-hours.csv"), defaultdict(list)
    for row in lab:
        hours, minutes, seconds = map(int, row["Duration"].split(":"))
        reported[row["Person"]].append(({"service": row["Service"]}, hours + Fraction(minutes * 60 + seconds, 3600)))
    for row in table(f"{month.name}/payroll.csv"):
        missing = Fraction(row["Hours"]) - sum(hours for _, hours in reported[row["Person"]])
        assert missing >= 0, row
        reported[row["Person"]].append(({"service": "IT Management"}, missing))
    books.move(lambda m: m["team"] == "Automation Lab" and not m["service"], lambda m: reported[m["person"]])

    done = books.net(["team", "service"], pool="Staffing", service="*")
    books.move(
        lambda m: m["pool"] == "Staffing" and not m["service"],
        lambda m: [({"service": s}, amount) for (team, s), amount in done.items() if team == m["team"]],
    )

    storage = quantities(f"{month.name}/storage.csv", "TB", {"service": "Service"})[None]
    books.move(lambda m: (m["pool"], m["tower"], m["service"]) == ("Hardware", "Storage", ""), lambda m: storage)

    cores = {
        "Claims Processing": 296,
        "Motor Policy Admin": 184,
        "Home Policy Admin": 132,
        "Life Administration": 208,
        "Pensions Administration": 112,
        "Actuarial Modelling": 96,
        "Document Management": 64,
        "Monitoring": 40,
        "Identity & Access": 24,
        "Test & Release": 60,
    }
    cores = [({"service": service}, count) for service, count in cores.items()]
    books.move(lambda m: (m["pool"], m["tower"], m["service"]) == ("Hardware", "Compute", ""), lambda m: cores)

    advice = [({"service": "Data Warehouse"}, 45), ({"service": "Payments Hub"}, 25), ({"service": "IT Management"}, 30)]
    books.move(
        lambda m: (m["pool"], m["tower"], m["service"]) == ("Outside Services", "IT Management", ""), lambda m: advice
    )


def supporting_services(books, month, members):
    """30-supporting-services.toml"""
    spent = books.net(["service"], pool="Cloud Services", service="*")
    # What the rule takes is no measure of itself.
    cloud = [({"service": service}, amount) for (service,), amount in spent.items() if service != "Cloud Platform"]
    books.move(lambda m: m["service"] == "Cloud Platform", lambda m: cloud)

    measures = {
        "Data Centre Hosting": "rack units",
        "Network Backbone": "ports",
        "Identity & Access": "accounts",
        "Monitoring": "hosts",
        "Backup & Recovery": "TB protected",
        "Integration Platform": "messages, million",
    }
    to = {"service": "For service", "business_unit": "For unit"}
    support = f"{month.name}/support-usage.csv"
    handed_on = []
    for sender in [*measures, "Service Desk"]:
        if sender in measures:
            measure = measures[sender]
            driver = quantities(support, "Quantity", to, lambda row: row["Measure"] == measure, "Service")[sender]
        else:
            columns = {"service": "Service", "business_unit": "Business unit"}
            driver = quantities(f"{month.name}/tickets.csv", "Tickets", columns)[None]
        handed_on.append(sender)
        # A service that has handed on, and this one, do not receive; a unit that used one of them does.
        rows = [
            (changes, quantity)
            for changes, quantity in driver
            if "business_unit" in changes or changes.get("service") not in handed_on
        ]
        books.move(lambda m: m["service"] == sender and not m["business_unit"], lambda m: rows)

    shared = members.of_kind("shared")
    usage = quantities(f"{month.name}/shared-usage.csv", "Quantity", {"service": "Used by"}, sender="Service")
    books.move(
        lambda m: m["service"] in shared,
        lambda m: [(to, quantity) for to, quantity in usage[m["service"]] if to["service"] not in shared],
    )


def business_units(books, month, members):
    """40-business-units.toml"""
    to_unit = {"business_unit": "Business unit"}
    used = quantities(f"{month.name}/service-usage.csv", "Quantity", to_unit, sender="Service")
    headcount = quantities(f"{month.name}/headcount.csv", "FTE", to_unit)[None]

    def devices(kinds):
        return quantities(f"{month.name}/devices.csv", "In use", to_unit, lambda row: row["Device"] in kinds)[None]

    def units(parts):
        return [({"business_unit": unit}, Fraction(part)) for unit, part in parts.items()]

    def even(names):
        return units({name: 1 for name in names})

    def open_cost(services):
        return lambda m: m["service"] in services and not m["business_unit"]

    books.move(lambda m: m["service"] == "Fraud Detection", lambda m: used["Fraud Detection"])
    stages = {stage: [] for stage in ("catalogue", "retired", "pipeline")}
    for name, row in members.services.items():
        stages[row["lifecycle"]].append(name)
    books.move(open_cost(stages["retired"]), lambda m: even(["Motor Claims"]))
    if month.name >= "2026-09":
        sponsors = units({"Motor Claims": 60, "Home & Property": 40})
        books.move(open_cost(stages["pipeline"]), lambda m: sponsors)
    ceded = {"Motor Claims": "37.5", "Home & Property": "34.25", "Life & Pensions": "18", "Finance": "10.25"}
    books.move(open_cost(["Reinsurance Accounting"]), lambda m: units(ceded))
    books.move(open_cost(["Public Website"]), lambda m: even(members.below("Insurance")))
    reporting = [unit for unit in members.units if unit != "HR & Legal"]
    books.move(open_cost(["Regulatory Reporting"]), lambda m: even(reporting))
    books.move(open_cost(["General Ledger"]), lambda m: even(["Finance"]))
    seats = []
    for row in table("legal-seats.csv"):
        first, last = day(row["Held from"]) or month.first, day(row["Held to"]) or month.last
        days = (min(last, month.last) - max(first, month.first)).days + 1
        if days > 0:
            seats.append(({"business_unit": row["Business unit"]}, Fraction(days)))
    books.move(open_cost(["Legal Case Management"]), lambda m: seats)

    books.move(open_cost(["Workplace Devices"]), lambda m: devices(["Laptop", "Desktop"]))
    books.move(open_cost(["Telephony"]), lambda m: devices(["Phone"]))
    books.move(open_cost(["Email & Collaboration", "Security Operations"]), lambda m: headcount)
    workplace = members.of_kind("workplace")
    books.move(open_cost(workplace), lambda m: used.get(m["service"]) or even(members.units))

    books.move(open_cost(members.of_kind("business")), lambda m: used.get(m["service"]) or headcount)
    books.move(open_cost(members.of_kind("corporate")), lambda m: used[m["service"]])

    charged = [({"business_unit": unit}, amount) for (unit,), amount in books.net(["business_unit"], business_unit="*").items()]
    books.move(open_cost(members.of_kind("overhead")), lambda m: charged)
    if month.name == "2026-10":
        wrong = lambda m: (m["service"], m["business_unit"]) == ("Claims Processing", "Home & Property")
        there = books.net([], service="Claims Processing", business_unit="Home & Property")[()]
        parts = units({"Motor Claims": 12500, "Home & Property": there - 12500})
        books.move(wrong, lambda m: parts)


def spend(books, month, members):
    """50-spend.toml"""
    mixed = quantities(f"{month.name}/spend-split.csv", "percent", {"spend": "spend"}, sender="service")
    books.move(lambda m: m["service"] and not m["spend"], lambda m: mixed.get(m["service"]))
    books.move(
        lambda m: m["service"] and not m["spend"],
        lambda m: [({"spend": members.services[m["service"]]["spend"]}, 1)],
    )


# ---- figures --------------------------------------------------------------------------------------------------------


def decimal(amount, digits):
    """Rounded half up to so many digits, without a float."""
    scaled = amount * 10**digits
    units = (abs(scaled.numerator) * 2 + scaled.denominator) // (2 * scaled.denominator)
    whole, part = divmod(units, 10**digits)
    return ("-" if scaled < 0 and units else "") + f"{whole}.{part:0{digits}}"


def plain(amount):
    """A decimal that ends, with all its digits and no more."""
    text = decimal(amount, 18).rstrip("0").rstrip(".")
    assert Fraction(text) == amount, amount
    return text


def figures(name):
    month = Month(name)
    members = Members(month.last)
    books, sources = Books(), {}
    for source, read in SOURCES.items():
        total, control, count = Fraction(), Fraction(), 0
        for amount, controlled, line in read(month, members):
            books.of[tuple(line.of.get(dimension, "") for dimension in DIMENSIONS)] += amount
            total, count = total + amount, count + 1
            control = None if controlled is None else control + controlled
        sources[source] = {"rows": count, "total": plain(total)}
        if control is not None:
            sources[source]["control"] = plain(control)
    money_in = sum(books.of.values())

    towers(books, month)
    supporting_services(books, month, members)
    business_units(books, month, members)
    spend(books, month, members)
    assert sum(books.of.values()) == money_in, "money was lost"

    complete = {"service": "*", "business_unit": "*", "spend": "*"}
    result = {}
    for title, by in (
        ("by_business_unit", ["business_unit"]),
        ("by_pool", ["pool"]),
        ("by_service", ["service"]),
        ("by_spend", ["spend"]),
        ("by_unit_pool", ["business_unit", "pool"]),
        ("by_unit_spend", ["business_unit", "spend"]),
    ):
        sums = books.net(by, **complete)
        result[title] = {" | ".join(key): decimal(amount, 6) for key, amount in sorted(sums.items()) if amount}
    allocated = books.net([], **complete)[()]
    result["money_in"] = decimal(money_in, 6)
    result["sources"] = sources
    result["unallocated"] = decimal(money_in - allocated, 6)
    return result


json.dump({name: figures(name) for name in PERIODS}, sys.stdout, ensure_ascii=False, indent=1)
print()
