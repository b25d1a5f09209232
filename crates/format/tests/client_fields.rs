//! Any bytes in every field that a client controls: no other field is wrong without a mark.
//!
//! A request is generated, its line is written as S3 writes it, without escaping, and parsed. If any field
//! differs from the request, the row must be marked as ambiguous or misaligned. SECURITY.md states the
//! remaining exceptions, which are excluded here by name.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::line_builder::{LineBuilder, NullStyle};
use common::{HOST_ID, OWNER, Row, config, read};
use proptest::prelude::*;
use saltmine_format::{Anomalies, Field};

/// Another host id: the one a client forges.
const FORGED: &str = "Rm9yZ2VkIGhvc3QgaWQgdGhhdCBpcyBsb25nIGVub3VnaCB0byBwYXNzIGZvciBhIHJlYWwgb25l";

/// Pieces of lines, used to build text from a client.
const PIECES: [&str; 46] = [
    "\"",
    "\"",
    " ",
    " ",
    "-",
    "-",
    "\" \"",
    "\" ",
    " \"",
    " - ",
    " -",
    "- ",
    "x",
    "/",
    "\r",
    "\0",
    "é",
    "\\",
    "GET /x HTTP/1.1",
    " HTTP/1.1",
    " HTTP/1.1\"",
    "\"GET /x HTTP/1.1\"",
    " 200 - 1 2 3 4 ",
    " 200 - 1 2 3 4",
    "\" 200 - 1 2 3 4 \"",
    "\" 200 - 1 2 3 4 - ",
    "\" 200 - 1 2 3 4 - - ",
    " - 200 - 1 2 3 4",
    " - - - - - - ",
    "\" - ",
    " SigV4",
    " SigV2 RC4-MD5 QueryString evil.example",
    " SigV4 - AuthHeader evil.example",
    " - - - evil.example",
    " TLSv1.3",
    " TLSv1.2 - -",
    " TLSv1.2 - - us-east-1",
    " - - us-east-1",
    " arn:aws:s3:us-east-1:111122223333:accesspoint/x",
    " Yes",
    " us-east-1",
    "v ",
    "{{ key }}",
    "HOST",
    "v HOST SigV4 C AuthHeader evil.example TLSv1.2 - - us-east-1",
    "a\" v HOST SigV2 RC4-MD5 QueryString evil.example",
];

/// Text from a client: pieces, or any bytes except a line feed. A single `-` means null, and an empty text is
/// not sent.
fn client_text() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::collection::vec(prop::sample::select(&PIECES[..]), 1..7)
        .prop_map(|pieces| pieces.concat().replace("HOST", FORGED).into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 1..24)
        .prop_map(|text| text.into_iter().map(|byte| if byte == b'\n' { b' ' } else { byte }).collect());
    prop_oneof![9 => pieces, 1 => bytes].prop_filter("a dash is null", |text: &Vec<u8>| text != b"-")
}

/// Text from a client that HTTP and S3 allow in one word.
fn word() -> impl Strategy<Value = Vec<u8>> {
    "[a-z0-9/%+._-]{1,20}".prop_map(String::into_bytes).prop_filter("a dash is null", |text| text != b"-")
}

/// A request as S3 sees it.
#[derive(Clone, Debug)]
struct Request {
    fields: usize,
    time: i64,
    status: i64,
    error: bool,
    /// Signed, and sent over TLS. Lines without a TLS version come from requests without TLS.
    signed: bool,
    tls: bool,
    region: Option<&'static str>,
    number: Option<i64>,
    bare: bool,
    key: Vec<u8>,
    uri: Vec<u8>,
    referer: Option<Vec<u8>>,
    agent: Option<Vec<u8>>,
    version_id: Option<Vec<u8>>,
    host: Vec<u8>,
}

/// The number of fields in lines over time: one time for each year with a change.
const AGES: [(usize, i64); 10] = [
    (18, 1_400_000_000), // May 2014
    (18, 1_540_000_000), // October 2018
    (23, 1_554_000_000), // March 2019
    (23, 1_570_000_000), // October 2019
    (24, 1_560_000_000), // June 2019
    (24, 1_600_000_000), // September 2020
    (25, 1_640_000_000), // December 2021
    (25, 1_715_000_000), // May 2024, long after most lines had 26
    (26, 1_700_000_000), // November 2023
    (27, 1_780_000_000), // May 2026
];

/// A request without tampering.
fn request() -> impl Strategy<Value = Request> {
    let head = (
        prop::sample::select(&AGES[..]),
        prop::sample::select(vec![200_i64, 206, 304, 403, 404, 501]),
        any::<[bool; 4]>(),
        prop::option::of(prop::sample::select(vec!["eu-west-1", "us-gov-west-1"])),
        prop::option::of(0..1_i64 << 40),
    );
    let text = (
        word(),
        word(),
        prop::option::of("[a-z:/. ]{1,20}".prop_map(String::into_bytes)),
        prop::option::of("[A-Za-z0-9/. ();]{1,20}".prop_map(String::into_bytes)),
        prop::option::of("[A-Za-z0-9._]{32}".prop_map(String::into_bytes)),
        "[a-z-]{3,12}\\.s3\\.(eu-west-1\\.)?amazonaws\\.com(:443)?".prop_map(String::into_bytes),
    );
    (head, text).prop_map(|(head, text)| {
        let ((fields, time), status, [error, signed, tls, bare], region, number) = head;
        let (key, target, referer, agent, version_id, host) = text;
        let uri = [&b"GET /"[..], &target, b" HTTP/1.1"].concat();
        let tls = tls && fields != 23;
        Request {
            fields,
            time,
            status,
            error,
            signed,
            tls,
            region,
            number,
            bare,
            key,
            uri,
            referer,
            agent,
            version_id,
            host,
        }
    })
}

impl Request {
    fn line(&self) -> LineBuilder<'_> {
        let mut line = LineBuilder::new();
        line.set(Field::BucketOwner, OWNER)
            .set(Field::Bucket, "photos")
            .set_time(self.time)
            .set(Field::RemoteIp, "198.51.100.7")
            .set(Field::RequestId, "4ZXEXAMPLE")
            .set(Field::Operation, "REST.GET.OBJECT")
            .set(Field::Key, &self.key)
            .set(Field::RequestUri, &self.uri)
            .set_number(Field::HttpStatus, self.status)
            .set(Field::HostId, HOST_ID)
            .set(Field::HostHeader, &self.host);
        if self.error {
            line.set(Field::ErrorCode, "AccessDenied");
        }
        if self.signed {
            line.set(Field::Requester, "arn:aws:iam::111122223333:user/ann")
                .set(Field::SignatureVersion, "SigV4")
                .set(Field::AuthenticationType, "AuthHeader");
        }
        if self.tls {
            line.set(Field::CipherSuite, "ECDHE-RSA-AES128-GCM-SHA256").set(Field::TlsVersion, "TLSv1.2");
        }
        if let Some(region) = self.region {
            line.set(Field::SourceRegion, region);
        }
        if let Some(number) = self.number {
            line.set_number(Field::BytesSent, number).set_number(Field::TotalTime, number / 7);
        }
        for (field, value) in [
            (Field::Referer, &self.referer),
            (Field::UserAgent, &self.agent),
            (Field::VersionId, &self.version_id),
        ] {
            if let Some(value) = value {
                line.set(field, value);
            }
        }
        if self.bare {
            line.null_style(Field::Referer, NullStyle::Bare);
        }
        line.fields(self.fields);
        line
    }

    /// Writes the line, parses it, and compares. A field may be wrong only if the row is marked.
    fn check(&self) {
        let line = self.line();
        let mut text = line.to_bytes();
        // The line ending takes one carriage return with it, and the line reader marks what may have belonged
        // to a field.
        let is_cut = text.last() == Some(&b'\r');
        if is_cut {
            text.pop();
        }
        let row = read(&text).unwrap();
        let is_marked = row.has(Anomalies::AMBIGUOUS_QUOTES) || row.has(Anomalies::MISALIGNED);
        if is_marked || is_cut {
            return;
        }
        let wrong = |field: &&Field| {
            let wanted = line.get(**field).filter(|_| field.index() < self.fields);
            row.get(**field) != wanted
        };
        let wrong: Vec<&Field> =
            Field::ALL.iter().filter(wrong).filter(|field| !self.is_excused(**field, &row)).collect();
        assert!(wrong.is_empty(), "{wrong:?}\n{}\n{row:?}", text.escape_ascii());
        assert_eq!(row.extra.is_some(), row.has(Anomalies::EXTRA_FIELDS), "{}\n{row:?}", text.escape_ascii());
        assert_eq!(row.request_time, self.time);
    }

    /// The exceptions in SECURITY.md. They all concern the client's own text, except for version ids that
    /// contain a complete tail in the weeks before tails were written.
    fn is_excused(&self, field: Field, row: &Row) -> bool {
        // A version id with a quote and a space: the text before the last space goes to the user agent.
        let is_of_agent = matches!(field, Field::VersionId | Field::UserAgent | Field::Referer)
            && self.version_id.as_ref().is_some_and(|text| text.contains(&b'"'));
        // A host header that ends in ` -`, without TLS: the dashes are read as null fields.
        let is_of_host = field == Field::HostHeader
            && self.host.ends_with(b" -")
            && self
                .host
                .strip_prefix(row.get(field).unwrap_or(b"-"))
                .is_some_and(|end| end.chunks(2).all(|pair| pair == b" -"));
        // During the 2019 roll-out, a second word before the host id goes to `extra`.
        let is_of_token =
            field == Field::VersionId && self.time < 1_556_668_800 && row.has(Anomalies::EXTRA_FIELDS);
        is_of_agent || is_of_host || is_of_token
    }
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn a_plain_request_is_parsed_completely(request in request()) {
        let row = read(&request.line().to_bytes()).unwrap();
        prop_assert!(row.anomalies.is_empty(), "{}\n{row:?}", request.line().to_bytes().escape_ascii());
        request.check();
    }

    #[test]
    fn any_key(request in request(), key in client_text()) {
        Request { key, ..request }.check();
    }

    #[test]
    fn any_request_uri(request in request(), uri in client_text()) {
        Request { uri, ..request }.check();
    }

    #[test]
    fn any_referer_and_agent(
        request in request(), referer in client_text(), agent in prop::option::of(client_text())
    ) {
        Request { referer: Some(referer), agent, ..request }.check();
    }

    #[test]
    fn any_host_header(request in request(), host in client_text()) {
        Request { host, ..request }.check();
    }

    #[test]
    fn any_version_id(request in request(), version_id in client_text()) {
        Request { version_id: Some(version_id), ..request }.check();
    }

    #[test]
    fn all_client_fields_at_once(
        request in request(),
        key in client_text(),
        uri in client_text(),
        referer in prop::option::of(client_text()),
        agent in prop::option::of(client_text()),
        version_id in prop::option::of(client_text()),
        host in client_text(),
    ) {
        Request { key, uri, referer, agent, version_id, host, ..request }.check();
    }
}
