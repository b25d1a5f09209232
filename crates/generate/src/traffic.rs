//! The realistic baseline of one bucket: steady traffic with working hours, without anything the catalogue hunts for.

use std::fmt::Write;
use std::io;

use fastrand::Rng;

use super::actors::{Actor, Kind, Pool, version_id};
use super::buckets::{ACCOUNT, Bucket, Purpose};
use super::groups;
use super::lifecycle;
use super::random::{build_text, pick, push_alphanumeric, push_uuid, skewed};
use super::request::{RequestSpec, begin, outcome, presigned_query, refusal};
use super::row::{Row, col};
use super::sink::Sink;

/// Generates the requests of one bucket.
pub(crate) struct Traffic<'a> {
    pub(crate) bucket: &'a Bucket,
    pub(crate) pool: &'a Pool,
    row: Row,
    object: String,
}

/// Whether people work at that time: 8 to 18 UTC, Monday to Friday.
pub(crate) fn is_working_hour(time: i64) -> bool {
    let weekday = (time.div_euclid(86_400) + 3).rem_euclid(7);
    weekday < 5 && (8..18).contains(&(time.rem_euclid(86_400) / 3_600))
}

impl<'a> Traffic<'a> {
    pub(crate) fn new(bucket: &'a Bucket, pool: &'a Pool) -> Self {
        Self { bucket, pool, row: Row::new(), object: String::new() }
    }

    /// Generates one event of at most `left` rows; returns their number.
    pub(crate) fn event(
        &mut self,
        rng: &mut Rng,
        time: i64,
        left: usize,
        sink: &mut Sink<'_>,
    ) -> io::Result<usize> {
        let chance = rng.u16(..1000);
        if left >= groups::MAX_ROWS
            && self.bucket.purpose != Purpose::Website
            && let Some(actor) = (chance < 14).then(|| pick(rng, &self.pool.services))
        {
            return groups::event(rng, &mut self.row, self.bucket, actor, time, sink);
        }
        match chance {
            14..30 if self.bucket.purpose != Purpose::Website => self.lifecycle(rng, time),
            30..34 => self.setting(rng, time),
            34..38 => self.refused(rng, time),
            38..39 => self.bad_signature(rng, time),
            _ => self.request(rng, time),
        }
        sink(rng, &mut self.row)?;
        Ok(1)
    }

    fn any_object(&mut self, rng: &mut Rng) -> i64 {
        let number = skewed(rng, self.bucket.objects());
        self.bucket.object(number, &mut self.object)
    }

    fn lifecycle(&mut self, rng: &mut Rng, time: i64) {
        let number = rng.u64(1 << 32..);
        let size = self.bucket.object(number, &mut self.object);
        lifecycle::event(rng, &mut self.row, self.bucket, time, &self.object, size);
    }

    fn actor(&self, rng: &mut Rng, time: i64) -> &'a Actor {
        let pool = self.pool;
        let chance = rng.u8(..100);
        let (visitors, edges, customers) = match self.bucket.purpose {
            Purpose::Website => (70, 88, 88),
            Purpose::Media => (0, 38, 46),
            Purpose::Uploads => (0, 0, 30),
            Purpose::Reports => (0, 0, 16),
            _ => (0, 0, 0),
        };
        match chance {
            _ if chance < visitors => pick(rng, &pool.visitors),
            _ if chance < edges => pick(rng, &pool.edges),
            _ if chance < customers => pick(rng, &pool.customers),
            90 if self.bucket.purpose == Purpose::Archive => &pool.replication,
            91..99 if is_working_hour(time) => pick(rng, &pool.people),
            99 if self.bucket.purpose != Purpose::Website => pick(rng, &pool.partners),
            _ => pick(rng, &pool.services),
        }
    }

    fn request(&mut self, rng: &mut Rng, time: i64) {
        let actor = self.actor(rng, time);
        match actor.kind {
            Kind::Visitor => self.visit(rng, actor, time),
            Kind::Edge => self.get(rng, actor, time),
            Kind::Customer => self.presigned(rng, actor, time),
            Kind::Replication | Kind::Partner => self.put(rng, actor, time),
            _ => self.work(rng, actor, time),
        }
    }

    /// Requests of applications and people.
    fn work(&mut self, rng: &mut Rng, actor: &Actor, time: i64) {
        let (gets, puts) = match self.bucket.purpose {
            Purpose::Archive => (8, 76),
            Purpose::AppLogs => (24, 84),
            Purpose::Website => (30, 60),
            _ => (52, 74),
        };
        match rng.u8(..100) {
            chance if chance < gets => self.get(rng, actor, time),
            chance if chance < puts => self.put(rng, actor, time),
            0..88 => self.head(rng, actor, time),
            88..95 => self.list(rng, actor, time),
            95..98 => self.small(rng, actor, time),
            _ => self.delete(rng, actor, time),
        }
    }

    fn ask(&mut self, rng: &mut Rng, actor: &Actor, time: i64, operation: &str, method: &str, query: &str) {
        let ask = RequestSpec { operation, method, object: Some(&self.object), query };
        begin(rng, &mut self.row, self.bucket, actor, time, &ask);
    }

    fn get(&mut self, rng: &mut Rng, actor: &Actor, time: i64) {
        let size = self.any_object(rng);
        let operation = "REST.GET.OBJECT";
        if actor.kind != Kind::Edge && rng.u8(..4) == 0 {
            let version = version_id(rng);
            self.ask(rng, actor, time, operation, "GET", &format!("versionId={version}"));
            self.row.set(col::VERSION, &version);
        } else {
            self.ask(
                rng,
                actor,
                time,
                operation,
                "GET",
                if actor.kind == Kind::Service { "x-id=GetObject" } else { "" },
            );
        }
        if actor.agent.as_deref().is_some_and(|agent| agent.starts_with("Hadoop ")) {
            self.audit_referer(rng);
        }
        self.read(rng, size);
    }

    /// Hadoop's file system describes the purpose of a request in the referer.
    fn audit_referer(&mut self, rng: &mut Rng) {
        let time = self.row.time;
        let referer = self.row.edit(col::REFERER);
        referer.push_str("https://audit.example.org/hadoop/1/op_open/");
        push_uuid(rng, referer);
        let _ = write!(referer, "-{:08}/?op=op_open&pr=etl&ps=", rng.u32(..9_999_999));
        push_uuid(rng, referer);
        let _ = write!(referer, "&t0={}&ts={time}{:03}", rng.u16(..400), rng.u16(..1000));
    }

    /// The outcome of a read.
    fn read(&mut self, rng: &mut Rng, size: i64) {
        let row = &mut self.row;
        match rng.u16(..1000) {
            0..30 => {
                outcome(rng, row, 304, None, 0, Some(size));
                row.number(col::TURN, Some(rng.i64(6..40)));
            }
            30..90 => {
                let sent = rng.i64(1..=size);
                outcome(rng, row, 206, None, sent, Some(size));
            }
            90..100 => refusal(rng, row, 404, "NoSuchKey"),
            100 => refusal(rng, row, 503, "SlowDown"),
            101 if rng.bool() => refusal(rng, row, 500, "InternalError"),
            _ => outcome(rng, row, 200, None, size, Some(size)),
        }
    }

    fn head(&mut self, rng: &mut Rng, actor: &Actor, time: i64) {
        let size = self.any_object(rng);
        self.ask(rng, actor, time, "REST.HEAD.OBJECT", "HEAD", "");
        if rng.u8(..20) == 0 {
            refusal(rng, &mut self.row, 404, "NoSuchKey");
        } else {
            outcome(rng, &mut self.row, 200, None, 0, Some(size));
            self.row.number(col::TURN, None);
        }
    }

    fn put(&mut self, rng: &mut Rng, actor: &Actor, time: i64) {
        let number =
            if self.bucket.purpose == Purpose::Website { rng.u64(..400) } else { rng.u64(1 << 33..1 << 34) };
        let size = self.bucket.object(number, &mut self.object);
        let query = if rng.bool() { "x-id=PutObject" } else { "" };
        self.ask(rng, actor, time, "REST.PUT.OBJECT", "PUT", query);
        outcome(rng, &mut self.row, 200, None, 0, Some(size));
        self.row.put(col::ACL, (actor.kind == Kind::Partner).then_some("Yes"));
    }

    fn delete(&mut self, rng: &mut Rng, actor: &Actor, time: i64) {
        let number = rng.u64(1 << 34..1 << 35);
        self.bucket.object(number, &mut self.object);
        self.ask(rng, actor, time, "REST.DELETE.OBJECT", "DELETE", "x-id=DeleteObject");
        outcome(rng, &mut self.row, 204, None, 0, None);
    }

    fn list(&mut self, rng: &mut Rng, actor: &Actor, time: i64) {
        self.any_object(rng);
        let prefix = build_text(|out| {
            super::escape::target(self.object.rsplit_once('/').map_or("", |(prefix, _)| prefix), out);
        })
        .replace('/', "%2F");
        let mut query = format!("list-type=2&max-keys=1000&prefix={prefix}%2F&delimiter=%2F");
        if rng.u8(..5) == 0 {
            query.push_str("&continuation-token=1");
            push_alphanumeric(rng, &mut query, 40);
        }
        self.bucket_request(rng, actor, time, "REST.GET.BUCKET", "GET", &query);
        let sent = rng.i64(400..260_000);
        outcome(rng, &mut self.row, 200, None, sent, None);
    }

    fn bucket_request(
        &mut self,
        rng: &mut Rng,
        actor: &Actor,
        time: i64,
        operation: &str,
        method: &str,
        query: &str,
    ) {
        let ask = RequestSpec { operation, method, object: None, query };
        begin(rng, &mut self.row, self.bucket, actor, time, &ask);
    }

    /// Less common requests of applications.
    fn small(&mut self, rng: &mut Rng, actor: &Actor, time: i64) {
        const KINDS: [(&str, &str, &str, i64); 8] = [
            ("REST.GET.OBJECT_TAGGING", "GET", "tagging", 200),
            ("REST.PUT.OBJECT_TAGGING", "PUT", "tagging", 200),
            ("REST.GET.OBJECT_ATTRIBUTES", "GET", "attributes", 200),
            ("REST.POST.RESTORE", "POST", "restore", 202),
            ("REST.HEAD.BUCKET", "HEAD", "", 200),
            ("REST.GET.UPLOADS", "GET", "uploads=", 200),
            ("REST.GET.LOCATION", "GET", "location", 200),
            ("REST.GET.UPLOAD", "GET", "uploadId=", 200),
        ];
        let (operation, method, query, status) = *pick(rng, &KINDS);
        let size = self.any_object(rng);
        if matches!(operation, "REST.HEAD.BUCKET" | "REST.GET.UPLOADS" | "REST.GET.LOCATION") {
            self.bucket_request(rng, actor, time, operation, method, query);
        } else if operation == "REST.GET.UPLOAD" {
            let query = build_text(|out| {
                out.push_str(query);
                push_alphanumeric(rng, out, 64);
            });
            self.ask(rng, actor, time, operation, method, &query);
        } else {
            self.ask(rng, actor, time, operation, method, query);
        }
        let sent = if method == "GET" { rng.i64(140..900) } else { 0 };
        outcome(rng, &mut self.row, status, None, sent, (method == "POST").then_some(size));
    }

    /// A visitor of the website: the key is the resolved object.
    fn visit(&mut self, rng: &mut Rng, actor: &Actor, time: i64) {
        let number = skewed(rng, 400);
        let size = self.bucket.object(number, &mut self.object);
        let is_head = rng.u8(..60) == 0;
        let (operation, method) =
            if is_head { ("WEBSITE.HEAD.OBJECT", "HEAD") } else { ("WEBSITE.GET.OBJECT", "GET") };
        let query = if rng.u8(..9) == 0 { "v=20260214&utm_source=letter" } else { "" };
        self.ask(rng, actor, time, operation, method, query);
        if number == 0 {
            self.row.set(col::URI, if is_head { "HEAD / HTTP/1.1" } else { "GET / HTTP/1.1" });
        }
        if number % 50 == 7 {
            self.row.set(col::ERROR, "NoSuchKey");
            outcome(rng, &mut self.row, 404, Some("NoSuchKey"), if is_head { 0 } else { 1_245 }, None);
        } else if is_head {
            outcome(rng, &mut self.row, 200, None, 0, Some(size));
        } else {
            self.read(rng, size);
        }
        self.referer(rng);
    }

    fn referer(&mut self, rng: &mut Rng) {
        match rng.u8(..10) {
            0..4 => {
                let page = rng.u16(..400);
                let referer =
                    format!("https://www.halite.example/docs/chapter-{}/section-{page}.html", page % 17);
                self.row.set(col::REFERER, &referer);
            }
            4 => self.row.set(col::REFERER, "https://search.example/find?q=rock+salt&hl=en"),
            _ => {}
        }
    }

    /// A customer's browser with a presigned URL, valid for at most an hour, or with an upload form.
    fn presigned(&mut self, rng: &mut Rng, actor: &Actor, time: i64) {
        let size = self.any_object(rng);
        if rng.u8(..12) == 0 {
            self.bucket.object(rng.u64(1 << 33..1 << 34), &mut self.object);
            self.ask(rng, actor, time, "REST.POST.OBJECT", "POST", "");
            outcome(rng, &mut self.row, 204, None, 0, Some(size));
            self.row.set(col::AUTH, "HtmlForm");
            let signer = format!("arn:aws:iam::{ACCOUNT}:user/services/{}-form", self.bucket.purpose.short());
            self.row.set(col::REQUESTER, &signer);
            self.row.set(col::URI, "POST / HTTP/1.1");
        } else if rng.u8(..20) == 0 {
            let mut anonymous = actor.clone();
            anonymous.requester = None;
            self.ask(rng, &anonymous, time, "REST.OPTIONS.PREFLIGHT", "OPTIONS", "");
            outcome(rng, &mut self.row, 200, None, 0, None);
        } else {
            let expires = *pick(rng, &[300, 900, 3_600]);
            let signed_at = time - rng.i64(2..i64::from(expires) - 60);
            let query = presigned_query(rng, self.bucket.region, "ASIAQEXAMPLE4HALITE7", signed_at, expires);
            self.ask(rng, actor, time, "REST.GET.OBJECT", "GET", &query);
            self.read(rng, size);
        }
        self.row.set(col::REFERER, "https://app.halite.example/");
    }

    /// Routine settings changes by the pipeline, and by the role that records settings.
    fn setting(&mut self, rng: &mut Rng, time: i64) {
        const READS: [(&str, &str); 6] = [
            ("REST.GET.VERSIONING", "versioning"),
            ("REST.GET.ENCRYPTION", "encryption"),
            ("REST.GET.BUCKETPOLICY", "policy"),
            ("REST.GET.LIFECYCLE", "lifecycle"),
            ("REST.GET.TAGGING", "tagging"),
            ("REST.GET.ACL", "acl"),
        ];
        const WRITES: [(&str, &str); 3] = [
            ("REST.PUT.TAGGING", "tagging"),
            ("REST.PUT.METRICS", "metrics&id=EntireBucket"),
            ("REST.PUT.INVENTORY", "inventory&id=weekly"),
        ];
        let pool = self.pool;
        if rng.u8(..30) == 0 {
            let (operation, query) = *pick(rng, &WRITES);
            self.bucket_request(rng, &pool.pipeline, time, operation, "PUT", query);
            outcome(rng, &mut self.row, 204, None, 0, None);
        } else {
            let (operation, query) = *pick(rng, &READS);
            self.bucket_request(rng, &pool.audit, time, operation, "GET", query);
            let sent = rng.i64(150..2_400);
            outcome(rng, &mut self.row, 200, None, sent, None);
        }
    }

    /// A role without permission, always refused, requesting objects that nobody else requests.
    fn refused(&mut self, rng: &mut Rng, time: i64) {
        let pool = self.pool;
        self.restricted_object(rng);
        self.ask(rng, &pool.refused, time, "REST.GET.OBJECT", "GET", "");
        refusal(rng, &mut self.row, 403, "AccessDenied");
    }

    /// An object that nobody reads or writes.
    fn restricted_object(&mut self, rng: &mut Rng) {
        self.object.clear();
        let _ = write!(self.object, "restricted/summary-{}.csv", rng.u16(1_000..9_999));
    }

    /// A client with a wrong clock: occasionally, never twice from the same address.
    fn bad_signature(&mut self, rng: &mut Rng, time: i64) {
        let pool = self.pool;
        let mut actor = pool.audit.clone();
        actor.requester = None;
        actor.region = None;
        actor.ip = Some(format!("2001:db8:ffff:{:x}::{:x}", rng.u16(..), rng.u16(1..)));
        self.restricted_object(rng);
        self.ask(rng, &actor, time, "REST.GET.OBJECT", "GET", "");
        refusal(rng, &mut self.row, 403, "RequestTimeTooSkewed");
        self.row.set(col::SIGNATURE, "SigV4");
        self.row.set(col::AUTH, "AuthHeader");
    }
}
