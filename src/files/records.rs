//! Bytes to records: the fields of a text as its quotes say, with the line and the byte each record begins at.

use std::io::{self, BufRead};

use csv_core::ReadRecordResult;

/// Fields of one record that are made room for at first.
const FIELDS: usize = 64;

/// Reads records one after another; lines in which nothing stands are none.
pub(super) struct Records<R> {
    text: R,
    core: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// Where the next byte stands.
    next: Position,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Line, from 1.
    pub(super) line: u64,
    /// Bytes before it.
    pub(super) byte: u64,
}

impl<R: BufRead> Records<R> {
    /// Begins to read at a record's first byte, which stands at `start`.
    pub(super) fn new(text: R, delimiter: u8, start: Position) -> Self {
        let core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        Records { text, core, fields: vec![0; 1 << 10], ends: vec![0; FIELDS], next: start }
    }

    /// Where the next byte stands.
    pub(super) fn position(&self) -> Position {
        self.next
    }

    /// Whether nothing comes any more but ends of lines.
    pub(super) fn is_at_end(&mut self) -> io::Result<bool> {
        self.pass_line_ends()?;
        Ok(self.text.fill_buf()?.is_empty())
    }

    fn consume(&mut self, count: usize, lines: usize) {
        self.text.consume(count);
        self.next.byte += count as u64;
        self.next.line += lines as u64;
    }

    /// Reads the next record and says where it begins; `None` at the end.
    pub(super) fn read(&mut self, record: &mut csv::ByteRecord) -> io::Result<Option<Position>> {
        record.clear();
        self.pass_line_ends()?;
        let start = self.next;
        let (mut bytes, mut fields) = (0, 0);
        loop {
            let input = self.text.fill_buf()?;
            let (result, read, written, ended) =
                self.core.read_record(input, &mut self.fields[bytes..], &mut self.ends[fields..]);
            let lines = memchr::memchr_iter(b'\n', &input[..read]).count();
            self.consume(read, lines);
            bytes += written;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => break,
            }
        }
        let mut from = 0;
        for end in &self.ends[..fields] {
            record.push_field(&self.fields[from..*end]);
            from = *end;
        }
        Ok(Some(start))
    }

    /// Passes over the line feed behind a carriage return and over lines in which nothing stands.
    fn pass_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.text.fill_buf()?;
            let count = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let is_all = count == input.len() && count > 0;
            let lines = memchr::memchr_iter(b'\n', &input[..count]).count();
            self.consume(count, lines);
            if !is_all {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(text: &str) -> Vec<(u64, u64)> {
        let mut records = Records::new(text.as_bytes(), b',', Position { line: 1, byte: 0 });
        let mut record = csv::ByteRecord::new();
        let mut starts = Vec::new();
        while let Some(start) = records.read(&mut record).expect("read") {
            starts.push((start.line, start.byte));
        }
        starts
    }

    #[test]
    fn a_record_begins_at_its_own_line_whatever_ends_lines() {
        assert_eq!(starts("a,b\nc,d\ne,f"), [(1, 0), (2, 4), (3, 8)]);
        assert_eq!(starts("a,b\r\nc,d\r\ne,f\r\n"), [(1, 0), (2, 5), (3, 10)]);
        assert_eq!(starts("\na,b\n\n\nc,\"d\n\n\"\r\n\r\ne,f"), [(2, 1), (5, 7), (9, 18)]);
        assert_eq!(starts("a\rb\rc"), [(1, 0), (1, 2), (1, 4)]);
    }
}
