//! The source files: their lines, and a hash over all of their hashes.

use futures::TryStreamExt;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::answer::{Answer, Value, values};
use super::statement::Statement;
use crate::error::QueryError;
use crate::session::Session;

/// Maximum number of files to list.
const MAX_LISTED: usize = 100;

/// The source files of an input. Lines are counted for all of them, independent of the time range.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sources {
    /// The SQL.
    pub sql: &'static str,
    /// Number of files.
    pub files: u64,
    /// Size as stored, in bytes.
    pub size: u64,
    /// Their lines; `lines = rows + rejects + blanks`.
    pub lines: u64,
    /// Lines that became rows.
    pub rows: u64,
    /// Lines that could not be parsed.
    pub rejects: u64,
    /// Blank lines.
    pub blanks: u64,
    /// Files that were not read completely.
    pub damaged: u64,
    /// Files with a hash; raw files have none.
    pub hashed: u64,
    /// SHA-256 of the files' hexadecimal SHA-256, sorted, one per line; `None` if no file has one.
    pub digest: Option<String>,
    /// The files: those with a problem first, then those with rejects, then by name; at most 100.
    pub listed: Vec<SourceLine>,
}

/// A source file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SourceLine {
    /// Whether it was read completely.
    #[serde(skip)]
    whole: bool,
    #[serde(skip)]
    read: bool,
    /// Its path.
    pub log_file: String,
    /// Its size as stored, in bytes.
    pub size: i64,
    /// Its SHA-256.
    pub sha256: Option<String>,
    /// Its lines.
    pub lines: i64,
    /// Lines that could not be parsed.
    pub rejects: i64,
    /// Its state, in one word.
    pub state: String,
    /// The problem, if there is one.
    pub problem: Option<String>,
    /// First request, in microseconds since 1970.
    pub first_time: Option<i64>,
    /// Last request, in microseconds since 1970.
    pub last_time: Option<i64>,
}

/// Reads the list of sources once, as a stream, and keeps only a small part.
pub(super) async fn read(session: &Session, (name, sql): Statement) -> Result<Sources, QueryError> {
    let mut stream = session.run_unredacted(sql, &Default::default()).await?;
    let columns = stream.schema().fields().iter().map(|field| field.name().clone()).collect();
    let shape = Answer { name, sql, params: Vec::new(), columns, rows: Vec::new() };
    let mut sources = Sources { sql, ..Sources::default() };
    let mut digest = Sha256::new();
    while let Some(batch) = stream.try_next().await? {
        for row in values(&batch)? {
            let source = sources.add(&shape, &row);
            if let Some(sha256) = &source.sha256 {
                digest.update(sha256.as_bytes());
                digest.update(b"\n");
                sources.hashed += 1;
            }
            sources.listed.push(source);
        }
        sources.listed.sort();
        sources.listed.truncate(MAX_LISTED);
    }
    let hex = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
    sources.digest = (sources.hashed > 0).then(|| hex(&digest.finalize()));
    Ok(sources)
}

impl Sources {
    fn add(&mut self, shape: &Answer, row: &[Value]) -> SourceLine {
        let integer = |column| shape.integer(row, column);
        let count = |column| u64::try_from(integer(column)).unwrap_or(0);
        let text = |column| shape.value(row, column).text().map(str::to_owned);
        let state = text("state").unwrap_or_default();
        self.files += 1;
        self.size += count("size");
        self.lines += count("lines");
        self.rows += count("rows");
        self.rejects += count("rejects");
        self.blanks += count("blanks");
        self.damaged += u64::from(!is_whole(&state));
        SourceLine {
            whole: is_whole(&state),
            read: integer("rejects") == 0,
            log_file: text("log_file").unwrap_or_default(),
            size: integer("size"),
            sha256: text("sha256"),
            lines: integer("lines"),
            rejects: integer("rejects"),
            state,
            problem: text("problem"),
            first_time: shape.time(row, "first_time"),
            last_time: shape.time(row, "last_time"),
        }
    }
}

/// Whether the input includes all of a source, or of another source with the same content.
fn is_whole(state: &str) -> bool {
    matches!(state, "complete" | "same")
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn an_object_with_known_content_is_not_damaged() {
        assert!(is_whole("complete") && is_whole("same"));
        for state in ["truncated", "damaged", "unreadable", "not_a_log", ""] {
            assert!(!is_whole(state), "{state}");
        }
    }
}
