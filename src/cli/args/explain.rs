//! What was typed for `showback explain`, and what it means.

use std::path::PathBuf;

use clap::Args;

use super::{Print, ThreadsTyped};

#[derive(Args, Debug)]
pub(in crate::cli) struct ExplainTyped {
    /// Folder with model.toml, rules when not given; read for rows and for other names of members only
    model: Option<PathBuf>,
    /// Period of the run, such as 2026-10; the latest published one when not given
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,
    /// Folder with the results of runs
    #[arg(long, default_value = "out", value_name = "DIR")]
    out: PathBuf,
    /// The figure: charge lines of a member, as in `business_unit=Retail`, `kind=idle` or `period=2026-10`; several narrow it down
    #[arg(long, value_name = "COLUMN=NAME")]
    of: Vec<String>,
    /// The figure: a charge line by its id in charges.csv
    #[arg(long, value_name = "ID")]
    line: Vec<String>,
    /// Money that entered somewhere, as in `source=cloud` or `file=2026-10/ledger.csv`: says who pays for it
    #[arg(long, value_name = "COLUMN=NAME")]
    from: Vec<String>,
    /// A row of an export, as in 2026-10/ledger.csv:17: says what rules made of it, and who pays for it
    #[arg(long, value_name = "FILE:ROW", conflicts_with_all = ["of", "line", "from", "rows"])]
    row: Option<String>,
    /// Also lists the largest rows of the exports, which are read again
    #[arg(long)]
    rows: bool,
    /// How many of the largest are listed
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u16).range(1..))]
    top: u16,
    /// How it is printed
    #[arg(long, value_enum, default_value = "human")]
    format: Print,
    #[command(flatten)]
    threads: ThreadsTyped,
}

/// A column with a name that is wanted in it.
pub(in crate::cli) type Wanted = (String, String);

/// What to explain and how to show it.
#[derive(Debug)]
pub(in crate::cli) struct ExplainPlan {
    pub(in crate::cli) model: PathBuf,
    /// Whether the model was named, so that it must be there.
    pub(in crate::cli) is_model_named: bool,
    pub(in crate::cli) period: Option<String>,
    pub(in crate::cli) out: PathBuf,
    pub(in crate::cli) of: Vec<Wanted>,
    pub(in crate::cli) from: Vec<Wanted>,
    pub(in crate::cli) row: Option<(String, u64)>,
    pub(in crate::cli) rows: bool,
    pub(in crate::cli) top: usize,
    pub(in crate::cli) format: Print,
}

impl ExplainTyped {
    pub(in crate::cli) fn plan(self) -> Result<ExplainPlan, String> {
        self.threads.start()?;
        let wanted = |text: &String| match text.split_once('=') {
            Some((column, name)) if !column.trim().is_empty() => Ok((column.trim().to_owned(), name.trim().to_owned())),
            _ => Err(format!("`{text}` does not say of what; write it as in business_unit=Retail")),
        };
        let row_of = |text: &str| match text.rsplit_once(':') {
            Some((file, row)) if !file.is_empty() => row.parse().ok().map(|row| (file.to_owned(), row)),
            _ => None,
        };
        let mut of = self.of.iter().map(wanted).collect::<Result<Vec<_>, _>>()?;
        of.extend(self.line.into_iter().map(|id| ("id".to_owned(), id)));
        let mut period = self.period;
        while let Some(at) = of.iter().position(|(column, _)| column == "period") {
            let (_, named) = of.remove(at);
            if period.as_ref().is_some_and(|period| *period != named) {
                return Err("a figure is of one run: name one period".to_owned());
            }
            period = Some(named);
        }
        let mut from = self.from.iter().map(wanted).collect::<Result<Vec<_>, _>>()?;
        let mut row = self.row;
        if let Some(at) = from.iter().position(|(column, _)| column == "row") {
            row = Some(from.remove(at).1);
            if !(from.is_empty() && of.is_empty()) || self.rows {
                return Err("a row is explained on its own: leave out --of, --line, --rows and other --from".to_owned());
            }
        }
        let row = match row {
            Some(text) => Some(row_of(&text).ok_or_else(|| {
                format!("`{text}` is not a row; write it as in 2026-10/ledger.csv:17, the headings being row 1 of most files")
            })?),
            None => None,
        };
        if self.rows && !from.is_empty() {
            return Err("--rows lists the rows of a figure: leave out --from".to_owned());
        }
        Ok(ExplainPlan {
            is_model_named: self.model.is_some(),
            model: self.model.unwrap_or_else(|| PathBuf::from("rules")),
            period,
            out: self.out,
            of,
            from,
            row,
            rows: self.rows,
            top: self.top.into(),
            format: self.format,
        })
    }
}
