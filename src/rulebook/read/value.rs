//! Values of a table: texts, numbers, names, and the findings they give.

use super::Reader;
use crate::finding::{Finding, Named, Place, Spot, clean, did_you_mean, list_names};
use crate::money::{Amount, NumberFormat, ReadNumber, SCALE_DIGITS, parse_number};
use crate::rulebook::schema::Field;
use crate::rulebook::syntax::{Node, Table, Value};

impl Reader<'_> {
    pub(super) fn known_keys(&mut self, table: &Table, what: &str, fields: &'static [Field]) {
        for (key, _) in &table.entries {
            if fields.iter().all(|field| field.name != key.name) {
                let names = fields.iter().map(|field| field.name);
                let title = format!("`{}` is not a key of {what}", clean(&key.name));
                let finding = Finding::error("unknown-key", key.spot.place(), title)
                    .maybe_help(did_you_mean(&key.name, names.clone()))
                    .help(format!("its keys are {}", list_names(names, 24)));
                self.findings.push(finding);
            }
        }
    }

    pub(super) fn known_name(&mut self, name: &Named, what: &str, known: &[String]) -> bool {
        let is_known = known.contains(&name.name);
        if !is_known {
            let names = || known.iter().map(String::as_str);
            let title = format!("there is no {what} `{}`", clean(&name.name));
            let listed = if known.is_empty() {
                format!("the model declares no {what}")
            } else {
                format!("declared are {}", list_names(names(), 12))
            };
            let finding = Finding::error("unknown-name", name.spot.place(), title)
                .maybe_help(did_you_mean(&name.name, names()))
                .help(listed);
            self.findings.push(finding);
        }
        is_known
    }

    pub(super) fn text(&mut self, table: &Table, key: &str) -> Option<Named> {
        table.get(key).and_then(|node| self.as_text(node, key))
    }

    pub(super) fn required_text(&mut self, table: &Table, key: &str, what: &str) -> Option<Named> {
        if table.get(key).is_none() {
            self.error(
                "missing-key",
                table.spot.place(),
                format!("{what} has no `{key}`"),
                "",
                format!("add {key} = \"…\""),
            );
        }
        let text = self.text(table, key)?;
        if text.name.trim().is_empty() || text.name.chars().any(char::is_control) {
            let title = format!("`{key}` of {what} is blank, or holds a line break or another control character");
            self.error("blank-text", text.spot.place(), title, "", "write a text on one line");
            return None;
        }
        Some(text)
    }

    /// A text or a list of texts.
    pub(super) fn texts(&mut self, table: &Table, key: &str) -> Vec<Named> {
        match table.get(key).map(|node| (&node.value, node)) {
            None => Vec::new(),
            Some((Value::List(list), _)) => list.iter().filter_map(|node| self.as_text(node, key)).collect(),
            Some((_, node)) => self.as_text(node, key).into_iter().collect(),
        }
    }

    pub(super) fn as_text(&mut self, node: &Node, key: &str) -> Option<Named> {
        match &node.value {
            // Codes such as 0100 must be quoted to keep their zeros; a plain number means its own text.
            Value::Text(text) | Value::Number(text) => Some(Named { name: text.clone(), spot: node.spot.clone() }),
            Value::Other("a date without quotes") => {
                self.error("unquoted-date", node.spot.place(), "a date stands in quotes", "", "write \"2026-04-01\"");
                None
            }
            _ => {
                self.wrong_kind(node, &format!("`{key}`"), "a text in quotes");
                None
            }
        }
    }

    pub(super) fn as_table<'t>(&mut self, node: &'t Node, key: &str) -> Option<&'t Table> {
        if let Value::Table(table) = &node.value {
            Some(table)
        } else {
            self.wrong_kind(node, &format!("`{key}`"), "a table: { key = … } or [heading]");
            None
        }
    }

    pub(super) fn number_text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            _ => {
                self.wrong_kind(node, "this", "a number");
                None
            }
        }
    }

    /// A number of the rules as it is kept; one that has more decimals is a finding.
    pub(super) fn exact(&mut self, read: ReadNumber, spot: &Spot) -> Option<Amount> {
        if read.beyond_scale != 0 {
            let title = format!("this has more than {SCALE_DIGITS} decimals");
            self.error("not-a-number", spot.place(), title, "", "round it");
        }
        (read.beyond_scale == 0).then_some(read.value)
    }

    pub(super) fn amount(&mut self, node: &Node) -> Option<Amount> {
        let text = self.number_text(node)?;
        match parse_number(text.as_bytes(), NumberFormat::PLAIN) {
            Ok(read) => self.exact(read, &node.spot),
            Err(fault) => {
                self.error(
                    "not-a-number",
                    node.spot.place(),
                    format!("`{}` is not a number", clean(&text)),
                    "",
                    fault.to_string(),
                );
                None
            }
        }
    }

    pub(super) fn wrong_kind(&mut self, node: &Node, what: &str, expected: &str) {
        let title = format!("{what} is {}, expected {expected}", node.value.kind());
        self.findings.push(Finding::error("wrong-kind", node.spot.place(), title));
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        place: Place,
        title: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding::error(code, place, title).label(label).help(help));
    }
}
