//! Lines that are spread over time, through the whole program.

mod support;

use std::path::Path;

use support::{CENT, ONE, atoms, outcome, rows, showback, sums, write_model};

const MODEL: &str =
    "[model]\nname = \"S\"\ncurrency = \"EUR\"\n\n[dimensions.business_unit]\nmembers = [\"A\", \"B\"]\n\n";

const CONTRACTS: &str = "[sources.contracts]\nfiles = \"contracts.csv\"\namortise = \"monthly\"\n\
    columns = { cost = \"Value\", start = \"From\", end = \"To\", date = \"Booked\" }\n\
    set = { pool = \"Software\", business_unit = \"A\" }\n";

const ASSETS: &str = "[sources.assets]\nfiles = \"assets.csv\"\ndepreciation = { straight_line = \"monthly\" }\n\
    columns = { cost = \"Cost\", start = \"From\", months = \"Life\", residual = \"Left\", end = \"Gone\" }\n\
    set = { pool = \"Hardware\", business_unit = \"A\" }\n";

/// Runs a model of one source and its list for some periods; the exit code and what was said.
fn run(folder: &Path, rules: &str, list: (&str, &str), periods: &str) -> (Option<i32>, String) {
    write_model(folder, &[("model.toml", &format!("{MODEL}{rules}")), list]);
    let (model, out) = (folder.display().to_string(), folder.join("out").display().to_string());
    outcome(&showback(&["run", &model, "--period", periods, "--out", &out, "--quiet"]))
}

/// What a pool was charged in a period.
fn charged(folder: &Path, period: &str, pool: &str) -> i128 {
    let charges = rows(&folder.join("out").join(period).join("data/charges.csv"));
    sums(&charges, &["pool"], "amount", |row| row["pool"] == pool).into_values().sum()
}

#[test]
fn the_periods_of_a_contract_add_up_to_it_and_its_account_ends_at_zero() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = ("contracts.csv", "Value,From,To,Booked\n1000.00,2026-08-10,2027-01-20,2026-08-10\n");
    let (code, said) = run(folder.path(), CONTRACTS, list, "2026-08..2027-02");
    assert_eq!(code, Some(0), "{said}");
    let periods = ["2026-08", "2026-09", "2026-10", "2026-11", "2026-12", "2027-01", "2027-02"];
    let parts: Vec<i128> = periods.iter().map(|period| charged(folder.path(), period, "Software")).collect();
    assert_eq!(parts.iter().sum::<i128>(), 1000 * ONE);
    // 22 of August's 31 days, four months, 20 of January's 31: 166/31 months. 1,000 × 22/166 = 132.5301…,
    // 1,000 × 31/166 = 186.7469…, 1,000 × 20/166 = 120.4819…. Rounded down that is 999.97; the three cents go to
    // the first of the whole months, which have the largest remainders.
    assert_eq!(parts[..6], [13253, 18675, 18675, 18675, 18674, 12048].map(|cents| cents * CENT));
    let left = rows(&folder.path().join("out/2027-02/data/reconciliation.csv"));
    let at_end = left.iter().find(|row| row["stage"] == "schedules: left at the end").expect("a line");
    assert_eq!(at_end["amount"], "0");
}

#[test]
fn a_true_up_brings_along_what_it_missed_and_then_takes_its_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = ("contracts.csv", "Value,From,To,Booked\n-600.00,2026-07-01,2026-12-31,2026-10-05\n");
    let (code, said) = run(folder.path(), CONTRACTS, list, "2026-07..2026-12");
    assert_eq!(code, Some(0), "{said}");
    let of = |period| charged(folder.path(), period, "Software") / ONE;
    assert_eq!(["2026-07", "2026-09", "2026-10", "2026-11", "2026-12"].map(of), [0, 0, -400, -100, -100]);
    let charges = rows(&folder.path().join("out/2026-10/data/charges.csv"));
    let months: Vec<&str> = charges.iter().map(|row| row["for_period"].as_str()).collect();
    assert_eq!(months, ["2026-07", "2026-08", "2026-09", "2026-10"]);
}

#[test]
fn a_file_cut_in_two_gives_the_same_parts() {
    let lines: Vec<String> =
        (1..20).map(|n| format!("{n}00.0{n},2026-0{}-1{},2027-03-31,2026-10-01", n % 9 + 1, n % 9)).collect();
    let mut charged_of = Vec::new();
    for cut in [19, 7] {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = CONTRACTS.replace("contracts.csv", "list-*.csv");
        let part = |lines: &[String]| format!("Value,From,To,Booked\n{}\n", lines.join("\n"));
        write_model(folder.path(), &[("list-1.csv", &part(&lines[cut..])), ("list-2.csv", &part(&lines[..cut]))]);
        if cut == 19 {
            std::fs::remove_file(folder.path().join("list-1.csv")).expect("removed");
        }
        let (code, said) = run(folder.path(), &rules, ("unused.csv", ""), "2026-10");
        assert_eq!(code, Some(0), "{said}");
        charged_of.push(std::fs::read_to_string(folder.path().join("out/2026-10/data/charges.csv")).expect("text"));
    }
    assert_eq!(charged_of[0], charged_of[1]);
}

#[test]
fn what_is_left_at_a_disposal_is_refused_without_somebody_who_bears_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = ("assets.csv", "Cost,From,Life,Left,Gone\n1200.00,2026-01-01,12,,2026-04-10\n");
    let (code, said) = run(folder.path(), ASSETS, list, "2026-04");
    assert_eq!(code, Some(3));
    assert!(said.contains("no-remainder-to") && said.contains("866.67 left"), "{said}");
    // Before and after it nothing is left to bear.
    let (code, said) = run(folder.path(), ASSETS, list, "2026-03");
    assert_eq!((code, charged(folder.path(), "2026-03", "Hardware")), (Some(0), 100 * ONE), "{said}");
    let with = format!("{ASSETS}remainder_to = {{ pool = \"Disposals\", business_unit = \"B\" }}\n");
    let (code, said) = run(folder.path(), &with, list, "2026-01..2026-05");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(charged(folder.path(), "2026-04", "Hardware"), 3333 * CENT);
    assert_eq!(charged(folder.path(), "2026-04", "Disposals"), 86667 * CENT);
    let charges = rows(&folder.path().join("out/2026-04/data/charges.csv"));
    assert!(charges.iter().any(|row| row["business_unit"] == "B" && atoms(&row["amount"]) == 86667 * CENT));
}

#[test]
fn lines_that_make_no_sense_are_refused_with_their_place() {
    for (list, code, place) in [
        ("1200,2026-05-01,12,,2026-04-10", "not-a-span", "assets.csv:2, column `Gone`"),
        ("1200,2026-05-01,0,,", "no-life", "column `Life`"),
        ("1200,2026-05-01,12.5,,", "no-life", "column `Life`"),
        ("1200,2026-05-01,1201,,", "no-life", "column `Life`"),
        ("1200,2026-05-01,,,", "no-life", "column `Life`"),
        ("1200,2026-05-01,12,1300,", "residual", "column `Left`"),
        ("1200,2026-05-01,12,-1,", "residual", "column `Left`"),
        ("1200,,12,,", "not-a-date", "column `From`"),
        ("1200,01/05/2026,12,,", "not-a-date", "column `From`"),
        ("1200,2026-05-01,12,,soon", "not-a-date", "column `Gone`"),
        (",2026-05-01,12,,", "blank-amount", "column `Cost`"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("Cost,From,Life,Left,Gone\n{list}\n");
        let (exit, said) = run(folder.path(), ASSETS, ("assets.csv", &text), "2026-05");
        assert_eq!(exit, Some(3), "{list}: {said}");
        assert!(said.contains(&format!("[{code}]")) && said.contains(place), "{list}: {said}");
    }
    // The sentence is told whole.
    let folder = tempfile::tempdir().expect("a folder");
    let list = ("assets.csv", "Cost,From,Life,Left,Gone\n1200,2026-05-01,12,,2026-04-10\n");
    let (_, said) = run(folder.path(), ASSETS, list, "2026-05");
    assert!(said.contains("this line was disposed of on 2026-04-10, before it begins on 2026-05-01"), "{said}");
    let folder = tempfile::tempdir().expect("a folder");
    let list = ("contracts.csv", "Value,From,To,Booked\n100.00,2026-05-01,2026-04-30,2026-05-01\n");
    let (exit, said) = run(folder.path(), CONTRACTS, list, "2026-05");
    assert!(exit == Some(3) && said.contains("ends on 2026-04-30, before it begins on 2026-05-01"), "{said}");
}

#[test]
fn rules_of_schedules_that_make_no_sense_are_refused() {
    let columns = "columns = { cost = \"Cost\", start = \"From\", months = \"Life\" }";
    let spread = "depreciation = { straight_line = \"monthly\" }";
    for (keys, expected) in [
        (columns.to_owned(), "no-schedule"),
        (format!("{columns}\n{spread}\namortise = \"daily\""), "two-schedules"),
        (format!("{columns}\namortise = \"weekly\""), "`weekly` is not a way to spread an amount"),
        (format!("{columns}\n{spread}\nlate = \"own\""), "`late` has no meaning with a schedule"),
        (format!("{columns}\n{spread}\nremainder_to = {{ pool = \"X\" }}"), "`remainder_to` gets what is left"),
        (format!("{columns}\ndepreciation = {{ declining = \"0%\" }}"), "this is not a yearly rate"),
        (format!("{columns}\ndepreciation = {{ declining = \"20\" }}"), "this is not a yearly rate"),
        (format!("{columns}\ndepreciation = {{ first_month = \"full\" }}"), "either straight-line or declining"),
        (
            format!("{columns}\ndepreciation = {{ straight_line = \"daily\", first_month = \"full\" }}"),
            "`first_month` goes with months",
        ),
        (
            format!("{columns}\ndepreciation = {{ straight_line = \"monthly\", first_month = \"whole\" }}"),
            "does not say what the first month counts",
        ),
        (format!("columns = {{ cost = \"Cost\", months = \"Life\" }}\n{spread}"), "does not say when a line begins"),
        (format!("columns = {{ cost = \"Cost\", start = \"From\", end = \"To\" }}\n{spread}"), "how long a line lasts"),
        ("columns = { cost = \"Cost\", start = \"From\" }\namortise = \"daily\"".to_owned(), "how long a line lasts"),
        ("columns = { cost = \"Cost\" }\nremainder_to = { pool = \"X\" }".to_owned(), "goes with `amortise`"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = format!("[sources.assets]\nfiles = \"{{period}}/assets.csv\"\n{keys}\n");
        let (exit, said) = run(folder.path(), &rules, ("2026-05/assets.csv", "Cost,From,To,Life\n"), "2026-05");
        assert_eq!(exit, Some(3), "{keys}: {said}");
        assert!(said.contains(expected), "{keys}: {said}");
    }
}

#[test]
fn lines_of_a_schedule_can_be_handed_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = format!("{ASSETS}refused = \"quarantine\"\n");
    let list = ("assets.csv", "Cost,From,Life,Left,Gone\n1200.00,2026-01-01,12,,\n50.00,2026-01-01,0,,\n");
    let (code, said) = run(folder.path(), &rules, list, "2026-04");
    assert_eq!((code, charged(folder.path(), "2026-04", "Hardware")), (Some(1), 100 * ONE), "{said}");
    let lines = rows(&folder.path().join("out/2026-04/data/reconciliation.csv"));
    let of = |stage: &str| lines.iter().find(|row| row["stage"] == stage).map(|row| row["amount"].clone());
    assert_eq!(of("quarantined").as_deref(), Some("50"));
    assert_eq!(of("schedules: value").as_deref(), Some("1200"));
    assert!(lines.iter().all(|row| row["check"].is_empty() || atoms(&row["amount"]) == 0));
}
