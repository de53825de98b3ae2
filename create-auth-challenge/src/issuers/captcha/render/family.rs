//! The styles of pictures. They differ on purpose, so that a program trained on one style cannot read the others.

use rand::seq::SliceRandom;
use rand::{CryptoRng, RngExt};

use super::plane::Plane;
use super::texture::{scratch, stripes};

/// A style of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// The outlines of letters on blotches.
    Etched,
    /// Striped letters with an outline, on noise.
    Hatched,
    /// The outlines of letters on noise.
    Relief,
    /// Black and white letters with scratches, on blotches.
    Scratched,
    /// Letters filled with noise and with an outline, on stripes.
    Stippled,
}

impl Family {
    /// All styles. Each has equal probability.
    pub(super) const ALL: [Self; 5] = [
        Self::Etched,
        Self::Hatched,
        Self::Relief,
        Self::Scratched,
        Self::Stippled,
    ];

    /// Draws a picture with these shapes. The first shape is at the bottom.
    pub(super) fn picture(self, shapes: &[Plane], rng: &mut (dyn CryptoRng + Send)) -> Plane {
        let ground = match self {
            Self::Etched | Self::Scratched => Plane::noise(rng).blotched(),
            Self::Hatched | Self::Relief => Plane::noise(rng),
            Self::Stippled => stripes(rng),
        };
        let filling = match self {
            Self::Etched | Self::Relief | Self::Scratched => ground.clone(),
            Self::Hatched => stripes(rng),
            Self::Stippled => Plane::noise(rng),
        };
        let mut picture = ground.clone();
        for (shape, black) in shapes.iter().zip(tones(rng)) {
            if self == Self::Scratched {
                picture.ink(shape, black);
            } else {
                let core = shape.shrunk().shrunk();
                picture.cover(&core, &filling);
                rim(&mut picture, &core, black);
            }
        }
        if self == Self::Scratched {
            for _ in 0..2 {
                picture.cover(&scratch(rng), &ground);
            }
        }
        picture
    }
}

/// Draws three thin adjacent lines around `core`.
///
/// The middle line has the opposite tone and is as wide as both others together. So the lines have the same average
/// gray as noise.
fn rim(picture: &mut Plane, core: &Plane, black: bool) {
    let first = core.grown();
    let second = first.grown().grown();
    let third = second.grown();
    picture.ink(&third.zip(core, |a, b| a & !b), !black);
    picture.ink(&second.zip(&first, |a, b| a & !b), black);
}

/// Returns black or white for each shape. Of five successive shapes two or three are black, so that the tone does not
/// reveal letters.
fn tones(mut rng: &mut (dyn CryptoRng + Send)) -> impl Iterator<Item = bool> + use<> {
    let mut tones = [true, true, false, false, rng.random_range(0..2) == 0];
    tones.shuffle(&mut rng);
    tones.into_iter().cycle()
}
