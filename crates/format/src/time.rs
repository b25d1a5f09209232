//! The time of a request: `[06/Feb/2019:00:00:38 +0000]`, 26 bytes without the brackets.

/// Length of the text between the brackets.
pub const TIME_LEN: usize = 26;

/// The first second of 2006, when S3 was launched, and of 2100, in seconds since 1970.
const VALID_SECONDS: std::ops::Range<i64> = 1_136_073_600..4_102_444_800;

/// Whether a time, in seconds since 1970, lies in the years 2006 to 2099 (UTC). No request has another time:
/// no log is older than S3, and distant times do not fit other readers (nanoseconds in 64 bits end in 2262,
/// dates of other readers in 9999). The rule does not depend on the clock, so a file gives the same result on
/// every machine and day.
#[inline]
pub(crate) fn is_valid_time(seconds: i64) -> bool {
    VALID_SECONDS.contains(&seconds)
}

/// Parses `06/Feb/2019:00:00:38 +0000` to seconds since 1970 (UTC). The offset is applied: S3 writes `+0000`,
/// but logs processed by other tools may have others. Month names are English in every locale.
///
/// `None` if a digit, a separator or the month is invalid, or a part is out of range (a leap second, `:60`,
/// is accepted).
pub fn parse_time(text: &[u8]) -> Option<i64> {
    let text: &[u8; TIME_LEN] = text.try_into().ok()?;
    if !separators_fit(text) {
        return None;
    }
    let day = two_digits(text, 0)?;
    let month = month(text[3], text[4], text[5])?;
    let year = two_digits(text, 7)? * 100 + two_digits(text, 9)?;
    let (hour, minute, second) = (two_digits(text, 12)?, two_digits(text, 15)?, two_digits(text, 18)?);
    let (offset_hours, offset_minutes) = (two_digits(text, 22)?, two_digits(text, 24)?);
    let in_range = (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && offset_hours < 24
        && offset_minutes < 60;
    if !in_range {
        return None;
    }
    let offset = i64::from(offset_hours * 3600 + offset_minutes * 60);
    let local = days_from_civil(year, month, day) * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    Some(if text[21] == b'-' { local + offset } else { local - offset })
}

fn separators_fit(text: &[u8; TIME_LEN]) -> bool {
    text[2] == b'/'
        && text[6] == b'/'
        && text[11] == b':'
        && text[14] == b':'
        && text[17] == b':'
        && text[20] == b' '
        && (text[21] == b'+' || text[21] == b'-')
}

/// Two digits at `at`.
#[inline]
fn two_digits(text: &[u8; TIME_LEN], at: usize) -> Option<u32> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(u32::from(tens) * 10 + u32::from(ones))
}

/// The month, counted from 1.
#[inline]
fn month(a: u8, b: u8, c: u8) -> Option<u32> {
    Some(match (a, b, c) {
        (b'J', b'a', b'n') => 1,
        (b'F', b'e', b'b') => 2,
        (b'M', b'a', b'r') => 3,
        (b'A', b'p', b'r') => 4,
        (b'M', b'a', b'y') => 5,
        (b'J', b'u', b'n') => 6,
        (b'J', b'u', b'l') => 7,
        (b'A', b'u', b'g') => 8,
        (b'S', b'e', b'p') => 9,
        (b'O', b'c', b't') => 10,
        (b'N', b'o', b'v') => 11,
        (b'D', b'e', b'c') => 12,
        _ => return None,
    })
}

/// The English abbreviation of a month (1 to 12), as the log writes it.
pub(crate) const fn month_name(month: u32) -> Option<&'static str> {
    const MONTH_NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if month >= 1 && month <= 12 { Some(MONTH_NAMES[month as usize - 1]) } else { None }
}

pub(crate) fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date in the proleptic Gregorian calendar; years begin in March.
pub(crate) fn days_from_civil(year: u32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_and_offsets() {
        assert_eq!(parse_time(b"01/Jan/1970:00:00:00 +0000"), Some(0));
        assert_eq!(parse_time(b"06/Feb/2019:00:00:38 +0000"), Some(1_549_411_238));
        assert_eq!(parse_time(b"29/Feb/2024:23:59:59 +0000"), Some(1_709_251_199));
        assert_eq!(parse_time(b"01/Mar/2024:01:00:00 +0200"), Some(1_709_247_600));
        assert_eq!(parse_time(b"29/Feb/2024:19:00:00 -0430"), Some(1_709_249_400));
    }

    #[test]
    fn refuses_invalid_times() {
        for text in [
            "32/Jan/2024:00:00:00 +0000",
            "00/Jan/2024:00:00:00 +0000",
            "29/Feb/2023:00:00:00 +0000",
            "31/Apr/2024:00:00:00 +0000",
            "01/jan/2024:00:00:00 +0000",
            "01/Jan/2024:24:00:00 +0000",
            "01/Jan/2024:00:60:00 +0000",
            "01/Jan/2024:00:00:61 +0000",
            "01/Jan/2024:00:00:00 +9999",
            "01/Jan/2024 00:00:00 +0000",
            "01/Jan/2024:00:00:00 0000+",
            "1/Jan/2024:00:00:00 +0000",
            "",
        ] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut expected = days_from_civil(1800, 1, 1);
        for year in 1800..2200 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days_from_civil(year, month, day), expected);
                    expected += 1;
                }
            }
        }
        assert_eq!(days_from_civil(1970, 1, 1), 0);
    }
}
