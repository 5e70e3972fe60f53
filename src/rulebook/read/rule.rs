//! `[[classify]]`, `[[allocate]]` and `[group.*]`.

use std::collections::BTreeMap;

use super::Reader;
use crate::finding::{Finding, Named, clean};
use crate::money::{Amount, NumberFormat, ReadNumber, parse_number};
use crate::period::Validity;
use crate::rulebook::condition::{Clauses, Template};
use crate::rulebook::syntax::{Node, Table, Value};
use crate::rulebook::{
    AllocateRule, BalanceField, By, ClassifyRule, DimensionId, DriverDecl, FOR_PERIOD, Group, IfNoDriver, KIND,
    MemberSet, PriceOf, RuleWords, SOURCE, schema,
};

/// A hundred percent as a weight.
const HUNDRED: Amount = Amount::whole(100);

impl Reader<'_> {
    pub(super) fn words(&mut self, table: &Table) -> RuleWords {
        let mut word = |key: &str| self.text(table, key).map(|text| text.name).unwrap_or_default();
        RuleWords { why: word("why"), owner: word("owner"), approved: word("approved") }
    }

    pub(super) fn valid(&mut self, table: &Table) -> Validity {
        let Some(node) = table.get("valid") else { return Validity::default() };
        let Some(text) = self.as_text(node, "valid") else { return Validity::default() };
        Validity::parse(&text.name, self.calendar).unwrap_or_else(|| {
            let title = format!("`{}` does not say from when to when", clean(&text.name));
            let example = self.calendar.example();
            self.error("valid", text.spot.place(), title, "", format!("write \"{example}\", \"{example}..\" or \"2026-04-01..2026-09-30\"; the end comes after the beginning and both are included"));
            Validity::default()
        })
    }

    pub(super) fn set(&mut self, table: &Table) -> Vec<(DimensionId, Template)> {
        let Some(inner) = table.get("set").and_then(|node| self.as_table(node, "set")) else { return Vec::new() };
        inner
            .entries
            .iter()
            .filter_map(|(name, node)| {
                let dimension = self.settable(name);
                let text = self.as_text(node, &name.name)?;
                let template = self.template(&text);
                Some((dimension?, template?))
            })
            .collect()
    }

    /// A text with columns in braces.
    pub(super) fn template(&mut self, text: &Named) -> Option<Template> {
        let template = Template::parse(&text.name, text.spot.clone());
        if template.is_none() {
            let help = "write a column in braces: \"app-{Tags.app}\"";
            self.error("template", text.spot.place(), "a brace is open or empty", "", help);
        }
        template
    }

    /// A dimension that lines may be given a member of.
    pub(super) fn settable(&mut self, name: &Named) -> Option<DimensionId> {
        let dimension = self.dimension(name)?;
        if [FOR_PERIOD, SOURCE, KIND].contains(&dimension) {
            self.error(
                "fixed-dimension",
                name.spot.place(),
                format!("`{}` cannot be set", name.name),
                "",
                "it follows from the file, the date of a line, or the rule",
            );
            return None;
        }
        Some(dimension)
    }

    pub(super) fn classify(&mut self, table: &Table, sources: &[String]) -> Option<ClassifyRule> {
        self.known_keys(table, "a classify rule", schema::CLASSIFY);
        let id = self.required_text(table, "id", "a classify rule");
        let named = self.texts(table, "source");
        for source in &named {
            self.known_name(source, "source", sources);
        }
        let lookup = table
            .get("lookup")
            .and_then(|node| self.as_table(node, "lookup"))
            .and_then(|inner| self.lookup(inner, "`lookup`"));
        let set = self.set(table);
        if set.is_empty() && lookup.is_none() && !self.findings.has_errors() {
            self.error(
                "missing-key",
                table.spot.place(),
                "this rule sets nothing",
                "",
                "add set = { service = \"…\" } or a lookup",
            );
        }
        Some(ClassifyRule {
            id: id?.name,
            spot: table.spot.clone(),
            words: self.words(table),
            sources: named,
            filter: table.get("where").map(|node| self.conditions(node, Reader::line_field)).unwrap_or_default(),
            set,
            lookup,
            valid: self.valid(table),
        })
    }

    pub(super) fn allocate(
        &mut self,
        table: &Table,
        drivers: &[String],
        groups: &[String],
        prices: &[String],
    ) -> Option<AllocateRule> {
        self.known_keys(table, "an allocate rule", schema::ALLOCATE);
        let id = self.required_text(table, "id", "an allocate rule");
        let (to, member) = self.target(table)?;
        let by = self.by(table, &to, member, drivers, prices);
        let if_no_driver = self.if_no_driver(table, &to, drivers);
        let within = self.dimension_list(table, "within");
        if let (Some(node), Some(by)) = (table.get("within"), &by)
            && !matches!(by, By::CostSoFar(_))
        {
            self.error(
                "within",
                node.spot.place(),
                "`within` goes with cost_so_far",
                "",
                "for a driver, name the dimension in the driver's `from`",
            );
        }
        let group = self.text(table, "group");
        if let Some(group) = &group {
            self.known_name(group, "group", groups);
        }
        let settlement = self.settlement(table);
        let chosen =
            ["among", "except"].map(|key| table.get(key).map(|node| self.conditions(node, Reader::balance_field)));
        self.fits_together(table, by.as_ref());
        for (key, conditions) in ["among", "except"].into_iter().zip(&chosen) {
            self.looks_at_receivers(key, conditions.as_ref(), &to);
        }
        let [among, except] = chosen;
        if group.is_some() && settlement.is_some() {
            self.error(
                "method",
                table.spot.place(),
                "this rule has a method and a group that has one too",
                "",
                "keep `method` in [group.…]",
            );
        }
        Some(AllocateRule {
            id: id?.name,
            spot: table.spot.clone(),
            words: self.words(table),
            from: table.get("from").map(|node| self.conditions(node, Reader::balance_field)).unwrap_or_default(),
            to,
            by: by?,
            within,
            among,
            except,
            replace: self.dimension_list(table, "replace"),
            if_no_driver,
            valid: self.valid(table),
            settlement,
            group,
            limits: self.limits(table, drivers),
            capacity: self.capacity(table, drivers),
            remainder_to: self.members_at(table, "remainder_to"),
            recovery_to: self.members_at(table, "recovery_to"),
            drops_negative: self.drops_negative(table),
        })
    }

    /// Keys that only have a meaning together with others.
    fn fits_together(&mut self, table: &Table, by: Option<&By>) {
        let mut refuse = |key: &str, is_wrong: bool, title: &str, help: &str| {
            if let Some(node) = table.get(key).filter(|_| is_wrong) {
                self.findings.push(Finding::error("no-meaning-here", node.spot.place(), title).help(help));
            }
        };
        let Some(by) = by else { return };
        let has_limits =
            ["cap", "floor", "minimum", "maximum", "subsidy", "mark_up"].iter().any(|key| table.get(key).is_some());
        let makes_bills = has_limits || matches!(by, By::Price { .. });
        refuse(
            "remainder_to",
            !matches!(by, By::Shares { .. } | By::Amounts(_)) && table.get("cap").is_none(),
            "`remainder_to` goes with shares, amounts or a cap",
            "leave it out: a driver has no remainder",
        );
        refuse(
            "recovery_to",
            !makes_bills,
            "`recovery_to` goes with a price, a minimum, a maximum, a subsidy or a mark-up",
            "leave it out: without them the cost is handed out as it is",
        );
        refuse(
            "capacity",
            makes_bills || !matches!(by, By::Driver(_)),
            "`capacity` goes with a driver and without limits",
            "split by a driver, and put the limits into a rule of their own",
        );
        for key in ["cap", "floor"] {
            refuse(
                key,
                matches!(by, By::Price { .. } | By::Amounts(_) | By::Mix(_)),
                "a cap or floor goes with a driver, shares or even parts",
                "bound the bills of prices by minimum and maximum",
            );
        }
        for key in ["minimum", "maximum", "subsidy", "mark_up"] {
            refuse(key, matches!(by, By::Mix(_)), "a mix has no bills", "put the limit into a rule of its own");
        }
        let has_chosen = table.get("among").is_some() || table.get("except").is_some();
        refuse(
            "capacity",
            has_chosen,
            "a capacity is used by all receivers, so none can be chosen",
            "leave `among` and `except` out, and give a driver of those who use it",
        );
        let fallback = table.get("if_no_driver").map(|node| &node.value);
        let is_left = matches!(fallback, Some(Value::Text(text)) if text == "leave");
        refuse(
            "if_no_driver",
            table.get("capacity").is_some() && !is_left,
            "a capacity goes with its own driver only",
            "write \"leave\", or leave it out",
        );
        let is_even_or_member = match fallback {
            Some(Value::Text(text)) => text == "even",
            other => matches!(other, Some(Value::Table(_))),
        };
        refuse(
            "if_no_driver",
            matches!(by, By::Price { .. }) && is_even_or_member,
            "a price needs quantities",
            "write \"leave\" or the name of another driver",
        );
        refuse("if_no_driver", matches!(by, By::Amounts(_)), "stated amounts have no driver", "leave it out");
        refuse(
            "remainder_to",
            table.get("recovery_to").is_some(),
            "a rule has one receiver for what is left",
            "keep `remainder_to` (amounts, caps) or `recovery_to` (prices, minimum, maximum)",
        );
        for key in ["method", "group"] {
            refuse(
                key,
                makes_bills || matches!(by, By::Mix(_)) || table.get("capacity").is_some(),
                "prices, limits, capacity and mixes have no method",
                "give this rule a place before or behind the group",
            );
        }
        let is_amounts = matches!(by, By::Amounts(_));
        for key in ["method", "group"] {
            refuse(
                key,
                is_amounts,
                "stated amounts have no method",
                "give this rule a place before or behind the group",
            );
        }
        for key in ["among", "except"] {
            refuse(
                key,
                matches!(by, By::Amounts(_) | By::Member(_) | By::Attribute(..)),
                "this rule names its receivers, so none can be chosen",
                "leave it out",
            );
        }
    }

    fn drops_negative(&mut self, table: &Table) -> bool {
        let Some(word) = self.text(table, "negative") else { return false };
        if word.name != "drop" {
            let title = format!("`{}` is not a way to treat negative quantities", clean(&word.name));
            self.error("negative", word.spot.place(), title, "", "expected \"drop\"; without it they are refused");
        }
        word.name == "drop"
    }

    /// `among` and `except` choose receivers, so they look at dimensions of `to` only.
    fn looks_at_receivers(&mut self, key: &str, conditions: Option<&Clauses<BalanceField>>, to: &[DimensionId]) {
        for clause in conditions.into_iter().flat_map(Clauses::clauses) {
            let (BalanceField::Dimension(dimension) | BalanceField::Attribute(dimension, _)) = &clause.field;
            if !to.contains(dimension) {
                let name = &self.dimensions[*dimension].name;
                let title = format!("`{key}` looks at {name}, which the rule does not split over");
                let help = "it chooses receivers, by the dimensions of `to`; which money is taken stands in `from`";
                self.findings.push(Finding::error("no-meaning-here", clause.spot.place(), title).help(help));
            }
        }
    }

    /// `to`: dimensions, and the member when it names one.
    pub(super) fn target(&mut self, table: &Table) -> Option<(Vec<DimensionId>, Option<MemberSet>)> {
        let Some(node) = table.get("to") else {
            self.error(
                "missing-key",
                table.spot.place(),
                "this rule has no `to`",
                "",
                "say what it splits over: to = \"service\", or to = { business_unit = \"Corporate\" }",
            );
            return None;
        };
        let target = if let Value::Table(_) = &node.value {
            let members = self.member_table(node)?;
            (members.iter().map(|(dimension, _)| *dimension).collect(), Some(members))
        } else {
            let names = self.texts(table, "to");
            let dimensions: Option<Vec<DimensionId>> = names.iter().map(|name| self.settable(name)).collect();
            (dimensions?, None)
        };
        if target.0.is_empty() {
            self.error("missing-key", node.spot.place(), "`to` is empty", "", "name a dimension");
            return None;
        }
        Some(target)
    }

    /// `{ business_unit = "Corporate", service = "Unused seats" }`
    pub(super) fn member_table(&mut self, node: &Node) -> Option<MemberSet> {
        let table = self.as_table(node, "the member")?;
        table.entries.iter().map(|(name, node)| Some((self.settable(name)?, self.as_text(node, &name.name)?))).collect()
    }

    pub(super) fn by(
        &mut self,
        table: &Table,
        to: &[DimensionId],
        member: Option<MemberSet>,
        drivers: &[String],
        prices: &[String],
    ) -> Option<By> {
        let Some(node) = table.get("by") else {
            if member.is_none() {
                self.error(
                    "missing-key",
                    table.spot.place(),
                    "this rule does not say what it splits by",
                    "",
                    "add by = \"driver\", \"even\", { shares = … }; or name one member: to = { … = \"…\" }",
                );
            }
            return member.map(By::Member);
        };
        if member.is_some() {
            self.error(
                "by",
                node.spot.place(),
                "`to` names one member, so there is nothing to split by",
                "",
                "leave `by` out, or name only dimensions in `to`",
            );
            return None;
        }
        let inner = match &node.value {
            Value::Text(text) if text == "even" => return self.single(to, node, "\"even\"").map(|()| By::Even),
            Value::Text(text) => {
                let driver = Named { name: text.clone(), spot: node.spot.clone() };
                return self.known_name(&driver, "driver", drivers).then_some(By::Driver(driver));
            }
            Value::Table(inner) => inner,
            _ => {
                self.wrong_kind(node, "`by`", "a driver's name, \"even\" or a table");
                return None;
            }
        };
        self.known_keys(inner, "`by`", schema::BY);
        if inner.get("price").is_some() {
            return self.price(inner, drivers, prices);
        }
        let [(kind, value)] = inner.entries.as_slice() else {
            self.error(
                "by",
                node.spot.place(),
                "`by` holds more or less than one way to split",
                "",
                "keep one of shares, amounts, cost_so_far, attribute, mix, price with quantity",
            );
            return None;
        };
        match kind.name.as_str() {
            "shares" => {
                self.single(to, value, "shares")?;
                self.shares(table, value)
            }
            "amounts" => {
                self.single(to, value, "amounts")?;
                let amounts = self.as_table(value, "amounts")?;
                let list: Option<Vec<_>> =
                    amounts.entries.iter().map(|(name, node)| Some((name.clone(), self.amount(node)?))).collect();
                Some(By::Amounts(list?))
            }
            "mix" => self.mix(value, drivers),
            "cost_so_far" => Some(By::CostSoFar(self.conditions(value, Reader::balance_field))),
            "attribute" => {
                self.single(to, value, "attribute")?;
                let text = self.as_text(value, "attribute")?;
                let Some((dimension, attribute)) = text.name.split_once('.') else {
                    self.error(
                        "attribute",
                        text.spot.place(),
                        format!("`{}` does not name an attribute", clean(&text.name)),
                        "",
                        "write it as \"service.spend\"",
                    );
                    return None;
                };
                let dimension = self.dimension(&Named { name: dimension.to_owned(), spot: text.spot.clone() })?;
                Some(By::Attribute(dimension, attribute.to_owned(), text.spot.clone()))
            }
            "quantity" => {
                let help = "write { price = \"vm\", quantity = \"vm_hours\" }";
                self.error("by", kind.spot.place(), "a quantity has a price", "", help);
                None
            }
            "driver" => {
                let help = "write by = \"headcount\", without a table around it";
                self.error("by", kind.spot.place(), "a driver is named by itself", "", help);
                None
            }
            // That is no key, which has been said.
            _ => None,
        }
    }

    /// `{ price = "vm", quantity = "vm_hours" }`
    fn price(&mut self, by: &Table, drivers: &[String], prices: &[String]) -> Option<By> {
        let price = self.required_text(by, "price", "`by`")?;
        let quantity = self.required_text(by, "quantity", "`by` with a price")?;
        if let Some((key, _)) = by.entries.iter().find(|(key, _)| key.name != "price" && key.name != "quantity") {
            self.error("by", key.spot.place(), "a price goes with a quantity only", "", "keep price and quantity");
        }
        let is_driver = self.known_name(&quantity, "driver", drivers);
        let price = if let Ok(read) = parse_number(price.name.as_bytes(), NumberFormat::PLAIN) {
            PriceOf::Flat(self.exact(read, &price.spot)?)
        } else {
            self.known_name(&price, "price list", prices).then_some(PriceOf::List(price))?
        };
        is_driver.then_some(By::Price { price, quantity })
    }

    /// `{ tickets = "70%", headcount = "30%" }`
    fn mix(&mut self, node: &Node, drivers: &[String]) -> Option<By> {
        let table = self.as_table(node, "mix")?;
        let mut parts = Vec::new();
        for (name, value) in &table.entries {
            let (weight, is_percentage) = self.share(value)?;
            if !is_percentage || weight <= Amount::ZERO {
                self.error(
                    "not-a-share",
                    value.spot.place(),
                    "a mix has percentages above 0",
                    "",
                    "write it as \"70%\"",
                );
            }
            if self.known_name(name, "driver", drivers) {
                parts.push((name.clone(), weight));
            }
        }
        let total: Amount = parts.iter().map(|(_, weight)| *weight).sum();
        if total != HUNDRED {
            let title = format!("the mix adds up to {total} %, not to 100 %");
            self.error("not-100-percent", node.spot.place(), title, "", "put the percentages right");
        }
        Some(By::Mix(parts))
    }

    pub(super) fn single(&mut self, to: &[DimensionId], node: &Node, what: &str) -> Option<()> {
        if to.len() == 1 {
            return Some(());
        }
        self.error(
            "by",
            node.spot.place(),
            format!("{what} splits over one dimension, and `to` names {}", to.len()),
            "",
            "keep one dimension in `to`",
        );
        None
    }

    pub(super) fn shares(&mut self, rule: &Table, node: &Node) -> Option<By> {
        let table = self.as_table(node, "shares")?;
        let mut shares = Vec::new();
        let mut percentages = 0;
        for (name, value) in &table.entries {
            let known = ["why", "valid", "owner", "approved", "if_no_driver"].contains(&name.name.as_str());
            if known && matches!(value.value, Value::Text(_)) && Self::share_text(value).is_none() {
                let title = format!("`{}` stands under the table of shares, so it is read as a member", name.name);
                self.error(
                    "misplaced-key",
                    name.spot.place(),
                    title,
                    "",
                    "move it above the table that begins with [allocate.by.shares]",
                );
                continue;
            }
            let (weight, is_percentage) = self.share(value)?;
            if weight.is_negative() {
                self.error("not-a-share", value.spot.place(), "a share is not negative", "", "write 0% or more");
            }
            percentages += usize::from(is_percentage);
            shares.push((name.clone(), weight));
        }
        let remainder_to = rule.get("remainder_to").and_then(|node| self.member_table(node));
        if percentages != 0 && percentages != shares.len() {
            self.error(
                "not-a-share",
                node.spot.place(),
                "some shares are percentages and some are plain parts",
                "",
                "write all of them with %, or none",
            );
            return None;
        }
        let total: Amount = shares.iter().map(|(_, weight)| *weight).sum();
        let missing = HUNDRED - total;
        if percentages == 0 {
            if let Some(node) = rule.get("remainder_to") {
                self.error(
                    "remainder-to",
                    node.spot.place(),
                    "`remainder_to` goes with percentages",
                    "",
                    "plain parts have no remainder",
                );
            }
            if total.is_zero() {
                self.error(
                    "not-a-share",
                    node.spot.place(),
                    "the parts add up to 0",
                    "",
                    "give at least one member a part",
                );
            }
            return Some(By::Shares { shares, remainder: None });
        }
        if missing.is_negative() || !missing.is_zero() && remainder_to.is_none() {
            let title = format!("the shares add up to {total} %, not to 100 %");
            let label =
                if missing.is_negative() { format!("{} % too much", -missing) } else { format!("{missing} % missing") };
            let help = "put the percentages right, or say who gets what is missing: remainder_to = { … = \"…\" }";
            self.error("not-100-percent", node.spot.place(), title, label, help);
            return None;
        }
        Some(By::Shares { shares, remainder: remainder_to.map(|members| (members, missing)) })
    }

    pub(super) fn share_text(node: &Node) -> Option<(ReadNumber, bool)> {
        let (Value::Text(text) | Value::Number(text)) = &node.value else { return None };
        let (digits, is_percentage) = match text.trim().strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (text.as_str(), false),
        };
        Some((parse_number(digits.as_bytes(), NumberFormat::PLAIN).ok()?, is_percentage))
    }

    pub(super) fn share(&mut self, node: &Node) -> Option<(Amount, bool)> {
        let Some((read, is_percentage)) = Self::share_text(node) else {
            let label = match &node.value {
                Value::Text(text) | Value::Number(text) => format!("`{}`", clean(text)),
                other => other.kind().to_owned(),
            };
            self.error(
                "not-a-share",
                node.spot.place(),
                "this is not a share",
                label,
                "write a percentage such as \"12.5%\" or a plain part such as 3",
            );
            return None;
        };
        Some((self.exact(read, &node.spot)?, is_percentage))
    }

    pub(super) fn if_no_driver(&mut self, table: &Table, to: &[DimensionId], drivers: &[String]) -> IfNoDriver {
        let Some(node) = table.get("if_no_driver") else { return IfNoDriver::Refuse };
        match &node.value {
            Value::Table(_) => self.member_table(node).map_or(IfNoDriver::Refuse, IfNoDriver::Member),
            Value::Text(text) if text == "leave" => IfNoDriver::Leave,
            Value::Text(text) if text == "even" => {
                self.single(to, node, "\"even\"");
                IfNoDriver::Even
            }
            Value::Text(text) => {
                let driver = Named { name: text.clone(), spot: node.spot.clone() };
                self.known_name(&driver, "driver", drivers);
                IfNoDriver::Driver(driver)
            }
            _ => {
                self.wrong_kind(
                    node,
                    "`if_no_driver`",
                    "\"leave\", \"even\", a driver's name or { dimension = \"member\" }",
                );
                IfNoDriver::Refuse
            }
        }
    }

    pub(super) fn groups_are_whole(&mut self, rules: &[AllocateRule], groups: &BTreeMap<String, Group>) {
        for (name, group) in groups {
            let members: Vec<usize> = (0..rules.len())
                .filter(|at| rules[*at].group.as_ref().is_some_and(|group| group.name == *name))
                .collect();
            let Some((&first, rest)) = members.split_first() else {
                self.error(
                    "empty-group",
                    group.spot.place(),
                    format!("no rule is part of the group `{}`", clean(name)),
                    "",
                    format!("add group = \"{}\" to its rules, or delete it", clean(name)),
                );
                continue;
            };
            for (&at, expected) in rest.iter().zip(first + 1..) {
                if at != expected {
                    let title = format!("another rule stands between the rules of the group `{}`", clean(name));
                    self.error(
                        "split-group",
                        rules[expected].spot.place(),
                        title,
                        "",
                        "move it before or behind the group",
                    );
                    break;
                }
            }
            for &at in rest {
                if rules[at].to != rules[first].to {
                    let help = format!(
                        "the first rule of the group, `{}`, stands at {}",
                        rules[first].id,
                        rules[first].spot.describe()
                    );
                    self.error(
                        "group-to",
                        rules[at].spot.place(),
                        "the rules of a group split over the same dimensions",
                        "",
                        help,
                    );
                }
            }
        }
    }

    pub(super) fn driver_fits_rules(&mut self, driver: &DriverDecl, rules: &[AllocateRule]) {
        let mut to = driver.to.clone();
        to.sort_unstable();
        for rule in rules {
            let known_as = driver.planned.in_place_of.as_ref().map_or(driver.name.as_str(), |name| &name.name);
            let uses = rule.splits_by(known_as);
            let mut wanted = rule.to.clone();
            wanted.sort_unstable();
            if uses && wanted != to {
                let names = |ids: &[DimensionId]| {
                    ids.iter().map(|id| self.dimensions[*id].name.clone()).collect::<Vec<_>>().join(", ")
                };
                let title = format!(
                    "the driver `{}` spreads over {}, the rule splits over {}",
                    driver.name,
                    names(&to),
                    names(&wanted)
                );
                let help = format!(
                    "give the rule and the driver the same `to`; the driver is declared at {}",
                    driver.spot.describe()
                );
                self.error("driver-to", rule.spot.place(), title, "", help);
            }
        }
    }
}
