//! Three parsers of the same format: the fast path, the grammar, and a plain reference written from the
//! description of the format. They must agree on any line.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod parser;

use common::{HOST_ID, OWNER, config, read};
use parser::Reading;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use saltmine_format::{Anomalies, Field};

/// Asserts that the crate and the reference agree on a line.
fn compare(line: &[u8]) {
    let shown = line.escape_ascii();
    match (read(line), parser::read(line)) {
        (Err(_), Reading::Reject) => {}
        (Ok(row), Reading::Row(wanted)) => assert_eq!(row, *wanted, "{shown}"),
        (Ok(row), Reading::Broken(wanted)) => {
            let is_marked =
                [Anomalies::MISALIGNED, Anomalies::SHORT, Anomalies::BAD_NUMBER, Anomalies::SPACES];
            assert!(is_marked.iter().any(|word| row.has(*word)), "{shown}\n{row:?}");
            assert!(row.has(wanted.anomalies), "{shown}\n{row:?}");
            assert_eq!(row.request_time, wanted.request_time);
            for (index, value) in wanted.values.iter().enumerate() {
                let is_certain = index < Field::HEAD || value.is_some();
                assert!(
                    !is_certain || row.values[index] == *value,
                    "{}: {shown}\n{row:?}",
                    Field::ALL[index].name()
                );
            }
        }
        (row, wanted) => panic!("{shown}\ncrate {row:?}\nreference {wanted:?}"),
    }
}

/// Lines to start from: one of each version, with each null style, and some odd ones.
fn seeds() -> Vec<String> {
    let head =
        format!("{OWNER} photos [01/May/2026:10:20:30 +0000] 192.0.2.44 - 7QK3EXAMPLE REST.GET.OBJECT a.txt");
    let tail = format!(
        "- {HOST_ID} SigV4 TLS_AES_128_GCM_SHA256 AuthHeader b.s3.eu-west-1.amazonaws.com TLSv1.3 - Yes eu-west-1"
    );
    let outcome = "\"GET /a.txt HTTP/1.1\" 200 - 10 20 5 4";
    let old = |line: String| line.replace("/2026:", "/2012:");
    let rollout = |line: String| line.replace("May/2026:", "Mar/2019:");
    vec![
        format!("{head} {outcome} \"https://example.org/\" \"agent/1.0 (x; y)\" {tail}"),
        format!("{head} {outcome} \"a\" \"b\" \"c\" {tail} 28 \"and 29\""),
        format!("{head} {outcome} \"a\" \"b\" {tail} \"28\" 29"),
        format!("{head} {outcome} \"x\" - {tail}"),
        format!("{head} {outcome} \"x\" \"y\" - {tail}"),
        format!("{head} {outcome} - \"x\" {tail}"),
        format!("{head} - - - 317 - - - - - {tail}"),
        format!("{head} {outcome} \"x HTTP/1.1\" - - - - - - - - - - -"),
        format!("{head} \"GET/x\" 200 - 10 20 5 4 \"x HTTP/1.1\" - - - - - - - - - - -"),
        format!("{head} \"GET /x HTTP/1.1\" 200 - 12 {head} {outcome} \"-\" \"x\" {tail}"),
        format!("{head} - - - - - - - - {tail}"),
        format!("{head} \"-\" - - - 317 - - \"-\" \"-\" {tail}"),
        format!("{head} \"GET /\" HTTP/1.1\" 200 - - - - - \"\" \"\" {tail}"),
        format!(
            "{head} {outcome} \"x HTTP/1.1\" 403 - 1 1 1 1 \"-\" \"x\" - {HOST_ID} SigV2 c AuthHeader h TLSv1\" {tail}"
        ),
        old(format!("{head} {outcome} \"-\" \"x\"")),
        old(format!("{head} {outcome} \"-\" \"x\" 3HL4kqtJvjVBH40Nrjfkd")),
        rollout(format!(
            "{head} {outcome} \"-\" \"x\" - AIDAEXAMPLE {HOST_ID} SigV4 c AuthHeader b.s3 TLSv1"
        )),
        rollout(format!("{head} {outcome} \"-\" \"x\" - - {HOST_ID} - - - b.example.org")),
        rollout(format!("{head} {outcome} \"-\" \"x\" - {HOST_ID} - - - b.example.org")),
        head.replace("44 -", "44 arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2")
            + " "
            + outcome,
        format!("{head} {outcome} \"-\" \"x\" {tail}").replace("192.0.2.44 -", " ann"),
        head,
    ]
}

/// Text to insert into a line: separators and pieces of fields.
const PIECES: [&str; 30] = [
    "\"",
    "\"",
    " ",
    " ",
    "-",
    "\" \"",
    "\" ",
    " \"",
    " - ",
    " -",
    "0",
    "9223372036854775808",
    "x",
    "é",
    "\0",
    "[",
    "]",
    " HTTP/1.1\"",
    "\" 200 - 1 1 1 1 \"",
    "\" 200 - 1 1 1 1 -",
    " 403 AccessDenied 1 - 1 -",
    " - - - - - - - - - -",
    " SigV4",
    " TLSv1.2",
    " eu-west-1",
    " arn:aws:s3:::x",
    " [01/May/2026:10:20:30 +0000]",
    " REST.GET.OBJECT",
    " \"GET /b HTTP/1.1\"",
    " Rm9yZ2VkIGhvc3QgaWQgdGhhdCBpcyBsb25nIGVub3VnaCB0byBwYXNz",
];

#[derive(Debug, Clone)]
enum Change {
    Insert(Index, &'static str),
    Remove(Index),
    Put(Index, u8),
    RemoveWord(Index),
    RepeatWord(Index),
    SwapWords(Index, Index),
    Cut(Index),
    Splice(Index, Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        6 => (at(), select(&PIECES[..])).prop_map(|(index, piece)| Change::Insert(index, piece)),
        3 => at().prop_map(Change::Remove),
        3 => (at(), any::<u8>()).prop_map(|(index, byte)| Change::Put(index, byte)),
        3 => at().prop_map(Change::RemoveWord),
        3 => at().prop_map(Change::RepeatWord),
        2 => (at(), at()).prop_map(|(a, b)| Change::SwapWords(a, b)),
        1 => at().prop_map(Change::Cut),
        1 => (at(), at(), at()).prop_map(|(a, b, c)| Change::Splice(a, b, c)),
    ]
}

impl Change {
    fn apply(&self, line: &mut Vec<u8>) {
        if line.is_empty() {
            return;
        }
        let mut words: Vec<Vec<u8>> = line.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
        match self {
            Change::Insert(at, piece) => {
                let at = at.index(line.len() + 1);
                line.splice(at..at, piece.bytes());
                return;
            }
            Change::Remove(at) => {
                line.remove(at.index(line.len()));
                return;
            }
            Change::Put(at, byte) => {
                let at = at.index(line.len());
                line[at] = *byte;
                return;
            }
            Change::Cut(at) => return line.truncate(at.index(line.len())),
            Change::Splice(at, seed, from) => {
                let seeds = seeds();
                let other = seed.get(&seeds).as_bytes();
                line.truncate(at.index(line.len()));
                line.extend_from_slice(&other[from.index(other.len())..]);
                return;
            }
            Change::RemoveWord(at) => {
                words.remove(at.index(words.len()));
            }
            Change::RepeatWord(at) => {
                let at = at.index(words.len());
                words.insert(at, words[at].clone());
            }
            Change::SwapWords(a, b) => {
                let count = words.len();
                words.swap(a.index(count), b.index(count));
            }
        }
        *line = words.join(&b' ');
    }
}

#[test]
fn unchanged_seeds() {
    for seed in seeds() {
        compare(seed.as_bytes());
    }
}

#[test]
fn times_outside_2006_to_2099_are_rejects() {
    for time in [
        "29/Feb/2024:23:59:60 +2359",
        "01/Jan/2006:00:00:00 +0000",
        "31/Dec/2005:23:59:59 -0001",
        "31/Dec/2099:23:59:59 +0000",
        "01/Jan/2100:12:00:00 +1300",
    ] {
        let line = seeds()[0].replace("01/May/2026:10:20:30 +0000", time);
        assert!(read(line.as_bytes()).is_ok(), "{time}");
        compare(line.as_bytes());
    }
    for time in [
        "31/Dec/2005:23:59:59 +0000",
        "01/Jan/2006:00:00:00 +0001",
        "31/Dec/2099:23:59:59 -0001",
        "01/Jan/2100:00:00:00 +0000",
        "28/Feb/1900:00:00:00 -0001",
        "01/Jan/0000:00:00:00 +2359",
        "31/Dec/9999:23:59:59 -2359",
    ] {
        let line = seeds()[0].replace("01/May/2026:10:20:30 +0000", time);
        let error = read(line.as_bytes()).unwrap_err();
        assert_eq!(error.kind, saltmine_format::LineErrorKind::OutOfRange, "{time}");
        assert_eq!(error.to_string(), "request_time outside the years 2006 to 2099");
        compare(line.as_bytes());
    }
}

/// In a request without TLS and without a host header, words after it may still belong to it.
#[test]
fn an_access_point_in_2019() {
    let head = seeds()[0].split(" \"https").next().unwrap().replace("May/2026:", "Mar/2019:");
    for agents in ["\"-\" \"x\" - -", "\"-\" \"x\" -", "\"-\" - -", "\"-\" \"x\""] {
        for tail in ["- - - - - arn:aws:s3:::x", "- - - - - - Yes", "- - - - - - - eu-west-1", "- - - - -"] {
            compare(format!("{head} {agents} {HOST_ID} {tail}").as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(config(20_000))]

    #[test]
    fn changed_lines(seed in any::<Index>(), changes in prop::collection::vec(change(), 1..8)) {
        let seeds = seeds();
        let mut line = seed.get(&seeds).as_bytes().to_vec();
        for change in &changes {
            change.apply(&mut line);
        }
        compare(&line);
    }

    #[test]
    fn client_text_of_pieces(
        uri in prop::collection::vec(select(&PIECES[..]), 0..6),
        referer in prop::collection::vec(select(&PIECES[..]), 0..6),
        agent in prop::collection::vec(select(&PIECES[..]), 0..6),
        tail in prop::collection::vec(select(&PIECES[..]), 0..4),
    ) {
        let seed = &seeds()[0];
        let line = seed
            .replace("/a.txt HTTP", &format!("/{} HTTP", uri.concat()))
            .replace("https://example.org/", &referer.concat())
            .replace("agent/1.0 (x; y)", &agent.concat())
            + &tail.concat();
        compare(line.as_bytes());
    }

    #[test]
    fn only_pieces(pieces in prop::collection::vec(select(&PIECES[..]), 0..40)) {
        compare(pieces.concat().as_bytes());
    }

    #[test]
    fn any_bytes(line in prop::collection::vec(any::<u8>(), 0..200)) {
        compare(&line);
    }
}
