//! The report of methods side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::cost::money;
use super::{Column, Run, Shown, Table, Value, capitalised, name_or_none};
use crate::dimension::MemberId;
use crate::methods::ByMethod;
use crate::rounding::{Charges, UNALLOCATED};
use crate::rulebook::{BUSINESS_UNIT, DimensionId, SERVICE};

/// Every business unit and every service by each method, those that move most first. Each method's column adds up to the same
/// total, whether it is added up over business units or over services; what stays unallocated is a row among the business units.
#[must_use]
pub fn methods(run: &Run<'_>, by_method: &[ByMethod]) -> Table {
    let mut columns =
        vec![Column::new("dimension", "Dimension", Shown::Text), Column::new("target", "Target", Shown::Text)];
    columns.extend(by_method.iter().map(|method| money(method.name, &capitalised(method.name))));
    columns.push(money("largest_difference", "Largest difference"));
    let mut rows = Vec::new();
    for dimension in [BUSINESS_UNIT, SERVICE].into_iter().filter(|dimension| run.charges.keeps(*dimension)) {
        let sums: Vec<Option<BTreeMap<Target, i128>>> = by_method
            .iter()
            .map(|method| method.charges.as_ref().ok().map(|charges| sums(charges, dimension)))
            .collect();
        let targets: BTreeSet<Target> = sums.iter().flatten().flat_map(|sums| sums.keys().copied()).collect();
        let label = &run.model.dimensions[dimension].label;
        let mut block: Vec<(i128, Target, Vec<Value>)> = targets
            .into_iter()
            .map(|target| {
                let figures: Vec<Option<i128>> = sums
                    .iter()
                    .map(|sums| sums.as_ref().map(|sums| sums.get(&target).copied().unwrap_or_default()))
                    .collect();
                let name = match target {
                    None => UNALLOCATED.to_owned(),
                    Some(member) => name_or_none(&run.model.dimensions[dimension], member),
                };
                let mut row = vec![Value::text(label.clone()), Value::text(name)];
                row.extend(figures.iter().map(|figure| figure.map_or(Value::Blank, Value::Money)));
                let known = || figures.iter().flatten().copied();
                let spread = known().max().unwrap_or_default() - known().min().unwrap_or_default();
                row.push(Value::Money(spread));
                (spread, target, row)
            })
            .collect();
        block.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        rows.extend(block.into_iter().map(|(_, _, row)| row));
    }
    let mut total = vec![Value::text("Total, over either"), Value::Blank];
    total.extend(by_method.iter().map(|method| {
        let sum = |charges: &Charges| Value::Money(charges.lines.iter().map(|line| line.minor).sum());
        method.charges.as_ref().map_or(Value::Blank, sum)
    }));
    total.push(Value::Blank);
    Table { name: "methods", title: "Methods".to_owned(), note: note(by_method), columns, rows, total: Some(total) }
}

/// Who pays, or for what; none where nobody does.
type Target = Option<MemberId>;

fn sums(charges: &Charges, dimension: DimensionId) -> BTreeMap<Target, i128> {
    let mut sums = BTreeMap::new();
    for line in &charges.lines {
        let is_somebodys = dimension != BUSINESS_UNIT || line.kind.is_allocated();
        let target = is_somebodys.then(|| charges.member(line, dimension));
        *sums.entry(target).or_default() += line.minor;
    }
    sums
}

fn note(by_method: &[ByMethod]) -> String {
    if by_method.len() == 1 {
        return "No rule or group of this model has a method, so there is nothing to compare.".to_owned();
    }
    let mut note =
        "What each would pay if the rules and groups that have a method had another one. Largest difference first."
            .to_owned();
    for method in by_method {
        if let Err(why) = &method.charges {
            let _ = write!(note, " {} is not possible: {why}.", capitalised(method.name));
        }
    }
    note
}
