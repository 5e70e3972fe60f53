//! Rows to line groups: the inside of the reader's seam.

mod join;
mod known;
mod texts;
mod values;

use std::sync::Arc;

use rayon::prelude::*;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::basis::Seen;
use super::repairs::{Mended, Repairs};
use super::rows::{Fingerprint, Keys, Letters, Repeats};
use super::{FOCUS, LineGroup, MONEY_MAX, Refusal, RowSum, ScheduledLine, SourceTotals, Tally, focus, measure_of};
use crate::files::{Cell, Headings, RawRow, Row, Visitor, fault_help};
use crate::finding::{Finding, Findings, Named, Place, Severity, clean};
use crate::footprint;
use crate::model::Model;
use crate::money::{Amount, ByCurrency, Currency, HOURS, NumberFault, NumberFormat, parse_number};
use crate::period::Day;
use crate::rulebook::condition::{ColumnRef, Form, Test};
use crate::rulebook::{CostDecl, Late, PERIOD_AS_DATE, Refused, ScheduleDecl, SourceDecl};
use join::Stashed;
use known::Known;
use texts::Tuples;
use values::Values;

/// Lines of one file that are handed back. A file with more of them is not one with a few bad lines.
const QUARANTINED_MAX: u64 = 100_000;

/// Currencies of one file whose totals are kept; a column with more of them holds no currencies.
const CURRENCIES_MAX: usize = 200;

/// Code of the finding about amounts whose sum cannot be held.
const TOO_LARGE: &str = "too-large";

/// What one file gave.
pub(super) struct Grouped {
    pub(super) groups: Vec<LineGroup>,
    pub(super) totals: SourceTotals,
    pub(super) findings: Findings,
    /// Row keys, sorted.
    pub(super) keys: Keys,
    /// Lines handed back.
    pub(super) refusals: Vec<Refusal>,
    /// What its lines say of their basis.
    pub(super) seen: Seen,
    /// Of its rows, whatever their order, and whether they came whole; none where a key tells repeats.
    pub(super) fingerprint: Option<(Fingerprint, bool)>,
    /// Lines that are spread over time.
    pub(super) schedules: Vec<ScheduledLine>,
}

/// Columns of a schedule in a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ScheduleColumns {
    pub(super) start: Option<usize>,
    pub(super) end: Option<usize>,
    pub(super) months: Option<usize>,
    pub(super) residual: Option<usize>,
}

impl ScheduleColumns {
    fn find(decl: Option<&ScheduleDecl>, find: impl Fn(&str) -> Option<usize>) -> ScheduleColumns {
        let Some(decl) = decl else { return ScheduleColumns::default() };
        let at = |column: Option<&Named>| column.and_then(|column| find(&column.name));
        ScheduleColumns {
            start: at(Some(&decl.start)),
            end: at(decl.end.as_ref()),
            months: at(decl.months.as_ref()),
            residual: at(decl.residual.as_ref()),
        }
    }

    fn all(&self) -> [Option<usize>; 4] {
        [self.start, self.end, self.months, self.residual]
    }
}

/// A line, or what a period takes of it.
pub(super) struct Line {
    pub(super) row: u64,
    pub(super) day: Day,
    pub(super) sum: Amount,
    pub(super) quantities: Vec<Amount>,
}

/// Where a footprint column is in a file.
enum Slot {
    Absent,
    Column(usize),
    /// Column of JSON objects, and the index of the key among [`Grouper::tag_keys`].
    Tag(usize, usize),
}

/// What every line changes of its group: as much as comes from memory at once.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Sums {
    sum: Amount,
    least: Amount,
    greatest: Amount,
    lines: u64,
    day: Day,
}

impl Sums {
    /// Of one line.
    fn of(sum: Amount, day: Day) -> Sums {
        Sums { sum, least: sum, greatest: sum, lines: 1, day }
    }

    #[inline]
    fn merge(&mut self, other: Sums) {
        self.sum += other.sum;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        self.lines += other.lines;
        self.day = self.day.min(other.day);
    }
}

/// What is known of a group beside its sums.
#[derive(Default)]
struct Group {
    first_row: u64,
    quantities: Vec<Amount>,
    largest: Vec<RowSum>,
}

/// Days that are treated alike: by the number of their period, and by how many changes of the model come before them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Class {
    period: u32,
    span: u32,
}

impl Class {
    /// Of a day that is counted in a period; `None` when there are too many.
    fn of(model: &Model, periods: &mut Values, period: &str, day: Day) -> Option<Class> {
        let span = model.changes.partition_point(|change| *change <= day);
        Some(Class { period: periods.number(period)?, span: u32::try_from(span).ok()? })
    }
}

/// Adds the rows of one file up into groups.
pub(super) struct Grouper<'m> {
    pub(super) model: &'m Model,
    pub(super) source: usize,
    pub(super) decl: &'m SourceDecl,
    footprint: &'m [ColumnRef],
    repairs: Repairs<'m>,
    seen: Seen,
    pub(super) headings: Option<Headings>,
    slots: Vec<Slot>,
    /// For each slot, the tests of its texts, where nothing else is read of them.
    tests: Vec<Option<Vec<&'m Test>>>,
    /// For each slot, what stood in it; for one whose texts are only tested, the outcomes of the tests, each shown as a text
    /// that has it.
    values: Vec<Values>,
    /// Names of the periods that lines belong to.
    periods: Values,
    /// Texts of the line that is looked at in such slots, where rows are kept.
    texts: Vec<(usize, String)>,
    /// For each slot, whether its text becomes a member's name.
    names_member: Vec<bool>,
    patterns: Vec<(usize, &'m [Form])>,
    key_columns: Vec<usize>,
    keys: Keys,
    /// Columns of the file that are looked at.
    in_use: Vec<bool>,
    /// Whether rows come whole, so that their like can be told.
    is_whole: bool,
    /// Whether its source has no other file, which might hold the same rows.
    is_only_file: bool,
    repeats: Repeats,
    /// Room to write a row anew in.
    scratch: Vec<u8>,
    known: Known<'m>,
    /// Of parts of the file that were read before: what is told in the order of rows.
    stashed: Vec<Stashed>,
    part: u64,
    refusals: Vec<Refusal>,
    /// What is wrong with the row that is looked at.
    of_row: Vec<Finding>,
    tag_keys: Vec<String>,
    /// The tags that were looked at last: their text, and what stands in it for each of the keys.
    last_tags: (String, Vec<String>),
    pub(super) cost: usize,
    control: Option<usize>,
    pub(super) date: Option<usize>,
    currency: Option<usize>,
    pub(super) schedule_columns: ScheduleColumns,
    pub(super) schedules: Vec<ScheduledLine>,
    /// Columns of quantities that drivers read.
    quantities: Vec<usize>,
    skip: Vec<(ColumnRef, Slot)>,
    /// The keys of groups, each with the number of its group: see [`Grouper::build_key`].
    index: Tuples,
    groups: Vec<Group>,
    /// Of each group.
    sums: Vec<Sums>,
    key: Vec<u32>,
    /// Sum of the sizes of all amounts so far, so that no sum can leave its range.
    size: Amount,
    pub(super) totals: SourceTotals,
    findings: Findings,
    /// How many of the largest rows of each group are remembered.
    rows_kept: usize,
}

impl<'m> Grouper<'m> {
    /// A grouper that remembers the largest rows of each group.
    pub(super) fn with_rows(
        model: &'m Model,
        source: usize,
        decl: &'m SourceDecl,
        footprint: &'m [ColumnRef],
        rows_kept: usize,
    ) -> Self {
        Grouper { rows_kept, ..Grouper::new(model, source, decl, footprint) }
    }

    /// `decl` is the source with the headings that its files have.
    pub(super) fn new(model: &'m Model, source: usize, decl: &'m SourceDecl, footprint: &'m [ColumnRef]) -> Self {
        Grouper {
            model,
            source,
            decl,
            repairs: Repairs::default(),
            seen: Seen::default(),
            footprint,
            headings: None,
            slots: Vec::new(),
            tests: Vec::new(),
            values: Vec::new(),
            periods: Values::default(),
            texts: Vec::new(),
            names_member: Vec::new(),
            patterns: Vec::new(),
            key_columns: Vec::new(),
            keys: Keys::default(),
            in_use: Vec::new(),
            is_whole: true,
            is_only_file: false,
            repeats: Repeats::default(),
            scratch: Vec::new(),
            known: Known::default(),
            stashed: Vec::new(),
            part: 0,
            refusals: Vec::new(),
            of_row: Vec::new(),
            tag_keys: Vec::new(),
            last_tags: <(String, Vec<String>)>::default(),
            cost: 0,
            control: None,
            date: None,
            currency: None,
            schedule_columns: ScheduleColumns::default(),
            schedules: Vec::new(),
            quantities: Vec::new(),
            skip: Vec::new(),
            index: Tuples::default(),
            groups: Vec::new(),
            sums: Vec::new(),
            key: Vec::new(),
            size: Amount::ZERO,
            totals: SourceTotals::default(),
            findings: Findings::new(),
            rows_kept: 0,
        }
    }

    /// Says that its source has no other file.
    pub(super) fn only_file(self, is_only_file: bool) -> Self {
        Grouper { is_only_file, ..self }
    }

    pub(super) fn finish(mut self) -> Grouped {
        self.settle_known();
        self.tell_repeats();
        self.keys.sort();
        self.totals.repairs = self.repairs.tally();
        if let Some(headings) = self.headings.as_ref().filter(|_| self.decl.preset.is_some_and(|it| it.name == FOCUS)) {
            let version = format!("FOCUS {}", focus::version(&headings.names).version);
            self.totals.versions.insert(version, self.totals.taken);
        }
        let groups = self.line_groups();
        let fingerprint = self.key_columns.is_empty().then(|| (self.repeats.fingerprint(), self.is_whole));
        Grouped {
            groups,
            fingerprint,
            totals: self.totals,
            findings: self.findings,
            keys: self.keys,
            refusals: self.refusals,
            seen: self.seen,
            schedules: self.schedules,
        }
    }

    /// The groups in the order of what they hold, so that the order of lines in the file does not show.
    fn line_groups(&mut self) -> Vec<LineGroup> {
        let file: Arc<str> = self.headings.as_ref().map(|headings| headings.file.as_str()).unwrap_or_default().into();
        let columns: Vec<&Values> = self.values.iter().chain([&self.periods]).collect();
        let ranks: Vec<Vec<u32>> = columns.par_iter().map(|values| values.ranks()).collect();
        let rank = |(at, number): (usize, &u32)| ranks.get(at).map_or(*number, |ranks| ranks[*number as usize]);
        let ranked: Vec<u32> = self.index.rows().flat_map(|row| row.iter().enumerate().map(rank)).collect();
        let mut order: Vec<&[u32]> = ranked.chunks_exact(self.index.width().max(1)).collect();
        // No two are the same, so that the number of the group at their end decides nothing.
        order.par_sort_unstable();
        let numbers = order.into_iter().filter_map(|row| row.last().copied());
        let group = |number: u32| {
            let at = number as usize;
            let (group, sums) = (std::mem::take(&mut self.groups[at]), self.sums[at]);
            let [values @ .., period, _span, is_remainder, _] = self.index.row(number)? else { return None };
            let shown = |(values, number): (&Values, &u32)| Arc::clone(values.shown(*number));
            Some(LineGroup {
                source: self.source,
                file: Arc::clone(&file),
                values: self.values.iter().zip(values).map(shown).collect(),
                for_period: Arc::clone(self.periods.shown(*period)),
                day: sums.day,
                lines: sums.lines,
                sum: sums.sum,
                least: sums.least,
                greatest: sums.greatest,
                first_row: group.first_row,
                quantities: group.quantities,
                is_remainder: *is_remainder != 0,
                largest: group.largest,
            })
        };
        numbers.filter_map(group).collect()
    }

    /// Rows that stand in a file twice may be a bill of two like items, or an export that was appended to itself.
    fn tell_repeats(&mut self) {
        let (tallies, one_in) = self.repeats.tally();
        let Some(headings) = self.headings.as_ref().filter(|_| !tallies.is_empty()) else { return };
        let (mut lines, mut sums) = (0, ByCurrency::default());
        for (currency, tally) in tallies {
            lines += tally.lines;
            let stated = std::str::from_utf8(&currency).ok().filter(|_| currency != Letters::default());
            sums.add(tally.sum, stated.unwrap_or_else(|| measure_of(self.model, self.decl)));
        }
        let rows = if lines == 1 { "1 row repeats".to_owned() } else { format!("{lines} rows repeat") };
        let of = if one_in == 1 { String::new() } else { format!(" (of one row in {one_in}, those looked at)") };
        let title = format!("{rows} another one word for word, with {sums} in all{of}");
        let help = "all of them are counted; where each row has a number of its own, declare it: key = [\"…\"], and a row that comes twice is refused";
        let place = Place::File(headings.file.clone());
        self.findings.push(Finding::note("repeated-rows", place, title).help(help).sums(sums));
    }

    pub(super) fn fault(
        &mut self,
        code: &'static str,
        row: u64,
        column: usize,
        title: String,
        help: impl Into<String>,
    ) {
        let Some(headings) = &self.headings else { return };
        let place = headings.place(row, Some(column));
        self.of_row.push(Finding::error(code, place, title).help(help));
    }

    /// Settles what was found wrong with a row: it stops the run, or the row is handed back.
    fn settle(&mut self, row: &Row<'_>) {
        if self.of_row.is_empty() {
            return;
        }
        let faults = std::mem::take(&mut self.of_row);
        if self.decl.refused == Refused::Stop || self.totals.quarantined.lines >= QUARANTINED_MAX {
            if let Some(headings) = self.headings.as_ref().filter(|_| self.decl.refused == Refused::Quarantine) {
                let title = format!("more than {QUARANTINED_MAX} lines of this file cannot be used");
                let help = "it is not a file with a few bad lines: have it sent again, or correct how it is declared";
                let place = Place::File(headings.file.clone());
                self.findings.push(Finding::error("too-many-refused", place, title).help(help));
            }
            for finding in faults {
                self.findings.push(finding);
            }
            return;
        }
        let headings = self.headings.as_ref().map_or(0, |headings| headings.names.len());
        let money = match row.cell(self.cost) {
            Cell::Text(_) if !row.fits(headings) => None,
            Cell::Text(text) => parse_number(text.as_bytes(), self.form(row, self.cost)).ok().map(|read| read.value),
            Cell::Day(_) | Cell::Fault(_) => None,
        };
        self.totals.quarantined.add(money.unwrap_or_default());
        self.totals.quarantined_unread += u64::from(money.is_none());
        let reasons: Vec<&str> = faults.iter().map(|finding| finding.title.as_str()).collect();
        self.refusals.push(Refusal {
            source: self.source,
            place: faults.first().map(|finding| self.place_told(finding)).unwrap_or_default(),
            reason: reasons.join("; "),
            money,
            received: self.received(row),
        });
        for finding in faults {
            self.findings.push(Finding { severity: Severity::Attention, ..finding });
        }
    }

    /// The place of a finding as messages may show it.
    fn place_told(&self, finding: &Finding) -> String {
        finding.place.clone().called(|heading| self.model.told(heading).to_owned()).describe()
    }

    /// A row as it came, but for what is personal in it.
    fn received(&self, row: &Row<'_>) -> String {
        row.as_received(|at, text| self.told(at, text))
    }

    /// The text of a cell as messages may show it.
    fn told(&self, column: usize, text: &str) -> String {
        let heading = self.headings.as_ref().and_then(|headings| headings.names.get(column));
        let is_it = |personal: &ColumnRef| match personal {
            ColumnRef::Plain(plain) => Some(plain) == heading,
            // Tags stand in one cell; where a key is personal, none of them is shown.
            ColumnRef::Tag(object, _) => Some(object) == heading || Some(&personal.to_string()) == heading,
        };
        let personal = self.model.book.personal_columns(self.decl).into_iter().find(is_it);
        let shown =
            personal.map_or_else(|| self.model.told(text), |column| self.model.shown(self.source, &column, text));
        shown.to_owned()
    }

    /// Whether the columns with a declared form have it.
    pub(super) fn forms_fit(&mut self, row: &Row<'_>) -> bool {
        let patterns = std::mem::take(&mut self.patterns);
        let mut all_fit = true;
        for (column, forms) in &patterns {
            let mut scratch = String::new();
            let Some(text) = self.text(row, *column, &mut scratch) else {
                all_fit = false;
                continue;
            };
            if forms.iter().any(|form| form.fits(text)) {
                continue;
            }
            all_fit = false;
            let expected: Vec<String> = forms.iter().map(|form| format!("`{}`", clean(&form.0))).collect();
            let expected = expected.join(" or ");
            let title = match text {
                "" => format!("this cell is blank, its declared form is {expected}"),
                text => format!("`{}` does not have the declared form {expected}", clean(&self.told(*column, text))),
            };
            let help = if text.contains("E+") {
                "a spreadsheet has made a number of this code, and its digits are lost: export again, without opening the file in a spreadsheet program"
            } else {
                "`#` stands for a digit, `?` for any one character, `*` for any number of them"
            };
            self.fault("form", row.number, *column, title, help);
        }
        self.patterns = patterns;
        all_fit
    }

    /// Whether the texts of a new group that become names hold no control characters: a line feed in a name
    /// could forge a line of a journal.
    fn names_are_clean(&mut self, row: &Row<'_>) -> bool {
        // Marks that turn the direction of writing make a name look like another one.
        let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let bad = |value: &str| {
            let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            !is_plain && value.chars().any(|c| c.is_control() || turns(c))
        };
        let texts = self.values.iter().zip(&self.key).map(|(values, number)| values.text(*number));
        let found = texts.zip(&self.names_member).enumerate().find(|(_, (value, named))| **named && bad(value));
        let Some((at, (value, _))) = found else { return true };
        let column = match &self.slots[at] {
            Slot::Column(column) | Slot::Tag(column, _) => *column,
            Slot::Absent => return true,
        };
        let title = format!("`{}` is used as a name and holds a control character", clean(&self.told(column, value)));
        let help = "have line breaks, tabs and marks of direction taken out of names where they are kept";
        self.fault("control-character", row.number, column, title, help);
        false
    }

    /// How the number in a cell is written.
    fn form(&self, row: &Row<'_>, column: usize) -> NumberFormat {
        if row.is_number(column) { self.decl.numbers.of_number_cell() } else { self.decl.numbers }
    }

    pub(super) fn number(&mut self, row: &Row<'_>, column: usize) -> Option<Amount> {
        let text = match row.cell(column) {
            Cell::Text(text) => text,
            Cell::Day(day) => {
                self.fault(
                    "not-a-number",
                    row.number,
                    column,
                    format!("this cell holds the date {day}, expected a number"),
                    "set the cell's format to a number",
                );
                return None;
            }
            Cell::Fault(fault) => {
                self.error_cell(row, column, fault);
                return None;
            }
        };
        let text = if self.is_null(text) { "" } else { text };
        match parse_number(text.as_bytes(), self.form(row, column)) {
            Ok(read) => {
                let size = self.size.checked_add(read.value.abs()).filter(|size| *size <= MONEY_MAX);
                let Some(size) = size else {
                    let title = format!("the amounts of this file are too large: up to here beyond {MONEY_MAX}");
                    self.fault(TOO_LARGE, row.number, column, title, "look for a damaged amount or a wrong column");
                    return None;
                };
                self.size = size;
                self.totals.beyond_scale += read.beyond_scale;
                Some(read.value)
            }
            // A budget with a column a period leaves blank where there is none.
            Err(NumberFault::Blank) if column == self.cost && self.decl.is_by_period => Some(Amount::ZERO),
            Err(NumberFault::Blank) => {
                let help = "an amount is never taken for 0: have it filled, or pass such rows over with `skip`";
                self.fault("blank-amount", row.number, column, "this line has no amount".to_owned(), help);
                None
            }
            Err(fault) => {
                let help = format!("{fault}; {}", declare_as(text));
                let shown = self.told(column, text);
                self.fault("not-a-number", row.number, column, format!("`{}` is not a number", clean(&shown)), help);
                None
            }
        }
    }

    fn error_cell(&mut self, row: &Row<'_>, column: usize, fault: &str) {
        let title = format!("this cell holds {}", clean(fault));
        self.fault("error-cell", row.number, column, title, fault_help(fault));
    }

    /// Whether a text is declared to mean blank.
    pub(super) fn is_null(&self, text: &str) -> bool {
        self.decl.null.iter().any(|null| null == text)
    }

    /// A quantity for a driver; blank is 0.
    pub(super) fn quantity(&mut self, row: &Row<'_>, column: usize) -> Option<Amount> {
        match row.cell(column) {
            Cell::Text(text) if text.is_empty() || self.is_null(text) => Some(Amount::ZERO),
            _ => self.number(row, column),
        }
    }

    /// The text of a cell that rules look at; texts that mean blank are blank.
    fn text<'r>(&mut self, row: &Row<'r>, column: usize, scratch: &'r mut String) -> Option<&'r str> {
        match row.cell(column) {
            Cell::Text(text) => match self.repairs.mend(row, column, text) {
                Mended::As(text) => Some(text),
                Mended::New(text) => {
                    *scratch = text;
                    Some(scratch)
                }
            },
            Cell::Day(day) => {
                *scratch = day.to_string();
                Some(scratch)
            }
            Cell::Fault(fault) => {
                self.error_cell(row, column, fault);
                None
            }
        }
    }

    fn is_skipped(&mut self, row: &Row<'_>) -> bool {
        if self.decl.skip.is_empty() {
            return false;
        }
        let skip = std::mem::take(&mut self.skip);
        let values: Vec<(&ColumnRef, String)> =
            skip.iter().map(|(field, slot)| (field, self.value(row, slot).unwrap_or_default())).collect();
        let is_skipped = self.decl.skip.hold(|clause| {
            let value = values.iter().find(|(field, _)| **field == clause.field);
            value.is_some_and(|(_, value)| self.decl.passes(&clause.field, &clause.test, value))
        });
        drop(values);
        self.skip = skip;
        is_skipped
    }

    /// What stands in a slot; `None` when that is a finding.
    fn value(&mut self, row: &Row<'_>, slot: &Slot) -> Option<String> {
        let mut scratch = String::new();
        match slot {
            Slot::Absent => Some(String::new()),
            Slot::Column(column) => self.text(row, *column, &mut scratch).map(str::to_owned),
            Slot::Tag(column, tag) => self.tag(row, *column, *tag),
        }
    }

    /// Where a column is in this file; a tag key is noted among those that are read.
    fn slot(&mut self, column: &ColumnRef) -> Slot {
        let Some(headings) = &self.headings else { return Slot::Absent };
        let find = |name: &str| headings.names.iter().position(|heading| heading == name);
        // A preset may know several headings for the currency; the one that the file has was chosen.
        let declared = self.model.book.sources[self.source].currency_column.as_ref();
        if let (Some(at), true) =
            (self.currency, declared.is_some_and(|named| ColumnRef::parse(&named.name) == *column))
        {
            return Slot::Column(at);
        }
        match (find(&column.to_string()), column) {
            (Some(at), _) => Slot::Column(at),
            (None, ColumnRef::Tag(heading, key)) => find(heading).map_or(Slot::Absent, |at| {
                self.tag_keys.push(key.clone());
                Slot::Tag(at, self.tag_keys.len() - 1)
            }),
            (None, ColumnRef::Plain(_)) => Slot::Absent,
        }
    }

    /// The day in a cell, `Some(None)` where it is blank; `None` when it is a finding.
    #[allow(clippy::option_option, reason = "blank and wrong are two things")]
    pub(super) fn day(&mut self, row: &Row<'_>, column: usize) -> Option<Option<Day>> {
        let text = match row.cell(column) {
            Cell::Day(day) => return Some(Some(day)),
            Cell::Text(text) if text.is_empty() || self.is_null(text) => return Some(None),
            Cell::Text(text) | Cell::Fault(text) => text,
        };
        let day = self.day_in(text);
        if day.is_none() {
            let title = format!("`{}` is not a date", clean(&self.told(column, text)));
            let expected = self.date_expected();
            self.fault("not-a-date", row.number, column, title, expected);
        }
        day.map(Some)
    }

    /// The day that a text names in the declared form.
    fn day_in(&self, text: &str) -> Option<Day> {
        match &self.decl.dates {
            Some(form) if form == PERIOD_AS_DATE => {
                self.model.book.head.calendar.period(text).map(|period| period.last)
            }
            Some(format) => Day::parse_with(text, format),
            None => Day::parse_iso(text),
        }
    }

    fn date_expected(&self) -> String {
        match &self.decl.dates {
            Some(form) if form == PERIOD_AS_DATE => {
                format!("expected the name of a period, such as {}", self.model.book.head.calendar.example())
            }
            Some(format) => format!("expected a date in the declared form {format}"),
            None => "expected a date such as 2026-10-31; another form is declared as formats = { date = \"%d/%m/%Y\" }"
                .to_owned(),
        }
    }

    /// The day of a line and where that is; `None` when that is a finding or another run's.
    fn period(&mut self, row: &Row<'_>, sum: Amount) -> Option<(Day, Class)> {
        let model = self.model;
        let here = |this: &mut Self, day| Some((day, this.class(row, &model.period.name, day)?));
        let Some(column) = self.date else { return here(self, model.period.last) };
        let known = self.known.dated();
        let day = match known {
            Some((day, _)) => Some(day),
            None => self.day(row, column)?,
        };
        let Some(day) = day else {
            let expected = self.date_expected();
            self.fault("not-a-date", row.number, column, "this line has no date".to_owned(), expected);
            return None;
        };
        self.totals.days = Some(self.totals.days.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
        if model.period.contains(day) {
            return known.or_else(|| here(self, day));
        }
        match self.decl.late {
            Late::Own => {
                self.totals.other_periods.add(sum);
                None
            }
            Late::Here if known.is_some() => known,
            Late::Here => {
                let Some(own) = model.book.head.calendar.containing(day) else {
                    let title = format!("this line is dated {day}, which is in no period of the calendar");
                    self.fault("not-a-date", row.number, column, title, self.date_expected());
                    return None;
                };
                Some((day, self.class(row, &own.name, day)?))
            }
            Late::Refuse => {
                if let Some(headings) = &self.headings {
                    let is_rated = matches!(self.decl.cost, CostDecl::Rated { .. });
                    let currency = self.currency_of(row);
                    let sums = ByCurrency::of(sum, if is_rated { HOURS } else { currency.code() });
                    let title = format!("this line is dated {day}, outside {} ({sums})", model.period.name);
                    let help = "say what to do with lines of other periods: late = \"own\" (they belong to their own period's run) or \"here\" (booked in this one)";
                    let finding = Finding::error("wrong-period", headings.place(row.number, Some(column)), title);
                    self.of_row.push(finding.help(help).sums(sums));
                }
                None
            }
        }
    }

    /// Whether days are counted in an earlier or later period than that of the run.
    fn is_late(&self, class: Class) -> bool {
        self.periods.text(class.period) != self.model.period.name
    }

    /// Where a day is that is counted in a period; `None` when that is a finding.
    fn class(&mut self, row: &Row<'_>, period: &str, day: Day) -> Option<Class> {
        let class = Class::of(self.model, &mut self.periods, period, day);
        self.or_too_many(row, class)
    }

    /// What has a number, unless there is more than can be numbered.
    fn or_too_many<N>(&mut self, row: &Row<'_>, number: Option<N>) -> Option<N> {
        if number.is_none() {
            let title = format!("rules read more than {} texts or groups of lines in this file", u32::MAX);
            self.fault(
                TOO_LARGE,
                row.number,
                self.cost,
                title,
                "split the file, or let rules read fewer of its columns",
            );
        }
        number
    }

    /// Counts a line in the total of its currency.
    fn count_currency(&mut self, row: &Row<'_>, sum: Amount) {
        let Some(Cell::Text(code)) = self.currency.map(|column| row.cell(column)) else { return };
        if let Some(tally) = self.totals.currencies.get_mut(code) {
            tally.add(sum);
        } else if self.totals.currencies.len() < CURRENCIES_MAX {
            self.totals.currencies.insert(code.to_owned(), Tally { lines: 1, sum });
        }
    }

    /// The letters of the currency that stands in a line, where its amounts are money.
    fn letters_of(&self, row: &Row<'_>) -> Letters {
        match self.currency.map(|column| row.cell(column)) {
            Some(Cell::Text(code)) if matches!(self.decl.cost, CostDecl::Column(_)) => {
                code.as_bytes().try_into().unwrap_or_default()
            }
            _ => Letters::default(),
        }
    }

    /// The currency that a line is in.
    pub(super) fn currency_of(&self, row: &Row<'_>) -> Currency {
        let stated = match self.currency.map(|column| row.cell(column)) {
            Some(Cell::Text(code)) => Currency::new(code),
            _ => self.decl.currency.as_ref().map(|(currency, _)| currency.clone()),
        };
        stated.unwrap_or_else(|| self.model.book.head.currency.clone())
    }

    /// Whether the line is in the currency of the books, or in one that can be exchanged.
    fn currency_is_known(&mut self, row: &Row<'_>) -> bool {
        let Some(column) = self.currency else { return true };
        let ours = self.model.book.head.currency.code();
        match row.cell(column) {
            Cell::Text(text) if text == ours => true,
            Cell::Text(text) if self.model.fx.is_some() && Currency::new(text).is_some() => true,
            other => {
                let text = match other {
                    Cell::Text(text) => self.told(column, text),
                    Cell::Day(day) => day.to_string(),
                    Cell::Fault(fault) => fault.to_owned(),
                };
                let title = match text.as_str() {
                    "" => format!("this line has no currency, the books are in {ours}"),
                    text if Currency::new(text).is_none() => format!("`{}` is not a currency", clean(text)),
                    text => {
                        format!("this line is in `{text}`, the books are in {ours}, and there are no exchange rates")
                    }
                };
                self.fault(
                    "currency",
                    row.number,
                    column,
                    title,
                    "expected a code of ISO 4217; other currencies than that of the books need a table [fx]",
                );
                false
            }
        }
    }

    /// Puts the numbers of what stands in the line's footprint columns into `self.key`, behind them its period, its span and
    /// whether it is a remainder; `false` when a cell is a finding.
    fn build_key(&mut self, row: &Row<'_>, class: Class, is_remainder: bool) -> bool {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        let slots = std::mem::take(&mut self.slots);
        let mut texts = std::mem::take(&mut self.texts);
        texts.clear();
        let mut is_sound = true;
        for (at, slot) in slots.iter().enumerate() {
            // Where rows are kept, their texts are wanted as well as what tests say of them.
            let is_known = self.tests[at].is_none() || self.rows_kept == 0;
            if is_known && let Some(number) = self.known.value(at, &self.values[at]) {
                key.push(number);
                continue;
            }
            let mut scratch = String::new();
            let tag_value;
            let text = match slot {
                Slot::Absent => Some(""),
                Slot::Column(column) => self.text(row, *column, &mut scratch),
                Slot::Tag(column, tag) => {
                    tag_value = self.tag(row, *column, *tag);
                    tag_value.as_deref()
                }
            };
            let Some(text) = text else {
                is_sound = false;
                continue;
            };
            let number = match &self.tests[at] {
                None => self.values[at].number(text),
                Some(tests) => {
                    if self.rows_kept > 0 {
                        texts.push((at, text.to_owned()));
                    }
                    self.values[at].number_as(&outcomes(self.decl, &self.footprint[at], tests, text), text)
                }
            };
            if let Some(number) = self.or_too_many(row, number) {
                self.known.note_value(at, number);
                key.push(number);
            } else {
                is_sound = false;
            }
        }
        self.slots = slots;
        self.texts = texts;
        key.extend([class.period, class.span, u32::from(is_remainder)]);
        self.key = key;
        is_sound
    }

    /// The value of one tag key of a line.
    fn tag(&mut self, row: &Row<'_>, column: usize, tag: usize) -> Option<String> {
        let mut scratch = String::new();
        let text = self.text(row, column, &mut scratch)?;
        if text.is_empty() {
            return Some(String::new());
        }
        if self.last_tags.0 == text {
            return Some(self.last_tags.1[tag].clone());
        }
        match parse_tags(text, &self.tag_keys) {
            Ok(values) => {
                let value = values[tag].clone();
                self.last_tags = (text.to_owned(), values);
                Some(value)
            }
            Err(error) => {
                let title = format!("`{}` is not a JSON object of tags", clean(&self.told(column, text)));
                self.fault(
                    "bad-tags",
                    row.number,
                    column,
                    title,
                    format!("{error}; expected something like {{\"app\": \"claims\"}}"),
                );
                None
            }
        }
    }
}

/// What tests say of a text: a sign for each.
fn outcomes(decl: &SourceDecl, column: &ColumnRef, tests: &[&Test], text: &str) -> String {
    tests.iter().map(|test| if decl.passes(column, test, text) { '+' } else { '-' }).collect()
}

/// Whether a row is among the largest so far, of which so many are kept.
fn is_among_largest(largest: &[RowSum], sum: Amount, kept: usize) -> bool {
    largest.len() < kept || kept > 0 && largest.last().is_some_and(|last| last.sum.abs() < sum.abs())
}

/// Puts a row among the largest, by size and then in the order of rows.
fn keep_largest(largest: &mut Vec<RowSum>, row: RowSum, kept: usize) {
    let at = largest.partition_point(|other| other.sum.abs() >= row.sum.abs());
    largest.insert(at, row);
    largest.truncate(kept);
}

/// How a number of this form is declared.
fn declare_as(text: &str) -> &'static str {
    let text = text.trim();
    if text.starts_with('(') && text.ends_with(')') {
        "amounts in brackets are declared as formats = { negative = \"parentheses\" }"
    } else if text.ends_with('-') {
        "a minus behind the amount is declared as formats = { negative = \"trailing minus\" }"
    } else if text.contains(['$', '£', '€', '¥', '₹']) {
        "a currency sign is declared as formats = { currency_sign = \"£\" }"
    } else {
        "another form of numbers is declared as formats = { number = \"1,234.56\" }"
    }
}

/// The texts of some keys of a JSON object; a key that stands twice with two values has none.
fn parse_tags(text: &str, keys: &[String]) -> Result<Vec<String>, String> {
    // Azure writes the entries of the object without its braces.
    let braced = text.starts_with('"').then(|| format!("{{{text}}}"));
    let text = braced.as_deref().unwrap_or(text);
    let mut reader = serde_json::Deserializer::from_str(text);
    let tags = Tags(keys).deserialize(&mut reader).and_then(|tags| reader.end().map(|()| tags));
    let tags = tags.map_err(|error| error.to_string())?;
    let value = |key: &String| {
        let mut values = tags.iter().filter(|(name, _)| name == key).map(|(_, value)| value);
        let first = values.next().map_or("", String::as_str);
        if values.any(|other| other != first) {
            Err(format!("the key `{}` has two values", clean(key)))
        } else {
            Ok(first.to_owned())
        }
    };
    keys.iter().map(value).collect()
}

/// The members of a JSON object that have one of some keys, in their order, repeated ones too: key and text.
struct Tags<'k>(&'k [String]);

impl<'k, 'de> DeserializeSeed<'de> for Tags<'k> {
    type Value = Vec<(&'k str, String)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'k, 'de> serde::de::Visitor<'de> for Tags<'k> {
    type Value = Vec<(&'k str, String)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key_seed(KeyOf(self.0))? {
            let Some(key) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let raw = map.next_value::<&RawValue>()?.get();
            let text = match raw.as_bytes().first() {
                Some(b'n') => String::new(),
                Some(b'"') => serde_json::from_str::<String>(raw).map_err(A::Error::custom)?.trim().to_owned(),
                Some(b'{' | b'[') => {
                    serde_json::from_str::<serde_json::Value>(raw).map_err(A::Error::custom)?.to_string()
                }
                // A number with all its digits, as it is written.
                _ => raw.to_owned(),
            };
            members.push((key, text));
        }
        Ok(members)
    }
}

/// The key that a member has, where it is one of some keys.
struct KeyOf<'k>(&'k [String]);

impl<'k, 'de> DeserializeSeed<'de> for KeyOf<'k> {
    type Value = Option<&'k str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'k> serde::de::Visitor<'_> for KeyOf<'k> {
    type Value = Option<&'k str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().map(String::as_str).find(|key| *key == text))
    }
}

impl Visitor for Grouper<'_> {
    fn headings(&mut self, headings: &Headings) -> bool {
        let find = |name: &str| headings.names.iter().position(|heading| heading == name);
        let decl = self.decl;
        self.cost = find(&decl.cost.column().name).unwrap_or(usize::MAX);
        let control = decl.control.as_ref().and_then(|control| control.column.as_ref());
        self.control = control.and_then(|column| find(&column.name)).filter(|column| *column != self.cost);
        self.date = decl.date.as_ref().and_then(|date| find(&date.name));
        self.schedule_columns = ScheduleColumns::find(decl.schedule.as_ref(), find);
        self.currency = decl.currency_column.as_ref().and_then(|currency| find(&currency.name));
        let of_drivers = self.model.book.quantity_columns(&decl.name);
        self.quantities = of_drivers.iter().filter_map(|column| find(&column.name)).collect();
        self.headings = Some(headings.clone());
        self.repairs = Repairs::place(decl, headings);
        self.seen = Seen::place(headings);
        let book = &self.model.book;
        let rules: Vec<_> = book.classify.iter().filter(|rule| footprint::looks_at(rule, decl)).collect();
        let templates = || rules.iter().flat_map(|rule| &rule.set).chain(&decl.set).map(|(_, template)| template);
        self.names_member = self
            .footprint
            .iter()
            .map(|column| templates().any(|template| template.columns().any(|named| named == column)))
            .collect();
        let forms = decl.patterns.iter().filter_map(|(column, forms)| Some((find(&column.name)?, forms.as_slice())));
        self.patterns = forms.collect();
        self.key_columns = decl.key.iter().filter_map(|column| find(&column.name)).collect();
        let footprint = self.footprint;
        self.slots = footprint.iter().map(|column| self.slot(column)).collect();
        // Lines that are spread over time are shown with their texts.
        let declared = &book.sources[self.source];
        let tests_of = |column| footprint::only_tests_of(book, declared, column).filter(|_| decl.schedule.is_none());
        self.tests = footprint.iter().map(tests_of).collect();
        self.values.resize_with(footprint.len(), Values::default);
        // Behind what stands in the columns come period, span, whether it is a remainder, and the group.
        self.index = Tuples::of_width(footprint.len() + 4);
        self.skip = decl.skip.fields().map(|field| (field.clone(), self.slot(field))).collect();
        let in_use = |at: usize| {
            [Some(self.cost), self.control, self.date, self.currency].contains(&Some(at))
                || self.schedule_columns.all().contains(&Some(at))
                || self.quantities.contains(&at)
                || self.key_columns.contains(&at)
                || self.patterns.iter().any(|(column, _)| *column == at)
                || self
                    .slots
                    .iter()
                    .chain(self.skip.iter().map(|(_, slot)| slot))
                    .any(|slot| matches!(slot, Slot::Column(column) | Slot::Tag(column, _) if *column == at))
        };
        self.in_use = (0..headings.names.len()).map(in_use).collect();
        for column in (0..headings.names.len()).filter(|column| self.is_text(*column)).collect::<Vec<_>>() {
            for other in self.repairs.also_read(column) {
                self.in_use[other] = true;
            }
        }
        self.seen.columns().for_each(|column| self.in_use[column] = true);
        self.place_known();
        for (at, name) in headings.names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let (used, ignored) = &mut self.totals.columns;
            if self.in_use[at] { used.push(name.clone()) } else { ignored.push(name.clone()) }
        }
        true
    }

    fn part(&mut self, number: u64) {
        self.stash();
        self.part = number;
    }

    fn ahead(&mut self, rows: &[RawRow<'_>]) {
        self.look_ahead(rows);
    }

    fn raw(&mut self, row: &RawRow<'_>) -> bool {
        self.take_known(row)
    }

    fn row(&mut self, row: &Row<'_>) {
        self.take(row);
        self.known.forget_row();
        self.settle(row);
    }

    fn wants(&mut self, column: usize) -> bool {
        self.is_whole = false;
        self.in_use.get(column).copied().unwrap_or(false)
    }

    fn refuse(&mut self, row: &Row<'_>, finding: Finding) {
        self.known.forget_row();
        self.of_row.push(finding);
        self.settle(row);
    }

    fn fault(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

impl Grouper<'_> {
    /// Whether rules look at the texts of a column.
    fn is_text(&self, column: usize) -> bool {
        let slots = self.slots.iter().chain(self.skip.iter().map(|(_, slot)| slot));
        slots.into_iter().any(|slot| matches!(slot, Slot::Column(at) | Slot::Tag(at, _) if *at == column))
            || self.patterns.iter().any(|(at, _)| *at == column)
    }

    /// Whether rows are told apart by hashes of them; for those that do not come whole, only those of other files matter.
    fn wants_hashes(&self) -> bool {
        self.rows_kept == 0 && self.key_columns.is_empty() && (self.is_whole || !self.is_only_file)
    }

    /// Remembers a row, so that its like can be told.
    pub(super) fn note_row(&mut self, row: &Row<'_>, sum: Amount) {
        if self.rows_kept > 0 {
            return;
        }
        if self.wants_hashes() {
            let columns = self.headings.as_ref().map_or(0, |headings| headings.names.len());
            let hash = self.known.hash().unwrap_or_else(|| row.hash(columns, &mut self.scratch));
            self.repeats.add(hash, sum, self.letters_of(row), self.is_whole);
        }
        if self.key_columns.is_empty() {
            return;
        }
        let days: Vec<String> = self
            .key_columns
            .iter()
            .map(|column| match row.cell(*column) {
                Cell::Text(_) | Cell::Fault(_) => String::new(),
                Cell::Day(day) => day.to_string(),
            })
            .collect();
        let texts = self.key_columns.iter().zip(&days).map(|(column, day)| match row.cell(*column) {
            Cell::Text(text) | Cell::Fault(text) => text,
            Cell::Day(_) => day,
        });
        self.keys.add(texts, row.number);
    }

    /// Takes a line into its group, or says in `of_row` why not.
    fn take(&mut self, row: &Row<'_>) {
        self.repairs.next_row();
        if row.is_blank() {
            self.totals.blank_rows += 1;
            return;
        }
        if self.is_skipped(row) {
            // A totals row may hold a text where others hold an amount; then no money is passed over.
            let sum = match row.cell(self.cost) {
                Cell::Text(text) => {
                    parse_number(text.as_bytes(), self.form(row, self.cost)).map(|read| read.value).unwrap_or_default()
                }
                Cell::Day(_) | Cell::Fault(_) => Amount::ZERO,
            };
            self.totals.skipped.add(sum);
            return;
        }
        let Some(sum) = self.number(row, self.cost) else { return };
        let control = match self.control {
            Some(column) => match self.number(row, column) {
                Some(control) => control,
                None => return,
            },
            None => sum,
        };
        if !self.currency_is_known(row) {
            return;
        }
        self.count_currency(row, sum);
        if let Some(schedule) = &self.decl.schedule {
            self.take_scheduled(row, schedule, sum, control);
            return;
        }
        let Some((day, class)) = self.period(row, sum) else {
            // A line of another run counts in the totals of its file, one that is handed back does not.
            self.totals.control += if self.of_row.is_empty() { control } else { Amount::ZERO };
            return;
        };
        if !self.build_key(row, class, false) {
            return;
        }
        let Some(quantities) = self.quantities_of(row) else { return };
        if !self.forms_fit(row) {
            return;
        }
        let known = self.group_of(&self.key);
        if known.is_none() && !self.names_are_clean(row) {
            return;
        }
        let key = std::mem::take(&mut self.key);
        let line = Line { row: row.number, day, sum, quantities };
        let group = self.add(row, &key, known, line);
        self.key = key;
        let Some(group) = group else { return };
        self.note_row(row, sum);
        self.totals.control += control;
        self.totals.taken.add(sum);
        if self.is_late(class) {
            self.totals.late.add(sum);
        }
        self.count_repairs(row, sum);
        self.get_to_know(row, class, group);
    }

    /// Notes what was mended in a line that is taken, and what it says of its basis.
    pub(super) fn count_repairs(&mut self, row: &Row<'_>, sum: Amount) {
        self.repairs.count(sum);
        self.seen.look(row);
    }

    /// The quantities that drivers read in a line; `None` when one is a finding.
    pub(super) fn quantities_of(&mut self, row: &Row<'_>) -> Option<Vec<Amount>> {
        let mut quantities = Vec::with_capacity(self.quantities.len());
        for at in 0..self.quantities.len() {
            // A line that used nothing, such as a tax, has no quantity.
            quantities.push(self.quantity(row, self.quantities[at])?);
        }
        Some(quantities)
    }

    /// The group of a key.
    pub(super) fn group_of(&self, key: &[u32]) -> Option<usize> {
        self.index.find(key).and_then(<[u32]>::last).map(|number| *number as usize)
    }

    /// The key of what a period takes of a line; `None` when a cell is a finding.
    pub(super) fn key_of(&mut self, row: &Row<'_>, period: &str, day: Day, is_remainder: bool) -> Option<Vec<u32>> {
        let class = self.class(row, period, day)?;
        (self.build_key(row, class, is_remainder) && self.names_are_clean(row)).then(|| self.key.clone())
    }

    /// The texts of a line that rules read; `None` when a cell is a finding.
    pub(super) fn footprint_of(&mut self, row: &Row<'_>) -> Option<Vec<String>> {
        if !self.build_key(row, Class { period: 0, span: 0 }, false) {
            return None;
        }
        let texts = self.values.iter().zip(&self.key).map(|(values, number)| values.text(*number).to_owned());
        Some(texts.collect())
    }

    /// The line whose texts were looked at last.
    fn row_sum(&self, row: u64, sum: Amount) -> RowSum {
        RowSum { row, sum, texts: self.texts.clone() }
    }

    /// Adds a line, or what a period takes of it, to the group of its key, where there is one, or else to a new one. Says which;
    /// `None` when that is a finding.
    pub(super) fn add(&mut self, of: &Row<'_>, key: &[u32], group: Option<usize>, line: Line) -> Option<usize> {
        let Line { row, day, sum, quantities } = line;
        if let Some(at) = group {
            self.sums[at].merge(Sums::of(sum, day));
            let group = &mut self.groups[at];
            group.quantities.iter_mut().zip(&quantities).for_each(|(sum, quantity)| *sum += *quantity);
            if is_among_largest(&group.largest, sum, self.rows_kept) {
                let row = self.row_sum(row, sum);
                keep_largest(&mut self.groups[at].largest, row, self.rows_kept);
            }
            return Some(at);
        }
        let at = self.groups.len();
        let added = u32::try_from(at).ok().and_then(|number| self.index.add(key, &[number]));
        self.or_too_many(of, added)?;
        let largest = if self.rows_kept > 0 { vec![self.row_sum(row, sum)] } else { Vec::new() };
        self.groups.push(Group { first_row: row, quantities, largest });
        self.sums.push(Sums::of(sum, day));
        Some(at)
    }
}
