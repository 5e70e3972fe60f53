//! One statement a business unit: what it pays, what for, what decides it, and whom to ask. It shows this unit's money
//! and that of the units below it, and nobody else's.

use std::collections::BTreeSet;
use std::path::Path;

use rust_xlsxwriter::{Formula, Workbook, Worksheet, XlsxError};

use super::lines::Lines;
use super::live::{self, Level};
use super::print::{Imprint, Turned, new_workbook, set_up_print};
use super::sheet::{self, CellAt, Filter, Look, SHEET_ROWS_MAX, TextMax, stored};
use super::style::{Styles, Zeros, plain};
use super::views;
use super::widths::{Widths, text_width, wrap};
use crate::dimension::MemberId;
use crate::explain::{self, Graph, MainPath, PlaceId};
use crate::reports::{self, Column, Crossings, Figure, Keys, Pivot, RowIs, Run, Shown, Table, Value, Ways};
use crate::rounding::ChargeLine;
use crate::rulebook::{BUSINESS_UNIT, POOL, SERVICE, SPEND};

/// Characters of a reason in a line; with more, a page's width would leave the figures too small to read.
const WHY_MAX: usize = 30;

/// Characters of the width of a statement without lists, at least.
const CHARACTERS_MIN: usize = 72;

/// Lines whose path is told in words.
const PATHS_TOLD: usize = 5;

/// What a statement is made of.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'r> {
    /// The run.
    pub run: &'r Run<'r>,
    /// Whose it is.
    pub unit: MemberId,
    /// The entries by which money came to business units and left them.
    pub crossings: &'r Crossings,
    /// How its money came, for the paths of its largest lines; none where that cannot be told.
    pub graph: Option<&'r Graph>,
    /// Whether what is charged is in the journal.
    pub is_posted: bool,
    /// The identity of the run, for the foot of the pages.
    pub id: &'r str,
    /// A folder for rows that wait to be packed; nothing stays in it.
    pub temporary: &'r Path,
}

/// The sheet with the causes of the change by service.
const WHY: &str = "Why it changed";

/// Writes `statements/<business unit>.xlsx`.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, statement: &Statement<'_>) -> Result<(), XlsxError> {
    build(statement)?.save(path)
}

/// Makes the statement in memory.
///
/// # Errors
/// When a sheet cannot be made, which the number of a unit's services and rules rules out.
pub fn build(statement: &Statement<'_>) -> Result<Workbook, XlsxError> {
    let Statement { run, unit, id, temporary, .. } = *statement;
    let head = &run.model.book.head;
    let styles = Styles::new(&head.currency);
    let imprint = Imprint::new(run.model, id);
    let dimension = &run.model.dimensions[BUSINESS_UNIT];
    let name = dimension.member_name(unit);
    let units = reports::unit_and_below(dimension, unit);
    let is_of_units =
        |line: &ChargeLine| line.kind.is_allocated() && units.contains(&run.charges.member(line, BUSINESS_UNIT));
    let lines = Lines::new(run, is_of_units, SHEET_ROWS_MAX, statement.is_posted);
    let title = format!("{name}: IT statement {}", run.model.title());
    let mut workbook = new_workbook(run.model, &title, temporary)?;
    let own: Vec<&ChargeLine> = lines.all().collect();
    let ways = reports::ways_to(run, statement.crossings, &units);
    let paths = statement.graph.map_or(Vec::new(), |graph| paths(run, graph, &units, lines.places()));
    let moved = run.moved.map(|moved| moved.of_units(|name| is_one_of(run, &units, name)));
    let bridge = moved.as_ref().map(|moved| reports::bridge(run, moved));
    let page = Page::new(run, (unit, &units), &own, &ways, bridge, paths);
    page.write(workbook.add_worksheet().set_name("Statement")?, &styles, &imprint, &lines)?;
    if let Some(moved) = moved.as_ref().filter(|_| run.charges.keeps(SERVICE)) {
        let mut causes = reports::causes_by(run, moved, SERVICE);
        causes.table.title = format!("{name}: why it changed");
        let look = Look { zeros: Zeros::Dash, filter: Filter::Buttons, columns_kept: 1, ..Look::default() };
        let level = if lines.can_be_added_up() { Level::Figures } else { Level::Nothing };
        let sheet = workbook.add_worksheet();
        live::write_sheet(sheet, &styles, &imprint, (WHY, &causes), &look, (&lines, level, run))?;
    }

    let mut came = views::in_minor_units(reports::how_it_came(run, &ways), &["amount"], &head.currency);
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
    sheet::write_table_sheet(sheet, &styles, &imprint, &came, &look, Turned::Portrait, &stored)?;
    let keys = reports::keys(run, &own);
    let look = Look { ruled_by: Some(0), filter: Filter::Buttons, ..Look::default() };
    let sheet = workbook.add_worksheet().set_name("Keys")?;
    sheet::write_table_sheet(sheet, &styles, &imprint, &keys, &look, Turned::Portrait, &stored)?;
    lines.write(&mut workbook, &styles, &imprint)?;
    Ok(workbook)
}

/// The page of a statement.
struct Page {
    name: String,
    facts: Vec<(String, String)>,
    /// By unit, when there are units below; run, grow and transform; services; pools.
    lists: Vec<(&'static str, Pivot)>,
    /// Whether it says what it is for.
    has_services: bool,
    /// From what was charged in the period before to what is charged now, cause by cause.
    bridge: Option<Table>,
    /// The largest lines, each with the steps by which it came.
    paths: Vec<Vec<String>>,
    charged: i128,
    note: String,
}

impl Page {
    fn new(
        run: &Run<'_>,
        (unit, units): (MemberId, &BTreeSet<MemberId>),
        lines: &[&ChargeLine],
        ways: &Ways,
        bridge: Option<Table>,
        paths: Vec<Vec<String>>,
    ) -> Page {
        let dimension = &run.model.dimensions[BUSINESS_UNIT];
        let list = |of, title: &str| {
            let list = reports::largest(run, lines.iter().copied(), of, title, usize::MAX);
            reports::with_beside(run, list, Some(units))
        };
        let mut lists = Vec::new();
        if units.len() > 1 {
            lists.push(("Who it is for", list(BUSINESS_UNIT, &dimension.label)));
        }
        let keeps = |dimension| run.charges.keeps(dimension);
        if keeps(SPEND) {
            lists.push(("Run, grow and transform", list(SPEND, &run.model.dimensions[SPEND].label)));
        }
        if keeps(SERVICE) {
            let services = list(SERVICE, &run.model.dimensions[SERVICE].label);
            lists.push(("What it is for", with_words(run, ways, services)));
        }
        if keeps(POOL) {
            lists.push(("What it was spent on", list(POOL, &run.model.dimensions[POOL].label)));
        }
        Page {
            name: dimension.member_name(unit).to_owned(),
            facts: facts(run, unit),
            lists,
            has_services: keeps(SERVICE),
            bridge,
            paths,
            charged: lines.iter().map(|line| line.minor).sum(),
            note: format!(
                "Amounts in {}. Run keeps the business running, grow enlarges it, transform changes it. The sheet How it \
                 came says by which rule each amount came here; the sheet Charge lines holds the lines that all figures \
                 of this page add up.",
                run.model.book.head.currency.code()
            ),
        }
    }

    fn write(
        &self,
        sheet: &mut Worksheet,
        styles: &Styles,
        imprint: &Imprint,
        lines: &Lines<'_>,
    ) -> Result<(), XlsxError> {
        let look = Look { zeros: Zeros::Dash, text_max: TextMax(WHY_MAX), ..Look::default() };
        let mut widths = Widths::default();
        for (_, pivot) in &self.lists {
            widths.fit(&pivot.table, 0, &look, styles);
        }
        for (what, _) in &self.facts {
            widths.widen(0, what.len());
        }
        for row in self.bridge.iter().flat_map(|bridge| &bridge.rows) {
            if let Value::Text(cause) = &row[0] {
                widths.widen(0, text_width(cause));
            }
        }
        if self.lists.is_empty() {
            // There is room for what is charged, which is written large, and for sentences.
            widths.widen(1, 2 * styles.grouped(self.charged).len());
            while widths.sum() < CHARACTERS_MIN {
                widths.widen(widths.columns.len(), 0);
            }
        }
        let level = if lines.can_be_added_up() { Level::Figures } else { Level::Nothing };
        sheet::write_title(sheet, &self.name)?;
        sheet.write_string_with_format(1, 0, "IT statement", &Styles::section())?;
        let mut row = 3;
        for (what, said) in &self.facts {
            sheet.write_string_with_format(row, 0, what, &Styles::faint())?;
            for line in wrap(said, widths.of(1..widths.columns.len()).sum()) {
                sheet.write_string_with_format(row, 1, line, &plain())?;
                row += 1;
            }
        }
        row = self.write_charged(sheet, styles, lines, level, row)?;
        let literal = |_: &CellAt, keys: &Keys| live::literal(keys);
        for (title, pivot) in &self.lists {
            sheet.write_string_with_format(row + 1, 0, *title, &Styles::section())?;
            let formulas =
                |at: &CellAt| live::formula(pivot, at, lines, level, styles.minor_digits(), &literal, &literal);
            row = sheet::write_table(sheet, styles, &widths, &pivot.table, (row + 2, 0), &look, &formulas)?.end;
        }
        if let Some(bridge) = &self.bridge {
            let by_service = format!("Why it changed (by service on the sheet {WHY})");
            let title = if self.has_services { by_service.as_str() } else { "Why it changed" };
            row = write_bridge(sheet, styles, &widths, (title, bridge), row + 1)?;
        }
        if !self.paths.is_empty() {
            row += 1;
            sheet.write_string_with_format(row, 0, "How the largest lines came here", &Styles::section())?;
            for (number, path) in (1..).zip(&self.paths) {
                for (at, step) in path.iter().enumerate() {
                    let (text, format) = if at == 0 {
                        (format!("{number}. {step}"), plain().set_bold())
                    } else {
                        (step.clone(), plain())
                    };
                    for line in wrap(&text, widths.sum()) {
                        row += 1;
                        sheet::write_text(sheet, row, 0, &line, &format)?;
                    }
                }
            }
            row += 1;
        }
        for line in wrap(&self.note, widths.sum()) {
            row += 1;
            sheet.write_string_with_format(row, 0, line, &Styles::faint())?;
        }
        widths.set(sheet)?;
        sheet.set_screen_gridlines(false);
        sheet.set_print_area(0, 0, row, sheet::column_number(widths.columns.len() - 1)?)?;
        set_up_print(sheet, imprint, Turned::Portrait);
        Ok(())
    }

    /// What is owed, and the check that the lists add up to it.
    fn write_charged(
        &self,
        sheet: &mut Worksheet,
        styles: &Styles,
        lines: &Lines<'_>,
        level: Level,
        row: u32,
    ) -> Result<u32, XlsxError> {
        let big = Styles::section().set_num_format(styles.money(Zeros::Digits));
        sheet.write_string_with_format(row, 0, "Charged", &Styles::section())?;
        let result = styles.plain_money(self.charged);
        if level == Level::Nothing {
            sheet.write_string_with_format(row, 1, result, &Styles::section())?;
            return Ok(row + 1);
        }
        let total = Formula::new(lines.sum(&[])).set_result(&result);
        sheet.write_formula_with_format(row, 1, total, &big)?;
        sheet.write_string_with_format(row + 1, 0, "Check", &Styles::faint())?;
        // What the run charged is stored; the lines on the last sheet must add up to it.
        let check = format!("ROUND(B{}-({result}),{})", row + 1, styles.minor_digits());
        sheet.write_formula_with_format(
            row + 1,
            1,
            Formula::new(check).set_result("0"),
            &live::check_format(styles),
        )?;
        live::colour_checks(sheet, (row + 1, 1), (row + 1, 1))?;
        Ok(row + 2)
    }
}

/// Why the unit pays more or less than in the period before. Gives the row below.
fn write_bridge(
    sheet: &mut Worksheet,
    styles: &Styles,
    widths: &Widths,
    (title, bridge): (&str, &Table),
    row: u32,
) -> Result<u32, XlsxError> {
    sheet.write_string_with_format(row, 0, title, &Styles::section())?;
    let mut figures = bridge.clone();
    let meanings: Vec<Value> = figures.rows.iter_mut().filter_map(Vec::pop).collect();
    figures.columns.pop();
    figures.total.iter_mut().for_each(|total| drop(total.pop()));
    let sum = |at: &CellAt| live::sum_below(at, 1, styles.minor_digits());
    let placed = sheet::write_table(sheet, styles, widths, &figures, (row + 1, 0), &Look::default(), &sum)?;
    // What a cause is runs on over the columns right of its amount: none of them is as wide.
    for (row, meaning) in placed.body.clone().zip(&meanings) {
        if let Value::Text(meaning) = meaning {
            sheet::write_text(sheet, row, 2, meaning, &Styles::faint().set_indent(1))?;
        }
    }
    Ok(placed.end)
}

/// Whether a name is that of one of some units.
fn is_one_of(run: &Run<'_>, units: &BTreeSet<MemberId>, name: &str) -> bool {
    units.iter().any(|unit| run.model.dimensions[BUSINESS_UNIT].member_name(*unit) == name)
}

/// The paths of the largest of some lines, given by their places among all: what the line is, then each step by which
/// most of it came, the last one first, as far as it was no other unit's money.
fn paths(run: &Run<'_>, graph: &Graph, units: &BTreeSet<MemberId>, lines: &[usize]) -> Vec<Vec<String>> {
    let dimension = &run.model.dimensions[BUSINESS_UNIT];
    let own: BTreeSet<&str> = units.iter().map(|unit| dimension.member_name(*unit)).collect();
    let is_others = |place: PlaceId| {
        let unit = graph.member_in(place, &dimension.name);
        !unit.is_empty() && !own.contains(unit)
    };
    let currency = &run.model.book.head.currency;
    let told = |path: MainPath| {
        let line = &run.charges.lines[path.line];
        let members = run.charges.by.iter().zip(&line.members).filter(|(_, member)| !member.is_blank());
        let names: Vec<&str> = members
            .filter(|(dimension, _)| units.len() > 1 || **dimension != BUSINESS_UNIT)
            .map(|(dimension, member)| run.model.dimensions[*dimension].member_name(*member))
            .collect();
        let mut said = vec![format!("{} for {}", currency.grouped(line.minor), names.join(" · "))];
        let ours = path.hops.iter().position(|hop| hop.from.iter().any(|place| is_others(*place)));
        let hops = &path.hops[..ours.unwrap_or(path.hops.len())];
        let end = path.end.as_ref().filter(|part| ours.is_none() && !is_others(explain::began_at(graph, part)));
        said.extend(explain::path_in_words(graph, hops, end));
        if end.is_none() && path.end.is_some() {
            said.push("before that it was another unit's".to_owned());
        }
        said
    };
    // What cannot be told in words stands on the sheet How it came.
    explain::paths(graph, lines, PATHS_TOLD).map_or(Vec::new(), |paths| paths.into_iter().map(told).collect())
}

/// What is said of the unit before its figures.
fn facts(run: &Run<'_>, unit: MemberId) -> Vec<(String, String)> {
    let units = &run.model.dimensions[BUSINESS_UNIT];
    let period = &run.model.period;
    let mut facts = vec![
        ("Organisation".to_owned(), run.model.book.head.name.clone()),
        ("Period".to_owned(), format!("{} ({} to {})", run.model.title(), period.first, period.last)),
    ];
    let above = reports::parents(units, unit);
    if !above.is_empty() {
        facts.push(("Part of".to_owned(), above.join(", ")));
    }
    if let Some((what, who)) = reports::contact(units, unit) {
        facts.push((what, who.to_owned()));
    }
    facts
}

/// Adds what decides the amount of each service, and whom to ask about it where the list of services says so.
fn with_words(run: &Run<'_>, ways: &Ways, mut services: Pivot) -> Pivot {
    let decides = reports::what_decides(run, ways);
    let dimension = &run.model.dimensions[SERVICE];
    let service_of = |row: &RowIs| match row {
        RowIs::Lines(keys) => keys.first().and_then(|(_, key)| u32::try_from(*key).ok()).map(MemberId),
        _ => None,
    };
    let ids: Vec<Option<MemberId>> = services.rows.iter().map(service_of).collect();
    let owners: Vec<Option<String>> =
        ids.iter().map(|id| id.and_then(|id| reports::contact(dimension, id)).map(|(_, who)| who.to_owned())).collect();
    let mut add = |name: &str, label: &str, texts: Vec<Value>| {
        services.table.columns.push(Column::new(name, label, Shown::Text));
        services.columns.push(Figure::Stored);
        for (row, text) in services.table.rows.iter_mut().zip(texts) {
            row.push(text);
        }
        if let Some(total) = &mut services.table.total {
            total.push(Value::Blank);
        }
    };
    // A service that nothing came for directly is what another service's money became within the unit.
    let said = |id: &Option<MemberId>| {
        let text = id.and_then(|id| decides.get(&id)).map_or("by way of another service", String::as_str);
        Value::text(text)
    };
    add("decides", "What decides it", ids.iter().map(said).collect());
    if owners.iter().any(Option::is_some) {
        add("ask", "Whom to ask", owners.into_iter().map(|owner| owner.map_or(Value::Blank, Value::Text)).collect());
    }
    services
}
