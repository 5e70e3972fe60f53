//! Personal names are in nothing that a run writes or says.

mod support;

use std::io::Read;

use support::{all_files, outcome, showback, write_model};

const MODEL: &str = "[model]\nname = \"People\"\ncurrency = \"EUR\"\n\n\
    [dimensions.person]\nlabel = \"Person\"\nmembers = { file = \"people.csv\", name = \"Name\", alias = \"Login\" }\n{PERSONAL}\n\
    [sources.payroll]\nfiles = \"{period}/payroll.csv\"\ncolumns = { cost = \"Paid\" }\nrefused = \"quarantine\"\n\
    set = { pool = \"Staff\", person = \"{Who}\" }\n{COLUMNS}\n\
    [sources.hours]\nfiles = \"{period}/payroll.csv\"\nskip = { Kind = \"x\" }\nset = { pool = \"Hours\", person = \"{Who}\", business_unit = \"Web\" }\n{COLUMNS}\n\
    cost = { hours = \"Hours\", hourly = { file = \"rates.csv\", on = { Who = \"Name\" }, take = \"Rate\" } }\n\
    [sources.tools]\nfiles = \"tools.csv\"\namortise = \"daily\"\ncolumns = { cost = \"Cost\", start = \"From\", months = \"Months\" }\n\
    set = { pool = \"Tools\", person = \"{Who}\", business_unit = \"Web\" }\n\
    [drivers.time]\nfile = \"{period}/time.csv\"\nfrom = { person = \"Who\" }\nto = { business_unit = \"Unit\" }\nquantity = \"Hours\"\n\
    [[allocate]]\nid = \"time\"\nfrom = { pool = \"Staff\" }\nto = \"business_unit\"\nby = \"time\"\ncapacity = 10\nidle_to = { business_unit = \"Idle\" }\nif_no_driver = \"leave\"\n";

/// All bytes of a file as text, unpacked where it is packed.
fn text_of(name: &str, bytes: &[u8]) -> String {
    let mut text = Vec::new();
    let ending = name.rsplit('.').next();
    if ending == Some("gz") {
        flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut text).expect("gzip");
    } else if ending == Some("xlsx") {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a workbook");
        for part in 0..archive.len() {
            archive.by_index(part).expect("a part").read_to_end(&mut text).expect("read");
        }
    } else {
        text.extend_from_slice(bytes);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Names that stand in what a run wrote and said; with `payroll` and `rates` as given.
fn told(personal: &str, columns: &str, rates: &str, people: &str) -> (Option<i32>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let model = MODEL.replace("{PERSONAL}", personal).replace("{COLUMNS}", columns);
    write_model(
        folder.path(),
        &[
            ("model.toml", &model),
            ("people.csv", people),
            ("rates.csv", rates),
            ("tools.csv", "Who,Cost,From,Months\nAda Birch,365.00,2026-01-01,12\n"),
            ("2026-10/time.csv", "Who,Unit,Hours\nAda Birch,Web,8\nbcole,Web,12\n"),
            (
                "2026-10/payroll.csv",
                "Who,Email,Kind,Paid,Hours\nAda Birch,ada@example.com,,5000.00,3\nbcole,ben@example.com,,4000.00,2\n\
                 Ada Birch,ada@example.com,,Ada Birch,1\nCy Dorn,cy@example.com,,100.00,1\n",
            ),
        ],
    );
    let (at, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let (code, said) = outcome(&showback(&["run", &at, "--period", "2026-10", "--out", &out]));
    let mut found = Vec::new();
    let mut look = |place: &str, text: &str| {
        for name in ["Birch", "Cole", "bcole", "Dorn", "@example.com"] {
            if text.contains(name) {
                found.push(format!("{name} in {place}"));
            }
        }
    };
    look("messages", &said);
    if folder.path().join("out").exists() {
        for (name, bytes) in all_files(&folder.path().join("out")) {
            look(&name, &text_of(&name, &bytes));
        }
    }
    (code, found)
}

const PEOPLE: &str = "Name,Login\nAda Birch,\nBen Cole,bcole\n";
const RATES: &str = "Name,Rate\nAda Birch,50\nbcole,40\nCy Dorn,30\n";
const HIDE: &str = "personal = \"hide\"\n";
const EMAIL: &str = "personal = [\"Email\"]\n";

#[test]
fn hidden_names_are_in_no_file_and_no_message() {
    let (code, found) = told(HIDE, EMAIL, RATES, PEOPLE);
    assert_eq!((code, found), (Some(1), Vec::new()));
    // The same run shows them where nothing is hidden: the test looks in the right places.
    let (code, found) = told("", "", RATES, PEOPLE);
    assert_eq!(code, Some(1));
    for place in ["Cole in messages", "Dorn in messages", "@example.com in 2026-10/data/quarantine.csv"] {
        assert!(found.iter().any(|told| told.contains(place)), "{place}: {found:?}");
    }
}

#[test]
fn hidden_names_are_in_no_refusal() {
    for (rates, people) in [
        ("Name,Rate\nAda Birch,50\n", PEOPLE),
        ("Name,Rate\nAda Birch,50\nAda Birch,60\n", PEOPLE),
        (RATES, "Name,Login\nAda Birch,\nAda Birch,\nBen Cole,bcole\n"),
        (RATES, "Name,Login\nAda Birch,\n"),
        (RATES, "Name,Login\nAda Birch,bcole\nBen Cole,bcole\n"),
    ] {
        assert_eq!(told(HIDE, EMAIL, rates, people), (Some(3), Vec::new()), "{rates}{people}");
    }
}

/// A model whose rules name people in every way, and whose people stand in other columns and lists.
const NAMED: &str = r#"[model]
name = "Named"
currency = "EUR"
charges = { by = ["business_unit", "service", "pool", "person", "tower"] }

[dimensions.person]
label = "Person"
members = { file = "people.csv", name = "Name", alias = "Login", parent = "Team" }
PERSONAL

[dimensions.business_unit]
members = { file = "units.csv", name = "Unit" }

[dimensions.region]
members = ["North", "South"]

[sources.payroll]
files = "{period}/payroll.csv"
columns = { cost = "Paid" }
refused = "quarantine"
set = { pool = "Staff", person = "{Who}", tower = "{Boss}", region = "{Place}" }

[[classify]]
id = "any"
where = { Who = ["Ada Birch", "bcole"], Kind = "*" }
set = { service = "Design" }

[[classify]]
id = "pattern"
where = { Who = "Cy D*", Kind = "*" }
set = { service = "Build", person = "Cy Dorn" }

[[classify]]
id = "other-column"
where = { Boss = "Ada Birch" }
set = { region = "North" }

[drivers.time]
file = "time.csv"
from = { person = "Who" }
to = { business_unit = "Unit" }
quantity = "Hours"

[[allocate]]
id = "one"
from = { person = "Ben Cole" }
to = { business_unit = "Web", person = "Ada Birch" }
replace = ["person"]

[[allocate]]
id = "shares"
from = { person = { under = "Crew Zulu" }, service = "Build" }
to = "person"
by = { shares = { "Ada Birch" = "50%", "Eve Fox" = "50%" } }
replace = ["person"]

[[allocate]]
id = "amounts"
from = { person = "Ada Birch", service = "Design" }
to = "person"
by = { amounts = { "Eve Fox" = "5.00" } }
replace = ["person"]

[[allocate]]
id = "attribute"
from = { business_unit = "" }
to = "business_unit"
by = "even"
among = { business_unit.head = ["Ada Birch", "Someone Else"] }

[[allocate]]
id = "but-one"
from = { person = { not = "Eve Fox" } }
to = "business_unit"
by = "time"
if_no_driver = { business_unit = "Shop" }
"#;

/// What the model above writes for October, beside September, and says of it, as place and text.
fn named(personal: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let payroll = "Who,Boss,Place,Kind,Paid\nAda Birch,Eve Fox,,x,5000.00\nbcole,Ada Birch,,x,4000.00\nCy Dorn,Ben Cole,,,100.00\n\
        Eve Fox,,Ada Birch,,77.00\nEve Fox,Ben Cole,,,n/a\n";
    write_model(
        folder.path(),
        &[
            ("model.toml", &NAMED.replace("PERSONAL", personal)),
            (
                "people.csv",
                "Name,Login,Team\nAda Birch,abirch,Crew Zulu\nBen Cole,bcole,Crew Zulu\nCy Dorn,,Crew Zulu\nEve Fox,,\nCrew Zulu,,\n",
            ),
            ("units.csv", "Unit,head\nWeb,Ada Birch\nShop,Someone Else\n"),
            ("time.csv", "Who,Unit,Hours\nAda Birch,Web,8\nCy Dorn,Shop,3\n"),
            ("2026-09/payroll.csv", payroll),
            ("2026-10/payroll.csv", &payroll.replace("5000.00", "5100.00")),
        ],
    );
    let (at, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let mut told = Vec::new();
    let mut say = |arguments: &[&str]| {
        let output = showback(arguments);
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {}", said(&output.stderr));
        told.push((arguments[0].to_owned(), said(&output.stdout) + &said(&output.stderr)));
    };
    say(&["run", &at, "--period", "2026-09..2026-10", "--out", &out]);
    say(&["check", &at, "--period", "2026-10"]);
    say(&["compare", &format!("{at}/2026-09"), &format!("{at}/2026-10")]);
    say(&["compare", &format!("{out}/2026-09"), &format!("{out}/2026-10"), "--format", "csv"]);
    say(&["explain", &at, "--period", "2026-10", "--out", &out, "--of", "business_unit=Web", "--rows"]);
    for row in ["2", "3", "4", "5"] {
        let row = format!("2026-10/payroll.csv:{row}");
        say(&["explain", &at, "--period", "2026-10", "--out", &out, "--row", &row]);
    }
    for (name, bytes) in all_files(&folder.path().join("out")) {
        told.push((name.clone(), text_of(&name, &bytes)));
    }
    told
}

#[test]
fn hidden_names_in_rules_and_other_columns_are_in_nothing_that_is_published_or_said() {
    let names = ["Birch", "Cole", "bcole", "abirch", "Dorn", "Cy D", "Fox", "Zulu"];
    let found = |told: &[(String, String)]| -> Vec<String> {
        let of = |(place, text): &(String, String)| {
            let named = names.into_iter().filter(|name| text.contains(name));
            named.map(|name| format!("{name} in {place}")).collect::<Vec<_>>()
        };
        told.iter().flat_map(of).collect()
    };
    let hidden = named("personal = \"hide\"");
    assert_eq!(found(&hidden), Vec::<String>::new());
    let workbook = |told: &[(String, String)]| {
        told.iter()
            .find(|(place, _)| place == "2026-10/showback.xlsx")
            .map(|(_, text)| text.clone())
            .expect("a workbook")
    };
    // Rows of the list, from 2: Ada, Ben, Cy, Eve, the crew.
    for words in [
        "Who = Person 2 or = Person 3",
        "Who like (personal)",
        "Person = Person 4",
        "Boss = Person 2",
        "all to Web · Person 2",
        "Person under Person 6",
        "by declared shares: Person 2, Person 5",
        "declared amounts: Person 5 5",
        "= Person 2 or = Someone Else",
        "Person not = Person 5",
    ] {
        assert!(workbook(&hidden).contains(words), "{words}");
    }
    // The same places have the names where nothing is hidden: the test looks everywhere.
    let shown = found(&named(""));
    for place in
        ["run", "check", "explain", "2026-10/showback.xlsx", "2026-10/report.html", "2026-10/statements/web.xlsx"]
    {
        assert!(shown.iter().any(|told| told.ends_with(&format!(" in {place}"))), "{place}: {shown:?}");
    }
}

#[test]
fn hidden_people_are_not_told_by_headings_nor_by_aliases() {
    let model = |personal: &str| {
        format!(
            "[model]\nname = \"P\"\ncurrency = \"EUR\"\ncharges = {{ by = [\"business_unit\", \"pool\", \"person\"] }}\n\n\
             [dimensions.person]\nlabel = \"Person\"\nmembers = {{ file = \"people.csv\", name = \"Name\", alias = \"Login\" }}\n{personal}\n\
             [sources.a]\nfiles = \"{{period}}.csv\"\ncolumns = {{ cost = \"Paid\" }}\nrefused = \"quarantine\"\n\
             set = {{ pool = \"{{Boss}}\", business_unit = \"{{Unit}}\" }}\n\
             [sources.b]\nfiles = \"{{period}}-b.csv\"\ncolumns = {{ cost = \"Ada Birch\" }}\nrefused = \"quarantine\"\n\
             set = {{ pool = \"Days\", business_unit = \"{{Unit}}\" }}\n\
             [drivers.days]\nfile = \"days.csv\"\nfrom = {{ business_unit = \"Unit\" }}\nto = {{ person = \"*\" }}\n\
             [[allocate]]\nid = \"days\"\nfrom = {{ pool = \"Days\" }}\nto = \"person\"\nby = \"days\"\n"
        )
    };
    let told = |personal: &str, days: &str, code: i32| -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        write_model(
            folder.path(),
            &[
                ("model.toml", &model(personal)),
                ("people.csv", "Name,Login\nAda Birch,4711;abirch\nBen Cole,bcole\n"),
                ("2026-10.csv", "Unit,Boss,Paid\nWeb,bcole,10.00\nShop,abirch,n/a\n"),
                ("2026-10-b.csv", "Unit,Ada Birch,Ben Cole\nWeb,30.00,1\nWeb,n/a,2\n"),
                ("days.csv", days),
            ],
        );
        let (at, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
        let mut texts = Vec::new();
        for arguments in [
            vec!["run", &at, "--period", "2026-10", "--out", &out],
            vec!["run", &at, "--period", "2026-10", "--out", &out, "--format", "json"],
            vec!["check", &at, "--period", "2026-10"],
        ] {
            let output = showback(&arguments);
            let (found, said) = outcome(&output);
            assert_eq!(found, Some(code), "{said}");
            texts.push((arguments[0].to_owned(), said + &String::from_utf8_lossy(&output.stdout)));
        }
        if code == 1 {
            let files = all_files(&folder.path().join("out"));
            texts.extend(files.into_iter().map(|(name, bytes)| (name.clone(), text_of(&name, &bytes))));
        }
        let names = ["Birch", "Cole", "abirch", "bcole", "4711", "Dorn"];
        let of = |(place, text): &(String, String)| {
            let named = names.into_iter().filter(|name| text.contains(name));
            named.map(|name| format!("{name} in {place}")).collect::<Vec<_>>()
        };
        texts.iter().flat_map(of).collect()
    };
    let good = "Unit,Ada Birch,bcole\nWeb,2,1\n";
    let none = Vec::<String>::new();
    assert_eq!(told("personal = \"hide\"", good, 1), none);
    // A quantity that is none, below a name, an alias and a number of the payroll; a heading nobody knows; a heading twice.
    for days in [
        "Unit,Ada Birch,bcole\nWeb,x,1\n",
        "Unit,abirch,bcole\nWeb,1,x\n",
        "Unit,4711\nWeb,-1\n",
        "Unit,Cy Dorn\nWeb,1\n",
        "Unit,bcole,bcole\nWeb,1,1\n",
    ] {
        assert_eq!(told("personal = \"hide\"", days, 3), none, "{days}");
    }
    let shown = told("", good, 1);
    for place in [
        "bcole in 2026-10/data/charges.csv",
        "abirch in 2026-10/data/quarantine.csv",
        "Birch in check",
        "Birch in 2026-10/data/findings.csv",
    ] {
        assert!(shown.iter().any(|told| told == place), "{place}: {shown:?}");
    }
}

/// What a model says and writes for October, in which one of these texts stands, as text and place; and how it ends.
fn told_of(model: &str, files: &[(&str, &str)], names: &[&str]) -> (Option<i32>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    write_model(folder.path(), &[&[("model.toml", model)], files].concat());
    let (at, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let mut texts = Vec::new();
    let mut code = None;
    for arguments in [
        vec!["run", &at, "--period", "2026-10", "--out", &out],
        vec!["run", &at, "--period", "2026-10", "--out", &out, "--format", "json"],
        vec!["check", &at, "--period", "2026-10"],
        vec!["check", &at, "--period", "2026-10", "--format", "json"],
    ] {
        let output = showback(&arguments);
        code = output.status.code();
        let said = [output.stdout, output.stderr].concat();
        texts.push((arguments.join(" ").replace(&at, ""), String::from_utf8_lossy(&said).into_owned()));
    }
    if folder.path().join("out").exists() {
        let files = all_files(&folder.path().join("out")).into_iter();
        texts.extend(files.map(|(name, bytes)| (name.clone(), text_of(&name, &bytes))));
    }
    let of = |(place, text): &(String, String)| {
        let named = names.iter().filter(|name| text.contains(**name));
        named.map(|name| format!("{name} in {place}")).collect::<Vec<_>>()
    };
    (code, texts.iter().flat_map(of).collect())
}

#[test]
fn a_hidden_name_without_a_letter_is_hidden_everywhere_and_such_an_alias_is_not() {
    let model = |personal: &str| {
        format!(
            "[model]\nname = \"P\"\ncurrency = \"EUR\"\ncharges = {{ by = [\"business_unit\", \"pool\", \"tower\"] }}\n\n\
             [dimensions.person]\nmembers = {{ file = \"people.csv\", name = \"PersonnelNo\", alias = \"Desk\" }}\n{personal}\n\
             [dimensions.business_unit]\nmembers = {{ file = \"units.csv\", name = \"Unit\" }}\n\
             [sources.a]\nfiles = \"{{period}}.csv\"\ncolumns = {{ cost = \"Paid\" }}\n\
             set = {{ pool = \"{{Desk}}\", tower = \"{{Boss}}\" }}\n\
             [[allocate]]\nid = \"head\"\nto = \"business_unit\"\nby = \"even\"\namong = {{ business_unit.head = [\"471182\"] }}\n"
        )
    };
    let files = [
        ("people.csv", "PersonnelNo,Desk\n471182,900133\n"),
        ("units.csv", "Unit,head\nWeb,471182\nShop,\n"),
        ("2026-10.csv", "Boss,Desk,Paid\n471182,900133,10.00\n"),
    ];
    let (code, shown) = told_of(&model(""), &files, &["471182", "900133"]);
    assert_eq!(code, Some(0), "{shown:?}");
    for place in ["471182 in 2026-10/data/charges.csv", "471182 in 2026-10/showback.xlsx"] {
        assert!(shown.iter().any(|told| told == place), "{place}: {shown:?}");
    }
    let (code, shown) = told_of(&model("personal = \"hide\""), &files, &["471182"]);
    assert_eq!((code, shown), (Some(0), Vec::new()));
    // The number of a desk means desks elsewhere.
    let (_, shown) = told_of(&model("personal = \"hide\""), &files, &["900133"]);
    assert!(shown.iter().any(|told| told == "900133 in 2026-10/data/charges.csv"), "{shown:?}");
}

#[test]
fn hidden_people_are_not_told_by_control_totals_nor_by_repairs() {
    let model = |personal: &str, total: &str| {
        format!(
            "[model]\nname = \"P\"\ncurrency = \"EUR\"\ncharges = {{ by = [\"business_unit\", \"pool\", \"tower\"] }}\n\n\
             [dimensions.person]\nmembers = {{ file = \"people.csv\", name = \"Name\" }}\n{personal}\n\
             [sources.a]\nfiles = \"{{period}}.csv\"\ncolumns = {{ cost = \"Ada Birch\" }}\n\
             control = {{ total = \"{total}\" }}\nnull = [\"Cy Dorn\"]\n\
             set = {{ pool = \"Staff\", tower = \"{{Ben Cole}}\", business_unit = \"Web\" }}\n"
        )
    };
    let files = [
        ("people.csv", "Name\nAda Birch\nBen Cole\nCy Dorn\n"),
        ("2026-10.csv", "Ada Birch,Ben Cole\n10.00,Cy Dorn\n20.00,x\n"),
    ];
    let names = ["Birch", "Cole", "Dorn"];
    for (total, code) in [("30", 0), ("31", 3)] {
        let told = told_of(&model("personal = \"hide\"", total), &files, &names);
        assert_eq!(told, (Some(code), Vec::new()), "{total}");
        let (_, shown) = told_of(&model("", total), &files, &names);
        for place in ["Birch in check  --period 2026-10", "Birch in check  --period 2026-10 --format json"] {
            assert!(shown.iter().any(|told| told == place), "{place}: {shown:?}");
        }
    }
    let (_, shown) = told_of(&model("", "30"), &files, &names);
    for place in ["run.json", "data/reconciliation.csv"] {
        assert!(shown.contains(&format!("Birch in 2026-10/{place}")), "{place}: {shown:?}");
    }
    assert!(shown.contains(&"Dorn in 2026-10/data/reconciliation.csv".to_owned()), "{shown:?}");
}

#[test]
fn names_can_be_hidden_only_where_there_is_a_list() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = "[model]\nname = \"P\"\ncurrency = \"EUR\"\n[dimensions.person]\npersonal = \"hide\"\n\
        [sources.a]\nfiles = \"{period}.csv\"\ncolumns = { cost = \"Paid\" }\n";
    write_model(folder.path(), &[("model.toml", model), ("2026-10.csv", "Paid\n1\n")]);
    let (at, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let (code, said) = outcome(&showback(&["run", &at, "--period", "2026-10", "--out", &out]));
    assert!(code == Some(3) && said.contains("hidden names are shown as numbers of the member list"), "{said}");
}
