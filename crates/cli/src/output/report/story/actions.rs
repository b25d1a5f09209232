//! Recommended actions: the next steps of all incidents, each listed once.

use askama::Template;
use saltmine_query::incidents::NextSteps;
use saltmine_query::report::Report;

use crate::output::report::text;

#[derive(Template)]
#[template(path = "story/actions.html")]
pub(super) struct Actions {
    kinds: Vec<Kind>,
    /// Questions about the incidents that the logs do not answer.
    cannot_tell: Vec<Step>,
}

struct Kind {
    id: &'static str,
    title: &'static str,
    steps: Vec<Step>,
}

pub(super) struct Step {
    text: String,
    /// Numbers of the incidents that it applies to.
    incidents: Vec<usize>,
}

/// Selects steps of one kind.
type StepsOf = fn(&NextSteps) -> &Vec<String>;

pub(super) fn actions(report: &Report, shown: usize) -> Actions {
    let kinds: [(&str, &str, StepsOf); 3] = [
        ("contain", "Contain", |steps| &steps.containment),
        ("confirm", "Confirm", |steps| &steps.confirmation),
        ("recover", "Recover", |steps| &steps.recovery),
    ];
    let most = shown.max(200) * 4;
    let steps = |of: StepsOf| {
        let incidents = report.hunt.incidents.iter();
        once(incidents.map(|incident| (incident.number, of(&incident.next_steps))), most)
    };
    let kinds = kinds.map(|(id, title, of)| Kind { id, title, steps: steps(of) });
    let incidents = report.hunt.incidents.iter();
    Actions {
        kinds: kinds.into_iter().filter(|kind| !kind.steps.is_empty()).collect(),
        cannot_tell: once(incidents.map(|incident| (incident.number, &incident.cannot_tell)), most),
    }
}

/// Distinct texts, each with the incidents that it applies to.
fn once<'a>(texts: impl Iterator<Item = (usize, &'a Vec<String>)>, most: usize) -> Vec<Step> {
    let mut steps: Vec<(&str, Step)> = Vec::new();
    for (number, texts) in texts {
        for words in texts {
            match steps.iter_mut().find(|(known, _)| known == words) {
                Some((_, step)) => step.incidents.push(number),
                None => {
                    let step = Step { text: text::cut(words, most), incidents: vec![number] };
                    steps.push((words, step));
                }
            }
        }
    }
    steps.into_iter().map(|(_, step)| step).collect()
}

#[cfg(test)]
mod tests {
    use super::once;

    #[test]
    fn a_step_of_two_incidents_is_listed_once() {
        let (one, two) = (vec!["a".to_owned(), "b".to_owned()], vec!["b".to_owned()]);
        let steps = once([(1, &one), (2, &two)].into_iter(), 240);
        let steps: Vec<_> = steps.into_iter().map(|step| (step.text, step.incidents)).collect();
        assert_eq!(steps, [("a".to_owned(), vec![1]), ("b".to_owned(), vec![1, 2])]);
    }
}
