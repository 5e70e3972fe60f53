//! Methods for senders that serve each other: direct, step-down, double step-down, iterative, reciprocal.
//!
//! A node is the members in the `to` dimensions. A sender is what a rule of the group takes; everything else
//! receives. Other dimensions are carried along and settled apart.

use std::collections::{BTreeMap, BTreeSet};

use ethnum::I256;
use rustc_hash::{FxHashMap, FxHashSet};

use super::reciprocal::{self, Sender};
use super::weights::{NoWeights, Weights};
use super::{Books, Known, Node, node_of};
use crate::classify::Key;
use crate::finding::{Finding, Named, clean, list_names};
use crate::ledger::Reason;
use crate::money::Amount;
use crate::rulebook::{By, DimensionId, FirstRound, Method, Order, Settlement};

/// A sender with the rule that takes its money.
type Senders = Vec<(Node, usize)>;

/// What of a sender's money is handed out.
enum Share<'a> {
    /// All it has at its turn.
    All,
    /// Only what it had at the start.
    Own(&'a BTreeMap<Key, Amount>),
}

/// What stays the same while a group is settled.
struct Group<'m> {
    rules: Vec<usize>,
    to: &'m [DimensionId],
    /// Places of senders at which there is, or may be, money.
    places: FxHashMap<Node, BTreeSet<Key>>,
    /// Weights by rule, but for rules whose weights change while the group is settled.
    weights: BTreeMap<usize, Weights<'m>>,
}

impl<'m> Books<'m, '_> {
    /// Runs a method over the rules of a group, or over one rule.
    pub(super) fn settle(&mut self, rules: &[usize], settlement: &Settlement) {
        let model = self.model;
        let to = &model.book.allocate[rules[0]].to;
        let mut group = Group { rules: rules.to_vec(), to, places: FxHashMap::default(), weights: BTreeMap::new() };
        for at in rules {
            let rule = &model.book.allocate[*at];
            if !matches!(rule.by, By::CostSoFar(_)) {
                let weights = Weights::new(model, rule, &rule.by, &[], &self.balances, self.findings);
                group.weights.insert(*at, weights);
            }
        }
        if let Method::Reciprocal { keeps_self_use } = settlement.method {
            self.settle_reciprocal(&group, keeps_self_use);
            return;
        }
        let Some(senders) = self.senders(&mut group, &settlement.order) else { return };
        let nobody = FxHashSet::default();
        let own: BTreeMap<Key, Amount> = group
            .places
            .values()
            .flatten()
            .map(|key| (key.clone(), self.balances.get(key).copied().unwrap_or_default()))
            .collect();
        match settlement.method {
            Method::Direct => {
                let all: FxHashSet<Node> = senders.iter().map(|(node, _)| node.clone()).collect();
                self.round(&mut group, &senders, &Share::All, |_| all.clone());
            }
            Method::StepDown => self.step_down(&mut group, &senders),
            Method::DoubleStepDown(first) => {
                // What is received in this round is not handed out in it, so the round is one step.
                self.begin_step(false);
                let share = match first {
                    FirstRound::OwnCost => Share::Own(&own),
                    FirstRound::WithReceived => Share::All,
                };
                self.round(&mut group, &senders, &share, |_| nobody.clone());
                self.step_down(&mut group, &senders);
            }
            Method::Iterative(rounds) => {
                for _ in 0..rounds {
                    self.round(&mut group, &senders, &Share::All, |_| nobody.clone());
                }
                self.stop_iteration(&group, &senders);
            }
            Method::Reciprocal { .. } => {}
        }
    }

    fn step_down(&mut self, group: &mut Group<'m>, senders: &Senders) {
        let mut closed: FxHashSet<Node> = FxHashSet::default();
        self.round(group, senders, &Share::All, |node| {
            closed.insert(node.clone());
            closed.clone()
        });
    }

    /// Every sender sends once, in order. `dropped` says who does not receive from a sender; itself never does.
    fn round(
        &mut self,
        group: &mut Group<'m>,
        senders: &Senders,
        share: &Share<'_>,
        mut dropped: impl FnMut(&Node) -> FxHashSet<Node>,
    ) {
        for (node, at) in senders {
            if self.findings.has_errors() {
                return;
            }
            let mut dropped = dropped(node);
            dropped.insert(node.clone());
            self.send(group, node, *at, share, &dropped);
        }
    }

    fn send(&mut self, group: &mut Group<'m>, node: &Node, at: usize, share: &Share<'_>, dropped: &FxHashSet<Node>) {
        if matches!(share, Share::All) {
            self.begin_step(false);
        }
        let rule = &self.model.book.allocate[at];
        let places: Vec<Key> = group.places.get(node).into_iter().flatten().cloned().collect();
        let amount = |key: &Key| match share {
            Share::All => self.balances.get(key).copied().unwrap_or_default(),
            Share::Own(own) => own.get(key).copied().unwrap_or_default(),
        };
        let taken: Vec<(Key, Amount)> = places
            .into_iter()
            .map(|key| {
                let amount = amount(&key);
                (key, amount)
            })
            .filter(|(_, amount)| !amount.is_zero())
            .collect();
        let fresh;
        let weights = if let Some(weights) = group.weights.get(&at) {
            weights
        } else {
            fresh = Weights::new(self.model, rule, &rule.by, &taken, &self.balances, self.findings);
            &fresh
        };
        let mut known = Known::default();
        let mut arrivals = Vec::new();
        for (key, amount) in &taken {
            let split = self.split_for(weights, key, Some(dropped), &mut known);
            if let Ok(split) = split {
                let split = &self.ledger.splits[split];
                arrivals.extend(split.targets.iter().map(|target| split.destination(key, target)));
            }
            self.post(at, key, *amount, split);
        }
        for key in arrivals {
            if group.rules.iter().any(|at| self.takes(*at, &key)) {
                group.places.entry(node_of(group.to, &key)).or_default().insert(key);
            }
        }
    }

    /// What is on senders after the last round stays there.
    fn stop_iteration(&mut self, group: &Group<'_>, senders: &Senders) {
        for (node, at) in senders {
            for key in group.places.get(node).into_iter().flatten() {
                let rest = self.balances.get(key).copied().unwrap_or_default();
                if !rest.is_zero() {
                    self.leave(*at, key, Reason::IterationStopped, rest);
                }
            }
        }
    }

    // ---- who sends -----------------------------------------------------------------------------------

    /// All senders of a group with their rule, in the order in which they send. Money wanders along the drivers:
    /// whoever it can reach and a rule of the group takes is a sender too.
    fn senders(&mut self, group: &mut Group<'m>, order: &Order) -> Option<Senders> {
        let mut rule_of: BTreeMap<Node, usize> = BTreeMap::new();
        let mut to_senders: BTreeMap<Node, Vec<(Key, Amount)>> = BTreeMap::new();
        for (key, at) in self.reachable(group)? {
            let node = node_of(group.to, &key);
            let own: FxHashSet<Node> = std::iter::once(node.clone()).collect();
            if let (Order::Ranked, Some(Ok(split))) = (order, group.weights.get(&at).map(|w| w.split(&key, Some(&own))))
            {
                let flows = split.targets.iter().map(|target| (split.destination(&key, target), target.weight));
                to_senders.entry(node.clone()).or_default().extend(flows);
            }
            rule_of.insert(node.clone(), at);
            group.places.entry(node).or_default().insert(key);
        }
        let mut senders: Senders = rule_of.iter().map(|(node, at)| (node.clone(), *at)).collect();
        match order {
            Order::Rules => senders.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0))),
            Order::Declared(order) => {
                if !self.put_in_order(group, &mut senders, order) {
                    return None;
                }
            }
            Order::Ranked => {
                let share = |node: &Node| -> (I256, I256) {
                    let flows = to_senders.get(node).map_or(&[][..], Vec::as_slice);
                    let is_sender = |key: &Key| rule_of.contains_key(&node_of(group.to, key));
                    let sum = |senders_only: bool| -> I256 {
                        let counted = flows.iter().filter(|(key, _)| !senders_only || is_sender(key));
                        counted.map(|(_, weight)| I256::from(weight.atoms())).sum()
                    };
                    (sum(true), sum(false).max(I256::ONE))
                };
                let shares: BTreeMap<&Node, (I256, I256)> = rule_of.keys().map(|node| (node, share(node))).collect();
                // Sums of quantities stay below 2^127, so the products of two of them fit 256 bits.
                senders.sort_by(|a, b| {
                    let (a_part, a_whole) = shares[&a.0];
                    let (b_part, b_whole) = shares[&b.0];
                    (b_part * a_whole).cmp(&(a_part * b_whole)).then((a.1, &a.0).cmp(&(b.1, &b.0)))
                });
            }
        }
        Some(senders)
    }

    /// Every place where a sender of the group has or may get money, with the rule that takes it.
    fn reachable(&mut self, group: &Group<'m>) -> Option<BTreeMap<Key, usize>> {
        let mut reached: BTreeMap<Key, usize> = BTreeMap::new();
        let mut seen: FxHashSet<Key> = FxHashSet::default();
        let mut open: Vec<Key> =
            self.balances.iter().filter(|(_, amount)| !amount.is_zero()).map(|(key, _)| key.clone()).collect();
        while let Some(key) = open.pop() {
            if !seen.insert(key.clone()) {
                continue;
            }
            let taking: Vec<usize> = group.rules.iter().copied().filter(|at| self.takes(*at, &key)).collect();
            let Some(&at) = taking.first() else { continue };
            if let Some(second) = taking.get(1) {
                self.two_rules_for_one(at, *second, group.to, &key);
                return None;
            }
            if let Some(Ok(split)) = group.weights.get(&at).map(|weights| weights.split(&key, None)) {
                open.extend(split.targets.iter().map(|target| split.destination(&key, target)));
            }
            reached.insert(key, at);
        }
        Some(reached)
    }

    fn put_in_order(&mut self, group: &Group<'_>, senders: &mut Senders, order: &[Named]) -> bool {
        let model = self.model;
        let rank = |node: &Node| {
            order.iter().position(|name| {
                group.to.iter().zip(node).any(|(dimension, member)| {
                    !member.is_blank() && model.dimensions[*dimension].find(&name.name) == Some(*member)
                })
            })
        };
        for (node, at) in senders.iter().filter(|(node, _)| rank(node).is_none()) {
            let rule = &model.book.allocate[*at];
            let sender = clean(&self.describe(group.to, node));
            let title = format!("`order` leaves out `{sender}`, which sends by rule `{}`", rule.id);
            let place = order.first().map_or(rule.spot.place(), |name| name.spot.place());
            self.findings.push(Finding::error("order", place, title).help("name every sender once, first to last"));
        }
        senders.sort_by_key(|(node, _)| rank(node));
        !self.findings.has_errors()
    }

    // ---- reciprocal ----------------------------------------------------------------------------------

    fn settle_reciprocal(&mut self, group: &Group<'m>, keeps_self_use: bool) {
        if let Some(at) = group.rules.iter().find(|at| !group.weights.contains_key(at)) {
            let rule = &self.model.book.allocate[*at];
            let title =
                format!("rule `{}` splits by cost so far, which a reciprocal method has no moment for", rule.id);
            self.findings.push(Finding::error("method", rule.spot.place(), title).help("use step-down, or a driver"));
            return;
        }
        let Some(reached) = self.reachable(group) else { return };
        let mut splits = Vec::new();
        let mut without: Vec<(Key, usize, NoWeights)> = Vec::new();
        // Self use drops another receiver for each sender, so a split is shared only by places of one sender.
        let mut known: BTreeMap<Node, Known> = BTreeMap::new();
        for (key, at) in &reached {
            let Some(weights) = group.weights.get(at) else { continue };
            let node = node_of(group.to, key);
            let own: FxHashSet<Node> = std::iter::once(node.clone()).collect();
            let dropped = (!keeps_self_use).then_some(&own);
            match self.split_for(weights, key, dropped, known.entry(node).or_default()) {
                Ok(split) => splits.push((key, *at, split)),
                Err(fault) => without.push((key.clone(), *at, fault)),
            }
        }
        let number: FxHashMap<&Key, usize> = splits.iter().enumerate().map(|(at, (key, ..))| (*key, at)).collect();
        let senders: Vec<Sender> = splits
            .iter()
            .map(|(key, _, split)| {
                let split = &self.ledger.splits[*split];
                let targets = split.targets.iter().map(|target| {
                    let next = if target.stays { None } else { number.get(&split.destination(key, target)).copied() };
                    (next, target.weight.atoms())
                });
                let own = self.balances.get(*key).copied().unwrap_or_default().atoms();
                Sender { own, targets: targets.collect() }
            })
            .collect();
        let flows = match reciprocal::settle(&senders) {
            Ok(flows) => flows,
            Err(fault) => {
                self.refuse_loop(group, &splits.iter().map(|(key, at, _)| (*key, *at)).collect::<Vec<_>>(), &fault);
                return;
            }
        };
        self.begin_step(true);
        let bookings: Vec<(Key, usize, usize)> =
            splits.into_iter().map(|(key, at, split)| (key.clone(), at, split)).collect();
        for ((key, at, split), parts) in bookings.into_iter().zip(flows) {
            let parts: Vec<Amount> = parts.into_iter().map(Amount::from_atoms).collect();
            let gross: Amount = parts.iter().sum();
            if parts.iter().any(|part| !part.is_zero()) {
                self.offer(at, &key, gross);
                self.book(at, &key, split, parts);
            }
        }
        for (key, at, fault) in without {
            let amount = self.balances.get(&key).copied().unwrap_or_default();
            if !amount.is_zero() {
                self.post(at, &key, amount, Err(fault));
            }
        }
    }

    fn refuse_loop(&mut self, group: &Group<'_>, senders: &[(&Key, usize)], fault: &reciprocal::Fault) {
        let (members, title, help) = match fault {
            reciprocal::Fault::Closed(members) => (
                members.as_slice(),
                "these senders hand money to each other only, and it never gets out",
                "give one of them a receiver that is no sender, or take the loop out of the driver",
            ),
            reciprocal::Fault::NoConvergence(members) => (
                members.as_slice(),
                "the loop of these senders lets so little out that it cannot be solved",
                "look for a driver row that should lead out of the group",
            ),
            reciprocal::Fault::Overflow => (
                &[][..],
                "the gross cost of a sender is beyond what the program can hold",
                "look for a loop that lets almost nothing out",
            ),
        };
        let mut names: Vec<String> =
            members.iter().map(|at| self.describe(group.to, &node_of(group.to, senders[*at].0))).collect();
        names.dedup();
        let rule = &self.model.book.allocate[members.first().map_or(group.rules[0], |at| senders[*at].1)];
        let title = if names.is_empty() {
            title.to_owned()
        } else {
            format!("{title}: {}", list_names(names.iter().map(String::as_str), 20))
        };
        self.findings.push(Finding::error("closed-loop", rule.spot.place(), title).help(help));
    }
}
