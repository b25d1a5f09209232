//! Columns with few distinct values: anomalies and the file name. Their text is stored once, in a separate
//! buffer.

use std::collections::HashMap;

use arrow::array::StringViewArray;
use arrow::buffer::Buffer;
use saltmine_format::Span;

use super::text::Views;
use super::{Rows, has_anomaly};

/// The anomalies of each line, as comma-separated labels.
pub(super) fn anomaly(rows: &Rows<'_>) -> StringViewArray {
    let mut words = String::new();
    let mut known: HashMap<u16, Span> = HashMap::new();
    rows.each(|row| {
        let set = row.fields.anomalies;
        if has_anomaly(row) {
            known.entry(set.bits()).or_insert_with(|| append(&mut words, &set.to_string()));
        }
    });
    let mut views = Views::with_capacity(rows.len());
    rows.each(|row| {
        let span = known.get(&row.fields.anomalies.bits()).copied().unwrap_or(Span::NULL);
        views.push(words.as_bytes(), span);
    });
    views.finish([&Buffer::from(words.into_bytes())])
}

/// The file name of each line.
pub(super) fn log_file(rows: &Rows<'_>) -> StringViewArray {
    let mut text = String::new();
    let spans: Vec<Span> = rows.names.iter().map(|name| append(&mut text, name)).collect();
    let mut views = Views::with_capacity(rows.len());
    rows.each(|row| views.push(text.as_bytes(), spans[row.segment as usize]));
    views.finish([&Buffer::from(text.into_bytes())])
}

fn append(text: &mut String, part: &str) -> Span {
    let start = text.len() as u32;
    text.push_str(part);
    Span { start, end: text.len() as u32 }
}
