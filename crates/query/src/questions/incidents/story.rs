//! Builds the text and numbers of an incident from its counts. Pure.

mod advice;
mod sentences;

use std::collections::{BTreeMap, BTreeSet};

use saltmine_format::{Principal, PrincipalKind};

use super::clue::{ANONYMOUS, Clue};
use super::findings::findings;
use super::join::LogContext;
use super::model::{
    Actor, ActorFindings, ActorPlace, Deed, DeedKind, FailingRequests, Incident, Losses, NextSteps, Phase,
    PhaseKind,
};
use super::recount::{ActorCounts, IncidentCounts};
use super::scope::{self, Role};
use crate::catalogue::Severity;
use crate::playbooks;
use crate::quantity::{bytes, counted as number, duration, grouped};
use crate::questions::request_scope::IncidentRequests;
use crate::questions::timeline::Time;

/// An incident counts as ongoing if an actor was active within this time before the end of the logs.
const ONGOING_WITHIN: i64 = 2 * 3_600_000_000;
/// Maximum number of names and addresses to keep.
const MAX_NAMES: usize = 10;

/// Builds an incident from its rows, its actors, its counts and the end of the logs.
pub(super) fn incident(
    rows: &[&Clue],
    roles: &[Role],
    counted: IncidentCounts,
    end: Option<i64>,
) -> Incident {
    let actors = actors(roles, &counted);
    let losses = losses(&counted);
    let failing = failing(&counted);
    let of_rows = || rows.iter().filter(|clue| clue.is_severe());
    // Usual work neither begins nor ends an incident.
    let unusual = || counted.deeds.iter().filter(|deed| deed.kind != DeedKind::ReadAsUsual);
    let first = unusual().map(|deed| deed.first_seen.0).min();
    let last = unusual().map(|deed| deed.last_seen.0).max();
    let first = first.or_else(|| of_rows().map(|clue| clue.first).min()).unwrap_or_default();
    let last = last.or_else(|| of_rows().map(|clue| clue.last).max()).unwrap_or_default();
    let story = sentences::Story {
        rows,
        actors: &actors,
        counted: &counted,
        losses: &losses,
        failing: failing.as_ref(),
    };
    let (title, mut sentences) = (story.title(), story.sentences());
    let headline = if sentences.is_empty() { title.clone() } else { sentences.remove(0) };
    let (ongoing, last_seen_note) = last_seen(last, end);
    let buckets: BTreeSet<&str> =
        counted.deeds.iter().map(|deed| deed.bucket.as_str()).filter(|name| !name.is_empty()).collect();
    let findings = findings(rows.iter().copied());
    Incident {
        number: 0,
        severity: rows.iter().map(|clue| clue.severity).max().unwrap_or(Severity::High),
        title,
        headline,
        details: sentences,
        buckets: buckets.into_iter().map(str::to_owned).collect(),
        first_seen: Time(first),
        last_seen: Time(last),
        ongoing,
        last_seen_note,
        phases: phases(rows, &counted),
        cannot_tell: advice::cannot_tell(rows, &actors, &counted),
        next_steps: advice::next_steps(rows, &actors, &counted, &losses),
        playbooks: playbooks::for_detections(findings.iter().map(|finding| finding.query.as_str())),
        findings,
        notes: Vec::new(),
        outside_window: false,
        losses,
        failing,
        actors,
        deeds: counted.deeds,
        requests: IncidentRequests::default(),
    }
}

fn actors(roles: &[Role], counted: &IncidentCounts) -> Vec<Actor> {
    let mut actors: Vec<Actor> = roles
        .iter()
        .enumerate()
        .filter_map(|(index, role)| {
            let ActorCounts {
                requests,
                failed,
                first,
                last,
                addresses,
                remote_ips,
                sessions,
                requesters,
                user_agents,
            } = counted.actors.get(&index)?.clone();
            let shown = match (&requesters[..], sessions) {
                ([one], 1) => name(one),
                _ => name(&role.principal),
            };
            Some(Actor {
                index,
                name: if role.place == ActorPlace::Link { shown + SIGNED_URL_SUFFIX } else { shown },
                principal: role.principal.clone(),
                place: role.place,
                requesters,
                sessions,
                remote_ips,
                addresses,
                user_agents,
                requests,
                failed,
                first_seen: Time(first),
                last_seen: Time(last),
            })
        })
        .collect();
    actors.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.principal.cmp(&b.principal)));
    actors
}

/// Suffix of the name of a presigned URL's signer.
const SIGNED_URL_SUFFIX: &str = " (signed URL)";

/// The suffix of a name, if it has one.
pub(super) fn suffix(name: &str) -> &'static str {
    if name.ends_with(SIGNED_URL_SUFFIX) { SIGNED_URL_SUFFIX } else { "" }
}

/// A short name of a requester or principal: `backup-operator/sess-4471`, `user/ann`, `(anonymous)`.
pub(super) fn name(who: &str) -> String {
    if who == ANONYMOUS {
        return "(anonymous)".to_owned();
    }
    let parsed = Principal::parse(who);
    match (parsed.kind, parsed.name, parsed.role, parsed.session) {
        (PrincipalKind::Anonymous, ..) => "(anonymous)".to_owned(),
        (PrincipalKind::Root, ..) => "root user".to_owned(),
        (_, _, _, Some(session)) if parsed.is_single_sign_on() => session.to_owned(),
        (_, _, Some(role), Some(session)) => format!("{role}/{session}"),
        (PrincipalKind::IamUser, Some(user), ..) => format!("user/{user}"),
        (PrincipalKind::CanonicalUser | PrincipalKind::CloudFrontOai, Some(id), ..) => {
            format!("{}…", id.chars().take(12).collect::<String>())
        }
        _ => match who.split_once(':') {
            Some((account, rest))
                if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                rest.strip_prefix("person/").unwrap_or(rest).to_owned()
            }
            _ => who.to_owned(),
        },
    }
}

fn losses(counted: &IncidentCounts) -> Losses {
    let mut losses = Losses::default();
    for deed in &counted.deeds {
        match deed.kind {
            DeedKind::Taken => {
                losses.taken_objects += deed.objects;
                losses.taken_bytes = losses.taken_bytes.saturating_add(deed.bytes);
            }
            DeedKind::Collected => {
                losses.collected_objects += deed.objects;
                losses.collected_bytes = losses.collected_bytes.saturating_add(deed.bytes);
            }
            DeedKind::CopiedOut => {
                losses.copied_out_objects += deed.objects;
                losses.copied_out_bytes = losses.copied_out_bytes.saturating_add(deed.bytes);
                losses.destinations.extend(deed.destination.clone());
            }
            DeedKind::Deleted | DeedKind::Expired => {
                losses.deleted_objects += deed.objects;
                losses.deleted_bytes = losses.deleted_bytes.saturating_add(deed.bytes);
            }
            DeedKind::VersionDeleted => losses.deleted_versions += deed.versions,
            _ => {}
        }
    }
    losses.destinations.sort();
    losses.destinations.dedup();
    losses.overwritten_objects = counted.overwritten.existed;
    losses.new_objects = counted.overwritten.objects.saturating_sub(counted.overwritten.existed);
    losses.served_since = counted.overwritten.reads_after;
    losses.restorable = restorable(&losses, counted.overwritten.restored + counted.destroyed.restored);
    losses
}

/// Whether the data can be restored, as far as the logs show.
fn restorable(losses: &Losses, restored: u64) -> Option<String> {
    let text = match (losses.deleted_versions, losses.deleted_objects, losses.overwritten_objects) {
        (0, 0, 0) => return None,
        (0, ..) => "restorable if versioning was enabled: no version was deleted by id".to_owned(),
        (versions, ..) => {
            format!("{} deleted by id: permanently lost unless copies exist", number(versions, "version"))
        }
    };
    Some(if restored > 0 {
        format!("{text}; {} since rewritten by others", number(restored, "object"))
    } else {
        text
    })
}

fn failing(counted: &IncidentCounts) -> Option<FailingRequests> {
    let (over, gone) = (&counted.overwritten, &counted.destroyed);
    let first = [over.failed_first, gone.failed_first].into_iter().flatten().min()?;
    let last = [over.failed_last, gone.failed_last].into_iter().flatten().max()?;
    let merged = |a: &[String], b: &[String]| -> Vec<String> {
        let all: BTreeSet<&String> = a.iter().chain(b).collect();
        all.into_iter().take(5).cloned().collect()
    };
    Some(FailingRequests {
        requests: over.failures + gone.failures,
        objects: over.failing + gone.failing,
        restored: over.restored + gone.restored,
        principals: merged(&over.failed_for, &gone.failed_for),
        error_codes: merged(&over.error_codes, &gone.error_codes),
        first_seen: Time(first),
        last_seen: Time(last),
    })
}

/// Whether it is ongoing, and a note about it.
fn last_seen(last: i64, end: Option<i64>) -> (bool, String) {
    let Some(before) = end.map(|end| end.saturating_sub(last)) else { return (false, String::new()) };
    if before > ONGOING_WITHIN {
        (false, format!("last seen {} before the logs end", duration(before)))
    } else if before > 0 {
        (true, format!("ongoing: last seen {} before the logs end", duration(before)))
    } else {
        (true, "ongoing when the logs end".to_owned())
    }
}

/// The phase of a technique.
fn phase_of(technique: &str) -> Option<PhaseKind> {
    Some(match technique.split('.').next()? {
        "T1619" | "T1580" | "T1595" | "T1110" => PhaseKind::Discovery,
        "T1098" | "T1078" | "T1550" | "T1552" => PhaseKind::AccessOpened,
        "T1530" => PhaseKind::Exfiltration,
        "T1537" => PhaseKind::Exfiltration,
        "T1485" | "T1486" | "T1490" | "T1491" | "T1565" => PhaseKind::Destruction,
        "T1685" | "T1070" => PhaseKind::CoverUp,
        _ => return None,
    })
}

fn phases(rows: &[&Clue], counted: &IncidentCounts) -> Vec<Phase> {
    let mut by_phase: BTreeMap<PhaseKind, Vec<&Deed>> = BTreeMap::new();
    for deed in &counted.deeds {
        // New objects do not destroy anything.
        if deed.kind == DeedKind::Written && counted.overwritten.existed == 0 {
            continue;
        }
        if let Some(phase) = deed.kind.phase() {
            by_phase.entry(phase).or_default().push(deed);
        }
    }
    let techniques: BTreeSet<&String> = rows.iter().flat_map(|clue| &clue.attack).collect();
    let phase = |(phase, deeds): (PhaseKind, Vec<&Deed>)| Phase {
        phase,
        attack: attack(phase, &deeds, &techniques),
        first_seen: deeds.iter().map(|deed| deed.first_seen).min().unwrap_or_default(),
        last_seen: deeds.iter().map(|deed| deed.last_seen).max().unwrap_or_default(),
        requests: deeds.iter().map(|deed| deed.requests).sum(),
        text: deeds.iter().take(6).map(|deed| sentences::of_deed(deed)).collect::<Vec<_>>().join("; "),
    };
    by_phase.into_iter().map(phase).collect()
}

/// Techniques of a phase: from its detections; otherwise the usual one for its activities.
fn attack(phase: PhaseKind, deeds: &[&Deed], techniques: &BTreeSet<&String>) -> Vec<String> {
    let is_of = |technique: &&&String| {
        phase_of(technique) == Some(phase)
            || (phase == PhaseKind::Collection && technique.as_str() == "T1530")
    };
    let found: Vec<String> = techniques.iter().filter(is_of).map(|technique| (*technique).clone()).collect();
    if !found.is_empty() {
        return found;
    }
    let is = |kind: DeedKind| deeds.iter().any(|deed| deed.kind == kind);
    let usual = match phase {
        PhaseKind::Discovery if is(DeedKind::Listed) => "T1619",
        PhaseKind::Discovery => "T1580",
        PhaseKind::AccessOpened => "T1098",
        PhaseKind::Exfiltration if is(DeedKind::CopiedOut) => "T1537",
        PhaseKind::Collection | PhaseKind::Exfiltration => "T1530",
        PhaseKind::Destruction if deeds.iter().all(|deed| deed.kind == DeedKind::ProtectionChanged) => {
            "T1490"
        }
        PhaseKind::Destruction => "T1485",
        PhaseKind::CoverUp => "T1685.002",
    };
    vec![usual.to_owned()]
}

/// Rows outside of incidents, by actor, most severe first. Anonymous rows are grouped by bucket.
pub(super) fn by_actor<'a>(rows: impl Iterator<Item = &'a Clue>, around: &LogContext) -> Vec<ActorFindings> {
    let mut actors: BTreeMap<(&str, Option<&str>), Vec<&Clue>> = BTreeMap::new();
    for clue in rows {
        let bucket = clue.bucket.as_deref().filter(|_| clue.principal == ANONYMOUS);
        actors.entry((clue.principal.as_str(), bucket)).or_default().push(clue);
    }
    let mut findings_by_actor: Vec<(i64, ActorFindings)> = actors
        .into_iter()
        .filter_map(|((principal, _), rows)| {
            let most_severe =
                rows.iter().max_by_key(|clue| (clue.severity, clue.events, std::cmp::Reverse(clue.first)))?;
            let addresses: BTreeSet<&String> = rows.iter().flat_map(|clue| &clue.addresses).collect();
            let most = rows.iter().map(|clue| clue.address_count).max().unwrap_or(0);
            let buckets: BTreeSet<&String> = rows.iter().filter_map(|clue| clue.bucket.as_ref()).collect();
            let requester = most_severe.requester.as_deref().unwrap_or(principal);
            let link = if most_severe.is_of_links() { SIGNED_URL_SUFFIX } else { "" };
            let found = ActorFindings {
                number: 0,
                severity: most_severe.severity,
                principal: principal.to_owned(),
                name: name(requester) + link,
                addresses: addresses.len().max(most) as u64,
                remote_ips: addresses.into_iter().take(MAX_NAMES).cloned().collect(),
                buckets: buckets.into_iter().take(MAX_NAMES).cloned().collect(),
                first_seen: Time(rows.iter().map(|clue| clue.first).min()?),
                last_seen: Time(rows.iter().map(|clue| clue.last).max()?),
                headline: sentences::of_row(most_severe),
                reasons: most_severe.reasons.clone(),
                requests: IncidentRequests(scope::scopes(&rows, around).1),
                findings: findings(rows.iter().copied()),
                notes: Vec::new(),
            };
            Some((most_severe.events, found))
        })
        .collect();
    findings_by_actor.sort_by(|(a_events, a), (b_events, b)| {
        (b.severity, b_events, &a.principal).cmp(&(a.severity, a_events, &b.principal))
    });
    findings_by_actor.into_iter().map(|(_, found)| found).collect()
}

#[cfg(test)]
mod tests;
