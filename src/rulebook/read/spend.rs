//! `[spend]`: what share of the money should keep the business running, enlarge it, and change it.

use super::Reader;
use crate::money::{Amount, ONE};
use crate::rulebook::syntax::{Table, Value};
use crate::rulebook::{Head, SPEND, SPEND_MEMBERS, Targets, schema};

/// All of the money, in percent.
const WHOLE: i128 = 100 * ONE;

impl Reader<'_> {
    /// The targets of run, grow and transform. All three are the whole; two leave the rest to the third, one says nothing of
    /// the others.
    pub(super) fn targets(&mut self, spend: &Table, head: Option<&Head>) -> Targets {
        self.known_keys(spend, "[spend]", schema::SPEND);
        let Some(node) = spend.get("targets") else { return Targets::default() };
        self.is_kept(head.map(|head| head.charges_by.as_slice()), SPEND, "`targets` are of", &node.spot);
        let Value::Table(table) = &node.value else {
            let title = format!("`targets` is {}, expected a share for each kind of spend", node.value.kind());
            let help = "write targets = { run = \"70%\", grow = \"20%\", transform = \"10%\" }";
            self.error("wrong-kind", node.spot.place(), title, "", help);
            return Targets::default();
        };
        self.known_keys(table, "`targets`", schema::TARGETS);
        let mut targets = SPEND_MEMBERS.map(|kind| {
            let node = table.get(kind)?;
            let (percent, is_percentage) = self.share(node)?;
            let fits = is_percentage && (0..=WHOLE).contains(&percent.atoms());
            if !fits {
                let title = format!("the target of `{kind}` is not a percentage of the money");
                self.error("not-a-share", node.spot.place(), title, "", "write it as \"70%\", from 0% to 100%");
            }
            fits.then_some(percent)
        });
        let sum: Amount = targets.iter().flatten().copied().sum();
        let is_whole = targets.iter().all(Option::is_some);
        if sum.atoms() > WHOLE || (is_whole && sum.atoms() != WHOLE) {
            let title = format!("the targets add up to {sum} %");
            let help = if is_whole { "run, grow and transform are 100 % together" } else { "they are at most 100 %" };
            self.error("not-100-percent", table.spot.place(), title, "", help);
        }
        let has_two = SPEND_MEMBERS.iter().filter(|kind| table.get(kind).is_some()).count() == 2;
        if has_two && targets.iter().flatten().count() == 2 {
            let rest = Amount::from_atoms(WHOLE - sum.atoms());
            targets.iter_mut().filter(|target| target.is_none()).for_each(|target| *target = Some(rest));
        }
        Targets(targets)
    }
}
