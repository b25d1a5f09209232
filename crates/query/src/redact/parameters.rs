//! Values allowed for parameters of built-in queries under redaction.
//!
//! These queries read true values. A pattern, network or long list chosen by the user could reveal hidden values by
//! whether there is an answer: an address takes 32 queries. So a text parameter keeps its default, or is one of those
//! below, which are compared with whole values.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

use super::Redactor;
use crate::catalogue::{Parameter, Query};
use crate::error::QueryError;
use crate::params::{Param, Params};

/// Maximum number of values per parameter: a long list tries many guesses at once.
pub(crate) const MAX_VALUES: usize = 16;

/// What a parameter is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComparedWith {
    /// Words that reveal nothing of a row's text, such as user agent families.
    Words,
    /// Whole bucket names, which are not redacted except for accounts in them.
    Buckets,
    /// Whole host names.
    Hosts,
    /// A requester, by LIKE.
    Requester,
    /// Requesters, by a regular expression.
    RequesterPattern,
    /// Whole account ids.
    Accounts,
    /// A network, or several.
    Addresses,
}

/// Parameters that may be set. All other text parameters keep their defaults.
const ALLOWED_PARAMETERS: [(&str, &str, ComparedWith); 11] = [
    ("lifecycle-summary", "by", ComparedWith::Words),
    ("replica-writes", "replica_buckets", ComparedWith::Buckets),
    ("referers-and-agents", "own_hosts", ComparedWith::Hosts),
    ("retrieved-objects", "who", ComparedWith::Requester),
    ("principal-footprint", "who", ComparedWith::Requester),
    ("retrieved-objects", "address", ComparedWith::Addresses),
    ("origin-split", "own_network", ComparedWith::Addresses),
    ("off-hours", "humans", ComparedWith::RequesterPattern),
    ("sensitive-keys", "except", ComparedWith::RequesterPattern),
    ("billed-denials", "own_accounts", ComparedWith::Accounts),
    ("cross-account", "own_accounts", ComparedWith::Accounts),
];

/// Parameters of a built-in query for the true tables: pseudonyms are resolved.
///
/// # Errors
/// If a value could be used to guess hidden values, or a pseudonym matches nothing in the logs.
pub(crate) async fn bind(
    query: &Query,
    params: &Params,
    unredacted: &SessionContext,
    redactor: &Redactor,
) -> Result<Params, QueryError> {
    let mut bound = params.clone();
    for parameter in &query.parameters {
        let given = params.get(&parameter.name).and_then(Param::as_text);
        let Some(given) = given.filter(|given| *given != parameter.default) else { continue };
        let value = value(query, parameter, given, unredacted, redactor).await;
        let value = value.map_err(|problem| problem.into_error(&parameter.name))?;
        bound.insert(parameter.name.clone(), ScalarValue::Utf8View(Some(value)).into());
    }
    Ok(bound)
}

/// Why a value is refused.
enum Refusal {
    Value(String),
    Sql(DataFusionError),
}

impl Refusal {
    fn into_error(self, name: &str) -> QueryError {
        match self {
            Self::Value(problem) => QueryError::Parameter { name: name.to_owned(), problem },
            Self::Sql(error) => error.into(),
        }
    }
}

impl From<DataFusionError> for Refusal {
    fn from(error: DataFusionError) -> Self {
        Self::Sql(error)
    }
}

async fn value(
    query: &Query,
    parameter: &Parameter,
    given: &str,
    unredacted: &SessionContext,
    redactor: &Redactor,
) -> Result<String, Refusal> {
    let known = ALLOWED_PARAMETERS.iter().find(|(name, of, _)| *name == query.name && *of == parameter.name);
    let refused = |problem: &str| Err(Refusal::Value(problem.to_owned()));
    match known.map(|(_, _, compared)| *compared) {
        Some(ComparedWith::Words) => Ok(given.to_owned()),
        Some(ComparedWith::Requester | ComparedWith::RequesterPattern | ComparedWith::Accounts)
            if !redactor.hides_principals() =>
        {
            Ok(given.to_owned())
        }
        Some(ComparedWith::Addresses) if !redactor.hides_addresses() => Ok(given.to_owned()),
        Some(ComparedWith::Requester) => {
            let lookup =
                Lookup { unredacted, column: "requester", shown: &|text| redactor.principal(text).into() };
            requester(given, lookup).await
        }
        Some(ComparedWith::Accounts) => {
            let shown = |text: &str| redactor.principal(text).into();
            list(given, Lookup { unredacted, column: "account_id(requester)", shown: &shown }).await
        }
        Some(ComparedWith::Buckets) => {
            let shown = |text: &str| redactor.text(text).into();
            list(given, Lookup { unredacted, column: "bucket", shown: &shown }).await
        }
        Some(ComparedWith::Hosts) if given.split(',').count() <= MAX_VALUES => Ok(given.to_owned()),
        Some(ComparedWith::Hosts) => refused(&too_many()),
        Some(ComparedWith::Addresses) => {
            let shown = |text: &str| redactor.address(text).into();
            let addresses = list(given, Lookup { unredacted, column: "remote_ip", shown: &shown }).await?;
            match addresses.split(',').find(|address| !is_whole_address(address)) {
                Some(_) => refused(NETWORK),
                None => Ok(addresses),
            }
        }
        Some(ComparedWith::RequesterPattern) | None => refused(KEEPS_DEFAULT),
    }
}

pub(crate) const NETWORK: &str = "under --redact, only a whole address or its pseudonym is accepted: with networks, a hidden \
                                  address could be guessed with 32 queries";
pub(crate) const PATTERN: &str = "under --redact, only a whole requester or its pseudonym is accepted: with patterns, a hidden name \
                       could be guessed letter by letter";
const KEEPS_DEFAULT: &str = "under --redact, it keeps its default: it is compared with hidden values, which could be \
                             guessed with it letter by letter. A copy of the query in a --queries folder accepts any value, \
                             and compares it with what is shown";

fn too_many() -> String {
    format!(
        "under --redact, at most {MAX_VALUES} values are accepted: a long list could be used to guess hidden values"
    )
}

/// Whether the text is a single address, possibly written as a network.
fn is_whole_address(text: &str) -> bool {
    match text.trim().parse::<ipnet::IpNet>() {
        Ok(network) => network.prefix_len() == network.max_prefix_len(),
        Err(_) => text.trim().parse::<std::net::IpAddr>().is_ok(),
    }
}

/// Where to look up the value of a pseudonym.
#[derive(Clone, Copy)]
struct Lookup<'a> {
    unredacted: &'a SessionContext,
    column: &'static str,
    /// How a value of the column is shown.
    shown: &'a (dyn Fn(&str) -> String + Sync),
}

impl Lookup<'_> {
    /// The values of the column with this pseudonym; the text itself if it is not a pseudonym.
    async fn find(self, text: &str) -> Result<Vec<String>, Refusal> {
        if !has_pseudonym(text) {
            return Ok(vec![text.to_owned()]);
        }
        let sql = format!(
            "SELECT DISTINCT {column} AS value FROM logs WHERE {column} IS NOT NULL",
            column = self.column
        );
        let mut found = Vec::new();
        for batch in self.unredacted.sql(&sql).await?.collect().await? {
            let values = cast(batch.column(0), &DataType::Utf8View).map_err(DataFusionError::from)?;
            let values = values.as_string_view().iter().flatten();
            found.extend(values.filter(|value| (self.shown)(value) == text).map(str::to_owned));
        }
        if found.is_empty() {
            let problem =
                format!("nothing in these logs has the pseudonym {text} with the key of this session");
            return Err(Refusal::Value(problem));
        }
        Ok(found)
    }
}

/// Whole values, separated by commas.
async fn list(given: &str, lookup: Lookup<'_>) -> Result<String, Refusal> {
    if given.split(',').count() > MAX_VALUES {
        return Err(Refusal::Value(too_many()));
    }
    let mut values = Vec::new();
    for text in given.split(',') {
        values.extend(lookup.find(text.trim()).await?);
    }
    Ok(values.join(","))
}

/// A LIKE pattern for one requester.
async fn requester(given: &str, lookup: Lookup<'_>) -> Result<String, Refusal> {
    let values = lookup.find(given).await?;
    let [value] = &values[..] else {
        let problem =
            format!("{} requesters have the pseudonym {given}, which are paths of one role", values.len());
        return Err(Refusal::Value(problem));
    };
    if value == given && value.contains('%') {
        return Err(Refusal::Value(PATTERN.to_owned()));
    }
    // `_` is a letter of names, but stands for any letter in a pattern.
    Ok(value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// Whether the text contains a pseudonym.
fn has_pseudonym(text: &str) -> bool {
    const KINDS: [&str; 8] = ["ip", "account", "role", "session", "user", "principal", "key", "token"];
    const HEX_DIGITS: usize = 16;
    let is_pseudonym = |word: &str| {
        let parts = word.rsplit_once('-').filter(|(kind, _)| KINDS.iter().any(|known| kind.ends_with(known)));
        parts.is_some_and(|(_, hash)| {
            hash.len() == HEX_DIGITS
                && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        })
    };
    text.split([':', '/', ',', ' ', '.']).any(is_pseudonym)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, ParameterType};

    /// A renamed query, or a new parameter that looks like a known one, must not slip through.
    #[test]
    fn the_known_parameters_are_those_of_the_catalogue() {
        let catalogue = Catalogue::builtin().unwrap();
        for (query, name, _) in ALLOWED_PARAMETERS {
            let query = catalogue.get(query).unwrap();
            let parameter = query.parameters.iter().find(|parameter| parameter.name == name);
            assert!(parameter.is_some_and(|parameter| parameter.kind == ParameterType::Text), "{name}");
        }
    }

    #[test]
    fn pseudonyms_and_whole_addresses_are_recognized() {
        for text in [
            "ip-3f9a1c22d4e5b607",
            "arn:aws:iam::account-3f9a1c22d4e5b607:root",
            "vault-account-3f9a1c22d4e5b607",
        ] {
            assert!(has_pseudonym(text), "{text}");
        }
        for text in
            ["ip-3f9a", "arn:aws:iam::111122223333:user/ann", "3f9a1c22d4e5b607", "ip-3F9A1C22D4E5B607"]
        {
            assert!(!has_pseudonym(text), "{text}");
        }
        assert!(is_whole_address("192.0.2.7") && is_whole_address("2001:db8::7/128"));
        assert!(!is_whole_address("192.0.2.0/31") && !is_whole_address("::/0") && !is_whole_address("x"));
    }
}
