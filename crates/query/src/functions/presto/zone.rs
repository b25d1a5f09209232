//! Time zones: clock and calendar functions work on local time, as in Presto.

use chrono::{DateTime, Duration, NaiveDateTime, Offset, TimeZone};
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

/// The time zone of a timestamp column's type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zone(Option<Tz>);

impl Zone {
    /// UTC.
    pub(super) const UTC: Self = Self(None);

    /// The zone of a type; UTC if it has none.
    ///
    /// # Errors
    /// If the zone is unknown.
    pub(super) fn from_type(kind: &DataType) -> Result<Self> {
        match kind {
            DataType::Timestamp(_, Some(name)) if &**name != "UTC" => Ok(Self(Some(name.parse()?))),
            _ => Ok(Self::UTC),
        }
    }

    /// The local time; `None` if it is out of range.
    pub(super) fn local(self, micros: i64) -> Option<NaiveDateTime> {
        let utc = DateTime::from_timestamp_micros(micros)?.naive_utc();
        utc.checked_add_signed(Duration::seconds(self.offset(utc).into()))
    }

    /// The time at which clocks show this local time: the first if they do so twice. A local time that clocks skip
    /// is moved forward by the length of the gap.
    pub(super) fn micros(self, local: NaiveDateTime) -> Option<i64> {
        let Self(Some(zone)) = self else { return Some(local.and_utc().timestamp_micros()) };
        if let Some(time) = zone.from_local_datetime(&local).earliest() {
            return Some(time.timestamp_micros());
        }
        let before = local.checked_sub_signed(Duration::days(1))?;
        let utc = local.checked_sub_signed(Duration::seconds(self.offset(before).into()))?;
        Some(utc.and_utc().timestamp_micros())
    }

    /// The zone's offset from UTC in seconds.
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
