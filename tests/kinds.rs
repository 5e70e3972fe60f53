//! One bill in the kinds of files that spreadsheets and warehouses write (`tests/data/kinds`, made by `make.py` there).

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use support::{outcome, root, rows, run, showback, write_model};

/// A model whose one source is a file of the folder of kinds.
fn model(folder: &Path, file: &str, source: &str) {
    let text = format!(
        r#"
[model]
name = "Kinds"
currency = "EUR"
complete = []
charges = {{ by = ["service", "business_unit", "tower"] }}

[sources.bill]
files = "{{period}}-{file}"
columns = {{ cost = "Cost", date = "Day" }}
{source}
"#
    );
    write_model(folder, &[("model.toml", &text)]);
    let from = root().join("tests/data/kinds").join(file);
    fs::copy(from, folder.join(format!("2026-10-{file}"))).expect("copied");
}

/// Service, unit and exact amount of all charge lines, and what was said.
fn read(file: &str, source: &str) -> (Vec<(String, String, String)>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path(), file, source);
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let charges = rows(&published.join("data/charges.csv"));
    let lines =
        charges.iter().map(|row| (row["service"].clone(), row["business_unit"].clone(), row["amount_exact"].clone()));
    let said = fs::read_to_string(published.join("data/findings.csv")).expect("written");
    (lines.collect(), said)
}

fn texts(lines: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    lines.iter().map(|(a, b, c)| ((*a).into(), (*b).into(), (*c).into())).collect()
}

const SET: &str = "set = { service = \"{Item}\", business_unit = \"{Department}\" }";

const BILL: [(&str, &str, &str); 3] = [("Disks", "Ops", "10.25"), ("Links", "Ops", "-0.75"), ("Seats", "Dev", "7")];

#[test]
fn a_sheet_reads_alike_in_every_kind_of_workbook() {
    let source = format!("{SET}\nheadings_row = 3\nskip = {{ Department = \"Total\" }}\nfill_down = [\"Department\"]");
    for file in ["bill.xlsx", "bill-1904.xlsx", "bill.xls", "bill.ods"] {
        let (lines, said) = read(file, &source);
        assert_eq!(lines, texts(&BILL), "{file}");
        assert!(said.contains("hidden sheets that are not read: `Notes`"), "{file}: {said}");
        // An .xls file does not tell which rows are hidden.
        assert_eq!(said.contains("has 1 hidden row"), file != "bill.xls", "{file}: {said}");
    }
}

#[test]
fn a_blank_below_a_merged_cell_stays_blank_unless_it_is_declared() {
    let source = format!("{SET}\nheadings_row = 3\nskip = {{ Item = \"\" }}");
    let (lines, _) = read("bill.xlsx", &source);
    assert_eq!(lines, texts(&[("Disks", "Ops", "10.25"), ("Links", "", "-0.75"), ("Seats", "Dev", "7")]));
}

#[test]
fn a_named_table_ends_above_its_totals() {
    let (lines, _) = read("bill.xlsx", &format!("{SET}\ntable = \"Bill\"\nfill_down = [\"Department\"]"));
    assert_eq!(lines, texts(&BILL));
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path(), "bill.ods", &format!("{SET}\ntable = \"Bill\""));
    let of = folder.path().display().to_string();
    let (code, said) = outcome(&showback(&["check", &of, "--period", "2026-10"]));
    assert!(code == Some(3) && said.contains("files have no named tables"), "{said}");
}

#[test]
fn parquet_files_keep_their_decimals_dates_and_tags() {
    let source = "set = { service = \"{Item}\", business_unit = \"{Tags.team}\" }";
    for file in ["bill-snappy.parquet", "bill-zstd.parquet", "bill-gzip.parquet", "bill-lz4.parquet"] {
        let (lines, _) = read(file, source);
        let expected = [("Disks", "Ops", "10.250000000000000001"), ("Links", "Ops", "-0.75"), ("Seats", "", "7")];
        assert_eq!(lines, texts(&expected), "{file}");
    }
}

#[test]
fn a_packing_of_parquet_that_is_not_read_is_named() {
    // In the footer: the path of the column, then field 4, its codec, as a zigzag number: 1 is snappy, 3 is LZO, 4 is brotli.
    for (packing, codec) in [("LZO", 3), ("brotli", 4)] {
        let folder = tempfile::tempdir().expect("a folder");
        model(folder.path(), "bill-snappy.parquet", "set = { service = \"{Item}\" }");
        let path = folder.path().join("2026-10-bill-snappy.parquet");
        let mut bytes = fs::read(&path).expect("read");
        let at = bytes.windows(7).position(|part| part == b"\x04Item\x15\x02").expect("the codec of Item") + 6;
        bytes[at] = 2 * codec;
        fs::write(&path, bytes).expect("written");
        let (code, said) = check(folder.path());
        assert_eq!(code, Some(3), "{said}");
        for words in [
            &format!("error[parquet-packing]: this Parquet file is packed with {packing}, which is not read"),
            "2026-10-bill-snappy.parquet",
            "snappy, zstd, gzip or lz4",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
}

#[test]
fn a_pattern_with_an_open_end_takes_files_for_what_their_names_say() {
    for (file, pattern) in [("bill-zstd.parquet", "{period}-*"), ("bill-zstd.parquet", "{period}-bill*.*")] {
        let folder = tempfile::tempdir().expect("a folder");
        model(folder.path(), file, "set = { service = \"{Item}\" }");
        edit(folder.path(), &format!("{{period}}-{file}"), pattern);
        assert_eq!(check(folder.path()).0, Some(0), "{pattern}");
    }
}

fn check(folder: &Path) -> (Option<i32>, String) {
    outcome(&showback(&["check", &folder.display().to_string(), "--period", "2026-10"]))
}

/// Changes the model in a folder.
fn edit(folder: &Path, from: &str, to: &str) {
    let path = folder.join("model.toml");
    let text = fs::read_to_string(&path).expect("read");
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replace(from, to)).expect("written");
}

#[test]
fn a_blank_decimal_of_a_parquet_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path(), "bill-zstd.parquet", "");
    assert_eq!(check(folder.path()).0, Some(0));
    edit(folder.path(), "\"Cost\"", "\"Units\"");
    let (code, said) = check(folder.path());
    assert_eq!(code, Some(3));
    assert!(said.contains("2026-10-bill-zstd.parquet:3, column `Units`") && said.contains("has no amount"), "{said}");
}

#[test]
fn a_parquet_file_delivered_twice_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path(), "bill-zstd.parquet", "set = { service = \"{Item}\" }");
    let again = root().join("tests/data/kinds/bill-gzip.parquet");
    fs::copy(again, folder.path().join("2026-10-again.parquet")).expect("copied");
    edit(folder.path(), "{period}-bill-zstd.parquet", "{period}-*.parquet");
    let (code, said) = check(folder.path());
    assert_eq!(code, Some(1));
    assert!(said.contains("has the same rows as `2026-10-again.parquet` in all columns that are read"), "{said}");
    edit(folder.path(), "set = ", "key = [\"Item\", \"Day\"]\nset = ");
    let (code, said) = check(folder.path());
    assert_eq!(code, Some(3));
    assert!(said.contains("row 1 has the same `Item`, `Day` as row 1 of `2026-10-again.parquet`"), "{said}");
}

#[test]
fn a_parquet_file_with_the_sum_of_a_text_is_told_and_each_file_is_read_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path(), "bill-zstd.parquet", "set = { service = \"{Item}\" }");
    let text = "Item,Day,Cost\nA,2026-10-01,10\nB,2026-10-02,6\nC,2026-10-03,0.500000000000000001\n";
    fs::write(folder.path().join("2026-10-again.csv"), text).expect("written");
    edit(folder.path(), "\"{period}-bill-zstd.parquet\"", "[\"{period}-bill-zstd.parquet\", \"{period}-again.csv\"]");
    let (code, said) = check(folder.path());
    assert_eq!(code, Some(1), "{said}");
    // 10.250000000000000001 - 0.75 + 7 = 10 + 6 + 0.500000000000000001
    assert!(said.contains("has 3 cost lines with the same sum as the 3 of `2026-10-again.csv`"), "{said}");
    fs::write(folder.path().join("2026-10-again.csv"), text.replace("0.5", "0.4")).expect("written");
    assert_eq!(check(folder.path()).0, Some(0));
}

/// The first day of the calendar, in days since 1970-01-01: programs write it for "none".
const NEVER: i32 = -719_162;

#[test]
fn days_beyond_the_calendar_of_the_books_tell_rows_apart_like_any_other() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path(), "bill-zstd.parquet", "key = [\"Item\", \"Credited\"]\nset = { service = \"{Item}\" }");
    let write = |items: [&str; 3], days: [i32; 3]| {
        let schema = "message bill { required binary Item (UTF8); required int32 Day (DATE); required int64 Cost; \
            required int32 Credited (DATE); }";
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let file = fs::File::create(folder.path().join("2026-10-bill-zstd.parquet")).expect("a file");
        let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).expect("a writer");
        let mut group = writer.next_row_group().expect("a group");
        let mut column = group.next_column().expect("a writer").expect("a column");
        column.typed::<ByteArrayType>().write_batch(&items.map(ByteArray::from), None, None).expect("written");
        column.close().expect("closed");
        // 2026-10-01 is day 20,727.
        let mut column = group.next_column().expect("a writer").expect("a column");
        column.typed::<Int32Type>().write_batch(&[20_727; 3], None, None).expect("written");
        column.close().expect("closed");
        let mut column = group.next_column().expect("a writer").expect("a column");
        column.typed::<Int64Type>().write_batch(&[5; 3], None, None).expect("written");
        column.close().expect("closed");
        let mut column = group.next_column().expect("a writer").expect("a column");
        column.typed::<Int32Type>().write_batch(&days, None, None).expect("written");
        column.close().expect("closed");
        group.close().expect("closed");
        writer.close().expect("closed");
    };
    write(["Disks", "Disks", "Links"], [NEVER, 20_700, NEVER]);
    let (code, said) = check(folder.path());
    assert!(code != Some(3) && !said.contains("same `Item`"), "{said}");
    write(["Disks", "Disks", "Links"], [NEVER, NEVER, NEVER]);
    let (code, said) = check(folder.path());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("row 2 has the same `Item`, `Credited` as row 1"), "{said}");
}
