//! What goes to standard error: errors, warnings, notes. Text in them may come from a log, so all of it is sanitised.

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use crate::args::{ColorWhen, Global};
use crate::output::sanitize::{clean_into, sanitize};

/// Standard error, as the options want it.
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

    /// Whether to colour what goes to a terminal, or to something else.
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

    /// Why it failed; one or several lines.
    pub(crate) fn error(&self, text: &str) {
        for (index, line) in text.lines().enumerate() {
            self.line(if index == 0 { "error: " } else { "       " }, AnsiColor::Red, line);
        }
    }

    /// What a person should know of the input; shown even when quiet, as it changes the exit code.
    pub(crate) fn warning(&self, text: &str) {
        self.line("warning: ", AnsiColor::Yellow, text);
    }

    /// What a person may like to know; one or several lines.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            text.lines().for_each(|line| self.line("", AnsiColor::White, line));
        }
    }

    /// Whether notes are hidden.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Says which file was written: `what` is in it.
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

    /// What helps to see what is done and how; one or several lines, with --verbose.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            text.lines().for_each(|line| self.line("", AnsiColor::White, line));
        }
    }

    fn line(&self, label: &str, colour: AnsiColor, text: &str) {
        let style =
            if self.coloured { Style::new().bold().fg_color(Some(colour.into())) } else { Style::new() };
        // Where standard error is gone, there is nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "{style}{label}{style:#}{}", sanitize(text));
    }
}

/// Tells what clap has to say of the arguments, or the help that was asked for. Arguments may be names of files, which
/// anybody may have chosen.
pub(crate) fn usage(error: &clap::Error) -> std::process::ExitCode {
    let text = error.render().to_string();
    let mut clean = String::with_capacity(text.len());
    clean_into(&text, false, &mut clean);
    // Where nobody reads it any more, there is nobody to tell.
    let _ = if clean == text { error.print() } else { write!(std::io::stderr().lock(), "{clean}") };
    std::process::ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
