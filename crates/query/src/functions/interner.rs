//! Interned texts, referenced by numbers.

use std::hash::BuildHasher;
use std::mem::size_of;

use datafusion::common::{Result, exec_err};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Stores each text once, however often it occurs.
#[derive(Default)]
pub(super) struct TextInterner {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<usize>,
    table: HashTable<u32>,
    state: RandomState,
}

impl TextInterner {
    /// The number of a text, which is stored if it is new.
    pub(super) fn number(&mut self, text: &str) -> Result<u32> {
        let Self { bytes, ends, table, state } = self;
        let hash = state.hash_one(text.as_bytes());
        if let Some(number) = table.find(hash, |number| at(bytes, ends, *number) == text.as_bytes()) {
            return Ok(*number);
        }
        let Ok(number) = u32::try_from(ends.len()) else { return exec_err!("too many distinct values") };
        bytes.extend_from_slice(text.as_bytes());
        ends.push(bytes.len());
        table.insert_unique(hash, number, |number| state.hash_one(at(bytes, ends, *number)));
        Ok(number)
    }

    /// The text of a number returned by `number`.
    pub(super) fn text(&self, number: u32) -> &str {
        // The bytes were valid UTF-8 when they were stored.
        std::str::from_utf8(at(&self.bytes, &self.ends, number)).unwrap_or_default()
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.bytes.capacity() + size_of::<usize>() * self.ends.capacity() + self.table.allocation_size()
    }
}

fn at<'a>(bytes: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &bytes[start..ends[number]]
}
