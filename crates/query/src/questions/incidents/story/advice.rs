//! Advice on an incident: what the logs do not show, and what to do next.

use super::{Actor, ActorPlace, Clue, DeedKind, IncidentCounts, Losses, NextSteps, Severity};

/// Maximum number of texts to include from detections.
const MAX_DETECTION_TEXTS: usize = 2;

fn has(counted: &IncidentCounts, kinds: &[DeedKind]) -> bool {
    counted.deeds.iter().any(|deed| kinds.contains(&deed.kind))
}

fn came_from(actors: &[Actor], place: ActorPlace) -> bool {
    actors.iter().any(|actor| actor.place == place)
}

/// Adds a text unless it is already present.
fn add(texts: &mut Vec<String>, text: &str) {
    if !texts.iter().any(|known| known == text) {
        texts.push(text.to_owned());
    }
}

/// What the access log does not show, and which CloudTrail field does.
pub(super) fn cannot_tell(rows: &[&Clue], actors: &[Actor], counted: &IncidentCounts) -> Vec<String> {
    let mut texts = Vec::new();
    if came_from(actors, ActorPlace::NewNetwork) {
        add(
            &mut texts,
            "Which credentials were used, and how they were obtained. CloudTrail: userIdentity.accessKeyId and \
             sessionContext of the data events; AssumeRole and GetSessionToken by the same access key.",
        );
    }
    if came_from(actors, ActorPlace::Link) {
        add(
            &mut texts,
            "Who shared the link. CloudTrail data events name the access key that signed \
             (userIdentity.accessKeyId), not the person who used it.",
        );
    }
    if has(counted, &[DeedKind::Taken, DeedKind::Collected, DeedKind::CopiedOut]) {
        add(
            &mut texts,
            "What was in the objects, and whether S3 delivered every record. CloudTrail: GetObject and CopyObject data events, \
             requestParameters.key, additionalEventData.bytesTransferredOut.",
        );
    }
    if has(counted, &[DeedKind::Written]) {
        add(
            &mut texts,
            "Which key encrypts the objects now. CloudTrail: PutObject and CopyObject, \
             requestParameters.x-amz-server-side-encryption-*.",
        );
    }
    if has(counted, &[DeedKind::Deleted, DeedKind::Expired, DeedKind::Written]) {
        add(
            &mut texts,
            "Whether earlier versions exist: use GetBucketVersioning and ListObjectVersions; CloudTrail has \
             PutBucketVersioning with its status.",
        );
    }
    if has(counted, &[DeedKind::AccessChanged, DeedKind::ProtectionChanged, DeedKind::LoggingChanged]) {
        add(
            &mut texts,
            "The new value of a setting. CloudTrail: PutBucketPolicy, PutBucketLogging and the like, requestParameters.",
        );
    }
    let high = rows
        .iter()
        .filter(|clue| clue.severity >= Severity::High)
        .filter_map(|clue| clue.cannot_tell.as_deref());
    high.take(MAX_DETECTION_TEXTS).for_each(|text| add(&mut texts, text));
    texts
}

/// Recommended steps: containment, confirmation, recovery.
pub(super) fn next_steps(
    rows: &[&Clue],
    actors: &[Actor],
    counted: &IncidentCounts,
    losses: &Losses,
) -> NextSteps {
    let mut steps = NextSteps::default();
    contain(&mut steps.containment, actors, counted);
    add(
        &mut steps.containment,
        "Preserve the logs first: copy them to a place where the principals of this incident cannot write.",
    );
    add(
        &mut steps.confirmation,
        "Compare with CloudTrail for the same period: management events of the actors in all Regions, and data \
         events if they are recorded.",
    );
    if came_from(actors, ActorPlace::NewNetwork) {
        add(&mut steps.confirmation, "Ask the owner of the credentials whether the addresses are theirs.");
    }
    if came_from(actors, ActorPlace::Known) {
        add(
            &mut steps.confirmation,
            "Ask the owner of the principal whether this was planned, and look for a change ticket.",
        );
    }
    if has(counted, &[DeedKind::Taken, DeedKind::CopiedOut, DeedKind::Collected]) {
        add(
            &mut steps.recovery,
            "List what was taken for the breach assessment: saltmine export --what taken.",
        );
    }
    if losses.deleted_objects + losses.overwritten_objects > 0 {
        add(
            &mut steps.recovery,
            "With versioning, remove the delete markers or copy the earlier versions back; otherwise restore \
             from backups. saltmine export --what destroyed lists the objects.",
        );
    }
    if has(counted, &[DeedKind::AccessChanged, DeedKind::ProtectionChanged, DeedKind::LoggingChanged]) {
        add(
            &mut steps.recovery,
            "Restore logging and the other protections; saltmine export --what changed lists the changes.",
        );
    }
    let high =
        rows.iter().filter(|clue| clue.severity >= Severity::High).filter_map(|clue| clue.next.as_deref());
    high.take(MAX_DETECTION_TEXTS).for_each(|text| add(&mut steps.recovery, text));
    steps
}

fn contain(texts: &mut Vec<String>, actors: &[Actor], counted: &IncidentCounts) {
    let signs =
        |actor: &&Actor| matches!(actor.place, ActorPlace::NewNetwork | ActorPlace::Known | ActorPlace::Link);
    let mut users = actors.iter().filter(signs).filter(|actor| actor.principal.contains(":user/"));
    let mut roles = actors.iter().filter(signs).filter(|actor| !actor.principal.contains(":user/"));
    if users.next().is_some() {
        add(
            texts,
            "Deactivate the user's access keys (aws iam update-access-key --status Inactive) and deny its \
             sessions; do not delete the user.",
        );
    }
    if roles.next().is_some() {
        add(
            texts,
            "Revoke the role's existing sessions (condition aws:TokenIssueTime), and review who can assume it.",
        );
    }
    if came_from(actors, ActorPlace::Link) {
        add(
            texts,
            "A presigned URL expires with the credentials that signed it: deactivate that access key or revoke \
             the session.",
        );
    }
    if came_from(actors, ActorPlace::Anonymous) || has(counted, &[DeedKind::AccessChanged]) {
        add(texts, "Close the bucket: enable the public access block, and check the bucket policy and ACLs.");
    }
    if has(counted, &[DeedKind::Expired]) {
        add(texts, "Disable the lifecycle rule at once: S3 keeps deleting objects until you do.");
    }
}
