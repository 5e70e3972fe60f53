//! Where a book comes from, and how its pages are set up for the printer.

use std::path::Path;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use super::style::{COLUMN_PIXELS, ROW_PIXELS, plain};
use crate::model::Model;

/// Characters of the organisation's name in a page header, which has room for 255 in all.
const HEADER_NAME_MAX: usize = 80;

/// Where a book comes from; stands at the top of every sheet and on every page.
pub(super) struct Imprint {
    organisation: String,
    period: String,
    currency: String,
    run: String,
}

impl Imprint {
    /// The imprint of a run; `run` is its identity.
    pub(super) fn new(model: &Model, run: &str) -> Imprint {
        Imprint::of(&model.book.head.name, &model.title(), model.book.head.currency.code(), run)
    }

    /// An imprint with these words.
    pub(super) fn of(organisation: &str, period: &str, currency: &str, run: &str) -> Imprint {
        let [organisation, period, currency, run] = [organisation, period, currency, run].map(one_line);
        Imprint { organisation, period, currency, run }
    }

    /// `Harbour Mutual · 2026-10 · amounts in GBP`.
    pub(super) fn line(&self) -> String {
        format!("{} · {} · amounts in {}", self.organisation, self.period, self.currency)
    }

    /// `Made by showback 0.1.0, run 0123456789ab`.
    pub(super) fn made_by(&self) -> String {
        format!("Made by showback {}, run {}", env!("CARGO_PKG_VERSION"), self.run)
    }
}

/// How hard workbooks are packed: it takes half the time of the usual 6, for files that are a seventh larger.
const PACKING: u8 = 3;

/// A workbook whose bytes depend on nothing but what is written into it: made on the period's last day, by nobody.
/// Rows that are not kept in memory wait in `temporary`.
pub(super) fn new_workbook(model: &Model, title: &str, temporary: &Path) -> Result<Workbook, XlsxError> {
    let (year, month, day) = model.period.last.ymd();
    let made = ExcelDateTime::from_ymd(
        u16::try_from(year).unwrap_or_default(),
        u8::try_from(month).unwrap_or_default(),
        u8::try_from(day).unwrap_or_default(),
    )?;
    let mut workbook = Workbook::new();
    workbook.set_tempdir(temporary)?;
    workbook.set_zip_compression_level(PACKING);
    workbook.set_default_format(&plain(), ROW_PIXELS, COLUMN_PIXELS)?;
    workbook.set_properties(&DocProperties::new().set_title(one_line(title)).set_creation_datetime(&made));
    Ok(workbook)
}

/// Which way a page is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    /// For tables.
    Landscape,
    /// For statements.
    Portrait,
}

/// Sets a sheet up for the printer: A4, one page wide, who and what at the top, page numbers below.
pub(super) fn set_up_print(sheet: &mut Worksheet, imprint: &Imprint, turned: Turned) {
    /// The number of A4 in the file format.
    const A4: u8 = 9;
    let name: String = imprint.organisation.chars().take(HEADER_NAME_MAX).collect();
    let header = |text: &str| text.replace('&', "&&");
    match turned {
        Turned::Landscape => sheet.set_landscape(),
        Turned::Portrait => sheet.set_portrait(),
    };
    sheet
        .set_paper_size(A4)
        .set_print_fit_to_pages(1, 0)
        .set_margins(0.5, 0.5, 0.75, 0.75, 0.3, 0.3)
        .set_header(format!("&L{}&C&A&R{} · {}", header(&name), header(&imprint.period), imprint.currency))
        .set_footer(format!("&Lshowback {} · run {}&RPage &P of &N", env!("CARGO_PKG_VERSION"), header(&imprint.run)));
}

/// A text without control characters, for places that take none: headings of Excel tables, headers, properties.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
