//! Reports of cost: views of the charge lines, and of the ledger where a service's way to them is asked.

use std::collections::{BTreeMap, BTreeSet};

use super::{Column, Run, Shown, Table, Value, name_or_none};
use crate::dimension::{BLANK, MemberId};
use crate::money::{Amount, ONE};
use crate::rounding::{ChargeLine, Kind};
use crate::rulebook::{BUSINESS_UNIT, DimensionId, FOR_PERIOD, POOL, SERVICE, SPEND};

pub(super) fn money(name: &str, label: &str) -> Column {
    Column::new(name, label, Shown::Money)
}

pub(super) fn dimension_column(run: &Run<'_>, dimension: DimensionId) -> Column {
    let dimension = &run.model.dimensions[dimension];
    Column::new(&dimension.name, &dimension.label, Shown::Text)
}

pub(super) fn member_name<'r>(run: &Run<'r>, dimension: DimensionId, member: MemberId) -> &'r str {
    run.model.dimensions[dimension].member_name(member)
}

/// The members of a line by name, in the order of the columns of `charges.by`.
fn members_of<'r>(run: &'r Run<'_>, line: &'r ChargeLine) -> impl Iterator<Item = Value> + 'r {
    let members = run.charges.by.iter().zip(&line.members);
    members.map(|(dimension, member)| Value::text(member_name(run, *dimension, *member)))
}

/// All charge lines. `posted` says for each whether it is in the journal.
#[must_use]
pub fn charges(run: &Run<'_>, is_posted: impl Fn(&ChargeLine) -> bool) -> Table {
    let text = |name: &str, label: &str| Column::new(name, label, Shown::Text);
    let mut columns =
        vec![text("id", "Line"), text("period", "Period"), text("for_period", "For period"), text("kind", "Kind")];
    columns.extend(run.charges.by.iter().map(|dimension| dimension_column(run, *dimension)));
    columns.extend([
        money("amount", "Amount"),
        text("currency", "Currency"),
        Column::new("amount_exact", "Exact amount", Shown::Exact),
        text("reason", "Reason"),
        text("posted", "Posted"),
    ]);
    let reporting = run.charges.reporting.as_ref();
    if reporting.is_some() {
        columns
            .extend([money("reporting_amount", "Reporting amount"), text("reporting_currency", "Reporting currency")]);
    }
    let rows = run.charges.lines.iter().enumerate().map(|(at, line)| {
        let mut row = vec![
            Value::text(run.charges.id(run.model, line)),
            Value::text(&run.model.period.name),
            Value::text(member_name(run, FOR_PERIOD, line.for_period)),
            Value::text(line.kind.word()),
        ];
        row.extend(members_of(run, line));
        row.extend([
            Value::Money(line.minor),
            Value::text(run.model.book.head.currency.code()),
            Value::Exact(line.exact),
            Value::text(line.kind.reason()),
            Value::text(if is_posted(line) { "yes" } else { "no" }),
        ]);
        if let Some(reporting) = reporting {
            row.push(Value::MoneyIn(reporting.minor[at], reporting.currency.clone()));
            row.push(Value::text(reporting.currency.code()));
        }
        row
    });
    Table {
        name: "charges",
        title: "Charge lines".to_owned(),
        note: "The result of the run, rounded once. Every other table adds these lines up.".to_owned(),
        columns,
        rows: rows.collect(),
        total: None,
    }
}

/// Sums of lines by the members of two dimensions.
struct Cross {
    sums: BTreeMap<(MemberId, MemberId), i128>,
    rows: BTreeSet<MemberId>,
    columns: BTreeSet<MemberId>,
}

impl Cross {
    fn of<'l>(
        run: &Run<'_>,
        lines: impl Iterator<Item = &'l ChargeLine>,
        row: DimensionId,
        column: DimensionId,
    ) -> Cross {
        let mut cross = Cross { sums: BTreeMap::new(), rows: BTreeSet::new(), columns: BTreeSet::new() };
        for line in lines {
            let key = (run.charges.member(line, row), run.charges.member(line, column));
            *cross.sums.entry(key).or_default() += line.minor;
            cross.rows.insert(key.0);
            cross.columns.insert(key.1);
        }
        cross
    }

    fn at(&self, row: MemberId, column: MemberId) -> i128 {
        self.sums.get(&(row, column)).copied().unwrap_or_default()
    }

    fn row_total(&self, row: MemberId) -> i128 {
        self.columns.iter().map(|column| self.at(row, *column)).sum()
    }

    fn column_total(&self, column: MemberId) -> i128 {
        self.rows.iter().map(|row| self.at(*row, column)).sum()
    }

    fn total(&self) -> i128 {
        self.sums.values().sum()
    }
}

/// Services down, business units across, with what is unallocated in a row of its own.
#[must_use]
pub fn units_by_service(run: &Run<'_>) -> Table {
    let cross = Cross::of(run, run.charges.allocated(), SERVICE, BUSINESS_UNIT);
    let mut columns = vec![dimension_column(run, SERVICE)];
    columns.extend(cross.columns.iter().map(|unit| {
        let name = name_or_none(&run.model.dimensions[BUSINESS_UNIT], *unit);
        Column::new(&name, &name, Shown::Money)
    }));
    columns.push(money("total", "Total"));
    let mut services: Vec<MemberId> = cross.rows.iter().copied().collect();
    services.sort_by_key(|service| (std::cmp::Reverse(cross.row_total(*service)), *service));
    let rows = services.into_iter().map(|service| {
        let mut row = vec![Value::text(name_or_none(&run.model.dimensions[SERVICE], service))];
        row.extend(cross.columns.iter().map(|unit| Value::Money(cross.at(service, *unit))));
        row.push(Value::Money(cross.row_total(service)));
        row
    });
    let mut total = vec![Value::text("Total charged")];
    total.extend(cross.columns.iter().map(|unit| Value::Money(cross.column_total(*unit))));
    total.push(Value::Money(cross.total()));
    Table {
        name: "units-by-service",
        title: "Business units and services".to_owned(),
        note: "What each business unit pays for each service. Largest service first.".to_owned(),
        columns,
        rows: rows.collect(),
        total: Some(total),
    }
}

/// Pools down, business units across: the table that was rounded as a whole.
#[must_use]
pub fn pools(run: &Run<'_>) -> Table {
    let mut charged: BTreeMap<MemberId, (i128, i128)> = BTreeMap::new();
    for line in &run.charges.lines {
        let sums = charged.entry(run.charges.member(line, POOL)).or_default();
        match line.kind {
            Kind::Unallocated(_) => sums.1 += line.minor,
            _ => sums.0 += line.minor,
        }
    }
    let rows = charged.iter().map(|(pool, (cost, unallocated))| {
        let name = member_name(run, POOL, *pool);
        let name = if name.is_empty() { "(no pool)" } else { name };
        vec![Value::text(name), Value::Money(*cost), Value::Money(*unallocated), Value::Money(cost + unallocated)]
    });
    let sum = |pick: fn(&(i128, i128)) -> i128| Value::Money(charged.values().map(pick).sum());
    Table {
        name: "pools",
        title: "Pools".to_owned(),
        note: "What the money was, by pool, and how much of it was charged.".to_owned(),
        columns: vec![
            dimension_column(run, POOL),
            money("charged", "Charged"),
            money("unallocated", "Unallocated"),
            money("total", "Total"),
        ],
        rows: rows.collect(),
        total: Some(vec![Value::text("Total"), sum(|s| s.0), sum(|s| s.1), sum(|s| s.0 + s.1)]),
    }
}

/// Run, grow and transform by business unit and service.
#[must_use]
pub fn spend(run: &Run<'_>) -> Table {
    let mut sums: BTreeMap<(MemberId, MemberId), BTreeMap<MemberId, i128>> = BTreeMap::new();
    for line in run.charges.allocated() {
        let key = (run.charges.member(line, BUSINESS_UNIT), run.charges.member(line, SERVICE));
        *sums.entry(key).or_default().entry(run.charges.member(line, SPEND)).or_default() += line.minor;
    }
    let kinds = spend_members(run);
    let mut columns = vec![dimension_column(run, BUSINESS_UNIT), dimension_column(run, SERVICE)];
    columns.extend(kinds.iter().map(|(_, name)| Column::new(name, humanise(name), Shown::Money)));
    columns.push(money("total", "Total"));
    let rows = sums.iter().map(|((unit, service), by_spend)| {
        let mut row = vec![
            Value::text(name_or_none(&run.model.dimensions[BUSINESS_UNIT], *unit)),
            Value::text(name_or_none(&run.model.dimensions[SERVICE], *service)),
        ];
        row.extend(kinds.iter().map(|(kind, _)| Value::Money(by_spend.get(kind).copied().unwrap_or_default())));
        row.push(Value::Money(by_spend.values().sum()));
        row
    });
    let mut total = vec![Value::text("Total"), Value::Blank];
    total.extend(kinds.iter().map(|(kind, _)| Value::Money(sums.values().filter_map(|s| s.get(kind)).sum())));
    total.push(Value::Money(sums.values().flat_map(BTreeMap::values).sum()));
    Table {
        name: "spend",
        title: "Run, grow and transform".to_owned(),
        note: "How much of the charge keeps the business running, grows it, or transforms it.".to_owned(),
        columns,
        rows: rows.collect(),
        total: Some(total),
    }
}

/// The members of spend in their order, and `not set` when a line has none.
pub(super) fn spend_members(run: &Run<'_>) -> Vec<(MemberId, String)> {
    let dimension = &run.model.dimensions[SPEND];
    let mut kinds: Vec<(MemberId, String)> =
        dimension.ids().map(|id| (id, dimension.member_name(id).to_owned())).collect();
    if run.charges.allocated().any(|line| run.charges.member(line, SPEND).is_blank()) {
        kinds.push((BLANK, "not set".to_owned()));
    }
    kinds
}

pub(super) fn humanise(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// What is not allocated, by reason and members, with the rule that nearly took it.
#[must_use]
pub fn unallocated(run: &Run<'_>) -> Table {
    let mut nearly: BTreeMap<(Kind, MemberId, Vec<MemberId>), Option<usize>> = BTreeMap::new();
    for left in &run.ledger.left {
        let members: Vec<MemberId> = run.charges.by.iter().map(|dimension| left.key[*dimension]).collect();
        nearly.entry((Kind::Unallocated(left.reason), left.key[FOR_PERIOD], members)).or_insert(left.rule);
    }
    let mut columns =
        vec![Column::new("reason", "Reason", Shown::Text), Column::new("for_period", "For period", Shown::Text)];
    columns.extend(run.charges.by.iter().map(|dimension| dimension_column(run, *dimension)));
    columns.push(money("amount", "Amount"));
    columns.push(Column::new("rule", "Rule that nearly took it", Shown::Text));
    let rows = run.charges.unallocated().map(|line| {
        let mut row = vec![Value::text(line.kind.reason()), Value::text(member_name(run, FOR_PERIOD, line.for_period))];
        row.extend(members_of(run, line));
        row.push(Value::Money(line.minor));
        let rule = nearly.get(&(line.kind, line.for_period, line.members.clone()));
        let rule = rule.copied().flatten().and_then(|at| run.model.book.allocate.get(at));
        row.push(Value::text(rule.map_or("", |rule| rule.id.as_str())));
        row
    });
    let mut total = vec![Value::text("Total")];
    total.extend(std::iter::repeat_n(Value::Blank, run.charges.by.len() + 1));
    total.push(Value::Money(run.charges.unallocated().map(|line| line.minor).sum()));
    total.push(Value::Blank);
    Table {
        name: "unallocated",
        title: "Unallocated".to_owned(),
        note: "Money that no rule could take to its end, with the one reason why. It is part of the total.".to_owned(),
        columns,
        rows: rows.collect(),
        total: Some(total),
    }
}

/// What services cost on the way: own, received, handed out, gross, left.
#[must_use]
pub fn service_costs(run: &Run<'_>) -> Table {
    #[derive(Default)]
    struct Way {
        own: Amount,
        received: BTreeMap<MemberId, Amount>,
        handed_out: Amount,
    }
    let mut ways: BTreeMap<MemberId, Way> = BTreeMap::new();
    for (key, amount) in &run.ledger.opening {
        ways.entry(key[SERVICE]).or_default().own += *amount;
    }
    for entry in run.ledger.entries() {
        let (from, to) = (entry.from[SERVICE], entry.to[SERVICE]);
        if from == to {
            continue;
        }
        ways.entry(from).or_default().handed_out += entry.amount;
        let way = ways.entry(to).or_default();
        // Money without a service was waiting for one: it becomes the service's own cost.
        if from.is_blank() { way.own += entry.amount } else { *way.received.entry(from).or_default() += entry.amount }
    }
    let mut rows = Vec::new();
    for (service, way) in ways.iter().filter(|(service, _)| !service.is_blank()) {
        let name = member_name(run, SERVICE, *service);
        let mut push = |what: &str, other: &str, amount: Amount| {
            rows.push(vec![Value::text(name), Value::text(what), Value::text(other), Value::Exact(amount)]);
        };
        let received: Amount = way.received.values().sum();
        push("own", "", way.own);
        for (from, amount) in &way.received {
            push("received", member_name(run, SERVICE, *from), *amount);
        }
        push("gross", "", way.own + received);
        push("handed out", "", way.handed_out);
        push("left", "", way.own + received - way.handed_out);
    }
    Table {
        name: "service-costs",
        title: "Service costs".to_owned(),
        note: "The step-down sheet, exact. Gross counts what is handed on more than once, so it is not a total."
            .to_owned(),
        columns: vec![
            dimension_column(run, SERVICE),
            Column::new("what", "What", Shown::Text),
            Column::new("from", "From", Shown::Text),
            Column::new("amount", "Amount", Shown::Exact),
        ],
        rows,
        total: None,
    }
}

/// Cost of a service for each measure of its driver.
#[must_use]
pub fn unit_costs(run: &Run<'_>) -> Table {
    let model = run.model;
    let rows = model.book.unit_costs.iter().filter_map(|decl| {
        let service = model.dimensions[SERVICE].find(&decl.service.name)?;
        let driver = model.drivers.iter().find(|driver| driver.name == decl.per.name)?;
        let cost: i128 = run
            .charges
            .allocated()
            .filter(|line| run.charges.member(line, SERVICE) == service)
            .map(|line| line.minor)
            .sum();
        // A driver that is keyed by service counts only this one's rows.
        let of_service = driver.from.iter().position(|dimension| *dimension == SERVICE);
        let quantity: Amount = driver
            .all()
            .iter()
            .filter(|(sender, _)| of_service.is_none_or(|at| sender[at] == service))
            .flat_map(|(_, targets)| targets.iter())
            .map(|target| target.quantity)
            .sum();
        let cost_exact = model.book.head.currency.amount(cost);
        let each =
            crate::money::Fraction::new(ONE, quantity.atoms()).and_then(|per| crate::money::apply(cost_exact, per));
        let each = each.map_or(Value::Blank, |each| Value::Money(model.book.head.currency.round(each)));
        Some(vec![
            Value::text(member_name(run, SERVICE, service)),
            Value::text(&decl.measure),
            Value::Exact(quantity),
            Value::Money(cost),
            each,
        ])
    });
    Table {
        name: "unit-costs",
        title: "Unit costs".to_owned(),
        note: "What one measure of a service costs: the charge divided by the quantity, rounded to minor units."
            .to_owned(),
        columns: vec![
            dimension_column(run, SERVICE),
            Column::new("measure", "Measure", Shown::Text),
            Column::new("quantity", "Quantity", Shown::Exact),
            money("cost", "Cost"),
            money("cost_per_measure", "Cost per measure"),
        ],
        rows: rows.collect(),
        total: None,
    }
}

/// A name with its money.
pub type NamedMoney = (String, i128);

/// The figures of the first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Money in, exactly.
    pub money_in: Amount,
    /// Sum of allocated lines.
    pub charged: i128,
    /// Sum of the others.
    pub unallocated: i128,
    /// Sum of the sizes of the others, which the tolerance is about.
    pub unallocated_size: i128,
    /// Exact total minus rounded total.
    pub rounding: Amount,
    /// Run, grow, transform.
    pub spend: Vec<NamedMoney>,
    /// Business units, largest first.
    pub units: Vec<NamedMoney>,
    /// Services, largest first.
    pub services: Vec<NamedMoney>,
    /// Unallocated money by reason, largest first.
    pub reasons: Vec<NamedMoney>,
    /// Money in by source, in the order of the model.
    pub sources: Vec<(String, Amount)>,
}

/// The figures of the first page.
#[must_use]
pub fn summary(run: &Run<'_>) -> Summary {
    let by = |dimension: DimensionId| {
        let mut sums: BTreeMap<MemberId, i128> = BTreeMap::new();
        for line in run.charges.allocated() {
            *sums.entry(run.charges.member(line, dimension)).or_default() += line.minor;
        }
        sums
    };
    let largest_first = |sums: BTreeMap<String, i128>| {
        let mut list: Vec<NamedMoney> = sums.into_iter().collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    };
    let named = |dimension: DimensionId| {
        by(dimension)
            .into_iter()
            .map(|(member, sum)| (name_or_none(&run.model.dimensions[dimension], member), sum))
            .collect()
    };
    let mut reasons: BTreeMap<String, i128> = BTreeMap::new();
    for line in run.charges.unallocated() {
        *reasons.entry(line.kind.reason().to_owned()).or_default() += line.minor;
    }
    let spend = by(SPEND);
    Summary {
        money_in: run.opening.total(),
        charged: run.charges.allocated().map(|line| line.minor).sum(),
        unallocated: run.charges.unallocated().map(|line| line.minor).sum(),
        unallocated_size: run.charges.unallocated().map(|line| line.minor.abs()).sum(),
        rounding: run.charges.rounding,
        spend: spend_members(run)
            .into_iter()
            .map(|(id, name)| (name, spend.get(&id).copied().unwrap_or_default()))
            .collect(),
        units: largest_first(named(BUSINESS_UNIT)),
        services: largest_first(named(SERVICE)),
        reasons: largest_first(reasons),
        sources: run
            .model
            .book
            .sources
            .iter()
            .enumerate()
            .map(|(at, source)| (source.name.clone(), run.opening.of_source(at)))
            .collect(),
    }
}

/// What one business unit pays: services down, spend across.
#[must_use]
pub fn statement(run: &Run<'_>, unit: MemberId) -> Table {
    let lines = || run.charges.allocated().filter(move |line| run.charges.member(line, BUSINESS_UNIT) == unit);
    let cross = Cross::of(run, lines(), SERVICE, SPEND);
    let kinds = spend_members(run);
    let whole = cross.total();
    let mut columns = vec![dimension_column(run, SERVICE)];
    columns.extend(kinds.iter().map(|(_, name)| Column::new(name, humanise(name), Shown::Money)));
    columns.push(money("total", "Total"));
    columns.push(Column::new("share", "Share", Shown::Share));
    let mut services: Vec<MemberId> = cross.rows.iter().copied().collect();
    services.sort_by_key(|service| (std::cmp::Reverse(cross.row_total(*service)), *service));
    let row_of = |name: String, at: &dyn Fn(MemberId) -> i128, total: i128| {
        let mut row = vec![Value::text(name)];
        row.extend(kinds.iter().map(|(kind, _)| Value::Money(at(*kind))));
        row.push(Value::Money(total));
        row.push(Value::Share(total, whole));
        row
    };
    let rows = services.into_iter().map(|service| {
        let name = name_or_none(&run.model.dimensions[SERVICE], service);
        row_of(name, &|kind| cross.at(service, kind), cross.row_total(service))
    });
    Table {
        name: "statement",
        title: member_name(run, BUSINESS_UNIT, unit).to_owned(),
        note: "What this business unit pays for, largest first.".to_owned(),
        columns,
        rows: rows.collect(),
        total: Some(row_of("Total".to_owned(), &|kind| cross.column_total(kind), whole)),
    }
}
