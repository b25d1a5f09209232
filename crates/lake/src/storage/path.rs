//! The one check for every path from a note, a ledger or a table's log; and hexadecimal text.

use std::borrow::Cow;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::error::LakeError;

/// A path inside a dataset, relative to the dataset's folder: one or more names separated by `/`. It is never
/// absolute and never contains `..`. The storage checks that no part of it is a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DatasetPath(Cow<'static, str>);

impl DatasetPath {
    /// A name known at compile time.
    pub(crate) const fn fixed(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A path below this one.
    ///
    /// # Errors
    /// If the result would be outside this folder.
    pub(crate) fn join(&self, relative: &str) -> Result<Self, LakeError> {
        if !stays(Path::new(relative)) {
            return Err(LakeError::Foreign {
                path: PathBuf::from(&*self.0),
                problem: format!("not a path inside it: {relative:?}"),
            });
        }
        Ok(Self(Cow::Owned(format!("{}/{relative}", self.0))))
    }

    /// Like [`DatasetPath::join`], for a single name.
    ///
    /// # Errors
    /// If it is not the name of a file or folder directly in this folder.
    pub(crate) fn join_name(&self, name: &str) -> Result<Self, LakeError> {
        let joined = self.join(name)?;
        if is_name(name) {
            return Ok(joined);
        }
        let problem = format!("not a file name: {name:?}");
        Err(LakeError::Foreign { path: PathBuf::from(&*self.0), problem })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The parent folder; `None` for a top-level name.
    pub(crate) fn parent(&self) -> Option<Self> {
        Some(Self(Cow::Owned(self.0.rsplit_once('/')?.0.to_owned())))
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, name)| name)
    }
}

impl fmt::Display for DatasetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a relative path stays below its starting point.
fn stays(relative: &Path) -> bool {
    let mut parts = relative.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// Whether the text is the name of a single file.
pub(crate) fn is_name(name: &str) -> bool {
    let path = Path::new(name);
    stays(path) && path.components().count() == 1 && !name.contains(['/', '\0'])
}

/// `relative` below `folder`; `None` if it would leave the folder.
pub(crate) fn inside(folder: &Path, relative: impl AsRef<Path>) -> Option<PathBuf> {
    let relative = relative.as_ref();
    stays(relative).then(|| folder.join(relative))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(HEX_DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(HEX_DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The 32 bytes encoded by 64 hexadecimal digits; `None` for any other text.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_folder_are_refused() {
        for path in ["../x", "/etc/passwd", "a/../../b", "", ".", "./a"] {
            assert_eq!(inside(Path::new("/t"), path), None, "{path}");
        }
        assert_eq!(inside(Path::new("/t"), "a=1/b"), Some(PathBuf::from("/t/a=1/b")));
        let folder = DatasetPath::fixed("t");
        for path in ["../x", "/etc/passwd", "a/../../b", "", ".", "./a", "a/.."] {
            assert!(folder.join(path).is_err(), "{path}");
            assert!(folder.join_name(path).is_err(), "{path}");
        }
        assert!(folder.join_name("a/b").is_err() && folder.join_name("a/").is_err());
        assert_eq!(folder.join("a=1/b").unwrap().as_str(), "t/a=1/b");
        assert_eq!(folder.join_name("b").unwrap().parent().unwrap(), folder);
    }

    #[test]
    fn hexadecimal_text_round_trips() {
        let bytes: [u8; 32] = std::array::from_fn(|index| index as u8 * 7);
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        assert_eq!(unhex("00"), None);
        assert_eq!(unhex(&"g".repeat(64)), None);
    }
}
