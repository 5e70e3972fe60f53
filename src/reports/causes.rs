//! The report of a comparison: the movement and its causes.

use std::collections::BTreeMap;

use super::cost::money;
use super::{Column, Shown, Table, Value};
use crate::compare::{Comparison, Moved, Stand};
use crate::rounding::UNALLOCATED;

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
    // Data have a blank where there is no member; people read that there is none.
    let names = |(is_charged, unit, service): (bool, &str, &str)| -> Vec<Value> {
        match by {
            CausesBy::Place => {
                vec![Value::text(if is_charged { "yes" } else { "no" }), Value::text(unit), Value::text(service)]
            }
            CausesBy::Unit if !is_charged => vec![Value::text(UNALLOCATED)],
            CausesBy::Unit => vec![Value::text(if unit.is_empty() { "(no business unit)" } else { unit })],
            CausesBy::Service => vec![Value::text(if service.is_empty() { "(no service)" } else { service })],
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
