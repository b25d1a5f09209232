//! Suggests values similar to one that matched nothing.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::error::DataFusionError;
use futures::TryStreamExt;

use crate::error::QueryError;
use crate::params::Param;
use crate::session::Session;

/// The kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimilarTo {
    /// A requester.
    Requester,
    /// A bucket.
    Bucket,
}

/// Requesters or buckets that contain the words of `text`, with their number of requests, most frequent first; at most
/// three. Empty under redaction, where it would reveal hidden values.
///
/// # Errors
/// If the logs cannot be read.
pub async fn similar(session: &Session, to: SimilarTo, text: &str) -> Result<Vec<(String, u64)>, QueryError> {
    let words = text.trim_matches(['*', '?', '/', ':']).to_lowercase();
    if session.redactor().is_some() || words.is_empty() {
        return Ok(Vec::new());
    }
    let column = match to {
        SimilarTo::Requester => "requester",
        SimilarTo::Bucket => "bucket",
    };
    let sql = format!(
        "SELECT {column} AS name, count(*) AS requests FROM logs WHERE strpos(lower({column}), $words) > 0 \
         GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3"
    );
    let params = HashMap::from([("words".to_owned(), Param::Typed(words))]);
    let mut rows = session.sql(&sql, &params).await?;
    let mut found = Vec::new();
    while let Some(batch) = rows.try_next().await? {
        let names = cast(batch.column(0), &DataType::Utf8).map_err(DataFusionError::from)?;
        let counts = cast(batch.column(1), &DataType::Int64).map_err(DataFusionError::from)?;
        let (names, counts) = (names.as_string::<i32>(), counts.as_primitive::<Int64Type>());
        found.extend(
            (0..batch.num_rows())
                .filter(|row| names.is_valid(*row))
                .map(|row| (names.value(row).to_owned(), u64::try_from(counts.value(row)).unwrap_or(0))),
        );
    }
    Ok(found)
}
