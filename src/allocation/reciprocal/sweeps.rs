//! Guesses in floating point at what a large circle hands out.
//!
//! Nothing here decides anything: guesses are turned into integers, and the residual of those, in
//! integers, says how good they are (`residuals`). Amounts come in the units of the caller.
#![allow(clippy::float_arithmetic, reason = "floats only guide the search; integer residuals decide")]

use super::graph::Circle;

/// Sweeps before it is time for directions. Most circles need 10 to 30.
const SWEEPS_MAX: usize = 60;

/// Directions kept. Each makes up for one reason why sweeps are slow, such as a part of the circle that
/// has little to do with the rest of it.
const DIRECTIONS_MAX: usize = 40;

/// Residuals, as a part of the balances, at which the search along directions stops.
const RESIDUAL_MIN: f64 = 1e-11;

/// A sweep that changes less than this part of the amounts is the last.
const CHANGE_MIN: f64 = 1e-14;

/// Members up to which a circle is factorised if sweeps do not converge: 32 MB and about a second.
const FACTORS_MAX: usize = 2_000;

/// A circle as seen by those who receive, in parts of what each sender has.
pub(super) struct Guesser {
    /// Where the senders to a member begin; one more at the end.
    starts: Vec<usize>,
    /// The senders with the part that they send.
    received: Vec<(usize, f64)>,
    /// The part that a member does not send to itself.
    passed_on: Vec<f64>,
    /// The part that leaves the circle.
    leaving: Vec<f64>,
    /// A solution for money that is positive everywhere: the shape that money takes which has gone
    /// round and round.
    shape: Vec<f64>,
    /// What leaves of it.
    shape_leaving: f64,
    /// Amounts, and the balances that they settle; those of any two are at right angles. Kept from guess
    /// to guess, since what was slow once is slow again.
    directions: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Guesser {
    /// Prepares guesses; `balances` are the typical ones.
    pub(super) fn new(circle: &Circle, balances: &[i128]) -> Guesser {
        let count = circle.len();
        let mut starts = vec![0; count + 2];
        for member in 0..count {
            for arc in &circle.arcs[circle.arcs_of(member)] {
                if let Some(to) = arc.to.filter(|to| *to != member) {
                    starts[to + 2] += 1;
                }
            }
        }
        for member in 0..count {
            starts[member + 2] += starts[member + 1];
        }
        let mut received = vec![(0, 0.0); starts[count + 1]];
        let (mut passed_on, mut leaving) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for member in 0..count {
            let total = circle.totals[member];
            let (mut kept, mut out) = (0, 0);
            for arc in &circle.arcs[circle.arcs_of(member)] {
                match arc.to {
                    None => out += arc.weight,
                    Some(to) if to == member => kept += arc.weight,
                    Some(to) => {
                        received[starts[to + 1]] = (member, part(arc.weight, total));
                        starts[to + 1] += 1;
                    }
                }
            }
            // From integers, so that a part of 10^-12 is known to all its digits.
            passed_on.push(part(total - kept, total));
            leaving.push(part(out, total));
        }
        starts.pop();
        let mut guesser = Guesser {
            starts,
            received,
            passed_on,
            leaving,
            shape: vec![1.0; count],
            shape_leaving: 0.0,
            directions: Vec::new(),
        };
        guesser.learn_shape(balances);
        guesser
    }

    /// Finds the shape: sweeps over the absolute balances, scaled after each so that as much leaves as
    /// came in. All amounts are positive, so what leaves is never near zero.
    fn learn_shape(&mut self, balances: &[i128]) {
        let came_in: Vec<f64> = balances.iter().map(|balance| float(balance.saturating_abs())).collect();
        let sum: f64 = came_in.iter().sum();
        let mut shape = std::mem::take(&mut self.shape);
        for _ in 0..SWEEPS_MAX {
            let before = shape.clone();
            self.sweep(&came_in, &mut shape);
            let factor = sum / self.leaves(&shape);
            for amount in &mut shape {
                *amount *= factor;
            }
            if has_settled(&before, &shape) {
                break;
            }
        }
        self.shape_leaving = self.leaves(&shape);
        self.shape = shape;
    }

    /// What the members hand out if they have `balances`, of any sign, from outside.
    ///
    /// Where sweeps alone do not get there, each result of sweeps is a direction, and of all directions
    /// together the best step is taken (generalised conjugate residuals: S. C. Eisenstat, H. C. Elman and
    /// M. H. Schultz, "Variational iterative methods for nonsymmetric systems of linear equations",
    /// 1983).
    pub(super) fn guess(&mut self, balances: &[f64]) -> Vec<f64> {
        let mut amounts = vec![0.0; balances.len()];
        let mut open = balances.to_vec();
        for (direction, settled) in &self.directions {
            step_along(direction, settled, &mut amounts, &mut open);
        }
        let enough = RESIDUAL_MIN * RESIDUAL_MIN * product(balances, balances);
        while product(&open, &open) > enough && self.directions.len() < DIRECTIONS_MAX {
            let (mut direction, done) = self.swept(&open);
            if done && self.directions.is_empty() {
                return direction;
            }
            let mut settled = self.settled_by(&direction);
            for (other, settled_by_other) in &self.directions {
                let part = product(&settled, settled_by_other) / product(settled_by_other, settled_by_other);
                subtract(&mut direction, part, other);
                subtract(&mut settled, part, settled_by_other);
            }
            if product(&settled, &settled) <= 0.0 {
                break;
            }
            step_along(&direction, &settled, &mut amounts, &mut open);
            self.directions.push((direction, settled));
        }
        if self.directions.len() >= DIRECTIONS_MAX {
            self.directions.clear();
        }
        amounts
    }

    /// What sweeps make of `balances`, and whether the last one still changed anything.
    fn swept(&self, balances: &[f64]) -> (Vec<f64>, bool) {
        let sum: f64 = balances.iter().sum();
        let mut amounts: Vec<f64> = self.shape.iter().map(|shape| sum / self.shape_leaving * shape).collect();
        for _ in 0..SWEEPS_MAX {
            let before = amounts.clone();
            self.sweep(balances, &mut amounts);
            // As much must leave as came in. What is missing has gone round often, so it has the shape.
            let factor = (sum - self.leaves(&amounts)) / self.shape_leaving;
            amounts.iter_mut().zip(&self.shape).for_each(|(amount, shape)| *amount += factor * shape);
            if has_settled(&before, &amounts) {
                return (amounts, true);
            }
        }
        (amounts, false)
    }

    /// The balances that would be settled by `amounts`: handed out less received.
    fn settled_by(&self, amounts: &[f64]) -> Vec<f64> {
        let received = |member: usize| -> f64 {
            let senders = &self.received[self.starts[member]..self.starts[member + 1]];
            senders.iter().map(|(sender, part)| amounts[*sender] * part).sum()
        };
        let members = amounts.iter().zip(&self.passed_on).enumerate();
        members.map(|(member, (amount, part))| amount * part - received(member)).collect()
    }

    /// Lets every member in turn receive what the others hand out by now (Gauss-Seidel).
    fn sweep(&self, balances: &[f64], amounts: &mut [f64]) {
        for member in 0..amounts.len() {
            let mut sum = balances[member];
            for (sender, part) in &self.received[self.starts[member]..self.starts[member + 1]] {
                sum += amounts[*sender] * part;
            }
            amounts[member] = sum / self.passed_on[member];
        }
    }

    fn leaves(&self, amounts: &[f64]) -> f64 {
        amounts.iter().zip(&self.leaving).map(|(amount, part)| amount * part).sum()
    }
}

/// Goes along a direction as far as that makes the open balances smaller.
fn step_along(direction: &[f64], settled: &[f64], amounts: &mut [f64], open: &mut [f64]) {
    let step = product(open, settled) / product(settled, settled);
    subtract(amounts, -step, direction);
    subtract(open, step, settled);
}

fn product(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn subtract(from: &mut [f64], factor: f64, what: &[f64]) {
    from.iter_mut().zip(what).for_each(|(from, what)| *from -= factor * what);
}

fn has_settled(before: &[f64], after: &[f64]) -> bool {
    let change: f64 = before.iter().zip(after).map(|(before, after)| (after - before).abs()).sum();
    change <= CHANGE_MIN * after.iter().map(|amount| amount.abs()).sum::<f64>()
}

/// A circle taken apart member by member, for circles in which money moves on so slowly that sweeps
/// do not converge.
///
/// Gaussian elimination that never subtracts (W. K. Grassmann, M. I. Taksar and D. P. Heyman,
/// "Regenerative analysis and steady state distributions for Markov chains", Operations Research 33,
/// 1985): what a member passes on is the sum of what it sends to others and out, so every factor is
/// right to nearly all digits however little leaves.
pub(super) struct Factors {
    count: usize,
    /// By sender and receiver: for lower receivers the part of what the sender passes on, for higher
    /// ones the part of what it has, both with all members above the two taken out.
    parts: Vec<f64>,
    /// The part that a member passes on, with all members above it taken out.
    passed_on: Vec<f64>,
}

impl Factors {
    /// Factorises; `None` if there are too many members.
    pub(super) fn new(circle: &Circle) -> Option<Factors> {
        let count = circle.len();
        if count > FACTORS_MAX {
            return None;
        }
        let mut parts = vec![0.0; count * count];
        let mut leaving = vec![0.0; count];
        let mut passed_on = vec![0.0; count];
        for member in 0..count {
            for arc in &circle.arcs[circle.arcs_of(member)] {
                let part = part(arc.weight, circle.totals[member]);
                match arc.to {
                    None => leaving[member] += part,
                    Some(to) => parts[member * count + to] += part,
                }
            }
        }
        for taken in (0..count).rev() {
            let (above, below) = parts.split_at_mut(taken * count);
            let row = &mut below[..taken];
            passed_on[taken] = row.iter().sum::<f64>() + leaving[taken];
            for part in row.iter_mut() {
                *part /= passed_on[taken];
            }
            let out = leaving[taken] / passed_on[taken];
            for (sender, parts) in above.chunks_exact_mut(count).enumerate() {
                let factor = parts[taken];
                if factor > 0.0 {
                    parts.iter_mut().zip(&*row).for_each(|(part, onward)| *part += factor * onward);
                    leaving[sender] += factor * out;
                }
            }
        }
        Some(Factors { count, parts, passed_on })
    }

    /// What the members hand out if they have `balances` from outside.
    pub(super) fn guess(&self, balances: &[f64]) -> Vec<f64> {
        let row = |member: usize| &self.parts[member * self.count..(member + 1) * self.count];
        let mut amounts = balances.to_vec();
        for taken in (0..self.count).rev() {
            let (below, rest) = amounts.split_at_mut(taken);
            below.iter_mut().zip(row(taken)).for_each(|(amount, part)| *amount += rest[0] * part);
        }
        for member in 0..self.count {
            let (below, above) = amounts.split_at_mut(member + 1);
            below[member] /= self.passed_on[member];
            let parts = &row(member)[member + 1..];
            above.iter_mut().zip(parts).for_each(|(amount, part)| *amount += below[member] * part);
        }
        amounts
    }
}

fn part(weight: i128, total: i128) -> f64 {
    float(weight) / float(total)
}

#[expect(clippy::cast_precision_loss, reason = "a guess")]
pub(super) fn float(value: i128) -> f64 {
    value as f64
}
