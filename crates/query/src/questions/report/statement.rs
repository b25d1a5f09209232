//! The statements of a report.

/// A statement of the report: name and text.
pub(super) type Statement = (&'static str, &'static str);
