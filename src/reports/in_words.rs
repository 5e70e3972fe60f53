//! The rules as people read them: one row a rule, with what it takes, where it gives and why; and what each moved.

use super::books::by_words;
use super::{Column, Run, Shown, Table, Value, name_or_none};
use crate::dimension::MemberId;
use crate::finding::{Named, Spot};
use crate::footprint::looks_at;
use crate::model::Model;
use crate::period::Validity;
use crate::rulebook::condition::{Clause, Clauses, ColumnRef, Template, TemplatePart, Test};
use crate::rulebook::{AllocateRule, BalanceField, By, ClassifyRule, DimensionId, POOL, RuleWords};

/// All rules in the order in which they run, in words: what each takes and does, by which method and driver, why, who
/// answers for it, who approved it, and since when it holds.
#[must_use]
pub fn rules_in_words(run: &Run<'_>) -> Table {
    let model = run.model;
    let mut rows = Vec::new();
    let mut push = |stage: &str, id: &str, said: [String; 3], rule: (&RuleWords, Validity), spot: &Spot| {
        let (words, valid) = rule;
        let mut row = vec![Value::Count(rows.len() as u64 + 1), Value::text(stage), Value::text(id)];
        row.extend(said.map(Value::text));
        let holds = if valid == Validity::default() { String::new() } else { valid.to_string() };
        row.push(Value::text(&words.why));
        row.push(Value::text(answers_in_words(words, &holds)));
        row.push(Value::text(spot.describe()));
        rows.push(row);
    };
    for rule in &model.book.classify {
        let said = [lines_in_words(model, rule), set_in_words(model, rule), String::new()];
        push("classify", &rule.id, said, (&rule.words, rule.valid), &rule.spot);
    }
    for rule in &model.book.allocate {
        let drivers: Vec<&str> = rule.drivers().map(|name| name.name.as_str()).collect();
        let said = [
            balances_in_words(model, &rule.from),
            gives_in_words(model, rule),
            if drivers.is_empty() {
                method_in_words(model, rule)
            } else {
                format!("{}; {}", method_in_words(model, rule), drivers.join(", "))
            },
        ];
        push("allocate", &rule.id, said, (&rule.words, rule.valid), &rule.spot);
    }
    let text = |name: &str, label: &str| Column::new(name, label, Shown::Text);
    Table {
        name: "rules-in-words",
        title: "Rules".to_owned(),
        note: "Every rule in the order in which they run: what it takes, what it does with it, why, and who stands \
               behind it. A rule without dates always holds. What each took and gave is on the sheet Rule balancing."
            .to_owned(),
        columns: vec![
            Column::new("number", "No.", Shown::Count),
            text("stage", "Stage"),
            text("rule", "Rule"),
            text("takes", "Takes"),
            text("gives", "Does"),
            text("method", "Method; driver"),
            text("why", "Why"),
            text("answers", "Who stands behind it"),
            text("place", "Place"),
        ],
        rows,
        total: None,
    }
}

/// Who answers for a rule, who approved it, and since when it holds.
fn answers_in_words(words: &RuleWords, holds: &str) -> String {
    let approved = if words.approved.is_empty() { String::new() } else { format!("approved: {}", words.approved) };
    let holds = if holds.is_empty() { String::new() } else { format!("holds {holds}") };
    let said: Vec<&str> =
        [words.owner.as_str(), &approved, &holds].into_iter().filter(|part| !part.is_empty()).collect();
    said.join("; ")
}

/// What each allocate rule took, gave and left, by pool, in minor units: taken − given − left is 0 in every row.
///
/// Taken and left are rounded, given is their difference, so that the row adds up.
#[must_use]
pub fn rule_balancing(run: &Run<'_>) -> Table {
    let currency = &run.model.book.head.currency;
    let mut rows = Vec::new();
    for (at, rule) in run.model.book.allocate.iter().enumerate() {
        for ((_, pool), tally) in run.ledger.tallies.range((at, MemberId(0))..(at + 1, MemberId(0))) {
            let taken = currency.round(tally.offered);
            let left = currency.round(tally.offered - tally.given);
            rows.push(vec![
                Value::text(&rule.id),
                Value::text(name_or_none(&run.model.dimensions[POOL], *pool)),
                Value::Count(tally.balances),
                Value::Money(taken),
                Value::Money(taken - left),
                Value::Money(currency.round(tally.offset)),
                Value::Money(left),
                Value::Money(0),
            ]);
        }
    }
    let text = |name: &str, label: &str| Column::new(name, label, Shown::Text);
    let money = |name: &str, label: &str| Column::new(name, label, Shown::Money);
    Table {
        name: "rule-balancing",
        title: "Rule balancing".to_owned(),
        note: "What each rule took, gave and left, by pool, in the order in which they run. Money moves through several \
               rules, so the columns have no total. Of what was given, the part booked against bills or unused capacity \
               is shown beside it. Exact figures are in data/rules.csv."
            .to_owned(),
        columns: vec![
            text("rule", "Rule"),
            text("pool", &run.model.dimensions[POOL].label),
            Column::new("balances", "Balances", Shown::Count),
            money("taken", "Taken"),
            money("given", "Given"),
            money("offset", "Of it offset"),
            money("left", "Left"),
            money("check", "Check"),
        ],
        rows,
        total: None,
    }
}

/// The method by which a rule is settled.
fn method_in_words(model: &Model, rule: &AllocateRule) -> String {
    if let Some(settlement) = &rule.settlement {
        return settlement.method.word().to_owned();
    }
    match rule.group.as_ref().and_then(|name| Some((name, model.book.groups.get(&name.name)?))) {
        Some((name, group)) => format!("{}, group {}", group.settlement.method.word(), name.name),
        None => "plain split".to_owned(),
    }
}

fn lines_in_words(model: &Model, rule: &ClassifyRule) -> String {
    let sources: Vec<&str> = rule.sources.iter().map(|source| source.name.as_str()).collect();
    let lines =
        if sources.is_empty() { "lines of all sources".to_owned() } else { format!("lines of {}", sources.join(", ")) };
    if rule.filter.is_empty() {
        return lines;
    }
    let of_sources = model.book.sources.iter().enumerate().filter(|(_, source)| looks_at(rule, source));
    let of_sources: Vec<usize> = of_sources.map(|(at, _)| at).collect();
    let told = |clause: &Clause<ColumnRef>| {
        // A column that is personal in one of the sources is so in the rule.
        let is_personal = |at: &&usize| model.is_personal(**at, &clause.field);
        let at = of_sources.iter().find(is_personal).or(of_sources.first());
        at.map_or_else(|| clause.test.clone(), |at| model.shown_test(*at, &clause.field, &clause.test))
    };
    format!("{lines} with {}", conditions(&rule.filter, ToString::to_string, told))
}

fn set_in_words(model: &Model, rule: &ClassifyRule) -> String {
    let label = |dimension: DimensionId| model.dimensions[dimension].label.clone();
    let set = rule.set.iter().map(|(dimension, template)| {
        let text = match template.constant() {
            Some(name) => model.dimensions[*dimension].shown(&name).to_owned(),
            None => template_text(template),
        };
        format!("{} = {text}", label(*dimension))
    });
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
    let field = |field: &BalanceField| match field {
        BalanceField::Dimension(dimension) => model.dimensions[*dimension].label.clone(),
        BalanceField::Attribute(dimension, attribute) => format!("{} {attribute}", model.dimensions[*dimension].label),
    };
    let told = |clause: &Clause<BalanceField>| match &clause.field {
        BalanceField::Dimension(dimension) => {
            let dimension = &model.dimensions[*dimension];
            clause.test.as_shown(dimension.is_personal, &|name| dimension.shown(name).to_owned())
        }
        BalanceField::Attribute(..) => clause.test.as_shown(false, &|text| model.told(text).to_owned()),
    };
    conditions(clauses, field, told)
}

fn gives_in_words(model: &Model, rule: &AllocateRule) -> String {
    let to: Vec<&str> = rule.to.iter().map(|dimension| model.dimensions[*dimension].label.as_str()).collect();
    let to = to.join(" and ");
    // Shares and amounts are of members of the first.
    let shown = |name: &'_ Named| {
        rule.to.first().map_or(String::new(), |to| model.dimensions[*to].shown(&name.name).to_owned())
    };
    let mut text = match &rule.by {
        By::Member(_) => by_words(model, rule),
        By::Shares { shares, .. } => {
            let named: Vec<String> = shares.iter().map(|(name, _)| shown(name)).collect();
            format!("to {to} by declared shares: {}", named.join(", "))
        }
        By::Amounts(amounts) => {
            let named: Vec<String> = amounts.iter().map(|(name, amount)| format!("{} {amount}", shown(name))).collect();
            format!("to {to}, declared amounts: {}", named.join(", "))
        }
        _ => format!("to {to} by {}", by_words(model, rule)),
    };
    for (word, members) in [("among", &rule.among), ("except", &rule.except)] {
        if let Some(members) = members {
            text = format!("{text}; {word} {}", balance_conditions(model, members));
        }
    }
    text
}

/// Conditions in words: all clauses of a table must hold, any of several tables.
fn conditions<F>(clauses: &Clauses<F>, field: impl Fn(&F) -> String, told: impl Fn(&Clause<F>) -> Test) -> String {
    let tables = clauses.0.iter().map(|all| {
        let all: Vec<String> = all.iter().map(|clause| format!("{} {}", field(&clause.field), told(clause))).collect();
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
