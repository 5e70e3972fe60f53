//! Drivers: the quantities that costs are split by.

use rustc_hash::FxHashMap;

use crate::dimension::{BLANK, Dimension, MemberId, NONE_WORD};
use crate::finding::{Finding, Findings, clean};
use crate::model::member_in_table;
use crate::money::{Amount, parse_number};
use crate::period::Period;
use crate::rulebook::condition::{Clauses, ColumnRef};
use crate::rulebook::{DimensionId, DriverDecl};
use crate::tables::{DatedBy, Table};

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
    /// The table's file.
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
    /// Reads a driver from its table. `None` when a column is missing; rows that cannot be used are findings.
    /// `keeps_negative` lets negative quantities pass, for rules that drop them.
    pub fn read(
        decl: &DriverDecl,
        table: &Table,
        dimensions: &mut [Dimension],
        period: &Period,
        keeps_negative: bool,
        findings: &mut Findings,
    ) -> Option<Driver> {
        let mut side = |pairs: &[(DimensionId, crate::finding::Named)]| -> Option<Vec<(DimensionId, usize)>> {
            let found: Vec<_> =
                pairs.iter().map(|(dimension, heading)| Some((*dimension, table.column(heading, findings)?))).collect();
            let mut columns: Vec<(DimensionId, usize)> = found.into_iter().collect::<Option<_>>()?;
            columns.sort_unstable();
            Some(columns)
        };
        let (from, to) = (side(&decl.from)?, side(&decl.to)?);
        let quantity_column = table.column(&decl.quantity, findings)?;
        let filter = FilteredColumns::find(&decl.filter, table, findings)?;
        let dated = DatedBy::find(table, &decl.valid, findings);
        let mut driver = Driver {
            name: decl.name.clone(),
            file: table.headings.file.clone(),
            measure: decl.measure.clone(),
            from: from.iter().map(|(dimension, _)| *dimension).collect(),
            to: to.iter().map(|(dimension, _)| *dimension).collect(),
            rows: FxHashMap::default(),
        };
        for row in &table.rows {
            if !filter.passes(&decl.filter, |column| row.text(column))
                || !dated.read(table, row, findings).holds_on(period.last)
            {
                continue;
            }
            let mut sender = Vec::with_capacity(from.len());
            for (dimension, column) in &from {
                let text = table.text(row, *column, findings);
                if text.is_empty() {
                    let title = format!("this row of the driver `{}` does not say who sends", decl.name);
                    findings.push(
                        Finding::error("blank-key", table.place(row, Some(*column)), title)
                            .help("fill the cell, or delete the row"),
                    );
                    sender.push(BLANK);
                    continue;
                }
                sender.push(member_in_table(&mut dimensions[*dimension], text, table, row, *column, findings));
            }
            let mut receiver = Vec::with_capacity(to.len());
            for (dimension, column) in &to {
                let text = table.text(row, *column, findings);
                let member = match text {
                    "" => BLANK,
                    NONE_WORD => CLEAR,
                    _ => member_in_table(&mut dimensions[*dimension], text, table, row, *column, findings),
                };
                if member != CLEAR && dimensions[*dimension].member(member).is_parent {
                    let title = format!("`{}` has members below it, so it cannot receive", clean(text));
                    findings.push(
                        Finding::error("parent-target", table.place(row, Some(*column)), title)
                            .help("give the quantity of each member below it"),
                    );
                }
                receiver.push(member);
            }
            if receiver.iter().all(|member| member.is_blank()) {
                let title = format!("this row of the driver `{}` does not say who receives", decl.name);
                findings.push(
                    Finding::error("blank-key", table.place(row, to.first().map(|(_, column)| *column)), title)
                        .help("fill a cell, or delete the row"),
                );
                continue;
            }
            let text = table.text(row, quantity_column, findings);
            let quantity = match parse_number(text.as_bytes(), decl.numbers) {
                Ok(read) if read.value.is_negative() && !keeps_negative => {
                    let title = format!("the quantity `{}` is negative", clean(text));
                    findings.push(
                        Finding::error("negative-quantity", table.place(row, Some(quantity_column)), title)
                            .help("a share of something negative has no meaning; correct it, leave the row out, or say negative = \"drop\" in the rules that use it"),
                    );
                    continue;
                }
                Ok(read) => read.value,
                Err(fault) => {
                    let title = if text.is_empty() {
                        "this row has no quantity".to_owned()
                    } else {
                        format!("`{}` is not a number", clean(text))
                    };
                    findings.push(
                        Finding::error("not-a-number", table.place(row, Some(quantity_column)), title)
                            .help(format!("{fault}; write 0 where there is none")),
                    );
                    continue;
                }
            };
            driver.rows.entry(sender.into()).or_default().push(DriverTarget {
                to: receiver.into(),
                quantity,
                row: row.number,
            });
        }
        for targets in driver.rows.values_mut() {
            add_up(targets);
        }
        Some(driver)
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

/// The columns of a table that a `where` looks at.
struct FilteredColumns(Vec<(ColumnRef, usize)>);

impl FilteredColumns {
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
