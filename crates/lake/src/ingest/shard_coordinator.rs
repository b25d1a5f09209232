//! The coordinator of a distributed ingest: splits the sources into shards, has them ingested by other
//! processes, and commits what their manifests name, one round at a time, like any other ingest
//! (`commit/writer.rs`).
//!
//! **A shard that is attempted twice** (because its executor was lost, or only seemed lost) has written two
//! folders. Only the files of the one manifest that was returned are moved to the round's files, and only
//! those are in the intent. The rest is removed with the folder of the shards before the commit.
//!
//! **Equal content in two shards** is found by its hash once all manifests are available. It belongs to the
//! first shard that contains it, so the ledger has the same name as after an ingest by one process; the other
//! shards are repeated without it. This is rare: copies of a file usually have the same name and are
//! therefore adjacent in reading order, and large files that seem to be copies go to the same shard. Hashing
//! all files beforehand would mean reading all of them twice.
//!
//! **Content that is already in the dataset** is passed to a shard, selected by the sizes of its files, so
//! that a shard need not read the ledger. If such content is ingested anyway because a file changed after it
//! was measured, the shard is repeated in the same way.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use saltmine_scan::Source;

use crate::commit::SHARDS;
use crate::commit::writer::{DatasetLock, StagedFile, Staging};
use crate::error::LakeError;
use crate::ingest::already_ingested::KnownObjects;
use crate::ingest::progress::{Event, Progress};
use crate::ingest::report::{IngestReport, NamedReject, SourceOutcome};
use crate::ingest::round_sources::outside_dataset;
use crate::ingest::shard_plan::{SizedSource, rounds, shard};
use crate::ingest::shard_runner::ShardRunner;
use crate::ingest::shard_worker::{Manifest, REJECTS, Shard, ShardJob, outcome};
use crate::ingest::{IngestRequest, is_stopped, opened, recover_and_report, waiting};
use crate::storage::disk;
use crate::storage::{self, path};
use crate::table::dataset::Dataset;
use crate::table::layout::Table;
use crate::table::ledger::{SAME, SourceEntry};
use crate::table::table_file::WrittenFile;

/// The maximum number of repetitions because of equal content. One is enough, unless sources change in the
/// meantime.
const MAX_REPLANS: usize = 5;

/// Like [`ingest`](crate::ingest), with the work done by `runner`. `request.jobs` is the number of threads
/// per shard.
///
/// # Errors
/// As for [`ingest`](crate::ingest); also if a source is standard input, or if the runner fails.
pub fn ingest_sharded(
    request: &IngestRequest<'_>,
    runner: &dyn ShardRunner,
    progress: &dyn Progress,
) -> Result<IngestReport, LakeError> {
    let start = Instant::now();
    check(request)?;
    let waiting = waiting(request.dataset, progress);
    let dataset = opened(request, &waiting)?;
    let lock = DatasetLock::acquire_unless_stopped(&dataset, &waiting, request.stop)?;
    recover_and_report(&lock, progress)?;
    lock.add_columns(Table::Sources)?;
    let sources = outside_dataset(request.sources, dataset.root());
    progress.event(Event::Started { files: sources.len() as u64 });
    let objects = KnownObjects::read(&dataset, &sources)?;
    let is_new = |source: &&Source| !objects.skip_known(source, progress);
    let new: Vec<Source> = sources.iter().filter(is_new).cloned().collect();
    let mut report = IngestReport { files: sources.len() as u64, ..IngestReport::default() };
    let known = Contents::from_ledger(&dataset)?;
    let mut run = Run { request, runner, progress, lock: &lock, known, report: &mut report };
    for round in rounds(&new, runner) {
        if let Err(error) = run.round(round) {
            return Err(run.report.with_committed(error));
        }
    }
    report.skipped = report.files - report.read;
    report.elapsed = start.elapsed();
    Ok(report)
}

/// Refuses requests that only a single process can handle, before creating anything.
fn check(request: &IngestRequest<'_>) -> Result<(), LakeError> {
    if request.sources.iter().any(|source| source.stdin) {
        return Err(LakeError::Remote("a cluster cannot read standard input".to_owned()));
    }
    let problem =
        "a cluster can write only to a folder that its machines share, not to S3; it can read from both";
    storage::must_be_on_disk(request.dataset, problem)
}

/// The content of the dataset.
struct Contents {
    hashes: HashSet<[u8; 32]>,
    by_size: HashMap<u64, Vec<[u8; 32]>>,
}

impl Contents {
    fn from_ledger(dataset: &Dataset) -> Result<Self, LakeError> {
        let (mut hashes, mut by_size) = (HashSet::new(), HashMap::<_, Vec<_>>::new());
        dataset.each_known_source(|sha256, size| {
            if hashes.insert(sha256) {
                by_size.entry(size).or_default().push(sha256);
            }
        })?;
        Ok(Self { hashes, by_size })
    }

    fn add(&mut self, entries: &[SourceEntry]) {
        for (sha256, size) in entries.iter().filter_map(|entry| Some((entry.sha256?, entry.size))) {
            if self.hashes.insert(sha256) {
                self.by_size.entry(size).or_default().push(sha256);
            }
        }
    }
}

struct Run<'a, 'l> {
    request: &'a IngestRequest<'a>,
    runner: &'a dyn ShardRunner,
    progress: &'a dyn Progress,
    lock: &'l DatasetLock<'l>,
    known: Contents,
    report: &'a mut IngestReport,
}

impl Run<'_, '_> {
    fn round(&mut self, parts: Vec<Vec<SizedSource<'_>>>) -> Result<(), LakeError> {
        let parts = parts.iter().enumerate();
        let shards: Result<_, _> =
            parts.map(|(number, part)| shard(number, part, &self.known.by_size)).collect();
        let mut shards: Vec<Shard> = shards?;
        let staging = self.lock.begin()?;
        let folder = staging.dir().join(SHARDS);
        fs::create_dir(&folder).map_err(LakeError::io("create the folder", &folder))?;
        let partition_by = self.lock.dataset().partition_by();
        // Unless configured otherwise, a shard is one task with one thread.
        let threads = self.request.jobs.max(1);
        let job = ShardJob { folder: folder.clone(), partition_by, threads };
        let manifests = self.manifests(&job, &mut shards)?;
        let mut gathered = CombinedShards::default();
        for manifest in manifests.into_values() {
            self.add(&manifest);
            gathered.take(&staging, &folder, manifest)?;
        }
        // Removes attempts that do not count; processes still writing there then fail.
        disk::remove_folder(&folder)?;
        if self.request.strict && !self.report.is_clean() {
            let (problems, rejects) = (self.report.problem_count, self.report.counts.rejects);
            return Err(LakeError::Strict { problems, rejects });
        }
        if gathered.entries.is_empty() {
            return Ok(());
        }
        self.commit(staging, gathered)
    }

    fn commit(&mut self, staging: Staging<'_>, gathered: CombinedShards) -> Result<(), LakeError> {
        let CombinedShards { mut files, rejects, mut entries } = gathered;
        files.sort_by(|a, b| (&a.partition, &a.path).cmp(&(&b.partition, &b.path)));
        entries.sort_by(|a, b| a.log_file.cmp(&b.log_file));
        self.known.add(&entries);
        self.progress.event(Event::Committing { rows: files.iter().map(|file| file.rows).sum() });
        if is_stopped(self.request) {
            return Err(LakeError::stopped());
        }
        self.report.parquet_files += files.len() as u64;
        self.report.parquet_bytes += files.iter().map(|file| file.size).sum::<u64>();
        self.report.run_id = staging.run_id().to_owned();
        let rejects = (!rejects.is_empty()).then(|| staging.plan_files(Table::Rejects, rejects));
        staging.commit_changes(files, rejects, entries)?;
        self.report.note_commit();
        Ok(())
    }

    /// The manifests of all shards, without equal content in two of them.
    fn manifests(&self, job: &ShardJob, shards: &mut [Shard]) -> Result<BTreeMap<u32, Manifest>, LakeError> {
        let mut manifests = self.run_shards(job, shards)?;
        for _ in 0..MAX_REPLANS {
            let doubled = repeated_content(&manifests, &self.known.hashes);
            if doubled.is_empty() {
                return Ok(manifests);
            }
            let mut again = Vec::new();
            for shard in shards.iter_mut() {
                if let Some(hashes) = doubled.get(&shard.number) {
                    shard.excluded.extend(hashes);
                    again.push(shard.clone());
                }
            }
            manifests.extend(self.run_shards(job, &again)?);
        }
        Err(LakeError::Remote("sources keep changing while they are read".into()))
    }

    /// One manifest for each shard.
    fn run_shards(&self, job: &ShardJob, shards: &[Shard]) -> Result<BTreeMap<u32, Manifest>, LakeError> {
        let mut manifests = BTreeMap::new();
        for manifest in self.runner.run(job, shards)? {
            manifests.entry(manifest.shard).or_insert(manifest);
        }
        if is_stopped(self.request) {
            return Err(LakeError::stopped());
        }
        match shards.iter().find(|shard| !manifests.contains_key(&shard.number)) {
            Some(shard) => Err(LakeError::Remote(format!("no manifest of shard {}", shard.number))),
            None => Ok(manifests),
        }
    }

    /// Adds the results of a shard to the report.
    fn add(&mut self, manifest: &Manifest) {
        let report = &mut *self.report;
        report.counts.anomalies += manifest.anomalies;
        for entry in manifest.entries.iter().filter(|entry| entry.state != SAME) {
            let outcome = outcome(entry);
            self.progress.event(Event::Lines { lines: outcome.counts.lines });
            self.progress.event(Event::Source(&outcome));
            report.add_source(outcome);
        }
        for name in &manifest.skipped {
            let entry = SourceEntry { log_file: name.clone(), ..SourceEntry::default() };
            self.progress.event(Event::Source(&SourceOutcome { state: None, ..outcome(&entry) }));
        }
        let rejects = manifest.first_rejects.iter();
        report.add_rejects(
            rejects.map(|sent| NamedReject { log_file: sent.log_file.clone(), reject: sent.reject() }),
        );
    }
}

/// For each shard, the content that an earlier shard or the dataset also has.
fn repeated_content(
    manifests: &BTreeMap<u32, Manifest>,
    known: &HashSet<[u8; 32]>,
) -> HashMap<u32, BTreeSet<[u8; 32]>> {
    let mut owners: HashMap<[u8; 32], u32> = HashMap::new();
    let mut doubled: HashMap<u32, BTreeSet<[u8; 32]>> = HashMap::new();
    for (number, manifest) in manifests {
        for sha256 in manifest.entries.iter().filter_map(|entry| entry.sha256) {
            if *owners.entry(sha256).or_insert(*number) != *number || known.contains(&sha256) {
                doubled.entry(*number).or_default().insert(sha256);
            }
        }
    }
    doubled
}

/// The combined results of the shards of a round.
#[derive(Default)]
struct CombinedShards {
    files: Vec<StagedFile>,
    /// Names in the staging folder, and the written files.
    rejects: Vec<(String, WrittenFile)>,
    entries: Vec<SourceEntry>,
}

impl CombinedShards {
    /// Moves the files of a shard to those of the round.
    fn take(&mut self, staging: &Staging<'_>, shards: &Path, manifest: Manifest) -> Result<(), LakeError> {
        let number = manifest.shard;
        let folder = inside(shards, Path::new(&manifest.folder))?;
        let take = |name: &Path| {
            let from = inside(&folder, name)?;
            let to = staging.dir().join(format!("{number:06}-{}", name.display()));
            fs::rename(&from, &to).map_err(LakeError::io("rename", &from))?;
            Ok::<_, LakeError>(to)
        };
        for mut file in manifest.files {
            file.path = take(&file.path)?;
            self.files.push(file);
        }
        if let Some(written) = manifest.rejects {
            let path = take(Path::new(REJECTS))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.rejects.push((name, written));
        }
        self.entries.extend(manifest.entries);
        Ok(())
    }
}

/// A file in a folder, by a name from a manifest.
fn inside(folder: &Path, name: &Path) -> Result<PathBuf, LakeError> {
    let is_one = name.components().count() == 1;
    path::inside(folder, name).filter(|_| is_one).ok_or_else(|| LakeError::Staged {
        path: folder.to_path_buf(),
        problem: format!("a manifest names {name:?}"),
    })
}
