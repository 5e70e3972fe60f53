//! Rows as they stand in a text: where their fields are, without a copy of them.

use std::borrow::Cow;

use wide::u8x16;

use super::unguarded;

/// Bytes that are looked at in one step.
const STEP: usize = 64;
const STEP_BYTES: u32 = 64;

/// Where the fields and records of some text end.
#[derive(Default)]
pub(super) struct Index {
    /// The byte behind each field: its separator or line feed.
    ends: Vec<u32>,
    fields: usize,
    columns: usize,
    /// Whether a field holds a line feed, so that records and lines are not the same.
    has_inner_lines: bool,
    /// Where a field stands otherwise, perhaps, than [`Canonical`] would write it; each place belongs to one row.
    unusual: Vec<u32>,
}

/// One bit for each byte of a step, from what is said of 16 bytes.
#[inline]
fn bits(step: &[u8x16; 4], of: impl Fn(u8x16) -> u8x16) -> u64 {
    let bits = |at: usize| u64::from(of(step[at]).to_bitmask()) << (16 * at);
    bits(0) | bits(1) | bits(2) | bits(3)
}

/// The bytes of a step that are the wanted one.
#[inline]
fn bits_of(step: &[u8x16; 4], wanted: u8x16) -> u64 {
    bits(step, |bytes| bytes.simd_eq(wanted))
}

/// The bytes that may be a blank or part of one, and the one that keeps a spreadsheet from taking a text for a formula.
#[inline]
fn edgy(step: &[u8x16; 4]) -> u64 {
    let [first, last, quote] = [b'!', b'~', b'\''].map(u8x16::splat);
    !bits(step, |bytes| bytes.max(first).min(last).simd_eq(bytes)) | bits_of(step, quote)
}

/// For each bit, whether the number of bits up to and with it is odd.
#[inline]
fn odd_up_to(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

impl Index {
    /// Finds the ends of all fields; `false` when the text is not plainly well-formed: each record with as many fields as
    /// there are columns, quotes around whole fields only, lines ended by `\n` or `\r\n`, and the last one ended too.
    pub(super) fn fill(&mut self, text: &[u8], delimiter: u8, columns: usize) -> bool {
        // A single column cannot be told from a blank line.
        if columns < 2 || matches!(delimiter, 0 | b'"' | b'\r' | b'\n') || u32::try_from(text.len()).is_err() {
            return false;
        }
        let [quote, separator, feed, back] = [b'"', delimiter, b'\n', b'\r'].map(u8x16::splat);
        if self.ends.len() < text.len() + STEP {
            self.ends.resize(text.len() + STEP, 0);
        }
        self.columns = columns;
        self.unusual.clear();
        let mut fields = 0;
        let mut records_end = columns;
        // Carried over from the step before: all ones inside quotes, and whether its last byte was of a kind.
        let (mut inside, mut was_end, mut was_closing, mut was_back) = (0u64, 1u64, 0u64, 0u64);
        let (mut was_edgy, mut was_over, mut was_beginning, mut needed_quotes) = (0u64, 0u64, 0u64, false);
        let (mut bad, mut inner_lines) = (0u64, 0u64);
        let mut last = [0u8; STEP];
        let (steps, rest) = text.as_chunks::<STEP>();
        last[..rest.len()].copy_from_slice(rest);
        let last: &[[u8; STEP]] = if rest.is_empty() { &[] } else { std::slice::from_ref(&last) };
        let mut base = 0u32;
        for step in steps.iter().chain(last) {
            let (parts, _) = step.as_chunks::<16>();
            let step = [0, 1, 2, 3].map(|at| u8x16::new(parts[at]));
            let quotes = bits_of(&step, quote);
            let separators = bits_of(&step, separator);
            let feeds = bits_of(&step, feed);
            let backs = bits_of(&step, back);
            let within = if quotes == 0 { inside } else { odd_up_to(quotes) ^ inside };
            inside = if within >> (STEP - 1) == 1 { u64::MAX } else { 0 };
            let opening = quotes & within;
            let closing = quotes & !within;
            let lines = feeds & !within;
            let mut ends = (separators | feeds) & !within;
            let returns = backs & !within;
            let behind = |bits: u64, was: u64| bits << 1 | was;
            let behind_closing = behind(closing, was_closing);
            bad |= opening & !(behind(ends, was_end) | behind_closing);
            bad |= behind_closing & !(ends | returns | opening);
            bad |= behind(returns, was_back) & !lines;
            inner_lines |= feeds & within;

            // A field begins behind an end or its quote, and ends before an end, the return before that, or its quote.
            let edgy = edgy(&step);
            let over = ends | returns;
            let beginning = opening & behind(ends, was_end);
            let quoted = over & behind_closing;
            let mut unusual = edgy & (behind(ends, was_end) & !over | behind(beginning, was_beginning));
            unusual |= quoted & (edgy << 2 | was_edgy);
            unusual |= over & behind(edgy, was_edgy >> 1) & !behind(over, was_over) & !behind_closing;
            let mut needs = (separators | feeds | backs) & within | opening & behind_closing;
            let mut unchecked = quoted;
            while unchecked != 0 {
                let up_to = unchecked ^ (unchecked - 1);
                if !needed_quotes && needs & up_to == 0 {
                    unusual |= up_to & unchecked;
                }
                needed_quotes = false;
                needs &= !up_to;
                unchecked &= unchecked - 1;
            }
            needed_quotes |= needs != 0;
            (was_edgy, was_over, was_beginning) = (edgy >> (STEP - 2), over >> (STEP - 1), beginning >> (STEP - 1));
            while unusual != 0 {
                self.unusual.push(base + unusual.trailing_zeros());
                unusual &= unusual - 1;
            }

            (was_end, was_closing, was_back) = (ends >> (STEP - 1), closing >> (STEP - 1), returns >> (STEP - 1));
            let mut unchecked = lines;
            while unchecked != 0 {
                let up_to = unchecked ^ (unchecked - 1);
                let count = fields + (ends & up_to).count_ones() as usize;
                bad |= u64::from(count != records_end);
                records_end += columns;
                unchecked &= unchecked - 1;
            }
            let count = ends.count_ones() as usize;
            for end in &mut self.ends[fields..fields + count] {
                *end = base + ends.trailing_zeros();
                ends &= ends - 1;
            }
            fields += count;
            base += STEP_BYTES;
            if bad != 0 {
                return false;
            }
        }
        self.fields = fields;
        self.has_inner_lines = inner_lines != 0;
        let is_ended = text.last() == Some(&b'\n') && fields + columns == records_end;
        is_ended && inside == 0 && bad == 0
    }

    /// The rows of the text that was indexed, whose first line has this number.
    pub(super) fn rows<'a>(
        &'a self,
        text: &'a str,
        delimiter: u8,
        first_line: u64,
    ) -> impl Iterator<Item = RawRow<'a>> {
        let (mut start, mut number) = (0usize, first_line);
        let mut unusual = self.unusual.iter().map(|at| *at as usize).peekable();
        self.ends[..self.fields].chunks_exact(self.columns).map(move |ends| {
            let end = ends[ends.len() - 1] as usize;
            let mut is_canonical = delimiter == b',';
            while unusual.next_if(|at| *at <= end).is_some() {
                is_canonical = false;
            }
            let row = RawRow { number, text, start, ends, is_canonical };
            number += 1;
            if self.has_inner_lines {
                number += memchr::memchr_iter(b'\n', &text.as_bytes()[start..end]).count() as u64;
            }
            start = end + 1;
            row
        })
    }
}

/// A row as it stands in a text, quotes and all.
#[derive(Clone, Copy, Debug)]
pub struct RawRow<'a> {
    /// Line of the file, from 1.
    pub number: u64,
    text: &'a str,
    start: usize,
    ends: &'a [u32],
    /// Whether it is known to stand there as [`Canonical`] would write it.
    is_canonical: bool,
}

impl<'a> RawRow<'a> {
    /// How many fields it has.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.ends.len()
    }

    /// A field as it stands, with its quotes; blank where there is no such column.
    #[must_use]
    pub fn field(&self, column: usize) -> &'a str {
        let Some(end) = self.ends.get(column) else { return "" };
        let start = column.checked_sub(1).map_or(self.start, |before| self.ends[before] as usize + 1);
        let field = self.text.get(start..*end as usize).unwrap_or_default();
        if column + 1 == self.ends.len() { field.strip_suffix('\r').unwrap_or(field) } else { field }
    }

    /// The text of a field as [`Row::cell`](super::Row::cell) gives it; `None` where it has to be written anew, as it
    /// holds quotes.
    #[must_use]
    pub fn text(&self, column: usize) -> Option<&'a str> {
        let field = self.field(column);
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
        let text = field.get(1..field.len() - 1).unwrap_or_default().replace("\"\"", "\"");
        Cow::Owned(unguarded(text.trim()).to_owned())
    }

    /// Fills a record with the fields as they are meant.
    pub(super) fn unquote(&self, record: &mut csv::StringRecord) {
        record.clear();
        for column in 0..self.columns() {
            let field = self.field(column);
            match field.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"')) {
                Some(text) if text.contains('"') => record.push_field(&text.replace("\"\"", "\"")),
                Some(text) => record.push_field(text),
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
