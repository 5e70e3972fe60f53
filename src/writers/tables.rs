//! Tables as csv: UTF-8, plain numbers, and nothing that a spreadsheet would run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};

use crate::files::FORMULA_STARTS;
use crate::money::{Currency, beyond_scale_text};
use crate::reports::{Column, Table, Value};

/// Writes a table as csv.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, table: &Table, currency: &Currency) -> io::Result<()> {
    write_streamed(path, &table.columns, table.rows.iter().cloned(), currency)
}

/// Writes rows as csv, one at a time.
///
/// # Errors
/// When the file cannot be written.
pub fn write_streamed(
    path: &Path,
    columns: &[Column],
    rows: impl Iterator<Item = Vec<Value>>,
    currency: &Currency,
) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write_rows(&mut file, columns, rows, currency)?;
    file.into_inner()?.sync_all()
}

/// Writes rows as gzip csv, one at a time. The stream holds no time and no name, so the same rows give the same
/// bytes.
///
/// # Errors
/// When the file cannot be written.
pub fn write_gzip(
    path: &Path,
    columns: &[Column],
    rows: impl Iterator<Item = Vec<Value>>,
    currency: &Currency,
) -> io::Result<()> {
    let file = BufWriter::new(File::create(path)?);
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(file, Compression::new(3));
    write_rows(&mut gzip, columns, rows, currency)?;
    gzip.finish()?.into_inner()?.sync_all()
}

fn write_rows(
    out: &mut impl Write,
    columns: &[Column],
    rows: impl Iterator<Item = Vec<Value>>,
    currency: &Currency,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(columns.iter().map(|column| guarded(&column.name)))?;
    for row in rows {
        csv.write_record(row.iter().map(|value| text_of(value, currency)))?;
    }
    csv.flush()
}

/// Rows as csv in memory.
#[must_use]
pub fn csv_text(columns: &[Column], rows: Vec<Vec<Value>>, currency: &Currency) -> String {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = write_rows(&mut bytes, columns, rows.into_iter(), currency);
    String::from_utf8(bytes).unwrap_or_default()
}

/// A value as plain text.
#[must_use]
pub fn text_of(value: &Value, currency: &Currency) -> String {
    match value {
        Value::Blank => String::new(),
        Value::Text(text) => guarded(text),
        Value::Money(minor) => currency.plain(*minor),
        Value::MoneyIn(minor, other) => other.plain(*minor),
        Value::Exact(amount) => amount.to_string(),
        Value::Fine(beyond) => beyond_scale_text(*beyond),
        Value::Count(count) => count.to_string(),
        Value::Share(..) => value.permille().map(|permille| format!("{}%", tenths(permille))).unwrap_or_default(),
    }
}

/// `125` as `12.5`.
#[must_use]
pub fn tenths(permille: i128) -> String {
    let sign = if permille < 0 { "-" } else { "" };
    format!("{sign}{}.{}", permille.abs() / 10, permille.abs() % 10)
}

/// A text that a spreadsheet would take for a formula gets a `'` before it; our own readers take it off.
fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA_STARTS) { format!("'{text}") } else { text.to_owned() }
}

/// Reads a table that was written here: a row is its cells by column, and the `'` before texts is off again.
///
/// # Errors
/// When the file cannot be read, or is no csv.
pub fn read(path: &Path) -> io::Result<Vec<BTreeMap<String, String>>> {
    let file = BufReader::new(File::open(path)?);
    let is_packed = path.extension().is_some_and(|end| end == "gz");
    let bytes: Box<dyn Read> = if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut csv = csv::Reader::from_reader(bytes);
    let columns = csv.headers()?.clone();
    let bare = |cell: &str| match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA_STARTS) => rest.to_owned(),
        _ => cell.to_owned(),
    };
    let row = |record: csv::Result<csv::StringRecord>| {
        let record = record?;
        Ok(columns.iter().map(bare).zip(record.iter().map(bare)).collect())
    };
    csv.records().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_like_formulas_are_guarded_and_numbers_are_not() {
        let pounds = Currency::new("GBP").expect("pounds");
        assert_eq!(text_of(&Value::text("=cmd|' /C calc'!A0"), &pounds), "'=cmd|' /C calc'!A0");
        assert_eq!(text_of(&Value::Money(-1250), &pounds), "-12.50");
        assert_eq!(text_of(&Value::Share(1, 8), &pounds), "12.5%");
    }
}
