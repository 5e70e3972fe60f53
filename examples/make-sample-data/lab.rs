//! The Automation Lab, which is charged at what it was paid: its payroll, and the hours it reported.

use std::error::Error;

use crate::calendar::Period;
use crate::random::Random;
use crate::tables::{Control, Folder, decimal, decimal_short, row};

const TEAM: &str = "Automation Lab";

/// Number, pence for a full month, part of full time in per cent, first working day in October's 22, and the services worked for.
struct Person(&'static str, i64, i64, Option<&'static str>, [&'static str; 2]);

#[rustfmt::skip]
const PEOPLE: [Person; 6] = [
    Person("31001", 842_000, 100, None, ["Claims Processing", "Fraud Detection"]),
    Person("31002", 655_000, 100, None, ["Claims Processing", "Document Management"]),
    Person("31003", 655_000, 100, None, ["Customer Portal", "Claims Processing"]),
    Person("31004", 419_200, 80, None, ["Procurement & Expenses", "General Ledger"]),
    Person("31005", 587_500, 100, None, ["HR & Payroll", "Procurement & Expenses"]),
    Person("31006", 612_500, 100, Some("2026-10-15"), ["Life Administration", "Customer Portal"]),
];

/// What was not reported: period, person, number of the week, or all of the month.
#[rustfmt::skip]
const MISSING: [(&str, &str, Option<usize>); 4] = [
    ("2026-08", "31004", Some(2)),
    ("2026-09", "31002", Some(4)),
    ("2026-10", "31003", Some(3)),
    ("2026-10", "31005", None),
];

const MINUTES_A_DAY: i64 = 450;

/// Payroll and timesheet of a month. The control total is what was paid.
pub(crate) fn write(month: &Folder, period: &Period) -> Result<Control, Box<dyn Error>> {
    let mut payroll = Vec::new();
    let mut reported = Vec::new();
    let mut total = 0;
    let all_days: i64 = period.weeks.iter().map(|(_, days)| days).sum();
    for Person(number, pence, part, joined, services) in &PEOPLE {
        let weeks: Vec<(i64, i64)> = period.weeks.iter().map(|week| (week.0, worked(period, *week, *joined))).collect();
        let days: i64 = weeks.iter().map(|(_, days)| days).sum();
        if days == 0 {
            continue;
        }
        let (paid, minutes) = (pence * days / all_days, days * MINUTES_A_DAY * part / 100);
        total += paid;
        payroll.push(row([number, TEAM, &decimal(paid, 2), &decimal_short(minutes * 100 / 60, 2)]));
        for (week, (ends, days)) in weeks.into_iter().enumerate() {
            let missing = |gap: &(_, _, Option<usize>)| {
                (gap.0, gap.1) == (period.name, *number) && gap.2.is_none_or(|w| w == week)
            };
            let minutes = days * MINUTES_A_DAY * part / 100;
            if minutes == 0 || MISSING.iter().any(missing) {
                continue;
            }
            let mut random = Random::stream(&format!("lab {number} {} {week}", period.name));
            let second = minutes * random.between(0, 45) / 100 / 5 * 5;
            for (service, minutes) in services.iter().zip([minutes - second, second]) {
                if minutes > 0 {
                    let duration = format!("{}:{:02}:00", minutes / 60, minutes % 60);
                    reported.push(row([number, &period.iso(ends), service, &duration]));
                }
            }
        }
    }
    let rows = payroll.len();
    month.csv("payroll.csv", &["Person", "Team", "Paid", "Hours"], payroll.into_iter())?;
    month.csv("lab-hours.csv", &["Person", "Week ending", "Service", "Duration"], reported.into_iter())?;
    Ok(Control { source: "payroll", total: decimal(total, 2), rows, says: "payroll office" })
}

/// Working days of a week, which ends on a Friday or with the month, from the day a person joined on.
fn worked(period: &Period, (ends, days): (i64, i64), joined: Option<&str>) -> i64 {
    let Some(joined) = joined else { return days };
    (0..days).filter(|before| period.iso(ends - before).as_str() >= joined).count().try_into().unwrap_or(0)
}
