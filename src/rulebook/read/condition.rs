//! Conditions on lines and on balances.

use super::Reader;
use crate::finding::{Named, Spot};
use crate::rulebook::condition::{Clause, Clauses, ColumnRef, Test};
use crate::rulebook::syntax::{Node, Table, Value};
use crate::rulebook::{BalanceField, schema};

impl Reader<'_> {
    pub(super) fn line_field(&mut self, name: &Named, node: &Node) -> Vec<(ColumnRef, Test, Spot)> {
        let test = self.test(node, false);
        test.map(|test| (ColumnRef::parse(&name.name), test, node.spot.clone())).into_iter().collect()
    }

    pub(super) fn balance_field(&mut self, name: &Named, node: &Node) -> Vec<(BalanceField, Test, Spot)> {
        let Some(dimension) = self.dimension(name) else { return Vec::new() };
        let attributes = match &node.value {
            Value::Table(table)
                if !table.entries.iter().any(|(key, _)| schema::CONDITION.iter().any(|f| f.name == key.name)) =>
            {
                Some(table)
            }
            _ => None,
        };
        if let Some(table) = attributes {
            table
                .entries
                .iter()
                .filter_map(|(attribute, node)| {
                    let test = self.test(node, false)?;
                    Some((BalanceField::Attribute(dimension, attribute.name.clone()), test, node.spot.clone()))
                })
                .collect()
        } else {
            let test = self.test(node, true);
            test.map(|test| (BalanceField::Dimension(dimension), test, node.spot.clone())).into_iter().collect()
        }
    }

    pub(super) fn conditions<F>(
        &mut self,
        node: &Node,
        field: impl Fn(&mut Self, &Named, &Node) -> Vec<(F, Test, Spot)>,
    ) -> Clauses<F> {
        let tables: Vec<&Table> = match &node.value {
            Value::Table(table) => vec![table],
            Value::List(list) => list.iter().filter_map(|node| self.as_table(node, "a condition")).collect(),
            _ => {
                self.wrong_kind(node, "a condition", "a table such as { Vendor = \"Total*\" }, or a list of tables");
                return Clauses::default();
            }
        };
        if tables.is_empty() || tables.iter().any(|table| table.entries.is_empty()) {
            self.error(
                "condition",
                node.spot.place(),
                "this condition is empty",
                "",
                "leave it out to mean everything",
            );
        }
        let mut clauses = Vec::new();
        for table in tables {
            let mut all = Vec::new();
            for (name, node) in &table.entries {
                for (field, test, spot) in field(self, name, node) {
                    all.push(Clause { field, test, spot });
                }
            }
            clauses.push(all);
        }
        Clauses(clauses)
    }

    pub(super) fn test(&mut self, node: &Node, under_allowed: bool) -> Option<Test> {
        match &node.value {
            Value::Text(text) => Some(Test::pattern(text)),
            Value::Number(text) => Some(Test::Is(text.clone())),
            Value::List(list) if list.is_empty() => {
                self.error(
                    "condition",
                    node.spot.place(),
                    "this list is empty",
                    "",
                    "name what is meant, or leave it out",
                );
                None
            }
            Value::List(list) => {
                list.iter().map(|node| self.test(node, under_allowed)).collect::<Option<_>>().map(Test::Any)
            }
            Value::Table(table) => match table.entries.as_slice() {
                [(key, inner)] if key.name == "not" => {
                    self.test(inner, under_allowed).map(|test| Test::Not(Box::new(test)))
                }
                [(key, inner)] if key.name == "under" && under_allowed => {
                    self.as_text(inner, "under").map(|text| Test::Under(text.name))
                }
                _ => {
                    let expected = if under_allowed { "{ not = … } or { under = \"…\" }" } else { "{ not = … }" };
                    self.error(
                        "condition",
                        node.spot.place(),
                        "this is not a condition",
                        "",
                        format!("expected a text, a list of texts or {expected}"),
                    );
                    None
                }
            },
            Value::Other(_) => {
                self.wrong_kind(node, "a condition", "a text, a list of texts or { not = … }");
                None
            }
        }
    }
}
