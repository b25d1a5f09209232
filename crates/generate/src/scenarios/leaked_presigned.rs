//! A presigned URL that is valid for a week is leaked; 40 addresses use it.

use super::super::actors::{BROWSERS, Kind, role};
use super::super::buckets::Purpose;
use super::super::random::pick;
use super::super::request::presigned_query;
use super::{RequestSpec, Stage};

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Uploads);
    let mut actor = role(bucket, "export-job", "weekly", "");
    actor.kind = Kind::Customer;
    actor.region = None;
    let signed = stage.at(0.5, 8 * 3_600);
    let query = presigned_query(&mut stage.rng, bucket.region, "AKIAQEXAMPLE4HALITE7", signed, 604_800);
    let object = "customers/export/2026/all customers.csv";
    let ask =
        RequestSpec { operation: "REST.GET.OBJECT", method: "GET", object: Some(object), query: &query };
    for at in 0..160_i64 {
        actor.ip = Some(format!("198.18.200.{}", 1 + at % 40));
        actor.agent = Some(if at % 4 == 3 {
            "Wget/1.24.5".to_owned()
        } else {
            (*pick(&mut stage.rng, &BROWSERS)).to_owned()
        });
        let time = signed + 3_600 + at * 400 + stage.rng.i64(0..200);
        stage.add_success(bucket, &actor, time, &ask, 7_340_112, Some(7_340_112));
    }
}
