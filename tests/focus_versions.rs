//! FOCUS as providers write it: the version by the headings, repairs with their money, other datasets refused.

mod support;

use std::path::Path;

use support::{outcome, rows, run, showback, write_model};

fn model(more: &str) -> String {
    format!(
        r#"
[model]
name = "Versions"
currency = "EUR"
complete = []
charges = {{ by = ["service", "business_unit", "pool"] }}

[sources.cloud]
format = "focus"
files = "{{period}}-*.csv"
set = {{ service = "{{ServiceName}}", business_unit = "{{ResourceId}}", pool = "{{SkuId}}" }}
{more}"#
    )
}

/// The columns that each export of a version must have, but for those the rows of a test bring.
const COMMON: &str = "BillingAccountId,BillingAccountName,BillingPeriodEnd,BillingPeriodStart,ChargeClass,\
    ChargeDescription,ChargePeriodEnd,ContractedCost,InvoiceIssuerName,ListCost,PricingQuantity,PricingUnit,\
    PublisherName,ServiceCategory,BilledCost";

/// A file with some columns, and blank cells in [`COMMON`].
fn export(columns: &str, lines: &[&str]) -> String {
    let blanks = ",".repeat(COMMON.matches(',').count());
    let mut text = format!("{columns},{COMMON}\n");
    for line in lines {
        text.extend([*line, ",", &blanks, "\n"]);
    }
    text
}

const AZURE: &str = "ProviderName,EffectiveCost,BillingCurrency,ChargePeriodStart,ServiceName,ResourceId,SkuId,ChargeCategory,x_SkuMeterCategory";

/// Lines as Azure writes them: `-2` and `Unassigned` for nothing, no service, an id in two spellings.
fn azure() -> String {
    export(
        AZURE,
        &[
            "Microsoft,10,EUR,2026-10-01T00:00:00Z,Compute,/VM/One,-2,Usage,Machines",
            "Microsoft,20,EUR,2026-10-02T00:00:00Z,Compute,/vm/one,Unassigned,Usage,Machines",
            "Microsoft,3,EUR,2026-10-03T00:00:00Z,,,S1,Adjustment,",
            "Microsoft,4,EUR,2026-10-03T00:00:00Z,NULL,,S1,Purchase,Plans",
            "Other,0.5,EUR,2026-10-03T00:00:00Z,Unassigned,/VM/One,-2,Usage,",
        ],
    )
}

fn charges(folder: &Path) -> Vec<(String, String, String, String)> {
    let mut found: Vec<_> = rows(&folder.join("data/charges.csv"))
        .into_iter()
        .map(|row| (row["service"].clone(), row["business_unit"].clone(), row["pool"].clone(), row["amount"].clone()))
        .collect();
    found.sort();
    found
}

fn texts(rows: &[(&str, &str, &str, &str)]) -> Vec<(String, String, String, String)> {
    rows.iter().map(|(a, b, c, d)| ((*a).into(), (*b).into(), (*c).into(), (*d).into())).collect()
}

#[test]
fn repairs_of_a_provider_are_made_in_its_lines_and_counted_with_their_money() {
    let folder = tempfile::tempdir().expect("a folder");
    let rule = "\n[[classify]]\nid = \"any-case\"\nwhere = { ResourceId = \"/VM/O*\" }\nset = { spend = \"grow\" }\n";
    write_model(folder.path(), &[("model.toml", &(model("") + rule)), ("2026-10-azure.csv", &azure())]);
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let expected = texts(&[
        ("Adjustment", "", "S1", "3.00"),
        ("Compute", "/vm/one", "", "30.00"),
        ("Plans", "", "S1", "4.00"),
        ("Unassigned", "/VM/One", "'-2", "0.50"),
    ]);
    assert_eq!(charges(&published), expected);
    let stages: Vec<(String, String, String)> = rows(&published.join("data/reconciliation.csv"))
        .into_iter()
        .filter(|row| row["stage"].starts_with("repair") || row["stage"].starts_with("taken as"))
        .map(|row| (row["stage"].clone(), row["lines"].clone(), row["amount"].clone()))
        .collect();
    let expected = [
        ("taken as FOCUS 1.0", "5", "37.5"),
        ("repair: ResourceId read in small letters", "1", "10"),
        ("repair: `-2` in SkuId read as blank", "1", "10"),
        ("repair: `NULL` in ServiceName read as blank", "1", "4"),
        ("repair: `Unassigned` in SkuId read as blank", "1", "20"),
        ("repair: blank ServiceName taken from ChargeCategory", "1", "3"),
        ("repair: blank ServiceName taken from x_SkuMeterCategory", "1", "4"),
    ];
    assert_eq!(stages, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    // The rule names the id in capitals; it is read in small letters, and capitals do not count in the rule.
    let rules = rows(&published.join("data/rules.csv"));
    let any_case = rules.iter().find(|row| row["rule"] == "any-case").expect("the rule");
    assert_eq!(any_case["taken"], "30.5");
}

#[test]
fn repairs_can_be_left_out_or_declared_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    write_model(folder.path(), &[("model.toml", &model("repair = \"none\"")), ("2026-10-azure.csv", &azure())]);
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let expected = texts(&[
        ("", "", "S1", "7.00"),
        ("Compute", "/VM/One", "'-2", "10.00"),
        ("Compute", "/vm/one", "Unassigned", "20.00"),
        ("Unassigned", "/VM/One", "'-2", "0.50"),
    ]);
    assert_eq!(charges(&published), expected);
    let own = "repair = { blank = { \"*\" = \"-2\" }, fill = { ServiceName = \"ProviderName\" } }";
    write_model(folder.path(), &[("model.toml", &model(own))]);
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let expected = texts(&[
        ("Compute", "/VM/One", "", "10.00"),
        ("Compute", "/vm/one", "Unassigned", "20.00"),
        ("Microsoft", "", "S1", "7.00"),
        ("Unassigned", "/VM/One", "", "0.50"),
    ]);
    assert_eq!(charges(&published), expected);
}

#[test]
fn check_says_version_currency_and_repairs_of_each_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let later = AZURE.replace("ProviderName", "ServiceProviderName,HostProviderName");
    let later =
        export(&later, &["Microsoft,,1.25,EUR,2026-10-01T00:00:00Z,Web,,S1,Usage,"]).replace("PublisherName,", "x_,");
    write_model(
        folder.path(),
        &[("model.toml", &model("")), ("2026-10-azure.csv", &azure()), ("2026-10-later.csv", &later)],
    );
    let of = folder.path().display().to_string();
    let output = showback(&["check", &of, "--period", "2026-10"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in [
        "files    2026-10-azure.csv, 2026-10-later.csv",
        "format   FOCUS 1.0 (5 lines)",
        "format   FOCUS 1.4 (1 lines)",
        "total    38.75 EUR (6 lines)",
        "repair   `-2` in SkuId read as blank: 10 in 1 lines",
    ] {
        assert!(said.contains(words), "`{words}` is not said in\n{said}");
    }
}

#[test]
fn another_dataset_of_focus_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "InvoiceDetailGrain,BilledCost,BillingPeriodStart\n{},1,2026-10-01T00:00:00Z\n";
    write_model(folder.path(), &[("model.toml", &model("")), ("2026-10-invoices.csv", text)]);
    let (of, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let (code, said) = outcome(&showback(&["run", &of, "--period", "2026-10", "--out", &out]));
    assert_eq!(code, Some(3));
    assert!(said.contains("this is the FOCUS dataset Invoice Detail, expected Cost and Usage"), "{said}");
    assert!(!said.contains("has no column"), "{said}");
}
