//! Parquet files with plain strings and without an embedded Arrow schema, so that every reader accepts them.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::{Target, Writer};
use crate::error::CliError;

pub(super) struct ParquetWriter {
    writer: ArrowWriter<Target>,
}

impl ParquetWriter {
    pub(super) fn new(target: Target, schema: &SchemaRef) -> Result<Self, CliError> {
        if target.is_terminal() {
            return Err(CliError::Usage("Parquet is not for a terminal; write it to a file with -o".into()));
        }
        let properties = WriterProperties::builder()
            .set_created_by(concat!("saltmine ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(target, schema.clone(), options).map_err(wrong)?;
        Ok(Self { writer })
    }
}

impl Writer for ParquetWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), CliError> {
        self.writer.write(batch).map_err(wrong)
    }

    fn finish(self: Box<Self>) -> Result<usize, CliError> {
        self.writer.into_inner().map_err(wrong)?.finish()?;
        Ok(0)
    }
}

fn wrong(error: ParquetError) -> CliError {
    CliError::Format(error.to_string())
}
