//! Parquet files, row by row and only the columns in use. The only place that knows the parquet crate.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use ::parquet::basic::{LogicalType, TimeUnit};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use ::parquet::schema::types::Type;

use super::workbook::{SheetCell, contained};
use super::{Cells, DataFile, Evidence, FloatForm, Hashing, Headings, Row, Visitor, file_fault, open};
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
    let help = if why.contains("Disabled feature") {
        "have it written with snappy, zstd or gzip, which are read, or without compression"
    } else {
        "nothing of it is used: have the file sent again"
    };
    file_fault(file, "damaged-parquet", title, help)
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

fn rows(file: &DataFile, opened: File, floats: FloatForm, visitor: &mut dyn Visitor) -> Result<bool, Box<Finding>> {
    let failed = |error: ParquetError| unreadable(file, &error.to_string());
    let reader = SerializedFileReader::new(opened).map_err(failed)?;
    let schema = reader.metadata().file_metadata().schema();
    let fields = schema.get_fields().to_vec();
    let names = fields.iter().map(|field| field.name().trim().to_owned()).collect();
    let headings = Headings { file: file.name.clone(), sheet: None, names, row: 0 };
    if !visitor.headings(&headings) {
        return Ok(false);
    }
    let wanted: Vec<usize> = (0..fields.len()).filter(|column| visitor.wants(*column)).collect();
    let projection = Type::group_type_builder(schema.name())
        .with_fields(wanted.iter().map(|column| Arc::clone(&fields[*column])).collect())
        .build()
        .map_err(failed)?;
    let in_nanos: Vec<bool> = fields.iter().map(|field| is_in_nanos(field)).collect();
    let mut cells = vec![SheetCell::Blank; fields.len()];
    for (number, row) in (1..).zip(reader.get_row_iter(Some(projection)).map_err(failed)?) {
        let row = row.map_err(failed)?;
        for (column, (_, field)) in wanted.iter().zip(row.get_column_iter()) {
            cells[*column] = match field {
                // The reader of rows knows milliseconds and microseconds only.
                Field::Long(time) if in_nanos[*column] => day(time.div_euclid(86_400_000_000_000)),
                field => cell(field, floats),
            };
        }
        visitor.row(&Row { number, cells: Cells::Sheet(&cells) });
    }
    Ok(true)
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

fn is_in_nanos(field: &Type) -> bool {
    let logical = field.get_basic_info().logical_type_ref();
    matches!(logical, Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS)
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
