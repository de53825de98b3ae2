//! The looks a picture can have. They are unlike on purpose: a program that has learnt one has not learnt the others.

use rand::seq::SliceRandom;
use rand::{CryptoRng, RngExt};

use super::plane::Plane;
use super::texture::{scratch, stripes};

/// A look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// The rims of letters, on blotches.
    Etched,
    /// Letters of stripes on noise, with a rim.
    Hatched,
    /// The rims of letters, on noise.
    Relief,
    /// Black and white letters with scratches, on blotches.
    Scratched,
    /// Letters of noise on stripes, with a rim.
    Stippled,
}

impl Family {
    /// Every look; each is as likely as any other.
    pub(super) const ALL: [Self; 5] = [
        Self::Etched,
        Self::Hatched,
        Self::Relief,
        Self::Scratched,
        Self::Stippled,
    ];

    /// A picture with these shapes, the first one lowest.
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

/// Draws three thin lines side by side around `core`, the middle one as wide as both others together and of the other
/// tone: from afar they are the grey of noise.
fn rim(picture: &mut Plane, core: &Plane, black: bool) {
    let first = core.grown();
    let second = first.grown().grown();
    let third = second.grown();
    picture.ink(&third.zip(core, |a, b| a & !b), !black);
    picture.ink(&second.zip(&first, |a, b| a & !b), black);
}

/// Black or white for each shape: of five in a row two or three are black, so that no tone means letter.
fn tones(mut rng: &mut (dyn CryptoRng + Send)) -> impl Iterator<Item = bool> + use<> {
    let mut tones = [true, true, false, false, rng.random_range(0..2) == 0];
    tones.shuffle(&mut rng);
    tones.into_iter().cycle()
}
