//! Rows as they stand in a text: where their fields are, without a copy of them.

use std::borrow::Cow;
use std::ops::Range;

use super::laid::CellKind;
use super::{Visitor, unguarded};

/// A row as it stands in a text, quotes and all.
#[derive(Clone, Copy, Debug)]
pub struct RawRow<'a> {
    /// Line of the file, from 1.
    pub number: u64,
    /// The text that it is a row of.
    pub(super) text: &'a str,
    /// Where it begins in it.
    pub(super) start: usize,
    /// The byte behind each field.
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
        let has_return = is_last && end > start && self.text.as_bytes().get(end - 1) == Some(&b'\r');
        start..end - usize::from(has_return)
    }

    /// A field as it stands, with its quotes; blank where there is no such column.
    #[must_use]
    pub fn field(&self, column: usize) -> &'a str {
        self.text.get(self.range(column)).unwrap_or_default()
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
        self.text.as_bytes().get(self.range(column)).unwrap_or_default()
    }

    /// The text of a field as [`Row::cell`](super::Row::cell) gives it; `None` where it has to be written anew, as it
    /// holds quotes.
    #[must_use]
    pub fn text(&self, column: usize) -> Option<&'a str> {
        let field = self.field(column);
        if self.has_kinds() {
            return Some(if self.kind(column) == CellKind::Text { field.trim() } else { field });
        }
        let text = match field.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"').filter(|text| !text.contains('"'))?,
            None => field,
        };
        Some(unguarded(text.trim()))
    }

    /// The text of a field as [`Row::cell`](super::Row::cell) gives it.
    #[must_use]
    pub fn unquoted(&self, column: usize) -> Cow<'a, str> {
        if let Some(text) = self.text(column) {
            return Cow::Borrowed(text);
        }
        let field = self.field(column);
        let mut text = String::new();
        undouble(field.get(1..field.len() - 1).unwrap_or_default(), &mut text);
        Cow::Owned(unguarded(text.trim()).to_owned())
    }

    /// Fills a record with the fields as they are meant.
    pub(super) fn unquote(&self, record: &mut csv::StringRecord) {
        record.clear();
        let mut undoubled = String::new();
        for column in 0..self.columns() {
            let field = self.field(column);
            match field.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"')) {
                Some(quoted) => {
                    undoubled.clear();
                    undouble(quoted, &mut undoubled);
                    record.push_field(&undoubled);
                }
                None => record.push_field(field),
            }
        }
    }

    /// A hash of the row's cells, the same as [`Row::hash`](super::Row::hash) gives.
    #[must_use]
    pub fn hash(&self, scratch: &mut Vec<u8>) -> u64 {
        if self.is_canonical {
            let end = self.ends[self.ends.len() - 1] as usize;
            let row = self.text.as_bytes().get(self.start..end).unwrap_or_default();
            return rapidhash::v3::rapidhash_v3(row.strip_suffix(b"\r").unwrap_or(row));
        }
        let mut canonical = Canonical::begin(scratch);
        for column in 0..self.columns() {
            canonical.push(&self.unquoted(column));
        }
        canonical.finish()
    }
}

/// Appends what stands between the quotes of a field, where two quotes mean one.
fn undouble(quoted: &str, text: &mut String) {
    let mut rest = quoted;
    while let Some((before, behind)) = memchr::memchr(b'"', rest.as_bytes()).and_then(|at| rest.split_at_checked(at + 1)) {
        text.push_str(before);
        rest = behind.strip_prefix('"').unwrap_or(behind);
    }
    text.push_str(rest);
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
