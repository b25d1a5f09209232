//! What the name of a log object tells of the time of its requests.
//!
//! S3 names log objects `[prefix]YYYY-MM-DD-hh-mm-ss-UniqueString`; the time is that of the delivery (or, with
//! partitioned prefixes by event time, the day of the events). The user guide's page "Logging requests with server
//! access logging" promises that most records come within hours, and no more; delays of more than a week have been
//! reported.

use chrono::NaiveDate;

/// How long before its delivery a request may have been made, in microseconds: seven days.
pub const SLACK_BEFORE: i64 = 7 * DAY;
/// How long after it: one hour, for clocks that differ.
pub const SLACK_AFTER: i64 = 3_600 * SECOND;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// `YYYY-MM-DD-hh-mm-ss-` and 16 upper-case letters or digits.
const STAMP: usize = 20;
const UNIQUE: usize = 16;

/// When a file of this name was delivered, in microseconds since 1970 (UTC), or at which day's begin its events were made,
/// with partitioned prefixes by event time. `None` where the name is not one that S3 gives.
pub fn name_time(name: &str) -> Option<i64> {
    stamp(name).map(|(time, _)| time)
}

/// The span of request times (microseconds since 1970, first and last) that a file of this name may hold. `None` where
/// the name is not one that S3 gives: such a file may hold anything, and must not be passed over.
pub fn name_time_range(name: &str) -> Option<(i64, i64)> {
    let (time, is_midnight) = stamp(name)?;
    // By event time the clock is 00-00-00, and the events are of the whole day.
    let last = if is_midnight { time + DAY } else { time };
    Some((time - SLACK_BEFORE, last + SLACK_AFTER))
}

/// The time in a name, and whether its clock shows midnight.
fn stamp(name: &str) -> Option<(i64, bool)> {
    let file = name.rsplit('/').next()?;
    let stem = [".gz", ".zst", ".log", ".txt"]
        .into_iter()
        .fold(file, |stem, end| stem.strip_suffix(end).unwrap_or(stem));
    let start = stem.len().checked_sub(STAMP + UNIQUE)?;
    let (stamp, unique) = (stem.get(start..start + STAMP)?, stem.get(start + STAMP..)?);
    if !unique.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return None;
    }
    stamp_time(stamp)
}

/// A folder of a year, a month or a day: `…/YYYY/`, `…/YYYY/MM/`, `…/YYYY/MM/DD/`, as partitioned prefixes have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateFolder {
    /// The span of request times that its files may hold: microseconds since 1970, first and last.
    pub(crate) range: (i64, i64),
    /// Whether it is the folder of a day.
    pub(crate) is_day: bool,
}

/// What the key of a folder, with a slash at its end, tells of the requests in it. `None` if it tells no date.
pub(crate) fn folder_time_range(key: &str) -> Option<DateFolder> {
    let mut parts = key.strip_suffix('/')?.rsplit('/');
    let number = |part: Option<&str>, digits: usize| {
        part.filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?
            .parse::<u32>()
            .ok()
    };
    let last = [parts.next(), parts.next(), parts.next()];
    let date = |year: u32, month, day| NaiveDate::from_ymd_opt(year as i32, month, day);
    let year_of = |part| number(part, 4).filter(|year| (2006..=2999).contains(year)); // S3 is of 2006
    let dates = if let (Some(year), Some(month), Some(day)) =
        (year_of(last[2]), number(last[1], 2), number(last[0], 2))
    {
        date(year, month, day).map(|day| (day, day.succ_opt(), true))
    } else if let (Some(year), Some(month)) = (year_of(last[1]), number(last[0], 2)) {
        let after = if month == 12 { date(year + 1, 1, 1) } else { date(year, month + 1, 1) };
        date(year, month, 1).map(|first| (first, after, false))
    } else {
        let year = year_of(last[0])?;
        date(year, 1, 1).map(|first| (first, date(year + 1, 1, 1), false))
    };
    let (first, after, is_day) = dates?;
    let time = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
    Some(DateFolder { range: (time(first) - SLACK_BEFORE, time(after?) + SLACK_AFTER), is_day })
}

/// `2026-05-01-10-20-30-` as microseconds, and whether its clock shows midnight.
fn stamp_time(stamp: &str) -> Option<(i64, bool)> {
    let bytes = stamp.as_bytes();
    let dashes = [4, 7, 10, 13, 16, 19];
    let fits = bytes
        .iter()
        .enumerate()
        .all(|(at, byte)| if dashes.contains(&at) { *byte == b'-' } else { byte.is_ascii_digit() });
    if !fits {
        return None;
    }
    let number = |range: std::ops::Range<usize>| stamp[range].parse::<u32>().ok();
    let date = NaiveDate::from_ymd_opt(number(0..4)? as i32, number(5..7)?, number(8..10)?)?;
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let time = date.and_hms_opt(hour, minute, second)?.and_utc().timestamp_micros();
    Some((time, (hour, minute, second) == (0, 0, 0)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_of_s3_tell_their_time() {
        let time = 1_777_630_830 * SECOND; // 2026-05-01T10:20:30Z
        for name in [
            "2026-05-01-10-20-30-0123456789ABCDEF",
            "logs/2026-05-01-10-20-30-0123456789ABCDEF.gz",
            "prefix2026-05-01-10-20-30-0123456789ABCDEF",
            "a/111122223333/eu-west-1/b/2026/05/01/2026-05-01-10-20-30-0123456789ABCDEF.log.zst",
        ] {
            assert_eq!(name_time_range(name), Some((time - SLACK_BEFORE, time + SLACK_AFTER)), "{name}");
            assert_eq!(name_time(name), Some(time), "{name}");
        }
        let (_, last) = name_time_range("2026-05-01-00-00-00-0123456789ABCDEF").unwrap();
        assert_eq!(last, 1_777_593_600 * SECOND + DAY + SLACK_AFTER);
    }

    #[test]
    fn other_names_tell_nothing() {
        for name in [
            "",
            "access.log",
            "2026-05-01-10-20-30-0123456789abcdef",
            "2026-13-01-10-20-30-0123456789ABCDEF",
            "2026-05-01-10-20-30-0123456789ABCDEF.part",
            "2026-05-01-25-20-30-0123456789ABCDEF",
            "é026-05-01-10-20-30-0123456789ABCDEF",
        ] {
            assert_eq!(name_time_range(name), None, "{name}");
        }
    }
}
