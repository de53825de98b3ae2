//! Events and responses of functions without their secrets.
//!
//! The visible fields are listed, and all others are hidden: a function that puts its secret under a misspelled key
//! must not have it printed.

use serde_json::{Map, Value};

const HIDDEN: &str = "***";

/// Fields with public text. `*` matches any one name or index.
const VISIBLE: [&[&str]; 17] = [
    &["version"],
    &["region"],
    &["userPoolId"],
    &["userName"],
    &["triggerSource"],
    &["callerContext", "awsSdkVersion"],
    &["callerContext", "clientId"],
    &["request", "session", "*", "challengeName"],
    &["request", "session", "*", "challengeMetadata"],
    &["request", "challengeName"],
    &["request", "clientMetadata", "captcha"],
    &["request", "clientMetadata", "locale"],
    &["response", "challengeName"],
    &["response", "challengeMetadata"],
    &["response", "publicChallengeParameters", "*"],
    &["errorType"],
    &["errorMessage"],
];

/// Returns `json` on one line, with the names of all fields and the values of those without secrets.
pub(crate) fn masked(json: &[u8]) -> String {
    match serde_json::from_slice::<Value>(json) {
        Ok(value) => walk(&mut Vec::new(), &value).to_string(),
        Err(_) => format!("({} bytes that are not JSON)", json.len()),
    }
}

fn walk<'a>(path: &mut Vec<&'a str>, value: &'a Value) -> Value {
    match value {
        Value::Null => Value::Null,
        // A boolean is secret only among private challenge parameters.
        Value::Bool(_) if path.contains(&"privateChallengeParameters") => Value::String(HIDDEN.to_owned()),
        Value::Bool(yes) => Value::Bool(*yes),
        Value::Number(_) => Value::String(HIDDEN.to_owned()),
        Value::String(text) => Value::String(shown(path, text)),
        Value::Array(items) => Value::Array(items.iter().map(|item| below(path, "*", item)).collect()),
        Value::Object(fields) => {
            let fields: Map<_, _> = fields
                .iter()
                .map(|(name, value)| (name.clone(), below(path, name, value)))
                .collect();
            Value::Object(fields)
        }
    }
}

fn below<'a>(path: &mut Vec<&'a str>, name: &'a str, value: &'a Value) -> Value {
    path.push(name);
    let value = walk(path, value);
    path.pop();
    value
}

fn shown(path: &[&str], text: &str) -> String {
    let visible = VISIBLE.iter().any(|pattern| {
        pattern.len() == path.len()
            && pattern
                .iter()
                .zip(path)
                .all(|(wanted, name)| *wanted == "*" || wanted == name)
    });
    match path.last() {
        _ if !visible => HIDDEN.to_owned(),
        // Other functions store one-time codes here. The metadata of this project and of AWS's samples are names.
        Some(&"challengeMetadata") if !is_name(text) => HIDDEN.to_owned(),
        _ if text.starts_with("data:") => format!("data:{HIDDEN}"),
        // A presigned address works for everyone that has the signature.
        _ if text.starts_with("http://") || text.starts_with("https://") => match text.split_once('?') {
            Some((address, _)) => format!("{address}?{HIDDEN}"),
            None => text.to_owned(),
        },
        _ if is_token(text) => HIDDEN.to_owned(),
        _ => text.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|letter| letter.is_ascii_uppercase() || letter == b'_')
}

/// Whether this looks like a JWT.
fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.len() > 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_any_event_or_answer_is_shown() {
        let json = serde_json::json!({
            "version": "1", "userName": "demo", "unknown": "MARKER", "callerContext": { "clientId": "c", "more": "MARKER" },
            "request": {
                "userAttributes": { "email": "MARKER", "custom:security_questions": "MARKER", "custom:nested": { "a": "MARKER" } },
                "privateChallengeParameters": { "answer": "MARKER", "list": ["MARKER"], "number": 424_242, "flag": true },
                "challengeAnswer": "MARKER",
                "clientMetadata": { "locale": "es", "device": "MARKER" },
                "session": [
                    { "challengeName": "CUSTOM_CHALLENGE", "challengeResult": false, "challengeMetadata": "CODE-424242" },
                    { "challengeName": "CUSTOM_CHALLENGE", "challengeResult": true, "challengeMetadata": "CAPTCHA" }
                ],
                "password": "MARKER"
            },
            "response": {
                "privateChallengeParameters": "MARKER",
                "privateChalengeParameters": { "answer": "MARKER" },
                "publicChallengeParameters": {
                    "captchaUrl": "http://127.0.0.1:1/bucket/key?X-Amz-Signature=MARKER",
                    "captchaAudioUrl": "data:audio/wav;base64,MARKER",
                    "token": "eyJhbGciOiJSUzI1NiJ9.MARKER",
                    "securityQuestion": "Which street?"
                },
                "answerCorrect": "MARKER"
            }
        });
        let shown = masked(json.to_string().as_bytes());
        assert!(!shown.contains("MARKER") && !shown.contains("424242"), "{shown}");
        for kept in [
            "\"email\"",
            "\"custom:security_questions\"",
            "\"answer\"",
            "\"userName\":\"demo\"",
            "\"locale\":\"es\"",
            "\"CAPTCHA\"",
            "http://127.0.0.1:1/bucket/key?***",
            "Which street?",
        ] {
            assert!(shown.contains(kept), "{kept} is missing in {shown}");
        }
        let private = &shown[shown.find("privateChallengeParameters").unwrap()..];
        assert!(!private[..private.find('}').unwrap()].contains("true"), "{private}");
    }

    #[test]
    fn what_is_not_json_is_not_shown() {
        assert_eq!(masked(b"MARKER"), "(6 bytes that are not JSON)");
    }
}
