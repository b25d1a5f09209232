//! Stolen credentials are used elsewhere.

use super::super::Care;
use super::super::call::Call;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings, SETTINGS};
use super::super::logs::{HOUR, Logs};

pub(super) fn stolen_key(logs: &mut Logs, care: Care) {
    let holdings =
        Holdings { folder: "invoices", stem: "inv", ending: "pdf", count: 9_000, bytes: (40_000, 380_000) };
    let company = Company::new(logs, "osprey", ("640218873511", "eu-west-1"), holdings);
    company.ordinary(logs, 420);
    let user = Caller::user(logs.account, "svc-invoice-mailer", "10.31.4.9", agent::BOTO);
    for day in 0..logs.days {
        for at in 0..55 {
            let (key, size) = company.object(logs.rng.u64(..9_000));
            let time = logs.at(day, 5, 30) + at * 11;
            logs.get(time, &user, (&company.app, &key, size));
        }
    }
    logs.tally.phases = vec!["collection", "exfiltration"];
    logs.attack(|logs| match care {
        Care::Loud => {
            let thief = user.at("198.51.100.77").by(agent::CLI);
            let start = logs.at(9, 22, 10);
            for page in 0..9 {
                logs.list(start + page, &thief, &company.app, "");
            }
            for number in 0..2_400_u64 {
                let (key, size) = company.object(number);
                logs.get(start + 12 + number.cast_signed() * 4 / 3, &thief, (&company.app, &key, size));
            }
        }
        Care::Careful => {
            let homes = logs.scattered(34);
            let times = logs.careful_times(1_500, 4, 11);
            for (number, time) in (0..).zip(times) {
                let (key, size) = company.object(number * 5 + 2);
                let home = &homes[(time / 2_700) as usize % homes.len()];
                logs.get(time, &user.at(home), (&company.app, &key, size));
            }
        }
    });
}

pub(super) fn role_outside(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "scans",
        stem: "passport",
        ending: "jpg",
        count: 7_000,
        bytes: (200_000, 2_400_000),
    };
    let company = Company::new(logs, "fennel", ("518830276644", "us-east-2"), holdings);
    company.ordinary(logs, 520);
    let instance = company.api[1].clone();
    logs.tally.phases = vec!["discovery", "exfiltration"];
    logs.attack(|logs| match care {
        Care::Loud => {
            let thief = instance.at("203.0.113.50").by(agent::CLI);
            let start = logs.at(8, 3, 20);
            logs.call(start, &thief, &company.app, Call::new("REST.HEAD.BUCKET", None));
            logs.setting(start + 20, &thief, &company.app, "REST.GET.LOCATION");
            for page in 0..7 {
                logs.list(start + 60 + page, &thief, &company.app, "");
            }
            for number in 0..1_800_u64 {
                let (key, size) = company.object(number * 3);
                logs.get(start + 90 + number.cast_signed(), &thief, (&company.app, &key, size));
            }
        }
        Care::Careful => {
            let homes = ["203.0.113.50", "198.51.100.19", "203.0.113.91"];
            let times = logs.careful_times(580, 4, 11);
            for (number, time) in (0..).zip(times) {
                let (key, size) = company.object(number * 7 + 1);
                let day = (time - logs.start) / (24 * HOUR);
                let thief = instance.at(homes[day as usize % 3]);
                logs.get(time, &thief, (&company.app, &key, size));
            }
        }
    });
}

pub(super) fn cold_restore(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "claims",
        stem: "case",
        ending: "tar",
        count: 5_000,
        bytes: (30_000_000, 900_000_000),
    };
    let company = Company::new(logs, "larkspur", ("930114258807", "eu-central-1"), holdings);
    company.ordinary(logs, 450);
    let archive = "larkspur-cold-archive";
    let writer = Caller::role(logs.account, "archive-writer", "nightly", "10.77.2.6", agent::GO);
    let keeper = Caller::role(logs.account, "archive-keeper", "m.thorne", "192.0.2.140", agent::CLI);
    let key = |number: u64| format!("closed/2019/case-{number:05}.tar");
    for day in 0..logs.days {
        for at in 0..70 {
            let number = (day * 70 + at).cast_unsigned();
            let time = logs.at(day, 1, 0) + at * 14;
            logs.put(time, &writer, (archive, &key(80_000 + number), 64_000_000));
            logs.lifecycle(
                time + 7_200,
                archive,
                "S3.TRANSITION_GDA.OBJECT",
                &key(70_000 + number),
                64_000_000,
            );
        }
        if day % 3 == 1 {
            let time = logs.office_hours(day);
            restore(logs, time, &keeper, archive, &key(400 + day.cast_unsigned()));
        }
    }
    let (count, homes) = match care {
        Care::Loud => (640, vec!["198.51.100.201".to_owned()]),
        Care::Careful => (260, logs.scattered(9)),
    };
    logs.tally.phases = vec!["collection", "exfiltration"];
    logs.attack(|logs| {
        let times = match care {
            Care::Loud => (0..count).map(|at| logs.at(8, 20, 0) + at * 4).collect(),
            Care::Careful => logs.careful_times(count as usize, 4, 9),
        };
        for (number, time) in (1_000..).zip(times) {
            let thief = keeper.at(&homes[(time / 5_400) as usize % homes.len()]);
            restore(logs, time, &thief, archive, &key(number));
            let later = time + 12 * HOUR + logs.rng.i64(0..HOUR);
            logs.get(later, &thief, (archive, &key(number), 58_000_000 + number.cast_signed() * 911));
        }
    });
}

fn restore(logs: &mut Logs, time: i64, who: &Caller, bucket: &str, key: &str) {
    let call = Call { query: "restore", status: 202, ..Call::new("REST.POST.RESTORE", key) };
    logs.call(time, who, bucket, call);
}

pub(super) fn settings_sweep(logs: &mut Logs, care: Care) {
    let holdings =
        Holdings { folder: "orders", stem: "order", ending: "json", count: 8_000, bytes: (900, 40_000) };
    let company = Company::new(logs, "bramble", ("285569014432", "eu-west-3"), holdings);
    company.ordinary(logs, 380);
    let state = "bramble-tfstate";
    let others =
        ["bramble-ci-cache", "bramble-hr", "bramble-ml", "bramble-partners", "bramble-backups", state];
    for day in 0..logs.days {
        for (at, bucket) in others.iter().enumerate() {
            let who = Caller::role(
                logs.account,
                &format!("owner-{at}"),
                "svc",
                &format!("10.50.0.{}", at + 4),
                agent::GO,
            );
            for _ in 0..40 {
                let time = logs.busy(day);
                let key = format!("data/part-{:05}.bin", logs.rng.u32(..900));
                logs.get(time, &who, (bucket, &key, 12_000));
            }
        }
        let time = logs.at(day, 11, 0);
        let who = company.terraform.session(&format!("run-{}", 4_100 + day));
        logs.get(time, &who, (state, "prod/network/terraform.tfstate", 418_220));
    }
    let user = Caller::user(logs.account, "legacy-deploy", "10.31.9.2", agent::CLI);
    for day in 0..logs.days {
        for at in 0..6 {
            let time = logs.at(day, 12, at * 7);
            logs.put(time, &user, ("bramble-ci-cache", &format!("cache/{at:02}.tgz"), 4_000_000));
        }
    }
    logs.tally.phases = vec!["discovery", "collection"];
    logs.attack(|logs| {
        let homes = logs.scattered(6);
        let ours: Vec<&str> = company.buckets().into_iter().chain(others).collect();
        for (at, bucket) in (0..).zip(&ours) {
            let (thief, start, step) = match care {
                Care::Loud => (user.at("203.0.113.8"), logs.at(9, 4, 12) + at * 12, 0),
                Care::Careful => (user.at(&homes[at as usize % 6]), logs.at(3 + at, 9, 40), 610),
            };
            let thief = thief.by(agent::CLI_API);
            for (number, (operation, missing)) in (0..).zip(&SETTINGS) {
                let time = start + number * step;
                match (number % 5, missing) {
                    (4, _) => logs.fail(time, &thief, bucket, (operation, None), (403, "AccessDenied")),
                    (_, Some(error)) => logs.fail(time, &thief, bucket, (operation, None), (404, error)),
                    _ => logs.setting(time, &thief, bucket, operation),
                }
            }
        }
        let start = if care == Care::Loud { logs.at(9, 4, 30) } else { logs.at(12, 14, 5) };
        let thief = user.at("203.0.113.8").by(agent::CLI);
        logs.list(start, &thief, state, "");
        let secrets =
            ["prod/network/terraform.tfstate", "prod/db/terraform.tfstate", "ci/.env", "ci/id_deploy.pem"];
        for (at, key) in (1..).zip(secrets) {
            logs.get(start + at * 50, &thief, (state, key, 90_000 + at * 1_313));
        }
    });
}
