//! The table `sources`, the ledger: one row for each source file, used to skip content that was already ingested.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, AsArray, Int64Builder, RecordBatch, StringViewBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::ChunkReader;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::LakeError;
use crate::storage::path::{hex, unhex};

/// Ledger rows that are built or read at a time.
const BATCH_ROWS: usize = 65_536;

/// The outcome for one source file in a run: a row of the table `sources`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// Path relative to the given root, as in the column `log_file` of `logs`.
    pub log_file: String,
    /// Bytes of the file as stored.
    pub size: u64,
    /// SHA-256 of the file as stored; `None` if it could not be read completely. Such a file is tried again
    /// by the next run.
    pub sha256: Option<[u8; 32]>,
    /// Bytes of text in it.
    pub inflated_size: u64,
    /// Its lines; `lines = rows + rejects + blanks`.
    pub lines: u64,
    /// Lines that gave a row.
    pub rows: u64,
    /// Lines that could not be parsed.
    pub rejects: u64,
    /// Lines of white space.
    pub blanks: u64,
    /// How reading ended: `complete`, `truncated`, `damaged`, `unreadable`, `not_a_log`; or [`SAME`].
    pub state: String,
    /// A description of the problem; `None` if there was none.
    pub problem: Option<String>,
    /// Earliest request time, in microseconds since 1970 (UTC); `None` without rows.
    pub first_time: Option<i64>,
    /// Latest request time, in the same unit.
    pub last_time: Option<i64>,
    /// `s3://bucket/key` of an object; `None` for files.
    pub url: Option<String>,
    /// The ETag of an object, without quotes; `None` for files, and for objects that could not be read.
    pub etag: Option<String>,
}

/// State of an object whose content was already in the dataset from another source: it has no lines, and no
/// hash, which the ledger lists only once. It is recorded so that the next run can skip it without reading
/// it.
pub(crate) const SAME: &str = "same";

static SOURCES: LazyLock<SchemaRef> = LazyLock::new(|| {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = [
        ("log_file", DataType::Utf8View),
        ("size", DataType::Int64),
        ("sha256", DataType::Utf8View),
        ("inflated_size", DataType::Int64),
        ("lines", DataType::Int64),
        ("rows", DataType::Int64),
        ("rejects", DataType::Int64),
        ("blanks", DataType::Int64),
        ("state", DataType::Utf8View),
        ("problem", DataType::Utf8View),
        ("first_time", time()),
        ("last_time", time()),
        ("run_id", DataType::Utf8View),
        ("saltmine_version", DataType::Utf8View),
        ("ingested_at", time()),
        ("url", DataType::Utf8View),
        ("etag", DataType::Utf8View),
    ];
    Arc::new(Schema::new(columns.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec()))
});

/// The columns of the table `sources`. `sha256` is 64 hexadecimal digits; sizes are in bytes; times are UTC.
/// `url` and `etag` apply to S3 objects and are null for files; datasets from before these columns get them
/// at their next ingest.
pub fn sources_schema() -> SchemaRef {
    Arc::clone(&SOURCES)
}

/// Ledger rows as record batches of [`sources_schema`]; `ingested_at` is microseconds since 1970.
pub(crate) fn ledger_batches<'a>(
    entries: &'a [SourceEntry],
    run_id: &'a str,
    ingested_at: i64,
) -> impl Iterator<Item = Result<RecordBatch, LakeError>> + 'a {
    entries.chunks(BATCH_ROWS).map(move |entries| ledger_batch(entries, Some((run_id, ingested_at))))
}

/// The outcomes of sources that no run has ingested, as a batch of [`sources_schema`]: run, version and time
/// are null.
///
/// # Errors
/// If Arrow rejects the arrays, which would be a bug in this program.
pub fn source_entries_batch(entries: &[SourceEntry]) -> Result<RecordBatch, LakeError> {
    ledger_batch(entries, None)
}

fn ledger_batch(entries: &[SourceEntry], run: Option<(&str, i64)>) -> Result<RecordBatch, LakeError> {
    type Text<'a> = Option<&'a str>;
    let text = |value: &dyn for<'a> Fn(&'a SourceEntry) -> Text<'a>| -> ArrayRef {
        let mut column = StringViewBuilder::with_capacity(entries.len());
        entries.iter().for_each(|entry| column.append_option(value(entry)));
        Arc::new(column.finish())
    };
    let count = |value: fn(&SourceEntry) -> u64| -> ArrayRef {
        let mut column = Int64Builder::with_capacity(entries.len());
        entries.iter().for_each(|entry| column.append_option(i64::try_from(value(entry)).ok()));
        Arc::new(column.finish())
    };
    let time = |value: &dyn Fn(&SourceEntry) -> Option<i64>| -> ArrayRef {
        let mut column = TimestampMicrosecondBuilder::with_capacity(entries.len()).with_timezone("UTC");
        entries.iter().for_each(|entry| column.append_option(value(entry)));
        Arc::new(column.finish())
    };
    let mut digests = StringViewBuilder::with_capacity(entries.len());
    for entry in entries {
        digests.append_option(entry.sha256.map(|sha256| hex(&sha256)));
    }
    let mut run_id = StringViewBuilder::with_capacity(entries.len());
    let mut version = StringViewBuilder::with_capacity(entries.len());
    for _ in entries {
        run_id.append_option(run.map(|(id, _)| id));
        version.append_option(run.map(|_| env!("CARGO_PKG_VERSION")));
    }
    let columns: Vec<ArrayRef> = vec![
        text(&|entry| Some(&entry.log_file)),
        count(|entry| entry.size),
        Arc::new(digests.finish()),
        count(|entry| entry.inflated_size),
        count(|entry| entry.lines),
        count(|entry| entry.rows),
        count(|entry| entry.rejects),
        count(|entry| entry.blanks),
        text(&|entry| Some(&entry.state)),
        text(&|entry| entry.problem.as_deref()),
        time(&|entry| entry.first_time),
        time(&|entry| entry.last_time),
        Arc::new(run_id.finish()),
        Arc::new(version.finish()),
        time(&|_| run.map(|(_, ingested_at)| ingested_at)),
        text(&|entry| entry.url.as_deref()),
        text(&|entry| entry.etag.as_deref()),
    ];
    Ok(RecordBatch::try_new(sources_schema(), columns)?)
}

/// Passes on each hash in a Parquet file of the ledger, with the stored size of its source file. Reads only
/// these columns.
pub(crate) fn each_known(
    file: impl ChunkReader + 'static,
    path: &Path,
    mut give: impl FnMut([u8; 32], u64),
) -> Result<(), LakeError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(LakeError::parquet(path))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["size", "sha256"]);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(LakeError::parquet(path))?;
    let wrong = || LakeError::Foreign {
        path: path.to_path_buf(),
        problem: "a value of the column sha256 is not 64 hexadecimal digits".to_owned(),
    };
    for batch in reader {
        let batch = batch?;
        let sizes = arrow::compute::cast(batch.column(0), &DataType::Int64)?;
        let sizes = sizes.as_primitive::<Int64Type>();
        let digests = arrow::compute::cast(batch.column(1), &DataType::Utf8View)?;
        for (digest, size) in digests.as_string_view().iter().zip(sizes) {
            if let Some(digest) = digest {
                give(
                    unhex(digest).ok_or_else(wrong)?,
                    size.and_then(|size| size.try_into().ok()).unwrap_or(0),
                );
            }
        }
    }
    Ok(())
}

/// An ETag without quotes; lists and responses are inconsistent about them.
pub(crate) fn bare(etag: &str) -> &str {
    etag.trim_matches('"')
}

/// Identity of an object's content, which makes it recognisable without reading it.
pub(crate) fn object_id(url: &str, etag: &str, size: u64) -> [u8; 32] {
    let etag = bare(etag);
    let mut hash = Sha256::new();
    hash.update(size.to_le_bytes());
    hash.update((etag.len() as u64).to_le_bytes());
    hash.update(etag);
    hash.update(url);
    hash.finalize().into()
}

/// Adds the identities of the objects in a Parquet file of the ledger to `known`. The file may be older than
/// these columns. Objects that could not be read completely are left out.
pub(crate) fn read_objects(
    file: impl ChunkReader + 'static,
    path: &Path,
    known: &mut HashSet<[u8; 32]>,
) -> Result<(), LakeError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(LakeError::parquet(path))?;
    let columns = ["url", "etag", "size", "state"];
    let has = |name: &&str| builder.schema().field_with_name(name).is_ok();
    if !columns.iter().all(has) {
        return Ok(());
    }
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(LakeError::parquet(path))?;
    for batch in reader {
        let batch = batch?;
        let column = |name: &str, kind: DataType| {
            let index = batch.schema().index_of(name)?;
            arrow::compute::cast(batch.column(index), &kind)
        };
        let (urls, etags) = (column("url", DataType::Utf8View)?, column("etag", DataType::Utf8View)?);
        let states = column("state", DataType::Utf8View)?;
        let sizes = column("size", DataType::Int64)?;
        let sizes = sizes.as_primitive::<Int64Type>().values();
        let texts = urls.as_string_view().iter().zip(etags.as_string_view()).zip(states.as_string_view());
        for (((url, etag), state), size) in texts.zip(sizes) {
            if let (Some(url), Some(etag), Ok(size)) = (url, etag, u64::try_from(*size))
                && state != Some("unreadable")
            {
                known.insert(object_id(url, etag, size));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::Array;

    use super::*;

    #[test]
    fn rows_are_in_the_schema_and_null_where_unknown() {
        let read = SourceEntry {
            log_file: "a/b.gz".into(),
            size: 10,
            sha256: Some([7; 32]),
            lines: 3,
            rows: 2,
            blanks: 1,
            state: "complete".into(),
            first_time: Some(1),
            last_time: Some(2),
            ..Default::default()
        };
        let lost = SourceEntry { log_file: "c".into(), problem: Some("gone".into()), ..Default::default() };
        let batch = ledger_batches(&[read, lost], "run", 5).next().unwrap().unwrap();
        assert_eq!(batch.schema(), sources_schema());
        let column = |name: &str| batch.column_by_name(name).unwrap().clone();
        assert_eq!(column("sha256").as_string_view().value(0), "07".repeat(32));
        assert!(
            column("sha256").is_null(1) && column("first_time").is_null(1) && column("problem").is_null(0)
        );
        assert_eq!(column("run_id").as_string_view().value(1), "run");
    }
}
