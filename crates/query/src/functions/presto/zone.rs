//! The zone of times: functions of the clock and the calendar work on what the clock shows there, as in Presto.

use chrono::{DateTime, Duration, NaiveDateTime, Offset, TimeZone};
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

/// The zone of a column of times, by its type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zone(Option<Tz>);

impl Zone {
    /// UTC.
    pub(super) const UTC: Self = Self(None);

    /// The zone of a type; UTC where it has none.
    ///
    /// # Errors
    /// Where nobody knows the zone.
    pub(super) fn from_type(kind: &DataType) -> Result<Self> {
        match kind {
            DataType::Timestamp(_, Some(name)) if &**name != "UTC" => Ok(Self(Some(name.parse()?))),
            _ => Ok(Self::UTC),
        }
    }

    /// What the clock shows there; `None` beyond what a calendar holds.
    pub(super) fn local(self, micros: i64) -> Option<NaiveDateTime> {
        let utc = DateTime::from_timestamp_micros(micros)?.naive_utc();
        utc.checked_add_signed(Duration::seconds(self.offset(utc).into()))
    }

    /// The time at which the clock shows this; where it does so twice, the first. Where the clock skips it, as much later as is
    /// skipped.
    pub(super) fn micros(self, local: NaiveDateTime) -> Option<i64> {
        let Self(Some(zone)) = self else { return Some(local.and_utc().timestamp_micros()) };
        if let Some(time) = zone.from_local_datetime(&local).earliest() {
            return Some(time.timestamp_micros());
        }
        let before = local.checked_sub_signed(Duration::days(1))?;
        let utc = local.checked_sub_signed(Duration::seconds(self.offset(before).into()))?;
        Some(utc.and_utc().timestamp_micros())
    }

    /// Seconds that the clock is ahead of UTC at a time.
    pub(super) fn offset(self, utc: NaiveDateTime) -> i32 {
        self.0.map_or(0, |zone| zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
    }

    #[test]
    fn clocks_that_go_forth_and_back() {
        let kind = DataType::Timestamp(
            datafusion::arrow::datatypes::TimeUnit::Microsecond,
            Some("Europe/Berlin".into()),
        );
        let zone = Zone::from_type(&kind).unwrap();
        for (utc, local) in [
            ("2026-03-29T00:30:00Z", "2026-03-29T01:30:00"),
            ("2026-03-29T01:30:00Z", "2026-03-29T03:30:00"),
            ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00"),
        ] {
            let local: NaiveDateTime = local.parse().unwrap();
            assert_eq!(zone.local(micros(utc)), Some(local), "{utc}");
            assert_eq!(zone.micros(local), Some(micros(utc)), "{utc}");
        }
        let skipped = "2026-03-29T02:30:00".parse().unwrap();
        assert_eq!(zone.micros(skipped), Some(micros("2026-03-29T01:30:00Z")));
        let twice: NaiveDateTime = "2026-10-25T02:30:00".parse().unwrap();
        assert_eq!(zone.local(micros("2026-10-25T01:30:00Z")), Some(twice));
        assert_eq!(Zone::UTC.local(i64::MAX), None);
    }
}
