//! `calendar` of `[model]`, and the words that name a period in file patterns.

use super::Reader;
use crate::finding::{Finding, Named, clean, did_you_mean};
use crate::period::{Calendar, Cut, Day, MONTH_NAMES, YearEnd};
use crate::rulebook::schema;
use crate::rulebook::syntax::Table;

/// The words of `periods`.
const PERIODS: [(&str, Cut); 8] = [
    ("months", Cut::Months),
    ("years", Cut::Years),
    ("quarters", Cut::Quarters),
    ("4-4-5", Cut::Weeks445([4, 4, 5])),
    ("4-5-4", Cut::Weeks445([4, 5, 4])),
    ("5-4-4", Cut::Weeks445([5, 4, 4])),
    ("13x4", Cut::FourWeeks),
    ("weeks", Cut::Weeks),
];

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What may stand in braces in the name of a file, and in a heading that names its period.
const WORDS: [&str; 7] = ["period", "year", "month", "month_name", "mon", "number", "fiscal_year"];

/// The last day on which a year may begin where it is cut by dates: one that every month has.
const DAY_MAX: u32 = 28;

impl Reader<'_> {
    pub(super) fn calendar(&mut self, model: &Table) -> Calendar {
        let Some(table) = model.get("calendar").and_then(|node| self.as_table(node, "calendar")) else {
            return Calendar::MONTHS;
        };
        self.known_keys(table, "`calendar`", schema::CALENDAR);
        let cut = self.text(table, "periods").map_or(Some(Cut::Months), |word| self.cut(&word));
        let read = cut.and_then(|cut| self.year_end(table, cut).map(|year_end| (cut, year_end)));
        let Some((mut cut, year_end)) = read else { return Calendar::MONTHS };
        if cut == Cut::Weeks && table.get("year_ends").is_none() {
            cut = Cut::IsoWeeks;
        }
        let is_named_by_start = self.is_named_by_start(table, cut);
        let mut calendar = Calendar { year_end, is_named_by_start, cut, week_53: cut.periods() };
        calendar.week_53 = self.week_53(table, calendar);
        calendar
    }

    /// Where a year ends, from `year_starts` or `year_ends`, whichever goes with the cut.
    fn year_end(&mut self, table: &Table, cut: Cut) -> Option<YearEnd> {
        let of_weeks = matches!(cut, Cut::Weeks445(_) | Cut::FourWeeks | Cut::Weeks);
        let (place, title, help) = match (self.text(table, "year_starts"), self.text(table, "year_ends")) {
            (Some(starts), None) if !of_weeks => {
                return self.month_and_day(&starts, cut).map(|(month, day)| YearEnd::Before { month, day });
            }
            (None, None) if !of_weeks => return Some(YearEnd::Before { month: 1, day: 1 }),
            // By ISO 8601 a week belongs to the year its Thursday is in: the year ends on the Sunday nearest its end.
            (None, None) if cut == Cut::Weeks => return Some(YearEnd::NearestWeekday { weekday: 6, month: 12 }),
            (None, Some(ends)) if cut != Cut::Months => {
                let year_end = weekday_of_month(&ends.name);
                if year_end.is_some() {
                    return year_end;
                }
                let title = format!("`{}` does not say when a year ends", clean(&ends.name));
                (
                    ends.spot.place(),
                    title,
                    "write \"last Saturday of January\", or \"Saturday nearest the end of January\"",
                )
            }
            (Some(starts), Some(_)) => {
                let title = "a year either starts on a date or ends on a weekday".to_owned();
                (starts.spot.place(), title, "keep one of `year_starts` and `year_ends`")
            }
            (Some(starts), None) => {
                let title = "these periods are made of weeks, and `year_starts` is a date".to_owned();
                (
                    starts.spot.place(),
                    title,
                    "say on which weekday the year ends: year_ends = \"last Saturday of January\"",
                )
            }
            (None, Some(ends)) => {
                let title = "calendar months do not fit into years of weeks".to_owned();
                (ends.spot.place(), title, "choose periods = \"4-4-5\" or another of weeks, or year_starts = \"02-01\"")
            }
            (None, None) => {
                let title = "`calendar` does not say on which weekday a year ends".to_owned();
                (table.spot.place(), title, "add year_ends = \"last Saturday of January\"")
            }
        };
        self.error("calendar", place, title, "", help);
        None
    }

    fn cut(&mut self, word: &Named) -> Option<Cut> {
        let known = PERIODS.iter().find(|(name, _)| *name == word.name).map(|(_, cut)| *cut);
        if known.is_none() {
            let names = PERIODS.map(|(name, _)| name);
            let title = format!("the calendar `{}` is not known", clean(&word.name));
            self.findings.push(
                Finding::error("calendar", word.spot.place(), title)
                    .maybe_help(did_you_mean(&word.name, names))
                    .help(format!("expected one of {}", names.join(", "))),
            );
        }
        known
    }

    fn month_and_day(&mut self, starts: &Named, cut: Cut) -> Option<(u32, u32)> {
        let read = starts.name.split_once('-').and_then(|(month, day)| {
            // A year without a 29th of February.
            let (_, month, day) = Day::new(2026, month.parse().ok()?, day.parse().ok()?)?.ymd();
            (cut == Cut::Months || day <= DAY_MAX).then_some((month, day))
        });
        if read.is_none() {
            let title = format!("`{}` is not a month and a day that a year can start on", clean(&starts.name));
            let help = format!("write it as \"04-01\", with a day up to the {DAY_MAX}th");
            self.error("calendar", starts.spot.place(), title, "", help);
        }
        read
    }

    fn is_named_by_start(&mut self, table: &Table, cut: Cut) -> bool {
        let Some(word) = self.text(table, "year_named_by") else { return false };
        if !["start", "end"].contains(&word.name.as_str()) {
            let title = format!("`{}` does not say which calendar year numbers a fiscal year", clean(&word.name));
            self.error("calendar", word.spot.place(), title, "", "expected \"end\" or \"start\"");
        } else if cut == Cut::IsoWeeks {
            let title = "weeks by ISO 8601 have their own years";
            self.error("no-meaning-here", word.spot.place(), title, "", "leave it out, or add `year_ends`");
        }
        word.name == "start"
    }

    fn week_53(&mut self, table: &Table, calendar: Calendar) -> u32 {
        let last = calendar.cut.periods();
        let Some(node) = table.get("week_53") else { return last };
        let has_longer =
            calendar.has_weeks() && matches!(calendar.cut, Cut::Quarters | Cut::Weeks445(_) | Cut::FourWeeks);
        if !has_longer {
            let help = "leave it out: it goes with periods of several weeks";
            self.error("no-meaning-here", node.spot.place(), "no period of this calendar gets longer", "", help);
            return last;
        }
        let number = self.number_text(node).and_then(|text| text.parse().ok()).filter(|n| (1..=last).contains(n));
        if number.is_none() {
            let help = format!("write the number of the period that has the 53rd week, 1 to {last}");
            self.error("calendar", node.spot.place(), "this is not the number of a period", "", help);
        }
        number.unwrap_or(last)
    }

    /// Checks the words in braces of a file name.
    pub(super) fn words_in_pattern(&mut self, file: &Named) {
        for part in file.name.split('{').skip(1) {
            let Some((word, _)) = part.split_once('}') else { continue };
            let place = file.spot.place();
            if !WORDS.contains(&word) {
                let title = format!("`{{{}}}` is not a word for a period", clean(word));
                let finding = Finding::error("unknown-word", place, title)
                    .maybe_help(did_you_mean(word, WORDS))
                    .help("known are {period}, {year}, {month}, {month_name}, {mon}, {number} and {fiscal_year}");
                self.findings.push(finding);
            } else if word.starts_with("mon") && !self.calendar.has_months() {
                let title = format!("a period such as {} has no month", self.calendar.example());
                self.error("unknown-word", place, title, "", "use {period}, or {year} and {number}");
            }
        }
    }
}

/// `last Saturday of January` or `Saturday nearest the end of January`.
fn weekday_of_month(text: &str) -> Option<YearEnd> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let position = |names: &[&str], word: &str| names.iter().position(|name| name.eq_ignore_ascii_case(word));
    let (weekday, month, is_last) = match words.as_slice() {
        ["last", weekday, "of", month] => (weekday, month, true),
        [weekday, "nearest", "the", "end", "of", month] => (weekday, month, false),
        _ => return None,
    };
    let weekday = i64::try_from(position(&WEEKDAYS, weekday)?).ok()?;
    let month = u32::try_from(position(&MONTH_NAMES, month)?).ok()? + 1;
    Some(if is_last { YearEnd::LastWeekday { weekday, month } } else { YearEnd::NearestWeekday { weekday, month } })
}
