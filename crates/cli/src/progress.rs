//! Progress on a terminal: of an ingest its files, bytes, lines, rate and time left; of a hunt its detections and findings;
//! of a report also its figures; of a query its time and rows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use saltmine_lake::{Event, Progress, SourceOutcome};
use saltmine_query::hunt::HuntProgress;
use saltmine_query::report::ReportProgress;
use saltmine_scan::{Source, sizes};

use crate::output::{counted, line_counts};
use crate::terminal::Terminal;

/// Shows the progress of an ingest if standard error is a terminal, and stops it if the input does not look like
/// logs.
pub(crate) struct IngestProgress<'a> {
    bar: ProgressBar,
    terminal: &'a Terminal,
    sources: &'a [Source],
    start: Instant,
    files: AtomicU64,
    lines: AtomicU64,
    doubt: Option<InputCheck<'a>>,
}

/// Checks that the input consists of access logs: other files would only produce rejects.
pub(crate) struct InputCheck<'a> {
    /// Stops the run.
    stop: &'a AtomicBool,
    lines: AtomicU64,
    rejects: AtomicU64,
    /// Set once data was saved: the run is then no longer stopped.
    decided: AtomicBool,
    confirmed: AtomicBool,
}

impl<'a> InputCheck<'a> {
    /// Minimum lines for stopping the run before its first round is complete.
    const MIN_LINES_EARLY: u64 = 100_000;
    /// Minimum lines for stopping the run when that round is about to be committed. Fewer lines are not enough to decide.
    const MIN_LINES_AT_COMMIT: u64 = 100;

    pub(crate) fn new(stop: &'a AtomicBool) -> Self {
        let (lines, rejects) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { stop, lines, rejects, decided: AtomicBool::new(false), confirmed: AtomicBool::new(false) }
    }

    fn add(&self, outcome: &SourceOutcome) {
        let counts = &outcome.counts;
        self.lines.fetch_add(counts.lines - counts.blanks, Ordering::Relaxed);
        self.rejects.fetch_add(counts.rejects, Ordering::Relaxed);
        self.decide(Self::MIN_LINES_EARLY);
    }

    /// Stops the run if most lines are rejects.
    fn decide(&self, least: u64) {
        let (lines, rejects) = self.counts();
        if lines >= least && rejects > lines / 2 && !self.decided.load(Ordering::Relaxed) {
            self.confirmed.store(true, Ordering::Relaxed);
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn counts(&self) -> (u64, u64) {
        (self.lines.load(Ordering::Relaxed), self.rejects.load(Ordering::Relaxed))
    }

    /// The reason if the run was stopped; `None` otherwise.
    fn verdict(&self) -> Option<String> {
        let (lines, rejects) = self.counts();
        self.confirmed.load(Ordering::Relaxed).then(|| {
            format!(
                "this does not look like a folder of S3 server access logs: {} of {} lines ({} %) were \
                 rejected. Nothing was saved. Use --keep-going to ingest it anyway",
                HumanCount(rejects),
                HumanCount(lines),
                rejects * 100 / lines.max(1)
            )
        })
    }
}

impl<'a> IngestProgress<'a> {
    pub(crate) fn new(terminal: &'a Terminal, sources: &'a [Source], doubt: Option<InputCheck<'a>>) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        Self {
            bar,
            terminal,
            sources,
            start: Instant::now(),
            files: AtomicU64::new(0),
            lines: AtomicU64::new(0),
            doubt,
        }
    }

    /// The reason if the run was stopped because of its input; `None` otherwise.
    pub(crate) fn verdict(&self) -> Option<String> {
        self.doubt.as_ref().and_then(InputCheck::verdict)
    }

    /// Removes the progress bar.
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

    /// Reports one file, with --verbose.
    fn report_source(&self, outcome: &SourceOutcome) {
        let counts = &outcome.counts;
        let state = outcome.state.map_or("skipped (already in the dataset)", |state| state.as_str());
        self.bar.suspend(|| {
            self.terminal.detail(&format!(
                "{}: {state}: {}; {} ({} decompressed)",
                outcome.name,
                line_counts(counts.lines, counts.rows, counts.rejects, counts.blanks),
                counted(outcome.size, "byte"),
                HumanCount(outcome.inflated)
            ));
        });
    }

    fn describe(&self) {
        let lines = self.lines.load(Ordering::Relaxed);
        let rate = lines as f64 / self.start.elapsed().as_secs_f64().max(0.001);
        let files = counted(self.files.load(Ordering::Relaxed), "file");
        self.bar.set_message(format!(
            "{files}, {}, {} lines/s",
            counted(lines, "line"),
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
                "an earlier run was interrupted: {} completed, {discarded} removed",
                counted(completed as u64, "round")
            )),
            Event::Started { .. } => self.start(),
            Event::Lines { lines } => {
                self.lines.fetch_add(lines, Ordering::Relaxed);
                self.describe();
            }
            Event::Source(outcome) => {
                self.files.fetch_add(1, Ordering::Relaxed);
                if let Some(doubt) = &self.doubt {
                    doubt.add(outcome);
                }
                self.bar.inc(outcome.size);
                self.report_source(outcome);
            }
            Event::Committing { rows } => {
                if let Some(doubt) = &self.doubt {
                    doubt.decide(InputCheck::MIN_LINES_AT_COMMIT);
                    doubt.decided.store(true, Ordering::Relaxed);
                }
                self.bar.set_message(format!("committing {}", counted(rows, "row")));
            }
            _ => {}
        }
    }
}

/// Shows the progress of a hunt or report if standard error is a terminal.
pub(crate) struct HuntBar {
    bar: ProgressBar,
}

impl HuntBar {
    pub(crate) fn new(terminal: &Terminal) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        bar.set_message(describe_query(0));
        if terminal.shows_progress() {
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}, {elapsed}") {
                bar.set_style(style);
            }
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self { bar }
    }

    pub(crate) fn show(&self, step: HuntProgress) {
        self.bar.set_length(step.detections as u64);
        self.bar.set_position(step.done as u64);
        self.bar.set_message(describe_hunt(step));
    }

    /// Shows the step of a report.
    pub(crate) fn show_report(&self, step: ReportProgress) {
        match step {
            ReportProgress::Hunt(step) => self.show(step),
            ReportProgress::Figures { done, figures } => {
                self.bar.set_length(figures as u64);
                self.bar.set_position(done as u64);
                self.bar.set_message(describe_figures(done, figures));
            }
        }
    }

    /// Removes the progress bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn describe_figures(done: usize, figures: usize) -> String {
    format!("{done} of {figures} figures")
}

/// Shows the elapsed time and rows of a query if standard error is a terminal. Short queries show nothing.
pub(crate) struct QueryBar {
    bar: ProgressBar,
    is_finished: Arc<Mutex<bool>>,
    rows: AtomicU64,
}

impl QueryBar {
    /// Elapsed time before the progress of a query is shown.
    const DELAY: Duration = Duration::from_secs(1);

    /// Starts the display.
    pub(crate) fn new(terminal: &Terminal) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(describe_query(0));
        let is_finished = Arc::new(Mutex::new(false));
        if terminal.shows_progress() {
            let (bar, is_finished) = (bar.clone(), Arc::clone(&is_finished));
            // A separate thread, because all threads of the runtime may be busy with the query.
            std::thread::spawn(move || {
                std::thread::sleep(Self::DELAY);
                let is_finished = is_finished.lock().unwrap_or_else(PoisonError::into_inner);
                if !*is_finished {
                    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
                    bar.enable_steady_tick(Duration::from_millis(250));
                }
            });
        }
        Self { bar, is_finished, rows: AtomicU64::new(0) }
    }

    /// Counts rows of the answer.
    pub(crate) fn add(&self, rows: u64) {
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        self.bar.set_message(describe_query(rows));
    }

    /// Removes the progress bar.
    pub(crate) fn finish(&self) {
        let mut is_finished = self.is_finished.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_finished {
            *is_finished = true;
            self.bar.finish_and_clear();
        }
    }
}

impl Drop for QueryBar {
    fn drop(&mut self) {
        self.finish();
    }
}

fn describe_query(rows: u64) -> String {
    if rows == 0 { "reading the records".to_owned() } else { counted(rows, "row") }
}

fn describe_hunt(step: HuntProgress) -> String {
    match (step.done, step.findings) {
        (0, _) => "reading the records".to_owned(),
        (done, 1) => format!("{done} of {} detections, 1 finding", step.detections),
        (done, findings) => format!("{done} of {} detections, {findings} findings", step.detections),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hunt_shows_its_progress() {
        let step = |done, findings| describe_hunt(HuntProgress { done, detections: 40, findings });
        assert_eq!(step(0, 0), "reading the records");
        assert_eq!(step(3, 1), "3 of 40 detections, 1 finding");
        assert_eq!(step(40, 0), "40 of 40 detections, 0 findings");
    }

    #[test]
    fn a_report_counts_its_figures_after_the_hunt() {
        let bar = HuntBar { bar: ProgressBar::hidden() };
        let hunt = HuntProgress { done: 39, detections: 40, findings: 2 };
        for (step, text, at) in [
            (ReportProgress::Hunt(hunt), "39 of 40 detections, 2 findings", (39, Some(40))),
            (ReportProgress::Figures { done: 0, figures: 13 }, "0 of 13 figures", (0, Some(13))),
            (ReportProgress::Figures { done: 13, figures: 13 }, "13 of 13 figures", (13, Some(13))),
        ] {
            bar.show_report(step);
            assert_eq!((bar.bar.message().as_str(), (bar.bar.position(), bar.bar.length())), (text, at));
        }
    }

    #[test]
    fn a_query_counts_its_rows() {
        let quiet = crate::args::Global { color: crate::args::ColorWhen::Never, quiet: true, verbose: 0 };
        let terminal = Terminal::new(quiet);
        let bar = QueryBar::new(&terminal);
        assert_eq!(bar.bar.message(), "reading the records");
        bar.add(1);
        assert_eq!(bar.bar.message(), "1 row");
        bar.add(8_191);
        assert_eq!(bar.bar.message(), "8,192 rows");
        bar.finish();
        assert!(bar.bar.is_finished());
    }
}
