//! Methods side by side: the same money, settled by each method in turn.

use crate::allocation;
use crate::finding::Findings;
use crate::model::Model;
use crate::reports::Run;
use crate::rounding::{self, Charges};
use crate::rulebook::{Method, Order, Settlement};

/// Charge lines as they would be by one method.
#[derive(Clone, Debug)]
pub struct ByMethod {
    /// What people call it.
    pub name: &'static str,
    /// The charge lines; or why there are none, in the words of the first mistake.
    pub charges: Result<Charges, String>,
}

/// The methods, with the settlement each means. An order that the rules declare is kept.
const METHODS: [(&str, Method, bool); 4] = [
    ("direct", Method::Direct, false),
    ("step-down", Method::StepDown, false),
    ("ranked", Method::StepDown, true),
    ("reciprocal", Method::Reciprocal { keeps_self_use: false }, false),
];

/// Allocates the opening balances of a run by each method: rules and groups that have one get it, rules without stay as they
/// are. The run's own charge lines come first, as written.
#[must_use]
pub fn by_each(run: &Run<'_>) -> Vec<ByMethod> {
    let mut all = vec![ByMethod { name: "as written", charges: Ok(run.charges.clone()) }];
    if settlements(&mut run.model.clone()).next().is_none() {
        return all;
    }
    for (name, method, is_ranked) in METHODS {
        let mut model = run.model.clone();
        for settlement in settlements(&mut model) {
            settlement.method = method;
            settlement.order = match (&settlement.order, is_ranked) {
                (_, true) => Order::Ranked,
                (Order::Ranked, false) => Order::Rules,
                (order, false) => order.clone(),
            };
        }
        let mut findings = Findings::new();
        let charges = match allocation::allocate(&model, run.opening, &mut findings) {
            Ok(ledger) => rounding::round(&model, &ledger).map_err(|overflow| overflow.to_string()),
            Err(allocation::Fault::Imbalance(imbalance)) => Err(imbalance.to_string()),
            Err(allocation::Fault::Refused) => Err(findings.first_error().unwrap_or_default().to_owned()),
        };
        all.push(ByMethod { name, charges });
    }
    all
}

fn settlements(model: &mut Model) -> impl Iterator<Item = &mut Settlement> {
    let of_rules = model.book.allocate.iter_mut().filter_map(|rule| rule.settlement.as_mut());
    of_rules.chain(model.book.groups.values_mut().map(|group| &mut group.settlement))
}
