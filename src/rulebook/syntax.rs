//! TOML text to a tree in which every key and value knows its place.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::{Finding, Findings, Named, RuleText, Spot};

/// A value with its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) spot: Spot,
    pub(super) value: Value,
}

/// What a value is. Numbers keep their text, so `0.1` is read exactly.
#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    Number(String),
    Other(&'static str),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// What it is, in the words of a person who writes rules.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a text",
            Value::Number(_) => "a number",
            Value::Other(kind) => kind,
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// A table, its keys in the order they are written.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) spot: Spot,
    pub(super) entries: Vec<(Named, Node)>,
}

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|(name, _)| name.name == key).map(|(_, node)| node)
    }
}

/// Parses a rule file; all its syntax errors become findings.
pub(super) fn parse(text: &Arc<RuleText>, findings: &mut Findings) -> Table {
    let (root, errors) = DeTable::parse_recoverable(&text.text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let spot = Spot { text: Arc::clone(text), span };
        findings.push(
            Finding::error("syntax", spot.place(), "this is not readable as TOML")
                .label(error.message().lines().collect::<Vec<_>>().join("; "))
                .maybe_help(way_out(&text.text, &spot)),
        );
    }
    let span = root.span();
    table(text, root.get_ref(), span)
}

/// The traps of TOML that people fall into, each with its answer.
fn way_out(text: &str, spot: &Spot) -> Option<String> {
    let start = text[..spot.span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default();
    if line.contains('=') && !key.contains(['"', '[', '{']) && key.trim().contains(' ') {
        return Some(format!("a name with blanks or signs in it needs quotes: \"{}\" = …", key.trim()));
    }
    let inside = line.split_once('{').map(|(_, inside)| inside).unwrap_or_default();
    let names_with_blanks = inside
        .split(['{', ','])
        .filter_map(|part| part.split_once('='))
        .any(|(name, _)| !name.contains('"') && name.trim().contains([' ', '&']));
    if names_with_blanks {
        return Some("inside { } a name with blanks or signs needs quotes: { \"Life & Pensions\" = … }".to_owned());
    }
    None
}

fn table(text: &Arc<RuleText>, table: &DeTable<'_>, span: std::ops::Range<usize>) -> Table {
    let mut entries: Vec<(Named, Node)> = table
        .iter()
        .map(|(key, value)| {
            let spot = Spot { text: Arc::clone(text), span: key.span() };
            (Named { name: key.get_ref().to_string(), spot }, node(text, value))
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.spot.span.start);
    Table { spot: Spot { text: Arc::clone(text), span }, entries }
}

fn node(text: &Arc<RuleText>, value: &Spanned<DeValue<'_>>) -> Node {
    let spot = Spot { text: Arc::clone(text), span: value.span() };
    let value = match value.get_ref() {
        DeValue::String(string) => Value::Text(string.to_string()),
        DeValue::Integer(integer) if integer.radix() == 10 => Value::Number(integer.as_str().to_owned()),
        DeValue::Integer(_) => Value::Other("a number that is not decimal"),
        DeValue::Float(float) => Value::Number(float.as_str().to_owned()),
        DeValue::Boolean(_) => Value::Other("true or false"),
        DeValue::Datetime(_) => Value::Other("a date without quotes"),
        DeValue::Array(array) => Value::List(array.iter().map(|item| node(text, item)).collect()),
        DeValue::Table(inner) => Value::Table(table(text, inner, value.span())),
    };
    Node { spot, value }
}
