//! The workbook and the statements, opened again by a reader that is not ours.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, Xlsx};
use showback::cli::pipeline::{self, Calculation};
use showback::dimension::MemberId;
use showback::finding::Findings;
use showback::money::{Amount, Currency};
use showback::reports::{self, RowIs, Value};
use showback::rulebook::BUSINESS_UNIT;
use showback::writers::{statement, workbook};

type Opened = Xlsx<Cursor<Vec<u8>>>;

fn october() -> Calculation {
    calculation(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), "2026-10")
}

fn calculation(rules: &Path, period: &str) -> Calculation {
    let mut findings = Findings::new();
    let book = pipeline::rule_book(rules, &mut findings).expect("rules that are right");
    let period = book.head.calendar.period(period).expect("a period");
    pipeline::calculate(book, period, &mut findings).expect("a run that balances")
}

fn workbook_bytes(calculation: &Calculation, limits: &workbook::Limits) -> Vec<u8> {
    let temporary = tempfile::tempdir().expect("a folder");
    let run = calculation.run();
    let findings = Findings::new();
    let book = workbook::Book {
        run: &run,
        findings: &findings,
        methods: None,
        journal: None,
        id: "0123456789ab",
        temporary: temporary.path(),
    };
    workbook::build(&book, limits).and_then(|mut workbook| workbook.save_to_buffer()).expect("a workbook")
}

fn statement_bytes(calculation: &Calculation, unit: MemberId) -> Vec<u8> {
    let temporary = tempfile::tempdir().expect("a folder");
    let run = calculation.run();
    let graph = showback::explain::Graph::of(&run).expect("a graph");
    let statement = statement::Statement {
        run: &run,
        unit,
        crossings: &reports::Crossings::of(&run),
        graph: Some(&graph),
        is_posted: false,
        id: "0123456789ab",
        temporary: temporary.path(),
    };
    statement::build(&statement).and_then(|mut book| book.save_to_buffer()).expect("a statement")
}

fn open(bytes: Vec<u8>) -> Opened {
    Xlsx::new(Cursor::new(bytes)).expect("a workbook that opens")
}

/// The headings of a sheet, the first of which is named, and the rows below; each cell as its text.
fn table(book: &mut Opened, sheet: &str, first_heading: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let range = book.worksheet_range(sheet).expect("the sheet");
    let text = |cell: &Data| match cell {
        Data::Empty => String::new(),
        Data::Float(number) => number.to_string(),
        Data::String(text) => text.clone(),
        other => panic!("{sheet} holds {other:?}"),
    };
    let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(text).collect()).collect();
    let heading = rows.iter().position(|row| row[0] == first_heading).expect("the headings");
    (rows[heading].clone(), rows[heading + 1..].to_vec())
}

/// Cells of a row as they should read: numbers by their shortest text.
fn texts(row: &[Value], currency: &Currency) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Blank => String::new(),
        Value::Text(text) => text.clone(),
        Value::Money(minor) => currency.amount(*minor).to_string(),
        Value::Exact(amount) => amount.to_string(),
        Value::Count(count) => count.to_string(),
        other => panic!("no {other:?} here"),
    };
    row.iter().map(text).collect()
}

/// Charge lines as they should read, without their keys.
fn expected_lines(calculation: &Calculation) -> Vec<Vec<String>> {
    let run = calculation.run();
    let (_, rows) = reports::charges(&run, |_| false);
    rows.map(|row| texts(&row, &run.model.book.head.currency)).collect()
}

fn charge_lines(book: &mut Opened, sheet: &str, width: usize) -> Vec<Vec<String>> {
    let (_, rows) = table(book, sheet, "Line");
    rows.into_iter().map(|row| row[..width].to_vec()).collect()
}

fn leaf_units(calculation: &Calculation) -> BTreeSet<MemberId> {
    let charges = &calculation.charges;
    charges.allocated().map(|line| charges.member(line, BUSINESS_UNIT)).collect()
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (first, second) = (october(), october());
    let limits = workbook::Limits::default();
    assert_eq!(workbook_bytes(&first, &limits), workbook_bytes(&second, &limits));
    let unit = *leaf_units(&first).first().expect("a unit");
    assert_eq!(statement_bytes(&first, unit), statement_bytes(&second, unit));
}

#[test]
fn every_digit_of_the_charge_lines_is_read_back() {
    let calculation = october();
    let expected = expected_lines(&calculation);
    let mut book = open(workbook_bytes(&calculation, &workbook::Limits::default()));
    assert_eq!(charge_lines(&mut book, "Charge lines", expected[0].len()), expected);
}

#[test]
fn charge_lines_beyond_a_sheet_are_on_the_next_ones_and_formulas_add_up_all_of_them() {
    let calculation = october();
    let expected = expected_lines(&calculation);
    let mut book = open(workbook_bytes(&calculation, &workbook::Limits { rows: 1005, ..Default::default() }));
    let sheets: Vec<String> = book.sheet_names().into_iter().filter(|name| name.starts_with("Charge lines")).collect();
    // 1,000 lines fit below the headings, which stand in row 5.
    assert_eq!(expected.len(), 1982);
    assert_eq!(sheets, ["Charge lines", "Charge lines 2"]);
    let read: Vec<Vec<String>> =
        sheets.iter().flat_map(|sheet| charge_lines(&mut book, sheet, expected[0].len())).collect();
    assert_eq!(read, expected);
    let names: BTreeMap<String, String> = book.defined_names().iter().cloned().collect();
    // Amounts stand behind the line, period, for period, kind and four dimensions.
    assert_eq!(names["lines_amount"], "'Charge lines'!$I$6:$I$1005");
    assert_eq!(names["lines2_amount"], "'Charge lines 2'!$I$6:$I$987");
    // Figures that other files may ask for.
    for (name, sheet) in [("charged", "Summary!$B$"), ("money_in", "Summary!$B$"), ("all_checks", "Checks!$E$")] {
        assert!(names[name].starts_with(sheet), "{name}: {}", names[name]);
    }
    let formulas = book.worksheet_formula("Summary").expect("the page");
    let sums: Vec<&String> =
        formulas.used_cells().map(|(_, _, formula)| formula).filter(|f| f.contains("SUMIFS")).collect();
    assert!(!sums.is_empty());
    for sum in sums {
        assert!(sum.contains("SUMIFS(lines_amount") && sum.contains("+SUMIFS(lines2_amount"), "{sum}");
    }
}

/// A formula may hold names of ours and whole numbers only: a name of a member would be read as a pattern.
#[test]
fn no_formula_holds_a_text_of_the_data() {
    let mut book = open(workbook_bytes(&october(), &workbook::Limits::default()));
    let mut seen = 0;
    for sheet in book.sheet_names() {
        let formulas = book.worksheet_formula(&sheet).expect("the sheet");
        for (_, _, formula) in formulas.used_cells().filter(|(_, _, formula)| !formula.is_empty()) {
            seen += 1;
            let without_ours = formula.replace("=\"must be 0\"", "").replace("\"\"", "");
            assert!(!without_ours.contains('"'), "{sheet}: {formula}");
        }
    }
    assert!(seen > 1000, "{seen} formulas");
}

#[test]
fn what_stands_in_the_matrix_is_what_the_lines_add_up_to() {
    let calculation = october();
    let run = calculation.run();
    let mut book = open(workbook_bytes(&calculation, &workbook::Limits::default()));
    let mut sums: BTreeMap<(String, String), i128> = BTreeMap::new();
    for line in calculation.charges.allocated() {
        let name = |at: usize| {
            let member = calculation.charges.member(line, at);
            run.model.dimensions[at].member_name(member).to_owned()
        };
        *sums.entry((name(showback::rulebook::SERVICE), name(BUSINESS_UNIT))).or_default() += line.minor;
    }
    let (headings, rows) = table(&mut book, "Business units × services", "Service");
    let currency = &run.model.book.head.currency;
    let mut found = 0;
    for ((service, unit), minor) in sums {
        let row = rows.iter().find(|row| row[0] == service).expect("the service");
        let column = headings.iter().position(|heading| *heading == unit).expect("the unit");
        assert_eq!(row[column], currency.amount(minor).to_string(), "{service} {unit}");
        found += 1;
    }
    assert!(found > 200);
}

#[test]
fn what_came_to_a_unit_is_exactly_what_it_is_charged() {
    let calculation = october();
    let run = calculation.run();
    let dimension = &run.model.dimensions[BUSINESS_UNIT];
    for unit in reports::units_with_statement(&run) {
        let units = reports::unit_and_below(dimension, unit);
        let lines = run.charges.allocated().filter(|line| units.contains(&run.charges.member(line, BUSINESS_UNIT)));
        let charged: Amount = lines.map(|line| line.exact).sum();
        let came = reports::how_it_came(&run, &reports::ways_to(&run, &reports::Crossings::of(&run), &units));
        let total = came.total.as_ref().and_then(|total| total.last()).expect("a total");
        assert_eq!(*total, Value::Exact(charged), "{}", dimension.member_name(unit));
    }
}

fn all_texts(book: &mut Opened) -> BTreeSet<String> {
    let sheets = book.worksheets();
    let cells = sheets.iter().flat_map(|(_, range)| range.used_cells().map(|(_, _, cell)| cell.to_string()));
    cells.collect()
}

#[test]
fn a_statement_shows_the_unit_and_those_below_it_and_no_other() {
    let calculation = october();
    let run = calculation.run();
    let dimension = &run.model.dimensions[BUSINESS_UNIT];
    let whys = run.model.book.allocate.iter().map(|rule| &rule.words.why);
    // Whom to ask about a service: `Head of Finance Systems`.
    let services = &run.model.dimensions[showback::rulebook::SERVICE];
    let owners = services.ids().flat_map(|service| &services.member(service).attributes);
    let words: Vec<&String> = whys.chain(owners).filter(|words| !words.is_empty()).collect();
    for (name, below) in [("Finance", vec![]), ("General Insurance", vec!["Motor Claims", "Home & Property"])] {
        let unit = dimension.find(name).expect("a unit");
        let texts = all_texts(&mut open(statement_bytes(&calculation, unit)));
        assert!(texts.contains(name));
        for other in dimension.valid_leaves().filter(|other| *other != unit) {
            let other = dimension.member_name(other);
            // Why a rule is so, and whom to ask, is said by whoever wrote the model, in words of their own.
            let is_named = texts.iter().any(|text| {
                let ours = words.iter().fold(text.clone(), |text, words| text.replace(words.as_str(), ""));
                ours.contains(other)
            });
            assert_eq!(is_named, below.contains(&other), "{other} on the statement of {name}");
        }
    }
}

#[test]
fn units_that_are_charged_and_those_above_them_get_a_statement() {
    let calculation = october();
    let run = calculation.run();
    let names: Vec<&str> = reports::units_with_statement(&run)
        .into_iter()
        .map(|unit| run.model.dimensions[BUSINESS_UNIT].member_name(unit))
        .collect();
    // sample-data/organisation.csv, in its order; nobody charges the parents themselves.
    let expected = [
        "Harbour Mutual",
        "Insurance",
        "General Insurance",
        "Motor Claims",
        "Home & Property",
        "Life & Pensions",
        "Broker Channel",
        "Direct & Digital",
        "Corporate",
        "Finance",
        "HR & Legal",
        "Risk & Compliance",
    ];
    assert_eq!(names, expected);
}

#[test]
fn run_grow_and_transform_add_up_to_the_charge_by_unit_and_in_all() {
    let calculation = october();
    let pivot = reports::spend_with_subtotals(&calculation.run());
    let total_at = pivot.table.columns.iter().position(|column| column.name == "total").expect("a total");
    let minor = |row: &[Value]| match row[total_at] {
        Value::Money(minor) => minor,
        ref other => panic!("{other:?}"),
    };
    let rows = || pivot.table.rows.iter().zip(&pivot.rows);
    let of_units: i128 = rows().filter(|(_, is)| matches!(is, RowIs::Subtotal(..))).map(|(row, _)| minor(row)).sum();
    let of_all: i128 = rows().map(|(row, _)| minor(row)).sum();
    let charged: i128 = calculation.charges.allocated().map(|line| line.minor).sum();
    assert_eq!((of_units, of_all), (charged, 2 * charged));
    assert_eq!(minor(pivot.table.total.as_ref().expect("a total")), charged);
}

/// The formulas of a sheet that add up charge lines: those in the body of its table, and the checks.
fn sums_and_checks(book: &mut Opened, sheet: &str) -> (usize, usize) {
    let formulas = book.worksheet_formula(sheet).expect("the sheet");
    let over_lines = formulas.used_cells().map(|(_, _, formula)| formula).filter(|formula| formula.contains("SUMIFS"));
    let (checks, sums): (Vec<&String>, Vec<&String>) = over_lines.partition(|formula| formula.starts_with("ROUND("));
    (sums.len(), checks.len())
}

#[test]
fn beyond_the_limit_of_work_figures_are_stored_and_their_sums_checked() {
    let calculation = october();
    // 36 services × 8 units: 288 figures, 36 + 1 checks of rows and 8 of columns.
    let matrix = "Business units × services";
    let with = |formulas: usize| {
        let work = formulas * calculation.charges.lines.len();
        open(workbook_bytes(&calculation, &workbook::Limits { work, ..Default::default() }))
    };
    assert_eq!(sums_and_checks(&mut with(100_000), matrix), (288, 45));
    assert_eq!(sums_and_checks(&mut with(300), matrix), (0, 45));
    assert_eq!(sums_and_checks(&mut with(20), matrix), (0, 1));
    // What is stored is the same.
    let stored = |mut book: Opened| table(&mut book, matrix, "Service").1[0][..9].to_vec();
    assert_eq!(stored(with(20)), stored(with(100_000)));
}

#[test]
fn money_with_more_digits_than_a_spreadsheet_adds_up_is_stored_without_formulas() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = "[model]\nname = \"Large\"\ncurrency = \"JPY\"\n\n[sources.bills]\nfiles = \"{period}.csv\"\n\
                 columns = { cost = \"Amount\" }\nset = { business_unit = \"{Unit}\" }\n";
    std::fs::write(folder.path().join("model.toml"), model).expect("written");
    std::fs::write(folder.path().join("2026-10.csv"), "Unit,Amount\nA,123456789012345678\nB,1\n").expect("written");
    let calculation = calculation(folder.path(), "2026-10");
    let mut book = open(workbook_bytes(&calculation, &workbook::Limits::default()));
    for sheet in book.sheet_names() {
        let formulas = book.worksheet_formula(&sheet).expect("the sheet");
        let over_lines = formulas.used_cells().filter(|(_, _, formula)| formula.contains("lines_")).count();
        assert_eq!(over_lines, 0, "{sheet}");
    }
    let (headings, lines) = table(&mut book, "Charge lines", "Line");
    let amount = headings.iter().position(|heading| heading == "Amount").expect("a column");
    assert_eq!([&lines[0][amount], &lines[1][amount]], ["123456789012345678", "1"]);
}

/// Shop 100 of its own and 30 from Desk by tickets, Till 50 and 10; Desk's own 40 goes to both. Rent 18 has no service and
/// is spread evenly over the two: overhead of 9 each.
#[test]
fn full_cost_tells_direct_from_supporting_services_and_overhead() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write(
        "model.toml",
        r#"
[model]
name     = "Corner"
currency = "EUR"
complete = ["service"]

[dimensions.service]
members = ["Shop", "Till", "Desk"]

[sources.bills]
files   = "{period}.csv"
columns = { cost = "Amount" }
set     = { service = "{Service}" }

[[allocate]]
id   = "desk"
from = { service = "Desk" }
to   = "service"
by   = { shares = { Shop = 3, Till = 1 } }

[[allocate]]
id     = "rent"
from   = { service = "" }
to     = "service"
by     = "even"
except = { service = "Desk" }
"#,
    );
    write("2026-10.csv", "Service,Amount\nShop,100.00\nTill,50.00\nDesk,40.00\n,18.00\n");
    let calculation = calculation(folder.path(), "2026-10");
    let full = reports::full_cost(&calculation.run());
    let currency = &calculation.model.book.head.currency;
    let rows: Vec<Vec<String>> = full.table.rows.iter().map(|row| texts(row, currency)).collect();
    // Direct, from supporting services, overhead, full cost, handed on, unallocated, rounding, charged.
    assert_eq!(
        rows,
        [
            ["Shop", "100", "30", "9", "139", "0", "0", "0", "139"],
            ["Till", "50", "10", "9", "69", "0", "0", "0", "69"],
            ["Desk", "40", "0", "0", "40", "40", "0", "0", "0"],
        ]
    );
}

#[test]
fn what_decides_an_amount_is_told_by_what_drivers_count() {
    let calculation = october();
    let units = &calculation.model.dimensions[BUSINESS_UNIT];
    let mut book = open(statement_bytes(&calculation, units.find("Motor Claims").expect("a unit")));
    let texts: Vec<String> = book
        .sheet_names()
        .iter()
        .flat_map(|name| {
            book.worksheet_range(name)
                .expect("a sheet")
                .cells()
                .map(|(_, _, cell)| cell.to_string())
                .collect::<Vec<_>>()
        })
        .collect();
    // sample-data/2026-10/devices.csv: 566 of 2,455 laptops and desktops, which are 23.05 %.
    let has = |words: &str| texts.iter().any(|text| text.starts_with(words));
    assert!(has("devices: 566 of 2,455 (23.1 %)"), "{texts:?}");
    // A plural in the driver's name needs no measure behind it, another name does.
    assert!(texts.iter().any(|text| text == "devices") && !texts.iter().any(|text| text.contains("(device)")));
    assert!(has("network ports: ") && has("headcount (person): "), "{texts:?}");
    // Nobody has named what the usage of services is counted in: 7,850 of 11,455 are 68.53 %.
    assert!(has("7,850 of 11,455 (68.5 %)"), "{texts:?}");
}
