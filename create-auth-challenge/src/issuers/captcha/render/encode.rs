//! Encodes a picture as PNG.

use super::plane::{HEIGHT, Plane, WIDTH};

const ROW_BYTES: usize = WIDTH.div_ceil(8) as usize;

/// Returns `picture` as a PNG with 1 bit per pixel; set pixels are black. It is not compressed, because noise does not
/// compress.
pub(super) fn encode(picture: &Plane) -> Option<Vec<u8>> {
    let mut pixels = Vec::with_capacity(ROW_BYTES * usize::from(HEIGHT));
    for row in picture.rows() {
        let bytes = row.iter().flat_map(|word| (!word).to_be_bytes());
        pixels.extend(bytes.take(ROW_BYTES));
    }
    let mut png = Vec::with_capacity(4096);
    let mut encoder = png::Encoder::new(&mut png, WIDTH.into(), HEIGHT.into());
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::NoCompression);
    encoder.write_header().ok()?.write_image_data(&pixels).ok()?;
    Some(png)
}
