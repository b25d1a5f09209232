//! Data is destroyed.

use super::super::Care;
use super::super::call::Call;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings};
use super::super::logs::{HOUR, Logs};

pub(super) fn lifecycle_eraser(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "telemetry",
        stem: "trace",
        ending: "avro",
        count: 9_000,
        bytes: (20_000, 900_000),
    };
    let company = Company::new(logs, "sorrel", ("167720943358", "ap-southeast-2"), holdings);
    company.ordinary(logs, 480);
    let admin = company.admin.clone();
    logs.tally.phases = vec!["impact"];
    let thief = admin.at("198.51.100.142").by(agent::CLI_API);
    let (changes, each): (Vec<i64>, u64) = match care {
        Care::Loud => (vec![logs.at(8, 21, 30)], 3_200),
        Care::Careful => ([6, 8, 10].map(|day| logs.at(day, 15, 12)).to_vec(), 420),
    };
    for (at, change) in (0..).zip(changes) {
        logs.attack(|logs| {
            logs.setting(change, &thief, &company.app, "REST.PUT.LIFECYCLE");
        });
        let midnight = change - change.rem_euclid(24 * HOUR) + 24 * HOUR;
        logs.effect(|logs| {
            for number in 0..each {
                let (key, size) = company.object(at * each + number);
                let time = midnight + 1_200 + number.cast_signed() * 4;
                logs.lifecycle(time, &company.app, "S3.EXPIRE.OBJECT", &key, size);
            }
        });
        let done: Vec<(String, i64)> =
            (0..each).map(|number| (company.object(at * each + number).0, midnight + 1_200)).collect();
        logs.remove_reads(&company.app, &done);
    }
}

/// A versioned vault with its own keeper.
fn vault(logs: &mut Logs, bucket: &str, keeper: &Caller) {
    let writer = Caller::role(logs.account, "vault-writer", "nightly", "10.101.0.9", agent::GO);
    for day in 0..logs.days {
        for at in 0..160 {
            let time = logs.at(day, 2, 0) + at * 12;
            logs.put(time, &writer, (bucket, &format!("snap/vol-{:03}.img", at % 80), 40_000_000 + at));
        }
        let time = logs.at(day, 3, 30);
        logs.list_versions(time, keeper, bucket);
        logs.setting(time + 5, keeper, bucket, "REST.GET.VERSIONING");
        for at in 0..3 {
            logs.get(
                time + 60 + at * 30,
                keeper,
                (bucket, &format!("snap/vol-{:03}.img", at * 9), 40_000_000),
            );
        }
    }
}

pub(super) fn versions_purged(logs: &mut Logs, care: Care) {
    let holdings =
        Holdings { folder: "tickets", stem: "t", ending: "json", count: 4_000, bytes: (900, 30_000) };
    let company = Company::new(logs, "cypress", ("376014458890", "eu-central-1"), holdings);
    company.ordinary(logs, 460);
    let bucket = "cypress-snapshots";
    let keeper = Caller::role(logs.account, "snapshot-keeper", "check", "10.101.0.12", agent::CLI);
    vault(logs, bucket, &keeper);
    logs.tally.phases = vec!["discovery", "destruction"];
    logs.attack(|logs| {
        let objects = |logs: &mut Logs, count: u64| -> Vec<(String, i64, Option<String>)> {
            (0..count)
                .map(|at| {
                    let version = logs.version();
                    (format!("snap/vol-{:03}.img", at % 80), 40_000_000 + at.cast_signed(), Some(version))
                })
                .collect()
        };
        match care {
            Care::Loud => {
                let thief = keeper.at("203.0.113.122").session("cli-9");
                let start = logs.at(9, 1, 5);
                logs.list_versions(start, &thief, bucket);
                for (at, chunk) in (0..).zip(objects(logs, 1_200).chunks(400)) {
                    logs.delete_many(start + 20 + at * 7, &thief, bucket, chunk);
                }
            }
            Care::Careful => {
                let homes = ["203.0.113.122", "198.51.100.9", "203.0.113.14"];
                let start = logs.at(9, 6, 0);
                for (at, (key, size, version)) in objects(logs, 460).into_iter().enumerate() {
                    let thief = keeper.at(homes[at % 3]).session(&format!("cli-{}", at % 40));
                    let time = start + at as i64 * 520;
                    logs.delete_version(time, &thief, (bucket, &key, size), &version.unwrap_or_default());
                }
            }
        }
    });
}

pub(super) fn buckets_deleted(logs: &mut Logs, care: Care) {
    let holdings =
        Holdings { folder: "catalog", stem: "item", ending: "json", count: 6_000, bytes: (1_000, 50_000) };
    let company = Company::new(logs, "tamarind", ("690233718845", "us-east-2"), holdings);
    company.ordinary(logs, 420);
    let buckets = ["tamarind-orders", "tamarind-media", "tamarind-backup", "tamarind-exports"];
    let user = Caller::user(logs.account, "ops-automation", "10.44.3.3", agent::BOTO);
    let days = if care == Care::Loud { [9; 4] } else { [5, 7, 9, 11] };
    for (at, bucket) in (0..).zip(buckets) {
        let last = days[at as usize];
        let writer =
            Caller::role(logs.account, &format!("writer-{at}"), "svc", &format!("10.44.8.{at}"), agent::JAVA);
        for day in 0..logs.days {
            for number in 0..45 {
                let time = logs.busy(day);
                let key = format!("live/{:04}.bin", (number * 31 + day) % 240);
                if day < last {
                    logs.put(time, &writer, (bucket, &key, 50_000));
                    logs.get(time + 40, &writer, (bucket, &key, 50_000));
                } else if day > last {
                    logs.effect(|logs| {
                        let request = ("REST.PUT.OBJECT", Some(key.as_str()));
                        logs.fail(time, &writer, bucket, request, (404, "NoSuchBucket"));
                    });
                }
            }
            let time = logs.at(day, 6, 30);
            if day <= last {
                logs.list(time, &user, bucket, "");
            }
        }
    }
    logs.tally.phases = vec!["discovery", "destruction"];
    logs.attack(|logs| {
        for (at, bucket) in (0..).zip(buckets) {
            let thief = user.at("198.51.100.173").by(agent::CLI);
            let start = logs.at(days[at as usize], 9, 0) + at * 400;
            logs.list_versions(start, &thief, bucket);
            let objects: Vec<(String, i64, Option<String>)> =
                (0..240).map(|number| (format!("live/{number:04}.bin"), 50_000, None)).collect();
            logs.delete_many(start + 15, &thief, bucket, &objects);
            logs.call(start + 60, &thief, bucket, Call::new("REST.DELETE.BUCKET", None));
        }
    });
}

pub(super) fn lock_bypass(logs: &mut Logs, care: Care) {
    let holdings =
        Holdings { folder: "orders", stem: "order", ending: "xml", count: 5_000, bytes: (2_000, 60_000) };
    let company = Company::new(logs, "elderberry", ("551903827716", "eu-west-1"), holdings);
    company.ordinary(logs, 440);
    let bucket = "elderberry-records";
    let keeper = Caller::role(logs.account, "records-keeper", "d.osei", "192.0.2.199", agent::CLI);
    vault(logs, bucket, &keeper);
    let (count, step, homes) = match care {
        Care::Loud => (520, 2, vec!["203.0.113.55".to_owned()]),
        Care::Careful => (240, 700, logs.scattered(4)),
    };
    logs.tally.phases = vec!["defense impairment", "destruction"];
    logs.attack(|logs| {
        let start = logs.at(9, 10, 0);
        let thief = |at: usize| keeper.at(&homes[at % homes.len()]);
        logs.setting(start - 300, &thief(0), bucket, "REST.GET.OBJECT_LOCK_CONFIGURATION");
        for at in 0..3 {
            let key = format!("snap/vol-{at:03}.img");
            let request = ("REST.DELETE.OBJECT", Some(key.as_str()));
            logs.fail(start - 200 + at * 20, &thief(0), bucket, request, (403, "AccessDenied"));
        }
        logs.setting(start, &thief(0), bucket, "REST.PUT.OBJECT_LOCK_CONFIGURATION");
        for at in 0..count {
            let key = format!("snap/vol-{:03}.img", at % 80);
            let version = logs.version();
            let time = start + 60 + at as i64 * step;
            let query = format!("retention&versionId={version}");
            let call = Call {
                query: &query,
                version: Some(&version),
                ..Call::new("REST.PUT.OBJECT_LOCK_RETENTION", key.as_str())
            };
            logs.call(time, &thief(at / 20), bucket, call);
            logs.delete_version(time + 1, &thief(at / 20), (bucket, &key, 40_000_000), &version);
        }
    });
}
