//! Local times beside UTC, for people. Machine-readable formats have only UTC.

use std::fmt::Display;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, TimeZone};
use saltmine_query::local_time::{WorkHours, Zone};
use saltmine_query::timeline::Time;

use super::text::wrong;
use crate::error::CliError;

/// The time zone of the reader, and working hours in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    pub(crate) zone: Option<Zone>,
    pub(crate) work_hours: Option<WorkHours>,
}

impl Clock {
    /// `Fri 06 Mar 04:02–04:26 +01:00`; `None` without a zone.
    pub(crate) fn days(&self, first: Time, last: Time) -> Option<String> {
        let zone = self.zone.as_ref()?;
        let (first, last) = (zone.local(first)?, zone.local(last)?);
        if first.offset() == last.offset() {
            return Some(format!("{} {}", days(&first, &last), first.offset()));
        }
        // Clocks changed in between.
        let with_offset = |time: &DateTime<_>| time.format("%a %d %b %H:%M %:z").to_string();
        Some(format!("{} – {}", with_offset(&first), with_offset(&last)))
    }

    /// `Fri 04:02 +01:00`; `None` without a zone.
    pub(crate) fn day_and_time(&self, time: Time) -> Option<String> {
        let local = self.zone.as_ref()?.local(time)?;
        Some(local.format("%a %H:%M %:z").to_string())
    }

    /// A time in UTC, followed by local time: `2026-03-06T03:02:00Z (Fri 04:02 +01:00)`.
    pub(crate) fn beside(&self, time: Time) -> String {
        match self.day_and_time(time) {
            Some(local) => format!("{time} ({local})"),
            None => time.to_string(),
        }
    }

    /// Like [`Self::beside`], for a time as text.
    pub(crate) fn beside_text(&self, text: &str) -> String {
        match DateTime::parse_from_rfc3339(text) {
            Ok(time) if self.zone.is_some() => {
                let local = self.day_and_time(Time(time.timestamp_micros()));
                local.map_or_else(|| text.to_owned(), |local| format!("{text} ({local})"))
            }
            _ => text.to_owned(),
        }
    }

    /// The columns of requests, with a column for local time after the time.
    pub(crate) fn with_column(&self, schema: &SchemaRef) -> SchemaRef {
        if self.zone.is_none() {
            return Arc::clone(schema);
        }
        let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
        fields.insert(1.min(fields.len()), Arc::new(Field::new("local_time", DataType::Utf8, true)));
        Arc::new(Schema::new(fields))
    }

    /// Requests with this column added. The first column must be the time.
    ///
    /// # Errors
    /// If the first column is not a time.
    pub(crate) fn with_local(&self, batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, CliError> {
        if self.zone.is_none() {
            return Ok(batch);
        }
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let times = cast(batch.column(0), &micros).map_err(wrong)?;
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let local = times
            .iter()
            .map(|time| time.and_then(|time| self.day_and_time(Time(time))))
            .collect::<StringArray>();
        let mut columns = batch.columns().to_vec();
        columns.insert(1, Arc::new(local));
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(wrong)
    }

    /// Whether all of a span of less than a day is outside of working hours.
    pub(crate) fn is_off_hours(&self, first: Time, last: Time) -> bool {
        const DAY: i64 = 86_400_000_000;
        let (Some(zone), Some(hours)) = (&self.zone, self.work_hours) else { return false };
        let is_outside = |time| zone.local(time).is_some_and(|local| hours.excludes(&local));
        // Within a day, work can lie between two times that are outside of it.
        let noon = Time(first.0.midpoint(last.0));
        last.0.saturating_sub(first.0) < DAY / 2 && is_outside(first) && is_outside(last) && is_outside(noon)
    }
}

/// `Fri 06 Mar 03:02–03:26`, or two days.
pub(super) fn days<Z: TimeZone>(from: &DateTime<Z>, to: &DateTime<Z>) -> String
where
    Z::Offset: Display,
{
    if from.date_naive() == to.date_naive() {
        if from.format("%H:%M").to_string() == to.format("%H:%M").to_string() {
            return from.format("%a %d %b %H:%M").to_string();
        }
        return format!("{}–{}", from.format("%a %d %b %H:%M"), to.format("%H:%M"));
    }
    if from.year() == to.year() {
        return format!("{} – {}", from.format("%a %d %b %H:%M"), to.format("%a %d %b %H:%M"));
    }
    format!("{} – {}", from.format("%d %b %Y"), to.format("%d %b %Y"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock {
            zone: Some(Zone::parse("Europe/Berlin").unwrap()),
            work_hours: Some(WorkHours::parse("08:00-18:00").unwrap()),
        }
    }

    fn time(text: &str) -> Time {
        Time(DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros())
    }

    #[test]
    fn local_times_have_their_offset_also_where_clocks_change() {
        let (early, late) = (time("2026-03-29T00:30:00Z"), time("2026-03-29T01:30:00Z"));
        assert_eq!(clock().days(early, early).unwrap(), "Sun 29 Mar 01:30 +01:00");
        assert_eq!(clock().days(early, late).unwrap(), "Sun 29 Mar 01:30 +01:00 – Sun 29 Mar 03:30 +02:00");
        let (first, second) = (time("2026-10-25T00:30:00Z"), time("2026-10-25T01:30:00Z"));
        assert_eq!(clock().day_and_time(first).unwrap(), "Sun 02:30 +02:00");
        assert_eq!(clock().day_and_time(second).unwrap(), "Sun 02:30 +01:00");
        assert_eq!(clock().beside(late), "2026-03-29T01:30:00Z (Sun 03:30 +02:00)");
        assert_eq!(clock().beside_text("2026-03-29T01:30:00Z"), clock().beside(late));
        assert_eq!(clock().beside_text("no time"), "no time");
        assert_eq!(Clock::default().beside(late), "2026-03-29T01:30:00Z");
        assert_eq!(Clock::default().days(early, late), None);
        assert_eq!(clock().days(Time(i64::MIN), Time(i64::MAX)), None);
    }

    #[test]
    fn outside_of_working_hours_is_all_of_a_span() {
        for (first, last, is) in [
            ("2026-03-06T03:02:00Z", "2026-03-06T03:26:00Z", true),
            ("2026-03-06T06:59:00Z", "2026-03-06T06:59:59Z", true),
            ("2026-03-06T06:59:00Z", "2026-03-06T07:00:00Z", false),
            ("2026-03-06T06:00:00Z", "2026-03-06T17:30:00Z", false),
            ("2026-03-07T11:00:00Z", "2026-03-07T12:00:00Z", true),
            ("2026-03-06T20:00:00Z", "2026-03-07T20:00:00Z", false),
        ] {
            assert_eq!(clock().is_off_hours(time(first), time(last)), is, "{first}");
        }
        let no_zone = Clock { zone: None, ..clock() };
        assert!(!no_zone.is_off_hours(time("2026-03-06T03:02:00Z"), time("2026-03-06T03:26:00Z")));
    }
}
