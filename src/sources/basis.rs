//! Exports in which the same charges stand twice: as bought, and spread over the days they are used on.

use std::collections::BTreeSet;

use crate::files::{Cell, Headings, Row};
use crate::finding::{Finding, Findings, Place, clean};
use crate::rulebook::presets::{Basis, Preset};
use crate::rulebook::{RuleBook, SourceDecl};

/// Accounts of one file that are remembered; a file with more of them is taken to have any account.
const ACCOUNTS_MAX: usize = 10_000;

/// What the lines of one file say of their basis.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    charge_type: Option<usize>,
    pricing_model: Option<usize>,
    account: Option<usize>,
    /// What a line told, and the row it stands in.
    told: Option<(Basis, u64)>,
    accounts: BTreeSet<String>,
    last_account: String,
}

impl Seen {
    /// Finds the columns that tell; a file without them is none that has two forms.
    pub(super) fn place(headings: &Headings) -> Seen {
        let find = |name: &str| headings.names.iter().position(|heading| heading.eq_ignore_ascii_case(name));
        let (charge_type, pricing_model) = (find("ChargeType"), find("PricingModel"));
        if charge_type.is_none() || pricing_model.is_none() {
            return Seen::default();
        }
        let account = find("BillingAccountId").or_else(|| find("SubscriptionId"));
        Seen { charge_type, pricing_model, account, ..Seen::default() }
    }

    /// The columns that are looked at.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        [self.charge_type, self.pricing_model, self.account].into_iter().flatten()
    }

    /// Looks at a line. Unused reservations are lines of amortised exports only, purchases of them of actual ones.
    pub(super) fn look(&mut self, row: &Row<'_>) {
        let (Some(charge_type), Some(pricing_model)) = (self.charge_type, self.pricing_model) else { return };
        let text = |column: usize| match row.cell(column) {
            Cell::Text(text) => text,
            Cell::Day(_) | Cell::Fault(_) => "",
        };
        if self.told.is_none() {
            let is_reserved = ["Reservation", "SavingsPlan"].contains(&text(pricing_model));
            self.told = match text(charge_type) {
                "UnusedReservation" | "UnusedSavingsPlan" => Some((Basis::Amortised, row.number)),
                "Purchase" if is_reserved => Some((Basis::Actual, row.number)),
                _ => None,
            };
        }
        if let Some(account) = self.account.map(text)
            && account != self.last_account
            && self.accounts.len() <= ACCOUNTS_MAX
        {
            account.clone_into(&mut self.last_account);
            self.accounts.insert(account.to_lowercase());
        }
    }

    /// Adds what another part of the file says.
    pub(super) fn join(&mut self, other: Seen) {
        self.told = match (self.told, other.told) {
            (Some(one), Some(two)) => Some(if one.1 <= two.1 { one } else { two }),
            (one, two) => one.or(two),
        };
        self.accounts.extend(other.accounts);
    }

    /// Whether the two may hold lines of one account.
    fn may_share_accounts(&self, other: &Seen) -> bool {
        let is_open = |seen: &Seen| seen.accounts.is_empty() || seen.accounts.len() > ACCOUNTS_MAX;
        is_open(self) || is_open(other) || !self.accounts.is_disjoint(&other.accounts)
    }
}

/// One file with what is known of its basis.
struct Known<'a> {
    source: usize,
    file: &'a str,
    basis: Basis,
    why: String,
    seen: &'a Seen,
}

/// Refuses exports whose form is not the declared one, and a pair of exports that hold the same charges in both forms.
/// Files come as source, name, what a manifest says, and what their lines say.
pub(super) fn check<'a>(
    book: &'a RuleBook,
    files: impl Iterator<Item = (usize, &'a str, Option<Basis>, &'a Seen)>,
    findings: &mut Findings,
) {
    let mut known: Vec<Known<'a>> = Vec::new();
    for (source, file, delivered, seen) in files {
        let decl = &book.sources[source];
        let of_preset = decl.preset.filter(|preset| preset.basis.is_some());
        let declared = of_preset.and_then(|preset| preset.basis);
        let told = seen.told.map(|(basis, row)| (basis, format!("row {row} is such a charge")));
        let told = told.or_else(|| delivered.map(|basis| (basis, "its manifest says so".to_owned())));
        if let (Some(preset), Some((basis, why))) = (of_preset, &told)
            && preset.basis != Some(*basis)
        {
            findings.push(other_basis(decl, preset, file, *basis, why));
            continue;
        }
        let named = by_name(file).filter(|_| seen.charge_type.is_some());
        let told = told
            .or_else(|| declared.map(|basis| (basis, format!("format of source `{}`", decl.name))))
            .or_else(|| named.map(|basis| (basis, "by its name".to_owned())));
        if let Some((basis, why)) = told {
            known.push(Known { source, file, basis, why, seen });
        }
    }
    let mut told: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (at, two) in known.iter().enumerate() {
        let twice = |one: &&Known<'_>| one.basis != two.basis && one.seen.may_share_accounts(two.seen);
        let Some(one) = known[..at].iter().find(twice) else { continue };
        if !told.insert((one.source, two.source)) {
            continue;
        }
        let title = format!(
            "`{}` has {} cost ({}), `{}` has {} cost ({}): the same charges would be counted twice",
            clean(two.file),
            two.basis.word(),
            two.why,
            clean(one.file),
            one.basis.word(),
            one.why
        );
        let help = "read one of the two: actual cost ties to the invoice, amortised cost shows what was used";
        findings.push(Finding::error("counted-twice", Place::File(two.file.to_owned()), title).help(help));
    }
}

fn other_basis(decl: &SourceDecl, preset: Preset, file: &str, basis: Basis, why: &str) -> Finding {
    let title = format!(
        "this export has {} cost ({why}), and source `{}` reads format = \"{}\"",
        basis.word(),
        decl.name,
        preset.name
    );
    let other = preset.of_other_basis().map_or("csv", |other| other.name);
    let help = format!("give the other export, or declare this one: format = \"{other}\"");
    Finding::error("other-basis", Place::File(file.to_owned()), title).help(help)
}

/// What the name of a file says, where neither its lines nor its source do.
fn by_name(file: &str) -> Option<Basis> {
    let name = file.to_lowercase();
    match (name.contains("amortized") || name.contains("amortised"), name.contains("actual")) {
        (true, false) => Some(Basis::Amortised),
        (false, true) => Some(Basis::Actual),
        _ => None,
    }
}
