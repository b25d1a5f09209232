//! Messages on standard error: errors, warnings, notes. Their text may come from a log, so all of it is sanitised.

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use clap::error::{ContextKind, ContextValue};

use crate::args::{ColorWhen, Global};
use crate::output::sanitize::{clean_into, sanitize};

/// Standard error, according to the global options.
#[derive(Clone, Copy)]
pub(crate) struct Terminal {
    quiet: bool,
    verbose: bool,
    color: ColorWhen,
    coloured: bool,
}

impl Terminal {
    pub(crate) fn new(global: Global) -> Self {
        let mut terminal =
            Self { quiet: global.quiet, verbose: global.verbose > 0, color: global.color, coloured: false };
        terminal.coloured = terminal.colours(std::io::stderr().is_terminal());
        terminal
    }

    /// Whether to colour output, depending on whether it goes to a terminal.
    pub(crate) fn colours(&self, is_terminal: bool) -> bool {
        match self.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => {
                let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                let is = |name, value: &str| std::env::var_os(name).is_some_and(|is| is == value);
                let is_forced = is_set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0");
                let is_fit = is_terminal && !is("TERM", "dumb") && !is("CLICOLOR", "0");
                !is_set("NO_COLOR") && (is_forced || is_fit)
            }
        }
    }

    /// Whether progress may be shown: on a terminal, unless quiet.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Prints an error of one or more lines.
    pub(crate) fn error(&self, text: &str) {
        for (index, line) in text.lines().enumerate() {
            self.line(if index == 0 { "error: " } else { "       " }, AnsiColor::Red, line);
        }
    }

    /// Prints a problem of the input; even with --quiet, because it changes the exit code.
    pub(crate) fn warning(&self, text: &str) {
        self.line("warning: ", AnsiColor::Yellow, text);
    }

    /// Prints information of one or more lines; hidden by --quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            text.lines().for_each(|line| self.line("", AnsiColor::White, line));
        }
    }

    /// Whether notes are hidden.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Reports that a file with `what` was written.
    pub(crate) fn wrote(&self, path: Option<&std::path::Path>, what: &str) {
        if let Some(path) = path {
            let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
            self.note(&format!("wrote {}: {what}, {}", path.display(), indicatif::DecimalBytes(size)));
        }
    }

    /// Whether details are shown.
    #[cfg(feature = "cluster")]
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Prints details of one or more lines, with --verbose.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            text.lines().for_each(|line| self.line("", AnsiColor::White, line));
        }
    }

    fn line(&self, label: &str, colour: AnsiColor, text: &str) {
        let style =
            if self.coloured { Style::new().bold().fg_color(Some(colour.into())) } else { Style::new() };
        // Standard error may be closed; there is nowhere left to report that.
        let _ = writeln!(std::io::stderr().lock(), "{style}{label}{style:#}{}", sanitize(text));
    }
}

/// Columns and rows of the terminal that standard output goes to; `None` if it goes elsewhere or has no size.
pub(crate) fn size() -> Option<(u16, u16)> {
    let (width, height) = terminal_size::terminal_size_of(std::io::stdout())?;
    (width.0 > 0 && height.0 > 0).then_some((width.0, height.0))
}

/// The width that text should fit, in characters: `$COLUMNS`, or that of the terminal.
pub(crate) fn width() -> Option<u16> {
    let variable = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    variable.filter(|width| *width > 0).or_else(|| size().map(|(width, _)| width))
}

/// Prints a usage error or the requested help. Arguments may be names of files chosen by anyone, so they are
/// sanitised.
pub(crate) fn usage(mut error: clap::Error) -> std::process::ExitCode {
    remove_far_suggestion(&mut error);
    let text = error.render().to_string();
    let mut clean = String::with_capacity(text.len());
    clean_into(&text, false, &mut clean);
    // If nobody reads the output any more, there is nowhere to report that.
    let _ = if clean == text { error.print() } else { write!(std::io::stderr().lock(), "{clean}") };
    std::process::ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Clap suggests options that share a few letters with the given one, as `--quiet` for `--bucket`. Those that begin with another
/// letter are seldom meant.
fn remove_far_suggestion(error: &mut clap::Error) {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (given, suggested) = (text(ContextKind::InvalidArg), text(ContextKind::SuggestedArg));
    let first = |option: String| option.trim_start_matches('-').chars().next();
    if suggested.is_some() && given.and_then(first) != suggested.and_then(first) {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::Usage);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn only_similar_options_are_suggested() {
        let suggested = |option: &str| {
            let mut error = Cli::try_parse_from(["saltmine", "hunt", "case.lake", option]).unwrap_err();
            remove_far_suggestion(&mut error);
            error.render().to_string().contains("similar argument")
        };
        for (option, expected) in
            [("--bucket", false), ("--severity", false), ("--min-sevrity", true), ("--exlude", true)]
        {
            assert_eq!(suggested(option), expected, "{option}");
        }
    }
}
