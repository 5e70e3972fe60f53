//! What is wrong is said all at once, with its place and a way out; nothing is published.

mod support;

use std::fs;
use std::path::Path;

use support::{all_files, outcome, rows, run, showback, write_model};

const MODEL: &str = r#"[model]
name = "Small"
currency = "GBP"
data = "data"

[dimensions.business_unit]
members = ["Claims", "Sales"]

[sources.bill]
files = "{period}/bill.csv"
columns = { cost = "Cost" }
set = { pool = "Cloud", business_unit = "{Unit}" }

[drivers.headcount]
file = "{period}/headcount.csv"
to = { business_unit = "Unit" }
quantity = "FTE"
"#;

const RULES: &str = r#"[[allocate]]
id = "rest"
to = "business_unit"
by = "headcount"
"#;

const BILL: &str = "Unit,Cost\nClaims,10.00\n,5.00\n";
const HEADCOUNT: &str = "Unit,FTE\nClaims,1\nSales,1\n";

fn small(folder: &Path) {
    write_model(
        folder,
        &[
            ("model.toml", MODEL),
            ("rules.toml", RULES),
            ("data/2026-10/bill.csv", BILL),
            ("data/2026-10/headcount.csv", HEADCOUNT),
        ],
    );
}

/// Runs the model in `folder` into `folder/out`.
fn try_run(folder: &Path) -> (Option<i32>, String) {
    let (model, out) = (folder.display().to_string(), folder.join("out").display().to_string());
    outcome(&showback(&["run", &model, "--period", "2026-10", "--out", &out]))
}

/// Publishes the small model, applies a change, and checks that the refusal leaves the published run as it was.
fn refused_after(change: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    small(folder.path());
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let before = all_files(&published);
    let link = fs::read_link(&published).expect("a link");
    change(folder.path());
    let (code, message) = try_run(folder.path());
    assert_eq!(code, Some(3), "{message}");
    assert_eq!(fs::read_link(&published).expect("a link"), link);
    assert!(all_files(&published) == before, "what was published has changed");
    let runs = fs::read_dir(folder.path().join("out/.runs")).expect("runs").count();
    assert_eq!(runs, 1, "nothing half-written is left");
    message
}

#[test]
fn five_mistakes_in_the_rules_are_all_shown_with_place_excerpt_and_way_out() {
    let message = refused_after(|folder| {
        let rules = r#"[[allocate]]
id = "one"
to = "busines_unit"
by = "headcount"

[[allocate]]
id = "two"
to = "business_unit"
by = "headcuont"

[[allocate]]
id = "three"
to = "business_unit"
by = { shares = { Claims = "60%", Sales = "50%" } }

[[allocate]]
id = "four"
to = "business_unit"
by = "even"
form = { pool = "Cloud" }

[[allocate]]
id = "four"
to = { business_unit = "Claims" }
valid = "2026-13.."
"#;
        fs::write(folder.join("rules.toml"), rules).expect("written");
    });
    for expected in [
        "error[unknown-dimension]: `busines_unit` is not a dimension",
        "rules.toml:3:6",
        "did you mean `business_unit`?",
        "error[unknown-name]: there is no driver `headcuont`",
        "rules.toml:9:6",
        "did you mean `headcount`?",
        "error[not-100-percent]: the shares add up to 110 %, not to 100 %",
        "rules.toml:14:17",
        "10 % too much",
        "error[unknown-key]: `form` is not a key of an allocate rule",
        "rules.toml:20:1",
        "did you mean `from`?",
        "error[valid]: `2026-13..` does not say from when to when",
        "rules.toml:25:9",
        "error[twice]: two rules have the id `four`",
    ] {
        assert!(message.contains(expected), "missing {expected:?} in:\n{message}");
    }
    // The whole of one, caret and all, as a person sees it.
    let whole = r#"error[unknown-dimension]: `busines_unit` is not a dimension
 --> rules.toml:3:6
  |
3 | to = "busines_unit"
  |      ^^^^^^^^^^^^^^
  |
  = help: did you mean `business_unit`?
"#;
    assert!(message.contains(whole), "{message}");
}

#[test]
fn bad_cells_of_an_export_are_all_shown_with_row_and_column() {
    let message = refused_after(|folder| {
        let bill = "Unit,Cost\nClaims,NaN\nSales,\"1,234.50\"\nClaims,\nSales,1,2\nSales,1E400\nClaims,2.00\n";
        fs::write(folder.join("data/2026-10/bill.csv"), bill).expect("written");
    });
    for expected in [
        "`NaN` is not a number",
        "2026-10/bill.csv:2, column `Cost`",
        "`1,234.50` is not a number",
        "2026-10/bill.csv:3, column `Cost`",
        "this line has no amount",
        "2026-10/bill.csv:4, column `Cost`",
        "this row has 3 fields, the headings have 2",
        "2026-10/bill.csv:5",
        "`1E400` is not a number",
        "2026-10/bill.csv:6, column `Cost`",
    ] {
        assert!(message.contains(expected), "missing {expected:?} in:\n{message}");
    }
}

#[test]
fn names_that_tables_and_rules_do_not_know_are_refused_with_the_nearest_name() {
    let message = refused_after(|folder| {
        fs::write(folder.join("data/2026-10/headcount.csv"), "Unit,FTE\nClams,1\nSales,-1\nSales,\n").expect("written");
    });
    assert!(message.contains("`Clams` is not a member of business_unit"), "{message}");
    assert!(message.contains("2026-10/headcount.csv:2, column `Unit`"), "{message}");
    assert!(message.contains("did you mean `Claims`?"), "{message}");
    assert!(message.contains("the quantity `-1` is negative"), "{message}");
    assert!(message.contains("this row has no quantity"), "{message}");
}

#[test]
fn what_reports_call_money_without_a_member_is_no_name_of_a_member() {
    for name in ["(unallocated)", "(none)", "*", "(no business unit)", "(personal)"] {
        let model = MODEL.replace("\"Sales\"]", &format!("\"Sales\", \"{name}\"]"));
        let said = refused_after(|folder| fs::write(folder.join("model.toml"), model).expect("written"));
        assert!(said.contains("reserved-name") && said.contains(&format!("`{name}` cannot name a member")), "{said}");
        // The same in a table of members.
        let model = MODEL.replace("[\"Claims\", \"Sales\"]", "{ file = \"units.csv\", name = \"Unit\" }");
        let said = refused_after(|folder| {
            fs::write(folder.join("model.toml"), model).expect("written");
            fs::write(folder.join("data/units.csv"), format!("Unit\nClaims\nSales\n{name}\n")).expect("written");
        });
        assert!(said.contains("reserved-name") && said.contains(&format!("`{name}` cannot name a member")), "{said}");
    }
    // An export is not the place to be right about our words: the value does not set the dimension.
    let folder = tempfile::tempdir().expect("a folder");
    small(folder.path());
    let model = MODEL.replace("pool = \"Cloud\"", "pool = \"{Pool}\"");
    fs::write(folder.path().join("model.toml"), model).expect("written");
    fs::write(folder.path().join("data/2026-10/bill.csv"), "Unit,Pool,Cost\nClaims,(no pool),10.00\n,Cloud,5.00\n")
        .expect("written");
    let (code, said) = try_run(folder.path());
    assert!(said.contains("`(no pool)` cannot name a member of pool: 1 line with 10"), "{code:?}: {said}");
}

#[test]
fn a_driver_without_quantities_stops_the_run_and_names_the_money() {
    let message = refused_after(|folder| {
        fs::write(folder.join("data/2026-10/headcount.csv"), "Unit,FTE\nClaims,0\nSales,0\n").expect("written");
    });
    assert!(message.contains("rule `rest` takes 5 at"), "{message}");
    assert!(message.contains("driver `headcount` in 2026-10/headcount.csv adds up to 0"), "{message}");
    assert!(message.contains("if_no_driver"), "{message}");
}

#[test]
fn a_missing_file_and_a_wrong_heading_are_refused() {
    let message = refused_after(|folder| fs::remove_file(folder.join("data/2026-10/bill.csv")).expect("removed"));
    assert!(message.contains("no file matches `2026-10/bill.csv` for 2026-10"), "{message}");
    let message = refused_after(|folder| {
        fs::write(folder.join("data/2026-10/bill.csv"), "Unit,Costs\nClaims,1\n").expect("written");
    });
    assert!(message.contains("`2026-10/bill.csv` has no column `Cost`"), "{message}");
    assert!(message.contains("did you mean `Costs`?"), "{message}");
}

#[test]
fn unallocated_money_above_the_tolerance_is_published_and_asks_for_a_look() {
    let folder = tempfile::tempdir().expect("a folder");
    small(folder.path());
    fs::write(folder.path().join("rules.toml"), "").expect("written");
    let (code, message) = try_run(folder.path());
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("5.00 GBP is unallocated, more than the tolerance of 0 %"), "{message}");
    assert!(folder.path().join("out/2026-10/run.json").exists());
}

#[test]
fn digits_beyond_the_scale_are_accounted_for_in_the_reconciliation() {
    let folder = tempfile::tempdir().expect("a folder");
    small(folder.path());
    // 1 + 15·10^-19 is 1 + 2·10^-18 half to even: 5·10^-19 more than the text, so the text is that much less.
    let bill = "Unit,Cost\nClaims,1.0000000000000000015\n,5.00\n";
    fs::write(folder.path().join("data/2026-10/bill.csv"), bill).expect("written");
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let reconciliation = rows(&published.join("data/reconciliation.csv"));
    let row = reconciliation.iter().find(|row| row["stage"].starts_with("digits beyond")).expect("a row");
    assert_eq!((row["source"].as_str(), row["amount"].as_str()), ("bill", "-0.0000000000000000005"));
    let money_in = reconciliation.iter().find(|row| row["source"] == "bill" && row["stage"] == "money in");
    assert_eq!(money_in.expect("money in")["amount"], "6.000000000000000002");
}

#[test]
fn what_is_typed_wrongly_is_a_matter_of_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    small(folder.path());
    let model = folder.path().display().to_string();
    for (arguments, expected) in [
        (vec!["run", &model, "--period", "October"], "`October` is not a period of this model's calendar"),
        (vec!["run", &model, "--period", "2026-10..2026-09"], "the periods run backwards"),
        (vec!["run", &model, "--period", "2026-10.."], "open end"),
        (vec!["rnu"], "unrecognized subcommand"),
    ] {
        let (code, message) = outcome(&showback(&arguments));
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn two_runs_into_one_folder_at_a_time_are_not_possible() {
    let folder = tempfile::tempdir().expect("a folder");
    small(folder.path());
    let out = folder.path().join("out");
    fs::create_dir_all(&out).expect("a folder");
    let lock = fs::File::options().create(true).truncate(false).write(true).open(out.join(".lock")).expect("a lock");
    lock.lock().expect("locked");
    let (code, message) = try_run(folder.path());
    assert_eq!(code, Some(5), "{message}");
    assert!(message.contains("another run is writing here"), "{message}");
    drop(lock);
    assert_eq!(try_run(folder.path()).0, Some(0));
}

#[test]
fn a_killed_run_leaves_nothing_that_the_next_one_does_not_clear_away() {
    let folder = tempfile::tempdir().expect("a folder");
    small(folder.path());
    let stale = folder.path().join("out/.runs/.staging-2026-10-1");
    fs::create_dir_all(&stale).expect("a folder");
    fs::write(stale.join("half"), "x").expect("written");
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    assert!(!stale.exists());
    assert!(published.join("run.json").exists());
}

/// The faults of rules that other tools' models are tested with, in this language: shares of 101 %, a name that no
/// list has, and money that goes round.
#[test]
fn faults_of_rules_are_refused_before_any_money_moves() {
    let rules =
        |text: &'static str| refused_after(move |folder| fs::write(folder.join("rules.toml"), text).expect("written"));
    let said = rules(
        "[[allocate]]\nid = \"r1\"\nto = \"business_unit\"\nby = { shares = { Claims = \"60%\", Sales = \"41%\" } }\n",
    );
    assert!(said.contains("101 %") && said.contains("rules.toml:4"), "{said}");
    let said = rules("[[allocate]]\nid = \"r1\"\nto = { business_unit = \"Claimz\" }\n");
    assert!(said.contains("`Claimz`") && said.contains("did you mean `Claims`?"), "{said}");
    let said = refused_after(|folder| {
        let loop_rules = "[dimensions.service]\nmembers = [\"One\", \"Two\"]\n\n[drivers.use]\nfile = \"use.csv\"\nfrom = { service = \"From\" }\nto = { service = \"To\" }\nquantity = \"Part\"\n\n[[classify]]\nid = \"one\"\nset = { service = \"One\" }\n\n[[allocate]]\nid = \"round\"\nfrom = { service = \"*\" }\nto = \"service\"\nby = \"use\"\nmethod = \"reciprocal\"\nreplace = [\"service\"]\n";
        write_model(folder, &[("rules.toml", loop_rules), ("data/use.csv", "From,To,Part\nOne,Two,1\nTwo,One,1\n")]);
    });
    assert!(said.contains("hand money to each other only") && said.contains("`One`, `Two`"), "{said}");
}

#[test]
fn numbers_of_rules_have_no_more_decimals_than_are_kept() {
    for by in [
        "by = { price = \"0.1234567890123456789\", quantity = \"headcount\" }",
        "by = \"headcount\"\ncapacity = \"0.1234567890123456789\"\nidle_to = { business_unit = \"Sales\" }",
        "by = { amounts = { Sales = \"0.1234567890123456789\" } }",
        "by = { shares = { Sales = \"50.1234567890123456789%\", Claims = \"49.8765432109876543211%\" } }",
    ] {
        let said = refused_after(|folder| {
            fs::write(folder.join("rules.toml"), RULES.replace("by = \"headcount\"", by)).expect("written");
        });
        assert!(said.contains("this has more than 18 decimals"), "{by}: {said}");
    }
}
