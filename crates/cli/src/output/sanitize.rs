//! Makes log text safe for terminals. Clients choose what is in a log; none of it may move the cursor, change
//! colours, reverse the reading order or hide.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with everything escaped that a terminal may act on or a reader cannot see. That includes tabs, which
/// would break columns.
pub(crate) fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => clean.push_str("\\n"),
            '\r' => clean.push_str("\\r"),
            '\t' => clean.push_str("\\t"),
            character if is_harmful(character) => {
                let code = u32::from(character);
                // Writing to a String does not fail.
                let _ = if code < 0x100 {
                    write!(clean, "\\x{code:02X}")
                } else {
                    write!(clean, "\\u{{{code:X}}}")
                };
            }
            character => clean.push(character),
        }
    }
    Cow::Owned(clean)
}

/// Appends `text` with line breaks and tabs kept and everything else escaped that a terminal may act on. With
/// `json` the result stays valid JSON.
pub(crate) fn clean_into(text: &str, json: bool, clean: &mut String) {
    let mut units = [0; 2];
    for character in text.chars() {
        if matches!(character, '\n' | '\t') || !is_harmful(character) {
            clean.push(character);
        } else if json {
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(clean, "\\u{unit:04X}"); // writing to a String does not fail
            }
        } else {
            clean.push_str(&sanitize(character.encode_utf8(&mut [0; 4])));
        }
    }
}

/// Control characters (C0, DEL, C1), bidirectional marks, invisible characters, and tags.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xAD                    // soft hyphen
            | 0x061C | 0x200E | 0x200F | 0x202A..=0x202E | 0x2066..=0x2069 // direction
            | 0x034F | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x3164 | 0xFFA0 // fillers
            | 0x200B..=0x200D | 0x2060..=0x2065 | 0x206A..=0x206F | 0xFEFF // zero width
            | 0x2028 | 0x2029       // line and paragraph separators
            | 0x2800                // blank Braille pattern
            | 0xFE00..=0xFE0F       // variation selectors
            | 0xFFF0..=0xFFFB       // annotations
            | 0x13430..=0x13440 | 0x1BCA0..=0x1BCA3 // hieroglyph and shorthand format controls
            | 0x1D159 | 0x1D173..=0x1D17A // invisible musical symbols
            | 0xE0000..=0xE0FFF) // tags, variation selectors, reserved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        for text in ["", "a b", "grün ☃ 日本語 🦀"] {
            assert!(matches!(sanitize(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn attacks_are_shown_and_not_carried_out() {
        for (name, attack, shown) in [
            ("colour", "\x1b[31mred", "\\x1B[31mred"),
            ("window title", "\x1b]0;owned\x07", "\\x1B]0;owned\\x07"),
            ("8-bit control sequence", "\u{9b}31m", "\\x9B31m"),
            ("overwritten line", "good\rbad", "good\\rbad"),
            ("forged row", "a\nb", "a\\nb"),
            ("column break", "a\tb", "a\\tb"),
            ("backspace", "abc\u{8}\u{8}", "abc\\x08\\x08"),
            ("delete", "a\u{7f}", "a\\x7F"),
            ("nul", "a\0b", "a\\x00b"),
            ("reversed reading", "cod\u{202e}exe.txt", "cod\\u{202E}exe.txt"),
            ("isolate", "a\u{2066}b", "a\\u{2066}b"),
            ("zero width", "ad\u{200b}min", "ad\\u{200B}min"),
            ("byte order mark", "\u{feff}a", "\\u{FEFF}a"),
            ("tag", "a\u{e0041}", "a\\u{E0041}"),
            ("line separator", "a\u{2028}b", "a\\u{2028}b"),
            ("soft hyphen", "a\u{ad}b", "a\\xADb"),
            ("beginning of a beam in music", "a\u{1d173}b", "a\\u{1D173}b"),
            ("end of a phrase in music", "a\u{1d17a}b", "a\\u{1D17A}b"),
            ("braille pattern without dots", "a\u{2800}b", "a\\u{2800}b"),
        ] {
            assert_eq!(sanitize(attack), shown, "{name}");
        }
    }
}
