//! The report of a comparison: the movement and its causes.

use std::collections::BTreeMap;

use super::cost::{dimension_column, money, name_or_none_of};
use super::pivots::{CHARGED, Figure, Pivot, RowIs, of};
use super::{Column, Run, Shown, Table, Value};
use crate::compare::{CANCELLED, Cause, Comparison, Moved, Stand};
use crate::dimension::{BLANK, MemberId};
use crate::rounding::UNALLOCATED;
use crate::rulebook::{BUSINESS_UNIT, DimensionId};

/// What is charged to no unit, or for no service.
const NO_UNIT: &str = "(no business unit)";
const NO_SERVICE: &str = "(no service)";

/// What is charged, where no line says to whom.
const TO_ANYBODY: &str = "(charged)";

/// What the rows of the report are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CausesBy {
    /// Whether it is charged, a business unit and a service: data, with blanks where there is no member.
    Place,
    /// A business unit.
    Unit,
    /// A service.
    Service,
}

/// Whether anything of a comparison has a member to be shown by; where nothing has, charge lines do not keep the dimension.
#[must_use]
pub fn names_any(comparison: &Comparison, by: CausesBy) -> bool {
    comparison.rows.iter().any(|row| match by {
        CausesBy::Place => true,
        CausesBy::Unit => !row.stand.unit.is_empty(),
        CausesBy::Service => !row.stand.service.is_empty(),
    })
}

/// Before, after, the movement and the effect of each cause; largest movement first. Each row adds up.
#[must_use]
pub fn causes(comparison: &Comparison, by: CausesBy) -> Table {
    let mut sums: BTreeMap<(bool, &str, &str), Moved> = BTreeMap::new();
    let mut total = Moved { effects: vec![0; comparison.causes.len()], ..Moved::default() };
    for row in &comparison.rows {
        let Stand { is_charged, unit, service } = &row.stand;
        let key = match by {
            CausesBy::Place => (*is_charged, unit.as_str(), service.as_str()),
            CausesBy::Unit => (*is_charged, unit.as_str(), ""),
            CausesBy::Service => (true, "", service.as_str()),
        };
        let sum =
            sums.entry(key).or_insert_with(|| Moved { effects: vec![0; comparison.causes.len()], ..Moved::default() });
        for sum in [sum, &mut total] {
            sum.before += row.before;
            sum.after += row.after;
            sum.rounding += row.rounding;
            for (sum, effect) in sum.effects.iter_mut().zip(&row.effects) {
                *sum += effect;
            }
        }
    }
    let mut rows: Vec<((bool, &str, &str), Moved)> = sums.into_iter().collect();
    rows.sort_by_key(|(key, row)| (std::cmp::Reverse((row.after - row.before).abs()), *key));
    let figures = |row: &Moved| -> Vec<Value> {
        let first = [row.before, row.after, row.after - row.before];
        first.into_iter().chain(row.effects.iter().copied()).chain([row.rounding]).map(Value::Money).collect()
    };
    let charged = Column::new("charged", "Charged", Shown::Text);
    let unit = Column::new("business_unit", "Business unit", Shown::Text);
    let service = Column::new("service", "Service", Shown::Text);
    let (name, title, mut columns) = match by {
        CausesBy::Place => ("causes", "Movement", vec![charged, unit, service]),
        CausesBy::Unit => ("causes-of-units", "Business units", vec![unit]),
        CausesBy::Service => ("causes-of-services", "Services", vec![service]),
    };
    let no_unit = if names_any(comparison, CausesBy::Unit) { NO_UNIT } else { TO_ANYBODY };
    // Data have a blank where there is no member; people read that there is none.
    let names = |(is_charged, unit, service): (bool, &str, &str)| -> Vec<Value> {
        match by {
            CausesBy::Place => {
                vec![Value::text(if is_charged { "yes" } else { "no" }), Value::text(unit), Value::text(service)]
            }
            CausesBy::Unit if !is_charged => vec![Value::text(UNALLOCATED)],
            CausesBy::Unit => vec![Value::text(if unit.is_empty() { no_unit } else { unit })],
            CausesBy::Service => vec![Value::text(if service.is_empty() { NO_SERVICE } else { service })],
        }
    };
    let mut last = vec![Value::Blank; columns.len()];
    last[0] = Value::text("Total");
    last.extend(figures(&total));
    let [before, after] = &comparison.labels;
    columns.extend([money("before", before), money("after", after), money("movement", "Movement")]);
    columns.extend(comparison.causes.iter().map(|cause| money(&cause.replace(' ', "_"), &super::capitalised(cause))));
    columns.push(money("rounding", "Rounding"));
    Table {
        name,
        title: title.to_owned(),
        note: format!("What changed from {before} to {after}, and why. Largest movement first."),
        columns,
        rows: rows.iter().map(|(key, row)| names(*key).into_iter().chain(figures(row)).collect()).collect(),
        total: Some(last),
    }
}

/// The movement as a way from one total to the other: what it was, what each cause did, what it is. Causes that moved
/// nothing are left out.
#[must_use]
pub fn bridge(run: &Run<'_>, comparison: &Comparison) -> Table {
    let add = |figure: &dyn Fn(&Moved) -> i128| comparison.rows.iter().map(figure).sum::<i128>();
    let row =
        |name: &str, minor: i128, meaning: &str| vec![Value::text(name), Value::Money(minor), Value::text(meaning)];
    let [before, after] = &comparison.labels;
    let mut rows = vec![row(before, add(&|row| row.before), "")];
    for (at, words) in comparison.causes.iter().enumerate() {
        let cause = Cause::ALL.into_iter().find(|cause| cause.words() == words);
        let meaning = cause.map_or("these cannot be told apart", Cause::meaning);
        rows.push(row(&super::capitalised(words), add(&|row| row.effects[at]), meaning));
    }
    rows.push(row("Rounding", add(&|row| row.rounding), ""));
    let rows = rows.into_iter().enumerate().filter(|(at, row)| *at == 0 || row[1] != Value::Money(0));
    Table {
        name: "bridge",
        title: format!("From {before} to {after}"),
        note: String::new(),
        columns: vec![
            Column::new("cause", format!("From {before} to {after}"), Shown::Text),
            money("amount", run.model.book.head.currency.code()),
            Column::new("meaning", "", Shown::Text),
        ],
        rows: rows.map(|(_, row)| row).collect(),
        total: Some(row(after, add(&|row| row.after), "")),
    }
}

/// The movement by the business units or the services of what is charged, with its causes, largest first. Causes that moved
/// nothing anywhere have no column.
#[must_use]
pub fn causes_by(run: &Run<'_>, comparison: &Comparison, dimension: DimensionId) -> Pivot {
    let by = if dimension == BUSINESS_UNIT { CausesBy::Unit } else { CausesBy::Service };
    let mut table = causes(comparison, by);
    let is_empty = |at: usize, table: &Table| table.rows.iter().all(|row| row[at] == Value::Money(0));
    // Before, after and the movement always stand there.
    for at in (4..table.columns.len()).rev().filter(|at| is_empty(*at, &table)).collect::<Vec<_>>() {
        table.columns.remove(at);
        table.rows.iter_mut().chain(&mut table.total).for_each(|row| drop(row.remove(at)));
    }
    let members = &run.model.dimensions[dimension];
    let ids: BTreeMap<&str, MemberId> = members.ids().map(|id| (members.member_name(id), id)).collect();
    let nobody = name_or_none_of(run, dimension, BLANK);
    // Names that the period does not know any more stand last: no line of it is theirs.
    let mut rows: Vec<(RowIs, Vec<Value>)> = Vec::new();
    let mut gone = Vec::new();
    for mut row in table.rows {
        let name = if let Value::Text(name) = &row[0] { name.clone() } else { String::new() };
        match ids.get(name.as_str()).copied() {
            Some(member) => rows.push((RowIs::Lines(vec![of(dimension, member)]), row)),
            None if [NO_UNIT, TO_ANYBODY, NO_SERVICE].contains(&name.as_str()) => {
                row[0] = Value::text(nobody.clone());
                rows.push((RowIs::Lines(vec![of(dimension, BLANK)]), row));
            }
            None => gone.push((RowIs::Rest, row)),
        }
    }
    rows.extend(gone);
    let (row_is, rows): (Vec<RowIs>, Vec<Vec<Value>>) = rows.into_iter().unzip();
    table.rows = rows;
    table.columns[0] = dimension_column(run, dimension);
    let [before, after] = &comparison.labels;
    table.name = "causes-by";
    table.title = format!("Causes by {}", members.label.to_lowercase());
    table.note = format!(
        "What moved from {before} to {after}, and why; the causes and the rounding add up to the movement. Each cause is what it \
         changes by itself: the mean of changing it first and changing it last."
    );
    if table.rows.iter().any(|row| row[1] == Value::Money(0) && row[2] == Value::Money(0)) {
        table.note = format!("{} {CANCELLED}", table.note);
    }
    let mut columns = vec![Figure::Stored, Figure::Adds, Figure::Lines(vec![CHARGED]), Figure::Sum(vec![2], vec![1])];
    columns.resize(table.columns.len(), Figure::Adds);
    Pivot { table, rows: row_is, columns, checked: Some((2, vec![CHARGED])) }
}
