//! Reading: a bill of a hundred thousand lines to line groups within a whole calculation, in each kind of file, and beside it
//! the crates that unpack or take apart such files, alone.
//!
//! `LINES=500000 cargo bench --bench reading -- --quick` for the large case.

use std::fmt::Write;
use std::hint::black_box;
use std::io::{Cursor, Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use calamine::{DataRef, Reader, Xlsx};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rust_xlsxwriter::Workbook;
use showback::cli::pipeline::{calculate, rule_book};
use showback::finding::Findings;

const HEADINGS: [&str; 7] = ["Date", "Account", "Service", "Region", "Resource", "Cost", "Tags"];

/// Rows of a group of a Parquet file, about as many as data frames and databases write.
const PARQUET_GROUP: usize = 120_000;

/// A bill with 50 accounts and 12 services, about 90 bytes a line.
fn bill(lines: usize) -> String {
    let mut text = format!("{}\n", HEADINGS.join(","));
    for line in 0..lines {
        let _ = writeln!(
            text,
            "2026-10-{:02},acct-{:03},service-{},eu-west-{},i-{:08x},{}.{:010},\"{{\"\"app\"\":\"\"a{}\"\"}}\"",
            1 + line % 28,
            line % 50,
            line % 12,
            line % 3,
            line * 7,
            line % 90,
            line * 997 % 10_000_000_000,
            line % 20
        );
    }
    text
}

/// The cells of the bill, row by row.
fn rows(text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes()).records().map(|row| row.expect("a row")).collect()
}

fn as_parquet(text: &str) -> Vec<u8> {
    let columns = HEADINGS.map(|name| format!("required binary {name} (UTF8);")).concat();
    let schema = Arc::new(parse_message_type(&format!("message bill {{ {columns} }}")).expect("a schema"));
    let mut bytes = Vec::new();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut file = SerializedFileWriter::new(&mut bytes, schema, properties).expect("a file");
    for rows in rows(text).chunks(PARQUET_GROUP) {
        let mut group = file.next_row_group().expect("a group");
        for column in 0..HEADINGS.len() {
            let values: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(&row[column])).collect();
            let mut writer = group.next_column().expect("a writer").expect("a column");
            writer.typed::<ByteArrayType>().write_batch(&values, None, None).expect("written");
            writer.close().expect("closed");
        }
        group.close().expect("closed");
    }
    file.close().expect("closed");
    bytes
}

fn as_xlsx(text: &str) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory().expect("a sheet");
    for (column, name) in (0..).zip(HEADINGS) {
        sheet.write_string(0, column, name).expect("a cell");
    }
    for (row, record) in (1..).zip(rows(text)) {
        for ((column, name), cell) in (0..).zip(HEADINGS).zip(&record) {
            match cell.parse::<f64>() {
                Ok(number) if name == "Cost" => sheet.write_number(row, column, number).expect("a cell"),
                _ => sheet.write_string(row, column, cell).expect("a cell"),
            };
        }
    }
    workbook.save_to_buffer().expect("a workbook")
}

/// Unpacks bytes and drops them.
fn drain(mut packed: impl Read) -> u64 {
    std::io::copy(&mut packed, &mut std::io::sink()).expect("read")
}

/// Reads all cells of a workbook with the crate alone.
fn cells(bytes: &[u8]) -> usize {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).expect("a workbook");
    let name = workbook.sheet_names()[0].clone();
    let mut reader = workbook.worksheet_cells_reader(&name).expect("a sheet");
    let mut bytes = 0;
    while let Some(cell) = reader.next_cell().expect("a cell") {
        bytes += if let DataRef::SharedString(text) = cell.get_value() { text.len() } else { 1 };
    }
    bytes
}

fn model(folder: &Path, file: &str, bytes: &[u8]) {
    std::fs::create_dir_all(folder.join("2026-10")).expect("a folder");
    std::fs::File::create(folder.join("2026-10").join(file)).expect("a file").write_all(bytes).expect("written");
    let toml = format!(
        "[model]\nname = \"Bench\"\ncurrency = \"USD\"\n\n[sources.bill]\nfiles = \"{{period}}/{file}\"\n\
         columns = {{ cost = \"Cost\", date = \"Date\" }}\nset = {{ pool = \"Cloud\", service = \"{{Service}}\" }}\n\n\
         [[classify]]\nid = \"unit\"\nwhere = {{ \"Tags.app\" = \"a*\" }}\nset = {{ business_unit = \"{{Account}}\" }}\n"
    );
    std::fs::write(folder.join("model.toml"), toml).expect("written");
}

fn reading(criterion: &mut Criterion) {
    let lines = std::env::var("LINES").map_or(100_000, |lines| lines.parse().expect("a number"));
    let text = bill(lines);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    gzip.write_all(text.as_bytes()).expect("written");
    let gzip = gzip.finish().expect("finished");
    let zst = zstd::encode_all(text.as_bytes(), 3).expect("packed");
    let (parquet, xlsx) = (as_parquet(&text), as_xlsx(&text));
    let mut group = criterion.benchmark_group(format!("bill of {lines} lines"));
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    let files = [
        ("bill.csv", text.as_bytes()),
        ("bill.csv.gz", &gzip),
        ("bill.csv.zst", &zst),
        ("bill.parquet", &parquet),
        ("bill.xlsx", &xlsx),
    ];
    for (file, bytes) in files {
        let folder = tempfile::tempdir().expect("a folder");
        model(folder.path(), file, bytes);
        group.bench_function(file, |bencher| {
            bencher.iter(|| {
                let mut findings = Findings::new();
                let book = rule_book(folder.path(), &mut findings).expect("rules");
                let period = book.head.calendar.period("2026-10").expect("a period");
                calculate(book, period, &mut findings).expect("a result")
            });
        });
    }
    group.bench_function("gz unpacked alone", |bencher| {
        bencher.iter(|| drain(flate2::bufread::MultiGzDecoder::new(black_box(gzip.as_slice()))));
    });
    group.bench_function("zst unpacked alone", |bencher| {
        bencher.iter(|| drain(zstd::stream::read::Decoder::new(black_box(zst.as_slice())).expect("a decoder")));
    });
    group.bench_function("xlsx cells alone", |bencher| bencher.iter(|| cells(black_box(&xlsx))));
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
