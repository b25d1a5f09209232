//! Encoding of keys in the key field and in the request target.

/// As S3 writes keys: letters, digits and `.-_*/` are kept, a space becomes `+`, everything else `%XX`.
pub(crate) fn form(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'*' | b'/' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => percent(byte, out),
        }
    }
}

/// As clients write request targets: letters, digits and `.-_~/` are kept, everything else becomes `%XX`.
pub(crate) fn target(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => percent(byte, out),
        }
    }
}

fn percent(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// The key field: encoded once for S3's own jobs and the rows of a batch delete, twice for everything else.
pub(crate) fn key(object: &str, operation: &str, out: &mut String) {
    if operation.starts_with("S3.") || operation.starts_with("BATCH.") {
        form(object, out);
    } else {
        let mut once = String::with_capacity(object.len() * 2);
        form(object, &mut once);
        form(&once, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_once_or_twice() {
        let mut twice = String::new();
        key("a b/é=\"+.txt", "REST.GET.OBJECT", &mut twice);
        assert_eq!(twice, "a%2Bb/%25C3%25A9%253D%2522%252B.txt");
        let mut once = String::new();
        key("a b/é=\"+.txt", "BATCH.DELETE.OBJECT", &mut once);
        assert_eq!(once, "a+b/%C3%A9%3D%22%2B.txt");
    }
}
