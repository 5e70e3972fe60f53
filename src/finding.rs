//! Findings: what is wrong, in the user's own words, where, what was expected, and the way out.
//!
//! Every stage collects findings instead of stopping at the first, so that one run shows all mistakes.
//! This file knows no stage; how a finding looks on a terminal is in [`render`].

pub mod render;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::dimension::normal_name;
use crate::money::{Amount, ByCurrency};

/// How many findings of one kind in one file are kept; the rest are counted.
pub const FINDINGS_PER_KIND_MAX: usize = 20;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nobody has to act.
    Note,
    /// The run is published, but a person should look (exit code 1).
    Attention,
    /// The model or the data is wrong: nothing is published (exit code 3).
    Error,
}

impl Severity {
    /// The word people read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Attention => "attention",
            Severity::Error => "error",
        }
    }
}

/// A rule file with its text, kept so that findings can show the line they speak of.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleText {
    /// File name relative to the model folder.
    pub file: String,
    /// The whole text.
    pub text: String,
}

impl RuleText {
    /// Line and column (both from 1, in characters) of a byte position.
    #[must_use]
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at.min(self.text.len())];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A place in a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file.
    pub text: Arc<RuleText>,
    /// Bytes of it.
    pub span: Range<usize>,
}

impl Spot {
    /// The spot as the place of a finding.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::Rule(Arc::clone(&self.text), self.span.clone())
    }

    /// `file:line:column`.
    #[must_use]
    pub fn describe(&self) -> String {
        self.place().describe()
    }
}

/// A text together with where it stands in the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The text.
    pub name: String,
    /// Where it stands.
    pub spot: Spot,
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The run as a whole.
    Run,
    /// A file as a whole.
    File(String),
    /// A span of bytes in a rule file.
    Rule(Arc<RuleText>, Range<usize>),
    /// A line of a text export (heading is line 1 of most), with the column's heading.
    Line {
        /// The file as the user knows it.
        file: String,
        /// Line in the file, from 1.
        line: u64,
        /// Heading of the column, if one cell is meant.
        column: Option<String>,
    },
    /// A cell or row of a workbook.
    Cell {
        /// The file as the user knows it.
        file: String,
        /// Name of the sheet.
        sheet: String,
        /// A reference such as `D17`.
        cell: String,
        /// Heading of the column.
        column: Option<String>,
    },
}

impl Place {
    /// The place with another heading of its column, where one cell is meant.
    #[must_use]
    pub fn called(mut self, heading: impl FnOnce(&str) -> String) -> Place {
        if let Place::Line { column: Some(column), .. } | Place::Cell { column: Some(column), .. } = &mut self {
            *column = heading(column);
        }
        self
    }

    /// The file the place is in, empty for the run as a whole.
    #[must_use]
    pub fn file(&self) -> &str {
        match self {
            Place::Run => "",
            Place::File(file) | Place::Line { file, .. } | Place::Cell { file, .. } => file,
            Place::Rule(text, _) => &text.file,
        }
    }

    /// The place in one line: `model.toml:4:7`, `cloud.csv:17, column Cost`, `licences.xlsx, 'Sheet'!D17`.
    #[must_use]
    pub fn describe(&self) -> String {
        let with_column = |place: String, column: &Option<String>| match column {
            Some(column) => format!("{place}, column `{}`", clean(column)),
            None => place,
        };
        match self {
            Place::Run => String::new(),
            Place::File(file) => file.clone(),
            Place::Rule(text, span) => {
                let (line, column) = text.line_column(span.start);
                format!("{}:{line}:{column}", text.file)
            }
            Place::Line { file, line, column } => with_column(format!("{file}:{line}"), column),
            Place::Cell { file, sheet, cell, column } => {
                with_column(format!("{file}, '{}'!{cell}", clean(sheet)), column)
            }
        }
    }
}

/// One thing that is wrong or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable short name of the kind, such as `not-a-number`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, without a full stop.
    pub title: String,
    /// Where.
    pub place: Place,
    /// What stands at the caret, in a few words.
    pub label: String,
    /// What was expected and how to put it right.
    pub help: Vec<String>,
    /// The money it concerns, each currency by itself.
    pub money: ByCurrency,
}

impl Finding {
    fn new(severity: Severity, code: &'static str, place: Place, title: impl Into<String>) -> Finding {
        Finding {
            code,
            severity,
            title: title.into(),
            place,
            label: String::new(),
            help: Vec::new(),
            money: ByCurrency::default(),
        }
    }

    /// A mistake that stops publication.
    #[must_use]
    pub fn error(code: &'static str, place: Place, title: impl Into<String>) -> Finding {
        Finding::new(Severity::Error, code, place, title)
    }

    /// Something a person should look at.
    #[must_use]
    pub fn attention(code: &'static str, place: Place, title: impl Into<String>) -> Finding {
        Finding::new(Severity::Attention, code, place, title)
    }

    /// Something worth knowing.
    #[must_use]
    pub fn note(code: &'static str, place: Place, title: impl Into<String>) -> Finding {
        Finding::new(Severity::Note, code, place, title)
    }

    /// Adds the words at the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Finding {
        self.label = label.into();
        self
    }

    /// Adds what was expected or a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help.push(help.into());
        self
    }

    /// Adds a way out where there is one.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Finding {
        self.help.extend(help);
        self
    }

    /// Adds the money it concerns, in the currency of a code.
    #[must_use]
    pub fn money(self, money: Amount, currency: &str) -> Finding {
        self.sums(ByCurrency::of(money, currency))
    }

    /// Adds the money it concerns, where that may be of several currencies.
    #[must_use]
    pub fn sums(mut self, money: ByCurrency) -> Finding {
        self.money = money;
        self
    }
}

/// The findings of a stage, in order, capped per kind and file.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
    kept: BTreeMap<Kind, usize>,
    more: BTreeMap<Kind, u64>,
    /// Names that none may show, and what stands in their place.
    hidden: Arc<BTreeMap<String, String>>,
}

/// What is counted together: a kind, how much it matters and the file. An error is never lost behind notes of its kind.
type Kind = (&'static str, Severity, String);

impl Findings {
    /// No findings yet.
    #[must_use]
    pub fn new() -> Findings {
        Findings::default()
    }

    /// Says which names are hidden: as headings, and where texts quote them.
    pub fn hide(&mut self, names: &Arc<BTreeMap<String, String>>) {
        self.hidden = Arc::clone(names);
        for finding in std::mem::take(&mut self.list) {
            let finding = self.told(finding);
            self.list.push(finding);
        }
    }

    /// A finding as it may be shown.
    fn told(&self, mut finding: Finding) -> Finding {
        if self.hidden.is_empty() {
            return finding;
        }
        let name = |text: &str| self.hidden.get(&normal_name(text)).map(String::as_str);
        finding.place = finding.place.called(|heading| name(heading).unwrap_or(heading).to_owned());
        for text in [&mut finding.title, &mut finding.label].into_iter().chain(&mut finding.help) {
            *text = quoting(text, name);
        }
        finding
    }

    /// Adds one; beyond [`FINDINGS_PER_KIND_MAX`] of its kind in its file it is only counted.
    pub fn push(&mut self, finding: Finding) {
        let key = (finding.code, finding.severity, finding.place.file().to_owned());
        let kept = self.kept.entry(key.clone()).or_default();
        if *kept < FINDINGS_PER_KIND_MAX {
            *kept += 1;
            let finding = self.told(finding);
            self.list.push(finding);
        } else {
            *self.more.entry(key).or_default() += 1;
        }
    }

    /// Adds all findings of a later stage or file behind these.
    pub fn extend(&mut self, later: Findings) {
        for finding in later.list {
            self.push(finding);
        }
        for (key, count) in later.more {
            *self.more.entry(key).or_default() += count;
        }
    }

    /// What the first of those that stop publication says.
    #[must_use]
    pub fn first_error(&self) -> Option<&str> {
        self.list.iter().find(|finding| finding.severity == Severity::Error).map(|finding| finding.title.as_str())
    }

    /// All that were kept, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }

    /// Kinds and files of which more were found than kept, with how many more.
    pub fn more(&self) -> impl Iterator<Item = (&'static str, &str, u64)> {
        self.more.iter().map(|((code, _, file), count)| (*code, file.as_str(), *count))
    }

    /// Whether anything stops publication.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// How many of a severity there are, those only counted included with the errors they belong to.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        let kept = self.list.iter().filter(|finding| finding.severity == severity).count() as u64;
        kept + self.more.iter().filter(|((_, of, _), _)| *of == severity).map(|(_, count)| count).sum::<u64>()
    }

    /// Whether there are none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// A text with what it quotes called otherwise, where it is to be. A quoted text may have marks of its own, so that any two
/// marks may be those around one.
fn quoting<'n>(text: &str, name: impl Fn(&str) -> Option<&'n str>) -> String {
    let marks: Vec<usize> = text.match_indices('`').map(|(at, _)| at).collect();
    let (mut told, mut from) = (String::new(), 0);
    for (number, mark) in marks.iter().enumerate() {
        if *mark < from {
            continue;
        }
        let begin = mark + 1;
        // What stands between two quoted texts begins with a blank.
        let may_be_quoted = number % 2 == 0 || !text[begin..].starts_with(' ');
        let mut ends = marks[number + 1..].iter().rev().filter(|_| may_be_quoted);
        let found = ends.find_map(|end| Some((*end, name(&text[begin..*end])?)));
        if let Some((end, name)) = found {
            told.push_str(&text[from..begin]);
            told.push_str(name);
            from = end;
        }
    }
    told.push_str(&text[from..]);
    told
}

/// The nearest of `known` to `word`, worded as a question, when one is near enough to be meant.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

/// At most this many characters of a cell are shown in a message.
const SHOWN_CHARACTERS_MAX: usize = 64;

/// A text from the data, fit to print: control characters escaped, cut to 64 characters.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARACTERS_MAX)
        .flat_map(|c| {
            let hidden = c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}');
            let escaped: Vec<char> = if hidden { c.escape_unicode().collect() } else { vec![c] };
            escaped
        })
        .collect();
    if text.chars().nth(SHOWN_CHARACTERS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// A list of names for a message: `a`, `b`, `c` and 12 more.
#[must_use]
pub fn list_names<'a>(names: impl IntoIterator<Item = &'a str>, shown_max: usize) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(shown_max).map(|name| format!("`{}`", clean(name))).collect();
    match names.len().checked_sub(shown_max) {
        Some(rest) if rest > 0 => format!("{} and {rest} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_twenty_of_a_kind_are_counted_not_listed() {
        let mut findings = Findings::new();
        for line in 1..=25 {
            let place = Place::Line { file: "a.csv".into(), line, column: None };
            findings.push(Finding::error("not-a-number", place, "x"));
        }
        assert_eq!(findings.iter().count(), 20);
        assert_eq!(findings.more().collect::<Vec<_>>(), [("not-a-number", "a.csv", 5)]);
        assert_eq!(findings.count(Severity::Error), 25);
    }

    #[test]
    fn an_error_is_not_lost_behind_notes_of_its_kind() {
        let mut findings = Findings::new();
        let place = || Place::File("a.csv".into());
        (0..30).for_each(|_| findings.push(Finding::attention("not-a-number", place(), "x")));
        assert!(!findings.has_errors());
        findings.push(Finding::error("not-a-number", place(), "x"));
        assert!(findings.has_errors());
        assert_eq!((findings.count(Severity::Error), findings.count(Severity::Attention)), (1, 30));
    }

    #[test]
    fn hidden_names_are_told_by_no_mark_that_a_quoted_text_has() {
        let mut findings = Findings::new();
        let hidden = [("Ada Birch", "Person 1"), ("O`Brien", "Person 2"), ("and", "Person 3")];
        findings.hide(&Arc::new(hidden.map(|(name, shown)| (name.to_owned(), shown.to_owned())).into()));
        for (title, expected) in [
            ("`Ada Birch` and `b`", "`Person 1` and `b`"),
            ("`5`0` is none, as `Ada Birch` is", "`5`0` is none, as `Person 1` is"),
            ("`and` and `O`Brien`, `Ada Birch `", "`Person 3` and `Person 2`, `Person 1`"),
            ("` Ada Birch`: Ada Birch, ``, `", "`Person 1`: Ada Birch, ``, `"),
        ] {
            findings.push(Finding::error("x", Place::Run, title));
            assert_eq!(findings.iter().last().map(|finding| finding.title.as_str()), Some(expected));
        }
    }

    #[test]
    fn control_characters_cannot_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\u{a}c");
        assert_eq!(clean(&"x".repeat(100)).chars().count(), 65);
    }

    #[test]
    fn the_nearest_name_is_proposed_and_a_far_one_is_not() {
        let known = ["Payments", "Claims"];
        assert_eq!(did_you_mean("Paymnts", known).as_deref(), Some("did you mean `Payments`?"));
        assert_eq!(did_you_mean("Zebra", known), None);
    }
}
