//! Writes the data of the sample model: one invented insurer, Harbour Mutual, and three months of its IT costs.
//!
//! `cargo run --release --example make-sample-data -- [DIR]` (default `sample-data`) writes every file of
//! that folder except its README, the same bytes each time: the numbers come from a fixed seed, nothing
//! from a clock. All money is made as whole numbers (pence, or ten-thousandths of a millionth of a pound in
//! the cloud bill).
//!
//! | file | what it makes |
//! | --- | --- |
//! | `company.rs` | who they are: units, services, the accounts of the journal |
//! | `cloud.rs` | the cloud bill and its two maps |
//! | `licences.rs` | the licence list |
//! | `staff.rs` | timesheets, rates, projects, teams |
//! | `lab.rs` | a team with a payroll: what it was paid, and the hours it reported |
//! | `ledger.rs` | the ledger extract and its two maps |
//! | `over_time.rs` | contracts paid in advance, a register of assets, seats |
//! | `abroad.rs` | bills in dollars and exchange rates |
//! | `budget.rs` | the budget of six services |
//! | `usage.rs` | the drivers: who used what |
//! | `tables.rs`, `random.rs` | writing csv and workbooks, numbers from the seed |

mod abroad;
mod budget;
mod calendar;
mod cloud;
mod company;
mod lab;
mod ledger;
mod licences;
mod over_time;
mod random;
mod staff;
mod tables;
mod usage;

use std::error::Error;
use std::path::PathBuf;

use calendar::PERIODS;
use tables::{Control, Folder};

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("sample-data"), PathBuf::from);
    let shared = Folder::new(&root)?;
    company::write(&shared)?;
    cloud::write_maps(&shared)?;
    staff::write_tables(&shared)?;
    ledger::write_maps(&shared)?;
    over_time::write(&shared)?;
    abroad::write_rates(&shared)?;
    budget::write(&shared)?;

    for period in &PERIODS {
        let month = Folder::new(&root.join(period.name))?;
        let controls = [
            cloud::write_bill(&month, period)?,
            licences::write_list(&month, period)?,
            staff::write_timesheets(&month, period)?,
            lab::write(&month, period)?,
            ledger::write_extract(&month, period)?,
            abroad::write_bills(&month, period)?,
        ];
        usage::write(&month, period)?;
        write_controls(&month, &controls)?;
        for control in &controls {
            eprintln!(
                "{} {:<9} {:>6} lines, control total {}",
                period.name, control.source, control.rows, control.total
            );
        }
    }
    Ok(())
}

/// What each owner of a file says it should add up to.
fn write_controls(month: &Folder, controls: &[Control]) -> Result<(), Box<dyn Error>> {
    let rows =
        controls.iter().map(|c| vec![c.source.to_string(), c.total.clone(), c.rows.to_string(), c.says.to_string()]);
    month.csv("control-totals.csv", &["Source", "Total", "Rows", "Stated by"], rows)
}
