//! Filters rows before their columns are built.

use std::ops::RangeInclusive;

use saltmine_format::{Field, Fields};

/// Rows that a scan may skip because the reader does not need them. They are counted all the same. A row that
/// is not certain to be outside is kept: the filter only saves work and does not affect results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// Request times, in microseconds since 1970 (UTC); `None` for all.
    pub times: Option<RangeInclusive<i64>>,
    /// Values of `http_status`; `None` for all.
    pub statuses: Option<RangeInclusive<i64>>,
    /// Values of `operation`; `None` for all.
    pub operations: Option<Vec<String>>,
}

impl RowFilter {
    /// Whether the row of this line may be needed.
    #[inline]
    pub(crate) fn may_match(&self, fields: &Fields, line: &[u8]) -> bool {
        let is_in_time = self.times.as_ref().is_none_or(|times| times.contains(&fields.request_micros()));
        is_in_time && self.has_status(fields, line) && self.has_operation(fields, line)
    }

    fn has_status(&self, fields: &Fields, line: &[u8]) -> bool {
        let Some(statuses) = &self.statuses else { return true };
        match text(fields, Field::HttpStatus, line) {
            Some(&[a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9']) => {
                let digit = |digit: u8| i64::from(digit - b'0');
                statuses.contains(&(100 * digit(a) + 10 * digit(b) + digit(c)))
            }
            _ => true,
        }
    }

    fn has_operation(&self, fields: &Fields, line: &[u8]) -> bool {
        let Some(operations) = &self.operations else { return true };
        let operation = text(fields, Field::Operation, line);
        operation.is_none_or(|operation| operations.iter().any(|wanted| wanted.as_bytes() == operation))
    }
}

/// The text of a field; `None` if it is null or not a part of the unmodified line.
fn text<'a>(fields: &Fields, field: Field, line: &'a [u8]) -> Option<&'a [u8]> {
    let span = fields.spans[field.index()];
    if span.is_null() { None } else { line.get(span.start as usize..span.end as usize) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LINE: &[u8] = b"0wner data [01/May/2026:10:00:00 +0000] 198.51.100.7 - 0A REST.GET.OBJECT k \"GET /k HTTP/1.1\" \
                          403 AccessDenied 1 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -";
    const TIME: i64 = 1_777_629_600_000_000;

    fn may_match(filter: &RowFilter, line: &[u8]) -> bool {
        let mut fields = Fields::EMPTY;
        fields.read(line).unwrap();
        filter.may_match(&fields, line)
    }

    #[test]
    fn rows_outside_are_not_kept() {
        let all = RowFilter::default();
        assert!(may_match(&all, LINE));
        for (times, is_kept) in [(TIME..=TIME, true), (TIME + 1..=i64::MAX, false), (0..=TIME - 1, false)] {
            assert_eq!(may_match(&RowFilter { times: Some(times), ..all.clone() }, LINE), is_kept);
        }
        for (statuses, is_kept) in [(403..=403, true), (400..=499, true), (200..=299, false)] {
            assert_eq!(may_match(&RowFilter { statuses: Some(statuses), ..all.clone() }, LINE), is_kept);
        }
        for (operation, is_kept) in [("REST.GET.OBJECT", true), ("REST.GET", false)] {
            let operations = Some(vec!["REST.PUT.OBJECT".to_owned(), operation.to_owned()]);
            assert_eq!(may_match(&RowFilter { operations, ..all.clone() }, LINE), is_kept);
        }
    }

    #[test]
    fn uncertain_rows_are_kept() {
        let odd = String::from_utf8(LINE.to_vec()).unwrap().replace("403", "40x");
        assert!(may_match(&RowFilter { statuses: Some(200..=299), ..RowFilter::default() }, odd.as_bytes()));
    }
}
