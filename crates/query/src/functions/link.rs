//! Destinations of copies, and lifetimes of presigned URLs.

use std::borrow::Cow;

use chrono::DateTime;
use saltmine_format::RequestLine;

use super::scalar::{Body, TextFunction};

/// All functions.
pub(super) const FUNCTIONS: [TextFunction; 2] = [
    TextFunction {
        name: "destination_bucket",
        arguments: &["host_header", "request_uri"],
        help: (
            "The bucket that a request went to, from its host, or from its path if the host names no bucket. In the row \
             of a copy's source this is the destination, even if that bucket is not in these logs. Null for access \
             points and hosts outside S3",
            "destination_bucket(host_header, request_uri)",
        ),
        null_is: Some("-"),
        body: Body::Text(|args| destination(args[0], args[1])),
    },
    TextFunction {
        name: "presigned_lifetime",
        arguments: &["request_uri", "request_time"],
        help: (
            "The lifetime of a presigned URL in seconds: as signed (version 4), or at least from the time of the \
             request (version 2, which does not record when it was signed); null if it is not presigned",
            "presigned_lifetime(request_uri, request_time)",
        ),
        null_is: None,
        body: Body::Integer(|args| lifetime(args[0], args[1])),
    },
];

fn destination<'a>(host: &'a str, uri: &'a str) -> Option<Cow<'a, str>> {
    let host = host.split(':').next().unwrap_or(host);
    let labels: Vec<&str> = host.split('.').collect();
    let at = labels.iter().rposition(|label| *label == "s3" || label.starts_with("s3-"))?;
    if labels[at].starts_with("s3-accesspoint") || labels[at].starts_with("s3-object-lambda") {
        return None;
    }
    let mut names = &labels[..at];
    // `BUCKET.bucket.vpce-ID.s3.REGION.vpce.amazonaws.com`
    if names.last().is_some_and(|label| label.starts_with("vpce-")) {
        names = &names[..names.len() - 1];
        names = names.strip_suffix(&["bucket"]).unwrap_or(names);
    }
    match names {
        [] => {
            let path = std::str::from_utf8(RequestLine::parse(uri.as_bytes()).path).ok()?;
            let bucket = path.strip_prefix('/')?.split('/').next()?;
            (!bucket.is_empty()).then_some(Cow::Borrowed(bucket))
        }
        [name] => Some(Cow::Borrowed(*name)),
        names => Some(Cow::Owned(names.join("."))),
    }
}

fn lifetime(uri: &str, time: &str) -> Option<i64> {
    let line = RequestLine::parse(uri.as_bytes());
    let end = line.presigned_expires()?;
    if let Some(seconds) = line.param("X-Amz-Expires") {
        return std::str::from_utf8(&seconds).ok()?.parse().ok();
    }
    let time = DateTime::parse_from_rfc3339(time).ok()?;
    end.checked_sub(time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_names_the_bucket() {
        for (host, uri, expected) in [
            ("stage.s3.us-west-2.amazonaws.com", "-", Some("stage")),
            ("stage.s3-us-west-2.amazonaws.com", "-", Some("stage")),
            ("a.b.s3.amazonaws.com:443", "-", Some("a.b")),
            ("my.s3.files.s3.dualstack.eu-west-1.amazonaws.com", "-", Some("my.s3.files")),
            ("stage.bucket.vpce-1a2b-3c.s3.us-east-1.vpce.amazonaws.com", "-", Some("stage")),
            ("s3.us-west-2.amazonaws.com", "PUT /stage/key HTTP/1.1", Some("stage")),
            ("s3.us-west-2.amazonaws.com", "-", None),
            ("point-111122223333.s3-accesspoint.us-west-2.amazonaws.com", "-", None),
            ("files.example.org", "PUT /a/b HTTP/1.1", None),
            ("-", "-", None),
        ] {
            assert_eq!(destination(host, uri).as_deref(), expected, "{host}");
        }
    }

    #[test]
    fn links_of_both_versions_live_for_a_time() {
        let fourth = "GET /k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20260501%2Fus-east-1%2Fs3%2F\
             aws4_request&X-Amz-Date=20260501T100000Z&X-Amz-Expires=60&X-Amz-Signature=x HTTP/1.1";
        assert_eq!(lifetime(fourth, "2026-05-01T10:00:30Z"), Some(60));
        let second = "GET /k?AWSAccessKeyId=AKIAEXAMPLE&Expires=1777629700&Signature=x HTTP/1.1";
        assert_eq!(lifetime(second, "2026-05-01T10:00:00Z"), Some(1_777_629_700 - 1_777_629_600));
        assert_eq!(lifetime("GET /k HTTP/1.1", "2026-05-01T10:00:00Z"), None);
    }
}
