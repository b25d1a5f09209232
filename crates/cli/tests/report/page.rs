//! The page and its figures: what it contains, where the numbers come from, and hostile text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use predicates::str::contains;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{ATTACK, between, page, root, saltmine, unescaped};

/// The part of the page with a figure.
fn figure<'a>(page: &'a str, id: &str) -> &'a str {
    between(page, &format!("<div class=\"figure\" id=\"{id}\">"), "</details>\n</div>")
}

fn sql(figure: &str) -> String {
    unescaped(between(figure, "<pre><code>", "</code></pre>"))
}

/// The cells of a figure's table: visible text and sort key.
fn cells(figure: &str) -> Vec<Vec<(String, Option<i64>)>> {
    let body = between(figure, "<tbody>", "</tbody>");
    let rows = body.split("<tr>").skip(1);
    let cell = |cell: &str| {
        let (tag, rest) = cell.split_once('>').unwrap();
        let number = tag.split_once("data-v=\"").and_then(|(_, rest)| rest.split('"').next()?.parse().ok());
        (unescaped(rest.split("</td>").next().unwrap()), number)
    };
    rows.map(|row| row.split("<td").skip(1).map(cell).collect()).collect()
}

fn query(input: &str, arguments: &[&str]) -> Vec<Value> {
    let mut words = vec!["query", input];
    words.extend(arguments);
    words.extend(["--format", "json"]);
    let output = saltmine(&words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_page_is_self_contained_and_runs_only_its_own_script() {
    let page = page(&[ATTACK]);
    assert!(page.starts_with("<!DOCTYPE html>") && page.len() < 1_500_000, "{}", page.len());
    let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let digest = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    let script = between(&page, "<script>", "</script>");
    let style = between(&page, "<style>", "</style>");
    assert!(policy.contains(&digest(script)) && policy.contains(&digest(style)), "{policy}");
    // One style, one script, one block of data; nothing that loads, and no style or handler in an element.
    assert_eq!(page.matches("<style").count(), 1);
    assert_eq!(page.matches("<script").count(), 2);
    let markup = page.replace(script, "").replace(style, "");
    for load in [" src=", "<link", "<iframe", "<img", "<object", " style=", "href=\"http", " onclick", "url("]
    {
        assert!(!markup.contains(load), "{load}");
    }
    assert!(!style.contains("url(") && !style.contains("@import"));
    for section in [
        "summary",
        "findings",
        "traffic",
        "who",
        "what",
        "unsigned",
        "settings",
        "errors",
        "transport",
        "latency",
        "limits",
        "sources",
        "about",
    ] {
        assert!(page.contains(&format!("<section id=\"{section}\"")), "{section}");
    }
}

#[test]
fn every_figure_shows_the_sql_that_gives_its_numbers() {
    let page = page(&[ATTACK]);
    // The figure, its key column, and its column with requests.
    for (id, key, requests, name) in [
        ("requesters", 0, 2, "requester"),
        ("addresses", 0, 2, "remote_ip"),
        ("agents", 0, 2, "user_agent"),
        ("keys", 1, 2, "key"),
        ("prefixes", 1, 2, "prefix"),
        ("anonymous-presigned", 2, 6, "operation"),
    ] {
        let figure = figure(&page, id);
        let (answer, cells) = (query(ATTACK, &[&sql(figure)]), cells(figure));
        assert!(answer.len() >= 5 && answer.len() == cells.len(), "{id}: {} {}", answer.len(), cells.len());
        for (row, shown) in answer.iter().zip(&cells) {
            assert_eq!(row["requests"].as_i64(), shown[requests].1, "{id}: {row}");
            let cell = row[name].as_str().unwrap_or("(anonymous)");
            assert!(
                shown[key].0 == cell || shown[key].0.contains(" characters …]"),
                "{id}: {cell} {:?}",
                shown[key]
            );
        }
    }
    // Statements shared by several figures.
    for (id, part) in [
        ("buckets", "bucket"),
        ("operations", "operation"),
        ("error-codes", "error"),
        ("tls", "tls"),
        ("ciphers", "cipher"),
        ("signatures", "signature"),
    ] {
        let figure = figure(&page, id);
        let answer = query(ATTACK, &[&sql(figure)]);
        let rows = answer.iter().filter(|row| row["part"] == part).count();
        assert!(rows > 1 && rows == cells(figure).len(), "{id}: {rows}");
    }
    let over_time = figure(&page, "over-time");
    let slot = unescaped(between(over_time, "$slot = ", "</code>"));
    let answer = query(ATTACK, &[&sql(over_time), "-p", &format!("slot={slot}")]);
    let slots: Vec<&Value> = answer.iter().filter(|row| row["part"] == "slot").collect();
    let data: Value = serde_json::from_str(between(&page, "id=\"data\">", "</script>")).unwrap();
    let series = data["traffic"]["series"].as_array().unwrap();
    let total: i64 =
        series.iter().take(5).flat_map(|one| one[1].as_array().unwrap()).map(|n| n.as_i64().unwrap()).sum();
    assert_eq!(total, slots.iter().map(|row| row["requests"].as_i64().unwrap()).sum::<i64>());
    assert_eq!(total, query(ATTACK, &["SELECT count(*) AS n FROM logs"])[0]["n"].as_i64().unwrap());
    for id in ["settings-timeline", "gaps", "percentiles"] {
        let figure = figure(&page, id);
        assert_eq!(query(ATTACK, &[&sql(figure)]).len(), cells(figure).len(), "{id}");
    }
    assert!(figure(&page, "settings-timeline").contains("Bucket policy removed"));
}

#[test]
fn findings_are_those_of_the_hunt_with_their_sql() {
    let page = page(&[ATTACK, "--pack", "destruction"]);
    let output = saltmine(&["hunt", ATTACK, "--pack", "destruction", "--format", "json"]).output().unwrap();
    let hunt: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = hunt["findings"].as_array().unwrap();
    assert!(findings.len() >= 4);
    assert_eq!(page.matches("<details class=\"finding ").count(), findings.len());
    for finding in findings {
        let name = finding["query"].as_str().unwrap();
        let severity = finding["severity"].as_str().unwrap();
        let shown = between(&page, &format!("id=\"f-{name}-{severity}\""), "</details>\n</div>");
        let text = unescaped(shown);
        assert!(text.contains(finding["false_positives"].as_str().unwrap()), "{name}");
        assert!(text.contains(finding["dig_deeper"].as_str().unwrap()), "{name}");
        for place in finding["who"][0]["evidence"].as_array().unwrap() {
            assert!(text.contains(place.as_str().unwrap()), "{name}: {place}");
        }
        // A detection whose rows differ in severity gives one finding per severity.
        let mut rows = query(ATTACK, &["--name", name]);
        rows.retain(|row| row.get("severity").is_none_or(|graded| *graded == *severity));
        assert_eq!(rows.len() as u64, finding["rows"].as_u64().unwrap(), "{name}");
        let described = saltmine(&["queries", name]).output().unwrap();
        assert!(String::from_utf8(described.stdout).unwrap().contains(sql(shown).trim()), "{name}");
    }
}

/// A dataset and its logs give the same report, except that the dataset's has a hash over its sources.
#[test]
fn a_dataset_and_its_logs_give_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("case.lake");
    let lake = lake.to_str().unwrap();
    saltmine(&["ingest", "samples/logs", "--to", lake]).assert().code(3);
    let (of_lake, of_logs) = (page(&[lake]), page(&["samples/logs"]));
    for id in
        ["over-time", "by-hour", "requesters", "keys", "percentiles", "gaps", "rejects", "anomalies", "tls"]
    {
        assert_eq!(figure(&of_lake, id), figure(&of_logs, id), "{id}");
    }
    assert!(
        of_lake.contains("2,502 lines: 2,492 rows, 6 rejects, 4 blank"),
        "{}",
        between(&of_lake, "class=\"origin\"", "</dl>")
    );
    assert!(
        of_logs.contains("2,502 lines: 2,492 rows, 6 rejects, 4 blank")
            && of_logs.contains("unknown: log files were read directly")
    );
    let hashes = query(lake, &["SELECT sha256 FROM sources ORDER BY sha256"]);
    let lines: String = hashes.iter().map(|row| format!("{}\n", row["sha256"].as_str().unwrap())).collect();
    let digest: String = Sha256::digest(lines.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(of_lake.contains(&digest), "{digest}");
}

#[test]
fn a_report_can_be_limited_and_goes_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("day.html");
    let words =
        ["report", ATTACK, "--since", "2026-03-05", "--until", "2026-03-06", "--title", "Case <7>", "-o"];
    saltmine(&words).arg(&file).assert().success().stderr(contains("day.html"));
    let page = std::fs::read_to_string(&file).unwrap();
    let day = "--since 2026-03-05 --until 2026-03-06";
    let words: Vec<&str> = day.split(' ').collect();
    let count =
        query(ATTACK, &[&["SELECT count(*) AS n FROM logs"], &words[..]].concat())[0]["n"].as_i64().unwrap();
    assert!(page.contains(&format!("<dt>Requests</dt><dd>{count}</dd>")), "{count}");
    assert!(
        page.contains("<h1>Case &lt;7&gt;</h1>")
            && page.contains("requests from 2026-03-05 00:00:00 until before 2026-03-06")
    );
    assert!(unescaped(&page).contains(&format!("saltmine report {ATTACK} {day} --title 'Case <7>' -o ")));
    saltmine(&["report", ATTACK, "-o", "nowhere/report.html"]).assert().code(1).stderr(contains("nowhere"));
    let here = tempfile::tempdir().unwrap();
    let attack = root().join(ATTACK);
    saltmine(&["report", attack.to_str().unwrap()]).current_dir(here.path()).assert().success();
    assert!(here.path().join("saltmine-report.html").exists());
    saltmine(&["report", ATTACK, "--pack", "none", "-o", "-"])
        .assert()
        .code(2)
        .stderr(contains("destruction"));
}

/// A line with bytes chosen by a client.
fn line(key: &str, agent: &str, requester: &str, second: usize) -> String {
    format!(
        "0wner bucket [01/May/2026:10:{:02}:{:02} +0000] 198.51.100.7 {requester} 7QK3EXAMPLE REST.GET.OBJECT {key} \
         \"GET /{key} HTTP/1.1\" 200 - 5 99 12 11 \"-\" \"{agent}\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n",
        second / 60 % 60,
        second % 60
    )
}

#[test]
fn hostile_text_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let attack = "</script><script>alert(1)</script><img/src=x/onerror=alert(2)>";
    let text = [
        line("%3Cscript%3Ealert%283%29%3C%2Fscript%3E", attack, "arn:aws:iam::1:user/<b>bold</b>", 0),
        line("a'b&amp;c", "rev\u{202e}ersed\u{1b}[31m\u{2028}", "\"><svg/onload=alert(4)>", 1),
    ];
    std::fs::write(&log, text.concat()).unwrap();
    let page = page(&[log.to_str().unwrap(), "--title", "</title><script>"]);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    for mark in ["<img", "<svg/", "<b>", "\u{202e}", "\u{1b}", "\u{2028}"] {
        assert!(!page.contains(mark), "{mark:?}");
    }
    // Pictures are the page's own.
    let pictures =
        page.matches("<svg class=\"picture\"").count() + page.matches("<svg width=\"100%\"").count();
    assert_eq!(page.matches("<svg").count(), pictures);
    for shown in
        ["<b>bold</b>", "rev\\u{202E}ersed\\x1B[31m\\u{2028}", "<script>alert(3)</script>", "a'b&amp;c"]
    {
        assert!(unescaped(&page).contains(shown), "{shown}");
    }
    assert!(unescaped(&page).contains(attack));
}

/// The page stays small however much text clients send, and its rows remain distinguishable.
#[test]
fn the_page_does_not_grow_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let lines = (0..300).map(|n| {
        let noise = "%25E2%2580%25AE<\"&".repeat(300).replace('"', "'");
        line(
            &format!("dir{n}/{noise}{n}"),
            &format!("{n} {}", "<'&>".repeat(900)),
            &format!("arn:aws:iam::{n}:user/{}", "<'>".repeat(600)),
            n,
        )
    });
    std::fs::write(&log, lines.collect::<String>()).unwrap();
    let page = page(&[log.to_str().unwrap()]);
    assert!(page.len() <= 3_000_000, "{}", page.len());
    assert!(figure(&page, "keys").contains(" characters …]"));
    let mut rows: Vec<String> =
        cells(figure(&page, "requesters")).into_iter().map(|row| row[0].0.clone()).collect();
    let count = rows.len();
    rows.sort();
    rows.dedup();
    assert!(count >= 60 && rows.len() == count, "{count}");
}

#[test]
fn logs_without_requests_give_no_page() {
    let folder = tempfile::tempdir().unwrap();
    let (log, page) = (folder.path().join("log"), folder.path().join("page.html"));
    std::fs::write(&log, "\n\n").unwrap();
    let report = saltmine(&["report", log.to_str().unwrap(), "-o", page.to_str().unwrap()]).assert();
    report.code(1).stderr(contains("no log records to examine: 1 file read, 0 records"));
    assert!(!page.exists());
}

/// Objects are written by PUT, form POST, copy and the completion of an upload; parts are not objects.
#[test]
fn all_ways_to_write_a_key_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let operations = [
        "REST.PUT.OBJECT",
        "REST.POST.OBJECT",
        "REST.COPY.OBJECT",
        "REST.PUT.PART",
        "REST.POST.UPLOAD",
        "REST.GET.OBJECT",
        "REST.DELETE.OBJECT",
    ];
    let lines = operations.iter().enumerate();
    let lines = lines.map(|(second, name)| line("k", "a", "-", second).replace("REST.GET.OBJECT", name));
    std::fs::write(&log, lines.collect::<String>()).unwrap();
    let page = page(&[log.to_str().unwrap(), "--pack", "quality"]);
    let keys = cells(figure(&page, "keys"));
    // Requests, read, written, deleted.
    let counts: Vec<_> = keys[0][2..6].iter().map(|cell| cell.1).collect();
    assert_eq!((keys.len(), counts), (1, vec![Some(7), Some(1), Some(4), Some(1)]));
}

/// Whether an address is private is decided from the address, not from its pseudonym.
#[test]
fn private_addresses_are_marked_under_redaction_too() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let private = line("k", "a", "-", 1).replace("198.51.100.7", "10.0.0.7");
    std::fs::write(&log, line("k", "a", "-", 0) + &private + &private).unwrap();
    for redact in [&[][..], &["--redact", "all"]] {
        let page = page(&[&[log.to_str().unwrap(), "--pack", "quality"], redact].concat());
        let addresses = cells(figure(&page, "addresses"));
        // The one with more requests comes first.
        let marked: Vec<&str> = addresses.iter().map(|row| row[1].0.as_str()).collect();
        assert_eq!(marked, ["yes", ""], "{redact:?}");
        assert_eq!(redact.is_empty(), addresses[0][0].0 == "10.0.0.7", "{addresses:?}");
    }
}

/// Forged numbers and years do not stop a report and are excluded from sums.
#[test]
fn forged_sizes_and_years_leave_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let user = "arn:aws:iam::111122223333:user/ada";
    let plain = line("k", "a", user, 0);
    let large = plain.replace(" 200 - 5 99 12 11 ", &format!(" 200 - {0} {0} {0} {0} ", i64::MAX));
    let years = ["2006", "2098"].map(|year| plain.replace("/2026:", &format!("/{year}:")));
    std::fs::write(&log, [&plain[..], &large, &large, &years[0], &years[1]].concat()).unwrap();
    let page = page(&[log.to_str().unwrap()]);
    let requesters = cells(figure(&page, "requesters"));
    assert_eq!((requesters.len(), requesters[0][2].1), (1, Some(5)), "all requests count");
    let shown: Vec<Option<i64>> = requesters[0].iter().map(|cell| cell.1).collect();
    assert!(shown.contains(&Some(15)), "three responses of 5 bytes: {shown:?}");
}
