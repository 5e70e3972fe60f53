//! Exchange rates, through the whole program.

mod support;

use std::path::{Path, PathBuf};

use support::{atoms, outcome, root, rows, run, showback, write_model};

/// A model in pounds with one source and what `[fx]` says.
fn model(source: &str, fx: &str) -> String {
    format!(
        r#"
[model]
name     = "Exchange"
currency = "GBP"

[sources.bills]
{source}
set = {{ pool = "Bills", business_unit = "Shops" }}

[fx]
{fx}
"#
    )
}

const SOURCE: &str = r#"
files   = "{period}/*.csv"
columns = { cost = "Cost", currency = "Currency" }
"#;

const TABLE: &str = r#"
[[fx.tables]]
file = "rates-{period}.csv"
from = "From"
to   = "To"
rate = "Rate"
"#;

/// Runs a model of October 2026 with these bills and rates. Gives the folder of the run, or what was said.
fn exchanged(folder: &Path, model: &str, files: &[(&str, &str)]) -> Result<PathBuf, String> {
    let mut all = vec![("m/model.toml", model)];
    all.extend(files);
    write_model(folder, &all);
    let (model, out) = (folder.join("m").display().to_string(), folder.join("out").display().to_string());
    let (code, said) = outcome(&showback(&["run", &model, "--period", "2026-10", "--out", &out]));
    if matches!(code, Some(0 | 1)) { Ok(folder.join("out/2026-10")) } else { Err(said) }
}

fn money_in(run: &Path) -> i128 {
    rows(&run.join("data/charges.csv")).iter().map(|row| atoms(&row["amount_exact"])).sum()
}

#[test]
fn a_sum_is_exchanged_once_however_its_lines_are_cut() {
    // A third of a pound for a dollar: 0.01 USD is 0.00333… GBP. Three lines exchanged alone would be 3 × 3333…3 =
    // 9999…9 atoms; their sum is 0.03 USD = 0.01 GBP to the last digit.
    let rates = ("m/rates-2026-10.csv", "From,To,Rate\nGBP,USD,3\n");
    let whole = tempfile::tempdir().expect("a folder");
    let one = exchanged(
        whole.path(),
        &model(SOURCE, TABLE),
        &[rates, ("m/2026-10/a.csv", "Currency,Cost\nUSD,0.01\nUSD,0.01\nUSD,0.01\n")],
    )
    .expect("a run");
    assert_eq!(money_in(&one), atoms("0.01"));
    let cut = tempfile::tempdir().expect("a folder");
    let many = exchanged(
        cut.path(),
        &model(SOURCE, TABLE),
        &[
            rates,
            ("m/2026-10/a.csv", "Currency,Cost\nUSD,0.01\n"),
            ("m/2026-10/b.csv", "Currency,Cost\nUSD,0.005\nUSD,0.015\n"),
        ],
    )
    .expect("a run");
    let charges = |run: &Path| std::fs::read(run.join("data/charges.csv")).expect("charges");
    assert_eq!(charges(&one), charges(&many));
}

#[test]
fn the_reconciliation_has_each_currency_and_what_it_became() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = exchanged(
        folder.path(),
        &model(SOURCE, TABLE),
        &[
            ("m/rates-2026-10.csv", "From,To,Rate\nUSD,GBP,0.8\nEUR,GBP,0.9\n"),
            ("m/2026-10/a.csv", "Currency,Cost\nUSD,100\nEUR,10\nGBP,5\nUSD,-50\n"),
        ],
    )
    .expect("a run");
    let lines = rows(&run.join("data/reconciliation.csv"));
    let amount = |stage: &str| {
        let row = lines.iter().find(|row| row["source"] == "bills" && row["stage"] == stage);
        row.unwrap_or_else(|| panic!("{stage}: {lines:?}"))["amount"].clone()
    };
    assert_eq!(amount("taken in USD, exchanged at the average rate of 0.8"), "50");
    assert_eq!(amount("taken in EUR, exchanged at the average rate of 0.9"), "10");
    // 50 × 0.8 + 10 × 0.9 + 5.
    assert_eq!(amount("money in"), "54");
    assert_eq!(amount("taken − exchanged − money in without it"), "0");
    let opening = rows(&run.join("data/opening.csv.gz"));
    let usd = opening.iter().find(|row| row["currency"] == "USD").expect("a balance in dollars");
    assert_eq!((usd["amount_in_currency"].as_str(), usd["amount"].as_str()), ("50", "40"));
    let evidence = std::fs::read_to_string(run.join("run.json")).expect("evidence");
    assert!(evidence.contains("\"rates-2026-10.csv\""), "rates are inputs");
}

#[test]
fn hours_at_a_foreign_rate_become_money_in_one_product() {
    // 1 hour at 100 USD, three dollars a pound: 33.333… GBP, and 3 hours are 100 to the last digit.
    let folder = tempfile::tempdir().expect("a folder");
    let source = r#"
files    = "{period}/hours.csv"
currency = "USD"
cost     = { hours = "Hours", hourly = { file = "grades.csv", on = { Grade = "Grade" }, take = "Rate" } }
"#;
    let run = exchanged(
        folder.path(),
        &model(source, TABLE),
        &[
            ("m/rates-2026-10.csv", "From,To,Rate\nGBP,USD,3\n"),
            ("m/grades.csv", "Grade,Rate\nG1,100\n"),
            ("m/2026-10/hours.csv", "Grade,Hours\nG1,1\nG1,2\n"),
        ],
    )
    .expect("a run");
    assert_eq!(money_in(&run), atoms("100"));
    assert_eq!(rows(&run.join("data/exchange.csv"))[0]["amount_from"], "300");
}

#[test]
fn rates_that_cannot_be_used_are_refused_with_pair_and_period() {
    let bills = ("m/2026-10/a.csv", "Currency,Cost\nUSD,100\nUSD,20\n");
    let missing = "there is no average rate from USD to GBP for 2026-10";
    for (rates, expected) in [
        ("From,To,Rate\nEUR,GBP,0.9\n", missing),
        ("From,To,Rate\nEUR,GBP,0.9\n", "2 lines need it, source `bills`, with 120.00 USD"),
        ("From,To,Rate\nUSD,GBP,0\n", "`0` cannot be a rate: a rate is above 0"),
        ("From,To,Rate\nUSD,GBP,-0.8\n", "`-0.8` cannot be a rate: a rate is above 0"),
        ("From,To,Rate\nUSD,GBP,\n", "`` is not a rate: the cell is blank"),
        ("From,To,Rate\nUSD,GBP,n/a\n", "`n/a` is not a rate"),
        ("From,To,Rate\nUSD,GPB,0.8\n", "`GPB` is not a currency"),
        ("From,To,Rate\nUSD,USD,1\n", "this rate is from USD to USD"),
        ("From,To,Rate\nUSD,GBP,0.8\nUSD,GBP,0.81\n", "this pair has two rates for the same days"),
        // By way of the euro 0.72, by way of the franc 0.75.
        (
            "From,To,Rate\nUSD,EUR,0.8\nEUR,GBP,0.9\nUSD,CHF,1\nCHF,GBP,0.75\n",
            "the average rate from USD to GBP for 2026-10 is another by way of CHF than of EUR",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let said = exchanged(folder.path(), &model(SOURCE, TABLE), &[("m/rates-2026-10.csv", rates), bills])
            .expect_err(expected);
        assert!(said.contains(expected), "{expected}: {said}");
    }
    for (currency, expected) in
        [("USX", "`USX` is not a currency"), ("", "this line has no currency, the books are in GBP")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let bills = format!("Currency,Cost\n{currency},100\n");
        let rates = ("m/rates-2026-10.csv", "From,To,Rate\nUSD,GBP,0.8\n");
        let said =
            exchanged(folder.path(), &model(SOURCE, TABLE), &[rates, ("m/2026-10/a.csv", &bills)]).expect_err(expected);
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // Without [fx], other currencies are refused as ever.
    let folder = tempfile::tempdir().expect("a folder");
    let plain = model(SOURCE, "").replace("[fx]", "");
    let said = exchanged(folder.path(), &plain, &[bills]).expect_err("no rates");
    assert!(said.contains("this line is in `USD`, the books are in GBP, and there are no exchange rates"), "{said}");
}

#[test]
fn a_rate_far_from_the_last_one_asks_for_attention() {
    let bills = ("m/2026-10/a.csv", "Currency,Cost\nUSD,100\n");
    let now = ("m/rates-2026-10.csv", "From,To,Rate\nUSD,GBP,0.88\n");
    // 0.88 / 0.8 is exactly 10 % more, which is not above 10 %; 0.88 / 0.79 is.
    for (before, far, is_told) in
        [("0.8", "", false), ("0.79", "", true), ("0.8", "far = \"9.9%\"", true), ("0.79", "far = \"12%\"", false)]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let earlier = format!("From,To,Rate\nUSD,GBP,{before}\n");
        let fx = format!("{far}\n{TABLE}");
        let files = [bills, now, ("m/rates-2026-09.csv", earlier.as_str())];
        let run = exchanged(folder.path(), &model(SOURCE, &fx), &files).expect("a run");
        let findings = rows(&run.join("data/findings.csv"));
        let told = findings.iter().any(|row| {
            row.values()
                .any(|text| text.contains(&format!("USD to GBP is 0.88, and was {before} in the period before")))
        });
        assert_eq!(told, is_told, "{before} {far}: {findings:?}");
    }
}

#[test]
fn daily_rates_give_closing_average_and_the_day_of_the_line() {
    let rates = "Day,From,To,Rate,Per\n30/09/2026,JPY,GBP,0.50,100\n01/10/2026,JPY,GBP,0.60,100\n15/10/2026,JPY,GBP,0.70,100\n30/10/2026,JPY,GBP,0.80,100\n02/11/2026,JPY,GBP,9,100\n";
    let table = r#"
[[fx.tables]]
file    = "daily.csv"
from    = "From"
to      = "To"
rate    = "Rate"
units   = "Per"
date    = "Day"
formats = { date = "%d/%m/%Y" }
"#;
    let bills =
        "Posted,Currency,Cost\n2026-10-01,JPY,1000\n2026-10-03,JPY,1000\n2026-10-16,JPY,1000\n2026-10-31,JPY,1000\n";
    let source = r#"
files   = "{period}/*.csv"
columns = { cost = "Cost", currency = "Currency", date = "Posted" }
"#;
    for (kind, expected) in [
        // 4000 × 0.80 / 100.
        ("closing", "32"),
        // The mean of 0.60, 0.70 and 0.80 is 0.70.
        ("average", "28"),
        // 6 for the 1st, 6 for the 3rd by the rate of the 1st, 7 for the 16th by that of the 15th, 8 for the 31st.
        ("daily", "27"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let fx = format!("use = \"{kind}\"\n{table}");
        let files = [("m/daily.csv", rates), ("m/2026-10/a.csv", bills)];
        let run = exchanged(folder.path(), &model(source, &fx), &files).expect("a run");
        assert_eq!(money_in(&run), atoms(expected), "{kind}");
    }
    // The 24th of October is more than 7 days after the last rate.
    let folder = tempfile::tempdir().expect("a folder");
    let late = "Posted,Currency,Cost\n2026-10-24,JPY,1000\n";
    let files = [("m/daily.csv", rates), ("m/2026-10/a.csv", late)];
    let said =
        exchanged(folder.path(), &model(source, &format!("use = \"daily\"\n{table}")), &files).expect_err("a gap");
    assert!(said.contains("there is no daily rate from JPY to GBP for 2026-10-24"), "{said}");
}

/// The ECB's history and Azure's sample, whose 27 lines of 2 September 2023 are 1.26136926505726 CAD.
///
/// Closing: 29 September, 0.86458 GBP and 1.4227 CAD for a euro. 1.26136926505726 × 0.86458 / 1.4227 =
/// 0.766538721573912877 GBP.
/// Average: 21 days in September, the sum of GBP is 18.09327, of CAD 30.3613. 1.26136926505726 × 18.09327 / 30.3613 =
/// 0.751690299242211982.
/// Daily: 2 September was a Saturday; on the 1st it was 0.85538 and 1.4656. 1.26136926505726 × 0.85538 / 1.4656 =
/// 0.736183161807231891 (all by exact fractions in another program).
#[test]
fn the_ecbs_history_exchanges_azures_canadian_dollars() {
    let data = root().join("../shared/data");
    let (rates, bill) =
        (data.join("fx/ecb_eurofxref-hist.zip"), data.join("azure/sample-anonymous-ea-export-dataset.csv"));
    if !rates.exists() || !bill.exists() {
        eprintln!("skipped: {} is not there", data.display());
        return;
    }
    for (kind, expected) in
        [("closing", "0.766538721573912877"), ("average", "0.751690299242211982"), ("daily", "0.736183161807231891")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let source = r#"
format  = "azure-ea"
files   = "2023-09/azure.csv"
columns = { cost = "CostInBillingCurrency", currency = "BillingCurrencyCode" }
formats = { date = "%m/%d/%Y" }
"#;
        let fx = format!("use = \"{kind}\"\n[[fx.tables]]\nformat = \"ecb\"\nfile = \"eurofxref-hist.zip\"\n");
        write_model(folder.path(), &[("m/model.toml", &model(source, &fx)), ("m/2023-09/x", "")]);
        std::fs::copy(&rates, folder.path().join("m/eurofxref-hist.zip")).expect("copied");
        std::fs::copy(&bill, folder.path().join("m/2023-09/azure.csv")).expect("copied");
        let out = run(&folder.path().join("m"), "2023-09", &folder.path().join("out"), &[]);
        assert_eq!(money_in(&out), atoms(expected), "{kind}");
        let exchange = rows(&out.join("data/exchange.csv"));
        assert_eq!((exchange[0]["amount_from"].as_str(), exchange[0]["lines"].as_str()), ("1.26136926505726", "27"));
    }
}

#[test]
fn currencies_stay_apart_under_each_heading_that_a_preset_knows() {
    let source = "format = \"azure-mca\"\nfiles = \"{period}/*.csv\"";
    let rates = "From,To,Rate\nGBP,USD,2\nGBP,EUR,4\n";
    for heading in ["billingCurrency", "BillingCurrency"] {
        let bill = format!(
            "costInBillingCurrency,date,{heading}\n100,10/01/2026,USD\n100,10/01/2026,EUR\n100,10/02/2026,USD\n"
        );
        let folder = tempfile::tempdir().expect("a folder");
        let files = [("m/rates-2026-10.csv", rates), ("m/2026-10/a.csv", bill.as_str())];
        let run =
            exchanged(folder.path(), &model(source, &format!("use = \"closing\"\n{TABLE}")), &files).expect("a run");
        // 200 / 2 + 100 / 4.
        assert_eq!(money_in(&run), atoms("125"), "{heading}");
    }
}

#[test]
fn the_ecbs_file_of_one_day_is_read_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let fx = "use = \"closing\"\n[[fx.tables]]\nformat = \"ecb\"\nfile = \"eurofxref.csv\"\n";
    let rates = "Date, USD, JPY, GBP, \n30 October 2026, 1.25, N/A, 0.875, \n";
    let files = [("m/eurofxref.csv", rates), ("m/2026-10/a.csv", "Currency,Cost\nUSD,100\n")];
    let run = exchanged(folder.path(), &model(SOURCE, fx), &files).expect("a run");
    // 100 / 1.25 × 0.875.
    assert_eq!(money_in(&run), atoms("70"));
    let yen = [("m/eurofxref.csv", rates), ("m/2026-10/a.csv", "Currency,Cost\nJPY,100\n")];
    let said = exchanged(folder.path(), &model(SOURCE, fx), &yen).expect_err("no rate of the yen");
    assert!(said.contains("there is no closing rate from JPY to GBP for 2026-10"), "{said}");
}

#[test]
fn a_reporting_currency_is_rounded_on_its_own() {
    // 1 GBP = 150.5 JPY. Lines of 0.01, 0.01 and 0.01 GBP are 1.505 yen each, 4.515 together: 5 yen, where three
    // rounded lines would be 6.
    let folder = tempfile::tempdir().expect("a folder");
    let model = r#"
[model]
name     = "Reporting"
currency = "GBP"

[sources.bills]
files   = "{period}/a.csv"
columns = { cost = "Cost" }
set     = { pool = "Bills", business_unit = "{Unit}" }

[fx]
reporting = { currency = "JPY", use = "closing" }

[[fx.tables]]
file    = "rates.csv"
from    = "From"
to      = "To"
rate    = "Rate"
of_kind = "closing"
"#;
    let files =
        [("m/rates.csv", "From,To,Rate\nGBP,JPY,150.5\n"), ("m/2026-10/a.csv", "Unit,Cost\nA,0.01\nB,0.01\nC,0.01\n")];
    let run = exchanged(folder.path(), model, &files).expect("a run");
    let charges = rows(&run.join("data/charges.csv"));
    let yen: Vec<i128> = charges.iter().map(|row| row["reporting_amount"].parse().expect("whole yen")).collect();
    assert_eq!((yen.len(), yen.iter().sum::<i128>()), (3, 5));
    assert!(yen.iter().all(|yen| [1, 2].contains(yen)) && charges.iter().all(|row| row["amount"] == "0.01"));
    let wrong = model.replace("use = \"closing\"", "use = \"average\"");
    let said = exchanged(folder.path(), &wrong, &files).expect_err("no such kind");
    assert!(said.contains("there is no average rate from GBP to JPY for 2026-10"), "{said}");
}

#[test]
fn money_of_several_currencies_has_a_figure_for_each() {
    let source = r#"
files   = "{period}/*.csv"
columns = { cost = "Cost", currency = "Currency" }
set     = { pool = "Bills", business_unit = "{Unit}", service = "{App}" }
control = { total = "20.5" }
"#;
    let model = model(source, TABLE).replace("set = { pool = \"Bills\", business_unit = \"Shops\" }", "");
    let model = model.replace("[fx]", "[dimensions.service]\nmembers = [\"Shop\"]\n\n[fx]");
    // 12 EUR and 3.50 USD for the service that is not there; the rows that come twice are of 12 EUR and of 2.25 USD.
    let bill = "Unit,App,Currency,Cost\nWeb,old,EUR,12\nWeb,old,USD,3.5\nWeb,Shop,USD,2.25\n";
    let twice = "Web,old,EUR,-12\nWeb,old,EUR,-12\nWeb,Shop,USD,2.25\nWeb,old,EUR,24\n";
    let bill = format!("{bill}{twice}");
    let rates = ("m/rates-2026-10.csv", "From,To,Rate\nUSD,GBP,0.8\nEUR,GBP,0.9\n");
    let folder = tempfile::tempdir().expect("a folder");
    let run =
        exchanged(folder.path(), &model.replace("20.5", "20"), &[rates, ("m/2026-10/a.csv", &bill)]).expect("a run");
    let findings = rows(&run.join("data/findings.csv"));
    let money = |code: &str| {
        let of_code: Vec<_> = findings.iter().filter(|row| row["code"] == code).collect();
        let figures = of_code.iter().map(|row| format!("{} {}", row["money"], row["currency"]));
        (of_code.first().map(|row| row["finding"].clone()).unwrap_or_default(), figures.collect::<Vec<_>>())
    };
    let (title, figures) = money("unknown-value");
    assert_eq!(
        title,
        "`old` is not a member of service: 5 lines with 12.00 EUR and 3.50 USD not given one by `sources.bills`"
    );
    assert_eq!(figures, ["12 EUR", "3.5 USD"]);
    let (title, figures) = money("repeated-rows");
    assert_eq!(title, "2 rows repeat another one word for word, with -12.00 EUR and 2.25 USD in all");
    assert_eq!(figures, ["-12 EUR", "2.25 USD"]);
    let (at, out) = (folder.path().join("m").display().to_string(), folder.path().join("out").display().to_string());
    let output = showback(&["run", &at, "--period", "2026-10", "--out", &out, "--format", "json"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(r#""money":{"EUR":"12","USD":"3.5"}"#), "{said}");
    let lines = rows(&run.join("data/reconciliation.csv"));
    let amount = |stage: &str| {
        let row = lines.iter().find(|row| row["source"] == "bills" && row["stage"] == stage);
        row.unwrap_or_else(|| panic!("{stage}: {lines:?}"))["amount"].clone()
    };
    assert_eq!(amount("read and not skipped in EUR"), "12");
    assert_eq!(amount("read and not skipped in USD"), "8");
    assert_eq!(amount("read (as received, currencies added up)"), "20");
    // A total over both is a check of the file and no money; of one currency it is.
    let said = exchanged(folder.path(), &model, &[rates, ("m/2026-10/a.csv", &bill)]).expect_err("another total");
    assert!(said.contains("the control total of Cost is 20.5, the export has 20"), "{said}");
    for (unit, expected) in [("EUR", r#""money":null"#), ("USD", r#""money":{"USD":"-0.5"}"#)] {
        let one = bill.replace("EUR", unit);
        let _ = exchanged(folder.path(), &model, &[rates, ("m/2026-10/a.csv", &one)]).expect_err("another total");
        let output = showback(&["run", &at, "--period", "2026-10", "--out", &out, "--format", "json"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let finding = said.lines().find(|line| line.contains("control-total")).unwrap_or_else(|| panic!("{said}"));
        assert!(finding.contains(expected), "{finding}");
    }
}

#[test]
fn lines_whose_currency_nobody_knows_are_counted_in_none() {
    let source = SOURCE.to_owned() + "refused = \"quarantine\"\n";
    let rates = ("m/rates-2026-10.csv", "From,To,Rate\nUSD,GBP,0.8\nEUR,GBP,0.9\n");
    let reconciliation = |bill: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let run = exchanged(folder.path(), &model(&source, TABLE), &[rates, ("m/2026-10/a.csv", bill)]);
        let lines = rows(&run.expect("a run").join("data/reconciliation.csv"));
        let of_bills = lines.into_iter().filter(|row| row["source"] == "bills");
        of_bills.map(|row| (row["stage"].clone(), row["lines"].clone(), row["amount"].clone())).collect::<Vec<_>>()
    };
    let row = |stage: &str, lines: &str, amount: &str| (stage.to_owned(), lines.to_owned(), amount.to_owned());
    let several = reconciliation("Currency,Cost\nEUR,12\nUSD,8\nUSD,1\n,100\nbanana,1000\nEUR,n/a\n");
    // 12 + 9 + 1100 are what is read; the line without a readable amount is in no currency either.
    for expected in [
        row("read (as received, currencies added up)", "6", "1121"),
        row("read and not skipped in EUR", "1", "12"),
        row("read and not skipped in USD", "2", "9"),
        row("read and not skipped, counted in no currency", "3", "1100"),
    ] {
        assert!(several.contains(&expected), "{expected:?}: {several:?}");
    }
    let stages: Vec<_> = several.iter().filter(|(stage, ..)| stage.starts_with("read and not skipped")).collect();
    assert_eq!(stages.len(), 3, "{stages:?}");
    // One currency, and a line of none: nothing is added up over currencies.
    let one = reconciliation("Currency,Cost\nUSD,8\nbanana,1000\n");
    assert!(one.contains(&row("read (as received)", "2", "1008")), "{one:?}");
    assert!(!one.iter().any(|(stage, ..)| stage.contains("added up") || stage.contains("not skipped in")), "{one:?}");
}

#[test]
fn a_control_total_of_one_currency_is_money_also_where_a_line_has_none() {
    let source = SOURCE.to_owned() + "refused = \"quarantine\"\ncontrol = { total = \"9\" }\n";
    let rates = ("m/rates-2026-10.csv", "From,To,Rate\nUSD,GBP,0.8\n");
    let folder = tempfile::tempdir().expect("a folder");
    let bill = "Currency,Cost\nUSD,8\nbanana,1000\n";
    let _ = exchanged(folder.path(), &model(&source, TABLE), &[rates, ("m/2026-10/a.csv", bill)]).expect_err("refused");
    let (at, out) = (folder.path().join("m").display().to_string(), folder.path().join("out").display().to_string());
    let output = showback(&["run", &at, "--period", "2026-10", "--out", &out, "--format", "json"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let finding = said.lines().find(|line| line.contains("control-total")).unwrap_or_else(|| panic!("{said}"));
    assert!(finding.contains(r#""money":{"USD":"-1"}"#), "{finding}");
}
