//! The command line: what was typed, what it means, one function a command, one place for exit codes.

mod args;
pub mod beside;
mod check;
mod compare;
mod explain;
pub mod pipeline;
mod progress;
mod run;
mod verify;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::finding::{Findings, Severity, render};
use crate::ledger::trial::Imbalance;
use crate::writers::publish::PublishFault;
use args::{Command, Typed, View};

/// How a command ended; the number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// Done.
    Done = 0,
    /// Done, but something a person should look at.
    Look = 1,
    /// What was typed makes no sense.
    Usage = 2,
    /// The model or the data is wrong; nothing was published.
    Refused = 3,
    /// The books do not balance: a defect of the program; nothing was published.
    Imbalance = 4,
    /// The machine failed: disk, permissions, lock held; nothing was published.
    Machine = 5,
}

/// Why a command did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// What was typed makes no sense; with the way out.
    Usage(String),
    /// The model or the data is wrong; the findings say what.
    Refused,
    /// The books do not balance.
    Imbalance(Imbalance),
    /// The machine failed.
    Machine(String),
}

impl From<PublishFault> for Failure {
    fn from(fault: PublishFault) -> Failure {
        match fault {
            PublishFault::InARun(_) | PublishFault::NoFolder(_) => Failure::Usage(fault.to_string()),
            _ => Failure::Machine(fault.to_string()),
        }
    }
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let typed = match Typed::try_parse() {
        Ok(typed) => typed,
        Err(error) => {
            // Help and version are asked for, so they go to standard output and are no mistake.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Outcome::Usage as u8 } else { Outcome::Done as u8 });
        }
    };
    let outcome = match typed.command {
        Command::Run(command) => match command.plan() {
            Ok(plan) => run::run(&plan),
            Err(error) => usage(&error),
        },
        Command::Check(command) => match command.plan() {
            Ok(plan) => check::check(&plan),
            Err(error) => usage(&error),
        },
        Command::Compare(command) => match command.plan() {
            Ok(wanted) => compare::compare(&wanted),
            Err(error) => usage(&error),
        },
        Command::Verify(command) => match command.plan() {
            Ok(wanted) => verify::verify(&wanted),
            Err(error) => usage(&error),
        },
        Command::Explain(command) => match command.plan() {
            Ok(plan) => explain::explain(&plan),
            Err(error) => usage(&error),
        },
        Command::Completions { shell } => {
            args::completions(shell);
            Outcome::Done
        }
    };
    ExitCode::from(outcome as u8)
}

fn usage(message: &str) -> Outcome {
    complain(&format!("error: {message}\n"));
    Outcome::Usage
}

/// Says on standard error why a command failed, and gives its exit code.
fn fail(failure: &Failure) -> Outcome {
    match failure {
        Failure::Usage(message) => usage(message),
        Failure::Refused => Outcome::Refused,
        Failure::Imbalance(imbalance) => {
            complain(&format!(
                "error: the books do not balance: {imbalance}\nThis is a defect of showback, not of your data. Nothing was published. \
                 Please report it with the model that shows it.\n"
            ));
            Outcome::Imbalance
        }
        Failure::Machine(message) => {
            complain(&format!("error: {message}\n"));
            Outcome::Machine
        }
    }
}

/// Prints findings: for people on standard error, for programs on standard output. Quiet leaves out notes.
fn report(findings: &Findings, view: View) {
    if view.json {
        let _ = say(&render::json_lines(findings));
        return;
    }
    let least = if view.quiet { Severity::Attention } else { Severity::Note };
    let styled = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    complain(&render::render(findings, least, styled));
}

/// Writes to standard output. A reader that has gone away (`| head`) is not an error; a full disk is.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Machine(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes to standard error.
fn complain(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}
