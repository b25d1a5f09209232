//! Writes invalid UTF-8 bytes as `\xHH`, so that nothing is lost and the result is text.

use std::borrow::Cow;
use std::fmt::Write;

/// `bytes` as text, with invalid UTF-8 written as `\xHH`. Borrowed if all of it is valid.
pub fn escape(bytes: &[u8]) -> Cow<'_, str> {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut text = String::with_capacity(bytes.len() + 16);
            escape_into(bytes, "\\", &mut text);
            Cow::Owned(text)
        }
    }
}

/// Appends `bytes` to `text` as [`escape`] writes them, with `backslash` as the backslash.
pub(crate) fn escape_into(bytes: &[u8], backslash: &str, text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "{backslash}x{byte:02X}"); // writing to a String does not fail
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_invalid_utf8_is_escaped() {
        assert!(matches!(escape("grün".as_bytes()), Cow::Borrowed("grün")));
        assert_eq!(escape(b"gr\xFCn \xF0\x9F \\x41"), "gr\\xFCn \\xF0\\x9F \\x41");
    }
}
