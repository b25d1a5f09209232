//! Numbers with nouns.

use indicatif::HumanCount;

/// A number with its noun: `1 file`, `2,000 files`; `day, month or year` becomes `0 days, months or years`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    // Pluralise each of several alternative nouns.
    let plural = noun.split(" or ").map(|part| {
        let each = part.split(", ").map(|word| format!("{word}s"));
        each.collect::<Vec<_>>().join(", ")
    });
    format!("{} {}", HumanCount(number), plural.collect::<Vec<_>>().join(" or "))
}

/// What became of lines: `5,031 lines: 5,020 rows, 7 rejects, 4 blank`.
pub(crate) fn line_counts(lines: u64, rows: u64, rejects: u64, blanks: u64) -> String {
    let counted = [plural(lines, "line"), plural(rows, "row"), plural(rejects, "reject")];
    format!("{}: {}, {}, {} blank", counted[0], counted[1], counted[2], HumanCount(blanks))
}

#[cfg(test)]
mod tests {
    use super::{line_counts, plural};

    #[test]
    fn one_is_not_many() {
        assert_eq!(plural(1, "file"), "1 file");
        assert_eq!(plural(0, "hidden file or folder"), "0 hidden files or folders");
        assert_eq!(plural(2, "day, month or year"), "2 days, months or years");
        assert_eq!(plural(1_234_567, "row"), "1,234,567 rows");
    }

    #[test]
    fn lines_are_accounted_for() {
        assert_eq!(line_counts(5031, 5020, 7, 4), "5,031 lines: 5,020 rows, 7 rejects, 4 blank");
        assert_eq!(line_counts(2, 1, 1, 0), "2 lines: 1 row, 1 reject, 0 blank");
    }
}
