//! A user removes a bucket's protections one after the other.

use super::super::actors::role;
use super::super::buckets::{ACCOUNT, Purpose};
use super::{RequestSpec, Stage, bucket_ask};

const STEPS: [(&str, &str, &str); 8] = [
    ("REST.PUT.LOGGING_STATUS", "PUT", "logging"),
    ("REST.PUT.VERSIONING", "PUT", "versioning"),
    ("REST.DELETE.PUBLIC_ACCESS_BLOCK", "DELETE", "publicAccessBlock"),
    ("REST.PUT.PUBLIC_ACCESS_BLOCK", "PUT", "publicAccessBlock"),
    ("REST.DELETE.BUCKETPOLICY", "DELETE", "policy"),
    ("REST.PUT.BUCKETPOLICY", "PUT", "policy"),
    ("REST.PUT.ACL", "PUT", "acl"),
    ("REST.PUT.OBJECT_LOCK_CONFIGURATION", "PUT", "object-lock"),
];

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::AppLogs);
    let mut actor = role(bucket, "", "", "198.51.100.66");
    actor.requester = Some(format!("arn:aws:iam::{ACCOUNT}:user/old-admin"));
    actor.region = None;
    let first = stage.at(0.65, 18 * 3_600 + 1_900);
    for (at, (operation, method, query)) in STEPS.into_iter().enumerate() {
        let time = first + at as i64 * 170;
        stage.add_success(bucket, &actor, time, &bucket_ask(operation, method, query), 0, None);
    }
    let ask = RequestSpec {
        operation: "REST.PUT.ACL",
        method: "PUT",
        object: Some("app/gateway/latest.log"),
        query: "acl",
    };
    stage.add_success(bucket, &actor, first + 1_500, &ask, 0, None);
}
