//! `saltmine case`: writes, shows and checks a case file.

pub(crate) mod find;
mod init;

use std::io::Write;
use std::path::{Path, PathBuf};

use saltmine_query::case::{FILE_NAME, KnownWork};

use self::find::Wanted;
use crate::args::{CaseAction, CaseArgs};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::sanitize::sanitize;
use crate::output::{Target, UsedFile};
use crate::terminal::Terminal;

pub(crate) fn run(args: &CaseArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    if args.action == CaseAction::Init {
        return init::run(args, terminal);
    }
    if args.output.is_some() || args.force {
        return Err(CliError::Usage("-o and --force are for saltmine case init".to_owned()));
    }
    let wanted = Wanted {
        options: &args.case,
        queries: args.queries.as_deref(),
        tz: None,
        hides_values: false,
        inputs: &args.inputs,
    };
    let (case, _) = find::find(&wanted, terminal)?;
    let Some(used) = case.used else {
        return Err(CliError::Nothing(format!(
            "no case file: none is given with --case or SALTMINE_CASE, and there is no {FILE_NAME} here; saltmine case init writes one"
        )));
    };
    let mut out = Target::open(None)?;
    if args.action == CaseAction::Check {
        writeln!(out, "{}: no problems", sanitize(&used.path.display().to_string()))?;
    } else {
        show(&used, &mut out)?;
    }
    hints(&used).iter().try_for_each(|hint| writeln!(out, "hint: {}", sanitize(hint)))?;
    out.finish()?;
    Ok(ExitCode::Success)
}

/// Hints about entries that are valid but perhaps not intended.
fn hints(used: &UsedFile) -> Vec<String> {
    let mut hints = Vec::new();
    for (known, number) in used.file.known_work.iter().zip(1..) {
        if known.network.is_none() && known.principal.is_some() {
            hints.push(format!(
                "known_work {number} has no network: it also accepts what others do with these credentials from elsewhere"
            ));
        }
        if known.principal.as_ref().is_some_and(|principal| principal.starts_with(['*', '?'])) {
            hints.push(format!(
                "known_work {number} begins with a wildcard: it matches principals of any account"
            ));
        }
    }
    hints
}

fn show(used: &UsedFile, out: &mut impl Write) -> Result<(), CliError> {
    let file = &used.file;
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut line = |name: &str, text: Option<String>| lines.extend(text.map(|text| (name.to_owned(), text)));
    let listed = |values: Vec<String>| (!values.is_empty()).then(|| values.join(", "));
    line("File", Some(used.path.display().to_string()));
    line("Title", file.title.clone());
    line("Examiner", file.examiner.clone());
    line("Time zone", file.timezone.as_ref().map(ToString::to_string));
    line("Working hours", file.work_hours.map(|hours| format!("{hours}, Monday to Friday")));
    line("Input", file.input.clone());
    line("Own accounts", listed(file.own_accounts.clone()));
    line("Own networks", listed(file.own_networks.iter().map(ToString::to_string).collect()));
    line("Own buckets", listed(file.own_buckets.clone()));
    line("Incident", incident(file.incident));
    for (known, number) in file.known_work.iter().zip(1..) {
        line(&format!("Known work {number}"), Some(described(known)));
    }
    for set in &file.parameters {
        line("Parameter", Some(format!("{}.{} = {}", set.query, set.name, set.value)));
    }
    for note in &file.notes {
        let on = match (note.incident, &note.principal) {
            (Some(number), Some(principal)) => format!("incident {number} of {principal}"),
            (Some(number), None) => format!("incident {number}"),
            (None, principal) => principal.clone().unwrap_or_default(),
        };
        line("Note", Some(format!("{on}: {}", note.text)));
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, text) in lines {
        writeln!(out, "{name:width$}  {}", sanitize(&text))?;
    }
    Ok(())
}

fn incident(window: saltmine_query::case::IncidentWindow) -> Option<String> {
    Some(match (window.since, window.until) {
        (Some(since), Some(until)) => format!("{since} until before {until}"),
        (Some(since), None) => format!("from {since}"),
        (None, Some(until)) => format!("until before {until}"),
        (None, None) => return None,
    })
}

/// `mass-delete by 1111…:role/x from 10.0.0.0/8 in halite-*: nightly retention`.
fn described(known: &KnownWork) -> String {
    let mut text = known.query.clone().unwrap_or_else(|| "any finding".to_owned());
    let part = |word: &str, value: Option<String>| {
        value.map_or_else(String::new, |value| format!(" {word} {value}"))
    };
    text += &part("by", known.principal.clone());
    text += &part("from", known.network.map(|network| network.to_string()));
    text += &part("in", known.bucket.clone());
    format!("{text}: {}", known.why)
}

/// The folder that contains a file.
fn folder(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_path_buf()
}
