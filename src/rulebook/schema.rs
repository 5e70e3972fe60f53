//! The field lists of the rule language: one list per table of a model, from which reading, "did you
//! mean" and the reference are made.

/// A key that a table may have.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
}

const fn field(name: &'static str, doc: &'static str) -> Field {
    Field { name, doc }
}

/// Keys at the top of a rule file.
pub const TOP: &[Field] = &[
    field("model", "who and how: name, currency, data folder"),
    field("dimensions", "what money is sorted by, with member lists"),
    field("sources", "the exports"),
    field("drivers", "the quantities that costs are split by"),
    field("classify", "rules that say what a cost line was spent for"),
    field("allocate", "rules that split balances"),
    field("group", "rules that are settled together"),
    field("prices", "prices by tier"),
    field("fx", "exchange rates"),
    field("journal", "accounts for the draft journal"),
    field("unit_costs", "services whose cost per measure is shown"),
    field("spend", "targets for run, grow and transform"),
];

/// `[model]`
pub const MODEL: &[Field] = &[
    field("name", "name of the organisation"),
    field("description", "what the model is about, in a sentence"),
    field("currency", "currency of the books, by ISO 4217"),
    field("data", "folder of the data, relative to this file"),
    field("calendar", "how time is cut into periods"),
    field("complete", "dimensions that must be filled at the end"),
    field("tolerance", "how much may stay unallocated"),
    field("charges", "what the charge lines keep"),
    field(
        "beside",
        "what stands beside a run: \"previous\", \"last year\", \"year to date\", \"plans\", \"plans to date\"",
    ),
    field("trend", "periods in the trend of run, grow and transform, this one included"),
];

/// `[spend]`
pub const SPEND: &[Field] = &[field("targets", "the share that run, grow and transform should have")];

/// `targets`
pub const TARGETS: &[Field] = &[
    field("run", "what keeps the business running, such as \"70%\""),
    field("grow", "what enlarges it"),
    field("transform", "what changes it"),
];

/// `calendar`
pub const CALENDAR: &[Field] = &[
    field("periods", "months, years, quarters, 4-4-5, 4-5-4, 5-4-4, 13x4 or weeks"),
    field("year_starts", "month and day the fiscal year begins on, such as \"04-01\""),
    field("year_ends", "weekday on which a year of 52 or 53 weeks ends, such as \"last Saturday of January\""),
    field("year_named_by", "the calendar year that numbers a fiscal year: the one of its \"end\" or its \"start\""),
    field("week_53", "number of the period that has the 53rd week"),
];

/// `tolerance`
pub const TOLERANCE: &[Field] = &[field("unallocated", "share of the money in, such as \"0.5%\"")];

/// `charges`
pub const CHARGES: &[Field] = &[field("by", "dimensions of the charge lines")];

/// `[dimensions.*]`
pub const DIMENSION: &[Field] = &[
    field("label", "what people read"),
    field("members", "its members: a list of names or a table"),
    field("personal", "\"hide\": its names are left out of everything that is written"),
];

/// `members`
pub const MEMBERS: &[Field] = &[
    field("file", "table with a row a member"),
    field("sheet", "sheet of a workbook"),
    field("headings_row", "row of the headings, from 1"),
    field("formats", "how the table is written"),
    field("name", "heading of the names"),
    field("parent", "heading of the parents"),
    field("alias", "heading of other names, `;` between several"),
    field("order", "heading of a whole number that comes before the name when ties are broken"),
    field("valid_from", "heading of the first day"),
    field("valid_to", "heading of the last day"),
    field("prorate", "\"days\": who is there for a part of the period counts by its days"),
];

/// `[sources.*]`
pub const SOURCE: &[Field] = &[
    field("format", "csv, tsv, xlsx, parquet, focus or another preset"),
    field("files", "file pattern or list of patterns"),
    field("sheet", "sheet of a workbook"),
    field("table", "named table of a workbook"),
    field("headings_row", "row of the headings, from 1"),
    field("fill_down", "columns of a workbook in which a blank cell takes what stands above it"),
    field("columns", "which column holds cost, currency, date"),
    field("formats", "how dates and numbers are written"),
    field("null", "texts that mean blank"),
    field("repair", "what is put right in texts; \"none\" leaves the repairs of a preset out"),
    field("patterns", "the form that the texts of a column must have"),
    field("key", "columns that together are another text in every line"),
    field("expect", "files that must be there: \"daily\" or a list of patterns"),
    field("refused", "lines that cannot be used: stop or quarantine"),
    field("personal", "columns that are shown in no finding and no line that is handed back"),
    field("skip", "rows that are not cost lines"),
    field("late", "lines of other periods: refuse, own or here"),
    field("set", "dimensions set as a last resort"),
    field("currency", "currency of all its lines"),
    field("fx", "kind of exchange rate: average, closing, daily or a kind of the tables"),
    field("control", "totals the export must have"),
    field("cost", "hours × rate instead of a column of amounts"),
    field("plan", "the plan it is part of; without it, actuals"),
    field("in_place_of", "the source of the actuals whose place it takes in the plan"),
    field("amortise", "\"daily\" or \"monthly\": a line is spread over its life, straight-line"),
    field("depreciation", "how the cost of assets is spread over their lives"),
    field("remainder_to", "who gets what is left of a life that ends before its time"),
];

/// `columns`
pub const COLUMNS: &[Field] = &[
    field("cost", "column of the amount"),
    field("currency", "column of the currency"),
    field("date", "column of the date"),
    field("start", "column of the first day of a line's life"),
    field("end", "column of its last day"),
    field("months", "column of its life in months"),
    field("residual", "column of what is left at its end, the salvage value"),
];

/// `depreciation`
pub const DEPRECIATION: &[Field] = &[
    field("straight_line", "\"monthly\" or \"daily\""),
    field("declining", "yearly percentage of the book value"),
    field("switch", "\"never\" keeps a declining balance from becoming straight-line"),
    field("first_month", "\"days\", \"full\", \"half\" or \"next\""),
];

/// `formats`
pub const FORMATS: &[Field] = &[
    field("date", "a strftime form such as %d/%m/%Y"),
    field("number", "a sample such as 1.234,56"),
    field("delimiter", "the separator of a text file, such as ;"),
    field("encoding", "how a text file is written, such as windows-1252"),
    field("negative", "how numbers below 0 are written: minus, parentheses or trailing minus"),
    field("floats", "what floats of a Parquet file mean: shortest"),
    field("currency_sign", "what stands before or behind amounts, such as £"),
];

/// `formats` of a table, drivers included
pub const TABLE_FORMATS: &[Field] = &[
    field("date", "a strftime form such as %d/%m/%Y"),
    field("number", "a sample such as 1.234,56"),
    field("delimiter", "the separator of a text file, such as ;"),
    field("encoding", "how a text file is written, such as windows-1252"),
    field("negative", "how numbers below 0 are written: minus, parentheses or trailing minus"),
    field("currency_sign", "what stands before or behind amounts, such as £"),
];

/// `repair`
pub const REPAIR: &[Field] = &[
    field("blank", "column = texts that mean blank in it"),
    field("fill", "column = columns that a blank takes its text from"),
    field("any_case", "columns whose texts may differ in capitals only"),
];

/// `control`
pub const CONTROL: &[Field] = &[
    field("total", "the sum, or the heading of the sums"),
    field("rows", "the number of lines, or their heading"),
    field("column", "the column that is totalled"),
    field("file", "table of control totals"),
    field("sheet", "sheet of a workbook"),
    field("headings_row", "row of the headings, from 1"),
    field("formats", "how the table is written"),
    field("on", "heading of the sources' names"),
];

/// `cost`
pub const COST: &[Field] = &[field("hours", "column of the quantity"), field("hourly", "table of the rates")];

/// `hourly`
pub const HOURLY: &[Field] = &[
    field("file", "the table"),
    field("sheet", "sheet of a workbook"),
    field("headings_row", "row of the headings, from 1"),
    field("formats", "how the table is written"),
    field("on", "columns of the line = headings of the table"),
    field("take", "heading of the rate, or headings of costs that are added up"),
    field("times", "headings of factors, such as a loading"),
    field("per", "headings of what it is divided by, such as productive hours"),
    field("valid_from", "heading of the first day"),
    field("valid_to", "heading of the last day"),
];

/// `lookup`
pub const LOOKUP: &[Field] = &[
    field("file", "the table"),
    field("sheet", "sheet of a workbook"),
    field("headings_row", "row of the headings, from 1"),
    field("formats", "how the table is written"),
    field("on", "columns of the line = headings of the table"),
    field("take", "dimensions = headings of the table"),
    field("valid_from", "heading of the first day"),
    field("valid_to", "heading of the last day"),
];

/// `[drivers.*]`
pub const DRIVER: &[Field] = &[
    field("file", "the table"),
    field("sheet", "sheet of a workbook"),
    field("headings_row", "row of the headings, from 1"),
    field("from", "sender: dimension = heading"),
    field("to", "receiver: dimension = heading"),
    field("quantity", "heading of the quantity"),
    field("where", "which rows"),
    field("valid_from", "heading of the first day"),
    field("valid_to", "heading of the last day"),
    field("measure", "what is counted, in the singular"),
    field("formats", "how numbers are written"),
    field("source", "the source in whose lines the quantities are, instead of a file"),
    field("ignore", "headings of a wide table that are no receivers"),
    field("carry_forward", "how many periods back a table may come from when this period's is missing"),
    field("prorate", "\"days\": a row that holds for a part of the period counts by its days"),
    field("plan", "the plan it is part of; without it, actuals and every plan without one of its own"),
    field("in_place_of", "the driver of the actuals whose place it takes in the plan"),
];

/// `[[classify]]`
pub const CLASSIFY: &[Field] = &[
    field("id", "unique name"),
    field("why", "the reason"),
    field("owner", "who answers for it"),
    field("approved", "who approved it, when"),
    field("source", "sources it looks at; all when absent"),
    field("where", "which lines"),
    field("set", "dimension = text or {Column}"),
    field("lookup", "a mapping table"),
    field("valid", "when it holds, such as \"2026-04..\""),
];

/// `[[allocate]]`
pub const ALLOCATE: &[Field] = &[
    field("id", "unique name"),
    field("why", "the reason"),
    field("owner", "who answers for it"),
    field("approved", "who approved it, when"),
    field("from", "which balances"),
    field("to", "dimension, list of dimensions, or { dimension = member }"),
    field("by", "driver, \"even\", shares, amounts, cost_so_far or attribute"),
    field("within", "dimensions within which cost_so_far compares"),
    field("among", "only these members receive"),
    field("except", "these members do not receive"),
    field("replace", "dimensions that may be overwritten"),
    field("if_no_driver", "\"leave\", \"even\", another driver or a member"),
    field("valid", "when it holds, such as \"2026-04..\""),
    field("method", "direct, step-down, double-step-down, reciprocal or iterative"),
    field("order", "senders, first to last; or \"ranked\""),
    field("first_round", "of a double step-down: \"own cost\" or \"with received\""),
    field("rounds", "of an iterative method"),
    field("self_use", "\"keep\" counts a sender's use of itself (reciprocal)"),
    field("group", "the group it is part of"),
    field("remainder_to", "who gets what is missing to 100 %, or what amounts and caps leave over"),
    field("cap", "most that a receiver gets: an amount, { member = amount } or a driver"),
    field("floor", "least that a receiver gets: an amount, { member = amount } or a driver"),
    field("minimum", "least that a bill is"),
    field("maximum", "most that a bill is"),
    field("subsidy", "percentage of each bill that `recovery_to` bears"),
    field("mark_up", "percentage that is added to each bill"),
    field("recovery_to", "who gets the difference between bills and cost"),
    field("capacity", "how much there is: a quantity or a driver"),
    field("idle_to", "who pays for what is not used"),
    field("negative", "\"drop\" counts negative quantities as 0"),
];

/// `by`
pub const BY: &[Field] = &[
    field("shares", "member = percentage or part"),
    field("amounts", "member = amount; the rest stays"),
    field("cost_so_far", "in proportion to the balances that match"),
    field("attribute", "\"dimension.attribute\" that names the member"),
    field("mix", "driver = percentage of the money"),
    field("price", "a price, or the name of a price list"),
    field("quantity", "the driver that is priced"),
];

/// `[prices.*]`
pub const PRICES: &[Field] = &[
    field("mode", "\"graduated\" (each tier prices what lies in it) or \"volume\" (the tier reached prices all)"),
    field("tiers", "list of tiers, lowest first"),
];

/// A tier
pub const TIER: &[Field] = &[
    field("up_to", "the largest quantity in the tier; the last tier has none"),
    field("price", "price of one"),
    field("flat", "fee for entering the tier"),
    field("valid", "when it holds, such as \"2026-04..\""),
];

/// `[fx]`
pub const FX: &[Field] = &[
    field("use", "the usual kind of rate: average, closing, daily or a kind of the tables"),
    field("tables", "tables of rates, in the order in which they are asked"),
    field("far", "percentage by which a rate may differ from the period before without a finding"),
    field("reporting", "a second currency for the charge lines"),
];

/// `reporting`
pub const REPORTING: &[Field] =
    &[field("currency", "the reporting currency"), field("use", "its kind of rate; the usual one when not given")];

/// `[[fx.tables]]`
pub const FX_TABLE: &[Field] = &[
    field("format", "ecb: the file of the European Central Bank"),
    field("file", "the table"),
    field("sheet", "sheet of a workbook"),
    field("headings_row", "row of the headings, from 1"),
    field("from", "heading of the currency that is exchanged"),
    field("to", "heading of the currency it becomes"),
    field("rate", "heading of the rates: how much of `to` one of `from` is"),
    field("units", "heading of the number of `from` that a rate is for"),
    field("kind", "heading of the kinds of rates"),
    field("of_kind", "the kind of all rates of the table"),
    field("date", "heading of the day of a rate"),
    field("valid_from", "heading of the first day"),
    field("valid_to", "heading of the last day"),
    field("formats", "how dates and numbers are written"),
];

/// `[group.*]`
pub const GROUP: &[Field] = &[
    field("method", "direct, step-down, double-step-down, reciprocal or iterative"),
    field("order", "senders, first to last; or \"ranked\""),
    field("first_round", "of a double step-down: \"own cost\" or \"with received\""),
    field("rounds", "of an iterative method"),
    field("self_use", "\"keep\" counts a sender's use of itself (reciprocal)"),
];

/// `[journal]`
pub const JOURNAL: &[Field] =
    &[field("accounts", "table that gives the accounts of a charge line"), field("register", "the chart of accounts")];

/// `accounts`
pub const ACCOUNTS: &[Field] = &[
    field("file", "the table"),
    field("sheet", "sheet of a workbook"),
    field("headings_row", "row of the headings, from 1"),
    field("formats", "how the table is written"),
    field("on", "dimensions that choose the accounts"),
    field("debit", "heading of the account that is charged"),
    field("credit", "heading of the account that recovers"),
    field("company", "heading of the legal entity"),
    field("valid_from", "heading of the first day"),
    field("valid_to", "heading of the last day"),
];

/// `register`
pub const REGISTER: &[Field] = &[
    field("file", "the table"),
    field("sheet", "sheet of a workbook"),
    field("headings_row", "row of the headings, from 1"),
    field("formats", "how the table is written"),
    field("account", "heading of the accounts"),
];

/// A line of `[unit_costs]`
pub const UNIT_COST: &[Field] =
    &[field("per", "driver whose total is the quantity"), field("measure", "what one of it is called")];

/// The words of a condition that is a table.
pub const CONDITION: &[Field] = &[field("not", "everything but this"), field("under", "the leaves below a parent")];
