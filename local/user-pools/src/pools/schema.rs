//! The attributes that the users of a pool have.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::Error;
use crate::fields::{FieldError, Fields};

/// The attributes of a pool, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schema(BTreeMap<String, Attribute>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attribute {
    kind: Kind,
    mutable: bool,
    required: bool,
    /// The minimum length of a string, or the minimum of a number.
    minimum: Option<i64>,
    maximum: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    DateTime,
    Number,
    String,
}

/// The standard attributes. All others are custom.
const STANDARD: [&str; 20] = [
    "sub",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
];

/// Cognito's limit for the value of any attribute.
const LONGEST: usize = 2048;

impl Schema {
    /// Creates the schema: the standard attributes and those in `Schema`.
    pub(crate) fn new(given: &[Fields<'_>]) -> Result<Self, FieldError> {
        let mut attributes: BTreeMap<_, _> = STANDARD
            .iter()
            .map(|name| ((*name).to_owned(), standard_attribute(name)))
            .collect();
        for fields in given {
            let (name, attribute) = attribute(fields)?;
            attributes.insert(name, attribute);
        }
        Ok(Self(attributes))
    }

    /// Whether an attribute called `name` exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the names of the custom attributes.
    pub(crate) fn custom(&self) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .map(String::as_str)
            .filter(|name| !Self::is_standard(name))
    }

    /// Whether the attribute is a standard one, which apps may read and write by default.
    pub(crate) fn is_standard(name: &str) -> bool {
        STANDARD.contains(&name)
    }

    /// Returns an error if the attributes of a new user do not conform.
    pub(crate) fn check_new(&self, attributes: &BTreeMap<String, String>) -> Result<(), Error> {
        for (name, value) in attributes {
            self.check(name, value)?;
        }
        let missing = |(name, attribute): &(&String, &Attribute)| {
            attribute.required && *name != "sub" && !attributes.contains_key(*name)
        };
        match self.0.iter().find(missing) {
            Some((name, _)) => Err(nonconforming(&format!("{name}: The attribute is required\n"))),
            None => Ok(()),
        }
    }

    /// Returns the attributes that every user must have.
    pub(crate) fn required(&self) -> impl Iterator<Item = &str> {
        let required = |(name, attribute): &(&String, &Attribute)| attribute.required && *name != "sub";
        self.0.iter().filter(required).map(|(name, _)| name.as_str())
    }

    /// Returns an error if changes to a user's attributes do not conform.
    pub(crate) fn check_changes(&self, changes: &BTreeMap<String, String>) -> Result<(), Error> {
        for (name, value) in changes {
            self.check(name, value)?;
            if self.0.get(name).is_some_and(|attribute| !attribute.mutable) {
                return Err(Error::invalid_parameter(format!(
                    "user.{name}: Attribute cannot be updated.\n"
                )));
            }
        }
        Ok(())
    }

    /// Rejects the removal of attributes that cannot change, or that every user needs.
    pub(crate) fn check_removals(&self, names: &[&str]) -> Result<(), Error> {
        for name in names {
            let problem = match self.0.get(*name) {
                None => "Attribute does not exist in the schema.",
                Some(attribute) if !attribute.mutable => "Attribute cannot be updated.",
                Some(attribute) if attribute.required => "Attribute is required and cannot be deleted.",
                Some(_) => continue,
            };
            return Err(Error::invalid_parameter(format!("user.{name}: {problem}\n")));
        }
        Ok(())
    }

    /// Normalizes the booleans among `attributes`.
    pub(crate) fn fold_flags(&self, attributes: &mut BTreeMap<String, String>) {
        for (name, value) in attributes {
            let kind = self.0.get(name).map(|attribute| attribute.kind);
            if kind == Some(Kind::Boolean) && is_flag(value) {
                value.make_ascii_lowercase();
            }
        }
    }

    /// Checks that a value fits the attribute called `name`.
    pub(crate) fn check(&self, name: &str, value: &str) -> Result<(), Error> {
        let Some(attribute) = self.0.get(name) else {
            return Err(nonconforming(&format!(
                "Type for attribute {{{name}}} could not be determined\n"
            )));
        };
        if name == "sub" {
            return Err(Error::not_authorized("Attribute cannot be updated: sub"));
        }
        attribute
            .problem(value)
            .map_or(Ok(()), |problem| Err(nonconforming(&format!("{name}: {problem}\n"))))
    }

    /// Returns `SchemaAttributes` for the operations that describe a pool.
    pub(crate) fn describe(&self) -> Vec<Value> {
        self.0
            .iter()
            .map(|(name, attribute)| attribute.describe(name))
            .collect()
    }
}

impl Attribute {
    fn problem(&self, value: &str) -> Option<&'static str> {
        let within = |size: i64| {
            self.minimum.is_none_or(|minimum| size >= minimum) && self.maximum.is_none_or(|maximum| size <= maximum)
        };
        let length = value.chars().count();
        if length > LONGEST {
            return Some("String must be no longer than 2048 characters");
        }
        match self.kind {
            Kind::Boolean => (!is_flag(value)).then_some("Value must be true or false"),
            Kind::DateTime => None,
            Kind::Number => match value.parse() {
                Ok(number) => (!within(number)).then_some("Value is out of range"),
                Err(_) => Some("Value must be a number"),
            },
            Kind::String => {
                let length = i64::try_from(length).unwrap_or(i64::MAX);
                (!within(length)).then_some("String has the wrong length")
            }
        }
    }

    fn describe(&self, name: &str) -> Value {
        let mut described = json!({
            "Name": name,
            "AttributeDataType": match self.kind {
                Kind::Boolean => "Boolean",
                Kind::DateTime => "DateTime",
                Kind::Number => "Number",
                Kind::String => "String",
            },
            "DeveloperOnlyAttribute": false,
            "Mutable": self.mutable,
            "Required": self.required,
        });
        let constraints = match self.kind {
            Kind::Number => Some(("NumberAttributeConstraints", "MinValue", "MaxValue")),
            Kind::String => Some(("StringAttributeConstraints", "MinLength", "MaxLength")),
            Kind::Boolean | Kind::DateTime => None,
        };
        if let (Some((constraints, minimum, maximum)), Some(object)) = (constraints, described.as_object_mut()) {
            let given = [(minimum, self.minimum), (maximum, self.maximum)];
            let given = given
                .into_iter()
                .filter_map(|(key, limit)| Some((key.to_owned(), limit?.to_string().into())));
            object.insert(constraints.to_owned(), Value::Object(given.collect()));
        }
        described
    }
}

fn standard_attribute(name: &str) -> Attribute {
    let kind = match name {
        "email_verified" | "phone_number_verified" => Kind::Boolean,
        "updated_at" => Kind::Number,
        _ => Kind::String,
    };
    let (minimum, maximum) = match (name, kind) {
        ("sub", _) => (Some(1), Some(2048)),
        ("birthdate", _) => (Some(10), Some(10)),
        (_, Kind::String) => (Some(0), Some(2048)),
        (_, Kind::Number) => (Some(0), None),
        (_, Kind::Boolean | Kind::DateTime) => (None, None),
    };
    Attribute {
        kind,
        mutable: name != "sub",
        required: name == "sub",
        minimum,
        maximum,
    }
}

fn attribute(fields: &Fields<'_>) -> Result<(String, Attribute), FieldError> {
    let name = fields
        .text("Name")?
        .ok_or_else(|| fields.wrong_value("Name", "is missing"))?;
    let kind = match fields.text("AttributeDataType")? {
        None | Some("String") => Kind::String,
        Some("Boolean") => Kind::Boolean,
        Some("DateTime") => Kind::DateTime,
        Some("Number") => Kind::Number,
        Some(_) => {
            return Err(fields.wrong_value("AttributeDataType", "must be Boolean, DateTime, Number or String"));
        }
    };
    let mutable = fields.flag("Mutable")?.unwrap_or(true);
    let required = fields.flag("Required")?.unwrap_or(false);
    let (minimum, maximum) = limits(fields, name, kind)?;
    if Schema::is_standard(name) {
        let standard = standard_attribute(name);
        let retyped = fields.text("AttributeDataType")?.is_some() && kind != standard.kind;
        if retyped || fields.flag("DeveloperOnlyAttribute")?.unwrap_or(false) {
            return Err(FieldError::Told(format!(
                "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {name}"
            )));
        }
        return Ok((
            name.to_owned(),
            Attribute {
                mutable,
                required,
                ..standard
            },
        ));
    }
    if required {
        let message = "Required custom attributes are not supported currently.";
        return Err(FieldError::Told(message.to_owned()));
    }
    let short = name.strip_prefix("custom:").unwrap_or(name);
    if short.is_empty() || short.chars().count() > 20 {
        return Err(fields.wrong_value("Name", "must have 1 to 20 characters"));
    }
    Ok((
        format!("custom:{short}"),
        Attribute {
            kind,
            mutable,
            required,
            minimum,
            maximum,
        },
    ))
}

/// Returns the minimum and the maximum of a number, or of a string's length.
fn limits(fields: &Fields<'_>, name: &str, kind: Kind) -> Result<(Option<i64>, Option<i64>), FieldError> {
    let custom = name.strip_prefix("custom:").unwrap_or(name);
    let name = if Schema::is_standard(name) {
        name.to_owned()
    } else {
        format!("custom:{custom}")
    };
    let (key, keys, what) = match kind {
        Kind::Number => ("NumberAttributeConstraints", ["MinValue", "MaxValue"], "value"),
        Kind::String => ("StringAttributeConstraints", ["MinLength", "MaxLength"], "length"),
        Kind::Boolean | Kind::DateTime => return Ok((None, None)),
    };
    let constraints = fields.fields(key)?;
    let [minimum, maximum] = keys.map(|limit| match constraints.integer(limit) {
        Ok(limit) if kind == Kind::Number || limit.is_none_or(|limit| limit >= 0) => Ok(limit),
        _ => Err(FieldError::Told(format!("Invalid {key} for schema attribute {name}"))),
    });
    let (minimum, maximum) = (minimum?, maximum?);
    let longest = i64::try_from(LONGEST).unwrap_or(i64::MAX);
    if kind == Kind::String && [minimum, maximum].into_iter().flatten().any(|limit| limit > longest) {
        let message = format!("user.{name}: String attributes cannot have a length of more than {LONGEST}");
        return Err(FieldError::Told(message));
    }
    if minimum.zip(maximum).is_some_and(|(minimum, maximum)| minimum > maximum) {
        let message = format!("user.{name}: Max {what} cannot be less than min {what}.");
        return Err(FieldError::Told(message));
    }
    Ok((minimum, maximum))
}

/// Whether `value` is true or false, in any letter case.
fn is_flag(value: &str) -> bool {
    ["true", "false"].iter().any(|flag| value.eq_ignore_ascii_case(flag))
}

fn nonconforming(problem: &str) -> Error {
    Error::invalid_parameter(format!("Attributes did not conform to the schema: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(given: &Value) -> Result<Schema, FieldError> {
        Schema::new(&Fields::new("", given.as_object().unwrap()).list("Schema")?)
    }

    fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn unknown_missing_and_unfit_attributes_are_refused() {
        let schema = schema(&json!({"Schema": [
            {"Name": "email", "AttributeDataType": "String", "Required": true, "Mutable": true},
            {"Name": "age", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MaxValue": "120"}},
            {"Name": "fixed", "AttributeDataType": "String", "Mutable": false},
        ]}))
        .unwrap();
        assert!(
            schema
                .check_new(&attributes(&[("email", "a@example.com"), ("custom:age", "12")]))
                .is_ok()
        );
        for (given, message) in [
            (attributes(&[]), "email: The attribute is required\n"),
            (
                attributes(&[("email", "a"), ("custom:no", "1")]),
                "Type for attribute {custom:no} could not be determined\n",
            ),
            (
                attributes(&[("email", "a"), ("custom:age", "121")]),
                "custom:age: Value is out of range\n",
            ),
            (
                attributes(&[("email", "a"), ("email_verified", "yes")]),
                "email_verified: Value must be true or false\n",
            ),
        ] {
            let error = schema.check_new(&given).unwrap_err();
            assert_eq!(
                error.message,
                format!("Attributes did not conform to the schema: {message}")
            );
        }
        assert!(schema.check_changes(&attributes(&[("custom:fixed", "x")])).is_err());
        assert!(schema.check_changes(&attributes(&[("sub", "x")])).is_err());
    }

    fn number(constraints: &Value) -> Result<Schema, FieldError> {
        schema(&json!({"Schema": [
            {"Name": "n", "AttributeDataType": "Number", "NumberAttributeConstraints": constraints},
        ]}))
    }

    #[test]
    fn numbers_below_zero_are_compared_too() {
        let fits = |schema: &Schema, value: &str| schema.check_new(&attributes(&[("custom:n", value)])).is_ok();
        let from_zero = number(&json!({"MinValue": "0"})).unwrap();
        assert_eq!((fits(&from_zero, "-5"), fits(&from_zero, "0")), (false, true));
        let below = number(&json!({"MinValue": "-5", "MaxValue": -1})).unwrap();
        for (value, expected) in [("-6", false), ("-5", true), ("-1", true), ("0", false)] {
            assert_eq!(fits(&below, value), expected, "{value}");
        }
        let described = below.describe();
        let described = described
            .iter()
            .find(|attribute| attribute["Name"] == "custom:n")
            .unwrap();
        assert_eq!(
            described["NumberAttributeConstraints"],
            json!({"MinValue": "-5", "MaxValue": "-1"})
        );
    }

    #[test]
    fn constraints_that_contradict_are_refused_in_cognitos_words() {
        let string =
            |constraints: Value| schema(&json!({"Schema": [{"Name": "s", "StringAttributeConstraints": constraints}]}));
        for (wrong, message) in [
            (
                number(&json!({"MinValue": "much"})),
                "Invalid NumberAttributeConstraints for schema attribute custom:n",
            ),
            (
                number(&json!({"MaxValue": "1.5"})),
                "Invalid NumberAttributeConstraints for schema attribute custom:n",
            ),
            (
                number(&json!({"MinValue": "2", "MaxValue": "1"})),
                "user.custom:n: Max value cannot be less than min value.",
            ),
            (
                string(json!({"MaxLength": "long"})),
                "Invalid StringAttributeConstraints for schema attribute custom:s",
            ),
            (
                string(json!({"MinLength": "-1"})),
                "Invalid StringAttributeConstraints for schema attribute custom:s",
            ),
            (
                string(json!({"MinLength": "2", "MaxLength": "1"})),
                "user.custom:s: Max length cannot be less than min length.",
            ),
            (
                string(json!({"MaxLength": "2049"})),
                "user.custom:s: String attributes cannot have a length of more than 2048",
            ),
        ] {
            let error = Error::from(wrong.unwrap_err());
            assert_eq!((error.name, &*error.message), ("InvalidParameterException", message));
        }
    }

    #[test]
    fn a_custom_attribute_is_never_required() {
        let error = schema(&json!({"Schema": [{"Name": "x", "Required": true}]})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Required custom attributes are not supported currently."
        );
    }

    #[test]
    fn the_type_of_a_standard_attribute_cannot_be_changed() {
        let given = |attribute: Value| schema(&json!({"Schema": [attribute]}));
        for (wrong, name) in [
            (json!({"Name": "email", "AttributeDataType": "Number"}), "email"),
            (
                json!({"Name": "updated_at", "AttributeDataType": "String"}),
                "updated_at",
            ),
            (json!({"Name": "name", "DeveloperOnlyAttribute": true}), "name"),
        ] {
            let message = format!(
                "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {name}"
            );
            assert_eq!(given(wrong).unwrap_err().to_string(), message);
        }
        for right in [
            json!({"Name": "email", "AttributeDataType": "String", "DeveloperOnlyAttribute": false}),
            json!({"Name": "updated_at", "Required": true}),
        ] {
            given(right).unwrap();
        }
    }
}
