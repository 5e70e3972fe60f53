//! `[model]` and `[dimensions.*]`.

use super::{Reader, Section};
use crate::finding::{Finding, Named, Spot, clean, did_you_mean, list_names};
use crate::money::{Amount, Currency};
use crate::rulebook::syntax::{Table, Value};
use crate::rulebook::{
    BUILT_IN, BUSINESS_UNIT, DimensionDecl, DimensionId, FOR_PERIOD, Head, KIND, MembersDecl, MembersTable, POOL,
    SERVICE, SPEND, schema,
};

impl Reader<'_> {
    pub(super) fn head(&mut self, model: &Table) -> Option<Head> {
        let name = self.required_text(model, "name", "[model]");
        let currency = self.required_text(model, "currency", "[model]").and_then(|code| self.currency(&code));
        let tolerance = model
            .get("tolerance")
            .and_then(|node| self.as_table(node, "tolerance"))
            .and_then(|table| {
                self.known_keys(table, "`tolerance`", schema::TOLERANCE);
                let node = table.get("unallocated")?;
                if let (weight, true) = self.share(node)? {
                    Some(weight)
                } else {
                    self.error(
                        "not-a-share",
                        node.spot.place(),
                        "this is not a percentage",
                        "",
                        "write it as \"0.5%\"",
                    );
                    None
                }
            })
            .unwrap_or(Amount::ZERO);
        let complete = match model.get("complete") {
            Some(_) => self.dimension_list(model, "complete"),
            None => vec![BUSINESS_UNIT],
        };
        let by = model.get("charges").and_then(|node| self.as_table(node, "charges")).map(|table| {
            self.known_keys(table, "`charges`", schema::CHARGES);
            self.dimension_list(table, "by")
        });
        let charges_by = by.unwrap_or_else(|| vec![BUSINESS_UNIT, SERVICE, POOL, SPEND]);
        for dimension in &complete {
            self.is_kept(Some(&charges_by), *dimension, "`complete` asks for", &model.spot);
        }
        if let Some(node) = model.get("trend") {
            self.is_kept(Some(&charges_by), SPEND, "`trend` is of", &node.spot);
        }
        let charges_by = charges_by.into_iter().filter(|dimension| ![FOR_PERIOD, KIND].contains(dimension)).collect();
        let description = self.text(model, "description").map(|text| text.name).unwrap_or_default();
        Some(Head {
            name: name?.name,
            description,
            currency: currency?,
            calendar: self.calendar,
            complete,
            tolerance,
            charges_by,
            beside: self.beside(model),
            trend: self.trend(model),
            plans: Vec::new(),
        })
    }

    /// Refuses what asks for a dimension that charge lines do not keep. `wanted` says who asks, up to the dimension's name.
    pub(super) fn is_kept(&mut self, by: Option<&[DimensionId]>, dimension: DimensionId, wanted: &str, spot: &Spot) {
        if by.is_none_or(|by| by.contains(&dimension)) {
            return;
        }
        let name = &self.dimensions[dimension].name;
        let title = format!("{wanted} `{name}`, which the charge lines do not keep");
        let help = format!("add \"{name}\" to charges = {{ by = [...] }} of [model]");
        self.error("charges-by", spot.place(), title, "", help);
    }

    pub(super) fn currency(&mut self, code: &Named) -> Option<Currency> {
        let currency = Currency::new(&code.name);
        if currency.is_none() {
            let title = format!("`{}` is not a currency", clean(&code.name));
            self.error("currency", code.spot.place(), title, "", "expected a code of ISO 4217 such as GBP, EUR or USD");
        }
        currency
    }

    pub(super) fn dimension_decl(&mut self, (name, table): Section<'_>) {
        self.known_keys(table, &format!("[dimensions.{}]", name.name), schema::DIMENSION);
        let members = match table.get("members").map(|node| (&node.value, node)) {
            None => None,
            Some((Value::List(_), _)) => Some(MembersDecl::List(self.texts(table, "members"))),
            Some((_, node)) => self.as_table(node, "members").and_then(|inner| {
                self.known_keys(inner, "`members`", schema::MEMBERS);
                let valid = self.validity_columns(inner);
                let is_prorated = self.prorate(inner, &valid);
                Some(MembersDecl::Table(Box::new(MembersTable {
                    table: self.table_file(inner, "`members`")?,
                    name: self.required_text(inner, "name", "`members`")?,
                    parent: self.text(inner, "parent"),
                    alias: self.text(inner, "alias"),
                    order: self.text(inner, "order"),
                    valid,
                    is_prorated,
                })))
            }),
        };
        let is_personal = self.is_personal(table, members.as_ref());
        let label = self.text(table, "label").map(|label| label.name);
        let reserved = ["not", "under", "none"].contains(&name.name.as_str());
        let fits = !reserved && name.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !fits {
            let title = format!("`{}` cannot name a dimension", clean(&name.name));
            self.error(
                "dimension-name",
                name.spot.place(),
                title,
                "",
                "use lower-case letters, digits and _, such as cost_centre",
            );
            return;
        }
        match self.dimensions.iter().position(|dimension| dimension.name == name.name) {
            Some(id)
                if matches!(BUILT_IN[id.min(BUILT_IN.len() - 1)].0, "for_period" | "source" | "spend" | "kind")
                    && id < BUILT_IN.len()
                    && members.is_some() =>
            {
                let title = format!("the members of `{}` are fixed", name.name);
                self.error("dimension-name", name.spot.place(), title, "", "leave `members` out");
            }
            Some(id) => {
                let known = &mut self.dimensions[id];
                known.members = members.unwrap_or_else(|| known.members.clone());
                known.label = label.unwrap_or_else(|| known.label.clone());
                known.is_personal |= is_personal;
            }
            None => {
                let label = label.unwrap_or_else(|| humanise(&name.name));
                let members = members.unwrap_or(MembersDecl::Open);
                self.dimensions.push(DimensionDecl { name: name.name.clone(), label, members, is_personal });
            }
        }
    }

    /// `personal = "hide"`: people are numbered by their list, so there must be one.
    fn is_personal(&mut self, table: &Table, members: Option<&MembersDecl>) -> bool {
        let Some(word) = self.text(table, "personal") else { return false };
        if word.name != "hide" {
            let title = format!("`{}` does not say what happens to personal names", clean(&word.name));
            self.error("personal", word.spot.place(), title, "", "expected \"hide\"");
        }
        if !matches!(members, Some(MembersDecl::List(_) | MembersDecl::Table(_))) {
            let title = "hidden names are shown as numbers of the member list, and there is none";
            let help = "add members = { file = \"people.csv\", name = \"Name\" }";
            self.error("missing-key", word.spot.place(), title, "", help);
        }
        true
    }

    pub(super) fn dimension(&mut self, name: &Named) -> Option<DimensionId> {
        let id = self.dimensions.iter().position(|dimension| dimension.name == name.name);
        if id.is_none() {
            let known: Vec<String> = self.dimensions.iter().map(|dimension| dimension.name.clone()).collect();
            let title = format!("`{}` is not a dimension", clean(&name.name));
            let nearest = did_you_mean(&name.name, known.iter().map(String::as_str));
            let help = format!(
                "the dimensions are {}; declare another as [dimensions.{}]",
                list_names(known.iter().map(String::as_str), 12),
                clean(&name.name)
            );
            self.findings
                .push(Finding::error("unknown-dimension", name.spot.place(), title).maybe_help(nearest).help(help));
        }
        id
    }

    pub(super) fn dimension_list(&mut self, table: &Table, key: &str) -> Vec<DimensionId> {
        self.texts(table, key).iter().filter_map(|name| self.dimension(name)).collect()
    }
}

/// `cost_centre` as `Cost centre`.
fn humanise(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
