//! Is every file what was committed, and is there no other?

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{Check, Committed};
use crate::error::LakeError;
use crate::storage::disk;
use crate::storage::path::hex;
use crate::table::dataset::{DataFile, Dataset};
use crate::table::layout::{Table, date_text};

const DAY: i64 = 86_400_000_000;

/// What is wrong with one file, by check.
#[derive(Default)]
struct Findings {
    absent: Option<String>,
    changed: Option<String>,
    rows: Option<String>,
    misplaced: Option<String>,
}

impl Findings {
    fn is_sound(&self) -> bool {
        self.absent.is_none() && self.changed.is_none()
    }
}

/// Checks the files, and takes those out of the tables that are not as committed: nothing in them is to be believed,
/// nor to be given to a Parquet reader.
pub(super) fn check(dataset: &Dataset, tables: &mut [Committed]) -> Result<Vec<Check>, LakeError> {
    let mut present = Check::new(
        "files_present",
        "Every committed Parquet file is there, with the size that was committed.",
    );
    let mut unchanged =
        Check::new("files_unchanged", "Every committed Parquet file has the SHA-256 that was committed.");
    let mut rows =
        Check::new("rows_in_files", "Every unchanged Parquet file holds as many rows as were committed.");
    let mut placed =
        Check::new("rows_in_their_day", "Every file of logs holds only request times of its day.");
    let mut stray =
        Check::new("no_other_files", "No file that was not committed lies among those of a table.");
    for committed in tables {
        look_for_strays(dataset, committed, &mut stray)?;
        let findings: Vec<Findings> = committed.files.par_iter().map(examine).collect();
        let mut sound = findings.iter().map(Findings::is_sound).collect::<Vec<_>>().into_iter();
        committed.files.retain(|_| sound.next().unwrap_or(false));
        for found in findings {
            let here = found.absent.is_none();
            let sound = found.is_sound();
            present.examine(found.absent);
            if here {
                unchanged.examine(found.changed);
            }
            if !sound {
                continue;
            }
            rows.examine(found.rows);
            if committed.table == Table::Logs {
                placed.examine(found.misplaced);
            }
        }
    }
    Ok(vec![present, unchanged, rows, placed, stray])
}

fn examine(file: &DataFile) -> Findings {
    let size = match fs::metadata(&file.path) {
        Ok(metadata) => metadata.len(),
        Err(error) => {
            return Findings { absent: Some(format!("{:?}: {error}", file.path)), ..Default::default() };
        }
    };
    if size != file.size {
        let absent = Some(format!("{:?}: {size} bytes, not {}", file.path, file.size));
        return Findings { absent, ..Default::default() };
    }
    let changed = hash_differs(file);
    let rows = if changed.is_none() { rows_differ(file) } else { None };
    Findings { absent: None, changed, rows, misplaced: outside_its_day(file) }
}

fn hash_differs(file: &DataFile) -> Option<String> {
    let Some(wanted) = &file.sha256 else {
        return Some(format!("{:?}: committed without a hash", file.path));
    };
    match disk::hash_own_file(&file.path) {
        Ok((sha256, _)) if hex(&sha256) == *wanted => None,
        Ok((sha256, _)) => Some(format!("{:?}: {}, not {wanted}", file.path, hex(&sha256))),
        Err(error) => Some(format!("{error}")),
    }
}

fn rows_differ(file: &DataFile) -> Option<String> {
    let footer = || -> Result<i64, parquet::errors::ParquetError> {
        let reader = SerializedFileReader::new(File::open(&file.path)?)?;
        Ok(reader.metadata().file_metadata().num_rows())
    };
    match footer() {
        Ok(rows) if u64::try_from(rows).ok() == file.rows => None,
        Ok(rows) => Some(format!("{:?}: {rows} rows, not {:?}", file.path, file.rows)),
        Err(error) => Some(format!("{:?}: {error}", file.path)),
    }
}

/// The log keeps times to the millisecond, rounded outwards, so that a bound may lie one millisecond outside.
fn outside_its_day(file: &DataFile) -> Option<String> {
    let start = i64::from(file.event_date?) * DAY;
    let inside = |time: Option<i64>| time.is_none_or(|time| (start..=start + DAY).contains(&time));
    if inside(file.min_time) && inside(file.max_time) {
        return None;
    }
    Some(format!("{:?}: has request times outside {}", file.path, date_text(file.event_date?)))
}

fn look_for_strays(dataset: &Dataset, committed: &Committed, check: &mut Check) -> Result<(), LakeError> {
    let folder = dataset.storage().path(&committed.table.folder());
    let known: HashSet<&Path> = committed.files.iter().map(|file| file.path.as_path()).collect();
    let log = dataset.storage().path(&committed.table.log());
    let mut open = vec![folder];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).map_err(LakeError::io("list", &next))? {
            let path: PathBuf = entry.map_err(LakeError::io("list", &next))?.path();
            if path == log {
                continue;
            }
            // A link is not followed: it is no file of ours, wherever it leads.
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else {
                let stray = !known.contains(path.as_path());
                check.examine(stray.then(|| format!("{path:?}: not committed")));
            }
        }
    }
    Ok(())
}
