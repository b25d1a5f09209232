//! A record: a line and its fields, by the fast path where that takes the line, else by the grammar.

use crate::fields::Fields;
use crate::value::number;
use crate::{Anomalies, Field, LineError, fast, grammar};

impl Fields {
    /// Reads `line` (without its line end) into `self`: the common line by the fast path, any other by the grammar.
    ///
    /// # Errors
    /// Where one of the first eight fields or the time cannot be read. `self` then holds nothing of meaning.
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
