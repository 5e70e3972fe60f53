//! `[fx]` and the currency of a source.

use super::Reader;
use crate::finding::{Named, Spot};
use crate::money::{Amount, Currency};
use crate::rulebook::fx::{AVERAGE, FxDecl, FxForm, FxRows, FxTable};
use crate::rulebook::syntax::{Table, Value};
use crate::rulebook::{Head, RuleBook, SourceDecl, schema};

/// A rate that differs from last period's by more than this many percent is worth a look.
const FAR: i64 = 10;

/// The word of `format` for the file of the European Central Bank.
const ECB: &str = "ecb";

impl Reader<'_> {
    pub(super) fn fx(&mut self, table: &Table, head: Option<&Head>) -> FxDecl {
        self.known_keys(table, "[fx]", schema::FX);
        let usual =
            self.text(table, "use").unwrap_or_else(|| Named { name: AVERAGE.to_owned(), spot: table.spot.clone() });
        let far = table.get("far").and_then(|node| {
            let (weight, is_percentage) = self.share(node)?;
            if !is_percentage {
                self.error("not-a-share", node.spot.place(), "this is not a percentage", "", "write it as \"10%\"");
            }
            Some(weight)
        });
        let mut tables = Vec::new();
        match table.get("tables").map(|node| (&node.value, node)) {
            None => {
                let help = "add [[fx.tables]] with file = \"{period}/fx.csv\", from, to and rate";
                self.error("missing-key", table.spot.place(), "[fx] has no `tables`", "", help);
            }
            Some((Value::List(list), _)) => {
                for node in list {
                    tables.extend(self.as_table(node, "tables").and_then(|inner| self.fx_table(inner)));
                }
            }
            Some((_, node)) => self.wrong_kind(node, "`tables`", "a list of tables, each under [[fx.tables]]"),
        }
        FxDecl {
            spot: table.spot.clone(),
            far: far.unwrap_or(Amount::whole(FAR)),
            tables,
            reporting: self.reporting(table, &usual, head),
            usual,
        }
    }

    fn reporting(&mut self, table: &Table, usual: &Named, head: Option<&Head>) -> Option<(Currency, Named)> {
        let inner = table.get("reporting").and_then(|node| self.as_table(node, "reporting"))?;
        self.known_keys(inner, "`reporting`", schema::REPORTING);
        let code = self.required_text(inner, "currency", "`reporting`")?;
        let currency = self.currency(&code)?;
        if head.is_some_and(|head| head.currency == currency) {
            let title = "the reporting currency is the currency of the books";
            self.error("currency", code.spot.place(), title, "", "leave `reporting` out");
        }
        Some((currency, self.text(inner, "use").unwrap_or_else(|| usual.clone())))
    }

    fn fx_table(&mut self, table: &Table) -> Option<FxTable> {
        let what = "[[fx.tables]]";
        self.known_keys(table, what, schema::FX_TABLE);
        let form = match self.text(table, "format") {
            Some(word) if word.name == ECB => {
                for key in ["from", "to", "rate", "units", "kind", "of_kind", "date", "valid_from", "valid_to"] {
                    if let Some(node) = table.get(key) {
                        let title = format!("the columns of the ECB's file are known, and `{key}` is not asked");
                        self.error("no-meaning-here", node.spot.place(), title, "", "leave it out");
                    }
                }
                FxForm::Ecb
            }
            Some(word) => {
                let title = format!("the format `{}` of rates is not known", crate::finding::clean(&word.name));
                let help = "expected \"ecb\", or no `format` and the headings of a table with a row a rate";
                self.error("unknown-format", word.spot.place(), title, "", help);
                return None;
            }
            None => {
                let (from, to) = (self.required_text(table, "from", what), self.required_text(table, "to", what));
                let rate = self.required_text(table, "rate", what);
                let rows = FxRows {
                    from: from?,
                    to: to?,
                    rate: rate?,
                    units: self.text(table, "units"),
                    kind: self.text(table, "kind"),
                    of_kind: self.text(table, "of_kind"),
                    date: self.text(table, "date"),
                    valid: self.validity_columns(table),
                };
                self.one_of_each(&rows);
                FxForm::Rows(Box::new(rows))
            }
        };
        Some(FxTable { table: self.table_file(table, what)?, form })
    }

    /// A kind is in a column, or the same for all, or follows from the days of the rates.
    fn one_of_each(&mut self, rows: &FxRows) {
        let dated = [&rows.valid.from, &rows.valid.to].into_iter().flatten().next();
        for (first, second, help) in [
            (rows.kind.as_ref(), rows.of_kind.as_ref(), "keep one of `kind` and `of_kind`"),
            (rows.date.as_ref(), rows.kind.as_ref().or(rows.of_kind.as_ref()), DATED),
            (rows.date.as_ref(), dated, "keep `date` for daily rates, or `valid_from` and `valid_to`"),
        ] {
            if let (Some(_), Some(second)) = (first, second) {
                self.error("no-meaning-here", second.spot.place(), "two keys say the same in two ways", "", help);
            }
        }
    }

    /// A source in another currency needs rates.
    pub(super) fn currencies_fit(&mut self, book: &RuleBook) {
        for source in &book.sources {
            let foreign = source.currency.as_ref().filter(|(currency, _)| *currency != book.head.currency);
            match (foreign, &book.fx, &source.fx) {
                (Some((currency, spot)), None, _) => {
                    let title = format!(
                        "this source is in {}, the books are in {}",
                        currency.code(),
                        book.head.currency.code()
                    );
                    let help = "say where the exchange rates are, in a table [fx]";
                    self.error("currency", spot.place(), title, "", help);
                }
                (_, None, Some(fx)) => {
                    let title = "`fx` names a kind of rate, and the model has no [fx]";
                    self.error("no-meaning-here", fx.spot.place(), title, "", "leave it out, or add [fx]");
                }
                _ => {}
            }
        }
    }

    /// `currency` of a source.
    pub(super) fn source_currency(&mut self, table: &Table) -> Option<(Currency, Spot)> {
        let code = self.text(table, "currency")?;
        self.currency(&code).map(|currency| (currency, code.spot))
    }
}

const DATED: &str = "with `date`, average and closing rates follow from the days: leave `kind` and `of_kind` out";

impl SourceDecl {
    /// The kind of rate that its money is exchanged at.
    #[must_use]
    pub fn kind_of_rate<'a>(&'a self, fx: &'a FxDecl) -> &'a Named {
        self.fx.as_ref().unwrap_or(&fx.usual)
    }
}
