//! `verify` finds any change of what a run read or wrote; `--compare-methods` shows the methods side by side.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{all_files, atoms, copy_folder, outcome, root, rows, run, showback, sums, write_model};

/// Every kind of file a run reads or writes: rules, a mapping, an export, a driver, a member list, accounts.
fn model(folder: &Path) {
    write_model(
        folder,
        &[
            (
                "model.toml",
                r#"[model]
name = "Small"
currency = "EUR"
data = "data"

[dimensions.business_unit]
members = { file = "units.csv", name = "Unit" }

[sources.bill]
files = "{period}/bill.csv"
columns = { cost = "Cost" }
set = { pool = "Cloud" }

[drivers.people]
file = "{period}/people.csv"
to = { business_unit = "Unit" }
quantity = "People"

[journal]
accounts = { file = "accounts.csv", on = ["business_unit"], debit = "Debit", credit = "Credit" }
register = { file = "chart.csv", account = "Account" }
"#,
            ),
            (
                "rules.toml",
                r#"[[classify]]
id = "map"
lookup = { file = "map.csv", on = { Account = "Account" }, take = { service = "Service" } }

[[allocate]]
id = "all"
to = "business_unit"
by = "people"
"#,
            ),
            ("data/units.csv", "Unit\nClaims\nSales\n"),
            ("data/map.csv", "Account,Service\na1,Quotes\n"),
            ("data/accounts.csv", "Business unit,Debit,Credit\n*,6100,9100\n"),
            ("data/chart.csv", "Account\n6100\n9100\n"),
            ("data/2026-10/bill.csv", "Account,Cost\na1,10.00\na2,5.00\n"),
            ("data/2026-10/people.csv", "Unit,People\nClaims,1\nSales,2\n"),
        ],
    );
}

fn published(folder: &Path) -> PathBuf {
    run(folder, "2026-10", &folder.join("out"), &[])
}

/// The exit code of `verify` and what it says on both ways out.
fn verify(folder: &Path) -> (Option<i32>, String) {
    let (out, model) = (folder.join("out/2026-10").display().to_string(), folder.display().to_string());
    let output = showback(&["verify", &out, "--model", &model]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (code, findings) = outcome(&output);
    (code, said + &findings)
}

#[test]
fn a_run_that_nobody_touched_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path());
    published(folder.path());
    let (code, said) = verify(folder.path());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stands") && said.contains("the same bytes"), "{said}");
}

#[test]
fn one_changed_byte_in_any_file_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path());
    let place = published(folder.path());
    let is_of_model = |name: &str| !name.starts_with("out/");
    let inputs = all_files(folder.path())
        .into_keys()
        .filter(|name| is_of_model(name))
        .map(|name| (folder.path().join(&name), name));
    let outputs = all_files(&place).into_keys().map(|name| (place.join(&name), name));
    let mut kinds = std::collections::BTreeSet::new();
    for (path, name) in inputs.chain(outputs) {
        let bytes = fs::read(&path).expect("a file");
        // The first byte, one in the middle, the last; of the first also the bit that makes it no text.
        for (at, bit) in [(0, 1), (0, 0x80), (bytes.len() / 2, 1), (bytes.len() - 1, 1)] {
            let mut flipped = bytes.clone();
            flipped[at] ^= bit;
            fs::write(&path, &flipped).expect("written");
            let (code, said) = verify(folder.path());
            assert_eq!(code, Some(3), "{name}, byte {at}: {said}");
            // Inputs are known by their names below the data folder.
            let known_as = name.strip_prefix("data/").filter(|_| path.starts_with(folder.path().join("data")));
            assert!(said.contains(&format!("--> {}", known_as.unwrap_or(&name))), "{name}, byte {at}: {said}");
        }
        fs::write(&path, &bytes).expect("written back");
        kinds.insert(name.rsplit('.').next().unwrap_or_default().to_owned());
    }
    assert!(["csv", "gz", "html", "json", "toml", "xlsx"].iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
    assert_eq!(verify(folder.path()).0, Some(0), "everything is back");
}

#[test]
fn a_removed_and_an_added_file_are_named() {
    for (change, name, expected) in [
        ("remove", "out/2026-10/data/pools.csv", "this output file of the run is gone"),
        ("remove", "data/map.csv", "this input file of the run is gone"),
        ("remove", "rules.toml", "this rule file of the run is gone"),
        ("add", "out/2026-10/data/more.csv", "the run had no such output file"),
        ("add", "more.toml", "the run had no such rule file"),
        ("folder", "out/2026-10/data/empty", "the run had no such folder or link"),
        #[cfg(unix)]
        ("link", "out/2026-10/up", "the run had no such folder or link"),
        #[cfg(unix)]
        ("link to nothing", "out/2026-10/journal/nothing", "the run had no such folder or link"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        model(folder.path());
        published(folder.path());
        let path = folder.path().join(name);
        match change {
            "remove" => fs::remove_file(&path).expect("removed"),
            "folder" => fs::create_dir(&path).expect("added"),
            #[cfg(unix)]
            "link" => std::os::unix::fs::symlink("..", &path).expect("linked"),
            #[cfg(unix)]
            "link to nothing" => std::os::unix::fs::symlink("nowhere", &path).expect("linked"),
            _ => fs::write(&path, "").expect("added"),
        }
        let (code, said) = verify(folder.path());
        assert_eq!(code, Some(3), "{name}: {said}");
        assert!(said.contains(expected), "{name}: {said}");
        assert!(said.contains(path.file_name().and_then(|name| name.to_str()).expect("a name")), "{name}: {said}");
    }
}

#[test]
fn an_export_that_came_later_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path());
    let rules = fs::read_to_string(folder.path().join("model.toml")).expect("rules").replace("bill.csv", "bill*.csv");
    fs::write(folder.path().join("model.toml"), rules).expect("written");
    published(folder.path());
    fs::write(folder.path().join("data/2026-10/bill-2.csv"), "Account,Cost\na1,1.00\n").expect("written");
    let (code, said) = verify(folder.path());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("--> 2026-10/bill-2.csv") && said.contains("the run did not read this input file"), "{said}");
}

#[test]
fn evidence_with_new_hashes_does_not_hide_a_changed_line() {
    // Somebody gives a charge line another service and puts the new hash, and a fitting seal, into the evidence.
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path());
    let place = published(folder.path());
    let charges = place.join("data/charges.csv");
    let before = fs::read(&charges).expect("charges");
    let after = String::from_utf8(before.clone()).expect("text").replace("Quotes", "Quotas").into_bytes();
    assert_ne!(before, after);
    fs::write(&charges, &after).expect("written");
    let evidence = fs::read_to_string(place.join("run.json")).expect("evidence");
    let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    let (bare, _) = evidence.rsplit_once("\"seal\": \"").expect("a seal");
    let bare = format!("{}\"seal\": \"", bare.replace(&hash(&before), &hash(&after)));
    let sealed = hash(format!("{bare}\"\n}}\n").as_bytes());
    fs::write(place.join("run.json"), format!("{bare}{sealed}\"\n}}\n")).expect("written");
    let (code, said) = verify(folder.path());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the run writes other bytes: `data/charges.csv`"), "{said}");
}

#[test]
fn a_run_that_is_not_there_is_a_usage_mistake() {
    let output = showback(&["verify", "no-such-run"]);
    let (code, said) = outcome(&output);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("name the folder of a published run"), "{said}");
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path());
    let place = published(folder.path()).display().to_string();
    let (code, said) = outcome(&showback(&["verify", &place, "--model", "no-such-model"]));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there is no model folder `no-such-model`: name the one"), "{said}");
    assert!(!said.contains("Nothing was published"), "verify publishes nothing: {said}");
}

#[test]
fn a_run_goes_into_no_published_run_and_into_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path());
    let place = published(folder.path());
    let model = folder.path().display().to_string();
    for (out, told) in [
        (place.clone(), "is a published run, and nothing else goes into it"),
        (place.join("data/deeper"), "is a published run, and nothing else goes into it"),
        (place.join("run.json"), "is a file: name a folder for the results"),
        (folder.path().join("model.toml/out"), "is a file: name a folder for the results"),
    ] {
        let (code, said) = outcome(&showback(&["run", &model, "--out", &out.display().to_string()]));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(told), "{said}");
    }
    let (code, said) = verify(folder.path());
    assert_eq!(code, Some(0), "the run is as it was: {said}");
}

#[test]
fn methods_are_compared_at_the_same_total() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let place = run(&root().join("rules"), "2026-10", &out, &["--compare-methods"]);
    let table = rows(&place.join("data/methods.csv"));
    let charges = rows(&place.join("data/charges.csv"));
    let money_in: i128 = charges.iter().map(|row| atoms(&row["amount"])).sum();
    let of_units = sums(&charges, &["business_unit"], "amount", |row| row["kind"] != "unallocated");
    let columns = ["as written", "direct", "step-down", "ranked", "reciprocal"];
    for dimension in ["Business unit", "Service"] {
        let of_dimension = || table.iter().filter(|row| row["dimension"] == dimension);
        for column in columns {
            assert_eq!(of_dimension().map(|row| atoms(&row[column])).sum::<i128>(), money_in, "{dimension}, {column}");
        }
        let spreads: Vec<i128> = of_dimension().map(|row| atoms(&row["largest_difference"])).collect();
        assert!(spreads.is_sorted_by(|a, b| a >= b), "largest first: {spreads:?}");
        assert!(spreads[0] > 0, "the methods differ");
    }
    let unallocated: i128 = sums(&charges, &["kind"], "amount", |row| row["kind"] == "unallocated").values().sum();
    for row in table.iter().filter(|row| row["dimension"] == "Business unit") {
        let expected = match row["target"].as_str() {
            "(unallocated)" => Some(&unallocated),
            unit => of_units.get(&vec![unit.to_owned()]),
        };
        assert_eq!(Some(&atoms(&row["as written"])), expected, "{row:?}");
    }
    // The run can be verified: what was asked for is part of the evidence.
    let sample = tempfile::tempdir().expect("a folder");
    for name in ["rules", "sample-data"] {
        copy_folder(&root().join(name), &sample.path().join(name));
    }
    let (place, model) = (place.display().to_string(), sample.path().join("rules").display().to_string());
    let (code, said) = outcome(&showback(&["verify", &place, "--model", &model]));
    assert_eq!(code, Some(0), "{said}");
}

/// Two supporting services, 100 and 200: A gives B 20 %, Shops 50 %, Office 30 %; B gives A 10 %, Shops 30 %, Office 60 %.
#[test]
fn each_method_gives_the_textbooks_figures() {
    let folder = tempfile::tempdir().expect("a folder");
    write_model(
        folder.path(),
        &[
            (
                "model.toml",
                r#"[model]
name = "Two"
currency = "EUR"
complete = ["service"]

[dimensions.service]
members = ["A", "B", "Shops", "Office"]

[sources.bill]
files = "{period}.csv"
columns = { cost = "Cost" }
set = { service = "{Service}" }

[drivers.use]
file = "use.csv"
from = { service = "From" }
to = { service = "To" }
quantity = "Percent"

[[allocate]]
id = "support"
from = { service = ["A", "B"] }
to = "service"
by = "use"
method = "direct"
"#,
            ),
            ("2026-10.csv", "Service,Cost\nA,100.00\nB,200.00\n"),
            ("use.csv", "From,To,Percent\nA,B,20\nA,Shops,50\nA,Office,30\nB,A,10\nB,Shops,30\nB,Office,60\n"),
        ],
    );
    let place = run(folder.path(), "2026-10", &folder.path().join("out"), &["--compare-methods"]);
    let table = rows(&place.join("data/methods.csv"));
    let shops = table.iter().find(|row| row["target"] == "Shops").expect("Shops");
    // Direct: 100 × 50/80 + 200 × 30/90.
    assert_eq!(shops["direct"], "129.17");
    // Step-down in the order of names: B has 200 + 20; 100 × 50 % + 220 × 30/90.
    assert_eq!(shops["step-down"], "123.33");
    // Ranked: A gives 20 % to other senders and B 10 %, so A goes first here too.
    assert_eq!(shops["ranked"], "123.33");
    // Reciprocal: A = 100 + 0.1 B, B = 200 + 0.2 A; 0.98 A = 120; 0.5 A + 0.3 B = 61.2245 + 67.3469.
    assert_eq!(shops["reciprocal"], "128.57");
    assert_eq!(shops["as written"], "129.17");
    assert_eq!(shops["largest_difference"], "5.84");
}
