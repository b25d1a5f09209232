//! Bucket administration.

use super::super::call::Call;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings, SETTINGS, read_settings};
use super::super::logs::{HOUR, Logs};

pub(super) fn posture_scanner(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "surveys", stem: "s", ending: "json", count: 3_000, bytes: (500, 9_000) };
    let company = Company::new(logs, "turnstone", ("365580719942", "eu-west-1"), holdings);
    company.ordinary(logs, 300);
    let extra: Vec<String> = (0..8).map(|at| format!("turnstone-team-{at}")).collect();
    let all: Vec<&str> = company.buckets().into_iter().chain(extra.iter().map(String::as_str)).collect();
    let scanner = Caller::role(logs.account, "posture-audit", "scan", "198.19.90.5", agent::BOTO);
    for day in 0..logs.days {
        for (at, bucket) in (0..).zip(&extra) {
            let who = Caller::role(
                logs.account,
                &format!("team-{at}"),
                "svc",
                &format!("10.210.0.{}", at + 4),
                agent::GO,
            );
            for _ in 0..25 {
                let time = logs.busy(day);
                let key = format!("d/{:03}", logs.rng.u16(..300));
                logs.get(time, &who, (bucket, &key, 9_000));
            }
        }
        for run in 0..3 {
            read_settings(logs, logs.at(day, 3 + run * 8, 0), &scanner.clone(), &all, &SETTINGS);
            for bucket in &all[6..8] {
                logs.fail(
                    logs.at(day, 3 + run * 8, 4),
                    &scanner,
                    bucket,
                    ("REST.GET.INVENTORY", None),
                    (403, "AccessDenied"),
                );
            }
        }
    }
    // An external auditor works for two days, with a role created for the audit.
    let auditor =
        Caller::role(logs.account, "external-audit", "firm-blackthorn", "203.0.113.29", agent::CLI_API);
    for day in [9, 10] {
        for run in 0..3 {
            read_settings(logs, logs.at(day, 9 + run * 2, 10), &auditor, &all, &SETTINGS);
        }
        for at in 0..30 {
            logs.list(logs.at(day, 15, at), &auditor, all[at as usize % all.len()], "");
        }
    }
}

pub(super) fn hotel_on_call(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "bookings", stem: "b", ending: "json", count: 5_000, bytes: (900, 30_000) };
    let company = Company::new(logs, "ruff", ("528817706634", "eu-central-1"), holdings);
    company.ordinary(logs, 560);
    let bucket = "ruff-partner-feed";
    let reader = Caller::role(logs.account, "feed-reader", "task", "10.220.0.4", agent::GO);
    let broken = logs.at(9, 20, 0);
    for day in 0..logs.days {
        for at in 0..80 {
            let time = logs.at(day, 0, 0) + at * 1_080;
            let key = format!("feed/{:04}.xml", at);
            // A deployment forgot this reader, which is refused for an hour and a half.
            if (broken..broken + 5_400).contains(&time) {
                for retry in 0..6 {
                    logs.fail(
                        time + retry * 10,
                        &reader,
                        bucket,
                        ("REST.GET.OBJECT", Some(&key)),
                        (403, "AccessDenied"),
                    );
                }
            } else {
                logs.get(time, &reader, (bucket, &key, 60_000));
            }
        }
    }
    let apply = company.terraform.session("run-4109");
    logs.setting(broken - 60, &apply, bucket, "REST.PUT.BUCKETPOLICY");
    let hotel = company.admin.at("198.51.100.230");
    logs.list(broken + 5_000, &hotel, bucket, "feed/");
    logs.setting(broken + 5_040, &hotel, bucket, "REST.GET.BUCKETPOLICY");
    logs.setting(broken + 5_100, &hotel, bucket, "REST.GET.PUBLIC_ACCESS_BLOCK");
    logs.setting(broken + 5_390, &hotel, bucket, "REST.PUT.BUCKETPOLICY");
    logs.setting(broken + 5_420, &hotel, bucket, "REST.GET.BUCKETPOLICY");
    for at in 0..3 {
        logs.get(broken + 5_500 + at * 9, &hotel, (bucket, &format!("feed/{at:04}.xml"), 60_000));
    }
}

pub(super) fn office_move(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "plans", stem: "plan", ending: "dwg", count: 4_000, bytes: (90_000, 4_000_000) };
    let mut company = Company::new(logs, "lapwing", ("817704425593", "eu-west-2"), holdings);
    company.ordinary(logs, 360);
    // The rest of the people, before and after the move on the second Wednesday; the shared gateway of the VPN moves too.
    let names =
        ["a.boateng", "b.kovacs", "d.nilsen", "e.moreau", "f.tanaka", "g.silva", "h.weiss", "i.rahman"];
    company.staff = names
        .iter()
        .map(|name| {
            Caller::person(
                logs.account,
                "Designer",
                &format!("{name}@lapwing.example"),
                "192.0.2.77",
                agent::BOTO,
            )
        })
        .collect();
    for day in (0..logs.days).filter(|day| day % 7 < 5) {
        for (at, who) in company.staff.iter().enumerate() {
            let place = if day < 9 {
                format!("192.0.2.{}", 77 + at % 3)
            } else {
                format!("203.0.113.{}", 130 + at % 3)
            };
            let who = who.at(&place);
            for _ in 0..38 {
                let time = logs.office_hours(day);
                let (key, size) = company.object(skewed_plan(logs));
                if logs.rng.u8(..4) == 0 {
                    logs.put(time, &who, (&company.app, &key, size))
                } else {
                    logs.get(time, &who, (&company.app, &key, size))
                }
            }
        }
    }
}

fn skewed_plan(logs: &mut Logs) -> u64 {
    super::super::super::random::skewed(&mut logs.rng, 3_000)
}

pub(super) fn new_environment(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "meters", stem: "mtr", ending: "csv", count: 4_000, bytes: (2_000, 60_000) };
    let company = Company::new(logs, "grebe", ("146629938805", "eu-central-1"), holdings);
    company.ordinary(logs, 420);
    let made = [
        "REST.PUT.OWNERSHIP_CONTROLS",
        "REST.PUT.PUBLIC_ACCESS_BLOCK",
        "REST.PUT.ENCRYPTION",
        "REST.PUT.VERSIONING",
        "REST.PUT.LOGGING_STATUS",
        "REST.PUT.LIFECYCLE",
        "REST.PUT.BUCKETPOLICY",
        "REST.PUT.OBJECT_LOCK_CONFIGURATION",
        "REST.PUT.TAGGING",
    ];
    for (at, (day, name)) in
        (0..).zip([(2, "grebe-dev-data"), (8, "grebe-test-data"), (8, "grebe-stage-data")])
    {
        let who = company.terraform.session(&format!("run-{}", 5_000 + at));
        let start = logs.at(day, 11, 0) + at * 300;
        logs.call(start, &who, name, Call::new("REST.PUT.BUCKET", None));
        for (step, operation) in (1..).zip(made) {
            logs.setting(start + step * 2, &who, name, operation);
        }
        for later in day..logs.days {
            let writer =
                Caller::role(logs.account, "env-loader", name, &format!("10.230.0.{}", at + 3), agent::GO);
            for number in 0..70 {
                let time = logs.at(later, 12, 0) + number * 400 % (11 * HOUR);
                logs.put(time, &writer, (name, &format!("in/{later:02}/{number:04}.csv"), 9_000));
            }
        }
    }
    // Standards change: on one day, all buckets get a new lifecycle rule, tags and logging.
    let who = company.terraform.session("run-5100");
    for (at, bucket) in (0..).zip(company.buckets()) {
        for (step, operation) in
            (0..).zip(["REST.PUT.LIFECYCLE", "REST.PUT.TAGGING", "REST.PUT.LOGGING_STATUS"])
        {
            logs.setting(logs.at(10, 10, 30) + at * 8 + step * 2, &who, bucket, operation);
        }
    }
}
