//! LibreOffice opens the workbooks, works out every formula anew, and comes to the figures that stand in them and in
//! `data/charges.csv`.
//!
//! By default LibreOffice believes the results that are stored in a file, so these tests use a profile of their own in
//! which it never does.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use calamine::{Data, Reader, Xlsx, open_workbook};
use support::{ONE, Row, atoms, is_installed, root, rows, run, sums, write_model};

/// Sheets of a workbook as LibreOffice saves them: rows of texts.
type Sheets = BTreeMap<String, Vec<Vec<String>>>;

/// What LibreOffice is told: recalculate whatever is loaded from the file format of Excel. 0 is always, 1 is never.
const PROFILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>
</item>
</oor:items>
"#;

/// Lets LibreOffice open workbooks, recalculate them and write every sheet as csv. Gives the sheets of each by its stem.
fn recalculated(workbooks: &[PathBuf], folder: &Path) -> BTreeMap<String, Sheets> {
    let profile = folder.join("profile");
    fs::create_dir_all(profile.join("user")).expect("a folder");
    fs::write(profile.join("user/registrymodifications.xcu"), PROFILE).expect("a profile");
    let csv = folder.join("csv");
    // Separator comma, quote ", UTF-8, from line 1, every sheet (-1), values as they are and not as formatted.
    let filter = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1";
    let output = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", profile.display()))
        .args(["--headless", "--convert-to", filter, "--outdir"])
        .arg(&csv)
        .args(workbooks)
        .output()
        .expect("soffice runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut books: BTreeMap<String, Sheets> = BTreeMap::new();
    for workbook in workbooks {
        let stem = workbook.file_stem().expect("a name").to_string_lossy().into_owned();
        let sheets = books.entry(stem.clone()).or_default();
        for entry in fs::read_dir(&csv).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let Some(sheet) = name.strip_prefix(&format!("{stem}-")).and_then(|rest| rest.strip_suffix(".csv")) else {
                continue;
            };
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(&path).expect("csv");
            let rows = reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect();
            sheets.insert(sheet.to_owned(), rows);
        }
        assert!(!sheets.is_empty(), "LibreOffice did not open {}", workbook.display());
    }
    books
}

/// A number as LibreOffice prints it, in units of 10^-18.
fn number(text: &str) -> i128 {
    // What is left where floats are subtracted.
    if text.contains("E-") {
        return 0;
    }
    // Shares are kept in thousandths, which LibreOffice prints as per cent.
    text.strip_suffix('%').map_or_else(|| atoms(text), |percent| atoms(percent) / 100)
}

/// Formulas of a workbook whose stored result is not what LibreOffice works out, to a ten-thousandth; and how many
/// formulas there are.
fn wrong_results(workbook: &Path, sheets: &Sheets) -> (Vec<String>, usize) {
    let mut book: Xlsx<_> = open_workbook(workbook).expect("a workbook that opens");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for sheet in book.sheet_names() {
        let formulas = book.worksheet_formula(&sheet).expect("the sheet");
        let values = book.worksheet_range(&sheet).expect("the sheet");
        let (first_row, first_column) = formulas.start().unwrap_or_default();
        for (row, column, formula) in formulas.used_cells().filter(|(_, _, formula)| !formula.is_empty()) {
            seen += 1;
            let (row, column) = (row + first_row as usize, column + first_column as usize);
            let at = (u32::try_from(row).expect("a row"), u32::try_from(column).expect("a column"));
            let stored = match values.get_value(at) {
                Some(Data::Float(number)) => number.to_string(),
                Some(Data::String(text)) => text.clone(),
                None | Some(Data::Empty) => String::new(),
                other => panic!("{sheet} {at:?} holds {other:?}"),
            };
            let found = &sheets[&sheet][row][column];
            let is_same = match (stored.as_str(), found.as_str()) {
                ("", "") => true,
                ("", _) | (_, "") => false,
                (stored, found) => (number(stored) - number(found)).abs() < ONE / 10_000,
            };
            if !is_same {
                wrong.push(format!("{sheet} {at:?} = {formula}: stored {stored}, found {found}"));
            }
        }
    }
    (wrong, seen)
}

/// The headings of a sheet, the first of which is `first`, and the rows below it.
fn table<'s>(sheets: &'s Sheets, sheet: &str, first: &str) -> (&'s [String], &'s [Vec<String>]) {
    let rows = &sheets[sheet];
    let at = rows.iter().position(|row| row.first().is_some_and(|cell| cell == first));
    let at = at.unwrap_or_else(|| panic!("no heading {first} on {sheet}"));
    (&rows[at], &rows[at + 1..])
}

fn is_charged(row: &Row) -> bool {
    row["kind"] != "unallocated"
}

/// Everything that must hold of a workbook after LibreOffice has worked it out anew.
fn check(published: &Path, sheets: &Sheets) {
    let charges = rows(&published.join("data/charges.csv"));
    let (wrong, seen) = wrong_results(&published.join("showback.xlsx"), sheets);
    assert!(wrong.is_empty(), "{} of {seen}: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    assert!(seen > 100, "only {seen} formulas");

    let (headings, checks) = table(sheets, "Checks", "Sheet");
    let difference = headings.iter().position(|heading| heading == "Difference").expect("a column");
    let results: Vec<&str> =
        checks.iter().map(|row| row[difference].as_str()).filter(|result| !result.is_empty()).collect();
    assert!(results.len() > 8 && results.iter().all(|result| *result == "0"), "{results:?}");

    let (headings, lines) = table(sheets, "Charge lines", "Line");
    let column = |label: &str| headings.iter().position(|heading| heading == label).expect("a column");
    assert_eq!(lines.len(), charges.len());
    for (line, charge) in lines.iter().zip(&charges) {
        assert_eq!(line[column("Line")], charge["id"]);
        assert_eq!(number(&line[column("Amount")]), atoms(&charge["amount"]), "{charge:?}");
    }

    // Every cell of the matrix is what the lines of charges.csv add up to, by name.
    let by_both = sums(&charges, &["service", "business_unit"], "amount", is_charged);
    let (units, services) = table(sheets, "Business units × services", "Service");
    let total = units.iter().position(|heading| heading == "Total").expect("a total");
    let mut met = 0;
    for service in services.iter().take_while(|row| row[0] != "Total charged") {
        for (unit, amount) in units[1..total].iter().zip(&service[1..total]) {
            // Names that a spreadsheet would run are guarded in csv files.
            let guarded =
                |name: &str| if name.starts_with(['=', '+', '-', '@']) { format!("'{name}") } else { name.to_owned() };
            let named = |name: &str| if name.starts_with("(no ") { String::new() } else { guarded(name) };
            let expected = by_both.get(&vec![named(&service[0]), named(unit)]).copied();
            assert!((number(amount) - expected.unwrap_or_default()).abs() < ONE / 10_000, "{} {unit}", service[0]);
            met += usize::from(expected.is_some());
        }
    }
    assert_eq!(met, by_both.len());
    let charged: i128 = by_both.values().sum();
    let (_, front) = table(sheets, "Summary", "Money in and out");
    assert!((number(&front[0][1]) - charged).abs() < ONE / 10_000, "{:?}", front[0]);
}

#[test]
fn libreoffice_works_out_the_workbook_and_comes_to_the_charge_lines() {
    if !is_installed("soffice", "--version") {
        return;
    }
    for (model, period) in [("rules", "2026-10"), ("examples/oakland", "FY17")] {
        let out = tempfile::tempdir().expect("a folder");
        let published = run(&root().join(model), period, out.path(), &[]);
        let books = recalculated(&[published.join("showback.xlsx")], out.path());
        check(&published, &books["showback"]);
    }
}

/// Names that mean something to a spreadsheet, or that only its way of comparing takes for one another.
const NASTY: [&str; 16] =
    ["**", "?", "A*", "AB", "ab", "=AB", "<>", "<>AB", ">1", "~*", "1", "01", "TRUE", "a\"b'c", "=1+1", "Ünit; [x]"];

#[test]
fn names_that_mean_something_to_a_spreadsheet_change_no_figure() {
    if !is_installed("soffice", "--version") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let named = NASTY.map(|name| format!("'''{name}'''")).join(", ");
    let model = format!(
        r#"
[model]
name     = "Nasty & Sons"
currency = "EUR"

[dimensions.business_unit]
members = [{named}]

[dimensions.service]
members = [{named}]

[sources.bills]
files   = "{{period}}.csv"
columns = {{ cost = "Amount" }}
set     = {{ service = "{{Service}}", business_unit = "{{Unit}}", pool = "{{Pool}}", spend = "run" }}
"#
    );
    let mut bills = csv::Writer::from_writer(Vec::new());
    bills.write_record(["Service", "Unit", "Pool", "Amount"]).expect("a row");
    // A fixed sequence that looks random: a linear congruence, its high bits.
    let mut state: u64 = 42;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..600 {
        let name = |at: u64| NASTY[usize::try_from(at).expect("small")];
        // One in seven has no unit, so that some stays unallocated; credits are among them.
        let unit = if next(7) == 0 { "" } else { name(next(16)) };
        let cents = i64::try_from(next(2_000_000)).expect("small") - 500_000;
        let (sign, size) = (if cents < 0 { "-" } else { "" }, cents.abs());
        let amount = format!("{sign}{}.{:02}", size / 100, size % 100);
        bills.write_record([name(next(16)), unit, name(next(16)), &amount]).expect("a row");
    }
    let bills = String::from_utf8(bills.into_inner().expect("bytes")).expect("text");
    write_model(folder.path(), &[("model/model.toml", &model), ("model/2026-10.csv", &bills)]);
    let published = run(&folder.path().join("model"), "2026-10", &folder.path().join("out"), &[]);
    let books = recalculated(&[published.join("showback.xlsx")], folder.path());
    check(&published, &books["showback"]);
}

#[test]
fn libreoffice_works_out_statements_and_comes_to_what_the_unit_is_charged() {
    if !is_installed("soffice", "--version") {
        return;
    }
    let out = tempfile::tempdir().expect("a folder");
    let published = run(&root().join("rules"), "2026-10", out.path(), &[]);
    let charges = rows(&published.join("data/charges.csv"));
    let units = sums(&charges, &["business_unit"], "amount", is_charged);
    let of = |names: &[&str]| -> i128 { names.iter().map(|name| units[&vec![(*name).to_owned()]]).sum() };
    let statements = [
        ("finance", of(&["Finance"])),
        ("motor-claims", of(&["Motor Claims"])),
        ("general-insurance", of(&["Motor Claims", "Home & Property"])),
        ("harbour-mutual", units.values().sum()),
    ];
    let paths: Vec<PathBuf> =
        statements.iter().map(|(stem, _)| published.join(format!("statements/{stem}.xlsx"))).collect();
    let books = recalculated(&paths, out.path());
    for ((stem, amount), path) in statements.iter().zip(&paths) {
        let sheets = &books[*stem];
        let (wrong, seen) = wrong_results(path, sheets);
        assert!(wrong.is_empty() && seen > 40, "{stem}, {seen} formulas: {wrong:#?}");
        let of_row = |label: &str| {
            let row = sheets["Statement"].iter().find(|row| row[0] == label).expect("the row");
            number(&row[1])
        };
        assert!((of_row("Charged") - amount).abs() < ONE / 10_000, "{stem}");
        assert_eq!(of_row("Check"), 0, "{stem}");
    }
}

/// Rewrites one part of a workbook.
fn tampered(workbook: &Path, to: &Path, part: &str, change: impl Fn(&str) -> String) {
    let mut from = zip::ZipArchive::new(fs::File::open(workbook).expect("the workbook")).expect("a zip");
    let mut into = zip::ZipWriter::new(fs::File::create(to).expect("a file"));
    for at in 0..from.len() {
        let mut file = from.by_index(at).expect("a part");
        let name = file.name().expect("a name").into_owned();
        let mut text = Vec::new();
        file.read_to_end(&mut text).expect("read");
        if name == part {
            text = change(&String::from_utf8(text).expect("text")).into_bytes();
        }
        into.start_file(name, zip::write::SimpleFileOptions::default()).expect("a part");
        into.write_all(&text).expect("written");
    }
    into.finish().expect("a zip");
}

/// The proof that these tests see anything: the same comparison fails when one stored result is wrong, and the checks of
/// the workbook are not 0 any more when one charge line is.
#[test]
fn a_wrong_result_and_a_changed_line_are_noticed() {
    if !is_installed("soffice", "--version") {
        return;
    }
    let out = tempfile::tempdir().expect("a folder");
    let published = run(&root().join("rules"), "2026-10", out.path(), &[]);
    let workbook = published.join("showback.xlsx");
    let mut names: Xlsx<_> = open_workbook(&workbook).expect("a workbook");
    let part = |names: &[String], sheet: &str| {
        format!("xl/worksheets/sheet{}.xml", names.iter().position(|name| name == sheet).expect("the sheet") + 1)
    };
    let sheet_names = names.sheet_names();
    let range = names.worksheet_range("Charge lines").expect("the lines");
    let first_amount = range.get_value((5, 8)).expect("an amount").to_string();

    let wrong_result = out.path().join("wrong-result.xlsx");
    tampered(&workbook, &wrong_result, &part(&sheet_names, "Business units × services"), |xml| {
        let at = xml.find("SUMIFS").expect("a formula");
        let result = at + xml[at..].find("<v>").expect("a result") + 3;
        format!("{}9{}", &xml[..result], &xml[result..])
    });
    let changed_line = out.path().join("changed-line.xlsx");
    tampered(&workbook, &changed_line, &part(&sheet_names, "Charge lines"), |xml| {
        xml.replacen(&format!("<v>{first_amount}</v>"), &format!("<v>1{first_amount}</v>"), 1)
    });
    let books = recalculated(&[wrong_result.clone(), changed_line.clone()], out.path());
    let (wrong, _) = wrong_results(&wrong_result, &books["wrong-result"]);
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    let (_, checks) = table(&books["changed-line"], "Checks", "Sheet");
    let sum = checks.iter().find(|row| row[1].starts_with("their sum")).expect("the check");
    assert_ne!(sum[4], "0");
    let all = checks.iter().find(|row| row[0] == "All checks").expect("the check of all");
    assert_ne!(all[4], "0");
}
