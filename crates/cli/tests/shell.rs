//! `saltmine shell` reading from a pipe.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use assert_cmd::Command;
use predicates::str::contains;

fn shell(script: &str) -> assert_cmd::assert::Assert {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    command.args(["shell", "samples/attack"]).write_stdin(script).assert()
}

#[test]
fn statements_are_answered_one_after_the_other() {
    let script = "SELECT count(*) AS n FROM logs; SELECT ';' AS semicolon,\n 'it''s' AS quote\n;\n\\format csv\n\
                  SELECT 2 AS two; \\run dataset-card\nSELECT 'no end' AS last";
    let output = shell(script).success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn tables_are_listed_and_described() {
    let tables = shell("\\d\n").success();
    tables
        .stdout(contains("| public     | logs "))
        .stdout(contains("| rejects "))
        .stdout(contains("| athena     | s3_access_logs "));
    shell("\\d athena.s3_access_logs;\n").success().stdout(contains("requestdatetime"));
    shell("\\d logs;\n").success().stdout(contains("request_time"));
}

#[test]
fn an_error_is_shown_and_does_not_end_the_session() {
    let output =
        shell("SELECT kee FROM logs; \\nonsense\nSELECT 41 + 1 AS answer;\n\\q\nSELECT 'unreached';");
    output
        .code(1)
        .stderr(contains("Did you mean 'logs.key'?"))
        .stderr(contains("Unknown command. Type \\? for help"))
        .stdout(contains("42"))
        .stdout(predicates::prelude::PredicateBooleanExt::not(contains("unreached")));
    shell("DROP TABLE logs;").code(1).stderr(contains("refused"));
}

#[test]
fn exit_quit_and_help_are_understood() {
    for word in ["exit", "quit;", "EXIT", "\\q"] {
        let script = format!("SELECT 1 AS one;\n{word}\nSELECT 'unreached';");
        let output = shell(&script).success();
        let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(text.contains("one") && !text.contains("unreached"), "{word}: {text}");
    }
    shell("help\n").success().stdout(contains("\\timeline WHO"));
    // Within a statement, a word is SQL; a command with a backslash is still a command.
    shell("SELECT 'a' AS\nquit\n;\n").success().stdout(contains("quit"));
    let output = shell("SELECT 7\n\\format csv\nAS seven;\n").success();
    assert_eq!(String::from_utf8(output.get_output().stdout.clone()).unwrap(), "seven\n7\n");
    shell("SELECT '\n\\q\n' AS text;\n").success().stdout(contains("\\q"));
}

#[test]
fn rows_can_be_records_and_go_to_files() {
    shell("\\x\nSELECT bucket, count(*) AS n FROM logs GROUP BY 1 ORDER BY 2 DESC LIMIT 1;\n")
        .success()
        .stdout(contains("-[ row 1 ]-"))
        .stdout(contains("bucket  halite-"));
    let folder = tempfile::tempdir().unwrap();
    let (file, script) = (folder.path().join("a.csv"), folder.path().join("s.sql"));
    std::fs::write(&script, "SELECT 3 AS three;\nSELECT 4 AS four").unwrap();
    let typed = format!("\\o {}\nSELECT 2 AS two;\n\\i {}\n", file.display(), script.display());
    shell(&typed).success().stdout(contains("three")).stdout(contains("four"));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "two\n2\n");
    shell("\\timeline m.keller\n")
        .code(1)
        .stderr(contains("Did you mean arn:aws:iam::111122223333:user/m.keller"));
    shell("\\timeline 198.51.100.201\n").success().stdout(contains("user/m.keller"));
}
