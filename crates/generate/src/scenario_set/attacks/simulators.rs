//! Attacks as performed by published simulators, from their descriptions: 51 objects each, in a separate bucket.

use super::super::Care;
use super::super::callers::{Caller, agent};
use super::super::company::{Company, Holdings};
use super::super::logs::Logs;

const OBJECTS: u64 = 51;
const BUCKET: &str = "hazel-exercise-0417";

/// The bucket has been in use for days. Loud: the simulator's own user, within a minute. Careful: a known operator
/// from elsewhere, two objects per hour.
fn range(logs: &mut Logs, care: Care) -> (Caller, Vec<i64>) {
    let holdings =
        Holdings { folder: "assets", stem: "a", ending: "bin", count: 4_000, bytes: (4_000, 300_000) };
    let company = Company::new(logs, "hazel", ("820944173365", "us-east-1"), holdings);
    company.ordinary(logs, 450);
    let owner = app(logs);
    let operator = Caller::user(logs.account, "exercise-operator", "192.0.2.222", agent::CLI);
    for number in 0..OBJECTS {
        let time = logs.at(0, 7, 0) + number.cast_signed();
        logs.put(time, &owner, (BUCKET, &key(number), size(number)));
    }
    for day in 0..9 {
        for at in 0..60 {
            let number = logs.rng.u64(..OBJECTS);
            let time = logs.at(day, 8, 0) + at * 500;
            logs.get(time, &owner, (BUCKET, &key(number), size(number)));
        }
        if !logs.is_weekend(day) {
            let time = logs.office_hours(day);
            logs.list(time, &operator, BUCKET, "");
        }
    }
    match care {
        Care::Loud => {
            let start = logs.at(9, 14, 0);
            let tool = Caller::user(logs.account, "red-exercise", "203.0.113.99", agent::GO);
            (tool, (0..51).map(|at| start + at / 4).collect())
        }
        Care::Careful => {
            let start = logs.at(9, 9, 0);
            (operator.at("198.51.100.61"), (0..51).map(|at| start + at * 1_800).collect())
        }
    }
}

/// The application that uses the bucket.
fn app(logs: &Logs) -> Caller {
    Caller::role(logs.account, "exercise-app", "task", "10.3.3.8", agent::JAVA)
}

fn key(number: u64) -> String {
    format!("documents/{:02}/file-{number:03}.pdf", number % 7)
}

fn size(number: u64) -> i64 {
    20_000 + number.cast_signed() * 733
}

fn note(logs: &mut Logs, thief: &Caller, time: i64) {
    logs.put(time, thief, (BUCKET, "FILES-DELETED.txt", 412));
}

pub(super) fn individual_deletion(logs: &mut Logs, care: Care) {
    let (thief, times) = range(logs, care);
    logs.tally.phases = vec!["discovery", "destruction", "impact"];
    logs.attack(|logs| {
        logs.list_versions(times[0] - 4, &thief, BUCKET);
        for (number, time) in (0..).zip(&times) {
            let version = logs.version();
            logs.delete_version(*time, &thief, (BUCKET, &key(number), size(number)), &version);
        }
        note(logs, &thief, times[50] + 5);
    });
}

pub(super) fn batch_deletion(logs: &mut Logs, care: Care) {
    let (thief, times) = range(logs, care);
    logs.tally.phases = vec!["discovery", "destruction", "impact"];
    logs.attack(|logs| {
        logs.list_versions(times[0] - 4, &thief, BUCKET);
        let objects: Vec<(String, i64, Option<String>)> =
            (0..OBJECTS).map(|number| (key(number), size(number), Some(logs.version()))).collect();
        // Loud: one call; careful: calls of nine.
        let each = if care == Care::Loud { 51 } else { 9 };
        for (at, chunk) in objects.chunks(each).enumerate() {
            logs.delete_many(times[at * each], &thief, BUCKET, chunk);
        }
        note(logs, &thief, times[50] + 5);
    });
}

pub(super) fn client_side_encryption(logs: &mut Logs, care: Care) {
    let (thief, times) = range(logs, care);
    logs.tally.phases = vec!["collection", "impact"];
    logs.attack(|logs| {
        logs.list(times[0] - 4, &thief, BUCKET, "");
        for (number, time) in (0..).zip(&times) {
            logs.get(*time, &thief, (BUCKET, &key(number), size(number)));
            logs.put(*time + 1, &thief, (BUCKET, &key(number), size(number)));
        }
        note(logs, &thief, times[50] + 5);
    });
    let owner = app(logs);
    logs.effect(|logs| {
        for number in (0..OBJECTS).step_by(2) {
            let name = key(number);
            let time = times[50] + 3_600 + number.cast_signed() * 200;
            let request = ("REST.GET.OBJECT", Some(name.as_str()));
            logs.fail(time, &owner, BUCKET, request, (400, "InvalidRequest"));
        }
    });
}

pub(super) fn policy_backdoor(logs: &mut Logs, care: Care) {
    let (thief, times) = range(logs, care);
    let foreign = Caller::role("193672423079", "outsider", "session", "203.0.113.231", agent::CLI);
    logs.tally.phases = vec!["persistence", "exfiltration"];
    logs.tally.named = foreign.requester.as_deref().map(|arn| super::super::callers::principal(Some(arn)));
    logs.attack(|logs| {
        logs.setting(times[0], &thief, BUCKET, "REST.PUT.BUCKETPOLICY");
        let (count, later) = if care == Care::Loud { (OBJECTS, 300) } else { (20, 26 * 3_600) };
        logs.list(times[0] + later, &foreign, BUCKET, "");
        for number in 0..count {
            let time = times[number as usize] + later + 20;
            logs.get(time, &foreign, (BUCKET, &key(number), size(number)));
        }
    });
}
