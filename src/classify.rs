//! Classification: line groups to opening balances.
//!
//! For each dimension the first rule that sets it wins; what a source sets comes last. Rates are applied
//! here, once for each balance and rate, on the sum of its hours, and so are exchange rates.

pub mod trace;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::dimension::{BLANK, Dimension, MemberId, RESERVED, RESERVED_HELP, look_alikes};
use crate::exchange::{Exchange, Origin, UsedRate, foreign_currency};
use crate::finding::{Finding, Findings, Place, clean};
use crate::footprint::{Footprint, looks_at};
use crate::model::Model;
use crate::money::{Amount, ByCurrency, Fraction, HOURS, apply};
use crate::rulebook::condition::{ColumnRef, Template};
use crate::rulebook::{CostDecl, DimensionId, DriverOrigin, FOR_PERIOD, SOURCE};
use crate::sources::{LineGroup, MONEY_MAX, Tally};

/// A member for every dimension of the model, in their order: what a balance is at.
pub type Key = Box<[MemberId]>;

/// Money as it enters the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningBalance {
    /// Where it enters.
    pub key: Key,
    /// Its source, as index into the rule book.
    pub source: usize,
    /// The file it comes from, or the files, `; ` between them, where a rate was applied to their sum.
    pub file: String,
    /// How many lines it is the sum of.
    pub lines: u64,
    /// The hours that a rate made money of; none where the money came as such.
    pub hours: Option<Amount>,
    /// The money.
    pub amount: Amount,
    /// What it was before it was exchanged, where it came in another currency.
    pub origin: Option<Origin>,
    /// The line groups that it is the sum of, by index.
    pub groups: Vec<usize>,
}

/// All opening balances, and what the rules did.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// Balances, in the order of their members, then files.
    pub balances: Vec<OpeningBalance>,
    /// What each classify rule set, in their order.
    pub rules: Vec<Tally>,
    /// Exchange rates in use.
    pub rates: Vec<UsedRate>,
}

impl Opening {
    /// Sum of all balances of a source.
    #[must_use]
    pub fn of_source(&self, source: usize) -> Amount {
        self.balances.iter().filter(|balance| balance.source == source).map(|balance| balance.amount).sum()
    }

    /// Sum of all balances.
    #[must_use]
    pub fn total(&self) -> Amount {
        self.balances.iter().map(|balance| balance.amount).sum()
    }
}

/// What is added up over all files before a rate is applied: lines, their files and their line groups.
#[derive(Default)]
struct OverFiles<'g>(Tally, BTreeSet<&'g str>, Vec<usize>);

impl<'g> OverFiles<'g> {
    /// Notes a file, and gives what its lines are added to.
    fn of_file(&mut self, file: &'g str) -> (&mut Tally, &mut Vec<usize>) {
        self.1.insert(file);
        (&mut self.0, &mut self.2)
    }
}

/// A value of an export that should name a member but does not: dimension, value, rule, and what is wrong.
type Unknown = (DimensionId, String, String, &'static str);

/// The lines that have such values, and their money.
type Unknowns = BTreeMap<Unknown, (u64, ByCurrency)>;

/// Line groups of which is found at the same time what rules would set.
const GROUPS_AT_ONCE: usize = 4096;

/// Gives every line group its members and adds up. Seals the model's dimensions: from here on, members are
/// numbered in the order in which ties are broken.
pub fn classify(
    model: &mut Model,
    footprint: &Footprint,
    groups: &[LineGroup],
    findings: &mut Findings,
) -> Option<Opening> {
    let mut opening = Opening::default();
    let mut entered = Entered { rules: vec![Tally::default(); model.book.classify.len()], ..Entered::default() };
    for (from, groups) in (0..).step_by(GROUPS_AT_ONCE).zip(groups.chunks(GROUPS_AT_ONCE)) {
        // Testing texts and looking them up takes most of the time, and needs nothing that changes on the way.
        let wanted: Vec<_> = groups.par_iter().map(|group| wanted_of(model, footprint, group)).collect();
        for ((at, group), wanted) in (from..).zip(groups).zip(wanted) {
            entered.add(model, footprint, (at, group), wanted, findings);
        }
    }
    let Entered { rules, mut unknown, plain, rated, foreign, exchange } = entered;
    opening.rules = rules;
    drivers_from_lines(model, footprint, groups, &mut unknown);
    report_unknown(model, unknown, findings);
    for ((key, source, file), (sum, groups)) in plain {
        let (file, lines) = (file.to_owned(), sum.lines);
        let amount = sum.sum;
        opening.balances.push(OpeningBalance { key, source, file, lines, hours: None, amount, origin: None, groups });
    }
    for ((key, source, rate), OverFiles(hours, files, groups)) in rated {
        let Some(amount) = apply(hours.sum, rate) else {
            let title = format!("{} hours × rate are beyond what the program can hold", hours.sum);
            findings.push(Finding::error("too-large", model.book.sources[source].spot.place(), title));
            continue;
        };
        let file = files.into_iter().collect::<Vec<_>>().join("; ");
        let (lines, hours) = (hours.lines, Some(hours.sum));
        opening.balances.push(OpeningBalance { key, source, file, lines, hours, amount, origin: None, groups });
    }
    exchange.report(model, findings);
    opening.rates = exchange.rates;
    for (place, OverFiles(sum, files, groups)) in foreign {
        let file = files.into_iter().collect::<Vec<_>>().join("; ");
        match exchanged(&opening.rates, place, sum, file) {
            Ok(balance) => opening.balances.push(OpeningBalance { groups, ..balance }),
            Err(source) => findings.push(too_large(model, source)),
        }
    }
    refuse_too_large(model, &opening, findings);
    refuse_look_alikes(model, findings);
    if findings.has_errors() {
        return None;
    }
    seal(model, &mut opening);
    Some(opening)
}

/// What enters the books, by where it enters.
#[derive(Default)]
struct Entered<'g> {
    /// What each classify rule set.
    rules: Vec<Tally>,
    unknown: Unknowns,
    plain: FxHashMap<(Key, usize, &'g str), (Tally, Vec<usize>)>,
    rated: BTreeMap<(Key, usize, Fraction), OverFiles<'g>>,
    foreign: BTreeMap<Foreign, OverFiles<'g>>,
    exchange: Exchange,
}

impl<'g> Entered<'g> {
    /// Adds a line group, of which is known what rules would set.
    fn add(
        &mut self,
        model: &mut Model,
        footprint: &Footprint,
        (at, group): (usize, &'g LineGroup),
        wanted: Vec<Wanted<'_>>,
        findings: &mut Findings,
    ) {
        let value = value_of(footprint, group);
        let currency = foreign_currency(&model.book, group, &value);
        let mut key = members(model, group, wanted, currency.as_deref(), &mut self.rules, &mut self.unknown);
        if group.is_remainder {
            remainder_to(model, group.source, &mut key);
        }
        let hourly = match &model.rates[group.source] {
            None => None,
            Some(rates) => {
                let parts: Vec<&str> = rates.on.iter().map(value).collect();
                let Some(rate) = rates.find(&parts, group.day) else {
                    findings.push(missing_rate(model, group, &rates.on, &parts, &rates.file));
                    return;
                };
                Some(*rate)
            }
        };
        let (sum, of) = match (currency, hourly) {
            (Some(currency), hourly) => {
                let Some(rate) = self.exchange.rate_of(model, group, &currency) else { return };
                self.foreign.entry((key, group.source, rate, hourly)).or_default().of_file(&group.file)
            }
            (None, Some(rate)) => self.rated.entry((key, group.source, rate)).or_default().of_file(&group.file),
            (None, None) => {
                let (sum, of) = self.plain.entry((key, group.source, &group.file)).or_default();
                (sum, of)
            }
        };
        of.push(at);
        sum.lines += group.lines;
        sum.sum += group.sum;
    }
}

/// Where money in another currency enters, at which rate: key, source, index of the rate, price of an hour.
type Foreign = (Key, usize, usize, Option<Fraction>);

/// A balance in the currency of the books; the source, where that is beyond what can be held.
fn exchanged(rates: &[UsedRate], place: Foreign, sum: Tally, file: String) -> Result<OpeningBalance, usize> {
    let (key, source, at, hourly) = place;
    let rate = rates[at].found.rate;
    // Hours become money of the books in one product, not in two.
    let (by, came) = match hourly {
        None => (Some(rate), Some(sum.sum)),
        Some(hourly) => (rate.times(hourly), apply(sum.sum, hourly)),
    };
    let amount = by.and_then(|by| apply(sum.sum, by)).ok_or(source)?;
    let origin = Origin { currency: rates[at].currency.clone(), amount: came.ok_or(source)?, rate: at };
    let hours = hourly.map(|_| sum.sum);
    Ok(OpeningBalance { key, source, file, lines: sum.lines, hours, amount, origin: Some(origin), groups: Vec::new() })
}

/// What was exchanged may be much more than what was read.
fn refuse_too_large(model: &Model, opening: &Opening, findings: &mut Findings) {
    let mut size = Amount::ZERO;
    for balance in opening.balances.iter().filter(|balance| balance.origin.is_some()) {
        let Some(sum) = size.checked_add(balance.amount.abs()).filter(|size| *size <= MONEY_MAX) else {
            findings.push(too_large(model, balance.source));
            return;
        };
        size = sum;
    }
}

fn too_large(model: &Model, source: usize) -> Finding {
    let source = &model.book.sources[source];
    let title = format!("the money of source `{}`, exchanged, is beyond what the program can hold", source.name);
    Finding::error("too-large", source.spot.place(), title).help("look for a damaged amount or rate")
}

/// Two names that nobody can tell apart by looking are one name spelt in two alphabets, or an attack; their money
/// is neither merged nor published apart.
fn refuse_look_alikes(model: &Model, findings: &mut Findings) {
    for dimension in &model.dimensions {
        for (one, two) in look_alikes(dimension) {
            let title =
                format!("`{}` and `{}` in {} look alike and are two names", clean(one), clean(two), dimension.name);
            let help = format!("they differ in {}: correct one of them", differing_code_points(one, two));
            findings.push(Finding::error("look-alike-names", Place::Run, title).help(help));
        }
    }
}

/// The code points in which two names differ: `U+0050 (P) and U+0420 (Р)`.
fn differing_code_points(one: &str, two: &str) -> String {
    let points = |name: &str, other: &str| {
        let differing = name.chars().zip(other.chars().chain(std::iter::repeat('\0'))).filter(|(a, b)| a != b);
        let shown: Vec<String> =
            differing.take(3).map(|(c, _)| format!("U+{:04X} ({})", u32::from(c), clean(&c.to_string()))).collect();
        if shown.is_empty() { "nothing more".to_owned() } else { shown.join(", ") }
    };
    format!("{} and {}", points(one, two), points(two, one))
}

/// The texts of a line group, by column.
fn value_of<'g>(footprint: &'g Footprint, group: &'g LineGroup) -> impl Fn(&ColumnRef) -> &'g str {
    let columns = &footprint.0[group.source];
    move |column| columns.binary_search(column).map_or("", |at| group.values.get(at).map_or("", |value| value))
}

/// What would be set in a dimension of a line group, were it blank.
struct Wanted<'g> {
    /// The classify rule that would; none where it is the source.
    rule: Option<usize>,
    dimension: DimensionId,
    member: WantedMember<'g>,
}

enum WantedMember<'g> {
    Named(Cow<'g, str>),
    Found(MemberId),
}

/// What the classify rules whose conditions hold for a line group would set, in their order, then what its source would.
fn wanted_of<'g>(model: &Model, footprint: &'g Footprint, group: &'g LineGroup) -> Vec<Wanted<'g>> {
    let source = &model.book.sources[group.source];
    let value = value_of(footprint, group);
    let mut wanted = Vec::new();
    let named = |rule: Option<usize>, (dimension, template): &(DimensionId, Template)| {
        let name = template.fill(&value);
        (!name.is_empty()).then_some(Wanted { rule, dimension: *dimension, member: WantedMember::Named(name) })
    };
    for (at, rule) in model.book.classify.iter().enumerate() {
        let holds = looks_at(rule, source)
            && rule.valid.holds_on(model.period.last)
            && rule.filter.hold(|clause| source.passes(&clause.field, &clause.test, value(&clause.field)));
        if !holds {
            continue;
        }
        wanted.extend(rule.set.iter().filter_map(|set| named(Some(at), set)));
        if let Some(lookup) = &model.lookups[at] {
            let parts: Vec<&str> = lookup.on.iter().map(&value).collect();
            let found = lookup.find(&parts, group.day);
            let taken = rule.lookup.iter().flat_map(|decl| &decl.take).filter_map(|(dimension, _)| *dimension);
            let member = |(dimension, member): (DimensionId, &MemberId)| Wanted {
                rule: Some(at),
                dimension,
                member: WantedMember::Found(*member),
            };
            wanted.extend(taken.zip(found.into_iter().flatten()).map(member));
        }
    }
    wanted.extend(source.set.iter().filter_map(|set| named(None, set)));
    wanted
}

/// The members of a line group, by what would be set in its dimensions. `currency` is that of its money, where it is not
/// that of the books.
fn members(
    model: &mut Model,
    group: &LineGroup,
    wanted: Vec<Wanted<'_>>,
    currency: Option<&str>,
    tallies: &mut [Tally],
    unknown: &mut Unknowns,
) -> Key {
    let Model { book, dimensions, rates, .. } = model;
    let source = &book.sources[group.source];
    let mut key: Key = vec![BLANK; dimensions.len()].into();
    key[SOURCE] = dimensions[SOURCE].find_or_add(&source.name).unwrap_or(BLANK);
    key[FOR_PERIOD] = dimensions[FOR_PERIOD].find_or_add(&group.for_period).unwrap_or(BLANK);
    let own = book.head.currency.code();
    let measure = if rates[group.source].is_some() { HOURS } else { currency.unwrap_or(own) };
    let is_money = measure == own;
    let mut placing = Placing { dimensions, unknown, group, measure };
    let mut has_set = None;
    for Wanted { rule, dimension, member } in wanted {
        let by = || rule.map_or_else(|| format!("sources.{}", source.name), |at| book.classify[at].id.clone());
        let is_set = match member {
            WantedMember::Named(name) => placing.by_name(&mut key, dimension, &name, by),
            WantedMember::Found(member) => placing.at(&mut key, dimension, member, by),
        };
        let Some(at) = rule.filter(|_| is_set && rule != has_set) else { continue };
        has_set = rule;
        tallies[at].lines += group.lines;
        // Hours and other currencies become money later, by the balance they end up in.
        tallies[at].sum += if is_money { group.sum } else { Amount::ZERO };
    }
    key
}

/// What is left of a life that ended before its time goes where its source says.
fn remainder_to(model: &Model, source: usize, key: &mut Key) {
    let members = model.book.sources[source].schedule.iter().filter_map(|schedule| schedule.remainder_to.as_ref());
    for (dimension, name) in members.flatten() {
        key[*dimension] = model.dimensions[*dimension].find(&name.name).unwrap_or(BLANK);
    }
}

/// Puts the money of one line group at members, and notes names that lead nowhere.
struct Placing<'a> {
    dimensions: &'a mut [Dimension],
    unknown: &'a mut Unknowns,
    group: &'a LineGroup,
    /// What its money is in.
    measure: &'a str,
}

impl Placing<'_> {
    /// Whether the dimension was blank and now has the member of this name.
    fn by_name(&mut self, key: &mut Key, dimension: DimensionId, name: &str, by: impl FnOnce() -> String) -> bool {
        if name.is_empty() || !key[dimension].is_blank() {
            return false;
        }
        match self.dimensions[dimension].find_or_add(name) {
            Some(member) => self.at(key, dimension, member, by),
            None if self.dimensions[dimension].is_reserved(name) => {
                self.note(dimension, name.to_owned(), by(), RESERVED)
            }
            None => self.note(dimension, name.to_owned(), by(), NOT_A_MEMBER),
        }
    }

    /// Whether the dimension was blank and now has this member.
    fn at(&mut self, key: &mut Key, dimension: DimensionId, member: MemberId, by: impl FnOnce() -> String) -> bool {
        if member.is_blank() || !key[dimension].is_blank() {
            return false;
        }
        if let Some(why) = cannot_hold(&self.dimensions[dimension], member) {
            let name = self.dimensions[dimension].member_name(member).to_owned();
            return self.note(dimension, name, by(), why);
        }
        key[dimension] = member;
        true
    }

    fn note(&mut self, dimension: DimensionId, name: String, by: String, why: &'static str) -> bool {
        let (lines, sums) = self.unknown.entry((dimension, name, by, why)).or_default();
        *lines += self.group.lines;
        sums.add(self.group.sum, self.measure);
        false
    }
}

/// Fills the drivers whose quantities are in cost lines.
fn drivers_from_lines(model: &mut Model, footprint: &Footprint, groups: &[LineGroup], unknown: &mut Unknowns) {
    let Model { book, dimensions, drivers, rates, .. } = model;
    for (decl, driver) in book.drivers.iter().zip(drivers) {
        let DriverOrigin::Lines(lines) = &decl.origin else { continue };
        let Some(source) = book.source(&lines.source.name) else { continue };
        let of_source = book.quantity_columns(&lines.source.name);
        let quantity_at =
            lines.quantity.as_ref().map(|column| of_source.iter().position(|other| other.name == column.name));
        driver.file = format!("lines of {}", lines.source.name);
        for group in groups.iter().filter(|group| group.source == source) {
            let value = value_of(footprint, group);
            let declared = &book.sources[source];
            if !decl.filter.hold(|clause| declared.passes(&clause.field, &clause.test, value(&clause.field))) {
                continue;
            }
            let quantity = match quantity_at {
                Some(at) => at.and_then(|at| group.quantities.get(at)).copied().unwrap_or_default(),
                None => Amount::whole(i64::try_from(group.lines).unwrap_or(i64::MAX)),
            };
            let currency = foreign_currency(book, group, &value);
            let own = book.head.currency.code();
            let measure = if rates[source].is_some() { HOURS } else { currency.as_deref().unwrap_or(own) };
            let mut placing = Placing { dimensions, unknown, group, measure };
            let mut place = |side: &[DimensionId], templates: &[Template]| -> Key {
                let mut key: Key = vec![BLANK; book.dimensions.len()].into();
                for (dimension, template) in side.iter().zip(templates) {
                    placing.by_name(&mut key, *dimension, &template.fill(&value), || format!("drivers.{}", decl.name));
                }
                side.iter().map(|dimension| key[*dimension]).collect()
            };
            let (sender, receiver) = (place(&decl.from, &lines.from), place(&decl.to, &lines.to));
            driver.add_lines(sender, receiver, quantity, group.first_row);
        }
        driver.complete();
    }
}

const NOT_A_MEMBER: &str = "is not a member of";

/// Why money cannot be put at a member.
fn cannot_hold(dimension: &Dimension, member: MemberId) -> Option<&'static str> {
    let member = dimension.member(member);
    if member.is_parent {
        return Some("has members below it, so it cannot hold money, in");
    }
    (!member.is_valid).then_some("does not exist in this period in")
}

fn missing_rate(model: &Model, group: &LineGroup, on: &[ColumnRef], parts: &[&str], file: &str) -> Finding {
    let source = &model.book.sources[group.source];
    let shown = |column: &ColumnRef, part: &str| clean(model.shown(group.source, column, part));
    let keys: Vec<String> =
        on.iter().zip(parts).map(|(column, part)| format!("{column} `{}`", shown(column, part))).collect();
    let title =
        format!("no rate for {} on {} ({} hours, {} lines)", keys.join(", "), group.day, group.sum, group.lines);
    let place = match &source.cost {
        CostDecl::Rated { rate, .. } => rate.table.file.spot.place(),
        CostDecl::Column(_) => source.spot.place(),
    };
    Finding::error("missing-rate", place, title)
        .label("the rate table")
        .help(format!("add a row to `{file}`; the first of these lines is {}:{}", group.file, group.first_row))
}

fn report_unknown(model: &Model, unknown: Unknowns, findings: &mut Findings) {
    for ((dimension, name, rule, why), (lines, sums)) in unknown {
        let dimension = &model.dimensions[dimension];
        let title = format!(
            "`{}` {why} {}: {} with {sums} not given one by `{rule}`",
            clean(dimension.shown(&name)),
            dimension.name,
            if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") },
        );
        findings.push(
            Finding::note("unknown-value", crate::finding::Place::Run, title)
                .maybe_help(crate::finding::did_you_mean(&name, dimension.names()))
                .help(if why == RESERVED {
                    RESERVED_HELP
                } else {
                    "add it to the member list, or map it with a lookup"
                })
                .sums(sums),
        );
    }
}

/// Numbers all members in the order of their names and puts the opening balances in that order.
pub(crate) fn seal(model: &mut Model, opening: &mut Opening) {
    let renumbered: Vec<Vec<MemberId>> = model.dimensions.iter_mut().map(crate::dimension::Dimension::seal).collect();
    for driver in &mut model.drivers {
        driver.renumber(&renumbered);
    }
    for balance in &mut opening.balances {
        for (dimension, member) in balance.key.iter_mut().enumerate() {
            *member = renumbered[dimension][member.index()];
        }
    }
    opening.balances.sort_by(|a, b| (&a.key, &a.file).cmp(&(&b.key, &b.file)));
}
