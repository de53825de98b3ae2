//! Letters and a random generator to a picture: black on white, 1 bit a pixel, so that it stays small inline.

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use rand::{CryptoRng, RngExt};
use ttf_parser::{Face, OutlineBuilder};

const FONT: &[u8] = include_bytes!("../../../fonts/noto-sans-bold-subset.ttf");

const WIDTH: u16 = 280;
const HEIGHT: u16 = 96;
const MARGIN: f32 = 10.0;
const ROW_BYTES: usize = WIDTH.div_ceil(8) as usize;

/// Draws `letters`, each turned, sheared, sized and placed at random, under a few lines. PNG bytes, at most 4 KB.
///
/// `None` for letters that the font does not have.
pub(super) fn render(letters: &str, rng: &mut (dyn CryptoRng + Send)) -> Option<Vec<u8>> {
    let face = Face::parse(FONT, 0).ok()?;
    let mut ink = Rasterizer::new(WIDTH.into(), HEIGHT.into());
    let cell = (f32::from(WIDTH) - 2.0 * MARGIN) / f32::from(u8::try_from(letters.chars().count()).ok()?);
    let mut left = MARGIN;
    for letter in letters.chars() {
        let place = Placement::random(&face, letter, point(left + cell / 2.0, f32::from(HEIGHT) / 2.0), rng)?;
        face.outline_glyph(
            face.glyph_index(letter)?,
            &mut Pen {
                ink: &mut ink,
                place,
                start: NOWHERE,
                at: NOWHERE,
            },
        )?;
        left += cell;
    }
    for _ in 0..3 {
        line(&mut ink, rng);
    }
    encode(&ink)
}

const NOWHERE: Point = Point { x: 0.0, y: 0.0 };

/// Where a letter goes: a linear map of font units, then a move.
struct Placement {
    rows: [[f32; 2]; 2],
    middle: Point,
    centre: Point,
}

impl Placement {
    fn random(face: &Face<'_>, letter: char, cell: Point, rng: &mut (dyn CryptoRng + Send)) -> Option<Self> {
        let bounds = face.glyph_bounding_box(face.glyph_index(letter)?)?;
        let middle = |low: i16, high: i16| f32::midpoint(f32::from(low), f32::from(high));
        let (width, height) = (f32::from(bounds.width()), f32::from(bounds.height()));
        // So wide letters keep to their cell.
        let size = rng.random_range(0.88..1.0) * (60.0 / height).min(50.0 / width);
        let (sin, cos) = rng.random_range(-0.35_f32..0.35).sin_cos();
        let shear = rng.random_range(-0.25_f32..0.25);
        Some(Self {
            // Rotation after shear; the picture's y axis points down, the font's up.
            rows: [
                [size * cos, size * (cos * shear - sin)],
                [-size * sin, -size * (sin * shear + cos)],
            ],
            middle: point(middle(bounds.x_min, bounds.x_max), middle(bounds.y_min, bounds.y_max)),
            centre: point(
                cell.x + rng.random_range(-4.0..4.0),
                cell.y + rng.random_range(-9.0..9.0),
            ),
        })
    }

    fn map(&self, x: f32, y: f32) -> Point {
        let (x, y) = (x - self.middle.x, y - self.middle.y);
        let [across, down] = self.rows.map(|[of_x, of_y]| of_x * x + of_y * y);
        // INVARIANT: the rasterizer takes no points outside of its picture.
        point(
            (across + self.centre.x).clamp(0.0, f32::from(WIDTH) - 1.0),
            (down + self.centre.y).clamp(0.0, f32::from(HEIGHT) - 1.0),
        )
    }
}

/// Draws a glyph's outline at its place.
struct Pen<'a> {
    ink: &'a mut Rasterizer,
    place: Placement,
    start: Point,
    at: Point,
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.start = self.place.map(x, y);
        self.at = self.start;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.place.map(x, y);
        self.ink.draw_line(self.at, to);
        self.at = to;
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let to = self.place.map(x, y);
        self.ink.draw_quad(self.at, self.place.map(x1, y1), to);
        self.at = to;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let to = self.place.map(x, y);
        self.ink
            .draw_cubic(self.at, self.place.map(x1, y1), self.place.map(x2, y2), to);
        self.at = to;
    }

    fn close(&mut self) {
        self.ink.draw_line(self.at, self.start);
        self.at = self.start;
    }
}

/// A thin bow across the whole picture.
fn line(ink: &mut Rasterizer, rng: &mut (dyn CryptoRng + Send)) {
    const THICKNESS: f32 = 1.6;
    let mut y = || rng.random_range(10.0_f32..86.0);
    let (from, bend, to) = (point(0.0, y()), point(140.0, y()), point(279.0, y()));
    let below = |p: Point| point(p.x, p.y + THICKNESS);
    // Clockwise or not does not matter: the coverage is taken without its sign.
    ink.draw_quad(from, bend, to);
    ink.draw_line(to, below(to));
    ink.draw_quad(below(to), below(bend), below(from));
    ink.draw_line(below(from), from);
}

/// 1-bit PNG: more than half covered is black.
fn encode(ink: &Rasterizer) -> Option<Vec<u8>> {
    let mut rows = vec![0xff_u8; ROW_BYTES * usize::from(HEIGHT)];
    ink.for_each_pixel_2d(|x, y, coverage| {
        let index = y as usize * ROW_BYTES + x as usize / 8;
        if coverage.abs() > 0.5
            && let Some(byte) = rows.get_mut(index)
        {
            *byte &= !(0x80 >> (x % 8));
        }
    });
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, WIDTH.into(), HEIGHT.into());
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.write_header().ok()?.write_image_data(&rows).ok()?;
    Some(png)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::super::{ALPHABET, LENGTH, draw};
    use super::*;

    fn pixels(png: &[u8]) -> Vec<u8> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.bit_depth), (280, 96, png::BitDepth::One));
        pixels
    }

    fn ink(png: &[u8]) -> u32 {
        pixels(png).iter().map(|byte| byte.count_zeros()).sum()
    }

    #[test]
    fn pictures_stay_small_enough_to_go_inline() {
        let mut rng = StdRng::seed_from_u64(1);
        for _ in 0..2000 {
            let png = render(&draw(ALPHABET, LENGTH, &mut rng), &mut rng).unwrap();
            assert!(png.len() <= 4096, "{}", png.len());
        }
    }

    #[test]
    fn the_same_letters_never_make_the_same_picture() {
        let mut rng = StdRng::seed_from_u64(1);
        assert_ne!(render("ACEHK", &mut rng), render("ACEHK", &mut rng));
    }

    #[test]
    fn every_letter_of_the_alphabet_leaves_ink_and_looks_unlike_the_others() {
        let drawings: Vec<_> = ALPHABET
            .chars()
            .map(|c| render(&c.to_string(), &mut StdRng::seed_from_u64(7)).unwrap())
            .collect();
        let lines = ink(&render("", &mut StdRng::seed_from_u64(7)).unwrap());
        for (index, drawing) in drawings.iter().enumerate() {
            assert!(ink(drawing) > lines + 300, "letter {index} has no ink");
            assert!(drawings.iter().filter(|other| pixels(other) == pixels(drawing)).count() == 1);
        }
    }

    #[test]
    fn a_letter_that_the_font_does_not_have_is_no_picture() {
        assert!(render("?", &mut StdRng::seed_from_u64(1)).is_none());
    }
}
