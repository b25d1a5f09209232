//! Text columns: views into the block, without copying.

#![allow(unsafe_code)] // Arrow's unchecked constructors of view arrays skip checks that this module has already made

use arrow::array::StringViewArray;
use arrow::array::builder::{NullBufferBuilder, make_view};
use arrow::buffer::{Buffer, ScalarBuffer};
use saltmine_format::{Field, Span, canonical_tls_version};

use super::{Row, Rows};

/// A field of the line.
pub(super) fn field(rows: &Rows<'_>, field: Field) -> StringViewArray {
    let index = field.index();
    spans(rows, |row| row.fields.spans[index])
}

/// A part of each line, or null.
pub(super) fn spans(rows: &Rows<'_>, span_of: impl Fn(&Row) -> Span) -> StringViewArray {
    build(rows, |views, span| views.push(rows.block, span), span_of)
}

/// The TLS version, with its prefix in the case that S3 uses today.
pub(super) fn tls_version(rows: &Rows<'_>) -> StringViewArray {
    let index = Field::TlsVersion.index();
    let push = |views: &mut Views, span: Span| match span.slice(rows.block).and_then(canonical_tls_version) {
        Some(version) => views.push_short(version),
        None => views.push(rows.block, span),
    };
    build(rows, push, |row| row.fields.spans[index])
}

/// Builds a view for each row; `push` adds spans of the block. Whether there is unescaped text is checked
/// once per column.
fn build(
    rows: &Rows<'_>,
    push: impl Fn(&mut Views, Span),
    span_of: impl Fn(&Row) -> Span,
) -> StringViewArray {
    let mut views = Views::with_capacity(rows.len());
    if rows.unescaped.is_empty() {
        rows.each(|row| push(&mut views, row.in_block(span_of(row))));
        return views.finish([rows.block]);
    }
    let block_length = rows.block.len() as u32;
    rows.each(|row| {
        let span = row.in_block(span_of(row));
        if span.is_null() || span.start < block_length {
            push(&mut views, span);
        } else {
            let span = Span { start: span.start - block_length, end: span.end - block_length };
            views.push_of(1, rows.unescaped, span);
        }
    });
    views.finish([rows.block, rows.unescaped])
}

/// Views under construction. Every view comes from a range inside a buffer, or from a short text.
pub(super) struct Views {
    views: Vec<u128>,
    valid: NullBufferBuilder,
}

/// The number of bytes that a view stores inline.
const INLINE: u32 = 12;

/// The view of `buffer[start..end]`; `None` if the range is not inside the buffer. Like Arrow's `make_view`,
/// which branches on every length.
#[inline]
fn view_of(buffer: &[u8], place: u32, Span { start, end }: Span) -> Option<u128> {
    let Some(ahead) = buffer.get(start as usize..).and_then(|rest| rest.first_chunk::<16>()) else {
        let text = buffer.get(start as usize..end as usize)?;
        return Some(make_view(text, place, start));
    };
    if end < start || end as usize > buffer.len() {
        return None;
    }
    let (length, ahead) = (end - start, u128::from_le_bytes(*ahead));
    let tail = if length <= INLINE {
        ahead & ((1 << (8 * length)) - 1)
    } else {
        u128::from(ahead as u32) | u128::from(place) << 32 | u128::from(start) << 64
    };
    Some(u128::from(length) | tail << 32)
}

impl Views {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { views: Vec::with_capacity(rows), valid: NullBufferBuilder::new(rows) }
    }

    /// Adds a range of the first buffer, or null.
    #[inline]
    pub(super) fn push(&mut self, buffer: &[u8], span: Span) {
        self.push_of(0, buffer, span);
    }

    /// Adds a range of the buffer that [`Views::finish`] receives at this index, or null.
    #[inline]
    fn push_of(&mut self, place: u32, buffer: &[u8], span: Span) {
        let view = if span.is_null() { None } else { view_of(buffer, place, span) };
        self.valid.append(view.is_some());
        self.views.push(view.unwrap_or(0));
    }

    /// Adds a text of at most twelve bytes, which the view stores inline.
    #[inline]
    pub(super) fn push_short(&mut self, text: &str) {
        debug_assert!(text.len() <= INLINE as usize, "the view must store the text inline");
        self.valid.append(true);
        self.views.push(make_view(text.as_bytes(), 0, 0));
    }

    /// The array over `buffers`, which must be the buffers that all views were made from, in the same order.
    pub(super) fn finish<const N: usize>(mut self, buffers: [&Buffer; N]) -> StringViewArray {
        let nulls = self.valid.finish();
        // SAFETY: `new_unchecked` requires views whose ranges lie in their buffers and whose text is UTF-8.
        // Ranges: `view_of` returns a view only for a range inside the buffer, with its start as the offset
        // and the buffer's index. That index is 0, or 1 only in `build`, where two buffers are passed. Null
        // views and short ones (at most 12 bytes, padded with zeros) contain no range.
        // UTF-8: each buffer as a whole is valid UTF-8: the block was validated before
        // (`decoder::utf8_block`), the others were made of `String`s. Spans in the first buffer begin and end
        // at bytes below 0x80 (a space, a quote, a bracket, a line ending) or at the ends of the buffer. Such
        // a byte is never inside a character, so a span contains whole characters. Spans in the second buffer
        // are whole `&str`s that were appended.
        unsafe {
            StringViewArray::new_unchecked(ScalarBuffer::from(self.views), buffers.map(Buffer::clone), nulls)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn views_equal_those_of_arrow() {
        let buffer: Vec<u8> = (0..60).map(|byte| b'a' + byte % 26).collect();
        for start in 0..=60 {
            for end in start..=60 {
                let wanted = make_view(&buffer[start as usize..end as usize], 1, start);
                assert_eq!(view_of(&buffer, 1, Span { start, end }), Some(wanted), "{start}..{end}");
            }
        }
    }

    #[test]
    fn ranges_outside_the_buffer_have_no_view() {
        let buffer = [b'x'; 40];
        for (start, end) in
            [(0, 41), (39, 41), (40, 41), (41, 41), (5, 4), (39, 38), (0, u32::MAX), (u32::MAX, 0)]
        {
            assert_eq!(view_of(&buffer, 0, Span { start, end }), None, "{start}..{end}");
        }
    }
}
