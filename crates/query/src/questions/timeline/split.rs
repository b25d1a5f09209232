//! Splitting sorted requests into sessions.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::options::TimelineOptions;
use super::report::{FirstUse, Statuses, TimelineReport, TimelineSession};
use super::rows::Row;
use super::tally::{Kind, Tally, ValueHasher, cut, place};
use crate::time::Time;

/// Values shown per kind. Nearly all operations are shown, because a rare one may be the one that matters.
const MAX_OPERATIONS: usize = 50;
const MAX_BUCKETS: usize = 20;
const MAX_OBJECTS: usize = 10;
const MAX_ERRORS: usize = 20;
const MAX_AGENTS: usize = 10;
const MAX_TLS: usize = 5;

/// Groups requests into sessions. They must arrive ordered by requester, address and time.
pub(super) struct Splitter {
    idle: i64,
    most: usize,
    ids: ValueHasher,
    open: Option<OpenSession>,
    /// The earliest sessions, with the latest of them on top.
    kept: BinaryHeap<RankedSession>,
    report: TimelineReport,
}

impl Splitter {
    pub(super) fn new(options: &TimelineOptions) -> Self {
        let report =
            TimelineReport { idle_seconds: options.idle as f64 / 1_000_000.0, ..TimelineReport::default() };
        let most = options.most.unwrap_or(usize::MAX);
        let (ids, open, kept) = (ValueHasher::default(), None, BinaryHeap::new());
        Self { idle: options.idle, most, ids, open, kept, report }
    }

    /// Adds the next request.
    pub(super) fn push(&mut self, row: &Row<'_>) {
        let report = &mut self.report;
        report.requests += 1;
        report.bytes_sent = report.bytes_sent.saturating_add(row.bytes);
        report.first_time = Some(report.first_time.map_or(Time(row.time), |time| time.min(Time(row.time))));
        report.last_time = report.last_time.max(Some(Time(row.time)));
        let ends = self.open.as_ref().is_some_and(|open| !open.continues_with(row, self.idle));
        if ends {
            self.close();
        }
        self.open.get_or_insert_with(|| OpenSession::new(row)).add(row, &self.ids);
    }

    /// The sessions and the hasher of their values.
    pub(super) fn finish(mut self) -> (TimelineReport, ValueHasher) {
        self.close();
        self.report.sessions = self.kept.into_sorted_vec().into_iter().map(|kept| kept.0).collect();
        (self.report, self.ids)
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.report.session_count += 1;
        self.kept.push(RankedSession(open.close(&self.ids)));
        if self.kept.len() > self.most {
            self.kept.pop();
        }
    }
}

/// Ordered by first time, then by requester and address.
struct RankedSession(TimelineSession);

impl RankedSession {
    fn rank(&self) -> (Time, &Option<String>, &Option<String>) {
        (self.0.first_time, &self.0.requester, &self.0.remote_ip)
    }
}

impl Ord for RankedSession {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for RankedSession {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RankedSession {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for RankedSession {}

/// The current session.
struct OpenSession {
    requester: Option<String>,
    remote_ip: Option<String>,
    first: i64,
    last: i64,
    requests: u64,
    bytes: i64,
    statuses: Statuses,
    operations: Tally,
    buckets: Tally,
    objects: Tally,
    errors: Tally,
    agents: Tally,
    tls: Tally,
    first_place: String,
    last_place: (String, Option<i64>),
}

impl OpenSession {
    fn new(row: &Row<'_>) -> Self {
        Self {
            requester: row.requester.map(str::to_owned),
            remote_ip: row.remote_ip.map(str::to_owned),
            first: row.time,
            last: row.time,
            requests: 0,
            bytes: 0,
            statuses: Statuses::default(),
            operations: Tally::default(),
            buckets: Tally::default(),
            objects: Tally::default(),
            errors: Tally::default(),
            agents: Tally::default(),
            tls: Tally::default(),
            first_place: place(row),
            last_place: (String::new(), None),
        }
    }

    /// A break of exactly `idle` does not start a new session.
    fn continues_with(&self, row: &Row<'_>, idle: i64) -> bool {
        self.requester.as_deref() == row.requester
            && self.remote_ip.as_deref() == row.remote_ip
            && row.time.saturating_sub(self.last) <= idle
    }

    fn add(&mut self, row: &Row<'_>, ids: &ValueHasher) {
        self.last = row.time;
        self.requests += 1;
        self.bytes = self.bytes.saturating_add(row.bytes);
        self.statuses.add(row.status);
        let id = |kind, value| ids.hash(kind, row.requester, value);
        let text = |value: Option<&str>| value.map(cut);
        self.operations.add(id(Kind::Operation, row.operation), row, || text(row.operation));
        self.buckets.add(id(Kind::Bucket, row.bucket), row, || text(row.bucket));
        self.agents.add(id(Kind::Agent, row.agent), row, || text(row.agent));
        self.tls.add(id(Kind::Tls, row.tls), row, || text(row.tls));
        if row.error.is_some() {
            self.errors.add(id(Kind::Error, row.error), row, || text(row.error));
        }
        if let Some(key) = row.key {
            let name = || Some(cut(&format!("{}/{key}", row.bucket.unwrap_or_default())));
            self.objects.add(ids.hash_object(row), row, name);
        }
        // Most requests are from the same file as the previous one.
        if row.log_file != Some(self.last_place.0.as_str()) {
            self.last_place.0 = row.log_file.unwrap_or_default().to_owned();
        }
        self.last_place.1 = row.log_line;
    }

    fn close(self, ids: &ValueHasher) -> TimelineSession {
        let (who, whence) = (self.requester.as_deref(), self.remote_ip.as_deref());
        let (file, line) = &self.last_place;
        let last_place = place(&Row { log_file: Some(file), log_line: *line, ..Row::default() });
        TimelineSession {
            requester: who.map(cut),
            remote_ip: whence.map(cut),
            first_time: Time(self.first),
            last_time: Time(self.last),
            first_use: FirstUse::default(),
            requests: self.requests,
            bytes_sent: self.bytes,
            statuses: self.statuses,
            operations: self.operations.top(MAX_OPERATIONS),
            buckets: self.buckets.top(MAX_BUCKETS),
            objects: self.objects.top(MAX_OBJECTS),
            errors: self.errors.top(MAX_ERRORS),
            user_agents: self.agents.top(MAX_AGENTS),
            tls_versions: self.tls.top(MAX_TLS),
            evidence: [self.first_place, last_place],
            requester_id: ids.hash(Kind::Requester, who, None),
            address_id: ids.hash(Kind::Address, who, whence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn split(options: &TimelineOptions, rows: &[Row<'_>]) -> TimelineReport {
        let mut splitter = Splitter::new(options);
        rows.iter().for_each(|row| splitter.push(row));
        splitter.finish().0
    }

    fn row<'a>(requester: &'a str, remote_ip: &'a str, minute: i64) -> Row<'a> {
        Row {
            requester: Some(requester),
            remote_ip: Some(remote_ip),
            time: minute * MINUTE,
            operation: Some("REST.GET.OBJECT"),
            bucket: Some("b"),
            key: Some("k"),
            status: Some(200),
            bytes: 10,
            log_file: Some("f"),
            log_line: Some(minute),
            ..Row::default()
        }
    }

    #[test]
    fn a_break_longer_than_the_limit_begins_a_session() {
        let rows = [0, 30, 60, 91, 91].map(|minute| row("ada", "192.0.2.1", minute));
        let report = split(&TimelineOptions::default(), &rows);
        let seen: Vec<_> = report
            .sessions
            .iter()
            .map(|session| (session.first_time.0 / MINUTE, session.last_time.0 / MINUTE, session.requests))
            .collect();
        assert_eq!(seen, [(0, 60, 3), (91, 91, 2)]);
        assert_eq!(report.sessions[0].evidence, ["f:0", "f:60"]);
        assert_eq!((report.session_count, report.requests, report.bytes_sent), (2, 5, 50));
        assert_eq!((report.first_time, report.last_time), (Some(Time(0)), Some(Time(91 * MINUTE))));
        // A break that is one microsecond too long starts a new session.
        let options = TimelineOptions { idle: 30 * MINUTE - 1, ..TimelineOptions::default() };
        assert_eq!(split(&options, &rows).session_count, 4);
    }

    #[test]
    fn sessions_are_split_by_requester_and_address_and_ordered_by_time() {
        let anonymous = Row { requester: None, ..row("", "192.0.2.9", 7) };
        let rows = [
            anonymous,
            row("ada", "192.0.2.1", 5),
            row("ada", "192.0.2.1", 6),
            row("ada", "192.0.2.2", 4),
            row("ben", "192.0.2.2", 4),
        ];
        let report = split(&TimelineOptions::default(), &rows);
        let seen: Vec<_> = report
            .sessions
            .iter()
            .map(|session| (session.requester.as_deref(), session.remote_ip.as_deref(), session.requests))
            .collect();
        assert_eq!(
            seen,
            [
                (Some("ada"), Some("192.0.2.2"), 1),
                (Some("ben"), Some("192.0.2.2"), 1),
                (Some("ada"), Some("192.0.2.1"), 2),
                (None, Some("192.0.2.9"), 1),
            ]
        );
    }

    #[test]
    fn the_earliest_sessions_are_kept_and_all_are_counted() {
        let rows = [300, 200, 100, 0].map(|minute| Row {
            requester: Some(if minute > 150 { "late" } else { "soon" }),
            ..row("", "192.0.2.1", minute)
        });
        let options = TimelineOptions { most: Some(2), idle: 0 };
        let report = split(&options, &[rows[1], rows[0], rows[3], rows[2]]);
        let firsts: Vec<i64> = report.sessions.iter().map(|session| session.first_time.0 / MINUTE).collect();
        assert_eq!((firsts.as_slice(), report.session_count, report.hidden()), (&[0, 100][..], 4, 2));
        let nothing = split(&options, &[]);
        assert_eq!((nothing.session_count, nothing.first_time), (0, None));
    }

    #[test]
    fn a_session_counts_what_was_done() {
        let get = row("ada", "192.0.2.1", 0);
        let rows = [
            get,
            Row { key: Some("l"), ..get },
            Row {
                operation: Some("REST.GET.BUCKET"),
                key: None,
                status: Some(403),
                error: Some("AccessDenied"),
                ..get
            },
            Row { operation: Some("S3.EXPIRE.OBJECT"), bucket: Some("c"), status: None, bytes: 0, ..get },
        ];
        let session = &split(&TimelineOptions::default(), &rows).sessions[0];
        let names = |values: &super::super::Values| -> Vec<String> {
            values.top.iter().map(|value| value.value.clone().unwrap_or_else(|| "-".into())).collect()
        };
        assert_eq!(names(&session.operations), ["REST.GET.OBJECT", "REST.GET.BUCKET", "S3.EXPIRE.OBJECT"]);
        assert_eq!(session.operations.top[0].statuses.success, 2);
        assert_eq!(
            (names(&session.objects), session.objects.distinct),
            (vec!["b/k".into(), "b/l".into(), "c/k".into()], 3)
        );
        assert_eq!(
            (names(&session.errors), names(&session.user_agents)),
            (vec!["AccessDenied".into()], vec!["-".into()])
        );
        assert_eq!(session.statuses.classes().map(|(_, count)| count), [2, 0, 1, 0, 1]);
    }
}
