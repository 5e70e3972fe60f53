//! `docs/RULES.md` is run: every model on the page is written to a folder of its own, the real program runs over it,
//! and what it writes and says is compared with the page.
//!
//! The words behind the language of a block say what it is:
//!
//! | block | meaning |
//! | --- | --- |
//! | ```` ```toml model=NAME file=model.toml ```` | a file of the model NAME; the line above the block names it too |
//! | ```` ```csv model=NAME file=list.xlsx sheet=List ```` | the same, as a workbook with that sheet |
//! | ```` ```toml model=NAME like=OTHER file=rules.toml ```` | the model OTHER with this file instead of its own |
//! | ```` ```csv model=NAME period=2026-10 expect=data/charges.csv ```` | rows of a file of the run, in the columns the block names |
//! | ```` ```text model=NAME period=2026-10 exit=3 expect=messages ```` | lines of standard error, in their order |
//!
//! `exit` is 0 where no block of the run says otherwise. In every run, each rule balances and what must be 0 is 0. A block of TOML that belongs to no model is not allowed.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use showback::ledger::Reason;
use showback::rounding::Kind;
use showback::rulebook::schema::{self, Field};

const PAGE: &str = include_str!("../docs/RULES.md");
const README: &str = include_str!("../README.md");

/// A fenced block of the page.
struct Block {
    /// Line of the page it begins on.
    line: usize,
    language: String,
    words: BTreeMap<String, String>,
    /// The last line of text above it.
    above: String,
    text: String,
}

impl Block {
    fn word(&self, key: &str) -> Option<&str> {
        self.words.get(key).map(String::as_str)
    }
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut above = String::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let mut words = info.split_whitespace();
            let language = words.next().unwrap_or_default().to_owned();
            let pairs = words.map(|word| word.split_once('=').unwrap_or_else(|| panic!("line {}: `{word}`", at + 1)));
            let words = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            let text = body.join("\n") + "\n";
            blocks.push(Block { line: at + 1, language, words, above: above.clone(), text });
        } else if !line.trim().is_empty() {
            line.clone_into(&mut above);
        }
    }
    blocks
}

/// The files of every model, by its name; a model that is like another one has all files of that one too.
fn models(blocks: &[Block]) -> BTreeMap<&str, BTreeMap<&str, &Block>> {
    let mut models: BTreeMap<&str, BTreeMap<&str, &Block>> = BTreeMap::new();
    for block in blocks {
        let (Some(model), Some(file)) = (block.word("model"), block.word("file")) else { continue };
        if let Some(other) = block.word("like") {
            let files =
                models.get(other).unwrap_or_else(|| panic!("line {}: no model {other} above", block.line)).clone();
            assert!(models.insert(model, files).is_none(), "line {}: `like` goes with the first file", block.line);
        }
        models.entry(model).or_default().insert(file, block);
    }
    models
}

fn write_model(folder: &Path, files: &BTreeMap<&str, &Block>) {
    for (name, block) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        match block.word("sheet") {
            Some(sheet) => write_workbook(&path, sheet, &block.text),
            None => fs::write(&path, &block.text).expect("written"),
        }
    }
}

/// A workbook with the rows of a csv text; what looks like a number is one.
fn write_workbook(path: &Path, sheet: &str, text: &str) {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let worksheet = workbook.add_worksheet().set_name(sheet).expect("a sheet");
    for (row, line) in text.lines().enumerate() {
        for (column, cell) in line.split(',').enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let at = (u32::try_from(row).expect("a row"), u16::try_from(column).expect("a column"));
            match cell.parse::<f64>() {
                Ok(number) => worksheet.write_number(at.0, at.1, number),
                Err(_) => worksheet.write_string(at.0, at.1, cell),
            }
            .expect("written");
        }
    }
    workbook.save(path).expect("saved");
}

/// Rows of a csv text in some of its columns.
fn rows(text: &str, columns: &[String]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers().expect("headings").clone();
    let at: Vec<usize> = columns
        .iter()
        .map(|name| headings.iter().position(|heading| heading == name).unwrap_or_else(|| panic!("a column {name}")))
        .collect();
    reader
        .records()
        .map(|row| row.expect("a row"))
        .map(|row| at.iter().map(|at| row[*at].to_owned()).collect())
        .collect()
}

fn headings(text: &str) -> Vec<String> {
    csv::Reader::from_reader(text.as_bytes()).headers().expect("headings").iter().map(str::to_owned).collect()
}

#[test]
fn every_model_on_the_page_gives_what_the_page_says() {
    let blocks = blocks(PAGE);
    let models = models(&blocks);
    let mut runs: BTreeMap<(&str, &str), Vec<&Block>> = BTreeMap::new();
    for block in blocks.iter().filter(|block| block.word("expect").is_some()) {
        let key = |word| block.word(word).unwrap_or_else(|| panic!("line {}: no `{word}`", block.line));
        runs.entry((key("model"), key("period"))).or_default().push(block);
    }
    for model in models.keys() {
        assert!(runs.keys().any(|(name, _)| name == model), "the model {model} is not run");
    }
    let mut wrong: Vec<String> = Vec::new();
    for ((model, period), expected) in runs {
        let folder = tempfile::tempdir().expect("a folder");
        let files = models.get(model).unwrap_or_else(|| panic!("no model {model}"));
        write_model(&folder.path().join("m"), files);
        let model_toml = files.keys().find(|file| file.ends_with("model.toml")).expect("a model.toml");
        let output = Command::new(env!("CARGO_BIN_EXE_showback"))
            .args(["run", "--period", period, "--out"])
            .arg(folder.path().join("out"))
            .arg(folder.path().join("m").join(model_toml).parent().expect("a folder"))
            .env("NO_COLOR", "1")
            .output()
            .expect("the program runs");
        let messages = String::from_utf8(output.stderr).expect("text");
        let exit = expected.iter().find_map(|block| block.word("exit")).unwrap_or("0");
        if output.status.code().map(|code| code.to_string()).as_deref() != Some(exit) {
            wrong.push(format!("{model} {period}: not exit code {exit}: {}\n{messages}", output.status));
            continue;
        }
        let run = folder.path().join("out").join(period);
        if run.exists()
            && let Err(difference) = balances(&run)
        {
            wrong.push(format!("{model} {period}: {difference}"));
        }
        for block in expected {
            if let Err(difference) = compare(block, &run, &messages) {
                wrong.push(format!("docs/RULES.md:{}, model {model}: {difference}", block.line));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether every rule gave or left what it took, and what must be 0 is 0.
fn balances(run: &Path) -> Result<(), String> {
    let table = |name: &str, columns: [&str; 4]| {
        let text = fs::read_to_string(run.join("data").join(name)).expect("published");
        rows(&text, &columns.map(str::to_owned))
    };
    for row in table("rules.csv", ["rule", "taken", "given", "left"]) {
        let amount = |at: usize| if row[at].is_empty() { 0 } else { support::atoms(&row[at]) };
        // A classify rule has only what it took.
        if !row[2].is_empty() && amount(1) != amount(2) + amount(3) {
            return Err(format!("the rule {} does not balance: {row:?}", row[0]));
        }
    }
    let lines = table("reconciliation.csv", ["source", "stage", "amount", "check"]);
    match lines.into_iter().find(|row| row[3] == "must be 0" && support::atoms(&row[2]) != 0) {
        Some(row) => Err(format!("not 0: {row:?}")),
        None => Ok(()),
    }
}

/// Compares a block with a file of the run, or with what it said.
fn compare(block: &Block, run: &Path, messages: &str) -> Result<(), String> {
    let what = block.word("expect").unwrap_or_default();
    if what == "messages" {
        return said_in_order(&block.text, messages);
    }
    let written = fs::read_to_string(run.join(what)).map_err(|error| format!("{what}: {error}"))?;
    let columns = headings(&block.text);
    let (written, expected) = (rows(&written, &columns), rows(&block.text, &columns));
    if written == expected {
        return Ok(());
    }
    let lines = |rows: &[Vec<String>]| rows.iter().map(|row| row.join(",") + "\n").collect::<String>();
    Err(format!("{what}, the page says\n{}the run wrote\n{}", lines(&expected), lines(&written)))
}

/// Whether every line of `expected` stands in `said`, in their order; blank lines do not count.
fn said_in_order(expected: &str, said: &str) -> Result<(), String> {
    let mut lines = said.lines().map(str::trim_end);
    let mut expected = expected.lines().map(str::trim_end).filter(|line| !line.is_empty());
    match expected.find(|line| !lines.any(|said| said == *line)) {
        Some(line) => Err(format!("not said, in this order: {line}\n{said}")),
        None => Ok(()),
    }
}

#[test]
fn the_readme_shows_what_the_sample_gives() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_showback"))
        .current_dir(root)
        .args(["run", "--period", "2026-10", "--out"])
        .arg(out.path())
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).expect("text");
    let blocks = blocks(README);
    let compared = blocks.iter().find(|block| block.word("compare").is_some()).expect("a comparison");
    let (a, b) = compared.word("compare").and_then(|pair| pair.split_once(',')).expect("two periods");
    let output = Command::new(env!("CARGO_BIN_EXE_showback"))
        .current_dir(root)
        .args(["compare", a, b])
        .output()
        .expect("it runs");
    if let Err(difference) = said_in_order(&compared.text, &String::from_utf8_lossy(&output.stdout)) {
        panic!("README.md:{}: {difference}", compared.line);
    }
    let shown = blocks.iter().find(|block| block.word("expect") == Some("output")).expect("a summary");
    if let Err(difference) = said_in_order(&shown.text, &said) {
        panic!("README.md:{}: {difference}", shown.line);
    }
    let rules = fs::read_dir(root.join("rules")).expect("rules").map(|file| file.expect("a file").path());
    let rules: String =
        rules.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).expect("text")).collect();
    for block in blocks.iter().filter(|block| block.language == "toml") {
        assert!(rules.contains(&block.text), "README.md:{}: not in rules/", block.line);
    }
    // What the table of files promises is there.
    let table =
        README.split("## What a run writes").nth(1).and_then(|rest| rest.split("## ").next()).expect("a section");
    for name in table.lines().filter(|line| line.starts_with("| `")).flat_map(|line| line.split('`').skip(1).step_by(2))
    {
        assert!(out.path().join("2026-10").join(name).exists(), "README.md: a run writes no {name}");
    }
}

#[test]
fn every_block_belongs_to_a_model_and_is_named_above_it() {
    for block in blocks(PAGE) {
        let line = block.line;
        assert!(block.language != "toml" || block.word("model").is_some(), "line {line}: a fragment nobody runs");
        assert!(
            block.word("model").is_none() || block.word("file").is_some() != block.word("expect").is_some(),
            "line {line}"
        );
        if let Some(file) = block.word("file") {
            assert!(block.above.contains(&format!("`{file}`")), "line {line}: the line above does not name `{file}`");
        }
    }
}

/// The part of the page below the heading that holds `title`, up to the next heading of its level or above.
fn section(title: &str) -> String {
    let mut lines = PAGE.lines().skip_while(|line| !(line.starts_with('#') && line.contains(title)));
    let heading = lines.next().unwrap_or_else(|| panic!("docs/RULES.md has no heading with {title}"));
    let level = heading.bytes().take_while(|byte| *byte == b'#').count();
    let is_next = |line: &str| {
        let marks = line.bytes().take_while(|byte| *byte == b'#').count();
        (1..=level).contains(&marks) && line.as_bytes().get(marks) == Some(&b' ')
    };
    let mut is_code = false;
    let mut text = String::new();
    for line in lines {
        is_code ^= line.starts_with("```");
        if !is_code && is_next(line) {
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[test]
fn every_key_of_the_rule_language_is_explained_in_its_section() {
    let lists: &[(&str, &[Field])] = &[
        ("The model folder", schema::TOP),
        ("`[model]`", schema::MODEL),
        ("Calendars", schema::CALENDAR),
        ("`[model]`", schema::TOLERANCE),
        ("`[model]`", schema::CHARGES),
        ("`[dimensions.*]`", schema::DIMENSION),
        ("`[dimensions.*]`", schema::MEMBERS),
        ("`[sources.*]`", schema::SOURCE),
        ("`[sources.*]`", schema::COLUMNS),
        ("`[sources.*]`", schema::FORMATS),
        ("`[sources.*]`", schema::REPAIR),
        ("`[sources.*]`", schema::CONTROL),
        ("`[sources.*]`", schema::COST),
        ("`[sources.*]`", schema::DEPRECIATION),
        ("Tables", schema::HOURLY),
        ("Tables", schema::LOOKUP),
        ("`[drivers.*]`", schema::DRIVER),
        ("Tables", schema::TABLE_FORMATS),
        ("`[[classify]]`", schema::CLASSIFY),
        ("`[[allocate]]`", schema::ALLOCATE),
        ("`[[allocate]]`", schema::BY),
        ("`[prices.*]`", schema::PRICES),
        ("`[prices.*]`", schema::TIER),
        ("`[fx]`", schema::FX),
        ("`[fx]`", schema::REPORTING),
        ("`[fx]`", schema::FX_TABLE),
        ("`[group.*]`", schema::GROUP),
        ("`[journal]`", schema::JOURNAL),
        ("`[journal]`", schema::ACCOUNTS),
        ("`[journal]`", schema::REGISTER),
        ("`[unit_costs]`", schema::UNIT_COST),
        ("`[spend]`", schema::SPEND),
        ("`[spend]`", schema::TARGETS),
        ("Conditions", schema::CONDITION),
    ];
    for (title, fields) in lists.iter().copied() {
        let text = section(title);
        for field in fields {
            assert!(
                text.contains(&format!("`{}`", field.name)),
                "the section {title} does not explain `{}`",
                field.name
            );
        }
    }
}

#[test]
fn every_reason_for_unallocated_money_is_explained() {
    use Reason::{ArrivedLate, Capped, DriverTotalZero, IterationStopped, NoDriverRow, NoRule, TargetNotValid};
    let text = section("What stays unallocated");
    for reason in [NoRule, ArrivedLate, NoDriverRow, DriverTotalZero, Capped, TargetNotValid, IterationStopped] {
        assert!(text.contains(&format!("`{}`", reason.words())), "{}", reason.words());
    }
}

#[test]
fn every_kind_of_charge_line_is_explained() {
    let text = section("Kinds of charge lines");
    for kind in [
        Kind::Cost,
        Kind::Idle,
        Kind::Price,
        Kind::Subsidy,
        Kind::MarkUp,
        Kind::Recovery,
        Kind::Unallocated(Reason::NoRule),
    ] {
        assert!(text.contains(&format!("| `{}` |", kind.word())), "{}", kind.word());
    }
}

#[test]
fn the_page_about_cases_counts_them_and_names_their_methods() {
    let page = include_str!("cases/README.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let files = fs::read_dir(folder).expect("cases").map(|file| file.expect("a file").path());
    let cases: Vec<serde_json::Value> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| serde_json::from_slice(&fs::read(path).expect("a case")).expect("JSON"))
        .collect();
    assert!(page.contains(&format!("{} worked examples", cases.len())), "{} cases", cases.len());
    let mut methods: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        *methods.entry(case["method"].as_str().expect("a method")).or_default() += 1;
    }
    let left_out = page.split("## What is left out").nth(1).expect("a section");
    let mut run = cases.len();
    for (method, count) in methods {
        let begin = format!("| `{method}` |");
        assert!(page.contains(&begin), "tests/cases/README.md does not say how `{method}` becomes rules");
        if left_out.contains(&begin) {
            assert!(left_out.contains(&format!("{begin} {count} |")), "{count} cases of {method} are left out");
            run -= count;
        }
    }
    assert!(page.contains(&format!("{run} are run")), "{run} cases are run");
}

/// The anchors of a page's headings, as code hosts make them.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| {
        let kept =
            heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
        kept.replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/RULES.md",
        "docs/ARCHITECTURE.md",
        "docs/GLOSSARY.md",
        "docs/DECISIONS.md",
        "tests/cases/README.md",
    ];
    for page in pages {
        let path = root.join(page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            if link.starts_with("https://") {
                continue;
            }
            let target = if file.is_empty() { path.clone() } else { path.parent().expect("a folder").join(file) };
            // A picture has no anchors; that it is there is enough.
            let target = fs::read(target).unwrap_or_else(|error| panic!("{page}: {link}: {error}"));
            let target = String::from_utf8_lossy(&target);
            assert!(anchor.is_none_or(|anchor| anchors(&target).iter().any(|known| known == anchor)), "{page}: {link}");
        }
    }
}
