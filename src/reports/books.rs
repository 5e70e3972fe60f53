//! Reports of the books: opening balances, entries, drivers, rules, reconciliation.

use std::collections::BTreeMap;

use super::exchange::{exchanged_of, rate_text, received_in};
use super::{Column, Run, Shown, Table, Value};
use crate::dimension::{MemberId, NONE_WORD};
use crate::driver::CLEAR;
use crate::exchange::UsedRate;
use crate::ledger::{Reason, Split};
use crate::model::Model;
use crate::money::Amount;
use crate::rounding;
use crate::rulebook::{AllocateRule, By, CostDecl, DimensionId, POOL, PriceOf, RuleWords, SOURCE};
use crate::sources::{ScheduledLine, repairs_in_words};

fn text(name: &str, label: &str) -> Column {
    Column::new(name, label, Shown::Text)
}

fn exact(name: &str, label: &str) -> Column {
    Column::new(name, label, Shown::Exact)
}

fn count(name: &str, label: &str) -> Column {
    Column::new(name, label, Shown::Count)
}

/// Dimensions in which any money ever had a member.
pub(crate) fn used_dimensions(run: &Run<'_>) -> Vec<DimensionId> {
    (0..run.model.dimensions.len())
        .filter(|dimension| {
            let set = |split: &Split| {
                let at = split.dimensions.iter().position(|other| other == dimension);
                at.is_some_and(|at| {
                    split.targets.iter().any(|target| target.to.get(at).is_some_and(|member| !member.is_blank()))
                })
            };
            run.opening.balances.iter().any(|balance| !balance.key[*dimension].is_blank())
                || run.ledger.splits.iter().any(set)
                || run.ledger.postings.iter().any(|posting| !posting.from[*dimension].is_blank())
        })
        .collect()
}

/// Opening balances: where the money entered, from which source and file.
#[must_use]
pub fn opening(run: &Run<'_>) -> Table {
    let dimensions = used_dimensions(run);
    let mut columns: Vec<Column> = dimensions
        .iter()
        .map(|dimension| text(&run.model.dimensions[*dimension].name, &run.model.dimensions[*dimension].label))
        .collect();
    columns.extend([text("file", "File"), count("lines", "Lines"), exact("amount", "Amount")]);
    let is_exchanged = run.model.book.fx.is_some();
    if is_exchanged {
        columns.extend([text("currency", "Came in"), exact("amount_in_currency", "Amount in that currency")]);
    }
    let own = run.model.book.head.currency.code();
    let rows = run.opening.balances.iter().map(|balance| {
        let mut row: Vec<Value> = dimensions
            .iter()
            .map(|dimension| Value::text(run.model.dimensions[*dimension].member_name(balance.key[*dimension])))
            .collect();
        row.extend([Value::text(&balance.file), Value::Count(balance.lines), Value::Exact(balance.amount)]);
        if is_exchanged {
            let origin = balance.origin.as_ref();
            row.push(Value::text(origin.map_or(own, |origin| &origin.currency)));
            row.push(Value::Exact(origin.map_or(balance.amount, |origin| origin.amount)));
        }
        row
    });
    Table {
        name: "opening",
        title: "Opening balances".to_owned(),
        note: "The money as it entered, after classification and before any allocation.".to_owned(),
        columns,
        rows: rows.collect(),
        total: None,
    }
}

/// Closing balances, each with the charge line that it is part of.
#[must_use]
pub fn closing(run: &Run<'_>) -> Table {
    let dimensions = used_dimensions(run);
    let mut columns: Vec<Column> = dimensions
        .iter()
        .map(|dimension| text(&run.model.dimensions[*dimension].name, &run.model.dimensions[*dimension].label))
        .collect();
    columns.extend([text("reason", "Reason"), text("line", "Line"), exact("amount", "Amount")]);
    let rows = rounding::ends(run.model, run.ledger).map(|end| {
        let mut row: Vec<Value> = dimensions
            .iter()
            .map(|dimension| Value::text(run.model.dimensions[*dimension].member_name(end.key[*dimension])))
            .collect();
        let line = run.charges.line_of(&end).map_or_else(String::new, |line| run.charges.id(line));
        row.extend([Value::text(end.kind.reason()), Value::text(line), Value::Exact(end.amount)]);
        row
    });
    Table {
        name: "closing",
        title: "Closing balances".to_owned(),
        note: "The money at the end, before rounding. Opening balances + entries = closing balances.".to_owned(),
        columns,
        rows: rows.collect(),
        total: None,
    }
}

/// The steps in which the rules ran, a row for each rule of a step: what `entries` needs to be followed.
#[must_use]
pub fn steps(run: &Run<'_>) -> Table {
    let model = run.model;
    let mut pairs: Vec<(usize, usize)> =
        run.ledger.postings.iter().map(|posting| (posting.step, posting.rule)).collect();
    pairs.dedup();
    pairs.sort_unstable();
    pairs.dedup();
    let names = |dimensions: &[DimensionId]| -> Value {
        let names: Vec<&str> = dimensions.iter().map(|dimension| model.dimension_name(*dimension)).collect();
        Value::text(names.join(" "))
    };
    let end = std::iter::once_with(|| {
        let mut row = vec![Value::Blank; 8];
        (row[0], row[2]) = (Value::Count(run.ledger.steps.len() as u64 + 1), Value::text("end"));
        row[7] = names(&run.ledger.kept);
        row
    });
    let rows = pairs.into_iter().map(|(at, rule)| {
        let (step, rule) = (&run.ledger.steps[at], &model.book.allocate[rule]);
        vec![
            Value::Count(at as u64 + 1),
            Value::text(&rule.id),
            Value::text(if step.is_loop { "loop" } else { "" }),
            Value::text(by_words(run.model, rule)),
            Value::text(counts_of(model, rule)),
            Value::text(&rule.words.why),
            Value::text(rule.spot.describe()),
            names(&step.present),
        ]
    });
    Table {
        name: "steps",
        title: "Steps".to_owned(),
        note: "The steps in which the rules ran. A step takes what was there when it began; in a loop its senders \
               also hand on what they receive in it. Before it, balances are added up over all dimensions but those named. \
               The last row is the end."
            .to_owned(),
        columns: vec![
            count("step", "Step"),
            text("rule", "Rule"),
            text("settled", "Settled"),
            text("by", "By"),
            text("measure", "Measure"),
            text("why", "Why"),
            text("place", "Place"),
            text("dimensions", "Dimensions"),
        ],
        rows: rows.chain(end).collect(),
        total: None,
    }
}

/// What the quantities of a rule count, where one driver says so.
pub(crate) fn counts_of<'m>(model: &'m Model, rule: &AllocateRule) -> &'m str {
    let (By::Driver(name) | By::Price { quantity: name, .. }) = &rule.by else { return "" };
    model.drivers.iter().find(|driver| driver.name == name.name).map_or("", |driver| driver.measure.as_str())
}

/// All entries, a row at a time: step, rule, from, to, quantity, total, amount.
pub fn entries<'r>(run: &Run<'r>) -> (Vec<Column>, impl Iterator<Item = Vec<Value>> + use<'r>) {
    let dimensions = used_dimensions(run);
    let mut columns = vec![count("step", "Step"), text("rule", "Rule")];
    for side in ["from", "to"] {
        columns.extend(dimensions.iter().map(|dimension| {
            let dimension = &run.model.dimensions[*dimension];
            text(&format!("{side}_{}", dimension.name), &format!("{} ({side})", dimension.label))
        }));
    }
    columns.extend([exact("quantity", "Quantity"), exact("total", "Total"), exact("amount", "Amount")]);
    let run = *run;
    let rows = run.ledger.entries().map(move |entry| {
        let name = |dimension: &DimensionId, member: MemberId| {
            Value::text(run.model.dimensions[*dimension].member_name(member))
        };
        let rule = Value::text(&run.model.book.allocate[entry.rule].id);
        let mut row = vec![Value::Count(entry.step as u64 + 1), rule];
        row.extend(dimensions.iter().map(|dimension| name(dimension, entry.from[*dimension])));
        row.extend(dimensions.iter().map(|dimension| name(dimension, entry.to[*dimension])));
        row.extend([Value::Exact(entry.quantity), Value::Exact(entry.total), Value::Exact(entry.amount)]);
        row
    });
    (columns, rows)
}

/// Drivers as read, with each receiver's share of its sender.
#[must_use]
pub fn drivers(run: &Run<'_>) -> Table {
    let mut rows = Vec::new();
    for driver in &run.model.drivers {
        let names = |dimensions: &[DimensionId], members: &[MemberId]| -> String {
            let named =
                dimensions.iter().zip(members).filter(|(_, member)| !member.is_blank()).map(|(dimension, member)| {
                    match *member {
                        CLEAR => NONE_WORD,
                        member => run.model.dimensions[*dimension].member_name(member),
                    }
                });
            named.collect::<Vec<_>>().join(" · ")
        };
        for (sender, targets) in driver.all() {
            // Negative quantities are dropped by the rules that use them.
            let total: Amount = targets.iter().map(|target| target.quantity.max(Amount::ZERO)).sum();
            for target in targets {
                rows.push(vec![
                    Value::text(&driver.name),
                    Value::text(names(&driver.from, sender)),
                    Value::text(names(&driver.to, &target.to)),
                    Value::Exact(target.quantity),
                    Value::Share(target.quantity.max(Amount::ZERO).atoms() / 1000, total.atoms() / 1000),
                    Value::text(&driver.measure),
                    Value::text(&driver.file),
                    Value::Count(target.row),
                ]);
            }
        }
    }
    Table {
        name: "drivers",
        title: "Drivers".to_owned(),
        note: "The quantities that costs were split by. Shares are within a sender.".to_owned(),
        columns: vec![
            text("driver", "Driver"),
            text("from", "From"),
            text("to", "To"),
            exact("quantity", "Quantity"),
            Column::new("share", "Share", Shown::Share),
            text("measure", "Measure"),
            text("file", "File"),
            count("row", "Row"),
        ],
        rows,
        total: None,
    }
}

/// What every rule did, by pool; rules that took nothing included.
#[must_use]
pub fn rules(run: &Run<'_>) -> Table {
    let model = run.model;
    let words = |words: &RuleWords, valid: &crate::period::Validity, spot: &crate::finding::Spot| {
        [
            Value::text(&words.why),
            Value::text(valid.to_string()),
            Value::text(&words.owner),
            Value::text(&words.approved),
            Value::text(spot.describe()),
        ]
    };
    let mut rows = Vec::new();
    for (rule, tally) in model.book.classify.iter().zip(&run.opening.rules) {
        let mut row = vec![
            Value::text("classify"),
            Value::text(&rule.id),
            Value::Blank,
            Value::Exact(tally.sum),
            Value::Blank,
            Value::Blank,
            Value::Blank,
            Value::Count(tally.lines),
            Value::Blank,
            Value::text(if rule.lookup.is_some() { "lookup" } else { "set" }),
            Value::Blank,
        ];
        row.extend(words(&rule.words, &rule.valid, &rule.spot));
        rows.push(row);
    }
    for (at, rule) in model.book.allocate.iter().enumerate() {
        let used: Vec<_> = run.ledger.postings.iter().filter(|posting| posting.rule == at).collect();
        let mut splits: Vec<usize> = used.iter().map(|posting| posting.split).collect();
        splits.sort_unstable();
        splits.dedup();
        let targets: usize = splits.iter().map(|split| run.ledger.splits[*split].targets.len()).sum();
        // One total where there is one sender; several senders have theirs in the entries.
        let driver_total = match splits.as_slice() {
            [one] => Value::Exact(run.ledger.splits[*one].total),
            _ => Value::Blank,
        };
        let by_pool: Vec<_> = run.ledger.tallies.range((at, MemberId(0))..(at + 1, MemberId(0))).collect();
        let mut push = |pool: &str, tally: crate::ledger::RuleTally| {
            let mut row = vec![
                Value::text("allocate"),
                Value::text(&rule.id),
                Value::text(pool),
                Value::Exact(tally.offered),
                Value::Exact(tally.given),
                Value::Exact(tally.offset),
                Value::Exact(tally.offered - tally.given),
                Value::Count(tally.balances),
                Value::Count(targets as u64),
                Value::text(by_words(run.model, rule)),
                driver_total.clone(),
            ];
            row.extend(words(&rule.words, &rule.valid, &rule.spot));
            rows.push(row);
        };
        for ((_, pool), tally) in &by_pool {
            push(model.dimensions[POOL].member_name(*pool), **tally);
        }
        if by_pool.is_empty() {
            push("", crate::ledger::RuleTally::default());
        }
    }
    Table {
        name: "rules",
        title: "Rules".to_owned(),
        note: "What each rule did, in the order in which they run. Taken = given + left.".to_owned(),
        columns: vec![
            text("stage", "Stage"),
            text("rule", "Rule"),
            text("pool", "Pool"),
            exact("taken", "Taken"),
            exact("given", "Given"),
            exact("offset", "Of it offset"),
            exact("left", "Left"),
            count("balances", "Lines or balances"),
            count("targets", "Targets"),
            text("by", "By"),
            exact("driver_total", "Driver total"),
            text("why", "Why"),
            text("valid", "Valid"),
            text("owner", "Owner"),
            text("approved", "Approved"),
            text("place", "Place"),
        ],
        rows,
        total: None,
    }
}

/// How a rule splits, in words.
pub(crate) fn by_words(model: &crate::model::Model, rule: &crate::rulebook::AllocateRule) -> String {
    let by = match &rule.by {
        By::Member(members) => {
            let shown = members.iter().map(|(dimension, name)| model.dimensions[*dimension].shown(&name.name));
            let names: Vec<&str> = shown.collect();
            format!("all to {}", names.join(" · "))
        }
        By::Driver(name) => format!("driver {}", name.name),
        By::Even => "even".to_owned(),
        By::Shares { .. } => "shares".to_owned(),
        By::Amounts(_) => "amounts".to_owned(),
        By::CostSoFar(_) => "cost so far".to_owned(),
        By::Attribute(_, attribute, _) => format!("attribute {attribute}"),
        By::Mix(parts) => {
            let parts: Vec<String> = parts.iter().map(|(name, share)| format!("{share} % {}", name.name)).collect();
            parts.join(" + ")
        }
        By::Price { price, quantity } => match price {
            PriceOf::Flat(price) => format!("{price} × {}", quantity.name),
            PriceOf::List(list) => format!("prices {} × {}", list.name, quantity.name),
        },
    };
    match (&rule.group, &rule.settlement) {
        (Some(group), _) => format!("{by}, group {}", group.name),
        (None, Some(settlement)) => format!("{by}, {}", settlement.method.word()),
        (None, None) => by,
    }
}

/// From the first row of every export to the last charge line: what must be 0 is 0.
#[must_use]
pub fn reconciliation(run: &Run<'_>) -> Table {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut push = |source: &str, stage: &str, lines: Option<u64>, amount: Amount, must_be_zero: bool| {
        rows.push(vec![
            Value::text(source),
            Value::text(stage),
            lines.map_or(Value::Blank, Value::Count),
            Value::Exact(amount),
            Value::text(if must_be_zero { "must be 0" } else { "" }),
        ]);
    };
    let complete =
        |key: &crate::classify::Key| run.model.book.head.complete.iter().all(|dimension| !key[*dimension].is_blank());
    let (mut all_in, mut all_allocated, mut all_left) = (Amount::ZERO, Amount::ZERO, BTreeMap::<Reason, Amount>::new());
    for (at, decl) in run.model.book.sources.iter().enumerate() {
        let totals = &run.read.totals[at];
        let name = &decl.name;
        let is_rated = matches!(decl.cost, CostDecl::Rated { .. });
        let exchanged = exchanged_of(run, at);
        let measure = received_in(decl, &exchanged, totals);
        let parts = [totals.taken, totals.skipped, totals.quarantined, totals.other_periods];
        let read = parts.iter().map(|part| part.sum).sum();
        let read_lines: u64 = parts.iter().map(|part| part.lines).sum();
        push(name, &format!("read{measure}"), Some(read_lines), read, false);
        if !is_rated && totals.currencies.len() > 1 {
            for (currency, tally) in &totals.currencies {
                push(name, &format!("read and not skipped in {currency}"), Some(tally.lines), tally.sum, false);
            }
            // Lines that are handed back because their amount or their currency cannot be read.
            let counted = totals.currencies.values().map(|tally| tally.lines).sum::<u64>() + totals.skipped.lines;
            let of_them: Amount =
                totals.currencies.values().map(|tally| tally.sum).sum::<Amount>() + totals.skipped.sum;
            if read_lines > counted {
                let stage = "read and not skipped, counted in no currency";
                push(name, stage, Some(read_lines - counted), read - of_them, false);
            }
        }
        push(name, &format!("skipped{measure}"), Some(totals.skipped.lines), totals.skipped.sum, false);
        if totals.quarantined.lines > 0 {
            push(name, &format!("quarantined{measure}"), Some(totals.quarantined.lines), totals.quarantined.sum, false);
            let stage = "quarantined, amount not readable";
            push(name, stage, Some(totals.quarantined_unread), Amount::ZERO, false);
        }
        push(
            name,
            &format!("other periods{measure}"),
            Some(totals.other_periods.lines),
            totals.other_periods.sum,
            false,
        );
        push(name, &format!("taken{measure}"), Some(totals.taken.lines), totals.taken.sum, false);
        push(name, &format!("late, booked here{measure}"), Some(totals.late.lines), totals.late.sum, false);
        if decl.schedule.is_some() {
            schedules(run, at, |stage, amount, must_be_zero| push(name, stage, None, amount, must_be_zero));
        }
        push(name, "blank rows", Some(totals.blank_rows), Amount::ZERO, false);
        for (version, tally) in &totals.versions {
            push(name, &format!("taken as {version}{measure}"), Some(tally.lines), tally.sum, false);
        }
        for (what, tally) in &repairs_in_words(&totals.repairs, run.model) {
            push(name, &format!("repair: {what}{measure}"), Some(tally.lines), tally.sum, false);
        }
        for control in run.read.controls.iter().filter(|control| control.source == *name) {
            push(name, &format!("control total of {}", control.what), None, control.declared, false);
            push(
                name,
                &format!("read − control total of {}", control.what),
                None,
                control.read - control.declared,
                true,
            );
        }
        let opening = run.opening.of_source(at);
        let opening_lines =
            run.opening.balances.iter().filter(|balance| balance.source == at).map(|balance| balance.lines).sum();
        push(name, "money in", Some(opening_lines), opening, false);
        if !is_rated {
            let came: Amount = exchanged.values().map(|sums| sums.came).sum();
            let became: Amount = exchanged.values().map(|sums| sums.became).sum();
            for (rate, sums) in &exchanged {
                let UsedRate { currency, kind, .. } = &run.opening.rates[*rate];
                let stage = format!("taken in {currency}, exchanged at the {kind} rate of {}", rate_text(run, *rate));
                push(name, &stage, Some(sums.lines), sums.came, false);
                push(name, &format!("of that, in {}", run.model.book.head.currency.code()), None, sums.became, false);
            }
            let rest = totals.taken.sum - came - (opening - became);
            let stage =
                if exchanged.is_empty() { "taken − money in" } else { "taken − exchanged − money in without it" };
            push(name, stage, None, rest, true);
        }
        let Some(member) = run.model.dimensions[SOURCE].find(name) else { continue };
        let of_source = |key: &crate::classify::Key| key[SOURCE] == member;
        let allocated: Amount = run
            .ledger
            .closing
            .iter()
            .filter(|(key, _)| of_source(key) && complete(key))
            .map(|(_, amount)| *amount)
            .sum();
        push(name, "allocated", None, allocated, false);
        let mut by_reason: BTreeMap<Reason, Amount> = BTreeMap::new();
        for left in run.ledger.left.iter().filter(|left| of_source(&left.key)) {
            *by_reason.entry(left.reason).or_default() += left.amount;
            *all_left.entry(left.reason).or_default() += left.amount;
        }
        for (reason, amount) in &by_reason {
            push(name, &format!("unallocated: {}", reason.words()), None, *amount, false);
        }
        let left: Amount = by_reason.values().sum();
        push(name, "money in − allocated − unallocated", None, opening - allocated - left, true);
        all_in += opening;
        all_allocated += allocated;
    }
    let currency = &run.model.book.head.currency;
    let charged: i128 = run.charges.allocated().map(|line| line.minor).sum();
    let unallocated: i128 = run.charges.unallocated().map(|line| line.minor).sum();
    push("all", "money in", None, all_in, false);
    push("all", "allocated", None, all_allocated, false);
    for (reason, amount) in &all_left {
        push("all", &format!("unallocated: {}", reason.words()), None, *amount, false);
    }
    let left: Amount = all_left.values().sum();
    push("all", "money in − allocated − unallocated", None, all_in - all_allocated - left, true);
    push("all", "charge lines allocated", None, currency.amount(charged), false);
    push("all", "charge lines unallocated", None, currency.amount(unallocated), false);
    push("all", "rounding", None, run.charges.rounding, false);
    let rest = all_in - currency.amount(charged) - currency.amount(unallocated) - run.charges.rounding;
    push("all", "money in − charge lines − rounding", None, rest, true);
    for (what, difference) in &run.charges.differences {
        let stage = if difference.name.is_empty() {
            format!("largest rounding of a {what}")
        } else {
            format!("largest rounding of a {what} ({})", difference.name)
        };
        push("all", &stage, None, difference.amount, false);
    }
    for (decl, totals) in
        run.model.book.sources.iter().zip(&run.read.totals).filter(|(_, totals)| totals.beyond_scale.numbers > 0)
    {
        rows.push(vec![
            Value::text(&decl.name),
            Value::text("digits beyond 18 decimals, rounded half to even"),
            Value::Blank,
            Value::Fine(totals.beyond_scale.sum),
            Value::Blank,
        ]);
    }
    Table {
        name: "reconciliation",
        title: "Reconciliation".to_owned(),
        note: "From the rows of the exports to the charge lines. Lines marked `must be 0` prove that nothing was lost."
            .to_owned(),
        columns: vec![
            text("source", "Source"),
            text("stage", "Stage"),
            count("lines", "Lines"),
            exact("amount", "Amount"),
            text("check", "Check"),
        ],
        rows,
        total: None,
    }
}

/// What a source spreads over time: what earlier periods took, this one takes and later ones will take.
fn schedules(run: &Run<'_>, source: usize, mut push: impl FnMut(&str, Amount, bool)) {
    let sum = |of: fn(&ScheduledLine) -> Amount| -> Amount {
        run.read.schedules.iter().filter(|line| line.source == source).map(of).sum()
    };
    let (value, earlier, now) = (sum(|line| line.value), sum(|line| line.earlier), sum(|line| line.now));
    let (later, residual) = (sum(|line| line.later), sum(|line| line.residual));
    push("schedules: value", value, false);
    push("schedules: taken by earlier periods", earlier, false);
    push("schedules: left at the start", value - earlier, false);
    push("schedules: taken by this period", now, false);
    push("schedules: left at the end", value - earlier - now, false);
    push("schedules: of it taken by later periods", later, false);
    push("schedules: of it residual value", residual, false);
    push("schedules: left at the end − later − residual", value - earlier - now - later - residual, true);
}

/// The lines that were handed back, for whoever sent them.
#[must_use]
pub fn quarantine(run: &Run<'_>) -> Table {
    let rows = run.read.refusals.iter().map(|refusal| {
        vec![
            Value::text(&run.model.book.sources[refusal.source].name),
            Value::text(&refusal.place),
            Value::text(&refusal.reason),
            refusal.money.map_or(Value::Blank, Value::Exact),
            Value::text(&refusal.received),
        ]
    });
    Table {
        name: "quarantine",
        title: "Quarantine".to_owned(),
        note: "Lines that could not be used, as received. None of their money is in this run.".to_owned(),
        columns: vec![
            text("source", "Source"),
            text("place", "Place"),
            text("reason", "Reason"),
            exact("amount", "Amount"),
            text("received", "As received"),
        ],
        rows: rows.collect(),
        total: None,
    }
}
