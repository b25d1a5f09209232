//! Which rows have a value, as a bitmap that is made as they come.

use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};

/// A bitmap under construction.
pub(super) struct Validity {
    /// Whole words, low bits first.
    words: Vec<u64>,
    word: u64,
    rows: usize,
    valid: usize,
}

impl Validity {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { words: Vec::with_capacity(rows.div_ceil(64)), word: 0, rows: 0, valid: 0 }
    }

    #[inline]
    pub(super) fn push(&mut self, is_valid: bool) {
        self.word |= u64::from(is_valid) << (self.rows % 64);
        self.rows += 1;
        self.valid += usize::from(is_valid);
        if self.rows.is_multiple_of(64) {
            self.words.push(self.word.to_le());
            self.word = 0;
        }
    }

    /// `None` where all rows have a value.
    pub(super) fn finish(mut self) -> Option<NullBuffer> {
        if self.valid == self.rows {
            return None;
        }
        self.words.push(self.word.to_le());
        Some(NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(self.words), 0, self.rows)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_that_were_pushed() {
        for rows in [1, 63, 64, 65, 400] {
            let bits: Vec<bool> = (0..rows).map(|row| row % 3 == 1 || row % 7 == 0).collect();
            let mut validity = Validity::with_capacity(rows);
            bits.iter().for_each(|bit| validity.push(*bit));
            assert_eq!(validity.finish(), (!bits.iter().all(|bit| *bit)).then(|| NullBuffer::from(bits)));
        }
    }

    #[test]
    fn without_nulls_there_is_no_bitmap() {
        let mut validity = Validity::with_capacity(2);
        validity.push(true);
        validity.push(true);
        assert_eq!(validity.finish(), None);
        assert_eq!(Validity::with_capacity(0).finish(), None);
    }
}
