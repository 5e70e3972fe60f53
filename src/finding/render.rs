//! How findings look: an excerpt of the rule file with a caret, the place in the export, a row of a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;

use super::{Finding, Findings, Place, Severity};
use crate::money::ByCurrency;
use crate::reports::{Column, Shown, Table, Value};

/// All findings of at least a severity as text for people, one below the other; `styled` adds colours.
#[must_use]
pub fn render(findings: &Findings, least: Severity, styled: bool) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| finding.severity >= least) {
        text.push_str(&renderer.render(&[group(finding)]));
        text.push_str("\n\n");
    }
    for (code, file, count) in findings.more() {
        let _ = writeln!(text, "… and {count} more `{code}` in {}\n", if file.is_empty() { "this run" } else { file });
    }
    text
}

fn group(finding: &Finding) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Attention => Level::WARNING.with_name(Severity::Attention.word()),
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(&finding.title).id(finding.code);
    let mut group = Group::with_title(title);
    match &finding.place {
        Place::Run => {}
        Place::Rule(text, span) => {
            let span = span.start.min(text.text.len())..span.end.min(text.text.len());
            let annotation = AnnotationKind::Primary.span(span).label(&finding.label);
            group = group.element(Snippet::source(&text.text).path(&text.file).annotation(annotation));
        }
        place => group = group.element(Origin::path(place.describe())),
    }
    group.elements(finding.help.iter().map(|help| Level::HELP.message(help)))
}

/// A line of JSON for each finding.
#[must_use]
pub fn json_lines(findings: &Findings) -> String {
    let mut text = String::new();
    for finding in findings.iter() {
        let value = json!({
            "kind": "finding",
            "severity": finding.severity.word(),
            "code": finding.code,
            "title": finding.title,
            "place": finding.place.describe(),
            "detail": finding.label,
            "help": finding.help,
            "money": money_json(&finding.money),
        });
        let _ = writeln!(text, "{value}");
    }
    for (code, file, count) in findings.more() {
        let _ = writeln!(text, "{}", json!({"kind": "more-findings", "code": code, "file": file, "count": count}));
    }
    text
}

/// The money of a finding by currency, as exact numbers; nothing where it has none.
fn money_json(money: &ByCurrency) -> Option<BTreeMap<&str, String>> {
    (!money.is_empty()).then(|| money.iter().map(|(measure, sum)| (measure, sum.to_string())).collect())
}

/// All findings as a report.
#[must_use]
pub fn table(findings: &Findings) -> Table {
    let text = |name: &str, label: &str| Column::new(name, label, Shown::Text);
    let rows = findings.iter().flat_map(|finding| {
        let about = [
            Value::text(finding.severity.word()),
            Value::text(finding.code),
            Value::text(&finding.title),
            Value::text(finding.place.describe()),
            Value::text(finding.help.join(" · ")),
        ];
        let mut money: Vec<[Value; 2]> =
            finding.money.iter().map(|(measure, sum)| [Value::Exact(sum), Value::text(measure)]).collect();
        if money.is_empty() {
            money.push([Value::Blank, Value::Blank]);
        }
        money.into_iter().map(move |money| about.iter().cloned().chain(money).collect())
    });
    let more = findings.more().map(|(code, file, count)| {
        let title = format!("and {count} more like this");
        vec![
            Value::text("more"),
            Value::text(code),
            Value::text(title),
            Value::text(file),
            Value::Blank,
            Value::Blank,
            Value::Blank,
        ]
    });
    Table {
        name: "findings",
        title: "Findings".to_owned(),
        note: "What the run noticed. Money of several currencies has a row for each.".to_owned(),
        columns: vec![
            text("severity", "Severity"),
            text("code", "Kind"),
            text("finding", "Finding"),
            text("place", "Place"),
            text("help", "Way out"),
            Column::new("money", "Money", Shown::Exact),
            text("currency", "Currency"),
        ],
        rows: rows.chain(more).collect(),
        total: None,
    }
}
