//! What exports of known providers call their columns: a table, so that a new one is a new row.

/// The table of presets. The first column is the word of `format`.
const TABLE: &str = include_str!("presets.csv");

/// The columns of one provider's export. Headings that differ between versions of an export stand with `|`
/// between them; the first that a file has is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The word of `format`.
    pub name: &'static str,
    /// Headings of the amount; empty where hours come in its place.
    pub cost: &'static str,
    /// Headings of the day.
    pub date: &'static str,
    /// How the day is written; ISO when empty.
    pub date_form: &'static str,
    /// Headings of the currency; empty where there is none.
    pub currency: &'static str,
    /// Text that means blank; none when empty.
    pub null: &'static str,
    /// What its amounts are of charges that are paid in advance.
    pub basis: Option<Basis>,
    /// Heading of the hours in an export of working time; else empty.
    pub hours: &'static str,
    /// How the hours are written; plain when empty.
    pub hours_form: &'static str,
    /// Headings of the people who worked, with `|` between them.
    pub personal: &'static str,
}

/// How an export shows what was paid in advance. The same charges stand in both kinds, so they are never added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// When it was bought.
    Actual,
    /// Spread over the days it is used on.
    Amortised,
}

impl Basis {
    /// The word people read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Basis::Actual => "actual",
            Basis::Amortised => "amortised",
        }
    }

    fn from_word(word: &str) -> Option<Basis> {
        [Basis::Actual, Basis::Amortised].into_iter().find(|basis| basis.word() == word)
    }
}

impl Preset {
    /// All presets. No cell of the table holds a comma or a quote.
    pub fn all() -> impl Iterator<Item = Preset> {
        TABLE.lines().skip(1).filter_map(|line| {
            let mut cells = line.split(',');
            let mut cell = || cells.next();
            Some(Preset {
                name: cell()?,
                cost: cell()?,
                date: cell()?,
                date_form: cell()?,
                currency: cell()?,
                null: cell()?,
                basis: Basis::from_word(cell()?),
                hours: cell()?,
                hours_form: cell()?,
                personal: cell()?,
            })
        })
    }

    /// The preset of a word of `format`.
    #[must_use]
    pub fn named(name: &str) -> Option<Preset> {
        Preset::all().find(|preset| preset.name == name)
    }

    /// Headings of the people who worked.
    pub fn personal_columns(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.personal.split('|').filter(|name| !name.is_empty())
    }

    /// The preset of the same export with the other [`Basis`].
    #[must_use]
    pub fn of_other_basis(&self) -> Option<Preset> {
        let is_same = |other: &Preset| (other.cost, other.hours, other.date) == (self.cost, self.hours, self.date);
        Preset::all().find(|other| is_same(other) && other.basis != self.basis)
    }
}

/// The first of the headings that stand with `|` between them.
#[must_use]
pub fn first_heading(headings: &'static str) -> &'static str {
    headings.split('|').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::NumberFormat;
    use crate::period::Day;

    #[test]
    fn every_row_of_the_table_is_whole() {
        assert_eq!(Preset::all().count(), super::TABLE.lines().count() - 1);
        for preset in Preset::all() {
            let is_bill = ![preset.cost, preset.currency].contains(&"");
            assert!(![preset.name, preset.date].contains(&"") && is_bill == preset.hours.is_empty(), "{}", preset.name);
            assert_eq!(is_bill, preset.personal.is_empty(), "{}", preset.name);
            let form = Some(preset.hours_form).filter(|form| !form.is_empty());
            assert!(form.is_none_or(|form| NumberFormat::from_sample(form).is_some()), "{}", preset.name);
            assert!(preset.date_form.is_empty() || Day::is_date_format(preset.date_form), "{}", preset.name);
            assert_eq!(preset.basis.is_some(), preset.of_other_basis().is_some_and(|other| other.basis.is_some()));
        }
    }
}
