//! How a report becomes cells, and how a sheet of it is laid out. The workbook and the statements share it.
//!
//! This file knows reports and looks; it knows neither which sheets there are nor what stands on them.

use std::ops::Range;

use rust_xlsxwriter::{Color, Format, FormatAlign, Formula, IgnoreError, Worksheet, XlsxError};

use super::print::{Imprint, Turned, one_line, set_up_print};
use super::style::{FAINT, Line, ROW_PIXELS, Styles, Zeros, fixed, number, plain};
use super::tables::tenths;
use super::widths::{INDENT, INDENT_LEVEL, ROOM, WIDTH_MIN, Widths, text_width, wrap};
use crate::money::beyond_scale_text;
use crate::reports::{Column, Shown, Table, Value};

/// Pixels of the row of a title.
const TITLE_PIXELS: u32 = 26;

/// Rows of a sheet, by the file format.
pub(super) const SHEET_ROWS_MAX: usize = 1_048_576;

/// Columns of a sheet, by the file format.
pub(super) const SHEET_COLUMNS_MAX: usize = 16_384;

/// UTF-16 units that a cell holds, by the file format.
pub(super) const CELL_TEXT_MAX: usize = 32_767;

/// Widest column, in characters; longer texts are wrapped. Two of them still stand side by side on a page.
const WIDTH_MAX: usize = 46;

/// Characters that the button of a filter hides.
const FILTER_BUTTON: usize = 3;

/// How a table is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// Zeros of money.
    pub(super) zeros: Zeros,
    /// Rows that are subtotals, by number from 0.
    pub(super) subtotals: Vec<usize>,
    /// Whether people filter it.
    pub(super) filter: Filter,
    /// Column whose every new value begins below a thin line.
    pub(super) ruled_by: Option<usize>,
    /// Columns that stay in sight.
    pub(super) columns_kept: u16,
    /// Characters beyond which texts are wrapped.
    pub(super) text_max: TextMax,
    /// Column from which on figures are for formulas rather than for people.
    pub(super) faint_from: Option<usize>,
    /// Columns that are printed; all without.
    pub(super) printed: Option<usize>,
    /// Whether exact numbers are grouped by thousands, where they are quantities to read rather than proof.
    pub(super) groups_exact: bool,
}

/// Characters beyond which texts are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextMax(pub(super) usize);

impl Default for TextMax {
    fn default() -> Self {
        TextMax(WIDTH_MAX)
    }
}

/// How people filter a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Filter {
    /// They do not.
    #[default]
    None,
    /// Buttons in the heading row.
    Buttons,
}

impl Filter {
    /// Characters of a heading that its button hides.
    pub(super) fn button(self) -> usize {
        match self {
            Filter::None => 0,
            Filter::Buttons => FILTER_BUTTON,
        }
    }
}

/// Where a table stands on its sheet. Formulas and charts point at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Row of the headings, from 0.
    pub(super) heading: u32,
    /// Rows of the body.
    pub(super) body: Range<u32>,
    /// The row below everything.
    pub(super) end: u32,
    /// Cells whose text was longer than a cell holds, as `B12`.
    pub(super) cut: Vec<String>,
}

/// Writes a text, always as a text. Gives whether it had to be cut to what a cell holds.
pub(super) fn write_text(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    format: &Format,
) -> Result<bool, XlsxError> {
    let mut units = 0;
    let cut_at = text.char_indices().find_map(|(at, c)| {
        units += c.len_utf16();
        (units > CELL_TEXT_MAX).then_some(at)
    });
    sheet.write_string_with_format(row, column, &text[..cut_at.unwrap_or(text.len())], format)?;
    Ok(cut_at.is_some())
}

/// The formats of a table's columns in one kind of row, made once: a sheet may have a million rows.
pub(super) struct Formats {
    pub(super) columns: Vec<Format>,
    /// Exact numbers, by their digits after the point.
    pub(super) exact: Vec<Format>,
}

impl Formats {
    pub(super) fn new(styles: &Styles, table: &Table, line: Line, look: &Look, wrapped: &[usize]) -> Formats {
        let columns = table.columns.iter().enumerate().map(|(at, column)| {
            let mut format = styles.shown(column.shown, line, look.zeros);
            if wrapped.contains(&at) {
                format = format.set_text_wrap();
            }
            if look.faint_from.is_some_and(|from| at >= from) {
                format = format.set_font_color(FAINT).set_font_size(8);
            }
            if is_set_apart(&table.columns, at, wrapped) { format.set_indent(INDENT_LEVEL) } else { format }
        });
        let whole = if look.groups_exact { "#,##0" } else { "0" };
        let exact = (0..=18).map(|digits| Styles::line(line).set_num_format(fixed(whole, digits)));
        Formats { columns: columns.collect(), exact: exact.collect() }
    }
}

/// Whether a text stands right of figures or of a full column, which end where it begins: it is set apart.
fn is_set_apart(columns: &[Column], at: usize, wrapped: &[usize]) -> bool {
    let Some(left) = at.checked_sub(1) else { return false };
    columns[at].shown == Shown::Text && (columns[left].shown != Shown::Text || wrapped.contains(&left))
}

/// Columns whose texts are wrapped, because one of them is too long.
fn wrapped_columns(table: &Table, look: &Look) -> Vec<usize> {
    let is_long = |value: &Value| matches!(value, Value::Text(text) if text_width(text) > look.text_max.0);
    (0..table.columns.len()).filter(|at| table.rows.iter().any(|row| is_long(&row[*at]))).collect()
}

/// A cell of a table that is being written, for whoever gives it a formula.
#[derive(Clone, Debug)]
pub(super) struct CellAt {
    /// Number of the row in the table from 0; `None` in the total.
    pub(super) row: Option<usize>,
    /// Number of the column in the table from 0.
    pub(super) column: usize,
    /// Column of the sheet in which the table begins.
    pub(super) first_column: u16,
    /// Row of the sheet, from 1 as people count.
    pub(super) line: u32,
    /// Rows of the body on the sheet, from 1 as people count.
    pub(super) body: Range<u32>,
}

impl CellAt {
    /// The letters of a column of the table.
    pub(super) fn letters(&self, column: usize) -> String {
        let first = usize::from(self.first_column);
        column_number(first + column).map(rust_xlsxwriter::utility::column_number_to_name).unwrap_or_default()
    }

    /// A cell of the same row: `F7`.
    pub(super) fn beside(&self, column: usize) -> String {
        format!("{}{}", self.letters(column), self.line)
    }

    /// All of a column: `F7:F49`.
    pub(super) fn all_of(&self, column: usize) -> String {
        let letters = self.letters(column);
        format!("{letters}{}:{letters}{}", self.body.start, self.body.end - 1)
    }
}

/// The formula of a cell, where it has one; its value is then the stored result.
pub(super) type Formulas<'f> = &'f dyn Fn(&CellAt) -> Option<String>;

/// No formulas.
pub(super) fn stored(_: &CellAt) -> Option<String> {
    None
}

/// Writes a value, or a formula with the value as its result. Gives whether its text had to be cut.
pub(super) fn write_value(
    sheet: &mut Worksheet,
    at: (u32, u16),
    value: &Value,
    formula: Option<String>,
    formats: (&Format, &[Format]),
    styles: &Styles,
) -> Result<bool, XlsxError> {
    let (row, column) = at;
    let (format, exact) = formats;
    let text = match value {
        Value::Blank if formula.is_none() => {
            sheet.write_blank(row, column, format)?;
            return Ok(false);
        }
        Value::Blank => String::new(),
        Value::Text(text) => return write_text(sheet, row, column, text, format),
        Value::Money(minor) => styles.plain_money(*minor),
        Value::MoneyIn(minor, other) => other.plain(*minor),
        // No format of a cell shows digits as fine as these, so they stay text.
        Value::Fine(beyond) => {
            let format = format.clone().set_align(FormatAlign::Right);
            sheet.write_string_with_format(row, column, beyond_scale_text(*beyond), &format)?;
            return Ok(false);
        }
        Value::Exact(amount) => amount.to_string(),
        Value::Count(count) => count.to_string(),
        Value::Share(..) => match value.permille() {
            // Tenths of a percent are thousandths: 12.5 % is 0.125.
            Some(permille) => thousandths(permille),
            None => String::new(),
        },
    };
    match number(&text) {
        Some(number) => {
            let is_exact = matches!(value, Value::Exact(_) | Value::MoneyIn(..));
            let format = if is_exact { exact_format(&text, exact) } else { format };
            match formula {
                Some(formula) => {
                    sheet.write_formula_with_format(row, column, Formula::new(formula).set_result(text), format)?;
                }
                None => {
                    sheet.write_number_with_format(row, column, number, format)?;
                }
            }
        }
        // A formula without a figure, such as the share of nothing, is an empty text.
        None if text.is_empty() && formula.is_some() => {
            let formula = Formula::new(formula.unwrap_or_default()).set_result("");
            sheet.write_formula_with_format(row, column, formula, format)?;
        }
        None => {
            sheet.write_string_with_format(row, column, &text, &format.clone().set_align(FormatAlign::Right))?;
        }
    }
    Ok(false)
}

/// The format that shows all decimals of a number.
pub(super) fn exact_format<'f>(number: &str, exact: &'f [Format]) -> &'f Format {
    let digits = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    &exact[digits.min(exact.len() - 1)]
}

/// `125` as `0.125`.
fn thousandths(permille: i128) -> String {
    let sign = if permille < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", permille.abs() / 1000, permille.abs() % 1000)
}

/// A share for a sentence: `12.5 %`.
pub(super) fn percent(value: &Value) -> String {
    value.permille().map(|permille| format!("{} %", tenths(permille))).unwrap_or_default()
}

/// Writes a table with its top left corner at `at`: headings, body, total.
pub(super) fn write_table(
    sheet: &mut Worksheet,
    styles: &Styles,
    widths: &Widths,
    table: &Table,
    at: (u32, u16),
    look: &Look,
    formulas: Formulas<'_>,
) -> Result<Placed, XlsxError> {
    let (heading, first_column) = at;
    let column_at = |offset: usize| column_number(usize::from(first_column) + offset);
    let width_at = |offset: usize| widths.columns.get(usize::from(first_column) + offset).copied().unwrap_or(WIDTH_MIN);
    let labels: Vec<String> = table.columns.iter().map(|column| one_line(&column.label)).collect();
    let wrapped = wrapped_columns(table, look);
    let mut lines = 1;
    for (offset, label) in labels.iter().enumerate() {
        let format = heading_format(&table.columns, offset, &wrapped);
        write_text(sheet, heading, column_at(offset)?, label, &format)?;
        lines = lines.max(wrap(label, (width_at(offset) + ROOM).saturating_sub(look.filter.button())).len());
    }
    set_lines(sheet, heading, lines)?;
    let formats = |line: Line| Formats::new(styles, table, line, look, &wrapped);
    let (body, first) = (formats(Line::Body), formats(Line::First));
    let (subtotal, total) = (formats(Line::Subtotal), formats(Line::Total));
    let mut cut = Vec::new();
    let mut row_number = heading;
    let body_lines = heading + 2..heading + 2 + u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
    let rows = table.rows.iter().enumerate().map(|(number, row)| {
        if look.subtotals.binary_search(&number).is_ok() {
            return (Some(number), row, &subtotal, true);
        }
        let before = number.checked_sub(1).and_then(|before| table.rows.get(before));
        let is_first = look.ruled_by.is_some_and(|column| before.is_some_and(|before| before[column] != row[column]));
        (Some(number), row, if is_first { &first } else { &body }, is_first)
    });
    for (number, row, formats, has_fill) in rows.chain(table.total.iter().map(|row| (None, row, &total, true))) {
        row_number += 1;
        for (offset, value) in row.iter().enumerate() {
            let cell =
                CellAt { row: number, column: offset, first_column, line: row_number + 1, body: body_lines.clone() };
            let formula = formulas(&cell);
            if *value == Value::Blank && formula.is_none() && !has_fill {
                continue;
            }
            let column = column_at(offset)?;
            let formats = (&formats.columns[offset], formats.exact.as_slice());
            if write_value(sheet, (row_number, column), value, formula, formats, styles)? {
                cut.push(rust_xlsxwriter::utility::row_col_to_cell(row_number, column));
            }
        }
        let lines = wrapped.iter().map(|offset| match &row[*offset] {
            Value::Text(text) => wrap(text, width_at(*offset) + ROOM - INDENT).len(),
            _ => 1,
        });
        set_lines(sheet, row_number, lines.max().unwrap_or(1))?;
    }
    let end = row_number + 1;
    let placed = Placed { heading, body: heading + 1..end - u32::from(table.total.is_some()), end, cut };
    if let Some(last_column) = table.columns.len().checked_sub(1) {
        let last = (placed.body.end.max(heading + 1) - 1, column_at(last_column)?);
        // A filter needs a row.
        if look.filter == Filter::Buttons && last.0 > heading {
            sheet.autofilter(heading, first_column, last.0, last.1)?;
        }
        // Exact amounts are texts where a float would lose digits; nobody needs a warning on each.
        let from = (heading + 1).min(end - 1);
        sheet.ignore_error_range(from, first_column, end - 1, last.1, IgnoreError::NumberStoredAsText)?;
    }
    Ok(placed)
}

/// Makes a row as high as its lines need. Excel would do so by itself, other programs do not.
pub(super) fn set_lines(sheet: &mut Worksheet, row: u32, lines: usize) -> Result<(), XlsxError> {
    if lines > 1 {
        // A row is at most 409 points high, 546 pixels; what is longer is read in the cell.
        let pixels = u32::try_from(lines).unwrap_or(u32::MAX).saturating_mul(ROW_PIXELS).min(545);
        sheet.set_row_height_pixels(row, pixels)?;
    }
    Ok(())
}

/// The format of a heading, set apart as its column is.
pub(super) fn heading_format(columns: &[Column], at: usize, wrapped: &[usize]) -> Format {
    let format = Styles::heading(columns[at].shown);
    if is_set_apart(columns, at, wrapped) { format.set_indent(INDENT_LEVEL) } else { format }
}

/// Labels of columns, each once whatever its case, as an Excel table wants them.
pub(super) fn unique_labels(columns: &[Column]) -> Vec<String> {
    let mut known = std::collections::BTreeSet::new();
    let mut unique = |label: String| {
        let mut candidate = label.clone();
        let mut number = 2;
        while !known.insert(candidate.to_lowercase()) {
            candidate = format!("{label} {number}");
            number += 1;
        }
        candidate
    };
    columns.iter().map(|column| unique(one_line(&column.label))).collect()
}

/// Lines that a heading with a filter button takes in a column of this width.
pub(super) fn heading_lines(label: &str, width: usize) -> usize {
    wrap(label, width.saturating_sub(FILTER_BUTTON)).len()
}

/// The number of a column in the file format.
pub(super) fn column_number(at: usize) -> Result<u16, XlsxError> {
    u16::try_from(at).map_err(|_| XlsxError::RowColumnLimitError)
}

/// Rows above a table: title, imprint, and a note of at most this many lines; beside them a line that says which
/// texts were cut, and the headings.
pub(super) const HEAD_ROWS_MAX: usize = 16;

/// Writes the title of a sheet.
pub(super) fn write_title(sheet: &mut Worksheet, title: &str) -> Result<(), XlsxError> {
    write_text(sheet, 0, 0, title, &Styles::title())?;
    sheet.set_row_height_pixels(0, TITLE_PIXELS)?;
    Ok(())
}

/// A whole sheet that holds one table, from the title to the printer.
pub(super) fn write_table_sheet(
    sheet: &mut Worksheet,
    styles: &Styles,
    imprint: &Imprint,
    table: &Table,
    look: &Look,
    turned: Turned,
    formulas: Formulas<'_>,
) -> Result<Placed, XlsxError> {
    let mut widths = Widths::default();
    widths.fit(table, 0, look, styles);
    write_title(sheet, &table.title)?;
    sheet.write_string_with_format(1, 0, imprint.line(), &Styles::faint())?;
    let mut row = 2;
    for line in wrap(&table.note, widths.of(0..look.printed.unwrap_or(table.columns.len())).sum())
        .iter()
        .take(HEAD_ROWS_MAX - 5)
    {
        sheet.write_string_with_format(row, 0, line, &Styles::faint())?;
        row += 1;
    }
    let heading = row + 1;
    let placed = write_table(sheet, styles, &widths, table, (heading, 0), look, formulas)?;
    if let Some(first) = placed.cut.first() {
        // Nothing is cut silently: the line above the headings says so, and where the whole text is.
        let text = format!(
            "Texts longer than a cell holds are cut in {} ({} in all); they are whole in data/{}.csv",
            first,
            placed.cut.len(),
            table.name
        );
        sheet.write_string_with_format(heading - 1, 0, &text, &plain().set_bold().set_font_color(Color::Red))?;
    }
    if table.rows.is_empty() {
        sheet.write_string_with_format(placed.end, 0, "None.", &Styles::faint())?;
    }
    widths.set(sheet)?;
    sheet.set_freeze_panes(heading + 1, look.columns_kept)?;
    sheet.set_repeat_rows(heading, heading)?;
    if let Some(columns) = look.printed {
        // Two rows more than the table: what is checked stands below it.
        sheet.set_print_area(0, 0, placed.end + 1, column_number(columns.max(1) - 1)?)?;
    }
    set_up_print(sheet, imprint, turned);
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::Workbook;

    use super::*;
    use crate::money::Currency;

    #[test]
    fn shares_become_thousandths() {
        assert_eq!(thousandths(125), "0.125");
        assert_eq!(thousandths(-7), "-0.007");
        assert_eq!(thousandths(1000), "1.000");
    }

    /// A sheet with one table of one column of texts, written and read back: the texts, and the formulas.
    fn written(texts: &[String]) -> (Vec<String>, usize) {
        use calamine::Reader;

        let table = Table {
            name: "quarantine",
            title: "Texts".to_owned(),
            note: String::new(),
            columns: vec![Column::new("text", "Text", Shown::Text)],
            rows: texts.iter().map(|text| vec![Value::text(text)]).collect(),
            total: None,
        };
        let styles = Styles::new(&Currency::new("GBP").expect("pounds"));
        let imprint = Imprint::of("A & B", "2026-10", "GBP", "run");
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let look = Look { filter: Filter::Buttons, ..Look::default() };
        write_table_sheet(sheet, &styles, &imprint, &table, &look, Turned::Landscape, &stored).expect("a sheet");
        let bytes = std::io::Cursor::new(workbook.save_to_buffer().expect("a workbook"));
        let mut book = calamine::Xlsx::new(bytes).expect("a workbook that opens");
        let range = book.worksheet_range("Sheet1").expect("the sheet");
        let texts = range.rows().map(|row| row[0].to_string()).collect();
        let formulas = book.worksheet_formula("Sheet1").expect("the sheet").used_cells().count();
        (texts, formulas)
    }

    #[test]
    fn texts_that_look_like_formulas_links_or_numbers_stay_texts() {
        let texts = ["=1+1", "+1", "-1", "@SUM(A1)", "{=1}", "http://example.com", "007", "_x0041_"].map(str::to_owned);
        let (read, formulas) = written(&texts);
        assert_eq!(read[read.len() - texts.len()..], texts);
        assert_eq!(formulas, 0);
    }

    #[test]
    fn a_text_longer_than_a_cell_is_cut_and_the_sheet_says_so() {
        // A pair of surrogates stands at the limit: it is not cut in two.
        let long = format!("{}\u{1f4b7}…", "x".repeat(CELL_TEXT_MAX - 1));
        let (read, _) = written(&["short".to_owned(), long]);
        assert_eq!(read[read.len() - 1], "x".repeat(CELL_TEXT_MAX - 1));
        let said = "Texts longer than a cell holds are cut in A6 (1 in all); they are whole in data/quarantine.csv";
        assert!(read.contains(&said.to_owned()), "{:?}", &read[..read.len() - 1]);
    }

    #[test]
    fn headings_that_differ_only_in_case_are_told_apart() {
        let column = |label: &str| Column::new(label, label, Shown::Text);
        let labels = unique_labels(&[column("Total"), column("total"), column("Tab\tbed")]);
        assert_eq!(labels, ["Total", "total 2", "Tab bed"]);
    }
}
