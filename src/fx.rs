//! Exchange rates: from tables to exact fractions.
//!
//! A rate is a fraction that is never rounded: inverse and cross rates are quotients of what the tables say. Money is
//! exchanged in [`crate::classify`], once for each balance and rate.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::Inputs;
use crate::finding::{Finding, Findings, Place, clean};
use crate::money::{Amount, Currency, Fraction, NumberFormat, ONE, apply};
use crate::period::{Day, Period, Validity};
use crate::rulebook::RuleBook;
use crate::rulebook::fx::{AVERAGE, CLOSING, DAILY, FxDecl, FxForm, FxRows, FxTable};
use crate::tables::{DatedBy, Table, TableRow};

/// Days for which a rate holds when no later one is published: weekends and holidays, Christmas and Easter among them.
const GAP_DAYS: i64 = 7;

/// The currency of the ECB's table.
const EURO: &str = "EUR";

/// Cells of the ECB's table that hold no rate.
const NO_RATE: [&str; 2] = ["", "N/A"];

/// How the ECB's file of one day writes its date.
const ECB_LONG_DATE: &str = "%d %B %Y";

/// A rate that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How much of the one currency one of the other is.
    pub rate: Fraction,
    /// Where it comes from, for people.
    pub how: String,
}

/// Why there is no rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRate {
    /// No table has it.
    Missing,
    /// Two ways lead to different rates; the currencies they go through.
    Ambiguous(String, String),
    /// The fractions are beyond what the program can hold.
    TooFine,
}

/// All rates of a model for a period.
#[derive(Clone, Debug)]
pub struct Rates {
    period: Period,
    tables: Vec<RateTable>,
    /// The period before with its own tables; `None` for a table that is the same.
    before: Option<(Period, Vec<Option<RateTable>>)>,
    /// The rate from the model's currency to the reporting currency.
    pub reporting: Option<(Currency, Found)>,
}

/// A pair of currencies: one of the first in the second.
type Pair = (String, String);

#[derive(Clone, Debug, Default)]
struct RateTable {
    file: String,
    /// Rates that hold for a period, by their kind where they have one.
    fixed: BTreeMap<Pair, Vec<Fixed>>,
    /// Rates of days.
    dated: BTreeMap<Pair, BTreeMap<Day, (Fraction, u64)>>,
}

#[derive(Clone, Debug)]
struct Fixed {
    kind: Option<String>,
    valid: Validity,
    rate: Fraction,
    row: u64,
}

/// What is asked of a table.
#[derive(Clone, Copy)]
struct Asked<'a> {
    kind: &'a str,
    period: &'a Period,
    day: Day,
}

impl Rates {
    /// Reads the tables of `[fx]` for a period. Mistakes in them are findings.
    pub fn load(
        book: &RuleBook,
        decl: &FxDecl,
        period: &Period,
        inputs: &mut Inputs,
        findings: &mut Findings,
    ) -> Rates {
        let before = book.head.calendar.previous(period);
        let asks_days = book.sources.iter().any(|source| source.kind_of_rate(decl).name == DAILY);
        // A daily rate may be asked for any line; else only this period and the one before matter.
        let since = before.as_ref().filter(|_| !asks_days).and_then(|before| before.first.plus(-GAP_DAYS));
        let tables = decl
            .tables
            .iter()
            .filter_map(|table| RateTable::read(book, table, period, since, inputs, findings))
            .collect();
        let before = before.map(|before| {
            let of_before = decl.tables.iter().map(|table| {
                let name = before.fill(&table.table.file.name);
                if name == period.fill(&table.table.file.name) {
                    return None;
                }
                // A table of the period before that is not there, or has mistakes, is that period's business.
                let is_there = book.data.join(&name).exists();
                let read = is_there
                    .then(|| RateTable::read(book, table, &before, since, inputs, &mut Findings::new()))
                    .flatten();
                Some(read.unwrap_or_default())
            });
            (before.clone(), of_before.collect())
        });
        let mut rates = Rates { period: period.clone(), tables, before, reporting: None };
        if let Some((currency, kind)) = &decl.reporting {
            match rates.find(book.head.currency.code(), currency.code(), &kind.name, period.last) {
                Ok(found) => rates.reporting = Some((currency.clone(), found)),
                Err(why) => findings.push(why.finding(
                    [book.head.currency.code(), currency.code()],
                    &kind.name,
                    &period.name,
                    decl,
                    kind.spot.place(),
                )),
            }
        }
        rates
    }

    /// The rate of a kind from one currency to another, on a day.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find(&self, from: &str, to: &str, kind: &str, day: Day) -> Result<Found, NoRate> {
        let asked = Asked { kind, period: &self.period, day };
        first_of(self.tables.iter(), from, to, asked)
    }

    /// The rate of the period before; of daily rates, its last one.
    #[must_use]
    pub fn before(&self, from: &str, to: &str, kind: &str) -> Option<Fraction> {
        let (period, tables) = self.before.as_ref()?;
        let tables = self.tables.iter().zip(tables).map(|(same, own)| own.as_ref().unwrap_or(same));
        let asked = Asked { kind, period, day: period.last };
        first_of(tables, from, to, asked).ok().map(|found| found.rate)
    }

    /// All days on which a rate changes, so that lines of two rates are not added up.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        self.tables.iter().flat_map(|table| {
            let fixed =
                table.fixed.values().flatten().flat_map(|fixed| [fixed.valid.from, fixed.valid.to.map(Day::next)]);
            let dated = table.dated.values().flat_map(|days| days.keys().copied());
            fixed.flatten().chain(dated)
        })
    }
}

impl NoRate {
    /// The finding for a pair of currencies.
    #[must_use]
    pub fn finding(&self, [from, to]: [&str; 2], kind: &str, when: &str, decl: &FxDecl, place: Place) -> Finding {
        let files: Vec<String> = decl.tables.iter().map(|table| format!("`{}`", table.table.file.name)).collect();
        match self {
            NoRate::Missing => Finding::error(
                "missing-rate",
                place,
                format!("there is no {kind} rate from {from} to {to} for {when}"),
            )
            .help(format!(
                "neither of the pair itself, nor of its inverse, nor by way of a third currency; asked were, in this order, {}",
                files.join(", ")
            )),
            NoRate::Ambiguous(one, two) => Finding::error(
                "ambiguous-rate",
                place,
                format!("the {kind} rate from {from} to {to} for {when} is another by way of {one} than of {two}"),
            )
            .help(format!("add the rate from {from} to {to} itself to the table")),
            NoRate::TooFine => Finding::error(
                "too-large",
                place,
                format!("the {kind} rate from {from} to {to} for {when} is beyond what the program can hold"),
            )
            .help("look for a damaged rate"),
        }
    }
}

/// Whether a rate differs from another by more than so many percent.
#[must_use]
pub fn is_far(rate: Fraction, before: Fraction, percent: Amount) -> bool {
    let Some(quotient) = before.inverse().and_then(|inverse| rate.times(inverse)) else { return true };
    let Some(quotient) = apply(Amount::whole(100), quotient) else { return true };
    (quotient - Amount::whole(100)).abs() > percent
}

/// A rate as a decimal number, rounded at the eighteenth decimal, for people.
#[must_use]
pub fn decimal(rate: Fraction) -> Amount {
    apply(Amount::from_atoms(ONE), rate).unwrap_or_default()
}

/// The first table that has the rate decides.
fn first_of<'t>(
    tables: impl Iterator<Item = &'t RateTable>,
    from: &str,
    to: &str,
    asked: Asked<'_>,
) -> Result<Found, NoRate> {
    for table in tables {
        match table.find(from, to, asked) {
            Err(NoRate::Missing) => {}
            decided => return decided,
        }
    }
    Err(NoRate::Missing)
}

impl RateTable {
    fn read(
        book: &RuleBook,
        decl: &FxTable,
        period: &Period,
        since: Option<Day>,
        inputs: &mut Inputs,
        findings: &mut Findings,
    ) -> Option<RateTable> {
        let table = Table::read(&book.data, &decl.table, None, period, inputs, findings)?;
        let mut read = RateTable { file: table.headings.file.clone(), ..RateTable::default() };
        match &decl.form {
            FxForm::Ecb => read.take_ecb(decl, &table, since, findings),
            FxForm::Rows(rows) => read.take_rows(decl, rows, &table, since, findings)?,
        }
        Some(read)
    }

    fn take_ecb(&mut self, decl: &FxTable, table: &Table, since: Option<Day>, findings: &mut Findings) {
        let Some(date) = table.headings.names.iter().position(|name| name == "Date") else {
            let title = "this is not the ECB's file: it has no column `Date`";
            let place = table.headings.place(table.headings.row, None);
            findings
                .push(Finding::error("missing-column", place, title).help("fetch eurofxref-hist.zip or eurofxref.zip"));
            return;
        };
        let columns: Vec<(usize, &String)> =
            table.headings.names.iter().enumerate().filter(|(at, name)| *at != date && !name.is_empty()).collect();
        for row in &table.rows {
            let text = row.text(date);
            let day = Day::parse_iso(text).or_else(|| Day::parse_with(text, ECB_LONG_DATE));
            let Some(day) = day else {
                not_a_date(table, row, date, text, findings);
                continue;
            };
            if since.is_some_and(|since| day < since) {
                continue;
            }
            for (column, currency) in &columns {
                if NO_RATE.contains(&row.text(*column)) {
                    continue;
                }
                let Some(rate) = rate_in(decl, table, row, *column, None, findings) else { continue };
                self.add_dated((EURO.to_owned(), (*currency).clone()), day, rate, table, row, *column, findings);
            }
        }
    }

    fn take_rows(
        &mut self,
        decl: &FxTable,
        rows: &FxRows,
        table: &Table,
        since: Option<Day>,
        findings: &mut Findings,
    ) -> Option<()> {
        let (from, to) = (table.column(&rows.from, findings), table.column(&rows.to, findings));
        let rate = table.column(&rows.rate, findings);
        let units = table.optional(rows.units.as_ref(), findings);
        let kind = table.optional(rows.kind.as_ref(), findings);
        let date = table.optional(rows.date.as_ref(), findings);
        let dated = DatedBy::find(table, &rows.valid, findings);
        let (from, to, column) = (from?, to?, rate?);
        for row in &table.rows {
            let pair = (currency_in(table, row, from, findings), currency_in(table, row, to, findings));
            let (Some(one), Some(two)) = pair else { continue };
            if one == two {
                let title = format!("this rate is from {one} to {one}");
                findings.push(Finding::error("rate", table.place(row, Some(to)), title).help("name two currencies"));
                continue;
            }
            let Some(rate) = rate_in(decl, table, row, column, units, findings) else { continue };
            if let Some(date) = date {
                let text = table.text(row, date, findings);
                match table.day(text) {
                    None => not_a_date(table, row, date, text, findings),
                    Some(day) if since.is_some_and(|since| day < since) => {}
                    Some(day) => self.add_dated((one, two), day, rate, table, row, column, findings),
                }
                continue;
            }
            let valid = dated.read(table, row, findings);
            let kind = match kind.map(|column| (column, table.text(row, column, findings))) {
                Some((column, "")) => {
                    let place = table.place(row, Some(column));
                    let finding = Finding::error("blank-key", place, "this rate has no kind");
                    findings
                        .push(finding.help("write average, closing, budget or another word that `use` or `fx` names"));
                    continue;
                }
                Some((_, kind)) => Some(kind.to_owned()),
                None => rows.of_kind.as_ref().map(|kind| kind.name.clone()),
            };
            let known = self.fixed.entry((one, two)).or_default();
            if let Some(first) = known.iter().find(|first| first.kind == kind && first.valid.overlaps(&valid)) {
                twice(table, row, column, first.row, findings);
                continue;
            }
            known.push(Fixed { kind, valid, rate, row: row.number });
        }
        Some(())
    }

    #[allow(clippy::too_many_arguments, reason = "a rate, and where it stands")]
    fn add_dated(
        &mut self,
        pair: Pair,
        day: Day,
        rate: Fraction,
        table: &Table,
        row: &TableRow,
        column: usize,
        findings: &mut Findings,
    ) {
        let days = self.dated.entry(pair).or_default();
        match days.get(&day) {
            Some((_, first)) => twice(table, row, column, *first, findings),
            None => {
                days.insert(day, (rate, row.number));
            }
        }
    }

    /// The rate itself, its inverse, or by way of one other currency of the table.
    fn find(&self, from: &str, to: &str, asked: Asked<'_>) -> Result<Found, NoRate> {
        let in_file = |(rate, how): (Fraction, String)| Found { rate, how: format!("{}: {how}", self.file) };
        if let Some(found) = self.either_way(from, to, asked)? {
            return Ok(in_file(found));
        }
        let pairs = self.fixed.keys().chain(self.dated.keys());
        let others: BTreeSet<&str> = pairs.flat_map(|(one, two)| [one.as_str(), two.as_str()]).collect();
        let mut crossed: Option<(&str, Fraction, String)> = None;
        for other in others.into_iter().filter(|other| ![from, to].contains(other)) {
            let (Some((first, first_how)), Some((second, second_how))) =
                (self.either_way(from, other, asked)?, self.either_way(other, to, asked)?)
            else {
                continue;
            };
            let rate = first.times(second).ok_or(NoRate::TooFine)?;
            match &crossed {
                Some((known, known_rate, _)) if *known_rate != rate => {
                    return Err(NoRate::Ambiguous((*known).to_owned(), other.to_owned()));
                }
                Some(_) => {}
                None => crossed = Some((other, rate, format!("{first_how} × {second_how}"))),
            }
        }
        crossed.map(|(_, rate, how)| in_file((rate, how))).ok_or(NoRate::Missing)
    }

    fn either_way(&self, from: &str, to: &str, asked: Asked<'_>) -> Result<Option<(Fraction, String)>, NoRate> {
        if let Some(quoted) = self.quoted(from, to, asked)? {
            return Ok(Some(quoted));
        }
        let Some((rate, how)) = self.quoted(to, from, asked)? else { return Ok(None) };
        let rate = rate.inverse().ok_or(NoRate::TooFine)?;
        Ok(Some((rate, format!("1 / {how}"))))
    }

    /// The rate that the table states for a pair.
    fn quoted(&self, from: &str, to: &str, asked: Asked<'_>) -> Result<Option<(Fraction, String)>, NoRate> {
        let pair = (from.to_owned(), to.to_owned());
        let on = if asked.kind == DAILY { asked.day } else { asked.period.last };
        let holds =
            |fixed: &&Fixed| fixed.kind.as_deref().is_none_or(|kind| kind == asked.kind) && fixed.valid.holds_on(on);
        if let Some(fixed) = self.fixed.get(&pair).and_then(|list| list.iter().find(holds)) {
            return Ok(Some((fixed.rate, format!("{from} to {to} in row {}", fixed.row))));
        }
        let Some(days) = self.dated.get(&pair) else { return Ok(None) };
        match asked.kind {
            CLOSING | DAILY => Ok(days
                .range(..=on)
                .next_back()
                .filter(|(day, _)| on.days_since(**day) <= GAP_DAYS)
                .map(|(day, (rate, _))| (*rate, format!("{from} to {to} of {day}")))),
            AVERAGE => {
                let Period { first, last, .. } = *asked.period;
                let within: Vec<(Day, Fraction)> =
                    days.range(first..=last).map(|(day, (rate, _))| (*day, *rate)).collect();
                let (Some((begin, _)), Some((end, _))) = (within.first(), within.last()) else { return Ok(None) };
                // A mean of half a period is not the mean of the period.
                if begin.days_since(first) > GAP_DAYS || last.days_since(*end) > GAP_DAYS {
                    return Ok(None);
                }
                let rates: Vec<Fraction> = within.iter().map(|(_, rate)| *rate).collect();
                let mean = Fraction::mean(&rates).ok_or(NoRate::TooFine)?;
                Ok(Some((mean, format!("{from} to {to}, mean of {} days", rates.len()))))
            }
            _ => Ok(None),
        }
    }
}

fn not_a_date(table: &Table, row: &TableRow, column: usize, text: &str, findings: &mut Findings) {
    let title = format!("`{}` is not a date", clean(text));
    let help = "expected a date such as 2026-10-31; another form is declared as formats = { date = \"%d/%m/%Y\" }";
    findings.push(Finding::error("not-a-date", table.place(row, Some(column)), title).help(help));
}

fn twice(table: &Table, row: &TableRow, column: usize, first: u64, findings: &mut Findings) {
    let title = "this pair has two rates for the same days";
    let help = format!("the first is in row {first}; keep one, or say from when to when each holds");
    findings.push(Finding::error("twice", table.place(row, Some(column)), title).help(help));
}

fn currency_in(table: &Table, row: &TableRow, column: usize, findings: &mut Findings) -> Option<String> {
    let code = table.text(row, column, findings);
    if Currency::new(code).is_none() {
        let title = format!("`{}` is not a currency", clean(code));
        let help = "expected a code of ISO 4217 such as GBP, EUR or USD";
        findings.push(Finding::error("currency", table.place(row, Some(column)), title).help(help));
        return None;
    }
    Some(code.to_owned())
}

/// The rate in a cell: a number above 0, for one unit or as many as `units` says.
fn rate_in(
    decl: &FxTable,
    table: &Table,
    row: &TableRow,
    column: usize,
    units: Option<usize>,
    findings: &mut Findings,
) -> Option<Fraction> {
    let mut number = |column: usize| {
        let text = table.text(row, column, findings);
        let form = decl.table.formats.numbers.unwrap_or(NumberFormat::PLAIN);
        let read = table.value(row, column, text, form, findings);
        let title = match read {
            Ok(read) if read > Amount::ZERO => return Some(read),
            Ok(_) => format!("`{}` cannot be a rate: a rate is above 0", clean(text)),
            Err(fault) => format!("`{}` is not a rate: {fault}", clean(text)),
        };
        let help = "put the number right, or leave the row out: a missing rate is refused where it is needed";
        findings.push(Finding::error("rate", table.place(row, Some(column)), title).help(help));
        None
    };
    let rate = number(column)?;
    let units = units.map_or(Some(Amount::whole(1)), number)?;
    Fraction::new(rate.atoms(), units.atoms()).map(Fraction::reduced)
}
