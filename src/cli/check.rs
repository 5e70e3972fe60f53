//! `showback check`: everything `run` does, but for the writing.

use super::args::Plan;
use super::{Failure, Outcome, fail, pipeline, progress, report, say};
use crate::finding::{Findings, Severity};
use crate::journal::Journal;
use crate::reports::summary;
use crate::writers::terminal;

/// Checks all wanted periods.
pub(super) fn check(plan: &Plan) -> Outcome {
    let mut findings = Findings::new();
    match check_all(plan, &mut findings) {
        Ok(outcome) => outcome,
        Err(failure) => {
            report(&findings, plan.view);
            fail(&failure)
        }
    }
}

fn check_all(plan: &Plan, findings: &mut Findings) -> Result<Outcome, Failure> {
    let book = pipeline::rule_book(&plan.model, findings)?;
    let book = pipeline::of_plan(book, plan.budget.as_deref())?;
    let mut worst = Outcome::Done;
    let mut last = None;
    for period in pipeline::periods(&book, &plan.period)? {
        let mut of_period = findings.clone();
        let progress = progress::start(plan.view, &format!("{} · reading and allocating", period.name));
        let result = pipeline::calculate(book.clone(), period, &mut of_period).and_then(|calculation| {
            Journal::of(&calculation.run(), &mut of_period);
            if of_period.has_errors() { Err(Failure::Refused) } else { Ok(calculation) }
        });
        progress.finish_and_clear();
        let calculation = match result {
            Ok(calculation) => calculation,
            Err(failure) => {
                *findings = of_period;
                return Err(failure);
            }
        };
        report(&of_period, plan.view);
        let run = calculation.run();
        if plan.view.json {
            say(&terminal::sources_json(&run))?;
        } else if !plan.view.quiet {
            say(&terminal::sources(&run))?;
            say(&terminal::what_is_left(&run, &summary(&run)))?;
        }
        worst = worst.max(if of_period.count(Severity::Attention) > 0 { Outcome::Look } else { Outcome::Done });
        last = Some(calculation);
    }
    // The process ends next. To take a large calculation apart, piece by piece, would only make it end later.
    std::mem::forget(last);
    Ok(worst)
}
