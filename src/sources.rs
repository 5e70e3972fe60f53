//! Sources: exports in, line groups out.
//!
//! A cost line is one row of an export. It never leaves this stage: lines of one source and file that agree
//! in every column of the [`Footprint`], in the period they belong to and in the
//! span of days between two changes of the model come out as one [`LineGroup`]. Nothing is multiplied or
//! divided here, only read, checked and added up; a line that is spread over time is shared by
//! [`crate::schedule`], and this period's part of it is added up.

mod again;
mod basis;
mod focus;
mod groups;
mod manifest;
mod repairs;
mod rows;
mod scheduled;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use crate::files::{self, DataFile, Evidence, Headings, Inputs, Kind, NamedKind, Shape, TextForm};
use crate::finding::{Finding, Findings, Named, Place, clean, did_you_mean, list_names};
use crate::footprint::{self, Footprint};
use crate::model::Model;
use crate::money::{Amount, BeyondScale, HOURS, NumberFormat, SCALE_DIGITS, TOO_MANY_DECIMALS, beyond_scale_text};
use crate::period::{Day, Period};
use crate::rulebook::condition::ColumnRef;
use crate::rulebook::{ControlFigures, CostDecl, DriverOrigin, Expect, Format, RuleBook, ScheduleDecl, SourceDecl};
use crate::tables::Table;
use manifest::Told;

pub use again::{ReadAgain, RowsWanted, read_again};
pub use repairs::{Made, in_words as repairs_in_words};
pub use scheduled::ScheduledLine;

/// Sum of the sizes of all amounts of a file, and of a run, above which it is refused: a hundredth of what an
/// [`Amount`] can hold, so that no later sum can leave its range.
pub(crate) const MONEY_MAX: Amount = Amount::whole(1_000_000_000_000_000_000);

/// Lines of one source and file that the rule book cannot tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineGroup {
    /// Index of the source in the rule book.
    pub source: usize,
    /// The file's name.
    pub file: Arc<str>,
    /// Values of the source's footprint columns; blank where a line has none. Where rules only test a column, it is a text
    /// that passes the same tests as those of these lines, which may differ.
    pub values: Box<[Arc<str>]>,
    /// The period the lines belong to by their date.
    pub for_period: Arc<str>,
    /// First day among the lines; the period's last day where the source has no dates.
    pub day: Day,
    /// How many lines.
    pub lines: u64,
    /// Sum of the cost column, or of the hours.
    pub sum: Amount,
    /// Least of them.
    pub least: Amount,
    /// Greatest of them.
    pub greatest: Amount,
    /// Line of the file (or row of the sheet) the first of them stands in.
    pub first_row: u64,
    /// Sums of the columns that drivers read, in the order of [`RuleBook::quantity_columns`].
    pub quantities: Vec<Amount>,
    /// Whether it is what was left of lines whose life ended before its time.
    pub is_remainder: bool,
    /// The largest of the lines, where they were asked for; by size, then in the order of rows.
    pub largest: Vec<RowSum>,
}

/// A row with what stands in its cost column (or its hours).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSum {
    /// Line of the file, or row of the sheet.
    pub row: u64,
    /// The amount.
    pub sum: Amount,
    /// Its texts in the footprint columns in which they may differ from those of its group, with their places.
    pub texts: Vec<(usize, String)>,
}

impl LineGroup {
    /// The values of one of its largest rows.
    #[must_use]
    pub fn values_of(&self, row: &RowSum) -> Vec<String> {
        let mut values: Vec<String> = self.values.iter().map(ToString::to_string).collect();
        for (at, text) in &row.texts {
            values[*at].clone_from(text);
        }
        values
    }
}

/// Lines with their money, of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally {
    /// How many lines.
    pub lines: u64,
    /// Their sum in the cost column (or hours).
    pub sum: Amount,
}

impl Tally {
    fn add(&mut self, sum: Amount) {
        self.lines += 1;
        self.sum += sum;
    }

    fn merge(&mut self, other: Tally) {
        self.lines += other.lines;
        self.sum += other.sum;
    }
}

/// What became of the rows of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceTotals {
    /// Files read, in order.
    pub files: Vec<String>,
    /// Cost lines taken into the run.
    pub taken: Tally,
    /// Rows passed over by `skip`.
    pub skipped: Tally,
    /// Lines that belong to other periods.
    pub other_periods: Tally,
    /// Lines of other periods booked in this one; part of `taken`.
    pub late: Tally,
    /// Lines handed back by `refused = "quarantine"`, with the money of those whose amount can be read.
    pub quarantined: Tally,
    /// How many of them have no amount that can be read.
    pub quarantined_unread: u64,
    /// Repairs that were made, with the lines they were made in.
    pub repairs: BTreeMap<Made, Tally>,
    /// Lines taken, by the version of the format that their file is of: `FOCUS 1.2`.
    pub versions: BTreeMap<String, Tally>,
    /// Lines read that are not skipped, by what stands in the column of the currency.
    pub currencies: BTreeMap<String, Tally>,
    /// Rows in which nothing stands.
    pub blank_rows: u64,
    /// Numbers with more than 18 decimals.
    pub beyond_scale: BeyondScale,
    /// Sum of the control column over all lines that are not skipped.
    pub control: Amount,
    /// First and last day among the lines.
    pub days: Option<(Day, Day)>,
    /// Columns read, and columns nobody reads.
    pub columns: (Vec<String>, Vec<String>),
}

/// A line that was handed back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Index of the source in the rule book.
    pub source: usize,
    /// Where it stands.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
    /// Its amount, where that can be read.
    pub money: Option<Amount>,
    /// The line as received, as csv.
    pub received: String,
}

/// What the sources gave.
#[derive(Clone, Debug)]
pub struct Read {
    /// Line groups, in the order of sources, files and values.
    pub groups: Vec<LineGroup>,
    /// Totals, in the order of sources.
    pub totals: Vec<SourceTotals>,
    /// Outcome of every declared control total.
    pub controls: Vec<ControlOutcome>,
    /// Lines handed back, in the order of sources, files and rows.
    pub refusals: Vec<Refusal>,
    /// Lines that are spread over time, in the order of sources, files and rows.
    pub schedules: Vec<ScheduledLine>,
}

/// A declared total beside what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlOutcome {
    /// The source.
    pub source: String,
    /// What is compared: a column's heading as it may be shown, or `rows`.
    pub what: String,
    /// As declared.
    pub declared: Amount,
    /// As read.
    pub read: Amount,
}

/// Reads all sources of a model. `None` when something is wrong; the findings say what.
pub fn read(model: &Model, footprint: &Footprint, inputs: &mut Inputs, findings: &mut Findings) -> Option<Read> {
    let book = &model.book;
    let mut plans = Vec::new();
    for (source, decl) in book.sources.iter().enumerate() {
        let files = files_of(book, decl, &model.period, inputs, findings);
        check_expected(decl, &files.keys().collect::<Vec<_>>(), &model.period, findings);
        for (file, told) in files {
            let kind = kind_of(decl, &file.name);
            plans.push(Plan { source, shape: Shape { kind, headings_row: decl.headings_row }, file, told });
        }
    }
    if findings.has_errors() {
        return None;
    }
    let headings = read_headings(&plans, findings)?;
    let decls = with_headings(book, &plans, &headings);
    check_columns(model, &decls, &plans, &headings, findings);
    if findings.has_errors() {
        // Headings of a damaged workbook are nobody's mistake in the rules.
        let workbooks = plans.iter().filter(|plan| matches!(plan.shape.kind, Kind::Workbook(_)));
        for fault in workbooks.filter_map(|plan| files::check(&plan.file, &plan.shape).err()) {
            findings.push(*fault);
        }
        return None;
    }
    let size = |plan: &Plan| std::fs::metadata(&plan.file.path).map_or(0, |about| about.len());
    files::meter::begin(plans.iter().map(size).sum());
    let mut files_of_source = vec![0; book.sources.len()];
    for plan in &plans {
        files_of_source[plan.source] += 1;
    }
    let results: Vec<Result<FileRead, Box<Finding>>> = plans
        .par_iter()
        .map(|plan| {
            let decl = &decls[plan.source];
            let is_only_file = files_of_source[plan.source] == 1;
            let new =
                || groups::Grouper::new(model, plan.source, decl, &footprint.0[plan.source]).only_file(is_only_file);
            if let Some((evidence, parts)) = files::read_in_parts(&plan.file, &plan.shape, new)
                && let Some(grouper) = groups::Grouper::join(parts)
            {
                return Ok(FileRead { evidence, grouped: grouper.finish() });
            }
            let mut grouper = new();
            let evidence = files::read(&plan.file, &plan.shape, &mut grouper)?;
            Ok(FileRead { evidence, grouped: grouper.finish() })
        })
        .collect();
    let mut read = Read {
        groups: Vec::new(),
        totals: vec![SourceTotals::default(); book.sources.len()],
        controls: Vec::new(),
        refusals: Vec::new(),
        schedules: Vec::new(),
    };
    let mut keys: Vec<(&Plan, rows::Keys)> = Vec::new();
    let mut seen: Vec<(&Plan, basis::Seen)> = Vec::new();
    note_shared_files(book, &plans, findings);
    let mut by_hash: BTreeMap<String, &str> = BTreeMap::new();
    let mut by_rows: BTreeMap<(usize, rows::Fingerprint), &str> = BTreeMap::new();
    let mut by_sums: BTreeMap<(usize, Tally), (&str, bool)> = BTreeMap::new();
    for (plan, result) in plans.iter().zip(results) {
        let FileRead { evidence, grouped } = match result {
            Ok(file) => file,
            Err(finding) => {
                findings.push(*finding);
                continue;
            }
        };
        if let Some(first) = by_hash.insert(evidence.hash.clone(), &plan.file.name)
            && first != plan.file.name
        {
            let title = format!("`{}` has the same content as `{first}`", plan.file.name);
            let help = "its money would be counted twice: remove one of the two files, or narrow `files`";
            findings.push(Finding::error("same-content", Place::File(plan.file.name.clone()), title).help(help));
        } else if let Some((rows, is_whole)) = grouped.fingerprint.filter(|(fingerprint, _)| fingerprint.rows > 0)
            && let Some(first) = by_rows.insert((plan.source, rows), &plan.file.name)
        {
            findings.push(same_rows(&plan.file.name, first, is_whole));
        } else if let Some((_, is_whole)) = grouped.fingerprint
            && grouped.totals.taken.lines > 1
            && let Some((first, _)) = by_sums
                .insert((plan.source, grouped.totals.taken), (&plan.file.name, is_whole))
                .filter(|(_, was_whole)| *was_whole != is_whole)
        {
            findings.push(same_sums(&plan.file.name, first, grouped.totals.taken.lines));
        }
        inputs.0.insert(plan.file.name.clone(), evidence);
        if !grouped.findings.has_errors() {
            check_rows(plan, &grouped.totals, findings);
        }
        findings.extend(grouped.findings);
        merge_totals(&mut read.totals[plan.source], grouped.totals, &plan.file.name);
        if read.groups.is_empty() {
            read.groups = grouped.groups;
        } else {
            read.groups.extend(grouped.groups);
        }
        read.refusals.extend(grouped.refusals);
        read.schedules.extend(grouped.schedules);
        keys.push((plan, grouped.keys));
        seen.push((plan, grouped.seen));
    }
    basis::check(
        book,
        seen.iter().map(|(plan, seen)| (plan.source, plan.file.name.as_str(), plan.told.basis, seen)),
        findings,
    );
    refuse_repeated_keys(book, keys, findings);
    let is_sound = !findings.has_errors();
    for (decl, totals) in book.sources.iter().zip(&read.totals).filter(|_| is_sound) {
        if totals.taken.lines + totals.other_periods.lines == 0 && decl.control.is_none() {
            let title = format!(
                "source `{}` has no cost line: {}",
                decl.name,
                list_names(totals.files.iter().map(String::as_str), 5)
            );
            let help = "where that is right, declare it: control = { rows = 0 }; else have the export sent again";
            findings.push(Finding::attention("no-lines", decl.spot.place(), title).help(help));
        }
        // Hours of a clock are thirds of an hour and the like; the reconciliation has what is left of them.
        if totals.beyond_scale.numbers > 0 && decl.numbers.time.is_none() {
            let numbers = match totals.beyond_scale.numbers {
                1 => "1 number".to_owned(),
                numbers => format!("{numbers} numbers"),
            };
            let title = format!(
                "source `{}` has {numbers} with more than {SCALE_DIGITS} decimals, rounded half to even: {} is left out in all",
                decl.name,
                beyond_scale_text(totals.beyond_scale.sum)
            );
            let help = "the reconciliation has what is left out, too. So many decimals are mostly left over from a \
                        calculation: have it round to 18 where the export comes from";
            findings.push(Finding::note(TOO_MANY_DECIMALS, decl.spot.place(), title).help(help));
        }
    }
    let size = read.groups.iter().try_fold(Amount::ZERO, |size, group| {
        let larger = if group.least.abs() > group.greatest.abs() { group.least } else { group.greatest };
        let bound = larger.abs().atoms().checked_mul(i128::from(group.lines)).map(Amount::from_atoms)?;
        size.checked_add(bound).filter(|size| *size <= MONEY_MAX)
    });
    if size.is_none() {
        let title = format!("the amounts are too large: together beyond {MONEY_MAX}");
        findings.push(
            Finding::error("too-large", Place::Run, title)
                .help("look for a damaged amount or a wrong column in the largest lines"),
        );
    }
    control(model, &decls, &mut read, inputs, findings);
    (!findings.has_errors()).then_some(read)
}

/// Two files with the same rows are one delivery twice. Where not all columns were read, they may be two that differ in
/// the others, and a person has to look.
fn same_rows(file: &str, first: &str, is_whole: bool) -> Finding {
    let place = Place::File(file.to_owned());
    if is_whole {
        let title = format!("`{file}` has the same rows as `{first}`");
        let help = "it is the same delivery, packed or ordered otherwise, and its money would be counted twice: remove one of the two files, or narrow `files`";
        return Finding::error("same-content", place, title).help(help);
    }
    let title = format!("`{file}` has the same rows as `{first}` in all columns that are read, and both are counted");
    let help = "if it is one delivery twice, remove one of the two; a `key` tells for sure";
    Finding::attention("same-content", place, title).help(help)
}

/// Of rows of Parquet only those columns are known that are read, so that they cannot be compared with those of other files.
fn same_sums(file: &str, first: &str, lines: u64) -> Finding {
    let title =
        format!("`{file}` has {lines} cost lines with the same sum as the {lines} of `{first}`, and both are counted");
    let help = "if it is one delivery twice, remove one of the two; a `key` tells for sure";
    Finding::attention("same-content", Place::File(file.to_owned()), title).help(help)
}

/// Two rows with the same key are one row delivered twice, or the key is none; either way nobody may guess.
fn refuse_repeated_keys(book: &RuleBook, mut keys: Vec<(&Plan, rows::Keys)>, findings: &mut Findings) {
    for (source, decl) in book.sources.iter().enumerate().filter(|(_, decl)| !decl.key.is_empty()) {
        let (plans, files): (Vec<&Plan>, Vec<rows::Keys>) =
            keys.extract_if(.., |(plan, _)| plan.source == source).unzip();
        let columns = list_names(decl.key.iter().map(|column| column.name.as_str()), 12);
        for ((first, first_row), (again, row)) in rows::repeated(&files) {
            let name = &plans[again].file.name;
            let earlier = if first == again {
                format!("row {first_row}")
            } else {
                format!("row {first_row} of `{}`", clean(&plans[first].file.name))
            };
            let title = format!("row {row} has the same {columns} as {earlier}");
            let place = Place::Line { file: name.clone(), line: row, column: None };
            let help =
                "the same line was delivered twice: have the export sent again, or correct `key` if such lines are two";
            findings.push(Finding::error("repeated-key", place, title).help(help));
        }
    }
}

/// Names the files that `expect` misses.
fn check_expected(decl: &SourceDecl, files: &[&DataFile], period: &Period, findings: &mut Findings) {
    let (spot, missing) = match &decl.expect {
        Expect::Any => return,
        Expect::Daily(spot) => {
            let mut missing = Vec::new();
            let mut day = period.first;
            while day <= period.last {
                let (dashed, plain) = (day.to_string(), day.to_string().replace('-', ""));
                if !files.iter().any(|file| file.name.contains(&dashed) || file.name.contains(&plain)) {
                    missing.push(dashed);
                }
                day = day.next();
            }
            (spot, missing)
        }
        Expect::Listed(patterns) => {
            let is_there = |pattern: &str| {
                let pattern = glob::Pattern::new(&period.fill(pattern)).ok();
                pattern.is_some_and(|pattern| files.iter().any(|file| pattern.matches(&file.name)))
            };
            let missing = patterns.iter().filter(|pattern| !is_there(&pattern.name));
            let missing: Vec<String> = missing.map(|pattern| period.fill(&pattern.name)).collect();
            let Some(first) = patterns.first() else { return };
            (&first.spot, missing)
        }
    };
    if missing.is_empty() {
        return;
    }
    let count = match missing.len() {
        1 => "1 expected file is".to_owned(),
        count => format!("{count} expected files are"),
    };
    let title = format!(
        "{count} not among the files of source `{}`: {}",
        decl.name,
        list_names(missing.iter().map(String::as_str), 40)
    );
    let help = "a missing export is never an empty bill: have it sent, or correct `expect` or `files`";
    findings.push(Finding::error("missing-file", spot.place(), title).help(help));
}

/// Columns of one charge in FOCUS: what it cost, seen in four ways.
const FOCUS_COSTS: [&str; 4] = ["BilledCost", "EffectiveCost", "ContractedCost", "ListCost"];

/// A file may feed two sources, each with its own part of it; nothing checks that the parts do not overlap. Two that
/// both take every line of one cost are refused.
fn note_shared_files(book: &RuleBook, plans: &[Plan], findings: &mut Findings) {
    for (at, plan) in plans.iter().enumerate() {
        let Some(first) = plans[..at].iter().find(|first| first.file == plan.file) else { continue };
        let (one, two) = (&book.sources[first.source], &book.sources[plan.source]);
        let title = format!("`{}` is read by two sources, `{}` and `{}`", plan.file.name, one.name, two.name);
        let place = Place::File(plan.file.name.clone());
        let (cost, other) = (one.cost.column().name.as_str(), two.cost.column().name.as_str());
        let is_one_cost = cost == other || FOCUS_COSTS.contains(&cost) && FOCUS_COSTS.contains(&other);
        let take_all = one.skip.is_empty() && two.skip.is_empty();
        if is_one_cost && take_all && first.shape == plan.shape {
            let title = format!("{title}: every line would be counted twice, as {cost} and as {other}");
            let help = "keep one of the two, or say with `skip` which lines are not its own";
            findings.push(Finding::error("counted-twice", place, title).help(help));
        } else {
            let help =
                "that is right where `skip` or `sheet` gives each its own lines; otherwise its money counts twice";
            findings.push(Finding::note("shared-file", place, title).help(help));
        }
    }
}

struct Plan {
    source: usize,
    told: Told,
    file: DataFile,
    shape: Shape,
}

struct FileRead {
    evidence: Evidence,
    grouped: groups::Grouped,
}

fn kind_of(decl: &SourceDecl, name: &str) -> Kind {
    let text = |usual: u8| Kind::Text(TextForm { delimiter: decl.delimiter.unwrap_or(usual), encoding: decl.encoding });
    match (decl.format, NamedKind::of(name)) {
        (Format::Parquet, _) | (Format::ByName, NamedKind::Parquet) => Kind::Parquet(decl.floats),
        (Format::Xlsx, _) | (Format::ByName, NamedKind::Workbook) => Kind::Workbook(decl.sheet.clone()),
        (Format::Tsv, _) | (Format::Csv | Format::ByName, NamedKind::Tsv) => text(b'\t'),
        (Format::Csv, NamedKind::Csv | NamedKind::Workbook | NamedKind::Parquet) | (Format::ByName, NamedKind::Csv) => {
            text(b',')
        }
    }
}

fn merge_totals(totals: &mut SourceTotals, file: SourceTotals, name: &str) {
    totals.files.push(name.to_owned());
    for (version, tally) in &file.versions {
        totals.versions.entry(version.clone()).or_default().merge(*tally);
    }
    for (all, new) in [(&mut totals.columns.0, &file.columns.0), (&mut totals.columns.1, &file.columns.1)] {
        for column in new {
            if !all.contains(column) {
                all.push(column.clone());
            }
        }
    }
    merge_tallies(totals, file);
}

fn merge_each<K: Ord>(all: &mut BTreeMap<K, Tally>, new: BTreeMap<K, Tally>) {
    for (what, tally) in new {
        all.entry(what).or_default().merge(tally);
    }
}

/// Adds what is counted by lines.
fn merge_tallies(totals: &mut SourceTotals, file: SourceTotals) {
    totals.taken.merge(file.taken);
    totals.skipped.merge(file.skipped);
    totals.other_periods.merge(file.other_periods);
    totals.late.merge(file.late);
    totals.quarantined.merge(file.quarantined);
    totals.quarantined_unread += file.quarantined_unread;
    merge_each(&mut totals.repairs, file.repairs);
    merge_each(&mut totals.currencies, file.currencies);
    totals.blank_rows += file.blank_rows;
    totals.beyond_scale += file.beyond_scale;
    totals.control += file.control;
    totals.days = match (totals.days, file.days) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    };
}

/// The files a source has for a period, each once, in the order of their names.
#[must_use]
pub fn matching_files(data: &Path, patterns: impl Iterator<Item = String>) -> BTreeSet<DataFile> {
    let mut found = BTreeSet::new();
    for pattern in patterns {
        let full = data.join(&pattern);
        if !pattern.contains(['*', '?', '[']) {
            if full.exists() {
                found.insert(DataFile::new(data, &pattern));
            }
            continue;
        }
        // The folder itself may hold signs that a pattern would read as its own.
        let escaped = format!("{}/{pattern}", glob::Pattern::escape(&data.to_string_lossy()));
        let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::default() };
        let paths = glob::glob_with(&escaped, options).map(|paths| paths.filter_map(Result::ok).collect::<Vec<_>>());
        for path in paths.unwrap_or_default() {
            let name = path.strip_prefix(data).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            found.insert(DataFile { name, path });
        }
    }
    found
}

/// The files of a source, and what manifests say of them.
fn files_of(
    book: &RuleBook,
    decl: &SourceDecl,
    period: &Period,
    inputs: &mut Inputs,
    findings: &mut Findings,
) -> BTreeMap<DataFile, Told> {
    let mut files = BTreeMap::new();
    let mut manifests = BTreeSet::new();
    for pattern in &decl.files {
        let filled = period.fill(&pattern.name);
        let found = matching_files(&book.data, std::iter::once(filled.clone()));
        if found.is_empty() {
            let title = format!("no file matches `{}` for {}", clean(&filled), period.name);
            let help = format!(
                "it is looked for in the data folder, {}; a missing export is never an empty bill",
                book.data.display()
            );
            findings.push(Finding::error("missing-file", pattern.spot.place(), title).help(help));
        }
        for file in found {
            if manifest::is_manifest(&file.name) {
                manifests.insert(file);
            } else {
                files.insert(file, Told::default());
            }
        }
    }
    if !manifests.is_empty() {
        let manifests: Vec<DataFile> = manifests.into_iter().collect();
        files.extend(manifest::resolve(&book.data, &manifests, inputs, findings));
    }
    files
}

/// A file with another number of lines than its manifest says is not the one that was delivered.
fn check_rows(plan: &Plan, totals: &SourceTotals, findings: &mut Findings) {
    let parts = [totals.taken, totals.skipped, totals.other_periods, totals.quarantined];
    let lines: u64 = parts.iter().map(|part| part.lines).sum();
    if let Some(expected) = plan.told.rows.filter(|expected| *expected != lines) {
        let title = format!("this file has {lines} lines, its manifest says {expected}");
        let help = "it is cut off, or of another delivery than the manifest: fetch both again";
        findings.push(Finding::error("other-rows", Place::File(plan.file.name.clone()), title).help(help));
    }
}

fn read_headings(plans: &[Plan], findings: &mut Findings) -> Option<Vec<Headings>> {
    let mut headings = Vec::new();
    for plan in plans {
        match files::headings(&plan.file, &plan.shape) {
            Ok(found) => headings.push(found),
            Err(finding) => findings.push(*finding),
        }
    }
    (headings.len() == plans.len()).then_some(headings)
}

/// The sources with the headings that their first file has, where a preset knows several for one column.
fn with_headings(book: &RuleBook, plans: &[Plan], headings: &[Headings]) -> Vec<SourceDecl> {
    let mut decls = book.sources.clone();
    for (at, decl) in decls.iter_mut().enumerate() {
        let Some(preset) = decl.preset else { continue };
        let Some((_, headings)) = plans.iter().zip(headings).find(|(plan, _)| plan.source == at) else { continue };
        let choose = |column: &mut Named, known: &'static str| {
            let mut known = known.split('|');
            if known.next() == Some(column.name.as_str()) && !headings.names.contains(&column.name) {
                let other = known.find(|name| headings.names.iter().any(|heading| heading == name));
                column.name = other.unwrap_or(&column.name).to_owned();
            }
        };
        if let CostDecl::Column(cost) = &mut decl.cost {
            choose(cost, preset.cost);
        }
        decl.date.iter_mut().for_each(|date| choose(date, preset.date));
        decl.currency_column.iter_mut().for_each(|currency| choose(currency, preset.currency));
    }
    decls
}

/// The word of `format` for FOCUS.
const FOCUS: &str = "focus";

/// Refuses an export that is another dataset of FOCUS, and says what one of cost and usage lacks.
fn is_cost_and_usage(headings: &Headings, findings: &mut Findings) -> bool {
    let place = Place::File(headings.file.clone());
    if let Some(dataset) = focus::other_dataset(&headings.names) {
        let title = format!("this is the FOCUS dataset {dataset}, expected Cost and Usage");
        let help = "give the export with BilledCost and ChargePeriodStart; this one can be a table of rules";
        findings.push(Finding::error("other-dataset", place, title).help(help));
        return false;
    }
    let focus::Version { version, missing } = focus::version(&headings.names);
    if !missing.is_empty() {
        let title = format!(
            "this export has the columns of FOCUS {version} but for {}, which every export of it has",
            list_names(missing.iter().copied(), 30)
        );
        let help = "that is no fault where no rule reads them; else have the whole export sent";
        findings.push(Finding::note("focus-columns", place, title).help(help));
    }
    true
}

/// Columns that the rules read must be in the exports: those a source declares in each of its files, those
/// of classify rules in at least one source they look at.
fn check_columns(model: &Model, decls: &[SourceDecl], plans: &[Plan], headings: &[Headings], findings: &mut Findings) {
    let book = &model.book;
    for (plan, headings) in plans.iter().zip(headings) {
        let decl = &decls[plan.source];
        if decl.preset.is_some_and(|preset| preset.name == FOCUS) && !is_cost_and_usage(headings, findings) {
            continue;
        }
        let control = decl.control.as_ref().and_then(|control| control.column.as_ref());
        let declared = [Some(decl.cost.column()), decl.date.as_ref(), decl.currency_column.as_ref(), control];
        let formed = decl.patterns.iter().map(|(column, _)| column);
        let spread = decl.schedule.iter().flat_map(ScheduleDecl::columns);
        let of_drivers = book.quantity_columns(&decl.name);
        for heading in declared
            .into_iter()
            .flatten()
            .chain(spread)
            .chain(of_drivers)
            .chain(formed)
            .chain(&decl.key)
            .chain(&decl.personal)
        {
            if let Err(finding) = headings.find(heading) {
                findings.push(*finding);
            }
        }
        let rated = match &decl.cost {
            CostDecl::Rated { rate, .. } => rate.on.iter().map(|(column, heading)| (column, &heading.spot)).collect(),
            CostDecl::Column(_) => Vec::new(),
        };
        let templates =
            decl.set.iter().flat_map(|(_, template)| template.columns().map(|column| (column, &template.spot)));
        let of_drivers = book.drivers.iter().flat_map(|driver| match &driver.origin {
            DriverOrigin::Lines(lines) if lines.source.name == decl.name => {
                let templates = lines.from.iter().chain(&lines.to);
                let columns = templates.flat_map(|template| template.columns().map(|column| (column, &template.spot)));
                columns.chain(driver.filter.clauses().map(|clause| (&clause.field, &clause.spot))).collect()
            }
            _ => Vec::new(),
        });
        let skips = decl.skip.clauses().map(|clause| (&clause.field, &clause.spot));
        for (column, spot) in rated.into_iter().chain(templates).chain(of_drivers).chain(skips) {
            if let Err(finding) = find_column(headings, column, spot) {
                findings.push(*finding);
            }
        }
        for (at, name) in headings.names.iter().enumerate() {
            let is_number = name == &decl.cost.column().name;
            let read_as_text = book
                .classify
                .iter()
                .filter(|rule| footprint::looks_at(rule, decl))
                .flat_map(|rule| rule.filter.clauses());
            for clause in read_as_text.filter(|clause| is_number && clause.field.to_string() == *name) {
                let title = format!("`{}` is a column of numbers, and conditions look at texts", clean(name));
                let help = format!(
                    "choose another column; the numbers stand in {}",
                    headings.place(headings.row, Some(at)).describe()
                );
                findings.push(Finding::error("condition", clause.spot.place(), title).help(help));
            }
        }
    }
    for rule in &book.classify {
        let looked_at: Vec<&Headings> = plans
            .iter()
            .zip(headings)
            .filter(|(plan, _)| footprint::looks_at(rule, &book.sources[plan.source]))
            .map(|(_, headings)| headings)
            .collect();
        for column in footprint::columns_of_rule(rule).collect::<BTreeSet<_>>() {
            let missing = looked_at.iter().all(|headings| find_column(headings, column, &rule.spot).is_err());
            // A plan is coarser than the exports that the rules were written for.
            if !missing || looked_at.is_empty() || book.plan.is_some() {
                continue;
            }
            let spot =
                rule.filter.clauses().find(|clause| clause.field == *column).map_or(&rule.spot, |clause| &clause.spot);
            let names: BTreeSet<&str> =
                looked_at.iter().flat_map(|headings| headings.names.iter().map(String::as_str)).collect();
            let title = format!("no export that this rule looks at has a column `{}`", clean(&column.to_string()));
            findings.push(
                Finding::error("missing-column", spot.place(), title)
                    .maybe_help(did_you_mean(&column.to_string(), names.iter().copied()))
                    .help(format!(
                        "their headings are {}",
                        list_names(names.iter().copied().filter(|name| !name.is_empty()), 60)
                    )),
            );
        }
    }
}

fn find_column(headings: &Headings, column: &ColumnRef, spot: &crate::finding::Spot) -> Result<usize, Box<Finding>> {
    let named = |name: String| Named { name, spot: spot.clone() };
    headings.find(&named(column.to_string())).or_else(|fault| match column {
        ColumnRef::Tag(heading, _) => headings.find(&named(heading.clone())),
        ColumnRef::Plain(_) => Err(fault),
    })
}

/// What the amounts of a source without a column of currencies are in.
fn measure_of<'m>(model: &'m Model, decl: &'m SourceDecl) -> &'m str {
    let currency = decl.currency.as_ref().map_or(&model.book.head.currency, |(currency, _)| currency);
    if matches!(decl.cost, CostDecl::Rated { .. }) { HOURS } else { currency.code() }
}

// ---- control totals ----------------------------------------------------------------------------------

fn control(model: &Model, decls: &[SourceDecl], read: &mut Read, inputs: &mut Inputs, findings: &mut Findings) {
    for (decl, totals) in decls.iter().zip(&read.totals) {
        let Some(control) = &decl.control else { continue };
        let (total, rows) = match &control.figures {
            ControlFigures::Given { total, rows } => (*total, *rows),
            ControlFigures::Table { .. } => match control_row(model, decl, inputs, findings) {
                Some(figures) => figures,
                None => continue,
            },
        };
        let column = control.column.as_ref().unwrap_or_else(|| decl.cost.column()).name.clone();
        let lines = totals.taken.lines + totals.other_periods.lines;
        let lines = Amount::whole(i64::try_from(lines).unwrap_or(i64::MAX));
        let declared = [
            total.map(|total| (column.as_str(), total, totals.control)),
            rows.map(|rows| ("rows", Amount::whole(i64::try_from(rows).unwrap_or(i64::MAX)), lines)),
        ];
        for (what, declared, found) in declared.into_iter().flatten() {
            let shown = model.told(what);
            if declared != found {
                let title = format!(
                    "source `{}`: the control total of {shown} is {declared}, the export has {found}",
                    decl.name
                );
                let help = "the export is incomplete, doubled or has lines that `skip` should pass over; or the control total is of another delivery";
                let finding = Finding::error("control-total", control.spot.place(), title)
                    .label(format!("{} apart", found - declared))
                    .help(help);
                // A sum over several currencies shows that something is missing, and is no money.
                let is_money = what == decl.cost.column().name && totals.currencies.len() <= 1;
                let stated = totals.currencies.keys().next().filter(|_| matches!(decl.cost, CostDecl::Column(_)));
                let measure = stated.map_or_else(|| measure_of(model, decl), String::as_str);
                findings.push(if is_money { finding.money(found - declared, measure) } else { finding });
            }
            let what = shown.to_owned();
            read.controls.push(ControlOutcome { source: decl.name.clone(), what, declared, read: found });
        }
    }
}

/// Declared total and rows of a source in a table of control totals.
#[allow(clippy::type_complexity)]
fn control_row(
    model: &Model,
    decl: &SourceDecl,
    inputs: &mut Inputs,
    findings: &mut Findings,
) -> Option<(Option<Amount>, Option<u64>)> {
    let control = decl.control.as_ref()?;
    let ControlFigures::Table { table: file, on, total, rows } = &control.figures else { return None };
    let table = Table::read(&model.book.data, file, None, &model.period, inputs, findings)?;
    let on_column = table.column(on, findings)?;
    let total_column = table.optional(total.as_ref(), findings);
    let rows_column = table.optional(rows.as_ref(), findings);
    let mut matching = table.rows.iter().filter(|row| row.text(on_column) == decl.name);
    let (Some(row), None) = (matching.next(), matching.next()) else {
        let title = format!("`{}` has not exactly one row for the source `{}`", table.headings.file, decl.name);
        findings.push(
            Finding::error("control-total", control.spot.place(), title)
                .help("add or remove rows, so that there is one"),
        );
        return None;
    };
    let mut number = |column: Option<usize>, numbers: NumberFormat| {
        let column = column?;
        let text = table.text(row, column, findings);
        let read = table.value(row, column, text, numbers, findings);
        if let Err(fault) = read {
            let title = format!("`{}` is not a number", clean(text));
            findings
                .push(Finding::error("not-a-number", table.place(row, Some(column)), title).help(fault.to_string()));
        }
        read.ok()
    };
    let numbers = decl.numbers_of(file);
    let total = number(total_column, numbers);
    // Rows are counted, whatever they hold.
    let rows = number(rows_column, NumberFormat { time: None, ..numbers })
        .and_then(|rows| u64::try_from(rows.atoms() / crate::money::ONE).ok());
    Some((total, rows))
}
