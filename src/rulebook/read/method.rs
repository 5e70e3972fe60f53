//! `method` with `order`, `rounds`, `first_round` and `self_use`, of a rule or of `[group.*]`.

use super::{Reader, Section};
use crate::finding::{Finding, Named, clean, did_you_mean, list_names};
use crate::rulebook::syntax::{Table, Value};
use crate::rulebook::{FirstRound, Group, Method, Order, Settlement, schema};

/// The words for a method.
const METHODS: [&str; 5] = ["direct", "step-down", "double-step-down", "reciprocal", "iterative"];

/// Keys that go with a method, and the methods they go with.
const KEYS: [(&str, &[&str]); 4] = [
    ("order", &["step-down", "double-step-down", "iterative"]),
    ("first_round", &["double-step-down"]),
    ("rounds", &["iterative"]),
    ("self_use", &["reciprocal"]),
];

impl Reader<'_> {
    pub(super) fn group(&mut self, (name, table): Section<'_>) -> Option<Group> {
        let what = format!("[group.{}]", name.name);
        self.known_keys(table, &what, schema::GROUP);
        self.required_text(table, "method", &what)?;
        Some(Group { spot: name.spot.clone(), settlement: self.settlement(table)? })
    }

    /// The method of a rule or group; `None` when there is none or it is wrong.
    pub(super) fn settlement(&mut self, table: &Table) -> Option<Settlement> {
        let word = self.text(table, "method");
        let named = word.as_ref().map_or("", |word| word.name.as_str());
        for (key, methods) in KEYS {
            if let Some(node) = table.get(key).filter(|_| !methods.contains(&named)) {
                let title = format!("`{key}` goes with the method {}", list_names(methods.iter().copied(), 5));
                let help = if named.is_empty() { "add the method, or leave it out" } else { "leave it out" };
                self.error("no-meaning-here", node.spot.place(), title, "", help);
            }
        }
        let word = word?;
        let method = match word.name.as_str() {
            "direct" => Method::Direct,
            "step-down" => Method::StepDown,
            "double-step-down" => Method::DoubleStepDown(self.first_round(table, &word)?),
            "reciprocal" => Method::Reciprocal { keeps_self_use: self.keeps_self_use(table) },
            "iterative" => Method::Iterative(self.rounds(table, &word)?),
            other => {
                let title = format!("the method `{}` is not known", clean(other));
                let finding = Finding::error("unknown-method", word.spot.place(), title)
                    .maybe_help(did_you_mean(other, METHODS))
                    .help(format!("expected {}", METHODS.join(", ")));
                self.findings.push(finding);
                return None;
            }
        };
        Some(Settlement { method, order: self.order(table) })
    }

    fn first_round(&mut self, table: &Table, method: &Named) -> Option<FirstRound> {
        let word = self.text(table, "first_round");
        match word.as_ref().map(|word| word.name.as_str()) {
            Some("own cost") => Some(FirstRound::OwnCost),
            Some("with received") => Some(FirstRound::WithReceived),
            _ => {
                let place = word.as_ref().map_or(method.spot.place(), |word| word.spot.place());
                let title = "two procedures are called double step-down, so the rule says which";
                let help = "first_round = \"own cost\" (what a sender receives in the first round waits for the second) \
                            or \"with received\" (it is handed on at once)";
                self.error("first-round", place, title, "", help);
                None
            }
        }
    }

    fn rounds(&mut self, table: &Table, method: &Named) -> Option<u32> {
        let node = table.get("rounds");
        let rounds = node.and_then(|node| self.number_text(node)).and_then(|text| text.parse().ok());
        let rounds = rounds.filter(|rounds| (1..=10_000).contains(rounds));
        if rounds.is_none() {
            let place = node.map_or(method.spot.place(), |node| node.spot.place());
            self.error(
                "rounds",
                place,
                "an iterative method has a number of rounds",
                "",
                "add rounds = 4 (1 to 10,000)",
            );
        }
        rounds
    }

    fn keeps_self_use(&mut self, table: &Table) -> bool {
        let Some(word) = self.text(table, "self_use") else { return false };
        if word.name != "keep" && word.name != "drop" {
            let title = format!("`{}` is not a way to treat self use", clean(&word.name));
            self.error("self-use", word.spot.place(), title, "", "expected \"drop\" (the default) or \"keep\"");
        }
        word.name == "keep"
    }

    /// Senders, first to last, each once; or the word `ranked`.
    fn order(&mut self, table: &Table) -> Order {
        match table.get("order").map(|node| &node.value) {
            None => return Order::Rules,
            Some(Value::Text(text)) if text == "ranked" => return Order::Ranked,
            Some(_) => {}
        }
        let order = self.texts(table, "order");
        for (at, name) in order.iter().enumerate() {
            if order[..at].iter().any(|earlier| earlier.name == name.name) {
                let title = format!("`{}` stands twice in `order`", clean(&name.name));
                self.error("order", name.spot.place(), title, "", "name every sender once");
            }
        }
        Order::Declared(order)
    }
}
