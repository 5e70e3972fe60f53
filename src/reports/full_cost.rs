//! What a service costs in full, and what became of it: direct, from supporting services, overhead; handed on, charged.

use std::collections::BTreeMap;

use super::cost::{dimension_column, money, name_or_none_of};
use super::pivots::{Field, Figure, Pivot, RowIs};
use super::{Run, Table, Value};
use crate::dimension::MemberId;
use crate::money::Amount;
use crate::rulebook::{By, SERVICE};

/// Where a service's cost came from and where it went, exactly.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    direct: Amount,
    supporting: Amount,
    overhead: Amount,
    handed_on: Amount,
}

/// The full cost of every service, in minor units.
///
/// *Direct* is what exports and classify rules say it is for, and what had no service and was given to it by a driver,
/// a price or a declared share. *From supporting services* is what other services handed on by such a rule. *Overhead*
/// is what was spread by cost or evenly, because nothing measures it.
#[must_use]
pub fn full_cost(run: &Run<'_>) -> Pivot {
    let mut ways: BTreeMap<MemberId, Way> = BTreeMap::new();
    for (key, amount) in &run.ledger.opening {
        ways.entry(key[SERVICE]).or_default().direct += *amount;
    }
    for entry in run.ledger.entries() {
        let (from, to) = (entry.from[SERVICE], entry.to[SERVICE]);
        if from == to {
            continue;
        }
        ways.entry(from).or_default().handed_on += entry.amount;
        let way = ways.entry(to).or_default();
        match run.model.book.allocate[entry.rule].by {
            By::CostSoFar(_) | By::Even => way.overhead += entry.amount,
            _ if from.is_blank() => way.direct += entry.amount,
            _ => way.supporting += entry.amount,
        }
    }
    let mut lines: BTreeMap<MemberId, (i128, i128)> = BTreeMap::new();
    for line in &run.charges.lines {
        let sums = lines.entry(run.charges.member(line, SERVICE)).or_default();
        if line.kind.is_allocated() { sums.0 += line.minor } else { sums.1 += line.minor }
    }
    let mut services: Vec<MemberId> =
        ways.keys().copied().filter(|service| !service.is_blank() || lines.contains_key(service)).collect();
    let full = |way: &Way| way.direct + way.supporting + way.overhead;
    services.sort_by_key(|service| (std::cmp::Reverse(full(&ways[service])), *service));
    let currency = &run.model.book.head.currency;
    let rows = services.iter().map(|service| {
        let way = ways[service];
        let [direct, supporting, overhead, handed_on] =
            [way.direct, way.supporting, way.overhead, way.handed_on].map(|amount| currency.round(amount));
        let (charged, unallocated) = lines.get(service).copied().unwrap_or_default();
        let full = direct + supporting + overhead;
        let rounding = charged - (full - handed_on - unallocated);
        let mut row = vec![Value::text(name_or_none_of(run, SERVICE, *service))];
        let amounts = [direct, supporting, overhead, full, handed_on, unallocated, rounding, charged];
        row.extend(amounts.map(Value::Money));
        row
    });
    let rows: Vec<Vec<Value>> = rows.collect();
    let sum = |at: usize| rows.iter().map(|row| if let Value::Money(minor) = row[at] { minor } else { 0 }).sum();
    let mut total = vec![Value::text("All services")];
    total.extend((1..=8).map(|at| Value::Money(sum(at))));
    Pivot {
        table: Table {
            name: "full-cost",
            title: "Full cost of services".to_owned(),
            note: "What a service costs before it hands anything on, and what became of it. Direct: what exports and \
                   rules say it is for. From supporting services: what they handed on by use. Overhead: what was spread \
                   by cost or evenly, as nothing measures it. What is handed on is in another service's cost again, so \
                   only the last column adds up to the charge; rounding is what each figure was rounded by."
                .to_owned(),
            columns: vec![
                dimension_column(run, SERVICE),
                money("direct", "Direct"),
                money("supporting", "From supporting services"),
                money("overhead", "Overhead"),
                money("full", "Full cost"),
                money("handed_on", "Handed on"),
                money("unallocated", "Unallocated"),
                money("rounding", "Rounding"),
                money("charged", "Charged"),
            ],
            rows,
            total: Some(total),
        },
        rows: services
            .iter()
            .map(|service| RowIs::Lines(vec![(Field::Dimension(SERVICE), u64::from(service.0))]))
            .collect(),
        columns: vec![
            Figure::Stored,
            Figure::Adds,
            Figure::Adds,
            Figure::Adds,
            Figure::Sum(vec![1, 2, 3], Vec::new()),
            Figure::Adds,
            Figure::Lines(vec![(Field::Charged, 0)]),
            Figure::Adds,
            Figure::Sum(vec![4, 7], vec![5, 6]),
        ],
        checked: Some((8, vec![(Field::Charged, 1)])),
    }
}
