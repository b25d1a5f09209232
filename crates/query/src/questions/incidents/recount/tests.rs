#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use super::*;
use crate::{Session, SessionOptions};

const OWNER: &str = "5d1c0b2e9f3a4d6788e1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7";
const HOUR: i64 = 3_600_000_000;
/// The first of May 2026, UTC.
const MAY: i64 = 1_777_593_600_000_000;

/// Reads of objects by one role at noon of days in May.
#[derive(Default)]
struct Log(String);

impl Log {
    fn read(&mut self, day: u32, address: &str, object: &str) {
        let number = self.0.lines().count();
        let _ = writeln!(
            self.0,
            "{OWNER} lake [{day:02}/May/2026:12:{:02}:{:02} +0000] {address} arn:aws:sts::111122223333:assumed-role/app/one \
             REQ{number} REST.GET.OBJECT {object} \"GET /{object} HTTP/1.1\" 200 - 100 100 1 1 \"-\" \"agent\" - HOST SigV4 - \
             AuthHeader lake.s3.eu-west-1.amazonaws.com TLSv1.3 - -",
            number / 60 % 60,
            number % 60,
        );
    }

    async fn session(&self) -> (Session, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("log"), &self.0).unwrap();
        let inputs = vec![folder.path().to_string_lossy().into_owned()];
        (Session::open(&SessionOptions { inputs, ..SessionOptions::default() }).await.unwrap(), folder)
    }
}

/// The deeds of the role from a day of May on: kind, requests, objects.
async fn deeds(log: &Log, day: i64, address: &str) -> Vec<(DeedKind, u64, u64)> {
    let (session, _folder) = log.session().await;
    let scope = Scope {
        principal: Some("111122223333:role/app".into()),
        addresses: vec![address.into()],
        since: MAY + (day - 1) * 24 * HOUR,
        until: i64::MAX / 2,
        ..Scope::default()
    };
    profiles::prepare(session.context(), "requests profile_activity", false).await.unwrap();
    let counted = count(session.context(), &[vec![scope]], false).await.unwrap();
    counted[0].deeds.iter().map(|deed| (deed.kind, deed.requests, deed.objects)).collect()
}

/// Four days of a few reads a day, then thirty new objects besides.
fn work_and_theft() -> Log {
    let mut log = Log::default();
    for day in 1..=5 {
        ["a", "b", "c"].iter().for_each(|object| log.read(day, "10.0.0.7", object));
    }
    (0..30).for_each(|number| log.read(5, "10.0.0.7", &format!("new-{number}")));
    log
}

#[tokio::test]
async fn what_an_actor_reads_as_often_as_before_is_not_taken() {
    let log = work_and_theft();
    let of_the_day = deeds(&log, 5, "10.0.0.7").await;
    assert_eq!(of_the_day, [(DeedKind::ReadAsUsual, 3, 3), (DeedKind::Collected, 30, 30)]);
}

#[tokio::test]
async fn known_objects_that_are_read_more_often_than_ever_are_taken() {
    let mut log = work_and_theft();
    ["a", "b", "c"].iter().for_each(|object| log.read(5, "10.0.0.7", object));
    assert_eq!(deeds(&log, 5, "10.0.0.7").await, [(DeedKind::Collected, 36, 33)]);
}

#[tokio::test]
async fn from_a_new_network_everything_is_taken() {
    let mut log = work_and_theft();
    ["a", "b", "c"].iter().for_each(|object| log.read(6, "203.0.113.9", object));
    assert_eq!(deeds(&log, 6, "203.0.113.9").await, [(DeedKind::Taken, 3, 3)]);
}
