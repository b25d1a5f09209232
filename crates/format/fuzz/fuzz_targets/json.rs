//! Parses any bytes as a line of JSON: positions are within bounds, serde_json also accepts a parsed line as
//! one JSON object, and its texts match serde_json's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use saltmine_format::{Anomalies, Field, JsonRecord, json_start};
use serde_json::Value;

fuzz_target!(|line: &[u8]| {
    let record = match JsonRecord::parse(line) {
        Ok(record) => record,
        Err(error) => return assert!(error.offset <= line.len() && !error.to_string().is_empty()),
    };
    for (field, span) in Field::ALL.iter().zip(record.fields().spans) {
        assert_eq!(span.is_null(), record.get(*field).is_none());
        let text = record.get(*field).map(std::str::from_utf8);
        assert!(text.is_none_or(|text| text.is_ok()), "texts are UTF-8");
    }
    assert!(record.get(Field::Operation).is_some() && record.get(Field::RequestTime).is_some());
    if let Some(extra) = record.extra() {
        assert!(extra.starts_with(b"{") && extra.ends_with(b"}"));
    }
    // serde_json's values cannot hold deep nesting, numbers beyond a float, or unpaired surrogates.
    let start = json_start(line).unwrap_or_default();
    let Ok(value) = serde_json::from_slice::<Value>(&line[start..]) else { return };
    assert!(value.is_object());
    if record.anomalies().contains(Anomalies::EXTRA_FIELDS) {
        return; // for repeated members, serde_json uses the last
    }
    for (name, field) in [
        ("bucket_name", Field::Bucket),
        ("key_name", Field::Key),
        ("operation", Field::Operation),
        ("request_uri", Field::RequestUri),
        ("user_agent", Field::UserAgent),
        ("host_header", Field::HostHeader),
    ] {
        let text = value.get(name).and_then(Value::as_str).filter(|text| *text != "-");
        let text = text.filter(|text| !text.is_empty() || field.is_quoted());
        assert_eq!(record.get(field), text.map(str::as_bytes), "{name}");
    }
    for (name, field) in [("bytes_sent_size", Field::BytesSent), ("total_duration", Field::TotalTime)] {
        if let Some(number) = value.get(name).and_then(Value::as_i64).filter(|number| *number >= 0) {
            assert_eq!(record.number(field), Some(number), "{name}");
        }
    }
});
