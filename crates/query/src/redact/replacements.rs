//! The replaced parts of a text.

use std::borrow::Cow;
use std::ops::Range;

use super::decoded::Decoded;

/// The parts found so far. A part that overlaps an earlier one is ignored: the most sensitive kinds are searched
/// for first.
pub(super) struct Replacements<'a> {
    pub(super) decoded: Decoded<'a>,
    /// Ranges in the original text.
    found: Vec<(Range<usize>, String)>,
    /// Which bytes of the decoded text are replaced; empty if none is.
    taken: Vec<bool>,
    /// Whether this is the second pass, over the original text.
    verbatim: bool,
}

impl<'a> Replacements<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { decoded: Decoded::new(text), found: Vec::new(), taken: Vec::new(), verbatim: false }
    }

    /// Whether the text has escapes and can be read in two ways.
    pub(super) fn has_escapes(&self) -> bool {
        self.decoded.has_escapes()
    }

    /// For a second pass over the original text: what looks like an escape may be part of a value, as in
    /// `\198.51.100.7`.
    pub(super) fn verbatim(mut self) -> Self {
        let text = self.decoded.text();
        self.taken = vec![false; text.len()];
        for (range, _) in &self.found {
            self.taken[range.clone()].fill(true);
        }
        Self { decoded: Decoded::verbatim(text), verbatim: true, ..self }
    }

    /// Replaces the bytes of `range` of the decoded text. In the second pass, a part may overlap one of the first
    /// pass, and their pseudonym then covers both.
    pub(super) fn replace(&mut self, range: Range<usize>, by: impl FnOnce(&[u8]) -> String) {
        if range.is_empty() {
            return;
        }
        if self.taken.is_empty() {
            self.taken = vec![false; self.decoded.bytes().len()];
        }
        count_scanned(range.len());
        let mut taken = self.taken[range.clone()].iter();
        let is_refused = if self.verbatim { taken.all(|taken| *taken) } else { taken.any(|taken| *taken) };
        if is_refused {
            return;
        }
        let by = by(&self.decoded.bytes()[range.clone()]);
        self.taken[range.clone()].fill(true);
        let place = self.decoded.origin(range.start)..self.decoded.origin(range.end);
        self.found.push((place, by));
    }

    /// The text with all parts replaced.
    pub(super) fn finish(mut self) -> Cow<'a, str> {
        let text = self.decoded.text();
        if self.found.is_empty() {
            return Cow::Borrowed(text);
        }
        self.found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut redacted = String::with_capacity(text.len());
        let mut done = 0;
        for (Range { start, end }, by) in &self.found {
            // Parts begin and end at ASCII characters or escapes. If one did not, more text would be replaced, never
            // less.
            if *start >= done {
                redacted.push_str(text.get(done..*start).unwrap_or_default());
                redacted.push_str(by);
            }
            done = done.max((*end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len()));
        }
        redacted.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(redacted)
    }
}

/// Runs of bytes that match `is`.
pub(super) fn runs(bytes: &[u8], is: fn(u8) -> bool) -> Vec<Range<usize>> {
    count_scanned(bytes.len());
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

/// The first index at or after `from` whose byte does not match.
pub(super) fn end_of(bytes: &[u8], from: usize, is: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let length = rest.iter().take_while(|byte| is(**byte)).count();
    count_scanned(length + 1);
    from + length
}

#[cfg(test)]
thread_local! {
    /// Bytes looked at by this thread, so that tests can compare the work for texts of different lengths.
    pub(super) static BYTES_SCANNED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Records that `count` bytes were looked at.
#[cfg(test)]
pub(super) fn count_scanned(count: usize) {
    BYTES_SCANNED.with(|looked| looked.set(looked.get() + count));
}

/// Does nothing outside tests.
#[cfg(not(test))]
pub(super) fn count_scanned(_: usize) {}
