//! HTTP APIs: their results, and the messages about those that cannot run here.

use std::time::Duration;

use super::super::{Cors, HttpApi, JwtAuthorizer, Route, Throttle};
use super::{message, parse, parse_with, template, with};

/// Returns a template with an API with these `properties`, and a function with these `events`. Both are YAML on one
/// line.
fn with_api(properties: &str, events: &str) -> String {
    let resources = format!(
        "Resources:
  Pool:
    Type: AWS::Cognito::UserPool
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: {properties}"
    );
    let text = template("", "a").replace("Resources:", &resources);
    format!("{text}      Events: {events}\n")
}

const ISSUER: &str = "!Sub 'https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${Pool}'";

fn event(more: &str) -> String {
    format!("{{Get: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, {more}}}}}}}")
}

fn authorizer(more: &str) -> String {
    format!("{{Auth: {{Authorizers: {{Tokens: {{{more}}}}}}}}}")
}

fn api(text: &str) -> HttpApi {
    let mut apis = parse(text).http_apis;
    assert_eq!(apis.len(), 1);
    apis.remove(0)
}

#[test]
fn routes_are_read_with_their_functions_authorizers_and_limits() {
    let properties = format!(
        "{{Auth: {{DefaultAuthorizer: Tokens, Authorizers: {{Tokens: {{IdentitySource: $request.header.X-Token, \
         AuthorizationScopes: [read], JwtConfiguration: {{issuer: {ISSUER}, audience: [web, app]}}}}}}}}, \
         DefaultRouteSettings: {{ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20}}, \
         CorsConfiguration: {{AllowOrigins: ['https://a.example'], AllowMethods: [GET], AllowHeaders: [x], \
         ExposeHeaders: [y], AllowCredentials: true, MaxAge: 60}}}}"
    );
    let events = "{Own: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: get, Path: '/a/{id}'}}, \
                  Scoped: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: PUT, Path: /a, TimeoutInMillis: 500, \
                  Auth: {AuthorizationScopes: [write]}}}, \
                  Open: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: '*', Path: '/b/{rest+}', \
                  Auth: {Authorizer: NONE}}}, \
                  Rest: {Type: HttpApi, Properties: {ApiId: !Ref Api, Auth: {Authorizer: NONE}}}, \
                  Other: {Type: Api, Properties: {Method: get, Path: /}}}";
    let authorizer = |scope: &str| {
        Some(JwtAuthorizer {
            header: "x-token".to_owned(),
            user_pool: "us-east-1_LocalPool".to_owned(),
            audience: vec!["web".to_owned(), "app".to_owned()],
            scopes: vec![scope.to_owned()],
        })
    };
    let route = |key: &str, millis: u64, authorizer| Route {
        key: key.to_owned(),
        function: "Function".to_owned(),
        timeout: Duration::from_millis(millis),
        authorizer,
    };
    let expected = HttpApi {
        logical_id: "Api".to_owned(),
        routes: vec![
            route("GET /a/{id}", 30_000, authorizer("read")),
            route("PUT /a", 500, authorizer("write")),
            route("ANY /b/{rest+}", 30_000, None),
            route("$default", 30_000, None),
        ],
        cors: Some(Cors {
            origins: vec!["https://a.example".to_owned()],
            methods: vec!["GET".to_owned()],
            headers: vec!["x".to_owned()],
            exposed: vec!["y".to_owned()],
            credentials: true,
            max_age: Some(60),
        }),
        throttle: Some(Throttle { rate: 10, burst: 20 }),
    };
    assert_eq!(api(&with_api(&properties, events)), expected);
}

#[test]
fn globals_are_merged_into_each_api() {
    let text = with_api("{Name: mine}", &event("Method: GET, Path: /"));
    let globals = "Globals: {HttpApi: {CorsConfiguration: true}}\nResources:";
    let found = api(&text.replacen("Resources:", globals, 1));
    assert_eq!(found.cors.unwrap().origins, ["*"]);
}

#[test]
fn an_api_that_is_not_created_has_no_routes_to_look_at() {
    let text = with_api("{Name: mine}", "{}").replace(
        "    Type: AWS::Serverless::HttpApi",
        "    Condition: Never\n    Type: AWS::Serverless::HttpApi",
    );
    let text = text.replacen("Resources:", "Conditions: {Never: !Equals [a, b]}\nResources:", 1);
    assert_eq!(parse(&text).http_apis, []);
}

#[test]
fn what_local_cannot_do_is_an_error_at_its_line() {
    let get = event("Method: GET, Path: /");
    let at = "template.yaml:8: Resources.Api.Properties.";
    for (properties, expected) in [
        (
            "{Domain: {DomainName: a.example}}",
            "Domain: `Domain` is not supported (supported: the address that `local` prints)",
        ),
        (
            "{DefinitionBody: {openapi: '3.0.1'}}",
            "DefinitionBody: `DefinitionBody` is not supported (supported: routes as `HttpApi` events of functions)",
        ),
        (
            "{DefinitionUri: api.yaml}",
            "DefinitionUri: `DefinitionUri` is not supported (supported: routes as `HttpApi` events of functions)",
        ),
        ("{StageName: prod}", "StageName: unknown value `prod` (known: $default)"),
        (
            "{Auth: {EnableIamAuthorizer: true}}",
            "Auth.EnableIamAuthorizer: `EnableIamAuthorizer` is not supported (supported: JWT authorizers with \
             `JwtConfiguration`)",
        ),
        (
            "{Auth: {Authorizers: {Own: {FunctionArn: arn}}}}",
            "Auth.Authorizers.Own.FunctionArn: `FunctionArn` is not supported (supported: JWT authorizers with \
             `JwtConfiguration`)",
        ),
        (
            "{CorsConfiguration: {AllowOrigin: a}}",
            "CorsConfiguration: unknown property `AllowOrigin` (did you mean `AllowOrigins`?)",
        ),
        (
            "{Cors: true}",
            "unknown property `Cors` (did you mean `CorsConfiguration`?)",
        ),
    ] {
        let found = message(&with_api(properties, &get));
        assert_eq!(
            found,
            format!("{at}{expected}").replace("Properties.unknown", "Properties: unknown")
        );
    }
}

#[test]
fn what_an_authorizer_lacks_is_said() {
    let get = event("Method: GET, Path: /");
    let at = "template.yaml:8: Resources.Api.Properties: ";
    let jwt = |issuer: &str, audience: &str| format!("JwtConfiguration: {{issuer: {issuer}, audience: {audience}}}");
    for (properties, expected) in [
        (
            "IdentitySource: $request.header.Authorization".to_owned(),
            "authorizer `Tokens` has no `JwtConfiguration` with `issuer`",
        ),
        (
            jwt(ISSUER, "[]"),
            "authorizer `Tokens` has no `audience`: name the app clients",
        ),
        (
            jwt("https://issuer.example", "[web]"),
            "`https://issuer.example` is not supported (supported: the issuer of a user pool of this template)",
        ),
        (
            format!("{}, IdentitySource: $request.querystring.token", jwt(ISSUER, "[web]")),
            "`$request.querystring.token` is not supported (supported: a header, such as `$request.header.Authorization`)",
        ),
    ] {
        assert_eq!(
            message(&with_api(&authorizer(&properties), &get)),
            format!("{at}{expected}")
        );
    }
}

#[test]
fn what_is_wrong_with_an_event_is_said_at_its_line() {
    let at = "template.yaml:23: Resources.Function.Properties.Events.Get";
    for (events, expected) in [
        (
            event("Method: FETCH, Path: /"),
            ": unknown method `FETCH` (known: ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT)",
        ),
        (
            event("Method: GET"),
            ": has only one of `Method` and `Path`: write both, or none for all other requests",
        ),
        (
            event("Method: GET, Path: a"),
            ": expected a path that begins with `/`, got `a`",
        ),
        (
            event("Method: GET, Path: '/a{b}'"),
            ": expected a variable to be a whole segment, such as `{id}`, got `a{b}`",
        ),
        (
            event("Method: GET, Path: '/{a+}/b'"),
            ": expected `{a+}` at the end of the path",
        ),
        (
            event("Method: GET, Path: /, Auth: {Authorizer: Tokens}"),
            ": unknown authorizer `Tokens` (no name is known here)",
        ),
        (
            event("Method: GET, Path: /, PayloadFormatVersion: '1.0'"),
            ".PayloadFormatVersion: unknown value `1.0` (known: 2.0)",
        ),
        (
            "{Get: {Type: HttpApi, Properties: {Method: GET, Path: /}}}".to_owned(),
            ": has no `ApiId: !Ref` of an `AWS::Serverless::HttpApi` of this template",
        ),
        (
            "{Get: {Type: HttpApi, Properties: {ApiId: !Ref Pool, Method: GET, Path: /}}}".to_owned(),
            ": has no `ApiId: !Ref` of an `AWS::Serverless::HttpApi` of this template",
        ),
        (
            "{Got: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /}}, \
             Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /}}}"
                .to_owned(),
            ": `GET /` is a route of `Function` already",
        ),
    ] {
        assert_eq!(message(&with_api("{Name: mine}", &events)), format!("{at}{expected}"));
    }
}

#[test]
fn the_api_of_the_enrolment_is_read_with_its_routes() {
    let text = include_str!("../../../../template.yaml");
    let found = api(text);
    let clients = || vec!["localclient000000000000000".to_owned()];
    let routes: Vec<_> = found
        .routes
        .iter()
        .map(|route| {
            (
                route.key.as_str(),
                route.authorizer.as_ref().map(|authorizer| authorizer.audience.clone()),
            )
        })
        .collect();
    let expected = [
        ("GET /enrolment", Some(clients())),
        ("PUT /enrolment", Some(clients())),
        ("DELETE /enrolment", Some(clients())),
        ("POST /enrolment/links", None),
        ("GET /enrolment/link", None),
        ("PUT /enrolment/link", None),
    ];
    assert_eq!(routes, expected);
    assert_eq!(
        (found.cors, found.throttle),
        (None, Some(Throttle { rate: 10, burst: 20 }))
    );

    let parameters = with(&[
        ("EnrolmentClients", "one,two"),
        ("EnrolmentOrigins", "https://a.example,http://localhost:3000"),
    ]);
    let found = parse_with(text, &parameters).http_apis.remove(0);
    let authorizer = found.routes[0].authorizer.as_ref().unwrap();
    assert_eq!(authorizer.audience, ["one", "two"]);
    assert_eq!(
        found.cors.unwrap().origins,
        ["https://a.example", "http://localhost:3000"]
    );
    assert_eq!(parse_with(text, &with(&[("Enrolment", "Disabled")])).http_apis, []);
}
