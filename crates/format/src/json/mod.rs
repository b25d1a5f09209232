//! The same records as AWS delivers them in structured form: one JSON object per line.
//!
//! S3 server access logs can be delivered through CloudWatch Logs: to a log group, as JSON files to a bucket,
//! to Firehose, or to a table bucket. Each record is an object of 29 members. Nulls are JSON nulls, numbers
//! are numbers and text is escaped, so nothing is ambiguous. Source: the Amazon S3 User Guide, "Server access
//! log format for CloudWatch Logs" (`sal-cw-log-format.html`, 2026).
//!
//! [`json_start`] detects such a line; [`Fields::read_json`] parses it into the same [`Fields`] as a line of
//! text. [`JsonRecord`] combines the two for a single line.
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
    /// Parses a line that contains a JSON object ([`json_start`]) into `self`.
    ///
    /// Values without escapes are positions in `line`. Values that had to be unescaped are appended to
    /// `unescaped`; positions from `base` on refer to it. `base` is the position of its first byte relative
    /// to the beginning of the line, and at least the length of the line. A caller with several lines in a
    /// block uses one `unescaped` for all of them.
    ///
    /// - A member that is missing, `null` or `"-"` is null. So is an empty one whose field cannot be empty in
    ///   a line of text.
    /// - `acl_required` is `Yes` for `true`, and null for `false`.
    /// - A number that is invalid or does not fit is null and marked `bad_number`. `200.0` and `"200"` are
    ///   200.
    /// - Members that are unknown, repeated or of an unexpected type go to [`Fields::extra`], verbatim, as an
    ///   object; the line is marked `extra_fields`. The same applies to a version other than `V_1_0`, and to
    ///   a `bucket_arn` of another bucket.
    /// - A quote in request-URI, referer, user agent or host header is marked `embedded_quote`, as in lines
    ///   of text, where it may mislead readers.
    /// - Text with an unpaired surrogate is invalid: it is kept as written, including escapes, and marked
    ///   `invalid_utf8`.
    ///
    /// # Errors
    /// If the line is not a single JSON object, or its `request_time` or `operation` cannot be parsed. The
    /// content of `self` is then meaningless; `unescaped` is unchanged.
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
    /// Parses a line (without its line ending).
    ///
    /// # Errors
    /// See [`Fields::read_json`].
    pub fn parse(line: &'a [u8]) -> Result<Self, JsonError> {
        let mut record = Self { line, unescaped: String::new(), fields: Fields::EMPTY };
        record.fields.read_json(line, line.len() as u32, &mut record.unescaped)?;
        Ok(record)
    }

    /// The text of a field, as bytes; `None` if it is null. The time is the text in the line: see
    /// [`JsonRecord::request_time`].
    pub fn get(&self, field: Field) -> Option<&[u8]> {
        self.slice(self.fields.spans[field.index()])
    }

    /// Members without a column, as a JSON object.
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

    /// The anomalies of the line.
    pub fn anomalies(&self) -> Anomalies {
        self.fields.anomalies
    }

    /// The fields as positions: those below the length of the line refer to the line, the others to the
    /// unescaped text.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// When S3 received the request, in microseconds since 1970 (UTC).
    pub fn request_time(&self) -> i64 {
        self.fields.request_micros()
    }

    /// A field of digits as a number; `None` if it is null or does not fit.
    pub fn number(&self, field: Field) -> Option<i64> {
        number(self.get(field)?)
    }
}
