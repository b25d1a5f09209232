//! Parameter values: from text to bound values of a plan.

use std::fmt;

use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::ScalarValue;
use serde::Serialize;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// Any text, including the empty one.
    Text,
    /// An integer.
    Integer,
    /// A finite number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A time such as `2026-03-01T12:00:00Z`; UTC unless it has an offset.
    Timestamp,
    /// A date such as `2026-03-01`.
    Date,
    /// A time span such as `90 minutes` or `1 day`.
    Interval,
}

impl ParameterType {
    const ALL: [Self; 7] =
        [Self::Text, Self::Integer, Self::Float, Self::Boolean, Self::Timestamp, Self::Date, Self::Interval];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Interval => "interval",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
            Self::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        }
    }

    /// Parses a value.
    ///
    /// # Errors
    /// The reason why the text is not a value of this type.
    pub fn parse(self, text: &str) -> Result<ScalarValue, String> {
        let wrong = || format!("{text:?} is not {}", self.described());
        match self {
            Self::Text => Ok(ScalarValue::Utf8(Some(text.to_owned()))),
            Self::Integer => text.parse().map(|value| ScalarValue::Int64(Some(value))).map_err(|_| wrong()),
            Self::Boolean => text.parse().map(|value| ScalarValue::Boolean(Some(value))).map_err(|_| wrong()),
            Self::Float => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(ScalarValue::Float64(Some(value))),
                _ => Err(wrong()),
            },
            Self::Timestamp | Self::Date | Self::Interval => {
                let value = ScalarValue::Utf8(Some(text.trim().to_owned())).cast_to(&self.data_type());
                value.ok().filter(|value| !value.is_null()).ok_or_else(wrong)
            }
        }
    }

    const fn described(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "an integer",
            Self::Float => "a number",
            Self::Boolean => "true or false",
            Self::Timestamp => "a timestamp such as 2026-03-01T12:00:00Z",
            Self::Date => "a date such as 2026-03-01",
            Self::Interval => "a time span such as 90 minutes or 1 day",
        }
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_values_of_their_type() {
        for (kind, right, wrong) in [
            (ParameterType::Integer, "-3", "3.5"),
            (ParameterType::Float, "0.25", "NaN"),
            (ParameterType::Boolean, "true", "yes"),
            (ParameterType::Timestamp, "2026-03-01T12:00:00Z", "yesterday"),
            (ParameterType::Date, "2026-03-01", "2026-13-01"),
            (ParameterType::Interval, "90 minutes", "a while"),
        ] {
            assert_eq!(kind.parse(right).unwrap().data_type(), kind.data_type(), "{kind}");
            assert!(kind.parse(wrong).unwrap_err().contains(wrong), "{kind}");
        }
        let hostile = "x' OR 1=1 --";
        assert_eq!(ParameterType::Text.parse(hostile).unwrap(), ScalarValue::Utf8(Some(hostile.into())));
    }
}
