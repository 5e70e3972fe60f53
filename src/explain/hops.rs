//! The way of the money of a figure, hop by hop, from the last rule that moved it to where it entered.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, PlaceId};
use super::parts::{Part, PartOf};
use super::weights::{latest, of_step};
use super::{Fault, circle};
use crate::money::{Amount, Pot, Weight};

/// A hop is followed further when it brings at least this part of the figure: one in so many.
const FOLLOWED_ONE_IN: i128 = 20;

/// Hops one behind the other that are followed; rounds of an iterative method could make thousands.
const DEPTH_MAX: usize = 24;

/// What came to some places by one split of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The rule, by index into [`Graph::rules`].
    pub rule: usize,
    /// Whether it is a hop out of a loop, in which services hand on what they receive from each other.
    pub is_loop: bool,
    /// Where the money was.
    pub from: Vec<PlaceId>,
    /// Where it came to.
    pub to: Vec<PlaceId>,
    /// The receiver's quantity.
    pub quantity: Amount,
    /// The sum of all quantities.
    pub total: Amount,
    /// What was handed out of the places it was at.
    pub handed_out: Amount,
    /// What of it came to the places it came to.
    pub moved: Amount,
    /// What of that ends in the figure.
    pub amount: Amount,
    /// Where it came from in turn; empty where it is not followed further.
    pub before: Way,
}

/// Where money came from: what entered at its places, and the hops that brought the rest. They add up to it, but for
/// rounding to atoms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// What entered, and bills without cost behind them; largest first.
    pub entered: Vec<Part>,
    /// What came by rules; largest first.
    pub hops: Vec<Hop>,
}

/// The largest way to a charge line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainPath {
    /// The line.
    pub line: usize,
    /// At every place the hop that brought most, the last one first.
    pub hops: Vec<Hop>,
    /// What entered at the first place; none where the way is longer than anybody would read.
    pub end: Option<Part>,
}

/// Balances as of just before a moment, with the part of one unit of each that is asked for.
type Balances = BTreeMap<(PlaceId, usize), Weight>;

/// A hop with the balances it came from.
type Came = (Hop, Balances);

/// Hops that are told as one: step, rule, quantity, total, and the members of those dimensions that say who sends and
/// who receives.
type HopKey = (usize, usize, Amount, Amount, Vec<u32>, Vec<u32>);

#[derive(Default)]
struct Arriving {
    amount: Pot,
    moved: Amount,
    postings: BTreeSet<usize>,
    to: BTreeSet<PlaceId>,
    balances: BTreeMap<usize, Pot>,
}

/// The way to a figure, the sum of some charge lines.
///
/// # Errors
/// [`Fault`] when a loop cannot be solved or an amount leaves the range.
pub fn way(graph: &Graph, lines: &[usize]) -> Result<Way, Fault> {
    let balances = at_the_end(graph, lines)?;
    let figure: i128 = lines.iter().map(|line| graph.lines[*line].exact.atoms()).sum();
    follow(graph, &balances, figure.abs() / FOLLOWED_ONE_IN, 0)
}

/// The main path of each of the largest of some lines: at every place the hop that brought most, and at its end where
/// that money entered.
///
/// # Errors
/// As [`way`].
pub fn paths(graph: &Graph, lines: &[usize], count: usize) -> Result<Vec<MainPath>, Fault> {
    let mut lines = lines.to_vec();
    lines.sort_by_key(|line| (std::cmp::Reverse(graph.lines[*line].minor.abs()), *line));
    lines.truncate(count);
    lines.into_iter().map(|line| main_path(graph, line)).collect()
}

fn main_path(graph: &Graph, line: usize) -> Result<MainPath, Fault> {
    let mut balances = at_the_end(graph, &[line])?;
    let mut hops = Vec::new();
    while hops.len() < DEPTH_MAX {
        let (entered, arriving) = step_back(graph, &balances)?;
        let largest = arriving.into_iter().next();
        let first = entered.first().copied();
        match (largest, first) {
            (Some((hop, _)), Some(part)) if part.amount.abs() >= hop.amount.abs() => {
                return Ok(MainPath { line, hops, end: Some(part) });
            }
            (Some((hop, before)), _) => {
                hops.push(hop);
                balances = before;
            }
            (None, end) => return Ok(MainPath { line, hops, end }),
        }
    }
    Ok(MainPath { line, hops, end: None })
}

fn at_the_end(graph: &Graph, lines: &[usize]) -> Result<Balances, Fault> {
    let mut pots: BTreeMap<PlaceId, (Pot, Amount)> = BTreeMap::new();
    for end in lines.iter().flat_map(|line| &graph.ends_of[*line]).map(|end| &graph.ends[*end]) {
        let (pot, balance) = pots.entry(end.place).or_default();
        (*pot, *balance) = (std::mem::take(pot).add(end.amount, &Weight::one()), end.balance);
    }
    let end = 2 * graph.loops.len() + 2;
    let weight = |(place, (pot, balance)): (PlaceId, (Pot, Amount))| {
        pot.over(balance).map(|weight| ((place, end), weight)).ok_or(Fault::TooLarge)
    };
    pots.into_iter().map(weight).collect()
}

fn follow(graph: &Graph, balances: &Balances, least: i128, depth: usize) -> Result<Way, Fault> {
    let (entered, arriving) = step_back(graph, balances)?;
    let mut hops = Vec::with_capacity(arriving.len());
    for (mut hop, balances) in arriving {
        if hop.amount.abs().atoms() >= least.max(1) && depth < DEPTH_MAX {
            hop.before = follow(graph, &balances, least, depth + 1)?;
        }
        hops.push(hop);
    }
    Ok(Way { entered, hops })
}

/// What balances are made of: what entered there, and what the last hops brought, with the balances it came from.
fn step_back(graph: &Graph, balances: &Balances) -> Result<(Vec<Part>, Vec<Came>), Fault> {
    let mut entered: BTreeMap<PartOf, Pot> = BTreeMap::new();
    let mut arriving: BTreeMap<HopKey, Arriving> = BTreeMap::new();
    let mut open: Vec<(PlaceId, usize, Weight)> =
        balances.iter().map(|((place, moment), weight)| (*place, *moment, weight.clone())).collect();
    while let Some((place, mut time, mut weight)) = open.pop() {
        let at = &graph.places[place];
        while let Some(moment) = latest(graph, place, time).filter(|_| !weight.is_zero()) {
            time = moment;
            let step = moment / 2;
            if moment % 2 == 0 {
                let merged = of_step(&at.merged, step, |(step, ..)| *step);
                open.extend(merged.iter().map(|(_, finer, _)| (*finer, moment, weight.clone())));
                continue;
            }
            let sent = of_step(&at.sent, step, |(step, _)| *step).first().map(|(_, posting)| &graph.postings[*posting]);
            let left = |weight: &Weight| match sent {
                Some(posting) if !posting.taken.is_zero() => {
                    let rest = Pot::default().add(posting.balance - posting.taken, weight);
                    rest.over(posting.balance).unwrap_or_default()
                }
                _ => weight.clone(),
            };
            if graph.loops[step] {
                // What is left on a sender of a loop is of all it had, what it received in the loop included.
                weight = left(&weight);
            }
            for (_, part) in of_step(&at.arrived, step, |(step, _)| *step) {
                let part = &graph.parts[*part];
                let posting = &graph.postings[part.posting];
                if posting.taken.is_zero() {
                    let pot = entered.entry(PartOf::Bill(part.posting)).or_default();
                    *pot = std::mem::take(pot).add(part.amount, &weight);
                    continue;
                }
                let (from, to) = graph.who(posting.from, place);
                let key = (step, posting.rule, part.quantity, part.total, from, to);
                let hop = arriving.entry(key).or_default();
                hop.amount = std::mem::take(&mut hop.amount).add(part.amount, &weight);
                hop.moved += part.amount;
                hop.postings.insert(part.posting);
                hop.to.insert(place);
                let pot = hop.balances.entry(part.posting).or_default();
                *pot = std::mem::take(pot).add(part.amount, &weight);
            }
            if !graph.loops[step] {
                weight = left(&weight);
            }
        }
        for origin in &at.opened {
            let pot = entered.entry(PartOf::Origin(*origin)).or_default();
            *pot = std::mem::take(pot).add(graph.origins[*origin].amount, &weight);
        }
    }
    let mut parts = Vec::with_capacity(entered.len());
    for (of, pot) in entered {
        parts.push(Part { of, amount: pot.amount().ok_or(Fault::TooLarge)? });
    }
    parts.retain(|part| !part.amount.is_zero());
    parts.sort_by_key(|part| (std::cmp::Reverse(part.amount.abs()), part.of));
    let mut hops = Vec::with_capacity(arriving.len());
    for ((step, rule, quantity, total, ..), arrived) in arriving {
        let is_loop = graph.loops[step];
        let postings = || arrived.postings.iter().map(|at| &graph.postings[*at]);
        let from: BTreeSet<PlaceId> = postings().map(|posting| posting.from).collect();
        let hop = Hop {
            rule,
            is_loop,
            from: from.into_iter().collect(),
            to: arrived.to.into_iter().collect(),
            quantity,
            total,
            handed_out: postings().map(|posting| posting.taken).sum(),
            moved: arrived.moved,
            amount: arrived.amount.amount().ok_or(Fault::TooLarge)?,
            before: Way::default(),
        };
        let balances = before_step(graph, step, arrived.balances)?;
        if !hop.amount.is_zero() {
            hops.push((hop, balances));
        }
    }
    // A stable sort keeps the order of steps, last first, among equals.
    hops.reverse();
    hops.sort_by_key(|(hop, _)| std::cmp::Reverse(hop.amount.abs()));
    Ok((parts, hops))
}

/// The balances that postings of a step took from, each with its weight for what they brought.
fn before_step(graph: &Graph, step: usize, brought: BTreeMap<usize, Pot>) -> Result<Balances, Fault> {
    let moment = 2 * step + 1;
    let mut weights: BTreeMap<usize, Weight> = BTreeMap::new();
    for (at, pot) in brought {
        let posting = &graph.postings[at];
        weights.insert(at, pot.over(posting.balance).ok_or(Fault::TooLarge)?);
    }
    if !graph.loops[step] {
        return Ok(weights.into_iter().map(|(at, weight)| ((graph.postings[at].from, moment), weight)).collect());
    }
    let senders = circle::upstream(graph, weights.keys().copied().collect());
    let solved = circle::solve(graph, &senders, None, |at| Ok(weights.get(&at).cloned().unwrap_or_default()))?;
    Ok(solved.into_iter().map(|(place, weight)| ((place, moment), weight)).collect())
}
