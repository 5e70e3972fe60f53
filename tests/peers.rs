//! Golden tests of cloud-cost-allocation (Amadeus, <https://github.com/AmadeusITGroup/cloud-cost-allocation>, tests/)
//! that are not of the shape of `tests/cases/`: figures of its files, in rules of ours.

mod support;

use std::fmt::Write;

use support::{atoms, rows, run, sums, write_model};

/// Final cost by service.
fn final_costs(services: &[&str], bill: &str, rules: &str) -> Vec<(String, i128)> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut portfolio = String::from("Service,unit\n");
    for service in services {
        let _ = writeln!(portfolio, "{service},{service}");
    }
    let units: Vec<String> = services.iter().map(|service| format!("{service:?}")).collect();
    let model = format!(
        "[model]\nname = \"Peer\"\ncurrency = \"EUR\"\ndata = \"data\"\n\n[dimensions.business_unit]\nmembers = [{}]\n\n\
         [dimensions.service]\nmembers = {{ file = \"portfolio.csv\", name = \"Service\" }}\n\n[dimensions.product]\n\n\
         [sources.bill]\nfiles = \"{{period}}.csv\"\ncolumns = {{ cost = \"Cost\" }}\n\
         set = {{ service = \"{{Service}}\", product = \"{{Tag}}\" }}\n\n{rules}\n\
         [[allocate]]\nid = \"final\"\nfrom = {{ service = \"*\" }}\nto = \"business_unit\"\nby = {{ attribute = \"service.unit\" }}\n",
        units.join(", ")
    );
    write_model(
        folder.path(),
        &[("model.toml", &model), ("data/portfolio.csv", &portfolio), ("data/2026-10.csv", bill)],
    );
    let published = run(folder.path(), "2026-10", &folder.path().join("out"), &[]);
    let charges = rows(&published.join("data/charges.csv"));
    sums(&charges, &["business_unit"], "amount", |_| true).into_iter().map(|(key, sum)| (key[0].clone(), sum)).collect()
}

fn euros(expected: &[(&str, &str)]) -> Vec<(String, i128)> {
    expected.iter().map(|(service, amount)| ((*service).to_owned(), atoms(amount))).collect()
}

/// test2: cost that was tagged with a consumer's product follows the product, the rest goes by keys.
/// Untagged money of application2 is 1,000 + 110; 6/20 of it is 333, with 660 tagged for its own product 993.
#[test]
fn products_carry_cost_to_the_consumers_that_bought_them() {
    let services = ["a1", "a2", "a3", "a4", "a5", "a6", "a7"];
    let bill = "Service,Tag,Cost\na1,,10\na2,,1000\na3,x,2\na3,y,60\na3,z,600\na3,,140\na4,,110\na5,,7\n";
    let rules = r#"
[[allocate]]
id = "a3-untagged"
from = { service = "a3", product = "" }
to = "product"
by = { shares = { x = 2, y = 6, z = 6 } }

[[allocate]]
id = "a3-and-a4-serve-a2"
from = { service = ["a3", "a4"] }
to = { service = "a2" }

[[allocate]]
id = "a2-untagged"
from = { service = "a2", product = "" }
to = "product"
by = { shares = { x = 2, y = 12, z = 6 } }

[[allocate]]
id = "a2-serves-a1"
from = { service = "a2", product = ["x", "y"] }
to = { service = "a1" }

[[allocate]]
id = "a5"
from = { service = "a5" }
to = "service"
by = { shares = { a5 = 4, a6 = 3 } }

[[allocate]]
id = "a6"
from = { service = "a6" }
to = { service = "a7" }
"#;
    let expected = euros(&[("a1", "929"), ("a2", "993"), ("a5", "4"), ("a7", "3")]);
    assert_eq!(final_costs(&services, bill, rules), expected);
}

/// test4: selectors that are no partition share evenly, then each by its keys.
#[test]
fn selectors_that_overlap_share_evenly() {
    let services = ["s1", "s2", "a1", "a2", "a3", "a7", "a8", "a9"];
    let bill = "Service,Tag,Cost\ns1,,100\ns1,,100\ns1,,10\ns2,,100\ns2,,100\ns2,,10\n";
    let mut rules =
        String::from("[[allocate]]\nid = \"selectors\"\nto = \"product\"\nby = { shares = { one = 1, two = 1 } }\n\n");
    for (shared, [a, b, c]) in [("s1", ["a1", "a2", "a3"]), ("s2", ["a7", "a8", "a9"])] {
        let _ = write!(
            rules,
            "[[allocate]]\nid = \"{shared}-one\"\nfrom = {{ service = \"{shared}\", product = \"one\" }}\nto = \"service\"\n\
             by = {{ shares = {{ {a} = 2, {b} = 8 }} }}\n\n\
             [[allocate]]\nid = \"{shared}-two\"\nfrom = {{ service = \"{shared}\", product = \"two\" }}\nto = {{ service = \"{c}\" }}\n\n"
        );
    }
    let expected = euros(&[("a1", "21"), ("a2", "84"), ("a3", "105"), ("a7", "21"), ("a8", "84"), ("a9", "105")]);
    assert_eq!(final_costs(&services, bill, &rules), expected);
}

/// test11: whatever the products, one consumer bears it all.
#[test]
fn one_consumer_bears_all() {
    let rules = "[[allocate]]\nid = \"s1\"\nfrom = { service = \"s1\" }\nto = { service = \"s2\" }\n";
    assert_eq!(final_costs(&["s1", "s2"], "Service,Tag,Cost\ns1,,100\n", rules), euros(&[("s2", "100")]));
}
