//! The address of the page that a link in a mail opens.

/// An address without a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page(String);

impl Page {
    /// Parses an address with `https:`, or with `http:` for a developer's own machine.
    ///
    /// # Errors
    ///
    /// Returns a message that describes the correct form.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let example = "write an address without `#`, such as `https://example.com/sign-in`";
        let visible = |c: char| c.is_ascii_graphic() && !"#\"'<>\\^`{|}".contains(c);
        if !url.chars().all(visible) {
            return Err(example);
        }
        let host = |rest: &str| rest.split(['/', '?']).next().unwrap_or_default().to_owned();
        let on_this_machine = |host: &str| {
            let (name, port) = host.split_once(':').unwrap_or((host, "0"));
            ["localhost", "127.0.0.1"].contains(&name) && port.parse::<u16>().is_ok()
        };
        // A username before `@` can look like a host.
        let known = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => !host(rest).is_empty() && !host(rest).starts_with(':') && !host(rest).contains('@'),
            (_, Some(rest)) => on_this_machine(&host(rest)),
            _ => false,
        };
        known.then(|| Self(url.to_owned())).ok_or(example)
    }

    /// Returns the address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the address with the parameter `name` in its fragment: `#name=token`.
    ///
    /// Browsers do not send the fragment, so a link preview does not use up the token.
    pub fn with(&self, name: &str, token: &str) -> String {
        format!("{}#{name}={token}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_uses_tls_or_this_machine_and_has_no_fragment() {
        for url in [
            "https://example.com",
            "https://example.com:8443/sign-in?a=b&c=d",
            "http://localhost",
            "http://localhost:9229/",
            "http://127.0.0.1:9229/sign-in",
        ] {
            assert_eq!(Page::parse(url).unwrap().with("link", "t"), format!("{url}#link=t"));
        }
        for url in [
            "",
            "example.com",
            "http://example.com",
            "http://localhost.example.com",
            "http://localhost:80@example.com",
            "http://127.0.0.1.example.com/",
            "https://",
            "https:///sign-in",
            "https://:443",
            "https://example.com@evil.example",
            "https://example.com/#x",
            "https://example.com/\nx",
            "https://example.com/ x",
            "javascript:alert(1)",
            "https://example.com/\"><script>",
        ] {
            assert!(Page::parse(url).is_err(), "{url}");
        }
    }
}
