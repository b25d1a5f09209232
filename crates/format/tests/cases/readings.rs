//! Lines that a client can craft so that they can be read in more than one way. Each is marked, and where the
//! host id is unmistakable, fields that only S3 writes are not taken from the client's text.

use crate::*;

/// Another host id: the one a client forges.
const FORGED: &str = "Rm9yZ2VkIGhvc3QgaWQgdGhhdCBpcyBsb25nIGVub3VnaCB0byBwYXNzIGZvciBhIHJlYWwgb25l";

/// A denied request with these client-controlled values.
fn denied(key: &str, uri: &str, version_id: &str, host: &str) -> String {
    format!(
        r#"b6e0f1 photos [06/May/2024:00:00:38 +0000] 192.0.2.3 ann 3E57427F3EXAMPLE REST.GET.OBJECT {key} "{uri}" 403 AccessDenied 243 - 7 - "-" "curl/8.0" {version_id} {HOST_ID} SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader {host} TLSv1.2 - -"#
    )
}

const URI: &str = "GET /k.txt HTTP/1.1";
const HOST: &str = "photos.s3.us-west-1.amazonaws.com";

#[track_caller]
fn assert_marked(line: &str) -> common::Row {
    let row = read(line.as_bytes()).unwrap();
    let words = row.anomalies.to_string();
    assert!(words.contains("ambiguous_quotes") || words.contains("misaligned"), "{line}\n{row:?}");
    row
}

#[test]
fn an_outcome_in_the_request_uri() {
    for uri in [
        r#"GET /x HTTP/1.1" 200 - 1 2 3 4 "r"#,
        r#"-" 200 - 1 2 3 4 ""#,
        r#"GET /x HTTP/1.1" 200 - 1 2 3 4 - "r"#,
        r#"GET /x" 200 - 1 2 3 4 "r HTTP/1.1"#,
    ] {
        assert_marked(&denied("k.txt", uri, "-", HOST));
    }
}

#[test]
fn an_outcome_in_the_key() {
    for key in ["k - 200 - 1 2 3 4", "k 200 - 1 2 3 4", "{{ key }}", "k \"y\" z", "k - 200 - 1 2 3 4 - -"] {
        let row = assert_marked(&denied(key, URI, "-", HOST));
        assert_eq!(row.get(HttpStatus), Some(&b"403"[..]), "{key}\n{row:?}");
        assert_eq!(row.get(RequestUri), Some(URI.as_bytes()), "{key}");
        assert_eq!(row.get(Key), Some(key.as_bytes()), "{key}");
    }
    assert_marked(&denied(r#"k "GET /x HTTP/1.1" 200 - 1 2 3 4 "y"#, URI, "-", HOST));
    // The HTTP version is not always present.
    let row = assert_marked(&denied("two words", "GET /k.txt", "-", HOST));
    assert_eq!((row.get(Key), row.get(HttpStatus)), (Some(&b"two words"[..]), Some(&b"403"[..])));
}

#[test]
fn a_key_that_begins_with_a_quote() {
    for key in ["\"x", "\"", "\"a b\" c", "\"GET"] {
        let row = read(denied(key, URI, "-", HOST).as_bytes()).unwrap();
        assert_eq!(row.anomalies.to_string(), "misaligned", "{key}");
        for (field, value) in [(Operation, "REST.GET.OBJECT"), (Requester, "ann"), (RemoteIp, "192.0.2.3")] {
            assert_eq!(row.get(field), Some(value.as_bytes()), "{key}");
        }
        assert_eq!((row.get(Key), row.get(HttpStatus)), (None, Some(&b"403"[..])), "{key}");
    }
    // Two outcomes: neither is certain.
    let row = read(denied("\"x \"GET /y HTTP/1.1\" 200 - 1 2 3 4 \"z", URI, "-", HOST).as_bytes()).unwrap();
    assert_eq!((row.anomalies.to_string().as_str(), row.get(HttpStatus)), ("misaligned", None));
}

#[test]
fn a_tail_in_the_host_header() {
    for host in [
        format!("a\" v {FORGED} SigV2 RC4-MD5 QueryString evil.example"),
        format!("a v {FORGED} SigV2 RC4-MD5 QueryString evil.example"),
        "a\" b".to_owned(),
        "h TLSv1.3".to_owned(),
        "h TLSv1.3 - -".to_owned(),
        "h TLSv1.3 arn:aws:s3:us-east-1:111122223333:accesspoint/fake".to_owned(),
    ] {
        assert_marked(&denied("k.txt", URI, "-", &host));
    }
}

/// Plain HTTP and 26 fields: the client's `TLSv1.3` makes it look like 27 fields.
#[test]
fn a_tls_version_in_the_host_header_of_plain_http() {
    for host in ["h TLSv1.3", "h TLSv1.3 arn:aws:s3:us-east-1:111122223333:accesspoint/fake"] {
        let line = denied("k.txt", URI, "-", host)
            .replace("ECDHE-RSA-AES128-GCM-SHA256", "-")
            .replace("TLSv1.2 - -", "- - -");
        assert_marked(&line);
    }
    // The dash that the client added is one field too many for that year.
    assert_marked(
        &denied("k", URI, "-", "h -")
            .replace("ECDHE-RSA-AES128-GCM-SHA256", "-")
            .replace("TLSv1.2 - -", "- - -"),
    );
}

#[test]
fn a_host_header_that_ends_in_a_quote_in_2019() {
    let line = denied("k.txt", URI, "-", "h\"").replace("/2024:", "/2019:").replace("TLSv1.2 - -", "TLSv1.2");
    let row = assert_marked(&line);
    assert_eq!(row.get(HostId), Some(HOST_ID.as_bytes()));
    assert_eq!(row.get(TlsVersion), Some(&b"TLSv1.2"[..]));
    assert_eq!(row.get(VersionId), None);
}

#[test]
fn words_in_the_version_id() {
    for version in [format!("v {FORGED} SigV4"), "v w".to_owned(), "- -".to_owned(), "v -".to_owned()] {
        let row = assert_marked(&denied("k.txt", URI, &version, HOST));
        assert_eq!(row.get(HostId), Some(HOST_ID.as_bytes()), "{version}\n{row:?}");
        assert_eq!(row.get(SignatureVersion), Some(&b"SigV4"[..]), "{version}");
    }
    // Anonymous, without TLS: only dashes follow the true host id.
    let line = denied("k.txt", URI, &format!("v {FORGED} SigV4"), "-")
        .replace("SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader", "- - -")
        .replace("TLSv1.2 - -", "- -");
    let row = assert_marked(&line);
    assert_eq!((row.get(HostId), row.get(SignatureVersion)), (Some(HOST_ID.as_bytes()), None), "{row:?}");
    assert_eq!(row.get(VersionId), Some(format!("v {FORGED} SigV4").as_bytes()));
}

#[test]
fn two_records_on_one_line() {
    let line = denied("k.txt", URI, "-", HOST);
    for joined in [format!("{line}{line}"), format!("{line} {line}"), format!("{}{line}", &line[..200])] {
        let row = read(joined.as_bytes()).unwrap();
        assert!(!row.anomalies.is_empty(), "{joined}\n{row:?}");
    }
}

/// If cipher suite and TLS version contradict each other, the words may belong to other fields.
#[test]
fn other_servers_are_not_marked() {
    for line in [
        // Backblaze B2: no cipher suite.
        r#"a1b2 backups [07/May/2026:02:11:00 +0000] 203.0.113.77 - e9ad40144eae588d B2_API.b2_download_file_by_name nightly/db.dump "GET /file/backups/nightly/db.dump HTTP/1.1" 200 - - 734003200 35 - "-" "curl/8.7.1" 4_zffd4e0c1be7387607c5e47cc_f1 - SigV4 - AuthHeader s3.eu-central-003.backblazeb2.com TLSv1.3 - -"#,
        r#"a1b2 backups [07/May/2026:03:00:00 +0000] - identity:system 16c8f4e21021383c B2_LIFECYCLE.hide_file nightly/old.dump "-" 200 - - 1000 35 - "-" "-" 4_zf607ff42227d70933b5e0f3e_f1 - SigV4 - AuthHeader s3.eu-central-003.backblazeb2.com TLSv1.3 - -"#,
        // OVHcloud: 25 fields in 2026, short host ids.
        r#"a1b2:user-A app-data [16/May/2026:05:00:02 +0000] 192.0.2.120 a1b2:user-A txbfca56ad-00c9ea8999 REST.DELETE.OBJECT u/0.json "DELETE /u/0.json HTTP/1.0" 204 - - - 21 19 "-" "aws-cli/2.31.2" - tx8e9ad40144ea SigV4 TLS_AES_256_GCM_SHA384 AuthHeader app-data.s3.gra.io.cloud.ovh.net TLSv1.3 -"#,
        // Wasabi: no HTTP version, an empty referer, 18 fields.
        r#"A1B2 install-media [05/May/2026:06:30:13 +0000] 198.51.100.77 - 7C1D2E3F40516274:B REST.GET.OBJECT preseed%2Fdebian.seed "GET /preseed%2Fdebian.seed" 403 AccessDenied 264 0 2 0 "" "Wget/1.21.3" -"#,
        // Scality: an expiry without status.
        r#"5d1c ring-bucket [08/May/2026:01:00:01 +0000] - ScalityS3LifecycleService - S3.EXPIRE.OBJECT in/old.bin "-" - - - 2048 - - "-" "-" - - - - - - - - -"#,
        // Scality: an unknown operation.
        r#"5d1c ring-bucket [08/May/2026:01:00:02 +0000] 192.0.2.10 5d1c 8a7b6c5d4e3f2a1c - - "GET /ring-bucket?unknown HTTP/1.1" 501 NotImplemented 120 - 3 2 "-" "aws-cli/2.31.2" - - SigV4 TLS_AES_128_GCM_SHA256 AuthHeader s3.example.net TLSv1.3 - -"#,
        // Dell OneFS: the host header in quotes.
        r#"root bkt01 [18/May/2026:06:00:05 +0000] 192.0.2.210 1_svc_backup 125132126 REST.PUT.OBJECT /vm/a.vbk "PUT /bkt01/vm/a.vbk HTTP/1.1" 200 - - 1048576 2 2 "-" "Veeam/12.3" - 192.0.2.20 SigV4 TLS_AES_256_GCM_SHA384 AuthHeader "192.0.2.20:9021" TLSv1.3 - Yes"#,
    ] {
        let row = read(line.as_bytes()).unwrap();
        assert!(row.anomalies.is_empty(), "{line}\n{row:?}");
        let host = row.get(HostHeader).unwrap_or_default();
        assert!(!host.contains(&b'"'), "{row:?}");
    }
}

#[test]
fn durations_with_a_unit_and_a_referer_without_quotes() {
    let line = r#"testid fish [02/May/2026:07:00:01 +0000] 192.0.2.17 tenant1$alice 9e369a15.4179.310382 REST.GET.OBJECT img/logo.png "GET /fish/img/logo.png HTTP/1.1" 200 - 5120 5121 - 12ms https://www.example.org/start "Mozilla/5.0 (X11; Linux x86_64)" - - - - - rgw.example.net:8000 - - -"#;
    let row = read(line.as_bytes()).unwrap();
    let want = [
        (HttpStatus, Some("200")),
        (BytesSent, Some("5120")),
        (ObjectSize, Some("5121")),
        (TurnAroundTime, None),
        (Referer, Some("https://www.example.org/start")),
        (UserAgent, Some("Mozilla/5.0 (X11; Linux x86_64)")),
        (HostHeader, Some("rgw.example.net:8000")),
        (Requester, Some("tenant1$alice")),
    ];
    for (field, value) in want {
        assert_eq!(row.get(field), value.map(str::as_bytes), "{}\n{row:?}", field.name());
    }
    assert_eq!(row.anomalies.to_string(), "bad_number");
}

/// Unencoded keys with spaces, as written by servers that do not encode keys.
#[test]
fn keys_with_spaces() {
    for (key, method, status, size) in
        [("Q2 plan final.docx", "PUT", "200", "20480"), ("photos/2026 05/a.jpg", "DELETE", "204", "777")]
    {
        let target = key.replace(' ', "%20");
        let line = format!(
            r#"5d1c projects [03/May/2026:08:06:00 +0000] 192.0.2.44 alice WSB0AFJ0WE0YZV8W REST.{method}.OBJECT {key} "{method} /projects/{target} HTTP/1.1" {status} - - {size} - 8 "https://intranet.example.org/a" "aws-cli/2.15.0" - - - - - rgw.example.net - - -"#
        );
        let row = read(line.as_bytes()).unwrap();
        let uri = format!("{method} /projects/{target} HTTP/1.1");
        for (field, value) in [
            (Key, key),
            (RequestUri, &uri),
            (HttpStatus, status),
            (ObjectSize, size),
            (Referer, "https://intranet.example.org/a"),
            (UserAgent, "aws-cli/2.15.0"),
            (HostHeader, "rgw.example.net"),
        ] {
            assert_eq!(row.get(field), Some(value.as_bytes()), "{}\n{row:?}", field.name());
        }
        assert_eq!(row.anomalies.to_string(), "ambiguous_quotes");
    }
}

/// AWS's own examples of long lines are dated 6 February 2019, before there were any.
#[test]
fn examples_of_the_documentation_are_clean() {
    for count in [6, 7, 8, 9, 10] {
        let tail = tail();
        let tokens: Vec<&str> = tail.split(' ').collect();
        let line = format!(r#"{HEAD} {OUTCOME} "-" "x/1" {}"#, tokens[..count].join(" "));
        let line = line.replace("01/May/2026:10:20:30", "06/Feb/2019:00:00:38");
        let row = read(line.as_bytes()).unwrap();
        assert!(row.anomalies.is_empty(), "{line}\n{row:?}");
        let none =
            format!("{HEAD} - - - - - - - - - - {HOST_ID} - - - - - - - -").replace("/2026:", "/2019:");
        assert!(read(none.as_bytes()).unwrap().anomalies.is_empty(), "{none}");
        // A month earlier, a complete tail must be text that a client put into the version id.
        assert_marked(&line.replace("06/Feb/2019", "06/Jan/2019"));
    }
}
