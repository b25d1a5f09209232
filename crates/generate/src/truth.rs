//! The true values of every line as Parquet: the columns that a reader must return, filled from the generated values.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int16Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::GenerateError;
use super::row::{BAD_BYTE, COLUMNS, Row, col};

/// Rows buffered before they are written.
const BATCH: usize = 32_768;

/// Writes the true values of one file.
pub(crate) struct Truth {
    writer: ArrowWriter<File>,
    schema: SchemaRef,
    text: Vec<StringBuilder>,
    time: TimestampMicrosecondBuilder,
    status: Int16Builder,
    numbers: [Int64Builder; 4],
    log_line: Int64Builder,
    rows: usize,
    log_file: String,
}

fn data_type(column: usize) -> DataType {
    match column {
        col::TIME => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        col::STATUS => DataType::Int16,
        col::SENT | col::SIZE | col::TOTAL | col::TURN => DataType::Int64,
        _ if COLUMNS[column] == "log_line" => DataType::Int64,
        _ => DataType::Utf8,
    }
}

/// Escapes bytes that are not UTF-8 as a reader must show them.
fn escaped(text: &str) -> String {
    text.replace(BAD_BYTE, "\\xFF")
}

impl Truth {
    /// Creates the file, and the folders above it.
    pub(crate) fn create(path: &Path, log_file: &str) -> Result<Self, GenerateError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let fields: Vec<Field> =
            COLUMNS.iter().enumerate().map(|(at, name)| Field::new(*name, data_type(at), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_column_dictionary_enabled("request_id".into(), false)
            .set_column_dictionary_enabled("host_id".into(), false)
            .set_column_dictionary_enabled("request_uri".into(), false)
            .set_column_dictionary_enabled("key".into(), false)
            .build();
        let writer = ArrowWriter::try_new(File::create(path)?, Arc::clone(&schema), Some(properties))?;
        Ok(Self {
            writer,
            schema,
            text: COLUMNS.iter().map(|_| StringBuilder::new()).collect(),
            time: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            status: Int16Builder::new(),
            numbers: std::array::from_fn(|_| Int64Builder::new()),
            log_line: Int64Builder::new(),
            rows: 0,
            log_file: log_file.to_owned(),
        })
    }

    /// Adds the true values of a line; `line` is its number in the file, from 1, and `raw` its bytes.
    pub(crate) fn push(&mut self, row: &Row, line: i64, raw: &[u8]) -> Result<(), GenerateError> {
        self.time.append_value(row.time * 1_000_000);
        self.status.append_option(row.get_number(col::STATUS).and_then(|status| i16::try_from(status).ok()));
        for (builder, column) in self.numbers.iter_mut().zip([col::SENT, col::SIZE, col::TOTAL, col::TURN]) {
            builder.append_option(row.get_number(column));
        }
        for column in 0..col::COUNT {
            match row.get(column) {
                Some(value) if row.odd.invalid_utf8 => self.text[column].append_value(escaped(value)),
                value => self.text[column].append_option(value),
            }
        }
        self.text[col::COUNT].append_option(row.extra.as_deref().or(row.stray.as_deref()));
        if row.odd.is_clean() {
            self.text[col::COUNT + 1].append_null();
            self.text[col::COUNT + 2].append_null();
        } else {
            self.text[col::COUNT + 1].append_value(row.odd.words().collect::<Vec<_>>().join(","));
            self.text[col::COUNT + 2].append_value(raw_text(raw));
        }
        self.text[col::COUNT + 3].append_value(&self.log_file);
        self.log_line.append_value(line);
        self.rows += 1;
        if self.rows == BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), GenerateError> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(COLUMNS.len());
        for (column, name) in COLUMNS.into_iter().enumerate() {
            let text = Arc::new(self.text[column].finish());
            let [sent, size, total, turn] = &mut self.numbers;
            columns.push(match column {
                col::TIME => Arc::new(self.time.finish()),
                col::STATUS => Arc::new(self.status.finish()),
                col::SENT => Arc::new(sent.finish()),
                col::SIZE => Arc::new(size.finish()),
                col::TOTAL => Arc::new(total.finish()),
                col::TURN => Arc::new(turn.finish()),
                _ if name == "log_line" => Arc::new(self.log_line.finish()),
                _ => text,
            });
        }
        self.rows = 0;
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)?;
        Ok(())
    }

    /// Writes the remaining rows.
    pub(crate) fn finish(mut self) -> Result<(), GenerateError> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.close()?;
        Ok(())
    }
}

/// A line as text, with `\xFF` for the one byte that is not UTF-8; in JSON the backslash is escaped.
fn raw_text(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let parts: Vec<_> = raw.split(|byte| *byte == 0xFF).map(String::from_utf8_lossy).collect();
            parts.join(if raw.ends_with(b"}") { "\\\\xFF" } else { "\\xFF" })
        }
    }
}
