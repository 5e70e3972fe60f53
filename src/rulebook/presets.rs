//! What exports of known providers call their columns: a table, so that a new one is a new row.

/// The table of presets. The first column is the word of `format`.
const TABLE: &str = include_str!("presets.csv");

/// The columns of one provider's export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The word of `format`.
    pub name: &'static str,
    /// Heading of the amount.
    pub cost: &'static str,
    /// Heading of the day.
    pub date: &'static str,
    /// How the day is written; ISO when empty.
    pub date_form: &'static str,
    /// Heading of the currency.
    pub currency: &'static str,
    /// Text that means blank; none when empty.
    pub null: &'static str,
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
            })
        })
    }

    /// The preset of a word of `format`.
    #[must_use]
    pub fn named(name: &str) -> Option<Preset> {
        Preset::all().find(|preset| preset.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Preset;
    use crate::period::Day;

    #[test]
    fn every_row_of_the_table_is_whole() {
        assert_eq!(Preset::all().count(), super::TABLE.lines().count() - 1);
        for preset in Preset::all() {
            assert!(![preset.name, preset.cost, preset.date, preset.currency].contains(&""), "{}", preset.name);
            assert!(preset.date_form.is_empty() || Day::is_date_format(preset.date_form), "{}", preset.name);
        }
    }
}
