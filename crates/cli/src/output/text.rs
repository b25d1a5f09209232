//! Cells as text.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::CliError;

/// RFC 3339, which every reader recognises.
const UTC: &str = "%Y-%m-%dT%H:%M:%S%.fZ";
/// For times with another zone: local time with its offset.
const ZONED: &str = "%Y-%m-%dT%H:%M:%S%.f%:z";
/// For times without a zone.
const NAIVE: &str = "%Y-%m-%dT%H:%M:%S%.f";

/// Formats the cells of a column.
pub(super) struct Cells<'a>(ArrayFormatter<'a>);

impl Cells<'_> {
    /// A cell as text; empty for null.
    ///
    /// # Errors
    /// If the value cannot be formatted: a time out of range.
    pub(super) fn text(&self, row: usize) -> Result<String, CliError> {
        self.0.value(row).try_to_string().map_err(wrong)
    }
}

/// Formatters for the columns of a batch.
pub(super) fn cells(batch: &RecordBatch) -> Result<Vec<Cells<'_>>, CliError> {
    let cells = |column| {
        let zone = if is_all_utc(arrow::array::Array::data_type(column)) { UTC } else { ZONED };
        let options = FormatOptions::new()
            .with_display_error(false)
            .with_null("")
            .with_timestamp_format(Some(NAIVE))
            .with_timestamp_tz_format(Some(zone));
        ArrayFormatter::try_new(column, &options).map(Cells).map_err(wrong)
    };
    batch.columns().iter().map(|column| cells(&**column)).collect()
}

/// Whether all zoned times within the type are UTC.
fn is_all_utc(kind: &DataType) -> bool {
    match kind {
        DataType::Timestamp(_, Some(zone)) => matches!(&**zone, "UTC" | "Z" | "+00:00"),
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) => {
            is_all_utc(item.data_type())
        }
        DataType::FixedSizeList(item, _) | DataType::Map(item, _) => is_all_utc(item.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_all_utc(field.data_type())),
        DataType::Dictionary(_, values) => is_all_utc(values),
        _ => true,
    }
}

/// Refuses times that are out of range.
///
/// # Errors
/// If there is one.
pub(super) fn check_times(column: &ArrayRef) -> Result<(), CliError> {
    /// Seconds from 1970 to the year 250,000.
    const MAX_SECONDS: i64 = 7_826_000_000_000;
    let most = match column.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => MAX_SECONDS,
        DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Date64 => MAX_SECONDS * 1000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => MAX_SECONDS * 1_000_000,
        DataType::List(_) => return check_times(column.as_list::<i32>().values()),
        DataType::Struct(_) => return column.as_struct().columns().iter().try_for_each(check_times),
        _ => return Ok(()),
    };
    let numbers = arrow::compute::cast(column, &DataType::Int64).map_err(wrong)?;
    let numbers = numbers.as_primitive::<Int64Type>();
    match numbers.iter().flatten().find(|number| !(-most..=most).contains(number)) {
        Some(number) => Err(CliError::Format(format!("time out of range: {number}"))),
        None => Ok(()),
    }
}

/// Converts an Arrow error to an output error.
pub(super) fn wrong(error: arrow::error::ArrowError) -> CliError {
    match error {
        arrow::error::ArrowError::IoError(_, error) => CliError::Output(error),
        error => CliError::Format(error.to_string()),
    }
}

/// Which columns are numbers and so right-aligned.
pub(super) fn numeric(schema: &SchemaRef) -> Vec<bool> {
    schema.fields().iter().map(|field| DataType::is_numeric(field.data_type())).collect()
}
