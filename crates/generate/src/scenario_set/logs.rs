//! Collects the records of a scenario, and counts those of its attack.

use std::collections::BTreeMap;
use std::fmt::Write;

use fastrand::Rng;

use super::super::escape;
use super::super::random::{build_text, mix, push_alphanumeric, push_hex, seeded};
use super::super::request::{fresh_ids, outcome, presigned_query, without_request};
use super::super::row::{Row, col};
use super::call::Call;
use super::callers::Caller;
use super::truth::{Part, Tally};

/// Seconds per hour and per day.
pub(super) const HOUR: i64 = 3_600;
pub(super) const DAY: i64 = 86_400;

/// Status of a copy's source row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum CopySource {
    /// Always 200
    #[value(name = "200")]
    Ok,
    /// Always `-`
    None,
    /// Half of each; always `-` between buckets
    #[default]
    Mixed,
}

/// One record: its time and place, its role in the scenario, and the line.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) time: i64,
    pub(super) bucket: String,
    pub(super) part: Part,
    /// Name of the object.
    pub(super) key: Option<Box<str>>,
    pub(super) line: Box<[u8]>,
}

/// The logs of one scenario.
pub(super) struct Logs {
    pub(super) rng: Rng,
    /// First second of the first day, a Monday.
    pub(super) start: i64,
    pub(super) days: i64,
    pub(super) account: &'static str,
    pub(super) region: &'static str,
    /// The role of the next records.
    pub(super) part: Part,
    pub(super) tally: Tally,
    pub(super) records: Vec<Record>,
    pub(super) copy_source: CopySource,
    /// When the URL of the next requests was signed; by default, a moment before each.
    pub(super) signed_at: Option<i64>,
    owner: String,
    row: Row,
}

impl Logs {
    /// Without records. Seed and name determine everything that is random.
    pub(super) fn new(name: &str, seed: u64, copy_source: CopySource) -> Self {
        let number = name.bytes().fold(7, |state, byte| mix(state ^ u64::from(byte)));
        let mut rng = seeded(seed, &[41, number]);
        let owner = build_text(|out| push_hex(&mut rng, out, 64));
        // Monday, 4 May 2026, or one of the following eleven Mondays.
        let start = 1_777_852_800 + i64::from(rng.u8(..12)) * 7 * DAY;
        Self {
            rng,
            start,
            days: 14,
            account: "",
            region: "eu-west-1",
            part: Part::Ordinary,
            tally: Tally::default(),
            records: Vec::new(),
            copy_source,
            signed_at: None,
            owner,
            row: Row::new(),
        }
    }

    /// Day (from 0), hour and minute of the scenario, in seconds since 1970.
    pub(super) fn at(&self, day: i64, hour: i64, minute: i64) -> i64 {
        self.start + day * DAY + hour * HOUR + minute * 60
    }

    /// Any second of a day.
    pub(super) fn any(&mut self, day: i64) -> i64 {
        self.start + day * DAY + self.rng.i64(0..DAY)
    }

    /// A second of a day, more likely around noon UTC than at night.
    pub(super) fn busy(&mut self, day: i64) -> i64 {
        self.start + day * DAY + (self.rng.i64(0..DAY) + self.rng.i64(0..DAY)) / 2
    }

    /// A second between 8:00 and 17:30 of a day.
    pub(super) fn office_hours(&mut self, day: i64) -> i64 {
        self.start + day * DAY + 8 * HOUR + self.rng.i64(0..9 * HOUR + 1_800)
    }

    /// Whether a day is a Saturday or a Sunday.
    pub(super) fn is_weekend(&self, day: i64) -> bool {
        day.rem_euclid(7) >= 5
    }

    /// `count` times within office hours of the working days from `first` to `last`, in order.
    pub(super) fn careful_times(&mut self, count: usize, first: i64, last: i64) -> Vec<i64> {
        let days: Vec<i64> = (first..=last).filter(|day| !self.is_weekend(*day)).collect();
        let mut times: Vec<i64> =
            (0..count).map(|at| self.office_hours(days[at * days.len() / count])).collect();
        times.sort_unstable();
        times
    }

    /// Residential addresses without a common prefix.
    pub(super) fn scattered(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| format!("198.18.{}.{}", self.rng.u8(..), self.rng.u8(1..255))).collect()
    }

    /// The endpoint of a bucket.
    pub(super) fn endpoint(&self, bucket: &str) -> String {
        format!("{bucket}.s3.{}.amazonaws.com", self.region)
    }

    /// A version id.
    pub(super) fn version(&mut self) -> String {
        build_text(|out| push_alphanumeric(&mut self.rng, out, 32))
    }

    /// New request and host ids, for requests that have several records.
    pub(super) fn ids(&mut self) -> [String; 2] {
        fresh_ids(&mut self.rng, &mut self.row);
        [col::REQUEST_ID, col::HOST_ID].map(|column| self.row.get(column).unwrap_or_default().to_owned())
    }

    /// Adds a request with a single record.
    pub(super) fn call(&mut self, time: i64, who: &Caller, bucket: &str, call: Call<'_>) {
        let ids = self.ids();
        self.call_with(time, who, bucket, call, &ids);
    }

    /// Adds a record with the given request and host ids.
    pub(super) fn call_with(
        &mut self,
        time: i64,
        who: &Caller,
        bucket: &str,
        call: Call<'_>,
        ids: &[String; 2],
    ) {
        self.head(time, who, bucket, &call, ids);
        self.target(time, who, &call);
        outcome(&mut self.rng, &mut self.row, call.status, call.error, call.sent, call.size);
        self.finish(bucket, who, &call);
    }

    /// Adds a record with no HTTP field but the status: the source of a copy, or a key of a batch delete.
    pub(super) fn bare_with(
        &mut self,
        time: i64,
        who: &Caller,
        bucket: &str,
        call: Call<'_>,
        ids: &[String; 2],
    ) {
        self.head(time, who, bucket, &call, ids);
        without_request(&mut self.row, true);
        self.row.number(col::STATUS, (call.status > 0).then_some(call.status));
        self.row.number(col::SIZE, call.size);
        self.finish(bucket, who, &call);
    }

    /// Adds a record of a lifecycle rule.
    pub(super) fn lifecycle(&mut self, time: i64, bucket: &str, operation: &str, key: &str, size: i64) {
        let who = Caller { requester: Some("AmazonS3".to_owned()), ..Caller::anonymous("", "") };
        let host_id = build_text(|out| push_hex(&mut self.rng, out, 64));
        let ids = [self.ids()[0].clone(), host_id];
        let call = Call { size: Some(size), status: 0, ..Call::new(operation, key) };
        self.head(time, &who, bucket, &call, &ids);
        without_request(&mut self.row, false);
        for column in [col::SIGNATURE, col::AUTH, col::TLS, col::CIPHER, col::HOST] {
            self.row.put(column, None);
        }
        let has_size = operation != "S3.CREATE.DELETEMARKER";
        self.row.number(col::SIZE, has_size.then_some(size));
        self.finish(bucket, &who, &call);
    }

    fn head(&mut self, time: i64, who: &Caller, bucket: &str, call: &Call<'_>, ids: &[String; 2]) {
        let row = &mut self.row;
        row.clear();
        row.time = time;
        row.set(col::OWNER, &self.owner);
        row.set(col::BUCKET, bucket);
        row.put(col::IP, who.ip.as_deref());
        row.put(col::REQUESTER, who.requester.as_deref());
        row.set(col::REQUEST_ID, &ids[0]);
        row.set(col::HOST_ID, &ids[1]);
        row.set(col::OPERATION, call.operation);
        if let Some(key) = call.key {
            escape::key(key, call.operation, row.edit(col::KEY));
        }
        row.put(col::VERSION, call.version);
        row.put(col::AGENT, who.agent.as_deref());
        let is_signed = who.requester.is_some();
        row.put(col::SIGNATURE, is_signed.then_some("SigV4"));
        let auth = if who.link.is_some() { "QueryString" } else { "AuthHeader" };
        row.put(col::AUTH, is_signed.then_some(auth));
        row.put(col::TLS, (!who.plain).then_some("TLSv1.3"));
        row.put(col::CIPHER, (!who.plain).then_some("TLS_AES_128_GCM_SHA256"));
        let host = row.edit(col::HOST);
        match call.host {
            Some(other) => host.push_str(other),
            None => _ = write!(host, "{bucket}.s3.{}.amazonaws.com", self.region),
        }
        let is_aws = who.ip.as_deref().is_some_and(|ip| ip.starts_with("10.") || ip.starts_with("198.19."));
        row.put(col::REGION, is_aws.then_some(self.region));
    }

    fn target(&mut self, time: i64, who: &Caller, call: &Call<'_>) {
        let method = match call.operation.split('.').nth(1) {
            Some("COPY") => "PUT",
            other => other.unwrap_or("GET"),
        };
        let signed = self.signed_at.unwrap_or(time - 40);
        let link = who.link.as_ref().map(|(key_id, seconds)| {
            // The token of a URL is as old as the URL: everyone who uses it sends the same one.
            let rng = &mut seeded(signed.cast_unsigned(), &[key_id.len() as u64]);
            presigned_query(rng, self.region, key_id, signed, *seconds)
        });
        let uri = self.row.edit(col::URI);
        let _ = write!(uri, "{method} /");
        escape::target(call.key.unwrap_or_default(), uri);
        let query = link.as_deref().unwrap_or(call.query);
        if !query.is_empty() {
            let _ = write!(uri, "?{query}");
        }
        uri.push_str(" HTTP/1.1");
    }

    fn finish(&mut self, bucket: &str, who: &Caller, call: &Call<'_>) {
        let time = self.row.time;
        if time < self.start || time >= self.start + self.days * DAY {
            return;
        }
        self.tally.note(self.part, time, bucket, who, call);
        let mut line = Vec::with_capacity(640);
        self.row.render(&mut line);
        self.records.push(Record {
            time,
            bucket: bucket.to_owned(),
            part: self.part,
            key: call.key.map(Into::into),
            line: line.into_boxed_slice(),
        });
    }

    /// Removes what others did with objects of a bucket after each object's time, because it could not have succeeded.
    pub(super) fn remove_reads(&mut self, bucket: &str, objects: &[(String, i64)]) {
        let since: BTreeMap<&str, i64> = objects.iter().map(|(key, time)| (key.as_str(), *time)).collect();
        self.records.retain(|record| {
            let key = record.key.as_deref();
            let is_after = || key.and_then(|key| since.get(key)).is_some_and(|since| record.time > *since);
            record.part != Part::Ordinary || record.bucket != bucket || !is_after()
        });
    }

    /// Removes a bucket's records between two times.
    pub(super) fn remove_records(&mut self, bucket: &str, from: i64, to: i64) {
        let is_silent = |record: &Record| record.bucket == bucket && (from..to).contains(&record.time);
        self.records.retain(|record| record.part != Part::Ordinary || !is_silent(record));
    }

    /// Records added by `make` belong to the attack.
    pub(super) fn attack(&mut self, make: impl FnOnce(&mut Self)) {
        self.part = Part::Attack;
        make(self);
        self.part = Part::Ordinary;
    }

    /// Records added by `make` are effects of the attack.
    pub(super) fn effect(&mut self, make: impl FnOnce(&mut Self)) {
        self.part = Part::Effect;
        make(self);
        self.part = Part::Ordinary;
    }
}
