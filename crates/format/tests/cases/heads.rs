//! The first eight fields, and what makes a line a reject.

use crate::*;

/// A line with this requester and IP address.
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
fn other_offsets_are_applied() {
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
fn unreadable_heads_are_rejects() {
    let line = line_with(r#""-" "x""#);
    let missing = LineErrorKind::Missing;
    let malformed = LineErrorKind::Malformed;
    let cases: [(&str, String, Field, LineErrorKind); 14] = [
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
        ("json", r#"{"bucket_name":"photos"}"#.into(), Bucket, missing),
        ("spliced in the head", format!("{}{line}", &HEAD[..60]), Operation, malformed),
        (
            "apache",
            r#"192.0.2.1 - - [01/May/2026:10:20:30 +0000] "GET / HTTP/1.1" 200 12 "-" "x""#.into(),
            RequestTime,
            malformed,
        ),
        ("w3c", "#Version: 1.0".into(), RequestTime, missing),
        ("before S3", line.replace("01/May/2026", "01/May/1999"), RequestTime, LineErrorKind::OutOfRange),
        ("far off", line.replace("01/May/2026", "01/May/2263"), RequestTime, LineErrorKind::OutOfRange),
    ];
    for (name, line, field, kind) in cases {
        let error = read(line.as_bytes()).unwrap_err();
        assert_eq!((error.field, error.kind), (field, kind), "{name}: {line}");
        assert!(error.offset <= line.len());
    }
}
