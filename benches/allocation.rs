//! Allocation: reciprocal groups by size and by how little leaves the loop, and plain splits by targets.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use showback::allocation::reciprocal::{Sender, settle};
use showback::shares::split;

/// A small generator of numbers, so that every run measures the same graphs.
struct Numbers(u64);

impl Numbers {
    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap_or(0)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Services with ten consumers among the others each; `ppm` of each one's weight leaves the loop.
fn services(count: usize, ppm: i128) -> Vec<Sender> {
    let mut numbers = Numbers(42);
    (0..count)
        .map(|_| {
            let mut targets: Vec<(Option<usize>, i128)> = (0..10)
                .map(|_| (Some(numbers.index(count)), 1 + i128::from(numbers.below(1_000_000)) * 1_000_000))
                .collect();
            let inside: i128 = targets.iter().map(|(_, weight)| weight).sum();
            targets.push((None, inside * ppm / (1_000_000 - ppm)));
            Sender { own: i128::from(numbers.below(1_000_000_000)) * 10_000_000_000_000_000, targets }
        })
        .collect()
}

fn reciprocal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reciprocal");
    group.sample_size(10);
    for count in [300, 2_000, 10_000] {
        for (name, ppm) in [("30 %", 300_000), ("0.1 %", 1_000), ("1 ppm", 1)] {
            let services = services(count, ppm);
            group.bench_with_input(BenchmarkId::new(name, count), &services, |bencher, services| {
                bencher.iter(|| settle(services).expect("settled"));
            });
        }
    }
    group.finish();
}

fn splits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("split");
    for count in [10, 100, 10_000] {
        let mut numbers = Numbers(7);
        let weights: Vec<i128> = (0..count).map(|_| i128::from(numbers.below(1_000_000)) * 1_000_000_000_000).collect();
        group.bench_with_input(BenchmarkId::from_parameter(count), &weights, |bencher, weights| {
            bencher.iter(|| split(123_456_789_000_000_000_000_000, weights).expect("split"));
        });
    }
    group.finish();
}

criterion_group!(benches, reciprocal, splits);
criterion_main!(benches);
