//! The text that is printed when everything runs.

use std::fmt::Write;
use std::time::Duration;

use anstyle::Style;

/// The data that a user needs to sign in.
#[derive(Debug)]
pub(crate) struct Banner<'a> {
    /// The address of `local`, without a slash at the end.
    pub(crate) endpoint: &'a str,
    /// The HTTP APIs by name, and their addresses, in the same form.
    pub(crate) http_apis: &'a [(String, String)],
    pub(crate) region: &'a str,
    pub(crate) pool_id: &'a str,
    pub(crate) client_id: &'a str,
    /// The other app clients of the template, each with its pool.
    pub(crate) others: Vec<(String, String)>,
    pub(crate) flow: &'a str,
    pub(crate) demo_user: Option<DemoUser>,
    /// The app client for the AWS CLI, and its flow.
    pub(crate) cli_client_id: &'a str,
    pub(crate) cli_flow: &'a str,
    /// The duration of the start.
    pub(crate) elapsed: Duration,
}

/// A user that can sign in.
#[derive(Clone, Debug)]
pub(crate) struct DemoUser {
    pub(crate) name: String,
    pub(crate) password: String,
    /// The enrolled questions and answers.
    pub(crate) answers: Vec<(String, String)>,
    /// Whether the user was changed in an earlier run, so that the password or the answers may differ.
    pub(crate) is_changed: bool,
}

impl Banner<'_> {
    /// Returns the text, with headings in `bold`.
    pub(super) fn text(&self, bold: Style) -> String {
        let mut text = String::new();
        let mut row = |name: &str, value: &str| {
            let bold = if name.is_empty() { Style::new() } else { bold };
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {bold}{name:13}{bold:#}{value}");
        };
        row("Sign in at", &format!("{}/", self.endpoint));
        if let Some(user) = &self.demo_user {
            row("User", &user.name);
            let doubt = if user.is_changed {
                " (changed since, perhaps)"
            } else {
                ""
            };
            row("Password", &format!("{}{doubt}", user.password));
            for (index, (question, answer)) in user.answers.iter().enumerate() {
                row(if index == 0 { "Answers" } else { "" }, &format!("{question} {answer}"));
            }
        }
        for (name, endpoint) in self.http_apis {
            row("API", &format!("{endpoint} ({name})"));
        }
        row("User pool", self.pool_id);
        row("App client", self.client_id);
        for (index, (client, pool)) in self.others.iter().enumerate() {
            let name = if index == 0 { "More clients" } else { "" };
            row(name, &format!("{client} of {pool}"));
        }
        row("Flow", self.flow);
        let _ = write!(text, "\n{}", self.command_lines());
        let millis = self.elapsed.as_millis();
        let _ = write!(text, "\n{bold}Ready{bold:#} after {millis} ms. Ctrl-C ends it.");
        text
    }

    /// Returns the commands of a sign-in for a shell with the AWS CLI.
    fn command_lines(&self) -> String {
        let steps = asked(self.cli_flow);
        if steps == 0 {
            return "The AWS CLI cannot prove a password by SRP, and this flow has no other step.\n".to_owned();
        }
        let user = self.demo_user.as_ref().map_or("USER", |user| user.name.as_str());
        let mut text = String::from("With the AWS CLI (replace ANSWER and SESSION)");
        if self.cli_client_id != self.client_id {
            let _ = write!(
                text,
                "\n(it knows no SRP, so this app client's flow is {})",
                self.cli_flow
            );
        }
        text.push_str(":\n\n");
        let common = format!(
            "--endpoint-url {} --region {} --no-sign-request --client-id {}",
            self.endpoint, self.region, self.cli_client_id
        );
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  aws cognito-idp initiate-auth {common} --auth-flow CUSTOM_AUTH --auth-parameters USERNAME={user}"
        );
        for _ in 0..steps {
            let _ = writeln!(
                text,
                "  aws cognito-idp respond-to-auth-challenge {common} --challenge-name CUSTOM_CHALLENGE \
                 --challenge-responses \"USERNAME={user},ANSWER=ANSWER\" --session SESSION"
            );
        }
        text
    }
}

/// Returns the number of steps of `flow` that ask the user.
fn asked(flow: &str) -> usize {
    flow.split(',')
        .filter(|step| !matches!(step.trim(), "" | "PASSWORD"))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner<'a>(cli_client_id: &'a str, cli_flow: &'a str) -> Banner<'a> {
        Banner {
            endpoint: "http://127.0.0.1:9229",
            http_apis: &[],
            region: "us-east-1",
            pool_id: "us-east-1_LocalPool",
            client_id: "localclient000000000000000",
            others: vec![
                ("Mobile".into(), "us-east-1_LocalPool".into()),
                ("Desk".into(), "us-east-1_Staff".into()),
            ],
            flow: "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3",
            demo_user: Some(DemoUser {
                name: "demo".into(),
                password: "Passw0rd!demo".into(),
                answers: vec![
                    ("First pet?".into(), "Rex".into()),
                    ("First street?".into(), "Elm".into()),
                ],
                is_changed: false,
            }),
            cli_client_id,
            cli_flow,
            elapsed: Duration::from_millis(12),
        }
    }

    #[test]
    fn the_lines_to_paste_are_for_a_flow_without_srp() {
        let text = banner("localclientnopassword00000", "CAPTCHA:3,SECURITY_QUESTION:3").text(Style::new());
        let lines: Vec<_> = text.lines().filter(|line| line.contains("aws cognito-idp")).collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains("initiate-auth"));
        assert!(lines[1..].iter().all(|line| line.contains("respond-to-auth-challenge")));
        assert!(
            lines
                .iter()
                .all(|line| line.contains("--client-id localclientnopassword00000 "))
        );
        for word in [
            "http://127.0.0.1:9229/",
            "demo",
            "Passw0rd!demo",
            "First pet? Rex",
            "us-east-1_LocalPool",
            "More clients Mobile of us-east-1_LocalPool",
            "Desk of us-east-1_Staff",
            "Ready after 12 ms",
        ] {
            assert!(text.contains(word), "{word} is missing in\n{text}");
        }
    }

    #[test]
    fn each_api_is_named_with_its_address() {
        let mut banner = banner("localclient000000000000000", "PASSWORD");
        let apis = [("EnrolmentApi".to_owned(), "http://127.0.0.1:9230".to_owned())];
        banner.http_apis = &apis;
        let text = banner.text(Style::new());
        assert!(
            text.contains("API          http://127.0.0.1:9230 (EnrolmentApi)\n"),
            "{text}"
        );
    }

    #[test]
    fn a_password_that_may_be_another_by_now_is_not_promised() {
        let mut banner = banner("localclient000000000000000", "PASSWORD");
        assert!(!banner.text(Style::new()).contains("changed since"));
        banner.demo_user.as_mut().unwrap().is_changed = true;
        assert!(
            banner
                .text(Style::new())
                .contains("Passw0rd!demo (changed since, perhaps)")
        );
    }

    #[test]
    fn a_flow_of_a_password_alone_has_no_lines_to_paste() {
        let text = banner("localclient000000000000000", "PASSWORD").text(Style::new());
        assert!(!text.contains("aws cognito-idp"), "{text}");
    }
}
