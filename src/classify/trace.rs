//! Which rule said what of a line, and which rules nearly did.

use std::collections::BTreeMap;

use super::{BLANK, Key, NOT_A_MEMBER, cannot_hold, members, remainder_to, value_of, wanted_of};
use crate::footprint::{Footprint, looks_at};
use crate::model::Model;
use crate::rulebook::condition::ColumnRef;
use crate::rulebook::{ClassifyRule, DimensionId, FOR_PERIOD, SOURCE};
use crate::sources::{LineGroup, Tally};

/// What a rule, or a source's `set`, did with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The rule's name, or `sources.NAME`.
    pub by: String,
    /// Where it stands in the rules.
    pub place: String,
    /// Why it is there.
    pub why: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It set a dimension to a member.
    Set(String, String),
    /// It would have set a dimension to a member, but an earlier rule had set that dimension.
    TooLate {
        /// The dimension.
        dimension: String,
        /// The member it would have set.
        member: String,
        /// The rule that had set it.
        earlier: String,
    },
    /// What it would have set is no member, or one that cannot hold money; in words.
    NoMember(String),
    /// It matches, and its table has no row for the line; with the texts it looked for.
    NoRow(String),
    /// It matches all but one condition: what was looked at, what stood there and what was expected.
    AllButOne {
        /// The column.
        column: String,
        /// What stands in it.
        value: String,
        /// What would have matched, in words that follow the column's name.
        expected: String,
    },
    /// It matches, and does not hold in the period.
    NotValid(String),
}

/// The members of the lines of a group, and what each rule that concerns them did. The dimensions must not be sealed.
pub fn trace(model: &mut Model, footprint: &Footprint, group: &LineGroup) -> (Key, Vec<Traced>) {
    let value = value_of(footprint, group);
    let wanted = wanted_of(model, footprint, group);
    let mut tallies = vec![Tally::default(); model.book.classify.len()];
    let mut key = members(model, group, wanted, None, &mut tallies, &mut BTreeMap::new());
    if group.is_remainder {
        remainder_to(model, group.source, &mut key);
    }
    let mut tracer = Tracer { model, set_by: BTreeMap::new(), traced: Vec::new() };
    for at in 0..tracer.model.book.classify.len() {
        tracer.rule(at, group, &value);
    }
    let source = &tracer.model.book.sources[group.source];
    let (by, place) = (format!("sources.{}", source.name), source.spot.describe());
    for (dimension, template) in source.set.clone() {
        let name = template.fill(&value);
        tracer.would_set(&by, &place, "", dimension, &name);
    }
    let is_told = |at: DimensionId| key[at].is_blank() != tracer.set_by.contains_key(&at);
    debug_assert!(group.is_remainder || (0..key.len()).all(|at| at == FOR_PERIOD || at == SOURCE || is_told(at)));
    (key, tracer.traced)
}

struct Tracer<'m> {
    model: &'m Model,
    /// Which rule has set a dimension.
    set_by: BTreeMap<DimensionId, String>,
    traced: Vec<Traced>,
}

impl Tracer<'_> {
    fn push(&mut self, rule: &ClassifyRule, outcome: Outcome) {
        let (by, place, why) = (rule.id.clone(), rule.spot.describe(), rule.words.why.clone());
        self.traced.push(Traced { by, place, why, outcome });
    }

    fn rule<'g>(&mut self, at: usize, group: &'g LineGroup, value: &impl Fn(&ColumnRef) -> &'g str) {
        let model = self.model;
        let rule = &model.book.classify[at];
        let source = &model.book.sources[group.source];
        if !looks_at(rule, source) {
            return;
        }
        if !rule.filter.hold(|clause| source.passes(&clause.field, &clause.test, value(&clause.field))) {
            if let Some(outcome) = nearly(model, rule, group.source, value) {
                self.push(rule, outcome);
            }
            return;
        }
        if !rule.valid.holds_on(model.period.last) {
            self.push(rule, Outcome::NotValid(rule.valid.to_string()));
            return;
        }
        let place = rule.spot.describe();
        for (dimension, template) in &rule.set {
            self.would_set(&rule.id, &place, &rule.words.why, *dimension, &template.fill(value));
        }
        let Some(lookup) = &model.lookups[at] else { return };
        let parts: Vec<&str> = lookup.on.iter().map(value).collect();
        let Some(found) = lookup.find(&parts, group.day) else {
            let looked_for: Vec<String> = lookup
                .on
                .iter()
                .zip(&parts)
                .map(|(column, part)| format!("{column} `{}`", model.shown(group.source, column, part)))
                .collect();
            self.push(rule, Outcome::NoRow(format!("{} in {}", looked_for.join(", "), lookup.file)));
            return;
        };
        let taken = rule.lookup.iter().flat_map(|decl| &decl.take).filter_map(|(dimension, _)| *dimension);
        for (dimension, member) in taken.zip(found) {
            let name = model.dimensions[dimension].found_by(*member).to_owned();
            self.would_set(&rule.id, &place, &rule.words.why, dimension, &name);
        }
    }

    /// Notes what setting a dimension to a name comes to.
    fn would_set(&mut self, by: &str, place: &str, why: &str, dimension: DimensionId, name: &str) {
        if name.is_empty() {
            return;
        }
        let known = &self.model.dimensions[dimension];
        let member = known.find(name).unwrap_or(BLANK);
        let outcome = if let Some(earlier) = self.set_by.get(&dimension) {
            let member = known.shown(name).to_owned();
            Outcome::TooLate { dimension: known.name.clone(), member, earlier: earlier.clone() }
        } else if member.is_blank() {
            Outcome::NoMember(format!("`{}` {NOT_A_MEMBER} {}", known.shown(name), known.name))
        } else if let Some(why_not) = cannot_hold(known, member) {
            Outcome::NoMember(format!("`{}` {why_not} {}", known.shown(name), known.name))
        } else {
            self.set_by.insert(dimension, by.to_owned());
            Outcome::Set(known.name.clone(), known.member_name(member).to_owned())
        };
        self.traced.push(Traced { by: by.to_owned(), place: place.to_owned(), why: why.to_owned(), outcome });
    }
}

/// What is missing where a rule matches all but one condition.
fn nearly<'g>(
    model: &Model,
    rule: &ClassifyRule,
    source: usize,
    value: &impl Fn(&ColumnRef) -> &'g str,
) -> Option<Outcome> {
    let (at, source) = (source, &model.book.sources[source]);
    rule.filter.0.iter().find_map(|all| {
        let mut failing = all.iter().filter(|clause| !source.passes(&clause.field, &clause.test, value(&clause.field)));
        let (Some(clause), None) = (failing.next(), failing.next()) else { return None };
        // With one condition only, every rule would nearly match every line.
        (all.len() > 1).then(|| Outcome::AllButOne {
            column: clause.field.to_string(),
            value: model.shown(at, &clause.field, value(&clause.field)).to_owned(),
            expected: model.shown_test(at, &clause.field, &clause.test).to_string(),
        })
    })
}
