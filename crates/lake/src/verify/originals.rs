//! Are the source files still those that were read?

use std::path::Path;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::Check;
use super::lines::{Ledger, Named};
use crate::disk;
use crate::layout;

/// What became of a source file.
enum Original {
    Same,
    Wrong(String),
    /// Standard input, or a path that is not below a folder: it cannot be looked for.
    Nowhere,
}

pub(super) fn check(ledger: &Ledger, root: Option<&Path>) -> Check {
    let mut check = Check::new(
        "sources_unchanged",
        "Every source file that was read is there still, with the same SHA-256.",
    );
    let Some(root) = root else {
        check.skipped = Some("the folder of the sources was not given");
        return check;
    };
    let mut names: Vec<_> = ledger.names.iter().filter(|(_, named)| !named.hashes.is_empty()).collect();
    names.sort_by_key(|(name, _)| *name);
    let found: Vec<Original> =
        names.into_par_iter().map(|(name, named)| look_at(root, name, named)).collect();
    for original in found {
        match original {
            Original::Same => check.examine(None),
            Original::Wrong(detail) => check.examine(Some(detail)),
            Original::Nowhere => {}
        }
    }
    if check.examined == 0 {
        check.skipped = Some("no source has a path below the folder");
    }
    check
}

fn look_at(root: &Path, name: &str, named: &Named) -> Original {
    let Some(path) = layout::inside(root, name).filter(|_| name != "-") else { return Original::Nowhere };
    match disk::hash_file(&path) {
        // A file that was read more than once, as it grew, is to be one of what it was.
        Ok((sha256, _)) if named.hashes.contains(&sha256) => Original::Same,
        Ok((sha256, _)) => Original::Wrong(format!(
            "{name:?}: {}, not {}",
            layout::hex(&sha256),
            named.hashes.iter().map(|sha256| layout::hex(sha256)).collect::<Vec<_>>().join(" or ")
        )),
        Err(error) => Original::Wrong(format!("{name:?}: {error}")),
    }
}
