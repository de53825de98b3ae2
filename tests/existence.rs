//! Tests that clients cannot distinguish nonexistent, not enrolled and enrolled users.
//!
//! The remaining differences are in docs/concepts.md: a last step that is a CAPTCHA, and the `locale` attribute.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use cognito_challenge::challenges::security_question::{ATTRIBUTE, CATALOGUE, Enrollment};
use cognito_challenge::keys::Keys;
use loop_tests::functions::SECRET;
use loop_tests::local::{Client, Local, Refusal, function};
use loop_tests::script::right_answer;
use loop_tests::services::{MAIL_TAKEN, Service};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The number of users of each kind. Each signs in twice.
const PEOPLE: usize = 36;

const PASSWORD: &str = "Passw0rd!demo";

/// A kind of user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Enrolled,
    NotEnrolled,
    Unknown,
}

const KINDS: [Kind; 3] = [Kind::Enrolled, Kind::NotEnrolled, Kind::Unknown];

impl Kind {
    /// Returns the names of `count` users of this kind. All kinds have names of the same length.
    fn people(self, count: usize) -> impl Iterator<Item = String> {
        let letter = match self {
            Self::Enrolled => 'a',
            Self::NotEnrolled => 'b',
            Self::Unknown => 'c',
        };
        (0..count).map(move |number| format!("{letter}{number:03}"))
    }

    fn sign_up(self, local: &Local, count: usize) {
        // All questions are enrolled, so that the question asked cannot depend on the user's selection.
        let answers = CATALOGUE.iter().map(|question| (question.id, "the answer"));
        let enrolled = Enrollment::new(answers, &Keys::parse(SECRET).unwrap(), || [7; 16]).unwrap();
        for name in self.people(count) {
            let email = format!("{name}@example.com");
            let attributes = match self {
                Self::Enrolled => json!([{"Name": ATTRIBUTE, "Value": enrolled.to_attribute()},
                    {"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]),
                Self::NotEnrolled => json!([{"Name": "email", "Value": email}]),
                Self::Unknown => return,
            };
            local.admin(
                "AdminCreateUser",
                &json!({"Username": name, "MessageAction": "SUPPRESS", "UserAttributes": attributes}),
            );
            local.admin(
                "AdminSetUserPassword",
                &json!({"Username": name, "Password": PASSWORD, "Permanent": true}),
            );
        }
    }
}

/// The observations of a sign-in: for each reply and each text in it, the values or lengths.
type Seen = BTreeMap<(usize, String), BTreeSet<String>>;

/// Texts that differ between sign-ins or users. Their lengths are compared, not their content.
const CHANGING: [&str; 14] = [
    "Session",
    "code",
    "codeExpires",
    "destination",
    "sendAgainIn",
    "captchaUrl",
    "questionId",
    "securityQuestion",
    "answer",
    "answerHash",
    "issuedAt",
    "SECRET_BLOCK",
    "USERNAME",
    "USER_ID_FOR_SRP",
];

fn note(seen: &mut Seen, round: usize, path: &str, value: &Value) {
    let mut add = |what: String| {
        seen.entry((round, path.to_owned())).or_default().insert(what);
    };
    match value {
        Value::Object(fields) => {
            add(format!("{:?}", fields.keys().collect::<Vec<_>>()));
            for (name, value) in fields {
                note(seen, round, &format!("{path}/{name}"), value);
            }
        }
        Value::String(text) if CHANGING.iter().any(|name| path.ends_with(&format!("/{name}"))) => {
            add(format!("{} letters", text.chars().count()));
        }
        value => add(value.to_string()),
    }
}

fn note_reply(seen: &mut Seen, round: usize, client: &Client<'_>, reply: &Result<Value, Refusal>) {
    match reply {
        Ok(reply) => {
            note(seen, round, "", reply);
            // Clients do not see these, but verify processes them.
            note(seen, round, "private", &client.private_parameters(reply));
        }
        Err(refusal) => note(seen, round, "refused", &json!([refusal.kind, refusal.message])),
    }
}

/// The answers to the challenges of a sign-in, in order.
const SCRIPTS: [&[&str]; 4] = [
    &["right", "wrong", "wrong", "wrong"],
    &["wrong", "right", " ", "wrong", "wrong"],
    &[
        "wrong",
        "wrong",
        "right",
        "another",
        "an answer that is longer than those that people give",
        "-",
    ],
    &["wrong", "wrong", "wrong"],
];

/// Signs in until Cognito rejects the sign-in. Returns the questions that were asked.
fn sign_in(client: &Client<'_>, name: &str, script: &[&str], seen: &mut Seen) -> BTreeSet<String> {
    let mut questions = BTreeSet::new();
    let mut reply = client.start(name);
    note_reply(seen, 0, client, &reply);
    for (round, answer) in script.iter().enumerate() {
        let asked = reply.unwrap();
        let public = &asked["ChallengeParameters"];
        questions.extend(public["questionId"].as_str().map(str::to_owned));
        let right = (*answer == "right").then(|| right_answer(public, &client.private_parameters(&asked)));
        reply = client.answer(name, &asked, right.as_deref().unwrap_or(answer), &Value::Null);
        note_reply(seen, round + 1, client, &reply);
    }
    assert_eq!(reply.unwrap_err(), Refusal::incorrect(), "{name}");
    questions
}

#[test]
fn nonexistent_users_get_the_same_challenges_and_replies_as_existing_users() {
    let local = Local::start(&["--flow", "CAPTCHA:3,SECURITY_QUESTION:3"]);
    let shown: Vec<_> = thread::scope(|scope| {
        let kinds = KINDS.map(|kind| {
            let local = &local;
            scope.spawn(move || {
                kind.sign_up(local, PEOPLE);
                let client = Client::new(local);
                let mut seen = [(); SCRIPTS.len()].map(|()| Seen::new());
                let mut questions = BTreeSet::new();
                for (number, name) in kind.people(PEOPLE).enumerate() {
                    let script = number % SCRIPTS.len();
                    let mut asked = sign_in(&client, &name, SCRIPTS[script], &mut seen[script]);
                    // Another sign-in with other mistakes must ask the same question.
                    asked.extend(sign_in(&client, &name, SCRIPTS[0], &mut seen[0]));
                    assert_eq!(asked.len(), 1, "{kind:?} {name} was asked {asked:?}");
                    questions.extend(asked);
                }
                assert!(questions.len() > 1, "{kind:?} is only asked {questions:?}");
                seen
            })
        });
        kinds.into_iter().map(|kind| kind.join().unwrap()).collect()
    });
    for (kind, seen) in KINDS.iter().zip(&shown) {
        for (seen, enrolled) in seen.iter().zip(&shown[0]) {
            for (place, values) in enrolled {
                // Each user has another question, so the set of questions is random.
                if !["/securityQuestion", "/questionId"]
                    .iter()
                    .any(|name| place.1.ends_with(name))
                {
                    assert_eq!(seen.get(place), Some(values), "{kind:?} {place:?}");
                }
            }
            assert!(seen.keys().eq(enrolled.keys()), "{kind:?}: {seen:?}\n{enrolled:?}");
        }
    }
}

#[test]
fn a_nonexistent_user_is_asked_for_a_code_like_an_existing_one_and_gets_no_mail() {
    const FEW: usize = 12;
    let ses = Service::taking(MAIL_TAKEN);
    let program = function("create-auth-challenge");
    let create = format!(
        "--create-auth-challenge=exec env AWS_ENDPOINT_URL_SESV2={} '{}'",
        ses.endpoint,
        program.display()
    );
    let parameters = ["MailFrom=sign-in@example.com", "MessagesPerHour=3"];
    let local = Local::start(&[
        "--flow",
        "EMAIL_CODE:3",
        "--parameter",
        parameters[0],
        "--parameter",
        parameters[1],
        &create,
    ]);
    let shown = KINDS.map(|kind| {
        kind.sign_up(&local, FEW);
        let client = Client::new(&local);
        let mut seen = Seen::new();
        for name in kind.people(FEW) {
            // The last sign-in exceeds the limit.
            for _ in 0..4 {
                sign_in(&client, &name, &["wrong", "-", "123 456 789"], &mut seen);
            }
        }
        let mails = ses.messages();
        assert_eq!(
            mails.len(),
            if kind == Kind::Enrolled { 3 * FEW } else { 0 },
            "{kind:?}"
        );
        assert!(mails.iter().all(|mail| mail.body.contains("@example.com\"]")));
        seen
    });
    assert_eq!(shown[1], shown[0]);
    assert_eq!(shown[2], shown[0]);
}

#[test]
fn nonexistent_users_are_asked_for_the_password_like_existing_users() {
    let local = Local::start(&["--parameter", "ProofOfWorkTries=2"]);
    let shown = KINDS.map(|kind| {
        kind.sign_up(&local, PEOPLE);
        let client = Client::new(&local);
        let (mut seen, mut longest) = (Seen::new(), BTreeMap::new());
        for name in kind.people(PEOPLE) {
            let mut asked = srp(&client, &name);
            // Hexadecimal numbers without leading zeros. Their length varies for all users.
            for number in ["SALT", "SRP_B"] {
                let digits = asked["ChallengeParameters"][number].take();
                let length = digits.as_str().unwrap().len();
                let longest = longest.entry(number).or_insert(0);
                *longest = length.max(*longest);
            }
            note(&mut seen, 0, "", &asked);
            assert_eq!(
                asked["ChallengeParameters"]["USER_ID_FOR_SRP"].as_str().unwrap(),
                name,
                "the pool uses the username"
            );
        }
        let refused = client.start_with_password(&kind.people(1).next().unwrap(), "not the password", &Value::Null);
        note_reply(&mut seen, 1, &client, &refused);
        seen.remove(&(0, "/ChallengeParameters/USERNAME".to_owned()));
        (seen, longest)
    });
    assert_eq!(shown[1], shown[0]);
    assert_eq!(shown[2], shown[0]);
}

/// Returns Cognito's own challenge for the password.
fn srp(client: &Client<'_>, name: &str) -> Value {
    let public_key = "1f".repeat(384);
    let parameters = json!({"USERNAME": name, "CHALLENGE_NAME": "SRP_A", "SRP_A": public_key});
    client.initiate("CUSTOM_AUTH", &parameters).unwrap()
}

#[test]
fn questions_and_salts_are_the_same_after_a_restart_for_all_users() {
    const FEW: usize = 8;
    let folder = TempDir::new().unwrap();
    let run = |flow: &str, shown: &dyn Fn(&Client<'_>, &str) -> Value| {
        let local = Local::start_in(folder.path(), &["--flow", flow]);
        let client = Client::new(&local);
        let everyone = KINDS.into_iter().flat_map(|kind| kind.people(FEW));
        everyone.map(|name| shown(&client, &name)).collect::<Vec<_>>()
    };
    let signed_up = Local::start_in(folder.path(), &[]);
    for kind in KINDS {
        kind.sign_up(&signed_up, FEW);
    }
    drop(signed_up);
    for (flow, names) in [
        ("SECURITY_QUESTION:3", &["questionId", "securityQuestion"]),
        ("PASSWORD,CAPTCHA:3", &["SALT", "USER_ID_FOR_SRP"]),
    ] {
        let shown = |client: &Client<'_>, name: &str| {
            let asked = if flow.starts_with("PASSWORD") {
                srp(client, name)
            } else {
                client.start(name).unwrap()
            };
            let parameters = &asked["ChallengeParameters"];
            names.iter().map(|name| parameters[*name].clone()).collect()
        };
        let first = run(flow, &shown);
        assert!(
            first
                .iter()
                .flat_map(|values| values.as_array().unwrap())
                .all(Value::is_string)
        );
        assert_eq!(run(flow, &shown), first);
    }
}
