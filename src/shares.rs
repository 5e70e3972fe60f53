//! Splitting an amount in proportion to weights so that the parts add up to the whole, to the last digit.

use ethnum::I256;

/// Why an amount cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitFault {
    /// The weights add up to nothing, so there is no proportion.
    ZeroTotal,
    /// The weights add up to more than the program can hold.
    TooLarge,
}

/// Splits `amount` in proportion to `weights`; the parts add up to `amount` exactly.
///
/// Largest remainder: every part is first its exact share rounded towards minus infinity (credits
/// included), then the left-over units go one each to the largest fractions; among equal fractions to
/// the weight that comes first, so callers list weights in the order of their members' names. A zero
/// weight gets nothing. Weights may be negative only together with a total that is not zero.
///
/// # Errors
/// [`SplitFault`] when the weights add up to zero or overflow.
pub fn split(amount: i128, weights: &[i128]) -> Result<Vec<i128>, SplitFault> {
    let total = weights.iter().try_fold(0i128, |sum, weight| sum.checked_add(*weight)).ok_or(SplitFault::TooLarge)?;
    if total == 0 {
        return Err(SplitFault::ZeroTotal);
    }
    let sign = total.signum();
    let total = total.checked_abs().ok_or(SplitFault::TooLarge)?;
    let mut parts = Vec::with_capacity(weights.len());
    let mut fractions = Vec::with_capacity(weights.len());
    let mut handed_out = 0i128;
    for weight in weights {
        let (part, fraction) = floor_share(amount, *weight * sign, total);
        parts.push(part);
        fractions.push(fraction);
        handed_out += part;
    }
    let left = usize::try_from(amount - handed_out).unwrap_or(0);
    if left > 0 {
        let mut order: Vec<usize> = (0..weights.len()).filter(|at| fractions[*at] > 0).collect();
        // A stable sort keeps the order of names among equal fractions.
        order.sort_by_key(|at| std::cmp::Reverse(fractions[*at]));
        for at in order.into_iter().take(left) {
            parts[at] += 1;
        }
    }
    debug_assert_eq!(parts.iter().sum::<i128>(), amount);
    Ok(parts)
}

/// The floor of `amount × weight / total`, and what is left of it in units of `1 / total`.
fn floor_share(amount: i128, weight: i128, total: i128) -> (i128, i128) {
    if let Some(product) = amount.checked_mul(weight) {
        return (product.div_euclid(total), product.rem_euclid(total));
    }
    let product = I256::from(amount) * I256::from(weight);
    let total = I256::from(total);
    (product.div_euclid(total).as_i128(), product.rem_euclid(total).as_i128())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hundred_over_three_gives_the_first_name_the_left_over_unit() {
        assert_eq!(split(100, &[1, 1, 1]), Ok(vec![34, 33, 33]));
    }

    #[test]
    fn credits_round_towards_minus_infinity_and_still_add_up() {
        // −100/3 = −33.33…: floors −34, −34, −34 add up to −102, so two units go back, first names first.
        assert_eq!(split(-100, &[1, 1, 1]), Ok(vec![-33, -33, -34]));
    }

    #[test]
    fn a_zero_weight_gets_nothing_and_no_weight_is_a_fault() {
        assert_eq!(split(7, &[0, 3, 0]), Ok(vec![0, 7, 0]));
        assert_eq!(split(7, &[0, 0]), Err(SplitFault::ZeroTotal));
        assert_eq!(split(7, &[]), Err(SplitFault::ZeroTotal));
        assert_eq!(split(7, &[i128::MAX, 1]), Err(SplitFault::TooLarge));
    }

    #[test]
    fn the_largest_fraction_gets_the_unit() {
        // 1,003 by 30 : 70 : 1 of 101: 297.92 · 695.14 · 9.93 → floors 297 + 695 + 9 = 1,001, two units left,
        // the largest fractions are .93 and .92.
        assert_eq!(split(1003, &[30, 70, 1]), Ok(vec![298, 695, 10]));
    }

    proptest! {
        #[test]
        fn parts_add_up_and_stay_within_one_unit(amount in any::<i64>(), weights in prop::collection::vec(0u64.., 1..20)) {
            let amount = i128::from(amount) * 1_000_000_007;
            let weights: Vec<i128> = weights.into_iter().map(|weight| i128::from(weight) * 1_000_003).collect();
            let total: i128 = weights.iter().sum();
            prop_assume!(total > 0);
            let parts = split(amount, &weights).expect("a split");
            prop_assert_eq!(parts.iter().sum::<i128>(), amount);
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = I256::from(amount) * I256::from(*weight);
                let distance = (I256::from(*part) * I256::from(total) - exact).abs();
                prop_assert!(distance < I256::from(total));
                prop_assert!(*weight != 0 || *part == 0);
            }
        }
    }
}
