//! Blocks of inflated lines. A block's memory is made once and goes back to its pool when the last array that looks
//! into it is gone.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::buffer::Buffer;

/// Bytes of a block. About 400 lines: enough to spread the cost of a batch, and it stays in a core's own cache between
/// inflating and parsing.
pub const BLOCK_SIZE: usize = 256 << 10;

/// Longest line that is read. The longest that S3 can write is far below: it takes request heads of some KiB. What is
/// longer is a reject with its first [`LONG_LINE_KEPT`] bytes, so that no input decides how much memory is taken.
pub const MAX_LINE: usize = 4 << 20;

/// How much of a line beyond [`MAX_LINE`] is kept in its reject.
pub const LONG_LINE_KEPT: usize = 64 << 10;

/// Memory of blocks that are not in use.
#[derive(Debug, Default)]
pub struct BlockPool {
    free: Mutex<Vec<Vec<u8>>>,
    /// Bytes of blocks that are in use.
    on_loan: AtomicUsize,
}

impl BlockPool {
    /// Most blocks that are kept for later.
    const KEPT: usize = 256;

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

    /// Bytes of blocks that somebody holds: as batches, or as anything that looks into one.
    pub fn on_loan(&self) -> usize {
        self.on_loan.load(Ordering::Relaxed)
    }

    fn give_back(&self, bytes: Vec<u8>) {
        self.on_loan.fetch_sub(bytes.len(), Ordering::Relaxed);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() == BLOCK_SIZE && free.len() < Self::KEPT {
            free.push(bytes);
        }
    }
}

/// Memory on loan from a pool. All of it is initialised; `length` tells how much is of meaning.
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
        self.pool.give_back(std::mem::take(&mut self.bytes));
    }
}

/// Whole lines of one source that stand together in a block.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Which source, by the number that the caller gave it.
    pub source: usize,
    /// Where the lines stand in the block.
    pub range: Range<usize>,
    /// Number of the first line in its file, from 1.
    pub first_line: u64,
    /// Offset of the first line in the inflated file, in bytes from 0.
    pub offset: u64,
    /// Which other kind of file the source seems to be, as none of its lines so far is a record.
    pub foreign: Option<&'static str>,
}

/// Whole lines, of one source or of several small ones.
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

    /// What stands where.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Bytes that can be added without growing.
    pub fn room(&self) -> usize {
        self.memory.bytes.len() - self.memory.length
    }

    pub(crate) fn len(&self) -> usize {
        self.memory.length
    }

    pub(crate) fn spare(&mut self) -> &mut [u8] {
        &mut self.memory.bytes[self.memory.length..]
    }

    /// Takes `count` bytes of [`Block::spare`], which have been written.
    pub(crate) fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.room(), "only spare bytes can be taken");
        self.memory.length += count;
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.memory.length = self.memory.length.min(length);
    }

    /// Makes room for a line longer than a block: for [`MAX_LINE`] bytes and a line end at most.
    pub(crate) fn grow(&mut self) {
        let size = (self.memory.bytes.len() * 2).min(MAX_LINE + 1);
        self.memory.pool.on_loan.fetch_add(size - self.memory.bytes.len(), Ordering::Relaxed);
        self.memory.bytes.resize(size, 0);
    }

    pub(crate) fn push(&mut self, segment: Segment) {
        self.segments.push(segment);
    }

    /// The block as an Arrow buffer, without a copy; its memory goes back to the pool when the buffer is dropped.
    pub(crate) fn into_buffer(self) -> (Buffer, Vec<Segment>) {
        (Buffer::from(bytes::Bytes::from_owner(self.memory)), self.segments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_goes_back_when_the_last_user_is_gone() {
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
