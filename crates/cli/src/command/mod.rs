//! The subcommands, one per file.

pub(crate) mod case;
#[cfg(feature = "cluster")]
pub(crate) mod cluster;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod coverage;
mod damage;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod greeting;
pub(crate) mod hunt;
pub(crate) mod ingest;
pub(crate) mod latency;
pub(crate) mod playbook;
pub(crate) mod queries;
pub(crate) mod query;
pub(crate) mod recover;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod shell;
pub(crate) mod status;
pub(crate) mod timeline;
pub(crate) mod verify;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use saltmine_query::catalogue::{Catalogue, CatalogueError};
use saltmine_query::{KeySource, QueryError, Session, SessionOptions};

use crate::output::counted;
use crate::terminal::Terminal;

/// The built-in queries and those of a folder.
fn catalogue(folder: Option<&Path>) -> Result<Catalogue, CatalogueError> {
    let catalogue = Catalogue::builtin()?;
    match folder {
        Some(folder) => catalogue.with_dir(folder),
        None => Ok(catalogue),
    }
}

/// Opens a session and reports which redaction key it uses.
async fn open(options: &SessionOptions, terminal: &Terminal) -> Result<Session, QueryError> {
    #[cfg(feature = "cluster")]
    if options.remote.is_some() {
        cluster::listen(terminal);
    }
    let session = Session::open(options).await?;
    session.notes().for_each(|note| terminal.note(&note));
    let threads = session.context().state().config_options().execution.target_partitions;
    let memory = session.memory_limit();
    let read = match session.raw_files() {
        0 => "a dataset".to_owned(),
        files => counted(files as u64, "file"),
    };
    let partitions = counted(threads as u64, "partition");
    terminal.detail(&format!("reading {read}, with {partitions} and {memory} bytes of memory"));
    let shown = |text: &str| session.shown(text).into_owned();
    coverage::left_out(session.left_out(), options.names, shown, terminal);
    report_redaction(&session, options, terminal);
    Ok(session)
}

/// Reports which key makes the pseudonyms, since someone who handed over the dataset may have put one there, and
/// which tables cannot be compared.
fn report_redaction(session: &Session, options: &SessionOptions, terminal: &Terminal) {
    let Some(key) = session.redact_key() else { return };
    let shown = |path: &Path| session.shown(&path.display().to_string()).into_owned();
    match key {
        KeySource::Made(path) => terminal.note(&format!(
            "created the redaction key {}: anyone who has it can reverse the pseudonyms; keep it private",
            shown(path)
        )),
        KeySource::Read { path, changed } => {
            let changed = changed.map(|time| DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true));
            let changed = changed.map_or_else(String::new, |time| format!(", last changed {time}"));
            terminal.note(&format!("using the redaction key {}{changed}", shown(path)));
        }
        KeySource::Session => terminal.note(
            "these pseudonyms are valid for this run only; with --redact-key FILE, every run gives the same ones",
        ),
    }
    for (name, _) in &options.tables {
        terminal.note(&format!(
            "table {name} gets its own pseudonyms, which differ from those of the logs: otherwise a table that lists \
             addresses or names would reveal the values behind the pseudonyms"
        ));
    }
}

/// The first interrupt ends the run cleanly; the second ends it at once.
fn stop_on_interrupt(terminal: &Terminal) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    // Without a handler, an interrupt kills the run; the dataset stays consistent even then.
    let terminal = *terminal;
    let _ = ctrlc::set_handler(move || {
        if stopping.swap(true, Ordering::Relaxed) {
            std::process::abort();
        }
        terminal.note("Interrupted: finishing cleanly. Press Ctrl-C again to stop at once.");
    });
    stop
}
