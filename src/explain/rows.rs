//! The rows behind opening balances: the exports are read once more, and only where they are as the run read them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::graph::Graph;
use super::parts::{Listed, PartOf, ShareOf};
use super::published::Evidence;
use super::{Backward, Fault};
use crate::classify::trace::{Traced, trace};
use crate::classify::{Opening, classify};
use crate::finding::Findings;
use crate::footprint::Footprint;
use crate::model::Model;
use crate::money::Amount;
use crate::rulebook::{CostDecl, RuleBook};
use crate::sources::{self, LineGroup, ReadAgain, RowSum, RowsWanted};

/// A row of an export with its part of a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPart {
    /// The source it is of.
    pub source: String,
    /// Its file.
    pub file: String,
    /// Line of the file, or row of the sheet.
    pub row: u64,
    /// Its money.
    pub money: Amount,
    /// Its hours, where the money is hours times a rate.
    pub hours: Option<Amount>,
    /// What of the money is in the figure.
    pub amount: Amount,
    /// What stands in the columns that rules read: heading and text, without blank ones.
    pub texts: Vec<(String, String)>,
}

/// The rows of a figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The largest, by their part of the figure.
    pub largest: Vec<RowPart>,
    /// How many rows the figure has in all.
    pub count: u64,
    /// Files whose rows are not listed, and why: their opening balances are where the explanation ends.
    pub stopped: Vec<(String, String)>,
}

/// A row that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The row, with its money; its part is all of it.
    pub row: RowPart,
    /// What every rule that concerns it did.
    pub traced: Vec<Traced>,
    /// Its share of an opening balance.
    pub share: Option<ShareOf>,
    /// Why it is in no opening balance.
    pub why_not: String,
}

/// Why the rows behind a run cannot be told: the rules or a table have changed since. Otherwise the model.
fn unchanged(book: RuleBook, evidence: &Evidence) -> Result<Model, String> {
    for text in &book.texts {
        let hash = blake3::hash(text.text.as_bytes()).to_hex().to_string();
        match evidence.rules.get(&text.file) {
            Some(known) if *known == hash => {}
            Some(_) => return Err(format!("{} has changed since the run", text.file)),
            None => return Err(format!("{} was not there when the run was made", text.file)),
        }
    }
    if book.texts.len() != evidence.rules.len() {
        return Err("a file of rules is gone since the run".to_owned());
    }
    let period = book.head.calendar.period(&evidence.period);
    let Some(period) = period else { return Err(format!("the calendar has no period {}", evidence.period)) };
    let mut findings = Findings::new();
    let model = Model::load(book, period, &mut findings);
    let model = model.ok_or_else(|| {
        let first = findings.iter().next().map(|finding| finding.title.clone()).unwrap_or_default();
        format!("the model can no longer be read: {first}")
    })?;
    for (name, read) in &model.inputs.0 {
        if evidence.inputs.get(name) != Some(&read.hash) {
            return Err(format!("{name} has changed since the run"));
        }
    }
    Ok(model)
}

/// The largest rows of a figure. `weights` are those of the figure, `listed` its parts.
///
/// Files that have changed since the run, or are gone, are named; their rows are not listed.
///
/// # Errors
/// [`Fault::TooLarge`] when an amount leaves the range.
pub fn rows_of(
    graph: &Graph,
    weights: &Backward,
    listed: &Listed,
    book: RuleBook,
    evidence: &Evidence,
    count: usize,
) -> Result<Rows, Fault> {
    let origins: Vec<usize> = listed
        .parts
        .iter()
        .filter_map(|part| if let PartOf::Origin(origin) = part.of { Some(origin) } else { None })
        .collect();
    let mut rows = Rows { count: origins.iter().map(|at| graph.origins[*at].lines).sum(), ..Rows::default() };
    let mut model = match unchanged(book, evidence) {
        Ok(model) => model,
        Err(why) => {
            rows.stopped.push(("all files".to_owned(), why));
            return Ok(rows);
        }
    };
    let footprint = Footprint::of(&model.book);
    let groups = read_files(graph, &origins, &model, &footprint, evidence, count, &mut rows.stopped);
    let Some(opening) = classify(&mut model, &footprint, &groups, &mut Findings::new()) else {
        rows.stopped.push(("all files".to_owned(), "the lines can no longer be classified".to_owned()));
        return Ok(rows);
    };
    let wanted: BTreeSet<usize> = origins.into_iter().collect();
    let known = Known::new(graph);
    let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
    let mut largest = Vec::new();
    for balance in &opening.balances {
        let Some(origin) = known.origin(&model, balance) else {
            *unknown.entry(balance.file.clone()).or_default() += 1;
            continue;
        };
        let (true, Some(weight)) = (wanted.contains(&origin), weights.weight(graph.origins[origin].place)) else {
            continue;
        };
        let whole: Amount = balance.groups.iter().map(|group| groups[*group].sum).sum();
        for group in balance.groups.iter().map(|group| &groups[*group]) {
            for row in &group.largest {
                let money = share_of(balance.amount, row.sum, whole)?;
                let amount = weight.part_of(money).ok_or(Fault::TooLarge)?;
                largest.push((amount, money, group, row));
            }
        }
        sort_largest(&mut largest, count);
    }
    rows.largest = largest
        .into_iter()
        .map(|(amount, money, group, row)| row_part(&model, &footprint, group, row, (row.sum, money, amount)))
        .collect();
    for (file, balances) in unknown {
        let balances = if balances == 1 { "a balance".to_owned() } else { format!("{balances} balances") };
        rows.stopped.push((file, format!("it leads to {balances} that the run did not have")));
    }
    rows.stopped.sort();
    Ok(rows)
}

/// The money of a row: its share of its balance. Where the rows of a balance cancel out, what stands in it.
fn share_of(balance: Amount, part: Amount, whole: Amount) -> Result<Amount, Fault> {
    if whole.is_zero() {
        return Ok(part);
    }
    crate::money::Weight::one().part_of_share(balance, part, whole).ok_or(Fault::TooLarge)
}

/// Leaves the largest rows, each with its part of the figure, its money and its group.
fn sort_largest(rows: &mut Vec<(Amount, Amount, &LineGroup, &RowSum)>, count: usize) {
    rows.sort_by_key(|(amount, _, group, row)| (std::cmp::Reverse(amount.abs()), &group.file, row.row));
    rows.truncate(count);
}

fn row_part(
    model: &Model,
    footprint: &Footprint,
    group: &LineGroup,
    row: &RowSum,
    (sum, money, amount): (Amount, Amount, Amount),
) -> RowPart {
    let decl = &model.book.sources[group.source];
    let values = group.values_of(row);
    let texts = footprint.0[group.source].iter().zip(&values).filter(|(_, text)| !text.is_empty());
    RowPart {
        source: decl.name.clone(),
        file: group.file.to_string(),
        row: row.row,
        money,
        hours: matches!(decl.cost, CostDecl::Rated { .. }).then_some(sum),
        amount,
        texts: texts
            .map(|(column, text)| (column.to_string(), model.shown(group.source, column, text).to_owned()))
            .collect(),
    }
}

/// Reads the files that opening balances are from, as far as they are unchanged.
fn read_files(
    graph: &Graph,
    origins: &[usize],
    model: &Model,
    footprint: &Footprint,
    evidence: &Evidence,
    count: usize,
    stopped: &mut Vec<(String, String)>,
) -> Vec<LineGroup> {
    let mut files: BTreeSet<(usize, &str)> = BTreeSet::new();
    for origin in origins.iter().map(|at| &graph.origins[*at]) {
        let Some(source) = model.book.source(graph.member_in(origin.place, "source")) else { continue };
        files.extend(origin.file.split("; ").map(|file| (source, file)));
    }
    let read: Vec<(&str, Result<ReadAgain, String>)> = files
        .into_par_iter()
        .map(|(source, file)| {
            let read = sources::read_again(model, footprint, source, file, RowsWanted::Largest(count));
            let read = read.map_err(|finding| finding.title).and_then(|read| {
                let is_same = evidence.inputs.get(file) == Some(&read.evidence.hash);
                if is_same { Ok(read) } else { Err("it has changed since the run".to_owned()) }
            });
            (file, read)
        })
        .collect();
    let mut groups = Vec::new();
    for (file, read) in read {
        match read {
            Ok(read) => groups.extend(read.groups),
            Err(why) => stopped.push((file.to_owned(), why)),
        }
    }
    groups
}

/// Opening balances by what they are known by: members by name, file, lines and amount.
struct Known<'g> {
    graph: &'g Graph,
    origins: FxHashMap<(&'g str, u64, Amount), Vec<usize>>,
}

impl<'g> Known<'g> {
    fn new(graph: &'g Graph) -> Known<'g> {
        let mut origins: FxHashMap<(&str, u64, Amount), Vec<usize>> = FxHashMap::default();
        for (at, origin) in graph.origins.iter().enumerate() {
            origins.entry((&origin.file, origin.lines, origin.amount)).or_default().push(at);
        }
        Known { graph, origins }
    }

    /// The opening balance of the run that is this one.
    fn origin(&self, model: &Model, balance: &crate::classify::OpeningBalance) -> Option<usize> {
        let origins = self.origins.get(&(balance.file.as_str(), balance.lines, balance.amount))?;
        origins.iter().copied().find(|at| is_at(self.graph, self.graph.origins[*at].place, model, &balance.key))
    }
}

/// Whether a place of the graph has the members of a key of the model.
fn is_at(graph: &Graph, place: usize, model: &Model, key: &[crate::dimension::MemberId]) -> bool {
    model
        .dimensions
        .iter()
        .zip(key)
        .all(|(dimension, member)| graph.member_in(place, &dimension.name) == dimension.member_name(*member))
}

/// One row of an export: what the rules said of it, and its share of an opening balance of the run.
///
/// # Errors
/// In words, when the file is not of the run or has changed since, or the row holds no cost line.
pub fn find_row(graph: &Graph, book: RuleBook, evidence: &Evidence, file: &str, row: u64) -> Result<Found, String> {
    let mut model = unchanged(book, evidence)?;
    let footprint = Footprint::of(&model.book);
    let is_of = |origin: &&super::Origin| origin.file.split("; ").any(|name| name == file);
    let sources: BTreeSet<usize> = graph
        .origins
        .iter()
        .filter(is_of)
        .filter_map(|origin| model.book.source(graph.member_in(origin.place, "source")))
        .collect();
    if sources.is_empty() {
        let names: BTreeSet<&str> = graph.origins.iter().flat_map(|origin| origin.file.split("; ")).collect();
        let help = crate::finding::did_you_mean(file, names.iter().copied());
        let listed = crate::finding::list_names(names.iter().copied(), 20);
        return Err(format!(
            "no money of the run is from `{file}`; {}",
            help.unwrap_or(format!("its files are {listed}"))
        ));
    }
    let mut why = format!("`{file}` has no row {row}");
    for source in sources {
        let read = sources::read_again(&model, &footprint, source, file, RowsWanted::One(row));
        let read = read.map_err(|finding| finding.title)?;
        if evidence.inputs.get(file) != Some(&read.evidence.hash) {
            return Err(format!("{file} has changed since the run"));
        }
        if let Some((group, row)) = read.groups.first().and_then(|group| Some((group, group.largest.first()?))) {
            return Ok(found(graph, &mut model, &footprint, group, row));
        }
        let totals = &read.totals;
        if totals.skipped.lines > 0 {
            why = format!("row {row} of `{file}` is passed over by `skip`");
        } else if totals.other_periods.lines > 0 {
            why = format!("row {row} of `{file}` belongs to another period");
        } else if totals.blank_rows > 0 {
            why = format!("row {row} of `{file}` is blank");
        } else if let Some(finding) = read.findings.iter().next() {
            why = format!("row {row} of `{file}` cannot be used: {}", finding.title);
        }
    }
    Err(why)
}

fn found(graph: &Graph, model: &mut Model, footprint: &Footprint, group: &LineGroup, row: &RowSum) -> Found {
    let (key, traced) = trace(model, footprint, group);
    let place = graph.origins.iter().position(|origin| {
        origin.file.split("; ").any(|name| *name == *group.file) && is_at(graph, origin.place, model, &key)
    });
    let opening: Option<Opening> = classify(model, footprint, std::slice::from_ref(group), &mut Findings::new());
    let money = opening.map_or(Amount::ZERO, |opening| opening.total());
    let share = place.map(|origin| (origin, money));
    let why_not = if place.is_some() { String::new() } else { "the run has no opening balance for it".to_owned() };
    Found { row: row_part(model, footprint, group, row, (group.sum, money, money)), traced, share, why_not }
}
