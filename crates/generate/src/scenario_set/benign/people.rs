//! People at work.

use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings};
use super::super::logs::Logs;

pub(super) fn first_week(logs: &mut Logs) {
    let holdings = Holdings {
        folder: "studies",
        stem: "study",
        ending: "parquet",
        count: 3_000,
        bytes: (90_000, 3_000_000),
    };
    let company = Company::new(logs, "godwit", ("692207715548", "eu-west-1"), holdings);
    company.ordinary(logs, 480);
    let ip = company.office_ip(1);
    let novice = Caller::person(logs.account, "Analyst", "n.petrova@godwit.example", &ip, agent::CONSOLE);
    for day in 7..12 {
        for at in 0..45 {
            let time = logs.office_hours(day);
            let who = if at % 3 == 0 { novice.by(agent::CLI) } else { novice.clone() };
            let (key, size) = if at % 2 == 0 {
                company.object(logs.rng.u64(..3_000))
            } else {
                company.report(logs.rng.u64(..100))
            };
            let bucket = if at % 2 == 0 { &company.app } else { &company.reports };
            match at % 9 {
                0 => logs.list(time, &who, bucket, ""),
                1 if day < 9 => {
                    logs.fail(time, &who, &company.trail, ("REST.GET.BUCKET", None), (403, "AccessDenied"))
                }
                2 if day == 7 => logs.setting(time, &who, bucket, "REST.GET.BUCKETPOLICY"),
                _ => logs.get(time, &who, (bucket, &key, size)),
            }
        }
    }
    // From home on Friday, on a network that nobody has used before.
    let home = novice.at("2001:db8:71:a::19");
    for _ in 0..20 {
        let time = logs.office_hours(11);
        let (key, size) = company.report(logs.rng.u64(..150));
        logs.get(time, &home, (&company.reports, &key, size));
    }
}

pub(super) fn legal_exports(logs: &mut Logs) {
    let holdings =
        Holdings { folder: "mailbox", stem: "msg", ending: "eml", count: 9_000, bytes: (4_000, 400_000) };
    let company = Company::new(logs, "redshank", ("583390027716", "us-east-1"), holdings);
    company.ordinary(logs, 380);
    // One or two cases per week are exported with the legal department's tool, by a different person each time.
    for (case, (day, count)) in
        (0_i64..).zip([(0, 620_i64), (2, 900), (4, 480), (7, 760), (9, 1_300), (11, 540)])
    {
        let tool = Caller::role(
            logs.account,
            "ediscovery-export",
            &format!("case-{}", 311 + case),
            "10.240.0.14",
            agent::BOTO,
        );
        let start = logs.at(day, 13, 0);
        logs.list(start, &tool, &company.app, "mailbox/");
        for at in 0..count {
            let (key, size) = company.object((case * 1_400 + at).cast_unsigned());
            logs.get(start + 20 + at * 2, &tool, (&company.app, &key, size));
        }
        let key = format!("exports/case-{}.zip", 311 + case);
        logs.upload(start + 4_000, &tool, (&company.app, &key, 300_000_000), 64 << 20);
    }
}
