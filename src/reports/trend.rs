//! Run, grow and transform over time, and beside their targets.

use super::cost::{humanise, money, spend_members};
use super::{Column, Run, Shown, Table, Value};
use crate::money::{Amount, ONE};
use crate::rulebook::SPEND;

/// A period with what was charged by kind of spend, in the order of [`kinds`], in minor units.
type Row<'r> = (&'r str, Vec<i128>);

/// Whether there is more to say than what was charged in the period itself: earlier periods or targets.
#[must_use]
pub fn has_trend(run: &Run<'_>) -> bool {
    !run.trend.is_empty() || has_targets(run)
}

fn has_targets(run: &Run<'_>) -> bool {
    run.model.book.targets.0.iter().any(Option::is_some)
}

/// A target as a share of the whole.
fn target(percent: Option<Amount>) -> Value {
    percent.map_or(Value::Blank, |percent| Value::Share(percent.atoms(), 100 * ONE))
}

/// The targets of run, grow and transform, as shares of the whole.
pub(super) fn targets(run: &Run<'_>) -> [Value; 3] {
    run.model.book.targets.0.map(target)
}

/// The names of the kinds of spend, the last of them empty where some of the money has none in any period.
fn kinds(run: &Run<'_>) -> Vec<String> {
    let dimension = &run.model.dimensions[SPEND];
    let mut kinds: Vec<String> = dimension.ids().map(|id| dimension.member_name(id).to_owned()).collect();
    let was_unset = run.trend.iter().any(|period| period.minor.get("").is_some_and(|minor| *minor != 0));
    if was_unset || spend_members(run).len() > kinds.len() {
        kinds.push(String::new());
    }
    kinds
}

/// The periods of the trend, oldest first, the run's own last.
fn periods<'r>(run: &Run<'r>, kinds: &[String]) -> Vec<Row<'r>> {
    let earlier = run.trend.iter().map(|period| {
        let minor = kinds.iter().map(|kind| period.minor.get(kind).copied().unwrap_or_default());
        (period.name.as_str(), minor.collect())
    });
    let dimension = &run.model.dimensions[SPEND];
    let name = |line| dimension.member_name(run.charges.member(line, SPEND));
    let own = kinds
        .iter()
        .map(|kind| run.charges.allocated().filter(|line| name(line) == kind.as_str()).map(|line| line.minor).sum());
    earlier.chain([(run.model.period.name.as_str(), own.collect())]).collect()
}

fn label(kind: &str) -> String {
    humanise(if kind.is_empty() { "not set" } else { kind })
}

/// What was charged in each period by kind of spend, with its share and the target, a row each.
#[must_use]
pub fn trend(run: &Run<'_>) -> Table {
    let kinds = kinds(run);
    let mut rows = Vec::new();
    for (period, minor) in periods(run, &kinds) {
        let whole = minor.iter().sum();
        for (at, (kind, minor)) in kinds.iter().zip(minor).enumerate() {
            rows.push(vec![
                Value::text(period),
                Value::text(if kind.is_empty() { "not set" } else { kind }),
                Value::Money(minor),
                Value::Share(minor, whole),
                target(run.model.book.targets.0.get(at).copied().flatten()),
            ]);
        }
    }
    let text = |name: &str, label: &str| Column::new(name, label, Shown::Text);
    let share = |name: &str, label: &str| Column::new(name, label, Shown::Share);
    Table {
        name: "trend",
        title: "Trend".to_owned(),
        note: "Run, grow and transform of what was charged, by period.".to_owned(),
        columns: vec![
            text("period", "Period"),
            text("spend", "Spend"),
            money("amount", "Amount"),
            share("share", "Share"),
            share("target", "Target"),
        ],
        rows,
        total: None,
    }
}

/// The same with a row a period: the amounts, their sum, the shares; last the target. For a sheet and its chart.
#[must_use]
pub fn trend_over_time(run: &Run<'_>) -> Table {
    let kinds = kinds(run);
    let mut columns = vec![Column::new("period", "Period", Shown::Text)];
    columns.extend(kinds.iter().map(|kind| money(kind, &label(kind))));
    columns.push(money("charged", "Charged"));
    let shares =
        kinds.iter().map(|kind| Column::new(format!("share_{kind}"), format!("{} share", label(kind)), Shown::Share));
    columns.extend(shares);
    let rows = periods(run, &kinds).into_iter().map(|(period, minor)| {
        let whole: i128 = minor.iter().sum();
        let amounts = minor.iter().map(|minor| Value::Money(*minor)).chain([Value::Money(whole)]);
        let shares = minor.iter().map(|minor| Value::Share(*minor, whole));
        [Value::text(period)].into_iter().chain(amounts).chain(shares).collect()
    });
    let mut rows: Vec<Vec<Value>> = rows.collect();
    if has_targets(run) {
        let mut row = vec![Value::text("Target")];
        row.resize(kinds.len() + 2, Value::Blank);
        row.extend(run.model.book.targets.0.iter().map(|percent| target(*percent)));
        row.resize(columns.len(), Value::Blank);
        rows.push(row);
    }
    Table {
        name: "trend-over-time",
        title: "Run, grow and transform over time".to_owned(),
        note:
            "What was charged in each period, calculated from its own inputs by the same rules, and the shares of it. \
               Run keeps the business running, grow enlarges it, transform changes it."
                .to_owned(),
        columns,
        rows,
        total: None,
    }
}

/// The shares of the period beside their targets, and how far they are off, in points of a hundred. `None` without targets.
#[must_use]
pub fn against_targets(run: &Run<'_>) -> Option<Table> {
    if !has_targets(run) {
        return None;
    }
    let kinds = kinds(run);
    let (_, own) = periods(run, &kinds).pop()?;
    let whole: i128 = own.iter().sum();
    let rows = kinds.iter().zip(own).zip(run.model.book.targets.0).map(|((kind, minor), percent)| {
        let (share, target) = (Value::Share(minor, whole), target(percent));
        // Both as they are shown, in tenths of a percent, so that the three figures of a row agree.
        let off = share
            .permille()
            .zip(target.permille())
            .map_or(Value::Blank, |(is, wanted)| Value::Share(is - wanted, 1000));
        vec![Value::text(label(kind)), share, target, off]
    });
    let share = |name: &str, label: &str| Column::new(name, label, Shown::Share);
    Some(Table {
        name: "against-targets",
        title: "Against target".to_owned(),
        note: String::new(),
        columns: vec![
            Column::new("name", "Against target", Shown::Text),
            share("share", "Share"),
            share("target", "Target"),
            share("off", "Off by"),
        ],
        rows: rows.collect(),
        total: None,
    })
}
