//! The redaction key of a case: with it, one can tell which pseudonym an address gets; without it, one cannot.
//!
//! Whoever handed over a dataset may have planted a key of their own. So a key is only accepted from a regular file
//! that belongs to the user and that nobody else can read or write, and its age is reported.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use crate::error::QueryError;

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// The key file in a dataset's folder.
const KEY_FILE: &str = "redact.key";

/// The origin of a session's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// An existing file.
    Read {
        /// The file.
        path: PathBuf,
        /// When it was last modified; `None` if the file system does not say.
        changed: Option<SystemTime>,
    },
    /// A newly created file.
    Made(PathBuf),
    /// A key for this session only; it is lost with the session, and so is the meaning of its pseudonyms.
    Session,
}

pub(super) type Key = [u8; KEY_BYTES];

/// Loads the key from a file. A missing file is created with a random key and is readable by its owner only.
/// Without a file: that of the dataset; without a dataset, a key for this session.
pub(super) fn load(file: Option<&Path>, dataset: Option<&Path>) -> Result<(Key, KeySource), QueryError> {
    let path = match (file, dataset) {
        (Some(file), _) => file.to_path_buf(),
        (None, Some(dataset)) => dataset.join(KEY_FILE),
        (None, None) => return Ok((random()?, KeySource::Session)),
    };
    let wrong = |problem: String| QueryError::RedactKey { path: path.clone(), problem };
    match read(&path) {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = random()?;
            if create_new(&path, &key).map_err(|error| wrong(error.to_string()))? {
                return Ok((key, KeySource::Made(path)));
            }
            // Another run created it first.
            read(&path).map_err(|error| wrong(error.to_string()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Reads the key from a file, if the file can be trusted.
fn read(path: &Path) -> io::Result<(Key, KeySource)> {
    let file = open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    check_owner(&about)?;
    let mut text = Vec::new();
    file.take(MAX_KEY_FILE_BYTES + 1).read_to_end(&mut text)?;
    let key = std::str::from_utf8(&text)
        .ok()
        .filter(|text| text.len() as u64 <= MAX_KEY_FILE_BYTES)
        .and_then(parse);
    let key = key.ok_or_else(|| io::Error::other(NO_KEY))?;
    Ok((key, KeySource::Read { path: path.to_path_buf(), changed: about.modified().ok() }))
}

/// Opens a file without following links, and without blocking on a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options.open(path).map_err(|error| {
        let is_link = std::fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink());
        if is_link { io::Error::other("a link; name the file itself") } else { error }
    })
}

#[cfg(unix)]
fn check_owner(about: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let mode = about.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let problem = format!(
            "its mode is {mode:04o}, so others may have read or changed it; run chmod 600 on it if you are sure \
             that nobody did, otherwise remove it to create a new key"
        );
        return Err(io::Error::other(problem));
    }
    // A file created by this process belongs to its user.
    if about.uid() != tempfile::tempfile()?.metadata()?.uid() {
        return Err(io::Error::other("it belongs to another user, who may know it"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner(_: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Maximum size of a key file, in bytes.
const MAX_KEY_FILE_BYTES: u64 = 4096;
const NO_KEY: &str = "not a key (64 hexadecimal digits); name a new file to create one";

fn random() -> Result<Key, QueryError> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|error| QueryError::RedactKey {
        path: PathBuf::from("-"),
        problem: format!("cannot get random numbers from the system: {error}"),
    })?;
    Ok(key)
}

/// Creates the file atomically; returns `false` if it exists by now.
fn create_new(path: &Path, key: &Key) -> io::Result<bool> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut text = String::with_capacity(2 * KEY_BYTES + 1);
    key.iter().for_each(|byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String does not fail
    });
    text.push('\n');
    // Temporary files are readable by their owner only, and stay so.
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
    let mut key = [0; KEY_BYTES];
    if digits.len() != 2 * KEY_BYTES {
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
        let (again, source) = load(Some(&path), None).unwrap();
        assert!(
            again == key
                && matches!(source, KeySource::Read { path: read, changed: Some(_) } if read == path)
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let (own, source) = load(None, Some(folder.path())).unwrap();
        assert_eq!(source, KeySource::Made(folder.path().join(KEY_FILE)));
        assert_ne!(own, key);
        assert_eq!(load(None, Some(folder.path())).unwrap().0, own);
        assert_ne!(load(None, None).unwrap().0, load(None, None).unwrap().0);
    }

    #[test]
    fn an_invalid_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "secret", &"g".repeat(64), &"0".repeat(63), "\u{e9}"] {
            let path = folder.path().join("key");
            write(&path, text);
            let problem = load(Some(&path), None).unwrap_err().to_string();
            assert!(problem.contains("64 hexadecimal digits"), "{problem}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it is not overwritten");
        }
        assert!(load(Some(&folder.path().join("none/key")), None).is_err());
    }

    /// A key file that only its owner can read and write.
    fn write(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// Someone who planted a key in a dataset would know all pseudonyms.
    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_know_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let key = "0".repeat(64);
        let problem = |path: &Path| load(Some(path), None).unwrap_err().to_string();

        let plain = folder.path().join("plain");
        write(&plain, &key);
        load(Some(&plain), None).unwrap();
        for mode in [0o644, 0o640, 0o606, 0o620, 0o610] {
            std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(problem(&plain).contains(&format!("its mode is 0{mode:o}")), "{}", problem(&plain));
        }
        write(&plain, &key);

        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&plain, &link).unwrap();
        assert!(problem(&link).contains("a link"), "{}", problem(&link));
        // No key is created through a dangling link.
        let loose = folder.path().join("loose");
        std::os::unix::fs::symlink(folder.path().join("nothing"), &loose).unwrap();
        assert!(problem(&loose).contains("a link"), "{}", problem(&loose));
        assert!(!folder.path().join("nothing").exists());

        assert!(problem(Path::new("/dev/zero")).contains("not a regular file"));
        assert!(load(Some(folder.path()), None).is_err());
        let pipe = folder.path().join("pipe");
        assert!(
            std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success()
        );
        assert!(problem(&pipe).contains("not a regular file"), "{}", problem(&pipe));

        write(&plain, &format!("{key}{}", " ".repeat(5000)));
        assert!(problem(&plain).contains("64 hexadecimal digits"));
    }
}
