//! Exports as real tools and councils write them: read through the program, to the last digit of their totals.
//!
//! The files lie beside the repository, because most of them may not be copied into it; where they are not there,
//! this says that it is skipped.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{outcome, showback};

fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there is no folder of real exports beside the repository");
    None
}

/// Runs a model with one source of this file. Gives the exit code, what was said and the exact money in.
fn try_file(file: &Path, currency: &str, source: &str) -> (Option<i32>, String, Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let name = format!("2026-10-{}", file.file_name().expect("a name").to_string_lossy());
    fs::copy(file, folder.path().join(&name)).expect("copied");
    let model = format!(
        "[model]\nname = \"Real\"\ncurrency = \"{currency}\"\ncomplete = []\n\n[sources.real]\nfiles = '{}'\n{source}\n",
        name.replace("2026-10", "{period}").replace('[', "[[]")
    );
    fs::write(folder.path().join("model.toml"), model).expect("written");
    let out = folder.path().join("out");
    let (of, to) = (folder.path().display().to_string(), out.display().to_string());
    let (code, said) = outcome(&showback(&["run", &of, "--period", "2026-10", "--out", &to]));
    let evidence = fs::read_to_string(out.join("2026-10/run.json")).unwrap_or_default();
    let money = evidence.lines().find_map(|line| line.trim().strip_prefix("\"money_in\": \""));
    (code, said, money.map(|money| money.trim_end_matches(['"', ',']).to_owned()))
}

/// File, currency, what its source says, and the exact total of its column.
const TOTALS: &[(&str, &str, &str, &str)] = &[
    ("focus/focus_1.0_sample_1000.csv", "USD", "null = 'NULL'\ncolumns = { cost = 'BilledCost' }", "20.52022672899"),
    ("focus/focus_1.0_sample_1000.csv", "USD", "null = 'NULL'\ncolumns = { cost = 'EffectiveCost' }", "14.97651418586"),
    ("focus/focus_1.0_sample_1000.csv", "USD", "null = 'NULL'\ncolumns = { cost = 'ListCost' }", "20.39090575119"),
    (
        "aws_cur/sample-anonymous-aws-export-dataset.csv",
        "USD",
        "columns = { cost = 'lineItem/UnblendedCost', currency = 'lineItem/CurrencyCode' }",
        "1.6823086974",
    ),
    (
        "azure/sample-anonymous-ea-export-dataset.csv",
        "CAD",
        "columns = { cost = 'CostInBillingCurrency' }",
        "1.26136926505726",
    ),
    (
        "azure/EA_ActualCost_Small.csv",
        "USD",
        "columns = { cost = 'Cost', currency = 'BillingCurrency' }",
        "8.5450077867419368",
    ),
    (
        "uk_spend/leeds_raw_2011-01.csv",
        "GBP",
        "columns = { cost = 'Net Amount' }\nformats = { encoding = 'windows-1252', number = '1,234.56' }",
        "65483945.63",
    ),
    (
        "uk_spend/leeds_raw_2011-03.csv",
        "GBP",
        "columns = { cost = 'Net amount' }\nformats = { number = '1,234.56' }",
        "78447368.22",
    ),
    (
        "uk_spend/leeds_raw_2011-09.csv",
        "GBP",
        "columns = { cost = 'Net amount' }\nformats = { number = '1,234.56' }",
        "85636646.06",
    ),
    (
        "uk_spend/leeds_raw_2012-11.csv",
        "GBP",
        "columns = { cost = 'NetAmount' }\nformats = { number = '1,234.56' }",
        "71558583.35",
    ),
    (
        "uk_spend/leeds_raw_2012-12.csv",
        "GBP",
        "columns = { cost = 'NetAmount' }\nformats = { number = '1,234.56' }\nskip = { Body = '' }",
        "72875039.12",
    ),
    (
        "uk_spend/spendover25kdownloadSep.csv",
        "GBP",
        "columns = { cost = 'Amount in Sterling' }\nformats = { number = '1,234.56' }",
        "84353384.87",
    ),
    ("uk_spend/harrogate_2020-06.csv", "GBP", "columns = { cost = 'Net Amount' }", "2879913.33"),
    ("uk_spend/cabinetoffice_2020-09.csv", "GBP", "columns = { cost = 'Amount' }", "135522204.21"),
    (
        "uk_spend/gla_2015-P13.csv",
        "GBP",
        "columns = { cost = 'Amount' }\nformats = { number = '1,234.56', negative = 'parentheses' }",
        "161821770.39",
    ),
    ("us_federal_it/itdashboard_businesscase.csv", "USD", "columns = { cost = 'Funding CY ($ M)' }", "43636.278503"),
    (
        "city_budget/oakland_FY21-22_adopted.csv",
        "USD",
        "columns = { cost = 'amount' }\nskip = { amount = '' }",
        "4066776078",
    ),
    ("city_budget/oakland_FY14-15_adjusted.csv", "USD", "columns = { cost = 'amount' }", "2297382660"),
    ("city_budget/oakland_FY2016-17_midcycle.xlsx", "USD", "columns = { cost = 'AMT' }", "2476520156"),
    (
        "aws_cur/ssp_cur2_3033.parquet",
        "USD",
        "columns = { cost = 'line_item_unblended_cost', currency = 'line_item_currency_code' }\nformats = { floats = 'shortest' }",
        "165.7276299327",
    ),
    ("gcp/ssp_gcp_1560.parquet", "CHF", "columns = { cost = 'cost' }\nformats = { floats = 'shortest' }", "33.996126"),
    ("azure/EA_ActualCost_Small.csv", "USD", "format = 'azure-ea'\nlate = 'here'", "8.5450077867419368"),
    ("aws_cur/sample-anonymous-aws-export-dataset.csv", "USD", "format = 'aws-cur'\nlate = 'here'", "1.6823086974"),
    (
        "aws_cur/ssp_cur2_3033.parquet",
        "USD",
        "format = 'aws-cur2'\nlate = 'here'\nformats = { floats = 'shortest' }",
        "165.7276299327",
    ),
    (
        "gcp/ssp_gcp_1560.parquet",
        "CHF",
        "format = 'gcp-billing'\nlate = 'here'\nformats = { floats = 'shortest' }",
        "33.996126",
    ),
    ("focus/focus_1.0_sample_1000.csv", "USD", "format = 'focus'\nlate = 'here'", "14.97651418586"),
    ("peer_openchargeback/aws_2025-01.csv", "USD", "columns = { cost = 'BilledCost' }", "19086.75"),
    ("peer_openchargeback/azure_2025-01.csv", "USD", "columns = { cost = 'ListCost' }", "865"),
    ("peer_openchargeback/hpc_2025-01.csv", "USD", "columns = { cost = 'ContractedCost' }", "8200"),
    ("peer_openchargeback/journal_2025-01_20260130_233508.csv", "USD", "columns = { cost = 'Amount' }", "20227"),
    ("govcon_allocation/GL_Actuals.csv", "USD", "columns = { cost = 'Amount' }", "230106897.45"),
    ("govcon_allocation/Direct_Costs_By_Project.csv", "USD", "columns = { cost = 'DirectLabor$' }", "101285239.16"),
    (
        "gl_export/xero_account_transactions.csv",
        "USD",
        "headings_row = 5\ncolumns = { cost = 'Gross' }\nskip = { Contact = '' }\nformats = { number = '1,234.56', negative = 'parentheses' }",
        "8672.63",
    ),
    (
        "gl_export/xero_account_transactions.csv",
        "USD",
        "headings_row = 5\ncolumns = { cost = 'Debit' }\nskip = { Contact = '' }\nformats = { number = '1,234.56', negative = 'parentheses' }",
        "33578.95",
    ),
    (
        "gl_export/xero_trial_balance.csv",
        "USD",
        "headings_row = 5\ncolumns = { cost = 'Debit - Year to date' }\nskip = [{ Account = '' }, { 'Debit - Year to date' = '' }]\nformats = { number = '1,234.56' }",
        "54642.39",
    ),
    (
        "gl_export/xero_trial_balance.csv",
        "USD",
        "headings_row = 5\ncolumns = { cost = '31 Dec 2024' }\nskip = { Account = '' }\nformats = { number = '1,234.56', negative = 'parentheses' }",
        "0",
    ),
    (
        "licences_assets/snipeit_licenses-sample.csv",
        "USD",
        "columns = { cost = 'purchase cost' }\nformats = { currency_sign = '$' }\nskip = { 'purchase cost' = '' }",
        "2743.02",
    ),
    (
        "licences_assets/snipeit_assets-sample.csv",
        "USD",
        "columns = { cost = 'Purchase Cost' }\nskip = { 'Purchase Cost' = '' }",
        "56926.75",
    ),
    (
        "licences_assets/henish_assets_semicolon.csv",
        "USD",
        "columns = { cost = 'cost' }\nformats = { delimiter = ';' }",
        "2635766",
    ),
];

#[test]
fn exact_totals_of_real_exports_are_reproduced() {
    let Some(data) = data() else { return };
    let mut wrong = Vec::new();
    for (file, currency, source, total) in TOTALS {
        let (code, said, money) = try_file(&data.join(file), currency, source);
        if !matches!(code, Some(0 | 1)) || money.as_deref() != Some(*total) {
            wrong.push(format!("{file}: expected {total}, got {money:?} with exit code {code:?}\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// File, column of the cost, and words of the refusal.
const REFUSED: &[(&str, &str, &[&str])] = &[
    ("uk_spend/leeds_raw_2011-01.csv", "Net Amount", &["not UTF-8", "encoding = \"windows-1252\""]),
    ("uk_spend/newcastle_2022-08.csv", "Total (excludes VAT)", &["11 fields, the headings have 10"]),
    ("azure/opencost_values_Template.csv", "costinbillingcurrency", &["10 fields, the headings have 11"]),
    ("aws_cur/ssp_cur2_3033.parquet", "line_item_unblended_cost", &["a float", "floats = \"shortest\""]),
    ("excel/calamine/pass_protected.xlsx", "Cost", &["has a password"]),
    ("licences_assets/snipeit_licenses-sample.csv", "purchase cost", &["currency_sign"]),
];

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let Some(data) = data() else { return };
    for (file, column, words) in REFUSED {
        let (code, said, _) = try_file(&data.join(file), "GBP", &format!("columns = {{ cost = '{column}' }}"));
        assert_eq!(code, Some(3), "{file}: {said}");
        for word in *words {
            assert!(said.contains(word), "{file}: `{word}` is not said in\n{said}");
        }
    }
}

/// Every file below a folder.
fn all_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn no_workbook_or_odd_csv_makes_the_program_panic() {
    let Some(data) = data() else { return };
    let mut files = Vec::new();
    all_below(&data.join("excel"), &mut files);
    all_below(&data.join("csv_acid"), &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let (code, said, _) = try_file(&file, "USD", "columns = { cost = 'A heading that no file has' }");
        if code != Some(3) || said.contains("panicked") {
            wrong.push(format!("{}: exit code {code:?}\n{said}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
