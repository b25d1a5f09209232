//! The catalogue: named queries with documentation.
//!
//! A query is one file, `PACK/NAME.sql`: a header of `-- key: value` lines, then SQL with `$name` parameters.
//!
//! ```text
//! -- title: Mass deletion of objects
//! -- question: Who deleted many keys in a short time?
//! -- pack: destruction
//! -- kind: detection                              (or report)
//! -- severity: high                               (info, low, medium, high, critical)
//! -- attack: T1485                                (any number)
//! -- parameter: keys integer 100 — what it means  (any number)
//! -- table: inventory — what it must hold         (any number; tables beside logs, rejects, sources)
//! -- column: requester — what it means            (at least one)
//! -- false positives: …
//! -- cannot tell: what the log does not show, and what does   (optional)
//! -- next: what to do about a finding                         (optional)
//! -- source: …                                    (any number)
//! ```
//!
//! A line `-- include: NAME` of the SQL stands for the file `parts/NAME.sql` of the built-in catalogue: table expressions
//! that several queries share, each with a comma after it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use serde::Serialize;

pub use crate::error::CatalogueError;
use crate::error::QueryError;
use crate::nearest::nearest;
use crate::params::Params;

mod header;
mod value;

pub use value::ParameterType;

pub(crate) static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/queries");

/// The folder of shared parts of queries.
const PARTS: &str = "parts";

/// Severity of a finding, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Common in most accounts; context for other findings.
    Low,
    /// Worth investigating.
    Medium,
    /// Not part of ordinary traffic.
    High,
    /// Ongoing damage.
    Critical,
}

impl Severity {
    /// All severities, from info to critical.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Parses a name; `None` if it is unknown.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }
}

/// The purpose of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Rows are findings, with the standard columns that a hunt needs.
    Detection,
    /// Rows are an overview or evidence, not findings.
    Report,
}

/// A parameter of a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name, without `$`.
    pub name: String,
    /// The type of its values.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// The default value, as text.
    pub default: String,
    /// What it means.
    pub meaning: String,
}

/// A column of the answer, or a table that the query needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// What it means.
    pub meaning: String,
}

/// A named query.
#[derive(Clone, Debug, Serialize)]
pub struct Query {
    /// The name: the file name without extension. Unique across all packs.
    pub name: String,
    /// The pack: the folder's name.
    pub pack: String,
    /// Detection or report.
    pub kind: Kind,
    /// A short title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Severity of its findings.
    pub severity: Severity,
    /// Ids of MITRE ATT&CK techniques, from the version in `ATTACK_VERSION`.
    pub attack: Vec<String>,
    /// In the order of the file.
    pub parameters: Vec<Parameter>,
    /// Tables needed in addition to those of a session.
    pub tables: Vec<Description>,
    /// Columns of the answer, in order.
    pub columns: Vec<Description>,
    /// Benign activity that it can match.
    pub false_positives: String,
    /// What the log does not show, and what does.
    pub cannot_tell: Option<String>,
    /// What to do about a finding.
    pub next: Option<String>,
    /// Where the idea comes from.
    pub sources: Vec<String>,
    /// The statement with its comments, without the header.
    pub sql: String,
    /// The file.
    pub path: PathBuf,
    /// Whether it is built in, and therefore trusted to read unredacted values.
    #[serde(skip)]
    pub(crate) builtin: bool,
}

/// The version of MITRE ATT&CK (Enterprise) that technique ids of built-in queries refer to.
pub const ATTACK_VERSION: &str = "19";

/// Columns that every detection returns.
pub const STANDARD_COLUMNS: [&str; 7] =
    ["requester", "remote_ip", "bucket", "events", "first_seen", "last_seen", "evidence"];

impl Query {
    /// All parameters: the given values (as text) and the defaults of the others.
    ///
    /// # Errors
    /// If a parameter is unknown or given twice, or its text is not a value of its type.
    pub fn params(&self, given: &[(String, String)]) -> Result<Params, QueryError> {
        let mut texts = BTreeMap::new();
        for (name, text) in given {
            if !self.parameters.iter().any(|parameter| parameter.name == *name) {
                return Err(self.unknown_parameter(name));
            }
            if texts.insert(name.as_str(), text.as_str()).is_some() {
                return Err(QueryError::Parameter { name: name.clone(), problem: "given twice".into() });
            }
        }
        let bind = |parameter: &Parameter| {
            let text = texts.get(parameter.name.as_str()).copied().unwrap_or(&parameter.default);
            let value = parameter.kind.parse(text);
            let value =
                value.map_err(|problem| QueryError::Parameter { name: parameter.name.clone(), problem })?;
            Ok((parameter.name.clone(), value.into()))
        };
        self.parameters.iter().map(bind).collect()
    }

    fn unknown_parameter(&self, name: &str) -> QueryError {
        let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        QueryError::Parameter {
            name: name.to_owned(),
            problem: format!("not a parameter of {}; its parameters are: {has}", self.name),
        }
    }
}

/// A set of named queries.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    queries: BTreeMap<String, Query>,
}

impl Catalogue {
    /// The built-in queries.
    ///
    /// # Errors
    /// If one of them is invalid; tests rule that out.
    pub fn builtin() -> Result<Self, CatalogueError> {
        let mut files = Vec::new();
        collect(&BUILTIN, &mut files);
        let mut catalogue = Self::default();
        let mut queries = files.into_iter().map(|(path, text)| header::parse(path, text));
        queries.try_for_each(|query| catalogue.insert_new(Query { builtin: true, ..query? }))?;
        Ok(catalogue)
    }

    /// Adds the queries in a folder (`PACK/NAME.sql`). A query with a known name replaces the earlier one.
    ///
    /// # Errors
    /// If a file cannot be read or is invalid, or two files of the folder have the same name.
    pub fn with_dir(mut self, folder: &Path) -> Result<Self, CatalogueError> {
        let mut added = Self::default();
        for path in sql_files(folder)? {
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            added.insert_new(header::parse(&path, &text)?)?;
        }
        self.queries.extend(added.queries);
        Ok(self)
    }

    /// All queries, by name.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        self.queries.values()
    }

    /// Names of the packs, sorted.
    pub fn packs(&self) -> Vec<&str> {
        let mut packs: Vec<&str> = self.queries().map(|query| query.pack.as_str()).collect();
        packs.sort_unstable();
        packs.dedup();
        packs
    }

    /// The query named `NAME` or `PACK/NAME`.
    ///
    /// # Errors
    /// If there is none; the error names the most similar query.
    pub fn get(&self, name: &str) -> Result<&Query, QueryError> {
        let (pack, bare) = name.split_once('/').map_or((None, name), |(pack, bare)| (Some(pack), bare));
        let found = self.queries.get(bare).filter(|query| pack.is_none_or(|pack| pack == query.pack));
        found.ok_or_else(|| QueryError::UnknownQuery {
            name: name.to_owned(),
            nearest: nearest(bare, self.queries.keys().map(String::as_str)).map(str::to_owned),
        })
    }

    fn insert_new(&mut self, query: Query) -> Result<(), CatalogueError> {
        if let Some(first) = self.queries.get(&query.name) {
            let problem = format!("duplicate query {}: also in {}", query.name, first.path.display());
            return Err(CatalogueError { file: query.path.display().to_string(), line: 0, problem });
        }
        self.queries.insert(query.name.clone(), query);
        Ok(())
    }
}

fn collect(folder: &'static Dir<'_>, files: &mut Vec<(&'static Path, &'static str)>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) if inner.path() == Path::new(PARTS) => {}
            DirEntry::Dir(inner) => collect(inner, files),
            DirEntry::File(file) if file.path().extension().is_some_and(|end| end == "sql") => {
                files.push((file.path(), file.contents_utf8().unwrap_or_default()));
            }
            DirEntry::File(_) => {}
        }
    }
}

/// `FOLDER/PACK/NAME.sql`, sorted.
fn sql_files(folder: &Path) -> Result<Vec<PathBuf>, CatalogueError> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>, CatalogueError> {
        let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        entries
            .map(|entry| entry.map(|entry| entry.path()).map_err(|error| unreadable(folder, &error)))
            .collect()
    };
    let mut files = Vec::new();
    for pack in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        files
            .extend(list(&pack)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "sql")));
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> CatalogueError {
    CatalogueError { file: path.display().to_string(), line: 0, problem: error.to_string() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn built_in_queries_are_valid() {
        let catalogue = Catalogue::builtin().unwrap();
        assert!(catalogue.queries().count() >= 60);
        assert!(catalogue.packs().len() >= 14, "{:?}", catalogue.packs());
        for query in catalogue.queries() {
            query.params(&[]).unwrap();
        }
    }

    #[test]
    fn techniques_are_of_one_version() {
        let list = include_str!("catalogue/attack.txt");
        assert!(list.starts_with(&format!(
            "# Techniques that the catalogue names, of MITRE ATT&CK {ATTACK_VERSION}."
        )));
        let known: BTreeMap<&str, &str> = list
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('\t'))
            .collect();
        let catalogue = Catalogue::builtin().unwrap();
        let named: Vec<(&str, &str)> = catalogue
            .queries()
            .flat_map(|query| query.attack.iter().map(|id| (query.name.as_str(), id.as_str())))
            .collect();
        for (query, id) in &named {
            assert!(known.contains_key(id), "{query}: {id} is not of {ATTACK_VERSION}");
        }
        for id in known.keys() {
            assert!(named.iter().any(|(_, named)| named == id), "no query names {id}");
        }
    }

    /// Incidents and reports rely on these columns of every detection.
    #[test]
    fn detections_say_who_what_and_why() {
        let columns = ["principal", "addresses", "remote_ips", "sessions", "severity", "reasons"];
        for query in Catalogue::builtin().unwrap().queries().filter(|query| query.kind == Kind::Detection) {
            for column in columns.into_iter().chain(STANDARD_COLUMNS) {
                assert!(
                    query.columns.iter().any(|known| known.name == column),
                    "{}: no column {column}",
                    query.name
                );
            }
        }
    }

    #[test]
    fn a_misspelt_name_gets_a_suggestion() {
        let catalogue = Catalogue::builtin().unwrap();
        assert_eq!(catalogue.get("destruction/mass-delete").unwrap().name, "mass-delete");
        assert!(catalogue.get("mass-delet").unwrap_err().to_string().contains("mass-delete"));
        assert!(!catalogue.get("zzzzzzzz").unwrap_err().to_string().contains("mean"));
        assert!(catalogue.get("cost/mass-delete").is_err());
    }

    #[test]
    fn parameters_are_typed() {
        let catalogue = Catalogue::builtin().unwrap();
        let query = catalogue.get("mass-delete").unwrap();
        let given = |name: &str, value: &str| query.params(&[(name.to_owned(), value.to_owned())]);
        assert_eq!(
            given("keys", "7").unwrap()["keys"],
            datafusion::common::ScalarValue::Int64(Some(7)).into()
        );
        assert!(given("keys", "many").unwrap_err().to_string().contains("integer"));
        assert!(given("kees", "7").unwrap_err().to_string().contains("keys, few, times, missed, window"));
        assert!(given("window", "a while").is_err());
    }

    #[test]
    fn a_folder_adds_and_replaces() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("own")).unwrap();
        let text = "-- title: t\n-- question: q\n-- pack: own\n-- kind: report\n-- severity: info\n\
                    -- column: a — b\n-- false positives: none\n-- source: own\n\nSELECT 1 AS a\n";
        std::fs::write(folder.path().join("own/mass-delete.sql"), text).unwrap();
        let catalogue = Catalogue::builtin().unwrap().with_dir(folder.path()).unwrap();
        assert_eq!(catalogue.get("mass-delete").unwrap().pack, "own");
        std::fs::write(folder.path().join("own/bad.sql"), text.replace("info", "dire")).unwrap();
        let error = Catalogue::default().with_dir(folder.path()).unwrap_err();
        assert!(error.to_string().contains("own/bad.sql:5: "), "{error}");
    }
}
