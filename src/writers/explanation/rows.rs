//! An explanation as rows for a spreadsheet.

use super::{Branch, Explanation, branches, line_in_words, of_lines, other_rows, outcome_words};
use crate::classify::trace::Outcome;
use crate::explain::{Graph, Part, PartOf, RowPart, Way, hop_in_words, part_in_words};
use crate::money::Amount;
use crate::reports::{Column, Shown, Value};
use crate::writers::tables::csv_text;

/// Rows for a spreadsheet: exact amounts. Those of `part`, `rest` and `rounding` add up to the figure; those of `pays`,
/// `rest` and `difference` to the cost that was followed, or to `within` where it is followed into a figure. `hop`,
/// `entered here` and `rest here` of a depth add up to the hop above them. `through` is of the line of its `pays`, and counts money at
/// every rule that moved it.
#[must_use]
pub fn csv(graph: &Graph, explanation: &Explanation, top: usize) -> String {
    let columns = COLUMNS.map(|name| Column::new(name, name, Shown::Text));
    let mut sheet = Sheet { graph, rows: Vec::new() };
    if let Some(listed) = &explanation.listed {
        sheet.push("figure", listed.figure, &[("words", Value::text(&explanation.title))]);
        sheet.way(&explanation.way, 1, top);
        for part in listed.parts.iter().take(top) {
            sheet.part(part, "part", 0);
        }
        let rest = listed.parts.get(top..).unwrap_or_default();
        if !rest.is_empty() {
            let amount = rest.iter().map(|part| part.amount).sum();
            sheet.push("rest", amount, &[("lines", Value::Count(rest.len() as u64))]);
        }
        sheet.push("rounding", listed.rounding, &[]);
    }
    for row in explanation.rows.iter().flat_map(|rows| &rows.largest) {
        sheet.row(row);
    }
    if let Some((count, amount)) = explanation.rows.as_ref().map(|rows| other_rows(rows, explanation.listed.as_ref()))
        && count > 0
    {
        sheet.push("rest of rows", amount, &[("lines", Value::Count(count))]);
    }
    for (file, why) in explanation.rows.iter().flat_map(|rows| &rows.stopped) {
        sheet.push("not listed", Amount::ZERO, &[("file", Value::text(file)), ("words", Value::text(why))]);
    }
    if let Some(found) = &explanation.found {
        sheet.row(&found.row);
        for traced in &found.traced {
            let what = if matches!(traced.outcome, Outcome::Set(..)) { "set" } else { "nearly" };
            let words = Value::text(outcome_words(&traced.outcome));
            let cells = [("rule", Value::text(&traced.by)), ("why", Value::text(&traced.why)), ("words", words)];
            sheet.push(what, Amount::ZERO, &cells);
        }
    }
    if let Some(forward) = &explanation.forward {
        sheet.push("entered", forward.amount, &[("words", Value::text(&explanation.title))]);
        let lines = of_lines(explanation, forward);
        if let Some(within) = &explanation.within {
            let amount = lines.iter().map(|(_, amount)| *amount).sum();
            sheet.push("within", amount, &[("words", Value::text(within))]);
        }
        for (line, amount) in lines.iter().take(top) {
            let id = Value::text(&graph.lines[*line].id);
            let words = Value::text(line_in_words(graph, *line));
            sheet.push("pays", *amount, &[("line", id.clone()), ("words", words)]);
            for (_, rules) in explanation.through.iter().filter(|(other, _)| other == line) {
                for (rule, amount) in rules {
                    let rule = &graph.rules[*rule];
                    let cells =
                        [("line", id.clone()), ("rule", Value::text(&rule.id)), ("why", Value::text(&rule.why))];
                    sheet.push("through", *amount, &cells);
                }
            }
        }
        let rest = lines.get(top..).unwrap_or_default();
        if !rest.is_empty() {
            let amount = rest.iter().map(|(_, amount)| *amount).sum();
            sheet.push("rest", amount, &[("lines", Value::Count(rest.len() as u64))]);
        }
        if explanation.only.is_none() {
            sheet.push("difference", forward.difference, &[]);
        }
    }
    csv_text(&columns, sheet.rows, &graph.currency)
}

/// Columns of the csv, by position.
const COLUMNS: [&str; 15] = [
    "what",
    "depth",
    "amount",
    "rule",
    "why",
    "measure",
    "quantity",
    "total",
    "handed_out",
    "source",
    "file",
    "row",
    "lines",
    "line",
    "words",
];

struct Sheet<'g> {
    graph: &'g Graph,
    rows: Vec<Vec<Value>>,
}

impl Sheet<'_> {
    fn push(&mut self, what: &str, amount: Amount, cells: &[(&str, Value)]) {
        let mut row = vec![Value::Blank; COLUMNS.len()];
        row[0] = Value::text(what);
        row[2] = Value::Exact(amount);
        for (name, value) in cells {
            if let Some(at) = COLUMNS.iter().position(|column| column == name) {
                row[at] = value.clone();
            }
        }
        self.rows.push(row);
    }

    fn part(&mut self, part: &Part, what: &str, depth: u64) {
        let mut cells = vec![("words", Value::text(part_in_words(self.graph, part)))];
        if depth > 0 {
            cells.push(("depth", Value::Count(depth)));
        }
        if let PartOf::Origin(origin) = part.of {
            let origin = &self.graph.origins[origin];
            cells.push(("source", Value::text(self.graph.member_in(origin.place, "source"))));
            cells.push(("file", Value::text(&origin.file)));
            cells.push(("lines", Value::Count(origin.lines)));
        }
        self.push(what, part.amount, &cells);
    }

    fn way(&mut self, way: &Way, depth: u64, top: usize) {
        let (listed, others, amount) = branches(way, top);
        for (_, branch) in listed {
            let hop = match branch {
                Branch::Part(part) => {
                    self.part(part, "entered here", depth);
                    continue;
                }
                Branch::Hop(hop) => hop,
            };
            let rule = &self.graph.rules[hop.rule];
            let cells = [
                ("depth", Value::Count(depth)),
                ("rule", Value::text(&rule.id)),
                ("why", Value::text(&rule.why)),
                ("measure", Value::text(&rule.measure)),
                ("quantity", Value::Exact(hop.quantity)),
                ("total", Value::Exact(hop.total)),
                ("handed_out", Value::Exact(hop.handed_out)),
                ("words", Value::text(hop_in_words(self.graph, hop))),
            ];
            self.push("hop", hop.amount, &cells);
            self.way(&hop.before, depth + 1, top);
        }
        if others > 0 {
            let cells = [("depth", Value::Count(depth)), ("lines", Value::Count(others as u64))];
            self.push("rest here", amount, &cells);
        }
    }

    fn row(&mut self, row: &RowPart) {
        let texts: Vec<String> = row.texts.iter().map(|(column, text)| format!("{column} {text}")).collect();
        let cells = [
            ("source", Value::text(&row.source)),
            ("file", Value::text(&row.file)),
            ("row", Value::Count(row.row)),
            ("handed_out", Value::Exact(row.money)),
            ("words", Value::text(texts.join(" · "))),
        ];
        self.push("row", row.amount, &cells);
    }
}
