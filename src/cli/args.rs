//! What was typed, and what it means.

mod explain;

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub(super) use explain::{ExplainPlan, ExplainTyped, Wanted};

use super::run::Options;

/// Allocates IT costs to services and business units by rules a person can read.
#[derive(Debug, Parser)]
#[command(name = "showback", version, about, arg_required_else_help = true, max_term_width = 100)]
pub(super) struct Typed {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Reads the exports of a period, allocates them and writes workbooks, statements and the draft journal
    Run(RunTyped),
    /// Checks model, tables and exports, says in money what no rule would take; writes nothing
    Check(CommonTyped),
    /// Shows what moved between two runs, by business unit and service, and why
    Compare(CompareTyped),
    /// Looks whether a published run still stands: hashes and totals, then the whole calculated again
    Verify(VerifyTyped),
    /// Says where a figure of a published run came from, or who pays for a cost
    Explain(ExplainTyped),
    /// Prints a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Args, Debug)]
pub(super) struct RunTyped {
    #[command(flatten)]
    common: CommonTyped,
    /// Folder for the results
    #[arg(long, default_value = "out", value_name = "DIR")]
    out: PathBuf,
    /// Settle the groups of the model by each method, and show them side by side in data/methods.csv and a sheet
    #[arg(long)]
    compare_methods: bool,
    /// Put no earlier period and no plan beside the run
    #[arg(long)]
    alone: bool,
}

#[derive(Args, Debug)]
pub(super) struct CompareTyped {
    /// A period such as 2026-09, PERIOD@PLAN, MODEL/PERIOD for that of another model, or the folder of a published run
    a: String,
    /// The same for the later one
    b: String,
    /// Folder with model.toml
    #[arg(long, default_value = "rules", value_name = "DIR")]
    model: PathBuf,
    /// How the movement is printed: csv and json have every business unit with every service
    #[arg(long, value_enum, default_value = "human")]
    format: Print,
    /// Business units and services listed, largest movement first; the rest is added up
    #[arg(long, default_value_t = 10, value_name = "N")]
    top: usize,
    #[command(flatten)]
    threads: ThreadsTyped,
}

#[derive(Args, Debug)]
pub(super) struct VerifyTyped {
    /// Folder of the run, or the name of a period in out/
    run: PathBuf,
    /// Folder with the model.toml of the run
    #[arg(long, default_value = "rules", value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    shown: ShownTyped,
}

#[derive(Args, Debug)]
pub(super) struct CommonTyped {
    /// Folder with model.toml
    #[arg(default_value = "rules")]
    model: PathBuf,
    /// Period such as 2026-10, or several as 2026-08..2026-10; the latest with all its files when not given
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,
    /// A plan of the model, such as budget-2026, instead of the actuals
    #[arg(long, value_name = "NAME")]
    plan: Option<String>,
    #[command(flatten)]
    shown: ShownTyped,
}

/// What all commands that calculate have in common.
#[derive(Args, Debug)]
pub(super) struct ShownTyped {
    /// How results and findings are printed
    #[arg(long, value_enum, default_value = "human")]
    format: FormatTyped,
    /// Print only what needs a person
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    threads: ThreadsTyped,
}

#[derive(Args, Debug)]
pub(super) struct ThreadsTyped {
    /// Threads to read with; all cores when not given. The results are the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// How a table is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Print {
    /// Text for people
    Human,
    /// One csv table
    Csv,
    /// JSON, one object a line
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatTyped {
    /// Text for people
    Human,
    /// JSON, one object a line
    Json,
}

/// What to calculate and how to show it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) model: PathBuf,
    pub(super) period: PeriodWanted,
    /// A plan instead of the actuals.
    pub(super) budget: Option<String>,
    pub(super) out: PathBuf,
    pub(super) options: Options,
    pub(super) view: View,
}

/// What to compare, and how to show it.
#[derive(Debug)]
pub(super) struct Compare {
    pub(super) a: String,
    pub(super) b: String,
    pub(super) model: PathBuf,
    pub(super) print: Print,
    pub(super) top: usize,
    pub(super) view: View,
}

/// Which run to verify.
#[derive(Debug)]
pub(super) struct Verify {
    pub(super) run: PathBuf,
    pub(super) model: PathBuf,
    pub(super) view: View,
}

/// How results are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) json: bool,
    pub(super) quiet: bool,
}

/// Which periods are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeriodWanted {
    /// The latest for which all sources have files.
    Latest,
    /// From the first to the last, both included.
    Span(String, String),
}

impl RunTyped {
    pub(super) fn plan(self) -> Result<Plan, String> {
        let options = Options { compare_methods: self.compare_methods, is_alone: self.alone };
        let out = self.out;
        self.common.plan().map(|plan| Plan { out, options, ..plan })
    }
}

impl VerifyTyped {
    pub(super) fn plan(self) -> Result<Verify, String> {
        // A period's name stands for its folder, which is where `run` puts it when nothing else is said.
        let published = Path::new("out").join(&self.run);
        let run = if !self.run.exists() && published.exists() { published } else { self.run };
        Ok(Verify { run, model: self.model, view: self.shown.view()? })
    }
}

impl CompareTyped {
    pub(super) fn plan(self) -> Result<Compare, String> {
        self.threads.start()?;
        let view = View { json: self.format == Print::Json, quiet: false };
        let CompareTyped { a, b, model, format: print, top, .. } = self;
        Ok(Compare { a, b, model, print, top, view })
    }
}

impl ThreadsTyped {
    fn start(&self) -> Result<(), String> {
        let Some(threads) = self.threads else { return Ok(()) };
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .map_err(|error| format!("cannot start {threads} threads: {error}"))
    }
}

impl ShownTyped {
    /// Starts the threads, and tells how results are shown.
    fn view(&self) -> Result<View, String> {
        self.threads.start()?;
        Ok(View { json: self.format == FormatTyped::Json, quiet: self.quiet })
    }
}

impl CommonTyped {
    pub(super) fn plan(self) -> Result<Plan, String> {
        let view = self.shown.view()?;
        let period = match self.period {
            None => PeriodWanted::Latest,
            Some(text) => match text.split_once("..") {
                None => PeriodWanted::Span(text.clone(), text),
                Some((first, last)) if !first.is_empty() && !last.is_empty() => {
                    PeriodWanted::Span(first.to_owned(), last.to_owned())
                }
                Some(_) => return Err(format!("`{text}` has an open end; write both periods, as in 2026-08..2026-10")),
            },
        };
        let (budget, options) = (self.plan, Options::default());
        Ok(Plan { model: self.model, period, budget, out: PathBuf::new(), options, view })
    }
}

/// Prints a completion script.
pub(super) fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(shell, &mut Typed::command(), "showback", &mut io::stdout());
}
