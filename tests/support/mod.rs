//! What tests of the whole program share: running it, reading what it wrote, and arithmetic of its own.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A row of a csv file by heading.
pub type Row = BTreeMap<String, String>;

/// The folder of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program in the repository's folder.
pub fn showback(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_showback"))
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// Runs a model for a period into a folder and expects exit code 0 or 1. Gives the folder of the period.
pub fn run(model: &Path, period: &str, out: &Path, more: &[&str]) -> PathBuf {
    let (model, out_text) = (model.display().to_string(), out.display().to_string());
    let mut arguments = vec!["run", model.as_str(), "--period", period, "--out", out_text.as_str(), "--quiet"];
    arguments.extend(more);
    let output = showback(&arguments);
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1)), "exit {code:?}: {}", String::from_utf8_lossy(&output.stderr));
    out.join(period)
}

/// The exit code and what stands on standard error.
pub fn outcome(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Rows of a csv file, plain or gzip.
pub fn rows(path: &Path) -> Vec<Row> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = if path.extension().is_some_and(|e| e == "gz") {
        let mut text = Vec::new();
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut text).expect("gzip");
        text
    } else {
        bytes
    };
    csv::Reader::from_reader(text.as_slice()).deserialize().map(|row| row.expect("a row")).collect()
}

/// A decimal text as a count of 10^-18, read digit by digit and not by the program's own code.
pub fn atoms(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 18, "{text} has too many decimals");
    let padded = format!("{whole}{fraction:0<18}");
    sign * padded.parse::<i128>().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// One whole unit.
pub const ONE: i128 = 1_000_000_000_000_000_000;

/// One cent.
pub const CENT: i128 = ONE / 100;

/// Sums of a column by the values of others, over the rows that pass.
pub fn sums(rows: &[Row], by: &[&str], column: &str, passes: impl Fn(&Row) -> bool) -> BTreeMap<Vec<String>, i128> {
    let mut sums = BTreeMap::new();
    for row in rows.iter().filter(|row| passes(row)) {
        let key: Vec<String> = by.iter().map(|name| row[*name].clone()).collect();
        *sums.entry(key).or_insert(0) += atoms(&row[column]);
    }
    sums
}

/// Every file below a folder with its bytes.
pub fn all_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(root, &path, files);
            } else {
                let name = path.strip_prefix(root).expect("below the root").display().to_string();
                files.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    let mut files = BTreeMap::new();
    collect(folder, folder, &mut files);
    files
}

/// Copies a folder with everything below it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

/// Whether a program can be started; says on standard error when a test is skipped for its absence. In CI a
/// missing program is a failure.
pub fn is_installed(program: &str, argument: &str) -> bool {
    let found = Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success());
    if !found {
        assert!(std::env::var_os("CI").is_none(), "{program} is not installed, and CI must have it");
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// A small model in a folder: files by name, `model.toml` and rules under `rules/`, data under `data/`.
pub fn write_model(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }
}
