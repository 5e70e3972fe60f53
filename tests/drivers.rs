//! Drivers in all their forms: wide tables, cost lines, tables carried forward.

mod support;

use std::path::Path;

use support::{atoms, outcome, rows, run, showback, sums, write_model};

const HEAD: &str = r#"[model]
name = "Drivers"
currency = "EUR"
data = "data"

[dimensions.business_unit]
members = ["Claims", "Sales"]

[sources.bill]
files = "{period}/bill.csv"
columns = { cost = "Cost" }
set = { pool = "{Pool}" }
"#;

fn charged(folder: &Path, rules: &str, files: &[(&str, &str)]) -> Vec<(String, i128)> {
    write_model(folder, &[("model.toml", &format!("{HEAD}\n{rules}"))]);
    write_model(folder, files);
    let published = run(folder, "2026-10", &folder.join("out"), &[]);
    let charges = rows(&published.join("data/charges.csv"));
    sums(&charges, &["business_unit"], "amount", |_| true).into_iter().map(|(key, sum)| (key[0].clone(), sum)).collect()
}

fn euros(claims: &str, sales: &str) -> Vec<(String, i128)> {
    vec![("Claims".to_owned(), atoms(claims)), ("Sales".to_owned(), atoms(sales))]
}

#[test]
fn a_wide_table_names_its_receivers_in_the_headings() {
    let rules = r#"
[drivers.seats]
file = "seats.csv"
from = { pool = "Product" }
to = { business_unit = "*" }
ignore = ["Total"]

[[allocate]]
id = "seats"
to = "business_unit"
by = "seats"
"#;
    let folder = tempfile::tempdir().expect("a folder");
    let bill = "Pool,Cost\nCRM,100.00\nOffice,60.00\n";
    // CRM 3 : 1 of 100 is 75 and 25; Office goes to Sales alone, the empty cell is no row.
    let seats = "Product,Claims,Sales,Total\nCRM,3,1,4\nOffice,,2,2\n";
    let files = [("data/2026-10/bill.csv", bill), ("data/seats.csv", seats)];
    assert_eq!(charged(folder.path(), rules, &files), euros("75.00", "85.00"));

    // Without `ignore` the total is a name that nobody has.
    let rules = rules.replace("ignore = [\"Total\"]\n", "");
    write_model(folder.path(), &[("model.toml", &format!("{HEAD}\n{rules}"))]);
    let model = folder.path().display().to_string();
    let (code, message) = outcome(&showback(&["check", &model, "--period", "2026-10"]));
    assert_eq!(code, Some(3));
    assert!(message.contains("the heading `Total` is not a member of business_unit"), "{message}");

    // The same heading twice would give its receiver twice as much.
    write_model(folder.path(), &[("data/seats.csv", "Product,Claims,Sales,Claims\nCRM,3,1,4\nOffice,,2,2\n")]);
    let (code, message) = outcome(&showback(&["check", &model, "--period", "2026-10"]));
    assert_eq!(code, Some(3));
    assert!(message.contains("two columns have the heading `Claims`"), "{message}");
}

#[test]
fn quantities_may_sit_in_the_lines_of_a_bill() {
    let rules = r#"
[drivers.hours]
source = "bill"
to = { business_unit = "{Unit}" }
quantity = "Hours"
where = { Kind = "usage" }

[drivers.lines]
source = "bill"
to = { business_unit = "{Unit}" }
quantity = "rows"

[[allocate]]
id = "by-hours"
from = { pool = "Cloud" }
to = "business_unit"
by = "hours"

[[allocate]]
id = "by-lines"
from = { pool = "Tax" }
to = "business_unit"
by = "lines"
"#;
    let folder = tempfile::tempdir().expect("a folder");
    // Hours of usage: Claims 1 + 2, Sales 9; the purchase does not count and the tax has none.
    // Lines with a unit: Claims 2, Sales 2.
    let bill = "Pool,Unit,Kind,Hours,Cost\nCloud,Claims,usage,1,50.00\nCloud,Claims,usage,2,10.00\n\
                Cloud,Sales,usage,9,20.00\nCloud,Sales,purchase,500,40.00\nTax,,tax,,10.00\n";
    let files = [("data/2026-10/bill.csv", bill)];
    // Cloud 120 by 3 : 9 is 30 and 90; tax 10 by 2 : 2 is 5 and 5.
    assert_eq!(charged(folder.path(), rules, &files), euros("35.00", "95.00"));
}

#[test]
fn a_missing_table_is_carried_forward_where_that_is_declared() {
    let rules = r#"
[drivers.headcount]
file = "{period}/headcount.csv"
to = { business_unit = "Unit" }
quantity = "FTE"
carry_forward = 2

[[allocate]]
id = "headcount"
to = "business_unit"
by = "headcount"
"#;
    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        ("data/2026-10/bill.csv", "Pool,Cost\nRent,40.00\n"),
        ("data/2026-08/headcount.csv", "Unit,FTE\nClaims,1\nSales,3\n"),
        ("data/2026-07/headcount.csv", "Unit,FTE\nClaims,1\nSales,1\n"),
    ];
    assert_eq!(charged(folder.path(), rules, &files), euros("10.00", "30.00"));
    let findings = rows(&folder.path().join("out/2026-10/data/findings.csv"));
    let note = findings.iter().find(|row| row["code"] == "carried-forward").expect("a note");
    assert_eq!(note["finding"], "driver `headcount` has no table for 2026-10, that of 2026-08 is used");

    std::fs::remove_file(folder.path().join("data/2026-08/headcount.csv")).expect("removed");
    let model = folder.path().display().to_string();
    let (code, message) = outcome(&showback(&["check", &model, "--period", "2026-10"]));
    assert_eq!(code, Some(3));
    assert!(message.contains("there is no file `2026-10/headcount.csv`"), "{message}");
}
