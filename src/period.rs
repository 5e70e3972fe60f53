//! Days, periods and calendars. The only place that knows how dates are counted.

mod calendar;

use std::fmt;

pub use calendar::{Calendar, Cut, MONTH_NAMES, YearEnd};
use chrono::{Datelike, NaiveDate, NaiveDateTime};

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// The day that is so many days after 1970-01-01.
    #[must_use]
    pub fn from_unix_days(days: i64) -> Option<Day> {
        let days = i32::try_from(days).ok()?;
        NaiveDate::from_epoch_days(days).map(Day)
    }

    /// The day of a year, month (1 to 12) and day of month, or `None` where there is none.
    #[must_use]
    pub fn new(year: i32, month: u32, day: u32) -> Option<Day> {
        NaiveDate::from_ymd_opt(year, month, day).map(Day)
    }

    /// Reads `2026-10-31`, alone or followed by a time of day in UTC (`T22:00:00Z`, ` 22:00:00`).
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Day> {
        let text = text.trim_ascii();
        let (date, time) = text.split_at_checked(10)?;
        let bytes = date.as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            let part = &bytes[range];
            part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0')))
        };
        let well_formed = bytes[4] == b'-' && bytes[7] == b'-' && is_utc_time(time);
        let year = i32::try_from(digits(0..4)?).ok()?;
        // Year 26 is a year written short; 9999-12-31 is how tables write "no end".
        if well_formed && year >= 1900 { Day::new(year, digits(5..7)?, digits(8..10)?) } else { None }
    }

    /// Reads a date in a declared `strftime` form such as `%d/%m/%Y`, with or without a time in it.
    #[must_use]
    pub fn parse_with(text: &str, format: &str) -> Option<Day> {
        let text = text.trim_ascii();
        NaiveDate::parse_from_str(text, format)
            .or_else(|_| NaiveDateTime::parse_from_str(text, format).map(|time| time.date()))
            .ok()
            .filter(|date| (1900..2200).contains(&date.year()))
            .map(Day)
    }

    /// Whether `format` is a `strftime` form that names a whole day.
    #[must_use]
    pub fn is_date_format(format: &str) -> bool {
        use std::fmt::Write;
        let Some(day) = Day::new(2026, 11, 25) else { return false };
        let mut written = String::new();
        write!(written, "{}", day.0.and_time(chrono::NaiveTime::MIN).format(format)).is_ok()
            && Day::parse_with(&written, format) == Some(day)
    }

    /// Year, month and day of month.
    #[must_use]
    pub fn ymd(self) -> (i32, u32, u32) {
        (self.0.year(), self.0.month(), self.0.day())
    }

    /// The last day of a month.
    #[must_use]
    pub fn month_end(year: i32, month: u32) -> Option<Day> {
        let next = if month == 12 { Day::new(year + 1, 1, 1) } else { Day::new(year, month + 1, 1) };
        next.map(Day::previous)
    }

    /// The day of the week, 0 for Monday to 6 for Sunday.
    #[must_use]
    pub fn weekday(self) -> i64 {
        i64::from(self.0.weekday().num_days_from_monday())
    }

    /// The day so many days later, or earlier when negative.
    #[must_use]
    pub fn plus(self, days: i64) -> Option<Day> {
        self.0.checked_add_signed(chrono::TimeDelta::try_days(days)?).map(Day)
    }

    /// How many days it is after another; negative when it is before.
    #[must_use]
    pub fn days_since(self, earlier: Day) -> i64 {
        self.0.signed_duration_since(earlier.0).num_days()
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Day {
        Day(self.0.succ_opt().unwrap_or(self.0))
    }

    /// The day before.
    #[must_use]
    pub fn previous(self) -> Day {
        Day(self.0.pred_opt().unwrap_or(self.0))
    }
}

/// `22:00:00`, with a `T` or a space before it, fractions of a second and `Z` or `+00:00` behind it; or nothing.
fn is_utc_time(time: &str) -> bool {
    let Some(rest) = time.strip_prefix(['T', ' ']) else { return time.is_empty() };
    let rest = rest.trim_end_matches(" UTC").trim_end_matches('Z').trim_end_matches("+00:00");
    let (clock, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
    let parts: Vec<&str> = clock.split(':').collect();
    (2..=3).contains(&parts.len())
        && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b.is_ascii_digit())
}

/// A moment in seconds since 1970 as `2026-10-31 22:00:00 UTC`.
#[must_use]
pub fn utc_time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    time.map_or_else(|| format!("{seconds} s"), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

/// A period of the books, named as its calendar names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// The name its calendar gives it: `2026-10`, `FY27`, `FY27-P07`, `2026-W40`.
    pub name: String,
    /// First day.
    pub first: Day,
    /// Last day, included.
    pub last: Day,
    /// The fiscal year it is part of.
    pub year: i32,
    /// Its number in that year, from 1.
    pub number: u32,
    /// Whether it is a calendar month, so that files are named by calendar year and month.
    is_month: bool,
}

impl Period {
    /// Whether a day is in it.
    #[must_use]
    pub fn contains(&self, day: Day) -> bool {
        self.first <= day && day <= self.last
    }

    /// How many days it has.
    #[must_use]
    pub fn days(&self) -> i64 {
        self.last.days_since(self.first) + 1
    }

    /// How many of the days from `first` to `last`, both included, are in it.
    #[must_use]
    pub fn days_of(&self, first: Day, last: Day) -> i64 {
        (self.last.min(last).days_since(self.first.max(first)) + 1).max(0)
    }

    /// A file pattern or a heading with `{period}`, `{year}`, `{month}`, `{month_name}`, `{mon}`, `{number}` and
    /// `{fiscal_year}` filled in.
    ///
    /// `{year}` is the calendar year of a month, and the number of the fiscal year of any other period; `{number}` is
    /// the period's number in its fiscal year, in two digits; only months have a `{month}`, `{month_name}` and `{mon}`.
    #[must_use]
    pub fn fill(&self, pattern: &str) -> String {
        let (year, month, _) = self.last.ymd();
        let mut filled = pattern
            .replace("{period}", &self.name)
            .replace("{year}", &format!("{:04}", if self.is_month { year } else { self.year }))
            .replace("{number}", &format!("{:02}", self.number))
            .replace("{fiscal_year}", &Calendar::year_name(self.year));
        if self.is_month {
            let name = calendar::month_name(month);
            filled = filled
                .replace("{month}", &format!("{month:02}"))
                .replace("{month_name}", name)
                .replace("{mon}", name.get(..3).unwrap_or(name));
        }
        filled
    }
}

/// From when to when something holds; both ends are included and either may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Validity {
    /// First day, or always so far.
    pub from: Option<Day>,
    /// Last day, or from then on.
    pub to: Option<Day>,
}

impl Validity {
    /// Reads `2026-04..`, `..2026-09`, `2026-04..2026-09`, `2026-10` or the same with days or period names.
    #[must_use]
    pub fn parse(text: &str, calendar: Calendar) -> Option<Validity> {
        let span = |text: &str| calendar.span(text);
        let Some((from, to)) = text.split_once("..") else {
            let (from, to) = span(text.trim())?;
            return Some(Validity { from: Some(from), to: Some(to) });
        };
        let end = |text: &str| match text.trim() {
            "" => Some(None),
            text => span(text).map(Some),
        };
        let validity = Validity { from: end(from)?.map(|(first, _)| first), to: end(to)?.map(|(_, last)| last) };
        let backwards = matches!((validity.from, validity.to), (Some(from), Some(to)) if to < from);
        (!backwards && validity != Validity::default()).then_some(validity)
    }

    /// Whether it holds on a day.
    #[must_use]
    pub fn holds_on(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// The first hole between two of these spans that has a day in common with a period: its first and last day.
    /// Spans must not overlap.
    #[must_use]
    pub fn hole_in(spans: &[Validity], period: &Period) -> Option<(Day, Day)> {
        let mut spans = spans.to_vec();
        spans.sort_by_key(|span| span.from);
        spans.windows(2).find_map(|pair| {
            let (first, last) = (pair[0].to?.next(), pair[1].from?.previous());
            (first <= last && first <= period.last && period.first <= last).then_some((first, last))
        })
    }

    /// Whether two spans share a day.
    #[must_use]
    pub fn overlaps(&self, other: &Validity) -> bool {
        let begins_before = |a: &Validity, b: &Validity| match (a.from, b.to) {
            (Some(from), Some(to)) => from <= to,
            _ => true,
        };
        begins_before(self, other) && begins_before(other, self)
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        match (self.from, self.to) {
            (None, None) => f.write_str("always"),
            (from, to) => write!(f, "{}..{}", end(from), end(to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse_iso(text).expect("a day")
    }

    #[test]
    fn iso_dates_are_read_with_and_without_utc_times() {
        for text in [
            "2024-09-18",
            "2024-09-18 23:00:00",
            "2024-09-18T23:00:00Z",
            "2024-09-18T23:00:00.000Z",
            "2024-09-18T23:00Z",
        ] {
            assert_eq!(Day::parse_iso(text), Day::new(2024, 9, 18), "{text}");
        }
        for text in
            ["2024-9-18", "18/09/2024", "2024-02-30", "2024-09-18x", "2024-09-18T23:00:00+02:00", "20240918", ""]
        {
            assert_eq!(Day::parse_iso(text), None, "{text}");
        }
    }

    #[test]
    fn declared_forms_must_name_a_whole_day() {
        assert_eq!(Day::parse_with("31/10/2026", "%d/%m/%Y"), Day::new(2026, 10, 31));
        assert_eq!(Day::parse_with("10/31/2026", "%d/%m/%Y"), None);
        assert!(Day::is_date_format("%d-%b-%y"));
        assert!(!Day::is_date_format("%m/%Y"));
        assert!(!Day::is_date_format("dd/mm/yyyy"));
    }

    #[test]
    fn months_and_fiscal_years_have_their_names_and_ends() {
        let october = Calendar::MONTHS.period("2026-10").expect("a month");
        assert_eq!((october.first, october.last), (day("2026-10-01"), day("2026-10-31")));
        assert_eq!(Calendar::MONTHS.next(&october).expect("next").name, "2026-11");
        let years =
            |month| Calendar { year_end: YearEnd::Before { month, day: 1 }, cut: Cut::Years, ..Calendar::MONTHS };
        let july = years(7);
        let year = july.period("FY17").expect("a year");
        assert_eq!((year.first, year.last), (day("2016-07-01"), day("2017-06-30")));
        assert_eq!(july.containing(day("2016-07-01")), Some(year));
        let plain = years(1).period("FY17").expect("a year");
        assert_eq!((plain.first, plain.last), (day("2017-01-01"), day("2017-12-31")));
        assert_eq!(Calendar::MONTHS.period("2026-13"), None);
        assert_eq!(october.fill("{year}/{month}/x-{period}.csv"), "2026/10/x-2026-10.csv");
    }

    #[test]
    fn validity_includes_both_ends() {
        let read = |text| Validity::parse(text, Calendar::MONTHS);
        let half = read("2026-04..2026-09").expect("a span");
        assert!(half.holds_on(day("2026-04-01")) && half.holds_on(day("2026-09-30")));
        assert!(!half.holds_on(day("2026-10-01")));
        assert!(read("2026-04..").expect("a span").holds_on(day("2030-01-01")));
        assert_eq!(read("2026-10"), read("2026-10-01..2026-10-31"));
        assert_eq!(read("2026-09..2026-04"), None);
        assert_eq!(read(".."), None);
        assert!(!half.overlaps(&read("2026-10..").expect("a span")));
        assert!(half.overlaps(&read("2026-09-30..").expect("a span")));
    }
}
