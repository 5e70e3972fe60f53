//! The ledger: opening balances + entries = closing balances, rule by rule.

pub mod trial;

use std::collections::BTreeMap;

use crate::classify::Key;
use crate::dimension::{BLANK, MemberId};
use crate::driver::CLEAR;
use crate::money::Amount;
use crate::rulebook::DimensionId;

/// Why money is not allocated. Every unallocated amount has exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No rule takes it.
    NoRule,
    /// It reached its place after the rule that would have taken it had run.
    ArrivedLate,
    /// The rule's driver has no row for it.
    NoDriverRow,
    /// The rule's driver has rows for it, but they add up to 0.
    DriverTotalZero,
    /// The rule hands out a stated amount, and this is beyond it.
    Capped,
    /// It belongs to a member that does not exist in the period.
    TargetNotValid,
    /// It is on a sender after the last round of an iterative method.
    IterationStopped,
}

impl Reason {
    /// All reasons, in the order in which they are numbered.
    pub const ALL: [Reason; 7] = [
        Reason::NoRule,
        Reason::ArrivedLate,
        Reason::NoDriverRow,
        Reason::DriverTotalZero,
        Reason::Capped,
        Reason::TargetNotValid,
        Reason::IterationStopped,
    ];

    /// The words people read.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Reason::NoRule => "no rule",
            Reason::ArrivedLate => "arrived after its rule had run",
            Reason::NoDriverRow => "no driver row",
            Reason::DriverTotalZero => "driver total zero",
            Reason::Capped => "capped",
            Reason::TargetNotValid => "target not valid",
            Reason::IterationStopped => "iteration stopped",
        }
    }
}

/// A receiver of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitTarget {
    /// A member for each `to` dimension of the split: blank keeps what the money has, [`CLEAR`] clears it.
    pub to: Box<[MemberId]>,
    /// Its quantity.
    pub weight: Amount,
    /// Set when the receiver does not exist in the period: its part stays where it is.
    pub stays: bool,
}

/// How one sender's money is divided; kept once and used for every balance of that sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Dimensions that are set.
    pub dimensions: Vec<DimensionId>,
    /// Receivers, in the order in which ties are broken.
    pub targets: Vec<SplitTarget>,
    /// Sum of all quantities.
    pub total: Amount,
}

impl Split {
    /// Where the part for a target goes.
    #[must_use]
    pub fn destination(&self, from: &Key, target: &SplitTarget) -> Key {
        let mut to = from.clone();
        for (dimension, member) in self.dimensions.iter().zip(&target.to) {
            match *member {
                BLANK => {}
                CLEAR => to[*dimension] = BLANK,
                member => to[*dimension] = member,
            }
        }
        to
    }
}

/// Postings that are made together: each takes what was there when the step began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Dimensions that balances still have; the others were summed away before the step.
    pub present: Vec<DimensionId>,
    /// Whether its senders also hand on what they receive in it: a reciprocal group.
    pub is_loop: bool,
}

/// One balance taken by one rule, with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Index of the step it is part of.
    pub step: usize,
    /// Index of the rule.
    pub rule: usize,
    /// The balance.
    pub from: Key,
    /// What was taken. What stayed is not part of it.
    pub taken: Amount,
    /// Index of the split.
    pub split: usize,
    /// The part of each target of the split; 0 for those that stay.
    pub parts: Vec<Amount>,
}

/// Money that a rule looked at and left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Where it stays.
    pub key: Key,
    /// Why.
    pub reason: Reason,
    /// The rule that looked at it, if any did.
    pub rule: Option<usize>,
    /// How much.
    pub amount: Amount,
}

/// An entry: one part of one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'l> {
    /// Index of the step.
    pub step: usize,
    /// Index of the rule.
    pub rule: usize,
    /// Where the money was.
    pub from: &'l Key,
    /// Where it goes.
    pub to: Key,
    /// The receiver's quantity.
    pub quantity: Amount,
    /// Sum of all quantities.
    pub total: Amount,
    /// The money.
    pub amount: Amount,
}

/// Everything that happened to the money.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Opening balances, added up by members.
    pub opening: BTreeMap<Key, Amount>,
    /// The steps in which the rules ran, those without any posting left out.
    pub steps: Vec<Step>,
    /// What the rules did, in order.
    pub postings: Vec<Posting>,
    /// The splits they used.
    pub splits: Vec<Split>,
    /// What rules looked at and left, as it stands at the end.
    pub left: Vec<Left>,
    /// Balances at the end.
    pub closing: BTreeMap<Key, Amount>,
    /// Dimensions that closing balances keep; the others were summed away.
    pub kept: Vec<DimensionId>,
    /// By rule and pool: what it was offered and what it gave.
    pub tallies: BTreeMap<(usize, MemberId), RuleTally>,
}

/// What a rule did with the money of a pool. Offered − given stays where it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleTally {
    /// Balances that the rule matched.
    pub balances: u64,
    /// Their money.
    pub offered: Amount,
    /// What went on to receivers.
    pub given: Amount,
    /// The part of it that was booked against bills or use: to `recovery_to` and `idle_to`.
    pub offset: Amount,
}

impl Ledger {
    /// All entries, in the order in which they were made.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.postings.iter().flat_map(move |posting| {
            let targets = self.splits[posting.split].targets.iter().enumerate();
            targets.filter(|(_, target)| !target.stays).map(move |(target, _)| self.entry(posting, target))
        })
    }

    /// The entry of a posting for the target at a place of its split.
    #[must_use]
    pub fn entry<'l>(&'l self, posting: &'l Posting, target: usize) -> Entry<'l> {
        let split = &self.splits[posting.split];
        Entry {
            step: posting.step,
            rule: posting.rule,
            from: &posting.from,
            to: split.destination(&posting.from, &split.targets[target]),
            quantity: split.targets[target].weight,
            total: split.total,
            amount: posting.parts[target],
        }
    }
}
