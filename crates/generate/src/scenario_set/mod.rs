//! The scenario set: attacks, each loud and careful, and suspicious-looking benign workloads, as complete logs with a
//! quiet past, other principals, late records and duplicates.
//!
//! They are for measuring a hunt (`scripts/score-hunt`). The `truth` of each is counted while its records are made.

mod attacks;
mod benign;
mod call;
mod callers;
mod calls;
mod company;
mod delivery;
mod logs;
mod truth;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use self::logs::Logs;

pub use self::logs::CopySource;
pub use self::truth::{AttackTruth, ScenarioKind, Truth};

use super::GenerateError;

/// How an attack is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// Fast, in one run from one place.
    Loud,
    /// Slow, in working hours, spread over sessions and addresses, below the limits of fixed time windows.
    Careful,
}

/// How to make the records of a scenario.
#[derive(Clone, Copy)]
enum Play {
    /// An attack, in both variants.
    Attack(fn(&mut Logs, Care)),
    /// A benign workload.
    Benign(fn(&mut Logs)),
}

/// A scenario of the set; for attacks, without the variant.
struct Entry {
    name: &'static str,
    title: &'static str,
    play: Play,
}

/// Scenarios by their names: attacks as `NAME-loud` and `NAME-careful`, then benign ones.
fn all() -> Vec<(String, Entry, Care)> {
    let mut found = Vec::new();
    for entry in attacks::all() {
        for (way, care) in [("loud", Care::Loud), ("careful", Care::Careful)] {
            found.push((format!("{}-{way}", entry.name), Entry { ..entry }, care));
        }
    }
    found.extend(benign::all().into_iter().map(|entry| (entry.name.to_owned(), entry, Care::Loud)));
    found
}

/// Names of all scenarios of the set, in order.
#[must_use]
pub fn scenario_names() -> Vec<String> {
    all().into_iter().map(|(name, _, _)| name).collect()
}

/// Writes scenarios of the set as `OUT/NAME/logs/BUCKET/FILE.gz`, and `OUT/truth.json`. Words are names of scenarios,
/// `attacks`, `benign` or `all`. The same seed gives the same files.
///
/// # Errors
/// If a word is unknown, a folder already exists, or a file cannot be written.
pub fn write_set(
    out: &Path,
    words: &[String],
    seed: u64,
    copy_source: CopySource,
) -> Result<BTreeMap<String, Truth>, GenerateError> {
    let scenarios = chosen(words)?;
    for (name, _, _) in &scenarios {
        if out.join(name).exists() {
            return Err(GenerateError::Exists(out.join(name)));
        }
    }
    let truths = scenarios.par_iter().map(|(name, entry, care)| {
        let mut logs = Logs::new(name, seed, copy_source);
        let kind = match entry.play {
            Play::Attack(play) => {
                play(&mut logs, *care);
                ScenarioKind::Attack
            }
            Play::Benign(play) => {
                play(&mut logs);
                ScenarioKind::Benign
            }
        };
        let folder = out.join(name).join("logs");
        Ok((name.clone(), delivery::write(logs, &folder, kind, entry.title)?))
    });
    let truths: BTreeMap<String, Truth> = truths.collect::<Result<_, GenerateError>>()?;
    super::write_json(out, "truth.json", &truths)?;
    Ok(truths)
}

fn chosen(words: &[String]) -> Result<Vec<(String, Entry, Care)>, GenerateError> {
    let is_attack = |entry: &Entry| matches!(entry.play, Play::Attack(_));
    let matches = |word: &str, name: &str, entry: &Entry| match word {
        "all" => true,
        "attacks" => is_attack(entry),
        "benign" => !is_attack(entry),
        word => word == name || word == entry.name,
    };
    let all = all();
    if let Some(word) =
        words.iter().find(|word| !all.iter().any(|(name, entry, _)| matches(word, name, entry)))
    {
        return Err(GenerateError::Scenario { word: word.clone(), names: scenario_names().join(", ") });
    }
    let is_wanted =
        |(name, entry, _): &(String, Entry, Care)| words.iter().any(|word| matches(word, name, entry));
    Ok(all.into_iter().filter(is_wanted).collect())
}
