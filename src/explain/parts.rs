//! The parts of a figure and of an opening balance. They add up, with the rounding as a part of its own.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::Fault;
use super::graph::Graph;
use super::weights::backward;
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
        let found = backward(graph, &[line])?;
        let part = |(origin, amount): &ShareOf| match found.weight(graph.origins[*origin].place) {
            Some(weight) => weight.part_of(*amount).ok_or(Fault::TooLarge),
            None => Ok(Amount::ZERO),
        };
        Ok((line, origins.iter().map(part).sum::<Result<Amount, Fault>>()?))
    };
    let reached = reachable(graph, origins.iter().map(|(origin, _)| *origin));
    let is_reached = |line: &usize| graph.ends_of[*line].iter().any(|end| reached.contains(&graph.ends[*end].place));
    let all = (0..graph.lines.len()).into_par_iter().filter(is_reached);
    let mut lines: Vec<(usize, Amount)> = all.map(of_line).collect::<Result<_, _>>()?;
    lines.retain(|(_, part)| !part.is_zero());
    lines.sort_by_key(|(line, part)| (std::cmp::Reverse(part.abs()), *line));
    let difference = amount - lines.iter().map(|(_, part)| *part).sum();
    Ok(Forward { amount, lines, difference })
}

/// The places that money of opening balances may have come to.
pub(super) fn reachable(graph: &Graph, origins: impl Iterator<Item = usize>) -> FxHashSet<usize> {
    let mut open: Vec<usize> = origins.map(|origin| graph.origins[origin].place).collect();
    let mut seen: FxHashSet<usize> = open.iter().copied().collect();
    while let Some(place) = open.pop() {
        let place = &graph.places[place];
        let parts = place.sent.iter().flat_map(|(_, posting)| &graph.parts[graph.postings[*posting].parts.clone()]);
        open.extend(parts.map(|part| part.to).chain(place.into).filter(|next| seen.insert(*next)));
    }
    seen
}
