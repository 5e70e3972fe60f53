//! Rows of cells, laid out as rows of a text: so that those of a workbook or a Parquet file can be taken as those of a
//! text export are, without being made one by one.

use super::raw::RawRow;
use super::workbook::SheetCell;
use super::{Cells, Row, Visitor};
use crate::period::Day;

/// Rows that are shown before they are handed over.
pub(super) const ROWS_AHEAD: usize = 32;

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
    Day,
    /// No value that can be used, in words.
    Fault,
}

/// Some rows, of as many cells each.
#[derive(Default)]
pub(super) struct Laid {
    text: String,
    ends: Vec<u32>,
    kinds: Vec<CellKind>,
    /// For each row, its number and where it begins.
    rows: Vec<(u64, usize)>,
}

impl Laid {
    /// Begins a row; its cells are to follow from the first column on.
    pub(super) fn begin_row(&mut self, number: u64) {
        self.rows.push((number, self.text.len()));
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
                CellKind::Day
            }
            SheetCell::Fault(fault) => {
                self.text.push_str(fault);
                CellKind::Fault
            }
        };
        self.end_cell(kind);
    }

    fn end_cell(&mut self, kind: CellKind) {
        // Whoever lays out rows hands them over long before there are so many bytes.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        self.text.push(SEPARATOR);
        self.kinds.push(kind);
    }

    /// How many bytes the cells have.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Hands the rows over, and forgets them.
    pub(super) fn hand_over(&mut self, columns: usize, visitor: &mut dyn Visitor) {
        let cells = self.ends.chunks_exact(columns.max(1)).zip(self.kinds.chunks_exact(columns.max(1)));
        let mut rows = self.rows.iter().zip(cells).map(|((number, start), (ends, kinds))| RawRow {
            number: *number,
            text: &self.text,
            start: *start,
            ends,
            is_canonical: false,
            kinds: Some(kinds),
        });
        let mut ahead = Vec::with_capacity(ROWS_AHEAD);
        loop {
            ahead.clear();
            ahead.extend(rows.by_ref().take(ROWS_AHEAD));
            if ahead.is_empty() {
                break;
            }
            visitor.ahead(&ahead);
            for row in &ahead {
                if !visitor.raw(row) {
                    let cells: Vec<SheetCell> = (0..columns).map(|column| cell_of(row, column)).collect();
                    visitor.row(&Row { number: row.number, cells: Cells::Sheet(&cells) });
                }
            }
        }
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
        CellKind::Day => Day::parse_iso(&text)
            .map_or_else(|| SheetCell::Fault(format!("{text}, which is no date of the calendar")), SheetCell::Day),
        CellKind::Fault => SheetCell::Fault(text),
    }
}
