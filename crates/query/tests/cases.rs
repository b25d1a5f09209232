//! Cases from the field: situations that responders met, each reduced to a few lines, with the exact answer of the
//! query concerned.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use saltmine_query::catalogue::Catalogue;
use saltmine_query::{Session, SessionOptions, datafusion};

const OWNER: &str = "5d1c0b2e9f3a4d6788e1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7";
const ADMIN: &str = "arn:aws:sts::111122223333:assumed-role/OrgAdmin/jlee";
const BATCH: &str = "arn:aws:iam::111122223333:user/batch-old";

/// A record to build; fields that are not set are `-`.
#[derive(Clone, Copy)]
struct Record<'a> {
    /// Day of May 2026, hour, minute, second.
    at: (u32, u32, u32, u32),
    bucket: &'a str,
    address: &'a str,
    requester: &'a str,
    operation: &'a str,
    key: &'a str,
    query: &'a str,
    status: &'a str,
    error: &'a str,
    sent: &'a str,
    size: &'a str,
    agent: &'a str,
    version: &'a str,
    host: &'a str,
}

const GET: Record<'_> = Record {
    at: (1, 0, 0, 0),
    bucket: "data",
    address: "203.0.113.150",
    requester: ADMIN,
    operation: "REST.GET.OBJECT",
    key: "-",
    query: "",
    status: "200",
    error: "-",
    sent: "-",
    size: "-",
    agent: "aws-cli/2.31.2",
    version: "-",
    host: "data.s3.eu-west-1.amazonaws.com",
};

fn text(records: &[Record<'_>]) -> String {
    let line = |(number, record): (usize, &Record<'_>)| {
        let Record { at: (day, hour, minute, second), bucket, address, requester, operation, key, .. } =
            *record;
        let Record { query, status, error, sent, size, agent, version, host, .. } = *record;
        let method = match operation.split('.').nth(1).unwrap_or("GET") {
            "COPY" => "PUT",
            method => method,
        };
        let path = if key == "-" { "" } else { key };
        let signed = if requester == "-" { "- - -" } else { "SigV4 - AuthHeader" };
        format!(
            "{OWNER} {bucket} [{day:02}/May/2026:{hour:02}:{minute:02}:{second:02} +0000] {address} {requester} \
             R{number:015} {operation} {key} \"{method} /{path}{query} HTTP/1.1\" {status} {error} {sent} {size} 9 9 \
             \"-\" \"{agent}\" {version} HOSTID {signed} {host} TLSv1.3 - -\n"
        )
    };
    records.iter().enumerate().map(line).collect()
}

type Row = BTreeMap<String, String>;

/// The rows of a catalogue query, without nulls.
async fn rows(records: &[Record<'_>], query: &str, given: &[(&str, &str)]) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), text(records)).unwrap();
    let inputs = vec![folder.path().to_string_lossy().into_owned()];
    let session = Session::open(&SessionOptions { inputs, ..SessionOptions::default() }).await.unwrap();
    let catalogue = Catalogue::builtin().unwrap();
    let query = catalogue.get(query).unwrap();
    let given: Vec<_> = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let stream = session.ask(query, &query.params(&given).unwrap()).await.unwrap();
    let batches: Vec<_> = stream.try_collect().await.unwrap();
    assert_eq!(session.scan_report().rejects(), 0, "the lines of the case read");
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let cells = batch
                .schema()
                .fields()
                .iter()
                .zip(batch.columns())
                .filter(|(_, column)| !column.is_null(row))
                .map(|(field, column)| {
                    let cell =
                        ArrayFormatter::try_new(column.as_ref(), &options).unwrap().value(row).to_string();
                    (field.name().clone(), cell)
                })
                .collect();
            rows.push(cells);
        }
    }
    rows
}

fn check(row: &Row, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(row.get(*name).map(String::as_str), Some(*value), "{name} of {row:?}");
    }
}

/// A listing of versions weeks ago does not hide the one before the deletes.
#[tokio::test]
async fn the_last_listing_before_the_deletes_counts() {
    let keys: Vec<String> = (0..40).map(|number| format!("k{number}")).collect();
    let list = Record { operation: "REST.GET.BUCKETVERSIONS", query: "?versions", ..GET };
    let versioning = Record { operation: "REST.PUT.VERSIONING", query: "?versioning", ..GET };
    let mut records = vec![
        Record { at: (1, 9, 0, 0), address: "198.51.100.10", ..list },
        Record { at: (1, 9, 0, 30), address: "198.51.100.10", ..versioning },
        Record { at: (20, 22, 10, 0), ..list },
        Record { at: (20, 22, 11, 0), ..versioning },
    ];
    records.extend(keys.iter().enumerate().map(|(number, key)| Record {
        at: (20, 22, 12 + number as u32 / 30, 2 * (number as u32 % 30)),
        operation: "REST.DELETE.OBJECT",
        status: "204",
        version: key,
        key,
        size: "500",
        ..GET
    }));
    let purge = rows(&records, "version-purge", &[]).await;
    assert_eq!(purge.len(), 1, "{purge:?}");
    check(
        &purge[0],
        &[
            ("requester", ADMIN),
            ("remote_ip", "203.0.113.150"),
            ("versions_listed", "2026-05-20T22:10:00Z"),
            ("events", "40"),
            ("keys", "40"),
            ("versions", "40"),
            ("severity", "high"),
        ],
    );
    let changes = rows(&records, "protection-off", &[]).await;
    let after: Vec<&str> = changes.iter().map(|row| row["deletes_after"].as_str()).collect();
    assert_eq!(after, ["0", "40"], "{changes:?}");
}

/// Windows end with a pause, not at fixed times.
#[tokio::test]
async fn runs_continue_across_the_hour() {
    let keys: Vec<String> = (0..260).map(|number| format!("hr/{number:03}")).collect();
    let base = Record { requester: BATCH, ..GET };
    let mut records =
        vec![Record { at: (12, 3, 29, 40), operation: "REST.GET.BUCKET", query: "?list-type=2", ..base }];
    let at = |start: u32, number: usize, step: u32| {
        let seconds = start + number as u32 * step;
        (12, 3, seconds / 60, seconds % 60)
    };
    records.extend(keys.iter().enumerate().map(|(number, key)| Record {
        at: at(30 * 60 + 5, number, 2),
        key,
        sent: "90000",
        size: "90000",
        ..base
    }));
    records.extend(keys.iter().take(160).enumerate().map(|(number, key)| Record {
        at: at(47 * 60 + 20, number, 2),
        operation: "REST.DELETE.OBJECT",
        status: "204",
        key,
        size: "90000",
        ..base
    }));
    let drained = rows(&records, "list-then-drain", &[]).await;
    assert_eq!(drained.len(), 1, "{drained:?}");
    check(
        &drained[0],
        &[
            ("requester", BATCH),
            ("lists", "1"),
            ("keys", "260"),
            ("bytes", "23400000"),
            ("first_seen", "2026-05-12T03:29:40Z"),
        ],
    );
    let deleted = rows(&records, "mass-delete", &[]).await;
    assert_eq!(deleted.len(), 1, "{deleted:?}");
    check(
        &deleted[0],
        &[("keys", "160"), ("first_seen", "2026-05-12T03:47:20Z"), ("last_seen", "2026-05-12T03:52:38Z")],
    );
}

/// The AWS CLI copies files above 8 MB in parts; the row of a copy's source has the status `-` or 200.
#[tokio::test]
async fn objects_copied_onto_themselves_by_parts_are_overwritten() {
    let keys: Vec<String> = (0..60).map(|number| format!("reel-{number:02}.mxf")).collect();
    let mut answers = Vec::new();
    for status in ["-", "200"] {
        let mut records = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            let base = Record {
                at: (20, 3, number as u32 / 3, 20 * (number as u32 % 3)),
                key,
                size: "90000000",
                ..GET
            };
            records.extend([
                Record { operation: "REST.POST.UPLOADS", query: "?uploads", ..base },
                Record { operation: "REST.COPY.PART_GET", status, ..base },
                Record { operation: "REST.COPY.PART", query: "?partNumber=1&uploadId=u", ..base },
                Record { operation: "REST.POST.UPLOAD", query: "?uploadId=u", ..base },
            ]);
        }
        let found = rows(&records, "overwrite-storm", &[]).await;
        assert_eq!(found.len(), 1, "{found:?}");
        check(&found[0], &[("keys_rewritten", "60"), ("keys_refused", "0"), ("by_copy", "60")]);
        answers.push(found);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn overwrites_without_credentials_are_found() {
    let keys: Vec<String> = (0..55).map(|number| format!("a/{number}.js")).collect();
    let mut records = Vec::new();
    for (number, key) in keys.iter().enumerate() {
        let base = Record { at: (15, 2, number as u32, 1), requester: "-", key, size: "900", ..GET };
        records.push(Record { sent: "900", ..base });
        records.push(Record { at: (15, 2, number as u32, 3), operation: "REST.PUT.OBJECT", ..base });
    }
    let found = rows(&records, "overwrite-storm", &[]).await;
    assert_eq!(found.len(), 1, "{found:?}");
    check(
        &found[0],
        &[("events", "55"), ("keys_rewritten", "55"), ("by_copy", "0"), ("remote_ip", "203.0.113.150")],
    );
    assert!(!found[0].contains_key("requester"));
    check(&rows(&records, "anonymous-writes", &[]).await[0], &[("successes", "55"), ("severity", "high")]);
}

/// PUT, form POST, copy and the completion of an upload write an object; parts do not.
#[tokio::test]
async fn there_are_four_ways_to_write() {
    let deploy = Record {
        requester: "arn:aws:sts::111122223333:assumed-role/deploy/ci",
        operation: "REST.PUT.OBJECT",
        ..GET
    };
    let other = Record { requester: BATCH, ..GET };
    let records = [
        Record { at: (1, 8, 0, 0), key: "index.html", size: "5000", ..deploy },
        Record { at: (1, 8, 0, 1), key: "app.js", size: "9000", ..deploy },
        Record {
            at: (3, 8, 0, 0),
            key: "index.html",
            operation: "WEBSITE.GET.OBJECT",
            requester: "-",
            ..GET
        },
        Record {
            at: (9, 23, 10, 0),
            key: "app.js",
            operation: "REST.POST.UPLOADS",
            query: "?uploads",
            ..other
        },
        Record { at: (9, 23, 10, 2), key: "app.js", operation: "REST.PUT.PART", size: "9400", ..other },
        Record { at: (9, 23, 10, 3), key: "app.js", operation: "REST.POST.UPLOAD", size: "9400", ..other },
        Record {
            at: (9, 23, 12, 0),
            key: "index.html",
            operation: "REST.POST.OBJECT",
            status: "204",
            ..other
        },
    ];
    let found = rows(&records, "defacement", &[]).await;
    assert_eq!(found.len(), 1, "{found:?}");
    check(
        &found[0],
        &[
            ("requester", BATCH),
            // With the start and the part of the upload.
            ("events", "4"),
            ("keys", "2"),
            ("first_seen", "2026-05-09T23:10:00Z"),
            ("last_seen", "2026-05-09T23:12:00Z"),
        ],
    );
    let lost = rows(&records, "last-known-good", &[("incident_at", "2026-05-09T00:00:00Z")]).await;
    assert_eq!(lost.len(), 2, "{lost:?}");
    for row in &lost {
        check(row, &[("destroyed_by", BATCH), ("style", "overwritten")]);
    }
}

/// Objects expired by a malicious lifecycle rule can be restored too.
#[tokio::test]
async fn expired_objects_are_lost() {
    let expired =
        Record { requester: "AmazonS3", operation: "S3.EXPIRE.OBJECT", status: "-", address: "-", ..GET };
    let records = [
        Record { at: (1, 8, 0, 0), key: "a", operation: "REST.PUT.OBJECT", ..GET },
        Record { at: (9, 8, 0, 0), key: "a", ..expired },
    ];
    let lost = rows(&records, "last-known-good", &[("incident_at", "2026-05-09T00:00:00Z")]).await;
    assert_eq!(lost.len(), 1, "{lost:?}");
    check(&lost[0], &[("style", "expired by a lifecycle rule"), ("last_write", "2026-05-01T08:00:00Z")]);
}

/// A copy is one request with two rows, and refused requests from other accounts are not billed.
#[tokio::test]
async fn a_copy_is_billed_once_and_refused_outsiders_are_not() {
    let mut records = vec![
        Record { operation: "REST.GET.BUCKET", query: "?list-type=2", ..GET },
        Record { key: "a", ..GET },
    ];
    for _ in 0..4 {
        records.push(Record { operation: "REST.COPY.OBJECT_GET", key: "a", status: "-", ..GET });
        records.push(Record { operation: "REST.COPY.OBJECT", key: "b", ..GET });
    }
    let refused = Record { requester: "-", operation: "REST.PUT.OBJECT", key: "x", status: "403", ..GET };
    records.extend([refused; 50]);
    let costs =
        rows(&records, "cost-by-principal", &[("price_a", "5"), ("price_b", "0.4"), ("price_gb", "0")]).await;
    check(&costs[0], &[("principal", "111122223333:role/OrgAdmin"), ("class_a", "5"), ("class_b", "1")]);
    check(&costs[0], &[("estimate", "0.0254")]);
    assert_eq!(costs.len(), 1, "{costs:?}");
}

/// Only on AWS does the owner's id mean the root user; its ids have 64 hexadecimal digits.
#[tokio::test]
async fn an_owner_is_not_always_root() {
    let put = Record { operation: "REST.PUT.OBJECT", key: "a", ..GET };
    assert_eq!(rows(&[Record { requester: OWNER, ..put }], "root-activity", &[]).await.len(), 1);
    let lines = text(&[Record { requester: "testid", ..put }]).replace(OWNER, "testid");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), lines).unwrap();
    let inputs = vec![folder.path().to_string_lossy().into_owned()];
    let session = Session::open(&SessionOptions { inputs, ..SessionOptions::default() }).await.unwrap();
    let catalogue = Catalogue::builtin().unwrap();
    let query = catalogue.get("root-activity").unwrap();
    let stream = session.ask(query, &query.params(&[]).unwrap()).await.unwrap();
    let batches: Vec<_> = stream.try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 0);
}

#[tokio::test]
async fn downloads_are_those_of_people() {
    let get = Record { requester: "-", agent: "Firefox/140.0", ..GET };
    let whole = Record { key: "census.csv", sent: "1000", size: "1000", ..get };
    let part = Record { key: "height.tif", status: "206", sent: "250", size: "1000", ..get };
    let robot = Record { agent: "Examplebot/2.1", ..whole };
    let records = [
        Record { at: (1, 10, 0, 0), address: "198.51.100.1", ..whole },
        Record { at: (1, 10, 0, 0), address: "198.51.100.5", ..whole },
        Record { at: (1, 10, 0, 8), address: "198.51.100.5", ..whole },
        Record { at: (1, 11, 0, 0), ..robot },
        Record { at: (1, 10, 0, 0), ..part },
        Record { at: (1, 10, 0, 1), ..part },
        Record { at: (1, 10, 0, 2), ..part },
        Record { at: (1, 10, 0, 3), ..part },
        Record { key: "intro.mp4", status: "206", sent: "10", size: "1000", ..get },
        Record { key: "census.csv", operation: "REST.HEAD.OBJECT", ..get },
        Record { key: "census.csv", status: "304", ..get },
    ];
    let found = rows(&records, "downloads", &[]).await;
    let of = |key: &str| found.iter().find(|row| row["key"] == key).unwrap();
    check(of("census.csv"), &[("requests", "4"), ("full", "4"), ("ranges", "0"), ("downloads", "2")]);
    check(of("census.csv"), &[("clients", "2"), ("by_bots", "1"), ("bytes", "4000")]);
    check(of("height.tif"), &[("requests", "4"), ("ranges", "4"), ("downloads", "1"), ("clients", "1")]);
    check(of("intro.mp4"), &[("ranges", "1"), ("downloads", "0")]);
}

/// A listing has no key; its prefix is in the request.
#[tokio::test]
async fn listings_cost_their_prefix() {
    let list = Record { operation: "REST.GET.BUCKET", query: "?list-type=2&prefix=bronze%2F2026", ..GET };
    let put = Record { operation: "REST.PUT.OBJECT", key: "silver/a", ..GET };
    let records: Vec<_> = [list; 20].into_iter().chain([put; 5]).collect();
    let costs = rows(&records, "cost-by-prefix", &[]).await;
    check(&costs[0], &[("prefix", "bronze"), ("class_a", "20"), ("lists", "20")]);
    check(&costs[1], &[("prefix", "silver"), ("class_a", "5"), ("lists", "0")]);
}

#[tokio::test]
async fn deleted_buckets_are_found() {
    let delete =
        Record { at: (10, 1, 6, 0), requester: BATCH, operation: "REST.DELETE.BUCKET", status: "204", ..GET };
    let records = [
        Record { bucket: "backup-a", ..delete },
        Record { bucket: "backup-b", ..delete },
        Record { bucket: "backup-c", status: "409", ..delete },
    ];
    let found = rows(&records, "bucket-deleted", &[]).await;
    assert_eq!(found.len(), 1, "{found:?}");
    check(&found[0], &[("buckets", "2"), ("names", "[backup-a, backup-b]"), ("severity", "high")]);
    check(&found[0], &[("requester", BATCH), ("events", "2")]);
}

/// 90 keys in 22 minutes are one run, even across a full hour or midnight.
#[tokio::test]
async fn an_overwrite_continues_across_the_hour_and_the_day() {
    let keys: Vec<String> = (0..90).map(|number| format!("site/{number:02}")).collect();
    for requester in [BATCH, "-"] {
        for begin in [2 * 3600 + 5 * 60, 2 * 3600 + 49 * 60, 23 * 3600 + 49 * 60] {
            let mut records = Vec::new();
            for (number, key) in keys.iter().enumerate() {
                let at = |second: u32| {
                    let second = begin + number as u32 * 15 + second;
                    (15 + second / 86_400, second / 3600 % 24, second / 60 % 60, second % 60)
                };
                let base = Record { requester, key, size: "900", ..GET };
                records.push(Record { at: at(0), sent: "900", ..base });
                records.push(Record { at: at(2), operation: "REST.PUT.OBJECT", ..base });
            }
            let found = rows(&records, "overwrite-storm", &[]).await;
            assert_eq!(found.len(), 1, "{requester} from second {begin}: {found:?}");
            check(&found[0], &[("keys_rewritten", "90"), ("events", "90")]);
        }
    }
}

/// Anonymous requesters are followed like any other: null equals null here.
#[tokio::test]
async fn deletes_without_credentials_follow_a_change_without_credentials() {
    let keys: Vec<String> = (0..12).map(|number| format!("k{number}")).collect();
    let nobody = Record { requester: "-", ..GET };
    let versioning = Record { operation: "REST.PUT.VERSIONING", query: "?versioning", ..nobody };
    let mut records = vec![Record { at: (20, 22, 0, 0), ..versioning }];
    records.extend(keys.iter().enumerate().map(|(number, key)| Record {
        at: (20, 22, 5, number as u32),
        operation: "REST.DELETE.OBJECT",
        status: "204",
        key,
        ..nobody
    }));
    let changes = rows(&records, "protection-off", &[]).await;
    assert_eq!(changes.len(), 1, "{changes:?}");
    check(&changes[0], &[("deletes_after", "12"), ("operation", "REST.PUT.VERSIONING")]);
    assert!(!changes[0].contains_key("requester"), "{changes:?}");
}

/// Versions deleted without credentials are permanently deleted too.
#[tokio::test]
async fn versions_deleted_without_credentials_are_found() {
    let keys: Vec<String> = (0..40).map(|number| format!("k{number}")).collect();
    let nobody = Record { requester: "-", ..GET };
    let list = Record { operation: "REST.GET.BUCKETVERSIONS", query: "?versions", ..nobody };
    let mut records = vec![Record { at: (20, 22, 10, 0), ..list }];
    records.extend(keys.iter().enumerate().map(|(number, key)| Record {
        at: (20, 22, 12 + number as u32 / 30, 2 * (number as u32 % 30)),
        operation: "REST.DELETE.OBJECT",
        status: "204",
        version: key,
        key,
        size: "500",
        ..nobody
    }));
    let purge = rows(&records, "version-purge", &[]).await;
    assert_eq!(purge.len(), 1, "{purge:?}");
    check(&purge[0], &[("versions", "40"), ("versions_listed", "2026-05-20T22:10:00Z")]);
}
