//! The address of a scheduler.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// The default port of a scheduler.
const PORT: u16 = 50050;

/// The address of a scheduler: `df://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// The host, as in a URL.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// The text is not a scheduler address.
#[derive(Debug, thiserror::Error)]
#[error(
    "invalid scheduler address {text:?}: {problem}; use df://HOST:PORT, for example df://scheduler:50050"
)]
pub struct AddressError {
    /// The invalid text.
    pub text: String,
    /// The problem.
    pub problem: String,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = |problem: String| AddressError { text: text.to_owned(), problem };
        let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
        if url.scheme() != "df" {
            return Err(wrong("it must begin with df://".into()));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("no host".into()))?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
            return Err(wrong("only a host and a port are allowed".into()));
        }
        Ok(Self { host: host.to_owned(), port: url.port().unwrap_or(PORT) })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "df://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_may_have_a_port() {
        let address: Address = "df://scheduler:7".parse().unwrap();
        assert_eq!(
            (address.host(), address.port(), address.to_string().as_str()),
            ("scheduler", 7, "df://scheduler:7")
        );
        assert_eq!("df://10.0.0.1".parse::<Address>().unwrap().port(), PORT);
        for text in
            ["", "scheduler:50050", "http://scheduler:50050", "df://", "df://a/b", "df://u@a", "df://a?b"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
