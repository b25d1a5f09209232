//! Every command in the READMEs works.

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
fn the_readme_is_short_and_its_links_lead_somewhere() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 150);
    let links = readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(root().join(link).exists(), "{link}");
    }
}
