//! Lists of names with their money and share, as on a first page and on statements.

use std::collections::BTreeMap;

use super::cost::{humanise, name_or_none_of, spend_members};
use super::pivots::{CHARGED, Field, Figure, Pivot, RowIs, UNALLOCATED, of};
use super::{Column, Run, Shown, Table, Value};
use crate::dimension::MemberId;
use crate::rounding::ChargeLine;
use crate::rulebook::{DimensionId, SPEND};

/// The members of a dimension that most of these lines' money is for, largest first; those beyond `shown_max` in one
/// row. Spend has an order of its own, and all of its members are shown.
#[must_use]
pub fn largest<'l>(
    run: &Run<'_>,
    lines: impl Iterator<Item = &'l ChargeLine>,
    dimension: DimensionId,
    title: &str,
    shown_max: usize,
) -> Pivot {
    let mut sums: BTreeMap<MemberId, i128> = BTreeMap::new();
    for line in lines {
        *sums.entry(run.charges.member(line, dimension)).or_default() += line.minor;
    }
    let mut sums: Vec<(MemberId, i128)> = sums.into_iter().collect();
    if dimension == SPEND {
        sums = spend_members(run)
            .into_iter()
            .map(|(id, _)| (id, sums.iter().find(|(other, _)| *other == id).map_or(0, |(_, sum)| *sum)))
            .collect();
    } else {
        sums.sort_by_key(|(member, sum)| (std::cmp::Reverse(*sum), *member));
    }
    let whole: i128 = sums.iter().map(|(_, sum)| sum).sum();
    // One more in place of a row that says `1 others`.
    let shown = if sums.len() <= shown_max.saturating_add(1) { sums.len() } else { shown_max };
    let row = |name: String, sum: i128| vec![Value::text(name), Value::Money(sum), Value::Share(sum, whole)];
    let name = |member: MemberId| {
        let name = name_or_none_of(run, dimension, member);
        if dimension == SPEND { humanise(&name) } else { name }
    };
    let mut rows: Vec<Vec<Value>> = sums[..shown].iter().map(|(member, sum)| row(name(*member), *sum)).collect();
    let mut row_is: Vec<RowIs> =
        sums[..shown].iter().map(|(member, _)| RowIs::Lines(vec![of(dimension, *member)])).collect();
    if sums.len() > shown {
        rows.push(row(format!("{} others", sums.len() - shown), sums[shown..].iter().map(|(_, sum)| sum).sum()));
        row_is.push(RowIs::Rest);
    }
    let code = run.model.book.head.currency.code();
    Pivot {
        table: Table {
            name: "largest",
            title: title.to_owned(),
            note: String::new(),
            columns: vec![
                Column::new("name", title, Shown::Text),
                Column::new("amount", code, Shown::Money),
                Column::new("share", "Share", Shown::Share),
            ],
            rows,
            total: Some(row("Charged".to_owned(), whole)),
        },
        rows: row_is,
        columns: vec![Figure::Stored, Figure::Lines(vec![CHARGED]), Figure::ShareOfTotal(1)],
        checked: None,
    }
}

/// Money in, what was charged and what was not.
#[must_use]
pub fn money_in_and_out(run: &Run<'_>) -> Pivot {
    let charged: i128 = run.charges.allocated().map(|line| line.minor).sum();
    let unallocated: i128 = run.charges.unallocated().map(|line| line.minor).sum();
    let all = charged + unallocated;
    let row = |name: &str, minor: i128| vec![Value::text(name), Value::Money(minor), Value::Share(minor, all)];
    Pivot {
        table: Table {
            name: "money",
            title: "Money".to_owned(),
            note: String::new(),
            columns: vec![
                Column::new("name", "Money in and out", Shown::Text),
                Column::new("amount", run.model.book.head.currency.code(), Shown::Money),
                Column::new("share", "Share", Shown::Share),
            ],
            rows: vec![row("Charged", charged), row("Unallocated", unallocated)],
            total: Some(row("Money in", all)),
        },
        rows: vec![RowIs::Lines(vec![CHARGED]), RowIs::Lines(vec![UNALLOCATED])],
        columns: vec![Figure::Stored, Figure::Lines(Vec::new()), Figure::ShareOfTotal(1)],
        checked: None,
    }
}

/// What is unallocated, by reason, largest first.
#[must_use]
pub fn reasons(run: &Run<'_>) -> Pivot {
    let mut sums: BTreeMap<u64, (&'static str, i128)> = BTreeMap::new();
    for line in run.charges.unallocated() {
        let sum = sums.entry(Field::Reason.key(run, line)).or_insert((line.kind.reason(), 0));
        sum.1 += line.minor;
    }
    let all: i128 = run.charges.total;
    let mut sums: Vec<(u64, (&str, i128))> = sums.into_iter().collect();
    sums.sort_by_key(|(key, (_, sum))| (std::cmp::Reverse(sum.abs()), *key));
    let row = |name: &str, minor: i128| vec![Value::text(name), Value::Money(minor), Value::Share(minor, all)];
    let whole = sums.iter().map(|(_, (_, sum))| sum).sum();
    Pivot {
        table: Table {
            name: "reasons",
            title: "Unallocated by reason".to_owned(),
            note: String::new(),
            columns: vec![
                Column::new("name", "Unallocated, why", Shown::Text),
                Column::new("amount", run.model.book.head.currency.code(), Shown::Money),
                Column::new("share", "Of money in", Shown::Share),
            ],
            rows: sums.iter().map(|(_, (name, sum))| row(name, *sum)).collect(),
            total: (!sums.is_empty()).then(|| row("Unallocated", whole)),
        },
        rows: sums.iter().map(|(key, _)| RowIs::Lines(vec![UNALLOCATED, (Field::Reason, *key)])).collect(),
        columns: vec![Figure::Stored, Figure::Lines(Vec::new()), Figure::Stored],
        checked: None,
    }
}
