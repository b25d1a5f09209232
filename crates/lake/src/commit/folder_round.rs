//! A round on disk: a folder, `.saltmine/runs/RUN-rROUND/`, with the files of the round, and the note once
//! all of them are there. Without a note, nothing outside the folder was changed, and the folder can be
//! removed.

use std::path::Path;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::commit::intent::Intent;
use crate::commit::round_name::RoundName;
use crate::commit::rounds::{RoundFolder, Rounds, runs, unknown_entry};
use crate::error::LakeError;
use crate::storage::{DatasetPath, Entry, Kind, Lock, Storage, disk};
use crate::table::layout::Table;

/// The name of the note.
const NOTE: &str = "intent.json";
/// The name under which earlier versions wrote the note.
const OLD_TMP: &str = "intent.tmp";
/// The folder for the shards of a distributed ingest, inside the folder of the round.
pub(crate) const SHARDS: &str = "shards";

/// Rounds kept as folders.
#[derive(Debug)]
pub(crate) struct FolderRounds;

fn folder(storage: &dyn Storage, name: &RoundName) -> Result<DatasetPath, LakeError> {
    runs(storage)?.join_name(&name.to_string())
}

impl Rounds for FolderRounds {
    fn note(&self, storage: &dyn Storage, name: &RoundName) -> Result<DatasetPath, LakeError> {
        folder(storage, name)?.join_name(NOTE)
    }

    /// A file is never a round and does no harm.
    fn name_of(&self, entry: &Entry) -> Result<Option<RoundName>, &'static str> {
        match (entry.kind, RoundName::parse(&entry.name)) {
            (Kind::Folder, Some(name)) => Ok(Some(name)),
            (Kind::File, _) => Ok(None),
            _ => Err("not the folder of a round"),
        }
    }

    fn begin(&self, storage: &dyn Storage, name: &RoundName) -> Result<RoundFolder, LakeError> {
        let folder = folder(storage, name)?;
        storage.make_folder(&folder)?;
        Ok(RoundFolder { path: storage.path(&folder), temporary: None })
    }

    fn prepare(
        &self,
        storage: &dyn Storage,
        lock: &dyn Lock,
        intent: &mut Intent,
        path: &Path,
    ) -> Result<(), LakeError> {
        let staged: Vec<_> = intent.files().map(|file| path.join(&file.staged)).collect();
        staged.into_par_iter().try_for_each(|path| disk::sync_file(&path))?;
        storage.sync(&folder(storage, &intent.name())?, &|_| false)?;
        lock.check()?;
        self.rewrite(storage, intent)
    }

    fn rewrite(&self, storage: &dyn Storage, intent: &Intent) -> Result<(), LakeError> {
        let note = self.note(storage, &intent.name())?;
        let path = storage.path(&note);
        let text = intent.to_json(&path)?;
        let written = match storage.read(&note)? {
            None => storage.create(&note, &text)?,
            Some(found) => storage.replace(&note, &text, &found.version)?,
        };
        let taken =
            || LakeError::Intent { path, problem: "another process is writing it as well".to_owned() };
        written.map(drop).ok_or_else(taken)
    }

    fn deliver(
        &self,
        storage: &dyn Storage,
        name: &RoundName,
        files: &[(String, DatasetPath)],
    ) -> Result<Vec<DatasetPath>, LakeError> {
        let folder = folder(storage, name)?;
        let moves =
            files.iter().map(|(staged, to)| Ok((storage.path(&folder.join_name(staged)?), to.clone())));
        storage.place(&moves.collect::<Result<Vec<_>, LakeError>>()?)
    }

    fn end(&self, storage: &dyn Storage, name: &RoundName) -> Result<(), LakeError> {
        storage.remove(&[self.note(storage, name)?])?;
        storage.sync(&folder(storage, name)?, &|_| false)?;
        self.discard(storage, name).map(drop)
    }

    fn discard(&self, storage: &dyn Storage, name: &RoundName) -> Result<bool, LakeError> {
        let folder = folder(storage, name)?;
        if storage.missing(&[self.note(storage, name)?])?.is_empty() {
            return Ok(false);
        }
        // A process believed lost may still write there; it cannot once the inner folders are gone.
        let mut tries = 5;
        loop {
            let (files, mut folders) = (&mut Vec::new(), vec![folder.clone()]);
            collect(storage, &folder, files, &mut folders)?;
            storage.remove(files)?;
            let removed = folders.iter().rev().try_for_each(|folder| storage.remove_folder(folder));
            match removed {
                Err(LakeError::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::DirectoryNotEmpty && tries > 0 =>
                {
                    tries -= 1;
                }
                removed => return removed.map(|()| true),
            }
        }
    }
}

/// Collects the content of a round's folder. If the folder contains anything that no run writes there, it
/// does not belong to a round, whatever its name, and nothing in it may be removed.
fn collect(
    storage: &dyn Storage,
    folder: &DatasetPath,
    files: &mut Vec<DatasetPath>,
    folders: &mut Vec<DatasetPath>,
) -> Result<(), LakeError> {
    let is_top = folders.len() == 1;
    let is_shards = folder.name() == SHARDS;
    for entry in storage.list(folder)? {
        let at = folder.join_name(&entry.name)?;
        match entry.kind {
            Kind::File if !is_shards && (is_data(&entry.name) || (is_top && is_note(&entry.name))) => {
                files.push(at);
            }
            Kind::Folder if (is_top && entry.name == SHARDS) || (is_shards && is_shard(&entry.name)) => {
                folders.push(at.clone());
                collect(storage, &at, files, folders)?;
            }
            _ => {
                return Err(unknown_entry(storage, folder, &entry.name, "not a file that a run writes here"));
            }
        }
    }
    Ok(())
}

fn is_note(name: &str) -> bool {
    name == NOTE || name == OLD_TMP
}

/// `000000.parquet`, the file of a small table, or a file of a shard: `000000-000000.parquet`,
/// `000000-rejects.parquet`.
pub(crate) fn is_data(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".parquet") else { return false };
    let is_table =
        |stem: &str| Table::ALL.into_iter().chain([Table::Duplicates]).any(|table| table.name() == stem);
    let is_one = |stem: &str| is_number(stem) || is_table(stem);
    match stem.split_once('-') {
        None => is_one(stem),
        Some((shard, stem)) => is_number(shard) && is_one(stem),
    }
}

/// `000000-UUID`.
fn is_shard(name: &str) -> bool {
    name.split_once('-').is_some_and(|(number, id)| {
        is_number(number) && id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_number(text: &str) -> bool {
    text.len() >= 6 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_round_and_others() {
        for name in ["000000.parquet", "1234567.parquet", "rejects.parquet", "000001-000002.parquet"] {
            assert!(is_data(name), "{name}");
        }
        for name in
            ["id_rsa", "photo.parquet", "0.parquet", "a-000000.parquet", ".parquet", "000000-x.parquet"]
        {
            assert!(!is_data(name), "{name}");
        }
        assert!(is_shard("000001-0123456789abcdef0123456789abcdef") && !is_shard("Documents"));
    }
}
