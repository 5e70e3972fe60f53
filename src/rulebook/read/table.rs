//! Tables that the model speaks of: lookups, rates, drivers.

use super::{Reader, Section};
use crate::finding::{Named, clean};
use crate::rulebook::condition::{ColumnRef, Template};
use crate::rulebook::syntax::{Table, Value};
use crate::rulebook::{
    DimensionId, DriverDecl, DriverLines, DriverOrigin, DriverTable, Format, LookupDecl, ROWS, TableFile, TableFormats,
    ValidityColumns, WIDE, schema,
};

impl Reader<'_> {
    pub(super) fn table_file(&mut self, table: &Table, what: &str) -> Option<TableFile> {
        let file = self.required_text(table, "file", what)?;
        self.words_in_pattern(&file);
        Some(TableFile {
            file,
            sheet: self.text(table, "sheet").map(|sheet| sheet.name),
            headings_row: self.headings_row(table),
            formats: self.table_formats(table, what),
        })
    }

    fn table_formats(&mut self, table: &Table, what: &str) -> TableFormats {
        let Some(formats) = table.get("formats").and_then(|node| self.as_table(node, "formats")) else {
            return TableFormats::default();
        };
        self.known_keys(formats, &format!("`formats` of {what}"), schema::TABLE_FORMATS);
        let says_numbers = ["number", "negative", "currency_sign"].iter().any(|key| formats.get(key).is_some());
        TableFormats {
            delimiter: self.delimiter(formats),
            encoding: self.encoding(formats, Format::Csv),
            numbers: says_numbers.then(|| self.numbers(formats)),
            dates: self.date_format(formats),
        }
    }

    pub(super) fn headings_row(&mut self, table: &Table) -> u32 {
        let Some(node) = table.get("headings_row") else { return 1 };
        let row = self.number_text(node).and_then(|text| text.parse().ok()).filter(|row| *row >= 1);
        if row.is_none() {
            self.error(
                "headings-row",
                node.spot.place(),
                "this is not a row",
                "",
                "write the number of the row that holds the headings, from 1",
            );
        }
        row.unwrap_or(1)
    }

    pub(super) fn validity_columns(&mut self, table: &Table) -> ValidityColumns {
        ValidityColumns { from: self.text(table, "valid_from"), to: self.text(table, "valid_to") }
    }

    pub(super) fn lookup(&mut self, table: &Table, what: &str) -> Option<LookupDecl> {
        let is_rate = what == "`hourly`";
        self.known_keys(table, what, if is_rate { schema::HOURLY } else { schema::LOOKUP });
        let on = self.named_pairs(table, "on", what);
        let is_text = matches!(table.get("take").map(|node| &node.value), Some(Value::Text(_) | Value::List(_)));
        let take: Vec<(Option<DimensionId>, Named)> = if is_text {
            self.texts(table, "take").into_iter().map(|heading| (None, heading)).collect()
        } else {
            self.named_pairs(table, "take", what)
                .into_iter()
                .filter_map(|(name, heading)| Some((Some(self.settable(&name)?), heading)))
                .collect()
        };
        if is_rate != is_text && table.get("take").is_some() {
            let (title, help) = if is_rate {
                ("a rate is a number from a column, or from columns that are added up", "write take = \"Loaded rate\"")
            } else {
                ("a mapping table sets dimensions", "write take = { service = \"Service\" }")
            };
            self.error("take", table.spot.place(), title, "", help);
            return None;
        }
        let lookup = LookupDecl {
            table: self.table_file(table, what)?,
            on: on.into_iter().map(|(column, heading)| (ColumnRef::parse(&column.name), heading)).collect(),
            take,
            times: self.texts(table, "times"),
            per: self.texts(table, "per"),
            valid: self.validity_columns(table),
        };
        (!lookup.on.is_empty() && !lookup.take.is_empty()).then_some(lookup)
    }

    /// Whether `prorate = "days"` is there; it needs days from and to which something holds.
    pub(super) fn prorate(&mut self, table: &Table, valid: &ValidityColumns) -> bool {
        let Some(word) = self.text(table, "prorate") else { return false };
        if word.name != "days" {
            let title = format!("`{}` is not a way to count a part of a period", clean(&word.name));
            self.error("prorate", word.spot.place(), title, "", "expected \"days\"");
        }
        if valid.from.is_none() && valid.to.is_none() {
            let title = "`prorate` counts the days on which a row holds, and no column says which those are";
            let help = "add valid_from = \"Heading\", valid_to = \"Heading\" or both";
            self.error("no-meaning-here", word.spot.place(), title, "", help);
        }
        true
    }

    /// `{ left = "right", … }` as pairs; a finding when it is missing or empty.
    pub(super) fn named_pairs(&mut self, table: &Table, key: &str, what: &str) -> Vec<(Named, Named)> {
        let Some(node) = table.get(key) else {
            self.error(
                "missing-key",
                table.spot.place(),
                format!("{what} has no `{key}`"),
                "",
                format!("add {key} = {{ … = \"Heading\" }}"),
            );
            return Vec::new();
        };
        let Some(inner) = self.as_table(node, key) else { return Vec::new() };
        if inner.entries.is_empty() {
            self.error(
                "missing-key",
                node.spot.place(),
                format!("`{key}` of {what} is empty"),
                "",
                format!("write {key} = {{ … = \"Heading\" }}"),
            );
        }
        inner.entries.iter().filter_map(|(left, node)| Some((left.clone(), self.as_text(node, &left.name)?))).collect()
    }

    pub(super) fn driver(&mut self, (name, table): Section<'_>, sources: &[String]) -> Option<DriverDecl> {
        let what = format!("[drivers.{}]", name.name);
        self.known_keys(table, &what, schema::DRIVER);
        let side = |reader: &mut Self, key: &str| -> Vec<(DimensionId, Named)> {
            let pairs = reader.named_pairs(table, key, &what);
            let mut pairs: Vec<_> =
                pairs.into_iter().filter_map(|(dimension, text)| Some((reader.dimension(&dimension)?, text))).collect();
            // In the order of the dimensions' numbers, which is that of the keys made of them.
            pairs.sort_by_key(|(dimension, _)| *dimension);
            pairs
        };
        let from = if table.get("from").is_some() { side(self, "from") } else { Vec::new() };
        let to = side(self, "to");
        let (from, from_texts): (Vec<_>, Vec<_>) = from.into_iter().unzip();
        let (to, to_texts): (Vec<_>, Vec<_>) = to.into_iter().unzip();
        let quantity = self.text(table, "quantity");
        if let Some(heading) = &quantity {
            self.words_in_pattern(heading);
        }
        let origin = match self.text(table, "source") {
            Some(source) => {
                self.known_name(&source, "source", sources);
                for key in [
                    "file",
                    "sheet",
                    "headings_row",
                    "formats",
                    "ignore",
                    "carry_forward",
                    "valid_from",
                    "valid_to",
                    "prorate",
                ] {
                    if let Some(node) = table.get(key) {
                        let title = format!("`{key}` goes with a file, and the quantities of {what} are in a source");
                        self.error("no-meaning-here", node.spot.place(), title, "", "leave it out");
                    }
                }
                let from = self.templates(&from_texts)?;
                let to = self.templates(&to_texts)?;
                let quantity = quantity.or_else(|| self.required_text(table, "quantity", &what))?;
                let quantity = (quantity.name != ROWS).then_some(quantity);
                DriverOrigin::Lines(Box::new(DriverLines { source, from, to, quantity }))
            }
            None => self.driver_table(table, &what, from_texts, to_texts, quantity)?,
        };
        Some(DriverDecl {
            name: name.name.clone(),
            spot: name.spot.clone(),
            from,
            to,
            measure: self.text(table, "measure").map_or_else(|| name.name.replace('_', " "), |measure| measure.name),
            filter: table.get("where").map(|node| self.conditions(node, Reader::line_field)).unwrap_or_default(),
            origin,
            planned: self.planned(table),
        })
    }

    fn templates(&mut self, texts: &[Named]) -> Option<Vec<Template>> {
        texts.iter().map(|text| self.template(text)).collect()
    }

    fn driver_table(
        &mut self,
        table: &Table,
        what: &str,
        from: Vec<Named>,
        to: Vec<Named>,
        quantity: Option<Named>,
    ) -> Option<DriverOrigin> {
        let is_wide = to.len() == 1 && to[0].name == WIDE;
        match (&quantity, is_wide) {
            (Some(quantity), true) => {
                let title = "a wide table has its quantities under the receivers' names";
                self.error("no-meaning-here", quantity.spot.place(), title, "", "leave `quantity` out");
            }
            (None, false) => {
                self.required_text(table, "quantity", what);
            }
            _ => {}
        }
        if let Some(node) = table.get("ignore").filter(|_| !is_wide) {
            let help = "leave it out: other columns are not read";
            self.error("no-meaning-here", node.spot.place(), "`ignore` goes with a wide table", "", help);
        }
        let carry_forward = table.get("carry_forward").map_or(0, |node| {
            let periods = self.number_text(node).and_then(|text| text.parse().ok()).filter(|n| (1..=120).contains(n));
            if periods.is_none() {
                let help = "write how many periods back it may come from, such as 3";
                self.error("carry-forward", node.spot.place(), "this is not a number of periods", "", help);
            }
            periods.unwrap_or(0)
        });
        let valid = self.validity_columns(table);
        let is_prorated = self.prorate(table, &valid);
        Some(DriverOrigin::Table(Box::new(DriverTable {
            table: self.table_file(table, what)?,
            from,
            to,
            quantity: quantity.filter(|quantity| quantity.name != ROWS),
            is_by_period: false,
            ignore: self.texts(table, "ignore"),
            valid,
            is_prorated,
            carry_forward,
        })))
    }
}
