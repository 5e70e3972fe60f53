//! Sentences: what a controller would write in a mail.

use super::graph::{Graph, Origin, PlaceId};
use super::hops::Hop;
use super::parts::{Part, PartOf};
use crate::money::{Amount, Weight};
use crate::reports::Value;

/// Decimals of a quantity that are shown; the data files have all of them.
const QUANTITY_DECIMALS: usize = 2;

/// Dimensions that say when and by what file money came, not where it is.
const NOT_PLACES: [&str; 3] = ["for_period", "source", "kind"];

/// A quantity for people: `9,310`, `37,657.22`.
fn quantity(amount: Amount) -> String {
    let text = amount.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut grouped = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let shown: String = fraction.chars().take(QUANTITY_DECIMALS).collect();
    let shown = shown.trim_end_matches('0');
    if shown.is_empty() { grouped } else { format!("{grouped}.{shown}") }
}

fn percent(part: Amount, whole: Amount) -> String {
    // Shares are of atoms; a thousandth of them is fine enough and cannot overflow.
    let share = Value::Share(part.atoms() / 10_000, whole.atoms() / 10_000);
    share.permille().map(|permille| format!("{}.{} %", permille / 10, permille.abs() % 10)).unwrap_or_default()
}

/// Money for people, in minor units.
pub(super) fn money(graph: &Graph, amount: Amount) -> String {
    graph.currency.grouped(graph.currency.round(amount))
}

/// Where places are, in the members that all of them have: the service if they have one, else all they share.
fn places(graph: &Graph, places: &[PlaceId]) -> String {
    let Some((first, rest)) = places.split_first() else { return String::new() };
    let common: Vec<(&str, &str)> = graph
        .members_of(*first)
        .filter(|(dimension, _)| !NOT_PLACES.contains(dimension))
        .filter(|(dimension, member)| rest.iter().all(|place| graph.member_in(*place, dimension) == *member))
        .collect();
    let named = |wanted: &[&str]| -> Vec<&str> {
        common.iter().filter(|(dimension, _)| wanted.contains(dimension)).map(|(_, member)| *member).collect()
    };
    let service = named(&["service", "business_unit"]);
    let names = if common.iter().any(|(dimension, _)| *dimension == "service") {
        service
    } else {
        common.iter().map(|(_, member)| *member).collect()
    };
    match (names.is_empty(), places.len()) {
        (true, 1) => "money without any member".to_owned(),
        (true, count) => format!("{count} places"),
        (false, _) => names.join(" · "),
    }
}

/// What share of what a hop is: `ticket: 1,204 of 9,310 (12.9 %) of the 6,280.65 of Service Desk`.
#[must_use]
pub fn hop_in_words(graph: &Graph, hop: &Hop) -> String {
    let rule = &graph.rules[hop.rule];
    let from = places(graph, &hop.from);
    let handed_out = format!("the {} of {from}", money(graph, hop.handed_out));
    let with_others =
        if hop.is_loop { ", settled together with the services that it works for and that work for it" } else { "" };
    let moved = money(graph, hop.moved);
    let words = if hop.total.is_zero() || hop.quantity.is_zero() {
        format!("{moved} that the bills left of {handed_out}")
    } else if !is_share(hop) {
        let of = if rule.measure.is_empty() { String::new() } else { format!(" ({})", rule.measure) };
        format!(
            "a bill of {moved} for {}{of}, {} of {handed_out}",
            quantity(hop.quantity),
            percent(hop.moved, hop.handed_out)
        )
    } else if hop.quantity == hop.total {
        format!("all of {handed_out}")
    } else {
        let (part, whole) = (quantity(hop.quantity), quantity(hop.total));
        let measure = if rule.measure.is_empty() { &rule.by } else { &rule.measure };
        format!("{measure}: {part} of {whole} ({}) of {handed_out}", percent(hop.quantity, hop.total))
    };
    format!("{words}{with_others}")
}

/// Whether what was moved is the quantity's share of what was handed out, to a millionth of it.
fn is_share(hop: &Hop) -> bool {
    let share = |part: Amount, whole: Amount| Weight::of(part, whole).unwrap_or_default();
    share(hop.moved, hop.handed_out).is_near(&share(hop.quantity, hop.total))
}

/// An opening balance: `cloud, 2026-10/aws.csv, 31 lines: Cloud Services · Compute`.
#[must_use]
pub fn origin_in_words(graph: &Graph, origin: &Origin) -> String {
    let lines = if origin.lines == 1 { "1 line".to_owned() } else { format!("{} lines", origin.lines) };
    let members = graph.members_of(origin.place);
    let members: Vec<&str> =
        members.filter(|(dimension, _)| !NOT_PLACES.contains(dimension)).map(|(_, member)| member).collect();
    let source = graph.member_in(origin.place, "source");
    format!("{source}, {}, {lines}: {}", origin.file, members.join(" · "))
}

/// The place at which a part began.
#[must_use]
pub fn began_at(graph: &Graph, part: &Part) -> PlaceId {
    match part.of {
        PartOf::Origin(origin) => graph.origins[origin].place,
        PartOf::Bill(posting) => graph.postings[posting].from,
    }
}

/// Where a part began, in words.
#[must_use]
pub fn part_in_words(graph: &Graph, part: &Part) -> String {
    match part.of {
        PartOf::Origin(origin) => origin_in_words(graph, &graph.origins[origin]),
        PartOf::Bill(posting) => bill_in_words(graph, posting),
    }
}

fn bill_in_words(graph: &Graph, posting: usize) -> String {
    let posting = &graph.postings[posting];
    let from = places(graph, &[posting.from]);
    format!("bill by rule `{}` with no cost behind it: {from}", graph.rules[posting.rule].id)
}

/// The main path of a charge line in sentences, the last hop first.
#[must_use]
pub fn path_in_words(graph: &Graph, hops: &[Hop], end: Option<&Part>) -> Vec<String> {
    let mut sentences: Vec<String> = hops
        .iter()
        .map(|hop| {
            let rule = &graph.rules[hop.rule];
            let why = if rule.why.is_empty() { String::new() } else { format!(" ({})", rule.why) };
            let amount = money(graph, hop.amount);
            format!("{amount} came by rule `{}`{why}: {}", rule.id, hop_in_words(graph, hop))
        })
        .collect();
    if let Some(part) = end {
        sentences.push(format!("{} entered from {}", money(graph, part.amount), part_in_words(graph, part)));
    }
    sentences
}
