//! Finds the route of a request.

use percent_encoding::percent_decode_str;
use sam_template::Route;

/// The route for requests that match no other one.
const DEFAULT: &str = "$default";

/// The method of a route for all methods.
const ANY: &str = "ANY";

/// The values of a path's variables, by name.
pub(super) type Parameters = Vec<(String, String)>;

/// The quality of a match: the whole path instead of its beginning, then literal segments, then the method.
type Fit = (bool, usize, bool);

/// Decodes `path` like API Gateway.
pub(super) fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// Returns the route with the best match.
pub(super) fn find<'a>(routes: &'a [Route], method: &str, path: &str) -> Option<(&'a Route, Parameters)> {
    let mut best: Option<(Fit, &Route, Parameters)> = None;
    for route in routes {
        let Some((known, pattern)) = route.key.split_once(' ') else {
            continue;
        };
        if known != ANY && known != method {
            continue;
        }
        if let Some((whole, literals, parameters)) = fit(pattern, path) {
            let fit = (whole, literals, known == method);
            if best.as_ref().is_none_or(|(other, ..)| fit > *other) {
                best = Some((fit, route, parameters));
            }
        }
    }
    let found = best.map(|(_, route, parameters)| (route, parameters));
    found.or_else(|| {
        let default = routes.iter().find(|route| route.key == DEFAULT);
        default.map(|route| (route, Parameters::new()))
    })
}

/// Matches `pattern` with `path`. Returns whether it matches the whole path, its number of literal segments, and the
/// values of its variables, or `None` if it does not match.
fn fit(pattern: &str, path: &str) -> Option<(bool, usize, Parameters)> {
    let mut rest = path.strip_prefix('/')?;
    let mut segments = pattern.strip_prefix('/')?.split('/').peekable();
    let (mut literals, mut parameters) = (0, Parameters::new());
    while let Some(segment) = segments.next() {
        let variable = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        if let Some(name) = variable.and_then(|name| name.strip_suffix('+')) {
            let found = (!rest.is_empty()).then(|| (name.to_owned(), rest.to_owned()))?;
            parameters.push(found);
            return Some((false, literals, parameters));
        }
        let (value, after) = match rest.split_once('/') {
            Some((value, after)) => (value, Some(after)),
            None => (rest, None),
        };
        match variable {
            Some(name) if !value.is_empty() => parameters.push((name.to_owned(), value.to_owned())),
            None if value == segment => literals += 1,
            _ => return None,
        }
        match (segments.peek(), after) {
            (Some(_), Some(after)) => rest = after,
            (None, None) => return Some((true, literals, parameters)),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn routes(keys: &[&str]) -> Vec<Route> {
        let route = |key: &&str| Route {
            key: (*key).to_owned(),
            function: "Function".to_owned(),
            timeout: Duration::from_secs(1),
            authorizer: None,
        };
        keys.iter().map(route).collect()
    }

    fn taken(keys: &[&str], method: &str, path: &str) -> Option<(String, Parameters)> {
        let routes = routes(keys);
        find(&routes, method, path).map(|(route, parameters)| (route.key.clone(), parameters))
    }

    #[test]
    fn the_closest_route_is_taken_whatever_the_order() {
        let keys = [
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "GET /pets/{id}",
            "ANY /pets/dog",
            "GET /pets/dog",
            "GET /",
        ];
        for (method, path, key) in [
            ("GET", "/", "GET /"),
            ("GET", "/pets/dog", "GET /pets/dog"),
            ("PUT", "/pets/dog", "ANY /pets/dog"),
            ("GET", "/pets/cat", "GET /pets/{id}"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
            ("GET", "/pets/", "ANY /{proxy+}"),
            ("PUT", "/pets/cat", "ANY /{proxy+}"),
            ("PUT", "/", "$default"),
        ] {
            let mut order = keys;
            for _ in 0..keys.len() {
                order.rotate_left(1);
                assert_eq!(
                    taken(&order, method, path).unwrap().0,
                    key,
                    "{method} {path} in {order:?}"
                );
            }
        }
    }

    #[test]
    fn a_path_that_is_not_the_same_is_not_taken() {
        for path in [
            "/enrolment/",
            "/Enrolment",
            "/enrolment/link/x",
            "//enrolment",
            "/",
            "/enrolmen",
            "*",
        ] {
            assert_eq!(
                taken(&["GET /enrolment", "GET /enrolment/link"], "GET", path),
                None,
                "{path}"
            );
        }
        assert_eq!(taken(&["GET /enrolment"], "HEAD", "/enrolment"), None);
    }

    #[test]
    fn variables_have_the_decoded_text_of_their_segments() {
        let (_, parameters) = taken(&["GET /a/{b}/{c+}"], "GET", &decoded("/a/%C3%A9%20x/1/2")).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(parameters, [pair("b", "é x"), pair("c", "1/2")]);
        assert_eq!(taken(&["GET /a/{b}"], "GET", "/a/"), None);
    }
}
