//! Every command in the README does what it says.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The commands in the README's `sh` blocks that run `saltmine`, in order, but for those that need S3, which
/// `scripts/test-s3` runs.
fn commands(readme: &str) -> Vec<String> {
    let blocks = readme.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let lines =
        blocks.flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| line.starts_with("saltmine ") && !line.contains("s3://")).collect()
}

#[test]
fn every_command_of_the_readme_works() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let commands = commands(&readme);
    assert!(commands.len() >= 6, "the README shows commands: {commands:?}");
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("samples"), folder.path().join("samples")).unwrap();
    let bin = assert_cmd::cargo::cargo_bin!("saltmine").parent().unwrap().to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for command in commands {
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        // 3: the samples hold lines that cannot be read, on purpose.
        let is_fine = matches!(output.status.code(), Some(0 | 3));
        assert!(is_fine, "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}
