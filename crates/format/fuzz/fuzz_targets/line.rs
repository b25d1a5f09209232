//! Parses any bytes as a line: the fast path and the grammar agree, every span lies within the line, and a
//! parsed line has its time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use saltmine_format::{Field, Fields, Record};

fuzz_target!(|line: &[u8]| {
    let usual = Record::parse(line);
    let grammar = Record::parse_by_grammar(line);
    let fast = Record::parse_by_fast_path(line);
    match (&usual, &grammar) {
        (Ok(usual), Ok(grammar)) => {
            assert_eq!(usual.fields(), grammar.fields());
            check(usual.fields(), line);
        }
        (Err(usual), Err(grammar)) => assert_eq!(usual, grammar),
        _ => panic!("only one of them parses the line"),
    }
    if let (Some(fast), Ok(grammar)) = (&fast, &grammar) {
        assert_eq!(fast.fields(), grammar.fields());
    }
    assert!(fast.is_none() || grammar.is_ok(), "only the fast path parses the line");
});

fn check(fields: &Fields, line: &[u8]) {
    for span in fields.spans.iter().chain([&fields.extra]).filter(|span| !span.is_null()) {
        assert!(span.start <= span.end && span.end as usize <= line.len());
    }
    assert!(!fields.spans[Field::RequestTime.index()].is_null());
    let quoted =
        [Field::RequestUri, Field::Referer, Field::UserAgent].map(|field| fields.spans[field.index()]);
    let in_order: Vec<_> = quoted.iter().filter(|span| !span.is_null()).collect();
    assert!(in_order.windows(2).all(|pair| pair[0].end <= pair[1].start));
}
