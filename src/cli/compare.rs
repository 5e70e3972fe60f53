//! `showback compare`: the movement between two runs, by business unit and service, split into causes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::args::{Compare, Print};
use super::pipeline::{self, Calculation};
use super::{Failure, Outcome, fail, report, say, verify};
use crate::classify::Opening;
use crate::compare::{Comparison, Crossed, Exports, Side, Stand, minor_by_stand, quoted};
use crate::finding::{Finding, Findings, Place};
use crate::model::Model;
use crate::money::{Currency, NumberFormat, parse_number};
use crate::period::Period;
use crate::reports::{CausesBy, causes};
use crate::rulebook::RuleBook;
use crate::writers::evidence::{self, Evidence};
use crate::writers::{tables, terminal};

/// One side as it was named.
enum Named {
    /// Calculated from a model.
    Calculated(Box<Calculation>, Box<RuleBook>),
    /// A published run whose rules or inputs are not there any more.
    Published { currency: Currency, stands: BTreeMap<Stand, i128> },
}

/// Compares two runs.
pub(super) fn compare(wanted: &Compare) -> Outcome {
    let mut findings = Findings::new();
    let result = compare_all(wanted, &mut findings);
    report(&findings, wanted.view);
    match result.and_then(|comparison| say(&shown(&comparison, wanted))) {
        Ok(()) => Outcome::Done,
        Err(failure) => fail(&failure),
    }
}

fn compare_all(wanted: &Compare, findings: &mut Findings) -> Result<Comparison, Failure> {
    let a = named(&wanted.a, &wanted.model, findings)?;
    let b = named(&wanted.b, &wanted.model, findings)?;
    let labels = [wanted.a.clone(), wanted.b.clone()];
    let currencies = [&a, &b].map(Named::currency);
    if currencies[0] != currencies[1] {
        return Err(Failure::Usage(format!(
            "{} is in {}, {} is in {}: two currencies are not compared",
            labels[0],
            currencies[0].code(),
            labels[1],
            currencies[1].code()
        )));
    }
    match (&a, &b) {
        (Named::Calculated(a, rules_a), Named::Calculated(b, rules_b)) => {
            let (of_a, of_b) = (crossed(rules_a, rules_b, &b.model.period), crossed(rules_b, rules_a, &a.model.period));
            let [label_a, label_b] = labels;
            let a = side(label_a, a, of_a.as_crossed());
            let b = side(label_b, b, of_b.as_crossed());
            let comparison = Comparison::of(&a, &b);
            for joined in &comparison.joined {
                let title = format!(
                    "{} are shown as one, because what lies between them cannot be calculated",
                    quoted(&joined.causes)
                );
                let help = format!("not possible: {}", joined.why);
                findings.push(Finding::note("joined-causes", Place::Run, title).help(help));
            }
            Ok(comparison)
        }
        _ => Ok(Comparison::of_published(labels, currencies[0], &a.stands(), &b.stands())),
    }
}

impl Named {
    fn currency(&self) -> &Currency {
        match self {
            Named::Calculated(calculation, _) => &calculation.model.book.head.currency,
            Named::Published { currency, .. } => currency,
        }
    }

    fn stands(&self) -> BTreeMap<Stand, i128> {
        match self {
            Named::Calculated(calculation, _) => minor_by_stand(&calculation.model, &calculation.charges),
            Named::Published { stands, .. } => stands.clone(),
        }
    }
}

/// A side is a period of the model or of one of its plans (`PERIOD@PLAN`), the same of another model (`MODEL/PERIOD`), or the
/// folder of a published run.
fn named(text: &str, model: &Path, findings: &mut Findings) -> Result<Named, Failure> {
    let path = Path::new(text);
    if path.join(evidence::FILE).is_file() {
        return published(path, model, findings);
    }
    let (model, period) = match (path.parent(), path.file_name().and_then(|name| name.to_str())) {
        (Some(parent), Some(period)) if parent.join("model.toml").is_file() => (parent, period),
        // What looks like a path, or is one, is not a period.
        (Some(parent), _) if !parent.as_os_str().is_empty() || path.is_dir() => return Err(no_such_side(text)),
        _ => (model, text),
    };
    let (period, plan) = period.split_once('@').map_or((period, None), |(period, plan)| (period, Some(plan)));
    calculated(model, period, plan, findings)
}

fn no_such_side(text: &str) -> Failure {
    let path = Path::new(text);
    let what = match (path.is_dir(), path.exists()) {
        (true, _) => format!("the folder `{text}` holds no published run, it has no {}", evidence::FILE),
        (false, true) => format!("`{text}` is a file"),
        (false, false) => format!("there is no folder `{text}`, and no model whose period it could be"),
    };
    Failure::Usage(format!(
        "{what}: name a period such as 2026-10, PERIOD@PLAN, MODEL/PERIOD, or the folder of a published run such as out/2026-10"
    ))
}

fn calculated(model: &Path, period: &str, plan: Option<&str>, findings: &mut Findings) -> Result<Named, Failure> {
    let mut of_run = Findings::new();
    let book = pipeline::rule_book(model, &mut of_run);
    let result = book.and_then(|book| {
        let book = pipeline::of_plan(book, plan)?;
        let period = pipeline::period(&book, period)?;
        Ok((pipeline::calculate(book.clone(), period, &mut of_run)?, book))
    });
    match result {
        Ok((calculation, book)) => Ok(Named::Calculated(Box::new(calculation), Box::new(book))),
        Err(failure) => {
            // What is noteworthy of a run is told when it is run; here only what stops it.
            findings.extend(of_run);
            Err(failure)
        }
    }
}

/// A published run is calculated again when its rules and inputs are as they were; if not, its charge lines are taken.
fn published(folder: &Path, model: &Path, findings: &mut Findings) -> Result<Named, Failure> {
    let at = |error: &dyn std::fmt::Display| Failure::Machine(format!("{}: {error}", folder.display()));
    let bytes = std::fs::read(folder.join(evidence::FILE)).map_err(|error| at(&error))?;
    let charges = folder.join("data").join("charges.csv");
    let hash = evidence::hash_file(&charges).map(|file| file.blake3).unwrap_or_default();
    let evidence = String::from_utf8(bytes).ok().and_then(|text| {
        let evidence = Evidence::parse(&text).ok()?;
        let is_as_written = evidence.is_sealed(&text) && evidence.outputs.get("data/charges.csv") == Some(&hash);
        is_as_written.then_some(evidence)
    });
    let Some(evidence) = evidence else {
        let title = "the charge lines are not as the run wrote them, so they are not compared";
        let help = format!("`showback verify {}` says what has changed; take it from a backup", folder.display());
        let place = Place::File(charges.display().to_string());
        findings.push(Finding::error("changed-file", place, title).help(help));
        return Err(Failure::Refused);
    };
    if verify::is_as_it_was(model, &evidence) {
        return calculated(model, &evidence.period, evidence.plan.as_deref(), findings);
    }
    let title = format!(
        "the rules or inputs of {} are not as they were, so its movement is shown without causes",
        folder.display()
    );
    let help = format!("looked for in the model `{}`; another one is named with --model", model.display());
    findings.push(Finding::note("not-recalculated", Place::File(folder.display().to_string()), title).help(help));
    let currency = Currency::new(&evidence.currency).ok_or_else(|| at(&"its currency is not known"))?;
    let mut stands = BTreeMap::new();
    for row in tables::read(&charges).map_err(|error| at(&error))? {
        let cell = |name: &str| row.get(name).cloned().unwrap_or_default();
        let amount = parse_number(cell("amount").as_bytes(), NumberFormat::PLAIN).map_err(|error| at(&error))?.value;
        let is_charged = cell("kind") != "unallocated";
        let unit = if is_charged { cell("business_unit") } else { String::new() };
        *stands.entry(Stand { is_charged, unit, service: cell("service") }).or_default() += currency.round(amount);
    }
    Ok(Named::Published { currency, stands })
}

fn side<'r>(label: String, of: &'r Calculation, crossed: Crossed<'r>) -> Side<'r> {
    Side { label, model: &of.model, opening: &of.opening, charges: &of.charges, crossed }
}

/// The exports of one side, read by the rules of the other.
enum Read {
    Same,
    By(Box<(Model, Opening)>),
    Impossible(String),
}

impl Read {
    fn as_crossed(&self) -> Crossed<'_> {
        match self {
            Read::Same => Crossed::Same,
            Read::By(read) => Crossed::Read(Exports { model: &read.0, opening: &read.1 }),
            Read::Impossible(why) => Crossed::Impossible(why),
        }
    }
}

/// The other side's exports, those of `period`, by this side's rules.
fn crossed(rules: &RuleBook, others: &RuleBook, period: &Period) -> Read {
    if same_rules(rules, others) {
        return Read::Same;
    }
    // A rule book that was made for a plan has that plan's sources only.
    if rules.plan != others.plan {
        return Read::Impossible(
            "a plan has sources of its own, and the rules of the actuals do not read them".to_owned(),
        );
    }
    // The exports lie where the other side's are, and are read by the rules of this one.
    let book = RuleBook { data: others.data.clone(), ..rules.clone() };
    let mut findings = Findings::new();
    if let Ok(read) = pipeline::opening(book, period.clone(), &mut findings) {
        return Read::By(Box::new(read));
    }
    let why = findings.first_error().unwrap_or("they are refused");
    Read::Impossible(format!("the exports of one cannot be read by the rules of the other: {why}"))
}

fn same_rules(a: &RuleBook, b: &RuleBook) -> bool {
    a.data == b.data
        && a.texts.len() == b.texts.len()
        && a.texts.iter().zip(&b.texts).all(|(a, b)| a.file == b.file && a.text == b.text)
}

fn shown(comparison: &Comparison, wanted: &Compare) -> String {
    match wanted.print {
        Print::Human => terminal::movement(comparison, wanted.top),
        Print::Csv => {
            let table = causes(comparison, CausesBy::Place);
            tables::csv_text(&table.columns, table.rows, &comparison.currency)
        }
        Print::Json => as_json(comparison),
    }
}

fn as_json(comparison: &Comparison) -> String {
    let money = |minor: i128| comparison.currency.plain(minor);
    let mut text = String::new();
    for row in &comparison.rows {
        let causes: serde_json::Map<String, serde_json::Value> = comparison
            .causes
            .iter()
            .zip(&row.effects)
            .map(|(cause, effect)| (cause.clone(), money(*effect).into()))
            .collect();
        let value = serde_json::json!({
            "kind": "movement",
            "charged": row.stand.is_charged,
            "business_unit": row.stand.unit,
            "service": row.stand.service,
            "before": money(row.before),
            "after": money(row.after),
            "movement": money(row.after - row.before),
            "causes": causes,
            "rounding": money(row.rounding),
            "currency": comparison.currency.code(),
        });
        let _ = writeln!(text, "{value}");
    }
    text
}
