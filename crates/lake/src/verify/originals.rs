//! Are the source files still those that were read, and are there no others?

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use saltmine_scan::{Source, discover};

use super::Check;
use super::lines::{Ledger, Named};
use crate::ingest::round_sources::outside;
use crate::storage::disk;
use crate::storage::path::{hex, inside};

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

/// Sources whose content is not in the ledger: never read, or taken out of the dataset with all that is known of them,
/// which nothing inside of the dataset could tell.
pub(super) fn check_others(ledger: &Ledger, root: Option<&Path>, dataset: &Path) -> Check {
    let mut check = Check::new(
        "sources_all_read",
        "Every file below the folder of the sources has been read: its content is in the ledger.",
    );
    let Some(root) = root else {
        check.skipped = Some("the folder of the sources was not given");
        return check;
    };
    let Some(root) = root.to_str() else {
        check.skipped = Some("the folder of the sources has a name that is not UTF-8");
        return check;
    };
    let sources = match discover(&[root.to_owned()]) {
        Ok(sources) => sources,
        Err(error) => {
            check.examine(Some(error.to_string()));
            return check;
        }
    };
    let sources = outside(&sources, dataset);
    let contents: HashSet<&[u8; 32]> = ledger.names.values().flat_map(|named| &named.hashes).collect();
    let look = |source: &Source| {
        // Those of a known name are hashed by the check above.
        if ledger.names.get(&source.name).is_some_and(|named| !named.hashes.is_empty()) {
            return None;
        }
        match disk::hash_file(&source.path) {
            Ok((sha256, _)) if contents.contains(&sha256) => None,
            Ok(_) => Some(format!("{:?}: not in the dataset; ingest reads it", source.name)),
            Err(error) => Some(format!("{:?}: {error}", source.name)),
        }
    };
    let found: Vec<Option<String>> = sources.par_iter().map(look).collect();
    found.into_iter().for_each(|wrong| check.examine(wrong));
    check
}

/// Where the source of this name is, below the folder of the sources or, for a single file, beside it.
pub(super) fn source_path(root: &Path, name: &str) -> Option<PathBuf> {
    let folder = if root.is_file() { root.parent()? } else { root };
    let path = inside(folder, name).filter(|_| name != "-")?;
    if path.exists() {
        return Some(path);
    }
    let unescaped = unescape(name).and_then(|name| inside(folder, &name));
    Some(unescaped.filter(|path| path.exists()).unwrap_or(path))
}

/// A name as the file system has it, where bytes of it are written as `\xHH`.
#[cfg(unix)]
fn unescape(name: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;

    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(after.get(..2)?, 16).ok()?);
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn unescape(_name: &str) -> Option<PathBuf> {
    None
}

fn look_at(root: &Path, name: &str, named: &Named) -> Original {
    let Some(path) = source_path(root, name) else { return Original::Nowhere };
    match disk::hash_file(&path) {
        // A file that was read more than once, as it grew, is to be one of what it was.
        Ok((sha256, _)) if named.hashes.contains(&sha256) => Original::Same,
        Ok((sha256, _)) => Original::Wrong(format!(
            "{name:?}: {}, not {}",
            hex(&sha256),
            named.hashes.iter().map(|sha256| hex(sha256)).collect::<Vec<_>>().join(" or ")
        )),
        Err(error) => Original::Wrong(format!("{name:?}: {error}")),
    }
}
