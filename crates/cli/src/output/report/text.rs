//! Formats numbers, times and long text for people.

use chrono::{DateTime, Utc};

use crate::output::sanitize::sanitize;

/// `1234567` as `1,234,567`.
pub(super) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('\u{2212}');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in decimal units, with three digits: `16.3 GB`.
pub(super) fn bytes(number: i64) -> String {
    short(number, &[" B", " kB", " MB", " GB", " TB", " PB", " EB"])
}

/// A short count for a narrow cell: `12.3k`.
pub(super) fn brief(number: i64) -> String {
    short(number, &["", "k", "M", "G", "T", "P", "E"])
}

fn short(number: i64, units: &[&str]) -> String {
    let (mut value, mut unit) = (number as f64, 0);
    while value.abs() >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || value.abs() >= 99.95 {
        0
    } else if value.abs() >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}{}", units[unit])
}

/// Microseconds since 1970 as `2026-03-01 12:00:00`, in UTC.
pub(super) fn time(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).map_or_else(|| micros.to_string(), |time| moment(&time))
}

/// A time as `2026-03-01 12:00:00`.
pub(super) fn moment(time: &DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Milliseconds: `12 ms`, `1.25 s`.
pub(super) fn millis(number: i64) -> String {
    if number.abs() < 10_000 {
        format!("{} ms", count(number))
    } else {
        format!("{} s", count(number / 1000))
    }
}

/// Shortens text to `most` characters: keeps the beginning, the end, and the number of characters in between. Invisible
/// characters count as their escapes, so that the size of a page is bounded whatever a log contains.
pub(super) fn cut(text: &str, most: usize) -> String {
    let text = sanitize(text);
    let length = text.chars().count();
    if length <= most + 24 {
        return text.into_owned();
    }
    let (head, tail) = (most * 2 / 3, most / 3);
    let begin: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{begin} [… {} characters …] {end}", count((length - head - tail) as i64))
}

/// Splits text into pieces between which a line may wrap: after the separators of an ARN, a path or a user agent.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        piece.push(character);
        let is_mark = match character {
            '/' | '=' | '&' | '?' | ',' | ';' => true,
            ':' => characters.peek() != Some(&':'),
            _ => false,
        };
        if is_mark && piece.chars().count() > 3 {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        let counts = [0, 999, 1000, 1_234_567, -4321].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "1,234,567", "\u{2212}4,321"]);
        let sizes = [0, 999, 1000, 16_330_929_458, 999_999, i64::MAX].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.00 kB", "16.3 GB", "1.00 MB", "9.22 EB"]);
        assert_eq!([7, 12_345, 150_000].map(brief), ["7", "12.3k", "150k"]);
        assert_eq!([7, 9999, 12_000].map(millis), ["7 ms", "9,999 ms", "12 s"]);
    }

    #[test]
    fn long_text_keeps_begin_and_end() {
        assert_eq!(cut("short\u{202e}", 30), "short\\u{202E}");
        let long = cut(&"\u{202e}".repeat(5000), 30);
        assert!(long.starts_with("\\u{202E}") && long.contains("39,970 characters"), "{long}");
        assert!(long.chars().count() < 60);
    }

    #[test]
    fn pieces_add_up_to_the_text() {
        let arn = "arn:aws:sts::111122223333:assumed-role/ops/cleanup";
        assert_eq!(pieces(arn).concat(), arn);
        assert_eq!(
            pieces(arn),
            ["arn:", "aws:", "sts::", "111122223333:", "assumed-role/", "ops/", "cleanup"]
        );
        assert_eq!(pieces(""), [""]);
    }
}
