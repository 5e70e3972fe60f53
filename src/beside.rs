//! What stands beside a run: an earlier period, the year to date, a plan.
//!
//! Each is calculated from its own inputs by the same rules, never read from what an earlier run wrote. Members are kept
//! by name, because each calculation numbers its own.

use std::collections::BTreeMap;

use crate::model::Model;
use crate::rounding::{Charges, Kind};
pub use crate::rulebook::plan::BesideKind;

/// Charge lines of another calculation, by the names of their members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// What it is.
    pub kind: BesideKind,
    /// Its name: `2026-09`, `FY26 to 2026-10`, `budget-2026`.
    pub name: String,
    /// Its lines, those of the same kind and members added up, in their order.
    pub lines: Vec<BesideLine>,
}

/// A charge line of another calculation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BesideLine {
    /// What it is.
    pub kind: Kind,
    /// A name for each of the model's `charges.by` dimensions, in their order; empty where blank.
    pub members: Vec<String>,
    /// The amount in minor units of the model's currency.
    pub minor: i128,
}

/// Run, grow and transform in an earlier period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendOf {
    /// The period.
    pub name: String,
    /// What was charged by the names of the kinds of spend, empty for none, in minor units.
    pub minor: BTreeMap<String, i128>,
}

impl SpendOf {
    /// Of charge lines by name, in which the kind of spend stands at `at`.
    #[must_use]
    pub fn of(name: String, lines: &[BesideLine], at: usize) -> SpendOf {
        let mut minor = BTreeMap::new();
        for line in lines.iter().filter(|line| line.kind.is_allocated()) {
            *minor.entry(line.members.get(at).cloned().unwrap_or_default()).or_default() += line.minor;
        }
        SpendOf { name, minor }
    }
}

impl Beside {
    /// The charge lines of some calculations, added up.
    #[must_use]
    pub fn of(kind: BesideKind, name: String, parts: &[Vec<BesideLine>]) -> Beside {
        let mut sums: BTreeMap<(Kind, &[String]), i128> = BTreeMap::new();
        for line in parts.iter().flatten() {
            *sums.entry((line.kind, &line.members)).or_default() += line.minor;
        }
        let lines = sums
            .into_iter()
            .map(|((kind, members), minor)| BesideLine { kind, members: members.to_vec(), minor })
            .collect();
        Beside { kind, name, lines }
    }

    /// Sum of the lines that pass, in minor units.
    #[must_use]
    pub fn total(&self, passes: impl Fn(&BesideLine) -> bool) -> i128 {
        self.lines.iter().filter(|line| passes(line)).map(|line| line.minor).sum()
    }

    /// What was allocated, by the names in one column of `charges.by`: `at` is its place among them.
    #[must_use]
    pub fn allocated_by(&self, at: usize) -> BTreeMap<&str, i128> {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line.kind.is_allocated()) {
            *sums.entry(line.members.get(at).map_or("", String::as_str)).or_default() += line.minor;
        }
        sums
    }
}

/// What a plan is called where it stands beside the year to date.
#[must_use]
pub fn to_date(plan: &str) -> String {
    format!("{plan} to date")
}

/// Charge lines by the names of their members.
#[must_use]
pub fn by_name(model: &Model, charges: &Charges) -> Vec<BesideLine> {
    let named = charges.lines.iter().map(|line| BesideLine {
        kind: line.kind,
        members: charges
            .by
            .iter()
            .zip(&line.members)
            .map(|(dimension, member)| model.dimensions[*dimension].member_name(*member).to_owned())
            .collect(),
        minor: line.minor,
    });
    named.collect()
}
