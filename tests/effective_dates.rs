//! What holds from when to when: member lists and mapping tables with days missing, tiers of prices, rows of accounts.

mod support;

use std::path::Path;

use support::{Row, outcome, rows, showback, write_model};

fn run(folder: &Path, period: &str) -> (Option<i32>, String) {
    let (path, out) = (folder.display().to_string(), folder.join("out").display().to_string());
    outcome(&showback(&["run", &path, "--period", period, "--out", &out, "--alone", "--quiet"]))
}

fn published(folder: &Path, period: &str, file: &str) -> Vec<Row> {
    rows(&folder.join("out").join(period).join(file))
}

#[test]
fn days_that_a_list_leaves_out_between_two_rows_are_pointed_out_in_their_periods_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = "[model]\nname = \"Dates\"\ncurrency = \"EUR\"\n\
        [dimensions.business_unit]\nmembers = { file = \"units.csv\", name = \"Unit\", valid_from = \"From\", valid_to = \"To\" }\n\
        [sources.bills]\nfiles = \"bills.csv\"\ncolumns = { cost = \"Cost\", date = \"Day\" }\nlate = \"own\"\nset = { pool = \"IT\" }\n\
        [[classify]]\nid = \"unit\"\nlookup = { file = \"map.csv\", on = { Code = \"Code\" }, take = { business_unit = \"Unit\" }, valid_from = \"From\", valid_to = \"To\" }\n";
    write_model(
        folder.path(),
        &[
            ("model.toml", model),
            ("units.csv", "Unit,From,To\nShops,,2026-10-10\nShops,2026-10-12,\nOffice,,\n"),
            ("map.csv", "Code,Unit,From,To\na,Shops,,2026-11-05\na,Office,2026-11-10,\n"),
            ("bills.csv", "Day,Code,Cost\n2026-09-03,a,1\n2026-10-03,a,2\n2026-11-20,a,3\n2026-12-03,a,4\n"),
        ],
    );
    assert_eq!(run(folder.path(), "2026-09"), (Some(0), String::new()));
    let (code, said) = run(folder.path(), "2026-10");
    assert_eq!(code, Some(1));
    assert!(said.contains("`Shops` is not there from 2026-10-11 to 2026-10-11, between two of its rows"), "{said}");
    assert!(said.contains("units.csv:3"), "{said}");
    let (code, said) = run(folder.path(), "2026-11");
    assert_eq!(code, Some(1));
    assert!(said.contains("the rows of this key leave out 2026-11-06 to 2026-11-09"), "{said}");
    assert!(said.contains("map.csv:3") && !said.contains("Shops"), "{said}");
    assert_eq!(run(folder.path(), "2026-12"), (Some(0), String::new()));
}

const PRICED: &str = "[model]\nname = \"Prices\"\ncurrency = \"EUR\"\n\
    [dimensions.business_unit]\nmembers = [\"Shops\", \"IT\"]\n\
    [sources.bills]\nfiles = \"{period}.csv\"\ncolumns = { cost = \"Cost\" }\nset = { pool = \"IT\" }\n\
    [drivers.used]\nfile = \"used.csv\"\nto = { business_unit = \"Unit\" }\nquantity = \"Used\"\n\
    [prices.desk]\nmode = \"graduated\"\ntiers = [ {TIERS} ]\n\
    [[allocate]]\nid = \"desk\"\nto = \"business_unit\"\nby = { price = \"desk\", quantity = \"used\" }\nrecovery_to = { business_unit = \"IT\" }\n";

fn priced(folder: &Path, tiers: &str, period: &str) -> (Option<i32>, String) {
    let tables = [
        ("model.toml", PRICED.replace("{TIERS}", tiers)),
        ("used.csv", "Unit,Used\nShops,30\n".to_owned()),
        ("2026-09.csv", "Cost\n100\n".to_owned()),
        ("2026-10.csv", "Cost\n100\n".to_owned()),
    ];
    let tables: Vec<(&str, &str)> = tables.iter().map(|(name, text)| (*name, text.as_str())).collect();
    write_model(folder, &tables);
    run(folder, period)
}

#[test]
fn a_tier_holds_from_when_to_when_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    // Until September 30 × 2.00 = 60.00; from October on 10 × 3.00 + 20 × 2.50 = 80.00.
    let tiers = "{ price = \"2\", valid = \"..2026-09\" }, { up_to = 10, price = \"3\", valid = \"2026-10..\" }, { price = \"2.5\", valid = \"2026-10..\" }";
    for (period, bill) in [("2026-09", "60.00"), ("2026-10", "80.00")] {
        assert_eq!(priced(folder.path(), tiers, period), (Some(0), String::new()));
        let charges = published(folder.path(), period, "data/charges.csv");
        let shops = charges.iter().find(|row| row["business_unit"] == "Shops").expect("a bill");
        assert_eq!((shops["kind"].as_str(), shops["amount"].as_str()), ("price", bill));
    }
    // In October both tiers would hold, and neither would end.
    let both = "{ price = \"2\" }, { price = \"3\", valid = \"2026-10..\" }";
    let (code, said) = priced(folder.path(), both, "2026-09");
    assert_eq!(code, Some(3));
    assert!(said.contains("the tiers do not rise, from 2026-10-01 on"), "{said}");
    let later = "{ price = \"3\", valid = \"2026-10..\" }";
    let (code, said) = priced(folder.path(), later, "2026-09");
    assert_eq!(code, Some(3));
    assert!(said.contains("no tier of [prices.desk] holds on 2026-09-30"), "{said}");
    assert_eq!(priced(folder.path(), later, "2026-10").0, Some(0));
}

#[test]
fn accounts_hold_on_the_last_day_of_the_period() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = "[model]\nname = \"Accounts\"\ncurrency = \"EUR\"\n\
        [dimensions.business_unit]\nmembers = [\"Shops\"]\n\
        [sources.bills]\nfiles = \"{period}.csv\"\ncolumns = { cost = \"Cost\" }\nset = { pool = \"IT\", business_unit = \"Shops\" }\n\
        [journal]\naccounts = { file = \"accounts.csv\", on = [\"business_unit\"], debit = \"Debit\", credit = \"Credit\", valid_from = \"From\", valid_to = \"To\" }\n\
        register = { file = \"chart.csv\", account = \"Account\" }\n";
    write_model(
        folder.path(),
        &[
            ("model.toml", model),
            ("accounts.csv", "business_unit,Debit,Credit,From,To\nShops,61,91,,2026-10-30\n*,62,91,2026-10-31,\n"),
            ("chart.csv", "Account\n61\n62\n91\n"),
            ("2026-09.csv", "Cost\n10.00\n"),
            ("2026-10.csv", "Cost\n10.00\n"),
        ],
    );
    for (period, debit) in [("2026-09", "61"), ("2026-10", "62")] {
        assert_eq!(run(folder.path(), period), (Some(0), String::new()));
        let journal = published(folder.path(), period, "journal/journal.csv");
        assert_eq!((journal[0]["account"].as_str(), journal[0]["debit"].as_str()), (debit, "10.00"));
    }
}
