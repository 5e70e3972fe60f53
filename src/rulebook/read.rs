//! Reads the TOML files of a model into a [`RuleBook`], with a finding for every mistake.

mod calendar;
mod condition;
mod fx;
mod head;
mod journal;
mod limits;
mod method;
mod plan;
mod rule;
mod schedule;
mod source;
mod spend;
mod table;
mod value;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::finding::{Finding, Findings, Named, Place, RuleText, Spot, clean};
use crate::period::Calendar;
use crate::rulebook::syntax::{Node, Table, Value};
use crate::rulebook::{
    BUILT_IN, DimensionDecl, Group, KIND_MEMBERS, MembersDecl, RuleBook, SPEND_MEMBERS, schema, syntax,
};

/// Reads the model in `folder`: `model.toml` and every other `*.toml` directly in it, in byte order of names.
///
/// Mistakes go to `findings`; the rule book that comes back holds what could be read. `None` when there is
/// no model to speak of.
pub fn read(folder: &Path, findings: &mut Findings) -> Option<RuleBook> {
    let texts = read_texts(folder, findings)?;
    let roots: Vec<Table> = texts.iter().map(|text| syntax::parse(text, findings)).collect();
    let syntax_is_clean = !findings.has_errors();
    let mut reader = Reader { findings, dimensions: built_in_dimensions(), calendar: Calendar::MONTHS };
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

/// The file of a model that must be there.
const HEAD_FILE: &str = "model.toml";

/// Names of the files in a model folder that hold rules, in the order in which they are read.
///
/// # Errors
/// When the folder cannot be listed.
pub fn rule_files(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        if Path::new(&name).extension().is_some_and(|end| end == "toml") && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_by_key(|name| (name != HEAD_FILE, name.clone()));
    Ok(names)
}

fn read_texts(folder: &Path, findings: &mut Findings) -> Option<Vec<Arc<RuleText>>> {
    let refuse = |findings: &mut Findings, title: String, help: &str| {
        findings.push(Finding::error("no-model", Place::File(folder.display().to_string()), title).help(help));
    };
    let names = match rule_files(folder) {
        Ok(names) => names,
        Err(error) => {
            refuse(
                findings,
                format!("the model folder cannot be read: {error}"),
                "give the folder that holds model.toml, as in `showback run rules`",
            );
            return None;
        }
    };
    if !folder.join(HEAD_FILE).is_file() {
        refuse(
            findings,
            "there is no model.toml in this folder".to_owned(),
            "a model is a folder with a model.toml; see docs/RULES.md",
        );
        return None;
    }
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

/// Members that no file declares.
fn fixed_members(names: &[&str]) -> MembersDecl {
    let text = Arc::new(RuleText { file: String::new(), text: String::new() });
    let named = |name: &&str| Named { name: (*name).to_owned(), spot: Spot { text: Arc::clone(&text), span: 0..0 } };
    MembersDecl::List(names.iter().map(named).collect())
}

fn built_in_dimensions() -> Vec<DimensionDecl> {
    BUILT_IN
        .iter()
        .map(|(name, label)| DimensionDecl {
            name: (*name).to_owned(),
            label: (*label).to_owned(),
            is_personal: false,
            members: match *name {
                "spend" => fixed_members(&SPEND_MEMBERS),
                "kind" => fixed_members(&KIND_MEMBERS),
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
        self.calendar = self.calendar(model);
        for section in self.sections(roots, "dimensions") {
            self.dimension_decl(section);
        }
        let head = self.head(model);
        let data = folder.join(self.text(model, "data").map_or_else(|| ".".to_owned(), |data| data.name));
        let sources = self.each(roots, "sources", Reader::source);
        let source_names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        self.sources_fit_plans(&sources);
        let drivers = self.each(roots, "drivers", |reader, section| reader.driver(section, &source_names));
        let groups: BTreeMap<String, Group> = self
            .each(roots, "group", |reader, section| Some((section.0.name.clone(), reader.group(section)?)))
            .into_iter()
            .collect();
        self.drivers_fit_plans(&drivers);
        // Rules name the drivers of the actuals; those of a plan take their place.
        let of_actuals = drivers.iter().filter(|driver| driver.planned.plan.is_none());
        let driver_names: Vec<String> = of_actuals.map(|driver| driver.name.clone()).collect();
        let classify = self.rules(roots, "classify", |reader, table| reader.classify(table, &source_names));
        let prices: BTreeMap<_, _> = self
            .each(roots, "prices", |reader, section| Some((section.0.name.clone(), reader.price_list(section)?)))
            .into_iter()
            .collect();
        // By what is declared, not by what could be read: a mistake in a declaration is told once.
        let declared = |key: &str| -> Vec<String> {
            let tables = roots.iter().filter_map(|root| match root.get(key).map(|node| &node.value) {
                Some(Value::Table(table)) => Some(table),
                _ => None,
            });
            tables.flat_map(|table| table.entries.iter().map(|(name, _)| name.name.clone())).collect()
        };
        let (group_names, price_names) = (declared("group"), declared("prices"));
        let allocate = self.rules(roots, "allocate", |reader, table| {
            reader.allocate(table, &driver_names, &group_names, &price_names)
        });
        self.unique_ids(classify.iter().map(|rule| (&rule.id, &rule.spot)));
        self.unique_ids(allocate.iter().map(|rule| (&rule.id, &rule.spot)));
        self.groups_are_whole(&allocate, &groups);
        for driver in &drivers {
            self.driver_fits_rules(driver, &allocate);
        }
        let fx = self.only(roots, "fx").map(|table| self.fx(table, head.as_ref()));
        let targets = self.only(roots, "spend").map(|table| self.targets(table, head.as_ref())).unwrap_or_default();
        let journal = self.only(roots, "journal").and_then(|table| self.journal(table));
        let unit_costs =
            self.each(roots, "unit_costs", |reader, section| reader.unit_cost(section, &driver_names, head.as_ref()));
        if sources.is_empty() {
            self.error(
                "no-source",
                model.spot.place(),
                "the model has no source",
                "",
                "add a table such as [sources.cloud]",
            );
        }
        let mut book = RuleBook {
            folder: folder.to_owned(),
            data,
            head: head?,
            dimensions: std::mem::take(&mut self.dimensions),
            sources,
            drivers,
            classify,
            allocate,
            groups,
            prices,
            fx,
            journal,
            unit_costs,
            targets,
            plan: None,
            texts,
        };
        self.currencies_fit(&book);
        book.head.plans = book.plans().into_iter().map(|plan| plan.name.clone()).collect();
        Some(book)
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
}
