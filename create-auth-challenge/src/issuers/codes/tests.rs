use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cognito_challenge::keys::Keys;
use cognito_challenge::texts::Texts;
use cognito_challenge::user::{Existence, User};
use cognito_challenge_messages::SendError;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

/// A service that keeps the messages that it receives.
#[derive(Clone, Default)]
struct Kept {
    sent: Arc<Mutex<Vec<Message>>>,
    prepared: Arc<Mutex<u32>>,
    fails: bool,
    hangs: bool,
}

#[async_trait]
impl Sender for Kept {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        self.sent.lock().unwrap().push(message.clone());
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if self.fails {
            return Err(SendError::new("the gateway is closed"));
        }
        Ok(())
    }

    async fn prepare(&self) {
        *self.prepared.lock().unwrap() += 1;
    }
}

fn environment(variables: &[(&'static str, &'static str)]) -> Environment {
    Environment::new([&[("MESSAGES_PER_HOUR", "unlimited")], variables].concat())
}

/// A sign-in: the user and the current state.
struct SignIn<'a> {
    issuer: &'a dyn Issuer,
    name: &'a str,
    existence: Existence,
    attributes: HashMap<String, String>,
    metadata: HashMap<String, String>,
    state: Option<Vec<u8>>,
    step: usize,
    seed: u64,
}

impl<'a> SignIn<'a> {
    fn of(issuer: &'a dyn Issuer, name: &'a str, attributes: &[(&str, &str)]) -> Self {
        let attributes = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            issuer,
            name,
            existence: Existence::Existing,
            attributes: attributes.collect(),
            metadata: HashMap::new(),
            state: None,
            step: 1,
            seed: 1,
        }
    }

    fn ada(issuer: &'a dyn Issuer) -> Self {
        Self::of(issuer, "ada", &ADA)
    }

    fn nonexistent(issuer: &'a dyn Issuer) -> Self {
        Self {
            existence: Existence::Nonexistent,
            ..Self::of(issuer, "nonexistent", &[])
        }
    }

    /// Requests a challenge at this number of seconds and keeps its state.
    async fn ask(&mut self, seconds: u64) -> Result<Issued, IssueError> {
        let keys = Keys::parse(&"k".repeat(32)).unwrap();
        let mut texts = Texts::standard();
        for (tag, json) in self.issuer.texts() {
            texts.add(tag, json).unwrap();
        }
        let user = User::new("p", self.name, self.existence, &self.attributes);
        let mut request = Request::new(user, &keys, &texts, at(seconds));
        let languages: Vec<_> = user.attribute("locale").into_iter().chain(["en"]).collect();
        request.languages = &languages;
        request.client_metadata = &self.metadata;
        request.state = self.state.as_deref();
        request.step = self.step;
        let asked = self
            .issuer
            .issue(&request, &mut StdRng::seed_from_u64(self.seed))
            .await?;
        self.state.clone_from(&asked.state);
        Ok(asked)
    }
}

const ADA: [(&str, &str); 5] = [
    ("email", "fixture@example.com"),
    ("email_verified", "true"),
    ("phone_number", "+12065551234"),
    ("phone_number_verified", "true"),
    ("cognito:user_status", "CONFIRMED"),
];

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds)
}

fn email(kept: &Kept, variables: &[(&'static str, &'static str)]) -> Box<dyn Issuer> {
    issuer(
        "EMAIL_CODE",
        Medium::Email,
        Box::new(kept.clone()),
        &environment(variables),
    )
    .unwrap()
}

#[tokio::test]
async fn a_step_has_one_code_which_is_sent_once_and_again_only_on_request() {
    let kept = Kept::default();
    let issuer = email(&kept, &[("PRODUCT_NAME", "Peccy")]);
    let mut ada = SignIn::ada(issuer.as_ref());
    let again = HashMap::from([("send".to_owned(), "again".to_owned())]);
    let (mut codes, mut shown) = (Vec::new(), Vec::new());
    for (seconds, metadata) in [
        (0, HashMap::new()),
        (10, HashMap::new()),
        (29, again.clone()),
        (31, again.clone()),
        (40, again.clone()),
        (100, HashMap::from([("send".to_owned(), "AGAIN".to_owned())])),
        (101, again.clone()),
        (200, again.clone()),
    ] {
        ada.metadata = metadata;
        let asked = ada.ask(seconds).await.unwrap();
        codes.push(asked.private[CODE].clone());
        let left = asked.public["sendsLeft"].clone();
        let wait = asked.public.get("sendAgainIn").cloned().unwrap_or_default();
        shown.push((left, wait, kept.sent.lock().unwrap().len()));
        assert_eq!(asked.public["destination"], "f***@e***");
        assert_eq!(
            (asked.public["medium"].as_str(), asked.public["digits"].as_str()),
            ("EMAIL", "6")
        );
        assert_eq!(asked.private[EXPIRES], "1767226200");
    }
    let shown: Vec<_> = shown
        .iter()
        .map(|(left, wait, sent)| (left.as_str(), wait.as_str(), *sent))
        .collect();
    assert_eq!(
        shown,
        [
            ("2", "30", 1),
            ("2", "20", 1),
            ("2", "1", 1),
            ("1", "30", 2),
            ("1", "21", 2),
            ("1", "0", 2),
            ("0", "", 3),
            ("0", "", 3)
        ]
    );
    codes.dedup();
    let [code] = codes.as_slice() else {
        panic!("several codes: {codes:?}")
    };
    assert!(code.len() == 6 && code.chars().all(|c| c.is_ascii_digit()), "{code}");
    let sent = kept.sent.lock().unwrap();
    for message in sent.iter() {
        assert_eq!(message.to, "fixture@example.com");
        assert_eq!(message.subject, format!("{code} is your code for Peccy"));
        assert!(message.text.contains(code) && message.html.contains(code));
    }
    assert!(sent[0].text.contains("10 minutes") && sent[1].text.contains("9 minutes"));
}

#[tokio::test]
async fn a_code_depends_on_user_step_and_sign_in() {
    let kept = Kept::default();
    let issuer = email(&kept, &[("CODE_DIGITS", "10")]);
    let mut codes = Vec::new();
    for (name, step, seed) in [("ada", 1, 1), ("ada", 2, 1), ("ada", 1, 2), ("bob", 1, 1)] {
        let mut sign_in = SignIn::ada(issuer.as_ref());
        (sign_in.name, sign_in.step, sign_in.seed) = (name, step, seed);
        codes.push(sign_in.ask(0).await.unwrap().private[CODE].clone());
    }
    assert!(codes.iter().all(|code| code.len() == 10), "{codes:?}");
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 4);
}

#[tokio::test]
async fn users_without_a_verified_address_are_asked_the_same_but_get_no_message() {
    let kept = Kept::default();
    let issuer = email(&kept, &[]);
    let ada = SignIn::ada(issuer.as_ref()).ask(0).await.unwrap();
    kept.sent.lock().unwrap().clear();
    let mut others = vec![SignIn::nonexistent(issuer.as_ref())];
    for change in [
        ("email", "not an address"),
        ("email", "a@example.com\r\nBcc: b@example.com"),
        ("email", ""),
        ("email_verified", "false"),
        ("cognito:user_status", "UNCONFIRMED"),
    ] {
        others.push(SignIn::of(issuer.as_ref(), "ada", &[&ADA[..], &[change]].concat()));
    }
    for mut other in others {
        let asked = other.ask(0).await.unwrap();
        let shape = |asked: &Issued| {
            let parameters = asked.public.iter().chain(&asked.private);
            parameters.map(|(name, value)| (*name, value.len())).collect::<Vec<_>>()
        };
        assert_eq!(shape(&asked), shape(&ada), "{:?}", other.attributes);
        assert_eq!(asked.state.map(|state| state.len()), ada.state.as_ref().map(Vec::len));
        assert!(!asked.public["destination"].contains('\n'));
        other.metadata.insert("send".into(), "again".into());
        assert!(other.ask(60).await.is_ok());
    }
    assert!(kept.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_message_is_in_the_language_of_the_user() {
    let kept = Kept::default();
    let issuer = email(&kept, &[]);
    let mut ada = SignIn::ada(issuer.as_ref());
    ada.attributes.insert("locale".into(), "es-MX".into());
    let asked = ada.ask(0).await.unwrap();
    assert_eq!(asked.public["locale"], "es");
    let sent = kept.sent.lock().unwrap();
    assert!(
        sent[0].subject.ends_with("es su código para su cuenta"),
        "{}",
        sent[0].subject
    );
    assert!(sent[0].html.contains("<html lang=\"es\" dir=\"ltr\">"));
}

#[tokio::test]
async fn a_message_in_arabic_is_written_from_right_to_left() {
    let kept = Kept::default();
    let issuer = email(&kept, &[]);
    let mut ada = SignIn::ada(issuer.as_ref());
    ada.attributes.insert("locale".into(), "ar-EG".into());
    let asked = ada.ask(0).await.unwrap();
    assert_eq!(asked.public["locale"], "ar");
    let sent = kept.sent.lock().unwrap();
    assert!(sent[0].subject.starts_with(&asked.private[CODE]), "{}", sent[0].subject);
    assert!(sent[0].html.contains("<div lang=\"ar\" dir=\"rtl\">"));
}

#[tokio::test]
async fn a_product_name_is_escaped_in_html() {
    let kept = Kept::default();
    let issuer = email(&kept, &[("PRODUCT_NAME", "<b>&\"{code}")]);
    SignIn::ada(issuer.as_ref()).ask(0).await.unwrap();
    let sent = kept.sent.lock().unwrap();
    assert!(sent[0].html.contains("&lt;b&gt;&amp;&quot;{code}"), "{}", sent[0].html);
    assert!(sent[0].text.contains("<b>&\"{code}"), "{}", sent[0].text);
}

#[tokio::test]
async fn decoys_fail_like_messages_to_a_failing_or_hanging_service() {
    for (fails, hangs) in [(true, false), (false, true)] {
        let kept = Kept {
            fails,
            hangs,
            ..Kept::default()
        };
        let issuer = email(&kept, &[]);
        let started = Instant::now();
        let error = SignIn::ada(issuer.as_ref()).ask(0).await.err().unwrap().to_string();
        let took = started.elapsed();
        let expected = if fails {
            "the gateway is closed"
        } else {
            "the service did not accept the message in time"
        };
        assert_eq!(error, expected);
        assert!(took < Duration::from_secs(4), "{took:?}");
        let started = Instant::now();
        assert!(SignIn::nonexistent(issuer.as_ref()).ask(0).await.is_err());
        let waited = started.elapsed();
        // A busy processor may delay the second one, but never shorten it.
        assert!(
            waited + Duration::from_millis(5) > took && waited < took + Duration::from_secs(1),
            "{waited:?} after {took:?}"
        );
        assert_eq!(kept.sent.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn before_the_first_message_a_decoy_opens_the_connection_and_assumes_a_duration() {
    let kept = Kept::default();
    let issuer = email(&kept, &[]);
    let started = Instant::now();
    SignIn::nonexistent(issuer.as_ref()).ask(0).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(60));
    assert_eq!(
        (*kept.prepared.lock().unwrap(), kept.sent.lock().unwrap().len()),
        (1, 0)
    );
    SignIn::ada(issuer.as_ref()).ask(0).await.unwrap();
    // A busy processor may delay some of them.
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        SignIn::nonexistent(issuer.as_ref()).ask(0).await.unwrap();
        fastest = fastest.min(started.elapsed());
    }
    assert!(fastest < Duration::from_millis(60), "{fastest:?}");
    assert_eq!(*kept.prepared.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_text_message_has_only_a_text() {
    let kept = Kept::default();
    let issuer = issuer("SMS_CODE", Medium::Sms, Box::new(kept.clone()), &environment(&[])).unwrap();
    let asked = SignIn::ada(issuer.as_ref()).ask(0).await.unwrap();
    assert_eq!(asked.public["destination"], "+*******1234");
    let sent = kept.sent.lock().unwrap();
    assert_eq!(
        (sent[0].to.as_str(), sent[0].subject.as_str(), sent[0].html.as_str()),
        ("+12065551234", "", "")
    );
    assert!(sent[0].text.starts_with(&asked.private[CODE]));
}

#[tokio::test]
async fn a_link_has_a_token_of_256_bits_in_its_fragment() {
    let kept = Kept::default();
    let variables = environment(&[("MAGIC_LINK_URL", "https://example.com/sign-in?a=1&b=2")]);
    let issuer = link_issuer("MAGIC_LINK", Box::new(kept.clone()), &variables).unwrap();
    let asked = SignIn::ada(issuer.as_ref()).ask(0).await.unwrap();
    let token = &asked.private[CODE];
    assert_eq!(URL_SAFE_NO_PAD.decode(token).unwrap().len(), 32);
    assert!(!asked.public.contains_key("digits"));
    assert!(asked.public.values().all(|value| !value.contains(token)));
    let sent = kept.sent.lock().unwrap();
    assert!(
        sent[0]
            .text
            .contains(&format!("\nhttps://example.com/sign-in?a=1&b=2#link={token}\n"))
    );
    assert!(sent[0].html.contains(&format!(
        "href=\"https://example.com/sign-in?a=1&amp;b=2#link={token}\""
    )));
    assert!(!sent[0].subject.contains(token));
}

#[test]
fn invalid_variables_stop_the_function() {
    let code = |variables: &[(&'static str, &'static str)]| {
        let made = issuer(
            "EMAIL_CODE",
            Medium::Email,
            Box::new(Kept::default()),
            &environment(variables),
        );
        made.err().map(|error| error.to_string())
    };
    for digits in ["5", "11", "six", "-6"] {
        let error = code(&[("CODE_DIGITS", digits)]);
        assert_eq!(
            error.as_deref(),
            Some("variable `CODE_DIGITS`: write the number of digits of a code, 6 to 10, such as `6`"),
            "{digits}"
        );
    }
    assert!(
        code(&[("PRODUCT_NAME", "a\r\nBcc: b@example.com")])
            .unwrap()
            .contains("without line breaks")
    );
    assert!(
        code(&[("MAIL_TEMPLATE", "/nowhere/mail.json")])
            .unwrap()
            .contains("cannot read the file")
    );
    assert!(code(&[]).is_none());
    let url = environment(&[("MAGIC_LINK_URL", "http://example.com")]);
    assert!(link_issuer("MAGIC_LINK", Box::new(Kept::default()), &url).is_err());
    assert!(link_issuer("MAGIC_LINK", Box::new(Kept::default()), &environment(&[])).is_err());
}

#[tokio::test]
async fn an_operators_texts_replace_the_types_texts_if_their_language_fits_better() {
    let folder = std::env::temp_dir().join(format!("mail-{}.json", std::process::id()));
    std::fs::write(
        &folder,
        r#"{"en": {"EMAIL_CODE.subject": "Code {code}"}, "nl": {"EMAIL_CODE.subject": "{code} is uw code"}}"#,
    )
    .unwrap();
    let path: &'static str = folder.to_str().unwrap().to_owned().leak();
    let kept = Kept::default();
    let issuer = email(&kept, &[("MAIL_TEMPLATE", path)]);
    std::fs::remove_file(&folder).unwrap();
    for (locale, subject) in [("en-GB", "Code "), ("nl", " is uw code"), ("es", " es su código")] {
        let mut ada = SignIn::ada(issuer.as_ref());
        ada.attributes.insert("locale".into(), locale.into());
        ada.ask(0).await.unwrap();
        let sent = kept.sent.lock().unwrap();
        assert!(
            sent.last().unwrap().subject.contains(subject),
            "{locale}: {}",
            sent.last().unwrap().subject
        );
    }
}

#[test]
fn codes_are_spread_evenly() {
    const CODES: u32 = 100_000;
    let keys = Keys::parse(&"k".repeat(32)).unwrap();
    let mac = keys.hasher("codes: code");
    let mut counts = [[0_u32; 10]; 6];
    for number in 0..CODES {
        let code = Secret::Digits(6).of(mac(&[b"EMAIL_CODE", b"p", b"ada", &[1], &number.to_be_bytes()]));
        for (place, digit) in code.bytes().enumerate() {
            counts[place][usize::from(digit - b'0')] += 1;
        }
    }
    for place in counts {
        let expected = f64::from(CODES) / 10.0;
        let squares = place
            .iter()
            .map(|count| (f64::from(*count) - expected).powi(2) / expected);
        // Chi-square with nine degrees of freedom exceeds 45 with a probability below 1e-6.
        let chi_square: f64 = squares.sum();
        assert!(chi_square < 45.0, "{chi_square}: {place:?}");
    }
}

#[test]
fn every_language_has_every_text_of_each_type_with_its_secret() {
    for (_, json) in TEXTS {
        let texts: BTreeMap<String, String> = serde_json::from_str(json).unwrap();
        for (name, secret, keys) in [
            (
                "EMAIL_CODE",
                "{code}",
                ["account", "html", "prompt", "subject", "text"].as_slice(),
            ),
            (
                "MAGIC_LINK",
                "{link}",
                &["account", "html", "prompt", "subject", "text"],
            ),
            ("SMS_CODE", "{code}", &["account", "prompt", "text"]),
        ] {
            for key in keys {
                let text = &texts[&format!("{name}.{key}")];
                let needs = ["text", "html"].contains(key);
                assert_eq!(
                    needs || (name, *key) == ("EMAIL_CODE", "subject"),
                    text.contains(secret),
                    "{name}.{key}"
                );
            }
        }
        assert!(texts["EMAIL_CODE.subject"].starts_with("{code}"));
    }
}
