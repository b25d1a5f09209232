//! Summarises the line counts of a run.

use saltmine_query::quantity::{counted, grouped};

/// Formats line counts: `5,031 lines: 5,020 rows, 7 rejects, 4 blank`.
pub(crate) fn line_counts(lines: u64, rows: u64, rejects: u64, blanks: u64) -> String {
    let [lines, rows, rejects] =
        [(lines, "line"), (rows, "row"), (rejects, "reject")].map(|(count, noun)| counted(count, noun));
    format!("{lines}: {rows}, {rejects}, {} blank", grouped(blanks))
}

#[cfg(test)]
mod tests {
    use super::line_counts;

    #[test]
    fn lines_are_accounted_for() {
        assert_eq!(line_counts(5031, 5020, 7, 4), "5,031 lines: 5,020 rows, 7 rejects, 4 blank");
        assert_eq!(line_counts(2, 1, 1, 0), "2 lines: 1 row, 1 reject, 0 blank");
    }
}
