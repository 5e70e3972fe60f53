//! What stands in a column that rules read, each text once and with a number: groups are told apart by such numbers.

use std::sync::Arc;

use hashbrown::HashTable;
use rapidhash::v3::RapidSecrets;

use super::texts::{hash_long, new_secrets};

/// Texts in the order in which they came, numbered from 0.
pub(super) struct Values {
    secrets: RapidSecrets,
    numbers: HashTable<u32>,
    texts: Vec<Arc<str>>,
    /// What each of them is shown as.
    shown: Vec<Arc<str>>,
}

impl Default for Values {
    fn default() -> Self {
        Values { secrets: new_secrets(), numbers: HashTable::new(), texts: Vec::new(), shown: Vec::new() }
    }
}

impl Values {
    /// The number of a text that has one.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        let is_it = |number: &u32| *self.texts[*number as usize] == *text;
        self.numbers.find(hash_long(text.as_bytes(), &self.secrets), is_it).copied()
    }

    /// The number of a text; `None` when there are too many.
    pub(super) fn number(&mut self, text: &str) -> Option<u32> {
        self.find(text).or_else(|| {
            let text: Arc<str> = text.into();
            self.add(Arc::clone(&text), text)
        })
    }

    /// The number of a text that is shown as another one; of those, the first stays.
    pub(super) fn number_as(&mut self, text: &str, shown: &str) -> Option<u32> {
        self.find(text).or_else(|| self.add(text.into(), shown.into()))
    }

    fn add(&mut self, text: Arc<str>, shown: Arc<str>) -> Option<u32> {
        let number = u32::try_from(self.texts.len()).ok()?;
        let (texts, secrets) = (&self.texts, &self.secrets);
        let hash_again = |number: &u32| hash_long(texts[*number as usize].as_bytes(), secrets);
        self.numbers.insert_unique(hash_long(text.as_bytes(), secrets), number, hash_again);
        self.texts.push(text);
        self.shown.push(shown);
        Some(number)
    }

    /// The text that has a number.
    pub(super) fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    /// What the text with a number is shown as.
    pub(super) fn shown(&self, number: u32) -> &Arc<str> {
        &self.shown[number as usize]
    }

    /// For each number, the place of its text in the order of texts.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = (0..).take(self.texts.len()).collect();
        sorted.sort_unstable_by_key(|number| self.text(*number));
        let mut ranks = vec![0; sorted.len()];
        for (rank, number) in (0..).zip(sorted) {
            ranks[number as usize] = rank;
        }
        ranks
    }

    /// Takes the texts of another one over, and says which number each of its numbers has here; `None` when there are too
    /// many.
    pub(super) fn take_over(&mut self, other: Values) -> Option<Vec<u32>> {
        let known = |(text, shown): (Arc<str>, Arc<str>)| self.find(&text).or_else(|| self.add(text, shown));
        other.texts.into_iter().zip(other.shown).map(known).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_number_and_the_order_is_that_of_texts() {
        let mut values = Values::default();
        let numbers: Vec<_> = ["b", "", "a", "b", "ab"].map(|text| values.number(text)).into();
        assert_eq!(numbers, [0, 1, 2, 0, 3].map(Some));
        assert_eq!((values.find("a"), values.find("c")), (Some(2), None));
        // "" < "a" < "ab" < "b"
        assert_eq!(values.ranks(), [3, 0, 1, 2]);
    }

    #[test]
    fn what_is_taken_over_keeps_what_is_there() {
        let mut values = Values::default();
        values.number_as("+", "one");
        let mut others = Values::default();
        others.number_as("-", "two");
        others.number_as("+", "three");
        assert_eq!(values.take_over(others), Some(vec![1, 0]));
        assert_eq!([0, 1].map(|number| values.shown(number).to_string()), ["one", "two"]);
    }
}
