//! Finds the case file of a command and the default input that it provides.

use std::path::{Path, PathBuf};

use saltmine_lake::Dataset;
use saltmine_query::case::{CaseFile, FILE_NAME, Trust};
use saltmine_query::catalogue::Catalogue;
use saltmine_query::local_time::Zone;

use super::folder;
use crate::args::{CaseOptions, CaseUse};
use crate::error::CliError;
use crate::output::{Case, Clock, UsedFile};
use crate::terminal::Terminal;

/// Environment variable with the path of a case file or dataset.
const VARIABLE: &str = "SALTMINE_CASE";

/// Finds the case of a command, and adds the case's input if the command has none.
///
/// # Errors
/// As [`find`]; also if neither the command nor the case has an input.
pub(crate) fn for_command(used: CaseUse<'_>, terminal: &Terminal) -> Result<Case, CliError> {
    let CaseUse { options, queries, tz, hides_values, inputs, ends_in_sql } = used;
    let is_sql = |text: &String| !Path::new(text).exists() && !text.contains("://");
    // A single argument that is a path is an input; then the SQL is missing.
    let paths = match inputs.split_last() {
        Some((last, paths)) if ends_in_sql && (!paths.is_empty() || is_sql(last)) => paths,
        _ => &inputs[..],
    };
    let (case, input) = find(&Wanted { options, queries, tz, hides_values, inputs: paths }, terminal)?;
    match input {
        Some(input) => {
            terminal.note(&format!("note: reading {input}, the case's input"));
            inputs.insert(0, input);
        }
        None if paths.is_empty() => {
            return Err(CliError::Usage(
                "no input: give a dataset or log files, or name one as input in a case file (see saltmine case)".to_owned(),
            ));
        }
        None => {}
    }
    Ok(case)
}

/// The options of a command that determine its case.
pub(crate) struct Wanted<'a> {
    pub(crate) options: &'a CaseOptions,
    /// Folder with the user's own queries.
    pub(crate) queries: Option<&'a Path>,
    pub(crate) tz: Option<&'a Zone>,
    /// Whether output is redacted, so that values of parameters are not shown.
    pub(crate) hides_values: bool,
    /// The input paths, without SQL.
    pub(crate) inputs: &'a [String],
}

/// The location of a case file.
enum CaseFileLocation {
    /// A file that was named explicitly or found in a default place.
    File(PathBuf),
    /// A dataset without a case file.
    Dataset(PathBuf),
    Nowhere,
}

/// Finds and reads the case file, and reports that it is used.
///
/// # Errors
/// If a named file does not exist, or the file is invalid.
pub(crate) fn find(wanted: &Wanted<'_>, terminal: &Terminal) -> Result<(Case, Option<String>), CliError> {
    let Wanted { options, inputs, .. } = wanted;
    let words = match &options.case {
        Some(file) => Case::words_of(file),
        None if options.no_case => " --no-case".to_owned(),
        None => String::new(),
    };
    let (used, input) = match location(options, inputs)? {
        CaseFileLocation::Nowhere => (None, None),
        CaseFileLocation::Dataset(folder) => (None, Some(folder.display().to_string())),
        CaseFileLocation::File(path) => {
            let used = read(path, &catalogue(wanted.queries)?)?;
            let input = input(&used);
            (Some(used), input)
        }
    };
    let file = used.as_ref().map(|used| &used.file);
    let clock = Clock {
        zone: wanted.tz.cloned().or_else(|| file.and_then(|file| file.timezone.clone())),
        work_hours: file.and_then(|file| file.work_hours),
    };
    let case = Case { used, clock, words, hides_values: wanted.hides_values };
    report_use(&case, options, inputs, terminal);
    Ok((case, input.filter(|_| inputs.is_empty())))
}

fn catalogue(queries: Option<&Path>) -> Result<Catalogue, CliError> {
    Ok(crate::command::catalogue(queries)?)
}

fn read(path: PathBuf, catalogue: &Catalogue) -> Result<UsedFile, CliError> {
    let trust = if Dataset::is_dataset(&folder(&path)) { Trust::Dataset } else { Trust::Own };
    let file = CaseFile::read(&path, trust, catalogue).map_err(|error| CliError::Case(error.to_string()))?;
    Ok(UsedFile { path, trust, file })
}

/// The user's own files take precedence over one that came with a dataset.
fn location(options: &CaseOptions, inputs: &[String]) -> Result<CaseFileLocation, CliError> {
    if options.no_case {
        return Ok(CaseFileLocation::Nowhere);
    }
    if let Some(file) = &options.case {
        let file = if file.is_dir() { file.join(FILE_NAME) } else { file.clone() };
        return Ok(CaseFileLocation::File(file));
    }
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        if !named.is_dir() {
            return Ok(CaseFileLocation::File(named));
        }
        let file = named.join(FILE_NAME);
        return Ok(if exists(&file) {
            CaseFileLocation::File(file)
        } else {
            CaseFileLocation::Dataset(named)
        });
    }
    if exists(Path::new(FILE_NAME)) {
        return Ok(CaseFileLocation::File(FILE_NAME.into()));
    }
    Ok(of_dataset(inputs).map_or(CaseFileLocation::Nowhere, CaseFileLocation::File))
}

/// The case file in the dataset that is the input.
fn of_dataset(inputs: &[String]) -> Option<PathBuf> {
    let [input] = inputs else { return None };
    let folder = Path::new(input);
    // Case files in S3 are not supported.
    if !folder.is_dir() || !Dataset::is_dataset(folder) {
        return None;
    }
    Some(folder.join(FILE_NAME)).filter(|file| exists(file))
}

/// Also true for dangling links, which are reported as errors later.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The input named in the file, relative to the file's folder; for a file in a dataset, that dataset.
fn input(used: &UsedFile) -> Option<String> {
    let folder = folder(&used.path);
    let Some(input) = &used.file.input else {
        return (used.trust == Trust::Dataset).then(|| folder.display().to_string());
    };
    let is_as_it_is = input.contains("://") || input == "-" || folder == Path::new(".");
    Some(if is_as_it_is { input.clone() } else { folder.join(input).display().to_string() })
}

/// Reports which case file is used, what it changes, and which one is ignored.
fn report_use(case: &Case, options: &CaseOptions, inputs: &[String], terminal: &Terminal) {
    if let Some(about) = case.about() {
        terminal.note(&format!("note: using {about}"));
        let parameters = case.parameters();
        if !parameters.is_empty() {
            terminal.note(&format!("note: the case file sets {}", parameters.join(", ")));
        }
    }
    let used = case.used.as_ref().map(|used| used.path.canonicalize().ok());
    if let Some(other) = of_dataset(inputs).filter(|other| used != Some(other.canonicalize().ok())) {
        let reason = if options.no_case { "--no-case" } else { "another one is used" };
        terminal.note(&format!("note: the dataset's case file {} is not used: {reason}", other.display()));
    }
}
