//! Stolen, rotated and invented access keys are tried from six addresses.

use super::super::actors::role;
use super::super::buckets::Purpose;
use super::super::random::pick;
use super::super::request::refusal;
use super::super::row::col;
use super::{Stage, bucket_ask};

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Uploads);
    let mut actor = role(bucket, "", "", "");
    actor.requester = None;
    actor.region = None;
    actor.agent = Some("Boto3/1.34.2 md/Botocore#1.34.2 ua/2.0 os/linux#6.8.0 md/arch#x86_64 lang/python#3.11.2 md/pyimpl#CPython".to_owned());
    for address in 0..6_i64 {
        actor.ip = Some(format!("198.51.100.{}", 60 + address));
        let first = stage.at(0.45, 11 * 3_600 + address * 130);
        for at in 0..60 {
            let time = first + at * 23 + stage.rng.i64(0..15);
            let ask = match at % 3 {
                0 => bucket_ask("REST.HEAD.BUCKET", "HEAD", ""),
                1 => bucket_ask("REST.GET.LOCATION", "GET", "location"),
                _ => bucket_ask("REST.GET.BUCKET", "GET", "list-type=2&max-keys=1"),
            };
            let error = *pick(
                &mut stage.rng,
                &[
                    "InvalidAccessKeyId",
                    "InvalidAccessKeyId",
                    "SignatureDoesNotMatch",
                    "ExpiredToken",
                    "InvalidToken",
                ],
            );
            let status = if matches!(error, "ExpiredToken" | "InvalidToken") { 400 } else { 403 };
            let mut row = stage.begin(bucket, &actor, time, &ask);
            refusal(&mut stage.rng, &mut row, status, error);
            row.set(col::ERROR, error);
            row.set(col::SIGNATURE, "SigV4");
            row.set(col::AUTH, "AuthHeader");
            stage.add_row(bucket, row, true);
        }
    }
}
