//! Lines from every version of the format: fields that were added, and fields that may be.

use crate::*;

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

/// The same request as written in each version since March 2019.
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
fn an_unknown_number_of_fields_is_misaligned() {
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
