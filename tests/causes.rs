//! What moved since the period before and why, and run, grow and transform over time: in the files of a run, on its
//! statements and on its page, against the charge lines of the runs they are of.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use calamine::{Data, Reader, Xlsx, open_workbook};
use support::{CENT, Row, atoms, copy_folder, root, rows, run, sums, write_model};

const PLACE: [&str; 2] = ["business_unit", "service"];

/// What of a row of `data/causes.csv` is no cause.
const NO_CAUSES: [&str; 6] = ["charged", "business_unit", "service", "before", "after", "movement"];

fn charged(folder: &Path, by: &[&str]) -> BTreeMap<Vec<String>, i128> {
    let mut sums = sums(&rows(&folder.join("data/charges.csv")), by, "amount", |row| row["kind"] != "unallocated");
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// September and October of the sample, made in one command, once for all tests.
fn sample() -> [PathBuf; 2] {
    static OUT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder");
        run(&root().join("rules"), "2026-09..2026-10", folder.path(), &[]);
        folder
    });
    ["2026-09", "2026-10"].map(|period| OUT.path().join(period))
}

/// The rows of a sheet below the heading `Service`, each as its texts and numbers.
fn sheet(book: &Path, name: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut book: Xlsx<_> = open_workbook(book).expect("a workbook");
    let range = book.worksheet_range(name).expect("the sheet");
    let text = |cell: &Data| match cell {
        Data::Float(number) => format!("{number:.2}"),
        other => other.to_string(),
    };
    let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(text).collect()).collect();
    let heading = rows.iter().position(|row| row[0] == "Service").expect("headings");
    let (headings, body) = (rows[heading].clone(), &rows[heading + 1..]);
    let end = body.iter().position(|row| row[0] == "Total").expect("a total");
    (headings, body[..=end].to_vec())
}

#[test]
fn causes_of_a_run_lead_from_one_run_to_the_next() {
    let [september, october] = sample();
    let causes = rows(&october.join("data/causes.csv"));
    for (run, column) in [(&september, "before"), (&october, "after")] {
        let mut found = sums(&causes, &PLACE, column, |row| row["charged"] == "yes");
        found.retain(|_, sum| *sum != 0);
        assert_eq!(found, charged(run, &PLACE), "{column}");
    }
    for row in &causes {
        let effects: i128 =
            row.iter().filter(|(name, _)| !NO_CAUSES.contains(&name.as_str())).map(|(_, text)| atoms(text)).sum();
        assert_eq!(effects, atoms(&row["after"]) - atoms(&row["before"]), "{row:?}");
    }
}

#[test]
fn a_statement_says_why_it_changed_for_its_units_and_nobody_else() {
    let [september, october] = sample();
    let of = |run: &Path, units: &[&str]| -> BTreeMap<String, i128> {
        let mut sums = BTreeMap::new();
        for (place, sum) in charged(run, &PLACE) {
            if units.contains(&place[0].as_str()) {
                *sums.entry(place[1].clone()).or_insert(0) += sum;
            }
        }
        sums
    };
    // A unit, and one above others: its statement is of all below it.
    let below: [&[&str]; 2] = [&["Motor Claims"], &["Motor Claims", "Home & Property"]];
    let organisation = fs::read_to_string(root().join("sample-data/organisation.csv")).expect("the organisation");
    assert_eq!(organisation.lines().filter(|line| line.contains(",General Insurance,")).count(), 2, "{organisation}");
    for (name, units) in [("motor-claims", below[0]), ("general-insurance", below[1])] {
        let (headings, rows) = sheet(&october.join(format!("statements/{name}.xlsx")), "Why it changed");
        assert_eq!(headings[..4], ["Service", "2026-09", "2026-10", "Movement"]);
        let check = headings.iter().position(|heading| heading == "Check").expect("a check");
        let (total, services) = rows.split_last().expect("a total");
        for (run, column) in [(&september, 1), (&october, 2)] {
            let found: BTreeMap<String, i128> =
                services.iter().map(|row| (row[0].clone(), atoms(&row[column]))).filter(|(_, sum)| *sum != 0).collect();
            assert_eq!(found, of(run, units), "{name}, column {column}");
        }
        for row in services.iter().chain([total]) {
            let figure = |at: usize| atoms(&row[at]);
            assert_eq!(figure(2) - figure(1), figure(3), "{row:?}");
            assert_eq!((4..check).map(figure).sum::<i128>(), figure(3), "{row:?}");
        }
        for at in 1..check {
            assert_eq!(services.iter().map(|row| atoms(&row[at])).sum::<i128>(), atoms(&total[at]), "{}", headings[at]);
        }
    }
}

/// The sample with a trend over all of its months, and targets.
fn with_targets(folder: &Path) -> PathBuf {
    for part in ["rules", "sample-data"] {
        copy_folder(&root().join(part), &folder.join(part));
    }
    let model = folder.join("rules/model.toml");
    let text = fs::read_to_string(&model).expect("the model");
    let lines = text.lines().filter(|line| !line.starts_with("trend")).collect::<Vec<_>>().join("\n");
    let lines = match lines.split_once("\n[spend]") {
        Some((before, behind)) => {
            format!("{before}\n{}", behind.split_once("\n[").map_or(String::new(), |(_, rest)| format!("[{rest}")))
        }
        None => lines,
    };
    let text = lines.replacen("[model]\n", "[model]\ntrend = 3\n", 1)
        + "\n[spend]\ntargets = { run = \"80%\", grow = \"12%\", transform = \"8%\" }\n";
    fs::write(&model, text).expect("written");
    folder.join("rules")
}

#[test]
fn the_trend_is_what_each_period_says_of_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = with_targets(folder.path());
    let out = folder.path().join("out");
    let october = run(&rules, "2026-10", &out, &[]);
    let trend = rows(&october.join("data/trend.csv"));
    run(&rules, "2026-08..2026-10", &out.join("alone"), &["--alone"]);
    for period in ["2026-08", "2026-09", "2026-10"] {
        let alone = out.join("alone").join(period);
        assert!(!alone.join("data/causes.csv").exists());
        let found: BTreeMap<Vec<String>, i128> = trend
            .iter()
            .filter(|row| row["period"] == period)
            .map(|row: &Row| (vec![row["spend"].clone()], atoms(&row["amount"])))
            .collect();
        assert_eq!(found, charged(&alone, &["spend"]), "{period}");
    }
    for (spend, target) in [("run", "80.0%"), ("grow", "12.0%"), ("transform", "8.0%")] {
        assert!(trend.iter().filter(|row| row["spend"] == spend).all(|row| row["target"] == target));
    }
    // The summary says how far the period is off, in the same digits as its shares.
    let mut book: Xlsx<_> = open_workbook(october.join("showback.xlsx")).expect("a workbook");
    let range = book.worksheet_range("Summary").expect("the summary");
    let cells: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    let at = cells.iter().position(|row| row.iter().any(|cell| cell == "Against target")).expect("the targets");
    let column = cells[at].iter().position(|cell| cell == "Against target").expect("its column");
    for (row, (spend, target)) in cells[at + 1..].iter().zip([("Run", 800), ("Grow", 120), ("Transform", 80)]) {
        // In tenths of a percent, as whole numbers.
        let permille = |at: usize| format!("{:.0}", row[column + at].parse::<f64>().expect("a share") * 1000.0);
        let permille = |at: usize| permille(at).parse::<i32>().expect("a whole number");
        assert_eq!(row[column], spend);
        let own = trend.iter().find(|row| row["period"] == "2026-10" && row["spend"] == spend.to_lowercase());
        let own = own.expect("a row")["share"].replace(['%', '.'], "").parse::<i32>().expect("a share");
        assert_eq!([permille(1), permille(2), permille(3)], [own, target, own - target], "{row:?}");
    }
}

#[test]
fn several_periods_in_one_command_write_what_each_writes_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let [_, october] = sample();
    let alone = run(&root().join("rules"), "2026-10", folder.path(), &[]);
    assert_eq!(support::all_files(&october), support::all_files(&alone));
}

#[test]
fn the_page_splits_the_same_movement() {
    let [_, october] = sample();
    let page = fs::read_to_string(october.join("report.html")).expect("a page");
    let (_, rest) = page.split_once("id=\"data\">").expect("data");
    let data: serde_json::Value = serde_json::from_str(rest.split_once("</script>").expect("its end").0).expect("JSON");
    let causes = rows(&october.join("data/causes.csv"));
    let moved = data["moved"]["rows"].as_array().expect("rows");
    let number = |value: &serde_json::Value| i128::from(value.as_i64().expect("a number"));
    let shown: i128 = moved.iter().map(|row| number(&row[3]) - number(&row[2])).sum();
    let expected: i128 = causes.iter().filter(|row| row["charged"] == "yes").map(|row| atoms(&row["movement"])).sum();
    assert_eq!(shown * CENT, expected);
    for row in moved {
        let effects: i128 = row[4].as_array().expect("effects").iter().map(number).sum();
        assert_eq!(effects + number(&row[5]), number(&row[3]) - number(&row[2]), "{row}");
    }
}

#[test]
fn a_run_too_large_to_be_split_into_causes_says_so_and_what_does_it() {
    // Services × units are entries. Up to 250,000 are split, 501 × 500 are more.
    for (services, is_split) in [(5, true), (501, false)] {
        let folder = tempfile::tempdir().expect("a folder");
        let model = "[model]\nname = \"Large\"\ncurrency = \"EUR\"\ncomplete = []\ncharges = { by = [\"pool\"] }\n\n[sources.bill]\n\
            files = \"{period}.csv\"\ncolumns = { cost = \"Cost\" }\nset = { pool = \"Cloud\", service = \"{Service}\" }\n\n\
            [drivers.use]\nfile = \"use-{period}.csv\"\nfrom = { service = \"Service\" }\nto = { business_unit = \"Unit\" }\n\
            quantity = \"Use\"\n\n[[allocate]]\nid = \"use\"\nto = \"business_unit\"\nby = \"use\"\n";
        let bill: Vec<String> = (0..services).map(|at| format!("S{at},5.00\n")).collect();
        let uses = (0..services).flat_map(|service| (0..500).map(move |unit| format!("S{service},U{unit},1\n")));
        write_model(
            folder.path(),
            &[
                ("model.toml", model),
                ("2026-09.csv", "Service,Cost\nS0,5.00\n"),
                ("2026-10.csv", &format!("Service,Cost\n{}", bill.concat())),
                ("use-2026-09.csv", "Service,Unit,Use\nS0,U0,1\n"),
                ("use-2026-10.csv", &format!("Service,Unit,Use\n{}", uses.collect::<String>())),
            ],
        );
        let place = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
        let findings = rows(&place.join("data/findings.csv"));
        let told = findings.iter().find(|row| row["code"] == "not-split");
        assert_eq!((told.is_none(), place.join("data/causes.csv").exists()), (is_split, is_split), "{findings:?}");
        if let Some(row) = told {
            let title = "the movement since 2026-09 is not split into its causes: the run is too large";
            let help = "`showback compare 2026-09 2026-10` does it, and takes longer than the run";
            assert_eq!([&row["severity"], &row["finding"], &row["help"]], ["note", title, help]);
        }
    }
}
