//! Values of single fields.

/// Decimal digits as a number; `None` for anything else, for empty text, or if the value does not fit an
/// `i64`.
#[inline]
pub fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    Some(value)
}

/// The spelling of AWS's own examples, `TLSv1.2` for `TLSV1.2`; `None` if `version` needs no change.
pub fn canonical_tls_version(version: &[u8]) -> Option<&'static str> {
    match version {
        b"TLSV1" => Some("TLSv1"),
        b"TLSV1.0" => Some("TLSv1.0"),
        b"TLSV1.1" => Some("TLSv1.1"),
        b"TLSV1.2" => Some("TLSv1.2"),
        b"TLSV1.3" => Some("TLSv1.3"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_that_fit() {
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(number(b"9223372036854775808"), None);
        assert_eq!(number(b""), None);
        assert_eq!(number(b"-1"), None);
        assert_eq!(number(b"1 "), None);
    }
}
