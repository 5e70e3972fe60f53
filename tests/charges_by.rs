//! Charge lines keep what `charges.by` says: whatever it is, a run beside the one before it is written, and its tables add up.

mod support;

use std::fs;
use std::path::Path;

use calamine::{Data, DataType, Reader, Xlsx, open_workbook};
use support::{CENT, Row, all_files, atoms, outcome, rows, run, showback, write_model};

/// Web and the Kiosk end in September, Radio begins in October.
const MODEL: &str = r#"[model]
name = "Kept"
currency = "EUR"
complete = []
charges = { by = [BY] }
MORE

[dimensions.business_unit]
members = { file = "units.csv", name = "Unit", valid_to = "Until" }

[sources.bills]
files = "{period}.csv"
columns = { cost = "Amount" }
set = { pool = "{Pool}", service = "{Service}", spend = "{Spend}", region = "{Region}" }

[dimensions.region]
members = ["North", "South"]

[drivers.devices]
file = "devices-{period}.csv"
to = { business_unit = "Unit" }
quantity = "Devices"

[[allocate]]
id = "by-devices"
to = "business_unit"
by = "devices"
"#;

/// 100.00 − 33.33 + 10.01 = 76.68.
const SEPTEMBER: &str = "Amount,Pool,Service,Spend,Region\n100.00,Cloud,Tills,run,North\n-33.33,Cloud,Web,grow,South\n\
    10.01,Staff,Web,transform,South\n";
const SEPTEMBER_CENTS: i128 = 7_668;
/// 120.00 + 10.01 + 9.99 = 140.00.
const OCTOBER: &str =
    "Amount,Pool,Service,Spend,Region\n120.00,Cloud,Tills,run,North\n10.01,Rooms,Radio,transform,\n9.99,,,,\n";
const OCTOBER_CENTS: i128 = 14_000;

fn write(folder: &Path, by: &[&str], more: &str) {
    let by: Vec<String> = by.iter().map(|name| format!("\"{name}\"")).collect();
    let model = MODEL.replace("BY", &by.join(", ")).replace("MORE", more);
    write_model(
        folder,
        &[
            ("model.toml", &model),
            ("units.csv", "Unit,Until\nShops,\nOnline,\nKiosk,2026-09-30\n"),
            ("2026-09.csv", SEPTEMBER),
            ("2026-10.csv", OCTOBER),
            ("devices-2026-09.csv", "Unit,Devices\nShops,2\nOnline,1\nKiosk,1\n"),
            ("devices-2026-10.csv", "Unit,Devices\nShops,1\nOnline,1\n"),
        ],
    );
}

/// Every list of four dimensions and fewer, in their order.
fn subsets() -> Vec<Vec<&'static str>> {
    let all = ["business_unit", "service", "pool", "spend"];
    (0..1 << all.len())
        .map(|mask: u32| {
            all.into_iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, name)| name).collect()
        })
        .collect()
}

/// Sum of a column in cents.
fn cents(rows: &[Row], column: &str) -> i128 {
    rows.iter().map(|row| atoms(&row[column])).sum::<i128>() / CENT
}

/// The first table of a sheet: headings, body, total. Figures are in cents.
fn table(
    book: &mut Xlsx<std::io::BufReader<fs::File>>,
    sheet: &str,
    total: &str,
) -> (Vec<String>, Vec<Vec<Option<i128>>>) {
    let range = book.worksheet_range(sheet).unwrap_or_else(|error| panic!("{sheet}: {error}"));
    let rows: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
    let last = rows.iter().position(|row| row[0] == *total).unwrap_or_else(|| panic!("{sheet} has no total"));
    let is_heading = |row: &Vec<Data>| row.len() > 1 && !row[1].to_string().is_empty() && row[1].as_f64().is_none();
    let heading = rows[..last].iter().rposition(is_heading).expect("headings");
    let figure = |cell: &Data| cell.as_f64().map(|figure| atoms(&format!("{figure:.2}")) / CENT);
    let body = rows[heading + 1..=last].iter().map(|row| row.iter().map(figure).collect()).collect();
    (rows[heading].iter().map(ToString::to_string).collect(), body)
}

/// Each of these columns adds up to its total, which is this many cents.
fn adds_up(book: &mut Xlsx<std::io::BufReader<fs::File>>, sheet: &str, total: &str, wanted: &[(&str, i128)]) {
    let (headings, rows) = table(book, sheet, total);
    let (last, body) = rows.split_last().expect("a total");
    for (label, whole) in wanted {
        let at =
            headings.iter().position(|heading| heading == label).unwrap_or_else(|| panic!("{sheet}: {headings:?}"));
        assert_eq!(last[at], Some(*whole), "{sheet}, {label}");
        assert_eq!(body.iter().filter_map(|row| row[at]).sum::<i128>(), *whole, "{sheet}, {label}");
    }
}

#[test]
fn any_dimensions_can_be_kept_with_a_period_beside() {
    for mut by in subsets() {
        let kept = by.clone();
        // Others do no harm.
        if kept.len() == 1 {
            by.push("region");
        }
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &by, "");
        let place = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
        let what = format!("by {by:?}");
        let movement = rows(&place.join("data/movement.csv"));
        let charges = rows(&place.join("data/charges.csv"));
        let causes = rows(&place.join("data/causes.csv"));
        assert_eq!(cents(&charges, "amount"), OCTOBER_CENTS, "{what}");
        assert_eq!(
            [cents(&movement, "previous"), cents(&movement, "amount")],
            [SEPTEMBER_CENTS, OCTOBER_CENTS],
            "{what}"
        );
        assert_eq!([cents(&causes, "before"), cents(&causes, "after")], [SEPTEMBER_CENTS, OCTOBER_CENTS], "{what}");
        for name in ["units-by-service", "spend", "pools"] {
            let table = rows(&place.join(format!("data/{name}.csv")));
            let body: Vec<Row> =
                table.into_iter().filter(|row| !row.values().any(|cell| cell.starts_with("Total"))).collect();
            assert_eq!(cents(&body, "total"), OCTOBER_CENTS, "{what}: {name}");
        }

        let mut book: Xlsx<_> = open_workbook(place.join("showback.xlsx")).expect("a workbook");
        let both = [("EUR", OCTOBER_CENTS), ("2026-09", SEPTEMBER_CENTS)];
        let moved =
            [("2026-09", SEPTEMBER_CENTS), ("2026-10", OCTOBER_CENTS), ("Movement", OCTOBER_CENTS - SEPTEMBER_CENTS)];
        let has = |name: &str| kept.contains(&name);
        let sheets = book.sheet_names();
        for (sheet, is_wanted) in [
            ("Business units × services", has("business_unit") || has("service")),
            ("Services", has("service")),
            ("Full cost", has("service")),
            ("Run grow transform", has("spend")),
            ("Trend", has("spend")),
            ("Movement by unit", has("business_unit")),
            ("Causes by unit", has("business_unit")),
            ("Movement by service", has("service")),
            ("Causes by service", has("service")),
            ("Pools", has("pool")),
        ] {
            assert_eq!(sheets.iter().any(|name| name == sheet), is_wanted, "{what}: {sheet}");
        }
        for (sheet, dimension) in [("unit", "business_unit"), ("service", "service")] {
            if has(dimension) {
                adds_up(&mut book, &format!("Movement by {sheet}"), "Charged", &both);
                adds_up(&mut book, &format!("Causes by {sheet}"), "Total", &moved);
            }
        }
        // Statements are of units.
        let statements = all_files(&place).into_keys().filter(|name| name.starts_with("statements")).count();
        assert_eq!(statements, if has("business_unit") { 2 } else { 0 }, "{what}");
        if has("business_unit") {
            let statement = place.join("statements/shops.xlsx");
            let mut parts = zip::ZipArchive::new(fs::File::open(&statement).expect("a statement")).expect("a zip");
            let names = std::io::read_to_string(parts.by_name("xl/workbook.xml").expect("a part")).expect("read");
            // What is printed is more than the words in the first column.
            assert!(names.contains("Statement!$A$1:$") && !names.contains("Statement!$A$1:$A$"), "{what}: {names}");
            let mut book: Xlsx<_> = open_workbook(statement).expect("a statement");
            // Half of 140.00; half of the devices of September were in the shops: half of 76.68.
            assert_eq!(book.sheet_names().iter().any(|name| name == "Why it changed"), has("service"), "{what}");
            if has("service") {
                adds_up(&mut book, "Why it changed", "Total", &[("2026-09", 3_834), ("2026-10", 7_000)]);
            }
        }
        let (code, said) = outcome(&showback(&[
            "verify",
            &place.display().to_string(),
            "--model",
            &folder.path().display().to_string(),
        ]));
        assert_eq!(code, Some(0), "{what}: {said}");
    }
}

/// What is no longer charged stands in its own row, so that the column of the period before adds up.
#[test]
fn what_is_no_longer_charged_has_a_row() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &["business_unit", "service"], "");
    let place = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let mut book: Xlsx<_> = open_workbook(place.join("showback.xlsx")).expect("a workbook");
    for (sheet, gone) in [("Movement by service", -2_332), ("Movement by unit", 1_917)] {
        // Web was −33.33 + 10.01 in September; the Kiosk had a quarter of 76.68.
        let (headings, rows) = table(&mut book, sheet, "Charged");
        let before = headings.iter().position(|heading| heading == "2026-09").expect("September");
        assert!(rows.iter().any(|row| row[1] == Some(0) && row[before] == Some(gone)), "{sheet}: {rows:?}");
    }
}

#[test]
fn what_needs_a_dimension_that_is_not_kept_is_refused() {
    let unit_cost = "[unit_costs]\nTills = { per = \"devices\" }";
    for (by, more, wanted) in [
        ("service", "trend = 2", "`trend` is of `spend`"),
        ("service", "[spend]\ntargets = { run = \"70%\" }", "`targets` are of `spend`"),
        ("spend", unit_cost, "the unit cost of `Tills` is of a `service`"),
        ("spend", "trend = 2", ""),
        ("spend", "[spend]\ntargets = { run = \"70%\" }", ""),
        ("service", unit_cost, ""),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &[by], more);
        let (model, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
        let (code, said) = outcome(&showback(&["run", &model, "--period", "2026-10", "--out", &out]));
        if wanted.is_empty() {
            assert_eq!(code, Some(0), "{by}, {more}: {said}");
        } else {
            assert_eq!(code, Some(3), "{by}, {more}: {said}");
            assert!(
                said.contains(&format!("error[charges-by]: {wanted}, which the charge lines do not keep")),
                "{said}"
            );
        }
    }
}

/// 60 % and 30 % leave 10 % to transform; 60 % alone says nothing of the others.
#[test]
fn two_targets_leave_the_rest_to_the_third() {
    for (targets, wanted) in [
        ("{ run = \"60%\", grow = \"30%\" }", ["60.0%", "30.0%", "10.0%"]),
        ("{ run = \"60%\", transform = \"40%\" }", ["60.0%", "0.0%", "40.0%"]),
        ("{ run = \"60%\" }", ["60.0%", "", ""]),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &["spend"], &format!("[spend]\ntargets = {targets}"));
        let place = run(folder.path(), "2026-10", &folder.path().join("out"), &["--alone"]);
        let trend = rows(&place.join("data/trend.csv"));
        let found: Vec<&str> = trend.iter().take(3).map(|row| row["target"].as_str()).collect();
        assert_eq!(found, wanted, "{targets}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &["spend"], "[spend]\ntargets = \"70%\"");
    let (code, said) = outcome(&showback(&["check", &folder.path().display().to_string(), "--period", "2026-10"]));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("`targets` is a text, expected a share for each kind of spend"), "{said}");
    assert!(said.contains("= help: write targets = { run = \"70%\""), "{said}");
}

#[test]
fn what_charge_lines_do_not_keep_is_not_said_to_be_missing() {
    for (by, absent, present) in [
        (&["business_unit", "pool"][..], "(no service)", "Shops"),
        (&["service", "pool"], "(no business unit)", "Tills"),
        (&["pool"], "(no ", "(charged)"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), by, "");
        let at = folder.path().display().to_string();
        let output = showback(&["compare", "2026-09", "2026-10", "--model", &at]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains(absent) && said.contains(present), "{by:?}: {said}");
        assert!(said.contains("Total") && said.contains("76.68") && said.contains("140.00"), "{by:?}: {said}");
    }
}
