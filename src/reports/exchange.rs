//! What came in other currencies, and what it became.

use std::collections::BTreeMap;

use super::{Column, Run, Shown, Table, Value};
use crate::exchange::UsedRate;
use crate::fx::decimal;
use crate::money::Amount;
use crate::rulebook::{CostDecl, SourceDecl};
use crate::sources::SourceTotals;

/// What came in another currency at a rate, and what it became.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exchanged {
    pub(super) lines: u64,
    pub(super) came: Amount,
    pub(super) became: Amount,
}

/// The money of a source that was exchanged, by the index of its rate.
pub(super) fn exchanged_of(run: &Run<'_>, source: usize) -> BTreeMap<usize, Exchanged> {
    let mut sums: BTreeMap<usize, Exchanged> = BTreeMap::new();
    for balance in run.opening.balances.iter().filter(|balance| balance.source == source) {
        let Some(origin) = &balance.origin else { continue };
        let sum = sums.entry(origin.rate).or_default();
        sum.lines += balance.lines;
        sum.came += origin.amount;
        sum.became += balance.amount;
    }
    sums
}

/// What the figures of a source are in, before they are money of the books. Those of lines in several currencies are sums of
/// what stands in the column, which show that no line is lost and are no money.
pub(super) fn received_in(decl: &SourceDecl, exchanged: &BTreeMap<usize, Exchanged>, totals: &SourceTotals) -> String {
    if matches!(decl.cost, CostDecl::Rated { .. }) {
        return " (hours)".to_owned();
    }
    match (&decl.currency_column, &decl.currency) {
        (Some(_), _) if !exchanged.is_empty() => match totals.currencies.len() {
            0 | 1 => " (as received)".to_owned(),
            _ => " (as received, currencies added up)".to_owned(),
        },
        (None, Some((currency, _))) if !exchanged.is_empty() => format!(" ({})", currency.code()),
        _ => String::new(),
    }
}

/// A rate as a decimal number for people.
pub(super) fn rate_text(run: &Run<'_>, rate: usize) -> String {
    decimal(run.opening.rates[rate].found.rate).to_string()
}

/// What was exchanged: by source and rate, how much it was and what it became.
#[must_use]
pub fn exchange(run: &Run<'_>) -> Table {
    let own = run.model.book.head.currency.code();
    let mut rows = Vec::new();
    for (at, decl) in run.model.book.sources.iter().enumerate() {
        for (rate, sums) in exchanged_of(run, at) {
            let UsedRate { currency, kind, found } = &run.opening.rates[rate];
            rows.push(vec![
                Value::text(&decl.name),
                Value::text(currency),
                Value::text(own),
                Value::text(kind),
                Value::Exact(decimal(found.rate)),
                Value::text(found.rate.to_string()),
                Value::Count(sums.lines),
                Value::Exact(sums.came),
                Value::Exact(sums.became),
                Value::text(&found.how),
            ]);
        }
    }
    if let (Some((currency, found)), Some(reporting)) =
        (run.model.fx.as_ref().and_then(|rates| rates.reporting.as_ref()), &run.charges.reporting)
    {
        let kind = run.model.book.fx.as_ref().and_then(|fx| fx.reporting.as_ref()).map(|(_, kind)| kind.name.as_str());
        rows.push(vec![
            Value::text("(charge lines)"),
            Value::text(own),
            Value::text(currency.code()),
            Value::text(kind.unwrap_or_default()),
            Value::Exact(decimal(found.rate)),
            Value::text(found.rate.to_string()),
            Value::Count(run.charges.lines.len() as u64),
            Value::Exact(run.charges.lines.iter().map(|line| line.exact).sum()),
            Value::Exact(reporting.exact),
            Value::text(&found.how),
        ]);
    }
    Table {
        name: "exchange",
        title: "Exchange".to_owned(),
        note: "Money in other currencies, exchanged once for each balance and rate. `rate_exact` is not rounded."
            .to_owned(),
        columns: vec![
            Column::new("source", "Source", Shown::Text),
            Column::new("from", "From", Shown::Text),
            Column::new("to", "To", Shown::Text),
            Column::new("kind", "Kind of rate", Shown::Text),
            Column::new("rate", "Rate", Shown::Exact),
            Column::new("rate_exact", "Exact rate", Shown::Text),
            Column::new("lines", "Lines", Shown::Count),
            Column::new("amount_from", "Amount before", Shown::Exact),
            Column::new("amount_to", "Amount after", Shown::Exact),
            Column::new("how", "How", Shown::Text),
        ],
        rows,
        total: None,
    }
}
