//! Reads the members of a line into fields.

use std::ops::Range;

use memchr::memchr;

use super::error::{JsonError, JsonErrorKind};
use super::members;
use super::names::{MEMBERS, Member, find};
use super::start::json_start;
use super::time::parse_iso_time;
use crate::fields::{Fields, Span};
use crate::time::is_valid_time;
use crate::tokens::is_operation;
use crate::value::{canonical_tls_version, number};
use crate::{Anomalies, Field};

pub(super) fn read(
    line: &[u8],
    base: u32,
    unescaped: &mut String,
    out: &mut Fields,
) -> Result<(), JsonError> {
    let text = std::str::from_utf8(line).map_err(|error| JsonErrorKind::NotUtf8.at(error.valid_up_to()))?;
    *out = Fields::EMPTY;
    let mut reader = Reader { line: text, base, unescaped, out, seen: 0, bucket_arn: None, rest: Vec::new() };
    let mut likely = 0;
    members::each(text, json_start(line).unwrap_or_default(), |name, value| {
        let found = reader.find(&name, likely);
        likely = found.map_or(likely, |at| at + 1);
        reader.member(found, name, value)
    })?;
    reader.finish()
}

struct Reader<'a> {
    line: &'a str,
    /// The position of the first byte of `unescaped`, relative to the line.
    base: u32,
    unescaped: &'a mut String,
    out: &'a mut Fields,
    /// Which of [`MEMBERS`] were seen.
    seen: u32,
    /// Ranges of the member and of its value.
    bucket_arn: Option<(Range<usize>, Range<usize>)>,
    /// Ranges of members without a column.
    rest: Vec<Range<usize>>,
}

impl Reader<'_> {
    /// The index of this member; `None` if it is unknown.
    fn find(&self, name: &Range<usize>, likely: usize) -> Option<usize> {
        let name = &self.line[name.clone()];
        if memchr(b'\\', name.as_bytes()).is_none() {
            return find(name, likely);
        }
        let unescaped: String = serde_json::from_str(name).ok()?;
        find(&format!("\"{unescaped}\""), likely)
    }

    fn member(
        &mut self,
        found: Option<usize>,
        name: Range<usize>,
        value: Range<usize>,
    ) -> Result<(), JsonError> {
        let whole = name.start..value.end;
        // A repeated member may contradict the first: the first counts, and the other is kept in `extra`.
        let Some(at) = found.filter(|at| self.seen & (1 << at) == 0) else {
            self.rest.push(whole);
            return Ok(());
        };
        self.seen |= 1 << at;
        let is_understood = match MEMBERS[at].1 {
            Member::SchemaVersion => matches!(&self.line[value], "\"V_1_0\"" | "null"),
            Member::BucketArn => {
                self.bucket_arn = Some((whole.clone(), value));
                true
            }
            Member::Field(field) => self.field(field, value)?,
        };
        if !is_understood {
            self.rest.push(whole);
        }
        Ok(())
    }

    /// Sets a field; returns whether the value has the right type.
    fn field(&mut self, field: Field, value: Range<usize>) -> Result<bool, JsonError> {
        let kind = self.line.as_bytes()[value.start];
        let span = match (field, kind) {
            (_, b'n') => Span::NULL,
            (Field::AclRequired, b't') => self.push("Yes"),
            (Field::AclRequired, b'f') => Span::NULL,
            _ if field.is_number() || field == Field::HttpStatus => self.number(field, value),
            (_, b'"') => self.text(field, value),
            (Field::RequestTime | Field::Operation, _) => {
                return Err(JsonErrorKind::Malformed(field).at(value.start));
            }
            _ => return Ok(false),
        };
        self.out.spans[field.index()] = span;
        Ok(true)
    }

    /// Digits, as a number or in quotes. A fraction of zeros is accepted, because tables of floats add one.
    fn number(&mut self, field: Field, value: Range<usize>) -> Span {
        let quotes = usize::from(self.line.as_bytes()[value.start] == b'"');
        let text = &self.line[value.start + quotes..value.end - quotes];
        if text.is_empty() || text == "-" {
            return Span::NULL;
        }
        let digits = match text.split_once('.') {
            Some((digits, fraction)) if fraction.bytes().all(|byte| byte == b'0') => digits,
            _ => text,
        };
        let fits = field != Field::HttpStatus || digits.len() == 3;
        if number(digits.as_bytes()).is_none() || !fits {
            self.out.anomalies.insert(Anomalies::BAD_NUMBER);
            return Span::NULL;
        }
        let start = value.start + quotes;
        Span { start: start as u32, end: (start + digits.len()) as u32 }
    }

    /// A text: in the line, or unescaped.
    fn text(&mut self, field: Field, value: Range<usize>) -> Span {
        let inner = value.start + 1..value.end - 1;
        let text = &self.line[inner.clone()];
        // In a line of text, an unquoted field cannot be empty.
        if text == "-" || (text.is_empty() && !field.is_quoted()) {
            return Span::NULL;
        }
        let in_line = Span { start: inner.start as u32, end: inner.end as u32 };
        if memchr(b'\\', text.as_bytes()).is_none() {
            return in_line;
        }
        let Ok(unescaped) = serde_json::from_str::<String>(&self.line[value]) else {
            self.out.anomalies.insert(Anomalies::INVALID_UTF8);
            return in_line;
        };
        if unescaped == "-" {
            return Span::NULL;
        }
        let may_hold_quotes = field.is_quoted() || field == Field::HostHeader;
        self.out.anomalies.insert_if(Anomalies::EMBEDDED_QUOTE, may_hold_quotes && unescaped.contains('"'));
        match canonical_tls_version(unescaped.as_bytes()) {
            Some(version) if field == Field::TlsVersion => self.push(version),
            _ => self.push(&unescaped),
        }
    }

    /// Appends a text to `unescaped`.
    fn push(&mut self, text: &str) -> Span {
        let start = self.base + self.unescaped.len() as u32;
        self.unescaped.push_str(text);
        Span { start, end: self.base + self.unescaped.len() as u32 }
    }

    /// The bytes of a field.
    fn value(&self, field: Field) -> Option<&[u8]> {
        let span = self.out.spans[field.index()];
        if span.is_null() || (span.start as usize) < self.line.len() {
            return span.slice(self.line.as_bytes());
        }
        let (start, end) = (span.start - self.base, span.end - self.base);
        self.unescaped.as_bytes().get(start as usize..end as usize)
    }

    fn finish(mut self) -> Result<(), JsonError> {
        for field in [Field::RequestTime, Field::Operation] {
            if self.out.spans[field.index()].is_null() {
                return Err(self.missing(field));
            }
        }
        let malformed = |field: Field| {
            let start = self.out.spans[field.index()].start as usize;
            JsonErrorKind::Malformed(field).at(start.min(self.line.len()))
        };
        let time = self.value(Field::RequestTime).and_then(parse_iso_time);
        let time = time.ok_or_else(|| malformed(Field::RequestTime))?;
        if !is_valid_time(time.div_euclid(1_000_000)) {
            let offset = malformed(Field::RequestTime).offset;
            return Err(JsonErrorKind::OutOfRange(Field::RequestTime).at(offset));
        }
        if !self.value(Field::Operation).is_some_and(is_operation) {
            return Err(malformed(Field::Operation));
        }
        self.out.request_time = time.div_euclid(1_000_000);
        self.out.micros = time.rem_euclid(1_000_000) as u32;
        self.check_bucket_arn();
        self.collect_extra();
        Ok(())
    }

    /// A record without this field may be the envelope that the service puts around records.
    fn missing(&self, field: Field) -> JsonError {
        let is_event = |member: &Range<usize>| {
            let text = &self.line[member.clone()];
            text.starts_with("\"logEvents\"") || text.starts_with("\"message\"")
        };
        if self.seen == 0 && self.rest.iter().any(is_event) {
            return JsonErrorKind::Envelope.at(0);
        }
        JsonErrorKind::Missing(field).at(self.line.len())
    }

    /// The ARN adds nothing to the bucket, unless it names another bucket.
    fn check_bucket_arn(&mut self) {
        let Some((member, value)) = self.bucket_arn.take() else { return };
        let arn: Option<String> = match serde_json::from_str(&self.line[value]) {
            Ok(arn) => arn,
            Err(_) => return self.rest.push(member),
        };
        let bucket = self.value(Field::Bucket).unwrap_or_default();
        let is_of_bucket = |arn: String| {
            let of = arn.split_once(":s3:::").filter(|(partition, _)| partition.starts_with("arn:aws"));
            of.is_some_and(|(_, of)| of.as_bytes() == bucket)
        };
        if !arn.is_none_or(is_of_bucket) {
            self.rest.push(member);
        }
    }

    /// Keeps members without a column, as an object.
    fn collect_extra(&mut self) {
        let members = std::mem::take(&mut self.rest);
        if members.is_empty() {
            return;
        }
        self.out.anomalies.insert(Anomalies::EXTRA_FIELDS);
        let start = self.base + self.unescaped.len() as u32;
        for (at, member) in members.into_iter().enumerate() {
            self.unescaped.push(if at == 0 { '{' } else { ',' });
            self.unescaped.push_str(&self.line[member]);
        }
        self.unescaped.push('}');
        self.out.extra = Span { start, end: self.base + self.unescaped.len() as u32 };
    }
}
