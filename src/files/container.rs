//! Zip containers: workbooks and packed tables. No row of them is used unless all of them has been checked.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read};

use memchr::memmem;
use zip::ZipArchive;
use zip::result::ZipError;

use super::{DataFile, file_fault};
use crate::finding::{Finding, clean, list_names};

/// How many bytes one byte of a workbook's part may unpack to. Sheets of a million like rows reach some 60;
/// beyond this it is made to fill the memory.
const RATIO_MAX: u64 = 200;

/// Parts below this size are not measured against [`RATIO_MAX`]: they cannot do harm, and may be all blanks.
const RATIO_FROM_BYTES: u64 = 1 << 20;

/// Largest part of a workbook that is streamed: a sheet of a million rows and a hundred columns has about 3 GB.
const PART_BYTES_MAX: u64 = 4 << 30;

/// Largest part of a workbook that is held in memory, such as its shared texts.
const HELD_BYTES_MAX: u64 = 256 << 20;

/// A zip over an open file.
pub(super) type Archive<'f> = ZipArchive<BufReader<&'f File>>;

/// Opens a zip file, or says what the file is instead.
pub(super) fn open_zip<'f>(file: &DataFile, opened: &'f File) -> Result<Archive<'f>, Box<Finding>> {
    ZipArchive::new(BufReader::new(opened)).map_err(|error| {
        let title = format!("truncated or corrupt zip: {}", words(&error));
        file_fault(file, "damaged-zip", title, "nothing of it is used: have the file sent again, or unpacked")
    })
}

/// The one table that a zip holds, as a stream of its bytes.
pub(super) fn only_table<'a>(file: &DataFile, archive: &'a mut Archive<'_>) -> Result<impl Read + 'a, Box<Finding>> {
    // What a Mac adds beside every file is no file of the user's.
    let is_table = |name: &str| !name.ends_with('/') && !name.starts_with("__MACOSX/") && !name.contains(".DS_Store");
    let mut names = Vec::new();
    for name in archive.file_names() {
        let name = name.map_err(|error| {
            file_fault(file, "damaged-zip", format!("corrupt zip: {}", words(&error)), "have the file sent again")
        })?;
        if is_table(&name) {
            names.push(name.into_owned());
        }
    }
    let [name] = names.as_slice() else {
        let title = match names.len() {
            0 => "this zip holds no file".to_owned(),
            count => format!("this zip holds {count} files, expected one table"),
        };
        let listed = list_names(names.iter().map(String::as_str), 12);
        return Err(file_fault(file, "not-one-table", title, &format!("unpack it, and name the files: {listed}")));
    };
    let ends_in = |end: &str| name.to_ascii_lowercase().ends_with(end);
    if [".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".zip", ".gz", ".zst", ".parquet"].into_iter().any(ends_in) {
        let title = format!("this zip holds `{}`, expected a text table", clean(name));
        return Err(file_fault(file, "not-one-table", title, "unpack it"));
    }
    let failed = |error: &ZipError| {
        let title = format!("`{}` in this zip cannot be read: {}", clean(name), words(error));
        file_fault(file, "damaged-zip", title, "have the file sent again, or unpacked and without a password")
    };
    archive.by_name(name).map_err(|error| failed(&error))
}

fn words(error: &ZipError) -> String {
    match error {
        ZipError::InvalidArchive(_) => "its directory is missing or damaged".to_owned(),
        other => other.to_string(),
    }
}

/// What the parts of a workbook say beside its cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    /// Names of all parts.
    pub(super) names: Vec<String>,
    /// Rows that are hidden: by part, or in an .ods file, all of whose sheets are one part, by sheet.
    pub(super) hidden_rows: Vec<(String, u64)>,
}

/// Whether a part of a workbook holds cells, which are read as they come.
pub(super) fn holds_cells(part: &str) -> bool {
    part.contains("worksheets/") || part == "content.xml"
}

/// Unpacks parts of a workbook once and throws them away, so that sizes, checksums and document types are known to
/// be sound.
pub(super) fn check_workbook(
    file: &DataFile,
    opened: &File,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Parts, Box<Finding>> {
    let damaged = |why: String| {
        let title = format!("this is not a readable workbook: {why}");
        file_fault(file, "damaged-workbook", title, "open it in the spreadsheet program and save it again")
    };
    let mut archive = ZipArchive::new(BufReader::new(opened))
        .map_err(|_| damaged("its zip directory is missing or damaged (cut-off upload?)".to_owned()))?;
    if archive.has_duplicate_names() {
        return Err(damaged("two of its parts have the same name".to_owned()));
    }
    let mut parts = Parts::default();
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).map_err(|error| damaged(words(&error)))?;
        let name = part.name().map_err(|error| damaged(words(&error)))?.into_owned();
        let shown = clean(&name);
        let (declared, packed) = (part.size(), part.compressed_size());
        if declared >= RATIO_FROM_BYTES && declared / packed.max(1) >= RATIO_MAX {
            let title = format!(
                "its part `{shown}` unpacks {packed} bytes to {declared}, {RATIO_MAX} to 1 or more: no workbook does"
            );
            return Err(file_fault(file, "zip-bomb", title, "nothing of it is unpacked: ask whoever sent it"));
        }
        if declared > PART_BYTES_MAX || declared > HELD_BYTES_MAX && !holds_cells(&name) {
            let title = format!("its part `{shown}` has {declared} bytes, more than can be read");
            return Err(file_fault(file, "workbook-too-large", title, "export it as csv, or in several files"));
        }
        if !is_wanted(&name) {
            parts.names.push(name);
            continue;
        }
        let mut scan = Scan::new(&name);
        let mut buffer = vec![0u8; 1 << 16];
        let mut size = 0u64;
        loop {
            let count =
                part.read(&mut buffer).map_err(|error| damaged(format!("its part `{shown}` is damaged ({error})")))?;
            if count == 0 {
                break;
            }
            size += count as u64;
            if size > declared {
                return Err(damaged(format!("its part `{shown}` is larger than its directory says")));
            }
            scan.add(&buffer[..count]);
            if scan.has_document_type {
                let title = format!("its part `{shown}` declares a document type (DTD), which no workbook needs");
                let help = "such a declaration can read files or fill the memory: nothing of it is used";
                return Err(file_fault(file, "document-type", title, help));
            }
        }
        // Room is made for as many as it says.
        if scan.claimed_texts > declared {
            return Err(damaged(format!("its part `{shown}` says that it has more texts than it can hold")));
        }
        if scan.hidden_rows > 0 {
            parts.hidden_rows.push((name.clone(), scan.hidden_rows));
        }
        parts.hidden_rows.extend(scan.hidden_by_sheet);
        parts.names.push(name);
    }
    Ok(parts)
}

/// What a part of a workbook is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A sheet of an .xlsx file.
    Sheet,
    /// All sheets of an .ods file.
    AllSheets,
    /// The texts that cells of an .xlsx file share.
    Texts,
    /// Other XML.
    Xml,
    /// Anything else.
    Other,
}

/// Looks at the bytes of a part as they go by.
struct Scan {
    part: Part,
    has_document_type: bool,
    hidden_rows: u64,
    hidden_by_sheet: Vec<(String, u64)>,
    /// How many texts it says that it has.
    claimed_texts: u64,
    /// The sheet that is gone by.
    sheet: String,
    /// The end of what went by, in which a word may have begun.
    rest: Vec<u8>,
}

impl Scan {
    /// Longest start tag of a row that is looked at.
    const TAG_BYTES_MAX: usize = 512;

    /// Rows of an .ods file that are written as one and counted as rows.
    const REPEATED_MAX: u64 = 10_000;

    fn new(name: &str) -> Scan {
        let is_xml = [".xml", ".rels", ".vml"].into_iter().any(|end| name.to_ascii_lowercase().ends_with(end));
        let part = match name {
            _ if !is_xml => Part::Other,
            "content.xml" => Part::AllSheets,
            _ if name.starts_with("xl/worksheets/") => Part::Sheet,
            _ if name.ends_with("sharedStrings.xml") => Part::Texts,
            _ => Part::Xml,
        };
        Scan {
            part,
            has_document_type: false,
            hidden_rows: 0,
            hidden_by_sheet: Vec::new(),
            claimed_texts: 0,
            sheet: String::new(),
            rest: Vec::new(),
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.part == Part::Other {
            return;
        }
        let mut text = Cow::Borrowed(bytes);
        if !self.rest.is_empty() || memchr::memchr(0, bytes).is_some() {
            let mut whole = std::mem::take(&mut self.rest);
            // A part in UTF-16 is the same letters with zero bytes between them.
            whole.extend(bytes.iter().filter(|byte| **byte != 0));
            text = Cow::Owned(whole);
        }
        let last = memchr::memrchr(b'<', &text)
            .filter(|at| text.len() - at < Self::TAG_BYTES_MAX && memchr::memchr(b'>', &text[*at..]).is_none());
        let (text, rest) = text.split_at(last.unwrap_or(text.len()));
        self.rest = rest.to_vec();
        for at in memmem::find_iter(text, b"<!") {
            self.has_document_type |= text[at..].get(..9).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<!DOCTYPE"));
        }
        match self.part {
            Part::Sheet => {
                let rows = memmem::find_iter(text, b"<row ").map(|at| tag_at(text, at));
                let is_hidden = |tag: &&[u8]| {
                    let has = |word: &[u8]| memmem::find(tag, word).is_some();
                    has(b" hidden=\"1\"") || has(b" hidden=\"true\"")
                };
                self.hidden_rows += rows.filter(is_hidden).count() as u64;
            }
            Part::AllSheets => {
                for at in memchr::memchr_iter(b'<', text) {
                    self.ods_tag(&String::from_utf8_lossy(tag_at(text, at)));
                }
            }
            Part::Texts => {
                for at in memmem::find_iter(text, b"<sst") {
                    let tag = String::from_utf8_lossy(tag_at(text, at));
                    let claimed = attribute_of(&tag, "uniqueCount").and_then(|count| count.parse().ok());
                    self.claimed_texts = claimed.unwrap_or(self.claimed_texts);
                }
            }
            Part::Xml | Part::Other => {}
        }
        self.has_document_type |= memmem::find(&self.rest, b"<!DOCTYPE").is_some();
    }

    /// Counts hidden rows of an .ods file by their sheet.
    fn ods_tag(&mut self, tag: &str) {
        if tag.starts_with("<table:table ") {
            self.sheet = attribute_of(tag, "table:name").map(plain).unwrap_or_default();
        } else if tag.starts_with("<table:table-row ")
            && matches!(attribute_of(tag, "table:visibility"), Some("collapse" | "filter"))
        {
            let repeated = attribute_of(tag, "table:number-rows-repeated").and_then(|rows| rows.parse().ok());
            // What is repeated so often is the blank rest of the sheet.
            let rows = repeated.unwrap_or(1u64);
            match self.hidden_by_sheet.iter_mut().find(|(sheet, _)| *sheet == self.sheet) {
                _ if rows > Self::REPEATED_MAX => {}
                Some((_, count)) => *count += rows,
                None => self.hidden_by_sheet.push((self.sheet.clone(), rows)),
            }
        }
    }
}

/// The tag that begins somewhere in a text, without its `>`; nothing where it is too long to be looked at.
fn tag_at(text: &[u8], at: usize) -> &[u8] {
    let tag = &text[at..text.len().min(at + Scan::TAG_BYTES_MAX)];
    &tag[..memchr::memchr(b'>', tag).unwrap_or(0)]
}

/// The value of an attribute of the first tag of this name in an XML text.
pub(super) fn attribute<'x>(xml: &'x str, tag: &str, name: &str) -> Option<&'x str> {
    tags(xml, tag).next().and_then(|tag| attribute_of(tag, name))
}

/// The start tags of this name in an XML text, without `<` and `>`.
pub(super) fn tags<'x>(xml: &'x str, name: &str) -> impl Iterator<Item = &'x str> {
    xml.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag).filter(move |tag| {
        let word = tag.split([' ', '\t', '\n', '\r', '/']).next().unwrap_or_default();
        word.rsplit(':').next() == Some(name)
    })
}

/// The value of an attribute of a start tag.
pub(super) fn attribute_of<'x>(tag: &'x str, name: &str) -> Option<&'x str> {
    let behind = tag.match_indices(name).find_map(|(at, _)| {
        let is_start = tag[..at].ends_with([' ', '\t', '\n', '\r']);
        tag[at + name.len()..].trim_start().strip_prefix('=').filter(|_| is_start)
    })?;
    let behind = behind.trim_start();
    let quote = behind.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    behind[1..].split(quote).next()
}

/// The text of an XML attribute.
pub(super) fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}
