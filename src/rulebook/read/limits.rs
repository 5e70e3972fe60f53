//! Prices, limits and capacity: `[prices.*]`, `cap`, `floor`, `minimum`, `maximum`, `capacity`, `idle_to`.

use std::collections::BTreeSet;

use super::{Reader, Section};
use crate::finding::clean;
use crate::money::{Amount, NumberFormat, parse_number};
use crate::period::{Day, Validity};
use crate::rulebook::syntax::{Node, Table, Value};
use crate::rulebook::{Bound, Capacity, CapacityOf, Limits, MemberSet, PriceList, Tier, schema};

impl Reader<'_> {
    pub(super) fn price_list(&mut self, (name, table): Section<'_>) -> Option<PriceList> {
        let what = format!("[prices.{}]", name.name);
        self.known_keys(table, &what, schema::PRICES);
        if parse_number(name.name.as_bytes(), NumberFormat::PLAIN).is_ok() {
            let title = "a price list cannot be named by a number";
            self.error(
                "price-name",
                name.spot.place(),
                title,
                "",
                "it would be read as the price itself; give it a word",
            );
        }
        let mode = self.required_text(table, "mode", &what)?;
        if !["graduated", "volume"].contains(&mode.name.as_str()) {
            let title = format!("`{}` is not a way to price by tier", clean(&mode.name));
            let help =
                "expected \"graduated\" (each tier prices what lies in it) or \"volume\" (the tier reached prices all)";
            self.error("price-mode", mode.spot.place(), title, "", help);
        }
        let Some(Value::List(list)) = table.get("tiers").map(|node| &node.value) else {
            let help = "add tiers = [ { up_to = \"100\", price = \"4\" }, { price = \"3\" } ]";
            self.error("missing-key", name.spot.place(), format!("{what} has no list of tiers"), "", help);
            return None;
        };
        let mut tiers: Vec<Tier> = Vec::new();
        for node in list {
            let inner = self.as_table(node, "tiers")?;
            self.known_keys(inner, "a tier", schema::TIER);
            let valid = self.valid(inner);
            let mut amount = |key: &str| inner.get(key).and_then(|node| self.amount(node));
            let tier = Tier {
                up_to: amount("up_to"),
                price: amount("price").unwrap_or_default(),
                flat: amount("flat").unwrap_or_default(),
                valid,
            };
            if inner.get("price").is_none() && inner.get("flat").is_none() {
                let help = "add price = \"4\", or flat = \"10\"; a tier that costs nothing says price = \"0\"";
                self.error("tiers", node.spot.place(), "this tier has neither a price nor a flat fee", "", help);
            }
            tiers.push(tier);
        }
        self.tiers_rise_on_every_day(&tiers, list);
        (!tiers.is_empty()).then(|| PriceList { spot: name.spot.clone(), is_volume: mode.name == "volume", tiers })
    }

    /// Whatever day it is, the tiers that hold rise, and the last has no end. What holds changes where a tier begins and
    /// behind its end.
    fn tiers_rise_on_every_day(&mut self, tiers: &[Tier], nodes: &[Node]) {
        let changes: BTreeSet<Option<Day>> =
            tiers.iter().flat_map(|tier| [tier.valid.from, tier.valid.to.map(Day::next)]).chain([None]).collect();
        let mut told = BTreeSet::new();
        for day in changes {
            // Before all changes: the tiers that have no first day.
            let holds = |tier: &Tier| day.map_or(tier.valid.from.is_none(), |day| tier.valid.holds_on(day));
            let holding: Vec<usize> = (0..tiers.len()).filter(|at| holds(&tiers[*at])).collect();
            for (place, at) in holding.iter().enumerate() {
                let before = place.checked_sub(1).map(|before| tiers[holding[before]].up_to);
                let rises = match (before, tiers[*at].up_to) {
                    (Some(Some(last)), Some(up_to)) => last < up_to,
                    (None, Some(up_to)) => !up_to.is_negative(),
                    (last, None) => last != Some(None),
                    (Some(None), Some(_)) => false,
                };
                let ends = place + 1 < holding.len() || tiers[*at].up_to.is_none();
                if (rises && ends) || !told.insert(*at) {
                    continue;
                }
                let title = if rises {
                    "the last tier has an end, and nothing prices what is beyond"
                } else {
                    "the tiers do not rise"
                };
                let when =
                    day.filter(|_| changes_in_time(tiers)).map(|day| format!(", from {day} on")).unwrap_or_default();
                let help = "order them by `up_to`; the last has none";
                self.error("tiers", nodes[*at].spot.place(), format!("{title}{when}"), "", help);
            }
        }
    }

    pub(super) fn limits(&mut self, table: &Table, drivers: &[String]) -> Limits {
        let limits = Limits {
            cap: table.get("cap").and_then(|node| self.bound(node, "cap", drivers)),
            floor: table.get("floor").and_then(|node| self.bound(node, "floor", drivers)),
            minimum: table.get("minimum").and_then(|node| self.amount(node)),
            maximum: table.get("maximum").and_then(|node| self.amount(node)),
            subsidy: self.percentage(table, "subsidy"),
            mark_up: self.percentage(table, "mark_up"),
        };
        let is_crossed = matches!((limits.minimum, limits.maximum), (Some(least), Some(most)) if most < least);
        if let Some(node) = table.get("maximum").filter(|_| is_crossed) {
            self.error("limits", node.spot.place(), "the maximum is below the minimum", "", "swap them");
        }
        limits
    }

    fn bound(&mut self, node: &Node, key: &str, drivers: &[String]) -> Option<Bound> {
        if let Value::Table(table) = &node.value {
            let list: Option<Vec<_>> =
                table.entries.iter().map(|(name, node)| Some((name.clone(), self.bound_amount(node)?))).collect();
            return list.map(Bound::Members);
        }
        let text = self.as_text(node, key)?;
        if parse_number(text.name.as_bytes(), NumberFormat::PLAIN).is_ok() {
            return self.bound_amount(node).map(Bound::Each);
        }
        self.known_name(&text, "driver", drivers).then_some(Bound::Driver(text))
    }

    /// A percentage of bills; the difference to the cost needs somebody who bears it.
    fn percentage(&mut self, table: &Table, key: &str) -> Option<Amount> {
        let node = table.get(key)?;
        let (share, is_percentage) = self.share(node)?;
        let most = if key == "subsidy" { Amount::whole(100) } else { Amount::whole(1_000) };
        if !is_percentage || share.is_negative() || share > most {
            self.error(
                "not-a-share",
                node.spot.place(),
                "this is not a percentage of a bill",
                "",
                "write it as \"10%\"",
            );
        }
        if table.get("recovery_to").is_none() {
            let help = "add recovery_to = { business_unit = \"IT\" }";
            self.error("missing-key", node.spot.place(), format!("nobody bears what `{key}` changes"), "", help);
        }
        Some(share)
    }

    fn bound_amount(&mut self, node: &Node) -> Option<Amount> {
        let amount = self.amount(node)?;
        if amount.is_negative() {
            self.error("limits", node.spot.place(), "a cap or floor is not negative", "", "write 0 or more");
        }
        Some(amount)
    }

    pub(super) fn capacity(&mut self, table: &Table, drivers: &[String]) -> Option<Capacity> {
        let refuses_idle =
            matches!(table.get("idle_to").map(|node| &node.value), Some(Value::Text(word)) if word == "refuse");
        let idle_to = if refuses_idle { Some(MemberSet::new()) } else { self.members_at(table, "idle_to") };
        let Some(node) = table.get("capacity") else {
            if let Some(node) = table.get("idle_to") {
                self.error(
                    "no-meaning-here",
                    node.spot.place(),
                    "`idle_to` goes with `capacity`",
                    "",
                    "add capacity = \"1000\"",
                );
            }
            return None;
        };
        let text = self.as_text(node, "capacity")?;
        let size = match parse_number(text.name.as_bytes(), NumberFormat::PLAIN) {
            Ok(read) => CapacityOf::Given(self.exact(read, &text.spot)?),
            Err(_) => self.known_name(&text, "driver", drivers).then(|| CapacityOf::Driver(text.clone()))?,
        };
        if matches!(size, CapacityOf::Given(size) if size <= Amount::ZERO) {
            self.error("capacity", node.spot.place(), "a capacity is above 0", "", "give how much there is");
        }
        let Some(idle_to) = idle_to else {
            let help = "add idle_to = { business_unit = \"IT\" }, or idle_to = \"refuse\" where all must be used";
            self.error("missing-key", node.spot.place(), "nobody pays for what is not used", "", help);
            return None;
        };
        Some(Capacity { size, idle_to, refuses_idle, spot: node.spot.clone() })
    }

    /// `{ business_unit = "IT", service = "Unused seats" }` under a key.
    pub(super) fn members_at(&mut self, table: &Table, key: &str) -> Option<MemberSet> {
        table.get(key).and_then(|node| self.member_table(node))
    }
}

/// Whether any of these tiers does not hold always.
fn changes_in_time(tiers: &[Tier]) -> bool {
    tiers.iter().any(|tier| tier.valid != Validity::default())
}
