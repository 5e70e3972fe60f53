//! The parts of a figure and of an opening balance. They add up, with the rounding as a part of its own.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::Fault;
use super::graph::Graph;
use super::weights::{Backward, backward, backward_without};
use crate::money::Amount;

/// Where a part of a figure began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartOf {
    /// An opening balance, by index.
    Origin(usize),
    /// A bill that no cost is behind, by the index of its posting: it begins with its rule.
    Bill(usize),
}

/// A part of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it began.
    pub of: PartOf,
    /// How much of the figure it is.
    pub amount: Amount,
}

/// The parts of a figure, largest first, with what rounding adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The figure, as the sum of rounded charge lines.
    pub figure: Amount,
    /// Its parts.
    pub parts: Vec<Part>,
    /// Figure minus parts: what the charge lines were rounded by, and less than an atom a hop.
    pub rounding: Amount,
}

/// The parts of a charge line in everything that money of it began as.
fn parts_of_line(graph: &Graph, line: usize) -> Result<Vec<Part>, Fault> {
    let found = backward(graph, &[line])?;
    let mut parts = Vec::new();
    for (place, weight) in &found.weights {
        for origin in &graph.places[*place].opened {
            let amount = weight.part_of(graph.origins[*origin].amount).ok_or(Fault::TooLarge)?;
            parts.push(Part { of: PartOf::Origin(*origin), amount });
        }
    }
    parts.extend(found.bills.iter().map(|(posting, amount)| Part { of: PartOf::Bill(*posting), amount: *amount }));
    parts.retain(|part| !part.amount.is_zero());
    Ok(parts)
}

/// The parts of a figure, the sum of some charge lines: those of each line, added up.
///
/// # Errors
/// [`Fault`] when a loop cannot be solved or an amount leaves the range.
pub fn backward_parts(graph: &Graph, lines: &[usize]) -> Result<Listed, Fault> {
    let of_lines: Vec<Vec<Part>> =
        lines.par_iter().map(|line| parts_of_line(graph, *line)).collect::<Result<_, _>>()?;
    let mut sums: BTreeMap<PartOf, Amount> = BTreeMap::new();
    for part in of_lines.into_iter().flatten() {
        *sums.entry(part.of).or_default() += part.amount;
    }
    let mut parts: Vec<Part> = sums.into_iter().map(|(of, amount)| Part { of, amount }).collect();
    parts.retain(|part| !part.amount.is_zero());
    parts.sort_by_key(|part| (std::cmp::Reverse(part.amount.abs()), part.of));
    let minor: i128 = lines.iter().map(|line| graph.lines[*line].minor).sum();
    let figure = graph.currency.amount(minor);
    let rounding = figure - parts.iter().map(|part| part.amount).sum();
    Ok(Listed { figure, parts, rounding })
}

/// Where money went that entered as some opening balances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// The money.
    pub amount: Amount,
    /// Charge lines by index with their parts of it, largest first.
    pub lines: Vec<(usize, Amount)>,
    /// The money minus these parts: less than an atom a line, and what other money has cancelled out.
    pub difference: Amount,
}

/// Money that entered as an opening balance, or as a row of one: index of the balance, amount.
pub type ShareOf = (usize, Amount);

/// Who pays for opening balances, or for shares of them: the parts of all charge lines that money of them reaches.
///
/// # Errors
/// As [`backward_parts`].
pub fn forward(graph: &Graph, origins: &[ShareOf]) -> Result<Forward, Fault> {
    let amount: Amount = origins.iter().map(|(_, amount)| *amount).sum();
    let of_line = |line: usize| -> Result<(usize, Amount), Fault> {
        Ok((line, part_of_shares(graph, &backward(graph, &[line])?, origins)?))
    };
    let (reached, _) = reachable(graph, origins);
    let is_reached = |line: &usize| graph.ends_of[*line].iter().any(|end| reached.contains(&graph.ends[*end].place));
    let all = (0..graph.lines.len()).into_par_iter().filter(is_reached);
    let mut lines: Vec<(usize, Amount)> = all.map(of_line).collect::<Result<_, _>>()?;
    lines.retain(|(_, part)| !part.is_zero());
    lines.sort_by_key(|(line, part)| (std::cmp::Reverse(part.abs()), *line));
    let difference = amount - lines.iter().map(|(_, part)| *part).sum();
    Ok(Forward { amount, lines, difference })
}

/// What of opening balances, or shares of them, is in the figure that weights are of.
fn part_of_shares(graph: &Graph, found: &Backward, origins: &[ShareOf]) -> Result<Amount, Fault> {
    let part = |(origin, amount): &ShareOf| match found.weight(graph.origins[*origin].place) {
        Some(weight) => weight.part_of(*amount).ok_or(Fault::TooLarge),
        None => Ok(Amount::ZERO),
    };
    origins.iter().map(part).sum()
}

/// The places that money of opening balances may have come to, and the rules that may have moved it.
fn reachable(graph: &Graph, origins: &[ShareOf]) -> (FxHashSet<usize>, BTreeSet<usize>) {
    let mut open: Vec<usize> = origins.iter().map(|(origin, _)| graph.origins[*origin].place).collect();
    let mut seen: FxHashSet<usize> = open.iter().copied().collect();
    let mut rules = BTreeSet::new();
    while let Some(place) = open.pop() {
        let place = &graph.places[place];
        let postings = || place.sent.iter().map(|(_, posting)| &graph.postings[*posting]);
        rules.extend(postings().map(|posting| posting.rule));
        let parts = postings().flat_map(|posting| &graph.parts[posting.parts.clone()]);
        open.extend(parts.map(|part| part.to).chain(place.into).filter(|next| seen.insert(*next)));
    }
    (seen, rules)
}

/// Less than this is what is cut off of weights, not money that came by a rule: a million atoms.
const NOT_NOTHING: i128 = 1_000_000;

/// The rules that moved money of opening balances, or of shares of them, on its way into charge lines, with how much of what ends
/// there each of them moved; largest first, and the first to move it first among equals. Money that several rules moved
/// one after the other is counted at each of them.
///
/// What a rule moved is what would not be in the line if what the rule moves counted nothing.
///
/// # Errors
/// As [`backward_parts`].
pub fn rules_between(graph: &Graph, origins: &[ShareOf], lines: &[usize]) -> Result<Vec<Vec<(usize, Amount)>>, Fault> {
    let (_, reachable) = reachable(graph, origins);
    let of_line = |line: &usize| -> Result<Vec<(usize, Amount)>, Fault> {
        let found = backward(graph, &[*line])?;
        let whole = part_of_shares(graph, &found, origins)?;
        let moved = |rule: &usize| -> Result<(usize, Amount), Fault> {
            let others = backward_without(graph, &[*line], Some(*rule))?;
            Ok((*rule, whole - part_of_shares(graph, &others, origins)?))
        };
        let rules: Vec<usize> = found.rules.iter().copied().filter(|rule| reachable.contains(rule)).collect();
        let mut rules: Vec<(usize, Amount)> = rules.par_iter().map(moved).collect::<Result<_, _>>()?;
        rules.retain(|(_, amount)| amount.atoms().abs() > NOT_NOTHING);
        rules.sort_by_key(|(rule, amount)| (std::cmp::Reverse(graph.currency.round(*amount).abs()), *rule));
        Ok(rules)
    };
    lines.par_iter().map(of_line).collect()
}
