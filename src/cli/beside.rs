//! What stands beside a run: the same rules over earlier periods and over plans.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Failure;
use super::pipeline::{self, Calculation};
use crate::beside::{Beside, BesideKind, BesideLine, SpendOf, by_name, to_date};
use crate::classify::Opening;
use crate::compare::{Comparison, Crossed, Side};
use crate::files::Inputs;
use crate::finding::{Finding, Findings, Place, Severity};
use crate::model::Model;
use crate::period::{Calendar, Period};
use crate::rounding::Charges;
use crate::rulebook::{Head, RuleBook, SPEND};

/// Entries up to which the movement since the period before is split into causes. Each cause allocates everything twice more;
/// with as many entries as this all of them together take about a second.
const SPLIT_ENTRIES_MAX: usize = 250_000;

/// A finished calculation as far as it is needed beside others, or why there is none.
type Outcome = Result<(Vec<BesideLine>, Inputs), String>;

/// Calculations that were made, by period and plan, so that none is made twice in one command.
#[derive(Debug, Default)]
pub struct Made {
    outcomes: BTreeMap<(String, Option<String>), Outcome>,
    /// The one that was made last, with what causes are worked out from.
    last: Option<Box<Earlier>>,
}

/// What of a calculation the causes of a movement are worked out from.
#[derive(Debug)]
struct Earlier {
    model: Model,
    opening: Opening,
    charges: Charges,
}

impl Earlier {
    fn of(calculation: Calculation) -> Box<Earlier> {
        let Calculation { model, opening, charges, .. } = calculation;
        Box::new(Earlier { model, opening, charges })
    }

    fn side(&self) -> Side<'_> {
        side(&self.model, &self.opening, &self.charges)
    }
}

/// One of two runs by the same rules.
fn side<'r>(model: &'r Model, opening: &'r Opening, charges: &'r Charges) -> Side<'r> {
    Side { label: model.period.name.clone(), model, opening, charges, crossed: Crossed::Same }
}

impl Made {
    /// Keeps a calculation that was published, for runs of later periods.
    pub fn keep(&mut self, calculation: Calculation) {
        self.last = Some(Earlier::of(calculation));
    }

    fn keep_lines(&mut self, calculation: &Calculation) {
        let Calculation { model, charges, inputs, .. } = calculation;
        let key = (model.period.name.clone(), model.book.plan.clone());
        self.outcomes.insert(key, Ok((by_name(model, charges), inputs.clone())));
    }

    fn of(&mut self, book: &RuleBook, period: &Period, plan: Option<&str>) -> &Outcome {
        self.outcomes.entry((period.name.clone(), plan.map(str::to_owned))).or_insert_with(|| {
            let calculation = calculated(book, period, plan)?;
            Ok((by_name(&calculation.model, &calculation.charges), calculation.inputs))
        })
    }

    /// A calculation with what causes are worked out from. `None` when it cannot be made.
    fn earlier(&mut self, book: &RuleBook, period: &Period, plan: Option<&str>) -> Option<&Earlier> {
        let is_wanted = |made: &Earlier| made.model.period == *period && made.model.book.plan.as_deref() == plan;
        let key = (period.name.clone(), plan.map(str::to_owned));
        if self.outcomes.get(&key).is_some_and(Result::is_err) {
            return None;
        }
        if !self.last.as_deref().is_some_and(is_wanted) {
            match calculated(book, period, plan) {
                Ok(calculation) => {
                    self.keep_lines(&calculation);
                    self.last = Some(Earlier::of(calculation));
                }
                Err(why) => {
                    self.outcomes.insert(key, Err(why));
                    return None;
                }
            }
        }
        self.last.as_deref()
    }

    /// Makes what will stand beside a period, one after another and as far as it can be made, until it is no longer
    /// wanted.
    fn prepare(&mut self, book: &RuleBook, period: &Period, plan: Option<&str>, is_wanted: impl Fn() -> bool) {
        let calendar = book.head.calendar;
        if book.head.beside.contains(&BesideKind::Previous)
            && let Some(before) = calendar.previous(period)
            && is_wanted()
        {
            self.earlier(book, &before, plan);
        }
        for wanted in wanted(book, period, plan) {
            let plan_of_part = wanted.plan.as_deref();
            let others = wanted.periods.iter().filter(|part| *part != period || plan_of_part != plan);
            for part in others {
                if !is_wanted() || self.of(book, part, plan_of_part).is_err() {
                    break;
                }
            }
        }
        let mut last = period.clone();
        for _ in 1..periods_of_trend(&book.head) {
            let Some(before) = calendar.previous(&last) else { break };
            if !is_wanted() || self.of(book, &before, plan).is_err() {
                break;
            }
            last = before;
        }
    }
}

/// Calculates a period, and at the same time what stands beside it. What of that cannot be calculated is a note.
///
/// # Errors
/// Those of [`pipeline::calculate`] for the period itself.
pub fn calculate(
    whole: &RuleBook,
    book: RuleBook,
    period: Period,
    made: &mut Made,
    findings: &mut Findings,
) -> Result<Calculation, Failure> {
    let plan = book.plan.clone();
    let is_refused = AtomicBool::new(false);
    let of_beside = period.clone();
    // One of the others at a time: no more than two calculations are in memory.
    let (calculation, ()) = rayon::join(
        || {
            let calculation = pipeline::calculate(book, period, findings);
            is_refused.store(calculation.is_err(), Ordering::Relaxed);
            calculation
        },
        || made.prepare(whole, &of_beside, plan.as_deref(), || !is_refused.load(Ordering::Relaxed)),
    );
    let mut calculation = calculation?;
    put_beside(whole, &mut calculation, made, findings);
    Ok(calculation)
}

/// What is wanted beside a run.
struct Wanted {
    kind: BesideKind,
    name: String,
    periods: Vec<Period>,
    plan: Option<String>,
}

/// What is wanted beside a period of a plan or of the actuals, in the order of the declaration.
fn wanted(book: &RuleBook, period: &Period, plan: Option<&str>) -> Vec<Wanted> {
    let calendar = book.head.calendar;
    let plan = plan.map(str::to_owned);
    let mut wanted = Vec::new();
    for kind in &book.head.beside {
        let mut want = |name: String, periods: Vec<Period>, plan: Option<String>| {
            wanted.push(Wanted { kind: *kind, name, periods, plan });
        };
        let plans = || book.head.plans.iter().filter(|_| plan.is_none()).cloned();
        match kind {
            BesideKind::Previous => {
                let earlier = calendar.previous(period);
                if let Some(earlier) = earlier {
                    want(earlier.name.clone(), vec![earlier], plan.clone());
                }
            }
            BesideKind::LastYear => {
                let earlier = calendar.periods_of_year(period.year - 1).into_iter().find(|p| p.number == period.number);
                if let Some(earlier) = earlier {
                    want(earlier.name.clone(), vec![earlier], plan.clone());
                }
            }
            BesideKind::YearToDate => {
                let name = format!("{} to {}", Calendar::year_name(period.year), period.name);
                want(name, calendar.to_date(period), plan.clone());
            }
            // Plans stand beside actuals, not beside each other.
            BesideKind::Plan => plans().for_each(|name| want(name.clone(), vec![period.clone()], Some(name))),
            BesideKind::PlanToDate => {
                plans().for_each(|name| want(to_date(&name), calendar.to_date(period), Some(name)));
            }
        }
    }
    wanted
}

/// Puts what was made beside a run, and makes what is missing.
fn put_beside(book: &RuleBook, calculation: &mut Calculation, made: &mut Made, findings: &mut Findings) {
    made.keep_lines(calculation);
    if book.head.beside.contains(&BesideKind::Previous) {
        calculation.moved = moved(book, calculation, made, findings);
    }
    put_trend(book, calculation, made, findings);
    let period = calculation.model.period.clone();
    let plan = calculation.model.book.plan.clone();
    for Wanted { kind, name, periods, plan } in wanted(book, &period, plan.as_deref()) {
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

/// Periods of run, grow and transform, the run's own among them: as many as are declared, or two where the period before
/// stands beside the run anyway.
fn periods_of_trend(head: &Head) -> u32 {
    if !head.charges_by.contains(&SPEND) {
        return 1;
    }
    head.trend.unwrap_or(if head.beside.contains(&BesideKind::Previous) { 2 } else { 1 })
}

/// Puts run, grow and transform of the periods before a run beside it.
fn put_trend(book: &RuleBook, calculation: &mut Calculation, made: &mut Made, findings: &mut Findings) {
    let head = &book.head;
    let Some(spend) = head.charges_by.iter().position(|dimension| *dimension == SPEND) else { return };
    let plan = calculation.model.book.plan.clone();
    let mut last = calculation.model.period.clone();
    for _ in 1..periods_of_trend(head) {
        let Some(before) = head.calendar.previous(&last) else { break };
        match made.of(book, &before, plan.as_deref()) {
            Ok((lines, inputs)) => {
                calculation.trend.push(SpendOf::of(before.name.clone(), lines, spend));
                calculation.inputs.0.extend(inputs.0.clone());
            }
            Err(why) => {
                if head.trend.is_some() {
                    let title = format!("the trend begins in {}: {} has none, {why}", last.name, before.name);
                    let help = "bring its files, or say in [model] trend = … how many periods it should have";
                    findings.push(Finding::note("short-trend", Place::Run, title).help(help));
                }
                break;
            }
        }
        last = before;
    }
    calculation.trend.reverse();
}

/// The movement since the period before, split into causes.
fn moved(book: &RuleBook, calculation: &Calculation, made: &mut Made, findings: &mut Findings) -> Option<Comparison> {
    let Calculation { model, opening, charges, ledger, .. } = calculation;
    let before = book.head.calendar.previous(&model.period)?;
    let entries: usize = ledger.postings.iter().map(|posting| posting.parts.len()).sum();
    if entries > SPLIT_ENTRIES_MAX {
        let title = format!("the movement since {} is not split into its causes: the run is too large", before.name);
        let help =
            format!("`showback compare {} {}` does it, and takes longer than the run", before.name, model.period.name);
        findings.push(Finding::note("not-split", Place::Run, title).help(help));
        made.last = None;
        return None;
    }
    let earlier = made.earlier(book, &before, model.book.plan.as_deref())?;
    Some(Comparison::of(&earlier.side(), &side(model, opening, charges)))
}

/// Calculates a period that is not published.
fn calculated(book: &RuleBook, period: &Period, plan: Option<&str>) -> Result<Calculation, String> {
    let mut findings = Findings::new();
    match pipeline::calculate(book.clone().of_plan(plan), period.clone(), &mut findings) {
        Ok(calculation) if calculation.read.totals.iter().all(|totals| totals.taken.lines == 0) => {
            Err("it has no cost line".to_owned())
        }
        Ok(calculation) => Ok(calculation),
        Err(_) => {
            let error = findings.iter().find(|finding| finding.severity == Severity::Error);
            Err(error.map_or_else(|| "it cannot be calculated".to_owned(), |error| error.title.clone()))
        }
    }
}
