//! Writers: reports to files. They know how things look; they do no arithmetic of their own.

pub mod evidence;
pub mod explanation;
pub mod journal;
mod lines;
mod live;
pub mod page;
mod print;
pub mod publish;
mod sheet;
pub mod statement;
mod style;
pub mod tables;
pub mod terminal;
mod views;
mod widths;
pub mod workbook;

/// Names that Windows keeps for devices; so are `com0` to `com9` and `lpt0` to `lpt9`.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A file name for a member: letters and digits of its name, and a hash that keeps two names apart.
#[must_use]
pub fn file_stem(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_end_matches('-').chars().take(32).collect();
    // A slug that is a device is none of its own on Windows, whatever ends the file's name has.
    let is_device = DEVICES.contains(&slug.as_str())
        || ["com", "lpt"]
            .iter()
            .any(|port| slug.strip_prefix(port).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9'])));
    // A name that is its own slug but for case and blanks is told apart by that alone; others carry a hash.
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
        && name.len() <= 32
        && !slug.is_empty()
        && !is_device;
    let hash = &blake3::hash(name.as_bytes()).to_hex()[..8];
    match (is_plain, slug.is_empty()) {
        (true, _) => slug,
        (false, true) => hash.to_owned(),
        (false, false) => format!("{slug}-{hash}"),
    }
}

#[cfg(test)]
mod tests {
    use super::file_stem;

    #[test]
    fn names_become_files_that_stay_in_their_folder() {
        assert_eq!(file_stem("Motor Claims"), "motor-claims");
        let hostile = file_stem("../../etc/passwd");
        assert!(hostile.starts_with("etc-passwd-") && !hostile.contains(['/', '.']));
        assert_ne!(file_stem("Life & Pensions"), file_stem("Life + Pensions"));
        assert!(!file_stem("日本").is_empty());
    }

    #[test]
    fn no_file_is_called_like_a_device_of_windows() {
        for name in ["CON", "nul", "Aux", "prn", "COM1", "lpt9", "com0", " CON ", "C.O.N"] {
            let stem = file_stem(name);
            let (slug, hash) = stem.split_once('-').expect("a hash behind the name");
            assert!(!slug.is_empty() && hash.len() >= 8, "{stem}");
        }
        for (name, stem) in
            [("CON 2", "con-2"), ("Console", "console"), ("COM10", "com10"), ("COM", "com"), ("comx", "comx")]
        {
            assert_eq!(file_stem(name), stem);
        }
    }
}
