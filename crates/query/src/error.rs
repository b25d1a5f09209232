//! What can go wrong with a question.

use std::path::PathBuf;

use datafusion::error::DataFusionError;
use saltmine_lake::LakeError;
use saltmine_scan::SourceError;

use crate::misstatement::Misstatement;

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
    Statement(Box<Misstatement>),

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

/// DataFusion's message, without its layers.
pub(crate) fn describe(error: &DataFusionError) -> String {
    let root = error.find_root();
    let text = match root {
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::Configuration(text)
        | DataFusionError::ResourcesExhausted(text) => text.clone(),
        DataFusionError::NotImplemented(text) => format!("not supported: {text}"),
        DataFusionError::SQL(parser, _) => parser.to_string(),
        // One of ours, which says what a person needs.
        DataFusionError::External(error) => error.to_string(),
        other => other.strip_backtrace(),
    };
    // DataFusion's own kinds of errors are of no use to a person.
    let text = ["Schema error: ", "Error during planning: ", "sql parser error: "]
        .into_iter()
        .fold(text, |text, kind| text.strip_prefix(kind).map(str::to_owned).unwrap_or(text));
    brief(&text)
}

/// Without what a person has no use for: all columns where the right one is named already, and how DataFusion came to
/// find no function.
fn brief(text: &str) -> String {
    let text = match (text.find("Did you mean"), text.find("\nValid fields are ")) {
        (Some(_), Some(end)) => &text[..end],
        _ => text,
    };
    let text = match text.find("No function matches") {
        Some(start) => &text[start..],
        None => text,
    };
    let text = match text.split_once("\nValid fields are ") {
        Some((problem, fields)) => format!("{problem}\nThere are:{}", listed(fields)),
        None => text.to_owned(),
    };
    text.replace("\n\t", "\n  ").replace('\t', "")
}

/// Names of columns in lines that a terminal has room for, without the table if it is the same for all.
fn listed(fields: &str) -> String {
    const WIDTH: usize = 90;
    let names: Vec<&str> = fields.trim_end_matches('.').split(", ").collect();
    let table = names.first().and_then(|name| name.split_once('.')).map(|(table, _)| format!("{table}."));
    let table = table.filter(|table| names.iter().all(|name| name.starts_with(table.as_str())));
    let (mut text, mut line) = (String::new(), String::new());
    for name in names {
        let name = table.as_deref().and_then(|table| name.strip_prefix(table)).unwrap_or(name);
        if !line.is_empty() && line.chars().count() + name.chars().count() > WIDTH {
            text += &format!("\n  {}", line.trim_end());
            line.clear();
        }
        line += &format!("{name}, ");
    }
    text + &format!("\n  {}", line.trim_end_matches(", "))
}

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn many_columns_are_in_lines_of_their_own() {
        let names: Vec<String> = (0..40).map(|number| format!("logs.column_{number}")).collect();
        let told = brief(&format!("No field named x.\nValid fields are {}.", names.join(", ")));
        assert!(told.lines().count() > 5 && told.lines().all(|line| line.chars().count() <= 95), "{told}");
        assert!(told.ends_with(" column_39") && !told.contains("logs."), "{told}");
    }

    #[test]
    fn messages_say_what_is_of_use() {
        for (text, told) in [
            (
                "No field named kee. Did you mean 'logs.key'?\nValid fields are logs.key.",
                "No field named kee. Did you mean 'logs.key'?",
            ),
            (
                "No field named x.\nValid fields are logs.key, logs.bucket.",
                "No field named x.\nThere are:\n  key, bucket",
            ),
            (
                "No field named x.\nValid fields are logs.key, other.key.",
                "No field named x.\nThere are:\n  logs.key, other.key",
            ),
            (
                "Internal error: … No function matches the types.\n\tCandidates:\n\tsum(Int64)",
                "No function matches the types.\n  Candidates:\n  sum(Int64)",
            ),
        ] {
            assert_eq!(brief(text), told);
        }
    }
}
