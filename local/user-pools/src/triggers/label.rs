//! Labels and texts of functions, safe for the terminal.

use crate::challenges::CUSTOM_CHALLENGE;

/// Returns the name of a custom challenge for the terminal: its metadata, unless it may contain a secret. AWS's sample
/// stores the code there (`CODE-123456`), so a name may contain only capital letters and underscores.
pub(crate) fn challenge_label(metadata: Option<&str>) -> &str {
    let is_name = |text: &&str| {
        (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    metadata.filter(is_name).unwrap_or(CUSTOM_CHALLENGE)
}

/// Returns external text in a form that fits one line of a terminal.
pub(crate) fn readable(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(300).map(clean).collect()
}
