//! Writes a log file: lines are buffered and written as gzip members, zstd frames or plain text.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

/// How files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs)] // The names are clear, and comments here would become help texts.
pub enum Packing {
    #[default]
    Gzip,
    Zstd,
    None,
}

impl Packing {
    /// Suffix of the file names.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
            Self::None => "",
        }
    }
}

enum Encoder {
    Gzip(GzEncoder<File>),
    Zstd(zstd::stream::write::Encoder<'static, File>),
    Plain(File),
}

impl Encoder {
    fn new(file: File, packing: Packing) -> io::Result<Self> {
        Ok(match packing {
            Packing::Gzip => Self::Gzip(GzEncoder::new(file, Compression::new(6))),
            Packing::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(file, 3)?),
            Packing::None => Self::Plain(file),
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.write_all(bytes),
            Self::Zstd(encoder) => encoder.write_all(bytes),
            Self::Plain(file) => file.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<File> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
            Self::Plain(file) => Ok(file),
        }
    }
}

/// Bytes buffered before they are compressed.
const CHUNK: usize = 1 << 18;

/// Writes one log file.
pub(crate) struct LogFile {
    encoder: Option<Encoder>,
    packing: Packing,
    buffer: Vec<u8>,
    /// Lines per member.
    member: usize,
    lines_in_member: usize,
    pub(crate) lines: u64,
    pub(crate) inflated: u64,
}

impl LogFile {
    /// Creates the file and its parent folders. A new member begins after every `member` lines.
    pub(crate) fn create(path: &Path, packing: Packing, member: usize) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let encoder = Some(Encoder::new(File::create(path)?, packing)?);
        let buffer = Vec::with_capacity(CHUNK + 4_096);
        Ok(Self { encoder, packing, buffer, member, lines_in_member: 0, lines: 0, inflated: 0 })
    }

    /// Adds a line written by `make`, and a line break.
    pub(crate) fn line(&mut self, make: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        if self.lines_in_member == self.member {
            self.flush()?;
            let file = self.encoder.take().map(Encoder::finish).transpose()?;
            self.encoder = file.map(|file| Encoder::new(file, self.packing)).transpose()?;
            self.lines_in_member = 0;
        } else if self.buffer.len() > CHUNK {
            self.flush()?;
        }
        let start = self.buffer.len();
        make(&mut self.buffer);
        self.buffer.push(b'\n');
        self.inflated += (self.buffer.len() - start) as u64;
        self.lines += 1;
        self.lines_in_member += 1;
        Ok(())
    }

    /// The bytes of the last line without its line break; valid until the next line.
    pub(crate) fn last(&self) -> &[u8] {
        let lines = &self.buffer[..self.buffer.len().saturating_sub(1)];
        let start = lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        &lines[start..]
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(encoder) = &mut self.encoder {
            encoder.write_all(&self.buffer)?;
        }
        self.buffer.clear();
        Ok(())
    }

    /// Writes the remaining lines; returns the size of the file in bytes.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        match self.encoder.take() {
            Some(encoder) => Ok(encoder.finish()?.metadata()?.len()),
            None => Ok(0),
        }
    }
}
