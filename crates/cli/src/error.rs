//! Errors of the command.

use std::io;
use std::path::Path;

use saltmine_lake::LakeError;
use saltmine_query::QueryError;
use saltmine_scan::SourceError;

use crate::exit::ExitCode;

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Catalogue(#[from] saltmine_query::catalogue::CatalogueError),
    #[error(transparent)]
    Custody(CustodyError),
    #[error(transparent)]
    Generate(#[from] saltmine_generate::GenerateError),
    #[error("{path}: {source}")]
    File { path: String, source: io::Error },
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error("cannot write the output: {0}")]
    Format(String),
    #[cfg(feature = "cluster")]
    #[error(transparent)]
    Cluster(#[from] saltmine_cluster::ClusterError),
    /// A case file is invalid; the text has one line per problem.
    #[error("{0}")]
    Case(String),
    #[error("{0}")]
    Usage(String),
    /// The input has nothing to examine.
    #[error("{0}")]
    Nothing(String),
    #[error("interrupted")]
    Interrupted,
}

/// Why a file or key cannot be used for a check.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CustodyError {
    #[error("{path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error("{path}: more than {limit} bytes, too large for {what}")]
    TooLarge { path: String, limit: u64, what: &'static str },
    #[error("{path}: not {what}: {problem}")]
    NotOne { path: String, what: &'static str, problem: String },
    #[error("{path}: {problem}")]
    Key { path: String, problem: String },
    #[error("{0}")]
    Usage(String),
}

impl From<CustodyError> for CliError {
    fn from(error: CustodyError) -> Self {
        match error {
            CustodyError::Usage(problem) => Self::Usage(problem),
            error => Self::Custody(error),
        }
    }
}

impl CliError {
    /// For `map_err` on file operations.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { path, source }
    }

    /// For `map_err` where JSON is written. A broken pipe stays a broken pipe.
    pub(crate) fn json(error: serde_json::Error) -> Self {
        if error.is_io() { Self::Output(error.into()) } else { Self::Format(error.to_string()) }
    }

    /// The exit code of the error.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_)
            | Self::Query(
                QueryError::UnknownQuery { .. }
                | QueryError::NoDetection { .. }
                | QueryError::UnknownPack { .. }
                | QueryError::Parameter { .. }
                | QueryError::MixedInputs(_)
                | QueryError::Alias { .. }
                | QueryError::RedactWrites
                | QueryError::RemoteOnlyReads,
            ) => ExitCode::Usage,
            Self::Interrupted | Self::Lake(LakeError::Stopped { .. }) => ExitCode::Interrupted,
            _ => ExitCode::Failure,
        }
    }

    /// Whether the reader of the output went away, which is not a failure.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
