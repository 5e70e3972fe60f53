//! One text read by several threads: cut into parts at the ends of records, each part read by whoever is free.
//!
//! A text is cut where a line feed stands behind an even number of quotes. That is the end of a record unless quotes stand
//! where they have no meaning, so whoever reads a part makes sure that it ends as it should; when one does not,
//! everything is read again from top to bottom by one thread. Where a text is cut depends on its bytes alone.

use std::io::{self, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;

use super::decode::{END, FIELD_BYTES_MAX};
use super::index::{self, Counts, Index};
use super::raw::{self, Meant};
use super::records::{Position, Records};
use super::supply::Supply;
use super::text::{self, About, Opened};
use super::{Cells, DataFile, Evidence, Hashing, Headings, Packing, Row, TextForm, Visitor, open};

/// Bytes that are read at a time for a decoder to unpack. Less than what is asked for of a text that is not packed, so that
/// this goes where it is wanted at once.
const UNPACKED_FROM: usize = 1 << 16;

/// Parts of a packed text that may be unpacked before anyone looks at them.
const PARTS_READY: usize = 3;

/// How a text is cut.
pub(super) struct Sizes {
    /// Bytes of a part; the record at its end makes it shorter.
    pub(super) part: usize,
    /// Bytes of a part at most, where a record is longer. Longer ones are left to the reader of whole texts.
    pub(super) part_max: usize,
    /// Files on disk below this are read by one thread at once.
    pub(super) file_min: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes { part: 1 << 17, part_max: 1 << 22, file_min: 1 << 16 }
    }
}

/// Reads a text with as many visitors as there are threads to spare.
pub(super) fn read<V: Visitor + Send>(
    file: &DataFile,
    form: TextForm,
    headings_row: u32,
    sizes: &Sizes,
    visitor: impl Fn() -> V + Sync,
) -> Option<(Evidence, Vec<V>)> {
    let packing = Packing::of(&file.name);
    let opened = open(file).ok()?;
    if opened.metadata().ok()?.len() < sizes.file_min {
        return None;
    }
    let mut raw = BufReader::with_capacity(UNPACKED_FROM, Hashing::new(opened));
    let about = |opened: &Opened<'_>| About { file, packing, from: opened.from, headings_row };
    let visitors = {
        let opened = match packing {
            Packing::None => text::begin(file, form, packing, &mut raw),
            Packing::Gzip => text::begin(file, form, packing, MultiGzDecoder::new(&mut raw)),
            Packing::Zstd => text::begin(file, form, packing, zstd::stream::read::Decoder::with_buffer(&mut raw).ok()?),
            Packing::Zip => return None,
        };
        let opened = opened.ok()?;
        Reading { about: about(&opened), delimiter: form.delimiter, visitor }.read(opened, sizes)?
    };
    // What the buffer holds was hashed when it was read, so only the rest of the file is missing.
    Some((raw.into_inner().finish().ok()?, visitors))
}

/// Some complete records.
#[derive(Default)]
struct Part {
    number: u64,
    start: Position,
    block: Block,
}

/// Bytes with room for more.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    filled: usize,
}

impl Block {
    fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    fn begin_with(&mut self, bytes: &[u8]) {
        self.filled = 0;
        self.make_room(bytes.len());
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        self.filled = bytes.len();
    }

    fn make_room(&mut self, size: usize) {
        if self.bytes.len() < size {
            self.bytes.resize(size, 0);
        }
    }

    /// Reads up to a size; `false` at the end of the text.
    fn fill(&mut self, text: &mut impl Read, size: usize) -> io::Result<bool> {
        self.make_room(size);
        while self.filled < size {
            match text.read(&mut self.bytes[self.filled..size]) {
                Ok(0) => return Ok(false),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Cuts a text into parts.
struct Feed<'r> {
    text: Box<dyn Read + Send + 'r>,
    /// What was read and belongs to the next part.
    tail: Vec<u8>,
    number: u64,
    next: Position,
    is_at_end: bool,
}

impl Feed<'_> {
    /// Makes the next part, and says whether there is one; an error also where no end of a record is found.
    fn next(&mut self, part: &mut Part, sizes: &Sizes) -> io::Result<bool> {
        let block = &mut part.block;
        block.begin_with(&self.tail);
        self.tail.clear();
        let mut size = sizes.part;
        let (end, lines) = loop {
            if !self.is_at_end {
                self.is_at_end = !block.fill(&mut self.text, size)?;
            }
            let counts = index::count(block.filled());
            if self.is_at_end {
                break (block.filled, counts.feeds);
            }
            if let Some(end) = end_of_records(block.filled(), counts) {
                break end;
            }
            size *= 2;
            if size > sizes.part_max {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        };
        if end == 0 {
            return Ok(false);
        }
        self.tail.extend_from_slice(&block.filled()[end..]);
        block.filled = end;
        (part.number, part.start) = (self.number, self.next);
        self.number += 1;
        self.next.byte += end as u64;
        self.next.line += lines;
        if block.filled().last() != Some(&b'\n') {
            block.make_room(end + 1);
            block.bytes[end] = b'\n';
            block.filled += 1;
        }
        Ok(true)
    }
}

/// The byte behind the last line feed with an even number of quotes before it, and how many line feeds there are up to it.
fn end_of_records(bytes: &[u8], mut counts: Counts) -> Option<(usize, u64)> {
    let mut end = bytes.len();
    loop {
        let at = memchr::memrchr(b'\n', &bytes[..end])?;
        counts.quotes -= memchr::memchr_iter(b'"', &bytes[at..end]).count() as u64;
        if counts.quotes.is_multiple_of(2) {
            return Some((at + 1, counts.feeds));
        }
        counts.feeds -= 1;
        end = at;
    }
}

/// Lets all threads that are free work, and gives what each has made; `None` when one could not, which the others are told.
pub(super) fn on_all_threads<T: Send>(work: impl Fn(&AtomicBool) -> Option<Option<T>> + Sync) -> Option<Vec<T>> {
    let (made, has_failed) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let work = || match work(&has_failed) {
        Some(one) => made.lock().unwrap_or_else(PoisonError::into_inner).extend(one),
        None => has_failed.store(true, Ordering::Relaxed),
    };
    rayon::scope(|scope| {
        for _ in 1..rayon::current_num_threads() {
            scope.spawn(|_| work());
        }
        work();
    });
    let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    (!has_failed.into_inner()).then_some(made)
}

/// A text that is read in parts.
struct Reading<'a, F> {
    about: About<'a>,
    delimiter: u8,
    visitor: F,
}

impl<V: Visitor + Send, F: Fn() -> V + Sync> Reading<'_, F> {
    /// All visitors that were told something, or `None` where one thread has to read the whole.
    fn read(&self, opened: Opened<'_>, sizes: &Sizes) -> Option<Vec<V>> {
        let mut feed = Feed { text: opened.text, tail: Vec::new(), number: 0, next: opened.start, is_at_end: false };
        let headings = self.headings(&mut feed, sizes)?;
        // A text that is not packed is there as soon as it is wanted, and best had by whoever looks at it next.
        let is_slow = self.about.packing != Packing::None && rayon::current_num_threads() > 1;
        let feed = Supply::new(feed, if is_slow { PARTS_READY } else { 0 });
        on_all_threads(|has_failed| self.parts(&feed, &headings, sizes, has_failed))
    }

    /// Reads the headings, and leaves what stands behind them.
    fn headings(&self, feed: &mut Feed<'_>, sizes: &Sizes) -> Option<Headings> {
        let mut block = Block::default();
        feed.is_at_end = !block.fill(&mut feed.text, sizes.part).ok()?;
        let mut rest = block.filled();
        for _ in 1..self.about.headings_row {
            let end = memchr::memchr(b'\n', rest)? + 1;
            feed.next.byte += end as u64;
            rest = &rest[end..];
        }
        feed.next.line = u64::from(self.about.headings_row);
        let mut records = Records::new(rest, self.delimiter, feed.next);
        let mut record = csv::ByteRecord::new();
        let start = records.read(&mut record).ok()??;
        let behind = records.position();
        let read = usize::try_from(behind.byte - feed.next.byte).ok()?;
        // A record that ends with the block may go on behind it.
        let is_whole = rest[..read].ends_with(b"\n") || rest[..read].ends_with(b"\r") && read < rest.len();
        if !is_whole || record.as_slice().contains(&0) {
            return None;
        }
        let record = csv::StringRecord::from_byte_record(record).ok()?;
        feed.next = behind;
        feed.tail.extend_from_slice(&rest[read..]);
        if rest[..read].ends_with(b"\r") && feed.tail.first() == Some(&b'\n') {
            feed.tail.remove(0);
            feed.next = Position { line: behind.line + 1, byte: behind.byte + 1 };
        }
        Some(text::headings_of(self.about.file, &record, start.line))
    }

    /// Reads parts until there are none; `None` when one cannot be read by itself.
    #[allow(clippy::option_option, reason = "nothing to tell and not to be read so are two things")]
    fn parts(
        &self,
        feed: &Supply<Feed<'_>, Part>,
        headings: &Headings,
        sizes: &Sizes,
        has_failed: &AtomicBool,
    ) -> Option<Option<V>> {
        let mut visitor: Option<V> = None;
        let mut part = None;
        let mut index = Index::default();
        while !has_failed.load(Ordering::Relaxed) {
            part = feed.next(part, |feed, part| feed.next(part, sizes)).ok()?;
            let Some(part) = &part else { break };
            let visitor = match &mut visitor {
                Some(visitor) => visitor,
                none => {
                    let mut new = (self.visitor)();
                    if !new.headings(headings) {
                        return None;
                    }
                    none.insert(new)
                }
            };
            visitor.part(part.number);
            if !self.well_formed(part, headings, &mut index, visitor) {
                self.any(part, headings, visitor)?;
            }
        }
        Some(visitor)
    }

    /// Hands over the rows of a part in which nothing is out of the ordinary; `false` when it is another one.
    fn well_formed(&self, part: &Part, headings: &Headings, index: &mut Index, visitor: &mut V) -> bool {
        let bytes = part.block.filled();
        if bytes.len() > FIELD_BYTES_MAX || !index.fill(bytes, self.delimiter, headings.names.len()) {
            return false;
        }
        let is_text = index.is_ascii() || str::from_utf8(bytes).is_ok();
        if !is_text || bytes.starts_with(b"\xef\xbb\xbf") {
            return false;
        }
        raw::show(index.rows(bytes, self.delimiter, part.start.line), visitor, |_, row, visitor| {
            let meant = Meant::new(*row);
            visitor.row(&Row { number: row.number, cells: Cells::Meant(&meant) });
        });
        true
    }

    /// Hands over the rows of a part as the reader of whole texts does; `None` when it does not end with a record.
    fn any(&self, part: &Part, headings: &Headings, visitor: &mut V) -> Option<()> {
        let bytes = part.block.filled();
        // A second mark would be taken for one of the whole text.
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return None;
        }
        let records = Records::new(bytes.chain(END), self.delimiter, part.start);
        self.about.rows(records, Some(headings), visitor, || ()).ok().filter(|is_done| *is_done).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;
    use std::io::Write as _;

    use proptest::prelude::*;
    use proptest::sample::{Index as Pick, select};

    use super::*;
    use crate::files::{Kind, RawRow, Shape};
    use crate::finding::Finding;

    /// Everything a visitor is told, by part.
    #[derive(Default)]
    struct Heard {
        part: u64,
        columns: usize,
        /// Whether rows are asked for as they stand.
        takes_raw: bool,
        said: Vec<(u64, String)>,
        scratch: Vec<u8>,
    }

    impl Heard {
        fn note(&mut self, what: String) {
            self.said.push((self.part, what));
        }
    }

    impl Visitor for Heard {
        fn headings(&mut self, headings: &Headings) -> bool {
            self.columns = headings.names.len();
            true
        }
        fn part(&mut self, number: u64) {
            self.part = number;
        }
        fn raw(&mut self, row: &RawRow<'_>) -> bool {
            let texts: Option<Vec<&str>> = (0..row.columns()).map(|column| row.text(column)).collect();
            let Some(texts) = texts.filter(|_| self.takes_raw) else { return false };
            let hash = row.hash(&mut self.scratch);
            self.note(format!("{} {texts:?} {hash}", row.number));
            true
        }
        fn row(&mut self, row: &Row<'_>) {
            let text = |column| match row.cell(column) {
                super::super::Cell::Text(text) => text.to_owned(),
                other => format!("{other:?}"),
            };
            let texts: Vec<String> = (0..self.columns).map(text).collect();
            let hash = row.hash(self.columns, &mut self.scratch);
            self.note(format!("{} {texts:?} {hash}", row.number));
        }
        fn refuse(&mut self, row: &Row<'_>, finding: Finding) {
            self.note(format!(
                "{} {} {}",
                row.as_received(|_, text| text.to_owned()),
                finding.place.describe(),
                finding.title
            ));
        }
        fn fault(&mut self, finding: Finding) {
            self.note(format!("{} {}", finding.place.describe(), finding.title));
        }
    }

    fn together(visitors: Vec<Heard>) -> Vec<String> {
        let mut said: Vec<(u64, String)> = visitors.into_iter().flat_map(|visitor| visitor.said).collect();
        said.sort_by_key(|(part, _)| *part);
        said.into_iter().map(|(_, said)| said).collect()
    }

    const SMALL: usize = 48;

    /// Reads a text whole and in small parts; `None` where the parts leave it to the whole.
    fn both(
        name: &str,
        bytes: &[u8],
        headings_row: u32,
        threads: usize,
        part: usize,
    ) -> (Option<Vec<String>>, Option<Vec<String>>) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).expect("written");
        let gzip = packed.finish().expect("finished");
        let on_disk = if Packing::of(name) == Packing::Gzip { gzip.as_slice() } else { bytes };
        fs::write(folder.path().join(name), on_disk).expect("written");
        let file = DataFile::new(folder.path(), name);
        let shape = Shape { kind: Kind::of(name, None, None), headings_row };
        let mut whole = Heard::default();
        let evidence = super::super::read(&file, &shape, &mut whole).ok();
        let Kind::Text(form) = shape.kind else { panic!("a text") };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let new = || Heard { takes_raw: threads != 2, ..Heard::default() };
        let parts =
            pool.install(|| read(&file, form, headings_row, &Sizes { part, part_max: 1 << 12, file_min: 1 }, new));
        let parts = parts.map(|(of_parts, visitors)| {
            assert_eq!(Some(of_parts), evidence, "what was hashed");
            together(visitors)
        });
        (evidence.map(|_| together(vec![whole])), parts)
    }

    #[test]
    fn parts_say_what_the_whole_says_with_the_numbers_of_its_lines() {
        let mut text = "A,B,\"C\"\n".to_owned();
        for row in 0..40 {
            writeln!(text, "{row},\"a \"\"b\"\"\n, c\", x ").expect("written");
        }
        text.push_str("1,2\r\n\n7,8,9");
        let (whole, parts) = both("a.csv", text.as_bytes(), 1, 2, SMALL);
        let parts = parts.expect("read in parts");
        assert_eq!(Some(&parts), whole.as_ref());
        assert_eq!(parts.len(), 42);
        assert!(parts[1].starts_with(r#"4 ["1", "a \"b\"\n, c", "x"]"#), "{}", parts[1]);
        assert!(parts[40].contains("a.csv:82 this row has 2 fields"), "{}", parts[40]);
        assert!(parts[41].starts_with(r#"84 ["7", "8", "9"]"#), "{}", parts[41]);
    }

    #[test]
    fn a_part_that_does_not_end_with_a_record_is_left_to_the_reader_of_the_whole() {
        // The quote within a field means nothing, but moves where the text seems to be cut.
        let text = format!("A,B\n19\" rack,1\n{}", "\"x\ny\",2\n".repeat(30));
        let (whole, parts) = both("a.csv", text.as_bytes(), 1, 2, SMALL);
        assert_eq!(whole.expect("read").len(), 31);
        assert_eq!(parts, None);
        for broken in ["A,B\n\"1,2\n", "A,B\n", ""] {
            assert_eq!(both("a.csv", broken.as_bytes(), 3, 2, SMALL).1, None, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_in_parts_as_it_is_as_a_whole(
            pieces in prop::collection::vec((any::<Pick>(), any::<Pick>()), 0..60),
            is_plain in any::<bool>(),
            ending in select(vec!["\n", "\r\n"]),
            threads in 1..4usize,
            headings_row in 1..3u32,
            part in select(vec![SMALL, 200, 1 << 12]),
            name in select(vec!["a.csv", "a.csv.gz"]),
        ) {
            const LONG: &str = "\"sixty-four bytes and a comma, so that steps begin and end within quotes\"";
            const WELL: [&str; 15] = [LONG, "1", "-2.50", " x", "y\u{a0}", "'-3", "", "\"q\"", "\" q \"", "\"a,b\"",
                "\"{\"\"k\"\": 1}\"", "\"two\nlines\"", "\"two\r\nlines\"", "€", "\"'=\"\"1\""];
            const ILL: [&str; 12] = ["a\"b", "\"a\"b", "\"\"", "\u{feff}z", "\rz", "a,b,c", "\n", "\"", "\0", "\"\"\"",
                "\"a\" ", "\u{2}\u{3}\u{2}\u{3}"];
            let mut text = String::from("title\n").repeat(headings_row as usize - 1) + "A,B" + ending;
            for (one, two) in &pieces {
                let field = |pick: &Pick| {
                    let at = pick.index(if is_plain { WELL.len() } else { WELL.len() * 6 + ILL.len() });
                    if at < WELL.len() * 6 { WELL[at % WELL.len()] } else { ILL[at - WELL.len() * 6] }
                };
                write!(text, "{},{}{ending}", field(one), field(two)).expect("written");
            }
            let mut bytes = text.into_bytes();
            if let Some((pick, other)) = pieces.first().filter(|_| !is_plain && pieces.len() % 7 == 0) {
                let at = pick.index(bytes.len());
                bytes[at] = u8::try_from(other.index(256)).expect("a byte");
            }
            let (whole, parts) = both(name, &bytes, headings_row, threads, part);
            if is_plain {
                prop_assert!(parts.is_some() || pieces.is_empty());
            }
            if let Some(parts) = parts {
                prop_assert_eq!(Some(parts), whole);
            }
        }
    }
}
