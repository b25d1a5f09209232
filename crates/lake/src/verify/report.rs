//! What a verification found.

use serde::Serialize;

/// Details kept of a check; the failures beyond are counted only.
const KEPT: usize = 20;

/// The findings about a dataset, fit to be kept with a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// The dataset's folder, from the root on.
    pub dataset: String,
    /// The folder of the sources, likewise; `None` if it was not given.
    pub source_root: Option<String>,
    /// Version of saltmine that looked.
    pub saltmine_version: String,
    /// When it looked, by RFC 3339 in UTC.
    pub verified_at: String,
    /// For whom.
    pub examiner: Examiner,
    /// The tables as they were.
    pub tables: Vec<TableState>,
    /// Sums over the ledger.
    pub totals: Totals,
    /// The first hundred of the source files that are not `complete`, in the order of their names.
    pub incomplete: Vec<Incomplete>,
    /// SHA-256 over a line `SHA256  NAME` for each content that was read, in the order of the lines. It stays the same
    /// while no source is added, however the dataset's own files are merged.
    pub sources_fingerprint: String,
    /// Which rows were read again; `None` without sources.
    pub sample: Option<Sample>,
    /// What was checked, in order.
    pub checks: Vec<Check>,
}

impl VerifyReport {
    /// Whether no check failed.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.outcome() != Outcome::Failed)
    }
}

/// Who had a dataset verified, as far as was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Examiner {
    /// A name.
    pub name: Option<String>,
    /// The computer.
    pub host: Option<String>,
}

/// Rows that were taken at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// How many were asked for.
    pub rows: u64,
    /// With it the same rows can be taken again.
    pub seed: u64,
}

/// A table at the time of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableState {
    /// `logs`, `rejects`, `sources` or `duplicates`.
    pub name: &'static str,
    /// Its version: the number of commits since it was made.
    pub version: u64,
    /// Files in it.
    pub files: u64,
    /// Rows in them, by its log.
    pub rows: u64,
    /// Bytes of them, by its log.
    pub bytes: u64,
    /// SHA-256 over a line `SHA256  PATH` for each file, as `sha256sum` prints them, in the order of their paths.
    pub fingerprint: String,
}

/// Sums over the rows of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Source files.
    pub sources: u64,
    /// Their lines.
    pub lines: u64,
    /// Lines that gave a row.
    pub rows: u64,
    /// Lines that could not be read.
    pub rejects: u64,
    /// Lines of white space.
    pub blanks: u64,
    /// Source files that are not `complete`.
    pub incomplete: u64,
}

/// A source file that could not be read whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Incomplete {
    /// Its name.
    pub log_file: String,
    /// `truncated`, `damaged`, `unreadable` or `not_a_log`.
    pub state: String,
    /// What is wrong with it, and from which byte on.
    pub problem: Option<String>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All that was examined is right.
    Passed,
    /// Something is wrong.
    Failed,
    /// There was nothing to examine it by.
    Skipped,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What passing it proves, in a sentence.
    pub claim: &'static str,
    /// Things that were examined: files, sources or lines.
    pub examined: u64,
    /// Those that are wrong.
    pub failures: u64,
    /// What is wrong with the first of them. Names from logs and paths are in quotes and escaped.
    pub details: Vec<String>,
    /// Why it was not made, if it was not.
    pub skipped: Option<&'static str>,
}

impl Check {
    pub(super) fn new(name: &'static str, claim: &'static str) -> Self {
        Self { name, claim, examined: 0, failures: 0, details: Vec::new(), skipped: None }
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        match (self.skipped, self.failures) {
            (Some(_), _) => Outcome::Skipped,
            (None, 0) => Outcome::Passed,
            (None, _) => Outcome::Failed,
        }
    }

    /// Counts one examined thing, and what is wrong with it, if anything.
    pub(super) fn examine(&mut self, wrong: Option<String>) {
        self.examined += 1;
        if let Some(detail) = wrong {
            self.fail(detail);
        }
    }

    /// Counts a failure of something that is counted elsewhere.
    pub(super) fn fail(&mut self, detail: String) {
        self.failures += 1;
        if self.details.len() < KEPT {
            self.details.push(detail);
        }
    }
}

impl Serialize for Check {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut check = serializer.serialize_struct("Check", 7)?;
        check.serialize_field("name", self.name)?;
        check.serialize_field("claim", self.claim)?;
        check.serialize_field("outcome", &self.outcome())?;
        check.serialize_field("examined", &self.examined)?;
        check.serialize_field("failures", &self.failures)?;
        check.serialize_field("details", &self.details)?;
        check.serialize_field("skipped", &self.skipped)?;
        check.end()
    }
}
