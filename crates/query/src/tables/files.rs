//! Other files as tables: for example an inventory or a list of addresses.

mod header;
mod inventory;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::{CsvReadOptions, JsonReadOptions, ParquetReadOptions, SessionContext};
use saltmine_scan::InflatedText;
use tempfile::NamedTempFile;
use url::Url;

use self::header::Head;
use self::inventory::Inventory;
use crate::error::QueryError;

/// Maximum number of columns: with ten thousand, plans alone take gigabytes.
const MAX_COLUMNS: usize = 2000;

/// The result of registering files.
#[derive(Default)]
pub(crate) struct RegisteredFiles {
    /// Decompressed copies of files, removed with the session.
    pub(crate) inflated: Vec<NamedTempFile>,
    /// How files were interpreted if that is not certain.
    pub(crate) notes: Vec<String>,
}

/// Registers files as tables.
///
/// # Errors
/// If a name is taken, a file is missing or not of the format of its extension, or the first line of a CSV file does
/// not hold column names.
pub(crate) async fn register(
    context: &SessionContext,
    tables: &[(String, PathBuf)],
) -> Result<RegisteredFiles, QueryError> {
    let mut registered = RegisteredFiles::default();
    for (name, path) in tables {
        let wrong = |problem: String| QueryError::Table { name: name.clone(), problem };
        // Names are taken literally, not as SQL: `a.b` would be a table in a schema that does not exist.
        if name.contains(['.', '"']) {
            return Err(wrong("the name must not contain a dot or a quote".into()));
        }
        if context.table_exist(name.as_str())? {
            return Err(wrong("there is already a table with this name".into()));
        }
        let table = Table::open(name, path, &mut registered).map_err(wrong)?;
        let describe = |error| wrong(format!("{}: {}", path.display(), QueryError::from(error)));
        table.register(context, &mut registered.notes).await.map_err(describe)?;
        check_columns(context, name, path).await?;
    }
    Ok(registered)
}

async fn check_columns(context: &SessionContext, name: &str, path: &Path) -> Result<(), QueryError> {
    let count = context.table_provider(name).await?.schema().fields().len();
    if count <= MAX_COLUMNS {
        return Ok(());
    }
    context.deregister_table(name)?;
    Err(QueryError::Table { name: name.to_owned(), problem: too_many(path, count) })
}

fn too_many(path: &Path, count: usize) -> String {
    format!("{}: has {count} columns; at most {MAX_COLUMNS} are allowed", path.display())
}

/// A file and how to read it.
struct Table<'a> {
    name: &'a str,
    url: String,
    ending: String,
    form: FileFormat,
}

enum FileFormat {
    Csv {
        delimiter: u8,
    },
    /// A CSV file without column names.
    Inventory(Inventory),
    Json,
    Parquet,
}

impl<'a> Table<'a> {
    fn open(name: &'a str, path: &Path, registered: &mut RegisteredFiles) -> Result<Self, String> {
        let describe = |error: io::Error| format!("{}: {error}", path.display());
        if !std::fs::metadata(path).map_err(describe)?.is_file() {
            return Err(format!("{}: not a file", path.display()));
        }
        let lower = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let inner = [".gz", ".zst"].into_iter().find_map(|ending| lower.strip_suffix(ending));
        let kind = inner.unwrap_or(&lower).rsplit_once('.').map_or("", |(_, ending)| ending).to_owned();
        let is_known = match kind.as_str() {
            "csv" | "tsv" | "json" | "ndjson" | "jsonl" => true,
            "parquet" => inner.is_none(),
            _ => false,
        };
        if !is_known {
            return Err(format!(
                "{}: must end in csv, tsv, json or ndjson, perhaps with .gz or .zst after it, or in parquet",
                path.display()
            ));
        }
        let mut read = path.to_path_buf();
        let mut ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        if inner.is_some() {
            let copy = inflate(path, &kind).map_err(describe)?;
            (read, ending) = (copy.path().to_path_buf(), kind.clone());
            registered.inflated.push(copy);
        }
        let form = match kind.as_str() {
            "csv" => csv_form(path, &read, b',')?,
            "tsv" => csv_form(path, &read, b'\t')?,
            "parquet" => FileFormat::Parquet,
            _ => FileFormat::Json,
        };
        Ok(Self { name, url: url(&read)?, ending, form })
    }

    async fn register(
        self,
        context: &SessionContext,
        notes: &mut Vec<String>,
    ) -> datafusion::error::Result<()> {
        let Self { name, url, ending, form } = self;
        match form {
            FileFormat::Csv { delimiter } => {
                let options = CsvReadOptions::new().file_extension(&ending).delimiter(delimiter);
                context.register_csv(name, url, options.newlines_in_values(true)).await?;
                let schema = context.table_provider(name).await?.schema();
                let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                notes.push(format!("table {name}: the first line names its columns: {}", some_names(&names)));
                Ok(())
            }
            FileFormat::Inventory(inventory) => {
                notes.push(format!("table {name}: {}", inventory.note()));
                let columns =
                    inventory.columns().iter().map(|name| Field::new(name, DataType::Utf8View, true));
                let schema = Schema::new(columns.collect::<Vec<_>>());
                let options = CsvReadOptions::new().file_extension(&ending).has_header(false).schema(&schema);
                let frame = context.read_csv(url, options.newlines_in_values(true)).await?;
                let view = inventory.typed(context, frame)?.into_view();
                context.register_table(name, view)?;
                Ok(())
            }
            FileFormat::Json => {
                context.register_json(name, url, JsonReadOptions::default().file_extension(&ending)).await
            }
            FileFormat::Parquet => {
                let options = ParquetReadOptions { file_extension: &ending, ..ParquetReadOptions::default() };
                context.register_parquet(name, url, options).await
            }
        }
    }
}

/// Some of the names, if there are many.
fn some_names(names: &[&str]) -> String {
    let shown = names.iter().take(10).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 10 { format!("{shown}, … ({} in all)", names.len()) } else { shown }
}

/// As a URL, so that no character of the path has a special meaning.
fn url(path: &Path) -> Result<String, String> {
    let whole = std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Url::from_file_path(&whole).map(String::from).map_err(|()| format!("{}: not a path", path.display()))
}

/// A decompressed copy of a file. DataFusion needs random access.
fn inflate(path: &Path, ending: &str) -> io::Result<NamedTempFile> {
    let mut copy = tempfile::Builder::new().suffix(&format!(".{ending}")).tempfile()?;
    io::copy(&mut InflatedText::new(File::open(path)?), copy.as_file_mut())?;
    Ok(copy)
}

/// Decides how to read a CSV file from its first rows. `read` is the file with its text.
fn csv_form(path: &Path, read: &Path, delimiter: u8) -> Result<FileFormat, String> {
    let head = Head::read(read, delimiter).map_err(|problem| format!("{}: {problem}", path.display()))?;
    if head.columns() > MAX_COLUMNS {
        return Err(too_many(path, head.columns()));
    }
    if let Some(inventory) = Inventory::from_manifest(path, &head)? {
        return Ok(FileFormat::Inventory(inventory));
    }
    match head.data_in_first_line() {
        None => Ok(FileFormat::Csv { delimiter }),
        Some(value) => Err(format!(
            "{}: the first line holds data, not column names: {value:?}; add a line with column names before it. \
             (For an S3 Inventory, keep the manifest.json that S3 delivers with it in the same folder)",
            path.display()
        )),
    }
}
