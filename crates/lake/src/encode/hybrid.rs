//! Parquet's hybrid of run-length encoding and bit packing, for levels and for indices into a dictionary.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/>

/// Appends a number as a varint: seven bits per byte, low bits first.
pub(super) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends the low `width` bits of each value, without gaps, low bits first, padded with zeros to a whole
/// byte.
pub(super) fn pack(values: impl Iterator<Item = u64>, width: u8, out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0_u128, 0_u32);
    for value in values {
        bits |= u128::from(value) << held;
        held += u32::from(width);
        if held >= 64 {
            out.extend_from_slice(&(bits as u64).to_le_bytes());
            bits >>= 64;
            held -= 64;
        }
    }
    out.extend_from_slice(&bits.to_le_bytes()[..held.div_ceil(8) as usize]);
}

/// Appends values that are all less than 2 to the power of `width`.
pub(super) fn hybrid<T: Copy + PartialEq + Into<u64>>(values: &[T], width: u8, out: &mut Vec<u8>) {
    let (mut at, mut literal) = (0, 0);
    while let Some(first) = values.get(at) {
        let run = values[at..].iter().take_while(|value| *value == first).count();
        // Packed values come in groups of eight; values of the run fill the last group.
        let fill = (8 - (at - literal) % 8) % 8;
        if run >= fill + 8 {
            packed(&values[literal..at + fill], width, out);
            varint(((run - fill) as u64) << 1, out);
            out.extend_from_slice(&(*first).into().to_le_bytes()[..usize::from(width.div_ceil(8))]);
            literal = at + run;
        }
        at += run;
    }
    packed(&values[literal..], width, out);
}

/// Groups of eight; the last is padded with zeros.
fn packed<T: Copy + Into<u64>>(values: &[T], width: u8, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * usize::from(width);
    pack(values.iter().map(|value| (*value).into()), width, out);
    out.resize(end, 0);
}

/// Appends the bit width of indices into a dictionary with this many values, then the indices.
pub(super) fn indices(indices: &[u32], values: usize, out: &mut Vec<u8>) {
    let width = index_width(values);
    out.push(width);
    hybrid(indices, width, out);
}

/// The bit width of an index into a dictionary with this many values. Above four bits, whole bytes are used:
/// compression can then find frequent indices, which saves more than the additional bits cost.
fn index_width(values: usize) -> u8 {
    let width = bits((values as u64).saturating_sub(1));
    if width > 4 { width.next_multiple_of(8) } else { width }
}

/// The number of bits that a value needs.
pub(super) const fn bits(value: u64) -> u8 {
    (u64::BITS - value.leading_zeros()) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_take_a_few_bits_or_whole_bytes() {
        for (values, width) in
            [(0, 0), (1, 0), (2, 1), (16, 4), (17, 8), (256, 8), (257, 16), (65_536, 16), (65_537, 24)]
        {
            assert_eq!(index_width(values), width, "{values}");
        }
    }

    /// A plain decoder written from the specification.
    fn read(bytes: &[u8], width: u8, count: usize) -> Vec<u64> {
        let (mut at, mut values) = (0, Vec::new());
        let varint = |at: &mut usize| {
            let (mut number, mut shift) = (0_u64, 0);
            loop {
                let byte = bytes[*at];
                *at += 1;
                number |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return number;
                }
            }
        };
        while values.len() < count {
            let head = varint(&mut at);
            let times = (head >> 1) as usize;
            if head & 1 == 0 {
                let size = usize::from(width.div_ceil(8));
                let value =
                    (0..size).fold(0, |value, byte| value | u64::from(bytes[at + byte]) << (8 * byte));
                at += size;
                values.extend(std::iter::repeat_n(value, times));
            } else {
                let bit = |n: usize| u64::from(bytes[at + n / 8] >> (n % 8) & 1);
                for value in 0..times * 8 {
                    let first = value * usize::from(width);
                    values.push((0..usize::from(width)).fold(0, |sum, n| sum | bit(first + n) << n));
                }
                at += times * usize::from(width);
            }
        }
        assert_eq!(at, bytes.len(), "no bytes are left");
        values.truncate(count);
        values
    }

    #[test]
    fn written_values_are_read_back() {
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..2000 {
            let width = if round % 5 == 0 { 1 } else { random.u8(0..20) };
            let mut values: Vec<u32> = Vec::new();
            for _ in 0..random.usize(0..12) {
                let value = if width == 0 { 0 } else { random.u32(0..1 << width) };
                values.extend(std::iter::repeat_n(value, random.usize(1..30).pow(random.u32(0..2))));
            }
            let mut bytes = Vec::new();
            hybrid(&values, width, &mut bytes);
            let expected: Vec<u64> = values.iter().map(|value| u64::from(*value)).collect();
            assert_eq!(read(&bytes, width, values.len()), expected, "width {width}: {values:?}");
        }
    }

    #[test]
    fn a_run_takes_a_few_bytes() {
        let mut bytes = Vec::new();
        hybrid(&[1_u8; 20_000], 1, &mut bytes);
        assert_eq!(bytes.len(), 4);
        assert_eq!([bits(0), bits(1), bits(255), bits(256), bits(u64::MAX)], [0, 1, 8, 9, 64]);
    }
}
