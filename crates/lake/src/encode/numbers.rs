//! The values of a column of numbers or times.

use parquet::basic::{Encoding, Type};
use parquet::file::statistics::Statistics;

use super::delta::{Widths, delta_binary_packed};
use super::dictionary::NumberDictionary;
use super::hybrid::indices;
use super::plan::{ColumnPlan, LEVELS_SPACE, PageBody};

/// The maximum number of values in a dictionary. A larger one gains nothing.
const DICTIONARY_VALUES: usize = 32 << 10;

/// Numbers as dictionary indices; as differences once the dictionary has become too large, or if there is
/// none.
pub(super) struct Numbers {
    physical: Type,
    widths: Widths,
    dictionary: Option<NumberDictionary>,
    begun: bool,
    /// The dictionary for the pages written before it was abandoned.
    full: Option<NumberDictionary>,
    indices: Vec<u32>,
    values: Vec<i64>,
    /// The current page, after space for the levels.
    page: Vec<u8>,
    /// Bounds of the values outside the dictionary.
    bounds: Option<(i64, i64)>,
}

/// Bounds that also include `value`.
fn widened(bounds: Option<(i64, i64)>, value: i64) -> Option<(i64, i64)> {
    let (low, high) = bounds.unwrap_or((value, value));
    Some((low.min(value), high.max(value)))
}

impl Numbers {
    pub(super) fn new(physical: Type, plan: ColumnPlan) -> Self {
        Self {
            physical,
            widths: plan.widths,
            dictionary: plan.dictionary.then(NumberDictionary::default),
            begun: false,
            full: None,
            indices: Vec::new(),
            values: Vec::new(),
            page: vec![0; LEVELS_SPACE],
            bounds: None,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, value: i64) {
        match &mut self.dictionary {
            Some(dictionary) => self.indices.push(dictionary.intern(value)),
            None => {
                self.bounds = widened(self.bounds, value);
                self.values.push(value);
            }
        }
    }

    /// The page, with space for the levels before its values.
    pub(super) fn page(&mut self) -> PageBody<'_> {
        self.drop_dictionary_if_mostly_distinct();
        let Some(dictionary) = &self.dictionary else {
            delta_binary_packed(&self.values, self.widths, &mut self.page);
            self.values.clear();
            return PageBody::new(&mut self.page, Encoding::DELTA_BINARY_PACKED);
        };
        indices(&self.indices, dictionary.entries().len(), &mut self.page);
        self.indices.clear();
        PageBody::new(&mut self.page, Encoding::RLE_DICTIONARY)
    }

    /// Drops the dictionary if most values of the first page differ, because they then take less space
    /// without one.
    fn drop_dictionary_if_mostly_distinct(&mut self) {
        let is_first = !std::mem::replace(&mut self.begun, true);
        let most_differ =
            |dictionary: &mut NumberDictionary| 2 * dictionary.entries().len() > self.indices.len();
        if is_first && let Some(dictionary) = self.dictionary.take_if(most_differ) {
            self.indices.drain(..).for_each(|index| self.values.push(dictionary.entries()[index as usize]));
            self.bounds = self.values.iter().fold(self.bounds, |bounds, value| widened(bounds, *value));
        }
    }

    /// Between pages: abandons the dictionary if it does not pay off.
    pub(super) fn drop_dictionary_if_too_large(&mut self) {
        let is_too_large = |dictionary: &NumberDictionary| dictionary.entries().len() > DICTIONARY_VALUES;
        if self.dictionary.as_ref().is_some_and(is_too_large) {
            self.full = self.dictionary.take();
        }
    }

    /// The dictionary page and the number of its values.
    pub(super) fn dictionary(&self) -> Option<(Vec<u8>, usize)> {
        let entries = self.full.as_ref().or(self.dictionary.as_ref())?.entries();
        let page = match self.physical {
            Type::INT32 => entries.iter().flat_map(|value| (*value as i32).to_le_bytes()).collect(),
            _ => entries.iter().flat_map(|value| value.to_le_bytes()).collect(),
        };
        Some((page, entries.len()))
    }

    /// Statistics of the whole chunk.
    pub(super) fn statistics(&self, nulls: u64) -> Option<Statistics> {
        let entries =
            self.full.as_ref().or(self.dictionary.as_ref()).map_or(&[][..], NumberDictionary::entries);
        let (low, high) = entries.iter().fold(self.bounds, |bounds, value| widened(bounds, *value)).unzip();
        Some(match self.physical {
            Type::INT32 => {
                let narrow = |value: Option<i64>| value.map(|value| value as i32);
                Statistics::int32(narrow(low), narrow(high), None, Some(nulls), false)
            }
            _ => Statistics::int64(low, high, None, Some(nulls), false),
        })
    }

    pub(super) fn memory(&self) -> usize {
        let dictionaries =
            self.dictionary.iter().chain(&self.full).map(NumberDictionary::memory).sum::<usize>();
        dictionaries + 4 * self.indices.capacity() + 8 * self.values.capacity() + self.page.capacity()
    }
}
