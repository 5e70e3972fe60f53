//! Conditions and templates: one grammar for `where`, `from`, `among`, `except` and `skip`.

use std::borrow::Cow;
use std::fmt;

use crate::dimension::HIDDEN;
use crate::finding::Spot;

/// A column of an export, or one key of a column that holds JSON tags (`Tags.env`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnRef {
    /// A column by its heading.
    Plain(String),
    /// A key inside a column of JSON objects.
    Tag(String, String),
}

impl ColumnRef {
    /// Reads `Heading` or, for a column that holds tags, `Tags.key`; only the first dot divides.
    #[must_use]
    pub fn parse(text: &str) -> ColumnRef {
        match text.split_once('.') {
            Some(("Tags", key)) if !key.is_empty() => ColumnRef::Tag("Tags".to_owned(), key.to_owned()),
            _ => ColumnRef::Plain(text.to_owned()),
        }
    }

    /// The heading the value is under.
    #[must_use]
    pub fn heading(&self) -> &str {
        match self {
            ColumnRef::Plain(heading) | ColumnRef::Tag(heading, _) => heading,
        }
    }
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnRef::Plain(heading) => f.write_str(heading),
            ColumnRef::Tag(heading, key) => write!(f, "{heading}.{key}"),
        }
    }
}

/// A test of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Blank or absent.
    Blank,
    /// Anything but blank.
    Present,
    /// Exactly this text.
    Is(String),
    /// A text with `*` and `?` in it.
    Like(String),
    /// Any of these.
    Any(Vec<Test>),
    /// Not this.
    Not(Box<Test>),
    /// A leaf below this parent; for dimensions only.
    Under(String),
}

impl Test {
    /// The test that a pattern means.
    #[must_use]
    pub fn pattern(text: &str) -> Test {
        match text {
            "" => Test::Blank,
            "*" => Test::Present,
            _ if text.contains(['*', '?']) => Test::Like(text.to_owned()),
            _ => Test::Is(text.to_owned()),
        }
    }

    /// Whether `value` passes; `is_under` answers for the parent of [`Test::Under`].
    pub fn passes(&self, value: &str, is_under: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Test::Blank => value.is_empty(),
            Test::Present => !value.is_empty(),
            Test::Is(text) => value == text,
            Test::Like(pattern) => !value.is_empty() && like(pattern, value),
            Test::Any(tests) => tests.iter().any(|test| test.passes(value, is_under)),
            Test::Not(test) => !test.passes(value, is_under),
            Test::Under(parent) => is_under(parent),
        }
    }

    /// The same test with its texts in small letters.
    #[must_use]
    pub fn in_small_letters(&self) -> Test {
        match self {
            Test::Is(text) => Test::Is(text.to_lowercase()),
            Test::Like(pattern) => Test::Like(pattern.to_lowercase()),
            Test::Any(tests) => Test::Any(tests.iter().map(Test::in_small_letters).collect()),
            Test::Not(test) => Test::Not(Box::new(test.in_small_letters())),
            Test::Blank | Test::Present | Test::Under(_) => self.clone(),
        }
    }

    /// The same test as it may be shown, with what `name` gives in place of names. Where they are personal, a pattern is a
    /// part of one, so it is not shown.
    #[must_use]
    pub fn as_shown(&self, is_personal: bool, name: &dyn Fn(&str) -> String) -> Test {
        match self {
            Test::Is(text) => Test::Is(name(text)),
            Test::Under(text) => Test::Under(name(text)),
            Test::Like(_) if is_personal => Test::Like(HIDDEN.to_owned()),
            Test::Any(tests) => Test::Any(tests.iter().map(|test| test.as_shown(is_personal, name)).collect()),
            Test::Not(test) => Test::Not(Box::new(test.as_shown(is_personal, name))),
            Test::Blank | Test::Present | Test::Like(_) => self.clone(),
        }
    }

    /// Every literal name the test speaks of.
    pub fn names(&self, found: &mut Vec<String>) {
        match self {
            Test::Is(text) | Test::Under(text) => found.push(text.clone()),
            Test::Any(tests) => tests.iter().for_each(|test| test.names(found)),
            Test::Not(test) => test.names(found),
            Test::Blank | Test::Present | Test::Like(_) => {}
        }
    }

    /// Every pattern with `*` or `?` the test speaks of.
    pub fn patterns(&self, found: &mut Vec<String>) {
        match self {
            Test::Like(pattern) => found.push(pattern.clone()),
            Test::Any(tests) => tests.iter().for_each(|test| test.patterns(found)),
            Test::Not(test) => test.patterns(found),
            Test::Blank | Test::Present | Test::Is(_) | Test::Under(_) => {}
        }
    }
}

/// Words that follow the name of what is tested: `= Network`, `not blank`.
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Blank => f.write_str("blank"),
            Test::Present => f.write_str("set"),
            Test::Is(name) => write!(f, "= {name}"),
            Test::Like(pattern) => write!(f, "like {pattern}"),
            Test::Any(tests) => f.write_str(&tests.iter().map(Test::to_string).collect::<Vec<_>>().join(" or ")),
            Test::Not(inner) => write!(f, "not {inner}"),
            Test::Under(parent) => write!(f, "under {parent}"),
        }
    }
}

/// Whether `text` matches `pattern`, where `*` stands for any characters and `?` for one.
#[must_use]
pub fn like(pattern: &str, text: &str) -> bool {
    matches(pattern, text, |sign, c| sign == '?' || sign == c)
}

/// Whether `text` matches `pattern`, where `*` stands for any characters and `fits` answers for all other signs.
fn matches(pattern: &str, text: &str, fits: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on when a later character does not fit: behind the last star, one character further.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    while let Some(c) = text.clone().next() {
        match pattern.clone().next() {
            Some('*') => {
                pattern.next();
                retry = Some((pattern.clone(), text.clone()));
            }
            Some(sign) if fits(sign, c) => {
                pattern.next();
                text.next();
            }
            _ => {
                let Some((behind_star, from)) = &mut retry else { return false };
                from.next();
                (pattern, text) = (behind_star.clone(), from.clone());
            }
        }
    }
    pattern.all(|c| c == '*')
}

/// The form of a code: `#` stands for a digit, `?` for any one character, `*` for any number of them, and
/// everything else for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form(pub String);

impl Form {
    /// Whether a text has this form.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        matches(&self.0, text, |sign, c| sign == '?' || sign == c && c != '#' || sign == '#' && c.is_ascii_digit())
    }
}

/// One field with its test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause<F> {
    /// What is looked at.
    pub field: F,
    /// The test it must pass.
    pub test: Test,
    /// Where it stands.
    pub spot: Spot,
}

/// Any of several tables, each of which must hold in all its clauses. No tables at all holds always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clauses<F>(pub Vec<Vec<Clause<F>>>);

impl<F> Default for Clauses<F> {
    fn default() -> Self {
        Clauses(Vec::new())
    }
}

impl<F> Clauses<F> {
    /// Whether there is no condition at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they hold, when `holds` answers for each clause.
    pub fn hold(&self, mut holds: impl FnMut(&Clause<F>) -> bool) -> bool {
        self.0.is_empty() || self.0.iter().any(|all| all.iter().all(&mut holds))
    }

    /// Every clause.
    pub fn clauses(&self) -> impl Iterator<Item = &Clause<F>> {
        self.0.iter().flatten()
    }

    /// Every field that is looked at.
    pub fn fields(&self) -> impl Iterator<Item = &F> {
        self.clauses().map(|clause| &clause.field)
    }
}

/// A text with `{Column}` in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Texts and columns, in order.
    pub parts: Vec<TemplatePart>,
    /// Where it stands.
    pub spot: Spot,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    /// As it is.
    Text(String),
    /// The value of a column.
    Column(ColumnRef),
}

impl Template {
    /// Reads `app-{Tags.app}`; `None` when a brace is not closed or empty.
    #[must_use]
    pub fn parse(text: &str, spot: Spot) -> Option<Template> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            if open > 0 {
                parts.push(TemplatePart::Text(rest[..open].to_owned()));
            }
            let close = rest[open..].find('}')? + open;
            let name = rest[open + 1..close].trim();
            if name.is_empty() {
                return None;
            }
            parts.push(TemplatePart::Column(ColumnRef::parse(name)));
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            parts.push(TemplatePart::Text(rest.to_owned()));
        }
        Some(Template { parts, spot })
    }

    /// The one text it always gives, when it holds no column.
    #[must_use]
    pub fn constant(&self) -> Option<String> {
        self.parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => Some(text.as_str()),
                TemplatePart::Column(_) => None,
            })
            .collect()
    }

    /// The columns it reads.
    pub fn columns(&self) -> impl Iterator<Item = &ColumnRef> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Column(column) => Some(column),
            TemplatePart::Text(_) => None,
        })
    }

    /// The text for a line. A blank part blanks the whole: `app-{Tags.app}` never gives `app-`.
    pub fn fill<'a>(&self, value: impl Fn(&ColumnRef) -> &'a str) -> Cow<'a, str> {
        if let [TemplatePart::Column(column)] = self.parts.as_slice() {
            return value(column).into();
        }
        let mut text = String::new();
        for part in &self.parts {
            match part {
                TemplatePart::Text(fixed) => text.push_str(fixed),
                TemplatePart::Column(column) => match value(column) {
                    "" => return "".into(),
                    value => text.push_str(value),
                },
            }
        }
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_like_in_a_file_manager() {
        for (pattern, text, expected) in [
            ("claims-*", "claims-prod", true),
            ("claims-*", "claims", false),
            ("*prod", "claims-prod", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
            ("?x", "äx", true),
            ("?x", "x", false),
            ("**", "", true),
            ("Total*", "Total GBP", true),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn forms_tell_codes_from_numbers_that_a_spreadsheet_made_of_them() {
        let account = Form("############".into());
        assert!(account.fits("111111111111"));
        assert!(!account.fits("1.11111E+11"));
        assert!(!account.fits(""));
        assert!(Form(String::new()).fits(""));
        assert!(Form("i-*".into()).fits("i-0abc"));
        assert!(!Form("#".into()).fits("#"));
    }

    #[test]
    fn blank_never_passes_a_pattern_and_passes_its_negation() {
        let never = |_: &str| false;
        assert!(!Test::pattern("a*").passes("", &never));
        assert!(Test::Not(Box::new(Test::pattern("a*"))).passes("", &never));
        assert!(Test::pattern("").passes("", &never));
        assert!(!Test::pattern("*").passes("", &never));
    }

    #[test]
    fn only_tags_divide_at_their_first_dot() {
        assert_eq!(ColumnRef::parse("Tags.a.b/c"), ColumnRef::Tag("Tags".into(), "a.b/c".into()));
        assert_eq!(ColumnRef::parse("Curr."), ColumnRef::Plain("Curr.".into()));
    }
}
