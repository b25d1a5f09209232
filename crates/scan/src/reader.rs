//! Cuts the text of a source into blocks at line endings.

use std::fs::File;
use std::io::Read;

use memchr::{memchr, memchr_iter, memrchr};

use crate::block::{Block, LONG_LINE_KEPT, MAX_LINE, Segment};
use crate::inflate::{Damage, Inflate};
use crate::reject::Reject;
use crate::report::{ReadProblem, SourceState, state_of};
use crate::sniff;
use crate::source::Source;

/// Whether there is more to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStatus {
    /// The block is full; the source has more.
    Full,
    /// The source is at its end.
    Done,
}

/// Reads a source into blocks of whole lines.
pub struct SourceReader {
    source: usize,
    inflate: Option<Inflate>,
    size: u64,
    /// The beginning of a line that ends in the next block.
    carry: Vec<u8>,
    next_line: u64,
    next_offset: u64,
    inflated: u64,
    /// Whether the first bytes and the first lines have been examined.
    bytes_known: bool,
    lines_known: bool,
    /// The other kind of file that this appears to be: its first lines look like one, and no line so far is a
    /// record.
    foreign: Option<&'static str>,
    state: SourceState,
    problem: Option<ReadProblem>,
    rejects: Vec<Reject>,
}

impl SourceReader {
    /// Opens a source, which the caller identifies by the number `source`. Standard input and objects are
    /// read as a stream. A source that cannot be opened gives no lines and the state `Unreadable`.
    pub fn open(source: usize, of: &Source) -> Self {
        if let Some(object) = &of.object {
            let inflate = Inflate::over_reader(Box::new(object.reader()));
            return Self { size: object.size, ..Self::over(source, inflate) };
        }
        if of.stdin {
            return Self::over(source, Inflate::over_reader(Box::new(std::io::stdin())));
        }
        match File::open(&of.path) {
            Ok(file) => {
                let size = file.metadata().map_or(0, |metadata| metadata.len());
                Self { size, ..Self::over(source, Inflate::over_reader(Box::new(file))) }
            }
            Err(error) => Self::unreadable(source, &error),
        }
    }

    /// Reads the bytes of a file.
    pub fn over_bytes(source: usize, bytes: Vec<u8>) -> Self {
        Self { size: bytes.len() as u64, ..Self::over(source, Inflate::over_bytes(bytes)) }
    }

    /// Reads from any reader.
    pub fn over_reader(source: usize, reader: Box<dyn Read + Send>) -> Self {
        Self::over(source, Inflate::over_reader(reader))
    }

    /// A source that could not be opened.
    pub fn unreadable(source: usize, error: &std::io::Error) -> Self {
        let mut reader = Self::over(source, Inflate::over_bytes(Vec::new()));
        reader.state = SourceState::Unreadable;
        reader.problem = Some(ReadProblem { message: error.to_string(), offset: None });
        reader
    }

    fn over(source: usize, inflate: Inflate) -> Self {
        Self {
            source,
            inflate: Some(inflate),
            size: 0,
            carry: Vec::new(),
            next_line: 1,
            next_offset: 0,
            inflated: 0,
            bytes_known: false,
            lines_known: false,
            foreign: None,
            state: SourceState::Complete,
            problem: None,
            rejects: Vec::new(),
        }
    }

    /// Size of the file as stored, in bytes, when it was opened; 0 if it has none, such as standard input.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of the file read so far, as stored.
    pub fn consumed(&self) -> u64 {
        self.inflate.as_ref().map_or(0, Inflate::consumed)
    }

    /// Bytes of text read so far.
    pub fn inflated(&self) -> u64 {
        self.inflated
    }

    /// How the source ended, so far.
    pub fn state(&self) -> SourceState {
        self.state
    }

    /// The problem, if any.
    pub fn problem(&self) -> Option<&ReadProblem> {
        self.problem.as_ref()
    }

    /// Lines that never reached a block: too long, or truncated by damage. Each counts as a line and a
    /// reject.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        std::mem::take(&mut self.rejects)
    }

    /// Appends whole lines to `block` until it is full or the source is at its end.
    pub fn fill(&mut self, block: &mut Block) -> ReadStatus {
        let start = block.len();
        if self.carry.len() >= block.room() {
            if start > 0 {
                return ReadStatus::Full;
            }
            while block.room() <= self.carry.len() {
                block.grow();
            }
        }
        block.spare()[..self.carry.len()].copy_from_slice(&self.carry);
        block.advance(self.carry.len());
        self.carry.clear();
        loop {
            if block.room() == 0 {
                if memrchr(b'\n', &block.bytes()[start..]).is_some() {
                    self.pass_on_lines(block, start);
                    return ReadStatus::Full;
                }
                if let Some(filled) = self.make_room(block, start) {
                    return filled;
                }
            }
            match self.read(block) {
                Ok(count) => {
                    if self.is_binary(block, start, count == 0) {
                        return ReadStatus::Done;
                    }
                    if count == 0 {
                        self.finish(block, start);
                        return ReadStatus::Done;
                    }
                }
                Err(damage) => return self.finish_damaged(&damage, block, start),
            }
        }
    }

    /// Reads into the spare room of the block.
    fn read(&mut self, block: &mut Block) -> Result<usize, Damage> {
        let Some(inflate) = &mut self.inflate else { return Ok(0) };
        let count = inflate.read(block.spare())?;
        block.advance(count);
        self.inflated += count as u64;
        Ok(count)
    }

    /// Handles a block filled by a single line. If another source's lines precede it, the line moves to a
    /// block of its own. If its length is acceptable, the block grows. Otherwise the line is a reject.
    fn make_room(&mut self, block: &mut Block, start: usize) -> Option<ReadStatus> {
        if start > 0 {
            self.carry.extend_from_slice(&block.bytes()[start..]);
            block.truncate(start);
            return Some(ReadStatus::Full);
        }
        if block.len() <= MAX_LINE {
            block.grow();
            return None;
        }
        match self.skip_long_line(block) {
            Ok(()) => None,
            Err(damage) => Some(self.finish_damaged(&damage, block, start)),
        }
    }

    /// Rejects the line that fills the block, and reads to its end. Bytes read after it stay in the block.
    fn skip_long_line(&mut self, block: &mut Block) -> Result<(), Damage> {
        let kept = block.bytes()[..LONG_LINE_KEPT].to_vec();
        let mut length = 0_u64;
        loop {
            let end = memchr(b'\n', block.bytes());
            length += end.unwrap_or(block.len()) as u64;
            let rest = end.map(|end| block.bytes()[end + 1..].to_vec());
            block.truncate(0);
            if let Some(rest) = rest {
                block.spare()[..rest.len()].copy_from_slice(&rest);
                block.advance(rest.len());
                break;
            }
            match self.read(block) {
                Ok(0) => break,
                Ok(_) => {}
                Err(damage) => {
                    self.reject_long_line(kept, length);
                    return Err(damage);
                }
            }
        }
        self.reject_long_line(kept, length);
        Ok(())
    }

    fn reject_long_line(&mut self, kept: Vec<u8>, length: u64) {
        self.sniff(&kept);
        let reason = format!("line of {length} bytes is too long; the first {} are kept", kept.len());
        self.reject(reason, kept, length + 1);
    }

    fn reject(&mut self, reason: String, bytes: Vec<u8>, length: u64) {
        let (line, offset) = (self.next_line, self.next_offset);
        self.rejects.push(Reject { source: self.source, line, offset, reason, bytes });
        self.next_line += 1;
        self.next_offset += length;
    }

    /// Passes on the whole lines after `start`; the rest is carried over to the next block.
    fn pass_on_lines(&mut self, block: &mut Block, start: usize) {
        let end = memrchr(b'\n', &block.bytes()[start..]).map_or(start, |at| start + at + 1);
        self.carry.extend_from_slice(&block.bytes()[end..]);
        block.truncate(end);
        self.segment(block, start);
    }

    fn segment(&mut self, block: &mut Block, start: usize) {
        let range = start..block.len();
        if range.is_empty() {
            return;
        }
        let lines = &block.bytes()[range.clone()];
        self.sniff(lines);
        let lines = &block.bytes()[range.clone()];
        let count = memchr_iter(b'\n', lines).count() + usize::from(lines.last() != Some(&b'\n'));
        let length = lines.len();
        block.push(Segment {
            source: self.source,
            range,
            first_line: self.next_line,
            offset: self.next_offset,
            foreign: self.foreign,
        });
        self.next_line += count as u64;
        self.next_offset += length as u64;
    }

    /// Ends the source: the last line needs no line ending, but gets one in a block of several sources.
    fn finish(&mut self, block: &mut Block, start: usize) {
        self.segment(block, start);
        if let Some(kind) = self.foreign {
            self.reject_file(kind);
        }
    }

    /// Handles damage: whole lines are kept, and the truncated line is a reject.
    fn finish_damaged(&mut self, damage: &Damage, block: &mut Block, start: usize) -> ReadStatus {
        (self.state, self.problem) = {
            let (state, problem) = state_of(damage);
            (state, Some(problem))
        };
        self.pass_on_lines(block, start);
        if !self.carry.is_empty() {
            let bytes = std::mem::take(&mut self.carry);
            let length = bytes.len() as u64;
            let kept = bytes[..bytes.len().min(LONG_LINE_KEPT)].to_vec();
            self.reject(
                format!("truncated line: the file {} at byte {}", damage.message, damage.offset),
                kept,
                length,
            );
        }
        self.inflate = None;
        ReadStatus::Done
    }

    /// Refuses a file that is not text, once enough of it has been read.
    fn is_binary(&mut self, block: &mut Block, start: usize, whole: bool) -> bool {
        let bytes = &block.bytes()[start..];
        if self.bytes_known || (bytes.len() < sniff::HEADER && !whole) {
            return false;
        }
        self.bytes_known = true;
        let Some(kind) = sniff::binary(bytes) else { return false };
        self.reject_file(kind);
        block.truncate(start);
        self.inflate = None;
        true
    }

    /// Examines lines: whether the first ones are in another format, and whether a later line is a record
    /// after all.
    fn sniff(&mut self, lines: &[u8]) {
        if !self.lines_known {
            self.lines_known = true;
            self.foreign = sniff::foreign_text(lines);
        } else if self.foreign.is_some() && sniff::holds_record(lines) {
            self.foreign = None;
        }
    }

    fn reject_file(&mut self, kind: &str) {
        self.state = SourceState::NotALog;
        let message = format!("not an S3 server access log: looks like {kind}");
        self.problem = Some(ReadProblem { message, offset: None });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::block::BlockPool;

    /// However little each read gives, here one byte of each gzip member, nothing is examined again and again.
    #[test]
    fn the_first_lines_are_examined_once() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(b"x").unwrap();
        let member = encoder.finish().unwrap();
        let mut block = BlockPool::new().block();
        sniff::EXAMINED.with(|examined| examined.set(0));
        let filled = SourceReader::over_bytes(0, member.repeat(20_000)).fill(&mut block);
        assert_eq!((filled, block.len()), (ReadStatus::Done, 20_000));
        let examined = sniff::EXAMINED.with(std::cell::Cell::get);
        assert!((1..=2 * 20_000).contains(&examined), "{examined} bytes");
    }
}
