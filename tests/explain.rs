//! Where figures came from and who pays for what: against exact fractions that are worked out here from the quantities
//! of the drivers, against sums done by hand, and on the sample.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use num_bigint::BigInt;
use proptest::prelude::*;
use showback::cli::pipeline::{Calculation, calculate, rule_book};
use showback::explain::{Graph, PartOf, backward_parts, forward, path_in_words, paths, way};
use showback::finding::Findings;
use showback::writers::evidence::Evidence;
use support::{ONE, atoms, root, run, showback, write_model};

// ---- exact fractions ---------------------------------------------------------------------------------

/// A fraction in lowest terms; the denominator is above 0.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ratio(BigInt, BigInt);

impl Ratio {
    fn whole(number: i128) -> Ratio {
        Ratio(BigInt::from(number), BigInt::from(1))
    }

    fn new(part: BigInt, whole: BigInt) -> Ratio {
        let zero = BigInt::from(0);
        assert_ne!(whole, zero, "a fraction of nothing");
        let (mut a, mut b) = (part.clone(), whole.clone());
        while b != zero {
            (a, b) = (b.clone(), a % b);
        }
        let divisor = if (a < zero) == (whole < zero) { a } else { -a };
        Ratio(part / &divisor, whole / &divisor)
    }

    fn plus(&self, other: &Ratio) -> Ratio {
        Ratio::new(&self.0 * &other.1 + &other.0 * &self.1, &self.1 * &other.1)
    }

    fn minus(&self, other: &Ratio) -> Ratio {
        Ratio::new(&self.0 * &other.1 - &other.0 * &self.1, &self.1 * &other.1)
    }

    fn times(&self, other: &Ratio) -> Ratio {
        Ratio::new(&self.0 * &other.0, &self.1 * &other.1)
    }

    fn over(&self, other: &Ratio) -> Ratio {
        Ratio::new(&self.0 * &other.1, &self.1 * &other.0)
    }

    fn is_zero(&self) -> bool {
        self.0 == BigInt::from(0)
    }

    /// In atoms, rounded towards 0.
    fn atoms(&self) -> i128 {
        i128::try_from(&self.0 * BigInt::from(ONE) / &self.1).expect("in range")
    }
}

// ---- random organisations ----------------------------------------------------------------------------

/// Services with a bill in two files, each giving to services and units.
#[derive(Clone, Debug)]
struct Organisation {
    units: usize,
    /// By service: pool, minor units, file.
    bill: Vec<Vec<(u8, i64, bool)>>,
    /// By service: services it gives to, then units, with quantities.
    gives: Vec<Gives>,
}

/// Services and units with what they use of a service.
type Gives = (Vec<(usize, u32)>, Vec<(usize, u32)>);

/// Services and units with their shares of a service.
type Shares = (Vec<(usize, Ratio)>, Vec<(usize, Ratio)>);

impl Organisation {
    fn calculate(&self, folder: &Path, method: &str) -> Calculation {
        let mut bills = ["Pool,Service,Amount\n".to_owned(), "Pool,Service,Amount\n".to_owned()];
        let mut usage = "From,To service,To unit,Quantity\n".to_owned();
        for (service, lines) in self.bill.iter().enumerate() {
            for (pool, minor, file) in lines {
                let sign = if *minor < 0 { "-" } else { "" };
                let (whole, cents) = (minor.abs() / 100, minor.abs() % 100);
                let _ = writeln!(bills[usize::from(*file)], "P{pool},S{service},{sign}{whole}.{cents:02}");
            }
        }
        for (service, (services, units)) in self.gives.iter().enumerate() {
            for (other, quantity) in services {
                let _ = writeln!(usage, "S{service},S{other},,{quantity}");
            }
            for (unit, quantity) in units {
                let _ = writeln!(usage, "S{service},,U{unit},{quantity}");
            }
        }
        let units: Vec<String> = (0..self.units).map(|unit| format!("\"U{unit}\"")).collect();
        let model = format!(
            "[model]\nname = \"Random\"\ncurrency = \"GBP\"\ndata = \"data\"\n\
             [dimensions.business_unit]\nmembers = [{}]\n\
             [sources.bill]\nfiles = \"{{period}}/bill-*.csv\"\ncolumns = {{ cost = \"Amount\" }}\n\
             set = {{ pool = \"{{Pool}}\", service = \"{{Service}}\" }}\n\
             [drivers.usage]\nfile = \"usage.csv\"\nfrom = {{ service = \"From\" }}\n\
             to = {{ service = \"To service\", business_unit = \"To unit\" }}\nquantity = \"Quantity\"\n\
             [[allocate]]\nid = \"all\"\nfrom = {{ service = \"*\" }}\nto = [\"service\", \"business_unit\"]\nby = \"usage\"\n{method}\n",
            units.join(", ")
        );
        write_model(
            folder,
            &[
                ("model.toml", &model),
                ("data/2026-10/bill-a.csv", &bills[0]),
                ("data/2026-10/bill-b.csv", &bills[1]),
                ("data/usage.csv", &usage),
            ],
        );
        calculation(folder)
    }

    /// The share of each quantity of a service in those of all receivers that count.
    fn shares(&self, service: usize, counts: impl Fn(usize) -> bool) -> Shares {
        let (services, units) = &self.gives[service];
        let services: Vec<(usize, u32)> = services.iter().copied().filter(|(other, _)| counts(*other)).collect();
        let total: i128 = services.iter().chain(units).map(|(_, quantity)| i128::from(*quantity)).sum();
        let share =
            |(other, quantity): &(usize, u32)| (*other, Ratio::new(BigInt::from(*quantity), BigInt::from(total)));
        (services.iter().map(share).collect(), units.iter().map(share).collect())
    }

    /// For each service, what of one unit of money of it is handed out by each service and goes to each unit, by the
    /// definition of the method.
    fn expected(&self, method: &str) -> Vec<BTreeMap<(usize, usize), Ratio>> {
        let count = self.bill.len();
        (0..count)
            .map(|origin| {
                let gross = match method {
                    "reciprocal" => self.gross_of_reciprocal(origin),
                    "direct" => (0..count).map(|s| Ratio::whole(i128::from(s == origin))).collect(),
                    _ => self.gross_of_step_down(origin),
                };
                let mut ends = BTreeMap::new();
                for (service, gross) in gross.iter().enumerate() {
                    let counts = |other: usize| match method {
                        "reciprocal" => other != service,
                        "direct" => false,
                        _ => other > service,
                    };
                    for (unit, share) in self.shares(service, counts).1 {
                        ends.insert((service, unit), gross.times(&share));
                    }
                }
                ends
            })
            .collect()
    }

    /// Services send in the order of their names, and nothing goes back.
    fn gross_of_step_down(&self, origin: usize) -> Vec<Ratio> {
        let mut gross: Vec<Ratio> = (0..self.bill.len()).map(|s| Ratio::whole(i128::from(s == origin))).collect();
        for service in 0..gross.len() {
            for (other, share) in self.shares(service, |other| other > service).0 {
                gross[other] = gross[other].plus(&gross[service].times(&share));
            }
        }
        gross
    }

    /// x = e + Pᵀ x, by elimination.
    fn gross_of_reciprocal(&self, origin: usize) -> Vec<Ratio> {
        let count = self.bill.len();
        let mut rows = vec![vec![Ratio::whole(0); count + 1]; count];
        for (service, row) in rows.iter_mut().enumerate() {
            row[service] = Ratio::whole(1);
            row[count] = Ratio::whole(i128::from(service == origin));
        }
        for (service, other, share) in (0..count).flat_map(|service| {
            let shares = self.shares(service, |other| other != service).0;
            shares.into_iter().map(move |(other, share)| (service, other, share))
        }) {
            rows[other][service] = rows[other][service].minus(&share);
        }
        for pivot in 0..count {
            let found = (pivot..count).find(|row| !rows[*row][pivot].is_zero()).expect("a way out");
            rows.swap(pivot, found);
            let divisor = rows[pivot][pivot].clone();
            let row: Vec<Ratio> = rows[pivot].iter().map(|cell| cell.over(&divisor)).collect();
            for (_, cells) in rows.iter_mut().enumerate().filter(|(other, _)| *other != pivot) {
                let factor = cells[pivot].clone();
                for (cell, pivoted) in cells.iter_mut().zip(&row) {
                    *cell = cell.minus(&factor.times(pivoted));
                }
            }
            rows[pivot] = row;
        }
        rows.into_iter().map(|row| row[count].clone()).collect()
    }
}

fn calculation(folder: &Path) -> Calculation {
    let mut findings = Findings::new();
    let shown = |findings: &Findings| findings.iter().map(|finding| finding.title.clone()).collect::<Vec<_>>();
    let book = rule_book(folder, &mut findings).unwrap_or_else(|_| panic!("{:?}", shown(&findings)));
    let period = book.head.calendar.period("2026-10").expect("a period");
    calculate(book, period, &mut findings).unwrap_or_else(|failure| panic!("{failure:?} {:?}", shown(&findings)))
}

fn organisations(least: i64) -> impl Strategy<Value = Organisation> {
    (1usize..4, 1usize..6).prop_flat_map(move |(units, services)| {
        let lines = prop::collection::vec((0u8..2, least..5_000_000i64, any::<bool>()), 0..4);
        let to_services = prop::collection::btree_map(0..services, 1u32..1_000, 0..4);
        let to_units = prop::collection::btree_map(0..units, 1u32..1_000, 1..4);
        let gives = (to_services, to_units).prop_map(|(s, u)| (s.into_iter().collect(), u.into_iter().collect()));
        let bill = prop::collection::vec(lines, services)
            .prop_filter("some money", |bill| bill.iter().any(|lines| !lines.is_empty()));
        (bill, prop::collection::vec(gives, services)).prop_map(move |(bill, gives)| Organisation {
            units,
            bill,
            gives,
        })
    })
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(40);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

// ---- what holds of every graph -----------------------------------------------------------------------

/// Every line's parts add up to it, those of every opening balance to the balance, and both ways give the same digits.
fn check_both_ways(graph: &Graph, ways_one_in: usize) {
    let mut by_pair: BTreeMap<(usize, usize), i128> = BTreeMap::new();
    for (at, line) in graph.lines.iter().enumerate() {
        let listed = backward_parts(graph, &[at]).expect("parts");
        let sum: i128 = listed.parts.iter().map(|part| part.amount.atoms()).sum();
        // Each part is rounded to an atom once.
        let off = (sum - line.exact.atoms()).abs();
        assert!(off <= listed.parts.len() as i128, "line {}: {sum} of {}", line.id, line.exact);
        assert_eq!(sum + listed.rounding.atoms(), listed.figure.atoms(), "line {}", line.id);
        assert_eq!(listed.figure.atoms(), graph.currency.amount(line.minor).atoms());
        for part in &listed.parts {
            if let PartOf::Origin(origin) = part.of {
                by_pair.insert((origin, at), part.amount.atoms());
            }
        }
        if at % ways_one_in != 0 {
            continue;
        }
        let way = way(graph, &[at]).expect("a way");
        let hops: i128 = way.hops.iter().map(|hop| hop.amount.atoms()).sum();
        let entered: i128 = way.entered.iter().map(|part| part.amount.atoms()).sum();
        let arms = (way.hops.len() + way.entered.len()) as i128;
        assert!((hops + entered - line.exact.atoms()).abs() <= arms, "the way to line {}", line.id);
    }
    for (at, origin) in graph.origins.iter().enumerate() {
        let forward = forward(graph, &[(at, origin.amount)]).expect("forward");
        let of_origin: BTreeMap<usize, i128> =
            by_pair.iter().filter(|((origin, _), _)| *origin == at).map(|((_, line), part)| (*line, *part)).collect();
        let found: BTreeMap<usize, i128> = forward.lines.iter().map(|(line, part)| (*line, part.atoms())).collect();
        assert_eq!(found, of_origin, "opening balance {at}");
        let sum: i128 = found.values().sum();
        assert_eq!(sum + forward.difference.atoms(), origin.amount.atoms());
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn parts_are_those_of_exact_fractions(organisation in organisations(0), method in 0..3usize) {
        let (name, key) = [("direct", "direct"), ("step-down", "step-down"), ("reciprocal", "reciprocal")][method];
        let folder = tempfile::tempdir().expect("a folder");
        let calculation = organisation.calculate(folder.path(), &format!("method = \"{key}\""));
        let graph = Graph::of(&calculation.run()).expect("a graph");
        let expected = organisation.expected(name);
        let number = |name: &str| name[1..].parse::<usize>().expect("a number");
        let mut seen = 0;
        for (at, line) in graph.lines.iter().enumerate() {
            let of = |column: &str| graph.value(line, column);
            let (service, unit, pool) = (number(of("service")), number(of("business_unit")), of("pool"));
            let listed = backward_parts(&graph, &[at]).expect("parts");
            let found: BTreeMap<usize, i128> = listed.parts.iter().map(|part| match part.of {
                PartOf::Origin(origin) => (origin, part.amount.atoms()),
                PartOf::Bill(_) => panic!("there are no bills"),
            }).collect();
            for (origin_at, origin) in graph.origins.iter().enumerate() {
                let from = number(graph.member_in(origin.place, "service"));
                let is_of_pool = graph.member_in(origin.place, "pool") == pool;
                let share = expected[from].get(&(service, unit)).filter(|_| is_of_pool);
                let wanted = share.map_or(0, |share| {
                    share.times(&Ratio::new(BigInt::from(origin.amount.atoms()), BigInt::from(ONE))).atoms()
                });
                let part = found.get(&origin_at).copied().unwrap_or_default();
                // The books are kept in atoms, so shares of cents are known to 16 digits.
                prop_assert!((part - wanted).abs() < ONE / 1_000_000_000, "{name}: {part}, expected {wanted}");
                seen += i128::from(part != 0);
            }
        }
        prop_assert!(seen > 0 || graph.lines.is_empty());
    }

    #[test]
    fn both_ways_agree_to_the_last_digit(organisation in organisations(-5_000_000), method in 0..6usize) {
        let method = [
            "method = \"direct\"",
            "method = \"step-down\"\norder = \"ranked\"",
            "method = \"double-step-down\"\nfirst_round = \"own cost\"",
            "method = \"double-step-down\"\nfirst_round = \"with received\"",
            "method = \"reciprocal\"",
            "method = \"iterative\"\nrounds = 3",
        ][method];
        let folder = tempfile::tempdir().expect("a folder");
        let calculation = organisation.calculate(folder.path(), method);
        check_both_ways(&Graph::of(&calculation.run()).expect("a graph"), 1);
    }
}

// ---- by hand -----------------------------------------------------------------------------------------

/// Parts of all lines, by the members of the line and of the opening balance, in cents.
fn parts_by_name(graph: &Graph, line_by: &[&str], origin_by: &[&str]) -> BTreeMap<(String, String), i128> {
    let mut sums = BTreeMap::new();
    for (at, line) in graph.lines.iter().enumerate() {
        let name: Vec<&str> = line_by.iter().map(|column| graph.value(line, column)).collect();
        for part in backward_parts(graph, &[at]).expect("parts").parts {
            let origin = match part.of {
                PartOf::Origin(origin) => {
                    let place = graph.origins[origin].place;
                    origin_by.iter().map(|dimension| graph.member_in(place, dimension)).collect::<Vec<_>>().join(" ")
                }
                PartOf::Bill(_) => "bill".to_owned(),
            };
            *sums.entry((name.join(" "), origin)).or_insert(0) += part.amount.atoms();
        }
    }
    // To cents, half away from 0.
    let cents = |atoms: i128| (atoms + atoms.signum() * ONE / 200) / (ONE / 100);
    sums.into_iter().map(|(key, atoms)| (key, cents(atoms))).filter(|(_, cents)| *cents != 0).collect()
}

fn by_name(expected: &[(&str, &str, i128)]) -> BTreeMap<(String, String), i128> {
    expected.iter().map(|(line, origin, cents)| (((*line).to_owned(), (*origin).to_owned()), *cents)).collect()
}

const HEAD: &str = "[model]\nname = \"By hand\"\ncurrency = \"EUR\"\n\n[sources.bills]\nfiles = \"{period}.csv\"\ncolumns = { cost = \"Amount\" }\n";

fn by_hand(rules: &str, files: &[(&str, &str)]) -> Graph {
    let folder = tempfile::tempdir().expect("a folder");
    let model = format!("{HEAD}{rules}");
    let mut all = vec![("model.toml", model.as_str())];
    all.extend(files);
    write_model(folder.path(), &all);
    let calculation = calculation(folder.path());
    let graph = Graph::of(&calculation.run()).expect("a graph");
    check_both_ways(&graph, 1);
    graph
}

#[test]
fn a_reciprocal_group_explains_like_any_other() {
    // Network gives 20 % to Desk, 80 % to Shop; Desk gives 50 % to Network, 50 % to Tills. One euro of Network: its gross
    // is x = 1 + y / 2, Desk's y = x / 5, so x = 10/9, y = 2/9: Shop gets 8/9, Tills 1/9. One euro of Desk: y = 1 + x / 5,
    // x = y / 2, so y = 10/9, x = 5/9: Shop gets 4/9, Tills 5/9. Of 900 and 450: Shop 800 and 200, Tills 100 and 250.
    let rules = "set = { service = \"{Service}\" }\n\
        [dimensions.business_unit]\nmembers = [\"Shop\", \"Tills\"]\n\
        [drivers.use]\nfile = \"use.csv\"\nfrom = { service = \"Of\" }\nto = { service = \"Service\", business_unit = \"Unit\" }\nquantity = \"Quantity\"\n\
        [[allocate]]\nid = \"loop\"\nfrom = { service = \"*\" }\nto = [\"service\", \"business_unit\"]\nby = \"use\"\nmethod = \"reciprocal\"\n";
    let graph = by_hand(
        rules,
        &[
            ("2026-10.csv", "Service,Amount\nNetwork,900.00\nDesk,450.00\n"),
            (
                "use.csv",
                "Of,Service,Unit,Quantity\nNetwork,Desk,,20\nNetwork,,Shop,80\nDesk,Network,,7\nDesk,,Tills,7\n",
            ),
        ],
    );
    let expected = [
        ("Shop", "Network", 80_000),
        ("Shop", "Desk", 20_000),
        ("Tills", "Network", 10_000),
        ("Tills", "Desk", 25_000),
    ];
    assert_eq!(parts_by_name(&graph, &["business_unit"], &["service"]), by_name(&expected));
    // Shop's line has one hop, out of the loop, and behind it what the two services had before it.
    let shop =
        (0..graph.lines.len()).find(|at| graph.value(&graph.lines[*at], "business_unit") == "Shop").expect("a line");
    let way = way(&graph, &[shop]).expect("a way");
    assert_eq!((way.hops.len(), way.hops[0].is_loop, way.hops[0].before.entered.len()), (1, true, 2));
    let entered: Vec<i128> =
        way.hops[0].before.entered.iter().map(|part| (part.amount.atoms() + ONE / 2) / ONE).collect();
    assert_eq!(entered, [800, 200]);
}

#[test]
fn what_arrives_in_a_plain_rule_is_not_handed_on_by_it() {
    // One rule over two services: A gives all to B, B all to the unit. B's money is what it had, 30; A's 70 stays at B.
    let rules = "set = { service = \"{Service}\" }\n\
        [drivers.use]\nfile = \"use.csv\"\nfrom = { service = \"Of\" }\nto = { service = \"Service\", business_unit = \"Unit\" }\nquantity = \"Quantity\"\n\
        [[allocate]]\nid = \"plain\"\nfrom = { service = \"*\" }\nto = [\"service\", \"business_unit\"]\nby = \"use\"\n";
    let graph = by_hand(
        rules,
        &[
            ("2026-10.csv", "Service,Amount\nA,70.00\nB,30.00\n"),
            ("use.csv", "Of,Service,Unit,Quantity\nA,B,,1\nB,,Shop,1\n"),
        ],
    );
    let expected = [("cost Shop", "B", 3_000), ("unallocated ", "A", 7_000)];
    assert_eq!(parts_by_name(&graph, &["kind", "business_unit"], &["service"]), by_name(&expected));
}

#[test]
fn the_first_round_by_own_cost_hands_out_own_cost_only() {
    // A 100 gives 1 : 1 to B and Shop, B 60 gives 1 : 2 to A and Till. First round, own cost: A gives B 50, Shop 50; B gives
    // A 20, Till 40. Then a step-down, A first: its 20 (B's) go 10 to B, 10 to Shop; B's 60 (50 of A, 10 of B) go to Till.
    let rules = "set = { service = \"{Service}\" }\n\
        [drivers.use]\nfile = \"use.csv\"\nfrom = { service = \"Of\" }\nto = { service = \"Service\", business_unit = \"Unit\" }\nquantity = \"Quantity\"\n\
        [[allocate]]\nid = \"twice\"\nfrom = { service = \"*\" }\nto = [\"service\", \"business_unit\"]\nby = \"use\"\n\
        method = \"double-step-down\"\nfirst_round = \"own cost\"\norder = [\"A\", \"B\"]\n";
    let graph = by_hand(
        rules,
        &[
            ("2026-10.csv", "Service,Amount\nA,100.00\nB,60.00\n"),
            ("use.csv", "Of,Service,Unit,Quantity\nA,B,,1\nA,,Shop,1\nB,A,,1\nB,,Till,2\n"),
        ],
    );
    let expected = [("Shop", "A", 5_000), ("Shop", "B", 1_000), ("Till", "A", 5_000), ("Till", "B", 5_000)];
    assert_eq!(parts_by_name(&graph, &["business_unit"], &["service"]), by_name(&expected));
}

#[test]
fn a_bill_above_its_cost_and_one_without_any_are_told() {
    // Print has 100 of cost and bills 30 × 4 = 120 to Shop, so Office bears −20 of it. Phones have no cost: 10 × 2 = 20 are
    // billed to Shop and recovered from Office, and begin with the rule.
    let rules = "set = { service = \"{Service}\" }\n\
        [drivers.pages]\nfile = \"pages.csv\"\nfrom = { service = \"Of\" }\nto = { business_unit = \"Unit\" }\nquantity = \"Quantity\"\n\
        [[allocate]]\nid = \"price\"\nfrom = { service = [\"Print\", \"Phones\"] }\nto = \"business_unit\"\n\
        by = { price = 4, quantity = \"pages\" }\nrecovery_to = { business_unit = \"Office\" }\n";
    let graph = by_hand(
        rules,
        &[
            ("2026-10.csv", "Service,Amount\nPrint,100.00\n"),
            ("pages.csv", "Of,Unit,Quantity\nPrint,Shop,30\nPhones,Shop,5\n"),
        ],
    );
    let expected = [
        ("price Shop", "Print", 12_000),
        ("price Shop", "bill", 2_000),
        ("recovery Office", "Print", -2_000),
        ("recovery Office", "bill", -2_000),
    ];
    assert_eq!(parts_by_name(&graph, &["kind", "business_unit"], &["service"]), by_name(&expected));
}

#[test]
fn credits_and_charges_that_met_both_show() {
    // A charge of 100.00 and a credit of 99.98 meet at the service; half of the 0.02 goes to each unit.
    let rules = "set = { service = \"{Service}\", pool = \"{Pool}\" }\n\
        [dimensions.business_unit]\nmembers = [\"U1\", \"U2\"]\n[dimensions.pool]\nmembers = [\"P\", \"Q\"]\n\
        [[allocate]]\nid = \"even\"\nto = \"business_unit\"\nby = \"even\"\n";
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{HEAD}{rules}")
        .replace("currency = \"EUR\"\n", "currency = \"EUR\"\ncharges = { by = [\"business_unit\", \"service\"] }\n");
    write_model(
        folder.path(),
        &[("model.toml", &text), ("2026-10.csv", "Service,Pool,Amount\nA,P,100.00\nA,Q,-99.98\n")],
    );
    let calculation = calculation(folder.path());
    let graph = Graph::of(&calculation.run()).expect("a graph");
    check_both_ways(&graph, 1);
    let expected = [("U1", "P", 5_000), ("U1", "Q", -4_999), ("U2", "P", 5_000), ("U2", "Q", -4_999)];
    assert_eq!(parts_by_name(&graph, &["business_unit"], &["pool"]), by_name(&expected));
}

#[test]
fn a_mix_takes_each_part_of_what_was_there_at_the_beginning() {
    // 100 of A, 75 % by heads (1 : 2 for Shop and Till), 25 % by desks (all to Till): Shop 25, Till 50 + 25.
    let rules = "set = { service = \"{Service}\" }\n\
        [drivers.heads]\nfile = \"heads.csv\"\nto = { business_unit = \"Unit\" }\nquantity = \"Quantity\"\n\
        [drivers.desks]\nfile = \"desks.csv\"\nto = { business_unit = \"Unit\" }\nquantity = \"Quantity\"\n\
        [[allocate]]\nid = \"mixed\"\nto = \"business_unit\"\nby = { mix = { heads = \"75%\", desks = \"25%\" } }\n";
    let graph = by_hand(
        rules,
        &[
            ("2026-10.csv", "Service,Amount\nA,100.00\n"),
            ("heads.csv", "Unit,Quantity\nShop,1\nTill,2\n"),
            ("desks.csv", "Unit,Quantity\nTill,9\n"),
        ],
    );
    let expected = [("Shop", "A", 2_500), ("Till", "A", 7_500)];
    assert_eq!(parts_by_name(&graph, &["business_unit"], &["service"]), by_name(&expected));
}

// ---- the sample and Oakland --------------------------------------------------------------------------

fn period_of(model: &str, period: &str) -> Calculation {
    let mut findings = Findings::new();
    let book = rule_book(&root().join(model), &mut findings).expect("rules");
    let period = book.head.calendar.period(period).expect("a period");
    calculate(book, period, &mut findings).expect("calculated")
}

#[test]
fn on_the_sample_and_on_oakland_all_parts_add_up_and_agree() {
    for (model, period) in [("rules", "2026-10"), ("examples/oakland", "FY17")] {
        let calculation = period_of(model, period);
        check_both_ways(&Graph::of(&calculation.run()).expect("a graph"), 20);
    }
}

#[test]
fn a_published_run_is_explained_like_the_one_in_memory() {
    let out = tempfile::tempdir().expect("a folder");
    let published = run(&root().join("rules"), "2026-10", out.path(), &[]);
    let text = std::fs::read_to_string(published.join("run.json")).expect("evidence");
    let evidence = Evidence::parse(&text).expect("evidence").to_explain();
    let read = Graph::read(&published, &evidence).expect("a graph");
    let calculation = period_of("rules", "2026-10");
    let of = Graph::of(&calculation.run()).expect("a graph");
    assert_eq!(
        (read.lines.len(), read.origins.len(), read.entries()),
        (of.lines.len(), of.origins.len(), of.entries())
    );
    assert_eq!((&read.lines, &read.columns, &read.dimensions), (&of.lines, &of.columns, &of.dimensions));
    for at in (0..of.lines.len()).step_by(7) {
        assert_eq!(backward_parts(&read, &[at]), backward_parts(&of, &[at]), "line {}", of.lines[at].id);
    }
    // The paths of the largest lines begin with a rule and end where money entered, the same from both.
    let all: Vec<usize> = (0..of.lines.len()).collect();
    let words = |graph: &Graph| -> Vec<Vec<String>> {
        let paths = paths(graph, &all, 5).expect("paths");
        paths.iter().map(|path| path_in_words(graph, &path.hops, path.end.as_ref())).collect()
    };
    assert_eq!(words(&read), words(&of));
    for path in words(&of) {
        let (last, hops) = path.split_last().expect("words");
        assert!(last.contains(" entered from "), "{path:?}");
        assert!(hops.iter().all(|hop| hop.contains(" came by rule ")), "{path:?}");
    }
    assert!(words(&of).iter().any(|path| path.len() >= 3));
}

#[test]
fn one_changed_byte_of_the_data_is_told() {
    let out = tempfile::tempdir().expect("a folder");
    let published = run(&root().join("rules"), "2026-10", out.path(), &[]);
    let steps = published.join("data/steps.csv");
    let text = std::fs::read_to_string(&steps).expect("read").replacen("Landing", "Handing", 1);
    std::fs::write(&steps, text).expect("written");
    let output = showback(&["explain", "--out", &out.path().display().to_string()]);
    let (code, message) = support::outcome(&output);
    assert_eq!(code, Some(3));
    assert!(message.contains("steps.csv is not as the run wrote it"), "{message}");
}

/// What `explain` prints as csv, with its exit code 0.
fn explained(out: &Path, arguments: &[&str]) -> Vec<support::Row> {
    let out = out.display().to_string();
    let mut all = vec!["explain", "--format", "csv", "--out", out.as_str()];
    all.extend(arguments);
    let output = showback(&all);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    csv::Reader::from_reader(output.stdout.as_slice()).deserialize().map(|row| row.expect("a row")).collect()
}

fn sum_of(rows: &[support::Row], what: &[&str]) -> i128 {
    rows.iter().filter(|row| what.contains(&row["what"].as_str())).map(|row| atoms(&row["amount"])).sum()
}

#[test]
fn what_is_printed_adds_up_for_any_figure() {
    let out = tempfile::tempdir().expect("a folder");
    let published = run(&root().join("rules"), "2026-10", out.path(), &[]);
    let charges = support::rows(&published.join("data/charges.csv"));
    let cents = |passes: &dyn Fn(&support::Row) -> bool| -> i128 {
        charges.iter().filter(|row| passes(row)).map(|row| atoms(&row["amount"])).sum()
    };
    let figures: [(&[&str], i128); 4] = [
        (&["--of", "business_unit=Motor Claims"], cents(&|row| row["business_unit"] == "Motor Claims")),
        (
            &["--of", "service=Service Desk", "--of", "pool=Staffing", "--of", "spend=run"],
            cents(&|row| row["service"] == "Service Desk" && row["pool"] == "Staffing" && row["spend"] == "run"),
        ),
        (&["--of", "kind=unallocated"], cents(&|row| row["kind"] == "unallocated")),
        (&["--of", "for_period=2026-09"], cents(&|row| row["for_period"] == "2026-09")),
    ];
    for (arguments, figure) in figures {
        let rows = explained(out.path(), arguments);
        assert_eq!(sum_of(&rows, &["figure"]), figure, "{arguments:?}");
        assert_eq!(sum_of(&rows, &["part", "rest", "rounding"]), figure, "{arguments:?}");
    }
    // A unit is meant by its code too, where the model is at hand.
    let by_code = explained(out.path(), &["--of", "business_unit=CC-4100"]);
    assert_eq!(by_code, explained(out.path(), &["--of", "business_unit=Motor Claims"]));
    // Forward: all of a source, and of a file.
    let opening = support::rows(&published.join("data/opening.csv.gz"));
    let entered: i128 = opening.iter().filter(|row| row["source"] == "licences").map(|row| atoms(&row["amount"])).sum();
    for from in ["source=licences", "file=2026-10/licences.xlsx"] {
        let rows = explained(out.path(), &["--from", from]);
        assert_eq!(sum_of(&rows, &["entered"]), entered);
        assert_eq!(sum_of(&rows, &["pays", "rest", "difference"]), entered);
    }
    // What of a cost is in a figure is what of the figure is from that cost.
    let figure = ["--of", "business_unit=Finance", "--top", "60000"];
    let back = explained(out.path(), &figure);
    let of_licences: i128 = back
        .iter()
        .filter(|row| row["what"] == "part" && row["source"] == "licences")
        .map(|row| atoms(&row["amount"]))
        .sum();
    for top in ["3", "60000"] {
        let both = ["--from", "source=licences", "--of", "business_unit=Finance", "--top", top];
        let rows = explained(out.path(), &both);
        assert_eq!(sum_of(&rows, &["within"]), of_licences);
        assert_eq!(sum_of(&rows, &["pays", "rest"]), of_licences);
        let within = rows.iter().find(|row| row["what"] == "within").expect("a row");
        assert_eq!(within["words"], "business unit Finance · 2026-10");
        let json = explained_json(out.path(), &both);
        assert_eq!(json["of"], "source licences · 2026-10");
        assert_eq!(json["within"]["of"], "business unit Finance · 2026-10");
        assert_eq!(atoms(json["within"]["amount"].as_str().expect("an amount")), of_licences);
    }
}

fn explained_json(out: &Path, arguments: &[&str]) -> serde_json::Value {
    let out = out.display().to_string();
    let output = showback(&[&["explain", "--format", "json", "--out", out.as_str()], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("json")
}

/// At every hop that is followed, what is listed below it and the rest add up to it; gives the most that is listed below any.
fn hops_add_up(hops: &[serde_json::Value], whole: i128) -> usize {
    let amount = |value: &serde_json::Value| atoms(value["amount"].as_str().expect("an amount"));
    let sum: i128 = hops.iter().map(|hop| hop.get("rest").map_or_else(|| amount(hop), amount)).sum();
    assert!((sum - whole).abs() <= 1_000, "{sum} of {whole}");
    let below = hops.iter().filter_map(|hop| {
        let before = hop.get("before")?.as_array().expect("a list");
        (!before.is_empty()).then(|| hops_add_up(before, amount(hop)))
    });
    let listed = hops.iter().filter(|hop| hop.get("rest").is_none()).count();
    below.max().unwrap_or(0).max(listed)
}

#[test]
fn top_limits_the_hops_of_every_format_and_the_rest_is_summed() {
    let out = tempfile::tempdir().expect("a folder");
    run(&root().join("rules"), "2026-10", out.path(), &[]);
    for (top, most) in [("2", 2), ("60000", usize::MAX)] {
        let arguments = ["--of", "business_unit=Motor Claims", "--top", top];
        let json = explained_json(out.path(), &arguments);
        let figure = atoms(json["figure"].as_str().expect("a figure"));
        let rounding = atoms(json["rounding"].as_str().expect("a rounding"));
        let listed = hops_add_up(json["hops"].as_array().expect("hops"), figure - rounding);
        assert!(listed <= most && (listed == 2 || top != "2"), "{listed}");
        let rows = explained(out.path(), &arguments);
        let first: i128 = rows
            .iter()
            .filter(|row| row["depth"] == "1")
            .inspect(|row| assert!(["hop", "entered here", "rest here"].contains(&row["what"].as_str())))
            .map(|row| atoms(&row["amount"]))
            .sum();
        assert!((first - (figure - rounding)).abs() <= 1_000);
    }
}

#[test]
fn forward_names_every_rule_that_moved_the_money() {
    // A's 100 goes half to Shop for C at once and half to B, from there all to Shop for C; B's own 30 goes with it.
    let services = "set = { service = \"{Service}\" }\n[dimensions.business_unit]\nmembers = [\"Shop\", \"Tills\"]\n\
        [drivers.use]\nfile = \"use.csv\"\nfrom = { service = \"Of\" }\nto = { service = \"Service\", business_unit = \"Unit\" }\nquantity = \"Quantity\"\n";
    let rule = |id: &str, more: &str| {
        format!(
            "[[allocate]]\nid = \"{id}\"\nfrom = {{ service = \"{id}\" }}\nto = [\"service\", \"business_unit\"]\nby = \"use\"\n{more}\n"
        )
    };
    let told = |graph: &Graph, service: &str, unit: &str| -> Vec<(String, i128)> {
        let line =
            (0..graph.lines.len()).find(|at| graph.value(&graph.lines[*at], "business_unit") == unit).expect("a line");
        let of_service =
            graph.origins.iter().enumerate().filter(|(_, origin)| graph.member_in(origin.place, "service") == service);
        let origins: Vec<_> = of_service.map(|(at, origin)| (at, origin.amount)).collect();
        let rules = showback::explain::rules_between(graph, &origins, &[line]).expect("rules");
        let cents = |atoms: i128| (atoms + atoms.signum() * ONE / 200) / (ONE / 100);
        rules[0].iter().map(|(rule, amount)| (graph.rules[*rule].id.clone(), cents(amount.atoms()))).collect()
    };
    let files = [
        ("2026-10.csv", "Service,Amount\nA,100.00\nB,30.00\n"),
        ("use.csv", "Of,Service,Unit,Quantity\nA,B,,1\nA,C,Shop,1\nB,C,Shop,1\n"),
    ];
    let graph = by_hand(&format!("{services}{}{}", rule("A", ""), rule("B", "")), &files);
    assert_eq!(told(&graph, "A", "Shop"), [("A".to_owned(), 10_000), ("B".to_owned(), 5_000)]);
    assert_eq!(told(&graph, "B", "Shop"), [("B".to_owned(), 3_000)]);
    // In a loop: A gives 20 % to B and 80 % to Shop, B gives 50 % to A and 50 % to Tills. Of one euro of A, Shop gets 8/9; 0.8 of it
    // when B hands on nothing. Of one euro of B, Shop gets 4/9, all of it by both. Of 900 and 450: 800 with 80 by B, and 200.
    let group = "[group.loop]\nmethod = \"reciprocal\"\n";
    let in_group = "group = \"loop\"";
    let files = [
        ("2026-10.csv", "Service,Amount\nA,900.00\nB,450.00\n"),
        ("use.csv", "Of,Service,Unit,Quantity\nA,B,,20\nA,,Shop,80\nB,A,,7\nB,,Tills,7\n"),
    ];
    let graph = by_hand(&format!("{services}{group}{}{}", rule("A", in_group), rule("B", in_group)), &files);
    assert_eq!(told(&graph, "A", "Shop"), [("A".to_owned(), 80_000), ("B".to_owned(), 8_000)]);
    assert_eq!(told(&graph, "B", "Shop"), [("A".to_owned(), 20_000), ("B".to_owned(), 20_000)]);
}

#[test]
fn rows_lead_to_the_cells_of_the_export() {
    let out = tempfile::tempdir().expect("a folder");
    run(&root().join("rules"), "2026-10", out.path(), &[]);
    let rows = explained(out.path(), &["--of", "service=General Ledger", "--rows", "--top", "60000"]);
    // All of the rows together are the parts of all opening balances.
    let (parts, listed) = (sum_of(&rows, &["part", "rest"]), sum_of(&rows, &["row"]));
    let count = rows.iter().filter(|row| row["what"] == "row").count() as i128;
    assert!(count > 100 && (parts - listed).abs() <= count * 2, "{parts} and {listed} in {count} rows");
    // The money of each row of the licence list is what stands in its cell.
    let ledger = std::fs::read_to_string(root().join("sample-data/2026-10/ledger.csv")).unwrap_or_else(|_| {
        let bytes = std::fs::read(root().join("sample-data/2026-10/ledger.csv")).expect("a file");
        bytes.iter().map(|byte| char::from(*byte)).collect()
    });
    let lines: Vec<&str> = ledger.lines().collect();
    let of_ledger: Vec<_> = rows.iter().filter(|row| row["what"] == "row" && row["source"] == "ledger").collect();
    assert!(!of_ledger.is_empty());
    for row in of_ledger {
        let line = lines[row["row"].parse::<usize>().expect("a number") - 1];
        let cells: Vec<String> = line.split(';').map(|cell| cell.trim_matches('"').replace(',', "")).collect();
        let money = atoms(&row["handed_out"]);
        let is_there = |cell: &String| {
            cell.chars().all(|c| c.is_ascii_digit() || c == '-' || c == '.')
                && cell.contains('.')
                && atoms(cell) == money
        };
        assert!(cells.iter().any(is_there), "{money} in {line}");
    }
}

#[test]
fn rows_have_their_own_texts_where_rules_only_test_them() {
    // Enough lines for several parts of one file, so that most are like lines before them; each has a text of its own.
    let mut bill = "Service,Note,Cost\n".to_owned();
    for row in 2..20_000 {
        let _ = writeln!(bill, "{},\"transfer, {row}\",{row}", if row % 3 == 0 { "Mail" } else { "Chat" });
    }
    let rules = r#"
[model]
name = "Notes"
currency = "EUR"
complete = []
charges = { by = ["service", "pool"] }
[sources.bill]
files = "{period}.csv"
columns = { cost = "Cost" }
set = { service = "{Service}", pool = "Other" }
[[classify]]
id = "network"
where = { Note = "*transfer*" }
set = { pool = "Network" }
"#;
    let folder = tempfile::tempdir().expect("a folder");
    write_model(folder.path(), &[("model.toml", rules), ("2026-10.csv", &bill)]);
    let out = folder.path().join("out");
    run(folder.path(), "2026-10", &out, &[]);
    let model = folder.path().display().to_string();
    let json = explained_json(&out, &[&model, "--of", "service=Mail", "--rows", "--top", "3"]);
    let rows = json["rows"]["largest"].as_array().expect("rows");
    let told: Vec<String> =
        rows.iter().take(3).map(|row| format!("{} {}", row["row"], row["columns"]["Note"])).collect();
    // The numbers up to 19,999 that three divides, from above.
    assert_eq!(told, [19_998, 19_995, 19_992].map(|row| format!("{row} \"transfer, {row}\"")));
}

/// The sample in a folder of its own, so that files of it may be changed.
fn copy_of_sample(folder: &Path) {
    for name in ["rules", "sample-data"] {
        support::copy_folder(&root().join(name), &folder.join(name));
    }
}

#[test]
fn a_changed_export_ends_at_its_opening_balances_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    copy_of_sample(folder.path());
    let (model, out) = (folder.path().join("rules"), folder.path().join("out"));
    run(&model, "2026-10", &out, &[]);
    let model = model.display().to_string();
    let arguments = [model.as_str(), "--of", "service=Service Desk", "--rows", "--top", "60000"];
    let before = explained(&out, &arguments);
    let ledger = folder.path().join("sample-data/2026-10/ledger.csv");
    let mut bytes = std::fs::read(&ledger).expect("read");
    bytes.push(b'\n');
    std::fs::write(&ledger, bytes).expect("written");
    std::fs::remove_file(folder.path().join("sample-data/2026-10/timesheets.csv")).expect("removed");
    let after = explained(&out, &arguments);
    let of = |rows: &[support::Row], what: &str, source: &str| {
        rows.iter().filter(|row| row["what"] == what && row["source"] == source).count()
    };
    assert!(of(&before, "row", "ledger") > 0 && of(&before, "row", "staff") > 0);
    assert_eq!((of(&after, "row", "ledger"), of(&after, "row", "staff")), (0, 0));
    assert_eq!(of(&after, "row", "licences"), of(&before, "row", "licences"));
    assert_eq!(sum_of(&after, &["part", "rest"]), sum_of(&before, &["part", "rest"]));
    let not_listed: Vec<&str> =
        after.iter().filter(|row| row["what"] == "not listed").map(|row| row["file"].as_str()).collect();
    assert_eq!(not_listed, ["2026-10/ledger.csv", "2026-10/timesheets.csv"]);
}

#[test]
fn a_row_tells_which_rule_said_what_and_which_nearly_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = format!(
        "{HEAD}set = {{ pool = \"IT\" }}\n[dimensions.business_unit]\nmembers = [\"Shop\", \"Till\"]\n\
         [[classify]]\nid = \"desk\"\nwhere = {{ Vendor = \"Desk*\", Team = \"A\" }}\nset = {{ service = \"Desk\" }}\n\
         [[classify]]\nid = \"team-a\"\nwhy = \"Team A works for the shop\"\nwhere = {{ Team = \"A\" }}\nset = {{ service = \"Other\", business_unit = \"Shop\" }}\n\
         [[classify]]\nid = \"team-b\"\nwhere = {{ Vendor = \"Desk*\", Team = \"B\" }}\nset = {{ service = \"Desk B\" }}\n\
         [[classify]]\nid = \"neither\"\nwhere = {{ Vendor = \"Net*\", Team = \"B\" }}\nset = {{ service = \"Net\" }}\n"
    );
    let csv = "Vendor,Team,Amount\nNetco,B,1.00\nDesk Ltd,A,40.00\nDesk Ltd,A,2.50\n";
    write_model(folder.path(), &[("model.toml", &model), ("2026-10.csv", csv)]);
    let out = folder.path().join("out");
    run(folder.path(), "2026-10", &out, &[]);
    let model = folder.path().display().to_string();
    let rows = explained(&out, &[model.as_str(), "--row", "2026-10.csv:3"]);
    let told: Vec<(&str, &str, &str)> = rows
        .iter()
        .filter(|row| ["set", "nearly"].contains(&row["what"].as_str()))
        .map(|row| (row["what"].as_str(), row["rule"].as_str(), row["words"].as_str()))
        .collect();
    let expected = [
        ("set", "desk", "service = Desk"),
        ("nearly", "team-a", "would say service = Other, but `desk` comes before it and has said it"),
        ("set", "team-a", "business_unit = Shop"),
        ("nearly", "team-b", "all but one condition hold: Team is `A`, expected Team = B"),
        ("set", "sources.bills", "pool = IT"),
    ];
    assert_eq!(told, expected);
    // The row is 40.00 of a balance of 42.50, and Shop pays for it.
    let paid: Vec<&str> = rows.iter().filter(|row| row["what"] == "pays").map(|row| row["amount"].as_str()).collect();
    assert_eq!(paid, ["40"]);
    let output = showback(&["explain", &model, "--out", &out.display().to_string(), "--row", "2026-10.csv:9"]);
    assert_eq!(support::outcome(&output), (Some(2), "error: `2026-10.csv` has no row 9\n".to_owned()));
}

#[test]
fn names_that_are_not_there_get_the_nearest() {
    let out = tempfile::tempdir().expect("a folder");
    run(&root().join("rules"), "2026-10", out.path(), &[]);
    let out = out.path().display().to_string();
    for (arguments, told) in [
        (["--of", "business_unit=Motor Claim"], "did you mean `Motor Claims`?"),
        (["--of", "servce=CRM"], "did you mean `service`?"),
        (["--from", "file=2026-10/ledgr.csv"], "did you mean `2026-10/ledger.csv`?"),
        (["--of", "Motor Claims"], "write it as in business_unit=Retail"),
        (["--period", "2026-01"], "published are `2026-10`"),
        (["--of", "period=2026-01"], "published are `2026-10`"),
        (["--of", "tower=Storage"], "who pays for money of a tower says `--from tower=NAME`"),
        (["no-model", "--of=service=CRM"], "there is no model.toml in `no-model`"),
    ] {
        let mut all = vec!["explain", "--out", out.as_str()];
        all.extend(arguments);
        let (code, message) = support::outcome(&showback(&all));
        assert!(code == Some(2) && message.contains(told), "{arguments:?}: {message}");
    }
}

#[test]
fn the_readme_shows_what_is_printed() {
    let page = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let block = page.split("```text\n$ showback ").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let (command, shown) = block.split_once('\n').expect("a command");
    // Words in quotes are one argument.
    let arguments: Vec<&str> = command
        .split('"')
        .enumerate()
        .flat_map(|(at, text)| if at % 2 == 1 { vec![text] } else { text.split_whitespace().collect() })
        .collect();
    let out = tempfile::tempdir().expect("a folder");
    run(&root().join("rules"), "2026-10", out.path(), &[]);
    let out = out.path().display().to_string();
    let mut all = arguments;
    all.extend(["--out", out.as_str()]);
    let output = showback(&all);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), shown.trim_end());
}

#[test]
fn without_a_period_the_actuals_are_asked_and_a_plan_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = root().join("rules").display().to_string();
    let out = folder.path().display().to_string();
    for more in [vec![], vec!["--plan", "budget-FY27"]] {
        let output = showback(
            &[&["run", &model, "--period", "2026-10", "--out", &out, "--alone", "--quiet"], &more[..]].concat(),
        );
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let said = |arguments: &[&str]| {
        let output =
            showback(&[&["explain", &model, "--out", &out, "--of", "business_unit=Finance"], arguments].concat());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(said(&[]).contains("business unit Finance · 2026-10:"), "{}", said(&[]));
    let planned = said(&["--period", "2026-10@budget-FY27"]);
    assert!(planned.contains("business unit Finance · 2026-10@budget-FY27:"), "{planned}");
}
