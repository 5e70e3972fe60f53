//! `showback verify`: does a published run still stand? Its files, rules and inputs are hashed again, its totals added up
//! again, and the whole is calculated again and compared.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use super::args::{PeriodWanted, Verify};
use super::beside::{self, Made};
use super::{Failure, Outcome, fail, pipeline, report, run, say};
use crate::files::DataFile;
use crate::finding::{Finding, Findings, Place, did_you_mean, list_names};
use crate::money::{Amount, NumberFormat, parse_number};
use crate::rulebook::RuleBook;
use crate::writers::evidence::{self, Evidence, FileEvidence};
use crate::writers::tables;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// Names listed of a kind of difference, before the rest is counted.
const NAMES_SHOWN: usize = 20;

/// What came of one look at a run.
struct Check {
    what: &'static str,
    /// A few words when it holds.
    holds: String,
    /// Whether it holds; `None` when it could not be looked at.
    outcome: Option<bool>,
}

/// Verifies a run.
pub(super) fn verify(wanted: &Verify) -> Outcome {
    let mut findings = Findings::new();
    let result = verify_all(wanted, &mut findings);
    report(&findings, wanted.view);
    match result {
        Err(failure) => fail(&failure),
        Ok(checks) => {
            let stands = !findings.has_errors();
            let shown = if wanted.view.json {
                say(&as_json(&checks))
            } else if wanted.view.quiet {
                Ok(())
            } else {
                say(&as_text(wanted, &checks, stands))
            };
            match shown {
                Err(failure) => fail(&failure),
                Ok(()) if stands => Outcome::Done,
                Ok(()) => Outcome::Refused,
            }
        }
    }
}

fn verify_all(wanted: &Verify, findings: &mut Findings) -> Result<Vec<Check>, Failure> {
    let path = wanted.run.join(evidence::FILE);
    let bytes = std::fs::read(&path).map_err(|error| {
        let run = wanted.run.display();
        let what = match std::fs::metadata(&wanted.run) {
            Err(_) => format!("there is no `{run}`"),
            Ok(about) if !about.is_dir() => format!("`{run}` is a file"),
            Ok(_) if !path.exists() => format!("`{run}` is no published run, it has no {}", evidence::FILE),
            Ok(_) => format!("{} cannot be read: {error}", path.display()),
        };
        Failure::Usage(format!("{what}: name the folder of a published run, as in `showback verify out/2026-10`"))
    })?;
    if !wanted.model.is_dir() {
        return Err(Failure::Usage(format!(
            "there is no model folder `{}`: name the one that the run was made with, as in --model rules",
            wanted.model.display()
        )));
    }
    let mut checks = Vec::new();
    let text = String::from_utf8(bytes).map_err(|_| "it is no text".to_owned());
    let parsed = text.and_then(|text| Evidence::parse(&text).map(|evidence| (text, evidence)));
    let (text, evidence) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            findings.push(changed(evidence::FILE, &error));
            checks.push(Check { what: "evidence", holds: String::new(), outcome: Some(false) });
            return Ok(checks);
        }
    };
    let is_sealed = evidence.is_sealed(&text);
    if !is_sealed {
        findings.push(changed(evidence::FILE, "it is not as it was written: its seal does not fit its content"));
    }
    checks.push(Check { what: "evidence", holds: format!("run {}", evidence.run_id), outcome: Some(is_sealed) });

    let found = evidence::hashes(&wanted.run).map_err(|error| machine(&wanted.run, &error))?;
    let same = same_files("output", &evidence.outputs, &found, findings);
    checks.push(Check { what: "outputs", holds: files(evidence.outputs.len()), outcome: Some(same) });
    let same = totals_hold(&wanted.run, &evidence, findings);
    checks.push(Check {
        what: "totals",
        holds: format!("{} {} in", evidence.money_in, evidence.currency),
        outcome: same,
    });

    let found = rule_hashes(&wanted.model).map_err(|error| machine(&wanted.model, &error))?;
    let same_rules = same_files("rule", &evidence.rules, &found, findings);
    checks.push(Check { what: "rules", holds: files(evidence.rules.len()), outcome: Some(same_rules) });
    let mut of_rules = Findings::new();
    let Ok(book) = pipeline::rule_book(&wanted.model, &mut of_rules) else {
        findings.push(
            Finding::error("not-verified", Place::Run, "the inputs are not looked at: the rules cannot be read")
                .help("put the rules of the run back; `showback check` says what is wrong with these"),
        );
        checks.push(Check { what: "inputs", holds: String::new(), outcome: None });
        checks.push(Check { what: "recalculated", holds: String::new(), outcome: None });
        return Ok(checks);
    };
    let same_inputs = inputs_are_same(&book, &evidence, findings);
    checks.push(Check { what: "inputs", holds: files(evidence.inputs.len()), outcome: Some(same_inputs) });
    let outcome = if same_rules && same_inputs { recalculate(wanted, book, &evidence, findings)? } else { None };
    let holds = if evidence.version == env!("CARGO_PKG_VERSION") { "the same bytes" } else { "the same charge lines" };
    checks.push(Check { what: "recalculated", holds: holds.to_owned(), outcome });
    Ok(checks)
}

/// Whether the rules in `model` and the inputs they name are those of a run.
pub(super) fn is_as_it_was(model: &Path, evidence: &Evidence) -> bool {
    let mut ignored = Findings::new();
    let same_rules = rule_hashes(model).is_ok_and(|found| found == evidence.rules);
    same_rules
        && pipeline::rule_book(model, &mut ignored).is_ok_and(|book| inputs_are_same(&book, evidence, &mut ignored))
}

fn machine(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Machine(format!("{}: {error}", path.display()))
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

fn changed(file: &str, what: &str) -> Finding {
    Finding::error("changed-file", Place::File(file.to_owned()), what)
        .help("take the file from a backup, or run the period again")
}

/// Compares hashes by name; every difference is a finding.
fn same_files(
    kind: &str,
    expected: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> bool {
    let mut same = true;
    for (name, _) in expected.iter().filter(|(name, hash)| found.get(*name) != Some(hash)) {
        let finding = if found.contains_key(name) {
            changed(name, &format!("this {kind} file is not as it was when the run was made"))
        } else {
            Finding::error("missing-file", Place::File(name.clone()), format!("this {kind} file of the run is gone"))
                .maybe_help(did_you_mean(name, found.keys().map(String::as_str)))
        };
        findings.push(finding);
        same = false;
    }
    for (name, hash) in found.iter().filter(|(name, _)| !expected.contains_key(*name)) {
        let title = match name.strip_suffix('/').filter(|_| hash == evidence::NO_FILE) {
            Some(_) => "the run had no such folder or link".to_owned(),
            None => format!("the run had no such {kind} file"),
        };
        findings.push(
            Finding::error("added-file", Place::File(name.clone()), title)
                .help("move it away; what is not evidence of the run does not belong here"),
        );
        same = false;
    }
    same
}

fn rule_hashes(folder: &Path) -> std::io::Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    for name in crate::rulebook::read::rule_files(folder)? {
        let bytes = std::fs::read(folder.join(&name))?;
        // A byte order mark is no part of the rules.
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        hashes.insert(name, blake3::hash(text).to_hex().to_string());
    }
    Ok(hashes)
}

fn inputs_are_same(book: &RuleBook, evidence: &Evidence, findings: &mut Findings) -> bool {
    let mut found = BTreeMap::new();
    for name in evidence.inputs.keys() {
        // A file that cannot be read is as good as gone.
        if let Ok(FileEvidence { blake3, .. }) = evidence::hash_file(&DataFile::new(&book.data, name).path) {
            found.insert(name.clone(), blake3);
        }
    }
    let expected = evidence.inputs.iter().map(|(name, file)| (name.clone(), file.blake3.clone())).collect();
    same_files("input", &expected, &found, findings)
}

/// Adds the published figures up again and compares them with what the evidence says. `None` when they cannot be read.
fn totals_hold(folder: &Path, evidence: &Evidence, findings: &mut Findings) -> Option<bool> {
    let data = folder.join("data");
    let amount = |text: &str| parse_number(text.as_bytes(), NumberFormat::PLAIN).ok().map(|read| read.value);
    let mut of_sources: BTreeMap<String, Amount> = BTreeMap::new();
    let opening = tables::read(&data.join("opening.csv.gz")).ok()?;
    for row in &opening {
        *of_sources.entry(row.get("source")?.clone()).or_default() += amount(row.get("amount")?)?;
    }
    let (mut charged, mut unallocated) = (Amount::ZERO, Amount::ZERO);
    for row in &tables::read(&data.join("charges.csv")).ok()? {
        let sum = if row.get("kind")? == "unallocated" { &mut unallocated } else { &mut charged };
        *sum += amount(row.get("amount")?)?;
    }
    let money_in: Amount = of_sources.values().sum();
    let mut totals = vec![
        ("the money in".to_owned(), &evidence.money_in, money_in),
        ("what is charged".to_owned(), &evidence.charged, charged),
        ("what is unallocated".to_owned(), &evidence.unallocated, unallocated),
        ("the rounding".to_owned(), &evidence.rounding, money_in - charged - unallocated),
    ];
    for source in &evidence.sources {
        let sum = of_sources.get(&source.source).copied().unwrap_or_default();
        totals.push((format!("the money of source `{}`", source.source), &source.money_in, sum));
    }
    let mut holds = true;
    for (what, said, sum) in totals {
        if amount(said) != Some(sum) {
            let title = format!("{what} is {said} by the evidence, and the files add up to {sum}");
            findings.push(Finding::error("wrong-total", Place::File(evidence::FILE.to_owned()), title));
            holds = false;
        }
    }
    Some(holds)
}

/// Runs the period again beside the published run. `None` when that comes to nothing; a finding says why.
fn recalculate(
    wanted: &Verify,
    book: RuleBook,
    evidence: &Evidence,
    findings: &mut Findings,
) -> Result<Option<bool>, Failure> {
    let mut of_run = Findings::new();
    let whole = book.clone();
    let book = pipeline::of_plan(book, evidence.plan.as_deref())?;
    let period = pipeline::periods(&book, &PeriodWanted::Span(evidence.period.clone(), evidence.period.clone()))?;
    let Some(period) = period.into_iter().next() else { return Ok(None) };
    let options = run::Options::parse(&evidence.options);
    let calculated = if options.is_alone {
        pipeline::calculate(book, period, &mut of_run)
    } else {
        beside::calculate(&whole, book, period, &mut Made::default(), &mut of_run)
    };
    let folder = tempfile::tempdir().map_err(|error| Failure::Machine(format!("no temporary folder: {error}")))?;
    let written = calculated.and_then(|calculation| run::write_run(folder.path(), &calculation, options, &mut of_run));
    match written {
        Ok(_) => {}
        Err(Failure::Refused) => {
            let why = of_run.first_error().map_or_else(String::new, |why| format!(": {why}"));
            let title = format!("the run cannot be made again, it is refused now{why}");
            findings.push(Finding::error("not-verified", Place::Run, title).help("`showback check` says more"));
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    }
    let fresh = std::fs::read_to_string(folder.path().join(evidence::FILE))
        .map_err(|error| machine(folder.path(), &error))
        .and_then(|text| Evidence::parse(&text).map_err(Failure::Machine))?;
    let read_more: Vec<&str> =
        fresh.inputs.keys().filter(|name| !evidence.inputs.contains_key(*name)).map(String::as_str).collect();
    for name in &read_more {
        findings.push(
            Finding::error("added-file", Place::File((*name).to_owned()), "the run did not read this input file")
                .help("it came later: run the period again, or move the file away"),
        );
    }
    if evidence.version != env!("CARGO_PKG_VERSION") {
        return same_charges(&wanted.run, folder.path(), findings).map(Some);
    }
    let differing: Vec<&str> = fresh
        .outputs
        .iter()
        .filter(|(name, hash)| evidence.outputs.get(*name) != Some(hash))
        .map(|(name, _)| name.as_str())
        .chain(evidence.outputs.keys().filter(|name| !fresh.outputs.contains_key(*name)).map(String::as_str))
        .collect();
    if !differing.is_empty() && read_more.is_empty() {
        let title = format!(
            "calculated again from the same rules and inputs, the run writes other bytes: {}",
            list_names(differing.iter().copied(), NAMES_SHOWN)
        );
        findings.push(
            Finding::error("other-result", Place::Run, title)
                .help("the evidence was made by another build of the program, or put together by hand"),
        );
    }
    Ok(Some(differing.is_empty() && read_more.is_empty()))
}

/// Another version of the program may write other files; its charge lines are the same.
fn same_charges(published: &Path, fresh: &Path, findings: &mut Findings) -> Result<bool, Failure> {
    let lines = |folder: &Path| -> Result<BTreeMap<String, String>, Failure> {
        let path = folder.join("data").join("charges.csv");
        let rows = tables::read(&path).map_err(|error| machine(&path, &error))?;
        let cell = |row: &BTreeMap<String, String>, name: &str| row.get(name).cloned().unwrap_or_default();
        Ok(rows.iter().map(|row| (cell(row, "id"), cell(row, "amount"))).collect())
    };
    let (before, now) = (lines(published)?, lines(fresh)?);
    let mut same = true;
    for id in before.keys().chain(now.keys().filter(|id| !before.contains_key(*id))) {
        let (was, is) = (before.get(id), now.get(id));
        if was != is {
            let none = "not there".to_owned();
            let title = format!("charge line {id} was {}, and is {}", was.unwrap_or(&none), is.unwrap_or(&none));
            findings.push(Finding::error("other-result", Place::File("data/charges.csv".to_owned()), title));
            same = false;
        }
    }
    Ok(same)
}

fn as_text(wanted: &Verify, checks: &[Check], stands: bool) -> String {
    let mut text = String::new();
    for check in checks {
        let (style, word) = match check.outcome {
            Some(true) => (GOOD, check.holds.as_str()),
            Some(false) => (BAD, "differs"),
            None => (BAD, "not looked at"),
        };
        let _ = writeln!(text, "  {:<14}{style}{word}{style:#}", check.what);
    }
    let run = wanted.run.display();
    let _ = if stands {
        writeln!(text, "\n{GOOD}{run} stands: it is what these rules make of these inputs.{GOOD:#}")
    } else {
        writeln!(text, "\n{BAD}{run} does not stand.{BAD:#}")
    };
    text
}

fn as_json(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let outcome = match check.outcome {
            Some(true) => "holds",
            Some(false) => "differs",
            None => "not looked at",
        };
        let _ = writeln!(text, "{}", json!({"kind": "check", "check": check.what, "outcome": outcome}));
    }
    text
}
