//! The one-way path, stage by stage: the only place that knows all of them.

use std::collections::BTreeSet;
use std::path::Path;

use super::Failure;
use super::args::PeriodWanted;
use crate::beside::{Beside, SpendOf};
use crate::classify::{Opening, classify};
use crate::compare::Comparison;
use crate::dimension::MemberId;
use crate::finding::{Finding, Findings, Place, list_names};
use crate::footprint::Footprint;
use crate::ledger::{Ledger, trial};
use crate::model::Model;
use crate::period::Period;
use crate::reports::{Run, Summary, summary};
use crate::rounding::{self, Charges};
use crate::rulebook::{self, DriverOrigin, RuleBook};
use crate::sources::{self, Read};
use crate::{allocation, files};

/// A finished calculation of one period, from the exports to the charge lines.
#[derive(Debug)]
pub struct Calculation {
    /// The model of the period, its dimensions sealed.
    pub model: Model,
    /// What the sources gave.
    pub read: Read,
    /// The money as it entered.
    pub opening: Opening,
    /// What happened to it.
    pub ledger: Ledger,
    /// The result.
    pub charges: Charges,
    /// Everything that was read, for evidence.
    pub inputs: files::Inputs,
    /// Earlier periods and plans beside it; none until they are asked for.
    pub beside: Vec<Beside>,
    /// Run, grow and transform in the periods before it, oldest first; none until they are asked for.
    pub trend: Vec<SpendOf>,
    /// The movement since the period before, by cause; none until it is asked for.
    pub moved: Option<Comparison>,
}

impl Calculation {
    /// What reports are made of.
    #[must_use]
    pub fn run(&self) -> Run<'_> {
        Run {
            model: &self.model,
            read: &self.read,
            opening: &self.opening,
            ledger: &self.ledger,
            charges: &self.charges,
            beside: &self.beside,
            trend: &self.trend,
            moved: self.moved.as_ref(),
        }
    }
}

/// Reads the rule book of a model.
///
/// # Errors
/// [`Failure::Refused`]; the findings say what is wrong.
pub fn rule_book(folder: &Path, findings: &mut Findings) -> Result<RuleBook, Failure> {
    rulebook::read::read(folder, findings).ok_or(Failure::Refused)
}

/// The rule book of a plan that was asked for, or of the actuals.
///
/// # Errors
/// [`Failure::Usage`] when the model has no such plan.
pub fn of_plan(book: RuleBook, plan: Option<&str>) -> Result<RuleBook, Failure> {
    let known = &book.head.plans;
    match plan {
        Some(plan) if !known.iter().any(|name| name == plan) => Err(Failure::Usage(if known.is_empty() {
            format!("there is no plan `{plan}`: no source or driver of the model has `plan`")
        } else {
            format!("there is no plan `{plan}`; the model has {}", list_names(known.iter().map(String::as_str), 12))
        })),
        _ => Ok(book.of_plan(plan)),
    }
}

/// Calculates one period of the actuals, or of the plan that [`RuleBook::of_plan`] has chosen.
///
/// # Errors
/// [`Failure::Refused`] with findings, or [`Failure::Imbalance`].
pub fn calculate(book: RuleBook, period: Period, findings: &mut Findings) -> Result<Calculation, Failure> {
    let plan = book.plan.clone();
    let book = book.of_plan(plan.as_deref());
    let footprint = Footprint::of(&book);
    let mut model = Model::load(book, period, findings).ok_or(Failure::Refused)?;
    let mut inputs = model.inputs.clone();
    let mut read = sources::read(&model, &footprint, &mut inputs, findings).ok_or(Failure::Refused)?;
    // Of line groups, of which there are many, only their balances are wanted from here on.
    let groups = std::mem::take(&mut read.groups);
    let mut opening = classify(&mut model, &footprint, &groups, findings).ok_or(Failure::Refused)?;
    drop(groups);
    opening.balances.iter_mut().for_each(|balance| balance.groups = Vec::new());
    let ledger = allocation::allocate(&model, &opening, findings).map_err(|fault| match fault {
        allocation::Fault::Refused => Failure::Refused,
        allocation::Fault::Imbalance(imbalance) => Failure::Imbalance(imbalance),
    })?;
    trial::check(&ledger, opening.total().atoms()).map_err(Failure::Imbalance)?;
    let charges = rounding::round(&model, &ledger).map_err(|overflow| Failure::Machine(overflow.to_string()))?;
    let calculation = Calculation {
        model,
        read,
        opening,
        ledger,
        charges,
        inputs,
        beside: Vec::new(),
        trend: Vec::new(),
        moved: None,
    };
    foots(&calculation)?;
    lint(&calculation, findings);
    Ok(calculation)
}

/// Reads and classifies the exports of a period.
///
/// # Errors
/// [`Failure::Refused`] with findings.
pub fn opening(book: RuleBook, period: Period, findings: &mut Findings) -> Result<(Model, Opening), Failure> {
    let footprint = Footprint::of(&book);
    let mut model = Model::load(book, period, findings).ok_or(Failure::Refused)?;
    let read = sources::read(&model, &footprint, &mut files::Inputs::default(), findings).ok_or(Failure::Refused)?;
    let opening = classify(&mut model, &footprint, &read.groups, findings).ok_or(Failure::Refused)?;
    Ok((model, opening))
}

/// The rounded lines add up to the exact total, rounded.
fn foots(calculation: &Calculation) -> Result<(), Failure> {
    let run = calculation.run();
    let currency = &run.model.book.head.currency;
    let lines: i128 = run.charges.lines.iter().map(|line| line.minor).sum();
    let expected = currency.round(run.opening.total());
    let imbalance = |expected: i128, found: i128| {
        let what = "charge lines against the money in, rounded".to_owned();
        Failure::Imbalance(trial::Imbalance {
            what,
            expected: currency.amount(expected).atoms(),
            found: currency.amount(found).atoms(),
        })
    };
    if lines == expected && run.charges.total == expected { Ok(()) } else { Err(imbalance(expected, lines)) }
}

/// What is not wrong but worth a look.
fn lint(calculation: &Calculation, findings: &mut Findings) {
    let run = calculation.run();
    let book = &run.model.book;
    // A plan is coarser than the exports that the rules were written for.
    let tells_idle_rules = book.plan.is_none();
    for (at, rule) in book.allocate.iter().enumerate().filter(|_| tells_idle_rules) {
        let holds = rule.valid.holds_on(run.model.period.last);
        if holds && !run.ledger.tallies.keys().any(|(rule, _)| *rule == at) {
            let title = format!("rule `{}` took nothing", rule.id);
            let help = match allocation::earlier_taker(run.model, run.ledger, at) {
                Some((earlier, amount)) => format!(
                    "`{}` comes before it and took {} {} of the money it matches; put this rule first, or narrow that one",
                    book.allocate[earlier].id,
                    book.head.currency.grouped(book.head.currency.round(amount)),
                    book.head.currency.code()
                ),
                None => "no balance matches its `from`".to_owned(),
            };
            findings.push(Finding::note("took-nothing", rule.spot.place(), title).help(help));
        }
    }
    for (rule, tally) in book.classify.iter().zip(&run.opening.rules).filter(|_| tells_idle_rules) {
        if tally.lines == 0 && rule.valid.holds_on(run.model.period.last) {
            let title = format!("rule `{}` set nothing", rule.id);
            findings.push(
                Finding::note("took-nothing", rule.spot.place(), title)
                    .help("no line matches it, or earlier rules set all it would set"),
            );
        }
    }
    if tells_idle_rules {
        unused_senders(&run, findings);
    }
    let Summary { unallocated_size, money_in, .. } = summary(&run);
    if unallocated_size == 0 {
        return;
    }
    let currency = &book.head.currency;
    let size = currency.amount(unallocated_size);
    let share = crate::money::Fraction::new(book.head.tolerance.atoms(), 100 * crate::money::ONE);
    let allowed = share.and_then(|share| crate::money::apply(money_in.abs(), share)).unwrap_or_default();
    if size > allowed {
        let title = format!(
            "{} {} is unallocated, more than the tolerance of {} % ({})",
            currency.grouped(unallocated_size),
            currency.code(),
            book.head.tolerance,
            currency.grouped(currency.round(allowed))
        );
        let help = "the sheet Unallocated gives each amount its reason; add rules, or raise [model] tolerance = { unallocated = \"…%\" }";
        findings.push(Finding::attention("unallocated", Place::Run, title).help(help).money(size, currency.code()));
    }
}

/// Senders that a driver names and that had nothing to send: quantities that decided nothing.
fn unused_senders(run: &Run<'_>, findings: &mut Findings) {
    for (decl, driver) in
        run.model.book.drivers.iter().zip(&run.model.drivers).filter(|(_, driver)| !driver.from.is_empty())
    {
        let rules: Vec<usize> = (0..run.model.book.allocate.len())
            .filter(|at| run.model.book.allocate[*at].drivers().any(|name| name.name == driver.name))
            .collect();
        let used: BTreeSet<Vec<MemberId>> = run
            .ledger
            .postings
            .iter()
            .filter(|posting| rules.contains(&posting.rule))
            .map(|posting| driver.from.iter().map(|dimension| posting.from[*dimension]).collect())
            .collect();
        let unused: Vec<String> = driver
            .all()
            .into_iter()
            .filter(|(sender, _)| !used.contains(*sender))
            .map(|(sender, _)| {
                let names = driver
                    .from
                    .iter()
                    .zip(sender)
                    .map(|(dimension, member)| run.model.dimensions[*dimension].member_name(*member));
                names.collect::<Vec<_>>().join(" · ")
            })
            .collect();
        if !unused.is_empty() {
            let title = format!(
                "driver `{}` has quantities for {} that had no money to send: {}",
                driver.name,
                if unused.len() == 1 { "a sender".to_owned() } else { format!("{} senders", unused.len()) },
                list_names(unused.iter().map(String::as_str), 8)
            );
            let help = "no cost was there, another rule took it, or the name is not the one that the cost has";
            findings.push(Finding::note("unused-sender", decl.spot.place(), title).help(help));
        }
    }
}

/// Years in which the latest period is looked for.
const YEARS: std::ops::Range<i32> = 2000..2100;

/// The period of a name.
///
/// # Errors
/// [`Failure::Usage`] when the calendar has no such period.
pub fn period(book: &RuleBook, name: &str) -> Result<Period, Failure> {
    let calendar = book.head.calendar;
    calendar.period(name).ok_or_else(|| {
        Failure::Usage(format!("`{name}` is not a period of this model's calendar; one is {}", calendar.example()))
    })
}

/// The periods that are wanted, in order.
///
/// # Errors
/// [`Failure::Usage`] when the calendar has no such period, or none can be told from the files.
pub fn periods(book: &RuleBook, wanted: &PeriodWanted) -> Result<Vec<Period>, Failure> {
    let calendar = book.head.calendar;
    match wanted {
        PeriodWanted::Latest => latest(book).map(|period| vec![period]),
        PeriodWanted::Span(first, last) => {
            let (mut period, last) = (self::period(book, first)?, self::period(book, last)?);
            if last.first < period.first {
                return Err(Failure::Usage(format!(
                    "the periods run backwards: `{}` is before `{}`",
                    last.name, period.name
                )));
            }
            let mut periods = vec![period.clone()];
            while period != last {
                period = calendar.next(&period).ok_or_else(|| Failure::Usage("the periods do not end".to_owned()))?;
                periods.push(period.clone());
            }
            Ok(periods)
        }
    }
}

/// The latest period for which every source and driver with a period in its file name has its files.
fn latest(book: &RuleBook) -> Result<Period, Failure> {
    // Tables of drivers count too, but for those that may be carried forward.
    let of_drivers = book.drivers.iter().filter_map(|driver| match &driver.origin {
        DriverOrigin::Table(table) if table.carry_forward == 0 => Some(&table.table.file),
        _ => None,
    });
    let of_sources = book.sources.iter().flat_map(|source| &source.files);
    let dated: Vec<&str> =
        of_sources.chain(of_drivers).map(|file| file.name.as_str()).filter(|name| name.contains('{')).collect();
    let is_complete = |period: &Period| {
        dated
            .iter()
            .all(|pattern| !sources::matching_files(&book.data, std::iter::once(period.fill(pattern))).is_empty())
    };
    let mut period = crate::period::Day::new(YEARS.end, 1, 1).and_then(|day| book.head.calendar.containing(day));
    while let Some(current) = period {
        if current.last.ymd().0 < YEARS.start || dated.is_empty() {
            break;
        }
        if is_complete(&current) {
            return Ok(current);
        }
        period = book.head.calendar.containing(current.first.previous());
    }
    let why =
        if dated.is_empty() { "no source has {period} in its file names" } else { "for no period are all files there" };
    Err(Failure::Usage(format!(
        "the period cannot be told from the files: {why}; say which, as in --period {}",
        book.head.calendar.example()
    )))
}
