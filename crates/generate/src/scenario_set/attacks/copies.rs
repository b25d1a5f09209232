//! Data leaves through copies, batch jobs and replication.

use super::super::Care;
use super::super::call::Call;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings, batch_job, size_of};
use super::super::logs::Logs;

pub(super) fn copy_foreign(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "ledgers",
        stem: "book",
        ending: "parquet",
        count: 6_000,
        bytes: (300_000, 8_000_000),
    };
    let company = Company::new(logs, "juniper", ("617742209936", "eu-north-1"), holdings);
    company.ordinary(logs, 440);
    let dumps = "juniper-db-dumps";
    let dumper = Caller::role(logs.account, "db-dumper", "cron", "10.12.8.3", agent::GO);
    let key = |day: i64, at: i64| format!("postgres/shard-{at:02}/2026-05-{:02}.dump", day + 1);
    for day in 0..logs.days {
        for at in 0..6 {
            let time = logs.at(day, 1, at * 9);
            logs.upload(time, &dumper, (dumps, &key(day, at), 220_000_000 + at * 9_111_000), 64 << 20);
        }
    }
    let user = Caller::user(logs.account, "e.lindqvist", "192.0.2.201", agent::CLI);
    for day in (0..logs.days).filter(|day| day % 7 < 5) {
        for _ in 0..7 {
            let time = logs.office_hours(day);
            logs.list(time, &user, dumps, "postgres/");
            let (key, size) = company.object(logs.rng.u64(..200));
            logs.get(time + 9, &user, (&company.app, &key, size));
        }
    }
    logs.tally.phases = vec!["exfiltration"];
    logs.tally.destination = Some("orchid-transfer-88".to_owned());
    logs.attack(|logs| match care {
        Care::Loud => {
            let start = logs.at(9, 23, 5);
            for page in 0..6 {
                logs.list(start - 20 + page, &user, &company.app, "");
            }
            for number in 0..900_u64 {
                let (key, size) = company.object(number);
                let to = ("orchid-transfer-88", key.as_str());
                logs.copy(start + number.cast_signed() * 2, &user, (&company.app, &key, size), to, false);
            }
        }
        // Few objects, but all of them: dumps, in parts, a few each night.
        Care::Careful => {
            for night in 8..12 {
                let mut time = logs.at(night, 2, 30);
                for at in 0..6 {
                    let key = key(night - 1, at);
                    let size = 220_000_000 + at * 9_111_000;
                    let to = ("orchid-transfer-88", key.as_str());
                    time = logs.copy_parts(time, &user, (dumps, &key, size), to, (false, 8 << 20, 2)) + 240;
                }
            }
        }
    });
}

pub(super) fn replicate_foreign(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "genomes",
        stem: "sample",
        ending: "cram",
        count: 5_000,
        bytes: (9_000_000, 80_000_000),
    };
    let company = Company::new(logs, "alder", ("508817743290", "eu-central-1"), holdings);
    company.ordinary(logs, 520);
    let sequencer = Caller::role(logs.account, "sequencer-upload", "lab-2", "10.88.1.7", agent::BOTO);
    for day in 0..logs.days {
        for at in 0..60 {
            let number = 9_000 + (day * 60 + at).cast_unsigned();
            let (key, _) = company.object(number);
            let time = logs.at(day, 6, at * 12);
            logs.put(time, &sequencer, (&company.app, &key, size_of(number, (9_000_000, 80_000_000))));
        }
    }
    let admin = company.admin.at("203.0.113.160").by(agent::CLI_API);
    logs.tally.phases = vec!["persistence", "exfiltration"];
    logs.tally.named = admin.requester.clone();
    match care {
        // A batch job copies the bucket to another account within the hour.
        Care::Loud => {
            let job = batch_job(logs);
            let worker = Caller::role(logs.account, "batch-copy", &job, "", "");
            logs.tally.destination = Some("alder-mirror-2291".to_owned());
            logs.tally.named =
                worker.requester.as_deref().map(|arn| super::super::callers::principal(Some(arn)));
            logs.attack(|logs| {
                let start = logs.at(9, 19, 40);
                let (manifest, size) = ("jobs/manifest-7.csv", 310_000);
                logs.put(start, &admin, (&company.app, manifest, size));
                for number in 0..4_000_u64 {
                    let (key, size) = company.object(number);
                    let to = ("alder-mirror-2291", key.as_str());
                    let time = start + 600 + number.cast_signed() / 2;
                    logs.copy(time, &worker, (&company.app, &key, size), to, false);
                }
            });
        }
        // Replication is set up once and copies every new object out.
        Care::Careful => {
            let set = logs.at(6, 18, 20);
            logs.attack(|logs| {
                logs.setting(set, &admin, &company.app, "REST.PUT.REPLICATION");
            });
            let carrier = Caller::role(logs.account, "s3-crr-role", "s3-replication", "", "");
            logs.effect(|logs| {
                for day in 7..logs.days {
                    for at in 0..60 {
                        let number = 9_000 + (day * 60 + at).cast_unsigned();
                        let (key, _) = company.object(number);
                        let size = size_of(number, (9_000_000, 80_000_000));
                        let time = logs.at(day, 6, at * 12) + 40;
                        let call = Call {
                            sent: size,
                            size: Some(size),
                            ..Call::new("REST.GET.OBJECT", key.as_str())
                        };
                        logs.call(time, &carrier, &company.app, call);
                    }
                }
            });
        }
    }
}
