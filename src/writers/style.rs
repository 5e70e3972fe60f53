//! How cells look: fonts, fills and number formats, and what of a number a cell can hold.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use crate::money::Currency;
use crate::reports::Shown;

/// The font of all cells. Arial has a free twin of the same widths, so what fits on one machine fits on all.
pub(super) const FONT: &str = "Arial";
const FONT_POINTS: u8 = 10;

/// Pixels of a row and of a column that nothing is said of, with this font.
pub(super) const ROW_PIXELS: u32 = 17;
pub(super) const COLUMN_PIXELS: u32 = 64;

/// Digits that survive the way into a float and back, whatever they are (`f64::DIGITS`), and all that Excel shows.
const FLOAT_DIGITS: usize = 15;

/// Fill of headings: dark enough to be seen in black and white, light enough for black text on it.
const HEADING_FILL: Color = Color::RGB(0x00D9_E1EC);
/// Fill of subtotals.
const SUBTOTAL_FILL: Color = Color::RGB(0x00F0_F3F7);
/// Lines around and between.
const LINE_COLOR: Color = Color::RGB(0x0080_8080);
/// Text that is read after the figures.
pub(super) const FAINT: Color = Color::RGB(0x0059_5959);
/// Bars and links.
pub(super) const ACCENT: Color = Color::RGB(0x001F_4E79);

/// The number of a decimal text, where a cell holds it exactly; `None` where it would lose digits.
///
/// This is the only place where money becomes a float. A text of at most 15 significant digits names one float and
/// that float prints as the same text again, in Excel too, so nothing can be seen of the way there. Longer ones
/// are left to be written as texts.
pub(super) fn number(text: &str) -> Option<f64> {
    // Digits from the first to the last that is no 0.
    let (mut significant, mut zeros) = (0, 0);
    for digit in text.bytes().filter(u8::is_ascii_digit) {
        match digit {
            b'0' if significant == 0 => {}
            b'0' => zeros += 1,
            _ => {
                significant += zeros + 1;
                zeros = 0;
            }
        }
    }
    if significant > FLOAT_DIGITS { None } else { text.parse().ok() }
}

/// What kind of row a cell stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// One of many.
    Body,
    /// One of many, where something else begins: a thin line is drawn above it.
    First,
    /// A sum of rows below it.
    Subtotal,
    /// The sum of all.
    Total,
}

/// How an amount of nothing is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Zeros {
    /// As `0.00`.
    #[default]
    Digits,
    /// As a dash, where most cells are empty.
    Dash,
}

/// A cell without a look of its own.
pub(super) fn plain() -> Format {
    Format::new().set_font_name(FONT).set_font_size(FONT_POINTS)
}

/// How cells look: number formats of the currency, and the kinds of text.
pub(super) struct Styles {
    currency: Currency,
}

impl Styles {
    pub(super) fn new(currency: &Currency) -> Styles {
        Styles { currency: currency.clone() }
    }

    /// The number format of published amounts, by the currency's minor digits. Negative ones have a minus sign
    /// before they have a colour, so that they are seen on paper too.
    pub(super) fn money(&self, zeros: Zeros) -> String {
        let digits = fixed("#,##0", self.currency.minor_digits() as usize);
        match zeros {
            Zeros::Digits => format!("{digits};[Red]-{digits}"),
            Zeros::Dash => format!("{digits};[Red]-{digits};\"–\""),
        }
    }

    /// Digits of minor units, which checks are rounded to.
    pub(super) fn minor_digits(&self) -> u32 {
        self.currency.minor_digits()
    }

    /// The amount of minor units as a plain decimal text.
    pub(super) fn plain_money(&self, minor: i128) -> String {
        self.currency.plain(minor)
    }

    /// An amount of minor units for people.
    pub(super) fn grouped(&self, minor: i128) -> String {
        self.currency.grouped(minor)
    }

    pub(super) fn title() -> Format {
        plain().set_bold().set_font_size(15)
    }

    pub(super) fn section() -> Format {
        plain().set_bold().set_font_size(11)
    }

    pub(super) fn faint() -> Format {
        plain().set_font_color(FAINT)
    }

    pub(super) fn heading(shown: Shown) -> Format {
        let align = if shown == Shown::Text { FormatAlign::Left } else { FormatAlign::Right };
        plain()
            .set_bold()
            .set_background_color(HEADING_FILL)
            .set_border_bottom(FormatBorder::Thin)
            .set_border_top(FormatBorder::Thin)
            .set_border_bottom_color(LINE_COLOR)
            .set_border_top_color(LINE_COLOR)
            .set_align(align)
            .set_align(FormatAlign::Bottom)
            .set_text_wrap()
    }

    pub(super) fn line(line: Line) -> Format {
        let format = plain().set_align(FormatAlign::Top);
        match line {
            Line::Body => format,
            Line::First => format.set_border_top(FormatBorder::Thin).set_border_top_color(LINE_COLOR),
            Line::Subtotal => format.set_bold().set_background_color(SUBTOTAL_FILL),
            Line::Total => format.set_bold().set_border_top(FormatBorder::Thin).set_border_bottom(FormatBorder::Double),
        }
    }

    pub(super) fn shown(&self, shown: Shown, line: Line, zeros: Zeros) -> Format {
        let format = Styles::line(line);
        match shown {
            Shown::Text => format.set_align(FormatAlign::Left),
            Shown::Money => format.set_num_format(self.money(zeros)),
            // Exact numbers get a format by their own digits, so this is of those written as texts.
            Shown::Exact => format.set_align(FormatAlign::Right),
            Shown::Count => format.set_num_format("#,##0"),
            Shown::Share => format.set_num_format("0.0%"),
        }
    }
}

/// `#,##0` and `2` as `#,##0.00`.
pub(super) fn fixed(whole: &str, digits: usize) -> String {
    if digits == 0 { whole.to_owned() } else { format!("{whole}.{}", "0".repeat(digits)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_with_more_digits_than_a_float_keeps_stays_a_text() {
        assert_eq!(number("4747335.73"), Some(4_747_335.73));
        assert_eq!(number("-0.000000000000000001"), Some(-1e-18));
        assert_eq!(number("100000000000000000000"), Some(1e20));
        assert_eq!(number("1.901175885830189617"), None);
        assert_eq!(number(""), None);
    }

    proptest! {
        #[test]
        fn every_number_that_is_written_prints_as_its_text_again(digits in -999_999_999_999_999_i128..=999_999_999_999_999, zeros in 0_u32..=20) {
            let text = crate::money::Amount::from_atoms(digits * 10_i128.pow(zeros)).to_string();
            let number = number(&text).expect("15 digits are a number");
            prop_assert_eq!(number.to_string(), text);
        }
    }

    #[test]
    fn number_formats_follow_the_currency() {
        let money = |code: &str| Styles::new(&Currency::new(code).expect("a currency")).money(Zeros::Digits);
        assert_eq!(money("JPY"), "#,##0;[Red]-#,##0");
        assert_eq!(money("GBP"), "#,##0.00;[Red]-#,##0.00");
        assert_eq!(money("KWD"), "#,##0.000;[Red]-#,##0.000");
    }
}
