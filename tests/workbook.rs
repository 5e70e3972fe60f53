//! The workbook and the statements of the sample month, opened again by a reader that is not ours.

use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, Xlsx};
use showback::cli::pipeline::{self, Calculation};
use showback::dimension::MemberId;
use showback::finding::Findings;
use showback::money::Amount;
use showback::reports::{self, Table, Value};
use showback::rulebook::BUSINESS_UNIT;
use showback::writers::{statement, workbook};

fn october() -> Calculation {
    let mut findings = Findings::new();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let book = pipeline::rule_book(&rules, &mut findings).expect("the sample's rules are right");
    let period = book.head.calendar.period("2026-10").expect("a month");
    pipeline::calculate(book, period, &mut findings).expect("the sample balances")
}

fn workbook_bytes(calculation: &Calculation, limits: &workbook::Limits) -> Vec<u8> {
    let run = calculation.run();
    let summary = reports::summary(&run);
    let tables = [
        reports::units_by_service(&run),
        reports::spend(&run),
        reports::pools(&run),
        reports::unallocated(&run),
        reports::reconciliation(&run),
        reports::rules(&run),
        reports::charges(&run, |_| false),
    ];
    let built = workbook::build(&run, &summary, &tables, &Findings::new(), limits);
    built.and_then(|mut workbook| workbook.save_to_buffer()).expect("a workbook")
}

fn open(bytes: Vec<u8>) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(bytes)).expect("a workbook that opens")
}

/// The rows below the headings of a sheet, the first of which is named; each cell as its text.
fn rows_below(book: &mut Xlsx<Cursor<Vec<u8>>>, sheet: &str, first_heading: &str) -> Vec<Vec<String>> {
    let range = book.worksheet_range(sheet).expect("the sheet");
    let text = |cell: &Data| match cell {
        Data::Empty => String::new(),
        Data::Float(number) => number.to_string(),
        Data::String(text) => text.clone(),
        other => panic!("{sheet} holds {other:?}"),
    };
    let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(text).collect()).collect();
    let heading = rows.iter().position(|row| row[0] == first_heading).expect("the headings");
    rows[heading + 1..].to_vec()
}

/// What a cell should read as: numbers by their shortest text.
fn expected(table: &Table, calculation: &Calculation) -> Vec<Vec<String>> {
    let currency = &calculation.model.book.head.currency;
    let text = |value: &Value| match value {
        Value::Blank => String::new(),
        Value::Text(text) => text.clone(),
        Value::Money(minor) => currency.amount(*minor).to_string(),
        Value::Exact(amount) => amount.to_string(),
        other => panic!("no {other:?} in charge lines"),
    };
    table.rows.iter().map(|row| row.iter().map(text).collect()).collect()
}

fn units(calculation: &Calculation) -> Vec<MemberId> {
    let charges = &calculation.charges;
    let mut units: Vec<MemberId> = charges.allocated().map(|line| charges.member(line, BUSINESS_UNIT)).collect();
    units.sort_unstable();
    units.dedup();
    units
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (first, second) = (october(), october());
    let limits = workbook::Limits::default();
    assert_eq!(workbook_bytes(&first, &limits), workbook_bytes(&second, &limits));
    let unit = units(&first)[0];
    let statement = |calculation: &Calculation| {
        statement::build(&calculation.run(), unit).and_then(|mut book| book.save_to_buffer()).expect("a statement")
    };
    assert_eq!(statement(&first), statement(&second));
}

#[test]
fn every_digit_of_the_charge_lines_is_read_back() {
    let calculation = october();
    let mut book = open(workbook_bytes(&calculation, &workbook::Limits::default()));
    let read = rows_below(&mut book, "Charge lines", "Line");
    let charges = reports::charges(&calculation.run(), |_| false);
    assert_eq!(read, expected(&charges, &calculation));
}

#[test]
fn charge_lines_beyond_a_sheet_are_on_the_next_ones() {
    let calculation = october();
    let limits = workbook::Limits { rows: 700, columns: 16_384 };
    let mut book = open(workbook_bytes(&calculation, &limits));
    let sheets: Vec<String> = book.sheet_names().into_iter().filter(|name| name.starts_with("Charge lines")).collect();
    assert_eq!(sheets, ["Charge lines", "Charge lines 2", "Charge lines 3"]);
    let read: Vec<Vec<String>> = sheets.iter().flat_map(|sheet| rows_below(&mut book, sheet, "Line")).collect();
    let charges = reports::charges(&calculation.run(), |_| false);
    assert_eq!(read, expected(&charges, &calculation));
}

#[test]
fn what_came_to_a_unit_is_exactly_what_it_is_charged() {
    let calculation = october();
    let run = calculation.run();
    for unit in units(&calculation) {
        let lines = run.charges.allocated().filter(|line| run.charges.member(line, BUSINESS_UNIT) == unit);
        let charged: Amount = lines.map(|line| line.exact).sum();
        let came = reports::how_it_came(&run, unit);
        let total = came.total.as_ref().and_then(|total| total.last()).expect("a total");
        assert_eq!(*total, Value::Exact(charged), "{}", run.model.dimensions[BUSINESS_UNIT].member_name(unit));
    }
}

#[test]
fn a_statement_shows_no_other_unit() {
    let calculation = october();
    let run = calculation.run();
    let dimension = &run.model.dimensions[BUSINESS_UNIT];
    let unit = dimension.find("Finance").expect("a unit");
    let mut bytes = statement::build(&run, unit).expect("a statement");
    let mut book = open(bytes.save_to_buffer().expect("a statement"));
    let texts: Vec<String> = book
        .worksheets()
        .iter()
        .flat_map(|(_, range)| range.used_cells().map(|(_, _, cell)| cell.to_string()).collect::<Vec<_>>())
        .collect();
    assert!(texts.contains(&"Finance".to_owned()));
    for other in dimension.valid_leaves().filter(|other| *other != unit) {
        let name = dimension.member_name(other);
        assert!(!texts.iter().any(|text| text == name), "{name} is on the statement of Finance");
    }
}

#[test]
fn run_grow_and_transform_add_up_to_the_charge_by_unit_and_in_all() {
    let calculation = october();
    let (table, subtotals) = reports::spend_with_subtotals(&calculation.run());
    let total_at = table.columns.iter().position(|column| column.name == "total").expect("a total");
    let minor = |row: &[Value]| match row[total_at] {
        Value::Money(minor) => minor,
        ref other => panic!("{other:?}"),
    };
    let of_units: i128 = subtotals.iter().map(|row| minor(&table.rows[*row])).sum();
    let of_all: i128 = table.rows.iter().map(|row| minor(row)).sum();
    let charged: i128 = calculation.charges.allocated().map(|line| line.minor).sum();
    assert_eq!((of_units, of_all), (charged, 2 * charged));
    assert_eq!(minor(table.total.as_ref().expect("a total")), charged);
}
