//! Recounts the ground truth of every scenario of the set from its lines.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use super::*;
use crate::tests::files;

fn lines(path: &Path) -> Vec<String> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn the_same_seed_gives_the_same_set() {
    let names = words(&["customer-key", "links-minted-loud", "office-move"]);
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    for (folder, seed) in folders.iter().zip([1, 1, 2]) {
        write_set(folder.path(), &names, seed, CopySource::Mixed).unwrap();
    }
    let [first, second, other] = folders.map(|folder| files(folder.path()));
    assert!(first == second);
    assert!(first != other);
    assert_eq!(first.keys().filter(|name| name.ends_with("truth.json")).count(), 1);
}

#[test]
fn there_are_attacks_in_two_ways_and_benign_workloads() {
    let names = scenario_names();
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len());
    let loud = names.iter().filter(|name| name.ends_with("-loud")).count();
    let careful = names.iter().filter(|name| name.ends_with("-careful")).count();
    assert_eq!(loud, careful);
    assert!(loud >= 15 && names.len() - loud - careful >= 15, "{names:?}");
}

#[test]
fn unknown_names_and_folders_in_use_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = write_set(folder.path(), &words(&["skimer"]), 1, CopySource::Mixed).unwrap_err();
    assert!(error.to_string().contains("skimmer-careful"), "{error}");
    write_set(folder.path(), &words(&["skimmer-loud"]), 1, CopySource::Mixed).unwrap();
    let error = write_set(folder.path(), &words(&["skimmer-loud"]), 1, CopySource::Mixed).unwrap_err();
    assert!(error.to_string().contains("exists"), "{error}");
}

/// Fields of a line that can be read without the parser, because they come before the first quote.
struct Fields<'a> {
    bucket: &'a str,
    ip: &'a str,
    requester: &'a str,
    operation: &'a str,
    key: &'a str,
    status: &'a str,
    version: &'a str,
}

fn fields(line: &str) -> Fields<'_> {
    let head: Vec<&str> = line.splitn(11, ' ').collect();
    // Owner bucket [time zone] ip requester id operation key, then the rest.
    let rest = line.splitn(10, ' ').last().unwrap();
    let after_uri = if let Some(quoted) = rest.strip_prefix('"') {
        quoted.split_once("\" ").unwrap().1
    } else {
        &rest[2..]
    };
    let tail: Vec<&str> = line.rsplit(' ').collect();
    Fields {
        bucket: head[1],
        ip: head[4],
        requester: head[5],
        operation: head[7],
        key: head[8],
        status: after_uri.split(' ').next().unwrap(),
        version: tail[9],
    }
}

#[test]
fn the_truth_of_each_scenario_matches_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let truths = write_set(folder.path(), &words(&["all"]), 7, CopySource::Mixed).unwrap();
    for (name, truth) in &truths {
        assert!((10_000..=60_000).contains(&truth.records), "{name}: {} records", truth.records);
        let logs = folder.path().join(name).join("logs");
        let count: usize = files(&logs).keys().map(|file| lines(&logs.join(file)).len()).sum();
        assert_eq!(truth.records, count as u64, "{name}");
        assert_eq!(truth.kind == ScenarioKind::Attack, truth.attack.is_some(), "{name}");
        if let Some(attack) = &truth.attack {
            check_attack(name, &logs, attack);
        }
    }
}

fn check_attack(name: &str, logs: &Path, attack: &AttackTruth) {
    let json = serde_json::to_value(attack).unwrap();
    let of = |member: &str| -> BTreeSet<String> {
        let runs = json[member].as_object().unwrap();
        let mut found = BTreeSet::new();
        for (file, runs) in runs {
            let lines = lines(&logs.join(file));
            for run in runs.as_array().unwrap() {
                let run = run.as_str().unwrap();
                let (first, last) = run.split_once('-').unwrap_or((run, run));
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                found.extend(lines[first - 1..last].iter().cloned());
            }
        }
        found
    };
    let (lines, effects) = (of("lines"), of("effect_lines"));
    assert_eq!(attack.requests, lines.len() as u64, "{name}");
    assert_eq!(attack.effects, effects.len() as u64, "{name}");
    let mut destroyed = BTreeSet::new();
    let mut read = BTreeSet::new();
    let mut written = BTreeSet::new();
    for line in &lines {
        let Fields { bucket, ip, requester, operation, key, status, version } = fields(line);
        assert!(attack.buckets.contains(bucket), "{name}: {line}");
        assert!(ip == "-" || attack.addresses.contains(ip), "{name}: {line}");
        assert!(requester == "-" || attack.sessions.contains(requester), "{name}: {line}");
        if !status.starts_with('2') {
            continue;
        }
        match operation {
            "REST.GET.OBJECT" => _ = read.insert((bucket, key)),
            "REST.DELETE.OBJECT" | "BATCH.DELETE.OBJECT" => _ = destroyed.insert((bucket, key, version)),
            "REST.PUT.OBJECT" | "REST.COPY.OBJECT" | "REST.POST.UPLOAD" => _ = written.insert((bucket, key)),
            _ => {}
        }
    }
    let number = |what: &str| attack.numbers.get(what).copied().unwrap_or_default();
    assert_eq!(number("objects_read"), read.len() as u64, "{name}");
    assert_eq!(number("objects_written"), written.len() as u64, "{name}");
    assert_eq!(number("destroyed"), destroyed.len() as u64, "{name}");
    let expired: Vec<&String> = effects.iter().filter(|line| line.contains(" S3.EXPIRE.OBJECT ")).collect();
    assert_eq!(number("expired"), expired.len() as u64, "{name}");
    let last = attack.last_expired.as_ref().map(|last| &last[11..19]);
    assert_eq!(last.is_some(), !expired.is_empty(), "{name}");
    let is_last = |line: &&String| last.is_some_and(|last| line.contains(&format!(":{last} +0000] ")));
    assert!(expired.is_empty() || expired.into_iter().any(|line| is_last(&line)), "{name}");
}

#[test]
fn both_forms_of_a_copy_s_source_differ_in_its_status_alone() {
    let forms = [CopySource::Ok, CopySource::None].map(|form| {
        let folder = tempfile::tempdir().unwrap();
        write_set(folder.path(), &words(&["customer-key-careful"]), 3, form).unwrap();
        let logs = folder.path().join("customer-key-careful/logs");
        let text: Vec<String> = files(&logs).keys().flat_map(|file| lines(&logs.join(file))).collect();
        text
    });
    let is_source =
        |line: &&String| line.contains(" REST.COPY.OBJECT_GET ") || line.contains(" REST.COPY.PART_GET ");
    let sources = forms.each_ref().map(|lines| lines.iter().filter(is_source).count());
    assert!(sources[0] > 400 && sources[0] == sources[1], "{sources:?}");
    for (ok, none) in forms[0].iter().zip(&forms[1]) {
        if is_source(&ok) {
            assert_eq!(ok.replacen(" - 200 - ", " - - - ", 1), *none);
        } else {
            assert_eq!(ok, none);
        }
    }
}
