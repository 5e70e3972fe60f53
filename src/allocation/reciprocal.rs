//! Settles services that hand out everything they have, also to each other: the reciprocal method.
//!
//! What a sender hands out depends on what it receives, and in a loop that depends on what it hands
//! out. So the gross amounts `x` are solved together,
//!
//! ```text
//! x_s = own_s + Σ_t x_t × weight_ts / (sum of the weights of t)
//! ```
//!
//! and target k of sender s gets `x_s × weight_sk / (sum of the weights of s)`. Amounts are integers,
//! atoms of 10^-18 of a currency, and for every sender own + received = handed out, to the last atom.
//!
//! # How it is found
//!
//! 1. Senders that reach each other form a *circle* (a strongly connected component). Circles and
//!    single senders are taken upstream first; a sender on no loop is split by largest remainder, so
//!    without loops this is the step-down method to the last digit.
//! 2. A small circle is solved in exact fractions (`exact`), a larger one by sweeps in floating point
//!    that only guess (`sweeps`) and by residuals in 256-bit integers that decide (`residuals`).
//! 3. The flows of a circle are floored to atoms, and what is left over at a sender follows a fixed
//!    tree to the nearest way out of the circle (`flows`).
//!
//! # How exact it is
//!
//! What a residual of one unit does: it is a unit of money too many or too few at one sender, and
//! wherever it goes, all of it leaves the circle in the end. So all ways out together are wrong by at
//! most the sum of the residuals, however little leaves at each step (the gross amounts may be wrong by
//! more, which is why they are no figures to report). The residuals are brought down to a few units
//! of 2^-64 atoms a sender; what remains is the flooring, a few atoms a way out.
//!
//! Knows nobody: no names, no rules, no currencies.

mod exact;
mod flows;
mod graph;
mod residuals;
mod sweeps;
#[cfg(test)]
mod tests;

use crate::shares::{self, SplitFault};
use graph::{Circle, Groups};

/// Senders of a circle up to which it is solved in exact fractions. Those take 7 ms for 24 senders that
/// all send to all with weights of 21 digits, 16 ms for 32, 136 ms for 48; residuals take under 0.3 ms and
/// gave the same atoms in every measurement. Fractions know no leak that is too small.
const EXACT_SENDERS_MAX: usize = 24;

/// One service that hands out everything it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Money it has of its own, in atoms of 10^-18 of a currency; may be negative or 0.
    pub own: i128,
    /// Receivers with their weights, above 0; only their proportion counts. `None` is a receiver that
    /// is no sender, a way out; `Some(i)` is the sender with the index `i`, which may be this one. A
    /// receiver may be listed more than once. A weight of 0 or below gets nothing.
    pub targets: Vec<(Option<usize>, i128)>,
}

/// Why senders cannot be settled. Senders are named by their indices, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// These senders form a loop without a way out, and hold or receive money. A sender without any
    /// target is such a loop of one.
    Closed(Vec<usize>),
    /// The sweeps did not converge for these, and they are too many for a factorisation (2,000); or less
    /// than about 10^-13 of what goes round leaves in a round.
    NoConvergence(Vec<usize>),
    /// An amount handed out, or the sum of a sender's weights, is more than 128 bits can hold.
    Overflow,
}

/// Settles `senders`: what each of them hands to each of its targets, in atoms, in the order of
/// [`Sender::targets`].
///
/// For every sender own + received = handed out exactly. What a way out gets is within a few atoms of
/// the exact rational answer; without loops it is that of the step-down method with
/// [`shares::split`]. A closed loop without money is harmless, its flows are 0; what counts is the
/// balance of its members once all others have handed out. The answer depends on nothing but the
/// senders and their order.
///
/// # Errors
/// [`Fault`]; of several closed loops with money the one that is reached first, upstream first.
///
/// # Panics
/// When a target names a sender that does not exist.
pub fn settle(senders: &[Sender]) -> Result<Vec<Vec<i128>>, Fault> {
    settle_by(senders, EXACT_SENDERS_MAX)
}

/// [`settle`] with the number of senders up to which a circle is solved in fractions.
fn settle_by(senders: &[Sender], exact_max: usize) -> Result<Vec<Vec<i128>>, Fault> {
    let groups = Groups::of(senders);
    let mut balances: Vec<i128> = senders.iter().map(|sender| sender.own).collect();
    let mut flows: Vec<Vec<i128>> = senders.iter().map(|sender| vec![0; sender.targets.len()]).collect();
    for (group, members) in groups.members.iter().enumerate() {
        if members.iter().all(|member| balances[*member] == 0) {
            continue;
        }
        match members.as_slice() {
            [one] if !sends_to_itself(senders, *one) => flows[*one] = step(senders, *one, balances[*one])?,
            _ => {
                let circle = Circle::new(senders, &groups, group).ok_or(Fault::Overflow)?;
                let own: Vec<i128> = members.iter().map(|member| balances[*member]).collect();
                let handed_out = solve(&circle, &own, exact_max).map_err(|fault| fault.of(members))?;
                for (at, member) in members.iter().enumerate() {
                    flows[*member].copy_from_slice(&handed_out[circle.arcs_of(at)]);
                }
            }
        }
        for member in members {
            for ((target, _), flow) in senders[*member].targets.iter().zip(&flows[*member]) {
                if let Some(target) = target.filter(|target| groups.place[*target].group != group) {
                    balances[target] = balances[target].checked_add(*flow).ok_or(Fault::Overflow)?;
                }
            }
        }
    }
    Ok(flows)
}

fn sends_to_itself(senders: &[Sender], sender: usize) -> bool {
    senders[sender].targets.iter().any(|(target, weight)| *target == Some(sender) && *weight > 0)
}

/// What a sender on no loop hands to its targets.
fn step(senders: &[Sender], sender: usize, balance: i128) -> Result<Vec<i128>, Fault> {
    let weights: Vec<i128> = senders[sender].targets.iter().map(|(_, weight)| (*weight).max(0)).collect();
    shares::split(balance, &weights).map_err(|fault| match fault {
        SplitFault::ZeroTotal => Fault::Closed(vec![sender]),
        SplitFault::TooLarge => Fault::Overflow,
    })
}

/// Why a circle cannot be solved; its members are known to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CircleFault {
    Closed,
    NoConvergence,
    Overflow,
}

impl CircleFault {
    fn of(self, members: &[usize]) -> Fault {
        let mut members = members.to_vec();
        members.sort_unstable();
        match self {
            CircleFault::Closed => Fault::Closed(members),
            CircleFault::NoConvergence => Fault::NoConvergence(members),
            CircleFault::Overflow => Fault::Overflow,
        }
    }
}

/// What the members of a circle hand out, by arc; `balances` is what they have from outside of it.
fn solve(circle: &Circle, balances: &[i128], exact_max: usize) -> Result<Vec<i128>, CircleFault> {
    if circle.is_closed() {
        return Err(CircleFault::Closed);
    }
    let flows = if circle.len() <= exact_max {
        exact::flows(circle, balances)
    } else {
        residuals::flows(circle, &residuals::gross(circle, balances)?)
    };
    flows.and_then(|flows| flows::balanced(circle, balances, &flows)).ok_or(CircleFault::Overflow)
}
