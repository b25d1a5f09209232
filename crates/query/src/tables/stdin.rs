//! Makes standard input re-readable: every query of a session scans it again.

use std::io;

use saltmine_scan::{Source, SourceError};
use tempfile::NamedTempFile;

/// Copies standard input, if it is among the sources, to a file that is removed with the session.
///
/// # Errors
/// If it cannot be read or there is not enough space.
pub(crate) fn spool(sources: &mut [Source]) -> Result<Option<NamedTempFile>, SourceError> {
    let Some(source) = sources.iter_mut().find(|source| source.stdin) else { return Ok(None) };
    let failed = |error| SourceError::Unreadable { path: "-".into(), source: error };
    let mut file = NamedTempFile::new().map_err(failed)?;
    io::copy(&mut io::stdin().lock(), file.as_file_mut()).map_err(failed)?;
    source.path = file.path().to_path_buf();
    source.stdin = false;
    Ok(Some(file))
}
