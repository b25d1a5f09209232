//! Support for executing plans in other processes: serialisable tables, and plain string columns, because views are
//! expensive to send.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use saltmine_lake::{DataFile, Table};
use saltmine_scan::{RemoteSource, Source};
use serde::{Deserialize, Serialize};

use super::dataset_table::DatasetTable;
use super::plain_text::{plain_batch, plain_schema};
use super::raw::{RawInput, RawTable, RawTableKind};

/// Executes the plans of a session elsewhere.
pub trait Remote: Debug + Send + Sync {
    /// A state whose plans are executed there. Functions are registered afterwards.
    ///
    /// # Errors
    /// If it cannot be created.
    fn state(&self, state: SessionState) -> Result<SessionState>;
}

/// A serialisable table of a session. Paths must be valid wherever it is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RemoteTable {
    /// Parquet files of a dataset, as of when the session was opened.
    Dataset {
        /// Which table.
        table: Table,
        /// Its files.
        files: Vec<RemoteFile>,
    },
    /// Raw files.
    Raw(RemoteLogs),
}

/// A Parquet file of a dataset, with statistics for pruning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemoteFile {
    path: PathBuf,
    size: u64,
    rows: Option<u64>,
    event_date: Option<i32>,
    min_time: Option<i64>,
    max_time: Option<i64>,
}

/// Raw files as a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemoteLogs {
    kind: RawTableKind,
    sources: Vec<RemoteSource>,
}

impl RemoteTable {
    /// The serialisable form of `provider`; `None` if it is not a session's own table.
    ///
    /// # Errors
    /// If a path cannot be made absolute.
    pub fn from_provider(provider: &dyn TableProvider) -> Result<Option<Self>> {
        if let Some(dataset) = provider.downcast_ref::<DatasetTable>() {
            let files = dataset.files().iter().map(RemoteFile::from_data_file).collect();
            return Ok(Some(Self::Dataset { table: dataset.table(), files }));
        }
        let Some(raw) = provider.downcast_ref::<RawTable>() else { return Ok(None) };
        let input = raw.input();
        // Copies only have rows in the table `sources`.
        let is_all = raw.kind() == RawTableKind::Sources;
        let sources = input.sources().iter().enumerate();
        let wanted = sources.filter(|(index, _)| is_all || input.original(*index).is_none());
        let sources = wanted.map(|(index, source)| {
            let original = input.original(index).map(str::to_owned);
            Ok(RemoteSource::from_source(source)?.copying(original))
        });
        let sources = sources.collect::<std::io::Result<_>>()?;
        Ok(Some(Self::Raw(RemoteLogs { kind: raw.kind(), sources })))
    }

    /// Files of a dataset as a scannable table.
    ///
    /// # Errors
    /// If an S3 path names no bucket.
    pub fn dataset(table: Table, files: Vec<RemoteFile>) -> Result<Arc<dyn TableProvider>> {
        let files = files.into_iter().map(RemoteFile::into_file).collect();
        Ok(Arc::new(DatasetTable::of_files(table, files, true)?))
    }
}

impl RemoteFile {
    fn from_data_file(file: &DataFile) -> Self {
        Self {
            path: file.path.clone(),
            size: file.size,
            rows: file.rows,
            event_date: file.event_date,
            min_time: file.min_time,
            max_time: file.max_time,
        }
    }

    fn into_file(self) -> DataFile {
        DataFile {
            path: self.path,
            name: String::new(),
            size: self.size,
            rows: self.rows,
            event_date: self.event_date,
            bucket: None,
            min_time: self.min_time,
            max_time: self.max_time,
            sha256: None,
        }
    }
}

impl RemoteLogs {
    /// The columns, with plain strings.
    pub fn schema(&self) -> SchemaRef {
        plain_schema(&self.kind.schema())
    }

    /// The sources. A time filter needs all of them, because names do not bound the times of rows.
    pub fn sources(&self) -> &[RemoteSource] {
        &self.sources
    }

    /// The same table without its sources, for [`RemoteLogs::read`].
    pub fn without_sources(&self) -> Self {
        Self { kind: self.kind, sources: Vec::new() }
    }

    /// Reads sources one after the other.
    ///
    /// # Errors
    /// If a bucket cannot be opened. Errors of single sources come with the rows.
    pub fn read(
        &self,
        sources: Vec<RemoteSource>,
        projection: Vec<usize>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send + use<>> {
        let originals: Vec<Option<String>> =
            sources.iter().map(|source| source.copy_of().map(str::to_owned)).collect();
        let sources = sources.into_iter().map(RemoteSource::into_source).collect::<Result<Vec<_>, _>>();
        let sources = sources.map_err(|error| DataFusionError::External(error.into()))?;
        let input = RawInput::from_remote(sources, originals);
        Ok(RawTable::new(input, self.kind, false).batches(projection).map(|batch| plain_batch(&batch?)))
    }
}

/// Standard input can only be read in this process.
pub(crate) fn check_sources(sources: &[Source]) -> Result<(), DataFusionError> {
    match sources.iter().find(|source| source.stdin || source.path == Path::new("-")) {
        Some(_) => Err(DataFusionError::Plan("a cluster cannot read standard input".into())),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::arrow::datatypes::DataType;

    use super::*;

    #[test]
    fn serialised_raw_tables_have_absolute_paths() {
        let source = Source::file("a/2026-05-01-00-00-00-AA".into(), "AA".into());
        let table = RawTable::new(RawInput::new(vec![source], None, true), RawTableKind::Logs, true);
        let sent = serde_json::to_string(&RemoteTable::from_provider(&table).unwrap().unwrap()).unwrap();
        let RemoteTable::Raw(logs) = serde_json::from_str(&sent).unwrap() else { panic!("{sent}") };
        assert_eq!(logs.schema(), table.schema());
        let path = logs.sources()[0].path();
        assert!(path.is_absolute() && path.ends_with("a/2026-05-01-00-00-00-AA"));
    }

    #[test]
    fn a_serialised_dataset_lists_its_files() {
        let file = RemoteFile {
            path: "/lake/logs/a.parquet".into(),
            size: 1,
            rows: Some(2),
            event_date: Some(3),
            min_time: Some(4),
            max_time: None,
        };
        let files = vec![file];
        let provider = RemoteTable::dataset(Table::Logs, files.clone()).unwrap();
        assert!(provider.schema().fields().iter().all(|field| *field.data_type() != DataType::Utf8View));
        assert_eq!(
            RemoteTable::from_provider(provider.as_ref()).unwrap(),
            Some(RemoteTable::Dataset { table: Table::Logs, files })
        );
    }
}
