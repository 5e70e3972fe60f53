//! Loops: the weights of senders that hand on what they receive from each other.
//!
//! A sender's weight is what it hands out times the weight of who gets it, and of those some are senders of the same
//! loop. Floating point guesses, and what is left open, in integers, decides, as in the solver of reciprocal groups.
#![allow(clippy::float_arithmetic, reason = "floats only guide the search; integer residuals decide")]

use rustc_hash::{FxHashMap, FxHashSet};

use super::Fault;
use super::graph::{Graph, PlaceId};
use super::weights::of_step;
use crate::money::{Amount, Weight};

/// Binary digits of the sum of all residuals at which a loop is solved, in units of 2^-192. What a loop lets out each
/// round may be as little as 10^-13, so weights are right to 130 digits behind the point or more.
const OPEN_BITS: u64 = 16;

/// Sweeps for one guess.
const SWEEPS_MAX: usize = 200;

/// Corrections at most. Each takes off some 10 digits; there are 58.
const PASSES_MAX: usize = 64;

/// Binary digits that a correction must take off at least, or sweeps give way to factors.
const GAIN_BITS: u64 = 6;

/// Senders up to which a loop is factorised where sweeps are slow.
const FACTORS_MAX: usize = 2_000;

/// The postings of a loop from which money comes to `postings`, themselves included, in ascending order.
pub(super) fn upstream(graph: &Graph, postings: Vec<usize>) -> Vec<usize> {
    let mut seen: FxHashSet<usize> = postings.iter().copied().collect();
    let mut open = postings;
    while let Some(at) = open.pop() {
        let posting = &graph.postings[at];
        for (_, part) in of_step(&graph.places[posting.from].arrived, posting.step, |(step, _)| *step) {
            let sender = graph.parts[*part].posting;
            if seen.insert(sender) {
                open.push(sender);
            }
        }
    }
    let mut all: Vec<usize> = seen.into_iter().collect();
    all.sort_unstable();
    all
}

/// Senders with what they hand to each other.
struct System {
    /// By sender: who gets what part of what it has.
    shares: Vec<Vec<(usize, Weight)>>,
    /// By sender: the weight of what leaves the loop or stays.
    outside: Vec<Weight>,
}

/// The weights before a loop of the senders of `postings`, which must be closed upstream. `outside` gives the weight of
/// what a posting hands out of the loop, or leaves, by one unit of what its sender has in all. What the rule `without` moves
/// counts nothing.
pub(super) fn solve(
    graph: &Graph,
    postings: &[usize],
    without: Option<usize>,
    outside: impl Fn(usize) -> Result<Weight, Fault>,
) -> Result<Vec<(PlaceId, Weight)>, Fault> {
    let senders: Vec<usize> = postings.iter().copied().filter(|at| !graph.postings[*at].balance.is_zero()).collect();
    let number: FxHashMap<PlaceId, usize> =
        senders.iter().enumerate().map(|(at, posting)| (graph.postings[*posting].from, at)).collect();
    let mut system = System { shares: Vec::new(), outside: Vec::new() };
    for at in &senders {
        let posting = &graph.postings[*at];
        let mut inside: FxHashMap<usize, Amount> = FxHashMap::default();
        for part in posting.parts_without(graph, without) {
            if let Some(sender) = number.get(&part.to) {
                *inside.entry(*sender).or_default() += part.amount;
            }
        }
        let share = |(sender, amount)| Weight::of(amount, posting.balance).map(|share| (sender, share));
        let mut shares: Vec<(usize, Weight)> = inside.into_iter().filter_map(share).collect();
        shares.sort_unstable_by_key(|(sender, _)| *sender);
        system.shares.push(shares);
        system.outside.push(outside(*at)?);
    }
    let weights = system.solve().ok_or(Fault::NoConvergence)?;
    Ok(senders.iter().map(|at| graph.postings[*at].from).zip(weights).collect())
}

/// Whether a place sends in a step.
pub(super) fn is_sender(graph: &Graph, place: PlaceId, step: usize) -> bool {
    !of_step(&graph.places[place].sent, step, |(step, _)| *step).is_empty()
}

impl System {
    /// What is open when the senders have `weights`.
    fn open(&self, weights: &[Weight]) -> Vec<Weight> {
        let open = |(at, shares): (usize, &Vec<(usize, Weight)>)| {
            let mut open = self.outside[at].clone();
            open -= &weights[at];
            for (sender, share) in shares {
                open += &share.times(&weights[*sender]);
            }
            open
        };
        self.shares.iter().enumerate().map(open).collect()
    }

    fn solve(&self) -> Option<Vec<Weight>> {
        let shares: Vec<Vec<(usize, f64)>> = self
            .shares
            .iter()
            .map(|shares| shares.iter().map(|(sender, share)| (*sender, share.as_float())).collect())
            .collect();
        let mut weights = vec![Weight::zero(); self.outside.len()];
        let mut open = self.open(&weights);
        let mut factors: Option<Factors> = None;
        for _ in 0..PASSES_MAX {
            let size = open.iter().map(Weight::bits).max().unwrap_or(0);
            if size <= OPEN_BITS {
                return Some(weights);
            }
            let wanted: Vec<f64> = open.iter().map(|weight| weight.as_scaled(size)).collect();
            let guess = factors.as_ref().map_or_else(|| sweeps(&shares, &wanted), |factors| factors.guess(&wanted));
            for (weight, correction) in weights.iter_mut().zip(guess) {
                *weight += &Weight::from_scaled(correction, size);
            }
            open = self.open(&weights);
            let now = open.iter().map(Weight::bits).max().unwrap_or(0);
            if now > OPEN_BITS && now + GAIN_BITS > size {
                if factors.is_some() || shares.len() > FACTORS_MAX {
                    return None;
                }
                factors = Some(Factors::new(&shares));
                weights = vec![Weight::zero(); self.outside.len()];
                open = self.open(&weights);
            }
        }
        None
    }
}

/// Every sender in turn takes the weights of the others as they are by now (Gauss-Seidel).
fn sweeps(shares: &[Vec<(usize, f64)>], wanted: &[f64]) -> Vec<f64> {
    let mut weights = wanted.to_vec();
    for _ in 0..SWEEPS_MAX {
        let mut change = 0f64;
        for at in (0..shares.len()).rev() {
            let (mut sum, mut own) = (wanted[at], 0.0);
            for (sender, share) in &shares[at] {
                if *sender == at { own += share } else { sum += share * weights[*sender] }
            }
            let weight = sum / (1.0 - own);
            change = change.max((weight - weights[at]).abs());
            weights[at] = weight;
        }
        if change < 1e-15 {
            break;
        }
    }
    weights
}

/// A loop taken apart sender by sender (Gaussian elimination), for loops that let little out.
struct Factors {
    count: usize,
    rows: Vec<f64>,
}

impl Factors {
    fn new(shares: &[Vec<(usize, f64)>]) -> Factors {
        let count = shares.len();
        let mut rows = vec![0.0; count * count];
        for (at, shares) in shares.iter().enumerate() {
            rows[at * count + at] = 1.0;
            for (sender, share) in shares {
                rows[at * count + sender] -= share;
            }
        }
        for pivot in 0..count {
            let (upper, lower) = rows.split_at_mut((pivot + 1) * count);
            let row = &upper[pivot * count..];
            for below in lower.chunks_exact_mut(count).filter(|below| below[pivot] != 0.0) {
                let factor = below[pivot] / row[pivot];
                below[pivot] = factor;
                below[pivot + 1..].iter_mut().zip(&row[pivot + 1..]).for_each(|(cell, other)| *cell -= factor * other);
            }
        }
        Factors { count, rows }
    }

    fn guess(&self, wanted: &[f64]) -> Vec<f64> {
        let row = |at: usize| &self.rows[at * self.count..(at + 1) * self.count];
        let mut weights = wanted.to_vec();
        for at in 0..self.count {
            let sum: f64 = row(at)[..at].iter().zip(&weights).map(|(cell, weight)| cell * weight).sum();
            weights[at] -= sum;
        }
        for at in (0..self.count).rev() {
            let sum: f64 = row(at)[at + 1..].iter().zip(&weights[at + 1..]).map(|(cell, weight)| cell * weight).sum();
            weights[at] = (weights[at] - sum) / row(at)[at];
        }
        weights
    }
}
