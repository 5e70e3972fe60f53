//! The identities that hold for every run, on the sample and on Oakland: by source and period, in exact and in
//! rounded money. Arithmetic is the test's own.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use support::{CENT, ONE, Row, atoms, root, rows, run, sums};

fn check_identities(published: &Path) {
    let data = published.join("data");
    let charges = rows(&data.join("charges.csv"));
    let reconciliation = rows(&data.join("reconciliation.csv"));
    let opening = rows(&data.join("opening.csv.gz"));
    let entries = rows(&data.join("entries.csv.gz"));
    let allocated = |row: &Row| row["kind"] != "unallocated";

    // What must be 0 is 0, for each source and for all.
    let checks: Vec<&Row> = reconciliation.iter().filter(|row| row["check"] == "must be 0").collect();
    assert!(checks.len() >= 4);
    for row in checks {
        assert_eq!(row["amount"], "0", "{} {}", row["source"], row["stage"]);
    }

    // Money in by source = its opening balances = allocated + unallocated by reason.
    let entered = sums(&opening, &["source"], "amount", |_| true);
    let stage = |source: &str, wanted: &dyn Fn(&str) -> bool| -> i128 {
        let of_source = reconciliation.iter().filter(|row| row["source"] == source && wanted(&row["stage"]));
        of_source.map(|row| atoms(&row["amount"])).sum()
    };
    for (source, amount) in &entered {
        assert_eq!(stage(&source[0], &|stage| stage == "money in"), *amount, "{source:?}");
        let ends = stage(&source[0], &|stage| stage == "allocated" || stage.starts_with("unallocated: "));
        assert_eq!(ends, *amount, "{source:?}");
    }
    let money_in: i128 = entered.values().sum();

    // Opening + entries = closing, for each combination that charge lines keep: nothing of the program's is used. The
    // currency of an opening balance is the one it came in.
    let kept: Vec<&str> = charges[0]
        .keys()
        .map(String::as_str)
        .filter(|name| opening[0].contains_key(*name) && !["amount", "currency"].contains(name))
        .collect();
    let mut closing: BTreeMap<Vec<String>, i128> = sums(&opening, &kept, "amount", |_| true);
    for row in &entries {
        let side = |side: &str| kept.iter().map(|name| row[&format!("{side}_{name}")].clone()).collect::<Vec<_>>();
        *closing.entry(side("from")).or_insert(0) -= atoms(&row["amount"]);
        *closing.entry(side("to")).or_insert(0) += atoms(&row["amount"]);
    }
    closing.retain(|_, amount| *amount != 0);
    let in_the_books: Vec<Row> = charges.iter().cloned().map(with_the_kind_of_the_books).collect();
    let mut exact = sums(&in_the_books, &kept, "amount_exact", |_| true);
    exact.retain(|_, amount| *amount != 0);
    assert_eq!(closing, exact);

    // Money in = charge lines + rounding, and the rounding is at most half a cent.
    let charged: i128 = charges.iter().map(|row| atoms(&row["amount"])).sum();
    let rounding = stage("all", &|stage| stage == "rounding");
    assert_eq!(money_in, charged + rounding);
    assert!(rounding.abs() * 2 <= CENT, "{rounding}");

    // Each unit, each pool and each cell of the two within one cent of its exact amount; every line too.
    for by in [vec!["business_unit"], vec!["pool"], vec!["business_unit", "pool"]] {
        let rounded = sums(&charges, &by, "amount", allocated);
        for (key, exact) in sums(&charges, &by, "amount_exact", allocated) {
            assert!((rounded[&key] - exact).abs() < CENT, "{key:?}");
        }
    }
    for row in &charges {
        assert!((atoms(&row["amount"]) - atoms(&row["amount_exact"])).abs() < CENT, "{row:?}");
    }

    tables_foot_and_cross_foot(&data, &charges);
    rules_balance(&data);
    journal_equals_posted_lines(published, &charges);
}

/// In the books plain cost has no kind, and what nobody took has its own or none.
fn with_the_kind_of_the_books(mut row: Row) -> Row {
    if ["cost", "unallocated"].contains(&row["kind"].as_str()) {
        row.insert("kind".to_owned(), String::new());
    }
    row
}

/// Every table adds up to the charge lines, across and down.
fn tables_foot_and_cross_foot(data: &Path, charges: &[Row]) {
    let allocated = |row: &Row| row["kind"] != "unallocated";
    let by_service = sums(charges, &["service"], "amount", allocated);
    let by_unit = sums(charges, &["business_unit"], "amount", allocated);
    let matrix = rows(&data.join("units-by-service.csv"));
    assert_eq!(matrix.len(), by_service.len());
    let mut columns: BTreeMap<&str, i128> = BTreeMap::new();
    for row in &matrix {
        let across: i128 = row
            .iter()
            .filter(|(name, _)| !["service", "total"].contains(&name.as_str()))
            .map(|(_, text)| atoms(text))
            .sum();
        assert_eq!(across, atoms(&row["total"]));
        assert_eq!(across, by_service[&vec![row["service"].clone()]]);
        for (name, text) in row.iter().filter(|(name, _)| !["service", "total"].contains(&name.as_str())) {
            *columns.entry(name).or_insert(0) += atoms(text);
        }
    }
    for (unit, amount) in &by_unit {
        assert_eq!(columns[unit[0].as_str()], *amount, "{unit:?}");
    }

    let spend = rows(&data.join("spend.csv"));
    let by_spend = sums(charges, &["spend"], "amount", allocated);
    for kind in ["run", "grow", "transform"] {
        let total: i128 = spend.iter().map(|row| atoms(&row[kind])).sum();
        assert_eq!(total, by_spend.get(&vec![kind.to_owned()]).copied().unwrap_or_default(), "{kind}");
    }
    for row in &spend {
        let across: i128 = ["run", "grow", "transform"].iter().map(|kind| atoms(&row[*kind])).sum();
        assert_eq!(across, atoms(&row["total"]), "{row:?}");
    }

    let by_reason = sums(&rows(&data.join("unallocated.csv")), &["reason"], "amount", |_| true);
    assert_eq!(by_reason, sums(charges, &["reason"], "amount", |row| row["kind"] == "unallocated"));
}

/// Every rule hands on exactly what it took, less what it says it left.
fn rules_balance(data: &Path) {
    let entries = sums(&rows(&data.join("entries.csv.gz")), &["rule"], "amount", |_| true);
    let rules = rows(&data.join("rules.csv"));
    let allocate = |row: &Row| row["stage"] == "allocate";
    let taken = sums(&rules, &["rule"], "taken", allocate);
    let left = sums(&rules, &["rule"], "left", allocate);
    for (rule, given) in sums(&rules, &["rule"], "given", allocate) {
        assert_eq!(given, entries.get(&rule).copied().unwrap_or_default(), "{rule:?}");
        assert_eq!(taken[&rule], given + left[&rule], "{rule:?}");
    }
}

/// The journal balances for each company and holds what is posted, unit by unit.
fn journal_equals_posted_lines(published: &Path, charges: &[Row]) {
    let path = published.join("journal/journal.csv");
    if !path.exists() {
        assert!(charges.iter().all(|row| row["posted"] == "no"));
        return;
    }
    let side = |row: &Row, name: &str| if row[name].is_empty() { 0 } else { atoms(&row[name]) };
    let journal = rows(&path);
    let mut companies: BTreeMap<&str, i128> = BTreeMap::new();
    let mut units: BTreeMap<&str, i128> = BTreeMap::new();
    for pair in journal.chunks(2) {
        // Rows come in pairs: what is charged, then what recovers it.
        let net: i128 = pair.iter().map(|row| side(row, "debit") - side(row, "credit")).sum();
        assert_eq!(net, 0);
        *companies.entry(&pair[0]["company"]).or_insert(0) += net;
        *units.entry(&pair[0]["business_unit"]).or_insert(0) += side(&pair[0], "debit") - side(&pair[0], "credit");
    }
    assert!(companies.values().all(|net| *net == 0));
    for (unit, amount) in sums(charges, &["business_unit"], "amount", |row| row["posted"] == "yes") {
        // A credit note has its sides changed, so sizes are compared.
        assert_eq!(units[unit[0].as_str()].abs(), amount.abs(), "{unit:?}");
    }
}

#[test]
fn the_sample_keeps_every_identity_in_every_period() {
    let out = tempfile::tempdir().expect("a folder");
    for period in ["2026-08", "2026-09", "2026-10"] {
        check_identities(&run(&root().join("rules"), period, out.path(), &[]));
    }
}

#[test]
fn oakland_keeps_every_identity() {
    let out = tempfile::tempdir().expect("a folder");
    check_identities(&run(&root().join("examples/oakland"), "FY17", out.path(), &[]));
}

/// `tests/expected/sample.json` is what `tests/expected/sample.py` prints: a calculation of its own from `sample-data/`, in
/// fractions, by the rules as they are said again there. `python3 tests/expected/sample.py > tests/expected/sample.json`.
#[test]
fn the_sample_equals_an_independent_calculation() {
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(root().join("tests/expected/sample.json")).expect("expected figures"))
            .expect("JSON");
    let out = tempfile::tempdir().expect("a folder");
    for (period, figures) in expected.as_object().expect("periods") {
        let charges = rows(&run(&root().join("rules"), period, out.path(), &[]).join("data/charges.csv"));
        let allocated = |row: &Row| row["kind"] != "unallocated";
        for (name, by) in [
            ("by_business_unit", vec!["business_unit"]),
            ("by_pool", vec!["pool"]),
            ("by_service", vec!["service"]),
            ("by_spend", vec!["spend"]),
            ("by_unit_pool", vec!["business_unit", "pool"]),
            ("by_unit_spend", vec!["business_unit", "spend"]),
        ] {
            let ours = sums(&charges, &by, "amount_exact", allocated);
            let theirs = figures[name].as_object().expect("figures");
            assert_eq!(ours.len(), theirs.len(), "{period} {name}");
            for (key, amount) in theirs {
                let key: Vec<String> = key.split(" | ").map(str::to_owned).collect();
                let difference = ours[&key] - atoms(amount.as_str().expect("a number"));
                // Six decimals are printed: half of the last one may be missing.
                assert!(difference.abs() <= ONE / 2_000_000, "{period} {name} {key:?}: {difference}");
            }
        }
        let unallocated: i128 = sums(&charges, &[], "amount_exact", |row| !allocated(row)).values().sum();
        assert!((unallocated - atoms(figures["unallocated"].as_str().expect("a number"))).abs() <= ONE / 2_000_000);
    }
}

/// The table in `sample-data/README.md` has the totals of `tests/expected/sample.py`; the run gives the same to the last digit.
#[test]
fn the_samples_readme_states_its_totals() {
    let readme = std::fs::read_to_string(root().join("sample-data/README.md")).expect("a README");
    let out = tempfile::tempdir().expect("a folder");
    let mut checked = 0;
    for period in ["2026-08", "2026-09", "2026-10"] {
        let published = run(&root().join("rules"), period, out.path(), &[]);
        let reconciliation = rows(&published.join("data/reconciliation.csv"));
        for line in readme.lines().filter(|line| line.starts_with(&format!("| {period} |"))) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [_, source, lines, total] = cells.as_slice() else { continue };
            let row = reconciliation.iter().find(|row| row["source"] == *source && row["stage"] == "money in");
            let row = row.unwrap_or_else(|| panic!("no source {source}"));
            assert_eq!(atoms(&row["amount"]), atoms(total), "{period} {source}");
            if *source != "all" {
                assert_eq!(row["lines"], *lines, "{period} {source}");
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 27, "nine rows for each of three periods");
}

/// `examples/oakland/expected.json` was worked out from the workbook's own XML by a program of its own, in fractions.
#[test]
fn oakland_equals_an_independent_calculation_to_the_cent() {
    let expected: serde_json::Value = serde_json::from_slice(
        &std::fs::read(root().join("examples/oakland/expected.json")).expect("expected figures"),
    )
    .expect("JSON");
    let out = tempfile::tempdir().expect("a folder");
    let published = run(&root().join("examples/oakland"), "FY17", out.path(), &[]);
    let charges = rows(&published.join("data/charges.csv"));
    let text = |value: &serde_json::Value| value.as_str().expect("a number").to_owned();
    let total: i128 = charges.iter().map(|row| atoms(&row["amount"])).sum();
    // Expense lines of the workbook, as its publisher's totals say: 1,239,428,331 dollars.
    assert_eq!(total, 1_239_428_331 * ONE);
    assert_eq!(total, atoms(&text(&expected["source"]["total"])));
    let reconciliation = rows(&published.join("data/reconciliation.csv"));
    let stage = |name: &str| reconciliation.iter().find(|row| row["stage"] == name).expect("a stage");
    assert_eq!(stage("taken")["lines"], expected["source"]["rows"].to_string());
    assert_eq!(stage("skipped")["lines"], expected["source"]["rows_skipped"].to_string());

    // Pools are whole, so they tie to the ledger to the cent; spend is whole too.
    let pools = sums(&charges, &["pool"], "amount", |_| true);
    for (pool, figures) in expected["pools"].as_object().expect("pools") {
        assert_eq!(pools[&vec![pool.clone()]], atoms(&text(&figures["total"])), "{pool}");
    }
    let spend = sums(&charges, &["spend"], "amount_exact", |_| true);
    for (kind, amount) in expected["spend"].as_object().expect("spend") {
        assert!((spend[&vec![kind.clone()]] - atoms(&text(amount))).abs() < ONE / 1_000_000_000, "{kind}");
    }
    // Each department within a cent, and each of its internal services to six decimals.
    let units = sums(&charges, &["business_unit"], "amount", |_| true);
    let cells = sums(&charges, &["business_unit", "service"], "amount_exact", |_| true);
    let departments = expected["departments"].as_object().expect("departments");
    assert_eq!(units.len(), departments.len());
    for (department, figures) in departments {
        let difference = units[&vec![department.clone()]] - atoms(&text(&figures["total"]["decimal"]));
        assert!(difference.abs() <= CENT, "{department}: {difference}");
        for (service, amount) in figures["services"].as_object().expect("services") {
            let exact = cells.get(&vec![department.clone(), service.clone()]).copied().unwrap_or_default();
            let difference = exact - atoms(&text(&amount["decimal"]));
            assert!(difference.abs() <= ONE / 1_000_000, "{department} {service}: {difference}");
        }
    }
}
