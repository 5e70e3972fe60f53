//! The workbook opens in a program that is not ours, and what it shows are the charge lines.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use support::{atoms, is_installed, root, rows, run, sums};

/// A sheet as LibreOffice saves it: rows of texts.
type Sheet = Vec<Vec<String>>;

/// Lets LibreOffice open a workbook and write every sheet as csv. Fails when it cannot open it.
fn sheets(workbook: &Path, folder: &Path) -> BTreeMap<String, Sheet> {
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    // Separator comma, quote ", UTF-8, from line 1, every sheet (-1), values as stored and not as formatted.
    let filter = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1";
    let output = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", filter, "--outdir"])
        .arg(folder)
        .arg(workbook)
        .output()
        .expect("soffice runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stem = workbook.file_stem().expect("a name").to_string_lossy().into_owned();
    let mut sheets = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let Some(sheet) = name.strip_prefix(&format!("{stem}-")).and_then(|rest| rest.strip_suffix(".csv")) else {
            continue;
        };
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(&path).expect("csv");
        let rows = reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect();
        sheets.insert(sheet.to_owned(), rows);
    }
    sheets
}

/// The row of headings that begins with `first`, and the rows below it.
fn table<'s>(sheet: &'s Sheet, first: &str) -> (&'s [String], &'s [Vec<String>]) {
    let at = sheet.iter().position(|row| row.first().is_some_and(|cell| cell == first));
    let at = at.unwrap_or_else(|| panic!("no heading {first}"));
    (&sheet[at], &sheet[at + 1..])
}

#[test]
fn libreoffice_opens_the_workbook_and_sees_the_charge_lines() {
    if !is_installed("soffice", "--version") {
        return;
    }
    for (model, period) in [("rules", "2026-10"), ("examples/oakland", "FY17")] {
        let out = tempfile::tempdir().expect("a folder");
        let published = run(&root().join(model), period, out.path(), &[]);
        let charges = rows(&published.join("data/charges.csv"));
        let sheets = sheets(&published.join("showback.xlsx"), out.path());

        let (headings, lines) = table(&sheets["Charge lines"], "Line");
        let column = |label: &str| headings.iter().position(|heading| heading == label).expect("a column");
        // Oakland calls its business units departments.
        let is_unit = |heading: &String| heading == "Business unit" || heading == "Department";
        let unit_column = headings.iter().position(is_unit).expect("a column of units");
        assert_eq!(lines.len(), charges.len(), "{model}");
        for (line, charge) in lines.iter().zip(&charges) {
            assert_eq!(line[column("Line")], charge["id"]);
            assert_eq!(line[unit_column], charge["business_unit"]);
            assert_eq!(atoms(&line[column("Amount")]), atoms(&charge["amount"]), "{charge:?}");
        }

        let by_unit = sums(&charges, &["business_unit"], "amount", |row| row["kind"] == "cost");
        let matrix = &sheets["Business units × services"];
        let (units, services) = table(matrix, "Service");
        let total = services.iter().find(|row| row[0] == "Total charged").expect("a total");
        for (unit, amount) in by_unit {
            let at = units.iter().position(|heading| *heading == unit[0]).unwrap_or_else(|| panic!("{unit:?}"));
            assert_eq!(atoms(&total[at]), amount, "{model} {unit:?}");
        }
    }
}

#[test]
fn libreoffice_opens_every_statement() {
    if !is_installed("soffice", "--version") {
        return;
    }
    let out = tempfile::tempdir().expect("a folder");
    let published = run(&root().join("rules"), "2026-10", out.path(), &[]);
    let charges = rows(&published.join("data/charges.csv"));
    let units = sums(&charges, &["business_unit"], "amount", |row| row["kind"] == "cost");
    let statements: Vec<_> = std::fs::read_dir(published.join("statements")).expect("statements").collect();
    assert_eq!(statements.len(), units.len());
    for (at, statement) in statements.into_iter().enumerate().take(2) {
        let folder = out.path().join(format!("statement-{at}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let sheets = sheets(&statement.expect("a statement").path(), &folder);
        let texts: Vec<&String> = sheets.values().flatten().flatten().collect();
        let unit = units.keys().find(|unit| texts.iter().any(|text| **text == unit[0])).expect("a unit's name");
        // Its total stands on it, as a number.
        let amount = units[unit];
        let stands_there = texts.iter().any(|text| {
            let is_number =
                text.parse::<f64>().is_ok() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
            is_number && atoms(text) == amount
        });
        assert!(stands_there, "{unit:?}");
    }
}
