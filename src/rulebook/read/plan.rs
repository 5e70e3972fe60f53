//! `plan` and `in_place_of` of sources and drivers, and `beside` and `trend` of `[model]`.

use super::Reader;
use crate::finding::{Spot, clean};
use crate::rulebook::plan::{BesideKind, Planned};
use crate::rulebook::syntax::Table;
use crate::rulebook::{DriverDecl, SourceDecl};

/// The words of `beside`.
const BESIDE: [(&str, BesideKind); 5] = [
    ("previous", BesideKind::Previous),
    ("last year", BesideKind::LastYear),
    ("year to date", BesideKind::YearToDate),
    ("plans", BesideKind::Plan),
    ("plans to date", BesideKind::PlanToDate),
];

/// Periods in a trend: a year of months. Each is a calculation of its own.
const TREND_MAX: u32 = 12;

/// A source or driver, as far as plans are concerned: what it is called, where, and its plan.
type Member<'m> = (&'m str, &'m Spot, &'m Planned);

impl Reader<'_> {
    pub(super) fn planned(&mut self, table: &Table) -> Planned {
        let plan = self.text(table, "plan");
        if let Some(plan) = &plan {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
            if plan.name.is_empty() || plan.name.starts_with('.') || !plan.name.bytes().all(fits) {
                let title = format!("`{}` cannot name a plan", clean(&plan.name));
                let help = "it becomes part of a folder's name: use letters, digits, - and _, such as budget-2026";
                self.error("plan", plan.spot.place(), title, "", help);
            }
        }
        Planned { plan, in_place_of: self.text(table, "in_place_of") }
    }

    pub(super) fn beside(&mut self, model: &Table) -> Vec<BesideKind> {
        if model.get("beside").is_none() {
            return vec![BesideKind::Previous, BesideKind::Plan];
        }
        let mut kinds = Vec::new();
        for word in self.texts(model, "beside") {
            if let Some((_, kind)) = BESIDE.iter().find(|(known, _)| *known == word.name) {
                kinds.push(*kind);
            } else {
                let title = format!("`{}` cannot stand beside a run", clean(&word.name));
                let known = BESIDE.map(|(word, _)| format!("\"{word}\"")).join(", ");
                self.error("beside", word.spot.place(), title, "", format!("expected some of {known}"));
            }
        }
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// How many periods the trend shows, the run's own included.
    pub(super) fn trend(&mut self, model: &Table) -> Option<u32> {
        let node = model.get("trend")?;
        let text = self.number_text(node)?;
        let periods = text.parse().ok().filter(|periods| (2..=TREND_MAX).contains(periods));
        if periods.is_none() {
            let title = format!("a trend cannot have `{}` periods", clean(&text));
            self.error("trend", node.spot.place(), title, "", format!("expected a whole number from 2 to {TREND_MAX}"));
        }
        periods
    }

    pub(super) fn sources_fit_plans(&mut self, sources: &[SourceDecl]) {
        let all: Vec<Member<'_>> = sources.iter().map(|s| (s.name.as_str(), &s.spot, &s.planned)).collect();
        self.fit_plans("source", &all);
        if !sources.is_empty() && sources.iter().all(|source| source.planned.plan.is_some()) {
            let place = sources[0].spot.place();
            let help = "add a source without `plan`: that is what was spent";
            self.error("no-source", place, "every source of the model is part of a plan", "", help);
        }
    }

    pub(super) fn drivers_fit_plans(&mut self, drivers: &[DriverDecl]) {
        let all: Vec<Member<'_>> = drivers.iter().map(|d| (d.name.as_str(), &d.spot, &d.planned)).collect();
        self.fit_plans("driver", &all);
        for driver in drivers.iter().filter(|d| d.planned.plan.is_some() && d.planned.in_place_of.is_none()) {
            let title = format!("driver `{}` is part of a plan, and no rule can name it", driver.name);
            let help = "say which driver of the actuals it takes the place of: in_place_of = \"…\"";
            self.error("plan", driver.spot.place(), title, "", help);
        }
    }

    fn fit_plans(&mut self, what: &str, all: &[Member<'_>]) {
        let of_actuals: Vec<String> =
            all.iter().filter(|(_, _, p)| p.plan.is_none()).map(|(name, ..)| (*name).to_owned()).collect();
        let mut taken: Vec<(&str, &str)> = Vec::new();
        for (name, _, planned) in all {
            let Some(in_place_of) = &planned.in_place_of else { continue };
            let Some(plan) = &planned.plan else {
                let title = format!("`in_place_of` goes with `plan`, and {what} `{name}` is part of none");
                self.error("plan", in_place_of.spot.place(), title, "", "add plan = \"…\", or leave it out");
                continue;
            };
            self.known_name(in_place_of, what, &of_actuals);
            let place: (&str, &str) = (&plan.name, &in_place_of.name);
            if taken.contains(&place) {
                let title = format!("two of plan `{}` stand in place of {what} `{}`", plan.name, in_place_of.name);
                self.error("plan", in_place_of.spot.place(), title, "", "keep one of them");
            }
            taken.push(place);
        }
    }
}
