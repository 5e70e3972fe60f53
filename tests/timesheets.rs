//! Exports of timesheet programs by their presets: hours as each of them writes them, at loaded rates. The headings are those of
//! the programs' exports, the rows are invented, and the sums are worked out beside them.

mod support;

use std::path::Path;

use support::{outcome, rows, showback, write_model};

/// A person's rate is the salary and the on-costs of a year by its productive hours.
const RATES: &str = "Person,Salary,On-costs,Hours\nAda Birch,72000,18000,1500\nBen Cole,60000,15000,1500\n";

fn model(format: &str, on: &str, files: &str, more: &str) -> String {
    format!(
        "[model]\nname = \"Time\"\ncurrency = \"EUR\"\ncharges = {{ by = [\"business_unit\", \"service\"] }}\n\n\
         [dimensions.business_unit]\nmembers = [\"Labs\"]\n\n\
         [sources.time]\nformat = \"{format}\"\nfiles = \"{files}\"\n\
         cost = {{ hourly = {{ file = \"rates.csv\", on = {{ {on} = \"Person\" }}, take = [\"Salary\", \"On-costs\"], per = \"Hours\" }} }}\n\
         set = {{ pool = \"Staff\", service = \"{{Project}}\" }}\n{more}\n\
         [[allocate]]\nid = \"all\"\nto = {{ business_unit = \"Labs\" }}\n"
    )
}

fn run(folder: &Path, model: &str, file: &str, export: &str) -> (Option<i32>, String) {
    write_model(folder, &[("model.toml", model), ("rates.csv", RATES), (file, export)]);
    let (path, out) = (folder.display().to_string(), folder.join("out").display().to_string());
    outcome(&showback(&["run", &path, "--period", "2026-10", "--out", &out, "--alone", "--quiet"]))
}

fn amounts(folder: &Path) -> Vec<(String, String)> {
    let lines = rows(&folder.join("out/2026-10/data/charges.csv"));
    lines.into_iter().map(|row| (row["service"].clone(), row["amount"].clone())).collect()
}

fn check(format: &str, on: &str, export: &str, expected: &[(&str, &str)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let said = run(folder.path(), &model(format, on, "{period}.csv", ""), "2026-10.csv", export);
    assert_eq!(said, (Some(0), String::new()), "{format}");
    let expected: Vec<(String, String)> = expected.iter().map(|(s, a)| ((*s).to_owned(), (*a).to_owned())).collect();
    assert_eq!(amounts(folder.path()), expected, "{format}");
}

#[test]
fn exports_of_four_programs_are_hours_at_loaded_rates() {
    // Ada costs 90,000 / 1,500 = 60.00 an hour, Ben 75,000 / 1,500 = 50.00.
    // Toggl: 1:30 + 0:20 = 1 5/6 hours of Ada are 110.00; 0:45:36 of Ben, 0.76 hours, are 38.00.
    let toggl = "\u{feff}User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags,Amount ()\n\
        Ada Birch,ada@example.com,,Portal,,Design,No,2026-10-05,09:00:00,2026-10-05,10:30:00,01:30:00,,\n\
        Ada Birch,ada@example.com,,Portal,,Mail,No,2026-10-05,11:00:00,2026-10-05,11:20:00,00:20:00,,\n\
        Ben Cole,ben@example.com,,Desk,,Help,No,2026-10-31,23:30:00,2026-11-01,00:15:36,00:45:36,,\n";
    check("toggl", "User", toggl, &[("Desk", "38.00"), ("Portal", "110.00")]);

    // Clockify: 1:30:30 are 1.5083 hours and 90.50; the decimal column has lost half a minute.
    let clockify = "Project,Client,Description,Task,User,Group,Email,Tags,Billable,Start Date,Start Time,End Date,End Time,Duration (h),Duration (decimal)\n\
        Portal,,Design,,Ada Birch,,ada@example.com,,Yes,2026-10-12,08:00:05,2026-10-12,09:30:35,01:30:30,1.51\n";
    check("clockify", "User", clockify, &[("Portal", "90.50")]);

    // Harvest: 6.5 + 0.25 hours of Ben are 337.50.
    let harvest = "Date,Client,Project,Project Code,Task,Notes,Hours,Billable?,Invoiced?,Approved?,First Name,Last Name,Roles,Employee?\n\
        2026-10-01,,Portal,P1,Development,,6.50,No,No,Yes,Ben,Cole,,Yes\n\
        2026-10-02,,Portal,P1,Meeting,,0.25,No,No,Yes,Ben,Cole,,Yes\n";
    let rates = "Ben";
    let folder = tempfile::tempdir().expect("a folder");
    let by_first_name = model("harvest", "\"First Name\"", "{period}.csv", "");
    write_model(folder.path(), &[("model.toml", &by_first_name), ("2026-10.csv", harvest)]);
    write_model(folder.path(), &[("rates.csv", &RATES.replace("Ben Cole", rates))]);
    let (path, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let said = outcome(&showback(&["run", &path, "--period", "2026-10", "--out", &out, "--alone", "--quiet"]));
    assert_eq!(said, (Some(0), String::new()));
    assert_eq!(amounts(folder.path()), [("Portal".to_owned(), "337.50".to_owned())]);

    // Tempo: 2.5 hours of Ada are 150.00; its days have a time.
    let tempo = "Issue Key,Issue summary,Hours,Work date,Username,Full name,Period,Project\n\
        PORT-7,Sign in,2.5,2026-10-05 09:00,abirch,Ada Birch,1026,Portal\n";
    check("tempo", "\"Full name\"", tempo, &[("Portal", "150.00")]);
}

#[test]
fn who_worked_stands_in_no_message_and_no_line_handed_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let toggl = "User,Email,Project,Start date,Duration\n\
        Ada Birch,ada@example.com,Portal,2026-10-05,01:00:00\n\
        Ada Birch,ada@example.com,Portal,2026-10-06,one hour\n";
    let model = model("toggl", "User", "{period}.csv", "refused = \"quarantine\"\n");
    let (code, said) = run(folder.path(), &model, "2026-10.csv", toggl);
    let quarantine = std::fs::read_to_string(folder.path().join("out/2026-10/data/quarantine.csv")).unwrap_or_default();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("such as 7:30 or 07:30:15") && quarantine.contains("one hour"), "{said}\n{quarantine}");
    for name in ["Ada", "ada@"] {
        assert!(!said.contains(name) && !quarantine.contains(name), "{name} is shown in\n{said}\n{quarantine}");
    }
    // Somebody without a rate is told by the row.
    let (code, said) = run(folder.path(), &model, "2026-10.csv", &toggl.replace("Ada Birch", "Cy Dorn"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("no rate for User `(personal)`") && said.contains("2026-10.csv:2"), "{said}");
    assert!(!said.contains("Cy") && !said.contains("ada@"), "{said}");
}

#[test]
fn hours_without_rates_are_refused_and_a_form_that_is_declared_goes_before_the_programs_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let toggl = "User,Project,Start date,Duration\nAda Birch,Portal,05.10.2026,1.5\n";
    let whole = model("toggl", "User", "{period}.csv", "formats = { number = \"1234.56\", date = \"%d.%m.%Y\" }\n");
    let without = whole.lines().filter(|line| !line.starts_with("cost")).collect::<Vec<_>>().join("\n");
    let (code, said) = run(folder.path(), &without, "2026-10.csv", toggl);
    assert_eq!(code, Some(3));
    assert!(said.contains("an export of hours needs their rates"), "{said}");
    assert_eq!(run(folder.path(), &whole, "2026-10.csv", toggl), (Some(0), String::new()));
    assert_eq!(amounts(folder.path()), [("Portal".to_owned(), "90.00".to_owned())]);
}

/// A workbook whose `Time` cells hold days, as spreadsheets keep times, shown in a form.
fn workbook_of_hours(path: &Path, cells: &[(f64, &str)]) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, heading) in (0..).zip(["User", "Project", "Day", "Time"]) {
        sheet.write(0, column, heading).expect("a heading");
    }
    for (row, (days, form)) in (1..).zip(cells) {
        sheet.write(row, 0, "Ada Birch").expect("a cell");
        sheet.write(row, 1, "Portal").expect("a cell");
        sheet.write(row, 2, "2026-10-05").expect("a cell");
        let format = rust_xlsxwriter::Format::new().set_num_format(*form);
        sheet.write_with_format(row, 3, *days, &format).expect("a cell");
    }
    book.save(path).expect("a workbook");
}

#[test]
fn a_cell_that_shows_a_time_is_hours_and_a_number_counts_what_is_declared() {
    let with_form = |form: &str| {
        model(
            "xlsx",
            "User",
            "{period}.xlsx",
            &format!("columns = {{ date = \"Day\" }}\nformats = {{ number = \"{form}\" }}\n"),
        )
        .replace("cost = { hourly", "cost = { hours = \"Time\", hourly")
    };
    let folder = tempfile::tempdir().expect("a folder");
    let run_workbook = |form: &str, cells: &[(f64, &str)]| {
        workbook_of_hours(&folder.path().join("2026-10.xlsx"), cells);
        run(folder.path(), &with_form(form), "unused.csv", "\n")
    };
    // 1/16 day shows as 1:30, 1/72 as 0:20, 25/16 days as 37:30: 39 1/3 hours at 60.00 are 2,360.00.
    let times = [(0.0625, "h:mm"), (1.0 / 72.0, "hh:mm:ss"), (1.5625, "[h]:mm")];
    assert_eq!(run_workbook("h:mm:ss", &times), (Some(0), String::new()));
    assert_eq!(amounts(folder.path()), [("Portal".to_owned(), "2360.00".to_owned())]);
    // 5,400 seconds and 90 minutes are 1.5 hours and 90.00, in cells of numbers too.
    assert_eq!(run_workbook("seconds", &[(5400.0, "0")]), (Some(0), String::new()));
    assert_eq!(amounts(folder.path()), [("Portal".to_owned(), "90.00".to_owned())]);
    assert_eq!(run_workbook("minutes", &[(90.0, "0")]), (Some(0), String::new()));
    assert_eq!(amounts(folder.path()), [("Portal".to_owned(), "90.00".to_owned())]);
    // A time is no plain number, and a plain number no time: 1.5 could be hours or days.
    for (form, cell) in [("1234.56", (0.0625, "[h]:mm")), ("h:mm:ss", (1.5, "0.00"))] {
        let (code, said) = run_workbook(form, &[cell]);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("not-a-number"), "{said}");
    }
}
