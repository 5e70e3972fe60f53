//! Allocation: rules split balances, in order, each rule once.

mod bills;
mod matcher;
pub mod reciprocal;
mod settle;
mod weights;

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::classify::{Key, Opening};
use crate::dimension::{BLANK, MemberId};
use crate::finding::{Finding, Findings, Named, clean};
use crate::ledger::trial::Imbalance;
use crate::ledger::{Ledger, Left, Posting, Reason, Step};
use crate::model::Model;
use crate::money::Amount;
use crate::rulebook::{AllocateRule, BalanceField, By, DimensionId, FOR_PERIOD, KIND, POOL, SOURCE, Settlement};
use crate::shares;
use matcher::Matcher;
use weights::{NoWeights, Weights};

/// Entries a run may make. Beyond this a driver or a dimension is finer than anybody will read.
const ENTRIES_MAX: usize = 50_000_000;

/// Why an allocation came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The model or the data is wrong; the findings say what.
    Refused,
    /// A rule did not hand out what it took: a defect of the program.
    Imbalance(Imbalance),
}

/// Runs all allocate rules over the opening balances.
///
/// # Errors
/// [`Fault::Refused`] with findings, or an imbalance, which nobody should ever see.
pub fn allocate(model: &Model, opening: &Opening, findings: &mut Findings) -> Result<Ledger, Fault> {
    let kept = kept_dimensions(model);
    let mut book = Books::new(model, opening, findings);
    let rules = &model.book.allocate;
    let total = opening.total();
    let mut done = BTreeSet::new();
    for at in 0..rules.len() {
        if done.contains(&at) {
            continue;
        }
        book.sum_away(&dimensions_read(model, at, &kept));
        let together = rules_together(rules, at);
        done.extend(together.iter().copied());
        let holding: Vec<usize> =
            together.into_iter().filter(|at| rules[*at].valid.holds_on(model.period.last)).collect();
        let Some(first) = holding.first() else { continue };
        let last = holding[holding.len() - 1];
        match settlement_of(model, &rules[*first]) {
            Some(settlement) => book.settle(&holding, settlement),
            None => book.run(*first),
        }
        if book.findings.has_errors() {
            return Err(Fault::Refused);
        }
        book.judge_arrivals(last);
        let now: Amount = book.balances.values().sum();
        if now != total {
            let what = format!("the balances after rule `{}`", rules[*first].id);
            return Err(Fault::Imbalance(Imbalance { what, expected: total.atoms(), found: now.atoms() }));
        }
    }
    book.sum_away(&kept);
    Ok(book.close(kept))
}

/// For a rule that took nothing: the earlier rule that took most of the money it matches, and how much.
#[must_use]
pub fn earlier_taker(model: &Model, ledger: &Ledger, at: usize) -> Option<(usize, Amount)> {
    let matcher = Matcher::new(model, &model.book.allocate[at].from);
    let mut taken: BTreeMap<usize, Amount> = BTreeMap::new();
    for posting in ledger.postings.iter().filter(|posting| posting.rule < at && matcher.matches(&posting.from)) {
        *taken.entry(posting.rule).or_default() += posting.taken.abs();
    }
    taken.into_iter().max_by_key(|(rule, amount)| (*amount, std::cmp::Reverse(*rule)))
}

/// What charge lines and the reconciliation need of a balance.
fn kept_dimensions(model: &Model) -> Vec<DimensionId> {
    let head = &model.book.head;
    let kept: BTreeSet<DimensionId> = [FOR_PERIOD, SOURCE, KIND]
        .into_iter()
        .chain(head.charges_by.iter().copied())
        .chain(head.complete.iter().copied())
        .collect();
    kept.into_iter().collect()
}

/// Dimensions that rule `at` or a later one reads, or that are kept.
fn dimensions_read(model: &Model, at: usize, kept: &[DimensionId]) -> Vec<DimensionId> {
    let mut read: BTreeSet<DimensionId> = kept.iter().copied().collect();
    let mut read_field = |field: &BalanceField| match field {
        BalanceField::Dimension(dimension) | BalanceField::Attribute(dimension, _) => read.insert(*dimension),
    };
    for rule in &model.book.allocate[at..] {
        rule.from.fields().for_each(|field| {
            read_field(field);
        });
        if let By::CostSoFar(conditions) = &rule.by {
            conditions.fields().for_each(|field| {
                read_field(field);
            });
        }
    }
    for rule in &model.book.allocate[at..] {
        read.extend(rule.to.iter().chain(&rule.within).chain(&rule.replace).copied());
        if let By::Attribute(dimension, ..) = &rule.by {
            read.insert(*dimension);
        }
        for name in rule.drivers() {
            let driver = model.drivers.iter().find(|driver| driver.name == name.name);
            read.extend(driver.into_iter().flat_map(|driver| driver.from.iter().copied()));
        }
    }
    read.into_iter().collect()
}

/// The rules that run when rule `at` runs: those of its group, or itself.
fn rules_together(rules: &[AllocateRule], at: usize) -> Vec<usize> {
    match &rules[at].group {
        None => vec![at],
        Some(group) => (at..rules.len())
            .filter(|other| rules[*other].group.as_ref().is_some_and(|name| name.name == group.name))
            .collect(),
    }
}

fn settlement_of<'m>(model: &'m Model, rule: &'m AllocateRule) -> Option<&'m Settlement> {
    match &rule.group {
        Some(name) => model.book.groups.get(&name.name).map(|group| &group.settlement),
        None => rule.settlement.as_ref(),
    }
}

/// Members in the `to` dimensions of a method: who sends and who receives.
type Node = Box<[MemberId]>;

/// Weights for one sender's signature, or why there are none.
type Known = FxHashMap<Box<[MemberId]>, Result<usize, NoWeights>>;

/// The books while rules run over them.
struct Books<'m, 'f> {
    model: &'m Model,
    findings: &'f mut Findings,
    balances: BTreeMap<Key, Amount>,
    /// What rules left, by place; a rule that takes the money later takes it off this list.
    left: BTreeMap<Key, Vec<(Reason, usize, Amount)>>,
    /// What has arrived since arrivals were last judged.
    fresh: BTreeMap<Key, Amount>,
    /// Dimensions that balances still have; the others were summed away.
    present: Vec<DimensionId>,
    takers: Vec<Matcher>,
    ledger: Ledger,
    /// A step that has begun and has no posting yet; whether it is a loop.
    begun: Option<bool>,
    entries: usize,
}

impl<'m, 'f> Books<'m, 'f> {
    fn new(model: &'m Model, opening: &Opening, findings: &'f mut Findings) -> Self {
        let mut balances: BTreeMap<Key, Amount> = BTreeMap::new();
        for balance in &opening.balances {
            *balances.entry(balance.key.clone()).or_default() += balance.amount;
        }
        let ledger = Ledger { opening: balances.clone(), ..Ledger::default() };
        let takers = model.book.allocate.iter().map(|rule| Matcher::new(model, &rule.from)).collect();
        Books {
            model,
            findings,
            balances,
            left: BTreeMap::new(),
            fresh: BTreeMap::new(),
            present: (0..model.dimensions.len()).collect(),
            takers,
            ledger,
            begun: None,
            entries: 0,
        }
    }

    /// Adds up over the dimensions that nobody will read any more.
    fn sum_away(&mut self, read: &[DimensionId]) {
        let summed: Vec<DimensionId> =
            (0..self.model.dimensions.len()).filter(|dimension| !read.contains(dimension)).collect();
        self.present.retain(|dimension| read.contains(dimension));
        let changes = |key: &Key| summed.iter().any(|dimension| !key[*dimension].is_blank());
        if !self.balances.keys().any(changes) {
            return;
        }
        let reduce = |mut key: Key| {
            for dimension in &summed {
                key[*dimension] = BLANK;
            }
            key
        };
        let mut balances: Vec<(Key, Amount)> =
            std::mem::take(&mut self.balances).into_iter().map(|(key, amount)| (reduce(key), amount)).collect();
        balances.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        balances.dedup_by(|(key, amount), (kept, sum)| {
            let is_same = key == kept;
            if is_same {
                *sum += *amount;
            }
            is_same
        });
        self.balances = balances.into_iter().collect();
        for (key, left) in std::mem::take(&mut self.left) {
            self.left.entry(reduce(key)).or_default().extend(left);
        }
    }

    /// Whether a rule takes money at `key`: it matches `from` and is blank wherever the rule may not overwrite.
    fn takes(&self, at: usize, key: &Key) -> bool {
        let rule = &self.model.book.allocate[at];
        let is_open = |dimension: &DimensionId| {
            key[*dimension].is_blank() || rule.from_names(*dimension) || rule.replace.contains(dimension)
        };
        rule.to.iter().all(is_open) && self.takers[at].matches(key)
    }

    fn taken_by(&self, at: usize) -> Vec<(Key, Amount)> {
        self.balances
            .iter()
            .filter(|(key, amount)| !amount.is_zero() && self.takes(at, key))
            .map(|(key, amount)| (key.clone(), *amount))
            .collect()
    }

    /// Begins a step: its postings take what is there now. In a loop they also hand on what they receive in it.
    fn begin_step(&mut self, is_loop: bool) {
        self.begun = Some(is_loop);
    }

    // ---- a rule on its own ---------------------------------------------------------------------------

    fn run(&mut self, at: usize) {
        self.begin_step(false);
        let taken = self.taken_by(at);
        let rule = &self.model.book.allocate[at];
        if bills::makes_bills(rule) {
            self.run_bills(at, taken);
            return;
        }
        if let By::Mix(parts) = &rule.by {
            self.run_mix(at, parts, &taken);
            return;
        }
        let weights = Weights::new(self.model, rule, &rule.by, &taken, &self.balances, self.findings);
        let mut known = Known::default();
        for (key, amount) in &taken {
            let split = self.split_for(&weights, key, None, &mut known);
            self.post(at, key, *amount, split);
        }
        self.report_over_capacity(at, &weights, &taken);
    }

    /// `mix`: each balance is divided by the percentages, then each part by its driver.
    fn run_mix(&mut self, at: usize, parts: &[(Named, Amount)], taken: &[(Key, Amount)]) {
        let rule = &self.model.book.allocate[at];
        let percentages: Vec<i128> = parts.iter().map(|(_, share)| share.atoms()).collect();
        let by: Vec<By> = parts.iter().map(|(name, _)| By::Driver(name.clone())).collect();
        let weights: Vec<Weights<'_>> =
            by.iter().map(|by| Weights::new(self.model, rule, by, taken, &self.balances, self.findings)).collect();
        let mut known: Vec<Known> = by.iter().map(|_| Known::default()).collect();
        for (key, amount) in taken {
            let Ok(shares) = shares::split(amount.atoms(), &percentages) else { continue };
            for ((weights, known), share) in weights.iter().zip(&mut known).zip(shares) {
                let split = self.split_for(weights, key, None, known);
                self.post(at, key, Amount::from_atoms(share), split);
            }
        }
    }

    /// Says where more was used than there is; nothing is scaled down.
    fn report_over_capacity(&mut self, at: usize, weights: &Weights<'_>, taken: &[(Key, Amount)]) {
        let rule = &self.model.book.allocate[at];
        let Some(capacity) = &rule.capacity else { return };
        let mut told = FxHashSet::default();
        for (key, _) in taken.iter().filter(|(key, _)| told.insert(weights.signature(key))) {
            let Some((used, size)) = weights.used_and_capacity(key) else { continue };
            let of = match weights.sender(key).as_str() {
                "" => String::new(),
                sender => format!(" of `{}`", clean(sender)),
            };
            if used > size {
                let title = format!("rule `{}`: {used} were used, and the capacity{of} is {size}", rule.id);
                let help = "nothing is idle and nothing is scaled down; check the capacity";
                self.findings.push(Finding::attention("over-capacity", capacity.spot.place(), title).help(help));
            } else if capacity.refuses_idle && used < size {
                let title = format!(
                    "rule `{}`: {used} were used, and the capacity{of} is {size}; {} are missing",
                    rule.id,
                    size - used
                );
                let help = "have the rest reported, or say who pays for it: idle_to = { business_unit = \"IT\" }";
                self.findings.push(Finding::error("idle", capacity.spot.place(), title).help(help));
            }
        }
    }

    /// The split for a balance, remembered by what the weights depend on.
    fn split_for(
        &mut self,
        weights: &Weights<'_>,
        key: &Key,
        dropped: Option<&FxHashSet<Node>>,
        known: &mut Known,
    ) -> Result<usize, NoWeights> {
        let signature = weights.signature(key);
        if let Some(split) = known.get(&signature) {
            return split.clone();
        }
        let split = weights.split(key, dropped).map(|split| {
            self.ledger.splits.push(split);
            self.ledger.splits.len() - 1
        });
        known.insert(signature, split.clone());
        split
    }

    /// Books what a rule does with one balance.
    fn post(&mut self, at: usize, key: &Key, amount: Amount, split: Result<usize, NoWeights>) {
        self.offer(at, key, amount);
        let split = match split {
            Ok(split) => split,
            Err(NoWeights::Leave(reason)) => {
                self.leave(at, key, reason, amount);
                return;
            }
            Err(NoWeights::Refuse(reason, why)) => {
                self.refuse(at, key, amount, reason, &why);
                return;
            }
        };
        let weights: Vec<i128> = self.ledger.splits[split].targets.iter().map(|target| target.weight.atoms()).collect();
        let parts = match shares::split(amount.atoms(), &weights) {
            Ok(parts) => parts,
            Err(fault) => {
                let title = format!(
                    "the quantities of rule `{}` cannot be added up: {fault:?}",
                    self.model.book.allocate[at].id
                );
                self.findings.push(Finding::error("too-large", self.model.book.allocate[at].spot.place(), title));
                return;
            }
        };
        self.book(at, key, split, parts.into_iter().map(Amount::from_atoms).collect());
    }

    fn offer(&mut self, at: usize, key: &Key, amount: Amount) {
        let tally = self.ledger.tallies.entry((at, key[POOL])).or_default();
        tally.balances += 1;
        tally.offered += amount;
    }

    /// Notes why a rule has left money where it is. What an earlier rule said of it no longer counts.
    fn leave(&mut self, at: usize, key: &Key, reason: Reason, amount: Amount) {
        self.fresh.remove(key);
        let left = self.left.entry(key.clone()).or_default();
        left.retain(|(_, rule, _)| *rule == at);
        left.push((reason, at, amount));
    }

    /// Moves the parts of a split; those of receivers that do not exist stay.
    fn book(&mut self, at: usize, key: &Key, split: usize, mut parts: Vec<Amount>) {
        self.entries += parts.len();
        if self.entries > ENTRIES_MAX {
            if self.entries - parts.len() <= ENTRIES_MAX {
                self.too_many_entries(at);
            }
            return;
        }
        let mut stays = Amount::ZERO;
        let mut moved = Amount::ZERO;
        let mut arrivals = Vec::with_capacity(parts.len());
        for (target, part) in self.ledger.splits[split].targets.iter().zip(&mut parts) {
            if target.stays {
                stays += *part;
                *part = Amount::ZERO;
            } else {
                moved += *part;
                arrivals.push((self.ledger.splits[split].destination(key, target), *part));
            }
        }
        // A sender of a reciprocal group may hand on before what it hands on has arrived.
        *self.balances.entry(key.clone()).or_default() -= moved;
        let offset = offset_of(self.model, &self.ledger.splits[split], &parts);
        let tally = self.ledger.tallies.entry((at, key[POOL])).or_default();
        tally.given += moved;
        tally.offset += offset;
        self.fresh.remove(key);
        if let Some(left) = self.left.get_mut(key) {
            left.retain(|(_, rule, _)| *rule == at);
        }
        if !stays.is_zero() {
            self.leave(at, key, Reason::TargetNotValid, stays);
        }
        for (to, part) in arrivals {
            *self.fresh.entry(to.clone()).or_default() += part;
            *self.balances.entry(to).or_default() += part;
        }
        if let Some(is_loop) = self.begun.take() {
            self.ledger.steps.push(Step { present: self.present.clone(), is_loop });
        }
        let step = self.ledger.steps.len().saturating_sub(1);
        self.ledger.postings.push(Posting { step, rule: at, from: key.clone(), taken: moved, split, parts });
    }

    // ---- findings ------------------------------------------------------------------------------------

    fn describe(&self, dimensions: &[DimensionId], members: &[MemberId]) -> String {
        let named: Vec<String> = dimensions
            .iter()
            .zip(members)
            .filter(|(_, member)| !member.is_blank())
            .map(|(dimension, member)| self.model.dimensions[*dimension].member_name(*member).to_owned())
            .collect();
        named.join(" · ")
    }

    fn describe_key(&self, key: &Key) -> String {
        let parts: Vec<String> = key
            .iter()
            .enumerate()
            .filter(|(dimension, member)| !member.is_blank() && *dimension != FOR_PERIOD)
            .map(|(dimension, member)| {
                let dimension = &self.model.dimensions[dimension];
                format!("{} `{}`", dimension.name, clean(dimension.member_name(*member)))
            })
            .collect();
        parts.join(", ")
    }

    fn refuse(&mut self, at: usize, key: &Key, amount: Amount, reason: Reason, why: &str) {
        let rule = &self.model.book.allocate[at];
        let title = format!(
            "rule `{}` takes {amount} at {} and cannot split it: {}",
            rule.id,
            self.describe_key(key),
            reason.words()
        );
        self.findings.push(
            Finding::error("no-driver", rule.spot.place(), title)
                .label(why)
                .help("add the missing quantities; or say what should happen: if_no_driver = \"leave\", \"even\", another driver, or { business_unit = \"…\" }")
                .money(amount, self.model.book.head.currency.code()),
        );
    }

    fn two_rules_for_one(&mut self, first: usize, second: usize, to: &[DimensionId], key: &Key) {
        let (first, second) = (&self.model.book.allocate[first], &self.model.book.allocate[second]);
        let node = self.describe(to, &node_of(to, key));
        let title = format!("two rules of one group send the money of `{}`", clean(&node));
        let help =
            format!("the first is `{}` at {}; a sender has one rule in its group", first.id, first.spot.describe());
        self.findings.push(Finding::error("two-rules", second.spot.place(), title).help(help));
    }

    fn too_many_entries(&mut self, at: usize) {
        let rule = &self.model.book.allocate[at];
        let widest = (0..self.model.dimensions.len()).max_by_key(|dimension| {
            let members: BTreeSet<MemberId> = self.balances.keys().map(|key| key[*dimension]).collect();
            members.len()
        });
        let name = widest.map_or("", |dimension| self.model.dimension_name(dimension));
        let title = format!("the rules up to `{}` make more than {ENTRIES_MAX} entries", rule.id);
        let help =
            format!("the balances are finest in `{name}`; use a coarser member there, or a driver with fewer rows");
        self.findings.push(Finding::error("too-many-entries", rule.spot.place(), title).help(help));
    }

    /// Money that has arrived where a rule up to `last` would have taken it came too late. It is judged now, while
    /// the balances still have the dimensions that those rules look at.
    fn judge_arrivals(&mut self, last: usize) {
        let rules = &self.model.book.allocate;
        let complete = &self.model.book.head.complete;
        let can_tell = |at: &usize| {
            let looks_at = |field: &BalanceField| match field {
                BalanceField::Dimension(dimension) | BalanceField::Attribute(dimension, _) => *dimension,
            };
            let holds = rules[*at].valid.holds_on(self.model.period.last);
            holds && rules[*at].from.fields().all(|field| self.present.contains(&looks_at(field)))
        };
        let candidates: Vec<usize> = (0..=last).rev().filter(can_tell).collect();
        for (key, amount) in std::mem::take(&mut self.fresh) {
            let is_gone = self.balances.get(&key).is_none_or(|balance| balance.is_zero());
            if amount.is_zero() || is_gone || complete.iter().all(|dimension| !key[*dimension].is_blank()) {
                continue;
            }
            if let Some(at) = candidates.iter().copied().find(|at| self.takes(*at, &key)) {
                self.left.entry(key).or_default().push((Reason::ArrivedLate, at, amount));
            }
        }
    }

    // ---- the end -------------------------------------------------------------------------------------

    /// Gives every unallocated amount its one reason.
    fn close(mut self, kept: Vec<DimensionId>) -> Ledger {
        let complete = &self.model.book.head.complete;
        let mut left = Vec::new();
        let balances = std::mem::take(&mut self.balances);
        for (key, amount) in &balances {
            if amount.is_zero() || complete.iter().all(|dimension| !key[*dimension].is_blank()) {
                continue;
            }
            let mut rest = *amount;
            for (reason, rule, amount) in self.left.remove(key).unwrap_or_default() {
                rest -= amount;
                left.push(Left { key: key.clone(), reason, rule: Some(rule), amount });
            }
            if !rest.is_zero() {
                left.push(Left { key: key.clone(), reason: Reason::NoRule, rule: None, amount: rest });
            }
        }
        let mut ledger = self.ledger;
        ledger.left = left;
        ledger.closing = balances.into_iter().filter(|(_, amount)| !amount.is_zero()).collect();
        ledger.kept = kept;
        ledger
    }
}

/// Of the parts of a split, those booked as recovery or idle.
fn offset_of(model: &Model, split: &crate::ledger::Split, parts: &[Amount]) -> Amount {
    let Some(kind_at) = split.dimensions.iter().position(|dimension| *dimension == KIND) else { return Amount::ZERO };
    let is_offset = |target: &crate::ledger::SplitTarget| {
        let kind = target.to.get(kind_at).copied().unwrap_or(BLANK);
        ["recovery", "idle"].contains(&model.dimensions[KIND].member_name(kind))
    };
    split.targets.iter().zip(parts).filter(|(target, _)| is_offset(target)).map(|(_, part)| *part).sum()
}

fn node_of(to: &[DimensionId], key: &Key) -> Node {
    to.iter().map(|dimension| key[*dimension]).collect()
}
