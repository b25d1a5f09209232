//! Cuts a file into blocks and compares: every line occurs once, in order, with its number and position.
//! Stored plain or as gzip, read from memory or from a stream that returns arbitrary amounts.
#![no_main]

use std::io::{Read, Write};
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use saltmine_scan::{BlockPool, ReadStatus, MAX_LINE, SourceReader, SourceState};

/// Returns as many bytes per read as the input says.
struct Chopped(Vec<u8>, usize, usize);

impl Read for Chopped {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = out.len().min(self.2).min(self.0.len() - self.1);
        out[..count].copy_from_slice(&self.0[self.1..self.1 + count]);
        self.1 += count;
        Ok(count)
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(text).expect("writing to a vector does not fail");
    encoder.finish().expect("writing to a vector does not fail")
}

/// Allocating a block takes longer than everything else.
static POOL: LazyLock<Arc<BlockPool>> = LazyLock::new(BlockPool::new);

fuzz_target!(|input: &[u8]| {
    let [mode, times, chunk, text @ ..] = input else { return };
    // Occasionally more than a block, or a line longer than a block, or longer than the limit.
    let times = if mode & 0x7F == 1 { usize::from(*times) * 4096 / (text.len() + 1) + 1 } else { 1 };
    let text = text.repeat(times.min(6 << 20));
    if text.starts_with(&[0x1F])
        || text.starts_with(&[0x28, 0xB5])
        || text.get(1..4) == Some(&[0x2A, 0x4D, 0x18])
    {
        return; // its first bytes look like a compressed file
    }
    let stored = match mode >> 5 {
        0 | 1 => text.clone(),
        2 | 3 => gzip(&text),
        _ => {
            let (a, b) = text.split_at(text.len() / 2);
            [gzip(a), gzip(b)].concat()
        }
    };
    let mut reader = match chunk {
        0..128 => SourceReader::over_bytes(7, stored),
        _ => {
            // Reading a large file byte by byte takes too long.
            let least = if stored.len() > 8192 { 4096 } else { 1 };
            let chopped = Chopped(stored, 0, least + (usize::from(*chunk) - 128) * 37);
            SourceReader::over_reader(7, Box::new(chopped))
        }
    };
    let pool = &*POOL;
    let (mut read, mut lines, mut rejected) = (Vec::new(), 0, 0);
    loop {
        let mut block = pool.block();
        let filled = reader.fill(&mut block);
        for reject in reader.take_rejects() {
            assert_eq!((reject.line, reject.offset as usize), (lines + 1, read.len()));
            let rest = &text[read.len()..];
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            assert!(length > MAX_LINE && rest.starts_with(&reject.bytes));
            read.extend_from_slice(&rest[..(length + 1).min(rest.len())]);
            lines += 1;
            rejected += 1;
        }
        for segment in block.segments() {
            assert_eq!(
                (segment.source, segment.first_line, segment.offset as usize),
                (7, lines + 1, read.len())
            );
            let bytes = &block.bytes()[segment.range.clone()];
            read.extend_from_slice(bytes);
            lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
            lines += u64::from(bytes.last().is_some_and(|byte| *byte != b'\n'));
        }
        if filled == ReadStatus::Done {
            break;
        }
    }
    match reader.state() {
        SourceState::NotALog => assert!(read.is_empty() || read == text),
        SourceState::Complete => {
            assert_eq!(reader.inflated() as usize, text.len());
            assert!(read == text, "{} bytes of {}, {rejected} rejects", read.len(), text.len());
        }
        state => panic!("{state:?}: {:?}", reader.problem()),
    }
});
