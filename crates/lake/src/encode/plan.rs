//! How to encode a column, and a page under construction.

use parquet::basic::Encoding;

use super::delta::Widths;
use super::page::CompressionEffort;

/// The number of rows after which the size of a page is checked.
pub(super) const CHECK_INTERVAL: usize = 256;

/// Space before the values of a page for its levels, so that the page is contiguous without copying. The levels
/// of a page take less.
pub(super) const LEVELS_SPACE: usize = 8 << 10;

/// How to encode a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnPlan {
    /// Whether values repeat often enough that a dictionary is worth trying.
    pub(super) dictionary: bool,
    /// Whether the file states the lowest and the highest value.
    pub(super) bounds: bool,
    /// Whether there is a bloom filter for looking up single values.
    pub(super) bloom_filter: bool,
    /// Whether, without a dictionary, all lengths of a page precede all texts.
    pub(super) lengths_apart: bool,
    /// How differences between numbers are packed.
    pub(super) widths: Widths,
    /// How hard compression searches for repeats.
    pub(super) search: CompressionEffort,
}

/// A page before compression.
pub(super) struct PageBody<'a> {
    /// [`LEVELS_SPACE`] bytes, followed by the values.
    pub(super) bytes: &'a mut Vec<u8>,
    pub(super) encoding: Encoding,
    /// How many of the leading bytes are of another kind than the rest; 0 if all are of one kind.
    pub(super) apart: usize,
}

impl<'a> PageBody<'a> {
    /// A page with bytes of one kind.
    pub(super) fn new(bytes: &'a mut Vec<u8>, encoding: Encoding) -> Self {
        Self { bytes, encoding, apart: 0 }
    }
}
