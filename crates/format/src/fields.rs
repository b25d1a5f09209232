//! The fields of a line, as positions in it.

use crate::value::number;
use crate::{Anomalies, Field};

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

/// The four numbers, in line order.
pub(crate) const NUMBERS: [Field; 4] =
    [Field::BytesSent, Field::ObjectSize, Field::TotalTime, Field::TurnAroundTime];

/// Sets a number; one that is none or does not fit is null, and marked.
pub(crate) fn set_number(field: Field, line: &[u8], text: &[u8], out: &mut Fields) {
    if text == b"-" || number(text).is_some() {
        out.set(field, line, text);
    } else {
        out.anomalies.insert(Anomalies::BAD_NUMBER);
    }
}
