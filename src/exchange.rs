//! Exchange: sums in other currencies become money of the books, once for each balance and rate.

use std::collections::BTreeMap;

use crate::finding::{Finding, Findings};
use crate::fx::{Found, NoRate, decimal, is_far};
use crate::model::Model;
use crate::money::{Amount, ByCurrency, HOURS};
use crate::rulebook::condition::ColumnRef;
use crate::rulebook::fx::{DAILY, FxDecl};
use crate::rulebook::{CostDecl, RuleBook};
use crate::sources::{LineGroup, Tally};

/// Money as it came, before it was exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its currency.
    pub currency: String,
    /// How much of it.
    pub amount: Amount,
    /// The rate, as index into [`crate::classify::Opening::rates`].
    pub rate: usize,
}

/// A rate in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedRate {
    /// The currency that is exchanged.
    pub currency: String,
    /// The kind of rate.
    pub kind: String,
    /// The rate.
    pub found: Found,
}

/// What a missing rate is missing for: source, currency, kind, and the day or the period.
type Wanted = (usize, String, String, String);

/// Finds rates for line groups, and keeps those in use.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Rates in use, in the order in which they were first needed.
    pub rates: Vec<UsedRate>,
    missing: BTreeMap<Wanted, (NoRate, Tally)>,
}

/// The currency of a line group, where it is not that of the books.
#[must_use]
pub fn foreign_currency<'g>(
    book: &RuleBook,
    group: &LineGroup,
    value: &impl Fn(&ColumnRef) -> &'g str,
) -> Option<String> {
    let source = &book.sources[group.source];
    let code = match &source.currency_column {
        Some(column) if book.fx.is_some() => value(&ColumnRef::parse(&column.name)),
        _ => source.currency.as_ref().map_or("", |(currency, _)| currency.code()),
    };
    (!code.is_empty() && code != book.head.currency.code()).then(|| code.to_owned())
}

impl Exchange {
    /// The index of the rate for a line group in another currency; `None` when there is none, which is told later.
    pub fn rate_of(&mut self, model: &Model, group: &LineGroup, currency: &str) -> Option<usize> {
        let (decl, rates) = (model.book.fx.as_ref()?, model.fx.as_ref()?);
        let kind = &model.book.sources[group.source].kind_of_rate(decl).name;
        match rates.find(currency, model.book.head.currency.code(), kind, group.day) {
            Ok(found) => {
                let used = UsedRate { currency: currency.to_owned(), kind: kind.clone(), found };
                let known = self.rates.iter().position(|known| *known == used);
                Some(known.unwrap_or_else(|| {
                    self.rates.push(used);
                    self.rates.len() - 1
                }))
            }
            Err(why) => {
                let when = if kind == DAILY { group.day.to_string() } else { model.period.name.clone() };
                let wanted = (group.source, currency.to_owned(), kind.clone(), when);
                let (_, tally) = self.missing.entry(wanted).or_insert((why, Tally::default()));
                tally.lines += group.lines;
                tally.sum += group.sum;
                None
            }
        }
    }

    /// Tells which rates are missing, and which are far from those of the period before.
    pub fn report(&self, model: &Model, findings: &mut Findings) {
        let Some(decl) = &model.book.fx else { return };
        let own = model.book.head.currency.code();
        for ((source, currency, kind, when), (why, tally)) in &self.missing {
            let source = &model.book.sources[*source];
            let spot = source.fx.as_ref().map_or(&source.spot, |fx| &fx.spot);
            let lines =
                if tally.lines == 1 { "1 line needs".to_owned() } else { format!("{} lines need", tally.lines) };
            let is_rated = matches!(source.cost, CostDecl::Rated { .. });
            let sums = ByCurrency::of(tally.sum, if is_rated { HOURS } else { currency });
            let priced = if is_rated { format!(" priced in {currency}") } else { String::new() };
            let needed = format!("{lines} it, source `{}`, with {sums}{priced}", source.name);
            findings.push(why.finding([currency, own], kind, when, decl, spot.place()).help(needed));
        }
        let mut told: Vec<(&str, &str)> = Vec::new();
        for used in &self.rates {
            if !told.contains(&(&used.currency, &used.kind)) && tell_if_far(used, model, decl, findings) {
                told.push((&used.currency, &used.kind));
            }
        }
    }
}

/// Tells when a rate is far from that of the period before, and whether it did.
fn tell_if_far(used: &UsedRate, model: &Model, decl: &FxDecl, findings: &mut Findings) -> bool {
    let own = model.book.head.currency.code();
    let before = model.fx.as_ref().and_then(|rates| rates.before(&used.currency, own, &used.kind));
    let Some(before) = before.filter(|before| is_far(used.found.rate, *before, decl.far)) else { return false };
    let title = format!(
        "the {} rate from {} to {own} is {}, and was {} in the period before: more than {} % apart",
        used.kind,
        used.currency,
        decimal(used.found.rate),
        decimal(before),
        decl.far
    );
    findings.push(Finding::attention("far-rate", decl.spot.place(), title).help(format!(
        "look whether it is right ({}); `far` of [fx] says from how much on it is told",
        used.found.how
    )));
    true
}
