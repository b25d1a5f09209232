//! The destination of an answer: standard output, or a file that is written atomically.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::pager::PagedStdout;
use super::sanitize::clean_into;
use crate::error::CliError;
use crate::terminal;

/// The destination of an answer.
pub(crate) enum Target {
    /// Standard output.
    Stdout(PagedStdout),
    /// A terminal that shows a format meant for programs.
    EscapedStdout(EscapedStdout),
    /// A temporary file, and the path it will be renamed to.
    File(BufWriter<NamedTempFile>, PathBuf),
}

impl Target {
    /// Standard output for `None`. The file's folder must exist and be writable.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = path else {
            return Ok(Self::Stdout(PagedStdout::new()));
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = temporary(folder, path).map_err(plain).map_err(CliError::file(path))?;
        Ok(Self::File(BufWriter::with_capacity(1 << 20, file), path.to_path_buf()))
    }

    /// Standard output without a pager, for what is shown step by step.
    pub(crate) fn unpaged() -> Self {
        Self::Stdout(PagedStdout::direct())
    }

    /// Whether the output goes to a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout(_) | Self::EscapedStdout(_)) && io::stdout().is_terminal()
    }

    /// The width that text should fit, in characters; `None` for a file, or if nothing reports a width.
    pub(crate) fn fitting_width(&self) -> Option<u16> {
        if matches!(self, Self::File(..)) { None } else { terminal::width() }
    }

    /// The width of text that wraps, or `usual`.
    pub(crate) fn width(&self, usual: usize) -> usize {
        self.fitting_width().map_or(usual, usize::from)
    }

    /// For a format that does not escape control characters: escapes them if the output is a terminal.
    pub(crate) fn of_bytes(self, json: bool) -> Self {
        match self {
            Self::Stdout(out) if io::stdout().is_terminal() => {
                Self::EscapedStdout(EscapedStdout { out, json, rest: Vec::new() })
            }
            target => target,
        }
    }

    /// Flushes, and renames a file to its final path.
    pub(crate) fn finish(self) -> Result<(), CliError> {
        match self {
            Self::Stdout(mut out) => Ok(out.finish()?),
            Self::EscapedStdout(mut shown) => Ok(shown.end()?),
            Self::File(file, path) => {
                let file = file.into_inner().map_err(|error| CliError::file(&path)(error.into_error()))?;
                file.persist(&path).map_err(|error| CliError::file(&path)(error.error))?;
                Ok(())
            }
        }
    }
}

/// The system's error without the name of the temporary file, which would only confuse.
fn plain(error: io::Error) -> io::Error {
    let text = error.to_string();
    let (what, _) = text.split_once(" at path ").unwrap_or((&text, ""));
    io::Error::new(error.kind(), what)
}

/// Standard output with control characters escaped.
pub(crate) struct EscapedStdout {
    out: PagedStdout,
    json: bool,
    /// The first bytes of an incomplete UTF-8 character.
    rest: Vec<u8>,
}

impl EscapedStdout {
    fn end(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        write!(self.out, "{}", rest.escape_ascii())?;
        self.out.finish()
    }
}

impl Write for EscapedStdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let mut clean = String::with_capacity(self.rest.len());
        let mut used = 0;
        for chunk in self.rest.utf8_chunks() {
            clean_into(chunk.valid(), self.json, &mut clean);
            used += chunk.valid().len();
            let is_last = used + chunk.invalid().len() == self.rest.len();
            if is_last && is_begin(chunk.invalid()) {
                break;
            }
            chunk.invalid().escape_ascii().for_each(|byte| clean.push(char::from(byte)));
            used += chunk.invalid().len();
        }
        self.rest.drain(..used);
        self.out.write_all(clean.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether the bytes could be the start of a UTF-8 character.
fn is_begin(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// A temporary file in `folder` that will become `path`: with the permissions of the file it replaces, or else
/// those that the user's umask gives to new files.
fn temporary(folder: &Path, path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    let replaced = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = replaced.as_ref().map_or(0o666, |replaced| replaced.permissions().mode() & 0o777);
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    let file = builder.tempfile_in(folder)?;
    if let Some(replaced) = replaced {
        // The umask may have removed some permissions.
        file.as_file().set_permissions(replaced.permissions())?;
    }
    Ok(file)
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::EscapedStdout(shown) => shown.write(bytes),
            Self::File(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::EscapedStdout(shown) => shown.out.flush(),
            Self::File(file, _) => file.flush(),
        }
    }
}
