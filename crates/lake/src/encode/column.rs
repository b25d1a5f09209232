//! One column of a row group: levels, pages, statistics.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int16Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use parquet::bloom_filter::Sbbf;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::ColumnDescPtr;

use super::hybrid::hybrid;
use super::numbers::Numbers;
use super::page::{BufferPool, PageCompressor, Pages, PooledReader, compression};
use super::plan::{CHECK_INTERVAL, ColumnPlan, LEVELS_SPACE, PageBody};
use super::texts::Texts;

/// The maximum number of rows per page: as many as a reader must decode to get at one of them.
const PAGE_ROWS: usize = 8192;

/// The maximum for numbers, which take more space than dictionary indices of text.
const NUMBER_PAGE_ROWS: usize = 4096;

/// The average text length of an array, in bytes, from which on its texts count as long.
const LONG_TEXT_LEN: u64 = 1 << 10;

/// Encodes a column of a row group.
pub(super) struct ColumnEncoder {
    descr: ColumnDescPtr,
    values: Values,
    /// For each row of the current page: 1 for a value, 0 for null.
    levels: Vec<u8>,
    nulls: u64,
    pages: Pages,
}

enum Values {
    Text(Box<Texts>),
    Number(Box<Numbers>),
}

/// A finished column chunk.
pub(super) struct ColumnChunk {
    pub(super) bytes: PooledReader,
    pub(super) close: ColumnCloseResult,
}

impl ColumnEncoder {
    /// An encoder for a column of this type.
    ///
    /// # Errors
    /// If the table `logs` has no column of this type.
    pub(super) fn new(
        descr: ColumnDescPtr,
        data_type: &DataType,
        plan: ColumnPlan,
        pool: &Arc<BufferPool>,
    ) -> Result<Self> {
        let values = match data_type {
            DataType::Utf8View => Values::Text(Box::new(Texts::new(plan))),
            DataType::Int16 | DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Values::Number(Box::new(Numbers::new(descr.physical_type(), plan)))
            }
            other => return Err(ParquetError::NYI(format!("a column of type {other}"))),
        };
        Ok(Self { descr, values, levels: Vec::new(), nulls: 0, pages: Pages::new(pool, plan.search) })
    }

    /// Adds the rows of an array of the column's type.
    pub(super) fn write(&mut self, array: &ArrayRef, compressor: &mut PageCompressor) -> Result<()> {
        let (page_rows, step) = match &self.values {
            Values::Text(_) => (PAGE_ROWS, step_of(array)),
            Values::Number(_) => (NUMBER_PAGE_ROWS, CHECK_INTERVAL),
        };
        let mut from = 0;
        while from < array.len() {
            let to = array.len().min(from + step.min(page_rows - self.levels.len()));
            self.take(array, from, to)?;
            if self.levels.len() >= page_rows || self.values.is_page_full() {
                self.flush(compressor)?;
            }
            from = to;
        }
        Ok(())
    }

    fn take(&mut self, array: &ArrayRef, from: usize, to: usize) -> Result<()> {
        let wrong = || ParquetError::General(format!("column {} has another type", self.descr.name()));
        match &mut self.values {
            Values::Text(texts) => {
                let array = array.as_string_view_opt().ok_or_else(wrong)?;
                let (mut step, mut count) = ([&[][..]; CHECK_INTERVAL], 0);
                each(array, from, to, &mut self.levels, |row| {
                    step[count] = array.value(row).as_bytes();
                    count += 1;
                });
                texts.push(&step[..count])?;
            }
            Values::Number(numbers) => match array.data_type() {
                DataType::Int16 => {
                    let array = array.as_primitive_opt::<Int16Type>().ok_or_else(wrong)?;
                    each(array, from, to, &mut self.levels, |row| numbers.push(i64::from(array.value(row))));
                }
                DataType::Int64 => {
                    let array = array.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
                    each(array, from, to, &mut self.levels, |row| numbers.push(array.value(row)));
                }
                _ => {
                    let array = array.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(wrong)?;
                    each(array, from, to, &mut self.levels, |row| numbers.push(array.value(row)));
                }
            },
        }
        Ok(())
    }

    /// Completes the page.
    fn flush(&mut self, compressor: &mut PageCompressor) -> Result<()> {
        let PageBody { bytes: body, encoding, apart } = match &mut self.values {
            Values::Text(texts) => texts.page(),
            Values::Number(numbers) => numbers.page(),
        };
        let mut levels = vec![0; 4];
        hybrid(&self.levels, 1, &mut levels);
        let length = (levels.len() - 4) as u32;
        levels[..4].copy_from_slice(&length.to_le_bytes());
        let start = LEVELS_SPACE.checked_sub(levels.len());
        let start =
            start.ok_or_else(|| ParquetError::General("levels need more space than was reserved".into()))?;
        body[start..LEVELS_SPACE].copy_from_slice(&levels);
        let body_apart = apart.saturating_sub(start);
        self.pages.add(&body[start..], body_apart, self.levels.len(), encoding, compressor)?;
        body.truncate(LEVELS_SPACE);
        self.nulls += self.levels.iter().filter(|level| **level == 0).count() as u64;
        self.levels.clear();
        match &mut self.values {
            Values::Text(texts) => texts.drop_dictionary_if_too_large(),
            Values::Number(numbers) => numbers.drop_dictionary_if_too_large(),
        }
        Ok(())
    }

    /// Memory used, in bytes.
    pub(super) fn memory(&self) -> usize {
        let values = match &self.values {
            Values::Text(texts) => texts.memory(),
            Values::Number(numbers) => numbers.memory(),
        };
        values + self.levels.capacity() + self.pages.memory()
    }

    /// Completes the chunk.
    pub(super) fn close(mut self, compressor: &mut PageCompressor) -> Result<ColumnChunk> {
        if !self.levels.is_empty() {
            self.flush(compressor)?;
        }
        let (dictionary, statistics, bloom_filter): (_, _, Option<Sbbf>) = match &mut self.values {
            Values::Text(texts) => (texts.dictionary(), texts.statistics(self.nulls), texts.bloom_filter()),
            Values::Number(numbers) => (numbers.dictionary(), numbers.statistics(self.nulls), None),
        };
        let dictionary = dictionary.as_ref().map(|(page, values)| (page.as_slice(), *values));
        let pages = self.pages.finish(dictionary, compressor)?;
        let data = pages.bytes.data_offset() as i64;
        let size = pages.bytes.length();
        let mut metadata = ColumnChunkMetaData::builder(self.descr)
            .set_compression(compression())
            .set_encodings(pages.encodings)
            .set_page_encoding_stats(pages.statistics)
            .set_total_compressed_size(size as i64)
            .set_total_uncompressed_size(pages.uncompressed as i64)
            .set_num_values(pages.values as i64)
            .set_dictionary_page_offset(pages.dictionary.then_some(0))
            .set_data_page_offset(data);
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: size as u64,
            rows_written: pages.values as u64,
            metadata: metadata.build()?,
            bloom_filter,
            column_index: None,
            offset_index: Some(pages.index),
        };
        Ok(ColumnChunk { bytes: PooledReader::new(pages.bytes), close })
    }
}

impl Values {
    fn is_page_full(&self) -> bool {
        match self {
            Self::Text(texts) => texts.is_page_full(),
            Self::Number(_) => false,
        }
    }
}

/// The number of rows after which the size of a page is checked: every row if texts are long, so that at most
/// one text makes a page too large.
fn step_of(array: &ArrayRef) -> usize {
    let Some(texts) = array.as_string_view_opt() else { return CHECK_INTERVAL };
    // The lowest 32 bits of a view are the length of its text.
    let bytes: u64 = texts.views().iter().map(|view| u64::from(*view as u32)).sum();
    if bytes <= LONG_TEXT_LEN * texts.len() as u64 { CHECK_INTERVAL } else { 1 }
}

/// Calls `push` for each row with a value, and records which rows have one.
#[inline]
fn each(array: &dyn Array, from: usize, to: usize, levels: &mut Vec<u8>, mut push: impl FnMut(usize)) {
    let before = levels.len();
    levels.resize(before + to - from, 1);
    let Some(nulls) = array.nulls() else { return (from..to).for_each(push) };
    let nulls = nulls.inner().slice(from, to - from);
    let chunks = nulls.bit_chunks();
    for (index, word) in chunks.iter_padded().enumerate() {
        let (start, count) = (64 * index, (to - from - 64 * index).min(64));
        if word == u64::MAX {
            (from + start..from + start + count).for_each(&mut push);
            continue;
        }
        let levels = &mut levels[before + start..before + start + count];
        if word == 0 {
            levels.fill(0);
            continue;
        }
        for (bit, level) in levels.iter_mut().enumerate() {
            *level = (word >> bit & 1) as u8;
            if *level == 1 {
                push(from + start + bit);
            }
        }
    }
}
