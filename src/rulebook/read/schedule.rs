//! `amortise`, `depreciation` and `remainder_to` of a source: amounts that are spread over time.

use super::Reader;
use crate::finding::{Named, Spot, clean};
use crate::money::{Fraction, ONE};
use crate::rulebook::syntax::Table;
use crate::rulebook::{CostDecl, ScheduleDecl, schema};
use crate::schedule::{Declining, FirstMonth, Method, Pace};

impl Reader<'_> {
    /// The schedule of a source; none where its lines belong to one period each.
    pub(super) fn schedule(
        &mut self,
        table: &Table,
        columns: Option<&Table>,
        cost: Option<&CostDecl>,
        what: &str,
    ) -> Option<ScheduleDecl> {
        let mut column = |key: &str| columns.and_then(|columns| self.text(columns, key));
        let (start, end) = (column("start"), column("end"));
        let (months, residual) = (column("months"), column("residual"));
        let amortise = table.get("amortise").map(|node| &node.spot);
        let depreciation = table.get("depreciation").map(|node| &node.spot);
        let spot = match (amortise, depreciation) {
            (None, None) => {
                let help = "add amortise = \"daily\" or \"monthly\", or depreciation = { straight_line = \"monthly\" }";
                for column in [&start, &end, &months, &residual].into_iter().flatten() {
                    let title = format!("{what} has columns of a schedule and does not say how its amounts are spread");
                    self.error("no-schedule", column.spot.place(), title, "", help);
                }
                self.goes_with_schedule(table, "remainder_to");
                return None;
            }
            (Some(_), Some(spot)) => {
                let title = format!("{what} has both `amortise` and `depreciation`");
                self.error("two-schedules", spot.place(), title, "", "keep one of them");
                return None;
            }
            (Some(spot), None) | (None, Some(spot)) => spot.clone(),
        };
        let method = if amortise.is_some() {
            let pace = self.text(table, "amortise").and_then(|word| self.pace(&word));
            pace.map(|pace| Method { pace, declining: None })
        } else {
            self.depreciation(table)
        };
        self.fits_a_schedule(table, cost, &spot, what);
        let remainder_to = self.members_at(table, "remainder_to");
        if let Some(node) = table.get("remainder_to").filter(|_| end.is_none() || months.is_none()) {
            let title = "`remainder_to` gets what is left of a life that ends before its time";
            let help =
                "name the column of the life and that of its end: columns = { months = \"Life\", end = \"Disposed\" }";
            self.error("no-meaning-here", node.spot.place(), title, "", help);
        }
        let Some(start) = start else {
            let help = "add columns = { start = \"From\", end = \"To\" }, or months = \"Life\" in place of `end`";
            self.error("missing-key", spot.place(), format!("{what} does not say when a line begins"), "", help);
            return None;
        };
        let is_asset = depreciation.is_some();
        if months.is_none() && (is_asset || end.is_none()) {
            let title = format!("{what} does not say how long a line lasts");
            let help = if is_asset {
                "add the column of the life in months: columns = { months = \"Life\" }"
            } else {
                "add columns = { end = \"To\" } for the last day, or months = \"Term\""
            };
            self.error("missing-key", spot.place(), title, "", help);
            return None;
        }
        Some(ScheduleDecl { spot, method: method?, is_asset, start, end, months, residual, remainder_to })
    }

    fn goes_with_schedule(&mut self, table: &Table, key: &str) {
        if let Some(node) = table.get(key) {
            let title = format!("`{key}` of a source goes with `amortise` or `depreciation`");
            self.error("no-meaning-here", node.spot.place(), title, "", "leave it out");
        }
    }

    /// Keys that make no sense beside a schedule.
    fn fits_a_schedule(&mut self, table: &Table, cost: Option<&CostDecl>, spot: &Spot, what: &str) {
        if let Some(node) = table.get("late") {
            let title = "`late` has no meaning with a schedule: each period takes its part of a line";
            self.error("no-meaning-here", node.spot.place(), title, "", "leave it out");
        }
        if matches!(cost, Some(CostDecl::Rated { .. })) {
            let title = format!("{what} has hours × rate, and hours are not spread over time");
            self.error("no-meaning-here", spot.place(), title, "", "give the source a column of amounts");
        }
    }

    fn pace(&mut self, word: &Named) -> Option<Pace> {
        match word.name.as_str() {
            "daily" => Some(Pace::Daily),
            "monthly" => Some(Pace::Monthly(FirstMonth::Days)),
            other => {
                let title = format!("`{}` is not a way to spread an amount", clean(other));
                let help = "expected daily (each day counts the same) or monthly (each month does)";
                self.error("schedule", word.spot.place(), title, "", help);
                None
            }
        }
    }

    /// Whether a declining balance keeps its rate to the end.
    fn never_switches(&mut self, depreciation: &Table) -> bool {
        let Some(word) = self.text(depreciation, "switch") else { return false };
        if word.name != "never" {
            let title = format!("`{}` does not say when the balance becomes straight-line", clean(&word.name));
            let help = "expected never; without it, in the first year in which straight line takes more";
            self.error("schedule", word.spot.place(), title, "", help);
        }
        true
    }

    fn depreciation(&mut self, table: &Table) -> Option<Method> {
        let node = table.get("depreciation")?;
        let inner = self.as_table(node, "depreciation")?;
        self.known_keys(inner, "`depreciation`", schema::DEPRECIATION);
        let straight = self.text(inner, "straight_line");
        let (pace, declining) = match (straight, inner.get("declining")) {
            (Some(word), None) => (self.pace(&word)?, None),
            (None, Some(rate)) => {
                let share = self.share(rate)?;
                let (percent, is_percentage) = share;
                let hundred = 100 * ONE;
                if !is_percentage || percent.atoms() <= 0 || percent.atoms() > hundred {
                    let help = "write the part of the book value that a year takes, such as \"20%\"";
                    self.error("schedule", rate.spot.place(), "this is not a yearly rate", "", help);
                    return None;
                }
                let rate = Fraction::new(percent.atoms(), hundred)?;
                (Pace::Monthly(FirstMonth::Days), Some(Declining { rate, never_switches: self.never_switches(inner) }))
            }
            _ => {
                let title = "`depreciation` is either straight-line or declining";
                let help = "write { straight_line = \"monthly\" } or { declining = \"20%\" }";
                self.error("schedule", node.spot.place(), title, "", help);
                return None;
            }
        };
        if let Some(switch) = inner.get("switch").filter(|_| declining.is_none()) {
            let title = "`switch` goes with a declining balance";
            self.error("no-meaning-here", switch.spot.place(), title, "", "leave it out");
        }
        let Some(word) = self.text(inner, "first_month") else { return Some(Method { pace, declining }) };
        let first = match word.name.as_str() {
            "days" => FirstMonth::Days,
            "full" => FirstMonth::Full,
            "half" => FirstMonth::Half,
            "next" => FirstMonth::Next,
            other => {
                let title = format!("`{}` does not say what the first month counts", clean(other));
                let help = "expected days, full, half or next (life begins with the month after)";
                self.error("schedule", word.spot.place(), title, "", help);
                return None;
            }
        };
        if pace == Pace::Daily {
            let title = "`first_month` goes with months, and this schedule counts days";
            self.error("no-meaning-here", word.spot.place(), title, "", "leave it out, or write \"monthly\"");
        }
        Some(Method { pace: Pace::Monthly(first), declining })
    }
}
