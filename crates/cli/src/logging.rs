//! Diagnostics on standard error, off by default: `-vv` and `-vvv`, or a filter in `SALTMINE_LOG` such as
//! `saltmine_s3=trace,deltalake=debug`.
//!
//! Names of files and error messages may be hostile, so every line is sanitized. Diagnostics are not redacted, so they
//! are off under `--redact`.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::error::CliError;
use crate::output::sanitize::clean_into;

/// The filter for single modules.
const VARIABLE: &str = "SALTMINE_LOG";

/// Starts diagnostics if they are asked for: `verbose` is how often `-v` was given.
///
/// # Errors
/// If the filter in `SALTMINE_LOG` is invalid.
pub(crate) fn start(verbose: u8, redacted: bool) -> Result<(), CliError> {
    let Some(filter) = filter(verbose)?.filter(|_| !redacted) else { return Ok(()) };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_span_events(FmtSpan::NONE)
        .with_writer(Stderr)
        .with_timer(tracing_subscriber::fmt::time::uptime());
    // This fails only in tests, which initialise twice in one process.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    Ok(())
}

fn filter(verbose: u8) -> Result<Option<Targets>, CliError> {
    if let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) {
        let text = text.to_string_lossy();
        let invalid = |error| {
            CliError::Usage(format!(
                "invalid {VARIABLE} {text:?}: {error}; use a level (debug) or targets with levels (saltmine_s3=trace)"
            ))
        };
        return text.parse().map(Some).map_err(invalid);
    }
    let level = match verbose {
        0 | 1 => return Ok(None),
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // A prefix: it covers all of saltmine's crates.
    Ok(Some(Targets::new().with_target("saltmine", level)))
}

/// Standard error, sanitized.
struct Stderr;

impl MakeWriter<'_> for Stderr {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

impl Write for Stderr {
    /// Receives a whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut clean = String::with_capacity(line.len());
        for text in String::from_utf8_lossy(line).lines() {
            clean_into(text, false, &mut clean);
            clean.push('\n');
        }
        io::stderr().lock().write_all(clean.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn quiet_by_default() {
        assert!(filter(0).unwrap().is_none() && filter(1).unwrap().is_none());
        assert!(filter(2).unwrap().is_some_and(|filter| {
            filter.would_enable("saltmine_s3::limiter", &tracing::Level::DEBUG)
                && !filter.would_enable("saltmine_s3::limiter", &tracing::Level::TRACE)
                && !filter.would_enable("deltalake_core", &tracing::Level::ERROR)
        }));
    }
}
