//! Bloom filters in Parquet's split block format.
//!
//! Values are first kept as hashes, so the filter of a small row group is only as large as its values need
//! from the start; the parquet crate's own filter starts large and is folded.
//! <https://parquet.apache.org/docs/file-format/bloomfilter/>

use parquet::bloom_filter::Sbbf;
use twox_hash::XxHash64;

/// The share of absent values that a filter lets pass, unless it has more values than it is designed for.
const FALSE_POSITIVES: f64 = 0.01;

/// The number of bits per value that gives this share.
const BITS_PER_VALUE: usize = 10;

/// Bytes per block; a value sets one bit in each of its eight words.
const BLOCK_BYTES: usize = 32;

/// The number of blocks in the largest filter.
const MAX_BLOCKS: usize = (256 << 10) / BLOCK_BYTES;

/// The number of hashes kept before switching to the largest filter.
const MAX_HASHES: usize = 32 << 10;

/// The multipliers in the specification that select a bit of each word.
const SALT: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// A bloom filter under construction.
#[derive(Debug, Default)]
pub(super) struct BloomFilter {
    hashes: Vec<u64>,
    /// Empty while hashes are kept.
    blocks: Vec<[u32; 8]>,
}

impl BloomFilter {
    /// Inserts a value.
    #[inline]
    pub(super) fn insert(&mut self, value: &[u8]) {
        let hash = XxHash64::oneshot(0, value);
        if !self.blocks.is_empty() {
            set(&mut self.blocks, hash);
            return;
        }
        self.hashes.push(hash);
        if self.hashes.len() >= MAX_HASHES {
            self.blocks = vec![[0; 8]; MAX_BLOCKS];
            for hash in std::mem::take(&mut self.hashes) {
                set(&mut self.blocks, hash);
            }
        }
    }

    /// Converts the filter for the file.
    pub(super) fn finish(mut self) -> Sbbf {
        if self.blocks.is_empty() {
            self.hashes.sort_unstable();
            self.hashes.dedup();
            let blocks = (self.hashes.len() * BITS_PER_VALUE).div_ceil(8 * BLOCK_BYTES).next_power_of_two();
            self.blocks = vec![[0; 8]; blocks];
            for hash in self.hashes {
                set(&mut self.blocks, hash);
            }
        }
        let bytes: Vec<u8> = self.blocks.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
        let mut filter = Sbbf::new(&bytes);
        if self.blocks.len() == MAX_BLOCKS {
            filter.fold_to_target_fpp(FALSE_POSITIVES);
        }
        filter
    }

    /// Memory used, in bytes.
    pub(super) fn memory(&self) -> usize {
        size_of::<u64>() * self.hashes.capacity() + BLOCK_BYTES * self.blocks.capacity()
    }
}

#[inline]
fn set(blocks: &mut [[u32; 8]], hash: u64) {
    let at = ((hash >> 32) * blocks.len() as u64) >> 32;
    let low = hash as u32;
    for (word, salt) in blocks[at as usize].iter_mut().zip(SALT) {
        *word |= 1 << (low.wrapping_mul(salt) >> 27);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn present_values_are_found_and_few_others() {
        for count in [0, 1, 100, 20_000, MAX_HASHES as u64 + 5000] {
            let mut filter = BloomFilter::default();
            for number in 0..count {
                filter.insert(format!("value {number}").as_bytes());
            }
            let filter = filter.finish();
            let is_there = |number: u64| filter.check(format!("value {number}").as_bytes());
            assert!((0..count).all(is_there));
            let others = (count..count + 10_000).filter(|number| is_there(*number)).count();
            assert!(others <= 200, "{others} of 10,000 pass with {count} values");
        }
    }

    #[test]
    fn equal_values_use_no_memory() {
        let mut filter = BloomFilter::default();
        (0..10_000).for_each(|_| filter.insert(b"the same"));
        assert_eq!(filter.finish().num_blocks(), 1);
    }
}
