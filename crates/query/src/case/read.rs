//! Reads a case file, which must be a small regular file. A case file in a dataset must not refer outside of the dataset.

use std::io::{self, Read};
use std::path::{Component, Path};

use super::{CaseError, CaseFile, CaseProblem};
use crate::catalogue::Catalogue;

/// Maximum size of a case file in bytes.
pub const MAX_BYTES: u64 = 256 * 1024;

/// The origin of a case file, which determines what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The user's own file: named explicitly, or in the working folder.
    Own,
    /// A file in a dataset, which may come from someone else.
    Dataset,
}

impl CaseFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// If the file cannot be read, is too large or not a regular file; otherwise all problems in it.
    pub fn read(path: &Path, trust: Trust, catalogue: &Catalogue) -> Result<Self, CaseError> {
        let name = path.display().to_string();
        let whole =
            |text: String| CaseError { file: name.clone(), problems: vec![CaseProblem { line: 0, text }] };
        let text = text(path, trust).map_err(whole)?;
        let case = Self::parse(&name, &text, catalogue)?;
        match &case.input {
            Some(input) if trust == Trust::Dataset && !is_inside(input) => Err(whole(format!(
                "input {input:?} is outside of the dataset's folder; a case file in a dataset may only refer to paths in that dataset"
            ))),
            _ => Ok(case),
        }
    }
}

/// Whether a relative path stays within its folder.
fn is_inside(path: &str) -> bool {
    !path.contains("://")
        && path != "-"
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn text(path: &Path, trust: Trust) -> Result<String, String> {
    // A link in a dataset could lead anywhere, and reading a FIFO would block.
    let about = match trust {
        Trust::Own => std::fs::metadata(path),
        Trust::Dataset => std::fs::symlink_metadata(path),
    };
    if !about.map_err(plain)?.is_file() {
        return Err("not a regular file; expected a TOML file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(plain)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(plain)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("larger than {} kB, the limit for case files", MAX_BYTES / 1024));
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8 text; expected a TOML file".to_owned())
}

fn plain(error: io::Error) -> String {
    error.to_string()
}
