//! Rows of cells, laid out as rows of a text: so that those of a workbook or a Parquet file can be taken as those of a
//! text export are, without being made one by one.

use super::raw::{self, ROWS_AHEAD, RawRow};
use super::workbook::SheetCell;
use super::{Cells, Row, Visitor};
use crate::period::Day;

/// Rows that are laid out at a time, and bytes of cells above which they are handed over, however few.
const ROWS_MAX: usize = 16 * ROWS_AHEAD;
const BYTES_MAX: usize = 1 << 22;

/// Stands behind each cell.
const SEPARATOR: char = '\n';

/// What a cell holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellKind {
    /// Text, or nothing.
    #[default]
    Text,
    /// A number as such.
    Number,
    /// A day.
    Day(Day),
    /// No value that can be used, in words.
    Fault,
}

/// Some rows, of as many cells each.
#[derive(Default)]
pub(super) struct Laid {
    text: String,
    ends: Vec<u32>,
    kinds: Vec<CellKind>,
    rows: Vec<LaidRow>,
}

struct LaidRow {
    number: u64,
    /// Where its text begins.
    start: usize,
    /// How many cells came; those of the other columns are blank.
    cells: usize,
}

impl Laid {
    /// Begins a row of so many cells, which are to follow from the first column on.
    pub(super) fn begin_row(&mut self, number: u64, cells: usize) {
        self.rows.push(LaidRow { number, start: self.text.len(), cells });
    }

    /// Whether there is as much as is handed over at a time.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= ROWS_MAX || self.text.len() >= BYTES_MAX
    }

    /// So many cells in which nothing stands.
    pub(super) fn blanks(&mut self, count: usize) {
        let first = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.ends.extend((first..).take(count));
        self.text.extend(std::iter::repeat_n(SEPARATOR, count));
        self.kinds.resize(self.kinds.len() + count, CellKind::Text);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(text);
        self.end_cell(CellKind::Text);
    }

    pub(super) fn cell(&mut self, cell: &SheetCell) {
        let kind = match cell {
            SheetCell::Blank => CellKind::Text,
            SheetCell::Text(text) => {
                self.text.push_str(text);
                CellKind::Text
            }
            SheetCell::Number(text) => {
                self.text.push_str(text);
                CellKind::Number
            }
            SheetCell::Day(day) => {
                self.text.push_str(&day.to_string());
                CellKind::Day(*day)
            }
            SheetCell::Fault(fault) => {
                self.text.push_str(fault);
                CellKind::Fault
            }
        };
        self.end_cell(kind);
    }

    fn end_cell(&mut self, kind: CellKind) {
        // Rows are handed over long before there are so many bytes; no row has as many.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        self.text.push(SEPARATOR);
        self.kinds.push(kind);
    }

    /// Hands the rows over, and forgets them.
    pub(super) fn hand_over(&mut self, columns: usize, visitor: &mut dyn Visitor) {
        let cells = self.ends.chunks_exact(columns.max(1)).zip(self.kinds.chunks_exact(columns.max(1)));
        let rows = self.rows.iter().zip(cells).map(|(row, (ends, kinds))| RawRow {
            number: row.number,
            text: self.text.as_bytes(),
            start: row.start,
            ends,
            is_canonical: false,
            kinds: Some(kinds),
        });
        raw::show(rows, visitor, |at, row, visitor| {
            let cells: Vec<SheetCell> = (0..self.rows[at].cells).map(|column| cell_of(row, column)).collect();
            visitor.row(&Row { number: row.number, cells: Cells::Sheet(&cells) });
        });
        self.text.clear();
        self.ends.clear();
        self.kinds.clear();
        self.rows.clear();
    }
}

fn cell_of(row: &RawRow<'_>, column: usize) -> SheetCell {
    let text = row.field(column).to_owned();
    match row.kind(column) {
        CellKind::Text if text.is_empty() => SheetCell::Blank,
        CellKind::Text => SheetCell::Text(text),
        CellKind::Number => SheetCell::Number(text),
        CellKind::Day(day) => SheetCell::Day(day),
        CellKind::Fault => SheetCell::Fault(text),
    }
}
