//! Numbers from a fixed seed: splitmix64, one stream for each thing that is drawn.

const SEED: u64 = 0x4861_7262_6f75_7221;

/// A stream of numbers that depends on the seed and on its name alone, so that a change in one file of the
/// sample leaves the others as they are.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn stream(name: &str) -> Random {
        let mut random = Random(SEED);
        for byte in name.bytes() {
            random.0 ^= u64::from(byte);
            random.0 = random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = (most - least).unsigned_abs() + 1;
        least + i64::try_from(self.next() % span).unwrap_or(0)
    }

    /// True in `parts` of a thousand draws.
    pub(crate) fn chance(&mut self, parts: i64) -> bool {
        self.between(0, 999) < parts
    }

    /// `base`, give or take up to `parts` thousandths of it.
    pub(crate) fn around(&mut self, base: i64, parts: i64) -> i64 {
        base * (1000 + self.between(-parts, parts)) / 1000
    }

    /// The place in `weights` that the draw falls on.
    pub(crate) fn pick(&mut self, weights: impl Iterator<Item = i64> + Clone) -> usize {
        let mut left = self.between(0, weights.clone().sum::<i64>() - 1);
        for (place, weight) in weights.enumerate() {
            if left < weight {
                return place;
            }
            left -= weight;
        }
        0
    }
}
