//! A small circle in exact fractions.

use num_bigint::{BigInt, Sign};

use super::flows::Flow;
use super::graph::Circle;

/// What flows along every arc of the circle; `None` if a flow leaves 128 bits. The circle must have a
/// way out.
///
/// The unknowns are amounts per unit of weight, `z_s = x_s / (sum of the weights of s)`, so that all
/// coefficients are integers: `total_t × z_t − Σ_s weight_st × z_s = balance_t`. Elimination without
/// fractions (E. H. Bareiss, "Sylvester's identity and multistep integer-preserving Gaussian
/// elimination", Mathematics of Computation 22, 1968). No pivoting: whatever part of the members is
/// taken, money gets out of it, so every leading minor is above 0.
pub(super) fn flows(circle: &Circle, balances: &[i128]) -> Option<Vec<Flow>> {
    let count = circle.len();
    let mut rows = vec![vec![BigInt::ZERO; count + 1]; count];
    for (member, (total, balance)) in circle.totals.iter().zip(balances).enumerate() {
        rows[member][member] += *total;
        rows[member][count] = BigInt::from(*balance);
        for arc in &circle.arcs[circle.arcs_of(member)] {
            if let Some(to) = arc.to {
                rows[to][member] -= arc.weight;
            }
        }
    }
    let mut divisor = BigInt::from(1);
    for step in 0..count {
        let (above, below) = rows.split_at_mut(step + 1);
        let pivots = &above[step];
        for row in below {
            let factor = std::mem::take(&mut row[step]);
            for column in step + 1..=count {
                let mut product = &pivots[step] * &row[column];
                if factor != BigInt::ZERO && pivots[column] != BigInt::ZERO {
                    product -= &factor * &pivots[column];
                }
                row[column] = if step == 0 { product } else { product / &divisor };
            }
        }
        divisor.clone_from(&rows[step][step]);
    }
    // Now `divisor` is the determinant, and each unknown is an integer over it (Cramer).
    let mut numerators = vec![BigInt::ZERO; count];
    for step in (0..count).rev() {
        let mut sum = &divisor * &rows[step][count];
        for column in step + 1..count {
            sum -= &rows[step][column] * &numerators[column];
        }
        numerators[step] = sum / &rows[step][step];
    }
    let mut flows = Vec::with_capacity(circle.arcs.len());
    for (member, numerator) in numerators.iter().enumerate() {
        for arc in &circle.arcs[circle.arcs_of(member)] {
            flows.push(flow(numerator * arc.weight, &divisor)?);
        }
    }
    Some(flows)
}

/// The quotient as a flow; `divisor` is above 0.
fn flow(dividend: BigInt, divisor: &BigInt) -> Option<Flow> {
    let mut floor = &dividend / divisor;
    let mut rest = dividend - &floor * divisor;
    if rest.sign() == Sign::Minus {
        floor -= 1;
        rest += divisor;
    }
    let fraction = (rest << u64::BITS) / divisor;
    Some(Flow { floor: i128::try_from(floor).ok()?, fraction: u64::try_from(fraction).ok()? })
}
