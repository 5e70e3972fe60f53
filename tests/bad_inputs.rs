//! Files as they really go wrong: each is read, or refused by name, and nothing in between.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use support::{outcome, showback};

const HEADINGS: &str = "BillingPeriodStart,SubAccountId,ServiceName,LineItemId,BilledCost,BillingCurrency,Tags\n";

/// One source of one file; `more` is added to it.
fn model(file: &str, more: &str) -> String {
    format!(
        r#"[model]
name = "Bad inputs"
currency = "USD"
complete = []
charges = {{ by = ["service", "business_unit"] }}

[sources.bill]
files = {file}
columns = {{ cost = "BilledCost", date = "BillingPeriodStart", currency = "BillingCurrency" }}
set = {{ service = "{{ServiceName}}", business_unit = "{{Tags.bu}}" }}
{more}
"#
    )
}

/// Exit code, messages, and the money in of a run over these files.
fn try_files(files: &[(&str, &[u8])], more: &str) -> (Option<i32>, String, Option<String>, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("written");
    }
    let names: Vec<String> = files.iter().map(|(name, _)| format!("{name:?}")).collect();
    fs::write(folder.path().join("model.toml"), model(&format!("[{}]", names.join(", ")), more)).expect("written");
    let out = folder.path().join("out");
    let (of, to) = (folder.path().display().to_string(), out.display().to_string());
    let (code, said) = outcome(&showback(&["run", &of, "--period", "2026-10", "--out", &to]));
    let run = out.join("2026-10");
    let evidence = fs::read_to_string(run.join("run.json")).ok();
    let money = evidence
        .and_then(|text| text.lines().find_map(|line| line.trim().strip_prefix("\"money_in\": \"").map(str::to_owned)));
    let money = money.map(|money| money.trim_end_matches(['"', ',']).to_owned());
    (code, said, money, run, folder)
}

fn rows(count: u32) -> String {
    (1..=count).fold(String::new(), |rows, at| {
        rows + &format!("2026-10-05,111111111111,Compute,line-{at},1.5,USD,\"{{\"\"bu\"\":\"\"Ops\"\"}}\"\n")
    })
}

fn accepted(name: &str, bytes: &[u8], more: &str, money: &str) -> String {
    let (code, said, read, ..) = try_files(&[(name, bytes)], more);
    assert!(matches!(code, Some(0 | 1)), "{name}: {said}");
    assert_eq!(read.as_deref(), Some(money), "{name}: {said}");
    said
}

fn refused(name: &str, bytes: &[u8], more: &str, words: &[&str]) {
    let (code, said, read, ..) = try_files(&[(name, bytes)], more);
    assert_eq!((code, read), (Some(3), None), "{name}: {said}");
    for word in words {
        assert!(said.contains(word), "{name}: `{word}` is not said in\n{said}");
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text.as_bytes()).expect("written");
    gz.finish().expect("finished")
}

#[test]
fn encodings_are_read_by_mark_or_declaration_and_refused_without() {
    let text = format!("{HEADINGS}{}", rows(4)).replace("Compute", "Straße");
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    accepted("marked.csv", &utf_16(&format!("\u{feff}{text}")), "", "6");
    refused("unmarked.csv", &utf_16(&text), "", &["UTF-16 text without a byte order mark", "encoding = \"utf-16le\""]);
    accepted("declared.csv", &utf_16(&text), "formats = { encoding = \"utf-16le\" }", "6");
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    refused("latin.csv", &latin, "", &["byte 0xDF is not UTF-8", "latin.csv:2", "encoding = \"windows-1252\""]);
    accepted("latin.csv", &latin, "formats = { encoding = \"latin-1\" }", "6");
    let mut broken = latin;
    let end = broken.len() - 1;
    broken.insert(end, 0x81);
    refused(
        "broken.csv",
        &broken,
        "formats = { encoding = \"windows-1252\" }",
        &["byte 0x81 is not windows-1252", "broken.csv:5"],
    );
}

#[test]
fn containers_are_read_whole_or_not_at_all() {
    let text = format!("{HEADINGS}{}", rows(200));
    let packed = gzip(&text);
    accepted("whole.csv.gz", &packed, "", "300");
    refused("cut.csv.gz", &packed[..packed.len() / 2], "", &["truncated gzip"]);
    let mut flipped = packed.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 4;
    refused("flipped.csv.gz", &flipped, "", &["corrupt gzip"]);
    refused("named.csv", &packed, "", &["this is a gzip", ".gz"]);
    refused("bill.csv", b"PAR1\x15\x04\x15", "", &["Parquet"]);
    refused("bill.parquet", b"PAR1\x15\x04\x15\0", "", &["footer is missing"]);
    refused("bill.parquet", b"PAR1\x15\x04\x15\0PAR1", "", &["not a readable Parquet file"]);
    refused("empty.csv", b"", "", &["empty"]);
    refused("open.csv", format!("{HEADINGS}{}2026-10-05,1,C,x,1,USD,\"", rows(3)).as_bytes(), "", &["never closed"]);
}

/// A workbook of the same rows as [`rows`], one of whose parts is changed.
fn workbook(part: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let lines = format!("{HEADINGS}{}", rows(300));
    for (row, line) in (0..).zip(csv::ReaderBuilder::new().has_headers(false).from_reader(lines.as_bytes()).records()) {
        for (column, cell) in (0..).zip(&line.expect("a row")) {
            match cell.parse::<f64>() {
                Ok(number) if column == 4 => sheet.write_number(row, column, number).expect("written"),
                _ => sheet.write_string(row, column, cell).expect("written"),
            };
        }
    }
    let bytes = book.save_to_buffer().expect("saved");
    let mut from = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
    let mut into = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for at in 0..from.len() {
        let mut of = from.by_index(at).expect("a part");
        let name = of.name().expect("a name").into_owned();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut of, &mut text).expect("text");
        let text = if name == part { change(text) } else { text };
        into.start_file(name, options).expect("a part");
        into.write_all(text.as_bytes()).expect("written");
    }
    into.finish().expect("finished").into_inner()
}

#[test]
fn nothing_is_taken_from_a_workbook_that_is_unsound_anywhere() {
    const SHEET: &str = "xl/worksheets/sheet1.xml";
    accepted("bill.xlsx", &workbook(SHEET, |text| text), "", "450");
    let behind = |text: String| text.replace("</sheetData>", "</sheetData><!DOCTYPE x>");
    refused("bill.xlsx", &workbook(SHEET, behind), "", &["declares a document type"]);
    // In UTF-16, letters have bytes 0 between them.
    let wide = |text: String| text + &"<!doctype x>".chars().flat_map(|c| [c, '\0']).collect::<String>();
    refused("bill.xlsx", &workbook(SHEET, wide), "", &["declares a document type"]);
    let claims = |text: String| text.replace("uniqueCount=\"", "uniqueCount=\"1000000000");
    refused("bill.xlsx", &workbook("xl/sharedStrings.xml", claims), "", &["more texts than it can hold"]);
    let mut torn = workbook(SHEET, |text| text);
    let at = torn.windows(SHEET.len()).position(|bytes| bytes == SHEET.as_bytes()).expect("the sheet") + 200;
    torn[at] ^= 1;
    refused("bill.xlsx", &torn, "", &["not a readable workbook"]);
    // A heading that is damaged is not the model's mistake.
    let mut renamed = workbook(SHEET, |text| text);
    let at = renamed.windows(8).position(|bytes| bytes == b"<v>4</v>").expect("the fifth heading");
    renamed[at + 3] = b'3';
    refused("bill.xlsx", &renamed, "", &["no column `BilledCost`", "not a readable workbook", "sheet1.xml"]);
    // A hidden row counts, and that is said.
    let hidden = |text: String| text.replacen("<row r=\"9\"", "<row hidden=\"1\" r=\"9\"", 1);
    let said = accepted("bill.xlsx", &workbook(SHEET, hidden), "", "450");
    assert!(said.contains("has 1 hidden row"), "{said}");
}

#[test]
fn numbers_are_read_as_declared_and_refused_otherwise() {
    let line = |cost: &str| format!("{HEADINGS}2026-10-05,111111111111,Compute,a,\"{cost}\",USD,\n");
    for (cost, hint) in [
        ("(10.00)", "negative = \"parentheses\""),
        ("10.00-", "negative = \"trailing minus\""),
        ("£10.00", "currency_sign = \"£\""),
        ("1,234.50", "number = \"1,234.56\""),
        ("NaN", ""),
        ("1_000", ""),
        ("0x10", ""),
        ("١٢", ""),
        ("+5", ""),
        ("1e1000000000", ""),
    ] {
        refused("bill.csv", line(cost).as_bytes(), "", &["bill.csv:2", "BilledCost", hint]);
    }
    accepted(
        "bill.csv",
        line("(1,010.25)").as_bytes(),
        "formats = { number = \"1,234.56\", negative = \"parentheses\" }",
        "-1010.25",
    );
    accepted("bill.csv", line("10.25-").as_bytes(), "formats = { negative = \"trailing minus\" }", "-10.25");
    accepted("bill.csv", line("-£10.25").as_bytes(), "formats = { currency_sign = \"£\" }", "-10.25");
}

#[test]
fn codes_names_and_keys_that_went_wrong_are_refused() {
    let pattern = "patterns = { SubAccountId = \"############\" }";
    accepted("bill.csv", format!("{HEADINGS}{}", rows(2)).as_bytes(), pattern, "3");
    let mangled = format!("{HEADINGS}{}", rows(2)).replace("111111111111", "1.11111E+11");
    refused("bill.csv", mangled.as_bytes(), pattern, &["1.11111E+11", "############", "spreadsheet"]);
    let forged = format!("{HEADINGS}{}", rows(2)).replace("Ops", "Ops\\n    BU:Forged  USD 999.00");
    refused("bill.csv", forged.as_bytes(), "", &["control character", "bill.csv:2"]);
    let alike = format!("{HEADINGS}{}{}", rows(1), rows(1).replace("Ops", "Орs"));
    refused("bill.csv", alike.as_bytes(), "", &["look alike", "U+004F (O)", "U+041E"]);
    let twice = format!("{HEADINGS}{0}{0}", rows(2));
    let said = accepted("bill.csv", twice.as_bytes(), "", "6");
    assert!(said.contains("2 rows repeat another one word for word, with 3.00 USD in all"), "{said}");
    refused("bill.csv", twice.as_bytes(), "key = [\"LineItemId\"]", &["row 4 has the same `LineItemId` as row 2"]);
}

#[test]
fn missing_days_are_named() {
    let file = format!("{HEADINGS}{}", rows(1));
    let (code, said, ..) = try_files(&[("2026-10-05.csv", file.as_bytes())], "expect = \"daily\"");
    assert_eq!(code, Some(3));
    assert!(said.contains("30 expected files are not among") && said.contains("`2026-10-04`"), "{said}");
    assert!(!said.contains("`2026-10-05`"), "{said}");
}

#[test]
fn quarantined_lines_are_handed_back_with_their_money() {
    let text = format!("{HEADINGS}{}2026-10-05,1,C,x,oops,USD,\n2026-10-05,1,C,y,7.25,EUR,\n2026-10-05,1\n", rows(2));
    let (code, said, money, run, _folder) = try_files(&[("bill.csv", text.as_bytes())], "refused = \"quarantine\"");
    assert_eq!((code, money.as_deref()), (Some(1), Some("3")), "{said}");
    let quarantine = fs::read_to_string(run.join("data/quarantine.csv")).expect("written");
    assert_eq!(quarantine.lines().count(), 4, "{quarantine}");
    assert!(quarantine.contains("7.25") && quarantine.contains("`oops` is not a number"), "{quarantine}");
    let reconciliation = fs::read_to_string(run.join("data/reconciliation.csv")).expect("written");
    assert!(reconciliation.contains("bill,quarantined,3,7.25,"), "{reconciliation}");
    // Where the lines stand is said in the terminal and on the first sheet, that there are some also on the page.
    assert!(
        said.contains("attention[not-a-number]: `oops` is not a number\n--> bill.csv:4, column `BilledCost`"),
        "{said}"
    );
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(run.join("showback.xlsx")).expect("a workbook");
    let summary = calamine::Reader::worksheet_range(&mut book, "Summary").expect("a sheet");
    let listed: Vec<String> = summary.cells().map(|(_, _, cell)| cell.to_string()).collect();
    assert!(listed.iter().any(|text| text == "oops is not a number (bill.csv:4, column BilledCost)."), "{listed:?}");
    let page = fs::read_to_string(run.join("report.html")).expect("a page");
    assert!(page.contains("\"handedBack\":3,"), "the page knows of them");
    let whole = format!("{HEADINGS}{}", rows(2));
    let (.., run, _folder) = try_files(&[("bill.csv", whole.as_bytes())], "");
    assert!(fs::read_to_string(run.join("report.html")).expect("a page").contains("\"handedBack\":0,"));
    refused("bill.csv", text.as_bytes(), "", &["`oops`", "`EUR`", "2 fields"]);
}

#[test]
fn lines_with_bytes_of_another_encoding_can_be_handed_back() {
    let bad = |byte: u8| {
        let mut text = format!("{HEADINGS}{}", rows(3)).into_bytes();
        let at = text.windows(6).position(|word| word == b"line-2").expect("the second line");
        text.splice(at..at + 6, [b'l', byte]);
        text
    };
    for (byte, more, words) in [
        (0xdf, "", "byte 0xDF is not UTF-8 text"),
        (0x81, "formats = { encoding = \"windows-1252\" }", "byte 0x81 is not windows-1252 text"),
        (0x00, "", "this row holds a byte 0x00"),
    ] {
        refused("bill.csv", &bad(byte), more, &[words, "bill.csv:3"]);
        let more = format!("{more}\nrefused = \"quarantine\"");
        let (code, said, money, run, _folder) = try_files(&[("bill.csv", &bad(byte))], &more);
        assert_eq!((code, money.as_deref()), (Some(1), Some("3")), "{said}");
        let quarantine = fs::read_to_string(run.join("data/quarantine.csv")).expect("written");
        let received = format!("l\\x{byte:02X},1.5,USD");
        assert!(quarantine.contains(words) && quarantine.contains(&received), "{quarantine}");
        let reconciliation = fs::read_to_string(run.join("data/reconciliation.csv")).expect("written");
        assert!(reconciliation.contains("bill,quarantined,1,1.5,"), "{reconciliation}");
    }
}

#[test]
fn the_money_of_a_line_whose_cells_have_moved_is_not_guessed() {
    let text = format!("{HEADINGS}{}2026-10-05,1,C,extra,99,7.25,USD,\n", rows(2));
    let (code, said, money, run, _folder) = try_files(&[("bill.csv", text.as_bytes())], "refused = \"quarantine\"");
    assert_eq!((code, money.as_deref()), (Some(1), Some("3")), "{said}");
    let reconciliation = fs::read_to_string(run.join("data/reconciliation.csv")).expect("written");
    assert!(reconciliation.contains("bill,quarantined,1,0,"), "{reconciliation}");
    assert!(reconciliation.contains("bill,\"quarantined, amount not readable\",1,0,"), "{reconciliation}");
}

#[test]
fn what_is_no_table_is_named_for_what_it_is() {
    let text = format!("{HEADINGS}{}", rows(3));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("bill.csv", zip::write::SimpleFileOptions::default()).expect("a part");
    zip.write_all(text.as_bytes()).expect("written");
    let zip = zip.finish().expect("finished").into_inner();
    let gz = |bytes: &[u8]| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(bytes).expect("written");
        gz.finish().expect("finished")
    };
    refused("bill.csv.gz", &gz(&zip), "", &["packed and holds a zip", "unpack it"]);
    refused("bill.csv.gz", &gz(&gz(text.as_bytes())), "", &["packed and holds a gzip"]);
    let utf_32: Vec<u8> = format!("\u{feff}{text}").chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    refused("bill.csv", &utf_32, "", &["this is UTF-32 text"]);
    refused("bill.csv", b"<!doctype html><p>Expired", "", &["this is a web page", "fetch it again"]);
    refused("bill.csv", b"<?xml version='1.0'?><Error/>", "", &["this is XML"]);
    refused("bill.csv", b"%PDF-1.7\n", "", &["this is a PDF"]);
}

#[test]
fn a_tag_with_two_values_is_refused_and_one_said_twice_is_not() {
    let tags = |tags: &str| format!("{HEADINGS}2026-10-05,1,C,a,1,USD,\"{}\"\n", tags.replace('"', "\"\""));
    refused(
        "bill.csv",
        tags(r#"{"bu":"Ops","bu":"Dev"}"#).as_bytes(),
        "",
        &["the key `bu` has two values", "bill.csv:2"],
    );
    accepted("bill.csv", tags(r#"{"bu":"Ops","bu":"Ops"}"#).as_bytes(), "", "1");
    accepted("bill.csv", tags(r#"{"x":"1","x":"2","bu":"Ops"}"#).as_bytes(), "", "1");
    // However deep, what stands under another key is nobody's business.
    let deep = format!("{}1{}", r#"{"a":"#.repeat(5000), "}".repeat(5000));
    refused("bill.csv", tags(&format!(r#"{{"bu":{deep}}}"#)).as_bytes(), "", &["recursion limit"]);
    accepted("bill.csv", tags(&format!(r#"{{"x":{deep},"bu":"Ops"}}"#)).as_bytes(), "", "1");
}

#[test]
fn names_with_marks_of_direction_are_refused() {
    let text = format!("{HEADINGS}{}", rows(1)).replace("Compute", "Com\u{202e}pute");
    refused("bill.csv", text.as_bytes(), "", &["control character", "\\u{202e}"]);
}

#[test]
fn one_delivery_in_two_forms_is_counted_once() {
    let text = format!("{HEADINGS}{}", rows(3));
    let lines: Vec<&str> = text.lines().collect();
    let turned = [lines[0], lines[3], lines[1], lines[2]].join("\r\n");
    for (name, bytes) in [("again.csv.gz", gzip(&text)), ("turned.csv", turned.into_bytes())] {
        let (code, said, ..) = try_files(&[("bill.csv", text.as_bytes()), (name, &bytes)], "");
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("has the same rows as"), "{said}");
    }
}

#[test]
fn a_file_of_bad_lines_is_refused_even_with_quarantine() {
    let mut text = HEADINGS.to_owned();
    (0..100_001).for_each(|_| text.push_str("2026-10-05,1,C,a,x,USD,\n"));
    refused("bill.csv", text.as_bytes(), "refused = \"quarantine\"", &["more than 100000 lines of this file"]);
}

#[test]
fn days_that_do_not_exist_and_times_of_other_zones_are_refused() {
    let text = |day: &str| format!("{HEADINGS}{day},1,C,a,1,USD,\n");
    let uk = "formats = { date = \"%d/%m/%Y\" }";
    for (day, more) in [
        ("31/04/2026", uk),
        ("10/31/2026", uk),
        ("2026-02-30", ""),
        ("0026-10-05", ""),
        ("46300", ""),
        ("2026-10-31T23:30:00-05:00", ""),
    ] {
        refused("bill.csv", text(day).as_bytes(), more, &[&format!("`{day}` is not a date"), "BillingPeriodStart"]);
    }
}

/// Every file of the folder of bad inputs beside the repository, where there is one.
#[test]
fn every_bad_input_has_its_outcome() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/badinputs");
    let Ok(manifest) = fs::read_to_string(folder.join("manifest.csv")) else {
        eprintln!("skipped: there is no folder of bad inputs beside the repository");
        return;
    };
    let mut wrong = Vec::new();
    let mut reader = csv::Reader::from_reader(manifest.as_bytes());
    for row in reader.records() {
        let row = row.expect("a row");
        let (file, expected) = (&row[0], &row[3]);
        if file.starts_with("rules/") {
            continue;
        }
        let name = file.rsplit('/').next().expect("a name");
        let bytes = fs::read(folder.join(file)).expect("a file");
        let control = fs::read(folder.join("control/good_control.csv")).expect("a file");
        let mut files = vec![(name, bytes.as_slice())];
        if name == "dup_file_copy.csv" {
            files.push(("good_control.csv", &control));
        }
        let form = "patterns = { BillingAccountId = \"############\", SubAccountId = \"############\" }";
        let more = if name == "acct_sci.csv" { form } else { "" };
        let (code, said, ..) = try_files(&files, more);
        let got = match code {
            Some(0 | 1) => "accepted",
            Some(3) => "refused",
            _ => "neither",
        };
        if got != expected || said.contains("panicked") || said.contains("root:") {
            wrong.push(format!("{file}: expected {expected}, got {got}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn decimals_beyond_the_eighteenth_are_told_wherever_they_are_rounded() {
    let line = |amount: &str| format!("{HEADINGS}2026-10-05,1,C,x,{amount},USD,\n2026-10-05,1,C,y,1,USD,\n");
    // What cloud bills write is kept to the last digit, and nothing is said of it.
    for (amount, money) in
        [("0.123456789012345", "1.123456789012345"), ("1.5E-7", "1.00000015"), ("1e-18", "1.000000000000000001")]
    {
        let said = accepted("bill.csv", line(amount).as_bytes(), "", money);
        assert!(!said.contains("many-decimals"), "{said}");
    }
    // 10^-30 is read as 0; 1.5 · 10^-18 becomes 2 · 10^-18, half of 10^-18 too much.
    for (amount, money, left) in [
        ("1e-30", "1", "0.000000000000000000000000000001"),
        ("0.0000000000000000015", "1.000000000000000002", "-0.0000000000000000005"),
    ] {
        let said = accepted("bill.csv", line(amount).as_bytes(), "", money);
        let title = "note[many-decimals]: source `bill` has 1 number with more than 18 decimals, rounded half to even";
        assert!(said.contains(&format!("{title}: {left} is left out in all")), "{said}");
    }
    // What a charge and its credit have beyond is nothing together, and is told, also where the same is read of many lines.
    let pair = "2026-10-05,1,C,x,1234.1234567890123456789,USD,\n2026-10-05,1,C,x,-1234.1234567890123456789,USD,\n";
    for times in [1, 20] {
        let said = accepted("bill.csv", format!("{}{}", line("1"), pair.repeat(times)).as_bytes(), "", "2");
        let title =
            format!("has {} numbers with more than 18 decimals, rounded half to even: 0 is left out", 2 * times);
        assert!(said.contains(&title), "{said}");
    }
    refused("bill.csv", line("1e-40").as_bytes(), "", &["`1e-40` is not a number", "more than 36 decimals"]);
    let control = "control = { file = \"totals.csv\", on = \"Source\", total = \"Total\" }";
    let totals = "Source,Total\nbill,3.0000000000000000001\n";
    let text = format!("{HEADINGS}{}", rows(2));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("bill.csv"), text).expect("written");
    fs::write(folder.path().join("totals.csv"), totals).expect("written");
    fs::write(folder.path().join("model.toml"), model("[\"bill.csv\"]", control)).expect("written");
    let (of, to) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let (code, said) = outcome(&showback(&["run", &of, "--period", "2026-10", "--out", &to]));
    assert_eq!(code, Some(0), "{said}");
    let title = "this number has more than 18 decimals and is rounded to 3";
    assert!(said.contains(title) && said.contains("totals.csv:2, column `Total`"), "{said}");
}

#[test]
fn a_run_says_in_the_terminal_how_many_lines_are_handed_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (of, to) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    fs::write(folder.path().join("model.toml"), model("[\"bill.csv\"]", "refused = \"quarantine\"")).expect("written");
    let bad = |count: usize| "2026-10-05,1,C,x,oops,USD,\n".repeat(count);
    for (count, words) in [(0, None), (1, Some("1 line is")), (2, Some("2 lines are"))] {
        fs::write(folder.path().join("bill.csv"), format!("{HEADINGS}{}{}", rows(2), bad(count))).expect("written");
        for arguments in
            [vec!["run", &of, "--period", "2026-10", "--out", &to], vec!["check", &of, "--period", "2026-10"]]
        {
            let said = String::from_utf8_lossy(&showback(&arguments).stdout).into_owned();
            let sentence = words.map(|words| {
                format!("{words} handed back and in no figure here; a run lists them in data/quarantine.csv\n")
            });
            match sentence {
                Some(sentence) => assert!(said.contains(&sentence), "{arguments:?}: {said}"),
                None => assert!(!said.contains("handed back"), "{arguments:?}: {said}"),
            }
            let what = if count == 0 { "Everything is allocated" } else { "Everything else is allocated" };
            assert!(said.contains(what), "{arguments:?}: {said}");
        }
    }
}
