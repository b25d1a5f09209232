//! The detections that rows belong to.

use std::collections::BTreeMap;

use super::clue::Clue;
use super::model::FindingRef;
use crate::catalogue::Severity;

/// The detections of the rows, most severe first.
pub(super) fn findings<'a>(rows: impl Iterator<Item = &'a Clue>) -> Vec<FindingRef> {
    let mut found: BTreeMap<&str, FindingRef> = BTreeMap::new();
    for clue in rows {
        let new = || FindingRef {
            severity: Severity::Info,
            query: clue.query.clone(),
            title: clue.title.clone(),
            rows: 0,
        };
        let finding = found.entry(&clue.query).or_insert_with(new);
        finding.severity = finding.severity.max(clue.severity);
        finding.rows += 1;
    }
    let mut found: Vec<FindingRef> = found.into_values().collect();
    found.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.query.cmp(&b.query)));
    found
}
