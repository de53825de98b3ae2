//! Reads the outlines of letters from the embedded fonts.

use rand::{CryptoRng, RngExt};
use ttf_parser::{Face, OutlineBuilder};

use super::outline::{Outline, Point, on_curve, point};

macro_rules! font {
    ($name:literal) => {
        include_bytes!(concat!("../../../../fonts/", $name, ".ttf"))
    };
}

const FONTS: [&[u8]; 6] = [
    font!("bitter-bold"),
    font!("fredoka-semibold"),
    font!("lexend-bold"),
    font!("noto-sans-bold"),
    font!("noto-serif-bold"),
    font!("rubik-bold"),
];

/// The maximum height and width of a letter, in pixels.
const SIZE: (f32, f32) = (66.0, 56.0);

/// The maximum rotation of a letter in either direction, in radians.
const TURN: f32 = 0.15;

/// The maximum slant of a letter in either direction.
const SLANT: f32 = 0.12;

/// The outline of a letter, centered at the origin, and its width.
pub(super) struct Glyph {
    pub(super) outline: Outline,
    pub(super) width: f32,
}

/// Returns `letter` in a random font with random size, slant and rotation. Returns `None` if the font lacks the letter.
pub(super) fn glyph(letter: char, rng: &mut (dyn CryptoRng + Send)) -> Option<Glyph> {
    let (tallest, widest) = SIZE;
    let face = Face::parse(FONTS.get(rng.random_range(0..FONTS.len()))?, 0).ok()?;
    let id = face.glyph_index(letter)?;
    let bounds = face.glyph_bounding_box(id)?;
    let middle = |low: i16, high: i16| f32::midpoint(f32::from(low), f32::from(high));
    let high = rng.random_range(0.86..1.0) * tallest / f32::from(bounds.height());
    let wide = (high * rng.random_range(0.85..1.1)).min(widest / f32::from(bounds.width()));
    let (sin, cos) = rng.random_range(-TURN..TURN).sin_cos();
    let slant = rng.random_range(-SLANT..SLANT);
    let mut pen = Pen {
        outline: Outline::default(),
        // The rotation follows the slant. The y axis of the picture points down, that of the font up.
        rows: [
            [wide * cos, high * (slant * cos + sin)],
            [wide * sin, high * (slant * sin - cos)],
        ],
        middle: point(middle(bounds.x_min, bounds.x_max), middle(bounds.y_min, bounds.y_max)),
        at: point(0.0, 0.0),
    };
    face.outline_glyph(id, &mut pen)?;
    Some(Glyph {
        outline: pen.outline,
        width: wide * f32::from(bounds.width()),
    })
}

/// Draws the outline of a glyph and applies a linear map to it.
struct Pen {
    outline: Outline,
    rows: [[f32; 2]; 2],
    middle: Point,
    at: Point,
}

impl Pen {
    fn map(&self, x: f32, y: f32) -> Point {
        let (x, y) = (x - self.middle.x, y - self.middle.y);
        let [[xx, xy], [yx, yy]] = self.rows;
        point(xx * x + xy * y, yx * x + yy * y)
    }

    /// Divides straight lines too, so that they can be bent.
    fn draw(&mut self, bend: Point, to: Point) {
        const PIECES: u8 = 5;
        let from = self.at;
        for piece in 1..=PIECES {
            let next = on_curve(from, bend, to, f32::from(piece) / f32::from(PIECES));
            self.outline.edge(self.at, next);
            self.at = next;
        }
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = self.map(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.map(x, y);
        self.draw(
            point(f32::midpoint(self.at.x, to.x), f32::midpoint(self.at.y, to.y)),
            to,
        );
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.draw(self.map(x1, y1), self.map(x, y));
    }

    /// TrueType fonts have no cubic curves.
    fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, x: f32, y: f32) {
        self.line_to(x, y);
    }

    /// A contour of TrueType ends where it starts.
    fn close(&mut self) {}
}
