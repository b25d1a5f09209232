//! Parts of a text that are replaced.

use std::borrow::Cow;
use std::ops::Range;

use super::decoded::Decoded;

/// The parts found so far. A part that touches an earlier one is not taken: what is most telling is looked for first.
pub(super) struct Spans<'a> {
    pub(super) decoded: Decoded<'a>,
    found: Vec<(Range<usize>, String)>,
    taken: Vec<bool>,
}

impl<'a> Spans<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { decoded: Decoded::new(text), found: Vec::new(), taken: Vec::new() }
    }

    /// Replaces the bytes of `range` of the decoded text.
    pub(super) fn replace(&mut self, range: Range<usize>, by: impl FnOnce(&[u8]) -> String) {
        if range.is_empty() {
            return;
        }
        if self.taken.is_empty() {
            self.taken = vec![false; self.decoded.bytes().len()];
        }
        if self.taken[range.clone()].iter().any(|is_taken| *is_taken) {
            return;
        }
        let by = by(&self.decoded.bytes()[range.clone()]);
        self.taken[range.clone()].fill(true);
        self.found.push((range, by));
    }

    /// The text with all parts replaced.
    pub(super) fn finish(mut self) -> Cow<'a, str> {
        let text = self.decoded.text();
        if self.found.is_empty() {
            return Cow::Borrowed(text);
        }
        self.found.sort_by_key(|(range, _)| range.start);
        let mut redacted = String::with_capacity(text.len());
        let mut done = 0;
        for (range, by) in &self.found {
            let (start, end) = (self.decoded.origin(range.start), self.decoded.origin(range.end));
            // Parts begin and end at ASCII characters or escapes; should one not, more is left out, never less.
            redacted.push_str(text.get(done..start).unwrap_or_default());
            redacted.push_str(by);
            done = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        }
        redacted.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(redacted)
    }
}

/// Runs of bytes for which `is` holds.
pub(super) fn runs(bytes: &[u8], is: fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = None;
    for (at, byte) in bytes.iter().enumerate() {
        match (is(*byte), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                runs.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    runs.extend(start.map(|from| from..bytes.len()));
    runs
}

/// The first index from `from` on whose byte is not of the kind.
pub(super) fn end_of(bytes: &[u8], from: usize, is: fn(u8) -> bool) -> usize {
    from + bytes[from.min(bytes.len())..].iter().take_while(|byte| is(**byte)).count()
}
