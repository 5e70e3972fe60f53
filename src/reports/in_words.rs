//! The rules as people read them: one row a rule, with what it takes, where it gives and why.

use super::books::by_words;
use super::{Column, Run, Shown, Table, Value};
use crate::model::Model;
use crate::money::Amount;
use crate::rulebook::condition::{Clauses, Template, TemplatePart};
use crate::rulebook::{AllocateRule, BalanceField, By, ClassifyRule, CostDecl, DimensionId};

/// All rules in the order in which they run, in words, with what they took in the period.
#[must_use]
pub fn rules_in_words(run: &Run<'_>) -> Table {
    let model = run.model;
    let mut rows = Vec::new();
    let mut push = |stage: &str, id: &str, said: [String; 3], moved: [Value; 4], spot: &crate::finding::Spot| {
        let mut row = vec![Value::Count(rows.len() as u64 + 1), Value::text(stage), Value::text(id)];
        row.extend(said.map(Value::text));
        row.extend(moved);
        row.push(Value::text(spot.describe()));
        rows.push(row);
    };
    for (rule, tally) in model.book.classify.iter().zip(&run.opening.rules) {
        let said = [why_in_words(&rule.words, rule.valid), lines_in_words(rule), set_in_words(model, rule)];
        let taken = if reads_hours(model, rule) { Value::Blank } else { Value::Exact(tally.sum) };
        push("classify", &rule.id, said, [Value::Count(tally.lines), taken, Value::Blank, Value::Blank], &rule.spot);
    }
    for (at, rule) in model.book.allocate.iter().enumerate() {
        let tallies = || run.ledger.tallies.iter().filter(move |((rule, _), _)| *rule == at).map(|(_, tally)| tally);
        let offered: Amount = tallies().map(|tally| tally.offered).sum();
        let given: Amount = tallies().map(|tally| tally.given).sum();
        let balances = tallies().map(|tally| tally.balances).sum();
        let moved = [Value::Count(balances), Value::Exact(offered), Value::Exact(given), Value::Exact(offered - given)];
        let taken = balances_in_words(model, &rule.from);
        let said = [why_in_words(&rule.words, rule.valid), taken, gives_in_words(model, rule)];
        push("allocate", &rule.id, said, moved, &rule.spot);
    }
    let text = |name: &str, label: &str| Column::new(name, label, Shown::Text);
    let exact = |name: &str, label: &str| Column::new(name, label, Shown::Exact);
    Table {
        name: "rules-in-words",
        title: "Rules".to_owned(),
        note: "Every rule in the order in which they run: why it is so, what it takes and what it does with it. \
               Taken = given + left. Hours that become money later have no amount yet. The same by pool is in data/rules.csv."
            .to_owned(),
        columns: vec![
            Column::new("number", "No.", Shown::Count),
            text("stage", "Stage"),
            text("rule", "Rule"),
            text("why", "Why"),
            text("takes", "Takes"),
            text("gives", "Gives"),
            Column::new("count", "Lines or balances", Shown::Count),
            exact("taken", "Taken"),
            exact("given", "Given"),
            exact("left", "Left"),
            text("place", "Place"),
        ],
        rows,
        total: None,
    }
}

/// Why a rule is as it is, who answers for it, who approved it, and when it holds.
fn why_in_words(words: &crate::rulebook::RuleWords, valid: crate::period::Validity) -> String {
    let mut parts = Vec::new();
    if !words.why.is_empty() {
        parts.push(words.why.clone());
    }
    if !words.owner.is_empty() {
        parts.push(format!("owner {}", words.owner));
    }
    if !words.approved.is_empty() {
        parts.push(format!("approved {}", words.approved));
    }
    if valid != crate::period::Validity::default() {
        parts.push(format!("valid {valid}"));
    }
    parts.join(" · ")
}

/// Whether lines that a rule looks at hold hours, which become money only after it.
fn reads_hours(model: &Model, rule: &ClassifyRule) -> bool {
    let mut sources = model.book.sources.iter();
    sources.any(|source| {
        let is_read = rule.sources.is_empty() || rule.sources.iter().any(|named| named.name == source.name);
        is_read && matches!(source.cost, CostDecl::Rated { .. })
    })
}

fn lines_in_words(rule: &ClassifyRule) -> String {
    let sources: Vec<&str> = rule.sources.iter().map(|source| source.name.as_str()).collect();
    let lines =
        if sources.is_empty() { "lines of all sources".to_owned() } else { format!("lines of {}", sources.join(", ")) };
    if rule.filter.is_empty() {
        return lines;
    }
    format!("{lines} with {}", conditions(&rule.filter, ToString::to_string))
}

fn set_in_words(model: &Model, rule: &ClassifyRule) -> String {
    let label = |dimension: DimensionId| model.dimensions[dimension].label.clone();
    let set =
        rule.set.iter().map(|(dimension, template)| format!("{} = {}", label(*dimension), template_text(template)));
    let mut parts: Vec<String> = set.collect();
    if let Some(lookup) = &rule.lookup {
        let taken: Vec<String> = lookup.take.iter().filter_map(|(dimension, _)| dimension.map(label)).collect();
        let on: Vec<String> = lookup.on.iter().map(|(column, _)| column.to_string()).collect();
        parts.push(format!("{} by {} from {}", taken.join(" and "), on.join(" and "), lookup.table.file.name));
    }
    parts.join("; ")
}

fn template_text(template: &Template) -> String {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Text(text) => text.clone(),
        TemplatePart::Column(column) => format!("{{{column}}}"),
    };
    template.parts.iter().map(part).collect()
}

fn balances_in_words(model: &Model, from: &Clauses<BalanceField>) -> String {
    if from.is_empty() { "everything".to_owned() } else { balance_conditions(model, from) }
}

fn balance_conditions(model: &Model, clauses: &Clauses<BalanceField>) -> String {
    conditions(clauses, |field| match field {
        BalanceField::Dimension(dimension) => model.dimensions[*dimension].label.clone(),
        BalanceField::Attribute(dimension, attribute) => format!("{} {attribute}", model.dimensions[*dimension].label),
    })
}

fn gives_in_words(model: &Model, rule: &AllocateRule) -> String {
    let to: Vec<&str> = rule.to.iter().map(|dimension| model.dimensions[*dimension].label.as_str()).collect();
    let to = to.join(" and ");
    let mut text = match &rule.by {
        By::Member(_) => by_words(rule),
        By::Shares { shares, .. } => {
            let named: Vec<&str> = shares.iter().map(|(name, _)| name.name.as_str()).collect();
            format!("to {to} by declared shares: {}", named.join(", "))
        }
        By::Amounts(amounts) => {
            let named: Vec<String> = amounts.iter().map(|(name, amount)| format!("{} {amount}", name.name)).collect();
            format!("to {to}, declared amounts: {}", named.join(", "))
        }
        _ => format!("to {to} by {}", by_words(rule)),
    };
    for (word, members) in [("among", &rule.among), ("except", &rule.except)] {
        if let Some(members) = members {
            text = format!("{text}; {word} {}", balance_conditions(model, members));
        }
    }
    text
}

/// Conditions in words: all clauses of a table must hold, any of several tables.
fn conditions<F>(clauses: &Clauses<F>, field: impl Fn(&F) -> String) -> String {
    let tables = clauses.0.iter().map(|all| {
        let all: Vec<String> = all.iter().map(|clause| format!("{} {}", field(&clause.field), clause.test)).collect();
        all.join(" and ")
    });
    tables.collect::<Vec<_>>().join(", or ")
}

#[cfg(test)]
mod tests {
    use crate::rulebook::condition::Test;

    #[test]
    fn conditions_read_as_a_sentence() {
        let any = Test::Any(vec![Test::pattern("Credit"), Test::pattern("T*")]);
        assert_eq!(any.to_string(), "= Credit or like T*");
        assert_eq!(Test::Not(Box::new(Test::pattern(""))).to_string(), "not blank");
        assert_eq!(Test::Under("Corporate".to_owned()).to_string(), "under Corporate");
    }
}
