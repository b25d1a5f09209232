//! One address guesses object names for an hour.

use super::super::actors::role;
use super::super::buckets::Purpose;
use super::super::random::pick;
use super::{Stage, get};

const ROOTS: [&str; 8] = [".git", "wp-admin", "admin", "old", "config", "private", "db", "export"];
const NAMES: [&str; 8] = [
    ".env",
    "config.php",
    "dump.sql.gz",
    "id_rsa",
    "users.csv",
    "settings.json",
    "passwords.txt",
    "site.zip",
];

pub(super) fn run(stage: &mut Stage<'_>) {
    let bucket = stage.bucket(Purpose::Media);
    let mut actor = role(bucket, "", "", "");
    actor.requester = None;
    actor.region = None;
    actor.ip = Some("198.51.100.77".to_owned());
    actor.agent = Some("gobuster/3.6".to_owned());
    let first = stage.at(0.4, 15 * 3_600 + 60);
    for at in 0..320 {
        let name = match at {
            0 => ".git/config".to_owned(),
            1 => ".env".to_owned(),
            _ => format!("{}/{at}/{}", pick(&mut stage.rng, &ROOTS), pick(&mut stage.rng, &NAMES)),
        };
        let (status, error) = if at % 11 == 0 { (403, "AccessDenied") } else { (404, "NoSuchKey") };
        stage.refused(bucket, &actor, first + at * 10, &get(&name), status, error);
    }
}
