//! Reads a case file: whole, small, a regular file, and within its folder if that may be a stranger's.

use std::io::{self, Read};
use std::path::{Component, Path};

use super::{CaseError, CaseFile, CaseProblem};
use crate::catalogue::Catalogue;

/// Most bytes of a case file.
pub const MOST_BYTES: u64 = 256 * 1024;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The person's own: it was named, or is in a folder of the person's.
    Own,
    /// It is in a dataset, which may come from somebody else.
    Dataset,
}

impl CaseFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// If it cannot be read, is too large or no regular file, or with all that is wrong in it.
    pub fn read(path: &Path, trust: Trust, catalogue: &Catalogue) -> Result<Self, CaseError> {
        let name = path.display().to_string();
        let whole =
            |text: String| CaseError { file: name.clone(), problems: vec![CaseProblem { line: 0, text }] };
        let text = text(path, trust).map_err(whole)?;
        let case = Self::parse(&name, &text, catalogue)?;
        match &case.input {
            Some(input) if trust == Trust::Dataset && !is_inside(input) => Err(whole(format!(
                "input {input:?} is outside of the dataset's folder; a case file in a dataset may only name what is in it"
            ))),
            _ => Ok(case),
        }
    }
}

/// Whether a path stays in the folder that it begins in.
fn is_inside(path: &str) -> bool {
    !path.contains("://")
        && path != "-"
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn text(path: &Path, trust: Trust) -> Result<String, String> {
    // A link in a dataset could lead anywhere; a FIFO would be waited for.
    let about = match trust {
        Trust::Own => std::fs::metadata(path),
        Trust::Dataset => std::fs::symlink_metadata(path),
    };
    if !about.map_err(plain)?.is_file() {
        return Err("not a regular file; expected a TOML file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(plain)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(plain)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("larger than {} kB, the most that a case file may have", MOST_BYTES / 1024));
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8 text; expected a TOML file".to_owned())
}

fn plain(error: io::Error) -> String {
    error.to_string()
}
