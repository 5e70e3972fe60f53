//! Reads the TOML files of a model into a [`RuleBook`], with a finding for every mistake.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::condition::{Clause, Clauses, ColumnRef, Template, Test};
use super::schema::{self, Field};
use super::syntax::{self, Node, Table, Value};
use super::{
    AllocateRule, BUILT_IN, BalanceField, By, ClassifyRule, ControlDecl, ControlFigures, CostDecl, DimensionDecl,
    DimensionId, DriverDecl, FOR_PERIOD, Format, Group, Head, IfNoDriver, JournalDecl, Late, LookupDecl, MembersDecl,
    MembersTable, Method, RuleBook, RuleWords, SPEND_MEMBERS, SourceDecl, TableFile, UnitCostDecl, ValidityColumns,
};
use crate::finding::{Finding, Findings, Named, Place, RuleText, Spot, clean, did_you_mean, list_names};
use crate::money::{Amount, Currency, NumberFormat, parse_number};
use crate::period::{Calendar, Day, Validity};

/// A hundred percent as a weight.
const HUNDRED: Amount = Amount::whole(100);

/// Reads the model in `folder`: `model.toml` and every other `*.toml` directly in it, in byte order of names.
///
/// Mistakes go to `findings`; the rule book that comes back holds what could be read. `None` when there is
/// no model to speak of.
pub fn read(folder: &Path, findings: &mut Findings) -> Option<RuleBook> {
    let texts = read_texts(folder, findings)?;
    let roots: Vec<Table> = texts.iter().map(|text| syntax::parse(text, findings)).collect();
    let syntax_is_clean = !findings.has_errors();
    let mut reader = Reader { findings, dimensions: built_in_dimensions(), calendar: Calendar::Months };
    for root in &roots {
        reader.known_keys(root, "a rule file", schema::TOP);
    }
    // Half of a file with a syntax error may be missing, and everything that hangs on it would be reported too.
    if !syntax_is_clean {
        return None;
    }
    let book = reader.book(folder, &roots, texts);
    (!findings.has_errors()).then_some(book).flatten()
}

fn read_texts(folder: &Path, findings: &mut Findings) -> Option<Vec<Arc<RuleText>>> {
    let refuse = |findings: &mut Findings, title: String, help: &str| {
        findings.push(Finding::error("no-model", Place::File(folder.display().to_string()), title).help(help));
    };
    let listing = match std::fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) => {
            refuse(
                findings,
                format!("the model folder cannot be read: {error}"),
                "give the folder that holds model.toml, as in `showback run rules`",
            );
            return None;
        }
    };
    let mut names: Vec<String> = listing
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| {
            Path::new(name).extension().is_some_and(|e| e == "toml") && name != "model.toml" && !name.starts_with('.')
        })
        .collect();
    names.sort();
    if !folder.join("model.toml").is_file() {
        refuse(
            findings,
            "there is no model.toml in this folder".to_owned(),
            "a model is a folder with a model.toml; see docs/RULES.md",
        );
        return None;
    }
    names.insert(0, "model.toml".to_owned());
    let mut texts = Vec::new();
    for name in names {
        match std::fs::read(folder.join(&name)).map(String::from_utf8) {
            Ok(Ok(text)) => {
                let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
                texts.push(Arc::new(RuleText { file: name, text }));
            }
            Ok(Err(error)) => {
                let at = error.utf8_error().valid_up_to();
                let title = format!("this file is not UTF-8 text (byte {at})");
                findings.push(Finding::error("not-utf-8", Place::File(name), title).help("save it as UTF-8"));
            }
            Err(error) => {
                let title = format!("this file cannot be read: {error}");
                findings.push(Finding::error("unreadable", Place::File(name), title));
            }
        }
    }
    Some(texts)
}

fn built_in_dimensions() -> Vec<DimensionDecl> {
    BUILT_IN
        .iter()
        .map(|(name, label)| DimensionDecl {
            name: (*name).to_owned(),
            label: (*label).to_owned(),
            members: match *name {
                "spend" => MembersDecl::List(SPEND_MEMBERS.map(str::to_owned).to_vec()),
                _ => MembersDecl::Open,
            },
        })
        .collect()
}

struct Reader<'f> {
    findings: &'f mut Findings,
    dimensions: Vec<DimensionDecl>,
    calendar: Calendar,
}

/// A sub-table of one of the named sections (`[sources.cloud]`).
type Section<'t> = (&'t Named, &'t Table);

impl Reader<'_> {
    fn book(&mut self, folder: &Path, roots: &[Table], texts: Vec<Arc<RuleText>>) -> Option<RuleBook> {
        let Some(model) = self.only(roots, "model") else {
            let place = Place::Rule(Arc::clone(&texts[0]), 0..0);
            self.error("no-model", place, "there is no [model] table", "", "add [model] with name and currency");
            return None;
        };
        self.known_keys(model, "[model]", schema::MODEL);
        let (calendar, year_starts) = self.calendar(model);
        self.calendar = calendar;
        for section in self.sections(roots, "dimensions") {
            self.dimension_decl(section);
        }
        let head = self.head(model, year_starts);
        let data = folder.join(self.text(model, "data").map_or_else(|| ".".to_owned(), |data| data.name));
        let sources = self.each(roots, "sources", |reader, section| reader.source(section, &head));
        let drivers = self.each(roots, "drivers", Reader::driver);
        let groups: BTreeMap<String, Group> = self
            .each(roots, "group", |reader, section| Some((section.0.name.clone(), reader.group(section)?)))
            .into_iter()
            .collect();
        let source_names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        let driver_names: Vec<String> = drivers.iter().map(|driver| driver.name.clone()).collect();
        let classify = self.rules(roots, "classify", |reader, table| reader.classify(table, &source_names));
        let allocate = self.rules(roots, "allocate", |reader, table| reader.allocate(table, &driver_names, &groups));
        self.unique_ids(classify.iter().map(|rule| (&rule.id, &rule.spot)));
        self.unique_ids(allocate.iter().map(|rule| (&rule.id, &rule.spot)));
        self.groups_are_whole(&allocate, &groups);
        for driver in &drivers {
            self.driver_fits_rules(driver, &allocate);
        }
        let journal = self.only(roots, "journal").and_then(|table| self.journal(table));
        let unit_costs = self.each(roots, "unit_costs", |reader, section| reader.unit_cost(section, &driver_names));
        if sources.is_empty() {
            self.error(
                "no-source",
                model.spot.place(),
                "the model has no source",
                "",
                "add a table such as [sources.cloud]",
            );
        }
        Some(RuleBook {
            folder: folder.to_owned(),
            data,
            head: head?,
            dimensions: std::mem::take(&mut self.dimensions),
            sources,
            drivers,
            classify,
            allocate,
            groups,
            journal,
            unit_costs,
            texts,
        })
    }

    // ---- sections ------------------------------------------------------------------------------------

    fn only<'t>(&mut self, roots: &'t [Table], key: &str) -> Option<&'t Table> {
        let mut found: Vec<&Node> = roots.iter().filter_map(|root| root.get(key)).collect();
        if found.len() > 1 {
            let title = format!("[{key}] stands in more than one file");
            self.error("twice", found[1].spot.place(), title, "", "keep one of them");
        }
        found.truncate(1);
        found.pop().and_then(|node| self.as_table(node, key))
    }

    fn sections<'t>(&mut self, roots: &'t [Table], key: &str) -> Vec<Section<'t>> {
        let mut sections: Vec<Section<'t>> = Vec::new();
        for root in roots {
            let Some(table) = root.get(key).and_then(|node| self.as_table(node, key)) else { continue };
            for (name, node) in &table.entries {
                if sections.iter().any(|(known, _)| known.name == name.name) {
                    let title = format!("{key} `{}` is declared twice", clean(&name.name));
                    self.error("twice", name.spot.place(), title, "", "keep one of them");
                } else if let Some(inner) = self.as_table(node, &format!("{key}.{}", name.name)) {
                    sections.push((name, inner));
                }
            }
        }
        sections
    }

    fn each<'t, T>(
        &mut self,
        roots: &'t [Table],
        key: &str,
        mut read: impl FnMut(&mut Self, Section<'t>) -> Option<T>,
    ) -> Vec<T> {
        let sections = self.sections(roots, key);
        sections.into_iter().filter_map(|section| read(self, section)).collect()
    }

    fn rules<'t, T>(
        &mut self,
        roots: &'t [Table],
        key: &str,
        mut read: impl FnMut(&mut Self, &'t Table) -> Option<T>,
    ) -> Vec<T> {
        let mut rules = Vec::new();
        for node in roots.iter().filter_map(|root| root.get(key)) {
            let Value::List(list) = &node.value else {
                self.wrong_kind(node, &format!("`{key}`"), &format!("tables, each under [[{key}]]"));
                continue;
            };
            for item in list {
                if let Some(rule) = self.as_table(item, key).and_then(|table| read(self, table)) {
                    rules.push(rule);
                }
            }
        }
        rules
    }

    fn unique_ids<'r>(&mut self, ids: impl Iterator<Item = (&'r String, &'r Spot)>) {
        let mut seen: BTreeMap<&str, &Spot> = BTreeMap::new();
        for (id, spot) in ids {
            if let Some(first) = seen.insert(id, spot) {
                let title = format!("two rules have the id `{}`", clean(id));
                let help = format!("the first stands at {}; give this one another id", first.describe());
                self.error("twice", spot.place(), title, "", help);
            }
        }
    }

    // ---- model and dimensions ------------------------------------------------------------------------

    fn calendar(&mut self, model: &Table) -> (Calendar, u32) {
        let Some(table) = model.get("calendar").and_then(|node| self.as_table(node, "calendar")) else {
            return (Calendar::Months, 1);
        };
        self.known_keys(table, "`calendar`", schema::CALENDAR);
        let starts = self.text(table, "year_starts");
        let parts = starts.as_ref().and_then(|starts| {
            let (month, day) = starts.name.split_once('-')?;
            Day::new(2026, month.parse().ok()?, day.parse().ok()?).map(|day| day.ymd())
        });
        let (month, day) = match (&starts, parts) {
            (Some(starts), None) => {
                self.error(
                    "calendar",
                    starts.spot.place(),
                    format!("`{}` is not a month and a day", clean(&starts.name)),
                    "",
                    "write it as \"04-01\"",
                );
                (1, 1)
            }
            (_, Some((_, month, day))) => (month, day),
            (None, None) => (1, 1),
        };
        let periods = self.text(table, "periods");
        match periods.as_ref().map_or("months", |periods| periods.name.as_str()) {
            "months" => (Calendar::Months, month),
            "years" if day <= 28 => (Calendar::Years { month, day }, month),
            other => {
                let place = periods.as_ref().map_or(table.spot.place(), |periods| periods.spot.place());
                let title = format!("the calendar `{}` is not known", clean(other));
                self.error(
                    "calendar",
                    place,
                    title,
                    "",
                    "\"months\" or \"years\" (which begin by the 28th of a month)",
                );
                (Calendar::Months, month)
            }
        }
    }

    fn head(&mut self, model: &Table, year_starts: u32) -> Option<Head> {
        let name = self.required_text(model, "name", "[model]");
        let currency = self.required_text(model, "currency", "[model]").and_then(|code| self.currency(&code));
        let tolerance = model
            .get("tolerance")
            .and_then(|node| self.as_table(node, "tolerance"))
            .and_then(|table| {
                self.known_keys(table, "`tolerance`", schema::TOLERANCE);
                let node = table.get("unallocated")?;
                match self.share(node)? {
                    (weight, true) => Some(weight),
                    _ => {
                        self.error(
                            "not-a-share",
                            node.spot.place(),
                            "this is not a percentage",
                            "",
                            "write it as \"0.5%\"",
                        );
                        None
                    }
                }
            })
            .unwrap_or(Amount::ZERO);
        let complete = match model.get("complete") {
            Some(_) => self.dimension_list(model, "complete"),
            None => vec![super::BUSINESS_UNIT],
        };
        let by = model.get("charges").and_then(|node| self.as_table(node, "charges")).map(|table| {
            self.known_keys(table, "`charges`", schema::CHARGES);
            self.dimension_list(table, "by")
        });
        let charges_by = by.unwrap_or_else(|| vec![super::BUSINESS_UNIT, super::SERVICE, super::POOL, super::SPEND]);
        for dimension in &complete {
            if !charges_by.contains(dimension) {
                let name = &self.dimensions[*dimension].name;
                let title = format!("`complete` asks for `{name}`, which the charge lines do not keep");
                self.error(
                    "charges-by",
                    model.spot.place(),
                    title,
                    "",
                    format!("add \"{name}\" to charges = {{ by = [...] }}"),
                );
            }
        }
        let charges_by = charges_by.into_iter().filter(|dimension| *dimension != FOR_PERIOD).collect();
        let description = self.text(model, "description").map(|text| text.name).unwrap_or_default();
        Some(Head {
            name: name?.name,
            description,
            currency: currency?,
            calendar: self.calendar,
            year_starts,
            complete,
            tolerance,
            charges_by,
        })
    }

    fn currency(&mut self, code: &Named) -> Option<Currency> {
        let currency = Currency::new(&code.name);
        if currency.is_none() {
            let title = format!("`{}` is not a currency", clean(&code.name));
            self.error("currency", code.spot.place(), title, "", "expected a code of ISO 4217 such as GBP, EUR or USD");
        }
        currency
    }

    fn dimension_decl(&mut self, (name, table): Section<'_>) {
        self.known_keys(table, &format!("[dimensions.{}]", name.name), schema::DIMENSION);
        let members = match table.get("members").map(|node| (&node.value, node)) {
            None => None,
            Some((Value::List(_), _)) => {
                Some(MembersDecl::List(self.texts(table, "members").into_iter().map(|member| member.name).collect()))
            }
            Some((_, node)) => self.as_table(node, "members").and_then(|inner| {
                self.known_keys(inner, "`members`", schema::MEMBERS);
                Some(MembersDecl::Table(Box::new(MembersTable {
                    table: self.table_file(inner, "`members`")?,
                    name: self.required_text(inner, "name", "`members`")?,
                    parent: self.text(inner, "parent"),
                    alias: self.text(inner, "alias"),
                    order: self.text(inner, "order"),
                    valid: self.validity_columns(inner),
                })))
            }),
        };
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
                if matches!(BUILT_IN[id.min(BUILT_IN.len() - 1)].0, "for_period" | "source" | "spend")
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
            }
            None => {
                let label = label.unwrap_or_else(|| humanise(&name.name));
                let members = members.unwrap_or(MembersDecl::Open);
                self.dimensions.push(DimensionDecl { name: name.name.clone(), label, members });
            }
        }
    }

    fn dimension(&mut self, name: &Named) -> Option<DimensionId> {
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

    fn dimension_list(&mut self, table: &Table, key: &str) -> Vec<DimensionId> {
        self.texts(table, key).iter().filter_map(|name| self.dimension(name)).collect()
    }

    // ---- sources -------------------------------------------------------------------------------------

    fn source(&mut self, (name, table): Section<'_>, head: &Option<Head>) -> Option<SourceDecl> {
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
        let preset = |key: &str, heading: &str| {
            let spot = table.get("format").map_or_else(|| name.spot.clone(), |node| node.spot.clone());
            (format == Format::Focus && !key.is_empty()).then(|| Named { name: heading.to_owned(), spot })
        };
        let rated = sub(self, "cost", schema::COST).and_then(|cost| self.rated(cost, &what));
        let cost_column = mapped(self, "cost").or_else(|| preset("cost", "EffectiveCost"));
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
                    "add columns = { cost = \"Heading\" }",
                );
                None
            }
            (None, None) => None,
        };
        let currency_column = mapped(self, "currency").or_else(|| preset("currency", "BillingCurrency"));
        let date = mapped(self, "date").or_else(|| preset("date", "ChargePeriodStart"));
        if let Some(code) = self.text(table, "currency") {
            let declared = self.currency(&code);
            if let (Some(declared), Some(head)) = (declared, head.as_ref())
                && declared != head.currency
            {
                self.foreign_currency(&code, head);
            }
        }
        if date.is_none() {
            for file in files.iter().filter(|file| !file.name.contains('{')) {
                let title = format!(
                    "{what} has neither a date column nor {{period}} in `files`, so nothing says which period it belongs to"
                );
                self.error(
                    "no-period",
                    file.spot.place(),
                    title,
                    "",
                    "add columns = { date = \"Heading\" }, or {period}, {year} or {month} to the file name",
                );
            }
        }
        let mut null: Vec<String> = self.texts(table, "null").into_iter().map(|text| text.name).collect();
        if format == Format::Focus && table.get("null").is_none() {
            null.push("NULL".to_owned());
        }
        Some(SourceDecl {
            name: name.name.clone(),
            spot: name.spot.clone(),
            format,
            files,
            sheet: self.text(table, "sheet").map(|sheet| sheet.name),
            headings_row: self.headings_row(table),
            delimiter: formats.and_then(|formats| self.delimiter(formats)),
            numbers: formats.and_then(|formats| self.number_format(formats)).unwrap_or(NumberFormat::PLAIN),
            dates: formats.and_then(|formats| self.date_format(formats)),
            null,
            date,
            currency_column,
            cost: cost?,
            skip: table.get("skip").map(|node| self.conditions(node, Reader::line_field)).unwrap_or_default(),
            late: self.late(table),
            set: self.set(table),
            control: self.control(table, &what),
        })
    }

    fn foreign_currency(&mut self, code: &Named, head: &Head) {
        let title = format!("this source is in {}, the books are in {}", code.name, head.currency.code());
        self.error(
            "currency",
            code.spot.place(),
            title,
            "",
            "exchange rates are not read yet: bring the source in the currency of the books",
        );
    }

    fn format(&mut self, table: &Table, files: &[Named]) -> Format {
        let by_name = |file: &str| {
            let file = file.strip_suffix(".gz").unwrap_or(file);
            let ends = |end: &str| Path::new(file).extension().is_some_and(|e| e.eq_ignore_ascii_case(end));
            if ends("xlsx") || ends("xlsm") {
                Format::Xlsx
            } else if ends("tsv") {
                Format::Tsv
            } else {
                Format::Csv
            }
        };
        let Some(declared) = self.text(table, "format") else {
            return files.first().map_or(Format::Csv, |file| by_name(&file.name));
        };
        match declared.name.as_str() {
            "csv" => Format::Csv,
            "tsv" => Format::Tsv,
            "focus" => Format::Focus,
            "xlsx" => Format::Xlsx,
            other => {
                let title = format!("the format `{}` is not known", clean(other));
                let help = did_you_mean(other, ["csv", "tsv", "focus", "xlsx"]);
                self.findings.push(
                    Finding::error("unknown-format", declared.spot.place(), title)
                        .maybe_help(help)
                        .help("expected csv, tsv, focus or xlsx"),
                );
                Format::Csv
            }
        }
    }

    fn delimiter(&mut self, formats: &Table) -> Option<u8> {
        let text = self.text(formats, "delimiter")?;
        match text.name.as_bytes() {
            [one] if !matches!(one, b'"' | b'\r' | b'\n') => Some(*one),
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

    fn number_format(&mut self, formats: &Table) -> Option<NumberFormat> {
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

    fn date_format(&mut self, formats: &Table) -> Option<String> {
        let format = self.text(formats, "date")?;
        if Day::is_date_format(&format.name) {
            return Some(format.name);
        }
        let title = format!("`{}` does not describe a whole date", clean(&format.name));
        self.error(
            "date-format",
            format.spot.place(),
            title,
            "",
            "use strftime signs: %d day, %m month, %Y year, %b short month name, as in %d/%m/%Y",
        );
        None
    }

    fn late(&mut self, table: &Table) -> Late {
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

    fn rated(&mut self, cost: &Table, what: &str) -> Option<CostDecl> {
        let hours = self.required_text(cost, "hours", what);
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

    fn control(&mut self, table: &Table, what: &str) -> Option<ControlDecl> {
        let node = table.get("control")?;
        let inner = self.as_table(node, "control")?;
        self.known_keys(inner, &format!("`control` of {what}"), schema::CONTROL);
        let column = self.text(inner, "column");
        let figures = if inner.get("file").is_some() {
            ControlFigures::Table {
                table: self.table_file(inner, "`control`")?,
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

    // ---- tables --------------------------------------------------------------------------------------

    fn table_file(&mut self, table: &Table, what: &str) -> Option<TableFile> {
        let file = self.required_text(table, "file", what)?;
        Some(TableFile {
            file,
            sheet: self.text(table, "sheet").map(|sheet| sheet.name),
            headings_row: self.headings_row(table),
        })
    }

    fn headings_row(&mut self, table: &Table) -> u32 {
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

    fn validity_columns(&mut self, table: &Table) -> ValidityColumns {
        ValidityColumns { from: self.text(table, "valid_from"), to: self.text(table, "valid_to") }
    }

    fn lookup(&mut self, table: &Table, what: &str) -> Option<LookupDecl> {
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
    fn named_pairs(&mut self, table: &Table, key: &str, what: &str) -> Vec<(Named, Named)> {
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

    fn driver(&mut self, (name, table): Section<'_>) -> Option<DriverDecl> {
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

    // ---- rules ---------------------------------------------------------------------------------------

    fn words(&mut self, table: &Table) -> RuleWords {
        let mut word = |key: &str| self.text(table, key).map(|text| text.name).unwrap_or_default();
        RuleWords { why: word("why"), owner: word("owner"), approved: word("approved") }
    }

    fn valid(&mut self, table: &Table) -> Validity {
        let Some(node) = table.get("valid") else { return Validity::default() };
        let Some(text) = self.as_text(node, "valid") else { return Validity::default() };
        Validity::parse(&text.name, self.calendar).unwrap_or_else(|| {
            let title = format!("`{}` does not say from when to when", clean(&text.name));
            let example = self.calendar.example();
            self.error("valid", text.spot.place(), title, "", format!("write \"{example}\", \"{example}..\" or \"2026-04-01..2026-09-30\"; the end comes after the beginning and both are included"));
            Validity::default()
        })
    }

    fn set(&mut self, table: &Table) -> Vec<(DimensionId, Template)> {
        let Some(inner) = table.get("set").and_then(|node| self.as_table(node, "set")) else { return Vec::new() };
        inner
            .entries
            .iter()
            .filter_map(|(name, node)| {
                let dimension = self.settable(name);
                let text = self.as_text(node, &name.name)?;
                let template = Template::parse(&text.name, text.spot.clone());
                if template.is_none() {
                    self.error(
                        "template",
                        text.spot.place(),
                        "a brace is open or empty",
                        "",
                        "write a column in braces: \"app-{Tags.app}\"",
                    );
                }
                Some((dimension?, template?))
            })
            .collect()
    }

    /// A dimension that lines may be given a member of.
    fn settable(&mut self, name: &Named) -> Option<DimensionId> {
        let dimension = self.dimension(name)?;
        if dimension == FOR_PERIOD || dimension == super::SOURCE {
            self.error(
                "fixed-dimension",
                name.spot.place(),
                format!("`{}` cannot be set", name.name),
                "",
                "it follows from the file and the date of a line",
            );
            return None;
        }
        Some(dimension)
    }

    fn classify(&mut self, table: &Table, sources: &[String]) -> Option<ClassifyRule> {
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
        if set.is_empty() && table.get("lookup").is_none() && table.get("set").is_none() {
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

    fn allocate(
        &mut self,
        table: &Table,
        drivers: &[String],
        groups: &BTreeMap<String, Group>,
    ) -> Option<AllocateRule> {
        self.known_keys(table, "an allocate rule", schema::ALLOCATE);
        let id = self.required_text(table, "id", "an allocate rule");
        let (to, member) = self.target(table)?;
        let by = self.by(table, &to, member, drivers);
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
            self.known_name(group, "group", &groups.keys().cloned().collect::<Vec<_>>());
        }
        let method = self.method(table);
        let order = self.texts(table, "order");
        if group.is_some() && method.is_some() {
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
            among: table.get("among").map(|node| self.conditions(node, Reader::balance_field)),
            except: table.get("except").map(|node| self.conditions(node, Reader::balance_field)),
            replace: self.dimension_list(table, "replace"),
            if_no_driver: self.if_no_driver(table, drivers),
            valid: self.valid(table),
            method,
            order,
            group,
        })
    }

    /// `to`: dimensions, and the member when it names one.
    #[allow(clippy::type_complexity)]
    fn target(&mut self, table: &Table) -> Option<(Vec<DimensionId>, Option<Vec<(DimensionId, Named)>>)> {
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
        let target = match &node.value {
            Value::Table(_) => {
                let members = self.member_table(node)?;
                (members.iter().map(|(dimension, _)| *dimension).collect(), Some(members))
            }
            _ => {
                let names = self.texts(table, "to");
                let dimensions: Option<Vec<DimensionId>> = names.iter().map(|name| self.settable(name)).collect();
                (dimensions?, None)
            }
        };
        if target.0.is_empty() {
            self.error("missing-key", node.spot.place(), "`to` is empty", "", "name a dimension");
            return None;
        }
        Some(target)
    }

    /// `{ business_unit = "Corporate", service = "Unused seats" }`
    fn member_table(&mut self, node: &Node) -> Option<Vec<(DimensionId, Named)>> {
        let table = self.as_table(node, "to")?;
        table.entries.iter().map(|(name, node)| Some((self.settable(name)?, self.as_text(node, &name.name)?))).collect()
    }

    fn by(
        &mut self,
        table: &Table,
        to: &[DimensionId],
        member: Option<Vec<(DimensionId, Named)>>,
        drivers: &[String],
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
        let [(kind, value)] = inner.entries.as_slice() else {
            self.error(
                "by",
                node.spot.place(),
                "`by` holds more or less than one way to split",
                "",
                "keep one of shares, amounts, cost_so_far, attribute",
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
            _ => None,
        }
    }

    fn single(&mut self, to: &[DimensionId], node: &Node, what: &str) -> Option<()> {
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

    fn shares(&mut self, rule: &Table, node: &Node) -> Option<By> {
        let table = self.as_table(node, "shares")?;
        let mut shares = Vec::new();
        let mut percentages = 0;
        for (name, value) in &table.entries {
            let known = ["why", "valid", "owner", "approved", "if_no_driver"].contains(&name.name.as_str());
            if known && matches!(value.value, Value::Text(_)) && self.share_text(value).is_none() {
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

    fn share_text(&self, node: &Node) -> Option<(Amount, bool)> {
        let (Value::Text(text) | Value::Number(text)) = &node.value else { return None };
        let (digits, is_percentage) = match text.trim().strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (text.as_str(), false),
        };
        let read = parse_number(digits.as_bytes(), NumberFormat::PLAIN).ok()?;
        (read.beyond_scale == 0).then_some((read.value, is_percentage))
    }

    fn share(&mut self, node: &Node) -> Option<(Amount, bool)> {
        let share = self.share_text(node);
        if share.is_none() {
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
        }
        share
    }

    fn if_no_driver(&mut self, table: &Table, drivers: &[String]) -> IfNoDriver {
        let Some(node) = table.get("if_no_driver") else { return IfNoDriver::Refuse };
        match &node.value {
            Value::Table(_) => self.member_table(node).map_or(IfNoDriver::Refuse, IfNoDriver::Member),
            Value::Text(text) if text == "leave" => IfNoDriver::Leave,
            Value::Text(text) if text == "even" => IfNoDriver::Even,
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

    fn method(&mut self, table: &Table) -> Option<Method> {
        let word = self.text(table, "method")?;
        match word.name.as_str() {
            "direct" => Some(Method::Direct),
            "step-down" => Some(Method::StepDown),
            other => {
                let title = format!("the method `{}` is not known", clean(other));
                let help = did_you_mean(other, ["direct", "step-down"]);
                self.findings.push(
                    Finding::error("unknown-method", word.spot.place(), title)
                        .maybe_help(help)
                        .help("expected direct or step-down"),
                );
                None
            }
        }
    }

    fn group(&mut self, (name, table): Section<'_>) -> Option<Group> {
        let what = format!("[group.{}]", name.name);
        self.known_keys(table, &what, schema::GROUP);
        self.required_text(table, "method", &what)?;
        Some(Group { spot: name.spot.clone(), method: self.method(table)?, order: self.texts(table, "order") })
    }

    fn groups_are_whole(&mut self, rules: &[AllocateRule], groups: &BTreeMap<String, Group>) {
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

    fn driver_fits_rules(&mut self, driver: &DriverDecl, rules: &[AllocateRule]) {
        let mut to: Vec<DimensionId> = driver.to.iter().map(|(dimension, _)| *dimension).collect();
        to.sort_unstable();
        for rule in rules {
            let uses = matches!(&rule.by, By::Driver(name) if name.name == driver.name)
                || matches!(&rule.if_no_driver, IfNoDriver::Driver(name) if name.name == driver.name);
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

    // ---- journal and unit costs ----------------------------------------------------------------------

    fn journal(&mut self, table: &Table) -> Option<JournalDecl> {
        self.known_keys(table, "[journal]", schema::JOURNAL);
        let sub = |reader: &mut Self, key: &str, fields: &'static [Field]| {
            let Some(node) = table.get(key) else {
                reader.error(
                    "missing-key",
                    table.spot.place(),
                    format!("[journal] has no `{key}`"),
                    "",
                    format!("add {key} = {{ file = … }}"),
                );
                return None;
            };
            let inner = reader.as_table(node, key)?;
            reader.known_keys(inner, &format!("`{key}` of [journal]"), fields);
            Some(inner)
        };
        let accounts = sub(self, "accounts", schema::ACCOUNTS);
        let register = sub(self, "register", schema::REGISTER);
        let (accounts, register) = (accounts?, register?);
        Some(JournalDecl {
            spot: table.spot.clone(),
            accounts: self.table_file(accounts, "`accounts`")?,
            on: self.dimension_list(accounts, "on"),
            debit: self.required_text(accounts, "debit", "`accounts`")?,
            credit: self.required_text(accounts, "credit", "`accounts`")?,
            company: self.text(accounts, "company"),
            register: self.table_file(register, "`register`")?,
            account: self.required_text(register, "account", "`register`")?,
        })
    }

    fn unit_cost(&mut self, (name, table): Section<'_>, drivers: &[String]) -> Option<UnitCostDecl> {
        let what = format!("the unit cost of `{}`", clean(&name.name));
        self.known_keys(table, &what, schema::UNIT_COST);
        let per = self.required_text(table, "per", &what)?;
        self.known_name(&per, "driver", drivers);
        let measure = self.text(table, "measure").map_or_else(|| per.name.clone(), |measure| measure.name);
        Some(UnitCostDecl { service: name.clone(), per, measure })
    }

    // ---- conditions ----------------------------------------------------------------------------------

    fn line_field(&mut self, name: &Named, node: &Node) -> Vec<(ColumnRef, Test, Spot)> {
        let test = self.test(node, false);
        test.map(|test| (ColumnRef::parse(&name.name), test, node.spot.clone())).into_iter().collect()
    }

    fn balance_field(&mut self, name: &Named, node: &Node) -> Vec<(BalanceField, Test, Spot)> {
        let Some(dimension) = self.dimension(name) else { return Vec::new() };
        let attributes = match &node.value {
            Value::Table(table)
                if !table.entries.iter().any(|(key, _)| schema::CONDITION.iter().any(|f| f.name == key.name)) =>
            {
                Some(table)
            }
            _ => None,
        };
        match attributes {
            Some(table) => table
                .entries
                .iter()
                .filter_map(|(attribute, node)| {
                    let test = self.test(node, false)?;
                    Some((BalanceField::Attribute(dimension, attribute.name.clone()), test, node.spot.clone()))
                })
                .collect(),
            None => {
                let test = self.test(node, true);
                test.map(|test| (BalanceField::Dimension(dimension), test, node.spot.clone())).into_iter().collect()
            }
        }
    }

    fn conditions<F>(
        &mut self,
        node: &Node,
        field: impl Fn(&mut Self, &Named, &Node) -> Vec<(F, Test, Spot)>,
    ) -> Clauses<F> {
        let tables: Vec<&Table> = match &node.value {
            Value::Table(table) => vec![table],
            Value::List(list) => list.iter().filter_map(|node| self.as_table(node, "a condition")).collect(),
            _ => {
                self.wrong_kind(node, "a condition", "a table such as { Vendor = \"Total*\" }, or a list of tables");
                Vec::new()
            }
        };
        let mut clauses = Vec::new();
        for table in tables {
            let mut all = Vec::new();
            for (name, node) in &table.entries {
                for (field, test, spot) in field(self, name, node) {
                    all.push(Clause { field, test, spot });
                }
            }
            clauses.push(all);
        }
        Clauses(clauses)
    }

    fn test(&mut self, node: &Node, under_allowed: bool) -> Option<Test> {
        match &node.value {
            Value::Text(text) => Some(Test::pattern(text)),
            Value::Number(text) => Some(Test::Is(text.clone())),
            Value::List(list) => {
                list.iter().map(|node| self.test(node, under_allowed)).collect::<Option<_>>().map(Test::Any)
            }
            Value::Table(table) => match table.entries.as_slice() {
                [(key, inner)] if key.name == "not" => {
                    self.test(inner, under_allowed).map(|test| Test::Not(Box::new(test)))
                }
                [(key, inner)] if key.name == "under" && under_allowed => {
                    self.as_text(inner, "under").map(|text| Test::Under(text.name))
                }
                _ => {
                    let expected = if under_allowed { "{ not = … } or { under = \"…\" }" } else { "{ not = … }" };
                    self.error(
                        "condition",
                        node.spot.place(),
                        "this is not a condition",
                        "",
                        format!("expected a text, a list of texts or {expected}"),
                    );
                    None
                }
            },
            Value::Other(_) => {
                self.wrong_kind(node, "a condition", "a text, a list of texts or { not = … }");
                None
            }
        }
    }

    // ---- values --------------------------------------------------------------------------------------

    fn known_keys(&mut self, table: &Table, what: &str, fields: &'static [Field]) {
        for (key, _) in &table.entries {
            if fields.iter().all(|field| field.name != key.name) {
                let names = fields.iter().map(|field| field.name);
                let title = format!("`{}` is not a key of {what}", clean(&key.name));
                let finding = Finding::error("unknown-key", key.spot.place(), title)
                    .maybe_help(did_you_mean(&key.name, names.clone()))
                    .help(format!("its keys are {}", list_names(names, 24)));
                self.findings.push(finding);
            }
        }
    }

    fn known_name(&mut self, name: &Named, what: &str, known: &[String]) -> bool {
        let is_known = known.contains(&name.name);
        if !is_known {
            let names = || known.iter().map(String::as_str);
            let title = format!("there is no {what} `{}`", clean(&name.name));
            let listed = if known.is_empty() {
                format!("the model declares no {what}")
            } else {
                format!("declared are {}", list_names(names(), 12))
            };
            let finding = Finding::error("unknown-name", name.spot.place(), title)
                .maybe_help(did_you_mean(&name.name, names()))
                .help(listed);
            self.findings.push(finding);
        }
        is_known
    }

    fn text(&mut self, table: &Table, key: &str) -> Option<Named> {
        table.get(key).and_then(|node| self.as_text(node, key))
    }

    fn required_text(&mut self, table: &Table, key: &str, what: &str) -> Option<Named> {
        if table.get(key).is_none() {
            self.error(
                "missing-key",
                table.spot.place(),
                format!("{what} has no `{key}`"),
                "",
                format!("add {key} = \"…\""),
            );
        }
        self.text(table, key)
    }

    /// A text or a list of texts.
    fn texts(&mut self, table: &Table, key: &str) -> Vec<Named> {
        match table.get(key).map(|node| (&node.value, node)) {
            None => Vec::new(),
            Some((Value::List(list), _)) => list.iter().filter_map(|node| self.as_text(node, key)).collect(),
            Some((_, node)) => self.as_text(node, key).into_iter().collect(),
        }
    }

    fn as_text(&mut self, node: &Node, key: &str) -> Option<Named> {
        match &node.value {
            Value::Text(text) => Some(Named { name: text.clone(), spot: node.spot.clone() }),
            // Codes such as 0100 must be quoted to keep their zeros; a plain number means its own text.
            Value::Number(text) => Some(Named { name: text.clone(), spot: node.spot.clone() }),
            Value::Other("a date without quotes") => {
                self.error("unquoted-date", node.spot.place(), "a date stands in quotes", "", "write \"2026-04-01\"");
                None
            }
            _ => {
                self.wrong_kind(node, &format!("`{key}`"), "a text in quotes");
                None
            }
        }
    }

    fn as_table<'t>(&mut self, node: &'t Node, key: &str) -> Option<&'t Table> {
        match &node.value {
            Value::Table(table) => Some(table),
            _ => {
                self.wrong_kind(node, &format!("`{key}`"), "a table: { key = … } or [heading]");
                None
            }
        }
    }

    fn number_text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            _ => {
                self.wrong_kind(node, "this", "a number");
                None
            }
        }
    }

    fn amount(&mut self, node: &Node) -> Option<Amount> {
        let text = self.number_text(node)?;
        match parse_number(text.as_bytes(), NumberFormat::PLAIN) {
            Ok(read) if read.beyond_scale == 0 => Some(read.value),
            Ok(_) => {
                self.error("not-a-number", node.spot.place(), "this has more than 18 decimals", "", "round it");
                None
            }
            Err(fault) => {
                self.error(
                    "not-a-number",
                    node.spot.place(),
                    format!("`{}` is not a number", clean(&text)),
                    "",
                    fault.to_string(),
                );
                None
            }
        }
    }

    fn wrong_kind(&mut self, node: &Node, what: &str, expected: &str) {
        let title = format!("{what} is {}, expected {expected}", node.value.kind());
        self.findings.push(Finding::error("wrong-kind", node.spot.place(), title));
    }

    fn error(
        &mut self,
        code: &'static str,
        place: Place,
        title: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding::error(code, place, title).label(label).help(help));
    }
}

/// `cost_centre` as `Cost centre`.
fn humanise(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
