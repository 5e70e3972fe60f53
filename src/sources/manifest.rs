//! Deliveries with a manifest: the file that a provider writes last and that names the files of one export. It stands
//! in `files` in place of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::files::{DataFile, Evidence, Inputs, NamedKind};
use crate::finding::{Finding, Findings, Place, clean, list_names};
use crate::rulebook::presets::Basis;

/// Largest manifest that is read: one of ten thousand files has some 2 MB.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;

/// What a manifest says of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// How charges paid in advance are shown.
    pub(super) basis: Option<Basis>,
    /// Its size as it lies on disk.
    bytes: Option<u64>,
    /// How many lines it has.
    pub(super) rows: Option<u64>,
}

/// One delivery of one export.
struct Delivery {
    manifest: DataFile,
    /// The export and the first day of what it is about: deliveries that agree in both replace each other.
    export: (String, String),
    /// What tells this delivery from others of the export.
    id: String,
    /// When it was made; blank where the manifest does not say.
    made: String,
    files: Vec<(String, Told)>,
}

/// Whether a file is a manifest, by its name.
pub(super) fn is_manifest(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("manifest.json")
}

/// The files that manifests name, without those of deliveries that were replaced.
pub(super) fn resolve(
    data: &Path,
    manifests: &[DataFile],
    inputs: &mut Inputs,
    findings: &mut Findings,
) -> BTreeMap<DataFile, Told> {
    let mut deliveries: BTreeMap<(String, String), Vec<Delivery>> = BTreeMap::new();
    for manifest in manifests {
        match read(manifest, inputs) {
            Ok(delivery) => deliveries.entry(delivery.export.clone()).or_default().push(delivery),
            Err(finding) => findings.push(*finding),
        }
    }
    let mut listed = BTreeMap::new();
    // Every file that any manifest names, and the folders they lie in.
    let mut named: BTreeSet<PathBuf> = BTreeSet::new();
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for mut same in deliveries.into_values() {
        for delivery in &same {
            let found = delivery.files.iter().filter_map(|(name, _)| locate(data, &delivery.manifest, name));
            let paths: Vec<PathBuf> = found.map(|file| file.path).collect();
            folders.extend(paths.iter().filter_map(|path| path.parent()).map(Path::to_owned));
            folders.extend(delivery.manifest.path.parent().map(Path::to_owned));
            named.extend(paths);
        }
        let Some(latest) = latest(&same, findings) else { continue };
        let latest = same.swap_remove(latest);
        tell_replaced(&latest, &same, findings);
        for (name, told) in &latest.files {
            match locate(data, &latest.manifest, name) {
                Some(file) => {
                    check_size(&file, *told, findings);
                    listed.insert(file, *told);
                }
                None => findings.push(missing(&latest.manifest, name)),
            }
        }
    }
    tell_unnamed(data, &folders, &named, findings);
    listed
}

fn fault(manifest: &DataFile, code: &'static str, title: String, help: &str) -> Box<Finding> {
    Box::new(Finding::error(code, Place::File(manifest.name.clone()), title).help(help))
}

fn missing(manifest: &DataFile, name: &str) -> Finding {
    let title = format!("this manifest names `{}`, and there is no such file", clean(name));
    let help = "the delivery is not complete: fetch the missing file, in the folders it has in the export";
    *fault(manifest, "missing-file", title, help)
}

fn check_size(file: &DataFile, told: Told, findings: &mut Findings) {
    let size = fs::metadata(&file.path).map(|about| about.len()).ok();
    if let (Some(expected), Some(size)) = (told.bytes, size)
        && expected != size
    {
        let title = format!("this file has {size} bytes, its manifest says {expected}");
        let help = "it is cut off, or of another delivery than the manifest: fetch both again";
        findings.push(Finding::error("other-size", Place::File(file.name.clone()), title).help(help));
    }
}

fn read(manifest: &DataFile, inputs: &mut Inputs) -> Result<Delivery, Box<Finding>> {
    let unreadable = |error: std::io::Error| {
        fault(manifest, "unreadable", format!("this file cannot be read: {error}"), "check the permissions")
    };
    let mut bytes = Vec::new();
    let opened = fs::File::open(&manifest.path).map_err(unreadable)?;
    opened.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
    let evidence = Evidence { hash: blake3::hash(&bytes).to_hex().to_string(), bytes: bytes.len() as u64 };
    inputs.0.insert(manifest.name.clone(), evidence);
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let json: Value = serde_json::from_slice(text).map_err(|error| {
        let help = "fetch it again: a manifest is written last, so a cut one is a delivery that is not complete";
        fault(manifest, "not-a-manifest", format!("this is not a manifest: {error}"), help)
    })?;
    let delivery = understand(manifest, &json).filter(|delivery| !delivery.files.is_empty());
    delivery.ok_or_else(|| {
        let help = "known are the manifests of AWS (`reportKeys`, `dataFiles`) and Azure (`blobs`), and a list `files`; name the files themselves in its place";
        fault(manifest, "not-a-manifest", "this manifest names no files".to_owned(), help)
    })
}

/// The text at a path of keys, blank where there is none.
fn text<'j>(json: &'j Value, path: &[&str]) -> &'j str {
    let found = path.iter().try_fold(json, |at, key| at.get(key));
    found.and_then(Value::as_str).unwrap_or_default()
}

/// What a manifest says, in any of the known forms.
fn understand(manifest: &DataFile, json: &Value) -> Option<Delivery> {
    let delivery = |export: String, id: &str, made: &str, files: Vec<(String, Told)>, start: String| Delivery {
        manifest: manifest.clone(),
        export: (export, start),
        id: id.to_owned(),
        made: made.to_owned(),
        files,
    };
    let list = |key: &str| json.get(key).and_then(Value::as_array);
    let names = |files: &[Value]| -> Vec<(String, Told)> {
        let name = |file: &Value| file.as_str().or_else(|| file.get("name").and_then(Value::as_str)).map(str::to_owned);
        files.iter().filter_map(name).map(|name| (name, Told::default())).collect()
    };
    if let Some(blobs) = list("blobs") {
        let config = |key: &str| text(json, &["exportConfig", key]);
        let basis = match config("type") {
            "ActualCost" => Some(Basis::Actual),
            "AmortizedCost" => Some(Basis::Amortised),
            _ => None,
        };
        let file = |blob: &Value| {
            let name = text(blob, &["blobName"]).to_owned();
            // Of a packed file it is not known which of its sizes is meant.
            let is_plain = name.to_ascii_lowercase().ends_with(".csv");
            let count = |key: &str| blob.get(key).and_then(Value::as_u64);
            Some((name, Told { basis, bytes: count("byteCount").filter(|_| is_plain), rows: count("dataRowCount") }))
                .filter(|(name, _)| !name.is_empty())
        };
        let start = text(json, &["runInfo", "startDate"]).chars().take(10).collect();
        let export = format!("{} {} {}", config("resourceId"), config("exportName"), config("type"));
        let run = |key: &str| text(json, &["runInfo", key]);
        return Some(delivery(
            export,
            run("runId"),
            run("submittedTime"),
            blobs.iter().filter_map(file).collect(),
            start,
        ));
    }
    if let Some(keys) = list("reportKeys") {
        let export = format!("{} {}", text(json, &["account"]), text(json, &["reportName"]));
        let start = text(json, &["billingPeriod", "start"]).chars().take(8).collect();
        return Some(delivery(export, text(json, &["assemblyId"]), "", names(keys), start));
    }
    // Others do not say which export they are of, so their folder does.
    let folder = manifest.name.rsplit_once('/').map_or("", |(folder, _)| folder);
    if let Some(files) = list("dataFiles") {
        let period = manifest.name.split('/').find_map(|part| part.strip_prefix("BILLING_PERIOD=")).unwrap_or_default();
        let file_name = manifest.name.rsplit('/').next().unwrap_or_default();
        let export = match text(json, &["exportArn"]) {
            "" => file_name,
            arn => arn,
        };
        let start = if period.is_empty() { folder } else { period };
        let made = ["createdAt", "completedAt", "submittedTime"].iter().map(|key| text(json, &[key]));
        let made = made.into_iter().find(|time| !time.is_empty()).unwrap_or_default();
        return Some(delivery(export.to_owned(), text(json, &["executionId"]), made, names(files), start.to_owned()));
    }
    let files = list("files")?;
    Some(delivery(folder.to_owned(), &manifest.name, "", names(files), String::new()))
}

/// Which of the deliveries of one export holds.
fn latest(same: &[Delivery], findings: &mut Findings) -> Option<usize> {
    let first = same.first()?;
    let is_one = same.iter().all(|delivery| delivery.id == first.id && !delivery.id.is_empty());
    if same.len() == 1 || is_one {
        return Some(0);
    }
    let newest = (0..same.len()).max_by_key(|at| &same[*at].made)?;
    let is_dated = same.iter().all(|delivery| !delivery.made.is_empty());
    let is_newest =
        |at: usize| same.iter().filter(|other| other.made == same[at].made).all(|other| other.id == same[at].id);
    if is_dated && is_newest(newest) {
        return Some(newest);
    }
    // AWS keeps a copy of the manifest that holds above the folders of the deliveries.
    let folder = |delivery: &Delivery| delivery.manifest.path.parent().map(Path::to_owned).unwrap_or_default();
    let above = (0..same.len()).find(|at| {
        let top = folder(&same[*at]);
        (0..same.len())
            .all(|other| other == *at || folder(&same[other]) != top && folder(&same[other]).starts_with(&top))
    });
    if above.is_none() {
        let names = list_names(same.iter().map(|delivery| delivery.manifest.name.as_str()), 12);
        let title =
            format!("these are several deliveries of one export, and which is the latest cannot be told: {names}");
        findings.push(*fault(
            &first.manifest,
            "several-deliveries",
            title,
            "name the manifest of the one that holds in `files`",
        ));
    }
    above
}

fn tell_replaced(latest: &Delivery, replaced: &[Delivery], findings: &mut Findings) {
    let older: Vec<&str> = replaced
        .iter()
        .filter(|delivery| delivery.id != latest.id)
        .map(|delivery| delivery.manifest.name.as_str())
        .collect();
    if older.is_empty() {
        return;
    }
    let title = format!("this delivery replaces {}, whose files are not read", list_names(older, 12));
    findings.push(Finding::note("replaced-delivery", Place::File(latest.manifest.name.clone()), title));
}

/// Files beside those that manifests name: what is left of older deliveries, or of a download.
fn tell_unnamed(data: &Path, folders: &BTreeSet<PathBuf>, named: &BTreeSet<PathBuf>, findings: &mut Findings) {
    for folder in folders {
        let mut unnamed: Vec<String> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file() && !named.contains(path) && is_data(path))
            .filter_map(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
            .collect();
        unnamed.sort_unstable();
        if unnamed.is_empty() {
            continue;
        }
        let name = folder.strip_prefix(data).unwrap_or(folder).to_string_lossy().replace('\\', "/");
        let files = if unnamed.len() == 1 { "1 file".to_owned() } else { format!("{} files", unnamed.len()) };
        let title = format!(
            "{files} of this folder that no manifest names, not read: {}",
            list_names(unnamed.iter().map(String::as_str), 12)
        );
        let help = "they are of an older delivery, or not of the export; what is to be read stands in a manifest or in `files`";
        findings.push(Finding::note("not-in-manifest", Place::File(name), title).help(help));
    }
}

fn is_data(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    NamedKind::of(&name) != NamedKind::Csv
        || [".csv", ".csv.gz", ".csv.zip", ".csv.zst"].iter().any(|end| name.ends_with(end))
}

/// The file of a name in a manifest: the longest end of the name that is a file below the manifest's folder or one
/// above it, within the data folder. A bare name is looked for beside the manifest only.
fn locate(data: &Path, manifest: &DataFile, name: &str) -> Option<DataFile> {
    let plain = name.split_once("://").map_or(name, |(_, rest)| rest);
    let parts: Vec<&str> = plain.split('/').filter(|part| !part.is_empty()).collect();
    let is_safe = parts.iter().all(|part| Path::new(part).components().all(|it| matches!(it, Component::Normal(_))));
    if !is_safe {
        return None;
    }
    let beside = manifest.path.parent()?;
    let above: Vec<&Path> = beside.ancestors().take_while(|folder| folder.starts_with(data)).collect();
    for from in 0..parts.len() {
        let end: PathBuf = parts[from..].iter().collect();
        let folders =
            if from + 1 == parts.len() && parts.len() > 1 { &above[..above.len().min(1)] } else { &above[..] };
        for folder in folders {
            let path = folder.join(&end);
            if path.is_file() {
                let name = path.strip_prefix(data).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                return Some(DataFile { name, path });
            }
        }
    }
    None
}
