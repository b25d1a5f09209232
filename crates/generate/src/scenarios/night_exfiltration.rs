//! A user who reads a few objects a day lists the bucket at night from a new address and downloads everything.

use super::super::actors::role;
use super::super::buckets::Purpose;
use super::super::row::col;
use super::{Stage, bucket_ask, get};

const SIZE: i64 = 48_000_000;

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Lake);
    let mut actor = role(bucket, "", "", "203.0.113.201");
    actor.requester = Some(format!("arn:aws:iam::{}:user/m.keller", super::super::buckets::ACCOUNT));
    actor.region = None;
    actor.agent = Some("aws-cli/2.24.9 md/awscrt#0.23.8 ua/2.1 os/linux#6.11.0 md/arch#x86_64 lang/python#3.12.9 md/pyimpl#CPython m/W,Z,b cfg/retry-mode#standard md/command#s3.cp".to_owned());
    let mut object = String::new();
    let days = i64::from(stage.days);
    for day in 0..days {
        for at in 0..4 {
            let number = stage.rng.u64(..9_000);
            let size = bucket.object(number, &mut object);
            let time = stage.start + day * 86_400 + 9 * 3_600 + at * 6_100 + stage.rng.i64(0..900);
            stage.add_success(bucket, &actor, time, &get(&object), size, Some(size));
        }
    }
    stage.context_from(0);
    actor.ip = Some("198.51.100.201".to_owned());
    let first = stage.at(0.86, 2 * 3_600 + 30);
    for page in 0..3 {
        let list = bucket_ask("REST.GET.BUCKET", "GET", "list-type=2&max-keys=1000&encoding-type=url");
        stage.add_success(bucket, &actor, first + page, &list, 312_400, None);
    }
    for at in 0..330_u32 {
        bucket.object((1 << 40) + u64::from(at), &mut object);
        let time = first + 10 + i64::from(at) * 5 + stage.rng.i64(0..4);
        let mut row = stage.begin(bucket, &actor, time, &get(&object));
        let size = SIZE + stage.rng.i64(0..3_000_000);
        super::outcome(&mut stage.rng, &mut row, 200, None, size, Some(size));
        row.put(col::REFERER, None);
        stage.add_row(bucket, row, true);
    }
}
