//! Data is re-encrypted, moved, erased or abandoned, as planned.

use super::super::call::Call;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings, batch_job, size_of};
use super::super::logs::{HOUR, Logs};

pub(super) fn key_rotation(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "letters", stem: "letter", ending: "pdf", count: 4_500, bytes: (30_000, 700_000) };
    let company = Company::new(logs, "bittern", ("860114427753", "eu-west-1"), holdings);
    company.ordinary(logs, 420);
    let who = company.terraform.session("run-4105");
    let start = logs.at(5, 18, 0);
    logs.setting(start - HOUR, &who, &company.app, "REST.GET.ENCRYPTION");
    logs.setting(start - HOUR + 9, &who, &company.app, "REST.PUT.ENCRYPTION");
    let worker = Caller::role(logs.account, "batch-reencrypt", &batch_job(logs), "", "");
    for number in 0..4_500_u64 {
        let (key, size) = company.object(number);
        let time = start + number.cast_signed() * 2;
        logs.copy(time, &worker, (&company.app, &key, size), (&company.app, &key), true);
    }
    // An administrator repeats by hand what the job reported as failed, in parts for large objects.
    let hand = company.admin.by(agent::CLI);
    let start = logs.at(7, 10, 0);
    for number in 0..70_u64 {
        let (key, _) = company.object(9_000 + number);
        let size = 30_000_000;
        logs.put(
            logs.at(1, 9, 0) + number.cast_signed() * 60,
            &company.api[0].clone(),
            (&company.app, &key, size),
        );
        logs.copy_parts(
            start + number.cast_signed() * 20,
            &hand,
            (&company.app, &key, size),
            (&company.app, &key),
            (true, 8 << 20, 1),
        );
        logs.get(
            start + 9_000 + number.cast_signed() * 70,
            &company.api[1].clone(),
            (&company.app, &key, size),
        );
    }
}

pub(super) fn bucket_migration(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "photos", stem: "p", ending: "jpg", count: 5_000, bytes: (90_000, 3_000_000) };
    let company = Company::new(logs, "plover", ("330715528864", "eu-central-1"), holdings);
    company.ordinary(logs, 380);
    let to = "plover-photos-2026";
    let admin = company.admin.clone();
    let made = logs.at(3, 9, 0);
    logs.call(made, &admin, to, Call::new("REST.PUT.BUCKET", None));
    for (at, operation) in (1..).zip([
        "REST.PUT.OWNERSHIP_CONTROLS",
        "REST.PUT.PUBLIC_ACCESS_BLOCK",
        "REST.PUT.ENCRYPTION",
        "REST.PUT.VERSIONING",
    ]) {
        logs.setting(made + at * 2, &admin, to, operation);
    }
    let mover = Caller::role(logs.account, "datasync-move", "task-0a7c", "10.160.2.2", agent::DATASYNC);
    let start = logs.at(4, 20, 0);
    for number in 0..2_400_u64 {
        let (key, size) = company.object(number);
        logs.copy(start + number.cast_signed() * 3, &mover, (&company.app, &key, size), (to, &key), true);
    }
    // Verified the next day, then read there by the application.
    for number in 0..2_400_u64 {
        let (key, size) = company.object(number);
        logs.head_object(start + 14 * HOUR + number.cast_signed(), &mover, (to, &key, size));
    }
    for day in 6..logs.days {
        for _ in 0..160 {
            let time = logs.busy(day);
            let (key, size) = company.object(logs.rng.u64(..2_400));
            let who = company.api[logs.rng.usize(..5)].clone();
            logs.get(time, &who, (to, &key, size));
        }
    }
}

pub(super) fn offboarding(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "quotes", stem: "q", ending: "json", count: 4_000, bytes: (900, 9_000) };
    let company = Company::new(logs, "curlew", ("945520087714", "eu-west-1"), holdings);
    company.ordinary(logs, 420);
    let bucket = "curlew-legacy-app";
    let app = Caller::role(logs.account, "legacy-app", "svc", "10.170.0.4", agent::JAVA);
    let owner = Caller::role(logs.account, "legacy-app-team", "d.ferrari", "192.0.2.180", agent::CLI);
    let objects: Vec<(String, i64, Option<String>)> =
        (0..640).map(|at| (format!("data/{at:05}.json"), size_of(at, (900, 40_000)), None)).collect();
    for day in 0..8 {
        // Activity declines every day; in the last week, only the team is left.
        let count = if day < 4 { 120 - day * 20 } else { 0 };
        for at in 0..count {
            let (key, size, _) = &objects[logs.rng.usize(..640)];
            let time = logs.at(day, 6, 0) + at * 300;
            if at % 3 == 0 {
                logs.put(time, &app, (bucket, key, *size))
            } else {
                logs.get(time, &app, (bucket, key, *size))
            }
        }
        if !logs.is_weekend(day) {
            let time = logs.office_hours(day);
            logs.list(time, &owner, bucket, "");
            logs.setting(time + 3, &owner, bucket, "REST.GET.LIFECYCLE");
            let (key, size, _) = &objects[day as usize];
            logs.delete(time + 60, &owner, (bucket, key, *size));
        }
    }
    let start = logs.at(9, 10, 0);
    logs.list(start, &owner, bucket, "");
    for (at, chunk) in (0..).zip(objects.chunks(320)) {
        logs.delete_many(start + 30 + at * 20, &owner, bucket, chunk);
    }
    logs.list(start + 300, &owner, bucket, "");
    logs.call(start + 3_600, &owner, bucket, Call::new("REST.DELETE.BUCKET", None));
}

pub(super) fn erasure_requests(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "members", stem: "m", ending: "json", count: 6_000, bytes: (2_000, 90_000) };
    let company = Company::new(logs, "avocet", ("173308842265", "eu-central-1"), holdings);
    company.ordinary(logs, 520);
    // Every Tuesday and Thursday; requests that accumulate over a holiday come in one run.
    for (day, count) in [(1, 130), (3, 150), (8, 140), (10, 420)] {
        let job =
            Caller::role(logs.account, "privacy-erasure", &format!("job-{day}"), "10.180.0.9", agent::BOTO);
        let start = logs.at(day, 4, 0);
        for person in 0..count {
            let number = 4_000_u64 + (day * 137 + person).cast_unsigned() % 2_000;
            let (key, size) = company.object(number);
            logs.list(start + person * 6, &job, &company.app, &key[..14]);
            logs.delete_many(start + person * 6 + 2, &job, &company.app, &[(key, size, None)]);
        }
    }
}
