//! The graph of a run in memory.

use super::Fault;
use super::graph::{Builder, EntryRead, Graph, Key, Line, RuleWords};
use crate::reports::{Run, by_words, counts_of, used_dimensions};
use crate::rounding;
use crate::rulebook::{DimensionId, FOR_PERIOD};
use crate::shared::Shared;

impl Graph {
    /// The graph of a finished run.
    ///
    /// # Errors
    /// [`Fault::Differs`] when the ledger does not lead to its closing balances, which the trial balance rules out.
    pub fn of(run: &Run<'_>) -> Result<Graph, Fault> {
        let (model, ledger) = (run.model, run.ledger);
        let used = used_dimensions(run);
        let names = |dimension: &DimensionId| model.dimension_name(*dimension).to_owned();
        let members = used.iter().map(|dimension| {
            let dimension = &model.dimensions[*dimension];
            std::iter::once(String::new()).chain(dimension.names().map(str::to_owned)).collect()
        });
        let rules = model.book.allocate.iter().map(|rule| RuleWords {
            id: rule.id.clone(),
            why: rule.words.why.clone(),
            by: by_words(model, rule),
            measure: counts_of(model, rule).to_owned(),
            place: rule.spot.describe(),
        });
        let mut columns = vec!["for_period".to_owned(), "kind".to_owned()];
        columns.extend(run.charges.by.iter().map(names));
        columns.push("reason".to_owned());
        let mut texts = Shared::default();
        let lines = run.charges.lines.iter().enumerate().map(|(at, line)| {
            let name = |dimension: DimensionId, member| model.dimensions[dimension].member_name(member);
            let members = run.charges.by.iter().zip(&line.members).map(|(dimension, member)| name(*dimension, *member));
            let first = [name(FOR_PERIOD, line.for_period), line.kind.word()];
            let values = first.into_iter().chain(members).chain([line.kind.reason()]);
            let values = values.map(|value| texts.get(value)).collect();
            Line { id: run.charges.id(at), values, minor: line.minor, exact: line.exact }
        });
        let graph = Graph {
            name: model.book.head.name.clone(),
            period: model.period.name.clone(),
            currency: model.book.head.currency.clone(),
            dimensions: used.iter().map(names).collect(),
            members: members.collect(),
            rules: rules.collect(),
            columns,
            lines: lines.collect(),
            origins: Vec::new(),
            places: Vec::new(),
            loops: ledger.steps.iter().map(|step| step.is_loop).collect(),
            postings: Vec::new(),
            parts: Vec::new(),
            ends: Vec::new(),
            ends_of: Vec::new(),
        };
        let position = |dimensions: &[DimensionId]| -> Vec<usize> {
            (0..used.len()).filter(|at| dimensions.contains(&used[*at])).collect()
        };
        let steps = ledger.steps.iter().map(|step| &step.present).chain(std::iter::once(&ledger.kept));
        let present = steps.map(|present| position(present)).collect();
        let key = |key: &crate::classify::Key| -> Key { used.iter().map(|dimension| key[*dimension].0).collect() };
        let mut builder = Builder::new(graph, present);
        for balance in &run.opening.balances {
            builder.open(key(&balance.key), balance.file.clone(), balance.lines, balance.amount);
        }
        for entry in ledger.entries() {
            builder.entry(EntryRead {
                step: entry.step,
                rule: entry.rule,
                from: key(entry.from),
                to: key(&entry.to),
                quantity: entry.quantity,
                total: entry.total,
                amount: entry.amount,
            });
        }
        let ends = rounding::ends(model, ledger);
        builder.finish(ends.map(|end| (key(end.key), run.charges.line_of(&end), end.amount)).collect())
    }
}
