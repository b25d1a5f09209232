//! A private bucket is open to everyone: 25 addresses, none of them fast, read from it for three hours.

use super::super::actors::{BROWSERS, role};
use super::super::buckets::Purpose;
use super::super::random::pick;
use super::{Stage, bucket_ask, get};

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Lake);
    let mut actor = role(bucket, "", "", "");
    actor.requester = None;
    actor.region = None;
    let mut object = String::new();
    for address in 0..25_i64 {
        actor.ip = Some(format!("198.51.100.{}", 100 + address));
        let agent = if address % 3 == 0 { "python-requests/2.32.3" } else { pick(&mut stage.rng, &BROWSERS) };
        actor.agent = Some(agent.to_owned());
        let first = stage.at(0.5, 13 * 3_600 + address * 240);
        let list = bucket_ask("REST.GET.BUCKET", "GET", "list-type=2");
        stage.add_success(bucket, &actor, first, &list, 184_220, None);
        for at in 0..24 {
            let number = stage.rng.u64(..4_000);
            let size = bucket.object(number, &mut object);
            let time = first + 20 + at * 210 + stage.rng.i64(0..60);
            stage.add_success(bucket, &actor, time, &get(&object), size, Some(size));
        }
    }
}
