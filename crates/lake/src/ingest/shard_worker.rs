//! A shard of a distributed ingest: runs the pipeline over some of a round's sources, in any process.
//!
//! It writes to its own folder below the round's staging folder and returns a [`Manifest`] of what it wrote.
//! Nothing else is changed, so a shard may be attempted any number of times: only the manifest that the
//! coordinator accepts counts (`shard_coordinator.rs`). An attempt that outlives its round ends at its next
//! file, because the folder no longer exists.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use saltmine_scan::{ReadProblem, Reject, RemoteSource, Source, SourceState, prefetch};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::commit::writer::StagedFile;
use crate::encode::Encoder;
use crate::error::LakeError;
use crate::ingest::partitions::Partitions;
use crate::ingest::pipeline::Pipeline;
use crate::ingest::progress::Silent;
use crate::ingest::report::SourceOutcome;
use crate::ingest::round_sources::{RoundOutcome, RoundSources, Sources};
use crate::storage::disk;
use crate::table::layout::PartitionBy;
use crate::table::ledger::{SAME, SourceEntry};
use crate::table::table_file::WrittenFile;

/// The settings shared by all shards of a round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShardJob {
    /// The folder in which the shards create theirs.
    pub(crate) folder: PathBuf,
    /// The partitioning of the dataset.
    pub(crate) partition_by: PartitionBy,
    /// The number of threads per shard.
    pub(crate) threads: usize,
}

/// Some of a round's sources.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shard {
    pub(crate) number: u32,
    /// In reading order.
    pub(crate) sources: Vec<RemoteSource>,
    /// Content that is already in the dataset, limited to the sizes of these sources, or that another shard
    /// has.
    pub(crate) excluded: Vec<[u8; 32]>,
}

impl Shard {
    /// The number of the shard in the round, from 0.
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// The result of an attempt at a shard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub(crate) shard: u32,
    /// The name of its folder.
    pub(crate) folder: String,
    /// Its files of `logs`; paths are names in the folder.
    pub(crate) files: Vec<StagedFile>,
    pub(crate) rejects: Option<WrittenFile>,
    pub(crate) entries: Vec<SourceEntry>,
    /// Sources that were skipped because their content is known.
    pub(crate) skipped: Vec<String>,
    pub(crate) anomalies: u64,
    /// The first rejects, for display.
    pub(crate) first_rejects: Vec<SentReject>,
}

/// A reject and the name of its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SentReject {
    pub(crate) log_file: String,
    line: u64,
    offset: u64,
    reason: String,
    bytes: Vec<u8>,
}

impl Manifest {
    /// The number of the shard that was attempted.
    pub fn shard(&self) -> u32 {
        self.shard
    }
}

/// The name of the file with rejects.
pub(crate) const REJECTS: &str = "rejects.parquet";

/// Reads the sources of a shard and writes their rows to files.
///
/// # Errors
/// If the round is over, a source changes while it is read, or the attempt is stopped. Then nothing is left
/// behind.
pub fn ingest_shard(job: &ShardJob, shard: &Shard, stop: Option<&AtomicBool>) -> Result<Manifest, LakeError> {
    let threads = |error: rayon::ThreadPoolBuildError| LakeError::Threads(error.to_string());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads).build().map_err(threads)?;
    let attempt = Attempt::begin(&job.folder, shard.number)?;
    let all = shard.sources.iter().cloned().map(RemoteSource::into_source);
    let all: Vec<Source> = all.collect::<Result<_, _>>()?;
    let spool = std::env::temp_dir();
    let sources = Sources {
        all: &all,
        order: (0..all.len() as u32).collect(),
        ahead: prefetch(&all, 0..all.len())?,
        next: AtomicUsize::new(0),
        known: Mutex::new(shard.excluded.iter().copied().collect()),
        spool: &spool,
        progress: &Silent,
    };
    let encoder = Encoder::new().map_err(LakeError::parquet(&job.folder))?;
    let round_sources = RoundSources::whole(&sources, attempt.folder.join(REJECTS));
    let partitions = Partitions::new(&encoder, attempt.folder.clone(), job.partition_by, true);
    Pipeline::new(&round_sources, &partitions, &encoder, pool.current_num_threads(), stop).run(&pool)?;
    let files = partitions.into_files()?;
    let round = round_sources.into_round()?;
    // On a shared file system, only the machine that wrote a file can make it durable.
    pool.install(|| files.par_iter().try_for_each(|file| disk::sync_file(&file.path)))?;
    if round.rejects_file.is_some() {
        disk::sync_file(&attempt.folder.join(REJECTS))?;
    }
    disk::sync_folder(&attempt.folder)?;
    attempt.manifest(shard, files, round, &all)
}

/// The folder of an attempt, which is removed unless the attempt succeeds.
struct Attempt {
    folder: PathBuf,
    finished: bool,
}

impl Attempt {
    fn begin(shards: &Path, number: u32) -> Result<Self, LakeError> {
        let folder = shards.join(format!("{number:06}-{}", Uuid::new_v4().simple()));
        // Does not create the parent folder: if it does not exist, the round is over.
        fs::create_dir(&folder).map_err(LakeError::io("create the folder", &folder))?;
        Ok(Self { folder, finished: false })
    }

    fn manifest(
        mut self,
        shard: &Shard,
        mut files: Vec<StagedFile>,
        round: RoundOutcome,
        all: &[Source],
    ) -> Result<Manifest, LakeError> {
        for file in &mut files {
            let name = file.path.file_name().map(PathBuf::from);
            file.path = name.ok_or_else(|| LakeError::Staged {
                path: file.path.clone(),
                problem: "not a file name".to_owned(),
            })?;
        }
        let entries = round.entries.iter().filter(|entry| entry.state != SAME);
        let read: HashSet<&str> = entries.map(|entry| entry.log_file.as_str()).collect();
        let skipped = all.iter().filter(|source| !read.contains(source.name.as_str()));
        let sent = |reject: &Reject| SentReject {
            log_file: all.get(reject.source).map_or_else(String::new, |source| source.name.clone()),
            line: reject.line,
            offset: reject.offset,
            reason: reject.reason.clone(),
            bytes: reject.bytes.clone(),
        };
        let manifest = Manifest {
            shard: shard.number,
            folder: self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            files,
            rejects: round.rejects_file,
            skipped: skipped.map(|source| source.name.clone()).collect(),
            anomalies: round.report.counts.anomalies,
            first_rejects: round.rejects.iter().map(sent).collect(),
            entries: round.entries,
        };
        self.finished = true;
        Ok(manifest)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.finished {
            // If this fails, the folder is removed with that of the round.
            let _ = disk::remove_folder(&self.folder);
        }
    }
}

impl SentReject {
    pub(crate) fn reject(&self) -> Reject {
        let (reason, bytes) = (self.reason.clone(), self.bytes.clone());
        Reject { source: 0, line: self.line, offset: self.offset, reason, bytes }
    }
}

/// The outcome for a source, from its ledger row, which lacks anomalies.
pub(crate) fn outcome(entry: &SourceEntry) -> SourceOutcome {
    let states = [
        SourceState::Complete,
        SourceState::Truncated,
        SourceState::Damaged,
        SourceState::Unreadable,
        SourceState::NotALog,
    ];
    let state = states.into_iter().find(|state| state.as_str() == entry.state);
    SourceOutcome {
        name: entry.log_file.clone(),
        size: entry.size,
        inflated: entry.inflated_size,
        counts: saltmine_scan::Counts {
            lines: entry.lines,
            rows: entry.rows,
            rejects: entry.rejects,
            blanks: entry.blanks,
            anomalies: 0,
            first_time: entry.first_time,
            last_time: entry.last_time,
        },
        state: Some(state.unwrap_or(SourceState::Unreadable)),
        problem: entry.problem.clone().map(|message| ReadProblem { message, offset: None }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ingest::round_sources::ROUND_PARTS;
    use crate::{Dataset, IngestRequest, ingest};

    /// One line a day, in 2026; about sixty lines fill a block.
    fn days(count: usize) -> String {
        let line = |day: usize| {
            let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug"][day / 28];
            format!(
                "0wner vault [{:02}/{month}/2026:10:00:00 +0000] 192.0.2.7 - {day:016X} REST.GET.OBJECT {} \
                 \"GET /k HTTP/1.1\" 200 - 5 99 12 11 \"-\" \"agent\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n",
                1 + day % 28,
                "k".repeat(4200),
            )
        };
        (0..count).map(line).collect()
    }

    #[test]
    fn many_files_end_a_round_and_leave_no_source_of_a_shard_unread() {
        let folder = tempfile::tempdir().unwrap();
        let (logs, staging) = (folder.path().join("logs"), folder.path().join("staging"));
        fs::create_dir(&logs).unwrap();
        fs::create_dir(&staging).unwrap();
        fs::write(logs.join("a"), days(3 * ROUND_PARTS)).unwrap();
        fs::write(logs.join("b"), days(3)).unwrap();
        fs::write(logs.join("c"), days(2)).unwrap();
        let sources = saltmine_scan::discover(&[logs.to_str().unwrap().to_owned()]).unwrap();
        let job = ShardJob { folder: staging, partition_by: PartitionBy::EventDate, threads: 1 };
        let sent = sources.iter().map(|source| RemoteSource::from_source(source).unwrap()).collect();
        let shard = Shard { number: 0, sources: sent, excluded: Vec::new() };
        let manifest = ingest_shard(&job, &shard, None).unwrap();
        let lines: u64 = manifest.entries.iter().map(|entry| entry.rows).sum();
        assert_eq!((manifest.entries.len(), lines), (3, 3 * ROUND_PARTS as u64 + 5));
        assert!(manifest.skipped.is_empty());

        let dataset = folder.path().join("lake");
        let request = IngestRequest {
            sources: &sources,
            dataset: &dataset,
            partition_by: None,
            jobs: 1,
            strict: false,
            stop: None,
        };
        let report = ingest(&request, &Silent).unwrap();
        assert_eq!((report.read, report.counts.rows), (3, 3 * ROUND_PARTS as u64 + 5));
        assert!(report.rounds > 1);
        assert_eq!(Dataset::open(&dataset).unwrap().known_sources().unwrap().len(), 3);
    }
}
