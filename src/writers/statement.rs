//! One statement a business unit.

use std::path::Path;

use rust_xlsxwriter::{Workbook, XlsxError};

use crate::dimension::MemberId;
use crate::reports::Run;

/// Writes `statements/<business unit>.xlsx`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, _run: &Run<'_>, _unit: MemberId) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    workbook.add_worksheet();
    workbook.save(path)
}
