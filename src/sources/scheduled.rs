//! Lines that are spread over time: each period takes its part.
//!
//! A line is shared over its whole life by itself, so that its parts are the same whatever stands beside it in
//! the list, this month or next.

use super::groups::{Grouper, Line};
use crate::files::{Cell, Row};
use crate::money::{Amount, ONE};
use crate::period::{Day, Period};
use crate::rulebook::{PERIOD_AS_DATE, ScheduleDecl};
use crate::schedule::{Fault, MONTHS_MAX, Schedule, Term, Terms, schedule};

/// What became of a spread line, for the reconciliation and the reports of schedules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledLine {
    /// Index of the source in the rule book.
    pub source: usize,
    /// The file's name.
    pub file: String,
    /// Its row.
    pub row: u64,
    /// Texts of the columns that rules read, in the order of the footprint.
    pub values: Vec<String>,
    /// First day of its life.
    pub first: Day,
    /// Last day of its life as planned.
    pub last: Day,
    /// The day it ended before its time.
    pub ended: Option<Day>,
    /// The whole amount.
    pub value: Amount,
    /// What earlier periods took.
    pub earlier: Amount,
    /// What this period takes.
    pub now: Amount,
    /// What later periods take.
    pub later: Amount,
    /// What nobody takes: the residual value of what has not been disposed of.
    pub residual: Amount,
}

/// What this run takes of a line for one period.
struct Take {
    period: Period,
    amount: Amount,
    is_remainder: bool,
}

/// What this run takes of a line, and what others take.
struct Shares {
    takes: Vec<Take>,
    earlier: Amount,
    later: Amount,
}

impl Grouper<'_> {
    /// Takes this run's part of a line, or says in `of_row` why not.
    pub(super) fn take_scheduled(&mut self, row: &Row<'_>, decl: &ScheduleDecl, value: Amount, control: Amount) {
        let Some(terms) = self.terms(row, decl, value) else { return };
        let model = self.model;
        let calendar = model.book.head.calendar;
        let plan = match schedule(&terms, decl.method, calendar, &self.currency_of(row)) {
            Ok(plan) => plan,
            Err(fault) => return self.no_schedule(row, decl, &terms, fault),
        };
        // A line that is booked after its life has begun brings what it missed along.
        let booked = match self.date {
            None => None,
            Some(column) => match self.day(row, column) {
                Some(Some(day)) => calendar.containing(day),
                Some(None) => return self.no_day(row, column, "date"),
                None => return,
            },
        };
        let Shares { takes, earlier, later } = shares(&plan, &model.period, booked.as_ref());
        let remainder: Amount = takes.iter().filter(|take| take.is_remainder).map(|take| take.amount).sum();
        if !remainder.is_zero() && decl.remainder_to.is_none() {
            let column = self.schedule_columns.end.unwrap_or(self.cost);
            let title =
                format!("this line ends before its time, with {remainder} left, and nobody is named who bears it");
            let help = "add remainder_to = { pool = \"Disposals\", business_unit = \"IT\" } to the source; what was got for it is a line of its own";
            return self.fault("no-remainder-to", row.number, column, title, help);
        }
        let Some(quantities) = self.quantities_of(row) else { return };
        if !self.forms_fit(row) {
            return;
        }
        let mut keyed = Vec::new();
        for take in takes {
            let Some(key) = self.key_of(row, &take.period.name, take.period.last, take.is_remainder) else { return };
            keyed.push((key, take));
        }
        let Some(values) = self.footprint_of(row) else { return };
        let now: Amount = keyed.iter().map(|(_, take)| take.amount).sum();
        let takes_none = keyed.is_empty();
        for (key, take) in keyed {
            let is_own = take.period == model.period && !take.is_remainder;
            let none = vec![Amount::ZERO; quantities.len()];
            let line = Line {
                row: row.number,
                day: take.period.last,
                sum: take.amount,
                // What drivers count is there while the line runs, once.
                quantities: if is_own { quantities.clone() } else { none },
            };
            if self.add(row, &key, self.group_of(&key), line).is_none() {
                return;
            }
        }
        self.note_row(row, value);
        self.count_repairs(row, value);
        self.totals.control += control;
        if takes_none {
            self.totals.other_periods.add(value);
        } else {
            self.totals.taken.add(now);
            self.totals.other_periods.sum += value - now;
        }
        self.schedules.push(ScheduledLine {
            source: self.source,
            file: self.headings.as_ref().map(|headings| headings.file.clone()).unwrap_or_default(),
            row: row.number,
            values,
            first: terms.first,
            last: plan.last,
            ended: terms.ended,
            value,
            earlier,
            now,
            later,
            residual: if terms.ended.is_some() { Amount::ZERO } else { terms.residual },
        });
    }

    fn terms(&mut self, row: &Row<'_>, decl: &ScheduleDecl, cost: Amount) -> Option<Terms> {
        let columns = self.schedule_columns;
        let start = columns.start?;
        let Some(first) = self.day(row, start)? else {
            self.no_day(row, start, "first day");
            return None;
        };
        // Where periods stand for days, a life begins with the first day of one.
        let names_periods = self.decl.dates.as_deref() == Some(PERIOD_AS_DATE);
        let first = if names_periods { self.model.book.head.calendar.containing(first)?.first } else { first };
        let end = match columns.end {
            Some(column) => self.day(row, column)?,
            None => None,
        };
        let months = match columns.months {
            Some(column) if !self.is_blank_at(row, column) => Some(self.months(row, column)?),
            _ => None,
        };
        let residual = match columns.residual {
            Some(column) => self.quantity(row, column)?,
            None => Amount::ZERO,
        };
        let (term, ended) = match (months, end) {
            (Some(months), ended) => (Term::Months(months), ended),
            (None, Some(last)) if !decl.is_asset => (Term::Until(last), None),
            _ => {
                let column = columns.months.or(columns.end).unwrap_or(start);
                let title = "this line does not say how long it lasts".to_owned();
                self.fault("no-life", row.number, column, title, "fill the cell, or pass such rows over with `skip`");
                return None;
            }
        };
        Some(Terms { cost, residual, first, term, ended })
    }

    fn months(&mut self, row: &Row<'_>, column: usize) -> Option<u32> {
        let number = self.number(row, column)?;
        let whole = number.atoms().checked_rem(ONE) == Some(0);
        let months = u32::try_from(number.atoms().checked_div(ONE)?)
            .ok()
            .filter(|months| whole && (1..=MONTHS_MAX).contains(months));
        if months.is_none() {
            let title = format!("{number} is not a life in months");
            self.fault("no-life", row.number, column, title, format!("expected a whole number from 1 to {MONTHS_MAX}"));
        }
        months
    }

    fn is_blank_at(&self, row: &Row<'_>, column: usize) -> bool {
        matches!(row.cell(column), Cell::Text(text) if text.is_empty() || self.is_null(text))
    }

    fn no_day(&mut self, row: &Row<'_>, column: usize, what: &str) {
        let title = format!("this line has no {what}");
        self.fault("not-a-date", row.number, column, title, "fill the cell, or pass such rows over with `skip`");
    }

    fn no_schedule(&mut self, row: &Row<'_>, decl: &ScheduleDecl, terms: &Terms, fault: Fault) {
        let columns = self.schedule_columns;
        let start = columns.start.unwrap_or(self.cost);
        let (code, column, title, help) = match (fault, terms.term) {
            (Fault::Backwards, Term::Until(last)) => (
                "not-a-span",
                columns.end.unwrap_or(start),
                format!("this line ends on {last}, before it begins on {}", terms.first),
                "both days are included; put them right",
            ),
            (Fault::EndedBeforeStart, _) => (
                "not-a-span",
                columns.end.unwrap_or(start),
                format!(
                    "this line was {} on {}, before it begins on {}",
                    if decl.is_asset { "disposed of" } else { "ended" },
                    terms.ended.map(|day| day.to_string()).unwrap_or_default(),
                    terms.first
                ),
                "put the days right; what never began is no line: pass it over with `skip`",
            ),
            (Fault::Residual, _) => (
                "residual",
                columns.residual.unwrap_or(self.cost),
                format!("the residual value {} is not between 0 and the cost of {}", terms.residual, terms.cost),
                "the residual value is what is left of the cost at the end of the life",
            ),
            (Fault::TooLarge, _) => (
                "too-large",
                self.cost,
                "this amount cannot be spread: it is beyond what the program can hold".to_owned(),
                "look for a damaged amount",
            ),
            (Fault::Backwards | Fault::NoLife, _) => (
                "no-life",
                columns.end.or(columns.months).unwrap_or(start),
                "this line lasts longer than a hundred years".to_owned(),
                "look for a damaged date",
            ),
        };
        self.fault(code, row.number, column, title, help);
    }
}

/// What the run of a period takes of a schedule, what earlier runs took and what later ones will take. Until the
/// period in which a line is booked nothing is taken; that period takes its own part and all before it.
fn shares(plan: &Schedule, period: &Period, booked: Option<&Period>) -> Shares {
    let is_unknown = booked.is_some_and(|booked| period.first < booked.first);
    let catches_up = booked.is_some_and(|booked| booked.first == period.first);
    let mut found = Shares { takes: Vec::new(), earlier: Amount::ZERO, later: Amount::ZERO };
    for part in &plan.parts {
        if part.period.first > period.first || is_unknown {
            found.later += part.scheduled + part.remainder;
        } else if part.period.first < period.first && !catches_up {
            found.earlier += part.scheduled + part.remainder;
        } else {
            let takes = [(part.scheduled, false), (part.remainder, true)].into_iter();
            found.takes.extend(takes.filter(|(amount, _)| !amount.is_zero()).map(|(amount, is_remainder)| Take {
                period: part.period.clone(),
                amount,
                is_remainder,
            }));
        }
    }
    found
}
