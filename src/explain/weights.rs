//! Backward: which part of every opening balance ends in a figure.
//!
//! One pass over the steps, from the last to the first. A place's weight is the part of one unit of money there that
//! ends in the figure. Where a posting takes `T` of a balance `B`,
//!
//! ```text
//! weight before = (Σ part × weight of where it goes + (B − T) × weight after) / B
//! ```
//!
//! and the senders of a loop, who hand on what they receive from each other, are solved together ([`super::circle`]).
//! Only places that money of the figure came through are looked at.

use std::collections::{BTreeSet, BinaryHeap};

use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::{Graph, PlaceId};
use super::{Fault, circle};
use crate::money::{Amount, Pot, Weight};

/// What a figure is made of.
#[derive(Clone, Debug, Default)]
pub struct Backward {
    /// Weights of the places where money entered.
    pub(super) weights: FxHashMap<PlaceId, Weight>,
    /// Bills that no cost is behind: posting, and what of it is in the figure.
    pub(super) bills: Vec<(usize, Amount)>,
    /// Rules by which money of the figure may have come, in order.
    pub(super) rules: Vec<usize>,
}

impl Backward {
    /// The weight of a place where money entered.
    #[must_use]
    pub fn weight(&self, place: PlaceId) -> Option<&Weight> {
        self.weights.get(&place)
    }
}

/// Works out the weights of a figure, which is the sum of some charge lines.
///
/// # Errors
/// [`Fault`] when a loop cannot be solved or an amount leaves the range.
pub fn backward(graph: &Graph, lines: &[usize]) -> Result<Backward, Fault> {
    backward_without(graph, lines, None)
}

/// As [`backward`], of the money only that a rule did not move on its way.
pub(super) fn backward_without(graph: &Graph, lines: &[usize], without: Option<usize>) -> Result<Backward, Fault> {
    let mut pass = Pass {
        graph,
        without,
        weights: FxHashMap::default(),
        next: BinaryHeap::new(),
        bills: Vec::new(),
        rules: BTreeSet::new(),
    };
    let end = graph.loops.len();
    let mut at_ends: FxHashMap<PlaceId, (Pot, Amount)> = FxHashMap::default();
    for end in lines.iter().flat_map(|line| &graph.ends_of[*line]).map(|end| &graph.ends[*end]) {
        let (pot, balance) = at_ends.entry(end.place).or_default();
        (*pot, *balance) = (std::mem::take(pot).add(end.amount, &Weight::one()), end.balance);
    }
    for (place, (pot, balance)) in at_ends {
        let weight = pot.over(balance).ok_or(Fault::TooLarge)?;
        pass.activate(place, weight, 2 * end + 2);
    }
    while let Some(time) = pass.next.peek().map(|(time, _)| *time) {
        let mut places = Vec::new();
        while let Some((_, place)) = pass.next.peek().filter(|(other, _)| *other == time) {
            places.push(*place);
            pass.next.pop();
        }
        places.sort_unstable();
        places.dedup();
        if time % 2 == 0 { pass.spread(time, &places) } else { pass.post(time, &places)? }
    }
    // What is still there entered there; weights of places that were emptied or merged are gone.
    let mut bills = pass.bills;
    bills.sort_unstable();
    Ok(Backward { weights: pass.weights, bills, rules: pass.rules.into_iter().collect() })
}

/// Moments: `2 × step` is when balances are added up before a step, `2 × step + 1` the step itself.
type Moment = usize;

struct Pass<'g> {
    graph: &'g Graph,
    /// A rule whose parts count nothing.
    without: Option<usize>,
    weights: FxHashMap<PlaceId, Weight>,
    /// Places with the latest moment at which something happened to them that is not yet looked at.
    next: BinaryHeap<(Moment, PlaceId)>,
    bills: Vec<(usize, Amount)>,
    rules: BTreeSet<usize>,
}

/// The latest moment before `time` at which something happened to a place.
pub(super) fn latest(graph: &Graph, place: PlaceId, time: Moment) -> Option<Moment> {
    let place = &graph.places[place];
    let before = |steps: usize| steps.checked_sub(1);
    let arrived = before(place.arrived.partition_point(|(step, _)| 2 * step + 1 < time));
    let sent = before(place.sent.partition_point(|(step, _)| 2 * step + 1 < time));
    let merged = before(place.merged.partition_point(|(step, ..)| 2 * step < time));
    let moments = [
        arrived.map(|at| 2 * place.arrived[at].0 + 1),
        sent.map(|at| 2 * place.sent[at].0 + 1),
        merged.map(|at| 2 * place.merged[at].0),
    ];
    moments.into_iter().flatten().max()
}

/// The items of a step in a list that is sorted by step.
pub(super) fn of_step<T>(list: &[T], step: usize, step_of: impl Fn(&T) -> usize) -> &[T] {
    let begin = list.partition_point(|item| step_of(item) < step);
    let end = list.partition_point(|item| step_of(item) <= step);
    &list[begin..end]
}

impl Pass<'_> {
    /// Gives a place a weight as of just before `time`.
    fn activate(&mut self, place: PlaceId, weight: Weight, time: Moment) {
        if weight.is_zero() {
            self.weights.remove(&place);
            return;
        }
        self.weights.insert(place, weight);
        if let Some(moment) = latest(self.graph, place, time) {
            self.next.push((moment, place));
        }
    }

    /// Finer places have the weight of the one they were added up into.
    fn spread(&mut self, time: Moment, places: &[PlaceId]) {
        for place in places {
            let Some(weight) = self.weights.get(place).cloned() else { continue };
            for (_, finer, _) in of_step(&self.graph.places[*place].merged, time / 2, |(step, ..)| *step) {
                self.activate(*finer, weight.clone(), time);
            }
            self.activate(*place, weight, time);
        }
    }

    fn post(&mut self, time: Moment, places: &[PlaceId]) -> Result<(), Fault> {
        let (graph, step) = (self.graph, time / 2);
        let touched = |place: &PlaceId| {
            let place = &graph.places[*place];
            let into =
                of_step(&place.arrived, step, |(step, _)| *step).iter().map(|(_, part)| graph.parts[*part].posting);
            into.chain(of_step(&place.sent, step, |(step, _)| *step).iter().map(|(_, posting)| *posting))
        };
        let active = places.iter().filter(|place| self.weights.contains_key(place));
        let mut postings: Vec<usize> = active.flat_map(touched).collect();
        postings.sort_unstable();
        postings.dedup();
        let before = if graph.loops[step] { self.of_loop(postings)? } else { self.of_step(&postings)? };
        let mut waiting: Vec<(PlaceId, Weight)> = Vec::with_capacity(places.len());
        let senders: FxHashSet<PlaceId> = before.iter().map(|(sender, _)| *sender).collect();
        for place in places {
            if !senders.contains(place)
                && let Some(weight) = self.weights.get(place)
            {
                waiting.push((*place, weight.clone()));
            }
        }
        for (place, weight) in before.into_iter().chain(waiting) {
            self.activate(place, weight, time);
        }
        Ok(())
    }

    /// Weights of senders before a step in which they hand on what they had when it began.
    fn of_step(&mut self, postings: &[usize]) -> Result<Vec<(PlaceId, Weight)>, Fault> {
        let mut before = Vec::with_capacity(postings.len());
        for at in postings {
            let posting = &self.graph.postings[*at];
            self.rules.insert(posting.rule);
            let mut pot = Pot::default();
            for part in posting.parts_without(self.graph, self.without) {
                if let Some(weight) = self.weights.get(&part.to) {
                    pot = pot.add(part.amount, weight);
                }
            }
            if posting.taken.is_zero() {
                // A bill without cost behind it, booked as a pair: it begins here.
                let amount = pot.amount().ok_or(Fault::TooLarge)?;
                if !amount.is_zero() {
                    self.bills.push((*at, amount));
                }
                continue;
            }
            if let Some(weight) = self.weights.get(&posting.from) {
                pot = pot.add(posting.balance - posting.taken, weight);
            }
            before.push((posting.from, pot.over(posting.balance).ok_or(Fault::TooLarge)?));
        }
        Ok(before)
    }

    /// Weights of the senders of a loop before it: of all that any money of the figure came through.
    fn of_loop(&mut self, postings: Vec<usize>) -> Result<Vec<(PlaceId, Weight)>, Fault> {
        let senders = circle::upstream(self.graph, postings);
        self.rules.extend(senders.iter().map(|at| self.graph.postings[*at].rule));
        circle::solve(self.graph, &senders, self.without, |at| {
            let posting = &self.graph.postings[at];
            let mut pot = Pot::default();
            for part in posting.parts_without(self.graph, self.without) {
                // What goes to another sender of the loop is handed on in it.
                if let Some(weight) = self.weights.get(&part.to)
                    && !circle::is_sender(self.graph, part.to, posting.step)
                {
                    pot = pot.add(part.amount, weight);
                }
            }
            if let Some(weight) = self.weights.get(&posting.from) {
                pot = pot.add(posting.balance - posting.taken, weight);
            }
            pot.over(posting.balance).ok_or(Fault::TooLarge)
        })
    }
}
