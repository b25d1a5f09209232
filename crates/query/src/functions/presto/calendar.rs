//! Arithmetic with times: sums, differences and parts.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Months, Utc};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Builder, Int64Builder, TimestampMicrosecondBuilder,
};
use datafusion::arrow::compute::{DatePart, cast, date_part};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::error::DataFusionError;

use super::native::{Kind, Native};

/// A function that gives a part of a time, in UTC.
macro_rules! part {
    ($name:literal, $help:literal, $part:expr) => {
        Native {
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

/// All of them.
pub(super) const FUNCTIONS: [Native; 12] = [
    Native {
        name: "date_add",
        arguments: &[("unit", Kind::Text), ("value", Kind::Integer), ("time", Kind::Time)],
        optional: 0,
        returns: Kind::Time,
        help: (
            "A time so many units later: millisecond, second, minute, hour, day, week, month, quarter or year. As in \
             Presto, but that a date becomes the time of its midnight",
            "date_add('day', -7, current_timestamp)",
        ),
        body: |args, rows, _| date_add(args, rows),
        simplify: None,
    },
    Native {
        name: "date_diff",
        arguments: &[("unit", Kind::Text), ("from", Kind::Time), ("to", Kind::Time)],
        optional: 0,
        returns: Kind::Integer,
        help: (
            "How many whole units lie between two times; less than 0 where the second is the earlier. As in Presto",
            "date_diff('minute', min(request_time), max(request_time))",
        ),
        body: |args, rows, _| date_diff(args, rows),
        simplify: None,
    },
    Native {
        name: "date",
        arguments: &[("time", Kind::Time)],
        optional: 0,
        returns: Kind::Date,
        help: ("The day of a time, in UTC; as in Presto", "date(request_time)"),
        body: |args, rows, _| {
            let times = args[0].as_primitive::<TimestampMicrosecondType>();
            let mut days = Date32Builder::with_capacity(rows);
            for row in 0..rows {
                let day = |micros: i64| i32::try_from(micros.div_euclid(DAY)).ok();
                days.append_option(if times.is_valid(row) { day(times.value(row)) } else { None });
            }
            Ok(Arc::new(days.finish()))
        },
        simplify: None,
    },
    part!("year", "The year of a time, in UTC; as in Presto", DatePart::Year),
    part!("quarter", "The quarter of a time, 1 to 4, in UTC; as in Presto", DatePart::Quarter),
    part!("month", "The month of a time, 1 to 12, in UTC; as in Presto", DatePart::Month),
    part!("week", "The ISO week of a time, in UTC; as in Presto", DatePart::Week),
    part!("day", "The day of the month of a time, in UTC; as in Presto", DatePart::Day),
    Native {
        name: "day_of_week",
        arguments: &[("time", Kind::Time)],
        optional: 0,
        returns: Kind::Integer,
        help: (
            "The day of the week of a time, 1 for Monday to 7, in UTC; as in Presto",
            "day_of_week(request_time)",
        ),
        body: |args, _, _| {
            let days = cast(&date_part(&args[0], DatePart::DayOfWeekMonday0)?, &DataType::Int64)?;
            let days = days.as_primitive::<Int64Type>();
            Ok(Arc::new(days.unary::<_, Int64Type>(|day| day + 1)))
        },
        simplify: None,
    },
    part!("hour", "The hour of a time, 0 to 23, in UTC; as in Presto", DatePart::Hour),
    part!("minute", "The minute of a time; as in Presto", DatePart::Minute),
    part!("second", "The second of a time, without its fraction; as in Presto", DatePart::Second),
];

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// What times are counted in.
#[derive(Clone, Copy)]
enum Unit {
    /// So many microseconds.
    Micros(i64),
    /// So many months, whose lengths differ.
    Months(i64),
}

impl Unit {
    fn parse(name: &str) -> Result<Self> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "millisecond" => Self::Micros(1000),
            "second" => Self::Micros(SECOND),
            "minute" => Self::Micros(60 * SECOND),
            "hour" => Self::Micros(3600 * SECOND),
            "day" => Self::Micros(DAY),
            "week" => Self::Micros(7 * DAY),
            "month" => Self::Months(1),
            "quarter" => Self::Months(3),
            "year" => Self::Months(12),
            _ => {
                let message = format!("{name:?} is no unit such as minute, hour, day, week, month or year");
                return Err(DataFusionError::Execution(message));
            }
        })
    }

    /// `None` beyond what a calendar holds.
    fn add(self, time: i64, count: i64) -> Option<i64> {
        match self {
            Self::Micros(micros) => time.checked_add(micros.checked_mul(count)?),
            Self::Months(months) => {
                Some(add_months(utc(time)?, months.checked_mul(count)?)?.timestamp_micros())
            }
        }
    }

    /// The whole units from one time to another.
    fn between(self, from: i64, to: i64) -> Option<i64> {
        match self {
            Self::Micros(micros) => Some(to.checked_sub(from)? / micros),
            Self::Months(months) => Some(months_between(utc(from)?, utc(to)?)? / months),
        }
    }
}

fn utc(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}

/// The same day some months later, or the last day of that month.
fn add_months(time: DateTime<Utc>, months: i64) -> Option<DateTime<Utc>> {
    let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { time.checked_sub_months(count) } else { time.checked_add_months(count) }
}

fn months_between(from: DateTime<Utc>, to: DateTime<Utc>) -> Option<i64> {
    let month = |time: DateTime<Utc>| i64::from(time.year()) * 12 + i64::from(time.month0());
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
    let times = args[2].as_primitive::<TimestampMicrosecondType>();
    let mut sums = TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC");
    for row in 0..rows {
        let is_known = units.is_valid(row) && counts.is_valid(row) && times.is_valid(row);
        sums.append_option(if is_known {
            Unit::parse(units.value(row))?.add(times.value(row), counts.value(row))
        } else {
            None
        });
    }
    Ok(Arc::new(sums.finish()))
}

fn date_diff(args: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    let units = args[0].as_string_view();
    let from = args[1].as_primitive::<TimestampMicrosecondType>();
    let to = args[2].as_primitive::<TimestampMicrosecondType>();
    let mut counts = Int64Builder::with_capacity(rows);
    for row in 0..rows {
        let is_known = units.is_valid(row) && from.is_valid(row) && to.is_valid(row);
        counts.append_option(if is_known {
            Unit::parse(units.value(row))?.between(from.value(row), to.value(row))
        } else {
            None
        });
    }
    Ok(Arc::new(counts.finish()))
}
