//! The model of one period: the rule book together with the member lists and mapping tables that hold then.
//!
//! Everything the rules name is checked here, before a cost file is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::dimension::{Dimension, HIDDEN, Member, MemberId, People, RESERVED, RESERVED_HELP, normal_name};
use crate::driver::Driver;
use crate::files::Inputs;
use crate::finding::{Finding, Findings, Named, Place, clean, did_you_mean};
use crate::fx::Rates;
use crate::journal::Accounts;
use crate::money::{Amount, Fraction, NumberFormat};
use crate::period::{Day, Period, Validity};
use crate::rulebook::condition::{Clauses, ColumnRef, Test};
use crate::rulebook::fx::{DAILY, FxDecl};
use crate::rulebook::{
    BUILT_IN, BalanceField, Bound, By, DimensionDecl, DimensionId, DriverDecl, DriverOrigin, DriverTable, IfNoDriver,
    LookupDecl, MembersDecl, MembersTable, Order, PriceOf, RuleBook, SERVICE,
};
use crate::tables::{DatedBy, Table, TableRow};

/// A rule book with everything it speaks of, for one period.
#[derive(Clone, Debug)]
pub struct Model {
    /// The rules.
    pub book: RuleBook,
    /// The period that is run.
    pub period: Period,
    /// Dimensions with their members, in the order of [`RuleBook::dimensions`].
    pub dimensions: Vec<Dimension>,
    /// Mapping tables of the classify rules, in their order.
    pub lookups: Vec<Option<Lookup<Vec<MemberId>>>>,
    /// Rate tables of the sources, in their order.
    pub rates: Vec<Option<Lookup<Fraction>>>,
    /// Drivers, in the order of [`RuleBook::drivers`].
    pub drivers: Vec<Driver>,
    /// Exchange rates.
    pub fx: Option<Rates>,
    /// Accounts for the journal.
    pub accounts: Option<Accounts>,
    /// Days on which a mapping or a rate changes: lines between two of them are treated alike.
    pub changes: Vec<Day>,
    /// What was read.
    pub inputs: Inputs,
}

/// A mapping table by key.
#[derive(Clone, Debug)]
pub struct Lookup<V> {
    /// Columns of the line that make the key.
    pub on: Vec<ColumnRef>,
    /// The table's file.
    pub file: String,
    /// For each column, whether capitals count.
    ignores_case: Vec<bool>,
    rows: FxHashMap<String, Vec<LookupRow<V>>>,
}

#[derive(Clone, Debug)]
struct LookupRow<V> {
    valid: Validity,
    value: V,
    number: u64,
}

impl<V> Lookup<V> {
    /// The value of a key on a day.
    #[must_use]
    pub fn find(&self, key: &[&str], day: Day) -> Option<&V> {
        if key.iter().any(|part| part.is_empty()) {
            return None;
        }
        let rows = self.rows.get(&join_key(key, &self.ignores_case))?;
        rows.iter().find(|row| row.valid.holds_on(day)).map(|row| &row.value)
    }
}

/// The parts of a key as one text; in small letters where capitals do not count.
fn join_key(parts: &[&str], ignores_case: &[bool]) -> String {
    let part = |(part, ignores_case): (&&str, &bool)| {
        if *ignores_case { normal_name(&part.to_lowercase()) } else { normal_name(part) }
    };
    parts.iter().zip(ignores_case).map(part).collect::<Vec<_>>().join("\u{1f}")
}

impl Model {
    /// Loads the tables of a model for a period and checks every name the rules use.
    ///
    /// `None` when something is wrong; the findings say what.
    pub fn load(book: RuleBook, period: Period, findings: &mut Findings) -> Option<Model> {
        let book = book.in_period(&period);
        let mut loader = Loader { book: &book, period: &period, inputs: Inputs::default(), findings };
        let mut dimensions = loader.dimensions();
        loader.names_in_rules(&mut dimensions);
        let lookups: Vec<_> = book
            .classify
            .iter()
            .map(|rule| rule.lookup.as_ref().and_then(|lookup| loader.mapping(lookup, &mut dimensions)))
            .collect();
        let rates: Vec<_> = book
            .sources
            .iter()
            .map(|source| match &source.cost {
                crate::rulebook::CostDecl::Rated { rate, .. } => loader.rates(rate, source.numbers_of(&rate.table)),
                crate::rulebook::CostDecl::Column(_) => None,
            })
            .collect();
        let fx = book.fx.as_ref().map(|decl| loader.fx(decl));
        let drivers: Vec<_> = book.drivers.iter().filter_map(|decl| loader.driver(decl, &mut dimensions)).collect();
        let accounts = book.journal.as_ref().and_then(|decl| loader.accounts(decl, &dimensions));
        let inputs = loader.inputs;
        if findings.has_errors() {
            return None;
        }
        let mut changes = BTreeSet::new();
        for validity in
            lookups.iter().flatten().flat_map(Lookup::spans).chain(rates.iter().flatten().flat_map(Lookup::spans))
        {
            changes.extend(validity.from);
            changes.extend(validity.to.map(Day::next));
        }
        let asks_days = |decl: &FxDecl| book.sources.iter().any(|source| source.kind_of_rate(decl).name == DAILY);
        if let (Some(decl), Some(rates)) = (&book.fx, &fx)
            && asks_days(decl)
        {
            changes.extend(rates.days());
        }
        Some(Model {
            book,
            period,
            dimensions,
            lookups,
            rates,
            drivers,
            fx,
            accounts,
            changes: changes.into_iter().collect(),
            inputs,
        })
    }

    /// What a run of it is called: the period, and the plan where it is one, `2026-10@budget-2026`.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.book.plan {
            Some(plan) => format!("{}@{plan}", self.period.name),
            None => self.period.name.clone(),
        }
    }

    /// The text of a column as messages may show it: where it is personal, the number it stands for.
    #[must_use]
    pub fn shown<'n>(&'n self, source: usize, column: &ColumnRef, text: &'n str) -> &'n str {
        if text.is_empty() || !self.is_personal(source, column) {
            return self.told(text);
        }
        let people = self.dimensions.iter().filter(|dimension| dimension.is_personal);
        people.map(|dimension| dimension.shown(text)).find(|shown| *shown != HIDDEN).unwrap_or(HIDDEN)
    }

    /// Whether a column of a source holds personal names.
    #[must_use]
    pub fn is_personal(&self, source: usize, column: &ColumnRef) -> bool {
        self.book.personal_columns(&self.book.sources[source]).contains(column)
    }

    /// A test of a column as it may be shown.
    #[must_use]
    pub fn shown_test(&self, source: usize, column: &ColumnRef, test: &Test) -> Test {
        test.as_shown(self.is_personal(source, column), &|text| self.shown(source, column, text).to_owned())
    }

    /// A text as it may be shown: the full name, or an alias, of somebody whose name is hidden is replaced.
    #[must_use]
    pub fn told<'n>(&'n self, text: &'n str) -> &'n str {
        self.dimensions.first().map_or(text, |dimension| dimension.told(text))
    }

    /// The dimension's name in the rules.
    #[must_use]
    pub fn dimension_name(&self, dimension: DimensionId) -> &str {
        &self.dimensions[dimension].name
    }
}

impl<V> Lookup<V> {
    fn spans(&self) -> impl Iterator<Item = Validity> + '_ {
        self.rows.values().flatten().map(|row| row.valid)
    }
}

struct Loader<'a> {
    book: &'a RuleBook,
    period: &'a Period,
    inputs: Inputs,
    findings: &'a mut Findings,
}

impl Loader<'_> {
    fn dimensions(&mut self) -> Vec<Dimension> {
        let decls = &self.book.dimensions;
        let mut dimensions: Vec<Dimension> = decls
            .iter()
            .map(|decl| {
                let mut dimension = self.dimension(decl);
                if decl.is_personal {
                    dimension.hide_names();
                }
                dimension
            })
            .collect();
        let people: People = Arc::new(dimensions.iter().flat_map(Dimension::hidden_names).collect());
        for dimension in &mut dimensions {
            dimension.set_people(&people);
        }
        self.findings.hide(&people);
        dimensions
    }

    fn dimension(&mut self, decl: &DimensionDecl) -> Dimension {
        match &decl.members {
            MembersDecl::Open => Dimension::open(&decl.name, &decl.label),
            MembersDecl::List(names) => {
                self.listed_once(decl, names);
                let members = names.iter().zip(1..).map(|(name, order)| {
                    // A list in the rules is already in the order its author wants to see.
                    (Member { name: normal_name(&name.name), order, is_valid: true, ..Member::default() }, None)
                });
                Dimension::closed(&decl.name, &decl.label, Vec::new(), &members.collect::<Vec<_>>())
            }
            MembersDecl::Table(members) => {
                let table = self.member_table(decl, members);
                table.unwrap_or_else(|| Dimension::open(&decl.name, &decl.label))
            }
        }
    }

    fn listed_once(&mut self, decl: &DimensionDecl, names: &[Named]) {
        let (dimension, nobody) = (&decl.name, Dimension::open(&decl.name, &decl.label));
        for (at, name) in names.iter().enumerate() {
            let plain = normal_name(&name.name);
            if plain.is_empty() {
                let title = format!("a blank {RESERVED} {dimension}");
                let help = "a blank stands where there is no member: take it out of the list";
                self.findings.push(Finding::error("reserved-name", name.spot.place(), title).help(help));
            }
            if let Some(finding) = reserved(&nobody, &name.name, name.spot.place()) {
                self.findings.push(finding);
            }
            if names[..at].iter().any(|first| normal_name(&first.name) == normal_name(&name.name)) {
                let title = format!("`{}` is listed twice in {dimension}", clean(&name.name));
                self.findings.push(Finding::error("twice", name.spot.place(), title).help("keep one of them"));
            }
        }
    }

    fn member_table(&mut self, of: &DimensionDecl, decl: &MembersTable) -> Option<Dimension> {
        let (name, label) = (&of.name, &of.label);
        let told = |name: &str| if of.is_personal { HIDDEN.to_owned() } else { clean(name) };
        let nobody = Dimension::open(name, label);
        let table = self.table(&decl.table, None)?;
        let findings = &mut *self.findings;
        let name_column = table.column(&decl.name, findings)?;
        let parent_column = table.optional(decl.parent.as_ref(), findings);
        let alias_column = table.optional(decl.alias.as_ref(), findings);
        let order_column = table.optional(decl.order.as_ref(), findings);
        let dated = DatedBy::find(&table, &decl.valid, findings);
        let special: Vec<usize> =
            [Some(name_column), parent_column, alias_column, order_column].into_iter().flatten().collect();
        let is_dated_by = |heading: &str| {
            [&decl.valid.from, &decl.valid.to].iter().any(|h| h.as_ref().is_some_and(|h| h.name == heading))
        };
        let attribute_columns: Vec<usize> = (0..table.headings.names.len())
            .filter(|at| {
                !special.contains(at)
                    && !table.headings.names[*at].is_empty()
                    && !is_dated_by(&table.headings.names[*at])
            })
            .collect();

        // A member may have several rows, each with its own span; the one that holds in the period counts.
        let mut rows_of: BTreeMap<String, Vec<(&TableRow, Validity)>> = BTreeMap::new();
        for row in &table.rows {
            let member = normal_name(table.text(row, name_column, findings));
            if member.is_empty() {
                let finding = Finding::error(
                    "blank-name",
                    table.place(row, Some(name_column)),
                    format!("this {} has no name", label.to_lowercase()),
                );
                findings.push(finding.help("fill the cell, or delete the row"));
                continue;
            }
            if let Some(finding) = reserved(&nobody, &member, table.place(row, Some(name_column))) {
                findings.push(finding);
                continue;
            }
            let valid = dated.read(&table, row, findings);
            let rows = rows_of.entry(member).or_default();
            if let Some((first, _)) = rows.iter().find(|(_, other)| other.overlaps(&valid)) {
                let title =
                    format!("`{}` is listed twice for the same days", told(table.text(row, name_column, findings)));
                let help =
                    format!("the first is in row {}; keep one, or say from when to when each holds", first.number);
                findings.push(Finding::error("twice", table.place(row, Some(name_column)), title).help(help));
                continue;
            }
            rows.push((row, valid));
        }
        for (member, rows) in &rows_of {
            let spans: Vec<Validity> = rows.iter().map(|(_, valid)| *valid).collect();
            if let Some((from, to)) = Validity::hole_in(&spans, self.period) {
                let title = format!("`{}` is not there from {from} to {to}, between two of its rows", told(member));
                let row =
                    rows.iter().max_by_key(|(_, valid)| valid.from).map_or(table.headings.row, |(row, _)| row.number);
                findings.push(
                    Finding::attention("missing-days", table.headings.place(row, Some(name_column)), title)
                        .help("what is dated in between has no such member; close the gap if it was there"),
                );
            }
        }
        let last = self.period.last;
        let whole = Validity { from: Some(self.period.first), to: Some(last) };
        let chosen: Vec<(&String, &TableRow, Validity, bool)> = rows_of
            .iter()
            .filter_map(|(member, rows)| {
                let on_last_day = rows.iter().find(|(_, valid)| valid.holds_on(last));
                let holds = on_last_day.or_else(|| {
                    let partly = rows.iter().filter(|(_, valid)| decl.is_prorated && valid.overlaps(&whole));
                    partly.max_by_key(|(_, valid)| valid.to)
                });
                let (row, valid) = holds.or(rows.last())?;
                Some((member, *row, *valid, holds.is_some()))
            })
            .collect();
        let position: BTreeMap<&str, usize> =
            chosen.iter().enumerate().map(|(at, (member, ..))| (member.as_str(), at)).collect();
        let mut members = Vec::new();
        for (member, row, valid, is_valid) in &chosen {
            let parent_name =
                parent_column.map(|column| normal_name(table.text(row, column, findings))).unwrap_or_default();
            let parent = position.get(parent_name.as_str()).copied();
            if parent.is_none() && !parent_name.is_empty() {
                let title = format!("the parent `{}` is not a member", told(&parent_name));
                let known = position.keys().copied().filter(|_| !of.is_personal);
                let finding = Finding::error("unknown-member", table.place(row, parent_column), title);
                findings.push(
                    finding.maybe_help(did_you_mean(&parent_name, known)).help("give the parent a row of its own"),
                );
            }
            let order = match order_column.map(|column| table.text(row, column, findings)) {
                None | Some("") => 0,
                Some(text) => text.parse().unwrap_or_else(|_| {
                    let title = format!("`{}` is not a whole number", clean(text));
                    findings.push(
                        Finding::error("not-a-number", table.place(row, order_column), title)
                            .help("expected 1, 2, 3 …"),
                    );
                    0
                }),
            };
            // People without names are known by the row of the list they stand in.
            let order = if of.is_personal { i64::try_from(row.number).unwrap_or(i64::MAX) } else { order };
            let attributes = attribute_columns.iter().map(|column| normal_name(row.text(*column))).collect();
            let member = Member {
                name: (*member).clone(),
                attributes,
                valid: *valid,
                is_valid: *is_valid,
                spans: if decl.is_prorated {
                    rows_of[*member].iter().map(|(_, valid)| *valid).collect()
                } else {
                    Vec::new()
                },
                order,
                ..Member::default()
            };
            members.push((member, parent));
        }
        for at in 0..members.len() {
            if climbs_for_ever(&members, at) {
                let title = format!("`{}` is its own parent, directly or through others", told(&members[at].0.name));
                findings.push(
                    Finding::error("parent-loop", table.place(chosen[at].1, parent_column), title)
                        .help("a hierarchy has a top"),
                );
            }
        }
        let attributes = attribute_columns.iter().map(|column| table.headings.names[*column].clone()).collect();
        let mut dimension = Dimension::closed(name, label, attributes, &members);
        for (member, row, ..) in &chosen {
            let Some(column) = alias_column else { break };
            let Some(id) = dimension.find(member) else { continue };
            for alias in table.text(row, column, findings).split(';').map(str::trim).filter(|alias| !alias.is_empty()) {
                if !dimension.add_alias(alias, id) {
                    let title = format!("`{}` already names another member", told(alias));
                    findings.push(
                        Finding::error("twice", table.place(row, alias_column), title)
                            .help("a code leads to one member"),
                    );
                }
            }
        }
        Some(dimension)
    }

    fn table(&mut self, file: &crate::rulebook::TableFile, delimiter: Option<u8>) -> Option<Table> {
        Table::read(&self.book.data, file, delimiter, self.period, &mut self.inputs, self.findings)
    }

    // ---- mapping tables ------------------------------------------------------------------------------

    fn lookup<V>(
        &mut self,
        decl: &LookupDecl,
        mut value: impl FnMut(&Table, &TableRow, &[usize], &mut Findings) -> Option<V>,
    ) -> Option<Lookup<V>> {
        let table = self.table(&decl.table, None)?;
        let findings = &mut *self.findings;
        let find = |heading: &Named, findings: &mut Findings| table.column(heading, findings);
        let on: Vec<Option<usize>> = decl.on.iter().map(|(_, heading)| find(heading, findings)).collect();
        let headings = decl.take.iter().map(|(_, heading)| heading).chain(&decl.times).chain(&decl.per);
        let take: Vec<Option<usize>> = headings.map(|heading| find(heading, findings)).collect();
        let on: Vec<usize> = on.into_iter().collect::<Option<_>>()?;
        let take: Vec<usize> = take.into_iter().collect::<Option<_>>()?;
        let dated = DatedBy::find(&table, &decl.valid, findings);
        let any_source = |column: &ColumnRef| self.book.sources.iter().any(|source| source.ignores_case(column));
        let ignores_case: Vec<bool> = decl.on.iter().map(|(column, _)| any_source(column)).collect();
        let mut rows: FxHashMap<String, Vec<LookupRow<V>>> = FxHashMap::default();
        for row in &table.rows {
            let parts: Vec<&str> = on.iter().map(|column| table.text(row, *column, findings)).collect();
            if let Some(blank) = parts.iter().position(|part| part.is_empty()) {
                let finding = Finding::error("blank-key", table.place(row, Some(on[blank])), "this row has no key");
                findings.push(finding.help("fill the cell, or delete the row"));
                continue;
            }
            let valid = dated.read(&table, row, findings);
            let Some(value) = value(&table, row, &take, findings) else { continue };
            let known = rows.entry(join_key(&parts, &ignores_case)).or_default();
            if let Some(first) = known.iter().find(|first| first.valid.overlaps(&valid)) {
                let people: Vec<ColumnRef> =
                    self.book.sources.iter().flat_map(|source| self.book.personal_columns(source)).collect();
                let told: Vec<&str> = decl
                    .on
                    .iter()
                    .zip(&parts)
                    .map(|((column, _), part)| if people.contains(column) { HIDDEN } else { part })
                    .collect();
                let title = format!("`{}` is mapped twice for the same days", clean(&told.join(", ")));
                let help =
                    format!("the first is in row {}; keep one, or say from when to when each holds", first.number);
                findings.push(Finding::error("twice", table.place(row, Some(on[0])), title).help(help));
                continue;
            }
            known.push(LookupRow { valid, value, number: row.number });
        }
        let mut holes: Vec<(u64, (Day, Day))> = rows
            .values()
            .filter_map(|known| {
                let spans: Vec<Validity> = known.iter().map(|row| row.valid).collect();
                let last = known.iter().max_by_key(|row| row.valid.from)?;
                Some((last.number, Validity::hole_in(&spans, self.period)?))
            })
            .collect();
        holes.sort_unstable();
        for (row, (from, to)) in holes {
            let title = format!("the rows of this key leave out {from} to {to}");
            findings.push(
                Finding::attention("missing-days", table.headings.place(row, Some(on[0])), title)
                    .help("lines of these days find nothing here; close the gap, if there should be none"),
            );
        }
        let on = decl.on.iter().map(|(column, _)| column.clone()).collect();
        Some(Lookup { on, file: table.headings.file, ignores_case, rows })
    }

    fn mapping(&mut self, decl: &LookupDecl, dimensions: &mut [Dimension]) -> Option<Lookup<Vec<MemberId>>> {
        let wanted: Vec<DimensionId> = decl.take.iter().filter_map(|(dimension, _)| *dimension).collect();
        self.lookup(decl, |table, row, take, findings| {
            let members = wanted.iter().zip(take).map(|(dimension, column)| {
                let text = table.text(row, *column, findings);
                if text.is_empty() {
                    return crate::dimension::BLANK;
                }
                member_in_table(&mut dimensions[*dimension], text, table, row, *column, findings)
            });
            Some(members.collect())
        })
    }

    fn rates(&mut self, decl: &LookupDecl, numbers: NumberFormat) -> Option<Lookup<Fraction>> {
        self.lookup(decl, |table, row, columns, findings| {
            let read: Vec<Option<Amount>> =
                columns.iter().map(|column| rate_cell(table, row, *column, numbers, findings)).collect();
            let read: Vec<Amount> = read.into_iter().collect::<Option<_>>()?;
            let (added, rest) = read.split_at(decl.take.len());
            let (times, per) = rest.split_at(decl.times.len());
            if let Some(at) = per.iter().position(|divisor| divisor.is_zero()) {
                let column = columns.get(decl.take.len() + decl.times.len() + at).copied();
                let title = "a rate cannot be divided by 0".to_owned();
                let help = "write how many hours the cost is for, or leave the row out";
                findings.push(Finding::error("zero-hours", table.place(row, column), title).help(help));
                return None;
            }
            let total: Amount = added.iter().sum();
            let factors: Vec<Amount> = std::iter::once(total).chain(times.iter().copied()).collect();
            let rate = Fraction::quotient(&factors, per);
            if rate.is_none() {
                let title = "this rate is beyond what the program can hold".to_owned();
                let place = table.place(row, columns.first().copied());
                findings.push(Finding::error("too-large", place, title).help("look for a damaged number"));
            }
            rate
        })
    }

    fn driver(&mut self, decl: &DriverDecl, dimensions: &mut [Dimension]) -> Option<Driver> {
        let origin = match &decl.origin {
            DriverOrigin::Table(origin) => origin,
            // Filled when the lines have been read.
            DriverOrigin::Lines(_) => return Some(Driver::empty(decl)),
        };
        let period = self.period_of_table(decl, origin);
        let table = Table::read(&self.book.data, &origin.table, None, &period, &mut self.inputs, self.findings)?;
        // Negative quantities are kept where every rule that reads them says what they mean.
        let mut uses =
            self.book.allocate.iter().filter(|rule| rule.drivers().any(|name| name.name == decl.name)).peekable();
        let keeps_negative = uses.peek().is_some() && uses.all(|rule| rule.drops_negative);
        Driver::read(decl, origin, table, dimensions, self.period, keeps_negative, self.findings)
    }

    /// The period whose table a driver uses: this one, or the latest before it that `carry_forward` allows.
    fn period_of_table(&mut self, decl: &DriverDecl, origin: &DriverTable) -> Period {
        let mut period = self.period.clone();
        for _ in 0..=origin.carry_forward {
            if self.book.data.join(period.fill(&origin.table.file.name)).exists() {
                if period != *self.period {
                    let title = format!(
                        "driver `{}` has no table for {}, that of {} is used",
                        decl.name, self.period.name, period.name
                    );
                    let help = "carry_forward allows it; deliver this period's table when it is there";
                    self.findings.push(Finding::note("carried-forward", decl.spot.place(), title).help(help));
                }
                return period;
            }
            match self.book.head.calendar.containing(period.first.previous()) {
                Some(earlier) => period = earlier,
                None => break,
            }
        }
        self.period.clone()
    }

    fn fx(&mut self, decl: &FxDecl) -> Rates {
        Rates::load(self.book, decl, self.period, &mut self.inputs, self.findings)
    }

    fn accounts(&mut self, decl: &crate::rulebook::JournalDecl, dimensions: &[Dimension]) -> Option<Accounts> {
        let accounts = self.table(&decl.accounts, None);
        let register = self.table(&decl.register, None);
        Accounts::read(decl, &accounts?, &register?, dimensions, self.period, self.findings)
    }

    /// A rule that holds needs a price that does.
    fn price_holds(&mut self, name: &Named, rule: Validity) {
        let last = self.period.last;
        let list = self.book.prices.get(&name.name).filter(|list| list.on(last).next().is_none());
        if let Some(list) = list.filter(|_| rule.holds_on(last)) {
            let title = format!("no tier of [prices.{}] holds on {last}", clean(&name.name));
            let help = "add the tiers of that time, or end the rule with `valid`";
            self.findings.push(Finding::error("no-price", list.spot.place(), title).help(help));
        }
    }

    // ---- names in rules ------------------------------------------------------------------------------

    fn names_in_rules(&mut self, dimensions: &mut [Dimension]) {
        let book = self.book;
        for rule in &book.classify {
            for (dimension, template) in &rule.set {
                if let Some(name) = template.constant() {
                    self.target(&mut dimensions[*dimension], &Named { name, spot: template.spot.clone() });
                }
            }
        }
        for source in &book.sources {
            for (dimension, template) in &source.set {
                if let Some(name) = template.constant() {
                    self.target(&mut dimensions[*dimension], &Named { name, spot: template.spot.clone() });
                }
            }
            if let Some(members) = source.schedule.as_ref().and_then(|schedule| schedule.remainder_to.as_ref()) {
                self.targets(members, dimensions);
            }
            if let Some(id) = dimensions[crate::rulebook::SOURCE].find_or_add(&source.name) {
                debug_assert!(!id.is_blank());
            }
        }
        dimensions[crate::rulebook::FOR_PERIOD].find_or_add(&self.period.name);
        for rule in &book.allocate {
            match &rule.by {
                By::Member(members) => self.targets(members, dimensions),
                By::Shares { shares, remainder } => {
                    for (name, _) in shares {
                        self.target(&mut dimensions[rule.to[0]], name);
                    }
                    if let Some((members, _)) = remainder {
                        self.targets(members, dimensions);
                    }
                }
                By::Amounts(amounts) => {
                    for (name, _) in amounts {
                        self.target(&mut dimensions[rule.to[0]], name);
                    }
                }
                By::Attribute(dimension, attribute, spot) => self.attribute(&dimensions[*dimension], attribute, spot),
                By::Even => self.even_needs_members(&dimensions[rule.to[0]], &rule.spot),
                By::Price { price: PriceOf::List(name), .. } => self.price_holds(name, rule.valid),
                By::Driver(_) | By::CostSoFar(_) | By::Mix(_) | By::Price { .. } => {}
            }
            let sets = [&rule.remainder_to, &rule.recovery_to].into_iter().flatten();
            for members in sets.chain(rule.capacity.iter().map(|capacity| &capacity.idle_to)) {
                self.targets(members, dimensions);
            }
            for bound in [&rule.limits.cap, &rule.limits.floor].into_iter().flatten() {
                if let Bound::Members(members) = bound {
                    for (name, _) in members {
                        self.target(&mut dimensions[rule.to[0]], name);
                    }
                }
            }
            match &rule.if_no_driver {
                IfNoDriver::Member(members) => self.targets(members, dimensions),
                IfNoDriver::Even => self.even_needs_members(&dimensions[rule.to[0]], &rule.spot),
                IfNoDriver::Refuse | IfNoDriver::Leave | IfNoDriver::Driver(_) => {}
            }
            let group = rule.group.as_ref().and_then(|group| book.groups.get(&group.name));
            let order = match rule.settlement.as_ref().or(group.map(|group| &group.settlement)).map(|s| &s.order) {
                Some(Order::Declared(order)) => order.as_slice(),
                _ => &[],
            };
            for name in order {
                let known = rule.to.iter().any(|dimension| {
                    !dimensions[*dimension].is_closed || dimensions[*dimension].find(&name.name).is_some()
                });
                if !known {
                    self.unknown(&dimensions[rule.to[0]], name);
                }
            }
            let scoped = if let By::CostSoFar(conditions) = &rule.by { Some(conditions) } else { None };
            for conditions in
                [Some(&rule.from), rule.among.as_ref(), rule.except.as_ref(), scoped].into_iter().flatten()
            {
                self.conditions(conditions, dimensions);
            }
        }
        for unit_cost in &book.unit_costs {
            self.target(&mut dimensions[SERVICE], &unit_cost.service);
        }
    }

    fn even_needs_members(&mut self, dimension: &Dimension, spot: &crate::finding::Spot) {
        if !dimension.is_closed {
            let title = format!("`{}` has no member list, so nobody knows over whom even parts go", dimension.name);
            self.findings
                .push(Finding::error("open-dimension", spot.place(), title).help("give the dimension `members`"));
        }
    }

    fn targets(&mut self, members: &[(DimensionId, Named)], dimensions: &mut [Dimension]) {
        for (dimension, name) in members {
            self.target(&mut dimensions[*dimension], name);
        }
    }

    /// A member that a rule gives money to.
    fn target(&mut self, dimension: &mut Dimension, name: &Named) {
        match dimension.find_or_add(&name.name) {
            Some(id) if dimension.member(id).is_parent => {
                let title = format!("`{}` has members below it, so it cannot receive", clean(&name.name));
                self.findings.push(
                    Finding::error("parent-target", name.spot.place(), title).help("name one of the members below it"),
                );
            }
            Some(_) => {}
            None => self.unknown(dimension, name),
        }
    }

    fn unknown(&mut self, dimension: &Dimension, name: &Named) {
        if let Some(finding) = reserved(dimension, &name.name, name.spot.place()) {
            self.findings.push(finding);
            return;
        }
        let title = format!("`{}` is not a member of {}", clean(&name.name), dimension.name);
        self.findings.push(
            Finding::error("unknown-member", name.spot.place(), title)
                .maybe_help(did_you_mean(&name.name, dimension.names()))
                .help(way_to_member(dimension)),
        );
    }

    fn attribute(&mut self, dimension: &Dimension, attribute: &str, spot: &crate::finding::Spot) {
        if !dimension.attributes.iter().any(|known| known == attribute) {
            let title = format!("the members of {} have no attribute `{}`", dimension.name, clean(attribute));
            let names = || dimension.attributes.iter().map(String::as_str);
            let listed = if dimension.attributes.is_empty() {
                "attributes are the other columns of the dimension's member table".to_owned()
            } else {
                format!("its attributes are {}", crate::finding::list_names(names(), 20))
            };
            self.findings.push(
                Finding::error("unknown-attribute", spot.place(), title)
                    .maybe_help(did_you_mean(attribute, names()))
                    .help(listed),
            );
        }
    }

    fn conditions(&mut self, conditions: &Clauses<BalanceField>, dimensions: &[Dimension]) {
        for clause in conditions.clauses() {
            match &clause.field {
                BalanceField::Attribute(dimension, attribute) => {
                    self.attribute(&dimensions[*dimension], attribute, &clause.spot);
                }
                BalanceField::Dimension(dimension) => {
                    let dimension = &dimensions[*dimension];
                    if dimension.is_closed {
                        self.condition_names(&clause.test, dimension, &clause.spot);
                    }
                }
            }
        }
    }

    fn condition_names(&mut self, test: &Test, dimension: &Dimension, spot: &crate::finding::Spot) {
        let mut names = Vec::new();
        test.names(&mut names);
        for name in names.into_iter().filter(|name| dimension.find(name).is_none()) {
            self.unknown(dimension, &Named { name, spot: spot.clone() });
        }
        let mut patterns = Vec::new();
        test.patterns(&mut patterns);
        for pattern in patterns {
            if !dimension.names().any(|name| crate::rulebook::condition::like(&pattern, name)) {
                let title = format!("no member of {} is named like `{}`", dimension.name, clean(&pattern));
                self.findings.push(Finding::note("matches-nothing", spot.place(), title));
            }
        }
    }
}

/// A number of a rate table: not negative; with a percent sign, a hundredth of it.
fn rate_cell(
    table: &Table,
    row: &TableRow,
    column: usize,
    numbers: NumberFormat,
    findings: &mut Findings,
) -> Option<Amount> {
    let text = table.text(row, column, findings);
    let (digits, is_percentage) = text.strip_suffix('%').map_or((text, false), |digits| (digits.trim_end(), true));
    // Hours may be written as a clock does, rates are not.
    let read = table.value(row, column, digits, NumberFormat { time: None, ..numbers }, findings);
    let place = || table.place(row, Some(column));
    match read {
        Ok(read) if !read.is_negative() => {
            let hundredth = Fraction::new(1, if is_percentage { 100 } else { 1 })?;
            crate::money::apply(read, hundredth)
        }
        Ok(_) => {
            findings
                .push(Finding::error("negative-rate", place(), "a rate is not negative").help("put the sign right"));
            None
        }
        Err(fault) => {
            let title = match text {
                "" => "a number of this rate is missing".to_owned(),
                text => format!("`{}` is not a rate", clean(text)),
            };
            findings
                .push(Finding::error("not-a-number", place(), title).help(format!("{fault}; write 0 where it is 0")));
            None
        }
    }
}

/// A name that no member may have.
fn reserved(dimension: &Dimension, name: &str, place: Place) -> Option<Finding> {
    let title = || format!("`{}` {RESERVED} {}", clean(name), dimension.name);
    dimension.is_reserved(name).then(|| Finding::error("reserved-name", place, title()).help(RESERVED_HELP))
}

/// How a name becomes a member of a dimension.
fn way_to_member(dimension: &Dimension) -> String {
    if BUILT_IN.iter().any(|(name, _)| *name == dimension.name) && ["spend", "kind"].contains(&dimension.name.as_str())
    {
        let names: Vec<&str> = dimension.names().collect();
        return format!("its members are fixed: {}", names.join(", "));
    }
    format!("add it to the member list of [dimensions.{}], or correct the name", dimension.name)
}

fn climbs_for_ever(members: &[(Member, Option<usize>)], from: usize) -> bool {
    let mut at = from;
    for _ in 0..=members.len() {
        match members[at].1 {
            None => return false,
            Some(parent) if parent == from => return true,
            Some(parent) => at = parent,
        }
    }
    false
}

/// The member that a cell of a table names; a finding when a closed dimension does not have it.
pub(crate) fn member_in_table(
    dimension: &mut Dimension,
    text: &str,
    table: &Table,
    row: &TableRow,
    column: usize,
    findings: &mut Findings,
) -> MemberId {
    dimension.find_or_add(text).unwrap_or_else(|| {
        if let Some(finding) = reserved(dimension, text, table.place(row, Some(column))) {
            findings.push(finding);
            return crate::dimension::BLANK;
        }
        let title = format!("`{}` is not a member of {}", clean(dimension.shown(text)), dimension.name);
        findings.push(
            Finding::error("unknown-member", table.place(row, Some(column)), title)
                .maybe_help(did_you_mean(text, dimension.names()))
                .help(format!("add it to the member list of [dimensions.{}], or correct the table", dimension.name)),
        );
        crate::dimension::BLANK
    })
}
