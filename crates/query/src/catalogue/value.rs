//! Values of parameters: from text to what is bound in a plan.

use std::fmt;

use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::ScalarValue;
use serde::Serialize;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// Any text, the empty one too.
    Text,
    /// A whole number.
    Integer,
    /// A finite number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A time, `2026-03-01T12:00:00Z`; UTC unless it says otherwise.
    Timestamp,
    /// A day, `2026-03-01`.
    Date,
    /// A span of time, `90 minutes`, `1 day`.
    Interval,
}

impl ParameterType {
    const ALL: [Self; 7] =
        [Self::Text, Self::Integer, Self::Float, Self::Boolean, Self::Timestamp, Self::Date, Self::Interval];

    /// The word for it.
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

    pub(super) fn from_word(word: &str) -> Option<Self> {
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

    /// The value of a text.
    ///
    /// # Errors
    /// What is wrong with the text, when it is none of this type.
    pub fn parse(self, text: &str) -> Result<ScalarValue, String> {
        let wrong = || format!("{text:?} is no {self}{}", self.example());
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

    const fn example(self) -> &'static str {
        match self {
            Self::Text | Self::Integer | Self::Float => "",
            Self::Boolean => ", which is true or false",
            Self::Timestamp => ", as 2026-03-01T12:00:00Z is",
            Self::Date => ", as 2026-03-01 is",
            Self::Interval => ", as 90 minutes or 1 day is",
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
