//! What the name of a log file reveals about the time of its delivery.
//!
//! S3 names log objects `[prefix]YYYY-MM-DD-hh-mm-ss-UniqueString`. The time is that of the delivery or, with
//! partitioned prefixes by event time, the beginning of the day of the events. Partitioned prefixes add
//! folders: `[prefix]account/region/bucket/YYYY/MM/DD/`. See the page "Enabling Amazon S3 server access
//! logging" of the user guide.

use chrono::NaiveDate;

use crate::window::DAY;

/// `YYYY-MM-DD-hh-mm-ss-` and 16 upper-case letters or digits.
const STAMP_PATTERN: usize = 20;
const UNIQUE: usize = 16;

/// The name of a log file or object, with or without the folders before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogObjectName<'a>(&'a str);

impl<'a> LogObjectName<'a> {
    /// Accepts any text; only a name in S3's form has times.
    pub const fn new(name: &'a str) -> Self {
        Self(name)
    }

    /// When a file with this name was delivered, in microseconds since 1970 (UTC); with partitioned prefixes
    /// by event time, the beginning of the day of its events. `None` if the name does not have S3's form.
    pub fn time(self) -> Option<i64> {
        stamp(stem(self.0)?).map(|(time, _)| time)
    }

    /// The first and last possible delivery time of a file with this name, in microseconds since 1970 (UTC).
    /// A time of midnight may be an event time and stand for any time of its day. `None` if the name does not
    /// have S3's form, optionally followed by a suffix for later compression.
    pub fn time_range(self) -> Option<(i64, i64)> {
        range(stamp(stem(self.0)?)?)
    }
}

/// Like [`LogObjectName::time_range`], for a key exactly as S3 writes it; also returns the position of the
/// date in it.
pub(crate) fn key_time_range(key: &str) -> Option<((i64, i64), usize)> {
    let date = key.len().checked_sub(STAMP_PATTERN + UNIQUE)?;
    Some((range(stamp(key)?)?, date))
}

fn range((time, is_midnight): (i64, bool)) -> Option<(i64, i64)> {
    Some((time, if is_midnight { time.checked_add(DAY)? } else { time }))
}

/// The name of a file without folders, and without a suffix added after S3 delivered it.
fn stem(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next()?;
    let endings = [".gz", ".zst", ".log", ".txt"].into_iter();
    Some(endings.fold(file, |stem, end| stem.strip_suffix(end).unwrap_or(stem)))
}

/// The time at the end of a name, and whether it is midnight.
fn stamp(stem: &str) -> Option<(i64, bool)> {
    let start = stem.len().checked_sub(STAMP_PATTERN + UNIQUE)?;
    let (stamp, unique) = (stem.get(start..start + STAMP_PATTERN)?, stem.get(start + STAMP_PATTERN..)?);
    if !unique.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return None;
    }
    stamp_time(stamp)
}

/// The day of a time in microseconds since 1970, as in names: `2026-05-01`. `None` outside years of four
/// digits.
pub(crate) fn day_of(time: i64) -> Option<String> {
    let date = chrono::DateTime::from_timestamp_micros(time)?.date_naive();
    let text = date.to_string();
    (text.len() == "2026-05-01".len()).then_some(text)
}

/// The first and last time of the month at the end of `text`: `…2026-05-`.
pub(crate) fn month_range(text: &str) -> Option<(i64, i64)> {
    let start = text.len().checked_sub("2026-05-".len())?;
    let first = stamp_time(&format!("{}01-00-00-00-", text.get(start..)?))?.0;
    // The next one begins between 28 and 31 days later.
    let later = chrono::DateTime::from_timestamp_micros(first)?.checked_add_months(chrono::Months::new(1))?;
    Some((first, later.timestamp_micros() - 1))
}

/// The folder of a year, month or day of a partitioned prefix: `…/YYYY/`, `…/YYYY/MM/`, `…/YYYY/MM/DD/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateFolder {
    /// Its first and its last time, in microseconds since 1970.
    pub(crate) range: (i64, i64),
    /// Whether it is the folder of a single day.
    pub(crate) day: bool,
}

/// The time range of the files in a folder, from its key (which ends with a slash). Only folders below
/// `account/region/bucket/`, as AWS writes them, count: a folder of four digits elsewhere may be anything.
/// `None` if the key reveals nothing.
pub(crate) fn folder_time_range(key: &str) -> Option<DateFolder> {
    let parts: Vec<&str> = key.strip_suffix('/')?.rsplitn(7, '/').collect();
    (1..=3).find_map(|depth| {
        let (date, above) = parts.split_at_checked(depth)?;
        let [bucket, region, account, ..] = above else { return None };
        if !(is_bucket(bucket) && is_region(region) && is_account(account)) {
            return None;
        }
        let number = |at: usize, digits: usize| {
            let part = *date.get(at)?;
            let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse::<u32>().ok())?
        };
        let year = i32::try_from(number(depth - 1, 4)?).ok()?;
        let day = |month, day| NaiveDate::from_ymd_opt(year, month, day);
        let (first, after) = match depth {
            1 => (day(1, 1)?, NaiveDate::from_ymd_opt(year + 1, 1, 1)?),
            2 => {
                let first = day(number(0, 2)?, 1)?;
                (first, first.checked_add_months(chrono::Months::new(1))?)
            }
            _ => {
                let first = day(number(1, 2)?, number(0, 2)?)?;
                (first, first.succ_opt()?)
            }
        };
        let time = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
        Some(DateFolder { range: (time(first), time(after) - 1), day: depth == 3 })
    })
}

/// 12 digits, after a prefix that need not end with a slash.
fn is_account(part: &str) -> bool {
    let digits = part.len().checked_sub(12).and_then(|start| part.get(start..));
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// For example `eu-west-1`, `us-gov-east-1`.
fn is_region(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    part.contains('-')
        && part.bytes().all(is_plain)
        && part.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit())
        && part.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
}

/// The names that S3 allows, including those of buckets created before 2018.
fn is_bucket(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (3..=255).contains(&part.len()) && part.bytes().all(is_plain)
}

/// `2026-05-01-10-20-30-` as microseconds, and whether it is midnight.
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

    const SECOND: i64 = 1_000_000;

    #[test]
    fn names_in_s3_form_have_a_time() {
        let time = 1_777_630_830 * SECOND; // 2026-05-01T10:20:30Z
        for name in [
            "2026-05-01-10-20-30-0123456789ABCDEF",
            "logs/2026-05-01-10-20-30-0123456789ABCDEF.gz",
            "prefix2026-05-01-10-20-30-0123456789ABCDEF",
            "a/111122223333/eu-west-1/b/2026/05/01/2026-05-01-10-20-30-0123456789ABCDEF.log.zst",
        ] {
            assert_eq!(LogObjectName::new(name).time_range(), Some((time, time)), "{name}");
            assert_eq!(LogObjectName::new(name).time(), Some(time), "{name}");
        }
        let (_, last) = LogObjectName::new("2026-05-01-00-00-00-0123456789ABCDEF").time_range().unwrap();
        assert_eq!(last, 1_777_593_600 * SECOND + DAY);
    }

    #[test]
    fn other_names_have_none() {
        for name in [
            "",
            "access.log",
            "2026-05-01-10-20-30-0123456789abcdef",
            "2026-13-01-10-20-30-0123456789ABCDEF",
            "2026-05-01-10-20-30-0123456789ABCDEF.part",
            "2026-05-01-25-20-30-0123456789ABCDEF",
            "é026-05-01-10-20-30-0123456789ABCDEF",
        ] {
            assert_eq!(LogObjectName::new(name).time_range(), None, "{name}");
        }
    }

    #[test]
    fn only_keys_as_s3_writes_them_have_the_flat_layout() {
        let key = "s3-access/b2026-05-01-10-20-30-0123456789ABCDEF";
        assert_eq!(key_time_range(key).unwrap().1, "s3-access/b".len());
        assert_eq!(key_time_range(&format!("{key}.gz")), None);
        assert_eq!(key_time_range(&format!("{key}/x")), None);
    }

    #[test]
    fn a_folder_of_four_digits_is_a_year_only_below_account_region_and_bucket() {
        let day = |text: &str| {
            text.parse::<NaiveDate>().unwrap().and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros()
        };
        for (key, first, after, is_day) in [
            ("111122223333/eu-west-1/my-bucket/2026/", "2026-01-01", "2027-01-01", false),
            ("logs/111122223333/eu-west-1/my-bucket/2026/05/", "2026-05-01", "2026-06-01", false),
            ("logs/111122223333/us-gov-west-1/my.bucket/2025/12/", "2025-12-01", "2026-01-01", false),
            ("logs111122223333/eu-west-1/my-bucket/2024/02/29/", "2024-02-29", "2024-03-01", true),
        ] {
            let folder = folder_time_range(key).unwrap();
            assert_eq!((folder.range, folder.day), ((day(first), day(after) - 1), is_day), "{key}");
        }
        for key in [
            "stores/2150/",
            "2026/",
            "logs/2026/05/01/",
            "a/b/c/2026/05/01/",
            "111122223333/my-bucket/2026/",
            "111122223333/eu-west-1/2026/",
            "111122223333/eu-west-1/my-bucket/stores/2150/",
            "111122223333/eu-west-1/my-bucket/2026/13/",
            "111122223333/eu-west-1/my-bucket/2026/02/30/",
            "111122223333/eu-west-1/my-bucket/2026/05/01/2026/",
            "111122223333/eu-west-1/my-bucket/+026/",
            "11112222333/eu-west-1/my-bucket/2026/",
        ] {
            assert_eq!(folder_time_range(key), None, "{key}");
        }
    }

    #[test]
    fn months_and_days() {
        let (first, last) = month_range("pre2026-05-").unwrap();
        assert_eq!(
            (day_of(first).unwrap(), day_of(last).unwrap()),
            ("2026-05-01".into(), "2026-05-31".into())
        );
        assert_eq!(day_of(month_range("2025-12-").unwrap().1 + 1).unwrap(), "2026-01-01");
        assert_eq!((month_range("2026-13-"), month_range("05-")), (None, None));
        assert_eq!(day_of(i64::MAX), None);
    }
}
