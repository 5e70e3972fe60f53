//! Reports for one business unit: what its money was, what it is for, and how it came to the unit.

use std::collections::{BTreeMap, BTreeSet};

use super::books::by_words;
use super::cost::{dimension_column, humanise, member_name};
use super::{Column, Run, Shown, Table, Value};
use crate::dimension::{BLANK, Dimension, MemberId};
use crate::driver::CLEAR;
use crate::ledger::Entry;
use crate::money::Amount;
use crate::rulebook::{AllocateRule, BUSINESS_UNIT, By, IfNoDriver, PriceOf, SERVICE};

/// Names that people give to the column of a member list that says whom to ask.
const CONTACT_ATTRIBUTES: [&str; 6] = ["owner", "contact", "head", "manager", "responsible", "business owner"];

/// Whom to ask about a member: the name of the attribute and its value, when the member list has one.
#[must_use]
pub fn contact(dimension: &Dimension, member: MemberId) -> Option<(String, &str)> {
    CONTACT_ATTRIBUTES.iter().find_map(|wanted| {
        let at = dimension.attributes.iter().position(|attribute| attribute.to_lowercase() == *wanted)?;
        let value = dimension.attribute(member, at);
        (!value.is_empty()).then(|| (humanise(&dimension.attributes[at]), dimension.told(value)))
    })
}

/// The names above a member, the nearest first.
#[must_use]
pub fn parents(dimension: &Dimension, member: MemberId) -> Vec<&str> {
    let mut names = Vec::new();
    let mut above = dimension.member(member).parent;
    while !above.is_blank() {
        names.push(dimension.member_name(above));
        above = dimension.member(above).parent;
    }
    names
}

/// A business unit and all below it: whose lines its statement shows.
#[must_use]
pub fn unit_and_below(dimension: &Dimension, unit: MemberId) -> BTreeSet<MemberId> {
    dimension.ids().filter(|id| *id == unit || is_below(dimension, *id, unit)).collect()
}

fn is_below(dimension: &Dimension, member: MemberId, above: MemberId) -> bool {
    let mut at = member;
    // A chain of parents is no longer than there are members, so a loop in it ends the search.
    for _ in dimension.ids() {
        at = dimension.member(at).parent;
        if at.is_blank() || at == above {
            break;
        }
    }
    at == above
}

/// Units that get a statement: those that pay for something, and those above them.
#[must_use]
pub fn units_with_statement(run: &Run<'_>) -> Vec<MemberId> {
    let dimension = &run.model.dimensions[BUSINESS_UNIT];
    let mut units: BTreeSet<MemberId> =
        run.charges.allocated().map(|line| run.charges.member(line, BUSINESS_UNIT)).collect();
    for unit in units.clone() {
        let mut above = unit;
        for _ in dimension.ids() {
            above = dimension.member(above).parent;
            units.insert(above);
        }
    }
    units.into_iter().filter(|unit| !unit.is_blank()).collect()
}

/// One way by which money reached a unit: the service it was for, and what brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// The export, or a classify rule, named the unit.
    Named,
    /// An allocate rule gave it.
    Rule(usize),
    /// An allocate rule took it away again.
    GivenOn(usize),
    /// It is at the unit, but not complete, so it is not charged.
    Left(crate::ledger::Reason),
}

#[derive(Clone, Debug, Default)]
struct Came {
    amount: Amount,
    /// The unit's quantity and its total, when that is the same for all entries.
    ratio: Option<(Amount, Amount)>,
    by: String,
    is_mixed: bool,
}

/// The entries by which money came to business units and left them. Found once, for all statements of a run.
#[derive(Clone, Debug, Default)]
pub struct Crossings(BTreeMap<MemberId, Vec<CrossingAt>>);

/// Index of a posting, and of the target in its split.
type CrossingAt = (usize, usize);

impl Crossings {
    /// All of a run.
    #[must_use]
    pub fn of(run: &Run<'_>) -> Crossings {
        let mut of_units: BTreeMap<MemberId, Vec<CrossingAt>> = BTreeMap::new();
        for (at, posting) in run.ledger.postings.iter().enumerate() {
            let split = &run.ledger.splits[posting.split];
            let Some(place) = split.dimensions.iter().position(|dimension| *dimension == BUSINESS_UNIT) else {
                continue;
            };
            let from = posting.from[BUSINESS_UNIT];
            for (target_at, target) in split.targets.iter().enumerate().filter(|(_, target)| !target.stays) {
                let to = match target.to[place] {
                    BLANK => from,
                    CLEAR => BLANK,
                    member => member,
                };
                for unit in [from, to].into_iter().filter(|unit| from != to && !unit.is_blank()) {
                    of_units.entry(unit).or_default().push((at, target_at));
                }
            }
        }
        Crossings(of_units)
    }

    /// The entries to and from some units, in the order in which they were made.
    fn entries<'r>(&self, run: &Run<'r>, units: &BTreeSet<MemberId>) -> impl Iterator<Item = Entry<'r>> {
        let mut all: Vec<CrossingAt> = units.iter().filter_map(|unit| self.0.get(unit)).flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        let ledger = run.ledger;
        all.into_iter().map(|(posting, target)| ledger.entry(&ledger.postings[posting], target))
    }
}

/// The ways by which money came to business units.
#[derive(Clone, Debug)]
pub struct Ways(Vec<((Way, MemberId), Came)>);

/// The ways by which money came to business units: the last step of each amount on its way to one of them, added up
/// by service and rule; the largest first.
///
/// The service is the one the money was for when it reached the unit; rules that move money between the services
/// of these units do not change what they pay, so they are left out.
#[must_use]
pub fn ways_to(run: &Run<'_>, crossings: &Crossings, units: &BTreeSet<MemberId>) -> Ways {
    let mut ways: BTreeMap<(Way, MemberId), Came> = BTreeMap::new();
    for (key, amount) in run.ledger.opening.iter().filter(|(key, _)| units.contains(&key[BUSINESS_UNIT])) {
        ways.entry((Way::Named, key[SERVICE])).or_default().amount += *amount;
    }
    for entry in crossings.entries(run, units) {
        let (from, to) = (entry.from[BUSINESS_UNIT], entry.to[BUSINESS_UNIT]);
        let is_gain = units.contains(&to);
        if is_gain == units.contains(&from) {
            continue;
        }
        let service = if is_gain { entry.to[SERVICE] } else { entry.from[SERVICE] };
        if is_gain {
            ways.entry((Way::Rule(entry.rule), service)).or_default().add(run, &entry);
        } else {
            // Another unit's share says nothing about this one's, so no ratio is given.
            ways.entry((Way::GivenOn(entry.rule), service)).or_default().amount -= entry.amount;
        }
    }
    for left in run.ledger.left.iter().filter(|left| units.contains(&left.key[BUSINESS_UNIT])) {
        ways.entry((Way::Left(left.reason), left.key[SERVICE])).or_default().amount -= left.amount;
    }
    let mut rows: Vec<((Way, MemberId), Came)> = ways.into_iter().filter(|(_, came)| !came.amount.is_zero()).collect();
    rows.sort_by_key(|((way, service), came)| (std::cmp::Reverse(came.amount), *way, *service));
    Ways(rows)
}

/// How the money of business units came to them. The exact total is that of their charge lines, before rounding.
#[must_use]
pub fn how_it_came(run: &Run<'_>, Ways(ways): &Ways) -> Table {
    let total: Amount = ways.iter().map(|(_, came)| came.amount).sum();
    let rows = ways.iter().map(|((way, service), came)| row_of(run, *way, *service, came)).collect();
    let text = |name: &str, label: &str| Column::new(name, label, Shown::Text);
    let exact = |name: &str, label: &str| Column::new(name, label, Shown::Exact);
    let mut total_row = vec![Value::text("Total before rounding")];
    total_row.extend(std::iter::repeat_n(Value::Blank, 6));
    total_row.push(Value::Exact(total));
    Table {
        name: "how-it-came",
        title: "How it came".to_owned(),
        note:
            "The last step of each amount on its way here, by the service it was for then and the rule that moved it, \
               largest first. Where one ratio decided, the quantity and the total of all are given."
                .to_owned(),
        columns: vec![
            dimension_column(run, SERVICE),
            text("rule", "Rule"),
            text("why", "Why"),
            text("by", "Shared by"),
            exact("quantity", "Quantity"),
            exact("total", "Of all"),
            Column::new("share", "Share", Shown::Share),
            exact("amount", "Amount"),
        ],
        rows,
        total: Some(total_row),
    }
}

/// What decides what business units pay for each service, in words: the quantity of the largest way by which money
/// for it came, as `1,204 of 9,310 tickets`, and how many other ways there are.
#[must_use]
pub fn what_decides(run: &Run<'_>, Ways(ways): &Ways) -> BTreeMap<MemberId, String> {
    let mut said: BTreeMap<MemberId, (String, usize)> = BTreeMap::new();
    for ((way, service), came) in ways {
        let (text, others) = said.entry(*service).or_default();
        if !text.is_empty() {
            *others += 1;
            continue;
        }
        *text = match way {
            Way::Named => "named in the export or by a classify rule".to_owned(),
            Way::Rule(at) => quantity_in_words(run, &run.model.book.allocate[*at], came),
            Way::GivenOn(_) => "given on to other units".to_owned(),
            Way::Left(reason) => format!("not charged: {}", reason.words()),
        };
    }
    let with_others = |(text, others): (String, usize)| match others {
        0 => text,
        1 => format!("{text}; and one other way"),
        _ => format!("{text}; and {others} other ways"),
    };
    said.into_iter().map(|(service, said)| (service, with_others(said))).collect()
}

/// Quantity × rate, or the share that a quantity is of all.
fn quantity_in_words(run: &Run<'_>, rule: &AllocateRule, came: &Came) -> String {
    let ratio = came.ratio.filter(|(_, total)| !came.is_mixed && !total.is_zero());
    let Some((quantity, total)) = ratio else { return format!("by {}", came.by) };
    let share = Value::Share(quantity.atoms() / 1000, total.atoms() / 1000).permille().unwrap_or_default();
    let measure = |name: &str| {
        run.model.drivers.iter().find(|driver| driver.name == name).map_or("", |driver| driver.measure.as_str())
    };
    match &rule.by {
        By::Price { price: PriceOf::Flat(price), quantity: driver } => {
            format!("{} × {price} a {}", grouped(quantity), measure(&driver.name))
        }
        By::Price { price: PriceOf::List(list), quantity: driver } => {
            format!(
                "{}: {} at the prices {}",
                counted(&driver.name, measure(&driver.name)),
                grouped(quantity),
                list.name
            )
        }
        By::Driver(driver) => {
            let measure = measure(&driver.name);
            // A driver whose measure nobody has named says nothing more by its own name.
            let is_named = *measure != spaced(&driver.name);
            let counted = if is_named { counted(&driver.name, measure) + ": " } else { String::new() };
            format!("{counted}{} of {} ({}.{} %)", grouped(quantity), grouped(total), share / 10, share % 10)
        }
        By::Member(_) => "all of it".to_owned(),
        _ => format!("{}.{} % by {}", share / 10, share % 10, came.by),
    }
}

/// A name of the rules in words.
fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// What a driver counts: its name, and one of what it counts where the name does not say so.
fn counted(driver: &str, measure: &str) -> String {
    let name = spaced(driver);
    let is_plural = name.strip_suffix('s').is_some_and(|one| one.ends_with(measure));
    if measure.is_empty() || measure == name || is_plural { name } else { format!("{name} ({measure})") }
}

/// A quantity with its thousands apart, as far as two decimals: it is read, not calculated with.
fn grouped(amount: Amount) -> String {
    let text = amount.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction: String = fraction.chars().take(2).collect();
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{fraction}") }
}

impl Came {
    fn add(&mut self, run: &Run<'_>, entry: &Entry<'_>) {
        let rule = &run.model.book.allocate[entry.rule];
        let currency = &run.model.book.head.currency;
        let in_minor_units = |amount: Amount| currency.amount(currency.round(amount));
        let ratio = match rule.by {
            // Where a cost is the quantity, it is shown as costs are.
            By::CostSoFar(_) => Some((in_minor_units(entry.quantity), in_minor_units(entry.total))),
            // A declared amount is no share of what it was taken from.
            By::Amounts(_) => None,
            _ => Some((entry.quantity, entry.total)),
        };
        let by = shared_by(run, rule, entry);
        if self.by.is_empty() {
            self.ratio = ratio;
            self.by = by;
        } else {
            self.is_mixed |= self.ratio != ratio;
            if !self.by.split("; ").any(|known| known == by) {
                self.by = format!("{}; {by}", self.by);
            }
        }
        self.amount += entry.amount;
    }
}

fn row_of(run: &Run<'_>, way: Way, service: MemberId, came: &Came) -> Vec<Value> {
    let name = member_name(run, SERVICE, service);
    let service = Value::text(if name.is_empty() { "(no service yet)" } else { name });
    let amount = Value::Exact(came.amount);
    let ratio = came.ratio.filter(|(_, total)| !came.is_mixed && !total.is_zero());
    let [quantity, total, share] = match ratio {
        Some((quantity, total)) => {
            [Value::Exact(quantity), Value::Exact(total), Value::Share(quantity.atoms() / 1000, total.atoms() / 1000)]
        }
        None => [Value::Blank, Value::Blank, Value::Blank],
    };
    let (rule, why, by) = match way {
        Way::Named => {
            ("(as read)".to_owned(), "The export names the unit, or a classify rule does".to_owned(), String::new())
        }
        Way::Rule(at) => {
            let rule = &run.model.book.allocate[at];
            (rule.id.clone(), rule.words.why.clone(), came.by.clone())
        }
        Way::GivenOn(at) => {
            let rule = &run.model.book.allocate[at];
            (rule.id.clone(), rule.words.why.clone(), "given on to other units".to_owned())
        }
        Way::Left(reason) => {
            ("(unallocated)".to_owned(), format!("Taken out of the charge: {}", reason.words()), String::new())
        }
    };
    vec![service, Value::text(rule), Value::text(why), Value::text(by), quantity, total, share, amount]
}

/// What an entry was shared by, in words. A rule with a driver may have fallen back on something else; the driver
/// is named only when the entry's quantity stands in it.
fn shared_by(run: &Run<'_>, rule: &AllocateRule, entry: &Entry<'_>) -> String {
    let By::Driver(main) = &rule.by else { return by_words(run.model, rule) };
    let measured = |name: &str| {
        let measure =
            run.model.drivers.iter().find(|driver| driver.name == name).map_or("", |driver| driver.measure.as_str());
        counted(name, measure)
    };
    match &rule.if_no_driver {
        IfNoDriver::Refuse | IfNoDriver::Leave => measured(&main.name),
        _ if stands_in_driver(run, &main.name, entry) => measured(&main.name),
        IfNoDriver::Even => format!("even, as {} has no row", spaced(&main.name)),
        IfNoDriver::Driver(other) => format!("{}, as {} has no row", measured(&other.name), spaced(&main.name)),
        IfNoDriver::Member(_) => format!("all, as {} has no row", spaced(&main.name)),
    }
}

fn stands_in_driver(run: &Run<'_>, name: &str, entry: &Entry<'_>) -> bool {
    let Some(driver) = run.model.drivers.iter().find(|driver| driver.name == name) else { return false };
    let sender: Vec<MemberId> = driver.from.iter().map(|dimension| entry.from[*dimension]).collect();
    driver.targets(&sender).iter().any(|target| {
        let is_receiver = driver.to.iter().zip(&target.to).all(|(dimension, member)| match *member {
            BLANK => true,
            CLEAR => entry.to[*dimension].is_blank(),
            member => entry.to[*dimension] == member,
        });
        is_receiver && target.quantity == entry.quantity
    })
}
