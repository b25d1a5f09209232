//! Example lines of findings.

use std::collections::{BTreeSet, HashMap};

use datafusion::prelude::{SessionContext, col, lit};
use futures::TryStreamExt;

use super::columns::texts;
use super::report::{Example, Finding};
use crate::error::QueryError;
use crate::profiles::{ALL_LOGS, REQUESTS};
use crate::session::Session;

/// Maximum examples per finding.
const MAX_EXAMPLES: usize = 3;

/// Reads the lines behind the first evidence of all findings, in one pass over the records. Each element of `wanting`
/// belongs to a finding: whether its query is built in, and the places of its lines.
pub(super) async fn fill_examples(
    session: &Session,
    findings: &mut [Finding],
    wanting: &[(bool, Vec<String>)],
) -> Result<(), QueryError> {
    for builtin in [true, false] {
        // Built-in queries see the true values.
        let context = if builtin { session.unredacted() } else { session.context() };
        let redactor = session.redactor().filter(|_| builtin);
        let places = wanting.iter().filter(|(is, _)| *is == builtin);
        let places: BTreeSet<&str> =
            places.flat_map(|(_, places)| places.iter().take(MAX_EXAMPLES).map(String::as_str)).collect();
        let found = examples(context, &places).await?;
        for (finding, (_, places)) in findings.iter_mut().zip(wanting).filter(|(_, (is, _))| *is == builtin) {
            let known = places.iter().take(MAX_EXAMPLES).filter_map(|place| found.get(place));
            finding.examples = known.cloned().collect();
            finding.examples.sort_by(|a, b| (&a.request_time, &a.place).cmp(&(&b.request_time, &b.place)));
            finding.examples.dedup();
            if let Some(redactor) = redactor {
                finding.examples.iter_mut().for_each(|example| example.redact(redactor));
            }
        }
    }
    Ok(())
}

/// The lines at `log_file:log_line`, by place.
async fn examples(
    context: &SessionContext,
    places: &BTreeSet<&str>,
) -> Result<HashMap<String, Example>, QueryError> {
    let split = places.iter().filter_map(|place| place.rsplit_once(':'));
    let split: Vec<(&str, i64)> = split.filter_map(|(file, line)| Some((file, line.parse().ok()?))).collect();
    if split.is_empty() {
        return Ok(HashMap::new());
    }
    let (files, lines): (BTreeSet<&str>, BTreeSet<i64>) = split.into_iter().unzip();
    let of_files = col("log_file").in_list(files.into_iter().map(lit).collect(), false);
    let of_lines = col("log_line").in_list(lines.into_iter().map(lit).collect(), false);
    let names =
        ["log_file", "log_line", "request_time", "requester", "remote_ip", "operation", "key", "http_status"];
    // The stored requests of the hunt are faster to read. A row may begin before the reported time range.
    let known = [REQUESTS, ALL_LOGS, "logs"];
    let exists = |name: &&str| context.table_exist(*name).unwrap_or_default();
    let logs = known.into_iter().find(exists).unwrap_or("logs");
    let frame = context.table(logs).await?.filter(of_files.and(of_lines))?.select_columns(&names)?;
    let mut found = HashMap::new();
    let mut rows = frame.execute_stream().await?;
    while let Some(batch) = rows.try_next().await? {
        let columns = names.map(|name| texts(&batch, name));
        let [file, line, time, requester, address, operation, key, status] = columns;
        let (file, line, time, requester, address) = (file?, line?, time?, requester?, address?);
        let (operation, key, status) = (operation?, key?, status?);
        for row in 0..batch.num_rows() {
            let place = [file[row].as_deref().unwrap_or(""), line[row].as_deref().unwrap_or("")].join(":");
            if !places.contains(place.as_str()) {
                continue;
            }
            let example = Example {
                place: place.clone(),
                request_time: time[row].clone(),
                requester: requester[row].clone(),
                remote_ip: address[row].clone(),
                operation: operation[row].clone(),
                key: key[row].clone(),
                http_status: status[row].clone(),
            };
            found.insert(place, example);
        }
    }
    Ok(found)
}
