use serde_json::{Map, json};

use super::*;

const HOUR: i64 = 3_600_000_000;

/// A row of `principal` at an address in a bucket, from one hour to another.
fn clue(
    query: &str,
    severity: Severity,
    principal: &str,
    address: &str,
    bucket: &str,
    hours: (i64, i64),
) -> Clue {
    Clue {
        query: query.to_owned(),
        title: query.to_owned(),
        severity,
        attack: Vec::new(),
        principal: principal.to_owned(),
        requester: None,
        addresses: if address.is_empty() { Vec::new() } else { vec![address.to_owned()] },
        address_count: usize::from(!address.is_empty()),
        bucket: Some(bucket.to_owned()),
        events: 100,
        first: hours.0 * HOUR,
        last: hours.1 * HOUR,
        reasons: Vec::new(),
        columns: Map::new(),
        cannot_tell: None,
        next: None,
    }
}

fn with(mut clue: Clue, column: &str, value: serde_json::Value) -> Clue {
    clue.columns.insert(column.to_owned(), value);
    clue
}

fn new_at(principal: &str, network: &str) -> LogContext {
    let mut around = LogContext::default();
    around.new_origins.insert(principal.to_owned(), BTreeSet::from([network.to_owned()]));
    around
}

/// The incidents as names of queries.
fn queries_of(clues: &[Clue], around: &LogContext) -> Vec<Vec<String>> {
    let joined = join(clues, around);
    joined.incidents.iter().map(|rows| rows.iter().map(|row| clues[*row].query.clone()).collect()).collect()
}

#[test]
fn rows_of_one_actor_are_one_incident_and_others_stay_out() {
    let clues = [
        clue("bulk-read", Severity::High, "ann", "203.0.113.9", "lake", (50, 51)),
        clue("list-then-drain", Severity::Medium, "ann", "203.0.113.9", "lake", (50, 51)),
        clue("off-hours", Severity::Low, "ann", "203.0.113.9", "lake", (50, 51)),
        clue("mass-delete", Severity::Medium, "ben", "192.0.2.1", "lake", (50, 51)),
        clue("tls-inventory", Severity::Low, "ben", "192.0.2.1", "lake", (0, 99)),
    ];
    let around = new_at("ann", "203.0.113.0/24");
    assert_eq!(queries_of(&clues, &around), [["bulk-read", "list-then-drain", "off-hours"]]);
    assert_eq!(join(&clues, &around).others.len(), 2);
}

#[test]
fn without_a_row_of_high_severity_there_is_no_incident() {
    let clues = [
        clue("mass-delete", Severity::Medium, "ann", "192.0.2.1", "lake", (0, 1)),
        clue("version-purge", Severity::Medium, "ann", "192.0.2.1", "lake", (0, 1)),
    ];
    assert!(queries_of(&clues, &LogContext::default()).is_empty());
}

#[test]
fn an_address_joins_two_principals_only_if_nobody_else_uses_it() {
    let clues = [
        clue("a", Severity::High, "ann", "203.0.113.9", "lake", (0, 1)),
        clue("b", Severity::Medium, "ben", "203.0.113.200", "vault", (5, 6)),
    ];
    assert_eq!(queries_of(&clues, &LogContext::default()), [["a", "b"]]);
    let mut office = LogContext::default();
    office.residents.insert("203.0.113.0/24".into(), BTreeSet::from(["carla".to_owned()]));
    assert_eq!(queries_of(&clues, &office), [["a"]]);
    // The incident's own principal does not count as another user of the network.
    office.residents.insert("203.0.113.0/24".into(), BTreeSet::from(["ann".to_owned()]));
    assert_eq!(queries_of(&clues, &office), [["a", "b"]]);
    // Private addresses repeat in every network.
    let inside = clues.map(|clue| Clue { addresses: vec!["10.0.0.1".into()], ..clue });
    assert_eq!(queries_of(&inside, &LogContext::default()), [["a"]]);
}

#[test]
fn a_busy_role_joins_only_what_is_done_at_the_same_time_in_the_same_bucket() {
    let clues = [
        clue("a", Severity::High, "ci", "10.0.0.1", "lake", (0, 1)),
        clue("b", Severity::Medium, "ci", "10.0.0.2", "site", (0, 1)),
        clue("c", Severity::Medium, "ci", "10.0.0.3", "lake", (1, 2)),
        clue("d", Severity::Medium, "ci", "10.0.0.3", "lake", (20, 21)),
    ];
    let busy = LogContext { busy: HashSet::from(["ci".to_owned()]), ..LogContext::default() };
    assert_eq!(queries_of(&clues, &busy), [["a", "c"]]);
    assert_eq!(queries_of(&clues, &LogContext::default()), [["a", "b", "c", "d"]]);
}

#[test]
fn aws_services_do_not_join_incidents() {
    let clues = [
        clue("a", Severity::High, "AmazonS3", "", "lake", (0, 1)),
        clue("b", Severity::High, "AmazonS3", "", "lake", (0, 1)),
    ];
    let around = LogContext { services: HashSet::from(["AmazonS3".to_owned()]), ..LogContext::default() };
    assert_eq!(queries_of(&clues, &around).len(), 2);
}

#[test]
fn signed_links_are_joined_by_their_key_not_by_their_signer() {
    let link = |query, key: &str, hour| {
        with(clue(query, Severity::High, "exporter", "", "uploads", (hour, hour + 1)), "key_id", json!(key))
    };
    let clues = [
        link("a", "AKIA1", 0),
        link("b", "AKIA1", 30),
        link("c", "AKIA2", 0),
        clue("d", Severity::High, "exporter", "10.0.0.1", "uploads", (0, 1)),
    ];
    let mut joined = queries_of(&clues, &LogContext::default());
    joined.sort();
    assert_eq!(joined, [vec!["a".to_owned(), "b".into()], vec!["c".into()], vec!["d".into()]]);
}

#[test]
fn an_access_change_joins_the_exposure_that_follows() {
    let opening = with(
        clue("guardrail-strip", Severity::High, "111122223333:role/admin", "192.0.2.7", "lake", (0, 1)),
        "operations",
        json!(["REST.PUT.BUCKETPOLICY"]),
    );
    let exposure = with(
        clue("exposure-window", Severity::Medium, "anonymous", "", "lake", (2, 9)),
        "opened_by",
        json!("arn:aws:sts::111122223333:assumed-role/admin/me"),
    );
    let clues = [opening, exposure];
    assert_eq!(queries_of(&clues, &LogContext::default()), [["guardrail-strip", "exposure-window"]]);
}

#[test]
fn a_batch_job_joins_what_its_preparer_did_on_the_new_network() {
    let job = clue("copy-out", Severity::High, "batch", "", "lake", (20, 21));
    let clues = [
        clue("role-elsewhere", Severity::High, "ann", "203.0.113.9", "lake", (18, 19)),
        with(job, "prepared_by", json!("ann")),
    ];
    let around = new_at("ann", "203.0.113.0/24");
    assert_eq!(queries_of(&clues, &around), [["role-elsewhere", "copy-out"]]);
    let known = LogContext::default();
    assert_eq!(queries_of(&clues, &known).len(), 2);
}

#[test]
fn an_unknown_destination_joins_and_a_logged_one_does_not() {
    let copy = |query, principal, hour| {
        let row = clue(query, Severity::High, principal, "", "dumps", (hour, hour + 1));
        with(row, "destination", json!("theirs"))
    };
    let clues = [copy("a", "ann", 0), copy("b", "ben", 300)];
    assert_eq!(queries_of(&clues, &LogContext::default()), [["a", "b"]]);
    let ours = LogContext { buckets: HashSet::from(["theirs".to_owned()]), ..LogContext::default() };
    assert_eq!(queries_of(&clues, &ours).len(), 2);
}

/// Random rows over few names, so that many properties are shared.
fn random(seed: &mut fastrand::Rng) -> (Vec<Clue>, LogContext) {
    let names = ["ann", "ben", "ci", "AmazonS3", "anonymous"];
    let networks = ["203.0.113.9", "203.0.113.10", "198.51.100.4", "10.0.0.1", ""];
    let clues = (0..seed.usize(1..30))
        .map(|index| {
            let first = seed.i64(0..400);
            let severity = Severity::ALL[seed.usize(1..5)];
            let (name, network) = (names[seed.usize(..5)], networks[seed.usize(..5)]);
            let bucket = ["lake", "site"][seed.usize(..2)];
            let row =
                clue(&format!("q{index}"), severity, name, network, bucket, (first, first + seed.i64(0..50)));
            match seed.u8(..6) {
                0 => with(row, "key_id", json!(["AKIA1", "AKIA2"][seed.usize(..2)])),
                1 => with(row, "destination", json!(["theirs", "site"][seed.usize(..2)])),
                _ => row,
            }
        })
        .collect();
    let mut around = new_at("ann", "203.0.113.0/24");
    around.busy.insert("ci".into());
    around.services.insert("AmazonS3".into());
    around.buckets.extend(["lake".to_owned(), "site".to_owned()]);
    if seed.bool() {
        around.residents.insert("198.51.100.0/24".into(), BTreeSet::from(["somebody".to_owned()]));
    }
    (clues, around)
}

#[test]
fn the_order_of_rows_does_not_matter_and_no_row_is_lost() {
    let mut seed = fastrand::Rng::with_seed(7);
    for _ in 0..500 {
        let (clues, around) = random(&mut seed);
        let joined = join(&clues, &around);
        let mut all: Vec<usize> = joined.incidents.iter().flatten().chain(&joined.others).copied().collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..clues.len()));
        for rows in &joined.incidents {
            assert!(rows.iter().any(|row| clues[*row].severity >= Severity::High));
        }
        let mut shuffled = clues.clone();
        seed.shuffle(&mut shuffled);
        let sets = |clues: &[Clue]| -> BTreeSet<BTreeSet<String>> {
            queries_of(clues, &around).into_iter().map(|names| names.into_iter().collect()).collect()
        };
        assert_eq!(sets(&clues), sets(&shuffled));
    }
}

/// Two principals that share only an address that others use too are never in one incident.
#[test]
fn a_shared_address_never_joins() {
    let mut seed = fastrand::Rng::with_seed(11);
    for _ in 0..200 {
        let clues: Vec<Clue> = (0..seed.usize(2..20))
            .map(|index| {
                let principal = format!("user-{}", index % 5);
                let first = seed.i64(0..100);
                let severity = Severity::ALL[seed.usize(2..5)];
                clue(&format!("q{index}"), severity, &principal, "198.51.100.1", "lake", (first, first + 5))
            })
            .collect();
        let mut around = LogContext::default();
        around
            .residents
            .insert("198.51.100.0/24".into(), BTreeSet::from(["the rest of the office".to_owned()]));
        for rows in join(&clues, &around).incidents {
            let principals: HashSet<&str> = rows.iter().map(|row| clues[*row].principal.as_str()).collect();
            assert_eq!(principals.len(), 1);
        }
    }
}
