//! Comparison of two runs: the movement of each business unit and service, split into causes.
//!
//! A run follows from three things: what the exports say, what the drivers say, and the rules. A cause is a part of them. Its
//! effect is the mean of what happens when B's parts replace A's one after another, in the order of [`Cause`] and in the
//! reverse order. So the effects add up to the movement, and from B to A each is the same with the other sign.

mod mixed;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::classify::Opening;
use crate::model::Model;
use crate::money::{Amount, Currency, Fraction, apply};
use crate::rounding::{ChargeLine, Charges};
use crate::rulebook::{BUSINESS_UNIT, DimensionId, SERVICE};
use mixed::Mixer;

/// Why a figure moved. The order is the one in which B's parts replace A's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Cause {
    /// Money that belongs to other periods and was booked in one of the two.
    Restated,
    /// Cost that was there in one of the two only: by its source, pool, and whatever else the rules set.
    NewAndEnded,
    /// More or fewer hours at a rate, more or fewer units at a price.
    Quantity,
    /// The rate of the hours.
    Rate,
    /// The rate at which money of another currency was exchanged.
    Exchange,
    /// Cost that was there in both and has no quantity.
    Cost,
    /// Who used how much: the drivers that costs are split by.
    Mix,
    /// Rules, prices in them, and members, as they stand in the period.
    Rules,
}

impl Cause {
    /// All causes, in order.
    pub const ALL: [Cause; 8] = [
        Cause::Restated,
        Cause::NewAndEnded,
        Cause::Quantity,
        Cause::Rate,
        Cause::Exchange,
        Cause::Cost,
        Cause::Mix,
        Cause::Rules,
    ];

    /// The words people read.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Cause::Restated => "restated",
            Cause::NewAndEnded => "new and ended",
            Cause::Quantity => "quantity",
            Cause::Rate => "rate",
            Cause::Exchange => "exchange",
            Cause::Cost => "cost",
            Cause::Mix => "mix",
            Cause::Rules => "rules",
        }
    }

    /// What it is, in a few words for who pays.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Cause::Restated => "booked late, for other periods",
            Cause::NewAndEnded => "cost that was there in one of the two only",
            Cause::Quantity => "more or fewer hours, or units at a price",
            Cause::Rate => "what an hour costs",
            Cause::Exchange => "exchange rates of other currencies",
            Cause::Cost => "what the same things cost",
            Cause::Mix => "who used how much of what is shared",
            Cause::Rules => "rules, prices, contracts and members",
        }
    }
}

/// One of the two runs: what of it is compared.
#[derive(Clone, Debug)]
pub struct Side<'r> {
    /// What people call it: `2026-09`.
    pub label: String,
    /// The model of its period.
    pub model: &'r Model,
    /// Its money as it entered.
    pub opening: &'r Opening,
    /// Its charge lines.
    pub charges: &'r Charges,
    /// The other side's exports, by this side's rules.
    pub crossed: Crossed<'r>,
}

/// What the exports of the other side are by the rules of this one.
#[derive(Clone, Copy, Debug)]
pub enum Crossed<'r> {
    /// Both sides have the same rules, so it is what the other side says.
    Same,
    /// Read and classified by this side's rules.
    Read(mixed::Exports<'r>),
    /// They cannot be read by these rules; why not, in words.
    Impossible(&'r str),
}

pub use mixed::Exports;

/// The movement from A to B.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What the two are called.
    pub labels: [String; 2],
    /// Currency of all figures.
    pub currency: Currency,
    /// What each column of effects is. Causes that cannot be told apart stand together.
    pub causes: Vec<String>,
    /// Which causes stand together, and why.
    pub joined: Vec<Joined>,
    /// Every business unit and service, by name.
    pub rows: Vec<Moved>,
}

/// Causes that are shown as one, because a state between them cannot be calculated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The causes.
    pub causes: Vec<Cause>,
    /// The states that cannot be calculated, and what refuses them, in words.
    pub why: String,
}

/// Where money stands at the end: with a business unit and for a service, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stand {
    /// Whether it is charged.
    pub is_charged: bool,
    /// The business unit that pays; blank where it is not charged, whatever unit it may already have.
    pub unit: String,
    /// The service; blank where there is none.
    pub service: String,
}

/// The movement of a business unit and a service, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Who pays, and for what.
    pub stand: Stand,
    /// Its charge lines in A.
    pub before: i128,
    /// Its charge lines in B.
    pub after: i128,
    /// The effect of each cause.
    pub effects: Vec<i128>,
    /// What rounding adds, so that the row adds up.
    pub rounding: i128,
}

/// Exact amounts by where they stand.
type Amounts = BTreeMap<Stand, Amount>;

/// What a run between the two comes to, or why there is none.
type Between = Result<Amounts, String>;

/// The one cause of what cannot be calculated again.
pub const NOT_RECALCULATED: &str = "not recalculated";

/// Why there are effects where nothing is charged before or after.
pub const CANCELLED: &str = "Where nothing is charged before and after, the effects cancel out: with the costs or the rules of only one of the two, something would be.";

impl Comparison {
    /// Compares two runs that were calculated.
    #[must_use]
    pub fn of(a: &Side<'_>, b: &Side<'_>) -> Comparison {
        let mixer = Mixer::new(a, b);
        let causes: Vec<Cause> = Cause::ALL.into_iter().filter(|cause| mixer.differs(*cause)).collect();
        let count = causes.len();
        let of = |causes: &[Cause]| causes.iter().fold(0_u8, |mask, cause| mask | 1 << *cause as u8);
        // Forward, the first causes are B's; backward, the last.
        let masks: Vec<(u8, u8)> = (0..=count).map(|at| (of(&causes[..at]), of(&causes[at..]))).collect();
        let wanted: BTreeSet<u8> = masks.iter().flat_map(|(forward, backward)| [*forward, *backward]).collect();
        let all = of(&causes);
        let outcomes: BTreeMap<u8, Between> = wanted
            .into_par_iter()
            .map(|mask| {
                let outcome = match mask {
                    0 => Ok(by_stand(a.model, &a.charges.lines)),
                    mask if mask == all => Ok(by_stand(b.model, &b.charges.lines)),
                    mask => mixer.outcome(mask).map(|(model, lines)| by_stand(&model, &lines)),
                };
                (mask, outcome)
            })
            .collect();
        let known = |at: usize| {
            let (forward, backward) = masks[at];
            Some((outcomes[&forward].as_ref().ok()?, outcomes[&backward].as_ref().ok()?))
        };
        let labels = [a.label.clone(), b.label.clone()];
        let mut columns = Vec::new();
        let mut joined = Vec::new();
        let mut effects: Vec<BTreeMap<Stand, i128>> = Vec::new();
        let mut since = 0;
        for at in 1..=count {
            // Where the step between two causes cannot be calculated, they go together.
            let (Some((forward, backward)), Some((forward_before, backward_before))) = (known(at), known(since)) else {
                continue;
            };
            columns.push(together(&causes[since..at]));
            if at - since > 1 {
                let between = masks[since + 1..at].iter().flat_map(|(forward, backward)| [*forward, *backward]);
                let why = refused(between, &causes, &outcomes, &labels);
                joined.push(Joined { causes: causes[since..at].to_vec(), why });
            }
            let mut twice: BTreeMap<Stand, i128> = BTreeMap::new();
            for (amounts, sign) in [(forward, 1), (forward_before, -1), (backward_before, 1), (backward, -1)] {
                for (stand, amount) in amounts {
                    *twice.entry(stand.clone()).or_default() += sign * amount.atoms();
                }
            }
            effects.push(twice);
            since = at;
        }
        let (before, after) = (minor_by_stand(a.model, a.charges), minor_by_stand(b.model, b.charges));
        let comparison = rounded(labels, &a.model.book.head.currency, columns, &effects, &before, &after);
        let has_moved = comparison.has_moved();
        Comparison { joined: if has_moved { joined } else { Vec::new() }, ..comparison }
    }

    /// The movement of what some business units are charged, by their names.
    #[must_use]
    pub fn of_units(&self, is_wanted: impl Fn(&str) -> bool) -> Comparison {
        let is_wanted = |row: &&Moved| row.stand.is_charged && is_wanted(&row.stand.unit);
        Comparison { rows: self.rows.iter().filter(is_wanted).cloned().collect(), ..self.clone_head() }
    }

    /// The movement of what is charged: all but what nobody was found to pay.
    #[must_use]
    pub fn charged(&self) -> Comparison {
        self.of_units(|_| true)
    }

    /// All but the rows.
    fn clone_head(&self) -> Comparison {
        Comparison {
            labels: self.labels.clone(),
            currency: self.currency.clone(),
            causes: self.causes.clone(),
            joined: self.joined.clone(),
            rows: Vec::new(),
        }
    }

    /// Compares two runs of which only the published charge lines are known, in minor units by business unit and service.
    #[must_use]
    pub fn of_published(
        labels: [String; 2],
        currency: &Currency,
        before: &BTreeMap<Stand, i128>,
        after: &BTreeMap<Stand, i128>,
    ) -> Comparison {
        let mut twice: BTreeMap<Stand, i128> = BTreeMap::new();
        for (amounts, sign) in [(after, 2), (before, -2)] {
            for (stand, minor) in amounts {
                *twice.entry(stand.clone()).or_default() += sign * currency.amount(*minor).atoms();
            }
        }
        rounded(labels, currency, vec![NOT_RECALCULATED.to_owned()], &[twice], before, after)
    }
}

impl Comparison {
    /// Whether anything moved, or would have if its causes had not cancelled out.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.rows.iter().any(|row| row.before != row.after || row.effects.iter().any(|effect| *effect != 0))
    }
}

/// Charge lines in minor units, by business unit and service.
#[must_use]
pub fn minor_by_stand(model: &Model, charges: &Charges) -> BTreeMap<Stand, i128> {
    let mut sums = BTreeMap::new();
    for line in &charges.lines {
        *sums.entry(stand_of(model, &charges.by, line)).or_default() += line.minor;
    }
    sums
}

fn by_stand(model: &Model, lines: &[ChargeLine]) -> Amounts {
    let mut sums = Amounts::new();
    for line in lines {
        *sums.entry(stand_of(model, &model.book.head.charges_by, line)).or_default() += line.exact;
    }
    sums
}

fn stand_of(model: &Model, by: &[DimensionId], line: &ChargeLine) -> Stand {
    let name = |wanted: DimensionId| {
        let at = by.iter().position(|dimension| *dimension == wanted);
        at.map_or_else(String::new, |at| model.dimensions[wanted].member_name(line.members[at]).to_owned())
    };
    let is_charged = line.kind.is_allocated();
    let unit = if is_charged { name(BUSINESS_UNIT) } else { String::new() };
    Stand { is_charged, unit, service: name(SERVICE) }
}

/// Different reasons for which states cannot be calculated that are told.
const WHYS_SHOWN: usize = 3;

/// The states among `masks` that cannot be calculated, with what refuses each: `2026-10 in quantity and else 2026-09: …`.
fn refused(
    masks: impl Iterator<Item = u8>,
    causes: &[Cause],
    outcomes: &BTreeMap<u8, Between>,
    [a, b]: &[String; 2],
) -> String {
    let masks: BTreeSet<u8> = masks.collect();
    let mut by_why: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for mask in masks {
        let Err(why) = &outcomes[&mask] else { continue };
        let of_b: Vec<Cause> = causes.iter().copied().filter(|cause| mask >> *cause as u8 & 1 == 1).collect();
        by_why.entry(why).or_default().push(format!("{b} in {} and {a} in all else", quoted(&of_b)));
    }
    let told = by_why.into_iter().take(WHYS_SHOWN).map(|(why, states)| match states.as_slice() {
        [] => why.to_owned(),
        [state] => format!("{state}: {why}"),
        [state, others @ ..] => format!("{state}, and {} more: {why}", others.len()),
    });
    told.collect::<Vec<_>>().join("; ")
}

/// The causes for a sentence, each in quotes, as some are called by several words.
#[must_use]
pub fn quoted(causes: &[Cause]) -> String {
    let quoted: Vec<String> = causes.iter().map(|cause| format!("`{}`", cause.words())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// `mix`, or `mix and rules`.
fn together(causes: &[Cause]) -> String {
    causes.iter().map(|cause| cause.words()).collect::<Vec<_>>().join(" and ")
}

/// Rounds effects to minor units. The sums from the first row down are rounded, and each row gets its step, so that totals
/// are off by no more than half a unit; both roundings treat signs alike.
fn rounded(
    labels: [String; 2],
    currency: &Currency,
    causes: Vec<String>,
    effects: &[BTreeMap<Stand, i128>],
    before: &BTreeMap<Stand, i128>,
    after: &BTreeMap<Stand, i128>,
) -> Comparison {
    let stands: BTreeSet<&Stand> =
        effects.iter().flat_map(BTreeMap::keys).chain(before.keys()).chain(after.keys()).collect();
    let half = |twice: i128| Fraction::new(1, 2).and_then(|half| apply(Amount::from_atoms(twice), half));
    let mut so_far = vec![(0_i128, 0_i128); effects.len()];
    let rows = stands.into_iter().map(|stand| {
        let minor = |amounts: &BTreeMap<Stand, i128>| amounts.get(stand).copied().unwrap_or_default();
        let (before, after) = (minor(before), minor(after));
        let effects: Vec<i128> = effects
            .iter()
            .zip(&mut so_far)
            .map(|(effects, (twice, given))| {
                *twice += minor(effects);
                let step = currency.round(half(*twice).unwrap_or_default()) - *given;
                *given += step;
                step
            })
            .collect();
        let rounding = after - before - effects.iter().sum::<i128>();
        Moved { stand: stand.clone(), before, after, effects, rounding }
    });
    let rows = rows
        .filter(|row| *row != Moved { stand: row.stand.clone(), effects: vec![0; causes.len()], ..Moved::default() })
        .collect();
    Comparison { labels, currency: currency.clone(), causes, joined: Vec::new(), rows }
}
