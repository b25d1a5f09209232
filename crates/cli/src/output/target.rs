//! Where an answer goes: standard output, or a file that appears when it is whole.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::sanitize::clean_into;
use crate::error::CliError;

/// Where an answer goes.
pub(crate) enum Target {
    /// Standard output.
    Stdout(BufWriter<io::Stdout>),
    /// A terminal that is shown what is meant for programs.
    Shown(Shown),
    /// A file beside its place, and its place.
    File(BufWriter<NamedTempFile>, PathBuf),
}

impl Target {
    /// Standard output for `None`. A file's folder must be there and be writable.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = path else {
            return Ok(Self::Stdout(BufWriter::with_capacity(1 << 16, io::stdout())));
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = temporary(folder, path).map_err(plain).map_err(CliError::file(path))?;
        Ok(Self::File(BufWriter::with_capacity(1 << 20, file), path.to_path_buf()))
    }

    /// Whether a person looks at it.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout(_) | Self::Shown(_)) && io::stdout().is_terminal()
    }

    /// For a form that does not escape what a terminal acts on: where a person looks, that is done here.
    pub(crate) fn of_bytes(self, is_json: bool) -> Self {
        match self {
            Self::Stdout(out) if io::stdout().is_terminal() => {
                Self::Shown(Shown { out, json: is_json, rest: Vec::new() })
            }
            target => target,
        }
    }

    /// Writes out what is buffered, and puts a file in its place.
    pub(crate) fn finish(self) -> Result<(), CliError> {
        match self {
            Self::Stdout(mut out) => Ok(out.flush()?),
            Self::Shown(mut shown) => Ok(shown.end()?),
            Self::File(file, path) => {
                let file = file.into_inner().map_err(|error| CliError::file(&path)(error.into_error()))?;
                file.persist(&path).map_err(|error| CliError::file(&path)(error.error))?;
                Ok(())
            }
        }
    }
}

/// The system's error, without the name of the temporary file, which says nothing to a person.
fn plain(error: io::Error) -> io::Error {
    let text = error.to_string();
    let (what, _) = text.split_once(" at path ").unwrap_or((&text, ""));
    io::Error::new(error.kind(), what)
}

/// Standard output, with what a terminal would act on escaped.
pub(crate) struct Shown {
    out: BufWriter<io::Stdout>,
    json: bool,
    /// The begin of a character whose end is not written yet.
    rest: Vec<u8>,
}

impl Shown {
    fn end(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        write!(self.out, "{}", rest.escape_ascii())?;
        self.out.flush()
    }
}

impl Write for Shown {
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

/// Whether more bytes may make these a character.
fn is_begin(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// A file in `folder` that is to be `path`: with the permissions of the file that it replaces, else with those that the
/// user's mask gives to new files.
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
        // The mask has taken some away.
        file.as_file().set_permissions(replaced.permissions())?;
    }
    Ok(file)
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Shown(shown) => shown.write(bytes),
            Self::File(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Shown(shown) => shown.out.flush(),
            Self::File(file, _) => file.flush(),
        }
    }
}
