//! The workbook for finance and IT leaders.

use std::path::Path;

use rust_xlsxwriter::{Workbook, XlsxError};

use crate::finding::Findings;
use crate::reports::{Run, Summary, Table};

/// Writes `showback.xlsx`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(
    path: &Path,
    _run: &Run<'_>,
    _summary: &Summary,
    tables: &[Table],
    _findings: &Findings,
) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    for table in tables {
        let sheet = workbook.add_worksheet().set_name(&table.title)?;
        sheet.write_string(0, 0, &table.note)?;
    }
    workbook.save(path)
}
