//! Renders values as a line: the inverse of parsing.

use std::borrow::Cow;

use saltmine_format::{Field, Record};

/// How a quoted field without a value is written. S3 uses both styles, independently for each of the three
/// fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum NullStyle {
    /// `"-"`
    #[default]
    Quoted,
    /// `-`
    Bare,
}

/// A line under construction: a value or null for each field, the number of fields to write, and additions
/// found in some lines.
///
/// Values are written as they are, because S3 escapes nothing. Parsing the line gives the same record if no
/// unquoted value is empty or contains a space or quote, and no quoted value contains text that could end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineBuilder<'a> {
    values: [Option<Cow<'a, [u8]>>; Field::COUNT],
    null_styles: [NullStyle; 3],
    fields: usize,
    rollout_token: Option<Cow<'a, [u8]>>,
    extra: Option<Cow<'a, [u8]>>,
}

impl Default for LineBuilder<'_> {
    fn default() -> Self {
        LineBuilder::new()
    }
}

impl<'a> LineBuilder<'a> {
    /// A line of all [`Field::COUNT`] fields, each null.
    pub(crate) const fn new() -> LineBuilder<'a> {
        LineBuilder {
            values: [const { None }; Field::COUNT],
            null_styles: [NullStyle::Quoted; 3],
            fields: Field::COUNT,
            rollout_token: None,
            extra: None,
        }
    }

    /// The fields of a record. A record does not keep the null style and the number of fields of its line:
    /// nulls are quoted and all fields are written. `extra` goes to the end.
    pub(crate) fn from_record(record: &Record<'a>) -> LineBuilder<'a> {
        let mut line = LineBuilder::new();
        for field in Field::ALL {
            line.values[field.index()] = record.get(field).map(Cow::Borrowed);
        }
        line.extra = record.extra().map(Cow::Borrowed);
        line
    }

    /// Sets a value; quoted fields without their quotes, the time without its brackets.
    pub(crate) fn set<T: AsRef<[u8]> + ?Sized>(&mut self, field: Field, value: &'a T) -> &mut Self {
        self.set_cow(field, Cow::Borrowed(value.as_ref()))
    }

    /// Sets a value that the line owns.
    pub(crate) fn set_owned(&mut self, field: Field, value: impl Into<Vec<u8>>) -> &mut Self {
        self.set_cow(field, Cow::Owned(value.into()))
    }

    /// Sets a value that may be borrowed or owned.
    pub(crate) fn set_cow(&mut self, field: Field, value: Cow<'a, [u8]>) -> &mut Self {
        self.values[field.index()] = Some(value);
        self
    }

    /// Sets a number, or an HTTP status.
    pub(crate) fn set_number(&mut self, field: Field, value: i64) -> &mut Self {
        self.set_owned(field, value.to_string())
    }

    /// Sets the time, in seconds since 1970, as S3 writes it: in UTC.
    pub(crate) fn set_time(&mut self, seconds: i64) -> &mut Self {
        self.set_owned(Field::RequestTime, format_time(seconds))
    }

    /// Makes a field null.
    pub(crate) fn clear(&mut self, field: Field) -> &mut Self {
        self.values[field.index()] = None;
        self
    }

    /// The value of a field; `None` for null.
    pub(crate) fn get(&self, field: Field) -> Option<&[u8]> {
        self.values[field.index()].as_deref()
    }

    /// How a null request-URI, referer or user agent is written; no effect on other fields.
    pub(crate) fn null_style(&mut self, field: Field, style: NullStyle) -> &mut Self {
        if let Some(slot) = quoted_index(field) {
            self.null_styles[slot] = style;
        }
        self
    }

    /// The number of fields to write: 27 for current lines, 17 for the oldest. Values above 27 mean 27.
    pub(crate) fn fields(&mut self, count: usize) -> &mut Self {
        self.fields = count.min(Field::COUNT);
        self
    }

    /// A token between version id and host id, as in lines of March 2019. Written only if a host id is.
    pub(crate) fn rollout_token<T: AsRef<[u8]> + ?Sized>(&mut self, token: &'a T) -> &mut Self {
        self.rollout_token = Some(Cow::Borrowed(token.as_ref()));
        self
    }

    /// Text after the last field, verbatim after one space: future fields.
    pub(crate) fn extra<T: AsRef<[u8]> + ?Sized>(&mut self, text: &'a T) -> &mut Self {
        self.extra = Some(Cow::Borrowed(text.as_ref()));
        self
    }

    /// Appends the line to `out`, without a line ending.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        for field in &Field::ALL[..self.fields] {
            if field.index() > 0 {
                out.push(b' ');
            }
            if let (Field::HostId, Some(token)) = (field, &self.rollout_token) {
                out.extend_from_slice(token);
                out.push(b' ');
            }
            self.write_field(*field, out);
        }
        if let Some(extra) = &self.extra {
            out.push(b' ');
            out.extend_from_slice(extra);
        }
    }

    /// The line, without a line ending.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        self.write_to(&mut out);
        out
    }

    fn write_field(&self, field: Field, out: &mut Vec<u8>) {
        let value = self.values[field.index()].as_deref();
        let quotes: (&[u8], &[u8]) = match (field, quoted_index(field)) {
            (Field::RequestTime, _) => (b"[", b"]"),
            (_, Some(slot)) if value.is_some() || self.null_styles[slot] == NullStyle::Quoted => {
                (b"\"", b"\"")
            }
            _ => (b"", b""),
        };
        out.extend_from_slice(quotes.0);
        out.extend_from_slice(value.unwrap_or(b"-"));
        out.extend_from_slice(quotes.1);
    }
}

fn quoted_index(field: Field) -> Option<usize> {
    match field {
        Field::RequestUri => Some(0),
        Field::Referer => Some(1),
        Field::UserAgent => Some(2),
        _ => None,
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Formats seconds since 1970 as in the log, without brackets: `06/Feb/2019:00:00:38 +0000`.
///
/// The log has four digits for a year; times outside the years 0 to 9999 are clamped.
pub(crate) fn format_time(seconds: i64) -> String {
    const FIRST: i64 = -62_167_219_200;
    const LAST: i64 = 253_402_300_799;
    let seconds = seconds.clamp(FIRST, LAST);
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    format!(
        "{day:02}/{}/{year:04}:{:02}:{:02}:{:02} +0000",
        MONTHS[month as usize - 1],
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// Year, month and day for a number of days since 1970-01-01: the proleptic Gregorian calendar, with years
/// from March.
pub(crate) fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day as u32)
}
