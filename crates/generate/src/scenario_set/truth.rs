//! The ground truth of a scenario: who did what, when, and to how many objects.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::row::clock;
use super::super::scenarios::Lines;
use super::call::Call;
use super::callers::{Caller, principal};

/// Attack or benign workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ScenarioKind {
    /// A hunt must find it.
    Attack,
    /// A hunt must not report it.
    Benign,
}

/// The role of a record in its scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Background traffic, and everything in a benign workload.
    Ordinary,
    /// A request of the attacker.
    Attack,
    /// An effect of the attack: expiries, failing reads, use of what was opened.
    Effect,
}

/// Counts of the attack, collected while its records are made.
#[derive(Debug, Default)]
pub(super) struct Tally {
    principals: BTreeSet<String>,
    sessions: BTreeSet<String>,
    addresses: BTreeSet<String>,
    buckets: BTreeSet<String>,
    first: Option<i64>,
    last: Option<i64>,
    last_expired: Option<i64>,
    read: BTreeSet<(String, String)>,
    written: BTreeSet<(String, String)>,
    copied: BTreeSet<(String, String)>,
    destroyed: BTreeSet<(String, String, String)>,
    expired: BTreeSet<(String, String)>,
    bytes_read: i64,
    bytes_copied: i64,
    settings_changed: u64,
    requests: u64,
    effects: u64,
    /// External bucket that data was copied to.
    pub(super) destination: Option<String>,
    /// The attacker's actions, in order.
    pub(super) phases: Vec<&'static str>,
    /// The principal that a finding must name, if the attack has several.
    pub(super) named: Option<String>,
}

impl Tally {
    /// Counts a record.
    pub(super) fn note(&mut self, part: Part, time: i64, bucket: &str, who: &Caller, call: &Call<'_>) {
        match part {
            Part::Ordinary => return,
            Part::Effect => {
                self.effects += 1;
                if call.operation.starts_with("S3.EXPIRE") {
                    self.expired.insert((bucket.to_owned(), call.key.unwrap_or_default().to_owned()));
                    self.last_expired = self.last_expired.max(Some(time));
                }
                return;
            }
            Part::Attack => {}
        }
        self.requests += 1;
        self.principals.insert(principal(who.requester.as_deref()));
        self.sessions.extend(who.requester.clone());
        self.addresses.extend(who.ip.clone());
        self.buckets.insert(bucket.to_owned());
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        if !matches!(call.status, 0 | 200..=299) {
            return;
        }
        self.note_object(bucket, call);
    }

    fn note_object(&mut self, bucket: &str, call: &Call<'_>) {
        let object = (bucket.to_owned(), call.key.unwrap_or_default().to_owned());
        let size = call.size.unwrap_or_default();
        match call.operation {
            "REST.GET.OBJECT" | "WEBSITE.GET.OBJECT" => {
                self.bytes_read += call.sent;
                self.read.insert(object);
            }
            "REST.COPY.OBJECT_GET" | "REST.COPY.PART_GET" => {
                let is_first = self.copied.insert(object);
                self.bytes_copied += if is_first { size } else { 0 };
            }
            "REST.PUT.OBJECT" | "REST.COPY.OBJECT" | "REST.POST.UPLOAD" => _ = self.written.insert(object),
            "REST.DELETE.OBJECT" | "BATCH.DELETE.OBJECT" => {
                let version = call.version.unwrap_or_default().to_owned();
                self.destroyed.insert((object.0, object.1, version));
            }
            operation if call.key.is_none() && operation.starts_with("REST.PUT.") => {
                self.settings_changed += 1
            }
            "REST.DELETE.BUCKET" => {}
            operation if call.key.is_none() && operation.starts_with("REST.DELETE.") => {
                self.settings_changed += 1
            }
            _ => {}
        }
    }
}

/// The ground truth of one scenario, as in `truth.json`. Times are ISO 8601 in UTC; members that do not apply to a
/// benign workload are omitted.
#[derive(Debug, Serialize)]
pub struct Truth {
    /// Attack or benign.
    pub kind: ScenarioKind,
    /// One sentence.
    pub title: &'static str,
    /// Records; those delivered twice count twice.
    pub records: u64,
    /// Members of attacks only.
    #[serde(flatten)]
    pub attack: Option<AttackTruth>,
}

/// The ground truth of an attack.
#[derive(Debug, Serialize)]
pub struct AttackTruth {
    /// Text that the name of the attacker's principal contains; `anonymous` if there is none.
    pub principal: String,
    /// Common prefix of the attacker's addresses.
    pub address: String,
    /// Roles and users of the attack, without sessions.
    pub principals: BTreeSet<String>,
    /// Requesters of the attack, as logged.
    pub sessions: BTreeSet<String>,
    /// Its source IPs.
    pub addresses: BTreeSet<String>,
    /// Affected buckets.
    pub buckets: BTreeSet<String>,
    /// Time of its first request.
    pub first: String,
    /// Time of its last request.
    pub last: String,
    /// Time of the last expiry due to a rule that the attacker set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_expired: Option<String>,
    /// The attacker's actions, in order.
    pub phases: Vec<&'static str>,
    /// Requests of the attacker; a copy or a batch delete counts once per record.
    pub requests: u64,
    /// Records that are effects of the attack.
    pub effects: u64,
    /// Distinct objects read, written, copied or destroyed.
    pub keys: usize,
    /// Counts that are not zero.
    pub numbers: BTreeMap<&'static str, u64>,
    /// External bucket that data was copied to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The attacker's records: runs of lines by log file.
    pub lines: Lines,
    /// The records that are effects.
    pub effect_lines: Lines,
}

impl Tally {
    /// The ground truth of an attack; none for a benign workload.
    pub(super) fn truth(self, lines: Lines, effect_lines: Lines) -> Option<AttackTruth> {
        let (first, last) = (self.first?, self.last?);
        let destroyed_keys =
            self.destroyed.iter().map(|(bucket, key, _)| (bucket.clone(), key.clone())).collect();
        let keys: BTreeSet<_> = [&self.read, &self.written, &self.copied, &destroyed_keys]
            .into_iter()
            .flatten()
            .filter(|(_, key)| !key.is_empty())
            .collect();
        let keys = keys.len();
        let numbers = [
            ("objects_read", self.read.len() as u64),
            ("bytes_read", self.bytes_read.unsigned_abs()),
            ("objects_copied", self.copied.len() as u64),
            ("bytes_copied", self.bytes_copied.unsigned_abs()),
            ("objects_written", self.written.len() as u64),
            ("destroyed", self.destroyed.len() as u64),
            ("expired", self.expired.len() as u64),
            ("settings_changed", self.settings_changed),
        ];
        let principal =
            self.named.unwrap_or_else(|| self.principals.iter().next().cloned().unwrap_or_default());
        let principal = principal.rsplit('/').next().unwrap_or_default().to_owned();
        Some(AttackTruth {
            principal,
            address: common_start(&self.addresses),
            principals: self.principals,
            sessions: self.sessions,
            addresses: self.addresses,
            buckets: self.buckets,
            first: iso(first),
            last: iso(last),
            last_expired: self.last_expired.map(iso),
            phases: self.phases,
            requests: self.requests,
            effects: self.effects,
            keys,
            numbers: numbers.into_iter().filter(|(_, count)| *count > 0).collect(),
            destination: self.destination,
            lines,
            effect_lines,
        })
    }
}

/// The longest common prefix; `-` if there is none, so that it matches no address.
fn common_start(texts: &BTreeSet<String>) -> String {
    let (Some(first), Some(last)) = (texts.first(), texts.last()) else { return "-".to_owned() };
    // The common prefix of the first and last text in sorted order is that of all.
    let common = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    if common == 0 { "-".to_owned() } else { first[..common].to_owned() }
}

/// ISO 8601, in UTC.
pub(super) fn iso(time: i64) -> String {
    let (year, month, day, hour, minute, second) = clock(time);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
