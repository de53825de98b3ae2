use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sha2::{Digest, Sha256};

use super::super::{ALPHABET, LENGTH};
use super::*;

fn letters(rng: &mut StdRng) -> String {
    super::super::draw(ALPHABET, LENGTH, rng)
}

fn pixels(png: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height, info.bit_depth), (280, 96, png::BitDepth::One));
    pixels
}

fn black(png: &[u8]) -> f64 {
    let black: u32 = pixels(png).iter().map(|byte| byte.count_zeros()).sum();
    f64::from(black) / f64::from(u32::from(WIDTH) * u32::from(HEIGHT))
}

/// Returns the number of pixels that differ.
fn distance(left: &[u8], right: &[u8]) -> u32 {
    let pairs = pixels(left).into_iter().zip(pixels(right));
    pairs.map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// The hashes are for Linux on x86-64. On other platforms, the sine function may give other pixels at the edges.
#[test]
fn a_seed_always_makes_the_same_picture() {
    let golden = [
        (Family::Etched, false, "d5fdd45356930f7d"),
        (Family::Etched, true, "facc57291f2ffbf2"),
        (Family::Hatched, false, "61cd572923d2ea2b"),
        (Family::Hatched, true, "7d2de64f551ced29"),
        (Family::Relief, false, "2e14c8ebbeb8524b"),
        (Family::Relief, true, "64181d28526af816"),
        (Family::Scratched, false, "680dedd0b8f28683"),
        (Family::Scratched, true, "cb6e6c9a696e7315"),
        (Family::Stippled, false, "1e5201b93a95b91a"),
        (Family::Stippled, true, "496a00508037a4ba"),
    ];
    let mut wrong = Vec::new();
    for (family, arc, expected) in golden {
        let png = draw("ACEH2", family, arc, &mut StdRng::seed_from_u64(1)).unwrap();
        let hash = Sha256::digest(pixels(&png));
        let hash = format!(
            "{:016x}",
            hash.iter().take(8).fold(0, |bits, &byte| bits << 8 | u64::from(byte))
        );
        if hash != expected {
            wrong.push((family, arc, hash));
        }
    }
    assert_eq!(wrong, []);
    assert_eq!(golden.len(), Family::ALL.len() * 2);
}

#[test]
fn pictures_are_small_enough_to_be_sent_inline() {
    let mut rng = StdRng::seed_from_u64(1);
    for family in Family::ALL {
        for arc in [false, true] {
            let png = draw(&letters(&mut rng), family, arc, &mut rng).unwrap();
            assert!(png.len() <= 4096, "{family:?}: {}", png.len());
            // The length as base64 in a `data:` URL.
            assert!(png.len().div_ceil(3) * 4 < 5500);
        }
    }
}

#[test]
fn no_family_is_darker_or_lighter_than_noise() {
    let mut rng = StdRng::seed_from_u64(2);
    for family in Family::ALL {
        let shares: Vec<_> = (0..50)
            .map(|_| black(&draw(&letters(&mut rng), family, false, &mut rng).unwrap()))
            .collect();
        let mean = shares.iter().sum::<f64>() / 50.0;
        assert!((0.48..0.52).contains(&mean), "{family:?}: {mean}");
        assert!(
            shares.iter().all(|share| (0.4..0.6).contains(share)),
            "{family:?}: {shares:?}"
        );
    }
}

#[test]
fn every_family_is_drawn() {
    let mut rng = StdRng::seed_from_u64(3);
    let drawn: BTreeSet<_> = (0..200)
        .filter_map(|_| Family::ALL.choose(&mut rng))
        .map(|family| format!("{family:?}"))
        .collect();
    assert_eq!(drawn.len(), Family::ALL.len());
}

/// Compares pictures that differ only in one letter: the letter must be visible and differ from other letters.
#[test]
fn in_every_family_letters_are_visible_and_differ_from_one_another() {
    for family in Family::ALL {
        let drawings: Vec<_> = ALPHABET
            .chars()
            .map(|letter| draw(&letter.to_string(), family, false, &mut StdRng::seed_from_u64(7)).unwrap())
            .collect();
        for (index, left) in drawings.iter().enumerate() {
            for right in drawings.iter().skip(index + 1) {
                assert!(distance(left, right) > 100, "{family:?}: letter {index}");
            }
        }
    }
}

#[test]
fn the_arc_changes_the_picture_and_does_not_cover_it() {
    for family in Family::ALL {
        let with = |arc| draw("ACEH2", family, arc, &mut StdRng::seed_from_u64(9)).unwrap();
        assert_ne!(with(false), with(true), "{family:?}");
    }
}

#[test]
fn the_same_letters_make_different_pictures() {
    let mut rng = StdRng::seed_from_u64(1);
    assert_ne!(render("ACEHK", false, &mut rng), render("ACEHK", false, &mut rng));
}

#[test]
fn letters_of_any_width_fit_into_the_picture() {
    let mut rng = StdRng::seed_from_u64(4);
    for _ in 0..50 {
        let mut shapes = Vec::new();
        place("MMMMM", &mut shapes, &mut rng).unwrap();
        for shape in shapes {
            let inside: u32 = shape.rows().flatten().map(|word| word.count_ones()).sum();
            assert!(inside > 700, "{inside}");
        }
    }
}

#[test]
fn every_letter_is_in_every_font() {
    let mut rng = StdRng::seed_from_u64(5);
    for letter in ALPHABET.chars() {
        assert!((0..60).all(|_| glyph::glyph(letter, &mut rng).is_some()), "{letter}");
    }
}

#[test]
fn a_letter_that_the_fonts_lack_makes_no_picture() {
    assert!(render("?", false, &mut StdRng::seed_from_u64(1)).is_none());
}
