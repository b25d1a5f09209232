//! Numbers for people: grouped digits, decimal sizes, lengths of time.

/// `2,779`.
pub fn grouped(number: u64) -> String {
    group_digits(&number.to_string())
}

/// Decimal digits in groups of three.
pub fn group_digits(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 object`, `2,779 objects`; `day, month or year` becomes `0 days, months or years`.
pub fn counted(number: u64, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    // Each of several alternative nouns has a plural of its own.
    let nouns = noun.split(" or ").map(|part| part.split(", ").map(plural).collect::<Vec<_>>().join(", "));
    format!("{} {}", grouped(number), nouns.collect::<Vec<_>>().join(" or "))
}

fn plural(noun: &str) -> String {
    if let Some((noun, rest)) = noun.split_once(" of ") {
        return format!("{} of {rest}", plural(noun));
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with('s') => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// `16.3 GB`; 1 GB is 10⁹ bytes.
#[allow(clippy::cast_precision_loss)] // three digits are shown
pub fn bytes(bytes: i64) -> String {
    let units = [
        (1_000_000_000_000_000, "PB"),
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1000, "kB"),
    ];
    match units.into_iter().find(|(unit, _)| bytes.unsigned_abs() >= *unit) {
        Some((unit, name)) => {
            let number = bytes as f64 / unit as f64;
            if number.abs() < 100.0 { format!("{number:.1} {name}") } else { format!("{number:.0} {name}") }
        }
        None => format!("{bytes} B"),
    }
}

/// `27 min`, `44 h`, `9 days`: rounded down to common units.
pub fn duration(micros: i64) -> String {
    let seconds = micros.max(0) / 1_000_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..259_200 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nouns_follow_them() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!((counted(1, "key").as_str(), counted(2, "key").as_str()), ("1 key", "2 keys"));
        assert_eq!(
            (counted(2, "address").as_str(), counted(2, "copy").as_str()),
            ("2 addresses", "2 copies")
        );
        assert_eq!(counted(2, "entry of known work"), "2 entries of known work");
        assert_eq!(counted(0, "hidden file or folder"), "0 hidden files or folders");
        assert_eq!(counted(2, "day, month or year"), "2 days, months or years");
        assert_eq!(counted(1_234_567, "row"), "1,234,567 rows");
    }

    #[test]
    fn sizes_are_decimal_and_times_have_one_unit() {
        for (size, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (16_329_992_258, "16.3 GB"),
            (496_643_884, "497 MB"),
            (i64::MAX, "9223 PB"),
        ] {
            assert_eq!(bytes(size), text);
        }
        const MINUTE: i64 = 60_000_000;
        for (time, text) in [
            (-5, "0 s"),
            (119_999_999, "119 s"),
            (27 * MINUTE, "27 min"),
            (44 * 60 * MINUTE + 1, "44 h"),
            (9 * 1440 * MINUTE, "9 days"),
        ] {
            assert_eq!(duration(time), text);
        }
    }
}
