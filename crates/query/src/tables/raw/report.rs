//! Collects damaged files and rejected lines of raw scans, in memory that does not grow with the number of sources.

use std::collections::BTreeMap;

use saltmine_scan::{SourceReport, SourceState};

/// Maximum number of sources reported individually; beyond that, they are only counted.
const MAX_REPORTED: usize = 1000;
/// Maximum bytes kept of a rejected line; the table `rejects` has all of them.
const MAX_REJECT_BYTES: usize = 512;

/// Damaged files, rejected lines and copies found by raw scans.
#[derive(Clone, Debug, Default)]
pub struct ScanReport {
    /// Reports of sources with damage or rejects, by name; if there are many, the first by name. Each keeps at most
    /// its first reject.
    pub sources: BTreeMap<String, SourceReport>,
    /// Sources with the same content as another one, which was read instead: by name, with the other's name.
    pub copies: BTreeMap<String, String>,
    files: u64,
    damaged: u64,
    rejects: u64,
}

impl ScanReport {
    /// Rejected lines.
    pub fn rejects(&self) -> u64 {
        self.rejects
    }

    /// Files with damage or rejects; [`ScanReport::sources`] may list fewer.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// Damaged files; [`ScanReport::damaged`] may list fewer.
    pub fn damaged_files(&self) -> u64 {
        self.damaged
    }

    /// Damaged sources.
    pub fn damaged(&self) -> impl Iterator<Item = &SourceReport> {
        self.sources.values().filter(|report| report.state != SourceState::Complete)
    }

    /// Adds the result of scanning a source. `is_new` is false if the source is known: a scan of another table saw
    /// the same, but perhaps a reject that the first one did not keep.
    fn note(&mut self, report: &SourceReport, is_new: bool) {
        if is_new {
            self.files += 1;
            self.damaged += u64::from(report.state != SourceState::Complete);
            self.rejects += report.counts.rejects;
        }
        if let Some(noted) = self.sources.get_mut(&report.name) {
            if noted.rejected.is_empty() {
                noted.rejected = first_reject(report);
            }
            return;
        }
        let is_full = self.sources.len() >= MAX_REPORTED;
        if is_full && self.sources.last_key_value().is_some_and(|(last, _)| *last < report.name) {
            return;
        }
        let kept = SourceReport { rejected: first_reject(report), ..report.clone() };
        self.sources.insert(report.name.clone(), kept);
        if is_full {
            self.sources.pop_last();
        }
    }

    /// Rewrites all text that comes from outside.
    pub(crate) fn change_texts(&mut self, change: impl Fn(&str) -> String) {
        for (name, mut report) in std::mem::take(&mut self.sources) {
            report.name = change(&report.name);
            if let Some(problem) = &mut report.problem {
                problem.message = change(&problem.message);
            }
            for reject in &mut report.rejected {
                reject.reason = change(&reject.reason);
                reject.bytes = change(&String::from_utf8_lossy(&reject.bytes)).into_bytes();
            }
            self.sources.insert(change(&name), report);
        }
        for (copy, original) in std::mem::take(&mut self.copies) {
            self.copies.insert(change(&copy), change(&original));
        }
    }
}

fn first_reject(report: &SourceReport) -> Vec<saltmine_scan::Reject> {
    let mut kept: Vec<_> = report.rejected.iter().take(1).cloned().collect();
    kept.iter_mut().for_each(|reject| reject.bytes.truncate(MAX_REJECT_BYTES));
    kept
}

/// The growing report of a session.
#[derive(Debug, Default)]
pub(super) struct SharedReport {
    report: ScanReport,
    /// One bit per source that was recorded.
    seen: Vec<u64>,
}

impl SharedReport {
    pub(super) fn note(&mut self, index: usize, report: &SourceReport) {
        if report.state == SourceState::Complete && report.counts.rejects == 0 {
            return;
        }
        let (word, bit) = (index / 64, 1 << (index % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        let is_new = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        self.report.note(report, is_new);
    }

    pub(super) fn report(&self) -> ScanReport {
        self.report.clone()
    }
}

#[cfg(test)]
mod tests {
    use saltmine_scan::{Counts, Reject};

    use super::*;

    fn report(name: usize, rejects: u64, kept: usize) -> SourceReport {
        let reject =
            Reject { source: 0, line: 1, offset: 0, reason: "bad".into(), bytes: vec![b'x'; 100_000] };
        SourceReport {
            name: format!("{name:06}"),
            size: 0,
            inflated: 0,
            counts: Counts { rejects, ..Counts::default() },
            state: SourceState::Complete,
            problem: None,
            rejected: vec![reject; kept],
        }
    }

    #[test]
    fn many_bad_sources_are_counted_and_some_are_kept() {
        let mut noted = SharedReport::default();
        for index in (0..5000).rev() {
            noted.note(index, &report(index, 2, 0));
            noted.note(index, &report(index, 2, 100));
        }
        noted.note(5000, &report(5000, 0, 0));
        let report = noted.report();
        assert_eq!((report.files(), report.rejects(), report.damaged_files()), (5000, 10_000, 0));
        assert_eq!(report.sources.len(), MAX_REPORTED);
        assert_eq!(report.sources.first_key_value().map(|(name, _)| name.as_str()), Some("000000"));
        let kept: usize = report
            .sources
            .values()
            .flat_map(|source| &source.rejected)
            .map(|reject| reject.bytes.len())
            .sum();
        assert!(kept > 0 && kept <= MAX_REPORTED * MAX_REJECT_BYTES, "{kept}");
    }
}
