//! Tables that the model speaks of: lookups, rates, drivers.

use super::{Reader, Section};
use crate::finding::Named;
use crate::money::NumberFormat;
use crate::rulebook::condition::ColumnRef;
use crate::rulebook::syntax::{Table, Value};
use crate::rulebook::{DimensionId, DriverDecl, LookupDecl, TableFile, ValidityColumns, schema};

impl Reader<'_> {
    pub(super) fn table_file(&mut self, table: &Table, what: &str) -> Option<TableFile> {
        let file = self.required_text(table, "file", what)?;
        Some(TableFile {
            file,
            sheet: self.text(table, "sheet").map(|sheet| sheet.name),
            headings_row: self.headings_row(table),
        })
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
        self.known_keys(table, what, schema::LOOKUP);
        let on = self.named_pairs(table, "on", what);
        let rates = matches!(table.get("take").map(|node| &node.value), Some(Value::Text(_)));
        let take: Vec<(Option<DimensionId>, Named)> = if rates {
            self.text(table, "take").map(|heading| (None, heading)).into_iter().collect()
        } else {
            self.named_pairs(table, "take", what)
                .into_iter()
                .filter_map(|(name, heading)| Some((Some(self.settable(&name)?), heading)))
                .collect()
        };
        if what == "`hourly`" && !rates && table.get("take").is_some() {
            self.error("take", table.spot.place(), "a rate table gives one column", "", "write take = \"Loaded rate\"");
        }
        let lookup = LookupDecl {
            table: self.table_file(table, what)?,
            on: on.into_iter().map(|(column, heading)| (ColumnRef::parse(&column.name), heading)).collect(),
            take,
            valid: self.validity_columns(table),
        };
        (!lookup.on.is_empty() && !lookup.take.is_empty()).then_some(lookup)
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

    pub(super) fn driver(&mut self, (name, table): Section<'_>) -> Option<DriverDecl> {
        let what = format!("[drivers.{}]", name.name);
        self.known_keys(table, &what, schema::DRIVER);
        let side = |reader: &mut Self, key: &str| -> Vec<(DimensionId, Named)> {
            let pairs = reader.named_pairs(table, key, &what);
            pairs
                .into_iter()
                .filter_map(|(dimension, heading)| Some((reader.dimension(&dimension)?, heading)))
                .collect()
        };
        let from = if table.get("from").is_some() { side(self, "from") } else { Vec::new() };
        let to = side(self, "to");
        let formats = table.get("formats").and_then(|node| self.as_table(node, "formats"));
        if let Some(formats) = formats {
            self.known_keys(formats, &format!("`formats` of {what}"), schema::DRIVER_FORMATS);
        }
        Some(DriverDecl {
            name: name.name.clone(),
            spot: name.spot.clone(),
            table: self.table_file(table, &what)?,
            from,
            to,
            quantity: self.required_text(table, "quantity", &what)?,
            filter: table.get("where").map(|node| self.conditions(node, Reader::line_field)).unwrap_or_default(),
            valid: self.validity_columns(table),
            measure: self.text(table, "measure").map_or_else(|| name.name.replace('_', " "), |measure| measure.name),
            numbers: formats.and_then(|formats| self.number_format(formats)).unwrap_or(NumberFormat::PLAIN),
            delimiter: formats.and_then(|formats| self.delimiter(formats)),
        })
    }
}
