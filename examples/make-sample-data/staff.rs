//! Timesheets: weekly lines by person, a number each, and the hourly rates, projects and teams behind them.
//! An hour is booked in quarters, so four quarters are an hour everywhere here.

use std::error::Error;

use crate::calendar::{PERIODS, Period};
use crate::random::Random;
use crate::tables::{Cell, Control, Folder, Sheet, decimal_short, row};

/// Team, tower, people, services and how much of the team they take.
struct Team(&'static str, &'static str, i64, &'static [(&'static str, i64)]);

#[rustfmt::skip]
const TEAMS: [Team; 15] = [
    Team("Infrastructure", "Data Centre", 17, &[("Data Centre Hosting", 40), ("Network Backbone", 34), ("Backup & Recovery", 26)]),
    Team("Cloud Engineering", "Platform", 14, &[("Cloud Platform", 38), ("Integration Platform", 37), ("Monitoring", 25)]),
    Team("Security", "Security", 12, &[("Identity & Access", 45), ("Security Operations", 55)]),
    Team("Service Desk", "Workplace", 19, &[("Service Desk", 80), ("Workplace Devices", 12), ("Email & Collaboration", 8)]),
    Team("Workplace", "Workplace", 11, &[("Workplace Devices", 45), ("Telephony", 18), ("Meeting Rooms", 9), ("Print & Post", 8), ("Email & Collaboration", 20)]),
    Team("Claims Systems", "Application", 19, &[("Claims Processing", 58), ("Fraud Detection", 20), ("Motor Telematics", 17), ("Legacy Claims Archive", 5)]),
    Team("Policy Systems", "Application", 18, &[("Motor Policy Admin", 34), ("Home Policy Admin", 26), ("Underwriting Workbench", 19), ("Rating Engine", 21)]),
    Team("Life Systems", "Application", 14, &[("Life Administration", 44), ("Pensions Administration", 36), ("Actuarial Modelling", 20)]),
    Team("Digital", "Application", 17, &[("Customer Portal", 33), ("Mobile App", 25), ("Quote Engine", 27), ("Public Website", 15)]),
    Team("Broker Systems", "Application", 8, &[("Broker Portal", 62), ("CRM", 38)]),
    Team("Finance Systems", "Application", 11, &[("General Ledger", 34), ("Regulatory Reporting", 24), ("Reinsurance Accounting", 12), ("Payments Hub", 20), ("Procurement & Expenses", 10)]),
    Team("People & Legal Systems", "Application", 5, &[("HR & Payroll", 66), ("Legal Case Management", 34)]),
    Team("Data & Analytics", "Platform", 14, &[("Data Warehouse", 63), ("Analytics Workbench", 37)]),
    Team("Test & Documents", "Platform", 9, &[("Test & Release", 57), ("Document Management", 43)]),
    Team("IT Management", "IT Management", 9, &[("IT Management", 100)]),
];

/// Project, name, service, unit that ordered it, spend, from, to, team, parts of a thousand of its people.
#[rustfmt::skip]
const PROJECTS: [(&str, [&str; 6], &str, i64); 11] = [
    ("PRJ-101", ["Claims Triage AI", "Claims Triage AI", "", "transform", "2026-09-01", ""], "Claims Systems", 200),
    ("PRJ-104", ["Broker Portal relaunch", "Broker Portal", "Broker Channel", "transform", "2026-01-05", ""], "Broker Systems", 330),
    ("PRJ-107", ["Mobile quotes", "Mobile App", "Direct & Digital", "grow", "2026-03-02", ""], "Digital", 260),
    ("PRJ-112", ["Pension dashboards", "Pensions Administration", "Life & Pensions", "grow", "2025-10-01", ""], "Life Systems", 280),
    ("PRJ-115", ["Network refresh", "Network Backbone", "", "transform", "2026-05-04", ""], "Infrastructure", 170),
    ("PRJ-118", ["Motor rating, third version", "Rating Engine", "", "grow", "2026-02-02", ""], "Policy Systems", 230),
    ("PRJ-121", ["Five-day close", "General Ledger", "Finance", "transform", "2026-04-01", ""], "Finance Systems", 240),
    ("PRJ-126", ["Data platform move", "Data Warehouse", "", "transform", "2026-01-05", ""], "Data & Analytics", 310),
    ("PRJ-130", ["Single sign-on for all", "Identity & Access", "", "transform", "2026-06-01", ""], "Security", 210),
    ("PRJ-133", ["Closing the claims archive", "Legacy Claims Archive", "", "transform", "2026-04-01", ""], "Claims Systems", 60),
    ("PRJ-140", ["Contracts register", "Legal Case Management", "HR & Legal", "grow", "2026-07-01", ""], "People & Legal Systems", 220),
];

/// Grade, description, pounds an hour in pence until and after 2026-09-30, people in a hundred.
#[rustfmt::skip]
const GRADES: [(&str, &str, i64, i64, i64); 8] = [
    ("G3", "Technician", 3425, 3535, 16),
    ("G4", "Analyst", 4310, 4450, 24),
    ("G5", "Senior analyst", 5245, 5415, 22),
    ("G6", "Lead", 6480, 6690, 14),
    ("G7", "Manager or architect", 8060, 8320, 7),
    ("G8", "Head of department", 10390, 10725, 3),
    ("C1", "Contractor, developer", 7150, 7150, 9),
    ("C2", "Contractor, specialist", 9640, 9900, 5),
];

const QUARTERS_A_DAY: i64 = 30;

pub(crate) fn write_tables(folder: &Folder) -> Result<(), Box<dyn Error>> {
    let teams = TEAMS.iter().map(|team| row([team.0, team.1]));
    folder.csv("teams.csv", &["Team", "Tower"], teams)?;
    let projects = PROJECTS.iter().map(|(code, rest, ..)| {
        let mut cells = vec![(*code).to_string()];
        cells.extend(rest.iter().map(ToString::to_string));
        cells
    });
    let headings = ["Project", "Name", "Service", "Business unit", "Spend", "Valid from", "Valid to"];
    folder.csv("projects.csv", &headings, projects)?;

    let mut rates = Vec::new();
    for (grade, description, before, after, _) in GRADES {
        let rate = |pence| Cell::Number(crate::tables::decimal(pence, 2));
        let [old_from, old_to, new_from] = [Cell::Date(2025, 10, 1), Cell::Date(2026, 9, 30), Cell::Date(2026, 10, 1)];
        rates.push(vec![grade.into(), description.into(), rate(before), old_from, old_to]);
        rates.push(vec![grade.into(), description.into(), rate(after), new_from, Cell::Blank]);
    }
    folder.workbook(
        "rates.xlsx",
        &Sheet {
            name: "Rates",
            title: &[
                "Loaded hourly rates, GBP",
                "Salary, employer's cost, holiday and sickness; contractors: average invoice",
            ],
            headings: &["Grade", "Description", "Loaded rate", "Valid from", "Valid to"],
            rows: rates,
        },
    )
}

struct Entry {
    person: String,
    team: &'static str,
    grade: &'static str,
    activity: &'static str,
    service: &'static str,
    work: &'static str,
    date: String,
    quarters: i64,
}

/// The control total of this source is its hours.
pub(crate) fn write_timesheets(month: &Folder, period: &Period) -> Result<Control, Box<dyn Error>> {
    let mut entries = Vec::new();
    let mut number = 0;
    for team in &TEAMS {
        for _ in 0..team.2 {
            number += 1;
            book_person(&mut entries, number, team, period);
        }
    }
    late_entries(&mut entries, period);
    let quarters: i64 = entries.iter().map(|entry| entry.quarters).sum();
    let headings = ["Person", "Team", "Grade", "Activity", "Service", "Work type", "Week ending", "Hours"];
    let rows = entries.iter().map(|e| {
        row([&e.person, e.team, e.grade, e.activity, e.service, e.work, &e.date, &decimal_short(e.quarters * 25, 2)])
    });
    month.csv("timesheets.csv", &headings, rows)?;
    Ok(Control {
        source: "staff",
        total: decimal_short(quarters * 25, 2),
        rows: entries.len(),
        says: "hours in the timesheet system",
    })
}

/// A person has a main service and perhaps a project for good, and a few lines a week.
fn book_person(entries: &mut Vec<Entry>, number: i64, team: &Team, period: &Period) {
    let Team(team_name, _, _, services) = team;
    let (person, grade) = identity(number);
    let mut fixed = Random::stream(&format!("person {number}"));
    let main = services[fixed.pick(services.iter().map(|s| s.1))].0;
    let draw = fixed.between(0, 999);
    let project = project_of(team_name, draw, period);
    let mut random = Random::stream(&format!("person {number} {}", period.name));
    for (day, working_days) in period.weeks {
        let away = if random.chance(period.leave) { random.between(1, *working_days) } else { 0 };
        let mut left = (working_days - away) * QUARTERS_A_DAY;
        if left == 0 {
            continue;
        }
        let mut book = |activity, service, work, quarters| {
            entries.push(Entry {
                person: person.clone(),
                team: team_name,
                grade,
                activity,
                service,
                work,
                date: period.iso(*day),
                quarters,
            });
        };
        if random.chance(220) {
            let meetings = random.between(3, 14).min(left);
            left -= meetings;
            book("MEETINGS", "", "Overhead", meetings);
        }
        if let Some(code) = project {
            let hours = left * random.between(55, 95) / 100;
            left -= hours;
            book(code, "", "Project", hours);
        }
        let second = services[random.pick(services.iter().map(|s| s.1))].0;
        if second != main && random.chance(450) {
            let hours = left * random.between(10, 40) / 100;
            if hours > 0 {
                left -= hours;
                book("SUPPORT", second, "Run", hours);
            }
        }
        if left > 0 {
            book("SUPPORT", main, "Run", left);
        }
    }
}

/// The number on the timesheets and the grade of a person.
fn identity(number: i64) -> (String, &'static str) {
    let grade = Random::stream(&format!("grade {number}")).pick(GRADES.iter().map(|g| g.4));
    ((20_000 + number * 37).to_string(), GRADES[grade].0)
}

/// The project that a share of a team works on, if it has begun.
fn project_of(team: &str, draw: i64, period: &Period) -> Option<&'static str> {
    let mut from = 0;
    for (code, details, project_team, parts) in &PROJECTS {
        if *project_team == team {
            if (from..from + parts).contains(&draw) {
                return (details[4] <= period.iso(1).as_str()).then_some(*code);
            }
            from += parts;
        }
    }
    None
}

/// Every month a few people hand in hours of the month before. They are booked in this month, at the rate of the day.
fn late_entries(entries: &mut Vec<Entry>, period: &Period) {
    let Some(before) = PERIODS.iter().find(|p| p.index == period.index - 1) else {
        return;
    };
    let Some((day, _)) = before.weeks.last() else {
        return;
    };
    let late = [
        (3, "Infrastructure", "Network Backbone", 45),
        (11, "Infrastructure", "Backup & Recovery", 30),
        (115, "Life Systems", "Life Administration", 58),
    ];
    for (number, team, service, quarters) in late {
        let (person, grade) = identity(number);
        let date = before.iso(*day);
        let quarters = quarters + period.index;
        entries.push(Entry { person, team, grade, activity: "SUPPORT", service, work: "Run", date, quarters });
    }
}
