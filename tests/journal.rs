//! The hledger journal is accepted by hledger itself, and its balances are the charge lines.

mod support;

use std::collections::BTreeMap;
use std::process::Command;

use support::{Row, atoms, is_installed, root, rows, run, sums};

#[test]
fn hledger_accepts_the_journal_and_its_balances_equal_the_charge_lines() {
    if !is_installed("hledger", "--version") {
        return;
    }
    let out = tempfile::tempdir().expect("a folder");
    for period in ["2026-08", "2026-09", "2026-10"] {
        let published = run(&root().join("rules"), period, out.path(), &[]);
        let journal = published.join("journal/journal.hledger");
        let check = Command::new("hledger").args(["check", "-s", "-f"]).arg(&journal).output().expect("hledger runs");
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));

        let balance = Command::new("hledger")
            .args(["balance", "--flat", "--no-total", "-N", "-O", "csv", "-f"])
            .arg(&journal)
            .output()
            .expect("hledger runs");
        let mut balances: BTreeMap<String, i128> = BTreeMap::new();
        for row in csv::Reader::from_reader(balance.stdout.as_slice()).records() {
            let row = row.expect("a row");
            let amount = row[1].replace("GBP", "").replace(',', "");
            balances.insert(row[0].to_owned(), atoms(amount.trim()));
        }

        // What each account must hold, from the charge lines and the table of accounts alone.
        let accounts = rows(&root().join("sample-data/recharge-accounts.csv"));
        let charges = rows(&published.join("data/charges.csv"));
        let mut expected: BTreeMap<String, i128> = BTreeMap::new();
        for (key, amount) in sums(&charges, &["business_unit", "pool"], "amount", |row| row["posted"] == "yes") {
            let fits = |cell: &str, name: &str| cell == "*" || cell == name;
            let row = accounts.iter().find(|row| fits(&row["Business unit"], &key[0]) && fits(&row["Pool"], &key[1]));
            let row = row.unwrap_or_else(|| panic!("no account for {key:?}"));
            *expected.entry(row["Debit"].clone()).or_insert(0) += amount;
            *expected.entry(row["Credit"].clone()).or_insert(0) -= amount;
        }
        expected.retain(|_, amount| *amount != 0);
        assert!(!expected.is_empty());
        assert_eq!(balances, expected, "{period}");
    }
}

#[test]
fn the_workbook_checks_the_journal_against_the_charge_lines() {
    use calamine::{Reader, Xlsx, open_workbook};

    let folder = tempfile::tempdir().expect("a folder");
    let place = run(&root().join("rules"), "2026-10", folder.path(), &["--alone"]);
    let journal = rows(&place.join("journal/journal.csv"));
    let side =
        |name: &str| journal.iter().map(|row| &row[name]).filter(|text| !text.is_empty()).map(|text| atoms(text)).sum();
    let (debits, credits): (i128, i128) = (side("debit"), side("credit"));
    let is_charged = |row: &Row| row["kind"] != "unallocated";
    let charged: i128 = sums(&rows(&place.join("data/charges.csv")), &[], "amount", is_charged).into_values().sum();
    let mut book: Xlsx<_> = open_workbook(place.join("showback.xlsx")).expect("a workbook");
    let range = book.worksheet_range("Checks").expect("the checks");
    let found: Vec<Vec<String>> =
        range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect::<Vec<Vec<String>>>();
    let of_journal: Vec<_> = found.iter().filter(|row| row[0] == "Draft journal").collect();
    assert_eq!(debits, credits);
    assert_eq!(of_journal.len(), 1);
    let figures = |row: &[String]| (atoms(&row[2]), atoms(&row[3]), row[4].clone());
    assert_eq!(figures(of_journal[0]), (charged, charged, "0".to_owned()));
}
