//! Runs that never were: some parts A's, the others B's.

use std::collections::BTreeMap;

use super::{Cause, Crossed, Side};
use crate::allocation;
use crate::classify::{Key, Opening, OpeningBalance, seal};
use crate::dimension::{BLANK, MemberId};
use crate::driver::Driver;
use crate::finding::{Findings, clean};
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

/// Where money entered, by the names that members are found by, in the order of the dimensions; not to be shown. The own
/// period of a run is blank.
type Names = Box<[String]>;

/// The money of one side at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Worth {
    /// Hours that a rate made money of.
    hours: Option<Amount>,
    /// What was exchanged, where all of it came in one other currency.
    foreign: Option<(String, Amount)>,
    amount: Amount,
}

impl Worth {
    fn of(balance: &OpeningBalance) -> Worth {
        let foreign = balance.origin.as_ref().map(|origin| (origin.currency.clone(), origin.amount));
        Worth { hours: balance.hours, foreign, amount: balance.amount }
    }

    fn add(&mut self, other: Worth) {
        self.amount += other.amount;
        self.hours = self.hours.zip(other.hours).map(|(sum, hours)| sum + hours);
        self.foreign = match (self.foreign.take(), other.foreign) {
            (Some((currency, sum)), Some((other, amount))) if currency == other => Some((currency, sum + amount)),
            _ => None,
        };
    }

    /// The money before it was exchanged.
    fn received(&self) -> Amount {
        self.foreign.as_ref().map_or(self.amount, |(_, amount)| *amount)
    }
}

/// The money of both sides at one place.
type Pair = [Option<Worth>; 2];

/// The parts of two runs, ready to be put together in any way.
pub(super) struct Mixer<'s, 'r> {
    sides: [&'s Side<'r>; 2],
    /// For the rules of each side, the exports of both; or why they cannot be read by these rules.
    exports: [Result<BTreeMap<Names, Pair>, &'r str>; 2],
}

/// Whether a side's part is wanted: A's or B's.
fn is_b(mask: u8, cause: Cause) -> usize {
    usize::from(mask >> cause as u8 & 1)
}

impl<'s, 'r> Mixer<'s, 'r> {
    pub(super) fn new(a: &'s Side<'r>, b: &'s Side<'r>) -> Mixer<'s, 'r> {
        let sides = [a, b];
        let exports = [0, 1].map(|rules| {
            let own = Exports { model: sides[rules].model, opening: sides[rules].opening };
            let other = match sides[rules].crossed {
                Crossed::Same => {
                    let other = sides[1 - rules];
                    Exports { model: other.model, opening: other.opening }
                }
                Crossed::Read(exports) => exports,
                Crossed::Impossible(why) => return Err(why),
            };
            let mut pairs: BTreeMap<Names, Pair> = BTreeMap::new();
            for (side, exports) in [(rules, own), (1 - rules, other)] {
                for balance in &exports.opening.balances {
                    let pair = pairs.entry(names(exports.model, &balance.key)).or_default();
                    match &mut pair[side] {
                        Some(worth) => worth.add(Worth::of(balance)),
                        none => *none = Some(Worth::of(balance)),
                    }
                }
            }
            Ok(pairs)
        });
        Mixer { sides, exports }
    }

    /// Whether the two sides differ in what a cause stands for.
    pub(super) fn differs(&self, cause: Cause) -> bool {
        let pairs = || self.exports.iter().flatten().flatten();
        let of_pairs =
            |cause: Cause| pairs().any(|(names, pair)| pair[0] != pair[1] && is_b(causes_of(names, pair), cause) == 1);
        match cause {
            Cause::Rules => {
                let [a, b] = self.sides.map(|side| side.model);
                a.period != b.period || !matches!(self.sides[0].crossed, Crossed::Same)
            }
            Cause::Mix => self.drivers_differ(false),
            Cause::Quantity => self.drivers_differ(true) || of_pairs(cause),
            _ => of_pairs(cause),
        }
    }

    fn drivers_differ(&self, priced: bool) -> bool {
        let [a, b] = self.sides.map(|side| side.model);
        a.drivers.iter().any(|driver| {
            let other = b.drivers.iter().find(|other| other.name == driver.name);
            is_priced(a, driver) == priced
                && other.is_some_and(|other| driver.by_names(&a.dimensions) != other.by_names(&b.dimensions))
        })
    }

    /// What the run would have been with B's part for each cause in `mask` and A's for the others: the model, and charge
    /// lines that are not rounded.
    ///
    /// # Errors
    /// Why there is no such run, in words: a name is unknown, or the allocation is refused.
    pub(super) fn outcome(&self, mask: u8) -> Result<(Model, Vec<ChargeLine>), String> {
        let rules = is_b(mask, Cause::Rules);
        let mut model = self.sides[rules].model.clone();
        let own_period = model.period.name.clone();
        let mut opening = Opening::default();
        let exports = self.exports[rules].as_ref().map_err(|why| (*why).to_owned())?;
        for (names, pair) in exports {
            let amount = amount(names, pair, mask).ok_or("an amount is beyond what the program can hold")?;
            if amount.is_zero() {
                continue;
            }
            let mut key: Key = vec![BLANK; model.dimensions.len()].into();
            for (at, (dimension, name)) in model.dimensions.iter_mut().zip(names).enumerate() {
                let name = if at == FOR_PERIOD && name.is_empty() { &own_period } else { name };
                if !name.is_empty() {
                    key[at] = dimension.find_or_add(name).ok_or_else(|| {
                        format!("`{}` is not a member of {}", clean(dimension.shown(name)), dimension.name)
                    })?;
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
            let other = self.sides[side].model;
            if let Some(driver) = other.drivers.iter().find(|driver| driver.name == model.drivers[at].name) {
                model.drivers[at] = driver
                    .moved(&other.dimensions, &mut model.dimensions)
                    .ok_or_else(|| format!("the rules do not know all members that driver `{}` names", driver.name))?;
            }
        }
        seal(&mut model, &mut opening);
        let mut findings = Findings::new();
        let ledger: Ledger = allocation::allocate(&model, &opening, &mut findings).map_err(|fault| match fault {
            allocation::Fault::Imbalance(imbalance) => imbalance.to_string(),
            allocation::Fault::Refused => findings.first_error().unwrap_or_default().to_owned(),
        })?;
        let lines = rounding::exact_lines(&model, &ledger);
        Ok((model, lines))
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
        let name = model.dimensions[at].found_by(member);
        if at == FOR_PERIOD && name == own { String::new() } else { name.to_owned() }
    };
    key.iter().copied().enumerate().map(name).collect()
}

/// The causes that can move the money of a place, one bit each.
fn causes_of(names: &Names, pair: &Pair) -> u8 {
    let [Some(a), Some(b)] = pair else {
        return bit(if names[FOR_PERIOD].is_empty() { Cause::NewAndEnded } else { Cause::Restated });
    };
    if !names[FOR_PERIOD].is_empty() {
        return bit(Cause::Restated);
    }
    let of_hours = match (a.hours, b.hours) {
        (Some(a), Some(b)) if !a.is_zero() && !b.is_zero() => bit(Cause::Quantity) | bit(Cause::Rate),
        _ => bit(Cause::Cost),
    };
    match (&a.foreign, &b.foreign) {
        (Some((one, a)), Some((other, b))) if one == other && !a.is_zero() && !b.is_zero() => {
            of_hours | bit(Cause::Exchange)
        }
        _ => of_hours,
    }
}

fn bit(cause: Cause) -> u8 {
    1 << cause as u8
}

/// The money of a place with B's part for each cause in `mask`. `None` when it is beyond what the program can hold.
fn amount(names: &Names, pair: &Pair, mask: u8) -> Option<Amount> {
    let causes = causes_of(names, pair);
    let [Some(a), Some(b)] = pair else {
        let cause = if causes == bit(Cause::Restated) { Cause::Restated } else { Cause::NewAndEnded };
        return Some(pair[is_b(mask, cause)].as_ref().map_or(Amount::ZERO, |worth| worth.amount));
    };
    let sides = [a, b];
    let wanted = causes & mask;
    // All of one side is that side's money, to the last digit.
    if wanted == 0 || wanted == causes {
        return Some(sides[usize::from(wanted != 0)].amount);
    }
    let is_exchanged = causes & bit(Cause::Exchange) != 0;
    let received = |side: usize| if is_exchanged { sides[side].received() } else { sides[side].amount };
    // What was received: of one side, or B's hours at A's rate, or A's hours at B's.
    let (side, received_here) = match [is_b(mask, Cause::Quantity), is_b(mask, Cause::Rate)] {
        _ if causes & bit(Cause::Quantity) == 0 => (is_b(mask, Cause::Cost), received(is_b(mask, Cause::Cost))),
        [hours, rate] if hours == rate => (hours, received(hours)),
        [hours, rate] => (rate, apply(received(rate), ratio(sides[hours].hours?, sides[rate].hours?)?)?),
    };
    if !is_exchanged {
        return Some(received_here);
    }
    let exchange = is_b(mask, Cause::Exchange);
    if side == exchange && received_here == received(side) {
        return Some(sides[side].amount);
    }
    apply(received_here, ratio(sides[exchange].amount, received(exchange))?)
}

fn ratio(numerator: Amount, denominator: Amount) -> Option<Fraction> {
    let sign = denominator.atoms().signum();
    Fraction::new(sign * numerator.atoms(), sign * denominator.atoms())
}
