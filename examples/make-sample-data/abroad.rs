//! Bills in dollars, and the rates they are exchanged at. The rates are invented like all else: nobody quoted them.

use std::error::Error;

use crate::calendar::Period;
use crate::random::Random;
use crate::tables::{Control, Folder, decimal, row};

/// Kind, rate of the dollar in pounds, first and last day.
#[rustfmt::skip]
const RATES: [[&str; 4]; 8] = [
    ["average", "0.7481", "2026-07-01", "2026-07-31"],
    ["closing", "0.7460", "2026-07-01", "2026-07-31"],
    ["average", "0.7436", "2026-08-01", "2026-08-31"],
    ["closing", "0.7405", "2026-08-01", "2026-08-31"],
    ["average", "0.7392", "2026-09-01", "2026-09-30"],
    ["closing", "0.7427", "2026-09-01", "2026-09-30"],
    ["average", "0.7518", "2026-10-01", "2026-10-31"],
    ["closing", "0.7584", "2026-10-01", "2026-10-31"],
];

/// Vendor, text, service by its code, day, dollars a month, by how many thousandths they move.
#[rustfmt::skip]
const BILLS: [(&str, &str, &str, i64, i64, i64); 3] = [
    ("Lakeshore Ratings Inc.", "Credit ratings of reinsurers", "reins", 1, 18_450, 0),
    ("Prairie Weather LLC", "Hail and storm maps", "rating", 14, 12_800, 120),
    ("Prairie Weather LLC", "Storm alerts by text", "clm-core", 14, 5_250, 200),
];

pub(crate) fn write_rates(shared: &Folder) -> Result<(), Box<dyn Error>> {
    let rows = RATES.into_iter().map(|[kind, rate, from, to]| row(["USD", "GBP", kind, rate, from, to]));
    shared.csv("exchange-rates.csv", &["From", "To", "Kind", "Rate", "Valid from", "Valid to"], rows)
}

/// The control total is the sum of the bills, in dollars.
pub(crate) fn write_bills(month: &Folder, period: &Period) -> Result<Control, Box<dyn Error>> {
    let mut rows = Vec::new();
    let mut total = 0;
    for (vendor, text, service, day, dollars, moves) in BILLS {
        let cents = Random::stream(&format!("abroad {text} {}", period.name)).around(dollars * 100, moves);
        total += cents;
        rows.push(row([&period.iso(day), vendor, text, service, "USD", &decimal(cents, 2)]));
    }
    let count = rows.len();
    month.csv(
        "bills-in-dollars.csv",
        &["Date", "Vendor", "Text", "Service", "Currency", "Amount"],
        rows.into_iter(),
    )?;
    Ok(Control { source: "abroad", total: decimal(total, 2), rows: count, says: "accounts payable, in USD" })
}
