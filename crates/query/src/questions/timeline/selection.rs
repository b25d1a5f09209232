//! Which requests a timeline covers. Values become literals of the plan, never part of SQL text.

use std::sync::Arc;

use datafusion::common::{DFSchema, ScalarValue};
use datafusion::execution::FunctionRegistry;
use datafusion::prelude::{Expr, SessionContext, col, lit};
use ipnet::IpNet;

use crate::error::QueryError;
use crate::functions::address;
use crate::questions::request_scope::IncidentRequests;
use crate::redact::{MAX_VALUES, NETWORK, PATTERN, Redactor};

/// Which requests a timeline covers. Values of one kind are alternatives; all given kinds must match. An empty
/// selection matches everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Requesters or their pseudonyms; `*` matches any text, `?` one character. `-` is anonymous.
    pub requesters: Vec<String>,
    /// Client addresses and networks.
    pub addresses: Vec<IpNet>,
    /// Pseudonyms of addresses (`ip-…`) in the session's redaction.
    pub pseudonyms: Vec<String>,
    /// Object keys, decoded; `*` matches any text including `/`, `?` one character.
    pub keys: Vec<String>,
    /// Request ids. Several lines may share one.
    pub request_ids: Vec<String>,
    /// Buckets; `*` stands for any text, `?` for one character.
    pub buckets: Vec<String>,
    /// The requests of an incident or of a finding.
    pub requests: Option<IncidentRequests>,
    /// Only requests from this time on; microseconds since 1970, UTC.
    pub since: Option<i64>,
    /// Only requests before this time; microseconds since 1970 (UTC).
    pub until: Option<i64>,
}

/// Parses a network such as `192.0.2.0/24`, or a single address.
///
/// # Errors
/// A message for the user if it is neither.
pub fn parse_network(text: &str) -> Result<IpNet, String> {
    let wrong =
        || format!("invalid address {text:?}; use an address or network such as 192.0.2.7 or 192.0.2.0/24");
    address::parse_network(text).ok_or_else(wrong)
}

impl Selection {
    /// As a filter of the table `logs`. Under redaction, requesters and addresses are compared with true values and
    /// pseudonyms, and keys as they are shown.
    ///
    /// # Errors
    /// Under redaction, if a pattern or a network could be used to guess hidden values.
    pub(super) fn filter(
        &self,
        context: &SessionContext,
        logs: &DFSchema,
        redactor: Option<&Arc<Redactor>>,
    ) -> Result<Expr, QueryError> {
        if let Some(redactor) = redactor {
            self.check(redactor)?;
        }
        let key = object_key(context)?;
        let key = redactor.map_or_else(|| key.clone(), |redactor| redactor.shown("object_key", key.clone()));
        let network = |network: &IpNet| -> Result<Expr, QueryError> {
            Ok(context.udf("ip_in")?.call(vec![col("remote_ip"), lit(network.to_string())]))
        };
        let requester = |pattern: &String| match pattern.as_str() {
            "-" => col("requester").is_null(),
            pattern => {
                let redacted = redactor.map(|redactor| redactor.shown("requester", col("requester")));
                let columns = [Some(col("requester")), redacted].into_iter().flatten();
                any(columns.map(|column| matches(column, pattern))).unwrap_or_else(|| lit(false))
            }
        };
        let pseudonym = |pseudonym: &String| match redactor {
            Some(redactor) => redactor.shown("remote_ip", col("remote_ip")).eq(lit(pseudonym)),
            None => lit(false),
        };
        let networks = self.addresses.iter().map(network).collect::<Result<Vec<_>, QueryError>>()?;
        let kinds = [
            any(self.requesters.iter().map(requester)),
            any(networks.into_iter().chain(self.pseudonyms.iter().map(pseudonym))),
            any(self.keys.iter().map(|pattern| matches(key.clone(), pattern))),
            any(self.request_ids.iter().map(|id| col("request_id").eq(lit(id)))),
            any(self.buckets.iter().map(|pattern| matches(col("bucket"), pattern))),
            self.requests.as_ref().map(|requests| requests.filter_of_logs(context, logs)).transpose()?,
            self.since.map(|since| col("request_time").gt_eq(time(since))),
            self.until.map(|until| col("request_time").lt(time(until))),
        ];
        // The parser gives every row a time, but tables made by other tools may have rows without one. These have no
        // place in a timeline.
        Ok(kinds.into_iter().flatten().fold(col("request_time").is_not_null(), Expr::and))
    }

    /// Refuses selections that could reveal hidden values by whether something is found.
    fn check(&self, redactor: &Redactor) -> Result<(), QueryError> {
        let wrong =
            |name: &str, problem: String| Err(QueryError::Parameter { name: name.to_owned(), problem });
        let too_many = || {
            format!(
                "under --redact, at most {MAX_VALUES} values are accepted: a long list could be used to guess \
                 hidden values"
            )
        };
        if redactor.hides_principals() {
            if self.requesters.iter().any(|pattern| like_pattern(pattern).is_ok()) {
                return wrong("--requester", PATTERN.to_owned());
            }
            if self.requesters.len() > MAX_VALUES {
                return wrong("--requester", too_many());
            }
        }
        if redactor.hides_addresses() {
            if self.addresses.iter().any(|network| network.prefix_len() < network.max_prefix_len()) {
                return wrong("--ip", NETWORK.to_owned());
            }
            if self.addresses.len() > MAX_VALUES {
                return wrong("--ip", too_many());
            }
        }
        match self.keys.iter().find(|pattern| redactor.text(pattern) != pattern.as_str()) {
            Some(_) => wrong(
                "--key",
                "under --redact, keys are compared as they are shown, and part of this key is hidden; use its \
                 pseudonym, or *"
                    .to_owned(),
            ),
            None => Ok(()),
        }
    }
}

/// The decoded key.
pub(super) fn object_key(context: &SessionContext) -> Result<Expr, QueryError> {
    Ok(context.udf("object_key")?.call(vec![col("key"), col("operation")]))
}

/// A time as a literal; microseconds since 1970, UTC.
pub(super) fn time(micros: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())))
}

fn any(alternatives: impl Iterator<Item = Expr>) -> Option<Expr> {
    alternatives.reduce(Expr::or)
}

/// Compares text without wildcards for equality, which allows files to be skipped.
fn matches(column: Expr, pattern: &str) -> Expr {
    match like_pattern(pattern) {
        Ok(pattern) => column.like(lit(pattern)),
        Err(text) => column.eq(lit(text)),
    }
}

/// Translates `*` and `?` to a LIKE pattern; `Err` with the text if it has no wildcard. A backslash escapes a
/// following wildcard; elsewhere it is an ordinary character, as in keys from Windows.
fn like_pattern(pattern: &str) -> Result<String, String> {
    let (mut like, mut text, mut is_pattern) = (String::new(), String::new(), false);
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let character = match (character, characters.peek()) {
            ('\\', Some('*' | '?')) => characters.next().unwrap_or(character),
            ('*' | '?', _) => {
                is_pattern = true;
                like.push(if character == '*' { '%' } else { '_' });
                continue;
            }
            _ => character,
        };
        if matches!(character, '%' | '_' | '\\') {
            like.push('\\');
        }
        like.push(character);
        text.push(character);
    }
    if is_pattern { Ok(like) } else { Err(text) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, StringViewArray};

    use super::*;

    #[test]
    fn wildcards_become_like_patterns() {
        for (pattern, expected) in [
            ("a/*", Ok("a/%")),
            ("a?c", Ok("a_c")),
            ("100%_*", Ok("100\\%\\_%")),
            ("a\\b*", Ok("a\\\\b%")),
            ("\\**", Ok("*%")),
            ("plain", Err("plain")),
            ("100%_", Err("100%_")),
            ("a\\b", Err("a\\b")),
            ("what\\?", Err("what?")),
        ] {
            assert_eq!(
                like_pattern(pattern),
                expected.map(str::to_owned).map_err(str::to_owned),
                "{pattern}"
            );
        }
    }

    /// Runs the patterns in DataFusion.
    #[tokio::test]
    async fn patterns_match_as_documented() {
        let keys = ["a/1", "a/b/22", "100%_x", "100ab", "a\\b", "a*", "it's", "two\nlines"];
        let column: ArrayRef = Arc::new(StringViewArray::from_iter_values(keys));
        let batch = RecordBatch::try_from_iter([("key", column)]).unwrap();
        for (pattern, expected) in [
            ("a/*", &["a/1", "a/b/22"][..]),
            ("*2", &["a/b/22"]),
            ("a??", &["a/1", "a\\b"]),
            ("100%_*", &["100%_x"]),
            ("a\\b", &["a\\b"]),
            ("a\\b*", &["a\\b"]),
            ("a\\*", &["a*"]),
            ("it's", &["it's"]),
            ("two*lines", &["two\nlines"]),
            ("%", &[]),
            ("' OR 1=1 --", &[]),
        ] {
            let frame = SessionContext::new().read_batch(batch.clone()).unwrap();
            let found = frame.filter(matches(col("key"), pattern)).unwrap().collect().await.unwrap();
            let found: Vec<&str> =
                found.iter().flat_map(|batch| batch.column(0).as_string_view().iter().flatten()).collect();
            assert_eq!(found, expected, "{pattern}");
        }
    }

    #[test]
    fn networks_are_checked() {
        assert_eq!(parse_network("192.0.2.7").unwrap().to_string(), "192.0.2.7/32");
        assert_eq!(parse_network("2001:db8::/32").unwrap().to_string(), "2001:db8::/32");
        assert!(parse_network("ten").unwrap_err().contains("invalid address \"ten\""));
    }
}
