//! Lines of every age and every trap of the format, each with the value of every field. Each goes through all ways of
//! reading a line.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{HOST_ID, OWNER, read};
use saltmine_format::Field::{self, *};
use saltmine_format::{LineErrorKind, Record};

/// Asserts what a line gives. Fields that are not in `want` must be null; a want of `-` is null too.
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

/// As [`check`], of a line that the fast path must take.
#[track_caller]
fn check_common(name: &str, line: &str, want: &[(Field, &str)]) {
    check(name, line.as_bytes(), want, None, "");
    assert!(Record::parse_by_fast_path(line.as_bytes()).is_some(), "{name}: not by the fast path");
}

/// The first eight fields of the lines below whose head is of no matter.
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

/// What stands after the user agent in the lines below whose tail is of no matter.
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

/// What stands between key and referer, and its values.
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

/// The line with these quoted fields (and what belongs to them), as written.
fn line_with(agents: &str) -> String {
    format!("{HEAD} {OUTCOME} {agents} {}", tail())
}

mod ages {
    use super::*;

    #[test]
    fn seventeen_fields_of_2008() {
        let line = format!(
            r#"{OWNER} old-photos [30/Nov/2008:23:59:59 +0000] 203.0.113.5 {OWNER} 8E2A11EXAMPLE REST.GET.OBJECT cats%252F1.gif "GET /old-photos/cats%2F1.gif HTTP/1.0" 404 NoSuchKey 311 - 14 - "http://www.example.org/" "Mozilla/4.0""#
        );
        let want = [
            (BucketOwner, OWNER),
            (Bucket, "old-photos"),
            (RequestTime, "30/Nov/2008:23:59:59 +0000"),
            (RemoteIp, "203.0.113.5"),
            (Requester, OWNER),
            (RequestId, "8E2A11EXAMPLE"),
            (Operation, "REST.GET.OBJECT"),
            (Key, "cats%252F1.gif"),
            (RequestUri, "GET /old-photos/cats%2F1.gif HTTP/1.0"),
            (HttpStatus, "404"),
            (ErrorCode, "NoSuchKey"),
            (BytesSent, "311"),
            (TotalTime, "14"),
            (Referer, "http://www.example.org/"),
            (UserAgent, "Mozilla/4.0"),
        ];
        check("17", line.as_bytes(), &want, None, "");
        assert_eq!(read(line.as_bytes()).unwrap().request_time, 1_228_089_599);

        let versioned = format!("{line} 3HL4kqtJvjVBH40Nrjfkd");
        let want = [&want[..], &[(VersionId, "3HL4kqtJvjVBH40Nrjfkd")]].concat();
        check("18", versioned.as_bytes(), &want, None, "");
        check("18, null", format!("{line} -").as_bytes(), &want[..want.len() - 1], None, "");
    }

    /// The same request as each age since March 2019 writes it.
    #[test]
    fn twenty_three_to_twenty_seven_fields() {
        let tail = tail();
        let tokens: Vec<&str> = tail.split(' ').collect();
        for count in 6..=10 {
            let line = format!(r#"{HEAD} {OUTCOME} "-" "x/1" {}"#, tokens[..count].join(" "));
            let last = SourceRegion.index() + 1 - (10 - count);
            let want: Vec<_> =
                with(&[(UserAgent, "x/1")]).into_iter().filter(|(field, _)| field.index() < last).collect();
            check_common(&format!("{} fields", last), &line, &want);
        }
    }

    #[test]
    fn a_count_that_no_age_had_is_misaligned() {
        let tail = tail();
        let tokens: Vec<&str> = tail.split(' ').collect();
        for count in 2..=5 {
            let line = format!(r#"{HEAD} {OUTCOME} "-" "x/1" {}"#, tokens[..count].join(" "));
            let row = read(line.as_bytes()).unwrap();
            assert_eq!(row.anomalies.to_string(), "misaligned", "{line}");
            assert_eq!(row.get(UserAgent), Some(&b"x/1"[..]));
            assert_eq!(row.get(HttpStatus), Some(&b"200"[..]));
        }
    }

    #[test]
    fn march_2019_with_its_extra_token() {
        let head = r#"b6e0f1 site [15/Mar/2019:06:07:08 +0000] 198.51.100.23 - 0D4BEXAMPLE REST.HEAD.BUCKET - "HEAD / HTTP/1.1" 200 - - - 3 3 "-" "S3Console/0.4" -"#;
        let want = [
            (BucketOwner, "b6e0f1"),
            (Bucket, "site"),
            (RequestTime, "15/Mar/2019:06:07:08 +0000"),
            (RemoteIp, "198.51.100.23"),
            (RequestId, "0D4BEXAMPLE"),
            (Operation, "REST.HEAD.BUCKET"),
            (RequestUri, "HEAD / HTTP/1.1"),
            (HttpStatus, "200"),
            (TotalTime, "3"),
            (TurnAroundTime, "3"),
            (UserAgent, "S3Console/0.4"),
            (HostId, HOST_ID),
        ];
        let signed = [
            (SignatureVersion, "SigV4"),
            (CipherSuite, "ECDHE-RSA-AES128-SHA"),
            (AuthenticationType, "AuthHeader"),
            (HostHeader, "site.s3.amazonaws.com"),
            (TlsVersion, "TLSv1"),
        ];
        let line = format!(
            "{head} AIDAQEXAMPLEUSERID {HOST_ID} SigV4 ECDHE-RSA-AES128-SHA AuthHeader site.s3.amazonaws.com TLSv1"
        );
        let all = [&want[..], &signed].concat();
        check("with TLS", line.as_bytes(), &all, Some("AIDAQEXAMPLEUSERID"), "extra_fields");

        let line = format!("{head} - {HOST_ID} - - - site.example.org");
        let all = [&want[..], &[(HostHeader, "site.example.org")]].concat();
        check("a dash, no TLS", line.as_bytes(), &all, Some("-"), "extra_fields");

        let line = format!("{head} {HOST_ID} - - - site.example.org");
        check_common("23 fields", &line, &all);
    }

    #[test]
    fn fields_of_the_future() {
        let line = line_with(r#""-" "x""#);
        for extra in
            ["field28", "field28 field29", "-", r#""a quoted one""#, r#"28 "a quoted one""#, r#""28" "29""#]
        {
            let longer = format!("{line} {extra}");
            check(extra, longer.as_bytes(), &with(&[(UserAgent, "x")]), Some(extra), "extra_fields");
        }
    }

    #[test]
    fn a_quoted_field_of_the_future_before_a_bare_one() {
        let line = line_with(r#""-" "x""#);
        for extra in [r#""a quoted one" 29"#, r#"28 "a quoted one" 30"#, r#""28" - "#.trim_end()] {
            let longer = format!("{line} {extra}");
            let row = read(longer.as_bytes()).unwrap();
            assert_eq!(row.get(UserAgent), Some(&b"x"[..]), "{extra}\n{row:?}");
            assert_eq!(row.extra.as_deref(), Some(extra.as_bytes()), "{extra}\n{row:?}");
            assert_eq!(row.get(SourceRegion), Some(&b"eu-west-1"[..]), "{extra}");
        }
    }
}

mod nulls {
    use super::*;

    /// Each of the three quoted fields may be `"-"` or a bare `-`, whatever the others are.
    #[test]
    fn both_styles_in_every_combination() {
        let styles = [r#""-""#, "-"];
        for uri in styles {
            for referer in styles {
                for agent in styles {
                    let line = format!("{HEAD} {uri} - - - 317 - - {referer} {agent} {}", tail());
                    let want = [&HEAD_VALUES[..], &[(ObjectSize, "317")], &TAIL_VALUES].concat();
                    check_common(&line, &line, &want);
                }
            }
        }
    }

    #[test]
    fn one_of_them_with_a_value() {
        check_common(
            "bare agent",
            &line_with(r#""https://example.org/" -"#),
            &with(&[(Referer, "https://example.org/")]),
        );
        check_common("bare referer", &line_with(r#"- "x""#), &with(&[(UserAgent, "x")]));
        check_common("empty agent", &line_with(r#""-" """#), &with(&[(UserAgent, "")]));
        check_common("both empty", &line_with(r#""" """#), &with(&[(Referer, ""), (UserAgent, "")]));
        let line = line_with(r#""a" "b" -"#);
        // Quotes inside the referer, then a bare dash: the tail alone shows that the agent is the dash.
        check(
            "quotes and a bare agent",
            line.as_bytes(),
            &with(&[(Referer, r#"a" "b"#)]),
            None,
            "embedded_quote",
        );
    }

    #[test]
    fn zero_and_dash_are_not_the_same() {
        let line = line_with(r#""-" "x""#).replace("200 - 10 20 5 4", "304 - 0 - 0 -");
        let want = with(&[(UserAgent, "x"), (HttpStatus, "304"), (BytesSent, "0"), (TotalTime, "0")]);
        let want: Vec<_> = want
            .into_iter()
            .filter(|(field, value)| !matches!((field, *value), (ObjectSize | TurnAroundTime, _)))
            .collect();
        check_common("zeros", &line, &want);
    }
}

mod heads {
    use super::*;

    /// A line with this requester and address.
    fn from(ip: &str, requester: &str) -> String {
        line_with(r#""-" "x""#).replace("192.0.2.44 -", &format!("{ip} {requester}"))
    }

    fn want<'a>(ip: &'a str, requester: &'a str) -> Vec<(Field, &'a str)> {
        [&with(&[(UserAgent, "x")])[..], &[(RemoteIp, ip), (Requester, requester)]].concat()
    }

    #[test]
    fn addresses_and_requesters() {
        for (ip, requester) in [
            ("2001:db8:8140::a47:a85a", "arn:aws:iam::111122223333:user/teams/ann"),
            ("10.0.3.7", "arn:aws-cn:sts::111122223333:assumed-role/AWSReservedSSO_Read_0a/ann@example.org"),
            ("-", "arn:aws:sts::111122223333:assumed-role/copy/s3-replication"),
            ("-", "svc:cloudfront.amazonaws.com"),
            ("-", "AmazonS3"),
            ("203.0.113.77", OWNER),
        ] {
            check_common(requester, &from(ip, requester), &want(ip, requester));
        }
    }

    #[test]
    fn the_requester_with_spaces() {
        let identity = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2QEXAMPLE0OAI";
        check("identity", from("130.176.0.9", identity).as_bytes(), &want("130.176.0.9", identity), None, "");
        for other in [
            "two words",
            "arn:aws:iam::111122223333:user/CloudFront Origin",
            "user/CloudFront Origin Access Identity E2",
        ] {
            assert!(read(from("192.0.2.1", other).as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn blanked_out_and_padded_fields() {
        let line = line_with(r#""-" "x""#);
        let no_ip = line.replace("192.0.2.44 -", " ann");
        check("no ip", no_ip.as_bytes(), &want("-", "ann"), None, "spaces");
        let padded = line.replace(" photos ", "   photos  ");
        check("padded", padded.as_bytes(), &with(&[(UserAgent, "x")]), None, "spaces");
        let trailing = format!("{line}  ");
        check("trailing", trailing.as_bytes(), &with(&[(UserAgent, "x")]), None, "spaces");
    }

    #[test]
    fn other_offsets_are_honoured() {
        let line = line_with(r#""-" "x""#).replace("+0000", "-0530");
        let time = "01/May/2026:10:20:30 -0530";
        let want = [&with(&[(UserAgent, "x")])[..], &[(RequestTime, time)]].concat();
        check_common("offset", &line, &want);
        let utc = read(line_with(r#""-" "x""#).as_bytes()).unwrap().request_time;
        assert_eq!(read(line.as_bytes()).unwrap().request_time, utc + 5 * 3600 + 1800);
    }

    #[test]
    fn a_job_id_and_four_parts_of_an_operation() {
        let line = r#"b6e0f1 photos [01/May/2026:10:20:30 +0000] - - 5b1f2a4c-0000-4d3e-9a77-0123456789ab S3.COMPUTE.OBJECT.CHECKSUM a%2Bb - - - - - - - - - - - - - - - - - - -"#;
        let want = [
            (BucketOwner, "b6e0f1"),
            (Bucket, "photos"),
            (RequestTime, "01/May/2026:10:20:30 +0000"),
            (RequestId, "5b1f2a4c-0000-4d3e-9a77-0123456789ab"),
            (Operation, "S3.COMPUTE.OBJECT.CHECKSUM"),
            (Key, "a%2Bb"),
        ];
        check_common("checksum job", line, &want);
    }

    #[test]
    fn what_cannot_be_read_is_a_reject() {
        let line = line_with(r#""-" "x""#);
        let missing = LineErrorKind::Missing;
        let malformed = LineErrorKind::Malformed;
        let cases: [(&str, String, Field, LineErrorKind); 13] = [
            ("empty", String::new(), BucketOwner, missing),
            ("one word", "b6e0f1".into(), Bucket, missing),
            ("cut after the bucket", "b6e0f1 photos ".into(), RequestTime, missing),
            ("cut in the time", "b6e0f1 photos [01/May/2026:10".into(), RequestTime, malformed),
            ("no key", HEAD.replace(" a/b.txt", ""), Key, missing),
            ("no such day", line.replace("01/May", "32/May"), RequestTime, malformed),
            (
                "other time",
                line.replace("01/May/2026:10:20:30 +0000", "2026-05-01T10:20:30Z"),
                RequestTime,
                malformed,
            ),
            ("a field too many", line.replace("192.0.2.44", "192.0.2.44 192.0.2.45"), Operation, malformed),
            ("the request-URI in the key's place", line.replace(" a/b.txt ", " "), Key, malformed),
            ("json", r#"{"bucket_name":"photos"}"#.into(), Bucket, missing),
            ("spliced in the head", format!("{}{line}", &HEAD[..60]), Operation, malformed),
            (
                "apache",
                r#"192.0.2.1 - - [01/May/2026:10:20:30 +0000] "GET / HTTP/1.1" 200 12 "-" "x""#.into(),
                RequestTime,
                malformed,
            ),
            ("w3c", "#Version: 1.0".into(), RequestTime, missing),
        ];
        for (name, line, field, kind) in cases {
            let error = read(line.as_bytes()).unwrap_err();
            assert_eq!((error.field, error.kind), (field, kind), "{name}: {line}");
            assert!(error.offset <= line.len());
        }
    }
}

mod quotes {
    use super::*;

    #[test]
    fn quotes_in_the_request_uri() {
        for uri in [
            r#"GET /" HTTP/1.1"#,
            r#"GET /a/b.txt?x="y" HTTP/1.1"#,
            r#"GET /" 200 HTTP/1.1"#,
            r#"GET /a\"b HTTP/1.1"#,
            r#"GET /?q=""&r=%22 HTTP/1.1"#,
        ] {
            let line = line_with(r#""-" "x""#).replace("GET /a/b.txt HTTP/1.1", uri);
            let want = [&with(&[(UserAgent, "x")])[..], &[(RequestUri, uri)]].concat();
            check(uri, line.as_bytes(), &want, None, "embedded_quote");
        }
    }

    #[test]
    fn quotes_and_backslashes_in_agent_and_referer() {
        for text in [
            r#""Mozilla/5.0"#,
            r#"604.1""#,
            r#"a "b" c"#,
            r#"\"a\" \\"#,
            r#"""#,
            r#""""#,
            r#"a""b"#,
            r#";$(x) "y"#,
        ] {
            let line = line_with(&format!(r#""-" "{text}""#));
            check(text, line.as_bytes(), &with(&[(UserAgent, text)]), None, "embedded_quote");
            let line = line_with(&format!(r#""{text}" "x""#));
            check(text, line.as_bytes(), &with(&[(Referer, text), (UserAgent, "x")]), None, "embedded_quote");
        }
    }

    #[test]
    fn backslashes_alone_are_nothing_odd() {
        let line = line_with(r#""C:\dir\" "x\""#);
        check_common("backslashes", &line, &with(&[(Referer, r"C:\dir\"), (UserAgent, r"x\")]));
    }

    #[test]
    fn a_referer_that_looks_like_two_fields() {
        let line = line_with(r#""a" "b" "c""#);
        let want = with(&[(Referer, "a"), (UserAgent, r#"b" "c"#)]);
        check("the first is taken", line.as_bytes(), &want, None, "embedded_quote,ambiguous_quotes");
    }

    #[test]
    fn a_forged_tail_in_the_agent() {
        let agent =
            format!(r#"x" - {HOST_ID} SigV2 DES-CBC3-SHA QueryString evil.example TLSv1 - - us-east-1"#);
        let line = line_with(&format!(r#""-" "{agent}""#));
        check("forged tail", line.as_bytes(), &with(&[(UserAgent, &agent)]), None, "embedded_quote");
    }

    #[test]
    fn quotes_in_the_host_header() {
        for host in [r#""x"#, r#"a"b"#, r#"x""#, r#"""#] {
            let line = line_with(r#""-" "x""#).replace("photos.s3.eu-west-1.amazonaws.com", host);
            let want = [&with(&[(UserAgent, "x")])[..], &[(HostHeader, host)]].concat();
            check(host, line.as_bytes(), &want, None, "embedded_quote");
        }
    }

    #[test]
    fn a_forged_outcome_in_the_referer() {
        let referer = r#"x HTTP/1.1" 500 InternalError 1 1 1 1 "-"#;
        let line = line_with(&format!(r#""{referer}" "x""#));
        let row = read(line.as_bytes()).unwrap();
        assert_eq!(row.get(HttpStatus), Some(&b"200"[..]));
        assert_eq!(row.get(RequestUri), Some(&b"GET /a/b.txt HTTP/1.1"[..]));
        assert_eq!(row.get(Referer), Some(referer.as_bytes()));
        assert_eq!(row.anomalies.to_string(), "embedded_quote,ambiguous_quotes");
    }

    #[test]
    fn a_forged_end_in_a_request_uri_with_raw_spaces() {
        let uri = r#"GET /x" 404 - 1 1 1 1 "y HTTP/1.1"#;
        let line = line_with(r#""-" "x""#).replace("GET /a/b.txt HTTP/1.1", uri);
        let row = read(line.as_bytes()).unwrap();
        assert_eq!(row.get(HttpStatus), Some(&b"200"[..]), "a request line ends with its version\n{row:?}");
        assert_eq!(row.get(RequestUri), Some(uri.as_bytes()));
    }
}

mod bytes {
    use super::*;

    #[test]
    fn anything_may_stand_in_client_text() {
        for agent in
            [&b"\xff\xfe"[..], b"a\0b", "Zürich ⛏ ю".as_bytes(), b"\x1b[31mred\x07", b"\t", b" ", b"  "]
        {
            let mut line = line_with(r#""-" ""#).trim_end_matches(&tail()).trim_end().as_bytes().to_vec();
            line.extend_from_slice(agent);
            line.extend_from_slice(format!("\" {}", tail()).as_bytes());
            let row = read(&line).unwrap();
            assert_eq!(row.get(UserAgent), Some(agent), "{row:?}");
            assert!(row.anomalies.is_empty(), "{row:?}");
            assert!(Record::parse_by_fast_path(&line).is_some());
        }
    }

    #[test]
    fn fields_of_64_kib() {
        for text in
            ["a".repeat(65_536), "a \" b".repeat(13_108), "\" - ".repeat(16_384), "\\\"".repeat(32_768)]
        {
            let line = line_with(&format!(r#""{text}" "{text}""#));
            let row = read(line.as_bytes()).unwrap();
            assert_eq!(row.get(SourceRegion), Some(&b"eu-west-1"[..]));
            assert_eq!(row.get(Referer).map(<[u8]>::len), Some(text.len()));
            assert_eq!(row.get(UserAgent), Some(text.as_bytes()));
        }
    }
}

mod numbers {
    use super::*;

    fn with_size(size: &str) -> (String, Vec<(Field, &str)>) {
        let line = line_with(r#""-" "x""#).replace("200 - 10 20 5 4", &format!("200 - 10 {size} 5 4"));
        let want = with(&[(UserAgent, "x")]);
        (line, want.into_iter().filter(|(field, _)| *field != ObjectSize).collect())
    }

    #[test]
    fn the_largest_fits_and_one_more_does_not() {
        let (line, mut want) = with_size("9223372036854775807");
        want.push((ObjectSize, "9223372036854775807"));
        check("largest", line.as_bytes(), &want, None, "");
        let (line, want) = with_size("9223372036854775808");
        check("one more", line.as_bytes(), &want, None, "bad_number");
    }

    #[test]
    fn what_is_no_number_is_null() {
        for size in ["12k", "-5", "1.5", "0x10"] {
            let (line, want) = with_size(size);
            check(size, line.as_bytes(), &want, None, "bad_number");
        }
    }
}

mod broken {
    use super::*;

    /// A `-` lost before the object size and a blank inside the host id, as in text copied from a page.
    #[test]
    fn a_line_copied_by_hand() {
        let line = r#"c0ffee handbook [07/Jan/2020:08:09:10 +0000] 198.51.100.3 c0ffee 4TGWEXAMPLE REST.PUT.OBJECT guide.pdf "PUT /handbook/guide.pdf HTTP/1.1" 200 - 7340032 812 31 "-" "S3Console/0.4" - Qm9yZWFsIGdlb2xvZ2lzdHMga2VlcCBzYWx0IG1p bmVzIG9wZW4gYWxsIHdpbnRlciBsb25n- SigV4 ECDHE-RSA-AES128-SHA AuthHeader handbook.s3.amazonaws.com TLSv1.1"#;
        let want = [
            (BucketOwner, "c0ffee"),
            (Bucket, "handbook"),
            (RequestTime, "07/Jan/2020:08:09:10 +0000"),
            (RemoteIp, "198.51.100.3"),
            (Requester, "c0ffee"),
            (RequestId, "4TGWEXAMPLE"),
            (Operation, "REST.PUT.OBJECT"),
            (Key, "guide.pdf"),
            (RequestUri, "PUT /handbook/guide.pdf HTTP/1.1"),
            (HttpStatus, "200"),
            (UserAgent, "S3Console/0.4"),
            (SignatureVersion, "SigV4"),
            (CipherSuite, "ECDHE-RSA-AES128-SHA"),
            (AuthenticationType, "AuthHeader"),
            (HostHeader, "handbook.s3.amazonaws.com"),
            (TlsVersion, "TLSv1.1"),
        ];
        check("copied by hand", line.as_bytes(), &want, None, "misaligned");
    }

    #[test]
    fn a_number_too_many_or_too_few() {
        for numbers in ["10 20 5", "10 20 5 4 3", "10", ""] {
            let line =
                line_with(r#""-" "x""#).replace(" 10 20 5 4 ", &format!(" {numbers} ").replace("  ", " "));
            let want: Vec<_> = with(&[(UserAgent, "x")])
                .into_iter()
                .filter(|(field, _)| !(BytesSent..=TurnAroundTime).contains(field))
                .collect();
            check(numbers, line.as_bytes(), &want, None, "misaligned");
        }
    }

    /// A cut line keeps what was there before the cut, whatever the place.
    #[test]
    fn cut_lines() {
        let whole = line_with(r#""https://example.org/" "agent/1.0 (x; y)""#);
        let full = read(whole.as_bytes()).unwrap();
        for cut in HEAD.len()..whole.len() {
            let row = read(&whole.as_bytes()[..cut]).unwrap();
            for field in &Field::ALL[..Field::HEAD] {
                assert_eq!(row.get(*field), full.get(*field), "cut at {cut}");
            }
            for field in &Field::ALL[Field::HEAD..] {
                if let (Some(value), Some(wanted)) = (row.get(*field), full.get(*field)) {
                    assert!(wanted.starts_with(value), "cut at {cut}: {}\n{row:?}", field.name());
                } else {
                    assert_eq!(row.get(*field), None, "cut at {cut}: {}\n{row:?}", field.name());
                }
            }
            if cut < whole.find("\" - ").unwrap() {
                assert!(row.anomalies.to_string().contains("short"), "cut at {cut}\n{row:?}");
            }
        }
    }

    #[test]
    fn a_head_alone_gives_a_row() {
        check("head", HEAD.as_bytes(), &HEAD_VALUES, None, "short");
        check("head and space", format!("{HEAD} ").as_bytes(), &HEAD_VALUES, None, "short,spaces");
    }
}
