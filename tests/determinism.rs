//! The same inputs give the same bytes: twice, with one thread or two, whatever the order of rows.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use support::{all_files, copy_folder, root, run};

#[test]
fn the_same_inputs_give_the_same_bytes_twice_and_with_any_number_of_threads() {
    for (model, period) in [("rules", "2026-10"), ("examples/oakland", "FY17")] {
        let mut seen = None;
        for threads in ["1", "2", "8", "2"] {
            let out = tempfile::tempdir().expect("a folder");
            let published = run(&root().join(model), period, out.path(), &["--threads", threads]);
            let files = all_files(&published);
            assert!(files.contains_key("run.json") && files.contains_key("showback.xlsx"));
            let first = seen.get_or_insert_with(|| files.clone());
            assert_eq!(first.keys().collect::<Vec<_>>(), files.keys().collect::<Vec<_>>());
            for (name, bytes) in &files {
                assert!(first[name] == *bytes, "{model} {name} differs with {threads} threads");
            }
        }
    }
}

/// Reverses the lines below the heading, in csv files plain and gzip.
fn reverse_rows(path: &Path) {
    let is_gzip = path.extension().is_some_and(|e| e == "gz");
    let bytes = fs::read(path).expect("a file");
    let mut text = String::new();
    if is_gzip {
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
    } else {
        text = String::from_utf8(bytes).expect("text");
    }
    let (heading, rest) = text.split_once('\n').expect("a heading");
    let mut lines: Vec<&str> = rest.lines().collect();
    lines.reverse();
    let shuffled = format!("{heading}\n{}\n", lines.join("\n"));
    let mut file = fs::File::create(path).expect("a file");
    if is_gzip {
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gzip.write_all(shuffled.as_bytes()).expect("written");
        gzip.finish().expect("finished");
    } else {
        file.write_all(shuffled.as_bytes()).expect("written");
    }
}

#[test]
fn the_order_of_rows_in_exports_and_tables_does_not_matter() {
    let folder = tempfile::tempdir().expect("a folder");
    copy_folder(&root().join("rules"), &folder.path().join("rules"));
    copy_folder(&root().join("sample-data"), &folder.path().join("sample-data"));
    let before = run(&folder.path().join("rules"), "2026-10", &folder.path().join("before"), &[]);
    let mut shuffled = 0;
    // Reports name the rows of these lists by number, one by one.
    let rows_are_named = ["contracts", "asset-register", "exchange-rates"];
    for name in all_files(&folder.path().join("sample-data")).keys() {
        // The accounts of the journal are a list in which the first fitting row wins, so its order has a meaning.
        let is_table = !name.contains(".xlsx") && name.contains(".csv");
        let has_order = ["recharge-accounts", "chart-of-accounts"].iter().any(|list| name.contains(list));
        if is_table && !has_order && !rows_are_named.iter().any(|list| name.contains(list)) {
            reverse_rows(&folder.path().join("sample-data").join(name));
            shuffled += 1;
        }
    }
    assert!(shuffled >= 10);
    let after = run(&folder.path().join("rules"), "2026-10", &folder.path().join("after"), &[]);
    // Row numbers and hashes of inputs differ by nature, and so does the identity of the run, which stands on every page
    // that people read; every figure is the same.
    let (before, after) = (all_files(&before), all_files(&after));
    let (id_before, id_after) = (run_id(&before["run.json"]), run_id(&after["run.json"]));
    assert_ne!(id_before, id_after);
    for name in before.keys().filter(|name| !name.contains("run.json") && !name.contains("drivers.csv")) {
        let is_same = if name.contains(".xlsx") {
            parts(&before[name], &id_before) == parts(&after[name], &id_after)
        } else if name == "report.html" {
            let text = |bytes: &[u8], id: &str| String::from_utf8_lossy(bytes).replace(id, "");
            text(&before[name], &id_before) == text(&after[name], &id_after)
        } else {
            before[name] == after[name]
        };
        assert!(is_same, "{name} differs");
    }

    for list in rows_are_named {
        reverse_rows(&folder.path().join("sample-data").join(list).with_extension("csv"));
    }
    let last = run(&folder.path().join("rules"), "2026-10", &folder.path().join("last"), &["--alone"]);
    assert!(all_files(&last)["data/charges.csv"] == before["data/charges.csv"], "charges.csv differs");
}

fn run_id(evidence: &[u8]) -> String {
    let evidence: serde_json::Value = serde_json::from_slice(evidence).expect("JSON");
    evidence["run_id"].as_str().expect("an identity").to_owned()
}

/// The parts of a workbook by name, without the identity of its run.
fn parts(workbook: &[u8], id: &str) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(workbook)).expect("a workbook");
    let mut parts = Vec::new();
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).expect("a part");
        let mut text = String::new();
        part.read_to_string(&mut text).expect("text");
        let name = part.name().expect("a name").into_owned();
        parts.push((name, text.replace(id, "")));
    }
    parts
}
