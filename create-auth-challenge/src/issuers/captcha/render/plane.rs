//! A picture with one bit per pixel. Operations process 64 pixels at a time.

use rand::CryptoRng;

/// The width of a picture, in pixels.
pub(super) const WIDTH: u16 = 280;

/// The height of a picture, in pixels.
pub(super) const HEIGHT: u16 = 96;

const WORDS: usize = WIDTH.div_ceil(64) as usize;

/// A row of pixels. The leftmost pixel is the highest bit of the first word. Bits beyond the width are ignored.
pub(super) type Row = [u64; WORDS];

const EMPTY: Row = [0; WORDS];

/// A set of pixels. Its user defines the meaning of a set pixel.
#[derive(Clone)]
pub(super) struct Plane(Box<[Row; HEIGHT as usize]>);

impl Plane {
    /// Returns a plane without set pixels.
    pub(super) fn empty() -> Self {
        Self(Box::new([EMPTY; HEIGHT as usize]))
    }

    /// Returns a plane where each pixel is set with a probability of one half, independent of the others.
    pub(super) fn noise(rng: &mut (dyn CryptoRng + Send)) -> Self {
        let mut plane = Self::empty();
        for word in plane.0.iter_mut().flatten() {
            *word = rng.next_u64();
        }
        plane
    }

    /// Returns the pixels for which `set` returns true, by column and row.
    pub(super) fn of(mut set: impl FnMut(u16, u16) -> bool) -> Self {
        let mut plane = Self::empty();
        for (y, row) in (0..).zip(plane.0.iter_mut()) {
            for (left, word) in (0..WIDTH).step_by(64).zip(row) {
                *word = (0..64).fold(0, |bits, x| bits << 1 | u64::from(set(left + x, y)));
            }
        }
        plane
    }

    /// Returns the rows, starting at the top.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.0.iter()
    }

    /// Sets the pixels of row `y` from column `from` up to, but not including, column `to`.
    pub(super) fn set(&mut self, y: u16, from: u16, to: u16) {
        let Some(row) = self.0.get_mut(usize::from(y)) else {
            return;
        };
        for (left, word) in (0_u16..).step_by(64).zip(row) {
            // The highest `n` bits of a word are set.
            let high = |n: u16| !u64::MAX.checked_shr(n.min(64).into()).unwrap_or(0);
            *word |= high(to.saturating_sub(left)) & !high(from.saturating_sub(left));
        }
    }

    /// Combines the words of both planes with `f`.
    pub(super) fn zip(&self, other: &Self, f: impl Fn(u64, u64) -> u64) -> Self {
        let mut plane = self.clone();
        for (left, right) in plane.0.iter_mut().flatten().zip(other.0.iter().flatten()) {
            *left = f(*left, *right);
        }
        plane
    }

    /// Copies the pixels of `top` where `mask` is set.
    pub(super) fn cover(&mut self, mask: &Self, top: &Self) {
        let tops = mask.0.iter().flatten().zip(top.0.iter().flatten());
        for (below, (mask, top)) in self.0.iter_mut().flatten().zip(tops) {
            *below = *below & !mask | top & mask;
        }
    }

    /// Sets the pixels of `mask` if `black`, else clears them.
    pub(super) fn ink(&mut self, mask: &Self, black: bool) {
        for (word, mask) in self.0.iter_mut().flatten().zip(mask.0.iter().flatten()) {
            *word = if black { *word | mask } else { *word & !mask };
        }
    }

    /// Returns the pixels that are set or have a set neighbor on one of the four sides.
    pub(super) fn grown(&self) -> Self {
        self.by_lines(|above, here, below| join(&join(above, below, or), &join(here, &beside(here, or), or), or))
    }

    /// Returns the pixels that are set and have four set neighbors.
    pub(super) fn shrunk(&self) -> Self {
        self.by_lines(|above, here, below| join(&join(above, below, and), &join(here, &beside(here, and), and), and))
    }

    /// Sets each pixel to the majority of the nine pixels around it. Noise becomes blotches of about three pixels, with
    /// the same density.
    pub(super) fn blotched(&self) -> Self {
        self.by_lines(|above, here, below| {
            // For each column, the number of set pixels in the three rows, in binary: `ones` and `twos`.
            let ones = join(&join(above, here, xor), below, xor);
            let twos = join(&join(above, here, and), &join(&join(above, here, or), below, and), or);
            let (o, t) = (sides(&ones), sides(&twos));
            let mut most = EMPTY;
            let columns = ones.iter().zip(&twos).zip(o).zip(t);
            for (most, (((o1, t1), (o0, o2)), (t0, t2))) in most.iter_mut().zip(columns) {
                // True if ones + 2 × (carry of the ones, plus the twos) is at least five.
                let (sum, carry) = (o0 ^ o1 ^ o2, o0 & o1 | o0 & o2 | o1 & o2);
                let (two, three) = at_least_two_three((t0, *t1), (t2, carry));
                *most = three | two & sum;
            }
            most
        })
    }

    fn by_lines(&self, f: impl Fn(&Row, &Row, &Row) -> Row) -> Self {
        let mut plane = Self::empty();
        let above = std::iter::once(&EMPTY).chain(self.rows());
        let below = self.rows().skip(1).chain(std::iter::once(&EMPTY));
        for (row, ((above, here), below)) in plane.0.iter_mut().zip(above.zip(self.rows()).zip(below)) {
            *row = f(above, here, below);
        }
        plane
    }
}

/// Returns the bits where at least two, and where at least three, of the four inputs are set.
fn at_least_two_three(left: (u64, u64), right: (u64, u64)) -> (u64, u64) {
    let (both, either) = (left.0 & left.1, left.0 | left.1);
    let (both_too, either_too) = (right.0 & right.1, right.0 | right.1);
    (
        both | both_too | either & either_too,
        both & either_too | both_too & either,
    )
}

fn and(a: u64, b: u64) -> u64 {
    a & b
}

fn or(a: u64, b: u64) -> u64 {
    a | b
}

fn xor(a: u64, b: u64) -> u64 {
    a ^ b
}

fn join(left: &Row, right: &Row, f: fn(u64, u64) -> u64) -> Row {
    let mut row = *left;
    for (left, right) in row.iter_mut().zip(right) {
        *left = f(*left, *right);
    }
    row
}

/// Combines the left and the right neighbors of each pixel with `f`.
fn beside(row: &Row, f: fn(u64, u64) -> u64) -> Row {
    let mut joined = EMPTY;
    for (joined, (left, right)) in joined.iter_mut().zip(sides(row)) {
        *joined = f(left, right);
    }
    joined
}

/// For each word, returns the left and the right neighbors of its pixels.
fn sides(row: &Row) -> impl Iterator<Item = (u64, u64)> {
    let before = std::iter::once(&0).chain(row);
    let after = row.iter().skip(1).chain(std::iter::once(&0));
    row.iter()
        .zip(before)
        .zip(after)
        .map(|((word, before), after)| (word >> 1 | before << 63, word << 1 | after >> 63))
}
