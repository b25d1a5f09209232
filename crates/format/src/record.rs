//! A record: the fields of a line, as positions in it.

use crate::{Anomalies, Field, LineError, fast, grammar};

/// A range of bytes in a line, or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// No value: the line writes `-`, or has no such field.
    pub const NULL: Self = Self { start: u32::MAX, end: u32::MAX };

    /// Whether there is no value.
    #[inline]
    pub const fn is_null(self) -> bool {
        self.start == u32::MAX
    }

    /// Length in bytes; 0 for null.
    #[inline]
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the value is empty or null.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes of the value; `None` for null or a range outside of `line`.
    #[inline]
    pub fn slice(self, line: &[u8]) -> Option<&[u8]> {
        if self.is_null() { None } else { line.get(self.start as usize..self.end as usize) }
    }
}

/// The fields of one line, as positions in it. Lines are shorter than 4 GiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// A span a field, by [`Field::index`].
    pub spans: [Span; Field::COUNT],
    /// What follows the last field known today, verbatim to the end of the line (or the extra token of March 2019); of
    /// JSON, an object of the members that are not known.
    pub extra: Span,
    /// What is odd about the line.
    pub anomalies: Anomalies,
    /// Microseconds of the second of the request; 0 in text, which has whole seconds.
    pub micros: u32,
    /// Seconds since 1970, UTC.
    pub request_time: i64,
}

impl Default for Fields {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Fields {
    /// All null.
    pub const EMPTY: Self = Self {
        spans: [Span::NULL; Field::COUNT],
        extra: Span::NULL,
        anomalies: Anomalies::NONE,
        micros: 0,
        request_time: 0,
    };

    /// Reads `line` (without its line end) into `self`: the common line by the fast path, any other by the grammar.
    ///
    /// # Errors
    /// Where one of the first eight fields or the time cannot be read. `self` then holds nothing of meaning.
    #[inline]
    pub fn read(&mut self, line: &[u8]) -> Result<(), LineError> {
        if fast::read(line, self).is_some() { Ok(()) } else { grammar::read(line, self) }
    }

    /// Whether the line ends in a value that a client chose: the version id in lines of 18 fields, the host header in
    /// those of 23. White space that follows, such as the `\r` of a line end, may then be a part of that value.
    pub fn ends_in_client_text(&self, line: &[u8]) -> bool {
        let fields = [Field::VersionId, Field::HostHeader];
        let mut spans = fields.iter().map(|field| self.spans[field.index()]);
        spans.any(|span| !span.is_null() && span.end as usize == line.len())
    }

    /// When S3 received the request, in microseconds since 1970, UTC.
    #[inline]
    pub const fn request_micros(&self) -> i64 {
        self.request_time * 1_000_000 + self.micros as i64
    }

    /// Sets a field to `value`, a part of `line`; `-` is null.
    #[inline]
    pub(crate) fn set(&mut self, field: Field, line: &[u8], value: &[u8]) {
        self.spans[field.index()] = if value == b"-" { Span::NULL } else { span_of(line, value) };
    }
}

/// The span of `part`, which is a slice of `line`.
#[inline]
pub(crate) fn span_of(line: &[u8], part: &[u8]) -> Span {
    let start = (part.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
    debug_assert!(start + part.len() <= line.len(), "part lies in line");
    Span { start: start as u32, end: (start + part.len()) as u32 }
}

/// A line and its fields.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    line: &'a [u8],
    fields: Fields,
}

impl<'a> Record<'a> {
    /// Reads a line (without its line end).
    ///
    /// # Errors
    /// Where one of the first eight fields or the time cannot be read: the line is a reject.
    pub fn parse(line: &'a [u8]) -> Result<Self, LineError> {
        let mut fields = Fields::EMPTY;
        fields.read(line)?;
        Ok(Self { line, fields })
    }

    /// As [`Record::parse`], by the readable grammar alone: the oracle of the fast path.
    ///
    /// # Errors
    /// As [`Record::parse`].
    pub fn parse_by_grammar(line: &'a [u8]) -> Result<Self, LineError> {
        let mut fields = Fields::EMPTY;
        grammar::read(line, &mut fields)?;
        Ok(Self { line, fields })
    }

    /// As [`Record::parse`], by the fast path alone; `None` where it leaves the line to the grammar.
    pub fn parse_by_fast_path(line: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::EMPTY;
        fast::read(line, &mut fields)?;
        Some(Self { line, fields })
    }

    /// The whole line.
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// The fields as positions in the line.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// A field's bytes as they stand in the line, without the outer quotes; `None` where the line writes `-` or ends
    /// before it. The time is its text: see [`Record::request_time`].
    pub fn get(&self, field: Field) -> Option<&'a [u8]> {
        self.fields.spans[field.index()].slice(self.line)
    }

    /// What follows the last field known today, verbatim.
    pub fn extra(&self) -> Option<&'a [u8]> {
        self.fields.extra.slice(self.line)
    }

    /// What is odd about the line.
    pub fn anomalies(&self) -> Anomalies {
        self.fields.anomalies
    }

    /// When S3 received the request, in seconds since 1970, UTC.
    pub fn request_time(&self) -> i64 {
        self.fields.request_time
    }

    /// The HTTP status; `None` where the line has none (lifecycle and other internal operations).
    pub fn http_status(&self) -> Option<i16> {
        self.number(Field::HttpStatus).and_then(|status| i16::try_from(status).ok())
    }

    /// A field of digits as a number; `None` for null, or where it does not fit.
    pub fn number(&self, field: Field) -> Option<i64> {
        number(self.get(field)?)
    }
}

/// Decimal digits as a number; `None` where there is anything else, nothing, or more than an `i64` holds.
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

/// `TLSv1.2` for `TLSV1.2`, as AWS's own examples spell it; `None` where `version` needs no change.
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
