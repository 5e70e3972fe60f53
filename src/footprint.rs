//! The footprint: which text columns of each source the rule book reads.
//!
//! Lines of a file that agree in these columns are treated alike, so they can be added up before any rule
//! looks at them. Of a column of which rules only test the texts, lines need not agree in more than what the tests
//! say. All this follows from the rules alone.

use std::collections::BTreeSet;

use crate::rulebook::condition::{Clauses, ColumnRef, Template, Test};
use crate::rulebook::{ClassifyRule, CostDecl, DriverDecl, DriverLines, DriverOrigin, RuleBook, SourceDecl};

/// Columns read, for each source of the rule book in order; each list is sorted and without repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint(pub Vec<Vec<ColumnRef>>);

impl Footprint {
    /// Works the footprint out.
    #[must_use]
    pub fn of(book: &RuleBook) -> Footprint {
        Footprint(book.sources.iter().map(|source| columns_of(book, source)).collect())
    }
}

/// Whether a classify rule looks at a source.
#[must_use]
pub fn looks_at(rule: &ClassifyRule, source: &SourceDecl) -> bool {
    rule.sources.is_empty() || rule.sources.iter().any(|name| name.name == source.name)
}

/// The columns that one classify rule reads.
pub fn columns_of_rule(rule: &ClassifyRule) -> impl Iterator<Item = &ColumnRef> {
    rule.filter.fields().chain(texts_of_rule(rule))
}

fn texts_of_rule(rule: &ClassifyRule) -> impl Iterator<Item = &ColumnRef> {
    let templates = rule.set.iter().flat_map(|(_, template)| template.columns());
    let keys = rule.lookup.iter().flat_map(|lookup| lookup.on.iter().map(|(column, _)| column));
    templates.chain(keys)
}

fn columns_of(book: &RuleBook, source: &SourceDecl) -> Vec<ColumnRef> {
    let mut columns = texts_of(book, source);
    columns.extend(filters_of(book, source).flat_map(Clauses::fields).cloned());
    columns.into_iter().collect()
}

/// The tests of a column of a source, as declared, of which rules look at nothing but whether its texts pass them; `None` where the texts
/// themselves are read: as names, as keys of a table, or because they are shown as something else.
#[must_use]
pub fn only_tests_of<'b>(book: &'b RuleBook, source: &SourceDecl, column: &ColumnRef) -> Option<Vec<&'b Test>> {
    if texts_of(book, source).contains(column) || book.personal_columns(source).contains(column) {
        return None;
    }
    let clauses = filters_of(book, source).flat_map(Clauses::clauses);
    let tests: Vec<&Test> = clauses.filter(|clause| clause.field == *column).map(|clause| &clause.test).collect();
    // A column that nothing tests is read for a reason of its own.
    (!tests.is_empty()).then_some(tests)
}

/// The columns whose texts are read, and not only tested.
fn texts_of(book: &RuleBook, source: &SourceDecl) -> BTreeSet<ColumnRef> {
    let mut columns: BTreeSet<ColumnRef> = BTreeSet::new();
    for rule in book.classify.iter().filter(|rule| looks_at(rule, source)) {
        columns.extend(texts_of_rule(rule).cloned());
    }
    columns.extend(source.set.iter().flat_map(|(_, template)| template.columns()).cloned());
    if let CostDecl::Rated { rate, .. } = &source.cost {
        columns.extend(rate.on.iter().map(|(column, _)| column.clone()));
    }
    // Lines of two currencies are never added up.
    columns.extend(source.currency_column.iter().filter(|_| book.fx.is_some()).map(|c| ColumnRef::parse(&c.name)));
    for (_, lines) in drivers_of(book, source) {
        columns.extend(lines.from.iter().chain(&lines.to).flat_map(Template::columns).cloned());
    }
    columns
}

/// The conditions on lines of a source.
fn filters_of<'b>(book: &'b RuleBook, source: &SourceDecl) -> impl Iterator<Item = &'b Clauses<ColumnRef>> {
    let rules = book.classify.iter().filter(|rule| looks_at(rule, source)).map(|rule| &rule.filter);
    rules.chain(drivers_of(book, source).map(|(driver, _)| &driver.filter))
}

fn drivers_of<'b>(book: &'b RuleBook, source: &SourceDecl) -> impl Iterator<Item = (&'b DriverDecl, &'b DriverLines)> {
    book.drivers.iter().filter_map(|driver| match &driver.origin {
        DriverOrigin::Lines(lines) if lines.source.name == source.name => Some((driver, lines.as_ref())),
        _ => None,
    })
}
