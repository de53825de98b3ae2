//! The outlines of letters and strokes: bends and places them, and fills them with pixels.

use rand::{CryptoRng, RngExt};

use super::plane::{HEIGHT, Plane, WIDTH};

/// A point in the picture: x points right, y points down.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

pub(super) fn point(x: f32, y: f32) -> Point {
    Point { x, y }
}

/// The edges of closed shapes.
#[derive(Default)]
pub(super) struct Outline {
    edges: Vec<(Point, Point)>,
}

impl Outline {
    pub(super) fn edge(&mut self, from: Point, to: Point) {
        self.edges.push((from, to));
    }

    /// Adds an arc of constant thickness from `from` to `to` with the control point `bend`.
    pub(super) fn bow(&mut self, from: Point, bend: Point, to: Point, thickness: f32) {
        const PIECES: u8 = 12;
        let half = thickness / 2.0;
        let mut last = None;
        for piece in 0..=PIECES {
            let t = f32::from(piece) / f32::from(PIECES);
            let (at, ahead) = (on_curve(from, bend, to, t), on_curve(from, bend, to, t + 0.01));
            let (dx, dy) = (ahead.x - at.x, ahead.y - at.y);
            let length = (dx * dx + dy * dy).sqrt().max(f32::EPSILON);
            let (nx, ny) = (-dy / length * half, dx / length * half);
            let sides = (point(at.x + nx, at.y + ny), point(at.x - nx, at.y - ny));
            match last {
                None => self.edge(sides.1, sides.0),
                Some((left, right)) => {
                    self.edge(left, sides.0);
                    self.edge(sides.1, right);
                }
            }
            last = Some(sides);
        }
        if let Some((left, right)) = last {
            self.edge(left, right);
        }
    }

    /// Returns the outline bent by `warp`.
    pub(super) fn bent(&self, warp: &Warp) -> Self {
        let edges = self.edges.iter().map(|&(from, to)| (warp.map(from), warp.map(to)));
        Self { edges: edges.collect() }
    }

    /// Returns the outline moved to `centre` and scaled horizontally by `squeeze`.
    pub(super) fn placed(&self, squeeze: f32, centre: Point) -> Self {
        let map = |p: Point| point(p.x * squeeze + centre.x, p.y + centre.y);
        let edges = self.edges.iter().map(|&(from, to)| (map(from), map(to)));
        Self { edges: edges.collect() }
    }

    /// Returns the pixels whose centers are inside, by the non-zero winding rule.
    pub(super) fn filled(&self) -> Plane {
        let mut crossings = Vec::with_capacity(self.edges.len() * 8);
        for &(from, to) in &self.edges {
            let (top, bottom, down) = if from.y < to.y { (from, to, 1) } else { (to, from, -1) };
            let (first, last) = (pixel(top.y, HEIGHT), pixel(bottom.y, HEIGHT));
            let slope = (bottom.x - top.x) / (bottom.y - top.y);
            for y in first..last {
                let x = top.x + (f32::from(y) + 0.5 - top.y) * slope;
                crossings.push((y, pixel(x, WIDTH), down));
            }
        }
        crossings.sort_unstable();
        let mut plane = Plane::empty();
        for line in crossings.chunk_by(|a, b| a.0 == b.0) {
            let (mut winding, mut start) = (0_i32, 0);
            for &(y, x, down) in line {
                if winding == 0 {
                    start = x;
                }
                winding = winding.saturating_add(down);
                if winding == 0 {
                    plane.set(y, start, x);
                }
            }
        }
        plane
    }
}

/// Returns the first pixel whose center is at or after `at`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to the range of the type; a float cast saturates anyway"
)]
fn pixel(at: f32, end: u16) -> u16 {
    (at - 0.5).ceil().clamp(0.0, f32::from(end)) as u16
}

/// Returns the point of a quadratic curve at `t` between 0 and 1.
pub(super) fn on_curve(from: Point, bend: Point, to: Point, t: f32) -> Point {
    let mix = |a: f32, b: f32, c: f32| (1.0 - t) * ((1.0 - t) * a + 2.0 * t * b) + t * t * c;
    point(mix(from.x, bend.x, to.x), mix(from.y, bend.y, to.y))
}

/// A smooth displacement: one horizontal and one vertical wave.
pub(super) struct Warp {
    height: [f32; 2],
    step: [f32; 2],
    phase: [f32; 2],
}

impl Warp {
    /// Returns waves with a length of about `length` pixels that move points by at most `height` pixels.
    pub(super) fn random(length: f32, height: f32, rng: &mut (dyn CryptoRng + Send)) -> Self {
        let turn = std::f32::consts::TAU;
        Self {
            height: [(); 2].map(|()| height * rng.random_range(0.5..1.0)),
            step: [(); 2].map(|()| turn / (length * rng.random_range(0.8..1.25))),
            phase: [(); 2].map(|()| rng.random_range(0.0..turn)),
        }
    }

    fn map(&self, p: Point) -> Point {
        let ([hx, hy], [sx, sy], [px, py]) = (self.height, self.step, self.phase);
        point(p.x + hx * (p.y * sx + px).sin(), p.y + hy * (p.x * sy + py).sin())
    }
}
