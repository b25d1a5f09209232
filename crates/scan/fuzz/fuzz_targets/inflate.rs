//! Decompresses any bytes: reading ends, the position of damage lies in the file, and reading from memory and
//! from a stream gives the same result.
#![no_main]

use libfuzzer_sys::fuzz_target;
use saltmine_scan::{BlockPool, ReadStatus, SourceReader};
use std::sync::{Arc, LazyLock};

/// The maximum number of bytes to read; a small input may be a large file.
const MAX_BYTES: u64 = 4 << 20;

fn read(mut reader: SourceReader) -> (Vec<u8>, String) {
    let pool = &*POOL;
    let mut text = Vec::new();
    loop {
        let mut block = pool.block();
        let filled = reader.fill(&mut block);
        text.extend_from_slice(block.bytes());
        for reject in reader.take_rejects() {
            text.extend_from_slice(&reject.bytes);
        }
        if filled == ReadStatus::Done || reader.inflated() > MAX_BYTES {
            let offset = reader.problem().and_then(|problem| problem.offset);
            return (text, format!("{:?} {offset:?} {}", reader.state(), reader.inflated()));
        }
    }
}

/// Allocating a block takes longer than everything else.
static POOL: LazyLock<Arc<BlockPool>> = LazyLock::new(BlockPool::new);

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    let magic: &[u8] = match kind % 4 {
        0 => &[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3],
        1 => &[0x1F, 0x8B],
        2 => &[0x28, 0xB5, 0x2F, 0xFD],
        _ => &[],
    };
    let file = [magic, rest].concat();
    let size = file.len() as u64;
    let from_memory = SourceReader::over_bytes(0, file.clone());
    let from_stream = SourceReader::over_reader(0, Box::new(std::io::Cursor::new(file)));
    let (memory, stream) = (read(from_memory), read(from_stream));
    assert_eq!(memory.1, stream.1);
    assert!(memory.0 == stream.0);
    if let Some(offset) = memory.1.split("Some(").nth(1).and_then(|rest| rest.split(')').next()) {
        assert!(offset.parse::<u64>().expect("a number") <= size);
    }
});
