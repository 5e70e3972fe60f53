//! The trial balance: proves a ledger with arithmetic of its own.
//!
//! It shares no code with the allocation. It reads opening balances, entries and closing balances as plain
//! lists and adds them up again, in floor-free integers, from nothing.

use std::collections::HashMap;

use super::Ledger;
use crate::classify::Key;
use crate::dimension::BLANK;

/// Where the books do not balance: a defect of the program, never of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imbalance {
    /// What was compared.
    pub what: String,
    /// What it should be and what it is, in atoms of 10^-18.
    pub expected: i128,
    /// What it is.
    pub found: i128,
}

impl std::fmt::Display for Imbalance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let amount = crate::money::Amount::from_atoms;
        write!(f, "{}: expected {}, found {}", self.what, amount(self.expected), amount(self.found))
    }
}

/// Checks that opening + entries = closing for every combination of members that is kept, and that every
/// posting hands out exactly what it took. `money_in` is what the sources read.
///
/// # Errors
/// The first imbalance found.
pub fn check(ledger: &Ledger, money_in: i128) -> Result<(), Imbalance> {
    let kept = |key: &Key| -> Key {
        let mut kept: Key = vec![BLANK; key.len()].into();
        for dimension in &ledger.kept {
            kept[*dimension] = key[*dimension];
        }
        kept
    };
    let mut expected: HashMap<Key, i128> = HashMap::new();
    let mut opening_total = 0i128;
    for (key, amount) in &ledger.opening {
        opening_total += amount.atoms();
        *expected.entry(kept(key)).or_default() += amount.atoms();
    }
    compare("opening balances against the money in", money_in, opening_total)?;
    for (number, posting) in ledger.postings.iter().enumerate() {
        let handed_out: i128 = posting.parts.iter().map(|part| part.atoms()).sum();
        compare(&format!("posting {} of rule {}", number + 1, posting.rule + 1), posting.taken.atoms(), handed_out)?;
    }
    for entry in ledger.entries() {
        *expected.entry(kept(entry.from)).or_default() -= entry.amount.atoms();
        *expected.entry(kept(&entry.to)).or_default() += entry.amount.atoms();
    }
    let mut closing_total = 0i128;
    for (key, amount) in &ledger.closing {
        closing_total += amount.atoms();
        compare("a closing balance", expected.remove(key).unwrap_or_default(), amount.atoms())?;
    }
    for rest in expected.values() {
        compare("a balance that is closed", 0, *rest)?;
    }
    compare("closing balances against the money in", money_in, closing_total)
}

fn compare(what: &str, expected: i128, found: i128) -> Result<(), Imbalance> {
    if expected == found { Ok(()) } else { Err(Imbalance { what: what.to_owned(), expected, found }) }
}
