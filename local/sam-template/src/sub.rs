//! The text of `Fn::Sub`.

/// A piece of the text of `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Literal(&'a str),
    /// `${Name}` or `${Name.Attribute}`.
    Variable(&'a str),
}

/// Splits the text. Returns `None` if a `${` is not closed.
pub(super) fn parts(mut text: &str) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    while let Some((before, rest)) = text.split_once("${") {
        let (name, after) = rest.split_once('}')?;
        parts.push(Part::Literal(before));
        match name.strip_prefix('!') {
            // `${!Name}` is the text `${Name}`.
            Some(kept) => parts.extend([Part::Literal("${"), Part::Literal(kept), Part::Literal("}")]),
            None => parts.push(Part::Variable(name.trim())),
        }
        text = after;
    }
    parts.push(Part::Literal(text));
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_variables_is_one_literal() {
        assert_eq!(parts("a $ b } c"), Some(vec![Part::Literal("a $ b } c")]));
    }

    #[test]
    fn variables_stand_between_literals() {
        let expected = vec![Part::Literal("a-"), Part::Variable("B.Arn"), Part::Literal("/*")];
        assert_eq!(parts("a-${B.Arn}/*"), Some(expected));
    }

    #[test]
    fn an_exclamation_mark_keeps_the_text() {
        let text: Option<String> = parts("${!NotAVariable}").map(|parts| {
            parts
                .iter()
                .map(|part| match part {
                    Part::Literal(text) | Part::Variable(text) => *text,
                })
                .collect()
        });
        assert_eq!(text.as_deref(), Some("${NotAVariable}"));
    }

    #[test]
    fn a_variable_needs_its_brace() {
        assert_eq!(parts("a ${B"), None);
    }
}
