//! Explain: every figure back to its rows, every cost forward to who pays.
//!
//! A figure is a sum of charge lines. Its money came from opening balances through the entries of a run, and the part
//! of each opening balance is its amount times the weight of the place it entered at: how much of one unit of money
//! there ends in the figure (`weights`). The part of an opening balance in a charge line is defined once, by the
//! weights of that line, and read both ways: who asks where a line came from and who asks where a balance went get the
//! same digits.
//!
//! All of it works on a [`Graph`]: of a run in memory ([`Graph::of`]), or of a published one ([`Graph::read`]), which
//! does not need the exports any more.
//!
//! | module | what it knows |
//! | --- | --- |
//! | `graph` | the replay of a run, and that it arrives at the closing balances |
//! | `of_run`, `published` | where a graph comes from |
//! | `weights`, `circle` | weights carried back; loops by their solved shares |
//! | `parts` | the parts of figures and of opening balances, which add up |
//! | `hops` | the way of the money, hop by hop, as a tree |
//! | `rows` | the rows of the exports behind opening balances |
//! | `words` | sentences |

mod circle;
mod graph;
mod hops;
mod of_run;
mod parts;
mod published;
mod rows;
mod weights;
mod words;

use std::fmt;

pub use graph::{Graph, Line, Origin, PlaceId, RuleWords};
pub use hops::{Hop, MainPath, Way, paths, way};
pub use parts::{Forward, Listed, Part, PartOf, ShareOf, backward_parts, forward, rules_between};
pub use published::Evidence;
pub use rows::{Found, RowPart, Rows, find_row, rows_of};
pub use weights::{Backward, backward};
pub use words::{began_at, hop_in_words, origin_in_words, part_in_words, path_in_words};

use crate::money::Amount;

/// Why nothing can be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The folder holds no finished run, or not what a run of this version writes; with what is missing.
    NoRun(String),
    /// A published file is not as the run wrote it.
    Changed(String),
    /// Opening balances and entries do not lead to what stands there.
    Differs {
        /// What was compared.
        what: String,
        /// What stands there.
        expected: Amount,
        /// Where the replay came to.
        found: Amount,
    },
    /// The weights of a loop cannot be worked out: it lets almost nothing out.
    NoConvergence,
    /// An amount is beyond what the program can hold.
    TooLarge,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoRun(what) | Fault::Changed(what) => f.write_str(what),
            Fault::Differs { what, expected, found } => {
                write!(f, "the entries do not lead to {what}: it is {expected}, they come to {found}")
            }
            Fault::NoConvergence => f.write_str("a loop lets so little out that its shares cannot be worked out"),
            Fault::TooLarge => f.write_str("an amount is beyond what the program can hold"),
        }
    }
}

/// Which charge lines make up a figure: for each of some columns the values that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// Column and values; any of them.
    pub wanted: Vec<(String, Vec<String>)>,
}

impl Figure {
    /// The lines of the figure, as indices.
    #[must_use]
    pub fn lines(&self, graph: &Graph) -> Vec<usize> {
        let at: Vec<(Option<usize>, &Vec<String>)> = self
            .wanted
            .iter()
            .map(|(column, values)| (graph.columns.iter().position(|name| name == column), values))
            .collect();
        let is_wanted = |line: &Line| {
            at.iter().all(|(at, values)| {
                let value = at.map_or(line.id.as_str(), |at| &*line.values[at]);
                values.iter().any(|wanted| wanted == value)
            })
        };
        (0..graph.lines.len()).filter(|at| is_wanted(&graph.lines[*at])).collect()
    }
}
