//! `showback explain`: every figure back to its rows, every cost forward to who pays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::{ExplainPlan, Print, Wanted};
use super::{Failure, Outcome, complain, fail, pipeline, report, say};
use crate::dimension::NONE_WORD;
use crate::explain::{self, Evidence, Fault, Figure, Graph, ShareOf};
use crate::finding::{Findings, did_you_mean, list_names};
use crate::model::Model;
use crate::rulebook::RuleBook;
use crate::writers::evidence;
use crate::writers::explanation::{self, Explanation};

/// Explains what is wanted.
pub(super) fn explain(plan: &ExplainPlan) -> Outcome {
    match explained(plan) {
        Ok(text) => match say(&text) {
            Ok(()) => Outcome::Done,
            Err(failure) => fail(&failure),
        },
        Err(failure) => fail(&failure),
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        match fault {
            Fault::NoRun(what) => Failure::Usage(what),
            fault => {
                complain(&format!("error: {fault}\n"));
                Failure::Refused
            }
        }
    }
}

fn explained(plan: &ExplainPlan) -> Result<String, Failure> {
    if plan.is_model_named && !plan.model.join("model.toml").is_file() {
        let model = plan.model.display();
        let help = "the first argument is a model; a period is named with --period, and a published run needs no model";
        return Err(Failure::Usage(format!("there is no model.toml in `{model}`: {help}")));
    }
    let folder = folder_of(&plan.out, plan.period.as_deref())?;
    let (evidence, of_plan) = evidence_of(&folder)?;
    let graph = Graph::read(&folder, &evidence)?;
    let of_plan = of_plan.as_deref();
    let asked = of_plan.map_or_else(|| evidence.period.clone(), |plan| format!("{}@{plan}", evidence.period));
    let mut explanation = Explanation::default();
    if let Some((file, row)) = &plan.row {
        let found = explain::find_row(&graph, rule_book(&plan.model, of_plan)?, &evidence, file, *row);
        let found = found.map_err(Failure::Usage)?;
        explanation.title = format!("row {row} of {file}");
        if let Some(share) = found.share {
            forward(&graph, &[share], None, plan.top, &mut explanation)?;
        }
        explanation.found = Some(found);
    } else {
        let names = Names { graph: &graph, model: &plan.model };
        let figure = Figure { wanted: wanted(&plan.of, |column, name| names.of_figure(column, name))? };
        let lines = figure.lines(&graph);
        if lines.is_empty() {
            let named: Vec<String> = plan.of.iter().map(|(column, name)| format!("{column}={name}")).collect();
            return Err(Failure::Usage(format!("no charge line of {} is of {}", graph.period, named.join(" and "))));
        }
        explanation.title = title(&figure, &asked);
        if plan.from.is_empty() {
            backward(&graph, &lines, (plan, of_plan), &evidence, &mut explanation)?;
        } else {
            let from = Figure { wanted: wanted(&plan.from, |column, name| names.of_origin(column, name))? };
            let origins = origins(&graph, &from);
            if origins.is_empty() {
                let named: Vec<String> = plan.from.iter().map(|(column, name)| format!("{column}={name}")).collect();
                let what = format!("no opening balance of {} is of {}", graph.period, named.join(" and "));
                return Err(Failure::Usage(what));
            }
            let only = (!plan.of.is_empty()).then_some(lines.as_slice());
            explanation.title = title(&from, &asked);
            if only.is_some() {
                explanation.within = Some(title(&figure, &asked));
            }
            forward(&graph, &origins, only, plan.top, &mut explanation)?;
        }
    }
    Ok(match plan.format {
        Print::Human => explanation::human(&graph, &explanation, plan.top),
        Print::Csv => explanation::csv(&graph, &explanation, plan.top),
        Print::Json => explanation::json(&graph, &explanation, plan.top),
    })
}

/// The folder of a published run; of the latest period where none is named, of its actuals if they are there.
fn folder_of(out: &Path, period: Option<&str>) -> Result<PathBuf, Failure> {
    let published = || -> BTreeSet<String> {
        let entries = std::fs::read_dir(out).into_iter().flatten().flatten();
        let names = entries.filter(|entry| entry.path().join("run.json").is_file());
        names
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .collect()
    };
    let Some(period) = period else {
        let published = published();
        let latest = published.iter().rfind(|name| !name.contains('@')).or(published.last()).cloned();
        return latest.map(|name| out.join(name)).ok_or_else(|| {
            let help = if out.join(evidence::FILE).is_file() {
                "it is itself a run; --out names the folder it lies in, and --period the run"
            } else {
                "begin with `showback run`"
            };
            Failure::Usage(format!("nothing is published in {}: {help}", out.display()))
        });
    };
    let folder = out.join(period);
    if folder.join("run.json").is_file() {
        return Ok(folder);
    }
    let published = published();
    let help = match published.len() {
        0 => "begin with `showback run`".to_owned(),
        _ => format!("published are {}", list_names(published.iter().map(String::as_str), 12)),
    };
    Err(Failure::Usage(format!("no run of `{period}` is published in {}: {help}", out.display())))
}

/// What a run says of itself, and the plan that it is of.
fn evidence_of(folder: &Path) -> Result<(Evidence, Option<String>), Failure> {
    let path = folder.join(evidence::FILE);
    let bytes = std::fs::read(&path)
        .map_err(|error| Failure::Machine(format!("{} cannot be read: {error}", path.display())))?;
    let changed = || Fault::Changed(format!("{} is not as the run wrote it: run again", path.display()));
    let text = String::from_utf8(bytes).map_err(|_| changed())?;
    let evidence = evidence::Evidence::parse(&text).map_err(|_| changed())?;
    if !evidence.is_sealed(&text) {
        return Err(changed().into());
    }
    Ok((evidence.to_explain(), evidence.plan))
}

/// The rules of the actuals, or of the plan that a run is of.
fn rule_book(model: &Path, plan: Option<&str>) -> Result<RuleBook, Failure> {
    let mut findings = Findings::new();
    let book = pipeline::rule_book(model, &mut findings);
    if book.is_err() {
        report(&findings, super::args::View { json: false, quiet: false });
    }
    pipeline::of_plan(book?, plan)
}

fn title(figure: &Figure, period: &str) -> String {
    let named = |(column, values): &(String, Vec<String>)| {
        let values: Vec<&str> = values.iter().map(|value| if value.is_empty() { NONE_WORD } else { value }).collect();
        format!("{} {}", column.replace('_', " "), values.join(" or "))
    };
    let named: Vec<String> = figure.wanted.iter().map(named).collect();
    if named.is_empty() { format!("everything of {period}") } else { format!("{} · {period}", named.join(", ")) }
}

/// What is wanted by column, each name in the form in which the run has it.
fn wanted(
    typed: &[Wanted],
    name: impl Fn(&str, &str) -> Result<String, Failure>,
) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let mut wanted: Vec<(String, Vec<String>)> = Vec::new();
    for (column, typed) in typed {
        let known = name(column, typed)?;
        match wanted.iter_mut().find(|(other, _)| other == column) {
            Some((_, names)) if names.contains(&known) => {}
            Some((_, names)) => names.push(known),
            None => wanted.push((column.clone(), vec![known])),
        }
    }
    Ok(wanted)
}

/// Names as they are typed, and as the run has them.
struct Names<'g> {
    graph: &'g Graph,
    model: &'g Path,
}

impl Names<'_> {
    /// A name in a column of charge lines.
    fn of_figure(&self, column: &str, name: &str) -> Result<String, Failure> {
        let graph = self.graph;
        if column == "id" {
            let ids = || graph.lines.iter().map(|line| line.id.as_str());
            return self.known("charge line", name, ids(), "their ids are in data/charges.csv");
        }
        let Some(at) = graph.columns.iter().position(|known| known == column) else {
            let columns = graph.columns.iter().map(String::as_str);
            let help = match did_you_mean(column, columns.clone()) {
                Some(nearest) => format!(": {nearest}"),
                None if graph.dimensions.iter().any(|known| known == column) => {
                    format!("; who pays for money of a {column} says `--from {column}=NAME`")
                }
                None => String::new(),
            };
            let listed = list_names(columns, 40);
            return Err(Failure::Usage(format!("charge lines do not keep `{column}`; they have {listed}{help}")));
        };
        let names: BTreeSet<&str> = graph.lines.iter().map(|line| &*line.values[at]).collect();
        self.known(column, name, names.iter().copied(), "")
    }

    /// A name in a column of opening balances.
    fn of_origin(&self, column: &str, name: &str) -> Result<String, Failure> {
        let graph = self.graph;
        if column == "file" {
            let files: BTreeSet<&str> = graph.origins.iter().flat_map(|origin| origin.file.split("; ")).collect();
            return self.known(column, name, files.iter().copied(), "");
        }
        if !graph.dimensions.iter().any(|known| known == column) {
            let columns = graph.dimensions.iter().map(String::as_str).chain(["file", "row"]);
            let help = did_you_mean(column, columns.clone()).map(|help| format!(": {help}")).unwrap_or_default();
            let listed = list_names(columns, 40);
            return Err(Failure::Usage(format!("opening balances have no `{column}`; they have {listed}{help}")));
        }
        let names: BTreeSet<&str> = graph.origins.iter().map(|origin| graph.member_in(origin.place, column)).collect();
        self.known(column, name, names.iter().copied(), "")
    }

    fn known<'n>(
        &self,
        column: &str,
        name: &str,
        names: impl Iterator<Item = &'n str> + Clone,
        help: &str,
    ) -> Result<String, Failure> {
        let wanted = if name == NONE_WORD { "" } else { name };
        let wanted = crate::dimension::normal_name(wanted);
        if names.clone().any(|known| known == wanted) {
            return Ok(wanted);
        }
        if let Some(alias) = self.alias(column, &wanted).filter(|alias| names.clone().any(|known| known == alias)) {
            return Ok(alias);
        }
        let nearest = did_you_mean(&wanted, names.clone());
        let help = nearest.unwrap_or_else(|| match help {
            "" => format!(
                "there are {}",
                list_names(names.map(|name| if name.is_empty() { NONE_WORD } else { name }), 20)
            ),
            help => help.to_owned(),
        });
        Err(Failure::Usage(format!("the run of {} has no {column} `{name}`: {help}", self.graph.period)))
    }

    /// The member that another name means, where the model is at hand.
    fn alias(&self, column: &str, name: &str) -> Option<String> {
        let book = pipeline::rule_book(self.model, &mut Findings::new()).ok()?;
        let period = book.head.calendar.period(&self.graph.period)?;
        let model = Model::load(book, period, &mut Findings::new())?;
        let dimension = model.dimensions.iter().find(|dimension| dimension.name == column)?;
        dimension.find(name).map(|member| dimension.member_name(member).to_owned())
    }
}

/// The opening balances that are wanted, whole.
fn origins(graph: &Graph, from: &Figure) -> Vec<ShareOf> {
    let is_wanted = |origin: &explain::Origin| {
        from.wanted.iter().all(|(column, names)| match column.as_str() {
            "file" => names.iter().any(|name| origin.file.split("; ").any(|file| file == name)),
            column => names.iter().any(|name| name == graph.member_in(origin.place, column)),
        })
    };
    let wanted = graph.origins.iter().enumerate().filter(|(_, origin)| is_wanted(origin));
    wanted.map(|(at, origin)| (at, origin.amount)).collect()
}

fn backward(
    graph: &Graph,
    lines: &[usize],
    (plan, of_plan): (&ExplainPlan, Option<&str>),
    evidence: &Evidence,
    explanation: &mut Explanation,
) -> Result<(), Failure> {
    let listed = explain::backward_parts(graph, lines)?;
    explanation.way = explain::way(graph, lines)?;
    if plan.rows {
        let weights = explain::backward(graph, lines)?;
        let book = rule_book(&plan.model, of_plan)?;
        explanation.rows = Some(explain::rows_of(graph, &weights, &listed, book, evidence, plan.top)?);
    }
    explanation.lines = lines.to_vec();
    explanation.listed = Some(listed);
    Ok(())
}

fn forward(
    graph: &Graph,
    origins: &[ShareOf],
    only: Option<&[usize]>,
    top: usize,
    explanation: &mut Explanation,
) -> Result<(), Failure> {
    let forward = explain::forward(graph, origins)?;
    let is_wanted = |line: usize| only.is_none_or(|only| only.binary_search(&line).is_ok());
    let listed: Vec<usize> =
        forward.lines.iter().map(|(line, _)| *line).filter(|line| is_wanted(*line)).take(top).collect();
    let rules = explain::rules_between(graph, origins, &listed)?;
    explanation.through = listed.into_iter().zip(rules).collect();
    explanation.only = only.map(<[usize]>::to_vec);
    explanation.origins = origins.to_vec();
    explanation.forward = Some(forward);
    Ok(())
}
