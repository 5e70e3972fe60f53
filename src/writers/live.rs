//! Sheets whose figures a spreadsheet works out again: formulas over the charge lines, with checks.
//!
//! Every formula is written with its result. A spreadsheet that recalculates must come to the same figures; where it
//! does not, a check below or beside the table is not 0 and turns red.

use rust_xlsxwriter::{Color, ConditionalFormatCell, ConditionalFormatCellRule, Format, Formula, Worksheet, XlsxError};

use super::lines::Lines;
use super::print::{Imprint, Turned};
use super::sheet::{self, CellAt, Look, Placed, column_number};
use super::style::{FAINT, Styles, plain};
use crate::reports::{Column, Field, Figure, Keys, Pivot, RowIs, Run, Shown, Value};

/// Formulas × lines of a workbook: what a spreadsheet recalculates in seconds.
pub(super) const WORK_MAX: usize = 200_000_000;

/// Which figures of a sheet are formulas over the charge lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// All of them.
    Figures,
    /// None; but each row's and each column's sum is checked.
    Edges,
    /// None; but the sum of all is checked.
    Corner,
    /// None at all: the amounts have more digits than a spreadsheet adds up.
    Nothing,
}

/// Says which figures of sheets are formulas. Those that come first are served first.
pub(super) fn levels<'p>(pivots: impl Iterator<Item = &'p Pivot>, lines: &Lines<'_>, work_max: usize) -> Vec<Level> {
    if !lines.can_be_added_up() {
        return pivots.map(|_| Level::Nothing).collect();
    }
    let pivots: Vec<&Pivot> = pivots.collect();
    let all = work_max / lines.count().max(1);
    // A check of the whole is always there.
    let mut left = all.saturating_sub(pivots.len());
    let levels = pivots.iter().map(|pivot| {
        let columns = pivot.columns.iter().filter(|figure| matches!(figure, Figure::Lines(_))).count();
        let edges = pivot.rows.len() + columns;
        let figures = pivot.rows.len() * columns + edges;
        for (level, cost) in [(Level::Figures, figures), (Level::Edges, edges)] {
            if cost <= left {
                left -= cost;
                return level;
            }
        }
        Level::Corner
    });
    levels.collect()
}

/// What a workbook checks about itself: in words, and as a formula that is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// The sheet it is about.
    pub(super) sheet: String,
    /// What must be 0.
    pub(super) what: String,
    /// The formula.
    pub(super) formula: String,
}

/// A sheet's name in formulas.
pub(super) fn quoted(sheet: &str) -> String {
    format!("'{}'", sheet.replace('\'', "''"))
}

/// Keys as they stand in formulas.
pub(super) fn literal(keys: &Keys) -> Vec<(Field, String)> {
    keys.iter().map(|(field, key)| (*field, key.to_string())).collect()
}

/// Keys as they stand in the formula of a cell.
type KeyCells<'f> = &'f dyn Fn(&CellAt, &Keys) -> Vec<(Field, String)>;

/// The formula of a figure of a pivot that follows from other cells of its table, or that adds up lines.
///
/// `row_keys` and `column_keys` give the keys of its row and column as they stand in formulas.
pub(super) fn formula(
    pivot: &Pivot,
    at: &CellAt,
    lines: &Lines<'_>,
    level: Level,
    digits: u32,
    row_keys: KeyCells<'_>,
    column_keys: KeyCells<'_>,
) -> Option<String> {
    if level == Level::Nothing {
        return None;
    }
    let figure = pivot.columns.get(at.column)?;
    let row = at.row.map(|row| &pivot.rows[row]);
    let ratio = |part: &str, whole: &str| format!("IF({whole}=0,\"\",ROUND({part}/{whole},3))");
    let total_line = at.body.end;
    match (figure, row) {
        (Figure::Stored, _) | (Figure::Adds, Some(_)) | (Figure::Each(..), None) => None,
        (Figure::Lines(_) | Figure::Adds, None) if pivot.rows.is_empty() => None,
        // Amounts that cancel out leave something beyond the last digit.
        (Figure::Adds, None) if pivot.table.columns[at.column].shown == Shown::Money => {
            Some(format!("ROUND(SUM({}),{digits})", at.all_of(at.column)))
        }
        (Figure::Adds, None) => Some(format!("SUM({})", at.all_of(at.column))),
        (Figure::Change(now, before), _) => {
            let row = at.row.map_or(pivot.table.total.as_ref(), |row| pivot.table.rows.get(row))?;
            (row[*before] != Value::Blank)
                .then(|| format!("ROUND({}-{},{digits})", at.beside(*now), at.beside(*before)))
        }
        (Figure::Share(part, whole), _) => Some(ratio(&at.beside(*part), &at.beside(*whole))),
        (Figure::ShareOfTotal(part), _) => {
            let whole = format!("{}${total_line}", at.letters(*part));
            pivot.table.total.as_ref().map(|_| ratio(&at.beside(*part), &whole))
        }
        (Figure::Each(cost, quantity), Some(row)) => {
            let has_quantity = matches!(row, RowIs::Lines(_)) && {
                let number = at.row.unwrap_or_default();
                matches!(pivot.table.rows[number][*quantity], Value::Exact(amount) if !amount.is_zero())
            };
            has_quantity.then(|| format!("ROUND({}/{},{digits})", at.beside(*cost), at.beside(*quantity)))
        }
        (Figure::Sum(plus, minus), _) => {
            let is_run = plus.len() > 2 && plus.windows(2).all(|pair| pair[1] == pair[0] + 1);
            let mut text = if is_run {
                format!("SUM({}:{})", at.beside(plus[0]), at.beside(plus[plus.len() - 1]))
            } else {
                plus.iter().map(|column| at.beside(*column)).collect::<Vec<_>>().join("+")
            };
            for column in minus {
                text.push('-');
                text.push_str(&at.beside(*column));
            }
            Some(if minus.is_empty() { text } else { format!("ROUND({text},{digits})") })
        }
        (Figure::Lines(_), None) => {
            let has_subtotals = pivot.rows.iter().any(|row| matches!(row, RowIs::Subtotal(..)));
            // SUBTOTAL leaves other subtotals out.
            let add = if has_subtotals { "SUBTOTAL(9," } else { "SUM(" };
            Some(format!("{add}{})", at.all_of(at.column)))
        }
        (Figure::Lines(_), Some(RowIs::Subtotal(rows, _))) => {
            let letters = at.letters(at.column);
            let last = at.line as usize + rows;
            Some(format!("SUBTOTAL(9,{letters}{}:{letters}{last})", at.line + 1))
        }
        (Figure::Lines(_), Some(_)) if level != Level::Figures => None,
        (Figure::Lines(keys), Some(RowIs::Lines(of_row))) => {
            let mut all = column_keys(at, keys);
            all.extend(row_keys(at, of_row));
            Some(lines.sum(&all))
        }
        (Figure::Lines(keys), Some(RowIs::Rest)) => {
            let letters = at.letters(at.column);
            let above = format!("SUM({letters}{}:{letters}{})", at.body.start, at.line - 1);
            Some(format!("ROUND({}-{above},{digits})", lines.sum(&column_keys(at, keys))))
        }
    }
}

/// The formula of the total of a column that is added up, in minor units of so many digits; none anywhere else.
pub(super) fn sum_below(at: &CellAt, column: usize, digits: u32) -> Option<String> {
    (at.row.is_none() && at.column == column).then(|| format!("ROUND(SUM({}),{digits})", at.all_of(column)))
}

/// Writes a sheet with a pivot: its table, a column of checks and the keys of the rows right of it, the keys of the
/// columns above it, a row of checks below. Gives what the sheet checks.
pub(super) fn write_sheet(
    sheet: &mut Worksheet,
    styles: &Styles,
    imprint: &Imprint,
    (name, pivot): (&str, &Pivot),
    look: &Look,
    (lines, level, run): (&Lines<'_>, Level, &Run<'_>),
) -> Result<(Placed, Vec<Check>), XlsxError> {
    sheet.set_name(name)?;
    let digits = styles.minor_digits();
    let width = pivot.table.columns.len();
    let fields = if matches!(level, Level::Figures | Level::Edges) { pivot.row_fields() } else { Vec::new() };
    let checked = pivot.checked.as_ref().filter(|_| level != Level::Nothing && pivot.table.total.is_some());
    // The table as it stands on the sheet: with a column of checks and the keys of its rows.
    let mut table = pivot.table.clone();
    if checked.is_some() {
        table.columns.push(Column::new("check", "Check", Shown::Money));
    }
    table.columns.extend(
        fields.iter().map(|field| Column::new(field.name(run), format!("{} key", field.label(run)), Shown::Count)),
    );
    for (row, is) in table.rows.iter_mut().zip(&pivot.rows) {
        if checked.is_some() {
            let is_checked = level != Level::Corner && *is != RowIs::Rest;
            row.push(if is_checked { Value::Money(0) } else { Value::Blank });
        }
        let keys: &[(Field, u64)] = match is {
            RowIs::Lines(keys) | RowIs::Subtotal(_, keys) => keys,
            RowIs::Rest => &[],
        };
        row.extend(
            fields.iter().map(|field| {
                keys.iter().find(|(of, _)| of == field).map_or(Value::Blank, |(_, key)| Value::Count(*key))
            }),
        );
    }
    if let Some(total) = &mut table.total {
        if checked.is_some() {
            total.push(Value::Money(0));
        }
        total.resize(table.columns.len(), Value::Blank);
    }
    if level == Level::Figures || level == Level::Edges {
        table.note.push_str(
            " Small grey numbers are keys, which formulas match in the charge lines; the sheet Keys says whose they are.",
        );
    } else if level == Level::Corner {
        table.note.push_str(" Figures are stored: there are more lines than formulas could add up in reasonable time.");
    }
    let key_column = |field: &Field| {
        let at = fields.iter().position(|known| known == field)?;
        Some(width + usize::from(checked.is_some()) + at)
    };
    let row_keys = |at: &CellAt, keys: &Keys| -> Vec<(Field, String)> {
        let cell = |(field, key): &(Field, u64)| match key_column(field) {
            Some(column) => (*field, format!("${}{}", at.letters(column), at.line)),
            None => (*field, key.to_string()),
        };
        keys.iter().map(cell).collect()
    };
    // Column keys stand in the row above the headings, which is two above the first row of the body.
    let column_keys = |at: &CellAt, keys: &Keys| -> Vec<(Field, String)> {
        let cell = |(field, key): &(Field, u64)| match field {
            Field::Dimension(_) => (*field, format!("{}${}", at.letters(at.column), at.body.start - 2)),
            _ => (*field, key.to_string()),
        };
        keys.iter().map(cell).collect()
    };
    let formulas = |at: &CellAt| -> Option<String> {
        match checked {
            Some((column, keys)) if at.column == width => {
                let of_row = match at.row.map(|row| &pivot.rows[row]) {
                    None => Vec::new(),
                    Some(_) if level == Level::Corner => return None,
                    Some(RowIs::Lines(keys) | RowIs::Subtotal(_, keys)) => row_keys(at, keys),
                    Some(RowIs::Rest) => return None,
                };
                let mut all = literal(keys);
                all.extend(of_row);
                Some(format!("ROUND({}-{},{digits})", at.beside(*column), lines.sum(&all)))
            }
            _ if at.column >= width => None,
            _ => formula(pivot, at, lines, level, digits, &row_keys, &column_keys),
        }
    };
    let look = Look {
        printed: Some(width + usize::from(checked.is_some())),
        faint_from: Some(width + usize::from(checked.is_some())),
        ..look.clone()
    };
    let placed = sheet::write_table_sheet(sheet, styles, imprint, &table, &look, Turned::Landscape, &formulas)?;
    let key_format = plain().set_font_size(8).set_font_color(FAINT);
    if level != Level::Corner && level != Level::Nothing {
        for (at, figure) in pivot.columns.iter().enumerate() {
            let Figure::Lines(keys) = figure else { continue };
            if let Some((_, key)) = keys.iter().find(|(field, _)| matches!(field, Field::Dimension(_))) {
                let key = u32::try_from(*key).unwrap_or_default();
                sheet.write_number_with_format(placed.heading - 1, column_number(at)?, key, &key_format)?;
            }
        }
    }
    let mut checks = Vec::new();
    if checked.is_some() {
        let letters = rust_xlsxwriter::utility::column_number_to_name(column_number(width)?);
        let mut sums = vec![format!(
            "SUMPRODUCT(ABS({}!${letters}${}:${letters}${}))",
            quoted(name),
            placed.body.start + 1,
            placed.end
        )];
        colour_checks(sheet, (placed.body.start, column_number(width)?), (placed.end - 1, column_number(width)?))?;
        if level != Level::Corner
            && let Some(range) = write_check_row(sheet, styles, pivot, &placed, lines)?
        {
            sums.push(format!("SUMPRODUCT(ABS({}!{range}))", quoted(name)));
        }
        checks.push(Check {
            sheet: name.to_owned(),
            what: "its rows, columns and total against the lines".to_owned(),
            formula: sums.join("+"),
        });
    }
    Ok((placed, checks))
}

/// The row below the total: each column's sum against the lines. Gives its cells.
fn write_check_row(
    sheet: &mut Worksheet,
    styles: &Styles,
    pivot: &Pivot,
    placed: &Placed,
    lines: &Lines<'_>,
) -> Result<Option<String>, XlsxError> {
    // One row is left free, for the double line below the total.
    let row = placed.end + 1;
    let total_line = placed.end;
    let format = check_format(styles);
    let (mut first, mut last) = (None, None);
    for (at, figure) in pivot.columns.iter().enumerate() {
        let Figure::Lines(keys) = figure else { continue };
        let column = column_number(at)?;
        let letters = rust_xlsxwriter::utility::column_number_to_name(column);
        let text = format!("ROUND({letters}{total_line}-{},{})", lines.sum(&literal(keys)), styles.minor_digits());
        sheet.write_formula_with_format(row, column, Formula::new(text).set_result("0"), &format)?;
        first = first.or(Some((column, letters.clone())));
        last = Some((column, letters));
    }
    let (Some((from, first)), Some((to, last))) = (first, last) else { return Ok(None) };
    sheet.write_string_with_format(row, 0, "Check", &Styles::faint())?;
    colour_checks(sheet, (row, from), (row, to))?;
    Ok(Some(format!("${first}${}:${last}${}", row + 1, row + 1)))
}

/// How a check looks while it is 0.
pub(super) fn check_format(styles: &Styles) -> Format {
    plain().set_num_format(styles.money(super::style::Zeros::Digits)).set_font_color(FAINT)
}

/// Checks that are not 0 are bold white on dark red, which is seen on paper too.
pub(super) fn colour_checks(sheet: &mut Worksheet, first: (u32, u16), last: (u32, u16)) -> Result<(), XlsxError> {
    if last.0 < first.0 || last.1 < first.1 {
        return Ok(());
    }
    let bad = Format::new().set_background_color(Color::RGB(0x009C_0006)).set_font_color(Color::White).set_bold();
    let rule = ConditionalFormatCell::new().set_rule(ConditionalFormatCellRule::NotEqualTo(0)).set_format(bad);
    sheet.add_conditional_format(first.0, first.1, last.0, last.1, &rule)?;
    Ok(())
}
