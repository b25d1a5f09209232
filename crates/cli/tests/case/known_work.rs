//! Known work: what matches it is accepted, shown with its reason, and counted nowhere else.

use predicates::str::contains;
use serde_json::Value;

use crate::{Folder, KNOWN, MASS_DELETE};

#[test]
fn known_work_is_shown_as_accepted_with_its_reason() {
    let folder = Folder::new();
    folder.write("saltmine.toml", KNOWN);
    let command = [&MASS_DELETE[..], &["--fail-on", "low"]].concat();
    let assert = folder.saltmine(&command).assert().success();
    let output = assert.stderr(contains("note: using case file saltmine.toml (1 entry of known work)"));
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for part in [
        "Case 26-0417 · A. Okafor · case file saltmine.toml (1 entry of known work)",
        "1 detection ran: 0 findings.",
        "Known work, accepted and not counted above: 1 row by 1 entry of the case file",
        "medium    mass-delete: 1 row, 600 requests by ops-maintenance/cleanup-7f2a (Mass deletion",
        "known_work 1: quarterly clean-up, ticket 812",
        "All that was found is known work.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let report = folder.json(&[&MASS_DELETE[..], &["--format", "json"]].concat());
    assert_eq!(
        (&report["findings"], &report["incidents"], &report["actors"]),
        (&Value::Array(vec![]), &Value::Array(vec![]), &Value::Array(vec![]))
    );
    let accepted = &report["accepted"][0];
    assert_eq!((&accepted["rows"], &accepted["events"]), (&1.into(), &600.into()));
    assert_eq!(accepted["why"], "quarterly clean-up, ticket 812");
    assert_eq!(
        (&report["case"]["file"], &report["case"]["title"]),
        (&"saltmine.toml".into(), &"Case 26-0417".into())
    );
    let details = folder.stdout(&[&MASS_DELETE[..], &["--details"]].concat());
    assert!(
        details.contains("ACCEPTED (medium)") && details.contains("on halite-archive: 600 requests"),
        "{details}"
    );
    let shown = folder.stdout(&[&MASS_DELETE[..], &["--show", "mass-delete"]].concat());
    assert!(shown.contains("ACCEPTED (medium)") && shown.contains("SQL of mass-delete"), "{shown}");
    let markdown = folder.stdout(&[&MASS_DELETE[..], &["--format", "markdown"]].concat());
    assert!(markdown.contains("# Known work") && markdown.contains("ticket 812"), "{markdown}");
    let csv = [&MASS_DELETE[..], &["--format", "csv"]].concat();
    folder
        .saltmine(&csv)
        .assert()
        .success()
        .stderr(contains("1 row of known work not shown; --format json has"));
    // Its requests can still be shown: the deletes, and the six calls that requested them.
    let timeline = ["timeline", "logs", "--finding", "mass-delete", "--rows", "--format", "csv"];
    let rows = folder.stdout(&timeline);
    let of = |operation: &str| rows.lines().filter(|line| line.contains(operation)).count();
    assert_eq!((of(",BATCH.DELETE.OBJECT,"), of(",REST.POST.MULTI_OBJECT_DELETE,")), (600, 6));
    assert_eq!(rows, folder.stdout(&[&timeline[..], &["--no-case"]].concat()));
}

#[test]
fn findings_that_differ_from_known_work_remain() {
    let folder = Folder::new();
    for (right, wrong) in [
        ("role/ops-maintenance", "role/ops-other"),
        ("198.51.100.0/24", "203.0.113.0/24"),
        ("\"mass-delete\"", "\"version-purge\""),
        ("why =", "bucket = \"halite-l*\"\nwhy ="),
    ] {
        folder.write("saltmine.toml", &KNOWN.replace(right, wrong));
        let report = folder.json(&[&MASS_DELETE[..], &["--format", "json"]].concat());
        assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{wrong}");
        assert!(report["accepted"].as_array().unwrap().is_empty(), "{wrong}");
    }
    folder.saltmine(&[&MASS_DELETE[..], &["--fail-on", "low"]].concat()).assert().code(4);
}

/// Known work is excluded from incidents, their numbers and the totals.
#[test]
fn incidents_exclude_known_work_and_show_notes() {
    let folder = Folder::new();
    folder.write(
        "saltmine.toml",
        "timezone = \"Europe/Berlin\"\nwork_hours = \"08:00-18:00\"\n\
         [incident]\nsince = 2026-03-06\n\
         [[known_work]]\nprincipal = \"*:user/old-admin\"\nnetwork = \"198.51.100.66\"\nwhy = \"red team, 5 March\"\n\
         [[known_work]]\nprincipal = \"nobody\"\nwhy = \"misspelt\"\n\
         [[notes]]\nprincipal = \"*:user/m.keller\"\ntext = \"key disabled 03:10Z\"\n",
    );
    let hunt = folder.saltmine(&["hunt", "logs", "--format", "json"]).assert().success();
    let hunt = hunt.stderr(contains("note: case file: known_work 2 matches no row"));
    let report: Value = serde_json::from_slice(&hunt.get_output().stdout).unwrap();
    let incidents = report["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 2, "{incidents:#?}");
    let old_admin = report["accepted"].as_array().unwrap();
    assert!(old_admin.iter().any(|accepted| accepted["query"] == "guardrail-strip"), "{old_admin:#?}");
    assert!(old_admin.iter().all(|accepted| accepted["why"] == "red team, 5 March"));
    assert_eq!(incidents[0]["playbooks"][0], "ransom");
    let night = &incidents[1];
    assert_eq!(
        (&night["notes"][0], &night["outside_window"]),
        (&"key disabled 03:10Z".into(), &false.into())
    );
    // JSON has UTC only.
    assert_eq!(night["first_seen"], "2026-03-07T02:00:30Z");

    let text = folder.stdout(&["hunt", "logs"]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "times are UTC, with local times of Europe/Berlin below",
        "Fri 06 Mar 04:02–04:26 +01:00 · outside working hours",
        "Playbook: saltmine playbook ransom",
        "Note: key disabled 03:10Z",
        "red team, 5 March",
    ] {
        assert!(words.contains(part), "{part}: {text}");
    }
    assert!(text.lines().count() <= 50, "{text}");
    let text = folder.stdout(&["hunt", "logs", "--show", "2"]);
    for part in [
        "local time of Europe/Berlin: Sat 07 Mar 03:00–03:28 +01:00",
        "Playbook\n",
        "Notes\n  - key disabled",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The page shows accepted findings, the examiner, notes on incidents, playbooks and local times. Under redaction, it
/// names nobody.
#[test]
fn the_report_names_the_case_and_what_is_accepted() {
    let folder = Folder::new();
    let case = format!(
        "work_hours = \"10:00-18:00\"\n{}[[notes]]\nprincipal = \"*:role/backup-operator\"\n\
         text = \"restored <i>by</i> B. Ek\"\n[parameters.mass-delete]\nkeys = 90\n",
        KNOWN.replace("A. Okafor", "<b>A. Okafor")
    );
    folder.write("saltmine.toml", &case);
    let report = ["report", "logs", "--pack", "destruction", "--tz", "Asia/Kolkata", "-o", "page.html"];
    folder.saltmine(&report).assert().success();
    let page = folder.read("page.html");
    for part in [
        "<title>Case 26-0417",
        "&lt;b&gt;A. Okafor",
        "mass-delete.keys=90",
        "quarterly clean-up, ticket 812",
        "Asia/Kolkata",
        "+05:30",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<b>A. Okafor") && !page.contains("<i>by</i>"));
    let incident = |page: &str| {
        let card = page.split("id=\"i-1\"").nth(1).unwrap();
        card.split("</details>").next().unwrap().to_owned()
    };
    let local = "Fri 06 Mar 08:32–08:56 +05:30 · outside working hours";
    let playbook = "Playbook: <code>saltmine playbook ransom</code>";
    for part in [local, playbook, "</strong> restored &lt;i&gt;by&lt;/i&gt; B. Ek"] {
        assert!(incident(&page).contains(part), "{part}: {}", incident(&page));
    }

    folder.saltmine(&[&report[..], &["--redact", "all"]].concat()).assert().success();
    let page = folder.read("page.html");
    for part in [local, playbook] {
        assert!(incident(&page).contains(part), "{part}");
    }
    for name in ["26-0417", "Okafor", "B. Ek", "restored &lt;", "ticket 812"] {
        assert!(!page.contains(name), "{name}");
    }
}

#[test]
fn the_case_file_is_redacted() {
    let folder = Folder::new();
    folder.write("saltmine.toml", &KNOWN.replace("quarterly clean-up", "by Ann Other of ops-maintenance"));
    for format in ["table", "json", "markdown"] {
        let text = folder.stdout(&[&MASS_DELETE[..], &["--redact=all", "--format", format]].concat());
        for name in ["Ann Other", "ops-maintenance", "198.51.100", "111122223333"] {
            assert!(!text.contains(name), "{format}: {name}: {text}");
        }
        assert!(text.contains("accepted") || text.contains("# Known work"), "{format}: {text}");
    }
}
