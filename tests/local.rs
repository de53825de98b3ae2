//! Plays the scripts in `fixtures/sign-in` through `local` and the real binaries.

use std::collections::BTreeMap;
use std::path::Path;

use loop_tests::folder::{cases, read};
use loop_tests::functions::fixtures;
use loop_tests::local::{Client, Local, Refusal, cargo, function};
use loop_tests::script::{Answer, End, Script, User, right_answer};
use serde_json::{Value, json};

#[test]
fn every_script_ends_as_expected() {
    let folder = fixtures("sign-in");
    let mut by_flow: BTreeMap<String, Vec<(String, Script)>> = BTreeMap::new();
    for case in cases(&folder, &[".json"]) {
        let script: Script = read(&folder.join(format!("{case}.json")));
        by_flow.entry(script.flow.clone()).or_default().push((case, script));
    }
    for (flow, scripts) in by_flow {
        // Counting is off, because all scripts use the same few users and some give only wrong answers.
        let uncounted = ["--parameter", "CountAttempts=Disabled"];
        let local = Local::start(&[&["--flow", &flow, "--parameter", "ProofOfWorkTries=2"][..], &uncounted].concat());
        local.admin(
            "AdminCreateUser",
            &json!({"Username": "not-enrolled", "MessageAction": "SUPPRESS",
            "TemporaryPassword": "Passw0rd!demo"}),
        );
        local.admin(
            "AdminSetUserPassword",
            &json!({"Username": "not-enrolled", "Password": "Passw0rd!demo", "Permanent": true}),
        );
        for (case, script) in scripts {
            let mut asked = Vec::new();
            assert_eq!(
                play(&local, &script, &mut asked),
                script.expect,
                "{case}: {}",
                script.description
            );
            if let Some(expected) = script.asked.as_ref().filter(|_| !stopped_by_cognito(&script)) {
                assert_eq!(asked, *expected, "{case}: {}", script.description);
            }
        }
    }
}

/// Returns whether Cognito ends the script at the password, because the user does not exist.
fn stopped_by_cognito(script: &Script) -> bool {
    script.user == User::Unknown && script.password()
}

/// Plays a sign-in in the role of a client. The debug channel provides the right answers.
fn play(local: &Local, script: &Script, asked: &mut Vec<String>) -> End {
    let user = match script.user {
        User::Demo => "demo",
        User::NotEnrolled => "not-enrolled",
        User::Unknown => "nobody",
    };
    if stopped_by_cognito(script) {
        let refused = Client::new(local)
            .start_with_password(user, "Passw0rd!demo", &json!(script.client_metadata))
            .unwrap_err();
        assert_eq!(refused, Refusal::incorrect());
        return End::Denied;
    }
    let client = Client::new(local);
    let started = if script.password() {
        client.start_with_password(user, "Passw0rd!demo", &json!(script.client_metadata))
    } else {
        client.start(user)
    };
    let mut answers = script.answers.iter();
    let mut reply = match started {
        Ok(reply) => reply,
        Err(refusal) => return end(refusal),
    };
    loop {
        if reply.get("AuthenticationResult").is_some() {
            assert_eq!(answers.len(), 0, "{}: answers left over", script.description);
            return End::Tokens;
        }
        let public = &reply["ChallengeParameters"];
        let text = |name: &str| {
            public[name]
                .as_str()
                .unwrap_or_else(|| panic!("no {name} in {public}"))
                .to_owned()
        };
        asked.push(format!("{} {}", text("challenge"), text("attemptsLeft")));
        let Some(answer) = answers.next() else {
            return End::Asked;
        };
        let answer = match answer {
            Answer::Blank => " ".into(),
            Answer::Right => right_answer(public, &client.private_parameters(&reply)),
            Answer::Wrong => "not this".into(),
        };
        reply = match client.answer(user, &reply, &answer, &json!(script.client_metadata)) {
            Ok(reply) => reply,
            Err(refusal) => {
                assert_eq!(answers.len(), 0, "{}: answers left over", script.description);
                return end(refusal);
            }
        };
    }
}

fn end(refusal: Refusal) -> End {
    assert_eq!(refusal, Refusal::incorrect());
    End::Denied
}

#[test]
fn tokens_contain_the_user_and_pictures_need_a_signed_address() {
    let local = Local::start(&["--flow", "CAPTCHA:1"]);
    let client = Client::new(&local);
    let reply = client.start("demo").unwrap();
    let url = reply["ChallengeParameters"]["captchaUrl"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "the picture is inline: {url}");
    let picture = Local::get(url).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    let unsigned = url.split('?').next().unwrap();
    assert_eq!(Local::get(unsigned).unwrap_err(), 403);
    let answer = right_answer(&reply["ChallengeParameters"], &client.private_parameters(&reply));
    let tokens = client.answer("demo", &reply, &answer, &Value::Null).unwrap();
    let access = &tokens["AuthenticationResult"]["AccessToken"];
    let user = client.call("GetUser", &json!({"AccessToken": access})).unwrap();
    assert_eq!(user["Username"], "demo");
    let attributes = user["UserAttributes"].to_string();
    assert!(
        !attributes.contains("security_questions"),
        "the client must not read the enrollment: {attributes}"
    );
}

#[test]
fn a_new_password_gets_tokens_only_without_a_pre_token_function() {
    const TEMPORARY: &str = "Temp0rary!password";
    const LASTING: &str = "L4sting!password";
    let local = Local::start(&["--parameter", "ProofOfWorkTries=2"]);
    let client = Client::new(&local);
    let choose = |user: &str| {
        local.admin(
            "AdminCreateUser",
            &json!({"Username": user, "MessageAction": "SUPPRESS", "TemporaryPassword": TEMPORARY}),
        );
        let asked = client.start_with_password(user, TEMPORARY, &Value::Null).unwrap();
        assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
        client.choose_password(user, &asked, LASTING)
    };
    let refused = choose("jane").unwrap_err();
    assert_eq!(refused.kind, "UserLambdaValidationException");
    assert_eq!(refused.message, "PreTokenGeneration failed with error internal error.");
    let asked = client.start_with_password("jane", LASTING, &Value::Null).unwrap();
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE", "the new password is set");

    local.admin(
        "UpdateUserPool",
        &json!({"LambdaConfig": {
            "DefineAuthChallenge": "arn:aws:lambda:us-east-1:000000000000:function:define-auth-challenge",
            "CreateAuthChallenge": "arn:aws:lambda:us-east-1:000000000000:function:create-auth-challenge",
            "VerifyAuthChallengeResponse": "arn:aws:lambda:us-east-1:000000000000:function:verify-auth-challenge",
        }}),
    );
    let tokens = choose("june").unwrap();
    assert!(tokens["AuthenticationResult"]["AccessToken"].is_string(), "{tokens}");
}

#[test]
fn a_session_is_valid_for_one_answer() {
    let local = Local::start(&["--flow", "CAPTCHA:3"]);
    let client = Client::new(&local);
    let reply = client.start("demo").unwrap();
    client.answer("demo", &reply, "wrong", &Value::Null).unwrap();
    let again = client.answer("demo", &reply, "wrong", &Value::Null).unwrap_err();
    assert_eq!(
        again.message,
        "Invalid session for the user, session can only be used once."
    );
}

#[test]
fn without_the_flag_the_answers_cannot_be_read() {
    let local = Local::start_without_answers(&["--flow", "CAPTCHA:3"]);
    let client = Client::new(&local);
    let reply = client.start("demo").unwrap();
    assert!(client.try_private_parameters(&reply).is_none());
}

#[test]
fn an_invalid_configuration_is_reported_with_exit_code_2() {
    for (args, message) in [
        (
            &["--flow", "CAPTHA:3"][..],
            "unknown challenge `CAPTHA`; known: PASSWORD, CAP, CAPTCHA",
        ),
        (&["--template", "no-such.yaml"], "no-such.yaml"),
        (&["--functions-dir", "no-such-folder"], "no-such-folder"),
        (&["--parameter", "Nonsense=1"], "Nonsense"),
    ] {
        let (code, output) = Local::fails(args);
        assert_eq!(code, Some(2), "{args:?}: {output}");
        assert!(output.contains(message), "{args:?}: {output}");
        assert!(
            !output.contains("stack backtrace") && !output.contains("panicked"),
            "{args:?}: {output}"
        );
    }
}

#[test]
fn a_port_in_use_is_reported_with_exit_code_2() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, output) = Local::fails(&["--listen", &address]);
    assert_eq!(code, Some(2), "{output}");
    assert!(output.contains(&address), "{output}");
}

#[test]
fn answers_that_admin_enrolls_are_right_until_they_are_reset() {
    let local = Local::start(&["--flow", "SECURITY_QUESTION:1"]);
    let user = json!({"Username": "ada", "MessageAction": "SUPPRESS", "TemporaryPassword": "Passw0rd!demo"});
    local.admin("AdminCreateUser", &user);
    let answers = "birth-city=Seattle\nfirst-pet=Peccy\nfirst-teacher=Ms Ada\n";
    let (code, printed) = local.admin_questions(&["enroll", "--stdin", "--username", "ada"], answers);
    assert_eq!(code, Some(0), "{printed}");
    for secret in ["Seattle", "Peccy", "argon2"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    let client = Client::new(&local);
    let signs_in = |answer: &dyn Fn(&Value) -> String| {
        let reply = client.start("ada").unwrap();
        client.answer("ada", &reply, &answer(&reply["ChallengeParameters"]), &Value::Null)
    };
    assert!(signs_in(&|public| right_answer(public, &Value::Null)).is_ok());
    assert_eq!(signs_in(&|_| "wrong".into()).unwrap_err(), Refusal::incorrect());

    let (code, printed) = local.admin_questions(&["reset", "--username", "ada"], "");
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(
        signs_in(&|public| right_answer(public, &Value::Null)).unwrap_err(),
        Refusal::incorrect()
    );
}

#[test]
fn the_longest_answer_that_admin_enrolls_is_right() {
    let local = Local::start(&["--flow", "SECURITY_QUESTION:1"]);
    let user = json!({"Username": "ada", "MessageAction": "SUPPRESS", "TemporaryPassword": "Passw0rd!demo"});
    local.admin("AdminCreateUser", &user);
    // Each answer has 1,024 characters, and more after normalizing.
    let longest = |id: &str| format!("{id}{}", "ﬁ".repeat(1024 - id.len()));
    let ids = ["birth-city", "first-pet", "first-teacher"];
    let answers: String = ids.iter().map(|id| format!("{id}={}\n", longest(id))).collect();
    let (code, printed) = local.admin_questions(&["enroll", "--stdin", "--username", "ada"], &answers);
    assert_eq!(code, Some(0), "{printed}");
    let client = Client::new(&local);
    let reply = client.start("ada").unwrap();
    let asked = longest(reply["ChallengeParameters"]["questionId"].as_str().unwrap());
    assert!(client.answer("ada", &reply, &asked, &Value::Null).is_ok());
}

#[test]
fn admin_rejects_weak_answers_and_unknown_users_without_quoting_them() {
    let local = Local::start(&["--flow", "SECURITY_QUESTION:1"]);
    let long = &"hunter2".repeat(147)[..1025];
    let long = format!("first-pet={long}\nbirth-city=Seattle\nfirst-teacher=Ms Ada\n");
    for (user, answers, message) in [
        ("demo", "first-pet=hunter2\n", "answer at least 3"),
        (
            "demo",
            long.as_str(),
            "`first-pet` is too long: give at most 1024 characters",
        ),
        (
            "demo",
            "first-pet=demo\nbirth-city=hunter2\nfirst-teacher=Ms Ada\n",
            "`first-pet` is the user's name",
        ),
        (
            "nobody",
            "first-pet=hunter2\nbirth-city=Seattle\nfirst-teacher=Ms Ada\n",
            "UserNotFoundException",
        ),
    ] {
        let (code, printed) = local.admin_questions(&["enroll", "--stdin", "--username", user], answers);
        assert_eq!(code, Some(2), "{printed}");
        assert!(printed.contains(message) && !printed.contains("hunter2"), "{printed}");
    }
}

#[test]
fn admin_shows_the_secret_of_enrolled_answers_and_continues_a_count() {
    let local = Local::start(&[]);
    let user = json!({"Username": "ada", "MessageAction": "SUPPRESS", "TemporaryPassword": "Passw0rd!demo"});
    local.admin("AdminCreateUser", &user);
    let status = |args: &[&str]| {
        let (code, printed) = local.admin_questions(&[&["status", "--json"], args].concat(), "");
        assert_eq!(code, Some(0), "{printed}");
        let line = printed.lines().find(|line| line.starts_with('{')).unwrap();
        serde_json::from_str::<Value>(line).unwrap()
    };
    let demo = status(&["--username", "demo"]);
    assert_eq!((&demo["username"], &demo["state"]), (&json!("demo"), &json!("current")));
    assert_eq!(demo["questions"].as_array().unwrap().len(), 3);
    assert_eq!(status(&["--username", "ada"])["state"], "none");
    let all = status(&["--all"]);
    assert_eq!((&all["users"], &all["complete"]), (&json!(2), &json!(true)));
    let first = local.admin("ListUsers", &json!({"Limit": 1}));
    let rest = status(&["--all", "--from", first["PaginationToken"].as_str().unwrap()]);
    assert_eq!((&rest["users"], &rest["complete"]), (&json!(1), &json!(true)));
}

/// Two steps, so that passing the first is visible even if the user cannot pass the second.
const COUNTED: &str = "CAPTCHA:1,SECURITY_QUESTION:1";

/// A sign-in that has reached a question.
struct Asked<'a> {
    client: &'a Client<'a>,
    user: &'a str,
    reply: Value,
}

impl<'a> Asked<'a> {
    fn captcha(client: &'a Client<'a>, user: &'a str) -> Self {
        let reply = client.start(user).unwrap();
        Self { client, user, reply }
    }

    fn question(client: &'a Client<'a>, user: &'a str) -> Self {
        let asked = Self::captcha(client, user);
        let reply = asked.answer(&asked.right()).unwrap();
        Self { client, user, reply }
    }

    fn right(&self) -> String {
        right_answer(
            &self.reply["ChallengeParameters"],
            &self.client.private_parameters(&self.reply),
        )
    }

    fn answer(&self, answer: &str) -> Result<Value, Refusal> {
        self.client.answer(self.user, &self.reply, answer, &Value::Null)
    }

    /// Returns whether `answer` is right. A wrong answer ends the sign-in, because each step has one attempt.
    fn takes(&self, answer: &str) -> bool {
        let answered = self.answer(answer);
        if let Err(refusal) = &answered {
            assert_eq!(*refusal, Refusal::incorrect());
        }
        answered.is_ok()
    }
}

/// Returns whether verify rejects the right answer to a new question after five wrong answers, each in its own sign-in.
///
/// The first wait lasts one second. If the machine pauses for that long, verify accepts the right answer. So there are
/// up to three rounds.
fn five_wrong_ones_lock<'a>(ask: &dyn Fn() -> Asked<'a>) -> bool {
    (0..3).any(|_| {
        // All questions are requested before any is answered, because requesting takes longest.
        let asked: Vec<_> = (0..6).map(|_| ask()).collect();
        let (last, others) = asked.split_last().unwrap();
        let right = last.right();
        for other in others {
            assert!(!other.takes("wrong"));
        }
        !last.takes(&right)
    })
}

#[test]
fn five_wrong_answers_in_five_sign_ins_lock_one_user_out_of_one_challenge() {
    let local = Local::start(&["--flow", COUNTED]);
    let client = Client::new(&local);
    for user in ["demo", "nobody"] {
        assert!(five_wrong_ones_lock(&|| Asked::captcha(&client, user)), "{user}");
    }
    let other = Asked::captcha(&client, "somebody-else");
    assert!(other.takes(&other.right()));
}

#[test]
fn a_user_who_is_locked_out_of_the_question_still_passes_the_captcha() {
    let local = Local::start(&["--flow", COUNTED]);
    let client = Client::new(&local);
    assert!(five_wrong_ones_lock(&|| Asked::question(&client, "demo")));
    let asked = Asked::captcha(&client, "demo");
    assert!(asked.takes(&asked.right()));
}

#[test]
fn a_right_answer_resets_the_count() {
    let local = Local::start(&["--flow", COUNTED]);
    let client = Client::new(&local);
    for user in ["demo", "nobody"] {
        for _ in 0..3 {
            for _ in 0..4 {
                assert!(!Asked::captcha(&client, user).takes("wrong"));
            }
            let asked = Asked::captcha(&client, user);
            assert!(asked.takes(&asked.right()), "{user}");
        }
    }
}

#[test]
fn without_its_table_verify_fails_open_or_closed_as_configured() {
    let verify = function("verify-auth-challenge");
    let dead = format!("AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:1 exec {}", verify.display());
    for (setting, opens) in [("closed", false), ("open", true)] {
        let setting = format!("AttemptsUnreachable={setting}");
        let local = Local::start(&[
            "--flow",
            COUNTED,
            "--parameter",
            &setting,
            "--verify-auth-challenge",
            &dead,
        ]);
        let client = Client::new(&local);
        for user in ["demo", "nobody"] {
            let asked = Asked::captcha(&client, user);
            assert_eq!(asked.takes(&asked.right()), opens, "{user}, {setting}");
            assert!(!Asked::captcha(&client, user).takes("wrong"), "{user}, {setting}");
        }
        let printed = local.printed();
        assert!(
            printed.contains("the answer could not be counted: GetItem"),
            "{printed}"
        );
    }
}

/// Writes a project with `init`, signs in, and calls a function with the event of the project.
fn write_and_sign_in(language: &str, prepare: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join(language);
    let init = || Local::alone(&["init", project.to_str().unwrap(), "--language", language]);
    let (code, printed) = init();
    assert_eq!(code, Some(0), "{printed}");
    prepare(&project);
    let local = Local::start_for(&project);
    let client = Client::new(&local);
    let nothing = json!({});
    let asked = client.start_with_password("demo", "Passw0rd!demo", &nothing).unwrap();
    let again = client.answer("demo", &asked, "wrong", &nothing).unwrap();
    let sum = again["ChallengeParameters"]["question"].as_str().unwrap().split(" + ");
    let sum: u8 = sum.map(|number| number.parse::<u8>().unwrap()).sum();
    let end = client.answer("demo", &again, &sum.to_string(), &nothing).unwrap();
    assert!(
        end["AuthenticationResult"]["AccessToken"].is_string(),
        "{language}: {end}"
    );
    assert_eq!(client.start("demo").unwrap_err(), Refusal::incorrect(), "{language}");

    let file = |name: &str| std::fs::read_to_string(project.join(format!("events/define.{name}.json"))).unwrap();
    let response: Value = serde_json::from_str(&local.invoke("Define", &file("event"))).unwrap();
    let expected: Value = serde_json::from_str(&file("response")).unwrap();
    assert_eq!(response["response"], expected, "{language}");
    let (code, printed) = init();
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("is not empty: name a new one"), "{printed}");
}

#[test]
fn a_project_that_init_writes_asks_for_the_password_and_a_sum() {
    for language in ["nodejs", "python"] {
        write_and_sign_in(language, |_| {});
    }
}

#[test]
#[ignore = "compiles the project; `.ci/example init` runs it"]
fn a_project_in_rust_that_init_writes_builds_and_asks_for_the_same() {
    write_and_sign_in("rust", |project| {
        // The versions that this workspace has, and one target folder for all runs.
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        std::fs::copy(workspace.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
        let target = workspace.join("target/init");
        let config = format!("build.target-dir = {target:?}\nnet.offline = true\n");
        std::fs::create_dir(project.join(".cargo")).unwrap();
        std::fs::write(project.join(".cargo/config.toml"), config).unwrap();
        for arguments in [&["fmt", "--check"][..], &["clippy", "--", "-D", "warnings"]] {
            let checked = cargo().args(arguments).current_dir(project).status().unwrap();
            assert!(checked.success(), "cargo {arguments:?}");
        }
    });
}

#[test]
fn handlers_in_the_style_of_the_documentation_sign_in() {
    let template = "local/tests/projects/documented/template.yaml";
    let local = Local::start(&["--template", template]);
    let client = Client::new(&local);
    let nothing = json!({});
    let mut asked = client.start_with_password("demo", "Passw0rd!demo", &nothing).unwrap();
    assert!(asked["ChallengeParameters"]["picture"].is_string(), "{asked}");
    assert!(client.answer("demo", &asked, "wrong", &nothing).is_err());
    asked = client.start_with_password("demo", "Passw0rd!demo", &nothing).unwrap();
    asked = client.answer("demo", &asked, "4", &nothing).unwrap();
    assert_eq!(asked["ChallengeParameters"]["question"], "The mascot?");
    let end = client.answer("demo", &asked, "Peccy", &nothing).unwrap();
    assert!(end["AuthenticationResult"]["AccessToken"].is_string(), "{end}");
}
