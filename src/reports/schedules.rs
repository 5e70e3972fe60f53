//! Reports of what is spread over time: each line of a schedule, and the contracts that end soon.

use super::{Column, Run, Shown, Table, Value};
use crate::footprint::Footprint;
use crate::money::Amount;
use crate::period::Day;
use crate::sources::ScheduledLine;

/// How many periods after this one are looked ahead for contracts that end.
const PERIODS_AHEAD: usize = 3;

fn text(name: &str, label: &str) -> Column {
    Column::new(name, label, Shown::Text)
}

fn exact(name: &str, label: &str) -> Column {
    Column::new(name, label, Shown::Exact)
}

/// The texts of a line that rules read, each once: what a person knows it by.
fn known_by(run: &Run<'_>, line: &ScheduledLine) -> Value {
    let columns = &Footprint::of(&run.model.book).0[line.source];
    let mut texts: Vec<&str> = Vec::new();
    let shown = columns.iter().zip(&line.values).map(|(column, value)| run.model.shown(line.source, column, value));
    for value in shown.filter(|value| !value.is_empty()) {
        if !texts.contains(&value) {
            texts.push(value);
        }
    }
    Value::text(texts.join(" · "))
}

fn name_of<'r>(run: &Run<'r>, line: &ScheduledLine) -> &'r str {
    &run.model.book.sources[line.source].name
}

/// Whether any source spreads its lines over time.
#[must_use]
pub fn has_schedules(run: &Run<'_>) -> bool {
    run.model.book.sources.iter().any(|source| source.schedule.is_some())
}

/// Every line that is spread over time: what earlier periods took, this one takes, and is left.
#[must_use]
pub fn schedules(run: &Run<'_>) -> Table {
    let rows = run.read.schedules.iter().map(|line| {
        let left: Amount = line.later + line.residual;
        vec![
            Value::text(name_of(run, line)),
            known_by(run, line),
            Value::text(line.first.to_string()),
            Value::text(line.last.to_string()),
            Value::text(line.ended.map(|day| day.to_string()).unwrap_or_default()),
            Value::Exact(line.value),
            Value::Exact(line.earlier),
            Value::Exact(line.now),
            Value::Exact(left),
            Value::Exact(line.residual),
            Value::text(&line.file),
            Value::Count(line.row),
        ]
    });
    Table {
        name: "schedules",
        title: "Schedules".to_owned(),
        note: "Lines that are spread over time. Value = taken earlier + taken by this period + left.".to_owned(),
        columns: vec![
            text("source", "Source"),
            text("line", "Line"),
            text("first_day", "First day"),
            text("last_day", "Last day"),
            text("ended", "Ended"),
            exact("value", "Value"),
            exact("earlier", "Taken earlier"),
            exact("this_period", "Taken by this period"),
            exact("left", "Left"),
            exact("residual", "Of it residual value"),
            text("file", "File"),
            Column::new("row", "Row", Shown::Count),
        ],
        rows: rows.collect(),
        total: None,
    }
}

/// Contracts that end in this period or one of the next, soonest first.
#[must_use]
pub fn renewals(run: &Run<'_>) -> Table {
    let model = run.model;
    let calendar = model.book.head.calendar;
    let mut until = model.period.clone();
    for _ in 0..PERIODS_AHEAD {
        until = calendar.next(&until).unwrap_or(until);
    }
    let end = |line: &ScheduledLine| -> Day { line.ended.map_or(line.last, |ended| ended.min(line.last)) };
    let mut ending: Vec<&ScheduledLine> = run
        .read
        .schedules
        .iter()
        .filter(|line| model.book.sources[line.source].schedule.as_ref().is_some_and(|schedule| !schedule.is_asset))
        .filter(|line| (model.period.first..=until.last).contains(&end(line)))
        .collect();
    // The sort keeps the order of sources, files and rows on one day.
    ending.sort_by_key(|line| end(line));
    let rows = ending.into_iter().map(|line| {
        let last = end(line);
        vec![
            Value::text(last.to_string()),
            Value::text(calendar.containing(last).map(|period| period.name).unwrap_or_default()),
            Value::text(name_of(run, line)),
            known_by(run, line),
            Value::text(line.first.to_string()),
            Value::Exact(line.value),
            Value::text(&line.file),
            Value::Count(line.row),
        ]
    });
    Table {
        name: "renewals",
        title: "Renewals".to_owned(),
        note: format!("Contracts that end in this period or one of the next {PERIODS_AHEAD}."),
        columns: vec![
            text("last_day", "Last day"),
            text("period", "In period"),
            text("source", "Source"),
            text("line", "Contract"),
            text("first_day", "First day"),
            exact("value", "Value"),
            text("file", "File"),
            Column::new("row", "Row", Shown::Count),
        ],
        rows: rows.collect(),
        total: None,
    }
}
