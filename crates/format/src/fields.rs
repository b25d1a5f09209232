//! The fields of a line, as byte ranges in it.

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
    /// No value: the line has `-` or lacks the field.
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

    /// The bytes of the value; `None` if it is null or the range lies outside `line`.
    #[inline]
    pub fn slice(self, line: &[u8]) -> Option<&[u8]> {
        if self.is_null() { None } else { line.get(self.start as usize..self.end as usize) }
    }
}

/// The fields of one line, as byte ranges in it. Lines are shorter than 4 GiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// One span per field, by [`Field::index`].
    pub spans: [Span; Field::COUNT],
    /// The text after the last known field, verbatim to the end of the line (or the extra token of March
    /// 2019). In JSON: an object with the unknown members.
    pub extra: Span,
    /// The anomalies of the line.
    pub anomalies: Anomalies,
    /// Microseconds within the second of the request; 0 for text logs, which have whole seconds.
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
    /// All fields are null.
    pub const EMPTY: Self = Self {
        spans: [Span::NULL; Field::COUNT],
        extra: Span::NULL,
        anomalies: Anomalies::NONE,
        micros: 0,
        request_time: 0,
    };

    /// Whether the line ends in a value chosen by the client: the version id in lines of 18 fields, the host
    /// header in lines of 23. White space after it, such as the `\r` of a line ending, may then belong to
    /// that value.
    pub fn ends_in_client_text(&self, line: &[u8]) -> bool {
        let fields = [Field::VersionId, Field::HostHeader];
        let mut spans = fields.iter().map(|field| self.spans[field.index()]);
        spans.any(|span| !span.is_null() && span.end as usize == line.len())
    }

    /// When S3 received the request, in microseconds since 1970 (UTC).
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

/// Sets a numeric field; a value that is not a number or does not fit becomes null and marks the line.
pub(crate) fn set_number(field: Field, line: &[u8], text: &[u8], out: &mut Fields) {
    if text == b"-" || number(text).is_some() {
        out.set(field, line, text);
    } else {
        out.anomalies.insert(Anomalies::BAD_NUMBER);
    }
}
