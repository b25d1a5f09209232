//! The timeline of the incidents: one lane per actor, with marks per phase in front of the actor's usual requests.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use saltmine_query::incidents::{DeedKind, PhaseKind};
use saltmine_query::quantity::{bytes, counted};
use saltmine_query::report::Answer;
use saltmine_query::timeline::Time;

use super::scale::{Scale, Span, Tick, bars};
use super::{StoryContext, losses};
use crate::output::incidents::words::days;
use crate::output::report::{mark, text};

/// Maximum number of lanes.
const LANES: usize = 30;
/// Minimum width of a mark, as a share of the axis.
const NARROWEST: f64 = 0.006;

/// Phases in the order of an attack: CSS class and label.
pub(super) const PHASES: [(PhaseKind, &str, &str); 6] = [
    (PhaseKind::Discovery, "discovery", "Discovery"),
    (PhaseKind::AccessOpened, "access-opened", "Access opened"),
    (PhaseKind::Collection, "collection", "Collection"),
    (PhaseKind::Exfiltration, "exfiltration", "Exfiltration"),
    (PhaseKind::Destruction, "destruction", "Destruction"),
    (PhaseKind::CoverUp, "cover-up", "Cover-up"),
];

#[derive(Template)]
#[template(path = "story/lanes.html")]
pub(super) struct Lanes {
    ticks: Vec<Tick>,
    phases: Vec<(&'static str, &'static str)>,
    /// All requests.
    all: String,
    lanes: Vec<Lane>,
    left_out: usize,
}

struct Lane {
    number: usize,
    severity: &'static str,
    name: String,
    mark: String,
    from: String,
    /// Requests of the principal, as the data of an SVG path.
    usual: String,
    marks: Vec<Mark>,
}

struct Mark {
    class: &'static str,
    span: Span,
    y: usize,
    text: String,
    /// Microseconds since 1970.
    first: i64,
    last: i64,
}

/// Activity of one phase in consecutive time slots.
#[derive(Clone, Copy, Default)]
struct LaneRun {
    slot: usize,
    requests: i64,
    bytes: i64,
    first: i64,
    last: i64,
}

pub(super) fn lanes(story: &StoryContext<'_>) -> Lanes {
    let answers = &story.report.story;
    let scale = Scale::new(answers);
    let usual = usual(story);
    let most = usual.values().flatten().copied().max().unwrap_or(0);
    let runs = runs(story);
    let actors: Vec<_> = story
        .subjects
        .iter()
        .enumerate()
        .flat_map(|(at, subject)| subject.actors().into_iter().map(move |actor| (at, subject, actor)))
        .collect();
    let lane = |(at, subject, actor): &(usize, &super::Subject<'_>, super::subject::Lane<'_>)| {
        let of_actor = runs
            .iter()
            .filter(|((subject, index, _), _)| subject == at && actor.index.is_none_or(|own| own == *index));
        let mut marks: Vec<Mark> = of_actor
            .flat_map(|((.., phase), runs)| {
                runs.iter().filter_map(|run| mark_of(&scale, actor.name, *phase, run))
            })
            .collect();
        marks.sort_by_key(|mark| (mark.first, mark.y));
        Lane {
            number: subject.number(),
            severity: subject.severity(),
            name: text::cut(actor.name, 60),
            mark: mark::principal(actor.principal, story.shown),
            from: actor.from.clone(),
            usual: usual.get(actor.principal).map_or_else(String::new, |values| log_bars(values, most)),
            marks,
        }
    };
    Lanes {
        ticks: scale.ticks(),
        phases: PHASES.iter().map(|(_, class, word)| (*class, *word)).collect(),
        all: all(story),
        lanes: actors.iter().take(LANES).map(lane).collect(),
        left_out: actors.len().saturating_sub(LANES),
    }
}

fn mark_of(scale: &Scale, who: &str, phase: PhaseKind, run: &LaneRun) -> Option<Mark> {
    let row = PHASES.iter().position(|(kind, ..)| *kind == phase)?;
    let (_, class, word) = PHASES[row];
    let size = if run.bytes > 0 && phase != PhaseKind::Discovery {
        format!(", {}", bytes(run.bytes))
    } else {
        String::new()
    };
    let requests = counted(u64::try_from(run.requests).unwrap_or(0), "request");
    let when = days(Time(run.first), Time(run.last));
    Some(Mark {
        class,
        span: scale.span(run.first.div_euclid(1_000_000), run.last.div_euclid(1_000_000), NARROWEST)?,
        y: 2 + 6 * row,
        text: format!("{word}: {requests}{size}, {when} UTC, {}", text::cut(who, 60)),
        first: run.first,
        last: run.last,
    })
}

type RunsOf = BTreeMap<(usize, usize, PhaseKind), Vec<LaneRun>>;

/// Activity by subject, actor and phase.
fn runs(story: &StoryContext<'_>) -> RunsOf {
    let mut runs = RunsOf::new();
    let Some(answer) = story.report.story.answer("story-marks") else { return runs };
    let overwritten = losses::overwritten(story);
    for row in &answer.rows {
        let index = |column| usize::try_from(answer.integer(row, column)).unwrap_or(usize::MAX);
        let (subject, actor) = (index("incident"), index("actor"));
        let kind = DeedKind::parse(answer.value(row, "kind").text().unwrap_or_default());
        // Writing new objects destroys nothing.
        let is_harmless = kind == DeedKind::Written && !overwritten.contains(&subject);
        let (Some(phase), false) = (kind.phase(), is_harmless) else { continue };
        let (Some(first), Some(last)) = (answer.time(row, "first_seen"), answer.time(row, "last_seen"))
        else {
            continue;
        };
        let Some(slot) = story.report.story.slot(first) else { continue };
        let run = LaneRun {
            slot,
            requests: answer.integer(row, "requests"),
            bytes: answer.integer(row, "bytes"),
            first,
            last,
        };
        add(runs.entry((subject, actor, phase)).or_default(), run);
    }
    runs
}

/// Adds a run to earlier ones, which are in time order; it extends the last one if there is no gap.
fn add(runs: &mut Vec<LaneRun>, run: LaneRun) {
    match runs.last_mut() {
        Some(last) if run.slot <= last.slot + 1 => {
            last.slot = run.slot;
            last.requests += run.requests;
            last.bytes = last.bytes.saturating_add(run.bytes);
            last.first = last.first.min(run.first);
            last.last = last.last.max(run.last);
        }
        _ => runs.push(run),
    }
}

/// Requests by principal and time slot.
fn usual(story: &StoryContext<'_>) -> HashMap<String, Vec<i64>> {
    let Some(answer) = story.report.story.answer("story-bytes") else { return HashMap::new() };
    by_slot(story, answer, "all", "requests")
}

/// The values of a column by principal and time slot.
pub(super) fn by_slot(
    story: &StoryContext<'_>,
    answer: &Answer,
    part: &str,
    column: &str,
) -> HashMap<String, Vec<i64>> {
    let mut found: HashMap<String, Vec<i64>> = HashMap::new();
    for row in answer.part(part) {
        let slot = answer.time(row, "slot").and_then(|time| story.report.story.slot(time));
        let (Some(slot), Some(principal)) = (slot, answer.value(row, "principal").text()) else { continue };
        let values = found.entry(principal.to_owned()).or_insert_with(|| vec![0; story.report.story.slots]);
        if let Some(value) = values.get_mut(slot) {
            *value = value.saturating_add(answer.integer(row, column));
        }
    }
    found
}

fn log_bars(values: &[i64], most: i64) -> String {
    let (count, top) = (values.len().max(1) as f64, (most.max(1) as f64).ln_1p());
    bars(values.iter().enumerate().map(|(slot, value)| {
        (slot as f64 / count, (slot + 1) as f64 / count, ((*value).max(0) as f64).ln_1p() / top)
    }))
}

/// All requests by time slot.
fn all(story: &StoryContext<'_>) -> String {
    let slots = &story.report.traffic.slots;
    let mut values = vec![0; story.report.story.slots];
    for (_, of_status) in slots.series.iter().filter(|(name, _)| *name != "bytes_sent") {
        for (index, value) in of_status.iter().enumerate() {
            let seconds = slots.start + index as i64 * slots.width;
            let slot = story.report.story.slot(seconds.saturating_mul(1_000_000));
            if let Some(sum) = slot.and_then(|slot| values.get_mut(slot)) {
                *sum += value;
            }
        }
    }
    let most = values.iter().copied().max().unwrap_or(0);
    log_bars(&values, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_activity_is_one_mark() {
        let run = |slot, requests| LaneRun {
            slot,
            requests,
            first: slot as i64,
            last: slot as i64,
            ..LaneRun::default()
        };
        let mut runs = Vec::new();
        [run(3, 1), run(3, 2), run(4, 3), run(6, 4)].into_iter().for_each(|one| add(&mut runs, one));
        let seen: Vec<_> = runs.iter().map(|run| (run.first, run.last, run.requests)).collect();
        assert_eq!(seen, [(3, 4, 6), (6, 6, 4)]);
    }
}
