//! The results of a verification.

use serde::Serialize;

use crate::counted::counted;

/// The number of details kept per check; further failures are only counted.
pub(super) const MAX_DETAILS: usize = 20;

/// The findings about a dataset, suitable for keeping with a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// The result in a sentence, from [`VerifyReport::verdict`].
    pub verdict: String,
    /// The dataset's folder, as an absolute path.
    pub dataset: String,
    /// The paths of the given sources; empty if there were none.
    pub sources: Vec<String>,
    /// The version of saltmine that verified.
    pub saltmine_version: String,
    /// The versions of saltmine that had read the sources, according to the ledger.
    pub ingested_by: Vec<String>,
    /// The time of the verification, in RFC 3339, UTC.
    pub verified_at: String,
    /// The examiner.
    pub examiner: Examiner,
    /// The tables at that time.
    pub tables: Vec<TableState>,
    /// Sums over the ledger.
    pub totals: Totals,
    /// The first hundred source files that are not `complete`, in order of their names.
    pub incomplete: Vec<IncompleteSource>,
    /// SHA-256 over a line `SHA256  NAME` for each content that was read, in the order of the lines. It does
    /// not change unless a source is added, however the dataset's own files are merged.
    pub sources_fingerprint: String,
    /// The time range that excluded sources by their names, written as command-line options.
    pub range: Option<String>,
    /// The number of sources outside the range: files, objects, and unlisted periods of objects.
    pub left_out: u64,
    /// Hidden and special files among the sources, which neither ingest nor verification reads.
    pub passed_over: u64,
    /// Summary of the comparison with the sources; `None` if none were given.
    pub compared: Option<ComparisonSummary>,
    /// Sources that have been renamed since they were read; the first hundred.
    pub renamed: Vec<RenamedSource>,
    /// Sources that could not be compared although sources were given; the first hundred.
    pub unverifiable: Vec<UnverifiableSource>,
    /// The checks, in order.
    pub checks: Vec<Check>,
}

impl VerifyReport {
    /// Whether no check failed.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.outcome() != Outcome::Failed)
    }

    /// Whether some rows or sources could not be compared with anything.
    pub fn is_partial(&self) -> bool {
        self.compared.as_ref().is_some_and(|compared| compared.unverifiable_sources > 0)
    }

    /// The result in a sentence. It states what was not compared, and how many sources are incomplete.
    pub fn verdict(&self) -> String {
        let count = |outcome| self.checks.iter().filter(|check| check.outcome() == outcome).count();
        let (passed, failed) = (count(Outcome::Passed), count(Outcome::Failed));
        let made = passed + failed;
        let mut verdict = match failed {
            0 if self.compared.is_none() => format!("{made} internal checks of the dataset passed"),
            0 if self.is_partial() => format!("{made} of {made} checks passed"),
            0 => format!("Every check passed ({made})"),
            _ => format!("{failed} of {made} checks failed"),
        };
        match &self.compared {
            None => verdict += "; no source was given, so the rows were NOT compared with the logs",
            Some(compared) if self.is_partial() => {
                let joint = if failed == 0 { ", but" } else { ";" };
                verdict += &format!(
                    "{joint} {} of {} could NOT be compared, because their logs are not among the sources",
                    counted(compared.unverifiable_rows, "row"),
                    counted(compared.unverifiable_sources, "source"),
                );
            }
            Some(_) => {}
        }
        if self.left_out > 0 {
            verdict += "; sources whose names are outside the given time range were skipped and not compared";
        }
        match self.totals.incomplete {
            0 => {}
            1 => verdict += "; 1 source is incomplete, and the dataset has only its readable part",
            count => {
                verdict += &format!(
                    "; {count} sources are incomplete, and the dataset has only their readable parts"
                );
            }
        }
        match self.compared.as_ref().map_or(0, |compared| compared.renamed_sources) {
            0 => {}
            1 => verdict += "; 1 source has been renamed since it was read",
            count => verdict += &format!("; {count} sources have been renamed since they were read"),
        }
        verdict + "."
    }
}

/// The person and computer of a verification, if known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Examiner {
    /// A name.
    pub name: Option<String>,
    /// The host name of the computer.
    pub host: Option<String>,
}

/// Summary of the comparison with the sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ComparisonSummary {
    /// Source files that were read again. Copies with the same content count once.
    pub sources: u64,
    /// Source files with the content of another one.
    pub copies: u64,
    /// Their stored size in bytes.
    pub bytes: u64,
    /// Bytes of text in them.
    pub inflated: u64,
    /// Their lines.
    pub lines: u64,
    /// Rows that the lines produced, each compared with the tables.
    pub rows: u64,
    /// The number of columns compared for each row.
    pub columns: u64,
    /// Rejected lines, each compared with the table `rejects`.
    pub rejects: u64,
    /// Rows removed as duplicates, each compared with the row that was kept.
    pub duplicates: u64,
    /// Sources that have been renamed since they were read.
    pub renamed_sources: u64,
    /// Sources in the ledger whose content is not among the given sources.
    pub unverifiable_sources: u64,
    /// Rows and rejects of these sources, according to the tables.
    pub unverifiable_rows: u64,
}

/// A source that has been renamed since it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RenamedSource {
    /// Its name in the dataset.
    pub log_file: String,
    /// Its name among the sources.
    pub now: String,
}

/// A source in the ledger that could not be compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnverifiableSource {
    /// Its name in the dataset.
    pub log_file: String,
    /// The reason.
    pub reason: String,
}

/// A table at the time of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableState {
    /// `logs`, `rejects`, `sources` or `duplicates`.
    pub name: &'static str,
    /// Its version: the number of commits since it was created.
    pub version: u64,
    /// The number of its files.
    pub files: u64,
    /// Rows read from them.
    pub rows: u64,
    /// Their size in bytes, according to the table's log.
    pub bytes: u64,
    /// SHA-256 over a line `SHA256  PATH` for each file, as `sha256sum` prints it, in the order of the paths.
    pub fingerprint: String,
}

/// Sums over the rows of the ledger. A sum that does not fit in 64 bits becomes the largest number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Source files.
    pub sources: u64,
    /// Their lines.
    pub lines: u64,
    /// Lines that gave a row.
    pub rows: u64,
    /// Lines that could not be parsed.
    pub rejects: u64,
    /// Lines of white space.
    pub blanks: u64,
    /// Source files that are not `complete`.
    pub incomplete: u64,
}

/// A source file that could not be read completely.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct IncompleteSource {
    /// Its name.
    pub log_file: String,
    /// `truncated`, `damaged`, `unreadable` or `not_a_log`.
    pub state: String,
    /// The problem, and the byte at which it begins.
    pub problem: Option<String>,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything that was examined is correct.
    Passed,
    /// Something is wrong.
    Failed,
    /// There was nothing to compare with.
    Skipped,
}

/// A check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// The statement that a passed check proves.
    pub claim: &'static str,
    /// The number of examined items: files, sources or lines.
    pub examined: u64,
    /// The number of items that are wrong.
    pub failures: u64,
    /// Problems with the first of them; for a time stamp that passed, its time. Names from logs and paths are quoted and escaped.
    pub details: Vec<String>,
    /// Why the check was skipped, if it was.
    pub skipped: Option<&'static str>,
}

impl Check {
    pub(super) fn new(name: &'static str, claim: &'static str) -> Self {
        Self { name, claim, examined: 0, failures: 0, details: Vec::new(), skipped: None }
    }

    /// The result of the check.
    pub fn outcome(&self) -> Outcome {
        match (self.skipped, self.failures) {
            (Some(_), _) => Outcome::Skipped,
            (None, 0) => Outcome::Passed,
            (None, _) => Outcome::Failed,
        }
    }

    /// Counts one examined item, and records the problem, if any.
    pub(super) fn examine(&mut self, wrong: Option<String>) {
        self.examined += 1;
        if let Some(detail) = wrong {
            self.fail(detail);
        }
    }

    /// Records a failure of an item that is counted elsewhere.
    pub(super) fn fail(&mut self, detail: String) {
        self.failures += 1;
        if self.details.len() < MAX_DETAILS {
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
