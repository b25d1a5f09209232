//! Errors of sessions and queries.

mod diagnostic;
mod message;

use std::path::PathBuf;

use datafusion::error::DataFusionError;
use saltmine_lake::LakeError;
use saltmine_scan::SourceError;

pub use self::diagnostic::SqlDiagnostic;
pub(crate) use self::message::describe;

/// An invalid query file.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct CatalogueError {
    /// The file, as given.
    pub file: String,
    /// Line in the file, from 1; 0 if the error concerns the whole file.
    pub line: usize,
    /// The problem.
    pub problem: String,
}

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// An input path cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),

    /// The dataset cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),

    /// A dataset was given together with other inputs.
    #[error("{0} is a dataset; give either one dataset or paths of logs")]
    MixedInputs(String),

    /// The SQL is invalid or could not be executed.
    #[error("{}", describe(.0))]
    Sql(#[from] DataFusionError),

    /// The SQL is invalid, at a known position.
    #[error("{0}")]
    Statement(Box<SqlDiagnostic>),

    /// The statement would write, or access something other than the session's tables.
    #[error("refused: {0}")]
    Refused(String),

    /// The statement is too large to plan.
    #[error("too large: {0}")]
    TooLarge(String),

    /// The statement uses SQL syntax that is not supported.
    #[error("not supported: {0}")]
    Dialect(String),

    /// The text contains no statement.
    #[error("no SQL statement given")]
    Empty,

    /// A file given as a table cannot be read as a table.
    #[error("table {name}: {problem}")]
    Table {
        /// The table's name.
        name: String,
        /// The problem.
        problem: String,
    },

    /// The alias cannot be used.
    #[error("alias {name}: {problem}")]
    Alias {
        /// The name.
        name: String,
        /// The problem.
        problem: String,
    },

    /// The redaction key file cannot be read or created, or is not a key.
    #[error("redaction key {}: {problem}", .path.display())]
    RedactKey {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
    },

    /// Redaction and writing exclude each other: statements that write could also read other files, such as those
    /// of the dataset.
    #[error("redaction cannot be combined with statements that write or read other files")]
    RedactWrites,
    /// A feature is not available on a cluster.
    #[error("redaction and statements that write are not supported on a cluster")]
    RemoteOnlyReads,

    /// A built-in query failed while it read unredacted values, which its message could reveal.
    #[error("failed on unredacted values; the message is hidden under redaction because it may quote them")]
    Hidden,

    /// There is no query with this name.
    #[error("there is no query {name}; {}", match .nearest {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => "`saltmine queries` lists all queries".to_owned(),
    })]
    UnknownQuery {
        /// The name.
        name: String,
        /// The most similar name.
        nearest: Option<String>,
    },

    /// A query that is a report was named where a detection is needed.
    #[error("{name} is not a detection; `saltmine queries` lists the detections")]
    NoDetection {
        /// The name.
        name: String,
    },

    /// There is no pack of this name.
    #[error("there is no pack {name}; the packs are {known}")]
    UnknownPack {
        /// The name.
        name: String,
        /// All packs.
        known: String,
    },

    /// A query file is invalid.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),

    /// A parameter is missing or unknown, or its value does not have the right type.
    #[error("parameter {name}: {problem}")]
    Parameter {
        /// The parameter's name.
        name: String,
        /// The problem.
        problem: String,
    },
}
