//! Case files, right and wrong.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::catalogue::Catalogue;

fn parse(text: &str) -> Result<CaseFile, CaseError> {
    CaseFile::parse("saltmine.toml", text, &Catalogue::builtin().unwrap())
}

const WHOLE: &str = r#"
title = "Case 26-0417"
examiner = "A. Okafor"
timezone = "Europe/Berlin"
work_hours = "08:00-18:00"
input = "case.lake"
own_accounts = ["111122223333", "444455556666"]
own_networks = ["203.0.113.0/24", "2001:db8::1"]
own_buckets = ["halite-lake"]

[incident]
since = 2026-03-05T14:00:00Z
until = "2026-03-08"

[[known_work]]
query = "mass-delete"
principal = "*:role/retention-job"
network = "10.0.0.0/8"
bucket = "halite-*"
why = "nightly retention, ticket 812"

[parameters.mass-delete]
keys = 500

[parameters.off-hours]
utc_offset = "2 hours"

[[notes]]
incident = 2
text = "confirmed"
"#;

#[test]
fn a_whole_file_is_understood() {
    let case = parse(WHOLE).unwrap();
    assert_eq!(case.title.as_deref(), Some("Case 26-0417"));
    assert_eq!(case.timezone.as_ref().unwrap().name(), "Europe/Berlin");
    assert_eq!(case.own_networks[1].to_string(), "2001:db8::1/128");
    assert_eq!(case.incident.since.unwrap().to_string(), "2026-03-05T14:00:00Z");
    assert_eq!(case.incident.until.unwrap().to_string(), "2026-03-08T00:00:00Z");
    assert_eq!(case.known_work[0].network.unwrap().to_string(), "10.0.0.0/8");
    assert_eq!(case.notes[0].incident, Some(2));
    assert_eq!(parse("").unwrap(), CaseFile::default());
}

#[test]
fn parameters_are_those_that_are_given_and_those_that_follow() {
    let (case, catalogue) = (parse(WHOLE).unwrap(), Catalogue::builtin().unwrap());
    let of = |name: &str| -> Vec<(String, String)> { case.parameters_of(catalogue.get(name).unwrap()) };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(of("mass-delete"), pairs(&[("keys", "500")]));
    assert_eq!(of("off-hours"), pairs(&[("utc_offset", "2 hours"), ("from_hour", "8"), ("to_hour", "18")]));
    assert_eq!(of("billed-denials"), pairs(&[("own_accounts", "111122223333,444455556666")]));
    assert_eq!(
        of("last-known-good").iter().find(|(name, _)| name == "incident_at").unwrap().1,
        "2026-03-05T14:00:00Z"
    );
    for query in catalogue.queries() {
        query.params(&case.parameters_of(query)).unwrap();
    }
    let zone = parse("timezone = \"America/New_York\"\n[incident]\nsince = 2026-07-01").unwrap();
    assert_eq!(
        zone.parameters_of(catalogue.get("off-hours").unwrap()),
        pairs(&[("utc_offset", "-240 minutes")])
    );
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_with_what_is_expected() {
    for (text, expected) in [
        ("titel = \"x\"", "saltmine.toml:1: unknown key \"titel\"; did you mean title?"),
        ("\n\ncolour = 1", "saltmine.toml:3: unknown key \"colour\"; expected title, examiner"),
        ("title = 5", ":1: title: expected text in quotes, found an integer"),
        ("title = \" \"", ":1: title: is empty"),
        ("title = \"x", ":1: not TOML: "),
        ("title = \"a\"\ntitle = \"b\"", ":2: not TOML: duplicate key"),
        ("timezone = \"Europe/Berln\"", "there is no time zone \"Europe/Berln\"; expected a name such as"),
        ("work_hours = \"9 to 5\"", "expected a range such as \"08:00-18:00\""),
        (
            "own_accounts = \"111122223333\"",
            "own_accounts: expected a list such as [\"…\", \"…\"], found text",
        ),
        ("own_accounts = [\"1111\"]", "\"1111\" is not an account id; expected 12 digits"),
        ("own_accounts = [111122223333]", "own_accounts: expected text in quotes, found an integer"),
        (
            "own_networks = [\n\"10.0.0.0/33\"]",
            ":2: own_networks: \"10.0.0.0/33\" is not a network; expected an address or a network",
        ),
        ("[incident]\nsince = 5", ":2: incident.since: expected a time such as 2026-03-05T14:00:00Z"),
        (
            "[incident]\nsince = 2026-03-05\nuntil = 2026-03-04",
            ":3: incident.until 2026-03-04T00:00:00Z is not after",
        ),
        ("[incident]\nfrom = 2026-03-05", "unknown key \"incident.from\"; expected since, until"),
        ("[[known_work]]\nbucket = \"b\"", ":1: known_work 1: why is missing"),
        ("[[known_work]]\nwhy = \"b\"", "an entry without them would accept everything"),
        ("[[known_work]]\nprincipal = \"**\"\nwhy = \"b\"", "an entry without them would accept everything"),
        (
            "[[known_work]]\nrequester = \"x\"\nbucket = \"b\"\nwhy = \"b\"",
            ":2: unknown key \"known_work 1.requester\"",
        ),
        (
            "[[known_work]]\nquery = \"mass-delet\"\nbucket = \"b\"\nwhy = \"b\"",
            ":2: known_work 1.query: there is no query mass-delet; did you mean mass-delete?",
        ),
        ("[known_work]\nwhy = \"b\"", "known_work: expected tables [[known_work]], found a table"),
        (
            "[parameters.mass-delete]\nkees = 5",
            ":2: [parameters.mass-delete]: mass-delete has no parameter \"kees\"; did you mean keys?",
        ),
        (
            "[parameters.mass-delete]\nkeys = \"many\"",
            ":2: [parameters.mass-delete]: keys: \"many\" is not an integer",
        ),
        (
            "[parameters.mass-delet]\nkeys = 5",
            ":1: [parameters.mass-delet]: there is no query mass-delet; did you mean",
        ),
        ("[parameters]\nmass-delete = 5", "expected NAME = VALUE pairs, found an integer"),
        ("[[notes]]\ntext = \"x\"", "expected the number of an incident, or a principal"),
        (
            "[[notes]]\nincident = \"two\"\ntext = \"x\"",
            "notes 1.incident: expected the number of an incident",
        ),
        ("[[notes]]\nincident = 1", "text is missing"),
    ] {
        let problem = parse(text).unwrap_err().to_string();
        assert!(problem.contains(expected), "{text}\n{problem}");
    }
    let several = parse("a = 1\nb = 2\n").unwrap_err();
    assert_eq!(several.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 2]);
    let many: String = (0..50).map(|number| format!("a{number} = 1\n")).collect();
    assert!(parse(&many).unwrap_err().to_string().ends_with("+ 30 more problems"));
}

/// The parser limits nesting, so that no file can exhaust the stack.
#[test]
fn deep_nesting_is_refused() {
    let deep = format!("title = {}", "[".repeat(100_000));
    assert!(parse(&deep).is_err());
    let deep = format!("[{}a]\nb = 1", "a.".repeat(60_000));
    assert!(parse(&deep).is_err());
}

#[test]
fn a_file_in_a_dataset_stays_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let catalogue = Catalogue::builtin().unwrap();
    for (input, is_inside) in [
        ("part", true),
        ("./part", true),
        ("../other", false),
        ("part/../../other", false),
        ("/etc", false),
        ("s3://bucket/x", false),
        ("-", false),
    ] {
        std::fs::write(&path, format!("input = \"{input}\"")).unwrap();
        assert_eq!(CaseFile::read(&path, Trust::Dataset, &catalogue).is_ok(), is_inside, "{input}");
        assert!(CaseFile::read(&path, Trust::Own, &catalogue).is_ok(), "{input}");
    }
    std::fs::write(&path, "# ".to_owned() + &"x".repeat(MAX_BYTES as usize)).unwrap();
    let problem = CaseFile::read(&path, Trust::Own, &catalogue).unwrap_err().to_string();
    assert!(problem.ends_with("larger than 256 kB, the limit for case files"), "{problem}");
    std::fs::write(&path, b"title = \"\xff\"").unwrap();
    assert!(CaseFile::read(&path, Trust::Own, &catalogue).unwrap_err().to_string().contains("not UTF-8"));
    let missing = CaseFile::read(&folder.path().join("none"), Trust::Own, &catalogue).unwrap_err();
    assert!(missing.to_string().contains("none: "), "{missing}");
    #[cfg(unix)]
    {
        let link = folder.path().join("link");
        std::fs::write(&path, "title = \"x\"").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(CaseFile::read(&link, Trust::Own, &catalogue).is_ok());
        assert!(
            CaseFile::read(&link, Trust::Dataset, &catalogue).is_err(),
            "links could lead out of the dataset"
        );
    }
}

#[test]
fn notes_and_windows_are_on_what_they_say() {
    let note = |incident: Option<usize>, principal: Option<&str>| Note {
        incident,
        principal: principal.map(str::to_owned),
        text: "x".to_owned(),
    };
    let principals = ["111122223333:user/ann"];
    assert!(note(Some(2), None).is_on(2, &principals) && !note(Some(2), None).is_on(1, &principals));
    assert!(note(None, Some("*:user/ann")).is_on(1, &principals));
    assert!(!note(None, Some("*:user/bob")).is_on(1, &principals));
    let window = IncidentWindow { since: Some(Time(10)), until: Some(Time(20)) };
    assert!(window.excludes(Time(1), Time(9)) && window.excludes(Time(20), Time(30)));
    assert!(!window.excludes(Time(1), Time(10)) && !window.excludes(Time(19), Time(19)));
    assert!(!IncidentWindow::default().excludes(Time(1), Time(9)));
}
