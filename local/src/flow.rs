//! The flow of this repository's functions: its place in a template, and the changes that `local` makes to it.

use sam_template::{Function, Template};

/// The variable with the steps of a sign-in.
const FLOW: &str = "AUTH_FLOW";

/// The variable with the address of the page for links in mails.
const LINK: &str = "MAGIC_LINK_URL";

/// The variable with the address of the page for links to enroll answers.
const ENROLMENT: &str = "ENROLMENT_URL";

/// The variable with the sender address of mails.
const SENDER: &str = "MAIL_FROM";

/// The step that the AWS CLI cannot perform.
const PASSWORD: &str = "PASSWORD";

/// The suffix of functions that run the flow without a password.
const TWIN: &str = "NoPassword";

/// A flow of the command line that no function uses.
#[derive(Debug, thiserror::Error)]
#[error("`--flow` has nothing to set: no function of the template has `AUTH_FLOW` in its environment")]
pub(crate) struct UnusedFlow;

/// Sets the flow of every function that has one.
pub(crate) fn set(template: &mut Template, flow: &str) -> Result<(), UnusedFlow> {
    let mut flows: Vec<_> = template
        .functions
        .iter_mut()
        .filter_map(|function| function.environment.get_mut(FLOW))
        .collect();
    if flows.is_empty() {
        return Err(UnusedFlow);
    }
    for value in &mut flows {
        flow.clone_into(value);
    }
    Ok(())
}

/// Sets the page of `local` as the target of links in mails, unless the template defines one.
pub(crate) fn set_link(template: &mut Template, page: &str) {
    for function in &mut template.functions {
        for name in [LINK, ENROLMENT] {
            if let Some(link) = function.environment.get_mut(name).filter(|link| link.is_empty()) {
                page.clone_into(link);
            }
        }
    }
}

/// Returns the sender addresses of the template's functions.
pub(crate) fn senders(template: &Template) -> impl Iterator<Item = &str> {
    let functions = template.functions.iter();
    let senders = functions.filter_map(|function| function.environment.get(SENDER));
    senders.map(String::as_str).filter(|sender| !sender.is_empty())
}

/// Returns the flow of the template's functions.
pub(crate) fn of(template: &Template) -> Option<&str> {
    template
        .functions
        .iter()
        .find_map(|function| function.environment.get(FLOW))
        .map(String::as_str)
}

/// Returns the variable `name` of the first function that has it.
pub(crate) fn variable<'a>(template: &'a Template, name: &str) -> Option<&'a str> {
    let mut functions = template.functions.iter();
    functions
        .find_map(|function| function.environment.get(name))
        .map(String::as_str)
}

/// Returns `flow` without its password, if it has a password and other steps.
pub(crate) fn without_password(flow: &str) -> Option<&str> {
    let (first, rest) = flow.split_once(',')?;
    (first.trim() == PASSWORD).then_some(rest)
}

/// Whether the function called `logical_id` has a flow that starts with a password.
pub(crate) fn has_twin(template: &Template, logical_id: &str) -> bool {
    let mut functions = template
        .functions
        .iter()
        .filter(|function| function.logical_id == logical_id);
    functions.any(|function| {
        function
            .environment
            .get(FLOW)
            .is_some_and(|flow| without_password(flow).is_some())
    })
}

/// Returns the name of the function like `logical_id` that runs the flow without a password.
pub(crate) fn twin(logical_id: &str) -> String {
    format!("{logical_id}{TWIN}")
}

/// Returns a copy of `function` that runs the flow without a password, or `None` if its flow does not start with one.
pub(crate) fn twin_of(function: &Function) -> Option<Function> {
    let rest = without_password(function.environment.get(FLOW)?)?.to_owned();
    let mut second = function.clone();
    second.logical_id = twin(&function.logical_id);
    second.environment.insert(FLOW.to_owned(), rest);
    Some(second)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::time::Duration;

    use sam_template::Code;

    use super::*;

    fn template() -> Template {
        let function = |id: &str| Function {
            logical_id: id.into(),
            binary: id.to_lowercase(),
            folder: PathBuf::new(),
            code: Code::Binary,
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(5),
            memory: 128,
        };
        Template {
            functions: ["Define", "Create", "Other"].map(function).into(),
            user_pools: Vec::new(),
            clients: Vec::new(),
            buckets: BTreeMap::new(),
            tables: BTreeMap::new(),
            http_apis: Vec::new(),
            skipped: Vec::new(),
        }
    }

    #[test]
    fn a_link_leads_to_the_page_unless_the_template_says_otherwise() {
        let mut template = template();
        for (function, link) in template.functions.iter_mut().zip(["", "https://example.com/in"]) {
            function.environment.insert(LINK.into(), link.into());
        }
        set_link(&mut template, "http://127.0.0.1:9229/");
        let links: Vec<_> = template
            .functions
            .iter()
            .map(|function| function.environment.get(LINK))
            .collect();
        let text = |link: &str| link.to_owned();
        let expected = [
            Some(&text("http://127.0.0.1:9229/")),
            Some(&text("https://example.com/in")),
            None,
        ];
        assert_eq!(links, expected);
    }

    #[test]
    fn an_empty_sender_is_none() {
        let mut template = template();
        for (function, sender) in template.functions.iter_mut().zip(["", "a@example.com"]) {
            function.environment.insert(SENDER.into(), sender.into());
        }
        assert_eq!(senders(&template).collect::<Vec<_>>(), ["a@example.com"]);
    }
}
