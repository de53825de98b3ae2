//! The sources that widgets of CAPTCHA providers need in the page's policy.

/// Sources to add to a Content-Security-Policy, by directive. Each has a leading space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    pub(crate) connect: String,
    pub(crate) frame: String,
    pub(crate) script: String,
    pub(crate) style: String,
    pub(crate) worker: String,
}

impl Sources {
    /// Returns the sources of the providers in `flow`. `cap` is the address of Cap, if it is used.
    ///
    /// Those of hCaptcha, reCAPTCHA and Turnstile are from their documentation, and were not tried.
    pub(crate) fn of(flow: &str, cap: Option<&str>) -> Self {
        let asks = |name: &str| flow.split([',', '|', ':']).any(|word| word == name);
        let mut sources = Self::default();
        if let Some(origin) = cap.and_then(origin).filter(|_| asks("CAP")) {
            // Its solver is WebAssembly in workers that are created from text, and it writes its style into the page.
            sources.script = format!(" {origin} 'wasm-unsafe-eval'");
            sources.connect = format!(" {origin}");
            sources.style.push_str(" 'unsafe-inline'");
            sources.worker.push_str(" blob:");
        }
        if asks("HCAPTCHA") {
            for directive in [
                &mut sources.script,
                &mut sources.frame,
                &mut sources.style,
                &mut sources.connect,
            ] {
                directive.push_str(" https://hcaptcha.com https://*.hcaptcha.com");
            }
        }
        if asks("RECAPTCHA") {
            sources
                .script
                .push_str(" https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/");
            sources
                .frame
                .push_str(" https://www.google.com/recaptcha/ https://recaptcha.google.com/recaptcha/");
            sources.connect.push_str(" https://www.google.com/recaptcha/");
        }
        if asks("TURNSTILE") {
            sources.script.push_str(" https://challenges.cloudflare.com");
            sources.frame.push_str(" https://challenges.cloudflare.com");
        }
        sources
    }
}

/// Returns scheme and host of an address. INVARIANT: an accepted text cannot end its directive.
fn origin(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split('/').next().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    let is_one = ["http", "https"].contains(&scheme) && !host.is_empty() && host.chars().all(fits);
    is_one.then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_without_a_provider_loosens_nothing() {
        for flow in [
            "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3",
            "CAPTCHA:3",
            "(the functions have their own)",
        ] {
            assert_eq!(
                Sources::of(flow, Some("https://cap.example.com/key/")),
                Sources::default(),
                "{flow}"
            );
        }
        assert_eq!(Sources::of("CAP:3", None), Sources::default());
    }

    #[test]
    fn each_provider_adds_its_own_sources_only() {
        let cap = Sources::of("PASSWORD,CAP|CAPTCHA:3", Some("http://127.0.0.1:3000/key/"));
        assert_eq!(cap.script, " http://127.0.0.1:3000 'wasm-unsafe-eval'");
        assert_eq!(
            (cap.connect.as_str(), cap.frame.as_str()),
            (" http://127.0.0.1:3000", "")
        );
        let turnstile = Sources::of("TURNSTILE|CAPTCHA:3", Some("http://127.0.0.1:3000/key/"));
        assert_eq!(turnstile.script, " https://challenges.cloudflare.com");
        assert_eq!((turnstile.style.as_str(), turnstile.worker.as_str()), ("", ""));
    }

    #[test]
    fn an_address_cannot_widen_the_policy() {
        for address in [
            "",
            "x",
            "https://",
            "javascript://x/",
            "https://a b/",
            "https://a;script-src */",
            "https://*/",
        ] {
            assert_eq!(Sources::of("CAP:3", Some(address)), Sources::default(), "{address}");
        }
    }
}
