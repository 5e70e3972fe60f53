//! Plans and what stands beside a run, through the whole program.

mod support;

use std::path::Path;

use support::{outcome, rows, showback, write_model};

const MODEL: &str = r#"
[model]
name     = "Plans"
currency = "EUR"

[dimensions.business_unit]
members = ["Shops", "Online"]

[sources.cloud]
files   = "{period}/cloud.csv"
columns = { cost = "Cost" }
set     = { pool = "Cloud" }

[sources.cloud_planned]
plan        = "forecast"
in_place_of = "cloud"
files       = "forecast-{period}.csv"
columns     = { cost = "Amount" }
set         = { pool = "Cloud" }

[drivers.people]
file     = "people.csv"
to       = { business_unit = "Unit" }
quantity = "People"

[[classify]]
id     = "shop-accounts"
source = "cloud"
where  = { Account = "shop*" }
set    = { business_unit = "Shops" }

[[allocate]]
id = "by-people"
to = "business_unit"
by = "people"

[journal]
accounts = { file = "accounts.csv", on = ["pool"], debit = "Debit", credit = "Credit" }
register = { file = "chart.csv", account = "Account" }
"#;

fn write(folder: &Path) {
    write_model(
        folder,
        &[
            ("m/model.toml", MODEL),
            ("m/2026-09/cloud.csv", "Account,Cost\nshop-1,10.00\nother,4.00\n"),
            ("m/2026-10/cloud.csv", "Account,Cost\nshop-1,12.00\nother,8.00\n"),
            // The forecast knows no accounts; `shop-accounts` looks at it as at the bill, and finds no column.
            ("m/forecast-2026-10.csv", "Amount\n16.00\n"),
            ("m/people.csv", "Unit,People\nShops,3\nOnline,1\n"),
            ("m/accounts.csv", "pool,Debit,Credit\n*,6100,9100\n"),
            ("m/chart.csv", "Account\n6100\n9100\n"),
        ],
    );
}

fn run(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let (model, out) = (folder.join("m").display().to_string(), folder.join("out").display().to_string());
    let mut arguments = vec!["run", &model, "--out", &out];
    arguments.extend(more);
    outcome(&showback(&arguments))
}

/// Columns of all rows of a file.
fn cells(path: &Path, columns: &[&str]) -> Vec<Vec<String>> {
    rows(path).iter().map(|row| columns.iter().map(|column| row[*column].clone()).collect()).collect()
}

#[test]
fn a_plan_is_published_beside_the_actuals_and_is_not_booked() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    let (code, said) = run(folder.path(), &["--period", "2026-10", "--plan", "forecast"]);
    assert_eq!(code, Some(0), "{said}");
    let plan = folder.path().join("out/2026-10@forecast");
    // 16.00 by people, 3 : 1.
    let charges = cells(&plan.join("data/charges.csv"), &["period", "business_unit", "amount", "posted"]);
    assert_eq!(charges, [["2026-10", "Shops", "12.00", "no"], ["2026-10", "Online", "4.00", "no"]]);
    assert!(!plan.join("journal").exists());
    let evidence = std::fs::read_to_string(plan.join("run.json")).expect("evidence");
    assert!(evidence.contains("\"plan\": \"forecast\"") && !evidence.contains("cloud.csv"), "{evidence}");
    let (code, said) = run(folder.path(), &["--period", "2026-10"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(plan.exists() && folder.path().join("out/2026-10/journal").exists());
    // Both stand: what was beside them is calculated again too.
    let model = folder.path().join("m").display().to_string();
    for run in ["out/2026-10", "out/2026-10@forecast"] {
        let run = folder.path().join(run).display().to_string();
        let (code, said) = outcome(&showback(&["verify", &run, "--model", &model]));
        assert_eq!(code, Some(0), "{said}");
    }
}

#[test]
fn earlier_periods_and_plans_stand_beside_actuals_from_their_own_inputs() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    let (code, said) = run(folder.path(), &["--period", "2026-10"]);
    assert_eq!(code, Some(0), "{said}");
    let out = folder.path().join("out");
    // September: 10.00 and 4.00 by people, 3 + 1. October: 12.00 and 8.00, 6 + 2. The forecast: 16.00, 12 + 4.
    let columns = ["business_unit", "amount", "previous", "change", "forecast", "above_forecast"];
    let movement = cells(&out.join("2026-10/data/movement.csv"), &columns);
    assert_eq!(
        movement,
        [["Shops", "18.00", "13.00", "5.00", "12.00", "6.00"], ["Online", "2.00", "1.00", "1.00", "4.00", "-2.00"]]
    );
    let evidence = std::fs::read_to_string(out.join("2026-10/run.json")).expect("evidence");
    for input in ["2026-09/cloud.csv", "2026-10/cloud.csv", "forecast-2026-10.csv"] {
        assert!(evidence.contains(&format!("\"{input}\"")), "{input} is not in the evidence");
    }
    assert!(!out.join("2026-09").exists(), "what stands beside is not published");
    // What is published is not read: whatever lies in `out/`, the result is the same.
    let before = std::fs::read(out.join("2026-10/data/movement.csv")).expect("a file");
    std::fs::remove_dir_all(&out).expect("removed");
    run(folder.path(), &["--period", "2026-09..2026-10"]);
    assert_eq!(std::fs::read(out.join("2026-10/data/movement.csv")).expect("a file"), before);
    let (_, said) = run(folder.path(), &["--period", "2026-10", "--alone"]);
    assert!(!said.contains("not-beside"), "{said}");
    let alone = cells(&out.join("2026-10/data/movement.csv"), &columns);
    assert_eq!(alone[0], ["Shops", "18.00", "", "", "", ""]);
}

#[test]
fn what_cannot_stand_beside_is_a_note_and_its_columns_are_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    std::fs::write(folder.path().join("m/2026-09/cloud.csv"), "Account,Cost\nshop-1,1O\n").expect("written");
    let (code, said) = run(folder.path(), &["--period", "2026-10"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2026-09 does not stand beside 2026-10: `1O` is not a number"), "{said}");
    let movement = rows(&folder.path().join("out/2026-10/data/movement.csv"));
    assert!(movement.iter().all(|row| row["previous"].is_empty() && !row["forecast"].is_empty()));
    // A trend that the same month cuts short says so itself.
    assert!(!said.contains("[short-trend]"), "{said}");
    let model = folder.path().join("m/model.toml");
    let text = std::fs::read_to_string(&model).expect("the model");
    std::fs::write(&model, text.replacen("[model]\n", "[model]\ntrend = 4\n", 1)).expect("written");
    let (_, said) = run(folder.path(), &["--period", "2026-10"]);
    assert!(said.contains("note[short-trend]: the trend begins in 2026-10: 2026-09 has none, `1O` is not"), "{said}");
}

#[test]
fn plans_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    let (code, said) = run(folder.path(), &["--period", "2026-10", "--plan", "budget"]);
    assert!(code == Some(2) && said.contains("there is no plan `budget`; the model has `forecast`"), "{said}");
    for (from, to, expected) in [
        ("in_place_of = \"cloud\"", "in_place_of = \"clout\"", "there is no source `clout`"),
        (
            "plan        = \"forecast\"\n",
            "",
            "`in_place_of` goes with `plan`, and source `cloud_planned` is part of none",
        ),
        ("plan        = \"forecast\"", "plan = \"../x\"", "`../x` cannot name a plan"),
        ("[drivers.people]\n", "[drivers.people]\nplan = \"forecast\"\n", "no rule can name it"),
        ("[sources.cloud]\n", "[sources.cloud]\nplan = \"forecast\"\n", "every source of the model is part of a plan"),
        ("currency = \"EUR\"", "currency = \"EUR\"\nbeside = [\"previus\"]", "`previus` cannot stand beside a run"),
    ] {
        let text = MODEL.replace(from, to);
        assert_ne!(text, MODEL);
        std::fs::write(folder.path().join("m/model.toml"), text).expect("written");
        let (code, said) = run(folder.path(), &["--period", "2026-10"]);
        assert!(code == Some(3) && said.contains(expected), "{expected}: {said}");
    }
}
