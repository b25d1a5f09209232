//! Key, request-URI and outcome.

use saltmine_format::{Anomalies, Field};

use super::agents::agents;
use super::tail::begins_as_tail;
use super::{set, set_quoted};
use crate::common::Row;

/// Key, request-URI and outcome, then the rest. `None` if the text is malformed.
pub(super) fn rest_of_line(text: &str, row: &mut Row) -> Option<()> {
    let word = text.split(' ').next().unwrap();
    let body = &text[word.len()..];
    if body.is_empty() {
        row.anomalies.insert(Anomalies::SHORT);
        return Some(());
    }
    let closes = closes(body);
    let bare = body.strip_prefix(" -").and_then(outcome);
    let followed: Vec<bool> = closes
        .iter()
        .map(|close| close.outcome.values[0] != "-" && is_followed(close.outcome.rest))
        .collect();
    let found = if let Some(quoted) = body.strip_prefix(" \"") {
        let ranks: Vec<u8> = closes.iter().map(|close| rank(&body[2..close.at])).collect();
        let best = *ranks.iter().min()?;
        let chosen = ranks.iter().position(|rank| *rank == best)?;
        let rivals =
            (0..closes.len()).filter(|index| *index != chosen && (ranks[*index] < 2 || followed[*index]));
        let holds_another = best > 0
            && body
                .match_indices('"')
                .skip(1)
                .any(|(at, _)| body[at + 1..].starts_with(' ') && rank(&body[2..at]) == 0);
        let close = &closes[chosen];
        let is_opened_twice = close.opening != 2;
        let ambiguous = rivals.count() > 0 || holds_another || is_opened_twice;
        if is_opened_twice && rank(close.uri(body)) == 0 && !begins_with_method(quoted) {
            close.found(text, word)
        } else {
            Found { key: word, uri: &body[2..close.at], outcome: &close.outcome, ambiguous }
        }
    } else if let Some(bare) = &bare {
        let rivals: Vec<&Close<'_>> =
            closes.iter().zip(&followed).filter(|(_, followed)| **followed).map(|(close, _)| close).collect();
        let is_request = |close: &&&Close<'_>| close.uri(body) != "-" && rank(close.uri(body)) == 0;
        match rivals.iter().find(is_request) {
            Some(close) => close.found(text, word),
            None => Found { key: word, uri: "-", outcome: bare, ambiguous: !rivals.is_empty() },
        }
    } else {
        let is_method = |close: &&Close<'_>| begins_with_method(close.uri(body));
        let by_rank = closes.iter().find(|close| rank(close.uri(body)) == 0);
        by_rank.or_else(|| closes.iter().find(is_method))?.found(text, word)
    };
    if !found.key.is_empty() {
        set(row, Field::Key, found.key);
    }
    row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, found.ambiguous);
    set_quoted(row, Field::RequestUri, found.uri);
    set_outcome(row, found.outcome);
    agents(found.outcome.rest, row)
}

/// `GET /`
pub(super) fn begins_with_method(text: &str) -> bool {
    let method = text.split_once(" /").map_or("", |(method, _)| method);
    (1..=16).contains(&method.len()) && method.chars().all(|c| c.is_ascii_uppercase())
}

/// The text before the referer.
pub(super) struct Found<'a> {
    pub(super) key: &'a str,
    pub(super) uri: &'a str,
    pub(super) outcome: &'a Outcome<'a>,
    pub(super) ambiguous: bool,
}

/// A quote that is followed by an outcome, and the position where the last quote before it that follows a
/// space opens.
pub(super) struct Close<'a> {
    pub(super) opening: usize,
    pub(super) at: usize,
    pub(super) outcome: Outcome<'a>,
}

impl<'a> Close<'a> {
    pub(super) fn uri(&self, body: &'a str) -> &'a str {
        &body[self.opening..self.at]
    }

    /// As the end of a request-URI after a key of several words.
    pub(super) fn found<'b>(&'b self, text: &'b str, word: &str) -> Found<'b> {
        let body = &text[word.len()..];
        let key = &text[..word.len() + self.opening - 2];
        Found { key, uri: &body[self.opening..self.at], outcome: &self.outcome, ambiguous: true }
    }
}

pub(super) fn closes(body: &str) -> Vec<Close<'_>> {
    let quotes: Vec<usize> = body.match_indices('"').map(|(at, _)| at).collect();
    let opens = |at: usize| body[..at].ends_with(' ');
    let close = |(index, at): (usize, &usize)| {
        let opening = quotes[..index].iter().rev().find(|quote| opens(**quote))? + 1;
        Some(Close { opening, at: *at, outcome: outcome(&body[at + 1..])? })
    };
    quotes.iter().enumerate().filter_map(close).collect()
}

/// Whether referer, agent and tail can follow.
pub(super) fn is_followed(rest: &str) -> bool {
    if let Some(quoted) = rest.strip_prefix(" \"").or_else(|| rest.strip_prefix(" - \"")) {
        return quoted.contains('"');
    }
    rest.strip_prefix(" - -").is_some_and(begins_as_tail)
}

pub(super) struct Outcome<'a> {
    pub(super) values: [&'a str; 6],
    pub(super) rest: &'a str,
}

/// ` status error n n n n`, before the end or before a possible referer.
pub(super) fn outcome(text: &str) -> Option<Outcome<'_>> {
    let mut rest = text;
    let mut values = [""; 6];
    for value in &mut values {
        rest = rest.strip_prefix(' ')?;
        *value = rest.split(' ').next().unwrap();
        rest = &rest[value.len()..];
    }
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_code = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let reads_well = (values[0] == "-" || (is_digits(values[0]) && values[0].len() == 3))
        && (values[1] == "-" || is_code(values[1]))
        && values[2..].iter().all(|value| *value == "-" || is_digits(value))
        && (rest.is_empty() || rest.starts_with(" \"") || rest.starts_with(" -"));
    reads_well.then_some(Outcome { values, rest })
}

pub(super) fn set_outcome(row: &mut Row, outcome: &Outcome<'_>) {
    for (field, value) in Field::ALL[Field::HttpStatus.index()..].iter().zip(outcome.values) {
        if field.is_number() && value != "-" && value.parse::<i64>().is_err() {
            row.anomalies.insert(Anomalies::BAD_NUMBER);
        } else {
            set(row, *field, value);
        }
    }
}

/// 0 for a request line with no space in its target, 1 for text that ends in a version, 2 for any other.
pub(super) fn rank(uri: &str) -> u8 {
    let words: Vec<&str> = uri.split(' ').collect();
    let has_version = words.len() > 1
        && words.last().and_then(|word| word.strip_prefix("HTTP/")).is_some_and(|number| {
            let digits: Vec<char> = number.chars().collect();
            matches!(digits[..], [a] if a.is_ascii_digit())
                || matches!(digits[..], [a, '.', b] if a.is_ascii_digit() && b.is_ascii_digit())
        });
    match (has_version, words.len()) {
        _ if uri == "-" => 0,
        (true, 3) => 0,
        (true, _) => 1,
        (false, _) => 2,
    }
}

/// The request-URI of a malformed line, if it contains a complete request line in quotes.
pub(super) fn certain_uri(body: &str, row: &mut Row) {
    let Some((_, body)) = body.split_once(' ') else { return };
    let Some(quoted) = body.strip_prefix('"') else { return };
    let ends = quoted.match_indices('"').map(|(at, _)| at);
    let uri = ends
        .filter(|at| quoted[at + 1..].is_empty() || quoted[at + 1..].starts_with(' '))
        .map(|at| &quoted[..at])
        .find(|uri| rank(uri) == 0);
    if let Some(uri) = uri {
        set(row, Field::RequestUri, uri);
    }
}
