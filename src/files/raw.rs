//! Rows as they stand in a text: where their fields are, without a copy of them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use super::laid::CellKind;
use super::{Visitor, unguarded};

/// A row as it stands in a text, quotes and all.
#[derive(Clone, Copy, Debug)]
pub struct RawRow<'a> {
    /// Line of the file, from 1.
    pub number: u64,
    /// The text that it is a row of, which is UTF-8.
    pub(super) text: &'a [u8],
    /// Where it begins in it.
    pub(super) start: usize,
    /// The byte behind each field. Where rows are laid out, blank fields may end before they begin.
    pub(super) ends: &'a [u32],
    /// Whether it is known to stand there as [`Canonical`] would write it.
    pub(super) is_canonical: bool,
    /// What its cells hold, where it is laid out from them and not a row of csv.
    pub(super) kinds: Option<&'a [CellKind]>,
}

impl<'a> RawRow<'a> {
    /// How many fields it has.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.ends.len()
    }

    /// Where a field stands in the text, with its quotes; nowhere where there is no such column.
    #[inline]
    fn range(&self, column: usize) -> Range<usize> {
        let Some(end) = self.ends.get(column) else { return 0..0 };
        let start = column.checked_sub(1).map_or(self.start, |before| self.ends[before] as usize + 1);
        let end = *end as usize;
        // The last field of a row of csv may stand before the first half of its line's end.
        let is_last = column + 1 == self.ends.len() && self.kinds.is_none();
        let has_return = is_last && end > start && self.text.get(end - 1) == Some(&b'\r');
        start..end - usize::from(has_return)
    }

    /// A field as it stands, with its quotes; blank where there is no such column.
    #[must_use]
    pub fn field(&self, column: usize) -> &'a str {
        str::from_utf8(self.bytes(column)).unwrap_or_default()
    }

    /// Whether it is laid out from cells, which are of a kind each, and not a row of csv.
    #[must_use]
    pub fn has_kinds(&self) -> bool {
        self.kinds.is_some()
    }

    /// What stands in a field.
    #[must_use]
    pub fn kind(&self, column: usize) -> CellKind {
        self.kinds.and_then(|kinds| kinds.get(column)).copied().unwrap_or_default()
    }

    /// The bytes of a field as it stands, as [`field`](RawRow::field) gives them.
    #[inline]
    #[must_use]
    pub fn bytes(&self, column: usize) -> &'a [u8] {
        self.text.get(self.range(column)).unwrap_or_default()
    }

    /// The bytes of a field as it stands, where they are not many.
    #[inline]
    #[must_use]
    pub fn padded(&self, column: usize) -> Option<Padded> {
        let range = self.range(column);
        match self.text.get(range.start..).and_then(|text| text.first_chunk()) {
            Some(bytes) => Padded::of(bytes, range.len()),
            None => Padded::of_slice(self.bytes(column)),
        }
    }

    /// The text of a field as it is meant; `None` where it has to be written anew, as it holds quotes.
    fn meant(&self, column: usize) -> Option<&'a str> {
        let field = self.field(column);
        if field.as_bytes().first() != Some(&b'"') || self.has_kinds() {
            return Some(field);
        }
        let text = field.get(1..field.len() - 1)?;
        memchr::memchr(b'"', text.as_bytes()).is_none().then_some(text)
    }

    /// The text of a field as [`Row::cell`](super::Row::cell) gives it; `None` where it has to be written anew, as it
    /// holds quotes.
    #[must_use]
    pub fn text(&self, column: usize) -> Option<&'a str> {
        if self.has_kinds() {
            let field = self.field(column);
            return Some(if self.kind(column) == CellKind::Text { field.trim() } else { field });
        }
        Some(unguarded(self.meant(column)?.trim()))
    }

    /// The text of a field as [`Row::cell`](super::Row::cell) gives it.
    #[must_use]
    pub fn unquoted(&self, column: usize) -> Cow<'a, str> {
        self.text(column)
            .map_or_else(|| Cow::Owned(unguarded(undoubled(self.field(column)).trim()).to_owned()), Cow::Borrowed)
    }

    /// A hash of the row's cells, the same as [`Row::hash`](super::Row::hash) gives.
    #[must_use]
    pub fn hash(&self, scratch: &mut Vec<u8>) -> u64 {
        if self.is_canonical {
            let end = self.ends[self.ends.len() - 1] as usize;
            let row = self.text.get(self.start..end).unwrap_or_default();
            return rapidhash::v3::rapidhash_v3(row.strip_suffix(b"\r").unwrap_or(row));
        }
        let mut canonical = Canonical::begin(scratch);
        for column in 0..self.columns() {
            canonical.push(&self.unquoted(column));
        }
        canonical.finish()
    }
}

/// What stands between the quotes of a field, where two quotes mean one.
fn undoubled(field: &str) -> String {
    let mut rest = field.get(1..field.len().saturating_sub(1)).unwrap_or_default();
    let mut text = String::with_capacity(rest.len());
    while let Some((before, behind)) =
        memchr::memchr(b'"', rest.as_bytes()).and_then(|at| rest.split_at_checked(at + 1))
    {
        text.push_str(before);
        rest = behind.strip_prefix('"').unwrap_or(behind);
    }
    text.push_str(rest);
    text
}

/// The cells of a row of csv as they are meant.
#[derive(Clone, Debug)]
pub(super) struct Meant<'a> {
    row: RawRow<'a>,
    /// Those that had to be written anew.
    undoubled: Vec<OnceCell<String>>,
}

impl<'a> Meant<'a> {
    pub(super) fn new(row: RawRow<'a>) -> Self {
        Meant { row, undoubled: vec![OnceCell::new(); row.columns()] }
    }

    pub(super) fn columns(&self) -> usize {
        self.row.columns()
    }

    /// A cell, with the blanks around it; blank where there is no such column.
    pub(super) fn cell(&self, column: usize) -> &str {
        match (self.row.meant(column), self.undoubled.get(column)) {
            (None, Some(cell)) => cell.get_or_init(|| undoubled(self.row.field(column))),
            (meant, _) => meant.unwrap_or_default(),
        }
    }
}

/// A few bytes, with zeros behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padded {
    /// The bytes.
    pub words: [u64; 4],
    /// How many they are.
    pub length: usize,
}

impl Padded {
    /// Most bytes that there can be.
    pub const MAX: usize = 32;

    /// The first so many of some bytes; `None` where they are too many.
    #[inline]
    fn of(bytes: &[u8; Self::MAX], length: usize) -> Option<Padded> {
        const MASKS: [u8; 2 * Padded::MAX] = {
            let mut masks = [0; 2 * Padded::MAX];
            let mut at = 0;
            while at < Padded::MAX {
                masks[at] = u8::MAX;
                at += 1;
            }
            masks
        };
        let mask: &[u8; Self::MAX] = MASKS.get(Self::MAX.checked_sub(length)?..)?.first_chunk()?;
        let (bytes, masks) = (bytes.as_chunks().0, mask.as_chunks().0);
        let word = |at: usize| u64::from_le_bytes(bytes[at]) & u64::from_le_bytes(masks[at]);
        Some(Padded { words: [word(0), word(1), word(2), word(3)], length })
    }

    /// Some bytes; `None` where they are too many.
    #[must_use]
    pub fn of_slice(text: &[u8]) -> Option<Padded> {
        let mut bytes = [0; Self::MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Padded::of(&bytes, text.len())
    }
}

/// Rows that are shown before they are handed over.
pub(super) const ROWS_AHEAD: usize = 32;

/// Shows rows as they stand, some at a time; those that are not taken so are made ready by `otherwise`, which is told which
/// of the rows each is.
pub(super) fn show<'r, V: Visitor + ?Sized>(
    mut rows: impl Iterator<Item = RawRow<'r>>,
    visitor: &mut V,
    mut otherwise: impl FnMut(usize, &RawRow<'r>, &mut V),
) {
    let mut ahead = Vec::with_capacity(ROWS_AHEAD);
    let mut shown = 0;
    loop {
        ahead.clear();
        ahead.extend(rows.by_ref().take(ROWS_AHEAD));
        if ahead.is_empty() {
            return;
        }
        visitor.ahead(&ahead);
        for row in &ahead {
            if !visitor.raw(row) {
                otherwise(shown, row, visitor);
            }
            shown += 1;
        }
    }
}

fn needs_quotes(byte: u8) -> bool {
    matches!(byte, b',' | b'"' | b'\r' | b'\n')
}

/// Hashes cells as one line of csv: quotes only where they must be, no blanks around cells. Most exports are written just
/// so, and are hashed as they stand.
pub(super) struct Canonical<'s>(&'s mut Vec<u8>);

impl<'s> Canonical<'s> {
    pub(super) fn begin(scratch: &'s mut Vec<u8>) -> Self {
        scratch.clear();
        Canonical(scratch)
    }

    pub(super) fn push(&mut self, text: &str) {
        if text.bytes().any(needs_quotes) {
            self.0.push(b'"');
            for byte in text.bytes() {
                if byte == b'"' {
                    self.0.push(b'"');
                }
                self.0.push(byte);
            }
            self.0.push(b'"');
        } else {
            self.0.extend_from_slice(text.as_bytes());
        }
        self.0.push(b',');
    }

    pub(super) fn finish(self) -> u64 {
        self.0.pop();
        rapidhash::v3::rapidhash_v3(self.0)
    }
}
