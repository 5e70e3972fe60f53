//! What the page shows: the charge lines by pool, service, business unit and spend, and how each figure came.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use serde::Serialize;

use super::{Run, name_or_none, unit_and_below, units_with_statement};
use crate::beside::BesideKind;
use crate::compare::CANCELLED;
use crate::dimension::{BLANK, MemberId};
use crate::explain::{self, Fault, Graph, Hop, backward_parts, hop_in_words, part_in_words, way};
use crate::rounding::UNALLOCATED;
use crate::rulebook::{BUSINESS_UNIT, DimensionId, POOL, SERVICE, SPEND};

/// Sums beyond this are not exact in a browser, whose numbers have 53 bits.
const EXACT_MAX: i128 = 1 << 53;

/// Parts of a figure that are listed; the rest is counted and added up.
const PARTS_SHOWN: usize = 6;

/// Hops that are listed at one place, and how far they are followed.
const HOPS_SHOWN: usize = 6;
const HOPS_DEEP: usize = 4;

/// Figures that are explained, the largest first: each charge line in them costs a walk back through the run. Of the others
/// the page says by which command they are.
const EXPLAINED_MAX: usize = 1_000;

/// The columns of a line of the page.
const COLUMNS: [DimensionId; 4] = [POOL, SERVICE, BUSINESS_UNIT, SPEND];

/// Everything the page shows. Amounts are whole minor units.
#[derive(Debug, Serialize)]
pub struct Page {
    organisation: String,
    period: String,
    first: String,
    last: String,
    currency: String,
    digits: u32,
    run: String,
    version: &'static str,
    /// By column: the names of its members.
    names: Vec<Vec<String>>,
    /// By column and member: whether it is a member, not what stands for none.
    #[serde(rename = "isNamed")]
    is_named: Vec<Vec<bool>>,
    /// By column: whether charge lines keep it. What they do not keep is shown as none, and has no table of its own.
    kept: [bool; 4],
    /// The number of the business unit that stands for nobody; as many as there are names when all is allocated.
    unallocated: usize,
    /// Units above others that have a statement: the name, and the numbers of the units below it.
    groups: Vec<(String, Vec<usize>)>,
    /// Pool, service, business unit, spend, amount.
    lines: Vec<(usize, usize, usize, usize, i128)>,
    /// Lines of exports that are handed back and in no figure.
    #[serde(rename = "handedBack")]
    handed_back: u64,
    beside: Vec<PageBeside>,
    /// Run, grow and transform in earlier periods, oldest first: name, amounts in the order of the names.
    trend: Vec<(String, Vec<i128>)>,
    /// What run, grow and transform should be, in tenths of a percent; nothing where nobody said.
    targets: [Option<i128>; 3],
    /// Why figures moved since the period before.
    moved: Option<PageMoved>,
    texts: Vec<String>,
    rules: Vec<PageRule>,
    /// By business unit and service, as `3 17`.
    explanations: BTreeMap<String, Explanation>,
}

impl Page {
    /// What stands in the browser's title bar.
    #[must_use]
    pub fn title(&self) -> String {
        format!("IT cost, {} · {}", self.period, self.organisation)
    }
}

#[derive(Debug, Serialize)]
struct PageBeside {
    name: String,
    kind: &'static str,
    /// Amounts by kind of spend, in the order of the names.
    spend: Vec<i128>,
    /// Business unit or nobody, service, amount.
    places: Vec<(usize, usize, i128)>,
}

#[derive(Debug, Serialize)]
struct PageMoved {
    from: String,
    causes: Vec<String>,
    /// What is said where effects cancel out and nothing is charged.
    cancelled: &'static str,
    /// Business unit, service, before, after, the effect of each cause, rounding.
    rows: Vec<(usize, usize, i128, i128, Vec<i128>, i128)>,
}

#[derive(Debug, Serialize)]
struct PageRule {
    id: String,
    why: String,
}

#[derive(Debug, Serialize)]
struct Explanation {
    hops: Vec<PageHop>,
    /// Text, amount.
    parts: Vec<(usize, i128)>,
    /// How many parts are not listed, and their sum.
    more: (usize, i128),
    rounding: i128,
}

/// Rule, text, amount, the hops before it.
#[derive(Debug, Serialize)]
struct PageHop(usize, usize, i128, Vec<PageHop>);

/// Names of the members of a column, numbered as they come.
#[derive(Default)]
struct Names {
    list: Vec<String>,
    is_named: Vec<bool>,
    index: HashMap<String, usize>,
}

impl Names {
    fn number(&mut self, name: String, is_named: bool) -> usize {
        *self.index.entry(name).or_insert_with_key(|name| {
            self.list.push(name.clone());
            self.is_named.push(is_named);
            self.list.len() - 1
        })
    }
}

/// The page of a run.
///
/// `None` where its sums would not be exact in a browser.
///
/// # Errors
/// [`Fault`] when a figure cannot be explained.
pub fn page(run: &Run<'_>, graph: &Graph, run_id: &str) -> Result<Option<Page>, Fault> {
    let size: i128 = run.charges.lines.iter().map(|line| line.minor.abs()).sum();
    if size >= EXACT_MAX {
        return Ok(None);
    }
    let mut names: Vec<Names> = COLUMNS.iter().map(|_| Names::default()).collect();
    // The kinds of spend have their numbers, whether money is there or not.
    for id in run.model.dimensions[SPEND].ids() {
        names[3].number(run.model.dimensions[SPEND].member_name(id).to_owned(), true);
    }
    let mut sums: BTreeMap<[usize; 4], i128> = BTreeMap::new();
    let mut lines_of: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (at, line) in run.charges.lines.iter().enumerate() {
        let mut key = [0; 4];
        for (column, dimension) in COLUMNS.into_iter().enumerate() {
            let member = run.charges.member(line, dimension);
            key[column] = if dimension == BUSINESS_UNIT && !line.kind.is_allocated() {
                names[column].number(UNALLOCATED.to_owned(), false)
            } else {
                names[column].number(name_or_none(&run.model.dimensions[dimension], member), member != BLANK)
            };
        }
        *sums.entry(key).or_default() += line.minor;
        if line.kind.is_allocated() {
            lines_of.entry((key[2], key[1])).or_default().push(at);
        }
    }
    let is_left = run.beside.iter().flat_map(|beside| &beside.lines).any(|line| !line.kind.is_allocated());
    let nobody = if is_left { names[2].number(UNALLOCATED.to_owned(), false) } else { 0 };
    let beside = run.beside.iter().map(|beside| {
        let at = |dimension: DimensionId| run.charges.by.iter().position(|other| *other == dimension);
        let mut name = |column: usize, members: &[String]| {
            let dimension = COLUMNS[column];
            let member = at(dimension).and_then(|at| members.get(at)).filter(|member| !member.is_empty());
            let none = name_or_none(&run.model.dimensions[dimension], MemberId::default());
            names[column].number(member.cloned().unwrap_or(none), member.is_some())
        };
        let mut spend: BTreeMap<usize, i128> = BTreeMap::new();
        let mut places: BTreeMap<(usize, usize), i128> = BTreeMap::new();
        for line in &beside.lines {
            let service = name(1, &line.members);
            let unit = if line.kind.is_allocated() {
                *spend.entry(name(3, &line.members)).or_default() += line.minor;
                name(2, &line.members)
            } else {
                nobody
            };
            *places.entry((unit, service)).or_default() += line.minor;
        }
        (beside, spend, places)
    });
    let beside: Vec<_> = beside.collect();
    let moved = run.moved.map(|moved| {
        let mut number = |column: usize, name: &str| {
            let dimension = &run.model.dimensions[COLUMNS[column]];
            let is_named = !name.is_empty();
            names[column].number(if is_named { name.to_owned() } else { name_or_none(dimension, BLANK) }, is_named)
        };
        let charged = moved.charged();
        let rows = charged.rows.iter().map(|row| {
            let (unit, service) = (number(2, &row.stand.unit), number(1, &row.stand.service));
            (unit, service, row.before, row.after, row.effects.clone(), row.rounding)
        });
        PageMoved {
            from: moved.labels[0].clone(),
            rows: rows.collect(),
            causes: moved.causes.clone(),
            cancelled: CANCELLED,
        }
    });
    // Earlier periods may have money of no kind, where this one has none.
    if run.trend.iter().any(|period| period.minor.contains_key("")) {
        names[3].number(name_or_none(&run.model.dimensions[SPEND], BLANK), false);
    }
    let kinds = names[3].list.len();
    let trend = run.trend.iter().map(|period| {
        let mut spend = vec![0; kinds];
        for (name, minor) in &period.minor {
            let name = if name.is_empty() { name_or_none(&run.model.dimensions[SPEND], BLANK) } else { name.clone() };
            if let Some(kind) = names[3].index.get(&name) {
                spend[*kind] += minor;
            }
        }
        (period.name.clone(), spend)
    });
    let trend = trend.collect();
    let beside = beside
        .into_iter()
        .map(|(beside, spend, places)| PageBeside {
            name: beside.name.clone(),
            kind: if beside.kind == BesideKind::Previous { "previous" } else { "other" },
            spend: (0..kinds).map(|kind| spend.get(&kind).copied().unwrap_or_default()).collect(),
            places: places.into_iter().map(|((unit, service), minor)| (unit, service, minor)).collect(),
        })
        .collect();
    let mut texts = Names::default();
    let explanations = explanations(run, graph, &lines_of, &mut texts)?;
    let [first, last] = [run.model.period.first, run.model.period.last].map(|day| day.to_string());
    let head = &run.model.book.head;
    let groups = groups(run, &names[2]);
    let unallocated = names[2].index.get(UNALLOCATED).copied().unwrap_or(names[2].list.len());
    Ok(Some(Page {
        organisation: head.name.clone(),
        period: run.model.title(),
        first,
        last,
        currency: head.currency.code().to_owned(),
        digits: head.currency.minor_digits(),
        run: run_id.to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        is_named: names.iter().map(|names| names.is_named.clone()).collect(),
        names: names.into_iter().map(|names| names.list).collect(),
        groups,
        kept: COLUMNS.map(|dimension| run.charges.keeps(dimension)),
        unallocated,
        lines: sums
            .into_iter()
            .map(|([pool, service, unit, spend], minor)| (pool, service, unit, spend, minor))
            .collect(),
        handed_back: run.read.totals.iter().map(|totals| totals.quarantined.lines).sum(),
        beside,
        trend,
        moved,
        targets: super::trend::targets(run).map(|target| target.permille()),
        texts: texts.list,
        rules: graph.rules.iter().map(|rule| PageRule { id: rule.id.clone(), why: rule.why.clone() }).collect(),
        explanations,
    }))
}

/// The units that have a statement of those below them, in the order of their names.
fn groups(run: &Run<'_>, names: &Names) -> Vec<(String, Vec<usize>)> {
    let dimension = &run.model.dimensions[BUSINESS_UNIT];
    let parents = units_with_statement(run).into_iter().filter(|unit| dimension.member(*unit).is_parent);
    let mut groups: Vec<(String, Vec<usize>)> = parents
        .map(|parent| {
            let below = unit_and_below(dimension, parent);
            let numbers = below.into_iter().filter_map(|unit| names.index.get(dimension.member_name(unit)).copied());
            (dimension.member_name(parent).to_owned(), numbers.collect())
        })
        .collect();
    groups.sort();
    groups
}

/// How the money of each business unit and service came.
fn explanations(
    run: &Run<'_>,
    graph: &Graph,
    lines_of: &BTreeMap<(usize, usize), Vec<usize>>,
    texts: &mut Names,
) -> Result<BTreeMap<String, Explanation>, Fault> {
    let sum = |lines: &[usize]| lines.iter().map(|at| run.charges.lines[*at].minor).sum::<i128>();
    let mut places: Vec<(&(usize, usize), &Vec<usize>)> = lines_of.iter().collect();
    places.sort_by_key(|(place, lines)| (std::cmp::Reverse(sum(lines).abs()), **place));
    places.truncate(EXPLAINED_MAX);
    let found: Vec<(explain::Listed, explain::Way)> = places
        .par_iter()
        .map(|(_, lines)| Ok((backward_parts(graph, lines)?, way(graph, lines)?)))
        .collect::<Result<_, Fault>>()?;
    let currency = &run.model.book.head.currency;
    let mut explanations = BTreeMap::new();
    for (((unit, service), lines), (listed, way)) in places.into_iter().zip(found) {
        let shown = listed.parts.len().min(PARTS_SHOWN);
        let minor = |part: &explain::Part| currency.round(part.amount);
        let parts: Vec<(usize, i128)> = listed.parts[..shown]
            .iter()
            .map(|part| (texts.number(part_in_words(graph, part), true), minor(part)))
            .collect();
        let rest: crate::money::Amount = listed.parts[shown..].iter().map(|part| part.amount).sum();
        let more = (listed.parts.len() - shown, currency.round(rest));
        let rounding = sum(lines) - parts.iter().map(|(_, minor)| minor).sum::<i128>() - more.1;
        let hops = way.hops.iter().take(HOPS_SHOWN).map(|hop| page_hop(run, graph, hop, texts, 1)).collect();
        explanations.insert(format!("{unit} {service}"), Explanation { hops, parts, more, rounding });
    }
    Ok(explanations)
}

fn page_hop(run: &Run<'_>, graph: &Graph, hop: &Hop, texts: &mut Names, depth: usize) -> PageHop {
    let before = if depth < HOPS_DEEP { &hop.before.hops[..] } else { &[] };
    let before = before.iter().take(HOPS_SHOWN).map(|hop| page_hop(run, graph, hop, texts, depth + 1)).collect();
    let text = texts.number(hop_in_words(graph, hop), true);
    PageHop(hop.rule, text, run.model.book.head.currency.round(hop.amount), before)
}
