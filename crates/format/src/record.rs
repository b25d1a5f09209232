//! A record: a line and its fields, parsed by the fast path if it accepts the line, otherwise by the grammar.

use crate::fields::Fields;
use crate::value::number;
use crate::{Anomalies, Field, LineError, fast, grammar};

impl Fields {
    /// Parses `line` (without its line ending) into `self`: common lines by the fast path, all others by the
    /// grammar.
    ///
    /// # Errors
    /// If one of the first eight fields or the time cannot be parsed. The content of `self` is then
    /// meaningless.
    #[inline]
    pub fn read(&mut self, line: &[u8]) -> Result<(), LineError> {
        if fast::read(line, self).is_some() { Ok(()) } else { grammar::read(line, self) }
    }
}

/// A line and its fields.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    line: &'a [u8],
    fields: Fields,
}

impl<'a> Record<'a> {
    /// Parses a line (without its line ending).
    ///
    /// # Errors
    /// If one of the first eight fields or the time cannot be parsed: the line is a reject.
    pub fn parse(line: &'a [u8]) -> Result<Self, LineError> {
        let mut fields = Fields::EMPTY;
        fields.read(line)?;
        Ok(Self { line, fields })
    }

    /// Like [`Record::parse`], but uses only the readable grammar: the oracle for the fast path.
    ///
    /// # Errors
    /// As [`Record::parse`].
    pub fn parse_by_grammar(line: &'a [u8]) -> Result<Self, LineError> {
        let mut fields = Fields::EMPTY;
        grammar::read(line, &mut fields)?;
        Ok(Self { line, fields })
    }

    /// Like [`Record::parse`], but uses only the fast path; `None` if it leaves the line to the grammar.
    pub fn parse_by_fast_path(line: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::EMPTY;
        fast::read(line, &mut fields)?;
        Some(Self { line, fields })
    }

    /// The whole line.
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// The fields as byte ranges in the line.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The bytes of a field as they appear in the line, without the outer quotes; `None` if the line has `-`
    /// or ends before the field. For the time these are its text: see [`Record::request_time`].
    pub fn get(&self, field: Field) -> Option<&'a [u8]> {
        self.fields.spans[field.index()].slice(self.line)
    }

    /// The text after the last known field, verbatim.
    pub fn extra(&self) -> Option<&'a [u8]> {
        self.fields.extra.slice(self.line)
    }

    /// The anomalies of the line.
    pub fn anomalies(&self) -> Anomalies {
        self.fields.anomalies
    }

    /// When S3 received the request, in seconds since 1970 (UTC).
    pub fn request_time(&self) -> i64 {
        self.fields.request_time
    }

    /// The HTTP status; `None` if the line has none (lifecycle and other internal operations).
    pub fn http_status(&self) -> Option<i16> {
        self.number(Field::HttpStatus).and_then(|status| i16::try_from(status).ok())
    }

    /// A field of digits as a number; `None` if it is null or does not fit.
    pub fn number(&self, field: Field) -> Option<i64> {
        number(self.get(field)?)
    }
}
