//! The members of an object, as byte ranges of its line. serde_json decides what a name or value is and where
//! it ends. No values are built, however deep or long they are.

use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::error::{JsonError, JsonErrorKind};

/// Calls `visit` with the range of each member's name (including its quotes) and value.
pub(super) fn each(
    line: &str,
    start: usize,
    mut visit: impl FnMut(Range<usize>, Range<usize>) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    let mut at = expect(line, start, b'{', "expected an object")?;
    if let Some(end) = take(line, at, b'}') {
        return is_end(line, end);
    }
    loop {
        at = skip_blanks(line, at);
        expect(line, at, b'"', "expected the name of a member")?;
        let name = value(line, at)?;
        at = expect(line, name.end, b':', "expected `:`")?;
        let value = value(line, skip_blanks(line, at))?;
        at = value.end;
        visit(name, value)?;
        if let Some(end) = take(line, at, b'}') {
            return is_end(line, end);
        }
        at = expect(line, at, b',', "expected `,` or `}`")?;
    }
}

/// The range of the value that begins at `at`.
fn value(line: &str, at: usize) -> Result<Range<usize>, JsonError> {
    let rest = line.get(at..).unwrap_or_default();
    let mut values = Deserializer::from_str(rest).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => Ok(at..at + values.byte_offset()),
        Some(Err(error)) => Err(syntax(&error, at)),
        None => Err(JsonErrorKind::Syntax("EOF while parsing an object".into()).at(line.len())),
    }
}

/// serde_json's message without its own position.
fn syntax(error: &serde_json::Error, at: usize) -> JsonError {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or_default();
    JsonErrorKind::Syntax(message.to_owned()).at(at + error.column().saturating_sub(1))
}

/// The position after `byte`, which must come next.
fn expect(line: &str, at: usize, byte: u8, wanted: &str) -> Result<usize, JsonError> {
    take(line, at, byte).ok_or_else(|| {
        let at = skip_blanks(line, at);
        let is_end = at == line.len();
        JsonErrorKind::Syntax(if is_end { "EOF while parsing an object" } else { wanted }.to_owned()).at(at)
    })
}

/// The position after `byte`, if it comes next.
#[inline]
fn take(line: &str, at: usize, byte: u8) -> Option<usize> {
    let at = skip_blanks(line, at);
    (line.as_bytes().get(at) == Some(&byte)).then_some(at + 1)
}

#[inline]
fn skip_blanks(line: &str, from: usize) -> usize {
    let rest = line.as_bytes().get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

fn is_end(line: &str, at: usize) -> Result<(), JsonError> {
    let at = skip_blanks(line, at);
    if at == line.len() { Ok(()) } else { Err(JsonErrorKind::Trailing.at(at)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(line: &str) -> Result<Vec<(&str, &str)>, JsonError> {
        let mut found = Vec::new();
        each(line, 0, |name, value| {
            found.push((&line[name], &line[value]));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn members_are_verbatim() {
        assert_eq!(members("{}").unwrap(), []);
        assert_eq!(members(" { } ").unwrap(), []);
        assert_eq!(
            members(r#"{"a":1,"b" : "x\"y" ,"ü\u00fc":[{"c":[]}, null],"d":-1.5e9,"e":true}"#).unwrap(),
            [
                ("\"a\"", "1"),
                ("\"b\"", r#""x\"y""#),
                (r#""ü\u00fc""#, r#"[{"c":[]}, null]"#),
                ("\"d\"", "-1.5e9"),
                ("\"e\"", "true"),
            ]
        );
    }

    #[test]
    fn errors_have_their_offset() {
        for (line, message, at) in [
            ("", "EOF while parsing an object", 0),
            ("[]", "expected an object", 0),
            ("{", "EOF while parsing an object", 1),
            ("{1:2}", "expected the name of a member", 1),
            ("{\"a\"}", "expected `:`", 4),
            ("{\"a\":}", "expected value", 5),
            ("{\"a\":", "EOF while parsing an object", 5),
            ("{\"a\":1", "EOF while parsing an object", 6),
            ("{\"a\":1 2}", "expected `,` or `}`", 7),
            ("{\"a\":1,}", "expected the name of a member", 7),
            ("{\"a\":01}", "invalid number", 6),
            ("{\"a\":\"b", "EOF while parsing a string", 6),
            ("{\"a\":\"\\x41\"}", "invalid escape", 7),
            ("{\"a\":\"\\u12\"}", "invalid escape", 11),
            ("{\"a\":\"\u{1}\"}", "control character (\\u0000-\\u001F) found while parsing a string", 5),
            ("{\"a\":nul}", "expected ident", 8),
        ] {
            let error = members(line).unwrap_err();
            assert_eq!(error.kind, JsonErrorKind::Syntax(message.into()), "{line}");
            assert_eq!(error.offset, at, "{line}");
        }
        assert_eq!(members("{}{}").unwrap_err(), JsonErrorKind::Trailing.at(2));
    }

    #[test]
    fn deep_nesting_uses_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(members(&deep).unwrap().len(), 1);
        let cut = format!("{{\"a\":{}", "{\"b\":".repeat(100_000));
        assert!(members(&cut).is_err());
    }
}
