//! A CAPTCHA provider on this machine whose reply depends on the token.
//!
//! The replies follow the documentation of Turnstile, hCaptcha, reCAPTCHA and Cap. Only those of Cap were tested
//! against the provider (tests/clients/cap.mjs).

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// The secret that the provider accepts. No output may contain it.
pub const SECRET: &str = "marked-secret-of-the-provider";

/// The host on which the tokens are made.
pub const HOST: &str = "app.example.com";

/// Longer than the time limit of a check.
const HANG: Duration = Duration::from_secs(5);

/// A provider that runs until the process ends.
pub struct Provider {
    /// The address, without a slash at the end.
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A request that the provider received.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request line, such as `POST /siteverify`.
    pub line: String,
    /// The media type.
    pub media_type: String,
    /// The fields of its body.
    pub fields: Value,
}

impl Provider {
    /// Starts a provider.
    ///
    /// # Panics
    ///
    /// Panics if there is no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, used) = (Arc::clone(&requests), Arc::new(Mutex::new(HashSet::new())));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, used) = (Arc::clone(&seen), Arc::clone(&used));
                thread::spawn(move || serve(stream, &seen, &used));
            }
        });
        Self { address, requests }
    }

    /// Returns the variables of all four types with this provider.
    pub fn variables(&self) -> Vec<(String, String)> {
        let own = |name: &str| {
            [
                (format!("{name}_ENDPOINT"), format!("{}/siteverify", self.address)),
                (format!("{name}_SECRET"), SECRET.to_owned()),
                (format!("{name}_SITE_KEY"), format!("site-key-of-{name}")),
            ]
        };
        let mut variables: Vec<_> = ["HCAPTCHA", "RECAPTCHA", "TURNSTILE"]
            .iter()
            .flat_map(|name| own(name))
            .collect();
        variables.push(("CAP_ENDPOINT".into(), self.address.clone()));
        variables.push(("CAP_SECRET".into(), SECRET.into()));
        variables.push(("CAPTCHA_HOSTNAMES".into(), format!("localhost,{HOST}")));
        variables
    }

    /// Returns the requests with a token so far.
    ///
    /// # Panics
    ///
    /// Panics if a thread panicked.
    pub fn requests(&self) -> Vec<Request> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .filter(|request| request.line.starts_with("POST"))
            .cloned()
            .collect()
    }
}

/// Returns a new token for the challenge with the public parameters `public`. `says` determines the provider's reply.
pub fn token(says: &str, public: &Value) -> String {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let cdata = public["turnstileCdata"].as_str().unwrap_or_default();
    format!("{says}~token-{number:08}~{cdata}")
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Request>>, used: &Mutex<HashSet<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read(&mut reader) {
        let fields = request.fields.clone();
        let is_get = request.line.starts_with("GET");
        seen.lock().unwrap().push(request);
        if is_get {
            if reply(&stream, 405, "text/plain", b"").is_none() {
                return;
            }
            continue;
        }
        let token = fields["response"].as_str().unwrap_or_default();
        let mut parts = token.split('~');
        let (says, cdata) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        let (status, media_type, body) = match says {
            "hang" => return thread::sleep(HANG),
            "reset" => return,
            "html" => (
                200,
                "text/html",
                b"<!doctype html><title>Log in to the Wi-Fi</title>".to_vec(),
            ),
            "garbage" => (200, "application/json", b"{\"success\": \xff".to_vec()),
            "huge" => (200, "application/json", vec![b' '; 1 << 20]),
            "redirect" => (302, "text/html", Vec::new()),
            "busy" => (429, "application/json", b"{\"success\": false}".to_vec()),
            "down" => (503, "application/json", b"{\"success\": true}".to_vec()),
            _ => {
                let spent = !used.lock().unwrap().insert(token.to_owned());
                (
                    200,
                    "application/json",
                    verdict(says, cdata, spent, &fields).to_string().into_bytes(),
                )
            }
        };
        if reply(&stream, status, media_type, &body).is_none() {
            return;
        }
    }
}

/// Returns the reply of `siteverify` for a token.
fn verdict(says: &str, cdata: &str, spent: bool, fields: &Value) -> Value {
    let rejected = |code: &str| json!({"success": false, "error-codes": [code]});
    let mut approved = json!({"success": true, "challenge_ts": "2026-01-01T00:00:30.123Z", "hostname": HOST,
        "error-codes": [], "action": "sign_in", "cdata": cdata, "score": 0.9});
    match says {
        _ if fields["secret"] != SECRET => return rejected("invalid-input-secret"),
        _ if spent => return rejected("timeout-or-duplicate"),
        "right" => {}
        "other-host" => approved["hostname"] = "evil.example".into(),
        "other-action" => approved["action"] = "sign_up".into(),
        "other-sign-in" => approved["cdata"] = "0".repeat(32).into(),
        "low-score" => approved["score"] = 0.1.into(),
        "stale" => approved["challenge_ts"] = "2025-12-31T23:00:00Z".into(),
        "secret" => return rejected("invalid-input-secret"),
        "internal" => return rejected("internal-error"),
        _ => return rejected("invalid-input-response"),
    }
    approved
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let (mut line, mut length, mut media_type) = (String::new(), 0, String::new());
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        } else if let Some(value) = header.strip_prefix("content-type:") {
            value.trim().clone_into(&mut media_type);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8(body).ok()?;
    let fields = if media_type == "application/json" {
        serde_json::from_str(&text).ok()?
    } else {
        text.split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, unescaped(value)))
            .collect()
    };
    let mut words = line.split_whitespace();
    Some(Request {
        line: format!("{} {}", words.next()?, words.next()?),
        media_type,
        fields,
    })
}

/// Decodes the value of a form field.
fn unescaped(value: &str) -> String {
    let mut parts = value.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).unwrap()
}

fn reply(mut stream: &TcpStream, status: u16, media_type: &str, body: &[u8]) -> Option<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\nlocation: /elsewhere\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()
}
