//! JSON: one array of objects, or one object per line. Nulls are written, so that every row has every column.

use arrow::array::RecordBatch;
use arrow::json::WriterBuilder;
use arrow::json::writer::{JsonArray, LineDelimited, Writer as ArrowJsonWriter};

use super::text::{check_times, wrong};
use super::{Target, Writer};
use crate::error::CliError;

/// The rows of a batch as JSON objects, including nulls.
pub(crate) fn objects(
    batch: &RecordBatch,
) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, CliError> {
    let mut json = Vec::new();
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(&mut json);
    writer.write(batch).map_err(wrong)?;
    writer.finish().map_err(wrong)?;
    serde_json::from_slice(&json).map_err(CliError::json)
}

pub(super) enum JsonWriter {
    Array(ArrowJsonWriter<Target, JsonArray>),
    Lines(ArrowJsonWriter<Target, LineDelimited>),
}

impl JsonWriter {
    pub(super) fn array(target: Target) -> Self {
        Self::Array(WriterBuilder::new().with_explicit_nulls(true).build(target))
    }

    pub(super) fn lines(target: Target) -> Self {
        Self::Lines(WriterBuilder::new().with_explicit_nulls(true).build(target))
    }
}

impl Writer for JsonWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), CliError> {
        // Arrow would write an error message in place of a time that it cannot format.
        batch.columns().iter().try_for_each(check_times)?;
        match self {
            Self::Array(writer) => writer.write(batch),
            Self::Lines(writer) => writer.write(batch),
        }
        .map_err(wrong)
    }

    fn finish(self: Box<Self>) -> Result<usize, CliError> {
        let mut target = match *self {
            Self::Array(mut writer) => {
                writer.finish().map_err(wrong)?;
                writer.into_inner()
            }
            Self::Lines(mut writer) => {
                writer.finish().map_err(wrong)?;
                return writer.into_inner().finish().map(|()| 0);
            }
        };
        std::io::Write::write_all(&mut target, b"\n")?;
        target.finish()?;
        Ok(0)
    }
}
