//! Findings as a table for spreadsheets, with one row per row of a finding.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use saltmine_query::hunt::{HuntReport, RowSummary};

use super::super::text::wrong;
use crate::error::CliError;

/// The shown rows of each finding, with the number of its incident.
pub(crate) fn batch(report: &HuntReport) -> Result<RecordBatch, CliError> {
    let rows: Vec<_> = report
        .findings
        .iter()
        .flat_map(|finding| finding.who.iter().map(move |who| (finding, who)))
        .collect();
    let incidents = |query: &str, who: &RowSummary| {
        let is_in = |incident: &&saltmine_query::incidents::Incident| {
            let principal = who.columns.get("principal").and_then(serde_json::Value::as_str);
            let is_named = |actor: &saltmine_query::incidents::Actor| {
                Some(actor.principal.as_str()) == principal
                    || who.requester.as_ref().is_some_and(|one| actor.requesters.contains(one))
            };
            incident.findings.iter().any(|finding| finding.query == query)
                && incident.actors.iter().any(is_named)
        };
        report.incidents.iter().find(is_in).map(|incident| incident.number as u64)
    };
    let text = |value: fn(&saltmine_query::hunt::Finding, &RowSummary) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|(finding, who)| value(finding, who)).collect::<StringArray>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("severity", text(|finding, _| Some(finding.severity.as_str().to_owned()))),
        (
            "incident",
            Arc::new(
                rows.iter().map(|(finding, who)| incidents(&finding.query, who)).collect::<UInt64Array>(),
            ),
        ),
        ("query", text(|finding, _| Some(finding.query.clone()))),
        ("title", text(|finding, _| Some(finding.title.clone()))),
        ("attack", text(|finding, _| Some(finding.attacks.join(" ")))),
        ("requester", text(|_, who| who.requester.clone())),
        ("remote_ip", text(|_, who| who.remote_ip.clone())),
        ("addresses", text(|_, who| who.addresses.map(|count| count.to_string()))),
        ("remote_ips", text(|_, who| Some(who.remote_ips.join(" ")))),
        ("bucket", text(|_, who| who.bucket.clone())),
        ("events", text(|_, who| Some(who.events.to_string()))),
        ("first_seen", text(|_, who| who.first_seen.clone())),
        ("last_seen", text(|_, who| who.last_seen.clone())),
        ("reasons", text(|_, who| Some(who.reasons.join("; ")))),
        ("columns", text(|_, who| serde_json::to_string(&who.columns).ok())),
        ("evidence", text(|_, who| Some(who.evidence.join(" ")))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .map_err(wrong)
}
