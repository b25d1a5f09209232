//! Blocks of decompressed lines. A block's memory is allocated once and returns to its pool when the last
//! array that refers to it is dropped.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::buffer::Buffer;

/// Size of a block in bytes. About 400 lines: enough to amortise the cost of a batch, and small enough to
/// stay in a core's own cache between decompression and parsing.
pub const BLOCK_SIZE: usize = 256 << 10;

/// The longest accepted line. The longest that S3 can write is far shorter, because it accepts request heads
/// of some KiB. A longer line is a reject with its first [`LONG_LINE_KEPT`] bytes, so input cannot determine
/// how much memory is used.
pub const MAX_LINE: usize = 4 << 20;

/// How much of a line longer than [`MAX_LINE`] is kept in its reject.
pub const LONG_LINE_KEPT: usize = 64 << 10;

/// Memory for blocks that is currently unused.
#[derive(Debug, Default)]
pub struct BlockPool {
    free: Mutex<Vec<Vec<u8>>>,
    /// Bytes of blocks in use.
    on_loan: AtomicUsize,
}

impl BlockPool {
    /// The most unused blocks kept for later.
    const MAX_POOLED: usize = 256;

    /// An empty pool.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// An empty block.
    pub fn block(self: &Arc<Self>) -> Block {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = free.unwrap_or_else(|| vec![0; BLOCK_SIZE]);
        self.on_loan.fetch_add(bytes.len(), Ordering::Relaxed);
        let memory = Memory { bytes, length: 0, pool: Arc::clone(self) };
        Block { memory, segments: Vec::new() }
    }

    /// Bytes of blocks in use: by batches, or by anything else that refers to a block.
    pub fn on_loan(&self) -> usize {
        self.on_loan.load(Ordering::Relaxed)
    }

    fn recycle(&self, bytes: Vec<u8>) {
        self.on_loan.fetch_sub(bytes.len(), Ordering::Relaxed);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() == BLOCK_SIZE && free.len() < Self::MAX_POOLED {
            free.push(bytes);
        }
    }
}

/// Memory on loan from a pool. All of it is initialised; the first `length` bytes are valid.
#[derive(Debug)]
struct Memory {
    bytes: Vec<u8>,
    length: usize,
    pool: Arc<BlockPool>,
}

impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.pool.recycle(std::mem::take(&mut self.bytes));
    }
}

/// Consecutive whole lines of one source within a block.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The source, by the number that the caller gave it.
    pub source: usize,
    /// The position of the lines in the block.
    pub range: Range<usize>,
    /// Number of the first line in its file, counted from 1.
    pub first_line: u64,
    /// Offset of the first line in the decompressed file, in bytes from 0.
    pub offset: u64,
    /// The other kind of file that the source appears to be, if none of its lines so far is a record.
    pub foreign: Option<&'static str>,
}

/// Whole lines from one source or from several small ones.
#[derive(Debug)]
pub struct Block {
    memory: Memory,
    segments: Vec<Segment>,
}

impl Block {
    /// The bytes read so far.
    pub fn bytes(&self) -> &[u8] {
        self.memory.as_ref()
    }

    /// The segments of the block.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether the block is empty.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Bytes that can be added without growing the block.
    pub fn room(&self) -> usize {
        self.memory.bytes.len() - self.memory.length
    }

    pub(crate) fn len(&self) -> usize {
        self.memory.length
    }

    pub(crate) fn spare(&mut self) -> &mut [u8] {
        &mut self.memory.bytes[self.memory.length..]
    }

    /// Adds `count` bytes of [`Block::spare`], which have been written.
    pub(crate) fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.room(), "only spare bytes can be taken");
        self.memory.length += count;
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.memory.length = self.memory.length.min(length);
    }

    /// Makes room for a line longer than a block: up to [`MAX_LINE`] bytes and a line ending.
    pub(crate) fn grow(&mut self) {
        let size = (self.memory.bytes.len() * 2).min(MAX_LINE + 1);
        self.memory.pool.on_loan.fetch_add(size - self.memory.bytes.len(), Ordering::Relaxed);
        self.memory.bytes.resize(size, 0);
    }

    pub(crate) fn push(&mut self, segment: Segment) {
        self.segments.push(segment);
    }

    /// Converts the block to an Arrow buffer without copying; its memory returns to the pool when the buffer
    /// is dropped.
    pub(crate) fn into_buffer(self) -> (Buffer, Vec<Segment>) {
        (Buffer::from(bytes::Bytes::from_owner(self.memory)), self.segments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_returns_to_the_pool_when_the_last_user_is_dropped() {
        let pool = BlockPool::new();
        let mut block = pool.block();
        block.spare()[..2].copy_from_slice(b"ab");
        block.advance(2);
        let address = block.bytes().as_ptr();
        let (buffer, _) = block.into_buffer();
        let part = buffer.slice(1);
        drop(buffer);
        assert_eq!(pool.free.lock().unwrap().len(), 0);
        assert_eq!((part.as_slice(), pool.on_loan()), (&b"b"[..], BLOCK_SIZE));
        drop(part);
        assert_eq!(pool.on_loan(), 0);
        assert_eq!(pool.block().bytes().as_ptr(), address);
    }

    #[test]
    fn a_grown_block_is_not_kept() {
        let pool = BlockPool::new();
        let mut block = pool.block();
        block.grow();
        assert_eq!(block.room(), 2 * BLOCK_SIZE);
        drop(block);
        assert_eq!(pool.free.lock().unwrap().len(), 0);
    }
}
