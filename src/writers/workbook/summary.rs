//! The page that opens: the period on one sheet of paper.

use rust_xlsxwriter::{
    Chart, ChartDataLabel, ChartFont, ChartFormat, ChartLayout, ChartLine, ChartPatternFill, ChartPatternFillType,
    ChartSolidFill, ChartType, Color, Worksheet, XlsxError,
};

use super::{SUMMARY, TREND};
use crate::finding::{Finding, Findings, Place, Severity};
use crate::reports::{self, Column, Keys, Pivot, Run, Shown, Table, Value};
use crate::rulebook::{BUSINESS_UNIT, SERVICE, SPEND};
use crate::writers::lines::Lines;
use crate::writers::live::{self, Level};
use crate::writers::print::{Imprint, Turned, set_up_print};
use crate::writers::sheet::{self, CellAt, Look, Placed, stored};
use crate::writers::style::{ACCENT, FONT, ROW_PIXELS, Styles, plain};
use crate::writers::widths::{Widths, wrap};

/// Business units and services that are listed; the others are one row. As many as leave the sheet one page.
const LISTED_MAX: usize = 10;

/// Column of the sheet in which the lists on the left begin.
const LEFT: u16 = 0;
/// Width of the column between them and what stands right of them.
const GAP: u32 = 2;

/// What needs attention and is listed; the rest is on the sheet Findings.
const ATTENTION_SHOWN: usize = 6;

/// Pixels of a digit, and of a column beside its digits: what a chart is measured in.
const CHARACTER_PIXELS: u32 = 7;
const COLUMN_PIXELS: u32 = 5;

/// Fill of what was: light, with a line around it, so that the two are told apart on paper.
const LIGHT: u32 = 0x00C9_D3E0;

/// What the page shows.
pub(super) struct Front {
    money: Pivot,
    /// By kind of spend, business unit and service, as far as charge lines keep them.
    spend: Option<Pivot>,
    units: Option<Pivot>,
    services: Option<Pivot>,
    reasons: Pivot,
    /// Why what is charged moved since the period before.
    bridge: Option<Table>,
    /// Run, grow and transform beside their targets.
    targets: Option<Table>,
    sources: Table,
    attention: Vec<String>,
}

impl Front {
    pub(super) fn new(run: &Run<'_>, findings: &Findings) -> Front {
        let by = |dimension: usize| format!("Largest by {}", run.model.dimensions[dimension].label.to_lowercase());
        let largest = |dimension: usize, title: &str, shown_max: usize| {
            let list = || reports::largest(run, run.charges.allocated(), dimension, title, shown_max);
            run.charges.keeps(dimension).then(|| reports::with_beside(run, list(), None))
        };
        Front {
            money: reports::with_beside(run, reports::money_in_and_out(run), None),
            spend: largest(SPEND, "Run, grow and transform", usize::MAX),
            units: largest(BUSINESS_UNIT, &by(BUSINESS_UNIT), LISTED_MAX),
            services: largest(SERVICE, &by(SERVICE), LISTED_MAX),
            reasons: reports::reasons(run),
            bridge: run.moved.map(|moved| without_meanings(reports::bridge(run, &moved.charged()))),
            targets: reports::against_targets(run),
            sources: sources(run),
            attention: attention(run, findings),
        }
    }

    /// The lists whose figures are formulas, in the order of the page.
    pub(super) fn pivots(&self) -> Vec<&Pivot> {
        let lists = [&self.spend, &self.units, &self.services].into_iter().flatten();
        [&self.money].into_iter().chain(lists).chain([&self.reasons]).collect()
    }

    /// Writes the page. Gives the cells of its first figures by the names under which other files may ask for them.
    pub(super) fn write(
        &self,
        sheet: &mut Worksheet,
        styles: &Styles,
        imprint: &Imprint,
        run: &Run<'_>,
        (lines, levels): (&Lines<'_>, &[Level]),
        trend: Option<(&Table, &Placed)>,
    ) -> Result<Vec<(&'static str, String)>, XlsxError> {
        let mut widths = Widths::default();
        // Lists are as wide as what stands beside their amounts.
        let gap = sheet::column_number(self.money.table.columns.len())?;
        let right_at = gap + 1;
        let pivots = self.pivots();
        let (reasons_at, lists) = (pivots.len() - 1, &pivots[..pivots.len() - 1]);
        let left = lists.iter().map(|pivot| (&pivot.table, LEFT));
        let right = [&self.reasons.table, &self.sources].into_iter().chain(&self.targets).chain(&self.bridge);
        for (table, at) in left.chain(right.map(|table| (table, right_at))) {
            widths.fit(table, usize::from(at), &Look::default(), styles);
        }
        widths.widen(usize::from(right_at), RIGHT_NAME_MIN);
        widths.columns[usize::from(gap)] = 0;
        let columns = widths.columns.len();
        widths.set(sheet)?;
        sheet.set_column_width(gap, GAP)?;
        let top = write_head(sheet, run, &widths)?;
        let level = |at: usize| levels.get(at).copied().unwrap_or(Level::Nothing);
        let list = |sheet: &mut Worksheet, at: usize, row: u32, column: u16| {
            write_list(sheet, styles, &widths, pivots[at], (row, column), (lines, level(at)))
        };
        let mut placed: Vec<(&Pivot, Placed)> = Vec::new();
        let mut below = top;
        for (at, pivot) in lists.iter().enumerate() {
            let list = list(sheet, at, below, LEFT)?;
            below = list.end + 1;
            placed.push((pivot, list));
        }
        let (_, money) = &placed[0];
        let placed_of = |wanted: &Option<Pivot>| {
            let wanted = wanted.as_ref()?;
            placed.iter().find(|(pivot, _)| std::ptr::eq(*pivot, wanted))
        };
        let (spend, units) = (placed_of(&self.spend), placed_of(&self.units));
        let width = widths.of(usize::from(right_at)..columns).map(pixels).sum::<u32>();
        let look = Look::default();
        let mut row = top;
        if let Some((pivot, spend)) = spend {
            let size = (width, spend.end - top);
            let spend_chart = match trend {
                Some((table, placed)) => trend_chart(table, placed, size),
                None => chart(pivot, spend, size),
            };
            sheet.insert_chart(top, right_at, &spend_chart)?;
            row = spend.end + 1;
        }
        if let (Some((pivot, units)), None, None) = (units, &self.bridge, &self.targets) {
            let height = units.end - units.heading;
            sheet.insert_chart(row, right_at, &chart(pivot, units, (width, height)))?;
            row += height + 1;
        }
        if let Some(targets) = &self.targets {
            let off = |at: &CellAt| (at.column == 3).then(|| format!("ROUND({}-{},3)", at.beside(1), at.beside(2)));
            let off = |at: &CellAt| off(at).filter(|_| at.row.is_some_and(|row| targets.rows[row][3] != Value::Blank));
            row = sheet::write_table(sheet, styles, &widths, targets, (row, right_at), &look, &off)?.end + 1;
        }
        if let Some(bridge) = &self.bridge {
            let sum = |at: &CellAt| live::sum_below(at, 1, styles.minor_digits());
            row = sheet::write_table(sheet, styles, &widths, bridge, (row, right_at), &look, &sum)?.end + 1;
        }
        if !self.reasons.table.rows.is_empty() {
            row = list(sheet, reasons_at, row, right_at)?.end + 1;
        }
        let sources = sheet::write_table(sheet, styles, &widths, &self.sources, (row, right_at), &look, &stored)?;
        let row = (below - 1).max(sources.end) + 1;
        let row = write_attention(sheet, &self.attention, row, &widths, columns)?;
        sheet.set_screen_gridlines(false);
        sheet.set_print_area(0, 0, row, sheet::column_number(columns - 1)?)?;
        set_up_print(sheet, imprint, Turned::Landscape);
        // The period on one page, however long its lists are.
        sheet.set_print_fit_to_pages(1, 1);
        sheet.set_print_center_horizontally(true);
        // The list says what is charged, what is not, and last their sum.
        let names = ["charged", "unallocated", "money_in"];
        Ok((money.body.start + 1..).zip(names).map(|(line, name)| (name, format!("{SUMMARY}!$B${line}"))).collect())
    }
}

/// Characters of the names right of the lists, so that a chart above them is wide enough.
const RIGHT_NAME_MIN: usize = 32;

fn pixels(width: usize) -> u32 {
    u32::try_from(width).unwrap_or_default() * CHARACTER_PIXELS + COLUMN_PIXELS
}

fn write_head(sheet: &mut Worksheet, run: &Run<'_>, widths: &Widths) -> Result<u32, XlsxError> {
    let head = &run.model.book.head;
    let period = &run.model.period;
    sheet::write_title(sheet, &head.name)?;
    let line = format!(
        "IT costs of {} ({} to {}), amounts in {}",
        run.model.title(),
        period.first,
        period.last,
        head.currency.code()
    );
    sheet.write_string_with_format(1, 0, line, &Styles::section())?;
    let mut row = 2;
    for line in wrap(&head.description, widths.sum()) {
        sheet.write_string_with_format(row, 0, line, &Styles::faint())?;
        row += 1;
    }
    Ok(row + 1)
}

fn write_list(
    sheet: &mut Worksheet,
    styles: &Styles,
    widths: &Widths,
    pivot: &Pivot,
    at: (u32, u16),
    (lines, level): (&Lines<'_>, Level),
) -> Result<Placed, XlsxError> {
    // The page has no room for keys, so they stand in the formulas; the sheet Keys says whose they are.
    let literal = |_: &CellAt, keys: &Keys| live::literal(keys);
    let formulas = |at: &CellAt| live::formula(pivot, at, lines, level, styles.minor_digits(), &literal, &literal);
    sheet::write_table(sheet, styles, widths, &pivot.table, at, &Look::default(), &formulas)
}

/// What a person should look at.
fn attention(run: &Run<'_>, findings: &Findings) -> Vec<String> {
    let mut said: Vec<String> = findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Attention)
        .map(|finding| sentence(&with_place(finding)))
        .collect();
    if let Some(portfolio) = reports::portfolio(run) {
        let remark = portfolio.table.columns.iter().position(|column| column.name == "remark").unwrap_or_default();
        let remarked = portfolio.table.rows.iter().filter_map(|row| match (&row[remark], &row[1]) {
            (Value::Text(remark), Value::Text(service)) => Some(format!("{service}: {}.", remark.to_lowercase())),
            _ => None,
        });
        said.extend(remarked);
    }
    said
}

/// The title of a finding and, where that is in a file of data, its place.
fn with_place(finding: &Finding) -> String {
    match &finding.place {
        Place::Run | Place::Rule(..) => finding.title.clone(),
        place => format!("{} ({})", finding.title, place.describe()),
    }
}

/// A title of a finding as a sentence of a page, without the marks of code.
fn sentence(title: &str) -> String {
    let mut letters = title.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str()).replace('`', "")
}

fn write_attention(
    sheet: &mut Worksheet,
    said: &[String],
    row: u32,
    widths: &Widths,
    columns: usize,
) -> Result<u32, XlsxError> {
    // The title runs on over the cells right of it.
    let heading = Styles::heading(Shown::Text).unset_text_wrap();
    sheet.write_string_with_format(row, LEFT, "What needs attention", &heading)?;
    for column in 1..columns {
        sheet.write_blank(row, sheet::column_number(column)?, &heading)?;
    }
    let mut lines: Vec<String> = Vec::new();
    for text in said.iter().take(ATTENTION_SHOWN) {
        lines.extend(wrap(text, widths.sum()));
    }
    match said.len() {
        0 => lines.push("Nothing.".to_owned()),
        all if all > ATTENTION_SHOWN => {
            lines.push(format!("And {} more, on the sheets behind this one.", all - ATTENTION_SHOWN));
        }
        _ => {}
    }
    let mut at = row;
    for line in lines {
        at += 1;
        sheet::write_text(sheet, at, 0, &line, &plain())?;
    }
    Ok(at)
}

/// Money in by source, from the exports. The charge lines do not keep it, so it is stored.
fn sources(run: &Run<'_>) -> Table {
    let currency = &run.model.book.head.currency;
    let all = currency.round(run.opening.total());
    let row = |name: &str, minor: i128| vec![Value::text(name), Value::Money(minor), Value::Share(minor, all)];
    let sources = run.model.book.sources.iter().enumerate();
    Table {
        name: "sources",
        title: "Money in by source".to_owned(),
        note: String::new(),
        columns: vec![
            Column::new("name", "Money in, by source", Shown::Text),
            Column::new("amount", currency.code(), Shown::Money),
            Column::new("share", "Share", Shown::Share),
        ],
        rows: sources.map(|(at, source)| row(&source.name, currency.round(run.opening.of_source(at)))).collect(),
        total: Some(row("Money in", all)),
    }
}

/// A bridge without what its causes mean: the page has no room for sentences.
fn without_meanings(mut bridge: Table) -> Table {
    bridge.columns.truncate(2);
    bridge.rows.iter_mut().chain(&mut bridge.total).for_each(|row| row.truncate(2));
    bridge
}

/// Fills of run, grow, transform and what has none: from dark to light, told apart on paper.
const SHADES: [Color; 4] = [ACCENT, Color::RGB(0x008F_A9C4), Color::RGB(0x00E3_EAF2), Color::White];

/// Columns of a chart up to which each has room for its figures.
const LABELLED_MAX: usize = 8;

/// Run, grow and transform over time, and their targets, as columns of shares.
fn trend_chart(table: &Table, placed: &Placed, (width, rows): (u32, u32)) -> Chart {
    let mut small = ChartFont::new();
    small.set_name(FONT).set_size(8);
    let mut chart = Chart::new(ChartType::Column);
    let title = ChartFont::new().set_name(FONT).set_size(10).set_bold().clone();
    chart.title().set_name(&table.title).set_font(&title);
    let (first, last) = (placed.body.start, placed.body.end - 1);
    // Behind the name of the period come as many amounts as shares, with their sum between them.
    let kinds = (table.columns.len() - 2) / 2;
    for kind in 0..kinds {
        let column = u16::try_from(kind + kinds + 2).unwrap_or_default();
        let fill = SHADES[kind.min(SHADES.len() - 1)];
        let series = chart.add_series();
        series
            .set_name(&table.columns[kind + 1].label)
            .set_categories((TREND, first, 0, last, 0))
            .set_values((TREND, first, column, last, column))
            .set_format(
                ChartFormat::new()
                    .set_solid_fill(ChartSolidFill::new().set_color(fill))
                    .set_border(ChartLine::new().set_color(ACCENT)),
            )
            .set_gap(60)
            .set_overlap(0);
        if table.rows.len() <= LABELLED_MAX {
            series.set_data_label(ChartDataLabel::new().show_value().set_num_format("0%").set_font(&small));
        }
    }
    chart.legend().set_position(rust_xlsxwriter::ChartLegendPosition::Right).set_font(&small);
    chart.x_axis().set_font(&small);
    chart.y_axis().set_hidden(true).set_major_gridlines(false);
    // The height of a bar is its share, unless one of them hangs down.
    let is_below = |value: &Value| value.permille().is_some_and(|share| share < 0);
    if !table.rows.iter().flatten().any(is_below) {
        chart.y_axis().set_min(0);
    }
    let said = table.rows.iter().filter_map(|row| {
        let shares: Vec<String> = (0..kinds).map(|kind| sheet::percent(&row[kind + kinds + 2])).collect();
        let Value::Text(period) = &row[0] else { return None };
        Some(format!("{period} {}", shares.join(" / ")))
    });
    let kinds: Vec<&str> = table.columns[1..=kinds].iter().map(|column| column.label.as_str()).collect();
    let said: Vec<String> = said.collect();
    chart.set_alt_text(cut(&format!("Shares of {} by period: {}", kinds.join(" / "), said.join(", "))));
    chart.set_width(width);
    chart.set_height(rows * ROW_PIXELS);
    chart
}

/// Characters of an alternative text, by the file format.
const ALT_TEXT_MAX: usize = 255;

/// An alternative text that fits. The list beside the chart has all of it.
fn cut(text: &str) -> String {
    if text.chars().count() <= ALT_TEXT_MAX {
        return text.to_owned();
    }
    let kept: String = text.chars().take(ALT_TEXT_MAX - 2).collect();
    format!("{} …", kept.rsplit_once(", ").map_or(kept.as_str(), |(whole, _)| whole))
}

/// A list as bars, those of the period dark, those of the period before light with a line around them.
fn chart(pivot: &Pivot, placed: &Placed, (width, rows): (u32, u32)) -> Chart {
    let title = pivot.table.title.as_str();
    let mut small = ChartFont::new();
    small.set_name(FONT).set_size(8);
    let mut chart = Chart::new_bar();
    chart.title().set_name(title).set_font(ChartFont::new().set_name(FONT).set_size(10).set_bold());
    let (first, last) = (placed.body.start, placed.body.end.max(placed.body.start + 1) - 1);
    let previous = pivot.table.columns.iter().position(|column| column.name == "previous");
    let has_previous = previous.is_some_and(|at| pivot.table.rows.iter().any(|row| row[at] != Value::Blank));
    let mut series = |column: u16, name: &str, labels: bool, format: &mut ChartFormat| {
        let series = chart.add_series();
        series
            .set_name(name)
            .set_categories((SUMMARY, first, 0, last, 0))
            .set_values((SUMMARY, first, column, last, column))
            .set_format(format)
            .set_gap(50)
            .set_overlap(0);
        if labels {
            series.set_data_label(ChartDataLabel::new().show_value().set_num_format("#,##0").set_font(&small));
        }
    };
    let mut dark = ChartFormat::new();
    dark.set_solid_fill(ChartSolidFill::new().set_color(ACCENT));
    series(1, "This period", true, &mut dark);
    if let Some(column) = previous.filter(|_| has_previous).and_then(|at| u16::try_from(at).ok()) {
        let mut light = ChartFormat::new();
        let pattern = &mut ChartPatternFill::new();
        pattern
            .set_pattern(ChartPatternFillType::DiagonalStripesWideUpwards)
            .set_background_color(0x00FF_FFFF)
            .set_foreground_color(LIGHT);
        light.set_pattern_fill(pattern).set_border(ChartLine::new().set_color(ACCENT));
        series(column, &pivot.table.columns[usize::from(column)].label, false, &mut light);
        chart.legend().set_position(rust_xlsxwriter::ChartLegendPosition::Bottom).set_font(&small);
    } else {
        chart.legend().set_hidden();
    }
    // Room for the names on the left, for the longest figure on the right, and for a legend below.
    let height = if has_previous { 0.7 } else { 0.82 };
    chart.plot_area().set_layout(&ChartLayout::new().set_offset(0.28, 0.14).set_dimensions(0.5, height));
    chart.y_axis().set_font(&small).set_label_interval(1);
    // Bars are drawn from below; the list begins at the top. In a bar chart the axes change places.
    chart.y_axis().set_reverse();
    chart.x_axis().set_hidden(true).set_major_gridlines(false);
    let said: Vec<String> = pivot
        .table
        .rows
        .iter()
        .filter_map(|row| match row.as_slice() {
            [Value::Text(name), _, share, ..] => Some(format!("{name} {}", sheet::percent(share))),
            _ => None,
        })
        .collect();
    chart.set_alt_text(cut(&format!("Bar chart of {}: {}", title.to_lowercase(), said.join(", "))));
    chart.set_width(width);
    chart.set_height(rows * ROW_PIXELS);
    chart
}
