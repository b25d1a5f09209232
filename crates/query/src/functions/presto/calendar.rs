//! Date arithmetic: sums, differences and parts.

use std::sync::Arc;

use chrono::{Datelike, Months, NaiveDateTime, TimeDelta};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Builder, Int64Builder, TimestampMicrosecondBuilder,
};
use datafusion::arrow::compute::{DatePart, cast, date_part};
use datafusion::arrow::datatypes::{DataType, Date32Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::error::DataFusionError;

use super::typed_function::{Kind, TypedFunction};
use super::zone::Zone;

/// A function that returns a part of a time, in its zone.
macro_rules! part {
    ($name:literal, $help:literal, $part:expr) => {
        TypedFunction {
            name: $name,
            arguments: &[("time", Kind::Time)],
            optional: 0,
            returns: Kind::Integer,
            help: ($help, concat!($name, "(request_time)")),
            body: |args, _, _| Ok(cast(&date_part(&args[0], $part)?, &DataType::Int64)?),
            simplify: None,
        }
    };
}

/// All functions.
pub(super) const FUNCTIONS: [TypedFunction; 12] = [
    TypedFunction {
        name: "date_add",
        arguments: &[("unit", Kind::Text), ("value", Kind::Integer), ("time", Kind::Time)],
        optional: 0,
        returns: Kind::Time,
        help: (
            "Adds a number of units to a time: millisecond, second, minute, hour, day, week, month, quarter or year. As in \
             Presto, but that a date becomes the time of its midnight",
            "date_add('day', -7, current_timestamp)",
        ),
        body: |args, rows, _| date_add(args, rows),
        simplify: None,
    },
    TypedFunction {
        name: "date_diff",
        arguments: &[("unit", Kind::Text), ("from", Kind::Time), ("to", Kind::Time)],
        optional: 0,
        returns: Kind::Integer,
        help: (
            "The number of whole units between two times; negative if the second is earlier. As in Presto",
            "date_diff('minute', min(request_time), max(request_time))",
        ),
        body: |args, rows, _| date_diff(args, rows),
        simplify: None,
    },
    TypedFunction {
        name: "date",
        arguments: &[("time", Kind::Time)],
        optional: 0,
        returns: Kind::Date,
        help: ("The day of a time, in its zone; as in Presto", "date(request_time)"),
        body: |args, rows, _| {
            let (times, zone) =
                (args[0].as_primitive::<TimestampMicrosecondType>(), Zone::from_type(args[0].data_type())?);
            let mut days = Date32Builder::with_capacity(rows);
            for row in 0..rows {
                let day = |micros: i64| Some(Date32Type::from_naive_date(zone.local(micros)?.date()));
                days.append_option(if times.is_valid(row) { day(times.value(row)) } else { None });
            }
            Ok(Arc::new(days.finish()))
        },
        simplify: None,
    },
    part!("year", "The year of a time, in its zone; as in Presto", DatePart::Year),
    part!("quarter", "The quarter of a time, 1 to 4, in its zone; as in Presto", DatePart::Quarter),
    part!("month", "The month of a time, 1 to 12, in its zone; as in Presto", DatePart::Month),
    part!("week", "The ISO week of a time, in its zone; as in Presto", DatePart::Week),
    part!("day", "The day of the month of a time, in its zone; as in Presto", DatePart::Day),
    TypedFunction {
        name: "day_of_week",
        arguments: &[("time", Kind::Time)],
        optional: 0,
        returns: Kind::Integer,
        help: (
            "The day of the week of a time, 1 for Monday to 7, in its zone; as in Presto",
            "day_of_week(request_time)",
        ),
        body: |args, _, _| {
            let days = cast(&date_part(&args[0], DatePart::DayOfWeekMonday0)?, &DataType::Int64)?;
            let days = days.as_primitive::<Int64Type>();
            Ok(Arc::new(days.unary::<_, Int64Type>(|day| day + 1)))
        },
        simplify: None,
    },
    part!("hour", "The hour of a time, 0 to 23, in its zone; as in Presto", DatePart::Hour),
    part!("minute", "The minute of a time, in its zone; as in Presto", DatePart::Minute),
    part!("second", "The second of a time, without its fraction; as in Presto", DatePart::Second),
];

const SECOND: i64 = 1_000_000;

/// A unit of time.
#[derive(Clone, Copy)]
enum Unit {
    /// A fixed number of microseconds.
    Micros(i64),
    /// Calendar days, which are longer or shorter when clocks change.
    Days(i64),
    /// Calendar months.
    Months(i64),
}

impl Unit {
    fn parse(name: &str) -> Result<Self> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "millisecond" => Self::Micros(1000),
            "second" => Self::Micros(SECOND),
            "minute" => Self::Micros(60 * SECOND),
            "hour" => Self::Micros(3600 * SECOND),
            "day" => Self::Days(1),
            "week" => Self::Days(7),
            "month" => Self::Months(1),
            "quarter" => Self::Months(3),
            "year" => Self::Months(12),
            _ => {
                let message =
                    format!("{name:?} is not a unit such as minute, hour, day, week, month or year");
                return Err(DataFusionError::Execution(message));
            }
        })
    }

    /// `None` if the result is out of range.
    fn add(self, time: i64, count: i64, zone: Zone) -> Option<i64> {
        match self {
            Self::Micros(micros) => time.checked_add(micros.checked_mul(count)?),
            Self::Days(days) => {
                let local = zone.local(time)?;
                zone.micros(local.checked_add_signed(TimeDelta::try_days(days.checked_mul(count)?)?)?)
            }
            Self::Months(months) => zone.micros(add_months(zone.local(time)?, months.checked_mul(count)?)?),
        }
    }

    /// The whole units from one time to another, by the clocks of a zone.
    fn between(self, from: i64, to: i64, zone: Zone) -> Option<i64> {
        match self {
            Self::Micros(micros) => Some(to.checked_sub(from)? / micros),
            Self::Days(days) => {
                let lapse = zone.local(to)?.signed_duration_since(zone.local(from)?);
                Some(lapse.num_days() / days)
            }
            Self::Months(months) => Some(months_between(zone.local(from)?, zone.local(to)?)? / months),
        }
    }
}

/// The same day some months later, or the last day of that month.
fn add_months(time: NaiveDateTime, months: i64) -> Option<NaiveDateTime> {
    let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { time.checked_sub_months(count) } else { time.checked_add_months(count) }
}

fn months_between(from: NaiveDateTime, to: NaiveDateTime) -> Option<i64> {
    let month = |time: NaiveDateTime| i64::from(time.year()) * 12 + i64::from(time.month0());
    let months = month(to) - month(from);
    let reached = add_months(from, months)?;
    Some(match months {
        months if months > 0 && reached > to => months - 1,
        months if months < 0 && reached < to => months + 1,
        months => months,
    })
}

fn date_add(args: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    let units = args[0].as_string_view();
    let counts = args[1].as_primitive::<Int64Type>();
    let (times, zone) =
        (args[2].as_primitive::<TimestampMicrosecondType>(), Zone::from_type(args[2].data_type())?);
    let mut sums =
        TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(args[2].data_type().clone());
    for row in 0..rows {
        let is_known = units.is_valid(row) && counts.is_valid(row) && times.is_valid(row);
        sums.append_option(if is_known {
            Unit::parse(units.value(row))?.add(times.value(row), counts.value(row), zone)
        } else {
            None
        });
    }
    Ok(Arc::new(sums.finish()))
}

fn date_diff(args: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    let units = args[0].as_string_view();
    let (from, zone) =
        (args[1].as_primitive::<TimestampMicrosecondType>(), Zone::from_type(args[1].data_type())?);
    let to = args[2].as_primitive::<TimestampMicrosecondType>();
    let mut counts = Int64Builder::with_capacity(rows);
    for row in 0..rows {
        let is_known = units.is_valid(row) && from.is_valid(row) && to.is_valid(row);
        counts.append_option(if is_known {
            Unit::parse(units.value(row))?.between(from.value(row), to.value(row), zone)
        } else {
            None
        });
    }
    Ok(Arc::new(counts.finish()))
}
