"""Makes the files of this folder: one bill in the kinds of files that spreadsheets and warehouses write.

Needs openpyxl, pyarrow and LibreOffice. Run it in this folder. The files are kept in the repository, so that the tests
need none of the three.
"""

import datetime
import decimal
import subprocess

import openpyxl
import pyarrow
import pyarrow.parquet
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.table import Table, TableColumn

# Department (merged over its rows), item, day, cost.
ROWS = [
    ("Ops", "Disks", datetime.date(2026, 10, 1), 10.25),
    (None, "Links", datetime.date(2026, 10, 31), -0.75),
    ("Dev", "Seats", datetime.date(2026, 10, 15), 7),
]


def workbook(name, is_1904=False):
    book = openpyxl.Workbook()
    if is_1904:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.title = "Bill"
    sheet.append(["Bill of October"])
    sheet.append([])
    sheet.append(["Department", "Item", "Day", "Cost"])
    for row in ROWS:
        sheet.append(list(row))
    sheet.append(["Total", None, None, 16.5])
    sheet.merge_cells("A4:A5")
    sheet.row_dimensions[5].hidden = True
    table = Table(displayName="Bill", ref="A3:D7", totalsRowCount=1)
    table._initialise_columns()
    for column, heading in zip(table.tableColumns, ["Department", "Item", "Day", "Cost"]):
        column.name = heading
    sheet.add_table(table)
    hidden = book.create_sheet("Notes")
    hidden.sheet_state = "hidden"
    hidden.append(["not a bill"])
    book.save(name)


def parquet(name, compression, unit):
    day = [datetime.datetime(2026, 10, 1, 23, 59), datetime.datetime(2026, 10, 31), datetime.datetime(2026, 10, 15)]
    cost = [decimal.Decimal("10.250000000000000001"), decimal.Decimal("-0.75"), decimal.Decimal("7")]
    tags = [[("team", "Ops"), ("app", "disks")], [("team", "Ops")], None]
    table = pyarrow.table(
        {
            "Item": ["Disks", "Links", "Seats"],
            "Day": pyarrow.array(day, pyarrow.timestamp(unit)),
            "Cost": pyarrow.array(cost, pyarrow.decimal128(38, 18)),
            "Units": pyarrow.array([decimal.Decimal("1.50"), decimal.Decimal("2"), None], pyarrow.decimal128(9, 2)),
            "Tags": pyarrow.array(tags, pyarrow.map_(pyarrow.string(), pyarrow.string())),
            "Owner": [{"team": "Ops", "floor": 2}, None, {"team": "Dev", "floor": 3}],
        }
    )
    pyarrow.parquet.write_table(table, name, compression=compression)


workbook("bill.xlsx")
workbook("bill-1904.xlsx", is_1904=True)
for kind in ["xls", "ods"]:
    subprocess.run(["soffice", "--headless", "--convert-to", kind, "bill.xlsx"], check=True, capture_output=True)
for compression, unit in [("snappy", "us"), ("zstd", "ns"), ("gzip", "ms"), ("lz4", "us")]:
    parquet(f"bill-{compression}.parquet", compression, unit)
