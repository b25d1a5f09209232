//! Case files that are invalid, refer to files outside of their dataset, or contain hostile text.

use predicates::prelude::*;
use predicates::str::contains;

use crate::{Folder, KNOWN, MASS_DELETE};

#[test]
fn errors_name_the_line_and_the_expected_value() {
    let folder = Folder::new();
    for (text, expected) in [
        ("titel = \"x\"", "error: saltmine.toml:1: unknown key \"titel\"; did you mean title?"),
        (
            "\ntimezone = \"Europe/Berln\"",
            "saltmine.toml:2: timezone: there is no time zone \"Europe/Berln\"; expected a name",
        ),
        ("timezone = \"berlin\"", "did you mean Europe/Berlin?"),
        (
            "[[known_work]]\nquery = \"mass-delet\"\nbucket = \"b\"\nwhy = \"x\"",
            ":2: known_work 1.query: there is no query mass-delet; did you mean mass-delete?",
        ),
        ("title = ", "saltmine.toml:1: not TOML: "),
    ] {
        folder.write("saltmine.toml", text);
        for command in [&["case", "check"][..], &["case", "show"], &MASS_DELETE] {
            folder.saltmine(command).assert().code(1).stdout("").stderr(contains(expected));
        }
    }
    folder.saltmine(&[&MASS_DELETE[..], &["--no-case"]].concat()).assert().success();
    folder
        .saltmine(&[&MASS_DELETE[..], &["--case", "none.toml"]].concat())
        .assert()
        .code(1)
        .stderr(contains("none.toml: "));
    for zone in ["Mars/Olympus", "+25:00"] {
        let command = [&MASS_DELETE[..], &["--no-case", "--tz", zone]].concat();
        folder.saltmine(&command).assert().code(2).stderr(contains("there is no time zone"));
    }
}

/// A dataset and its case file may come from someone else.
#[test]
fn a_case_file_in_a_dataset_cannot_refer_outside() {
    let folder = Folder::with_dataset();
    let ask = ["hunt", "case.lake", "--name", "mass-delete"];
    for input in ["../logs", "/etc", "s3://bucket/key"] {
        folder.write("case.lake/saltmine.toml", &format!("input = \"{input}\"\n"));
        folder.saltmine(&ask).assert().code(1).stderr(contains("is outside of the dataset's folder"));
    }
    let file = folder.0.path().join("case.lake/saltmine.toml");
    std::fs::remove_file(&file).unwrap();
    folder.write("secret", "password");
    std::os::unix::fs::symlink("../secret", &file).unwrap();
    let refused = contains("not a regular file").and(contains("password").not());
    folder.saltmine(&ask).assert().code(1).stderr(refused);
    std::fs::remove_file(&file).unwrap();
    folder.write("case.lake/saltmine.toml", &"#".repeat(300_000));
    folder.saltmine(&ask).assert().code(1).stderr(contains("larger than 256 kB"));
    // The same if the dataset is the working folder.
    folder.write("case.lake/saltmine.toml", "input = \"../logs\"\n");
    let mut command = folder.saltmine(&["hunt", "--name", "mass-delete"]);
    command.current_dir(folder.0.path().join("case.lake"));
    command.assert().code(1).stderr(contains("is outside of the dataset's folder"));
    // Parameters set by the file are reported.
    folder.write("case.lake/saltmine.toml", "[parameters.mass-delete]\nkeys = 100000\n");
    let note = contains("note: the case file sets mass-delete.keys=100000");
    let assert = folder.saltmine(&ask).assert().success().stderr(note);
    assert.stdout(contains("parameters differ"));
    let own = [&ask[..], &["-p", "mass-delete.keys=100"]].concat();
    folder.saltmine(&own).assert().success().stdout(contains("1 finding"));
}

#[test]
fn hostile_text_in_a_case_file_is_inert() {
    let folder = Folder::new();
    let evil = "\\u001b[31mred\\u202e<script>|www.evil.example";
    folder.write(
        "saltmine.toml",
        &KNOWN.replace("Case 26-0417", evil).replace("quarterly clean-up", evil).replace("A. Okafor", evil),
    );
    for arguments in [
        &["case", "show"][..],
        &MASS_DELETE,
        &[&MASS_DELETE[..], &["--details"]].concat(),
        &[&MASS_DELETE[..], &["--format", "markdown"]].concat(),
    ] {
        let output = folder.saltmine(arguments).assert().success().get_output().clone();
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8(text).unwrap();
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{arguments:?}: {text}");
        }
    }
    let markdown = folder.stdout(&[&MASS_DELETE[..], &["--format", "markdown"]].concat());
    assert!(!markdown.contains("<script>") && !markdown.contains("www.evil"), "{markdown}");
    let report = folder.json(&[&MASS_DELETE[..], &["--format", "json"]].concat());
    assert_eq!(report["accepted"][0]["why"], "\u{1b}[31mred\u{202e}<script>|www.evil.example, ticket 812");
}
