//! Local time: the time zone and working hours of a case. Logs, datasets and machine-readable output use UTC.

use std::fmt;

use chrono::{
    DateTime, Datelike, FixedOffset, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike, Utc, Weekday,
};
use datafusion::arrow::array::timezone::Tz;
use serde::{Serialize, Serializer};

use crate::time::Time;

/// A time zone.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: Tz,
}

/// Areas of IANA zone names, for suggestions.
const AREAS: [&str; 9] =
    ["Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Indian", "US"];

impl Zone {
    /// The zone of an IANA name such as `Europe/Berlin`, or of an offset such as `+02:00`.
    ///
    /// # Errors
    /// What is expected, with a suggestion if possible.
    pub fn parse(name: &str) -> Result<Self, String> {
        let name = name.trim();
        let parse = |name: &str| name.parse::<Tz>().ok().map(|zone| Self { name: name.to_owned(), zone });
        if let Some(zone) = parse(name) {
            return Ok(zone);
        }
        let capital = capitalised(name);
        let meant = std::iter::once(capital.clone()).chain(AREAS.map(|area| format!("{area}/{capital}")));
        let hint = match meant.filter_map(|name| parse(&name)).map(|zone| zone.name).next() {
            Some(meant) => format!("did you mean {meant}?"),
            None => "expected a name such as Europe/Berlin or America/New_York, or an offset such as +02:00"
                .to_owned(),
        };
        Err(format!("there is no time zone {name:?}; {hint}"))
    }

    /// Its name, as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The local time, with its offset from UTC; `None` for times outside of the calendar.
    pub fn local(&self, time: Time) -> Option<DateTime<FixedOffset>> {
        let utc = DateTime::from_timestamp_micros(time.0)?.naive_utc();
        let offset = self.zone.offset_from_utc_datetime(&utc).fix();
        // Adding the offset would panic at the ends of the calendar.
        utc.checked_add_offset(offset).map(|_| DateTime::from_naive_utc_and_offset(utc, offset))
    }

    /// Minutes by which local time is ahead of UTC.
    pub fn offset_minutes(&self, at: Time) -> i32 {
        self.local(at).map_or(0, |local| local.offset().local_minus_utc() / 60)
    }
}

/// `europe/new_york` as `Europe/New_York`.
fn capitalised(name: &str) -> String {
    let mut begins = true;
    let letter = |letter: char| {
        let shown = if begins { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        begins = matches!(letter, '/' | '_' | '-' | ' ');
        if shown == ' ' { '_' } else { shown }
    };
    name.chars().map(letter).collect()
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

/// Working hours, Monday to Friday, in minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkHours {
    from: u32,
    until: u32,
}

impl WorkHours {
    /// Parses `08:00-18:00`.
    ///
    /// # Errors
    /// What is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("invalid working hours {text:?}; expected a range such as \"08:00-18:00\"");
        let minutes = |text: &str| {
            let text = text.trim();
            if text == "24:00" {
                return Some(24 * 60);
            }
            let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
            Some(time.hour() * 60 + time.minute())
        };
        let (from, until) = text.split_once(['-', '–']).ok_or_else(wrong)?;
        match (minutes(from), minutes(until)) {
            (Some(from), Some(until)) if from < until => Ok(Self { from, until }),
            _ => Err(wrong()),
        }
    }

    /// The first working hour.
    pub(crate) fn first_hour(self) -> u32 {
        self.from / 60
    }

    /// The hour at which work has ended.
    pub(crate) fn end_hour(self) -> u32 {
        self.until.div_ceil(60)
    }

    /// Whether a local time is outside of working hours, which includes weekends.
    pub fn excludes(self, local: &DateTime<FixedOffset>) -> bool {
        let minute = local.hour() * 60 + local.minute();
        matches!(local.weekday(), Weekday::Sat | Weekday::Sun) || minute < self.from || minute >= self.until
    }
}

impl fmt::Display for WorkHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

impl Serialize for WorkHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Parses a day or a time; times are UTC unless they have an offset.
pub(crate) fn parse_time(text: &str) -> Option<Time> {
    let text = text.trim();
    if let Ok(day) = text.parse::<chrono::NaiveDate>() {
        return Some(Time(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros()));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(Time(time.with_timezone(&Utc).timestamp_micros()));
    }
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let plain = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    Some(Time(plain.and_utc().timestamp_micros()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        parse_time(text).unwrap()
    }

    #[test]
    fn clocks_go_forth_and_back() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        for (utc, local) in [
            ("2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00"),
            ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00"),
            ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00"),
            ("2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00"),
        ] {
            assert_eq!(zone.local(time(utc)).unwrap().to_rfc3339(), local, "{utc}");
        }
        assert_eq!(zone.offset_minutes(time("2026-07-01")), 120);
        assert_eq!(Zone::parse("-03:30").unwrap().offset_minutes(time("2026-07-01")), -210);
        assert!(zone.local(Time(i64::MAX)).is_none());
        assert!(zone.local(Time(i64::MIN)).is_none());
    }

    #[test]
    fn zones_that_are_none_are_refused_with_what_is_expected() {
        for (name, expected) in [
            ("europe/berlin", "did you mean Europe/Berlin?"),
            ("Berlin", "did you mean Europe/Berlin?"),
            ("new york", "did you mean America/New_York?"),
            ("Mars/Olympus", "expected a name such as Europe/Berlin"),
            ("", "expected a name"),
            ("+25:00", "expected a name"),
        ] {
            let problem = Zone::parse(name).unwrap_err();
            assert!(problem.contains(expected), "{name}: {problem}");
        }
    }

    #[test]
    fn hours_of_work() {
        let hours = WorkHours::parse("08:30-17:15").unwrap();
        assert_eq!(
            (hours.first_hour(), hours.end_hour(), hours.to_string().as_str()),
            (8, 18, "08:30-17:15")
        );
        let zone = Zone::parse("UTC").unwrap();
        for (at, is_outside) in [
            ("2026-03-06 08:29", true),
            ("2026-03-06 08:30", false),
            ("2026-03-06 17:15", true),
            ("2026-03-07 12:00", true),
        ] {
            assert_eq!(hours.excludes(&zone.local(time(at)).unwrap()), is_outside, "{at}");
        }
        for wrong in ["", "8-18", "18:00-08:00", "08:00", "08:00-25:00"] {
            assert!(WorkHours::parse(wrong).unwrap_err().contains("08:00-18:00"), "{wrong}");
        }
        assert_eq!(WorkHours::parse("00:00-24:00").unwrap().end_hour(), 24);
    }
}
