//! The first sheet: the month on one page.

use rust_xlsxwriter::{
    Chart, ChartDataLabel, ChartFont, ChartFormat, ChartLayout, ChartSolidFill, FormatUnderline, Worksheet, XlsxError,
};

use super::{Page, SUMMARY};
use crate::reports::{Column, NamedMoney, Run, Shown, Summary, Table, Value};
use crate::writers::sheet::{self, ACCENT, FONT, Imprint, Look, Placed, Styles, Turned, Widths};

/// Business units and services that are listed; the others are one line. As many as leave the sheet one page.
const LARGEST_SHOWN: usize = 10;

/// Columns of the lists on the left and on the right; each takes three.
const LEFT: u16 = 0;
const RIGHT: u16 = 4;
/// The column between them, and its width.
const GAP: (u16, u32) = (3, 3);

/// Pixels of a row, of a digit, and of a column beside its digits: what a chart is measured in.
const ROW_PIXELS: u32 = 17;
const CHARACTER_PIXELS: u32 = 7;
const COLUMN_PIXELS: u32 = 5;

/// Writes the first sheet. `pages` are the sheets it leads to.
pub(super) fn write(
    sheet: &mut Worksheet,
    styles: &Styles,
    imprint: &Imprint,
    run: &Run<'_>,
    summary: &Summary,
    pages: &[Page],
) -> Result<(), XlsxError> {
    let head = &run.model.book.head;
    let period = &run.model.period;
    let lists = Lists::new(run, summary);
    let mut widths = Widths::default();
    for (table, at) in lists.all() {
        widths.fit(table, usize::from(at), &Look::default(), styles);
    }
    sheet::write_title(sheet, &head.name)?;
    let line = format!(
        "IT costs of {} ({} to {}), amounts in {}",
        period.name,
        period.first,
        period.last,
        head.currency.code()
    );
    sheet.write_string_with_format(1, 0, line, &Styles::section())?;
    let mut row = 2;
    for line in sheet::wrap(&head.description, widths.sum()) {
        sheet.write_string_with_format(row, 0, line, &Styles::faint())?;
        row += 1;
    }
    row += 1;
    let top = row;
    let money = write_list(sheet, styles, &widths, &lists.money, (row, LEFT))?;
    let spend = write_list(sheet, styles, &widths, &lists.spend, (money.end + 1, LEFT))?;
    let bottom = spend.end;
    insert_chart(sheet, &lists.spend, &spend, (top, bottom), &widths)?;
    let units = write_list(sheet, styles, &widths, &lists.units, (bottom + 1, LEFT))?;
    let services = write_list(sheet, styles, &widths, &lists.services, (bottom + 1, RIGHT))?;
    row = units.end.max(services.end) + 1;
    let sources = write_list(sheet, styles, &widths, &lists.sources, (row, LEFT))?;
    let reasons = write_list(sheet, styles, &widths, &lists.reasons, (row, RIGHT))?;
    if lists.reasons.rows.is_empty() {
        sheet.write_string_with_format(reasons.heading + 1, RIGHT, "Everything is allocated.", &Styles::faint())?;
    }
    let text: usize = widths.of(1..usize::from(RIGHT) + 3).sum();
    write_contents(sheet, pages, sources.end.max(reasons.end + 1) + 1, text)?;
    widths.set(sheet)?;
    sheet.set_column_width(GAP.0, GAP.1)?;
    sheet.set_screen_gridlines(false);
    sheet::set_up_print(sheet, imprint, Turned::Portrait);
    // The month on one page, however long its lists are.
    sheet.set_print_fit_to_pages(1, 1);
    Ok(())
}

/// The lists of the page: name, money, share.
struct Lists {
    money: Table,
    spend: Table,
    units: Table,
    services: Table,
    sources: Table,
    reasons: Table,
}

impl Lists {
    fn new(run: &Run<'_>, summary: &Summary) -> Lists {
        let currency = &run.model.book.head.currency;
        let list = |title: &str, rows: Vec<Vec<Value>>, total: Option<(&str, i128)>| Table {
            name: "summary",
            title: title.to_owned(),
            note: String::new(),
            columns: vec![
                Column::new("name", title, Shown::Text),
                Column::new("amount", currency.code(), Shown::Money),
                Column::new("share", "Share", Shown::Share),
            ],
            rows,
            total: total.map(|(name, minor)| row(name, minor, minor)),
        };
        let all = summary.charged + summary.unallocated;
        let money = vec![
            row("Money in", all, all),
            row("Charged to business units", summary.charged, all),
            row("Unallocated", summary.unallocated, all),
            // What is left of exact amounts that were rounded: digits the currency does not have.
            vec![Value::text("Rounding, not in the lines above"), Value::Exact(summary.rounding), Value::Blank],
        ];
        let named = |list: &[NamedMoney], whole: i128| -> Vec<Vec<Value>> {
            list.iter().map(|(name, minor)| row(name, *minor, whole)).collect()
        };
        let spend: Vec<NamedMoney> = summary.spend.iter().map(|(name, minor)| (capital(name), *minor)).collect();
        let sources: Vec<NamedMoney> =
            summary.sources.iter().map(|(name, amount)| (name.clone(), currency.round(*amount))).collect();
        let charged = Some(("Charged", summary.charged));
        Lists {
            money: list("Money", money, None),
            spend: list("Run, grow and transform", named(&spend, summary.charged), charged),
            units: list("Largest business units", largest(&summary.units, summary.charged), charged),
            services: list("Largest services", largest(&summary.services, summary.charged), charged),
            sources: list("Money in by source", named(&sources, all), Some(("Money in", all))),
            reasons: list(
                "Unallocated by reason",
                named(&summary.reasons, all),
                (!summary.reasons.is_empty()).then_some(("Unallocated", summary.unallocated)),
            ),
        }
    }

    fn all(&self) -> [(&Table, u16); 6] {
        [
            (&self.money, LEFT),
            (&self.spend, LEFT),
            (&self.units, LEFT),
            (&self.services, RIGHT),
            (&self.sources, LEFT),
            (&self.reasons, RIGHT),
        ]
    }
}

fn row(name: &str, minor: i128, whole: i128) -> Vec<Value> {
    vec![Value::text(name), Value::Money(minor), Value::Share(minor, whole)]
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The largest of a list, and the others in one line.
fn largest(list: &[NamedMoney], whole: i128) -> Vec<Vec<Value>> {
    let mut rows: Vec<Vec<Value>> =
        list.iter().take(LARGEST_SHOWN).map(|(name, minor)| row(name, *minor, whole)).collect();
    if let Some(rest) = list.get(LARGEST_SHOWN..).filter(|rest| !rest.is_empty()) {
        rows.push(row(&format!("{} others", rest.len()), rest.iter().map(|(_, minor)| minor).sum(), whole));
    }
    rows
}

fn write_list(
    sheet: &mut Worksheet,
    styles: &Styles,
    widths: &Widths,
    table: &Table,
    at: (u32, u16),
) -> Result<Placed, XlsxError> {
    sheet::write_table(sheet, styles, widths, table, at, &Look::default())
}

/// Run, grow and transform as bars, right of the figures they show.
fn insert_chart(
    sheet: &mut Worksheet,
    table: &Table,
    placed: &Placed,
    rows: (u32, u32),
    widths: &Widths,
) -> Result<(), XlsxError> {
    if placed.body.is_empty() {
        return Ok(());
    }
    let (first, last) = (placed.body.start, placed.body.end - 1);
    let mut fill = ChartSolidFill::new();
    let mut format = ChartFormat::new();
    format.set_solid_fill(fill.set_color(ACCENT));
    let mut small = ChartFont::new();
    small.set_name(FONT).set_size(9);
    let mut chart = Chart::new_bar();
    chart
        .add_series()
        .set_categories((SUMMARY, first, LEFT, last, LEFT))
        .set_values((SUMMARY, first, LEFT + 1, last, LEFT + 1))
        .set_format(&mut format)
        .set_gap(60)
        .set_data_label(ChartDataLabel::new().show_value().set_num_format("#,##0").set_font(&small));
    chart.title().set_name(&table.title).set_font(ChartFont::new().set_name(FONT).set_size(11).set_bold());
    chart.y_axis().set_font(&small);
    chart.legend().set_hidden();
    // Room for the names on the left and for the longest figure on the right.
    chart.plot_area().set_layout(&ChartLayout::new().set_offset(0.19, 0.16).set_dimensions(0.6, 0.8));
    // Bars are drawn from below; the list beside them begins at the top. In a bar chart the axes change places.
    chart.y_axis().set_reverse();
    chart.x_axis().set_hidden(true).set_major_gridlines(false);
    let said: Vec<String> = table
        .rows
        .iter()
        .filter_map(|row| match row.as_slice() {
            [Value::Text(name), _, share] => Some(format!("{name} {}", sheet::percent(share))),
            _ => None,
        })
        .collect();
    chart.set_alt_text(format!("Bar chart of {}: {}", table.title.to_lowercase(), said.join(", ")));
    let columns = widths.of(usize::from(RIGHT)..usize::from(RIGHT) + 3);
    let pixels = columns.map(|width| u32::try_from(width).unwrap_or_default() * CHARACTER_PIXELS + COLUMN_PIXELS);
    chart.set_width(pixels.sum());
    chart.set_height((rows.1 - rows.0) * ROW_PIXELS);
    sheet.insert_chart(rows.0, RIGHT, &chart)?;
    Ok(())
}

/// The sheets behind this one, each with a link and what it shows.
fn write_contents(sheet: &mut Worksheet, pages: &[Page], first_row: u32, text_width: usize) -> Result<(), XlsxError> {
    let heading = Styles::heading(Shown::Text);
    let link = sheet::plain().set_font_color(ACCENT).set_underline(FormatUnderline::Single);
    sheet.write_string_with_format(first_row, LEFT, "In this workbook", &heading)?;
    for column in LEFT + 1..RIGHT + 3 {
        sheet.write_blank(first_row, column, &heading)?;
    }
    let mut row = first_row + 1;
    for page in pages {
        let target = format!("internal:'{}'!A1", page.name.replace('\'', "''"));
        sheet.write_url_with_options(row, LEFT, target.as_str(), &page.name, "", Some(&link))?;
        let lines = sheet::wrap(&page.table.note, text_width);
        for (at, line) in lines.iter().enumerate() {
            if at > 0 {
                row += 1;
            }
            sheet.write_string_with_format(row, LEFT + 1, line, &Styles::faint())?;
        }
        row += 1;
    }
    Ok(())
}
