//! Texts and combinations of them, each once: found again by their bytes.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use rapidhash::v3::{RapidSecrets, rapidhash_v3_micro_inline};

use crate::files::{Padded, RawRow};

/// Whether two texts are the same. Most are so short that the call of a function for it would take longer than it.
#[inline]
fn are_same(one: &[u8], two: &[u8]) -> bool {
    let (Some(last), true) = (one.last_chunk::<16>(), one.len() == two.len()) else { return one == two };
    let (steps, others) = (one.as_chunks::<16>().0, two.as_chunks::<16>().0);
    steps.iter().zip(others).all(|(one, two)| u128::from_ne_bytes(*one) == u128::from_ne_bytes(*two))
        && Some(last) == two.last_chunk()
}

/// How many are looked for together, so that what has to come from far comes together.
pub(super) const BATCH: usize = 32;

/// Stands in the place of a text's number where it has none.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// Bytes that come from memory together.
const CACHE_LINE: usize = 64;

/// Bytes above which not all is at hand in the processor.
const AT_HAND_MAX: usize = 1 << 16;

/// Texts, each with a number. Most are short, and are kept where they are found.
pub(super) struct Texts {
    secrets: RapidSecrets,
    short: HashTable<(Padded, u32)>,
    long: HashTable<Long>,
    bytes: Vec<u8>,
}

/// Where a longer text stands, and its number.
#[derive(Clone, Copy)]
struct Long {
    hash: u32,
    start: u32,
    length: u32,
    number: u32,
}

impl Long {
    const NONE: Long = Long { hash: 0, start: 0, length: 0, number: UNKNOWN };

    #[inline]
    fn is(&self, hash: u64, text: &[u8]) -> bool {
        self.hash == part_of(hash) && self.length as usize == text.len()
    }

    #[inline]
    fn text<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        bytes.get(start..start + self.length as usize).unwrap_or_default()
    }
}

/// The bits of a hash by which most others are told from it.
#[inline]
fn part_of(hash: u64) -> u32 {
    const BITS: u64 = u32::MAX as u64;
    u32::try_from(hash >> 16 & BITS).unwrap_or_default()
}

/// Two numbers become one, of which neither makes nothing of the other.
#[inline]
fn both(one: u64, two: u64) -> u64 {
    let (low, high) = one.carrying_mul(two, 0);
    low ^ one ^ high ^ two
}

fn new_secret() -> u64 {
    RandomState::new().hash_one(BATCH)
}

/// Secrets of one table, so that no file can be made whose texts have one hash there.
pub(super) fn new_secrets() -> RapidSecrets {
    RapidSecrets::seed(new_secret())
}

impl Default for Texts {
    fn default() -> Self {
        Texts { secrets: new_secrets(), short: HashTable::new(), long: HashTable::new(), bytes: Vec::new() }
    }
}

/// A hash of a short text. Whoever finds something by it compares the texts too.
#[inline]
fn hash_short(text: &Padded, secrets: &RapidSecrets) -> u64 {
    let [one, two, three, four] = text.words;
    let [of_one, of_two, of_three, of_four, ..] = secrets.secrets;
    let half = both(one ^ of_one, two ^ of_two);
    both(half ^ three ^ of_three, half.rotate_left(32) ^ four ^ of_four ^ text.length as u64)
}

/// A hash of a longer text.
#[inline]
pub(super) fn hash_long(text: &[u8], secrets: &RapidSecrets) -> u64 {
    rapidhash_v3_micro_inline::<true, false>(text, secrets)
}

impl Texts {
    /// The number of a text that has one.
    pub(super) fn find(&self, text: &[u8]) -> Option<u32> {
        let short = Padded::of_slice(text);
        short.map_or_else(|| self.find_long(hash_long(text, &self.secrets), text), |text| self.find_short(&text))
    }

    #[inline]
    fn find_short(&self, text: &Padded) -> Option<u32> {
        self.short.find(hash_short(text, &self.secrets), |(other, _)| other == text).map(|(_, number)| *number)
    }

    #[inline]
    fn find_long(&self, hash: u64, text: &[u8]) -> Option<u32> {
        let is_it = |long: &Long| long.is(hash, text) && are_same(long.text(&self.bytes), text);
        self.long.find(hash, is_it).map(|long| long.number)
    }

    /// The numbers of what stands in a column of some rows, of which there are no more than are looked for together.
    #[inline]
    pub(super) fn find_some(&self, rows: &[RawRow<'_>], column: usize) -> [u32; BATCH] {
        let mut numbers = [UNKNOWN; BATCH];
        let mut long = [&[][..]; BATCH];
        let mut has_long = false;
        for ((number, long), row) in numbers.iter_mut().zip(&mut long).zip(rows) {
            if let Some(text) = row.padded(column) {
                *number = self.find_short(&text).unwrap_or(UNKNOWN);
            } else {
                *long = row.bytes(column);
                has_long = true;
            }
        }
        if has_long {
            self.find_some_long(&long, &mut numbers);
        }
        numbers
    }

    /// Finds the numbers of texts that are not short.
    fn find_some_long(&self, texts: &[&[u8]; BATCH], numbers: &mut [u32; BATCH]) {
        let texts = || texts.iter().enumerate().filter(|(_, text)| !text.is_empty());
        if self.bytes.len() <= AT_HAND_MAX {
            for (at, text) in texts() {
                numbers[at] = self.find_long(hash_long(text, &self.secrets), text).unwrap_or(UNKNOWN);
            }
            return;
        }
        let mut hashes = [0; BATCH];
        texts().for_each(|(at, text)| hashes[at] = hash_long(text, &self.secrets));
        let mut likely = [Long::NONE; BATCH];
        for (at, text) in texts() {
            let is_likely = |long: &Long| long.is(hashes[at], text);
            likely[at] = self.long.find(hashes[at], is_likely).copied().unwrap_or(Long::NONE);
        }
        let mut touched = 0;
        for byte in likely.iter().flat_map(|long| long.text(&self.bytes).iter().step_by(CACHE_LINE)) {
            touched ^= byte;
        }
        std::hint::black_box(touched);
        for (at, text) in texts() {
            numbers[at] = match likely[at].number {
                UNKNOWN => UNKNOWN,
                number if are_same(likely[at].text(&self.bytes), text) => number,
                _ => self.find_long(hashes[at], text).unwrap_or(UNKNOWN),
            };
        }
    }

    /// Gives a number to a text that has none; `None` when there are too many.
    pub(super) fn add(&mut self, text: &[u8], number: u32) -> Option<()> {
        if let Some(text) = Padded::of_slice(text) {
            let secrets = &self.secrets;
            self.short.insert_unique(hash_short(&text, secrets), (text, number), |(text, _)| hash_short(text, secrets));
            return Some(());
        }
        let start = u32::try_from(self.bytes.len()).ok()?;
        let length = u32::try_from(text.len()).ok()?;
        start.checked_add(length)?;
        self.bytes.extend_from_slice(text);
        let (bytes, secrets, hash) = (&self.bytes, &self.secrets, hash_long(text, &self.secrets));
        let hash_again = |long: &Long| hash_long(long.text(bytes), secrets);
        self.long.insert_unique(hash, Long { hash: part_of(hash), start, length, number }, hash_again);
        Some(())
    }
}

/// Rows of as many numbers each, found again by those they begin with.
#[derive(Default)]
pub(super) struct Tuples {
    width: usize,
    /// Of this table alone.
    secret: u64,
    numbers: Vec<u32>,
    rows: HashTable<(u64, u32)>,
}

/// A hash of numbers in their order.
#[inline]
fn hash_of(numbers: &[u32], secret: u64) -> u64 {
    const SPREADS: u64 = 0x9e37_79b9_7f4a_7c15;
    let (pairs, rest) = numbers.as_chunks::<2>();
    let pair = |[one, two]: &[u32; 2]| u64::from(*one) << 32 | u64::from(*two);
    let rest = rest.iter().map(|number| u64::from(*number));
    pairs.iter().map(pair).chain(rest).fold(secret, |hash: u64, next| both(hash.rotate_left(23) ^ next, SPREADS))
}

impl Tuples {
    /// Rows of so many numbers.
    pub(super) fn of_width(width: usize) -> Tuples {
        Tuples { width, secret: new_secret(), ..Tuples::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many numbers a row has.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// All rows, in the order in which they were added.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u32]> {
        self.numbers.chunks_exact(self.width.max(1))
    }

    /// The row that was added after so many others.
    #[inline]
    pub(super) fn row(&self, at: u32) -> Option<&[u32]> {
        let start = at as usize * self.width;
        self.numbers.get(start..start + self.width)
    }

    /// The row that begins with some numbers.
    #[inline]
    pub(super) fn find(&self, beginning: &[u32]) -> Option<&[u32]> {
        let hash = hash_of(beginning, self.secret);
        let is_it = |at: u32| self.row(at).is_some_and(|row| row.starts_with(beginning));
        let found = self.rows.find(hash, |(other, at)| *other == hash && is_it(*at));
        found.and_then(|(_, at)| self.row(*at))
    }

    /// Finds rows that begin with so many numbers each.
    pub(super) fn find_some(&self, beginnings: &[u32], count: usize, mut found: impl FnMut(usize, &[u32])) {
        for (batch, beginnings) in beginnings.chunks(count * BATCH).enumerate() {
            let mut likely = [UNKNOWN; BATCH];
            let mut hashes = [0; BATCH];
            for (hash, beginning) in hashes.iter_mut().zip(beginnings.chunks_exact(count)) {
                *hash = hash_of(beginning, self.secret);
            }
            for (likely, hash) in likely.iter_mut().zip(hashes) {
                *likely = self.rows.find(hash, |(other, _)| *other == hash).map_or(UNKNOWN, |(_, at)| *at);
            }
            let mut touched = 0;
            for row in likely.iter().filter_map(|at| self.row(*at)) {
                touched ^= row[0] ^ row[row.len() - 1];
            }
            std::hint::black_box(touched);
            for (at, (likely, beginning)) in likely.into_iter().zip(beginnings.chunks_exact(count)).enumerate() {
                let Some(row) = self.row(likely) else { continue };
                let row = if row.starts_with(beginning) { Some(row) } else { self.find(beginning) };
                if let Some(row) = row {
                    found(batch * BATCH + at, row);
                }
            }
        }
    }

    /// Adds a row, of which there is no like; `None` when there are too many.
    pub(super) fn add(&mut self, beginning: &[u32], rest: &[u32]) -> Option<()> {
        let at = u32::try_from(self.rows.len()).ok()?;
        let hash = hash_of(beginning, self.secret);
        self.numbers.extend(beginning.iter().chain(rest));
        self.rows.insert_unique(hash, (hash, at), |(hash, _)| *hash);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_when_their_bytes_are() {
        for length in 0..70 {
            let text: Vec<u8> = (0..length).collect();
            assert!(are_same(&text, &text.clone()));
            assert!(!are_same(&text, &[text.as_slice(), b"x"].concat()));
            for at in 0..text.len() {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert!(!are_same(&text, &other), "{length} {at}");
            }
        }
    }

    #[test]
    fn each_text_has_its_own_number_however_many_there_are() {
        let mut texts = Texts::default();
        // Texts that differ in their length, their end, or bytes of value 0 alone.
        let text = |number: u32| {
            let [length, zeros, sevens] = [number % 50, number / 50 % 3, number / 150].map(|count| count as usize);
            [b"x".repeat(length), vec![0; zeros], vec![7; sevens]].concat()
        };
        for number in 0..600 {
            assert_eq!(texts.find(&text(number)), None, "{number}");
            texts.add(&text(number), number).expect("added");
        }
        for number in 0..600 {
            assert_eq!(texts.find(&text(number)), Some(number));
        }
    }

    #[test]
    fn rows_looked_for_together_are_those_looked_for_alone() {
        let mut rows = Tuples::of_width(5);
        for number in 0..4000 {
            rows.add(&[number % 7, number, 1], &[number, 2]).expect("added");
        }
        let beginnings: Vec<u32> = (0..100).flat_map(|at| [at * 50 % 7, at * 50, 1 + at % 2]).collect();
        let mut found = Vec::new();
        rows.find_some(&beginnings, 3, |at, row| found.push((at, row[3])));
        let expected: Vec<(usize, u32)> = (0..80).step_by(2).zip((0..).step_by(100)).collect();
        assert_eq!(found, expected);
        assert_eq!(rows.find(&[3, 3, 1]), Some([3, 3, 1, 3, 2].as_slice()));
    }
}
