//! Rounding: closing balances to charge lines in minor units, once.
//!
//! The table business unit × pool is rounded as a whole ([`controlled`]); inside an entry of it, its lines
//! share the entry by largest remainder, and what a service and a kind of spend are owed is carried from entry
//! to entry, so that they stay close to their exact cost too.

pub mod controlled;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::dimension::{BLANK, MemberId};
use crate::ledger::{Ledger, Reason};
use crate::model::Model;
use crate::money::{Amount, Currency, Fraction, apply};
use crate::rulebook::{BUSINESS_UNIT, DimensionId, FOR_PERIOD, KIND, POOL, SERVICE, SPEND};
use crate::sources::MONEY_MAX;

pub use crate::dimension::UNALLOCATED;

/// What a charge line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Cost that was allocated.
    Cost,
    /// What of a capacity nobody used.
    Idle,
    /// A bill at a price.
    Price,
    /// What somebody else bears of a bill, as a negative line beside it.
    Subsidy,
    /// What is added to a bill.
    MarkUp,
    /// Cost minus bills: what prices, minimum or maximum bills leave to somebody to bear.
    Recovery,
    /// Cost that was not, with its reason.
    Unallocated(Reason),
}

impl Kind {
    /// The word in the files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Cost => "cost",
            Kind::Idle => "idle",
            Kind::Price => "price",
            Kind::Subsidy => "subsidy",
            Kind::MarkUp => "mark-up",
            Kind::Recovery => "recovery",
            Kind::Unallocated(_) => "unallocated",
        }
    }

    /// Whether somebody was found to bear it.
    #[must_use]
    pub const fn is_allocated(self) -> bool {
        !matches!(self, Kind::Unallocated(_))
    }

    /// The kind of a balance by the member of the dimension `kind`.
    fn of(word: &str) -> Kind {
        [Kind::Idle, Kind::Price, Kind::Subsidy, Kind::MarkUp, Kind::Recovery]
            .into_iter()
            .find(|kind| kind.word() == word)
            .unwrap_or(Kind::Cost)
    }

    /// The reason of unallocated money, empty for the rest.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Kind::Unallocated(reason) => reason.words(),
            _ => "",
        }
    }
}

/// A line of the result: an amount at members of the dimensions that charge lines keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeLine {
    /// What it is.
    pub kind: Kind,
    /// The period the cost belongs to by its date.
    pub for_period: MemberId,
    /// A member for each of the model's `charges.by` dimensions, in their order.
    pub members: Vec<MemberId>,
    /// The amount in minor units of the model's currency.
    pub minor: i128,
    /// The exact amount.
    pub exact: Amount,
}

/// The largest difference between rounded and exact totals of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Whose it is.
    pub name: String,
    /// Rounded minus exact.
    pub amount: Amount,
}

/// All charge lines of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charges {
    /// Lines, sorted by kind, then members.
    pub lines: Vec<ChargeLine>,
    /// The first 8 bytes of the BLAKE3 of each line's key columns: see [`Charges::id`].
    ids: Vec<u64>,
    /// The dimensions they keep.
    pub by: Vec<DimensionId>,
    /// Sum of all lines, in minor units.
    pub total: i128,
    /// Exact total minus rounded total: at most half a minor unit.
    pub rounding: Amount,
    /// Largest differences: a business unit's, a pool's, a service's, a kind of spend's.
    pub differences: [(&'static str, Difference); 4],
    /// The same lines in the reporting currency, where there is one.
    pub reporting: Option<Reporting>,
}

/// The charge lines in a second currency: exchanged from their exact amounts and rounded on their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reporting {
    /// The reporting currency.
    pub currency: Currency,
    /// The amount of each line, in their order, in minor units.
    pub minor: Vec<i128>,
    /// Their sum before rounding.
    pub exact: Amount,
    /// Exact minus rounded total: at most half a minor unit.
    pub rounding: Amount,
}

impl Charges {
    /// The member of a line in a dimension; blank when the lines do not keep it.
    #[must_use]
    pub fn member(&self, line: &ChargeLine, dimension: DimensionId) -> MemberId {
        self.by.iter().position(|other| *other == dimension).map_or(BLANK, |at| line.members[at])
    }

    /// Whether lines keep a dimension: whether `charges.by` names it.
    #[must_use]
    pub fn keeps(&self, dimension: DimensionId) -> bool {
        self.by.contains(&dimension)
    }

    /// Lines that were allocated.
    pub fn allocated(&self) -> impl Iterator<Item = &ChargeLine> {
        self.lines.iter().filter(|line| line.kind.is_allocated())
    }

    /// Lines that were not.
    pub fn unallocated(&self) -> impl Iterator<Item = &ChargeLine> {
        self.lines.iter().filter(|line| !line.kind.is_allocated())
    }

    /// The line that an end is part of, as index into the lines; none where it comes to exactly 0.
    #[must_use]
    pub fn line_of(&self, end: &End<'_>) -> Option<usize> {
        let members: Vec<MemberId> = self.by.iter().map(|dimension| end.key[*dimension]).collect();
        let wanted = (end.kind, end.key[FOR_PERIOD], &members);
        self.lines.binary_search_by(|line| (line.kind, line.for_period, &line.members).cmp(&wanted)).ok()
    }

    /// The identity of a line, by its place: 16 hexadecimal digits, from its key columns and never from its amount.
    #[must_use]
    pub fn id(&self, at: usize) -> String {
        format!("{:016x}", self.ids[at])
    }
}

/// The first 8 bytes of the BLAKE3 of a line's key columns, the length before each.
fn identity(model: &Model, by: &[DimensionId], line: &ChargeLine) -> u64 {
    let for_period = model.dimensions[FOR_PERIOD].member_name(line.for_period);
    let mut key = Vec::with_capacity(256);
    let mut add = |part: &str| {
        key.extend_from_slice(&(part.len() as u64).to_le_bytes());
        key.extend_from_slice(part.as_bytes());
    };
    [model.period.name.as_str(), for_period, line.kind.word(), line.kind.reason()].into_iter().for_each(&mut add);
    for (dimension, member) in by.iter().zip(&line.members) {
        add(model.dimension_name(*dimension));
        add(model.dimensions[*dimension].member_name(*member));
    }
    let hash = blake3::hash(&key);
    hash.as_bytes().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// A closing balance, or the part of one that has a reason: what charge lines are sums of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End<'l> {
    /// Where the money is.
    pub key: &'l crate::classify::Key,
    /// What it is.
    pub kind: Kind,
    /// How much.
    pub amount: Amount,
}

/// All ends of a ledger: what is allocated first, in the order of members.
pub fn ends<'l>(model: &'l Model, ledger: &'l Ledger) -> impl Iterator<Item = End<'l>> {
    let complete = &model.book.head.complete;
    let allocated =
        ledger.closing.iter().filter(|(key, _)| complete.iter().all(|dimension| !key[*dimension].is_blank()));
    let allocated = allocated.map(|(key, amount)| {
        let kind = Kind::of(model.dimensions[KIND].member_name(key[KIND]));
        End { key, kind, amount: *amount }
    });
    let left = ledger.left.iter();
    allocated.chain(left.map(|left| End { key: &left.key, kind: Kind::Unallocated(left.reason), amount: left.amount }))
}

/// A row of the rounding table: units by number, then everything unallocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RowOf {
    Unit(MemberId),
    Unallocated,
}

/// Rounds the closing balances of a ledger.
///
/// # Errors
/// [`controlled::Overflow`] when a total does not fit, which the limit on money that is read rules out.
pub fn round(model: &Model, ledger: &Ledger) -> Result<Charges, controlled::Overflow> {
    let head = &model.book.head;
    let (by, lines) = (head.charges_by.clone(), exact_lines(model, ledger));
    let ids = lines.par_iter().map(|line| identity(model, &by, line)).collect();
    let mut charges =
        Charges { lines, ids, by, total: 0, rounding: Amount::ZERO, differences: Default::default(), reporting: None };
    round_lines(&mut charges, &head.currency)?;
    let exact: Amount = charges.lines.iter().map(|line| line.exact).sum();
    charges.rounding = exact - head.currency.amount(charges.total);
    charges.differences =
        [("business unit", BUSINESS_UNIT), ("pool", POOL), ("service", SERVICE), ("kind of spend", SPEND)]
            .map(|(what, dimension)| (what, largest_difference(model, &charges, dimension)));
    if let Some((currency, found)) = model.fx.as_ref().and_then(|rates| rates.reporting.as_ref()) {
        charges.reporting = Some(report_in(&charges, currency, found.rate)?);
    }
    Ok(charges)
}

/// The lines in a second currency. What is exchanged is the exact amount of each line, so no total in one currency is
/// converted from a rounded one in another.
fn report_in(charges: &Charges, currency: &Currency, rate: Fraction) -> Result<Reporting, controlled::Overflow> {
    let mut other = charges.clone();
    for line in &mut other.lines {
        line.exact = apply(line.exact, rate).ok_or(controlled::Overflow)?;
    }
    let sizes = other.lines.iter().map(|line| line.exact.abs());
    let size = sizes.into_iter().try_fold(Amount::ZERO, Amount::checked_add);
    if size.is_none_or(|size| size > MONEY_MAX) {
        return Err(controlled::Overflow);
    }
    round_lines(&mut other, currency)?;
    let exact: Amount = other.lines.iter().map(|line| line.exact).sum();
    let minor = other.lines.iter().map(|line| line.minor).collect();
    Ok(Reporting { currency: currency.clone(), minor, exact, rounding: exact - currency.amount(other.total) })
}

/// The charge lines before they are rounded: their minor units are 0.
#[must_use]
pub fn exact_lines(model: &Model, ledger: &Ledger) -> Vec<ChargeLine> {
    let head = &model.book.head;
    let by = &head.charges_by;
    let mut exact: BTreeMap<(Kind, MemberId, Vec<MemberId>), Amount> = BTreeMap::new();
    for end in ends(model, ledger) {
        let members = by.iter().map(|dimension| end.key[*dimension]).collect();
        *exact.entry((end.kind, end.key[FOR_PERIOD], members)).or_default() += end.amount;
    }
    exact
        .into_iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|((kind, for_period, members), exact)| ChargeLine { kind, for_period, members, minor: 0, exact })
        .collect()
}

fn round_lines(charges: &mut Charges, currency: &Currency) -> Result<(), controlled::Overflow> {
    let mut cells: BTreeMap<(RowOf, MemberId), Vec<usize>> = BTreeMap::new();
    for (at, line) in charges.lines.iter().enumerate() {
        let row = match line.kind {
            Kind::Unallocated(_) => RowOf::Unallocated,
            _ => RowOf::Unit(charges.member(line, BUSINESS_UNIT)),
        };
        cells.entry((row, charges.member(line, POOL))).or_default().push(at);
    }
    let number = |values: Vec<RowOf>| -> BTreeMap<RowOf, usize> { values.into_iter().zip(0..).collect() };
    let mut rows: Vec<RowOf> = cells.keys().map(|(row, _)| *row).collect();
    rows.dedup();
    let rows = number(rows);
    let mut pools: Vec<MemberId> = cells.keys().map(|(_, pool)| *pool).collect();
    pools.sort_unstable();
    pools.dedup();
    let entries: Vec<controlled::Entry> = cells
        .iter()
        .map(|((row, pool), lines)| controlled::Entry {
            row: rows[row],
            column: pools.partition_point(|other| other < pool),
            amount: lines.iter().map(|at| charges.lines[*at].exact.atoms()).sum(),
        })
        .collect();
    let unit = currency.minor_unit();
    let rounded = controlled::round_table(rows.len(), pools.len(), &entries, unit)?;
    charges.total = rounded.total;
    let mut owed = Owed::default();
    for (lines, minor) in cells.values().zip(&rounded.entries) {
        share_entry(charges, lines, *minor, unit, &mut owed);
    }
    Ok(())
}

/// What members of the carried dimensions have lost to rounding so far, in atoms.
#[derive(Default)]
struct Owed(BTreeMap<(DimensionId, MemberId), i128>);

/// Dimensions whose remainders are carried from entry to entry.
const CARRIED: [DimensionId; 2] = [SERVICE, SPEND];

impl Owed {
    fn to(&self, charges: &Charges, line: &ChargeLine) -> i128 {
        let owed = |dimension| self.0.get(&(dimension, charges.member(line, dimension))).copied().unwrap_or_default();
        CARRIED.into_iter().map(owed).sum()
    }

    fn add(&mut self, charges: &Charges, line: &ChargeLine, atoms: i128) {
        for dimension in CARRIED {
            *self.0.entry((dimension, charges.member(line, dimension))).or_default() += atoms;
        }
    }
}

/// Lines of one entry: each gets its amount rounded down, the units that are left go to the largest remainders
/// with what the line's service and spend are owed from earlier entries added. A line that is whole gets none.
fn share_entry(charges: &mut Charges, lines: &[usize], minor: i128, unit: i128, owed: &mut Owed) {
    let mut left = minor;
    let mut candidates = Vec::new();
    for at in lines {
        let line = &charges.lines[*at];
        let floor = line.exact.atoms().div_euclid(unit);
        let remainder = line.exact.atoms().rem_euclid(unit);
        if remainder > 0 {
            candidates.push((remainder + owed.to(charges, line), remainder, *at));
        }
        left -= floor;
        charges.lines[*at].minor = floor;
    }
    candidates.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(&b.2)));
    for (rank, (_, remainder, at)) in candidates.into_iter().enumerate() {
        let is_up = i128::try_from(rank).is_ok_and(|rank| rank < left);
        charges.lines[at].minor += i128::from(is_up);
        owed.add(charges, &charges.lines[at], if is_up { remainder - unit } else { remainder });
    }
}

fn largest_difference(model: &Model, charges: &Charges, dimension: DimensionId) -> Difference {
    let currency = &model.book.head.currency;
    let mut sums: BTreeMap<MemberId, Amount> = BTreeMap::new();
    for line in charges.allocated() {
        *sums.entry(charges.member(line, dimension)).or_default() += currency.amount(line.minor) - line.exact;
    }
    let largest = sums.into_iter().max_by(|a, b| a.1.abs().cmp(&b.1.abs()).then(b.0.cmp(&a.0)));
    largest.map_or_else(Difference::default, |(member, amount)| Difference {
        name: model.dimensions[dimension].member_name(member).to_owned(),
        amount,
    })
}
