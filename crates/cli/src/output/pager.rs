//! Standard output, which goes through the user's pager if it is a terminal and the text has more than a screen.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::terminal;

/// The pager if `$PAGER` is not set: with colours, without clearing the screen, and ending on Ctrl-C.
const DEFAULT: &str = "less -RFXK";

/// Standard output.
pub(crate) struct PagedStdout(State);

enum State {
    /// Without a pager.
    Direct(BufWriter<io::Stdout>),
    /// Less than a screen so far.
    Held { text: Vec<u8>, screen: Screen, command: String },
    /// Read by the pager.
    Paged(BufWriter<ChildStdin>, Child),
}

impl State {
    fn direct() -> Self {
        Self::Direct(BufWriter::with_capacity(1 << 16, io::stdout()))
    }
}

/// The size of the terminal in characters.
#[derive(Clone, Copy)]
struct Screen {
    rows: usize,
    columns: usize,
}

impl Screen {
    /// Whether the screen is full with this text.
    fn is_full(self, text: &[u8]) -> bool {
        let lines = text.split(|byte| *byte == b'\n');
        lines.map(|line| line.len().div_ceil(self.columns).max(1)).sum::<usize>() > self.rows
    }
}

impl PagedStdout {
    /// With a pager if a person reads and types here, and the terminal has a known size.
    pub(crate) fn new() -> Self {
        let is_interactive = io::stdin().is_terminal() && io::stdout().is_terminal();
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let size = if is_interactive && !is_dumb { terminal::size() } else { None };
        match (size, command()) {
            (Some((columns, rows)), Some(command)) => {
                let screen = Screen { rows: usize::from(rows), columns: usize::from(columns).max(1) };
                Self(State::Held { text: Vec::new(), screen, command })
            }
            _ => Self::direct(),
        }
    }

    /// Without a pager.
    pub(crate) fn direct() -> Self {
        Self(State::direct())
    }

    /// Shows what is left, and waits until the user leaves the pager.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.0, State::direct()) {
            State::Direct(mut out) => out.flush(),
            State::Held { text, .. } => {
                let mut out = io::stdout().lock();
                out.write_all(&text)?;
                out.flush()
            }
            State::Paged(mut text, mut child) => {
                // The user may have left the pager already.
                let flushed = text.flush().or_else(|error| match error.kind() {
                    io::ErrorKind::BrokenPipe => Ok(()),
                    _ => Err(error),
                });
                drop(text);
                child.wait()?;
                flushed
            }
        }
    }
}

/// The user's pager; `None` for none.
fn command() -> Option<String> {
    let command = std::env::var("PAGER").unwrap_or_else(|_| DEFAULT.to_owned());
    let command = command.trim();
    (!command.is_empty() && command != "cat").then(|| command.to_owned())
}

/// Characters of a command that needs a shell.
const SHELL: &str = "|&;<>()$`\\\"'*?[#~=%";

fn spawn(command: &str) -> io::Result<Child> {
    let mut pager = if cfg!(unix) && command.contains(|char| SHELL.contains(char)) {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]);
        shell
    } else {
        // Without a shell, a program that is not installed is an error here.
        let mut words = command.split_whitespace();
        let mut pager = Command::new(words.next().unwrap_or_default());
        pager.args(words);
        pager
    };
    pager.stdin(Stdio::piped()).spawn()
}

impl Write for PagedStdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            State::Direct(out) => return out.write(bytes),
            State::Paged(text, _) => return text.write(bytes),
            State::Held { text, screen, command } => {
                text.extend_from_slice(bytes);
                if !screen.is_full(text) {
                    return Ok(bytes.len());
                }
                let held = std::mem::take(text);
                self.0 = match spawn(command).map(|mut child| (child.stdin.take(), child)) {
                    Ok((Some(pipe), child)) => State::Paged(BufWriter::new(pipe), child),
                    _ => State::direct(),
                };
                self.write_all(&held)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            State::Direct(out) => out.flush(),
            State::Held { .. } => Ok(()),
            State::Paged(text, _) => text.flush(),
        }
    }
}

impl Drop for PagedStdout {
    fn drop(&mut self) {
        // After an error: what was written before is shown. There is nowhere to report that it cannot be.
        let _ = self.finish();
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn held(rows: usize, command: String) -> PagedStdout {
        PagedStdout(State::Held { text: Vec::new(), screen: Screen { rows, columns: 20 }, command })
    }

    #[test]
    fn only_text_of_more_than_a_screen_goes_to_the_pager() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("paged");
        let command = format!("cat > '{}'", file.display());
        let mut short = held(4, command.clone());
        short.write_all(b"").unwrap();
        short.finish().unwrap();
        assert!(!file.exists());
        let mut long = held(4, command.clone());
        (1..=9).for_each(|line| writeln!(long, "line {line}").unwrap());
        long.finish().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 9, "{text}");
        std::fs::remove_file(&file).unwrap();
        // Lines that wrap fill the screen too. A target that is dropped shows all the same.
        let mut wide = held(4, command);
        wide.write_all(&[b'x'; 81]).unwrap();
        drop(wide);
        assert_eq!(std::fs::read(&file).unwrap().len(), 81);
    }

    #[test]
    fn the_user_may_leave_the_pager_before_the_end() {
        let mut out = held(1, "true".to_owned());
        let lines = (0..1_000_000).try_for_each(|line| writeln!(out, "line {line}"));
        assert_eq!(lines.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert!(out.finish().is_ok());
    }
}
