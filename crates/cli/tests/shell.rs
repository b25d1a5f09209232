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
fn a_mistake_does_not_end_the_session_but_is_told() {
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
