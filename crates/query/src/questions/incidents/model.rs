//! What an incident says. Texts come from the log and may be hostile, but for titles, phases and advice.

use serde::Serialize;

pub use super::scope::ActorPlace;
use crate::catalogue::Severity;
use crate::questions::request_scope::IncidentRequests;
use crate::questions::timeline::Time;

/// Rows of detections that belong together, shown as one. Numbers are counted anew from the log for the actors and the
/// time; they are not sums over findings, which overlap.
#[derive(Clone, Debug, Serialize)]
pub struct Incident {
    /// Its number, from 1: the most severe first, then the earliest.
    pub number: usize,
    /// The greatest severity of its rows; at least high.
    pub severity: Severity,
    /// What kind of incident it is.
    pub title: String,
    /// What was done, in one sentence with its numbers.
    pub headline: String,
    /// Further sentences, the most important first.
    pub details: Vec<String>,
    /// Who acted, most requests first.
    pub actors: Vec<Actor>,
    /// Buckets in which they did something.
    pub buckets: Vec<String>,
    /// Time of their first request.
    pub first_seen: Time,
    /// Time of the last, or of the last expiry because of a rule of theirs.
    pub last_seen: Time,
    /// Whether it goes on when the logs end, as far as they show.
    pub ongoing: bool,
    /// `last seen 44 h before the logs end`.
    pub last_seen_note: String,
    /// In the order of an attack; only those that occurred.
    pub phases: Vec<Phase>,
    /// What was done, by kind and bucket.
    pub deeds: Vec<Deed>,
    /// What was lost, in all buckets.
    pub losses: Losses,
    /// Requests of others that fail since; `None` without any.
    pub failing: Option<Failing>,
    /// What the logs do not show, and where it can be seen.
    pub cannot_tell: Vec<String>,
    /// What to do.
    pub next_steps: NextSteps,
    /// The findings whose rows are in it.
    pub findings: Vec<FindingRef>,
    /// Which requests it is made of.
    #[serde(skip)]
    pub requests: IncidentRequests,
}

/// Who acted.
#[derive(Clone, Debug, Serialize)]
pub struct Actor {
    /// Who, whatever the session, as the SQL function `principal` says.
    pub principal: String,
    /// A short name, as `backup-operator/sess-4471`, `user/ann` or `(anonymous)`.
    pub name: String,
    /// Where the actor came from.
    pub place: ActorPlace,
    /// Requesters, at most five.
    pub requesters: Vec<String>,
    /// Number of requesters.
    pub sessions: u64,
    /// Source IPs, at most ten, in the order of text.
    pub remote_ips: Vec<String>,
    /// Number of source IPs.
    pub addresses: u64,
    /// User agents, at most three. The client chooses them.
    pub user_agents: Vec<String>,
    /// Requests.
    pub requests: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Time of the first request.
    pub first_seen: Time,
    /// Time of the last request.
    pub last_seen: Time,
}

/// A phase of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// Listings, settings read, refusals, names guessed.
    Discovery,
    /// Access of others made wider.
    AccessOpened,
    /// Data read inside, or copied between buckets of these logs.
    Collection,
    /// Data that left: read from the internet, or copied to a bucket without logs here.
    Exfiltration,
    /// Objects deleted, expired or written over; protection against that removed.
    Destruction,
    /// Logging changed.
    CoverUp,
}

impl PhaseKind {
    /// The word for it.
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

/// What was done in a phase.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    /// Which.
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

/// What kind of thing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeedKind {
    /// Objects, versions or properties listed.
    Listed,
    /// Settings of a bucket read.
    SettingsRead,
    /// Refused (401, 403).
    Refused,
    /// Not there (404).
    Missing,
    /// Failed otherwise.
    Failed,
    /// Data read from a private or AWS network.
    Collected,
    /// Copied to a bucket of these logs.
    Copied,
    /// Data read from the internet.
    Taken,
    /// Copied to a bucket that has no logs here.
    CopiedOut,
    /// Objects written, new or over others.
    Written,
    /// Keys deleted; where versions are kept, only a delete marker is made.
    Deleted,
    /// Versions deleted, for good.
    VersionDeleted,
    /// Expired by a lifecycle rule.
    Expired,
    /// Who may reach the bucket was changed.
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
    /// The kind of a word of the statements.
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "listed" => Self::Listed,
            "settings_read" => Self::SettingsRead,
            "refused" => Self::Refused,
            "missing" => Self::Missing,
            "failed" => Self::Failed,
            "collected" => Self::Collected,
            "copied" => Self::Copied,
            "taken" => Self::Taken,
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

    /// The phase that it is of.
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
            Self::Failed | Self::Other => return None,
        })
    }
}

/// What was done of one kind in one bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// The kind.
    pub kind: DeedKind,
    /// The bucket.
    pub bucket: String,
    /// The bucket that was copied to, where it has no logs here.
    pub destination: Option<String>,
    /// Requests; one that was delivered twice counts once.
    pub requests: u64,
    /// Distinct objects.
    pub objects: u64,
    /// Distinct versions, where version ids were given.
    pub versions: u64,
    /// Bytes sent, or of the objects where nothing is sent.
    pub bytes: i64,
    /// Time of the first request.
    pub first_seen: Time,
    /// Time of the last request.
    pub last_seen: Time,
    /// Operations, as logged.
    pub operations: Vec<String>,
}

/// What was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// Objects read from the internet.
    pub taken_objects: u64,
    /// Their bytes, as S3 sent them.
    pub taken_bytes: i64,
    /// Objects read inside.
    pub collected_objects: u64,
    /// Their bytes.
    pub collected_bytes: i64,
    /// Objects copied to buckets without logs here.
    pub copied_out_objects: u64,
    /// Their bytes.
    pub copied_out_bytes: i64,
    /// Those buckets.
    pub destinations: Vec<String>,
    /// Keys deleted without a version id, or expired.
    pub deleted_objects: u64,
    /// Their bytes, where the log names sizes.
    pub deleted_bytes: i64,
    /// Versions permanently deleted.
    pub deleted_versions: u64,
    /// Objects written that were there before.
    pub overwritten_objects: u64,
    /// Objects written that were not seen before.
    pub new_objects: u64,
    /// Reads of others of the objects that were written over, since.
    pub served_since: u64,
    /// Whether it can be restored, as far as the logs show.
    pub restorable: Option<String>,
}

/// Requests of others for the same objects that fail since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failing {
    /// Requests.
    pub requests: u64,
    /// Distinct objects.
    pub objects: u64,
    /// Of these, written again by others since.
    pub restored: u64,
    /// Whose requests, at most five.
    pub principals: Vec<String>,
    /// Error codes, at most five.
    pub error_codes: Vec<String>,
    /// Time of the first.
    pub first_seen: Time,
    /// Time of the last.
    pub last_seen: Time,
}

/// What to do, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NextSteps {
    /// Stop it.
    pub containment: Vec<String>,
    /// Confirm it where the access log ends.
    pub confirmation: Vec<String>,
    /// Repair it.
    pub recovery: Vec<String>,
}

/// A finding whose rows are in an incident.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FindingRef {
    /// The greatest severity of these rows.
    pub severity: Severity,
    /// The detection.
    pub query: String,
    /// Its title.
    pub title: String,
    /// How many of its rows.
    pub rows: u64,
}

/// What rows of detections outside of all incidents say of one actor.
#[derive(Clone, Debug, Serialize)]
pub struct ActorFindings {
    /// Its number, after those of the incidents.
    pub number: usize,
    /// The greatest severity.
    pub severity: Severity,
    /// Who, whatever the session.
    pub principal: String,
    /// A short name.
    pub name: String,
    /// Source IPs, at most ten.
    pub remote_ips: Vec<String>,
    /// Number of source IPs, at least.
    pub addresses: u64,
    /// Buckets, at most ten.
    pub buckets: Vec<String>,
    /// Time of the first request.
    pub first_seen: Time,
    /// Time of the last request.
    pub last_seen: Time,
    /// What the most severe row says, with its numbers.
    pub headline: String,
    /// Why the most severe row has its severity.
    pub reasons: Vec<String>,
    /// The detections.
    pub findings: Vec<FindingRef>,
    /// Which requests they are made of.
    #[serde(skip)]
    pub requests: IncidentRequests,
}

/// What was examined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// Buckets.
    pub buckets: u64,
    /// Principals, whatever their sessions; `anonymous` is one.
    pub principals: u64,
}
