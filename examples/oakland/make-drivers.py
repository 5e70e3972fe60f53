"""Writes usage.csv: the quantities the internal services are shared by, from oakland-FY17.xlsx.

Not part of the model: run it again only when the workbook or a table changes.

    python3 make-drivers.py        (needs openpyxl)

A line counts where it stands after 1-classify.toml: at its department, or, when it has none, at its internal
service. Every quantity is a plain sum of AMT over expense lines; the lines are named by Account, Type or Fund.
"""
import collections
import csv
import pathlib

import openpyxl

HERE = pathlib.Path(__file__).parent

FUND_SERVICE = {
    "4100": "Fleet",
    "4200": "Radio",
    "4300": "Reproduction",
    "4400": "Facilities",
    "4500": "Purchasing and Stores",
    "4550": "Purchasing and Stores",
}

MEASURES = {
    "Central overhead paid": lambda line: line["Account"] == "58522",
    "Facilities charges": lambda line: line["Account"] == "56113",
    "Vehicle rentals": lambda line: line["Account"] in ("56411", "56413"),
    "Claims": lambda line: line["Fund"] == "1100"
    and line["Account"] in ("53412", "54511")
    and line["Department"] != "Non-Departmental",
    "Pay": lambda line: line["Account"] in ("51111", "51112", "51122"),
    "Radio rentals": lambda line: line["Account"] == "56511",
    "Printing": lambda line: line["Account"] in ("56311", "56312"),
    "Purchasing charges": lambda line: line["Account"] == "56124",
    "Operating spend": lambda line: "01" <= line["Type"][:2] <= "13",
}


def table(name):
    with open(HERE / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def expense_lines():
    sheet = openpyxl.load_workbook(HERE / "oakland-FY17.xlsx", read_only=True, data_only=True).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    headings = next(rows)
    for row in rows:
        line = dict(zip(headings, row))
        if line["Account Type"] == "Expense":
            yield line


ORGANISATION = {(r["Department"], r["Division"]): (r["Service"], r["Unit"]) for r in table("organisation.csv")}
DEDICATED = {r["Fund"]: r["Unit"] for r in table("dedicated-funds.csv")}


def place(line):
    """(internal service, "") or ("", department)"""
    if line["Fund"] == "1150":
        return "", "Citywide Obligations"
    if line["Fund"] in FUND_SERVICE:
        return FUND_SERVICE[line["Fund"]], ""
    if line["Org"] == "90271":
        return "Central Overhead Recovery", ""
    if line["Org"] in ("90311", "90321") and line["Type"][:2] in ("11", "12"):
        return "Insurance and Claims", ""
    if line["Department"] == "Non-Departmental":
        return "", "Citywide Obligations"
    service, unit = ORGANISATION[line["Department"], line["Division"]]
    unit = unit or DEDICATED.get(line["Fund"], "")
    return ("", unit) if unit else (service, "")


def main():
    quantities = {name: collections.Counter() for name in MEASURES}
    for line in expense_lines():
        for name, counts in MEASURES.items():
            if counts(line):
                quantities[name][place(line)] += line["AMT"]

    places = [(r["Service"], "") for r in table("services.csv") if r["kind"] == "internal"]
    places += [("", r["Unit"]) for r in table("departments.csv")]
    with open(HERE / "usage.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["Service", "Unit", *MEASURES])
        for at in places:
            row = [quantities[name].pop(at, 0) for name in MEASURES]
            assert min(row) >= 0, (at, row)
            if any(row):
                out.writerow([*at, *row])
    assert not any(quantities.values()), quantities


main()
