//! The footprint: which text columns of each source the rule book reads.
//!
//! Lines of a file that agree in these columns are treated alike, so they can be added up before any rule
//! looks at them. It follows from the rules alone.

use std::collections::BTreeSet;

use crate::rulebook::condition::{ColumnRef, Template};
use crate::rulebook::{ClassifyRule, CostDecl, DriverOrigin, RuleBook, SourceDecl};

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
    let templates = rule.set.iter().flat_map(|(_, template)| template.columns());
    let keys = rule.lookup.iter().flat_map(|lookup| lookup.on.iter().map(|(column, _)| column));
    rule.filter.fields().chain(templates).chain(keys)
}

fn columns_of(book: &RuleBook, source: &SourceDecl) -> Vec<ColumnRef> {
    let mut columns: BTreeSet<ColumnRef> = BTreeSet::new();
    for rule in book.classify.iter().filter(|rule| looks_at(rule, source)) {
        columns.extend(columns_of_rule(rule).cloned());
    }
    columns.extend(source.set.iter().flat_map(|(_, template)| template.columns()).cloned());
    if let CostDecl::Rated { rate, .. } = &source.cost {
        columns.extend(rate.on.iter().map(|(column, _)| column.clone()));
    }
    // Lines of two currencies are never added up.
    columns.extend(source.currency_column.iter().filter(|_| book.fx.is_some()).map(|c| ColumnRef::parse(&c.name)));
    for driver in &book.drivers {
        let DriverOrigin::Lines(lines) = &driver.origin else { continue };
        if lines.source.name == source.name {
            columns.extend(driver.filter.fields().cloned());
            columns.extend(lines.from.iter().chain(&lines.to).flat_map(Template::columns).cloned());
        }
    }
    columns.into_iter().collect()
}
