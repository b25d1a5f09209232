//! Splits the sources of a distributed ingest into shards (`shard_coordinator.rs`).

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{Read, Seek, SeekFrom};

use saltmine_scan::{RemoteSource, Source, sizes};

use crate::error::LakeError;
use crate::ingest::round_sources::reading_order;
use crate::ingest::shard_runner::ShardRunner;
use crate::ingest::shard_worker::Shard;

/// Maximum size of the files in a shard in bytes, so that losing one costs little.
const MAX_SHARD_BYTES: u64 = 256 << 20;
/// Minimum size of the files in a shard in bytes, unless a runner overrides it: every shard starts with empty
/// dictionaries and makes a Parquet file for each of its days.
pub const SHARD_BYTES: u64 = 32 << 20;
/// Maximum number of files in a shard, so that its manifest stays small.
const MAX_SHARD_FILES: usize = 4000;
/// The cost of a file in addition to its bytes, expressed in bytes.
const FILE_COST: u64 = 16 << 10;
/// A round ends after this many bytes of files.
const ROUND_BYTES: u64 = 64 << 30;
/// A round also ends after this many files, because their ledger rows are kept in memory.
const ROUND_FILES: usize = 100_000;
/// Files of at least this many bytes are checked for copies.
const MIN_COPY_BYTES: u64 = 64 << 10;
/// Copies are detected by this many bytes at the end of the file: a line or two of text, which include
/// request ids.
const COPY_TAIL_BYTES: u64 = 1 << 10;

/// A source and its stored size in bytes.
pub(crate) type SizedSource<'a> = (&'a Source, u64);

/// The sources in reading order, each followed by later ones that seem to be copies of it, so that a single
/// shard can compare them. Small sources stay where they are: reading them again is as cheap as checking.
fn groups<'a>(sources: &'a [Source]) -> Vec<Vec<SizedSource<'a>>> {
    let (order, sizes) = (reading_order(sources), sizes(sources));
    let mut of_size: HashMap<u64, u32> = HashMap::new();
    sizes
        .iter()
        .filter(|size| **size >= MIN_COPY_BYTES)
        .for_each(|size| *of_size.entry(*size).or_default() += 1);
    let mut first: HashMap<(u64, Vec<u8>), usize> = HashMap::new();
    let mut groups: Vec<Vec<SizedSource<'_>>> = Vec::new();
    let sized = order.iter().filter_map(|index| sources.get(*index as usize).zip(sizes.get(*index as usize)));
    for (source, size) in sized {
        let is_alone = of_size.get(size).is_none_or(|count| *count == 1);
        let mark = if is_alone { None } else { copy_key(source, *size) };
        let group = mark.map(|mark| *first.entry((*size, mark)).or_insert(groups.len()));
        match group.and_then(|group| groups.get_mut(group)) {
            Some(group) => group.push((source, *size)),
            None => groups.push(vec![(source, *size)]),
        }
    }
    groups
}

/// A property that copies of a source share: the ETag of an object, or the end of a file, which contains gzip's
/// checksum.
fn copy_key(source: &Source, size: u64) -> Option<Vec<u8>> {
    if let Some(object) = &source.object {
        return object.etag.clone().map(String::into_bytes);
    }
    let mut file = fs::File::open(&source.path).ok()?;
    file.seek(SeekFrom::Start(size.checked_sub(COPY_TAIL_BYTES)?)).ok()?;
    let mut end = Vec::new();
    file.take(COPY_TAIL_BYTES).read_to_end(&mut end).ok()?;
    Some(end)
}

/// Splits the sources, in reading order, into shards, and the shards into rounds.
pub(crate) fn rounds<'a>(sources: &'a [Source], runner: &dyn ShardRunner) -> Vec<Vec<Vec<SizedSource<'a>>>> {
    let groups = groups(sources);
    let total: u64 = groups.iter().flatten().map(|(_, size)| size + FILE_COST).sum();
    let target_bytes = (total / runner.width().max(1) as u64).max(runner.least_bytes()).min(MAX_SHARD_BYTES);
    let mut rounds = Vec::new();
    let mut round: Vec<Vec<SizedSource<'_>>> = Vec::new();
    let (mut in_shard, mut in_round, mut files) = (0, 0, 0);
    for group in groups {
        if in_round >= ROUND_BYTES || files >= ROUND_FILES {
            rounds.push(std::mem::take(&mut round));
            (in_shard, in_round, files) = (0, 0, 0);
        }
        files += group.len();
        let bytes: u64 = group.iter().map(|(_, size)| size + FILE_COST).sum();
        match round.last_mut() {
            Some(shard) if in_shard < target_bytes && shard.len() < MAX_SHARD_FILES => shard.extend(group),
            _ => {
                round.push(group);
                in_shard = 0;
            }
        }
        in_shard += bytes;
        in_round += bytes;
    }
    rounds.extend((!round.is_empty()).then_some(round));
    rounds
}

/// A shard of these sources. `known` maps the sizes of files to content that is already in the dataset.
pub(crate) fn shard(
    number: usize,
    sources: &[SizedSource<'_>],
    known: &HashMap<u64, Vec<[u8; 32]>>,
) -> Result<Shard, LakeError> {
    let sent = |(source, _): &SizedSource<'_>| {
        RemoteSource::from_source(source).map_err(LakeError::io("find", &source.path))
    };
    let sizes: BTreeSet<u64> = sources.iter().map(|(_, size)| *size).collect();
    let excluded = sizes.iter().filter_map(|size| known.get(size)).flatten().copied().collect();
    let sources = sources.iter().map(sent).collect::<Result<_, LakeError>>()?;
    Ok(Shard { number: number as u32, sources, excluded })
}
