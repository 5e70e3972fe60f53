//! Views of the charge lines that a spreadsheet can add up again.
//!
//! A [`Pivot`] is a report that also says, by whole numbers, which charge lines each of its figures adds up. The
//! workbook turns that into formulas over the lines beside it. Names would not do: `*`, `?` or `=` in a name mean
//! something else to a spreadsheet.

use std::collections::{BTreeMap, BTreeSet};

use super::cost::{dimension_column, humanise, money, name_or_none_of, service_quantities, spend_members};
use super::{Column, Run, Shown, Table, Value};
use crate::dimension::MemberId;
use crate::ledger::Reason;
use crate::money::{Fraction, ONE, apply};
use crate::rounding::{ChargeLine, Kind};
use crate::rulebook::{BUSINESS_UNIT, DimensionId, POOL, SERVICE, SPEND};

/// What of a charge line is compared with a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// 1 for what is charged, 0 for what is unallocated.
    Charged,
    /// What the line is, by its place in [`KINDS`].
    Kind,
    /// Why it is unallocated, by its place in [`Reason::ALL`]; 0 for what is charged.
    Reason,
    /// The period it belongs to, by the number of the member.
    ForPeriod,
    /// A dimension, by the number of the member; 0 for none.
    Dimension(DimensionId),
}

/// Kinds of charge lines in the order of their keys, from 1.
pub const KINDS: [&str; 7] = ["cost", "idle", "price", "subsidy", "mark-up", "recovery", "unallocated"];

impl Field {
    /// The fields that charge lines of a run have.
    #[must_use]
    pub fn all(run: &Run<'_>) -> Vec<Field> {
        let built_in = [Field::Charged, Field::Kind, Field::Reason, Field::ForPeriod];
        built_in.into_iter().chain(run.charges.by.iter().map(|dimension| Field::Dimension(*dimension))).collect()
    }

    /// The key of a line.
    #[must_use]
    pub fn key(self, run: &Run<'_>, line: &ChargeLine) -> u64 {
        let place = |at: Option<usize>| at.map_or(0, |at| at as u64 + 1);
        match self {
            Field::Charged => u64::from(line.kind.is_allocated()),
            Field::Kind => place(KINDS.iter().position(|kind| *kind == line.kind.word())),
            Field::Reason => match line.kind {
                Kind::Unallocated(reason) => place(Reason::ALL.iter().position(|known| *known == reason)),
                _ => 0,
            },
            Field::ForPeriod => u64::from(line.for_period.0),
            Field::Dimension(dimension) => u64::from(run.charges.member(line, dimension).0),
        }
    }

    /// Its name in formulas: `charged`, `business_unit`.
    #[must_use]
    pub fn name(self, run: &Run<'_>) -> String {
        match self {
            Field::Charged => "charged".to_owned(),
            // A dimension may not be called so either; both are built in.
            Field::Kind => "kind".to_owned(),
            Field::Reason => "reason".to_owned(),
            Field::ForPeriod => "for_period".to_owned(),
            Field::Dimension(dimension) => run.model.dimensions[dimension].name.clone(),
        }
    }

    /// What people read above its keys.
    #[must_use]
    pub fn label(self, run: &Run<'_>) -> String {
        match self {
            Field::Charged => "Charged".to_owned(),
            Field::Kind => "Kind".to_owned(),
            Field::Reason => "Reason".to_owned(),
            Field::ForPeriod => "For period".to_owned(),
            Field::Dimension(dimension) => run.model.dimensions[dimension].label.clone(),
        }
    }
}

/// Which lines a figure adds up: those that have all these keys.
pub type Keys = Vec<(Field, u64)>;

/// Lines that are charged.
pub(super) const CHARGED: (Field, u64) = (Field::Charged, 1);
/// Lines that are not.
pub(super) const UNALLOCATED: (Field, u64) = (Field::Charged, 0);

pub(super) fn of(dimension: DimensionId, member: MemberId) -> (Field, u64) {
    (Field::Dimension(dimension), u64::from(member.0))
}

/// What the figures of a column are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Words, or a figure that does not follow from others of the table.
    Stored,
    /// A figure that does not follow from others, and that the total adds up.
    Adds,
    /// The sum of the lines that have the row's keys and these.
    Lines(Keys),
    /// The sum of other columns less the sum of others.
    Sum(Vec<usize>, Vec<usize>),
    /// A column less another one, where that has a figure.
    Change(usize, usize),
    /// A column by another one of the same row.
    Share(usize, usize),
    /// A column by the total of itself.
    ShareOfTotal(usize),
    /// A column by another one, in minor units.
    Each(usize, usize),
}

/// What a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowIs {
    /// The lines that have these keys.
    Lines(Keys),
    /// The sum of so many rows below it; these keys say what it must add up to.
    Subtotal(usize, Keys),
    /// All that is not in the rows above.
    Rest,
}

/// A report, and what its figures add up.
#[derive(Clone, Debug)]
pub struct Pivot {
    /// The report.
    pub table: Table,
    /// What each row is.
    pub rows: Vec<RowIs>,
    /// What each column is.
    pub columns: Vec<Figure>,
    /// The column whose figures are compared with the lines row by row, and which lines of the row it holds.
    pub checked: Option<(usize, Keys)>,
}

impl Pivot {
    /// The fields by which its rows differ.
    #[must_use]
    pub fn row_fields(&self) -> Vec<Field> {
        let keys = self.rows.iter().flat_map(|row| match row {
            RowIs::Lines(keys) | RowIs::Subtotal(_, keys) => keys.as_slice(),
            RowIs::Rest => &[],
        });
        let fields: BTreeSet<Field> = keys.map(|(field, _)| *field).collect();
        fields.into_iter().collect()
    }
}

/// Sums of lines by the members of two dimensions.
pub(super) struct Cross {
    sums: BTreeMap<(MemberId, MemberId), i128>,
    pub(super) rows: BTreeSet<MemberId>,
    pub(super) columns: BTreeSet<MemberId>,
}

impl Cross {
    pub(super) fn of<'l>(
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

    pub(super) fn at(&self, row: MemberId, column: MemberId) -> i128 {
        self.sums.get(&(row, column)).copied().unwrap_or_default()
    }

    pub(super) fn row_total(&self, row: MemberId) -> i128 {
        self.columns.iter().map(|column| self.at(row, *column)).sum()
    }

    pub(super) fn column_total(&self, column: MemberId) -> i128 {
        self.rows.iter().map(|row| self.at(*row, column)).sum()
    }

    pub(super) fn total(&self) -> i128 {
        self.sums.values().sum()
    }

    /// Rows, the largest first.
    pub(super) fn largest_rows(&self) -> Vec<MemberId> {
        let mut rows: Vec<MemberId> = self.rows.iter().copied().collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(self.row_total(*row)), *row));
        rows
    }
}

/// Services down, business units across.
#[must_use]
pub fn units_by_service(run: &Run<'_>) -> Pivot {
    let cross = Cross::of(run, run.charges.allocated(), SERVICE, BUSINESS_UNIT);
    let note = "What each business unit pays for each service. Largest service first.";
    Pivot {
        table: Table {
            name: "units-by-service",
            title: "Business units and services".to_owned(),
            note: note.to_owned(),
            ..cross_table(run, &cross, BUSINESS_UNIT, "Total charged")
        },
        ..cross_pivot(&cross, BUSINESS_UNIT)
    }
}

/// A table of services by the members of another dimension, with totals.
fn cross_table(run: &Run<'_>, cross: &Cross, across: DimensionId, total: &str) -> Table {
    let mut columns = vec![dimension_column(run, SERVICE)];
    columns.extend(cross.columns.iter().map(|member| {
        let name = name_or_none_of(run, across, *member);
        Column::new(&name, &name, Shown::Money)
    }));
    columns.push(money("total", "Total"));
    let rows = cross.largest_rows().into_iter().map(|service| {
        let mut row = vec![Value::text(name_or_none_of(run, SERVICE, service))];
        row.extend(cross.columns.iter().map(|member| Value::Money(cross.at(service, *member))));
        row.push(Value::Money(cross.row_total(service)));
        row
    });
    let rows = rows.collect();
    let mut total = vec![Value::text(total)];
    total.extend(cross.columns.iter().map(|member| Value::Money(cross.column_total(*member))));
    total.push(Value::Money(cross.total()));
    Table { name: "", title: String::new(), note: String::new(), columns, rows, total: Some(total) }
}

fn cross_pivot(cross: &Cross, across: DimensionId) -> Pivot {
    let services = cross.largest_rows();
    let mut columns = vec![Figure::Stored];
    columns.extend(cross.columns.iter().map(|member| Figure::Lines(vec![CHARGED, of(across, *member)])));
    let total = columns.len();
    columns.push(Figure::Sum((1..total).collect(), Vec::new()));
    Pivot {
        table: Table {
            name: "",
            title: String::new(),
            note: String::new(),
            columns: Vec::new(),
            rows: Vec::new(),
            total: None,
        },
        rows: services.into_iter().map(|service| RowIs::Lines(vec![of(SERVICE, service)])).collect(),
        columns,
        checked: Some((total, vec![CHARGED])),
    }
}

/// What was charged for each service, by pool, with the cost of one measure where the model asks for it.
#[must_use]
pub fn services(run: &Run<'_>) -> Pivot {
    let cross = Cross::of(run, run.charges.allocated(), SERVICE, POOL);
    let mut table = cross_table(run, &cross, POOL, "Total charged");
    let mut pivot = cross_pivot(&cross, POOL);
    let total = table.columns.len() - 1;
    let whole = cross.total();
    table.columns.push(Column::new("share", "Share", Shown::Share));
    pivot.columns.push(Figure::ShareOfTotal(total));
    for (row, service) in table.rows.iter_mut().zip(cross.largest_rows()) {
        row.push(Value::Share(cross.row_total(service), whole));
    }
    let quantities: BTreeMap<MemberId, (String, crate::money::Amount)> =
        service_quantities(run).map(|(service, decl, quantity)| (service, (decl.measure.clone(), quantity))).collect();
    if !quantities.is_empty() {
        table.columns.push(Column::new("measure", "Measure", Shown::Text));
        table.columns.push(Column::new("quantity", "Quantity", Shown::Exact));
        table.columns.push(money("cost_per_measure", "Cost each"));
        pivot.columns.extend([Figure::Stored, Figure::Stored, Figure::Each(total, total + 3)]);
        for (row, service) in table.rows.iter_mut().zip(cross.largest_rows()) {
            match quantities.get(&service) {
                Some((measure, quantity)) => row.extend([
                    Value::text(measure),
                    Value::Exact(*quantity),
                    cost_each(run, cross.row_total(service), *quantity),
                ]),
                None => row.extend([Value::Blank, Value::Blank, Value::Blank]),
            }
        }
    }
    if let Some(row) = &mut table.total {
        row.push(Value::Share(whole, whole));
        row.resize(table.columns.len(), Value::Blank);
    }
    table.name = "services";
    "Services".clone_into(&mut table.title);
    "What was charged for each service, by what the money was spent on, and what one measure of it cost."
        .clone_into(&mut table.note);
    Pivot { table, ..pivot }
}

/// What one measure cost, in minor units.
pub(super) fn cost_each(run: &Run<'_>, minor: i128, quantity: crate::money::Amount) -> Value {
    let currency = &run.model.book.head.currency;
    let each = Fraction::new(ONE, quantity.atoms()).and_then(|per| apply(currency.amount(minor), per));
    each.map_or(Value::Blank, |each| Value::Money(currency.round(each)))
}

/// Pools: what the money was, and how much of it was charged.
#[must_use]
pub fn pools(run: &Run<'_>) -> Pivot {
    let mut sums: BTreeMap<MemberId, (i128, i128)> = BTreeMap::new();
    for line in &run.charges.lines {
        let sum = sums.entry(run.charges.member(line, POOL)).or_default();
        if line.kind.is_allocated() { sum.0 += line.minor } else { sum.1 += line.minor }
    }
    let row = |name: String, (charged, unallocated): (i128, i128)| {
        vec![Value::text(name), Value::Money(charged), Value::Money(unallocated), Value::Money(charged + unallocated)]
    };
    let whole = sums.values().fold((0, 0), |all, sum| (all.0 + sum.0, all.1 + sum.1));
    Pivot {
        table: Table {
            name: "pools",
            title: "Pools".to_owned(),
            note: "What the money was, by pool, and how much of it was charged.".to_owned(),
            columns: vec![
                dimension_column(run, POOL),
                money("charged", "Charged"),
                money("unallocated", "Unallocated"),
                money("total", "Total"),
            ],
            rows: sums.iter().map(|(pool, sum)| row(name_or_none_of(run, POOL, *pool), *sum)).collect(),
            total: Some(row("Total".to_owned(), whole)),
        },
        rows: sums.keys().map(|pool| RowIs::Lines(vec![of(POOL, *pool)])).collect(),
        columns: vec![
            Figure::Stored,
            Figure::Lines(vec![CHARGED]),
            Figure::Lines(vec![UNALLOCATED]),
            Figure::Sum(vec![1, 2], Vec::new()),
        ],
        checked: Some((3, Vec::new())),
    }
}

/// Run, grow and transform by business unit and service.
#[must_use]
pub fn spend(run: &Run<'_>) -> Pivot {
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
            Value::text(name_or_none_of(run, BUSINESS_UNIT, *unit)),
            Value::text(name_or_none_of(run, SERVICE, *service)),
        ];
        row.extend(kinds.iter().map(|(kind, _)| Value::Money(by_spend.get(kind).copied().unwrap_or_default())));
        row.push(Value::Money(by_spend.values().sum()));
        row
    });
    let mut total = vec![Value::text("Total"), Value::Blank];
    total.extend(kinds.iter().map(|(kind, _)| Value::Money(sums.values().filter_map(|s| s.get(kind)).sum())));
    total.push(Value::Money(sums.values().flat_map(BTreeMap::values).sum()));
    Pivot {
        table: Table {
            name: "spend",
            title: "Run, grow and transform".to_owned(),
            note: "How much of the charge keeps the business running, grows it, or transforms it.".to_owned(),
            columns,
            rows: rows.collect(),
            total: Some(total),
        },
        rows: sums
            .keys()
            .map(|(unit, service)| RowIs::Lines(vec![of(BUSINESS_UNIT, *unit), of(SERVICE, *service)]))
            .collect(),
        columns: spend_figures(&kinds, 2),
        checked: Some((2 + kinds.len(), vec![CHARGED])),
    }
}

/// Words, a column for each kind of spend, their sum.
pub(super) fn spend_figures(kinds: &[(MemberId, String)], words: usize) -> Vec<Figure> {
    let mut columns = vec![Figure::Stored; words];
    columns.extend(kinds.iter().map(|(kind, _)| Figure::Lines(vec![CHARGED, of(SPEND, *kind)])));
    columns.push(Figure::Sum((words..words + kinds.len()).collect(), Vec::new()));
    columns
}

/// Run, grow and transform with each unit's own total before its services, and shares.
#[must_use]
pub fn spend_with_subtotals(run: &Run<'_>) -> Pivot {
    let mut pivot = spend(run);
    let kinds = spend_members(run);
    let total = 2 + kinds.len();
    for (at, (_, name)) in kinds.iter().enumerate() {
        pivot.table.columns.push(Column::new(format!("{name}_share"), format!("{} %", humanise(name)), Shown::Share));
        pivot.columns.push(Figure::Share(2 + at, total));
    }
    let with_shares = |mut row: Vec<Value>| -> Vec<Value> {
        let whole = minor_of(&row[total]);
        let shares: Vec<Value> = row[2..total].iter().map(|part| Value::Share(minor_of(part), whole)).collect();
        row.extend(shares);
        row
    };
    let (mut rows, mut row_is) = (Vec::new(), Vec::new());
    let paired: Vec<(Vec<Value>, RowIs)> = pivot.table.rows.into_iter().zip(pivot.rows).collect();
    let unit_of = |row: &RowIs| if let RowIs::Lines(keys) = row { keys[..1].to_vec() } else { Vec::new() };
    for of_unit in paired.chunk_by(|a, b| unit_of(&a.1) == unit_of(&b.1)) {
        let mut subtotal = vec![of_unit[0].0[0].clone(), Value::text("All services")];
        subtotal.extend((2..=total).map(|at| Value::Money(of_unit.iter().map(|(row, _)| minor_of(&row[at])).sum())));
        rows.push(with_shares(subtotal));
        row_is.push(RowIs::Subtotal(of_unit.len(), unit_of(&of_unit[0].1)));
        rows.extend(of_unit.iter().map(|(row, _)| with_shares(row.clone())));
        row_is.extend(of_unit.iter().map(|(_, is)| is.clone()));
    }
    pivot.table.rows = rows;
    pivot.rows = row_is;
    pivot.table.total = pivot.table.total.map(with_shares);
    pivot
}

fn minor_of(value: &Value) -> i128 {
    if let Value::Money(minor) = value { *minor } else { 0 }
}
