//! `saltmine latency`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::str::contains;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn saltmine(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(folder);
    command
}

/// 200 requests of 1 to 200 ms, one without a time, and ten of a client with a hostile name.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = |method: &str, agent: &str, total: &str| {
        format!(
            "0wner vault [04/May/2026:10:00:00 +0000] 198.51.100.7 - A1 REST.{method}.OBJECT k \"{method} /k HTTP/1.1\" \
             200 - 7 99 {total} 11 \"-\" \"{agent}\" - host SigV4 C AuthHeader h TLSv1.3 - - eu-west-1\n"
        )
    };
    let mut text: String = (1..=200).map(|time| line("GET", "x", &time.to_string())).collect();
    text.push_str(&line("GET", "x", "-"));
    text.extend((1..=10).map(|_| line("PUT", "../../\u{202e}evil", "100000")));
    std::fs::write(folder.path().join("log"), text).unwrap();
    folder
}

#[test]
fn percentiles_by_client() {
    let folder = folder();
    let output = saltmine(folder.path())
        .args(["latency", "log", "--by", "user_agent", "--metric", "total_time", "--min-count", "1"])
        .assert()
        .success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let rows: Vec<Vec<&str>> =
        text.lines().map(|line| line.split(['|', ' ']).filter(|word| !word.is_empty()).collect()).collect();
    let expected = [
        "user_agent requests total p50 (ms) p90 p99 p99.9 max min mean",
        "x 200 100 180 198 200 200 1 100.5",
        "../../\\u{202E}evil 10 100,000 100,000 100,000 100,000 100,000 100,000 100000.0",
    ];
    assert_eq!([0, 2, 3].map(|row| rows[row].join(" ")), expected);
}

/// Groups with the most requests come first, with their times side by side; small groups are only counted.
#[test]
fn a_table_begins_with_the_most_frequent_groups() {
    let folder = folder();
    let ask = ["latency", "log", "--by", "operation"];
    let output = saltmine(folder.path()).args(ask).assert().success();
    let output =
        output.stderr(contains("note: 1 group of fewer than 20 requests not shown; --min-count 1 shows all"));
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let words =
        |line: &str| line.split(['|', ' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(words).collect();
    assert_eq!(lines[0], "operation requests total p50 (ms) p90 p99 max turn-around p50 (ms) p90 p99 max");
    assert_eq!(lines[2], "REST.GET.OBJECT 201 100 180 198 200 11 11 11 11");
    assert_eq!(lines.len(), 3);
    // If all groups are small, they are shown.
    let small = ["latency", "log", "--by", "operation", "--format", "json", "--min-count", "11"];
    let output = saltmine(folder.path()).args(small).assert().success();
    let groups: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(groups.as_array().unwrap().len(), 2);
}

#[test]
fn json_is_the_same_on_logs_and_dataset() {
    let folder = folder();
    saltmine(folder.path()).args(["ingest", "log", "--to", "lake"]).assert().success();
    let ask = |input: &str| {
        let output = saltmine(folder.path()).args(["latency", input, "--format", "json"]).assert().success();
        serde_json::from_slice::<Value>(&output.get_output().stdout).unwrap()
    };
    let (raw, lake) = (ask("log"), ask("lake"));
    assert_eq!(raw, lake);
    let groups = raw.as_array().unwrap();
    assert_eq!(groups.len(), 4);
    assert_eq!(groups[0]["by"], serde_json::json!({"operation": "REST.GET.OBJECT", "bucket": "vault"}));
    assert_eq!(
        (&groups[0]["p99.9"], &groups[1]["p50"], &groups[1]["count"]),
        (&200.into(), &11.into(), &201.into())
    );
    assert!(groups.iter().all(|group| group["histogram"].as_str().unwrap().starts_with("HISTFAAA")));
}

#[test]
fn plotters_get_one_group_or_a_folder_of_them() {
    let folder = folder();
    let output = saltmine(folder.path())
        .args(["latency", "log", "--by", "", "--metric", "total_time", "--format", "hgrm"])
        .assert()
        .success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"), "{text}");
    assert!(text.contains("Total count    =          210]"), "{text}");

    let several = ["latency", "log", "--by", "operation,user_agent", "--format", "hgrm"];
    saltmine(folder.path()).args(several).assert().code(2).stderr(contains("give a folder with -o"));
    saltmine(folder.path()).args(several).args(["-o", "out/plots"]).assert().success().stdout("");
    let mut names: Vec<String> = std::fs::read_dir(folder.path().join("out/plots"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "001-total_time-REST.GET.OBJECT-x.hgrm",
            "002-turn_around_time-REST.GET.OBJECT-x.hgrm",
            "003-total_time-REST.PUT.OBJECT-.._..__evil.hgrm",
            "004-turn_around_time-REST.PUT.OBJECT-.._..__evil.hgrm",
        ]
    );
}

#[test]
fn invalid_options_are_named() {
    let folder = folder();
    for (arguments, code, problem) in [
        (&["--by", "operation,colour"][..], 1, "there is no column colour"),
        (&["--by", "key,key"], 1, "column key is given twice"),
        (&["--metric", "speed"], 2, "expected total_time or turn_around_time"),
        (&["--since", "tomorrow"], 2, "yesterday"),
    ] {
        let mut command = saltmine(folder.path());
        command.args(["latency", "log"]).args(arguments).assert().code(code).stderr(contains(problem));
    }
    let nothing = ["latency", "log", "--since", "2027-01-01", "--format", "hgrm"];
    let problem = contains("no log records with --since 2027-01-01T00:00:00Z: the input has ");
    saltmine(folder.path()).args(nothing).assert().code(1).stdout("").stderr(problem);
}

#[test]
fn samples_are_within_a_thousandth_of_exact_percentiles() {
    let output = saltmine(&root())
        .args(["latency", "samples/attack", "--by", "", "--metric", "total_time", "--format", "json"])
        .assert()
        .success();
    let groups: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    let sql = "SELECT count(total_time), min(total_time), max(total_time), percentile_cont(total_time, 0.5) FROM logs";
    let output = saltmine(&root()).args(["query", "samples/attack", sql]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let exact: Vec<f64> = text.lines().last().unwrap().split(',').map(|cell| cell.parse().unwrap()).collect();
    for (name, exact) in ["count", "min", "max", "p50"].into_iter().zip(exact) {
        let sampled = groups[0][name].as_f64().unwrap();
        assert!((sampled - exact).abs() <= exact / 1000.0, "{name}: {sampled}, {exact}");
    }
}

/// If there are too many groups, those with the most requests are kept, and the omission is reported.
#[test]
fn omitted_groups_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let line = |key: &str| {
        format!(
            "0wner vault [04/May/2026:10:00:00 +0000] 198.51.100.7 - A1 REST.GET.OBJECT {key} \"GET /{key} HTTP/1.1\" \
             200 - 7 99 12 11 \"-\" \"x\" - host SigV4 C AuthHeader h TLSv1.3 - - eu-west-1\n"
        )
    };
    let keys = (0..10_050).map(|number| format!("k{number:05}"));
    let text: String = keys.chain((0..3).map(|_| "k10049".to_owned())).map(|key| line(&key)).collect();
    std::fs::write(folder.path().join("log"), text).unwrap();
    let arguments = ["latency", "log", "--by", "key", "--metric", "total_time", "--format", "json"];
    let output = saltmine(folder.path()).args(arguments).assert().success();
    let output = output.stderr(contains("more than 10000 groups"));
    let groups: Vec<Value> = serde_json::from_slice(&output.get_output().stdout).unwrap();
    let keys: Vec<&str> = groups.iter().map(|group| group["by"]["key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), 10_000);
    assert!(keys.is_sorted() && keys.contains(&"k10049"), "the one with the most requests is kept");
}
