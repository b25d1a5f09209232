//! The second pass, for sources whose rows differ from their lines: finds which rows differ, and how.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::util::display::array_value_to_string;
use saltmine_scan::Source;

use super::removed::RemovalProof;
use super::report::MAX_DETAILS;
use super::row_hash::{RowHasher, Rows};
use super::source_scan::{Lines, Part, scan};
use super::table_scan::CommittedTable;
use crate::error::LakeError;
use crate::table::layout::Table;

/// The number of rows of either side in memory at a time, 32 bytes each; if there are more, several passes
/// are made.
const ROWS_AT_A_TIME: u64 = 4 << 20;
/// The maximum number of columns reported per row.
const MAX_COLUMNS: usize = 3;
const MAX_TEXT_CHARS: usize = 80;

/// A source whose rows differ.
pub(super) struct SuspectSource {
    pub(super) name: Arc<str>,
    /// The parts that contain its lines, with the hash of each content.
    pub(super) parts: Vec<(Part, [u8; 32])>,
    /// Other contents that may have produced rows are missing.
    pub(super) may_have_more: bool,
}

/// The two sides to compare.
pub(super) struct Sides<'a> {
    pub(super) sources: &'a [Source],
    pub(super) committed: &'a CommittedTable,
    /// Which of the table's files can be read.
    pub(super) sound: &'a [bool],
    pub(super) hasher: &'a RowHasher,
    pub(super) proven: &'a RemovalProof,
    /// The number of rows of the larger side.
    pub(super) rows: u64,
}

/// The differences found.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// Problems with the first lines.
    pub(super) details: Vec<String>,
    /// The number of lines with differences.
    pub(super) count: u64,
}

/// A row: the number of its source, its line number, its hash.
type Row = (u32, i64, u128);

/// A problem with a line.
#[derive(Default)]
struct LineProblem {
    /// Rows that the line produces but the table lacks.
    missing: Vec<u128>,
    /// Rows in the table that the line does not produce, and whether the line produces such a row at all.
    extra: Vec<(u128, bool)>,
}

/// Finds the rows that differ.
pub(super) fn inspect(sides: &Sides<'_>, suspects: &[SuspectSource]) -> Result<Differences, LakeError> {
    let numbers: HashMap<&str, u32> =
        suspects.iter().enumerate().map(|(number, suspect)| (&*suspect.name, number as u32)).collect();
    let mut wrong: BTreeMap<(u32, i64), LineProblem> = BTreeMap::new();
    let turns = sides.rows.div_ceil(ROWS_AT_A_TIME).max(1);
    for turn in 0..turns {
        compare(sides, suspects, &numbers, (turn, turns), &mut wrong)?;
    }
    wrong.retain(|(number, _), wrong| {
        let may_have_more = suspects.get(*number as usize).is_some_and(|suspect| suspect.may_have_more);
        !(wrong.missing.is_empty() && may_have_more)
    });
    let count = wrong.len() as u64;
    let shown: Vec<_> = wrong.into_iter().take(MAX_DETAILS).collect();
    let mut wanted = HashMap::new();
    for ((number, _), wrong) in &shown {
        let hashes = wrong.missing.first().into_iter().chain(wrong.extra.first().map(|(hash, _)| hash));
        wanted.extend(hashes.map(|hash| ((*number, *hash), None)));
    }
    let wanted = Mutex::new(wanted);
    let keep = |batch: &RecordBatch| keep(batch, sides.hasher, &numbers, &wanted);
    both(sides, suspects, &keep)?;
    let rows = wanted.into_inner().unwrap_or_else(PoisonError::into_inner);
    let row = |number: u32, hash: Option<&u128>| rows.get(&(number, *hash?))?.as_ref();
    let tell = |((number, line), wrong): &((u32, i64), LineProblem)| {
        let name = suspects.get(*number as usize).map_or("", |suspect| &*suspect.name);
        let given = row(*number, wrong.missing.first());
        let stored = row(*number, wrong.extra.first().map(|(hash, _)| hash));
        format!("{name:?} line {line}: {}", describe(wrong, given, stored, sides.committed.table))
    };
    Ok(Differences { details: shown.iter().map(tell).collect(), count })
}

/// Reads the lines of the suspects, and the table.
fn both(
    sides: &Sides<'_>,
    suspects: &[SuspectSource],
    take: &(dyn Fn(&RecordBatch) -> Result<(), LakeError> + Sync),
) -> Result<(), LakeError> {
    read_lines(sides, suspects, take)?;
    sides.committed.read_again(sides.sound, take)
}

fn read_lines(
    sides: &Sides<'_>,
    suspects: &[SuspectSource],
    take: &(dyn Fn(&RecordBatch) -> Result<(), LakeError> + Sync),
) -> Result<(), LakeError> {
    let mut parts = Vec::new();
    let mut contents = Vec::new();
    for suspect in suspects {
        for (part, sha256) in &suspect.parts {
            // Standard input cannot be read twice.
            if sides.sources.get(part.source).is_some_and(|source| !source.stdin) {
                parts.push(*part);
                contents.push((*sha256, Arc::clone(&suspect.name)));
            }
        }
    }
    let decide = |part: usize, sha256: &[u8; 32]| {
        contents.get(part).filter(|(wanted, _)| wanted == sha256).map(|(_, name)| Arc::clone(name))
    };
    let nothing = |_: &RecordBatch| Ok(());
    let lines = match sides.committed.table {
        Table::Rejects => Lines { rows: &nothing, rejects: take },
        _ => Lines { rows: take, rejects: &nothing },
    };
    scan(sides.sources, &parts, &decide, &lines).map(drop)
}

/// Compares the rows of one pass, which are chosen by their hashes: equal rows are in the same pass.
fn compare(
    sides: &Sides<'_>,
    suspects: &[SuspectSource],
    numbers: &HashMap<&str, u32>,
    turn: (u64, u64),
    wrong: &mut BTreeMap<(u32, i64), LineProblem>,
) -> Result<(), LakeError> {
    let given = Mutex::new(Vec::new());
    read_lines(sides, suspects, &|batch| collect(batch, sides.hasher, numbers, turn, &given))?;
    let stored = Mutex::new(Vec::new());
    sides.committed.read_again(sides.sound, &|batch| collect(batch, sides.hasher, numbers, turn, &stored))?;
    let sorted = |rows: Mutex<Vec<Row>>| {
        let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
        rows.sort_unstable();
        rows
    };
    let (given, stored) = (sorted(given), sorted(stored));
    let mut removed: HashMap<(u32, u128), u64> = HashMap::new();
    if sides.committed.table == Table::Logs {
        for (name, hashes) in &sides.proven.rows {
            let Some(number) = numbers.get(&**name) else { continue };
            hashes.iter().for_each(|hash| *removed.entry((*number, *hash)).or_default() += 1);
        }
    }
    let (mut left, mut right) = (given.iter().peekable(), stored.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(given), Some(stored)) => given.cmp(stored),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return Ok(()),
        };
        match order {
            std::cmp::Ordering::Equal => {
                left.next();
                right.next();
            }
            std::cmp::Ordering::Less => {
                let Some((number, line, hash)) = left.next() else { continue };
                match removed.get_mut(&(*number, *hash)) {
                    Some(count) if *count > 0 => *count -= 1,
                    _ => wrong.entry((*number, *line)).or_default().missing.push(*hash),
                }
            }
            std::cmp::Ordering::Greater => {
                let Some(row) = right.next() else { continue };
                let is_copy = given.binary_search(row).is_ok();
                wrong.entry((row.0, row.1)).or_default().extra.push((row.2, is_copy));
            }
        }
    }
}

fn collect(
    batch: &RecordBatch,
    hasher: &RowHasher,
    numbers: &HashMap<&str, u32>,
    (turn, turns): (u64, u64),
    to: &Mutex<Vec<Row>>,
) -> Result<(), LakeError> {
    let mut found = Vec::new();
    each(batch, hasher, numbers, |number, _, line, hash| {
        if (hash % u128::from(turns)) as u64 == turn {
            found.push((number, line, hash));
        }
    })?;
    if !found.is_empty() {
        to.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
    }
    Ok(())
}

/// Keeps the rows that are needed.
fn keep(
    batch: &RecordBatch,
    hasher: &RowHasher,
    numbers: &HashMap<&str, u32>,
    wanted: &Mutex<HashMap<(u32, u128), Option<RecordBatch>>>,
) -> Result<(), LakeError> {
    let mut found = Vec::new();
    each(batch, hasher, numbers, |number, row, _, hash| found.push(((number, hash), row)))?;
    let mut wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
    for (key, row) in found {
        if let Some(kept @ None) = wanted.get_mut(&key) {
            *kept = Some(take_record_batch(batch, &UInt32Array::from(vec![row as u32]))?);
        }
    }
    Ok(())
}

/// Calls `each` with the rows of the suspects: number of the source, row of the batch, line, hash.
fn each(
    batch: &RecordBatch,
    hasher: &RowHasher,
    numbers: &HashMap<&str, u32>,
    mut each: impl FnMut(u32, usize, i64, u128),
) -> Result<(), LakeError> {
    let rows = Rows::from_batch(batch)?;
    let (mut start, mut memory) = (0, Vec::new());
    while start < rows.len() {
        let end = rows.run(start);
        if let Some(number) = numbers.get(rows.name(start)) {
            for row in start..end {
                each(*number, row, rows.line(row), hasher.row(&rows, row, &mut memory));
            }
        }
        start = end;
    }
    Ok(())
}

/// Describes the problem with a line.
fn describe(
    wrong: &LineProblem,
    given: Option<&RecordBatch>,
    stored: Option<&RecordBatch>,
    table: Table,
) -> String {
    let noun = if table == Table::Rejects { "reject" } else { "row" };
    let counts = |count: usize| if count == 1 { "it is".to_owned() } else { format!("{count} of them are") };
    match (wrong.missing.len(), wrong.extra.first()) {
        (0, Some((_, true))) => format!("the {noun} is in the table more than once"),
        (0, _) => format!("the table has a {noun} that the line does not produce"),
        (count, None) => format!("the line produces a {noun}, but {} missing from the table", counts(count)),
        (_, Some(_)) => match given.zip(stored) {
            Some((given, stored)) => differing_columns(given, stored),
            None => format!("the {noun} differs"),
        },
    }
}

fn differing_columns(given: &RecordBatch, stored: &RecordBatch) -> String {
    let mut differences = Vec::new();
    let mut more = 0;
    for (field, given) in given.schema_ref().fields().iter().zip(given.columns()) {
        let Some(stored) = stored.column_by_name(field.name()) else { continue };
        if given.to_data() == stored.to_data() {
            continue;
        }
        if differences.len() < MAX_COLUMNS {
            differences.push(format!(
                "{} is {}, the line says {}",
                field.name(),
                shown(stored),
                shown(given)
            ));
        } else {
            more += 1;
        }
    }
    match more {
        0 => differences.join("; "),
        1 => differences.join("; ") + "; and 1 more column differs",
        more => differences.join("; ") + &format!("; and {more} more columns differ"),
    }
}

fn shown(value: &dyn Array) -> String {
    if value.is_null(0) {
        return "null".to_owned();
    }
    let text = array_value_to_string(value, 0).unwrap_or_default();
    let cut: String = text.chars().take(MAX_TEXT_CHARS).collect();
    format!("{cut:?}")
}
