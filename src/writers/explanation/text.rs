//! An explanation for people: sentences that may be pasted into a mail, and amounts that add up to the minor unit.

use std::fmt::Write;

use super::{Branch, Explanation, branches, line_in_words, of_lines, other_rows, outcome_words};
use crate::classify::trace::Outcome;
use crate::explain::{Forward, Found, Graph, Listed, RowPart, Rows, Way, hop_in_words, part_in_words};
use crate::money::Amount;

/// Rows of a level of the way below the first that are shown: a few are enough to see it.
const BELOW_SHOWN: usize = 3;

/// Rules on the way of a cost into a line that are named; the others are counted.
const RULES_SHOWN: usize = 5;

/// Text for people: sentences and amounts that add up to the minor unit.
#[must_use]
pub fn human(graph: &Graph, explanation: &Explanation, top: usize) -> String {
    let mut page = Page { graph, top, text: String::new() };
    if let Some(found) = &explanation.found {
        page.row(found);
    }
    if let Some(listed) = &explanation.listed {
        page.figure(explanation, listed);
        page.way(explanation, listed);
        page.parts(listed);
    }
    if let Some(rows) = &explanation.rows {
        page.rows(rows, explanation.listed.as_ref());
    }
    if let Some(forward) = &explanation.forward {
        page.forward(explanation, forward);
    }
    page.text
}

struct Page<'g> {
    graph: &'g Graph,
    top: usize,
    text: String,
}

/// Amounts with words, to be aligned.
struct List {
    rows: Vec<(String, String)>,
    /// What the rows shown add up to, in minor units.
    shown: i128,
}

impl List {
    fn new() -> List {
        List { rows: Vec::new(), shown: 0 }
    }

    fn add(&mut self, graph: &Graph, amount: Amount, words: String) {
        let minor = graph.currency.round(amount);
        self.shown += minor;
        self.rows.push((graph.currency.grouped(minor), words));
    }

    /// Adds what is missing to the whole, where anything is.
    fn close(&mut self, graph: &Graph, whole: i128, words: &str) {
        if self.shown != whole {
            self.add(graph, graph.currency.amount(whole - self.shown), words.to_owned());
        }
    }

    fn write(&self, text: &mut String) {
        let width = self.rows.iter().map(|(amount, _)| amount.chars().count()).max().unwrap_or(0);
        for (amount, words) in &self.rows {
            let _ = writeln!(text, "  {amount:>width$}  {words}");
        }
    }
}

impl Page<'_> {
    fn money(&self, amount: Amount) -> String {
        self.graph.currency.grouped(self.graph.currency.round(amount))
    }

    fn figure(&mut self, explanation: &Explanation, listed: &Listed) {
        let graph = self.graph;
        let lines = match explanation.lines.as_slice() {
            [one] => format!("charge line {}, {}", graph.lines[*one].id, line_in_words(graph, *one)),
            lines => format!("{} charge lines", lines.len()),
        };
        let figure = self.money(listed.figure);
        let code = graph.currency.code();
        let _ = writeln!(self.text, "{}: {figure} {code} ({lines})\n", explanation.title);
    }

    fn way(&mut self, explanation: &Explanation, listed: &Listed) {
        let _ = writeln!(self.text, "How it came, the last rule first");
        let whole = self.graph.currency.round(listed.figure);
        self.branches(&explanation.way, whole, "  ", true);
        self.text.push('\n');
    }

    /// What a way is made of, indented; the amounts shown add up to `whole` minor units.
    fn branches(&mut self, way: &Way, whole: i128, indent: &str, is_first: bool) {
        let graph = self.graph;
        let minor = |amount: Amount| graph.currency.round(amount);
        let (listed, others, rest) = branches(way, if is_first { self.top } else { self.top.min(BELOW_SHOWN) });
        let mut sum = 0;
        for (amount, branch) in listed {
            sum += minor(amount);
            let amount = graph.currency.grouped(minor(amount));
            match branch {
                Branch::Part(part) => {
                    let _ = writeln!(self.text, "{indent}{amount} entered from {}", part_in_words(graph, part));
                }
                Branch::Hop(hop) => {
                    let rule = &graph.rules[hop.rule];
                    let _ = writeln!(self.text, "{indent}{amount} came by rule `{}` ({})", rule.id, rule.place);
                    if !rule.why.is_empty() {
                        let _ = writeln!(self.text, "{indent}    because: {}", rule.why);
                    }
                    let _ = writeln!(self.text, "{indent}    {}", hop_in_words(graph, hop));
                    if !hop.before.hops.is_empty() || !hop.before.entered.is_empty() {
                        self.branches(&hop.before, minor(hop.amount), &format!("{indent}    "), false);
                    }
                }
            }
        }
        if others > 0 {
            sum += minor(rest);
            let _ = writeln!(self.text, "{indent}{} in {others} more", graph.currency.grouped(minor(rest)));
        }
        if sum != whole {
            let _ = writeln!(self.text, "{indent}{} rounding", graph.currency.grouped(whole - sum));
        }
    }

    fn parts(&mut self, listed: &Listed) {
        let graph = self.graph;
        let _ = writeln!(self.text, "Where it entered");
        let mut list = List::new();
        for part in listed.parts.iter().take(self.top) {
            list.add(graph, part.amount, part_in_words(graph, part));
        }
        if let Some(rest) = listed.parts.get(self.top..).filter(|rest| !rest.is_empty()) {
            let amount = rest.iter().map(|part| part.amount).sum();
            list.add(graph, amount, format!("in {}", more(rest.len() as u64, "opening balance")));
        }
        let whole = graph.currency.round(listed.figure);
        list.close(graph, whole, "rounding");
        list.add(graph, listed.figure, "in all".to_owned());
        list.write(&mut self.text);
        self.text.push('\n');
    }

    fn rows(&mut self, rows: &Rows, listed: Option<&Listed>) {
        let graph = self.graph;
        let _ = writeln!(self.text, "The largest rows behind it");
        let mut list = List::new();
        for row in &rows.largest {
            list.add(graph, row.amount, row_words(graph, row));
        }
        let figure = listed.map_or(Amount::ZERO, |listed| listed.figure);
        let (others, amount) = other_rows(rows, listed);
        if others > 0 {
            list.add(graph, amount, format!("in {}", more(others, "row")));
        }
        list.close(graph, graph.currency.round(figure), "rounding");
        list.add(graph, figure, "in all".to_owned());
        list.write(&mut self.text);
        for (file, why) in &rows.stopped {
            let _ = writeln!(self.text, "  rows of {file} are not listed: {why}");
        }
        self.text.push('\n');
    }

    fn row(&mut self, found: &Found) {
        let row = &found.row;
        let graph = self.graph;
        let hours = row.hours.map(|hours| format!(", {}", hours_words(hours))).unwrap_or_default();
        let _ = writeln!(
            self.text,
            "Row {} of {}, source {}: {} {}{hours}\n",
            row.row,
            row.file,
            row.source,
            self.money(row.money),
            graph.currency.code()
        );
        for (column, text) in &row.texts {
            let _ = writeln!(self.text, "  {column} = {text}");
        }
        let _ = writeln!(self.text, "\nWhat the rules made of it");
        let (said, nearly): (Vec<_>, Vec<_>) =
            found.traced.iter().partition(|traced| matches!(traced.outcome, Outcome::Set(..)));
        for of_rule in said.chunk_by(|a, b| (&a.by, &a.place) == (&b.by, &b.place)) {
            let first = of_rule[0];
            let why = if first.why.is_empty() { String::new() } else { format!("\n      because: {}", first.why) };
            let set: Vec<String> = of_rule.iter().map(|traced| outcome_words(&traced.outcome)).collect();
            let _ = writeln!(self.text, "  {} by `{}` ({}){why}", set.join(", "), first.by, first.place);
        }
        if !nearly.is_empty() {
            let _ = writeln!(self.text, "\nWhat nearly did");
            for traced in nearly {
                let _ = writeln!(self.text, "  `{}` ({}): {}", traced.by, traced.place, outcome_words(&traced.outcome));
            }
        }
        if !found.why_not.is_empty() {
            let _ = writeln!(self.text, "\n{}", found.why_not);
        }
        self.text.push('\n');
    }

    fn forward(&mut self, explanation: &Explanation, forward: &Forward) {
        let graph = self.graph;
        let code = graph.currency.code();
        let balances = explanation.origins.len();
        if explanation.found.is_none() {
            let entered =
                if balances == 1 { "1 opening balance".to_owned() } else { format!("{balances} opening balances") };
            let amount = self.money(forward.amount);
            let _ = writeln!(self.text, "{}: {amount} {code} entered ({entered})\n", explanation.title);
        }
        let lines = of_lines(explanation, forward);
        let sum: Amount = lines.iter().map(|(_, amount)| *amount).sum();
        match &explanation.within {
            None => {
                let _ = writeln!(self.text, "Who pays for it");
            }
            Some(within) => {
                let _ = writeln!(self.text, "What of it is in {within}: {} {code}", self.money(sum));
            }
        }
        let mut list = List::new();
        for (line, amount) in lines.iter().take(self.top) {
            let rules = explanation.through.iter().find(|(other, _)| other == line).map(|(_, rules)| rules.as_slice());
            let through = through_words(graph, *amount, rules.unwrap_or_default());
            list.add(graph, *amount, format!("{}{through}", line_in_words(graph, *line)));
        }
        if let Some(rest) = lines.get(self.top..).filter(|rest| !rest.is_empty()) {
            let amount = rest.iter().map(|(_, amount)| *amount).sum();
            list.add(graph, amount, format!("in {}", more(rest.len() as u64, "charge line")));
        }
        let whole = if explanation.only.is_some() { sum } else { forward.amount };
        // Rounding of what is shown is told apart from money that has met its opposite on the way.
        let whole_minor = graph.currency.round(whole);
        let is_cancelled = explanation.only.is_none() && graph.currency.round(forward.difference) != 0;
        if is_cancelled {
            list.add(graph, forward.difference, "met its opposite on the way, and comes to nothing with it".to_owned());
        }
        list.close(graph, whole_minor, "rounding");
        list.add(graph, whole, "in all".to_owned());
        list.write(&mut self.text);
        self.text.push('\n');
    }
}

fn hours_words(hours: Amount) -> String {
    if hours.to_string() == "1" { "1 hour".to_owned() } else { format!("{hours} hours") }
}

/// `1 more row`, `7 more rows`.
fn more(count: u64, what: &str) -> String {
    if count == 1 { format!("1 more {what}") } else { format!("{count} more {what}s") }
}

/// The rules that moved what a line has of a cost, the largest by name; with the amount where it is not all of it.
fn through_words(graph: &Graph, whole: Amount, rules: &[(usize, Amount)]) -> String {
    if rules.is_empty() {
        return String::new();
    }
    let minor = |amount: Amount| graph.currency.round(amount);
    let named = |(rule, amount): &(usize, Amount)| {
        let id = &graph.rules[*rule].id;
        if minor(*amount) == minor(whole) {
            id.clone()
        } else {
            format!("{id} ({})", graph.currency.grouped(minor(*amount)))
        }
    };
    let names: Vec<String> = rules.iter().take(RULES_SHOWN).map(named).collect();
    let others = match rules.len().saturating_sub(RULES_SHOWN) {
        0 => String::new(),
        others => format!(" and {}", more(others as u64, "rule")),
    };
    format!(", through {}{others}", names.join(", "))
}

fn row_words(graph: &Graph, row: &RowPart) -> String {
    let texts: Vec<String> = row.texts.iter().map(|(column, text)| format!("{column} {text}")).collect();
    let of = if row.amount == row.money {
        String::new()
    } else {
        format!(" of {}", graph.currency.grouped(graph.currency.round(row.money)))
    };
    let hours = row.hours.map(|hours| format!(" for {}", hours_words(hours))).unwrap_or_default();
    format!("{}:{}{of}{hours}: {}", row.file, row.row, texts.join(" · "))
}
