//! Decompresses files. The content determines the compression: gzip with one or several members, zstd with
//! one or several frames, or none.

use std::cell::Cell;
use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

/// Bytes read from a file per call.
const READ_BYTES: usize = 256 << 10;

const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// Skippable zstd frames: the first byte may be 0x50 to 0x5F.
const ZSTD_SKIPPABLE: [u8; 3] = [0x2A, 0x4D, 0x18];

/// A reader for the text of a file that may be compressed. Damage is an error.
pub struct InflatedText(Inflate);

impl InflatedText {
    /// Reads the bytes of a file as stored.
    pub fn new(file: impl Read + Send + 'static) -> Self {
        Self(Inflate::over_reader(Box::new(file)))
    }
}

impl Read for InflatedText {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let failed = |damage: Damage| {
            std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                format!("{} at byte {}", damage.message, damage.offset),
            )
        };
        self.0.read(buffer).map_err(failed)
    }
}

/// How a file ended, if not normally. Everything read before is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The problem.
    pub(crate) kind: DamageKind,
    /// Byte offset in the file as stored, from 0.
    pub(crate) offset: u64,
    /// A description.
    pub(crate) message: String,
}

/// The outcome of reading a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DamageKind {
    /// The file ends in the middle of its compressed stream.
    Truncated,
    /// The compressed stream is invalid.
    Corrupt,
    /// Reading failed.
    Unreadable,
}

/// The compressed input: a file, or one that is entirely in memory.
struct Input {
    chunk: Vec<u8>,
    /// The available bytes are `chunk[at..end]`.
    at: usize,
    end: usize,
    consumed: u64,
    file: Option<Box<dyn Read + Send>>,
}

impl Input {
    /// The available bytes; reads more if there are none. Empty at the end.
    fn fill(&mut self) -> std::io::Result<&[u8]> {
        if self.at == self.end {
            self.read_more()?;
        }
        Ok(&self.chunk[self.at..self.end])
    }

    /// Reads more bytes after the available ones. Returns how many.
    fn read_more(&mut self) -> std::io::Result<usize> {
        let Some(file) = &mut self.file else { return Ok(0) };
        if self.chunk.len() < READ_BYTES {
            self.chunk.resize(READ_BYTES, 0);
        }
        self.chunk.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        let count = loop {
            match file.read(&mut self.chunk[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.end += count;
        Ok(count)
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
        self.consumed += count as u64;
    }

    /// The first four bytes, or fewer at the end, which identify the stream.
    fn head(&mut self) -> std::io::Result<&[u8]> {
        while self.end - self.at < 4 && self.read_more()? > 0 {}
        let rest = &self.chunk[self.at..self.end];
        Ok(&rest[..rest.len().min(4)])
    }
}

enum Stage {
    /// Nothing read yet.
    Start,
    Plain,
    /// Within a gzip member.
    Gzip(Box<Decompress>),
    /// Between members: another one, padding, or the end.
    GzipBetween(Box<Decompress>),
    /// Within zstd frames; whether the last one is complete.
    Zstd {
        decoder: Box<ZstdDecoder<'static>>,
        complete: bool,
    },
    End,
}

/// Inflates a file.
pub(crate) struct Inflate {
    input: Input,
    stage: Stage,
    /// The start of the current gzip member.
    member: u64,
    /// Damage found while there was still text to return.
    pending: Option<Damage>,
}

impl Inflate {
    /// Decompresses bytes in memory.
    pub(crate) fn over_bytes(bytes: Vec<u8>) -> Self {
        Self {
            input: Input { end: bytes.len(), chunk: bytes, at: 0, consumed: 0, file: None },
            stage: Stage::Start,
            member: 0,
            pending: None,
        }
    }

    /// Decompresses a file while reading it.
    pub(crate) fn over_reader(file: Box<dyn Read + Send>) -> Self {
        Self {
            input: Input { chunk: Vec::new(), at: 0, end: 0, consumed: 0, file: Some(file) },
            stage: Stage::Start,
            member: 0,
            pending: None,
        }
    }

    /// Bytes of the file read so far.
    pub(crate) fn consumed(&self) -> u64 {
        self.input.consumed
    }

    /// Reads some text into `out`, which must not be empty; returns 0 at the end.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize, Damage> {
        loop {
            if let Some(damage) = self.pending.take() {
                return Err(damage);
            }
            let written = match &mut self.stage {
                Stage::Start => self.start()?,
                Stage::Plain => return self.plain(out),
                Stage::Gzip(_) => self.gzip(out)?,
                Stage::GzipBetween(_) => self.next_member()?,
                Stage::Zstd { .. } => self.zstd(out)?,
                Stage::End => return Ok(0),
            };
            if written > 0 {
                return Ok(written);
            }
        }
    }

    fn damage(&mut self, kind: DamageKind, message: impl Into<String>) -> Damage {
        self.stage = Stage::End;
        Damage { kind, offset: self.input.consumed, message: message.into() }
    }

    fn unreadable(&mut self, error: &std::io::Error) -> Damage {
        self.damage(DamageKind::Unreadable, error.to_string())
    }

    fn start(&mut self) -> Result<usize, Damage> {
        let head = match self.input.head() {
            Ok(head) => (is_gzip(head), is_zstd(head)),
            Err(error) => return Err(self.unreadable(&error)),
        };
        self.stage = if head.0 {
            Stage::Gzip(gzip_decoder())
        } else if head.1 {
            let decoder = ZstdDecoder::new().map_err(|error| self.unreadable(&error))?;
            Stage::Zstd { decoder: Box::new(decoder), complete: false }
        } else {
            Stage::Plain
        };
        Ok(0)
    }

    fn plain(&mut self, out: &mut [u8]) -> Result<usize, Damage> {
        let bytes = match self.input.fill() {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.unreadable(&error)),
        };
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.input.consume(count);
        Ok(count)
    }

    fn gzip(&mut self, out: &mut [u8]) -> Result<usize, Damage> {
        let Stage::Gzip(decoder) = &mut self.stage else { return Ok(0) };
        let bytes = match self.input.fill() {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.unreadable(&error)),
        };
        let at_end = bytes.is_empty();
        let (before_in, before_out) = (decoder.total_in(), decoder.total_out());
        let status = decoder.decompress(bytes, out, FlushDecompress::None);
        let (read, written) = (decoder.total_in() - before_in, decoder.total_out() - before_out);
        let is_member_end = matches!(status, Ok(Status::StreamEnd));
        self.input.consume(read as usize);
        match status {
            Err(error) => {
                let message = format!(
                    "has a damaged gzip member from byte {} on, whose lines may be wrong ({error})",
                    self.member
                );
                self.pending = Some(self.damage(DamageKind::Corrupt, message));
            }
            Ok(_) if is_member_end => {
                let Stage::Gzip(decoder) = std::mem::replace(&mut self.stage, Stage::End) else {
                    return Ok(0);
                };
                self.stage = Stage::GzipBetween(decoder);
            }
            Ok(_) if at_end && written == 0 => {
                return Err(self.damage(DamageKind::Truncated, "ends in the middle of its gzip stream"));
            }
            Ok(_) => {}
        }
        Ok(written as usize)
    }

    /// Another member, padding with zeros (which tapes and some uploaders add), or the end.
    fn next_member(&mut self) -> Result<usize, Damage> {
        let is_gzip = match self.input.head() {
            Ok(head) => is_gzip(head),
            Err(error) => return Err(self.unreadable(&error)),
        };
        if is_gzip {
            self.member = self.input.consumed;
            let Stage::GzipBetween(mut decoder) = std::mem::replace(&mut self.stage, Stage::End) else {
                return Ok(0);
            };
            decoder.reset(true);
            self.stage = Stage::Gzip(decoder);
            return Ok(0);
        }
        let bytes = match self.input.fill() {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.unreadable(&error)),
        };
        if bytes.is_empty() {
            self.stage = Stage::End;
            return Ok(0);
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        self.input.consume(zeros);
        if zeros == 0 {
            return Err(self.damage(DamageKind::Corrupt, "continues after the end of its gzip stream"));
        }
        Ok(0)
    }

    fn zstd(&mut self, out: &mut [u8]) -> Result<usize, Damage> {
        let Stage::Zstd { decoder, complete } = &mut self.stage else { return Ok(0) };
        let bytes = match self.input.fill() {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.unreadable(&error)),
        };
        let at_end = bytes.is_empty();
        if at_end && *complete {
            self.stage = Stage::End;
            return Ok(0);
        }
        let mut input = InBuffer::around(bytes);
        let mut output = OutBuffer::around(out);
        let result = decoder.run(&mut input, &mut output);
        let (read, written) = (input.pos(), output.pos());
        self.input.consume(read);
        match result {
            Ok(hint) => *complete = hint == 0,
            Err(error) => {
                let message = format!("has a damaged zstd stream: {error}");
                self.pending = Some(self.damage(DamageKind::Corrupt, message));
                return Ok(written);
            }
        }
        if at_end && written == 0 && !matches!(self.stage, Stage::Zstd { complete: true, .. }) {
            return Err(self.damage(DamageKind::Truncated, "ends in the middle of its zstd stream"));
        }
        Ok(written)
    }
}

thread_local! {
    /// An unused decoder of this thread. A decoder takes 50 kilobytes, which would be expensive for a small
    /// file.
    static SPARE_DECODER: Cell<Option<Box<Decompress>>> = const { Cell::new(None) };
}

fn gzip_decoder() -> Box<Decompress> {
    match SPARE_DECODER.take() {
        Some(mut decoder) => {
            decoder.reset(true);
            decoder
        }
        None => Box::new(Decompress::new_gzip(15)),
    }
}

impl Drop for Inflate {
    fn drop(&mut self) {
        if let Stage::Gzip(decoder) | Stage::GzipBetween(decoder) =
            std::mem::replace(&mut self.stage, Stage::End)
        {
            SPARE_DECODER.set(Some(decoder));
        }
    }
}

/// No log line begins like this; a file may end after the first byte.
fn is_gzip(head: &[u8]) -> bool {
    !head.is_empty() && GZIP_MAGIC.starts_with(&head[..head.len().min(2)])
}

/// Like `is_gzip`, except for the first byte, which is a bracket.
fn is_zstd(head: &[u8]) -> bool {
    let is_frame = head.len() > 1 && ZSTD_MAGIC.starts_with(head);
    is_frame || (head.len() == 4 && head[0] & 0xF0 == 0x50 && head[1..] == ZSTD_SKIPPABLE)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// Decompresses with an output buffer of `size` bytes, both from memory and as a stream of single bytes.
    fn inflate(bytes: &[u8], size: usize) -> (Vec<u8>, Option<Damage>) {
        let from_memory = drain(Inflate::over_bytes(bytes.to_vec()), size);
        let from_stream = drain(Inflate::over_reader(Box::new(OneByteReader(bytes.to_vec(), 0))), size);
        assert!(from_memory.0 == from_stream.0, "{} and {} bytes", from_memory.0.len(), from_stream.0.len());
        let kind = |damage: &Option<Damage>| damage.as_ref().map(|damage| (damage.kind, damage.offset));
        assert_eq!(kind(&from_memory.1), kind(&from_stream.1));
        from_memory
    }

    fn drain(mut inflate: Inflate, size: usize) -> (Vec<u8>, Option<Damage>) {
        let (mut text, mut out) = (Vec::new(), vec![0; size]);
        loop {
            match inflate.read(&mut out) {
                Ok(0) => return (text, None),
                Ok(count) => text.extend_from_slice(&out[..count]),
                Err(damage) => return (text, Some(damage)),
            }
        }
    }

    struct OneByteReader(Vec<u8>, usize);

    impl Read for OneByteReader {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let Some(byte) = self.0.get(self.1) else { return Ok(0) };
            out[0] = *byte;
            self.1 += 1;
            Ok(1)
        }
    }

    fn text() -> Vec<u8> {
        (0..20_000_u32)
            .flat_map(|number| format!("line {}\n", number.wrapping_mul(2_654_435_761)).into_bytes())
            .collect()
    }

    #[test]
    fn compression_is_detected_by_content() {
        let text = text();
        let members = [gzip(&text[..1000]), gzip(b""), gzip(&text[1000..])].concat();
        let frames =
            [zstd::encode_all(&text[..1000], 1).unwrap(), zstd::encode_all(&text[1000..], 1).unwrap()]
                .concat();
        for bytes in [text.clone(), gzip(&text), members, frames] {
            for size in [1, 7, 1 << 16, 1 << 20] {
                let (read, damage) = inflate(&bytes, size);
                assert_eq!((read == text, damage), (true, None));
            }
        }
        assert_eq!(inflate(b"", 10), (vec![], None));
        assert_eq!(inflate(b"a", 10), (b"a".to_vec(), None));
    }

    #[test]
    fn a_truncation_keeps_the_earlier_bytes() {
        let text = &text()[..3000];
        for (bytes, header) in [(gzip(text), 1), (zstd::encode_all(text, 1).unwrap(), 2)] {
            for end in header..bytes.len() {
                let (read, damage) = inflate(&bytes[..end], 4096);
                assert!(text.starts_with(&read));
                let damage =
                    damage.unwrap_or_else(|| panic!("cut at {end} of {} went unnoticed", bytes.len()));
                assert_eq!((damage.kind, damage.offset), (DamageKind::Truncated, end as u64));
            }
        }
    }

    #[test]
    fn garbage_after_the_end_is_damage_but_padding_is_not() {
        let mut bytes = gzip(b"one\n");
        bytes.extend([0; 512]);
        assert_eq!(inflate(&bytes, 100), (b"one\n".to_vec(), None));
        let end = bytes.len() as u64;
        bytes.extend(b"garbage");
        let (read, damage) = inflate(&bytes, 100);
        assert_eq!(read, b"one\n");
        let damage = damage.unwrap();
        assert_eq!((damage.kind, damage.offset), (DamageKind::Corrupt, end));
    }

    #[test]
    fn a_flipped_bit_is_detected() {
        let text = text();
        let mut bytes = gzip(&text);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        let (_, damage) = inflate(&bytes, 4096);
        assert_eq!(damage.unwrap().kind, DamageKind::Corrupt);
    }
}
