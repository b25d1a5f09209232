//! Assigns sources to the partitions of a scan.
//!
//! The assignment is fixed when the scan is planned. A shared queue would balance slightly better, but a plan may
//! execute its partitions several times, or only some of them, as a recursive query does in each round. Every execution
//! reads its own share completely.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Cost of opening a source, in bytes that could be read in the same time.
const OPENING_COST: u64 = 16 << 10;

/// Divides sources into at most `count` shares of similar size: the largest first, each to the smallest share.
pub(super) fn balance(wanted: &[usize], sizes: &[u64], count: usize) -> Vec<Vec<usize>> {
    let count = count.clamp(1, wanted.len().max(1));
    let size = |index: usize| sizes.get(index).copied().unwrap_or(0).saturating_add(OPENING_COST);
    let mut largest_first = wanted.to_vec();
    largest_first.sort_by_key(|index| (Reverse(size(*index)), *index));
    let mut loads: BinaryHeap<Reverse<(u64, usize)>> = (0..count).map(|share| Reverse((0, share))).collect();
    let mut shares = vec![Vec::new(); count];
    for index in largest_first {
        let Some(Reverse((load, share))) = loads.pop() else { break };
        shares[share].push(index);
        loads.push(Reverse((load.saturating_add(size(index)), share)));
    }
    shares.iter_mut().for_each(|share| share.sort_unstable());
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_in_one_share_and_the_shares_are_even() {
        let sizes: Vec<u64> =
            (0..100).map(|index| if index == 7 { 10 << 20 } else { index * 3000 }).collect();
        let wanted: Vec<usize> = (0..100).filter(|index| index % 10 != 3).collect();
        let shares = balance(&wanted, &sizes, 4);
        let mut all: Vec<usize> = shares.concat();
        all.sort_unstable();
        assert_eq!(all, wanted);
        let large = shares.iter().position(|share| share.contains(&7)).unwrap_or_default();
        assert_eq!(shares[large], [7]);
        let loads = shares.iter().enumerate().filter(|(index, _)| *index != large);
        let loads: Vec<u64> =
            loads.map(|(_, share)| share.iter().map(|index| sizes[*index] + OPENING_COST).sum()).collect();
        let (least, most) = (loads.iter().min(), loads.iter().max());
        assert!(least.zip(most).is_some_and(|(least, most)| most - least < 320_000), "{loads:?}");
    }

    #[test]
    fn there_are_no_more_shares_than_sources_but_one() {
        assert_eq!(balance(&[3, 1], &[], 8).len(), 2);
        assert_eq!(balance(&[], &[], 8), [Vec::<usize>::new()]);
    }
}
