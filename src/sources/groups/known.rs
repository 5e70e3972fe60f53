//! Lines like those before them: what rules read of them is the same, so that only their amounts are looked at.
//!
//! A combination is what stands in all columns that decide what becomes of a line, but for its date and its amounts; each
//! text of a column has a number, and texts of which rules see the same have one together. The first line of a combination is taken as any line is; what becomes of it becomes of
//! the others too, and their amounts are added up beside the combination until all lines are read.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{Grouper, RowSum, Slot, Tally, is_among_largest, keep_largest, outcomes, parse_tags};
use crate::files::{Cell, RawRow, Row};
use crate::money::{Amount, parse_number};
use crate::period::Day;
use crate::rulebook::Late;
use crate::rulebook::condition::{ColumnRef, Test};

use super::super::MONEY_MAX;

/// Combinations that are remembered; lines of others are looked at in full.
const COMBINATIONS_MAX: usize = 1 << 17;

/// Bytes of texts that are remembered.
const BYTES_MAX: usize = 4 << 20;

/// Texts of dates that are remembered: an export by the hour has 744 in a month.
const DATES_MAX: usize = 4096;

/// What lines of one combination have in common, and their amounts but for those of the first.
struct Combination {
    group: usize,
    is_late: bool,
    currency: Option<Box<str>>,
    repairs: Box<[(usize, usize)]>,
    lines: u64,
    sum: Amount,
    least: Amount,
    greatest: Amount,
    control: Amount,
    day: Option<Day>,
    quantities: Box<[Amount]>,
}

/// What a text of the date column says: the day, and one number for all days that are treated alike.
#[derive(Clone, Copy)]
struct Dated {
    day: Day,
    class: u32,
}

/// A column that decides what becomes of a line.
struct Deciding<'m> {
    column: usize,
    /// What is read of it, where that is not the text as it stands.
    reads: Option<Vec<Reading<'m>>>,
    /// The numbers of its texts, as they stand.
    texts: FxHashMap<Box<[u8]>, u32>,
    /// What is read of texts with these numbers.
    values: FxHashMap<Vec<String>, u32>,
    /// How many numbers there are.
    count: u32,
    last: (Vec<u8>, u32),
}

/// What is read of a text.
#[derive(Clone)]
struct Reading<'m> {
    /// A tag in it, as index among [`Grouper::tag_keys`].
    tag: Option<usize>,
    /// The tests it must pass, where nothing else is read.
    tests: Option<(&'m ColumnRef, Vec<&'m Test>)>,
}

/// The combinations of a part of a file.
#[derive(Default)]
pub(super) struct Known<'m> {
    /// None where lines have to be looked at one by one.
    columns: Option<Vec<Deciding<'m>>>,
    combinations: FxHashMap<Box<[u32]>, u32>,
    list: Vec<Combination>,
    /// Bytes of texts that have a number.
    bytes: usize,
    dates: FxHashMap<Box<str>, Dated>,
    last_date: (String, Option<Dated>),
    /// For each class of days, the period they belong to and their span between two changes of the model.
    classes: Vec<(String, usize)>,
    /// The combination of the row that is looked at, when it is a new one.
    key: Vec<u32>,
    is_new: bool,
    quantities: Vec<Amount>,
}

impl Known<'_> {
    pub(super) fn forget_row(&mut self) {
        self.is_new = false;
    }
}

impl Deciding<'_> {
    /// The number of a text that has one.
    fn number(&mut self, text: &[u8]) -> Option<u32> {
        if self.last.0 == text {
            return Some(self.last.1);
        }
        let number = *self.texts.get(text)?;
        self.last.0.clear();
        self.last.0.extend_from_slice(text);
        self.last.1 = number;
        Some(number)
    }
}

impl<'m> Grouper<'m> {
    /// Finds the columns that decide what becomes of a line.
    pub(super) fn place_known(&mut self) {
        // Contracts are looked at line by line.
        if self.decl.schedule.is_some() {
            return;
        }
        let decl = self.decl;
        let of_rules = self.footprint.iter().zip(&self.tests).map(|(column, tests)| (column, tests.clone()));
        let of_skip = decl.skip.clauses().map(|clause| (&clause.field, Some(vec![&clause.test])));
        let slots = self.slots.iter().chain(self.skip.iter().map(|(_, slot)| slot));
        let mut columns: BTreeMap<usize, Vec<Reading<'m>>> = BTreeMap::new();
        for (slot, (of, tests)) in slots.zip(of_rules.chain(of_skip)) {
            let (column, tag) = match slot {
                Slot::Column(column) => (*column, None),
                Slot::Tag(column, tag) => (*column, Some(*tag)),
                Slot::Absent => continue,
            };
            columns.entry(column).or_default().push(Reading { tag, tests: tests.map(|tests| (of, tests)) });
        }
        let mut whole: BTreeSet<usize> = self.patterns.iter().map(|(column, _)| *column).collect();
        whole.extend(self.currency);
        whole.extend(self.seen.columns());
        whole.extend(self.repairs.provider_column());
        let is_read = |(_, reads): &(&usize, &Vec<Reading<'_>>)| {
            reads.iter().any(|reading| reading.tag.is_none() && reading.tests.is_none())
        };
        whole.extend(columns.iter().filter(is_read).map(|(column, _)| *column));
        whole.extend(columns.keys().filter(|column| !self.repairs.only_blanks(**column)));
        whole.extend(columns.keys().flat_map(|column| self.repairs.also_read(*column)).collect::<Vec<_>>());
        whole.extend(whole.clone().into_iter().flat_map(|column| self.repairs.also_read(column)));
        let mut deciding: BTreeMap<usize, Option<Vec<Reading<'m>>>> =
            columns.into_iter().map(|(column, reads)| (column, Some(reads))).collect();
        deciding.extend(whole.into_iter().map(|column| (column, None)));
        let new = |(column, reads)| Deciding {
            column,
            reads,
            texts: FxHashMap::default(),
            values: FxHashMap::default(),
            count: 0,
            // No text stands like this, so that none is taken for it.
            last: (vec![b'\n', b'"'], 0),
        };
        self.known.columns = Some(deciding.into_iter().map(new).collect());
    }

    /// Takes a line whose combination is known; `false` when it has to be looked at in full.
    pub(super) fn take_known(&mut self, row: &RawRow<'_>) -> bool {
        self.known.is_new = false;
        let Some(dated) = self.dated(row) else { return false };
        let mut columns = self.known.columns.take();
        let is_numbered = columns.as_mut().is_some_and(|columns| self.combine(row, dated, columns));
        self.known.columns = columns;
        if !is_numbered {
            return false;
        }
        let Some(at) = self.known.combinations.get(self.known.key.as_slice()).copied() else {
            self.known.is_new = self.known.list.len() < COMBINATIONS_MAX;
            return false;
        };
        self.add_known(at as usize, dated.day, row)
    }

    /// Writes the numbers of a line's texts into `known.key`; `false` when one has none.
    fn combine(&mut self, row: &RawRow<'_>, dated: Dated, columns: &mut [Deciding<'m>]) -> bool {
        self.known.key.clear();
        self.known.key.push(dated.class);
        for deciding in columns {
            let text = row.field(deciding.column);
            let Some(number) = deciding.number(text.as_bytes()).or_else(|| self.new_text(row, text, deciding)) else {
                return false;
            };
            self.known.key.push(number);
        }
        true
    }

    /// Gives a text a number: one of its own, or that of what is read of it.
    fn new_text(&mut self, row: &RawRow<'_>, text: &str, deciding: &mut Deciding<'m>) -> Option<u32> {
        if self.known.bytes + text.len() > BYTES_MAX {
            return None;
        }
        let unquoted = row.unquoted(deciding.column);
        let next = deciding.count;
        let number = match &deciding.reads {
            // What is done to a text that may mean blank depends on the line.
            Some(reads) if !self.repairs.may_be_blank(deciding.column, &unquoted) => {
                let values = self.read(&unquoted, reads)?;
                let bytes = values.iter().map(String::len).sum::<usize>();
                *deciding.values.entry(values).or_insert_with(|| {
                    self.known.bytes += bytes;
                    next
                })
            }
            _ => next,
        };
        if number == next {
            deciding.count = next.checked_add(1)?;
        }
        self.known.bytes += text.len() + size_of::<(Box<[u8]>, u32)>();
        deciding.texts.insert(text.as_bytes().into(), number);
        Some(number)
    }

    /// What is read of a text; `None` when its tags cannot be read.
    fn read(&self, text: &str, reads: &[Reading<'m>]) -> Option<Vec<String>> {
        let is_tagged = reads.iter().any(|reading| reading.tag.is_some());
        let tags = if is_tagged && !text.is_empty() { parse_tags(text, &self.tag_keys).ok()? } else { Vec::new() };
        let value = |reading: &Reading<'m>| {
            let text = reading.tag.map_or(text, |tag| tags.get(tag).map_or("", String::as_str));
            match &reading.tests {
                None => text.to_owned(),
                Some((column, tests)) => outcomes(self.decl, column, tests, text),
            }
        };
        Some(reads.iter().map(value).collect())
    }

    /// Adds the amounts of a line to its combination, where nothing is to be said of them.
    fn add_known(&mut self, at: usize, day: Day, row: &RawRow<'_>) -> bool {
        let (mut size, mut beyond_scale) = (self.size, 0);
        let mut number = |column: usize, may_be_blank: bool| {
            let text = row.text(column)?;
            let is_blank = text.is_empty() || self.decl.null.iter().any(|null| null == text);
            if is_blank {
                return may_be_blank.then_some(Amount::ZERO);
            }
            let read = parse_number(text.as_bytes(), self.decl.numbers).ok()?;
            size = size.checked_add(read.value.abs()).filter(|size| *size <= MONEY_MAX)?;
            beyond_scale += read.beyond_scale;
            Some(read.value)
        };
        let Some(sum) = number(self.cost, false) else { return false };
        let Some(control) = self.control.map_or(Some(sum), |column| number(column, false)) else { return false };
        self.known.quantities.clear();
        for column in &self.quantities {
            let Some(quantity) = number(*column, true) else { return false };
            self.known.quantities.push(quantity);
        }
        if self.rows_kept > 0 {
            if !self.keep_known(self.known.list[at].group, row, sum) {
                return false;
            }
        } else if self.key_columns.is_empty() {
            let hash = row.hash(&mut self.scratch);
            self.repeats.add(hash, sum, self.is_whole);
        } else {
            let texts: Option<Vec<&str>> = self.key_columns.iter().map(|column| row.text(*column)).collect();
            let Some(texts) = texts else { return false };
            self.keys.add(texts.into_iter(), row.number);
        }
        self.size = size;
        self.totals.beyond_scale += beyond_scale;
        if self.date.is_some() {
            self.totals.days =
                Some(self.totals.days.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
        }
        let known = &mut self.known.list[at];
        known.lines += 1;
        known.sum += sum;
        known.control += control;
        known.least = known.least.min(sum);
        known.greatest = known.greatest.max(sum);
        known.day = Some(known.day.map_or(day, |first| first.min(day)));
        known.quantities.iter_mut().zip(&self.known.quantities).for_each(|(sum, quantity)| *sum += *quantity);
        true
    }

    /// Keeps a line where it is among the largest; `false` when its texts have to be looked at in full.
    fn keep_known(&mut self, group: usize, row: &RawRow<'_>, sum: Amount) -> bool {
        if !is_among_largest(&self.groups[group].largest, sum, self.rows_kept) {
            return true;
        }
        let tested = self.tests.iter().enumerate().filter(|(_, tests)| tests.is_some());
        let text = |at: usize| match &self.slots[at] {
            Slot::Absent => Some(String::new()),
            Slot::Column(column) | Slot::Tag(column, _) if !self.repairs.only_blanks(*column) => None,
            Slot::Column(column) => Some(row.unquoted(*column).into_owned()),
            Slot::Tag(column, tag) => match row.unquoted(*column).as_ref() {
                "" => Some(String::new()),
                text => parse_tags(text, &self.tag_keys[*tag..=*tag]).ok()?.pop(),
            },
        };
        let may_be_blank = |at: usize| match &self.slots[at] {
            Slot::Absent => false,
            Slot::Column(column) | Slot::Tag(column, _) => self.repairs.may_be_blank(*column, &row.unquoted(*column)),
        };
        let texts: Option<Vec<(usize, String)>> =
            tested.map(|(at, _)| if may_be_blank(at) { None } else { Some((at, text(at)?)) }).collect();
        let Some(texts) = texts else { return false };
        let row = RowSum { row: row.number, sum, texts };
        keep_largest(&mut self.groups[group].largest, row, self.rows_kept);
        true
    }

    /// What the date of a line says, where that is a line of this run.
    fn dated(&mut self, row: &RawRow<'_>) -> Option<Dated> {
        let Some(column) = self.date else {
            return Some(Dated { day: self.model.period.last, class: 0 });
        };
        let text = row.text(column)?;
        if let (last, Some(dated)) = &self.known.last_date
            && last == text
        {
            return Some(*dated);
        }
        let dated = match self.known.dates.get(text) {
            Some(dated) => *dated,
            None => self.new_date(text)?,
        };
        text.clone_into(&mut self.known.last_date.0);
        self.known.last_date.1 = Some(dated);
        Some(dated)
    }

    fn new_date(&mut self, text: &str) -> Option<Dated> {
        let model = self.model;
        if text.is_empty() || self.is_null(text) {
            return None;
        }
        let day = self.day_in(text)?;
        let period = match (model.period.contains(day), self.decl.late) {
            (true, _) => String::new(),
            (false, Late::Here) => model.book.head.calendar.containing(day)?.name,
            (false, Late::Own | Late::Refuse) => return None,
        };
        let class = (period, model.changes.partition_point(|change| *change <= day));
        let classes = &mut self.known.classes;
        let at = classes.iter().position(|known| *known == class).unwrap_or_else(|| {
            classes.push(class);
            classes.len() - 1
        });
        let dated = Dated { day, class: u32::try_from(at).ok()? };
        if self.known.dates.len() < DATES_MAX {
            self.known.dates.insert(text.into(), dated);
        }
        Some(dated)
    }

    /// Remembers what became of a line, when it is the first of its combination.
    pub(super) fn get_to_know(&mut self, row: &Row<'_>, group: usize) {
        if !std::mem::take(&mut self.known.is_new) {
            return;
        }
        let code = self.currency.map(|column| row.cell(column));
        let currency = match code {
            Some(Cell::Text(code)) => Some(code.into()),
            _ => None,
        };
        let Ok(at) = u32::try_from(self.known.list.len()) else { return };
        let combination = Combination {
            group,
            is_late: self.groups[group].for_period != self.model.period.name,
            currency,
            repairs: self.repairs.of_row().into(),
            lines: 0,
            sum: Amount::ZERO,
            least: self.groups[group].least,
            greatest: self.groups[group].greatest,
            control: Amount::ZERO,
            day: None,
            quantities: vec![Amount::ZERO; self.quantities.len()].into(),
        };
        self.known.list.push(combination);
        self.known.combinations.insert(self.known.key.as_slice().into(), at);
    }

    /// Counts the lines that were added up beside their combinations.
    pub(super) fn settle_known(&mut self) {
        self.known.combinations = FxHashMap::with_hasher(FxBuildHasher);
        for known in std::mem::take(&mut self.known.list).into_iter().filter(|known| known.lines > 0) {
            let tally = Tally { lines: known.lines, sum: known.sum };
            self.totals.taken.merge(tally);
            self.totals.control += known.control;
            if known.is_late {
                self.totals.late.merge(tally);
            }
            if let Some(of_currency) = known.currency.and_then(|code| self.totals.currencies.get_mut(&*code)) {
                of_currency.merge(tally);
            }
            self.repairs.count_again(&known.repairs, tally);
            let group = &mut self.groups[known.group];
            group.lines += known.lines;
            group.sum += known.sum;
            group.least = group.least.min(known.least);
            group.greatest = group.greatest.max(known.greatest);
            group.day = known.day.map_or(group.day, |day| group.day.min(day));
            group.quantities.iter_mut().zip(&known.quantities).for_each(|(sum, quantity)| *sum += *quantity);
        }
    }
}
