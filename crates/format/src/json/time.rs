//! ISO 8601 times, as written by AWS's structured delivery and by exports of its tables.

use crate::time::{days_from_civil, days_in_month};

/// Parses `2026-04-29T14:32:16.000Z` to microseconds since 1970 (UTC).
///
/// A space may replace the `T`. A fraction of a second has one to nine digits; digits below a microsecond are
/// dropped. The zone is `Z`, ` UTC`, or an offset such as `+02:00`, `+0200` or `+02`, which is applied; a
/// missing zone means UTC. `None` for any other text, or if a part is out of range (a leap second, `:60`, is
/// accepted).
pub fn parse_iso_time(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let (clock, rest) = rest.split_first_chunk::<9>()?;
    let has_shape = date[4] == b'-'
        && date[7] == b'-'
        && matches!(clock[0], b'T' | b' ')
        && clock[3] == b':'
        && clock[6] == b':';
    if !has_shape {
        return None;
    }
    let year = two_digits(&date[0..2])? * 100 + two_digits(&date[2..4])?;
    let (month, day) = (two_digits(&date[5..7])?, two_digits(&date[8..10])?);
    let (hour, minute, second) =
        (two_digits(&clock[1..3])?, two_digits(&clock[4..6])?, two_digits(&clock[7..9])?);
    let in_range = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range {
        return None;
    }
    let (micros, zone) = fraction(rest)?;
    let seconds = days_from_civil(year, month, day) * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    Some((seconds - offset(zone)?) * 1_000_000 + micros)
}

/// Two digits.
fn two_digits(text: &[u8]) -> Option<u32> {
    let [tens, ones] = text else { return None };
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(u32::from(tens) * 10 + u32::from(ones))
}

/// Microseconds, and the text after the fraction.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let digit = |at: usize| if at < count { i64::from(digits[at] - b'0') } else { 0 };
    Some(((0..6).fold(0, |micros, at| micros * 10 + digit(at)), &digits[count..]))
}

/// Seconds by which a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, digits) = match zone {
        b"" | b"Z" | b" UTC" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [_, _] => (two_digits(digits)?, 0),
        [_, _, b':', minutes @ ..] => (two_digits(&digits[..2])?, two_digits(minutes)?),
        [_, _, minutes @ ..] => (two_digits(&digits[..2])?, two_digits(minutes)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * i64::from(hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_fractions_and_zones() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-04-29T14:32:16.000Z", 1_777_473_136_000_000),
            ("2026-04-29T14:32:16.123Z", 1_777_473_136_123_000),
            ("2026-04-29T14:32:16.123456789Z", 1_777_473_136_123_456),
            ("2026-04-29 14:32:16.000000 UTC", 1_777_473_136_000_000),
            ("2026-04-29 14:32:16", 1_777_473_136_000_000),
            ("2026-04-29T16:32:16+02:00", 1_777_473_136_000_000),
            ("2026-04-29T16:32:16+02", 1_777_473_136_000_000),
            ("2026-04-29T10:02:16.5-0430", 1_777_473_136_500_000),
            ("1969-12-31T23:59:59.5Z", -500_000),
            ("2024-02-29T23:59:60Z", 1_709_251_200_000_000),
        ] {
            assert_eq!(parse_iso_time(text.as_bytes()), Some(micros), "{text}");
        }
    }

    #[test]
    fn refuses_invalid_times() {
        for text in [
            "",
            "2026-04-29",
            "2026-04-29T14:32",
            "2026-04-29T14:32:16.Z",
            "2026-04-29T14:32:16.0000000000Z",
            "2026-04-29T14:32:16z",
            "2026-04-29T14:32:16 CEST",
            "2026-04-29T14:32:16+2",
            "2026-04-29T14:32:16+24:00",
            "2026-04-29T14:32:16+02:0",
            "2026-13-29T14:32:16Z",
            "2026-00-29T14:32:16Z",
            "2023-02-29T14:32:16Z",
            "2026-04-29T24:00:00Z",
            "2026-04-29T14:60:00Z",
            "2026-04-29T14:32:61Z",
            "+026-04-29T14:32:16Z",
            "2026/04/29T14:32:16Z",
            "29/Apr/2026:14:32:16 +0000",
            "1777473136",
        ] {
            assert_eq!(parse_iso_time(text.as_bytes()), None, "{text}");
        }
    }
}
