//! What stands beside a figure: the period before, last year, the year to date, plans.

use std::collections::BTreeSet;

use super::cost::money;
use super::pivots::{Field, Figure, Keys, Pivot, RowIs};
use super::{Run, Value};
use crate::beside::{Beside, BesideKind, BesideLine};
use crate::dimension::MemberId;
use crate::rulebook::BUSINESS_UNIT;

/// One column beside: what it is called, what it holds, and whether the difference stands beside it again.
struct Side<'r> {
    name: String,
    label: String,
    change: Option<(String, &'static str)>,
    beside: Option<&'r Beside>,
}

/// What is shown beside figures. The period before always is, and is empty where there is none.
fn sides<'r>(run: &Run<'r>) -> Vec<Side<'r>> {
    let find = |kind: BesideKind| run.beside.iter().find(|beside| beside.kind == kind);
    let previous = find(BesideKind::Previous);
    let mut sides = vec![Side {
        name: "previous".to_owned(),
        label: previous.map_or("Last period".to_owned(), |beside| beside.name.clone()),
        change: Some(("change".to_owned(), "Change")),
        beside: previous,
    }];
    for (kind, name) in [(BesideKind::LastYear, "last_year"), (BesideKind::YearToDate, "year_to_date")] {
        let Some(beside) = find(kind) else { continue };
        let has_change = kind == BesideKind::LastYear;
        sides.push(Side {
            name: name.to_owned(),
            label: beside.name.clone(),
            change: has_change.then(|| (format!("change_on_{name}"), "Change")),
            beside: Some(beside),
        });
    }
    sides.extend(run.beside.iter().filter(|beside| beside.kind == BesideKind::Plan).map(|beside| Side {
        name: beside.name.clone(),
        label: beside.name.clone(),
        change: Some((format!("above_{}", beside.name), "Above it")),
        beside: Some(beside),
    }));
    sides.extend(run.beside.iter().filter(|beside| beside.kind == BesideKind::PlanToDate).map(|beside| Side {
        name: beside.name.replace(' ', "_"),
        label: beside.name.clone(),
        change: None,
        beside: Some(beside),
    }));
    sides
}

/// Adds to a list what stands beside its amounts, with the changes. `units` are those whose lines the list is of;
/// all without.
///
/// A column is empty where there is nothing beside. What was only there, and is in no row of the list, gets a row of
/// its own, so that the column adds up.
#[must_use]
pub fn with_beside(run: &Run<'_>, mut pivot: Pivot, units: Option<&BTreeSet<MemberId>>) -> Pivot {
    let Some(amount) = pivot.table.columns.iter().position(|column| column.name == "amount") else { return pivot };
    let Figure::Lines(of_column) = pivot.columns[amount].clone() else { return pivot };
    let sides = sides(run);
    let of_sides: Vec<Option<Vec<i128>>> =
        sides.iter().map(|side| side.beside.map(|beside| sums(run, beside, &pivot, &of_column, units))).collect();
    let has_rest = pivot.rows.contains(&RowIs::Rest);
    // The last of each is what is in no row.
    let is_left = of_sides.iter().flatten().any(|sums| sums.last().is_some_and(|rest| *rest != 0));
    if !has_rest && is_left {
        let mut row = vec![Value::text("no longer charged"), Value::Money(0)];
        row.resize(pivot.table.columns.len(), Value::Blank);
        pivot.table.rows.push(row);
        pivot.rows.push(RowIs::Rest);
    }
    for (side, sums) in sides.iter().zip(of_sides) {
        let at = pivot.table.columns.len();
        pivot.table.columns.push(money(&side.name, &side.label));
        pivot.columns.push(Figure::Stored);
        if let Some((name, label)) = &side.change {
            pivot.table.columns.push(money(name, label));
            pivot.columns.push(Figure::Change(amount, at));
        }
        let whole = sums.as_ref().map(|sums| sums.iter().sum());
        let of_rows = (0..pivot.rows.len()).map(|row| match (&sums, &pivot.rows[row]) {
            (Some(sums), RowIs::Rest) => sums.last().copied(),
            (Some(sums), _) => Some(sums[row]),
            (None, _) => None,
        });
        let of_rows: Vec<Option<i128>> = of_rows.collect();
        let rows = pivot.table.rows.iter_mut().chain(&mut pivot.table.total);
        for (row, before) in rows.zip(of_rows.into_iter().chain([whole])) {
            let now = if let Value::Money(minor) = row[amount] { minor } else { 0 };
            row.push(before.map_or(Value::Blank, Value::Money));
            if side.change.is_some() {
                row.push(before.map_or(Value::Blank, |before| Value::Money(now - before)));
            }
        }
    }
    pivot
}

/// What stands beside each row, and last what is in none of them.
fn sums(
    run: &Run<'_>,
    beside: &Beside,
    pivot: &Pivot,
    of_column: &Keys,
    units: Option<&BTreeSet<MemberId>>,
) -> Vec<i128> {
    let unit_at = run.charges.by.iter().position(|dimension| *dimension == BUSINESS_UNIT);
    let of_units: Option<BTreeSet<&str>> =
        units.map(|units| units.iter().map(|unit| run.model.dimensions[BUSINESS_UNIT].member_name(*unit)).collect());
    let is_of_units = |line: &BesideLine| {
        of_units.as_ref().is_none_or(|names| {
            unit_at.and_then(|at| line.members.get(at)).is_some_and(|name| names.contains(name.as_str()))
        })
    };
    let has = |line: &BesideLine, keys: &Keys| keys.iter().all(|(field, key)| fits(run, line, *field, *key));
    let lines: Vec<&BesideLine> =
        beside.lines.iter().filter(|line| is_of_units(line) && has(line, of_column)).collect();
    let mut sums = vec![0; pivot.rows.len() + 1];
    for line in lines {
        // Rows of a list have no line in common.
        let row = pivot.rows.iter().position(|row| matches!(row, RowIs::Lines(keys) if has(line, keys)));
        sums[row.unwrap_or(pivot.rows.len())] += line.minor;
    }
    sums
}

/// Whether a line beside has a key of this run, by name: each calculation numbers its members itself.
fn fits(run: &Run<'_>, line: &BesideLine, field: Field, key: u64) -> bool {
    match field {
        Field::Charged => u64::from(line.kind.is_allocated()) == key,
        Field::Dimension(dimension) => {
            let at = run.charges.by.iter().position(|other| *other == dimension);
            let name = u32::try_from(key).map_or("", |key| run.model.dimensions[dimension].member_name(MemberId(key)));
            // Lines of both have no member in a dimension that they do not keep.
            at.and_then(|at| line.members.get(at)).map_or("", String::as_str) == name
        }
        Field::Kind | Field::Reason | Field::ForPeriod => false,
    }
}

/// What is charged by the members of a dimension, with what stands beside it. `None` when nothing does, or
/// charge lines do not keep the dimension.
#[must_use]
pub fn movement_by(run: &Run<'_>, dimension: crate::rulebook::DimensionId) -> Option<Pivot> {
    if run.beside.is_empty() || !run.charges.keeps(dimension) {
        return None;
    }
    let label = &run.model.dimensions[dimension].label;
    let list = super::largest(run, run.charges.allocated(), dimension, label, usize::MAX);
    let mut pivot = with_beside(run, list, None);
    pivot.table.name = "movement-by";
    pivot.table.title = format!("Movement by {}", label.to_lowercase());
    "What is charged, beside earlier periods and plans, each calculated from its own inputs by the same rules."
        .clone_into(&mut pivot.table.note);
    pivot.checked = Some((1, vec![(Field::Charged, 1)]));
    Some(pivot)
}
