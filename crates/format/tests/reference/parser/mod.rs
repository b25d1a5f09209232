//! A second parser for the format, slow and plain: it splits and compares text without any cleverness. It
//! shares only the list of fields and the labels of anomalies with the crate.

mod agents;
mod head;
mod request_uri;
mod tail;

use saltmine_format::{Anomalies, Field};

use self::head::head;
use self::request_uri::{certain_uri, rest_of_line};
use self::tail::START_OF_2020;
use crate::common::Row;

/// The reference's verdict on a line.
#[derive(Debug)]
pub(crate) enum Reading {
    /// The head or the time cannot be parsed.
    Reject,
    /// The line is well-formed: these are its values.
    Row(Box<Row>),
    /// The head is valid, the rest is malformed. The row has what is certain: the head, and the request-URI
    /// and the outcome if they are present.
    Broken(Box<Row>),
}

/// Parses a line. Bytes are treated as Latin-1 characters, one each, so that text methods work on any bytes.
pub(crate) fn read(line: &[u8]) -> Reading {
    let text: String = line.iter().map(|byte| char::from(*byte)).collect();
    let trimmed = text.trim_end_matches(' ');
    let mut row = Row {
        values: [const { None }; Field::COUNT],
        extra: None,
        anomalies: Anomalies::NONE,
        request_time: 0,
    };
    let Some((is_plain, key)) = head(trimmed, &mut row) else { return Reading::Reject };
    row.anomalies.insert_if(Anomalies::SPACES, !is_plain || trimmed.len() < text.len());
    if key.starts_with('"') {
        row.values[Field::Key.index()] = None;
        row.anomalies.insert(Anomalies::MISALIGNED);
        return Reading::Broken(Box::new(row));
    }
    match rest_of_line(key, &mut row) {
        Some(()) => {
            let is_cut = trimmed.len() < text.len()
                && (ends_in(trimmed, Field::VersionId, &row)
                    || ends_in(trimmed, Field::HostHeader, &row)
                    || may_end_in_dash(trimmed, &row));
            row.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, is_cut);
            Reading::Row(Box::new(row))
        }
        None => {
            // Nothing shows which of two outcomes is the real one.
            let is_doubtful = row.anomalies.contains(Anomalies::AMBIGUOUS_QUOTES);
            if is_doubtful {
                for value in &mut row.values[Field::RequestUri.index()..Field::Referer.index()] {
                    *value = None;
                }
            } else if row.get(Field::RequestUri).is_none() {
                certain_uri(key, &mut row);
            }
            Reading::Broken(Box::new(row))
        }
    }
}

/// Whether the last field may be a null version id or host header.
fn may_end_in_dash(line: &str, row: &Row) -> bool {
    let is_last = row.values[Field::TlsVersion.index()..].iter().all(Option::is_none);
    is_last && line.ends_with(['-', '"']) && row.request_time < START_OF_2020
}

/// Whether a field is the last of the line.
fn ends_in(line: &str, field: Field, row: &Row) -> bool {
    let extra: Option<String> =
        row.extra.as_ref().map(|extra| extra.iter().map(|b| char::from(*b)).collect());
    let is_last = row.values[field.index() + 1..].iter().all(Option::is_none)
        && !extra.is_some_and(|extra| line.ends_with(&extra));
    let text: Option<String> = row.get(field).map(|value| value.iter().map(|b| char::from(*b)).collect());
    is_last && text.is_some_and(|text| line.ends_with(&format!(" {text}")))
}

fn set(row: &mut Row, field: Field, value: &str) {
    row.values[field.index()] = (value != "-").then(|| bytes(value));
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

/// Sets a quoted field.
fn set_quoted(row: &mut Row, field: Field, value: &str) {
    set(row, field, value);
    row.anomalies.insert_if(Anomalies::EMBEDDED_QUOTE, value.contains('"'));
}
