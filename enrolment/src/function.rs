//! The function without I/O at its edges: events, time and random generator are values.

use std::time::SystemTime;

use cognito_challenge::attempts::{ID, links_key};
use cognito_challenge::challenges::security_question::{Enrollment, Link, LinkError};
use cognito_challenge::keys::Keys;
use cognito_challenge::page::Page;
use cognito_challenge::telemetry::Telemetry;
use cognito_challenge::texts::Texts;
use cognito_challenge_aws::table::{Table, Unreachable};
use cognito_challenge_messages::TELEMETRY;
use cognito_challenge_runtime::{ConfigError, Environment, pseudonym};
use rand::CryptoRng;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::{error, info, warn};

use crate::answers::{self, Answers};
use crate::caller::Caller;
use crate::mails::{About, Mails};
use crate::marks::{self, Marks};
use crate::problem::Problem;
use crate::request::{Request, reply};
use crate::users::{Pool, PoolError, User, Users};

/// The language of texts if neither the client nor the user names a known language.
const DEFAULT_LOCALE: &str = "en";

/// The longest username of a pool, in characters.
const MAX_NAME_CHARS: usize = 128;

/// The route that mails a link. It needs no token.
const LINKS: &str = "POST /enrolment/links";

/// The configuration of the function.
pub struct Function {
    users: Box<dyn Users>,
    marks: Box<dyn Marks>,
    keys: Keys,
    pool: String,
    /// The app clients whose tokens may change answers.
    clients: Vec<String>,
    texts: Texts,
    default_locale: String,
    mails: Option<Mails>,
    /// The page on which users sign in, and that links open.
    page: Option<Page>,
}

/// The event is not a request to an HTTP API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event is not a request to an HTTP API with payload format 2.0: connect the function as template.yaml does"
)]
pub struct EventError;

/// The result of a request.
type Done = Result<Value, Problem>;

impl Function {
    /// Reads `CHALLENGE_SECRET`, `USER_POOL_ID`, `ENROLMENT_CLIENTS`, `ATTEMPTS_TABLE`, `DEFAULT_LOCALE` (default
    /// `en`), `ENROLMENT_URL`, the variables of the AWS SDK, and for mails `MAIL_FROM`, `ENROLMENT_NOTICES` (default
    /// `Enabled`), `MAIL_TEMPLATE`, `MESSAGES_PER_HOUR` (default 5) and `PRODUCT_NAME`.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is missing or invalid.
    pub fn configure(environment: &Environment) -> Result<Self, ConfigError> {
        let text = |value: &str| Ok::<_, ConfigError>(value.to_owned());
        let keys = environment.required("CHALLENGE_SECRET", Keys::parse)?;
        let pool = environment.required("USER_POOL_ID", text)?;
        let clients = environment.required("ENROLMENT_CLIENTS", clients)?;
        let table = environment.required("ATTEMPTS_TABLE", text)?;
        let mut texts = Texts::standard();
        Mails::add_texts(&mut texts)?;
        let default_locale = environment.optional("DEFAULT_LOCALE", |tag| texts.find(tag))?;
        Ok(Self {
            users: Box::new(Pool::configure(&pool, environment)?),
            marks: Box::new(Table::configure(&table, ID, environment)?),
            keys,
            pool,
            clients,
            default_locale: default_locale.unwrap_or_else(|| DEFAULT_LOCALE.to_owned()),
            texts,
            mails: Mails::configure(environment)?,
            page: environment.optional("ENROLMENT_URL", Page::parse)?,
        })
    }

    /// Returns the log fields and metrics of the function.
    pub fn telemetry(&self) -> Vec<&'static Telemetry> {
        vec![&TELEMETRY]
    }

    /// Whether `event` asks for a link. The reply must take the same time for every username.
    pub fn asks_for_a_link(event: &Value) -> bool {
        event.get("routeKey").and_then(Value::as_str) == Some(LINKS)
    }

    /// Answers a request to the HTTP API at `now`.
    ///
    /// # Errors
    ///
    /// Returns an error if `event` is not a request to an HTTP API.
    pub async fn handle(
        &self,
        event: Value,
        now: SystemTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Value, EventError> {
        let request = Request::read(event).ok_or(EventError)?;
        let done = match request.route() {
            "GET /enrolment" => self.list(&request).await,
            "PUT /enrolment" => self.set(&request, now, rng).await,
            "DELETE /enrolment" => self.remove(&request, now, rng).await,
            LINKS => self.send_link(&request, now, rng).await,
            "GET /enrolment/link" => self.list_by_link(&request, now).await,
            "PUT /enrolment/link" => self.set_by_link(&request, now, rng).await,
            _ => Err(Problem::no_route()),
        };
        Ok(done.unwrap_or_else(|problem| {
            warn!(
                EnrolmentsRefused = 1,
                decision = "refuse",
                reason = problem.name,
                "the request was rejected"
            );
            reply(problem.status, Some(&problem.to_json()))
        }))
    }

    /// Lists the questions, and whether they are set.
    async fn list(&self, request: &Request) -> Done {
        let user = self.user_of(&self.caller(request)?).await?;
        info!(decision = "list", "listed the questions");
        Ok(reply(
            200,
            Some(&self.questions(&user.enrollment(), Some(&user), request)),
        ))
    }

    /// Sets the answers, in place of any existing ones.
    async fn set(&self, request: &Request, now: SystemTime, rng: &mut (dyn CryptoRng + Send)) -> Done {
        let caller = self.caller(request)?;
        caller.is_fresh(now, self.sign_in())?;
        let answers: Answers = request.body()?;
        let user = self.user_of(&caller).await?;
        let enrolled = self.checked(&answers, &user, caller.username, rng)?;
        let marked = marks::void(self.marks.as_ref(), &self.key(&user), now, rng).await;
        self.write(&user, &enrolled.to_attribute(), marked.map_err(not_reached)?, rng)
            .await?;
        info!(AnswersSet = 1, decision = "set", "answers were set");
        self.notify(&user, request, now, rng).await;
        Ok(reply(200, Some(&self.questions(&enrolled, Some(&user), request))))
    }

    /// Removes the answers. If none are set, it changes nothing.
    async fn remove(&self, request: &Request, now: SystemTime, rng: &mut (dyn CryptoRng + Send)) -> Done {
        let caller = self.caller(request)?;
        caller.is_fresh(now, self.sign_in())?;
        let user = self.user_of(&caller).await?;
        if user.enrollment().is_empty() {
            info!(decision = "remove", "no answers were set");
            return Ok(reply(204, None));
        }
        let marked = marks::void(self.marks.as_ref(), &self.key(&user), now, rng).await;
        self.write(&user, "", marked.map_err(not_reached)?, rng).await?;
        info!(AnswersRemoved = 1, decision = "remove", "answers were removed");
        self.notify(&user, request, now, rng).await;
        Ok(reply(204, None))
    }

    /// Mails a link that sets answers, if the user may have one. The reply is always the same.
    async fn send_link(&self, request: &Request, now: SystemTime, rng: &mut (dyn CryptoRng + Send)) -> Done {
        let Some((mails, page)) = self.mails.as_ref().zip(self.page.as_ref()) else {
            return Err(Problem::new(
                "links-not-mailed",
                404,
                "Links are not mailed here",
                "ask your administrator for a link",
            ));
        };
        let Username { username, locale } = request.body()?;
        let name = username.trim();
        if name.is_empty() || name.chars().nth(MAX_NAME_CHARS).is_some() || name.contains(char::is_control) {
            return Err(Problem::new(
                "username-invalid",
                400,
                "This is not a username",
                "send a username of 1 to 128 characters without control characters",
            ));
        }
        let user = self.users.find(name).await.map_err(not_reached)?;
        let chosen = locale.as_deref().into_iter();
        let languages: Vec<_> = chosen.chain(self.languages(user.as_ref(), request)).collect();
        let about = self.about(&languages, now);
        let identity = user
            .as_ref()
            .map_or_else(|| name.to_lowercase(), |user| user.sub().to_owned());
        let sent = mails.send_link(user.as_ref(), name, &about, page, rng).await;
        if let Err(error) = sent {
            // An alarm watches the metric of this error. In the reply, it would reveal whether a link was mailed.
            error!("no link was mailed: {error}");
        }
        info!(
            LinksRequested = 1,
            decision = "link",
            user = pseudonym(&self.keys, &identity),
            "a link was asked for"
        );
        let body =
            json!({"detail": "If the user has no answers yet and a verified e-mail address, a link was mailed to it."});
        Ok(reply(202, Some(&body)))
    }

    /// Lists the questions for a user without answers.
    async fn list_by_link(&self, request: &Request, now: SystemTime) -> Done {
        let (link, user) = self.user_of_link(request, now).await?;
        let void = marks::is_void(self.marks.as_ref(), &self.key(&user), link.issued()).await;
        if void.map_err(not_reached)? {
            return Err(self.link_used());
        }
        info!(decision = "list", "listed the questions");
        Ok(reply(
            200,
            Some(&self.questions(&user.enrollment(), Some(&user), request)),
        ))
    }

    /// Sets the first answers of a user. The link can be used once.
    async fn set_by_link(&self, request: &Request, now: SystemTime, rng: &mut (dyn CryptoRng + Send)) -> Done {
        let (link, user) = self.user_of_link(request, now).await?;
        let answers: Answers = request.body()?;
        let enrolled = self.checked(&answers, &user, link.username(), rng)?;
        let spent = marks::spend(self.marks.as_ref(), &self.key(&user), link.issued(), now, rng).await;
        let marked = spent.map_err(not_reached)?.ok_or_else(|| self.link_used())?;
        self.write(&user, &enrolled.to_attribute(), marked, rng).await?;
        info!(AnswersSet = 1, decision = "set", "answers were set with a link");
        self.notify(&user, request, now, rng).await;
        Ok(reply(200, Some(&self.questions(&enrolled, Some(&user), request))))
    }

    fn caller<'r>(&self, request: &'r Request) -> Result<Caller<'r>, Problem> {
        Caller::of(request.claims(), &self.pool, &self.clients)
    }

    /// Returns the user of a token, if the `sub` is still the same.
    async fn user_of(&self, caller: &Caller<'_>) -> Result<User, Problem> {
        let user = self.users.find(caller.username).await.map_err(not_reached)?;
        let user = user.filter(|user| user.enabled && user.sub() == caller.sub);
        user.ok_or_else(Problem::user_gone)
    }

    /// Returns the link, if it is valid, and its user, if the user has no answers. It does not check whether the link
    /// was used.
    async fn user_of_link(&self, request: &Request, now: SystemTime) -> Result<(Link, User), Problem> {
        let token = request.link().unwrap_or_default();
        let link = Link::parse(token, &self.keys, &self.pool, now).map_err(|error| match error {
            LinkError::Expired => Problem::new(
                "link-expired",
                403,
                "The link cannot be used",
                "the link has expired: ask for another one",
            ),
            _ => Problem::new(
                "link-invalid",
                403,
                "The link cannot be used",
                "the link is incomplete or is not one of this service: open it as it was sent",
            ),
        })?;
        let user = self.users.find(link.username()).await.map_err(not_reached)?;
        let user = user.filter(|user| user.enabled && user.sub() == link.sub());
        let user = user.ok_or_else(Problem::user_gone)?;
        info!(user = pseudonym(&self.keys, user.sub()), "with a link");
        if !user.enrollment().is_empty() {
            return Err(self.link_used());
        }
        Ok((link, user))
    }

    fn link_used(&self) -> Problem {
        let problem = Problem::new(
            "link-used",
            403,
            "The link cannot be used",
            "the link was used, or answers were set in another way: sign in with them, or ask your administrator",
        );
        match self.sign_in() {
            Some(page) => problem.with("signIn", page),
            None => problem,
        }
    }

    /// Hashes the answers if they may be enrolled. `typed` is another name by which the user is known.
    fn checked(
        &self,
        answers: &Answers,
        user: &User,
        typed: &str,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Enrollment, Problem> {
        let answers = answers.known()?;
        let known: Vec<_> = user.known().into_iter().chain([typed]).collect();
        let salt = || {
            let mut salt = [0; 16];
            rng.fill_bytes(&mut salt);
            salt
        };
        Ok(Enrollment::checked(&answers, &known, &self.keys, salt)?)
    }

    /// Writes the attribute. If that fails, it restores the mark, because nothing was changed.
    async fn write(
        &self,
        user: &User,
        enrollment: &str,
        marked: marks::Marked,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), Problem> {
        let written = self.users.set(&user.name, enrollment).await;
        if written.is_err() {
            marks::restore(self.marks.as_ref(), &self.key(user), marked, rng).await;
        }
        written.map_err(not_reached)
    }

    /// Notifies the user. The change is kept even if the mail fails.
    async fn notify(&self, user: &User, request: &Request, now: SystemTime, rng: &mut (dyn CryptoRng + Send)) {
        let Some(mails) = self.mails.as_ref().filter(|mails| mails.notifies()) else {
            return;
        };
        let languages: Vec<_> = user
            .locale()
            .into_iter()
            .chain(self.languages(Some(user), request))
            .collect();
        if let Err(error) = mails.notify(user, &self.about(&languages, now), rng).await {
            error!("the user was not notified of the change: {error}");
        }
    }

    fn questions(&self, enrolled: &Enrollment, user: Option<&User>, request: &Request) -> Value {
        let languages: Vec<_> = self.languages(user, request).collect();
        answers::questions(enrolled, &self.texts, &languages)
    }

    /// Returns the languages of texts: those of the request, the user's, then the default.
    fn languages<'a>(&'a self, user: Option<&'a User>, request: &'a Request) -> impl Iterator<Item = &'a str> {
        let users = user.and_then(User::locale).into_iter();
        request.languages().chain(users).chain([self.default_locale.as_str()])
    }

    fn about<'a>(&'a self, languages: &'a [&'a str], now: SystemTime) -> About<'a> {
        About {
            pool: &self.pool,
            keys: &self.keys,
            texts: &self.texts,
            languages,
            now,
        }
    }

    fn key(&self, user: &User) -> String {
        links_key(&self.keys, &self.pool, user.sub())
    }

    fn sign_in(&self) -> Option<&str> {
        self.page.as_ref().map(Page::as_str)
    }
}

/// The body of a request for a link.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Username {
    username: String,
    locale: Option<String>,
}

/// Logs what the operator must fix. The client is told to try again.
fn not_reached(error: impl Into<NotReached>) -> Problem {
    error!("{}", error.into());
    Problem::unavailable()
}

/// A service that failed.
#[derive(Debug, thiserror::Error)]
enum NotReached {
    #[error("the user pool: {0}")]
    Pool(#[from] PoolError),
    #[error("the table: {0}")]
    Table(#[from] Unreachable),
}

fn clients(list: &str) -> Result<Vec<String>, &'static str> {
    let clients: Vec<_> = list.split(',').map(|client| client.trim().to_owned()).collect();
    let valid =
        |client: &String| !client.is_empty() && client.chars().all(|c| c.is_ascii_alphanumeric() || "_+-".contains(c));
    if clients.iter().all(valid) {
        Ok(clients)
    } else {
        Err("write ids of app clients, separated by commas")
    }
}

#[cfg(test)]
mod tests;
