//! Invalid numbers, and lines truncated or copied by hand: they give a row with what is certain.

use crate::*;

/// A `-` missing before the object size and a blank inside the host id, as in text copied from a page.
#[test]
fn a_hand_copied_line() {
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
        let line = line_with(r#""-" "x""#).replace(" 10 20 5 4 ", &format!(" {numbers} ").replace("  ", " "));
        let want: Vec<_> = with(&[(UserAgent, "x")])
            .into_iter()
            .filter(|(field, _)| !(BytesSent..=TurnAroundTime).contains(field))
            .collect();
        check(numbers, line.as_bytes(), &want, None, "misaligned");
    }
}

/// A truncated line keeps everything before the cut, wherever it is.
#[test]
fn truncated_lines() {
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
fn invalid_numbers_are_null() {
    for size in ["12k", "-5", "1.5", "0x10"] {
        let (line, want) = with_size(size);
        check(size, line.as_bytes(), &want, None, "bad_number");
    }
}

#[test]
fn a_line_without_its_request_uri() {
    let line = line_with(r#""-" "x""#).replace(r#""GET /a/b.txt HTTP/1.1" "#, "");
    let want: Vec<_> =
        with(&[(UserAgent, "x")]).into_iter().filter(|(field, _)| *field != RequestUri).collect();
    check("no request-URI", line.as_bytes(), &want, None, "misaligned");
}

#[test]
fn runs_of_spaces_between_numbers() {
    let line = line_with(r#""-" "x""#).replace("10 20", "10   20");
    check("runs", line.as_bytes(), &with(&[(UserAgent, "x")]), None, "spaces");
}
