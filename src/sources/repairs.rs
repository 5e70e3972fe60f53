//! Repairs of texts: made while a row is read, counted with the money of the lines they were made in.

use std::collections::BTreeMap;

use super::Tally;
use crate::files::{Cell, Headings, Row};
use crate::finding::clean;
use crate::model::Model;
use crate::money::Amount;
use crate::rulebook::SourceDecl;
use crate::rulebook::repairs::{ANY_COLUMN, Repair, RepairKind};

/// Columns that say whose export a line is of; the first that a file has is looked at.
const PROVIDER_COLUMNS: [&str; 3] = ["ProviderName", "ServiceProviderName", "InvoiceIssuerName"];

/// A repair as it stands in one file.
struct Placed<'m> {
    provider: &'m str,
    kind: PlacedKind<'m>,
}

enum PlacedKind<'m> {
    Blank(&'m str),
    Fill(usize),
    AnyCase,
}

/// The repairs of one file, and how often each was made.
#[derive(Default)]
pub(super) struct Repairs<'m> {
    provider: Option<usize>,
    null: &'m [String],
    /// For each column, its repairs: texts that mean blank, then fills, then case.
    columns: Vec<Vec<Placed<'m>>>,
    headings: Vec<String>,
    /// What was done in the row that is looked at: the column, and which repair of it; the nulls come after.
    of_row: Vec<(usize, usize)>,
    done: BTreeMap<(usize, usize), Tally>,
}

/// A text after its repairs.
pub(super) enum Mended<'r> {
    /// As it stands in this or another cell.
    As(&'r str),
    /// Written anew.
    New(String),
}

impl<'m> Repairs<'m> {
    pub(super) fn place(decl: &'m SourceDecl, headings: &Headings) -> Self {
        let find = |name: &str| headings.names.iter().position(|heading| heading == name);
        let belongs =
            |repair: &Repair, column: usize| repair.column == ANY_COLUMN || headings.names[column] == repair.column;
        let place = |repair: &'m Repair| {
            let kind = match &repair.kind {
                RepairKind::Blank(text) => PlacedKind::Blank(text),
                RepairKind::Fill(from) => PlacedKind::Fill(find(from)?),
                RepairKind::AnyCase => PlacedKind::AnyCase,
            };
            Some(Placed { provider: &repair.provider, kind })
        };
        let of_column = |column: usize| -> Vec<Placed<'m>> {
            let mut placed: Vec<Placed<'m>> =
                decl.repairs.iter().filter(|repair| belongs(repair, column)).filter_map(place).collect();
            placed.sort_by_key(|placed| match placed.kind {
                PlacedKind::Blank(_) => 0,
                PlacedKind::Fill(_) => 1,
                PlacedKind::AnyCase => 2,
            });
            placed
        };
        Repairs {
            provider: PROVIDER_COLUMNS.iter().find_map(|name| find(name)),
            null: &decl.null,
            columns: (0..headings.names.len()).map(of_column).collect(),
            headings: headings.names.clone(),
            of_row: Vec::new(),
            done: BTreeMap::new(),
        }
    }

    /// The columns that repairs of a column look at besides it.
    pub(super) fn also_read(&self, column: usize) -> Vec<usize> {
        let placed = self.columns.get(column).map_or(&[][..], Vec::as_slice);
        let mut columns: Vec<usize> = placed
            .iter()
            .filter_map(|placed| match placed.kind {
                PlacedKind::Fill(from) => Some(from),
                PlacedKind::Blank(_) | PlacedKind::AnyCase => None,
            })
            .collect();
        columns.extend(self.provider.filter(|_| placed.iter().any(|placed| !placed.provider.is_empty())));
        columns
    }

    /// The column that says whose export a line is of, where a repair asks for that.
    pub(super) fn provider_column(&self) -> Option<usize> {
        let asks = |placed: &Placed<'_>| !placed.provider.is_empty();
        self.provider.filter(|_| self.columns.iter().flatten().any(asks))
    }

    /// Whether nothing is done to texts of a column but that some are read as blank.
    pub(super) fn only_blanks(&self, column: usize) -> bool {
        let blanks = |placed: &Placed<'_>| matches!(placed.kind, PlacedKind::Blank(_));
        self.columns.get(column).is_none_or(|placed| placed.iter().all(blanks))
    }

    /// Whether a text of a column is read as blank, in the lines of some provider at least.
    pub(super) fn may_be_blank(&self, column: usize, text: &str) -> bool {
        let blanks = |placed: &Placed<'_>| matches!(placed.kind, PlacedKind::Blank(blank) if blank == text);
        self.null.iter().any(|null| null == text)
            || self.columns.get(column).is_some_and(|placed| placed.iter().any(blanks))
    }

    /// What was done in this row.
    pub(super) fn of_row(&self) -> &[(usize, usize)] {
        &self.of_row
    }

    /// Counts what was done in several lines.
    pub(super) fn count_again(&mut self, made: &[(usize, usize)], lines: Tally) {
        for made in made {
            self.done.entry(*made).or_default().merge(lines);
        }
    }

    /// Adds what was done in another part of the file.
    pub(super) fn join(&mut self, other: Repairs<'m>) {
        for (made, lines) in other.done {
            self.done.entry(made).or_default().merge(lines);
        }
    }

    /// Forgets what was done in the last row.
    pub(super) fn next_row(&mut self) {
        self.of_row.clear();
    }

    /// Counts what was done in this row, now that its amount is known.
    pub(super) fn count(&mut self, amount: Amount) {
        for made in &self.of_row {
            self.done.entry(*made).or_default().add(amount);
        }
    }

    /// A text with its repairs made.
    pub(super) fn mend<'r>(&mut self, row: &Row<'r>, column: usize, text: &'r str) -> Mended<'r> {
        let Some(placed) = self.columns.get(column) else { return Mended::As(text) };
        if placed.is_empty() && (self.null.is_empty() || text.is_empty()) {
            return Mended::As(text);
        }
        // Most texts need no repair, so whose line it is is looked at last.
        let of_provider = self.provider;
        let applies = |placed: &Placed<'_>| {
            placed.provider.is_empty() || of_provider.is_some_and(|column| text_of(row, column) == placed.provider)
        };
        let mut text = text;
        if let Some(at) = self.null.iter().position(|null| null == text).filter(|_| !text.is_empty()) {
            note(&mut self.of_row, (column, placed.len() + at));
            text = "";
        }
        for (at, repair) in placed.iter().enumerate() {
            match repair.kind {
                PlacedKind::Blank(blank) if !text.is_empty() && text == blank && applies(repair) => text = "",
                PlacedKind::Fill(from) if text.is_empty() && applies(repair) => {
                    let other = text_of(row, from);
                    let means_blank = self.null.iter().any(|null| null == other)
                        || self.columns[from].iter().any(|repair| {
                            applies(repair) && matches!(repair.kind, PlacedKind::Blank(blank) if blank == other)
                        });
                    if means_blank || other.is_empty() {
                        continue;
                    }
                    text = other;
                }
                PlacedKind::AnyCase if text.chars().any(char::is_uppercase) && applies(repair) => {
                    note(&mut self.of_row, (column, at));
                    return Mended::New(text.to_lowercase());
                }
                _ => continue,
            }
            note(&mut self.of_row, (column, at));
        }
        Mended::As(text)
    }

    /// What was done, with lines and money.
    pub(super) fn tally(&self) -> BTreeMap<Made, Tally> {
        let of = |(column, at): (usize, usize)| {
            let placed = &self.columns[column];
            let column = self.headings[column].clone();
            match placed.get(at).map(|placed| &placed.kind) {
                None => Made::Blank { text: self.null[at - placed.len()].clone(), column },
                Some(PlacedKind::Blank(text)) => Made::Blank { text: (*text).to_owned(), column },
                Some(PlacedKind::Fill(from)) => Made::Fill { column, from: self.headings[*from].clone() },
                Some(PlacedKind::AnyCase) => Made::AnyCase { column },
            }
        };
        let mut tally: BTreeMap<Made, Tally> = BTreeMap::new();
        for (made, sum) in &self.done {
            tally.entry(of(*made)).or_default().merge(*sum);
        }
        tally
    }
}

/// A repair that was made; columns by their headings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Made {
    /// A text was read as blank.
    Blank {
        /// The text.
        text: String,
        /// Where it stood.
        column: String,
    },
    /// A text was taken from another column.
    Fill {
        /// Where none stood.
        column: String,
        /// Where it stood.
        from: String,
    },
    /// A text was read in small letters.
    AnyCase {
        /// Where it stood.
        column: String,
    },
}

impl Made {
    /// What was done, in words that may be shown.
    fn words(&self, model: &Model) -> String {
        let shown = |text: &str| clean(model.told(text));
        match self {
            Made::Blank { text, column } => format!("`{}` in {} read as blank", shown(text), shown(column)),
            Made::Fill { column, from } => format!("blank {} taken from {}", shown(column), shown(from)),
            Made::AnyCase { column } => format!("{} read in small letters", shown(column)),
        }
    }
}

/// Repairs that were made, in words that may be shown.
#[must_use]
pub fn in_words(made: &BTreeMap<Made, Tally>, model: &Model) -> BTreeMap<String, Tally> {
    let mut words: BTreeMap<String, Tally> = BTreeMap::new();
    for (made, tally) in made {
        words.entry(made.words(model)).or_default().merge(*tally);
    }
    words
}

/// Notes a repair of this row once, however often its cell is looked at.
fn note(of_row: &mut Vec<(usize, usize)>, made: (usize, usize)) {
    if !of_row.contains(&made) {
        of_row.push(made);
    }
}

fn text_of<'r>(row: &Row<'r>, column: usize) -> &'r str {
    match row.cell(column) {
        Cell::Text(text) => text,
        Cell::Day(_) | Cell::Fault(_) => "",
    }
}
