//! The subcommands, one a file.

pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod generate;
pub(crate) mod hunt;
pub(crate) mod ingest;
pub(crate) mod latency;
pub(crate) mod queries;
pub(crate) mod query;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod shell;
pub(crate) mod timeline;
pub(crate) mod verify;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use saltmine_query::catalogue::{Catalogue, CatalogueError};

use crate::terminal::Terminal;

/// The queries that are built in, with those of a folder.
fn catalogue(folder: Option<&Path>) -> Result<Catalogue, CatalogueError> {
    let catalogue = Catalogue::builtin()?;
    match folder {
        Some(folder) => catalogue.with_dir(folder),
        None => Ok(catalogue),
    }
}

/// A first interrupt ends the run cleanly, a second one at once.
fn stop_on_interrupt(terminal: &Terminal) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    // Without a handler the run is killed, which a dataset survives too.
    let terminal = *terminal;
    let _ = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::abort();
        }
        terminal.note("interrupted: ending in good order; once more to end at once");
    });
    stop
}
