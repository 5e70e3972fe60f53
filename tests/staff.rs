//! Payroll through timesheets: what is charged, idle and capitalised adds up to what was paid.

mod support;

use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;
use support::{CENT, ONE, atoms, outcome, rows, showback, write_model};

const MODEL: &str = "[model]\nname = \"Staff\"\ncurrency = \"EUR\"\ncomplete = [\"service\", \"treatment\"]\n\
    charges = { by = [\"business_unit\", \"service\", \"treatment\"] }\n\n\
    [dimensions.treatment]\nmembers = [\"capitalised\", \"expensed\"]\n[dimensions.person]\n[dimensions.activity]\n\n\
    [sources.payroll]\nfiles = \"{period}/payroll.csv\"\ncolumns = { cost = \"Paid\" }\nset = { pool = \"Staff\", person = \"{Person}\" }\n\n\
    [drivers.time]\nfile = \"{period}/time.csv\"\nfrom = { person = \"Person\" }\nto = { service = \"Project\", activity = \"Activity\" }\nquantity = \"Hours\"\n\n\
    [drivers.contracted]\nfile = \"{period}/payroll.csv\"\nfrom = { person = \"Person\" }\nto = { service = \"Person\" }\nquantity = \"Contracted\"\n\n\
    [[allocate]]\nid = \"time\"\nfrom = { pool = \"Staff\" }\nto = [\"service\", \"activity\"]\nby = \"time\"\n{POLICY}\n\
    [[allocate]]\nid = \"capitalise\"\nfrom = { activity = \"Build\" }\nto = { treatment = \"capitalised\" }\n\
    [[allocate]]\nid = \"expense\"\nto = { treatment = \"expensed\" }\n";

const TO_IDLE: &str = "capacity = \"contracted\"\nidle_to = { service = \"Idle\" }\n";

fn run(folder: &Path, policy: &str, payroll: &str, time: &str) -> (Option<i32>, String) {
    write_model(
        folder,
        &[
            ("model.toml", &MODEL.replace("{POLICY}", policy)),
            ("2026-10/payroll.csv", &format!("Person,Contracted,Paid\n{payroll}")),
            ("2026-10/time.csv", &format!("Person,Project,Activity,Hours\n{time}")),
        ],
    );
    let (model, out) = (folder.display().to_string(), folder.join("out").display().to_string());
    outcome(&showback(&["run", &model, "--period", "2026-10", "--out", &out, "--quiet"]))
}

fn charges(folder: &Path) -> Vec<support::Row> {
    rows(&folder.join("out/2026-10/data/charges.csv"))
}

const PAYROLL: &str = "1,150,6000.00\n2,100,3000.00\n";
const TIME: &str = "1,Portal,Build,100\n1,Portal,Help,20\n2,Desk,Help,100\n";

#[test]
fn missing_time_is_spread_or_idle_or_refused_as_the_rule_says() {
    let folder = tempfile::tempdir().expect("a folder");
    // Without a capacity the 6,000.00 go by 100 and 20 of 120 hours.
    assert_eq!(run(folder.path(), "", PAYROLL, TIME), (Some(0), String::new()));
    let of = |service: &str, treatment: &str| -> i128 {
        let lines = charges(folder.path());
        let wanted = lines.iter().filter(|row| row["service"] == service && row["treatment"] == treatment);
        wanted.map(|row| atoms(&row["amount"])).sum()
    };
    assert_eq!([of("Portal", "capitalised"), of("Portal", "expensed")], [5000 * ONE, 1000 * ONE]);
    // At 40.00 an hour for 150 hours, 30 of them unused.
    assert_eq!(run(folder.path(), TO_IDLE, PAYROLL, TIME), (Some(0), String::new()));
    assert_eq!([of("Portal", "capitalised"), of("Idle", "expensed")], [4000 * ONE, 1200 * ONE]);
    let (code, said) = run(folder.path(), "capacity = \"contracted\"\nidle_to = \"refuse\"\n", PAYROLL, TIME);
    assert_eq!(code, Some(3));
    assert!(said.contains("120 were used, and the capacity of `1` is 150; 30 are missing"), "{said}");
}

#[test]
fn who_reports_nothing_is_idle_where_the_capacity_is_known_and_refused_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let time = "1,Portal,Build,150\n";
    assert_eq!(run(folder.path(), TO_IDLE, PAYROLL, time), (Some(0), String::new()));
    let lines = charges(folder.path());
    let idle = lines.iter().find(|row| row["kind"] == "idle").expect("a line");
    assert_eq!((idle["service"].as_str(), atoms(&idle["amount"])), ("Idle", 3000 * ONE));
    let (code, said) = run(folder.path(), "", PAYROLL, time);
    assert!(code == Some(3) && said.contains("no row for person `2`"), "{said}");
}

#[test]
fn thirds_of_an_hour_and_of_a_month_add_up_to_what_they_are_parts_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = "[model]\nname = \"Thirds\"\ncurrency = \"EUR\"\n\
        [dimensions.business_unit]\nmembers = [\"A\", \"B\", \"C\", \"IT\"]\n\
        [sources.bill]\nfiles = \"{period}.csv\"\ncolumns = { cost = \"Paid\" }\nset = { pool = \"{Pool}\" }\n\
        [drivers.time]\nfile = \"time.csv\"\nto = { business_unit = \"Unit\" }\nquantity = \"Time\"\nformats = { number = \"h:mm:ss\" }\n\
        [drivers.seats]\nfile = \"seats.csv\"\nto = { business_unit = \"Unit\" }\nquantity = \"rows\"\nvalid_from = \"From\"\n\
        valid_to = \"To\"\nprorate = \"days\"\n\
        [[allocate]]\nid = \"time\"\nfrom = { pool = \"Staff\" }\nto = \"business_unit\"\nby = \"time\"\ncapacity = 2\n\
        idle_to = { business_unit = \"IT\" }\n\
        [[allocate]]\nid = \"seats\"\nfrom = { pool = \"Seats\" }\nto = \"business_unit\"\nby = \"seats\"\ncapacity = 1\n\
        idle_to = { business_unit = \"IT\" }\n";
    // Three times 40 minutes are the two hours there are, and three times ten days the month of one seat: nothing is idle,
    // and not more is used than there is.
    let tables = [
        ("model.toml", model),
        ("2026-11.csv", "Pool,Paid\nStaff,300.00\nSeats,30.00\n"),
        ("time.csv", "Unit,Time\nA,0:40:00\nB,0:40:00\nC,0:40:00\n"),
        ("seats.csv", "Unit,From,To\nA,,2026-11-10\nB,2026-11-11,2026-11-20\nC,2026-11-21,\n"),
    ];
    write_model(folder.path(), &tables);
    let (path, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let said = outcome(&showback(&["run", &path, "--period", "2026-11", "--out", &out, "--quiet"]));
    assert_eq!(said, (Some(0), String::new()));
    let use_of = rows(&folder.path().join("out/2026-11/data/utilisation.csv"));
    for (row, capacity) in use_of.iter().zip(["2", "1"]) {
        assert_eq!([row["used"].as_str(), &row["capacity"], &row["unused"]], [capacity, capacity, "0"]);
    }
    let lines = rows(&folder.path().join("out/2026-11/data/charges.csv"));
    let amounts: Vec<&str> = lines.iter().map(|row| row["amount"].as_str()).collect();
    assert_eq!(amounts, ["10.00", "100.00", "10.00", "100.00", "10.00", "100.00"]);
}

#[test]
fn a_loaded_rate_without_hours_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = "[model]\nname = \"S\"\ncurrency = \"EUR\"\n[sources.staff]\nfiles = \"{period}.csv\"\nset = { business_unit = \"A\" }\n\
        [sources.staff.cost]\nhours = \"Hours\"\nhourly = { file = \"rates.csv\", on = { Person = \"Person\" }, take = [\"Salary\", \"Tax\"], times = \"Load\", per = \"Year\" }\n";
    let (at, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    for (row, expected) in [
        ("P,80000,20000,150%,1200", ""),
        ("P,80000,20000,1.5,0", "rates.csv:2, column `Year`: a rate cannot be divided by 0"),
        ("P,80000,,1.5,1200", "column `Tax`: a number of this rate is missing"),
        ("P,80000,-1,1.5,1200", "column `Tax`: a rate is not negative"),
        ("P,80000,x,1.5,1200", "column `Tax`: `x` is not a rate"),
    ] {
        let rates = format!("Person,Salary,Tax,Load,Year\n{row}\n");
        write_model(
            folder.path(),
            &[("model.toml", model), ("rates.csv", &rates), ("2026-10.csv", "Person,Hours\nP,3\n")],
        );
        let (code, said) = outcome(&showback(&["run", &at, "--period", "2026-10", "--out", &out, "--quiet"]));
        if expected.is_empty() {
            // (80,000 + 20,000) × 1.5 / 1,200 = 125 an hour, three of them.
            assert_eq!((code, atoms(&charges(folder.path())[0]["amount"])), (Some(0), 375 * ONE), "{said}");
            continue;
        }
        assert_eq!(code, Some(3), "{row}");
        let (place, title) = expected.split_once(": ").expect("place and title");
        assert!(said.contains(place) && said.contains(title), "{row}: {said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn charged_and_idle_and_capitalised_are_the_payroll(
        people in prop::collection::vec((1u32..200, 1i64..1_000_000, prop::collection::vec((0u32..4, any::<bool>(), 0u32..90), 0..5)), 1..8),
    ) {
        let (mut payroll, mut time) = (String::new(), String::new());
        let mut paid = 0;
        for (person, (contracted, cents, sheet)) in people.iter().enumerate() {
            let _ = writeln!(payroll, "{person},{contracted},{}.{:02}", cents / 100, cents % 100);
            paid += i128::from(*cents) * CENT;
            let mut left = *contracted;
            for (project, builds, hours) in sheet {
                let hours = (*hours).min(left);
                left -= hours;
                let _ = writeln!(time, "{person},P{project},{},{hours}", if *builds { "Build" } else { "Help" });
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let (code, said) = run(folder.path(), TO_IDLE, &payroll, &time);
        prop_assert_eq!(code, Some(0), "{}", said);
        let lines = charges(folder.path());
        let sum = |passes: &dyn Fn(&support::Row) -> bool, column: &str| -> i128 {
            lines.iter().filter(|row| passes(row)).map(|row| atoms(&row[column])).sum()
        };
        let idle = |row: &support::Row| row["kind"] == "idle";
        let capitalised = |row: &support::Row| !idle(row) && row["treatment"] == "capitalised";
        let charged = |row: &support::Row| !idle(row) && row["treatment"] == "expensed";
        for column in ["amount", "amount_exact"] {
            prop_assert_eq!(sum(&charged, column) + sum(&idle, column) + sum(&capitalised, column), paid);
        }
        // Idle is each person's pay by the hours they did not report: worked out here to the cent, one rounding a person.
        let mut expected = 0;
        for (contracted, cents, sheet) in &people {
            let used: u32 = sheet.iter().fold(0, |used, (_, _, hours)| used + (*hours).min(contracted - used));
            expected += i128::from(*cents) * CENT * i128::from(contracted - used) / i128::from(*contracted);
        }
        prop_assert!((sum(&idle, "amount_exact") - expected).abs() <= 2 * i128::try_from(people.len()).expect("few"));
    }
}
