//! Responses of servers: list pages and errors.

use std::borrow::Cow;

use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::error::Problem;

/// The maximum length of an error text that is shown, in bytes.
const MAX_ERROR_TEXT: usize = 300;

/// One page of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Page {
    encoding_type: Option<String>,
    pub(crate) next_continuation_token: Option<String>,
    pub(crate) contents: Vec<Content>,
    pub(crate) common_prefixes: Vec<Prefix>,
}

/// An object in the page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Content {
    pub(crate) key: String,
    pub(crate) size: u64,
    #[serde(rename = "ETag")]
    pub(crate) etag: Option<String>,
}

/// A folder in the page.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Prefix {
    pub(crate) prefix: String,
}

impl Page {
    /// The token of the next page; `None` if this is the last one.
    pub(crate) fn next_token(&mut self) -> Option<String> {
        self.next_continuation_token.take().filter(|token| !token.is_empty())
    }

    /// Parses a page; decodes keys that the server encoded.
    pub(crate) fn parse(xml: &[u8]) -> Result<Self, Problem> {
        let wrong = |why: String| Problem::Other(format!("invalid list: {}", truncated(&why)));
        let text = std::str::from_utf8(xml).map_err(|error| wrong(error.to_string()))?;
        let mut page: Page = quick_xml::de::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if page.encoding_type.as_deref() == Some("url") {
            page.contents.iter_mut().for_each(|content| content.key = decoded(&content.key));
            page.common_prefixes.iter_mut().for_each(|folder| folder.prefix = decoded(&folder.prefix));
        }
        Ok(page)
    }
}

/// Form decoding: a plus is a space.
fn decoded(key: &str) -> String {
    let spaces: Cow<'_, str> = if key.contains('+') { key.replace('+', " ").into() } else { key.into() };
    percent_decode_str(&spaces).decode_utf8_lossy().into_owned()
}

/// The body of an error.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ErrorReply {
    code: String,
    message: String,
    region: Option<String>,
}

/// The problem that an unsuccessful response means.
pub(crate) fn problem(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Problem {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let ErrorReply { code, message, region } = quick_xml::de::from_str(text).unwrap_or_default();
    let description = match (code.as_str(), message.as_str()) {
        ("", "") => status.to_string(),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {}", truncated(message)),
    };
    let region = || {
        let header = headers.get("x-amz-bucket-region").and_then(|value| value.to_str().ok());
        region.or_else(|| header.map(str::to_owned)).filter(|region| !region.is_empty())
    };
    match (code.as_str(), status.as_u16()) {
        ("NoSuchBucket", _) => Problem::NoSuchBucket,
        ("NoSuchKey", _) | ("", 404) => Problem::NoSuchKey,
        ("InvalidObjectState", _) => Problem::Archived,
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _)
        | (_, 301) => Problem::WrongRegion(region()),
        (_, 412) | ("ConditionalRequestConflict", _) => Problem::Precondition,
        (
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "InvalidToken"
            | "TokenRefreshRequired"
            | "RequestTimeTooSkewed",
            _,
        )
        | (_, 401) => Problem::NoCredentials(description),
        (_, 403) => Problem::AccessDenied(description),
        _ if code.is_empty() => Problem::Other(description),
        _ => Problem::Other(format!("{description} ({status})")),
    }
}

fn truncated(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_ERROR_TEXT)]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_objects_and_folders_in_any_order() {
        let page = Page::parse(
            b"<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name><IsTruncated>true</IsTruncated>\
              <EncodingType>url</EncodingType><NextContinuationToken>t</NextContinuationToken>\
              <Contents><Key>a%2Fb+c%2B%0A</Key><Size>7</Size><ETag>&quot;e&quot;</ETag></Contents>\
              <CommonPrefixes><Prefix>p%2F</Prefix></CommonPrefixes>\
              <Contents><Key>%C3%A9//</Key><Size>0</Size></Contents></ListBucketResult>",
        )
        .unwrap();
        assert_eq!(page.next_continuation_token.as_deref(), Some("t"));
        let keys: Vec<_> = page.contents.iter().map(|object| (object.key.as_str(), object.size)).collect();
        assert_eq!(keys, [("a/b c+\n", 7), ("é//", 0)]);
        assert_eq!(page.contents[0].etag.as_deref(), Some("\"e\""));
        assert_eq!(page.common_prefixes[0].prefix, "p/");
        let plain = Page::parse(
            b"<ListBucketResult><Contents><Key>a%2F+</Key><Size>1</Size></Contents></ListBucketResult>",
        );
        assert_eq!(plain.unwrap().contents[0].key, "a%2F+");
        assert!(Page::parse(b"<html>").is_err());
    }

    #[test]
    fn errors_have_plain_messages() {
        let of = |status: u16, body: &str| {
            problem(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
        };
        let error = |code: &str| format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
        for (status, body, wanted) in [
            (404, error("NoSuchBucket"), Problem::NoSuchBucket),
            (404, error("NoSuchKey"), Problem::NoSuchKey),
            (404, String::new(), Problem::NoSuchKey),
            (403, error("InvalidObjectState"), Problem::Archived),
            (403, error("AccessDenied"), Problem::AccessDenied("AccessDenied: m".into())),
            (403, String::new(), Problem::AccessDenied("403 Forbidden".into())),
            (400, error("ExpiredToken"), Problem::NoCredentials("ExpiredToken: m".into())),
            (412, error("PreconditionFailed"), Problem::Precondition),
            (301, error("PermanentRedirect"), Problem::WrongRegion(None)),
            (503, error("SlowDown"), Problem::Other("SlowDown: m (503 Service Unavailable)".into())),
            (500, "<html>".into(), Problem::Other("500 Internal Server Error".into())),
        ] {
            assert_eq!(of(status, &body), wanted, "{status} {body}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-bucket-region", "eu-west-1".parse().unwrap());
        let text = problem(StatusCode::MOVED_PERMANENTLY, &headers, b"").to_string();
        assert!(text.contains("AWS_REGION=eu-west-1"), "{text}");
    }
}
