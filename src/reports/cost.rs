//! Reports of cost: views of the charge lines, and of the ledger where a service's way to them is asked.

use std::collections::BTreeMap;

use super::pivots::{Field, Figure, Pivot, RowIs, cost_each};
use super::{Column, Run, Shown, Table, Value, name_or_none};
use crate::dimension::{BLANK, MemberId};
use crate::money::Amount;
use crate::rounding::{ChargeLine, Kind};
use crate::rulebook::{BUSINESS_UNIT, DimensionId, FOR_PERIOD, SERVICE, SPEND};

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

/// The name of a member for people; a blank one is said to be none.
pub(super) fn name_or_none_of(run: &Run<'_>, dimension: DimensionId, member: MemberId) -> String {
    name_or_none(&run.model.dimensions[dimension], member)
}

/// The members of a line by name, in the order of the columns of `charges.by`.
fn members_of<'r>(run: &'r Run<'_>, line: &'r ChargeLine) -> impl Iterator<Item = Value> + 'r {
    let members = run.charges.by.iter().zip(&line.members);
    members.map(|(dimension, member)| Value::text(member_name(run, *dimension, *member)))
}

/// All charge lines, a row at a time: there may be many. `is_posted` says for each whether it is in the journal.
pub fn charges<'r, P>(run: &Run<'r>, is_posted: P) -> (Vec<Column>, impl Iterator<Item = Vec<Value>> + use<'r, P>)
where
    P: Fn(&ChargeLine) -> bool,
{
    let run = *run;
    let rows = run.charges.lines.iter().enumerate();
    let rows = rows.map(move |(at, line)| charge_row(&run, at, is_posted(line)));
    (charge_columns(&run), rows)
}

/// Columns of the charge lines.
#[must_use]
pub fn charge_columns(run: &Run<'_>) -> Vec<Column> {
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
    if run.charges.reporting.is_some() {
        columns
            .extend([money("reporting_amount", "Reporting amount"), text("reporting_currency", "Reporting currency")]);
    }
    columns
}

/// A charge line, by its place among them, as a row.
#[must_use]
pub fn charge_row(run: &Run<'_>, at: usize, is_posted: bool) -> Vec<Value> {
    let line = &run.charges.lines[at];
    let mut row = vec![
        Value::text(run.charges.id(at)),
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
        Value::text(if is_posted { "yes" } else { "no" }),
    ]);
    if let Some(reporting) = &run.charges.reporting {
        row.push(Value::MoneyIn(reporting.minor[at], reporting.currency.clone()));
        row.push(Value::text(reporting.currency.code()));
    }
    row
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
pub fn unallocated(run: &Run<'_>) -> Pivot {
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
    let mut figures = vec![Figure::Stored; run.charges.by.len() + 2];
    figures.extend([Figure::Lines(vec![(Field::Charged, 0)]), Figure::Stored]);
    let row_is = run.charges.unallocated().map(|line| {
        let fields = Field::all(run).into_iter().filter(|field| !matches!(field, Field::Kind | Field::Charged));
        RowIs::Lines(fields.map(|field| (field, field.key(run, line))).collect())
    });
    Pivot {
        table: Table {
            name: "unallocated",
            title: "Unallocated".to_owned(),
            note: "Money that no rule could take to its end, with the one reason why. It is part of the total."
                .to_owned(),
            columns,
            rows: rows.collect(),
            total: Some(total),
        },
        rows: row_is.collect(),
        columns: figures,
        checked: Some((run.charges.by.len() + 2, vec![(Field::Charged, 0)])),
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

/// Services whose cost per measure is shown, with their declaration and quantity.
pub(super) fn service_quantities<'r>(
    run: &Run<'r>,
) -> impl Iterator<Item = (MemberId, &'r crate::rulebook::UnitCostDecl, Amount)> {
    let model = run.model;
    model.book.unit_costs.iter().filter_map(move |decl| {
        let service = model.dimensions[SERVICE].find(&decl.service.name)?;
        let driver = model.drivers.iter().find(|driver| driver.name == decl.per.name)?;
        // A driver that is keyed by service counts only this one's rows.
        let of_service = driver.from.iter().position(|dimension| *dimension == SERVICE);
        let quantity: Amount = driver
            .all()
            .iter()
            .filter(|(sender, _)| of_service.is_none_or(|at| sender[at] == service))
            .flat_map(|(_, targets)| targets.iter())
            .map(|target| target.quantity)
            .sum();
        Some((service, decl, quantity))
    })
}

/// Cost of a service for each measure of its driver.
#[must_use]
pub fn unit_costs(run: &Run<'_>) -> Table {
    let rows = service_quantities(run).map(|(service, decl, quantity)| {
        let of_service = run.charges.allocated().filter(|line| run.charges.member(line, SERVICE) == service);
        let cost: i128 = of_service.map(|line| line.minor).sum();
        vec![
            Value::text(member_name(run, SERVICE, service)),
            Value::text(&decl.measure),
            Value::Exact(quantity),
            Value::Money(cost),
            cost_each(run, cost, quantity),
        ]
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
        let sums = if run.charges.keeps(dimension) { by(dimension) } else { BTreeMap::new() };
        sums.into_iter().map(|(member, sum)| (name_or_none(&run.model.dimensions[dimension], member), sum)).collect()
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
            .filter(|_| run.charges.keeps(SPEND))
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
