//! Published worked examples through the real rule language: each case becomes a model folder, the program runs
//! it, and every charge is compared with the published or derived answer.
//!
//! `tests/cases/README.md` says where the cases come from and what is left out.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use num_bigint::BigInt;
use rayon::prelude::*;
use serde_json::Value;
use support::{Row, atoms, outcome, root, rows, showback, write_model};

/// Methods of cases that are no allocation, with the reason they are not run here.
const LEFT_OUT: [(&str, &str); 3] = [
    ("stand_alone", "out of the language's scope"),
    ("incremental", "out of the language's scope"),
    ("shapley", "out of the language's scope"),
];

/// How near an internal amount must be to the exact one: 10^-15 in atoms of 10^-18.
const NEAR: i128 = 1_000;

const PERIOD: &str = "2026-10";

/// An exact number of a case: `12.5` or `440000/3`.
#[derive(Clone, Debug)]
struct Exact {
    numerator: BigInt,
    denominator: BigInt,
}

impl Exact {
    fn read(text: &str) -> Exact {
        let (top, bottom) = text.split_once('/').unwrap_or((text, "1"));
        let (whole, fraction) = top.split_once('.').unwrap_or((top, ""));
        let numerator: BigInt = format!("{whole}{fraction}").parse().unwrap_or_else(|_| panic!("{text}"));
        let power = BigInt::from(10).pow(u32::try_from(fraction.len()).expect("short"));
        Exact { numerator, denominator: bottom.parse::<BigInt>().expect("a denominator") * power }
    }

    fn times(self, times: i128) -> Exact {
        Exact { numerator: self.numerator * times, ..self }
    }

    /// Whether a count of atoms is within `NEAR` atoms of it.
    fn is_near(&self, atoms: i128) -> bool {
        self.is_within(atoms, NEAR)
    }

    fn is_within(&self, atoms: i128, near: i128) -> bool {
        let difference = BigInt::from(atoms) * &self.denominator - &self.numerator * BigInt::from(support::ONE);
        let size = if difference < BigInt::ZERO { -difference } else { difference };
        size <= BigInt::from(near) * &self.denominator
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text"))
}

fn entries(value: &Value) -> Vec<(String, String)> {
    let list = value.as_object().into_iter().flatten();
    list.filter_map(|(name, number)| Some((name.clone(), number.as_str()?.to_owned()))).collect()
}

/// A model made of a case.
#[derive(Default)]
struct Model {
    /// Currency of the case's minor digits.
    currency: &'static str,
    /// Receivers, in the order in which ties are broken.
    units: Vec<String>,
    /// Services, with what they are.
    services: Vec<(String, &'static str)>,
    /// Lines: pool, service, unit, amount.
    lines: Vec<[String; 4]>,
    /// Files besides the bill.
    files: Vec<(String, String)>,
    /// Rules and drivers.
    rules: String,
    /// More of `[model]`, and the period, where it is not a month.
    years: Option<&'static str>,
    /// Rows of lines that are spread over time, by the key that spreads them: unit, amount, residual value, first
    /// day, last day, months.
    spread: BTreeMap<&'static str, Vec<[String; 6]>>,
}

/// The period of cases about time: a year that ends in a February of 28 days, so that a quarter of a month is 7 days.
const YEAR: &str = "FY26";

impl Model {
    fn line(&mut self, pool: &str, service: &str, unit: &str, amount: &str) {
        self.lines.push([pool, service, unit, amount].map(str::to_owned));
    }

    /// A driver over business units.
    fn driver(&mut self, name: &str, quantities: &[(String, String)]) {
        let mut file = String::from("Unit,Quantity\n");
        for (unit, quantity) in quantities {
            let _ = writeln!(file, "{unit},{quantity}");
        }
        self.files.push((format!("{name}.csv"), file));
        let _ = writeln!(
            self.rules,
            "[drivers.{name}]\nfile = \"{name}.csv\"\nto = {{ business_unit = \"Unit\" }}\nquantity = \"Quantity\"\n"
        );
    }

    fn period(&self) -> &'static str {
        if self.years.is_some() { YEAR } else { PERIOD }
    }

    fn rule(&mut self, rule: &str) {
        let number = self.rules.matches("[[allocate]]").count();
        let _ = writeln!(self.rules, "[[allocate]]\nid = \"rule-{number}\"\n{rule}\n");
    }

    fn write(&self, folder: &Path) {
        let quoted = |name: &String| format!("{name:?}");
        let units: Vec<String> = self.units.iter().map(quoted).collect();
        let mut portfolio = String::from("Service,kind,unit,rank\n");
        for (rank, (service, kind)) in self.services.iter().enumerate() {
            let unit = if *kind == "receiver" { service.as_str() } else { "" };
            let _ = writeln!(portfolio, "{service},{kind},{unit},{rank}");
        }
        let mut bill = String::from("Pool,Service,Unit,Amount\n");
        for line in &self.lines {
            let _ = writeln!(bill, "{}", line.join(","));
        }
        let services = if self.services.is_empty() {
            String::new()
        } else {
            "[dimensions.service]\nmembers = { file = \"portfolio.csv\", name = \"Service\", order = \"rank\" }\n"
                .to_owned()
        };
        let toml = format!(
            "[model]\nname = \"Case\"\ncurrency = \"{}\"\ndata = \"data\"\ntolerance = {{ unallocated = \"100%\" }}\n\n\
             {}[dimensions.business_unit]\nmembers = [{}]\n{services}\n[sources.bill]\nfiles = \"{{period}}/bill.csv\"\n\
             columns = {{ cost = \"Amount\" }}\nset = {{ pool = \"{{Pool}}\", service = \"{{Service}}\", business_unit = \"{{Unit}}\" }}\n\n{}",
            self.currency,
            self.years.unwrap_or_default(),
            units.join(", "),
            self.rules
        );
        write_model(folder, &[("model.toml", &toml), ("data/portfolio.csv", &portfolio)]);
        write_model(folder, &[(&format!("data/{}/bill.csv", self.period()), &bill)]);
        for (number, (key, lines)) in self.spread.iter().enumerate() {
            let mut list = String::from("Unit,Amount,Residual,From,To,Months\n");
            for line in lines {
                let _ = writeln!(list, "{}", line.join(","));
            }
            let columns = if key.starts_with("depreciation") {
                "months = \"Months\", residual = \"Residual\""
            } else {
                "end = \"To\""
            };
            let source = format!(
                "[sources.spread_{number}]\nfiles = \"spread-{number}.csv\"\n{key}\n\
                 columns = {{ cost = \"Amount\", start = \"From\", {columns} }}\n\
                 set = {{ pool = \"P\", business_unit = \"{{Unit}}\" }}\n"
            );
            let (rules, data) = (format!("spread-{number}.toml"), format!("data/spread-{number}.csv"));
            write_model(folder, &[(&rules, &source), (&data, &list)]);
        }
        for (name, text) in &self.files {
            write_model(folder, &[(&format!("data/{name}"), text)]);
        }
    }
}

fn currency(digits: u64) -> &'static str {
    match digits {
        0 => "JPY",
        3 => "BHD",
        _ => "USD",
    }
}

/// The model of a case; `None` where its method is left out. Amounts that are spread over time are multiplied by
/// `times`.
fn model_of(case: &Value, times: i128) -> Option<Model> {
    let method = text(&case["method"]);
    if LEFT_OUT.iter().any(|(left_out, _)| *left_out == method) {
        return None;
    }
    let input = &case["input"];
    let digits = input["digits"].as_u64().or(case["currency"]["minor_digits"].as_u64()).unwrap_or(2);
    let mut model = Model { currency: currency(digits), ..Model::default() };
    match method {
        "direct" | "step_down" | "double_step_down" | "reciprocal" | "iterative" => network(&mut model, method, input),
        "direct_assign" => {
            for line in input["lines"].as_array().expect("lines") {
                let unit = text(&line[0]);
                if !model.units.iter().any(|known| known == unit) {
                    model.units.push(unit.to_owned());
                }
                model.line("P", "", unit, text(&line[1]));
            }
        }
        "fx" => {
            // The rules are in the currency of the case, the bill in another one.
            let amounts = entries(&input["amounts"]);
            model.units = amounts.iter().map(|(unit, _)| unit.clone()).collect();
            let mut bill = String::from("Unit,Amount\n");
            for (unit, amount) in &amounts {
                let _ = writeln!(bill, "{unit},{amount}");
            }
            model.files.push((format!("{PERIOD}/foreign.csv"), bill));
            let rate = text(&input["rate"]);
            model.files.push(("rates.csv".to_owned(), format!("From,To,Rate\nCAD,{},{rate}\n", model.currency)));
            model.rules.push_str(
                "[sources.foreign]\nfiles = \"{period}/foreign.csv\"\ncolumns = { cost = \"Amount\" }\ncurrency = \"CAD\"\n\
                 set = { pool = \"P\", business_unit = \"{Unit}\" }\n\n\
                 [fx]\n[[fx.tables]]\nfile = \"rates.csv\"\nfrom = \"From\"\nto = \"To\"\nrate = \"Rate\"\n",
            );
        }
        "even" => {
            model.units =
                input["receivers"].as_array().expect("receivers").iter().map(|r| text(r).to_owned()).collect();
            model.line("P", "", "", text(&input["amount"]));
            model.rule("to = \"business_unit\"\nby = \"even\"");
        }
        "fixed_percent" => {
            let percent = entries(&input["percent"]);
            model.units = percent.iter().map(|(unit, _)| unit.clone()).collect();
            let shares: Vec<String> = percent.iter().map(|(unit, share)| format!("{unit:?} = \"{share}%\"")).collect();
            let mut rule = format!("to = \"business_unit\"\nby = {{ shares = {{ {} }} }}", shares.join(", "));
            if let Some(residual) = input["residual_to"].as_str() {
                model.units.push(residual.to_owned());
                let _ = write!(rule, "\nremainder_to = {{ business_unit = {residual:?} }}");
            }
            model.line("P", "", "", text(&input["amount"]));
            model.rule(&rule);
        }
        "proportional" => proportional(&mut model, input),
        "residual" => {
            let taken = entries(&input["taken"]);
            let residual = text(&input["residual_to"]);
            model.units = taken.iter().map(|(unit, _)| unit.clone()).chain([residual.to_owned()]).collect();
            let amounts: Vec<String> = taken.iter().map(|(unit, amount)| format!("{unit:?} = {amount:?}")).collect();
            model.line("P", "", "", text(&input["amount"]));
            model.rule(&format!(
                "to = \"business_unit\"\nby = {{ amounts = {{ {} }} }}\nremainder_to = {{ business_unit = {residual:?} }}",
                amounts.join(", ")
            ));
        }
        "multi_pool" => multi_pool(&mut model, input),
        "cap_floor" => {
            let drivers = entries(&input["drivers"]);
            model.units = drivers.iter().map(|(unit, _)| unit.clone()).collect();
            model.driver("use", &drivers);
            let mut rule = String::from("to = \"business_unit\"\nby = \"use\"");
            for (key, word) in [("caps", "cap"), ("floors", "floor")] {
                let bounds: Vec<String> =
                    entries(&input[key]).iter().map(|(unit, amount)| format!("{unit:?} = {amount:?}")).collect();
                if !bounds.is_empty() {
                    let _ = write!(rule, "\n{word} = {{ {} }}", bounds.join(", "));
                }
            }
            model.line("P", "", "", text(&input["amount"]));
            model.rule(&rule);
        }
        "clamp" => {
            model.units = vec!["charge".to_owned(), "recovery".to_owned()];
            let mut rule =
                String::from("to = { business_unit = \"charge\" }\nrecovery_to = { business_unit = \"recovery\" }");
            for (key, word) in [("floor", "minimum"), ("cap", "maximum")] {
                if let Some(amount) = input[key].as_str() {
                    let _ = write!(rule, "\n{word} = {amount:?}");
                }
            }
            model.line("P", "", "", text(&input["amount"]));
            model.rule(&rule);
        }
        "proration" => proration(&mut model, input, times),
        "depreciation" => depreciation(&mut model, input, times),
        "staff_rate" => staff_rate(&mut model, input),
        "tiered" => tiered(&mut model, input),
        "rate_card" => rate_card(&mut model, input),
        "dual_rate" => dual_rate(&mut model, input),
        "largest_remainder" => {
            let weights = entries(&input["weights"]);
            model.units = match input["order"].as_array() {
                Some(order) => order.iter().map(|name| text(name).to_owned()).collect(),
                None => weights.iter().map(|(unit, _)| unit.clone()).collect(),
            };
            if input["units"].is_string() {
                model.currency = currency(0);
            }
            model.driver("weight", &weights);
            model.line("P", "", "", input["amount"].as_str().or(input["units"].as_str()).expect("an amount"));
            model.rule("to = \"business_unit\"\nby = \"weight\"");
        }
        other => panic!("the method {other} is not known here"),
    }
    Some(model)
}

fn network(model: &mut Model, method: &str, input: &Value) {
    for centre in input["centres"].as_array().expect("centres") {
        let name = text(&centre["id"]).to_owned();
        let kind = if text(&centre["kind"]) == "receiver" { "receiver" } else { "service" };
        if kind == "receiver" {
            model.units.push(name.clone());
        }
        model.line("P", &name, "", text(&centre["amount"]));
        model.services.push((name, kind));
    }
    let mut usage = String::from("From,To,Quantity\n");
    let mut accumulated = BTreeSet::new();
    for (service, consumers) in input["usage"].as_object().expect("usage") {
        if consumers.as_str() == Some("__accumulated__") {
            accumulated.insert(service.clone());
        }
        for (consumer, quantity) in entries(consumers) {
            let _ = writeln!(usage, "{service},{consumer},{}", quantity.trim_end_matches('%'));
        }
    }
    model.files.push(("usage.csv".to_owned(), usage));
    model.rules.push_str(
        "[drivers.usage]\nfile = \"usage.csv\"\nfrom = { service = \"From\" }\nto = { service = \"To\" }\nquantity = \"Quantity\"\n\n",
    );
    let order: Vec<String> = input["order"].as_array().into_iter().flatten().map(|name| format!("{name}")).collect();
    let mut settle = format!("method = \"{}\"\n", method.replace('_', "-"));
    if !order.is_empty() && !["direct", "reciprocal"].contains(&method) {
        let _ = writeln!(settle, "order = [{}]", order.join(", "));
    }
    match method {
        "double_step_down" => {
            let first = if input["first_pass"].as_str() == Some("accumulate") { "with received" } else { "own cost" };
            let _ = writeln!(settle, "first_round = \"{first}\"");
        }
        "iterative" => {
            let _ = writeln!(settle, "rounds = {}", input["passes"]);
        }
        "reciprocal" if input["self_use"].as_str() == Some("keep") => settle.push_str("self_use = \"keep\"\n"),
        _ => {}
    }
    if accumulated.is_empty() {
        model.rule(&format!("from = {{ service.kind = \"service\" }}\nto = \"service\"\nby = \"usage\"\n{settle}"));
    } else {
        let _ = writeln!(model.rules, "[group.all]\n{settle}");
        for (service, _) in model.services.clone().iter().filter(|(_, kind)| *kind == "service") {
            let by = if accumulated.contains(service) { "{ cost_so_far = { service = \"*\" } }" } else { "\"usage\"" };
            model.rule(&format!("group = \"all\"\nfrom = {{ service = {service:?} }}\nto = \"service\"\nby = {by}"));
        }
    }
    model.rule("from = { service.kind = \"receiver\" }\nto = \"business_unit\"\nby = { attribute = \"service.unit\" }");
}

fn proportional(model: &mut Model, input: &Value) {
    let drivers = entries(&input["drivers"]);
    model.units = drivers.iter().map(|(unit, _)| unit.clone()).collect();
    model.driver("use", &drivers);
    let mut rule = String::from("to = \"business_unit\"\nby = \"use\"");
    match input["zero_driver"].as_str() {
        Some("even") => rule.push_str("\nif_no_driver = \"even\""),
        Some("unallocated") => rule.push_str("\nif_no_driver = \"leave\""),
        _ => {}
    }
    if input["negative"].as_str() == Some("drop") {
        rule.push_str("\nnegative = \"drop\"");
    }
    model.line("P", "", "", text(&input["amount"]));
    model.rule(&rule);
}

fn multi_pool(model: &mut Model, input: &Value) {
    let mut units: BTreeSet<String> = BTreeSet::new();
    for (unit, amount) in entries(&input["base"]) {
        model.line("Base", "", &unit, &amount);
        units.insert(unit);
    }
    for (number, pool) in input["pools"].as_array().expect("pools").iter().enumerate() {
        let name = format!("Pool {number}");
        model.line(&name, "", "", text(&pool["amount"]));
        let drivers: Vec<(String, String)> = match pool["receivers"].as_array() {
            Some(receivers) => receivers.iter().map(|r| (text(r).to_owned(), "1".to_owned())).collect(),
            None => entries(&pool["drivers"]),
        };
        units.extend(drivers.iter().map(|(unit, _)| unit.clone()));
        model.driver(&format!("use_{number}"), &drivers);
        model.rule(&format!("from = {{ pool = {name:?} }}\nto = \"business_unit\"\nby = \"use_{number}\""));
    }
    model.units = units.into_iter().collect();
}

/// A calendar in which [`YEAR`] ends on 2026-02-28, a Saturday.
const YEARS: &str = "[model.calendar]\nperiods = \"years\"\nyear_starts = \"03-01\"\n\n";

/// A whole number of cases about time.
fn whole(text: &str) -> i128 {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The month so many months after the first of March 2025, as its first day.
fn month_of_year(months: i128) -> String {
    let month = 2 + months;
    format!("{}-{:02}-01", 2025 + month / 12, month % 12 + 1)
}

/// What is used of an amount falls into the year, the rest behind it. Fewer than 28 are months, others days.
fn proration(model: &mut Model, input: &Value, times: i128) {
    model.years = Some(YEARS);
    let amount = whole(text(&input["amount"])) * times;
    for (name, span) in input["periods"].as_object().expect("periods") {
        let (used, of) = (text(&span[0]), whole(text(&span[1])));
        let (key, first, last) = if of >= 28 {
            // Days up to the 28th of February, and those of March.
            let used = whole(used);
            ("amortise = \"daily\"", format!("2026-02-{:02}", 29 - used), format!("2026-03-{:02}", of - used))
        } else if used == "0.25" {
            // The quarter of the month is its last 7 days of 28; the last month has the 21 others.
            assert_eq!(of, 12);
            ("amortise = \"monthly\"", "2026-02-22".to_owned(), "2027-02-21".to_owned())
        } else {
            let used = whole(used);
            assert_eq!(of, 12);
            let last = match used {
                1 => "2027-01-31",
                4 => "2026-10-31",
                other => panic!("say when {other} months before March 2026 and 12 in all end"),
            };
            ("amortise = \"monthly\"", month_of_year(12 - used), last.to_owned())
        };
        let line = [name.clone(), amount.to_string(), String::new(), first, last, String::new()];
        model.spread.entry(key).or_default().push(line);
        model.units.push(name.clone());
    }
    // A run has a bill; this one is empty of money.
    model.line("P", "", &model.units[0].clone(), "0");
}

fn depreciation(model: &mut Model, input: &Value, times: i128) {
    model.years = Some(YEARS);
    let (cost, salvage) = (whole(text(&input["cost"])) * times, whole(text(&input["salvage"])) * times);
    for (name, months) in entries(&input["months_in_use"]) {
        let first = month_of_year(12 - whole(&months));
        let life = text(&input["life_months"]).to_owned();
        let line = [name.clone(), cost.to_string(), salvage.to_string(), first, String::new(), life];
        let key = "depreciation = { straight_line = \"monthly\", first_month = \"full\" }";
        model.spread.entry(key).or_default().push(line);
        model.units.push(name);
    }
    model.line("P", "", &model.units[0].clone(), "0");
}

/// One row of a rate table; each answer is so many hours of it, `rate` is one.
fn staff_rate(model: &mut Model, input: &Value) {
    let costs = entries(&input["annual_cost"]);
    let optional = ["multiplier", "utilisation"].map(|key| input[key].as_str());
    let mut table: Vec<(String, String)> = costs.clone();
    table.push(("Hours a year".to_owned(), text(&input["capacity_hours"]).to_owned()));
    let list = |names: &[&str]| format!("{names:?}");
    let take: Vec<&str> = costs.iter().map(|(name, _)| name.as_str()).collect();
    let (mut times, mut per) = (Vec::new(), vec!["Hours a year"]);
    for (name, number, factors) in [("Multiplier", optional[0], &mut times), ("Utilisation", optional[1], &mut per)] {
        if let Some(number) = number {
            table.push((name.to_owned(), number.to_owned()));
            factors.push(name);
        }
    }
    let headings: Vec<&str> = table.iter().map(|(name, _)| name.as_str()).collect();
    let numbers: Vec<&str> = table.iter().map(|(_, number)| number.as_str()).collect();
    model.files.push(("rates.csv".to_owned(), format!("Person,{}\nP,{}\n", headings.join(","), numbers.join(","))));
    let mut hours = String::from("Person,Unit,Hours\nP,rate,1\n");
    model.units.push("rate".to_owned());
    for (name, number) in entries(&input["hours"]) {
        let _ = writeln!(hours, "P,{name},{number}");
        model.units.push(name);
    }
    model.files.push((format!("{PERIOD}/hours.csv"), hours));
    let _ = writeln!(
        model.rules,
        "[sources.staff]\nfiles = \"{{period}}/hours.csv\"\nset = {{ pool = \"P\", business_unit = \"{{Unit}}\" }}\n\
         [sources.staff.cost]\nhours = \"Hours\"\nhourly = {{ file = \"rates.csv\", on = {{ Person = \"Person\" }}, \
         take = {}, times = {}, per = {} }}\n",
        list(&take),
        list(&times),
        list(&per)
    );
    model.line("P", "", "rate", "0");
}

/// The owner of differences between bills and cost, in models of prices.
const PROVIDER: &str = "(provider)";

fn tiered(model: &mut Model, input: &Value) {
    let quantities = entries(&input["quantities"]);
    model.units = quantities.iter().map(|(unit, _)| unit.clone()).chain([PROVIDER.to_owned()]).collect();
    model.driver("used", &quantities);
    let tiers: Vec<String> = input["tiers"]
        .as_array()
        .expect("tiers")
        .iter()
        .map(|tier| {
            let keys = [("up_to", "up_to"), ("unit_price", "price"), ("flat", "flat")];
            let pairs: Vec<String> =
                keys.iter().filter_map(|(key, ours)| Some(format!("{ours} = {:?}", tier[*key].as_str()?))).collect();
            format!("{{ {} }}", pairs.join(", "))
        })
        .collect();
    let mode = text(&input["mode"]);
    let _ = writeln!(model.rules, "[prices.list]\nmode = {mode:?}\ntiers = [{}]\n", tiers.join(", "));
    model.line("P", "", "", "0.01");
    model.rule(&format!(
        "to = \"business_unit\"\nby = {{ price = \"list\", quantity = \"used\" }}\nrecovery_to = {{ business_unit = {PROVIDER:?} }}"
    ));
}

fn rate_card(model: &mut Model, input: &Value) {
    let prices = entries(&input["prices"]);
    let mut units: BTreeSet<String> = BTreeSet::new();
    let amount = input["pool"].as_str().unwrap_or("0.01");
    for (number, (item, price)) in prices.iter().enumerate() {
        let quantities: Vec<(String, String)> = input["quantities"]
            .as_object()
            .expect("quantities")
            .iter()
            .filter_map(|(unit, list)| Some((unit.clone(), list[item].as_str()?.to_owned())))
            .collect();
        units.extend(quantities.iter().map(|(unit, _)| unit.clone()));
        model.driver(&format!("used_{number}"), &quantities);
        // The whole pool meets the first price; further prices are charged against nothing, as a pair.
        model.rule(&format!(
            "from = {{ pool = \"P{number}\" }}\nto = \"business_unit\"\nby = {{ price = {price:?}, quantity = \"used_{number}\" }}\n\
             recovery_to = {{ business_unit = {PROVIDER:?} }}"
        ));
    }
    model.line("P0", "", "", amount);
    model.units = units.into_iter().chain([PROVIDER.to_owned()]).collect();
}

fn dual_rate(model: &mut Model, input: &Value) {
    let shares = entries(&input["fixed_shares"]);
    let actual = entries(&input["actual"]);
    let units: BTreeSet<String> = shares.iter().chain(&actual).map(|(unit, _)| unit.clone()).collect();
    model.units = units.into_iter().chain([PROVIDER.to_owned()]).collect();
    model.line("Fixed", "", "", text(&input["fixed_pool"]));
    model.driver("budgeted", &shares);
    model.rule("from = { pool = \"Fixed\" }\nto = \"business_unit\"\nby = \"budgeted\"");
    if !actual.is_empty() {
        model.driver("actual", &actual);
        model.line("Variable", "", "", "0.01");
        let rate = text(&input["variable_rate"]);
        model.rule(&format!(
            "from = {{ pool = \"Variable\" }}\nto = \"business_unit\"\nby = {{ price = {rate:?}, quantity = \"actual\" }}\n\
             recovery_to = {{ business_unit = {PROVIDER:?} }}"
        ));
    }
}

/// What a case expects of a name, from what the run wrote.
fn found(name: &str, charges: &[Row], entries: &[Row], minor: bool) -> i128 {
    let column = if minor { "amount" } else { "amount_exact" };
    let sum =
        |passes: &dyn Fn(&Row) -> bool| charges.iter().filter(|row| passes(row)).map(|row| atoms(&row[column])).sum();
    match name.split_once(':') {
        Some(("left", service)) => sum(&|row| row["kind"] == "unallocated" && row["service"] == service),
        Some((_, service)) => {
            // What a sender closed with, and its gross cost, are what it handed out.
            let sent = entries.iter().filter(|row| row["from_service"] == service && row["rule"] != "rule-units");
            sent.filter(|row| row["to_service"] != *service || row["from_business_unit"] == row["to_business_unit"])
                .map(|row| atoms(&row["amount"]))
                .sum()
        }
        None if name == "__unallocated__" => sum(&|row| row["kind"] == "unallocated"),
        None if name == "unrecovered" => sum(&|row| row["kind"] == "recovery"),
        None => sum(&|row| row["kind"] != "unallocated" && row["business_unit"] == name),
    }
}

fn check(id: &str, case: &Value) -> Result<(), String> {
    let method = text(&case["method"]);
    if !["proration", "depreciation"].contains(&method) {
        return check_times(id, case, 1);
    }
    // A schedule is in minor units. At so many times the amount the exact answers are whole minor units.
    let answers = case["expected"]["exact"].as_object().expect("answers");
    let times = answers.values().map(|answer| text(answer).split_once('/').map_or(1, |(_, bottom)| whole(bottom)));
    check_times(id, case, times.max().unwrap_or(1))?;
    check_times(id, case, 1)
}

fn check_times(id: &str, case: &Value, times: i128) -> Result<(), String> {
    let Some(model) = model_of(case, times) else { return Ok(()) };
    let folder = tempfile::tempdir().expect("a folder");
    model.write(folder.path());
    let (model_path, out) = (folder.path().display().to_string(), folder.path().join("out").display().to_string());
    let (code, message) =
        outcome(&showback(&["run", &model_path, "--period", model.period(), "--out", &out, "--quiet"]));
    let expected = &case["expected"];
    if expected["error"].is_string() {
        return if code == Some(3) { Ok(()) } else { Err(format!("{id}: exit {code:?}, should be refused")) };
    }
    if !matches!(code, Some(0 | 1)) {
        return Err(format!("{id}: exit {code:?}\n{message}"));
    }
    let published = folder.path().join("out").join(model.period()).join("data");
    let (charges, entries) = (rows(&published.join("charges.csv")), rows(&published.join("entries.csv.gz")));
    let is_whole_units = text(&case["method"]) == "largest_remainder";
    for (name, answer) in expected["exact"].as_object().expect("answers") {
        let ours = found(name, &charges, &entries, is_whole_units);
        let tie = expected["tie_sensitive"].as_bool() == Some(true) && expected["tie_order"] != case["input"]["order"];
        let answer_times = Exact::read(text(answer)).times(times);
        // At once the amount, a schedule gives the answer in minor units.
        let is_rounded = !model.spread.is_empty() && times == 1 && answer_times.is_within(ours, support::CENT / 2);
        if !(answer_times.is_near(ours) || is_rounded || is_whole_units && tie) {
            return Err(format!("{id}: {name} should be {answer}, is {ours} atoms"));
        }
    }
    let one_pool = charges.iter().map(|row| &row["pool"]).collect::<BTreeSet<_>>().len() == 1;
    let unit =
        support::ONE / 10i128.pow(u32::try_from(case["currency"]["minor_digits"].as_u64().unwrap_or(2)).expect("few"));
    let minor: BTreeMap<&String, &Value> = expected["minor"].as_object().into_iter().flatten().collect();
    for (name, answer) in minor.into_iter().filter(|(name, _)| !name.contains(':')) {
        let ours = found(name, &charges, &entries, true);
        let difference = (ours - atoms(text(answer))).abs();
        let tie = expected["tie_sensitive"].as_bool() == Some(true);
        if difference > unit || difference > 0 && one_pool && !tie {
            return Err(format!("{id}: {name} should be {answer}, is {ours} atoms rounded"));
        }
    }
    Ok(())
}

#[test]
fn every_case_that_is_about_allocation_gives_its_exact_answer() {
    let mut cases: Vec<_> = std::fs::read_dir(root().join("tests/cases")).expect("cases").flatten().collect();
    cases.sort_by_key(std::fs::DirEntry::file_name);
    let cases: Vec<Value> = cases
        .iter()
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "json"))
        .map(|entry| serde_json::from_slice(&std::fs::read(entry.path()).expect("a case")).expect("JSON"))
        .collect();
    let is_left_out = |case: &&Value| LEFT_OUT.iter().any(|(method, _)| *method == text(&case["method"]));
    let left_out = cases.iter().filter(is_left_out).count();
    let run = cases.len() - left_out;
    let failures: Vec<String> = cases.par_iter().filter_map(|case| check(text(&case["id"]), case).err()).collect();
    assert!(failures.is_empty(), "{} of {run} fail:\n{}", failures.len(), failures.join("\n"));
    assert!(run >= 100 && left_out < 20, "{run} run, {left_out} left out");
}
