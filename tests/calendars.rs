//! Calendars: every day in one period, names that come back, and the years of 53 weeks that others publish.

use chrono::Datelike;
use showback::period::{Calendar, Cut, Day, YearEnd};

const SATURDAY: i64 = 5;

fn weeks(year_end: YearEnd, cut: Cut) -> Calendar {
    Calendar { year_end, is_named_by_start: false, cut, week_53: cut.periods() }
}

fn last(weekday: i64, month: u32, cut: Cut) -> Calendar {
    weeks(YearEnd::LastWeekday { weekday, month }, cut)
}

fn nearest(weekday: i64, month: u32, cut: Cut) -> Calendar {
    weeks(YearEnd::NearestWeekday { weekday, month }, cut)
}

fn by_date(month: u32, day: u32, cut: Cut) -> Calendar {
    Calendar { year_end: YearEnd::Before { month, day }, cut, ..Calendar::MONTHS }
}

fn day(text: &str) -> Day {
    Day::parse_iso(text).expect("a day")
}

/// The numbers of the years from 2020 to 2035 that have 53 weeks.
fn long_years(calendar: Calendar) -> Vec<i32> {
    (2020..=2035)
        .filter(|year| {
            let (first, last) = calendar.year_days(*year).expect("a year");
            let days = last.days_since(first) + 1;
            assert!([364, 371].contains(&days), "FY{year} has {days} days");
            days == 371
        })
        .collect()
}

fn all() -> Vec<Calendar> {
    let weeks_445 = [[4, 4, 5], [4, 5, 4], [5, 4, 4]].map(Cut::Weeks445);
    let mut calendars = vec![
        Calendar::MONTHS,
        by_date(4, 6, Cut::Months),
        by_date(7, 1, Cut::Years),
        by_date(1, 1, Cut::Years),
        by_date(1, 1, Cut::Quarters),
        by_date(4, 6, Cut::Quarters),
        by_date(11, 28, Cut::Quarters),
        nearest(6, 12, Cut::IsoWeeks),
    ];
    for cut in weeks_445.into_iter().chain([Cut::FourWeeks, Cut::Weeks, Cut::Quarters, Cut::Years]) {
        for month in [1, 2, 8, 12] {
            calendars.push(last(SATURDAY, month, cut));
            calendars.push(nearest(3, month, cut));
            calendars.push(Calendar { is_named_by_start: true, ..nearest(SATURDAY, month, cut) });
        }
    }
    calendars.push(Calendar { week_53: 1, ..last(SATURDAY, 1, Cut::FourWeeks) });
    calendars.push(Calendar { week_53: 6, ..nearest(SATURDAY, 1, weeks_445[1]) });
    calendars
}

/// NRF's 4-5-4 calendar: Saturday nearest the end of January, years named by the year they begin in. Published
/// years of 53 weeks are 2023 (2023-01-29 to 2024-02-03), 2028 and 2034.
#[test]
fn retail_years_of_53_weeks_are_those_that_are_published() {
    let by_end = nearest(SATURDAY, 1, Cut::Weeks445([4, 5, 4]));
    assert_eq!(long_years(by_end), [2024, 2029, 2035]);
    let retail = Calendar { is_named_by_start: true, ..by_end };
    assert_eq!(long_years(retail), [2023, 2028, 2034]);
    assert_eq!(retail.year_days(2023), Some((day("2023-01-29"), day("2024-02-03"))));
    // February of 2023 is weeks 1 to 4, March five weeks, January of the long year five.
    let periods = retail.periods_of_year(2023);
    let spans: Vec<(&str, String, i64)> =
        periods.iter().map(|period| (period.name.as_str(), period.first.to_string(), period.days() / 7)).collect();
    assert_eq!(spans[0], ("FY23-P01", "2023-01-29".to_owned(), 4));
    assert_eq!(spans[1], ("FY23-P02", "2023-02-26".to_owned(), 5));
    assert_eq!(spans[11], ("FY23-P12", "2023-12-31".to_owned(), 5));
    assert_eq!(periods.len(), 12);
}

/// The last Saturday of September, as a large maker of computers has it: its years 2023 (to 2023-09-30) and, before
/// that, 2017 had 53 weeks. A year is long when September 30 of it is the Saturday: 2023, 2028, 2034.
/// The last Saturday of January: long when January 31 or, before a leap year's turn, 30 is reached. By hand from
/// Saturdays: 2020-01-25, 2021-01-30 (371 days later), 2022-01-29, 2023-01-28, 2024-01-27, 2025-01-25,
/// 2026-01-31 (371), 2027-01-30, 2028-01-29, 2029-01-27, 2030-01-26, 2031-01-25, 2032-01-31 (371), 2033-01-29,
/// 2034-01-28, 2035-01-27.
#[test]
fn years_to_a_last_saturday_have_53_weeks_where_the_saturdays_say_so() {
    assert_eq!(long_years(last(SATURDAY, 9, Cut::Weeks)), [2023, 2028, 2034]);
    assert_eq!(long_years(last(SATURDAY, 1, Cut::Weeks)), [2021, 2026, 2032]);
    assert_eq!(last(SATURDAY, 9, Cut::Weeks).year_days(2017).expect("a year").1, day("2017-09-30"));
}

/// ISO 8601 by another program: chrono's own week numbers, for every day.
#[test]
fn iso_weeks_are_those_of_another_program() {
    let calendar = nearest(6, 12, Cut::IsoWeeks);
    assert_eq!(long_years(calendar), [2020, 2026, 2032]);
    let mut date = chrono::NaiveDate::from_ymd_opt(2019, 12, 1).expect("a date");
    let end = chrono::NaiveDate::from_ymd_opt(2036, 2, 1).expect("a date");
    while date < end {
        let week = date.iso_week();
        let period = calendar.containing(day(&date.to_string())).expect("a week");
        assert_eq!(period.name, format!("{:04}-W{:02}", week.year(), week.week()), "{date}");
        date = date.succ_opt().expect("a day");
    }
}

/// Walks over all days: each is in exactly one period, periods follow each other without holes, names come back,
/// and a year's periods make up the year.
#[test]
fn every_day_is_in_exactly_one_period() {
    for calendar in all() {
        let mut period = calendar.containing(day("2019-06-15")).expect("a period");
        while period.first < day("2036-06-15") {
            assert_eq!(calendar.period(&period.name).as_ref(), Some(&period), "{calendar:?}");
            assert!(period.first <= period.last, "{calendar:?} {period:?}");
            let mut inside = period.first;
            while inside <= period.last {
                assert_eq!(calendar.containing(inside).as_ref(), Some(&period), "{calendar:?} {inside}");
                inside = inside.next();
            }
            let next = calendar.next(&period).expect("the next one");
            assert_eq!(next.first, period.last.next(), "{calendar:?}");
            assert_ne!(next.name, period.name);
            assert_eq!(calendar.previous(&next).as_ref(), Some(&period));
            period = next;
        }
        for year in 2020..=2035 {
            let periods = calendar.periods_of_year(year);
            let (first, last) = calendar.year_days(year).expect("a year");
            let days: i64 = periods.iter().map(showback::period::Period::days).sum();
            let numbers: Vec<u32> = periods.iter().map(|period| period.number).collect();
            let count = u32::try_from(numbers.len()).expect("few");
            assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "{calendar:?} {year}");
            if calendar.cut != Cut::Months || calendar == Calendar::MONTHS {
                assert_eq!(days, last.days_since(first) + 1, "{calendar:?} {year}");
                assert_eq!((periods[0].first, periods[periods.len() - 1].last), (first, last));
            }
            for period in &periods {
                assert_eq!(period.year, year);
                let to_date = calendar.to_date(period);
                assert_eq!(to_date.len(), usize::try_from(period.number).expect("small"));
                assert_eq!(to_date.last(), Some(period));
            }
        }
    }
}

#[test]
fn periods_have_the_lengths_that_the_calendar_names() {
    let weeks = |calendar: Calendar, year| -> Vec<i64> {
        calendar.periods_of_year(year).iter().map(|period| period.days() / 7).collect()
    };
    let year = |cut| last(SATURDAY, 1, cut);
    assert_eq!(weeks(year(Cut::Weeks445([4, 4, 5])), 2025), [4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5]);
    assert_eq!(weeks(year(Cut::Weeks445([5, 4, 4])), 2025), [5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 4]);
    // 2026 has 53 weeks; the last period has the extra one, or the one that is said.
    assert_eq!(weeks(year(Cut::Weeks445([4, 5, 4])), 2026), [4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 5]);
    assert_eq!(weeks(year(Cut::FourWeeks), 2026), [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5]);
    assert_eq!(weeks(year(Cut::Quarters), 2026), [13, 13, 13, 14]);
    assert_eq!(weeks(year(Cut::Weeks), 2026).len(), 53);
    assert_eq!(weeks(year(Cut::Weeks), 2025).len(), 52);
    let third = Calendar { week_53: 3, ..year(Cut::FourWeeks) };
    assert_eq!(weeks(third, 2026), [4, 4, 5, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
    assert_eq!(weeks(third, 2025), [4; 13]);
}

#[test]
fn names_that_a_calendar_does_not_have_are_none() {
    let weeks = last(SATURDAY, 1, Cut::Weeks);
    assert!(weeks.period("FY26-W53").is_some() && weeks.period("FY25-W53").is_none());
    assert!(weeks.period("FY26-W00").is_none() && weeks.period("FY26-W54").is_none());
    let iso = nearest(6, 12, Cut::IsoWeeks);
    assert!(iso.period("2026-W53").is_some() && iso.period("2027-W53").is_none() && iso.period("2026-40").is_none());
    let periods = last(SATURDAY, 1, Cut::Weeks445([4, 4, 5]));
    for name in ["FY27-P13", "FY27-P00", "FY27-P7", "FY2027-P07", "2027-P07", "FY27-Q1", "FY27", "P07", ""] {
        assert_eq!(periods.period(name), None, "{name}");
    }
    assert!(by_date(4, 1, Cut::Quarters).period("FY27-Q5").is_none());
    // Two digits mean 2000 to 2099; other years are written out, and only they.
    let years = by_date(7, 1, Cut::Years);
    assert_eq!(years.containing(day("1998-12-01")).expect("a year").name, "FY1999");
    assert_eq!(years.period("FY1999").expect("a year").last, day("1999-06-30"));
    assert!(years.period("FY2027").is_none());
}

#[test]
fn months_know_their_fiscal_year_and_files_their_words() {
    // UK tax years: April's last day is in the new year, so April is its first month.
    let uk = by_date(4, 6, Cut::Months);
    let april = uk.period("2026-04").expect("a month");
    assert_eq!((april.year, april.number), (2027, 1));
    let march = uk.period("2027-03").expect("a month");
    assert_eq!((march.year, march.number), (2027, 12));
    assert_eq!(march.fill("{fiscal_year}/{number}-{year}-{month}-{period}"), "FY27/12-2027-03-2027-03");
    let named_by_start = Calendar { is_named_by_start: true, ..uk };
    assert_eq!(named_by_start.period("2027-03").expect("a month").year, 2026);
    let retail = last(SATURDAY, 1, Cut::Weeks445([4, 5, 4]));
    assert_eq!(retail.period("FY27-P07").expect("a period").fill("{year}/{number}.csv"), "2027/07.csv");
    let trailing: Vec<String> = uk.trailing(&april, 3).into_iter().map(|period| period.name).collect();
    assert_eq!(trailing, ["2026-02", "2026-03", "2026-04"]);
    assert_eq!(april.days_of(day("2026-03-15"), day("2026-04-10")), 10);
    assert_eq!(april.days_of(day("2026-05-01"), day("2026-05-10")), 0);
}

/// What is said about a model with this `calendar` and this file name.
fn said(calendar: &str, file: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[model]\nname = \"C\"\ncurrency = \"EUR\"\ncalendar = {calendar}\n\n[sources.bills]\nfiles = \"{file}\"\ncolumns = {{ cost = \"Amount\" }}\n"
    );
    std::fs::write(folder.path().join("model.toml"), text).expect("written");
    let mut findings = showback::finding::Findings::new();
    let book = showback::rulebook::read::read(folder.path(), &mut findings);
    let titles: Vec<String> = findings.iter().map(|finding| finding.title.clone()).collect();
    assert_eq!(book.is_none(), !titles.is_empty());
    titles.join("; ")
}

#[test]
fn calendars_that_do_not_fit_together_are_refused() {
    let ends = r#"year_ends = "last Saturday of January""#;
    let wrong = [
        (r#"{ periods = "4-4-4" }"#.to_owned(), "the calendar `4-4-4` is not known"),
        (r#"{ periods = "4-4-5" }"#.to_owned(), "does not say on which weekday a year ends"),
        (r#"{ periods = "13x4", year_starts = "02-01" }"#.to_owned(), "`year_starts` is a date"),
        (format!("{{ periods = \"months\", {ends} }}"), "calendar months do not fit into years of weeks"),
        (format!("{{ periods = \"years\", year_starts = \"02-01\", {ends} }}"), "either starts on a date or ends"),
        (
            r#"{ periods = "weeks", year_ends = "last Caturday of January" }"#.to_owned(),
            "does not say when a year ends",
        ),
        (r#"{ periods = "years", year_starts = "02-30" }"#.to_owned(), "is not a month and a day"),
        (r#"{ periods = "years", year_named_by = "middle" }"#.to_owned(), "which calendar year numbers"),
        (format!("{{ periods = \"4-4-5\", {ends}, week_53 = 13 }}"), "is not the number of a period"),
        (format!("{{ periods = \"weeks\", {ends}, week_53 = 1 }}"), "no period of this calendar gets longer"),
        (r#"{ periods = "weeks", year_named_by = "start" }"#.to_owned(), "weeks by ISO 8601 have their own years"),
    ];
    for (calendar, expected) in wrong {
        let titles = said(&calendar, "{period}.csv");
        assert!(titles.contains(expected), "{calendar}: {titles}");
    }
    for calendar in [format!("{{ periods = \"quarters\", {ends} }}"), r#"{ periods = "weeks" }"#.to_owned()] {
        assert_eq!(said(&calendar, "{period}.csv"), "", "{calendar}");
    }
}

#[test]
fn words_in_file_names_must_name_one_period() {
    let weeks = r#"{ periods = "4-5-4", year_ends = "Saturday nearest the end of January" }"#;
    assert!(said(weeks, "{year}-{month}.csv").contains("a period such as FY27-P07 has no month"));
    assert!(said(weeks, "{year}.csv").contains("does not say which period it belongs to"));
    assert_eq!(said(weeks, "{year}/{number}.csv"), "");
    assert!(said("{}", "{year}.csv").contains("does not say which period it belongs to"));
    assert!(said("{}", "{perod}.csv").contains("`{perod}` is not a word for a period"));
    assert_eq!(said("{}", "{year}{month}.csv"), "");
    assert_eq!(said("{}", "{fiscal_year}-{number}.csv"), "");
}
