//! Bytes that are not UTF-8, written as `\xHH`, so that text stays text and nothing of it is lost.

use std::borrow::Cow;
use std::fmt::Write;

/// `bytes` as text; what is not UTF-8 is written as `\xHH`. Borrowed where all is UTF-8.
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

/// Appends `bytes` to `text` as [`escape`] writes them, with this for a backslash.
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
    fn only_what_is_not_utf8_is_escaped() {
        assert!(matches!(escape("grün".as_bytes()), Cow::Borrowed("grün")));
        assert_eq!(escape(b"gr\xFCn \xF0\x9F \\x41"), "gr\\xFCn \\xF0\\x9F \\x41");
    }
}
