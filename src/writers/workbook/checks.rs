//! The sheet that holds all checks of the workbook about itself.

use rust_xlsxwriter::{Formula, Worksheet, XlsxError};

use super::{Book, CHECKS, TREND};
use crate::money::{Amount, ONE};
use crate::reports::{Column, Field, Run, Shown, Table, Value};
use crate::rulebook::SPEND;
use crate::writers::lines::Lines;
use crate::writers::live::{self, Check};
use crate::writers::print::{Imprint, Turned};
use crate::writers::sheet::{self, CellAt, Look, Placed};
use crate::writers::style::Styles;

/// What the sheet shows.
pub(super) const NOTE: &str = "What the workbook checks about itself, each as a formula that must give 0.";

/// What the draft journal is called: its files are in a folder of this name.
const JOURNAL: &str = "Draft journal";

/// Where checks stand.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    /// The sheet each check is about, and the cell of its result.
    pub(super) cells: Vec<(String, String)>,
    /// All results.
    pub(super) all: String,
}

/// The last period of the trend is the run's own, so the charge lines say the same.
pub(super) fn of_trend(run: &Run<'_>, lines: &Lines<'_>, styles: &Styles, placed: &Placed) -> Option<Check> {
    if !lines.can_be_added_up() || !run.charges.by.contains(&SPEND) {
        return None;
    }
    let row = placed.body.start + u32::try_from(run.trend.len()).ok()? + 1;
    let kinds = run.model.dimensions[SPEND].ids().zip(1..);
    let differences = kinds.map(|(kind, column)| {
        let keys = vec![(Field::Charged, 1), (Field::Dimension(SPEND), u64::from(kind.0))];
        let letters = rust_xlsxwriter::utility::column_number_to_name(column);
        format!("ABS(ROUND({TREND}!{letters}{row}-{},{}))", lines.sum(&live::literal(&keys)), styles.minor_digits())
    });
    Some(Check {
        sheet: TREND.to_owned(),
        what: "its last period against the charge lines".to_owned(),
        formula: differences.collect::<Vec<_>>().join("+"),
    })
}

/// Writes the sheet.
pub(super) fn write(
    sheet: &mut Worksheet,
    styles: &Styles,
    imprint: &Imprint,
    book: &Book<'_>,
    lines: &Lines<'_>,
    of_sheets: &[Check],
) -> Result<Checked, XlsxError> {
    let run = book.run;
    sheet.set_name(CHECKS)?;
    let digits = styles.minor_digits();
    let first_lines = lines.sheet_names().into_iter().next().unwrap_or_default();
    let mut checks: Vec<(Check, Value, Value, Option<String>)> = Vec::new();
    if lines.can_be_added_up() {
        let total: i128 = run.charges.total;
        let money_in = run.model.book.head.currency.round(run.opening.total());
        let of_lines = |what: &str| Check { sheet: first_lines.clone(), what: what.to_owned(), formula: String::new() };
        checks.push((
            of_lines("their sum against the money in, from the exports"),
            Value::Money(money_in),
            Value::Money(total),
            Some(lines.sum(&[])),
        ));
        // Not an amount in a column of amounts: shown without decimals.
        let number = Value::Exact(Amount::from_atoms(run.charges.lines.len() as i128 * ONE));
        checks.push((of_lines("their number"), number.clone(), number, Some(lines.number())));
    }
    if let Some(journal) = book.journal.filter(|_| lines.can_be_added_up()) {
        let what = "what it charges against the charge lines".to_owned();
        let of_journal = Check { sheet: JOURNAL.to_owned(), what, formula: String::new() };
        let charged = lines.sum(&live::literal(&vec![(Field::Charged, 1)]));
        let charges = Value::Money(run.charges.allocated().map(|line| line.minor).sum());
        checks.push((of_journal, Value::Money(journal.total()), charges, Some(charged)));
    }
    checks.extend(of_sheets.iter().map(|check| (check.clone(), Value::Blank, Value::Blank, None)));
    let table = Table {
        name: "checks",
        title: "Checks".to_owned(),
        note: format!(
            "{NOTE} Differences are rounded to minor units; one that is not 0 turns red. Where two figures are compared, \
             the expected one is stored and comes from the run, the found one is worked out here."
        ),
        columns: vec![
            Column::new("sheet", "Sheet", Shown::Text),
            Column::new("what", "What is checked", Shown::Text),
            Column::new("expected", "Expected", Shown::Money),
            Column::new("found", "Found", Shown::Money),
            Column::new("difference", "Difference", Shown::Money),
        ],
        rows: checks
            .iter()
            .map(|(check, expected, found, _)| {
                let what = vec![Value::text(&check.sheet), Value::text(&check.what)];
                what.into_iter().chain([expected.clone(), found.clone(), Value::Money(0)]).collect()
            })
            .collect(),
        total: None,
    };
    let formulas = |at: &CellAt| -> Option<String> {
        let (check, _, _, found) = checks.get(at.row?)?;
        match (at.column, found) {
            (3, Some(found)) => Some(found.clone()),
            (4, Some(_)) => Some(format!("ROUND({}-{},{digits})", at.beside(3), at.beside(2))),
            (4, None) if check.formula.is_empty() => Some(format!("ROUND({}-{},{digits})", at.beside(3), at.beside(2))),
            (4, None) => Some(check.formula.clone()),
            _ => None,
        }
    };
    let look = Look { groups_exact: true, ..Look::default() };
    let placed = sheet::write_table_sheet(sheet, styles, imprint, &table, &look, Turned::Landscape, &formulas)?;
    let mut cells = Vec::new();
    for (row, (check, ..)) in placed.body.clone().zip(&checks) {
        cells.push((check.sheet.clone(), format!("{CHECKS}!$E${}", row + 1)));
    }
    if placed.body.is_empty() {
        let text = "The amounts have more digits than a spreadsheet adds up exactly, so there are no formulas.";
        sheet.write_string_with_format(placed.end + 1, 0, text, &Styles::faint())?;
        return Ok(Checked { cells, all: String::new() });
    }
    live::colour_checks(sheet, (placed.body.start, 4), (placed.body.end - 1, 4))?;
    // One cell for all of them, with a name of its own for whoever watches it from another file.
    let all = format!("SUMPRODUCT(ABS($E${}:$E${}))", placed.body.start + 1, placed.body.end);
    let row = placed.end + 1;
    sheet.write_string_with_format(row, 0, "All checks", &Styles::section())?;
    let format = live::check_format(styles).set_bold();
    sheet.write_formula_with_format(row, 4, Formula::new(all).set_result("0"), &format)?;
    live::colour_checks(sheet, (row, 4), (row, 4))?;
    Ok(Checked { cells, all: format!("{CHECKS}!$E${}", row + 1) })
}
