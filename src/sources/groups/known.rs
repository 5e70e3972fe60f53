//! Lines like those before them: what rules read of them is the same, so that only their amounts are looked at.
//!
//! A combination is what stands in all columns that decide what becomes of a line, but for its date and its amounts; each
//! text of a column has a number, and texts of which rules see the same have one together. The first line of a combination
//! is taken as any line is; what becomes of it becomes of the others too. Lines are looked up some at a time, column by
//! column: the texts of a column are then at hand, and what has to come from further away is asked for together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::texts::{BATCH, Texts, Tuples, UNKNOWN};
use super::values::Values;
use super::{Class, Grouper, RowSum, Slot, Sums, Tally, is_among_largest, keep_largest, outcomes, parse_tags};
use crate::files::{Cell, CellKind, Padded, RawRow, Row};
use crate::money::{Amount, parse_number};
use crate::period::Day;
use crate::rulebook::Late;
use crate::rulebook::condition::{ColumnRef, Test};

use super::super::MONEY_MAX;
use super::super::rows::Letters;

/// Combinations that are remembered; lines of others are looked at in full.
const COMBINATIONS_MAX: usize = 1 << 17;

/// Bytes of texts that are remembered.
const BYTES_MAX: usize = 4 << 20;

/// Numbers of combinations that are remembered, where there are many columns.
const NUMBERS_MAX: usize = 1 << 22;

/// Texts of dates that are remembered, and their bytes: an export by the hour has 744 in a month.
const DATES_MAX: usize = 4096;
const DATE_BYTES_MAX: usize = 64;

/// What becomes of lines: their group, and what else they are counted in.
#[derive(Clone, Copy)]
struct Outcome {
    group: u32,
    tallied: u32,
}

impl Outcome {
    /// What stands at the end of a row.
    fn of(row: &[u32]) -> Option<Outcome> {
        let [.., group, tallied] = row else { return None };
        Some(Outcome { group: *group, tallied: *tallied })
    }

    fn numbers(self) -> [u32; 2] {
        [self.group, self.tallied]
    }
}

/// What is known of a line before its turn comes.
#[derive(Clone, Copy)]
struct Ahead {
    row: u64,
    dated: Option<Dated>,
    outcome: Option<Outcome>,
}

/// What lines are counted in besides their group.
struct Tallied {
    is_late: bool,
    currency: Option<Box<str>>,
    /// Of that currency.
    letters: Letters,
    repairs: Box<[(usize, usize)]>,
    lines: Tally,
    control: Amount,
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
    /// Its texts as they stand, each with the number it has together with those of which the same is read.
    texts: Texts,
    /// The numbers of texts by what is read of them.
    numbers: FxHashMap<Arc<[String]>, u32>,
    /// For each number, what is read of its texts, where that is not the text as it stands.
    values: Vec<Option<Arc<[String]>>>,
    /// For each number, whether the same is read of its texts in all lines, whatever else stands there.
    is_fixed: Vec<bool>,
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
struct Combinations<'m> {
    columns: Vec<Deciding<'m>>,
    dates: Texts,
    /// For each of them.
    dated: Vec<Dated>,
    classes: Vec<Class>,
    /// Class of days, numbers of texts, and what becomes of such lines.
    known: Tuples,
    /// For each column of the footprint, which of the columns has it and which of its readings it is.
    readings: Vec<Option<(usize, usize)>>,
    /// For each column of the footprint, the numbers of what is read there, by the numbers of texts.
    read: Vec<Vec<u32>>,
    /// Bytes of texts that have a number.
    bytes: usize,
    /// The lines that come next, and how many of them have come.
    ahead: Vec<Ahead>,
    come: usize,
    /// Of each of them, and of the line that is looked at: its class of days, and the numbers of its texts.
    numbers_ahead: Vec<u32>,
    numbers: Vec<u32>,
}

/// What is known of lines by those before them.
#[derive(Default)]
pub(super) struct Known<'m> {
    /// None where lines have to be looked at one by one.
    combinations: Option<Box<Combinations<'m>>>,
    tallied: Vec<Tallied>,
    /// Whether the combination of the row that is looked at is a new one; then its day and where that is. The hash of the row.
    is_new: bool,
    dated: Option<(Day, Class)>,
    hash: Option<u64>,
    quantities: Vec<Amount>,
}

impl Known<'_> {
    pub(super) fn forget_row(&mut self) {
        self.is_new = false;
        self.dated = None;
        self.hash = None;
    }

    /// The day of the row that is looked at, where it was read before, and where it is.
    pub(super) fn dated(&self) -> Option<(Day, Class)> {
        self.dated
    }

    /// The number of what stands in a column of the footprint in the row that is looked at, or of what its tests say of that,
    /// where it was read before.
    pub(super) fn value(&mut self, slot: usize, values: &Values) -> Option<u32> {
        let (combinations, (column, reading), number) = self.reading(slot)?;
        if let Some(known) = combinations.read[slot].get(number).filter(|known| **known != UNKNOWN) {
            return Some(*known);
        }
        let known = values.find(combinations.columns[column].values.get(number)?.as_ref()?.get(reading)?)?;
        self.note_value(slot, known);
        Some(known)
    }

    /// Notes the number of what was read in a column of the footprint in the row that is looked at.
    pub(super) fn note_value(&mut self, slot: usize, value: u32) {
        let Some((combinations, (column, _), number)) = self.reading(slot) else { return };
        if !combinations.columns[column].is_fixed.get(number).is_some_and(|is_fixed| *is_fixed) {
            return;
        }
        let Some(combinations) = &mut self.combinations else { return };
        let read = &mut combinations.read[slot];
        if read.len() <= number {
            read.resize(number + 1, UNKNOWN);
        }
        read[number] = value;
    }

    /// Which of the columns a column of the footprint is, which of its readings, and the number of the text there in the row
    /// that is looked at, where that is the first of its combination.
    fn reading(&self, slot: usize) -> Option<(&Combinations<'_>, (usize, usize), usize)> {
        let combinations = self.combinations.as_ref().filter(|_| self.is_new)?;
        let (column, reading) = (*combinations.readings.get(slot)?)?;
        let number = *combinations.numbers.get(column + 1)? as usize;
        Some((combinations, (column, reading), number))
    }

    /// The hash of the row that is looked at, where it was looked at as it stands.
    pub(super) fn hash(&self) -> Option<u64> {
        self.hash
    }
}

impl Combinations<'_> {
    /// Numbers of a line: its class of days, and one for each column.
    fn width(&self) -> usize {
        self.columns.len() + 1
    }

    /// Combinations that are remembered.
    fn known_max(&self) -> usize {
        COMBINATIONS_MAX.min(NUMBERS_MAX / self.width())
    }

    /// Finds the numbers of the lines that come next, whose days are known, and what becomes of them.
    fn look_ahead(&mut self, rows: &[RawRow<'_>]) {
        let width = self.width();
        self.numbers_ahead.clear();
        self.numbers_ahead.resize(width * rows.len(), UNKNOWN);
        let numbers = &mut self.numbers_ahead;
        for (numbers, ahead) in numbers.chunks_exact_mut(width).zip(&self.ahead) {
            numbers[0] = ahead.dated.map_or(UNKNOWN, |dated| dated.class);
        }
        for (at, deciding) in self.columns.iter().enumerate() {
            for (rows, numbers) in rows.chunks(BATCH).zip(numbers.chunks_mut(width * BATCH)) {
                let found = deciding.texts.find_some(rows, deciding.column);
                for ((numbers, found), row) in numbers.chunks_exact_mut(width).zip(found).zip(rows) {
                    numbers[at + 1] = if is_text(row.kind(deciding.column)) { found } else { UNKNOWN };
                }
            }
        }
        self.known.find_some(numbers, width, |at, row| self.ahead[at].outcome = Outcome::of(row));
    }

    /// What becomes of lines with the numbers of the one that is looked at.
    fn of_numbers(&self) -> Option<Outcome> {
        self.known.find(&self.numbers).and_then(Outcome::of)
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
        let mut readings = Vec::new();
        for (slot, (of, tests)) in slots.zip(of_rules.chain(of_skip)) {
            let (column, tag) = match slot {
                Slot::Column(column) => (*column, None),
                Slot::Tag(column, tag) => (*column, Some(*tag)),
                Slot::Absent => {
                    readings.push(None);
                    continue;
                }
            };
            let of_column = columns.entry(column).or_default();
            readings.push(Some((column, of_column.len())));
            of_column.push(Reading { tag, tests: tests.map(|tests| (of, tests)) });
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
            texts: Texts::default(),
            numbers: FxHashMap::default(),
            values: Vec::new(),
            is_fixed: Vec::new(),
        };
        let columns: Vec<Deciding<'m>> = deciding.into_iter().map(new).collect();
        let placed =
            |(column, reading)| Some((columns.iter().position(|deciding| deciding.column == column)?, reading));
        let readings: Vec<_> =
            readings.into_iter().take(self.slots.len()).map(|reading| reading.and_then(placed)).collect();
        // The class of days, what stands in each column, and the outcome.
        let width = columns.len() + 3;
        self.known.combinations = Some(Box::new(Combinations {
            columns,
            dates: Texts::default(),
            dated: Vec::new(),
            classes: Vec::new(),
            known: Tuples::of_width(width),
            read: vec![Vec::new(); readings.len()],
            readings,
            bytes: 0,
            ahead: Vec::new(),
            come: 0,
            numbers_ahead: Vec::new(),
            numbers: Vec::new(),
        }));
    }

    /// Takes a line of which it is known what becomes of it; `false` when it has to be looked at in full.
    pub(super) fn take_known(&mut self, row: &RawRow<'_>) -> bool {
        self.known.forget_row();
        let Some(mut combinations) = self.known.combinations.take() else { return false };
        let found = self.outcome(row, &mut combinations);
        combinations.come += 1;
        self.known.combinations = Some(combinations);
        let is_taken = found.is_some_and(|(outcome, day)| self.add_known(outcome, day, row));
        if !is_taken && self.wants_hashes() {
            self.known.hash = Some(row.hash(&mut self.scratch));
        }
        is_taken
    }

    /// Looks at lines before their turns come.
    pub(super) fn look_ahead(&mut self, rows: &[RawRow<'_>]) {
        let Some(mut combinations) = self.known.combinations.take() else { return };
        combinations.ahead.clear();
        for rows in rows.chunks(BATCH) {
            let dates = self.date.map_or([UNKNOWN; BATCH], |column| combinations.dates.find_some(rows, column));
            for (row, date) in rows.iter().zip(dates) {
                let is_text = || self.date.is_none_or(|column| is_text(row.kind(column)));
                let known = combinations.dated.get(date as usize).filter(|_| is_text()).copied();
                let dated = known.or_else(|| self.dated(row, &mut combinations));
                combinations.ahead.push(Ahead { row: row.number, dated, outcome: None });
            }
        }
        combinations.come = 0;
        combinations.look_ahead(rows);
        // What is touched now is at hand when the line's turn comes.
        let sums = combinations.ahead.iter().filter_map(|ahead| self.sums.get(ahead.outcome?.group as usize));
        std::hint::black_box(sums.fold(0, |touched, sums| touched ^ sums.lines));
        self.known.combinations = Some(combinations);
    }

    /// What becomes of a line, where that is known, and its day.
    #[inline]
    fn outcome(&mut self, row: &RawRow<'_>, combinations: &mut Combinations<'m>) -> Option<(Outcome, Day)> {
        let next = combinations.ahead.get(combinations.come).filter(|ahead| ahead.row == row.number);
        let dated = match next {
            Some(Ahead { dated, outcome: Some(outcome), .. }) => return Some((*outcome, (*dated)?.day)),
            Some(ahead) => ahead.dated?,
            None => self.dated(row, combinations)?,
        };
        self.number_texts(row, dated.class, combinations)?;
        let outcome = combinations.of_numbers();
        self.known.is_new = outcome.is_none() && combinations.known.len() < combinations.known_max();
        if self.known.is_new {
            self.known.dated = combinations.classes.get(dated.class as usize).map(|class| (dated.day, *class));
        }
        Some((outcome?, dated.day))
    }

    /// Finds or gives the numbers of a line's texts; `None` when one has none.
    fn number_texts(&mut self, row: &RawRow<'_>, class: u32, combinations: &mut Combinations<'m>) -> Option<()> {
        let Combinations { columns, numbers, bytes, .. } = combinations;
        numbers.clear();
        numbers.push(class);
        for deciding in columns {
            if !is_text(row.kind(deciding.column)) {
                return None;
            }
            let text = row.bytes(deciding.column);
            if let Some(known) = deciding.texts.find(text) {
                numbers.push(known);
                continue;
            }
            let number = self.new_text(row, deciding, bytes)?;
            numbers.push(number);
            if *bytes < BYTES_MAX {
                *bytes += text.len().max(Padded::MAX) + size_of::<(u64, u64)>();
                deciding.texts.add(text, number)?;
            }
        }
        Some(())
    }

    /// The number of a text that was not seen before: one of its own, or that of what is read of it.
    fn new_text(&mut self, row: &RawRow<'_>, deciding: &mut Deciding<'m>, bytes: &mut usize) -> Option<u32> {
        let unquoted = row.unquoted(deciding.column);
        // What is done to a text that may mean blank depends on the line.
        let may_be_blank = self.repairs.may_be_blank(deciding.column, &unquoted);
        let values = match &deciding.reads {
            Some(reads) if !may_be_blank => {
                let values: Arc<[String]> = self.read(&unquoted, reads)?.into();
                if let Some(number) = deciding.numbers.get(&values) {
                    return Some(*number);
                }
                Some(values)
            }
            _ => None,
        };
        let number = u32::try_from(deciding.values.len()).ok().filter(|_| *bytes < BYTES_MAX)?;
        if let Some(values) = &values {
            *bytes += values.iter().map(String::len).sum::<usize>();
            deciding.numbers.insert(Arc::clone(values), number);
        }
        deciding.values.push(values);
        deciding.is_fixed.push(!may_be_blank && self.repairs.only_blanks(deciding.column));
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

    /// Adds up the amounts of a line, where nothing is to be said of them.
    fn add_known(&mut self, outcome: Outcome, day: Day, row: &RawRow<'_>) -> bool {
        let (mut size, mut beyond_scale) = (self.size, crate::money::BeyondScale::default());
        let mut number = |column: usize, may_be_blank: bool| {
            let text = match plain(row.bytes(column)) {
                Some(plain) => plain,
                None => row.text(column)?.as_bytes(),
            };
            let form = match row.kind(column) {
                CellKind::Text => self.decl.numbers,
                CellKind::Number => self.decl.numbers.of_number_cell(),
                CellKind::Day(_) | CellKind::Fault => return None,
            };
            let is_blank = text.is_empty() || self.decl.null.iter().any(|null| null.as_bytes() == text);
            if is_blank {
                return may_be_blank.then_some(Amount::ZERO);
            }
            let read = parse_number(text, form).ok()?;
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
            if !self.keep_known(outcome.group as usize, row, sum) {
                return false;
            }
        } else if self.wants_hashes() {
            let hash = row.hash(&mut self.scratch);
            let letters = self.known.tallied[outcome.tallied as usize].letters;
            self.repeats.add(hash, sum, letters, self.is_whole);
        } else if !self.key_columns.is_empty() {
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
        let tallied = &mut self.known.tallied[outcome.tallied as usize];
        tallied.lines.add(sum);
        tallied.control += control;
        self.sums[outcome.group as usize].merge(Sums::of(sum, day));
        if !self.known.quantities.is_empty() {
            let sums = &mut self.groups[outcome.group as usize].quantities;
            sums.iter_mut().zip(&self.known.quantities).for_each(|(sum, quantity)| *sum += *quantity);
        }
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
    #[inline]
    fn dated(&mut self, row: &RawRow<'_>, combinations: &mut Combinations<'m>) -> Option<Dated> {
        let Some(column) = self.date else {
            let day = self.model.period.last;
            let is_known = !combinations.classes.is_empty();
            return if is_known {
                Some(Dated { day, class: 0 })
            } else {
                self.dated_on(day, &mut combinations.classes)
            };
        };
        match row.kind(column) {
            CellKind::Text | CellKind::Number => {}
            CellKind::Day(day) => return self.dated_on(day, &mut combinations.classes),
            CellKind::Fault => return None,
        }
        match combinations.dates.find(row.bytes(column)) {
            Some(known) => combinations.dated.get(known as usize).copied(),
            None => self.new_date(row, column, combinations),
        }
    }

    fn new_date(&mut self, row: &RawRow<'_>, column: usize, combinations: &mut Combinations<'m>) -> Option<Dated> {
        let text = row.text(column)?;
        if text.is_empty() || self.is_null(text) {
            return None;
        }
        let new = self.dated_on(self.day_in(text)?, &mut combinations.classes)?;
        let Combinations { dates, dated, .. } = combinations;
        if dated.len() < DATES_MAX && row.bytes(column).len() <= DATE_BYTES_MAX {
            dates.add(row.bytes(column), u32::try_from(dated.len()).ok()?)?;
            dated.push(new);
        }
        Some(new)
    }

    /// A day of this run, with the days that are treated alike.
    fn dated_on(&mut self, day: Day, classes: &mut Vec<Class>) -> Option<Dated> {
        let model = self.model;
        let class = match (model.period.contains(day), self.decl.late) {
            (true, _) => Class::of(model, &mut self.periods, &model.period.name, day)?,
            (false, Late::Here) => {
                let own = model.book.head.calendar.containing(day)?;
                Class::of(model, &mut self.periods, &own.name, day)?
            }
            (false, Late::Own | Late::Refuse) => return None,
        };
        let at = classes.iter().position(|known| *known == class).unwrap_or_else(|| {
            classes.push(class);
            classes.len() - 1
        });
        Some(Dated { day, class: u32::try_from(at).ok()? })
    }

    /// Remembers what became of a line, when it is the first of its combination.
    pub(super) fn get_to_know(&mut self, row: &Row<'_>, class: Class, group: usize) {
        if !std::mem::take(&mut self.known.is_new) {
            return;
        }
        let currency = match self.currency.map(|column| row.cell(column)) {
            Some(Cell::Text(code)) => Some(code),
            _ => None,
        };
        let letters = self.letters_of(row);
        let (is_late, repairs) = (self.is_late(class), self.repairs.of_row());
        let is_like = |known: &Tallied| {
            known.is_late == is_late && known.currency.as_deref() == currency && *known.repairs == *repairs
        };
        let known = &mut self.known;
        let tallied = known.tallied.iter().position(is_like).unwrap_or_else(|| {
            known.tallied.push(Tallied {
                is_late,
                currency: currency.map(Into::into),
                letters,
                repairs: repairs.into(),
                lines: Tally::default(),
                control: Amount::ZERO,
            });
            known.tallied.len() - 1
        });
        let (Ok(group), Ok(tallied)) = (u32::try_from(group), u32::try_from(tallied)) else { return };
        let outcome = Outcome { group, tallied };
        let Some(combinations) = &mut known.combinations else { return };
        // What is not remembered is looked at again.
        let _ = combinations.known.add(&combinations.numbers, &outcome.numbers());
    }

    /// Counts the lines that were known.
    pub(super) fn settle_known(&mut self) {
        self.known.combinations = None;
        for known in std::mem::take(&mut self.known.tallied) {
            self.totals.taken.merge(known.lines);
            self.totals.control += known.control;
            if known.is_late {
                self.totals.late.merge(known.lines);
            }
            if let Some(of_currency) = known.currency.and_then(|code| self.totals.currencies.get_mut(&*code)) {
                of_currency.merge(known.lines);
            }
            self.repairs.count_again(&known.repairs, known.lines);
        }
    }
}

/// Whether a cell has a text. What is done to that is not done to its day.
fn is_text(kind: CellKind) -> bool {
    matches!(kind, CellKind::Text | CellKind::Number)
}

/// The text of a field in which neither quotes nor blanks nor a guard have to be looked for.
fn plain(field: &[u8]) -> Option<&[u8]> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'');
    (is_plain(field.first()?) && is_plain(field.last()?)).then_some(field)
}
