//! Date patterns: Joda's letters (`dd/MMM/yyyy`) for `parse_datetime`, and MySQL's specifiers (`%d/%b/%Y`) for
//! `date_parse`. Both are translated to chrono's format items.
//!
//! Sources: Trino's documentation of date and time functions, and that of Joda-Time's `DateTimeFormat`.

use std::fmt::Write;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, FixedOffset, NaiveTime, Offset, TimeZone, Utc};

use super::zone::Zone;

/// A parsed pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    items: Vec<Item<'static>>,
}

impl Pattern {
    /// Parses Joda's letters. Text is quoted with `'`; `''` is a literal quote.
    ///
    /// # Errors
    /// If a letter is not one of Joda's, or is not supported.
    pub(super) fn joda(pattern: &str) -> Result<Self, String> {
        let mut format = String::with_capacity(2 * pattern.len());
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            if first == '\'' {
                rest = quoted(rest, &mut format)?;
                continue;
            }
            let length = rest.find(|c| c != first).unwrap_or(rest.len());
            let run = &rest[..length];
            rest = &rest[length..];
            if first.is_ascii_alphabetic() {
                format.push_str(&joda_letters(first, run.len(), pattern)?);
            } else {
                run.chars().for_each(|character| push_literal(&mut format, character));
            }
        }
        Self::from_format(&format)
    }

    /// Parses MySQL's specifiers.
    ///
    /// # Errors
    /// If a specifier is not one of MySQL's, or Presto does not support it either.
    pub(super) fn mysql(pattern: &str) -> Result<Self, String> {
        let mut format = String::with_capacity(pattern.len() + 8);
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                push_literal(&mut format, character);
                continue;
            }
            let specifier = characters.next().ok_or_else(|| format!("{pattern:?} ends with a single %"))?;
            match mysql_specifier(specifier) {
                Some(item) => format.push_str(item),
                None if "DUuVwX".contains(specifier) => {
                    return Err(format!("%{specifier} of {pattern:?} is not supported"));
                }
                None => push_literal(&mut format, specifier),
            }
        }
        Self::from_format(&format)
    }

    fn from_format(format: &str) -> Result<Self, String> {
        let items = StrftimeItems::new(format).parse_to_owned();
        Ok(Self { items: items.map_err(|_| format!("invalid time pattern: {format:?}"))? })
    }

    /// Parses a time to microseconds since 1970; UTC unless the text has an offset. Missing parts default to the
    /// first of their kind: the first month, the first day, midnight. `None` if the text does not match.
    pub(super) fn parse(&self, text: &str) -> Option<i64> {
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, self.items.iter()).ok()?;
        complete(&mut parsed)?;
        let offset = match parsed.offset() {
            Some(seconds) => FixedOffset::east_opt(seconds)?,
            None => Utc.fix(),
        };
        let date = parsed.to_naive_date().ok()?;
        let time = match parsed.hour_mod_12() {
            Some(_) => parsed.to_naive_time().ok()?,
            None => NaiveTime::MIN,
        };
        let local = offset.from_local_datetime(&date.and_time(time)).single()?;
        Some(local.timestamp_micros())
    }

    /// Formats a time (microseconds since 1970) in a zone. `None` if it is out of range.
    pub(super) fn format(&self, micros: i64, zone: Zone) -> Option<String> {
        let time = DateTime::<Utc>::from_timestamp_micros(micros)?;
        zone.local(micros)?;
        let time = time.with_timezone(&FixedOffset::east_opt(zone.offset(time.naive_utc()))?);
        let mut text = String::new();
        write!(text, "{}", time.format_with_items(self.items.iter())).ok()?;
        Some(text)
    }
}

/// Fills in missing parts, with Joda's years: 2000 for a month or day without a year, else 1970.
fn complete(parsed: &mut Parsed) -> Option<()> {
    let has_year = parsed.year().is_some()
        || parsed.year_mod_100().is_some()
        || parsed.isoyear().is_some()
        || parsed.timestamp().is_some();
    let has_date = parsed.month().is_some() || parsed.day().is_some() || parsed.ordinal().is_some();
    if !has_year {
        parsed.set_year(if has_date { 2000 } else { 1970 }).ok()?;
    }
    complete_time(parsed)?;
    if parsed.isoyear().is_some() || parsed.ordinal().is_some() || parsed.timestamp().is_some() {
        return Some(());
    }
    if parsed.month().is_none() {
        parsed.set_month(1).ok()?;
    }
    if parsed.day().is_none() {
        parsed.set_day(1).ok()?;
    }
    Some(())
}

fn complete_time(parsed: &mut Parsed) -> Option<()> {
    if parsed.hour_mod_12().is_some() {
        if parsed.hour_div_12().is_none() {
            parsed.set_ampm(false).ok()?;
        }
    } else if parsed.minute().is_some() || parsed.second().is_some() || parsed.nanosecond().is_some() {
        parsed.set_hour(0).ok()?;
    }
    if parsed.hour_mod_12().is_some() && parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    if parsed.nanosecond().is_some() && parsed.second().is_none() {
        parsed.set_second(0).ok()?;
    }
    Some(())
}

/// The quoted text between two `'`; returns the rest.
fn quoted<'a>(pattern: &'a str, format: &mut String) -> Result<&'a str, String> {
    let mut rest = &pattern[1..];
    if let Some(after) = rest.strip_prefix('\'') {
        format.push('\'');
        return Ok(after);
    }
    loop {
        let end = rest.find('\'').ok_or_else(|| format!("unclosed ' in {pattern:?}"))?;
        rest[..end].chars().for_each(|character| push_literal(format, character));
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                format.push('\'');
                rest = after;
            }
            None => return Ok(rest),
        }
    }
}

fn push_literal(format: &mut String, character: char) {
    if character == '%' {
        format.push('%');
    }
    format.push(character);
}

/// chrono's item for a run of one Joda letter.
fn joda_letters(letter: char, count: usize, pattern: &str) -> Result<String, String> {
    let item = match (letter, count) {
        ('y' | 'Y' | 'u', 2) => "%y",
        ('y' | 'Y' | 'u', _) => "%Y",
        ('M', 1) => "%-m",
        ('M', 2) => "%m",
        ('M', 3) => "%b",
        ('M', _) => "%B",
        ('d', 1) => "%-d",
        ('d', _) => "%d",
        ('D', 1) => "%-j",
        ('D', _) => "%j",
        ('E', 1..=3) => "%a",
        ('E', _) => "%A",
        ('e', _) => "%u",
        ('x', _) => "%G",
        ('w', _) => "%V",
        ('H', 1) => "%-H",
        ('H', _) => "%H",
        ('h', 1) => "%-I",
        ('h', _) => "%I",
        ('m', 1) => "%-M",
        ('m', _) => "%M",
        ('s', 1) => "%-S",
        ('s', _) => "%S",
        ('S', 3) => "%3f",
        ('S', 6) => "%6f",
        ('S', 9) => "%9f",
        ('a', _) => "%p",
        ('Z', 1) => "%z",
        ('Z', 2) => "%:z",
        _ => return Err(format!("{} of {pattern:?} is not supported", letter.to_string().repeat(count))),
    };
    Ok(item.to_owned())
}

/// chrono's item for a MySQL specifier.
fn mysql_specifier(specifier: char) -> Option<&'static str> {
    Some(match specifier {
        'a' => "%a",
        'b' => "%b",
        'c' => "%-m",
        'd' => "%d",
        'e' => "%-d",
        'f' => "%6f",
        'H' => "%H",
        'h' | 'I' => "%I",
        'i' => "%M",
        'j' => "%j",
        'k' => "%-H",
        'l' => "%-I",
        'M' => "%B",
        'm' => "%m",
        'p' => "%p",
        'r' => "%I:%M:%S %p",
        'S' | 's' => "%S",
        'T' => "%H:%M:%S",
        'v' => "%V",
        'W' => "%A",
        'x' => "%G",
        'Y' => "%Y",
        'y' => "%y",
        '%' => "%%",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
    }

    #[test]
    fn joda_patterns_read() {
        for (pattern, text, time) in [
            ("dd/MMM/yyyy:HH:mm:ss Z", "06/Feb/2019:00:00:38 +0000", "2019-02-06T00:00:38Z"),
            ("dd/MMM/yyyy:HH:mm:ss Z", "06/Feb/2019:00:00:38 -0230", "2019-02-06T02:30:38Z"),
            ("yyyy-MM-dd:HH:mm:ss", "2017-02-18:07:00:00", "2017-02-18T07:00:00Z"),
            ("yyyy-MM-dd", "2022-06-01", "2022-06-01T00:00:00Z"),
            ("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "2022-06-01T01:02:03.045Z", "2022-06-01T01:02:03.045Z"),
            ("yyyy", "2022", "2022-01-01T00:00:00Z"),
            ("yyyy-MM-dd HH", "2022-06-01 23", "2022-06-01T23:00:00Z"),
            ("d MMMM yy hh:mm a", "1 June 22 11:30 PM", "2022-06-01T23:30:00Z"),
            ("MM-dd", "02-29", "2000-02-29T00:00:00Z"),
            ("HH:mm", "10:20", "1970-01-01T10:20:00Z"),
            ("yyyy 'o''clock' HH", "2020 o'clock 07", "2020-01-01T07:00:00Z"),
            ("yyyy%MM", "2020%05", "2020-05-01T00:00:00Z"),
        ] {
            let read = Pattern::joda(pattern).unwrap().parse(text);
            assert_eq!(read, Some(micros(time)), "{pattern} {text}");
        }
    }

    #[test]
    fn mysql_patterns_read_and_write() {
        let time = micros("2019-02-06T13:04:05.600Z");
        for (pattern, text) in [
            ("%d/%b/%Y:%H:%i:%s +0000", "06/Feb/2019:13:04:05 +0000"),
            ("%Y-%m-%d %T", "2019-02-06 13:04:05"),
            ("%W, %e %M %Y %l:%i %p", "Wednesday, 6 February 2019 1:04 PM"),
            ("%c/%e/%y %r", "2/6/19 01:04:05 PM"),
            ("%j of %Y; 100%%", "037 of 2019; 100%"),
            ("%Y.%f", "2019.600000"),
            ("%Q%Y", "Q2019"),
        ] {
            let read = Pattern::mysql(pattern).unwrap();
            assert_eq!(read.format(time, Zone::UTC).as_deref(), Some(text), "{pattern}");
            assert!(read.parse(text).is_some(), "{pattern}");
        }
        assert!(Pattern::mysql("%Y-%").is_err() && Pattern::mysql("%D").is_err());
    }

    #[test]
    fn text_that_does_not_match_is_refused() {
        let pattern = Pattern::joda("yyyy-MM-dd:HH:mm:ss").unwrap();
        for text in ["2017-02-18", "2017-02-30:00:00:00", "2017-02-18:07:00:00 ", "", "-", "\u{202e}"] {
            assert_eq!(pattern.parse(text), None, "{text:?}");
        }
        for pattern in ["yyyy-QQ", "yyyy 'open", "SSSS"] {
            assert!(Pattern::joda(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn times_beyond_the_calendar_are_not_written() {
        let pattern = Pattern::joda("yyyy-MM-dd").unwrap();
        assert_eq!(pattern.format(i64::MAX, Zone::UTC), None);
        assert_eq!(pattern.format(0, Zone::UTC).as_deref(), Some("1970-01-01"));
    }
}
