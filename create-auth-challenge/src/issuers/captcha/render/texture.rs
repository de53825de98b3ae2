//! The textures of letters and backgrounds.

use std::f32::consts::TAU;

use rand::{CryptoRng, RngExt};

use super::outline::{Outline, point};
use super::plane::{HEIGHT, Plane, WIDTH};

/// Returns wavy black and white stripes, vertical or horizontal. A black and a white stripe together are four to five
/// pixels wide.
pub(super) fn stripes(rng: &mut (dyn CryptoRng + Send)) -> Plane {
    let upright = rng.random_range(0..2) == 0;
    let period = rng.random_range(4.0..5.0);
    let (height, length) = (rng.random_range(2.0..4.0), rng.random_range(50.0..90.0));
    let (start, phase) = (rng.random_range(0.0..period), rng.random_range(0.0..TAU));
    let sway: Vec<u32> = (0..WIDTH.next_multiple_of(64))
        .map(|at| part_of_turn((start + height * (1.0 + (f32::from(at) / length * TAU + phase).sin())) / period))
        .collect();
    let step = part_of_turn(1.0 / period);
    Plane::of(|x, y| {
        let (along, across) = if upright { (y, x) } else { (x, y) };
        let sway = sway.get(usize::from(along)).copied().unwrap_or_default();
        u32::from(across).wrapping_mul(step).wrapping_add(sway) >> 31 == 0
    })
}

/// Converts the fraction of `turns` to an angle: the full range of `u32` is one turn.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the fraction of a turn is below one, so the scaled value fits"
)]
fn part_of_turn(turns: f32) -> u32 {
    (f64::from(turns).fract() * f64::from(u32::MAX)) as u32
}

/// Returns a thin arc at a random position across part of the picture.
pub(super) fn scratch(rng: &mut (dyn CryptoRng + Send)) -> Plane {
    let x = rng.random_range(-40.0..140.0);
    let mut y = || rng.random_range(0.0..f32::from(HEIGHT));
    let mut outline = Outline::default();
    outline.bow(point(x, y()), point(x + 90.0, y()), point(x + 180.0, y()), 3.0);
    outline.filled()
}
