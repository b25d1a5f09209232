//! Served files, and the logs themselves, are changed.

use super::super::Care;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings, site};
use super::super::logs::{DAY, HOUR, Logs};

pub(super) fn skimmer(logs: &mut Logs, care: Care) {
    let holdings =
        Holdings { folder: "uploads", stem: "img", ending: "webp", count: 6_000, bytes: (9_000, 400_000) };
    let company = Company::new(logs, "cloverfield", ("614408837792", "eu-central-1"), holdings);
    company.ordinary(logs, 430);
    let edge = Caller::service("cloudfront");
    for day in 0..logs.days {
        for _ in 0..160 {
            let time = logs.busy(day);
            let (key, size) = site()[6].clone();
            logs.get(time, &edge, (&company.web, &key, size));
        }
    }
    let (thief, day) = match care {
        Care::Loud => (company.deployer.at("203.0.113.83").by(agent::CLI), 8),
        Care::Careful => (company.deployer.session("GitHubActions-2").by(agent::CLI), 10),
    };
    let put = logs.at(day, 22, 48);
    logs.tally.phases = vec!["impact"];
    logs.attack(|logs| {
        let scripts = if care == Care::Loud { 5..8 } else { 6..7 };
        for (at, (key, size)) in (0..).zip(&site()[scripts]) {
            logs.put(put + at * 2, &thief, (&company.web, key, size + 3_117));
        }
        // The careful variant restores the file after two days.
        if care == Care::Careful {
            let (key, size) = &site()[6];
            logs.put(put + 2 * DAY + 4 * HOUR, &thief, (&company.web, key, *size));
        }
    });
}

pub(super) fn logging_dark(logs: &mut Logs, care: Care) {
    let holdings =
        Holdings { folder: "wallets", stem: "w", ending: "dat", count: 3_000, bytes: (2_000, 90_000) };
    let company = Company::new(logs, "basil", ("705528819043", "eu-west-1"), holdings);
    company.ordinary(logs, 820);
    let admin = company.admin.at("203.0.113.4").by(agent::CLI_API);
    let silences: Vec<(i64, i64)> = match care {
        Care::Loud => vec![(logs.at(8, 21, 0), 15 * HOUR)],
        Care::Careful => vec![(logs.at(7, 8, 30), 5 * HOUR), (logs.at(11, 12, 40), 6 * HOUR)],
    };
    logs.tally.phases = vec!["defense impairment"];
    for (off, length) in silences {
        // Logging changes take a while to apply, in both directions.
        logs.remove_records(&company.app, off + 1_900, off + length);
        logs.attack(|logs| {
            logs.setting(off, &admin, &company.app, "REST.PUT.LOGGING_STATUS");
            logs.setting(off + length, &admin, &company.app, "REST.PUT.LOGGING_STATUS");
        });
    }
}
