//! The same records as AWS delivers them in structure: one JSON object a line.
//!
//! S3 server access logs can be delivered through CloudWatch Logs: to a log group, as JSON files to a bucket, to
//! Firehose, or to a table bucket. Each record is an object of 29 members; nulls are JSON nulls, numbers are numbers and
//! text is escaped, so that nothing is ambiguous. Source: the Amazon S3 User Guide, "Server access log format for
//! CloudWatch Logs" (`sal-cw-log-format.html`, 2026).
//!
//! [`json_start`] tells whether a line is one of these, [`Fields::read_json`] reads it into the same [`Fields`] as a line
//! of text. [`JsonRecord`] is both, for a single line.
//!
//! ```
//! use saltmine_format::{Field, JsonRecord};
//!
//! let line = br#"{"bucket_name":"photos","request_time":"2026-04-29T14:32:16.000Z","operation":"REST.GET.OBJECT","key_name":"a.jpg","http_status":200,"user_agent":"say \"hi\"","error_code":null}"#;
//! let record = JsonRecord::parse(line)?;
//! assert_eq!(record.get(Field::Bucket), Some(&b"photos"[..]));
//! assert_eq!(record.get(Field::UserAgent), Some(&b"say \"hi\""[..]));
//! assert_eq!(record.get(Field::ErrorCode), None);
//! assert_eq!(record.number(Field::HttpStatus), Some(200));
//! # Ok::<(), saltmine_format::JsonError>(())
//! ```

mod error;
mod members;
mod names;
mod read;
mod start;
mod time;

pub use error::{JsonError, JsonErrorKind};
pub use start::json_start;
pub use time::parse_iso_time;

use crate::value::number;
use crate::{Anomalies, Field, Fields};

impl Fields {
    /// Reads a line that holds a JSON object ([`json_start`]) into `self`.
    ///
    /// Values without escapes are positions in `line`. What has to be written differently is appended to `unescaped`,
    /// and positions from `base` on are in it: `base` is where its first byte is taken to stand, seen from the beginning
    /// of the line, and at least the line's length. A caller with several lines in a block gives them one `unescaped`.
    ///
    /// - A member that is missing, `null`, `"-"`, or empty where a line of text cannot be, is null.
    /// - `acl_required` is `Yes` for `true`, and null for `false`.
    /// - A number that is none or does not fit is null and marked `bad_number`. `200.0` and `"200"` are 200.
    /// - Members that are not known, repeated, or of a type that is not theirs go to [`Fields::extra`], verbatim, as an
    ///   object; the line is marked `extra_fields`. So does another version than `V_1_0`, and a `bucket_arn` of another
    ///   bucket.
    /// - A quote in request-URI, referer, user agent or host header is marked `embedded_quote`, as in text, where it may
    ///   mislead readers.
    /// - Text with half of a surrogate pair is no text: it stays as it is written, escapes and all, and is marked
    ///   `invalid_utf8`.
    ///
    /// # Errors
    /// Where the line is not one JSON object, or its `request_time` or `operation` cannot be read. `self` then holds
    /// nothing of meaning; `unescaped` is as it was.
    pub fn read_json(&mut self, line: &[u8], base: u32, unescaped: &mut String) -> Result<(), JsonError> {
        let before = unescaped.len();
        let outcome = read::read(line, base, unescaped, self);
        if outcome.is_err() {
            unescaped.truncate(before);
        }
        outcome
    }
}

/// A line of JSON and its fields.
#[derive(Clone, Debug)]
pub struct JsonRecord<'a> {
    line: &'a [u8],
    unescaped: String,
    fields: Fields,
}

impl<'a> JsonRecord<'a> {
    /// Reads a line (without its line end).
    ///
    /// # Errors
    /// As [`Fields::read_json`].
    pub fn parse(line: &'a [u8]) -> Result<Self, JsonError> {
        let mut record = Self { line, unescaped: String::new(), fields: Fields::EMPTY };
        record.fields.read_json(line, line.len() as u32, &mut record.unescaped)?;
        Ok(record)
    }

    /// A field's bytes, as text; `None` where it is null. The time is as it stands: see [`JsonRecord::request_time`].
    pub fn get(&self, field: Field) -> Option<&[u8]> {
        self.slice(self.fields.spans[field.index()])
    }

    /// Members that have no column, as a JSON object.
    pub fn extra(&self) -> Option<&[u8]> {
        self.slice(self.fields.extra)
    }

    fn slice(&self, span: crate::Span) -> Option<&[u8]> {
        let length = self.line.len();
        if span.is_null() || (span.start as usize) < length {
            return span.slice(self.line);
        }
        self.unescaped.as_bytes().get(span.start as usize - length..span.end as usize - length)
    }

    /// What is odd about the line.
    pub fn anomalies(&self) -> Anomalies {
        self.fields.anomalies
    }

    /// The fields as positions: below the line's length in the line, from there on in what had to be unescaped.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// When S3 received the request, in microseconds since 1970, UTC.
    pub fn request_time(&self) -> i64 {
        self.fields.request_micros()
    }

    /// A field of digits as a number; `None` for null, or where it does not fit.
    pub fn number(&self, field: Field) -> Option<i64> {
        number(self.get(field)?)
    }
}
