//! Runs that never were: some parts A's, the others B's.

use std::collections::BTreeMap;

use super::{Cause, Crossed, Side};
use crate::allocation;
use crate::classify::{Key, Opening, OpeningBalance, seal};
use crate::dimension::{BLANK, MemberId};
use crate::driver::Driver;
use crate::finding::Findings;
use crate::ledger::Ledger;
use crate::model::Model;
use crate::money::{Amount, Fraction, apply};
use crate::rounding::{self, ChargeLine};
use crate::rulebook::{By, FOR_PERIOD, SOURCE};

/// Exports that were read and classified: the model they were classified by, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Exports<'r> {
    /// Names of the members.
    pub model: &'r Model,
    /// The money as it entered.
    pub opening: &'r Opening,
}

/// Where money entered, by names in the order of the dimensions. The own period of a run is blank.
type Names = Box<[String]>;

/// The money of one side at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Worth {
    /// Hours that a rate made money of.
    hours: Option<Amount>,
    amount: Amount,
}

/// The money of both sides at one place.
type Pair = [Option<Worth>; 2];

/// The parts of two runs, ready to be put together in any way.
pub(super) struct Mixer<'s, 'r> {
    sides: [&'s Side<'r>; 2],
    /// For the rules of each side, the exports of both; `None` when they cannot be read by these rules.
    exports: [Option<BTreeMap<Names, Pair>>; 2],
}

/// Whether a side's part is wanted: A's or B's.
fn is_b(mask: u8, cause: Cause) -> usize {
    usize::from(mask >> cause as u8 & 1)
}

impl<'s, 'r> Mixer<'s, 'r> {
    pub(super) fn new(a: &'s Side<'r>, b: &'s Side<'r>) -> Mixer<'s, 'r> {
        let sides = [a, b];
        let exports = [0, 1].map(|rules| {
            let own = Exports { model: sides[rules].run.model, opening: sides[rules].run.opening };
            let other = match sides[rules].crossed {
                Crossed::Same => {
                    let run = &sides[1 - rules].run;
                    Exports { model: run.model, opening: run.opening }
                }
                Crossed::Read(exports) => exports,
                Crossed::Impossible => return None,
            };
            let mut pairs: BTreeMap<Names, Pair> = BTreeMap::new();
            for (side, exports) in [(rules, own), (1 - rules, other)] {
                for balance in &exports.opening.balances {
                    let worth = pairs.entry(names(exports.model, &balance.key)).or_default()[side]
                        .get_or_insert(Worth { hours: Some(Amount::ZERO), amount: Amount::ZERO });
                    worth.amount += balance.amount;
                    worth.hours = worth.hours.zip(balance.hours).map(|(sum, hours)| sum + hours);
                }
            }
            Some(pairs)
        });
        Mixer { sides, exports }
    }

    /// Whether the two sides differ in what a cause stands for.
    pub(super) fn differs(&self, cause: Cause) -> bool {
        let pairs = || self.exports.iter().flatten().flatten();
        let of_pairs = |class: Cause| pairs().any(|(names, pair)| pair[0] != pair[1] && cause_of(names, pair) == class);
        match cause {
            Cause::Rules => {
                let [a, b] = self.sides.map(|side| side.run.model);
                a.period != b.period || !matches!(self.sides[0].crossed, Crossed::Same)
            }
            Cause::Mix => self.drivers_differ(false),
            Cause::Quantity => self.drivers_differ(true) || of_pairs(Cause::Quantity),
            Cause::Rate => of_pairs(Cause::Quantity),
            Cause::Restated | Cause::NewAndEnded | Cause::Cost => of_pairs(cause),
        }
    }

    fn drivers_differ(&self, priced: bool) -> bool {
        let [a, b] = self.sides.map(|side| side.run.model);
        a.drivers.iter().any(|driver| {
            let other = b.drivers.iter().find(|other| other.name == driver.name);
            is_priced(a, driver) == priced
                && other.is_some_and(|other| driver.by_names(&a.dimensions) != other.by_names(&b.dimensions))
        })
    }

    /// What the run would have been with B's part for each cause in `mask` and A's for the others: the model, and charge
    /// lines that are not rounded. `None` when there is no such run: a name is unknown, or the allocation is refused.
    pub(super) fn outcome(&self, mask: u8) -> Option<(Model, Vec<ChargeLine>)> {
        let rules = is_b(mask, Cause::Rules);
        let mut model = self.sides[rules].run.model.clone();
        let own_period = model.period.name.clone();
        let mut opening = Opening::default();
        for (names, pair) in self.exports[rules].as_ref()? {
            let amount = amount(names, pair, mask)?;
            if amount.is_zero() {
                continue;
            }
            let mut key: Key = vec![BLANK; model.dimensions.len()].into();
            for (at, (dimension, name)) in model.dimensions.iter_mut().zip(names).enumerate() {
                let name = if at == FOR_PERIOD && name.is_empty() { &own_period } else { name };
                if !name.is_empty() {
                    key[at] = dimension.find_or_add(name)?;
                }
            }
            let source = model.book.source(model.dimensions[SOURCE].member_name(key[SOURCE])).unwrap_or_default();
            opening.balances.push(OpeningBalance {
                key,
                source,
                file: String::new(),
                lines: 0,
                hours: None,
                amount,
                origin: None,
                groups: Vec::new(),
            });
        }
        for at in 0..model.drivers.len() {
            let part = if is_priced(&model, &model.drivers[at]) { Cause::Quantity } else { Cause::Mix };
            let side = is_b(mask, part);
            if side == rules {
                continue;
            }
            let other = self.sides[side].run.model;
            if let Some(driver) = other.drivers.iter().find(|driver| driver.name == model.drivers[at].name) {
                model.drivers[at] = driver.moved(&other.dimensions, &mut model.dimensions)?;
            }
        }
        seal(&mut model, &mut opening);
        let ledger: Ledger = allocation::allocate(&model, &opening, &mut Findings::new()).ok()?;
        let lines = rounding::exact_lines(&model, &ledger);
        Some((model, lines))
    }
}

/// Whether a rule makes bills of the driver's quantities.
fn is_priced(model: &Model, driver: &Driver) -> bool {
    model
        .book
        .allocate
        .iter()
        .any(|rule| matches!(&rule.by, By::Price { quantity, .. } if quantity.name == driver.name))
}

fn names(model: &Model, key: &Key) -> Names {
    let own = &model.period.name;
    let name = |(at, member): (usize, MemberId)| {
        let name = model.dimensions[at].member_name(member);
        if at == FOR_PERIOD && name == own { String::new() } else { name.to_owned() }
    };
    key.iter().copied().enumerate().map(name).collect()
}

/// What moves the money of a place: [`Cause::Quantity`] stands for quantity and rate.
fn cause_of(names: &Names, pair: &Pair) -> Cause {
    match pair {
        _ if !names[FOR_PERIOD].is_empty() => Cause::Restated,
        [Some(a), Some(b)] => match (a.hours, b.hours) {
            (Some(a), Some(b)) if !a.is_zero() && !b.is_zero() => Cause::Quantity,
            _ => Cause::Cost,
        },
        _ => Cause::NewAndEnded,
    }
}

/// The money of a place with B's part for each cause in `mask`. `None` when it is beyond what the program can hold.
fn amount(names: &Names, pair: &Pair, mask: u8) -> Option<Amount> {
    let cause = cause_of(names, pair);
    if cause != Cause::Quantity {
        return Some(pair[is_b(mask, cause)].map_or(Amount::ZERO, |worth| worth.amount));
    }
    let [Some(a), Some(b)] = *pair else { return Some(Amount::ZERO) };
    match [is_b(mask, Cause::Quantity), is_b(mask, Cause::Rate)] {
        [0, 0] => Some(a.amount),
        [1, 1] => Some(b.amount),
        // B's hours at A's rate, and A's hours at B's.
        [1, _] => apply(a.amount, ratio(b.hours?, a.hours?)?),
        [_, _] => apply(b.amount, ratio(a.hours?, b.hours?)?),
    }
}

fn ratio(numerator: Amount, denominator: Amount) -> Option<Fraction> {
    let sign = denominator.atoms().signum();
    Fraction::new(sign * numerator.atoms(), sign * denominator.atoms())
}
