//! What a report asks.

/// A statement of the report: its name, and its text.
pub(super) type Statement = (&'static str, &'static str);
