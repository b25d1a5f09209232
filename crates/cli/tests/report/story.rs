//! The parts before the figures: the verdict, incidents, pictures and lists.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use flate2::read::MultiGzDecoder;
use predicates::str::contains;
use serde_json::Value;

use crate::{ATTACK, between, page, root, saltmine, stdout, visible_text};

static PAGE: LazyLock<String> = LazyLock::new(|| page(&[ATTACK]));
static HUNT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&stdout(&["hunt", ATTACK, "--format", "json"])).unwrap());

fn section<'a>(page: &'a str, id: &str) -> &'a str {
    between(page, &format!("<section id=\"{id}\""), "</section>")
}

/// The texts of a table's cells.
fn rows(page: &str, table: &str) -> Vec<Vec<String>> {
    let body = between(between(page, &format!("id=\"t-{table}\""), "</table>"), "<tbody>", "</tbody>");
    let cells = |row: &str| {
        row.split("<td").skip(1).map(|cell| visible_text(cell.split_once('>').unwrap().1)).collect::<Vec<_>>()
    };
    body.split("<tr>").skip(1).map(cells).collect()
}

fn incident(name: &str) -> &'static Value {
    let is = |incident: &&Value| incident["actors"][0]["principal"].as_str().unwrap().contains(name);
    HUNT["incidents"].as_array().unwrap().iter().find(is).unwrap()
}

#[test]
fn the_first_page_answers_the_first_questions() {
    let text = visible_text(section(&PAGE, "summary"));
    for question in
        ["What happened", "Who and when", "Still going on?", "Taken", "Destroyed", "Changed", "Do first"]
    {
        assert!(text.contains(question), "{question}: {text}");
    }
    for incident in HUNT["incidents"].as_array().unwrap() {
        for part in ["title", "headline"] {
            assert!(text.contains(incident[part].as_str().unwrap()), "{part}: {text}");
        }
        let actor = &incident["actors"][0];
        let who =
            format!("{} from {}", actor["name"].as_str().unwrap(), actor["remote_ips"][0].as_str().unwrap());
        assert!(text.contains(&who), "{who}: {text}");
    }
    for answer in [
        "Fri 06 Mar 03:02–03:26 UTC",
        "330 objects (16.3 GB) in halite-lake by user/m.keller",
        "120 objects (11.8 MB) overwritten in halite-reports by backup-operator/sess-4471",
        "Not in these logs: last seen 21 h before the logs end.",
        "40 requests by others for 40 objects have failed since.",
        incident("backup-operator")["next_steps"]["containment"][0].as_str().unwrap(),
    ] {
        assert!(text.contains(answer), "{answer}: {text}");
    }
}

#[test]
fn sections_follow_the_order_of_the_questions() {
    let mut outline = String::new();
    for part in PAGE.split("<section id=\"").skip(1) {
        let part = part.split("</section>").next().unwrap();
        outline += &format!(
            "{}: {}\n",
            part.split('"').next().unwrap(),
            visible_text(between(part, "<h2", "</h2>").split_once('>').unwrap().1)
        );
        for figure in part.split("<div class=\"figure\" id=\"").skip(1) {
            outline += &format!(
                "  {}: {}\n",
                figure.split('"').next().unwrap(),
                visible_text(between(figure, "<h3>", "</h3>"))
            );
            if let Some((_, table)) = figure.split_once("<table class=\"data\"") {
                let headings = between(table, "<thead><tr>", "</tr></thead>");
                let headings: Vec<String> =
                    headings.split("</th>").map(visible_text).filter(|text| !text.is_empty()).collect();
                outline += &format!("    {}\n", headings.join(" | "));
            }
        }
    }
    insta::assert_snapshot!(outline);
}

#[test]
fn incidents_and_findings_are_collapsed_to_one_line_each() {
    assert!(!PAGE.contains(" open>"));
    let incidents = HUNT["incidents"].as_array().unwrap();
    assert_eq!(PAGE.matches("<details class=\"incident ").count(), incidents.len());
    for incident in incidents {
        let number = incident["number"].as_u64().unwrap();
        let card = between(&PAGE, &format!("id=\"i-{number}\""), "</details>");
        let text = visible_text(card);
        for phase in incident["phases"].as_array().unwrap() {
            assert!(text.contains(phase["text"].as_str().unwrap()), "{number}: {phase}");
        }
        for finding in incident["findings"].as_array().unwrap() {
            let anchor =
                format!("f-{}-{}", finding["query"].as_str().unwrap(), finding["severity"].as_str().unwrap());
            assert!(card.contains(&format!("href=\"#{anchor}\"")), "{anchor}");
        }
    }
    // All links lead somewhere.
    let links: BTreeSet<&str> =
        PAGE.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for link in &links {
        assert_eq!(PAGE.matches(&format!(" id=\"{link}\"")).count(), 1, "{link}");
    }
    assert!(links.len() > 40, "{}", links.len());
}

#[test]
fn the_picture_has_a_lane_per_actor_with_its_phases() {
    let picture = section(&PAGE, "timeline");
    let marks: Vec<&str> =
        picture.split("<title>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    for mark in [
        "Exfiltration: 330 requests, 16.3 GB, Sat 07 Mar 02:00–02:28 UTC, user/m.keller",
        "Destruction: 121 requests, ",
        "Cover-up: ",
    ] {
        assert!(marks.iter().any(|text| text.starts_with(mark)), "{mark}: {marks:?}");
    }
    let actors = HUNT["actors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|actor| matches!(actor["severity"].as_str().unwrap(), "medium" | "high" | "critical"));
    let lanes: usize = HUNT["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|incident| incident["actors"].as_array().unwrap().len())
        .sum();
    assert_eq!(picture.matches("<div class=\"lane\">").count(), lanes + actors.count());
}

/// The lists of the page equal the output of `saltmine export`.
#[test]
fn lists_equal_the_exports() {
    for (name, what) in [("m.keller", "taken"), ("backup-operator", "destroyed")] {
        let number = incident(name)["number"].as_u64().unwrap().to_string();
        let csv = stdout(&["export", ATTACK, "--incident", &number, "--what", what, "--format", "ndjson"]);
        let exported: BTreeSet<String> = csv
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["object_key"].as_str().unwrap().to_owned()
            })
            .collect();
        let listed: BTreeSet<String> =
            rows(&PAGE, what).into_iter().filter(|row| row[0] == number).map(|row| row[2].clone()).collect();
        assert!(listed.is_subset(&exported), "{what}");
        assert_eq!(listed.len(), exported.len().min(150), "{what}");
    }
    let settings = rows(&PAGE, "changed");
    assert!(settings.iter().any(|row| row[2] == "Bucket policy removed"), "{settings:?}");
    let text = visible_text(section(&PAGE, "lost"));
    assert!(text.contains("are listed here. All of them, whole: saltmine export"), "{text}");
}

#[test]
fn the_matrix_counts_what_each_actor_did() {
    let matrix = rows(&PAGE, "matrix");
    let row = |name: &str| matrix.iter().find(|row| row[1].contains(name)).unwrap();
    assert!(row("m.keller")[4].starts_with("330 (16.3 GB)"), "{matrix:?}");
    assert!(row("backup-operator/sess-4471")[5].starts_with("12"), "{matrix:?}");
    assert!(between(&PAGE, "id=\"t-matrix\"", "</table>").contains("class=\"num fresh\""));
    assert!(matrix.iter().filter(|row| row[0] == "–").count() >= 5, "{matrix:?}");
}

/// A copy of the sample logs with words replaced.
fn rewritten(words: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut folders = vec![root().join(ATTACK)];
    let mut count = 0;
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut text = String::new();
            MultiGzDecoder::new(fs::File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
            let text = words.iter().fold(text, |text, (from, to)| text.replace(from, to));
            fs::write(folder.path().join(format!("log{count}")), text).unwrap();
            count += 1;
        }
    }
    folder
}

#[test]
fn hostile_names_in_an_incident_stay_text() {
    let words = [
        ("user/m.keller", "user/<img>keller"),
        ("sess-4471", "\"><i>\u{202e}"),
        ("curated/", "%253C%252Fscript%253E%253Cscript%253E/"),
        ("halite-lake", "halite-<b>"),
    ];
    let logs = rewritten(&words);
    let page = page(&[logs.path().to_str().unwrap()]);
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
    for mark in ["<img", "<i>", "halite-<b>", "\u{202e}"] {
        assert!(!page.contains(mark), "{mark:?}");
    }
    let pictures = page.matches("<svg class=\"picture").count() + page.matches("<svg width=\"100%\"").count();
    assert_eq!(page.matches("<svg").count(), pictures);
    let text = visible_text(section(&page, "summary"));
    assert!(text.contains("user/<img>keller") && text.contains("\"><i>\\u{202E}"), "{text}");
    assert!(visible_text(section(&page, "lost")).contains("</script><script>/"));
    // Attributes end where they should.
    for attribute in page.split(" data-e=\"").skip(1) {
        let value = attribute.split('"').next().unwrap();
        assert!(!value.contains('<') && !value.contains('>'), "{value}");
    }
}

#[test]
fn long_keys_do_not_make_the_page_too_large() {
    let long = format!("{}/", "%3C".repeat(280));
    let logs = rewritten(&[("curated/", &long), ("ledger/", &long)]);
    let page = page(&[logs.path().to_str().unwrap()]);
    assert!(page.len() <= 3_000_000, "{}", page.len());
}

#[test]
fn the_examiners_summary_comes_first_and_is_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.md");
    fs::write(&file, "# Case 7\nThe **key** was <i>leaked</i>.\n\n- one\n- [two](javascript:x)\n").unwrap();
    let file = file.to_str().unwrap();
    let words = ["report", ATTACK, "--pack", "destruction", "--summary", file, "-o", "-"];
    let page = stdout(&words);
    assert!(page.find("<section id=\"examiner\"").unwrap() < page.find("<section id=\"summary\"").unwrap());
    let text = section(&page, "examiner");
    assert!(
        text.contains("<h3>Case 7</h3>")
            && text.contains("<strong>key</strong> was &lt;i&gt;leaked&lt;/i&gt;."),
        "{text}"
    );
    assert!(text.contains("<li>[two](javascript:x)</li>"), "{text}");
    assert!(!PAGE.contains("<section id=\"examiner\""));
    saltmine(&["report", ATTACK, "--summary", "nowhere.md", "-o", "-"])
        .assert()
        .code(1)
        .stderr(contains("nowhere.md"));
    fs::write(file, "x".repeat(70_000)).unwrap();
    saltmine(&words).assert().code(2).stderr(contains("a summary has at most 64 kB"));
}

#[test]
fn other_file_extensions_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["report.pdf", "report.csv", "report.html.gz"] {
        let report = saltmine(&["report", ATTACK, "-o", &at(name)]).assert().code(2);
        report.stderr(contains("a report is written as .html; a browser prints it to PDF"));
        assert!(!Path::new(&at(name)).exists());
    }
    for command in [&["query", ATTACK, "SELECT 1"][..], &["export", ATTACK, "--incident", "1"]] {
        let answer = saltmine(&[command, &["-o", &at("rows.xlsx")]].concat()).assert().code(2);
        answer.stderr(contains("no format has this ending"));
        assert!(!Path::new(&at("rows.xlsx")).exists());
    }
    saltmine(&["query", ATTACK, "SELECT 1", "--format", "csv", "-o", &at("rows.xlsx")]).assert().success();
    saltmine(&["query", ATTACK, "SELECT 1", "-o", &at("rows")]).assert().success();
    assert_eq!(fs::read_to_string(at("rows")).unwrap().lines().count(), 2);
    saltmine(&["report", ATTACK, "--pack", "quality", "-o", &at("page.HTM")]).assert().success();
}
