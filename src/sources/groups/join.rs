//! Parts of a file that were read at the same time become one.

use super::{CURRENCIES_MAX, Grouper, MONEY_MAX, QUARANTINED_MAX, Refusal, ScheduledLine, TOO_LARGE};
use crate::finding::Findings;
use crate::sources::merge_tallies;

/// What a part of a file tells in the order of its rows.
pub(super) struct Stashed {
    part: u64,
    findings: Findings,
    refusals: Vec<Refusal>,
    schedules: Vec<ScheduledLine>,
}

impl<'m> Grouper<'m> {
    /// Puts aside what was told of the part that was read last.
    pub(super) fn stash(&mut self) {
        if self.findings.is_empty() && self.refusals.is_empty() && self.schedules.is_empty() {
            return;
        }
        self.stashed.push(Stashed {
            part: self.part,
            findings: std::mem::take(&mut self.findings),
            refusals: std::mem::take(&mut self.refusals),
            schedules: std::mem::take(&mut self.schedules),
        });
    }

    /// One grouper that knows what all of them know, whoever of them read which part. `None` where a limit was met that
    /// counts lines from the top of the file, which only one can do who reads all of it, or where there are no parts.
    pub(in crate::sources) fn join(parts: Vec<Grouper<'m>>) -> Option<Grouper<'m>> {
        let mut parts = parts.into_iter().map(|mut part| {
            part.settle_known();
            part.stash();
            part
        });
        let mut all = parts.next()?;
        for part in parts {
            if part.has_met_a_limit() {
                return None;
            }
            all.take_over(part)?;
        }
        if all.has_met_a_limit() {
            return None;
        }
        all.stashed.sort_by_key(|stashed| stashed.part);
        for stashed in std::mem::take(&mut all.stashed) {
            all.findings.extend(stashed.findings);
            all.refusals.extend(stashed.refusals);
            all.schedules.extend(stashed.schedules);
        }
        Some(all)
    }

    /// Whether a limit was met that counts lines from the top of a file.
    fn has_met_a_limit(&self) -> bool {
        self.size > MONEY_MAX
            || self.totals.quarantined.lines >= QUARANTINED_MAX
            || self.totals.currencies.len() >= CURRENCIES_MAX
            || self.stashed.iter().flat_map(|stashed| stashed.findings.iter()).any(|finding| finding.code == TOO_LARGE)
    }

    fn take_over(&mut self, part: Grouper<'m>) -> Option<()> {
        self.size = self.size.checked_add(part.size)?;
        self.keys.join(part.keys);
        self.seen.join(part.seen);
        self.repeats.join(part.repeats);
        self.repairs.join(part.repairs);
        self.stashed.extend(part.stashed);
        merge_tallies(&mut self.totals, part.totals);
        let others = part.values.into_iter().zip(&mut self.values).map(|(other, values)| values.take_over(other));
        let mut numbers: Vec<Vec<u32>> = others.collect::<Option<_>>()?;
        numbers.push(self.periods.take_over(part.periods)?);
        let mut key = Vec::new();
        for ((row, other), sums) in part.index.rows().zip(part.groups).zip(part.sums) {
            let [of_part @ .., _] = row else { return None };
            key.clear();
            key.extend(of_part.iter().enumerate().map(|(at, it)| numbers.get(at).map_or(*it, |of| of[*it as usize])));
            let Some(known) = self.group_of(&key) else {
                self.index.add(&key, &[u32::try_from(self.groups.len()).ok()?])?;
                self.groups.push(other);
                self.sums.push(sums);
                continue;
            };
            self.sums[known].merge(sums);
            let group = &mut self.groups[known];
            group.first_row = group.first_row.min(other.first_row);
            group.quantities.iter_mut().zip(&other.quantities).for_each(|(sum, quantity)| *sum += *quantity);
            group.largest.extend(other.largest);
            group.largest.sort_by_key(|row| (std::cmp::Reverse(row.sum.abs()), row.row));
            group.largest.truncate(self.rows_kept);
        }
        Some(())
    }
}
