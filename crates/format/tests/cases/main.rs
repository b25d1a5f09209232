//! Lines from every version of the format and with every trap of the format, each with the value of every
//! field. Each line is parsed in all available ways.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod ages;
mod broken;
mod client_text;
mod heads;
mod nulls;
mod quotes;
mod readings;

use common::{HOST_ID, OWNER, read};
use saltmine_format::Field::{self, *};
use saltmine_format::{LineErrorKind, Record};

/// Asserts the result for a line. Fields that are not in `want` must be null; a want of `-` also means null.
#[track_caller]
fn check(name: &str, line: &[u8], want: &[(Field, &str)], extra: Option<&str>, anomalies: &str) {
    let row = read(line).unwrap_or_else(|error| panic!("{name}: {error}"));
    for field in Field::ALL {
        let wanted = want.iter().rev().find(|(f, _)| *f == field).map(|(_, value)| *value);
        let wanted = wanted.filter(|value| *value != "-").map(str::as_bytes);
        assert_eq!(
            row.get(field).map(|v| v.escape_ascii().to_string()),
            wanted.map(|v| v.escape_ascii().to_string()),
            "{name}: {}\n{row:?}",
            field.name()
        );
    }
    assert_eq!(row.extra.as_deref(), extra.map(str::as_bytes), "{name}: extra");
    assert_eq!(row.anomalies.to_string(), anomalies, "{name}: anomalies");
}

/// Like [`check`], for a line that the fast path must accept.
#[track_caller]
fn check_common(name: &str, line: &str, want: &[(Field, &str)]) {
    check(name, line.as_bytes(), want, None, "");
    assert!(Record::parse_by_fast_path(line.as_bytes()).is_some(), "{name}: not by the fast path");
}

/// The first eight fields of lines below whose head does not matter.
const HEAD: &str =
    "b6e0f1 photos [01/May/2026:10:20:30 +0000] 192.0.2.44 - 7QK3EXAMPLE REST.GET.OBJECT a/b.txt";
const HEAD_VALUES: [(Field, &str); 7] = [
    (BucketOwner, "b6e0f1"),
    (Bucket, "photos"),
    (RequestTime, "01/May/2026:10:20:30 +0000"),
    (RemoteIp, "192.0.2.44"),
    (RequestId, "7QK3EXAMPLE"),
    (Operation, "REST.GET.OBJECT"),
    (Key, "a/b.txt"),
];

/// The text after the user agent in lines below whose tail does not matter.
fn tail() -> String {
    format!(
        "- {HOST_ID} SigV4 TLS_AES_128_GCM_SHA256 AuthHeader photos.s3.eu-west-1.amazonaws.com TLSv1.3 - Yes eu-west-1"
    )
}
const TAIL_VALUES: [(Field, &str); 8] = [
    (HostId, HOST_ID),
    (SignatureVersion, "SigV4"),
    (CipherSuite, "TLS_AES_128_GCM_SHA256"),
    (AuthenticationType, "AuthHeader"),
    (HostHeader, "photos.s3.eu-west-1.amazonaws.com"),
    (TlsVersion, "TLSv1.3"),
    (AclRequired, "Yes"),
    (SourceRegion, "eu-west-1"),
];

/// The text between key and referer, and its values.
const OUTCOME: &str = r#""GET /a/b.txt HTTP/1.1" 200 - 10 20 5 4"#;
const OUTCOME_VALUES: [(Field, &str); 6] = [
    (RequestUri, "GET /a/b.txt HTTP/1.1"),
    (HttpStatus, "200"),
    (BytesSent, "10"),
    (ObjectSize, "20"),
    (TotalTime, "5"),
    (TurnAroundTime, "4"),
];

/// The values of a line of `HEAD`, `OUTCOME`, `own` and the tail.
fn with<'a>(own: &[(Field, &'a str)]) -> Vec<(Field, &'a str)> {
    [&HEAD_VALUES[..], &OUTCOME_VALUES, own, &TAIL_VALUES].concat()
}

/// The line with these quoted fields (and the text around them), as written.
fn line_with(agents: &str) -> String {
    format!("{HEAD} {OUTCOME} {agents} {}", tail())
}
