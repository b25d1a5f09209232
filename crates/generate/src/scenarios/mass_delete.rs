//! A role deletes 600 objects in six calls within eight minutes.

use super::super::actors::role;
use super::super::buckets::Purpose;
use super::super::groups;
use super::super::row::Row;
use super::Stage;

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Archive);
    let actor = role(bucket, "ops-maintenance", "cleanup-7f2a", "198.51.100.33");
    let first = stage.at(0.6, 14 * 3_600 + 20);
    for call in 0..6_u64 {
        let keys: Vec<String> = (0..100)
            .map(|at| {
                let mut key = String::new();
                bucket.object((1 << 41) + call * 100 + at, &mut key);
                // A batch names each key once, but generated names may collide.
                key.push_str(&format!(".{}", call * 100 + at));
                key
            })
            .collect();
        let time = first + call as i64 * 80;
        let mut rows = Vec::with_capacity(keys.len() + 1);
        let mut sink = |_: &mut fastrand::Rng, row: &mut Row| {
            rows.push(row.clone());
            Ok(())
        };
        // The sink cannot fail.
        let _ = groups::batch_delete(&mut stage.rng, &mut Row::new(), bucket, &actor, time, &keys, &mut sink);
        for row in rows {
            stage.add_row(bucket, row, true);
        }
    }
}
