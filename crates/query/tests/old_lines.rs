//! Catalogue queries on lines from before the format grew and of other servers, next to current lines of S3.

#![allow(clippy::unwrap_used)]

use datafusion::arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt;
use saltmine_query::catalogue::Catalogue;
use saltmine_query::{Session, SessionOptions, datafusion};

/// A line of 17 fields, as S3 wrote them until 2016.
fn of_2014(address: &str, requester: &str, operation: &str, key: &str) -> String {
    format!(
        "79a5 photos [06/Feb/2014:00:00:38 +0000] {address} {requester} 3E57427F3EXAMPLE {operation} {key} \
         \"GET /photos/{key} HTTP/1.1\" 200 - 2662992 3462992 70 10 \"-\" \"curl/7.15.1\"\n"
    )
}

/// A line of 27 fields over plain HTTP.
fn of_today(address: &str, requester: &str, operation: &str, key: &str) -> String {
    format!(
        "79a5 photos [06/Feb/2026:00:00:38 +0000] {address} {requester} 4E57427F3EXAMPLE {operation} {key} \
         \"GET /photos/{key} HTTP/1.1\" 200 - 113 113 70 10 \"-\" \"curl/8.5.0\" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6Uk= \
         SigV4 - AuthHeader photos.s3.amazonaws.com - - -\n"
    )
}

/// The answer of a query as a table.
async fn answer(lines: &str, query: &str, given: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), lines).unwrap();
    let inputs = vec![folder.path().to_string_lossy().into_owned()];
    let session = Session::open(&SessionOptions { inputs, ..SessionOptions::default() }).await.unwrap();
    let catalogue = Catalogue::builtin().unwrap();
    let query = catalogue.get(query).unwrap();
    let given: Vec<_> = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let stream = session.ask(query, &query.params(&given).unwrap()).await.unwrap();
    let batches: Vec<_> = stream.try_collect().await.unwrap();
    assert_eq!(session.scan_report().rejects(), 0, "every line reads");
    pretty_format_batches(&batches).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_anonymous_of_old_lines_is_an_anonymous_requester() {
    let read = of_2014("203.0.113.9", "Anonymous", "REST.GET.OBJECT", "a.jpg");
    let write = of_2014("203.0.113.9", "Anonymous", "REST.PUT.OBJECT", "b.jpg");
    for (query, lines) in [("anonymous-success", &read), ("anonymous-writes", &write)] {
        let table = answer(lines, query, &[]).await;
        assert!(table.contains("| photos"), "{query}:\n{table}");
        let known = answer(&lines.replace("Anonymous", "79a5"), query, &[]).await;
        assert!(!known.contains("| photos"), "{query}:\n{known}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_tls_fields_is_not_counted_as_plain_http() {
    let old = of_2014("203.0.113.9", "79a5", "REST.GET.OBJECT", "a.jpg");
    let plain = of_today("198.51.100.4", "79a5", "REST.GET.OBJECT", "a.jpg");
    let table = answer(&(old + &plain), "plain-http", &[]).await;
    assert!(table.contains("198.51.100.4") && !table.contains("203.0.113.9"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_network_of_a_list_is_matched() {
    let addresses = ["198.51.100.9", "203.0.113.77", "192.0.2.1"];
    let lines: String = addresses
        .iter()
        .enumerate()
        .map(|(number, address)| of_today(address, "79a5", "REST.GET.OBJECT", &format!("key-{number}")))
        .collect();
    let table = answer(&lines, "retrieved-objects", &[("address", "198.51.100.9/32,203.0.113.0/24")]).await;
    let found: Vec<_> = (0..3).filter(|number| table.contains(&format!("key-{number}"))).collect();
    assert_eq!(found, [0, 1], "{table}");
}

/// Dell OneFS sets acl_required in every record, and writes the host in quotes.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_marks_every_request_is_named_as_one() {
    let line = |operation: &str, bucket: &str, acl: &str| {
        format!(
            "root {bucket} [18/May/2026:06:00:05 +0000] 192.0.2.210 1_svc_backup 125132126 {operation} /vm/a.vbk \
             \"PUT /{bucket}/vm/a.vbk HTTP/1.1\" 200 - - 1048576 2 2 \"-\" \"Veeam/12.3\" - 192.0.2.20 SigV4 TLS_AES_256_GCM_SHA384 \
             AuthHeader \"192.0.2.20:9021\" TLSv1.3 - {acl}\n"
        )
    };
    let lines = [
        line("REST.PUT.OBJECT", "onefs", "Yes"),
        line("REST.GET.OBJECT", "onefs", "Yes"),
        line("REST.GET.OBJECT", "s3", "Yes"),
        line("REST.PUT.OBJECT", "s3", "-"),
    ];
    let table = answer(&lines.concat(), "acl-dependent", &[]).await;
    let rows: Vec<&str> = table.lines().filter(|row| row.contains("1_svc_backup")).collect();
    assert_eq!(rows.len(), 3, "{table}");
    for row in rows {
        assert_eq!(row.contains("| onefs"), row.contains("every request to this bucket"), "{table}");
    }
}
