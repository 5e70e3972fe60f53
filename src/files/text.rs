//! Text exports: csv and tsv in any encoding, plain or packed.

use std::cell::Cell as Counter;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use flate2::bufread::{GzDecoder, MultiGzDecoder};

use super::decode::{BAD_BYTE, Bounded, END, END_FIELD, Encoding, FIELD_BYTES_MAX, TextFault, decode, guess_utf_16};
use super::records::{Position, Records};
use super::{
    Cells, DataFile, Evidence, Hashing, Headings, Packing, Row, TextForm, Visitor, container, file_fault, open,
};
use crate::finding::{Finding, Place};

/// How much is read from disk at a time.
const BUFFER_BYTES: usize = 1 << 18;

pub(super) fn read(
    file: &DataFile,
    form: TextForm,
    headings_row: u32,
    visitor: &mut dyn Visitor,
) -> Result<Option<Evidence>, Box<Finding>> {
    let packing = Packing::of(&file.name);
    let rows = Rows { file, form, headings_row, packing, visitor };
    let mut opened = open(file)?;
    if packing == Packing::Zip {
        let mut archive = container::open_zip(file, &opened)?;
        let part = container::only_table(file, &mut archive)?;
        if !rows.read(part)? {
            return Ok(None);
        }
        let failed = |error: io::Error| unreadable(file, &error, packing);
        opened.seek(SeekFrom::Start(0)).map_err(failed)?;
        return Hashing::new(opened).finish().map(Some).map_err(failed);
    }
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, Hashing::new(opened));
    let to_the_end = match packing {
        Packing::Gzip => rows.read(MultiGzDecoder::new(&mut raw))?,
        Packing::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(&mut raw);
            rows.read(decoder.map_err(|error| unreadable(file, &error, packing))?)?
        }
        Packing::None | Packing::Zip => rows.read(&mut raw)?,
    };
    if !to_the_end {
        return Ok(None);
    }
    // What the buffer holds was hashed when it was read, so only the rest of the file is missing.
    raw.into_inner().finish().map(Some).map_err(|error| unreadable(file, &error, packing))
}

/// First bytes of every member of a gzip.
const GZIP_MARK: &[u8] = b"\x1f\x8b";

/// First bytes of what is no table, what that is, and the way out.
const OTHER_KINDS: [(&[u8], &str, &str); 12] = [
    (b"PAR1", "a Parquet file", "give it the end of name .parquet"),
    (b"PK\x03\x04", "a zip or a workbook", "give it the end of name that says so, .zip or .xlsx"),
    (GZIP_MARK, "a gzip", "give it the end of name .gz"),
    (b"\x28\xb5\x2f\xfd", "a zst file", "give it the end of name .zst"),
    (b"\xd0\xcf\x11\xe0", "a workbook of the older kind", "give it the end of name .xls"),
    (b"BZh", "a bzip2 file", "unpack it"),
    (b"%PDF", "a PDF", "have the figures sent as a table"),
    (b"\xff\xfe\0\0", "UTF-32 text", "have it written as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32 text", "have it written as UTF-8"),
    (b"<!DOCTYPE", "a web page", "a link that has run out gives a page in place of the file: fetch it again"),
    (b"<html", "a web page", "a link that has run out gives a page in place of the file: fetch it again"),
    (b"<?xml", "XML", "have it sent as csv, or read why the request for the file failed"),
];

/// Bytes of a text that are looked at to tell what it is.
const START_BYTES: u64 = 9;

/// Says what a text is that is no table, by its first bytes.
fn refuse_other_kinds(file: &DataFile, start: &[u8], packing: Packing) -> Result<(), Box<Finding>> {
    let starts =
        |mark: &&(&[u8], &str, &str)| start.len() >= mark.0.len() && start[..mark.0.len()].eq_ignore_ascii_case(mark.0);
    let Some((_, is, help)) = OTHER_KINDS.iter().find(starts) else { return Ok(()) };
    let (title, help) = match packing {
        Packing::None => (format!("this is {is}, expected text"), *help),
        _ => (format!("this file is packed and holds {is}, expected text"), "unpack it, and give what is in it"),
    };
    Err(file_fault(file, "not-text", title, help))
}

fn unreadable(file: &DataFile, error: &io::Error, packing: Packing) -> Box<Finding> {
    if let Some(fault) = TextFault::of(error) {
        return text_fault(file, fault);
    }
    let (code, word) = match packing {
        Packing::Gzip => ("damaged-gzip", "gzip"),
        Packing::Zstd => ("damaged-zstd", "zst file"),
        Packing::Zip => ("damaged-zip", "zip"),
        Packing::None => {
            let help = "check the disk and the permissions";
            return file_fault(file, "unreadable", format!("this file cannot be read: {error}"), help);
        }
    };
    if let Some(end) = (packing == Packing::Gzip).then(|| end_of_gzip(file)).flatten() {
        let title = format!("something that is no gzip stands behind the gzip in this file, from byte {end} on");
        let help = "it was appended or padded when the file was copied, and may be data: have the file sent again, or unpacked";
        return file_fault(file, "behind-gzip", title, help);
    }
    let what = match error.kind() {
        // A flipped bit can make a stream run over its own end, so the two cannot always be told apart.
        io::ErrorKind::UnexpectedEof => {
            format!("truncated {word} or corrupt {word}: the file ends before its data does")
        }
        _ => format!("corrupt {word}: {error}"),
    };
    file_fault(file, code, what, "nothing of it is used: have the file sent again, or unpacked")
}

/// Where the last whole member of a gzip ends, and something else than another one stands behind it.
fn end_of_gzip(file: &DataFile) -> Option<u64> {
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, open(file).ok()?);
    loop {
        io::copy(&mut GzDecoder::new(&mut raw), &mut io::sink()).ok()?;
        let next = raw.fill_buf().ok()?;
        if !next.starts_with(&GZIP_MARK[..next.len().min(GZIP_MARK.len())]) {
            return raw.stream_position().ok();
        }
        if next.is_empty() {
            return None;
        }
    }
}

fn text_fault(file: &DataFile, fault: &TextFault) -> Box<Finding> {
    let (code, place, help) = match fault {
        TextFault::MarkDiffers { .. } => {
            ("not-in-encoding", Place::File(file.name.clone()), "the mark is part of the file: leave `encoding` out")
        }
        TextFault::RowTooLong => (
            "row-too-long",
            Place::File(file.name.clone()),
            "look for a quote that is opened and not closed, or have it exported again",
        ),
    };
    Box::new(Finding::error(code, place, fault.to_string()).help(help))
}

/// What is known of a text before its rows are read.
pub(super) struct Opened<'r> {
    /// Its letters as UTF-8, without a byte order mark.
    pub(super) text: Box<dyn Read + Send + 'r>,
    /// Where its first letter stands.
    pub(super) start: Position,
    /// As [`Decoded::from`](super::decode::Decoded::from).
    pub(super) from: Option<Encoding>,
}

/// Looks at the first bytes of a text, and decodes it.
pub(super) fn begin<'r>(
    file: &DataFile,
    form: TextForm,
    packing: Packing,
    raw: impl Read + Send + 'r,
) -> Result<Opened<'r>, Box<Finding>> {
    let failed = |error: io::Error| unreadable(file, &error, packing);
    let mut raw = raw;
    let mut start = Vec::new();
    raw.by_ref().take(START_BYTES).read_to_end(&mut start).map_err(failed)?;
    refuse_other_kinds(file, &start, packing)?;
    let decoded = decode(io::Cursor::new(start).chain(raw), form.encoding).map_err(failed)?;
    Ok(Opened { text: decoded.text, start: Position { line: 1, byte: decoded.mark_bytes }, from: decoded.from })
}

/// The rows of one text.
struct Rows<'a> {
    file: &'a DataFile,
    form: TextForm,
    headings_row: u32,
    packing: Packing,
    visitor: &'a mut dyn Visitor,
}

impl Rows<'_> {
    /// Hands over all rows; `false` when no more than the headings are wanted.
    fn read(self, raw: impl Read + Send) -> Result<bool, Box<Finding>> {
        let Rows { file, form, headings_row, packing, visitor } = self;
        let failed = |error: io::Error| unreadable(file, &error, packing);
        let Opened { text, mut start, from } = begin(file, form, packing, raw)?;
        let since_row = Rc::new(Counter::new(0));
        let mut text = BufReader::with_capacity(BUFFER_BYTES, Bounded::new(text, Rc::clone(&since_row)));
        // Titles above the headings are lines of any shape, so they are passed over as lines, not as records.
        let mut line = Vec::new();
        for _ in 1..headings_row {
            line.clear();
            start.byte += text.read_until(b'\n', &mut line).map_err(failed)? as u64;
            since_row.set(0);
        }
        start.line = u64::from(headings_row);
        let records = Records::new(text, form.delimiter, start);
        let about = About { file, packing, from, headings_row };
        about.rows(records, None, visitor, || since_row.set(0))
    }
}

/// What findings about the rows of a text say of it.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) file: &'a DataFile,
    pub(super) packing: Packing,
    pub(super) from: Option<Encoding>,
    pub(super) headings_row: u32,
}

impl About<'_> {
    /// Hands over the records of a text that ends with [`END`]; `false` when no more than the headings are wanted. They
    /// are the first record where none are given. `done` is called when a record is complete.
    pub(super) fn rows<R: BufRead>(
        &self,
        mut records: Records<R>,
        headings: Option<&Headings>,
        visitor: &mut dyn Visitor,
        done: impl Fn(),
    ) -> Result<bool, Box<Finding>> {
        let About { file, packing, from, headings_row } = *self;
        let mut record = csv::ByteRecord::new();
        let mut headings: Option<Headings> = headings.cloned();
        let place = |line: u64| Place::Line { file: file.name.clone(), line, column: None };
        while let Some(start) = records.read(&mut record).map_err(|error| unreadable(file, &error, packing))? {
            done();
            let number = start.line;
            let is_end = record.len() == 1 && &record[0] == END_FIELD;
            if is_end && records.is_at_end().map_err(|error| unreadable(file, &error, packing))? {
                return match headings {
                    Some(_) => Ok(true),
                    None => Err(no_headings(file, headings_row)),
                };
            }
            let last = record.get(record.len().saturating_sub(1)).unwrap_or_default();
            if last.ends_with(END) {
                let title = "a quote is opened in this row and never closed, so the rest of the file is inside it";
                let finding = Finding::error("open-quote", place(number), title);
                return Err(Box::new(finding.help("a cut-off upload or a stray quote: have it exported again")));
            }
            if record.as_slice().len() > FIELD_BYTES_MAX && record.iter().any(|field| field.len() > FIELD_BYTES_MAX) {
                let title = format!("this row has a field of more than {} MiB", FIELD_BYTES_MAX >> 20);
                let help = "no export holds so much in one cell: look for a quote that is opened and not closed";
                visitor.fault(Finding::error("field-too-long", place(number), title).help(help));
                continue;
            }
            if record.as_slice().contains(&0) {
                let finding = zero_byte(&record, place(number), headings.is_none());
                if headings.is_none() {
                    return Err(Box::new(finding));
                }
                let readable = readable(&record, None);
                visitor.refuse(&Row { number, cells: Cells::Text(&readable) }, finding);
                continue;
            }
            let strings = match csv::StringRecord::from_byte_record(std::mem::take(&mut record)) {
                Ok(strings) => strings,
                Err(error) => {
                    record = error.into_byte_record();
                    let finding = match from {
                        None => not_utf8(&record, start.byte, place(number)),
                        Some(encoding) => not_in_encoding(&record, encoding, place(number)),
                    };
                    if headings.is_none() {
                        return Err(Box::new(finding));
                    }
                    let readable = readable(&record, from);
                    visitor.refuse(&Row { number, cells: Cells::Text(&readable) }, finding);
                    continue;
                }
            };
            if let Some(headings) = &headings {
                let row = Row { number, cells: Cells::Text(&strings) };
                if strings.len() == headings.names.len() || row.is_blank() {
                    visitor.row(&row);
                } else {
                    visitor.refuse(&row, ragged(&strings, headings, number));
                }
            } else {
                let found = headings_of(file, &strings, number);
                if !visitor.headings(&found) {
                    return Ok(false);
                }
                headings = Some(found);
            }
            record = strings.into_byte_record();
        }
        Err(no_headings(file, headings_row))
    }
}

/// The headings in a record.
pub(super) fn headings_of(file: &DataFile, record: &csv::StringRecord, row: u64) -> Headings {
    let names = record.iter().map(|name| name.trim().to_owned()).collect();
    Headings { file: file.name.clone(), sheet: None, names, row }
}

fn no_headings(file: &DataFile, headings_row: u32) -> Box<Finding> {
    let title = format!("this file has no row {headings_row} to take the headings from");
    file_fault(file, "empty-file", title, "check headings_row, and whether the export is complete")
}

fn ragged(row: &csv::StringRecord, headings: &Headings, number: u64) -> Finding {
    let count = |n: usize| if n == 1 { "1 field".to_owned() } else { format!("{n} fields") };
    let title = format!("this row has {}, the headings have {}", count(row.len()), headings.names.len());
    Finding::error("ragged-row", headings.place(number, None), title)
        .help("a cut-off upload, a stray separator or a missing quote moves amounts into other columns: have it exported again")
}

fn zero_byte(record: &csv::ByteRecord, place: Place, is_headings: bool) -> Finding {
    if is_headings {
        let guess = guess_utf_16(record.get(0).unwrap_or_default()).name();
        return Finding::error("not-utf-8", place, "this is UTF-16 text without a byte order mark")
            .help(format!("declare it: formats = {{ encoding = \"{guess}\" }}"));
    }
    Finding::error("zero-byte", place, "this row holds a byte 0x00, which no text has")
        .help("the file is damaged: have it exported again")
}

/// A row with the bytes that are no text written as `\xDF`.
fn readable(record: &csv::ByteRecord, from: Option<Encoding>) -> csv::StringRecord {
    record
        .iter()
        .map(|field| {
            let mut text = String::new();
            for chunk in field.utf8_chunks() {
                text.push_str(chunk.valid());
                for byte in chunk.invalid() {
                    match from {
                        // Its digits come next, see `BAD_BYTE`.
                        Some(_) => text.push_str("\\x"),
                        None => text.extend(["\\x".to_owned(), format!("{byte:02X}")]),
                    }
                }
            }
            text.replace('\0', "\\x00")
        })
        .collect()
}

fn not_in_encoding(record: &csv::ByteRecord, encoding: Encoding, place: Place) -> Finding {
    let bytes = record.as_slice();
    let digits = memchr::memchr(BAD_BYTE, bytes).and_then(|at| bytes.get(at + 1..at + 3)).unwrap_or_default();
    let title = format!("byte 0x{} is not {} text", String::from_utf8_lossy(digits), encoding.name());
    Finding::error("not-in-encoding", place, title).help(
        "the file is damaged, or written in another encoding than formats = { encoding = \"…\" } or its mark says",
    )
}

fn not_utf8(record: &csv::ByteRecord, start: u64, place: Place) -> Finding {
    let bytes = record.as_slice();
    let at = std::str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
    // Separators and quotes are not part of the record, so the byte is given by the fields before it.
    let fields_before =
        (0..record.len()).take_while(|field| record.range(*field).is_some_and(|range| range.end <= at)).count();
    let byte = start + (at + fields_before) as u64;
    let title = format!(
        "byte 0x{:02X} is not UTF-8 text (byte {byte} of the text)",
        bytes.get(at).copied().unwrap_or_default()
    );
    Finding::error("not-utf-8", place, title)
        .help("export the file as UTF-8, or declare how it is written: formats = { encoding = \"windows-1252\" }")
}
