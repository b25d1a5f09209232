//! Objects become unreadable for their owners.

use super::super::Care;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings};
use super::super::logs::{HOUR, Logs};

const NOTE: &str = "IMPORTANT-READ-ME-FIRST.txt";

pub(super) fn rewrite_in_place(logs: &mut Logs, care: Care) {
    let holdings =
        Holdings { folder: "patients", stem: "chart", ending: "pdf", count: 4_000, bytes: (60_000, 700_000) };
    let company = Company::new(logs, "hawthorn", ("744019263358", "eu-west-2"), holdings);
    company.ordinary(logs, 520);
    let role = Caller::role(logs.account, "chart-import", "worker-1", "10.66.2.14", agent::GO);
    importer(logs, &company, &role);
    logs.tally.phases = vec!["collection", "impact"];
    let (count, times, homes) = plan(logs, care, 760, 500);
    logs.attack(|logs| {
        for (number, time) in (0..count).zip(times) {
            let (key, size) = company.object(number);
            let home = (time / 7_200) as usize % homes.len();
            let thief = role.at(&homes[home]).session(&format!("worker-{}", 20 + home)).by(agent::BOTO);
            logs.get(time, &thief, (&company.app, &key, size));
            // Encrypted client-side: a header and a tag longer than before.
            logs.put(time + 3, &thief, (&company.app, &key, size + 60));
        }
        if care == Care::Loud {
            let thief = role.at(&homes[0]).session("worker-20").by(agent::BOTO);
            let end = logs.at(9, 5, 0);
            logs.put(end, &thief, (&company.app, &format!("patients/{NOTE}"), 1_420));
        }
    });
}

/// A role that writes new objects all day, and never overwrites.
fn importer(logs: &mut Logs, company: &Company, role: &Caller) {
    for day in 0..logs.days {
        for at in 0..40 {
            let number = 20_000 + (day * 40 + at).cast_unsigned();
            let (key, size) = company.object(number);
            let time = logs.at(day, 7, 0) + at * 600;
            logs.put(time, role, (&company.app, &key, size));
        }
    }
}

/// Number, times and origins of the objects: all within an hour, or a dozen per hour for days.
fn plan(logs: &mut Logs, care: Care, loud: u64, careful: u64) -> (u64, Vec<i64>, Vec<String>) {
    match care {
        Care::Loud => {
            let start = logs.at(9, 3, 30);
            let times = (0..loud.cast_signed()).map(|at| start + at * 5).collect();
            (loud, times, vec!["203.0.113.66".to_owned()])
        }
        Care::Careful => {
            let start = logs.at(8, 20, 0);
            let times = (0..careful.cast_signed()).map(|at| start + at * 300 + (at * 37) % 200).collect();
            (careful, times, vec!["203.0.113.66".into(), "198.51.100.214".into(), "203.0.113.31".into()])
        }
    }
}

pub(super) fn customer_key(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "contracts",
        stem: "deal",
        ending: "docx",
        count: 3_000,
        bytes: (30_000, 14_000_000),
    };
    let company = Company::new(logs, "marigold", ("293366510027", "ca-central-1"), holdings);
    company.ordinary(logs, 620);
    let role = Caller::role(logs.account, "contract-index", "task-1", "10.23.0.8", agent::JAVA);
    importer(logs, &company, &role);
    logs.tally.phases = vec!["impact"];
    let (count, times, homes) = plan(logs, care, 600, 420);
    let mut done = Vec::new();
    logs.attack(|logs| {
        for (number, time) in (0..count).zip(times) {
            let (key, size) = company.object(number);
            let home = (time / 7_200) as usize % homes.len();
            let thief = role.at(&homes[home]).session(&format!("task-{}", 70 + home)).by(agent::CLI);
            let object = (company.app.as_str(), key.as_str(), size);
            let to = (company.app.as_str(), key.as_str());
            if size > 8 << 20 {
                logs.copy_parts(time, &thief, object, to, (true, 8 << 20, 1));
            } else {
                logs.copy(time, &thief, object, to, true);
            }
            done.push((key, time));
        }
    });
    unreadable(logs, &company, &done);
}

/// From now on, the application's reads of these objects fail. Its successful reads after the attack are removed.
fn unreadable(logs: &mut Logs, company: &Company, done: &[(String, i64)]) {
    logs.effect(|logs| {
        for (at, (key, time)) in done.iter().enumerate() {
            let who = &company.api[at % company.api.len()];
            if at % 3 == 0 {
                let later = time + HOUR + logs.rng.i64(0..30 * HOUR);
                let request = ("REST.GET.OBJECT", Some(key.as_str()));
                logs.fail(later, who, &company.app, request, (400, "InvalidRequest"));
            }
        }
    });
    logs.remove_reads(&company.app, done);
}

pub(super) fn renamed(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "casefiles",
        stem: "file",
        ending: "docx",
        count: 2_500,
        bytes: (50_000, 900_000),
    };
    let company = Company::new(logs, "rowan", ("815540027763", "eu-west-1"), holdings);
    company.ordinary(logs, 500);
    let role = Caller::role(logs.account, "casefile-import", "worker-1", "10.19.7.2", agent::GO);
    importer(logs, &company, &role);
    logs.tally.phases = vec!["collection", "destruction", "impact"];
    let (count, times, homes) = plan(logs, care, 420, 360);
    let mut done = Vec::new();
    logs.attack(|logs| {
        for (number, time) in (0..count).zip(times) {
            let (key, size) = company.object(number);
            let home = (time / 7_200) as usize % homes.len();
            let thief = role.at(&homes[home]).session(&format!("worker-{}", 40 + home)).by(agent::PYTHON);
            logs.get(time, &thief, (&company.app, &key, size));
            logs.delete(time + 1, &thief, (&company.app, &key, size));
            logs.put(time + 3, &thief, (&company.app, &format!("{key}.k7rx"), size + 96));
            done.push((key, time));
        }
        if care == Care::Loud {
            let thief = role.at(&homes[0]).session("worker-40").by(agent::PYTHON);
            let end = logs.at(9, 5, 0);
            logs.put(end, &thief, (&company.app, NOTE, 980));
        }
    });
    logs.effect(|logs| {
        for (key, time) in done.iter().step_by(4) {
            let later = time + HOUR + logs.rng.i64(0..20 * HOUR);
            let request = ("REST.GET.OBJECT", Some(key.as_str()));
            logs.fail(later, &company.api[2], &company.app, request, (404, "NoSuchKey"));
        }
    });
    logs.remove_reads(&company.app, &done);
}
