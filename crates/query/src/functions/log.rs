//! Functions of log fields: keys, request lines, requesters, operations, TLS versions.

use std::borrow::Cow;

use saltmine_format::operation::{OperationClass, api_name};
use saltmine_format::{Principal, PrincipalKind, RequestLine, escape_invalid_utf8, object_key_text};

use super::scalar::{Body, TextFunction};

/// All functions.
pub(super) const FUNCTIONS: [TextFunction; 16] = [
    TextFunction {
        name: "object_key",
        arguments: &["key", "operation"],
        help: (
            "The object key: the logged key, decoded as often as the operation encodes it. Bytes that are not UTF-8 \
             become \\xHH",
            "object_key(key, operation)",
        ),
        null_is: None,
        body: Body::Text(|args| Some(object_key_text(args[0].as_bytes(), args[1].as_bytes()))),
    },
    TextFunction {
        name: "uri_method",
        arguments: &["request_uri"],
        help: ("The HTTP method of a request line", "uri_method(request_uri)"),
        null_is: None,
        body: Body::Text(|args| text(RequestLine::parse(args[0].as_bytes()).method)),
    },
    TextFunction {
        name: "uri_path",
        arguments: &["request_uri"],
        help: ("The path of a request line, percent-encoded as it was sent", "uri_path(request_uri)"),
        null_is: None,
        body: Body::Text(|args| text(RequestLine::parse(args[0].as_bytes()).path)),
    },
    TextFunction {
        name: "uri_query",
        arguments: &["request_uri"],
        help: ("The query string of a request line; null if there is none", "uri_query(request_uri)"),
        null_is: None,
        body: Body::Text(|args| text(RequestLine::parse(args[0].as_bytes()).query?)),
    },
    TextFunction {
        name: "uri_param",
        arguments: &["request_uri", "name"],
        help: (
            "The first value of a query parameter, decoded; names are case-insensitive; null if it is missing",
            "uri_param(request_uri, 'X-Amz-Expires')",
        ),
        null_is: None,
        body: Body::Text(|args| {
            let value = RequestLine::parse(args[0].as_bytes()).param(args[1])?;
            Some(Cow::Owned(escape_invalid_utf8(value).into_owned()))
        }),
    },
    TextFunction {
        name: "presigned_expires",
        arguments: &["request_uri"],
        help: (
            "When a presigned URL expires, from its own parameters; null if it is not presigned",
            "presigned_expires(request_uri)",
        ),
        null_is: None,
        body: Body::Time(|args| {
            RequestLine::parse(args[0].as_bytes()).presigned_expires()?.checked_mul(1_000_000)
        }),
    },
    TextFunction {
        name: "access_key_id",
        arguments: &["request_uri"],
        help: ("The access key id that signed a presigned URL", "access_key_id(request_uri)"),
        null_is: None,
        body: Body::Text(|args| {
            let id = RequestLine::parse(args[0].as_bytes()).access_key_id()?;
            Some(Cow::Owned(escape_invalid_utf8(id).into_owned()))
        }),
    },
    TextFunction {
        name: "principal_type",
        arguments: &["requester"],
        help: (
            "The kind of principal: anonymous, iam_user, assumed_role, service and so on; a null requester is \
             anonymous",
            "principal_type(requester)",
        ),
        null_is: Some("-"),
        body: Body::Text(|args| Some(Cow::Borrowed(Principal::parse(args[0]).kind.as_str()))),
    },
    TextFunction {
        name: "account_id",
        arguments: &["requester"],
        help: ("The AWS account of a requester's ARN", "account_id(requester)"),
        null_is: None,
        body: Body::Text(|args| {
            let account = Principal::parse(args[0]).account;
            // Under redaction, a pseudonym takes its place.
            account.or_else(|| crate::redact::account_pseudonym(args[0])).map(Cow::Borrowed)
        }),
    },
    TextFunction {
        name: "role_name",
        arguments: &["requester"],
        help: ("The role of an assumed-role session or role ARN", "role_name(requester)"),
        null_is: None,
        body: Body::Text(|args| Principal::parse(args[0]).role.map(Cow::Borrowed)),
    },
    TextFunction {
        name: "session_name",
        arguments: &["requester"],
        help: ("The session name of an assumed role", "session_name(requester)"),
        null_is: None,
        body: Body::Text(|args| Principal::parse(args[0]).session.map(Cow::Borrowed)),
    },
    TextFunction {
        name: "is_anonymous",
        arguments: &["requester"],
        help: ("Whether the request was not signed", "is_anonymous(requester)"),
        null_is: Some("-"),
        body: Body::Truth(|args| Ok(Some(Principal::parse(args[0]).kind == PrincipalKind::Anonymous))),
    },
    TextFunction {
        name: "api_name",
        arguments: &["operation", "key"],
        help: (
            "The S3 API call behind an operation, as CloudTrail names it; null if there is none",
            "api_name(operation, key)",
        ),
        null_is: Some("-"),
        body: Body::Text(|args| api_name(args[0].as_bytes(), args[1] != "-").map(Cow::Borrowed)),
    },
    TextFunction {
        name: "operation_class",
        arguments: &["operation"],
        help: (
            "Whether an operation reads, lists, writes, deletes or changes settings",
            "operation_class(operation)",
        ),
        null_is: None,
        body: Body::Text(|args| {
            Some(Cow::Borrowed(OperationClass::from_operation(args[0].as_bytes()).as_str()))
        }),
    },
    TextFunction {
        name: "tls_rank",
        arguments: &["tls_version"],
        help: (
            "The TLS version as a comparable number: 10 for TLSv1, then 11, 12, 13; 0 for SSL; null for plain HTTP",
            "tls_rank(tls_version) < 12",
        ),
        null_is: None,
        body: Body::Integer(|args| tls_rank(args[0])),
    },
    TextFunction {
        name: "log_file_time",
        arguments: &["log_file"],
        help: (
            "When S3 delivered a log file, from its name; null if S3 did not choose the name",
            "log_file_time(log_file)",
        ),
        null_is: None,
        body: Body::Time(|args| saltmine_scan::LogObjectName::new(args[0]).time()),
    },
];

/// Part of a text that was split at ASCII characters.
fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
}

fn tls_rank(version: &str) -> Option<i64> {
    let lower = version.to_ascii_lowercase();
    if lower.starts_with("ssl") {
        return Some(0);
    }
    let number = lower.strip_prefix("tlsv")?;
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some(
        major.parse::<u8>().ok().map(i64::from)? * 10
            + minor.parse::<u8>().ok().filter(|minor| *minor < 10).map(i64::from)?,
    )
}

#[cfg(test)]
mod tests {
    use super::tls_rank;

    #[test]
    fn tls_versions_have_an_order() {
        let ranks: Vec<_> =
            ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSV1.2", "TLSv1.3"].map(tls_rank).into();
        assert_eq!(ranks, [Some(0), Some(10), Some(11), Some(12), Some(12), Some(13)]);
        assert_eq!(
            (tls_rank("-"), tls_rank(""), tls_rank("TLSv1.x"), tls_rank("TLSv999999")),
            (None, None, None, None)
        );
    }
}
