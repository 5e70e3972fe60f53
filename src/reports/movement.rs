//! The run beside earlier periods and plans.

use std::collections::BTreeMap;

use super::cost::{dimension_column, money};
use super::{Column, Run, Shown, Table, Value};
use crate::beside::{Beside, BesideKind, BesideLine, by_name, to_date};
use crate::dimension::MemberId;
use crate::ledger::Reason;
use crate::rounding::Kind;

/// What stands beside the run, by kind of line and members: amounts and differences.
///
/// A column is empty, not 0, where there is nothing to stand beside; within a column that there is, a line that is
/// only on one side has 0 on the other.
#[must_use]
pub fn movement(run: &Run<'_>) -> Table {
    let own = by_name(run.model, run.charges);
    let at = |kind: &BesideKind| run.beside.iter().find(|beside| beside.kind == *kind);
    let mut columns = vec![Column::new("kind", "Kind", Shown::Text)];
    columns.extend(run.charges.by.iter().map(|dimension| dimension_column(run, *dimension)));
    columns.push(money("amount", "Amount"));
    // Each with the place of the sums that its difference is of: 0 is the amount.
    let mut sides: Vec<(Option<&Beside>, Option<usize>)> = Vec::new();
    for (kind, name, label) in [
        (BesideKind::Previous, "previous", "Period before"),
        (BesideKind::LastYear, "last_year", "Last year"),
        (BesideKind::YearToDate, "year_to_date", "Year to date"),
    ] {
        let side = at(&kind);
        if side.is_none() && kind != BesideKind::Previous && !run.model.book.head.beside.contains(&kind) {
            continue;
        }
        columns.push(money(name, label));
        let has_change = kind != BesideKind::YearToDate;
        if has_change {
            let change = if kind == BesideKind::Previous { "change" } else { "change_on_last_year" };
            columns.push(money(change, "Change"));
        }
        sides.push((side, has_change.then_some(0)));
    }
    let year_to_date = sides.iter().position(|(side, _)| side.is_some_and(|side| side.kind == BesideKind::YearToDate));
    let head = &run.model.book.head;
    let wants_plans = run.model.book.plan.is_none() && head.beside.contains(&BesideKind::Plan);
    for plan in head.plans.iter().filter(|_| wants_plans) {
        let side = run.beside.iter().find(|beside| beside.kind == BesideKind::Plan && beside.name == *plan);
        columns.push(money(plan, plan));
        columns.push(money(&format!("above_{plan}"), &format!("Above {plan}")));
        sides.push((side, Some(0)));
    }
    let wants_to_date = run.model.book.plan.is_none() && head.beside.contains(&BesideKind::PlanToDate);
    for plan in head.plans.iter().filter(|_| wants_to_date) {
        let side = run.beside.iter().find(|b| b.kind == BesideKind::PlanToDate && b.name == to_date(plan));
        columns.push(money(&format!("{plan}_to_date"), &to_date(plan)));
        if year_to_date.is_some() {
            columns.push(money(&format!("above_{plan}_to_date"), &format!("Above {}", to_date(plan))));
        }
        sides.push((side, year_to_date.map(|at| at + 1)));
    }
    let width = 1 + sides.len();
    let mut sums: BTreeMap<(Kind, Vec<String>), Vec<i128>> = BTreeMap::new();
    let mut add = |lines: &[BesideLine], column: usize| {
        for line in lines {
            let row = sums.entry((without_reason(line.kind), line.members.clone())).or_insert_with(|| vec![0; width]);
            row[column] += line.minor;
        }
    };
    add(&own, 0);
    for (column, (side, _)) in sides.iter().enumerate() {
        if let Some(side) = side {
            add(&side.lines, column + 1);
        }
    }
    let cells = |sums: &[i128]| {
        let mut cells = vec![Value::Money(sums[0])];
        for ((side, against), sum) in sides.iter().zip(&sums[1..]) {
            let cell = |minor: i128| side.map_or(Value::Blank, |_| Value::Money(minor));
            cells.push(cell(*sum));
            if let Some(against) = against {
                cells.push(cell(sums[*against] - sum));
            }
        }
        cells
    };
    // Members of a list in its order, those that only others have behind them; all other names by name.
    let place = |members: &[String]| -> Vec<(usize, String)> {
        let ranked = run.charges.by.iter().zip(members).map(|(dimension, name)| {
            let dimension = &run.model.dimensions[*dimension];
            let rank = dimension.find(name).map_or(usize::MAX, MemberId::index);
            (if dimension.is_closed && !name.is_empty() { rank } else { 0 }, name.clone())
        });
        ranked.collect()
    };
    let mut keys: Vec<&(Kind, Vec<String>)> = sums.keys().collect();
    keys.sort_by_cached_key(|(kind, members)| (*kind, place(members)));
    let rows = keys.into_iter().map(|key| {
        let mut row = vec![Value::text(key.0.word())];
        row.extend(key.1.iter().map(Value::text));
        row.extend(cells(&sums[key]));
        row
    });
    let rows: Vec<Vec<Value>> = rows.collect();
    let mut totals = vec![0; width];
    for row in sums.values() {
        totals.iter_mut().zip(row).for_each(|(total, minor)| *total += minor);
    }
    let mut total = vec![Value::text("Total")];
    total.extend(run.charges.by.iter().map(|_| Value::Blank));
    total.extend(cells(&totals));
    Table {
        name: "movement",
        title: "Movement".to_owned(),
        note:
            "This run beside the period before it and the plans, each calculated from its own inputs by the same rules."
                .to_owned(),
        columns,
        rows,
        total: Some(total),
    }
}

/// What is unallocated is compared as a whole: its reason changes with the rules, not with the money.
const fn without_reason(kind: Kind) -> Kind {
    match kind {
        Kind::Unallocated(_) => Kind::Unallocated(Reason::NoRule),
        other => other,
    }
}
