//! What a rule splits by, as weights for one sender.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Node;
use super::matcher::Matcher;
use crate::classify::Key;
use crate::dimension::{BLANK, MemberId};
use crate::driver::{CLEAR, Driver};
use crate::finding::{Finding, Findings, Named, clean};
use crate::ledger::{Reason, Split, SplitTarget};
use crate::model::Model;
use crate::money::Amount;
use crate::rulebook::{AllocateRule, By, CapacityOf, DimensionId, IfNoDriver, KIND, MemberSet};

/// Why a balance is not split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoWeights {
    /// The rule says that it stays.
    Leave(Reason),
    /// The rule says nothing, so the run is refused; with the words why.
    Refuse(Reason, String),
}

/// Receivers with their weights: members of the `to` dimensions in the order of the rule.
pub(super) type Targets = Vec<(Box<[MemberId]>, Amount)>;

/// The weights of one rule.
pub(super) struct Weights<'m> {
    model: &'m Model,
    rule: &'m AllocateRule,
    /// Dimensions a receiver may set.
    sets: Vec<DimensionId>,
    basis: Basis<'m>,
    fallback: Option<Basis<'m>>,
    among: Option<Matcher>,
    except: Option<Matcher>,
}

/// Where weights come from.
enum Basis<'m> {
    /// The same for every sender.
    Fixed(Targets),
    /// Rows of a driver for the sender.
    Driver(&'m Driver),
    /// Cost already held, by the members of `within`.
    CostSoFar(FxHashMap<Box<[MemberId]>, Targets>),
    /// The member that an attribute of the sender names, by sender.
    Attribute(DimensionId, Vec<MemberId>),
}

impl<'m> Weights<'m> {
    /// Works out what does not depend on the sender. `by` is the rule's, or a part of its mix. `taken` is the money being split, which does not count as
    /// cost already held.
    pub(super) fn new(
        model: &'m Model,
        rule: &'m AllocateRule,
        by: &By,
        taken: &[(Key, Amount)],
        balances: &BTreeMap<Key, Amount>,
        findings: &mut Findings,
    ) -> Weights<'m> {
        let find = |dimension: DimensionId, name: &Named| model.dimensions[dimension].find(&name.name).unwrap_or(BLANK);
        let driver = |name: &Named| model.drivers.iter().find(|driver| driver.name == name.name);
        let sets = dimensions_set(rule);
        let one = |members: &[(DimensionId, Named)]| -> Targets {
            let to = sets.iter().map(|dimension| {
                members
                    .iter()
                    .find(|(other, _)| other == dimension)
                    .map_or(BLANK, |(dimension, name)| find(*dimension, name))
            });
            vec![(to.collect(), Amount::whole(1))]
        };
        let even = || -> Targets {
            let dimension = &model.dimensions[rule.to[0]];
            let part = |leaf| Driver::days_of_member(dimension.member(leaf), &model.period).unwrap_or(1);
            dimension.valid_leaves().map(|leaf| (Box::from([leaf]), Amount::whole(part(leaf)))).collect()
        };
        let basis = match by {
            By::Member(members) => Basis::Fixed(one(members)),
            By::Even => Basis::Fixed(even()),
            By::Shares { shares, remainder } => {
                let mut targets: Targets =
                    shares.iter().map(|(name, weight)| (Box::from([find(rule.to[0], name)]), *weight)).collect();
                if let Some((members, weight)) = remainder {
                    targets.extend(one(members).into_iter().map(|(to, _)| (to, *weight)));
                }
                Basis::Fixed(add_up(targets))
            }
            By::Amounts(_) | By::Mix(_) => Basis::Fixed(Targets::new()),
            By::Price { quantity, .. } => driver(quantity).map_or_else(|| Basis::Fixed(Targets::new()), Basis::Driver),
            By::Driver(name) => driver(name).map_or_else(|| Basis::Fixed(Targets::new()), Basis::Driver),
            By::CostSoFar(conditions) => {
                let matcher = Matcher::new(model, conditions);
                Basis::CostSoFar(cost_so_far(rule, &matcher, taken, balances))
            }
            By::Attribute(dimension, attribute, spot) => Basis::Attribute(
                *dimension,
                attribute_members(model, rule.to[0], *dimension, attribute, spot, findings),
            ),
        };
        let fallback = match &rule.if_no_driver {
            IfNoDriver::Refuse | IfNoDriver::Leave => None,
            IfNoDriver::Even => Some(Basis::Fixed(even())),
            IfNoDriver::Driver(name) => driver(name).map(Basis::Driver),
            IfNoDriver::Member(members) => Some(Basis::Fixed(one(members))),
        };
        let matcher = |conditions: &Option<_>| conditions.as_ref().map(|conditions| Matcher::new(model, conditions));
        Weights { model, rule, sets, basis, fallback, among: matcher(&rule.among), except: matcher(&rule.except) }
    }

    /// What of a balance the weights depend on.
    pub(super) fn signature(&self, key: &Key) -> Box<[MemberId]> {
        let of = |basis: &Basis<'_>| -> Vec<MemberId> {
            match basis {
                Basis::Fixed(_) => Vec::new(),
                Basis::Driver(driver) => driver.from.iter().map(|dimension| key[*dimension]).collect(),
                Basis::CostSoFar(_) => self.rule.within.iter().map(|dimension| key[*dimension]).collect(),
                Basis::Attribute(dimension, _) => vec![key[*dimension]],
            }
        };
        of(&self.basis).into_iter().chain(self.fallback.iter().flat_map(of)).collect()
    }

    /// The split for a balance. Receivers in `dropped` (senders that have sent, in a method) do not count.
    pub(super) fn split(&self, key: &Key, dropped: Option<&FxHashSet<Node>>) -> Result<Split, NoWeights> {
        let reason = match self.split_by(&self.basis, key, dropped) {
            Ok(split) => return Ok(split),
            Err(reason) => reason,
        };
        if let Some(why) = self.negative_holder(key) {
            return Err(NoWeights::Refuse(reason, why));
        }
        match (&self.fallback, &self.rule.if_no_driver) {
            (Some(fallback), _) => {
                let why = || "there are no weights here and none in `if_no_driver`".to_owned();
                self.split_by(fallback, key, dropped).map_err(|reason| NoWeights::Refuse(reason, why()))
            }
            (None, IfNoDriver::Leave) => Err(NoWeights::Leave(reason)),
            (None, _) => Err(NoWeights::Refuse(reason, self.why(key, reason, dropped))),
        }
    }

    /// Who holds a negative cost that a share would be taken of. Such a share has no meaning.
    fn negative_holder(&self, key: &Key) -> Option<String> {
        let targets = self.targets(&self.basis, key);
        let (to, amount) = targets.iter().find(|(to, weight)| weight.is_negative() && self.is_wanted(to))?;
        let names: Vec<&str> = self
            .rule
            .to
            .iter()
            .zip(to)
            .map(|(dimension, member)| self.model.dimensions[*dimension].member_name(*member))
            .collect();
        Some(format!("`{}` holds {amount}; narrow cost_so_far, or allocate credits first", clean(&names.join(" · "))))
    }

    /// All receivers with their quantities, those of 0 included, for rules that make bills.
    pub(super) fn quantities(&self, key: &Key) -> Vec<SplitTarget> {
        let wanted = self.targets(&self.basis, key).into_iter().filter(|(to, _)| self.is_wanted(to));
        wanted.map(|(to, weight)| SplitTarget { stays: !self.is_valid(&to), to, weight }).collect()
    }

    /// What a driver says of each receiver of a sender; used for caps and floors.
    pub(super) fn driver_quantities(&self, name: &Named, key: &Key) -> Targets {
        let driver = self.model.drivers.iter().find(|driver| driver.name == name.name);
        driver.map(|driver| self.targets(&Basis::Driver(driver), key)).unwrap_or_default()
    }

    /// What a sender's receivers use together, and its capacity.
    pub(super) fn used_and_capacity(&self, key: &Key) -> Option<(Amount, Amount)> {
        let capacity = self.rule.capacity.as_ref()?;
        let sum = |targets: Targets| -> Amount { targets.iter().map(|(_, quantity)| *quantity).sum() };
        let size = match &capacity.size {
            CapacityOf::Given(size) => *size,
            CapacityOf::Driver(name) => sum(self.driver_quantities(name, key)),
        };
        Some((sum(self.targets(&self.basis, key)), size))
    }

    /// The sender whose quantities count for a balance, in words; empty where one list is for all.
    pub(super) fn sender(&self, key: &Key) -> String {
        let Basis::Driver(driver) = &self.basis else { return String::new() };
        let names = driver.from.iter().map(|dimension| self.model.dimensions[*dimension].member_name(key[*dimension]));
        names.collect::<Vec<_>>().join(" · ")
    }

    /// Members by name, as a receiver that sets all of this rule's dimensions; `kind` is what the money becomes.
    pub(super) fn receiver(&self, members: &MemberSet, kind: &str) -> SplitTarget {
        let kind = self.model.dimensions[KIND].find(kind).unwrap_or(BLANK);
        let to: Box<[MemberId]> = self
            .sets
            .iter()
            .map(|dimension| {
                let named = members.iter().find(|(other, _)| other == dimension);
                match named {
                    Some((_, name)) => self.model.dimensions[*dimension].find(&name.name).unwrap_or(BLANK),
                    None if *dimension == KIND => kind,
                    None => BLANK,
                }
            })
            .collect();
        SplitTarget { stays: !self.is_valid(&to), to, weight: Amount::ZERO }
    }

    /// The same receiver, with what its money becomes.
    pub(super) fn with_kind(&self, target: &SplitTarget, kind: &str) -> SplitTarget {
        let kind = self.model.dimensions[KIND].find(kind).unwrap_or(BLANK);
        let mut to = target.to.to_vec();
        to.resize(self.sets.len(), BLANK);
        if let Some(at) = self.sets.iter().position(|dimension| *dimension == KIND) {
            to[at] = kind;
        }
        SplitTarget { to: to.into(), ..target.clone() }
    }

    /// Dimensions that receivers of this rule may set.
    pub(super) fn dimensions(&self) -> Vec<DimensionId> {
        self.sets.clone()
    }

    fn split_by(&self, basis: &Basis<'_>, key: &Key, dropped: Option<&FxHashSet<Node>>) -> Result<Split, Reason> {
        let targets = self.targets(basis, key);
        let idle = self.used_and_capacity(key).map(|(used, size)| size - used).filter(|idle| *idle > Amount::ZERO);
        // Who has a row in the table of capacities and none in that of use used nothing.
        let is_all_idle = || {
            let sized =
                self.rule.capacity.as_ref().is_some_and(|capacity| matches!(capacity.size, CapacityOf::Driver(_)));
            sized && idle.is_some()
        };
        if targets.is_empty() && !is_all_idle() {
            return Err(Reason::NoDriverRow);
        }
        if targets.iter().any(|(to, weight)| weight.is_negative() && self.is_wanted(to)) {
            return Err(Reason::DriverTotalZero);
        }
        let to = &self.rule.to;
        let mut split =
            Split { dimensions: self.sets.clone(), targets: Vec::with_capacity(targets.len()), total: Amount::ZERO };
        for (members, weight) in targets {
            let target = SplitTarget { stays: !self.is_valid(&members), to: members, weight };
            let is_dropped =
                dropped.is_some_and(|dropped| dropped.contains(&super::node_of(to, &split.destination(key, &target))));
            if is_dropped || !self.is_wanted(&target.to) || weight.is_zero() {
                continue;
            }
            split.total += weight;
            split.targets.push(target);
        }
        if let (Some(idle), Some(capacity)) =
            (idle, self.rule.capacity.as_ref().filter(|capacity| !capacity.refuses_idle))
        {
            split.total += idle;
            split.targets.push(SplitTarget { weight: idle, ..self.receiver(&capacity.idle_to, "idle") });
        }
        if split.total.is_zero() { Err(Reason::DriverTotalZero) } else { Ok(split) }
    }

    /// Receivers of a sender, in the order of their members.
    fn targets(&self, basis: &Basis<'_>, key: &Key) -> Targets {
        let mut targets = self.targets_as_given(basis, key);
        if self.rule.drops_negative {
            targets.retain(|(_, weight)| !weight.is_negative());
        }
        targets
    }

    fn targets_as_given(&self, basis: &Basis<'_>, key: &Key) -> Targets {
        match basis {
            Basis::Fixed(targets) => targets.clone(),
            Basis::Driver(driver) => {
                let sender: Vec<MemberId> = driver.from.iter().map(|dimension| key[*dimension]).collect();
                // The driver keeps its receivers in the order of the dimensions' numbers, the rule in its own.
                let place: Vec<Option<usize>> = self
                    .rule
                    .to
                    .iter()
                    .map(|dimension| driver.to.iter().position(|other| other == dimension))
                    .collect();
                let reorder = |to: &[MemberId]| place.iter().map(|at| at.map_or(BLANK, |at| to[at])).collect();
                driver.targets(&sender).iter().map(|target| (reorder(&target.to), target.quantity)).collect()
            }
            Basis::CostSoFar(by_within) => {
                let within: Box<[MemberId]> = self.rule.within.iter().map(|dimension| key[*dimension]).collect();
                by_within.get(&within).cloned().unwrap_or_default()
            }
            Basis::Attribute(dimension, members) => match members.get(key[*dimension].index()) {
                Some(member) if !member.is_blank() => vec![(Box::from([*member]), Amount::whole(1))],
                _ => Targets::new(),
            },
        }
    }

    fn is_valid(&self, members: &[MemberId]) -> bool {
        self.sets.iter().zip(members).all(|(dimension, member)| {
            *member == BLANK || *member == CLEAR || self.model.dimensions[*dimension].member(*member).is_valid
        })
    }

    fn is_wanted(&self, members: &[MemberId]) -> bool {
        let member = |dimension: DimensionId| {
            let at = self.sets.iter().position(|other| *other == dimension)?;
            members.get(at).copied().filter(|member| !member.is_blank() && *member != CLEAR)
        };
        self.among.as_ref().is_none_or(|among| among.holds(member, true))
            && self.except.as_ref().is_none_or(|except| !except.holds(member, false))
    }

    /// What is missing, in the words of who wrote the driver.
    fn why(&self, key: &Key, reason: Reason, dropped: Option<&FxHashSet<Node>>) -> String {
        let sender = |dimensions: &[DimensionId]| {
            let named: Vec<String> = dimensions
                .iter()
                .map(|dimension| {
                    let dimension_of = &self.model.dimensions[*dimension];
                    let name = dimension_of.member_name(key[*dimension]);
                    format!(
                        "{} `{}`",
                        dimension_of.name,
                        if name.is_empty() { "(blank)".to_owned() } else { clean(name) }
                    )
                })
                .collect();
            named.join(", ")
        };
        let only_closed = dropped.is_some() && reason == Reason::DriverTotalZero;
        match &self.basis {
            Basis::Driver(driver) if driver.from.is_empty() && reason == Reason::NoDriverRow => {
                format!("driver `{}` in {} has no row", driver.name, driver.file)
            }
            Basis::Driver(driver) if driver.from.is_empty() => {
                format!("driver `{}` in {} adds up to 0", driver.name, driver.file)
            }
            Basis::Driver(driver) if only_closed => {
                format!(
                    "nobody is left to receive: all receivers of {} in {} are senders",
                    sender(&driver.from),
                    driver.file
                )
            }
            Basis::Driver(driver) if reason == Reason::NoDriverRow => {
                format!("driver `{}` in {} has no row for {}", driver.name, driver.file, sender(&driver.from))
            }
            Basis::Driver(driver) => {
                format!("driver `{}` in {} adds up to 0 for {}", driver.name, driver.file, sender(&driver.from))
            }
            Basis::CostSoFar(_) if self.rule.within.is_empty() => {
                "nobody holds cost yet that the condition of cost_so_far matches".to_owned()
            }
            Basis::CostSoFar(_) => format!("nobody holds cost yet within {}", sender(&self.rule.within)),
            Basis::Attribute(dimension, _) => format!("the attribute is blank for {}", sender(&[*dimension])),
            Basis::Fixed(_) => "nobody is left to receive".to_owned(),
        }
    }
}

/// Dimensions a receiver may set: those of `to`, then those that other receivers of the rule name besides.
fn dimensions_set(rule: &AllocateRule) -> Vec<DimensionId> {
    let mut named: Vec<DimensionId> = Vec::new();
    let mut add = |members: &MemberSet| named.extend(members.iter().map(|(dimension, _)| *dimension));
    if let By::Shares { remainder: Some((members, _)), .. } = &rule.by {
        add(members);
    }
    if let IfNoDriver::Member(members) = &rule.if_no_driver {
        add(members);
    }
    rule.remainder_to.iter().chain(&rule.recovery_to).for_each(&mut add);
    if let Some(capacity) = &rule.capacity {
        add(&capacity.idle_to);
    }
    if rule.capacity.is_some() || super::bills::makes_bills(rule) {
        named.push(KIND);
    }
    let mut sets = rule.to.clone();
    for dimension in named {
        if !sets.contains(&dimension) {
            sets.push(dimension);
        }
    }
    sets
}

/// Shares of one member add up; receivers come in the order of their members.
fn add_up(targets: Targets) -> Targets {
    let mut sums: BTreeMap<Box<[MemberId]>, Amount> = BTreeMap::new();
    for (to, weight) in targets {
        *sums.entry(to).or_default() += weight;
    }
    sums.into_iter().collect()
}

fn cost_so_far(
    rule: &AllocateRule,
    matcher: &Matcher,
    taken: &[(Key, Amount)],
    balances: &BTreeMap<Key, Amount>,
) -> FxHashMap<Box<[MemberId]>, Targets> {
    let being_split: FxHashSet<&Key> = taken.iter().map(|(key, _)| key).collect();
    // By the members of `within`, then of `to`.
    let mut held: BTreeMap<(Node, Node), Amount> = BTreeMap::new();
    for (key, amount) in balances {
        let to: Box<[MemberId]> = rule.to.iter().map(|dimension| key[*dimension]).collect();
        if being_split.contains(key) || to.iter().any(|member| member.is_blank()) || !matcher.matches(key) {
            continue;
        }
        let within = rule.within.iter().map(|dimension| key[*dimension]).collect();
        *held.entry((within, to)).or_default() += *amount;
    }
    let mut by_within: FxHashMap<Box<[MemberId]>, Targets> = FxHashMap::default();
    for ((within, to), amount) in held {
        by_within.entry(within).or_default().push((to, amount));
    }
    by_within
}

/// For each member of `dimension`, the member of `to` that its attribute names.
fn attribute_members(
    model: &Model,
    to: DimensionId,
    dimension: DimensionId,
    attribute: &str,
    spot: &crate::finding::Spot,
    findings: &mut Findings,
) -> Vec<MemberId> {
    let members = &model.dimensions[dimension];
    let target = &model.dimensions[to];
    let Some(at) = members.attributes.iter().position(|known| known == attribute) else { return Vec::new() };
    let named = members.ids().map(|member| {
        let value = members.attribute(member, at);
        if value.is_empty() {
            return BLANK;
        }
        target.find(value).unwrap_or_else(|| {
            let title = format!(
                "the {attribute} of `{}` is `{}`, which is not a member of {}",
                clean(members.member_name(member)),
                clean(target.shown(value)),
                target.name
            );
            findings.push(
                Finding::error("unknown-member", spot.place(), title)
                    .maybe_help(crate::finding::did_you_mean(value, target.names()))
                    .help(format!("correct it in the member table of {}", members.name)),
            );
            BLANK
        })
    });
    std::iter::once(BLANK).chain(named).collect()
}
