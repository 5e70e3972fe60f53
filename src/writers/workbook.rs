//! The workbook for finance and IT leaders: `showback.xlsx`.
//!
//! First what is in it, then the page people read, then a sheet for each report, last the charge lines behind them all.
//! What a report says is decided in [`reports`]; how it is adapted to a sheet in `writers::views`; how a sheet looks in
//! `writers::sheet`; which figures are formulas in `writers::live`.

mod checks;
mod contents;
mod summary;

use std::path::Path;

use rust_xlsxwriter::{Color, ConditionalFormatFormula, Format, Workbook, Worksheet, XlsxError};

use super::lines::Lines;
use super::live::{self, Check, Level};
use super::print::{Imprint, Turned, new_workbook};
use super::sheet::{
    self, CellAt, Filter, HEAD_ROWS_MAX, Look, Placed, SHEET_COLUMNS_MAX, SHEET_ROWS_MAX, TextMax, stored,
};
use super::style::{Styles, Zeros};
use super::views;
use crate::compare::Comparison;
use crate::finding::Findings;
use crate::journal::Journal;
use crate::reports::{self, Pivot, Run, Table};
use crate::rulebook::{BUSINESS_UNIT, POOL, SERVICE, SPEND};

/// Name of the first sheet.
const CONTENTS: &str = "Contents";

/// Name of the page that opens.
const SUMMARY: &str = "Summary";

/// Name of the sheet with run, grow and transform over time, which the chart of the summary shows.
const TREND: &str = "Trend";

/// Name of the sheet that holds all checks.
const CHECKS: &str = "Checks";

/// Characters of a rule's words in a line; with more, the page would be too wide to read on paper.
const RULE_TEXT_MAX: usize = 24;

/// What one sheet holds, and how much a workbook calculates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of a sheet. More rows go on to the next sheet.
    pub rows: usize,
    /// Columns of a sheet. More columns go on to the next sheet, behind the first column.
    pub columns: usize,
    /// Formulas × charge lines of the workbook. Beyond, figures are stored and their sums checked.
    pub work: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { rows: SHEET_ROWS_MAX, columns: SHEET_COLUMNS_MAX, work: live::WORK_MAX }
    }
}

/// What a workbook is made of.
#[derive(Clone, Copy, Debug)]
pub struct Book<'r> {
    /// The run.
    pub run: &'r Run<'r>,
    /// What it noticed.
    pub findings: &'r Findings,
    /// What other methods would have charged, when that was asked for.
    pub methods: Option<&'r Table>,
    /// The draft journal that holds what is charged, where there is one.
    pub journal: Option<&'r Journal>,
    /// The identity of the run, for the foot of the pages.
    pub id: &'r str,
    /// A folder for rows that wait to be packed; nothing stays in it.
    pub temporary: &'r Path,
}

/// Writes `showback.xlsx`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, book: &Book<'_>) -> Result<(), XlsxError> {
    build(book, &Limits::default())?.save(path)
}

/// Makes the workbook; all but the charge lines is in memory then.
///
/// # Errors
/// When a sheet cannot be made, which the limits rule out, or the temporary folder cannot be written.
pub fn build(book: &Book<'_>, limits: &Limits) -> Result<Workbook, XlsxError> {
    let run = book.run;
    let head = &run.model.book.head;
    let styles = Styles::new(&head.currency);
    let imprint = Imprint::new(run.model, book.id);
    let lines = Lines::new(run, |_| true, limits.rows, book.journal.is_some());
    let title = format!("{}: IT showback {}", head.name, run.model.title());
    let mut workbook = new_workbook(run.model, &title, book.temporary)?;
    workbook.add_worksheet().set_name(CONTENTS)?;
    workbook.add_worksheet().set_name(SUMMARY)?;

    let front = summary::Front::new(run, book.findings);
    let pages = pages(book);
    let (fits, beyond): (Vec<&Page>, Vec<&Page>) = pages.iter().partition(|page| page.fits(limits));
    let live = front.pivots().into_iter().chain(fits.iter().filter_map(|page| page.pivot()));
    let mut levels = live::levels(live, &lines, limits.work).into_iter();
    let mut level = || levels.next().unwrap_or(Level::Corner);
    let front_levels: Vec<Level> = front.pivots().iter().map(|_| level()).collect();
    let mut checks = Vec::new();
    let mut listed = Vec::new();
    let mut trend = None;
    for page in &pages {
        if beyond.iter().any(|other| std::ptr::eq(*other, page)) {
            for (name, table) in page.split(limits) {
                listed.push((name.clone(), table.note.clone()));
                page.write_table(workbook.add_worksheet(), &styles, &imprint, &name, &table)?;
            }
            continue;
        }
        listed.push((page.name.to_owned(), page.table().note.clone()));
        let sheet = workbook.add_worksheet();
        if let Some(pivot) = page.pivot() {
            let how = (&lines, level(), run);
            let (placed, found) = live::write_sheet(sheet, &styles, &imprint, (page.name, pivot), &page.look, how)?;
            checks.extend(found);
            if pivot.table.name == "spend" {
                group_by_subtotals(sheet, pivot, &placed)?;
            }
        } else {
            let (placed, found) = page.write_table(sheet, &styles, &imprint, page.name, page.table())?;
            checks.extend(found);
            if page.name == TREND {
                checks.extend(checks::of_trend(run, &lines, &styles, &placed));
                trend = Some((page.table(), placed));
            }
        }
    }
    listed.push((CHECKS.to_owned(), checks::NOTE.to_owned()));
    let checked = checks::write(workbook.add_worksheet(), &styles, &imprint, book, &lines, &checks)?;
    let keys = reports::keys(run, &lines.all().collect::<Vec<_>>());
    listed.push((keys.title.clone(), keys.note.clone()));
    let look = Look { ruled_by: Some(0), filter: Filter::Buttons, ..Look::default() };
    let sheet = workbook.add_worksheet().set_name("Keys")?;
    sheet::write_table_sheet(sheet, &styles, &imprint, &keys, &look, Turned::Portrait, &stored)?;
    listed
        .extend(lines.sheet_names().into_iter().map(|name| (name, "The result of the run, line by line.".to_owned())));
    lines.write(&mut workbook, &styles, &imprint)?;

    let sheet = workbook.worksheet_from_name(SUMMARY)?;
    let trend = trend.as_ref().map(|(table, placed)| (*table, placed));
    let mut names = front.write(sheet, &styles, &imprint, run, (&lines, &front_levels), trend)?;
    sheet.set_active(true);
    if !checked.all.is_empty() {
        names.push(("all_checks", checked.all.clone()));
    }
    for (name, cell) in names {
        workbook.define_name(name, &format!("={cell}"))?;
    }
    let sheet = workbook.worksheet_from_name(CONTENTS)?;
    contents::write(sheet, &styles, &imprint, run, &listed, &checked)?;
    Ok(workbook)
}

/// What stands on a sheet.
#[derive(Clone, Debug)]
enum Content {
    /// Figures that the charge lines add up to.
    Live(Box<Pivot>),
    /// Anything else.
    Stored(Table),
}

/// A sheet with one report on it.
#[derive(Clone, Debug)]
struct Page {
    name: &'static str,
    content: Content,
    look: Look,
}

/// All sheets between the summary and the checks, in order.
fn pages(book: &Book<'_>) -> Vec<Page> {
    let Book { run, findings, .. } = *book;
    let currency = &run.model.book.head.currency;
    let filtered = Look { filter: Filter::Buttons, columns_kept: 1, ..Look::default() };
    let grouped = Look { groups_exact: true, ..filtered.clone() };
    let dashed = Look { zeros: Zeros::Dash, ..filtered.clone() };
    let live =
        |name, pivot: Pivot, look: &Look| Page { name, content: Content::Live(Box::new(pivot)), look: look.clone() };
    let stored = |name, table: Table, look: &Look| Page { name, content: Content::Stored(table), look: look.clone() };
    let spend = reports::spend_with_subtotals(run);
    let subtotals = spend.rows.iter().enumerate().filter(|(_, row)| matches!(row, reports::RowIs::Subtotal(..)));
    // A filter would hide rows that subtotals then leave out.
    let spend_look = Look {
        subtotals: subtotals.map(|(at, _)| at).collect(),
        columns_kept: 2,
        filter: Filter::None,
        ..dashed.clone()
    };
    // A sheet by what charge lines do not keep would say that there is none of it.
    let keeps = |dimension| run.charges.keeps(dimension);
    let mut pages = Vec::new();
    if keeps(BUSINESS_UNIT) || keeps(SERVICE) {
        pages.push(live("Business units × services", reports::units_by_service(run), &dashed));
    }
    if keeps(SERVICE) {
        pages.push(live("Services", reports::services(run), &Look { groups_exact: true, ..dashed.clone() }));
        pages.push(live("Full cost", reports::full_cost(run), &dashed));
    }
    if keeps(SPEND) {
        pages.push(live("Run grow transform", spend, &spend_look));
    }
    if reports::has_trend(run) {
        pages.push(stored(TREND, reports::trend_over_time(run), &Look { columns_kept: 1, ..Look::default() }));
    }
    for (name, dimension) in [("Movement by unit", BUSINESS_UNIT), ("Movement by service", SERVICE)] {
        pages.extend(reports::movement_by(run, dimension).map(|pivot| live(name, pivot, &filtered)));
    }
    if let Some(moved) = run.moved.map(Comparison::charged) {
        let by = [("Causes by unit", BUSINESS_UNIT), ("Causes by service", SERVICE)];
        for (name, dimension) in by.into_iter().filter(|(_, dimension)| keeps(*dimension)) {
            pages.push(live(name, reports::causes_by(run, &moved, dimension), &dashed));
        }
    }
    if let Some(portfolio) = reports::portfolio(run) {
        pages.push(live("Portfolio", portfolio, &Look { ruled_by: Some(0), columns_kept: 2, ..dashed.clone() }));
    }
    if keeps(POOL) {
        pages.push(live("Pools", reports::pools(run), &filtered));
    }
    pages.push(live("Unallocated", reports::unallocated(run), &filtered));
    let look = Look { ruled_by: Some(0), ..filtered.clone() };
    pages.push(stored("Reconciliation", views::reconciliation(reports::reconciliation(run), currency), &look));
    pages.push(stored("Rule balancing", reports::rule_balancing(run), &look));
    let look = Look { columns_kept: 3, ruled_by: Some(1), text_max: TextMax(RULE_TEXT_MAX), ..filtered.clone() };
    pages.push(stored("Rules", reports::rules_in_words(run), &look));
    if reports::has_schedules(run) {
        pages.push(stored("Schedules", reports::schedules(run), &grouped));
        pages.push(stored("Renewals", reports::renewals(run), &grouped));
    }
    if run.model.book.allocate.iter().any(|rule| rule.capacity.is_some()) {
        pages.push(stored("Utilisation", reports::utilisation(run), &grouped));
    }
    if run.model.fx.is_some() {
        pages.push(stored("Exchange", reports::exchange(run), &grouped));
    }
    pages.extend(book.methods.map(|methods| stored("Methods", methods.clone(), &filtered)));
    if !findings.is_empty() {
        let table = crate::finding::render::table(findings);
        pages.push(stored("Findings", views::in_minor_units(table, &["money"], currency), &filtered));
    }
    pages
}

impl Page {
    fn pivot(&self) -> Option<&Pivot> {
        match &self.content {
            Content::Live(pivot) => Some(pivot),
            Content::Stored(_) => None,
        }
    }

    fn table(&self) -> &Table {
        match &self.content {
            Content::Live(pivot) => &pivot.table,
            Content::Stored(table) => table,
        }
    }

    /// Rows and columns that stand beside those of the table: total, checks, keys.
    const ROOM: usize = 16;

    fn fits(&self, limits: &Limits) -> bool {
        let table = self.table();
        table.rows.len() + HEAD_ROWS_MAX + Page::ROOM <= limits.rows
            && table.columns.len() + Page::ROOM <= limits.columns
    }

    /// The page as often as it takes until every row and column has its place, as `Services`, `Services 2` … Its
    /// figures are stored then: sums over several sheets would say nothing to anybody.
    fn split(&self, limits: &Limits) -> Vec<(String, Table)> {
        let rows_max = limits.rows.saturating_sub(HEAD_ROWS_MAX + Page::ROOM).max(1);
        let tables = views::split_columns(self.table().clone(), limits.columns.max(2));
        let tables = tables.into_iter().flat_map(|table| views::split_rows(table, rows_max));
        let numbered = tables.enumerate().map(|(at, table)| {
            (if at == 0 { self.name.to_owned() } else { format!("{} {}", self.name, at + 1) }, table)
        });
        numbered.collect()
    }

    /// Writes a table without formulas over the charge lines. Gives where it stands and what the sheet checks.
    fn write_table(
        &self,
        sheet: &mut Worksheet,
        styles: &Styles,
        imprint: &Imprint,
        name: &str,
        table: &Table,
    ) -> Result<(Placed, Vec<Check>), XlsxError> {
        sheet.set_name(name)?;
        let digits = styles.minor_digits();
        let balance = |at: &CellAt| {
            let is_check = at.row.is_some() && table.name == "rule-balancing" && at.column == 7;
            is_check.then(|| format!("ROUND({}-{}-{},{digits})", at.beside(3), at.beside(4), at.beside(6)))
        };
        // Parts of a table have other rows than the whole, so they have no subtotals to show.
        let look = Look { subtotals: Vec::new(), ..self.look.clone() };
        let placed = sheet::write_table_sheet(sheet, styles, imprint, table, &look, Turned::Landscape, &balance)?;
        let quoted = live::quoted(name);
        let rows = |letter: &str| format!("{quoted}!${letter}${}:${letter}${}", placed.body.start + 1, placed.body.end);
        let check = |what: &str, formula: String| Check { sheet: name.to_owned(), what: what.to_owned(), formula };
        if placed.body.is_empty() {
            return Ok((placed, Vec::new()));
        }
        let checks = match table.name {
            "rule-balancing" => {
                live::colour_checks(sheet, (placed.body.start, 7), (placed.body.end - 1, 7))?;
                vec![check("taken − given − left of every rule and pool", format!("SUMPRODUCT(ABS({}))", rows("H")))]
            }
            "reconciliation" => {
                colour_checks(sheet, table, &placed)?;
                // Amounts of these lines are exact, so an amount of 0 is 0 to the last digit.
                let formula = format!("SUMPRODUCT(({}=\"must be 0\")*({}<>0))", rows("F"), rows("E"));
                vec![check("lines that must be 0 and are not", formula)]
            }
            _ => Vec::new(),
        };
        Ok((placed, checks))
    }
}

/// Lines that must be 0 are green when they are, and bold white on dark red when not: the two differ on paper too.
fn colour_checks(sheet: &mut Worksheet, table: &Table, placed: &Placed) -> Result<(), XlsxError> {
    let at = |name: &str| table.columns.iter().position(|column| column.name == name);
    let (Some(check), Some(exact)) = (at("check"), at("amount")) else { return Ok(()) };
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
fn group_by_subtotals(sheet: &mut Worksheet, pivot: &Pivot, placed: &Placed) -> Result<(), XlsxError> {
    sheet.group_symbols_above(true);
    for (row, is) in (placed.body.start..).zip(&pivot.rows) {
        if let reports::RowIs::Subtotal(rows, _) = is {
            let rows = u32::try_from(*rows).map_err(|_| XlsxError::RowColumnLimitError)?;
            sheet.group_rows(row + 1, row + rows)?;
        }
    }
    Ok(())
}
