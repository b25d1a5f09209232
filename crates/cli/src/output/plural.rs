//! Numbers with what they count.

/// A number and what it counts: `1 file`, `2 files`, `0 days, months or years` of `day, month or year`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    // Of several words for the same, each has an ending.
    let plural = noun.split(" or ").map(|part| {
        let each = part.split(", ").map(|word| format!("{word}s"));
        each.collect::<Vec<_>>().join(", ")
    });
    format!("{number} {}", plural.collect::<Vec<_>>().join(" or "))
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn one_is_not_many() {
        assert_eq!(plural(1, "file"), "1 file");
        assert_eq!(plural(0, "hidden file or folder"), "0 hidden files or folders");
        assert_eq!(plural(2, "day, month or year"), "2 days, months or years");
    }
}
