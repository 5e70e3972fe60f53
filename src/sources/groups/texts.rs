//! Texts and combinations of them, each once: found again by their bytes.

use hashbrown::HashTable;
use rapidhash::v3::{DEFAULT_RAPID_SECRETS, rapidhash_v3_micro_inline};

/// Bytes that come from memory together.
const CACHE_LINE: usize = 64;

/// A hash of a text. Whoever finds something by it compares the bytes too.
#[inline]
pub(super) fn hash(text: &[u8]) -> u64 {
    rapidhash_v3_micro_inline::<true, false>(text, &DEFAULT_RAPID_SECRETS)
}

/// A hash of two hashes in their order.
#[inline]
pub(super) fn both(one: u64, two: u64) -> u64 {
    const SPREADS: u64 = 0x9e37_79b9_7f4a_7c15;
    let (low, high) = (one.rotate_left(23) ^ two).carrying_mul(SPREADS, 0);
    low ^ high
}

/// Whether two texts are the same. Most are so short that the call of a function for it would take longer than it.
#[inline]
fn are_same(one: &[u8], two: &[u8]) -> bool {
    fn ends<const N: usize>(text: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
        Some((text.first_chunk()?, text.last_chunk()?))
    }
    if one.len() != two.len() {
        return false;
    }
    match one.len() {
        0..4 => one.iter().zip(two).all(|(one, two)| one == two),
        4..8 => ends::<4>(one) == ends(two),
        8..16 => ends::<8>(one) == ends(two),
        _ => {
            let (steps, others) = (one.as_chunks::<16>().0, two.as_chunks::<16>().0);
            steps.iter().zip(others).all(|(one, two)| u128::from_ne_bytes(*one) == u128::from_ne_bytes(*two))
                && one.last_chunk::<16>() == two.last_chunk()
        }
    }
}

/// Texts, each with a number, from 0.
#[derive(Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<u32>,
    numbers: HashTable<(u64, u32)>,
}

impl Texts {
    fn text(&self, number: u32) -> Option<&[u8]> {
        let at = number as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes.get(start as usize..*self.ends.get(at)? as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the text of a number is this one.
    #[inline]
    pub(super) fn is(&self, number: u32, text: &[u8]) -> bool {
        self.text(number).is_some_and(|known| are_same(known, text))
    }

    /// Some bytes from all over the text of a number.
    #[inline]
    pub(super) fn touch(&self, number: u32) -> u8 {
        let text = self.text(number).unwrap_or_default();
        text.iter().step_by(CACHE_LINE).fold(0, |touched, byte| touched ^ byte)
    }

    /// The number of a text that has one.
    #[inline]
    pub(super) fn find(&self, hash: u64, text: &[u8]) -> Option<u32> {
        let found = self.numbers.find(hash, |(other, number)| *other == hash && self.is(*number, text));
        found.map(|(_, number)| *number)
    }

    /// Gives a number to a text that has none; `None` when there are too many.
    pub(super) fn add(&mut self, hash: u64, text: &[u8]) -> Option<u32> {
        let end = u32::try_from(self.bytes.len() + text.len()).ok()?;
        let number = u32::try_from(self.ends.len()).ok()?;
        self.bytes.extend_from_slice(text);
        self.ends.push(end);
        self.numbers.insert_unique(hash, (hash, number), |(hash, _)| *hash);
        Some(number)
    }
}

/// Rows of as many numbers each.
#[derive(Default)]
pub(super) struct Tuples {
    width: usize,
    numbers: Vec<u32>,
    rows: HashTable<(u64, u32)>,
}

impl Tuples {
    /// Rows of so many numbers.
    pub(super) fn of_width(width: usize) -> Tuples {
        Tuples { width, ..Tuples::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    #[inline]
    fn row(&self, at: u32) -> Option<&[u32]> {
        let start = at as usize * self.width;
        self.numbers.get(start..start + self.width)
    }

    /// The row for which `is_it` holds, among those with a hash.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(&[u32]) -> bool) -> Option<&[u32]> {
        let found = self.rows.find(hash, |(other, at)| *other == hash && self.row(*at).is_some_and(&is_it));
        found.and_then(|(_, at)| self.row(*at))
    }

    /// A row that has a hash, and is most likely the one that is wanted by it.
    #[inline]
    pub(super) fn likely(&self, hash: u64) -> Option<&[u32]> {
        self.rows.find(hash, |(other, _)| *other == hash).and_then(|(_, at)| self.row(*at))
    }

    /// Adds a row, of which there is no like.
    pub(super) fn add(&mut self, hash: u64, row: impl Iterator<Item = u32>) {
        let Ok(at) = u32::try_from(self.rows.len()) else { return };
        self.numbers.extend(row);
        self.rows.insert_unique(hash, (hash, at), |(hash, _)| *hash);
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
    fn hashes_that_agree_do_not_make_texts_or_rows_one() {
        let mut texts = Texts::default();
        assert_eq!([texts.add(7, b"one"), texts.add(7, b""), texts.add(7, b"two")], [Some(0), Some(1), Some(2)]);
        assert_eq!([texts.find(7, b"one"), texts.find(7, b""), texts.find(7, b"two")], [Some(0), Some(1), Some(2)]);
        assert_eq!([texts.find(7, b"tw"), texts.find(8, b"two")], [None, None]);
        let mut rows = Tuples::of_width(2);
        rows.add(7, [1, 2].into_iter());
        rows.add(7, [2, 1].into_iter());
        assert_eq!(rows.find(7, |row| row[0] == 2), Some([2, 1].as_slice()));
        assert_eq!(rows.find(7, |row| row == [2, 2]), None);
    }
}
