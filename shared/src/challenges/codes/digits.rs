//! Reads the codes that people paste: digits of any script, with whitespace and dashes between them.

/// Returns `typed` with ASCII digits, and without whitespace, dashes and invisible characters.
pub fn fold(typed: &str) -> String {
    typed.chars().filter(|c| !is_between(*c)).map(ascii).collect()
}

/// Returns true for whitespace, dashes and the invisible formatting characters that copied text can contain.
fn is_between(c: char) -> bool {
    let invisible = ['\u{ad}', '\u{feff}'].contains(&c)
        || ('\u{200b}'..='\u{200f}').contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{2069}').contains(&c);
    c.is_whitespace() || invisible || c == '\u{2212}' || DASHES.contains(&c)
}

/// Returns the ASCII digit with the value of the decimal digit `c`, or `c` if it is not a decimal digit.
fn ascii(c: char) -> char {
    let below = ZEROS.partition_point(|zero| *zero <= c);
    let zero = below.checked_sub(1).and_then(|index| ZEROS.get(index));
    let digit = zero.and_then(|zero| char::from_digit(u32::from(c) - u32::from(*zero), 10));
    digit.unwrap_or(c)
}

/// The zero of each decimal digit range in Unicode 16, in ascending order. The digits 1 to 9 follow each zero.
const ZEROS: [char; 76] = [
    '\u{30}',
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{ff10}',
    '\u{104a0}',
    '\u{10d30}',
    '\u{10d40}',
    '\u{11066}',
    '\u{110f0}',
    '\u{11136}',
    '\u{111d0}',
    '\u{112f0}',
    '\u{11450}',
    '\u{114d0}',
    '\u{11650}',
    '\u{116c0}',
    '\u{116d0}',
    '\u{116da}',
    '\u{11730}',
    '\u{118e0}',
    '\u{11950}',
    '\u{11bf0}',
    '\u{11c50}',
    '\u{11d50}',
    '\u{11da0}',
    '\u{11f50}',
    '\u{16130}',
    '\u{16a60}',
    '\u{16ac0}',
    '\u{16b50}',
    '\u{16d70}',
    '\u{1ccf0}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
    '\u{1e140}',
    '\u{1e2f0}',
    '\u{1e4f0}',
    '\u{1e5f1}',
    '\u{1e950}',
    '\u{1fbf0}',
];

/// The dashes of Unicode (category Pd).
const DASHES: [char; 27] = [
    '\u{2d}',
    '\u{58a}',
    '\u{5be}',
    '\u{1400}',
    '\u{1806}',
    '\u{2010}',
    '\u{2011}',
    '\u{2012}',
    '\u{2013}',
    '\u{2014}',
    '\u{2015}',
    '\u{2e17}',
    '\u{2e1a}',
    '\u{2e3a}',
    '\u{2e3b}',
    '\u{2e40}',
    '\u{2e5d}',
    '\u{301c}',
    '\u{3030}',
    '\u{30a0}',
    '\u{fe31}',
    '\u{fe32}',
    '\u{fe58}',
    '\u{fe63}',
    '\u{ff0d}',
    '\u{10d6e}',
    '\u{10ead}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_every_script_have_their_values() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            let digits = (0..10).filter_map(|value| char::from_u32(u32::from(zero) + value));
            assert_eq!(fold(&digits.collect::<String>()), "0123456789", "{zero}");
        }
    }

    #[test]
    fn other_characters_are_kept() {
        for text in ["O", "l", "½", "²", "①", "Ⅷ", "\u{0}", ".", "\u{66a}"] {
            assert_eq!(fold(text), text);
        }
        assert_eq!(fold("1 2-3\u{2011}4\u{200f}"), "1234");
    }
}
