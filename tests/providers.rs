//! Exports of providers by their presets: Azure's two contracts, each in two forms that hold the same charges, and others.

mod support;

use std::fs;
use std::path::Path;

use support::{outcome, root, showback, write_model};

fn source(name: &str, format: &str, files: &str) -> String {
    format!("\n[sources.{name}]\nformat = \"{format}\"\nfiles = {files}\nset = {{ pool = \"{name}\" }}\n")
}

fn outcome_of(folder: &Path, sources: &str, files: &[(&str, &str)]) -> (Option<i32>, String, Option<String>) {
    let model = format!("[model]\nname = \"Azure\"\ncurrency = \"EUR\"\ncomplete = []\n{sources}");
    write_model(folder, &[("model.toml", &model)]);
    write_model(folder, files);
    let (of, out) = (folder.display().to_string(), folder.join("out"));
    let (code, said) = outcome(&showback(&["run", &of, "--period", "2026-10", "--out", &out.display().to_string()]));
    let evidence = fs::read_to_string(out.join("2026-10/run.json")).unwrap_or_default();
    let money = evidence.lines().find_map(|line| line.trim().strip_prefix("\"money_in\": \""));
    (code, said, money.map(|money| money.trim_end_matches(['"', ',']).to_owned()))
}

const MCA: &str = "billingAccountId,date,costInBillingCurrency,billingCurrency,chargeType,pricingModel\n";
const EA: &str = "BillingAccountId,Date,CostInBillingCurrency,BillingCurrencyCode,ChargeType,PricingModel\n";

/// A reservation of 300 for the month, a third of it unused, and 50 of other use.
const ACTUAL: &str = "A1,10/01/2026,300,EUR,Purchase,Reservation\nA1,10/02/2026,50,EUR,Usage,OnDemand\n";
const AMORTISED: &str = "A1,10/02/2026,50,EUR,Usage,OnDemand\nA1,10/05/2026,200,EUR,Usage,Reservation\nA1,10/05/2026,100,EUR,UnusedReservation,Reservation\n";

#[test]
fn both_contracts_are_read_in_both_forms() {
    for (headings, contract) in [(MCA, "azure-mca"), (EA, "azure-ea")] {
        for (lines, form) in [(ACTUAL, ""), (AMORTISED, "-amortised")] {
            let folder = tempfile::tempdir().expect("a folder");
            let sources = source("azure", &format!("{contract}{form}"), "\"{period}.csv\"");
            let file = format!("{headings}{lines}");
            let (code, said, money) = outcome_of(folder.path(), &sources, &[("2026-10.csv", &file)]);
            assert_eq!((code, money.as_deref()), (Some(0), Some("350")), "{contract}{form}: {said}");
        }
    }
}

#[test]
fn actual_and_amortised_cost_of_one_account_are_refused_together() {
    let (actual, amortised) = (format!("{MCA}{ACTUAL}"), format!("{MCA}{AMORTISED}"));
    let files = [("a/2026-10.csv", actual.as_str()), ("b/2026-10.csv", amortised.as_str())];
    let two =
        source("one", "azure-mca", "\"a/{period}.csv\"") + &source("two", "azure-mca-amortised", "\"b/{period}.csv\"");
    let folder = tempfile::tempdir().expect("a folder");
    let (code, said, _) = outcome_of(folder.path(), &two, &files);
    assert_eq!(code, Some(3), "{said}");
    for words in ["counted twice", "`b/2026-10.csv` has amortised cost", "`a/2026-10.csv` has actual cost"] {
        assert!(said.contains(words), "`{words}` is not said in\n{said}");
    }
    // The same without a preset: the lines tell.
    let plain = |name: &str, folder: &str| {
        format!(
            "\n[sources.{name}]\nfiles = \"{folder}/{{period}}.csv\"\ncolumns = {{ cost = \"costInBillingCurrency\" }}\n"
        )
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (code, said, _) = outcome_of(folder.path(), &(plain("one", "a") + &plain("two", "b")), &files);
    assert!(code == Some(3) && said.contains("counted twice"), "{said}");
    // Another account is another bill.
    let other = amortised.replace("A1,", "A2,");
    let folder = tempfile::tempdir().expect("a folder");
    let (code, said, money) = outcome_of(folder.path(), &two, &[files[0], ("b/2026-10.csv", &other)]);
    assert_eq!((code, money.as_deref()), (Some(0), Some("700")), "{said}");
}

#[test]
fn an_export_in_the_other_form_than_declared_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let amortised = format!("{EA}{AMORTISED}");
    let (code, said, _) =
        outcome_of(folder.path(), &source("azure", "azure-ea", "\"{period}.csv\""), &[("2026-10.csv", &amortised)]);
    assert_eq!(code, Some(3));
    for words in ["has amortised cost (row 4 is such a charge)", "format = \"azure-ea-amortised\""] {
        assert!(said.contains(words), "`{words}` is not said in\n{said}");
    }
}

#[test]
fn two_sources_that_take_all_lines_of_one_cost_are_refused() {
    let two = |one: &str, other: &str| {
        let source = |name: &str, column: &str| {
            format!("\n[sources.{name}]\nfiles = \"{{period}}.csv\"\ncolumns = {{ cost = \"{column}\" }}\n")
        };
        source("one", one) + &source("two", other)
    };
    let text = "BilledCost,EffectiveCost,Fee\n1,2,3\n";
    for (one, other, twice) in
        [("BilledCost", "EffectiveCost", true), ("Fee", "Fee", true), ("BilledCost", "Fee", false)]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let (code, said, _) = outcome_of(folder.path(), &two(one, other), &[("2026-10.csv", text)]);
        assert_eq!(code, Some(if twice { 3 } else { 0 }), "{one} {other}: {said}");
        assert_eq!(said.contains("counted twice, as"), twice, "{said}");
    }
}

/// A sample of the provider's own tool: a purchase of a reservation, so actual cost.
#[test]
fn a_real_export_tells_its_form() {
    let file = root().join("../shared/data/azure/EA_ActualCost_Small.csv");
    let Ok(text) = fs::read_to_string(&file) else {
        eprintln!("skipped: there is no folder of real exports beside the repository");
        return;
    };
    let text = text.replace(",USD,", ",EUR,");
    let late = |format: &str| source("azure", format, "\"{period}.csv\"") + "late = \"here\"\n";
    let folder = tempfile::tempdir().expect("a folder");
    let (code, said, _) = outcome_of(folder.path(), &late("azure-ea-amortised"), &[("2026-10.csv", &text)]);
    assert_eq!(code, Some(3));
    assert!(said.contains("this export has actual cost (row 2 is such a charge)"), "{said}");
    let folder = tempfile::tempdir().expect("a folder");
    let (_, said, money) = outcome_of(folder.path(), &late("azure-ea"), &[("2026-10.csv", &text)]);
    assert_eq!(money.as_deref(), Some("8.5450077867419368"), "{said}");
}

#[test]
fn a_cost_report_of_oci_is_read() {
    let text = "lineItem/intervalUsageStart,product/service,cost/myCost,cost/currencyCode,tags/team\n\
        2026-10-01T00:00Z,COMPUTE,1.5E-3,EUR,Ops\n2026-10-31T23:00Z,BLOCK_STORAGE,2,EUR,\n";
    let folder = tempfile::tempdir().expect("a folder");
    let (code, said, money) =
        outcome_of(folder.path(), &source("oracle", "oci", "\"{period}.csv\""), &[("2026-10.csv", text)]);
    assert_eq!((code, money.as_deref()), (Some(0), Some("2.0015")), "{said}");
}

#[test]
fn tags_are_read_with_the_outer_braces_and_without() {
    let tagged = "[[classify]]\nid = \"app\"\nset = { service = \"{Tags.app}\" }\n";
    let lines = "10/02/2026,50,EUR,\"\"\"app\"\": \"\"claims\"\",\"\"env\"\": \"\"prod\"\"\"\n\
                 10/03/2026,7,EUR,\"{\"\"app\"\": \"\"claims\"\"}\"\n10/03/2026,1,EUR,\n";
    let file = format!("Date,CostInBillingCurrency,BillingCurrencyCode,Tags\n{lines}");
    let folder = tempfile::tempdir().expect("a folder");
    let sources = source("azure", "azure-ea", "\"{period}.csv\"") + tagged;
    let (code, said, _) = outcome_of(folder.path(), &sources, &[("2026-10.csv", &file)]);
    assert_eq!(code, Some(0), "{said}");
    let charges = fs::read_to_string(folder.path().join("out/2026-10/data/charges.csv")).expect("written");
    assert!(charges.lines().any(|line| line.contains("claims") && line.contains("57")), "{charges}");
}
