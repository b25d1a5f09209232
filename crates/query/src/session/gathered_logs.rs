//! The records of a dataset of thousands of tiny files, gathered in one place for questions that read them many times.
//!
//! For each file that a scan opens, DataFusion keeps some 5 kB of metrics until the query ends, and a file takes longer to
//! open than to read. Logs of 20,000 days, with a file for each, are a few minutes' work for somebody who can write lines.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::error::Result;
use datafusion::prelude::SessionContext;
use tempfile::TempDir;

use super::Session;
use super::register::time_filter;
use crate::profiles::{self, ALL_LOGS};
use crate::tables::DatasetTable;

/// The name under which rows are gathered.
const GATHERED: &str = "gathered_logs";

/// While this value lives, the table `logs` reads the gathered records.
pub(crate) struct GatheredLogs<'a> {
    context: &'a SessionContext,
    /// Tables to put back, by name.
    replaced: Vec<(&'static str, Arc<dyn TableProvider>)>,
    _folder: TempDir,
}

impl Session {
    /// Gathers the records if the session is over a dataset whose files are many and tiny; `None` otherwise.
    ///
    /// # Errors
    /// If the records cannot be read, or the disk is full.
    pub(crate) async fn gather_logs(&self) -> Result<Option<GatheredLogs<'_>>> {
        let context = self.unredacted();
        let is_limited = context.table_exist(ALL_LOGS)?;
        let name = if is_limited { ALL_LOGS } else { "logs" };
        let table = context.table_provider(name).await?;
        let is_scattered = table.downcast_ref::<DatasetTable>().is_some_and(DatasetTable::is_scattered);
        if self.mode.remote || !is_scattered {
            return Ok(None);
        }
        let folder = profiles::store(context, GATHERED, context.table(name).await?).await?;
        let mut logs = GatheredLogs { context, replaced: Vec::new(), _folder: folder };
        if let Some(gathered) = context.deregister_table(GATHERED)? {
            logs.replace(name, gathered)?;
        }
        let reported = self.mode.reported;
        if let Some(filter) = time_filter(reported.since, reported.until).filter(|_| is_limited) {
            logs.replace("logs", context.table(ALL_LOGS).await?.filter(filter)?.into_view())?;
        }
        Ok(Some(logs))
    }
}

impl GatheredLogs<'_> {
    fn replace(&mut self, name: &'static str, table: Arc<dyn TableProvider>) -> Result<()> {
        if let Some(original) = self.context.deregister_table(name)? {
            self.replaced.push((name, original));
        }
        self.context.register_table(name, table)?;
        Ok(())
    }
}

impl Drop for GatheredLogs<'_> {
    fn drop(&mut self) {
        for (name, original) in self.replaced.drain(..) {
            // These tables are in memory: neither call can fail.
            let _ = self.context.deregister_table(name);
            let _ = self.context.register_table(name, original);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::{Path, PathBuf};

    use futures::TryStreamExt;
    use saltmine_lake::{IngestRequest, Silent, ingest};

    use super::*;
    use crate::SessionOptions;

    /// A dataset with a record of each of the first `days` days of May.
    fn dataset(folder: &Path, days: u32) -> PathBuf {
        let line = |day| {
            format!(
                "5d1c data [{day:02}/May/2026:10:00:00 +0000] 192.0.2.7 - REQ{day} REST.GET.OBJECT k \"GET /k HTTP/1.1\" \
                 200 - 5 5 1 1 \"-\" \"agent\" - HOST SigV4 - AuthHeader data.s3.eu-west-1.amazonaws.com TLSv1.3 - -\n"
            )
        };
        let (logs, dataset) = (folder.join("logs"), folder.join("case.lake"));
        std::fs::create_dir(&logs).unwrap();
        std::fs::write(logs.join("log"), (1..=days).map(line).collect::<String>()).unwrap();
        let request = IngestRequest {
            sources: &saltmine_scan::discover(&[logs.to_str().unwrap().to_owned()]).unwrap(),
            dataset: &dataset,
            partition_by: None,
            jobs: 1,
            strict: true,
            stop: None,
        };
        ingest(&request, &Silent).unwrap();
        dataset
    }

    async fn open(dataset: &Path, since: Option<i64>) -> Session {
        let inputs = vec![dataset.to_str().unwrap().to_owned()];
        Session::open(&SessionOptions { inputs, since, ..SessionOptions::default() }).await.unwrap()
    }

    async fn rows(session: &Session) -> String {
        let sql = "SELECT * FROM logs ORDER BY request_time";
        let rows = session.sql(sql, &Default::default()).await.unwrap();
        let rows: Vec<_> = rows.try_collect().await.unwrap();
        datafusion::arrow::util::pretty::pretty_format_batches(&rows).unwrap().to_string()
    }

    async fn reads_dataset(session: &Session) -> bool {
        let name = if session.context().table_exist(ALL_LOGS).unwrap() { ALL_LOGS } else { "logs" };
        session.context().table_provider(name).await.unwrap().is::<DatasetTable>()
    }

    #[tokio::test]
    async fn tiny_files_are_gathered_and_rows_stay_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = dataset(folder.path(), 28);
        for (since, expected) in [(None, 28), (Some(1_778_300_000_000_000), 20)] {
            let session = open(&dataset, since).await;
            let before = rows(&session).await;
            assert_eq!(before.matches("192.0.2.7").count(), expected, "{before}");
            let gathered = session.gather_logs().await.unwrap().unwrap();
            assert!(!reads_dataset(&session).await);
            assert_eq!(rows(&session).await, before);
            drop(gathered);
            assert!(reads_dataset(&session).await);
            assert_eq!(rows(&session).await, before);
        }
    }

    #[tokio::test]
    async fn few_files_are_read_where_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let session = open(&dataset(folder.path(), 9), None).await;
        assert!(session.gather_logs().await.unwrap().is_none());
    }
}
