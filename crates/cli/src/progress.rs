//! Progress of an ingest on a terminal: files, bytes, lines, rate and time left.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use saltmine_lake::{Event, Progress, SourceOutcome};
use saltmine_scan::{Source, sizes};

use crate::terminal::Terminal;

/// Shows what an ingest tells; nothing where standard error is no terminal.
pub(crate) struct IngestProgress<'a> {
    bar: ProgressBar,
    terminal: &'a Terminal,
    sources: &'a [Source],
    start: Instant,
    files: AtomicU64,
    lines: AtomicU64,
}

impl<'a> IngestProgress<'a> {
    pub(crate) fn new(terminal: &'a Terminal, sources: &'a [Source]) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        Self {
            bar,
            terminal,
            sources,
            start: Instant::now(),
            files: AtomicU64::new(0),
            lines: AtomicU64::new(0),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn start(&self) {
        if !self.terminal.shows_progress() {
            return;
        }
        let template = "{bar:30} {bytes}/{total_bytes}, {msg}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_length(sizes(self.sources).iter().sum());
        self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        self.bar.enable_steady_tick(Duration::from_millis(250));
    }

    /// A line a file, with --verbose.
    fn tell(&self, outcome: &SourceOutcome) {
        let counts = &outcome.counts;
        let state = outcome.state.map_or("skipped, as its content is there already", |state| state.as_str());
        self.bar.suspend(|| {
            self.terminal.detail(&format!(
                "{}: {state}: {} lines = {} rows + {} rejects + {} blanks; {} bytes, {} inflated",
                outcome.name,
                counts.lines,
                counts.rows,
                counts.rejects,
                counts.blanks,
                outcome.size,
                outcome.inflated
            ));
        });
    }

    fn describe(&self) {
        let lines = self.lines.load(Ordering::Relaxed);
        let rate = lines as f64 / self.start.elapsed().as_secs_f64().max(0.001);
        let files = HumanCount(self.files.load(Ordering::Relaxed));
        self.bar.set_message(format!(
            "{files} files, {} lines, {} lines/s",
            HumanCount(lines),
            HumanCount(rate as u64)
        ));
    }
}

impl Progress for IngestProgress<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Waiting { dataset } => {
                self.terminal.note(&format!("{}: another run is writing; waiting for it", dataset.display()));
            }
            Event::Recovered { completed, discarded } => self.terminal.note(&format!(
                "an earlier run was interrupted: {completed} rounds completed, {discarded} removed"
            )),
            Event::Started { .. } => self.start(),
            Event::Lines { lines } => {
                self.lines.fetch_add(lines, Ordering::Relaxed);
                self.describe();
            }
            Event::Source(outcome) => {
                self.files.fetch_add(1, Ordering::Relaxed);
                self.bar.inc(outcome.size);
                self.tell(outcome);
            }
            Event::Committing { rows } => {
                self.bar.set_message(format!("committing {} rows", HumanCount(rows)));
            }
            _ => {}
        }
    }
}
