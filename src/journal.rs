//! The draft journal: what is charged, as debits and credits on accounts of a declared register.
//!
//! Draft means without document numbers: it shows what would be posted.

use std::collections::{BTreeMap, BTreeSet};

use crate::dimension::{Dimension, MemberId};
use crate::finding::{Finding, Findings, Named, clean, did_you_mean};
use crate::period::Period;
use crate::reports::Run;
use crate::rounding::ChargeLine;
use crate::rulebook::{DimensionId, JournalDecl};
use crate::tables::{DatedBy, Table};

/// Which accounts a charge line goes to.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Dimensions that choose the accounts.
    pub on: Vec<DimensionId>,
    /// The chart of accounts, in its own order.
    pub register: Vec<String>,
    rows: Vec<AccountRow>,
    file: String,
}

#[derive(Clone, Debug)]
struct AccountRow {
    /// A name for each dimension of `on`; none fits any member.
    on: Vec<Option<String>>,
    debit: String,
    credit: String,
    company: String,
}

/// The word in the accounts table for any member.
const ANY: &str = "*";

impl Accounts {
    /// Reads the accounts table and the chart of accounts. Rows of accounts count that hold on the last day of the period.
    pub fn read(
        decl: &JournalDecl,
        accounts: &Table,
        register: &Table,
        dimensions: &[Dimension],
        period: &Period,
        findings: &mut Findings,
    ) -> Option<Accounts> {
        let account_column = register.column(&decl.account, findings)?;
        let mut charts = Vec::new();
        for row in &register.rows {
            let account = register.text(row, account_column, findings);
            if let Some(fault) = account_fault(account) {
                let title = format!("`{}` cannot be an account: {fault}", clean(account));
                findings.push(
                    Finding::error("bad-account", register.place(row, Some(account_column)), title)
                        .help("plain-text ledgers would read it as something else; rename it"),
                );
            }
            charts.push(account.to_owned());
        }
        let known: BTreeSet<&str> = charts.iter().map(String::as_str).collect();
        let on_columns: Option<Vec<usize>> = decl
            .on
            .iter()
            .map(|dimension| {
                let dimension = &dimensions[*dimension];
                let by_label = accounts.headings.names.iter().position(|name| *name == dimension.label);
                by_label.or_else(|| {
                    let heading = Named { name: dimension.name.clone(), spot: decl.accounts.file.spot.clone() };
                    accounts.column(&heading, findings)
                })
            })
            .collect();
        let (debit, credit) = (accounts.column(&decl.debit, findings)?, accounts.column(&decl.credit, findings)?);
        let company = accounts.optional(decl.company.as_ref(), findings);
        let on_columns = on_columns?;
        let dated = DatedBy::find(accounts, &decl.valid, findings);
        let mut rows = Vec::new();
        for row in &accounts.rows {
            if !dated.read(accounts, row, findings).holds_on(period.last) {
                continue;
            }
            let mut account = |column: usize| {
                let account = accounts.text(row, column, findings);
                if !known.contains(account) {
                    let title = format!(
                        "the account `{}` is not in the chart of accounts, `{}`",
                        clean(account),
                        register.headings.file
                    );
                    findings.push(
                        Finding::error("unknown-account", accounts.place(row, Some(column)), title)
                            .maybe_help(did_you_mean(account, known.iter().copied()))
                            .help("add it to the chart, or correct it here"),
                    );
                }
                account.to_owned()
            };
            let (debit, credit) = (account(debit), account(credit));
            let mut on = Vec::new();
            for (dimension, column) in decl.on.iter().zip(&on_columns) {
                let name = accounts.text(row, *column, findings);
                let dimension = &dimensions[*dimension];
                if name != ANY && dimension.is_closed && dimension.find(name).is_none() {
                    let title = format!("`{}` is not a member of {}", clean(dimension.shown(name)), dimension.name);
                    findings.push(
                        Finding::error("unknown-member", accounts.place(row, Some(*column)), title)
                            .maybe_help(did_you_mean(name, dimension.names()))
                            .help("write * for any member"),
                    );
                }
                on.push((name != ANY).then(|| name.to_owned()));
            }
            let company = company.map(|column| accounts.text(row, column, findings).to_owned()).unwrap_or_default();
            rows.push(AccountRow { on, debit, credit, company });
        }
        Some(Accounts { on: decl.on.clone(), register: charts, rows, file: accounts.headings.file.clone() })
    }

    fn row_of(&self, dimensions: &[Dimension], members: &[MemberId]) -> Option<&AccountRow> {
        self.rows.iter().find(|row| {
            row.on.iter().zip(members).zip(&self.on).all(|((name, member), dimension)| {
                name.as_ref()
                    .is_none_or(|name| !member.is_blank() && dimensions[*dimension].find(name) == Some(*member))
            })
        })
    }
}

/// Why a text cannot be an account of a plain-text ledger.
fn account_fault(account: &str) -> Option<&'static str> {
    if account.is_empty() {
        return Some("it is blank");
    }
    if account.contains("  ") {
        return Some("it has two blanks in a row");
    }
    if account.contains(';') || account.chars().any(char::is_control) {
        return Some("it holds `;` or a control character");
    }
    if account.starts_with(['(', '[', '*', '!', '=', '~', '<', '@', '"']) {
        return Some("of the sign it begins with");
    }
    if account.split(':').any(|part| part.trim().is_empty()) {
        return Some("a part of it between colons is empty");
    }
    None
}

/// A debit and its credit, for all charge lines that share accounts and members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalLine {
    /// Legal entity; empty when the model names none.
    pub company: String,
    /// Names of the members that chose the accounts, in the order of [`Accounts::on`].
    pub members: Vec<String>,
    /// The account that is charged.
    pub debit: String,
    /// The account that recovers.
    pub credit: String,
    /// Minor units; negative for a credit note.
    pub minor: i128,
}

/// The draft journal of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// Lines, by company and members.
    pub lines: Vec<JournalLine>,
}

impl Journal {
    /// Makes the journal of all allocated charge lines. A line without accounts is a finding: a journal is
    /// whole or it is not written.
    pub fn of(run: &Run<'_>, findings: &mut Findings) -> Option<Journal> {
        let accounts = run.model.accounts.as_ref()?;
        let mut sums: BTreeMap<(&str, Vec<MemberId>), (&AccountRow, i128)> = BTreeMap::new();
        let mut missing: BTreeMap<Vec<MemberId>, i128> = BTreeMap::new();
        for line in run.charges.allocated() {
            let members = members_of(run, accounts, line);
            match accounts.row_of(&run.model.dimensions, &members) {
                Some(row) => sums.entry((&row.company, members)).or_insert((row, 0)).1 += line.minor,
                None => *missing.entry(members).or_default() += line.minor,
            }
        }
        let names = |members: &[MemberId]| -> Vec<String> {
            let pairs = accounts.on.iter().zip(members);
            pairs.map(|(dimension, member)| run.model.dimensions[*dimension].member_name(*member).to_owned()).collect()
        };
        let currency = &run.model.book.head.currency;
        for (members, minor) in missing {
            let title = format!(
                "`{}` is charged {} {} and has no accounts",
                clean(&names(&members).join(" · ")),
                currency.grouped(minor),
                currency.code()
            );
            let place = run.model.book.journal.as_ref().map_or(crate::finding::Place::Run, |decl| decl.spot.place());
            findings.push(
                Finding::error("no-account", place, title)
                    .help(format!("add a row to `{}`; * fits any member", accounts.file)),
            );
        }
        let lines = sums.into_iter().filter(|(_, (_, minor))| *minor != 0).map(|((company, members), (row, minor))| {
            JournalLine {
                company: company.to_owned(),
                members: names(&members),
                debit: row.debit.clone(),
                credit: row.credit.clone(),
                minor,
            }
        });
        Some(Journal { lines: lines.collect() })
    }
}

impl Journal {
    /// What it charges: debits less credit notes, in minor units.
    #[must_use]
    pub fn total(&self) -> i128 {
        self.lines.iter().map(|line| line.minor).sum()
    }
}

fn members_of(run: &Run<'_>, accounts: &Accounts, line: &ChargeLine) -> Vec<MemberId> {
    accounts.on.iter().map(|dimension| run.charges.member(line, *dimension)).collect()
}
