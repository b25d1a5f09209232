//! Every command in the READMEs works, and every test that SECURITY.md names exists.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The pages whose commands are run. `crates/s3/README.md` needs a server: `scripts/test-s3` runs it.
const PAGES: [&str; 2] = ["README.md", "crates/query/README.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The commands in a page's `sh` blocks that run `saltmine`, in order.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let lines =
        blocks.flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| line.starts_with("saltmine ")).collect()
}

#[test]
fn every_command_of_the_readmes_works() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("samples"), folder.path().join("samples")).unwrap();
    let bin = assert_cmd::cargo::cargo_bin!("saltmine").parent().unwrap().to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for page in PAGES {
        let commands = commands(&std::fs::read_to_string(root().join(page)).unwrap());
        assert!(commands.len() >= 6, "{page} shows commands: {commands:?}");
        for command in commands {
            let output = Command::new("sh")
                .args(["-c", &command])
                .current_dir(folder.path())
                .env("PATH", &path)
                .output()
                .unwrap();
            // 3: the samples contain malformed lines on purpose.
            let fine = matches!(output.status.code(), Some(0 | 3));
            assert!(fine, "{page}: {command}\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// The README is the first page that people see.
#[test]
fn the_readme_is_short_and_its_links_work() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 150);
    let links = readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(root().join(link).exists(), "{link}");
    }
}

/// The text between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The source of a file, or of all files below a folder.
fn source(path: &Path) -> String {
    if path.is_file() {
        return std::fs::read_to_string(path).unwrap();
    }
    std::fs::read_dir(path).unwrap().map(|entry| source(&entry.unwrap().path())).collect()
}

/// Whether a source has a test of this name: a function after an attribute, or of a Python module.
fn has_test(source: &str, name: &str) -> bool {
    let is_test = |before: &str| {
        let lines = before.lines().rev().map(str::trim);
        let mut attributes =
            lines.take_while(|line| line.is_empty() || line.starts_with("#[") || *line == "async");
        attributes.any(|line| line.contains("test"))
    };
    let function = format!("fn {name}(");
    source.match_indices(&function).any(|(at, _)| is_test(&source[..at]))
        || source.contains(&format!("\ndef {name}("))
}

#[test]
fn every_test_that_security_names_exists() {
    let page = std::fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let is_path = |text: &str| ["crates/", "scripts/"].iter().any(|folder| text.starts_with(folder));
    for path in quoted(&page).filter(|text| is_path(text)) {
        let path = path.split(' ').next().unwrap();
        assert!(root().join(path).exists(), "{path}");
    }
    let proofs = page.split_once("### Which tests prove it\n").unwrap().1;
    let proofs = proofs.split("\n### ").next().unwrap();
    let (mut promise, mut missing) = (0, Vec::new());
    let mut file = String::new();
    for line in proofs.lines() {
        let number = line.split_once(". ").and_then(|(number, _)| number.parse::<u32>().ok());
        if let Some(number) = number {
            assert_eq!(number, promise + 1, "the promises are in order");
            (promise, file) = (number, String::new());
        }
        for text in quoted(line).filter(|_| promise > 0) {
            if is_path(text) {
                let path = root().join(text);
                file = if text.starts_with("scripts/test-") { String::new() } else { source(&path) };
            } else if !has_test(&file, text) {
                missing.push(format!("{promise}: {text}"));
            }
        }
    }
    let promises = page.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    assert_eq!(promises.count() as u32, promise, "every promise has its tests");
    assert!(missing.is_empty(), "tests that do not exist: {missing:#?}");
}
