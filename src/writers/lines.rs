//! The charge lines in a workbook: the sheets that hold them, the names by which formulas speak of them, and the
//! formulas that add them up.
//!
//! There may be more lines than memory should hold, so they are written row by row and forgotten.

use std::collections::BTreeSet;
use std::ops::Range;

use rust_xlsxwriter::{
    Format, IgnoreError, Table as ExcelTable, TableColumn, TableStyle, Workbook, Worksheet, XlsxError,
};

use super::print::{Imprint, Turned, set_up_print};
use super::sheet::{self, Formats, Look, SHEET_ROWS_MAX, column_number};
use super::style::{Line, Styles, number, plain};
use super::widths::{ROOM, Widths, text_width};
use crate::reports::{self, Column, Field, Run, Shown, Table, Value};
use crate::rounding::ChargeLine;

/// Row of the headings, from 0: title, imprint, note and a free row stand above.
const HEADING: u32 = 4;

/// Cells of an Excel table. The crate that writes workbooks remembers every cell of a table, 50 bytes each, so larger lists
/// get filter buttons only, which look and work the same; formulas speak of neither.
const TABLE_CELLS_MAX: usize = 200_000;

/// Money in minor units up to which a spreadsheet adds up without losing digits: what 15 digits hold.
const MINOR_MAX: i128 = 1_000_000_000_000_000;

/// Characters of an exact amount: a sign, 15 digits before the point and 18 behind it are more than ever stand there.
const EXACT_WIDTH: usize = 24;

/// Charge lines that stand in a workbook, and how its formulas find them.
pub(super) struct Lines<'r> {
    run: &'r Run<'r>,
    /// Places among all lines of the run.
    list: Vec<usize>,
    fields: Vec<Field>,
    rows_max: usize,
    is_posted: bool,
}

impl<'r> Lines<'r> {
    /// The lines of a run that pass; a sheet holds at most `sheet_rows` rows.
    pub(super) fn new(
        run: &'r Run<'r>,
        passes: impl Fn(&ChargeLine) -> bool,
        sheet_rows: usize,
        is_posted: bool,
    ) -> Lines<'r> {
        let rows_max = sheet_rows.min(SHEET_ROWS_MAX).saturating_sub(HEADING as usize + 1).max(1);
        let all = run.charges.lines.iter().enumerate();
        let list = all.filter(|(_, line)| passes(line)).map(|(at, _)| at).collect();
        Lines { run, list, fields: Field::all(run), rows_max, is_posted }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &'r ChargeLine> + '_ {
        self.list.iter().map(|at| &self.run.charges.lines[*at])
    }

    /// Their places among all lines of the run.
    pub(super) fn places(&self) -> &[usize] {
        &self.list
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether a spreadsheet can add them up to the last digit.
    pub(super) fn can_be_added_up(&self) -> bool {
        self.all().map(|line| line.minor.abs()).sum::<i128>() < MINOR_MAX
    }

    /// Lines of each sheet, in the order of `data/charges.csv`.
    fn parts(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let starts = (0..self.list.len().max(1)).step_by(self.rows_max);
        starts.map(|from| from..(from + self.rows_max).min(self.list.len()))
    }

    /// The name of a column of a sheet in formulas: `lines_amount`, `lines2_amount`.
    fn name(part: usize, what: &str) -> String {
        if part == 0 { format!("lines_{what}") } else { format!("lines{}_{what}", part + 1) }
    }

    /// The sum of the lines whose fields have these keys; a key is a number or the cell it stands in.
    pub(super) fn sum(&self, keys: &[(Field, String)]) -> String {
        let of_part = |part: usize| {
            let amount = Lines::name(part, "amount");
            if keys.is_empty() {
                return format!("SUM({amount})");
            }
            let tests = keys.iter().map(|(field, key)| format!(",{},{key}", Lines::name(part, &field.name(self.run))));
            format!("SUMIFS({amount}{})", tests.collect::<String>())
        };
        let parts: Vec<String> = (0..self.parts().count()).map(of_part).collect();
        if parts.len() == 1 { parts[0].clone() } else { format!("({})", parts.join("+")) }
    }

    /// How many lines there are, as a formula.
    pub(super) fn number(&self) -> String {
        let parts: Vec<String> =
            (0..self.parts().count()).map(|part| format!("COUNT({})", Lines::name(part, "amount"))).collect();
        parts.join("+")
    }

    /// Names of the sheets.
    pub(super) fn sheet_names(&self) -> Vec<String> {
        (0..self.parts().count()).map(sheet_name).collect()
    }

    /// What is said of the lines above them.
    fn note(&self, part: usize) -> String {
        let note = "The result of the run, rounded once; every other figure adds these lines up. \
                    The keys on the right are what formulas match.";
        match self.parts().nth(part) {
            Some(rows) if self.parts().count() > 1 => {
                format!("{note} Lines {} to {} of {}.", rows.start + 1, rows.end, self.list.len())
            }
            _ => note.to_owned(),
        }
    }

    /// Adds the sheets of the lines, and the names of their columns.
    pub(super) fn write(&self, workbook: &mut Workbook, styles: &Styles, imprint: &Imprint) -> Result<(), XlsxError> {
        let mut columns = reports::charge_columns(self.run);
        let printed = columns.len();
        let amount = columns.iter().position(|column| column.name == "amount").unwrap_or_default();
        columns.extend(
            self.fields
                .iter()
                .map(|field| Column::new(field.name(self.run), format!("{} key", field.label(self.run)), Shown::Count)),
        );
        let table = Table {
            name: "charges",
            title: "Charge lines".to_owned(),
            note: String::new(),
            columns,
            rows: Vec::new(),
            total: None,
        };
        let look = Look { faint_from: Some(printed), ..Look::default() };
        let formats = Formats::new(styles, &table, Line::Body, &look, &[]);
        let widths = self.widths(&table, amount, styles);
        for (part, rows) in self.parts().enumerate() {
            let sheet = workbook.add_worksheet_with_constant_memory()?;
            sheet.set_name(sheet_name(part))?;
            widths.set(sheet)?;
            for (column, format) in (0..).zip(&formats.columns) {
                sheet.set_column_format(column, format)?;
            }
            sheet::write_title(sheet, &table.title)?;
            sheet.write_string_with_format(1, 0, imprint.line(), &Styles::faint())?;
            sheet.write_string_with_format(2, 0, self.note(part), &Styles::faint())?;
            let last_row = HEADING + u32::try_from(rows.len()).map_err(|_| XlsxError::RowColumnLimitError)?;
            write_headings(sheet, &table.columns, part, last_row, &widths)?;
            sheet.set_freeze_panes(HEADING + 1, 1)?;
            sheet.set_repeat_rows(HEADING, HEADING)?;
            sheet.set_print_area(0, 0, last_row, column_number(printed - 1)?)?;
            set_up_print(sheet, imprint, Turned::Landscape);
            for (row, at) in (HEADING + 1..).zip(&self.list[rows]) {
                let line = &self.run.charges.lines[*at];
                let is_posted = self.is_posted && line.kind.is_allocated();
                let mut values = reports::charge_row(self.run, *at, is_posted);
                values.extend(self.fields.iter().map(|field| Value::Count(field.key(self.run, line))));
                for ((column, value), format) in (0..).zip(values).zip(&formats.columns) {
                    write_cell(sheet, (row, column), value, (format, formats.exact.as_slice()), styles)?;
                }
            }
            let first_row = HEADING + 1;
            if last_row >= first_row {
                // Exact amounts are texts where a float would lose digits; nobody needs a warning on each.
                let last = column_number(printed - 1)?;
                sheet.ignore_error_range(first_row, 0, last_row, last, IgnoreError::NumberStoredAsText)?;
            }
        }
        for part in 0..self.parts().count() {
            let rows = self.parts().nth(part).unwrap_or_default().len().max(1);
            let named = std::iter::once((amount, "amount".to_owned()))
                .chain(self.fields.iter().enumerate().map(|(at, field)| (printed + at, field.name(self.run))));
            for (column, what) in named {
                let letters = rust_xlsxwriter::utility::column_number_to_name(column_number(column)?);
                let (first, last) = (HEADING as usize + 2, HEADING as usize + 1 + rows);
                let range = format!("='{}'!${letters}${first}:${letters}${last}", sheet_name(part));
                workbook.define_name(Lines::name(part, &what), &range)?;
            }
        }
        Ok(())
    }

    /// Widths by what stands in the lines, found without making a row of each.
    fn widths(&self, table: &Table, amount: usize, styles: &Styles) -> Widths {
        let mut widths = Widths::default();
        // Headings, and a few lines for the columns whose texts are all alike.
        let sample = self.list.iter().take(1).map(|at| reports::charge_row(self.run, *at, true)).collect();
        let look = Look { filter: sheet::Filter::Buttons, ..Look::default() };
        widths.fit(&Table { rows: sample, ..table.clone() }, 0, &look, styles);
        let mut widest = |column: usize, texts: &mut dyn Iterator<Item = &str>| {
            widths.widen(column, texts.map(text_width).max().unwrap_or(0).min(look.text_max.0));
        };
        let kinds: BTreeSet<_> = self.all().map(|line| line.kind).collect();
        widest(3, &mut kinds.iter().map(|kind| kind.word()));
        for (at, dimension) in self.run.charges.by.iter().enumerate() {
            let used: BTreeSet<_> = self.all().map(|line| line.members[at]).collect();
            let dimension = &self.run.model.dimensions[*dimension];
            widest(4 + at, &mut used.iter().map(|member| dimension.member_name(*member)));
        }
        let reason = amount + 3;
        widest(reason, &mut kinds.iter().map(|kind| kind.reason()));
        let largest = self.all().map(|line| line.minor).min_by_key(|minor| -minor.abs()).unwrap_or_default();
        widths.widen(amount, styles.grouped(-largest.abs()).len());
        widths.widen(amount + 2, EXACT_WIDTH);
        widths
    }
}

fn sheet_name(part: usize) -> String {
    if part == 0 { "Charge lines".to_owned() } else { format!("Charge lines {}", part + 1) }
}

/// Writes a cell of a line, where it can be in the look that its column has: the crate that writes workbooks finds a look that is
/// given for a cell anew for each, which takes longer than all else about the cell.
fn write_cell(
    sheet: &mut Worksheet,
    at: (u32, u16),
    value: Value,
    formats: (&Format, &[Format]),
    styles: &Styles,
) -> Result<(), XlsxError> {
    let (row, column) = at;
    match value {
        Value::Blank => return Ok(()),
        Value::Text(text) if text.len() <= sheet::CELL_TEXT_MAX => {
            sheet.write_string(row, column, text)?;
            return Ok(());
        }
        Value::Money(minor) => {
            if let Some(number) = number(&styles.plain_money(minor)) {
                sheet.write_number(row, column, number)?;
                return Ok(());
            }
        }
        Value::Count(count) => {
            if let Ok(count) = u32::try_from(count) {
                sheet.write_number(row, column, count)?;
                return Ok(());
            }
        }
        // The look of the column is that of exact numbers with too many digits for a number.
        Value::Exact(amount) => {
            let text = amount.to_string();
            match number(&text) {
                Some(number) => {
                    let format = sheet::exact_format(&text, formats.1);
                    sheet.write_number_with_format(row, column, number, format)?;
                }
                None => {
                    sheet.write_string(row, column, text)?;
                }
            }
            return Ok(());
        }
        _ => {}
    }
    sheet::write_value(sheet, at, &value, None, formats, styles).map(|_| ())
}

/// Headings with filters: an Excel table, or buttons where that would take too much memory.
fn write_headings(
    sheet: &mut Worksheet,
    columns: &[Column],
    part: usize,
    last_row: u32,
    widths: &Widths,
) -> Result<(), XlsxError> {
    let labels = sheet::unique_labels(columns);
    let lines = labels.iter().zip(&widths.columns).map(|(label, width)| sheet::heading_lines(label, width + ROOM));
    sheet::set_lines(sheet, HEADING, lines.max().unwrap_or(1))?;
    let last_column = column_number(columns.len() - 1)?;
    let rows = (last_row - HEADING) as usize;
    if rows > 0 && rows * columns.len() <= TABLE_CELLS_MAX {
        let columns: Vec<TableColumn> = labels
            .iter()
            .enumerate()
            .map(|(at, label)| {
                TableColumn::new().set_header(label).set_header_format(sheet::heading_format(columns, at, &[]))
            })
            .collect();
        let name = if part == 0 { "ChargeLines".to_owned() } else { format!("ChargeLines{}", part + 1) };
        let table = ExcelTable::new()
            .set_name(name)
            .set_columns(&columns)
            .set_style(TableStyle::Light1)
            .set_alt_text("All charge lines of the run");
        sheet.add_table(HEADING, 0, last_row, last_column, &table)?;
        return Ok(());
    }
    for (at, label) in labels.iter().enumerate() {
        let format = sheet::heading_format(columns, at, &[]);
        sheet.write_string_with_format(HEADING, column_number(at)?, label, &format)?;
    }
    if rows > 0 {
        sheet.autofilter(HEADING, 0, last_row, last_column)?;
    } else {
        sheet.write_string_with_format(HEADING + 1, 0, "None.", &plain())?;
    }
    Ok(())
}
