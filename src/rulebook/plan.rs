//! Plans: the rule book of a budget or a forecast, and what is wanted beside a run.

use std::collections::BTreeMap;

use super::{DriverOrigin, RuleBook};
use crate::finding::Named;

/// What stands beside a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BesideKind {
    /// The period before.
    Previous,
    /// The period of the same number in the fiscal year before.
    LastYear,
    /// The periods of the fiscal year up to and with this one.
    YearToDate,
    /// The same period of a plan.
    Plan,
    /// The periods of the fiscal year up to and with this one, of a plan.
    PlanToDate,
}

/// What a source or driver says about plans.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// The plan it is part of; none means actuals.
    pub plan: Option<Named>,
    /// The source or driver of the actuals whose place it takes in the plan.
    pub in_place_of: Option<Named>,
}

impl RuleBook {
    /// All plans that a source or driver is part of, by name.
    #[must_use]
    pub fn plans(&self) -> Vec<&Named> {
        let sources = self.sources.iter().map(|source| &source.planned);
        let drivers = self.drivers.iter().map(|driver| &driver.planned);
        let mut plans: BTreeMap<&str, &Named> = BTreeMap::new();
        for plan in sources.chain(drivers).filter_map(|planned| planned.plan.as_ref()) {
            plans.entry(&plan.name).or_insert(plan);
        }
        plans.into_values().collect()
    }

    /// The rule book with the sources and drivers of one plan, or of the actuals.
    ///
    /// A plan has its own sources; of the drivers it has its own and those of the actuals that it does not replace. What
    /// stands in place of another takes its name, so that rules find it.
    #[must_use]
    pub fn of_plan(mut self, plan: Option<&str>) -> RuleBook {
        let of = |planned: &Planned| planned.plan.as_ref().map(|plan| plan.name.as_str()) == plan;
        self.sources.retain(|source| of(&source.planned));
        let replaced: Vec<String> = self
            .drivers
            .iter()
            .filter(|driver| of(&driver.planned))
            .filter_map(|driver| driver.planned.in_place_of.as_ref().map(|name| name.name.clone()))
            .collect();
        self.drivers.retain(|driver| {
            of(&driver.planned) || (driver.planned.plan.is_none() && !replaced.contains(&driver.name))
        });
        let mut renamed: BTreeMap<String, String> = BTreeMap::new();
        for source in &mut self.sources {
            if let Some(name) = source.planned.in_place_of.take() {
                renamed.insert(std::mem::replace(&mut source.name, name.name.clone()), name.name);
            }
        }
        let rename = |name: &mut Named| {
            if let Some(new) = renamed.get(&name.name) {
                name.name.clone_from(new);
            }
        };
        self.classify.iter_mut().flat_map(|rule| &mut rule.sources).for_each(rename);
        for driver in &mut self.drivers {
            if let Some(name) = driver.planned.in_place_of.take() {
                driver.name = name.name;
            }
            if let DriverOrigin::Lines(lines) = &mut driver.origin {
                rename(&mut lines.source);
            }
        }
        self.plan = plan.map(str::to_owned);
        self
    }
}
