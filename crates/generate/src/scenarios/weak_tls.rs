//! Two neglected machines: TLS 1.0 and 1.1, and Signature Version 2.

use super::super::actors::{TLS12, role};
use super::super::buckets::Purpose;
use super::super::request::outcome;
use super::super::row::col;
use super::{RequestSpec, Stage};

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Archive);
    let mut device = role(bucket, "scanner-device", "floor-2", "198.51.100.81");
    device.region = None;
    device.agent = Some("DeviceSync/2.1 (Embedded; OpenSSL 0.9.8)".to_owned());
    let mut script = role(bucket, "", "", "198.51.100.82");
    script.requester = Some(format!("arn:aws:iam::{}:user/nightly-script", super::super::buckets::ACCOUNT));
    script.agent = Some("s3cmd/1.0.1 python/2.6".to_owned());
    script.tls = Some(TLS12);
    for at in 0..140_i64 {
        let passed = 0.1 + 0.8 * at as f64 / 140.0;
        let time = stage.at(passed, 9 * 3_600 + at * 190);
        let object = format!("scans/inbox/page {at:04}.tif");
        let expires = time + 3_600;
        let query = format!(
            "AWSAccessKeyId=AKIAQEXAMPLE4HALITE8&Expires={expires}&Signature=k7Zq3vXExample%2BSig%3D"
        );
        let is_old_signature = at % 2 == 1;
        let in_query = is_old_signature && at % 4 == 3;
        let ask = RequestSpec {
            operation: if in_query { "REST.GET.OBJECT" } else { "REST.PUT.OBJECT" },
            method: if in_query { "GET" } else { "PUT" },
            object: Some(&object),
            query: if in_query { &query } else { "" },
        };
        device.tls =
            Some(if at % 4 == 0 { ("TLSv1", "DES-CBC3-SHA") } else { ("TLSv1.1", "ECDHE-RSA-AES128-SHA") });
        let actor = if is_old_signature { &script } else { &device };
        let mut row = stage.begin(bucket, actor, time, &ask);
        let size = 210_000 + at * 31;
        outcome(&mut stage.rng, &mut row, 200, None, if in_query { size } else { 0 }, Some(size));
        if is_old_signature {
            row.set(col::SIGNATURE, "SigV2");
            row.set(col::AUTH, if in_query { "QueryString" } else { "AuthHeader" });
        }
        stage.add_row(bucket, row, true);
    }
}
