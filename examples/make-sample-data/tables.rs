//! Writing: csv (plain, semicolons, gz), workbooks, and money as text.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

type Done = Result<(), Box<dyn Error>>;

/// What the owner of a source states beside it.
pub(crate) struct Control {
    pub(crate) source: &'static str,
    pub(crate) total: String,
    pub(crate) rows: usize,
    pub(crate) says: &'static str,
}

/// A folder of the sample; made when it is not there.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: &Path) -> Result<Folder, Box<dyn Error>> {
        fs::create_dir_all(path)?;
        Ok(Folder(path.to_path_buf()))
    }

    pub(crate) fn csv(&self, name: &str, headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Done {
        self.delimited(name, b',', headings, rows)
    }

    pub(crate) fn delimited(
        &self,
        name: &str,
        delimiter: u8,
        headings: &[&str],
        rows: impl Iterator<Item = Vec<String>>,
    ) -> Done {
        Ok(fs::write(self.0.join(name), csv_bytes(delimiter, headings, rows)?)?)
    }

    /// No name and no time in the gz: the same rows give the same bytes.
    pub(crate) fn csv_gz(&self, name: &str, headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Done {
        let bytes = csv_bytes(b',', headings, rows)?;
        let file = fs::File::create(self.0.join(name))?;
        let mut gz = GzBuilder::new().mtime(0).operating_system(255).write(file, Compression::best());
        std::io::Write::write_all(&mut gz, &bytes)?;
        gz.finish()?;
        Ok(())
    }

    pub(crate) fn workbook(&self, name: &str, sheet: &Sheet) -> Done {
        let mut workbook = Workbook::new();
        let created = ExcelDateTime::from_ymd(2026, 11, 2)?;
        workbook.set_properties(
            &DocProperties::new().set_author("Harbour Mutual (invented)").set_creation_datetime(&created),
        );
        sheet.write(workbook.add_worksheet())?;
        workbook.save(self.0.join(name))?;
        Ok(())
    }
}

fn csv_bytes(
    delimiter: u8,
    headings: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(headings)?;
    for row in rows {
        writer.write_record(&row)?;
    }
    writer.into_inner().map_err(|e| e.to_string().into())
}

/// A cell of a workbook.
pub(crate) enum Cell {
    Text(String),
    /// A number given as its decimal text: `1234.56`.
    Number(String),
    /// A real date, year, month, day; shown as dd/mm/yyyy.
    Date(u16, u8, u8),
    Blank,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        if text.is_empty() { Cell::Blank } else { Cell::Text(text.to_string()) }
    }
}

/// One sheet: lines of title, the headings under them, the rows, and perhaps a line of totals.
pub(crate) struct Sheet<'a> {
    pub(crate) name: &'a str,
    pub(crate) title: &'a [&'a str],
    pub(crate) headings: &'a [&'a str],
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Sheet<'_> {
    fn write(&self, sheet: &mut Worksheet) -> Done {
        let bold = Format::new().set_bold();
        let date = Format::new().set_num_format("dd/mm/yyyy");
        let money = Format::new().set_num_format("#,##0.00");
        sheet.set_name(self.name)?;
        let mut line = 0;
        for title in self.title {
            sheet.write_with_format(line, 0, *title, &bold)?;
            line += 1;
        }
        for (column, heading) in (0..).zip(self.headings) {
            sheet.write_with_format(line, column, *heading, &bold)?;
            sheet.set_column_width(column, 18)?;
        }
        for row in &self.rows {
            line += 1;
            for (column, cell) in (0..).zip(row) {
                match cell {
                    Cell::Text(text) => sheet.write(line, column, text)?,
                    Cell::Number(number) if number.contains('.') => {
                        sheet.write_with_format(line, column, number.parse::<f64>()?, &money)?
                    }
                    Cell::Number(number) => sheet.write(line, column, number.parse::<f64>()?)?,
                    Cell::Date(year, month, day) => {
                        sheet.write_with_format(line, column, &ExcelDateTime::from_ymd(*year, *month, *day)?, &date)?
                    }
                    Cell::Blank => sheet,
                };
            }
        }
        Ok(())
    }
}

/// Whole units of `10^-digits` as plain text: `decimal(-123456, 2)` is `-1234.56`.
pub(crate) fn decimal(units: i64, digits: u32) -> String {
    let scale = 10_u64.pow(digits);
    let sign = if units < 0 { "-" } else { "" };
    let (whole, part) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    if digits == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part:0width$}", width = digits as usize)
    }
}

/// `decimal` without the zeros at its end: `0.1250` is `0.125`, `3.0000` is `3`.
pub(crate) fn decimal_short(units: i64, digits: u32) -> String {
    let text = decimal(units, digits);
    if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_string() }
}

/// Pence as a British ledger prints them: `-1,234.56`.
pub(crate) fn ledger_amount(pence: i64) -> String {
    let text = decimal(pence.abs(), 2);
    let (whole, part) = text.split_at(text.len() - 3);
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{}{grouped}{part}", if pence < 0 { "-" } else { "" })
}

/// A row of texts.
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}
