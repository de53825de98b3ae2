//! E-mail addresses, with the checks of SES: in its order and with its texts, which a library for addresses does not have.

/// Returns the bare address in `text`, which may have a display name: `Ana <ana@example.com>`.
///
/// # Errors
///
/// Returns the error text of SES, if it is known.
pub(super) fn parse(text: &str) -> Result<&str, String> {
    if text.trim().is_empty() {
        return Err(format!("Invalid email address {text}."));
    }
    let illegal = || "Illegal address".to_owned();
    let bare = match text.split_once('<') {
        None => text,
        Some((name, rest)) => {
            let address = rest.strip_suffix('>').ok_or_else(illegal)?;
            let quoted = name.trim().len() > 1 && name.trim().starts_with('"') && name.trim().ends_with('"');
            if name.chars().any(char::is_control) || (!quoted && name.contains([',', ';', ':', '@', '"'])) {
                return Err(illegal());
            }
            address
        }
    };
    let (local, domain) = bare.rsplit_once('@').ok_or("Missing final '@domain'")?;
    let unfit = |text: &str| text.chars().any(|c| c.is_control() || c.is_whitespace());
    if unfit(local) {
        return Err("Local address contains control or whitespace".to_owned());
    }
    if unfit(domain) {
        return Err("Domain contains control or whitespace".to_owned());
    }
    if domain.is_empty() {
        return Err("Missing domain".to_owned());
    }
    // SES requires punycode for other characters of the domain, and allows none in the local part.
    let in_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !domain.chars().all(in_domain) || domain.split('.').any(str::is_empty) {
        return Err("Domain contains illegal character".to_owned());
    }
    if local.is_empty() || !local.is_ascii() || local.contains(['<', '>', ',', ';', ':', '@', '"', '(', ')']) {
        return Err(illegal());
    }
    if local.len() > 64 || domain.len() > 255 {
        return Err(illegal());
    }
    Ok(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_name() {
        for (text, bare) in [
            ("ana@example.com", "ana@example.com"),
            ("Ana <ana@example.com>", "ana@example.com"),
            ("\"Shop, Ltd.\" <a+b@x.example.com>", "a+b@x.example.com"),
            ("<ana@localhost>", "ana@localhost"),
        ] {
            assert_eq!(parse(text), Ok(bare));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_in_the_words_of_ses() {
        for (text, message) in [
            ("", "Invalid email address ."),
            (" ", "Invalid email address  ."),
            ("nonsense", "Missing final '@domain'"),
            ("ana@", "Missing domain"),
            ("@example.com", "Illegal address"),
            ("a b@example.com", "Local address contains control or whitespace"),
            (
                "ana@example.com\r\nBcc: eve@example.org",
                "Local address contains control or whitespace",
            ),
            ("ana@exa mple.com", "Domain contains control or whitespace"),
            ("ana@example..com", "Domain contains illegal character"),
            ("ana@exämple.com", "Domain contains illegal character"),
            ("aña@example.com", "Illegal address"),
            (
                "ana@example.com, eve@example.org",
                "Local address contains control or whitespace",
            ),
            ("ana@example.com,eve@example.org", "Illegal address"),
            ("Karen, Chan <karen@example.com>", "Illegal address"),
            ("Ana\r\nBcc: x <ana@example.com>", "Illegal address"),
            ("Ana <ana@example.com> x", "Illegal address"),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()), "{text:?}");
        }
    }
}
