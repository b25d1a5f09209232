//! A lifecycle rule that expires everything; two days later, S3 does so.

use super::super::actors::role;
use super::super::buckets::Purpose;
use super::super::lifecycle;
use super::super::row::Row;
use super::{Stage, bucket_ask};

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Models);
    let actor = role(bucket, "platform-admin", "jump-host", "198.51.100.55");
    let set = stage.at(0.5, 21 * 3_600 + 300);
    stage.add_success(bucket, &actor, set, &bucket_ask("REST.PUT.LIFECYCLE", "PUT", "lifecycle"), 0, None);
    let first = stage.at(0.5, 0) + 2 * 86_400 + 900;
    let mut object = String::new();
    for at in 0..400 {
        let size = bucket.object((1 << 42) + at, &mut object);
        object.push_str(&format!(".{at}"));
        let action = if at % 4 == 0 { "S3.CREATE.DELETEMARKER" } else { "S3.EXPIRE.OBJECT" };
        let mut row = Row::new();
        lifecycle::action(&mut stage.rng, &mut row, bucket, first + at as i64 * 4, action, &object, size);
        stage.add_row(bucket, row, true);
    }
}
