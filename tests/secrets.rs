//! Puts marked secrets into every input, and searches for them in all output, logs and responses of the binaries.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use create_auth_challenge::Issuers;
use loop_tests::folder::{cases, read};
use loop_tests::functions::fixtures;
use loop_tests::local::{Client, Local, function};
use loop_tests::script::right_answer;
use loop_tests::services::{MAIL_TAKEN, SMS_TAKEN, Service};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A part of every secret.
const MARK: &str = "zqmark";
/// A part of the username. Clients may see it, but the functions' logs must not contain it.
const USER: &str = "zquser";

const SECRET: &str = "zqmark-secret, which is long enough to be one";
const PASSWORD: &str = "Zqmark-passw0rd!";
const EMAIL: &str = "zqmark@example.com";
const ANSWERS: [(&str, &str); 3] = [
    ("birth-city", "Zqmark City"),
    ("first-pet", "Zqmark the Cat"),
    ("first-teacher", "Ms Zqmark"),
];

const FUNCTIONS: [(&str, &str); 4] = [
    ("define-auth-challenge", "DefineAuthChallengeFunction"),
    ("create-auth-challenge", "CreateAuthChallengeFunction"),
    ("verify-auth-challenge", "VerifyAuthChallengeFunction"),
    ("pre-token-generation", "PreTokenGenerationFunction"),
];

#[test]
fn no_output_contains_a_secret() {
    let default = "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3";
    everything(default, "text", "");
    // Without S3. Its key is a secret too.
    let no_bucket = "AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_SECRET_ACCESS_KEY=zqmark";
    everything("SECURITY_QUESTION:3,CAPTCHA|PROOF_OF_WORK:2", "JSON", no_bucket);
    let (ses, sns) = (Service::taking(MAIL_TAKEN), Service::taking(SMS_TAKEN));
    // A shorter code could occur by chance in a time in the log.
    let messages = format!(
        "AWS_ENDPOINT_URL_SESV2={} AWS_ENDPOINT_URL_SNS={} CODE_DIGITS=10 MAGIC_LINK_URL=https://example.com \
         MAIL_FROM=sign-in@example.com MESSAGES_PER_HOUR=unlimited",
        ses.endpoint, sns.endpoint
    );
    everything("EMAIL_CODE:3,MAGIC_LINK:3,SMS_CODE:3", "JSON", &messages);
    let mails = ses.messages();
    assert!(!mails.is_empty() && mails.iter().all(|mail| mail.body.contains(EMAIL)));
    assert!(!sns.messages().is_empty());
}

/// Runs all inputs with one flow, then searches the output.
fn everything(flow: &str, format: &str, variables: &str) {
    let logs = TempDir::new().unwrap();
    let commands = commands(logs.path(), &format!("AWS_LAMBDA_LOG_FORMAT={format} {variables}"), &[]);
    let mut args = vec!["--flow", flow, "--trace", "--parameter", "ProofOfWorkTries=1"];
    args.extend(commands.iter().map(String::as_str));
    let local = Local::start_with_secret(&args, SECRET);
    let mut found = Found::default();
    enrol(&local, &mut found);
    sign_ins(&local, flow.starts_with("PASSWORD"), &mut found);
    for (folder, function) in [("define", 0), ("create", 1), ("verify", 2), ("pre-token", 3)] {
        events(&local, folder, FUNCTIONS[function].1, &mut found);
    }
    // `--trace` shows the user of each sign-in.
    found.shown("local", &local.printed());
    for (file, log) in read_all(logs.path()) {
        found.logged(&file, &log);
    }
    assert_eq!(found.logs, 8, "each function has two output files");
    assert!(found.captured > 3, "the functions' own secrets: {}", found.captured);
    assert!(found.leaks.is_empty(), "{:#?}", found.leaks);
}

/// Returns flags that run each function at the lowest log level and redirect its output to files in `folder`.
fn commands(folder: &Path, variables: &str, instead: &[(&str, &str)]) -> Vec<String> {
    FUNCTIONS
        .iter()
        .map(|(name, _)| {
            let stand_in = instead
                .iter()
                .find(|(stood_for, _)| stood_for == name)
                .map_or(*name, |(_, other)| other);
            let (program, log) = (function(stand_in), folder.join(name));
            format!(
                "--{name}=exec env AWS_LAMBDA_LOG_LEVEL=TRACE RUST_LOG=trace RUST_BACKTRACE=1 {variables} '{}' \
                 >>'{log}.out' 2>>'{log}.err'",
                program.display(),
                log = log.display(),
            )
        })
        .collect()
}

/// The collected outputs, and the places with a secret.
#[derive(Default)]
struct Found {
    /// Secrets that the functions generated.
    own: Vec<String>,
    captured: usize,
    logs: usize,
    leaks: Vec<String>,
}

impl Found {
    /// Searches output for a client or an operator, which may contain the username.
    fn shown(&mut self, place: &str, text: &str) {
        self.look(place, text, &[MARK]);
    }

    /// Searches the log of a function.
    fn logged(&mut self, place: &str, text: &str) {
        self.logs += 1;
        self.look(place, text, &[MARK, USER]);
    }

    fn look(&mut self, place: &str, text: &str, marks: &[&str]) {
        for line in text.lines() {
            let folded = line.to_lowercase();
            let marked = marks.iter().any(|mark| folded.contains(mark)) || folded.contains("$argon2");
            if marked || self.own.iter().any(|own| line.contains(own)) {
                self.leaks.push(format!("{place}: {line}"));
            }
        }
    }

    /// Keeps the private parameters as secrets.
    fn keep(&mut self, private: &Value) {
        let secrets = private.as_object().unwrap().iter();
        for (_, value) in secrets
            .filter(|(name, _)| !["alternatives", "challenge", "codeExpires", "issuedAt"].contains(&name.as_str()))
        {
            self.own.push(value.as_str().unwrap().to_owned());
            self.captured += 1;
        }
    }
}

fn enrol(local: &Local, found: &mut Found) {
    let attributes = json!([{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"},
        {"Name": "name", "Value": "Zqmark"}, {"Name": "phone_number", "Value": "+12065550100"},
        {"Name": "phone_number_verified", "Value": "true"}]);
    local.admin(
        "AdminCreateUser",
        &json!({"Username": USER, "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD, "UserAttributes": attributes}),
    );
    local.admin(
        "AdminSetUserPassword",
        &json!({"Username": USER, "Password": PASSWORD, "Permanent": true}),
    );
    let answers: String = ANSWERS.iter().map(|(id, answer)| format!("{id}={answer}\n")).collect();
    let (code, printed) = local.admin_questions(&["enroll", "--stdin", "--username", USER], &answers);
    assert_eq!(code, Some(0), "{printed}");
    found.shown("admin", &printed);
    for answers in ["first-pet=Zqmark\n", "zqmark\n", "first-pet=zqmark\nfirst-pet=zqmark\n"] {
        found.shown(
            "admin",
            &local
                .admin_questions(&["enroll", "--stdin", "--username", USER], answers)
                .1,
        );
    }
}

/// Signs in as an existing and a nonexistent user, with wrong, odd and right answers.
fn sign_ins(local: &Local, password: bool, found: &mut Found) {
    let client = Client::new(local);
    let metadata = json!({"challenge": "odd", "captcha": "odd", "locale": "odd", "other": MARK});
    let long = MARK.repeat(400);
    for (user, metadata) in [
        (USER, metadata),
        (USER, json!({"challenge": "PROOF_OF_WORK", "captcha": "audio"})),
        ("zquser-nobody", Value::Null),
    ] {
        let mut answers = [MARK, &long, "\u{0}zqmark\u{7f}\n"].into_iter();
        let mut reply = if password {
            client.start_with_password(user, PASSWORD, &metadata)
        } else {
            client.start(user)
        };
        while let Ok(shown) = &reply {
            // Tokens belong to the user and contain the name and the address.
            let Some(public) = shown
                .get("ChallengeParameters")
                .filter(|_| shown.get("Session").is_some())
            else {
                break;
            };
            let private = client.private_parameters(shown);
            found.keep(&private);
            found.shown("reply", &without_media(public).to_string());
            let right = ANSWERS.iter().find(|(id, _)| public["questionId"] == *id);
            let answer = match answers.next() {
                // One wrong answer each, so that the sign-in continues.
                Some(odd) if public["attemptsLeft"] != "1" => odd.to_owned(),
                _ => right.map_or_else(|| right_answer(public, &private), |(_, answer)| (*answer).to_owned()),
            };
            reply = client.answer(user, shown, &answer, &metadata);
        }
        match reply {
            Ok(shown) => assert!(user == USER && shown.get("AuthenticationResult").is_some(), "{shown}"),
            Err(refusal) => {
                assert_ne!(user, USER, "{refusal:?}");
                found.shown("refusal", &refusal.message);
            }
        }
    }
}

/// Removes media, because the bytes of a picture can contain the letters by chance.
fn without_media(public: &Value) -> Value {
    let mut public = public.clone();
    for value in public.as_object_mut().unwrap().values_mut() {
        if value.as_str().is_some_and(|text| text.starts_with("data:")) {
            *value = Value::Null;
        }
    }
    public
}

/// Sends every fixture with marked texts. Also sends one of them with a wrong type in each field, and texts that are
/// not events.
fn events(local: &Local, folder: &str, function: &str, found: &mut Found) {
    let folder = fixtures(folder);
    let mut events = Vec::new();
    for case in cases(&folder, &[".event.json", ".response.json"]) {
        let mut event: Value = read(&folder.join(format!("{case}.event.json")));
        event["userName"] = USER.into();
        if let Some(request) = event["request"].as_object_mut() {
            for field in [
                "userAttributes",
                "clientMetadata",
                "privateChallengeParameters",
                "challengeAnswer",
            ] {
                request.get_mut(field).into_iter().for_each(mark);
            }
        }
        events.push(event);
    }
    let fields: Vec<_> = events[0]["request"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    for field in fields {
        for wrong in [
            json!(MARK),
            json!([MARK]),
            json!({MARK: MARK}),
            json!({"a": [MARK]}),
            json!([{"challengeName": [MARK]}]),
        ] {
            let mut event = events[0].clone();
            event["request"][&field] = wrong;
            events.push(event);
        }
    }
    events.extend([
        json!(MARK),
        json!([MARK]),
        json!({"request": MARK}),
        json!({"userName": [MARK]}),
    ]);
    let mut texts: Vec<_> = events.iter().map(Value::to_string).collect();
    texts.push(format!("{}\"{MARK}\"{}", "[".repeat(300), "]".repeat(300)));
    texts.push(format!("{{\"request\": \"\\ud800{MARK}\"}}"));
    for event in texts {
        let answered = local.invoke(function, &event);
        let said = serde_json::from_str(&answered).map_or(answered, |answered| answer(answered).to_string());
        found.look(function, &said, &[MARK, USER]);
    }
}

/// Returns the part of a response that must not contain secrets: without the event, and without the private parameters.
fn answer(mut answered: Value) -> Value {
    let Some(response) = answered.get_mut("response").and_then(Value::as_object_mut) else {
        return answered;
    };
    response.shift_remove("privateChallengeParameters");
    if let Some(public) = response
        .get_mut("publicChallengeParameters")
        .filter(|public| public.is_object())
    {
        *public = without_media(public);
    }
    answered["response"].take()
}

fn mark(value: &mut Value) {
    match value {
        // These names select the challenge type. A marked name would end the processing early.
        Value::String(text) if Issuers::standard().names().any(|name| name == text) => {}
        Value::String(text) if text.parse::<u64>().is_ok() => {}
        Value::String(text) => text.push_str(MARK),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(fields) => fields.values_mut().for_each(mark),
        Value::Bool(_) | Value::Null | Value::Number(_) => {}
    }
}

fn read_all(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| {
            let log = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            (path.file_name().unwrap().to_string_lossy().into_owned(), log)
        })
        .collect()
}

#[test]
fn a_panic_logs_only_its_location() {
    for format in ["text", "JSON"] {
        let logs = TempDir::new().unwrap();
        let instead = [("verify-auth-challenge", "panics")];
        let commands = commands(logs.path(), &format!("AWS_LAMBDA_LOG_FORMAT={format}"), &instead);
        let mut args = vec!["--flow", "SECURITY_QUESTION:1", "--trace"];
        args.extend(commands.iter().map(String::as_str));
        let local = Local::start_with_secret(&args, SECRET);
        let mut found = Found::default();
        enrol(&local, &mut found);
        let client = Client::new(&local);
        let reply = client.start(USER).unwrap();
        found.keep(&client.private_parameters(&reply));
        let refusal = client.answer(USER, &reply, MARK, &Value::Null).unwrap_err();
        assert!(refusal.message.contains("internal error"), "{refusal:?}");
        found.shown("refusal", &refusal.message);
        found.shown("local", &local.printed());
        let logs = read_all(logs.path());
        for (file, log) in &logs {
            found.logged(file, log);
        }
        let told = logs
            .values()
            .any(|log| log.contains("panicked") && log.contains("panics.rs:"));
        assert!(told, "the log must contain the location: {logs:?}");
        assert!(found.leaks.is_empty(), "{:#?}", found.leaks);
    }
}

#[test]
fn a_secret_that_is_too_short_is_not_quoted() {
    for name in ["create-auth-challenge", "verify-auth-challenge"] {
        let output = Command::new(function(name))
            .env_clear()
            .envs([
                ("AUTH_FLOW", "SECURITY_QUESTION:1"),
                ("AUTH_SESSION_MINUTES", "3"),
                ("CHALLENGE_SECRET", MARK),
            ])
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(
            !output.status.success() && printed.contains("CHALLENGE_SECRET"),
            "{printed}"
        );
        assert!(!printed.contains(MARK), "{printed}");
    }
}
