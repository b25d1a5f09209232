//! The sender of a request chooses its target, referer, user agent and host. None of these may change another
//! column: attacks are built from pieces of real lines, and every column that the attacker does not control
//! must be correct.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::line_builder::{LineBuilder, NullStyle};
use common::{HOST_ID, OWNER, Row, config, read};
use proptest::prelude::*;
use saltmine_format::{Anomalies, Field};

/// Pieces of a line that an attacker uses. Most of them end a field, or look like what follows a field.
const PIECES: [&str; 34] = [
    "\"",
    "\"\"",
    "\" ",
    " \"",
    "\" \"",
    "\" - ",
    " - ",
    "-",
    " ",
    "\\\"",
    "x",
    "HTTP/1.1",
    " HTTP/1.1\"",
    "GET /x HTTP/1.1",
    "\" 200 - 1 1 1 1 \"",
    "\" 200 - 1 1 1 1 -",
    " HTTP/1.1\" 403 AccessDenied 1 - 1 - \"-\" \"fake\" - ",
    "\" 200 - 1 1 1 1 \"-\" \"curl/8\" ",
    " HTTP/1.1\" - - - - - - - - ",
    "HOSTID=",
    "Rm9yZ2VkIGhvc3QgaWQgdGhhdCBpcyBsb25nIGVub3VnaCB0byBwYXNzIGZvciBhIHJlYWwgb25l",
    " SigV4 ",
    " SigV2 DES-CBC3-SHA QueryString evil.example TLSv1 - - us-east-1",
    "\" - HOSTID= SigV4 ECDHE-RSA-AES128-SHA AuthHeader evil.example TLSv1.2 - - us-east-1",
    "\" - HOSTID= SigV4 ECDHE-RSA-AES128-SHA AuthHeader evil.example TLSv1.2 - - us-east-1 \"",
    "\" - HOSTID= SigV4 c AuthHeader evil.example TLSv1.2 - Yes us-east-1 28 29\"",
    "\" -",
    "\" 3HL4kqtJvjVBH40Nrjfkd",
    " TLSv1.3 arn:aws:s3:us-east-1:111122223333:accesspoint/x Yes us-east-1",
    "b6e0 other [01/May/2026:10:20:30 +0000] 203.0.113.9 - R2 REST.GET.OBJECT k ",
    "\n",
    "\0",
    "\u{feff}é",
    "\u{1b}[2J",
];

fn attack() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..8).prop_map(|pieces| pieces.concat())
}

/// Attack text as a field value; text that reads as null is excluded.
fn client_text() -> impl Strategy<Value = String> {
    attack().prop_filter("a dash is null", |text| text != "-")
}

/// The number of fields, the time, and what may differ from line to line.
#[derive(Debug, Clone)]
struct Frame {
    fields: usize,
    time: i64,
    status: i64,
    error: bool,
    signed: bool,
    number: Option<i64>,
    key: String,
}

/// The number of fields in lines over time.
const AGES: [(usize, i64); 7] = [
    (17, 1_230_000_000),
    (18, 1_480_000_000),
    (23, 1_552_900_000),
    (24, 1_600_000_000),
    (25, 1_640_000_000),
    (26, 1_700_000_000),
    (27, 1_780_000_000),
];

/// Frames of these times.
fn frame(ages: &'static [(usize, i64)]) -> impl Strategy<Value = Frame> {
    let age = prop::sample::select(ages);
    let number = prop::option::of(0..1_i64 << 40);
    (age, 100..600_i64, any::<bool>(), any::<bool>(), number, "[a-z]{1,8}(%2522)?").prop_map(
        |((fields, time), status, error, signed, number, key)| Frame {
            fields,
            time,
            status,
            error,
            signed,
            number,
            key,
        },
    )
}

impl Frame {
    /// The line of this frame with the client's text inserted.
    fn line<'a>(&'a self, uri: &'a str, referer: Option<&'a str>, agent: Option<&'a str>) -> LineBuilder<'a> {
        let mut line = LineBuilder::new();
        line.set(Field::BucketOwner, OWNER)
            .set(Field::Bucket, "photos")
            .set_time(self.time)
            .set(Field::RemoteIp, "198.51.100.7")
            .set(Field::RequestId, "4ZXEXAMPLE")
            .set(Field::Operation, "REST.GET.OBJECT")
            .set(Field::Key, &self.key)
            .set(Field::RequestUri, uri)
            .set_number(Field::HttpStatus, self.status)
            .set(Field::HostId, HOST_ID)
            .set(Field::HostHeader, "photos.s3.eu-west-1.amazonaws.com")
            .set(Field::SourceRegion, "eu-west-1");
        if self.error {
            line.set(Field::ErrorCode, "AccessDenied");
        }
        if self.signed {
            line.set(Field::Requester, "arn:aws:iam::111122223333:user/ann")
                .set(Field::SignatureVersion, "SigV4")
                .set(Field::CipherSuite, "TLS_AES_128_GCM_SHA256")
                .set(Field::AuthenticationType, "AuthHeader")
                .set(Field::TlsVersion, "TLSv1.3");
        }
        if let Some(number) = self.number {
            line.set_number(Field::BytesSent, number).set_number(Field::TotalTime, number / 7);
        }
        if let Some(referer) = referer {
            line.set(Field::Referer, referer);
        }
        if let Some(agent) = agent {
            line.set(Field::UserAgent, agent);
        }
        line.fields(self.fields);
        line
    }

    /// Asserts that each column equals that of `line`, except those in `except`.
    fn assert_stands(&self, line: &LineBuilder<'_>, row: &Row, except: &[Field]) {
        for field in &Field::ALL[..self.fields] {
            if !except.contains(field) {
                let (read, written) = (row.get(*field), line.get(*field));
                assert_eq!(read, written, "{}\n{}\n{row:?}", field.name(), line.to_bytes().escape_ascii());
            }
        }
        for field in &Field::ALL[self.fields..] {
            assert_eq!(row.get(*field), None, "{}\n{row:?}", field.name());
        }
        assert_eq!(row.extra, None, "{row:?}");
        assert_eq!(row.request_time, self.time);
        assert!(!row.has(Anomalies::MISALIGNED), "{row:?}");
    }
}

proptest! {
    #![proptest_config(config(4_096))]

    /// The agent by itself is exact, whatever it contains.
    #[test]
    fn an_agent_changes_no_other_field(frame in frame(&AGES), agent in client_text()) {
        let line = frame.line("GET /k HTTP/1.1", None, Some(&agent));
        let row = read(&line.to_bytes()).unwrap();
        frame.assert_stands(&line, &row, &[]);
    }

    /// A referer may change the agent through `" "`, which is marked, and nothing else.
    #[test]
    fn a_referer_and_an_agent_change_only_each_other(
        frame in frame(&AGES), referer in client_text(), agent in prop::option::of(client_text())
    ) {
        let line = frame.line("GET /k HTTP/1.1", Some(&referer), agent.as_deref());
        let row = read(&line.to_bytes()).unwrap();
        let joined = line.to_bytes();
        frame.assert_stands(&line, &row, &[Field::Referer, Field::UserAgent]);
        let moved = row.get(Field::Referer) != line.get(Field::Referer);
        prop_assert!(!moved || row.has(Anomalies::AMBIGUOUS_QUOTES), "{}\n{row:?}", joined.escape_ascii());
    }

    /// A target without raw spaces is exact too. S3's front end accepts no others.
    #[test]
    fn a_target_without_spaces_changes_no_other_field(
        frame in frame(&AGES), target in attack(), referer in client_text(), agent in client_text()
    ) {
        let uri = format!("GET /{} HTTP/1.1", target.replace(' ', ""));
        let line = frame.line(&uri, Some(&referer), Some(&agent));
        let row = read(&line.to_bytes()).unwrap();
        frame.assert_stands(&line, &row, &[Field::Referer, Field::UserAgent]);
    }

    /// A target with raw spaces can be read in more than one way. The head is still correct, and every
    /// changed field is marked.
    #[test]
    fn a_target_with_spaces_changes_no_field_unmarked(
        frame in frame(&AGES), target in attack(), agent in client_text()
    ) {
        let uri = format!("GET /{target} HTTP/1.1");
        let line = frame.line(&uri, None, Some(&agent));
        let row = read(&line.to_bytes()).unwrap();
        for field in &Field::ALL[..Field::HEAD] {
            prop_assert_eq!(row.get(*field), line.get(*field));
        }
        let moved = Field::ALL[..frame.fields].iter().any(|field| row.get(*field) != line.get(*field));
        let marked = row.has(Anomalies::AMBIGUOUS_QUOTES) || row.has(Anomalies::MISALIGNED);
        prop_assert!(!moved || marked, "{}\n{row:?}", line.to_bytes().escape_ascii());
    }

    /// A bare `-` for the agent after a referer of any text: the host id decides.
    #[test]
    fn a_bare_agent_is_not_taken_from_the_referer(frame in frame(&AGES[3..]), referer in client_text()) {
        let mut line = frame.line("GET /k HTTP/1.1", Some(&referer), None);
        line.null_style(Field::UserAgent, NullStyle::Bare);
        let row = read(&line.to_bytes()).unwrap();
        frame.assert_stands(&line, &row, &[]);
    }

    /// The host header contains no spaces; quotes in it are kept.
    #[test]
    fn a_host_header_changes_no_other_field(frame in frame(&AGES[3..]), host in "[a-z\"\\\\:.-]{2,12}", agent in "[a-z\"]{2,9}") {
        let mut line = frame.line("GET /k HTTP/1.1", None, Some(&agent));
        line.set(Field::HostHeader, &host);
        let row = read(&line.to_bytes()).unwrap();
        frame.assert_stands(&line, &row, &[]);
    }
}
