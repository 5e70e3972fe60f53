//! Which version of FOCUS an export is of, by its headings. The columns of all versions are a table.

/// Columns of the dataset of cost and usage: since which version, in which it is gone, whether each export must
/// have it, and whether it tells the version (some exporters write a column before its version came).
const TABLE: &str = include_str!("focus.csv");

/// The versions, oldest first.
const VERSIONS: [&str; 5] = ["1.0", "1.1", "1.2", "1.3", "1.4"];

/// A column that only another dataset of FOCUS has, and what that dataset is called.
const OTHER_DATASETS: [(&str, &str); 4] = [
    ("InvoiceDetailGrain", "Invoice Detail"),
    ("InvoiceIssueStatus", "Invoice Detail"),
    ("ContractCommitmentId", "Contract Commitment"),
    ("BillingPeriodStatus", "Billing Period"),
];

struct Column {
    name: &'static str,
    since: &'static str,
    gone: &'static str,
    is_mandatory: bool,
    is_telling: bool,
}

fn columns() -> impl Iterator<Item = Column> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        let mut cell = || cells.next();
        Some(Column {
            name: cell()?,
            since: cell()?,
            gone: cell()?,
            is_mandatory: cell()? == "yes",
            is_telling: cell()? != "no",
        })
    })
}

/// What the headings of an export say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The earliest version that has all its columns.
    pub(super) version: &'static str,
    /// Columns that each export of that version must have and this one has not.
    pub(super) missing: Vec<&'static str>,
}

/// The version of an export of cost and usage.
pub(super) fn version(headings: &[String]) -> Version {
    let has = |name: &str| headings.iter().any(|heading| heading == name);
    let newest = columns().filter(|column| column.is_telling && has(column.name)).map(|column| column.since).max();
    let mut version = newest.unwrap_or(VERSIONS[0]);
    // A version may also be told by the columns it gave up, once it is late enough to have had them replaced.
    let gave_up = |next: &str| columns().filter(|column| column.gone == next).all(|column| !has(column.name));
    if let Some(next) = VERSIONS.iter().skip_while(|known| **known != version).nth(1)
        && version >= "1.3"
        && gave_up(next)
    {
        version = next;
    }
    let belongs = |column: &Column| column.since <= version && (column.gone.is_empty() || column.gone > version);
    let missing = columns().filter(|column| column.is_mandatory && belongs(column) && !has(column.name));
    Version { version, missing: missing.map(|column| column.name).collect() }
}

/// The name of the dataset, where these are headings of another one than cost and usage.
pub(super) fn other_dataset(headings: &[String]) -> Option<&'static str> {
    let has = |name: &str| headings.iter().any(|heading| heading == name);
    let found = OTHER_DATASETS.iter().find(|(column, _)| has(column)).map(|(_, dataset)| *dataset);
    found.filter(|_| !has("ChargePeriodStart"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: &str) -> Vec<String> {
        let has = |column: &Column| column.since <= version && (column.gone.is_empty() || column.gone > version);
        columns().filter(has).map(|column| column.name.to_owned()).collect()
    }

    /// The numbers of columns are those that the specification's versions are published with.
    #[test]
    fn the_table_has_the_columns_of_each_version() {
        let counts = VERSIONS.map(|version| (of(version).len(), Version { ..super::version(&of(version)) }.version));
        assert_eq!(counts, [(43, "1.0"), (50, "1.1"), (57, "1.2"), (65, "1.3"), (65, "1.4")]);
    }

    #[test]
    fn a_version_is_told_by_columns_that_came_and_by_columns_that_went() {
        let mandatory = |version: &str| -> Vec<String> {
            let all = of(version);
            columns()
                .filter(|c| c.is_mandatory && all.iter().any(|name| name == c.name))
                .map(|c| c.name.into())
                .collect()
        };
        assert_eq!(mandatory("1.0").len(), 21);
        assert_eq!(version(&mandatory("1.0")), Version { version: "1.0", missing: Vec::new() });
        assert_eq!(version(&mandatory("1.3")), Version { version: "1.3", missing: Vec::new() });
        assert_eq!(version(&mandatory("1.4")), Version { version: "1.4", missing: Vec::new() });
        let with = |more: &str| [mandatory("1.0"), vec![more.to_owned()]].concat();
        assert_eq!(version(&with("SkuMeter")).version, "1.1");
        assert_eq!(version(&with("InvoiceId")).version, "1.2");
        assert_eq!(version(&with("SubAccountType")).version, "1.0", "Azure has this column in its 1.0");
        assert_eq!(version(&with("x_InvoiceId")).version, "1.0");
        assert_eq!(version(&mandatory("1.0")[1..]).missing, ["BilledCost"]);
    }

    #[test]
    fn other_datasets_are_told_apart() {
        let headings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(other_dataset(&headings(&["BillingPeriodStart", "BillingPeriodStatus"])), Some("Billing Period"));
        assert_eq!(other_dataset(&of("1.4")), None);
    }
}
