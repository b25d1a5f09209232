//! Other files as tables, beside those of the logs: an inventory, a list of addresses.

use std::path::{Path, PathBuf};

use datafusion::prelude::{CsvReadOptions, JsonReadOptions, ParquetReadOptions, SessionContext};
use url::Url;

use crate::error::QueryError;

/// Registers files as tables.
///
/// # Errors
/// Where a name is taken, the file is not there, or is not of the form that its ending tells.
pub(crate) async fn register(
    context: &SessionContext,
    tables: &[(String, PathBuf)],
) -> Result<(), QueryError> {
    for (name, path) in tables {
        let wrong = |problem: String| QueryError::Table { name: name.clone(), problem };
        // Names are taken as written, not as SQL: `a.b` would be a table of a schema that is not there.
        if name.contains(['.', '"']) {
            return Err(wrong("the name must have no point and no quote".into()));
        }
        if context.table_exist(name.as_str())? {
            return Err(wrong("there is a table of this name already".into()));
        }
        let url = url(path).map_err(wrong)?;
        one(context, name, path, &url).await?;
    }
    Ok(())
}

/// As a URL no character of the path means anything but itself.
fn url(path: &Path) -> Result<String, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let whole = std::path::absolute(path).map_err(told)?;
    if !std::fs::metadata(&whole).map_err(told)?.is_file() {
        return Err(format!("{}: not a file", path.display()));
    }
    Url::from_file_path(&whole).map(String::from).map_err(|()| format!("{}: not a path", path.display()))
}

async fn one(context: &SessionContext, name: &str, path: &Path, url: &str) -> Result<(), QueryError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
    let done = match ending.to_ascii_lowercase().as_str() {
        "csv" | "tsv" => {
            let delimiter = if ending.eq_ignore_ascii_case("csv") { b',' } else { b'\t' };
            let options = CsvReadOptions::new().file_extension(ending).delimiter(delimiter);
            context.register_csv(name, url, options.newlines_in_values(true)).await
        }
        "json" | "ndjson" | "jsonl" => {
            context.register_json(name, url, JsonReadOptions::default().file_extension(ending)).await
        }
        "parquet" => {
            let options = ParquetReadOptions { file_extension: ending, ..ParquetReadOptions::default() };
            context.register_parquet(name, url, options).await
        }
        _ => {
            let problem = format!("{}: must end in csv, tsv, json, ndjson or parquet", path.display());
            return Err(QueryError::Table { name: name.to_owned(), problem });
        }
    };
    done.map_err(|error| {
        let problem = format!("{}: {}", path.display(), QueryError::from(error));
        QueryError::Table { name: name.to_owned(), problem }
    })
}
