//! Workbooks, read row by row. The only place that knows calamine.

use std::cell::Cell as Flag;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use calamine::{Data, DataRef, ExcelDateTime, Ods, Range, Reader, Sheet, SheetType, SheetVisible, Xls, Xlsb, Xlsx};

use super::container::{Parts, attribute, attribute_of, check_workbook, holds_cells, plain, tags};
use super::laid::Laid;
use super::{Cell, Cells, DataFile, Evidence, Hashing, Headings, Row, SheetForm, Visitor, file_fault, open, written};
use crate::finding::{Finding, Place, clean, did_you_mean, list_names};
use crate::money::{NumberFormat, ONE, parse_number};
use crate::period::Day;

/// Columns of a sheet that are looked at; the format's own limit.
const COLUMNS_MAX: u32 = 16_384;

/// A cell kept until its row is complete.
#[derive(Clone, Debug, Default)]
pub(super) enum SheetCell {
    #[default]
    Blank,
    Text(String),
    /// A number, as the shortest text that means it.
    Number(String),
    Day(Day),
    Fault(String),
}

impl SheetCell {
    pub(super) fn as_cell(&self) -> Cell<'_> {
        match self {
            SheetCell::Blank => Cell::Text(""),
            SheetCell::Text(text) => Cell::Text(text.trim()),
            SheetCell::Number(text) => Cell::Text(text),
            SheetCell::Day(day) => Cell::Day(*day),
            SheetCell::Fault(fault) => Cell::Fault(fault),
        }
    }

    fn owned(data: &Data) -> SheetCell {
        match data {
            Data::Empty => SheetCell::Blank,
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => SheetCell::Text(text.clone()),
            Data::Int(number) => SheetCell::new(&DataRef::Int(*number)),
            Data::Float(number) => SheetCell::new(&DataRef::Float(*number)),
            Data::Bool(value) => SheetCell::new(&DataRef::Bool(*value)),
            Data::DateTime(time) => SheetCell::new(&DataRef::DateTime(*time)),
            Data::Error(error) => SheetCell::new(&DataRef::Error(error.clone())),
        }
    }

    fn new(data: &DataRef<'_>) -> SheetCell {
        match data {
            DataRef::Empty => SheetCell::Blank,
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
                SheetCell::Text(text.clone())
            }
            DataRef::SharedString(text) => SheetCell::Text((*text).to_owned()),
            DataRef::Int(number) => SheetCell::Number(number.to_string()),
            // A cell is a float; its shortest decimal text is what the user sees.
            DataRef::Float(number) => SheetCell::Number(number.to_string()),
            DataRef::Bool(value) => SheetCell::Text(if *value { "TRUE" } else { "FALSE" }.to_owned()),
            DataRef::DateTime(time) if time.is_duration() || (0.0..1.0).contains(&time.as_f64()) => clock(time),
            DataRef::DateTime(time) if time.is_datetime() => {
                let (year, month, day, ..) = time.to_ymd_hms_milli();
                Day::new(year.into(), month.into(), day.into())
                    .map_or_else(|| SheetCell::Fault(format!("{}, which is no date", time.as_f64())), SheetCell::Day)
            }
            DataRef::DateTime(time) => SheetCell::Number(time.as_f64().to_string()),
            DataRef::Error(error) => SheetCell::Fault(format!("the error {error}")),
        }
    }
}

/// A time of day or a duration, as its cell shows it: `1:30:00`. A cell holds days as a float, so a second is the nearest one.
fn clock(time: &ExcelDateTime) -> SheetCell {
    let days = time.as_f64().to_string();
    let Ok(read) = parse_number(days.as_bytes(), NumberFormat::PLAIN) else {
        return SheetCell::Fault(format!("{days}, which is no time"));
    };
    let Some(exact) = read.value.atoms().checked_mul(SECONDS_A_DAY) else {
        return SheetCell::Fault(format!("{days}, which is no time"));
    };
    let seconds = (exact + ONE / 2).div_euclid(ONE);
    if seconds < 0 {
        SheetCell::Fault(format!("{days}, a time below 0"))
    } else if (exact - seconds * ONE).abs() > ONE / 1000 {
        SheetCell::Fault(format!("{days}, a time with parts of a second"))
    } else {
        SheetCell::Text(format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))
    }
}

const SECONDS_A_DAY: i128 = 86_400;

/// `A`, `B`, … `Z`, `AA`: the letters of a column counted from 0.
pub(super) fn column_letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// What a formula gives whose value the workbook does not hold.
const NO_VALUE: &str = "a formula without a stored value";

/// First bytes of the older workbooks of Excel, and of workbooks with a password.
const OLE_MARK: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

pub(super) fn read(
    file: &DataFile,
    form: &SheetForm,
    headings_row: u32,
    visitor: &mut dyn Visitor,
) -> Result<Option<Evidence>, Box<Finding>> {
    let mut opened = open(file)?;
    let to_the_end = contained(|| rows(file, &opened, form, headings_row, visitor))
        .unwrap_or_else(|| Err(unreadable(file, "its parts contradict each other")))?;
    if !to_the_end {
        return Ok(None);
    }
    let failed = |error: std::io::Error| unreadable(file, &error.to_string());
    opened.seek(SeekFrom::Start(0)).map_err(failed)?;
    Hashing::new(opened).finish().map(Some).map_err(failed)
}

thread_local! {
    /// Whether a panic of this thread costs a file and not the run.
    static IS_CONTAINED: Flag<bool> = const { Flag::new(false) };
}

/// calamine panics on some damaged workbooks; that costs the file, not the run, and is told as a finding only.
pub(super) fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_CONTAINED.get() {
                usual(panic);
            }
        }));
    });
    let was_contained = IS_CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_CONTAINED.set(was_contained);
    result.ok()
}

fn unreadable(file: &DataFile, why: &str) -> Box<Finding> {
    let title = format!("this is not a readable workbook: {why}");
    file_fault(file, "damaged-workbook", title, "open it in the spreadsheet program and save it as .xlsx again")
}

/// Says what a file is that should be a workbook.
fn not_a_workbook(file: &DataFile, start: &[u8]) -> Box<Finding> {
    let is_text = std::str::from_utf8(start).is_ok_and(|text| !text.contains('\0'));
    let (why, help) = if is_text && start.starts_with(b"<") {
        ("it is not a zip; it looks like a web page or XML", "open it in the spreadsheet program and save it as .xlsx")
    } else if is_text {
        ("it is not a zip; it looks like csv", "declare it as text: format = \"csv\", and name it .csv")
    } else {
        ("it is neither a zip nor an .xls file", "have the file sent again")
    };
    file_fault(file, "damaged-workbook", format!("this is not a readable workbook: {why}"), help)
}

fn rows(
    file: &DataFile,
    opened: &File,
    form: &SheetForm,
    headings_row: u32,
    visitor: &mut dyn Visitor,
) -> Result<bool, Box<Finding>> {
    let mut start = Vec::new();
    let mut reader = opened;
    reader.by_ref().take(512).read_to_end(&mut start).map_err(|error| unreadable(file, &error.to_string()))?;
    reader.seek(SeekFrom::Start(0)).map_err(|error| unreadable(file, &error.to_string()))?;
    let rows = Rows {
        file,
        form,
        headings_row,
        sheet: String::new(),
        area: None,
        above: Vec::new(),
        headings: None,
        laid: Laid::default(),
        visitor: &mut *visitor,
    };
    if start.starts_with(&OLE_MARK) {
        let workbook = Xls::new(BufReader::new(opened))
            .map_err(|error| unreadable(file, &format!("it has a password, or is damaged ({error})")))?;
        return rows.of_range(workbook, &Parts::default());
    }
    if !start.starts_with(b"PK") {
        return Err(not_a_workbook(file, &start));
    }
    let mut parts = check_workbook(file, opened, |part| !holds_cells(part))?;
    let has = |name: &str| parts.names.iter().any(|part| part == name);
    if has("content.xml") {
        parts = check_workbook(file, opened, |_| true)?;
        reader.seek(SeekFrom::Start(0)).map_err(|error| unreadable(file, &error.to_string()))?;
        let workbook: Ods<_> =
            Ods::new(BufReader::new(opened)).map_err(|error| unreadable(file, &error.to_string()))?;
        return rows.of_range(workbook, &parts);
    }
    reader.seek(SeekFrom::Start(0)).map_err(|error| unreadable(file, &error.to_string()))?;
    let is_binary = has("xl/workbook.bin");
    let is_unsound = AtomicBool::new(false);
    let read = |rows: Rows<'_>| {
        if is_binary { rows.of_xlsb(opened, &is_unsound) } else { rows.of_xlsx(opened, &parts, &is_unsound) }
    };
    // Whoever reads a file twice by one opening of it is moved about in it.
    let check_sheets = || {
        let again = open(file)?;
        if written(&again) != written(opened) {
            return Err(unreadable(file, "it was written while it was read; run again"));
        }
        check_workbook(file, &again, holds_cells)
    };
    if !rows.visitor.wants_rows() {
        // Damage is told by what is damaged, not by where it was met.
        return read(rows).map(|read| read.is_some()).map_err(|fault| check_sheets().err().unwrap_or(fault));
    }
    // Sheets are checked while they are read; nothing is made of what was read unless they are sound.
    let contradict = || unreadable(file, "its parts contradict each other");
    let mut sheets = None;
    let result = rayon::in_place_scope(|scope| {
        scope.spawn(|_| {
            let checked = contained(check_sheets).unwrap_or_else(|| Err(contradict()));
            is_unsound.store(checked.is_err(), Ordering::Relaxed);
            sheets = Some(checked);
        });
        contained(|| read(rows)).unwrap_or_else(|| Err(contradict()))
    });
    let sheets = sheets.unwrap_or_else(|| Err(contradict()))?;
    let Some(sheet) = result? else { return Ok(false) };
    let hidden = sheet_part(opened, &sheet)
        .and_then(|part| sheets.hidden_rows.iter().find(|(name, _)| *name == part))
        .map_or(0, |(_, count)| *count);
    note_hidden_rows(file, &sheet, hidden, visitor);
    Ok(true)
}

/// Rows that a filter or a person has hidden count like all others; that is said aloud.
fn note_hidden_rows(file: &DataFile, sheet: &str, hidden: u64, visitor: &mut dyn Visitor) {
    if hidden > 0 {
        let rows = if hidden == 1 {
            "1 hidden row, and it is".to_owned()
        } else {
            format!("{hidden} hidden rows, and they are")
        };
        let title = format!("sheet `{}` has {rows} read", clean(sheet));
        let help = "show all rows and look; what is not to be read is passed over by `skip`";
        visitor.fault(Finding::note("hidden-rows", Place::File(file.name.clone()), title).help(help));
    }
}

/// Which of the sheets is read.
fn pick_sheet(
    file: &DataFile,
    all: &[Sheet],
    wanted: Option<&str>,
    visitor: &mut dyn Visitor,
) -> Result<String, Box<Finding>> {
    let found = match wanted {
        Some(wanted) => all.iter().find(|sheet| sheet.name == wanted),
        None => all.iter().find(|sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet),
    };
    let Some(found) = found else {
        let names = || all.iter().map(|sheet| sheet.name.as_str());
        let title = match wanted {
            Some(wanted) => format!("there is no sheet `{}`", clean(wanted)),
            None => "this workbook has no visible sheet".to_owned(),
        };
        let mut finding =
            file_fault(file, "missing-sheet", title, &format!("its sheets are {}", list_names(names(), 20)));
        finding.help.extend(wanted.and_then(|wanted| did_you_mean(wanted, names())));
        return Err(finding);
    };
    let hidden: Vec<&str> = all
        .iter()
        .filter(|sheet| sheet.visible != SheetVisible::Visible && sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.as_str())
        .collect();
    if hidden.contains(&found.name.as_str()) {
        let title = format!("sheet `{}` is hidden in the workbook, and it is read", clean(&found.name));
        visitor.fault(Finding::note("hidden-sheet", Place::File(file.name.clone()), title));
    } else if wanted.is_none() && !hidden.is_empty() {
        let title = format!("this workbook has hidden sheets that are not read: {}", list_names(hidden, 12));
        visitor.fault(
            Finding::note("hidden-sheet", Place::File(file.name.clone()), title)
                .help(format!("sheet = \"{}\" says that this is right", clean(&found.name))),
        );
    }
    Ok(found.name.clone())
}

/// The part of a sheet that a table takes: rows from 1 and columns from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Area {
    rows: RangeInclusive<u32>,
    columns: RangeInclusive<u32>,
}

impl Area {
    /// Reads `B3:F20`.
    fn parse(reference: &str) -> Option<Area> {
        let corner = |text: &str| {
            let text = text.replace('$', "");
            let digits = text.find(|c: char| c.is_ascii_digit())?;
            let column = text[..digits].bytes().try_fold(0u32, |column, letter| {
                let letter = letter.to_ascii_uppercase();
                letter.is_ascii_uppercase().then(|| column * 26 + u32::from(letter - b'A') + 1)
            })?;
            Some((text[digits..].parse::<u32>().ok()?, column.checked_sub(1)?))
        };
        let (first, last) = reference.split_once(':').unwrap_or((reference, reference));
        let ((top, left), (bottom, right)) = (corner(first)?, corner(last)?);
        Some(Area { rows: top..=bottom, columns: left..=right })
    }
}

struct Rows<'a> {
    file: &'a DataFile,
    form: &'a SheetForm,
    headings_row: u32,
    sheet: String,
    area: Option<Area>,
    /// For each column that is filled down, what last stood in it.
    above: Vec<(usize, SheetCell)>,
    headings: Option<Headings>,
    /// Rows that wait to be handed over.
    laid: Laid,
    visitor: &'a mut dyn Visitor,
}

impl Rows<'_> {
    fn pick(&mut self, all: &[Sheet], wanted: Option<&str>) -> Result<(), Box<Finding>> {
        self.sheet = pick_sheet(self.file, all, wanted, self.visitor)?;
        Ok(())
    }

    fn no_tables(&self, kind: &str) -> Result<(), Box<Finding>> {
        match &self.form.table {
            None => Ok(()),
            Some(table) => {
                let title = format!("table `{}` cannot be looked for: {kind} files have no named tables", clean(table));
                let help = "name the sheet and the row of the headings instead: sheet = \"…\", headings_row = …";
                Err(file_fault(self.file, "missing-table", title, help))
            }
        }
    }

    /// Reads an .xlsx or .xlsm file, cell by cell.
    fn of_xlsx(
        mut self,
        opened: &File,
        parts: &Parts,
        is_unsound: &AtomicBool,
    ) -> Result<Option<String>, Box<Finding>> {
        let file = self.file;
        let failed = |error: calamine::XlsxError| unreadable(file, &error.to_string());
        let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(opened)).map_err(failed)?;
        let sheets = workbook.sheets_metadata().to_vec();
        match &self.form.table {
            None => self.pick(&sheets, self.form.sheet.as_deref())?,
            Some(table) => {
                let (sheet, area) = find_table(file, opened, parts, &mut workbook, table)?;
                self.pick(&sheets, Some(&sheet))?;
                self.headings_row = *area.rows.start();
                self.area = Some(area);
            }
        }
        let mut cells = workbook.worksheet_cells_reader(&self.sheet.clone()).map_err(failed)?;
        let mut row: Vec<SheetCell> = Vec::new();
        let mut number = 0u32;
        while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(failed)? {
            let (at, column) = (cell.pos.0 + 1, cell.pos.1);
            if at < number {
                return Err(unreadable(
                    file,
                    &format!("row {at} of sheet `{}` stands below row {number}", clean(&self.sheet)),
                ));
            }
            if at != number {
                if !self.complete(number, &mut row) || is_unsound.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                number = at;
            }
            let value = match (&cell.value, &cell.formula) {
                (DataRef::Empty, Some(_)) => SheetCell::Fault(NO_VALUE.to_owned()),
                (value, _) => SheetCell::new(value),
            };
            if row.get(column as usize).is_some_and(|cell| !matches!(cell, SheetCell::Blank)) {
                let cell = format!("{}{at}", column_letters(column as usize));
                return Err(unreadable(
                    file,
                    &format!("cell {cell} of sheet `{}` stands in it twice", clean(&self.sheet)),
                ));
            }
            put(&mut row, column, value);
        }
        self.finish(number, &mut row)
    }

    /// Reads an .xlsb file, cell by cell.
    fn of_xlsb(mut self, opened: &File, is_unsound: &AtomicBool) -> Result<Option<String>, Box<Finding>> {
        let file = self.file;
        let failed = |error: calamine::XlsbError| unreadable(file, &error.to_string());
        self.no_tables(".xlsb")?;
        let mut workbook: Xlsb<_> = Xlsb::new(BufReader::new(opened)).map_err(failed)?;
        self.pick(workbook.sheets_metadata(), self.form.sheet.as_deref())?;
        let mut cells = workbook.worksheet_cells_reader(&self.sheet.clone()).map_err(failed)?;
        let mut row: Vec<SheetCell> = Vec::new();
        let mut number = 0u32;
        while let Some(cell) = cells.next_cell().map_err(failed)? {
            let (at, column) = (cell.get_position().0 + 1, cell.get_position().1);
            if at != number {
                if !self.complete(number, &mut row) || is_unsound.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                number = at;
            }
            put(&mut row, column, SheetCell::new(cell.get_value()));
        }
        self.finish(number, &mut row)
    }

    /// Reads a workbook whose format has no more rows than memory holds: .xls and .ods.
    fn of_range<W: Reader<RS>, RS: Read + Seek>(mut self, mut workbook: W, parts: &Parts) -> Result<bool, Box<Finding>>
    where
        W::Error: std::fmt::Display,
    {
        let file = self.file;
        let failed = |error: W::Error| unreadable(file, &error.to_string());
        self.no_tables(".xls and .ods")?;
        self.pick(workbook.sheets_metadata(), self.form.sheet.as_deref())?;
        let hidden = parts.hidden_rows.iter().find(|(sheet, _)| *sheet == self.sheet);
        note_hidden_rows(file, &self.sheet, hidden.map_or(0, |(_, count)| *count), self.visitor);
        let range: Range<Data> = workbook.worksheet_range(&self.sheet).map_err(failed)?;
        let (top, left) = range.start().unwrap_or_default();
        let mut row: Vec<SheetCell> = Vec::new();
        let mut number = 0;
        for (at, cells) in (top + 1..).zip(range.rows()) {
            if !self.complete(number, &mut row) {
                return Ok(false);
            }
            number = at;
            for (column, cell) in (left..).zip(cells) {
                put(&mut row, column, SheetCell::owned(cell));
            }
        }
        self.finish(number, &mut row).map(|read| read.is_some())
    }

    /// Hands over what is left, and gives the name of the sheet.
    fn finish(mut self, number: u32, row: &mut Vec<SheetCell>) -> Result<Option<String>, Box<Finding>> {
        self.complete(number, row);
        if self.headings.is_some() {
            self.hand_over_laid();
            return Ok(Some(self.sheet));
        }
        let title =
            format!("sheet `{}` has no row {} to take the headings from", clean(&self.sheet), self.headings_row);
        Err(file_fault(self.file, "empty-file", title, "check sheet and headings_row"))
    }

    /// Hands over a row that is complete and empties it; `false` when no more are wanted.
    fn complete(&mut self, number: u32, cells: &mut Vec<SheetCell>) -> bool {
        let wanted = self.hand_over(number, cells);
        cells.clear();
        wanted
    }

    fn hand_over(&mut self, number: u32, cells: &mut Vec<SheetCell>) -> bool {
        if let Some(area) = &self.area {
            if !area.rows.contains(&number) {
                return true;
            }
            for (column, cell) in (0u32..).zip(cells.iter_mut()) {
                if !area.columns.contains(&column) {
                    *cell = SheetCell::Blank;
                }
            }
        }
        if self.headings.is_some() {
            if !cells.iter().all(|cell| cell.as_cell().is_blank()) {
                self.fill_down(cells);
            }
            self.lay(number, cells);
            return true;
        }
        if number != self.headings_row {
            return true;
        }
        let names = cells.iter().map(|cell| match cell.as_cell() {
            Cell::Text(text) | Cell::Fault(text) => text.to_owned(),
            Cell::Day(day) => day.to_string(),
        });
        let headings = Headings {
            file: self.file.name.clone(),
            sheet: Some(self.sheet.clone()),
            names: names.collect(),
            row: number.into(),
        };
        for column in &self.form.fill_down {
            match headings.find(column) {
                Ok(at) => self.above.push((at, SheetCell::Blank)),
                Err(finding) => self.visitor.fault(*finding),
            }
        }
        let wanted = self.visitor.headings(&headings);
        self.headings = Some(headings);
        wanted
    }

    /// Lays out a row, to be handed over with others.
    fn lay(&mut self, number: u32, cells: &[SheetCell]) {
        let columns = self.headings.as_ref().map_or(0, |headings| headings.names.len());
        // What stands beside the headings is shown with its row, and nothing else is done with it.
        if cells.iter().skip(columns).any(|cell| !matches!(cell, SheetCell::Blank)) {
            self.hand_over_laid();
            self.visitor.row(&Row { number: number.into(), cells: Cells::Sheet(cells) });
            return;
        }
        let came = cells.len().min(columns);
        self.laid.begin_row(number.into(), came);
        cells[..came].iter().for_each(|cell| self.laid.cell(cell));
        self.laid.blanks(columns - came);
        if self.laid.is_full() {
            self.hand_over_laid();
        }
    }

    fn hand_over_laid(&mut self) {
        let columns = self.headings.as_ref().map_or(0, |headings| headings.names.len());
        self.laid.hand_over(columns, self.visitor);
    }

    /// Gives blank cells of the declared columns what last stood above them, as in merged cells.
    fn fill_down(&mut self, cells: &mut Vec<SheetCell>) {
        for (column, above) in &mut self.above {
            if cells.len() <= *column {
                cells.resize(*column + 1, SheetCell::Blank);
            }
            let cell = &mut cells[*column];
            if cell.as_cell().is_blank() {
                cell.clone_from(above);
            } else {
                above.clone_from(cell);
            }
        }
    }
}

/// Puts a cell into its row.
fn put(row: &mut Vec<SheetCell>, column: u32, cell: SheetCell) {
    if column >= COLUMNS_MAX {
        return;
    }
    let column = column as usize;
    if row.len() <= column {
        row.resize(column + 1, SheetCell::Blank);
    }
    row[column] = cell;
}

/// The text of a part of a workbook.
fn part_text(opened: &File, name: &str) -> Option<String> {
    let mut archive = zip::ZipArchive::new(BufReader::new(opened)).ok()?;
    let mut text = String::new();
    archive.by_name(name).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}

/// The part that holds a sheet.
fn sheet_part(opened: &File, sheet: &str) -> Option<String> {
    let workbook = part_text(opened, "xl/workbook.xml")?;
    let relations = part_text(opened, "xl/_rels/workbook.xml.rels")?;
    let id = tags(&workbook, "sheet")
        .find(|tag| attribute_of(tag, "name").is_some_and(|name| plain(name) == sheet))
        .and_then(|tag| attribute_of(tag, "r:id"))?;
    let target = tags(&relations, "Relationship")
        .find(|tag| attribute_of(tag, "Id") == Some(id))
        .and_then(|tag| attribute_of(tag, "Target"))?;
    Some(target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned))
}

/// The sheet and the area of a named table, without its totals row.
fn find_table(
    file: &DataFile,
    opened: &File,
    parts: &Parts,
    workbook: &mut Xlsx<BufReader<&File>>,
    wanted: &str,
) -> Result<(String, Area), Box<Finding>> {
    workbook.load_tables().map_err(|error| unreadable(file, &error.to_string()))?;
    let names: Vec<String> = workbook.table_names().into_iter().cloned().collect();
    let sheet = workbook
        .sheet_names()
        .into_iter()
        .find(|sheet| workbook.table_names_in_sheet(sheet).into_iter().any(|name| name == wanted));
    let area = parts.names.iter().filter(|part| part.starts_with("xl/tables/")).find_map(|part| {
        let text = part_text(opened, part)?;
        let is_wanted = attribute(&text, "table", "displayName").is_some_and(|name| plain(name) == wanted);
        if !is_wanted || attribute(&text, "table", "headerRowCount") == Some("0") {
            return None;
        }
        let area = Area::parse(attribute(&text, "table", "ref")?)?;
        let totals = attribute(&text, "table", "totalsRowCount").and_then(|rows| rows.parse().ok()).unwrap_or(0u32);
        Some(Area { rows: *area.rows.start()..=area.rows.end().saturating_sub(totals), ..area })
    });
    sheet.zip(area).ok_or_else(|| {
        let title = format!("this workbook has no table `{}` with headings", clean(wanted));
        let listed = match names.as_slice() {
            [] => "it has no tables: name the sheet and the row of the headings instead".to_owned(),
            names => format!("its tables are {}", list_names(names.iter().map(String::as_str), 20)),
        };
        let mut finding = file_fault(file, "missing-table", title, &listed);
        finding.help.extend(did_you_mean(wanted, names.iter().map(String::as_str)));
        finding
    })
}

#[cfg(test)]
mod tests {
    use super::{Area, column_letters};

    #[test]
    fn columns_have_the_letters_a_spreadsheet_shows() {
        let letters: Vec<String> = [0, 25, 26, 701, 702].into_iter().map(column_letters).collect();
        assert_eq!(letters, ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    #[test]
    fn the_area_of_a_table_is_read_from_its_reference() {
        assert_eq!(Area::parse("B3:$AA$20"), Some(Area { rows: 3..=20, columns: 1..=26 }));
        assert_eq!(Area::parse("nonsense"), None);
    }
}
