//! Quotes arguments, so that printed commands can be pasted into a shell.

/// `word` quoted as a single word for a POSIX shell.
pub fn shell_quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::shell_quote;

    #[test]
    fn quoted_words_stay_single_words() {
        for (word, quoted) in [
            ("case.lake", "case.lake"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(reboot)", "'$(reboot)'"),
            ("it's; reboot", "'it'\\''s; reboot'"),
        ] {
            assert_eq!(shell_quote(word), quoted);
        }
    }
}
