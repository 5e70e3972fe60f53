//! The portfolio: services by where in their life they are.

use std::collections::BTreeSet;

use super::cost::{dimension_column, humanise, money, name_or_none_of, spend_members};
use super::pivots::{CHARGED, Cross, Figure, Pivot, RowIs, of, spend_figures};
use super::unit::contact;
use super::{Column, Run, Shown, Table, Value};
use crate::dimension::MemberId;
use crate::rulebook::{SERVICE, SPEND};

/// Headings that people give to the column of the service list that says where in its life a service is.
const STATUS_ATTRIBUTES: [&str; 6] = ["status", "lifecycle", "life cycle", "stage", "phase", "state"];

/// Words for the three parts of a portfolio, in the order of a service's life.
const STAGES: [&[&str]; 3] = [
    &["pipeline", "planned", "proposed"],
    &["catalogue", "catalog", "live", "active", "in service", "operational", "production"],
    &["retired", "retiring", "decommissioned", "switched off", "end of life", "sunset"],
];

/// The part of the portfolio that a status means: 0 pipeline, 1 catalogue, 2 retired.
fn stage(status: &str) -> Option<usize> {
    let status = status.to_lowercase();
    STAGES.iter().position(|words| words.contains(&status.as_str()))
}

/// The portfolio: services by where in their life they are, with what was charged for them. `None` when the service
/// list does not say, or charge lines do not keep the service.
#[must_use]
pub fn portfolio(run: &Run<'_>) -> Option<Pivot> {
    if !run.charges.keeps(SERVICE) {
        return None;
    }
    let dimension = &run.model.dimensions[SERVICE];
    let status_at = STATUS_ATTRIBUTES
        .iter()
        .find_map(|wanted| dimension.attributes.iter().position(|attribute| attribute.to_lowercase() == *wanted))?;
    let cross = Cross::of(run, run.charges.allocated(), SERVICE, SPEND);
    let kinds = spend_members(run);
    let status = |service: MemberId| dimension.attribute(service, status_at);
    let listed = dimension.ids().filter(|id| !dimension.member(*id).is_parent);
    let mut services: Vec<MemberId> =
        listed.filter(|id| dimension.member(*id).is_valid || cross.rows.contains(id)).collect();
    services.sort_by_key(|service| {
        let of_status = status(*service);
        (stage(of_status).unwrap_or(STAGES.len()), of_status, std::cmp::Reverse(cross.row_total(*service)), *service)
    });
    // Services that hand all their cost on are paid for, if not by that name.
    let opened = run.ledger.opening.keys().map(|key| key[SERVICE]);
    let with_cost: BTreeSet<MemberId> =
        opened.chain(run.ledger.entries().map(|entry| entry.to[SERVICE])).chain(cross.rows.iter().copied()).collect();
    let remark = |service: MemberId| match (stage(status(service)), with_cost.contains(&service)) {
        (Some(2), true) => "Retired, and money is still on it",
        (Some(0), true) => "Not offered yet, and has cost already",
        (Some(1), false) => "Offered, and has no cost",
        (None, _) if status(service).is_empty() => "The list does not say",
        _ => "",
    };
    let mut columns = vec![
        Column::new("status", humanise(&dimension.attributes[status_at]), Shown::Text),
        dimension_column(run, SERVICE),
    ];
    columns.extend(kinds.iter().map(|(_, name)| Column::new(name, humanise(name), Shown::Money)));
    columns.push(money("total", "Charged"));
    columns.push(Column::new("share", "Share", Shown::Share));
    columns.push(Column::new("ask", "Whom to ask", Shown::Text));
    columns.push(Column::new("remark", "Remark", Shown::Text));
    let whole = cross.total();
    // What is charged without a service is part of the total, so that the portfolio adds up to the charge.
    let without = cross.rows.contains(&MemberId::default()).then(MemberId::default);
    let rows = services.iter().copied().chain(without).map(|service| {
        let of_status = if service.is_blank() { "" } else { status(service) };
        let mut row = vec![Value::text(humanise(of_status)), Value::text(name_or_none_of(run, SERVICE, service))];
        row.extend(kinds.iter().map(|(kind, _)| Value::Money(cross.at(service, *kind))));
        row.push(Value::Money(cross.row_total(service)));
        row.push(Value::Share(cross.row_total(service), whole));
        row.push(contact(dimension, service).map_or(Value::Blank, |(_, who)| Value::text(who)));
        row.push(if service.is_blank() { Value::Blank } else { Value::text(remark(service)) });
        row
    });
    let rows = rows.collect();
    let mut total = vec![Value::text("Total"), Value::Blank];
    total.extend(kinds.iter().map(|(kind, _)| Value::Money(cross.column_total(*kind))));
    total.extend([Value::Money(whole), Value::Share(whole, whole), Value::Blank, Value::Blank]);
    let mut figures = spend_figures(&kinds, 2);
    let total_at = figures.len() - 1;
    figures.extend([Figure::ShareOfTotal(total_at), Figure::Stored, Figure::Stored]);
    Some(Pivot {
        table: Table {
            name: "portfolio",
            title: "Portfolio".to_owned(),
            note: "Services by where in their life they are: in the pipeline, in the catalogue, retired; with what was charged for them."
                .to_owned(),
            columns,
            rows,
            total: Some(total),
        },
        rows: services.iter().copied().chain(without).map(|service| RowIs::Lines(vec![of(SERVICE, service)])).collect(),
        columns: figures,
        checked: Some((total_at, vec![CHARGED])),
    })
}
