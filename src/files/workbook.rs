//! Workbooks, read row by row. The only place that knows calamine.

use std::io::{BufReader, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Cell as XlsxCell, DataRef, Reader, SheetVisible, Xlsx, XlsxError};

use super::{Cell, Cells, DataFile, Evidence, Hashing, Headings, Row, Visitor, file_fault, open};
use crate::finding::{Finding, clean, did_you_mean, list_names};
use crate::period::Day;

/// Columns of a sheet that are looked at; the format's own limit.
const COLUMNS_MAX: u32 = 16_384;

/// A cell kept until its row is complete.
#[derive(Clone, Debug, Default)]
pub(super) enum SheetCell {
    #[default]
    Blank,
    Text(String),
    Day(Day),
    Fault(String),
}

impl SheetCell {
    pub(super) fn as_cell(&self) -> Cell<'_> {
        match self {
            SheetCell::Blank => Cell::Text(""),
            SheetCell::Text(text) => Cell::Text(text.trim()),
            SheetCell::Day(day) => Cell::Day(*day),
            SheetCell::Fault(fault) => Cell::Fault(fault),
        }
    }

    fn new(data: &DataRef<'_>) -> SheetCell {
        match data {
            DataRef::Empty => SheetCell::Blank,
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
                SheetCell::Text(text.clone())
            }
            DataRef::SharedString(text) => SheetCell::Text((*text).to_owned()),
            DataRef::Int(number) => SheetCell::Text(number.to_string()),
            // A cell is a float; its shortest decimal text is what the user sees.
            DataRef::Float(number) => SheetCell::Text(number.to_string()),
            DataRef::Bool(value) => SheetCell::Text(if *value { "TRUE" } else { "FALSE" }.to_owned()),
            DataRef::DateTime(time) if time.is_datetime() => {
                let (year, month, day, ..) = time.to_ymd_hms_milli();
                Day::new(year.into(), month.into(), day.into())
                    .map_or_else(|| SheetCell::Fault(format!("date {}", time.as_f64())), SheetCell::Day)
            }
            DataRef::DateTime(time) => SheetCell::Text(time.as_f64().to_string()),
            DataRef::Error(error) => SheetCell::Fault(error.to_string()),
        }
    }
}

/// `A`, `B`, … `Z`, `AA`: the letters of a column counted from 0.
pub(super) fn column_letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

pub(super) fn read(
    file: &DataFile,
    sheet: Option<&str>,
    headings_row: u32,
    visitor: &mut dyn Visitor,
) -> Result<Option<Evidence>, Box<Finding>> {
    let mut opened = open(file)?;
    // calamine panics on some damaged workbooks; that costs the file, not the run.
    let read = catch_unwind(AssertUnwindSafe(|| rows(file, BufReader::new(&opened), sheet, headings_row, visitor)));
    let to_the_end = read.unwrap_or_else(|_| Err(unreadable(file, "its parts contradict each other")))?;
    if !to_the_end {
        return Ok(None);
    }
    let failed = |error: std::io::Error| unreadable(file, &error.to_string());
    opened.seek(SeekFrom::Start(0)).map_err(failed)?;
    Hashing::new(opened).finish().map(Some).map_err(failed)
}

fn unreadable(file: &DataFile, why: &str) -> Box<Finding> {
    let title = format!("this is not a readable workbook: {why}");
    file_fault(file, "damaged-workbook", title, "open it in the spreadsheet program and save it as .xlsx again")
}

fn rows(
    file: &DataFile,
    opened: BufReader<&std::fs::File>,
    sheet: Option<&str>,
    headings_row: u32,
    visitor: &mut dyn Visitor,
) -> Result<bool, Box<Finding>> {
    let failed = |error: XlsxError| unreadable(file, &error.to_string());
    let mut workbook: Xlsx<_> = Xlsx::new(opened).map_err(failed)?;
    let sheet = pick_sheet(file, &workbook, sheet)?;
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(failed)?;
    let mut rows = Rows { file, sheet: &sheet, headings_row, headings: None, visitor };
    let mut row: Vec<SheetCell> = Vec::new();
    let mut number = 0u32;
    while let Some(cell) = cells.next_cell().map_err(failed)? {
        let (at, column) = cell_position(&cell);
        if column >= COLUMNS_MAX {
            continue;
        }
        if at != number {
            if !rows.complete(number, &row) {
                return Ok(false);
            }
            row.clear();
            number = at;
        }
        let column = column as usize;
        if row.len() <= column {
            row.resize(column + 1, SheetCell::Blank);
        }
        row[column] = SheetCell::new(cell.get_value());
    }
    rows.complete(number, &row);
    if rows.headings.is_some() {
        Ok(true)
    } else {
        let title = format!("sheet `{}` has no row {headings_row} to take the headings from", clean(&sheet));
        Err(file_fault(file, "empty-file", title, "check sheet and headings_row"))
    }
}

/// Row from 1 and column from 0 of a cell.
fn cell_position(cell: &XlsxCell<DataRef<'_>>) -> (u32, u32) {
    let (row, column) = cell.get_position();
    (row + 1, column)
}

fn pick_sheet<R: std::io::Read + Seek>(
    file: &DataFile,
    workbook: &Xlsx<R>,
    wanted: Option<&str>,
) -> Result<String, Box<Finding>> {
    let all = workbook.sheets_metadata();
    let found = match wanted {
        Some(wanted) => all.iter().find(|sheet| sheet.name == wanted),
        None => all.iter().find(|sheet| sheet.visible == SheetVisible::Visible),
    };
    found.map(|sheet| sheet.name.clone()).ok_or_else(|| {
        let names = || all.iter().map(|sheet| sheet.name.as_str());
        let title = match wanted {
            Some(wanted) => format!("there is no sheet `{}`", clean(wanted)),
            None => "this workbook has no visible sheet".to_owned(),
        };
        let mut finding =
            file_fault(file, "missing-sheet", title, &format!("its sheets are {}", list_names(names(), 20)));
        finding.help.extend(wanted.and_then(|wanted| did_you_mean(wanted, names())));
        finding
    })
}

struct Rows<'a> {
    file: &'a DataFile,
    sheet: &'a str,
    headings_row: u32,
    headings: Option<Headings>,
    visitor: &'a mut dyn Visitor,
}

impl Rows<'_> {
    /// Hands over a row that is complete; `false` when no more are wanted.
    fn complete(&mut self, number: u32, cells: &[SheetCell]) -> bool {
        if self.headings.is_some() {
            self.visitor.row(&Row { number: number.into(), cells: Cells::Sheet(cells) });
            return true;
        }
        if number != self.headings_row {
            return true;
        }
        let names = cells.iter().map(|cell| match cell.as_cell() {
            Cell::Text(text) | Cell::Fault(text) => text.to_owned(),
            Cell::Day(day) => day.to_string(),
        });
        let headings = Headings {
            file: self.file.name.clone(),
            sheet: Some(self.sheet.to_owned()),
            names: names.collect(),
            row: number.into(),
        };
        let wanted = self.visitor.headings(&headings);
        self.headings = Some(headings);
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::column_letters;

    #[test]
    fn columns_have_the_letters_a_spreadsheet_shows() {
        let letters: Vec<String> = [0, 25, 26, 701, 702].into_iter().map(column_letters).collect();
        assert_eq!(letters, ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
