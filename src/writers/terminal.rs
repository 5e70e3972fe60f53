//! What a run says on a terminal or in a log: readable without colour, numbers to the right.

use std::fmt::Write;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use super::tables::tenths;
use crate::compare::Comparison;
use crate::finding::clean;
use crate::money::Amount;
use crate::reports::{self, CausesBy, NamedMoney, Run, Summary, Value};
use crate::rulebook::CostDecl;
use crate::sources::{SourceTotals, repairs_in_words};

/// Largest business units and services shown.
const LARGEST_SHOWN: usize = 8;

/// Files of a source that are named.
const FILES_SHOWN: usize = 12;
/// Where the movement stands in a report of one dimension: after the name, before and after.
const MOVEMENT_COLUMN: usize = 3;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const LOOK: Style = AnsiColor::Yellow.on_default();

/// The summary of a published run.
#[must_use]
pub fn summary(run: &Run<'_>, summary: &Summary, place: &Path) -> String {
    let currency = &run.model.book.head.currency;
    let total = summary.charged + summary.unallocated;
    let mut text = heading(run);
    let mut figures = plain_table();
    let mut row = |what: &str, minor: i128| {
        figures.add_row(vec![what.to_owned(), currency.grouped(minor), percent(minor, total)]);
    };
    row("Money in", total);
    row("Charged", summary.charged);
    row("Unallocated", summary.unallocated);
    let _ = writeln!(text, "{}", align(figures, &[1, 2]));
    for (title, list, whole) in [
        ("Run, grow, transform", &summary.spend, summary.charged),
        ("Largest business units", &summary.units, summary.charged),
        ("Largest services", &summary.services, summary.charged),
    ] {
        // Charge lines do not keep it.
        if list.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{STRONG}{title}{STRONG:#}");
        let _ = writeln!(text, "{}", largest(list, whole, currency));
    }
    text.push_str(&what_is_left(run, summary));
    let _ = writeln!(text, "{STRONG}Written to {}{STRONG:#}", place.display());
    for (file, what) in [
        ("showback.xlsx", "the workbook"),
        ("statements/", "one statement a business unit"),
        ("report.html", "the page for leaders: opens in any browser"),
        ("data/", "charge lines, reconciliation, entries as csv"),
        ("journal/", "the draft journal"),
        ("run.json", "evidence: hashes of everything read and written"),
    ] {
        if place.join(file).exists() {
            let _ = writeln!(text, "  {file:<15} {FAINT}{what}{FAINT:#}");
        }
    }
    text.push('\n');
    text
}

/// What is not allocated, by reason, or that nothing is.
#[must_use]
pub fn what_is_left(run: &Run<'_>, summary: &Summary) -> String {
    let currency = &run.model.book.head.currency;
    let mut text = String::new();
    let handed_back: u64 = run.read.totals.iter().map(|totals| totals.quarantined.lines).sum();
    if handed_back > 0 {
        let lines = if handed_back == 1 { "1 line is" } else { &format!("{handed_back} lines are") };
        let _ = writeln!(
            text,
            "{LOOK}{lines} handed back and in no figure here; a run lists them in data/quarantine.csv{LOOK:#}\n"
        );
    }
    if summary.reasons.is_empty() {
        let what = if handed_back > 0 { "Everything else" } else { "Everything" };
        let _ = writeln!(text, "{GOOD}{what} is allocated, and it adds up to the last digit.{GOOD:#}\n");
        return text;
    }
    let _ = writeln!(text, "{LOOK}Unallocated, by reason{LOOK:#}");
    let _ = writeln!(text, "{}", largest(&summary.reasons, summary.charged + summary.unallocated, currency));
    text
}

/// What each source gave: files, lines, days, money, columns.
#[must_use]
pub fn sources(run: &Run<'_>) -> String {
    let mut text = heading(run);
    let currency = &run.model.book.head.currency;
    let mut table = plain_table();
    table.set_header([
        "Source",
        "Files",
        "Lines",
        "Skipped",
        "Other periods",
        "First day",
        "Last day",
        currency.code(),
    ]);
    for (at, (decl, totals)) in run.model.book.sources.iter().zip(&run.read.totals).enumerate() {
        let day = |pick: fn(&(crate::period::Day, crate::period::Day)) -> crate::period::Day| {
            totals.days.as_ref().map(|days| pick(days).to_string()).unwrap_or_default()
        };
        table.add_row(vec![
            decl.name.clone(),
            totals.files.len().to_string(),
            totals.taken.lines.to_string(),
            totals.skipped.lines.to_string(),
            totals.other_periods.lines.to_string(),
            day(|days| days.0),
            day(|days| days.1),
            currency.grouped(currency.round(run.opening.of_source(at))),
        ]);
    }
    let _ = writeln!(text, "{}", align(table, &[1, 2, 3, 4, 7]));
    for (decl, totals) in run.model.book.sources.iter().zip(&run.read.totals) {
        let _ = writeln!(text, "{STRONG}{}{STRONG:#}", decl.name);
        let _ = writeln!(text, "  files    {}", shortened(&totals.files));
        for (version, tally) in &totals.versions {
            let _ = writeln!(text, "  format   {version} ({} lines)", tally.lines);
        }
        for (code, tally) in &totals.currencies {
            let _ = writeln!(text, "  total    {} {} ({} lines)", tally.sum, clean(code), tally.lines);
        }
        if totals.currencies.is_empty() {
            let all = [totals.taken, totals.other_periods];
            let (sum, lines) =
                (all.iter().map(|part| part.sum).sum::<Amount>(), all.iter().map(|part| part.lines).sum::<u64>());
            let what = if matches!(decl.cost, CostDecl::Rated { .. }) { "hours" } else { currency.code() };
            let _ = writeln!(text, "  total    {sum} {what} ({lines} lines)");
        }
        let [read, ignored] = headings(run, totals);
        let _ = writeln!(text, "  read     {}", read.join(", "));
        let _ = writeln!(text, "  {FAINT}ignored  {}{FAINT:#}", ignored.join(", "));
        for (what, tally) in &repairs_in_words(&totals.repairs, run.model) {
            let _ = writeln!(text, "  {LOOK}repair   {what}: {} in {} lines{LOOK:#}", tally.sum, tally.lines);
        }
        for control in run.read.controls.iter().filter(|control| control.source == decl.name) {
            let _ = writeln!(text, "  {GOOD}control total of {}: {} as declared{GOOD:#}", control.what, control.read);
        }
    }
    text.push('\n');
    text
}

/// The columns of a source that are read, and those that nobody reads, as they may be shown.
fn headings<'r>(run: &'r Run<'_>, totals: &'r SourceTotals) -> [Vec<&'r str>; 2] {
    [&totals.columns.0, &totals.columns.1].map(|names| names.iter().map(|name| run.model.told(name)).collect())
}

/// The names of files, cut off where they are many.
fn shortened(files: &[String]) -> String {
    let shown: Vec<String> = files.iter().take(FILES_SHOWN).map(|file| clean(file)).collect();
    match files.len().checked_sub(FILES_SHOWN) {
        Some(rest) if rest > 0 => format!("{} and {rest} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// The summary as one line of JSON.
#[must_use]
pub fn summary_json(run: &Run<'_>, summary: &Summary, place: &Path) -> String {
    let currency = &run.model.book.head.currency;
    let named = |list: &[NamedMoney]| -> serde_json::Value {
        list.iter().map(|(name, minor)| json!({"name": name, "amount": currency.plain(*minor)})).collect()
    };
    let value = json!({
        "kind": "summary",
        "period": run.model.period.name,
        "currency": currency.code(),
        "money_in": summary.money_in.to_string(),
        "charged": currency.plain(summary.charged),
        "unallocated": currency.plain(summary.unallocated),
        "rounding": summary.rounding.to_string(),
        "spend": named(&summary.spend),
        "business_units": named(&summary.units),
        "services": named(&summary.services),
        "reasons": named(&summary.reasons),
        "out": place.display().to_string(),
    });
    format!("{value}\n")
}

/// What each source gave, as a line of JSON each.
#[must_use]
pub fn sources_json(run: &Run<'_>) -> String {
    let mut text = String::new();
    for (at, (decl, totals)) in run.model.book.sources.iter().zip(&run.read.totals).enumerate() {
        let [read, ignored] = headings(run, totals);
        let value = json!({
            "kind": "source",
            "period": run.model.period.name,
            "source": decl.name,
            "files": totals.files,
            "lines": totals.taken.lines,
            "skipped": totals.skipped.lines,
            "other_periods": totals.other_periods.lines,
            "first_day": totals.days.map(|days| days.0.to_string()),
            "last_day": totals.days.map(|days| days.1.to_string()),
            "money_in": run.opening.of_source(at).to_string(),
            "currency": run.model.book.head.currency.code(),
            "versions": tallies(&totals.versions),
            "totals_by_currency": tallies(&totals.currencies),
            "repairs": tallies(&repairs_in_words(&totals.repairs, run.model)),
            "columns_read": read,
            "columns_ignored": ignored,
        });
        let _ = writeln!(text, "{value}");
    }
    text
}

/// Lines and sums by what they are of.
fn tallies(tallies: &std::collections::BTreeMap<String, crate::sources::Tally>) -> serde_json::Value {
    tallies
        .iter()
        .map(|(what, tally)| json!({"of": what, "lines": tally.lines, "amount": tally.sum.to_string()}))
        .collect()
}

/// What moved between two runs and why: the whole, business units, services.
#[must_use]
pub fn movement(comparison: &Comparison, top: usize) -> String {
    let [before, after] = &comparison.labels;
    let mut text = format!(
        "\n{STRONG}{before} to {after}{STRONG:#} {FAINT}(amounts in {}){FAINT:#}\n\n",
        comparison.currency.code()
    );
    if !comparison.has_moved() {
        text.push_str("Nothing moved.\n\n");
        return text;
    }
    // By what no line has, there is nothing to tell but the whole, which the business units end with.
    for by in [CausesBy::Unit, CausesBy::Service] {
        if by == CausesBy::Service && !reports::names_any(comparison, by) {
            continue;
        }
        let report = reports::causes(comparison, by);
        let _ = writeln!(text, "{STRONG}{}{STRONG:#}", report.title);
        let _ = writeln!(text, "{}", largest_rows(&report, top, &comparison.currency));
    }
    text
}

/// The first rows of a report of money, the others added up, and its total. Columns of nothing but 0 are left out.
fn largest_rows(report: &reports::Table, top: usize, currency: &crate::money::Currency) -> String {
    let minor = |value: &Value| if let Value::Money(minor) = value { *minor } else { 0 };
    let is_shown: Vec<bool> = (0..report.columns.len())
        .map(|at| at < MOVEMENT_COLUMN + 1 || report.rows.iter().any(|row| minor(&row[at]) != 0))
        .collect();
    let (first, rest) = report.rows.split_at(top.min(report.rows.len()));
    let more = (!rest.is_empty()).then(|| {
        let mut row: Vec<Value> =
            (0..report.columns.len()).map(|at| Value::Money(rest.iter().map(|row| minor(&row[at])).sum())).collect();
        row[0] = Value::text(format!("and {} more", rest.len()));
        row
    });
    let mut table = plain_table();
    let shown =
        |cells: Vec<String>| cells.into_iter().zip(&is_shown).filter(|(_, shown)| **shown).map(|(cell, _)| cell);
    table.set_header(shown(report.columns.iter().map(|column| column.label.clone()).collect()));
    for row in first.iter().chain(&more).chain(&report.total) {
        let cell = |value: &Value| match value {
            Value::Money(minor) => currency.grouped(*minor),
            Value::Text(text) => text.clone(),
            _ => String::new(),
        };
        table.add_row(shown(row.iter().map(cell).collect()));
    }
    let columns: Vec<usize> = (1..is_shown.iter().filter(|shown| **shown).count()).collect();
    align(table, &columns)
}

fn heading(run: &Run<'_>) -> String {
    let head = &run.model.book.head;
    format!(
        "\n{STRONG}{} · {}{STRONG:#} {FAINT}({} to {}, amounts in {}){FAINT:#}\n\n",
        head.name,
        run.model.title(),
        run.model.period.first,
        run.model.period.last,
        head.currency.code()
    )
}

fn largest(list: &[NamedMoney], whole: i128, currency: &crate::money::Currency) -> String {
    let mut table = plain_table();
    for (name, minor) in list.iter().take(LARGEST_SHOWN) {
        table.add_row(vec![name.clone(), currency.grouped(*minor), percent(*minor, whole)]);
    }
    if let Some(rest) = list.get(LARGEST_SHOWN..).filter(|rest| !rest.is_empty()) {
        let sum: i128 = rest.iter().map(|(_, minor)| minor).sum();
        table.add_row(vec![format!("and {} more", rest.len()), currency.grouped(sum), percent(sum, whole)]);
    }
    format!("{}\n", align(table, &[1, 2]))
}

fn percent(part: i128, whole: i128) -> String {
    Value::Share(part, whole).permille().map(|permille| format!("{} %", tenths(permille))).unwrap_or_default()
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table
}

/// Puts columns of numbers to the right and indents the whole.
fn align(mut table: Table, right: &[usize]) -> String {
    for at in right {
        if let Some(column) = table.column_mut(*at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for line in table.trim_fmt().lines() {
        let _ = writeln!(text, " {line}");
    }
    text
}
