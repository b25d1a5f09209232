//! The first part of a report: the verdict, the incidents, and their pictures and lists.

mod actions;
mod attack;
mod bytes_sent;
mod incidents;
mod lanes;
mod losses;
mod matrix;
mod scale;
mod subject;
mod verdict;

use askama::Template;
use saltmine_query::report::Report;

use self::subject::Subject;
use super::figures::{Body, Figure, Section, Sql};
use super::{Tick, text};
use crate::error::CliError;
use crate::output::Clock;

/// The part of the page before the findings.
pub(super) struct Story {
    /// The answers to the first questions, as HTML.
    pub(super) verdict: String,
    /// The incidents and further actors, as HTML.
    pub(super) incidents: String,
    /// Sections with pictures and lists.
    pub(super) sections: Vec<Section>,
    /// Techniques of ATT&CK, as HTML.
    pub(super) attack: String,
    /// Recommended actions, as HTML.
    pub(super) actions: String,
}

/// The part of a report about its incidents.
pub(super) fn story(report: &Report, clock: &Clock, shown: usize) -> Result<Story, CliError> {
    let subjects = subject::subjects(report);
    let story = StoryContext { report, subjects: &subjects, clock, shown };
    Ok(Story {
        verdict: rendered(&verdict::verdict(&story))?,
        incidents: rendered(&incidents::incidents(&story))?,
        sections: sections(&story)?,
        attack: rendered(&attack::strip(report))?,
        actions: rendered(&actions::actions(report, shown))?,
    })
}

/// The data from which the story is built.
struct StoryContext<'a> {
    report: &'a Report,
    /// In the order of their numbers in the answers.
    subjects: &'a [Subject<'a>],
    clock: &'a Clock,
    /// Maximum characters of a field.
    shown: usize,
}

impl<'a> StoryContext<'a> {
    /// The incident or actor of a row.
    fn subject(&self, index: i64) -> Option<&'a Subject<'a>> {
        self.subjects.get(usize::try_from(index).ok()?)
    }
}

/// The incidents and actors on the time axis of the traffic.
pub(super) fn ticks(report: &Report) -> Vec<Tick> {
    let tick = |subject: &Subject<'_>| {
        let (first, last) = subject.span();
        Tick {
            number: subject.number(),
            severity: subject.severity(),
            text: text::cut(&subject.label(), 120),
            from: first.div_euclid(1_000_000),
            to: last.div_euclid(1_000_000),
        }
    };
    subject::subjects(report).iter().map(tick).collect()
}

fn rendered(part: &impl Template) -> Result<String, CliError> {
    part.render().map_err(|error| CliError::Format(error.to_string()))
}

fn sections(story: &StoryContext<'_>) -> Result<Vec<Section>, CliError> {
    if story.report.story.slots == 0 {
        return Ok(Vec::new());
    }
    let lanes = rendered(&lanes::lanes(story))?;
    let timeline = figure(
        story,
        ("incident-timeline", "Incidents over time"),
        "A lane per actor; a mark is what was done, by phase. Grey: all requests of the principal, on a logarithmic \
         scale. Point at a mark, or reach it by the Tab key, to read it; Enter opens the incident.",
        "story-marks",
        Body::Picture(lanes, None),
    );
    let (multiples, numbers) = bytes_sent::sent(story);
    let bytes = figure(
        story,
        ("bytes-out", "Bytes sent, by principal"),
        &bytes_sent::note(story),
        "story-bytes",
        Body::Picture(rendered(&multiples)?, Some(numbers)),
    );
    let matrix = figure(
        story,
        ("matrix", "Principals and actions"),
        "Requests, and bytes where data moved. Above: what the actors did in incidents and findings; below: the \
         busiest other principals in all of the logs. Outlined: not done by this principal on any earlier day.",
        "story-matrix",
        Body::Table(matrix::matrix(story)),
    );
    let sections = [
        Section { id: "timeline", title: "Timeline", figures: timeline.into_iter().collect() },
        Section { id: "did", title: "Who did what", figures: matrix.into_iter().chain(bytes).collect() },
        Section { id: "lost", title: "Taken, destroyed and changed", figures: losses::figures(story)? },
    ];
    Ok(sections.into_iter().filter(|section| !section.figures.is_empty()).collect())
}

/// A figure with the SQL behind it; `None` if the statement was not run.
fn figure(
    story: &StoryContext<'_>,
    (id, title): (&'static str, &'static str),
    note: &str,
    answer: &str,
    body: Body,
) -> Option<Figure> {
    let sql = Sql::from_answer(story.report.story.answer(answer)?);
    Some(Figure { id, title, note: note.to_owned(), body, sql })
}
