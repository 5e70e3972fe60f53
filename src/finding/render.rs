//! How findings look: an excerpt of the rule file with a caret, or the place in the export.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Finding, Findings, Place, Severity};

/// All findings as text for people, one below the other; `styled` adds colours.
#[must_use]
pub fn render(findings: &Findings, styled: bool) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for finding in findings.iter() {
        text.push_str(&renderer.render(&[group(finding)]));
        text.push_str("\n\n");
    }
    for (code, file, count) in findings.more() {
        text.push_str(&format!("… and {count} more `{code}` in {file}\n\n"));
    }
    text
}

fn group(finding: &Finding) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Attention => Level::WARNING.with_name(Severity::Attention.word()),
        Severity::Note => Level::NOTE,
    };
    let mut group = level.primary_title(&finding.title).id(finding.code).elements(Vec::<Origin<'_>>::new());
    match &finding.place {
        Place::Run => {}
        Place::Rule(text, span) => {
            let span = span.start.min(text.text.len())..span.end.min(text.text.len());
            let annotation = AnnotationKind::Primary.span(span).label(&finding.label);
            group = group.element(Snippet::source(&text.text).path(&text.file).annotation(annotation));
        }
        place => group = group.element(Origin::path(place.describe())),
    }
    group.elements(finding.help.iter().map(|help| Level::HELP.message(help)))
}
