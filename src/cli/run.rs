//! `showback run`: the main job.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::args::{Plan, View};
use super::beside::{Made, put_beside};
use super::pipeline::{self, Calculation};
use super::{Failure, Outcome, complain, fail, progress, report, say};
use crate::explain::{Fault, Graph};
use crate::finding::{Finding, Findings, Place, Severity};
use crate::journal::Journal;
use crate::methods;
use crate::reports::{self, CausesBy, Crossings, Run, Summary, Table, summary};
use crate::rulebook::BUSINESS_UNIT;
use crate::writers::publish::Output;
use crate::writers::{evidence, file_stem, journal, page, statement, tables, terminal, workbook};

/// What a run may be asked for beside the plain calculation. It is written into the evidence, so that `verify` can ask for
/// the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Settle the groups by each method, and show them side by side.
    pub(super) compare_methods: bool,
    /// Put nothing beside the run.
    pub(super) is_alone: bool,
}

const COMPARE_METHODS: &str = "compare-methods";
const ALONE: &str = "alone";

impl Options {
    /// The options as the evidence has them.
    pub(super) fn words(self) -> Vec<String> {
        let asked = [(self.compare_methods, COMPARE_METHODS), (self.is_alone, ALONE)];
        asked.iter().filter(|(is_asked, _)| *is_asked).map(|(_, word)| (*word).to_owned()).collect()
    }

    /// The options of the evidence.
    pub(super) fn parse(words: &[String]) -> Options {
        let has = |option: &str| words.iter().any(|word| word == option);
        Options { compare_methods: has(COMPARE_METHODS), is_alone: has(ALONE) }
    }
}

/// Runs all wanted periods; the worst of their outcomes is the command's.
pub(super) fn run(plan: &Plan) -> Outcome {
    let mut findings = Findings::new();
    let outcome = run_all(plan, &mut findings);
    match outcome {
        Ok(outcome) => outcome,
        Err(failure) => {
            report(&findings, plan.view);
            let outcome = fail(&failure);
            if outcome == Outcome::Machine {
                complain("Nothing was published; what was published before is as it was.\n");
            }
            outcome
        }
    }
}

fn run_all(plan: &Plan, findings: &mut Findings) -> Result<Outcome, Failure> {
    let whole = pipeline::rule_book(&plan.model, findings)?;
    let book = pipeline::of_plan(whole.clone(), plan.budget.as_deref())?;
    let periods = pipeline::periods(&book, &plan.period)?;
    let output = Output::open(&plan.out)?;
    let mut worst = Outcome::Done;
    let mut published: Vec<String> = Vec::new();
    let mut made = Made::default();
    for period in periods {
        let mut of_period = findings.clone();
        let period_name = period.name.clone();
        let progress = progress::start(plan.view, &format!("{} · reading and allocating", period.name));
        let result = pipeline::calculate(book.clone(), period, &mut of_period).and_then(|mut calculation| {
            if !plan.options.is_alone {
                progress.set_message(format!("{} · what stands beside it", calculation.model.period.name));
                put_beside(&whole, &mut calculation, &mut made, &mut of_period);
            }
            progress.set_message(format!("{} · writing", calculation.model.period.name));
            publish(&output, &calculation, plan.options, &mut of_period).map(|published| (calculation, published))
        });
        progress.finish_and_clear();
        match result {
            Ok((calculation, (place, summary))) => {
                report(&of_period, plan.view);
                show(&calculation.run(), &summary, &place, plan.view)?;
                published.push(calculation.model.title());
                made.keep(calculation);
                worst = worst.max(if of_period.count(Severity::Attention) > 0 { Outcome::Look } else { Outcome::Done });
            }
            Err(failure) => {
                *findings = of_period;
                tell_what_stands(&published, &period_name);
                return Err(failure);
            }
        }
    }
    Ok(worst)
}

/// Of several periods, those before a refused one stand: each is published by itself.
fn tell_what_stands(published: &[String], refused: &str) {
    if !published.is_empty() {
        complain(&format!(
            "{} published; {refused} is refused, and later periods were not tried\n\n",
            published.join(", ")
        ));
    }
}

/// Writes everything aside and makes it visible at once. Gives where, and the figures of the first page.
fn publish(
    output: &Output,
    calculation: &Calculation,
    options: Options,
    findings: &mut Findings,
) -> Result<(PathBuf, Summary), Failure> {
    let staged = output.stage(&calculation.model.title())?;
    let (id, summary) = write_run(staged.path(), calculation, options, findings)?;
    Ok((staged.publish(&id)?, summary))
}

/// Writes everything that belongs to a run into a folder, the evidence last. Gives the run's id, and the figures of
/// the first page.
///
/// # Errors
/// [`Failure::Refused`] when the journal has no account for a line, [`Failure::Machine`] when the disk refuses.
pub(super) fn write_run(
    folder: &Path,
    calculation: &Calculation,
    options: Options,
    findings: &mut Findings,
) -> Result<(String, Summary), Failure> {
    let run = calculation.run();
    // A plan is not booked.
    let journal = if run.model.book.plan.is_none() { Journal::of(&run, findings) } else { None };
    if findings.has_errors() {
        return Err(Failure::Refused);
    }
    let summary = summary(&run);
    let methods = options.compare_methods.then(|| reports::methods(&run, &methods::by_each(&run)));
    let words = options.words();
    let id = evidence::run_id(&run.model.book, &run.model.title(), &calculation.inputs, &words);
    let graph = Graph::of(&run);
    write_page(folder, &run, graph.as_ref(), &id, findings)?;
    // A run whose figures cannot be explained has statements without paths; the page has said so.
    write_all(folder, &run, graph.ok().as_ref(), &id, journal.as_ref(), methods.as_ref(), findings)?;
    evidence::write(folder, &run, &summary, &calculation.inputs, &id, &words).map_err(machine(folder))?;
    Ok((id, summary))
}

fn machine<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> Failure + '_ {
    move |error| Failure::Machine(format!("{}: {error}", path.display()))
}

fn write_all(
    folder: &Path,
    run: &Run<'_>,
    graph: Option<&Graph>,
    id: &str,
    journal: Option<&Journal>,
    methods: Option<&Table>,
    findings: &Findings,
) -> Result<(), Failure> {
    let currency = &run.model.book.head.currency;
    let data = folder.join("data");
    let statements = folder.join("statements");
    let units = reports::units_with_statement(run);
    // A folder without a file is in no hash, and `verify` takes it for one that somebody added.
    for made in [Some(&data), (!units.is_empty()).then_some(&statements)].into_iter().flatten() {
        std::fs::create_dir_all(made).map_err(machine(made))?;
    }
    let is_posted = journal.is_some();
    let (columns, charges) = reports::charges(run, |line| is_posted && line.kind.is_allocated());
    let path = data.join("charges.csv");
    tables::write_streamed(&path, &columns, charges, currency).map_err(machine(&path))?;
    let shown = [
        reports::units_by_service(run).table,
        reports::spend(run).table,
        reports::pools(run).table,
        reports::unallocated(run).table,
        reports::reconciliation(run),
        reports::rules(run),
        reports::service_costs(run),
        reports::unit_costs(run),
        reports::drivers(run),
        reports::movement(run),
        reports::steps(run),
        crate::finding::render::table(findings),
    ];
    let mut of_some = Vec::new();
    if reports::has_schedules(run) {
        of_some.extend([reports::schedules(run), reports::renewals(run)]);
    }
    if run.model.book.allocate.iter().any(|rule| rule.capacity.is_some()) {
        of_some.push(reports::utilisation(run));
    }
    if run.model.fx.is_some() {
        of_some.push(reports::exchange(run));
    }
    if reports::has_trend(run) {
        of_some.push(reports::trend(run));
    }
    of_some.extend(run.moved.map(|moved| reports::causes(moved, CausesBy::Place)));
    let handed_back = (!run.read.refusals.is_empty()).then(|| reports::quarantine(run));
    for table in shown.iter().chain(&of_some).chain(&handed_back).chain(methods) {
        let path = data.join(format!("{}.csv", table.name));
        tables::write(&path, table, currency).map_err(machine(&path))?;
    }
    for table in [reports::opening(run), reports::closing(run)] {
        let path = data.join(format!("{}.csv.gz", table.name));
        tables::write_gzip(&path, &table.columns, table.rows.into_iter(), currency).map_err(machine(&path))?;
    }
    let (columns, entries) = reports::entries(run);
    let path = data.join("entries.csv.gz");
    tables::write_gzip(&path, &columns, entries, currency).map_err(machine(&path))?;

    let path = folder.join("showback.xlsx");
    let book = workbook::Book { run, findings, methods, journal, id, temporary: folder };
    workbook::write(&path, &book).map_err(machine(&path))?;
    let crossings = Crossings::of(run);
    units.into_par_iter().try_for_each(|unit| {
        let name = run.model.dimensions[BUSINESS_UNIT].member_name(unit);
        let path = statements.join(format!("{}.xlsx", file_stem(name)));
        let crossings = &crossings;
        let statement = statement::Statement { run, unit, crossings, graph, is_posted, id, temporary: folder };
        statement::write(&path, &statement).map_err(machine(&path))
    })?;
    if let (Some(journal), Some(accounts)) = (journal, &run.model.accounts) {
        let path = folder.join("journal");
        journal::write(&path, run.model, accounts, journal).map_err(machine(&path))?;
    }
    Ok(())
}

/// Writes the page. A figure that cannot be explained, or is too large for a browser, leaves the run without one.
fn write_page(
    folder: &Path,
    run: &Run<'_>,
    graph: Result<&Graph, &Fault>,
    id: &str,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let page = graph.map_err(Clone::clone).and_then(|graph| reports::page(run, graph, id));
    let why = match page {
        Ok(Some(page)) => {
            let path = folder.join(page::FILE);
            return page::write(&path, &page).map_err(machine(&path));
        }
        Ok(None) => "its sums are beyond what a browser can add up exactly".to_owned(),
        Err(fault) => fault.to_string(),
    };
    let title = format!("there is no {}: {why}", page::FILE);
    let help = "the workbook, the statements and the data files have everything";
    findings.push(Finding::note("no-page", Place::Run, title).help(help));
    Ok(())
}

fn show(run: &Run<'_>, summary: &Summary, place: &Path, view: View) -> Result<(), Failure> {
    if view.json {
        say(&terminal::summary_json(run, summary, place))
    } else if view.quiet {
        Ok(())
    } else {
        say(&terminal::summary(run, summary, place))
    }
}
