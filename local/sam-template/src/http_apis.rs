//! The HTTP APIs of Amazon API Gateway, and the functions that their routes call.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::error::{At, Problem, TemplateError};
use super::functions::{merged, whole};
use super::node::{Entry, Kind, Node};
use super::resolver::Resolver;
use super::resource::{FUNCTION, HTTP_API, Resource, USER_POOL};
use super::shape::{Fields, Shape};

/// An `AWS::Serverless::HttpApi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpApi {
    /// The name of the resource in the template.
    pub logical_id: String,
    /// The routes, in the order of the template.
    pub routes: Vec<Route>,
    /// The web pages that may read responses. Without it, pages of other origins may not.
    pub cors: Option<Cors>,
    /// The limit for all routes together, if there is one.
    pub throttle: Option<Throttle>,
}

/// A route and the function that answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method and the path, such as `GET /users/{id}` or `ANY /{proxy+}`, or `$default` for all other requests.
    pub key: String,
    /// The logical id of the function.
    pub function: String,
    /// The time limit of API Gateway for the function.
    pub timeout: Duration,
    /// The authorizer, unless the route is public.
    pub authorizer: Option<JwtAuthorizer>,
}

/// A JWT authorizer for tokens of a user pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtAuthorizer {
    /// The header with the token.
    pub header: String,
    /// The id of the pool that issues the tokens.
    pub user_pool: String,
    /// The values of `aud` or `client_id` that are accepted.
    pub audience: Vec<String>,
    /// If not empty, a token must have one of these scopes.
    pub scopes: Vec<String>,
}

/// `CorsConfiguration` of an HTTP API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// `AllowOrigins`.
    pub origins: Vec<String>,
    /// `AllowMethods`.
    pub methods: Vec<String>,
    /// `AllowHeaders`.
    pub headers: Vec<String>,
    /// `ExposeHeaders`.
    pub exposed: Vec<String>,
    /// `AllowCredentials`.
    pub credentials: bool,
    /// `MaxAge`, in seconds.
    pub max_age: Option<u64>,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Requests a second.
    pub rate: u64,
    /// Requests at once.
    pub burst: u64,
}

/// The type of an event that adds a route.
const EVENT_TYPE: &str = "HttpApi";

/// The default time limit of API Gateway for a function.
const TIMEOUT_MILLIS: u64 = 30_000;

/// The methods of routes.
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The prefix of the identity source of a token in a header.
const HEADER: &str = "$request.header.";

/// The name that turns off the default authorizer for a route.
const NO_AUTHORIZER: &str = "NONE";

const JWT_ONLY: &str = "JWT authorizers with `JwtConfiguration`";
const EVENTS_ONLY: &str = "routes as `HttpApi` events of functions";
const OWN_DOMAIN: &str = "the address that `local` prints";

const AUTHORIZER: Fields = &[
    ("AuthorizationScopes", Shape::List(&Shape::Text)),
    ("AuthorizerPayloadFormatVersion", Shape::Refused(JWT_ONLY)),
    ("EnableFunctionDefaultPermissions", Shape::Refused(JWT_ONLY)),
    ("EnableSimpleResponses", Shape::Refused(JWT_ONLY)),
    ("FunctionArn", Shape::Refused(JWT_ONLY)),
    ("FunctionInvokeRole", Shape::Refused(JWT_ONLY)),
    ("Identity", Shape::Refused(JWT_ONLY)),
    ("IdentitySource", Shape::Text),
    (
        "JwtConfiguration",
        Shape::Object(&[("audience", Shape::List(&Shape::Text)), ("issuer", Shape::Text)]),
    ),
];

const CORS: Fields = &[
    ("AllowCredentials", Shape::Bool),
    ("AllowHeaders", Shape::List(&Shape::Text)),
    ("AllowMethods", Shape::List(&Shape::Text)),
    ("AllowOrigins", Shape::List(&Shape::Text)),
    ("ExposeHeaders", Shape::List(&Shape::Text)),
    ("MaxAge", Shape::Whole(-1, 86_400)),
];

/// The properties of `AWS::Serverless::HttpApi`. `CorsConfiguration` may be `true` or a mapping, and is read
/// separately.
const PROPERTIES: Fields = &[
    ("AccessLogSettings", Shape::Skip),
    (
        "Auth",
        Shape::Object(&[
            ("Authorizers", Shape::Each(&Shape::Object(AUTHORIZER))),
            ("DefaultAuthorizer", Shape::Text),
            ("EnableIamAuthorizer", Shape::Refused(JWT_ONLY)),
        ]),
    ),
    ("CorsConfiguration", Shape::Skip),
    (
        "DefaultRouteSettings",
        Shape::Object(&[
            ("DataTraceEnabled", Shape::Skip),
            ("DetailedMetricsEnabled", Shape::Skip),
            ("LoggingLevel", Shape::Skip),
            ("ThrottlingBurstLimit", Shape::Whole(1, 1_000_000)),
            ("ThrottlingRateLimit", Shape::Whole(1, 1_000_000)),
        ]),
    ),
    ("DefinitionBody", Shape::Refused(EVENTS_ONLY)),
    ("DefinitionUri", Shape::Refused(EVENTS_ONLY)),
    ("Description", Shape::Skip),
    ("DisableExecuteApiEndpoint", Shape::Refused(OWN_DOMAIN)),
    ("Domain", Shape::Refused(OWN_DOMAIN)),
    ("FailOnWarnings", Shape::Skip),
    ("Name", Shape::Skip),
    ("PropagateTags", Shape::Skip),
    ("RouteSettings", Shape::Refused("`DefaultRouteSettings`")),
    ("StageName", Shape::OneOf(&["$default"])),
    ("StageVariables", Shape::Refused("variables of functions")),
    ("Tags", Shape::Skip),
];

/// The properties of an event of type `HttpApi`.
const EVENT: Fields = &[
    ("ApiId", Shape::Skip),
    (
        "Auth",
        Shape::Object(&[
            ("AuthorizationScopes", Shape::List(&Shape::Text)),
            ("Authorizer", Shape::Text),
        ]),
    ),
    ("Method", Shape::Text),
    ("Path", Shape::Text),
    ("PayloadFormatVersion", Shape::OneOf(&["2.0"])),
    ("RouteSettings", Shape::Refused("`DefaultRouteSettings` of the API")),
    ("TimeoutInMillis", Shape::Whole(50, 30_000)),
];

/// An event of a function that adds a route to an API.
struct Event<'a> {
    function: &'a str,
    api: String,
    properties: Map<String, Value>,
    at: At,
}

/// An API before its routes are known.
struct Draft {
    authorizers: Vec<(String, JwtAuthorizer)>,
    default: Option<String>,
    api: HttpApi,
}

/// Returns the logical ids of the functions of routes.
pub(super) fn targets(resolver: &Resolver<'_>) -> Result<BTreeSet<String>, TemplateError> {
    let events = events(resolver)?;
    Ok(events.into_iter().map(|event| event.function.to_owned()).collect())
}

/// Reads the APIs with their routes.
pub(super) fn read(resolver: &Resolver<'_>, globals: Option<&Entry>) -> Result<Vec<HttpApi>, TemplateError> {
    let globals = globals.and_then(|globals| globals.value.get("HttpApi"));
    let mut apis = Vec::new();
    for resource in resolver.created(HTTP_API)? {
        apis.push(api(resolver, resource, globals.map(|globals| &globals.value))?);
    }
    for event in events(resolver)? {
        let Some(api) = apis.iter_mut().find(|api| api.api.logical_id == event.api) else {
            return Err(event.at.error(no_api()));
        };
        let route = route(&event, api)?;
        if let Some(other) = api.api.routes.iter().find(|other| other.key == route.key) {
            let problem = format!("`{}` is a route of `{}` already", route.key, other.function);
            return Err(event.at.error(Problem::Invalid(problem)));
        }
        api.api.routes.push(route);
    }
    Ok(apis.into_iter().map(|api| api.api).collect())
}

fn no_api() -> Problem {
    Problem::Invalid(format!("has no `ApiId: !Ref` of an `{HTTP_API}` of this template"))
}

/// Returns the events of all functions that add routes.
fn events<'a>(resolver: &Resolver<'a>) -> Result<Vec<Event<'a>>, TemplateError> {
    let mut found = Vec::new();
    for function in resolver.created(FUNCTION)? {
        let Some((events, at)) = function.property("Events") else {
            continue;
        };
        for event in events.value.entries().unwrap_or_default() {
            let kind = event.value.get("Type").and_then(|kind| kind.value.text());
            if kind != Some(EVENT_TYPE) {
                continue;
            }
            let at = at.key(&event.key, event.line);
            let own = event.value.get("Properties").ok_or_else(|| at.error(no_api()))?;
            let api = own.value.get("ApiId").ok_or_else(|| at.error(no_api()))?;
            let api = match resolver.select(&api.value, &at)?.intrinsic() {
                Some(("Ref", name)) => name.text().unwrap_or_default().to_owned(),
                _ => return Err(at.on(api.line).error(no_api())),
            };
            found.push(Event {
                function: function.id,
                api,
                properties: resolver.object(&own.value, EVENT, &at)?,
                at,
            });
        }
    }
    Ok(found)
}

fn api(resolver: &Resolver<'_>, resource: &Resource<'_>, globals: Option<&Node>) -> Result<Draft, TemplateError> {
    let none = Node {
        line: 0,
        kind: Kind::Map(Vec::new()),
    };
    let (own, at) = resource.properties().unwrap_or((&none, resource.at.clone()));
    let written = merged(own, globals);
    let properties = resolver.object(&written, PROPERTIES, &at)?;
    let auth = properties.get("Auth");
    let known = auth.and_then(|auth| auth.get("Authorizers")?.as_object());
    let mut authorizers = Vec::new();
    for (name, written) in known.into_iter().flatten() {
        authorizers.push((name.clone(), authorizer(resolver, name, written, &at)?));
    }
    let default = auth.and_then(|auth| auth.get("DefaultAuthorizer")?.as_str());
    let limits = properties.get("DefaultRouteSettings").and_then(Value::as_object);
    let limit = |name: &str| limits.and_then(|limits| whole(limits, name));
    let throttle = limit("ThrottlingRateLimit").zip(limit("ThrottlingBurstLimit"));
    let cors = match written.get("CorsConfiguration") {
        Some(entry) => cors(resolver, &entry.value, &at.key(&entry.key, entry.line))?,
        None => None,
    };
    Ok(Draft {
        authorizers,
        default: default.map(str::to_owned),
        api: HttpApi {
            logical_id: resource.id.to_owned(),
            routes: Vec::new(),
            cors,
            throttle: throttle.map(|(rate, burst)| Throttle { rate, burst }),
        },
    })
}

fn authorizer(resolver: &Resolver<'_>, name: &str, written: &Value, at: &At) -> Result<JwtAuthorizer, TemplateError> {
    let jwt = written.get("JwtConfiguration");
    let Some(issuer) = jwt.and_then(|jwt| jwt.get("issuer")?.as_str()) else {
        let missing = format!("authorizer `{name}` has no `JwtConfiguration` with `issuer`");
        return Err(at.error(Problem::Invalid(missing)));
    };
    let user_pool = issuing_pool(resolver, issuer, at)?;
    let audience = texts(jwt.and_then(|jwt| jwt.get("audience")));
    if audience.is_empty() {
        let missing = format!("authorizer `{name}` has no `audience`: name the app clients");
        return Err(at.error(Problem::Invalid(missing)));
    }
    let source = written.get("IdentitySource").and_then(Value::as_str);
    let source = source.unwrap_or("$request.header.Authorization");
    let Some(header) = source.strip_prefix(HEADER) else {
        let supported = "a header, such as `$request.header.Authorization`";
        return Err(at.error(Problem::NotSupported(source.to_owned(), supported)));
    };
    Ok(JwtAuthorizer {
        header: header.to_lowercase(),
        user_pool,
        audience,
        scopes: texts(written.get("AuthorizationScopes")),
    })
}

/// Returns the id of the pool that issues tokens as `issuer`.
fn issuing_pool(resolver: &Resolver<'_>, issuer: &str, at: &At) -> Result<String, TemplateError> {
    let pools = resolver.created(USER_POOL)?;
    for pool in &pools {
        if resolver.attribute(pool.id, "ProviderURL", at)? == issuer {
            return resolver.resource_reference(pool.id, at);
        }
    }
    if pools.is_empty() {
        // A template for an existing pool. It can be read, but it cannot run here.
        let id = issuer.rsplit('/').next();
        return Ok(id.unwrap_or_default().to_owned());
    }
    let supported = "the issuer of a user pool of this template";
    Err(at.error(Problem::NotSupported(issuer.to_owned(), supported)))
}

/// Reads `CorsConfiguration`: `true` for every origin, or a mapping.
fn cors(resolver: &Resolver<'_>, node: &Node, at: &At) -> Result<Option<Cors>, TemplateError> {
    if let Kind::Bool(all) = resolver.select(node, at)?.kind {
        let everyone = || Cors {
            origins: vec!["*".to_owned()],
            ..Cors::default()
        };
        return Ok(all.then(everyone));
    }
    let Some(written) = resolver.shaped(node, Shape::Object(CORS), at)? else {
        return Ok(None);
    };
    Ok(Some(Cors {
        origins: texts(written.get("AllowOrigins")),
        methods: texts(written.get("AllowMethods")),
        headers: texts(written.get("AllowHeaders")),
        exposed: texts(written.get("ExposeHeaders")),
        credentials: written.get("AllowCredentials") == Some(&Value::Bool(true)),
        max_age: written.get("MaxAge").and_then(Value::as_u64),
    }))
}

fn route(event: &Event<'_>, api: &Draft) -> Result<Route, TemplateError> {
    let Event { properties, at, .. } = event;
    let text = |name: &str| properties.get(name).and_then(Value::as_str);
    let key = match (text("Method"), text("Path")) {
        (None, None) => "$default".to_owned(),
        (Some(method), Some(path)) => format!("{} {}", self::method(method, at)?, self::path(path, at)?),
        _ => {
            let problem = "has only one of `Method` and `Path`: write both, or none for all other requests";
            return Err(at.error(Problem::Invalid(problem.to_owned())));
        }
    };
    let auth = properties.get("Auth");
    let named = auth.and_then(|auth| auth.get("Authorizer")?.as_str());
    let named = named.or(api.default.as_deref());
    let authorizer = match named.filter(|name| *name != NO_AUTHORIZER) {
        Some(name) => {
            let mut authorizers = api.authorizers.iter();
            let Some((_, authorizer)) = authorizers.find(|(known, _)| known == name) else {
                let known = api.authorizers.iter().map(|(known, _)| known.as_str());
                return Err(at.error(Problem::unknown("authorizer", name, known)));
            };
            let own = texts(auth.and_then(|auth| auth.get("AuthorizationScopes")));
            let mut authorizer = authorizer.clone();
            if !own.is_empty() {
                authorizer.scopes = own;
            }
            Some(authorizer)
        }
        None => None,
    };
    Ok(Route {
        key,
        function: event.function.to_owned(),
        timeout: Duration::from_millis(whole(properties, "TimeoutInMillis").unwrap_or(TIMEOUT_MILLIS)),
        authorizer,
    })
}

fn method(text: &str, at: &At) -> Result<String, TemplateError> {
    let method = match text.to_uppercase().as_str() {
        "*" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => "ANY".to_owned(),
        other => other.to_owned(),
    };
    if METHODS.contains(&method.as_str()) {
        Ok(method)
    } else {
        Err(at.error(Problem::unknown("method", text, METHODS)))
    }
}

/// Checks a path such as `/users/{id}/{rest+}`.
fn path<'a>(text: &'a str, at: &At) -> Result<&'a str, TemplateError> {
    let invalid = |what: String| Err(at.error(Problem::Expected(what)));
    let Some(rest) = text.strip_prefix('/') else {
        return invalid(format!("a path that begins with `/`, got `{text}`"));
    };
    let segments: Vec<_> = rest.split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        let variable = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        let name = variable.map_or(*segment, |name| name.strip_suffix('+').unwrap_or(name));
        if name.contains(['{', '}']) || (variable.is_some() && name.is_empty()) {
            return invalid(format!(
                "a variable to be a whole segment, such as `{{id}}`, got `{segment}`"
            ));
        }
        if variable.is_some_and(|name| name.ends_with('+')) && index + 1 < segments.len() {
            return invalid(format!("`{segment}` at the end of the path"));
        }
    }
    Ok(text)
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
