//! The first sheet: what is in the workbook, and whether it agrees with itself.

use rust_xlsxwriter::{FormatUnderline, Formula, Worksheet, XlsxError};

use super::checks::Checked;
use super::{CONTENTS, SUMMARY};
use crate::reports::{Run, Shown};
use crate::writers::live::{self, quoted};
use crate::writers::print::{Imprint, Turned, set_up_print};
use crate::writers::sheet;
use crate::writers::style::{ACCENT, Styles, plain};
use crate::writers::widths::{Widths, text_width, wrap};

/// Characters of what a sheet shows.
const TEXT_WIDTH: usize = 76;
/// Characters of a check.
const CHECK_WIDTH: usize = 10;

/// Writes the sheet; `listed` are the sheets behind it and what they show.
pub(super) fn write(
    sheet: &mut Worksheet,
    styles: &Styles,
    imprint: &Imprint,
    run: &Run<'_>,
    listed: &[(String, String)],
    checked: &Checked,
) -> Result<(), XlsxError> {
    let head = &run.model.book.head;
    let period = &run.model.period;
    let mut widths = Widths::default();
    let longest = listed.iter().map(|(name, _)| text_width(name)).max().unwrap_or(0);
    for (at, width) in [longest.max(text_width(SUMMARY)), TEXT_WIDTH, CHECK_WIDTH].into_iter().enumerate() {
        widths.widen(at, width);
    }
    widths.set(sheet)?;
    sheet::write_title(sheet, &head.name)?;
    let line = format!(
        "IT showback of {} ({} to {}), amounts in {}",
        run.model.title(),
        period.first,
        period.last,
        head.currency.code()
    );
    sheet.write_string_with_format(1, 0, line, &Styles::section())?;
    sheet.write_string_with_format(2, 0, imprint.made_by(), &Styles::faint())?;
    let mut row = 4;
    if !checked.all.is_empty() {
        sheet.write_string_with_format(row, 0, "All checks", &plain().set_bold())?;
        let format = live::check_format(styles).set_bold();
        sheet.write_formula_with_format(row, 2, Formula::new(&checked.all).set_result("0"), &format)?;
        live::colour_checks(sheet, (row, 2), (row, 2))?;
        let text = "0 says that every figure agrees with the charge lines, and these with the exports";
        sheet.write_string_with_format(row, 1, text, &plain())?;
        row += 2;
    }
    for (at, (label, shown)) in
        [("Sheet", Shown::Text), ("What it shows", Shown::Text), ("Check", Shown::Money)].iter().enumerate()
    {
        sheet.write_string_with_format(row, sheet::column_number(at)?, *label, &Styles::heading(*shown))?;
    }
    let link = plain().set_font_color(ACCENT).set_underline(FormatUnderline::Single);
    let first = (SUMMARY.to_owned(), "The period on one page: money in and out, run, grow and transform, largest units and services, what needs attention.".to_owned());
    row += 1;
    let top = row;
    for (name, note) in std::iter::once(&first).chain(listed) {
        let target = format!("internal:{}!A1", quoted(name));
        sheet.write_url_with_options(row, 0, target.as_str(), name, "", Some(&link))?;
        let cells: Vec<&str> =
            checked.cells.iter().filter(|(of, _)| of == name).map(|(_, cell)| cell.as_str()).collect();
        if !cells.is_empty() {
            let sum: Vec<String> = cells.iter().map(|cell| format!("ABS({cell})")).collect();
            let formula = Formula::new(sum.join("+")).set_result("0");
            sheet.write_formula_with_format(row, 2, formula, &live::check_format(styles))?;
        }
        for line in wrap(&note.replace('`', "'"), TEXT_WIDTH) {
            sheet.write_string_with_format(row, 1, line, &plain())?;
            row += 1;
        }
    }
    live::colour_checks(sheet, (top, 2), (row.max(top + 1) - 1, 2))?;
    sheet.set_screen_gridlines(false);
    sheet.set_print_area(0, 0, row, 2)?;
    set_up_print(sheet, imprint, Turned::Portrait);
    debug_assert_eq!(sheet.name(), CONTENTS);
    Ok(())
}
