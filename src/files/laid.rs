//! Rows of cells, laid out as rows of a text: so that those of a workbook or a Parquet file can be taken as those of a
//! text export are, without being made one by one.

use super::raw::{self, ROWS_AHEAD, RawRow};
use super::workbook::SheetCell;
use super::{Cell, Cells, Row, Visitor};
use crate::period::Day;

/// Rows that are laid out at a time, and bytes of cells above which they are handed over, however few.
const ROWS_MAX: usize = 16 * ROWS_AHEAD;
const BYTES_MAX: usize = 1 << 22;

/// Stands behind each cell.
const SEPARATOR: u8 = b'\n';

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

impl RawRow<'_> {
    /// A cell of a row that is laid out.
    pub(super) fn laid_cell(&self, column: usize) -> Cell<'_> {
        let text = self.field(column);
        match self.kind(column) {
            CellKind::Text => Cell::Text(text.trim()),
            CellKind::Number => Cell::Text(text),
            CellKind::Day(day) => Cell::Day(day),
            CellKind::Fault => Cell::Fault(text),
        }
    }
}

/// Some rows, of as many cells each.
#[derive(Default)]
pub(super) struct Laid {
    /// UTF-8.
    text: Vec<u8>,
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
        if count > 0 {
            // They end where the first of them begins.
            let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
            self.text.push(SEPARATOR);
            self.ends.resize(self.ends.len() + count, end);
            self.kinds.resize(self.kinds.len() + count, CellKind::Text);
        }
    }

    /// A text of UTF-8; `false` where the bytes are something else.
    #[inline]
    pub(super) fn text(&mut self, text: &[u8]) -> bool {
        let is_text = text.is_ascii() || str::from_utf8(text).is_ok();
        if is_text {
            self.text.extend_from_slice(text);
            self.end_cell(CellKind::Text);
        }
        is_text
    }

    pub(super) fn cell(&mut self, cell: &SheetCell) {
        let kind = match cell {
            SheetCell::Blank => CellKind::Text,
            SheetCell::Text(text) => {
                self.text.extend_from_slice(text.as_bytes());
                CellKind::Text
            }
            SheetCell::Number(text) => {
                self.text.extend_from_slice(text.as_bytes());
                CellKind::Number
            }
            SheetCell::Day(day) => {
                self.text.extend_from_slice(day.to_string().as_bytes());
                CellKind::Day(*day)
            }
            SheetCell::Fault(fault) => {
                self.text.extend_from_slice(fault.as_bytes());
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
            text: &self.text,
            start: row.start,
            ends,
            is_canonical: false,
            kinds: Some(kinds),
        });
        raw::show(rows, visitor, |at, row, visitor| {
            visitor.row(&Row { number: row.number, cells: Cells::Laid(row, self.rows[at].cells) });
        });
        self.text.clear();
        self.ends.clear();
        self.kinds.clear();
        self.rows.clear();
    }
}
