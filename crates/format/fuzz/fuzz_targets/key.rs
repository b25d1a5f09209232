//! Decoding never makes a key longer and keeps text without escapes; decoding twice equals decoding once and
//! once again.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use saltmine_format::{decode_once, object_key, object_key_text};

fuzz_target!(|key: &[u8]| {
    let once = decode_once(key);
    assert!(once.len() <= key.len());
    let is_plain = !key.iter().any(|byte| matches!(byte, b'%' | b'+'));
    assert_eq!(is_plain, matches!(once, Cow::Borrowed(_)));
    assert_eq!(object_key(key, b"S3.EXPIRE.OBJECT"), once);
    assert_eq!(object_key(key, b"REST.GET.OBJECT"), decode_once(&once));
    let text = object_key_text(key, b"REST.GET.OBJECT");
    assert!(text.len() <= 4 * key.len());
});
