//! Reading: a bill of a hundred thousand lines to line groups, as csv and as gzip, within a whole calculation.

use std::fmt::Write;
use std::io::Write as _;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use showback::cli::pipeline::{calculate, rule_book};
use showback::finding::Findings;

const LINES: usize = 100_000;

/// A bill with 50 accounts and 12 services, about 90 bytes a line.
fn bill() -> String {
    let mut text = String::from("Date,Account,Service,Region,Resource,Cost,Tags\n");
    for line in 0..LINES {
        let _ = writeln!(
            text,
            "2026-10-{:02},acct-{:03},service-{},eu-west-{},i-{:08x},{}.{:010},\"{{\"\"app\"\":\"\"a{}\"\"}}\"",
            1 + line % 28,
            line % 50,
            line % 12,
            line % 3,
            line * 7,
            line % 90,
            line * 997 % 10_000_000_000,
            line % 20
        );
    }
    text
}

fn model(folder: &Path, file: &str, bytes: &[u8]) {
    std::fs::create_dir_all(folder.join("2026-10")).expect("a folder");
    std::fs::File::create(folder.join("2026-10").join(file)).expect("a file").write_all(bytes).expect("written");
    let toml = format!(
        "[model]\nname = \"Bench\"\ncurrency = \"USD\"\n\n[sources.bill]\nfiles = \"{{period}}/{file}\"\n\
         columns = {{ cost = \"Cost\", date = \"Date\" }}\nset = {{ pool = \"Cloud\", service = \"{{Service}}\" }}\n\n\
         [[classify]]\nid = \"unit\"\nwhere = {{ \"Tags.app\" = \"a*\" }}\nset = {{ business_unit = \"{{Account}}\" }}\n"
    );
    std::fs::write(folder.join("model.toml"), toml).expect("written");
}

fn reading(criterion: &mut Criterion) {
    let text = bill();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    gzip.write_all(text.as_bytes()).expect("written");
    let gzip = gzip.finish().expect("finished");
    let mut group = criterion.benchmark_group("bill of 100 thousand lines");
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    for (file, bytes) in [("bill.csv", text.as_bytes()), ("bill.csv.gz", gzip.as_slice())] {
        let folder = tempfile::tempdir().expect("a folder");
        model(folder.path(), file, bytes);
        group.bench_function(file, |bencher| {
            bencher.iter(|| {
                let mut findings = Findings::new();
                let book = rule_book(folder.path(), &mut findings).expect("rules");
                let period = book.head.calendar.period("2026-10").expect("a period");
                calculate(book, period, &mut findings).expect("a result")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
