//! Files to rows: opens text exports and workbooks and hands over their rows, one at a time.
//!
//! Knows bytes, quoting, sheets and cells; knows nothing of rules, periods or money. Every file is hashed: a text while it is
//! read, workbooks and Parquet files, whose parts are not read in their order, beside it.

mod container;
mod decode;
mod index;
mod laid;
pub mod meter;
mod parquet;
mod parts;
mod raw;
mod records;
mod supply;
mod text;
mod workbook;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::finding::{Finding, Named, Place, clean, did_you_mean, list_names};
use crate::period::Day;

pub use decode::Encoding;
pub use laid::CellKind;
use raw::Meant;
pub use raw::{Padded, RawRow};

/// A file of the data folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataFile {
    /// Name relative to the data folder, with `/` between folders: what people read.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl DataFile {
    /// The file of a name below a data folder.
    #[must_use]
    pub fn new(data: &Path, name: &str) -> DataFile {
        DataFile { name: name.to_owned(), path: data.join(name) }
    }
}

/// What was read of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// BLAKE3 of the bytes as they lie on disk.
    pub hash: String,
    /// How many bytes.
    pub bytes: u64,
}

/// All files a run has read, by name.
#[derive(Clone, Debug, Default)]
pub struct Inputs(pub BTreeMap<String, Evidence>);

/// How the rows of a file are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Text or workbook.
    pub kind: Kind,
    /// Row of the headings, from 1. What stands above is not read.
    pub headings_row: u32,
}

/// What kind of file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rows of text.
    Text(TextForm),
    /// A workbook.
    Workbook(SheetForm),
    /// A Parquet file.
    Parquet(FloatForm),
}

/// What to do with floats, whose decimal digits are not exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FloatForm {
    /// A cell with one cannot be used.
    #[default]
    Refused,
    /// Read as the shortest text that means them.
    Shortest,
}

/// How a text file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextForm {
    /// The separator.
    pub delimiter: u8,
    /// How its letters are written as bytes; by its byte order mark, or UTF-8, where not declared.
    pub encoding: Option<Encoding>,
}

/// Where the rows of a workbook stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetForm {
    /// Name of the sheet; the first visible one when not given.
    pub sheet: Option<String>,
    /// Name of a table, which says sheet and rows.
    pub table: Option<String>,
    /// Columns in which a blank cell takes what stands above it.
    pub fill_down: Vec<Named>,
}

/// How a text file is packed, by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    /// `.gz`, of one or several members.
    Gzip,
    /// `.zst`.
    Zstd,
    /// `.zip` that holds one file.
    Zip,
}

impl Packing {
    fn of(name: &str) -> Packing {
        match Path::new(name).extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("gz") => Packing::Gzip,
            Some("zst") => Packing::Zstd,
            Some("zip") => Packing::Zip,
            _ => Packing::None,
        }
    }
}

/// What the end of a file's name says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedKind {
    /// `.tsv`, packed or not.
    Tsv,
    /// A workbook.
    Workbook,
    /// `.parquet`.
    Parquet,
    /// Anything else.
    Csv,
}

impl NamedKind {
    /// The kind that a name ends in.
    #[must_use]
    pub fn of(name: &str) -> NamedKind {
        let plain = match Packing::of(name) {
            Packing::None => Path::new(name),
            _ => Path::new(name.rsplit_once('.').map_or(name, |(plain, _)| plain)),
        };
        match plain.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("xlsx" | "xlsm" | "xlsb" | "xls" | "ods") => NamedKind::Workbook,
            Some("tsv") => NamedKind::Tsv,
            Some("parquet") => NamedKind::Parquet,
            _ => NamedKind::Csv,
        }
    }
}

impl Kind {
    /// The kind that a file's name says, with the sheet and separator that were declared.
    #[must_use]
    pub fn of(name: &str, sheet: Option<String>, delimiter: Option<u8>) -> Kind {
        let text = |usual: u8| Kind::Text(TextForm { delimiter: delimiter.unwrap_or(usual), encoding: None });
        match NamedKind::of(name) {
            NamedKind::Workbook => Kind::Workbook(SheetForm { sheet, ..SheetForm::default() }),
            NamedKind::Parquet => Kind::Parquet(FloatForm::Refused),
            NamedKind::Tsv => text(b'\t'),
            NamedKind::Csv => text(b','),
        }
    }
}

/// The heading row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headings {
    /// The file's name.
    pub file: String,
    /// The sheet, of a workbook.
    pub sheet: Option<String>,
    /// The headings, without blanks around them.
    pub names: Vec<String>,
    /// The row they stand in.
    pub row: u64,
}

impl Headings {
    /// The place of a row, or of one of its cells.
    #[must_use]
    pub fn place(&self, row: u64, column: Option<usize>) -> Place {
        let heading = column.and_then(|column| self.names.get(column)).cloned();
        match &self.sheet {
            Some(sheet) => Place::Cell {
                file: self.file.clone(),
                sheet: sheet.clone(),
                cell: format!("{}{row}", column.map_or_else(|| "A".to_owned(), workbook::column_letters)),
                column: heading,
            },
            None => Place::Line { file: self.file.clone(), line: row, column: heading },
        }
    }

    /// The column of a heading that a rule names.
    ///
    /// # Errors
    /// A finding at the rule when no column or more than one has that heading.
    pub fn find(&self, heading: &Named) -> Result<usize, Box<Finding>> {
        let mut matching = (0..self.names.len()).filter(|at| self.names[*at] == heading.name);
        match (matching.next(), matching.next()) {
            (Some(column), None) => Ok(column),
            (Some(_), Some(again)) => {
                let title = format!("`{}` has two columns `{}`", self.file, clean(&heading.name));
                let second = self.place(self.row, Some(again)).describe();
                Err(Box::new(
                    Finding::error("duplicate-column", heading.spot.place(), title)
                        .help(format!("the second is at {second}; rename one, so that it is clear which is meant")),
                ))
            }
            (None, _) => {
                let title = format!("`{}` has no column `{}`", self.file, clean(&heading.name));
                let names = || self.names.iter().map(String::as_str).filter(|name| !name.is_empty());
                Err(Box::new(
                    Finding::error("missing-column", heading.spot.place(), title)
                        .maybe_help(did_you_mean(&heading.name, names()))
                        .help(format!("its headings (row {}) are {}", self.row, list_names(names(), 60))),
                ))
            }
        }
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Text as it stands, without blanks around it; numbers of a workbook as the shortest text that means them.
    Text(&'a str),
    /// A date of a workbook.
    Day(Day),
    /// A cell without a value that can be used, in words: "the error #N/A".
    Fault(&'a str),
}

/// The way out where a cell holds no value that can be used.
#[must_use]
pub fn fault_help(fault: &str) -> &'static str {
    if fault == parquet::FLOAT {
        "formats = { floats = \"shortest\" } reads such a column as the shortest text that means the float"
    } else {
        "put it right where it comes from, and save it there"
    }
}

impl Cell<'_> {
    /// Whether nothing stands there.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        matches!(self, Cell::Text(""))
    }
}

/// One row below the headings.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Line of a text file or row of a sheet, from 1.
    pub number: u64,
    cells: Cells<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Cells<'a> {
    Text(&'a csv::StringRecord),
    Meant(&'a Meant<'a>),
    /// A row that is laid out, of which so many cells came.
    Laid(&'a RawRow<'a>, usize),
    Sheet(&'a [workbook::SheetCell]),
}

impl<'a> Row<'a> {
    /// The cell of a column; blank where the row is shorter.
    #[must_use]
    pub fn cell(&self, column: usize) -> Cell<'a> {
        match self.cells {
            Cells::Text(record) => Cell::Text(unguarded(record.get(column).unwrap_or_default().trim())),
            Cells::Meant(row) => Cell::Text(unguarded(row.cell(column).trim())),
            Cells::Laid(row, _) => row.laid_cell(column),
            Cells::Sheet(cells) => cells.get(column).map_or(Cell::Text(""), workbook::SheetCell::as_cell),
        }
    }

    /// Whether it has a cell for each of so many headings, so that it is known which cell is which.
    #[must_use]
    pub fn fits(&self, headings: usize) -> bool {
        match self.cells {
            Cells::Text(record) => record.len() == headings,
            Cells::Meant(row) => row.columns() == headings,
            Cells::Laid(..) | Cells::Sheet(_) => true,
        }
    }

    /// Whether a cell is a number as such, and not a text in whatever form numbers are written.
    #[must_use]
    pub fn is_number(&self, column: usize) -> bool {
        match self.cells {
            Cells::Text(_) | Cells::Meant(_) => false,
            Cells::Laid(row, _) => row.kind(column) == CellKind::Number,
            Cells::Sheet(cells) => matches!(cells.get(column), Some(workbook::SheetCell::Number(_))),
        }
    }

    /// A hash of the first so many cells: equal for equal rows, whatever the format and the quotes. Of a row that did not
    /// come whole only the cells that did count.
    #[must_use]
    pub fn hash(&self, columns: usize, scratch: &mut Vec<u8>) -> u64 {
        let mut canonical = raw::Canonical::begin(scratch);
        for column in 0..columns {
            match self.cell(column) {
                Cell::Text(text) | Cell::Fault(text) => canonical.push(text),
                Cell::Day(day) => canonical.push(&day.to_string()),
            }
        }
        canonical.finish()
    }

    /// The row as one line of csv, each cell as `shown` gives it by column and text.
    #[must_use]
    pub fn as_received(&self, shown: impl Fn(usize, &str) -> String) -> String {
        let mut line = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let as_shown = |at: usize, cell: Cell<'_>| match cell {
            Cell::Text(text) | Cell::Fault(text) => shown(at, text),
            Cell::Day(day) => shown(at, &day.to_string()),
        };
        let written = match self.cells {
            Cells::Text(record) => line.write_record(record.iter().enumerate().map(|(at, text)| shown(at, text))),
            Cells::Meant(row) => line.write_record((0..row.columns()).map(|at| shown(at, row.cell(at)))),
            Cells::Laid(row, cells) => line.write_record((0..cells).map(|at| as_shown(at, row.laid_cell(at)))),
            Cells::Sheet(cells) => {
                line.write_record(cells.iter().enumerate().map(|(at, cell)| as_shown(at, cell.as_cell())))
            }
        };
        let bytes = written.ok().and_then(|()| line.into_inner().ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()
    }

    /// Whether no cell holds anything.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self.cells {
            Cells::Text(record) => record.iter().all(|cell| cell.trim().is_empty()),
            Cells::Meant(row) => (0..row.columns()).all(|column| row.cell(column).trim().is_empty()),
            Cells::Laid(row, cells) => (0..cells).all(|column| row.laid_cell(column).is_blank()),
            Cells::Sheet(cells) => cells.iter().all(|cell| cell.as_cell().is_blank()),
        }
    }
}

/// Takes off the `'` that our own csv files put before a text that a spreadsheet would run as a formula.
fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA_STARTS) => rest,
        _ => text,
    }
}

/// Characters that make a spreadsheet take a text for a formula.
pub const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Who wants the rows of a file.
pub trait Visitor {
    /// Called once, before the rows. `false` when no rows are wanted.
    fn headings(&mut self, headings: &Headings) -> bool;
    /// Whether rows are wanted, and not the headings alone.
    fn wants_rows(&self) -> bool {
        true
    }
    /// Whether anyone looks at a column; asked after the headings, where a format can leave columns unread.
    fn wants(&mut self, column: usize) -> bool {
        let _ = column;
        true
    }
    /// Called before the rows of another part of the file are read, where a file is read in parts; parts are numbered
    /// from the top.
    fn part(&mut self, number: u64) {
        let _ = number;
    }
    /// Shown rows as they stand in a text, or as they are laid out; [`raw`](Visitor::raw) is called for each of them next, in their order.
    fn ahead(&mut self, rows: &[RawRow<'_>]) {
        let _ = rows;
    }
    /// Shown a row as it stands in a text, or as it is laid out, before it is handed over. `true` when nothing more is wanted of it, so that
    /// it is not made ready for [`row`](Visitor::row).
    fn raw(&mut self, row: &RawRow<'_>) -> bool {
        let _ = row;
        false
    }
    /// Called for every row, top to bottom.
    fn row(&mut self, row: &Row<'_>);
    /// Called instead of [`row`](Visitor::row) for a row that does not fit the headings.
    fn refuse(&mut self, row: &Row<'_>, finding: Finding) {
        let _ = row;
        self.fault(finding);
    }
    /// Called for what else is to be said of the file, or of bytes that are no row.
    fn fault(&mut self, finding: Finding);
}

/// Reads a file from start to end.
///
/// # Errors
/// A finding when the file as a whole cannot be used: missing, empty, damaged, no such sheet.
pub fn read(file: &DataFile, shape: &Shape, visitor: &mut dyn Visitor) -> Result<Evidence, Box<Finding>> {
    let evidence = read_some(file, shape, visitor)?;
    evidence.ok_or_else(|| file_fault(file, "unreadable", "this file was not read to its end".to_owned(), "run again"))
}

/// Reads a file and makes nothing of it.
///
/// # Errors
/// As [`read`].
pub fn check(file: &DataFile, shape: &Shape) -> Result<(), Box<Finding>> {
    struct Nobody;
    impl Visitor for Nobody {
        fn headings(&mut self, _: &Headings) -> bool {
            true
        }
        fn row(&mut self, _: &Row<'_>) {}
        fn fault(&mut self, _: Finding) {}
    }
    read(file, shape, &mut Nobody).map(|_| ())
}

/// Reads a file as [`read`] does, in several parts at once; each visitor that is asked for gets the headings and then some
/// of the parts, from the top. What the visitors were told together is what one alone would have been told.
///
/// `None` when the file is none that can be read so: it is a workbook, packed as zip, small, or not well-formed as a whole.
/// Then the visitors know nothing of use, and [`read`] tells everything.
pub fn read_in_parts<V: Visitor + Send>(
    file: &DataFile,
    shape: &Shape,
    visitor: impl Fn() -> V + Sync,
) -> Option<(Evidence, Vec<V>)> {
    let before = meter::so_far().0;
    let read = match shape.kind {
        Kind::Text(form) => parts::read(file, form, shape.headings_row, &parts::Sizes::default(), visitor),
        Kind::Parquet(floats) => parquet::read_in_parts(file, floats, visitor),
        Kind::Workbook(_) => None,
    };
    if read.is_none() {
        meter::go_back(before);
    }
    read
}

/// The headings of a file, without its rows.
///
/// # Errors
/// As [`read`].
pub fn headings(file: &DataFile, shape: &Shape) -> Result<Headings, Box<Finding>> {
    struct First(Option<Headings>);
    impl Visitor for First {
        fn headings(&mut self, headings: &Headings) -> bool {
            self.0 = Some(headings.clone());
            false
        }
        fn wants_rows(&self) -> bool {
            false
        }
        fn row(&mut self, _: &Row<'_>) {}
        fn fault(&mut self, _: Finding) {}
    }
    let mut first = First(None);
    read_some(file, shape, &mut first)?;
    first.0.ok_or_else(|| file_fault(file, "empty-file", "this file has no headings".to_owned(), "check headings_row"))
}

/// Reads until the visitor has enough; the evidence is of files that were read to their end.
fn read_some(file: &DataFile, shape: &Shape, visitor: &mut dyn Visitor) -> Result<Option<Evidence>, Box<Finding>> {
    match &shape.kind {
        Kind::Text(form) => text::read(file, *form, shape.headings_row, visitor),
        Kind::Workbook(form) => workbook::read(file, form, shape.headings_row, visitor),
        Kind::Parquet(floats) => parquet::read(file, *floats, visitor),
    }
}

/// A finding about a file as a whole.
fn file_fault(file: &DataFile, code: &'static str, title: String, help: &str) -> Box<Finding> {
    Box::new(Finding::error(code, Place::File(file.name.clone()), title).help(help))
}

/// Opens a regular file that is not empty.
fn open(file: &DataFile) -> Result<File, Box<Finding>> {
    let unreadable = |error: io::Error| {
        file_fault(
            file,
            "unreadable",
            format!("this file cannot be read: {error}"),
            "check the name and the permissions",
        )
    };
    // Opening a named pipe would wait for a writer, so what it is comes first.
    let about = std::fs::metadata(&file.path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(file_fault(
            file,
            "not-a-file",
            "this is not a regular file".to_owned(),
            "give a file, not a folder, pipe or device",
        ));
    }
    if about.len() == 0 {
        return Err(file_fault(
            file,
            "empty-file",
            "this file is empty".to_owned(),
            "an export of 0 bytes is a failed delivery: have it sent again",
        ));
    }
    File::open(&file.path).map_err(unreadable)
}

/// How much was written to an open file, and when: while that is the same, so is what it holds.
fn written(opened: &File) -> Option<(u64, SystemTime)> {
    let about = opened.metadata().ok()?;
    Some((about.len(), about.modified().ok()?))
}

/// Hashes the bytes that pass through it.
struct Hashing<R> {
    inner: R,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    fn new(inner: R) -> Self {
        Hashing { inner, hasher: blake3::Hasher::new(), bytes: 0 }
    }

    /// Reads what the decoder left and gives the evidence of the whole file.
    fn finish(mut self) -> io::Result<Evidence> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(Evidence { hash: self.hasher.finalize().to_hex().to_string(), bytes: self.bytes })
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.bytes += count as u64;
        meter::advance(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[derive(Default)]
    struct Collect {
        headings: Vec<String>,
        rows: Vec<(u64, Vec<String>)>,
        faults: Vec<String>,
    }

    impl Visitor for Collect {
        fn headings(&mut self, headings: &Headings) -> bool {
            self.headings.clone_from(&headings.names);
            true
        }
        fn row(&mut self, row: &Row<'_>) {
            let cells = (0..self.headings.len()).map(|at| match row.cell(at) {
                Cell::Text(text) => text.to_owned(),
                Cell::Day(day) => day.to_string(),
                Cell::Fault(fault) => format!("fault {fault}"),
            });
            self.rows.push((row.number, cells.collect()));
        }
        fn fault(&mut self, finding: Finding) {
            self.faults.push(format!("{}: {}", finding.place.describe(), finding.title));
        }
    }

    fn read_bytes(name: &str, bytes: &[u8], headings_row: u32) -> (Result<Evidence, Box<Finding>>, Collect) {
        let folder = tempfile::tempdir().expect("a folder");
        File::create(folder.path().join(name)).expect("a file").write_all(bytes).expect("written");
        let mut collect = Collect::default();
        let shape = Shape { kind: Kind::of(name, None, None), headings_row };
        let result = read(&DataFile::new(folder.path(), name), &shape, &mut collect);
        (result, collect)
    }

    #[test]
    fn headings_may_stand_below_titles_and_lines_keep_their_numbers() {
        let text = b"\xef\xbb\xbfCloud bill\n\nName, Cost \n\"a\nb\",1\nc,2\n,\n";
        let (result, rows) = read_bytes("a.csv", text, 3);
        assert_eq!(result.expect("read").bytes, text.len() as u64);
        assert_eq!(rows.headings, ["Name", "Cost"]);
        let expected = [
            (4, vec!["a\nb".to_owned(), "1".into()]),
            (6, vec!["c".into(), "2".into()]),
            (7, vec![String::new(), String::new()]),
        ];
        assert_eq!(rows.rows, expected);
    }

    #[test]
    fn ragged_rows_and_bad_utf_8_are_faults_with_their_line() {
        let (_, rows) = read_bytes("a.csv", b"A,B\n1\n1,2,3\nx,2\nS\xdfd,1\n", 1);
        assert_eq!(rows.rows.len(), 1);
        assert_eq!(
            rows.faults,
            [
                "a.csv:2: this row has 1 field, the headings have 2",
                "a.csv:3: this row has 3 fields, the headings have 2",
                "a.csv:5: byte 0xDF is not UTF-8 text (byte 17 of the text)",
            ]
        );
    }

    #[test]
    fn all_members_of_a_gzip_are_read_and_a_cut_one_is_refused() {
        let member = |text: &str| {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(text.as_bytes()).expect("written");
            gz.finish().expect("finished")
        };
        let mut both = member("A,B\n1,2\n");
        both.extend(member("3,4\n"));
        let (result, rows) = read_bytes("a.csv.gz", &both, 1);
        assert_eq!((result.is_ok(), rows.rows.len()), (true, 2));
        for behind in [&b"\0\0\0"[..], &[0; 600], b"3,4\n", b"\x1f\0", b"a line that somebody has appended\n"] {
            let (result, _) = read_bytes("a.csv.gz", &[&both, behind].concat(), 1);
            let finding = result.expect_err("refused");
            let title =
                format!("something that is no gzip stands behind the gzip in this file, from byte {} on", both.len());
            assert_eq!((finding.code, finding.title), ("behind-gzip", title));
        }
        // The first bytes of another member are one that is cut.
        let end = member("A,B\n1,2\n").len();
        for bytes in [1, 2] {
            assert_eq!(read_bytes("a.csv.gz", &both[..end + bytes], 1).0.expect_err("refused").code, "damaged-gzip");
        }
        let cut = &both[..both.len() - 6];
        let (result, _) = read_bytes("a.csv.gz", cut, 1);
        assert_eq!(result.expect_err("refused").code, "damaged-gzip");
        let (result, _) = read_bytes("a.csv.gz", b"A,B\n1,2\n", 1);
        assert_eq!(result.expect_err("refused").code, "damaged-gzip");
    }

    #[test]
    fn a_quote_that_is_never_closed_cannot_swallow_the_rest() {
        let (result, rows) = read_bytes("a.csv", b"A,B\n1,\"2\n3,4\n", 1);
        assert_eq!((result.expect_err("refused").code, rows.rows.len()), ("open-quote", 0));
        let (result, rows) = read_bytes("a.csv", b"A,B\n1,\"2\n3\"", 1);
        assert_eq!((result.is_ok(), rows.rows.len()), (true, 1));
        let (result, rows) = read_bytes("a.csv", b"A,B\n1,2", 1);
        assert_eq!((result.is_ok(), rows.rows.len()), (true, 1));
    }

    #[test]
    fn a_field_or_row_without_end_is_refused_before_it_fills_the_memory() {
        let long = format!("A,B\n1,{}\n2,3\n", "x".repeat(2 << 20));
        let (result, rows) = read_bytes("a.csv", long.as_bytes(), 1);
        assert!(result.is_ok());
        assert_eq!(rows.faults, ["a.csv:2: this row has a field of more than 1 MiB"]);
        let endless = format!("A,B\n1,\"{}", "x\n".repeat(10 << 20));
        let (result, _) = read_bytes("a.csv", endless.as_bytes(), 1);
        assert_eq!(result.expect_err("refused").code, "row-too-long");
    }

    #[test]
    fn utf_16_is_read_by_its_mark_and_refused_without() {
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let (result, rows) = read_bytes("a.csv", &utf_16("\u{feff}A,B\nStraße,2\n"), 1);
        assert_eq!((result.is_ok(), rows.rows[0].1[0].as_str()), (true, "Straße"));
        let (result, _) = read_bytes("a.csv", &utf_16("A,B\nStraße,2\n"), 1);
        let finding = result.expect_err("refused");
        assert_eq!(finding.help, ["declare it: formats = { encoding = \"utf-16le\" }"]);
    }

    #[test]
    fn zip_and_zstd_hold_one_table() {
        let zip = |names: &[&str]| {
            let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
            for name in names {
                zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a part");
                zip.write_all(b"A,B\n1,2\n").expect("written");
            }
            zip.finish().expect("finished").into_inner()
        };
        let (result, rows) = read_bytes("a.csv.zip", &zip(&["rates.csv", "__MACOSX/rates.csv"]), 1);
        assert_eq!((result.is_ok(), rows.rows.len()), (true, 1));
        let (result, _) = read_bytes("a.csv.zip", &zip(&["one.csv", "two.csv"]), 1);
        assert_eq!(result.expect_err("refused").code, "not-one-table");
        let packed = zstd::encode_all(&b"A,B\n1,2\n"[..], 1).expect("packed");
        let (result, rows) = read_bytes("a.csv.zst", &packed, 1);
        assert_eq!((result.is_ok(), rows.rows.len()), (true, 1));
        let (result, _) = read_bytes("a.csv.zst", &packed[..packed.len() - 3], 1);
        assert_eq!(result.expect_err("refused").code, "damaged-zstd");
    }

    #[test]
    fn a_guarded_formula_is_read_without_its_guard() {
        let (_, rows) = read_bytes("a.csv", b"A\n'=SUM(1)\n'plain'\n''-x\n", 1);
        let cells: Vec<&str> = rows.rows.iter().map(|(_, cells)| cells[0].as_str()).collect();
        assert_eq!(cells, ["=SUM(1)", "'plain'", "''-x"]);
    }
}
