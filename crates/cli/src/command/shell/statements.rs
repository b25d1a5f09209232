//! Splits text into SQL statements.

use saltmine_query::datafusion::sql::sqlparser::dialect::GenericDialect;
use saltmine_query::datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// The complete statements at the start of `text`, and the rest without a semicolon. Semicolons in strings, quoted
/// names and comments do not end a statement.
pub(super) fn split(text: &str) -> (Vec<String>, String) {
    let dialect = GenericDialect {};
    // Tokenizing fails while a string is still open: wait for more.
    let Ok(tokens) = Tokenizer::new(&dialect, text).with_unescape(false).tokenize() else {
        return (Vec::new(), text.to_owned());
    };
    let (mut whole, mut rest) = (Vec::new(), String::new());
    for token in tokens {
        if token == Token::SemiColon {
            whole.push(std::mem::take(&mut rest));
        } else {
            rest.push_str(&token.to_string());
        }
    }
    whole.retain(|statement| !is_blank(statement));
    (whole, rest)
}

/// Whether no string, quoted name or comment of `text` is open at its end.
pub(super) fn is_whole_text(text: &str) -> bool {
    Tokenizer::new(&GenericDialect {}, text).tokenize().is_ok()
}

/// Whether `text` contains no statement.
pub(super) fn is_blank(text: &str) -> bool {
    Tokenizer::new(&GenericDialect {}, text)
        .tokenize()
        .is_ok_and(|tokens| tokens.iter().all(|token| matches!(token, Token::Whitespace(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_end_statements_and_nothing_else() {
        for (text, whole, rest) in [
            ("SELECT 1", &[][..], "SELECT 1"),
            ("SELECT 1;", &["SELECT 1"], ""),
            ("SELECT ';'; SELECT 'it''s';x", &["SELECT ';'", " SELECT 'it''s'"], "x"),
            ("SELECT 'not closed;", &[], "SELECT 'not closed;"),
            ("SELECT 1 -- a; b\n;", &["SELECT 1 -- a; b\n"], ""),
            (";;", &[], ""),
            ("SELECT \"a;b\" FROM t;", &["SELECT \"a;b\" FROM t"], ""),
        ] {
            let (found, left) = split(text);
            assert_eq!(
                (found.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), left.as_str()),
                (whole, rest)
            );
        }
        assert!(is_blank(" -- nothing\n") && !is_blank("SELECT 1") && !is_blank("'"));
    }
}
