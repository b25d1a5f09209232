//! The values of a column of text.

use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::errors::Result;
use parquet::file::statistics::Statistics;

use super::bloom::BloomFilter;
use super::column_stats::TextBounds;
use super::delta::{Widths, delta_binary_packed};
use super::dictionary::{TextDictionary, length_of};
use super::hybrid::indices;
use super::plan::{ColumnPlan, LEVELS_SPACE, PageBody};

/// The page size, before compression, at which a page ends, in bytes.
const PAGE_BYTES: usize = 128 << 10;

/// The page size if lengths are stored separately: such texts have no repeats across a page, and looking up a
/// row reads a page of each column.
const UNIQUE_PAGE_BYTES: usize = 24 << 10;

/// The maximum size of a dictionary in bytes. A larger one gains nothing.
const DICTIONARY_BYTES: usize = 256 << 10;

/// Texts as dictionary indices; as plain texts once the dictionary has become too large.
pub(super) struct Texts {
    plan: ColumnPlan,
    dictionary: Option<TextDictionary>,
    /// The dictionary for the pages written before it was abandoned.
    full: Option<TextDictionary>,
    indices: Vec<u32>,
    /// The lengths of the texts in the page, if they are stored separately.
    lengths: Vec<i64>,
    /// The current page, after space for the levels.
    page: Vec<u8>,
    bounds: TextBounds,
    filter: Option<BloomFilter>,
}

impl Texts {
    pub(super) fn new(plan: ColumnPlan) -> Self {
        let mut texts = Self {
            plan,
            dictionary: plan.dictionary.then(TextDictionary::new),
            full: None,
            indices: Vec::new(),
            lengths: Vec::new(),
            page: vec![0; LEVELS_SPACE],
            bounds: TextBounds::default(),
            filter: None,
        };
        if !plan.dictionary {
            texts.begin_filter();
        }
        texts
    }

    fn begin_filter(&mut self) {
        self.filter = self.plan.bloom_filter.then(BloomFilter::default);
    }

    /// Adds texts.
    ///
    /// # Errors
    /// If the texts together exceed 4 GiB.
    pub(super) fn push(&mut self, texts: &[&[u8]]) -> Result<()> {
        if let Some(dictionary) = &mut self.dictionary {
            return dictionary.intern(texts, &mut self.indices);
        }
        for text in texts {
            if self.plan.lengths_apart {
                self.lengths.push(text.len() as i64);
            } else {
                self.page.extend_from_slice(&length_of(text)?.to_le_bytes());
            }
            self.page.extend_from_slice(text);
        }
        if self.plan.bounds {
            texts.iter().for_each(|text| self.bounds.add(text));
        }
        if let Some(filter) = &mut self.filter {
            texts.iter().for_each(|text| filter.insert(text));
        }
        Ok(())
    }

    pub(super) fn is_page_full(&self) -> bool {
        // The dictionary is written only once, but kept in memory until then: a page also ends when the
        // dictionary is too large.
        self.page.len() >= if self.plan.lengths_apart { UNIQUE_PAGE_BYTES } else { PAGE_BYTES }
            || self.dictionary.as_ref().is_some_and(|dictionary| dictionary.page().len() > DICTIONARY_BYTES)
    }

    /// The page, with space for the levels before its values.
    pub(super) fn page(&mut self) -> PageBody<'_> {
        let Some(dictionary) = &self.dictionary else {
            if !self.plan.lengths_apart {
                return PageBody::new(&mut self.page, Encoding::PLAIN);
            }
            let mut lengths = Vec::new();
            delta_binary_packed(&self.lengths, Widths::WholeBytes, &mut lengths);
            self.lengths.clear();
            let apart = LEVELS_SPACE + lengths.len();
            self.page.splice(LEVELS_SPACE..LEVELS_SPACE, lengths);
            return PageBody { apart, ..PageBody::new(&mut self.page, Encoding::DELTA_LENGTH_BYTE_ARRAY) };
        };
        indices(&self.indices, dictionary.len(), &mut self.page);
        self.indices.clear();
        PageBody::new(&mut self.page, Encoding::RLE_DICTIONARY)
    }

    /// Between pages: abandons the dictionary if it does not pay off.
    pub(super) fn drop_dictionary_if_too_large(&mut self) {
        if self.dictionary.as_ref().is_some_and(|dictionary| dictionary.page().len() > DICTIONARY_BYTES) {
            self.full = self.dictionary.take();
            self.begin_filter();
            self.add_dictionary_to_bounds();
        }
    }

    /// Adds the values of the dictionary to the bounds and the filter.
    fn add_dictionary_to_bounds(&mut self) {
        let Some(dictionary) = self.full.as_ref().or(self.dictionary.as_ref()) else { return };
        if self.plan.bounds {
            dictionary.iter().for_each(|text| self.bounds.add(text));
        }
        if self.plan.bloom_filter {
            let filter = self.filter.get_or_insert_with(BloomFilter::default);
            dictionary.iter().for_each(|text| filter.insert(text));
        }
    }

    /// The dictionary page and the number of its values.
    pub(super) fn dictionary(&mut self) -> Option<(Vec<u8>, usize)> {
        if self.full.is_none() {
            self.add_dictionary_to_bounds();
        }
        let dictionary = self.full.as_ref().or(self.dictionary.as_ref())?;
        Some((dictionary.page().to_vec(), dictionary.len()))
    }

    /// Statistics of the whole chunk; call [`Texts::dictionary`] first.
    pub(super) fn statistics(&self, nulls: u64) -> Option<Statistics> {
        self.plan.bounds.then(|| self.bounds.statistics(nulls))
    }

    /// Bloom filter of the whole chunk; call [`Texts::dictionary`] first.
    pub(super) fn bloom_filter(&mut self) -> Option<Sbbf> {
        self.filter.take().map(BloomFilter::finish)
    }

    pub(super) fn memory(&self) -> usize {
        let dictionaries =
            self.dictionary.iter().chain(&self.full).map(TextDictionary::memory).sum::<usize>();
        let filter = self.filter.as_ref().map_or(0, BloomFilter::memory);
        dictionaries
            + filter
            + 4 * self.indices.capacity()
            + 8 * self.lengths.capacity()
            + self.page.capacity()
    }
}
