//! Small tables of the model: member lists, mappings, drivers, rates, accounts. Read whole, every cell as text.

use std::path::Path;

use rustc_hash::FxHashSet;

use crate::files::{self, Cell, DataFile, Headings, Inputs, Kind, Row, Shape, Visitor};
use crate::finding::{Finding, Findings, Named, Place, clean};
use crate::money::{Amount, NumberFault, NumberFormat, ReadNumber, SCALE_DIGITS, TOO_MANY_DECIMALS, parse_number};
use crate::period::{Day, Period, Validity};
use crate::rulebook::{TableFile, TableFormats, ValidityColumns};

/// Rows a table may have. Tables are held in memory; one of more rows is an export and belongs in `sources`.
const ROWS_MAX: usize = 2_000_000;

/// A table in memory.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its headings.
    pub headings: Headings,
    /// Its rows that are not blank.
    pub rows: Vec<TableRow>,
    /// How its dates are written; ISO when not declared.
    dates: Option<String>,
    /// Row and column of cells that are numbers as such, where another form of numbers is declared.
    numbers: FxHashSet<(u64, usize)>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// Line of the file or row of the sheet.
    pub number: u64,
    /// Cells as text; dates as `2026-10-31`.
    pub cells: Vec<String>,
}

impl TableRow {
    /// The text of a column.
    #[must_use]
    pub fn text(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

struct Collect {
    /// See [`Table::numbers`].
    numbers: Option<FxHashSet<(u64, usize)>>,
    headings: Option<Headings>,
    rows: Vec<TableRow>,
    findings: Findings,
}

impl Visitor for Collect {
    fn headings(&mut self, headings: &Headings) -> bool {
        self.headings = Some(headings.clone());
        true
    }

    fn row(&mut self, row: &Row<'_>) {
        if row.is_blank() {
            return;
        }
        let Some(headings) = &self.headings else { return };
        if self.rows.len() == ROWS_MAX {
            let title = format!("this table has more than {ROWS_MAX} rows");
            self.findings.push(
                Finding::error("table-too-long", headings.place(row.number, None), title)
                    .help("declare it as a source, and split by what is in it"),
            );
        }
        if self.rows.len() >= ROWS_MAX {
            return;
        }
        let cells = (0..headings.names.len()).map(|column| match row.cell(column) {
            Cell::Text(text) => text.to_owned(),
            Cell::Day(day) => day.to_string(),
            Cell::Fault(fault) => format!("{FAULT}{fault}"),
        });
        if let Some(numbers) = &mut self.numbers {
            numbers.extend((0..headings.names.len()).filter(|at| row.is_number(*at)).map(|at| (row.number, at)));
        }
        self.rows.push(TableRow { number: row.number, cells: cells.collect() });
    }

    fn fault(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// Marks the text of an error cell; no text a person types begins with it.
const FAULT: char = '\u{0}';

impl Table {
    /// Reads a table of the data folder for a period. `None` when it cannot be used; the findings say why.
    pub fn read(
        data: &Path,
        table: &TableFile,
        delimiter: Option<u8>,
        period: &Period,
        inputs: &mut Inputs,
        findings: &mut Findings,
    ) -> Option<Table> {
        let file = DataFile::new(data, &period.fill(&table.file.name));
        let TableFormats { delimiter: declared, encoding, .. } = table.formats;
        let mut kind = Kind::of(&file.name, table.sheet.clone(), delimiter.or(declared));
        if let Kind::Text(form) = &mut kind {
            form.encoding = encoding;
        }
        let shape = Shape { kind, headings_row: table.headings_row };
        if !file.path.exists() {
            let title = format!("there is no file `{}`", clean(&file.name));
            let help = format!("it is looked for in the data folder, {}", data.display());
            findings.push(Finding::error("missing-file", table.file.spot.place(), title).help(help));
            return None;
        }
        let mut collect = Collect {
            headings: None,
            rows: Vec::new(),
            findings: Findings::new(),
            numbers: table.formats.numbers.map(|_| FxHashSet::default()),
        };
        match files::read(&file, &shape, &mut collect) {
            Ok(evidence) => {
                inputs.0.insert(file.name.clone(), evidence);
                let Collect { headings, rows, numbers, findings: of_rows } = collect;
                findings.extend(of_rows);
                let numbers = numbers.unwrap_or_default();
                headings.map(|headings| Table { headings, rows, dates: table.formats.dates.clone(), numbers })
            }
            Err(fault) => {
                findings.push(*fault);
                None
            }
        }
    }

    /// The column of a heading named in the rules, or a finding.
    pub fn column(&self, heading: &Named, findings: &mut Findings) -> Option<usize> {
        self.headings.find(heading).map_err(|finding| findings.push(*finding)).ok()
    }

    /// The column of a heading that may be left out.
    pub fn optional(&self, heading: Option<&Named>, findings: &mut Findings) -> Option<usize> {
        heading.and_then(|heading| self.column(heading, findings))
    }

    /// The day that a text of this table means: in the declared form, or ISO. Date cells of a workbook come as ISO.
    #[must_use]
    pub fn day(&self, text: &str) -> Option<Day> {
        match &self.dates {
            None => Day::parse_iso(text),
            Some(form) => {
                let is_cell = self.headings.sheet.is_some();
                Day::parse_with(text, form).or_else(|| Day::parse_iso(text).filter(|_| is_cell))
            }
        }
    }

    /// Reads the number in a cell, which is plain where the cell is a number as such.
    ///
    /// # Errors
    /// When the text is no number of this form.
    pub fn number(
        &self,
        row: &TableRow,
        column: usize,
        text: &str,
        form: NumberFormat,
    ) -> Result<ReadNumber, NumberFault> {
        let is_plain = self.numbers.contains(&(row.number, column));
        parse_number(text.as_bytes(), if is_plain { form.of_number_cell() } else { form })
    }

    /// Reads the number in a cell as [`number`](Self::number) does, and tells when digits of it are rounded away.
    ///
    /// # Errors
    /// When the text is no number of this form.
    pub fn value(
        &self,
        row: &TableRow,
        column: usize,
        text: &str,
        form: NumberFormat,
        findings: &mut Findings,
    ) -> Result<Amount, NumberFault> {
        let read = self.number(row, column, text, form)?;
        if read.beyond_scale != 0 {
            let title = format!("this number has more than {SCALE_DIGITS} decimals and is rounded to {}", read.value);
            let help = "round it to 18 decimals where it comes from";
            findings.push(Finding::note(TOO_MANY_DECIMALS, self.place(row, Some(column)), title).help(help));
        }
        Ok(read.value)
    }

    /// The place of a cell.
    #[must_use]
    pub fn place(&self, row: &TableRow, column: Option<usize>) -> Place {
        self.headings.place(row.number, column)
    }

    /// The text of a cell that is used; an error cell is a finding.
    pub fn text<'t>(&self, row: &'t TableRow, column: usize, findings: &mut Findings) -> &'t str {
        let text = row.text(column);
        match text.strip_prefix(FAULT) {
            Some(fault) => {
                let title = format!("this cell holds {}", clean(fault));
                findings.push(
                    Finding::error("error-cell", self.place(row, Some(column)), title).help(files::fault_help(fault)),
                );
                ""
            }
            None => text,
        }
    }
}

/// Columns of a table that say when a row holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct DatedBy {
    from: Option<usize>,
    to: Option<usize>,
}

impl DatedBy {
    /// Finds the columns in a table.
    pub fn find(table: &Table, columns: &ValidityColumns, findings: &mut Findings) -> DatedBy {
        DatedBy {
            from: table.optional(columns.from.as_ref(), findings),
            to: table.optional(columns.to.as_ref(), findings),
        }
    }

    /// Whether a column is one of them.
    #[must_use]
    pub fn uses(&self, column: usize) -> bool {
        [self.from, self.to].contains(&Some(column))
    }

    /// When a row holds; an unreadable date is a finding.
    pub fn read(&self, table: &Table, row: &TableRow, findings: &mut Findings) -> Validity {
        let mut day = |column: Option<usize>| {
            let column = column?;
            let text = table.text(row, column, findings);
            if text.is_empty() {
                return None;
            }
            let day = table.day(text);
            if day.is_none() {
                let title = format!("`{}` is not a date", clean(text));
                let finding = Finding::error("not-a-date", table.place(row, Some(column)), title);
                findings.push(finding.help(match &table.dates {
                    Some(form) => format!("expected a date in the declared form {form}, or a date cell in a workbook"),
                    None => "expected a date such as 2026-10-31, or a date cell in a workbook".to_owned(),
                }));
            }
            day
        };
        let validity = Validity { from: day(self.from), to: day(self.to) };
        if let (Some(from), Some(to)) = (validity.from, validity.to)
            && to < from
        {
            let title = format!("this row ends on {to}, before it begins on {from}");
            findings.push(
                Finding::error("not-a-span", table.place(row, self.to), title)
                    .help("both days are included; swap them"),
            );
        }
        validity
    }
}
