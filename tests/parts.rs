//! A large text is read in parts by several threads, one in a zip from top to bottom by one: both must tell the same.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use support::{all_files, outcome, showback, write_model};

const HEAD: &str = r#"
[model]
name = "Parts"
currency = "EUR"
data = "data"
complete = []
charges = { by = ["service", "business_unit", "pool"] }

[sources.bill]
files = "bill.*"
columns = { cost = "Cost", date = "Day", currency = "Currency" }
set = { service = "{Tags.app}", business_unit = "{Unit}", pool = "{Item}" }
skip = { Item = "Total" }
null = ["n/a"]
"#;

/// Lines of a bill, more than a part of a file holds. Some rows are out of the ordinary.
fn bill(rows: u32, odd: impl Fn(u32) -> Option<String>) -> String {
    let mut text = "Day,Item,Unit,Cost,Tags,Id,Hours,Currency\n".to_owned();
    let mut random = 7u64;
    for row in 0..rows {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = |of: u64, shift: u32| usize::try_from((random >> shift) % of).expect("small");
        if let Some(row) = odd(row) {
            text.push_str(&row);
            continue;
        }
        let item = ["Disks", "\"Links, long\"", "Seats", "n/a", " Desks ", "Total", "\"A \"\"B\"\"\""][pick(7, 20)];
        let tags =
            ["", "\"{\"\"app\"\": \"\"shop\"\"}\"", "\"{\"\"app\"\":\"\"till\"\",\n\"\"x\"\":1}\"", "{}"][pick(4, 30)];
        let unit = ["Ops", "Dev", "Sales", ""][pick(4, 40)];
        let (day, cents) = (1 + pick(31, 50), pick(100_000, 33));
        let sign = if pick(9, 25) == 0 { "-" } else { "" };
        let _ = writeln!(
            text,
            "2026-10-{day:02},{item},{unit},{sign}{}.{:02},{tags},id-{row},{},EUR",
            cents / 100,
            cents % 100,
            pick(5, 45)
        );
    }
    text
}

/// Exit code, what is said, and the files, of a bill under a name.
fn outcome_of(name: &str, bytes: &[u8], more: &str, threads: &str) -> (Option<i32>, String, Vec<(String, String)>) {
    let folder = tempfile::tempdir().expect("a folder");
    write_model(folder.path(), &[("model.toml", &format!("{HEAD}{more}")), ("data/fx.csv", "")]);
    fs::write(folder.path().join("data").join(name), bytes).expect("written");
    let (model, out) = (folder.path().display().to_string(), folder.path().join("out"));
    let out_text = out.display().to_string();
    let run = ["run", &model, "--period", "2026-10", "--out", &out_text, "--threads", threads];
    let (code, said) = outcome(&showback(&run));
    let period: &Path = &out.join("2026-10");
    let mut files = Vec::new();
    if period.exists() {
        // The workbook and run.json hold the hash of the input.
        let texts = all_files(period).into_iter().filter(|(name, _)| name.starts_with("data/"));
        files.extend(texts.map(|(file, bytes)| {
            let text = if Path::new(&file).extension().is_some_and(|end| end == "gz") {
                unpacked(&bytes)
            } else {
                String::from_utf8(bytes).expect("text")
            };
            (file, text.replace(name, "bill"))
        }));
    }
    (code, said.replace(name, "bill").replace(&model, "model"), files)
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_string(&mut text).expect("gzip");
    text
}

fn zip_of(text: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("bill.csv", zip::write::SimpleFileOptions::default()).expect("begun");
    zip.write_all(text.as_bytes()).expect("written");
    zip.finish().expect("finished").into_inner()
}

/// Compares a text read in parts, with one thread and several, plain and as gzip, with the same read as a whole.
fn tell_the_same(text: &str, more: &str, expected_code: Option<i32>) -> Vec<(String, String)> {
    let (code, said, files) = outcome_of("bill.zip", &zip_of(text), more, "1");
    assert!(code == expected_code, "exit {code:?}: {said}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).expect("written");
    let gzip = gzip.finish().expect("finished");
    for (name, bytes, threads) in
        [("bill.csv", text.as_bytes(), "1"), ("bill.csv", text.as_bytes(), "3"), ("bill.csv.gz", &gzip, "2")]
    {
        let (other_code, other_said, other_files) = outcome_of(name, bytes, more, threads);
        assert_eq!(other_code, code, "{name} {threads}: {other_said}");
        let without_sizes =
            |said: &str| said.lines().filter(|line| !line.contains("read in")).collect::<Vec<_>>().join("\n");
        assert_eq!(without_sizes(&other_said), without_sizes(&said), "{name} with {threads} threads");
        for ((file, one), (other_file, other)) in files.iter().zip(&other_files) {
            assert_eq!(file, other_file);
            assert!(one == other, "{file} of {name} with {threads} threads differs:\n{one}\n{other}");
        }
        assert_eq!(files.len(), other_files.len());
    }
    files
}

fn file<'f>(files: &'f [(String, String)], name: &str) -> &'f str {
    files.iter().find(|(file, _)| file == name).map(|(_, text)| text.as_str()).expect("written")
}

#[test]
fn a_sound_bill_is_the_same_read_in_parts() {
    let text = bill(12_000, |_| None);
    assert!(text.len() > 2 << 18, "more than two parts");
    tell_the_same(&text, "", Some(0));
    tell_the_same(&text, "key = [\"Id\"]\n", Some(0));
    let hours = r#"
[drivers.hours]
source = "bill"
quantity = "Hours"
to = { business_unit = "{Unit}" }

[[allocate]]
id = "disks"
from = { pool = "Disks" }
to = "business_unit"
by = "hours"
"#;
    tell_the_same(&text, hours, Some(0));
}

#[test]
fn rows_out_of_the_ordinary_are_told_as_they_are_of_the_whole() {
    let text = bill(12_000, |row| match row {
        1_000 => Some("2026-10-05,Disks,Ops,12,,x,1,USD\n".to_owned()),
        2_500 => Some("2026-10-05,Disks,Ops,1\n".to_owned()),
        2_501 => Some("\n\r\n".to_owned()),
        4_000 => Some("2026-10-99,Disks,Ops,5,,x,1,EUR\n".to_owned()),
        4_001..4_040 => Some(format!("2026-10-05,Disks,Ops,,,x{row},1,EUR\n")),
        7_000..7_030 => Some(format!("2026-09-05,Disks,Ops,1.5,,x{row},1,EUR\n")),
        9_000 | 11_000 => Some("2026-10-07,Twice,Ops,1.25,,same,2,EUR\n".to_owned()),
        9_500 => Some("2026-10-07,19\" rack,Ops,1.25,\"{\"\"app\"\": 1\",z,2,EUR\n".to_owned()),
        9_501 => Some(",,,,,,,\n".to_owned()),
        9_502 => Some("2026-09-07,Disks,Ops,100,\"{\"\"app\"\": 1\",z,2,EUR\n".to_owned()),
        _ => None,
    });
    let files = tell_the_same(&text, "refused = \"quarantine\"\nlate = \"here\"\n", Some(1));
    assert_eq!(file(&files, "data/quarantine.csv").lines().count(), 1 + 5 + 39, "heading and lines handed back");
    // Of the lines of September 30 are booked, each of 1.5; one is handed back.
    let reconciliation = file(&files, "data/reconciliation.csv");
    assert!(reconciliation.contains("\"late, booked here\",30,45,"), "{reconciliation}");
    let findings = file(&files, "data/findings.csv");
    assert!(findings.contains("1 row repeats another one word for word, with 1.25 EUR in all"), "{findings}");
    tell_the_same(&text, "late = \"own\"\n", Some(3));
}

#[test]
fn what_counts_from_the_top_of_a_file_is_left_to_one_reader() {
    let large =
        bill(12_000, |row| (row % 2_000 == 1).then(|| "2026-10-05,Disks,Ops,200000000000000000,,x,1,EUR\n".to_owned()));
    tell_the_same(&large, "", Some(3));
    let unclosed = bill(12_000, |row| (row == 6_000).then(|| "2026-10-05,\"Disks,Ops,2,,x,1,EUR\n".to_owned()));
    tell_the_same(&unclosed, "", Some(3));
}

#[test]
fn a_text_that_cannot_be_read_is_handed_back_each_time() {
    let broken = |row: u32| format!("2026-10-07,Disks,Ops,1,\"{{\"\"app\"\": oops}}\",b{row},1,EUR\n");
    let text = bill(12_000, |row| row.is_multiple_of(100).then(|| broken(row)));
    // With a form of its own, each text of the column is told apart from all others.
    let more = "refused = \"quarantine\"\npatterns = { Tags = [\"*\", \"\"] }\n";
    let files = tell_the_same(&text, more, Some(1));
    assert_eq!(file(&files, "data/quarantine.csv").lines().count(), 1 + 120, "heading and lines handed back");
}

#[test]
fn a_number_among_tags_keeps_its_digits() {
    let head = "Day,Item,Unit,Cost,Tags,Id,Hours,Currency\n";
    let line = |app: &str| format!("2026-10-05,Disks,Ops,1,\"{{\"\"app\"\": {app}}}\",x,1,EUR\n");
    let apps = ["123456789012345678901", "123456789012345678902", "1.10", "1.1", "true", "null"];
    let text: String = std::iter::once(head.to_owned()).chain(apps.map(line)).collect();
    let (code, said, files) = outcome_of("bill.csv", text.as_bytes(), "", "1");
    assert_eq!(code, Some(0), "{said}");
    for app in ["123456789012345678901", "123456789012345678902", "1.10", "1.1", "true", ""] {
        let line = format!(",cost,{app},Ops,Disks,1.00,EUR,");
        assert!(file(&files, "data/charges.csv").contains(&line), "{app}");
    }
}

#[test]
fn a_row_is_not_taken_with_the_date_of_the_one_before_it() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let rows = [
        ["Day", "Item", "Unit", "Cost", "Tags", "Id", "Hours", "Currency", ""],
        ["2026-10-05", "Disks", "Ops", "1", "", "a", "1", "EUR", ""],
        ["2026-10-06", "Disks", "Ops", "10", "", "b", "1", "EUR", ""],
        ["2026-09-30", "Disks", "Ops", "100", "", "c", "1", "EUR", "a remark beside the headings"],
    ];
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).expect("written");
        }
    }
    let bytes = book.save_to_buffer().expect("a workbook");
    let (code, said, files) = outcome_of("bill.xlsx", &bytes, "late = \"own\"\n", "1");
    assert_eq!(code, Some(0), "{said}");
    let charges = file(&files, "data/charges.csv");
    assert_eq!(charges.lines().count(), 2, "{charges}");
    assert!(charges.contains(",Disks,11.00,EUR,"), "{charges}");
}
