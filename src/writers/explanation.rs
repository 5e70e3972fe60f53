//! An explanation as text for people, as csv and as JSON.

mod json;
mod rows;
mod text;

pub use json::json;
pub use rows::csv;
pub use text::human;

use crate::classify::trace::Outcome;
use crate::explain::{Forward, Found, Graph, Hop, Listed, Part, Rows, ShareOf, Way};
use crate::money::Amount;

/// What is explained, with what there is to say of it.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// What it is of.
    pub title: String,
    /// The figure that a cost is followed into, where it is not everything.
    pub within: Option<String>,
    /// The charge lines of a figure.
    pub lines: Vec<usize>,
    /// The parts of a figure.
    pub listed: Option<Listed>,
    /// How the money of a figure came.
    pub way: Way,
    /// The rows of a figure.
    pub rows: Option<Rows>,
    /// A row, with what rules made of it.
    pub found: Option<Found>,
    /// Who pays for a cost.
    pub forward: Option<Forward>,
    /// The opening balances that were followed.
    pub origins: Vec<ShareOf>,
    /// The charge lines that a cost is followed into, where not all are meant.
    pub only: Option<Vec<usize>>,
    /// For the listed lines, the rules that moved money on its way there, with how much, largest first.
    pub through: Vec<(usize, Vec<(usize, Amount)>)>,
}

/// What came by a rule, or entered.
enum Branch<'w> {
    Hop(&'w Hop),
    Part(&'w Part),
}

/// What a way is made of, largest first: the first `top`, then how many others there are and what they add up to.
fn branches(way: &Way, top: usize) -> (Vec<(Amount, Branch<'_>)>, usize, Amount) {
    let hops = way.hops.iter().map(|hop| (hop.amount, Branch::Hop(hop)));
    let mut all: Vec<(Amount, Branch<'_>)> =
        hops.chain(way.entered.iter().map(|part| (part.amount, Branch::Part(part)))).collect();
    all.sort_by_key(|(amount, _)| std::cmp::Reverse(amount.abs()));
    let others = all.split_off(top.min(all.len()));
    (all, others.len(), others.iter().map(|(amount, _)| *amount).sum())
}

/// How many rows of a figure are not listed, and what they add up to.
fn other_rows(rows: &Rows, listed: Option<&Listed>) -> (u64, Amount) {
    let shown: Amount = rows.largest.iter().map(|row| row.amount).sum();
    let parts: Amount = listed.iter().flat_map(|listed| &listed.parts).map(|part| part.amount).sum();
    (rows.count.saturating_sub(rows.largest.len() as u64), parts - shown)
}

/// The charge lines that are meant, with their parts.
fn of_lines(explanation: &Explanation, forward: &Forward) -> Vec<(usize, Amount)> {
    let is_meant = |line: &usize| explanation.only.as_ref().is_none_or(|only| only.binary_search(line).is_ok());
    forward.lines.iter().filter(|(line, _)| is_meant(line)).copied().collect()
}

fn outcome_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Set(dimension, member) => format!("{dimension} = {member}"),
        Outcome::TooLate { dimension, member, earlier } => {
            format!("would say {dimension} = {member}, but `{earlier}` comes before it and has said it")
        }
        Outcome::NoMember(why) => why.clone(),
        Outcome::NoRow(looked_for) => format!("its table has no row for {looked_for}"),
        Outcome::AllButOne { column, value, expected } => {
            let value = if value.is_empty() { "blank".to_owned() } else { format!("`{value}`") };
            format!("all but one condition hold: {column} is {value}, expected {column} {expected}")
        }
        Outcome::NotValid(valid) => format!("it matches, and holds {valid} only"),
    }
}

/// A charge line by its members, for people: `Retail · Desk · Software (idle)`.
fn line_in_words(graph: &Graph, line: usize) -> String {
    let mut named: Vec<&str> = Vec::new();
    let mut rest: Vec<String> = Vec::new();
    for (column, value) in graph.columns.iter().zip(&graph.lines[line].values) {
        let value: &str = value;
        match column.as_str() {
            _ if value.is_empty() => {}
            "for_period" if value == graph.period => {}
            "kind" if value == "cost" => {}
            "for_period" => rest.push(format!("for {value}")),
            "kind" | "reason" => rest.push(value.to_owned()),
            _ => named.push(value),
        }
    }
    let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(", ")) };
    format!("{}{rest}", named.join(" · "))
}
