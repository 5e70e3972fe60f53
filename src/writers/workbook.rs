//! The workbook for finance and IT leaders: `showback.xlsx`.
//!
//! The first sheet is the page people read; each sheet behind it is a report. What a report says is decided in
//! [`reports`]; how it is adapted to a sheet in `writers::views`; how a sheet looks in `writers::sheet`.

mod summary;

use std::path::Path;

use rust_xlsxwriter::{Color, ConditionalFormatFormula, Format, Workbook, Worksheet, XlsxError};

use super::sheet::{
    self, Filter, HEAD_ROWS_MAX, Imprint, Look, Placed, SHEET_COLUMNS_MAX, SHEET_ROWS_MAX, Styles, TextMax, Turned,
    Zeros,
};
use super::views;
use crate::finding::Findings;
use crate::reports::{self, Run, Summary, Table};

/// Name of the first sheet.
const SUMMARY: &str = "Summary";

/// Characters of a sheet's name, by the file format.
const SHEET_NAME_MAX: usize = 31;

/// Characters of a rule's words in a line; with more, the page would be too wide to read on paper.
const RULE_TEXT_MAX: usize = 32;

/// What one sheet holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of a sheet. More rows go on to the next sheet.
    pub rows: usize,
    /// Columns of a sheet. More columns go on to the next sheet, behind the first column.
    pub columns: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { rows: SHEET_ROWS_MAX, columns: SHEET_COLUMNS_MAX }
    }
}

/// Writes `showback.xlsx`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(
    path: &Path,
    run: &Run<'_>,
    summary: &Summary,
    tables: &[Table],
    findings: &Findings,
) -> Result<(), XlsxError> {
    build(run, summary, tables, findings, &Limits::default())?.save(path)
}

/// Makes the workbook in memory.
///
/// # Errors
/// When a sheet cannot be made, which the limits rule out.
pub fn build(
    run: &Run<'_>,
    summary: &Summary,
    tables: &[Table],
    findings: &Findings,
    limits: &Limits,
) -> Result<Workbook, XlsxError> {
    let head = &run.model.book.head;
    let styles = Styles::new(&head.currency);
    let imprint = Imprint::new(run.model);
    let pages: Vec<Page> = pages(run, tables, findings).into_iter().flat_map(|page| page.split(limits)).collect();
    let title = format!("{}: IT showback {}", head.name, run.model.title());
    let mut workbook = sheet::new_workbook(run.model, &title)?;
    summary::write(workbook.add_worksheet().set_name(SUMMARY)?, &styles, &imprint, run, summary, &pages)?;
    for page in &pages {
        page.write(workbook.add_worksheet(), &styles, &imprint)?;
    }
    Ok(workbook)
}

/// A sheet with one report on it.
#[derive(Clone, Debug)]
struct Page {
    name: String,
    table: Table,
    look: Look,
}

/// All sheets behind the first, in order.
fn pages(run: &Run<'_>, tables: &[Table], findings: &Findings) -> Vec<Page> {
    let currency = &run.model.book.head.currency;
    let noticed = (!findings.is_empty()).then(|| crate::finding::render::table(findings));
    let filtered = Look { filter: Filter::Buttons, columns_kept: 1, ..Look::default() };
    let page = |table: &Table| match table.name {
        "units-by-service" => {
            Page::new("Business units × services", table.clone(), Look { zeros: Zeros::Dash, ..filtered.clone() })
        }
        "spend" => {
            let (table, subtotals) = reports::spend_with_subtotals(run);
            let look = Look { zeros: Zeros::Dash, subtotals, columns_kept: 2, ..filtered.clone() };
            Page::new("Run grow transform", table, look)
        }
        "pools" => Page::new("Pools", views::with_share(table.clone(), "total"), Look::default()),
        "unallocated" => Page::new("Unallocated", table.clone(), filtered.clone()),
        "reconciliation" => {
            let look = Look { ruled_by: Some(0), ..filtered.clone() };
            Page::new("Reconciliation", views::reconciliation(table.clone(), currency), look)
        }
        "rules" => {
            let table = views::in_minor_units(reports::rules_in_words(run), &["taken", "given", "left"], currency);
            Page::new(
                "Rules",
                table,
                Look { columns_kept: 3, ruled_by: Some(1), text_max: TextMax(RULE_TEXT_MAX), ..filtered.clone() },
            )
        }
        "charges" => {
            let look = Look { filter: Filter::Table("ChargeLines".to_owned()), columns_kept: 1, ..Look::default() };
            Page::new("Charge lines", table.clone(), look)
        }
        _ => Page::new(&sheet_name(&table.title), table.clone(), filtered.clone()),
    };
    tables.iter().chain(noticed.as_ref()).map(page).collect()
}

/// A heading as the name of a sheet: at most 31 characters, without those that the file format forbids.
fn sheet_name(title: &str) -> String {
    let allowed = title.chars().filter(|c| !c.is_control() && !"[]:*?/\\'".contains(*c));
    allowed.take(SHEET_NAME_MAX).collect()
}

impl Page {
    fn new(name: &str, table: Table, look: Look) -> Page {
        Page { name: name.to_owned(), table, look }
    }

    /// The page as often as it takes until every row and column has its place: `Charge lines`, `Charge lines 2` …
    fn split(self, limits: &Limits) -> Vec<Page> {
        let total_rows = usize::from(self.table.total.is_some());
        let rows_max = limits.rows.saturating_sub(HEAD_ROWS_MAX + total_rows).max(1);
        let columns_max = limits.columns.max(2);
        if self.table.rows.len() <= rows_max && self.table.columns.len() <= columns_max {
            return vec![self];
        }
        let tables = views::split_columns(self.table, columns_max);
        let tables = tables.into_iter().flat_map(|table| views::split_rows(table, rows_max));
        let numbered = tables.enumerate().map(|(at, (table, first_row))| {
            let number = at + 1;
            let name = if at == 0 { self.name.clone() } else { format!("{} {number}", self.name) };
            let filter = match &self.look.filter {
                Filter::Table(name) if at > 0 => Filter::Table(format!("{name}{number}")),
                filter => filter.clone(),
            };
            let here = first_row..first_row + table.rows.len();
            let subtotals = self.look.subtotals.iter().filter(|row| here.contains(row)).map(|row| row - first_row);
            let look = Look { filter, subtotals: subtotals.collect(), ..self.look.clone() };
            Page { name, table, look }
        });
        numbered.collect()
    }

    fn write(&self, sheet: &mut Worksheet, styles: &Styles, imprint: &Imprint) -> Result<(), XlsxError> {
        sheet.set_name(&self.name)?;
        let placed = sheet::write_table_sheet(sheet, styles, imprint, &self.table, &self.look, Turned::Landscape)?;
        match self.table.name {
            "reconciliation" => colour_checks(sheet, &self.table, &placed),
            "spend" => group_by_subtotals(sheet, &self.look.subtotals, &placed),
            _ => Ok(()),
        }
    }
}

/// Lines that must be 0 are green when they are, and bold white on dark red when not: the two differ on paper too.
fn colour_checks(sheet: &mut Worksheet, table: &Table, placed: &Placed) -> Result<(), XlsxError> {
    let at = |name: &str| table.columns.iter().position(|column| column.name == name);
    let (Some(check), Some(exact)) = (at("check"), at("amount")) else { return Ok(()) };
    if placed.body.is_empty() {
        return Ok(());
    }
    let letter =
        |at: usize| Ok::<_, XlsxError>(rust_xlsxwriter::utility::column_number_to_name(sheet::column_number(at)?));
    let (check_letter, exact_letter) = (letter(check)?, letter(exact)?);
    let row = placed.body.start + 1;
    let is_checked = format!("${check_letter}{row}=\"must be 0\"");
    let (good, bad) = (
        Format::new().set_background_color(Color::RGB(0x00C6_EFCE)).set_font_color(Color::RGB(0x0000_6100)),
        Format::new().set_background_color(Color::RGB(0x009C_0006)).set_font_color(Color::White).set_bold(),
    );
    for (is_zero, format) in [("=0", good), ("<>0", bad)] {
        let rule = format!("=AND({is_checked},${exact_letter}{row}{is_zero})");
        let rule = ConditionalFormatFormula::new().set_rule(rule.as_str()).set_format(format);
        let (first, last) = (sheet::column_number(1)?, sheet::column_number(check)?);
        sheet.add_conditional_format(placed.body.start, first, placed.body.end - 1, last, &rule)?;
    }
    Ok(())
}

/// The rows of a subtotal fold away below it.
fn group_by_subtotals(sheet: &mut Worksheet, subtotals: &[usize], placed: &Placed) -> Result<(), XlsxError> {
    let rows = |at: usize| u32::try_from(at).map_err(|_| XlsxError::RowColumnLimitError);
    sheet.group_symbols_above(true);
    for (at, subtotal) in subtotals.iter().enumerate() {
        let first = placed.body.start + rows(*subtotal)? + 1;
        let last = match subtotals.get(at + 1) {
            Some(next) => placed.body.start + rows(*next)? - 1,
            None => placed.body.end - 1,
        };
        if first <= last {
            sheet.group_rows(first, last)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::{Column, Shown, Value};

    fn page(rows: u64, columns: usize) -> Page {
        let row = |number: u64| vec![Value::Count(number); columns];
        let columns = (0..columns).map(|at| Column::new(format!("c{at}"), format!("C{at}"), Shown::Count)).collect();
        let table = Table {
            name: "charges",
            title: "Charge lines".to_owned(),
            note: String::new(),
            columns,
            rows: (0..rows).map(row).collect(),
            total: None,
        };
        Page::new("Charge lines", table, Look { filter: Filter::Table("ChargeLines".to_owned()), ..Look::default() })
    }

    #[test]
    fn rows_beyond_a_sheet_go_on_to_the_next_and_none_is_lost() {
        let limits = Limits { rows: HEAD_ROWS_MAX + 4, columns: 100 };
        let pages = page(10, 2).split(&limits);
        assert_eq!(
            pages.iter().map(|page| page.name.as_str()).collect::<Vec<_>>(),
            ["Charge lines", "Charge lines 2", "Charge lines 3"]
        );
        assert_eq!(pages[2].look.filter, Filter::Table("ChargeLines3".to_owned()));
        let rows: Vec<Vec<Value>> = pages.into_iter().flat_map(|page| page.table.rows).collect();
        assert_eq!(rows, page(10, 2).table.rows);
    }

    #[test]
    fn columns_beyond_a_sheet_go_on_to_the_next_behind_the_first() {
        let pages = page(1, 6).split(&Limits { rows: 100, columns: 3 });
        let names: Vec<Vec<&str>> =
            pages.iter().map(|page| page.table.columns.iter().map(|column| column.name.as_str()).collect()).collect();
        assert_eq!(names, [vec!["c0", "c1", "c2"], vec!["c0", "c3", "c4"], vec!["c0", "c5"]]);
    }

    #[test]
    fn sheet_names_keep_to_what_the_format_allows() {
        assert_eq!(sheet_name("Costs: [all] of them/ours?"), "Costs all of themours");
        assert_eq!(sheet_name(&"x".repeat(40)).len(), 31);
    }
}
