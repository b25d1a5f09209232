//! Escaping of text on the page: HTML special characters become entities, and invisible or bidirectional characters
//! become escapes. Templates print only through this, so that no log field can be forgotten.

use std::fmt::{self, Write};

use askama::filters::Escaper;

use crate::output::sanitize::sanitize;

/// The escaper of the templates.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PageText;

impl Escaper for PageText {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> fmt::Result {
        // Line breaks of SQL are kept; all other invisible characters are shown.
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                to.write_char('\n')?;
            }
            for character in sanitize(line).chars() {
                match character {
                    '&' => to.write_str("&amp;")?,
                    '<' => to.write_str("&lt;")?,
                    '>' => to.write_str("&gt;")?,
                    '"' => to.write_str("&#34;")?,
                    '\'' => to.write_str("&#39;")?,
                    character => to.write_char(character)?,
                }
            }
        }
        Ok(())
    }
}

/// JSON that is safe in a `script` element: nothing in it ends the element or a line.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(value)?;
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String does not fail. These characters only occur within JSON strings.
                let _ = write!(safe, "\\u{:04x}", u32::from(character));
            }
            character => safe.push(character),
        }
    }
    Ok(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        let mut page = String::new();
        PageText.write_escaped_str(&mut page, "<a b=\"c\" d='e'>&\u{202e}\u{1b}\r\tx\ny").unwrap();
        assert_eq!(page, "&lt;a b=&#34;c&#34; d=&#39;e&#39;&gt;&amp;\\u{202E}\\x1B\\r\\tx\ny");
    }

    #[test]
    fn json_cannot_end_a_script() {
        let text = json(&["</script><!--", "a\u{2028}b", "&"]).unwrap();
        assert_eq!(text, "[\"\\u003c/script\\u003e\\u003c!--\",\"a\\u2028b\",\"\\u0026\"]");
        assert_eq!(serde_json::from_str::<[String; 3]>(&text).unwrap()[1], "a\u{2028}b");
    }
}
