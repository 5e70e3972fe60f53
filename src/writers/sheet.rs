//! What the workbook and the statements share: how a report becomes cells, and how a sheet is laid out and printed.
//!
//! This file knows reports and looks; it knows neither which sheets there are nor what stands on them.

use std::ops::Range;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Table as ExcelTable,
    TableColumn, TableStyle, Workbook, Worksheet, XlsxError,
};

use super::tables::tenths;
use crate::model::Model;
use crate::money::{Currency, beyond_scale_text};
use crate::reports::{Column, Shown, Table, Value};

/// The font of all cells. Arial has a free twin of the same widths, so what fits on one machine fits on all.
pub(super) const FONT: &str = "Arial";
const FONT_POINTS: u8 = 10;

/// Pixels of a row and of a column that nothing is said of, with this font.
const ROW_PIXELS: u32 = 17;
const COLUMN_PIXELS: u32 = 64;

/// Pixels of the row of a title.
const TITLE_PIXELS: u32 = 26;

/// Rows of a sheet, by the file format.
pub(super) const SHEET_ROWS_MAX: usize = 1_048_576;

/// Columns of a sheet, by the file format.
pub(super) const SHEET_COLUMNS_MAX: usize = 16_384;

/// UTF-16 units that a cell holds, by the file format.
const CELL_TEXT_MAX: usize = 32_767;

/// Digits that survive the way into a float and back, whatever they are (`f64::DIGITS`), and all that Excel shows.
const FLOAT_DIGITS: usize = 15;

/// Widest column, in characters; longer texts are wrapped. Two of them still stand side by side on a page.
const WIDTH_MAX: usize = 46;

/// Narrowest column, in characters: a heading of one short word with its filter button.
const WIDTH_MIN: usize = 7;

/// Characters of room in every column beside its longest text.
const ROOM: usize = 2;

/// Digits by which a text is moved away from what stands left of it.
const INDENT: usize = 1;
const INDENT_LEVEL: u8 = 1;

/// Characters that the button of a filter hides.
const FILTER_BUTTON: usize = 3;

/// Digits up to which a heading stays in one line, even if the column becomes wider than its figures.
const HEADING_LINE_MAX: usize = 12;

/// Characters of the organisation's name in a page header, which has room for 255 in all.
const HEADER_NAME_MAX: usize = 80;

/// Fill of headings: dark enough to be seen in black and white, light enough for black text on it.
const HEADING_FILL: Color = Color::RGB(0x00D9_E1EC);
/// Fill of subtotals.
const SUBTOTAL_FILL: Color = Color::RGB(0x00F0_F3F7);
/// Lines around and between.
const LINE_COLOR: Color = Color::RGB(0x0080_8080);
/// Text that is read after the figures.
const FAINT: Color = Color::RGB(0x0059_5959);
/// Bars and links.
pub(super) const ACCENT: Color = Color::RGB(0x001F_4E79);

/// The number of a decimal text, where a cell holds it exactly; `None` where it would lose digits.
///
/// This is the only place where money becomes a float. A text of at most 15 significant digits names one float and
/// that float prints as the same text again, in Excel too, so nothing can be seen of the way there. Longer ones
/// are left to be written as texts.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.len() > FLOAT_DIGITS { None } else { text.parse().ok() }
}

/// What kind of row a cell stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// One of many.
    Body,
    /// One of many, where something else begins: a thin line is drawn above it.
    First,
    /// A sum of rows below it.
    Subtotal,
    /// The sum of all.
    Total,
}

/// How an amount of nothing is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Zeros {
    /// As `0.00`.
    #[default]
    Digits,
    /// As a dash, where most cells are empty.
    Dash,
}

/// A cell without a look of its own.
pub(super) fn plain() -> Format {
    Format::new().set_font_name(FONT).set_font_size(FONT_POINTS)
}

/// How cells look: number formats of the currency, and the kinds of text.
pub(super) struct Styles {
    currency: Currency,
}

impl Styles {
    pub(super) fn new(currency: &Currency) -> Styles {
        Styles { currency: currency.clone() }
    }

    /// The number format of published amounts, by the currency's minor digits. Negative ones have a minus sign
    /// before they have a colour, so that they are seen on paper too.
    pub(super) fn money(&self, zeros: Zeros) -> String {
        let digits = fixed("#,##0", self.currency.minor_digits() as usize);
        match zeros {
            Zeros::Digits => format!("{digits};[Red]-{digits}"),
            Zeros::Dash => format!("{digits};[Red]-{digits};\"–\""),
        }
    }

    /// An amount of minor units for people.
    pub(super) fn grouped(&self, minor: i128) -> String {
        self.currency.grouped(minor)
    }

    pub(super) fn title() -> Format {
        plain().set_bold().set_font_size(15)
    }

    pub(super) fn section() -> Format {
        plain().set_bold().set_font_size(11)
    }

    pub(super) fn faint() -> Format {
        plain().set_font_color(FAINT)
    }

    pub(super) fn heading(shown: Shown) -> Format {
        let align = if shown == Shown::Text { FormatAlign::Left } else { FormatAlign::Right };
        plain()
            .set_bold()
            .set_background_color(HEADING_FILL)
            .set_border_bottom(FormatBorder::Thin)
            .set_border_top(FormatBorder::Thin)
            .set_border_bottom_color(LINE_COLOR)
            .set_border_top_color(LINE_COLOR)
            .set_align(align)
            .set_align(FormatAlign::Bottom)
            .set_text_wrap()
    }

    fn line(line: Line) -> Format {
        let format = plain().set_align(FormatAlign::Top);
        match line {
            Line::Body => format,
            Line::First => format.set_border_top(FormatBorder::Thin).set_border_top_color(LINE_COLOR),
            Line::Subtotal => format.set_bold().set_background_color(SUBTOTAL_FILL),
            Line::Total => format.set_bold().set_border_top(FormatBorder::Thin).set_border_bottom(FormatBorder::Double),
        }
    }

    fn shown(&self, shown: Shown, line: Line, zeros: Zeros) -> Format {
        let format = Styles::line(line);
        match shown {
            Shown::Text => format.set_align(FormatAlign::Left),
            Shown::Money => format.set_num_format(self.money(zeros)),
            // Exact numbers get a format by their own digits, so this is of those written as texts.
            Shown::Exact => format.set_align(FormatAlign::Right),
            Shown::Count => format.set_num_format("#,##0"),
            Shown::Share => format.set_num_format("0.0%"),
        }
    }
}

/// `#,##0` and `2` as `#,##0.00`.
fn fixed(whole: &str, digits: usize) -> String {
    if digits == 0 { whole.to_owned() } else { format!("{whole}.{}", "0".repeat(digits)) }
}

/// Where a book comes from; stands at the top of every sheet and on every page.
pub(super) struct Imprint {
    organisation: String,
    period: String,
    currency: String,
}

impl Imprint {
    pub(super) fn new(model: &Model) -> Imprint {
        Imprint {
            organisation: one_line(&model.book.head.name),
            period: model.title(),
            currency: model.book.head.currency.code().to_owned(),
        }
    }

    /// `Harbour Mutual · 2026-10 · amounts in GBP`.
    pub(super) fn line(&self) -> String {
        format!("{} · {} · amounts in {}", self.organisation, self.period, self.currency)
    }
}

/// A workbook whose bytes depend on nothing but what is written into it: made on the period's last day, by nobody.
pub(super) fn new_workbook(model: &Model, title: &str) -> Result<Workbook, XlsxError> {
    let (year, month, day) = model.period.last.ymd();
    let made = ExcelDateTime::from_ymd(
        u16::try_from(year).unwrap_or_default(),
        u8::try_from(month).unwrap_or_default(),
        u8::try_from(day).unwrap_or_default(),
    )?;
    let mut workbook = Workbook::new();
    workbook.set_default_format(&plain(), ROW_PIXELS, COLUMN_PIXELS)?;
    workbook.set_properties(&DocProperties::new().set_title(one_line(title)).set_creation_datetime(&made));
    Ok(workbook)
}

/// Which way a page is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    /// For tables.
    Landscape,
    /// For statements.
    Portrait,
}

/// Sets a sheet up for the printer: A4, one page wide, who and what at the top, page numbers below.
pub(super) fn set_up_print(sheet: &mut Worksheet, imprint: &Imprint, turned: Turned) {
    /// The number of A4 in the file format.
    const A4: u8 = 9;
    let name: String = imprint.organisation.chars().take(HEADER_NAME_MAX).collect();
    let header = |text: &str| text.replace('&', "&&");
    match turned {
        Turned::Landscape => sheet.set_landscape(),
        Turned::Portrait => sheet.set_portrait(),
    };
    sheet
        .set_paper_size(A4)
        .set_print_fit_to_pages(1, 0)
        .set_margins(0.5, 0.5, 0.75, 0.75, 0.3, 0.3)
        .set_header(format!("&L{}&C&A&R{} · {}", header(&name), header(&imprint.period), imprint.currency))
        .set_footer(format!("&Lshowback {}&RPage &P of &N", env!("CARGO_PKG_VERSION")));
}

/// How a table is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// Zeros of money.
    pub(super) zeros: Zeros,
    /// Rows that are subtotals, by number from 0.
    pub(super) subtotals: Vec<usize>,
    /// Whether people filter it: a filter, or an Excel table of this name.
    pub(super) filter: Filter,
    /// Column whose every new value begins below a thin line.
    pub(super) ruled_by: Option<usize>,
    /// Columns that stay in sight.
    pub(super) columns_kept: u16,
    /// Characters beyond which texts are wrapped.
    pub(super) text_max: TextMax,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Filter {
    /// They do not.
    #[default]
    None,
    /// Buttons in the heading row.
    Buttons,
    /// An Excel table, which formulas can speak of by its name.
    Table(String),
}

impl Filter {
    /// Characters of a heading that its button hides.
    fn button(&self) -> usize {
        if *self == Filter::None { 0 } else { FILTER_BUTTON }
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

/// Widths of a sheet's columns, from the texts that stand in them.
#[derive(Clone, Debug, Default)]
pub(super) struct Widths {
    columns: Vec<usize>,
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
        Value::Money(minor) => styles.currency.grouped(*minor).len(),
        Value::MoneyIn(minor, other) => other.grouped(*minor).len(),
        Value::Exact(amount) => amount.to_string().len(),
        Value::Fine(beyond) => beyond_scale_text(*beyond).len(),
        Value::Count(count) => count.to_string().len() + count.to_string().len() / 3,
        Value::Share(..) => 6,
    }
}

/// The room a text takes, in widths of a digit, from the widths of [`FONT`]'s letters.
fn text_width(text: &str) -> usize {
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

/// A text without control characters, for places that take none: headings of Excel tables, headers, properties.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
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
struct Formats {
    columns: Vec<Format>,
    /// Exact numbers, by their digits after the point.
    exact: Vec<Format>,
}

impl Formats {
    fn new(styles: &Styles, table: &Table, line: Line, look: &Look, wrapped: &[usize]) -> Formats {
        let columns = table.columns.iter().enumerate().map(|(at, column)| {
            let mut format = styles.shown(column.shown, line, look.zeros);
            if wrapped.contains(&at) {
                format = format.set_text_wrap();
            }
            if is_set_apart(table, at, wrapped) { format.set_indent(INDENT_LEVEL) } else { format }
        });
        let whole = if look.groups_exact { "#,##0" } else { "0" };
        let exact = (0..=18).map(|digits| Styles::line(line).set_num_format(fixed(whole, digits)));
        Formats { columns: columns.collect(), exact: exact.collect() }
    }
}

/// Whether a text stands right of figures or of a full column, which end where it begins: it is set apart.
fn is_set_apart(table: &Table, at: usize, wrapped: &[usize]) -> bool {
    let Some(left) = at.checked_sub(1) else { return false };
    table.columns[at].shown == Shown::Text && (table.columns[left].shown != Shown::Text || wrapped.contains(&left))
}

/// Columns whose texts are wrapped, because one of them is too long.
fn wrapped_columns(table: &Table, look: &Look) -> Vec<usize> {
    let is_long = |value: &Value| matches!(value, Value::Text(text) if text_width(text) > look.text_max.0);
    (0..table.columns.len()).filter(|at| table.rows.iter().any(|row| is_long(&row[*at]))).collect()
}

/// Writes a value. Gives whether its text had to be cut.
fn write_value(
    sheet: &mut Worksheet,
    at: (u32, u16),
    value: &Value,
    formats: (&Format, &[Format]),
    styles: &Styles,
) -> Result<bool, XlsxError> {
    let (row, column) = at;
    let (format, exact) = formats;
    let text = match value {
        Value::Blank => {
            sheet.write_blank(row, column, format)?;
            return Ok(false);
        }
        Value::Text(text) => return write_text(sheet, row, column, text, format),
        Value::Money(minor) => styles.currency.plain(*minor),
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
            let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let format = if matches!(value, Value::Exact(_) | Value::MoneyIn(..)) {
                &exact[digits.min(exact.len() - 1)]
            } else {
                format
            };
            sheet.write_number_with_format(row, column, number, format)?;
        }
        None => {
            sheet.write_string_with_format(row, column, &text, &format.clone().set_align(FormatAlign::Right))?;
        }
    }
    Ok(false)
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
) -> Result<Placed, XlsxError> {
    let (heading, first_column) = at;
    let column_at = |offset: usize| column_number(usize::from(first_column) + offset);
    let width_at = |offset: usize| widths.columns.get(usize::from(first_column) + offset).copied().unwrap_or(WIDTH_MIN);
    let labels = labels(&table.columns, &look.filter);
    let wrapped = wrapped_columns(table, look);
    let mut lines = 1;
    for (offset, label) in labels.iter().enumerate() {
        let format = heading_format(table, offset, &wrapped);
        write_text(sheet, heading, column_at(offset)?, label, &format)?;
        lines = lines.max(wrap(label, (width_at(offset) + ROOM).saturating_sub(look.filter.button())).len());
    }
    set_lines(sheet, heading, lines)?;
    let formats = |line: Line| Formats::new(styles, table, line, look, &wrapped);
    let (body, first) = (formats(Line::Body), formats(Line::First));
    let (subtotal, total) = (formats(Line::Subtotal), formats(Line::Total));
    let mut cut = Vec::new();
    let mut row_number = heading;
    let rows = table.rows.iter().enumerate().map(|(number, row)| {
        if look.subtotals.binary_search(&number).is_ok() {
            return (row, &subtotal, true);
        }
        let before = number.checked_sub(1).and_then(|before| table.rows.get(before));
        let is_first = look.ruled_by.is_some_and(|column| before.is_some_and(|before| before[column] != row[column]));
        (row, if is_first { &first } else { &body }, is_first)
    });
    for (row, formats, has_fill) in rows.chain(table.total.iter().map(|row| (row, &total, true))) {
        row_number += 1;
        for (offset, value) in row.iter().enumerate() {
            if *value == Value::Blank && !has_fill {
                continue;
            }
            let column = column_at(offset)?;
            if write_value(sheet, (row_number, column), value, (&formats.columns[offset], &formats.exact), styles)? {
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
        let headings: Vec<(String, Format)> =
            labels.into_iter().enumerate().map(|(at, label)| (label, heading_format(table, at, &wrapped))).collect();
        add_filter(sheet, &headings, (heading, first_column), last, &look.filter, &table.note)?;
        // Exact amounts are texts where a float would lose digits; nobody needs a warning on each.
        let from = (heading + 1).min(end - 1);
        sheet.ignore_error_range(from, first_column, end - 1, last.1, IgnoreError::NumberStoredAsText)?;
    }
    Ok(placed)
}

/// Makes a row as high as its lines need. Excel would do so by itself, other programs do not.
fn set_lines(sheet: &mut Worksheet, row: u32, lines: usize) -> Result<(), XlsxError> {
    if lines > 1 {
        // A row is at most 409 points high, 546 pixels; what is longer is read in the cell.
        let pixels = u32::try_from(lines).unwrap_or(u32::MAX).saturating_mul(ROW_PIXELS).min(545);
        sheet.set_row_height_pixels(row, pixels)?;
    }
    Ok(())
}

fn heading_format(table: &Table, at: usize, wrapped: &[usize]) -> Format {
    let format = Styles::heading(table.columns[at].shown);
    if is_set_apart(table, at, wrapped) { format.set_indent(INDENT_LEVEL) } else { format }
}

fn add_filter(
    sheet: &mut Worksheet,
    headings: &[(String, Format)],
    first: (u32, u16),
    last: (u32, u16),
    filter: &Filter,
    alt_text: &str,
) -> Result<(), XlsxError> {
    // Neither a filter nor an Excel table may be without rows.
    if last.0 == first.0 {
        return Ok(());
    }
    match filter {
        Filter::None => {}
        Filter::Buttons => {
            sheet.autofilter(first.0, first.1, last.0, last.1)?;
        }
        Filter::Table(name) => {
            let columns: Vec<TableColumn> = headings
                .iter()
                .map(|(label, format)| TableColumn::new().set_header(label).set_header_format(format))
                .collect();
            let table = ExcelTable::new()
                .set_name(name)
                .set_columns(&columns)
                .set_style(TableStyle::Light1)
                .set_alt_text(alt_text);
            sheet.add_table(first.0, first.1, last.0, last.1, &table)?;
        }
    }
    Ok(())
}

/// Labels of columns. An Excel table wants each once, whatever its case.
fn labels(columns: &[Column], filter: &Filter) -> Vec<String> {
    if !matches!(filter, Filter::Table(_)) {
        return columns.iter().map(|column| one_line(&column.label)).collect();
    }
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
) -> Result<Placed, XlsxError> {
    let mut widths = Widths::default();
    widths.fit(table, 0, look, styles);
    write_title(sheet, &table.title)?;
    sheet.write_string_with_format(1, 0, imprint.line(), &Styles::faint())?;
    let mut row = 2;
    for line in wrap(&table.note, widths.sum()).iter().take(HEAD_ROWS_MAX - 5) {
        sheet.write_string_with_format(row, 0, line, &Styles::faint())?;
        row += 1;
    }
    let heading = row + 1;
    let placed = write_table(sheet, styles, &widths, table, (heading, 0), look)?;
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
    set_up_print(sheet, imprint, turned);
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_with_more_digits_than_a_float_keeps_stays_a_text() {
        assert_eq!(number("4747335.73"), Some(4_747_335.73));
        assert_eq!(number("-0.000000000000000001"), Some(-1e-18));
        assert_eq!(number("100000000000000000000"), Some(1e20));
        assert_eq!(number("1.901175885830189617"), None);
        assert_eq!(number(""), None);
    }

    proptest! {
        #[test]
        fn every_number_that_is_written_prints_as_its_text_again(digits in -999_999_999_999_999_i128..=999_999_999_999_999, zeros in 0_u32..=20) {
            let text = crate::money::Amount::from_atoms(digits * 10_i128.pow(zeros)).to_string();
            let number = number(&text).expect("15 digits are a number");
            prop_assert_eq!(number.to_string(), text);
        }
    }

    #[test]
    fn number_formats_follow_the_currency() {
        let money = |code: &str| Styles::new(&Currency::new(code).expect("a currency")).money(Zeros::Digits);
        assert_eq!(money("JPY"), "#,##0;[Red]-#,##0");
        assert_eq!(money("GBP"), "#,##0.00;[Red]-#,##0.00");
        assert_eq!(money("KWD"), "#,##0.000;[Red]-#,##0.000");
    }

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
        let imprint = Imprint { organisation: "A & B".into(), period: "2026-10".into(), currency: "GBP".into() };
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let look = Look { filter: Filter::Table("Texts".to_owned()), ..Look::default() };
        write_table_sheet(sheet, &styles, &imprint, &table, &look, Turned::Landscape).expect("a sheet");
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
    fn notes_are_broken_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("", 7), Vec::<String>::new());
    }

    #[test]
    fn headings_that_differ_only_in_case_are_told_apart() {
        let column = |label: &str| Column::new(label, label, Shown::Text);
        let filter = Filter::Table("Lines".to_owned());
        let labels = labels(&[column("Total"), column("total"), column("Tab\tbed")], &filter);
        assert_eq!(labels, ["Total", "total 2", "Tab bed"]);
    }
}
