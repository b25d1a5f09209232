//! `saltmine report`, as far as no browser is needed. `scripts/test-report` opens the page in one.

#![allow(clippy::unwrap_used, missing_docs)]

mod page;
mod story;

use std::path::{Path, PathBuf};

use assert_cmd::Command;

const ATTACK: &str = "samples/attack";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn saltmine(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("saltmine"));
    command.current_dir(root()).args(arguments);
    command
}

/// Standard output of a command that succeeds. Code 3 means rejected lines.
fn stdout(arguments: &[&str]) -> String {
    let output = saltmine(arguments).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The page of a report with these arguments.
fn page(arguments: &[&str]) -> String {
    stdout(&[&["report", "-o", "-"], arguments].concat())
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).unwrap_or_else(|| panic!("no {begin}")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} after {begin}")).0
}

/// HTML text as displayed: entities are resolved.
fn unescaped(html: &str) -> String {
    let text = html.replace("<wbr>", "");
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, mark)| text.replace(entity, mark))
}

/// The text of an HTML fragment, without its tags.
fn visible_text(html: &str) -> String {
    let mut text = String::new();
    for part in html.replace("<wbr>", "").split('<') {
        text += part.split_once('>').map_or(part, |(_, rest)| rest);
        text.push(' ');
    }
    unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}
