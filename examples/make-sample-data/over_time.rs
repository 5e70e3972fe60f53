//! What costs are spread over: contracts paid in advance, equipment of the register, seats that change hands.

use std::error::Error;

use crate::tables::{Folder, row};

/// Vendor, product, service by its code, value, first and last day, day it was paid on. The third of them is a true-up:
/// found in October, used since August.
#[rustfmt::skip]
const CONTRACTS: [[&str; 7]; 4] = [
    ["Kestrel Test Data", "Kestrel Masking, two years", "tst", "36000.00", "2025-01-01", "2026-12-31", "2024-12-18"],
    ["Denholm Claims", "Denholm Estimating, three years", "clm-core", "150000.00", "2025-11-01", "2028-10-31", "2025-10-20"],
    ["Denholm Claims", "Denholm Estimating, 30 users more", "clm-core", "4050.00", "2026-08-01", "2028-10-31", "2026-10-06"],
    ["Harrow Sign", "Harrow Signatures, one year", "dms", "9480.00", "2026-09-15", "2027-09-14", "2026-09-11"],
];

/// Asset, service by its code, cost, first day, life in months, salvage value, day of disposal.
#[rustfmt::skip]
const ASSETS: [[&str; 7]; 4] = [
    ["Envelope inserter, Poole", "prt", "48000.00", "2023-10-01", "60", "3000.00", "2026-09-18"],
    ["Envelope inserter, Leeds", "prt", "61200.00", "2026-09-21", "72", "3600.00", ""],
    ["Mail room scanners", "dms", "18000.00", "2025-04-10", "48", "", ""],
    ["Telematics test rig", "telem", "26400.00", "2026-10-12", "36", "", ""],
];

/// Unit, seats of the legal case system that it holds throughout.
const SEATS: [(&str, usize); 3] = [("Finance", 9), ("HR & Legal", 34), ("Risk & Compliance", 12)];

/// Unit, first and last day of a seat that was not held throughout. Seat 56 was handed over.
#[rustfmt::skip]
const SEATS_THAT_CHANGED: [[&str; 4]; 4] = [
    ["56", "Finance", "", "2026-09-15"],
    ["56", "HR & Legal", "2026-09-16", ""],
    ["57", "Finance", "", "2026-10-09"],
    ["58", "Risk & Compliance", "2026-10-12", ""],
];

pub(crate) fn write(shared: &Folder) -> Result<(), Box<dyn Error>> {
    shared.csv(
        "contracts.csv",
        &["Vendor", "Product", "Service", "Value", "First day", "Last day", "Paid on"],
        CONTRACTS.into_iter().map(row),
    )?;
    shared.csv(
        "asset-register.csv",
        &["Asset", "Service", "Cost", "In service", "Life in months", "Salvage", "Disposed"],
        ASSETS.into_iter().map(row),
    )?;
    let throughout = SEATS.into_iter().flat_map(|(unit, seats)| std::iter::repeat_n(unit, seats));
    let throughout = (1..).zip(throughout).map(|(seat, unit): (usize, _)| row([&seat.to_string(), unit, "", ""]));
    shared.csv(
        "legal-seats.csv",
        &["Seat", "Business unit", "Held from", "Held to"],
        throughout.chain(SEATS_THAT_CHANGED.into_iter().map(row)),
    )
}
