//! Checks that the sources are those that were read, that there are no others, and that the ledger is right
//! about them.

use saltmine_scan::SourceState;

use super::compare::{Comparison, MAX_LISTED, SourceStates};
use super::ledger::Entry;
use super::report::{Check, ComparisonSummary, RenamedSource, UnverifiableSource};
use super::source_scan::{Outcome, has_beginnings};
use crate::counted::counted;
use crate::error::LakeError;
use crate::storage::path::hex;

impl SourceStates<'_> {
    pub(super) fn check_unchanged(
        &self,
        check: &mut Check,
        comparison: &mut Comparison,
        compared: &mut ComparisonSummary,
    ) -> Result<(), LakeError> {
        for entry in &self.stored.ledger.entries {
            let Some(sha256) = entry.sha256 else { continue };
            let name = &entry.log_file;
            let Some((part, _)) = self.read.get(&sha256) else {
                compared.unverifiable_sources += 1;
                let reason = self.missing_reason(entry);
                // Nobody can be expected to keep piped input, or a file from which nothing was read.
                let may_be_gone = **name == *"-" || entry.state == SourceState::NotALog.as_str();
                if may_be_gone && !self.names.contains_key(&**name) {
                    check.examined += 1;
                } else {
                    check.examine(Some(format!("{name:?}: {reason}")));
                }
                if comparison.unverifiable.len() < MAX_LISTED {
                    comparison.unverifiable.push(UnverifiableSource { log_file: name.to_string(), reason });
                }
                continue;
            };
            let is_named = |source: &usize| self.sources[*source].name == **name;
            let same = self.contents.get(&sha256).map_or(&[][..], Vec::as_slice);
            if part.bytes.is_some() || same.iter().any(is_named) || **name == *"-" {
                check.examine(None);
                continue;
            }
            let now = &self.sources[part.source].name;
            match self.names.get(&**name) {
                None => {
                    check.examine(None);
                    compared.renamed_sources += 1;
                    if comparison.renamed.len() < MAX_LISTED {
                        comparison
                            .renamed
                            .push(RenamedSource { log_file: name.to_string(), now: now.clone() });
                    }
                }
                // A copy of the file from before it grew.
                Some(others) if self.have_grown(others, entry, sha256) => check.examine(None),
                Some(_) => check.examine(Some(format!(
                    "{name:?}: its rows come from {now:?}; {name:?} is a different file now"
                ))),
            }
        }
        Ok(())
    }

    fn have_grown(&self, sources: &[usize], entry: &Entry, sha256: [u8; 32]) -> bool {
        let wanted = [(entry.size, sha256)];
        let begins = |source: &usize| {
            has_beginnings(&self.sources[*source], &wanted).is_ok_and(|found| found.first() == Some(&true))
        };
        sources.iter().any(begins)
    }

    /// Why there is nothing to compare a content with.
    fn missing_reason(&self, entry: &Entry) -> String {
        let wanted = hex(&entry.sha256.unwrap_or_default());
        let rows = counted(entry.rows, "row");
        match self.names.get(&*entry.log_file).and_then(|sources| sources.first()) {
            None => {
                format!("not among the sources, and no source has SHA-256 {wanted}; the ledger says {rows}")
            }
            Some(source) => match &self.outcomes[*source] {
                Outcome { error: Some(error), .. } => error.clone(),
                Outcome { sha256: Some(sha256), .. } => format!(
                    "its SHA-256 is {}, not {wanted}, and it does not start with the content that was read; the \
                     ledger says {rows}",
                    hex(sha256)
                ),
                Outcome { .. } => "it could not be read".to_owned(),
            },
        }
    }

    pub(super) fn check_sources(&self, all_read: &mut Check, are_logs: &mut Check) {
        for (source, outcome) in self.sources.iter().zip(&self.outcomes) {
            let name = &source.name;
            let is_in_ledger =
                outcome.sha256.is_some_and(|sha256| self.stored.ledger.contents.contains_key(&sha256));
            all_read.examine(match &outcome.error {
                Some(error) => Some(format!("{name:?}: {error}")),
                None if is_in_ledger => None,
                None => Some(format!(
                    "{name:?}: not in the dataset: give verify the time range of the ingest, and its --trust-names, or ingest this file"
                )),
            });
            if let Some(state) = outcome.state {
                let problem = outcome.problem.as_deref().unwrap_or_default();
                are_logs.examine((state == SourceState::NotALog).then(|| format!("{name:?}: {problem}")));
            }
        }
    }

    pub(super) fn check_ledger(&self, check: &mut Check) {
        for entry in &self.stored.ledger.entries {
            let outcome = entry.sha256.and_then(|sha256| self.read.get(&sha256));
            let Some((_, outcome)) = outcome else { continue };
            let wrong = recount(entry, outcome);
            check.examine((!wrong.is_empty()).then(|| format!("{:?}: {}", entry.log_file, wrong.join("; "))));
        }
    }
}

/// The ledger's false statements about a source.
fn recount(entry: &Entry, outcome: &Outcome) -> Vec<String> {
    let counts = &outcome.counts;
    let mut wrong = Vec::new();
    for (what, recorded, found) in [
        ("bytes", entry.size, outcome.size),
        ("decompressed bytes", entry.inflated, outcome.inflated),
        ("lines", entry.lines, counts.lines),
        ("rows", entry.rows, counts.rows),
        ("rejects", entry.rejects, counts.rejects),
        ("blanks", entry.blanks, counts.blanks),
    ] {
        if recorded != found {
            wrong.push(format!("{what} in the ledger: {recorded}, but the source has {found}"));
        }
    }
    for (what, recorded, found) in
        [("first", entry.first_time, counts.first_time), ("last", entry.last_time, counts.last_time)]
    {
        if recorded != found {
            wrong.push(format!(
                "the {what} time in the ledger is {recorded:?}, but in the source it is {found:?}"
            ));
        }
    }
    let state = outcome.state.map_or("", SourceState::as_str);
    if entry.state != state {
        wrong.push(format!("state in the ledger: {:?}, but the source is {state}", entry.state));
    }
    if entry.problem != outcome.problem {
        let of = |problem: &Option<String>| problem.as_deref().unwrap_or("no problem").to_owned();
        let (recorded, found) = (of(&entry.problem), of(&outcome.problem));
        wrong.push(format!("problem in the ledger: {recorded:?}, but the source has {found:?}"));
    }
    wrong
}
