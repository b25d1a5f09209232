//! Converts rows of field positions to Arrow arrays, one kind of column per file. The projection selects the
//! columns.

mod flag;
mod int;
mod text;
mod time;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::buffer::Buffer;
use saltmine_format::{Anomalies, Field, Fields, Span};

use crate::schema::Column;

/// A line that gave a row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Positions in the line.
    pub(crate) fields: Fields,
    /// Position of the line in the block.
    pub(crate) start: u32,
    /// Length of the line.
    pub(crate) length: u32,
    /// Line number in its file, counted from 1.
    pub(crate) line: u64,
    /// The segment of the block that contains the line.
    pub(crate) segment: u32,
}

impl Row {
    /// The UTC day of the request time, in days since 1970.
    pub(crate) fn day(&self) -> i32 {
        self.fields.request_time.div_euclid(86_400) as i32
    }

    /// Converts a span of the line to one of the block or, from the block's length on, of the unescaped text.
    #[inline]
    fn in_block(&self, span: Span) -> Span {
        if span.is_null() {
            span
        } else {
            Span { start: self.start + span.start, end: self.start + span.end }
        }
    }
}

/// The data that columns are built from: the rows in their final order, and the block they refer to.
pub(crate) struct Rows<'a> {
    /// In final order.
    pub(crate) rows: &'a [Row],
    /// The final order, if it is not the order of the lines.
    pub(crate) order: Option<&'a [u32]>,
    /// The block, all of which is valid UTF-8.
    pub(crate) block: &'a Buffer,
    /// Values of JSON that had to be unescaped, also valid UTF-8; empty if there are none. Positions from the
    /// block's length on refer to it.
    pub(crate) unescaped: &'a Buffer,
    /// The source name of each segment.
    pub(crate) names: &'a [&'a str],
}

impl<'a> Rows<'a> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    /// Calls `visit` for each row in final order.
    #[inline]
    fn each(&self, mut visit: impl FnMut(&'a Row)) {
        match self.order {
            None => self.rows.iter().for_each(visit),
            Some(order) => order.iter().for_each(|index| visit(&self.rows[*index as usize])),
        }
    }
}

/// Builds a column.
pub(crate) fn build(column: Column, rows: &Rows<'_>) -> ArrayRef {
    match column {
        Column::Field(Field::RequestTime) => Arc::new(time::request_time(rows)),
        Column::Field(Field::HttpStatus) => Arc::new(int::http_status(rows)),
        Column::Field(field) if field.is_number() => Arc::new(int::number(rows, field)),
        Column::Field(Field::TlsVersion) => Arc::new(text::tls_version(rows)),
        Column::Field(field) => Arc::new(text::field(rows, field)),
        Column::Extra => Arc::new(text::spans(rows, |row| row.fields.extra)),
        Column::Raw => Arc::new(text::spans(rows, |row| {
            if row.fields.anomalies.is_empty() { Span::NULL } else { Span { start: 0, end: row.length } }
        })),
        Column::Anomaly => Arc::new(flag::anomaly(rows)),
        Column::LogFile => Arc::new(flag::log_file(rows)),
        Column::LogLine => Arc::new(int::log_line(rows)),
        Column::EventDate => Arc::new(time::event_date(rows)),
    }
}

/// Whether any row has an anomaly.
pub(crate) fn has_anomaly(row: &Row) -> bool {
    row.fields.anomalies != Anomalies::NONE
}
