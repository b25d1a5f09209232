//! The values of a group: stored individually while they are few, then in HdrHistograms.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::common::{Result, exec_err};
use datafusion::error::DataFusionError;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer, V2Serializer};

/// Significant digits: a recorded value differs by at most 0.1 %.
const DIGITS: u8 = 3;

/// Maximum number of individually stored values. A histogram takes at least 16 kB, too much for many small groups.
const MAX_EXACT: usize = 64;

/// The values of a group. Takes at most half a megabyte, whatever the input.
#[derive(Debug, Default)]
pub(super) struct Values {
    few: Vec<i64>,
    many: Option<Box<Histograms>>,
}

/// More than a few values. Negative values are counted by their magnitude.
#[derive(Debug)]
struct Histograms {
    least: i64,
    most: i64,
    positive: Histogram<u64>,
    negative: Option<Histogram<u64>>,
}

impl Values {
    pub(super) fn record(&mut self, value: i64) -> Result<()> {
        if let Some(many) = &mut self.many {
            return many.record(value);
        }
        if self.few.len() < MAX_EXACT {
            self.few.push(value);
            return Ok(());
        }
        let mut many = Box::new(Histograms::new()?);
        for value in std::mem::take(&mut self.few).into_iter().chain([value]) {
            many.record(value)?;
        }
        self.many = Some(many);
        Ok(())
    }

    /// Bytes of memory beside the struct itself.
    pub(super) fn size(&self) -> usize {
        let many = self.many.as_ref().map_or(0, |many| {
            let negative = many.negative.as_ref().map_or(0, Histogram::distinct_values);
            size_of::<Histograms>() + (many.positive.distinct_values() + negative) * size_of::<u64>()
        });
        self.few.capacity() * size_of::<i64>() + many
    }

    /// The smallest value that at least the fraction `q` of the values does not exceed. `None` if there is none.
    pub(super) fn quantile(&self, q: f64) -> Option<i64> {
        match &self.many {
            Some(many) => Some(many.at(rank(q, many.count()))),
            None => {
                let mut sorted = self.few.clone();
                sorted.sort_unstable();
                let rank = rank(q, sorted.len() as u64);
                sorted.get(usize::try_from(rank).ok()?.checked_sub(1)?).copied()
            }
        }
    }

    /// The histogram for other HdrHistogram tools: V2, deflated, in base 64. `None` if there is no value.
    pub(super) fn encoded(&self) -> Result<Option<String>> {
        if self.few.is_empty() && self.many.is_none() {
            return Ok(None);
        }
        let (least, most) = (self.quantile(0.0).unwrap_or(0), self.quantile(1.0).unwrap_or(0));
        if least < 0 {
            return exec_err!(
                "hdr_histogram takes no values below 0; exclude them, for example with FILTER (WHERE value >= 0)"
            );
        }
        // The range is part of the encoded text and must not depend on the order of the values.
        let mut histogram =
            Histogram::<u64>::new_with_max(most.unsigned_abs().max(2), DIGITS).map_err(wrong)?;
        match &self.many {
            Some(many) => histogram.add(&many.positive).map_err(wrong)?,
            None => {
                self.few.iter().try_for_each(|value| histogram.record(value.unsigned_abs())).map_err(wrong)?
            }
        }
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&histogram, &mut bytes).map_err(wrong)?;
        Ok(Some(STANDARD.encode(bytes)))
    }

    /// The state for merging with other partitions: the few values, or the histograms in V2.
    pub(super) fn state(&self) -> Result<Vec<u8>> {
        let Some(many) = &self.many else {
            let mut bytes = vec![0];
            bytes.extend(self.few.iter().flat_map(|value| value.to_le_bytes()));
            return Ok(bytes);
        };
        let mut bytes = vec![1];
        bytes.extend(many.least.to_le_bytes());
        bytes.extend(many.most.to_le_bytes());
        let mut serializer = V2Serializer::new();
        serializer.serialize(&many.positive, &mut bytes).map_err(wrong)?;
        if let Some(negative) = &many.negative {
            serializer.serialize(negative, &mut bytes).map_err(wrong)?;
        }
        Ok(bytes)
    }

    /// Merges the state from [`Values::state`].
    pub(super) fn merge(&mut self, state: &[u8]) -> Result<()> {
        match state.split_first() {
            Some((0, values)) => {
                values.as_chunks().0.iter().try_for_each(|value| self.record(i64::from_le_bytes(*value)))
            }
            Some((1, bytes)) => {
                if self.many.is_none() {
                    let mut many = Box::new(Histograms::new()?);
                    std::mem::take(&mut self.few).into_iter().try_for_each(|value| many.record(value))?;
                    self.many = Some(many);
                }
                self.many.as_mut().map_or(Ok(()), |many| many.merge(bytes))
            }
            _ => exec_err!("the state of a histogram is damaged"),
        }
    }
}

impl Histograms {
    fn new() -> Result<Self> {
        Ok(Self { least: i64::MAX, most: i64::MIN, positive: histogram()?, negative: None })
    }

    fn count(&self) -> u64 {
        self.positive.len() + self.below()
    }

    fn below(&self) -> u64 {
        self.negative.as_ref().map_or(0, Histogram::len)
    }

    fn record(&mut self, value: i64) -> Result<()> {
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        if value >= 0 {
            return self.positive.record(value.unsigned_abs()).map_err(wrong);
        }
        let negative = match self.negative.take() {
            Some(negative) => negative,
            None => histogram()?,
        };
        self.negative.insert(negative).record(value.unsigned_abs()).map_err(wrong)
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(([least, most], mut rest)) = bytes.split_first_chunk::<16>().map(|(bounds, rest)| {
            let bound = |at: usize| {
                let mut bound = [0; 8];
                bound.copy_from_slice(&bounds[at..at + 8]);
                i64::from_le_bytes(bound)
            };
            ([bound(0), bound(8)], rest)
        }) else {
            return exec_err!("the state of a histogram is damaged");
        };
        self.least = self.least.min(least);
        self.most = self.most.max(most);
        let mut deserializer = Deserializer::new();
        let positive: Histogram<u64> = deserializer.deserialize(&mut rest).map_err(wrong)?;
        self.positive.add(positive).map_err(wrong)?;
        if !rest.is_empty() {
            let added: Histogram<u64> = deserializer.deserialize(&mut rest).map_err(wrong)?;
            let negative = match self.negative.take() {
                Some(negative) => negative,
                None => histogram()?,
            };
            self.negative.insert(negative).add(added).map_err(wrong)?;
        }
        Ok(())
    }

    /// The value at a rank, from 1.
    fn at(&self, rank: u64) -> i64 {
        if rank <= 1 {
            return self.least;
        }
        if rank >= self.count() {
            return self.most;
        }
        let below = self.below();
        let value = match &self.negative {
            Some(negative) if rank <= below => {
                let magnitude = value_at(negative, below - rank + 1);
                i64::try_from(magnitude).map_or(i64::MIN, |magnitude| -magnitude)
            }
            _ => i64::try_from(value_at(&self.positive, rank - below)).unwrap_or(i64::MAX),
        };
        value.clamp(self.least, self.most)
    }
}

fn histogram() -> Result<Histogram<u64>> {
    Histogram::new(DIGITS).map_err(wrong)
}

/// The greatest value in the same bucket as that of a rank, as HdrHistogram's own percentiles report it.
fn value_at(histogram: &Histogram<u64>, rank: u64) -> u64 {
    let mut seen = 0_u64;
    for step in histogram.iter_recorded() {
        seen = seen.saturating_add(step.count_at_value());
        if seen >= rank {
            return histogram.highest_equivalent(step.value_iterated_to());
        }
    }
    histogram.max()
}

/// The rank of a quantile, from 1; 0 if there are no values.
fn rank(q: f64, count: u64) -> u64 {
    // Rounding makes 0.07 * 100 slightly more than 7, but 7 is meant.
    let exact = q * count as f64;
    let rounded = exact.round();
    let is_whole = (exact - rounded).abs() <= rounded * f64::EPSILON;
    let rank = if is_whole { rounded } else { exact.ceil() };
    (rank as u64).clamp(count.min(1), count)
}

fn wrong(problem: impl std::fmt::Debug) -> DataFusionError {
    DataFusionError::Execution(format!("histogram: {problem:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values_from(values: impl IntoIterator<Item = i64>) -> Values {
        let mut all = Values::default();
        values.into_iter().for_each(|value| all.record(value).unwrap());
        all
    }

    // Many small and few large values, like latencies; deterministic.
    fn latencies(count: i64) -> impl Iterator<Item = i64> {
        (0..count).map(|index| {
            let spread = index.wrapping_mul(2_654_435_761).rem_euclid(1_000_003);
            5 + spread % 40 + if spread % 97 == 0 { spread * 3 } else { 0 }
        })
    }

    #[test]
    fn quantiles_of_a_million_are_within_a_thousandth() {
        let values = values_from(latencies(1_000_000));
        let mut sorted: Vec<i64> = latencies(1_000_000).collect();
        sorted.sort_unstable();
        for q in [0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.995, 0.999, 0.9999, 1.0] {
            let exact = sorted[(rank(q, 1_000_000) - 1) as usize];
            let found = values.quantile(q).unwrap();
            assert!((found - exact).abs() as f64 <= exact as f64 / 1000.0, "{q}: {found} for {exact}");
        }
        assert_eq!(values.quantile(1.0), sorted.last().copied());
        assert!(values.size() < 512 << 10);
    }

    #[test]
    fn two_halves_are_the_whole() {
        for count in [10, 100, 5000] {
            let whole = values_from(latencies(count).chain([-7, -900_000]));
            let mut merged = values_from(latencies(count).take(3));
            merged
                .merge(&values_from(latencies(count).skip(3).chain([-7, -900_000])).state().unwrap())
                .unwrap();
            for q in [0.0, 0.0005, 0.1, 0.5, 0.9, 0.99, 1.0] {
                assert_eq!(merged.quantile(q), whole.quantile(q), "{count} {q}");
            }
        }
    }

    #[test]
    fn ranks() {
        assert_eq!([0.0, 0.07, 0.5, 0.501, 1.0].map(|q| rank(q, 100)), [1, 7, 50, 51, 100]);
        assert_eq!((rank(0.5, 0), rank(0.5, 1), rank(0.5, 3)), (0, 1, 2));
    }

    #[test]
    fn few_values_are_exact_and_take_little() {
        let values = values_from([123_457, 1_000_001, i64::MAX, i64::MIN]);
        assert_eq!(values.quantile(0.5), Some(123_457));
        assert_eq!((values.quantile(0.0), values.quantile(1.0)), (Some(i64::MIN), Some(i64::MAX)));
        assert!(values.size() <= MAX_EXACT * 8);
        assert_eq!(Values::default().quantile(0.5), None);
    }

    #[test]
    fn extremes_of_many() {
        let values = values_from((0..100).map(|_| i64::MIN).chain([0, i64::MAX]));
        assert_eq!((values.quantile(0.5), values.quantile(1.0)), (Some(i64::MIN), Some(i64::MAX)));
        assert!(values.size() < 1 << 20);
    }

    #[test]
    fn encoded_histograms_are_readable_by_the_library() {
        for count in [3_i64, 3000] {
            let text = values_from(latencies(count)).encoded().unwrap().unwrap();
            assert!(text.starts_with("HISTFAAA"), "{text}");
            let bytes = STANDARD.decode(text).unwrap();
            let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
            assert_eq!(histogram.len(), count as u64);
        }
        assert_eq!(Values::default().encoded().unwrap(), None);
        assert!(
            values_from([-1]).encoded().is_err()
                && values_from((0..100).map(|value| value - 1)).encoded().is_err()
        );
    }

    #[test]
    fn damaged_states_are_errors() {
        for state in [&[][..], &[2], &[1, 0, 0], &[1; 40]] {
            assert!(Values::default().merge(state).is_err(), "{state:?}");
        }
    }
}
