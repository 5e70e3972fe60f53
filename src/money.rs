//! Exact numbers: money, quantities and fractions of them.
//!
//! Every amount is an integer count of 10^-18 of its currency (or of its measure), so adding is exact
//! and nothing here knows a float. Only two functions of the whole program divide: [`apply`] here and
//! [`split`](crate::shares::split) next door.

mod by_currency;
mod weight;

use std::fmt;
use std::iter::Sum;

use ethnum::I256;
use rust_decimal::Decimal;

pub use by_currency::{ByCurrency, HOURS};
pub use weight::{Pot, Weight};

/// How many decimal digits an [`Amount`] keeps.
pub const SCALE_DIGITS: u32 = 18;

/// One whole unit (one pound, one hour) as a count of 10^-18.
pub const ONE: i128 = 1_000_000_000_000_000_000;

/// Longest number text that is looked at. Longer ones are refused before they are read: real exports
/// stay below 40 characters, and the bound keeps hostile cells cheap.
const NUMBER_BYTES_MAX: usize = 128;

/// Largest exponent of scientific notation that is accepted, either way. Clouds write `1.5E-7`; beyond
/// this the number is either damage or an attack.
const EXPONENT_MAX: i32 = 64;

/// An exact amount of money, or of a quantity, in units of 10^-18.
///
/// The range is about ±1.7 · 10^20 whole units. Arithmetic that would leave it is reported, never wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);

    /// The amount of `atoms` × 10^-18.
    #[must_use]
    pub const fn from_atoms(atoms: i128) -> Self {
        Amount(atoms)
    }

    /// A whole number of units, such as 3 hours.
    #[must_use]
    pub const fn whole(units: i64) -> Self {
        Amount(units as i128 * ONE)
    }

    /// The amount of `units` × 10^-36, as [`ReadNumber::beyond_scale`] counts, rounded half to even.
    #[must_use]
    pub fn from_beyond_scale(units: i128) -> Self {
        Amount(half_even(I256::from(units), ONE).unwrap_or_default())
    }

    /// The amount as a count of 10^-18.
    #[must_use]
    pub const fn atoms(self) -> i128 {
        self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether this is a credit.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum, or `None` where it leaves the range.
    #[must_use]
    pub const fn checked_add(self, other: Amount) -> Option<Amount> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Amount(sum)),
            None => None,
        }
    }

    /// The size without the sign.
    #[must_use]
    pub const fn abs(self) -> Amount {
        Amount(self.0.abs())
    }
}

/// Adding amounts whose size was checked when they were read.
///
/// # Panics
/// When the sum leaves the range of ±1.7 · 10^20 units, which stops the run before anything is published.
impl std::ops::Add for Amount {
    type Output = Amount;
    fn add(self, other: Amount) -> Amount {
        self.checked_add(other).expect("a sum of money left the range of 10^20 units")
    }
}

impl std::ops::Sub for Amount {
    type Output = Amount;
    fn sub(self, other: Amount) -> Amount {
        self + -other
    }
}

impl std::ops::Neg for Amount {
    type Output = Amount;
    fn neg(self) -> Amount {
        Amount(self.0.checked_neg().expect("a sum of money left the range of 10^20 units"))
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        *self = *self + other;
    }
}

impl std::ops::SubAssign for Amount {
    fn sub_assign(&mut self, other: Amount) {
        *self = *self - other;
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Amount>>(iter: I) -> Amount {
        iter.fold(Amount::ZERO, |total, next| total + next)
    }
}

impl<'a> Sum<&'a Amount> for Amount {
    fn sum<I: Iterator<Item = &'a Amount>>(iter: I) -> Amount {
        iter.copied().sum()
    }
}

/// Prints the exact decimal without needless zeros: `12.5`, `-0.000000000000000001`, `0`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        let one = ONE.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let fraction = size % one;
        if fraction == 0 {
            return write!(f, "{sign}{}", size / one);
        }
        let digits = format!("{fraction:018}");
        write!(f, "{sign}{}.{}", size / one, digits.trim_end_matches('0'))
    }
}

/// How numbers are written in an export. Whatever is not declared here and not plain is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberFormat {
    /// The decimal mark, `.` unless declared.
    pub decimal: u8,
    /// The mark between groups of three digits, none unless declared. A blank stands for a space or a
    /// no-break space.
    pub thousands: Option<u8>,
    /// How a number below 0 may be written beside `-7`, which is always read.
    pub negative: Negative,
    /// What may stand once before or behind a number.
    pub currency_sign: Option<CurrencySign>,
    /// What the numbers are where they are times and hours are wanted.
    pub time: Option<TimeForm>,
}

/// How an export of working time writes hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// As a clock does: `7:30`, `07:30:15`.
    Clock,
    /// In minutes.
    Minutes,
    /// In seconds.
    Seconds,
}

impl TimeForm {
    /// The form a word of the rules means.
    fn named(word: &str) -> Option<TimeForm> {
        match word {
            "h:mm:ss" | "h:mm" => Some(TimeForm::Clock),
            "minutes" => Some(TimeForm::Minutes),
            "seconds" => Some(TimeForm::Seconds),
            _ => None,
        }
    }

    /// How many of what a text counts make an hour.
    const fn per_hour(self) -> i128 {
        match self {
            TimeForm::Clock | TimeForm::Seconds => 3600,
            TimeForm::Minutes => 60,
        }
    }
}

/// The seconds of `7:30` or `07:30:15`.
fn clock(text: &[u8]) -> Result<Amount, NumberFault> {
    let text = std::str::from_utf8(text).map_err(|_| NumberFault::NotAClock)?;
    let mut parts = text.split(':');
    let hours = parts.next().filter(|part| (1..=6).contains(&part.len()));
    let rest: Vec<&str> = parts.collect();
    let has_form = (1..=2).contains(&rest.len()) && rest.iter().all(|part| part.len() == 2 && *part < "60");
    let number =
        |part: &str| -> Option<i64> { part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten() };
    let mut seconds = hours.filter(|_| has_form).and_then(number).ok_or(NumberFault::NotAClock)? * 3600;
    for (part, size) in rest.iter().zip([60, 1]) {
        seconds += number(part).ok_or(NumberFault::NotAClock)? * size;
    }
    Ok(Amount::whole(seconds))
}

/// How an export writes numbers below 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Negative {
    /// `-7`.
    #[default]
    Minus,
    /// `(7)`, as accountants write.
    Parentheses,
    /// `7-`, as SAP and older ledgers write.
    TrailingMinus,
}

impl Negative {
    /// The words that declare it.
    pub const WORDS: [&str; 3] = ["minus", "parentheses", "trailing minus"];

    /// Reads one of the [words](Self::WORDS).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Negative> {
        let known = [Negative::Minus, Negative::Parentheses, Negative::TrailingMinus];
        Self::WORDS.iter().zip(known).find(|(known, _)| **known == word).map(|(_, negative)| negative)
    }
}

/// A currency sign or code that is written beside amounts, such as `£`, `kr` or `CHF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencySign {
    bytes: [u8; SIGN_BYTES_MAX],
    length: usize,
}

/// Longest currency sign, in bytes: `руб.` has seven.
const SIGN_BYTES_MAX: usize = 12;

impl CurrencySign {
    /// The sign that a text is; `None` when it is blank, long, or could be part of a number.
    #[must_use]
    pub fn new(text: &str) -> Option<CurrencySign> {
        let text = text.trim();
        let is_number_part = |c: char| c.is_numeric() || c.is_whitespace() || "-+()',".contains(c);
        if text.is_empty() || text.len() > SIGN_BYTES_MAX || text.contains(is_number_part) || text == "." {
            return None;
        }
        let mut bytes = [0; SIGN_BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(CurrencySign { bytes, length: text.len() })
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl NumberFormat {
    /// `1234.56`: what every machine-made export writes.
    pub const PLAIN: NumberFormat =
        NumberFormat { decimal: b'.', thousands: None, negative: Negative::Minus, currency_sign: None, time: None };

    /// How a cell that is a number is read: plain, whatever is declared of texts; but what it counts stays.
    #[must_use]
    pub const fn of_number_cell(self) -> NumberFormat {
        NumberFormat { time: self.time, ..NumberFormat::PLAIN }
    }

    /// Reads a declared sample such as `1.234,56`, `1,234.56`, `1 234,56`, `1'234.56` or `1234,56`; or a form of
    /// hours: `h:mm:ss`, `minutes`, `seconds`.
    ///
    /// # Errors
    /// `None` when the text is none of these forms.
    #[must_use]
    pub fn from_sample(sample: &str) -> Option<NumberFormat> {
        if let Some(time) = TimeForm::named(sample) {
            return Some(NumberFormat { time: Some(time), ..NumberFormat::PLAIN });
        }
        let rest = sample.strip_prefix('1')?;
        let mut marks = rest.chars().filter(|c| !c.is_ascii_digit());
        if rest.chars().filter(char::is_ascii_digit).collect::<String>() != "23456" {
            return None;
        }
        let (first, second) = (marks.next()?, marks.next());
        if marks.next().is_some() {
            return None;
        }
        let (thousands, decimal) = match second {
            Some(decimal) => (Some(first), decimal),
            None => (None, first),
        };
        let written = match thousands {
            Some(mark) => format!("1{mark}234{decimal}56"),
            None => format!("1234{decimal}56"),
        };
        let known = matches!(decimal, '.' | ',') && matches!(thousands, None | Some('.' | ',' | ' ' | '\''));
        (written == sample && known && thousands != Some(decimal)).then(|| NumberFormat {
            decimal: if decimal == ',' { b',' } else { b'.' },
            thousands: thousands.and_then(|mark| u8::try_from(u32::from(mark)).ok()),
            ..NumberFormat::PLAIN
        })
    }

    /// The size of a number and whether it is below 0, without what stands around its digits.
    fn bare(self, text: &[u8]) -> (bool, &[u8]) {
        let mut text = text;
        let mut negative = false;
        let mut sign = self.currency_sign;
        // Sign and minus stand in any order, each once: -£7, £-7, (£7), 7- €.
        loop {
            text = trim_blanks(text);
            if !negative {
                let without = match (text, self.negative) {
                    ([b'-', rest @ ..], _)
                    | ([b'(', rest @ .., b')'], Negative::Parentheses)
                    | ([rest @ .., b'-'], Negative::TrailingMinus) => Some(rest),
                    _ => None,
                };
                if let Some(rest) = without {
                    (negative, text) = (true, rest);
                    continue;
                }
            }
            let without = sign.and_then(|sign| {
                let sign = sign.as_bytes();
                text.strip_prefix(sign).or_else(|| text.strip_suffix(sign))
            });
            let Some(rest) = without else { return (negative, text) };
            (sign, text) = (None, rest);
        }
    }
}

/// A number as read: its value at the scale, and what was beyond the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadNumber {
    /// The value, rounded half to even at 18 decimals.
    pub value: Amount,
    /// Text minus value, in units of 10^-36; 0 unless the text had more than 18 decimals.
    pub beyond_scale: i128,
}

impl ReadNumber {
    /// A whole number, such as 1 for a row that counts as one.
    #[must_use]
    pub const fn whole(units: i64) -> ReadNumber {
        ReadNumber { value: Amount::whole(units), beyond_scale: 0 }
    }
}

/// Numbers that were rounded, because they have more decimals than are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BeyondScale {
    /// How many there are.
    pub numbers: u64,
    /// Text minus value of all of them, as [`ReadNumber::beyond_scale`] counts. That of a charge and of its credit is 0.
    pub sum: i128,
}

/// Counts one number, by what it has beyond the scale.
impl std::ops::AddAssign<i128> for BeyondScale {
    fn add_assign(&mut self, beyond_scale: i128) {
        *self += BeyondScale { numbers: u64::from(beyond_scale != 0), sum: beyond_scale };
    }
}

impl std::ops::AddAssign for BeyondScale {
    fn add_assign(&mut self, others: BeyondScale) {
        self.numbers += others.numbers;
        self.sum += others.sum;
    }
}

/// Code of the finding about digits beyond the scale.
pub const TOO_MANY_DECIMALS: &str = "many-decimals";

/// What was beyond the scale, in units of 10^-36, as a decimal text.
#[must_use]
pub fn beyond_scale_text(beyond: i128) -> String {
    let sign = if beyond < 0 { "-" } else { "" };
    let one = ONE.unsigned_abs() * ONE.unsigned_abs();
    let digits = format!("{:036}", beyond.unsigned_abs() % one);
    let text = format!("{sign}{}.{}", beyond.unsigned_abs() / one, digits.trim_end_matches('0'));
    text.trim_end_matches('.').to_owned()
}

/// Why a text is not a number, in words that end the sentence "`12,5` is not a number: …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFault {
    /// Nothing there.
    Blank,
    /// Something other than digits, a sign, one decimal mark and an exponent.
    NotPlain,
    /// Not hours, minutes and perhaps seconds, where these are declared.
    NotAClock,
    /// Thousands marks in the wrong places.
    Grouping,
    /// More than the program can hold.
    TooLarge,
    /// More than 36 decimals.
    TooFine,
}

impl fmt::Display for NumberFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NumberFault::Blank => "the cell is blank",
            NumberFault::NotPlain => "expected digits with `.` as decimal mark, such as 1234.56",
            NumberFault::NotAClock => "expected hours, minutes and seconds, such as 7:30 or 07:30:15",
            NumberFault::Grouping => "the thousands marks do not stand between groups of three digits",
            NumberFault::TooLarge => "it is beyond ±170,000,000,000,000,000,000",
            NumberFault::TooFine => "it has more than 36 decimals",
        })
    }
}

/// Reads a number exactly, in the declared format. Blanks around it are ignored.
///
/// Accepted: an optional `-`, digits, the decimal mark and digits, an exponent of at most ±64. Refused:
/// everything else, among it `+`, `NaN`, `Infinity`, `1_000`, `0x10`, and what is not declared of thousands marks,
/// brackets, trailing minus and currency signs.
///
/// # Errors
/// A [`NumberFault`] that says what is wrong.
pub fn parse_number(text: &[u8], format: NumberFormat) -> Result<ReadNumber, NumberFault> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(NumberFault::Blank);
    }
    if text.len() > NUMBER_BYTES_MAX {
        return Err(NumberFault::NotPlain);
    }
    if let Some(time) = format.time {
        let counted = match time {
            TimeForm::Clock => ReadNumber { value: clock(text)?, beyond_scale: 0 },
            TimeForm::Minutes | TimeForm::Seconds => parse_number(text, NumberFormat { time: None, ..format })?,
        };
        let hour = Fraction::new(1, time.per_hour());
        let hours = hour.and_then(|hour| apply(counted.value, hour)).ok_or(NumberFault::TooLarge)?;
        // What a third of an hour has beyond the scale is told like that of any other number.
        let rest = counted.value.0 - hours.0 * time.per_hour();
        let beyond = I256::from(rest) * I256::from(ONE) + I256::from(counted.beyond_scale);
        let beyond = half_even(beyond, time.per_hour()).unwrap_or_default();
        return Ok(ReadNumber { value: hours, beyond_scale: beyond });
    }
    let (negative, body) = match text {
        _ if format.negative != Negative::Minus || format.currency_sign.is_some() => format.bare(text),
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if let Some(value) = short_number(body, format.decimal) {
        let value = Amount(if negative { -value } else { value });
        return Ok(ReadNumber { value, beyond_scale: 0 });
    }
    let (mantissa, exponent) = split_exponent(body)?;
    let (whole, fraction) = match mantissa.iter().position(|&b| b == format.decimal) {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &[][..]),
    };
    if mantissa.len() > whole.len() && fraction.is_empty() || whole.is_empty() && fraction.is_empty() {
        return Err(NumberFault::NotPlain);
    }
    let whole = strip_thousands(whole, format.thousands)?;
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return Err(NumberFault::NotPlain);
    }
    let digits: Vec<u8> = whole.iter().chain(fraction).copied().collect();
    let point = i32::try_from(whole.len()).map_err(|_| NumberFault::TooLarge)? + exponent;
    let number = place_digits(&digits, point)?;
    Ok(if negative { ReadNumber { value: -number.value, beyond_scale: -number.beyond_scale } } else { number })
}

/// Atoms of a number of nothing but some digits and a decimal sign at most, which is how most are written.
fn short_number(body: &[u8], decimal: u8) -> Option<i128> {
    /// Digits of which any number fits a `u64`.
    const DIGITS_MAX: usize = 19;
    let (mut digits, mut behind, mut value) = (0, None, 0u64);
    for (at, byte) in body.iter().enumerate() {
        if byte.is_ascii_digit() {
            digits += 1;
            if digits > DIGITS_MAX {
                return None;
            }
            value = value * 10 + u64::from(byte - b'0');
        } else if *byte == decimal && behind.is_none() {
            behind = Some(body.len() - at - 1);
        } else {
            return None;
        }
    }
    if digits == 0 || behind == Some(0) {
        return None;
    }
    let power = 18u32.checked_sub(u32::try_from(behind.unwrap_or(0)).ok()?)?;
    Some(i128::from(value) * 10i128.pow(power))
}

/// Blanks before and behind, no-break spaces among them: spreadsheets put one between amount and sign.
fn trim_blanks(text: &[u8]) -> &[u8] {
    const NO_BREAK: [&[u8]; 2] = ["\u{a0}".as_bytes(), "\u{202f}".as_bytes()];
    let mut text = text.trim_ascii();
    while let Some(rest) =
        NO_BREAK.iter().find_map(|blank| text.strip_prefix(*blank).or_else(|| text.strip_suffix(*blank)))
    {
        text = rest.trim_ascii();
    }
    text
}

fn split_exponent(body: &[u8]) -> Result<(&[u8], i32), NumberFault> {
    let Some(at) = body.iter().position(|b| matches!(b, b'e' | b'E')) else {
        return Ok((body, 0));
    };
    let (sign, digits) = match &body[at + 1..] {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] | rest => (1, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumberFault::NotPlain);
    }
    let size = digits
        .iter()
        .try_fold(0i32, |size, b| Some(size * 10 + i32::from(b - b'0')).filter(|size| *size <= EXPONENT_MAX));
    Ok((&body[..at], sign * size.ok_or(NumberFault::TooLarge)?))
}

fn strip_thousands(whole: &[u8], mark: Option<u8>) -> Result<Vec<u8>, NumberFault> {
    let Some(mark) = mark else { return Ok(whole.to_vec()) };
    // Spreadsheets write the space of "1 234" as a no-break space, plain (C2 A0) or narrow (E2 80 AF).
    let text = String::from_utf8_lossy(whole).replace(['\u{a0}', '\u{202f}'], " ");
    let groups: Vec<&str> = text.split(char::from(mark)).collect();
    let well_placed =
        groups.len() == 1 || (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3);
    if well_placed { Ok(groups.concat().into_bytes()) } else { Err(NumberFault::Grouping) }
}

/// The number whose decimal point stands before digit `point` of `digits`.
fn place_digits(digits: &[u8], point: i32) -> Result<ReadNumber, NumberFault> {
    let scale = 18;
    let mut value: i128 = 0;
    let mut beyond: i128 = 0;
    for (at, digit) in digits.iter().enumerate() {
        let digit = i128::from(digit - b'0');
        if digit == 0 {
            continue;
        }
        let place = point - 1 - i32::try_from(at).map_err(|_| NumberFault::TooLarge)?;
        if place >= -scale {
            let power = u32::try_from(place + scale).ok().and_then(|p| 10i128.checked_pow(p));
            value = power
                .and_then(|power| power.checked_mul(digit))
                .and_then(|part| value.checked_add(part))
                .ok_or(NumberFault::TooLarge)?;
        } else {
            let power = u32::try_from(place + 2 * scale).map_err(|_| NumberFault::TooFine)?;
            beyond += 10i128.pow(power) * digit;
        }
    }
    // Half to even: `beyond` counts 10^-36, so one atom (10^-18) is ONE of them.
    if beyond > ONE / 2 || beyond == ONE / 2 && value % 2 == 1 {
        value = value.checked_add(1).ok_or(NumberFault::TooLarge)?;
        beyond -= ONE;
    }
    Ok(ReadNumber { value: Amount(value), beyond_scale: beyond })
}

/// An exact fraction: a rate, a price, a percentage or a share.
///
/// The order is that of the two numbers, for maps; it is not that of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    /// `numerator / denominator`, or `None` when the denominator is not positive.
    #[must_use]
    pub const fn new(numerator: i128, denominator: i128) -> Option<Fraction> {
        if denominator > 0 { Some(Fraction { numerator, denominator }) } else { None }
    }

    /// The product of numbers divided by the product of others, such as salary × loading / hours, in lowest terms.
    /// `None` when a divisor is not positive, or where it leaves the range.
    #[must_use]
    pub fn quotient(of: &[Amount], by: &[Amount]) -> Option<Fraction> {
        if by.iter().any(|divisor| divisor.0 <= 0) {
            return None;
        }
        let one = I256::from(ONE);
        let (mut top, mut bottom) = (I256::ONE, I256::ONE);
        let factors = of.iter().map(|amount| (I256::from(amount.0), one));
        for (up, down) in factors.chain(by.iter().map(|amount| (one, I256::from(amount.0)))) {
            top = top.checked_mul(up)?;
            bottom = bottom.checked_mul(down)?;
            let (mut x, mut y) = (top.checked_abs()?, bottom);
            while y != I256::ZERO {
                (x, y) = (y, x % y);
            }
            top /= x;
            bottom /= x;
        }
        Fraction::new(i128::try_from(top).ok()?, i128::try_from(bottom).ok()?)
    }

    /// The fraction that a decimal number is, such as an hourly rate.
    #[must_use]
    pub const fn of(amount: Amount) -> Fraction {
        Fraction { numerator: amount.0, denominator: ONE }
    }

    /// The same fraction in lowest terms.
    #[must_use]
    pub const fn reduced(self) -> Fraction {
        let common = gcd(self.numerator.unsigned_abs(), self.denominator.unsigned_abs());
        if common <= 1 || common > i128::MAX.unsigned_abs() {
            return self;
        }
        let common = common.cast_signed();
        Fraction { numerator: self.numerator / common, denominator: self.denominator / common }
    }

    /// `1 / fraction`, or `None` when that is not a positive fraction.
    #[must_use]
    pub const fn inverse(self) -> Option<Fraction> {
        if self.numerator > 0 {
            Some(Fraction { numerator: self.denominator, denominator: self.numerator })
        } else {
            None
        }
    }

    /// The exact product, or `None` where it cannot be held.
    #[must_use]
    pub fn times(self, other: Fraction) -> Option<Fraction> {
        // Across first, so that the products stay small.
        let across = Fraction { numerator: self.numerator, denominator: other.denominator }.reduced();
        let back = Fraction { numerator: other.numerator, denominator: self.denominator }.reduced();
        let numerator = across.numerator.checked_mul(back.numerator)?;
        let denominator = across.denominator.checked_mul(back.denominator)?;
        Some(Fraction { numerator, denominator })
    }

    /// The exact arithmetic mean, or `None` of nothing and where it cannot be held.
    #[must_use]
    pub fn mean(fractions: &[Fraction]) -> Option<Fraction> {
        let mut sum = Fraction { numerator: 0, denominator: 1 };
        for fraction in fractions {
            let steps = Fraction { numerator: sum.denominator, denominator: fraction.denominator }.reduced();
            // Over their least common denominator.
            let denominator = sum.denominator.checked_mul(steps.denominator)?;
            let one = sum.numerator.checked_mul(steps.denominator)?;
            let two = fraction.numerator.checked_mul(steps.numerator)?;
            sum = Fraction { numerator: one.checked_add(two)?, denominator }.reduced();
        }
        let count = i128::try_from(fractions.len()).ok().filter(|count| *count > 0)?;
        sum.times(Fraction { numerator: 1, denominator: count })
    }
}

/// As `numerator/denominator`.
impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// The greatest common divisor, by Euclid.
const fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// `amount × fraction`, rounded once, half to even, at the scale. `None` where the result leaves the range.
#[must_use]
pub fn apply(amount: Amount, fraction: Fraction) -> Option<Amount> {
    let product = I256::from(amount.0) * I256::from(fraction.numerator);
    half_even(product, fraction.denominator).map(Amount)
}

/// The sum of products such as quantities × prices, rounded once, half to even, at the scale. `None` where the
/// result leaves the range.
#[must_use]
pub fn sum_of_products(products: &[(Amount, Amount)]) -> Option<Amount> {
    let sum: I256 = products.iter().map(|(a, b)| I256::from(a.0) * I256::from(b.0)).sum();
    half_even(sum, ONE).map(Amount)
}

/// `value / divisor` for a positive divisor, rounded half to even. `None` where it leaves `i128`.
fn half_even(value: I256, divisor: i128) -> Option<i128> {
    let divisor = I256::from(divisor);
    let floor = value.div_euclid(divisor);
    let rest = value - floor * divisor;
    let double = rest + rest;
    let up = double > divisor || double == divisor && floor % 2 != 0;
    i128::try_from(if up { floor + 1 } else { floor }).ok()
}

/// A currency with its number of minor digits, by ISO 4217.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    code: String,
    minor_digits: u32,
}

/// ISO 4217 (list one, 2026): currencies with other than two minor digits.
const MINOR_DIGITS: [(u32, &str); 3] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// ISO 4217 (list one, 2026): currencies with two minor digits.
const TWO_DIGITS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN \
    BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD \
    HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT \
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD \
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES \
    WST XCD XCG YER ZAR ZMW ZWG";

impl Currency {
    /// The currency of an ISO 4217 code, or `None` when there is none.
    #[must_use]
    pub fn new(code: &str) -> Option<Currency> {
        let listed = |list: &str| list.split_ascii_whitespace().any(|known| known == code);
        let minor_digits = MINOR_DIGITS
            .iter()
            .find(|(_, list)| listed(list))
            .map(|(digits, _)| *digits)
            .or_else(|| listed(TWO_DIGITS).then_some(2))?;
        Some(Currency { code: code.to_owned(), minor_digits })
    }

    /// The ISO 4217 code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Digits after the decimal point of a published amount: 0, 2, 3 or 4.
    #[must_use]
    pub const fn minor_digits(&self) -> u32 {
        self.minor_digits
    }

    /// How many atoms of 10^-18 make one minor unit: 10^16 for cents.
    #[must_use]
    pub const fn minor_unit(&self) -> i128 {
        10i128.pow(SCALE_DIGITS - self.minor_digits)
    }

    /// The exact amount of `minor` minor units.
    #[must_use]
    pub const fn amount(&self, minor: i128) -> Amount {
        Amount(minor * self.minor_unit())
    }

    /// The exact amount rounded half to even to minor units.
    #[must_use]
    pub fn round(&self, amount: Amount) -> i128 {
        half_even(I256::from(amount.0), self.minor_unit()).unwrap_or_default()
    }

    /// A plain published number with all its minor digits: `1234.50`, `-0.07`.
    #[must_use]
    pub fn plain(&self, minor: i128) -> String {
        // A total at the far end of the range has more digits than rust_decimal holds (28).
        Decimal::try_from_i128_with_scale(minor, self.minor_digits)
            .map_or_else(|_| self.amount(minor).to_string(), |decimal| decimal.to_string())
    }

    /// A number for people: `1,234.50`.
    #[must_use]
    pub fn grouped(&self, minor: i128) -> String {
        let plain = self.plain(minor);
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
        let mut text = String::from(sign);
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        if let Some(fraction) = fraction {
            text.push('.');
            text.push_str(fraction);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::str::FromStr;

    fn read(text: &str) -> Result<ReadNumber, NumberFault> {
        parse_number(text.as_bytes(), NumberFormat::PLAIN)
    }

    fn value(text: &str) -> String {
        read(text).expect("a number").value.to_string()
    }

    #[test]
    fn plain_and_scientific_numbers_are_exact() {
        assert_eq!(value("0.00000080000"), "0.0000008");
        assert_eq!(value("-1.5E-7"), "-0.00000015");
        assert_eq!(value("35.2e2"), "3520");
        assert_eq!(value(" .5 "), "0.5");
        assert_eq!(value("-0"), "0");
        assert_eq!(value("0e64"), "0");
        assert_eq!(value("0.000000000000000001"), "0.000000000000000001");
    }

    #[test]
    fn signs_and_ways_to_write_minus_are_read_where_declared_and_nowhere_else() {
        let pounds = NumberFormat { currency_sign: CurrencySign::new("£"), ..NumberFormat::PLAIN };
        let books = NumberFormat {
            negative: Negative::Parentheses,
            ..NumberFormat::from_sample("1,234.56").expect("a sample")
        };
        let both = NumberFormat { currency_sign: CurrencySign::new("£"), ..books };
        let sap = NumberFormat {
            negative: Negative::TrailingMinus,
            ..NumberFormat::from_sample("1.234,56").expect("a sample")
        };
        let kroner = NumberFormat { currency_sign: CurrencySign::new("kr"), ..NumberFormat::PLAIN };
        for (text, format, expected) in [
            ("£12.50", pounds, Some("12.5")),
            ("-£7", pounds, Some("-7")),
            ("£-7", pounds, Some("-7")),
            ("£\u{a0}7", pounds, Some("7")),
            ("££7", pounds, None),
            ("$7", pounds, None),
            ("(7)", pounds, None),
            ("7-", pounds, None),
            ("(1,234.50)", books, Some("-1234.5")),
            ("-1,234.50", books, Some("-1234.5")),
            ("(-7)", books, None),
            ("((7))", books, None),
            ("(7", books, None),
            ("()", books, None),
            ("(£1,234.50)", both, Some("-1234.5")),
            ("£(7)", both, Some("-7")),
            ("1.234,50-", sap, Some("-1234.5")),
            ("-7-", sap, None),
            ("7,5 kr", kroner, None),
            ("7.5 kr", kroner, Some("7.5")),
            ("kr", kroner, None),
        ] {
            let read = parse_number(text.as_bytes(), format).ok().map(|read| read.value.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
        assert_eq!(CurrencySign::new("1"), None);
        assert_eq!(CurrencySign::new(""), None);
    }

    #[test]
    fn digits_beyond_the_scale_round_half_to_even_and_are_accounted_for() {
        // 0.5 atoms: to even, that is 0; the text was 5·10^-19 = 5·10^17 × 10^-36 above.
        let half = read("0.0000000000000000005").expect("a number");
        assert_eq!((half.value.atoms(), half.beyond_scale), (0, 500_000_000_000_000_000));
        // 1.5 atoms: to even, that is 2; the text is 0.5 atoms below.
        let up = read("0.0000000000000000015").expect("a number");
        assert_eq!((up.value.atoms(), up.beyond_scale), (2, -500_000_000_000_000_000));
        assert_eq!(beyond_scale_text(half.beyond_scale), "0.0000000000000000005");
        assert_eq!(beyond_scale_text(up.beyond_scale), "-0.0000000000000000005");
        assert_eq!(beyond_scale_text(0), "0");
        let credit = read("-0.0000000000000000015").expect("a number");
        assert_eq!((credit.value.atoms(), credit.beyond_scale), (-2, 500_000_000_000_000_000));
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        for text in [
            "NaN", "inf", "Infinity", "1_000", "0x10", "1,234.50", "(10.00)", "10-", "+1", "1.", ".", "-", "1e", "e5",
            "1.2.3", "1 000", "$5", "٣", "--1", "1e+-5",
        ] {
            assert_eq!(read(text), Err(NumberFault::NotPlain), "{text}");
        }
        assert_eq!(read("  "), Err(NumberFault::Blank));
        assert_eq!(read("1E400"), Err(NumberFault::TooLarge));
        assert_eq!(read("1e1000000000"), Err(NumberFault::TooLarge));
        assert_eq!(read("999999999999999999999"), Err(NumberFault::TooLarge));
        assert_eq!(read("1e-60"), Err(NumberFault::TooFine));
        assert_eq!(read(&"1".repeat(10_000_000)), Err(NumberFault::NotPlain));
    }

    #[test]
    fn declared_formats_are_strict_about_their_groups() {
        let german = NumberFormat::from_sample("1.234,56").expect("a format");
        let parse = |text: &str| parse_number(text.as_bytes(), german).map(|read| read.value.to_string());
        assert_eq!(parse("1.234.567,89"), Ok("1234567.89".into()));
        assert_eq!(parse("-12,5"), Ok("-12.5".into()));
        assert_eq!(parse("1234,5"), Ok("1234.5".into()));
        assert_eq!(parse("1.23,5"), Err(NumberFault::Grouping));
        assert_eq!(parse("12.50"), Err(NumberFault::Grouping));
        let french = NumberFormat::from_sample("1 234,56").expect("a format");
        assert_eq!(parse_number("1\u{202f}234,5".as_bytes(), french).map(|r| r.value.to_string()), Ok("1234.5".into()));
        for sample in ["1234", "1,234,56", "1.234.56", "x", "1;234.56", "12.34,56"] {
            assert_eq!(NumberFormat::from_sample(sample), None, "{sample}");
        }
    }

    #[test]
    fn hours_are_read_as_clocks_minutes_and_seconds_where_declared() {
        let hours = |sample: &str, text: &str| {
            let format = NumberFormat::from_sample(sample).expect("a form");
            parse_number(text.as_bytes(), format).map(|read| read.value.to_string())
        };
        assert_eq!(hours("h:mm:ss", "00:45:00"), Ok("0.75".into()));
        assert_eq!(hours("h:mm:ss", "7:30"), Ok("7.5".into()));
        assert_eq!(hours("h:mm:ss", "150:00:36"), Ok("150.01".into()));
        assert_eq!(hours("seconds", "5400"), Ok("1.5".into()));
        assert_eq!(hours("minutes", "90"), Ok("1.5".into()));
        for text in ["7", "7:5", "7:60", "7:30:60", "-1:00", "1:00:00:00", ":30", "1:-1", "7.5"] {
            assert_eq!(hours("h:mm:ss", text), Err(NumberFault::NotAClock), "{text}");
        }
        // A third of an hour: 0.333333333333333333 and a third of 10^-18.
        let third = parse_number(b"0:20", NumberFormat::from_sample("h:mm").expect("a form")).expect("a number");
        assert_eq!((third.value.0, third.beyond_scale), (333_333_333_333_333_333, 333_333_333_333_333_333));
        // 6 · 10^-20 of a minute are 10^-21 of an hour.
        let fine = parse_number(b"6e-20", NumberFormat::from_sample("minutes").expect("a form")).expect("a number");
        assert_eq!((fine.value.0, fine.beyond_scale), (0, 1_000_000_000_000_000));
    }

    #[test]
    fn currencies_have_their_iso_digits() {
        let digits = |code| Currency::new(code).map(|c| c.minor_digits());
        assert_eq!(
            [digits("GBP"), digits("JPY"), digits("KWD"), digits("CLF"), digits("ZZZ")],
            [Some(2), Some(0), Some(3), Some(4), None]
        );
        let pounds = Currency::new("GBP").expect("pounds");
        assert_eq!(pounds.grouped(-123_456_789), "-1,234,567.89");
        assert_eq!(pounds.plain(-7), "-0.07");
        assert_eq!(Currency::new("JPY").expect("yen").grouped(1000), "1,000");
        // 0.125 and 0.135 both lie half way; half to even gives 0.12 and 0.14.
        assert_eq!(pounds.round(Amount(125_000_000_000_000_000)), 12);
        assert_eq!(pounds.round(Amount(135_000_000_000_000_000)), 14);
        assert_eq!(pounds.round(Amount(-125_000_000_000_000_000)), -12);
    }

    #[test]
    fn quotients_are_exact_and_in_lowest_terms() {
        let number = |text: &str| read(text).expect("a number").value;
        // 68,120 × 3.2 / 2,080 = 104.8; 100 / 3 keeps its third, so that 3 × of it are 100.
        let rate = Fraction::quotient(&[number("68120"), number("3.2")], &[number("2080")]).expect("a rate");
        assert_eq!(rate, Fraction::new(524, 5).expect("a fraction"));
        let third = Fraction::quotient(&[number("100")], &[number("3")]).expect("a third");
        assert_eq!(apply(Amount::whole(3), third), Some(Amount::whole(100)));
        assert_eq!(Fraction::quotient(&[number("0")], &[number("3")]), Fraction::new(0, 1));
        for divisor in ["0", "-1"] {
            assert_eq!(Fraction::quotient(&[number("1")], &[number(divisor)]), None);
        }
    }

    #[test]
    fn apply_rounds_once_half_to_even() {
        let third = Fraction::new(1, 3).expect("a third");
        assert_eq!(apply(Amount::whole(100), third).map(|a| a.to_string()), Some("33.333333333333333333".into()));
        let half = Fraction::new(1, 2).expect("a half");
        assert_eq!(apply(Amount(3), half), Some(Amount(2)));
        assert_eq!(apply(Amount(-3), half), Some(Amount(-2)));
        assert_eq!(apply(Amount(1), half), Some(Amount(0)));
    }

    proptest! {
        // rust_decimal is the second opinion wherever it is exact (up to 28 digits).
        #[test]
        fn numbers_agree_with_rust_decimal(whole in -1_000_000_000i64..1_000_000_000, fraction in 0u64..1_000_000_000_000_000_000) {
            let text = format!("{whole}.{fraction:018}");
            let theirs = Decimal::from_str_exact(&text).expect("28 digits");
            let ours = read(&text).expect("a number").value;
            prop_assert_eq!(Decimal::from_str(&ours.to_string()).expect("a decimal"), theirs);
        }

        // With an exponent of 0 the number is read digit by digit.
        #[test]
        fn short_numbers_are_read_as_long_ones_are(text in "-?[0-9]{0,20}[.,]?[0-9]{0,20}") {
            prop_assert_eq!(read(&text).ok(), read(&format!("{text}e0")).ok());
        }

        #[test]
        fn printing_and_reading_are_inverse(atoms in any::<i64>(), big in any::<i32>()) {
            let amount = Amount(i128::from(atoms) * i128::from(big));
            prop_assert_eq!(read(&amount.to_string()).expect("a number").value, amount);
        }
    }
}
