//! Parsing of sizes in arguments.

/// Parses a number of bytes with an optional suffix k, m or g.
pub(crate) fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        unit => return Err(format!("unknown unit {unit:?}; use k, m or g")),
    };
    let number: usize = digits.parse().map_err(|_| "not a number of bytes, such as 512m".to_owned())?;
    number.checked_mul(unit).ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("512m"), Ok(512 << 20));
        assert_eq!(parse_size("7"), Ok(7));
        assert!(
            parse_size("12x").is_err()
                && parse_size("g").is_err()
                && parse_size("99999999999999999g").is_err()
        );
    }
}
