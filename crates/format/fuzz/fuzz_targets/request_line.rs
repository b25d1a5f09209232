//! The parts of a request line can be joined again to the original text, and no method fails.
#![no_main]

use libfuzzer_sys::fuzz_target;
use saltmine_format::RequestLine;

fuzz_target!(|text: &[u8]| {
    let line = RequestLine::parse(text);
    let version = line.version.map_or(0, |version| version.len() + 1);
    let parts = line.method.len() + line.target.len() + version;
    assert!(parts == text.len() || parts + 1 == text.len(), "at most one space is missing");
    assert!(text.starts_with(line.method));
    assert!(line.version.is_none_or(|version| text.ends_with(version)));
    if let Some(query) = line.query {
        assert!(line.target.ends_with(query));
    }
    for (name, value) in line.params() {
        assert!(name.len() + value.len() < text.len());
    }
    let _ = (line.is_presigned(), line.presigned_at(), line.param("prefix"), line.decoded_path());
    if line.presigned_expires().is_some() {
        assert!(line.is_presigned());
    }
    if let Some(id) = line.access_key_id() {
        assert!(!id.is_empty());
    }
});
