//! The local values of `Ref` and `Fn::GetAtt` for the template's resources.

use super::Resolver;
use crate::error::{At, Problem, TemplateError};
use crate::naming::{attribute_form, naming};
use crate::pseudo::{ACCOUNT, PARTITION, PSEUDO, URL_SUFFIX};
use crate::resource::{ALIAS, BUCKET, FUNCTION, ROLE, Resource, USER_POOL, USER_POOL_CLIENT};

impl<'a> Resolver<'a> {
    /// Returns the resources of one type that are created.
    pub(crate) fn created(&self, kind: &str) -> Result<Vec<&Resource<'a>>, TemplateError> {
        let mut created = Vec::new();
        for resource in self.resources.iter().filter(|resource| resource.kind == kind) {
            if self.is_created(resource)? {
                created.push(resource);
            }
        }
        Ok(created)
    }

    pub(crate) fn is_created(&self, resource: &Resource<'a>) -> Result<bool, TemplateError> {
        resource
            .condition()
            .map_or(Ok(true), |condition| self.condition(condition, &resource.at))
    }

    /// Returns the value of `Ref` for a resource.
    pub(crate) fn resource_reference(&self, id: &str, at: &At) -> Result<String, TemplateError> {
        let resource = self.existing(id, at)?;
        let form = naming(resource.kind).map_or("{name}", |naming| naming.reference);
        self.written(form, &resource)
    }

    /// Returns the value of `Fn::GetAtt` for a resource.
    pub(crate) fn attribute(&self, id: &str, attribute: &str, at: &At) -> Result<String, TemplateError> {
        let resource = self.existing(id, at)?;
        let form = attribute_form(&resource, attribute, at)?;
        self.written(form, &resource)
            .map(|text| text.replace("{attribute}", attribute))
    }

    /// Returns the resource `id`, whether it is created or not.
    pub(crate) fn resource(&self, id: &str) -> Option<Resource<'a>> {
        if let Some(resource) = self.resources.iter().find(|resource| resource.id == id) {
            return Some(resource.clone());
        }
        let function = |id: &str| {
            let mut resources = self.resources.iter();
            resources.find(|resource| resource.id == id && resource.kind == FUNCTION)
        };
        if let Some(function) = id.strip_suffix(".Alias").and_then(function) {
            let alias = || Resource {
                kind: ALIAS,
                ..function.clone()
            };
            return self.alias_of(function).map(|_| alias());
        }
        // SAM creates a role for each function that does not name one.
        let function = id.strip_suffix("Role").and_then(function)?;
        match function.property("Role") {
            Some(_) => None,
            None => Some(Resource {
                kind: ROLE,
                ..function.clone()
            }),
        }
    }

    /// Returns the name of an alias: of a separate resource, or of the one that SAM creates for a function.
    fn alias_name(&self, alias: &Resource<'a>) -> Result<String, TemplateError> {
        match alias.property("Name").filter(|_| alias.kind == ALIAS) {
            Some((name, at)) => self.string(&name.value, &at),
            None => Ok(self.alias_of(alias).unwrap_or_default().to_owned()),
        }
    }

    /// Returns the alias of the last version of a function: its own, or that of Globals.
    fn alias_of(&self, function: &Resource<'a>) -> Option<&'a str> {
        let own = function.property("AutoPublishAlias");
        own.map_or(self.alias, |(entry, _)| entry.value.text())
    }

    fn existing(&self, id: &str, at: &At) -> Result<Resource<'a>, TemplateError> {
        let Some(resource) = self.resource(id) else {
            return Err(at.error(self.unknown_name(id)));
        };
        match resource.condition() {
            Some(condition) if !self.condition(condition, at)? => {
                Err(at.error(Problem::NotCreated(id.to_owned(), condition.to_owned())))
            }
            _ => Ok(resource),
        }
    }

    /// Creates the error that `name` is unknown.
    pub(crate) fn unknown_name(&self, name: &str) -> Problem {
        let resources = self.resources.iter().map(|resource| resource.id);
        let known = resources
            .chain(self.parameters.keys().map(String::as_str))
            .chain(PSEUDO);
        Problem::unknown("name", name, known)
    }

    fn written(&self, form: &str, resource: &Resource<'a>) -> Result<String, TemplateError> {
        let name = self.guarded(resource.id, &resource.at, || self.name(resource))?;
        let service = resource.kind.split("::").nth(1).unwrap_or_default().to_lowercase();
        let words = [
            ("{partition}", PARTITION),
            ("{region}", &self.deployment.region),
            ("{account}", ACCOUNT),
            ("{suffix}", URL_SUFFIX),
            ("{service}", &service),
            ("{id}", resource.id),
            ("{alias}", &self.alias_name(resource)?),
            ("{name}", &name),
        ];
        Ok(words
            .iter()
            .fold(form.to_owned(), |text, (word, value)| text.replace(word, value)))
    }

    /// Returns the local name of a resource. It is always the same for the same template.
    fn name(&self, resource: &Resource<'a>) -> Result<String, TemplateError> {
        let property = naming(resource.kind).map_or("", |naming| naming.name);
        if let Some((property, at)) = resource.property(property) {
            let name = self.string(&property.value, &at)?;
            return Ok(match name.rsplit_once(":function:") {
                Some((_, function)) if resource.kind == ALIAS => function.to_owned(),
                _ => name,
            });
        }
        let first = || {
            self.created(resource.kind)
                .map(|all| all.first().is_some_and(|first| first.id == resource.id))
        };
        Ok(match resource.kind {
            USER_POOL if first()? => self.deployment.pool_id.clone(),
            USER_POOL => format!("{}_{}", self.deployment.region, resource.id),
            USER_POOL_CLIENT if first()? => self.deployment.client_id.clone(),
            BUCKET => format!("{}-{}", self.deployment.stack, resource.id).to_lowercase(),
            ROLE if self
                .resources
                .iter()
                .any(|other| other.id == resource.id && other.kind == FUNCTION) =>
            {
                format!("{}Role", resource.id)
            }
            _ => resource.id.to_owned(),
        })
    }
}
