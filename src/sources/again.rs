//! A file of a source read once more, to look at its rows.

use super::manifest::Told;
use super::{LineGroup, Plan, SourceTotals, groups, kind_of, with_headings};
use crate::files::{self, DataFile, Evidence, Headings, Shape};
use crate::finding::{Finding, Findings};
use crate::footprint::Footprint;
use crate::model::Model;

/// A file of a source that is read once more, to look at its rows.
#[derive(Clone, Debug)]
pub struct ReadAgain {
    /// What was read of it.
    pub evidence: Evidence,
    /// Its line groups, each with its largest rows.
    pub groups: Vec<LineGroup>,
    /// What became of its rows.
    pub totals: SourceTotals,
    /// What is wrong with rows of it.
    pub findings: Findings,
}

/// Which rows of a file are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsWanted {
    /// So many of the largest of each group.
    Largest(usize),
    /// One row, by its number.
    One(u64),
}

/// Reads a file of a source once more.
///
/// # Errors
/// A finding when the file cannot be read.
pub fn read_again(
    model: &Model,
    footprint: &Footprint,
    source: usize,
    file: &str,
    wanted: RowsWanted,
) -> Result<ReadAgain, Box<Finding>> {
    let decl = &model.book.sources[source];
    let shape = Shape { kind: kind_of(decl, file), headings_row: decl.headings_row };
    let file = DataFile::new(&model.book.data, file);
    let headings = files::headings(&file, &shape)?;
    let plan = Plan { source, file, shape, told: Told::default() };
    let decls = with_headings(&model.book, std::slice::from_ref(&plan), std::slice::from_ref(&headings));
    let Plan { file, shape, .. } = plan;
    let (kept, only) = match wanted {
        RowsWanted::Largest(count) => (count, None),
        RowsWanted::One(row) => (1, Some(row)),
    };
    let new = || groups::Grouper::with_rows(model, source, &decls[source], &footprint.0[source], kept);
    if only.is_none()
        && let Some((evidence, parts)) = files::read_in_parts(&file, &shape, new)
        && let Some(grouper) = groups::Grouper::join(parts)
    {
        let groups::Grouped { groups, totals, findings, .. } = grouper.finish();
        return Ok(ReadAgain { evidence, groups, totals, findings });
    }
    let mut grouper = new();
    let evidence = match only {
        Some(row) => files::read(&file, &shape, &mut OneRow { row, grouper: &mut grouper })?,
        None => files::read(&file, &shape, &mut grouper)?,
    };
    let groups::Grouped { groups, totals, findings, .. } = grouper.finish();
    Ok(ReadAgain { evidence, groups, totals, findings })
}

/// Hands on one row of a file.
struct OneRow<'g, 'm> {
    row: u64,
    grouper: &'g mut groups::Grouper<'m>,
}

impl files::Visitor for OneRow<'_, '_> {
    fn headings(&mut self, headings: &Headings) -> bool {
        self.grouper.headings(headings)
    }

    fn wants(&mut self, column: usize) -> bool {
        self.grouper.wants(column)
    }

    fn row(&mut self, row: &files::Row<'_>) {
        if row.number == self.row {
            self.grouper.row(row);
        }
    }

    fn refuse(&mut self, row: &files::Row<'_>, finding: Finding) {
        if row.number == self.row {
            self.grouper.refuse(row, finding);
        }
    }

    fn fault(&mut self, _: Finding) {}
}
