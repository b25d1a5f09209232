//! Backups and logs.

use super::super::call::Call;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings, size_of};
use super::super::logs::{DAY, Logs};

pub(super) fn nightly_backup(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "filings", stem: "doc", ending: "pdf", count: 4_000, bytes: (30_000, 600_000) };
    let company = Company::new(logs, "willow", ("418820563390", "eu-west-1"), holdings);
    company.ordinary(logs, 300);
    let bucket = "willow-restic";
    let host = Caller::user(logs.account, "backup-host", "192.0.2.231", agent::RESTIC);
    let pack = |number: i64| {
        format!("data/{:02x}/{:016x}", number % 256, super::super::super::random::mix(number.cast_unsigned()))
    };
    for day in 0..logs.days {
        let start = logs.at(day, 1, 30);
        logs.get(start, &host, (bucket, "config", 155));
        logs.put(start + 2, &host, (bucket, &format!("locks/{day:04}"), 180));
        for at in 0..260 {
            logs.put(start + 5 + at * 6, &host, (bucket, &pack(10_000 + day * 260 + at), 16_000_000));
        }
        logs.put(start + 1_700, &host, (bucket, &format!("snapshots/{day:08}"), 640));
        logs.delete(start + 1_705, &host, (bucket, &format!("locks/{day:04}"), 180));
        // Prunes each night; on Sundays, a twentieth of all packs is read back and many are rewritten.
        let (old, rewritten) = if day % 7 == 6 { (420, 60) } else { (110, 12) };
        for at in 0..rewritten {
            logs.get(start + 1_800 + at * 3, &host, (bucket, &pack(day * 500 + at), 16_000_000));
        }
        for at in 0..old {
            logs.delete(start + 2_300 + at * 2, &host, (bucket, &pack(day * 500 + at), 16_000_000));
        }
        if day % 7 == 6 {
            for at in 0..600 {
                logs.get(start + 4_000 + at * 2, &host, (bucket, &pack(9_000 + at * 3), 16_000_000));
            }
        }
    }
}

pub(super) fn restore_drill(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "exams", stem: "exam", ending: "dcm", count: 5_000, bytes: (400_000, 5_000_000) };
    let company = Company::new(logs, "yarrow", ("772018845513", "eu-central-1"), holdings);
    company.ordinary(logs, 360);
    let bucket = "yarrow-vault";
    let writer = Caller::role(logs.account, "vault-backup", "agent-1", "10.120.0.5", agent::GO);
    for day in 0..logs.days {
        for at in 0..190 {
            let time = logs.at(day, 2, 0) + at * 15;
            logs.put(time, &writer, (bucket, &format!("sets/{day:02}/block-{at:05}"), 8_000_000));
            if at % 20 == 0 {
                logs.head_object(
                    time + 2,
                    &writer,
                    (bucket, &format!("sets/{day:02}/block-{at:05}"), 8_000_000),
                );
            }
        }
        logs.list(logs.at(day, 3, 30), &writer, bucket, "sets/");
    }
    // The drill: another host in the same network reads and compares a whole week.
    let drill = Caller::role(logs.account, "vault-restore", "drill-2026", "10.120.0.44", agent::GO);
    let start = logs.at(9, 9, 0);
    logs.list(start, &drill, bucket, "sets/");
    for day in 2..9 {
        for at in 0..190 {
            let time = start + 30 + ((day - 2) * 190 + at) * 3;
            logs.get(time, &drill, (bucket, &format!("sets/{day:02}/block-{at:05}"), 8_000_000));
        }
    }
}

pub(super) fn log_expiry(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "events", stem: "evt", ending: "json", count: 5_000, bytes: (800, 20_000) };
    let company = Company::new(logs, "medlar", ("306618820047", "us-east-1"), holdings);
    company.ordinary(logs, 320);
    let bucket = "medlar-flow-logs";
    let delivery = Caller::service("delivery.logs");
    for day in 0..logs.days {
        for at in 0..220 {
            let time = logs.start + day * DAY + at * 390;
            let key = format!("AWSLogs/{}/vpcflowlogs/us-east-1/{day:02}/{at:05}.log.gz", logs.account);
            logs.put(time, &delivery, (bucket, &key, size_of(at.cast_unsigned(), (9_000, 90_000))));
        }
        for at in 0..520 {
            let time = logs.start + day * DAY + 1_800 + at * 5;
            let key = format!("AWSLogs/{}/vpcflowlogs/us-east-1/old/{day:02}/{at:05}.log.gz", logs.account);
            logs.lifecycle(
                time,
                bucket,
                "S3.EXPIRE.OBJECT",
                &key,
                size_of(at.cast_unsigned(), (9_000, 90_000)),
            );
        }
        if matches!(day, 3 | 8 | 10) {
            let time = logs.at(day, 14, 30);
            let who = company.terraform.session(&format!("run-{}", 4_100 + day));
            logs.setting(time, &who, bucket, "REST.GET.LIFECYCLE");
            logs.setting(time + 4, &who, bucket, "REST.PUT.LIFECYCLE");
        }
    }
}

pub(super) fn log_shipper(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "traces", stem: "tr", ending: "json", count: 4_000, bytes: (900, 9_000) };
    let company = Company::new(logs, "sedge", ("559402217738", "eu-west-2"), holdings);
    company.ordinary(logs, 300);
    let bucket = "sedge-elb-logs";
    let delivery = Caller::service("logdelivery.elasticloadbalancing");
    for day in 0..logs.days {
        let shipper =
            Caller::role(logs.account, "log-shipper", &format!("fluent-{day}"), "10.14.9.9", agent::GO);
        let mut batch = Vec::new();
        for at in 0..240 {
            let time = logs.start + day * DAY + at * 350;
            let key = format!("alb/AWSLogs/{}/elasticloadbalancing/{day:02}/{at:04}.log.gz", logs.account);
            let size = size_of(at.cast_unsigned(), (2_000, 300_000));
            logs.put(time, &delivery, (bucket, &key, size));
            if at % 3 == 0 {
                logs.list(time + 55, &shipper, bucket, "alb/");
            }
            logs.get(time + 60, &shipper, (bucket, &key, size));
            batch.push((key, size, None));
            if batch.len() == 80 {
                logs.delete_many(time + 90, &shipper, bucket, &batch);
                batch.clear();
            }
        }
        let call = Call { query: "tagging", ..Call::new("REST.GET.TAGGING", None) };
        logs.call(logs.at(day, 5, 0), &shipper, bucket, call);
    }
}
