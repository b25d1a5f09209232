//! People and partners with access who suddenly read far more than before.

use super::super::super::random::skewed;
use super::super::Care;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings};
use super::super::logs::Logs;

pub(super) fn leaver(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "designs",
        stem: "part",
        ending: "step",
        count: 6_000,
        bytes: (500_000, 9_000_000),
    };
    let company = Company::new(logs, "kestrelworks", ("771203984455", "eu-central-1"), holdings);
    company.ordinary(logs, 480);
    let leaver = company.staff[3].clone();
    for day in (0..logs.days).filter(|day| day % 7 < 5) {
        for _ in 0..12 {
            let (key, size) = company.object(60 + logs.rng.u64(..40));
            let time = logs.office_hours(day);
            logs.get(time, &leaver, (&company.app, &key, size));
        }
    }
    logs.tally.phases = vec!["collection", "exfiltration"];
    logs.attack(|logs| {
        let times = match care {
            Care::Loud => logs.careful_times(2_600, 10, 11),
            Care::Careful => logs.careful_times(900, 7, 11),
        };
        for (number, time) in (200..).zip(times) {
            let (key, size) = company.object(number);
            logs.get(time, &leaver, (&company.app, &key, size));
        }
    });
}

pub(super) fn key_order_sweep(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "plates",
        stem: "plate",
        ending: "tif",
        count: 8_000,
        bytes: (900_000, 6_000_000),
    };
    let company = Company::new(logs, "saffron", ("402991756318", "us-west-2"), holdings);
    company.ordinary(logs, 430);
    let partner = Caller::role("883360127459", "catalogue-sync", "worker", "198.51.100.30", agent::PYTHON);
    for day in 0..logs.days {
        for _ in 0..logs.rng.usize(70..110) {
            let (key, size) = company.object(skewed(&mut logs.rng, 900));
            let time = logs.busy(day);
            logs.get(time, &partner, (&company.app, &key, size));
        }
    }
    logs.tally.phases = vec!["collection", "exfiltration"];
    logs.attack(|logs| {
        let (first, last, count) = if care == Care::Loud { (9, 9, 4_200) } else { (5, 12, 3_600) };
        let days = last - first + 1;
        let mut numbers: Vec<u64> = (1_000..1_000 + count as u64).collect();
        numbers.sort_by_key(|number| company.object(*number).0);
        for (at, number) in (0..).zip(numbers) {
            let (key, size) = company.object(number);
            let a_day = count / days;
            let time =
                logs.at(first + at / a_day, 0, 5) + (at % a_day) * (84_000 / a_day) + logs.rng.i64(0..9);
            logs.get(time, &partner, (&company.app, &key, size));
        }
    });
}
