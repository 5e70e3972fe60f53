//! A large circle: guesses, and exact residuals that decide.

use ethnum::{AsI256, I256};

use super::CircleFault;
use super::flows::Flow;
use super::graph::Circle;
use super::sweeps::{Factors, Guesser};

/// Bits of a fine unit below an atom.
const FINE_BITS: u32 = 64;

/// The sum of all residuals at which a circle is solved: so many fine units a member, and one an arc,
/// which is what rounding flows to fine units costs. For 10,000 senders of ten targets that is
/// 180,000 × 2^-64 atoms, 10^-14 atoms in all.
const RESIDUAL_PER_MEMBER: i128 = 8;

/// Corrections before another kind of guess is tried. Each takes off 8 to 14 digits as a rule, about
/// four where 10^-12 of what goes round leaves in a round; there are 58 at most.
const PASSES_MAX: usize = 64;

/// What a correction must take off the residuals at least, as a divisor, or it is no convergence.
const GAIN_MIN: i128 = 8;

/// Added to a flow before it is floored to atoms, in fine units: 2^-20 atoms. A flow that is whole must
/// not lose an atom because it was met from below.
const NUDGE: i128 = 1 << (FINE_BITS - 20);

/// The gross amounts of the members in fine units, 2^-64 atoms.
///
/// Begins with nothing handed out, when all balances are residuals, and corrects by guesses of what
/// the residuals would become, until they are down to rounding (iterative refinement: J. H. Wilkinson,
/// "Rounding errors in algebraic processes", 1963). Whether the answer is right rests on the integers
/// alone: the guesses may be as poor as they like.
///
/// # Errors
/// No convergence, or an amount above 128 bits of atoms.
pub(super) fn gross(circle: &Circle, balances: &[i128]) -> Result<Vec<I256>, CircleFault> {
    let mut guesser = Guesser::new(circle, balances);
    corrected(circle, balances, |residuals| guesser.guess(residuals)).or_else(|fault| {
        let factors = Factors::new(circle).ok_or(fault)?;
        corrected(circle, balances, |residuals| factors.guess(residuals))
    })
}

/// Corrects by `guess` until the residuals are down to rounding.
fn corrected(
    circle: &Circle,
    balances: &[i128],
    mut guess: impl FnMut(&[f64]) -> Vec<f64>,
) -> Result<Vec<I256>, CircleFault> {
    let enough = RESIDUAL_PER_MEMBER.as_i256() * circle.len().as_i256() + circle.arcs.len().as_i256();
    let limit = i128::MAX.as_i256() << FINE_BITS;
    let allowed = -limit..=limit;
    let mut gross = vec![I256::ZERO; circle.len()];
    let mut open = residuals(circle, balances, &gross);
    let mut sum = size(&open);
    for pass in 0..PASSES_MAX {
        if sum <= enough {
            return Ok(gross);
        }
        let wanted: Vec<f64> = open.iter().map(|residual| residual.as_f64()).collect();
        for (amount, correction) in gross.iter_mut().zip(guess(&wanted)) {
            // What is no number becomes 0 and what is out of range the end of it; both are seen.
            let correction = correction.round().as_i256();
            if !allowed.contains(&correction) || !allowed.contains(&(*amount + correction)) {
                // The first guess has the right size. What leaves the range later does not converge.
                return Err(if pass == 0 { CircleFault::Overflow } else { CircleFault::NoConvergence });
            }
            *amount += correction;
        }
        open = residuals(circle, balances, &gross);
        let before = sum;
        sum = size(&open);
        if sum > enough && sum > before / GAIN_MIN.as_i256() {
            break;
        }
    }
    if sum <= enough { Ok(gross) } else { Err(CircleFault::NoConvergence) }
}

/// What the members have received and not handed out, in fine units: exact but for the rounding of
/// each flow to the nearest fine unit.
fn residuals(circle: &Circle, balances: &[i128], gross: &[I256]) -> Vec<I256> {
    let mut open: Vec<I256> =
        balances.iter().zip(gross).map(|(balance, amount)| (balance.as_i256() << FINE_BITS) - amount).collect();
    for (member, amount) in gross.iter().enumerate() {
        let part = Parts::new(*amount, circle.totals[member]);
        for arc in &circle.arcs[circle.arcs_of(member)] {
            if let Some(to) = arc.to {
                open[to] += part.of(arc.weight);
            }
        }
    }
    open
}

fn size(residuals: &[I256]) -> I256 {
    residuals.iter().fold(I256::ZERO, |sum, residual| sum + residual.abs())
}

/// What flows along every arc.
pub(super) fn flows(circle: &Circle, gross: &[I256]) -> Option<Vec<Flow>> {
    let mut flows = Vec::with_capacity(circle.arcs.len());
    for (member, amount) in gross.iter().enumerate() {
        let part = Parts::new(*amount, circle.totals[member]);
        for arc in &circle.arcs[circle.arcs_of(member)] {
            let nudge = if arc.weight == 0 { 0 } else { NUDGE };
            let flow = part.of(arc.weight) + nudge.as_i256();
            let floor = i128::try_from(flow >> FINE_BITS).ok()?;
            flows.push(Flow { floor, fraction: flow.as_u64() });
        }
    }
    Some(flows)
}

/// An amount about to be handed out in proportion to weights.
///
/// Amounts have up to 191 bits and weights 127, more than 256 together. So the amount is divided by
/// the total first, `amount = whole × total + rest`, and a share is `whole × weight + rest × weight /
/// total`.
struct Parts {
    whole: I256,
    rest: i128,
    total: i128,
}

impl Parts {
    fn new(amount: I256, total: i128) -> Parts {
        let (whole, rest) = amount.div_rem_euclid(total.as_i256());
        Parts { whole, rest: rest.as_i128(), total }
    }

    /// The share of `weight`, to the nearest unit.
    fn of(&self, weight: i128) -> I256 {
        // Most weights are small once their common divisor is gone, and 128 bits divide faster.
        let rest = match self.rest.checked_mul(weight).and_then(|product| product.checked_add(self.total / 2)) {
            Some(product) => (product / self.total).as_i256(),
            None => (self.rest.as_i256() * weight.as_i256() + (self.total / 2).as_i256()) / self.total.as_i256(),
        };
        self.whole * weight.as_i256() + rest
    }
}
