//! A role copies objects onto themselves with its own encryption key; their readers then get status 400, and a ransom
//! note is left.

use super::super::actors::role;
use super::super::buckets::Purpose;
use super::super::groups;
use super::super::row::Row;
use super::{RequestSpec, Stage, get};

const OBJECTS: i64 = 120;

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Reports);
    let name = |at: i64| format!("ledger/2026/account-{at:05}.xlsx");
    let size = |at: i64| 40_000 + at * 977;
    let reader = role(bucket, "ledger-sync", "i-0aa11bb22cc33dd44", "10.27.3.14");
    for at in 0..OBJECTS {
        let time = stage.at(0.55, 9 * 3_600 + at * 240);
        stage.add_success(bucket, &reader, time, &get(&name(at)), size(at), Some(size(at)));
    }
    stage.context_from(0);
    let thief = role(bucket, "backup-operator", "sess-4471", "198.51.100.44");
    let first = stage.at(0.72, 3 * 3_600 + 120);
    for at in 0..OBJECTS {
        let mut rows = Vec::with_capacity(2);
        let mut sink = |_: &mut fastrand::Rng, row: &mut Row| {
            rows.push(row.clone());
            Ok(())
        };
        let key = name(at);
        let what = (key.as_str(), key.as_str(), size(at));
        // The sink cannot fail.
        let _ =
            groups::copy(&mut stage.rng, &mut Row::new(), bucket, &thief, first + at * 12, what, &mut sink);
        for row in rows {
            stage.add_row(bucket, row, true);
        }
    }
    let note = "ledger/HOW_TO_DECRYPT_YOUR_FILES.txt";
    let ask = RequestSpec { operation: "REST.PUT.OBJECT", method: "PUT", object: Some(note), query: "" };
    stage.add_success(bucket, &thief, first + OBJECTS * 12 + 30, &ask, 0, Some(1_844));
    for at in 0..40 {
        let time = first + 5 * 3_600 + at * 60;
        stage.refused(bucket, &reader, time, &get(&name(at * 3)), 400, "InvalidRequest");
    }
}
