//! Text with its escapes decoded, however deeply nested, and the original position of each byte.

/// Text with `%XX`, `%u00XX`, `\xXX`, `\u00XX`, `\OOO`, `&#D;`, `&#xX;` and `\/` decoded until none is left.
///
/// What a client sent may be encoded again by whoever logged it, and again by a page that quotes it in a referer.
/// Names are searched for in the fully decoded text and replaced in the original.
pub(super) struct Decoded<'a> {
    text: &'a str,
    bytes: Vec<u8>,
    /// Start in `text` and number of decoded layers, for each of `bytes`. Empty if nothing was decoded.
    origins: Vec<(usize, u32)>,
}

impl<'a> Decoded<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut decoded = Self { text, bytes: Vec::with_capacity(text.len()), origins: Vec::new() };
        if !text.bytes().any(|byte| matches!(byte, b'%' | b'\\' | b'&')) {
            decoded.bytes.extend_from_slice(text.as_bytes());
            return decoded;
        }
        decoded.origins.reserve(text.len());
        for (at, byte) in text.bytes().enumerate() {
            decoded.bytes.push(byte);
            decoded.origins.push((at, 0));
            // A decoded byte may complete another escape.
            while let Some((length, byte)) = escape_at_end(&decoded.bytes) {
                decoded.fold(length, byte);
            }
        }
        decoded
    }

    /// The text itself, with its escapes.
    pub(super) fn verbatim(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes().to_vec(), origins: Vec::new() }
    }

    /// Whether anything was decoded.
    pub(super) fn has_escapes(&self) -> bool {
        self.bytes.len() != self.text.len()
    }

    /// Replaces the last `length` bytes, which are an escape, by the decoded byte.
    fn fold(&mut self, length: usize, byte: u8) {
        let from = self.bytes.len() - length;
        let start = self.origins[from].0;
        let layers = self.origins[from..].iter().map(|origin| origin.1).max().unwrap_or(0);
        self.bytes.truncate(from);
        self.origins.truncate(from);
        self.bytes.push(byte);
        self.origins.push((start, layers + 1));
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Number of encoding layers around the byte at `index`.
    pub(super) fn layers(&self, index: usize) -> u32 {
        self.origins.get(index).map_or(0, |origin| origin.1)
    }

    /// Position of the byte at `index` in the original text; the end of the text for the index after the last.
    pub(super) fn origin(&self, index: usize) -> usize {
        if self.origins.is_empty() {
            return index.min(self.text.len());
        }
        self.origins.get(index).map_or(self.text.len(), |origin| origin.0)
    }
}

/// The escape at the end of `bytes`: its length and decoded byte.
fn escape_at_end(bytes: &[u8]) -> Option<(usize, u8)> {
    let (rest, digits) = bytes.split_last_chunk::<2>()?;
    if digits == b"\\/" {
        return Some((2, b'/')); // used by some JSON writers
    }
    if digits[1] == b';' {
        return entity_at_end(bytes);
    }
    if let Some(octal) = octal_at_end(bytes) {
        return Some((4, octal));
    }
    let byte = hex(digits[0])? << 4 | hex(digits[1])?;
    let is =
        |mark: &[u8]| rest.len() >= mark.len() && rest[rest.len() - mark.len()..].eq_ignore_ascii_case(mark);
    let mark = [&b"%"[..], b"\\x", b"\\u00", b"%u00"].into_iter().find(|mark| is(mark))?;
    Some((mark.len() + 2, byte))
}

/// `\075`, an octal escape as in C and shells.
fn octal_at_end(bytes: &[u8]) -> Option<u8> {
    let [b'\\', digits @ ..] = bytes.last_chunk::<4>()? else { return None };
    let value =
        digits.iter().try_fold(0_u32, |value, digit| Some(value * 8 + char::from(*digit).to_digit(8)?))?;
    u8::try_from(value).ok()
}

/// `&#61;` or `&#x3D;` of an ASCII character.
fn entity_at_end(bytes: &[u8]) -> Option<(usize, u8)> {
    const MAX_ESCAPE_LENGTH: usize = 8;
    let tail = &bytes[bytes.len().saturating_sub(MAX_ESCAPE_LENGTH)..];
    let start = tail.windows(2).rposition(|two| two == b"&#")?;
    let digits = std::str::from_utf8(&tail[start + 2..tail.len() - 1]).ok()?;
    let value = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u8::from_str_radix(digits, 16).ok()?,
        None => digits.parse::<u8>().ok()?,
    };
    value.is_ascii().then_some((tail.len() - start, value))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_taken_off() {
        for (text, plain, layers) in [
            ("a=b", "a=b", 0),
            ("a%3Db", "a=b", 1),
            ("a%3db", "a=b", 1),
            ("a%253Db", "a=b", 2),
            ("a%25253Db", "a=b", 3),
            ("a%%33Db", "a=b", 2),
            ("a\\x3Db", "a=b", 1),
            ("a\\u003db", "a=b", 1),
            ("a\\/b", "a/b", 1),
            ("a%u003Db", "a=b", 1),
            ("a\\075b", "a=b", 1),
            ("a&#61;b", "a=b", 1),
            ("a&#x3D;b", "a=b", 1),
            ("a%26%2361;b", "a=b", 2),
        ] {
            let decoded = Decoded::new(text);
            assert_eq!(decoded.bytes(), plain.as_bytes(), "{text}");
            assert_eq!(decoded.layers(1), layers, "{text}");
            let last = plain.len() - 1;
            assert_eq!((decoded.origin(1), decoded.origin(last)), (1, text.len() - 1), "{text}");
            assert_eq!(decoded.origin(last + 1), text.len());
        }
        for text in ["100% of %zz \\", "a=1&b;", "&#;", "&#999;", "\\08", "\\777"] {
            let decoded = Decoded::new(text);
            assert_eq!(decoded.bytes(), text.as_bytes());
            assert!(!decoded.has_escapes());
        }
    }
}
