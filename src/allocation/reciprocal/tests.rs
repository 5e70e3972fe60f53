//! The reciprocal method against hand-worked figures, an oracle in fractions, and its own residuals.

use std::time::Instant;

use ethnum::AsI256;
use num_bigint::{BigInt, Sign};
use proptest::prelude::*;

use super::graph::{Circle, Groups};
use super::sweeps::{Factors, Guesser, float};
use super::{Fault, Sender, residuals, settle, settle_by};
use crate::shares;

/// One unit of a currency in atoms.
const ONE: i128 = 1_000_000_000_000_000_000;

fn sender(own: i128, targets: &[(Option<usize>, i128)]) -> Sender {
    Sender { own, targets: targets.to_vec() }
}

/// The difference own + received − handed out by sender.
fn differences(senders: &[Sender], flows: &[Vec<i128>]) -> Vec<i128> {
    let mut open: Vec<i128> = senders.iter().map(|sender| sender.own).collect();
    for (from, sender) in senders.iter().enumerate() {
        assert_eq!(sender.targets.len(), flows[from].len());
        for ((target, _), flow) in sender.targets.iter().zip(&flows[from]) {
            open[from] -= flow;
            if let Some(target) = target {
                open[*target] += flow;
            }
        }
    }
    open
}

fn adds_up(senders: &[Sender], flows: &[Vec<i128>]) -> bool {
    differences(senders, flows).iter().all(|difference| *difference == 0)
}

// ------------------------------------------------------------------------------------- by hand

#[test]
fn two_services_that_use_each_other_are_solved_together() {
    // Power has 1,000 and hands half to water, half out. Water has 500, 40 % to power, 60 % out.
    //   P = 1,000 + 0.4 W     W = 500 + 0.5 P
    //   P = 1,000 + 200 + 0.2 P  →  0.8 P = 1,200, P = 1,500, W = 500 + 750 = 1,250
    //   P → W 750, P out 750; W → P 500, W out 750. Out in all: 1,500 = 1,000 + 500.
    let senders = [sender(1_000 * ONE, &[(Some(1), 50), (None, 50)]), sender(500 * ONE, &[(Some(0), 40), (None, 60)])];
    let expected = vec![vec![750 * ONE, 750 * ONE], vec![500 * ONE, 750 * ONE]];
    assert_eq!(settle(&senders).as_ref(), Ok(&expected));
    assert_eq!(settle_by(&senders, 0), Ok(expected), "whole amounts stay whole when met by sweeps");
}

#[test]
fn left_over_atoms_go_to_the_first_way_out() {
    // A = 10 + B/2, B = A/2  →  A = 40/3, B = 20/3.
    // Floors: A → B 6.67 = 6, A out 6.67 = 6, B → A 3.33 = 3, B out 3.33 = 3.
    // A has 10 + 3 and hands out 12: one atom left, which leaves. B has 6 and hands out 6.
    let senders = [sender(10, &[(Some(1), 1), (None, 1)]), sender(0, &[(Some(0), 1), (None, 1)])];
    let expected = vec![vec![6, 7], vec![3, 3]];
    assert_eq!(settle(&senders).as_ref(), Ok(&expected));
    assert_eq!(settle_by(&senders, 0), Ok(expected));
}

#[test]
fn what_is_sent_to_oneself_comes_back() {
    // A keeps half: A = 600 + A/2 = 1,200, 600 to itself, 300 each to two others.
    let senders = [sender(600, &[(None, 1), (Some(0), 2), (None, 1)])];
    assert_eq!(settle(&senders), Ok(vec![vec![300, 600, 300]]));
    assert_eq!(settle_by(&senders, 0), Ok(vec![vec![300, 600, 300]]));
}

#[test]
fn a_credit_runs_through_a_loop_like_money() {
    // The first example with the signs turned for power only: P = −1,000 + 0.4 W, W = 500 + 0.5 P
    //   0.8 P = −800, P = −1,000, W = 0: power hands out −500 and −500, water nothing … in and out.
    let senders = [sender(-1_000 * ONE, &[(Some(1), 50), (None, 50)]), sender(500 * ONE, &[(Some(0), 40), (None, 60)])];
    let expected = vec![vec![-500 * ONE, -500 * ONE], vec![0, 0]];
    assert_eq!(settle(&senders).as_ref(), Ok(&expected));
    assert_eq!(settle_by(&senders, 0), Ok(expected));
}

// ---------------------------------------------------------------------------------- closed loops

#[test]
fn a_loop_without_a_way_out_that_receives_money_is_refused() {
    // 0 feeds 3 and 1, which send to each other only; 2 is an innocent bystander.
    let senders = [
        sender(100, &[(Some(3), 1), (None, 1)]),
        sender(0, &[(Some(3), 1)]),
        sender(5, &[(None, 1)]),
        sender(0, &[(Some(1), 1)]),
    ];
    assert_eq!(settle(&senders), Err(Fault::Closed(vec![1, 3])));
}

#[test]
fn a_loop_that_leads_only_to_a_closed_loop_is_not_the_one_to_blame() {
    let senders = [
        sender(100, &[(Some(1), 1)]),
        sender(0, &[(Some(0), 1), (Some(2), 1)]),
        sender(0, &[(Some(3), 1)]),
        sender(0, &[(Some(2), 1)]),
    ];
    assert_eq!(settle(&senders), Err(Fault::Closed(vec![2, 3])));
}

#[test]
fn a_closed_loop_without_money_is_harmless() {
    let senders = [
        sender(100, &[(None, 1)]),
        sender(0, &[(Some(2), 1)]),
        sender(0, &[(Some(1), 1)]),
        sender(0, &[(Some(1), 3), (None, 1)]),
        sender(0, &[]),
    ];
    assert_eq!(settle(&senders), Ok(vec![vec![100], vec![0], vec![0], vec![0, 0], vec![]]));
}

#[test]
fn a_sender_without_targets_or_with_itself_only_is_a_closed_loop() {
    assert_eq!(settle(&[sender(1, &[])]), Err(Fault::Closed(vec![0])));
    assert_eq!(settle(&[sender(1, &[(Some(0), 1)])]), Err(Fault::Closed(vec![0])));
    assert_eq!(settle(&[sender(1, &[(Some(0), 1), (None, 0)])]), Err(Fault::Closed(vec![0])));
}

#[test]
fn nobody_settles_to_nothing() {
    assert_eq!(settle(&[]), Ok(vec![]));
}

// -------------------------------------------------------------------------------------- limits

#[test]
fn a_loop_that_loses_one_part_in_a_million_million_is_still_right() {
    // Both hand all but 10^-12 to each other. A = 1 + (1−e) B, B = (1−e) A, e = 10^-12.
    //   A = 1 / (1 − (1−e)²) = 1 / (2e − e²),  A out = e A = 1 / (2 − e)  = 0.50000000000025000000000012…
    //   B out = (1−e) A e = (1−e) / (2 − e)                               = 0.49999999999974999999999987…
    let million_million = 1_000_000_000_000;
    let senders = [
        sender(ONE, &[(Some(1), million_million - 1), (None, 1)]),
        sender(0, &[(Some(0), million_million - 1), (None, 1)]),
    ];
    for exact_max in [0, 2] {
        let flows = settle_by(&senders, exact_max).expect("flows");
        assert!((flows[0][1] - 500_000_000_000_250_000).abs() <= 1, "{flows:?}");
        assert!((flows[1][1] - 499_999_999_999_750_000).abs() <= 1, "{flows:?}");
        assert!(adds_up(&senders, &flows));
    }
}

#[test]
fn large_weights_and_amounts_do_not_overflow() {
    // 10^36 atoms and weights of 38 digits without a common divisor.
    let weight = 80_000_000_000_000_000_000_000_000_000_000_000_001;
    let amount = 10i128.pow(36);
    let senders = [
        sender(amount, &[(Some(1), weight), (None, weight - 2)]),
        sender(-amount / 3, &[(Some(0), weight - 7), (None, weight), (Some(1), 12)]),
    ];
    let exact = settle_by(&senders, 2).expect("flows");
    let swept = settle_by(&senders, 0).expect("flows");
    assert!(adds_up(&senders, &exact) && adds_up(&senders, &swept));
    for (exact, swept) in exact.iter().flatten().zip(swept.iter().flatten()) {
        assert!((exact - swept).abs() <= 2, "{exact} {swept}");
    }
}

#[test]
fn gross_amounts_beyond_128_bits_are_refused() {
    // 10^37 × 10^3 rounds = 10^40.
    let senders = [sender(10i128.pow(37), &[(Some(1), 999), (None, 1)]), sender(0, &[(Some(0), 999), (None, 1)])];
    assert_eq!(settle_by(&senders, 2), Err(Fault::Overflow));
    assert_eq!(settle_by(&senders, 0), Err(Fault::Overflow));
    // Weights that add up to more than 128 bits, on a loop and on none.
    let senders = [sender(1, &[(Some(0), i128::MAX), (None, i128::MAX - 1)])];
    assert_eq!(settle(&senders), Err(Fault::Overflow));
    assert_eq!(settle(&[sender(1, &[(None, i128::MAX), (None, 1)])]), Err(Fault::Overflow));
    // Inflows that add up to more.
    let senders = [sender(i128::MAX, &[(Some(2), 1)]), sender(i128::MAX, &[(Some(2), 1)]), sender(0, &[(None, 1)])];
    assert_eq!(settle(&senders), Err(Fault::Overflow));
}

#[test]
fn a_chain_of_a_hundred_thousand_senders_needs_no_recursion() {
    let count = 100_000;
    let senders: Vec<Sender> = (0..count)
        .map(|at| sender(i128::from(at == 0) * ONE, &[(Some(at + 1).filter(|next| *next < count), 1)]))
        .collect();
    let flows = settle(&senders).expect("flows");
    assert!(flows.iter().all(|flows| *flows == [ONE]));
}

// ------------------------------------------------------------------------ an oracle in fractions

/// A fraction in lowest terms; the lower number is above 0.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ratio(BigInt, BigInt);

impl Ratio {
    fn new(upper: BigInt, lower: BigInt) -> Ratio {
        let (mut a, mut b) = (upper.clone(), lower.clone());
        while b != BigInt::ZERO {
            (a, b) = (b.clone(), a % b);
        }
        let a = if (a.sign() == Sign::Minus) == (lower.sign() == Sign::Minus) { a } else { -a };
        Ratio(upper / &a, lower / &a)
    }

    fn whole(value: i128) -> Ratio {
        Ratio(BigInt::from(value), BigInt::from(1))
    }

    fn plus(&self, other: &Ratio) -> Ratio {
        Ratio::new(&self.0 * &other.1 + &other.0 * &self.1, &self.1 * &other.1)
    }

    fn times(&self, other: &Ratio) -> Ratio {
        Ratio::new(&self.0 * &other.0, &self.1 * &other.1)
    }

    fn over(&self, other: &Ratio) -> Ratio {
        Ratio::new(&self.0 * &other.1, &self.1 * &other.0)
    }

    fn negated(&self) -> Ratio {
        Ratio(-&self.0, self.1.clone())
    }

    fn is_zero(&self) -> bool {
        self.0 == BigInt::ZERO
    }

    fn is_within(&self, value: i128, distance: i128) -> bool {
        let difference: BigInt = BigInt::from(value) * &self.1 - &self.0;
        let limit: BigInt = BigInt::from(distance) * &self.1;
        difference <= limit && -difference <= limit
    }
}

/// The gross amounts in fractions, by Gaussian elimination with pivoting over all senders; `None` if
/// money cannot get out.
fn oracle(senders: &[Sender]) -> Option<Vec<Ratio>> {
    let count = senders.len();
    let mut touched: Vec<bool> = senders.iter().map(|sender| sender.own != 0).collect();
    let mut gets_out: Vec<bool> =
        senders.iter().map(|sender| sender.targets.iter().any(|(target, _)| target.is_none())).collect();
    for _ in 0..count {
        for from in 0..count {
            for target in senders[from].targets.iter().filter_map(|(target, _)| *target) {
                touched[target] |= touched[from];
                gets_out[from] |= gets_out[target];
            }
        }
    }
    if touched.iter().zip(&gets_out).any(|(touched, gets_out)| *touched && !gets_out) {
        return None;
    }
    let mut rows: Vec<Vec<Ratio>> =
        (0..count).map(|row| (0..count).map(|column| Ratio::whole(i128::from(row == column))).collect()).collect();
    for (from, sender) in senders.iter().enumerate().filter(|(from, _)| touched[*from]) {
        let total: i128 = sender.targets.iter().map(|(_, weight)| weight).sum();
        for (target, weight) in &sender.targets {
            if let Some(target) = target {
                let part = Ratio::new(BigInt::from(-weight), BigInt::from(total));
                rows[*target][from] = rows[*target][from].plus(&part);
            }
        }
    }
    for (row, sender) in rows.iter_mut().zip(senders) {
        row.push(Ratio::whole(sender.own));
    }
    for step in 0..count {
        let pivot = (step..count).find(|row| !rows[*row][step].is_zero()).expect("a pivot");
        rows.swap(step, pivot);
        let pivots: Vec<Ratio> = rows[step].iter().map(|value| value.over(&rows[step][step])).collect();
        for (at, row) in rows.iter_mut().enumerate() {
            if at == step {
                row.clone_from(&pivots);
            } else {
                let factor = row[step].negated();
                for (value, pivot) in row.iter_mut().zip(&pivots) {
                    *value = value.plus(&pivot.times(&factor));
                }
            }
        }
    }
    Some(rows.into_iter().map(|mut row| row.pop().expect("the right side")).collect())
}

fn small_groups() -> impl Strategy<Value = Vec<Sender>> {
    (1usize..=8).prop_flat_map(|count| {
        let own = prop_oneof![
            2 => Just(0i128),
            3 => 1_000_000_000_000i128..=1_000_000 * ONE,
            1 => -1_000_000 * ONE..=-1_000_000_000_000i128,
        ];
        let weight = prop_oneof![1i128..=9, 1i128..=1_000_000, ONE..=1_000 * ONE];
        let target = prop_oneof![3 => (0..count).prop_map(Some), 1 => Just(None)];
        let targets = prop::collection::vec((target, weight), 1..=4);
        prop::collection::vec((own, targets).prop_map(|(own, targets)| Sender { own, targets }), count)
    })
}

proptest! {
    #[test]
    fn fractions_and_sweeps_agree_with_the_oracle(senders in small_groups()) {
        let oracle = oracle(&senders);
        let arcs: usize = senders.iter().map(|sender| sender.targets.len()).sum();
        // Every arc loses less than an atom to flooring, and none of it is lost twice.
        let distance = i128::try_from(arcs).expect("few");
        for exact_max in [usize::MAX, 0] {
            match (settle_by(&senders, exact_max), &oracle) {
                (Ok(flows), Some(gross)) => {
                    prop_assert!(adds_up(&senders, &flows));
                    for ((sender, flows), gross) in senders.iter().zip(&flows).zip(gross) {
                        let total: i128 = sender.targets.iter().map(|(_, weight)| weight).sum();
                        for ((target, weight), flow) in sender.targets.iter().zip(flows) {
                            if target.is_none() {
                                let exact = gross.times(&Ratio::new(BigInt::from(*weight), BigInt::from(total)));
                                prop_assert!(exact.is_within(*flow, distance), "{} against {:?}", flow, exact);
                            }
                        }
                    }
                }
                // Less than an atom reaches the closed loop, and is not split off.
                (Ok(flows), None) => prop_assert!(adds_up(&senders, &flows)),
                (Err(Fault::Closed(members)), None) => {
                    for member in &members {
                        let stays = |(target, _): &(Option<usize>, i128)| target.is_some_and(|at| members.contains(&at));
                        prop_assert!(senders[*member].targets.iter().all(stays));
                    }
                }
                // A gross amount above 10^38.
                (Err(Fault::Overflow), Some(gross)) => {
                    prop_assert!(gross.iter().any(|amount| !amount.is_within(0, i128::MAX)));
                }
                // Sweeps may end where less than 10^-12 of what a sender has leaves.
                (Err(Fault::NoConvergence(_)), _) => {
                    let total = |sender: &Sender| sender.targets.iter().map(|(_, weight)| weight).sum::<i128>();
                    let leaks = |sender: &Sender| {
                        sender.targets.iter().any(|(_, weight)| *weight < total(sender) / 1_000_000_000_000)
                    };
                    prop_assert!(exact_max == 0 && senders.iter().any(leaks));
                }
                // A closed loop as well: either may be found first.
                (Err(Fault::Overflow), None) => {}
                (answer, oracle) => prop_assert!(false, "{:?} against {:?}", answer, oracle.is_some()),
            }
        }
    }

    #[test]
    fn the_order_of_senders_changes_no_way_out_by_more_than_flooring(senders in small_groups(), turn in 0usize..8) {
        let count = senders.len();
        let moved = |at: usize| (at + turn) % count;
        let mut turned = senders.clone();
        for (at, sender) in senders.iter().enumerate() {
            let targets = sender.targets.iter().map(|(target, weight)| (target.map(moved), *weight)).collect();
            turned[moved(at)] = Sender { own: sender.own, targets };
        }
        if let (Ok(flows), Ok(turned)) = (settle(&senders), settle(&turned)) {
            for (at, sender) in senders.iter().enumerate() {
                for (k, (target, _)) in sender.targets.iter().enumerate() {
                    prop_assert!(target.is_some() || (flows[at][k] - turned[moved(at)][k]).abs() <= 64);
                }
            }
        }
    }

    #[test]
    fn without_loops_every_sender_is_split_in_turn(
        amounts in prop::collection::vec(-1_000_000_000i128..1_000_000_000, 40),
        arcs in prop::collection::vec((0usize..40, 1usize..40, 1i128..1_000), 0..200),
    ) {
        // Arcs lead upwards only, so splitting from 0 to 39 is the step-down.
        let mut senders: Vec<Sender> = amounts.iter().map(|own| sender(*own * 1_000_000_007, &[(None, 7)])).collect();
        for (from, ahead, weight) in arcs {
            let target = Some(from + ahead).filter(|target| *target < 40);
            senders[from].targets.push((target, weight));
        }
        let mut balances: Vec<i128> = senders.iter().map(|sender| sender.own).collect();
        let mut expected = Vec::new();
        for (at, sender) in senders.iter().enumerate() {
            let weights: Vec<i128> = sender.targets.iter().map(|(_, weight)| *weight).collect();
            let parts = shares::split(balances[at], &weights).expect("a split");
            for ((target, _), part) in sender.targets.iter().zip(&parts) {
                if let Some(target) = target {
                    balances[*target] += part;
                }
            }
            expected.push(parts);
        }
        prop_assert_eq!(settle(&senders), Ok(expected));
    }
}

// ------------------------------------------------------------------------------- larger groups

/// Numbers that look random (G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number
/// generators", 2014).
struct Splitmix(u64);

impl Splitmix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        let next = usize::try_from(self.next() >> 33).expect("31 bits");
        next % limit
    }

    fn amount(&mut self, limit: usize) -> i128 {
        i128::try_from(self.below(limit)).expect("few")
    }
}

/// `count` senders with ten random consumers each, of which `leak_ppm` parts in a million leave. Each
/// also sends to the one 7,919 further on, so that all are one circle.
fn random_group(count: usize, leak_ppm: i128, credits: bool, seed: u64) -> Vec<Sender> {
    let mut random = Splitmix(seed);
    (0..count)
        .map(|at| {
            let mut targets: Vec<(Option<usize>, i128)> = vec![(Some((at + 7_919) % count), ONE)];
            targets.extend((0..10).map(|_| (Some(random.below(count)), (1 + random.amount(1_000)) * ONE)));
            let inside: i128 = targets.iter().map(|(_, weight)| weight).sum();
            targets.push((None, inside / (1_000_000 - leak_ppm) * leak_ppm));
            let own = random.amount(100_000_000) * ONE / 100 * i128::from(random.below(3) > 0);
            let own = if credits && random.below(3) == 0 { -own } else { own };
            Sender { own, targets }
        })
        .collect()
}

/// The sum of the exact residuals of the gross amounts of a group that is one circle, and the largest
/// distance of a way out from its share of them; in atoms, rounded up.
///
/// Forms the residuals anew, in units of 2^-192 atoms.
fn proof(senders: &[Sender], flows: &[Vec<i128>]) -> (BigInt, BigInt) {
    let groups = Groups::of(senders);
    assert_eq!(groups.members.len(), 1, "one circle");
    let members = &groups.members[0];
    let circle = Circle::new(senders, &groups, 0).expect("a circle");
    let balances: Vec<i128> = members.iter().map(|member| senders[*member].own).collect();
    let gross = residuals::gross(&circle, &balances).expect("gross amounts");
    let mut open: Vec<BigInt> = senders.iter().map(|sender| BigInt::from(sender.own) << 192).collect();
    let mut farthest = BigInt::ZERO;
    for (member, amount) in members.iter().zip(&gross) {
        let amount = BigInt::parse_bytes(amount.to_string().as_bytes(), 10).expect("digits") << 128;
        let targets = &senders[*member].targets;
        let total: i128 = targets.iter().map(|(_, weight)| weight).sum();
        for ((target, weight), flow) in targets.iter().zip(&flows[*member]) {
            let part: BigInt = &amount * *weight / total;
            if let Some(target) = target {
                open[*target] += part;
            } else {
                let distance: BigInt = (BigInt::from(*flow) << 192) - part;
                farthest = farthest.max(BigInt::from(distance.magnitude().clone()));
            }
        }
        open[*member] -= amount;
    }
    let sum: BigInt = open.iter().map(|residual| BigInt::from(residual.magnitude().clone())).sum();
    ((sum >> 192) + 1, (farthest >> 192) + 1)
}

#[test]
fn five_hundred_random_senders_hand_out_exactly_what_they_have() {
    for seed in 0..20 {
        for leak_ppm in [300_000, 1_000, 1] {
            let senders = random_group(500, leak_ppm, seed % 2 == 1, seed);
            let flows = settle(&senders).expect("flows");
            assert!(adds_up(&senders, &flows));
            if seed < 4 {
                let (residuals, farthest) = proof(&senders, &flows);
                assert_eq!(residuals, BigInt::from(1));
                assert!(farthest < BigInt::from(50), "{farthest}");
            }
        }
    }
}

#[test]
fn ten_thousand_senders_that_let_one_part_in_a_million_go_are_right_to_the_residuals() {
    for (credits, seed) in [(false, 1), (true, 2)] {
        let senders = random_group(10_000, 1, credits, seed);
        let flows = settle(&senders).expect("flows");
        assert!(adds_up(&senders, &flows));
        let (residuals, farthest) = proof(&senders, &flows);
        assert_eq!(residuals, BigInt::from(1));
        assert!(farthest < BigInt::from(50), "{farthest}");
    }
}

/// Senders in a row, each handing the same to both neighbours; one part in a thousand leaves at the
/// ends only.
fn row_of(count: usize) -> Vec<Sender> {
    (0..count)
        .map(|at| {
            let sides = [at.checked_sub(1), Some(at + 1).filter(|next| *next < count)];
            let targets = sides.into_iter().map(|side| side.map_or((None, 1), |side| (Some(side), 999))).collect();
            Sender { own: if at == count / 3 { -ONE } else { ONE }, targets }
        })
        .collect()
}

#[test]
fn money_that_moves_on_slowly_is_settled_by_a_factorisation() {
    let senders = row_of(1_500);
    let flows = settle(&senders).expect("flows");
    assert!(adds_up(&senders, &flows));
    let (residuals, farthest) = proof(&senders, &flows);
    assert_eq!(residuals, BigInt::from(1));
    assert!(farthest < BigInt::from(1_000), "{farthest}");
}

#[test]
fn parts_that_have_little_to_do_with_each_other_are_settled_together() {
    // Five parts of 500; ten parts in a million go from one to another, one part in a million leaves.
    // Sweeps alone would take a hundred thousand rounds.
    let (parts, size) = (5, 500);
    let mut random = Splitmix(11);
    let senders: Vec<Sender> = (0..parts * size)
        .map(|at| {
            let first = at - at % size;
            let mut targets = vec![(Some(first + (at + 1) % size), 1_000_000)];
            targets.extend((0..10).map(|_| (Some(first + random.below(size)), (1 + random.amount(1_000)) * 1_000_000)));
            let inside: i128 = targets.iter().map(|(_, weight)| weight).sum();
            targets.push((Some(random.below(parts * size)), inside / 100_000));
            targets.push((None, inside / 1_000_000));
            Sender { own: random.amount(100_000_000) * ONE / 100, targets }
        })
        .collect();
    let flows = settle(&senders).expect("flows");
    assert!(adds_up(&senders, &flows));
    let (residuals, farthest) = proof(&senders, &flows);
    assert_eq!(residuals, BigInt::from(1));
    assert!(farthest < BigInt::from(50), "{farthest}");
}

#[test]
fn a_factorisation_guesses_what_sweeps_guess() {
    for leak_ppm in [300_000, 1] {
        let senders = random_group(300, leak_ppm, true, 3);
        let groups = Groups::of(&senders);
        let circle = Circle::new(&senders, &groups, 0).expect("a circle");
        let balances: Vec<i128> = groups.members[0].iter().map(|member| senders[*member].own).collect();
        let wanted: Vec<f64> = balances.iter().map(|balance| float(*balance)).collect();
        let swept = Guesser::new(&circle, &balances).guess(&wanted);
        let factorised = Factors::new(&circle).expect("few enough").guess(&wanted);
        for (swept, factorised) in swept.iter().zip(&factorised) {
            let distance = (swept.as_i256() - factorised.as_i256()).abs();
            assert!(distance <= swept.as_i256().abs() >> 24, "{swept} {factorised}");
        }
    }
}

#[test]
fn thousands_of_equal_fractions_do_not_add_up_at_one_way_out() {
    // Two sides of 2,000, left and right. Everybody hands the same to ten of the own side and to ten of the
    // other; number 0 of each side hands half of that again out.
    //   A flow from the left is 10^9 + 0.9 atoms, a flow from the right 10^9 atoms.
    //   Everybody receives 10 × (10^9 + 0.9) + 10 × 10^9 = 20 × 10^9 + 9,
    //   and hands out 20 × 10^9 + 18 (left) or 20 × 10^9 (right), so has +9 (left) or −9 (right) of its own;
    //   the numbers 0 have 10^10 + 9 and 10^10 more, which is what they let out.
    // Floored, the right side would miss 0.9 atoms on each of 20,000 arcs, and with it its way out.
    let side = 2_000;
    let flow = 1_000_000_000;
    let mut senders = Vec::new();
    for (own_side, other_side, own, out) in [(0, side, 9, 10 * flow + 9), (side, 0, -9, 10 * flow)] {
        for at in 0..side {
            let reach = |from: usize| (0..10).map(move |power| (Some(from + (at + 3usize.pow(power)) % side), 1));
            let mut targets: Vec<(Option<usize>, i128)> = reach(own_side).chain(reach(other_side)).collect();
            if at == 0 {
                targets.push((None, 10));
            }
            senders.push(Sender { own: if at == 0 { own + out } else { own }, targets });
        }
    }
    let flows = settle(&senders).expect("flows");
    assert!(adds_up(&senders, &flows));
    assert!((flows[0][20] - (10 * flow + 9)).abs() < 100, "{}", flows[0][20]);
    assert!((flows[side][20] - 10 * flow).abs() < 100, "{}", flows[side][20]);
}

#[test]
#[ignore = "a measurement: cargo test --release -- --ignored --nocapture times"]
#[expect(clippy::print_stdout, reason = "a measurement")]
fn times_by_size_and_leak() {
    println!("best of 7, seconds");
    println!(
        "| senders | leaves ppm | credits | circle | + guess | all | residuals, atoms | farthest way out, atoms |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (count, leak_ppm) in
        [300, 2_000, 10_000].iter().flat_map(|count| [300_000, 1_000, 1].map(|leak| (*count, leak)))
    {
        for credits in [false, true] {
            let senders = random_group(count, leak_ppm, credits, 7);
            let mut best = [f64::MAX; 3];
            let mut flows = Vec::new();
            for _ in 0..7 {
                let start = Instant::now();
                let groups = Groups::of(&senders);
                let circle = Circle::new(&senders, &groups, 0).expect("a circle");
                let prepared = start.elapsed();
                let balances: Vec<i128> = groups.members[0].iter().map(|member| senders[*member].own).collect();
                let mut guesser = Guesser::new(&circle, &balances);
                let guess = guesser.guess(&balances.iter().map(|balance| float(*balance)).collect::<Vec<f64>>());
                let guessed = start.elapsed();
                assert_eq!(guess.len(), count);
                let start = Instant::now();
                flows = settle(&senders).expect("flows");
                for (best, time) in best.iter_mut().zip([prepared, guessed, start.elapsed()]) {
                    *best = best.min(time.as_secs_f64());
                }
            }
            let (residuals, farthest) = proof(&senders, &flows);
            let [prepared, guessed, settled] = best;
            println!(
                "| {count} | {leak_ppm} | {credits} | {prepared:.5} | {guessed:.5} | {settled:.4} | < {residuals} | < {farthest} |"
            );
        }
    }
}
