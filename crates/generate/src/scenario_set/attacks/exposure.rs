//! Buckets opened to the public or to other accounts.

use super::super::Care;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings};
use super::super::logs::Logs;

pub(super) fn public_window(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "statements",
        stem: "acct",
        ending: "pdf",
        count: 5_000,
        bytes: (70_000, 400_000),
    };
    let company = Company::new(logs, "linden", ("903318846620", "eu-central-1"), holdings);
    company.ordinary(logs, 520);
    let admin = company.admin.at("198.51.100.35").by(agent::CLI_API);
    let (windows, each, addresses): (Vec<i64>, u64, usize) = match care {
        Care::Loud => (vec![logs.at(9, 2, 0)], 2_600, 4),
        Care::Careful => ([7, 9, 11].map(|day| logs.at(day, 12, 30)).to_vec(), 90, 9),
    };
    logs.tally.phases = vec!["defense impairment", "exfiltration"];
    logs.tally.named = admin.requester.clone();
    logs.attack(|logs| {
        let homes = logs.scattered(addresses);
        for (at, open) in (0..).zip(windows) {
            logs.setting(open, &admin, &company.app, "REST.DELETE.PUBLIC_ACCESS_BLOCK");
            logs.setting(open + 20, &admin, &company.app, "REST.PUT.BUCKETPOLICY");
            for number in 0..each {
                let (key, size) = company.object(at * each + number);
                let reader = Caller::anonymous(&homes[number as usize % homes.len()], agent::WGET);
                let time = open + 80 + number.cast_signed() * 1_500 / each.cast_signed();
                logs.get(time, &reader, (&company.app, &key, size));
            }
            logs.setting(open + 1_700, &admin, &company.app, "REST.DELETE.BUCKETPOLICY");
            logs.setting(open + 1_720, &admin, &company.app, "REST.PUT.PUBLIC_ACCESS_BLOCK");
        }
    });
}

pub(super) fn policy_backdoor(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "models",
        stem: "weights",
        ending: "bin",
        count: 2_000,
        bytes: (900_000, 90_000_000),
    };
    let company = Company::new(logs, "magnolia", ("238810976654", "us-west-2"), holdings);
    company.ordinary(logs, 500);
    let admin = company.admin.at("203.0.113.217").by(agent::CLI_API);
    let foreign = Caller::user("871100392246", "sync", "198.51.100.88", agent::RCLONE);
    logs.tally.phases = vec!["persistence", "exfiltration"];
    logs.tally.named = foreign.requester.clone();
    logs.attack(|logs| {
        let opened = logs.at(7, 16, 40);
        logs.setting(opened - 60, &admin, &company.app, "REST.GET.BUCKETPOLICY");
        logs.setting(opened, &admin, &company.app, "REST.PUT.BUCKETPOLICY");
        let times: Vec<i64> = match care {
            Care::Loud => (0..700).map(|at| opened + 600 + at * 6).collect(),
            Care::Careful => logs.careful_times(120, 9, 11),
        };
        if care == Care::Loud {
            logs.list(opened + 500, &foreign, &company.app, "");
        }
        for (number, time) in (0..).zip(times) {
            let (key, size) = company.object(number * 2);
            logs.get(time, &foreign, (&company.app, &key, size));
        }
    });
}

pub(super) fn public_write(logs: &mut Logs, care: Care) {
    let holdings =
        Holdings { folder: "firmware", stem: "unit", ending: "bin", count: 900, bytes: (900_000, 9_000_000) };
    let company = Company::new(logs, "gorse", ("447196630281", "eu-west-1"), holdings);
    company.ordinary(logs, 380);
    let bucket = "gorse-downloads";
    let release = Caller::role(logs.account, "release-publisher", "pipeline", "198.19.40.77", agent::GO);
    let homes = logs.scattered(600);
    let key = |number: u64| format!("setup/gorse-setup-{}.{}.exe", 4 + number / 10, number % 10);
    for day in 0..logs.days {
        if day % 5 == 0 {
            let time = logs.at(day, 9, 40);
            let number = (day / 5).cast_unsigned();
            logs.put(time, &release, (bucket, &key(30 + number), 48_000_000));
        }
        for _ in 0..240 {
            let time = logs.busy(day);
            let home = &homes[logs.rng.usize(..600)];
            let number = logs.rng.u64(..30);
            logs.get(time, &Caller::anonymous(home, agent::CHROME), (bucket, &key(number), 48_000_000));
        }
    }
    logs.tally.phases = vec!["impact"];
    logs.attack(|logs| {
        let (times, places): (Vec<i64>, Vec<String>) = match care {
            Care::Loud => {
                ((0..30).map(|at| logs.at(9, 3, 3) + at * 15).collect(), vec!["203.0.113.240".into()])
            }
            Care::Careful => (logs.careful_times(9, 7, 11), logs.scattered(5)),
        };
        for (number, time) in (0..).zip(times) {
            let stranger = Caller::anonymous(&places[number as usize % places.len()], agent::CURL);
            logs.put(time, &stranger, (bucket, &key(29 - number), 48_311_296));
        }
    });
}
