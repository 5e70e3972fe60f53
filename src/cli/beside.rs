//! What stands beside a run: the same rules over earlier periods and over plans.

use std::collections::BTreeMap;

use super::pipeline::{self, Calculation};
use crate::beside::{Beside, BesideKind, BesideLine, by_name, to_date};
use crate::files::Inputs;
use crate::finding::{Finding, Findings, Place, Severity};
use crate::period::{Calendar, Period};
use crate::rulebook::RuleBook;

/// A finished calculation as far as it is needed beside others, or why there is none.
type Outcome = Result<(Vec<BesideLine>, Inputs), String>;

/// Calculations that were made, by period and plan, so that none is made twice in one command.
#[derive(Debug, Default)]
pub struct Made(BTreeMap<(String, Option<String>), Outcome>);

impl Made {
    /// Keeps a calculation, for runs of later periods.
    pub fn keep(&mut self, calculation: &Calculation) {
        let model = &calculation.model;
        let lines = by_name(model, &calculation.charges);
        let inputs = calculation.inputs.clone();
        self.0.insert((model.period.name.clone(), model.book.plan.clone()), Ok((lines, inputs)));
    }

    fn of(&mut self, book: &RuleBook, period: &Period, plan: Option<&str>) -> &Outcome {
        self.0
            .entry((period.name.clone(), plan.map(str::to_owned)))
            .or_insert_with(|| calculated(book.clone().of_plan(plan), period.clone()))
    }
}

/// Calculates what stands beside a run and puts it there. What cannot be calculated is a note.
pub fn put_beside(book: &RuleBook, calculation: &mut Calculation, made: &mut Made, findings: &mut Findings) {
    made.keep(calculation);
    let calendar = book.head.calendar;
    let period = calculation.model.period.clone();
    let plan = calculation.model.book.plan.clone();
    let mut wanted: Vec<(BesideKind, String, Vec<Period>, Option<String>)> = Vec::new();
    for kind in &book.head.beside {
        match kind {
            BesideKind::Previous => {
                let earlier = calendar.previous(&period);
                wanted.extend(earlier.map(|p| (*kind, p.name.clone(), vec![p], plan.clone())));
            }
            BesideKind::LastYear => {
                let earlier = calendar.periods_of_year(period.year - 1).into_iter().find(|p| p.number == period.number);
                wanted.extend(earlier.map(|p| (*kind, p.name.clone(), vec![p], plan.clone())));
            }
            BesideKind::YearToDate => {
                let name = format!("{} to {}", Calendar::year_name(period.year), period.name);
                wanted.push((*kind, name, calendar.to_date(&period), plan.clone()));
            }
            // Plans stand beside actuals, not beside each other.
            BesideKind::Plan if plan.is_none() => {
                let plans = book.head.plans.iter().cloned();
                wanted.extend(plans.map(|name| (*kind, name.clone(), vec![period.clone()], Some(name))));
            }
            BesideKind::PlanToDate if plan.is_none() => {
                let plans = book.head.plans.iter().cloned();
                wanted.extend(plans.map(|name| (*kind, to_date(&name), calendar.to_date(&period), Some(name))));
            }
            BesideKind::Plan | BesideKind::PlanToDate => {}
        }
    }
    for (kind, name, periods, plan) in wanted {
        let mut parts = Vec::new();
        let mut inputs = Vec::new();
        let missing = periods.iter().find_map(|part| match made.of(book, part, plan.as_deref()) {
            Ok((lines, read)) => {
                parts.push(lines.clone());
                inputs.push(read.clone());
                None
            }
            Err(why) => Some(if part.name == name { why.clone() } else { format!("{}: {why}", part.name) }),
        });
        if let Some(why) = missing {
            let title = format!("{name} does not stand beside {}: {why}", period.name);
            findings.push(
                Finding::note("not-beside", Place::Run, title)
                    .help("its columns are empty; bring its files, or say in [model] beside = […] what is wanted"),
            );
            continue;
        }
        for read in inputs {
            calculation.inputs.0.extend(read.0);
        }
        calculation.beside.push(Beside::of(kind, name, &parts));
    }
}

/// Calculates a period that is not published.
fn calculated(book: RuleBook, period: Period) -> Outcome {
    let mut findings = Findings::new();
    match pipeline::calculate(book, period, &mut findings) {
        Ok(calculation) if calculation.read.totals.iter().all(|totals| totals.taken.lines == 0) => {
            Err("it has no cost line".to_owned())
        }
        Ok(calculation) => Ok((by_name(&calculation.model, &calculation.charges), calculation.inputs)),
        Err(_) => {
            let error = findings.iter().find(|finding| finding.severity == Severity::Error);
            Err(error.map_or_else(|| "it cannot be calculated".to_owned(), |error| error.title.clone()))
        }
    }
}
