//! The real FOCUS sample reads to the last digit.

mod support;

use std::path::Path;

use support::{atoms, outcome, root, rows, run, showback, sums, write_model};

/// Sums of the sample, added up without the program (see `tests/data/focus/README.md`).
const SUMS: [(&str, &str); 3] =
    [("BilledCost", "20.52022672899"), ("EffectiveCost", "14.97651418586"), ("ListCost", "20.39090575119")];

fn model(folder: &Path, column: &str, classify: &str) {
    let data = root().join("tests/data/focus");
    let toml = format!(
        r#"
[model]
name = "FOCUS sample"
currency = "USD"
data = "{}"
complete = ["service"]
charges = {{ by = ["service", "pool"] }}

[sources.cloud]
format = "focus"
files = "focus_1.0_sample_1000.csv"
columns = {{ cost = "{column}" }}
set = {{ pool = "{{ProviderName}}", service = "{{ServiceName}}" }}
{classify}"#,
        data.display()
    );
    write_model(folder, &[("model.toml", &toml)]);
}

#[test]
fn every_cost_column_of_the_focus_sample_adds_up_to_its_last_digit() {
    for (column, expected) in SUMS {
        let folder = tempfile::tempdir().expect("a folder");
        model(folder.path(), column, "");
        let published = run(folder.path(), "2024-09", &folder.path().join("out"), &[]);
        let charges = rows(&published.join("data/charges.csv"));
        let total: i128 = charges.iter().map(|row| atoms(&row["amount_exact"])).sum();
        assert_eq!(total, atoms(expected), "{column}");
    }
}

#[test]
fn a_line_whose_amount_is_null_is_refused_and_never_taken_for_zero() {
    let folder = tempfile::tempdir().expect("a folder");
    model(folder.path(), "ContractedCost", "");
    let (model, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let (code, message) = outcome(&showback(&["run", &model, "--period", "2024-09", "--out", &out]));
    assert_eq!(code, Some(3));
    assert!(message.contains("error[blank-amount]: this line has no amount"), "{message}");
    assert!(message.contains("column `ContractedCost`"), "{message}");
}

#[test]
fn the_word_null_of_the_focus_sample_is_blank_and_tags_are_read_from_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = r#"
[[classify]]
id = "application"
source = "cloud"
where = { "Tags.application" = "*" }
set = { service = "app {Tags.application}" }

[[classify]]
id = "nowhere"
source = "cloud"
where = { AvailabilityZone = "" }
set = { service = "nowhere" }
"#;
    model(folder.path(), "BilledCost", rule);
    let published = run(folder.path(), "2024-09", &folder.path().join("out"), &[]);
    let charges = rows(&published.join("data/charges.csv"));
    let by_service = sums(&charges, &["service"], "amount_exact", |_| true);

    // The same by a reader of its own: csv and JSON crates, decimal texts as integers.
    let mut expected = std::collections::BTreeMap::new();
    for row in rows(&root().join("tests/data/focus/focus_1.0_sample_1000.csv")) {
        let tags: serde_json::Value = serde_json::from_str(&row["Tags"]).unwrap_or_default();
        let service = match tags.get("application").and_then(|tag| tag.as_str()) {
            Some(application) => format!("app {application}"),
            None if row["AvailabilityZone"] == "NULL" => "nowhere".to_owned(),
            None => row["ServiceName"].clone(),
        };
        *expected.entry(vec![service]).or_insert(0) += atoms(&row["BilledCost"]);
    }
    expected.retain(|_, amount| *amount != 0);
    assert!(expected.len() > 3 && expected.keys().any(|key| key[0].starts_with("app ")));
    assert_eq!(by_service, expected);
}
