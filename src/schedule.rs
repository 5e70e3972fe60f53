//! Schedules: one amount shared over its life, so that its parts add up to it to the last digit.
//!
//! The life is cut into runs: spans of days that share a weight evenly. A period's weight is what it has of
//! each run, in whatever calendar, and the amount is split over all periods once, in minor units.

use std::collections::BTreeMap;

use crate::money::{Amount, Currency, Fraction, apply};
use crate::period::{Calendar, Day, Period};
use crate::shares::split;

/// Longest life of a schedule, in months: a hundred years. Longer ones are damaged dates.
pub const MONTHS_MAX: u32 = 1200;

/// Weight of a whole month: divisible by 2 and by every number of days that a month can have.
const MONTH: i128 = 2 * 28 * 29 * 15 * 31;

/// How an amount is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// What counts as equal time.
    pub pace: Pace,
    /// A yearly part of the book value; straight line when there is none.
    pub declining: Option<Declining>,
}

/// Declining balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declining {
    /// What a year takes of the book value.
    pub rate: Fraction,
    /// Whether the rate holds to the end, where the last year takes all that is left; else straight line follows in the
    /// first year in which that takes more.
    pub never_switches: bool,
}

/// What counts as equal time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Days.
    Daily,
    /// Months, whatever their length.
    Monthly(FirstMonth),
}

/// What the month counts in which a life begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstMonth {
    /// By its days from the first one on. The month of a disposal counts by its days too.
    Days,
    /// A whole month. The month of a disposal counts nothing.
    Full,
    /// Half a month. So does the month of a disposal, and the last one.
    Half,
    /// Nothing: life begins with the month after. The month of a disposal counts whole.
    Next,
}

/// When an amount is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// On this day, included.
    Until(Day),
    /// After so many months.
    Months(u32),
}

/// The facts of one line that is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The contract's or asset's value.
    pub cost: Amount,
    /// What of it is never used up: the salvage value.
    pub residual: Amount,
    /// First day of the life.
    pub first: Day,
    /// When it is used up.
    pub term: Term,
    /// The day on which it ended before its time, such as a disposal; the last day of use.
    pub ended: Option<Day>,
}

/// What a period takes of an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The period.
    pub period: Period,
    /// Its part of the schedule.
    pub scheduled: Amount,
    /// What was left when the life ended before its time; in the period of that day.
    pub remainder: Amount,
}

/// A schedule: the parts of all periods of a life, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Last day of the life, as planned.
    pub last: Day,
    /// Parts, in the order of time; periods that take nothing may be missing.
    pub parts: Vec<Part>,
}

/// Why there is no schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The last day is before the first.
    Backwards,
    /// There are no months, or more than [`MONTHS_MAX`].
    NoLife,
    /// The disposal is before the first day.
    EndedBeforeStart,
    /// The residual value is larger than the cost, or has another sign.
    Residual,
    /// The amounts are beyond what the program can hold.
    TooLarge,
}

/// Days that share a weight evenly.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: Day,
    last: Day,
    weight: i128,
}

impl Run {
    fn days(&self) -> i128 {
        i128::from(self.last.days_since(self.first) + 1)
    }
}

/// Part of the amount with the runs it is shared over.
struct Segment {
    minor: i128,
    runs: Vec<Run>,
}

/// Shares an amount over its life. The parts add up to cost − residual; to the whole cost where the life ended
/// before its time.
///
/// # Errors
/// [`Fault`] when the terms make no sense.
pub fn schedule(terms: &Terms, method: Method, calendar: Calendar, currency: &Currency) -> Result<Schedule, Fault> {
    let to_spread = terms.cost - terms.residual;
    let is_within = terms.residual.is_zero()
        || terms.residual.is_negative() == terms.cost.is_negative() && terms.residual.abs() <= terms.cost.abs();
    if !is_within {
        return Err(Fault::Residual);
    }
    if terms.ended.is_some_and(|ended| ended < terms.first) {
        return Err(Fault::EndedBeforeStart);
    }
    let (runs, last) = runs(terms, method.pace)?;
    let minor = currency.round(to_spread);
    let segments = match method.declining {
        None => vec![Segment { minor, runs }],
        Some(declining) => years(minor, currency.round(terms.residual), declining, &runs)?,
    };
    let mut by_period: BTreeMap<Day, (Period, i128)> = BTreeMap::new();
    for segment in &segments {
        spread(segment, terms.ended, method.pace, calendar, &mut by_period)?;
    }
    let mut parts: Vec<Part> = by_period
        .into_values()
        .map(|(period, minor)| Part { period, scheduled: currency.amount(minor), remainder: Amount::ZERO })
        .collect();
    if let Some(part) = parts.last_mut().filter(|_| terms.ended.is_none_or(|ended| ended >= last)) {
        // What an amount has beyond minor units goes with its last part.
        part.scheduled += to_spread - currency.amount(minor);
    }
    if let Some(ended) = terms.ended {
        let used: Amount = parts.iter().map(|part| part.scheduled).sum();
        let remainder = terms.cost - used;
        if !remainder.is_zero() {
            let period = calendar.containing(ended).ok_or(Fault::TooLarge)?;
            match parts.last_mut().filter(|part| part.period == period) {
                Some(part) => part.remainder = remainder,
                None => parts.push(Part { period, scheduled: Amount::ZERO, remainder }),
            }
        }
    }
    Ok(Schedule { last, parts })
}

/// The runs of a life, in order, and its last day.
fn runs(terms: &Terms, pace: Pace) -> Result<(Vec<Run>, Day), Fault> {
    let first = terms.first;
    let months = match terms.term {
        Term::Until(last) if last < first => return Err(Fault::Backwards),
        Term::Until(_) => None,
        Term::Months(months) if (1..=MONTHS_MAX).contains(&months) => Some(months),
        Term::Months(_) => return Err(Fault::NoLife),
    };
    let by_days = match (terms.term, months) {
        (Term::Until(last), _) => last,
        (_, months) => last_day(first, months.unwrap_or(1)).ok_or(Fault::NoLife)?,
    };
    if by_days.days_since(first) > i64::from(MONTHS_MAX) * 31 {
        return Err(Fault::NoLife);
    }
    let first_month = match pace {
        Pace::Daily => {
            let days = i128::from(by_days.days_since(first) + 1);
            return Ok((vec![Run { first, last: by_days, weight: days }], by_days));
        }
        Pace::Monthly(first_month) => first_month,
    };
    // The months of the calendar that the life touches, with what each counts.
    let mut runs = Vec::new();
    let (mut year, mut month, _) = first.ymd();
    let whole = months.unwrap_or(0);
    let mut number = 0;
    loop {
        let begins = Day::new(year, month, 1).ok_or(Fault::NoLife)?;
        let ends = Day::month_end(year, month).ok_or(Fault::NoLife)?;
        let (weight, last) = match (first_month, months) {
            (FirstMonth::Days, _) | (_, None) => {
                if begins > by_days {
                    break;
                }
                let last = ends.min(by_days);
                let days = i128::from(last.days_since(begins.max(first)) + 1);
                (days * (MONTH / i128::from(ends.days_since(begins) + 1)), last)
            }
            (FirstMonth::Half, _) if number == 0 || number == whole => (MONTH / 2, ends),
            (FirstMonth::Full | FirstMonth::Half, _) if number < whole => (MONTH, ends),
            (FirstMonth::Next, _) if number == 0 => (0, ends),
            (FirstMonth::Next, _) if number <= whole => (MONTH, ends),
            _ => break,
        };
        if weight > 0 {
            runs.push(Run { first: begins.max(first), last, weight });
        }
        number += 1;
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    let last = runs.last().map_or(by_days, |run| run.last);
    Ok((runs, last))
}

/// The day before the one that is so many months later; the end of the month where that has no such day.
fn last_day(first: Day, months: u32) -> Option<Day> {
    let (year, month, day) = first.ymd();
    let months = month - 1 + months;
    let (year, month) = (year + i32::try_from(months / 12).ok()?, months % 12 + 1);
    Day::new(year, month, day).map(Day::previous).or_else(|| Day::month_end(year, month))
}

/// Declining balance: what each year of the life takes, with the months it is shared over.
fn years(minor: i128, residual: i128, method: Declining, runs: &[Run]) -> Result<Vec<Segment>, Fault> {
    let share = |amount: i128, part: i128, of: i128| {
        let fraction = Fraction::new(part, of).ok_or(Fault::TooLarge)?;
        apply(Amount::from_atoms(amount), fraction).map(Amount::atoms).ok_or(Fault::TooLarge)
    };
    let sign = minor.signum();
    let total: i128 = runs.iter().map(|run| run.weight).sum();
    let (mut left, mut begins) = (minor.abs(), 0);
    let mut segments = Vec::new();
    while begins < total {
        let ends = (begins + 12 * MONTH).min(total);
        let length = ends - begins;
        let of_book = apply(Amount::from_atoms(left + residual.abs()), method.rate).ok_or(Fault::TooLarge)?.atoms();
        let declining = share(of_book, length, 12 * MONTH)?;
        let straight = if method.never_switches && ends < total { 0 } else { share(left, length, total - begins)? };
        let of_year = declining.max(straight).min(left);
        let mut run_begins = 0;
        let mut of_runs = Vec::new();
        for run in runs {
            let run_ends = run_begins + run.weight;
            let weight = run_ends.min(ends) - run_begins.max(begins);
            if weight > 0 {
                of_runs.push(Run { weight, ..*run });
            }
            run_begins = run_ends;
        }
        segments.push(Segment { minor: of_year * sign, runs: of_runs });
        left -= of_year;
        begins = ends;
    }
    Ok(segments)
}

/// Splits the amount of a segment over the periods of its runs, and adds the parts up by period. Where the life
/// ended before its time, the period of that day keeps what was used up by then, and later ones get nothing.
fn spread(
    segment: &Segment,
    ended: Option<Day>,
    pace: Pace,
    calendar: Calendar,
    by_period: &mut BTreeMap<Day, (Period, i128)>,
) -> Result<(), Fault> {
    // Runs of 28 and of 31 days get weights by the day that are whole.
    let common = segment.runs.iter().try_fold(1, |common, run| lcm(common, run.days())).ok_or(Fault::TooLarge)?;
    // By the period's first day: the period, its weight, and what of it was used up when the life ended.
    let mut weights: BTreeMap<Day, (Period, i128, i128)> = BTreeMap::new();
    let mut period: Option<Period> = None;
    for run in &segment.runs {
        let by_day = run.weight.checked_mul(common / run.days()).ok_or(Fault::TooLarge)?;
        let mut day = run.first;
        while day <= run.last {
            let current = match period.take().filter(|period| period.contains(day)) {
                Some(period) => period,
                None => calendar.containing(day).ok_or(Fault::TooLarge)?,
            };
            let weight = by_day * i128::from(current.days_of(run.first, run.last));
            let used = match ended {
                Some(ended) if ended < run.first => 0,
                Some(ended) if ended < run.last => match pace {
                    Pace::Daily | Pace::Monthly(FirstMonth::Days) => {
                        by_day * i128::from(current.days_of(run.first, ended))
                    }
                    Pace::Monthly(FirstMonth::Full) => 0,
                    Pace::Monthly(FirstMonth::Half) => weight / 2,
                    Pace::Monthly(FirstMonth::Next) => weight,
                },
                _ => weight,
            };
            let entry = weights.entry(current.first).or_insert_with(|| (current.clone(), 0, 0));
            entry.1 = entry.1.checked_add(weight).ok_or(Fault::TooLarge)?;
            entry.2 += used;
            day = current.last.next();
            period = Some(current);
        }
    }
    let shares: Vec<i128> = weights.values().map(|(_, weight, _)| *weight).collect();
    let parts = split(segment.minor, &shares).map_err(|_| Fault::TooLarge)?;
    for ((first, (period, weight, used)), part) in weights.into_iter().zip(parts) {
        let kept = match ended {
            Some(ended) if ended < period.first => continue,
            Some(ended) if period.contains(ended) => {
                split(part, &[used, weight - used]).map_err(|_| Fault::TooLarge)?[0]
            }
            _ => part,
        };
        by_period.entry(first).or_insert((period, 0)).1 += kept;
    }
    Ok(())
}

fn lcm(a: i128, b: i128) -> Option<i128> {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x).checked_mul(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::{Cut, YearEnd};
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        Day::parse_iso(text).expect("a day")
    }

    fn euros() -> Currency {
        Currency::new("EUR").expect("a currency")
    }

    fn cents(cents: i64) -> Amount {
        euros().amount(i128::from(cents))
    }

    fn terms(cost: i64, first: &str, term: Term) -> Terms {
        Terms { cost: cents(cost), residual: Amount::ZERO, first: day(first), term, ended: None }
    }

    const BY_MONTH: Method = Method { pace: Pace::Monthly(FirstMonth::Days), declining: None };
    const BY_DAY: Method = Method { pace: Pace::Daily, declining: None };

    fn counting(first: FirstMonth) -> Method {
        Method { pace: Pace::Monthly(first), declining: None }
    }

    /// The parts by period in cents.
    fn parts(terms: &Terms, method: Method) -> Vec<(String, i128)> {
        let plan = schedule(terms, method, Calendar::MONTHS, &euros()).expect("a schedule");
        plan.parts.iter().map(|part| (part.period.name.clone(), euros().round(part.scheduled))).collect()
    }

    fn amounts(terms: &Terms, method: Method) -> Vec<i128> {
        parts(terms, method).into_iter().map(|(_, amount)| amount).collect()
    }

    #[test]
    fn a_year_of_months_gives_the_first_ones_the_odd_cents() {
        // 10,000.00 / 12 = 833.33 and four cents, which go to the first four months.
        let year = terms(1_000_000, "2026-01-01", Term::Until(day("2026-12-31")));
        let expected = [[83334; 4].as_slice(), &[83333; 8]].concat();
        assert_eq!(amounts(&year, BY_MONTH), expected);
        assert_eq!(amounts(&terms(1_000_000, "2026-01-01", Term::Months(12)), BY_MONTH), expected);
    }

    #[test]
    fn a_month_that_is_only_partly_in_the_life_counts_by_its_days() {
        // From the 22nd of February, 7 of 28 days are a quarter: 1,500 / 12 = 125, a quarter of it 31.25.
        let parts = parts(&terms(150_000, "2026-02-22", Term::Months(12)), BY_MONTH);
        assert_eq!(parts[0], ("2026-02".to_owned(), 3125));
        assert!(parts[1..12].iter().all(|(_, amount)| *amount == 12500));
        assert_eq!(parts[12], ("2027-02".to_owned(), 9375));
    }

    #[test]
    fn days_count_the_same_and_both_ends_are_in() {
        // 60 days from the 17th of October: 15 of October, 30 of November, 15 of December.
        let line = terms(60_000, "2026-10-17", Term::Until(day("2026-12-15")));
        assert_eq!(amounts(&line, BY_DAY), [15000, 30000, 15000]);
        let one_day = terms(7, "2026-10-17", Term::Until(day("2026-10-17")));
        assert_eq!(amounts(&one_day, BY_DAY), [7]);
    }

    #[test]
    fn the_first_month_counts_whole_half_or_nothing() {
        let asset = terms(120_000, "2026-01-20", Term::Months(12));
        assert_eq!(parts(&asset, counting(FirstMonth::Full)).len(), 12);
        assert_eq!(parts(&asset, counting(FirstMonth::Full))[11], ("2026-12".to_owned(), 10000));
        let half = parts(&asset, counting(FirstMonth::Half));
        assert_eq!((half.len(), half[0].1, half[1].1, half[12].1), (13, 5000, 10000, 5000));
        let next = parts(&asset, counting(FirstMonth::Next));
        assert_eq!((next[0].clone(), next[11].clone()), (("2026-02".to_owned(), 10000), ("2027-01".to_owned(), 10000)));
    }

    #[test]
    fn a_life_in_months_ends_the_day_before_its_anniversary() {
        for (first, months, last) in [
            ("2026-01-15", 12, "2027-01-14"),
            ("2026-01-01", 1, "2026-01-31"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2026-12-01", 2, "2027-01-31"),
            ("2024-02-29", 12, "2025-02-28"),
        ] {
            assert_eq!(last_day(day(first), months), Some(day(last)), "{first} + {months}");
        }
    }

    #[test]
    fn residual_value_is_not_spread() {
        // Strongheart: 100,000 less 10,000 over 120 months: 750 a month.
        let asset = Terms { residual: cents(1_000_000), ..terms(10_000_000, "2026-10-01", Term::Months(120)) };
        assert!(amounts(&asset, counting(FirstMonth::Full)).iter().all(|amount| *amount == 75000));
    }

    #[test]
    fn declining_takes_its_rate_of_the_book_value_until_straight_line_takes_more() {
        // 10,000 at 40 % over five years: 4,000; 2,400; 1,440; 2,160 are left for two years, straight-line is
        // 1,080 and more than 864: 1,080; 1,080.
        let rate = Fraction::new(40, 100).expect("a rate");
        let declining = Some(Declining { rate, never_switches: false });
        let asset = terms(1_000_000, "2026-01-01", Term::Months(60));
        let method = Method { declining, ..counting(FirstMonth::Full) };
        let by_month = amounts(&asset, method);
        let by_year: Vec<i128> = by_month.chunks(12).map(|year| year.iter().sum()).collect();
        assert_eq!(by_year, [400_000, 240_000, 144_000, 108_000, 108_000]);
        // With 3,000 left at the end the book value stops there: 4,000; 2,400; then 600 of the 7,000 are left,
        // which 40 % of 3,600 (1,440) would exceed.
        let kept = Terms { residual: cents(300_000), ..asset };
        let by_month = amounts(&kept, method);
        let by_year: Vec<i128> = by_month.chunks(12).map(|year| year.iter().sum()).collect();
        assert_eq!(by_year, [400_000, 240_000, 60_000, 0, 0]);
        // Without the change to straight line: 4,000; 2,400; 1,440; 864; and the last year takes the 1,296 that are left.
        let method = Method { declining: Some(Declining { rate, never_switches: true }), ..method };
        let by_month = amounts(&asset, method);
        let by_year: Vec<i128> = by_month.chunks(12).map(|year| year.iter().sum()).collect();
        assert_eq!(by_year, [400_000, 240_000, 144_000, 86_400, 129_600]);
    }

    #[test]
    fn a_disposal_leaves_earlier_periods_as_they_were_and_gives_the_rest() {
        // 1,200 over 12 months from January, disposed of on the 10th of April: three months took 300.
        let asset = Terms { ended: Some(day("2026-04-10")), ..terms(120_000, "2026-01-01", Term::Months(12)) };
        let end = |first| {
            let plan = schedule(&asset, counting(first), Calendar::MONTHS, &euros()).expect("a schedule");
            assert_eq!(plan.parts[..3].iter().map(|part| euros().round(part.scheduled)).sum::<i128>(), 30000);
            assert_eq!(plan.parts.len(), 4);
            (euros().round(plan.parts[3].scheduled), euros().round(plan.parts[3].remainder))
        };
        // By days 10 of 30 are a third of 100.00.
        assert_eq!(end(FirstMonth::Days), (3333, 86667));
        assert_eq!(end(FirstMonth::Full), (0, 90000));
        // Half of January, two months, half of April: 50 + 100 + 100 + 50.
        let plan = schedule(&asset, counting(FirstMonth::Half), Calendar::MONTHS, &euros()).expect("a schedule");
        let scheduled: Vec<i128> = plan.parts.iter().map(|part| euros().round(part.scheduled)).collect();
        assert_eq!((scheduled, plan.parts[3].remainder), (vec![5000, 10000, 10000, 5000], cents(90000)));
        // Life begins in February, so April is the third month and counts whole.
        let plan = schedule(&asset, counting(FirstMonth::Next), Calendar::MONTHS, &euros()).expect("a schedule");
        let scheduled: Vec<i128> = plan.parts.iter().map(|part| euros().round(part.scheduled)).collect();
        assert_eq!((scheduled, plan.parts[2].remainder), (vec![10000, 10000, 10000], cents(90000)));
    }

    #[test]
    fn a_disposal_after_the_life_gives_the_residual_value() {
        let asset = Terms {
            residual: cents(20_000),
            ended: Some(day("2028-05-01")),
            ..terms(120_000, "2026-01-01", Term::Months(12))
        };
        let plan = schedule(&asset, BY_MONTH, Calendar::MONTHS, &euros()).expect("a schedule");
        let last = plan.parts.last().expect("a part");
        assert_eq!(
            (last.period.name.as_str(), last.scheduled, last.remainder),
            ("2028-05", Amount::ZERO, cents(20_000))
        );
    }

    #[test]
    fn terms_that_make_no_sense_are_faults() {
        let fault = |terms: Terms| schedule(&terms, BY_DAY, Calendar::MONTHS, &euros()).expect_err("a fault");
        let line = terms(100, "2026-01-10", Term::Until(day("2026-01-09")));
        assert_eq!(fault(line), Fault::Backwards);
        assert_eq!(fault(Terms { term: Term::Months(0), ..line }), Fault::NoLife);
        assert_eq!(fault(Terms { term: Term::Months(MONTHS_MAX + 1), ..line }), Fault::NoLife);
        assert_eq!(
            fault(Terms { term: Term::Until(day("2199-01-01")), first: day("1990-01-01"), ..line }),
            Fault::NoLife
        );
        let asset = Terms { term: Term::Months(12), ..line };
        assert_eq!(fault(Terms { ended: Some(day("2026-01-09")), ..asset }), Fault::EndedBeforeStart);
        assert_eq!(fault(Terms { residual: cents(101), ..asset }), Fault::Residual);
        assert_eq!(fault(Terms { residual: cents(-1), ..asset }), Fault::Residual);
    }

    #[test]
    fn digits_beyond_minor_units_go_with_the_last_part() {
        let cost = Amount::from_atoms(100_005_000_000_000_000_000);
        let line = Terms { cost, ..terms(0, "2026-01-01", Term::Months(3)) };
        let plan = schedule(&line, BY_MONTH, Calendar::MONTHS, &euros()).expect("a schedule");
        assert_eq!(plan.parts.iter().map(|part| part.scheduled).sum::<Amount>(), cost);
        assert_eq!((plan.parts[0].scheduled, plan.parts[1].scheduled), (cents(3334), cents(3333)));
    }

    fn calendars() -> impl Strategy<Value = Calendar> {
        let dates =
            (1u32..=12, 1u32..=28, prop_oneof![Just(Cut::Months), Just(Cut::Years), Just(Cut::Quarters)]).prop_map(
                |(month, day, cut)| Calendar { year_end: YearEnd::Before { month, day }, cut, ..Calendar::MONTHS },
            );
        let cuts = prop_oneof![
            Just(Cut::Years),
            Just(Cut::Quarters),
            Just(Cut::Weeks445([4, 4, 5])),
            Just(Cut::Weeks445([4, 5, 4])),
            Just(Cut::Weeks445([5, 4, 4])),
            Just(Cut::FourWeeks),
            Just(Cut::Weeks),
            Just(Cut::IsoWeeks),
        ];
        let weeks = (1u32..=12, 0i64..7, any::<bool>(), cuts).prop_map(|(month, weekday, is_last, cut)| Calendar {
            year_end: if is_last {
                YearEnd::LastWeekday { weekday, month }
            } else {
                YearEnd::NearestWeekday { weekday, month }
            },
            is_named_by_start: false,
            cut,
            week_53: cut.periods(),
        });
        prop_oneof![dates, weeks]
    }

    fn methods() -> impl Strategy<Value = Method> {
        let first =
            prop_oneof![Just(FirstMonth::Days), Just(FirstMonth::Full), Just(FirstMonth::Half), Just(FirstMonth::Next)];
        let rate = prop::option::of((1i128..=100, any::<bool>()).prop_map(|(percent, never_switches)| Declining {
            rate: Fraction::new(percent, 100).expect("a rate"),
            never_switches,
        }));
        prop_oneof![
            Just(BY_DAY),
            (first, rate).prop_map(|(first, declining)| Method { pace: Pace::Monthly(first), declining })
        ]
    }

    proptest! {
        #[test]
        fn any_schedule_adds_up_to_its_value_in_any_calendar(
            cost in -100_000_000i64..100_000_000,
            kept in 0i64..=100,
            start in 14_000i64..30_000,
            months in 1u32..200,
            ends in prop::option::of(0i64..4000),
            calendar in calendars(),
            method in methods(),
        ) {
            let first = Day::from_unix_days(start).expect("a day");
            let cost = cents(cost);
            let residual = euros().amount(euros().round(apply(cost, Fraction::new(i128::from(kept), 100).expect("a share")).expect("fits")));
            let ended = ends.and_then(|days| Day::from_unix_days(start + days));
            let terms = Terms { cost, residual, first, term: Term::Months(months), ended };
            let plan = schedule(&terms, method, calendar, &euros()).expect("a schedule");
            let scheduled: Amount = plan.parts.iter().map(|part| part.scheduled).sum();
            let remainder: Amount = plan.parts.iter().map(|part| part.remainder).sum();
            if ended.is_some() {
                prop_assert_eq!(scheduled + remainder, cost);
            } else {
                prop_assert_eq!((scheduled, remainder), (cost - residual, Amount::ZERO));
            }
            // No part has another sign than the cost, and none is before the life begins.
            prop_assert!(plan.parts.iter().all(|part| part.scheduled.is_zero() || part.scheduled.is_negative() == cost.is_negative()));
            prop_assert!(plan.parts.iter().all(|part| part.period.last >= first));
            prop_assert!(plan.parts.windows(2).all(|pair| pair[0].period.last < pair[1].period.first));
            // A disposal changes no period before it.
            let undisturbed = schedule(&Terms { ended: None, ..terms }, method, calendar, &euros()).expect("a schedule");
            if let Some(ended) = ended {
                let before = |plan: &Schedule| -> Vec<Part> {
                    plan.parts.iter().filter(|part| part.period.last < ended.min(plan.last)).cloned().collect()
                };
                prop_assert_eq!(before(&plan), before(&undisturbed));
            }
        }
    }
}
