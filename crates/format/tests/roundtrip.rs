//! Round trips: any values, in lines of every version of the format, with nulls in either style.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::line_builder::{LineBuilder, NullStyle};
use common::{HOST_ID, Row, config, read};
use proptest::prelude::*;
use saltmine_format::{Anomalies, Field, Record};

/// Bytes of a value without spaces and quotes, other than a single `-`.
fn token() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => "[A-Za-z0-9%+/=_.:*~-]{1,40}".prop_map(String::into_bytes),
        2 => "[^ \"\\n]{1,20}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..20),
        1 => Just(vec![b'k'; 65_536]),
    ]
    .prop_map(|text| {
        text.into_iter().map(|byte| if matches!(byte, b' ' | b'"' | b'\n') { b'_' } else { byte }).collect()
    })
    .prop_filter("a dash is null", |text: &Vec<u8>| text != b"-")
}

/// Text of a quoted field: quotes, backslashes, invalid UTF-8, empty text, and very long text.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[ -~]{0,60}".prop_map(String::into_bytes),
        4 => "[\"\\\\ a-z-]{0,30}".prop_map(String::into_bytes),
        2 => "\\PC{0,20}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => Just(b"a \"b\\\" ".repeat(9_363)),
        1 => Just(Vec::new()),
    ]
    .prop_map(|text| text.into_iter().map(|byte| if byte == b'\n' { b' ' } else { byte }).collect())
    .prop_filter("a dash is null", |text: &Vec<u8>| text != b"-")
}

/// Text of a referer or agent whose end is unambiguous.
fn plain_text() -> impl Strategy<Value = Vec<u8>> {
    text().prop_filter("splits in two", |text| {
        !holds(text, b"\" \"") && !text.starts_with(b" \"") && !text.ends_with(b"\" ")
    })
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn uri() -> impl Strategy<Value = Vec<u8>> {
    let target = text().prop_map(|text| text.into_iter().filter(|byte| *byte != b' ').collect::<Vec<_>>());
    ("[A-Z]{3,7}", target, prop::sample::select(vec!["HTTP/1.1", "HTTP/1.0", "HTTP/2"])).prop_map(
        |(method, target, version)| [method.as_bytes(), b" /", &target, b" ", version.as_bytes()].concat(),
    )
}

/// The number of fields in lines, and until when. Lines of 23 fields or fewer ended with 2019.
const AGES: [(usize, i64); 7] = [
    (17, 1_330_000_000),
    (18, 1_551_000_000),
    (23, 1_577_000_000),
    (24, 1_625_000_000),
    (25, 1_668_000_000),
    (26, 1_770_000_000),
    (27, 4_102_444_799),
];

/// Values of the fields that a client does not control, by field.
fn values() -> impl Strategy<Value = Vec<(Field, Option<Vec<u8>>)>> {
    let number = || prop::option::of((0..=i64::MAX).prop_map(|n| n.to_string().into_bytes()));
    let short = |pattern: &'static str| prop::option::of(pattern.prop_map(String::into_bytes));
    let some = |values: [&'static str; 2]| {
        prop::option::of(prop::sample::select(values.map(|v| v.as_bytes().to_vec()).to_vec()))
    };
    let head = (
        token(),
        token(),
        prop::option::of(token()),
        prop::option::of(prop_oneof![
            3 => token().prop_filter("a part of a name", |text| !text.ends_with(b":user/CloudFront")),
            1 => Just(b"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2QEXAMPLE".to_vec()),
        ]),
        token(),
        "(REST|WEBSITE)\\.[A-Z]{3,6}\\.[A-Z_]{3,12}|S3\\.EXPIRE\\.OBJECT|BATCH\\.DELETE\\.OBJECT|SOAP\\.ListBucket",
        prop::option::of(token()),
    );
    let middle = (
        prop::option::of(100..600_i64),
        short("[A-Za-z][A-Za-z0-9.]{2,30}"),
        number(),
        number(),
        number(),
        number(),
    );
    let tail = (
        prop::option::of(token()),
        some(["SigV2", "SigV4"]),
        some(["ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"]),
        some(["AuthHeader", "QueryString"]),
        prop::option::of(token()),
        some(["TLSv1.2", "TLSv1.3"]),
        some([
            "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap",
            "arn:aws:s3::111122223333:accesspoint/x.mrap",
        ]),
        some(["Yes", "Yes"]),
        some(["us-gov-west-1", "eu-west-1"]),
    );
    (head, middle, tail).prop_map(|(h, m, t)| {
        use Field as F;
        vec![
            (F::BucketOwner, Some(h.0)),
            (F::Bucket, Some(h.1)),
            (F::RemoteIp, h.2),
            (F::Requester, h.3),
            (F::RequestId, Some(h.4)),
            (F::Operation, Some(h.5.into_bytes())),
            (F::Key, h.6.filter(|key| key[0] != b'"')),
            (F::HttpStatus, m.0.map(|status| status.to_string().into_bytes())),
            (F::ErrorCode, m.1),
            (F::BytesSent, m.2),
            (F::ObjectSize, m.3),
            (F::TotalTime, m.4),
            (F::TurnAroundTime, m.5),
            (F::VersionId, t.0),
            (F::HostId, Some(HOST_ID.as_bytes().to_vec())),
            (F::SignatureVersion, t.1),
            (F::CipherSuite, t.2),
            (F::AuthenticationType, t.3),
            (F::HostHeader, t.4),
            (F::TlsVersion, t.5),
            (F::AccessPointArn, t.6),
            (F::AclRequired, t.7),
            (F::SourceRegion, t.8),
        ]
    })
}

/// A line without its quoted fields: index of its version, offset into that period, values, and how nulls are
/// written.
type Frame = (usize, i64, Vec<(Field, Option<Vec<u8>>)>, [bool; 3]);

fn frame() -> impl Strategy<Value = Frame> {
    (0..AGES.len(), 0..20_000_000_i64, values(), any::<[bool; 3]>())
}

/// The line of a frame, with null referer and agent.
fn line((age, offset, values, bare): &Frame) -> LineBuilder<'_> {
    let (fields, until) = AGES[*age];
    let mut line = LineBuilder::new();
    line.fields(fields).set_time(until - offset);
    for (field, value) in values {
        if let Some(value) = value {
            line.set(*field, value);
        }
    }
    for (field, bare) in [Field::RequestUri, Field::Referer, Field::UserAgent].into_iter().zip(bare) {
        line.null_style(field, if *bare { NullStyle::Bare } else { NullStyle::Quoted });
    }
    line
}

/// Asserts that a row has the values of a line, except for fields in `except`.
fn assert_same(row: &Row, line: &LineBuilder<'_>, frame: &Frame, except: &[Field]) {
    let (fields, until) = AGES[frame.0];
    for field in Field::ALL.into_iter().filter(|field| !except.contains(field)) {
        let wanted = line.get(field).filter(|_| field.index() < fields);
        assert!(row.get(field) == wanted, "{}: {}\n{row:?}", field.name(), line.to_bytes().escape_ascii());
    }
    assert_eq!(row.request_time, until - frame.1);
}

proptest! {
    #![proptest_config(config(1_000))]

    /// Referer and agent of any text that does not split in two: every value comes back, and quotes are the
    /// only anomaly.
    #[test]
    fn records_round_trip(
        frame in frame(),
        uri in prop::option::of(uri()),
        referer in prop::option::of(plain_text()),
        agent in prop::option::of(plain_text()),
    ) {
        let mut line = line(&frame);
        for (field, value) in [(Field::RequestUri, &uri), (Field::Referer, &referer), (Field::UserAgent, &agent)] {
            if let Some(value) = value {
                line.set(field, value);
            }
        }
        // With a bare agent before a tail from a time without host ids, the dash cannot be distinguished from
        // a version id.
        let is_parted = referer.is_some() && agent.is_none() && frame.3[2] && AGES[frame.0].0 < 24;
        prop_assume!(!is_parted);
        let row = read(&line.to_bytes()).unwrap();
        assert_same(&row, &line, &frame, &[]);
        let has_quote = [&uri, &referer, &agent].into_iter().flatten().any(|text| text.contains(&b'"'));
        let odd = if has_quote { Anomalies::EMBEDDED_QUOTE } else { Anomalies::NONE };
        prop_assert!(row.anomalies == odd || row.has(Anomalies::AMBIGUOUS_QUOTES), "{row:?}");
    }

    /// Any text at all: referer and agent may be split at another place than where they were joined, but no
    /// other column changes.
    #[test]
    fn all_but_the_referer_agent_split_round_trips(frame in frame(), uri in uri(), referer in text(), agent in text()) {
        let mut line = line(&frame);
        line.set(Field::RequestUri, &uri).set(Field::Referer, &referer).set(Field::UserAgent, &agent);
        let row = read(&line.to_bytes()).unwrap();
        assert_same(&row, &line, &frame, &[Field::Referer, Field::UserAgent]);
        let joined = |a: &[u8], b: &[u8]| [a, b"\" \"", b].concat();
        let dash = |text: Option<&[u8]>| text.unwrap_or(b"-").to_vec();
        let read_back = joined(&dash(row.get(Field::Referer)), &dash(row.get(Field::UserAgent)));
        prop_assert_eq!(read_back, joined(&referer, &agent));
        let moved = row.get(Field::Referer) != Some(&referer[..]);
        prop_assert!(!moved || row.has(Anomalies::AMBIGUOUS_QUOTES), "{row:?}");
    }

    /// Future fields come back as one text.
    #[test]
    fn extra_fields_round_trip(frame in frame(), extra in "[a-z0-9-]{1,9}( [a-z0-9-]{1,9}){0,3}( \"[a-z ]{0,9}\")?") {
        let frame = (AGES.len() - 1, frame.1, frame.2, frame.3);
        let mut line = line(&frame);
        line.extra(&extra);
        let row = read(&line.to_bytes()).unwrap();
        assert_same(&row, &line, &frame, &[]);
        prop_assert_eq!(row.extra.as_deref(), Some(extra.as_bytes()));
        prop_assert!(row.has(Anomalies::EXTRA_FIELDS));
    }

    /// The token of March 2019 goes to `extra`, and the text after it to its place.
    #[test]
    fn the_token_of_march_2019_is_recognised(frame in frame(), fields in 23..=24_usize, token in "-|AIDA[A-Z]{17}") {
        let frame = (2, 1_577_000_000 - 1_553_000_000, frame.2, frame.3);
        let mut line = line(&frame);
        line.fields(fields).rollout_token(&token).set(Field::UserAgent, "x");
        let row = read(&line.to_bytes()).unwrap();
        assert_same(&row, &line, &frame, &[Field::TlsVersion]);
        prop_assert_eq!(row.get(Field::TlsVersion), line.get(Field::TlsVersion).filter(|_| fields == 24));
        prop_assert_eq!(row.extra.as_deref(), Some(token.as_bytes()));
    }

    /// Parsing a record and rendering it again gives the same record.
    #[test]
    fn a_rendered_record_is_the_same_record(
        frame in frame(), uri in uri(), referer in plain_text(), agent in plain_text()
    ) {
        let frame = (AGES.len() - 1, frame.1, frame.2, frame.3);
        let mut line = line(&frame);
        line.set(Field::RequestUri, &uri).set(Field::Referer, &referer).set(Field::UserAgent, &agent);
        let text = line.to_bytes();
        let record = Record::parse(&text).unwrap();
        let again = LineBuilder::from_record(&record).to_bytes();
        prop_assert_eq!(Row::from_record(&Record::parse(&again).unwrap()), Row::from_record(&record));
    }
}
