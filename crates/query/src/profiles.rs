//! Baselines: tables that a hunt computes once and all detections share.
//!
//! `requests` is a view of the records with the actor, its network and the action. The `profile_…` tables are
//! small, are computed from it in one pass and kept in memory, or on disk if there are many principals. Queries of the catalogue use them by name; they are
//! built when the first such query runs. They cover all records, independent of `--since` and `--until`, which only
//! limit what is reported.

mod stored_rows;
mod thresholds;

use std::sync::Arc;

use datafusion::config::TableParquetOptions;
use datafusion::dataframe::{DataFrame, DataFrameWriteOptions};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::prelude::{ParquetReadOptions, SessionContext};

pub(crate) use self::thresholds::PROFILE;
use crate::error::QueryError;
use crate::sql::memory;

/// The table of all records; `logs` is limited to the time range.
pub(crate) const ALL_LOGS: &str = "all_logs";
/// The view `requests`.
pub(crate) const REQUESTS: &str = "requests";
/// Each profile with its SQL, in order of dependency.
const PROFILES: [(&str, &str); 5] = [
    ("profile_activity", include_str!("profiles/activity.sql")),
    ("profile_principal", include_str!("profiles/principal.sql")),
    ("profile_origin", include_str!("profiles/origin.sql")),
    ("profile_day", include_str!("profiles/day.sql")),
    ("profile_unusual", include_str!("profiles/unusual.sql")),
];

/// The rows of the view.
async fn requests(context: &SessionContext) -> Result<DataFrame> {
    let logs = if context.table_exist(ALL_LOGS)? { ALL_LOGS } else { "logs" };
    context.sql(&include_str!("profiles/requests.sql").replace("$logs", logs)).await
}

/// The records as detections see them, stored on disk while this value lives, because they are read many times.
pub(crate) struct StoredRequests<'a> {
    context: &'a SessionContext,
    _folder: tempfile::TempDir,
}

/// Rows per row group, which are held in memory while the records are written.
const ROW_GROUP_ROWS: usize = 131_072;

impl<'a> StoredRequests<'a> {
    /// Reads all records once and writes the columns that detections need, next to other intermediate results.
    /// `None` if the view exists already.
    ///
    /// # Errors
    /// If the records cannot be read, or the disk is full.
    pub(crate) async fn write(context: &'a SessionContext) -> Result<Option<StoredRequests<'a>>> {
        if context.table_exist(REQUESTS)? {
            return Ok(None);
        }
        let folder = store(context, REQUESTS, requests(context).await?).await?;
        Ok(Some(StoredRequests { context, _folder: folder }))
    }
}

/// Writes rows to a temporary folder and registers them as a table, which lasts as long as the folder.
///
/// # Errors
/// If the rows cannot be computed, or the disk is full.
pub(crate) async fn store(
    context: &SessionContext,
    name: &str,
    frame: DataFrame,
) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name).to_string_lossy().into_owned() + "/";
    let mut options = TableParquetOptions::default();
    options.global.compression = Some("lz4_raw".into());
    options.global.max_row_group_size = ROW_GROUP_ROWS;
    let schema = Arc::clone(frame.schema().inner());
    frame.write_parquet(&path, DataFrameWriteOptions::new(), Some(options)).await?;
    // If there are no rows, no file is written, and the columns cannot be read from it.
    if std::fs::read_dir(&path).map_or(true, |mut files| files.next().is_none()) {
        context.register_table(name, Arc::new(MemTable::try_new(schema, vec![vec![]])?))?;
    } else {
        context.register_parquet(name, &path, ParquetReadOptions::default()).await?;
    }
    Ok(folder)
}

impl Drop for StoredRequests<'_> {
    fn drop(&mut self) {
        // The next query uses the view. A missing table needs no removal.
        let _ = self.context.deregister_table(REQUESTS);
    }
}

/// Sets parameters of the profiles that are built from now on: name and value of each.
///
/// # Errors
/// If no profile has the parameter, or the value is not of its type.
pub(crate) fn set(context: &SessionContext, given: &[(&str, &str)]) -> Result<(), QueryError> {
    thresholds::set(context, &PROFILES.map(|(_, sql)| sql), given)
}

/// Builds the tables that `sql` names and those they depend on, unless they exist. Other processes cannot read
/// tables in this one's memory: for them, the tables are views.
///
/// # Errors
/// If the records cannot be read.
pub(crate) async fn prepare(context: &SessionContext, sql: &str, remote: bool) -> Result<()> {
    let wanted = PROFILES.iter().rposition(|(name, _)| sql.contains(name)).map_or(0, |last| last + 1);
    if wanted == 0 && !sql.contains(REQUESTS) {
        return Ok(());
    }
    if !context.table_exist(REQUESTS)? {
        let logs = if context.table_exist(ALL_LOGS)? { ALL_LOGS } else { "logs" };
        let view =
            context.sql(&include_str!("profiles/requests.sql").replace("$logs", logs)).await?.into_view();
        context.register_table(REQUESTS, view)?;
    }
    for (name, sql) in &PROFILES[..wanted] {
        if context.table_exist(*name)? {
            continue;
        }
        let frame = context.sql(&thresholds::filled(context, sql)).await?;
        if remote {
            context.register_table(*name, frame.into_view())?;
            continue;
        }
        let table = stored_rows::table_of(context, memory::rows(context, frame).await?).await?;
        // Two concurrent queries may build the same table.
        if !context.table_exist(*name)? {
            context.register_table(*name, table)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use datafusion::logical_expr::TableType;

    use super::*;
    use crate::{Session, SessionOptions};

    const OWNER: &str = "5d1c0b2e9f3a4d6788e1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7";

    /// A GET by `app` from an address on a day of May.
    fn line(day: u32, address: &str, number: u32) -> String {
        format!(
            "{OWNER} data [{day:02}/May/2026:10:00:{:02} +0000] {address} \
             arn:aws:sts::111122223333:assumed-role/app/i-{day} REQ{day}{number} REST.GET.OBJECT k{number} \
             \"GET /k{number} HTTP/1.1\" 200 - 5 5 1 1 \"-\" \"agent\" - HOST SigV4 - AuthHeader \
             data.s3.eu-west-1.amazonaws.com TLSv1.3 - -\n",
            number % 60
        )
    }

    async fn answer(lines: &str, since: Option<i64>, sql: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("log"), lines).unwrap();
        let inputs = vec![folder.path().to_string_lossy().into_owned()];
        let session =
            Session::open(&SessionOptions { inputs, since, ..SessionOptions::default() }).await.unwrap();
        prepare(session.context(), sql, false).await.unwrap();
        let batches = session.context().sql(sql).await.unwrap().collect().await.unwrap();
        datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string()
    }

    #[tokio::test]
    async fn a_role_on_a_new_network_is_new_and_known_work_is_not() {
        let mut lines = String::new();
        for day in 1..=6 {
            (0..3).for_each(|number| lines += &line(day, "10.0.0.7", number));
        }
        lines += &line(5, "203.0.113.9", 7);
        let sql =
            "SELECT origin, is_public, was_inside, is_new, days_before FROM profile_origin ORDER BY origin";
        let table = answer(&lines, None, sql).await;
        assert!(
            table.contains("| 203.0.113.0/24 | true      | true       | true   | 5           |"),
            "{table}"
        );
        assert!(
            table.contains("| private        | false     | true       | false  | 0           |"),
            "{table}"
        );
        // The reported time range does not change the baseline.
        let later = answer(&lines, Some(1_777_939_200_000_000), sql).await;
        assert_eq!(table, later);
    }

    #[tokio::test]
    async fn stored_rows_of_a_hunt_equal_the_view() {
        let folder = tempfile::tempdir().unwrap();
        let lines: String = (0..5).map(|number| line(1, "203.0.113.9", number)).collect();
        std::fs::write(folder.path().join("log"), lines).unwrap();
        let inputs = vec![folder.path().to_string_lossy().into_owned()];
        let session = Session::open(&SessionOptions { inputs, ..SessionOptions::default() }).await.unwrap();
        let context = session.context();
        let rows = async || {
            let sql = "SELECT * FROM requests ORDER BY log_line";
            let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
            datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string()
        };
        let kept = StoredRequests::write(context).await.unwrap().unwrap();
        let path = kept._folder.path().to_path_buf();
        let of_kept = rows().await;
        drop(kept);
        assert!(!path.exists() && !context.table_exist(REQUESTS).unwrap());
        prepare(context, "requests", false).await.unwrap();
        assert_eq!(of_kept, rows().await);
        assert!(of_kept.contains("111122223333:role/app"), "{of_kept}");
    }

    #[tokio::test]
    async fn profiles_of_many_principals_are_stored_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let lines: String = (0..2000)
            .map(|n| {
                line(1 + n % 9, "10.0.0.7", n).replace("assumed-role/app/", &format!("assumed-role/app{n}/"))
            })
            .collect();
        std::fs::write(folder.path().join("log"), lines).unwrap();
        let inputs = vec![folder.path().to_string_lossy().into_owned()];
        let session = Session::open(&SessionOptions { inputs, ..SessionOptions::default() }).await.unwrap();
        let context = session.context();
        prepare(context, "profile_activity", false).await.unwrap();
        let table = context.table_provider("profile_activity").await.unwrap();
        assert_eq!(table.table_type(), TableType::Temporary, "the test is pointless if it is in memory");
        let sql = "SELECT count(*), count(DISTINCT principal), sum(requests), sum(bytes_read) FROM profile_activity";
        let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
        let table = datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
        assert!(table.contains("| 2000     | 2000"), "{table}");
    }

    #[tokio::test]
    async fn days_far_above_the_earlier_ones_are_unusual() {
        let mut lines = String::new();
        for day in 1..=6 {
            let reads = if day >= 5 { 50 } else { 5 };
            (0..reads).for_each(|number| lines += &line(day, "10.0.0.7", number));
        }
        let sql = "SELECT date_part('day', day) AS day, amount, usual, no_history FROM profile_unusual \
                   WHERE measure = 'reads' ORDER BY 1";
        let table = answer(&lines, None, sql).await;
        // The second day of an episode is compared with the days before the episode.
        assert!(table.contains("| 5   | 50     | 5     | false      |"), "{table}");
        assert!(table.contains("| 6   | 50     | 5     | false      |"), "{table}");
        assert_eq!(table.lines().count(), 6, "{table}");
    }
}
