//! `run.json`: the evidence of a run. No clock, host, user, thread count or absolute path.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files::Inputs;
use crate::reports::{Run, Summary};
use crate::rulebook::RuleBook;

/// Name of the file in the folder of a run.
pub const FILE: &str = "run.json";

/// What `run.json` holds. Amounts are texts, so that no reader makes floats of them; hashes are BLAKE3 in hexadecimal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// `showback`.
    pub program: String,
    /// The version that wrote it.
    pub version: String,
    /// Name of the organisation.
    pub model: String,
    /// The period.
    pub period: String,
    /// The plan; none in a run of actuals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Currency of the books.
    pub currency: String,
    /// See [`run_id`].
    pub run_id: String,
    /// What the run was asked for beside the plain calculation.
    pub options: Vec<String>,
    /// The exact money in.
    pub money_in: String,
    /// What was charged, in whole minor units.
    pub charged: String,
    /// What nobody was found for, in whole minor units.
    pub unallocated: String,
    /// Money in minus all charge lines.
    pub rounding: String,
    /// What each source gave.
    pub sources: Vec<SourceEvidence>,
    /// Control totals, declared and read.
    pub control_totals: Vec<ControlEvidence>,
    /// Hashes of the rule files, by their names in the model folder.
    pub rules: BTreeMap<String, String>,
    /// Everything that was read, by names below the data folder.
    pub inputs: BTreeMap<String, FileEvidence>,
    /// Hashes of everything that was written, but for this file.
    pub outputs: BTreeMap<String, String>,
    /// Hash of this file with an empty seal, so that a change of it is noticed too.
    pub seal: String,
}

/// What a source gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SourceEvidence {
    /// Its name.
    pub source: String,
    /// Files it was read from.
    pub files: Vec<String>,
    /// Versions of the format that its files are of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// Cost lines.
    pub lines: u64,
    /// The exact money in.
    pub money_in: String,
}

/// A control total.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ControlEvidence {
    /// Source it is of.
    pub source: String,
    /// What was totalled.
    pub what: String,
    /// The figure that was declared.
    pub declared: String,
    /// The figure that was read.
    pub read: String,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEvidence {
    /// Hash of the bytes as they lay on disk.
    pub blake3: String,
    /// How many bytes.
    pub bytes: u64,
}

impl Evidence {
    /// Reads the evidence of a run from the text of its `run.json`.
    ///
    /// # Errors
    /// What is wrong, for people, when it is no evidence of a run.
    pub fn parse(text: &str) -> Result<Evidence, String> {
        serde_json::from_str(text).map_err(|error| format!("it is not the evidence of a run: {error}"))
    }

    /// What is needed of it to explain the run.
    #[must_use]
    pub fn to_explain(&self) -> crate::explain::Evidence {
        crate::explain::Evidence {
            name: self.model.clone(),
            period: self.period.clone(),
            currency: self.currency.clone(),
            rules: self.rules.clone(),
            inputs: self.inputs.iter().map(|(name, file)| (name.clone(), file.blake3.clone())).collect(),
            outputs: self.outputs.clone(),
        }
    }

    /// Whether `text`, which this was parsed from, is what was written, to the byte.
    #[must_use]
    pub fn is_sealed(&self, text: &str) -> bool {
        let bare = Evidence { seal: String::new(), ..self.clone() };
        let sealed = bare.text().ok().map(|bare| seal_of(&bare));
        sealed.as_deref() == Some(&self.seal) && self.text().is_ok_and(|written| written == text)
    }

    fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

fn seal_of(bare: &str) -> String {
    blake3::hash(bare.as_bytes()).to_hex().to_string()
}

/// The identity of a run: 12 hexadecimal digits of a hash over the program's version, the period, what was asked for, the
/// rules and all inputs.
#[must_use]
pub fn run_id(book: &RuleBook, period: &str, inputs: &Inputs, options: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &str| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    };
    add(env!("CARGO_PKG_VERSION"));
    add(period);
    for option in options {
        add(option);
    }
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
pub fn write(
    folder: &Path,
    run: &Run<'_>,
    summary: &Summary,
    inputs: &Inputs,
    run_id: &str,
    options: &[String],
) -> io::Result<()> {
    let book = &run.model.book;
    let currency = &book.head.currency;
    let outputs = hashes(folder)?;
    let mut evidence = Evidence {
        program: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: book.head.name.clone(),
        period: run.model.period.name.clone(),
        plan: book.plan.clone(),
        currency: currency.code().to_owned(),
        run_id: run_id.to_owned(),
        options: options.to_owned(),
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
                versions: totals.versions.keys().cloned().collect(),
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
        seal: String::new(),
    };
    evidence.seal = seal_of(&evidence.text()?);
    super::publish::write_file(&folder.join(FILE), evidence.text()?.as_bytes())
}

/// What stands in place of the hash of what is no file: a folder without anything in it, a link to a folder, a pipe.
pub const NO_FILE: &str = "no file";

/// Hashes of all files below a run's folder but [`FILE`], by their names in it; what is no file has [`NO_FILE`], and its name
/// ends in `/`.
///
/// # Errors
/// When a file or folder cannot be read.
pub fn hashes(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut outputs = BTreeMap::new();
    hash_all(folder, folder, &mut outputs)?;
    outputs.remove(FILE);
    Ok(outputs)
}

fn hash_all(root: &Path, folder: &Path, outputs: &mut BTreeMap<String, String>) -> io::Result<()> {
    let mut is_empty = true;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        is_empty = false;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            hash_all(root, &path, outputs)?;
        } else if fs::metadata(&path).is_ok_and(|about| about.is_file()) {
            outputs.insert(name_in(root, &path), hash_file(&path)?.blake3);
        } else {
            outputs.insert(name_in(root, &path) + "/", NO_FILE.to_owned());
        }
    }
    if is_empty && folder != root {
        outputs.insert(name_in(root, folder) + "/", NO_FILE.to_owned());
    }
    Ok(())
}

fn name_in(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The hash and size of a file.
///
/// # Errors
/// When it cannot be read.
pub fn hash_file(path: &Path) -> io::Result<FileEvidence> {
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(FileEvidence { blake3: hasher.finalize().to_hex().to_string(), bytes })
}
