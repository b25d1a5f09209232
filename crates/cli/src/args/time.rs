//! Parsing of times and time spans in arguments.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use saltmine_scan::{NameRules, NameTrust, Window};

use crate::error::CliError;

/// Accepted forms, for error messages.
const FORMS: &str = "2026-03-01, 2026-03-01T12:00, 2026-03-01T12:00:00Z, 2026-03-01T12:00:00+01:00, seconds since 1970, \
    now, today, yesterday, or a time ago such as 24h, 90m or 7d";

/// A time range, in UTC unless the argument has an offset.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct TimeRange {
    /// Only requests at or after this time (UTC): 2026-03-01, 2026-03-01T12:00, yesterday, or 24h for 24 hours ago
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    pub(crate) since: Option<i64>,

    /// Only requests before this time, in the same forms
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    pub(crate) until: Option<i64>,
}

impl TimeRange {
    /// Rejects an empty range.
    pub(crate) fn check(self) -> Result<Self, CliError> {
        let (Some(since), Some(until)) = (self.since, self.until) else { return Ok(self) };
        if since < until {
            return Ok(self);
        }
        let mut problem = format!(
            "--until {} is not after --since {}, so no request is in this range",
            shown(until),
            shown(since)
        );
        if since == until {
            problem += "; --until is exclusive: for all of a day, give the next day";
        }
        Err(CliError::Usage(problem))
    }

    /// The range as typed: ` --since … --until …`; empty if it has no bounds.
    pub(crate) fn words(self) -> String {
        let word = |option: &str, time: Option<i64>| {
            time.map_or_else(String::new, |time| format!(" {option} {}", shown(time)))
        };
        word("--since", self.since) + &word("--until", self.until)
    }
}

/// A range of times that leaves out whole log files, by their names, and no lines.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FileRange {
    /// Read only log files whose names allow requests at or after this time; see --trust-names
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    since: Option<i64>,

    /// Read only log files whose names allow requests before this time; see --trust-names
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    until: Option<i64>,

    #[command(flatten)]
    names: NameArgs,
}

impl FileRange {
    /// The time window for file names.
    ///
    /// # Errors
    /// If no time is in the range.
    pub(crate) fn window(self) -> Result<Window, CliError> {
        let TimeRange { since, until } = self.range().check()?;
        Ok(Window { since, until, names: self.names.rules() })
    }

    /// The options as typed on a command line; `None` without a time range.
    pub(crate) fn words(self) -> Option<String> {
        let range = self.range().words();
        let names = self.names.words().into_iter();
        (!range.is_empty())
            .then(|| names.fold(range.trim_start().to_owned(), |words, word| words + " " + &word))
    }

    const fn range(self) -> TimeRange {
        TimeRange { since: self.since, until: self.until }
    }
}

/// Whether names of log files may leave them out of a time range.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct NameArgs {
    /// Which file names to trust when skipping files delivered outside --since and --until: s3 (objects in S3 with the names AWS gives them), all (files on disk too) or none. Copied, merged or renamed files may contain requests of any time
    #[arg(long, value_name = "WHERE", num_args = 0..=1, require_equals = true)]
    #[arg(default_value = "s3", default_missing_value = "all")]
    pub(crate) trust_names: Trust,

    /// For --trust-names: maximum delay between a request and the delivery of its log file
    #[arg(long, value_name = "SPAN", default_value = "14d", value_parser = parse_span)]
    pub(crate) delivery_delay: i64,
}

/// Which file names are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Trust {
    // No names: everything is read
    None,
    // Keys of log objects in S3 as AWS names them
    S3,
    // Those, and names of files on disk
    All,
}

impl NameArgs {
    pub(crate) const fn rules(self) -> NameRules {
        let trust = match self.trust_names {
            Trust::None => NameTrust::Nothing,
            Trust::S3 => NameTrust::S3,
            Trust::All => NameTrust::All,
        };
        NameRules { trust, delay: self.delivery_delay }
    }

    /// The options as typed on the command line, without defaults.
    pub(crate) fn words(self) -> Vec<String> {
        let mut words = Vec::new();
        match self.trust_names {
            Trust::None => words.push("--trust-names=none".to_owned()),
            Trust::S3 => {}
            Trust::All => words.push("--trust-names".to_owned()),
        }
        if self.delivery_delay != saltmine_scan::DELIVERY_DELAY {
            words.push(format!("--delivery-delay {}", span(self.delivery_delay)));
        }
        words
    }
}

/// Formats a time for output.
pub(crate) fn shown(micros: i64) -> String {
    saltmine_query::timeline::Time(micros).to_string()
}

/// Formats a time span as typed, in the largest unit that divides it.
pub(crate) fn span(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    match units.into_iter().find(|(unit, _)| seconds > 0 && seconds % unit == 0) {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

/// Parses a time in one of the [`FORMS`] to microseconds since 1970 (UTC).
pub(crate) fn parse_time(text: &str) -> Result<i64, String> {
    time_at(text, Utc::now()).ok_or_else(|| format!("invalid time {text:?}; use {FORMS}"))
}

fn time_at(text: &str, now: DateTime<Utc>) -> Option<i64> {
    let text = text.trim();
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let time = match text {
        "now" => now,
        "today" => midnight(now.date_naive()),
        "yesterday" => midnight(now.date_naive().checked_sub_days(Days::new(1))?),
        _ => absolute(text).or_else(|| {
            let ago = parse_span(text.strip_prefix('-').unwrap_or(text)).ok()?;
            now.checked_sub_signed(TimeDelta::microseconds(ago))
        })?,
    };
    Some(time.timestamp_micros())
}

/// Parses a calendar time; a date means its first instant.
fn absolute(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(date.and_time(NaiveTime::MIN).and_utc());
    }
    if (9..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return DateTime::from_timestamp(text.parse().ok()?, 0);
    }
    let zoned = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%d/%b/%Y:%H:%M:%S %z"];
    let plain = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%d/%b/%Y:%H:%M:%S"];
    let joined = joined(text);
    let texts = [joined.as_str(), text];
    let zoned = zoned.iter().flat_map(|form| texts.map(|text| DateTime::parse_from_str(text, form)));
    if let Some(time) = zoned.into_iter().find_map(Result::ok) {
        return Some(time.to_utc());
    }
    let plain = plain.iter().flat_map(|form| texts.map(|text| NaiveDateTime::parse_from_str(text, form)));
    plain.into_iter().find_map(Result::ok).map(|time| time.and_utc())
}

/// Replaces the space between date and time by `T`, and `Z` by `+00:00`.
fn joined(text: &str) -> String {
    let utc = text.strip_suffix(['Z', 'z']).map(|text| format!("{text}+00:00"));
    let text = utc.unwrap_or_else(|| text.to_owned());
    match text.split_once([' ', 't']) {
        Some((date, time)) if date.len() == "2026-03-01".len() => format!("{date}T{}", time.trim_start()),
        _ => text,
    }
}

/// Parses a span such as `90s`, `30m`, `2h` or `1d` to microseconds.
pub(crate) fn parse_span(text: &str) -> Result<i64, String> {
    let wrong = || format!("invalid span of time {text:?}; use 90s, 30m, 2h or 1d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: i64 = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = digits.parse().map_err(|_| wrong())?;
    i64::from(number).checked_mul(unit * 1_000_000).ok_or_else(wrong)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(parse_span("90s"), Ok(90_000_000));
        assert_eq!(parse_span("30m"), parse_span("1800s"));
        assert_eq!(parse_span("1d"), parse_span("24h"));
        for wrong in ["30", "m", "-1m", "1.5h", "30 m", "2w", "", "4294967296s"] {
            assert!(parse_span(wrong).is_err_and(|problem| problem.contains("30m")), "{wrong}");
        }
        for text in ["14d", "36h", "90m", "61s"] {
            assert_eq!(span(parse_span(text).unwrap()), text);
        }
    }

    #[test]
    fn common_forms_of_times_are_accepted() {
        const NOON: i64 = 1_772_366_400_000_000; // 2026-03-01T12:00:00Z
        for text in [
            "2026-03-01T12:00:00Z",
            "2026-03-01T12:00:00",
            "2026-03-01 12:00:00",
            "2026-03-01 12:00",
            "2026-03-01T12:00",
            "2026-03-01T12:00Z",
            "2026-03-01T13:00+01:00",
            "2026-03-01T13:00:00.000+01:00",
            "2026-03-01 13:00:00+0100",
            "01/Mar/2026:12:00:00 +0000",
            "01/Mar/2026:12:00:00",
            "1772366400",
            " 2026-03-01T12:00:00Z ",
        ] {
            assert_eq!(parse_time(text), Ok(NOON), "{text}");
        }
        assert_eq!(parse_time("2026-03-01"), Ok(NOON - 12 * 3_600_000_000));
        assert_eq!(parse_time("2026-03-01T12:00:00.25Z"), Ok(NOON + 250_000));
    }

    #[test]
    fn times_may_be_relative_to_now() {
        let now = "2026-03-01T12:34:56Z".parse::<DateTime<Utc>>().unwrap();
        for (text, time) in [
            ("now", "2026-03-01T12:34:56Z"),
            ("today", "2026-03-01T00:00:00Z"),
            ("yesterday", "2026-02-28T00:00:00Z"),
            ("24h", "2026-02-28T12:34:56Z"),
            ("-24h", "2026-02-28T12:34:56Z"),
            ("7d", "2026-02-22T12:34:56Z"),
        ] {
            let found = time_at(text, now).and_then(DateTime::from_timestamp_micros).unwrap();
            assert_eq!(found, time.parse::<DateTime<Utc>>().unwrap(), "{text}");
        }
    }

    #[test]
    fn other_times_are_refused_with_the_accepted_forms() {
        for wrong in
            ["05/03/2026", "tomorrow", "2026", "12:00", "2026-13-01", "2026-03-01T25:00", "", "h", "--1h"]
        {
            let problem = parse_time(wrong).unwrap_err();
            assert!(
                problem.contains("2026-03-01T12:00:00Z") && problem.contains("24h"),
                "{wrong}: {problem}"
            );
        }
    }

    #[test]
    fn an_empty_range_is_refused() {
        let range = |since, until| TimeRange { since: Some(since), until: Some(until) }.check();
        assert!(range(1, 2).is_ok() && range(2, 1).is_err());
        assert!(range(0, 0).is_err_and(|error| error.to_string().contains("exclusive")));
        assert!(TimeRange { since: Some(1), until: None }.check().is_ok());
    }
}
