//! Decodes object keys: the log percent-encodes a key once or twice, depending on the operation.
//!
//! For requests, the key is encoded twice. For rows that S3 writes on its own behalf (`BATCH.*` for the keys
//! of a multi-object delete, `S3.*` for lifecycle and jobs), it is encoded once. Both use form encoding, with
//! `+` for a space, so an encoded space of a request appears as `%2B`.

use std::borrow::Cow;

/// The name of the object: `key` as logged, decoded once or twice depending on `operation`.
///
/// `+` always decodes to a space. Invalid escapes (`%G1`, a `%` at the end) are kept as they are. The result
/// is bytes, because clients need not send UTF-8; [`object_key_text`] returns text. Allocates nothing if
/// there is nothing to decode.
pub fn object_key<'a>(key: &'a [u8], operation: &[u8]) -> Cow<'a, [u8]> {
    let once = decode_once(key);
    if is_encoded_once(operation) {
        return once;
    }
    match once {
        // The first pass decoded nothing, so a second one would not either.
        Cow::Borrowed(text) => Cow::Borrowed(text),
        Cow::Owned(mut text) => {
            let len = decode_in_place(&mut text);
            text.truncate(len);
            Cow::Owned(text)
        }
    }
}

/// [`object_key`] as text; bytes that are not valid UTF-8 appear as `\xHH`.
pub fn object_key_text<'a>(key: &'a [u8], operation: &[u8]) -> Cow<'a, str> {
    escape_invalid_utf8(object_key(key, operation))
}

/// Whether keys of this operation are encoded once (`BATCH.*` and `S3.*`) instead of twice.
pub fn is_encoded_once(operation: &[u8]) -> bool {
    operation.starts_with(b"BATCH.") || operation.starts_with(b"S3.")
}

/// One pass of percent-decoding, with `+` for a space; borrowed if the text contains neither.
///
/// Invalid escapes are kept as they are.
pub fn decode_once(text: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr2(b'%', b'+', text) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let mut decoded = text.to_vec();
            let len = decode_in_place(&mut decoded);
            decoded.truncate(len);
            Cow::Owned(decoded)
        }
    }
}

/// Bytes as text: borrowed if they are valid UTF-8; otherwise each invalid byte is written as `\xHH`.
///
/// Backslashes in the text are not doubled, because log text is kept verbatim. So a `\xFF` in the result may,
/// in theory, be four characters that the client sent.
pub fn escape_invalid_utf8(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(escaped(bytes)),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cow::Owned(text),
            Err(error) => Cow::Owned(escaped(error.as_bytes())),
        },
    }
}

fn escaped(bytes: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::with_capacity(bytes.len() + 12);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for &byte in chunk.invalid() {
            text.push_str("\\x");
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    text
}

/// Decodes in place and returns the new length: decoded text is never longer than encoded text.
fn decode_in_place(text: &mut [u8]) -> usize {
    let (mut read, mut write) = (0, 0);
    while read < text.len() {
        let byte = match text[read] {
            b'+' => b' ',
            b'%' => match escape_at(text, read) {
                Some(byte) => {
                    read += 2;
                    byte
                }
                None => b'%',
            },
            byte => byte,
        };
        text[write] = byte;
        write += 1;
        read += 1;
    }
    write
}

/// The byte encoded by the escape at `at` (the position of a `%`); `None` unless two hex digits follow.
fn escape_at(text: &[u8], at: usize) -> Option<u8> {
    let high = hex_digit(*text.get(at + 1)?)?;
    let low = hex_digit(*text.get(at + 2)?)?;
    Some(high << 4 | low)
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requested(key: &str) -> String {
        object_key_text(key.as_bytes(), b"REST.GET.OBJECT").into_owned()
    }

    fn batch(key: &str) -> String {
        object_key_text(key.as_bytes(), b"BATCH.DELETE.OBJECT").into_owned()
    }

    #[test]
    fn plain_keys_are_borrowed() {
        let key = b"photos/2026/05/a-b_c.d*e~f.jpg";
        assert!(matches!(object_key(key, b"REST.GET.OBJECT"), Cow::Borrowed(k) if k == key));
        assert!(matches!(object_key(key, b"S3.EXPIRE.OBJECT"), Cow::Borrowed(k) if k == key));
        assert!(matches!(object_key_text(key, b"REST.GET.OBJECT"), Cow::Borrowed(_)));
        assert!(matches!(object_key(b"", b""), Cow::Borrowed(b"")));
    }

    #[test]
    fn requests_are_decoded_twice() {
        assert_eq!(requested("a%253Db"), "a=b");
        assert_eq!(requested("a%2Bb"), "a b", "an encoded space is a plus that is encoded again");
        assert_eq!(requested("a%252Bb"), "a+b");
        assert_eq!(requested("100%2525"), "100%");
        assert_eq!(requested("%2522"), "\"");
        assert_eq!(requested("caf%25C3%25A9"), "café");
        assert_eq!(requested("a+b"), "a b");
    }

    #[test]
    fn rows_written_by_s3_itself_are_decoded_once() {
        assert_eq!(batch("a%3Db"), "a=b");
        assert_eq!(batch("Screen+Shot+1.png"), "Screen Shot 1.png");
        assert_eq!(batch("a%2Bb"), "a+b");
        assert_eq!(batch("foo-%2525Y"), "foo-%25Y");
        for operation in ["S3.EXPIRE.OBJECT", "S3.CREATE.DELETEMARKER", "S3.COMPUTE.OBJECT.CHECKSUM"] {
            assert_eq!(object_key_text(b"foo-%2525Y", operation.as_bytes()), "foo-%25Y", "{operation}");
        }
        for operation in ["REST.PUT.OBJECT", "WEBSITE.GET.OBJECT", "SOAP.PutObject", "S3EXPIRE", "", "BATCH"]
        {
            assert_eq!(object_key_text(b"foo-%2525Y", operation.as_bytes()), "foo-%Y", "{operation}");
        }
    }

    #[test]
    fn invalid_escapes_are_kept() {
        for text in ["%", "%%", "%G1", "%1G", "%1", "a%", "a%2", "%-1", "% 41"] {
            assert_eq!(batch(text), text);
            assert_eq!(requested(text), text);
        }
        assert_eq!(batch("%%41"), "%A");
        assert_eq!(batch("%25zz"), "%zz");
        assert_eq!(batch("%4a%4A"), "JJ");
        assert_eq!(
            requested("%25%34%31"),
            "A",
            "an escape produced by the first pass is decoded by the second"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown() {
        assert_eq!(batch("a%FFb%C3"), "a\\xFFb\\xC3");
        assert_eq!(object_key(b"a%FF", b"S3.EXPIRE.OBJECT").as_ref(), b"a\xFF");
        assert_eq!(object_key_text(b"a\xFEb", b"S3.EXPIRE.OBJECT"), "a\\xFEb");
        assert_eq!(requested("%25E2%2582"), "\\xE2\\x82");
        assert_eq!(batch("%00"), "\0");
    }
}
