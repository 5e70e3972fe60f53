//! What `sample-data/README.md` says one can see in the sample: contracts, assets, seats, missing time, dollars. Each figure is
//! worked out in a comment from the sample's tables.

mod support;

use support::{Row, atoms, root, rows, run};

fn the_row<'a>(rows: &'a [Row], wanted: &[(&str, &str)]) -> &'a Row {
    let mut found = rows.iter().filter(|row| wanted.iter().all(|(name, text)| row[*name] == *text));
    let row = found.next().unwrap_or_else(|| panic!("no row with {wanted:?}"));
    assert!(found.next().is_none(), "several rows with {wanted:?}");
    row
}

fn has(row: &Row, expected: &[(&str, &str)]) {
    for (name, text) in expected {
        assert_eq!(row[*name], *text, "{name} of {row:?}");
    }
}

#[test]
fn the_sample_shows_contracts_seats_gaps_and_dollars_in_october() {
    let out = tempfile::tempdir().expect("a folder");
    let data = run(&root().join("rules"), "2026-10", out.path(), &[]).join("data");

    // 150,000.00 / 36 is 4,166.66 and 24 pence, one for each of the first 24 months. October is the twelfth:
    // 11 × 4,166.67 = 45,833.37 went before, and 150,000.00 − 12 × 4,166.67 = 99,999.96 are left.
    let schedules = rows(&data.join("schedules.csv"));
    has(
        the_row(&schedules, &[("file", "contracts.csv"), ("row", "3")]),
        &[("earlier", "45833.37"), ("this_period", "4166.67"), ("left", "99999.96")],
    );
    // 4,050.00 / 27 = 150.00 a month, paid in October, so October has August to October.
    has(
        the_row(&schedules, &[("file", "contracts.csv"), ("row", "4")]),
        &[("earlier", "0"), ("this_period", "450"), ("left", "3600")],
    );
    // 9,480.00 a year are 790.00 a month.
    has(the_row(&schedules, &[("file", "contracts.csv"), ("row", "5")]), &[("this_period", "790")]);
    let renewals = rows(&data.join("renewals.csv"));
    assert_eq!(renewals.len(), 1);
    has(&renewals[0], &[("last_day", "2026-12-31"), ("value", "36000"), ("row", "2")]);

    // Finance has 9 seats and one for 9 of 31 days, Risk & Compliance 12 and one for 20 of 31 days.
    let drivers = rows(&data.join("drivers.csv"));
    let seats = |unit| atoms(&the_row(&drivers, &[("driver", "legal_seats"), ("to", unit)])["quantity"]);
    let thirty_firsts = |whole: i128, days: i128| (whole * 31 + days) * support::ONE / 31;
    assert_eq!(seats("Finance"), thirty_firsts(9, 9));
    assert_eq!(seats("HR & Legal"), thirty_firsts(35, 0));
    assert_eq!(seats("Risk & Compliance"), thirty_firsts(12, 20));

    // 31003 left out a week of 37.5 of 165 hours, 31005 everything: 6,550.00 × 37.5 / 165 + 5,875.00 = 7,363.636…
    let use_of_time = rows(&data.join("utilisation.csv"));
    has(the_row(&use_of_time, &[("from", "31003")]), &[("used", "127.5"), ("utilisation", "77.3%")]);
    has(the_row(&use_of_time, &[("from", "31005")]), &[("used", "0"), ("capacity", "165"), ("utilisation", "0.0%")]);
    // 12 of 22 working days from the 15th: 12 × 7.5 hours.
    has(the_row(&use_of_time, &[("from", "31006")]), &[("used", "90"), ("capacity", "90")]);
    let charges = rows(&data.join("charges.csv"));
    let idle: i128 = charges.iter().filter(|row| row["kind"] == "idle").map(|row| atoms(&row["amount_exact"])).sum();
    assert!(
        (idle - 81_000 * support::ONE / 11).abs() < support::ONE / 1_000_000_000,
        "81,000 / 11 = 7,363.636…: {idle}"
    );

    // 18,450.00 + 11,686.40 + 6,179.25 dollars at 0.7518.
    let exchange = rows(&data.join("exchange.csv"));
    has(
        the_row(&exchange, &[("source", "abroad")]),
        &[("amount_from", "36315.65"), ("rate", "0.7518"), ("amount_to", "27302.10567")],
    );
}

#[test]
fn the_sample_disposes_of_an_asset_in_september() {
    let out = tempfile::tempdir().expect("a folder");
    // (48,000.00 − 3,000.00) / 60 = 750.00 a month; October 2023 to August 2026 are 35 months and 26,250.00.
    let august = rows(&run(&root().join("rules"), "2026-08", out.path(), &[]).join("data/schedules.csv"));
    let asset = [("file", "asset-register.csv"), ("row", "2")];
    has(the_row(&august, &asset), &[("earlier", "25500"), ("this_period", "750"), ("left", "21750")]);
    let september = run(&root().join("rules"), "2026-09", out.path(), &[]).join("data");
    has(
        the_row(&rows(&september.join("schedules.csv")), &asset),
        &[("earlier", "26250"), ("this_period", "21750"), ("left", "0"), ("ended", "2026-09-18")],
    );
    has(
        the_row(&rows(&september.join("charges.csv")), &[("pool", "Disposals")]),
        &[("business_unit", "Finance"), ("service", "Print & Post"), ("amount", "21750.00")],
    );
    // 9,480.00 / 12 × 16 / 30 days from the 15th = 421.333…
    let contract = [("file", "contracts.csv"), ("row", "5")];
    has(the_row(&rows(&september.join("schedules.csv")), &contract), &[("this_period", "421.33")]);
}
