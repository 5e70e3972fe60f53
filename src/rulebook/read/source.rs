//! `[sources.*]`.

use super::{Reader, Section};
use crate::files::{Encoding, FloatForm, NamedKind, SheetForm};
use crate::finding::{Finding, Named, clean, did_you_mean, list_names};
use crate::money::{CurrencySign, Negative, NumberFormat};
use crate::period::{Cut, Day};
use crate::rulebook::condition::Form;
use crate::rulebook::presets::{Preset, first_heading};
use crate::rulebook::repairs::{self, ANY_COLUMN, Repair, RepairKind};
use crate::rulebook::schema::Field;
use crate::rulebook::syntax::{Table, Value};
use crate::rulebook::{
    ControlDecl, ControlFigures, CostDecl, Expect, Format, Late, PERIOD_AS_DATE, Refused, SourceDecl, schema,
};

impl Reader<'_> {
    pub(super) fn source(&mut self, (name, table): Section<'_>) -> Option<SourceDecl> {
        let what = format!("[sources.{}]", name.name);
        self.known_keys(table, &what, schema::SOURCE);
        let files = self.texts(table, "files");
        if files.is_empty() {
            self.error(
                "missing-key",
                name.spot.place(),
                format!("{what} has no `files`"),
                "",
                "add files = \"{period}/export-*.csv\"",
            );
        }
        for file in &files {
            self.words_in_pattern(file);
        }
        let format = self.format(table, &files);
        let sub = |reader: &mut Self, key: &str, fields: &'static [Field]| {
            let inner = table.get(key).and_then(|node| reader.as_table(node, key));
            if let Some(inner) = inner {
                reader.known_keys(inner, &format!("`{key}` of {what}"), fields);
            }
            inner
        };
        let columns = sub(self, "columns", schema::COLUMNS);
        let formats = sub(self, "formats", schema::FORMATS);
        let mapped = |reader: &mut Self, key: &str| columns.and_then(|columns| reader.text(columns, key));
        let known = table.get("format").and_then(|node| match &node.value {
            Value::Text(word) => Preset::named(word).map(|preset| (preset, node.spot.clone())),
            _ => None,
        });
        let preset = |heading: fn(&Preset) -> &'static str| {
            let (preset, spot) = known.as_ref()?;
            let name = first_heading(heading(preset)).to_owned();
            (!name.is_empty()).then(|| Named { name, spot: spot.clone() })
        };
        let own_hours = preset(|preset| preset.hours);
        let rated = sub(self, "cost", schema::COST).and_then(|cost| self.rated(cost, own_hours.clone(), &what));
        let cost_column = mapped(self, "cost").or_else(|| preset(|preset| preset.cost));
        let cost = match (rated, cost_column) {
            (Some(rated), None) => Some(rated),
            (Some(_), Some(column)) => {
                self.error(
                    "two-costs",
                    column.spot.place(),
                    format!("{what} has both a cost column and hours × rate"),
                    "",
                    "keep one of them",
                );
                None
            }
            (None, Some(column)) => Some(CostDecl::Column(column)),
            (None, None) if table.get("cost").is_none() => {
                self.error(
                    "missing-key",
                    name.spot.place(),
                    format!("{what} does not say where its cost is"),
                    "",
                    if own_hours.is_some() {
                        "an export of hours needs their rates: add cost = { hourly = { file = …, on = …, take = \"Rate\" } }"
                    } else {
                        "add columns = { cost = \"Heading\" }"
                    },
                );
                None
            }
            (None, None) => None,
        };
        if let Some(cost) = &cost {
            self.words_in_pattern(cost.column());
        }
        let currency_column = mapped(self, "currency").or_else(|| preset(|preset| preset.currency));
        let date = mapped(self, "date").or_else(|| preset(|preset| preset.date));
        let is_spread = table.get("amortise").is_some() || table.get("depreciation").is_some();
        let schedule = self.schedule(table, columns, cost.as_ref(), &what);
        if date.is_none() && !is_spread {
            // A heading may name the period, as in a budget with a column a month.
            let heading = cost.as_ref().map_or("", |cost| cost.column().name.as_str());
            let named = |file: &&Named| self.names_one_period(&format!("{} {heading}", file.name));
            let undated: Vec<&Named> = files.iter().filter(|file| !named(file)).collect();
            for file in undated {
                let title =
                    format!("{what} has no date column, and its file name does not say which period it belongs to");
                let help = "add columns = { date = \"Heading\" }, or {period} to the file name, or its parts: {year} and {month}, or {year} and {number}";
                self.error("no-period", file.spot.place(), title, "", help);
            }
        }
        let mut null: Vec<String> = self.texts(table, "null").into_iter().map(|text| text.name).collect();
        if let Some((preset, _)) = known.as_ref().filter(|_| table.get("null").is_none()) {
            null.extend(Some(preset.null.to_owned()).filter(|null| !null.is_empty()));
        }
        let dates = formats.and_then(|formats| self.date_format(formats));
        // The form of the preset belongs to its own column.
        let own_date = known
            .as_ref()
            .filter(|(preset, _)| date.as_ref().is_some_and(|date| preset.date.split('|').any(|own| own == date.name)));
        let numbers = self.source_numbers(formats, cost.as_ref(), known.as_ref().map(|(preset, _)| preset));
        let form = own_date.map(|(preset, _)| preset.date_form.to_owned()).filter(|form| !form.is_empty());
        Some(SourceDecl {
            name: name.name.clone(),
            spot: name.spot.clone(),
            format,
            files,
            sheet: self.sheet_form(table, format, &what),
            headings_row: self.headings_row(table),
            delimiter: formats.and_then(|formats| self.delimiter(formats)),
            encoding: formats.and_then(|formats| self.encoding(formats, format)),
            floats: formats.map_or(FloatForm::Refused, |formats| self.floats(formats)),
            numbers,
            dates: dates.or(form),
            null,
            preset: known.as_ref().map(|(preset, _)| *preset),
            repairs: self.repairs(table, known.as_ref().map(|(preset, _)| preset.name), &what),
            patterns: self.patterns(table),
            key: self.texts(table, "key"),
            expect: self.expect(table),
            refused: self.refused(table),
            date,
            currency: self.source_currency(table),
            fx: self.text(table, "fx"),
            currency_column,
            cost: cost?,
            is_by_period: false,
            personal: self.texts(table, "personal"),
            skip: table.get("skip").map(|node| self.conditions(node, Reader::line_field)).unwrap_or_default(),
            late: self.late(table),
            set: self.set(table),
            control: self.control(table, &what),
            planned: self.planned(table),
            schedule,
        })
    }

    /// Whether a file pattern is another one for each period.
    fn names_one_period(&self, pattern: &str) -> bool {
        let names_year = pattern.contains("{year}");
        let in_year = names_year || pattern.contains("{fiscal_year}");
        pattern.contains("{period}")
            || (pattern.contains("{number}") && (pattern.contains("{fiscal_year}")))
            || match self.calendar.cut {
                Cut::Months => {
                    in_year && ["{month}", "{month_name}", "{mon}"].iter().any(|word| pattern.contains(word))
                }
                Cut::Years => names_year || pattern.contains("{fiscal_year}"),
                _ => names_year && pattern.contains("{number}"),
            }
    }

    pub(super) fn format(&mut self, table: &Table, files: &[Named]) -> Format {
        let by_name = |file: &str| match NamedKind::of(file) {
            _ if file.to_ascii_lowercase().ends_with(".json") || fits_any_kind(file) => Format::ByName,
            NamedKind::Workbook => Format::Xlsx,
            NamedKind::Parquet => Format::Parquet,
            NamedKind::Tsv => Format::Tsv,
            NamedKind::Csv => Format::Csv,
        };
        let of_names = || {
            let mut formats = files.iter().map(|file| by_name(&file.name));
            let first = formats.next().unwrap_or(Format::Csv);
            if formats.all(|format| format == first) { first } else { Format::ByName }
        };
        let Some(declared) = self.text(table, "format") else { return of_names() };
        match declared.name.as_str() {
            "csv" => Format::Csv,
            "tsv" => Format::Tsv,
            preset if Preset::named(preset).is_some() => of_names(),
            "xlsx" => Format::Xlsx,
            "parquet" => Format::Parquet,
            other => {
                let title = format!("the format `{}` is not known", clean(other));
                let mut known = vec!["csv", "tsv", "xlsx", "parquet"];
                known.extend(Preset::all().map(|preset| preset.name));
                let help = did_you_mean(other, known.clone());
                self.findings.push(
                    Finding::error("unknown-format", declared.spot.place(), title)
                        .maybe_help(help)
                        .help(format!("expected one of {}", list_names(known, 24))),
                );
                Format::Csv
            }
        }
    }

    pub(super) fn delimiter(&mut self, formats: &Table) -> Option<u8> {
        let text = self.text(formats, "delimiter")?;
        match text.name.as_bytes() {
            [one] if *one == b'\t' || !matches!(one, b'"' | 0..=b' ') => Some(*one),
            _ => {
                self.error(
                    "delimiter",
                    text.spot.place(),
                    "a delimiter is one character",
                    "",
                    "write delimiter = \";\" or \"\\t\"",
                );
                None
            }
        }
    }

    pub(super) fn number_format(&mut self, formats: &Table) -> Option<NumberFormat> {
        let sample = self.text(formats, "number")?;
        let format = NumberFormat::from_sample(&sample.name);
        if format.is_none() {
            let title = format!("`{}` is not a sample of a number", clean(&sample.name));
            self.error(
                "number-format",
                sample.spot.place(),
                title,
                "",
                "write 1,234.56 the way the export writes it: \"1,234.56\", \"1.234,56\", \"1 234,56\", \"1234,56\"",
            );
        }
        format
    }

    /// How numbers are written: `number`, `negative` and `currency_sign` together.
    pub(super) fn numbers(&mut self, formats: &Table) -> NumberFormat {
        let mut numbers = self.number_format(formats).unwrap_or(NumberFormat::PLAIN);
        if let Some(word) = self.text(formats, "negative") {
            match Negative::from_word(&word.name) {
                Some(negative) => numbers.negative = negative,
                None => self.error(
                    "number-format",
                    word.spot.place(),
                    format!("`{}` is not a way to write numbers below 0", clean(&word.name)),
                    "",
                    "expected \"minus\" for -7, \"parentheses\" for (7) or \"trailing minus\" for 7-",
                ),
            }
        }
        if let Some(sign) = self.text(formats, "currency_sign") {
            numbers.currency_sign = CurrencySign::new(&sign.name);
            if numbers.currency_sign.is_none() {
                let title = format!("`{}` is not a currency sign", clean(&sign.name));
                let help = "write what stands beside the amounts: currency_sign = \"£\", \"kr\" or \"CHF\"";
                self.error("number-format", sign.spot.place(), title, "", help);
            }
        }
        numbers
    }

    /// As declared, else as the preset writes its own hours.
    fn source_numbers(
        &mut self,
        formats: Option<&Table>,
        cost: Option<&CostDecl>,
        preset: Option<&Preset>,
    ) -> NumberFormat {
        if let Some(formats) = formats.filter(|formats| formats.get("number").is_some()) {
            return self.numbers(formats);
        }
        let numbers = formats.map_or(NumberFormat::PLAIN, |formats| self.numbers(formats));
        let own = preset.filter(|preset| cost.is_some_and(|cost| cost.column().name == preset.hours));
        own.and_then(|preset| NumberFormat::from_sample(preset.hours_form)).unwrap_or(numbers)
    }

    fn floats(&mut self, formats: &Table) -> FloatForm {
        let Some(word) = self.text(formats, "floats") else { return FloatForm::Refused };
        if word.name != "shortest" {
            let title = format!("`{}` does not say what floats mean", clean(&word.name));
            let help = "expected shortest: the shortest text that means the same float, as spreadsheets show it";
            self.error("floats", word.spot.place(), title, "", help);
        }
        FloatForm::Shortest
    }

    pub(super) fn encoding(&mut self, formats: &Table, format: Format) -> Option<Encoding> {
        let name = self.text(formats, "encoding")?;
        if matches!(format, Format::Xlsx | Format::Parquet) {
            let title = "`encoding` goes with text files; workbooks and Parquet files say their own";
            self.error("no-meaning-here", name.spot.place(), title, "", "leave it out");
            return None;
        }
        let encoding = Encoding::named(&name.name);
        if encoding.is_none() {
            let known = ["utf-8", "utf-16le", "utf-16be", "windows-1252", "latin-1", "windows-1250", "shift_jis"];
            let title = format!("the encoding `{}` is not known", clean(&name.name));
            self.findings.push(
                Finding::error("encoding", name.spot.place(), title)
                    .maybe_help(did_you_mean(&name.name, known))
                    .help("expected a name such as utf-8, utf-16le, windows-1252 or latin-1"),
            );
        }
        encoding
    }

    /// `sheet`, `table` and `fill_down`: where the rows of a workbook stand.
    fn sheet_form(&mut self, table: &Table, format: Format, what: &str) -> SheetForm {
        let sheet = self.text(table, "sheet");
        let named = self.text(table, "table");
        let fill_down = self.texts(table, "fill_down");
        if let (Some(named), true) = (&named, sheet.is_some() || table.get("headings_row").is_some()) {
            let title = format!("{what} has a `table`, which says sheet and row by itself");
            self.error("two-places", named.spot.place(), title, "", "leave `sheet` and `headings_row` out, or `table`");
        }
        if !matches!(format, Format::Xlsx | Format::ByName) {
            for declared in named.iter().chain(&fill_down) {
                let title = "`table` and `fill_down` go with workbooks";
                self.error("no-meaning-here", declared.spot.place(), title, "", "leave it out");
            }
        }
        SheetForm { sheet: sheet.map(|sheet| sheet.name), table: named.map(|table| table.name), fill_down }
    }

    /// `patterns = { Column = "####" }`.
    fn patterns(&mut self, table: &Table) -> Vec<(Named, Vec<Form>)> {
        let Some(inner) = table.get("patterns").and_then(|node| self.as_table(node, "patterns")) else {
            return Vec::new();
        };
        let mut patterns = Vec::new();
        for (column, _) in &inner.entries {
            let forms = self.texts(inner, &column.name).into_iter().map(|form| Form(form.name)).collect();
            patterns.push((column.clone(), forms));
        }
        patterns
    }

    /// `repair`: what is put right in texts. What a source declares replaces what belongs to its preset.
    fn repairs(&mut self, table: &Table, preset: Option<&str>, what: &str) -> Vec<Repair> {
        let Some(node) = table.get("repair") else { return preset.map(repairs::of_preset).unwrap_or_default() };
        if matches!(&node.value, Value::Text(word) if word == "none") {
            return Vec::new();
        }
        let Some(inner) = self.as_table(node, "repair") else { return Vec::new() };
        self.known_keys(inner, &format!("`repair` of {what}"), schema::REPAIR);
        let mut declared = Vec::new();
        let all = |column: &str, kind| Repair { provider: String::new(), column: column.to_owned(), kind };
        for (key, kind) in [("blank", RepairKind::Blank as fn(String) -> RepairKind), ("fill", RepairKind::Fill)] {
            let Some(columns) = inner.get(key).and_then(|node| self.as_table(node, key)) else { continue };
            for (column, node) in &columns.entries {
                if key == "fill" && column.name == ANY_COLUMN {
                    let title = "`fill` says of one column where its blanks take their text from";
                    self.error("no-meaning-here", node.spot.place(), title, "", "name the column");
                    continue;
                }
                declared.extend(
                    self.texts(columns, &column.name).into_iter().map(|text| all(&column.name, kind(text.name))),
                );
            }
        }
        let any_case = self.texts(inner, "any_case");
        declared.extend(any_case.iter().map(|column| all(&column.name, RepairKind::AnyCase)));
        declared
    }

    fn expect(&mut self, table: &Table) -> Expect {
        match table.get("expect").map(|node| (&node.value, node)) {
            None => Expect::Any,
            Some((Value::List(_), _)) => {
                let patterns = self.texts(table, "expect");
                for pattern in &patterns {
                    self.words_in_pattern(pattern);
                }
                Expect::Listed(patterns)
            }
            Some((Value::Text(word), node)) if word == "daily" => Expect::Daily(node.spot.clone()),
            Some((_, node)) => {
                self.error(
                    "expect",
                    node.spot.place(),
                    "this does not say which files are expected",
                    "",
                    "write expect = \"daily\", or a list of patterns: expect = [\"{period}/emea-*.csv\", …]",
                );
                Expect::Any
            }
        }
    }

    fn refused(&mut self, table: &Table) -> Refused {
        let Some(word) = self.text(table, "refused") else { return Refused::Stop };
        match word.name.as_str() {
            "stop" => Refused::Stop,
            "quarantine" => Refused::Quarantine,
            other => {
                let title = format!("`{}` is not a way to treat lines that cannot be used", clean(other));
                self.error("refused", word.spot.place(), title, "", "expected stop or quarantine");
                Refused::Stop
            }
        }
    }

    pub(super) fn date_format(&mut self, formats: &Table) -> Option<String> {
        let format = self.text(formats, "date")?;
        if Day::is_date_format(&format.name) || format.name == PERIOD_AS_DATE {
            return Some(format.name);
        }
        let title = format!("`{}` does not describe a whole date", clean(&format.name));
        self.error(
            "date-format",
            format.spot.place(),
            title,
            "",
            "use strftime signs: %d day, %m month, %Y year, %b short month name, as in %d/%m/%Y; or \"period\" for the names of periods",
        );
        None
    }

    pub(super) fn late(&mut self, table: &Table) -> Late {
        let Some(word) = self.text(table, "late") else { return Late::Refuse };
        match word.name.as_str() {
            "refuse" => Late::Refuse,
            "own" => Late::Own,
            "here" => Late::Here,
            other => {
                self.error(
                    "late",
                    word.spot.place(),
                    format!("`{}` is not a way to treat late lines", clean(other)),
                    "",
                    "expected refuse, own or here",
                );
                Late::Refuse
            }
        }
    }

    pub(super) fn rated(&mut self, cost: &Table, own_hours: Option<Named>, what: &str) -> Option<CostDecl> {
        let hours = match own_hours.filter(|_| cost.get("hours").is_none()) {
            Some(own) => Some(own),
            None => self.required_text(cost, "hours", what),
        };
        let Some(node) = cost.get("hourly") else {
            self.error(
                "missing-key",
                cost.spot.place(),
                format!("`cost` of {what} has no `hourly`"),
                "",
                "add hourly = { file = …, on = { Grade = \"Grade\" }, take = \"Rate\" }",
            );
            return None;
        };
        let table = self.as_table(node, "hourly")?;
        let rate = self.lookup(table, "`hourly`")?;
        Some(CostDecl::Rated { hours: hours?, rate: Box::new(rate) })
    }

    pub(super) fn control(&mut self, table: &Table, what: &str) -> Option<ControlDecl> {
        let node = table.get("control")?;
        let inner = self.as_table(node, "control")?;
        self.known_keys(inner, &format!("`control` of {what}"), schema::CONTROL);
        let column = self.text(inner, "column");
        if inner.get("total").is_none() && inner.get("rows").is_none() {
            let help = "add total = \"118250.37\" or rows = 6240; with a file, the headings they stand under";
            self.error(
                "missing-key",
                node.spot.place(),
                format!("`control` of {what} has neither `total` nor `rows`"),
                "",
                help,
            );
        }
        if let Some(on) = inner.get("on").filter(|_| inner.get("file").is_none()) {
            self.error(
                "no-meaning-here",
                on.spot.place(),
                "`on` goes with a file of control totals",
                "",
                "add file = \"…\", or leave it out",
            );
        }
        if let Some(formats) = inner.get("formats").filter(|_| inner.get("file").is_none()) {
            self.error(
                "no-meaning-here",
                formats.spot.place(),
                "`formats` goes with a file of control totals",
                "",
                "add file = \"…\", or leave it out",
            );
        }
        let figures = if inner.get("file").is_some() {
            ControlFigures::Table {
                table: Box::new(self.table_file(inner, "`control`")?),
                on: self.required_text(inner, "on", "`control` with a file")?,
                total: self.text(inner, "total"),
                rows: self.text(inner, "rows"),
            }
        } else {
            let rows = inner.get("rows").and_then(|node| {
                let text = self.number_text(node)?;
                let rows = text.parse().ok();
                if rows.is_none() {
                    self.error(
                        "not-a-number",
                        node.spot.place(),
                        format!("`{}` is not a number of rows", clean(&text)),
                        "",
                        "write a whole number",
                    );
                }
                rows
            });
            ControlFigures::Given { total: inner.get("total").and_then(|node| self.amount(node)), rows }
        };
        Some(ControlDecl { spot: node.spot.clone(), column, figures })
    }
}

/// Whether the end of a file pattern leaves open what kind of file it is.
fn fits_any_kind(pattern: &str) -> bool {
    let plain = [".gz", ".zst", ".zip"].iter().find_map(|packed| pattern.strip_suffix(packed)).unwrap_or(pattern);
    plain.rsplit(['.', '/']).next().is_some_and(|end| end.contains(['*', '?', '[']))
}
