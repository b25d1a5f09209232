//! What can go wrong with a question.

use datafusion::error::DataFusionError;
use saltmine_lake::LakeError;
use saltmine_scan::SourceError;

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

    /// The statement would write, or reach what is no table of the session.
    #[error("refused: {0}")]
    Refused(String),

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

    /// There is no query of this name.
    #[error("there is no query {name}{}", .nearest.as_ref().map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default())]
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
    Catalogue(#[from] crate::catalogue::CatalogueError),

    /// A parameter is missing, unknown, or has no value of its type.
    #[error("parameter {name}: {problem}")]
    Parameter {
        /// The parameter's name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

/// DataFusion's message, without its layers, and with the place in the SQL where it is known.
fn describe(error: &DataFusionError) -> String {
    let root = error.find_root();
    let text = match root {
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::Configuration(text)
        | DataFusionError::ResourcesExhausted(text) => text.clone(),
        DataFusionError::NotImplemented(text) => format!("not supported: {text}"),
        DataFusionError::SQL(parser, _) => parser.to_string(),
        other => other.strip_backtrace(),
    };
    match error.diagnostic().and_then(|diagnostic| diagnostic.span) {
        Some(span) if !text.contains(" at Line: ") => {
            format!("line {}, column {}: {text}", span.start.line, span.start.column)
        }
        _ => text,
    }
}
