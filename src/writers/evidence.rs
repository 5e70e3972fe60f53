//! `run.json`: the evidence of a run. No clock, host, user, thread count or absolute path.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::files::Inputs;
use crate::reports::{Run, Summary};
use crate::rulebook::RuleBook;

/// What `run.json` holds.
#[derive(Debug, Serialize)]
struct Evidence {
    program: &'static str,
    version: &'static str,
    model: String,
    period: String,
    currency: String,
    run_id: String,
    money_in: String,
    charged: String,
    unallocated: String,
    rounding: String,
    sources: Vec<SourceEvidence>,
    control_totals: Vec<ControlEvidence>,
    rules: BTreeMap<String, String>,
    inputs: BTreeMap<String, FileEvidence>,
    outputs: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct SourceEvidence {
    source: String,
    files: Vec<String>,
    lines: u64,
    money_in: String,
}

#[derive(Debug, Serialize)]
struct ControlEvidence {
    source: String,
    what: String,
    declared: String,
    read: String,
}

#[derive(Debug, Serialize)]
struct FileEvidence {
    blake3: String,
    bytes: u64,
}

/// The identity of a run: 12 hexadecimal digits of a hash over the program's version, the period, the rules and
/// all inputs.
#[must_use]
pub fn run_id(book: &RuleBook, period: &str, inputs: &Inputs) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &str| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    };
    add(env!("CARGO_PKG_VERSION"));
    add(period);
    for text in &book.texts {
        add(&text.file);
        add(&text.text);
    }
    for (name, evidence) in &inputs.0 {
        add(name);
        add(&evidence.hash);
    }
    hasher.finalize().to_hex()[..12].to_owned()
}

/// Hashes everything below `folder` and writes `run.json` into it, last.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write(folder: &Path, run: &Run<'_>, summary: &Summary, inputs: &Inputs, run_id: &str) -> io::Result<()> {
    let book = &run.model.book;
    let currency = &book.head.currency;
    let mut outputs = BTreeMap::new();
    hash_all(folder, folder, &mut outputs)?;
    let evidence = Evidence {
        program: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        model: book.head.name.clone(),
        period: run.model.period.name.clone(),
        currency: currency.code().to_owned(),
        run_id: run_id.to_owned(),
        money_in: summary.money_in.to_string(),
        charged: currency.plain(summary.charged),
        unallocated: currency.plain(summary.unallocated),
        rounding: summary.rounding.to_string(),
        sources: book
            .sources
            .iter()
            .zip(&run.read.totals)
            .zip(&summary.sources)
            .map(|((source, totals), (_, money_in))| SourceEvidence {
                source: source.name.clone(),
                files: totals.files.clone(),
                lines: totals.taken.lines,
                money_in: money_in.to_string(),
            })
            .collect(),
        control_totals: run
            .read
            .controls
            .iter()
            .map(|control| ControlEvidence {
                source: control.source.clone(),
                what: control.what.clone(),
                declared: control.declared.to_string(),
                read: control.read.to_string(),
            })
            .collect(),
        rules: book
            .texts
            .iter()
            .map(|text| (text.file.clone(), blake3::hash(text.text.as_bytes()).to_hex().to_string()))
            .collect(),
        inputs: inputs
            .0
            .iter()
            .map(|(name, file)| (name.clone(), FileEvidence { blake3: file.hash.clone(), bytes: file.bytes }))
            .collect(),
        outputs,
    };
    let mut text = serde_json::to_string_pretty(&evidence)?;
    text.push('\n');
    super::publish::write_file(&folder.join("run.json"), text.as_bytes())
}

fn hash_all(root: &Path, folder: &Path, outputs: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            hash_all(root, &path, outputs)?;
            continue;
        }
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut File::open(&path)?, &mut hasher)?;
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        outputs.insert(name, hasher.finalize().to_hex().to_string());
    }
    Ok(())
}
