//! Latency by operation, as percentile curves on a common scale.

use serde::Serialize;

use super::answer::{Answer, Value, ask};
use super::statement::Statement;
use crate::error::QueryError;
use crate::questions::latency::decode;
use crate::session::Session;

/// Points of a curve per factor of ten in 1 / (1 - percentile).
const POINTS_PER_DECADE: i32 = 16;
/// The last point is at 1 - 10^-LAST.
const LAST_DECADE: i32 = 6;

/// Curves of the operations with the most requests.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// The statement; its rows are in the curves.
    pub answer: Answer,
    /// 1 / (1 - percentile) of the points, starting at 1 (the minimum).
    pub scale: Vec<f64>,
    /// One curve per operation.
    pub curves: Vec<Curve>,
}

/// The latency of an operation's requests, in milliseconds. Percentiles are at most 0.1 % too high; everything else
/// is exact.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// The operation as logged.
    pub operation: String,
    /// Requests with a total time.
    pub requests: i64,
    /// The mean of the total time.
    pub mean: f64,
    /// The maximum total time.
    pub greatest: i64,
    /// The 50th, 90th, 99th and 99.9th percentile of the total time.
    pub total: [u64; 4],
    /// The same of the turn-around time; `None` if no request has one.
    pub turn_around: Option<[u64; 4]>,
    /// Total time at the points of the scale that the number of requests supports.
    pub points: Vec<u64>,
}

const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// Queries the latency.
pub(super) async fn read(session: &Session, statement: Statement) -> Result<Latency, QueryError> {
    let mut answer = ask(session, statement, &[]).await?;
    let scale: Vec<f64> = (0..=POINTS_PER_DECADE * LAST_DECADE)
        .map(|step| 10_f64.powf(f64::from(step) / f64::from(POINTS_PER_DECADE)))
        .collect();
    let mut curves = Vec::new();
    for row in &answer.rows {
        let Some(histogram) = answer.value(row, "total_time").text() else { continue };
        let histogram = decode(histogram)?;
        let (least, greatest) = (answer.integer(row, "least"), answer.integer(row, "greatest"));
        let (low, high) = (u64::try_from(least).unwrap_or(0), u64::try_from(greatest).unwrap_or(0));
        let at = |share: f64| histogram.value_at_quantile(share).clamp(low, high.max(low));
        let turn_around = answer.value(row, "turn_around_time").text().map(decode).transpose()?;
        let requests = answer.integer(row, "requests");
        // A percentile based on less than one request would only repeat the maximum.
        let reached = scale.iter().take_while(|point| **point <= requests as f64 * 1.000_1);
        curves.push(Curve {
            operation: answer.value(row, "operation").text().unwrap_or_default().to_owned(),
            requests,
            mean: match answer.value(row, "mean") {
                Value::Float(mean) => *mean,
                _ => 0.0,
            },
            greatest,
            total: QUANTILES.map(at),
            turn_around: turn_around
                .map(|histogram| QUANTILES.map(|share| histogram.value_at_quantile(share))),
            points: reached.map(|point| at(1.0 - 1.0 / point)).collect(),
        });
    }
    answer.rows.clear();
    Ok(Latency { answer, scale, curves })
}
