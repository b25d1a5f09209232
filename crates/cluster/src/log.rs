//! Passes Ballista's log messages on to the user.

use std::sync::OnceLock;

use log::{Level, LevelFilter, Log, Metadata, Record};

/// Receives log lines.
type Sink = Box<dyn Fn(&str) + Send + Sync>;

struct LineWriter {
    sink: Sink,
    own: LevelFilter,
}

static LINES: OnceLock<LineWriter> = OnceLock::new();

struct Logger;

static LOGGER: Logger = Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let Some(lines) = LINES.get() else { return false };
        let target = metadata.target();
        let is_own = target.starts_with("ballista") || target.starts_with("saltmine");
        metadata.level() <= if is_own { lines.own } else { LevelFilter::Warn }
    }

    fn log(&self, record: &Record<'_>) {
        if let Some(lines) = LINES.get()
            && self.enabled(record.metadata())
        {
            let level = match record.level() {
                Level::Error => "error: ",
                Level::Warn => "warning: ",
                _ => "",
            };
            (lines.sink)(&format!("{level}{}", record.args()));
        }
    }

    fn flush(&self) {}
}

/// Passes Ballista's log to `sink`, line by line: warnings, and with `verbose` each task. Only the first
/// call in a process has an effect.
pub fn log_to(verbose: bool, sink: impl Fn(&str) + Send + Sync + 'static) {
    let own = if verbose { LevelFilter::Info } else { LevelFilter::Warn };
    if LINES.set(LineWriter { sink: Box::new(sink), own }).is_ok() && log::set_logger(&LOGGER).is_ok() {
        log::set_max_level(own);
    }
}
