//! An explanation as text for people, as csv and as JSON.

mod json;
mod rows;
mod text;

pub use json::json;
pub use rows::csv;
pub use text::human;

use crate::classify::trace::Outcome;
use crate::explain::{Forward, Found, Listed, Rows, ShareOf, Way};
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
    /// For the listed lines, the rules on the way.
    pub through: Vec<(usize, Vec<usize>)>,
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
