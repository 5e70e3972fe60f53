//! Rules that make bills: stated amounts, prices, caps and floors, minimum and maximum.
//!
//! A bill is worked out on the total the rule takes (of each sender, if the driver is keyed by sender); then each
//! balance pays its part of every bill in proportion. What bills leave over, or exceed the cost by, goes to the
//! member the rule names; without one it stays, capped, and more than there is is refused.

use std::collections::BTreeMap;

use ethnum::I256;

use super::Books;
use super::weights::Weights;
use crate::classify::Key;
use crate::dimension::{BLANK, MemberId};
use crate::finding::{Finding, Named};
use crate::ledger::{Reason, Split, SplitTarget};
use crate::money::{Amount, Fraction, apply, sum_of_products};
use crate::rulebook::condition::Test;
use crate::rulebook::{AllocateRule, BalanceField, Bound, By, DimensionId, FOR_PERIOD, PriceOf, Tier};
use crate::shares;

/// Whether a rule works out bills, rather than dividing each balance on its own.
pub(super) fn makes_bills(rule: &AllocateRule) -> bool {
    matches!(rule.by, By::Amounts(_) | By::Price { .. }) || !rule.limits.is_empty()
}

/// Whether credits are so large beside the cost that parts in proportion to the rest have no meaning: more than
/// half of it.
fn is_mixed(taken: &[(Key, Amount)]) -> bool {
    let size: i128 = taken.iter().map(|(_, amount)| amount.abs().atoms()).sum();
    let net: i128 = taken.iter().map(|(_, amount)| amount.atoms()).sum();
    // With cost c and credits r, net = c − r and size = c + r: r > c / 2 is size > 3 net.
    size > 3 * net.abs()
}

/// A receiver with its bill.
struct Bill {
    target: SplitTarget,
    amount: Amount,
}

/// Balances of one sender.
type Taken = Vec<(Key, Amount)>;

impl Books<'_, '_> {
    pub(super) fn run_bills(&mut self, at: usize, mut taken: Taken) {
        let rule = &self.model.book.allocate[at];
        let is_keyed =
            |name: &Named| self.model.drivers.iter().any(|driver| driver.name == name.name && !driver.from.is_empty());
        let prices_all = matches!(&rule.by, By::Price { quantity, .. } if !is_keyed(quantity));
        if taken.is_empty() && prices_all && rule.recovery_to.is_some() {
            // A bill is never skipped: without cost, charge and recovery are booked as a pair.
            taken.push((self.key_named_by(rule), Amount::ZERO));
        }
        let weights = Weights::new(self.model, rule, &rule.by, &taken, &self.balances, self.findings);
        let mut senders: BTreeMap<Box<[MemberId]>, Taken> = BTreeMap::new();
        for (key, amount) in taken {
            senders.entry(weights.signature(&key)).or_default().push((key, amount));
        }
        self.add_senders_without_cost(at, &weights, &mut senders);
        for taken in senders.into_values() {
            let total: Amount = taken.iter().map(|(_, amount)| *amount).sum();
            if is_mixed(&taken) {
                self.refuse_mixed(rule, &taken);
                continue;
            }
            if total.is_negative() && !rule.limits.is_empty() {
                self.refuse_credit(rule, total);
                continue;
            }
            let Some(mut bills) = self.bills(at, &weights, &taken[0].0, total) else { continue };
            for bill in &mut bills {
                if let Some(most) = rule.limits.maximum {
                    bill.amount = bill.amount.min(most);
                }
                if let Some(least) = rule.limits.minimum {
                    bill.amount = bill.amount.max(least);
                }
            }
            self.add_subsidy_and_mark_up(at, &weights, &mut bills);
            self.settle_rest(at, &weights, &mut bills, total);
            self.hand_out(at, &weights, &taken, &bills);
        }
    }

    /// Senders that a driver prices and that have no cost: their bills and the recovery are booked as a pair.
    fn add_senders_without_cost(
        &self,
        at: usize,
        weights: &Weights<'_>,
        senders: &mut BTreeMap<Box<[MemberId]>, Taken>,
    ) {
        let rule = &self.model.book.allocate[at];
        let By::Price { quantity, .. } = &rule.by else { return };
        let Some(driver) = self.model.drivers.iter().find(|driver| driver.name == quantity.name) else { return };
        if rule.recovery_to.is_none() || driver.from.is_empty() {
            return;
        }
        for (sender, _) in driver.all() {
            let mut key = self.key_named_by(rule);
            for (dimension, member) in driver.from.iter().zip(sender) {
                key[*dimension] = *member;
            }
            let member = |dimension: DimensionId| driver.from.contains(&dimension).then(|| key[dimension]);
            if self.takers[at].holds(member, true) {
                senders.entry(weights.signature(&key)).or_insert_with(|| vec![(key, Amount::ZERO)]);
            }
        }
    }

    fn refuse_mixed(&mut self, rule: &AllocateRule, taken: &[(Key, Amount)]) {
        let sum = |is_credit: bool| -> Amount {
            taken.iter().map(|(_, amount)| *amount).filter(|amount| amount.is_negative() == is_credit).sum()
        };
        let title = format!("rule `{}` bills cost of {} together with credits of {}", rule.id, sum(false), sum(true));
        let help = "each balance pays its part of every bill, and of so little left each part would be a multiple of it: \
                    narrow `from`, or allocate the credits by a rule of their own";
        let finding = Finding::error("mixed-signs", rule.spot.place(), title).help(help);
        self.findings.push(finding.money(sum(true), self.model.book.head.currency.code()));
    }

    fn refuse_credit(&mut self, rule: &AllocateRule, total: Amount) {
        let title = format!("rule `{}` has limits and takes a credit of {total}", rule.id);
        let help = "a limit has no meaning for a credit; allocate credits by a rule of their own";
        let finding = Finding::error("limits", rule.spot.place(), title).help(help);
        self.findings.push(finding.money(total, self.model.book.head.currency.code()));
    }

    /// The key that a rule's `from` spells out, for bills without any cost behind them.
    fn key_named_by(&self, rule: &AllocateRule) -> Key {
        let mut key: Key = vec![BLANK; self.model.dimensions.len()].into();
        key[FOR_PERIOD] = self.model.dimensions[FOR_PERIOD].find(&self.model.period.name).unwrap_or(BLANK);
        for clause in rule.from.clauses() {
            if let (BalanceField::Dimension(dimension), Test::Is(name)) = (&clause.field, &clause.test) {
                key[*dimension] = self.model.dimensions[*dimension].find(name).unwrap_or(BLANK);
            }
        }
        key
    }

    /// Every receiver's bill, before minimum and maximum. `None` when the sender cannot be billed.
    fn bills(&mut self, at: usize, weights: &Weights<'_>, key: &Key, total: Amount) -> Option<Vec<Bill>> {
        let rule = &self.model.book.allocate[at];
        match &rule.by {
            By::Amounts(amounts) => {
                let mut bills: Vec<Bill> = amounts
                    .iter()
                    .filter_map(|(name, amount)| {
                        let dimension = &self.model.dimensions[rule.to[0]];
                        let member = dimension.find(&name.name)?;
                        let stays = !dimension.member(member).is_valid;
                        let target = SplitTarget { to: Box::from([member]), weight: *amount, stays };
                        Some(Bill { target, amount: *amount })
                    })
                    .collect();
                bills.sort_by(|a, b| a.target.to.cmp(&b.target.to));
                Some(bills)
            }
            By::Price { price, .. } => {
                let list = match price {
                    PriceOf::Flat(_) => None,
                    PriceOf::List(name) => self.model.book.prices.get(&name.name),
                };
                let tiers: Vec<&Tier> = list.iter().flat_map(|list| list.on(self.model.period.last)).collect();
                let price = |quantity: Amount| match (price, list) {
                    (PriceOf::Flat(price), _) => apply(quantity, Fraction::of(*price)),
                    (PriceOf::List(_), Some(list)) => bill_of(list.is_volume, &tiers, quantity),
                    (PriceOf::List(_), None) => None,
                };
                let mut bills = Vec::new();
                for target in self.billable(at, weights, key, total)? {
                    let Some(amount) = price(target.weight) else {
                        let title = format!(
                            "rule `{}`: the bill of {} is beyond what the program can hold",
                            rule.id, target.weight
                        );
                        self.findings.push(Finding::error("too-large", rule.spot.place(), title));
                        return None;
                    };
                    bills.push(Bill { target: weights.with_kind(&target, "price"), amount });
                }
                Some(bills)
            }
            _ if rule.limits.cap.is_some() || rule.limits.floor.is_some() => self.limited(at, weights, key, total),
            _ => {
                let split = match weights.split(key, None) {
                    Ok(split) => split,
                    Err(fault) => {
                        self.post(at, key, total, Err(fault));
                        return None;
                    }
                };
                let quantities: Vec<i128> = split.targets.iter().map(|target| target.weight.atoms()).collect();
                let parts = shares::split(total.atoms(), &quantities).ok()?;
                let bills = split.targets.into_iter().zip(parts);
                Some(bills.map(|(target, part)| Bill { target, amount: Amount::from_atoms(part) }).collect())
            }
        }
    }

    /// Receivers with their quantities, those of 0 included, or what the rule says to do without any.
    fn billable(&mut self, at: usize, weights: &Weights<'_>, key: &Key, total: Amount) -> Option<Vec<SplitTarget>> {
        let targets = weights.quantities(key);
        let is_price = matches!(self.model.book.allocate[at].by, By::Price { .. });
        let has_quantity = targets.iter().any(|target| !target.weight.is_zero());
        if has_quantity || is_price && !targets.is_empty() {
            return Some(targets);
        }
        match weights.split(key, None) {
            Ok(split) => Some(split.targets),
            Err(fault) => {
                self.post(at, key, total, Err(fault));
                None
            }
        }
    }

    /// Shares at one common rate within caps and floors: `x = min(cap, max(floor, L · driver))`, with one `L` for
    /// all such that the parts add up to the total.
    fn limited(&mut self, at: usize, weights: &Weights<'_>, key: &Key, total: Amount) -> Option<Vec<Bill>> {
        let rule = &self.model.book.allocate[at];
        let targets = self.billable(at, weights, key, total)?;
        let floors = self.bounds(rule, weights, key, &targets, rule.limits.floor.as_ref());
        let caps = self.bounds(rule, weights, key, &targets, rule.limits.cap.as_ref());
        let lines: Vec<Line> = targets
            .iter()
            .enumerate()
            .map(|(line, target)| Line {
                quantity: target.weight.atoms(),
                floor: floors[line].map_or(0, Amount::atoms),
                cap: caps[line].map(Amount::atoms),
            })
            .collect();
        let least: i128 = lines.iter().map(|line| line.floor).sum();
        let crossed = lines.iter().position(|line| line.cap.is_some_and(|cap| cap < line.floor));
        if least > total.atoms() || crossed.is_some() {
            let title = match crossed {
                Some(line) => format!(
                    "rule `{}`: the floor of `{}` is above its cap",
                    rule.id,
                    self.describe(&rule.to, &targets[line].to)
                ),
                None => {
                    format!(
                        "rule `{}`: the floors add up to {}, and there is {total}",
                        rule.id,
                        Amount::from_atoms(least)
                    )
                }
            };
            self.findings.push(Finding::error("limits", rule.spot.place(), title).help("lower the floors"));
            return None;
        }
        let parts = fill(total.atoms(), &lines);
        Some(
            targets
                .into_iter()
                .zip(parts)
                .map(|(target, part)| Bill { target, amount: Amount::from_atoms(part) })
                .collect(),
        )
    }

    /// The bound of each receiver.
    fn bounds(
        &self,
        rule: &AllocateRule,
        weights: &Weights<'_>,
        key: &Key,
        targets: &[SplitTarget],
        bound: Option<&Bound>,
    ) -> Vec<Option<Amount>> {
        let of_driver = match bound {
            Some(Bound::Driver(name)) => weights.driver_quantities(name, key),
            _ => Vec::new(),
        };
        targets
            .iter()
            .map(|target| match bound {
                None => None,
                Some(Bound::Each(amount)) => Some(*amount),
                Some(Bound::Members(members)) => members
                    .iter()
                    .find(|(name, _)| {
                        let dimension = &self.model.dimensions[rule.to[0]];
                        dimension.find(&name.name) == target.to.first().copied()
                    })
                    .map(|(_, amount)| *amount),
                Some(Bound::Driver(_)) => of_driver.iter().find(|(to, _)| *to == target.to).map(|(_, amount)| *amount),
            })
            .collect()
    }

    /// Subsidies and mark-ups are lines of their own beside each bill; `recovery_to` bears them.
    fn add_subsidy_and_mark_up(&mut self, at: usize, weights: &Weights<'_>, bills: &mut Vec<Bill>) {
        let limits = &self.model.book.allocate[at].limits;
        let percent = 100 * crate::money::ONE;
        let mut lines = Vec::new();
        for (kind, share) in [("subsidy", limits.subsidy.map(|share| -share)), ("mark-up", limits.mark_up)] {
            let Some(fraction) = share.and_then(|share| Fraction::new(share.atoms(), percent)) else { continue };
            for bill in bills.iter() {
                let amount = apply(bill.amount, fraction).unwrap_or_default();
                let target = SplitTarget { weight: Amount::ZERO, ..weights.with_kind(&bill.target, kind) };
                lines.push(Bill { target, amount });
            }
        }
        bills.extend(lines);
    }

    /// Adds the receiver of what bills leave over or exceed the cost by.
    fn settle_rest(&mut self, at: usize, weights: &Weights<'_>, bills: &mut Vec<Bill>, total: Amount) {
        let rule = &self.model.book.allocate[at];
        let billed: Amount = bills.iter().map(|bill| bill.amount).sum();
        let rest = total - billed;
        if rest.is_zero() {
            return;
        }
        let receiver = match (&rule.remainder_to, &rule.recovery_to) {
            (Some(members), _) => Some(weights.receiver(members, "")),
            (None, Some(members)) => Some(weights.receiver(members, "recovery")),
            (None, None) => None,
        };
        if let Some(target) = receiver {
            bills.push(Bill { target, amount: rest });
            return;
        }
        let is_against = !billed.is_zero() && billed.is_negative() != total.is_negative();
        if is_against || rest.is_negative() != total.is_negative() {
            let title = format!("rule `{}` hands out {billed}, and there is {total} to hand out", rule.id);
            let help = "lower it, widen `from`, or say who bears the difference: recovery_to (prices, minimum) or remainder_to (amounts)";
            let finding = Finding::error("over-allocation", rule.spot.place(), title).help(help);
            self.findings.push(finding.money(-rest, self.model.book.head.currency.code()));
            bills.clear();
        }
    }

    /// Books bills: each balance pays every bill in proportion; the largest balance takes what rounding leaves.
    fn hand_out(&mut self, at: usize, weights: &Weights<'_>, taken: &[(Key, Amount)], bills: &[Bill]) {
        if bills.is_empty() {
            return;
        }
        let total: Amount = taken.iter().map(|(_, amount)| *amount).sum();
        let quantity: Amount = bills.iter().map(|bill| bill.target.weight).sum();
        let targets = bills.iter().map(|bill| bill.target.clone()).collect();
        self.ledger.splits.push(Split { dimensions: weights.dimensions(), targets, total: quantity });
        let split = self.ledger.splits.len() - 1;
        let billed: Amount = bills.iter().map(|bill| bill.amount).sum();
        let mut columns: Vec<i128> = bills.iter().map(|bill| bill.amount.atoms()).collect();
        columns.push((total - billed).atoms());
        let rule = &self.model.book.allocate[at];
        let has_receiver = rule.remainder_to.is_some() || rule.recovery_to.is_some();
        let rest_at = if has_receiver { bills.len() - 1 } else { bills.len() };
        let largest = (0..taken.len()).max_by_key(|row| (taken[*row].1.abs(), std::cmp::Reverse(*row))).unwrap_or(0);
        let mut open = columns.clone();
        let mut rows: Vec<Vec<i128>> = vec![Vec::new(); taken.len()];
        for (row, (_, amount)) in taken.iter().enumerate().filter(|(row, _)| *row != largest) {
            // Without any money there are no proportions: what little there is goes where the rest goes.
            rows[row] = shares::split(amount.atoms(), &columns).unwrap_or_else(|_| {
                let mut whole = vec![0; columns.len()];
                whole[rest_at] = amount.atoms();
                whole
            });
            open.iter_mut().zip(&rows[row]).for_each(|(open, part)| *open -= part);
        }
        rows[largest] = open;
        for ((key, amount), mut parts) in taken.iter().zip(rows) {
            let stays = Amount::from_atoms(parts.pop().unwrap_or_default());
            self.offer(at, key, *amount);
            self.book(at, key, split, parts.into_iter().map(Amount::from_atoms).collect());
            if !stays.is_zero() {
                self.leave(at, key, Reason::Capped, stays);
            }
        }
    }
}

/// The bill of a quantity. A quantity equal to `up_to` is in the lower tier; a flat fee is paid once for each tier
/// that is entered (graduated), or of the tier reached (volume); a quantity of 0 pays the first tier's.
fn bill_of(is_volume: bool, tiers: &[&Tier], quantity: Amount) -> Option<Amount> {
    let mut products = Vec::new();
    let mut lower = Amount::ZERO;
    let one = Amount::whole(1);
    for tier in tiers {
        let is_last = tier.up_to.is_none_or(|up_to| quantity <= up_to);
        if is_volume && is_last {
            products.extend([(quantity, tier.price), (tier.flat, one)]);
        } else if !is_volume {
            let upper = if is_last { quantity } else { tier.up_to.unwrap_or(quantity) };
            products.extend([(upper - lower, tier.price), (tier.flat, one)]);
            lower = upper;
        }
        if is_last {
            break;
        }
    }
    sum_of_products(&products)
}

/// A receiver of a limited split, in atoms.
#[derive(Clone, Copy, Debug)]
struct Line {
    quantity: i128,
    floor: i128,
    cap: Option<i128>,
}

/// Parts of `total` at one common rate within the lines' bounds. Round by round, what is free shares the rest;
/// where that breaks bounds, those on the side that is broken more are fixed at theirs. What all caps together do
/// not take is missing from the parts. The procedure is that of flexible lengths in CSS (flex layout, section 9.7),
/// which finds the common rate exactly.
fn fill(total: i128, lines: &[Line]) -> Vec<i128> {
    let mut fixed: Vec<Option<i128>> = lines.iter().map(|line| (line.quantity == 0).then_some(line.floor)).collect();
    loop {
        let open: Vec<usize> = (0..lines.len()).filter(|line| fixed[*line].is_none()).collect();
        let rest = total - fixed.iter().flatten().sum::<i128>();
        let quantity: i128 = open.iter().map(|line| lines[*line].quantity).sum();
        if open.is_empty() || quantity == 0 {
            break;
        }
        // All compared at the common denominator `quantity`.
        let wide = |value: i128| I256::from(value) * I256::from(quantity);
        let share = |line: usize| I256::from(rest) * I256::from(lines[line].quantity);
        let below = |line: usize| (wide(lines[line].floor) - share(line)).max(I256::ZERO);
        let above = |line: usize| lines[line].cap.map_or(I256::ZERO, |cap| (share(line) - wide(cap)).max(I256::ZERO));
        let lifted: I256 = open.iter().map(|line| below(*line)).sum();
        let cut: I256 = open.iter().map(|line| above(*line)).sum();
        if lifted == I256::ZERO && cut == I256::ZERO {
            let quantities: Vec<i128> = open.iter().map(|line| lines[*line].quantity).collect();
            let parts = shares::split(rest, &quantities).unwrap_or_else(|_| vec![0; open.len()]);
            for (line, part) in open.into_iter().zip(parts) {
                fixed[line] = Some(part);
            }
            break;
        }
        for line in open {
            if lifted >= cut && below(line) > I256::ZERO {
                fixed[line] = Some(lines[line].floor);
            } else if cut >= lifted && above(line) > I256::ZERO {
                fixed[line] = lines[line].cap;
            }
        }
    }
    fixed.into_iter().map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(quantity: i128, floor: i128, cap: Option<i128>) -> Line {
        Line { quantity, floor, cap }
    }

    #[test]
    fn a_cap_and_a_floor_leave_the_rest_at_one_common_rate() {
        // 100 over 1 : 1 : 2, the first at least 40, the third at most 30: 40 + L + 30 = 100, so L = 30.
        assert_eq!(fill(100, &[line(1, 40, None), line(1, 0, None), line(2, 0, Some(30))]), [40, 30, 30]);
    }

    #[test]
    fn what_all_caps_together_do_not_take_is_missing() {
        assert_eq!(fill(100, &[line(1, 0, Some(30)), line(1, 0, Some(20))]), [30, 20]);
    }

    #[test]
    fn tiers_price_what_lies_in_them_or_all() {
        let tier = |up_to: Option<i64>, price: i64, flat: i64| crate::rulebook::Tier {
            up_to: up_to.map(Amount::whole),
            price: Amount::whole(price),
            flat: Amount::whole(flat),
            valid: crate::period::Validity::default(),
        };
        let tiers = [tier(Some(100), 4, 10), tier(Some(500), 3, 0), tier(None, 2, 0)];
        let tiers: Vec<&Tier> = tiers.iter().collect();
        let (graduated, volume) = (false, true);
        let bill = |is_volume: &bool, quantity: i64| {
            bill_of(*is_volume, &tiers, Amount::whole(quantity)).map(|bill| bill.to_string())
        };
        // 100 × 4 + 300 × 3 + the first tier's fee of 10.
        assert_eq!(bill(&graduated, 400).as_deref(), Some("1310"));
        assert_eq!(bill(&graduated, 100).as_deref(), Some("410"));
        assert_eq!(bill(&graduated, 0).as_deref(), Some("10"));
        assert_eq!(bill(&volume, 400).as_deref(), Some("1200"));
        assert_eq!(bill(&volume, 100).as_deref(), Some("410"));
        assert_eq!(bill(&volume, 501).as_deref(), Some("1002"));
    }
}
