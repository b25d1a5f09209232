//! The activity of the incidents of a report, for its pictures and lists.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{Answer, ask};
use super::statement::Statement;
use super::traffic;
use crate::catalogue::Severity;
use crate::error::QueryError;
use crate::questions::hunt::HuntReport;
use crate::questions::incidents::{IncidentRequests, register};
use crate::session::Session;

/// Maximum number of time slots of a picture.
const SLOTS: i64 = 200;
/// Maximum number of incidents and actors in a picture.
const PICTURED: usize = 40;

const MARKS: Statement = statement!("story-marks");
const BYTES: Statement = statement!("story-bytes");
const TABLES: [Statement; 4] = [
    statement!("story-matrix"),
    statement!("story-taken"),
    statement!("story-destroyed"),
    statement!("story-changed"),
];

/// The activity of incidents, and of actors with findings outside of incidents.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Story {
    /// Numbers of the incidents and actors; the column `incident` of the answers counts them from 0.
    pub numbers: Vec<usize>,
    /// Start of the first time slot, in seconds since 1970.
    pub start: i64,
    /// Width of the time slots in seconds.
    pub width: i64,
    /// Number of time slots.
    pub slots: usize,
    /// The answers by the name of their statement.
    pub answers: BTreeMap<&'static str, Answer>,
}

impl Story {
    /// The answer of a statement.
    pub fn answer(&self, name: &str) -> Option<&Answer> {
        self.answers.get(name)
    }

    /// The time slot of a time in microseconds since 1970; `None` outside of the period.
    pub fn slot(&self, micros: i64) -> Option<usize> {
        let seconds = micros.div_euclid(1_000_000).checked_sub(self.start)?;
        let slot = usize::try_from(seconds.checked_div(self.width)?).ok()?;
        (seconds >= 0 && slot < self.slots).then_some(slot)
    }
}

/// Reads the activity within a period, in microseconds since 1970.
pub(super) async fn read(
    session: &Session,
    hunt: &HuntReport,
    (first, last): (i64, i64),
) -> Result<Story, QueryError> {
    let mut numbers = Vec::new();
    let mut requests: Vec<&IncidentRequests> = Vec::new();
    let incidents = hunt.incidents.iter().map(|incident| (incident.number, &incident.requests));
    let actors = hunt.actors.iter().filter(|actor| actor.severity >= Severity::Medium);
    let actors = actors.map(|actor| (actor.number, &actor.requests));
    for (number, of) in incidents.chain(actors).take(PICTURED) {
        numbers.push(number);
        requests.push(of);
    }
    let _table = register(session, &requests).await?;
    let (start, end) = (first.div_euclid(1_000_000), last.div_euclid(1_000_000));
    let width = traffic::width(end.saturating_sub(start), SLOTS);
    // Slots begin at multiples of their width, like those of date_bin; slots of weeks begin on Thursdays.
    let start = start.div_euclid(width) * width;
    let slots = usize::try_from((end - start) / width + 1).unwrap_or(0);
    let slot = [("slot", format!("{width} seconds"))];
    let mut answers = BTreeMap::new();
    for statement in [MARKS, BYTES] {
        answers.insert(statement.0, ask(session, statement, &slot).await?);
    }
    for statement in TABLES {
        answers.insert(statement.0, ask(session, statement, &[]).await?);
    }
    Ok(Story { numbers, start, width, slots, answers })
}
