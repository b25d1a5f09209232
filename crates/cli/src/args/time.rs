//! Times, as a person types them.

use saltmine_query::catalogue::ParameterType;
use saltmine_query::datafusion::common::ScalarValue;

/// Microseconds since 1970 (UTC) of `2026-03-01T12:00:00Z`, or of a day's begin, `2026-03-01`.
pub(crate) fn parse_time(text: &str) -> Result<i64, String> {
    match ParameterType::Timestamp.parse(text)? {
        ScalarValue::TimestampMicrosecond(Some(micros), _) => Ok(micros),
        _ => Err(format!("{text:?} is no time")),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_time;

    #[test]
    fn times_and_days() {
        assert_eq!(parse_time("2026-03-01"), Ok(1_772_323_200_000_000));
        assert_eq!(parse_time("2026-03-01T01:00:00+01:00"), Ok(1_772_323_200_000_000));
        assert!(parse_time("yesterday").is_err_and(|problem| problem.contains("2026-03-01T12:00:00Z")));
    }
}
