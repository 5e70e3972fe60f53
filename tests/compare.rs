//! `compare`: causes add up to the movement, mirror, and are the textbook's figures.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use support::{CENT, ONE, Row, atoms, copy_folder, outcome, root, run, showback, sums, write_model};

/// The movement of every business unit and service, from the program's csv.
fn movement(arguments: &[&str]) -> Vec<Row> {
    let output = showback(&[&["compare", "--format", "csv"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    csv::Reader::from_reader(output.stdout.as_slice()).deserialize().map(|row| row.expect("a row")).collect()
}

const NO_CAUSES: [&str; 6] = ["charged", "business_unit", "service", "before", "after", "movement"];

fn causes(row: &Row) -> BTreeMap<&str, i128> {
    row.iter()
        .filter(|(name, _)| !NO_CAUSES.contains(&name.as_str()))
        .map(|(name, text)| (name.as_str(), atoms(text)))
        .collect()
}

/// Every row adds up, and rounding is a matter of cents.
fn adds_up(rows: &[Row]) {
    for row in rows {
        assert_eq!(atoms(&row["after"]) - atoms(&row["before"]), atoms(&row["movement"]), "{row:?}");
        assert_eq!(causes(row).values().sum::<i128>(), atoms(&row["movement"]), "{row:?}");
    }
    // A place has a line for each pool and kind of spend, and each is rounded; the total is not.
    assert!(rows.iter().all(|row| atoms(&row["rounding"]).abs() <= 10 * CENT));
    let rounding: i128 = rows.iter().map(|row| atoms(&row["rounding"])).sum();
    assert!(rounding.abs() <= 2 * CENT, "{rounding}");
}

fn mirrors(there: &[Row], back: &[Row]) {
    let by_place = |rows: &[Row]| -> BTreeMap<[String; 3], Row> {
        let place = |row: &Row| ["charged", "business_unit", "service"].map(|name| row[name].clone());
        rows.iter().map(|row| (place(row), row.clone())).collect()
    };
    let (there, back) = (by_place(there), by_place(back));
    assert_eq!(there.len(), back.len());
    for (place, row) in there {
        let other = &back[&place];
        assert_eq!(row["before"], other["after"], "{place:?}");
        assert_eq!(row["after"], other["before"], "{place:?}");
        assert_eq!(atoms(&row["movement"]), -atoms(&other["movement"]), "{place:?}");
        for (cause, effect) in causes(&row) {
            assert_eq!(effect, -atoms(&other[cause]), "{place:?}, {cause}");
        }
    }
}

#[test]
fn the_periods_of_the_sample_add_up_and_mirror() {
    let model = root().join("rules").display().to_string();
    for (a, b) in [("2026-08", "2026-09"), ("2026-09", "2026-10"), ("2026-08", "2026-10")] {
        let there = movement(&["--model", &model, a, b]);
        adds_up(&there);
        mirrors(&there, &movement(&["--model", &model, b, a]));
    }
}

#[test]
fn what_it_compares_are_the_charge_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = root().join("rules");
    let rows = movement(&["--model", &model.display().to_string(), "2026-09", "2026-10"]);
    for (period, column) in [("2026-09", "before"), ("2026-10", "after")] {
        let charges = support::rows(&run(&model, period, folder.path(), &[]).join("data/charges.csv"));
        let is_charged = |row: &Row| row["kind"] != "unallocated";
        let mut expected: BTreeMap<Vec<String>, i128> = BTreeMap::new();
        for (key, sum) in sums(&charges, &["business_unit", "service"], "amount", is_charged) {
            expected.insert([vec!["yes".to_owned()], key].concat(), sum);
        }
        for (key, sum) in sums(&charges, &["service"], "amount", |row| !is_charged(row)) {
            expected.insert([vec!["no".to_owned(), String::new()], key].concat(), sum);
        }
        let found: BTreeMap<Vec<String>, i128> = rows
            .iter()
            .map(|row| {
                let place = ["charged", "business_unit", "service"].map(|name| row[name].clone());
                (place.to_vec(), atoms(&row[column]))
            })
            .filter(|(_, sum)| *sum != 0)
            .collect();
        expected.retain(|_, sum| *sum != 0);
        assert_eq!(found, expected, "{period}");
    }
}

#[test]
fn nothing_moves_between_a_period_and_itself() {
    let model = root().join("rules").display().to_string();
    let rows = movement(&["--model", &model, "2026-10", "2026-10"]);
    assert!(rows.iter().all(|row| atoms(&row["movement"]) == 0 && causes(row).values().all(|effect| *effect == 0)));
    let said = showback(&["compare", "--model", &model, "2026-10", "2026-10"]);
    assert!(String::from_utf8_lossy(&said.stdout).contains("Nothing moved."));
}

const MODEL: &str = r#"[model]
name = "Two causes"
currency = "EUR"

[dimensions.business_unit]
members = ["Claims", "Sales"]

[sources.bill]
files = "{period}/bill.csv"
columns = { cost = "Cost", date = "Date" }
late = "here"
set = { pool = "Cloud", service = "{Service}" }

[sources.hours]
files = "{period}/hours.csv"
cost = { hours = "Hours", hourly = { file = "{period}/rates.csv", on = { Grade = "Grade" }, take = "Rate" } }
set = { pool = "Staff", service = "Advice", business_unit = "Claims" }

[drivers.people]
file = "{period}/people.csv"
to = { business_unit = "Unit" }
quantity = "People"

[[allocate]]
id = "all"
to = "business_unit"
by = "people"
"#;

fn two_periods(folder: &Path) {
    write_model(
        folder,
        &[
            ("model.toml", MODEL),
            ("2026-09/bill.csv", "Service,Date,Cost\nMail,2026-09-01,100.00\nFax,2026-09-01,8.00\n"),
            (
                "2026-10/bill.csv",
                "Service,Date,Cost\nMail,2026-10-01,120.00\nChat,2026-10-01,16.00\nMail,2026-09-30,4.00\n",
            ),
            ("2026-09/hours.csv", "Grade,Hours\nSenior,10\n"),
            ("2026-10/hours.csv", "Grade,Hours\nSenior,12\n"),
            ("2026-09/rates.csv", "Grade,Rate\nSenior,50\n"),
            ("2026-10/rates.csv", "Grade,Rate\nSenior,55\n"),
            ("2026-09/people.csv", "Unit,People\nClaims,1\nSales,1\n"),
            ("2026-10/people.csv", "Unit,People\nClaims,1\nSales,3\n"),
        ],
    );
}

#[test]
fn effects_are_the_mean_of_both_orders() {
    let folder = tempfile::tempdir().expect("a folder");
    two_periods(folder.path());
    let model = folder.path().display().to_string();
    let rows = movement(&["--model", &model, "2026-09", "2026-10"]);
    adds_up(&rows);
    let effects = |unit: &str, service: &str| -> BTreeMap<String, i128> {
        let row = rows.iter().find(|row| row["business_unit"] == unit && row["service"] == service).expect("a row");
        causes(row)
            .into_iter()
            .filter(|(_, effect)| *effect != 0)
            .map(|(name, effect)| (name.to_owned(), effect))
            .collect()
    };
    let expected = |list: &[(&str, i128)]| -> BTreeMap<String, i128> {
        list.iter().map(|(name, cents)| ((*name).to_owned(), cents * CENT)).collect()
    };
    // 10 hours at 50 become 12 at 55. Hours: 2 × 50 and 2 × 55, mean 105. Rate: 5 × 12 and 5 × 10, mean 55.
    assert_eq!(effects("Claims", "Advice"), expected(&[("quantity", 10_500), ("rate", 5_500)]));
    // 100 of which Claims has 1/2 become 120 of which it has 1/4. Cost: 20 × 1/2 and 20 × 1/4, mean 7.50. Mix: 120 × −1/4 and
    // 100 × −1/4; but the 4 of September that came late go first or last too: 124 × −1/4 = −31 and −25, mean −28.
    // Late: 4 × 1/2 and 4 × 1/4, mean 1.50.
    assert_eq!(effects("Claims", "Mail"), expected(&[("restated", 150), ("cost", 750), ("mix", -2_800)]));
    // Fax is gone: −8 × 1/2 and −8 × 1/4, mean −3. Mix: forward Fax is gone by then; backward 8 × −1/4 = −2, mean −1.
    assert_eq!(effects("Claims", "Fax"), expected(&[("new_and_ended", -300), ("mix", -100)]));
    // Chat is new: 16 × 1/2 and 16 × 1/4, mean 6. Mix: 16 × −1/4 and 0, mean −2.
    assert_eq!(effects("Claims", "Chat"), expected(&[("new_and_ended", 600), ("mix", -200)]));
    mirrors(&rows, &movement(&["--model", &model, "2026-10", "2026-09"]));
}

#[test]
fn rules_that_changed_are_a_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    two_periods(&old);
    copy_folder(&old, &new);
    let rules = MODEL.replace("by = \"people\"", "by = { shares = { Claims = 3, Sales = 1 } }");
    fs::write(new.join("model.toml"), rules).expect("written");
    let (a, b) = (old.join("2026-09").display().to_string(), new.join("2026-09").display().to_string());
    let rows = movement(&[&a, &b]);
    adds_up(&rows);
    // Of 100 Claims has 3/4 instead of 1/2, and nothing but the rules is different.
    let row = rows.iter().find(|row| row["business_unit"] == "Claims" && row["service"] == "Mail").expect("a row");
    assert_eq!(causes(row).into_iter().filter(|(_, effect)| *effect != 0).collect::<Vec<_>>(), [("rules", 25 * ONE)]);
    mirrors(&rows, &movement(&[&b, &a]));
}

#[test]
fn a_bill_at_a_price_moves_by_quantity_and_by_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    write_model(
        folder.path(),
        &[
            (
                "model.toml",
                r#"[model]
name = "Prices"
currency = "EUR"

[dimensions.business_unit]
members = ["Claims", "IT"]

[sources.bill]
files = "{period}.csv"
columns = { cost = "Cost" }

[drivers.tickets]
file = "{period}-tickets.csv"
to = { business_unit = "Unit" }
quantity = "Tickets"

[[allocate]]
id = "september"
valid = "..2026-09"
to = "business_unit"
by = { price = "2", quantity = "tickets" }
recovery_to = { business_unit = "IT" }

[[allocate]]
id = "october"
valid = "2026-10.."
to = "business_unit"
by = { price = "3", quantity = "tickets" }
recovery_to = { business_unit = "IT" }
"#,
            ),
            ("2026-09.csv", "Cost\n100.00\n"),
            ("2026-10.csv", "Cost\n100.00\n"),
            ("2026-09-tickets.csv", "Unit,Tickets\nClaims,10\n"),
            ("2026-10-tickets.csv", "Unit,Tickets\nClaims,20\n"),
        ],
    );
    let rows = movement(&["--model", &folder.path().display().to_string(), "2026-09", "2026-10"]);
    adds_up(&rows);
    let row = rows.iter().find(|row| row["business_unit"] == "Claims").expect("a row");
    // 10 × 2 become 20 × 3. Quantity: 10 × 2 and 10 × 3, mean 25. Rules, the price: 20 × 1 and 10 × 1, mean 15.
    let effects: Vec<_> = causes(row).into_iter().filter(|(_, effect)| *effect != 0).collect();
    assert_eq!(effects, [("quantity", 25 * ONE), ("rules", 15 * ONE)]);
}

#[test]
fn exchange_is_a_cause_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    write_model(
        folder.path(),
        &[
            (
                "model.toml",
                r#"[model]
name = "Dollars"
currency = "GBP"

[[fx.tables]]
file = "{period}-fx.csv"
from = "From"
to = "To"
rate = "Rate"

[dimensions.business_unit]
members = ["Claims"]

[sources.bill]
files = "{period}.csv"
columns = { cost = "Cost", currency = "Currency" }
set = { business_unit = "Claims" }
"#,
            ),
            ("2026-09.csv", "Cost,Currency\n100.00,USD\n"),
            ("2026-10.csv", "Cost,Currency\n120.00,USD\n"),
            ("2026-09-fx.csv", "From,To,Rate\nUSD,GBP,0.80\n"),
            ("2026-10-fx.csv", "From,To,Rate\nUSD,GBP,0.75\n"),
        ],
    );
    let model = folder.path().display().to_string();
    let rows = movement(&["--model", &model, "2026-09", "2026-10"]);
    adds_up(&rows);
    // 100 at 0.80 become 120 at 0.75. Cost: 20 × 0.80 and 20 × 0.75, mean 15.50. Exchange: 120 × −0.05 and 100 × −0.05.
    let effects: Vec<_> = causes(&rows[0]).into_iter().filter(|(_, effect)| *effect != 0).collect();
    assert_eq!(effects, [("cost", 1_550 * CENT), ("exchange", -550 * CENT)]);
    mirrors(&rows, &movement(&["--model", &model, "2026-10", "2026-09"]));
}

#[test]
fn what_cannot_be_calculated_again_is_one_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    two_periods(folder.path());
    let model = folder.path().display().to_string();
    let out = folder.path().join("out");
    let published = run(folder.path(), "2026-09", &out, &[]).display().to_string();
    // As long as nothing has changed, a published run is as good as its period.
    let split = movement(&["--model", &model, &published, "2026-10"]);
    assert_eq!(split, movement(&["--model", &model, "2026-09", "2026-10"]));
    fs::write(folder.path().join("2026-09/people.csv"), "Unit,People\nClaims,1\nSales,2\n").expect("written");
    let whole = movement(&["--model", &model, &published, "2026-10"]);
    adds_up(&whole);
    for (row, before) in whole.iter().zip(&split) {
        assert_eq!(row["movement"], row["not_recalculated"], "{row:?}");
        assert_eq!(row["before"], before["before"], "what was published counts");
    }
    let output = showback(&["compare", "--model", &model, &published, "2026-10"]);
    let (code, said) = outcome(&output);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("are not as they were, so its movement is shown without causes"), "{said}");
}

#[test]
fn a_state_that_is_refused_joins_two_causes_and_says_why() {
    // A bill at a price over costs and credits together is refused. September has a cost of 100, October one of 400 and a new
    // refund of 90: with the refund and September's cost, credits are more than half of the cost.
    let model = r#"[model]
name = "Joined"
currency = "EUR"

[dimensions.business_unit]
members = ["Claims", "Sales"]

[sources.bill]
files = "{period}.csv"
columns = { cost = "Cost" }
set = { pool = "{Pool}", service = "Mail" }

[drivers.people]
file = "people.csv"
to = { business_unit = "Unit" }
quantity = "People"

[[allocate]]
id = "price"
to = "business_unit"
by = { price = "10", quantity = "people" }
recovery_to = { business_unit = "Sales" }
"#;
    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        ("model.toml", model),
        ("2026-09.csv", "Pool,Cost\nCloud,100.00\n"),
        ("2026-10.csv", "Pool,Cost\nCloud,400.00\nRefund,-90.00\n"),
        ("people.csv", "Unit,People\nClaims,3\nSales,1\n"),
    ];
    write_model(folder.path(), &files);
    let model = folder.path().display().to_string();
    let rows = movement(&["--model", &model, "2026-09", "2026-10"]);
    adds_up(&rows);
    assert_eq!(rows.iter().map(|row| atoms(&row["new_and_ended_and_cost"])).sum::<i128>(), 210 * ONE, "310 - 100");
    for format in ["human", "csv", "json"] {
        let output = showback(&["compare", "--model", &model, "2026-09", "2026-10", "--format", format]);
        let (code, errors) = outcome(&output);
        assert_eq!(code, Some(0), "{errors}");
        let printed = String::from_utf8_lossy(&output.stdout);
        let said = if format == "json" { &*printed } else { errors.as_str() };
        for told in [
            "`new and ended` and `cost` are shown as one",
            "2026-10 in `new and ended` and 2026-09 in all else: ",
            "together with credits",
        ] {
            assert!(said.contains(told), "{format}: {said}");
        }
        assert!(!printed.contains("(no service)") || format == "human", "{printed}");
        assert!(!printed.contains("Total") || format == "human", "data only: {printed}");
    }
}

#[test]
fn people_whose_names_are_hidden_are_the_same_in_both_and_stay_hidden() {
    let model = r#"[model]
name = "People"
currency = "EUR"

[dimensions.person]
members = { file = "people.csv", name = "Name" }
personal = "hide"

[dimensions.business_unit]
members = ["Web", "Ops"]

[sources.payroll]
files = "{period}/payroll.csv"
columns = { cost = "Paid" }
set = { pool = "Staff", service = "Work", person = "{Who}" }

[drivers.time]
file = "{period}/time.csv"
from = { person = "Who" }
to = { business_unit = "Unit" }
quantity = "Hours"

[[allocate]]
id = "time"
to = "business_unit"
by = "time"
"#;
    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        ("model.toml", model),
        ("people.csv", "Name\nAda Birch\nBen Cole\n"),
        ("2026-09/payroll.csv", "Who,Paid\nAda Birch,100.00\nBen Cole,60.00\n"),
        ("2026-10/payroll.csv", "Who,Paid\nAda Birch,120.00\nBen Cole,60.00\n"),
        ("2026-09/time.csv", "Who,Unit,Hours\nAda Birch,Web,1\nBen Cole,Ops,1\n"),
        ("2026-10/time.csv", "Who,Unit,Hours\nAda Birch,Web,3\nAda Birch,Ops,1\nBen Cole,Ops,1\n"),
    ];
    // The same with the list in another order: other numbers, the same people.
    for (name, list) in [("first", files[1].1), ("second", "Name\nBen Cole\nAda Birch\n")] {
        write_model(&folder.path().join(name), &files);
        fs::write(folder.path().join(name).join("people.csv"), list).expect("written");
    }
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let (model, other) = (first.display().to_string(), second.join("2026-10").display().to_string());
    for b in ["2026-10", other.as_str()] {
        let output = showback(&["compare", "--model", &model, "2026-09", b, "--format", "csv"]);
        let (code, errors) = outcome(&output);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "nothing is joined");
        assert!(!["Birch", "Cole"].iter().any(|name| printed.contains(name)), "{printed}");
        let rows = movement(&["--model", &model, "2026-09", b]);
        adds_up(&rows);
        let web = rows.iter().find(|row| row["business_unit"] == "Web").expect("a row");
        // Cost: 20 of Ada, all hers before and three quarters after: 17.50. Mix: a quarter of 100 or of 120 less: -27.50.
        assert_eq!(
            (web["cost"].as_str(), web["mix"].as_str(), web["movement"].as_str()),
            ("17.50", "-27.50", "-10.00")
        );
    }
    // By itself the order of the list moves nothing.
    let here = first.join("2026-10").display().to_string();
    let output = showback(&["compare", "--model", &model, &here, &other]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("Nothing moved."), "{output:?}");
}

#[test]
fn headings_that_name_a_month_are_those_of_each_side() {
    // October costs 50 more than September, by rules that differ in words only.
    let folder = tempfile::tempdir().expect("a folder");
    let rules = r#"
[model]
name = "Months"
currency = "GBP"
complete = []
[sources.bills]
files = "costs-{year}.csv"
columns = { cost = "{month_name}" }
set = { pool = "Bills", business_unit = "Shops" }
"#;
    let bill = "Name,September,October\nx,100,150\n";
    let reworded = format!("{rules}# Asked for by the controller.\n");
    write_model(
        folder.path(),
        &[("a/model.toml", rules), ("a/costs-2026.csv", bill), ("b/model.toml", &reworded), ("b/costs-2026.csv", bill)],
    );
    let [a, b] = ["a/2026-09", "b/2026-10"].map(|side| folder.path().join(side).display().to_string());
    let rows = movement(&[&a, &b]);
    adds_up(&rows);
    let sum = |column: &str| rows.iter().map(|row| atoms(&row[column])).sum::<i128>();
    assert_eq!((sum("rules"), sum("movement")), (0, 50 * ONE));
}

#[test]
fn charge_lines_that_somebody_changed_are_not_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    two_periods(folder.path());
    let published = run(folder.path(), "2026-09", &folder.path().join("out"), &[]);
    let charges = published.join("data/charges.csv");
    let text = fs::read_to_string(&charges).expect("charges").replace("50.00", "90.00");
    fs::write(&charges, text).expect("written");
    let (model, published) = (folder.path().display().to_string(), published.display().to_string());
    let (code, said) = outcome(&showback(&["compare", "--model", &model, &published, "2026-10"]));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the charge lines are not as the run wrote them"), "{said}");
}

#[test]
fn a_budget_is_compared_like_a_period() {
    let folder = tempfile::tempdir().expect("a folder");
    two_periods(folder.path());
    let plan = "[sources.planned]\nplan = \"budget\"\nfiles = \"budget.csv\"\ncolumns = { cost = \"Cost\", date = \"Date\" }\n\
                set = { pool = \"Cloud\", service = \"Mail\", business_unit = \"Claims\" }\n";
    fs::write(folder.path().join("plan.toml"), plan).expect("written");
    fs::write(folder.path().join("budget.csv"), "Date,Cost\n2026-10-01,50.00\n").expect("written");
    let rows = movement(&["--model", &folder.path().display().to_string(), "2026-10@budget", "2026-10"]);
    adds_up(&rows);
    let row = rows.iter().find(|row| row["business_unit"] == "Claims" && row["service"] == "Mail").expect("a row");
    // Of 124, with the 4 of September, Claims has a quarter.
    assert_eq!((row["before"].as_str(), row["after"].as_str()), ("50.00", "31.00"));
}

#[test]
fn a_name_that_is_no_period_is_a_usage_mistake() {
    let model = root().join("rules").display().to_string();
    let (code, said) = outcome(&showback(&["compare", "--model", &model, "2026-13", "2026-10"]));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("`2026-13` is not a period"), "{said}");
    for (side, told) in [
        ("out/nowhere", "there is no folder `out/nowhere`"),
        ("nowhere/2026-10", "there is no folder `nowhere/2026-10`"),
        ("src", "the folder `src` holds no published run"),
        ("./README.md", "`./README.md` is a file"),
    ] {
        let (code, said) = outcome(&showback(&["compare", "--model", &model, side, "2026-10"]));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(told) && said.contains("name a period such as"), "{said}");
    }
}
