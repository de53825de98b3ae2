//! Tests whether one sample tends to have greater values than another: the Mann–Whitney U test.

use std::f64::consts::{PI, SQRT_2};

/// The result of the test for two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranks {
    /// The number of pairs in which the value of the first sample is greater. A tie counts as half a pair.
    pub u: f64,
    /// The distance of `u` from its expected value under chance, in standard deviations, corrected for ties.
    pub z: f64,
    /// The probability that chance alone results in at least this distance, in either direction.
    pub p: f64,
}

/// Compares samples with the normal approximation, which is accurate for 20 or more values per sample.
///
/// # Panics
///
/// Panics if a value is not a number.
pub fn compare(first: &[f64], second: &[f64]) -> Ranks {
    let of_first = first.iter().map(|figure| (*figure, true));
    let mut all: Vec<_> = of_first.chain(second.iter().map(|figure| (*figure, false))).collect();
    all.sort_by(|one, other| one.0.partial_cmp(&other.0).expect("a number"));
    let (mut rank_sum, mut ties, mut before) = (0.0, 0.0, 0.0);
    for equal in all.chunk_by(|one, other| one.0 == other.0) {
        let count = number(equal.len());
        let rank = before + f64::midpoint(1.0, count);
        rank_sum += rank * number(equal.iter().filter(|(_, first)| *first).count());
        ties += count.powi(3) - count;
        before += count;
    }
    let (m, n, all) = (number(first.len()), number(second.len()), before);
    let u = rank_sum - m * (m + 1.0) / 2.0;
    let variance = m * n / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    let z = if variance > 0.0 {
        (u - m * n / 2.0) / variance.sqrt()
    } else {
        0.0
    };
    Ranks {
        u,
        z,
        p: complementary_error(z.abs() / SQRT_2),
    }
}

/// Returns the median. For an even number of values, this is the upper of the two middle values.
pub fn median(figures: &[f64]) -> Option<f64> {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a sample has at most u32::MAX values"))
}

/// Returns 1 - erf(x) for x ≥ 0: with the series of erf if it converges quickly, else with the continued fraction of
/// Laplace.
fn complementary_error(x: f64) -> f64 {
    let bell = (-x * x).exp() / PI.sqrt();
    if x < 2.0 {
        let (mut sum, mut term) = (x, x);
        for factor in 1..60 {
            term *= 2.0 * x * x / f64::from(2 * factor + 1);
            sum += term;
        }
        1.0 - 2.0 * bell * sum
    } else {
        let rest = (1..60).rev().fold(x, |rest, half| x + f64::from(half) / 2.0 / rest);
        bell / rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() <= 1e-9 * right.abs().max(1e-3)
    }

    /// The expected values are from `scipy.stats.mannwhitneyu(first, second, use_continuity=False,
    /// method="asymptotic")` of SciPy 1.16; `z` is computed from `p`.
    #[test]
    fn the_results_equal_those_of_scipy() {
        let multiples = |count, factor, start, modulus| -> Vec<f64> {
            (0..count)
                .map(|number| f64::from((number * factor + start) % modulus))
                .collect()
        };
        for (first, second, expected) in [
            (
                multiples(30, 37, 0, 101),
                multiples(40, 53, 7, 97),
                [623.0, 0.272_988_440_585_454_5, 0.784_862_101_297_911_6],
            ),
            (
                vec![1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 5.0, 8.0],
                vec![2.0, 3.0, 4.0, 4.0, 6.0, 8.0, 8.0, 9.0, 9.0],
                [15.5, -1.997_241_257_580_739, 0.045_798_981_183_368_65],
            ),
            (
                multiples(25, 1, 0, 100),
                multiples(25, 1, 30, 100),
                [0.0, -6.063_390_625_908_324, 1.332_814_294_054_072e-9],
            ),
        ] {
            let Ranks { u, z, p } = compare(&first, &second);
            for (found, expected) in [u, z, p].into_iter().zip(expected) {
                assert!(close(found, expected), "{found} {expected}");
            }
            assert!((p / expected[2] - 1.0).abs() < 1e-6, "{p}");
        }
    }

    #[test]
    fn the_order_of_samples_changes_only_the_sign() {
        let (first, second) = ([1.0, 4.0, 4.0, 9.0], [2.0, 4.0, 5.0]);
        let (one, other) = (compare(&first, &second), compare(&second, &first));
        assert!(close(one.u + other.u, 12.0) && close(one.z, -other.z) && close(one.p, other.p));
    }

    #[test]
    fn equal_values_are_not_significant() {
        let same = compare(&[7.0; 30], &[7.0; 30]);
        assert!(close(same.u, 450.0) && same.z == 0.0 && close(same.p, 1.0), "{same:?}");
    }
}
