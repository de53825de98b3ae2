//! Names and texts of functions, fit for the terminal.

use crate::sign_in::decide::CUSTOM_CHALLENGE;

/// What a custom challenge is called in the terminal: its metadata, unless that may hold a secret. AWS's own sample
/// keeps the code there (`CODE-123456`), so only capital letters and underscores pass for a name.
pub(crate) fn challenge_label(metadata: Option<&str>) -> &str {
    let is_name = |text: &&str| {
        (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    metadata.filter(is_name).unwrap_or(CUSTOM_CHALLENGE)
}

/// Text from elsewhere, fit for one line of a terminal.
pub(crate) fn readable(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(300).map(clean).collect()
}
