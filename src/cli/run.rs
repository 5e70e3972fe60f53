//! `showback run`: the main job.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::args::{Plan, View};
use super::beside::{self, Made};
use super::pipeline::{self, Calculation};
use super::{Failure, Outcome, complain, fail, progress, report, say};
use crate::explain::Graph;
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
        let calculated = if plan.options.is_alone {
            pipeline::calculate(book.clone(), period, &mut of_period)
        } else {
            beside::calculate(&whole, book.clone(), period, &mut made, &mut of_period)
        };
        let result = calculated.and_then(|calculation| {
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
    // The process ends next. To take large calculations apart, piece by piece, would only make it end later.
    std::mem::forget(made);
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
    let words = options.words();
    let id = evidence::run_id(&run.model.book, &run.model.title(), &calculation.inputs, &words);
    let methods = options.compare_methods.then(|| reports::methods(&run, &methods::by_each(&run)));
    let writing = Writing { folder, run: &run, id: &id, journal: journal.as_ref(), methods: methods.as_ref() };
    let (graph, written) = rayon::join(|| Graph::of(&run), || writing.data());
    written?;
    let graph = graph.map_err(|fault| no_page(&fault.to_string(), findings)).ok();
    writing.rest(graph.as_ref(), findings)?;
    let summary = summary(&run);
    evidence::write(folder, &run, &summary, &calculation.inputs, &id, &words).map_err(machine(folder))?;
    Ok((id, summary))
}

fn machine<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> Failure + '_ {
    move |error| Failure::Machine(format!("{}: {error}", path.display()))
}

/// A piece of what is written, which needs no other.
type Job<'j> = Box<dyn FnOnce() -> Result<(), Failure> + Send + 'j>;

/// Does all jobs, those that come first begun first. Of several failures the first in order is given.
fn do_all(jobs: Vec<Job<'_>>) -> Result<(), Failure> {
    let done: Vec<Result<(), Failure>> = jobs.into_par_iter().with_max_len(1).map(|job| job()).collect();
    done.into_iter().collect()
}

fn make(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(machine(folder))
}

/// A run that is being written into a folder.
struct Writing<'w> {
    folder: &'w Path,
    run: &'w Run<'w>,
    id: &'w str,
    journal: Option<&'w Journal>,
    methods: Option<&'w Table>,
}

impl Writing<'_> {
    /// Writes the data files, but for the findings, and the journal.
    fn data(&self) -> Result<(), Failure> {
        let Writing { run, journal, .. } = *self;
        let currency = &run.model.book.head.currency;
        let folder = self.folder.join("data");
        make(&folder)?;
        let is_posted = journal.is_some();
        let mut jobs: Vec<Job<'_>> = Vec::new();
        jobs.push(Box::new(|| {
            let (columns, entries) = reports::entries(run);
            let path = folder.join("entries.csv.gz");
            tables::write_gzip(&path, &columns, entries, currency).map_err(machine(&path))
        }));
        jobs.push(Box::new(|| {
            let (columns, charges) = reports::charges(run, |line| is_posted && line.kind.is_allocated());
            let path = folder.join("charges.csv");
            tables::write_streamed(&path, &columns, charges, currency).map_err(machine(&path))
        }));
        for balances in [reports::opening as fn(&Run<'_>) -> Table, reports::closing] {
            let folder = &folder;
            jobs.push(Box::new(move || {
                let table = balances(run);
                let path = folder.join(format!("{}.csv.gz", table.name));
                tables::write_gzip(&path, &table.columns, table.rows.into_iter(), currency).map_err(machine(&path))
            }));
        }
        let mut tables: Vec<fn(&Run<'_>) -> Table> = vec![
            |run| reports::units_by_service(run).table,
            |run| reports::spend(run).table,
            |run| reports::pools(run).table,
            |run| reports::unallocated(run).table,
            reports::reconciliation,
            reports::rules,
            reports::service_costs,
            reports::unit_costs,
            reports::drivers,
            reports::movement,
            reports::steps,
        ];
        if reports::has_schedules(run) {
            tables.extend([reports::schedules as fn(&Run<'_>) -> Table, reports::renewals]);
        }
        if run.model.book.allocate.iter().any(|rule| rule.capacity.is_some()) {
            tables.push(reports::utilisation);
        }
        if run.model.fx.is_some() {
            tables.push(reports::exchange);
        }
        if reports::has_trend(run) {
            tables.push(reports::trend);
        }
        if !run.read.refusals.is_empty() {
            tables.push(reports::quarantine);
        }
        for table in tables {
            jobs.push(Box::new(move || self.table(&table(run))));
        }
        if let Some(moved) = run.moved {
            jobs.push(Box::new(|| self.table(&reports::causes(moved, CausesBy::Place))));
        }
        if let Some(methods) = self.methods {
            jobs.push(Box::new(|| self.table(methods)));
        }
        if let (Some(journal), Some(accounts)) = (journal, &run.model.accounts) {
            jobs.push(Box::new(|| {
                let path = self.folder.join("journal");
                journal::write(&path, run.model, accounts, journal).map_err(machine(&path))
            }));
        }
        do_all(jobs)
    }

    /// Writes the workbook, the page, the statements and the findings. A run whose figures cannot be explained has
    /// statements without paths, and no page.
    fn rest(&self, graph: Option<&Graph>, findings: &mut Findings) -> Result<(), Failure> {
        let Writing { run, id, journal, .. } = *self;
        let units = reports::units_with_statement(run);
        // A folder without a file is in no hash, and `verify` takes it for one that somebody added.
        let statements = self.folder.join("statements");
        if !units.is_empty() {
            make(&statements)?;
        }
        let crossings = Crossings::of(run);
        let mut of_page = Ok(());
        let mut jobs: Vec<Job<'_>> = vec![Box::new(|| self.workbook(findings))];
        if let Some(graph) = graph {
            jobs.push(Box::new(|| {
                of_page = self.page(graph)?;
                Ok(())
            }));
        }
        for unit in units {
            let (statements, crossings) = (&statements, &crossings);
            jobs.push(Box::new(move || {
                let name = run.model.dimensions[BUSINESS_UNIT].member_name(unit);
                let path = statements.join(format!("{}.xlsx", file_stem(name)));
                let is_posted = journal.is_some();
                let temporary = self.folder;
                let statement = statement::Statement { run, unit, crossings, graph, is_posted, id, temporary };
                statement::write(&path, &statement).map_err(machine(&path))
            }));
        }
        do_all(jobs)?;
        if let Err(why) = of_page {
            no_page(&why, findings);
            // The workbook lists all findings.
            self.workbook(findings)?;
        }
        self.table(&crate::finding::render::table(findings))
    }

    fn table(&self, table: &Table) -> Result<(), Failure> {
        let path = self.folder.join("data").join(format!("{}.csv", table.name));
        tables::write(&path, table, &self.run.model.book.head.currency).map_err(machine(&path))
    }

    fn workbook(&self, findings: &Findings) -> Result<(), Failure> {
        let Writing { folder, run, id, journal, methods } = *self;
        let path = folder.join("showback.xlsx");
        let book = workbook::Book { run, findings, methods, journal, id, temporary: folder };
        workbook::write(&path, &book).map_err(machine(&path))
    }

    /// Writes the page. Where a figure cannot be explained, or is too large for a browser, there is none; why, in words.
    fn page(&self, graph: &Graph) -> Result<Result<(), String>, Failure> {
        let path = self.folder.join(page::FILE);
        match reports::page(self.run, graph, self.id) {
            Ok(Some(page)) => page::write(&path, &page).map(Ok).map_err(machine(&path)),
            Ok(None) => Ok(Err("its sums are beyond what a browser can add up exactly".to_owned())),
            Err(fault) => Ok(Err(fault.to_string())),
        }
    }
}

fn no_page(why: &str, findings: &mut Findings) {
    let title = format!("there is no {}: {why}", page::FILE);
    let help = "the workbook, the statements and the data files have everything";
    findings.push(Finding::note("no-page", Place::Run, title).help(help));
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
