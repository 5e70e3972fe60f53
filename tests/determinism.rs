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
    for name in all_files(&folder.path().join("sample-data")).keys() {
        // The accounts of the journal are a list in which the first fitting row wins, so its order has a meaning.
        let is_table = !name.contains(".xlsx") && name.contains(".csv");
        if is_table && !name.contains("recharge-accounts") && !name.contains("chart-of-accounts") {
            reverse_rows(&folder.path().join("sample-data").join(name));
            shuffled += 1;
        }
    }
    assert!(shuffled >= 10);
    let after = run(&folder.path().join("rules"), "2026-10", &folder.path().join("after"), &[]);
    // Row numbers and hashes of inputs differ by nature; every figure is the same.
    let (before, after) = (all_files(&before), all_files(&after));
    for name in before.keys().filter(|name| !name.contains("run.json") && !name.contains("drivers.csv")) {
        if name == "report.html" {
            // The identity of the run, a hash of its inputs too, stands at its foot.
            let page = |page: &[u8]| {
                let page = String::from_utf8(page.to_vec()).expect("text");
                let (before, id) = page.split_once("\"run\":\"").expect("an identity");
                before.to_owned() + id.split_once('"').expect("its end").1
            };
            assert!(page(&before[name]) == page(&after[name]), "{name} differs");
            continue;
        }
        assert!(before[name] == after[name], "{name} differs");
    }
}
