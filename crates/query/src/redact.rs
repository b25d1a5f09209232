//! Redaction: answers that can be handed over without usable credentials and without identities.
//!
//! Under redaction, SQL only reaches tables whose rows are redacted as they are read ([`redacted_table`]), never the true tables.
//! So the protection holds for any query: substrings, filters on true values, error messages. Saltmine's own analyses
//! (hunt, timeline, catalogue queries) run on the true tables, because networks and names must be compared, and their
//! answers are redacted. Values that users give them are restricted ([`parameters`]), so that answers are not an oracle
//! for the true values.
//!
//! A value becomes a pseudonym such as `ip-3f9a1c22d4e5b607`: 64 bits of a keyed hash. With one key, a value has the
//! same pseudonym everywhere, however it was encoded; pseudonyms of different keys cannot be compared.

use std::borrow::Cow;
use std::path::PathBuf;

use datafusion::error::DataFusionError;
use saltmine_format::{Principal, PrincipalKind};

use self::replacements::Replacements;
use crate::error::QueryError;

mod addresses;
mod columns;
mod decoded;
mod function;
mod guard;
mod identity;
mod key;
mod parameters;
mod principals;
mod pseudonyms;
mod redacted_table;
mod replacements;
mod secrets;
#[cfg(test)]
mod tests;

pub(crate) use self::guard::RedactionGuard;
pub(crate) use self::identity::Names;
use self::identity::RowIdentity;
pub use self::key::KeySource;
pub(crate) use self::parameters::{MAX_VALUES, NETWORK, PATTERN, bind};
use self::pseudonyms::Pseudonyms;
pub(crate) use self::redacted_table::RedactedTable;

/// What is redacted. Session tokens, signatures and passwords are always redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    /// Client addresses.
    pub addresses: bool,
    /// Requesters, accounts, owners, roles, sessions and access key ids.
    pub principals: bool,
    /// The key file, created if missing. `None`: that of the dataset; without a dataset, a key for this session
    /// only.
    pub key_file: Option<PathBuf>,
}

impl Redaction {
    /// Parses a list such as `tokens,addresses` or `all`.
    ///
    /// # Errors
    /// A message for the user if a word is unknown.
    pub fn parse(words: &str) -> Result<Self, String> {
        let mut redaction = Self::default();
        for word in words.split(',') {
            match word.trim() {
                "tokens" => {}
                "addresses" => redaction.addresses = true,
                "principals" => redaction.principals = true,
                "all" => (redaction.addresses, redaction.principals) = (true, true),
                word => {
                    return Err(format!("invalid value {word:?}; use tokens, addresses, principals, all"));
                }
            }
        }
        Ok(redaction)
    }
}

/// Redacts values of a session.
#[derive(Debug)]
pub(crate) struct Redactor {
    addresses: bool,
    principals: bool,
    pseudonyms: Pseudonyms,
    source: KeySource,
}

impl Redactor {
    /// Reads the key, or creates it.
    pub(crate) fn new(redaction: &Redaction, dataset: Option<&std::path::Path>) -> Result<Self, QueryError> {
        let (key, source) = key::load(redaction.key_file.as_deref(), dataset)?;
        let Redaction { addresses, principals, .. } = *redaction;
        Ok(Self { addresses, principals, pseudonyms: Pseudonyms(key), source })
    }

    pub(crate) fn source(&self) -> &KeySource {
        &self.source
    }

    /// A redactor for a file given as a table, with a key of its own: a list of addresses, names or numbers would
    /// otherwise be a dictionary of the logs' pseudonyms.
    pub(crate) fn for_file(&self, table: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&self.pseudonyms.0);
        hasher.update(b"table\0").update(table.as_bytes());
        let pseudonyms = Pseudonyms(*hasher.finalize().as_bytes());
        Self {
            addresses: self.addresses,
            principals: self.principals,
            pseudonyms,
            source: self.source.clone(),
        }
    }

    /// Whether client addresses are redacted.
    pub(crate) fn hides_addresses(&self) -> bool {
        self.addresses
    }

    /// Whether principals are redacted.
    pub(crate) fn hides_principals(&self) -> bool {
        self.principals
    }

    /// The names in a row that are redacted in its other columns.
    pub(crate) fn names(&self, requester: Option<&str>, address: Option<&str>) -> Names {
        Names::of_row(RowIdentity { requester, address }, self.principals, self.addresses)
    }

    /// Redacts text of any content whose row identity is unknown.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.text_of(text, &Names::default())
    }

    /// Redacts text of any content, including the given names.
    pub(crate) fn text_of<'a>(&self, text: &'a str, names: &Names) -> Cow<'a, str> {
        let mut spans = Replacements::new(text);
        secrets::find(&mut spans, &self.pseudonyms, self.principals);
        if self.principals {
            principals::find(&mut spans, &self.pseudonyms);
        }
        self.find_forms(&mut spans, names);
        if spans.has_escapes() {
            spans = spans.verbatim();
            secrets::by_shape(&mut spans, &self.pseudonyms);
            if self.principals {
                principals::ids(&mut spans, &self.pseudonyms);
            }
            self.find_forms(&mut spans, names);
        }
        spans.finish()
    }

    fn find_forms(&self, spans: &mut Replacements<'_>, names: &Names) {
        identity::find(spans, names, &self.pseudonyms);
        if self.addresses {
            addresses::find(spans, &self.pseudonyms);
        }
    }

    /// Redacts an error whose message may quote a redacted value or the user's own text.
    pub(crate) fn error(&self, error: &DataFusionError) -> DataFusionError {
        let message = crate::error::describe(error);
        DataFusionError::Execution(self.text(&message).into_owned())
    }

    /// Redacts an error from below the redaction. Arrow quotes values that cannot be parsed as their type, and
    /// these could be anything.
    fn error_below(&self, error: DataFusionError) -> DataFusionError {
        match error.find_root() {
            // The user must know this to retry with more memory.
            DataFusionError::ResourcesExhausted(_) => error,
            DataFusionError::ArrowError(..) => DataFusionError::External(Box::new(QueryError::Hidden)),
            _ => self.error(&error),
        }
    }

    /// Redacts text generated by AWS: without searching for names, which its random letters could resemble.
    fn opaque<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut spans = Replacements::new(text);
        secrets::find(&mut spans, &self.pseudonyms, self.principals);
        spans.finish()
    }

    /// Redacts a client address.
    pub(crate) fn address<'a>(&self, address: &'a str) -> Cow<'a, str> {
        if !self.addresses {
            return self.text(address);
        }
        Cow::Owned(match address.parse() {
            Ok(parsed) => self.pseudonyms.address(parsed),
            Err(_) => self.pseudonyms.get("ip", address.as_bytes()),
        })
    }

    /// Redacts a requester or a bucket owner. The form of an ARN is kept, so that its kind stays recognisable; AWS
    /// services are unchanged.
    pub(crate) fn principal<'a>(&self, requester: &'a str) -> Cow<'a, str> {
        if !self.principals {
            return self.text(requester);
        }
        let whole =
            || Cow::Owned(self.pseudonyms.get("principal", requester.to_ascii_lowercase().as_bytes()));
        match Principal::parse(requester).kind {
            PrincipalKind::Anonymous | PrincipalKind::AmazonS3 => Cow::Borrowed(requester),
            PrincipalKind::Service
                if requester.bytes().all(|b| b.is_ascii_lowercase() || b".:-".contains(&b)) =>
            {
                Cow::Borrowed(requester)
            }
            _ if requester.len() == 12 && requester.bytes().all(|byte| byte.is_ascii_digit()) => {
                Cow::Owned(self.pseudonyms.get("account", requester.as_bytes()))
            }
            _ if requester.starts_with("arn:") => self.arn(requester).map_or_else(whole, Cow::Owned),
            _ => self.whatever_the_session(requester).map_or_else(whole, Cow::Owned),
        }
    }

    /// Redacts the result of the function `principal`: `ACCOUNT:role/NAME`, `ACCOUNT:person/NAME`, `ACCOUNT:root`.
    fn whatever_the_session(&self, text: &str) -> Option<String> {
        let (account, rest) = text.split_once(':')?;
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let account = self.pseudonyms.get("account", account.as_bytes());
        let rest = match rest.split_once('/') {
            Some(("role", name)) => format!("role/{}", self.pseudonyms.name("role", name.as_bytes())),
            Some(("person", name)) => format!("person/{}", self.pseudonyms.name("session", name.as_bytes())),
            None if rest == "root" => rest.to_owned(),
            _ => return None,
        };
        Some(format!("{account}:{rest}"))
    }

    /// Redacts a role name, a requester, or a kind of requester.
    fn role<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let is_kind = PrincipalKind::ALL.iter().any(|kind| kind.as_str() == text);
        let is_whole = || text.contains(':') || Principal::parse(text).kind != PrincipalKind::Other;
        if is_kind || !self.principals || is_whole() || text == "lifecycle" {
            let is_plain = is_kind || text == "lifecycle";
            return if is_plain { Cow::Borrowed(text) } else { self.principal(text) };
        }
        Cow::Owned(self.pseudonyms.name("role", text.as_bytes()))
    }

    /// Redacts an access key id.
    fn access_key<'a>(&self, id: &'a str) -> Cow<'a, str> {
        if self.principals { Cow::Owned(self.pseudonyms.get("key", id.as_bytes())) } else { self.opaque(id) }
    }

    /// Redacts the parts of an ARN; `None` if it is not an ARN.
    fn arn(&self, arn: &str) -> Option<String> {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, partition, service, region, account, resource] = fields[..] else { return None };
        let is_plain =
            |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if ![partition, service, region].into_iter().all(|field| is_plain(field) && field.len() < 20) {
            return None;
        }
        let account = match account {
            "" | "aws" | "cloudfront" => account.to_owned(),
            account => self.pseudonyms.get("account", account.as_bytes()),
        };
        let name = |kind, name: &str| self.pseudonyms.name(kind, name.as_bytes());
        let (kind, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let resource = match (kind, rest) {
            ("root", "") => kind.to_owned(),
            ("assumed-role", rest) => match rest.split_once('/') {
                Some((role, session)) => {
                    format!("{kind}/{}/{}", name("role", role), name("session", session))
                }
                None => format!("{kind}/{}", name("role", rest)),
            },
            ("role", rest) => format!("{kind}/{}", name("role", rest)),
            ("user", rest) if account == "cloudfront" => {
                let (words, id) = rest.rsplit_once(' ').unwrap_or(("", rest));
                let known = words == "CloudFront Origin Access Identity";
                let id = self.pseudonyms.get("principal", id.as_bytes());
                if known { format!("{kind}/{words} {id}") } else { format!("{kind}/{}", name("user", rest)) }
            }
            ("user" | "federated-user", rest) => format!("{kind}/{}", name("user", rest)),
            _ => self.pseudonyms.get("principal", resource.as_bytes()),
        };
        Some(format!("arn:{partition}:{service}:{region}:{account}:{resource}"))
    }
}

/// The account pseudonym in a redacted ARN.
pub(crate) fn account_pseudonym(requester: &str) -> Option<&str> {
    let account = requester.strip_prefix("arn:")?.split(':').nth(3)?;
    let digits = account.strip_prefix("account-")?;
    (digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(account)
}
