//! Checks every reference of the template, even in parts that are not read otherwise.

use super::error::{At, Problem, TemplateError};
use super::naming::attribute_form;
use super::node::{Kind, Node};
use super::pseudo::PSEUDO;
use super::resolver::{Resolver, attribute_of, sub_arguments};
use super::resource::{FUNCTION, Resource};
use super::sub::{self, Part};

/// Checks every reference, and that no resources depend on each other.
pub(super) fn check(resolver: &Resolver<'_>, outputs: Option<&Node>) -> Result<(), TemplateError> {
    let mut needs: Vec<Vec<&str>> = Vec::new();
    for resource in &resolver.resources {
        needs.push(resource_needs(resolver, resource)?);
    }
    if let Some(outputs) = outputs {
        let mut walk = Walk {
            resolver,
            needs: Vec::new(),
        };
        walk.node(outputs, &At::default().key("Outputs", outputs.line), false)?;
    }
    refuse_circles(&resolver.resources, &needs)
}

/// Checks the references of one resource. Returns the resources that it depends on.
fn resource_needs<'n>(resolver: &Resolver<'n>, resource: &Resource<'n>) -> Result<Vec<&'n str>, TemplateError> {
    let mut walk = Walk {
        resolver,
        needs: Vec::new(),
    };
    let live = resolver.is_created(resource)?;
    if let Some((properties, at)) = resource.properties() {
        match properties.entries() {
            Some(entries) if properties.intrinsic().is_none() => {
                for entry in entries {
                    let waits = live && !is_for_its_deployment(resource, &entry.key);
                    walk.node(&entry.value, &at.key(&entry.key, entry.line), waits)?;
                }
            }
            _ => walk.node(properties, &at, live)?,
        }
    }
    if let Some(depends) = resource.body.get("DependsOn") {
        let at = resource.at.key("DependsOn", depends.line);
        let single = std::slice::from_ref(&depends.value);
        for name in depends.value.items().unwrap_or(single).iter().filter_map(Node::text) {
            walk.need(name, &at, live)?;
        }
    }
    Ok(walk.needs)
}

/// Whether SAM moves this property of a function to the deployment group, which depends on the function and its alarms.
fn is_for_its_deployment(resource: &Resource<'_>, property: &str) -> bool {
    resource.kind == FUNCTION && property == "DeploymentPreference"
}

struct Walk<'w, 'n> {
    resolver: &'w Resolver<'n>,
    needs: Vec<&'n str>,
}

impl<'n> Walk<'_, 'n> {
    /// `live` is false in the branch of an `Fn::If` that is not selected: its names are checked, but it adds no
    /// dependency.
    fn node(&mut self, node: &'n Node, at: &At, live: bool) -> Result<(), TemplateError> {
        let at = at.on(node.line);
        match (node.intrinsic(), &node.kind) {
            (Some(("Ref", argument)), _) => match argument.text() {
                Some(name) => self.name(name, &at.on(argument.line), live),
                None => Ok(()),
            },
            (Some(("Fn::GetAtt", argument)), _) => {
                let (name, attribute) = attribute_of(argument, &at)?;
                self.attribute(name, attribute, &at, live)
            }
            (Some(("Fn::Sub", argument)), _) => self.sub(argument, &at, live),
            (Some(("Fn::If", arguments)), Kind::Map(_)) => {
                let [condition, then, otherwise] = arguments.items().unwrap_or_default() else {
                    return self.children(node, &at, live);
                };
                let holds = condition
                    .text()
                    .map_or(Ok(true), |name| self.resolver.condition(name, &at))?;
                self.node(then, &at, live && holds)?;
                self.node(otherwise, &at, live && !holds)
            }
            _ => self.children(node, &at, live),
        }
    }

    fn children(&mut self, node: &'n Node, at: &At, live: bool) -> Result<(), TemplateError> {
        match &node.kind {
            Kind::Map(entries) => entries
                .iter()
                .try_for_each(|entry| self.node(&entry.value, &at.key(&entry.key, entry.line), live)),
            Kind::List(items) => {
                let mut items = items.iter().enumerate();
                items.try_for_each(|(index, item)| self.node(item, &at.item(index, item.line), live))
            }
            _ => Ok(()),
        }
    }

    fn sub(&mut self, argument: &'n Node, at: &At, live: bool) -> Result<(), TemplateError> {
        let at = &at.on(argument.line);
        let (text, variables) = sub_arguments(argument, at)?;
        for entry in variables {
            self.node(&entry.value, at, live)?;
        }
        for part in sub::parts(text).unwrap_or_default() {
            match part {
                Part::Variable(name) if variables.iter().all(|entry| entry.key != name) => match name.split_once('.') {
                    Some((name, attribute)) => self.attribute(name, attribute, at, live)?,
                    None => self.name(name, at, live)?,
                },
                Part::Variable(_) | Part::Literal(_) => {}
            }
        }
        Ok(())
    }

    fn name(&mut self, name: &'n str, at: &At, live: bool) -> Result<(), TemplateError> {
        let given = PSEUDO.contains(&name) || name == "AWS::NoValue" || self.resolver.parameters.contains_key(name);
        if given { Ok(()) } else { self.need(name, at, live) }
    }

    fn attribute(&mut self, name: &'n str, attribute: &str, at: &At, live: bool) -> Result<(), TemplateError> {
        self.need(name, at, live)?;
        let resource = self.resolver.resource(name);
        resource.map_or(Ok(()), |resource| attribute_form(&resource, attribute, at).map(|_| ()))
    }

    fn need(&mut self, name: &'n str, at: &At, live: bool) -> Result<(), TemplateError> {
        let Some(resource) = self.resolver.resource(name) else {
            return Err(at.error(self.resolver.unknown_name(name)));
        };
        if live {
            // `resource.id` and not `name`: the role of a function has the dependencies of the function.
            self.needs.push(resource.id);
        }
        Ok(())
    }
}

/// CloudFormation cannot create resources that depend on each other.
fn refuse_circles(resources: &[Resource<'_>], needs: &[Vec<&str>]) -> Result<(), TemplateError> {
    let mut left: Vec<(&Resource<'_>, &Vec<&str>)> = resources.iter().zip(needs).collect();
    loop {
        // A resource without remaining dependencies can be created.
        let waiting: Vec<_> = left
            .iter()
            .filter(|(_, needs)| left.iter().any(|(other, _)| needs.contains(&other.id)))
            .copied()
            .collect();
        if waiting.len() == left.len() {
            break;
        }
        left = waiting;
    }
    let Some((first, _)) = left.first() else {
        return Ok(());
    };
    // Each remaining resource depends on another one of them. So the path returns to a resource.
    let mut way = vec![first.id];
    while let Some((_, needs)) = left.iter().find(|(resource, _)| Some(&resource.id) == way.last()) {
        let Some((next, _)) = left.iter().find(|(resource, _)| needs.contains(&resource.id)) else {
            break;
        };
        if let Some(start) = way.iter().position(|id| *id == next.id) {
            way.drain(..start);
            way.push(next.id);
            break;
        }
        way.push(next.id);
    }
    let at = left
        .iter()
        .find(|(resource, _)| Some(&resource.id) == way.first())
        .map_or(&first.at, |(first, _)| &first.at);
    Err(at.error(Problem::Circular(way.join(" → "))))
}
