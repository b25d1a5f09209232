//! The contents of a report on one input: the findings of the hunt, and figures with the SQL behind them.
//!
//! No statement runs twice, and statements that need the same columns are combined if that stays readable. Answers have
//! at most a few thousand rows, however large the input: statements limit their tables, and time slots are as wide as
//! the period requires.

macro_rules! statement {
    ($name:literal) => {
        ($name, include_str!(concat!("sql/", $name, ".sql")))
    };
}

mod answer;
mod curves;
mod sources;
mod statement;
mod story;
mod traffic;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::answer::{Answer, Value};
pub use self::curves::{Curve, Latency};
pub use self::sources::{SourceLine, Sources};
use self::statement::Statement;
pub use self::story::Story;
pub use self::traffic::{Slots, Traffic};
use super::hunt::{HuntOptions, HuntProgress, HuntReport, hunt};
use crate::catalogue::{Catalogue, Parameter};
use crate::error::QueryError;
use crate::session::Session;

const BUCKETS: Statement = statement!("buckets");
const SOURCES: Statement = statement!("sources");
const REJECTS: Statement = statement!("rejects");
const TRAFFIC: Statement = statement!("traffic");
const LATENCY: Statement = statement!("latency");

/// Statements whose answers are shown as tables.
const TABLES: [Statement; 9] = [
    statement!("requesters"),
    statement!("addresses"),
    statement!("keys"),
    statement!("prefixes"),
    statement!("agents"),
    statement!("kinds"),
    statement!("unsigned"),
    statement!("settings"),
    statement!("gaps"),
];

/// The contents of a report on one input. All text except the catalogue's and the SQL may come from a log and be
/// hostile.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The source files, their lines and hashes.
    pub sources: Sources,
    /// Requests and bytes over time.
    pub traffic: Traffic,
    /// Latency by operation.
    pub latency: Latency,
    /// Answers shown as tables, by the name of their statement.
    pub answers: BTreeMap<&'static str, Answer>,
    /// The findings of the hunt.
    pub hunt: HuntReport,
    /// The activity of its incidents.
    pub story: Story,
    /// The queries behind the findings, by name.
    pub queries: BTreeMap<String, FindingQuery>,
}

/// A query behind findings.
#[derive(Clone, Debug, Serialize)]
pub struct FindingQuery {
    /// The statement.
    pub sql: String,
    /// Its parameters, with their default values.
    pub parameters: Vec<Parameter>,
}

impl Report {
    /// The answer of a statement; `None` if it did not run, such as the one for rejects if there are none.
    pub fn answer(&self, name: &str) -> Option<&Answer> {
        self.answers.get(name)
    }
}

/// The progress of a report: first the hunt, then the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportProgress {
    /// The hunt runs.
    Hunt(HuntProgress),
    /// The figures are computed.
    Figures {
        /// Number of figures that are done.
        done: usize,
        /// Number of all figures.
        figures: usize,
    },
}

/// Runs everything that a report needs, and calls `progress` when the hunt makes progress and after each figure.
///
/// # Errors
/// If a pack is unknown, or the input cannot be read. A failing detection does not stop the report.
pub async fn report(
    session: &Session,
    catalogue: &Catalogue,
    options: &HuntOptions,
    progress: &(dyn Fn(ReportProgress) + Send + Sync),
) -> Result<Report, QueryError> {
    // If that is not possible, each statement reads the input.
    let _gathered = session.gather_logs().await.ok().flatten();
    let hunt = hunt(session, catalogue, options, &|step| progress(ReportProgress::Hunt(step))).await?;
    // Besides the tables: the numbers of the head, the story, the traffic and the latency.
    let figures = TABLES.len() + 4;
    let done = |done| progress(ReportProgress::Figures { done, figures });
    done(0);
    let mut queries = BTreeMap::new();
    for finding in &hunt.findings {
        let query = catalogue.get(&finding.query)?;
        let what = FindingQuery { sql: query.sql.clone(), parameters: query.parameters.clone() };
        queries.insert(finding.query.clone(), what);
    }
    let sources = sources::read(session, SOURCES).await?;
    let mut answers = BTreeMap::new();
    let buckets = answer::ask(session, BUCKETS, &[]).await?;
    let period =
        buckets.rows.first().map(|all| (buckets.time(all, "first_seen"), buckets.time(all, "last_seen")));
    answers.insert(BUCKETS.0, buckets);
    done(1);
    if sources.rejects > 0 {
        answers.insert(REJECTS.0, answer::ask(session, REJECTS, &[]).await?);
    }
    for (table, number) in TABLES.into_iter().zip(2..) {
        answers.insert(table.0, answer::ask(session, table, &[]).await?);
        done(number);
    }
    let period = period.and_then(|(first, last)| first.zip(last));
    let story = match period {
        Some(period) => story::read(session, &hunt, period).await?,
        None => Story::default(),
    };
    done(figures - 2);
    let traffic = traffic::read(session, TRAFFIC, period).await?;
    done(figures - 1);
    let latency = curves::read(session, LATENCY).await?;
    done(figures);
    Ok(Report { sources, traffic, latency, answers, hunt, story, queries })
}
