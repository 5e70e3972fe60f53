//! The graph of a published run, from its data files, each checked by the hash that the run wrote of it.

use std::collections::BTreeMap;
use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Fault;
use super::graph::{Builder, EntryRead, Graph, Key, Line, RuleWords};
use crate::files::{self, Cell, DataFile, Headings, Kind, Row, Shape, Visitor};
use crate::finding::Finding;
use crate::money::{Amount, Currency, NumberFormat, parse_number};
use crate::shared::Shared;

/// What the evidence of a run says that is needed to explain it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Name of the organisation.
    pub name: String,
    /// The period.
    pub period: String,
    /// The currency of the books.
    pub currency: String,
    /// Hashes of the rule files by name.
    pub rules: BTreeMap<String, String>,
    /// Hashes of everything that was read, by name.
    pub inputs: BTreeMap<String, String>,
    /// Hashes of everything that was written, by name.
    pub outputs: BTreeMap<String, String>,
}

impl Graph {
    /// Reads the graph of a published run: `data/` below its folder. The exports are not needed.
    ///
    /// # Errors
    /// [`Fault`] when a file is missing, is not as the run wrote it, or does not lead to the closing balances.
    pub fn read(folder: &Path, evidence: &Evidence) -> Result<Graph, Fault> {
        let table = |name: &str| Published::read(folder, evidence, name);
        let (opening, closing) = (table("data/opening.csv.gz")?, table("data/closing.csv.gz")?);
        let (steps, charges) = (table("data/steps.csv")?, table("data/charges.csv")?);
        let currency = Currency::new(&evidence.currency)
            .ok_or_else(|| Fault::NoRun(format!("run.json has no currency: `{}`", evidence.currency)))?;
        let dimensions: Vec<String> = opening.headings.iter().take_while(|name| *name != "file").cloned().collect();
        let mut names = Names::new(dimensions.len());
        let (rules, loops, present) = steps_of(&steps, &dimensions)?;
        let rule_of: FxHashMap<String, usize> =
            rules.iter().enumerate().map(|(at, rule)| (rule.id.clone(), at)).collect();
        let (columns, lines) = lines_of(&charges, &currency)?;
        let line_of: FxHashMap<String, usize> =
            lines.iter().enumerate().map(|(at, line)| (line.id.clone(), at)).collect();
        let graph = Graph {
            name: evidence.name.clone(),
            period: evidence.period.clone(),
            currency,
            dimensions: dimensions.clone(),
            members: Vec::new(),
            rules,
            columns,
            lines,
            origins: Vec::new(),
            places: Vec::new(),
            loops,
            postings: Vec::new(),
            parts: Vec::new(),
            ends: Vec::new(),
            ends_of: Vec::new(),
        };
        let mut builder = Builder::new(graph, present);
        let at = opening.columns(&dimensions)?;
        let (file, lines, amount) = (opening.column("file")?, opening.column("lines")?, opening.column("amount")?);
        for row in &opening.rows {
            let key = names.key(at.iter().map(|at| row[*at].as_str()));
            builder.open(key, row[file].clone(), number_of(&row[lines])?, amount_of(&row[amount])?);
        }
        let mut entries = Entries::new(&dimensions, &rule_of, &mut names, &mut builder);
        read_file(folder, evidence, "data/entries.csv.gz", &mut entries)?;
        if let Some(fault) = entries.fault {
            return Err(fault);
        }
        let at = closing.columns(&dimensions)?;
        let (line, amount) = (closing.column("line")?, closing.column("amount")?);
        let mut ends = Vec::with_capacity(closing.rows.len());
        for row in &closing.rows {
            let key = names.key(at.iter().map(|at| row[*at].as_str()));
            ends.push((key, line_of.get(&row[line]).copied(), amount_of(&row[amount])?));
        }
        builder.name_members(names.members);
        builder.finish(ends)
    }
}

/// A data file in memory.
#[derive(Default)]
struct Published {
    name: String,
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Published {
    fn read(folder: &Path, evidence: &Evidence, name: &str) -> Result<Published, Fault> {
        let mut table = Published { name: name.to_owned(), ..Published::default() };
        read_file(folder, evidence, name, &mut table)?;
        Ok(table)
    }

    fn column(&self, name: &str) -> Result<usize, Fault> {
        let at = self.headings.iter().position(|heading| heading == name);
        at.ok_or_else(|| Fault::NoRun(format!("{} has no column `{name}`: run again with this version", self.name)))
    }

    fn columns(&self, names: &[String]) -> Result<Vec<usize>, Fault> {
        names.iter().map(|name| self.column(name)).collect()
    }
}

impl Visitor for Published {
    fn headings(&mut self, headings: &Headings) -> bool {
        self.headings.clone_from(&headings.names);
        true
    }

    fn row(&mut self, row: &Row<'_>) {
        self.rows.push((0..self.headings.len()).map(|column| text(row, column).to_owned()).collect());
    }

    // A row that does not fit shows in the hash and in the replay.
    fn fault(&mut self, _: Finding) {}
}

fn text<'r>(row: &Row<'r>, column: usize) -> &'r str {
    match row.cell(column) {
        Cell::Text(text) | Cell::Fault(text) => text,
        Cell::Day(_) => "",
    }
}

/// Reads a data file and compares its hash with the one that the run wrote.
fn read_file(folder: &Path, evidence: &Evidence, name: &str, visitor: &mut dyn Visitor) -> Result<(), Fault> {
    let file = DataFile::new(folder, name);
    if !file.path.is_file() {
        return Err(Fault::NoRun(format!("{} is not there: run again with this version", file.path.display())));
    }
    let shape = Shape { kind: Kind::of(name, None, None), headings_row: 1 };
    let read = files::read(&file, &shape, visitor).map_err(|finding| Fault::Changed(finding.title))?;
    if evidence.outputs.get(name) == Some(&read.hash) {
        return Ok(());
    }
    Err(Fault::Changed(format!("{} is not as the run wrote it: run again", file.path.display())))
}

fn amount_of(text: &str) -> Result<Amount, Fault> {
    let read = parse_number(text.as_bytes(), NumberFormat::PLAIN);
    read.map(|read| read.value).map_err(|_| Fault::Changed(format!("`{text}` is not an amount: run again")))
}

fn number_of(text: &str) -> Result<u64, Fault> {
    text.parse().map_err(|_| Fault::Changed(format!("`{text}` is not a number: run again")))
}

/// Members by name; numbered as they come.
struct Names {
    members: Vec<Vec<String>>,
    index: Vec<FxHashMap<String, u32>>,
}

impl Names {
    fn new(dimensions: usize) -> Names {
        let blank = FxHashMap::from_iter([(String::new(), 0)]);
        Names { members: vec![vec![String::new()]; dimensions], index: vec![blank; dimensions] }
    }

    fn key<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Key {
        let mut key = Vec::with_capacity(self.members.len());
        for (dimension, name) in names.enumerate() {
            let (members, index) = (&mut self.members[dimension], &mut self.index[dimension]);
            let member = index.get(name).copied().unwrap_or_else(|| {
                let member = u32::try_from(members.len()).unwrap_or(u32::MAX);
                members.push(name.to_owned());
                index.insert(name.to_owned(), member);
                member
            });
            key.push(member);
        }
        key.into()
    }
}

/// Rules, whether each step is a loop, and the dimensions that balances have in each step and at the end.
type Steps = (Vec<RuleWords>, Vec<bool>, Vec<Vec<usize>>);

fn steps_of(table: &Published, dimensions: &[String]) -> Result<Steps, Fault> {
    let [step, id, settled, by, measure, why, place, present_at] =
        ["step", "rule", "settled", "by", "measure", "why", "place", "dimensions"].map(|name| table.column(name));
    let (step, id, settled, present_at) = (step?, id?, settled?, present_at?);
    let (by, measure, why, place) = (by?, measure?, why?, place?);
    let (mut rules, mut loops, mut present): Steps = Default::default();
    let mut known: FxHashSet<&str> = FxHashSet::default();
    for row in &table.rows {
        let number = number_of(&row[step])?;
        let named: Vec<&str> = row[present_at].split(' ').collect();
        if number == present.len() as u64 + 1 {
            let is_present = |at: &usize| named.contains(&dimensions[*at].as_str());
            present.push((0..dimensions.len()).filter(is_present).collect());
            if !row[id].is_empty() {
                loops.push(row[settled] == "loop");
            }
        }
        if !row[id].is_empty() && known.insert(&row[id]) {
            rules.push(RuleWords {
                id: row[id].clone(),
                why: row[why].clone(),
                by: row[by].clone(),
                measure: row[measure].clone(),
                place: row[place].clone(),
            });
        }
    }
    Ok((rules, loops, present))
}

/// The columns of charge lines that are members, and the lines.
fn lines_of(table: &Published, currency: &Currency) -> Result<(Vec<String>, Vec<Line>), Fault> {
    let (id, amount, exact) = (table.column("id")?, table.column("amount")?, table.column("amount_exact")?);
    let begin = table.column("for_period")?;
    let mut columns = table.headings.get(begin..amount).unwrap_or_default().to_vec();
    columns.push("reason".to_owned());
    let at = table.columns(&columns)?;
    let (mut lines, mut texts) = (Vec::with_capacity(table.rows.len()), Shared::default());
    for row in &table.rows {
        lines.push(Line {
            id: row[id].clone(),
            values: at.iter().map(|at| texts.get(&row[*at])).collect(),
            minor: currency.round(amount_of(&row[amount])?),
            exact: amount_of(&row[exact])?,
        });
    }
    Ok((columns, lines))
}

/// Reads entries straight into the replay.
struct Entries<'e> {
    dimensions: &'e [String],
    rules: &'e FxHashMap<String, usize>,
    names: &'e mut Names,
    builder: &'e mut Builder,
    at: Vec<usize>,
    fault: Option<Fault>,
}

impl<'e> Entries<'e> {
    fn new(
        dimensions: &'e [String],
        rules: &'e FxHashMap<String, usize>,
        names: &'e mut Names,
        builder: &'e mut Builder,
    ) -> Entries<'e> {
        Entries { dimensions, rules, names, builder, at: Vec::new(), fault: None }
    }

    fn entry(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let count = self.dimensions.len();
        let cell = |at: usize| text(row, self.at[at]);
        let amount = |at: usize| amount_of(cell(2 * count + at));
        let step = number_of(cell(2 * count))?.checked_sub(1).and_then(|step| usize::try_from(step).ok());
        let rule = self.rules.get(cell(2 * count + 1)).copied();
        let (Some(step), Some(rule)) = (step, rule) else {
            return Err(Fault::Changed("an entry is of no step: run again".to_owned()));
        };
        let from = self.names.key((0..count).map(cell));
        let to = self.names.key((count..2 * count).map(cell));
        let (quantity, total, amount) = (amount(2)?, amount(3)?, amount(4)?);
        self.builder.entry(EntryRead { step, rule, from, to, quantity, total, amount });
        Ok(())
    }
}

impl Visitor for Entries<'_> {
    fn headings(&mut self, headings: &Headings) -> bool {
        let sides = ["from", "to"].into_iter();
        let of_side = |side: &'static str| self.dimensions.iter().map(move |name| format!("{side}_{name}"));
        let rest = ["step", "rule", "quantity", "total", "amount"].map(str::to_owned);
        let wanted: Vec<String> = sides.flat_map(of_side).chain(rest).collect();
        let find = |name: &String| headings.names.iter().position(|heading| heading == name);
        self.at = wanted.iter().filter_map(find).collect();
        if self.at.len() != wanted.len() {
            self.fault =
                Some(Fault::NoRun("data/entries.csv.gz lacks columns: run again with this version".to_owned()));
        }
        self.fault.is_none()
    }

    fn row(&mut self, row: &Row<'_>) {
        if self.fault.is_none()
            && let Err(fault) = self.entry(row)
        {
            self.fault = Some(fault);
        }
    }

    fn fault(&mut self, _: Finding) {}
}
