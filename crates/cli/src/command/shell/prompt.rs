//! Reads statements from a terminal, with history and completion, or from a pipe.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use super::complete::Words;
use super::statements::{is_blank, is_whole_text, split};
use crate::error::CliError;

/// Something to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    Sql(String),
    Meta(String),
}

/// Reads lines and returns complete statements.
pub(super) struct Prompt {
    lines: Lines,
    /// Lines of an unfinished statement.
    pending: String,
    ready: VecDeque<Input>,
}

enum Lines {
    Terminal(Box<Editor<Words, FileHistory>>, Option<PathBuf>),
    Pipe(io::Lines<io::StdinLock<'static>>),
}

impl Prompt {
    /// For a terminal.
    pub(super) fn terminal(words: Words) -> Result<Self, CliError> {
        let config = Config::builder()
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .auto_add_history(false)
            .build();
        let mut editor = Editor::with_config(config).map_err(wrong)?;
        editor.set_helper(Some(words));
        let history = history();
        if let Some(path) = &history {
            // On the first run, no history file exists yet.
            let _ = editor.load_history(path);
        }
        Ok(Self::new(Lines::Terminal(Box::new(editor), history)))
    }

    /// For a pipe.
    pub(super) fn pipe() -> Self {
        Self::new(Lines::Pipe(io::stdin().lines()))
    }

    const fn new(lines: Lines) -> Self {
        Self { lines, pending: String::new(), ready: VecDeque::new() }
    }

    /// The next statement or meta command; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Input>, CliError> {
        loop {
            if let Some(input) = self.ready.pop_front() {
                return Ok(Some(input));
            }
            match self.lines.next(!self.pending.trim().is_empty())? {
                LineRead::Text(line) => self.take(&line),
                LineRead::Cancelled => self.pending.clear(),
                LineRead::End => {
                    // The last statement of a script may lack its semicolon.
                    let rest = std::mem::take(&mut self.pending);
                    return Ok((!is_blank(&rest)).then_some(Input::Sql(rest)));
                }
            }
        }
    }

    /// Adds the lines of a file or editor, as if typed.
    pub(super) fn push_lines(&mut self, text: &str) {
        text.lines().for_each(|line| self.take(line));
        // The last statement of a file does not need a semicolon.
        let rest = std::mem::take(&mut self.pending);
        if !is_blank(&rest) {
            self.ready.push_back(Input::Sql(rest));
        }
    }

    /// Whether a line is a meta command, even within an unfinished statement.
    fn is_command_within(&self, line: &str) -> bool {
        // Within a string, a backslash is text.
        line.trim_start().starts_with('\\') && !self.pending.trim().is_empty() && is_whole_text(&self.pending)
    }

    fn take(&mut self, line: &str) {
        if self.is_command_within(line) {
            self.lines.add_to_history(line.trim());
            self.ready.push_back(Input::Meta(line.to_owned()));
            return;
        }
        if self.pending.trim().is_empty()
            && let Some(command) = word(line)
        {
            self.lines.add_to_history(line.trim());
            self.ready.push_back(Input::Meta(command.to_owned()));
            return;
        }
        if line.trim().is_empty() && !self.pending.trim().is_empty() {
            self.lines.hint();
        }
        // Skip empty lines before a statement, so that error positions count from its first line.
        if self.pending.trim().is_empty() {
            self.pending.clear();
        }
        self.pending.push_str(line);
        self.pending.push('\n');
        let text = std::mem::take(&mut self.pending);
        let is_command = text.trim_start().starts_with('\\');
        let (whole, rest) = if is_command { (Vec::new(), text.clone()) } else { split(&text) };
        let is_meta = rest.trim_start().starts_with('\\');
        if is_meta || !whole.is_empty() {
            self.lines.add_to_history(text.trim_end());
        }
        self.ready.extend(whole.into_iter().map(|statement| Input::Sql(statement.trim_start().to_owned())));
        if is_meta {
            self.ready.push_back(Input::Meta(rest));
        } else {
            // Drop the line break after the semicolon: it is not part of the next statement.
            self.pending = rest.trim_start().to_owned();
        }
    }
}

/// Translates words that people type to leave or get help to the meta command.
fn word(line: &str) -> Option<&'static str> {
    match line.trim().trim_end_matches(';').trim_end().to_lowercase().as_str() {
        "exit" | "quit" => Some("\\q"),
        "help" => Some("\\?"),
        _ => None,
    }
}

/// The result of reading a line.
enum LineRead {
    Text(String),
    Cancelled,
    End,
}

impl Lines {
    fn next(&mut self, continued: bool) -> Result<LineRead, CliError> {
        match self {
            Self::Pipe(lines) => Ok(lines.next().transpose()?.map_or(LineRead::End, LineRead::Text)),
            Self::Terminal(editor, _) => {
                match editor.readline(if continued { "       -> " } else { "saltmine> " }) {
                    Ok(line) => Ok(LineRead::Text(line)),
                    Err(ReadlineError::Interrupted) => Ok(LineRead::Cancelled),
                    Err(ReadlineError::Eof) => Ok(LineRead::End),
                    Err(error) => Err(wrong(error)),
                }
            }
        }
    }

    /// Reminds the user of the semicolon.
    fn hint(&self) {
        if matches!(self, Self::Terminal(..)) {
            // Only a hint; the prompt works without it.
            let _ = writeln!(io::stderr(), "Statements end with ;   (Ctrl-C cancels)");
        }
    }

    /// Saved immediately, so that nothing is lost if the terminal crashes.
    fn add_to_history(&mut self, text: &str) {
        if let Self::Terminal(editor, path) = self {
            // The prompt works without a history file.
            let _ = editor.add_history_entry(text);
            if let Some(path) = path {
                let _ = editor.append_history(path);
            }
        }
    }
}

/// `$XDG_STATE_HOME/saltmine/history`.
fn history() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let state = state.or_else(|| std::env::home_dir().map(|home| home.join(".local/state")))?;
    let folder = state.join("saltmine");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

fn wrong(error: ReadlineError) -> CliError {
    CliError::Output(io::Error::other(error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_begins_with_its_first_line() {
        let lines =
            ["select 1;", "slect 1;", "", "select", "  2;", "select 3; select", "4;", "\\timing", "select 5"];
        let mut prompt = Prompt::pipe();
        let mut inputs = Vec::new();
        for line in lines {
            prompt.take(line);
            inputs.extend(prompt.ready.drain(..));
        }
        let sql = |text: &str| Input::Sql(text.to_owned());
        let meta = Input::Meta("\\timing\n".to_owned());
        assert_eq!(
            inputs,
            [sql("select 1"), sql("slect 1"), sql("select\n  2"), sql("select 3"), sql("select\n4"), meta]
        );
        assert_eq!(prompt.pending, "select 5\n");
    }
}
