//! `[spend]`: what share of the money should keep the business running, enlarge it, and change it.

use super::Reader;
use crate::money::{Amount, ONE};
use crate::rulebook::syntax::Table;
use crate::rulebook::{SPEND_MEMBERS, Targets, schema};

/// All of the money, in percent.
const WHOLE: i128 = 100 * ONE;

impl Reader<'_> {
    /// The targets of run, grow and transform. All three are the whole; two leave the rest to the third.
    pub(super) fn targets(&mut self, spend: &Table) -> Targets {
        self.known_keys(spend, "[spend]", schema::SPEND);
        let Some(table) = spend.get("targets").and_then(|node| self.as_table(node, "targets")) else {
            return Targets::default();
        };
        self.known_keys(table, "`targets`", schema::TARGETS);
        let targets = SPEND_MEMBERS.map(|kind| {
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
        Targets(targets)
    }
}
