//! Writes the files of a scenario, each with a bucket and a few hours, named by delivery time; a few records arrive
//! late, a few twice.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};

use super::super::random::{build_text, push_code};
use super::super::row::clock;
use super::super::scenarios::Lines;
use super::logs::{HOUR, Logs, Record};
use super::truth::{Part, ScenarioKind, Truth};

/// Hours per file.
const HOURS: i64 = 8;
/// One record in this many arrives in a later file.
const LATE: u32 = 2_500;
/// One record in this many arrives again in the next file.
const TWICE: u32 = 4_000;

/// Writes the logs below a folder as BUCKET/NAME.gz, and returns the ground truth. Equal calls write identical bytes.
pub(super) fn write(
    mut logs: Logs,
    folder: &Path,
    kind: ScenarioKind,
    title: &'static str,
) -> io::Result<Truth> {
    let records = std::mem::take(&mut logs.records);
    let mut files: BTreeMap<(&str, i64), Vec<&Record>> = BTreeMap::new();
    for record in &records {
        let mut slot = (record.time - logs.start) / (HOURS * HOUR);
        if logs.rng.u32(..LATE) == 0 {
            slot += logs.rng.i64(1..7);
        }
        files.entry((&record.bucket, slot)).or_default().push(record);
        if logs.rng.u32(..TWICE) == 0 {
            files.entry((&record.bucket, slot + 1)).or_default().push(record);
        }
    }
    let (mut lines, mut effects) = (Lines::default(), Lines::default());
    let mut count = 0;
    for ((bucket, slot), mut records) in files {
        records.sort_by_key(|record| record.time);
        let name = name(&mut logs, slot);
        let path = folder.join(bucket).join(&name);
        write_file(&path, &records)?;
        let of_part = |part: Part| -> Vec<u64> {
            (1..).zip(&records).filter(|(_, record)| record.part == part).map(|(line, _)| line).collect()
        };
        let log_file = format!("{bucket}/{name}");
        lines.add(&log_file, &of_part(Part::Attack));
        effects.add(&log_file, &of_part(Part::Effect));
        count += records.len() as u64;
    }
    let attack = logs.tally.truth(lines, effects);
    Ok(Truth { kind, title, records: count, attack })
}

fn write_file(path: &Path, records: &[&Record]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = std::fs::File::create(path)?;
    let mut encoder = GzBuilder::new().mtime(0).write(io::BufWriter::new(file), Compression::new(6));
    for record in records {
        encoder.write_all(&record.line)?;
        encoder.write_all(b"\n")?;
    }
    encoder.finish()?.flush()
}

/// The name contains the delivery time: ten to ninety minutes after the file's hours.
fn name(logs: &mut Logs, slot: i64) -> String {
    let delivered = logs.start + (slot + 1) * HOURS * HOUR + logs.rng.i64(600..5_400);
    let (year, month, day, hour, minute, second) = clock(delivered);
    let unique = build_text(|out| push_code(&mut logs.rng, out, 16));
    format!("{year:04}-{month:02}-{day:02}-{hour:02}-{minute:02}-{second:02}-{unique}.gz")
}
