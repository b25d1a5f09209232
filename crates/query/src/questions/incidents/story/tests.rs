use super::super::recount::Impact;
use super::*;

const HOUR: i64 = 3_600_000_000;

#[test]
fn names_are_short() {
    for (who, short) in [
        ("anonymous", "(anonymous)"),
        ("arn:aws:sts::111122223333:assumed-role/backup/sess-1", "backup/sess-1"),
        (
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_A_0123456789abcdef/ann@x.example",
            "ann@x.example",
        ),
        ("arn:aws:iam::111122223333:user/staff/ann", "user/ann"),
        ("arn:aws:iam::111122223333:root", "root user"),
        ("111122223333:role/etl", "role/etl"),
        ("111122223333:person/ann@x.example", "ann@x.example"),
        ("svc:logging.s3.amazonaws.com", "svc:logging.s3.amazonaws.com"),
    ] {
        assert_eq!(name(who), short, "{who}");
    }
}

#[test]
fn activity_at_the_end_of_the_logs_is_ongoing() {
    assert_eq!(last_seen(0, Some(44 * HOUR)), (false, "last seen 44 h before the logs end".into()));
    assert_eq!(last_seen(0, Some(0)), (true, "ongoing when the logs end".into()));
    assert!(last_seen(0, Some(HOUR)).0);
    assert_eq!(last_seen(0, None), (false, String::new()));
}

fn deed(kind: DeedKind, requests: u64, objects: u64, bytes: i64, minutes: (i64, i64)) -> Deed {
    Deed {
        kind,
        bucket: "lake".into(),
        destination: None,
        requests,
        objects,
        versions: if kind == DeedKind::VersionDeleted { requests } else { 0 },
        bytes,
        first_seen: Time(minutes.0 * 60_000_000),
        last_seen: Time(minutes.1 * 60_000_000),
        operations: vec!["REST.PUT.LOGGING_STATUS".into()],
    }
}

fn row(query: &str, attack: &str) -> Clue {
    Clue {
        query: query.into(),
        title: format!("Title of {query}"),
        severity: Severity::High,
        attack: vec![attack.into()],
        principal: "111122223333:role/etl".into(),
        requester: None,
        addresses: Vec::new(),
        address_count: 0,
        bucket: Some("lake".into()),
        events: 5,
        first: 0,
        last: HOUR,
        reasons: vec!["never seen there before".into()],
        columns: serde_json::Map::new(),
        cannot_tell: Some("Who sat there.".into()),
        next: None,
    }
}

fn incident_from(rows: &[Clue], place: ActorPlace, counted: IncidentCounts) -> Incident {
    let roles = [Role { principal: "111122223333:role/etl".into(), place }];
    let acted = ActorCounts { requests: 333, addresses: 1, first: 0, last: HOUR, ..ActorCounts::default() };
    let counted = IncidentCounts { actors: BTreeMap::from([(0, acted)]), ..counted };
    incident(&rows.iter().collect::<Vec<_>>(), &roles, counted, Some(40 * HOUR))
}

#[test]
fn a_theft_has_amount_duration_and_preparation() {
    let deeds = vec![
        deed(DeedKind::Listed, 3, 0, 0, (0, 1)),
        deed(DeedKind::Taken, 330, 330, 16_329_992_258, (1, 28)),
    ];
    let incident = incident_from(
        &[row("bulk-read", "T1530")],
        ActorPlace::NewNetwork,
        IncidentCounts { deeds, ..IncidentCounts::default() },
    );
    assert_eq!(
        incident.headline,
        "16.3 GB in 330 objects read over 27 min, after 3 listings, from an address new to this principal"
    );
    assert_eq!(incident.title, "Data downloaded with credentials used from a new location");
    let phases: Vec<PhaseKind> = incident.phases.iter().map(|phase| phase.phase).collect();
    assert_eq!(phases, [PhaseKind::Discovery, PhaseKind::Exfiltration]);
    assert_eq!((incident.last_seen.0, incident.ongoing), (28 * 60_000_000, false));
    assert!(
        incident.cannot_tell.iter().any(|text| text.contains("userIdentity.accessKeyId")),
        "{incident:?}"
    );
    assert!(incident.cannot_tell.contains(&"Who sat there.".to_owned()));
    assert!(!incident.next_steps.containment.is_empty() && !incident.next_steps.recovery.is_empty());
}

#[test]
fn usual_reads_next_to_a_theft_are_named_and_not_counted() {
    let deeds = vec![
        deed(DeedKind::ReadAsUsual, 70, 40, 5_000, (0, 90)),
        deed(DeedKind::Taken, 900, 900, 4_000_000_000, (10, 60)),
    ];
    let counted = IncidentCounts { deeds, ..IncidentCounts::default() };
    let incident = incident_from(&[row("bulk-read", "T1530")], ActorPlace::Known, counted);
    assert_eq!((incident.losses.taken_objects, incident.losses.taken_bytes), (900, 4_000_000_000));
    assert_eq!((incident.first_seen.0, incident.last_seen.0), (10 * 60_000_000, 60 * 60_000_000));
    assert!(
        incident.details.contains(&"not counted: 40 objects (5.0 kB) read as often as before".to_owned()),
        "{:?}",
        incident.details
    );
    let phases: Vec<PhaseKind> = incident.phases.iter().map(|phase| phase.phase).collect();
    assert_eq!(phases, [PhaseKind::Exfiltration]);
}

#[test]
fn a_ransom_is_named_before_its_reads() {
    let deeds = vec![
        deed(DeedKind::Copied, 120, 120, 5000, (0, 24)),
        deed(DeedKind::Written, 121, 121, 0, (0, 24)),
        deed(DeedKind::Taken, 9, 9, 9_000_000, (0, 1)),
    ];
    let overwritten = Impact {
        objects: 121,
        existed: 120,
        failing: 40,
        failures: 44,
        failed_first: Some(HOUR),
        failed_last: Some(2 * HOUR),
        failed_for: vec!["111122223333:role/ledger".into()],
        error_codes: vec!["InvalidRequest".into()],
        ..Impact::default()
    };
    let counted = IncidentCounts { deeds, overwritten, ..IncidentCounts::default() };
    let incident = incident_from(&[row("overwrite-storm", "T1486")], ActorPlace::Known, counted);
    assert_eq!(
        incident.headline,
        "120 objects overwritten by copies onto themselves in 24 min; 44 requests by others for 40 of them have failed since"
    );
    assert!(incident.title.contains("ransom"), "{}", incident.title);
    assert_eq!((incident.losses.overwritten_objects, incident.losses.new_objects), (120, 1));
    let failing = incident.failing.as_ref().map(|failing| (failing.objects, failing.requests));
    assert_eq!(failing, Some((40, 44)));
    assert!(
        incident.details.iter().any(|text| text.contains("role/ledger") && text.contains("InvalidRequest")),
        "{incident:?}"
    );
}

#[test]
fn versions_deleted_by_id_are_lost_and_markers_are_not() {
    let of = |kind| IncidentCounts {
        deeds: vec![deed(kind, 2779, 1007, 0, (0, 60))],
        ..IncidentCounts::default()
    };
    let purge =
        incident_from(&[row("version-purge", "T1485")], ActorPlace::Known, of(DeedKind::VersionDeleted));
    assert_eq!(purge.headline, "2,779 versions of 1,007 objects permanently deleted over 60 min");
    assert!(purge.losses.restorable.as_ref().is_some_and(|text| text.contains("permanently lost")));
    let delete = incident_from(&[row("mass-delete", "T1485")], ActorPlace::Known, of(DeedKind::Deleted));
    assert!(
        delete.headline.ends_with("none by version id: restorable if versioning was enabled"),
        "{}",
        delete.headline
    );
}

#[test]
fn without_numbers_the_title_of_the_most_severe_row_remains() {
    let incident =
        incident_from(&[row("root-activity", "T1078")], ActorPlace::Known, IncidentCounts::default());
    assert_eq!(incident.headline, "Title of root-activity: 5 requests");
    assert_eq!((incident.first_seen.0, incident.last_seen.0), (0, HOUR));
}
