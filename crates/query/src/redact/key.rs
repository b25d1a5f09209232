//! The key of a case: who has it can tell which pseudonym an address got; who has not cannot.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::QueryError;

/// Bytes of a key.
const LENGTH: usize = 32;
/// The file of a dataset's own key, in its folder.
const FILE: &str = "redact.key";

/// Where the key of a session is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file that was there.
    Read(PathBuf),
    /// A file that was made.
    Made(PathBuf),
    /// Nowhere: it is gone with the session, and so is what its pseudonyms stand for.
    Session,
}

pub(super) type Key = [u8; LENGTH];

/// The key in a file, which is made with random bytes where it is not there, and readable for its owner alone. With no
/// file named: that of the dataset; without a dataset a key for this session.
pub(super) fn load(file: Option<&Path>, dataset: Option<&Path>) -> Result<(Key, KeySource), QueryError> {
    let path = match (file, dataset) {
        (Some(file), _) => file.to_path_buf(),
        (None, Some(dataset)) => dataset.join(FILE),
        (None, None) => return Ok((random()?, KeySource::Session)),
    };
    let wrong = |problem: String| QueryError::RedactKey { path: path.clone(), problem };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((parse(&text).ok_or_else(|| wrong(NO_KEY.into()))?, KeySource::Read(path.clone()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = random()?;
            if make(&path, &key).map_err(|error| wrong(error.to_string()))? {
                return Ok((key, KeySource::Made(path)));
            }
            // Another run was faster.
            let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
            Ok((parse(&text).ok_or_else(|| wrong(NO_KEY.into()))?, KeySource::Read(path.clone())))
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(wrong(NO_KEY.into())),
        Err(error) => Err(wrong(error.to_string())),
    }
}

const NO_KEY: &str =
    "not a key, which is 64 hexadecimal digits; name a file that is not there, and it is made";

fn random() -> Result<Key, QueryError> {
    let mut key = [0; LENGTH];
    getrandom::fill(&mut key).map_err(|error| QueryError::RedactKey {
        path: PathBuf::from("-"),
        problem: format!("the system gives no random numbers: {error}"),
    })?;
    Ok(key)
}

/// Whether the file was made; `false` where there is one by now. It appears when it is whole.
fn make(path: &Path, key: &Key) -> io::Result<bool> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut text = String::with_capacity(2 * LENGTH + 1);
    key.iter().for_each(|byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String does not fail
    });
    text.push('\n');
    // Temporary files are their owner's alone, and stay so.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

fn parse(text: &str) -> Option<Key> {
    let digits = text.trim().as_bytes();
    let mut key = [0; LENGTH];
    if digits.len() != 2 * LENGTH {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("case.key");
        let (key, source) = load(Some(&path), None).unwrap();
        assert_eq!(source, KeySource::Made(path.clone()));
        assert_eq!(load(Some(&path), None).unwrap(), (key, KeySource::Read(path.clone())));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let (own, source) = load(None, Some(folder.path())).unwrap();
        assert_eq!(source, KeySource::Made(folder.path().join(FILE)));
        assert_ne!(own, key);
        assert_eq!(load(None, Some(folder.path())).unwrap().0, own);
        assert_ne!(load(None, None).unwrap().0, load(None, None).unwrap().0);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "secret", &"g".repeat(64), &"0".repeat(63), "\u{e9}"] {
            let path = folder.path().join("key");
            std::fs::write(&path, text).unwrap();
            let problem = load(Some(&path), None).unwrap_err().to_string();
            assert!(problem.contains("64 hexadecimal digits"), "{problem}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it is not written over");
        }
        assert!(load(Some(&folder.path().join("none/key")), None).is_err());
    }
}
