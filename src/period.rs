//! Days, periods and calendars. The only place that knows how dates are counted.

use std::fmt;

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
        if well_formed { Day::new(year, digits(5..7)?, digits(8..10)?) } else { None }
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

/// A period of the books: a month or a fiscal year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// The name its calendar gives it: `2026-10`, `FY17`.
    pub name: String,
    /// First day.
    pub first: Day,
    /// Last day, included.
    pub last: Day,
}

impl Period {
    /// Whether a day is in it.
    #[must_use]
    pub fn contains(&self, day: Day) -> bool {
        self.first <= day && day <= self.last
    }

    /// A file pattern with `{period}`, `{year}` and `{month}` filled in.
    #[must_use]
    pub fn fill(&self, pattern: &str) -> String {
        let (year, month, _) = self.last.ymd();
        pattern
            .replace("{period}", &self.name)
            .replace("{year}", &format!("{year:04}"))
            .replace("{month}", &format!("{month:02}"))
    }
}

/// How a model cuts time into periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// Calendar months, named `2026-10`.
    Months,
    /// Fiscal years that begin on this month and day, named by the year they end in: `FY17`.
    Years {
        /// Month the year begins in, 1 to 12.
        month: u32,
        /// Day of that month, 1 to 28.
        day: u32,
    },
}

impl Calendar {
    /// The period of a name, or `None` when the calendar has no such name.
    #[must_use]
    pub fn period(self, name: &str) -> Option<Period> {
        match self {
            Calendar::Months => {
                let (year, month) = name.split_once('-')?;
                if year.len() != 4 || month.len() != 2 {
                    return None;
                }
                self.containing(Day::new(year.parse().ok()?, month.parse().ok()?, 1)?)
            }
            Calendar::Years { month, day } => {
                let short: i32 = name.strip_prefix("FY").filter(|year| year.len() == 2)?.parse().ok()?;
                let end = Day::new(2000 + short, month, day)?;
                if (month, day) == (1, 1) { self.containing(end) } else { self.containing(end.previous()) }
            }
        }
    }

    /// The period a day is in.
    #[must_use]
    pub fn containing(self, day: Day) -> Option<Period> {
        let (year, month, _) = day.ymd();
        match self {
            Calendar::Months => {
                let next = if month == 12 { Day::new(year + 1, 1, 1) } else { Day::new(year, month + 1, 1) }?;
                Some(Period {
                    name: format!("{year:04}-{month:02}"),
                    first: Day::new(year, month, 1)?,
                    last: next.previous(),
                })
            }
            Calendar::Years { month, day: first_day } => {
                let this_year = Day::new(year, month, first_day)?;
                let start_year = if day < this_year { year - 1 } else { year };
                let first = Day::new(start_year, month, first_day)?;
                let last = Day::new(start_year + 1, month, first_day)?.previous();
                Some(Period { name: format!("FY{:02}", last.ymd().0.rem_euclid(100)), first, last })
            }
        }
    }

    /// The period after this one.
    #[must_use]
    pub fn next(self, period: &Period) -> Option<Period> {
        self.containing(period.last.next())
    }

    /// An example of a period's name, for messages.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Calendar::Months => "2026-10",
            Calendar::Years { .. } => "FY27",
        }
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
        let span = |text: &str| -> Option<(Day, Day)> {
            let period = |calendar: Calendar| calendar.period(text).map(|period| (period.first, period.last));
            let day = || Day::parse_iso(text).map(|day| (day, day));
            period(calendar).or_else(|| period(Calendar::Months)).or_else(day)
        };
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
        let october = Calendar::Months.period("2026-10").expect("a month");
        assert_eq!((october.first, october.last), (day("2026-10-01"), day("2026-10-31")));
        assert_eq!(Calendar::Months.next(&october).expect("next").name, "2026-11");
        let july = Calendar::Years { month: 7, day: 1 };
        let year = july.period("FY17").expect("a year");
        assert_eq!((year.first, year.last), (day("2016-07-01"), day("2017-06-30")));
        assert_eq!(july.containing(day("2016-07-01")), Some(year));
        let plain = Calendar::Years { month: 1, day: 1 }.period("FY17").expect("a year");
        assert_eq!((plain.first, plain.last), (day("2017-01-01"), day("2017-12-31")));
        assert_eq!(Calendar::Months.period("2026-13"), None);
        assert_eq!(october.fill("{year}/{month}/x-{period}.csv"), "2026/10/x-2026-10.csv");
    }

    #[test]
    fn validity_includes_both_ends() {
        let read = |text| Validity::parse(text, Calendar::Months);
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
