//! The model of an incident. Texts come from the log and may be hostile, except for titles, phases and advice.

use serde::Serialize;

pub use super::scope::ActorPlace;
use crate::catalogue::Severity;
use crate::questions::request_scope::IncidentRequests;
use crate::questions::timeline::Time;

/// A group of related rows of detections. All numbers are counted from the log for the actors and the time of the
/// incident; they are not sums over findings, which overlap.
#[derive(Clone, Debug, Serialize)]
pub struct Incident {
    /// Its number, from 1: by severity, then by time.
    pub number: usize,
    /// The highest severity of its rows; at least high.
    pub severity: Severity,
    /// The title: what kind of incident it is.
    pub title: String,
    /// What was done, in one sentence with numbers.
    pub headline: String,
    /// Further sentences, most important first.
    pub details: Vec<String>,
    /// The actors, by number of requests.
    pub actors: Vec<Actor>,
    /// Buckets in which they were active.
    pub buckets: Vec<String>,
    /// Time of the first request.
    pub first_seen: Time,
    /// Time of the last request, or of the last expiry due to a rule that an actor set.
    pub last_seen: Time,
    /// Whether it is still in progress at the end of the logs.
    pub ongoing: bool,
    /// Such as `last seen 44 h before the logs end`.
    pub last_seen_note: String,
    /// The phases that occurred, in the order of an attack.
    pub phases: Vec<Phase>,
    /// What was done, by kind and bucket.
    pub deeds: Vec<Deed>,
    /// The losses in all buckets.
    pub losses: Losses,
    /// Requests by others that have failed since; `None` if there are none.
    pub failing: Option<FailingRequests>,
    /// What the logs do not show, and which source does.
    pub cannot_tell: Vec<String>,
    /// Recommended next steps.
    pub next_steps: NextSteps,
    /// The findings in the incident.
    pub findings: Vec<FindingRef>,
    /// Playbooks that say what to do, the most fitting first: `saltmine playbook NAME`.
    pub playbooks: Vec<&'static str>,
    /// The examiner's notes on it, from the case file.
    pub notes: Vec<String>,
    /// Whether it lies outside of the time that the case file gives the incident.
    pub outside_window: bool,
    /// The requests in the incident.
    #[serde(skip)]
    pub requests: IncidentRequests,
}

/// An actor of an incident.
#[derive(Clone, Debug, Serialize)]
pub struct Actor {
    /// The principal, as the SQL function `principal` returns it.
    pub principal: String,
    /// A short name, such as `backup-operator/sess-4471`, `user/ann` or `(anonymous)`.
    pub name: String,
    /// Where the actor came from.
    pub place: ActorPlace,
    /// Requesters, at most five.
    pub requesters: Vec<String>,
    /// Number of requesters.
    pub sessions: u64,
    /// Source IPs in alphabetical order, at most ten.
    pub remote_ips: Vec<String>,
    /// Number of source IPs.
    pub addresses: u64,
    /// User agents, at most three. Clients choose them.
    pub user_agents: Vec<String>,
    /// Requests.
    pub requests: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Time of the first request.
    pub first_seen: Time,
    /// Time of the last request.
    pub last_seen: Time,
    /// Which of the incident's actors it is in its requests.
    #[serde(skip)]
    pub index: usize,
}

/// A phase of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// Listings, settings read, refusals, enumeration of names.
    Discovery,
    /// Access granted to others.
    AccessOpened,
    /// Data read internally, or copied between buckets of these logs.
    Collection,
    /// Data that left: read from the internet, or copied to a bucket that is not in these logs.
    Exfiltration,
    /// Objects deleted, expired or overwritten; protections against that removed.
    Destruction,
    /// Logging changed.
    CoverUp,
}

impl PhaseKind {
    /// The name of the phase.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::AccessOpened => "access opened",
            Self::Collection => "collection",
            Self::Exfiltration => "exfiltration",
            Self::Destruction => "destruction",
            Self::CoverUp => "cover-up",
        }
    }
}

/// The activity in a phase.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    /// The phase.
    pub phase: PhaseKind,
    /// Ids of ATT&CK techniques.
    pub attack: Vec<String>,
    /// Time of the first request.
    pub first_seen: Time,
    /// Time of the last request.
    pub last_seen: Time,
    /// Requests.
    pub requests: u64,
    /// What was done, with numbers.
    pub text: String,
}

/// The kind of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeedKind {
    /// Objects, versions or properties listed.
    Listed,
    /// Settings of a bucket read.
    SettingsRead,
    /// Refused (401, 403).
    Refused,
    /// Not found (404).
    Missing,
    /// Failed for another reason.
    Failed,
    /// Data read from a private or AWS network.
    Collected,
    /// Copied to a bucket in these logs.
    Copied,
    /// Data read from the internet.
    Taken,
    /// Objects read that the actor had read before the incident, no more often than then.
    ReadAsUsual,
    /// Copied to a bucket that is not in these logs.
    CopiedOut,
    /// Objects written, new or existing.
    Written,
    /// Keys deleted; with versioning, this only creates a delete marker.
    Deleted,
    /// Versions permanently deleted.
    VersionDeleted,
    /// Expired by a lifecycle rule.
    Expired,
    /// Access to the bucket was changed.
    AccessChanged,
    /// Logging was changed.
    LoggingChanged,
    /// Another setting was changed: versioning, lifecycle, lock, replication, encryption.
    ProtectionChanged,
    /// The bucket was deleted.
    BucketDelete,
    /// Anything else.
    Other,
}

impl DeedKind {
    /// The kind for a word of the statements.
    pub fn parse(word: &str) -> Self {
        match word {
            "listed" => Self::Listed,
            "settings_read" => Self::SettingsRead,
            "refused" => Self::Refused,
            "missing" => Self::Missing,
            "failed" => Self::Failed,
            "collected" => Self::Collected,
            "copied" => Self::Copied,
            "taken" => Self::Taken,
            "read_as_usual" => Self::ReadAsUsual,
            "copied_out" => Self::CopiedOut,
            "written" => Self::Written,
            "deleted" => Self::Deleted,
            "version_deleted" => Self::VersionDeleted,
            "expired" => Self::Expired,
            "access_changed" => Self::AccessChanged,
            "logging_changed" => Self::LoggingChanged,
            "protection_changed" => Self::ProtectionChanged,
            "bucket_delete" => Self::BucketDelete,
            _ => Self::Other,
        }
    }

    /// The phase of this kind.
    pub fn phase(self) -> Option<PhaseKind> {
        Some(match self {
            Self::Listed | Self::SettingsRead | Self::Refused | Self::Missing => PhaseKind::Discovery,
            Self::AccessChanged => PhaseKind::AccessOpened,
            Self::Collected | Self::Copied => PhaseKind::Collection,
            Self::Taken | Self::CopiedOut => PhaseKind::Exfiltration,
            Self::Written
            | Self::Deleted
            | Self::VersionDeleted
            | Self::Expired
            | Self::ProtectionChanged
            | Self::BucketDelete => PhaseKind::Destruction,
            Self::LoggingChanged => PhaseKind::CoverUp,
            Self::ReadAsUsual | Self::Failed | Self::Other => return None,
        })
    }
}

/// The activity of one kind in one bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// The kind.
    pub kind: DeedKind,
    /// The bucket.
    pub bucket: String,
    /// The destination of copies, if it is not in these logs.
    pub destination: Option<String>,
    /// Requests; a record delivered twice counts once.
    pub requests: u64,
    /// Distinct objects.
    pub objects: u64,
    /// Distinct versions, if version ids were given.
    pub versions: u64,
    /// Bytes sent, or object sizes if nothing was sent.
    pub bytes: i64,
    /// Time of the first request.
    pub first_seen: Time,
    /// Time of the last request.
    pub last_seen: Time,
    /// Operations, as logged.
    pub operations: Vec<String>,
}

/// The losses of an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// Objects read from the internet.
    pub taken_objects: u64,
    /// Their bytes, as S3 sent them.
    pub taken_bytes: i64,
    /// Objects read internally.
    pub collected_objects: u64,
    /// Their bytes.
    pub collected_bytes: i64,
    /// Objects copied to buckets that are not in these logs.
    pub copied_out_objects: u64,
    /// Their bytes.
    pub copied_out_bytes: i64,
    /// Those buckets.
    pub destinations: Vec<String>,
    /// Keys deleted without a version id, or expired.
    pub deleted_objects: u64,
    /// Their bytes, as far as the log has sizes.
    pub deleted_bytes: i64,
    /// Versions permanently deleted.
    pub deleted_versions: u64,
    /// Objects overwritten that existed before.
    pub overwritten_objects: u64,
    /// Objects written that did not exist before in these logs.
    pub new_objects: u64,
    /// Reads of the overwritten objects by others afterwards.
    pub served_since: u64,
    /// Whether the data can be restored, as far as the logs show.
    pub restorable: Option<String>,
}

/// Requests by others for the same objects that have failed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailingRequests {
    /// Requests.
    pub requests: u64,
    /// Distinct objects.
    pub objects: u64,
    /// Of these, objects that others have rewritten since.
    pub restored: u64,
    /// The principals whose requests failed, at most five.
    pub principals: Vec<String>,
    /// Error codes, at most five.
    pub error_codes: Vec<String>,
    /// Time of the first failure.
    pub first_seen: Time,
    /// Time of the last failure.
    pub last_seen: Time,
}

/// Recommended next steps, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NextSteps {
    /// How to contain the incident.
    pub containment: Vec<String>,
    /// How to confirm it with other sources.
    pub confirmation: Vec<String>,
    /// How to recover.
    pub recovery: Vec<String>,
}

/// A finding in an incident.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FindingRef {
    /// The highest severity of its rows in the incident.
    pub severity: Severity,
    /// The detection.
    pub query: String,
    /// Its title.
    pub title: String,
    /// Number of its rows in the incident.
    pub rows: u64,
}

/// The findings about one actor, outside of all incidents.
#[derive(Clone, Debug, Serialize)]
pub struct ActorFindings {
    /// Its number, after those of the incidents.
    pub number: usize,
    /// The highest severity.
    pub severity: Severity,
    /// The principal, independent of the session.
    pub principal: String,
    /// A short name.
    pub name: String,
    /// Source IPs, at most ten.
    pub remote_ips: Vec<String>,
    /// Number of source IPs, as a lower bound.
    pub addresses: u64,
    /// Buckets, at most ten.
    pub buckets: Vec<String>,
    /// Time of the first request.
    pub first_seen: Time,
    /// Time of the last request.
    pub last_seen: Time,
    /// Summary of the most severe row, with numbers.
    pub headline: String,
    /// Why the most severe row has its severity.
    pub reasons: Vec<String>,
    /// The detections.
    pub findings: Vec<FindingRef>,
    /// The examiner's notes on the actor, from the case file.
    pub notes: Vec<String>,
    /// The requests behind the findings.
    #[serde(skip)]
    pub requests: IncidentRequests,
}

/// The amount of examined data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExaminedInput {
    /// Buckets.
    pub buckets: u64,
    /// Principals, independent of sessions; `anonymous` counts as one.
    pub principals: u64,
}
