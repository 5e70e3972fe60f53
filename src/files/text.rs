//! Text exports: csv and tsv, plain or gzip, UTF-8.

use std::io::{self, BufRead, BufReader};

use flate2::bufread::MultiGzDecoder;

use super::{Cells, DataFile, Evidence, Hashing, Headings, Row, Visitor, file_fault, open};
use crate::finding::Finding;

/// How much is read from disk at a time.
const BUFFER_BYTES: usize = 1 << 18;

pub(super) fn read(
    file: &DataFile,
    delimiter: u8,
    headings_row: u32,
    visitor: &mut dyn Visitor,
) -> Result<Option<Evidence>, Box<Finding>> {
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, Hashing::new(open(file)?));
    let is_gzip = std::path::Path::new(&file.name).extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let to_the_end = if is_gzip {
        let decoded = BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(&mut raw));
        rows(file, decoded, delimiter, headings_row, visitor, true)?
    } else {
        rows(file, &mut raw, delimiter, headings_row, visitor, false)?
    };
    if !to_the_end {
        return Ok(None);
    }
    // What the buffer holds was hashed when it was read, so only the rest of the file is missing.
    raw.into_inner().finish().map(Some).map_err(|error| unreadable(file, &error, is_gzip))
}

fn unreadable(file: &DataFile, error: &io::Error, is_gzip: bool) -> Box<Finding> {
    if is_gzip {
        let what = match error.kind() {
            io::ErrorKind::UnexpectedEof => "truncated gzip: the file ends in the middle".to_owned(),
            _ => format!("corrupt gzip: {error}"),
        };
        return file_fault(file, "damaged-gzip", what, "nothing of it is used: have the file sent again, or unpacked");
    }
    file_fault(file, "unreadable", format!("this file cannot be read: {error}"), "check the disk and the permissions")
}

fn rows(
    file: &DataFile,
    mut text: impl BufRead,
    delimiter: u8,
    headings_row: u32,
    visitor: &mut dyn Visitor,
    is_gzip: bool,
) -> Result<bool, Box<Finding>> {
    let failed = |error: &io::Error| unreadable(file, error, is_gzip);
    let mut offset = skip_mark(&mut text).map_err(|error| failed(&error))?;
    // Titles above the headings are lines of any shape, so they are passed over as lines, not as records.
    let mut line = Vec::new();
    for _ in 1..headings_row {
        line.clear();
        offset += text.read_until(b'\n', &mut line).map_err(|error| failed(&error))? as u64;
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
    let mut record = csv::ByteRecord::new();
    let mut headings: Option<Headings> = None;
    let line_offset = u64::from(headings_row) - 1;
    while reader.read_byte_record(&mut record).map_err(|error| csv_fault(file, error, is_gzip))? {
        let position = record.position().cloned().unwrap_or_else(csv::Position::new);
        let number = line_offset + position.line();
        let strings = match csv::StringRecord::from_byte_record(std::mem::take(&mut record)) {
            Ok(strings) => strings,
            Err(error) => {
                let bad = error.into_byte_record();
                let place = crate::finding::Place::Line { file: file.name.clone(), line: number, column: None };
                visitor.fault(not_utf8(&bad, offset + position.byte(), place));
                record = bad;
                continue;
            }
        };
        if let Some(headings) = &headings {
            let row = Row { number, cells: Cells::Text(&strings) };
            if strings.len() == headings.names.len() || row.is_blank() {
                visitor.row(&row);
            } else {
                visitor.fault(ragged(&strings, headings, number));
            }
        } else {
            let names = strings.iter().map(|name| name.trim().to_owned()).collect();
            let found = Headings { file: file.name.clone(), sheet: None, names, row: number };
            if !visitor.headings(&found) {
                return Ok(false);
            }
            headings = Some(found);
        }
        record = strings.into_byte_record();
    }
    if headings.is_none() {
        let title = format!("this file has no row {headings_row} to take the headings from");
        return Err(file_fault(file, "empty-file", title, "check headings_row, and whether the export is complete"));
    }
    Ok(true)
}

/// Passes over a byte order mark; gives how many bytes it had.
fn skip_mark(text: &mut impl BufRead) -> io::Result<u64> {
    let has_mark = text.fill_buf()?.starts_with(b"\xef\xbb\xbf");
    if has_mark {
        text.consume(3);
    }
    Ok(if has_mark { 3 } else { 0 })
}

fn csv_fault(file: &DataFile, error: csv::Error, is_gzip: bool) -> Box<Finding> {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => unreadable(file, &error, is_gzip),
        other => {
            file_fault(file, "unreadable", format!("this file cannot be read: {other:?}"), "check how it was exported")
        }
    }
}

fn ragged(row: &csv::StringRecord, headings: &Headings, number: u64) -> Finding {
    let count = |n: usize| if n == 1 { "1 field".to_owned() } else { format!("{n} fields") };
    let title = format!("this row has {}, the headings have {}", count(row.len()), headings.names.len());
    Finding::error("ragged-row", headings.place(number, None), title)
        .help("a cut-off upload, a stray separator or a missing quote moves amounts into other columns: have it exported again")
}

fn not_utf8(record: &csv::ByteRecord, start: u64, place: crate::finding::Place) -> Finding {
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
    Finding::error("not-utf-8", place, title).help("export the file as UTF-8")
}
