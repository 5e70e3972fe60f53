//! Whose the whole numbers are by which formulas find charge lines.

use std::collections::BTreeSet;

use super::pivots::{Field, KINDS};
use super::{Column, Run, Shown, Table, Value};
use crate::dimension::MemberId;
use crate::ledger::Reason;
use crate::rounding::ChargeLine;

/// The keys of charge lines, and what each stands for; of a dimension, those that stand in the lines.
#[must_use]
pub fn keys(run: &Run<'_>, lines: &[&ChargeLine]) -> Table {
    let mut rows = Vec::new();
    let mut push = |of: &str, key: u64, name: &str| {
        let name = if name.is_empty() { "(none)" } else { name };
        rows.push(vec![Value::text(of), Value::Count(key), Value::text(name)]);
    };
    for field in Field::all(run) {
        let label = field.label(run);
        match field {
            Field::Charged => {
                push(&label, 0, "Unallocated");
                push(&label, 1, "Charged");
            }
            Field::Kind => (1..).zip(KINDS).for_each(|(key, kind)| push(&label, key, kind)),
            Field::Reason => {
                push(&label, 0, "");
                (1..).zip(Reason::ALL).for_each(|(key, reason)| push(&label, key, reason.words()));
            }
            Field::ForPeriod => {
                let used: BTreeSet<MemberId> = lines.iter().map(|line| line.for_period).collect();
                let dimension = &run.model.dimensions[crate::rulebook::FOR_PERIOD];
                for id in used {
                    push(&label, u64::from(id.0), dimension.member_name(id));
                }
            }
            Field::Dimension(at) => {
                let used: BTreeSet<MemberId> = lines.iter().map(|line| run.charges.member(line, at)).collect();
                let dimension = &run.model.dimensions[at];
                for id in used {
                    push(&label, u64::from(id.0), dimension.member_name(id));
                }
            }
        }
    }
    Table {
        name: "keys",
        title: "Keys".to_owned(),
        note: "Whole numbers that formulas match in place of names, which may hold signs that mean something to a \
               spreadsheet. They are the same within one workbook and may differ in the next."
            .to_owned(),
        columns: vec![
            Column::new("of", "Of", Shown::Text),
            Column::new("key", "Key", Shown::Count),
            Column::new("name", "Name", Shown::Text),
        ],
        rows,
        total: None,
    }
}
