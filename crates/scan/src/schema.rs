//! The Arrow schemas of the tables `logs` and `rejects`, and the positions of their columns.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use saltmine_format::Field;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A field of the line.
    Field(Field),
    /// Text after the last known field, verbatim; in JSON, an object of the unknown members.
    Extra,
    /// The anomalies of the line, as comma-separated labels.
    Anomaly,
    /// The whole line, if there is an anomaly.
    Raw,
    /// Path of the source file relative to the given root.
    LogFile,
    /// Line number in the decompressed file, counted from 1.
    LogLine,
    /// UTC date of the request time.
    EventDate,
}

impl Column {
    /// The number of columns in a dataset's files.
    pub const FILE_COUNT: usize = Field::COUNT + 5;
    /// The number of columns of the table, including the partition column.
    pub const COUNT: usize = Self::FILE_COUNT + 1;

    /// The column at `index` of [`table_schema`].
    pub const fn at(index: usize) -> Option<Self> {
        Some(match index {
            0..Field::COUNT => Self::Field(Field::ALL[index]),
            27 => Self::Extra,
            28 => Self::Anomaly,
            29 => Self::Raw,
            30 => Self::LogFile,
            31 => Self::LogLine,
            32 => Self::EventDate,
            _ => return None,
        })
    }

    /// The position of the column in [`table_schema`].
    pub const fn index(self) -> usize {
        match self {
            Self::Field(field) => field.index(),
            Self::Extra => 27,
            Self::Anomaly => 28,
            Self::Raw => 29,
            Self::LogFile => 30,
            Self::LogLine => 31,
            Self::EventDate => 32,
        }
    }

    /// The column's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name(),
            Self::Extra => "extra",
            Self::Anomaly => "anomaly",
            Self::Raw => "raw",
            Self::LogFile => "log_file",
            Self::LogLine => "log_line",
            Self::EventDate => "event_date",
        }
    }

    /// The type of the column. Text is Utf8View: views into the decompressed block.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Field(Field::RequestTime) => timestamp(),
            Self::Field(Field::HttpStatus) => DataType::Int16,
            Self::Field(field) if field.is_number() => DataType::Int64,
            Self::LogLine => DataType::Int64,
            Self::EventDate => DataType::Date32,
            Self::Field(_) | Self::Extra | Self::Anomaly | Self::Raw | Self::LogFile => DataType::Utf8View,
        }
    }
}

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn schema_of(count: usize) -> SchemaRef {
    let columns = (0..count).filter_map(Column::at);
    Arc::new(Schema::new(
        columns.map(|column| ArrowField::new(column.name(), column.data_type(), true)).collect::<Vec<_>>(),
    ))
}

static LOGS: LazyLock<SchemaRef> = LazyLock::new(|| schema_of(Column::FILE_COUNT));
static TABLE: LazyLock<SchemaRef> = LazyLock::new(|| schema_of(Column::COUNT));
static REJECTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        ArrowField::new("log_file", DataType::Utf8View, true),
        ArrowField::new("log_line", DataType::Int64, true),
        ArrowField::new("byte_offset", DataType::Int64, true),
        ArrowField::new("reason", DataType::Utf8View, true),
        ArrowField::new("raw", DataType::Utf8View, true),
        ArrowField::new("raw_bytes", DataType::Binary, true),
    ]))
});

/// The columns in a dataset's files: the fields of the line, `extra`, `anomaly`, `raw`, `log_file`, `log_line`.
pub fn logs_schema() -> SchemaRef {
    Arc::clone(&LOGS)
}

/// The columns of the table `logs` in SQL: [`logs_schema`] and `event_date`.
pub fn table_schema() -> SchemaRef {
    Arc::clone(&TABLE)
}

/// The columns of `rejects`: file, line number (from 1), offset of the line in the decompressed file (bytes
/// from 0), the reason, and the line. `raw` shows invalid UTF-8 as `\xHH`; `raw_bytes` then has the original
/// bytes, otherwise null.
pub fn rejects_schema() -> SchemaRef {
    Arc::clone(&REJECTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_at_agree() {
        for index in 0..Column::COUNT {
            let column = Column::at(index).unwrap();
            assert_eq!(column.index(), index);
            assert_eq!(table_schema().field(index).name(), column.name());
        }
        assert_eq!(Column::at(Column::COUNT), None);
        assert_eq!(logs_schema().fields().len(), 32);
    }
}
