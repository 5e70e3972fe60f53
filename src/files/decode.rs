//! Bytes to UTF-8 text: byte order marks, declared encodings, and bounds on what one row may hold.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;

use encoding_rs::{DecoderResult, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Longest row that is read. Real ones stay below some 100 kB; one quote that is never closed makes a row of
/// the whole rest of a file, and this is where that ends.
pub(super) const ROW_BYTES_MAX: u64 = 16 << 20;

/// Longest field that is read: the largest JSON columns of real exports have some 60 kB.
pub(super) const FIELD_BYTES_MAX: usize = 1 << 20;

/// Bytes that are put behind the end of a text, so that its end can be told from a quote that swallows it.
pub(super) const END: &[u8] = b"\n\x02\x03\x02\x03\n";

/// [`END`] as a csv reader gives it when no quote is open.
pub(super) const END_FIELD: &[u8] = b"\x02\x03\x02\x03";

/// Bytes that mean nothing in Windows-1252.
const WINDOWS_1252_HOLES: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/// How the letters of a text are written as bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Encoding {
    /// The encoding of a name such as `utf-8`, `utf-16le`, `windows-1252`, `latin-1` or `shift_jis`.
    #[must_use]
    pub fn named(name: &str) -> Option<Encoding> {
        let name = name.trim().to_ascii_lowercase();
        let label = match name.as_str() {
            "latin-1" => "latin1",
            "cp1252" | "ansi" => "windows-1252",
            other => other,
        };
        let encoding = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())?;
        // A stand-in of browsers that no export is written in.
        (encoding.name() != "x-user-defined").then_some(Encoding(encoding))
    }

    /// What people call it.
    #[must_use]
    pub fn name(self) -> String {
        self.0.name().to_ascii_lowercase()
    }
}

/// What makes a text unreadable; travels inside an [`io::Error`] through the csv reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TextFault {
    /// The byte order mark says one encoding, the rules another.
    MarkDiffers { mark: Encoding, declared: Encoding },
    /// A row longer than [`ROW_BYTES_MAX`].
    RowTooLong,
}

impl fmt::Display for TextFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextFault::MarkDiffers { mark, declared } => {
                write!(f, "its byte order mark says {}, the rules say {}", mark.name(), declared.name())
            }
            TextFault::RowTooLong => write!(f, "a row is longer than {} MiB", ROW_BYTES_MAX >> 20),
        }
    }
}

impl std::error::Error for TextFault {}

impl From<TextFault> for io::Error {
    fn from(fault: TextFault) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, fault)
    }
}

impl TextFault {
    /// The fault that an error carries.
    pub(super) fn of(error: &io::Error) -> Option<&TextFault> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

/// A text as UTF-8, and how many bytes of a byte order mark stood before it.
pub(super) struct Decoded<'r> {
    pub(super) text: Box<dyn Read + Send + 'r>,
    /// Bytes before the first letter.
    pub(super) mark_bytes: u64,
    /// The encoding it was written in, where that is not UTF-8. What is not in it stands as [`BAD_BYTE`].
    pub(super) from: Option<Encoding>,
}

/// Stands in a decoded text before two hexadecimal digits: a byte that its encoding does not have. No UTF-8 text holds
/// it, so the row it stands in is found by the reader of rows, and costs a row and not the file.
pub(super) const BAD_BYTE: u8 = 0xff;

/// Bytes of a [`BAD_BYTE`] with its digits.
const BAD_BYTES: usize = 3;

/// Decodes a text by its byte order mark, or as declared, or as UTF-8 (which the reader of rows checks, so
/// that a bad byte costs a row and not the file).
pub(super) fn decode<'r>(mut raw: impl Read + Send + 'r, declared: Option<Encoding>) -> io::Result<Decoded<'r>> {
    let mut start = [0u8; 3];
    let mut filled = 0;
    while filled < start.len() {
        match raw.read(&mut start[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let start = start[..filled].to_vec();
    let mark = encoding_rs::Encoding::for_bom(&start);
    if let (Some((mark, _)), Some(declared)) = (mark, declared)
        && mark != declared.0
    {
        return Err(TextFault::MarkDiffers { mark: Encoding(mark), declared }.into());
    }
    let (encoding, mark_bytes) = match (mark, declared) {
        (Some(mark), _) => mark,
        (None, Some(declared)) => (declared.0, 0),
        (None, None) => (UTF_8, 0),
    };
    let rest = io::Cursor::new(start[mark_bytes..].to_vec()).chain(raw);
    if encoding == UTF_8 {
        return Ok(Decoded { text: Box::new(rest), mark_bytes: mark_bytes as u64, from: None });
    }
    let transcoding = Transcoding {
        raw: rest,
        encoding: Encoding(encoding),
        decoder: encoding.new_decoder_without_bom_handling(),
        input: vec![0; 1 << 16],
        unread: 0..0,
        output: vec![0; 1 << 16],
        unused: 0..0,
        last: 0,
        is_at_end: false,
        is_finished: false,
    };
    Ok(Decoded { text: Box::new(transcoding), mark_bytes: mark_bytes as u64, from: Some(Encoding(encoding)) })
}

/// Turns a text in another encoding into UTF-8 while it is read.
struct Transcoding<R> {
    raw: R,
    encoding: Encoding,
    decoder: encoding_rs::Decoder,
    input: Vec<u8>,
    unread: std::ops::Range<usize>,
    output: Vec<u8>,
    unused: std::ops::Range<usize>,
    /// The last byte of the bytes read before `input`.
    last: u8,
    is_at_end: bool,
    is_finished: bool,
}

impl<R: Read> Read for Transcoding<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.unused.is_empty() {
                let count = self.unused.len().min(out.len());
                out[..count].copy_from_slice(&self.output[self.unused.start..][..count]);
                self.unused.start += count;
                return Ok(count);
            }
            if self.is_finished {
                return Ok(0);
            }
            if self.unread.is_empty() && !self.is_at_end {
                self.last = self.unread.end.checked_sub(1).map_or(self.last, |at| self.input[at]);
                let count = self.raw.read(&mut self.input)?;
                self.unread = 0..count;
                self.is_at_end = count == 0;
            }
            let input = &self.input[self.unread.clone()];
            let hole = (self.encoding.0 == WINDOWS_1252)
                .then(|| input.iter().position(|byte| WINDOWS_1252_HOLES.contains(byte)))
                .flatten();
            let sound = &input[..hole.unwrap_or(input.len())];
            let is_last = self.is_at_end && hole.is_none();
            let room = self.output.len() - BAD_BYTES;
            let (result, read, mut written) =
                self.decoder.decode_to_utf8_without_replacement(sound, &mut self.output[..room], is_last);
            let mut at = self.unread.start + read;
            let bad = match result {
                DecoderResult::Malformed(bad, behind) => {
                    let back = usize::from(bad) + usize::from(behind);
                    Some(at.checked_sub(back).and_then(|at| self.input.get(at)).copied().unwrap_or(self.last))
                }
                DecoderResult::InputEmpty if hole.is_some() => {
                    at += 1;
                    Some(self.input[at - 1])
                }
                DecoderResult::InputEmpty | DecoderResult::OutputFull => None,
            };
            if let Some(byte) = bad {
                let digit = |digit: u8| b"0123456789ABCDEF"[usize::from(digit)];
                self.output[written..written + BAD_BYTES].copy_from_slice(&[
                    BAD_BYTE,
                    digit(byte >> 4),
                    digit(byte & 15),
                ]);
                written += BAD_BYTES;
            }
            self.unread.start = at;
            self.is_finished = self.is_at_end && bad.is_none() && result == DecoderResult::InputEmpty;
            self.unused = 0..written;
        }
    }
}

/// Stops a row that does not end, and puts [`END`] behind the text.
pub(super) struct Bounded<R> {
    inner: R,
    /// Bytes handed over since the last row was complete.
    since_row: Rc<Cell<u64>>,
    end: &'static [u8],
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(inner: R, since_row: Rc<Cell<u64>>) -> Self {
        Bounded { inner, since_row, end: END }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.since_row.get() > ROW_BYTES_MAX {
            return Err(TextFault::RowTooLong.into());
        }
        let count = match self.inner.read(out)? {
            0 if !out.is_empty() => self.end.read(out)?,
            count => count,
        };
        self.since_row.set(self.since_row.get() + count as u64);
        Ok(count)
    }
}

/// What encoding a text without a byte order mark seems to be in, judging by where its zero bytes stand.
pub(super) fn guess_utf_16(text: &[u8]) -> Encoding {
    let zeros = |parity: usize| text.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    Encoding(if zeros(0) > zeros(1) { UTF_16BE } else { UTF_16LE })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], declared: Option<&str>) -> Result<String, String> {
        let declared = declared.map(|name| Encoding::named(name).expect("an encoding"));
        let mut text = String::new();
        decode(bytes, declared)
            .and_then(|mut decoded| decoded.text.read_to_string(&mut text))
            .map(|_| text)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn marks_and_declarations_say_the_encoding() {
        assert_eq!(decoded(b"\xff\xfea\0\xfc\0", None).as_deref(), Ok("aü"));
        assert_eq!(decoded(b"\xfe\xff\0a\0\xfc", None).as_deref(), Ok("aü"));
        assert_eq!(decoded(b"\xef\xbb\xbfa", None).as_deref(), Ok("a"));
        assert_eq!(decoded(b"a\0\xfc\0", Some("utf-16le")).as_deref(), Ok("aü"));
        assert_eq!(decoded(b"a\xfc\x80", Some("windows-1252")).as_deref(), Ok("aü€"));
        assert_eq!(decoded(b"a\xfc", Some("Latin-1")).as_deref(), Ok("aü"));
        assert_eq!(decoded(b"", Some("utf-16le")).as_deref(), Ok(""));
        assert_eq!(Encoding::named("klingon"), None);
    }

    #[test]
    fn what_the_encoding_does_not_have_is_marked_and_the_rest_is_read() {
        let bytes = |bytes: &[u8], declared: Option<&str>| {
            let declared = declared.map(|name| Encoding::named(name).expect("an encoding"));
            let mut text = Vec::new();
            decode(bytes, declared).expect("decoded").text.read_to_end(&mut text).expect("read");
            text
        };
        assert_eq!(bytes(b"ab\x81c\x9d", Some("windows-1252")), b"ab\xff81c\xff9D");
        assert_eq!(bytes(b"\xff\xfea\0\x00\xd8b\0", None), b"a\xff00b");
        assert_eq!(bytes(b"a\0b", Some("utf-16le")), b"a\xff62");
        let long = [b"a".repeat(1 << 16), vec![0x81], b"b".repeat(1 << 16)].concat();
        assert_eq!(bytes(&long, Some("windows-1252")).len(), (2 << 16) + 3);
        let mut text = String::new();
        let differs = decode(&b"\xff\xfea\0"[..], Encoding::named("windows-1252"));
        let error = differs.and_then(|mut decoded| decoded.text.read_to_string(&mut text)).expect_err("refused");
        assert_eq!(error.to_string(), "its byte order mark says utf-16le, the rules say windows-1252");
    }

    #[test]
    fn long_texts_come_through_whole() {
        let text = "Straße, 10 €\n".repeat(50_000);
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(&utf_16, Some("utf-16le")).as_deref(), Ok(text.as_str()));
    }
}
