//! The rule book: what the model folder says, as plain values.
//!
//! [`read`] turns the TOML files into the types below, with a finding for every mistake; [`crate::model`]
//! then adds the member lists and tables the rules speak of. Nothing here opens a cost file.

pub mod condition;
pub mod fx;
pub mod plan;
pub mod presets;
pub mod read;
pub mod repairs;
pub mod schema;
mod syntax;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::files::{Encoding, FloatForm, SheetForm};
use crate::finding::{Named, RuleText, Spot};
use crate::money::{Amount, Currency, NumberFormat};
use crate::period::{Calendar, Day, Period, Validity};
use crate::schedule::Method as Spreading;
use condition::{Clauses, ColumnRef, Form, Template, Test};
use fx::FxDecl;
use plan::{BesideKind, Planned};
use presets::Preset;
use repairs::{Repair, RepairKind};

/// Index of a dimension in [`RuleBook::dimensions`].
pub type DimensionId = usize;

/// Everything the model's TOML files say.
#[derive(Clone, Debug)]
pub struct RuleBook {
    /// Folder of the model.
    pub folder: PathBuf,
    /// Folder of the data.
    pub data: PathBuf,
    /// `[model]`.
    pub head: Head,
    /// Built-in and declared dimensions.
    pub dimensions: Vec<DimensionDecl>,
    /// `[sources.*]`, by name.
    pub sources: Vec<SourceDecl>,
    /// `[drivers.*]`, by name.
    pub drivers: Vec<DriverDecl>,
    /// `[[classify]]`, in order.
    pub classify: Vec<ClassifyRule>,
    /// `[[allocate]]`, in order.
    pub allocate: Vec<AllocateRule>,
    /// `[group.*]`, by name.
    pub groups: BTreeMap<String, Group>,
    /// `[prices.*]`, by name.
    pub prices: BTreeMap<String, PriceList>,
    /// `[fx]`.
    pub fx: Option<FxDecl>,
    /// `[journal]`.
    pub journal: Option<JournalDecl>,
    /// `[unit_costs]`.
    pub unit_costs: Vec<UnitCostDecl>,
    /// `targets` of `[spend]`.
    pub targets: Targets,
    /// The plan whose sources these are; none means actuals.
    pub plan: Option<String>,
    /// The rule files as read, in order, for evidence.
    pub texts: Vec<Arc<RuleText>>,
}

/// `[model]`: who and how.
#[derive(Clone, Debug)]
pub struct Head {
    /// Name of the organisation.
    pub name: String,
    /// What the model is about, in a sentence.
    pub description: String,
    /// The currency of the books.
    pub currency: Currency,
    /// How time is cut into periods.
    pub calendar: Calendar,
    /// Dimensions that must be filled at the end; a balance blank in one of them is unallocated.
    pub complete: Vec<DimensionId>,
    /// Share of the money in that may stay unallocated before the run asks for attention.
    pub tolerance: Amount,
    /// Dimensions the charge lines keep.
    pub charges_by: Vec<DimensionId>,
    /// What is wanted beside a run.
    pub beside: Vec<BesideKind>,
    /// Periods in the trend of run, grow and transform, the run's own included; none where it is not declared.
    pub trend: Option<u32>,
    /// The plans of the model, by name.
    pub plans: Vec<String>,
}

/// A table file with its sheet and heading row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFile {
    /// File name below the data folder; may hold `{period}` and the other words of [`crate::period::Period::fill`].
    pub file: Named,
    /// Sheet of a workbook; the first when not given.
    pub sheet: Option<String>,
    /// Row of the headings, from 1.
    pub headings_row: u32,
    /// How it is written.
    pub formats: TableFormats,
}

/// How a table is written, where that is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableFormats {
    /// The separator of a text file.
    pub delimiter: Option<u8>,
    /// How a text file is written as bytes.
    pub encoding: Option<Encoding>,
    /// How numbers are written.
    pub numbers: Option<NumberFormat>,
    /// How dates are written.
    pub dates: Option<String>,
}

/// Headings of the columns that say from when to when a table row holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValidityColumns {
    /// First day.
    pub from: Option<Named>,
    /// Last day.
    pub to: Option<Named>,
}

/// `[dimensions.*]`.
#[derive(Clone, Debug)]
pub struct DimensionDecl {
    /// Name in the rules.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Its members; open when there is no list.
    pub members: MembersDecl,
    /// Whether its names are left out of everything that is written.
    pub is_personal: bool,
}

/// Where a dimension's members come from.
#[derive(Clone, Debug)]
pub enum MembersDecl {
    /// Whatever the exports, tables and rules name.
    Open,
    /// Listed in the rules.
    List(Vec<Named>),
    /// Listed in a table.
    Table(Box<MembersTable>),
}

/// A member list in a file. Columns not named here are attributes.
#[derive(Clone, Debug)]
pub struct MembersTable {
    /// The file.
    pub table: TableFile,
    /// Heading of the names.
    pub name: Named,
    /// Heading of the parents' names.
    pub parent: Option<Named>,
    /// Heading of other names, several in a cell with `;` between.
    pub alias: Option<Named>,
    /// Heading of a whole number that orders members before their names do.
    pub order: Option<Named>,
    /// When a member exists.
    pub valid: ValidityColumns,
    /// Whether a member that exists for a part of the period counts by its days; otherwise the last day decides.
    pub is_prorated: bool,
}

/// What kind of file a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text with separators.
    Csv,
    /// Text with tabs.
    Tsv,
    /// A workbook.
    Xlsx,
    /// A Parquet file.
    Parquet,
    /// Each file as its own name says: files that a manifest names.
    ByName,
}

/// What happens to lines dated in another period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// The run is refused.
    Refuse,
    /// They belong to the run of their own period.
    Own,
    /// They are booked here, with `for_period` theirs.
    Here,
}

/// What happens to a line that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The run is refused.
    Stop,
    /// The line is handed back, and the run goes on without it.
    Quarantine,
}

/// Which files of a source must be there, beside one for each pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No more than that.
    Any,
    /// One for every day of the period.
    Daily(Spot),
    /// One for each of these patterns.
    Listed(Vec<Named>),
}

/// The form of dates that are names of periods: the line belongs to the period, as of its last day.
pub const PERIOD_AS_DATE: &str = "period";

/// `[sources.*]`: an export and how to read it.
#[derive(Clone, Debug)]
pub struct SourceDecl {
    /// Name in the rules.
    pub name: String,
    /// Where it is declared.
    pub spot: Spot,
    /// Kind of file.
    pub format: Format,
    /// File patterns below the data folder.
    pub files: Vec<Named>,
    /// Where the rows of a workbook stand.
    pub sheet: SheetForm,
    /// Row of the headings, from 1.
    pub headings_row: u32,
    /// Separator, when it is not the format's own.
    pub delimiter: Option<u8>,
    /// How text files are written; by their byte order mark, or UTF-8, when not declared.
    pub encoding: Option<Encoding>,
    /// What to do with floats of Parquet files.
    pub floats: FloatForm,
    /// How numbers are written.
    pub numbers: NumberFormat,
    /// How dates are written, or [`PERIOD_AS_DATE`]; ISO when not declared.
    pub dates: Option<String>,
    /// Texts that mean blank.
    pub null: Vec<String>,
    /// The provider's export it is, where `format` names one.
    pub preset: Option<Preset>,
    /// Repairs of its texts: declared, or of the preset.
    pub repairs: Vec<Repair>,
    /// Columns with the forms their texts may have.
    pub patterns: Vec<(Named, Vec<Form>)>,
    /// Columns that together are another text in every line; none when empty.
    pub key: Vec<Named>,
    /// Files that must be there.
    pub expect: Expect,
    /// What to do with lines that cannot be used.
    pub refused: Refused,
    /// Column of the date.
    pub date: Option<Named>,
    /// Column of the currency.
    pub currency_column: Option<Named>,
    /// The currency of all lines, where it is declared.
    pub currency: Option<(Currency, Spot)>,
    /// The kind of exchange rate, where it is not the usual one.
    pub fx: Option<Named>,
    /// The money of a line.
    pub cost: CostDecl,
    /// Whether its heading named its period: there is a column a period, and a blank cell is 0.
    pub is_by_period: bool,
    /// Columns that are shown in no finding and no line that is handed back.
    pub personal: Vec<Named>,
    /// Rows that are not cost lines, such as totals.
    pub skip: Clauses<ColumnRef>,
    /// What to do with lines of other periods.
    pub late: Late,
    /// Dimensions set after all classify rules, as a last resort.
    pub set: Vec<(DimensionId, Template)>,
    /// Declared totals.
    pub control: Option<ControlDecl>,
    /// The plan it is part of.
    pub planned: Planned,
    /// How its amounts are spread over time; none where each line belongs to one period.
    pub schedule: Option<ScheduleDecl>,
}

/// `amortise` or `depreciation`: lines that are spread over their lives.
#[derive(Clone, Debug)]
pub struct ScheduleDecl {
    /// Where it is declared.
    pub spot: Spot,
    /// How a line is spread.
    pub method: Spreading,
    /// Whether the lines are assets, whose end is a disposal.
    pub is_asset: bool,
    /// Column of the first day.
    pub start: Named,
    /// Column of the last day; where there is a life in months, of the day it ended before its time.
    pub end: Option<Named>,
    /// Column of the life in months.
    pub months: Option<Named>,
    /// Column of the residual value.
    pub residual: Option<Named>,
    /// Who gets what is left of a life that ends before its time; such a line is refused when nobody is named.
    pub remainder_to: Option<MemberSet>,
}

impl ScheduleDecl {
    /// The columns it reads.
    pub fn columns(&self) -> impl Iterator<Item = &Named> {
        [Some(&self.start), self.end.as_ref(), self.months.as_ref(), self.residual.as_ref()].into_iter().flatten()
    }
}

impl SourceDecl {
    /// Whether texts of a column are read in small letters, see [`RepairKind::AnyCase`].
    #[must_use]
    pub fn ignores_case(&self, column: &ColumnRef) -> bool {
        let ColumnRef::Plain(heading) = column else { return false };
        self.repairs.iter().any(|repair| repair.kind == RepairKind::AnyCase && repair.column == *heading)
    }

    /// Whether the text of a column passes a test; capitals do not count where they are not read.
    #[must_use]
    pub fn passes(&self, column: &ColumnRef, test: &Test, value: &str) -> bool {
        let never = |_: &str| false;
        if self.ignores_case(column) {
            test.in_small_letters().passes(&value.to_lowercase(), &never)
        } else {
            test.passes(value, &never)
        }
    }

    /// How numbers are written in a table that belongs to this source: as declared there, else as in its exports;
    /// plain in a workbook, whose cells are numbers.
    #[must_use]
    pub fn numbers_of(&self, table: &TableFile) -> NumberFormat {
        if let Some(numbers) = table.formats.numbers {
            return numbers;
        }
        match crate::files::Kind::of(&table.file.name, None, None) {
            crate::files::Kind::Text(_) => self.numbers,
            crate::files::Kind::Workbook(_) | crate::files::Kind::Parquet(_) => NumberFormat::PLAIN,
        }
    }
}

/// Where the money of a line comes from.
#[derive(Clone, Debug)]
pub enum CostDecl {
    /// A column of amounts.
    Column(Named),
    /// Hours times a rate from a table.
    Rated {
        /// Column of the quantity.
        hours: Named,
        /// The rate table.
        rate: Box<LookupDecl>,
    },
}

impl CostDecl {
    /// The column whose numbers are added up.
    #[must_use]
    pub fn column(&self) -> &Named {
        match self {
            CostDecl::Column(column) | CostDecl::Rated { hours: column, .. } => column,
        }
    }
}

/// `control`: totals the export must have.
#[derive(Clone, Debug)]
pub struct ControlDecl {
    /// Where it is declared.
    pub spot: Spot,
    /// Column that is totalled; the cost column when not given.
    pub column: Option<Named>,
    /// Where the totals stand.
    pub figures: ControlFigures,
}

/// Where control totals stand.
#[derive(Clone, Debug)]
pub enum ControlFigures {
    /// In the rules.
    Given {
        /// Sum of the column.
        total: Option<Amount>,
        /// Number of cost lines.
        rows: Option<u64>,
    },
    /// In a table, in the row whose `on` column holds the source's name.
    Table {
        /// The table.
        table: Box<TableFile>,
        /// Heading of the sources' names.
        on: Named,
        /// Heading of the sums.
        total: Option<Named>,
        /// Heading of the numbers of lines.
        rows: Option<Named>,
    },
}

/// A table that maps columns of a line to something else.
#[derive(Clone, Debug)]
pub struct LookupDecl {
    /// The table.
    pub table: TableFile,
    /// Column of the line, heading of the table.
    pub on: Vec<(ColumnRef, Named)>,
    /// What is taken: dimension and heading; the headings of a rate have no dimension and are added up.
    pub take: Vec<(Option<DimensionId>, Named)>,
    /// Headings of what a rate is multiplied by.
    pub times: Vec<Named>,
    /// Headings of what a rate is divided by.
    pub per: Vec<Named>,
    /// When a row holds, by the line's date.
    pub valid: ValidityColumns,
}

/// Words about a rule, printed where people look for reasons.
#[derive(Clone, Debug, Default)]
pub struct RuleWords {
    /// Why the rule is as it is.
    pub why: String,
    /// Who answers for it.
    pub owner: String,
    /// Who approved it, when.
    pub approved: String,
}

/// `[[classify]]`: says what a line was spent for.
#[derive(Clone, Debug)]
pub struct ClassifyRule {
    /// Unique name.
    pub id: String,
    /// Where it stands.
    pub spot: Spot,
    /// Why, who.
    pub words: RuleWords,
    /// Sources it looks at; all when empty.
    pub sources: Vec<Named>,
    /// Which lines.
    pub filter: Clauses<ColumnRef>,
    /// Dimensions it sets.
    pub set: Vec<(DimensionId, Template)>,
    /// A mapping table.
    pub lookup: Option<LookupDecl>,
    /// When the rule holds.
    pub valid: Validity,
}

/// What a condition on balances looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BalanceField {
    /// The member of a dimension.
    Dimension(DimensionId),
    /// An attribute of the member of a dimension.
    Attribute(DimensionId, String),
}

/// `[[allocate]]`: splits balances over members.
#[derive(Clone, Debug)]
pub struct AllocateRule {
    /// Unique name.
    pub id: String,
    /// Where it stands.
    pub spot: Spot,
    /// Why, who.
    pub words: RuleWords,
    /// Which balances.
    pub from: Clauses<BalanceField>,
    /// Dimensions that are set, in the order of the rule.
    pub to: Vec<DimensionId>,
    /// How.
    pub by: By,
    /// Dimensions within which `cost_so_far` compares.
    pub within: Vec<DimensionId>,
    /// Only these members receive.
    pub among: Option<Clauses<BalanceField>>,
    /// These members do not receive.
    pub except: Option<Clauses<BalanceField>>,
    /// Dimensions that may be overwritten.
    pub replace: Vec<DimensionId>,
    /// What happens to money without a driver.
    pub if_no_driver: IfNoDriver,
    /// When the rule holds.
    pub valid: Validity,
    /// How a rule with several senders is settled; none is a plain split.
    pub settlement: Option<Settlement>,
    /// The group it is part of.
    pub group: Option<Named>,
    /// Bounds of what a receiver gets.
    pub limits: Limits,
    /// What the quantities could be at most, and who pays for what is not used.
    pub capacity: Option<Capacity>,
    /// Who gets what stated amounts and caps leave over.
    pub remainder_to: Option<MemberSet>,
    /// Who gets the difference between prices, minimum or maximum bills and the cost.
    pub recovery_to: Option<MemberSet>,
    /// Whether negative quantities count as 0; otherwise they are refused.
    pub drops_negative: bool,
}

impl AllocateRule {
    /// Every driver the rule reads.
    pub fn drivers(&self) -> impl Iterator<Item = &Named> {
        let by: Vec<&Named> = match &self.by {
            By::Driver(name) | By::Price { quantity: name, .. } => vec![name],
            By::Mix(parts) => parts.iter().map(|(name, _)| name).collect(),
            _ => Vec::new(),
        };
        let fallback = if let IfNoDriver::Driver(name) = &self.if_no_driver { Some(name) } else { None };
        let bounds = [&self.limits.cap, &self.limits.floor]
            .into_iter()
            .flatten()
            .filter_map(|bound| if let Bound::Driver(name) = bound { Some(name) } else { None });
        let capacity = self
            .capacity
            .as_ref()
            .and_then(|capacity| if let CapacityOf::Driver(name) = &capacity.size { Some(name) } else { None });
        by.into_iter().chain(fallback).chain(bounds).chain(capacity)
    }

    /// Whether a driver is read for more than its total as a capacity, so that it must have the rule's receivers.
    #[must_use]
    pub fn splits_by(&self, driver: &str) -> bool {
        let as_capacity = self
            .capacity
            .as_ref()
            .is_some_and(|capacity| matches!(&capacity.size, CapacityOf::Driver(name) if name.name == driver));
        self.drivers().filter(|name| name.name == driver).count() > usize::from(as_capacity)
    }

    /// Whether a condition of `from` looks at a dimension, so that the rule may overwrite its member.
    #[must_use]
    pub fn from_names(&self, dimension: DimensionId) -> bool {
        self.from.fields().any(
            |field| matches!(field, BalanceField::Dimension(id) | BalanceField::Attribute(id, _) if *id == dimension),
        )
    }
}

/// A member for each of some dimensions.
pub type MemberSet = Vec<(DimensionId, Named)>;

/// What a rule splits by.
#[derive(Clone, Debug)]
pub enum By {
    /// Everything to one member of each dimension.
    Member(MemberSet),
    /// A driver.
    Driver(Named),
    /// Equal parts.
    Even,
    /// Declared shares; weights at the scale of an amount.
    Shares {
        /// Member and weight.
        shares: Vec<(Named, Amount)>,
        /// Who gets what is missing to 100 %, with that weight.
        remainder: Option<(MemberSet, Amount)>,
    },
    /// Declared amounts; the rest stays.
    Amounts(Vec<(Named, Amount)>),
    /// In proportion to the cost already held.
    CostSoFar(Clauses<BalanceField>),
    /// To the member that an attribute names.
    Attribute(DimensionId, String, Spot),
    /// Percentages of the money, each split by a driver of its own.
    Mix(Vec<(Named, Amount)>),
    /// A price for each of a driver's quantities.
    Price {
        /// The price.
        price: PriceOf,
        /// The driver.
        quantity: Named,
    },
}

/// Where a price stands.
#[derive(Clone, Debug)]
pub enum PriceOf {
    /// In the rule: one price for every quantity.
    Flat(Amount),
    /// In `[prices.*]`.
    List(Named),
}

/// `[prices.*]`: prices by tier.
#[derive(Clone, Debug)]
pub struct PriceList {
    /// Where it is declared.
    pub spot: Spot,
    /// Whether the tier a quantity lands in prices all of it, or only what lies in the tier.
    pub is_volume: bool,
    /// Tiers, lowest first; of those that hold on one day only the last is open.
    pub tiers: Vec<Tier>,
}

impl PriceList {
    /// The tiers that hold on a day.
    pub fn on(&self, day: Day) -> impl Iterator<Item = &Tier> {
        self.tiers.iter().filter(move |tier| tier.valid.holds_on(day))
    }
}

/// A tier of a price list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The largest quantity in it, included; none for the last.
    pub up_to: Option<Amount>,
    /// Price of one.
    pub price: Amount,
    /// Fee for entering it.
    pub flat: Amount,
    /// When it holds.
    pub valid: Validity,
}

/// Bounds of what receivers get.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Most that a receiver gets; the others share the rest at one common rate.
    pub cap: Option<Bound>,
    /// Least that a receiver gets.
    pub floor: Option<Bound>,
    /// Least that a bill is.
    pub minimum: Option<Amount>,
    /// Most that a bill is.
    pub maximum: Option<Amount>,
    /// Percentage of each bill that somebody else bears.
    pub subsidy: Option<Amount>,
    /// Percentage that is added to each bill.
    pub mark_up: Option<Amount>,
}

impl Limits {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let has_bounds = self.cap.is_some() || self.floor.is_some();
        let has_ends = self.minimum.is_some() || self.maximum.is_some();
        !has_bounds && !has_ends && self.subsidy.is_none() && self.mark_up.is_none()
    }
}

/// A bound for receivers.
#[derive(Clone, Debug)]
pub enum Bound {
    /// The same for each.
    Each(Amount),
    /// For those that are named.
    Members(Vec<(Named, Amount)>),
    /// From a driver's quantities.
    Driver(Named),
}

/// `capacity` with `idle_to`.
#[derive(Clone, Debug)]
pub struct Capacity {
    /// How much there is.
    pub size: CapacityOf,
    /// Who pays for what is not used.
    pub idle_to: MemberSet,
    /// Whether the run is refused where not all is used.
    pub refuses_idle: bool,
    /// Where it stands.
    pub spot: Spot,
}

/// Where a capacity stands.
#[derive(Clone, Debug)]
pub enum CapacityOf {
    /// In the rule.
    Given(Amount),
    /// The total of a driver, for the same sender.
    Driver(Named),
}

/// What happens to money for which there is no driver.
#[derive(Clone, Debug)]
pub enum IfNoDriver {
    /// The run is refused.
    Refuse,
    /// It stays, unallocated, with its reason.
    Leave,
    /// Equal parts.
    Even,
    /// Another driver.
    Driver(Named),
    /// One member.
    Member(MemberSet),
}

/// How senders that serve each other are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Only those count that are no senders themselves.
    Direct,
    /// One sender after the other; who has sent does not receive any more.
    StepDown,
    /// Twice: first over everybody, then as a step-down of what has come back to senders.
    DoubleStepDown(FirstRound),
    /// All at once, as simultaneous equations.
    Reciprocal {
        /// Whether a sender's use of itself counts; receivers get the same either way, gross costs do not.
        keeps_self_use: bool,
    },
    /// Round after round, each sender handing out all it has; what is left after the last stays.
    Iterative(u32),
}

/// What a sender hands out in the first round of a double step-down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRound {
    /// Only its own cost; what it receives waits for the second round.
    OwnCost,
    /// Also what it has received before its turn.
    WithReceived,
}

/// How rules with several senders are settled.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// How.
    pub method: Method,
    /// In which order the senders send.
    pub order: Order,
}

/// The order in which senders send.
#[derive(Clone, Debug)]
pub enum Order {
    /// That of the rules, then of names.
    Rules,
    /// As declared, first to last.
    Declared(Vec<Named>),
    /// By the share of its quantities that a sender gives to other senders, falling.
    Ranked,
}

impl Method {
    /// The word in the rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Method::Direct => "direct",
            Method::StepDown => "step-down",
            Method::DoubleStepDown(_) => "double-step-down",
            Method::Reciprocal { .. } => "reciprocal",
            Method::Iterative(_) => "iterative",
        }
    }
}

/// `[group.*]`: rules that are settled together.
#[derive(Clone, Debug)]
pub struct Group {
    /// Where it is declared.
    pub spot: Spot,
    /// How.
    pub settlement: Settlement,
}

/// `[drivers.*]`: quantities to split by.
#[derive(Clone, Debug)]
pub struct DriverDecl {
    /// Name in the rules.
    pub name: String,
    /// Where it is declared.
    pub spot: Spot,
    /// Dimensions of the senders.
    pub from: Vec<DimensionId>,
    /// Dimensions of the receivers.
    pub to: Vec<DimensionId>,
    /// What is counted, in the singular.
    pub measure: String,
    /// Which rows or lines.
    pub filter: Clauses<ColumnRef>,
    /// Where its quantities are.
    pub origin: DriverOrigin,
    /// The plan it is part of.
    pub planned: Planned,
}

/// Where a driver's quantities are.
#[derive(Clone, Debug)]
pub enum DriverOrigin {
    /// In a table.
    Table(Box<DriverTable>),
    /// In the cost lines of a source.
    Lines(Box<DriverLines>),
}

/// A table of quantities.
#[derive(Clone, Debug)]
pub struct DriverTable {
    /// The table.
    pub table: TableFile,
    /// Headings of the senders, in the order of [`DriverDecl::from`].
    pub from: Vec<Named>,
    /// Headings of the receivers, in the order of [`DriverDecl::to`].
    pub to: Vec<Named>,
    /// Heading of the quantity; none in a wide table, whose headings are the receivers, and where rows are counted.
    pub quantity: Option<Named>,
    /// Whether the heading of the quantity named its period: there is a column a period, and a blank cell is no row.
    pub is_by_period: bool,
    /// Headings of a wide table that are no receivers.
    pub ignore: Vec<Named>,
    /// When a row holds.
    pub valid: ValidityColumns,
    /// Whether a row that holds for a part of the period counts by its days; otherwise the last day decides.
    pub is_prorated: bool,
    /// How many periods back a table may come from when this period's is missing.
    pub carry_forward: u32,
}

/// Quantities in cost lines.
#[derive(Clone, Debug)]
pub struct DriverLines {
    /// The source.
    pub source: Named,
    /// Senders, in the order of [`DriverDecl::from`].
    pub from: Vec<Template>,
    /// Receivers, in the order of [`DriverDecl::to`].
    pub to: Vec<Template>,
    /// Column of the quantity; none counts lines.
    pub quantity: Option<Named>,
}

/// The quantity of a driver that counts rows.
pub const ROWS: &str = "rows";

/// The heading that makes a driver's table a wide one: its receivers are headings.
pub const WIDE: &str = "*";

/// `[journal]`.
#[derive(Clone, Debug)]
pub struct JournalDecl {
    /// Where it is declared.
    pub spot: Spot,
    /// The table that gives the accounts of a charge line.
    pub accounts: TableFile,
    /// Dimensions that choose the accounts.
    pub on: Vec<DimensionId>,
    /// Heading of the account that is charged.
    pub debit: Named,
    /// Heading of the account that recovers.
    pub credit: Named,
    /// Heading of the legal entity.
    pub company: Option<Named>,
    /// When a row of the accounts holds.
    pub valid: ValidityColumns,
    /// The chart of accounts.
    pub register: TableFile,
    /// Heading of the accounts in the chart.
    pub account: Named,
}

/// One line of `[unit_costs]`.
#[derive(Clone, Debug)]
pub struct UnitCostDecl {
    /// The service.
    pub service: Named,
    /// The driver whose total is the quantity.
    pub per: Named,
    /// What one of it is called.
    pub measure: String,
}

/// Dimensions every model has, in the order they are printed.
pub const BUILT_IN: [(&str, &str); 8] = [
    ("for_period", "For period"),
    ("source", "Source"),
    ("pool", "Pool"),
    ("tower", "Tower"),
    ("service", "Service"),
    ("business_unit", "Business unit"),
    ("spend", "Spend"),
    ("kind", "Kind"),
];

/// Index of the built-in dimension `for_period`: the period a line belongs to by its date.
pub const FOR_PERIOD: DimensionId = 0;
/// Index of the built-in dimension `source`.
pub const SOURCE: DimensionId = 1;
/// Index of the built-in dimension `pool`.
pub const POOL: DimensionId = 2;
/// Index of the built-in dimension `service`.
pub const SERVICE: DimensionId = 4;
/// Index of the built-in dimension `business_unit`.
pub const BUSINESS_UNIT: DimensionId = 5;
/// Index of the built-in dimension `spend`.
pub const SPEND: DimensionId = 6;
/// Index of the built-in dimension `kind`: what a charge is when it is not plain cost.
pub const KIND: DimensionId = 7;
/// The members of `kind`.
pub const KIND_MEMBERS: [&str; 5] = ["idle", "price", "subsidy", "mark-up", "recovery"];
/// The members of `spend`.
pub const SPEND_MEMBERS: [&str; 3] = ["run", "grow", "transform"];

/// The share that each of [`SPEND_MEMBERS`] should have of what is charged, in percent; none where nobody said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Targets(pub [Option<Amount>; 3]);

impl RuleBook {
    /// The dimension of a name.
    #[must_use]
    pub fn dimension(&self, name: &str) -> Option<DimensionId> {
        self.dimensions.iter().position(|dimension| dimension.name == name)
    }

    /// The source of a name.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<usize> {
        self.sources.iter().position(|source| source.name == name)
    }

    /// Columns of quantities that drivers read in the lines of a source, each once.
    #[must_use]
    pub fn quantity_columns(&self, source: &str) -> Vec<&Named> {
        let mut columns: Vec<&Named> = Vec::new();
        for driver in &self.drivers {
            let DriverOrigin::Lines(lines) = &driver.origin else { continue };
            if let Some(column) = lines.quantity.as_ref().filter(|_| lines.source.name == source)
                && !columns.iter().any(|known| known.name == column.name)
            {
                columns.push(column);
            }
        }
        columns
    }

    /// The rule book for a period: headings of costs and quantities that name their period, as in a budget with a column a
    /// month, are those of this one.
    #[must_use]
    pub fn in_period(mut self, period: &Period) -> RuleBook {
        for source in &mut self.sources {
            let (CostDecl::Column(cost) | CostDecl::Rated { hours: cost, .. }) = &mut source.cost;
            source.is_by_period |= period.fill(&cost.name) != cost.name;
            let control = source.control.as_mut().and_then(|control| control.column.as_mut());
            for column in [Some(cost), control].into_iter().flatten() {
                column.name = period.fill(&column.name);
            }
        }
        for driver in &mut self.drivers {
            let quantity = match &mut driver.origin {
                DriverOrigin::Table(table) => {
                    table.is_by_period |= table.quantity.as_ref().is_some_and(|q| period.fill(&q.name) != q.name);
                    &mut table.quantity
                }
                DriverOrigin::Lines(lines) => &mut lines.quantity,
            };
            if let Some(heading) = quantity {
                heading.name = period.fill(&heading.name);
            }
        }
        self
    }

    /// Columns of a source that hold personal names: those that are declared, those of its preset, and those that name
    /// members of a dimension whose names are hidden.
    #[must_use]
    pub fn personal_columns(&self, source: &SourceDecl) -> Vec<ColumnRef> {
        let is_personal = |dimension: &DimensionId| self.dimensions[*dimension].is_personal;
        let mut columns: Vec<ColumnRef> = source.personal.iter().map(|column| ColumnRef::parse(&column.name)).collect();
        columns.extend(source.preset.iter().flat_map(Preset::personal_columns).map(ColumnRef::parse));
        let rules: Vec<&ClassifyRule> =
            self.classify.iter().filter(|rule| crate::footprint::looks_at(rule, source)).collect();
        let templates = rules.iter().flat_map(|rule| &rule.set).chain(&source.set);
        let named = templates.filter(|(dimension, _)| is_personal(dimension)).flat_map(|(_, text)| text.columns());
        columns.extend(named.cloned());
        let lookups = rules.iter().filter_map(|rule| rule.lookup.as_ref());
        let to_people = |lookup: &&LookupDecl| lookup.take.iter().any(|(to, _)| to.as_ref().is_some_and(is_personal));
        columns.extend(lookups.filter(to_people).flat_map(|lookup| lookup.on.iter().map(|(column, _)| column.clone())));
        columns.sort();
        columns.dedup();
        columns
    }

    /// The driver of a name.
    #[must_use]
    pub fn driver(&self, name: &str) -> Option<usize> {
        self.drivers.iter().position(|driver| driver.name == name)
    }
}
