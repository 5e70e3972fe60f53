//! Reports for one business unit: what its money was, what it is for, and how it came to the unit.

use std::collections::BTreeMap;

use super::books::by_words;
use super::cost::{dimension_column, humanise, member_name, money, spend_members};
use super::{Column, Run, Shown, Table, Value, name_or_none};
use crate::dimension::{BLANK, Dimension, MemberId};
use crate::driver::CLEAR;
use crate::ledger::Entry;
use crate::money::Amount;
use crate::rounding::ChargeLine;
use crate::rulebook::{AllocateRule, BUSINESS_UNIT, By, DimensionId, IfNoDriver, POOL, SERVICE, SPEND};

/// Names that people give to the column of a member list that says whom to ask.
const CONTACT_ATTRIBUTES: [&str; 6] = ["owner", "contact", "head", "manager", "responsible", "business owner"];

/// Whom to ask about a member: the name of the attribute and its value, when the member list has one.
#[must_use]
pub fn contact(dimension: &Dimension, member: MemberId) -> Option<(String, &str)> {
    CONTACT_ATTRIBUTES.iter().find_map(|wanted| {
        let at = dimension.attributes.iter().position(|attribute| attribute.to_lowercase() == *wanted)?;
        let value = dimension.attribute(member, at);
        (!value.is_empty()).then(|| (humanise(&dimension.attributes[at]), value))
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

/// What a business unit pays, by pool, largest first.
#[must_use]
pub fn unit_pools(run: &Run<'_>, unit: MemberId) -> Table {
    let mut sums: Vec<(MemberId, i128)> = sums_of(run, unit, POOL).into_iter().collect();
    sums.sort_by_key(|(pool, sum)| (std::cmp::Reverse(*sum), *pool));
    let named = sums.into_iter().map(|(pool, sum)| (name_or_none(&run.model.dimensions[POOL], pool), sum));
    Table {
        name: "unit-pools",
        title: "Kinds of cost".to_owned(),
        note: "What the money was spent on before it was shared out, largest first.".to_owned(),
        ..shares(dimension_column(run, POOL), named.collect())
    }
}

/// What a business unit pays to run, grow and transform the business.
#[must_use]
pub fn unit_spend(run: &Run<'_>, unit: MemberId) -> Table {
    let sums = sums_of(run, unit, SPEND);
    let named = spend_members(run).into_iter().map(|(id, name)| {
        let sum = sums.get(&id).copied().unwrap_or_default();
        (humanise(&name), sum)
    });
    Table {
        name: "unit-spend",
        title: "Run, grow and transform".to_owned(),
        note: "How much of the charge keeps the business running, grows it, or transforms it.".to_owned(),
        ..shares(dimension_column(run, SPEND), named.collect())
    }
}

fn sums_of(run: &Run<'_>, unit: MemberId, dimension: DimensionId) -> BTreeMap<MemberId, i128> {
    let mut sums: BTreeMap<MemberId, i128> = BTreeMap::new();
    for line in lines_of(run, unit) {
        *sums.entry(run.charges.member(line, dimension)).or_default() += line.minor;
    }
    sums
}

fn lines_of<'r>(run: &Run<'r>, unit: MemberId) -> impl Iterator<Item = &'r ChargeLine> {
    let charges = run.charges;
    charges.allocated().filter(move |line| charges.member(line, BUSINESS_UNIT) == unit)
}

fn shares(first: Column, sums: Vec<(String, i128)>) -> Table {
    let whole: i128 = sums.iter().map(|(_, sum)| sum).sum();
    let row = |name: String, sum: i128| vec![Value::text(name), Value::Money(sum), Value::Share(sum, whole)];
    Table {
        name: "shares",
        title: String::new(),
        note: String::new(),
        columns: vec![first, money("total", "Total"), Column::new("share", "Share", Shown::Share)],
        rows: sums.into_iter().map(|(name, sum)| row(name, sum)).collect(),
        total: Some(row("Total".to_owned(), whole)),
    }
}

/// Run, grow and transform by business unit and service, each unit's own total before its services.
///
/// Gives the table and the numbers of its rows that are totals of a unit.
#[must_use]
pub fn spend_with_subtotals(run: &Run<'_>) -> (Table, Vec<usize>) {
    let mut table = super::spend(run);
    let kinds = spend_members(run);
    let amounts_at = 2..2 + kinds.len() + 1;
    table.columns.extend(
        kinds
            .iter()
            .map(|(_, name)| Column::new(format!("{name}_share"), format!("{} %", humanise(name)), Shown::Share)),
    );
    let with_shares = |mut row: Vec<Value>| -> Vec<Value> {
        let whole = minor_of(&row[amounts_at.end - 1]);
        let parts: Vec<Value> = row[amounts_at.clone()]
            .iter()
            .take(kinds.len())
            .map(minor_of)
            .map(|part| Value::Share(part, whole))
            .collect();
        row.extend(parts);
        row
    };
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut subtotals = Vec::new();
    for of_unit in table.rows.chunk_by(|a, b| a[0] == b[0]) {
        let mut subtotal = vec![of_unit[0][0].clone(), Value::text("All services")];
        subtotal.extend(amounts_at.clone().map(|at| Value::Money(of_unit.iter().map(|row| minor_of(&row[at])).sum())));
        subtotals.push(rows.len());
        rows.push(with_shares(subtotal));
        rows.extend(of_unit.iter().cloned().map(with_shares));
    }
    table.rows = rows;
    table.total = table.total.map(with_shares);
    (table, subtotals)
}

fn minor_of(value: &Value) -> i128 {
    if let Value::Money(minor) = value { *minor } else { 0 }
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

/// How a business unit's money came to it: the last step of each amount on its way to the unit, added up by
/// service and rule. The exact total is that of the unit's charge lines, before rounding.
///
/// The service is the one the money was for when it reached the unit; rules that move money between the services
/// of one unit do not change what the unit pays, so they are left out.
#[must_use]
pub fn how_it_came(run: &Run<'_>, unit: MemberId) -> Table {
    let mut ways: BTreeMap<(Way, MemberId), Came> = BTreeMap::new();
    for (key, amount) in run.ledger.opening.iter().filter(|(key, _)| key[BUSINESS_UNIT] == unit) {
        ways.entry((Way::Named, key[SERVICE])).or_default().amount += *amount;
    }
    for entry in run.ledger.entries() {
        let (from, to) = (entry.from[BUSINESS_UNIT], entry.to[BUSINESS_UNIT]);
        if from == to || from != unit && to != unit {
            continue;
        }
        let is_gain = to == unit;
        let service = if is_gain { entry.to[SERVICE] } else { entry.from[SERVICE] };
        if is_gain {
            ways.entry((Way::Rule(entry.rule), service)).or_default().add(run, &entry);
        } else {
            // Another unit's share says nothing about this one's, so no ratio is given.
            ways.entry((Way::GivenOn(entry.rule), service)).or_default().amount -= entry.amount;
        }
    }
    for left in run.ledger.left.iter().filter(|left| left.key[BUSINESS_UNIT] == unit) {
        ways.entry((Way::Left(left.reason), left.key[SERVICE])).or_default().amount -= left.amount;
    }
    let mut rows: Vec<((Way, MemberId), Came)> = ways.into_iter().filter(|(_, came)| !came.amount.is_zero()).collect();
    rows.sort_by_key(|((way, service), came)| (std::cmp::Reverse(came.amount), *way, *service));
    let total: Amount = rows.iter().map(|(_, came)| came.amount).sum();
    let rows = rows.into_iter().map(|((way, service), came)| row_of(run, way, service, &came)).collect();
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
    let By::Driver(main) = &rule.by else { return by_words(rule) };
    let measured = |name: &str| {
        let measure =
            run.model.drivers.iter().find(|driver| driver.name == name).map_or("", |driver| driver.measure.as_str());
        if measure.is_empty() || measure == name.replace('_', " ") {
            name.to_owned()
        } else {
            format!("{name} ({measure})")
        }
    };
    match &rule.if_no_driver {
        IfNoDriver::Refuse | IfNoDriver::Leave => measured(&main.name),
        _ if stands_in_driver(run, &main.name, entry) => measured(&main.name),
        IfNoDriver::Even => format!("even, as {} has no row", main.name),
        IfNoDriver::Driver(other) => format!("{}, as {} has no row", measured(&other.name), main.name),
        IfNoDriver::Member(_) => format!("all, as {} has no row", main.name),
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
