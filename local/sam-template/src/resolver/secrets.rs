//! Dynamic references: `{{resolve:secretsmanager:…}}`.

use serde_json::{Map, Value};

use super::Resolver;
use crate::error::{At, Problem, TemplateError};
use crate::resource::SECRET;

const OPEN: &str = "{{resolve:";

impl Resolver<'_> {
    /// Replaces references to the template's secrets by the development secret, and references to other secrets by the
    /// given values.
    pub(crate) fn with_secrets(&self, value: Value, at: &At) -> Result<Value, TemplateError> {
        match value {
            Value::String(text) if text.contains(OPEN) => self.text_with_secrets(&text, at).map(Value::String),
            Value::Array(items) => {
                let items: Result<Vec<Value>, _> = items.into_iter().map(|item| self.with_secrets(item, at)).collect();
                items.map(Value::Array)
            }
            Value::Object(map) => {
                let entries = map
                    .into_iter()
                    .map(|(key, value)| Ok((key, self.with_secrets(value, at)?)));
                entries.collect::<Result<_, _>>().map(Value::Object)
            }
            other => Ok(other),
        }
    }

    fn text_with_secrets(&self, text: &str, at: &At) -> Result<String, TemplateError> {
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, reference)) = rest.split_once(OPEN) {
            let Some((reference, after)) = reference.split_once("}}") else {
                return Err(at.error(Problem::Expected("`}}` after `{{resolve:…`".to_owned())));
            };
            whole.push_str(before);
            if let Some(content) = self.given_secret(reference, at)? {
                whole.push_str(&content);
            } else {
                self.check_secret(reference, at)?;
                whole.push_str(&self.deployment.secret);
            }
            rest = after;
        }
        whole.push_str(rest);
        Ok(whole)
    }

    /// Returns the value of `reference` if its secret was given on the command line: the whole secret, or the value of
    /// a key of its JSON.
    fn given_secret(&self, reference: &str, at: &At) -> Result<Option<String>, TemplateError> {
        let Some(reference) = reference.strip_prefix("secretsmanager:") else {
            return Ok(None);
        };
        let given = self.deployment.secrets.iter().find_map(|(name, content)| {
            let rest = reference.strip_prefix(name.as_str())?;
            (rest.is_empty() || rest.starts_with(':')).then_some((content, rest))
        });
        let Some((content, rest)) = given else {
            return Ok(None);
        };
        let key = rest.split(':').nth(2).unwrap_or_default();
        if key.is_empty() {
            return Ok(Some(content.clone()));
        }
        let keys: Option<Map<String, Value>> = serde_json::from_str(content).ok();
        let keys = keys.ok_or_else(|| {
            at.error(Problem::Expected(format!(
                "a secret of JSON with the key `{key}`: give it as in `--secret 'NAME={{\"{key}\":\"…\"}}'`"
            )))
        })?;
        if let Some(Value::String(value)) = keys.get(key) {
            return Ok(Some(value.clone()));
        }
        let known = keys.keys().map(String::as_str);
        Err(at.error(Problem::unknown("key of the secret", key, known)))
    }

    /// Checks that `reference` refers to one of the template's own secrets: to the whole secret, or to its generated
    /// key.
    fn check_secret(&self, reference: &str, at: &At) -> Result<(), TemplateError> {
        let Some(reference) = reference.strip_prefix("secretsmanager:") else {
            let service = reference.split(':').next().unwrap_or_default();
            let name = format!("{{{{resolve:{service}:…}}}}");
            return Err(at.error(Problem::NotSupported(name, "{{resolve:secretsmanager:…}}")));
        };
        let mut names = Vec::new();
        for secret in self.created(SECRET)? {
            let arn = self.resource_reference(secret.id, at)?;
            let rest = reference.strip_prefix(arn.as_str());
            let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with(':')) else {
                names.push(format!("${{{}}}", secret.id));
                continue;
            };
            let key = rest.split(':').nth(2).unwrap_or_default();
            let made = secret.properties().and_then(|(properties, _)| {
                properties
                    .get("GenerateSecretString")?
                    .value
                    .get("GenerateStringKey")?
                    .value
                    .text()
            });
            return match (key, made) {
                ("", None) => Ok(()),
                (key, Some(made)) if key == made => Ok(()),
                (key, Some(made)) => Err(at.error(Problem::unknown("key of the secret", key, [made]))),
                (key, None) => Err(at.error(Problem::Unknown {
                    what: "key of the secret",
                    name: key.to_owned(),
                    hint: "the secret is one text, without keys".to_owned(),
                })),
            };
        }
        let known = names.iter().map(String::as_str);
        Err(at.error(Problem::unknown("secret", reference, known)))
    }
}
