//! Tests what clients of the built create receive: addresses that expire, media, and all alternatives at once.

use loop_tests::local::{Client, Local};
use loop_tests::script::right_answer;
use serde_json::{Value, json};

/// Returns the parameters of a challenge.
fn parameters(reply: &Value) -> &Value {
    &reply["ChallengeParameters"]
}

/// Replaces the first challenge by one with all forms of the step.
fn ask_all(client: &Client<'_>, user: &str) -> Value {
    let first = client.start(user).unwrap();
    let all = json!({"challenge": "all", "captcha": "all"});
    client.answer(user, &first, "-", &all).unwrap()
}

#[test]
fn an_address_is_valid_for_as_long_as_the_challenge_can_be_answered() {
    for (minutes, seconds) in [("3", 180), ("15", 900)] {
        let parameter = format!("AuthSessionMinutes={minutes}");
        let local = Local::start(&["--flow", "CAPTCHA:3", "--parameter", &parameter]);
        let client = Client::new(&local);
        let first = client.start("demo").unwrap();
        let second = client
            .answer("demo", &first, "-", &json!({"captcha": "audio"}))
            .unwrap();
        for (asked, name) in [(first, "captchaUrl"), (second, "captchaAudioUrl")] {
            let url = parameters(&asked)[name].as_str().unwrap();
            let query = url.split_once('?').unwrap().1;
            let expires = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Expires="));
            assert_eq!(expires.unwrap(), seconds.to_string(), "{url}");
        }
    }
}

#[test]
fn media_have_their_content_types_and_are_not_cached() {
    let local = Local::start(&["--flow", "CAPTCHA:3"]);
    let client = Client::new(&local);
    let asked = ask_all(&client, "demo");
    for (name, kind, magic) in [
        ("captchaUrl", "image/png", b"\x89PNG".as_slice()),
        ("captchaAudioUrl", "audio/wav", b"RIFF"),
    ] {
        let mut got = ureq::get(parameters(&asked)[name].as_str().unwrap()).call().unwrap();
        let header = |name: &str| got.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            (header("content-type"), header("cache-control")),
            (kind.into(), "no-store".into())
        );
        assert!(got.body_mut().read_to_vec().unwrap().starts_with(magic), "{name}");
    }
}

#[test]
fn each_form_of_a_step_can_be_answered_once_if_all_are_asked() {
    let local = Local::start(&["--flow", "CAPTCHA|PROOF_OF_WORK:9"]);
    let client = Client::new(&local);
    let all = json!({"challenge": "all", "captcha": "all"});
    let mut answers: Vec<String> = Vec::new();
    for form in ["picture", "recording", "puzzle"] {
        let mut asked = ask_all(&client, "demo");
        // The answers to earlier challenges are wrong for this one.
        for old in &answers {
            asked = client.answer("demo", &asked, old, &all).unwrap();
        }
        let (public, private) = (parameters(&asked), client.private_parameters(&asked));
        assert_eq!(public["challenge"], "CAPTCHA");
        assert_eq!(public["together"], "CAPTCHA,PROOF_OF_WORK");
        assert_eq!(public["attemptsLeft"], (8 - answers.len()).to_string());
        for name in [
            "captchaUrl",
            "captchaAlt",
            "captchaAudioLocale",
            "captchaAudioUrl",
            "proofOfWork",
            "mostTries",
        ] {
            assert!(public[name].is_string(), "{name}");
        }
        let answer = match form {
            "picture" => private["answer"].as_str().unwrap().to_lowercase(),
            "recording" => private["spokenAnswer"].as_str().unwrap().to_owned(),
            _ => {
                let mut puzzle = public.clone();
                puzzle["challenge"] = "PROOF_OF_WORK".into();
                right_answer(&puzzle, &private)
            }
        };
        let reply = client.answer("demo", &asked, &answer, &Value::Null).unwrap();
        assert!(reply["AuthenticationResult"].is_object(), "{form}: {reply}");
        answers.push(answer);
    }
}
