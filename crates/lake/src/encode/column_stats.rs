//! The lowest and the highest value of a column chunk, which let readers skip it.

use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};

/// Maximum length of a bound in bytes. Longer bounds are truncated; a truncated bound still bounds all
/// values.
const MAX_BOUND_LEN: usize = 64;

/// Bounds of texts, in the order of their bytes.
#[derive(Debug, Default)]
pub(super) struct TextBounds {
    bounds: Option<(Bound, Bound)>,
}

#[derive(Clone, Debug)]
struct Bound {
    /// The first eight bytes as a number, which is enough to see that most values are within the bounds.
    prefix: u64,
    text: Vec<u8>,
}

impl TextBounds {
    /// Inserts a value.
    #[inline]
    pub(super) fn add(&mut self, text: &[u8]) {
        let prefix = prefix(text);
        let Some((low, high)) = &mut self.bounds else {
            let bound = Bound { prefix, text: text.to_vec() };
            self.bounds = Some((bound.clone(), bound));
            return;
        };
        if (prefix, text) < (low.prefix, &low.text) {
            low.set(prefix, text);
        } else if (prefix, text) > (high.prefix, &high.text) {
            high.set(prefix, text);
        }
    }

    /// The statistics for the metadata of the chunk.
    pub(super) fn statistics(&self, nulls: u64) -> Statistics {
        let Some((low, high)) = &self.bounds else {
            return Statistics::byte_array(None, None, None, Some(nulls), false);
        };
        let (below, above) = (truncate_down(&low.text), truncate_up(&high.text));
        let (is_min, is_max) = (below.len() == low.text.len(), above.as_deref() == Some(&high.text[..]));
        let bytes = |text: Vec<u8>| ByteArray::from(text);
        let values = ValueStatistics::new(Some(bytes(below)), above.map(bytes), None, Some(nulls), false);
        Statistics::ByteArray(values.with_min_is_exact(is_min).with_max_is_exact(is_max))
    }
}

impl Bound {
    fn set(&mut self, prefix: u64, text: &[u8]) {
        self.prefix = prefix;
        self.text.clear();
        self.text.extend_from_slice(text);
    }
}

/// Orders like the texts, if they differ in the first eight bytes.
#[inline]
fn prefix(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => {
            let mut bytes = [0; 8];
            bytes[..text.len()].copy_from_slice(text);
            u64::from_be_bytes(bytes)
        }
    }
}

/// The beginning of a text, in whole characters.
fn truncate_down(text: &[u8]) -> Vec<u8> {
    let mut end = text.len().min(MAX_BOUND_LEN);
    while end < text.len() && text[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    text[..end].to_vec()
}

/// A text greater than all texts with the same beginning; `None` if there is none.
fn truncate_up(text: &[u8]) -> Option<Vec<u8>> {
    let cut = truncate_down(text);
    if cut.len() == text.len() {
        return Some(cut);
    }
    let mut characters: Vec<char> = std::str::from_utf8(&cut).ok()?.chars().collect();
    while let Some(last) = characters.pop() {
        if let Some(next) = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32) {
            characters.push(next);
            return Some(characters.into_iter().collect::<String>().into_bytes());
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bounds(texts: &[&str]) -> (Vec<u8>, Vec<u8>) {
        let mut bounds = TextBounds::default();
        texts.iter().for_each(|text| bounds.add(text.as_bytes()));
        let statistics = bounds.statistics(0);
        (statistics.min_bytes_opt().unwrap().to_vec(), statistics.max_bytes_opt().unwrap().to_vec())
    }

    #[test]
    fn bounds_include_all_values() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..500 {
            let texts: Vec<String> = (0..random.usize(1..9))
                .map(|_| {
                    (0..random.usize(0..90))
                        .map(|_| ['a', 'b', '\0', 'é', char::MAX][random.usize(0..5)])
                        .collect()
                })
                .collect();
            let mut bounds = TextBounds::default();
            texts.iter().for_each(|text| bounds.add(text.as_bytes()));
            let statistics = bounds.statistics(0);
            let (low, high) = (statistics.min_bytes_opt().unwrap(), statistics.max_bytes_opt());
            for text in &texts {
                assert!(low <= text.as_bytes(), "{texts:?}");
                assert!(high.is_none_or(|high| high >= text.as_bytes()), "{texts:?}");
            }
        }
    }

    #[test]
    fn short_bounds_are_values() {
        assert_eq!(bounds(&["b", "", "abc", "ab\0"]), (b"".to_vec(), b"b".to_vec()));
        let long = "é".repeat(40);
        let (low, high) = bounds(&[&long]);
        assert_eq!((low.len(), high.len()), (64, 64));
        assert!(low < long.clone().into_bytes() && high > long.into_bytes());
    }
}
