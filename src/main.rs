//! The `showback` command. The library is the product; this calls it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Exit code for a defect of the program, as for books that do not balance.
const DEFECT: u8 = 4;

fn main() -> ExitCode {
    catch_unwind(AssertUnwindSafe(showback::cli::main)).unwrap_or_else(|_| {
        eprintln!(
            "error: showback has stopped because of a defect of its own. Nothing was published. \
             Please report the message above with the model that shows it."
        );
        ExitCode::from(DEFECT)
    })
}
