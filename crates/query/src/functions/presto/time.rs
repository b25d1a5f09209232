//! Parsing and formatting of times.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder, TimestampMicrosecondBuilder};
use datafusion::arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::simplify::SimplifyContext;

use super::pattern::Pattern;
use super::typed_function::{Kind, TypedFunction};
use super::zone::Zone;

/// All functions.
pub(super) const FUNCTIONS: [TypedFunction; 6] = [
    TypedFunction {
        name: "log_time",
        arguments: &[("time", Kind::Time)],
        optional: 0,
        returns: Kind::Text,
        help: (
            "Formats a time as in the logs, in UTC and whole seconds: 06/Feb/2019:00:00:38 +0000. The \
             column requestdatetime of athena.s3_access_logs uses it",
            "log_time(request_time)",
        ),
        body: |args, rows, _| {
            let pattern = Pattern::joda(LOG_TIME_JODA[0]).map_err(DataFusionError::Execution)?;
            write(&args[0], rows, |_, time| Ok(pattern.format(time, Zone::UTC)))
        },
        simplify: None,
    },
    TypedFunction {
        name: "parse_datetime",
        arguments: &[("text", Kind::Text), ("pattern", Kind::Text)],
        optional: 0,
        returns: Kind::Time,
        help: (
            "Parses a time with a pattern of Joda's letters; UTC if the text has no offset. An error \
             if the text does not match, null within TRY. As in Presto, except for zone names, eras and half days, \
             which are not supported",
            "parse_datetime(requestdatetime, 'dd/MMM/yyyy:HH:mm:ss Z')",
        ),
        body: |args, rows, lenient| read(args, rows, lenient, Pattern::joda),
        simplify: Some(|args, info| simplify_round_trip(args, info, LOG_TIME_JODA)),
    },
    TypedFunction {
        name: "date_parse",
        arguments: &[("text", Kind::Text), ("format", Kind::Text)],
        optional: 0,
        returns: Kind::Time,
        help: (
            "Parses a time with a format of MySQL's specifiers. An error if the text does not match, null \
             within TRY. As in Presto, except that the time is in UTC instead of without a zone",
            "date_parse('2019-02-06 00:00:38', '%Y-%m-%d %H:%i:%s')",
        ),
        body: |args, rows, lenient| read(args, rows, lenient, Pattern::mysql),
        simplify: Some(|args, info| simplify_round_trip(args, info, LOG_TIME_MYSQL)),
    },
    TypedFunction {
        name: "format_datetime",
        arguments: &[("time", Kind::Time), ("pattern", Kind::Text)],
        optional: 0,
        returns: Kind::Text,
        help: (
            "Formats a time with a pattern of Joda's letters, in the zone of the time; as in Presto",
            "format_datetime(request_time AT TIME ZONE 'Asia/Tokyo', 'yyyy-MM-dd HH:mm')",
        ),
        body: |args, rows, _| write_by(args, rows, Pattern::joda),
        simplify: None,
    },
    TypedFunction {
        name: "date_format",
        arguments: &[("time", Kind::Time), ("format", Kind::Text)],
        optional: 0,
        returns: Kind::Text,
        help: (
            "Formats a time with a format of MySQL's specifiers, in the zone of the time; as in Presto. In \
             DataFusion, date_format is an alias of to_char with other specifiers; to_char is unchanged",
            "date_format(request_time, '%Y-%m-%d %H:%i')",
        ),
        body: |args, rows, _| write_by(args, rows, Pattern::mysql),
        simplify: None,
    },
    TypedFunction {
        name: "from_iso8601_timestamp",
        arguments: &[("text", Kind::Text)],
        optional: 0,
        returns: Kind::Time,
        help: (
            "Parses a time in ISO 8601; UTC if it has no offset. An error if it is invalid, null within \
             TRY; as in Presto, except for week dates and ordinal dates",
            "from_iso8601_timestamp('2019-02-06T00:00:38Z')",
        ),
        body: |args, rows, lenient| read_each(args, rows, lenient, |text| Ok(iso8601(text))),
        simplify: None,
    },
];

/// The log time pattern in Joda's letters, as published queries on `requestdatetime` write it.
const LOG_TIME_JODA: &[&str] = &["dd/MMM/yyyy:HH:mm:ss Z"];
const LOG_TIME_MYSQL: &[&str] = &["%d/%b/%Y:%H:%i:%s +0000", "%d/%b/%Y:%H:%i:%S +0000", "%d/%b/%Y:%T +0000"];

/// Formatting a log time and parsing it again changes nothing. Removing both turns filters on `requestdatetime`
/// into filters on `request_time`, so that files outside the range are not opened. Log times are whole seconds, so
/// nothing is lost.
fn simplify_round_trip(args: &[Expr], info: &SimplifyContext, patterns: &[&str]) -> Option<Expr> {
    let [Expr::ScalarFunction(inner), Expr::Literal(pattern, _)] = args else { return None };
    let (ScalarValue::Utf8View(Some(pattern)) | ScalarValue::Utf8(Some(pattern))) = pattern else {
        return None;
    };
    if inner.func.name() != "log_time" || !patterns.contains(&pattern.as_str()) {
        return None;
    }
    let [time] = &inner.args[..] else { return None };
    let is_of_the_log = matches!(time, Expr::Column(column) if column.name == "request_time");
    let is_same_type =
        info.get_data_type(time).is_ok_and(|given| given == Kind::Time.data_type(&DataType::Null));
    (is_of_the_log && is_same_type).then(|| time.clone())
}

/// Parses each text with the pattern in its row.
fn read(
    args: &[ArrayRef],
    rows: usize,
    lenient: bool,
    compile: fn(&str) -> Result<Pattern, String>,
) -> Result<ArrayRef> {
    let patterns = args[1].as_string_view();
    let mut known = CachedPattern::new(compile);
    let texts = args[0].as_string_view();
    let mut times = TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC");
    for row in 0..rows {
        if texts.is_null(row) || patterns.is_null(row) {
            times.append_null();
            continue;
        }
        let (text, pattern) = (texts.value(row), patterns.value(row));
        let time = known.get(pattern)?.parse(text);
        if time.is_none() && !lenient {
            return exec_err!("{text:?} does not match the time pattern {pattern:?}; TRY(...) returns null");
        }
        times.append_option(time);
    }
    Ok(Arc::new(times.finish()))
}

fn read_each(
    args: &[ArrayRef],
    rows: usize,
    lenient: bool,
    read: fn(&str) -> Result<Option<i64>>,
) -> Result<ArrayRef> {
    let texts = args[0].as_string_view();
    let mut times = TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC");
    for row in 0..rows {
        let time = if texts.is_valid(row) { read(texts.value(row))? } else { None };
        if time.is_none() && texts.is_valid(row) && !lenient {
            return exec_err!("{:?} is not a time in ISO 8601; TRY(...) returns null", texts.value(row));
        }
        times.append_option(time);
    }
    Ok(Arc::new(times.finish()))
}

/// Formats each time with the pattern in its row.
fn write_by(
    args: &[ArrayRef],
    rows: usize,
    compile: fn(&str) -> Result<Pattern, String>,
) -> Result<ArrayRef> {
    let patterns = args[1].as_string_view();
    let mut known = CachedPattern::new(compile);
    let zone = Zone::from_type(args[0].data_type())?;
    write(&args[0], rows, |row, time| {
        if patterns.is_null(row) { Ok(None) } else { Ok(known.get(patterns.value(row))?.format(time, zone)) }
    })
}

fn write(
    times: &ArrayRef,
    rows: usize,
    mut text: impl FnMut(usize, i64) -> Result<Option<String>>,
) -> Result<ArrayRef> {
    let times = times.as_primitive::<TimestampMicrosecondType>();
    let mut texts = StringViewBuilder::with_capacity(rows);
    for row in 0..rows {
        texts.append_option(if times.is_valid(row) { text(row, times.value(row))? } else { None });
    }
    Ok(Arc::new(texts.finish()))
}

/// The pattern of the last row, which is usually that of all rows.
struct CachedPattern {
    compile: fn(&str) -> Result<Pattern, String>,
    last: Option<(String, Pattern)>,
}

impl CachedPattern {
    fn new(compile: fn(&str) -> Result<Pattern, String>) -> Self {
        Self { compile, last: None }
    }

    fn get(&mut self, pattern: &str) -> Result<&Pattern> {
        let last = match self.last.take() {
            Some(last) if last.0 == pattern => last,
            _ => (pattern.to_owned(), (self.compile)(pattern).map_err(DataFusionError::Execution)?),
        };
        Ok(&self.last.insert(last).1)
    }
}

fn iso8601(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y%m%dT%H%M%S%z", "%Y%m%dT%H%M%SZ"] {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(time.timestamp_micros());
        }
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(time.and_utc().timestamp_micros());
        }
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros())
}
