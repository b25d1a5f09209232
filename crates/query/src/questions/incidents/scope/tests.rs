use serde_json::{Map, json};

use super::*;

const HOUR: i64 = 3_600_000_000;

fn clue(severity: Severity, principal: &str, address: &str, hours: (i64, i64)) -> Clue {
    Clue {
        query: "query".to_owned(),
        title: "Title".to_owned(),
        severity,
        attack: Vec::new(),
        principal: principal.to_owned(),
        requester: Some(format!("{principal}/session")),
        addresses: vec![address.to_owned()],
        address_count: 1,
        bucket: Some("lake".to_owned()),
        events: 1,
        first: hours.0 * HOUR,
        last: hours.1 * HOUR,
        reasons: Vec::new(),
        columns: Map::new(),
        cannot_tell: None,
        next: None,
    }
}

fn around() -> LogContext {
    let new = ["203.0.113.0/24", "198.51.100.0/24"].map(str::to_owned);
    LogContext { new_origins: [("ann".to_owned(), BTreeSet::from(new))].into(), ..LogContext::default() }
}

#[test]
fn on_a_new_network_all_requests_count_and_the_owner_is_left_out() {
    let night = clue(Severity::High, "ann", "203.0.113.9", (100, 101));
    // The same principal, including its owner's requests of that day.
    let day = Clue {
        addresses: vec!["203.0.113.9".into(), "192.0.2.1".into()],
        address_count: 2,
        ..clue(Severity::Medium, "ann", "", (96, 120))
    };
    let (roles, scopes) = scopes(&[&night, &day], &around());
    assert_eq!(roles, [Role { principal: "ann".into(), place: ActorPlace::NewNetwork }]);
    assert_eq!(scopes.len(), 1);
    assert_eq!(scopes[0].origins, BTreeSet::from(["203.0.113.0/24".to_owned()]));
    assert_eq!((scopes[0].bucket.as_ref(), scopes[0].requester.as_ref()), (None, None));
    assert_eq!((scopes[0].since, scopes[0].until), (100 * HOUR - MARGIN, 101 * HOUR + MARGIN));
}

#[test]
fn a_row_of_several_networks_names_new_ones_too() {
    let bulk = clue(Severity::High, "ann", "203.0.113.9", (100, 101));
    let mixed = Clue {
        addresses: vec!["198.51.100.4".into(), "192.0.2.1".into()],
        address_count: 2,
        ..clue(Severity::High, "ann", "", (99, 101))
    };
    assert_eq!(scopes(&[&bulk, &mixed], &around()).1[0].origins.len(), 2);
    assert_eq!(scopes(&[&bulk], &around()).1[0].origins.len(), 1);
}

#[test]
fn all_new_networks_count_beyond_the_named_addresses() {
    let many = Clue { address_count: 173, ..clue(Severity::High, "ann", "203.0.113.9", (0, 200)) };
    assert_eq!(scopes(&[&many], &around()).1[0].origins.len(), 2);
}

#[test]
fn on_known_networks_only_the_time_bucket_and_session_of_a_row_count() {
    let row = clue(Severity::Critical, "ben", "192.0.2.7", (5, 6));
    let low = clue(Severity::Low, "ben", "192.0.2.8", (0, 99));
    let (roles, scopes) = scopes(&[&row, &low], &around());
    assert_eq!(roles, [Role { principal: "ben".into(), place: ActorPlace::Known }]);
    let expected = Scope {
        principal: Some("ben".into()),
        requester: Some("ben/session".into()),
        addresses: vec!["192.0.2.7".into()],
        bucket: Some("lake".into()),
        since: 5 * HOUR,
        until: 6 * HOUR,
        ..Scope::default()
    };
    assert_eq!(scopes, [expected]);
}

#[test]
fn a_row_by_the_day_does_not_move_the_begin_of_a_more_severe_row_about_the_same_requests() {
    let copies = Clue { events: 900, ..clue(Severity::High, "ben", "192.0.2.7", (23, 24)) };
    let day = Clue { events: 930, bucket: None, ..clue(Severity::Medium, "ben", "192.0.2.7", (12, 24)) };
    let since = |rows: &[&Clue]| -> Vec<i64> {
        scopes(rows, &LogContext::default()).1.iter().map(|scope| scope.since / HOUR).collect()
    };
    assert_eq!(since(&[&copies, &day]), [23]);
    // Requests that the severe row does not explain, in another bucket, or of the same severity, count.
    assert_eq!(since(&[&copies, &Clue { events: 2_000, ..day.clone() }]), [23, 12]);
    assert_eq!(since(&[&copies, &Clue { bucket: Some("vault".into()), ..day.clone() }]), [23, 12]);
    assert_eq!(since(&[&copies, &Clue { severity: Severity::High, ..day }]), [23, 12]);
}

#[test]
fn all_requests_of_a_principal_count_that_came_with_the_incident() {
    let row = clue(Severity::Critical, "tool", "203.0.113.9", (50, 51));
    let came = |hour: i64| LogContext {
        newcomers: [("tool".to_owned(), hour * HOUR)].into(),
        ..LogContext::default()
    };
    let (roles, of_newcomer) = scopes(&[&row], &came(49));
    assert_eq!(roles, [Role { principal: "tool".into(), place: ActorPlace::Known }]);
    let expected = Scope {
        principal: Some("tool".into()),
        since: 49 * HOUR,
        until: 51 * HOUR + MARGIN,
        ..Scope::default()
    };
    assert_eq!(of_newcomer, [expected]);
    // It had other work before.
    assert_eq!(scopes(&[&row], &came(20)).1[0].since, 50 * HOUR);
    let service = LogContext { services: ["tool".to_owned()].into(), ..came(49) };
    assert_eq!(scopes(&[&row], &service).1[0].since, 50 * HOUR);
}

#[test]
fn who_prepared_a_batch_job_is_an_actor_on_the_new_network() {
    let mut job = clue(Severity::High, "batch", "", (30, 31));
    job.addresses.clear();
    job.address_count = 0;
    job.columns.insert("prepared_by".into(), json!("ann"));
    let of = |clue: &Clue| -> Vec<(String, ActorPlace)> {
        let roles = scopes(&[clue], &around()).0;
        roles.into_iter().map(|role| (role.principal, role.place)).collect()
    };
    let batch = ("batch".to_owned(), ActorPlace::Known);
    assert_eq!(of(&job), [("ann".to_owned(), ActorPlace::NewNetwork), batch.clone()]);
    let scope = &scopes(&[&job], &around()).1[0];
    assert_eq!((scope.principal.as_deref(), scope.origins.len()), (Some("ann"), 2));
    // A job that is not suspicious accuses nobody.
    assert_eq!(of(&Clue { severity: Severity::Medium, ..job }), [batch]);
}

#[test]
fn a_link_covers_its_object_and_a_rule_what_expired() {
    let mut link = clue(Severity::High, "exporter", "", (0, 1));
    link.addresses.clear();
    link.columns.insert("key_id".into(), json!("AKIA1"));
    link.columns.insert("key".into(), json!("all customers.csv"));
    let (roles, of_link) = scopes(&[&link], &around());
    assert_eq!(roles[0].place, ActorPlace::Link);
    assert!(of_link[0].links && of_link[0].requester.is_none());
    assert_eq!(of_link[0].object.as_deref(), Some("all customers.csv"));

    let mut rule = clue(Severity::High, "admin", "192.0.2.7", (0, 0));
    rule.columns.insert("expired_first".into(), json!("1970-01-02T00:00:00Z"));
    rule.columns.insert("expired_last".into(), json!("1970-01-03T00:00:00Z"));
    let (_, scopes) = scopes(&[&rule], &around());
    let expiry = scopes.last().map(|scope| (scope.action, scope.principal.clone(), scope.since, scope.until));
    assert_eq!(expiry, Some((Some("expire"), None, 24 * HOUR, 48 * HOUR)));
}
