//! What can go wrong with a question.

mod diagnostic;
mod message;

use std::path::PathBuf;

use datafusion::error::DataFusionError;
use saltmine_lake::LakeError;
use saltmine_scan::SourceError;

pub use self::diagnostic::SqlDiagnostic;
pub(crate) use self::message::describe;

/// A query file that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct CatalogueError {
    /// The file, as it was given.
    pub file: String,
    /// Line in the file, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// An input path cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),

    /// The dataset cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),

    /// A dataset stands beside other inputs.
    #[error("{0} is a dataset; give either one dataset, or paths of logs")]
    MixedInputs(String),

    /// The SQL is wrong, or could not be carried out.
    #[error("{}", describe(.0))]
    Sql(#[from] DataFusionError),

    /// The SQL is wrong, and it is known where.
    #[error("{0}")]
    Statement(Box<SqlDiagnostic>),

    /// The statement would write, or reach what is no table of the session.
    #[error("refused: {0}")]
    Refused(String),

    /// The statement is larger than what can be planned.
    #[error("too large: {0}")]
    TooLarge(String),

    /// The statement is in a dialect of SQL of which a part is not known here.
    #[error("not supported: {0}")]
    Dialect(String),

    /// There is no statement in the text.
    #[error("there is no SQL statement")]
    Empty,

    /// A file given as a table cannot be read as one.
    #[error("table {name}: {problem}")]
    Table {
        /// The table's name.
        name: String,
        /// What is wrong.
        problem: String,
    },

    /// The logs cannot have this name beside their own.
    #[error("alias {name}: {problem}")]
    Alias {
        /// The name.
        name: String,
        /// What is wrong.
        problem: String,
    },

    /// The file of the redaction key cannot be read or made, or holds none.
    #[error("redaction key {}: {problem}", .path.display())]
    RedactKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },

    /// Redaction and writing exclude each other: statements that write can also read other files, such as the dataset's.
    #[error("redaction does not go with statements that write or read other files")]
    RedactWrites,
    /// A cluster was asked for what it does not do.
    #[error("on a cluster there is no redaction, and there are no statements that write")]
    RemoteOnlyReads,

    /// A question that is built in failed while it read true values, which its message might tell.
    #[error("failed over the true values; the message, which may quote them, is not shown under redaction")]
    Hidden,

    /// There is no query of this name.
    #[error("there is no query {name}; {}", match .nearest {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => "`saltmine queries` lists those there are".to_owned(),
    })]
    UnknownQuery {
        /// The name.
        name: String,
        /// A name that is much like it.
        nearest: Option<String>,
    },

    /// There is no pack of this name.
    #[error("there is no pack {name}; there are {known}")]
    UnknownPack {
        /// The name.
        name: String,
        /// All packs.
        known: String,
    },

    /// A query file is wrong.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),

    /// A parameter is missing, unknown, or has no value of its type.
    #[error("parameter {name}: {problem}")]
    Parameter {
        /// The parameter's name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}
