//! One round of a sign-in: performs the decision of the state machine and answers the client.

mod devices;
mod first_factor;
mod mfa;
mod new_password;
mod tokens;

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use crate::State;
use crate::challenges::{CUSTOM_CHALLENGE, PASSWORD_VERIFIER, Round, SRP_A};
use crate::error::Error;
use crate::pools::Pool;
use crate::sign_in::decide::mfa::Shown;
use crate::sign_in::decide::{self, AfterPassword, Next};
use crate::sign_in::lockout::{Guess, Guessed, Lockouts};
use crate::sign_in::pending::{Asked, Pending, SignIn, Waiting};
use crate::sign_in::sessions::{Form, Sessions, Ticket};
use crate::srp::{Exchange, Identity, Proof, PublicNumber, Verifier};
use crate::triggers::response::custom_challenge::Created;
use crate::triggers::{Context, Invoker};
pub(crate) use mfa::{AskFactor, MOST_WRONG, wrong_set_up_code};
pub(crate) use new_password::PREFIX;
pub(crate) use tokens::authentication_result;

impl State {
    /// Returns the sessions. The lock is held only for look-ups and changes.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions<Waiting>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the define function for the next step and performs it.
    pub(crate) async fn go_on(&self, sign_in: SignIn, asked: Asked<'_>) -> Result<Value, Error> {
        let invoker = self.invoker(&sign_in, asked.client_metadata);
        let defined = invoker.define().await?;
        match decide::after_define(&defined, &sign_in.history, sign_in.subject.user().is_some()) {
            Next::AskCustom => {
                if matches!(sign_in.history.as_slice(), [Round { challenge: SRP_A, .. }]) {
                    self.journal.warn(
                        "the define function asks CUSTOM_CHALLENGE right after SRP_A: Cognito allows it, and the \
                         password is never checked",
                    );
                }
                let created = invoker.create().await?;
                decide::after_create(&created)?;
                self.ask_custom(sign_in, created, asked.first)
            }
            Next::AskPassword => {
                let client = asked.public_number.ok_or_else(|| Error::missing("SRP_A"))?;
                self.ask_password(sign_in, client, true)
            }
            Next::IssueTokens(granted) => match decide::before_tokens(granted, sign_in.device.as_deref()) {
                AfterPassword::IssueTokens(granted) => {
                    self.issue_tokens(&sign_in, granted, asked.client_metadata).await
                }
                _ => self.ask_device(sign_in),
            },
            Next::Refuse(error) => Err(error),
        }
    }

    fn ask_custom(&self, sign_in: SignIn, created: Created, first: bool) -> Result<Value, Error> {
        let Created {
            public,
            private,
            metadata,
        } = created;
        let mut parameters: Map<String, Value> = public.into_iter().map(|(key, value)| (key, value.into())).collect();
        if first {
            parameters.insert("USERNAME".to_owned(), sign_in.subject.name().into());
        }
        let ticket = self.remember(sign_in, Pending::Custom { private, metadata })?;
        let session = self.sessions().write(ticket, Form::Session);
        Ok(json!({"ChallengeName": CUSTOM_CHALLENGE, "ChallengeParameters": parameters, "Session": session}))
    }

    /// Asks for the proof of the password. A sign-in without custom challenges has no `Session`: the client returns the
    /// secret block.
    pub(crate) fn ask_password(&self, sign_in: SignIn, client: &PublicNumber, custom: bool) -> Result<Value, Error> {
        let verifier = self.verifier(&sign_in);
        let exchange = Box::new(Exchange::new(client, verifier, self.random.bytes()?));
        let mut parameters = json!({
            "SALT": exchange.salt(),
            "SRP_B": exchange.srp_b(),
            "USERNAME": sign_in.subject.name(),
            "USER_ID_FOR_SRP": sign_in.subject.name(),
        });
        let ticket = self.remember(sign_in, Pending::Password { exchange, custom })?;
        let sessions = self.sessions();
        if let Some(parameters) = parameters.as_object_mut() {
            parameters.insert(
                "SECRET_BLOCK".to_owned(),
                sessions.write(ticket, Form::SecretBlock).into(),
            );
        }
        let mut reply = json!({"ChallengeName": PASSWORD_VERIFIER, "ChallengeParameters": parameters});
        if custom && let Some(reply) = reply.as_object_mut() {
            reply.insert("Session".to_owned(), sessions.write(ticket, Form::Session).into());
        }
        Ok(reply)
    }

    /// Continues with the answer to a custom challenge. A wrong answer is not an error: the define function decides.
    pub(crate) async fn answer_custom(
        &self,
        mut sign_in: SignIn,
        private: BTreeMap<String, String>,
        metadata: Option<String>,
        answer: &str,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        let result = self.invoker(&sign_in, client_metadata).verify(&private, answer).await?;
        sign_in.history.push(Round {
            challenge: CUSTOM_CHALLENGE,
            result,
            metadata,
        });
        self.go_on(
            sign_in,
            Asked {
                public_number: None,
                first: false,
                client_metadata,
            },
        )
        .await
    }

    /// Continues with the proof of the password.
    pub(crate) async fn answer_password(
        &self,
        mut sign_in: SignIn,
        exchange: &Exchange,
        custom: bool,
        proof: Proof<'_>,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        let correct = self.guard(&sign_in.pool, sign_in.subject.name(), || {
            exchange.accepts(identity(&sign_in), proof)
        })?;
        let next = decide::after_password(correct, sign_in.subject.user(), sign_in.stage(custom));
        if correct && custom {
            sign_in.history.push(Round {
                challenge: PASSWORD_VERIFIER,
                result: true,
                metadata: None,
            });
        }
        self.after_password(sign_in, next, custom, client_metadata).await
    }

    /// Continues after a password. `custom` says whether the functions control this sign-in.
    async fn after_password(
        &self,
        sign_in: SignIn,
        next: AfterPassword,
        custom: bool,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        match next {
            AfterPassword::Define => {
                let asked = Asked {
                    public_number: None,
                    first: false,
                    client_metadata,
                };
                self.go_on(sign_in, asked).await
            }
            AfterPassword::Device => self.ask_device(sign_in),
            AfterPassword::IssueTokens(granted) => self.issue_tokens(&sign_in, granted, client_metadata).await,
            AfterPassword::NewPassword => self.ask_new_password(sign_in, custom),
            AfterPassword::Refuse(error) => Err(error),
            AfterPassword::SecondFactor(owed) => self.ask_second_factor(sign_in, &owed, custom, client_metadata).await,
        }
    }

    /// Checks a password, unless there were too many wrong ones.
    pub(crate) fn guard(&self, pool: &Pool, user: &str, check: impl FnOnce() -> bool) -> Result<bool, Error> {
        self.guard_guess(Guessed::new(Guess::Password, pool, user), check, |correct| *correct)
    }

    /// Checks a code of a second factor, unless there were too many wrong ones in all sign-ins of the user.
    pub(crate) fn guard_code(
        &self,
        sign_in: &SignIn,
        check: impl FnOnce() -> Result<Shown, Error>,
    ) -> Result<Shown, Error> {
        let target = Guessed::new(Guess::Code, &sign_in.pool, sign_in.subject.name());
        self.guard_guess(target, check, Result::is_ok)?
    }

    fn guard_guess<T>(
        &self,
        target: Guessed,
        check: impl FnOnce() -> T,
        is_correct: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error> {
        let _turn = self.turns.wait(&target);
        self.lockouts().check(&target, self.clock.now())?;
        let checked = check();
        self.lockouts().record(target, is_correct(&checked), self.clock.now());
        Ok(checked)
    }

    pub(crate) fn lockouts(&self) -> MutexGuard<'_, Lockouts> {
        self.lockouts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a sign-in with the password itself. It takes as long for a nonexistent user as for an existing one.
    pub(crate) async fn check_password(
        &self,
        sign_in: SignIn,
        password: &str,
        client_metadata: &BTreeMap<String, String>,
    ) -> Result<Value, Error> {
        let correct = self.guard(&sign_in.pool, sign_in.subject.name(), || {
            self.verifier(&sign_in).matches(identity(&sign_in), password)
        })?;
        let next = decide::after_password(correct, sign_in.subject.user(), sign_in.stage(false));
        self.after_password(sign_in, next, false, client_metadata).await
    }

    fn remember(&self, sign_in: SignIn, pending: Pending) -> Result<Ticket, Error> {
        let now = self.clock.now();
        let ticket = Sessions::<Waiting>::ticket(&self.random, sign_in.client.session_validity, now)?;
        self.sessions().insert(ticket, Waiting { sign_in, pending }, now);
        Ok(ticket)
    }

    fn verifier(&self, sign_in: &SignIn) -> Verifier {
        let decoy = || self.decoys.verifier(&sign_in.pool, &sign_in.login);
        sign_in
            .subject
            .user()
            .and_then(|user| user.password.clone())
            .unwrap_or_else(decoy)
    }

    fn invoker<'a>(&'a self, sign_in: &'a SignIn, client_metadata: &'a BTreeMap<String, String>) -> Invoker<'a> {
        self.invoker_of(self.context_in(sign_in, client_metadata))
    }

    /// Returns the part of an event about the sign-in.
    fn context_in<'a>(&'a self, sign_in: &'a SignIn, client_metadata: &'a BTreeMap<String, String>) -> Context<'a> {
        let SignIn {
            id,
            pool,
            client,
            subject,
            history,
            ..
        } = sign_in;
        Context {
            sign_in: Some(*id),
            region: &self.settings.region,
            pool,
            client: &client.id,
            user_name: subject.name(),
            user: subject.user(),
            says_user_not_found: client.hides_users,
            session: history,
            client_metadata,
        }
    }
}

fn identity(sign_in: &SignIn) -> Identity<'_> {
    Identity {
        pool: &sign_in.pool.id,
        user: sign_in.subject.name(),
    }
}
