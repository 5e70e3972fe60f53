//! Where the fields and records of a text end, looked for in many bytes at once.

#![allow(clippy::inline_always, reason = "what is to be compiled for a kind of machine has to stand in its function")]

use std::ops::Range;

use wide::u8x16;

use super::raw::RawRow;

/// Bytes that are looked at in one step.
const STEP: usize = 64;
const STEP_BYTES: u32 = 64;

/// Where the fields and records of some text end.
#[derive(Default)]
pub(super) struct Index {
    /// The byte behind each field: its separator or line feed.
    ends: Vec<u32>,
    fields: usize,
    columns: usize,
    /// Whether a field holds a line feed, so that records and lines are not the same.
    has_inner_lines: bool,
    is_ascii: bool,
    /// Where a field stands otherwise, perhaps, than [`Canonical`](super::raw::Canonical) would write it; each place
    /// belongs to one row.
    unusual: Vec<u32>,
}

/// What stands in a step: one bit for each of its bytes.
struct Seen {
    quotes: u64,
    separators: u64,
    feeds: u64,
    backs: u64,
    /// Bytes that may be a blank or part of one, and the one that keeps a spreadsheet from taking a text for a formula.
    edgy: u64,
    zeros: u64,
    beyond_ascii: u64,
}

/// A way to look at a step.
trait Look: Copy {
    /// The bytes that are the wanted one.
    fn bits_of(self, step: &[u8; STEP], wanted: u8) -> u64;

    /// The bytes from `!` to 0x7f.
    fn beyond_blank(self, step: &[u8; STEP]) -> u64;

    /// The bytes from 0x80.
    fn beyond_ascii(self, step: &[u8; STEP]) -> u64;

    #[inline(always)]
    fn look(self, step: &[u8; STEP], separator: u8) -> Seen {
        Seen {
            quotes: self.bits_of(step, b'"'),
            separators: self.bits_of(step, separator),
            feeds: self.bits_of(step, b'\n'),
            backs: self.bits_of(step, b'\r'),
            edgy: !self.beyond_blank(step) | self.bits_of(step, b'\''),
            zeros: self.bits_of(step, 0),
            beyond_ascii: self.beyond_ascii(step),
        }
    }
}

/// 16 bytes at a time, which any machine can.
#[derive(Clone, Copy)]
struct Narrow;

impl Narrow {
    #[inline(always)]
    fn bits(step: &[u8; STEP], of: impl Fn(u8x16) -> u8x16) -> u64 {
        let (parts, _) = step.as_chunks::<16>();
        parts.iter().rev().fold(0, |bits, part| bits << 16 | u64::from(of(u8x16::new(*part)).to_bitmask()))
    }
}

impl Look for Narrow {
    #[inline(always)]
    fn bits_of(self, step: &[u8; STEP], wanted: u8) -> u64 {
        Narrow::bits(step, |bytes| bytes.simd_eq(u8x16::splat(wanted)))
    }

    #[inline(always)]
    fn beyond_blank(self, step: &[u8; STEP]) -> u64 {
        let [first, last] = [b'!', 0x7f].map(u8x16::splat);
        Narrow::bits(step, |bytes| bytes.max(first).min(last).simd_eq(bytes))
    }

    #[inline(always)]
    fn beyond_ascii(self, step: &[u8; STEP]) -> u64 {
        Narrow::bits(step, |bytes| bytes)
    }
}

#[cfg(target_arch = "x86_64")]
mod wider {
    //! 32 and 64 bytes at a time, where the machine can. Bytes beyond ASCII are below it as signed numbers.

    use std::arch::x86_64::{__m256i, __m512i};

    use pulp::x86::{V3, V4};

    use super::{Look, STEP};

    #[inline(always)]
    fn bits(wide: V3, step: &[u8; STEP], of: impl Fn(__m256i) -> __m256i) -> u64 {
        let halves: [__m256i; 2] = pulp::cast(*step);
        let [low, high] = halves.map(|half| wide.avx2._mm256_movemask_epi8(of(half)).cast_unsigned());
        u64::from(high) << 32 | u64::from(low)
    }

    impl Look for V3 {
        #[inline(always)]
        fn bits_of(self, step: &[u8; STEP], wanted: u8) -> u64 {
            let wanted = self.avx._mm256_set1_epi8(wanted.cast_signed());
            bits(self, step, |bytes| self.avx2._mm256_cmpeq_epi8(bytes, wanted))
        }

        #[inline(always)]
        fn beyond_blank(self, step: &[u8; STEP]) -> u64 {
            let blank = self.avx._mm256_set1_epi8(b' '.cast_signed());
            bits(self, step, |bytes| self.avx2._mm256_cmpgt_epi8(bytes, blank))
        }

        #[inline(always)]
        fn beyond_ascii(self, step: &[u8; STEP]) -> u64 {
            bits(self, step, |bytes| bytes)
        }
    }

    impl Look for V4 {
        #[inline(always)]
        fn bits_of(self, step: &[u8; STEP], wanted: u8) -> u64 {
            let bytes: __m512i = pulp::cast(*step);
            self.avx512bw._mm512_cmpeq_epi8_mask(bytes, self.avx512f._mm512_set1_epi8(wanted.cast_signed()))
        }

        #[inline(always)]
        fn beyond_blank(self, step: &[u8; STEP]) -> u64 {
            let bytes: __m512i = pulp::cast(*step);
            self.avx512bw._mm512_cmpgt_epi8_mask(bytes, self.avx512f._mm512_set1_epi8(b' '.cast_signed()))
        }

        #[inline(always)]
        fn beyond_ascii(self, step: &[u8; STEP]) -> u64 {
            self.avx512bw._mm512_movepi8_mask(pulp::cast(*step))
        }
    }
}

/// For each bit, whether the number of bits up to and with it is odd.
#[inline]
fn odd_up_to(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// [`Index::fill_by`], to be compiled for a kind of machine.
#[cfg(target_arch = "x86_64")]
struct Fill<'f, L> {
    look: L,
    index: &'f mut Index,
    text: &'f [u8],
    delimiter: u8,
    columns: usize,
}

#[cfg(target_arch = "x86_64")]
impl<L: Look> pulp::NullaryFnOnce for Fill<'_, L> {
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        self.index.fill_by(self.look, self.text, self.delimiter, self.columns)
    }
}

/// How often some bytes stand in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) quotes: u64,
    pub(super) feeds: u64,
}

/// Counts the quotes and line feeds of a text.
pub(super) fn count(text: &[u8]) -> Counts {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(wide) = pulp::x86::V4::try_new() {
            return wide.vectorize(
                #[inline(always)]
                || count_by(wide, text),
            );
        }
        if let Some(wide) = pulp::x86::V3::try_new() {
            return wide.vectorize(
                #[inline(always)]
                || count_by(wide, text),
            );
        }
    }
    count_by(Narrow, text)
}

#[inline(always)]
fn count_by(look: impl Look, text: &[u8]) -> Counts {
    let (steps, rest) = text.as_chunks::<STEP>();
    let mut last = [b' '; STEP];
    last[..rest.len()].copy_from_slice(rest);
    let mut counts = Counts::default();
    for step in steps.iter().chain([&last]) {
        counts.quotes += u64::from(look.bits_of(step, b'"').count_ones());
        counts.feeds += u64::from(look.bits_of(step, b'\n').count_ones());
    }
    counts
}

impl Index {
    /// Finds the ends of all fields; `false` when the text is not plainly well-formed: each record with as many fields as
    /// there are columns, quotes around whole fields only, lines ended by `\n` or `\r\n`, the last one ended too, and no
    /// byte 0.
    pub(super) fn fill(&mut self, text: &[u8], delimiter: u8, columns: usize) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(wide) = pulp::x86::V4::try_new() {
                return wide.vectorize(Fill { look: wide, index: self, text, delimiter, columns });
            }
            if let Some(wide) = pulp::x86::V3::try_new() {
                return wide.vectorize(Fill { look: wide, index: self, text, delimiter, columns });
            }
        }
        self.fill_by(Narrow, text, delimiter, columns)
    }

    #[inline(always)]
    fn fill_by(&mut self, look: impl Look, text: &[u8], delimiter: u8, columns: usize) -> bool {
        // A single column cannot be told from a blank line.
        if columns < 2 || matches!(delimiter, 0 | b'"' | b'\r' | b'\n') || u32::try_from(text.len()).is_err() {
            return false;
        }
        self.columns = columns;
        self.unusual.clear();
        let mut fields = 0;
        let mut records_end = columns;
        // Carried over from the step before: all ones inside quotes, and whether its last byte was of a kind.
        let (mut inside, mut was_end, mut was_closing, mut was_back) = (0u64, 1u64, 0u64, 0u64);
        let (mut was_edgy, mut was_over, mut was_beginning) = (0u64, 0u64, 0u64);
        // Whether it ended within quotes that nothing is known to need, or behind them.
        let (mut was_needless, mut was_bare) = (false, 0u64);
        let (mut bad, mut inner_lines, mut other_letters) = (0u64, 0u64, 0u64);
        let mut last = [b' '; STEP];
        let (steps, rest) = text.as_chunks::<STEP>();
        last[..rest.len()].copy_from_slice(rest);
        let last: &[[u8; STEP]] = if rest.is_empty() { &[] } else { std::slice::from_ref(&last) };
        let mut base = 0u32;
        let behind = |bits: u64, was: u64| bits << 1 | was;
        for step in steps.iter().chain(last) {
            let Seen { quotes, separators, feeds, backs, edgy, zeros, beyond_ascii } = look.look(step, delimiter);
            bad |= zeros;
            other_letters |= beyond_ascii;
            let (mut ends, lines, returns) = if quotes | inside | was_closing == 0 {
                // No quote anywhere near.
                let (ends, returns) = (separators | feeds, backs);
                let over = ends | returns;
                bad |= behind(returns, was_back) & !feeds;
                let unusual =
                    edgy & behind(ends, was_end) & !over | over & behind(edgy, was_edgy >> 1) & !behind(over, was_over);
                self.note_unusual(unusual, base);
                (was_edgy, was_over) = (edgy >> (STEP - 2), over >> (STEP - 1));
                (ends, feeds, returns)
            } else {
                let within = odd_up_to(quotes) ^ inside;
                inside = if within >> (STEP - 1) == 1 { u64::MAX } else { 0 };
                let opening = quotes & within;
                let closing = quotes & !within;
                let ends = (separators | feeds) & !within;
                let returns = backs & !within;
                let lines = feeds & !within;
                let behind_closing = behind(closing, was_closing);
                bad |= opening & !(behind(ends, was_end) | behind_closing);
                bad |= behind_closing & !(ends | returns | opening);
                bad |= behind(returns, was_back) & !lines;
                inner_lines |= feeds & within;

                // A field begins behind an end or its quote, and ends before an end, the return before that, or its quote.
                let over = ends | returns;
                let beginning = opening & behind(ends, was_end);
                let quoted = over & behind_closing;
                let mut unusual = edgy & (behind(ends, was_end) & !over | behind(beginning, was_beginning));
                unusual |= quoted & (edgy << 2 | was_edgy);
                unusual |= over & behind(edgy, was_edgy >> 1) & !behind(over, was_over) & !behind_closing;
                // A one that is added at its opening is carried through quotes within which nothing needs them, and so
                // arrives at their closing.
                let needless = within & !((separators | feeds | backs) & within | opening & !beginning);
                let (sum, is_over) = needless.overflowing_add(beginning);
                let (sum, is_over_too) = sum.overflowing_add(u64::from(was_needless));
                was_needless = is_over | is_over_too;
                let bare = closing & sum;
                unusual |= quoted & behind(bare, was_bare);
                was_bare = bare >> (STEP - 1);
                self.note_unusual(unusual, base);
                (was_edgy, was_over, was_beginning) = (edgy >> (STEP - 2), over >> (STEP - 1), beginning >> (STEP - 1));
                was_closing = closing >> (STEP - 1);
                (ends, lines, returns)
            };

            (was_end, was_back) = (ends >> (STEP - 1), returns >> (STEP - 1));
            let mut unchecked = lines;
            while unchecked != 0 {
                let up_to = unchecked ^ (unchecked - 1);
                let count = fields + (ends & up_to).count_ones() as usize;
                bad |= u64::from(count != records_end);
                records_end += columns;
                unchecked &= unchecked - 1;
            }
            let count = ends.count_ones() as usize;
            // Written without asking after each whether there is another; what is too much is written over.
            if self.ends.len() < fields + STEP {
                self.ends.resize(2 * fields + STEP, 0);
            }
            let Some(room) = self.ends[fields..].first_chunk_mut::<STEP>() else { return false };
            let mut write = |range: Range<usize>| {
                for end in &mut room[range] {
                    *end = base + ends.trailing_zeros();
                    ends &= ends.wrapping_sub(1);
                }
            };
            write(0..4);
            if count > 4 {
                write(4..8);
            }
            if count > 8 {
                write(8..count);
            }
            fields += count;
            base += STEP_BYTES;
            if bad != 0 {
                return false;
            }
        }
        self.fields = fields;
        self.has_inner_lines = inner_lines != 0;
        self.is_ascii = other_letters == 0;
        let is_ended = text.last() == Some(&b'\n') && fields + columns == records_end;
        is_ended && inside == 0 && bad == 0
    }

    #[inline(always)]
    fn note_unusual(&mut self, mut unusual: u64, base: u32) {
        while unusual != 0 {
            self.unusual.push(base + unusual.trailing_zeros());
            unusual &= unusual - 1;
        }
    }

    /// Whether the text that was indexed holds nothing but ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// The rows of the text that was indexed, whose first line has this number.
    pub(super) fn rows<'a>(
        &'a self,
        text: &'a [u8],
        delimiter: u8,
        first_line: u64,
    ) -> impl Iterator<Item = RawRow<'a>> {
        let (mut start, mut number) = (0usize, first_line);
        let mut unusual = self.unusual.iter().map(|at| *at as usize).peekable();
        self.ends[..self.fields].chunks_exact(self.columns).map(move |ends| {
            let end = ends[ends.len() - 1] as usize;
            let mut is_canonical = delimiter == b',';
            while unusual.next_if(|at| *at <= end).is_some() {
                is_canonical = false;
            }
            let row = RawRow { number, text, start, ends, is_canonical, kinds: None };
            number += 1;
            if self.has_inner_lines {
                number += memchr::memchr_iter(b'\n', &text[start..end]).count() as u64;
            }
            start = end + 1;
            row
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn however_wide_the_look_it_sees_the_same(
            text in prop::collection::vec(prop::sample::select(b"ab1,;\"\"\r\n\n ' \x7f\x80\xff!~,,,\n".to_vec()), 0..400),
            columns in 2..4usize,
        ) {
            let told = |fill: &dyn Fn(&mut Index) -> bool| {
                let mut index = Index::default();
                let is_plain = fill(&mut index);
                (is_plain, if is_plain { index.ends[..index.fields].to_vec() } else { Vec::new() }, index.unusual)
            };
            let narrow = told(&|index| index.fill_by(Narrow, &text, b',', columns));
            prop_assert_eq!(&narrow, &told(&|index| index.fill(&text, b',', columns)));
            let counted = count_by(Narrow, &text);
            prop_assert_eq!(counted, count(&text));
            let of = |byte: u8| memchr::memchr_iter(byte, &text).count() as u64;
            prop_assert_eq!(counted, Counts { quotes: of(b'"'), feeds: of(b'\n') });
            #[cfg(target_arch = "x86_64")]
            if let Some(look) = pulp::x86::V3::try_new() {
                let wide = told(&|index| look.vectorize(Fill { look, index, text: &text, delimiter: b',', columns }));
                prop_assert_eq!(&narrow, &wide);
            }
        }
    }
}
