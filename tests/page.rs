//! The page: one file that asks for nothing, whose figures are the charge lines. A browser looks at it where there is one.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{CENT, atoms, is_installed, root, rows, run, write_model};

/// The data in a page.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").expect("data");
    let (json, _) = rest.split_once("</script>").expect("its end");
    serde_json::from_str(json).expect("JSON")
}

/// The figures of a page add up to the charge lines of its run, by business unit and service, and so do their explanations.
fn is_the_charge_lines(place: &Path) {
    let page = fs::read_to_string(place.join("report.html")).expect("a page");
    let data = data(&page);
    let name = |column: usize, id: &Value| -> String {
        let id = usize::try_from(id.as_u64().expect("a number")).expect("small");
        let is_named = data["isNamed"][column][id].as_bool().expect("said");
        if is_named { data["names"][column][id].as_str().expect("a name").to_owned() } else { String::new() }
    };
    let mut shown: BTreeMap<(String, String), i128> = BTreeMap::new();
    let mut of_place: BTreeMap<String, i128> = BTreeMap::new();
    for line in data["lines"].as_array().expect("lines") {
        let amount = i128::from(line[4].as_i64().expect("an amount"));
        *shown.entry((name(2, &line[2]), name(1, &line[1]))).or_default() += amount;
        *of_place.entry(format!("{} {}", line[2], line[1])).or_default() += amount;
    }
    let mut expected: BTreeMap<(String, String), i128> = BTreeMap::new();
    for row in rows(&place.join("data/charges.csv")) {
        // Texts that a spreadsheet would run as a formula have a `'` before them in csv files.
        let name = |column: &str| row[column].strip_prefix('\'').unwrap_or(&row[column]).to_owned();
        let unit = if row["kind"] == "unallocated" { String::new() } else { name("business_unit") };
        *expected.entry((unit, name("service"))).or_default() += atoms(&row["amount"]) / CENT;
    }
    shown.retain(|_, sum| *sum != 0);
    expected.retain(|_, sum| *sum != 0);
    assert_eq!(shown, expected);
    let explanations = data["explanations"].as_object().expect("explanations");
    assert!(!explanations.is_empty());
    for (place, explanation) in explanations {
        let parts: i64 =
            explanation["parts"].as_array().expect("parts").iter().map(|part| part[1].as_i64().expect("money")).sum();
        let more = explanation["more"][1].as_i64().expect("money");
        let rounding = explanation["rounding"].as_i64().expect("money");
        assert_eq!(i128::from(parts + more + rounding), of_place[place], "{place}");
    }
}

/// Lets a script look at a page in a browser, if there is one.
fn look_with(script: &str, arguments: &[&str], env: &[(&str, &str)]) {
    let folder = root().join("tests/page");
    let is_there = is_installed("node", "--version") && is_installed("chromium", "--version");
    if !is_there || !folder.join("node_modules").is_dir() {
        eprintln!("skipped: no browser looks at the page (it needs chromium, node, and `npm ci` in tests/page)");
        return;
    }
    let mut command = Command::new("node");
    command.arg(folder.join(script)).args(arguments).envs(env.iter().copied());
    let output = command.output().expect("node runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
    eprintln!("{}", said(&output.stdout));
}

/// Looks at the page of a run, beside its charge lines.
fn look(place: &Path) {
    // What there was in the period before, charged or not, in minor units.
    let before: i128 = rows(&place.join("data/movement.csv"))
        .iter()
        .filter(|row| !row["previous"].is_empty())
        .map(|row| atoms(&row["previous"]) / CENT)
        .sum();
    let [page, charges] = ["report.html", "data/charges.csv"].map(|file| place.join(file).display().to_string());
    look_with("look.mjs", &[&page, &charges], &[("BEFORE", &before.to_string())]);
}

#[test]
fn the_page_of_the_sample_is_one_small_file_with_the_charge_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = run(&root().join("rules"), "2026-10", folder.path(), &[]);
    let page = fs::read_to_string(place.join("report.html")).expect("a page");
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    // The one address in it names the drawing language, and is never asked for.
    assert_eq!(page.matches("http").count() - page.matches("http-equiv").count(), 1);
    assert!(!page.contains(" src=") && !page.contains("@import") && !page.contains("url("));
    is_the_charge_lines(&place);
    // A unit above others is there with all leaves that the list has below it, as on its statement.
    let data = data(&page);
    let list = rows(&root().join("sample-data/organisation.csv"));
    let parent_of: BTreeMap<&str, &str> =
        list.iter().map(|row| (row["Unit"].as_str(), row["Parent"].as_str())).collect();
    let mut below: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for unit in parent_of.keys().filter(|unit| !parent_of.values().any(|parent| parent == *unit)) {
        let mut above = parent_of[unit];
        while !above.is_empty() {
            below.entry(above.to_owned()).or_default().push((*unit).to_owned());
            above = parent_of[above];
        }
    }
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for group in data["groups"].as_array().expect("groups") {
        let units = group[1].as_array().expect("units").iter().map(|unit| {
            let unit = usize::try_from(unit.as_u64().expect("a number")).expect("small");
            data["names"][2][unit].as_str().expect("a name").to_owned()
        });
        found.insert(group[0].as_str().expect("a name").to_owned(), units.collect());
    }
    below.values_mut().chain(found.values_mut()).for_each(|units| units.sort());
    assert_eq!(found, below);
    look(&place);
}

#[test]
fn hostile_names_stay_texts() {
    let folder = tempfile::tempdir().expect("a folder");
    write_model(
        folder.path(),
        &[
            (
                "model.toml",
                "[model]\nname = \"</title><script>alert(1)</script>\"\ncurrency = \"EUR\"\n\n[sources.bill]\nfiles = \"{period}.csv\"\n\
                 columns = { cost = \"Cost\" }\nset = { business_unit = \"{Unit}\", service = \"{Service}\", pool = \"<!--\" }\n",
            ),
            (
                "2026-10.csv",
                "Unit,Service,Cost\n</script><script>document.title='x'</script>,\"<img src=x onerror=alert(1)>\",10.00\n\
                 \"=1+1\",\"\"\"&amp;'\",-4.00\nplain,plain,0.01\n",
            ),
        ],
    );
    let place = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let page = fs::read_to_string(place.join("report.html")).expect("a page");
    // Two scripts: the data and the code. Nothing of the data begins an element.
    assert_eq!(page.matches("<script").count(), 2);
    assert!(!page.contains("<img") && !page.contains("alert(1)</script>"));
    is_the_charge_lines(&place);
    look(&place);
}

#[test]
fn the_page_does_not_say_that_what_is_not_kept_is_missing() {
    let all = "Web,Mail,7.00\nShop,Tills,5.00\nShop,Tills,x\n";
    let part = "Web,Mail,7.00\n,Mail,5.00\nShop,Tills,x\n";
    for (by, columns, how, complete, now) in [
        ("\"business_unit\", \"pool\"", 2, "", "complete = []", all),
        ("\"service\", \"pool\"", 2, "", "complete = []", all),
        ("\"pool\"", 1, "", "complete = []", all),
        ("\"service\", \"pool\", \"tower\"", 2, "partly", "complete = [\"tower\"]", part),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let model = format!(
            "[model]\nname = \"Kept\"\ncurrency = \"EUR\"\n{complete}\ncharges = {{ by = [{by}] }}\n\n[sources.bill]\n\
             files = \"{{period}}.csv\"\ncolumns = {{ cost = \"Cost\" }}\nrefused = \"quarantine\"\n\
             set = {{ business_unit = \"{{Unit}}\", service = \"{{Service}}\", pool = \"Cloud\", tower = \"{{Unit}}\" }}\n"
        );
        let headings = "Unit,Service,Cost\n";
        let (before, now) = (format!("{headings}Web,Mail,4.00\n"), format!("{headings}{now}"));
        write_model(folder.path(), &[("model.toml", &model), ("2026-09.csv", &before), ("2026-10.csv", &now)]);
        let place = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
        look_with("kept.mjs", &[&place.join("report.html").display().to_string(), &columns.to_string(), how], &[]);
    }
}
