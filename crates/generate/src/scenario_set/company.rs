//! A company with its buckets, people and ordinary traffic, in which a scenario takes place.

use super::super::random::{build_text, mix, push_hex, push_uuid, skewed};
use super::call::Call;
use super::callers::{Caller, agent};
use super::logs::{DAY, HOUR, Logs};

/// Settings that Terraform and auditors read: operation, and whether it is often unset.
pub(super) const SETTINGS: [(&str, Option<&str>); 14] = [
    ("REST.GET.BUCKETPOLICY", None),
    ("REST.GET.ACL", None),
    ("REST.GET.CORS", Some("NoSuchCORSConfiguration")),
    ("REST.GET.WEBSITE", Some("NoSuchWebsiteConfiguration")),
    ("REST.GET.VERSIONING", None),
    ("REST.GET.ACCELERATE", None),
    ("REST.GET.REQUEST_PAYMENT", None),
    ("REST.GET.LOGGING_STATUS", None),
    ("REST.GET.LIFECYCLE", Some("NoSuchLifecycleConfiguration")),
    ("REST.GET.REPLICATION", Some("ReplicationConfigurationNotFoundError")),
    ("REST.GET.ENCRYPTION", None),
    ("REST.GET.OBJECT_LOCK_CONFIGURATION", Some("ObjectLockConfigurationNotFoundError")),
    ("REST.GET.TAGGING", Some("NoSuchTagSet")),
    ("REST.GET.PUBLIC_ACCESS_BLOCK", None),
];

/// The objects of a company: names and sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holdings {
    pub(super) folder: &'static str,
    pub(super) stem: &'static str,
    pub(super) ending: &'static str,
    pub(super) count: u64,
    pub(super) bytes: (i64, i64),
}

/// A company.
pub(super) struct Company {
    /// The application's bucket.
    pub(super) app: String,
    /// Reports that people read.
    pub(super) reports: String,
    /// Website behind CloudFront.
    pub(super) web: String,
    /// Logs, which expire.
    pub(super) trail: String,
    /// Sessions of the application's role.
    pub(super) api: Vec<Caller>,
    /// People of single sign-on.
    pub(super) staff: Vec<Caller>,
    pub(super) admin: Caller,
    pub(super) deployer: Caller,
    pub(super) terraform: Caller,
    pub(super) recorder: Caller,
    pub(super) holdings: Holdings,
    office: u8,
}

impl Company {
    /// Creates a company by name. Account, Region and days apply to its logs from now on.
    pub(super) fn new(
        logs: &mut Logs,
        word: &'static str,
        (account, region): (&'static str, &'static str),
        holdings: Holdings,
    ) -> Self {
        (logs.account, logs.region) = (account, region);
        let net = logs.rng.u8(10..200);
        let office = logs.rng.u8(8..90);
        let api = (0..5).map(|at| {
            let session = instance(logs);
            let ip = format!("10.{net}.{}.{}", at % 3, logs.rng.u8(4..250));
            Caller::role(account, &format!("{word}-api"), &session, &ip, agent::JAVA)
        });
        let api: Vec<Caller> = api.collect();
        let names = ["m.okafor", "s.lindgren", "t.baranov", "c.duarte", "y.shimizu", "p.haddad"];
        let staff = names.iter().enumerate().map(|(at, name)| {
            let client = [agent::CONSOLE, agent::CLI, agent::BOTO][at % 3];
            let ip = format!("192.0.2.{}", office + at as u8 / 2);
            Caller::person(account, "Analyst", &format!("{name}@{word}.example"), &ip, client)
        });
        let staff: Vec<Caller> = staff.collect();
        let mail = format!("k.wisniewska@{word}.example");
        let office_ip = format!("192.0.2.{office}");
        Self {
            app: format!("{word}-{}", holdings.folder),
            reports: format!("{word}-reporting"),
            web: format!("{word}-site"),
            trail: format!("{word}-access-trail"),
            api,
            staff,
            admin: Caller::person(account, "PlatformAdmin", &mail, &office_ip, agent::CONSOLE),
            deployer: Caller::role(
                account,
                &format!("{word}-site-deploy"),
                "GitHubActions",
                "198.19.40.11",
                agent::CLI,
            ),
            terraform: Caller::role(account, "infra-apply", "pipeline", "198.19.41.20", agent::TERRAFORM),
            recorder: Caller::role(
                account,
                "AWSServiceRoleForConfig",
                "AWSConfig-Describe",
                "198.19.60.3",
                agent::CONFIG,
            ),
            holdings,
            office,
        }
    }

    /// An office address that is not assigned to a person.
    pub(super) fn office_ip(&self, at: u8) -> String {
        format!("192.0.2.{}", self.office + 4 + at)
    }

    /// Key and size of the application's object with this number.
    pub(super) fn object(&self, number: u64) -> (String, i64) {
        let Holdings { folder, stem, ending, bytes, .. } = self.holdings;
        let key = format!("{folder}/{:02}/{stem}-{number:06}.{ending}", number % 40);
        (key, size_of(number, bytes))
    }

    /// Key and size of the report with this number.
    pub(super) fn report(&self, number: u64) -> (String, i64) {
        (
            format!("finance/{:02}/report-{number:04}.xlsx", number % 12),
            size_of(number ^ 77, (18_000, 900_000)),
        )
    }

    /// The buckets that exist from the beginning.
    pub(super) fn buckets(&self) -> [&str; 4] {
        [&self.app, &self.reports, &self.web, &self.trail]
    }

    /// All ordinary traffic, with `a_day` application requests per working day.
    pub(super) fn ordinary(&self, logs: &mut Logs, a_day: usize) {
        for day in 0..logs.days {
            let is_weekend = logs.is_weekend(day);
            self.application(logs, day, if is_weekend { a_day * 3 / 5 } else { a_day });
            self.website(logs, day);
            self.log_delivery(logs, day);
            self.settings(logs, day);
            if !is_weekend {
                self.people(logs, day);
            }
        }
    }

    fn application(&self, logs: &mut Logs, day: i64, count: usize) {
        for _ in 0..count {
            let time = logs.busy(day);
            let who = self.api[logs.rng.usize(..self.api.len())].clone();
            let number = skewed(&mut logs.rng, self.holdings.count);
            let (key, size) = self.object(number);
            let object = (self.app.as_str(), key.as_str(), size);
            match logs.rng.u8(..100) {
                0..78 => logs.get(time, &who, object),
                78..86 => logs.head_object(time, &who, object),
                86..97 => {
                    let (key, size) = self.object(self.holdings.count + logs.rng.u64(..400_000));
                    logs.put(time, &who, (&self.app, &key, size));
                }
                97 => logs.copy(time, &who, object, (&self.app, &format!("thumbs/{number:06}")), true),
                98 => {
                    let (key, size) = self.object(self.holdings.count + logs.rng.u64(400_000..500_000));
                    logs.delete(time, &who, (&self.app, &key, size));
                }
                _ => {
                    let key = format!(
                        "{}/missing-{}.{}",
                        self.holdings.folder,
                        logs.rng.u32(..),
                        self.holdings.ending
                    );
                    logs.fail(time, &who, &self.app, ("REST.GET.OBJECT", Some(&key)), (404, "NoSuchKey"));
                }
            }
        }
    }

    fn website(&self, logs: &mut Logs, day: i64) {
        let edge = Caller::service("cloudfront");
        let pages = site();
        for _ in 0..90 {
            let time = logs.busy(day);
            let (key, size) = &pages[logs.rng.usize(..pages.len())];
            logs.get(time, &edge, (&self.web, key, *size));
        }
        if day % 7 == 1 || day % 7 == 3 {
            let time = logs.at(day, 13, 20);
            for (at, (key, size)) in (0..).zip(&pages) {
                if !key.contains("-chunk") {
                    logs.put(time + at, &self.deployer, (&self.web, key, *size));
                }
            }
        }
    }

    fn log_delivery(&self, logs: &mut Logs, day: i64) {
        let delivery = Caller::service("logging.s3");
        for at in 0..36 {
            let time = logs.start + day * DAY + at * 2_400 + logs.rng.i64(0..600);
            let key = format!(
                "access/2026-05-{:02}-{:02}-{:02}-11-{:016X}",
                day + 4,
                at * 2 / 3,
                at % 60,
                logs.rng.u64(..)
            );
            let size = logs.rng.i64(900..70_000);
            logs.put(time, &delivery, (&self.trail, &key, size));
        }
        for at in 0..36 {
            let time = logs.start + day * DAY + 600 + at * 3;
            let key =
                format!("access/2026-02-{:02}-{:02}-00-11-{:016X}", day + 4, at * 2 / 3, logs.rng.u64(..));
            let size = logs.rng.i64(900..70_000);
            logs.lifecycle(time, &self.trail, "S3.EXPIRE.OBJECT", &key, size);
        }
    }

    fn settings(&self, logs: &mut Logs, day: i64) {
        let time = logs.at(day, 2, 10);
        read_settings(logs, time, &self.recorder.clone(), &self.buckets(), &SETTINGS[..6]);
        if !logs.is_weekend(day) {
            let time = logs.at(day, 10, 5) + logs.rng.i64(0..HOUR);
            let who = self.terraform.session(&format!("run-{}", 4_100 + day));
            read_settings(logs, time, &who, &self.buckets(), &SETTINGS);
        }
    }

    fn people(&self, logs: &mut Logs, day: i64) {
        let builder = Caller::role(logs.account, "report-builder", "nightly", "10.9.4.18", agent::BOTO);
        for at in 0..14 {
            let (key, size) = self.report(day as u64 * 14 + at);
            let time = logs.at(day, 4, 0) + at as i64 * 20;
            logs.put(time, &builder, (&self.reports, &key, size));
        }
        for who in &self.staff {
            for _ in 0..logs.rng.usize(6..16) {
                let time = logs.office_hours(day);
                let (key, size) = self.report(skewed(&mut logs.rng, (day as u64 + 1) * 14));
                if logs.rng.u8(..8) == 0 {
                    logs.list(time, who, &self.reports, "finance/");
                }
                logs.get(time + 4, who, (&self.reports, &key, size));
            }
        }
        for bucket in self.buckets() {
            if logs.rng.bool() {
                let time = logs.office_hours(day);
                logs.list(time, &self.admin, bucket, "");
            }
        }
    }
}

/// Pages and assets of a site; names of assets contain a hash of their content.
pub(super) fn site() -> Vec<(String, i64)> {
    let mut pages: Vec<(String, i64)> =
        ["index.html", "pricing/index.html", "contact/index.html", "robots.txt"]
            .into_iter()
            .map(|key| (key.to_owned(), 4_000 + key.len() as i64 * 311))
            .collect();
    for (at, stem) in ["runtime", "vendor", "checkout", "account", "styles"].into_iter().enumerate() {
        let ending = if stem == "styles" { "css" } else { "js" };
        let hash = mix(at as u64 + 9) & 0xFFFF_FFFF;
        pages.push((format!("static/{stem}-chunk.{hash:08x}.{ending}"), 61_000 + at as i64 * 40_213));
    }
    pages
}

/// Reads bucket settings; those that are often unset return 404.
pub(super) fn read_settings(
    logs: &mut Logs,
    time: i64,
    who: &Caller,
    buckets: &[&str],
    settings: &[(&str, Option<&str>)],
) {
    for (at, bucket) in (0..).zip(buckets) {
        logs.call(time + at, who, bucket, Call::new("REST.HEAD.BUCKET", None));
        for (operation, missing) in settings {
            match missing {
                Some(error) => logs.fail(time + at, who, bucket, (operation, None), (404, error)),
                None => logs.setting(time + at, who, bucket, operation),
            }
        }
    }
}

/// A size derived from a number.
pub(super) fn size_of(number: u64, (least, most): (i64, i64)) -> i64 {
    least + (mix(number) % (most - least).unsigned_abs()).cast_signed()
}

/// The session of an EC2 instance.
pub(super) fn instance(logs: &mut Logs) -> String {
    build_text(|out| {
        out.push_str("i-0");
        push_hex(&mut logs.rng, out, 16);
    })
}

/// The session of an S3 batch job.
pub(super) fn batch_job(logs: &mut Logs) -> String {
    build_text(|out| {
        out.push_str("s3-batch-operations_");
        push_uuid(&mut logs.rng, out);
    })
}
