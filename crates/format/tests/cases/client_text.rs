//! Any bytes that a client may send, in any number.

use crate::*;

#[test]
fn client_text_may_contain_anything() {
    for agent in [&b"\xff\xfe"[..], b"a\0b", "Zürich ⛏ ю".as_bytes(), b"\x1b[31mred\x07", b"\t", b" ", b"  "]
    {
        let mut line = line_with(r#""-" ""#).trim_end_matches(&tail()).trim_end().as_bytes().to_vec();
        line.extend_from_slice(agent);
        line.extend_from_slice(format!("\" {}", tail()).as_bytes());
        let row = read(&line).unwrap();
        assert_eq!(row.get(UserAgent), Some(agent), "{row:?}");
        assert!(row.anomalies.is_empty(), "{row:?}");
        assert!(Record::parse_by_fast_path(&line).is_some());
    }
}

#[test]
fn fields_of_64_kib() {
    for text in ["a".repeat(65_536), "a \" b".repeat(13_108), "\" - ".repeat(16_384), "\\\"".repeat(32_768)] {
        let line = line_with(&format!(r#""{text}" "{text}""#));
        let row = read(line.as_bytes()).unwrap();
        assert_eq!(row.get(SourceRegion), Some(&b"eu-west-1"[..]));
        assert_eq!(row.get(Referer).map(<[u8]>::len), Some(text.len()));
        assert_eq!(row.get(UserAgent), Some(text.as_bytes()));
    }
}
