//! The page: one file that opens from disk and asks for nothing else.

use std::io;
use std::path::Path;

use crate::reports::Page;

/// Name of the page in the folder of a run.
pub const FILE: &str = "report.html";

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// Writes the page.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, page: &Page) -> io::Result<()> {
    // In a script, `<` could end the element or begin a comment, whatever type it has.
    let data = serde_json::to_string(page)?.replace('<', "\\u003c");
    let title = page.title().replace('&', "&amp;").replace('<', "&lt;");
    let mut text = String::with_capacity(HTML.len() + STYLE.len() + SCRIPT.len() + data.len());
    let mut rest = HTML;
    for (mark, part) in [("@TITLE@", title.as_str()), ("@STYLE@", STYLE), ("@DATA@", &data), ("@SCRIPT@", SCRIPT)] {
        let (before, behind) = rest.split_once(mark).unwrap_or((rest, ""));
        text.push_str(before);
        text.push_str(part);
        rest = behind;
    }
    text.push_str(rest);
    super::publish::write_file(path, text.as_bytes())
}
