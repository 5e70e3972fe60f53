//! What holds for every model: conservation, no negative parts of positive money, scaling, the order of rows, and
//! how methods relate to each other. Models are made up at random; `PROPTEST_CASES=10000 cargo test --release
//! --test properties` tries many.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;
use showback::cli::pipeline::{Calculation, calculate, rule_book};
use showback::finding::Findings;
use support::{ONE, write_model};

/// Quantities by the number of who gets them.
type Quantities = Vec<(usize, u32)>;

/// A made-up organisation: services that serve each other and units, with a bill.
#[derive(Clone, Debug)]
struct Organisation {
    units: usize,
    /// For each service its lines: pool and minor units.
    bill: Vec<Vec<(u8, i64)>>,
    /// For each service the quantities it gives to other services and to units, by number.
    gives: Vec<(Quantities, Quantities)>,
    /// Whether the rows of all files are written backwards.
    is_reversed: bool,
    /// What every amount is multiplied by.
    times: i64,
}

impl Organisation {
    /// Only services further down receive from services.
    fn without_loops(mut self) -> Organisation {
        for (service, (services, _)) in self.gives.iter_mut().enumerate() {
            services.retain(|(other, _)| *other > service);
        }
        self
    }

    fn files(&self, method: &str) -> Vec<(String, String)> {
        let mut bill: Vec<String> = Vec::new();
        let mut usage: Vec<String> = Vec::new();
        for (service, lines) in self.bill.iter().enumerate() {
            for (pool, minor) in lines {
                let minor = minor * self.times;
                let sign = if minor < 0 { "-" } else { "" };
                bill.push(format!("P{pool},S{service},{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100));
            }
        }
        for (service, (services, units)) in self.gives.iter().enumerate() {
            usage.extend(services.iter().map(|(other, quantity)| format!("S{service},S{other},,{quantity}")));
            usage.extend(units.iter().map(|(unit, quantity)| format!("S{service},,U{unit},{quantity}")));
        }
        if self.is_reversed {
            bill.reverse();
            usage.reverse();
        }
        let units: Vec<String> = (0..self.units).map(|unit| format!("\"U{unit}\"")).collect();
        let mut model = format!(
            "[model]\nname = \"Random\"\ncurrency = \"GBP\"\ndata = \"data\"\n\n[dimensions.business_unit]\nmembers = [{}]\n\n",
            units.join(", ")
        );
        let _ = write!(
            model,
            "[sources.bill]\nfiles = \"{{period}}/bill.csv\"\ncolumns = {{ cost = \"Amount\" }}\n\
             set = {{ pool = \"{{Pool}}\", service = \"{{Service}}\" }}\n\n\
             [drivers.usage]\nfile = \"usage.csv\"\nfrom = {{ service = \"From\" }}\n\
             to = {{ service = \"To service\", business_unit = \"To unit\" }}\nquantity = \"Quantity\"\n\n\
             [[allocate]]\nid = \"all\"\nfrom = {{ service = \"*\" }}\nto = [\"service\", \"business_unit\"]\nby = \"usage\"\n{method}\n"
        );
        vec![
            ("model.toml".to_owned(), model),
            ("data/2026-10/bill.csv".to_owned(), format!("Pool,Service,Amount\n{}\n", bill.join("\n"))),
            ("data/usage.csv".to_owned(), format!("From,To service,To unit,Quantity\n{}\n", usage.join("\n"))),
        ]
    }

    fn calculate(&self, folder: &Path, method: &str) -> Calculation {
        let files = self.files(method);
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        write_model(folder, &files);
        let mut findings = Findings::new();
        let shown = |findings: &Findings| findings.iter().map(|finding| finding.title.clone()).collect::<Vec<_>>();
        let book = rule_book(folder, &mut findings).unwrap_or_else(|_| panic!("{:?}", shown(&findings)));
        let period = book.head.calendar.period("2026-10").expect("a period");
        // The trial balance and the footing of charge lines are part of every calculation.
        calculate(book, period, &mut findings).unwrap_or_else(|failure| panic!("{failure:?} {:?}", shown(&findings)))
    }
}

/// Exact money of each business unit and pool.
fn by_unit(calculation: &Calculation) -> BTreeMap<(String, String), i128> {
    let run = calculation.run();
    let mut sums = BTreeMap::new();
    for line in run.charges.allocated() {
        let name = |dimension: usize| {
            let member = run.charges.member(line, dimension);
            run.model.dimensions[dimension].member_name(member).to_owned()
        };
        let key = (name(showback::rulebook::BUSINESS_UNIT), name(showback::rulebook::POOL));
        *sums.entry(key).or_insert(0) += line.exact.atoms();
    }
    sums
}

fn organisations(least: i64) -> impl Strategy<Value = Organisation> {
    (1usize..5, 1usize..7).prop_flat_map(move |(units, services)| {
        let lines = prop::collection::vec((0u8..3, least..5_000_000i64), 0..4);
        let to_services = prop::collection::btree_map(0..services, 1u32..1_000, 0..4);
        let to_units = prop::collection::btree_map(0..units, 1u32..1_000, 1..4);
        let gives = (to_services, to_units).prop_map(|(s, u)| (s.into_iter().collect(), u.into_iter().collect()));
        (
            prop::collection::vec(lines, services)
                .prop_filter("some money", |bill| bill.iter().any(|lines| !lines.is_empty())),
            prop::collection::vec(gives, services),
        )
            .prop_map(move |(bill, gives)| Organisation { units, bill, gives, is_reversed: false, times: 1 })
    })
}

const METHODS: [&str; 6] = [
    "method = \"direct\"",
    "method = \"step-down\"",
    "method = \"step-down\"\norder = \"ranked\"",
    "method = \"double-step-down\"\nfirst_round = \"own cost\"",
    "method = \"reciprocal\"",
    "method = \"iterative\"\nrounds = 3",
];

fn cases() -> ProptestConfig {
    // Enough to find mistakes in the minutes a developer waits; the environment asks for more.
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(60);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_method_conserves_money_and_keeps_positive_money_positive(organisation in organisations(0)) {
        let money_in: i128 = organisation.bill.iter().flatten().map(|(_, minor)| i128::from(*minor) * ONE / 100).sum();
        for method in METHODS {
            let folder = tempfile::tempdir().expect("a folder");
            let calculation = organisation.calculate(folder.path(), method);
            let closing: i128 = calculation.ledger.closing.values().map(|amount| amount.atoms()).sum();
            prop_assert_eq!(closing, money_in, "{}", method);
            let lines: i128 = calculation.charges.lines.iter().map(|line| line.minor).sum();
            prop_assert_eq!(lines * ONE / 100, money_in, "{}", method);
            for posting in &calculation.ledger.postings {
                prop_assert_eq!(posting.parts.iter().map(|part| part.atoms()).sum::<i128>(), posting.taken.atoms());
                prop_assert!(posting.parts.iter().all(|part| !part.is_negative()), "{}", method);
            }
            prop_assert!(calculation.ledger.closing.values().all(|amount| !amount.is_negative()), "{}", method);
            // Nobody is left with money but after the rounds of an iterative method.
            prop_assert!(method.contains("iterative") || calculation.charges.unallocated().next().is_none(), "{}", method);
        }
    }

    #[test]
    fn credits_are_conserved_too(organisation in organisations(-5_000_000)) {
        let money_in: i128 = organisation.bill.iter().flatten().map(|(_, minor)| i128::from(*minor) * ONE / 100).sum();
        for method in METHODS {
            let folder = tempfile::tempdir().expect("a folder");
            let calculation = organisation.calculate(folder.path(), method);
            let lines: i128 = calculation.charges.lines.iter().map(|line| line.minor).sum();
            prop_assert_eq!(lines * ONE / 100, money_in, "{}", method);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(organisation in organisations(-5_000_000), method in 0..METHODS.len()) {
        let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let first = organisation.calculate(one.path(), METHODS[method]);
        let reversed = Organisation { is_reversed: true, ..organisation };
        let second = reversed.calculate(two.path(), METHODS[method]);
        prop_assert_eq!(first.charges, second.charges);
    }

    #[test]
    fn a_tenfold_bill_gives_tenfold_charges(organisation in organisations(0), method in 0..METHODS.len()) {
        let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let once = by_unit(&organisation.calculate(one.path(), METHODS[method]));
        let hops = 10 * organisation.bill.len() as i128 * 10;
        let ten = Organisation { times: 10, ..organisation };
        let tenfold = by_unit(&ten.calculate(two.path(), METHODS[method]));
        for (key, amount) in &tenfold {
            let difference = amount - 10 * once.get(key).copied().unwrap_or_default();
            // One unit of 10^-18 a hop, tenfold.
            prop_assert!(difference.abs() <= hops, "{:?}: {}", key, difference);
        }
    }

    #[test]
    fn without_loops_reciprocal_is_step_down_in_the_order_of_use(organisation in organisations(0)) {
        let organisation = organisation.without_loops();
        let order: Vec<String> = (0..organisation.bill.len()).map(|service| format!("\"S{service}\"")).collect();
        let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let stepped = organisation.calculate(one.path(), &format!("method = \"step-down\"\norder = [{}]", order.join(", ")));
        let solved = organisation.calculate(two.path(), "method = \"reciprocal\"");
        prop_assert_eq!(by_unit(&stepped), by_unit(&solved));
    }

    #[test]
    fn iterations_come_ever_closer_to_the_reciprocal_answer(organisation in organisations(0)) {
        let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let iterated = by_unit(&organisation.calculate(one.path(), "method = \"iterative\"\nrounds = 10000"));
        let solved = by_unit(&organisation.calculate(two.path(), "method = \"reciprocal\""));
        for (key, amount) in &solved {
            let difference = amount - iterated.get(key).copied().unwrap_or_default();
            // Every service gives at least 1 of some 4,000 to a unit, so 10,000 rounds leave next to nothing.
            prop_assert!(difference.abs() <= ONE / 1_000_000, "{:?}: {}", key, difference);
        }
    }
}
