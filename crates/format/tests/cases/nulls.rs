//! The ways to write a missing value.

use crate::*;

/// Each of the three quoted fields may be `"-"` or a bare `-`, independently of the others.
#[test]
fn both_styles_in_every_combination() {
    let styles = [r#""-""#, "-"];
    for uri in styles {
        for referer in styles {
            for agent in styles {
                let line = format!("{HEAD} {uri} - - - 317 - - {referer} {agent} {}", tail());
                let want = [&HEAD_VALUES[..], &[(ObjectSize, "317")], &TAIL_VALUES].concat();
                check_common(&line, &line, &want);
            }
        }
    }
}

#[test]
fn one_null_and_one_value() {
    check_common(
        "bare agent",
        &line_with(r#""https://example.org/" -"#),
        &with(&[(Referer, "https://example.org/")]),
    );
    check_common("bare referer", &line_with(r#"- "x""#), &with(&[(UserAgent, "x")]));
    check_common("empty agent", &line_with(r#""-" """#), &with(&[(UserAgent, "")]));
    check_common("both empty", &line_with(r#""" """#), &with(&[(Referer, ""), (UserAgent, "")]));
    let line = line_with(r#""a" "b" -"#);
    // Quotes inside the referer, then a bare dash, or a version id that begins with a dash and a space.
    check(
        "quotes and a bare agent",
        line.as_bytes(),
        &with(&[(Referer, r#"a" "b"#)]),
        None,
        "embedded_quote,ambiguous_quotes",
    );
}

#[test]
fn zero_and_dash_are_not_the_same() {
    let line = line_with(r#""-" "x""#).replace("200 - 10 20 5 4", "304 - 0 - 0 -");
    let want = with(&[(UserAgent, "x"), (HttpStatus, "304"), (BytesSent, "0"), (TotalTime, "0")]);
    let want: Vec<_> = want
        .into_iter()
        .filter(|(field, value)| !matches!((field, *value), (ObjectSize | TurnAroundTime, _)))
        .collect();
    check_common("zeros", &line, &want);
}
