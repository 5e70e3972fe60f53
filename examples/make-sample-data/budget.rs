//! The budget: what six services that face the business were planned to cost in full, by month and pool.

use std::error::Error;

use crate::calendar::PERIODS;
use crate::tables::Folder;

/// Service, pool, and the thousands of pounds planned for August, September and October.
#[rustfmt::skip]
const PLANNED: [(&str, &str, [u32; 3]); 21] = [
    ("Claims Processing", "Cloud Services", [125, 130, 135]),
    ("Claims Processing", "Hardware", [30, 30, 30]),
    ("Claims Processing", "Outside Services", [50, 50, 50]),
    ("Claims Processing", "Software", [110, 110, 110]),
    ("Claims Processing", "Staffing", [140, 150, 150]),
    ("Life Administration", "Cloud Services", [45, 45, 50]),
    ("Life Administration", "Outside Services", [30, 30, 30]),
    ("Life Administration", "Software", [55, 55, 55]),
    ("Life Administration", "Staffing", [95, 105, 105]),
    ("Motor Policy Admin", "Cloud Services", [55, 55, 60]),
    ("Motor Policy Admin", "Outside Services", [40, 40, 40]),
    ("Motor Policy Admin", "Software", [60, 60, 60]),
    ("Motor Policy Admin", "Staffing", [80, 85, 85]),
    ("Customer Portal", "Cloud Services", [60, 60, 60]),
    ("Customer Portal", "Software", [48, 48, 48]),
    ("Customer Portal", "Staffing", [60, 65, 65]),
    ("Quote Engine", "Cloud Services", [70, 75, 75]),
    ("Quote Engine", "Software", [23, 23, 23]),
    ("Quote Engine", "Staffing", [40, 40, 40]),
    ("General Ledger", "Software", [38, 38, 38]),
    ("General Ledger", "Staffing", [60, 60, 60]),
];

/// Writes the budget of the financial year, a row a month, service and pool.
pub(crate) fn write(shared: &Folder) -> Result<(), Box<dyn Error>> {
    let rows = PLANNED.iter().flat_map(|(service, pool, thousands)| {
        PERIODS.iter().zip(thousands).map(|(period, thousand)| {
            vec![period.name.to_owned(), (*service).to_owned(), (*pool).to_owned(), format!("{thousand}000.00")]
        })
    });
    shared.csv("budget-FY27.csv", &["Month", "Service", "Pool", "Planned"], rows)
}
