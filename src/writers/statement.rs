//! One statement a business unit: what it pays, what for, by which rules, and whom to ask. It shows this unit's
//! money only.

use std::path::Path;

use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};

use super::sheet::{self, Filter, Imprint, Look, Styles, TextMax, Turned, Widths, Zeros};
use super::views;
use crate::dimension::MemberId;
use crate::reports::{self, Column, Run, Shown, Table, Value};
use crate::rulebook::{BUSINESS_UNIT, SERVICE};

/// Characters of a reason in a line; with more, a page's width would leave the figures too small to read.
const WHY_MAX: usize = 30;

/// Writes `statements/<business unit>.xlsx`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, run: &Run<'_>, unit: MemberId) -> Result<(), XlsxError> {
    build(run, unit)?.save(path)
}

/// Makes the statement in memory.
///
/// # Errors
/// When a sheet cannot be made, which the number of a unit's services and rules rules out.
pub fn build(run: &Run<'_>, unit: MemberId) -> Result<Workbook, XlsxError> {
    let head = &run.model.book.head;
    let styles = Styles::new(&head.currency);
    let imprint = Imprint::new(run.model);
    let name = run.model.dimensions[BUSINESS_UNIT].member_name(unit);
    let mut workbook = sheet::new_workbook(run.model, &format!("{name}: IT statement {}", run.model.title()))?;
    write_statement(workbook.add_worksheet().set_name("Statement")?, &styles, &imprint, run, unit)?;
    let mut came = views::in_minor_units(reports::how_it_came(run, unit), &["amount"], &head.currency);
    came.title = format!("{name}: how it came");
    came.note = format!("{} Each amount is rounded by itself; the statement's total is rounded as a whole.", came.note);
    let look = Look {
        filter: Filter::Buttons,
        columns_kept: 1,
        text_max: TextMax(WHY_MAX),
        groups_exact: true,
        ..Look::default()
    };
    let sheet = workbook.add_worksheet().set_name("How it came")?;
    sheet::write_table_sheet(sheet, &styles, &imprint, &came, &look, Turned::Portrait)?;
    Ok(workbook)
}

fn write_statement(
    sheet: &mut Worksheet,
    styles: &Styles,
    imprint: &Imprint,
    run: &Run<'_>,
    unit: MemberId,
) -> Result<(), XlsxError> {
    let services = with_owners(reports::statement(run, unit), run);
    // The lists stand below one another, so those with fewer columns leave the same ones free.
    let total_at = services.columns.iter().position(|column| column.name == "total").unwrap_or(1);
    let spend = stretched(reports::unit_spend(run, unit), total_at);
    let pools = stretched(reports::unit_pools(run, unit), total_at);
    let facts = facts(run, unit, &spend, styles);
    let look = Look { zeros: Zeros::Dash, ..Look::default() };
    let mut widths = Widths::default();
    for table in [&services, &spend, &pools] {
        widths.fit(table, 0, &look, styles);
    }
    for (what, _) in &facts {
        widths.widen(0, what.len());
    }
    sheet::write_title(sheet, &services.title)?;
    sheet.write_string_with_format(1, 0, "IT statement", &Styles::section())?;
    let mut row = 3;
    for (what, said) in &facts {
        sheet.write_string_with_format(row, 0, what, &Styles::faint())?;
        for line in sheet::wrap(said, widths.of(1..services.columns.len()).sum()) {
            sheet.write_string_with_format(row, 1, line, &sheet::plain())?;
            row += 1;
        }
    }
    for (title, table) in
        [("Run, grow and transform", &spend), ("What it is for", &services), ("What it was spent on", &pools)]
    {
        sheet.write_string_with_format(row + 1, 0, title, &Styles::section())?;
        row = sheet::write_table(sheet, styles, &widths, table, (row + 2, 0), &look)?.end;
    }
    let note = format!(
        "Amounts in {}. Run keeps the business running, grow enlarges it, transform changes it. \
         The sheet `How it came` says by which rule each amount came here.",
        run.model.book.head.currency.code()
    );
    row += 1;
    for line in sheet::wrap(&note, widths.sum()) {
        sheet.write_string_with_format(row, 0, line, &Styles::faint())?;
        row += 1;
    }
    widths.set(sheet)?;
    sheet.set_screen_gridlines(false);
    sheet::set_up_print(sheet, imprint, Turned::Portrait);
    Ok(())
}

/// What is said of the unit before its figures.
fn facts(run: &Run<'_>, unit: MemberId, spend: &Table, styles: &Styles) -> Vec<(String, String)> {
    let head = &run.model.book.head;
    let units = &run.model.dimensions[BUSINESS_UNIT];
    let period = &run.model.period;
    let mut facts = vec![
        ("Organisation".to_owned(), head.name.clone()),
        ("Period".to_owned(), format!("{} ({} to {})", run.model.title(), period.first, period.last)),
    ];
    let above = reports::parents(units, unit);
    if !above.is_empty() {
        facts.push(("Part of".to_owned(), above.join(", ")));
    }
    if let Some((what, who)) = reports::contact(units, unit) {
        facts.push((what, who.to_owned()));
    }
    if let Some(Value::Money(total)) = spend.total.iter().flatten().find(|value| matches!(value, Value::Money(_))) {
        facts.push(("Charged".to_owned(), format!("{} {}", head.currency.code(), styles.grouped(*total))));
    }
    facts
}

/// Adds whom to ask about each service, when the services' list says so for any of them.
fn with_owners(mut table: Table, run: &Run<'_>) -> Table {
    let services = &run.model.dimensions[SERVICE];
    let owner = |row: &Vec<Value>| match row.first() {
        Some(Value::Text(name)) => {
            services.find(name).and_then(|service| reports::contact(services, service)).map(|(_, who)| who.to_owned())
        }
        _ => None,
    };
    let owners: Vec<Option<String>> = table.rows.iter().map(owner).collect();
    if owners.iter().all(Option::is_none) {
        return table;
    }
    table.columns.push(Column::new("ask", "Whom to ask", Shown::Text));
    for (row, owner) in table.rows.iter_mut().zip(owners) {
        row.push(owner.map_or(Value::Blank, Value::Text));
    }
    if let Some(total) = &mut table.total {
        total.push(Value::Blank);
    }
    table
}

/// Moves a list's figures to column `at`, so that totals of all lists stand below one another.
fn stretched(mut table: Table, at: usize) -> Table {
    while table.columns.len() > 1 && table.columns.iter().position(|column| column.name == "total") < Some(at) {
        table.columns.insert(1, Column::new("", "", Shown::Text));
        for row in table.rows.iter_mut().chain(&mut table.total) {
            row.insert(1, Value::Blank);
        }
    }
    table
}
