//! The check that every path passes which a note, a ledger or a table's log names; and hexadecimal text.

use std::path::{Component, Path, PathBuf};

/// `relative` below `folder`, unless it would leave the folder.
pub(crate) fn inside(folder: &Path, relative: impl AsRef<Path>) -> Option<PathBuf> {
    let relative = relative.as_ref();
    let stays = relative.components().all(|part| matches!(part, Component::Normal(_)));
    (stays && relative.components().next().is_some()).then(|| folder.join(relative))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The 32 bytes that 64 hexadecimal digits stand for; `None` if they are not that.
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
    }

    #[test]
    fn hexadecimal_there_and_back() {
        let bytes: [u8; 32] = std::array::from_fn(|index| index as u8 * 7);
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        assert_eq!(unhex("00"), None);
        assert_eq!(unhex(&"g".repeat(64)), None);
    }
}
