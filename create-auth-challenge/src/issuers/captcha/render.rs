//! Renders letters to a picture in which letters and background have the same average tone.

mod encode;
mod family;
mod glyph;
mod outline;
mod plane;
mod texture;

use std::ops::Range;

use rand::seq::IndexedRandom;
use rand::{CryptoRng, RngExt};

use family::Family;
use outline::{Outline, Warp, point};
use plane::{HEIGHT, Plane, WIDTH};

/// The free margin on the left and on the right, in pixels.
const MARGIN: f32 = 8.0;

/// The distance between letters in pixels, before they are rotated. Some letters overlap a little afterwards.
const GAP: Range<f32> = 2.5..6.5;

/// Draws `letters` in a random style. With `arc`, an arc in the same style crosses the letters.
///
/// Returns the bytes of a PNG, at most 4 KB, or `None` if the fonts lack a letter.
pub(super) fn render(letters: &str, arc: bool, rng: &mut (dyn CryptoRng + Send)) -> Option<Vec<u8>> {
    let family = *Family::ALL.choose(&mut &mut *rng)?;
    draw(letters, family, arc, rng)
}

fn draw(letters: &str, family: Family, arc: bool, rng: &mut (dyn CryptoRng + Send)) -> Option<Vec<u8>> {
    let mut shapes = Vec::with_capacity(letters.len() + 1);
    if arc {
        shapes.push(bow(rng));
    }
    place(letters, &mut shapes, rng)?;
    encode::encode(&family.picture(&shapes, rng))
}

/// Adds the shape of each letter, distributed over the width of the picture.
fn place(letters: &str, shapes: &mut Vec<Plane>, rng: &mut (dyn CryptoRng + Send)) -> Option<()> {
    let glyphs: Option<Vec<_>> = letters.chars().map(|letter| glyph::glyph(letter, rng)).collect();
    let glyphs = glyphs?;
    let gaps: Vec<f32> = glyphs.iter().map(|_| rng.random_range(GAP)).collect();
    let wide: f32 = glyphs.iter().zip(&gaps).map(|(glyph, gap)| glyph.width + gap).sum();
    let room = f32::from(WIDTH) - 2.0 * MARGIN;
    let squeeze = (room / wide).min(1.0);
    let mut left = MARGIN + (room - wide * squeeze) * rng.random_range(0.2..0.8);
    let warp = Warp::random(90.0, 3.0, rng);
    for (glyph, gap) in glyphs.iter().zip(gaps) {
        let width = glyph.width * squeeze;
        let centre = point(
            left + width / 2.0,
            f32::from(HEIGHT) / 2.0 + rng.random_range(-5.0..5.0),
        );
        left += width + gap * squeeze;
        let own = Warp::random(48.0, 2.0, rng);
        shapes.push(glyph.outline.bent(&own).placed(squeeze, centre).bent(&warp).filled());
    }
    Some(())
}

/// Returns an arc from side to side.
fn bow(rng: &mut (dyn CryptoRng + Send)) -> Plane {
    let mut outline = Outline::default();
    let mut y = || rng.random_range(16.0_f32..80.0);
    outline.bow(point(10.0, y()), point(140.0, y()), point(270.0, y()), 6.0);
    outline.filled()
}

#[cfg(test)]
mod tests;
