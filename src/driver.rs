//! Drivers: the quantities that costs are split by.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::dimension::{BLANK, Dimension, Member, MemberId, NONE_WORD};
use crate::finding::{Finding, Findings, Named, clean, did_you_mean};
use crate::model::member_in_table;
use crate::money::{Amount, Fraction, NumberFormat, ReadNumber, apply};
use crate::period::{Day, Period, Validity};
use crate::rulebook::condition::{Clauses, ColumnRef};
use crate::rulebook::{DimensionId, DriverDecl, DriverTable, WIDE};
use crate::tables::{DatedBy, Table, TableRow};

/// Stands in a receiver for "clear this dimension", the word `(none)` of a driver row.
pub const CLEAR: MemberId = MemberId(u32::MAX);

/// What a driver hands to one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverTarget {
    /// A member for each of the driver's `to` dimensions: blank keeps what the money has, [`CLEAR`] clears it.
    pub to: Box<[MemberId]>,
    /// The quantity; negative only where all rules that use the driver drop those.
    pub quantity: Amount,
    /// First row of the table it comes from.
    pub row: u64,
}

/// A driver in memory.
#[derive(Clone, Debug)]
pub struct Driver {
    /// Name in the rules.
    pub name: String,
    /// The table's file, or the source its lines are of.
    pub file: String,
    /// What is counted.
    pub measure: String,
    /// Dimensions of the senders, in the order of their numbers.
    pub from: Vec<DimensionId>,
    /// Dimensions of the receivers, in the order of their numbers.
    pub to: Vec<DimensionId>,
    rows: FxHashMap<Box<[MemberId]>, Vec<DriverTarget>>,
}

impl Driver {
    /// A driver without quantities yet.
    #[must_use]
    pub fn empty(decl: &DriverDecl) -> Driver {
        Driver {
            name: decl.name.clone(),
            file: String::new(),
            measure: decl.measure.clone(),
            from: decl.from.clone(),
            to: decl.to.clone(),
            rows: FxHashMap::default(),
        }
    }

    /// Reads a driver from its table. `None` when a column is missing; rows that cannot be used are findings.
    /// `keeps_negative` lets negative quantities pass, for rules that drop them.
    pub fn read(
        decl: &DriverDecl,
        origin: &DriverTable,
        mut table: Table,
        dimensions: &mut [Dimension],
        period: &Period,
        keeps_negative: bool,
        findings: &mut Findings,
    ) -> Option<Driver> {
        let columns = Columns::find(decl, origin, &table, dimensions, findings)?;
        if let Receivers::Wide(receivers) = &columns.to {
            // From here on headings are only told, and people are told by their numbers.
            for (column, _) in receivers {
                let heading = &mut table.headings.names[*column];
                *heading = dimensions[decl.to[0]].shown(heading).to_owned();
            }
        }
        let table = &table;
        let mut reader = RowReader {
            decl,
            table,
            columns,
            numbers: origin.table.formats.numbers.unwrap_or(NumberFormat::PLAIN),
            is_by_period: origin.is_by_period,
            dimensions,
            keeps_negative,
            findings,
        };
        let mut driver = Driver { file: table.headings.file.clone(), ..Driver::empty(decl) };
        let mut counted: FxHashMap<Box<[MemberId]>, Vec<Counted>> = FxHashMap::default();
        let mut size = Amount::ZERO;
        for row in &table.rows {
            if !reader.columns.filter.passes(&decl.filter, |column| row.text(column)) {
                continue;
            }
            let valid = reader.columns.dated.read(table, row, reader.findings);
            if !origin.is_prorated && !valid.holds_on(period.last) || days_held(period, valid, &[]) == 0 {
                continue;
            }
            let sender = reader.sender(row);
            for (to, read) in reader.receivers(row) {
                let mut days = 1;
                if origin.is_prorated {
                    let members = reader.decl.to.iter().zip(&to).filter(|(_, member)| **member != CLEAR);
                    let spans: Vec<&[Validity]> = members
                        .map(|(dimension, member)| reader.dimensions[*dimension].member(*member).spans.as_slice())
                        .collect();
                    days = days_held(period, valid, &spans);
                    if days == 0 {
                        continue;
                    }
                }
                let Some(quantity) = Fraction::new(days.into(), 1).and_then(|days| apply(read.value, days)) else {
                    let title = "this quantity is beyond what the program can hold".to_owned();
                    reader.refuse("too-large", row, None, title, "look for a damaged number");
                    continue;
                };
                let Some(up_to) = size.checked_add(quantity.abs()) else {
                    let title = "the quantities up to here are together beyond what the program can hold".to_owned();
                    reader.refuse("too-large", row, None, title, "look for a damaged number");
                    continue;
                };
                size = up_to;
                let finer = read.beyond_scale * i128::from(days);
                counted.entry(sender.clone()).or_default().push(Counted { to, quantity, finer, row: row.number });
            }
        }
        let average = Fraction::new(1, if origin.is_prorated { period.days().into() } else { 1 })?;
        driver.rows = counted.into_iter().map(|(sender, rows)| (sender, targets(rows, average))).collect();
        Some(driver)
    }

    /// Adds a quantity found in cost lines. Lines without a sender or a receiver count for nobody.
    pub fn add_lines(&mut self, sender: Box<[MemberId]>, receiver: Box<[MemberId]>, quantity: Amount, row: u64) {
        if sender.iter().all(|member| !member.is_blank()) && receiver.iter().any(|member| !member.is_blank()) {
            self.rows.entry(sender).or_default().push(DriverTarget { to: receiver, quantity, row });
        }
    }

    /// On how many days of a period a member exists; none where it counts whole.
    #[must_use]
    pub fn days_of_member(member: &Member, period: &Period) -> Option<i64> {
        (!member.spans.is_empty()).then(|| days_held(period, Validity::default(), &[&member.spans]))
    }

    /// Puts quantities found in cost lines in order; those of one sender and receiver add up.
    pub fn complete(&mut self) {
        self.rows.values_mut().for_each(add_up);
    }

    /// What a sender hands out, by receiver in the order of members. Empty when it has no row.
    #[must_use]
    pub fn targets(&self, sender: &[MemberId]) -> &[DriverTarget] {
        self.rows.get(sender).map_or(&[], Vec::as_slice)
    }

    /// All senders with what they hand out, in the order of members.
    #[must_use]
    pub fn all(&self) -> Vec<(&[MemberId], &[DriverTarget])> {
        let mut all: Vec<_> = self.rows.iter().map(|(sender, targets)| (&**sender, targets.as_slice())).collect();
        all.sort_unstable_by_key(|(sender, _)| *sender);
        all
    }

    /// Every quantity with the names by which its sender and receiver are found, in the order of their dimensions; not to be
    /// shown. `(none)` clears.
    #[must_use]
    pub fn by_names(&self, dimensions: &[Dimension]) -> BTreeMap<(Vec<String>, Vec<String>), Amount> {
        let names = |side: &[DimensionId], members: &[MemberId]| -> Vec<String> {
            let name = |(dimension, member): (&DimensionId, &MemberId)| match *member {
                CLEAR => NONE_WORD.to_owned(),
                member => dimensions[*dimension].found_by(member).to_owned(),
            };
            side.iter().zip(members).map(name).collect()
        };
        let rows = self.rows.iter().flat_map(|(sender, targets)| targets.iter().map(move |target| (sender, target)));
        rows.map(|(sender, target)| ((names(&self.from, sender), names(&self.to, &target.to)), target.quantity))
            .collect()
    }

    /// The same quantities between members of another model, found by their names, or added where its dimensions are open.
    /// `None` when it has no such dimension or member.
    #[must_use]
    pub fn moved(&self, dimensions: &[Dimension], into: &mut [Dimension]) -> Option<Driver> {
        let there = |side: &[DimensionId], into: &[Dimension]| -> Option<Vec<DimensionId>> {
            side.iter().map(|at| into.iter().position(|other| other.name == dimensions[*at].name)).collect()
        };
        let (from, to) = (there(&self.from, into)?, there(&self.to, into)?);
        let mut member = |here: DimensionId, there: DimensionId, member: MemberId| match member {
            BLANK | CLEAR => Some(member),
            member => into[there].find_or_add(dimensions[here].found_by(member)),
        };
        let mut rows: FxHashMap<Box<[MemberId]>, Vec<DriverTarget>> = FxHashMap::default();
        for (sender, targets) in self.all() {
            let moved = self.from.iter().zip(&from).zip(sender).map(|((here, there), id)| member(*here, *there, *id));
            let sender: Box<[MemberId]> = moved.collect::<Option<_>>()?;
            for target in targets {
                let moved =
                    self.to.iter().zip(&to).zip(&target.to).map(|((here, there), id)| member(*here, *there, *id));
                let to = moved.collect::<Option<_>>()?;
                rows.entry(sender.clone()).or_default().push(DriverTarget { to, ..target.clone() });
            }
        }
        let (name, file, measure) = (self.name.clone(), self.file.clone(), self.measure.clone());
        Some(Driver { name, file, measure, from, to, rows })
    }

    /// Takes over new member numbers after open dimensions were sealed.
    pub fn renumber(&mut self, renumbered: &[Vec<MemberId>]) {
        let new = |dimensions: &[DimensionId], key: &[MemberId]| -> Box<[MemberId]> {
            let pairs = dimensions.iter().zip(key);
            pairs
                .map(
                    |(dimension, member)| if *member == CLEAR { CLEAR } else { renumbered[*dimension][member.index()] },
                )
                .collect()
        };
        let rows = std::mem::take(&mut self.rows);
        for (sender, mut targets) in rows {
            for target in &mut targets {
                target.to = new(&self.to, &target.to);
            }
            targets.sort_by(|a, b| a.to.cmp(&b.to));
            self.rows.insert(new(&self.from, &sender), targets);
        }
    }
}

/// On how many days of a period a row holds, and each of the members whose spans are given; no spans hold always.
fn days_held(period: &Period, valid: Validity, members: &[&[Validity]]) -> i64 {
    let within = |first: Day, last: Day, valid: &Validity| {
        let (first, last) =
            (valid.from.map_or(first, |from| from.max(first)), valid.to.map_or(last, |to| to.min(last)));
        (first <= last).then_some((first, last))
    };
    let mut spans: Vec<(Day, Day)> = within(period.first, period.last, &valid).into_iter().collect();
    for held in members.iter().filter(|held| !held.is_empty()) {
        spans = spans
            .iter()
            .flat_map(|(first, last)| held.iter().filter_map(|valid| within(*first, *last, valid)))
            .collect();
    }
    spans.iter().map(|(first, last)| period.days_of(*first, *last)).sum()
}

/// A row as it was counted, on all its days.
struct Counted {
    to: Box<[MemberId]>,
    quantity: Amount,
    /// What it has beyond the scale, as 0:20 has in hours; see [`ReadNumber::beyond_scale`].
    finer: i128,
    row: u64,
}

/// The rows of a sender by receiver, multiplied by `average`. The running sum is rounded, and each receiver gets its step, so that a
/// sender's total is exact: a seat that changes hands is one seat, and three times 0:40 are two hours.
fn targets(mut rows: Vec<Counted>, average: Fraction) -> Vec<DriverTarget> {
    rows.sort_by(|a, b| (&a.to, a.row).cmp(&(&b.to, b.row)));
    let mut targets: Vec<DriverTarget> = Vec::new();
    let (mut sum, mut finer, mut given) = (Amount::ZERO, 0, Amount::ZERO);
    for counted in rows {
        sum += counted.quantity;
        finer += counted.finer;
        let up_to = sum + Amount::from_beyond_scale(finer);
        // A part of what was held a line above can be held, too.
        let up_to = apply(up_to, average).unwrap_or(up_to);
        let quantity = up_to - given;
        given = up_to;
        match targets.last_mut().filter(|last| last.to == counted.to) {
            Some(last) => last.quantity += quantity,
            None => targets.push(DriverTarget { to: counted.to, quantity, row: counted.row }),
        }
    }
    targets
}

/// Sorts targets by member; rows of one receiver add up.
fn add_up(targets: &mut Vec<DriverTarget>) {
    targets.sort_by(|a, b| (&a.to, a.row).cmp(&(&b.to, b.row)));
    targets.dedup_by(|later, first| {
        let same = later.to == first.to;
        if same {
            first.quantity += later.quantity;
        }
        same
    });
}

/// Where a driver's table has what.
struct Columns {
    from: Vec<usize>,
    to: Receivers,
    filter: FilteredColumns,
    dated: DatedBy,
}

/// How a table names its receivers.
enum Receivers {
    /// In columns of their own, with the quantity in another one; without it each row is one.
    Long(Vec<usize>, Option<usize>),
    /// As headings, with the quantities below.
    Wide(Vec<(usize, MemberId)>),
}

impl Columns {
    fn find(
        decl: &DriverDecl,
        origin: &DriverTable,
        table: &Table,
        dimensions: &mut [Dimension],
        findings: &mut Findings,
    ) -> Option<Columns> {
        let mut all = |headings: &[Named]| -> Option<Vec<usize>> {
            let found: Vec<Option<usize>> = headings.iter().map(|heading| table.column(heading, findings)).collect();
            found.into_iter().collect()
        };
        let from = all(&origin.from)?;
        let ignored = all(&origin.ignore)?;
        let is_wide = matches!(origin.to.as_slice(), [only] if only.name == WIDE);
        let long = match &origin.quantity {
            Some(quantity) => Some((all(&origin.to)?, Some(table.column(quantity, findings)?))),
            None if is_wide => None,
            None => Some((all(&origin.to)?, None)),
        };
        let filter = FilteredColumns::find(&decl.filter, table, findings)?;
        let dated = DatedBy::find(table, &origin.valid, findings);
        let to = if let Some((to, quantity)) = long {
            Receivers::Long(to, quantity)
        } else {
            let is_other = |column: usize| {
                from.contains(&column) || ignored.contains(&column) || dated.uses(column) || filter.uses(column)
            };
            Receivers::Wide(wide_receivers(table, &mut dimensions[decl.to[0]], is_other, findings))
        };
        Some(Columns { from, to, filter, dated })
    }
}

/// The receivers of a wide table: headings that name members. Any other heading is a finding.
fn wide_receivers(
    table: &Table,
    dimension: &mut Dimension,
    is_other: impl Fn(usize) -> bool,
    findings: &mut Findings,
) -> Vec<(usize, MemberId)> {
    let headings = &table.headings;
    let mut receivers = Vec::new();
    for (column, name) in
        headings.names.iter().enumerate().filter(|(column, name)| !name.is_empty() && !is_other(*column))
    {
        let place = |dimension: &Dimension| {
            headings.place(headings.row, Some(column)).called(|heading| dimension.shown(heading).to_owned())
        };
        if headings.names[..column].contains(name) {
            let title = format!("two columns have the heading `{}`", clean(dimension.shown(name)));
            let help = "rename or remove one of them, so that nobody is counted twice";
            findings.push(Finding::error("duplicate-column", place(dimension), title).help(help));
            continue;
        }
        if let Some(member) = dimension.find_or_add(name) {
            receivers.push((column, member));
            continue;
        }
        let title = format!("the heading `{}` is not a member of {}", clean(dimension.shown(name)), dimension.name);
        findings.push(
            Finding::error("unknown-member", place(dimension), title)
                .maybe_help(did_you_mean(name, dimension.names()))
                .help("in a wide table every heading is a receiver; name those that are not: ignore = [\"Total\"]"),
        );
    }
    receivers
}

/// Reads the rows of a driver's table.
struct RowReader<'a> {
    decl: &'a DriverDecl,
    table: &'a Table,
    columns: Columns,
    numbers: NumberFormat,
    is_by_period: bool,
    dimensions: &'a mut [Dimension],
    keeps_negative: bool,
    findings: &'a mut Findings,
}

impl RowReader<'_> {
    fn refuse(&mut self, code: &'static str, row: &TableRow, column: Option<usize>, title: String, help: &str) {
        self.findings.push(Finding::error(code, self.table.place(row, column), title).help(help));
    }

    fn sender(&mut self, row: &TableRow) -> Box<[MemberId]> {
        let pairs: Vec<(DimensionId, usize)> = self.decl.from.iter().copied().zip(self.columns.from.clone()).collect();
        let member = |(dimension, column): (DimensionId, usize)| {
            let text = self.table.text(row, column, self.findings);
            if text.is_empty() {
                let title = format!("this row of the driver `{}` does not say who sends", self.decl.name);
                self.refuse("blank-key", row, Some(column), title, "fill the cell, or delete the row");
                return BLANK;
            }
            member_in_table(&mut self.dimensions[dimension], text, self.table, row, column, self.findings)
        };
        pairs.into_iter().map(member).collect()
    }

    fn receivers(&mut self, row: &TableRow) -> Vec<(Box<[MemberId]>, ReadNumber)> {
        match &self.columns.to {
            Receivers::Long(to, quantity) => {
                let (to, quantity) = (to.clone(), *quantity);
                // A blank cell of a table with a column a period is no row of a table of one period.
                if self.is_by_period && quantity.is_some_and(|column| row.text(column).is_empty()) {
                    return Vec::new();
                }
                let receiver = self.receiver(row, &to);
                let quantity = match quantity {
                    Some(column) => self.quantity(row, column),
                    None => Some(ReadNumber::whole(1)),
                };
                receiver.zip(quantity).into_iter().collect()
            }
            Receivers::Wide(receivers) => {
                let receivers = receivers.clone();
                let mut found = Vec::new();
                for (column, member) in receivers {
                    // An empty cell of a wide table is no row of a long one.
                    if row.text(column).is_empty() || !self.can_receive(row, column, self.decl.to[0], member) {
                        continue;
                    }
                    found.extend(self.quantity(row, column).map(|quantity| (Box::from([member]), quantity)));
                }
                found
            }
        }
    }

    fn receiver(&mut self, row: &TableRow, columns: &[usize]) -> Option<Box<[MemberId]>> {
        let mut receiver = Vec::with_capacity(columns.len());
        for (dimension, column) in self.decl.to.iter().copied().zip(columns.iter().copied()) {
            let text = self.table.text(row, column, self.findings);
            let member = match text {
                "" => BLANK,
                NONE_WORD => CLEAR,
                _ => member_in_table(&mut self.dimensions[dimension], text, self.table, row, column, self.findings),
            };
            if !text.is_empty() && member.is_blank() {
                // An unknown name is told already.
                return None;
            }
            if member != CLEAR {
                self.can_receive(row, column, dimension, member);
            }
            receiver.push(member);
        }
        if receiver.iter().all(|member| member.is_blank()) {
            let title = format!("this row of the driver `{}` does not say who receives", self.decl.name);
            self.refuse("blank-key", row, columns.first().copied(), title, "fill a cell, or delete the row");
            return None;
        }
        Some(receiver.into())
    }

    fn can_receive(&mut self, row: &TableRow, column: usize, dimension: DimensionId, member: MemberId) -> bool {
        let member = self.dimensions[dimension].member(member);
        let is_parent = member.is_parent;
        if !member.is_valid && !is_parent {
            let title = format!(
                "`{}` receives by the driver `{}` and does not exist in this period",
                clean(&member.name),
                self.decl.name
            );
            let help = "its share stays unallocated: take the row out, or put the member's dates right";
            self.findings.push(Finding::note("receiver-left", self.table.place(row, Some(column)), title).help(help));
        }
        if is_parent {
            let title = format!("`{}` has members below it, so it cannot receive", clean(&member.name));
            self.refuse("parent-target", row, Some(column), title, "give the quantity of each member below it");
        }
        !is_parent
    }

    fn quantity(&mut self, row: &TableRow, column: usize) -> Option<ReadNumber> {
        let text = self.table.text(row, column, self.findings);
        match self.table.number(row, column, text, self.numbers) {
            Ok(read) if read.value.is_negative() && !self.keeps_negative => {
                let title = format!("the quantity `{}` is negative", clean(text));
                let help = "a share of something negative has no meaning; correct it, leave the row out, or say \
                            negative = \"drop\" in the rules that use it";
                self.refuse("negative-quantity", row, Some(column), title, help);
                None
            }
            Ok(read) => Some(read),
            Err(fault) => {
                let title = match text {
                    "" => "this row has no quantity".to_owned(),
                    text => format!("`{}` is not a number", clean(text)),
                };
                self.refuse("not-a-number", row, Some(column), title, &format!("{fault}; write 0 where there is none"));
                None
            }
        }
    }
}

/// The columns of a table that a `where` looks at.
struct FilteredColumns(Vec<(ColumnRef, usize)>);

impl FilteredColumns {
    fn uses(&self, column: usize) -> bool {
        self.0.iter().any(|(_, other)| *other == column)
    }

    fn find(filter: &Clauses<ColumnRef>, table: &Table, findings: &mut Findings) -> Option<FilteredColumns> {
        let found: Vec<_> = filter
            .clauses()
            .map(|clause| {
                let heading = crate::finding::Named { name: clause.field.to_string(), spot: clause.spot.clone() };
                Some((clause.field.clone(), table.column(&heading, findings)?))
            })
            .collect();
        found.into_iter().collect::<Option<_>>().map(FilteredColumns)
    }

    fn passes<'t>(&self, filter: &Clauses<ColumnRef>, text: impl Fn(usize) -> &'t str) -> bool {
        filter.hold(|clause| {
            let column = self.0.iter().find(|(field, _)| *field == clause.field).map(|(_, column)| *column);
            column.is_some_and(|column| clause.test.passes(text(column), &|_| false))
        })
    }
}
