//! Writing the workbook, beside the crate that writes workbooks alone, for the same charge lines.
//!
//! `LINES=500000 cargo bench --bench writing -- --quick` for the large case.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rust_xlsxwriter::{Format, Workbook};
use showback::cli::pipeline::{self, Calculation};
use showback::finding::Findings;
use showback::reports::{self, Field, Value};
use showback::writers::workbook;

/// Services, business units: with pools as many as it takes, every line of the export is a charge line of its own.
const SERVICES: usize = 500;
const UNITS: usize = 100;

const MODEL: &str = r#"
[model]
name     = "Writing"
currency = "EUR"

[sources.bills]
files   = "{period}.csv"
columns = { cost = "Amount" }
set     = { service = "{Service}", business_unit = "{Unit}", pool = "{Pool}", spend = "run" }
"#;

fn calculation(folder: &Path, lines: usize) -> Calculation {
    let mut csv = "Service,Unit,Pool,Amount\n".to_owned();
    for line in 0..lines {
        let (service, rest) = (line % SERVICES, line / SERVICES);
        let (unit, pool) = (rest % UNITS, rest / UNITS);
        writeln!(csv, "Service {service},Unit {unit},Pool {pool},{}.{:02}", line % 9973, line % 100).expect("a text");
    }
    std::fs::write(folder.join("model.toml"), MODEL).expect("written");
    std::fs::write(folder.join("2026-10.csv"), csv).expect("written");
    let mut findings = Findings::new();
    let book = pipeline::rule_book(folder, &mut findings).expect("rules");
    let period = book.head.calendar.period("2026-10").expect("a month");
    pipeline::calculate(book, period, &mut findings).expect("a run")
}

fn ours(calculation: &Calculation, folder: &Path) {
    let run = calculation.run();
    let findings = Findings::new();
    let book =
        workbook::Book { run: &run, findings: &findings, methods: None, journal: None, id: "bench", temporary: folder };
    workbook::write(&folder.join("ours.xlsx"), &book).expect("a workbook");
}

/// The same cells of the charge lines, by the crate alone, in its constant-memory mode.
fn alone(calculation: &Calculation, folder: &Path) {
    let run = calculation.run();
    let fields = Field::all(&run);
    let (text, number) = (Format::new().set_font_name("Arial"), Format::new().set_num_format("#,##0.00"));
    let mut workbook = Workbook::new();
    workbook.set_tempdir(folder).expect("a folder");
    let sheet = workbook.add_worksheet_with_constant_memory().expect("a sheet");
    for (at, line) in run.charges.lines.iter().enumerate() {
        let row = u32::try_from(at).expect("a row");
        let mut cells = reports::charge_row(&run, at, false);
        cells.extend(fields.iter().map(|field| Value::Count(field.key(&run, line))));
        for (column, cell) in (0..).zip(&cells) {
            let as_number = match cell {
                Value::Text(words) => {
                    sheet.write_string_with_format(row, column, words, &text).expect("a cell");
                    continue;
                }
                Value::Blank => continue,
                Value::Money(minor) => run.model.book.head.currency.plain(*minor),
                Value::Exact(amount) => amount.to_string(),
                Value::Count(count) => count.to_string(),
                _ => unreachable!("no shares in charge lines"),
            };
            let as_number: f64 = as_number.parse().expect("a number");
            sheet.write_number_with_format(row, column, as_number, &number).expect("a cell");
        }
    }
    workbook.save(folder.join("alone.xlsx")).expect("a workbook");
}

/// What of the process's memory a field of its status says, in KiB; nothing where the system does not say.
fn memory(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Says how much memory a piece of work takes at its peak, beside what was there before it.
fn tell_memory(what: &str, work: impl FnOnce()) {
    // 5 sets the peak back to what is in use now.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS:");
    work();
    if let (Some(before), Some(peak)) = (before, memory("VmHWM:")) {
        eprintln!("{what}: {} MiB above the calculation", peak.saturating_sub(before) / 1024);
    }
}

fn writing(criterion: &mut Criterion) {
    let lines = std::env::var("LINES").ok().and_then(|lines| lines.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir().expect("a folder");
    let calculation = calculation(folder.path(), lines);
    // What is freed is not given back to the system, so the smaller one goes first.
    tell_memory("crate alone", || alone(&calculation, folder.path()));
    tell_memory("ours", || ours(&calculation, folder.path()));
    let mut group = criterion.benchmark_group("workbook");
    group.sample_size(10);
    group.bench_with_input(BenchmarkId::new("ours", lines), &lines, |bencher, _| {
        bencher.iter(|| ours(black_box(&calculation), folder.path()));
    });
    group.bench_with_input(BenchmarkId::new("crate alone", lines), &lines, |bencher, _| {
        bencher.iter(|| alone(black_box(&calculation), folder.path()));
    });
    group.finish();
}

criterion_group!(benches, writing);
criterion_main!(benches);
