//! Parquet's `DELTA_BINARY_PACKED`: differences, packed in miniblocks with as many bits as each needs.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/>

use super::hybrid::{bits, pack, varint};

/// The number of values in a block, which has four miniblocks.
const BLOCK: usize = 128;
const MINIBLOCK: usize = 32;

/// The bit width for the differences of a miniblock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Widths {
    /// The minimum number of bits.
    Least,
    /// Whole bytes: compression then finds repeated differences.
    WholeBytes,
}

/// Appends values.
pub(super) fn delta_binary_packed(values: &[i64], widths: Widths, out: &mut Vec<u8>) {
    varint(BLOCK as u64, out);
    varint((BLOCK / MINIBLOCK) as u64, out);
    varint(values.len() as u64, out);
    zigzag(values.first().copied().unwrap_or(0), out);
    let mut deltas = [0_i64; BLOCK];
    let mut at = 1;
    while at < values.len() {
        let count = (values.len() - at).min(BLOCK);
        for (index, delta) in deltas[..count].iter_mut().enumerate() {
            // The specification requires wrapping arithmetic.
            *delta = values[at + index].wrapping_sub(values[at + index - 1]);
        }
        block(&deltas[..count], widths, out);
        at += count;
    }
}

fn block(deltas: &[i64], kind: Widths, out: &mut Vec<u8>) {
    let mut least = deltas.iter().copied().min().unwrap_or(0);
    if matches!(kind, Widths::WholeBytes) {
        // The same minimum for most blocks, so that equal differences become equal bytes.
        least = least.min(0);
    }
    zigzag(least, out);
    let above = |delta: &i64| delta.wrapping_sub(least) as u64;
    let mut widths = [0_u8; BLOCK / MINIBLOCK];
    for (width, miniblock) in widths.iter_mut().zip(deltas.chunks(MINIBLOCK)) {
        let needed = bits(miniblock.iter().map(above).fold(0, |all, delta| all | delta));
        *width = match kind {
            Widths::Least => needed,
            Widths::WholeBytes => needed.next_multiple_of(8),
        };
    }
    out.extend_from_slice(&widths);
    for (width, miniblock) in widths.iter().zip(deltas.chunks(MINIBLOCK)) {
        let end = out.len() + MINIBLOCK / 8 * usize::from(*width);
        pack(miniblock.iter().map(above), *width, out);
        out.resize(end, 0);
    }
}

fn zigzag(number: i64, out: &mut Vec<u8>) {
    varint((number << 1 ^ number >> 63) as u64, out);
}
