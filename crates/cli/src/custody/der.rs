//! The subset of DER (X.690) that time stamps need. Only definite lengths and single-byte tags are supported.

/// Tags.
pub(super) mod tag {
    pub(in super::super) const BOOLEAN: u8 = 0x01;
    pub(in super::super) const INTEGER: u8 = 0x02;
    pub(in super::super) const OCTETS: u8 = 0x04;
    pub(in super::super) const NULL: u8 = 0x05;
    pub(in super::super) const OID: u8 = 0x06;
    pub(in super::super) const GENERALIZED_TIME: u8 = 0x18;
    pub(in super::super) const SEQUENCE: u8 = 0x30;
    pub(in super::super) const SET: u8 = 0x31;
    /// `[0]` and `[1]`, constructed.
    pub(in super::super) const CONTEXT_0: u8 = 0xA0;
    pub(in super::super) const CONTEXT_1: u8 = 0xA1;
}

/// A value: its tag, its content, and its complete encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// Reads consecutive values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value; `None` at the end, or if it is truncated or not DER.
    pub(super) fn next(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        // Multi-byte tags do not occur.
        if tag & 0x1F == 0x1F {
            return None;
        }
        let (&first, mut rest) = rest.split_first()?;
        let length = match first {
            0..=0x7F => usize::from(first),
            // Longer lengths exceed any file that is read here.
            0x81..=0x84 => {
                let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
                rest = after;
                bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Some(Value { tag, content, whole })
    }

    /// The next value, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Value<'a>> {
        self.next().filter(|value| value.tag == tag)
    }

    /// The content of the next value, which must have this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.expect(tag).map(|value| Self(value.content))
    }

    /// The next value if it has this tag; otherwise consumes nothing.
    pub(super) fn take(&mut self, tag: u8) -> Option<Value<'a>> {
        if self.0.first() == Some(&tag) { self.next() } else { None }
    }
}

/// Encodes a value from consecutive contents.
pub(super) fn value(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let length: usize = contents.iter().map(|content| content.len()).sum();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..=0x7F) => bytes.push(short),
        _ => {
            let long = length.to_be_bytes();
            let used = &long[long.iter().position(|byte| *byte != 0).unwrap_or(long.len() - 1)..];
            bytes.push(0x80 | u8::try_from(used.len()).unwrap_or(8));
            bytes.extend_from_slice(used);
        }
    }
    contents.iter().for_each(|content| bytes.extend_from_slice(content));
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn written_der_is_parsed() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let bytes = value(tag::OCTETS, &[&content]);
            let mut reader = Reader::new(&bytes);
            let read = reader.expect(tag::OCTETS).unwrap();
            assert_eq!((read.content, read.whole), (&content[..], &bytes[..]));
            assert!(reader.is_at_end());
        }
    }

    #[test]
    fn truncated_or_invalid_der_is_refused() {
        let bytes = value(tag::SEQUENCE, &[&value(tag::INTEGER, &[&[1]]), &[0; 200]]);
        (0..bytes.len()).for_each(|end| assert_eq!(Reader::new(&bytes[..end]).next(), None, "{end}"));
        // An indefinite length, a length of five bytes, a tag of two.
        for bytes in [&[0x30, 0x80, 0, 0][..], &[0x30, 0x85, 0, 0, 0, 0, 0], &[0x3F, 0x81, 1, 0]] {
            assert_eq!(Reader::new(bytes).next(), None);
        }
        assert_eq!(Reader::new(&bytes).expect(tag::SET), None);
    }
}
