//! `[fx]`: exchange rates and the reporting currency.

use super::{TableFile, ValidityColumns};
use crate::finding::{Named, Spot};
use crate::money::{Amount, Currency};

/// The kind of rate that is the mean of the days of a period.
pub const AVERAGE: &str = "average";
/// The kind of rate that is the last of a period.
pub const CLOSING: &str = "closing";
/// The kind of rate that is of the day of a line.
pub const DAILY: &str = "daily";

/// `[fx]`.
#[derive(Clone, Debug)]
pub struct FxDecl {
    /// Where it is declared.
    pub spot: Spot,
    /// The kind of rate where a source does not say.
    pub usual: Named,
    /// By how much, as a percentage, a rate may differ from the period before without a finding.
    pub far: Amount,
    /// Tables of rates, in the order in which they are asked.
    pub tables: Vec<FxTable>,
    /// A second currency for the charge lines, and its kind of rate.
    pub reporting: Option<(Currency, Named)>,
}

/// A table of rates.
#[derive(Clone, Debug)]
pub struct FxTable {
    /// The file.
    pub table: TableFile,
    /// What stands where.
    pub form: FxForm,
}

/// What stands where in a table of rates.
#[derive(Clone, Debug)]
pub enum FxForm {
    /// As the European Central Bank publishes them: a row a day, a column a currency, how much of it one euro is.
    Ecb,
    /// A row a rate.
    Rows(Box<FxRows>),
}

/// Headings of a table with a row a rate.
#[derive(Clone, Debug)]
pub struct FxRows {
    /// Currency that is exchanged.
    pub from: Named,
    /// Currency it becomes.
    pub to: Named,
    /// How much of `to` one of `from` is, or so many as `units` say.
    pub rate: Named,
    /// Number of `from` that the rate is for.
    pub units: Option<Named>,
    /// Kind of rate.
    pub kind: Option<Named>,
    /// The kind of all rates of the table.
    pub of_kind: Option<Named>,
    /// Day of a rate.
    pub date: Option<Named>,
    /// When a rate holds.
    pub valid: ValidityColumns,
}
