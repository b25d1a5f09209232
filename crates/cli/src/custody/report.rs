//! Compares a stored report with the current dataset.

use std::path::Path;

use saltmine_lake::{Check, VerifyReport};
use serde::Deserialize;

use super::{CustodyError, checked};
use crate::output::sanitize::sanitize;

/// The parts of a report to compare.
#[derive(Debug, Deserialize)]
struct SignedReport {
    verdict: String,
    verified_at: String,
    sources_fingerprint: String,
    tables: Vec<SignedTable>,
    checks: Vec<SignedCheck>,
}

#[derive(Debug, Deserialize)]
struct SignedTable {
    name: String,
    rows: u64,
    fingerprint: String,
}

#[derive(Debug, Deserialize)]
struct SignedCheck {
    name: String,
    outcome: String,
}

/// Checks whether the dataset is unchanged since the report, and whether the report's verification had passed.
pub(super) fn check(bytes: &[u8], path: &Path, now: &VerifyReport) -> Result<Check, CustodyError> {
    let kept: SignedReport = serde_json::from_slice(bytes).map_err(|error| CustodyError::NotOne {
        path: path.display().to_string(),
        what: "a report as saltmine verify --format json writes it",
        problem: error.to_string(),
    })?;
    let mut problems = tables(&kept, now);
    if kept.sources_fingerprint != now.sources_fingerprint {
        problems.push(format!(
            "it covers other log files: their fingerprint was {}, and is now {}",
            sanitize(&kept.sources_fingerprint),
            now.sources_fingerprint
        ));
    }
    let failed: Vec<&str> = kept
        .checks
        .iter()
        .filter(|check| check.outcome == "failed")
        .map(|check| check.name.as_str())
        .collect();
    if !failed.is_empty() || kept.checks.is_empty() {
        problems.push(format!(
            "the verification of {} had failed: {}",
            sanitize(&kept.verified_at),
            sanitize(&kept.verdict)
        ));
    }
    Ok(checked("report", "The dataset is, file for file, the one described in the report.", problems))
}

fn tables(kept: &SignedReport, now: &VerifyReport) -> Vec<String> {
    let mut problems = Vec::new();
    for table in &kept.tables {
        let name = sanitize(&table.name);
        match now.tables.iter().find(|other| other.name == table.name) {
            None => problems.push(format!("the table {name} is not there")),
            Some(other) if other.fingerprint != table.fingerprint => problems.push(format!(
                "the files of the table {name} have changed: {} rows with the fingerprint {}, now {} rows with {}",
                table.rows,
                sanitize(&table.fingerprint),
                other.rows,
                other.fingerprint
            )),
            Some(_) => {}
        }
    }
    let new = now.tables.iter().filter(|table| !kept.tables.iter().any(|other| other.name == table.name));
    problems.extend(new.map(|table| format!("the table {} was not there", table.name)));
    problems
}
