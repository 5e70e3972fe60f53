//! How wide columns are, from the texts that stand in them, and where long texts are broken.

use std::ops::Range;

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::sheet::{Look, column_number};
use super::style::Styles;
use crate::money::beyond_scale_text;
use crate::reports::{Table, Value};

/// Narrowest column, in characters: a heading of one short word with its filter button.
pub(super) const WIDTH_MIN: usize = 7;

/// Characters of room in every column beside its longest text.
pub(super) const ROOM: usize = 2;

/// Digits by which a text is moved away from what stands left of it.
pub(super) const INDENT: usize = 1;
pub(super) const INDENT_LEVEL: u8 = 1;

/// Digits up to which a heading stays in one line, even if the column becomes wider than its figures.
const HEADING_LINE_MAX: usize = 12;

/// Widths of a sheet's columns, from the texts that stand in them.
#[derive(Clone, Debug, Default)]
pub(super) struct Widths {
    pub(super) columns: Vec<usize>,
}

impl Widths {
    /// Makes room for a table whose first column stands in column `at`.
    pub(super) fn fit(&mut self, table: &Table, at: usize, look: &Look, styles: &Styles) {
        let button = look.filter.button();
        for (offset, column) in table.columns.iter().enumerate() {
            let longest_word = column.label.split_whitespace().map(text_width).max().unwrap_or(0);
            let whole = text_width(&column.label);
            // Bold takes more room.
            let heading = if whole <= HEADING_LINE_MAX { whole } else { longest_word } + 1;
            self.widen(at + offset, heading + button);
        }
        for row in &table.rows {
            for (offset, value) in row.iter().enumerate() {
                self.widen(at + offset, value_width(value, styles, look));
            }
        }
        for (offset, value) in table.total.iter().flatten().enumerate() {
            // Bold takes more room.
            self.widen(at + offset, value_width(value, styles, look) + 1);
        }
    }

    /// Makes a column at least this wide.
    pub(super) fn widen(&mut self, at: usize, width: usize) {
        if self.columns.len() <= at {
            self.columns.resize(at + 1, WIDTH_MIN);
        }
        self.columns[at] = self.columns[at].max(width);
    }

    /// Characters from the first column to the last.
    pub(super) fn sum(&self) -> usize {
        self.columns.iter().map(|width| width + ROOM).sum()
    }

    /// Characters of some columns, the room between them included.
    pub(super) fn of(&self, columns: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        self.columns[columns].iter().map(|width| width + ROOM)
    }

    /// Sets the widths of a sheet.
    pub(super) fn set(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        for (at, width) in self.columns.iter().enumerate() {
            let width = u32::try_from(width + ROOM).unwrap_or_default();
            sheet.set_column_width(column_number(at)?, width)?;
        }
        Ok(())
    }
}

/// Characters of a value as it is shown.
fn value_width(value: &Value, styles: &Styles, look: &Look) -> usize {
    match value {
        Value::Blank => 0,
        Value::Text(text) => text_width(text).min(look.text_max.0),
        Value::Money(minor) => styles.grouped(*minor).len(),
        Value::MoneyIn(minor, other) => other.grouped(*minor).len(),
        Value::Exact(amount) => amount.to_string().len(),
        Value::Fine(beyond) => beyond_scale_text(*beyond).len(),
        Value::Count(count) => count.to_string().len() + count.to_string().len() / 3,
        Value::Share(..) => 6,
    }
}

/// The room a text takes, in widths of a digit, from the widths of [`FONT`]'s letters.
pub(super) fn text_width(text: &str) -> usize {
    text.chars().map(percent_of_a_digit).sum::<usize>().div_ceil(100)
}

fn percent_of_a_digit(c: char) -> usize {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' => 40,
        ' ' | 'f' | 't' | 'I' | '.' | ',' | ':' | ';' | '/' | '!' | '[' | ']' => 50,
        'r' | '(' | ')' | '-' => 60,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' | 'J' => 90,
        'm' | 'M' | '%' | '=' | '+' => 155,
        'w' | 'W' | '@' | '—' | '…' => 180,
        'A'..='Z' => 130,
        '\u{1100}'.. => 200,
        _ => 100,
    }
}

/// Breaks a text between words into lines of at most `width` digits; a longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line) + 1 + text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_broken_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("", 7), Vec::<String>::new());
    }
}
