//! How a model cuts time into periods.
//!
//! A calendar is two rules: where a year ends, and how it is cut. Everything follows from days: the periods of
//! a year follow each other without holes, and the years do too.

use super::{Day, Period};

/// The months of a year.
pub const MONTH_NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The name of a month, 1 to 12.
pub(super) fn month_name(month: u32) -> &'static str {
    let at = usize::try_from(month).unwrap_or_default();
    MONTH_NAMES.get(at.wrapping_sub(1)).copied().unwrap_or_default()
}

/// Where a fiscal year ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YearEnd {
    /// The day before this month and day: the year begins on the same date each year.
    Before {
        /// Month the year begins in, 1 to 12.
        month: u32,
        /// Day of that month, one that every year has.
        day: u32,
    },
    /// The last such weekday of a month; years of 52 or 53 weeks.
    LastWeekday {
        /// Day of the week, 0 for Monday.
        weekday: i64,
        /// The month, 1 to 12.
        month: u32,
    },
    /// The weekday nearest to the last day of a month, before or after; years of 52 or 53 weeks.
    NearestWeekday {
        /// Day of the week, 0 for Monday.
        weekday: i64,
        /// The month, 1 to 12.
        month: u32,
    },
}

/// The periods a year is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Calendar months: `2026-10`. A month belongs to the fiscal year its last day is in.
    Months,
    /// The whole year: `FY27`.
    Years,
    /// Four quarters, of three months or of thirteen weeks: `FY27-Q3`.
    Quarters,
    /// Twelve periods of whole weeks, by the number of weeks in the three of each quarter: `FY27-P07`.
    Weeks445([u8; 3]),
    /// Thirteen periods of four weeks: `FY27-P07`.
    FourWeeks,
    /// Single weeks of fiscal years: `FY27-W40`.
    Weeks,
    /// Weeks by ISO 8601: `2026-W40`.
    IsoWeeks,
}

impl Cut {
    /// How many periods a year has, but for weeks, where a 53rd may come on top.
    #[must_use]
    pub const fn periods(self) -> u32 {
        match self {
            Cut::Months | Cut::Weeks445(_) => 12,
            Cut::Years => 1,
            Cut::Quarters => 4,
            Cut::FourWeeks => 13,
            Cut::Weeks | Cut::IsoWeeks => 52,
        }
    }
}

/// How a model cuts time into periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Where a year ends.
    pub year_end: YearEnd,
    /// Whether a year has the number of the calendar year it begins in, not of the one it ends in.
    pub is_named_by_start: bool,
    /// How it is cut.
    pub cut: Cut,
    /// Number of the period that has the 53rd week, where periods are made of weeks.
    pub week_53: u32,
}

/// Years that are named with two digits.
const SHORT_YEARS: std::ops::Range<i32> = 2000..2100;

/// Weeks of a quarter.
const QUARTER_WEEKS: i64 = 13;

impl Calendar {
    /// Calendar months, and years that begin in January.
    pub const MONTHS: Calendar = Calendar {
        year_end: YearEnd::Before { month: 1, day: 1 },
        is_named_by_start: false,
        cut: Cut::Months,
        week_53: 0,
    };

    /// Whether years are made of whole weeks.
    #[must_use]
    pub const fn has_weeks(self) -> bool {
        !matches!(self.year_end, YearEnd::Before { .. })
    }

    /// Whether `{month}` says which period a file is of.
    #[must_use]
    pub const fn has_months(self) -> bool {
        matches!(self.cut, Cut::Months)
    }

    /// The fiscal year of a number, first and last day.
    ///
    /// Years of weeks that end nearest to a month end may end in the month after; they count as ending in the month
    /// that is named.
    #[must_use]
    pub fn year_days(self, year: i32) -> Option<(Day, Day)> {
        match self.year_end {
            YearEnd::Before { month, day } => {
                // A year from January to December begins and ends in the same calendar year.
                let start = if self.is_named_by_start || (month, day) == (1, 1) { year } else { year - 1 };
                Some((Day::new(start, month, day)?, Day::new(start + 1, month, day)?.previous()))
            }
            YearEnd::LastWeekday { month, .. } | YearEnd::NearestWeekday { month, .. } => {
                let end = if self.is_named_by_start && month != 12 { year + 1 } else { year };
                Some((self.end_of_weeks(end - 1)?.next(), self.end_of_weeks(end)?))
            }
        }
    }

    /// The last day of the year of weeks that ends in a calendar year.
    fn end_of_weeks(self, year: i32) -> Option<Day> {
        let (weekday, month) = match self.year_end {
            YearEnd::Before { .. } => return None,
            YearEnd::LastWeekday { weekday, month } | YearEnd::NearestWeekday { weekday, month } => (weekday, month),
        };
        let month_end = Day::month_end(year, month)?;
        let back = (month_end.weekday() - weekday).rem_euclid(7);
        let goes_forward = matches!(self.year_end, YearEnd::NearestWeekday { .. }) && back > 3;
        month_end.plus(if goes_forward { 7 - back } else { -back })
    }

    /// The number of the fiscal year a day is in.
    #[must_use]
    pub fn year_of(self, day: Day) -> Option<i32> {
        let (year, _, _) = day.ymd();
        (year - 1..=year + 1)
            .find(|year| self.year_days(*year).is_some_and(|(first, last)| first <= day && day <= last))
    }

    /// The name of a fiscal year: `FY27`, and `FY1999` where two digits would mean another century.
    #[must_use]
    pub fn year_name(year: i32) -> String {
        if SHORT_YEARS.contains(&year) { format!("FY{:02}", year % 100) } else { format!("FY{year:04}") }
    }

    /// First and last day of a fiscal year by its name, `FY27`.
    #[must_use]
    pub fn year_named(self, name: &str) -> Option<(Day, Day)> {
        self.year_days(year_number(name)?)
    }

    /// The periods of a fiscal year, in order.
    #[must_use]
    pub fn periods_of_year(self, year: i32) -> Vec<Period> {
        let Some((first, last)) = self.year_days(year) else { return Vec::new() };
        let mut periods = Vec::new();
        let mut at = self.containing(first);
        if at.as_ref().is_some_and(|period| period.year != year) {
            at = at.and_then(|period| self.next(&period));
        }
        while let Some(period) = at.filter(|period| period.year == year && period.first <= last) {
            at = self.next(&period);
            periods.push(period);
        }
        periods
    }

    /// The period of a name, or `None` when the calendar has no such name.
    #[must_use]
    pub fn period(self, name: &str) -> Option<Period> {
        let (year, number) = match self.cut {
            Cut::Months => {
                let (year, month) = name.split_once('-')?;
                let month = digits(month, 2)?;
                return self.containing(Day::new(i32::try_from(digits(year, 4)?).ok()?, month, 1)?);
            }
            Cut::Years => (year_number(name)?, 1),
            Cut::IsoWeeks => {
                let (year, week) = name.split_once("-W")?;
                (i32::try_from(digits(year, 4)?).ok()?, digits(week, 2)?)
            }
            Cut::Quarters | Cut::Weeks445(_) | Cut::FourWeeks | Cut::Weeks => {
                let (year, part) = name.split_once('-')?;
                let number = match self.cut {
                    Cut::Quarters => digits(part.strip_prefix('Q')?, 1)?,
                    Cut::Weeks => digits(part.strip_prefix('W')?, 2)?,
                    _ => digits(part.strip_prefix('P')?, 2)?,
                };
                (year_number(year)?, number)
            }
        };
        let (first, last) = self.days_of_part(year, number)?;
        Some(self.named(year, number, first, last))
    }

    /// The period a day is in.
    #[must_use]
    pub fn containing(self, day: Day) -> Option<Period> {
        if self.cut == Cut::Months {
            let (year, month, _) = day.ymd();
            let (first, last) = (Day::new(year, month, 1)?, Day::month_end(year, month)?);
            let fiscal = self.year_of(last)?;
            let starts = match self.year_end {
                // The first month of the year is that in which its first day lies, or the one after.
                YearEnd::Before { month, .. } => month,
                YearEnd::LastWeekday { .. } | YearEnd::NearestWeekday { .. } => 1,
            };
            return Some(self.named(fiscal, (month + 12 - starts) % 12 + 1, first, last));
        }
        let year = self.year_of(day)?;
        let (first, _) = self.year_days(year)?;
        // By the longest part there can be, so that the guess is never too late.
        let longest = match self.cut {
            Cut::Years => 371,
            Cut::Quarters => 98,
            Cut::Weeks | Cut::IsoWeeks => 7,
            _ => 42,
        };
        let mut number = u32::try_from(day.days_since(first) / longest).ok()? + 1;
        loop {
            let (first, last) = self.days_of_part(year, number)?;
            if day <= last {
                return Some(self.named(year, number, first, last));
            }
            number += 1;
        }
    }

    /// First and last day of a part of a fiscal year.
    fn days_of_part(self, year: i32, number: u32) -> Option<(Day, Day)> {
        let (first, last) = self.year_days(year)?;
        if number == 0 {
            return None;
        }
        if let (Cut::Quarters, YearEnd::Before { month, day }) = (self.cut, self.year_end) {
            let (start, _, _) = first.ymd();
            let begin = |quarter: u32| {
                let months = month - 1 + 3 * quarter;
                Day::new(start + i32::try_from(months / 12).ok()?, months % 12 + 1, day)
            };
            return (number <= 4).then_some(()).and_then(|()| Some((begin(number - 1)?, begin(number)?.previous())));
        }
        if self.cut == Cut::Years {
            return (number == 1).then_some((first, last));
        }
        let year_weeks = (last.days_since(first) + 1) / 7;
        let weeks_before = |number: u32| -> Option<i64> {
            let n = i64::from(number);
            let plain = match self.cut {
                Cut::Quarters => n * QUARTER_WEEKS,
                Cut::FourWeeks => n * 4,
                Cut::Weeks445(weeks) => {
                    let within: i64 = weeks.iter().take(usize::try_from(n % 3).ok()?).map(|w| i64::from(*w)).sum();
                    n / 3 * QUARTER_WEEKS + within
                }
                Cut::Weeks | Cut::IsoWeeks | Cut::Months | Cut::Years => return Some(n),
            };
            Some(if number >= self.week_53 { plain + year_weeks - 52 } else { plain })
        };
        let end = weeks_before(number)?;
        (end <= year_weeks && (number <= self.cut.periods() || year_weeks == 53)).then_some(())?;
        Some((first.plus(7 * weeks_before(number - 1)?)?, first.plus(7 * end - 1)?))
    }

    fn named(self, year: i32, number: u32, first: Day, last: Day) -> Period {
        let fiscal = Calendar::year_name(year);
        let name = match self.cut {
            Cut::Months => {
                let (year, month, _) = first.ymd();
                format!("{year:04}-{month:02}")
            }
            Cut::Years => fiscal,
            Cut::Quarters => format!("{fiscal}-Q{number}"),
            Cut::Weeks445(_) | Cut::FourWeeks => format!("{fiscal}-P{number:02}"),
            Cut::Weeks => format!("{fiscal}-W{number:02}"),
            Cut::IsoWeeks => format!("{year:04}-W{number:02}"),
        };
        Period { name, first, last, year, number, is_month: self.cut == Cut::Months }
    }

    /// The period after this one.
    #[must_use]
    pub fn next(self, period: &Period) -> Option<Period> {
        self.containing(period.last.next())
    }

    /// The period before this one.
    #[must_use]
    pub fn previous(self, period: &Period) -> Option<Period> {
        self.containing(period.first.previous())
    }

    /// The periods of the same fiscal year up to and with this one.
    #[must_use]
    pub fn to_date(self, period: &Period) -> Vec<Period> {
        let mut periods = self.periods_of_year(period.year);
        periods.retain(|earlier| earlier.last <= period.last);
        periods
    }

    /// So many periods that end with this one, in order.
    #[must_use]
    pub fn trailing(self, period: &Period, count: usize) -> Vec<Period> {
        let mut periods: Vec<Period> =
            std::iter::successors(Some(period.clone()), |later| self.previous(later)).take(count).collect();
        periods.reverse();
        periods
    }

    /// First and last day of what a text names: a period, a fiscal year, a calendar month or a day.
    #[must_use]
    pub fn span(self, text: &str) -> Option<(Day, Day)> {
        let ends = |period: Period| (period.first, period.last);
        self.period(text)
            .map(ends)
            .or_else(|| self.year_named(text))
            .or_else(|| Calendar::MONTHS.period(text).map(ends))
            .or_else(|| Day::parse_iso(text).map(|day| (day, day)))
    }

    /// An example of a period's name, for messages.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self.cut {
            Cut::Months => "2026-10",
            Cut::Years => "FY27",
            Cut::Quarters => "FY27-Q3",
            Cut::Weeks445(_) | Cut::FourWeeks => "FY27-P07",
            Cut::Weeks => "FY27-W40",
            Cut::IsoWeeks => "2026-W40",
        }
    }
}

/// The number of a fiscal year from its name.
fn year_number(name: &str) -> Option<i32> {
    let text = name.strip_prefix("FY")?;
    let year = i32::try_from(digits(text, 2).map(|short| short + 2000).or_else(|| digits(text, 4))?).ok()?;
    (Calendar::year_name(year) == name).then_some(year)
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}
