//! Checks that every file is the committed one, that there are no other files, and that no file contains
//! false metadata.

use std::collections::HashSet;

use super::listing::FolderListing;
use super::report::Check;
use super::table_scan::{CommittedTable, FileFindings};
use crate::table::layout::Table;

/// The checks of files, and their results so far.
pub(super) struct FileChecks {
    columns: Check,
    present: Check,
    unchanged: Check,
    readable: Check,
    true_statistics: Check,
    placed: Check,
    stray: Check,
}

impl FileChecks {
    pub(super) fn new() -> Self {
        Self {
            columns: Check::new(
                "columns_as_made",
                "Every table's log states the columns that saltmine gave it, with their types.",
            ),
            present: Check::new(
                "files_present",
                "Every committed Parquet file exists and has the committed size.",
            ),
            unchanged: Check::new(
                "files_unchanged",
                "Every committed Parquet file has the committed SHA-256.",
            ),
            readable: Check::new(
                "tables_readable",
                "Every unchanged Parquet file can be read and has the columns of its table.",
            ),
            true_statistics: Check::new(
                "statistics_true",
                "Row counts, null counts, bounds, page indexes and bloom filters, in the table's log and in the files, match \
                 the values.",
            ),
            placed: Check::new(
                "rows_in_their_partition",
                "Every file of logs has only rows with the date and bucket of its partition, and is in the partition's folder.",
            ),
            stray: Check::new("no_other_files", "No table folder contains a file that was not committed."),
        }
    }

    /// Records problems with the columns of a table.
    pub(super) fn take_columns(&mut self, table: Table, wrong: Option<String>) {
        self.columns.examine(wrong.map(|wrong| format!("{}: {wrong}", table.name())));
    }

    /// Records the findings about the files of a table. Returns which of them are sound.
    pub(super) fn take(&mut self, table: Table, found: Vec<FileFindings>) -> Vec<bool> {
        let sound: Vec<bool> = found.iter().map(FileFindings::is_sound).collect();
        for (found, sound) in found.into_iter().zip(&sound) {
            let is_there = found.absent.is_none();
            let is_same = is_there && found.changed.is_none();
            self.present.examine(found.absent);
            if is_there {
                self.unchanged.examine(found.changed);
            }
            if is_same {
                self.readable.examine(found.unreadable);
            }
            if !sound {
                continue;
            }
            self.true_statistics.examined += 1;
            found.statistics.into_iter().for_each(|wrong| self.true_statistics.fail(wrong));
            if table == Table::Logs {
                self.placed.examine(found.misplaced);
            }
        }
        sound
    }

    /// Looks for files in a table's folder that do not belong to the table. Links are not followed: a link is
    /// never one of our files, wherever it leads.
    pub(super) fn find_uncommitted(&mut self, committed: &CommittedTable, listed: &FolderListing) {
        let known: HashSet<&str> = committed.files.iter().map(|file| file.entry.path.as_str()).collect();
        let mut names: Vec<&String> = listed.keys().collect();
        names.sort();
        for name in names {
            let stray = !known.contains(name.as_str());
            let table = committed.table.name();
            self.stray.examine(stray.then(|| format!("{:?}: not committed", format!("{table}/{name}"))));
        }
    }

    pub(super) fn into_checks(self) -> Vec<Check> {
        vec![
            self.columns,
            self.present,
            self.unchanged,
            self.readable,
            self.true_statistics,
            self.placed,
            self.stray,
        ]
    }
}
