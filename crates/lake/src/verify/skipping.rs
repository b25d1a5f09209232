//! Checks the data that readers use to skip rows: bloom filters and the page index. What they exclude must
//! not exist.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::PageReader;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::parquet_file::{HeldFile, TableFile};
use super::statistics::{ColumnValues, Value};
use crate::error::LakeError;

/// The data for skipping in a row group, and the values read so far.
pub(super) struct SkippingData {
    filters: Vec<(usize, Sbbf)>,
    pages: Vec<Pages>,
    rows: usize,
    lacking: Option<String>,
}

/// The values of the pages of a column with page bounds.
struct Pages {
    column: usize,
    /// The first row of each page.
    first_rows: Vec<usize>,
    values: Vec<(usize, ColumnValues)>,
}

impl SkippingData {
    pub(super) fn read(parquet: &TableFile, group: usize, path: &Path) -> Result<Self, LakeError> {
        let builder = parquet.builder();
        let metadata = parquet.metadata();
        let (mut filters, mut pages) = (Vec::new(), Vec::new());
        for column in 0..parquet.schema().fields().len() {
            if metadata.row_group(group).column(column).bloom_filter_offset().is_some() {
                let filter = builder.get_row_group_column_bloom_filter(group, column);
                filters.extend(filter.map_err(LakeError::parquet(path))?.map(|filter| (column, filter)));
            }
            if column_index(parquet, group, column).is_some() {
                let offsets = metadata.offset_index().and_then(|index| index.get(group)?.get(column));
                let locations = offsets.map_or(&[][..], |offsets| offsets.page_locations());
                let first_rows: Vec<usize> = locations
                    .iter()
                    .map(|location| usize::try_from(location.first_row_index).unwrap_or(usize::MAX))
                    .collect();
                let values = vec![(0, ColumnValues::default()); first_rows.len()];
                pages.push(Pages { column, first_rows, values });
            }
        }
        Ok(Self { filters, pages, rows: 0, lacking: None })
    }

    /// Adds the next rows of the row group.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        if self.lacking.is_none() {
            self.lacking = self.missing_value(batch);
        }
        for pages in &mut self.pages {
            pages.add(batch, self.rows);
        }
        self.rows += batch.num_rows();
    }

    /// A column whose filter excludes a value that exists.
    fn missing_value(&self, batch: &RecordBatch) -> Option<String> {
        let lacks = |(index, filter): &&(usize, Sbbf)| match batch.column(*index).data_type() {
            DataType::Utf8View => {
                let texts = batch.column(*index).as_string_view();
                let mut before = None;
                texts.iter().flatten().any(|text| before.replace(text) != Some(text) && !filter.check(text))
            }
            // saltmine writes filters only for text columns, and queries use no others.
            _ => true,
        };
        let (index, _) = self.filters.iter().find(lacks)?;
        Some(format!("{}: the bloom filter lacks a value", batch.schema_ref().field(*index).name()))
    }

    /// The problem, after all rows have been added.
    pub(super) fn finish(self, parquet: &TableFile, group: usize) -> Vec<String> {
        let mut wrong: Vec<String> = self.lacking.into_iter().collect();
        for pages in &self.pages {
            let name = parquet.schema().field(pages.column).name();
            let index = column_index(parquet, group, pages.column);
            let problem = index.and_then(|index| pages.index_problem(index));
            wrong.extend(problem.map(|problem| format!("{name}: {problem}")));
        }
        wrong
    }
}

fn column_index(parquet: &TableFile, group: usize, column: usize) -> Option<&ColumnIndexMetaData> {
    let index = parquet.metadata().column_index()?.get(group)?.get(column)?;
    (!matches!(index, ColumnIndexMetaData::NONE)).then_some(index)
}

impl Pages {
    fn add(&mut self, batch: &RecordBatch, start: usize) {
        let end = start + batch.num_rows();
        let array = batch.column(self.column);
        for (page, (rows, values)) in self.values.iter_mut().enumerate() {
            let first = self.first_rows[page].max(start);
            let last = self.first_rows.get(page + 1).copied().unwrap_or(usize::MAX).min(end);
            if first < last {
                *rows += last - first;
                values.add(&array.slice(first - start, last - first), true);
            }
        }
    }

    /// False statements of the index about the pages.
    fn index_problem(&self, index: &ColumnIndexMetaData) -> Option<String> {
        if index.num_pages() != self.first_rows.len() as u64 {
            return Some("the page index has bounds for a different number of pages".to_owned());
        }
        self.values.iter().enumerate().find_map(|(page, (rows, values))| {
            let wrong =
                |what: &str| Some(format!("the {what} of page {page} in the index do not match its values"));
            let all_null = values.nulls == *rows as u64;
            if index.is_null_page(page) {
                return if all_null { None } else { wrong("nulls") };
            }
            if index.null_count(page).is_some_and(|nulls| u64::try_from(nulls) != Ok(values.nulls)) {
                return wrong("nulls");
            }
            let (low, high) = bounds(index, page, values);
            match &values.bounds {
                Some((least, greatest)) => {
                    let encloses =
                        low.is_none_or(|low| low <= *least) && high.is_none_or(|high| high >= *greatest);
                    if encloses { None } else { wrong("bounds") }
                }
                None if low.is_none() && high.is_none() => None,
                None => wrong("bounds"),
            }
        })
    }
}

fn bounds(index: &ColumnIndexMetaData, page: usize, values: &ColumnValues) -> (Option<Value>, Option<Value>) {
    let is_time = matches!(values.bounds, Some((Value::Time(_), _)));
    let number = |value: i64| if is_time { Value::Time(value) } else { Value::Number(value) };
    let text = |bytes: &[u8]| Value::Text(bytes.to_vec());
    match index {
        ColumnIndexMetaData::INT32(index) => (
            index.min_value(page).map(|value| number(i64::from(*value))),
            index.max_value(page).map(|value| number(i64::from(*value))),
        ),
        ColumnIndexMetaData::INT64(index) => {
            (index.min_value(page).copied().map(number), index.max_value(page).copied().map(number))
        }
        ColumnIndexMetaData::BYTE_ARRAY(index) => {
            (index.min_value(page).map(text), index.max_value(page).map(text))
        }
        // A type that no column has: no value is within the bounds.
        _ => (Some(Value::Text(vec![u8::MAX])), None),
    }
}

/// Checks that the page index, which lets readers skip pages, matches the pages as they are stored.
pub(super) fn pages_differ(
    parquet: &TableFile,
    held: &HeldFile,
    group: usize,
    column: usize,
    rows: i64,
) -> Option<String> {
    let metadata = parquet.metadata();
    let chunk = metadata.row_group(group).column(column);
    let index = metadata.offset_index()?.get(group)?.get(column)?.page_locations();
    if index.is_empty() {
        return None;
    }
    let (start, length) = chunk.byte_range();
    let mut at = chunk.data_page_offset();
    for location in index {
        if location.offset != at || location.compressed_page_size < 0 {
            return Some("the page index has gaps".to_owned());
        }
        at = at.saturating_add(i64::from(location.compressed_page_size));
    }
    if u64::try_from(at) != Ok(start.saturating_add(length)) {
        return Some("the page index does not end where the pages end".to_owned());
    }
    let rows = usize::try_from(rows).unwrap_or_default();
    let reader = SerializedPageReader::new(Arc::new(held.clone()), chunk, rows, None);
    let counted = reader.and_then(|mut reader| {
        let mut first_rows = Vec::with_capacity(index.len());
        let mut first = 0_i64;
        while let Some(page) = reader.peek_next_page()? {
            if !page.is_dict {
                first_rows.push(first);
                first += page.num_rows.or(page.num_levels).unwrap_or_default() as i64;
            }
            reader.skip_next_page()?;
        }
        Ok(first_rows)
    });
    match counted {
        Ok(first_rows) if first_rows.iter().eq(index.iter().map(|location| &location.first_row_index)) => {
            None
        }
        Ok(_) => Some("the row counts of the page index differ from those of the pages".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}
