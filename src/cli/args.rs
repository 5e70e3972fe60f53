//! What was typed, and what it means.

use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

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
}

#[derive(Args, Debug)]
pub(super) struct CommonTyped {
    /// Folder with model.toml
    #[arg(default_value = "rules")]
    model: PathBuf,
    /// Period such as 2026-10, or several as 2026-08..2026-10; the latest with all its files when not given
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,
    /// How results and findings are printed
    #[arg(long, value_enum, default_value = "human")]
    format: FormatTyped,
    /// Print only what needs a person
    #[arg(long, short)]
    quiet: bool,
    /// Threads to read with; all cores when not given. The results are the same
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
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
    pub(super) out: PathBuf,
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
        let out = self.out;
        self.common.plan().map(|plan| Plan { out, ..plan })
    }
}

impl CommonTyped {
    pub(super) fn plan(self) -> Result<Plan, String> {
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build_global()
                .map_err(|error| format!("cannot start {threads} threads: {error}"))?;
        }
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
        let view = View { json: self.format == FormatTyped::Json, quiet: self.quiet };
        Ok(Plan { model: self.model, period, out: PathBuf::new(), view })
    }
}

/// Prints a completion script.
pub(super) fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(shell, &mut Typed::command(), "showback", &mut io::stdout());
}
