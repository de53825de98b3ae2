//! Resolves references and CloudFormation's other intrinsic functions.

mod conditions;
mod lists;
mod resources;
mod secrets;

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::Deployment;
use super::error::{At, Problem, TemplateError};
use super::node::{Entry, Kind, Node};
use super::pseudo::{ACCOUNT, PARTITION, URL_SUFFIX};
use super::resource::Resource;
use super::sub::{self, Part};

/// The supported functions.
const SUPPORTED: &str = "Ref, Fn::GetAtt, Fn::Sub, Fn::Join, Fn::If, Fn::Equals, Fn::And, Fn::Or, Fn::Not, Fn::FindInMap, Fn::Select, Fn::Split";

/// The longest chain of references. A longer one is circular.
const MAX_CHAIN: usize = 32;

/// Resolves every name of a template.
pub(super) struct Resolver<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) mappings: &'a [Entry],
    pub(super) conditions: &'a [Entry],
    pub(super) resources: Vec<Resource<'a>>,
    /// `AutoPublishAlias` of the functions in Globals.
    pub(super) alias: Option<&'a str>,
    chain: Cell<usize>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        deployment: &'a Deployment,
        parameters: BTreeMap<String, Value>,
        mappings: &'a [Entry],
        conditions: &'a [Entry],
        resources: Vec<Resource<'a>>,
        alias: Option<&'a str>,
    ) -> Self {
        Self {
            deployment,
            parameters,
            mappings,
            conditions,
            resources,
            alias,
            chain: Cell::new(0),
        }
    }

    /// Resolves `node`, with dynamic references. Returns `None` for `AWS::NoValue`.
    pub(super) fn value(&self, node: &Node, at: &At) -> Result<Option<Value>, TemplateError> {
        self.resolve(node, at)?
            .map(|value| self.with_secrets(value, at))
            .transpose()
    }

    /// Resolves `node` to text.
    pub(super) fn string(&self, node: &Node, at: &At) -> Result<String, TemplateError> {
        match self.resolve(node, at)? {
            Some(Value::String(text)) => Ok(text),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value.to_string()),
            _ => Err(at.on(node.line).error(Problem::Expected("text".to_owned()))),
        }
    }

    /// Follows `Fn::If` to the selected branch.
    pub(super) fn select<'n>(&self, mut node: &'n Node, at: &At) -> Result<&'n Node, TemplateError> {
        while let Some(("Fn::If", arguments)) = node.intrinsic() {
            let at = at.on(arguments.line);
            let [condition, then, otherwise] = arguments.items().unwrap_or_default() else {
                return Err(at.error(Problem::Expected(
                    "`Fn::If: [condition, value if true, value if false]`".into(),
                )));
            };
            let Some(name) = condition.text() else {
                return Err(at.error(Problem::Expected("the name of a condition".to_owned())));
            };
            node = if self.condition(name, &at)? { then } else { otherwise };
        }
        Ok(node)
    }

    /// Runs `work`, unless it is nested too deep.
    pub(super) fn guarded<T>(
        &self,
        name: &str,
        at: &At,
        work: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        let depth = self.chain.get();
        if depth >= MAX_CHAIN {
            return Err(at.error(Problem::Circular(name.to_owned())));
        }
        self.chain.set(depth + 1);
        let result = work();
        self.chain.set(depth);
        result
    }

    pub(super) fn resolve(&self, node: &Node, at: &At) -> Result<Option<Value>, TemplateError> {
        let node = self.select(node, at)?;
        let at = &at.on(node.line);
        if let Some((function, argument)) = node.intrinsic() {
            return self.call(function, argument, node, at);
        }
        match &node.kind {
            Kind::Null => Err(at.error(Problem::Null)),
            Kind::List(items) => {
                let mut list = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    list.extend(self.resolve(item, &at.item(index, item.line))?);
                }
                Ok(Some(list.into()))
            }
            Kind::Map(entries) => {
                let mut map = serde_json::Map::new();
                for entry in entries {
                    let value = self.resolve(&entry.value, &at.key(&entry.key, entry.line))?;
                    map.extend(value.map(|value| (entry.key.clone(), value)));
                }
                Ok(Some(map.into()))
            }
            Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => Ok(node.json()),
        }
    }

    fn call(&self, function: &str, argument: &Node, node: &Node, at: &At) -> Result<Option<Value>, TemplateError> {
        let value = match function {
            "Ref" => match argument.text() {
                Some("AWS::NoValue") => return Ok(None),
                Some(name) => self.reference(name, at)?,
                None => return Err(at.error(Problem::Expected("`Ref` with a name".to_owned()))),
            },
            "Fn::GetAtt" => {
                let (name, attribute) = attribute_of(argument, at)?;
                self.attribute(name, attribute, at)?.into()
            }
            "Fn::Sub" => self.substitute(argument, at)?.into(),
            "Fn::Join" => self.join(argument, at)?.into(),
            "Fn::And" | "Fn::Equals" | "Fn::Not" | "Fn::Or" => self.truth(node, at)?.into(),
            "Fn::FindInMap" => self.find_in_map(argument, at)?,
            "Fn::Select" => self.pick(argument, at)?,
            "Fn::Split" => self.split(argument, at)?,
            _ => return Err(at.error(Problem::NotSupported(function.to_owned(), SUPPORTED))),
        };
        Ok(Some(value))
    }

    /// Returns the value of `Ref` for `name`.
    fn reference(&self, name: &str, at: &At) -> Result<Value, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        if let Some(value) = self.pseudo(name) {
            return Ok(value.into());
        }
        self.resource_reference(name, at).map(Value::from)
    }

    fn pseudo(&self, name: &str) -> Option<String> {
        let (region, stack) = (&self.deployment.region, &self.deployment.stack);
        Some(match name {
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => PARTITION.to_owned(),
            "AWS::Region" => region.clone(),
            "AWS::StackId" => {
                format!(
                    "arn:{PARTITION}:cloudformation:{region}:{ACCOUNT}:stack/{stack}/00000000-0000-0000-0000-000000000000"
                )
            }
            "AWS::StackName" => stack.clone(),
            "AWS::URLSuffix" => URL_SUFFIX.to_owned(),
            _ => return None,
        })
    }

    fn substitute(&self, argument: &Node, at: &At) -> Result<String, TemplateError> {
        let (text, variables) = sub_arguments(argument, at)?;
        let Some(parts) = sub::parts(text) else {
            return Err(at.error(Problem::Expected("a `}` after every `${`".to_owned())));
        };
        let mut whole = String::new();
        for part in parts {
            match part {
                Part::Literal(text) => whole.push_str(text),
                Part::Variable(name) => {
                    let own = variables.iter().find(|entry| entry.key == name);
                    whole.push_str(&match (own, name.split_once('.')) {
                        (Some(own), _) => self.string(&own.value, &at.on(own.line))?,
                        (None, Some((name, attribute))) => self.attribute(name, attribute, at)?,
                        (None, None) => match self.reference(name, at)? {
                            Value::String(text) => text,
                            _ => return Err(at.error(Problem::Expected(format!("`${{{name}}}` to be text, not a list")))),
                        },
                    });
                }
            }
        }
        Ok(whole)
    }
}

/// Returns the resource and the attribute of `Fn::GetAtt`, in either form.
pub(super) fn attribute_of<'n>(argument: &'n Node, at: &At) -> Result<(&'n str, &'n str), TemplateError> {
    let pair = match &argument.kind {
        Kind::Text(text) => text.split_once('.'),
        Kind::List(items) => match items.as_slice() {
            [name, attribute] => name.text().zip(attribute.text()),
            _ => None,
        },
        _ => None,
    };
    pair.ok_or_else(|| at.error(Problem::Expected("`Fn::GetAtt` with `Resource.Attribute`".to_owned())))
}

/// Returns the text and the variables of `Fn::Sub`, in either form.
pub(super) fn sub_arguments<'n>(argument: &'n Node, at: &At) -> Result<(&'n str, &'n [Entry]), TemplateError> {
    let arguments = match &argument.kind {
        Kind::Text(text) => Some((text.as_str(), [].as_slice())),
        Kind::List(items) => match items.as_slice() {
            [text, variables] => text.text().zip(variables.entries()),
            _ => None,
        },
        _ => None,
    };
    arguments.ok_or_else(|| {
        at.error(Problem::Expected(
            "`Fn::Sub` with a text, or with a text and a mapping".into(),
        ))
    })
}
