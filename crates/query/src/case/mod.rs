//! The case file `saltmine.toml`: what an examiner knows about a case. Every command uses it.
//!
//! ```toml
//! title = "Case 26-0417"
//! timezone = "Europe/Berlin"
//!
//! [[known_work]]
//! query = "mass-delete"
//! principal = "111122223333:role/retention-job"
//! why = "nightly retention, ticket 812"
//! ```
//!
//! A case file may come with someone else's dataset, so it cannot hide anything: known work is shown with its reason, and
//! changed parameters are named. It contains no commands, and the input is its only path.

mod fields;
mod known_work;
mod parse;
mod read;
mod wildcard;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

pub use self::known_work::KnownWork;
pub use self::read::{MAX_BYTES, Trust};
pub(crate) use self::wildcard::matches;
use crate::catalogue::Query;
use crate::local_time::{WorkHours, Zone};
use crate::time::Time;

/// The default name of a case file.
pub const FILE_NAME: &str = "saltmine.toml";

/// A case file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CaseFile {
    /// The title or number of the case.
    pub title: Option<String>,
    /// The examiner's name.
    pub examiner: Option<String>,
    /// The time zone in which local times are shown beside UTC.
    pub timezone: Option<Zone>,
    /// Working hours in this zone.
    pub work_hours: Option<WorkHours>,
    /// The default input of commands: a dataset, a path or an S3 URL.
    pub input: Option<String>,
    /// Account ids.
    pub own_accounts: Vec<String>,
    /// Networks.
    #[serde(serialize_with = "as_texts")]
    pub own_networks: Vec<IpNet>,
    /// Names of buckets.
    pub own_buckets: Vec<String>,
    /// The time of the incident, if known.
    pub incident: IncidentWindow,
    /// Expected activity.
    pub known_work: Vec<KnownWork>,
    /// Query parameters.
    pub parameters: Vec<ParameterValue>,
    /// Notes on incidents.
    pub notes: Vec<Note>,
}

fn as_texts<S: Serializer>(networks: &[IpNet], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(networks.iter().map(ToString::to_string))
}

/// The time of an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IncidentWindow {
    /// Its start, inclusive.
    pub since: Option<Time>,
    /// Its end, exclusive.
    pub until: Option<Time>,
}

impl IncidentWindow {
    /// Whether a time span is entirely outside this window.
    pub fn excludes(&self, first: Time, last: Time) -> bool {
        self.since.is_some_and(|since| last < since) || self.until.is_some_and(|until| first >= until)
    }
}

/// The value of a parameter of a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterValue {
    /// The query.
    pub query: String,
    /// The parameter.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}

/// A note on an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The number of the incident, as `saltmine hunt` shows it.
    pub incident: Option<usize>,
    /// A principal of the incident; `*` is any text, `?` one character.
    pub principal: Option<String>,
    /// The note.
    pub text: String,
}

impl Note {
    /// Whether the note applies to an incident with this number and these principals.
    pub(crate) fn is_on(&self, number: usize, principals: &[&str]) -> bool {
        let is_of =
            |pattern: &String| principals.iter().any(|principal| wildcard::matches(pattern, principal));
        self.incident.is_none_or(|incident| incident == number) && self.principal.as_ref().is_none_or(is_of)
    }
}

impl CaseFile {
    /// Parameters of a query: those set in the file, and those derived from other entries, such as the time zone.
    pub fn parameters_of(&self, query: &Query) -> Vec<(String, String)> {
        let of_query =
            |name: &str| self.parameters.iter().find(|given| given.query == query.name && given.name == name);
        let value = |name: &str| match of_query(name) {
            Some(given) => Some(given.value.clone()),
            None => self.implied(name),
        };
        let known = query.parameters.iter();
        known.filter_map(|known| Some((known.name.clone(), value(&known.name)?))).collect()
    }

    /// The given parameters, completed by those of the case file.
    pub fn parameters_with(&self, query: &Query, given: Vec<(String, String)>) -> Vec<(String, String)> {
        let mut parameters = self.parameters_of(query);
        parameters.retain(|(name, _)| given.iter().all(|(other, _)| other != name));
        parameters.extend(given);
        parameters
    }

    /// The value of a parameter that follows from other entries of the file.
    fn implied(&self, parameter: &str) -> Option<String> {
        let listed = |values: Vec<String>| (!values.is_empty()).then(|| values.join(","));
        match parameter {
            "own_accounts" => listed(self.own_accounts.clone()),
            "own_network" | "own_networks" => {
                listed(self.own_networks.iter().map(ToString::to_string).collect())
            }
            "from_hour" => self.work_hours.map(|hours| hours.first_hour().to_string()),
            "to_hour" => self.work_hours.map(|hours| hours.end_hour().to_string()),
            // The offset may change within the logs; use the one at the time of the incident.
            "utc_offset" => {
                let zone = self.timezone.as_ref()?;
                let now = || Time(chrono::Utc::now().timestamp_micros());
                let at = self.incident.since.unwrap_or_else(now);
                Some(format!("{} minutes", zone.offset_minutes(at)))
            }
            "since" | "incident_at" => self.incident.since.map(|time| time.to_string()),
            "until" => self.incident.until.map(|time| time.to_string()),
            _ => None,
        }
    }

    /// Notes on an incident or an actor.
    pub(crate) fn notes_on<'a>(
        &'a self,
        number: usize,
        principals: &'a [&str],
    ) -> impl Iterator<Item = &'a str> {
        let is_on = move |note: &&Note| note.is_on(number, principals);
        self.notes.iter().filter(is_on).map(|note| note.text.as_str())
    }
}

/// The problems in a case file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.file, .problems))]
pub struct CaseError {
    /// The file, as given.
    pub file: String,
    /// All problems, by line.
    pub problems: Vec<CaseProblem>,
}

/// A problem in a case file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaseProblem {
    /// The line, counted from 1; 0 if the problem concerns the whole file.
    pub line: usize,
    /// The problem, and what is expected instead.
    pub text: String,
}

fn listed(file: &str, problems: &[CaseProblem]) -> String {
    let line = |problem: &CaseProblem| match problem.line {
        0 => format!("{file}: {}", problem.text),
        line => format!("{file}:{line}: {}", problem.text),
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
