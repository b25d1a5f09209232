//! Redaction options, for the commands that show log text.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use saltmine_query::Redaction;

/// Joins `--redact` and its optional value into one argument. If the next word is not a redaction value (an input,
/// for example), `tokens` is used.
pub(crate) fn join_redact(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            joined.push(argument);
            joined.extend(arguments);
            break;
        }
        if argument != "--redact" {
            joined.push(argument);
            continue;
        }
        let is_what = |word: &OsString| word.to_str().is_some_and(|word| Redaction::parse(word).is_ok());
        let what = arguments.next_if(is_what).unwrap_or_else(|| "tokens".into());
        let mut argument = argument;
        argument.push("=");
        argument.push(what);
        joined.push(argument);
    }
    joined
}

/// Options of redaction.
#[derive(Debug, Args)]
pub(crate) struct RedactArgs {
    /// Replace sensitive values with stable pseudonyms: tokens (session tokens, signatures, passwords), addresses, principals (requesters, accounts, roles, sessions, key ids), or all (default: tokens)
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "tokens")]
    #[arg(value_parser = Redaction::parse, help_heading = "Redaction")]
    pub(crate) redact: Option<Redaction>,

    /// Pseudonym key file, created if missing (default: redact.key in the dataset; for log files, a key for this run only)
    #[arg(long, value_name = "FILE", requires = "redact", help_heading = "Redaction")]
    pub(crate) redact_key: Option<PathBuf>,
}

impl RedactArgs {
    /// The redaction for the session options.
    pub(crate) fn redaction(&self) -> Option<Redaction> {
        self.redact.clone().map(|redaction| Redaction { key_file: self.redact_key.clone(), ..redaction })
    }

    /// The options as typed on the command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let Some(redaction) = &self.redact else { return Vec::new() };
        let what: Vec<&str> = [("addresses", redaction.addresses), ("principals", redaction.principals)]
            .into_iter()
            .filter_map(|(word, is)| is.then_some(word))
            .collect();
        let mut words =
            vec![format!("--redact={}", if what.is_empty() { "tokens".into() } else { what.join(",") })];
        if let Some(key) = &self.redact_key {
            words.push(format!("--redact-key {}", crate::output::shell_quote(&key.display().to_string())));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_redact_is_optional() {
        for (typed, meant) in [
            ("query --redact case.lake", "query --redact=tokens case.lake"),
            ("query --redact all case.lake", "query --redact=all case.lake"),
            ("query case.lake --redact tokens,addresses", "query case.lake --redact=tokens,addresses"),
            ("query --redact=all x", "query --redact=all x"),
            ("query x --redact", "query x --redact=tokens"),
            ("query --redact ./all", "query --redact=tokens ./all"),
            ("query -- --redact all", "query -- --redact all"),
        ] {
            let joined = join_redact(typed.split(' ').map(OsString::from));
            assert_eq!(joined, meant.split(' ').map(OsString::from).collect::<Vec<_>>());
        }
    }
}
