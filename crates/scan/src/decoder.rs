//! Converts blocks to record batches. Callers push blocks into the decoder and get batches back, so ingest
//! and SQL over raw folders, files and standard input share it.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::array::RecordBatchOptions;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use saltmine_format::{Anomalies, Fields, is_blank, is_heading, json_start, lines};

use crate::block::{Block, Segment};
use crate::columns::{self, Row, Rows};
use crate::error::ScanError;
use crate::escape::escape_into;
use crate::reject::Reject;
use crate::report::Counts;
use crate::row_filter::RowFilter;
use crate::schema::{Column, table_schema};

/// The order of rows in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In line order.
    Lines,
    /// By the UTC day of the request time, and in line order within a day.
    Days,
}

/// Converts blocks to record batches with the requested columns. Reuses its memory from block to block.
#[derive(Debug)]
pub struct Decoder {
    schema: SchemaRef,
    columns: Vec<Column>,
    order: Order,
    filter: RowFilter,
    rows: Vec<Row>,
}

/// The rows of a day (days since 1970).
pub type DayRange = (i32, Range<usize>);

/// The result of decoding a block.
#[derive(Debug)]
pub struct Decoded {
    /// One row for each valid line that the filter keeps.
    pub batch: RecordBatch,
    /// The rows of each day if they are ordered by day; otherwise empty.
    pub days: Vec<DayRange>,
    /// Lines that could not be parsed.
    pub rejects: Vec<Reject>,
    /// Line counts by source, in the order of the block's segments.
    pub counts: Vec<(usize, Counts)>,
}

impl Decoder {
    /// A decoder for the columns at these positions of [`table_schema`], in this order; positions beyond it
    /// are ignored.
    pub fn new(projection: impl IntoIterator<Item = usize>, order: Order) -> Self {
        let columns: Vec<Column> = projection.into_iter().filter_map(Column::at).collect();
        let table = table_schema();
        let fields: Vec<_> = columns.iter().map(|column| table.fields()[column.index()].clone()).collect();
        let schema = Arc::new(arrow::datatypes::Schema::new(fields));
        Self { schema, columns, order, filter: RowFilter::default(), rows: Vec::new() }
    }

    /// Builds only the rows that `filter` keeps.
    pub fn with_filter(self, filter: RowFilter) -> Self {
        Self { filter, ..self }
    }

    /// A decoder for all columns of a dataset's files, ordered by day.
    pub fn for_files() -> Self {
        Self::new(0..Column::FILE_COUNT, Order::Days)
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Decodes a block. `name_of` returns the name of a source.
    ///
    /// # Errors
    /// If Arrow rejects the arrays, which would be a bug in this program.
    pub fn decode<'n>(
        &mut self,
        block: Block,
        name_of: impl Fn(usize) -> &'n str,
    ) -> Result<Decoded, ScanError> {
        let (buffer, segments) = block.into_buffer();
        let (buffer, segments, invalid) = utf8_block(buffer, segments);
        let mut rejects = Vec::new();
        let mut counts = Vec::with_capacity(segments.len());
        let mut unescaped = String::new();
        self.rows.clear();
        for (index, segment) in segments.iter().enumerate() {
            let lines = Lines {
                block: &buffer,
                segment,
                index: index as u32,
                invalid: &invalid,
                filter: &self.filter,
            };
            counts.push((segment.source, lines.read(&mut self.rows, &mut unescaped, &mut rejects)));
        }
        let (order, days) = self.order_by_day();
        let names: Vec<&str> = segments.iter().map(|segment| name_of(segment.source)).collect();
        let unescaped = Buffer::from(unescaped.into_bytes());
        let rows = Rows {
            rows: &self.rows,
            order: order.as_deref(),
            block: &buffer,
            unescaped: &unescaped,
            names: &names,
        };
        let arrays = self.columns.iter().map(|column| columns::build(*column, &rows)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?;
        Ok(Decoded { batch, days, rejects, counts })
    }

    /// The order of the rows by day, unless they are already in that order, and the range of each day in it.
    fn order_by_day(&self) -> (Option<Vec<u32>>, Vec<DayRange>) {
        if self.order == Order::Lines {
            return (None, Vec::new());
        }
        let is_ordered = self.rows.is_sorted_by_key(Row::day);
        let order = (!is_ordered).then(|| {
            let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
            order.sort_by_key(|index| self.rows[*index as usize].day());
            order
        });
        let day_at = |at: usize| self.rows[order.as_ref().map_or(at, |order| order[at] as usize)].day();
        let mut days: Vec<DayRange> = Vec::new();
        for at in 0..self.rows.len() {
            match days.last_mut() {
                Some((day, range)) if *day == day_at(at) => range.end = at + 1,
                _ => days.push((day_at(at), at..at + 1)),
            }
        }
        (order, days)
    }
}

/// The lines of a segment.
struct Lines<'a> {
    block: &'a Buffer,
    segment: &'a Segment,
    index: u32,
    /// The start offsets and original bytes of lines that were not valid UTF-8; sorted.
    invalid: &'a [(usize, Vec<u8>)],
    filter: &'a RowFilter,
}

impl Lines<'_> {
    /// Parses each line, as text or as JSON. Only the line itself decides which: no other line of its file
    /// affects how it is parsed.
    fn read(&self, rows: &mut Vec<Row>, unescaped: &mut String, rejects: &mut Vec<Reject>) -> Counts {
        let range = self.segment.range.clone();
        let mut counts = Counts::default();
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        let mut fields = Fields::EMPTY;
        let mut originals = Originals::from(self.invalid, range.start);
        for line in lines(&self.block[range.clone()]) {
            let number = self.segment.first_line + counts.lines;
            counts.lines += 1;
            let skip = self.byte_order_mark(line.start, line.bytes);
            let bytes = &line.bytes[skip..];
            let start = range.start + line.start + skip;
            let verbatim = originals.at(start - skip);
            if bytes.first().is_none_or(u8::is_ascii_whitespace) && is_blank(bytes) {
                counts.blanks += 1;
                continue;
            }
            let is_json = json_start(bytes).is_some();
            let problem = if is_json {
                // Positions after the block refer to the unescaped text.
                let base = (self.block.len() - start) as u32;
                let read = fields.read_json(bytes, base, unescaped);
                read.err().map(|error| (error.to_string(), error.offset))
            } else {
                let read = fields.read(bytes);
                read.err().map(|error| (error.to_string(), error.offset))
            };
            match problem {
                None => {
                    fields.anomalies.insert_if(Anomalies::INVALID_UTF8, verbatim.is_some());
                    // A carriage return at the line ending may be the last byte of a client's text.
                    let is_cut = !is_json
                        && fields.ends_in_client_text(bytes)
                        && self.block.get(start + bytes.len()) == Some(&b'\r');
                    fields.anomalies.insert_if(Anomalies::AMBIGUOUS_QUOTES, is_cut);
                    counts.anomalies += u64::from(!fields.anomalies.is_empty());
                    let time = fields.request_micros();
                    (first, last) = (first.min(time), last.max(time));
                    counts.rows += 1;
                    if !self.filter.may_match(&fields, bytes) {
                        continue;
                    }
                    let (start, length) = (start as u32, (bytes.len() + usize::from(is_cut)) as u32);
                    rows.push(Row {
                        fields: fields.clone(),
                        start,
                        length,
                        line: number,
                        segment: self.index,
                    });
                }
                Some(_) if is_heading(bytes) => counts.blanks += 1,
                Some((reason, at)) => {
                    let reason = match self.segment.foreign {
                        Some(kind) => format!("not an S3 server access log: looks like {kind}"),
                        None => format!("{reason} at byte {at} of the line"),
                    };
                    rejects.push(Reject {
                        source: self.segment.source,
                        line: number,
                        // Lines escaped earlier in the block have shifted it.
                        offset: self.segment.offset + (line.start - originals.grown) as u64,
                        reason,
                        bytes: verbatim.unwrap_or(line.bytes).to_vec(),
                    });
                    counts.rejects += 1;
                }
            }
        }
        if counts.rows > 0 {
            (counts.first_time, counts.last_time) = (Some(first), Some(last));
        }
        counts
    }

    /// Length of a byte order mark at the beginning of the file.
    fn byte_order_mark(&self, start: usize, line: &[u8]) -> usize {
        if start == 0 && self.segment.offset == 0 && line.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
    }
}

/// Walks through the escaped lines in the order in which the lines of a block are visited.
struct Originals<'a> {
    /// The remaining escaped lines, sorted.
    rest: &'a [(usize, Vec<u8>)],
    /// By how many bytes the escaped lines passed so far made the block longer.
    grown: usize,
}

impl<'a> Originals<'a> {
    /// Starts at this position in the block.
    fn from(escaped: &'a [(usize, Vec<u8>)], start: usize) -> Self {
        let passed = escaped.partition_point(|(at, _)| *at < start);
        Self { rest: &escaped[passed..], grown: 0 }
    }

    /// The original bytes of the line that begins at `start`, if it was not valid UTF-8. Later calls must ask
    /// for later lines.
    #[inline]
    fn at(&mut self, start: usize) -> Option<&'a [u8]> {
        while let Some(((at, verbatim), rest)) = self.rest.split_first() {
            if *at >= start {
                return (*at == start).then_some(verbatim);
            }
            self.grown += escaped_growth(verbatim);
            self.rest = rest;
        }
        None
    }
}

/// By how many bytes escaping made a line longer: each escape turns one byte into four, in JSON into five.
fn escaped_growth(verbatim: &[u8]) -> usize {
    #[cfg(test)]
    tests::MEASURED.with(|measured| measured.set(measured.get() + 1));
    let by = if json_start(verbatim).is_some() { 4 } else { 3 };
    verbatim.utf8_chunks().map(|chunk| by * chunk.invalid().len()).sum()
}

/// The escaped lines: their start offsets after escaping, and their original bytes. Sorted.
type Escaped = Vec<(usize, Vec<u8>)>;

/// The block as UTF-8. Lines that are not valid UTF-8 are rewritten with `\xHH`, and their original bytes are
/// kept. In JSON this is `\\xHH`, so that it parses to `\xHH`.
fn utf8_block(buffer: Buffer, segments: Vec<Segment>) -> (Buffer, Vec<Segment>, Escaped) {
    if simdutf8::basic::from_utf8(&buffer).is_ok() {
        return (buffer, segments, Vec::new());
    }
    let mut text = String::with_capacity(buffer.len() + buffer.len() / 8);
    let mut escaped = Vec::new();
    let mut moved = Vec::with_capacity(segments.len());
    for segment in segments {
        let start = text.len();
        for line in buffer[segment.range.clone()].split_inclusive(|byte| *byte == b'\n') {
            match simdutf8::basic::from_utf8(line) {
                Ok(line) => text.push_str(line),
                Err(_) => {
                    let verbatim = line.strip_suffix(b"\n").unwrap_or(line);
                    escaped.push((text.len(), verbatim.strip_suffix(b"\r").unwrap_or(verbatim).to_vec()));
                    let backslash = if json_start(line).is_some() { "\\\\" } else { "\\" };
                    escape_into(line, backslash, &mut text);
                }
            }
        }
        moved.push(Segment { range: start..text.len(), ..segment });
    }
    (Buffer::from(text.into_bytes()), moved, escaped)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::block::BlockPool;
    use crate::reader::SourceReader;

    thread_local! {
        /// How many escaped lines were measured.
        pub(super) static MEASURED: Cell<usize> = const { Cell::new(0) };
    }

    /// Rejects that are not UTF-8: no line is measured again for each later one.
    #[test]
    fn each_escaped_line_is_measured_once() {
        for count in [1000, 4000] {
            let mut block = BlockPool::new().block();
            SourceReader::over_bytes(0, b"\xFF\n".repeat(count)).fill(&mut block);
            MEASURED.with(|measured| measured.set(0));
            let decoded = Decoder::for_files().decode(block, |_| "log").unwrap();
            assert_eq!(decoded.rejects.len(), count);
            let measured = MEASURED.with(Cell::get);
            assert!((1..=2 * count).contains(&measured), "{measured} for {count} lines");
        }
    }
}
