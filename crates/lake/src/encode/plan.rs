//! How a column is encoded, and a page on its way.

use parquet::basic::Encoding;

use super::delta::Widths;
use super::page::Search;

/// Rows after which a page's size is looked at.
pub(super) const STEP: usize = 256;

/// Room before the values of a page for its levels, so that the page is one piece without a copy. Levels of
/// one page's rows take less.
pub(super) const GAP: usize = 8 << 10;

/// What is special about a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnPlan {
    /// Whether values repeat so that a dictionary is worth a try.
    pub(super) dictionary: bool,
    /// Whether the file states the least and the greatest value.
    pub(super) bounds: bool,
    /// Whether there is a bloom filter, for looking up single values.
    pub(super) bloom_filter: bool,
    /// Whether, without a dictionary, all lengths of a page stand before all texts.
    pub(super) lengths_apart: bool,
    /// How differences between its numbers are packed.
    pub(super) widths: Widths,
    /// What compression looks for.
    pub(super) search: Search,
}

/// A page before compression.
pub(super) struct PageBody<'a> {
    /// [`GAP`], then the values.
    pub(super) bytes: &'a mut Vec<u8>,
    pub(super) encoding: Encoding,
    /// How many of the bytes, from the first, are of another kind than the rest; 0 if all are of one kind.
    pub(super) apart: usize,
}

impl<'a> PageBody<'a> {
    /// Of one kind.
    pub(super) fn new(bytes: &'a mut Vec<u8>, encoding: Encoding) -> Self {
        Self { bytes, encoding, apart: 0 }
    }
}
