//! Parquet files, only the columns in use, and several groups of rows at once. The only place that knows the parquet crate.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ::parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, DataType};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use ::parquet::record::reader::RowIter;
use ::parquet::schema::types::{ColumnDescPtr, Type};

use super::laid::Laid;
use super::parts::on_all_threads;
use super::workbook::{SheetCell, contained};
use super::{DataFile, Evidence, FloatForm, Hashing, Headings, Visitor, file_fault, open, written};
use crate::finding::Finding;
use crate::period::Day;

/// First and last bytes of every Parquet file.
const MARK: &[u8] = b"PAR1";

/// What a float is called that nobody has said how to read.
pub(super) const FLOAT: &str = "a float, whose last digits are not exact";

pub(super) fn read(
    file: &DataFile,
    floats: FloatForm,
    visitor: &mut dyn Visitor,
) -> Result<Option<Evidence>, Box<Finding>> {
    let mut opened = open(file)?;
    let failed = |error: std::io::Error| unreadable(file, &error.to_string());
    check_marks(file, &mut opened)?;
    let again = opened.try_clone().map_err(failed)?;
    let to_the_end = contained(|| rows(file, again, floats, visitor))
        .unwrap_or_else(|| Err(unreadable(file, "its parts contradict each other")))?;
    if !to_the_end {
        return Ok(None);
    }
    opened.seek(SeekFrom::Start(0)).map_err(failed)?;
    Hashing::new(opened).finish().map(Some).map_err(failed)
}

fn unreadable(file: &DataFile, why: &str) -> Box<Finding> {
    let title = format!("this is not a readable Parquet file: {why}");
    file_fault(file, "damaged-parquet", title, "nothing of it is used: have the file sent again")
}

/// What the crate says of a file that it cannot read.
fn fault(file: &DataFile, error: &ParquetError) -> Box<Finding> {
    // LZO the crate does not read. A few bytes of brotli unpack to any size, whatever their page says it is, and the crate has
    // no bound for them, so that it is built without it; gzip ends at a thousand to one, the others at what the page says.
    let packing = match error {
        ParquetError::NYI(what) if what.contains("codec") => Some("LZO"),
        ParquetError::General(what) if what.ends_with(": brotli") => Some("brotli"),
        _ => None,
    };
    if let Some(packing) = packing {
        let title = format!("this Parquet file is packed with {packing}, which is not read");
        let help = "have it written with snappy, zstd, gzip or lz4, or without compression";
        return file_fault(file, "parquet-packing", title, help);
    }
    unreadable(file, &error.to_string())
}

fn check_marks(file: &DataFile, opened: &mut File) -> Result<(), Box<Finding>> {
    let mut mark = |from: SeekFrom| {
        let mut mark = Vec::new();
        opened.seek(from).ok().and_then(|_| opened.by_ref().take(4).read_to_end(&mut mark).ok()).map(|_| mark)
    };
    if mark(SeekFrom::Start(0)).as_deref() != Some(MARK) {
        return Err(unreadable(file, "it does not begin as one"));
    }
    if mark(SeekFrom::End(-4)).as_deref() != Some(MARK) {
        return Err(unreadable(file, "its footer is missing (truncated upload?)"));
    }
    Ok(())
}

/// Reads a file as [`read`] does, each group of its rows by whoever is free; `None` where there are not several, or
/// where something is wrong, which [`read`] will tell.
pub(super) fn read_in_parts<V: Visitor + Send>(
    file: &DataFile,
    floats: FloatForm,
    visitor: impl Fn() -> V + Sync,
) -> Option<(Evidence, Vec<V>)> {
    let mut opened = open(file).ok()?;
    check_marks(file, &mut opened).ok()?;
    let first = written(&opened)?;
    // Readers of one opened file move each other's place in it, so that each opens it anew.
    let reader = || SerializedFileReader::new(open(file).ok().filter(|opened| written(opened) == Some(first))?).ok();
    let groups = reader()?.num_row_groups();
    if groups < 2 {
        return None;
    }
    let next = AtomicUsize::new(0);
    let work = |has_failed: &AtomicBool| {
        let mut at = next.fetch_add(1, Ordering::Relaxed);
        if at >= groups {
            return Some(None);
        }
        let reader = reader()?;
        let starts = starts_of(&reader).ok()?;
        let mut visitor = visitor();
        let columns = Columns::find(&reader, &headings_of(file, &reader), &mut visitor)?;
        while let Some(start) = starts.get(at).filter(|_| !has_failed.load(Ordering::Relaxed)) {
            visitor.part(at as u64);
            columns.read(&reader, at, *start, floats, &mut visitor).ok()?;
            at = next.fetch_add(1, Ordering::Relaxed);
        }
        Some(Some(visitor))
    };
    let (evidence, visitors) = rayon::join(
        || {
            opened.seek(SeekFrom::Start(0)).ok()?;
            Hashing::new(&opened).finish().ok()
        },
        || on_all_threads(|has_failed| contained(|| work(has_failed)).flatten()),
    );
    // What was written to the file meanwhile was not hashed, perhaps.
    let is_as_it_was = written(&opened) == Some(first);
    Some((evidence.filter(|_| is_as_it_was)?, visitors?))
}

fn rows(file: &DataFile, opened: File, floats: FloatForm, visitor: &mut dyn Visitor) -> Result<bool, Box<Finding>> {
    let failed = |error: ParquetError| fault(file, &error);
    let reader = SerializedFileReader::new(opened).map_err(failed)?;
    let Some(columns) = Columns::find(&reader, &headings_of(file, &reader), visitor) else { return Ok(false) };
    for (at, start) in starts_of(&reader).map_err(failed)?.into_iter().enumerate() {
        columns.read(&reader, at, start, floats, visitor).map_err(failed)?;
    }
    Ok(true)
}

fn headings_of(file: &DataFile, reader: &SerializedFileReader<File>) -> Headings {
    let fields = reader.metadata().file_metadata().schema().get_fields();
    let names = fields.iter().map(|field| field.name().trim().to_owned()).collect();
    Headings { file: file.name.clone(), sheet: None, names, row: 0 }
}

/// The number of the first row of each group of rows.
fn starts_of(reader: &SerializedFileReader<File>) -> Result<Vec<u64>, ParquetError> {
    let (mut starts, mut next) = (Vec::new(), 1);
    for group in reader.metadata().row_groups() {
        starts.push(next);
        next += rows_of(group.num_rows())?;
    }
    let all = rows_of(reader.metadata().file_metadata().num_rows())?;
    if next == all + 1 { Ok(starts) } else { Err(contradicts("rows")) }
}

fn rows_of(count: i64) -> Result<u64, ParquetError> {
    u64::try_from(count).map_err(|_| contradicts("rows"))
}

/// Rows that are taken from the columns at a time.
const ROWS_AT_A_TIME: usize = 512;

/// Pages without values that follow each other.
const EMPTY_PAGES_MAX: usize = 100;

/// What is read for a column, from the first on.
#[derive(Clone, Copy)]
enum Step {
    /// So many columns that nobody looks at.
    Unread(usize),
    /// A column of single values, which is so many of all columns on disk.
    Flat(usize),
    /// A column of maps, structs or lists, which is so many of those that are read.
    Nested(usize),
}

/// The columns of a file that are read.
struct Columns {
    count: usize,
    steps: Vec<Step>,
    /// The nested ones.
    projection: Type,
}

impl Columns {
    /// Finds them; `None` where no rows are wanted.
    fn find(reader: &SerializedFileReader<File>, headings: &Headings, visitor: &mut dyn Visitor) -> Option<Columns> {
        if !visitor.headings(headings) {
            return None;
        }
        let file = reader.metadata().file_metadata();
        let on_disk = file.schema_descr().columns();
        let (mut steps, mut nested) = (Vec::new(), Vec::new());
        for (column, field) in file.schema().get_fields().iter().enumerate() {
            let leaf = on_disk.iter().position(|leaf| leaf.path().parts().first().is_some_and(|of| of == field.name()));
            match (visitor.wants(column), leaf) {
                (false, _) | (true, None) => match steps.last_mut() {
                    Some(Step::Unread(count)) => *count += 1,
                    _ => steps.push(Step::Unread(1)),
                },
                (true, Some(leaf)) if field.is_primitive() && on_disk[leaf].max_rep_level() == 0 => {
                    steps.push(Step::Flat(leaf));
                }
                (true, Some(_)) => {
                    steps.push(Step::Nested(nested.len()));
                    nested.push(Arc::clone(field));
                }
            }
        }
        let projection = Type::group_type_builder(file.schema().name()).with_fields(nested).build().ok()?;
        Some(Columns { count: headings.names.len(), steps, projection })
    }

    /// Hands over the rows of a group.
    fn read(
        &self,
        reader: &SerializedFileReader<File>,
        at: usize,
        start: u64,
        floats: FloatForm,
        visitor: &mut dyn Visitor,
    ) -> Result<(), ParquetError> {
        let group = reader.get_row_group(at)?;
        let descriptions = group.metadata().schema_descr();
        let mut sources: Vec<From> = Vec::new();
        for step in &self.steps {
            sources.push(match step {
                Step::Unread(count) => From::Nowhere(*count),
                Step::Flat(leaf) => From::Column(flat_of(group.get_column_reader(*leaf)?, &descriptions.column(*leaf))),
                Step::Nested(at) => From::Record(*at),
            });
        }
        let mut nested = if self.projection.get_fields().is_empty() {
            None
        } else {
            Some(RowIter::from_row_group(Some(self.projection.clone()), &*group)?)
        };
        let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| contradicts("rows"))?;
        let mut laid = Laid::default();
        for row in 0..rows {
            if row % ROWS_AT_A_TIME == 0 {
                for source in &mut sources {
                    if let From::Column(column) = source {
                        column.fill(ROWS_AT_A_TIME.min(rows - row))?;
                    }
                }
            }
            laid.begin_row(start + row as u64, self.count);
            let nested = match &mut nested {
                Some(rows) => Some(rows.next().ok_or_else(|| contradicts("rows"))??),
                None => None,
            };
            for source in &mut sources {
                match source {
                    From::Nowhere(count) => laid.blanks(*count),
                    From::Column(column) => column.lay(floats, &mut laid)?,
                    From::Record(at) => {
                        let field = nested.as_ref().and_then(|row| row.get_column_iter().nth(*at));
                        laid.cell(&field.map_or(SheetCell::Blank, |(_, field)| cell(field, floats)));
                    }
                }
            }
            if laid.is_full() {
                laid.hand_over(self.count, visitor);
            }
        }
        laid.hand_over(self.count, visitor);
        let has_more = sources.iter_mut().any(|source| match source {
            From::Column(column) => !column.is_at_end(),
            From::Nowhere(_) | From::Record(_) => false,
        });
        if has_more { Err(contradicts("values")) } else { Ok(()) }
    }
}

/// Where the cells of a row come from.
enum From {
    /// So many that nobody looks at.
    Nowhere(usize),
    Column(Box<dyn Flat>),
    /// So many-th in the record of the nested columns.
    Record(usize),
}

fn contradicts(what: &str) -> ParquetError {
    ParquetError::General(format!("it does not hold as many {what} as its footer says"))
}

/// A column of single values.
trait Flat {
    /// Takes the values of the next rows from disk.
    fn fill(&mut self, rows: usize) -> Result<(), ParquetError>;
    /// Whether no more values come.
    fn is_at_end(&mut self) -> bool;
    /// Lays out the cell of the next row.
    fn lay(&mut self, floats: FloatForm, laid: &mut Laid) -> Result<(), ParquetError>;
}

/// A column whose values are of one type of the crate.
struct Single<T: DataType> {
    reader: ColumnReaderImpl<T>,
    description: ColumnDescPtr,
    /// The text that a value is, where it is one.
    text: fn(&T::T) -> Option<&[u8]>,
    /// What any other value is.
    field: fn(&ColumnDescPtr, &T::T) -> Result<Field, ParquetError>,
    /// For each row, whether it has a value; none where all have.
    levels: Vec<i16>,
    values: Vec<T::T>,
    next_level: usize,
    next_value: usize,
}

impl<T: DataType> Single<T> {
    fn of(
        reader: ColumnReaderImpl<T>,
        description: &ColumnDescPtr,
        field: fn(&ColumnDescPtr, &T::T) -> Result<Field, ParquetError>,
    ) -> Single<T> {
        let description = ColumnDescPtr::clone(description);
        let (levels, values) = (Vec::new(), Vec::new());
        Single { reader, description, text: |_| None, field, levels, values, next_level: 0, next_value: 0 }
    }

    /// Takes up to so many values from disk, and says how many.
    fn more(&mut self, rows: usize) -> Result<usize, ParquetError> {
        let levels = (self.description.max_def_level() > 0).then_some(&mut self.levels);
        self.reader.read_records(rows, levels, None, &mut self.values).map(|(read, ..)| read)
    }
}

impl<T: DataType> Flat for Single<T> {
    fn fill(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.levels.clear();
        self.values.clear();
        (self.next_level, self.next_value) = (0, 0);
        let (mut filled, mut empty_pages) = (0, 0);
        while filled < rows && empty_pages < EMPTY_PAGES_MAX {
            let more = self.more(rows - filled)?;
            filled += more;
            // A page without values ends what is read at a time, and not the column.
            empty_pages = if more == 0 { empty_pages + 1 } else { 0 };
        }
        if filled == rows { Ok(()) } else { Err(contradicts("values")) }
    }

    fn is_at_end(&mut self) -> bool {
        matches!(self.more(1), Ok(0))
    }

    fn lay(&mut self, floats: FloatForm, laid: &mut Laid) -> Result<(), ParquetError> {
        if self.description.max_def_level() > 0 {
            let level = self.levels.get(self.next_level).ok_or_else(|| contradicts("values"))?;
            self.next_level += 1;
            if *level < self.description.max_def_level() {
                laid.blanks(1);
                return Ok(());
            }
        }
        let value = self.values.get(self.next_value).ok_or_else(|| contradicts("values"))?;
        self.next_value += 1;
        if !(self.text)(value).is_some_and(|text| laid.text(text)) {
            laid.cell(&cell(&(self.field)(&self.description, value)?, floats));
        }
        Ok(())
    }
}

fn flat_of(reader: ColumnReader, of: &ColumnDescPtr) -> Box<dyn Flat> {
    /// Nanoseconds of a day: the crate's fields know milliseconds and microseconds only.
    const DAY: i64 = 86_400_000_000_000;
    match reader {
        ColumnReader::BoolColumnReader(reader) => {
            Box::new(Single::of(reader, of, |of, value| Ok(Field::convert_bool(of, *value))))
        }
        ColumnReader::Int32ColumnReader(reader) => {
            Box::new(Single::of(reader, of, |of, value| Ok(Field::convert_int32(of, *value))))
        }
        ColumnReader::Int64ColumnReader(reader) if is_in_nanos(of) => Box::new(Single::of(reader, of, |_, time| {
            Ok(Field::Date(i32::try_from(time.div_euclid(DAY)).map_err(|_| contradicts("days"))?))
        })),
        ColumnReader::Int64ColumnReader(reader) => {
            Box::new(Single::of(reader, of, |of, value| Ok(Field::convert_int64(of, *value))))
        }
        ColumnReader::Int96ColumnReader(reader) => {
            Box::new(Single::of(reader, of, |of, value| Ok(Field::convert_int96(of, *value))))
        }
        ColumnReader::FloatColumnReader(reader) => {
            Box::new(Single::of(reader, of, |of, value| Ok(Field::convert_float(of, *value))))
        }
        ColumnReader::DoubleColumnReader(reader) => {
            Box::new(Single::of(reader, of, |of, value| Ok(Field::convert_double(of, *value))))
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            let column = Single::of(reader, of, |of, value| Field::convert_byte_array(of, value.clone()));
            let is_text = of.converted_type() != ConvertedType::DECIMAL;
            let text: fn(&ByteArray) -> Option<&[u8]> = if is_text { |value| Some(value.data()) } else { |_| None };
            Box::new(Single { text, ..column })
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            Box::new(Single::of(reader, of, |of, value| Field::convert_byte_array(of, value.clone().into())))
        }
    }
}

fn cell(field: &Field, floats: FloatForm) -> SheetCell {
    let float = |value: f64, shortest: String| match floats {
        _ if !value.is_finite() => SheetCell::Fault(format!("{value}, which is no number")),
        FloatForm::Refused => SheetCell::Fault(FLOAT.to_owned()),
        FloatForm::Shortest => SheetCell::Number(shortest),
    };
    match field {
        Field::Null => SheetCell::Blank,
        Field::Str(text) => SheetCell::Text(text.clone()),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => SheetCell::Text(text.to_owned()),
            Err(_) => SheetCell::Fault("bytes that are no text".to_owned()),
        },
        Field::Double(value) => float(*value, value.to_string()),
        Field::Float(value) => float(f64::from(*value), value.to_string()),
        Field::Float16(_) => SheetCell::Fault(FLOAT.to_owned()),
        Field::Date(days) => day(i64::from(*days)),
        Field::TimestampMillis(time) => day(time.div_euclid(86_400_000)),
        Field::TimestampMicros(time) => day(time.div_euclid(86_400_000_000)),
        Field::Bool(value) => SheetCell::Text(if *value { "TRUE" } else { "FALSE" }.to_owned()),
        Field::MapInternal(_) | Field::Group(_) | Field::ListInternal(_) => SheetCell::Text(json(field)),
        // Whole numbers and decimals print all their digits.
        other => SheetCell::Number(other.to_string()),
    }
}

fn is_in_nanos(column: &ColumnDescPtr) -> bool {
    matches!(column.logical_type_ref(), Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS)
}

/// Maps, structs and lists as JSON. A key that a map holds twice stands in it twice.
fn json(field: &Field) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let object = |members: Vec<(String, &Field)>| {
        let members: Vec<String> =
            members.iter().map(|(key, value)| format!("{}:{}", text(key), json(value))).collect();
        format!("{{{}}}", members.join(","))
    };
    match field {
        Field::Null => "null".to_owned(),
        Field::Bool(value) => value.to_string(),
        Field::Byte(_) | Field::Short(_) | Field::Int(_) | Field::Long(_) => field.to_string(),
        Field::Str(value) => text(value),
        Field::Group(row) => object(row.get_column_iter().map(|(name, value)| (name.clone(), value)).collect()),
        Field::MapInternal(map) => {
            let key = |key: &Field| match key {
                Field::Str(key) => key.clone(),
                other => other.to_string(),
            };
            object(map.entries().iter().map(|(name, value)| (key(name), value)).collect())
        }
        Field::ListInternal(list) => {
            let items: Vec<String> = list.elements().iter().map(json).collect();
            format!("[{}]", items.join(","))
        }
        other => text(&other.to_string()),
    }
}

fn day(days: i64) -> SheetCell {
    Day::from_unix_days(days).map_or_else(|| SheetCell::Fault(format!("day {days}, which is no date")), SheetCell::Day)
}

#[cfg(test)]
mod tests {
    use ::parquet::data_type::{ByteArrayType, DoubleType, Int32Type, Int64Type};
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::files::{Cell, DataFile, RawRow, Row};

    const ROWS: i32 = 1300;

    /// Everything a visitor is told, by part.
    #[derive(Default)]
    struct Heard {
        part: u64,
        takes_raw: bool,
        rows: Vec<(u64, String)>,
    }

    impl Visitor for Heard {
        fn headings(&mut self, _: &Headings) -> bool {
            true
        }
        fn wants(&mut self, column: usize) -> bool {
            column != 1
        }
        fn part(&mut self, number: u64) {
            self.part = number;
        }
        fn raw(&mut self, row: &RawRow<'_>) -> bool {
            let texts: Vec<_> = (0..5).filter_map(|column| row.text(column)).collect();
            if self.takes_raw {
                self.rows.push((self.part, format!("{} {texts:?}", row.number)));
            }
            self.takes_raw
        }
        fn row(&mut self, row: &Row<'_>) {
            let text = |column| match row.cell(column) {
                Cell::Text(text) | Cell::Fault(text) => text.to_owned(),
                Cell::Day(day) => day.to_string(),
            };
            self.rows.push((self.part, format!("{} {:?}", row.number, [0, 1, 2, 3, 4].map(text))));
        }
        fn fault(&mut self, finding: Finding) {
            panic!("{}", finding.title);
        }
    }

    /// Three groups of rows: names (none in each seventh row), a column nobody reads, amounts, days and floats.
    fn write(file: &DataFile) {
        let schema = "message bill { optional binary name (UTF8); required binary unread; \
            optional int64 cost (DECIMAL(12, 2)); required int32 day (DATE); optional double share; }";
        let schema = parse_message_type(schema).expect("a schema");
        let properties = WriterProperties::builder().set_data_page_row_count_limit(100).build();
        let written = File::create(&file.path).expect("a file");
        let mut writer = SerializedFileWriter::new(written, Arc::new(schema), Arc::new(properties)).expect("a writer");
        for group in 0..3 {
            let rows: Vec<i32> = (group * ROWS..(group + 1) * ROWS).collect();
            let levels: Vec<i16> = rows.iter().map(|row| i16::from(row % 7 != 0)).collect();
            let named = rows.iter().filter(|row| *row % 7 != 0);
            let mut columns = writer.next_row_group().expect("a group");
            let mut column = columns.next_column().expect("read").expect("a column");
            let names: Vec<ByteArray> = named.clone().map(|row| format!("a {} ", row % 5).as_str().into()).collect();
            column.typed::<ByteArrayType>().write_batch(&names, Some(&levels), None).expect("written");
            column.close().expect("closed");
            let mut column = columns.next_column().expect("read").expect("a column");
            let unread: Vec<ByteArray> = rows.iter().map(|_| "x".into()).collect();
            column.typed::<ByteArrayType>().write_batch(&unread, None, None).expect("written");
            column.close().expect("closed");
            let mut column = columns.next_column().expect("read").expect("a column");
            let cents: Vec<i64> = named.clone().map(|row| i64::from(*row) - 100).collect();
            column.typed::<Int64Type>().write_batch(&cents, Some(&levels), None).expect("written");
            column.close().expect("closed");
            let mut column = columns.next_column().expect("read").expect("a column");
            column.typed::<Int32Type>().write_batch(&rows, None, None).expect("written");
            column.close().expect("closed");
            let mut column = columns.next_column().expect("read").expect("a column");
            let shares: Vec<f64> = named.map(|row| f64::from(*row)).collect();
            column.typed::<DoubleType>().write_batch(&shares, Some(&levels), None).expect("written");
            column.close().expect("closed");
            columns.close().expect("closed");
        }
        writer.close().expect("closed");
    }

    #[test]
    fn groups_of_rows_read_at_once_say_what_the_whole_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = DataFile::new(folder.path(), "bill.parquet");
        write(&file);
        let mut whole = Heard::default();
        let evidence = read(&file, FloatForm::Shortest, &mut whole).expect("read").expect("to the end");
        assert_eq!(whole.rows.len(), 3 * 1300);
        // 1301 days after 1970-01-01; -100 + 1301 cents.
        assert_eq!(whole.rows[1301].1, r#"1302 ["a 1", "", "12.01", "1973-07-25", "1301"]"#);
        assert_eq!(whole.rows[1302].1, r#"1303 ["", "", "", "1973-07-26", ""]"#);
        for takes_raw in [false, true] {
            let new = || Heard { takes_raw, ..Heard::default() };
            let (of_parts, visitors) = read_in_parts(&file, FloatForm::Shortest, new).expect("read in parts");
            assert_eq!(of_parts, evidence);
            let mut rows: Vec<(u64, String)> = visitors.into_iter().flat_map(|visitor| visitor.rows).collect();
            rows.sort_by_key(|(part, _)| *part);
            assert!(rows.iter().map(|(_, row)| row).eq(whole.rows.iter().map(|(_, row)| row)));
        }
    }
}
