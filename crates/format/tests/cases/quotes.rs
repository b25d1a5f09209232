//! Quotes inside quoted fields, and forged ends of fields.

use crate::*;

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
fn backslashes_are_not_anomalies() {
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
    let agent = format!(r#"x" - {HOST_ID} SigV2 DES-CBC3-SHA QueryString evil.example TLSv1 - - us-east-1"#);
    let line = line_with(&format!(r#""-" "{agent}""#));
    let anomalies = "embedded_quote,ambiguous_quotes";
    check("forged tail", line.as_bytes(), &with(&[(UserAgent, &agent)]), None, anomalies);
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
