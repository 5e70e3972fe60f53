//! Sums of what cannot be added to each other: money of several currencies, and hours.

use std::collections::BTreeMap;
use std::fmt;

use super::{Amount, Currency};

/// What amounts of lines that are priced by the hour are in.
pub const HOURS: &str = "hours";

/// A sum for each currency, by its code, and for [`HOURS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByCurrency(BTreeMap<String, Amount>);

impl ByCurrency {
    /// One amount.
    #[must_use]
    pub fn of(amount: Amount, measure: &str) -> ByCurrency {
        let mut sums = ByCurrency::default();
        sums.add(amount, measure);
        sums
    }

    /// Adds an amount to the sum of its currency, or of hours.
    pub fn add(&mut self, amount: Amount, measure: &str) {
        if let Some(sum) = self.0.get_mut(measure) {
            *sum += amount;
        } else {
            self.0.insert(measure.to_owned(), amount);
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every sum with what it is in.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Amount)> {
        self.0.iter().map(|(measure, sum)| (measure.as_str(), *sum))
    }
}

/// In words: `12.00 EUR, 3.50 USD and 0.5 hours`. All digits are there, and at least those of the currency.
impl fmt::Display for ByCurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.len().saturating_sub(1);
        for (at, (measure, sum)) in self.iter().enumerate() {
            let between = match at {
                0 => "",
                _ if at == last => " and ",
                _ => ", ",
            };
            let digits = Currency::new(measure).map_or(0, |currency| currency.minor_digits());
            write!(f, "{between}{} {measure}", with_digits(sum, digits as usize))?;
        }
        Ok(())
    }
}

/// The exact number, with so many decimals at least.
fn with_digits(amount: Amount, least: usize) -> String {
    let mut text = amount.to_string();
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if decimals < least {
        if decimals == 0 {
            text.push('.');
        }
        text.push_str(&"0".repeat(least - decimals));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_currency_has_its_own_figure_with_its_digits() {
        let mut sums = ByCurrency::of(Amount::whole(12), "EUR");
        assert_eq!(sums.to_string(), "12.00 EUR");
        // 3.5 and one millionth, less the millionth again.
        sums.add(Amount::from_atoms(3_500_001_000_000_000_000), "USD");
        assert_eq!(sums.to_string(), "12.00 EUR and 3.500001 USD");
        sums.add(Amount::from_atoms(-1_000_000_000_000), "USD");
        sums.add(Amount::whole(-7), "JPY");
        sums.add(Amount::from_atoms(500_000_000_000_000_000), HOURS);
        assert_eq!(sums.to_string(), "12.00 EUR, -7 JPY, 3.50 USD and 0.5 hours");
    }
}
