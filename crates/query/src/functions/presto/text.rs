//! URLs and regular expressions.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::{Result, exec_err};
use percent_encoding::percent_decode_str;
use regex::{Regex, RegexBuilder};
use url::Url;

use super::typed_function::{Kind, TypedFunction};

/// All functions.
pub(super) const FUNCTIONS: [TypedFunction; 8] = [
    TypedFunction {
        name: "url_decode",
        arguments: &[("text", Kind::Text)],
        optional: 0,
        returns: Kind::Text,
        help: (
            "Decodes percent-encoded text once; + is a space. As in Presto, except that invalid escapes are kept and \
             invalid UTF-8 becomes U+FFFD, which are errors in Presto. object_key decodes keys as often as the \
             operation requires",
            "url_decode(key)",
        ),
        body: |args, rows, _| each(args, rows, |args| Some(decode(args[0]))),
        simplify: None,
    },
    TypedFunction {
        name: "url_extract_protocol",
        arguments: &[("url", Kind::Text)],
        optional: 0,
        returns: Kind::Text,
        help: ("The scheme of a URL; null if it is not a URL", "url_extract_protocol(referer)"),
        body: |args, rows, _| each(args, rows, |args| Some(parse(args[0])?.scheme().to_owned())),
        simplify: None,
    },
    TypedFunction {
        name: "url_extract_host",
        arguments: &[("url", Kind::Text)],
        optional: 0,
        returns: Kind::Text,
        help: ("The host of a URL, in lower case; null if it is not a URL", "url_extract_host(referer)"),
        body: |args, rows, _| each(args, rows, |args| Some(parse(args[0])?.host_str()?.to_owned())),
        simplify: None,
    },
    TypedFunction {
        name: "url_extract_path",
        arguments: &[("url", Kind::Text)],
        optional: 0,
        returns: Kind::Text,
        help: (
            "The path of a URL, decoded; null if it is not a URL. As in Presto, except that an empty path is /",
            "url_extract_path(referer)",
        ),
        body: |args, rows, _| {
            each(args, rows, |args| {
                Some(percent_decode_str(parse(args[0])?.path()).decode_utf8_lossy().into_owned())
            })
        },
        simplify: None,
    },
    TypedFunction {
        name: "url_extract_query",
        arguments: &[("url", Kind::Text)],
        optional: 0,
        returns: Kind::Text,
        help: (
            "The query string of a URL, as it was sent; null if it is not a URL",
            "url_extract_query(referer)",
        ),
        body: |args, rows, _| each(args, rows, |args| Some(parse(args[0])?.query()?.to_owned())),
        simplify: None,
    },
    TypedFunction {
        name: "url_extract_parameter",
        arguments: &[("url", Kind::Text), ("name", Kind::Text)],
        optional: 0,
        returns: Kind::Text,
        help: (
            "The first value of a parameter of a URL, decoded; null if it is missing. For request lines, use \
             uri_param",
            "url_extract_parameter(referer, 'q')",
        ),
        body: |args, rows, _| {
            each(args, rows, |args| {
                let url = parse(args[0])?;
                let (_, value) = url.query_pairs().find(|(name, _)| name == args[1])?;
                Some(value.into_owned())
            })
        },
        simplify: None,
    },
    TypedFunction {
        name: "regexp_extract",
        arguments: &[("text", Kind::Text), ("pattern", Kind::Text), ("group", Kind::Integer)],
        optional: 1,
        returns: Kind::Text,
        help: (
            "The first match of a regular expression, or of a group in it; null if there is none. As in Presto, but in \
             the syntax of Rust's regex crate, which has no look-around and no back-references",
            "regexp_extract(request_uri, 'prefix=([^& ]*)', 1)",
        ),
        body: |args, rows, _| regexp_extract(args, rows),
        simplify: None,
    },
    TypedFunction {
        name: "url_encode",
        arguments: &[("text", Kind::Text)],
        optional: 0,
        returns: Kind::Text,
        help: ("Text, percent-encoded as in a form: a space is +. As in Presto", "url_encode('a b/c')"),
        body: |args, rows, _| {
            each(args, rows, |args| Some(url::form_urlencoded::byte_serialize(args[0].as_bytes()).collect()))
        },
        simplify: None,
    },
];

/// Applies a text function to each row without null arguments.
fn each(args: &[ArrayRef], rows: usize, body: fn(&[&str]) -> Option<String>) -> Result<ArrayRef> {
    let columns: Vec<_> = args.iter().map(|column| column.as_string_view()).collect();
    let mut texts = StringViewBuilder::with_capacity(rows);
    let mut values: Vec<&str> = Vec::with_capacity(columns.len());
    for row in 0..rows {
        values.clear();
        values.extend(columns.iter().filter(|column| column.is_valid(row)).map(|column| column.value(row)));
        texts.append_option(if values.len() == columns.len() { body(&values) } else { None });
    }
    Ok(Arc::new(texts.finish()))
}

/// Parses a URL, possibly in quotes as in the columns of `athena.s3_access_logs`.
fn parse(text: &str) -> Option<Url> {
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    Url::parse(bare).ok()
}

fn decode(text: &str) -> String {
    let spaced: Cow<'_, str> =
        if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// Maximum bytes of a compiled regular expression, so that a query cannot take all memory.
const EXPRESSION_LIMIT: usize = 1 << 24;

fn regexp_extract(args: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    let (texts, patterns) = (args[0].as_string_view(), args[1].as_string_view());
    let groups = args.get(2).map(|groups| groups.as_primitive::<Int64Type>());
    let mut known: Option<(String, Regex)> = None;
    let mut found = StringViewBuilder::with_capacity(rows);
    for row in 0..rows {
        if texts.is_null(row) || patterns.is_null(row) || groups.is_some_and(|groups| groups.is_null(row)) {
            found.append_null();
            continue;
        }
        let pattern = patterns.value(row);
        let (_, expression) = match known.take().filter(|(last, _)| last == pattern) {
            Some(same) => known.insert(same),
            None => known.insert((pattern.to_owned(), compile(pattern)?)),
        };
        let group = groups.map_or(0, |groups| groups.value(row));
        let Some(index) = usize::try_from(group).ok().filter(|index| *index < expression.captures_len())
        else {
            return exec_err!("regexp_extract: {pattern:?} has no group {group}");
        };
        let text = texts.value(row);
        found.append_option(
            expression.captures(text).and_then(|captures| captures.get(index)).map(|m| m.as_str()),
        );
    }
    Ok(Arc::new(found.finish()))
}

fn compile(pattern: &str) -> Result<Regex> {
    match RegexBuilder::new(pattern).size_limit(EXPRESSION_LIMIT).build() {
        Ok(expression) => Ok(expression),
        Err(problem) => exec_err!("regexp_extract: {problem}"),
    }
}
