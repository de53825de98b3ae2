//! A complete rotation of the secret as in docs/rotation.md, with the built functions in a running `local`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use loop_tests::functions::{ANSWERS, SECRET};
use loop_tests::local::{Client, Local, function};
use loop_tests::script::right_answer;
use serde_json::{Value, json};
use tempfile::TempDir;

const FLOW: &str = "CAPTCHA:3,SECURITY_QUESTION:3";

/// A `local` whose functions read their secret from a file when they start. It knows their processes and their table.
struct World {
    folder: TempDir,
    local: Local,
}

impl World {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("secret"), SECRET).unwrap();
        let [create, verify] = ["create-auth-challenge", "verify-auth-challenge"].map(|name| {
            let folder = folder.path().display();
            let program = function(name);
            format!(
                "echo $$ >>{folder}/pids; echo $AWS_ENDPOINT_URL_DYNAMODB $ATTEMPTS_TABLE >{folder}/{name}; \
                 CHALLENGE_SECRET=$(cat {folder}/secret) exec {}",
                program.display()
            )
        });
        let args = [
            "--flow",
            FLOW,
            "--create-auth-challenge",
            &create,
            "--verify-auth-challenge",
            &verify,
        ];
        Self {
            local: Local::start(&args),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn secret(&self) -> String {
        fs::read_to_string(self.path("secret")).unwrap()
    }

    /// Deploys another value of `CHALLENGE_SECRET`: the processes of the functions end, and new ones start.
    fn deploy(&self, value: &str) {
        fs::write(self.path("secret"), value).unwrap();
        let pids = fs::read_to_string(self.path("pids")).unwrap();
        fs::write(self.path("pids"), "").unwrap();
        for pid in pids.lines() {
            let _ = Command::new("kill").args(["-KILL", pid]).status();
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while pids.lines().any(|pid| Path::new("/proc").join(pid).exists()) {
            assert!(Instant::now() < deadline, "a function does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs `admin ARGS` with the current secret and returns its output.
    fn admin(&self, args: &[&str], input: &str) -> String {
        let (secret, noted) = (
            self.secret(),
            fs::read_to_string(self.path("verify-auth-challenge")).unwrap(),
        );
        let endpoint = noted.split(' ').next().unwrap();
        let variables = [
            ("CHALLENGE_SECRET", secret.as_str()),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
        ];
        let (code, printed) = self.local.admin_command(args, &variables, input);
        assert_eq!(code, Some(0), "{printed}");
        printed
    }

    /// Returns the value for the next step of the rotation.
    fn step(&self, step: &str) -> String {
        let (code, printed) = self
            .local
            .admin_alone(&["secret", step], &[("CHALLENGE_SECRET", &self.secret())], "");
        assert_eq!(code, Some(0), "{printed}");
        printed.trim().to_owned()
    }

    /// Runs `admin questions status --all`. Returns the number of users in each state, and the names of those in
    /// `state`.
    fn status(&self, state: &str) -> (Value, Vec<String>) {
        let args = [
            "questions",
            "status",
            "--all",
            "--names",
            state,
            "--rate",
            "30",
            "--json",
        ];
        let printed = self.admin(&args, "");
        let line = printed.lines().find(|line| line.starts_with('{')).unwrap();
        let mut counted: Value = serde_json::from_str(line).unwrap();
        assert_eq!(counted["complete"], true);
        let names = serde_json::from_value(counted["names"].take()).unwrap();
        let counts = ["current", "other", "gone"].map(|state| counted[state].as_u64().unwrap());
        (json!(counts), names)
    }

    fn enroll(&self, user: &str) {
        let lines = ANSWERS.map(|(id, answer)| format!("{id}={answer}\n")).concat();
        self.admin(&["questions", "enroll", "--stdin", "--username", user], &lines);
    }

    fn sign_up(&self, user: &str) {
        let created = json!({"Username": user, "MessageAction": "SUPPRESS"});
        self.local.admin("AdminCreateUser", &created);
        let password = json!({"Username": user, "Password": "Passw0rd!demo", "Permanent": true});
        self.local.admin("AdminSetUserPassword", &password);
    }

    /// Returns the counts of wrong answers of `user`, in the order of the flow.
    fn counted(&self, user: &str) -> Vec<u64> {
        let noted = fs::read_to_string(self.path("verify-auth-challenge")).unwrap();
        let (_, table) = noted.trim().split_once(' ').unwrap();
        let args = [
            "attempts",
            "show",
            "--json",
            "--username",
            user,
            "--table",
            table,
            "--flow",
            FLOW,
        ];
        let shown: Value = serde_json::from_str(self.admin(&args, "").trim()).unwrap();
        let steps = shown["steps"].as_array().unwrap();
        steps.iter().map(|step| step["wrongInARow"].as_u64().unwrap()).collect()
    }

    fn client(&self) -> Client<'_> {
        Client::new(&self.local)
    }

    /// Starts a sign-in of `user` and returns the security question.
    fn until_the_question(&self, user: &str) -> Value {
        let client = self.client();
        let asked = client.start(user).unwrap();
        let picture = right_answer(&asked["ChallengeParameters"], &client.private_parameters(&asked));
        let asked = client.answer(user, &asked, &picture, &Value::Null).unwrap();
        assert_eq!(asked["ChallengeParameters"]["challenge"], "SECURITY_QUESTION");
        asked
    }

    /// Returns the id of the question that `user` is asked.
    fn question(&self, user: &str) -> String {
        let asked = self.until_the_question(user);
        asked["ChallengeParameters"]["questionId"].as_str().unwrap().to_owned()
    }

    /// Returns whether the right answer to the question in `asked` results in tokens.
    fn finishes(&self, user: &str, asked: &Value) -> bool {
        let client = self.client();
        let answer = right_answer(&asked["ChallengeParameters"], &client.private_parameters(asked));
        let answered = client.answer(user, asked, &answer, &Value::Null).unwrap();
        answered["AuthenticationResult"]["AccessToken"].is_string()
    }

    /// Waits until the metric counts this number of answers that needed a removed secret.
    fn counts_gone(&self, answers: f64) {
        let url = format!("{}/debug/metrics", self.local.endpoint);
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let totals: Value = serde_json::from_slice(&Local::get(&url).unwrap()).unwrap();
            let mut totals = totals.as_array().unwrap().iter();
            if totals.any(|total| total["metric"] == "KeyGone" && total["sum"] == answers) {
                return;
            }
            assert!(Instant::now() < deadline, "the metric is not {answers}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn signs_in(&self, user: &str) -> bool {
        self.finishes(user, &self.until_the_question(user))
    }
}

#[test]
fn a_rotation_ends_no_sign_in_and_locks_out_only_users_with_old_answers() {
    let world = World::start();
    // `local` enrolls `demo`. `late` enrolls during the rotation.
    world.sign_up("late");
    let users = ["demo", "nonexistent", "nameless"];
    let questions = users.map(|user| world.question(user));
    let same_questions = || assert_eq!(users.map(|user| world.question(user)), questions);
    assert!(world.signs_in("demo"));
    assert_eq!(world.status("current"), (json!([1, 0, 0]), vec!["demo".to_owned()]));

    // Step 1. The new secret can verify, but is not used for new values.
    let asked = world.until_the_question("demo");
    world.deploy(&world.step("next"));
    assert!(world.finishes("demo", &asked), "a sign-in that continues during step 1");
    assert!(world.signs_in("demo"));
    same_questions();
    let wrong = world
        .client()
        .answer("demo", &world.until_the_question("demo"), "wrong", &Value::Null);
    wrong.unwrap();
    assert_eq!(world.counted("demo"), [0, 1]);

    // Step 2. The new secret hashes new answers, and old answers stay right.
    let (asked, before) = (world.until_the_question("demo"), world.secret());
    world.deploy(&world.step("switch"));
    assert_eq!(world.counted("demo"), [0, 1], "a rotation does not reset the counts");
    assert!(world.finishes("demo", &asked), "a sign-in that continues during step 2");
    same_questions();
    world.enroll("late");
    assert!(world.signs_in("demo") && world.signs_in("late"));
    assert_eq!(world.status("other"), (json!([1, 1, 0]), vec!["demo".to_owned()]));
    // A rollback locks no user out.
    let switched = world.secret();
    world.deploy(&before);
    assert!(world.signs_in("demo") && world.signs_in("late"));
    world.deploy(&switched);

    // Step 3. Only answers enrolled before the rotation are wrong.
    let asked = world.until_the_question("late");
    let old = world.until_the_question("demo");
    world.deploy(&world.step("finish"));
    assert!(world.finishes("late", &asked), "a sign-in that continues during step 3");
    assert!(!world.finishes("demo", &old), "the secret was removed");
    assert!(world.signs_in("late"));
    assert!(!world.signs_in("demo"));
    same_questions();
    assert_eq!(world.status("gone"), (json!([1, 0, 1]), vec!["demo".to_owned()]));
    world.counts_gone(2.0);

    // Enrolling new answers restores access.
    world.enroll("demo");
    assert!(world.signs_in("demo"));
    let printed = world.local.printed();
    assert!(printed.contains("KeyGone"), "{printed}");
}

#[test]
fn an_invalid_secret_stops_create_and_verify_with_a_reason_that_does_not_quote_it() {
    const HIDDEN: &str = "hunter2-hunter2-hunter2-hunter2-";
    let member = |name: &str| format!(r#""{name}":"{name}-{HIDDEN}""#);
    let object = |names: &[&str]| {
        let members: Vec<_> = names.iter().map(|name| member(name)).collect();
        format!("{{{}}}", members.join(","))
    };
    for (secret, message) in [
        (HIDDEN[..31].to_owned(), "31 bytes"),
        (
            object(&["current", "next", "previous", "first"]),
            "both `next` and `previous`",
        ),
        (
            format!(r#"{{"current":"{HIDDEN}","previous":"{HIDDEN}","first":"{HIDDEN}"}}"#),
            "are the same",
        ),
        (object(&["current", "previuos", "first"]), "`next` or `previous`"),
        (object(&["current", "first"]).replace(',', " "), "line 1, column"),
    ] {
        for name in ["create-auth-challenge", "verify-auth-challenge"] {
            let output = Command::new(function(name))
                .env_clear()
                .envs([("AUTH_FLOW", "SECURITY_QUESTION:3"), ("AUTH_SESSION_MINUTES", "3")])
                .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
                .env("CHALLENGE_SECRET", &secret)
                .output()
                .unwrap();
            let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(!output.status.success(), "{name}: {printed}");
            assert!(
                printed.contains("CHALLENGE_SECRET") && printed.contains(message),
                "{name}: {printed}"
            );
            assert!(!printed.contains("hunter2"), "{name}: {printed}");
        }
    }
}
