//! Repairs of exports: what known providers write where their format says otherwise, as a table, and what a
//! source declares itself. Every repair that is made is counted with its money.

/// The repairs that belong to presets. No cell of the table holds a comma or a quote.
const TABLE: &str = include_str!("repairs.csv");

/// Column of a repair that is made in every column of texts.
pub const ANY_COLUMN: &str = "*";

/// What is put right in the texts of a column. Amounts, dates and currencies are never repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Provider whose lines it is made in; all when empty.
    pub provider: String,
    /// Heading of the column, or [`ANY_COLUMN`].
    pub column: String,
    /// What is done.
    pub kind: RepairKind,
}

/// What a repair does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepairKind {
    /// This text means blank.
    Blank(String),
    /// A blank takes the text of this column.
    Fill(String),
    /// Texts that differ in capitals only are one, and read in small letters.
    AnyCase,
}

/// The repairs of a preset.
#[must_use]
pub fn of_preset(format: &str) -> Vec<Repair> {
    let repairs = TABLE.lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let [of, provider, column, repair, with] = cells.as_slice() else { return None };
        let kind = match *repair {
            "blank" => RepairKind::Blank((*with).to_owned()),
            "fill" => RepairKind::Fill((*with).to_owned()),
            "any_case" => RepairKind::AnyCase,
            _ => return None,
        };
        (*of == format).then(|| Repair { provider: (*provider).to_owned(), column: (*column).to_owned(), kind })
    });
    repairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::presets::Preset;

    #[test]
    fn every_row_of_the_table_is_a_repair_of_a_preset() {
        let all: usize = Preset::all().map(|preset| of_preset(preset.name).len()).sum();
        assert_eq!(all, TABLE.lines().count() - 1);
    }
}
