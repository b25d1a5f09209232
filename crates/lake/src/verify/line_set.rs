//! The line numbers seen for a source, as ranges: memory depends on the rows that exist, not on the numbers
//! in them.

use std::collections::BTreeMap;

/// Repetitions of a line are counted up to this number.
const MAX_REPETITIONS: usize = 64;

/// Lines by how often they were seen.
#[derive(Debug, Default)]
pub(super) struct LineSet {
    /// Ranges: first line to last line. Level `n` holds lines seen more than `n` times.
    levels: Vec<BTreeMap<i64, i64>>,
    /// The number of lines that were seen too often.
    pub(super) doubled: u64,
    /// One of these lines.
    pub(super) example: Option<i64>,
}

impl LineSet {
    /// Adds the lines `first..=last`, each of which may be seen `most` times.
    pub(super) fn add(&mut self, first: i64, last: i64, most: usize) {
        let mut open = vec![(0, first, last)];
        while let Some((level, first, last)) = open.pop() {
            if level >= most {
                self.doubled += last.abs_diff(first) + 1;
                self.example.get_or_insert(first);
                continue;
            }
            if level >= MAX_REPETITIONS {
                continue;
            }
            if self.levels.len() <= level {
                self.levels.push(BTreeMap::new());
            }
            let known = insert(&mut self.levels[level], first, last);
            open.extend(known.into_iter().map(|(first, last)| (level + 1, first, last)));
        }
    }
}

/// Inserts a range, and returns the parts of it that were already present.
fn insert(ranges: &mut BTreeMap<i64, i64>, first: i64, last: i64) -> Vec<(i64, i64)> {
    let mut known = Vec::new();
    let mut joined = (first, last);
    let mut gone = Vec::new();
    for (&start, &end) in ranges.range(..=last.saturating_add(1)).rev() {
        if end < first.saturating_sub(1) {
            break;
        }
        if end >= first && start <= last {
            known.push((start.max(first), end.min(last)));
        }
        joined = (joined.0.min(start), joined.1.max(end));
        gone.push(start);
    }
    for start in gone {
        ranges.remove(&start);
    }
    ranges.insert(joined.0, joined.1);
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(lines: &[(i64, i64)], most: usize) -> (u64, usize) {
        let mut set = LineSet::default();
        lines.iter().for_each(|(first, last)| set.add(*first, *last, most));
        (set.doubled, set.levels.first().map_or(0, BTreeMap::len))
    }

    #[test]
    fn lines_in_any_order_become_one_range() {
        assert_eq!(doubled(&[(1, 3), (7, 9), (4, 6)], 1), (0, 1));
        assert_eq!(doubled(&[(5, 5), (3, 3), (1, 1)], 1), (0, 3));
    }

    #[test]
    fn lines_that_are_seen_too_often_are_counted() {
        assert_eq!(doubled(&[(1, 10), (3, 4)], 1), (2, 1));
        assert_eq!(doubled(&[(1, 2), (5, 6), (1, 10)], 1).0, 4);
        assert_eq!(doubled(&[(1, 10), (1, 10)], 2).0, 0);
        assert_eq!(doubled(&[(1, 10), (1, 10), (4, 4)], 2).0, 1);
        assert_eq!(doubled(&[(1, 1)], 0).0, 1);
    }

    #[test]
    fn huge_numbers_use_no_memory() {
        let ends = [(i64::MAX, i64::MAX), (1 << 60, 1 << 60), (i64::MIN, i64::MIN), (i64::MAX - 1, i64::MAX)];
        assert_eq!(doubled(&ends, 1), (1, 3));
        assert_eq!(doubled(&[(i64::MIN, i64::MAX), (0, 0)], 1), (1, 1));
    }

    #[test]
    fn a_line_repeated_endlessly_uses_no_more_memory() {
        let mut set = LineSet::default();
        (0..10_000).for_each(|_| set.add(1, 1, usize::MAX));
        assert_eq!(set.levels.len(), MAX_REPETITIONS);
    }
}
