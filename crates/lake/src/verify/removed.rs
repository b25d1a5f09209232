//! The table `duplicates`: rows that were removed because another row is equal. If sources are given, the
//! equality is proved from the lines themselves.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use saltmine_format::Field;

use super::report::Check;
use super::row_hash::{RowHasher, Rows, Sum};

/// The position of a line: the number of its file's name, and its line number.
type Place = (u32, i64);

/// A row that the line at a position produced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ProducedRow {
    /// The index of the position.
    place: u32,
    /// The logged content.
    content: u128,
    row: u128,
    identified: bool,
}

/// The removed rows.
#[derive(Debug, Default)]
pub(super) struct RemovedRows {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    /// Each removed row and the row that it is equal to; sorted once all are read.
    pairs: Vec<(Place, Place)>,
    /// All positions named in them, sorted.
    places: Vec<Place>,
    /// The range of positions for each name, by its number.
    ranges: Vec<Range<usize>>,
    given: Mutex<Vec<ProducedRow>>,
    /// Which of the positions have a row in `logs`.
    stored: Vec<AtomicBool>,
}

/// The conclusions from the lines about the removed rows.
#[derive(Debug, Default)]
pub(super) struct RemovalProof {
    /// The hashes of correctly removed rows, by the names of their sources.
    pub(super) rows: HashMap<Arc<str>, Vec<u128>>,
    pub(super) count: u64,
    pub(super) wrong: Vec<String>,
}

impl RemovedRows {
    /// Adds rows of the table.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let text = |name: &str| batch.column_by_name(name).map(|column| column.as_string_view());
        let lines = |name: &str| batch.column_by_name(name).map(|column| column.as_primitive::<Int64Type>());
        let (Some(file), Some(same_file)) = (text("log_file"), text("same_as_file")) else { return };
        let (Some(line), Some(same_line)) = (lines("log_line"), lines("same_as_line")) else { return };
        for row in 0..batch.num_rows() {
            let name = |column: &arrow::array::StringViewArray| {
                if column.is_valid(row) { column.value(row).to_owned() } else { String::new() }
            };
            let number = |column: &arrow::array::Int64Array| {
                if column.is_valid(row) { column.value(row) } else { 0 }
            };
            let gone = (self.number(&name(file)), number(line));
            let kept = (self.number(&name(same_file)), number(same_line));
            self.pairs.push((gone, kept));
        }
    }

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    /// Completes reading.
    pub(super) fn finish(&mut self) {
        self.pairs.sort_unstable();
        self.places = self.pairs.iter().flat_map(|(gone, kept)| [*gone, *kept]).collect();
        self.places.sort_unstable();
        self.places.dedup();
        self.stored = self.places.iter().map(|_| AtomicBool::new(false)).collect();
        let mut start = 0;
        for number in 0..self.names.len() as u32 {
            let end = start + self.places[start..].partition_point(|(name, _)| *name == number);
            self.ranges.push(start..end);
            start = end;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// File and line of each removed row.
    pub(super) fn removed_lines(&self) -> impl Iterator<Item = (&str, i64)> {
        self.pairs.iter().map(|(gone, _)| self.at(*gone))
    }

    fn at(&self, (name, line): Place) -> (&str, i64) {
        (&self.names[name as usize], line)
    }

    /// Records rows of `logs`.
    pub(super) fn note_stored(&self, rows: &Rows<'_>, run: Range<usize>) {
        let Some((number, range)) = self.range_of(rows.name(run.start)) else { return };
        let places = &self.places[range.clone()];
        for row in run {
            if let Ok(at) = places.binary_search(&(number, rows.line(row))) {
                self.stored[range.start + at].store(true, Ordering::Relaxed);
            }
        }
    }

    fn range_of(&self, name: &str) -> Option<(u32, Range<usize>)> {
        let number = *self.numbers.get(name)?;
        Some((number, self.ranges.get(number as usize)?.clone()))
    }

    /// Checks that the row for which another was removed still exists, or was itself removed for an earlier
    /// one. This does not prove that they are equal.
    pub(super) fn check(&self) -> Check {
        let mut check = Check::new(
            "duplicates_are_kept",
            "Every row removed as a duplicate refers to an earlier row that was kept, or that was itself removed \
             as a duplicate of an earlier one.",
        );
        if self.pairs.is_empty() {
            check.skipped = Some("no row was removed");
        }
        let mut missing = BTreeSet::new();
        for (gone, kept) in &self.pairs {
            // Each step of a chain leads to an earlier line, so every chain ends, at a row that exists.
            let is_earlier = self.at(*kept) < self.at(*gone);
            let is_gone = is_earlier && self.pairs.binary_search_by_key(kept, |(gone, _)| *gone).is_ok();
            let at = self.places.binary_search(kept).ok();
            let is_stored = at.is_some_and(|at| self.stored[at].load(Ordering::Relaxed));
            if !is_gone && !is_stored {
                missing.insert(*kept);
            }
            let (gone, kept) = (self.at(*gone), self.at(*kept));
            check.examine((kept > gone).then(|| {
                format!(
                    "{} was removed as a duplicate of {}, a later line",
                    describe_line(gone),
                    describe_line(kept)
                )
            }));
        }
        missing.into_iter().for_each(|kept| {
            check.fail(format!("{} should have been kept, but is missing", describe_line(self.at(kept))))
        });
        check
    }

    /// Records the rows from lines that are relevant here.
    pub(super) fn note(&self, rows: &Rows<'_>, run: Range<usize>, batch: &RecordBatch, hasher: &RowHasher) {
        let Some((number, range)) = self.range_of(rows.name(run.start)) else { return };
        let places = &self.places[range.clone()];
        let ids = batch.column_by_name(Field::RequestId.name());
        let (mut given, mut memory) = (Vec::new(), Vec::new());
        for row in run {
            let Ok(at) = places.binary_search(&(number, rows.line(row))) else { continue };
            given.push(ProducedRow {
                place: (range.start + at) as u32,
                content: hasher.content(rows, row, &mut memory),
                row: hasher.row(rows, row, &mut memory),
                identified: ids.is_some_and(|ids| ids.is_valid(row)),
            });
        }
        if !given.is_empty() {
            self.given.lock().unwrap_or_else(PoisonError::into_inner).extend(given);
        }
    }

    /// Determines which rows were correctly removed: their lines, and those of the rows they are equal to,
    /// have the same content, including a request id; and one row of each such group remains. `is_known`
    /// returns whether all lines of a name were read.
    pub(super) fn prove(&self, is_known: impl Fn(&str) -> bool) -> RemovalProof {
        let mut given = std::mem::take(&mut *self.given.lock().unwrap_or_else(PoisonError::into_inner));
        given.sort_unstable();
        let of = |place: Place| -> &[ProducedRow] {
            let Ok(at) = self.places.binary_search(&place) else { return &[] };
            let start = given.partition_point(|given| (given.place as usize) < at);
            let length = given[start..].partition_point(|given| given.place as usize == at);
            &given[start..start + length]
        };
        let mut proven = RemovalProof::default();
        for group in self.pairs.chunk_by(|a, b| a.0 == b.0) {
            let gone = group[0].0;
            let (name, line) = self.at(gone);
            if !is_known(name) {
                continue;
            }
            // Each state of a file has its own row; these are the ones not used yet.
            let mut left: Vec<ProducedRow> = of(gone).to_vec();
            for (_, kept) in group {
                let place = self.at(*kept);
                let same = |one: &ProducedRow| {
                    let others = of(*kept).iter().filter(|other| other.content == one.content).count();
                    let mine = left.iter().filter(|other| other.content == one.content).count();
                    // A row removed in favour of another state of its own line leaves that one.
                    one.identified && others > 0 && (*kept != gone || mine > 1)
                };
                match left.iter().position(same).filter(|_| place <= (name, line)) {
                    Some(at) => {
                        let taken = left.swap_remove(at);
                        proven.count += 1;
                        proven
                            .rows
                            .entry(Arc::clone(&self.names[gone.0 as usize]))
                            .or_default()
                            .push(taken.row);
                    }
                    None if !is_known(place.0) => {
                        proven.wrong.push(format!(
                            "{} was removed as a duplicate of {}, whose source was not given",
                            describe_line((name, line)),
                            describe_line(place)
                        ));
                    }
                    None => proven.wrong.push(format!(
                        "{} was removed as a duplicate of {}, but differs from it",
                        describe_line((name, line)),
                        describe_line(place)
                    )),
                }
            }
        }
        proven
    }
}

impl RemovalProof {
    /// The sum of the correctly removed rows of a source.
    pub(super) fn sum(&self, name: &str) -> Sum {
        let mut sum = Sum::default();
        self.rows.get(name).into_iter().flatten().for_each(|hash| sum.add(*hash));
        sum
    }
}

fn describe_line((name, line): (&str, i64)) -> String {
    format!("{name:?} line {line}")
}
