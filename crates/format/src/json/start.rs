//! Detects lines of JSON.

use memchr::memchr2;

/// Length of `2026-04-29T14:32:16`.
const TIMESTAMP_LEN: usize = 19;

/// The start of the JSON object in a line; `None` if the line is not JSON.
///
/// A line is JSON if its first byte other than white space is `{`, or if `{` follows a time such as
/// `2026-04-29T14:32:16.000Z`, as in exports of CloudWatch Logs. One word may stand between the two: the log
/// stream of `aws logs tail`. A byte order mark is skipped.
///
/// No line of text from S3 is taken for JSON, whatever a client puts into it: the line begins with the bucket
/// owner's id, which no client controls. And a line of JSON must never be parsed as text first, because a
/// client's text in it might look like the rest of such a line.
#[inline]
pub fn json_start(line: &[u8]) -> Option<usize> {
    match line.first()? {
        b'{' => Some(0),
        b'0'..=b'9' if line.get(4) == Some(&b'-') => after_time(line, 0),
        b' ' | b'\t' | 0xEF => after_blanks(line),
        _ => None,
    }
}

#[cold]
fn after_blanks(line: &[u8]) -> Option<usize> {
    let mark = if line.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let at = skip_blanks(line, mark);
    if line.get(at) == Some(&b'{') { Some(at) } else { after_time(line, at) }
}

/// Position after a time at `at` and an optional word.
fn after_time(line: &[u8], at: usize) -> Option<usize> {
    if !line.get(at..)?.first_chunk::<TIMESTAMP_LEN>().is_some_and(is_timestamp) {
        return None;
    }
    let next = after_word(line, at)?;
    if line[next] == b'{' {
        return Some(next);
    }
    after_word(line, next).filter(|at| line[*at] == b'{')
}

/// The first byte after a word and the blanks that follow it, if there is one.
fn after_word(line: &[u8], at: usize) -> Option<usize> {
    let length = memchr2(b' ', b'\t', &line[at..])?;
    let next = skip_blanks(line, at + length);
    (next < line.len()).then_some(next)
}

fn skip_blanks(line: &[u8], from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

fn is_timestamp(text: &[u8; TIMESTAMP_LEN]) -> bool {
    text.iter().zip(b"0000-00-00T00:00:00").all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_detected_by_the_beginning_of_the_line() {
        for (line, start) in [
            (&b"{}"[..], 0),
            (b" \t{", 2),
            (b"\xEF\xBB\xBF{", 3),
            (b"2026-04-29T14:32:16.000Z {\"a\":1}", 25),
            (b"2026-04-29T14:32:16 \t {", 22),
            (b"2026-04-29T14:32:16.123456+00:00 my-stream {", 43),
            (b" 2026-04-29T14:32:16Z {", 22),
        ] {
            assert_eq!(json_start(line), Some(start), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn everything_else_is_text() {
        for line in [
            &b""[..],
            b" ",
            b"[{}]",
            b"0a1b photos [02/Jun/2025:11:12:13 +0000] - - R REST.GET.OBJECT {",
            b"2026 photos [02/Jun/2025:11:12:13 +0000] - - R REST.GET.OBJECT {",
            b"2026-04-29T14:32:16.000Z",
            b"2026-04-29T14:32:16.000Z ",
            b"2026-04-29T14:32:16.000Z one two {",
            b"2026-04-29 {",
            b"x{",
            b"\xEF\xBB",
        ] {
            assert_eq!(json_start(line), None, "{}", line.escape_ascii());
        }
    }
}
