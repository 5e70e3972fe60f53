//! What was used of what there is: people's time, seats, space.

use std::collections::BTreeSet;

use super::{Column, Run, Shown, Table, Value};
use crate::dimension::MemberId;
use crate::driver::Driver;
use crate::money::Amount;
use crate::rulebook::{By, CapacityOf, KIND};

/// Use beside capacity, for each sender of every rule with a capacity.
#[must_use]
pub fn utilisation(run: &Run<'_>) -> Table {
    let model = run.model;
    let driver = |name: &str| model.drivers.iter().find(|driver| driver.name == name);
    let mut rows = Vec::new();
    let mut told: BTreeSet<(usize, usize, Vec<MemberId>)> = BTreeSet::new();
    for posting in &run.ledger.postings {
        let rule = &model.book.allocate[posting.rule];
        let Some(capacity) = &rule.capacity else { continue };
        let by = if let By::Driver(name) = &rule.by { driver(&name.name) } else { None };
        let members = |driver: &Driver| -> Vec<MemberId> {
            driver.from.iter().map(|dimension| posting.from[*dimension]).collect()
        };
        let sender = by.map(members).unwrap_or_default();
        if !told.insert((posting.rule, posting.split, sender.clone())) {
            continue;
        }
        let split = &run.ledger.splits[posting.split];
        let kind_at = split.dimensions.iter().position(|dimension| *dimension == KIND);
        let idle = model.dimensions[KIND].find("idle");
        let is_idle = |to: &[MemberId]| kind_at.is_some_and(|at| to.get(at).copied() == idle && idle.is_some());
        let used: Amount = split.targets.iter().filter(|target| !is_idle(&target.to)).map(|target| target.weight).sum();
        let size: Amount = match &capacity.size {
            CapacityOf::Given(size) => *size,
            CapacityOf::Driver(name) => driver(&name.name)
                .map(|driver| driver.targets(&members(driver)).iter().map(|target| target.quantity).sum())
                .unwrap_or_default(),
        };
        let names: Vec<&str> = by
            .iter()
            .flat_map(|driver| driver.from.iter())
            .zip(&sender)
            .map(|(dimension, member)| model.dimensions[*dimension].member_name(*member))
            .collect();
        rows.push((
            posting.rule,
            sender,
            vec![
                Value::text(&rule.id),
                Value::text(names.join(" · ")),
                Value::text(by.map_or("", |driver| driver.measure.as_str())),
                Value::Exact(used),
                Value::Exact(size),
                Value::Exact(size - used),
                Value::Share(used.atoms() / 1000, size.atoms() / 1000),
            ],
        ));
    }
    rows.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    Table {
        name: "utilisation",
        title: "Utilisation".to_owned(),
        note: "What was used of what there is, by rules with a capacity. Below 0 more was used than there is."
            .to_owned(),
        columns: vec![
            Column::new("rule", "Rule", Shown::Text),
            Column::new("from", "From", Shown::Text),
            Column::new("measure", "Measure", Shown::Text),
            Column::new("used", "Used", Shown::Exact),
            Column::new("capacity", "Capacity", Shown::Exact),
            Column::new("unused", "Unused", Shown::Exact),
            Column::new("utilisation", "Utilisation", Shown::Share),
        ],
        rows: rows.into_iter().map(|(_, _, row)| row).collect(),
        total: None,
    }
}
