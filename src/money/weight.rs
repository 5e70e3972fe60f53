//! Weights: which part of one unit of money at a place ends in a figure.

#![allow(clippy::float_arithmetic, reason = "floats only guess, and whoever asks for them checks in integers")]

use num_bigint::{BigInt, Sign};

use super::Amount;

/// Binary digits behind the point. An amount has up to 127 bits, and a weight may be the product of many shares, so
/// this leaves an error of far less than one atom after millions of them.
const BITS: usize = 192;

/// Digits of an `f64`.
const FLOAT_BITS: u64 = 53;

/// A part of money, in units of 2^-192. Where bills are above the cost behind them it may be above 1, and against
/// credits it may be negative.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(BigInt);

impl Weight {
    /// Nothing.
    #[must_use]
    pub fn zero() -> Weight {
        Weight::default()
    }

    /// All of it.
    #[must_use]
    pub fn one() -> Weight {
        Weight(BigInt::from(1) << BITS)
    }

    /// `part / whole`, rounded down; `None` where the whole is 0.
    #[must_use]
    pub fn of(part: Amount, whole: Amount) -> Option<Weight> {
        Pot::default().add(part, &Weight::one()).over(whole)
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.sign() == Sign::NoSign
    }

    /// This part of an amount, rounded half to even at the scale of amounts. `None` where it leaves the range.
    #[must_use]
    pub fn part_of(&self, amount: Amount) -> Option<Amount> {
        half_even(&(&self.0 * amount.atoms()), &(BigInt::from(1) << BITS))
    }

    /// This part of `amount × part / whole`, rounded half to even. `None` where the whole is 0 or it leaves the range.
    #[must_use]
    pub fn part_of_share(&self, amount: Amount, part: Amount, whole: Amount) -> Option<Amount> {
        let whole = BigInt::from(whole.atoms()) << BITS;
        half_even(&(&self.0 * amount.atoms() * part.atoms()), &whole)
    }

    /// A part of this part, rounded down.
    #[must_use]
    pub fn times(&self, other: &Weight) -> Weight {
        Weight((&self.0 * &other.0) >> BITS)
    }

    /// About how much it is: a guess, for those who check it in integers.
    #[must_use]
    pub fn as_float(&self) -> f64 {
        self.as_scaled(BITS as u64)
    }

    /// About how many times 2^`bits` units of 2^-192 it is.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a guess")]
    pub fn as_scaled(&self, bits: u64) -> f64 {
        let cut = self.0.bits().saturating_sub(FLOAT_BITS);
        let top = i64::try_from(&self.0 >> cut).unwrap_or_default() as f64;
        let power = i64::try_from(cut).unwrap_or(i64::MAX).saturating_sub(i64::try_from(bits).unwrap_or(i64::MAX));
        top * 2f64.powi(i32::try_from(power).unwrap_or(i32::MIN))
    }

    /// The weight of `float` times 2^`bits` units of 2^-192; 0 where it is no number.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "what does not fit is cut, and the caller sees it")]
    pub fn from_scaled(float: f64, bits: u64) -> Weight {
        if !float.is_finite() {
            return Weight::zero();
        }
        // 2^60 leaves room for corrections that are 2^66 times the size of what they correct.
        let digits = BigInt::from((float * 2f64.powi(60)).round() as i128);
        Weight((digits << bits) >> 60)
    }

    /// Whether it is another weight, give or take a millionth of the whole.
    #[must_use]
    pub fn is_near(&self, other: &Weight) -> bool {
        // 2^-20 is about a millionth.
        (&self.0 - &other.0).bits() + 20 <= BITS as u64
    }

    /// How many binary digits its size has, in units of 2^-192.
    #[must_use]
    pub fn bits(&self) -> u64 {
        self.0.bits()
    }
}

impl std::ops::AddAssign<&Weight> for Weight {
    fn add_assign(&mut self, other: &Weight) {
        self.0 += &other.0;
    }
}

impl std::ops::SubAssign<&Weight> for Weight {
    fn sub_assign(&mut self, other: &Weight) {
        self.0 -= &other.0;
    }
}

/// Amounts with the weights of where they go, added up before they are divided once.
#[derive(Clone, Debug, Default)]
pub struct Pot(BigInt);

impl Pot {
    /// Adds an amount that goes to a place of this weight.
    #[must_use]
    pub fn add(mut self, amount: Amount, weight: &Weight) -> Pot {
        self.0 += &weight.0 * amount.atoms();
        self
    }

    /// What of it ends in the figure, rounded half to even. `None` where it leaves the range.
    #[must_use]
    pub fn amount(&self) -> Option<Amount> {
        half_even(&self.0, &(BigInt::from(1) << BITS))
    }

    /// The weight of one unit of a balance from which all of it comes, rounded down; `None` where the balance is 0.
    #[must_use]
    pub fn over(self, balance: Amount) -> Option<Weight> {
        let whole = BigInt::from(balance.atoms());
        if whole.sign() == Sign::NoSign {
            return None;
        }
        Some(Weight(floor(&self.0, &whole)))
    }
}

/// The floor of a quotient.
fn floor(value: &BigInt, whole: &BigInt) -> BigInt {
    let quotient = value / whole;
    let rest = value - &quotient * whole;
    let is_above = rest.sign() != Sign::NoSign && rest.sign() != whole.sign();
    if is_above { quotient - 1 } else { quotient }
}

/// A quotient rounded half to even.
fn half_even(value: &BigInt, whole: &BigInt) -> Option<Amount> {
    if whole.sign() == Sign::NoSign {
        return None;
    }
    let (value, whole) = if whole.sign() == Sign::Minus { (-value, -whole) } else { (value.clone(), whole.clone()) };
    let down = floor(&value, &whole);
    let double = (&value - &down * &whole) * 2;
    let is_odd = &down % 2 != BigInt::default();
    let rounded = if double > whole || double == whole && is_odd { down + 1 } else { down };
    i128::try_from(rounded).ok().map(Amount::from_atoms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atoms(atoms: i128) -> Amount {
        Amount::from_atoms(atoms)
    }

    #[test]
    fn a_third_of_an_amount_is_rounded_once() {
        let third = Weight::of(atoms(1), atoms(3)).expect("a weight");
        assert_eq!(third.part_of(atoms(100)), Some(atoms(33)));
        assert_eq!(third.part_of(atoms(-100)), Some(atoms(-33)));
        // 1/3 is rounded down, so half of an atom is not met: 5/6 of 1.
        assert_eq!(third.part_of_share(atoms(5), atoms(1), atoms(2)), Some(atoms(1)));
        assert_eq!(Weight::of(atoms(1), Amount::ZERO), None);
    }

    #[test]
    fn halves_go_to_the_even_atom() {
        let half = Weight::of(atoms(1), atoms(2)).expect("a weight");
        let parts = [1, 3, -1, -3].map(|amount| half.part_of(atoms(amount)).expect("a part").atoms());
        assert_eq!(parts, [0, 2, 0, -2]);
    }

    #[test]
    fn floats_come_back_to_all_their_digits() {
        for float in [1.0, 0.1, -1e-9, 12345.678] {
            let weight = Weight::from_scaled(float, 192);
            assert!((weight.as_float() - float).abs() < 1e-15 * float.abs().max(1.0), "{float}");
        }
    }
}
