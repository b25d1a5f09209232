//! An S3 Inventory in CSV as delivered by S3: without column names, which are in `manifest.json`, and with
//! URL-encoded keys.
//!
//! Source: the Amazon S3 User Guide, "Amazon S3 Inventory list" and "Locating your inventory list".

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::Column;
use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::prelude::SessionContext;
use serde::Deserialize;

use super::header::Head;

/// Maximum bytes of a manifest: it names every file of an inventory.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// The columns of an inventory.
#[derive(Debug)]
pub(super) struct Inventory {
    columns: Vec<String>,
    /// The manifest that names them; `None` if they were recognised by their content.
    manifest: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    file_format: String,
    file_schema: String,
    #[serde(default)]
    files: Vec<ManifestFile>,
}

#[derive(Deserialize)]
struct ManifestFile {
    key: String,
}

impl Inventory {
    /// Recognises an inventory by a manifest next to it, or by its rows.
    ///
    /// # Errors
    /// If the manifest names other columns than the file has.
    pub(super) fn from_manifest(path: &Path, head: &Head) -> std::result::Result<Option<Self>, String> {
        if let Some((manifest, schema)) = manifest_of(path) {
            let columns: Vec<String> = schema.split(',').map(|name| snake_case(name.trim())).collect();
            // Someone has added the names already.
            if head.first().iter().map(|name| snake_case(name.trim())).eq(columns.iter().cloned()) {
                return Ok(None);
            }
            if columns.len() != head.columns() {
                return Err(format!(
                    "{}: has {} columns, but {} names {}",
                    path.display(),
                    head.columns(),
                    manifest.display(),
                    columns.len()
                ));
            }
            return Ok(Some(Self { columns, manifest: Some(manifest) }));
        }
        Ok(by_rows(head).map(|columns| Self { columns, manifest: None }))
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How the file was interpreted, for a note.
    pub(super) fn note(&self) -> String {
        let by = match &self.manifest {
            Some(manifest) => manifest.display().to_string(),
            None => "its rows".to_owned(),
        };
        format!(
            "an S3 Inventory, recognised by {by}, with decoded keys and the columns {}",
            self.columns.join(", ")
        )
    }

    /// The rows with typed values: decoded keys, numeric sizes, timestamps.
    pub(super) fn typed(&self, context: &SessionContext, rows: DataFrame) -> Result<DataFrame> {
        let decode = context.udf("url_decode")?;
        let typed = self.columns.iter().map(|name| {
            let text = nullif(Expr::Column(Column::new_unqualified(name)), lit(""));
            let value = match name.as_str() {
                "key" => decode.call(vec![text]),
                "size" => cast(text, DataType::Int64),
                "last_modified_date" | "object_lock_retain_until_date" => {
                    cast(text, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))
                }
                "is_latest" | "is_delete_marker" | "is_multipart_uploaded" => cast(text, DataType::Boolean),
                _ => text,
            };
            value.alias(name)
        });
        rows.select(typed.collect::<Vec<_>>())
    }
}

/// The manifest of an inventory file, and its columns: in the same folder or, as S3 stores them, in a sibling of
/// the file's folder.
fn manifest_of(path: &Path) -> Option<(PathBuf, String)> {
    let whole = std::path::absolute(path).ok()?;
    let (folder, name) = (whole.parent()?, whole.file_name()?.to_str()?);
    let mut places = vec![folder.join("manifest.json")];
    if folder.file_name().is_some_and(|name| name == "data")
        && let Some(folders) = folder.parent().and_then(|parent| std::fs::read_dir(parent).ok())
    {
        let mut beside: Vec<PathBuf> =
            folders.flatten().map(|entry| entry.path().join("manifest.json")).collect();
        beside.sort_unstable();
        places.extend(beside);
    }
    places.into_iter().find_map(|place| {
        if !std::fs::metadata(&place).ok()?.is_file() {
            return None;
        }
        let mut text = String::new();
        File::open(&place).ok()?.take(MAX_MANIFEST_BYTES).read_to_string(&mut text).ok()?;
        let manifest: Manifest = serde_json::from_str(&text).ok()?;
        let names_it = manifest.files.iter().any(|file| file.key.rsplit('/').next() == Some(name));
        let is_of_it = manifest.file_format == "CSV" && (names_it || manifest.files.is_empty());
        is_of_it.then_some((place, manifest.file_schema))
    })
}

/// `LastModifiedDate` as `last_modified_date`, `ETag` as `e_tag`: as in the inventories that S3 writes as Parquet.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let letters: Vec<char> = name.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        let follows_small = index > 0 && !letters[index - 1].is_ascii_uppercase();
        let begins_word = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && index > 0 && (follows_small || begins_word) {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Whether a value looks like one of the column.
type ValueCheck = fn(&str) -> bool;

/// Optional columns in the order in which S3 writes them, with checks of their values.
const OPTIONAL_COLUMNS: [(&str, ValueCheck); 5] = [
    ("e_tag", is_etag),
    ("storage_class", |value| {
        !value.is_empty() && value.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    }),
    ("is_multipart_uploaded", is_boolean),
    ("replication_status", |value| matches!(value, "" | "PENDING" | "COMPLETED" | "FAILED" | "REPLICA")),
    ("encryption_status", |value| {
        value.starts_with("SSE-") || value.starts_with("DSSE-") || value == "NOT-SSE"
    }),
];

/// The columns of a file that looks like an inventory: every row has the same bucket, a key, a size and a time.
fn by_rows(head: &Head) -> Option<Vec<String>> {
    let all = |index: usize, is: fn(&str) -> bool| head.column(index).all(|value| value.is_some_and(is));
    let bucket = head.first().get(0)?;
    let is_one_bucket = is_bucket(bucket) && head.column(0).all(|value| value == Some(bucket));
    let is_key = |value: &str| !value.is_empty() && !value.contains(' ');
    if !is_one_bucket || !all(1, is_key) {
        return None;
    }
    let mut columns = vec!["bucket", "key"];
    if all(3, is_boolean) && all(4, is_boolean) {
        columns.extend(["version_id", "is_latest", "is_delete_marker"]);
    }
    if !all(columns.len(), is_size) || !all(columns.len() + 1, is_time) {
        return None;
    }
    columns.extend(["size", "last_modified_date"]);
    for (name, is) in OPTIONAL_COLUMNS {
        if all(columns.len(), is) {
            columns.push(name);
        }
    }
    let named = columns.len();
    let rest = (named..head.columns()).map(|index| format!("column_{}", index + 1));
    Some(columns.into_iter().map(str::to_owned).chain(rest).collect())
}

fn is_bucket(value: &str) -> bool {
    (3..=63).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

fn is_boolean(value: &str) -> bool {
    matches!(value, "true" | "false")
}

/// Delete markers have no size.
fn is_size(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_digit())
}

fn is_time(value: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(value).is_ok()
}

fn is_etag(value: &str) -> bool {
    let hash = value.split('-').next().unwrap_or_default();
    value.is_empty() || (hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn inventory(text: &str, manifest: Option<&str>) -> std::result::Result<Option<Vec<String>>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.csv");
        std::fs::write(&path, text).unwrap();
        if let Some(manifest) = manifest {
            std::fs::write(folder.path().join("manifest.json"), manifest).unwrap();
        }
        let head = Head::read(&path, b',').unwrap();
        Inventory::from_manifest(&path, &head).map(|inventory| inventory.map(|inventory| inventory.columns))
    }

    #[test]
    fn inventories_are_known_by_their_rows() {
        let etag = "d41d8cd98f00b204e9800998ecf8427e";
        for (text, columns) in [
            ("lake,a%20b,1,2026-05-01T10:00:00.000Z\n", "bucket,key,size,last_modified_date".to_owned()),
            (
                &format!("lake,a,v1,true,false,1,2026-05-01T10:00:00.000Z,{etag},STANDARD,false,x\n"),
                "bucket,key,version_id,is_latest,is_delete_marker,size,last_modified_date,e_tag,storage_class,\
                 is_multipart_uploaded,column_11"
                    .to_owned(),
            ),
        ] {
            assert_eq!(inventory(text, None).unwrap().unwrap().join(","), columns, "{text}");
        }
        for text in [
            "bucket,key,size,last_modified_date\nlake,a,1,2026-05-01T10:00:00.000Z\n",
            "lake,a,1,2026-05-01T10:00:00.000Z\nother,a,1,2026-05-01T10:00:00.000Z\n",
            "lake,a\n",
            "198.51.100.7\n",
        ] {
            assert_eq!(inventory(text, None), Ok(None), "{text}");
        }
    }

    #[test]
    fn a_manifest_names_the_columns() {
        let manifest = |schema: &str, file: &str| {
            format!(
                r#"{{"fileFormat": "CSV", "fileSchema": "{schema}", "files": [{{"key": "x/data/{file}"}}]}}"#
            )
        };
        let schema = "Bucket, Key, Size, ETag";
        let found = inventory("lake,a,1,x\n", Some(&manifest(schema, "data.csv")));
        assert_eq!(found.unwrap().unwrap(), ["bucket", "key", "size", "e_tag"]);
        assert_eq!(inventory("lake,a,1,x\n", Some(&manifest(schema, "other.csv"))), Ok(None));
        assert_eq!(
            inventory("Bucket,Key,Size,ETag\nlake,a,1,x\n", Some(&manifest(schema, "data.csv"))),
            Ok(None)
        );
        let problem = inventory("lake,a,1\n", Some(&manifest(schema, "data.csv"))).unwrap_err();
        assert!(problem.contains("has 3 columns"), "{problem}");
    }

    #[test]
    fn names_of_columns_are_those_of_the_other_formats() {
        for (name, snake) in [
            ("Key", "key"),
            ("LastModifiedDate", "last_modified_date"),
            ("ETag", "e_tag"),
            ("IsLatest", "is_latest"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }
}
