//! `showback` reads the month's cost exports, moves every cent to services and business units by rules that a
//! person can read, and writes workbooks, statements and a draft journal.
//!
//! Money moves one way, and each arrow is one public function:
//!
//! ```text
//! exports ─► sources ─► line groups ─► classify ─► opening balances ─► allocate ─► ledger ─► charge lines ─► reports ─► writers
//!          sources::read            classify::classify           allocation::allocate   rounding::round   reports::*   writers::*
//! ```
//!
//! | module | what it is |
//! | --- | --- |
//! | [`money`], [`shares`], [`period`], [`schedule`], [`dimension`], [`finding`] | the ground: exact numbers, splitting, days, members, messages; knows nobody above |
//! | [`files`], [`tables`] | bytes to rows |
//! | [`rulebook`], [`model`], [`driver`], [`footprint`] | what the rules say, with their tables |
//! | [`sources`], [`classify`], [`allocation`], [`ledger`], [`rounding`] | the stages |
//! | [`journal`], [`reports`], [`writers`] | what comes out |
//! | [`explain`] | where a figure came from, and where a cost went |
//! | [`cli`] | the commands; the only one that knows all of them |

pub mod allocation;
pub mod beside;
pub mod classify;
pub mod cli;
pub mod compare;
pub mod dimension;
pub mod driver;
pub mod exchange;
pub mod explain;
pub mod files;
pub mod finding;
pub mod footprint;
pub mod fx;
pub mod journal;
pub mod ledger;
pub mod methods;
pub mod model;
pub mod money;
pub mod period;
pub mod reports;
pub mod rounding;
pub mod rulebook;
pub mod schedule;
mod shared;
pub mod shares;
pub mod sources;
pub mod tables;
pub mod writers;
