//! Times as people type them.

use saltmine_query::catalogue::ParameterType;
use saltmine_query::datafusion::common::ScalarValue;

/// Microseconds since 1970 (UTC) of `2026-03-01T12:00:00Z`, or of a day's begin, `2026-03-01`.
pub(crate) fn parse_time(text: &str) -> Result<i64, String> {
    match ParameterType::Timestamp.parse(text)? {
        ScalarValue::TimestampMicrosecond(Some(micros), _) => Ok(micros),
        _ => Err(format!("{text:?} is no time")),
    }
}

/// Microseconds of a span such as `90s`, `30m`, `2h` or `1d`.
pub(crate) fn parse_span(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no span of time, as 90s, 30m, 2h and 1d are");
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
mod tests {
    use super::{parse_span, parse_time};

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(parse_span("90s"), Ok(90_000_000));
        assert_eq!(parse_span("30m"), parse_span("1800s"));
        assert_eq!(parse_span("1d"), parse_span("24h"));
        for wrong in ["30", "m", "-1m", "1.5h", "30 m", "2w", "", "4294967296s"] {
            assert!(parse_span(wrong).is_err_and(|problem| problem.contains("30m")), "{wrong}");
        }
    }

    #[test]
    fn times_and_days() {
        assert_eq!(parse_time("2026-03-01"), Ok(1_772_323_200_000_000));
        assert_eq!(parse_time("2026-03-01T01:00:00+01:00"), Ok(1_772_323_200_000_000));
        assert!(parse_time("yesterday").is_err_and(|problem| problem.contains("2026-03-01T12:00:00Z")));
    }
}
