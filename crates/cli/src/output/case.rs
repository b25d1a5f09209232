//! The case file in output: its title, local times, and which accounts, networks and buckets are your own.

use std::net::IpAddr;
use std::path::PathBuf;

use saltmine_query::case::{CaseFile, Trust};
use saltmine_query::quantity::counted;
use serde_json::{Value, json};

use super::clock::Clock;
use super::shell_quote;

/// The case file in use, if any, and the time zone for display.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case {
    pub(crate) used: Option<UsedFile>,
    pub(crate) clock: Clock,
    /// The option that selects the file, for suggested commands: ` --case FILE`, ` --no-case`, or empty if it was found.
    pub(crate) words: String,
    /// Whether parameter values are hidden, as under redaction, because they may name people.
    pub(crate) hides_values: bool,
}

/// A case file that is in use.
#[derive(Clone, Debug)]
pub(crate) struct UsedFile {
    pub(crate) path: PathBuf,
    pub(crate) trust: Trust,
    pub(crate) file: CaseFile,
}

impl Case {
    /// The file's content.
    pub(crate) fn file(&self) -> Option<&CaseFile> {
        self.used.as_ref().map(|used| &used.file)
    }

    /// The option that selects a file.
    pub(crate) fn words_of(path: &std::path::Path) -> String {
        format!(" --case {}", shell_quote(&path.display().to_string()))
    }

    /// `Case 26-0417 · A. Okafor`; empty without either.
    pub(crate) fn title(&self) -> String {
        let Some(file) = self.file() else { return String::new() };
        [&file.title, &file.examiner]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" · ")
    }

    /// `case file saltmine.toml (1 entry of known work, 1 parameter)`; `None` without a case file.
    pub(crate) fn about(&self) -> Option<String> {
        let used = self.used.as_ref()?;
        let CaseFile { known_work, parameters, notes, .. } = &used.file;
        let counts = [
            (known_work.len(), "entry of known work"),
            (parameters.len(), "parameter"),
            (notes.len(), "note"),
        ];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| counted(count as u64, noun))
            .collect();
        let counts = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
        let from = match used.trust {
            Trust::Dataset => ", which came with the dataset",
            Trust::Own => "",
        };
        Some(format!("case file {}{from}{counts}", used.path.display()))
    }

    /// Parameters set by the file, as `mass-delete.keys=500`; without the value if values are hidden.
    pub(crate) fn parameters(&self) -> Vec<String> {
        let parameters = self.file().map(|file| file.parameters.as_slice()).unwrap_or_default();
        let value = |value: &str| if self.hides_values { String::new() } else { format!("={value}") };
        parameters.iter().map(|set| format!("{}.{}{}", set.query, set.name, value(&set.value))).collect()
    }

    /// The case as JSON; `shown` redacts texts. Fields that name people are null if names are hidden.
    pub(crate) fn json(&self, shown: impl Fn(&str) -> String, hides_names: bool) -> Option<Value> {
        let used = self.used.as_ref()?;
        let file = &used.file;
        let text = |text: &Option<String>| text.as_deref().filter(|_| !hides_names).map(&shown);
        Some(json!({
            "file": shown(&used.path.display().to_string()),
            "title": text(&file.title),
            "examiner": text(&file.examiner),
            "timezone": file.timezone,
            "work_hours": file.work_hours,
            "incident": file.incident,
            "known_work": file.known_work.len(),
            "parameters": self.parameters().iter().map(|set| shown(set)).collect::<Vec<_>>(),
        }))
    }

    /// ` (own network)` or ` (outside of own networks)`; empty if unknown.
    pub(crate) fn of_addresses(&self, addresses: &[String], are_all: bool) -> &'static str {
        let networks = self.file().map(|file| file.own_networks.as_slice()).unwrap_or_default();
        let parsed: Option<Vec<IpAddr>> = addresses.iter().map(|address| address.parse().ok()).collect();
        let Some(parsed) = parsed.filter(|parsed| !parsed.is_empty() && !networks.is_empty()) else {
            return "";
        };
        let is_own = |address: &IpAddr| networks.iter().any(|network| network.contains(address));
        match parsed.iter().filter(|address| is_own(address)).count() {
            0 => " (outside of own networks)",
            own if own == parsed.len() && are_all => " (own network)",
            _ => " (partly own networks)",
        }
    }

    /// ` (account 999… is not an own account)`; empty for own accounts, and if unknown.
    pub(crate) fn of_principal(&self, principal: &str) -> String {
        let accounts = self.file().map(|file| file.own_accounts.as_slice()).unwrap_or_default();
        let is_id = |text: &&str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        match principal.split(':').find(is_id) {
            Some(account) if !accounts.is_empty() && accounts.iter().all(|own| own != account) => {
                format!(" (account {account} is not an own account)")
            }
            _ => String::new(),
        }
    }

    /// ` (own bucket)` or ` (not an own bucket)`; empty if unknown.
    pub(crate) fn of_bucket(&self, bucket: &str) -> &'static str {
        match self.file().map(|file| file.own_buckets.as_slice()).unwrap_or_default() {
            [] => "",
            own if own.iter().any(|name| name == bucket) => " (own bucket)",
            _ => " (not an own bucket)",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use saltmine_query::catalogue::Catalogue;

    use super::*;

    fn case(text: &str) -> Case {
        let file = CaseFile::parse("x", text, &Catalogue::builtin().unwrap()).unwrap();
        let used = UsedFile { path: "saltmine.toml".into(), trust: Trust::Own, file };
        Case { used: Some(used), ..Case::default() }
    }

    #[test]
    fn own_accounts_and_networks_are_marked() {
        let case = case(
            "own_networks = [\"203.0.113.0/24\"]\nown_accounts = [\"111122223333\"]\nown_buckets = [\"lake\"]",
        );
        let addresses = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        assert_eq!(case.of_addresses(&addresses(&["203.0.113.7"]), true), " (own network)");
        assert_eq!(case.of_addresses(&addresses(&["203.0.113.7"]), false), " (partly own networks)");
        assert_eq!(case.of_addresses(&addresses(&["198.51.100.7"]), true), " (outside of own networks)");
        assert_eq!(case.of_addresses(&addresses(&["ip-12ab"]), true), "");
        assert_eq!(case.of_principal("111122223333:role/etl"), "");
        assert_eq!(
            case.of_principal("999922223333:role/etl"),
            " (account 999922223333 is not an own account)"
        );
        assert_eq!(case.of_principal("anonymous"), "");
        assert_eq!((case.of_bucket("lake"), case.of_bucket("x")), (" (own bucket)", " (not an own bucket)"));
        let nothing = Case::default();
        assert_eq!(nothing.of_addresses(&addresses(&["203.0.113.7"]), true), "");
        assert_eq!((nothing.of_bucket("lake"), nothing.about()), ("", None));
    }

    #[test]
    fn a_file_is_named_with_what_it_changes() {
        let text = "title = \"26-0417\"\n[parameters.mass-delete]\nkeys = 5\n[[known_work]]\nbucket = \"b\"\nwhy = \"x\"\n";
        let case = case(text);
        assert_eq!(case.about().unwrap(), "case file saltmine.toml (1 entry of known work, 1 parameter)");
        assert_eq!(case.parameters(), ["mass-delete.keys=5"]);
        assert_eq!(case.title(), "26-0417");
    }
}
