//! The distinct values of a column, numbered in order of appearance.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use parquet::errors::{ParquetError, Result};

use super::plan::CHECK_INTERVAL;

/// Entries of a small cache of recent lookups, keyed by a cheap hash.
const CACHE_ENTRIES: usize = 1024;
const NO_INDEX: u32 = u32::MAX;

/// Distinct texts, stored as in the dictionary page: each after its length.
#[derive(Debug)]
pub(super) struct TextDictionary {
    page: Vec<u8>,
    /// The start and length of each text.
    entries: Vec<(u32, u32)>,
    table: HashTable<u32>,
    /// Most values equal one of a few recent ones: finding them here avoids hashing the whole text. Matches
    /// are compared completely, so crafted collisions only make it slower.
    recent: Vec<u32>,
    state: RandomState,
}

impl TextDictionary {
    pub(super) fn new() -> Self {
        Self {
            page: Vec::new(),
            entries: Vec::new(),
            table: HashTable::new(),
            recent: vec![NO_INDEX; CACHE_ENTRIES],
            state: RandomState::default(),
        }
    }

    /// Appends the indices of texts to `numbers`.
    ///
    /// First looks up several texts, then compares all of them: the texts are often not in the cache, so this
    /// overlaps the waiting.
    ///
    /// # Errors
    /// If the texts together exceed 4 GiB.
    pub(super) fn intern(&mut self, texts: &[&[u8]], numbers: &mut Vec<u32>) -> Result<()> {
        let mut places = [0_u16; CHECK_INTERVAL];
        for texts in texts.chunks(CHECK_INTERVAL) {
            for (place, text) in places.iter_mut().zip(texts) {
                *place = sample(text) as u16;
            }
            for (text, place) in texts.iter().zip(&places) {
                numbers.push(self.number(text, usize::from(*place))?);
            }
        }
        Ok(())
    }

    #[inline]
    fn number(&mut self, text: &[u8], place: usize) -> Result<u32> {
        let found = self.recent[place];
        if found != NO_INDEX && self.get(found) == text {
            return Ok(found);
        }
        let number = self.find(text)?;
        self.recent[place] = number;
        Ok(number)
    }

    fn find(&mut self, text: &[u8]) -> Result<u32> {
        let Self { page, entries, table, state, .. } = self;
        let hash = state.hash_one(text);
        if let Some(number) = table.find(hash, |number| at(page, entries, *number) == text) {
            return Ok(*number);
        }
        let (length, start) = (length_of(text)?, page.len() + 4);
        let end = start + text.len();
        let too_large = || ParquetError::General("a dictionary of more than 4 GiB".to_owned());
        u32::try_from(end).map_err(|_| too_large())?;
        let (number, start) = (entries.len() as u32, start as u32); // both fit
        page.extend_from_slice(&length.to_le_bytes());
        entries.push((start, length));
        page.extend_from_slice(text);
        table.insert_unique(hash, number, |number| state.hash_one(at(page, entries, *number)));
        Ok(number)
    }

    fn get(&self, number: u32) -> &[u8] {
        at(&self.page, &self.entries, number)
    }

    /// The number of texts.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All texts, in the order of their indices.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.entries.len() as u32).map(|number| self.get(number))
    }

    /// The dictionary page, before compression.
    pub(super) fn page(&self) -> &[u8] {
        &self.page
    }

    pub(super) fn memory(&self) -> usize {
        self.page.capacity() + 8 * self.entries.capacity() + self.table.allocation_size() + 4 * CACHE_ENTRIES
    }
}

/// The length of a text as stored in pages.
pub(super) fn length_of(text: &[u8]) -> Result<u32> {
    u32::try_from(text.len()).map_err(|_| ParquetError::General("a text of more than 4 GiB".to_owned()))
}

fn at<'a>(page: &'a [u8], entries: &[(u32, u32)], number: u32) -> &'a [u8] {
    let (start, length) = entries[number as usize];
    &page[start as usize..(start + length) as usize]
}

/// The slot in [`CACHE_ENTRIES`], computed from the length and the first, middle and last bytes.
#[inline]
fn sample(text: &[u8]) -> usize {
    const HASH_MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
    let length = text.len();
    let word = |from: usize| text[from..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let mixed = if length >= 8 {
        word(0) ^ word(length - 8).rotate_left(23) ^ word((length - 8) / 2).rotate_left(41)
    } else {
        text.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
    };
    ((mixed ^ length as u64).wrapping_mul(HASH_MULTIPLIER) >> (64 - CACHE_ENTRIES.ilog2())) as usize
}

/// Distinct numbers.
#[derive(Debug, Default)]
pub(super) struct NumberDictionary {
    entries: Vec<i64>,
    table: HashTable<u32>,
    state: RandomState,
}

impl NumberDictionary {
    /// The index of a value.
    #[inline]
    pub(super) fn intern(&mut self, value: i64) -> u32 {
        let Self { entries, table, state } = self;
        let hash = state.hash_one(value);
        if let Some(number) = table.find(hash, |number| entries[*number as usize] == value) {
            return *number;
        }
        let number = entries.len() as u32;
        entries.push(value);
        table.insert_unique(hash, number, |number| state.hash_one(entries[*number as usize]));
        number
    }

    /// All values, in the order of their indices.
    pub(super) fn entries(&self) -> &[i64] {
        &self.entries
    }

    pub(super) fn memory(&self) -> usize {
        8 * self.entries.capacity() + self.table.allocation_size()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn indices_do_not_change() {
        let mut dictionary = TextDictionary::new();
        let mut known: Vec<String> = Vec::new();
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..20_000 {
            // Equal in the sampled bytes, different in the others.
            let text = format!("{:08}{:02}{:08}", 7, random.u32(0..90), random.u32(0..30));
            let text = text[..random.usize(0..=text.len())].to_owned();
            let mut numbers = Vec::new();
            dictionary.intern(&[text.as_bytes()], &mut numbers).unwrap();
            let number = numbers[0] as usize;
            if number == known.len() {
                known.push(text);
            } else {
                assert_eq!(known[number], text);
            }
        }
        assert!(dictionary.iter().eq(known.iter().map(String::as_bytes)));
        assert_eq!(dictionary.page().len(), known.iter().map(|text| 4 + text.len()).sum::<usize>());
    }
}
