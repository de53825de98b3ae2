//! Encodes bytes as hexadecimal text.

use std::fmt::Write;

/// Returns two lower-case hexadecimal digits for each byte.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
