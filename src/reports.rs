//! Reports: every table people see, as a view of the charge lines and the ledger.
//!
//! A report is a [`Table`] of typed values; how it looks in a csv file, a workbook or on a terminal is the
//! writers' business, and no writer does arithmetic of its own.

mod beside;
mod books;
mod causes;
mod cost;
mod exchange;
mod full_cost;
mod in_words;
mod keys;
mod lists;
mod methods;
mod movement;
mod page;
mod pivots;
mod portfolio;
mod schedules;
mod trend;
mod unit;
mod utilisation;

pub use beside::{movement_by, with_beside};
pub(crate) use books::{by_words, counts_of, used_dimensions};
pub use books::{closing, drivers, entries, opening, quarantine, reconciliation, rules, steps};
pub use causes::{CausesBy, bridge, causes, causes_by, names_any};
pub use cost::{
    NamedMoney, Summary, charge_columns, charge_row, charges, service_costs, summary, unallocated, unit_costs,
};
pub use exchange::exchange;
pub use full_cost::full_cost;
pub use in_words::{rule_balancing, rules_in_words};
pub use keys::keys;
pub use lists::{largest, money_in_and_out, reasons};
pub use methods::methods;
pub use movement::movement;
pub use page::{Page, page};
pub use pivots::{
    Field, Figure, KINDS, Keys, Pivot, RowIs, pools, services, spend, spend_with_subtotals, units_by_service,
};
pub use portfolio::portfolio;
pub use schedules::{has_schedules, renewals, schedules};
pub use trend::{against_targets, has_trend, trend, trend_over_time};
pub use unit::{
    Crossings, Ways, contact, how_it_came, parents, unit_and_below, units_with_statement, ways_to, what_decides,
};
pub use utilisation::utilisation;

use crate::beside::{Beside, SpendOf};
use crate::classify::Opening;
use crate::compare::Comparison;
use crate::ledger::Ledger;
use crate::model::Model;
use crate::money::{Amount, Currency};
use crate::rounding::Charges;
use crate::sources::Read;

/// Everything a finished run knows; what reports are made of.
#[derive(Clone, Copy, Debug)]
pub struct Run<'r> {
    /// The model of the period.
    pub model: &'r Model,
    /// What the sources gave.
    pub read: &'r Read,
    /// The money as it entered.
    pub opening: &'r Opening,
    /// What happened to it.
    pub ledger: &'r Ledger,
    /// The result.
    pub charges: &'r Charges,
    /// Earlier periods and plans, calculated from their own inputs.
    pub beside: &'r [Beside],
    /// Run, grow and transform in the periods before it, oldest first.
    pub trend: &'r [SpendOf],
    /// The movement since the period before, by cause, where it was worked out.
    pub moved: Option<&'r Comparison>,
}

/// What stands in a column, and so how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Text, to the left.
    Text,
    /// Money in minor units, two decimals or as the currency has.
    Money,
    /// An exact amount or quantity, all its digits.
    Exact,
    /// A whole number.
    Count,
    /// A share, as a percentage with one decimal.
    Share,
}

/// A column of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name in files, such as `business_unit`.
    pub name: String,
    /// What people read, such as `Business unit`.
    pub label: String,
    /// How it is shown.
    pub shown: Shown,
}

impl Column {
    /// A column.
    #[must_use]
    pub fn new(name: impl Into<String>, label: impl Into<String>, shown: Shown) -> Column {
        Column { name: name.into(), label: label.into(), shown }
    }
}

/// A cell of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Blank,
    /// A text; never a formula, whatever it begins with.
    Text(String),
    /// Money in minor units of the model's currency.
    Money(i128),
    /// Money in minor units of another currency.
    MoneyIn(i128, Currency),
    /// An exact amount or quantity.
    Exact(Amount),
    /// An exact amount below the scale, in units of 10^-36.
    Fine(i128),
    /// A whole number.
    Count(u64),
    /// `part / whole`, both in minor units. A whole of 0 has no share.
    Share(i128, i128),
}

impl Value {
    /// A text, or nothing when it is empty.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Value {
        let text = text.into();
        if text.is_empty() { Value::Blank } else { Value::Text(text) }
    }

    /// The share in tenths of a percent, rounded half away from 0: 125 for 12.5 %. `None` when it is no share.
    #[must_use]
    pub fn permille(&self) -> Option<i128> {
        match self {
            Value::Share(part, whole) if *whole != 0 => {
                let sign = part.signum() * whole.signum();
                Some(sign * ((part.abs() * 2000 + whole.abs()) / (2 * whole.abs())))
            }
            _ => None,
        }
    }
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Name of its file, without the end: `charges`.
    pub name: &'static str,
    /// Heading for people: `Charge lines`.
    pub title: String,
    /// One or two sentences on how to read it.
    pub note: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, sorted.
    pub rows: Vec<Vec<Value>>,
    /// The last row, the sum of the others, where there is one.
    pub total: Option<Vec<Value>>,
}

/// The name of a member for people; a blank one is said to be none.
fn name_or_none(dimension: &crate::dimension::Dimension, member: crate::dimension::MemberId) -> String {
    if member.is_blank() {
        format!("(no {})", dimension.label.to_lowercase())
    } else {
        dimension.member_name(member).to_owned()
    }
}

/// A word as it begins a sentence or a heading.
fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn shares_round_half_away_from_zero_in_tenths_of_a_percent() {
        // 1/8 = 12.5 %, 1/16 = 6.25 % → 6.3 %, −1/16 → −6.3 %.
        assert_eq!(Value::Share(1, 8).permille(), Some(125));
        assert_eq!(Value::Share(1, 16).permille(), Some(63));
        assert_eq!(Value::Share(-1, 16).permille(), Some(-63));
        assert_eq!(Value::Share(1, 0).permille(), None);
    }
}
