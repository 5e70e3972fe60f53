//! Rows as rows: which were there before, and which are handed back.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::money::Amount;

use super::Tally;

/// Bits of a row number in a [`Key`]; the other 96 are a hash of what stands in the key columns.
const ROW_BITS: u32 = 32;

/// A row key: 96 bits of BLAKE3 over the texts, and the row it stands in. 16 bytes a line is what a declared
/// key costs.
type Key = u128;

/// The row keys of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(Vec<Key>);

impl Keys {
    /// Notes the key of a row.
    pub(super) fn add<'a>(&mut self, texts: impl Iterator<Item = &'a str>, row: u64) {
        let mut hasher = blake3::Hasher::new();
        for text in texts {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        let row = u128::from(u32::try_from(row).unwrap_or(u32::MAX));
        self.0.push(Key::from_le_bytes(bytes) >> ROW_BITS << ROW_BITS | row);
    }

    /// Adds the keys of another part of the file.
    pub(super) fn join(&mut self, other: Keys) {
        self.0.extend(other.0);
    }

    /// Brings the keys in the order in which [`repeated`] wants them.
    pub(super) fn sort(&mut self) {
        self.0.sort_unstable();
    }
}

/// Pairs of rows with the same key, as file and row, the earlier first. The files' keys must be sorted.
pub(super) fn repeated(files: &[Keys]) -> Vec<((usize, u64), (usize, u64))> {
    let mut next: BinaryHeap<Reverse<(Key, usize, usize)>> = files
        .iter()
        .enumerate()
        .filter_map(|(file, keys)| keys.0.first().map(|key| Reverse((*key >> ROW_BITS, file, 0))))
        .collect();
    let mut pairs = Vec::new();
    let mut first: Option<(Key, (usize, u64))> = None;
    while let Some(Reverse((hash, file, at))) = next.pop() {
        let row = u64::try_from(files[file].0[at] & u128::from(u32::MAX)).unwrap_or_default();
        match first {
            Some((known, place)) if known == hash => pairs.push((place, (file, row))),
            _ => first = Some((hash, (file, row))),
        }
        if let Some(key) = files[file].0.get(at + 1) {
            next.push(Reverse((*key >> ROW_BITS, file, at + 1)));
        }
    }
    pairs.sort_unstable_by_key(|(_, again)| *again);
    pairs
}

/// Rows that are looked at for repeats of a whole row: below this many all of them, above it those whose hash
/// ends in zero bits. Equal rows have equal hashes, so repeats stay together, and memory stays bounded.
const WATCHED_ROWS_MAX: usize = 1 << 15;

/// Rows of a file that stand in it more than once, word for word.
#[derive(Clone, Debug, Default)]
pub(super) struct Repeats {
    /// Those that are looked at; some may be among them more than once, or be looked at no longer.
    seen: Vec<Seen>,
    /// Zero bits that a hash must end in to be looked at.
    zero_bits: u32,
    all: Fingerprint,
}

/// A currency by the letters of its code; zeros where no column says it.
pub(super) type Letters = [u8; 3];

/// A row by its hash, how often it was seen, and its amount.
#[derive(Clone, Copy, Debug)]
struct Seen {
    hash: u64,
    times: u32,
    currency: Letters,
    amount: Amount,
}

/// Of all rows of a file: how many, and the sum of their hashes, which no order of rows changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fingerprint {
    pub(super) rows: u64,
    sum: u128,
}

impl Repeats {
    /// Notes a row by its hash, and its amount. Of a row that did not come whole only the cells that did are known, so
    /// that it counts in the fingerprint alone.
    pub(super) fn add(&mut self, hash: u64, amount: Amount, currency: Letters, is_whole: bool) {
        self.all.rows += 1;
        self.all.sum += u128::from(hash);
        if !is_whole || !self.is_watched(hash) {
            return;
        }
        self.seen.push(Seen { hash, times: 1, currency, amount });
        // One by one they would be looked for all over the memory; sorted now and then, they cost little.
        if self.seen.len() >= 2 * WATCHED_ROWS_MAX {
            self.settle();
        }
    }

    /// Adds the rows of another part of the file.
    pub(super) fn join(&mut self, other: Repeats) {
        self.all.rows += other.all.rows;
        self.all.sum += other.all.sum;
        self.zero_bits = self.zero_bits.max(other.zero_bits);
        self.seen.extend(other.seen);
        self.settle();
    }

    /// Brings each row together with its like, and looks at fewer rows where there are too many.
    fn settle(&mut self) {
        let zero_bits = self.zero_bits;
        self.seen.retain(|row| row.hash.trailing_zeros() >= zero_bits);
        self.seen.sort_unstable_by_key(|row| row.hash);
        self.seen.dedup_by(|row, first| {
            let is_like = row.hash == first.hash;
            // Rows of a file are numbered by 32 bits, too.
            first.times = first.times.saturating_add(if is_like { row.times } else { 0 });
            is_like
        });
        while self.seen.len() > WATCHED_ROWS_MAX {
            self.zero_bits += 1;
            let zero_bits = self.zero_bits;
            self.seen.retain(|row| row.hash.trailing_zeros() >= zero_bits);
        }
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.all
    }

    fn is_watched(&self, hash: u64) -> bool {
        hash.trailing_zeros() >= self.zero_bits
    }

    /// The repeats beyond the first of each row, with their money by currency, and one in how many rows was looked at.
    pub(super) fn tally(&mut self) -> (BTreeMap<Letters, Tally>, u64) {
        self.settle();
        let mut tallies: BTreeMap<Letters, Tally> = BTreeMap::new();
        for row in &self.seen {
            for _ in 1..row.times {
                tallies.entry(row.currency).or_default().add(row.amount);
            }
        }
        (tallies, 1 << self.zero_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_is_found_within_a_file_and_across_files() {
        let keys = |texts: &[&str]| {
            let mut keys = Keys::default();
            for (row, text) in (2..).zip(texts) {
                keys.add(std::iter::once(*text), row);
            }
            keys.sort();
            keys
        };
        let files = [keys(&["a", "b", "a"]), keys(&["c", "b"])];
        assert_eq!(repeated(&files), [((0, 2), (0, 4)), ((0, 3), (1, 3))]);
    }

    #[test]
    fn repeats_are_told_of_all_rows_or_of_one_in_so_many() {
        let amount = |row: u64| Amount::whole(i64::try_from(row).expect("small"));
        let tally = |rows: u64, parts: usize| {
            let mut all = Repeats::default();
            for part in (0..).take(parts) {
                let mut repeats = Repeats::default();
                // Each third row comes twice, the second time far behind the first.
                for row in (part..rows).step_by(parts).chain((3 * part..rows).step_by(3 * parts)) {
                    repeats.add(row.wrapping_mul(0x9e37_79b9_7f4a_7c15), amount(row), *b"EUR", true);
                }
                all.join(repeats);
            }
            let (tallies, one_in) = all.tally();
            (tallies[b"EUR"], one_in)
        };
        let every_third = |rows: u64| (0..rows).step_by(3).map(amount).sum();
        for parts in [1, 2, 5] {
            assert_eq!(tally(9_000, parts), (Tally { lines: 3_000, sum: every_third(9_000) }, 1));
            // Of odd factors, a product ends in as many zero bits as its number.
            let (found, one_in) = tally(300_000, parts);
            assert_eq!((found.lines, one_in), (300_000_u64.div_ceil(3 * 16), 16));
        }
    }
}
