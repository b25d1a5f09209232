//! The lines of a block.

use memchr::memchr;

/// The lines of a block, without their `
/// ` and without one `\r` before it. If the block does not end with `
/// `, the rest is the last line. `start` is the offset of the line's first byte in the block.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    block: &'a [u8],
    at: usize,
}

/// A line and its position in its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line's bytes.
    pub bytes: &'a [u8],
    /// Offset of the first byte in the block.
    pub start: usize,
}

/// Iterates over the lines of a block.
pub fn lines(block: &[u8]) -> Lines<'_> {
    Lines { block, at: 0 }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline]
    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.block.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        self.at += length + 1;
        let bytes = &rest[..length];
        Some(Line { bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes), start })
    }
}

/// Whether a line contains only white space.
pub fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| byte.is_ascii_whitespace())
}

/// Whether a line is the heading that some servers (Wasabi) write at the beginning of each file: the names of
/// the fields. No record begins like that, so no client can forge one.
pub fn is_heading(line: &[u8]) -> bool {
    line.starts_with(b"Record format: [BucketOwner Bucket Time ") && line.ends_with(b"]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(block: &[u8]) -> Vec<(&[u8], usize)> {
        lines(block).map(|line| (line.bytes, line.start)).collect()
    }

    #[test]
    fn lines_have_their_offsets() {
        assert_eq!(split(b""), []);
        assert_eq!(split(b"\n"), [(&b""[..], 0)]);
        assert_eq!(split(b"a\nb"), [(&b"a"[..], 0), (b"b", 2)]);
        assert_eq!(split(b"a\r\n\nb\r\r\n"), [(&b"a"[..], 0), (b"", 3), (b"b\r", 4)]);
    }

    #[test]
    fn white_space_is_blank() {
        assert!(is_blank(b""));
        assert!(is_blank(b" \t\r"));
        assert!(!is_blank(b" -"));
    }

    #[test]
    fn a_heading_names_the_fields() {
        assert!(is_heading(
            b"Record format: [BucketOwner Bucket Time RemoteIP Requester RequestID Operation Key]"
        ));
        for line in [
            "",
            "Record format: [x]",
            "Record format: [BucketOwner Bucket Time RemoteIP",
            "x Record format: [",
        ] {
            assert!(!is_heading(line.as_bytes()), "{line}");
        }
    }
}
