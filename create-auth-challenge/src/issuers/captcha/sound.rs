//! Creates a sound of spoken digits, for users who cannot see the picture (WCAG 1.1.1).
//!
//! Each digit has a random voice and speed and follows a gap of random length. Words spoken backwards are in the
//! background. Programs recognize it more easily than the picture.

use cognito_challenge::issue::Request;
use rand::seq::IndexedRandom;
use rand::{CryptoRng, RngExt};

/// The languages with recordings. The first one is the default for all other languages.
const LANGUAGES: [&str; 2] = ["en", "es"];

const SAMPLES_PER_SECOND: u32 = 8_000;
/// The value of a silent sample.
const SILENCE: u8 = 128;
/// The number of samples before the first digit and after the last one.
const EDGE: usize = 1_600;
/// The length of a spoken digit in percent of its recording.
const STRETCH: std::ops::Range<u32> = 90..112;
const GAP: std::ops::Range<usize> = 2_000..4_000;
/// The volume of the digits, and of the words in the background, in percent.
const DIGIT_GAIN: i32 = 80;
const BABBLE_GAIN: i32 = 14;

/// Returns the language of the recordings for `request`.
pub(super) fn language(request: &Request<'_>) -> &'static str {
    request.language(&LANGUAGES).unwrap_or(LANGUAGES[0])
}

/// Returns a WAV file of the spoken `digits`, at most 60 KB for six digits.
///
/// Returns `None` if `digits` has other characters.
pub(super) fn speak(digits: &str, language: &str, mut rng: &mut (dyn CryptoRng + Send)) -> Option<Vec<u8>> {
    let recordings = recordings(language);
    let mut sound = vec![0; EDGE];
    for digit in digits.chars() {
        let voices: Vec<_> = recordings
            .iter()
            .skip(digit.to_digit(10)? as usize)
            .step_by(10)
            .collect();
        let stretch = rng.random_range(STRETCH);
        sound.extend(stretched(voices.choose(&mut rng)?, stretch).map(|sample| sample * DIGIT_GAIN));
        sound.resize(sound.len() + rng.random_range(GAP), 0);
    }
    sound.truncate(sound.len() - GAP.start + EDGE);
    for _ in 0..2 {
        babble(&mut sound, &recordings, rng);
    }
    Some(wav(&sound))
}

/// Returns the recordings of a language: the ten digits in the first voice, then in the next voice, and so on.
fn recordings(language: &str) -> Vec<&'static [u8]> {
    let mut rest: &'static [u8] = match language {
        "es" => include_bytes!("../../../audio/digits-es.bin"),
        _ => include_bytes!("../../../audio/digits-en.bin"),
    };
    let mut recordings = Vec::new();
    while let Some((length, data)) = rest.split_first_chunk() {
        let Some((recording, after)) = data.split_at_checked(u16::from_le_bytes(*length).into()) else {
            break;
        };
        recordings.push(recording);
        rest = after;
    }
    recordings
}

/// Returns the samples of a recording, centered at zero and stretched to `percent` of its length.
fn stretched(recording: &[u8], percent: u32) -> impl Iterator<Item = i32> {
    let length = recording.len() * percent as usize / 100;
    (0..length)
        .filter_map(move |index| recording.get(index * 100 / percent as usize))
        .map(|sample| around_zero(*sample))
}

/// Adds words spoken backwards to the whole of `sound`.
fn babble(sound: &mut [i32], recordings: &[&[u8]], mut rng: &mut (dyn CryptoRng + Send)) {
    let mut rest = sound.iter_mut().skip(rng.random_range(0..GAP.start)).peekable();
    while rest.peek().is_some() {
        let Some(word) = recordings.choose(&mut rng) else { break };
        for (sample, behind) in rest.by_ref().zip(word.iter().rev()) {
            *sample += around_zero(*behind) * BABBLE_GAIN;
        }
    }
}

fn around_zero(sample: u8) -> i32 {
    i32::from(sample) - i32::from(SILENCE)
}

/// Returns a WAV file with one channel and one unsigned byte per sample. `sound` has hundredths of a sample value.
fn wav(sound: &[i32]) -> Vec<u8> {
    let samples = sound
        .iter()
        .map(|sample| (sample / 100 + i32::from(SILENCE)).clamp(0, 255));
    let samples: Vec<u8> = samples.filter_map(|sample| u8::try_from(sample).ok()).collect();
    let length = u32::try_from(samples.len()).unwrap_or_default();
    let mut file = Vec::with_capacity(44 + samples.len());
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM and one channel.
    file.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    // The sample rate and the byte rate are equal.
    file.extend([SAMPLES_PER_SECOND; 2].map(u32::to_le_bytes).concat());
    // Bytes and bits per sample.
    file.extend([1_u16, 8].map(u16::to_le_bytes).concat());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(samples);
    file
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn every_language_has_ten_digits_in_four_voices() {
        for language in LANGUAGES {
            let recordings = recordings(language);
            assert_eq!(recordings.len(), 40);
            assert!(
                recordings
                    .iter()
                    .all(|recording| (2_000..6_000).contains(&recording.len()))
            );
        }
    }

    #[test]
    fn six_digits_stay_below_60_kilobytes() {
        let mut rng = StdRng::seed_from_u64(1);
        for _ in 0..200 {
            for language in LANGUAGES {
                let sound = speak("777999", language, &mut rng).unwrap();
                assert!((30_000..=60_000).contains(&sound.len()), "{}", sound.len());
            }
        }
    }

    #[test]
    fn the_header_contains_the_length_of_the_sound() {
        let sound = speak("123456", "en", &mut StdRng::seed_from_u64(1)).unwrap();
        let number = |at: usize| u32::from_le_bytes(sound[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(
            (&sound[..4], &sound[8..12], &sound[36..40]),
            (&b"RIFF"[..], &b"WAVE"[..], &b"data"[..])
        );
        assert_eq!((number(4), number(40)), (sound.len() - 8, sound.len() - 44));
        // The format chunk of RIFF: PCM, one channel, 8,000 samples per second of one byte.
        assert_eq!(number(16), 16);
        assert_eq!(sound[20..24], [1, 0, 1, 0]);
        assert_eq!((number(24), number(28)), (8000, 8000));
        assert_eq!(sound[32..36], [1, 0, 8, 0]);
    }

    #[test]
    fn each_language_has_different_recordings() {
        assert_ne!(recordings("es"), recordings("en"));
        assert_eq!(recordings("de"), recordings("en"));
    }

    #[test]
    fn a_digit_is_complete_at_any_speed() {
        let recording: Vec<u8> = (0..100).map(|sample| SILENCE + sample).collect();
        for percent in STRETCH.chain([50, 200]) {
            let spoken: Vec<_> = stretched(&recording, percent).collect();
            assert_eq!(spoken.len(), percent as usize, "{percent}");
            let ends = [spoken.first(), spoken.last()].map(|sample| *sample.unwrap());
            assert!(
                ends[0] == 0 && ends[1] >= 98 && spoken.is_sorted(),
                "{percent}: {ends:?}"
            );
        }
    }

    /// Returns the positions where a sound is louder than words in the background can be.
    fn loud(sound: &[u8]) -> Vec<usize> {
        let samples = sound[44..].iter().enumerate();
        let behind = 2 * BABBLE_GAIN * 128 / 100;
        samples
            .filter(|(_, sample)| around_zero(**sample).abs() > behind + 5)
            .map(|(index, _)| index)
            .collect()
    }

    #[test]
    fn digits_are_louder_than_the_background_and_complete() {
        for (seed, language) in (0..100).zip(LANGUAGES.into_iter().cycle()) {
            let mut rng = StdRng::seed_from_u64(seed);
            let sound = speak("3", language, &mut rng).unwrap();
            let loud = loud(&sound);
            let (first, last) = (loud[0], loud[loud.len() - 1]);
            assert!(loud.len() > 50, "{seed}: {}", loud.len());
            assert!(
                first >= EDGE && sound.len() - 44 - last >= EDGE,
                "{seed}: {first} {last}"
            );
        }
    }

    #[test]
    fn background_words_cover_the_whole_sound() {
        // There is no silence after a digit that would reveal its end.
        let sound = speak("777999", "en", &mut StdRng::seed_from_u64(1)).unwrap();
        for part in sound[44 + GAP.start..].chunks_exact(500) {
            assert!(part.iter().any(|sample| *sample != SILENCE));
        }
    }

    #[test]
    fn the_same_digits_make_different_sounds() {
        let mut rng = StdRng::seed_from_u64(1);
        assert_ne!(speak("123456", "en", &mut rng), speak("123456", "en", &mut rng));
    }

    #[test]
    fn only_digits_are_spoken() {
        assert!(speak("12A456", "en", &mut StdRng::seed_from_u64(1)).is_none());
    }
}
