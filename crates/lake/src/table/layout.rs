//! Names of folders and files in a dataset.
//!
//! ```text
//! DATASET/logs/event_date=2024-03-01/part-RUN-r0001-00000.parquet     or logs/log_bucket=NAME/event_date=…/
//! DATASET/rejects/part-RUN-r0001-00000.parquet
//! DATASET/sources/part-RUN-r0001-00000.parquet
//! DATASET/duplicates/part-RUN-r0001-00000.parquet                      if duplicates were removed
//! DATASET/.saltmine/lock, .saltmine/runs/RUN-r0001/ (staging), .saltmine/tmp/
//!
//! s3://BUCKET/DATASET/_saltmine/lock, _saltmine/runs/RUN-r0001.json    instead of .saltmine/
//! ```
//! Bucket names come from the log and are hostile: [`escape_value`] removes everything that has a meaning in
//! a path.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::LakeError;
use crate::storage::DatasetPath;
use crate::storage::path::hex;
use crate::table::duplicates::duplicates_schema;
use crate::table::ledger::sources_schema;

/// Hive's name for the partition of null values.
const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";
/// File systems allow 255 bytes per name; a longer value is truncated and made unique by a hash.
const MAX_VALUE_LEN: usize = 200;

/// The partition column of dates.
pub(crate) const EVENT_DATE: &str = "event_date";
/// The partition column of buckets.
pub(crate) const LOG_BUCKET: &str = "log_bucket";

/// The tables of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    /// One row per log line.
    Logs,
    /// Lines that could not be parsed.
    Rejects,
    /// One row per source file.
    Sources,
    /// Rows removed from `logs` because another row is equal. A dataset has this table once there were any.
    Duplicates,
}

impl Table {
    /// The tables that every dataset has, in the order of their creation.
    pub const ALL: [Table; 3] = [Table::Rejects, Table::Sources, Table::Logs];

    /// The table's name, which is also the name of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Logs => "logs",
            Table::Rejects => "rejects",
            Table::Sources => "sources",
            Table::Duplicates => "duplicates",
        }
    }

    /// The columns in the table's Parquet files.
    pub fn file_schema(self) -> SchemaRef {
        match self {
            Table::Logs => saltmine_scan::logs_schema(),
            Table::Rejects => saltmine_scan::rejects_schema(),
            Table::Sources => sources_schema(),
            Table::Duplicates => duplicates_schema(),
        }
    }

    /// The columns of the Delta table: those of the files, then the partition columns.
    pub(crate) fn table_schema(self, partition_by: PartitionBy) -> SchemaRef {
        let file_schema = self.file_schema();
        if self != Table::Logs {
            return file_schema;
        }
        let mut fields = file_schema.fields().to_vec();
        for name in partition_by.columns() {
            let data_type = if *name == EVENT_DATE { DataType::Date32 } else { DataType::Utf8View };
            fields.push(Arc::new(Field::new(*name, data_type, true)));
        }
        Arc::new(Schema::new(fields))
    }

    /// The table's folder.
    pub(crate) const fn folder(self) -> DatasetPath {
        DatasetPath::fixed(self.name())
    }

    /// The folder of the table's log.
    pub(crate) const fn log(self) -> DatasetPath {
        DatasetPath::fixed(match self {
            Table::Logs => "logs/_delta_log",
            Table::Rejects => "rejects/_delta_log",
            Table::Sources => "sources/_delta_log",
            Table::Duplicates => "duplicates/_delta_log",
        })
    }

    /// A data file of the table, by a path from a note or the table's log.
    ///
    /// # Errors
    /// If it is outside the table's folder, or belongs to its log.
    pub(crate) fn data_file(self, path: &str) -> Result<DatasetPath, LakeError> {
        let file = self.folder().join(path)?;
        if path.split('/').any(|name| name.eq_ignore_ascii_case("_delta_log")) {
            let problem = format!("not a data file of the table: {path:?}");
            return Err(LakeError::Foreign { path: self.name().into(), problem });
        }
        Ok(file)
    }
}

/// How `logs` is partitioned into folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartitionBy {
    /// By the UTC date of the request time.
    #[default]
    EventDate,
    /// By bucket, then by date.
    BucketAndEventDate,
}

impl PartitionBy {
    /// Names of the partition columns, outermost first.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            PartitionBy::EventDate => &[EVENT_DATE],
            PartitionBy::BucketAndEventDate => &[LOG_BUCKET, EVENT_DATE],
        }
    }

    /// The partitioning with these columns.
    pub(crate) fn from_columns(columns: &[String]) -> Option<Self> {
        [PartitionBy::EventDate, PartitionBy::BucketAndEventDate]
            .into_iter()
            .find(|by| by.columns().iter().eq(columns.iter()))
    }
}

/// The folder of a file of `logs`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Partition {
    /// UTC date of the request times, in days since 1970.
    pub event_date: i32,
    /// The bucket, if the dataset is also partitioned by bucket; the inner `None` is the partition of lines
    /// whose bucket is null.
    pub bucket: Option<Option<String>>,
}

impl Partition {
    /// Path of the folder relative to the table's folder, with `/` as separator.
    pub fn relative_path(&self) -> String {
        let date = format!("{EVENT_DATE}={}", date_text(self.event_date));
        match &self.bucket {
            None => date,
            Some(bucket) => format!("{LOG_BUCKET}={}/{date}", escape_value(bucket.as_deref())),
        }
    }

    /// Columns and values as in the Delta log, in the order of the folders.
    pub fn values(&self) -> Vec<(&'static str, Option<String>)> {
        let date = (EVENT_DATE, Some(date_text(self.event_date)));
        match &self.bucket {
            None => vec![date],
            Some(bucket) => vec![(LOG_BUCKET, bucket.clone().filter(|name| !name.is_empty())), date],
        }
    }

    /// The partitioning to which this partition belongs.
    pub(crate) fn partition_by(&self) -> PartitionBy {
        if self.bucket.is_some() { PartitionBy::BucketAndEventDate } else { PartitionBy::EventDate }
    }
}

/// A date as `YYYY-MM-DD`, from days since 1970.
pub(crate) fn date_text(days: i32) -> String {
    let epoch = NaiveDate::default();
    let shift = Days::new(u64::from(days.unsigned_abs()));
    let date = if days < 0 { epoch.checked_sub_days(shift) } else { epoch.checked_add_days(shift) };
    date.map_or_else(|| "9999-12-31".to_owned(), |date| date.format("%Y-%m-%d").to_string())
}

/// Days since 1970 for a date `YYYY-MM-DD`; `None` for any other text.
pub(crate) fn date_days(text: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// A partition value as part of a folder name, percent-escaped as in Hive. Only ASCII letters, digits, `.`,
/// `-` and `_` are not escaped.
fn escape_value(value: Option<&str>) -> String {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return NULL_PARTITION.to_owned();
    };
    let mut escaped = String::new();
    for byte in value.bytes() {
        // A value that is spelt like the null marker must not become it.
        let marks_null = escaped.is_empty() && value == NULL_PARTITION;
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let piece = if plain && !marks_null { 1 } else { 3 };
        if escaped.len() + piece > MAX_VALUE_LEN {
            let digest = hex(&Sha256::digest(value.as_bytes()));
            return format!("{escaped}~{}", &digest[..32]);
        }
        if piece == 1 {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::storage::path::inside;

    fn by_bucket(bucket: Option<&str>) -> String {
        Partition { event_date: 19_783, bucket: Some(bucket.map(str::to_owned)) }.relative_path()
    }

    #[test]
    fn dates_become_folders() {
        let partition = |event_date| Partition { event_date, bucket: None }.relative_path();
        assert_eq!(partition(0), "event_date=1970-01-01");
        assert_eq!(partition(-1), "event_date=1969-12-31");
        assert_eq!(partition(19_783), "event_date=2024-03-01");
        for days in [-719_000, -1, 0, 19_783, 2_932_896] {
            assert_eq!(date_days(&date_text(days)), Some(days));
        }
        assert_eq!(date_days("2024-02-30"), None);
    }

    #[test]
    fn hostile_buckets_stay_one_folder() {
        let cases = [
            (Some("plain-bucket.eu_1"), "plain-bucket.eu_1"),
            (Some(".."), ".."),
            (Some("../../etc"), "..%2F..%2Fetc"),
            (Some("a=b"), "a%3Db"),
            (Some("a%2Fb"), "a%252Fb"),
            (Some("nul\0tab\tlf\n"), "nul%00tab%09lf%0A"),
            (Some("c:\\x"), "c%3A%5Cx"),
            (Some("é"), "%C3%A9"),
            (None, "__HIVE_DEFAULT_PARTITION__"),
            (Some(""), "__HIVE_DEFAULT_PARTITION__"),
            (Some("__HIVE_DEFAULT_PARTITION__"), "%5F_HIVE_DEFAULT_PARTITION__"),
        ];
        for (bucket, name) in cases {
            let path = by_bucket(bucket);
            assert_eq!(path, format!("log_bucket={name}/event_date=2024-03-01"));
            assert_eq!(inside(Path::new("/t"), &path).unwrap().components().count(), 4);
        }
    }

    #[test]
    fn data_files_are_in_their_table_and_not_in_its_log() {
        for path in [
            "../rejects/a.parquet",
            "/etc/passwd",
            "",
            "_delta_log/00000000000000000000.json",
            "x/_DELTA_LOG/y",
        ] {
            assert!(Table::Logs.data_file(path).is_err(), "{path}");
        }
        let file = Table::Logs.data_file("event_date=2024-03-01/a.parquet").unwrap();
        assert_eq!(file.as_str(), "logs/event_date=2024-03-01/a.parquet");
    }

    #[test]
    fn long_buckets_are_truncated_and_stay_distinct() {
        let (one, two) = (by_bucket(Some(&"ü".repeat(5000))), by_bucket(Some(&"ü".repeat(5001))));
        assert_ne!(one, two);
        for path in [one, two] {
            assert!(path.split('/').all(|part| part.len() <= 255), "{path}");
            assert_eq!(path.matches('%').count(), 66, "no escape is cut in two: {path}");
        }
    }
}
