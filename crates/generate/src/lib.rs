//! Generates realistic S3 server access logs with their true values, for tests, samples and benchmarks: `saltmine
//! generate`.
//!
//! The same seed gives the same files, byte for byte. Lines are written independently of the crates that read them.

mod actors;
mod all_operations;
mod buckets;
mod eras;
mod escape;
mod groups;
mod hostile;
mod json;
mod lifecycle;
mod malformed;
mod plan;
mod random;
mod request;
mod row;
mod scenario_set;
mod scenarios;
mod sink;
mod traffic;
mod truth;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use fastrand::Rng;
use rayon::prelude::*;
use serde::Serialize;

use self::actors::Pool;
use self::buckets::Bucket;
use self::plan::{FilePlan, RequestedTotals, Rhythm};
use self::row::Row;
use self::scenarios::{Planted, ScenarioRecord};
use self::traffic::Traffic;
use self::truth::Truth as TrueValues;
use self::write::LogFile;

pub use self::json::Delivery;
pub use self::plan::NameStyle;
pub use self::scenario_set::{AttackTruth, CopySource, ScenarioKind, Truth, scenario_names, write_set};
pub use self::scenarios::{Lines, Scenario};
pub use self::write::Packing;

/// Options of `saltmine generate`.
#[derive(Clone, Debug, clap::Args)]
pub struct GenerateArgs {
    /// Folder for the logs, as BUCKET/NAME; created if missing
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Lines of the baseline; lines of scenarios, rejects and blank lines are added
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub lines: usize,
    /// Number of files; increased if one would span more than six days
    #[arg(long, value_name = "N", default_value_t = 48)]
    pub files: usize,
    /// Small files of about this many lines each, instead of --files
    #[arg(long, value_name = "N")]
    pub lines_per_file: Option<usize>,
    /// Small files of about 20 lines each
    #[arg(long, conflicts_with = "lines_per_file")]
    pub tiny: bool,
    /// Number of buckets
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub buckets: usize,
    /// Length of the period in days
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub days: u32,
    /// First day, in UTC
    #[arg(long, value_name = "DATE", default_value = "2026-03-01")]
    pub start: NaiveDate,
    /// Seed; the same seed gives the same files
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Share of lines with hostile text in request-URI, referer or user agent
    #[arg(long, value_name = "PERCENT", default_value_t = 2.0)]
    pub hostile_percent: f64,
    /// Compression of the files
    #[arg(long, value_enum, default_value_t = Packing::Gzip)]
    pub compress: Packing,
    /// Members (gzip) or frames (zstd) per file
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub members: usize,
    /// Folder for the true values: one Parquet file per log file, summary.json, scenarios.json
    #[arg(long, value_name = "DIR")]
    pub truth: Option<PathBuf>,
    /// Folder for summary.json and scenarios.json only
    #[arg(long, value_name = "DIR")]
    pub summary: Option<PathBuf>,
    /// Number of lines that must be rejected
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub rejects: usize,
    /// Number of blank lines
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub blanks: usize,
    /// Turn a sixth of the lines into files of 2012 to 2022, with fewer fields
    #[arg(long)]
    pub ages: bool,
    /// Attack to add to the baseline; repeatable
    #[arg(long, value_enum, value_name = "NAME")]
    pub scenario: Vec<Scenario>,
    /// Add one line of every known operation to the first file
    #[arg(long)]
    pub every_operation: bool,
    /// Format of the records; the requests are the same
    #[arg(long, value_enum, default_value_t = Delivery::Text)]
    pub delivery: Delivery,
    /// Naming scheme of the files
    #[arg(long, value_enum, default_value_t = NameStyle::Simple)]
    pub name_style: NameStyle,
    /// Status in the source row of a copy, which S3 writes in both forms (default: 200; in the scenario set: mixed)
    #[arg(long, value_enum, value_name = "STATUS")]
    pub copy_source: Option<CopySource>,
    /// Write a scenario of the set that scores hunts, instead of a baseline: OUT/NAME/logs, and OUT/truth.json. NAME may also be attacks, benign or all; repeatable. Only --seed and --copy-source can be combined with it
    #[arg(long, value_name = "NAME", conflicts_with_all = BASELINE_OPTIONS)]
    pub scenario_set: Vec<String>,
}

/// Options that do not apply to the scenario set.
const BASELINE_OPTIONS: [&str; 19] = [
    "lines",
    "files",
    "lines_per_file",
    "tiny",
    "buckets",
    "days",
    "start",
    "hostile_percent",
    "compress",
    "members",
    "truth",
    "summary",
    "rejects",
    "blanks",
    "ages",
    "scenario",
    "every_operation",
    "delivery",
    "name_style",
];

/// A summary of the generated files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// All lines: rows, rejects and blanks.
    pub lines: u64,
    /// Lines that are records.
    pub rows: u64,
    /// Lines that must be rejected.
    pub rejects: u64,
    /// Blank lines.
    pub blanks: u64,
    /// Rows of scenarios among `rows`.
    pub planted: u64,
    /// Number of files.
    pub files: u64,
    /// Total size of the files in bytes.
    pub bytes: u64,
    /// Bytes of the lines including line breaks.
    pub inflated: u64,
    /// Rows by anomaly; a row with two anomalies counts for both.
    pub anomalies: BTreeMap<&'static str, u64>,
    /// Rows by operation.
    pub operations: BTreeMap<String, u64>,
    /// Sum of the bytes sent.
    pub bytes_sent: i64,
}

/// Why generating failed.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A file or folder could not be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
    /// The true values could not be written.
    #[error("cannot write true values: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The true values do not match their schema.
    #[error("cannot build true values: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The summary could not be written.
    #[error("cannot write the summary: {0}")]
    Json(#[from] serde_json::Error),
    /// Invalid options.
    #[error("{0}")]
    Options(&'static str),
    /// The folder of a scenario already exists.
    #[error("{0} exists; choose another folder, or remove it")]
    Exists(PathBuf),
    /// Unknown scenario name.
    #[error("unknown scenario {word:?}; expected all, attacks, benign, or one of {names}")]
    Scenario {
        /// The name.
        word: String,
        /// The known names, separated by commas.
        names: String,
    },
}

/// Maximum period of a file: its name must stay close to the times of its lines.
const MAX_DAYS_PER_FILE: u32 = 5;
/// Maximum rows per hour for each of a bucket's principals; beyond that, more principals are created.
const ROWS_AN_HOUR: f64 = 450.0;

struct World {
    buckets: Vec<Bucket>,
    pools: Vec<Pool>,
    rhythm: Rhythm,
    plans: Vec<FilePlan>,
    planted: Vec<Planted>,
    accounts: Vec<ScenarioRecord>,
}

impl World {
    fn new(args: &GenerateArgs) -> Result<Self, GenerateError> {
        if args.buckets == 0 || args.days == 0 || args.files == 0 || args.members == 0 {
            return Err(GenerateError::Options("buckets, days, files and members must be at least 1"));
        }
        let start = args.start.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
        let buckets = buckets::all(args.buckets, args.seed, start / 86_400);
        let rhythm = Rhythm::new(start, args.days);
        let weights: f64 = buckets.iter().map(|bucket| bucket.weight).sum();
        let pool = |bucket: &Bucket| {
            let share = bucket.weight / weights;
            let an_hour = args.lines as f64 * share * rhythm.peak() / f64::from(args.days) / 24.0;
            actors::pool(bucket, args.seed, (an_hour / ROWS_AN_HOUR).ceil().max(1.0) as usize)
        };
        let pools: Vec<Pool> = buckets.iter().map(pool).collect();
        let (planted, accounts) = scenarios::run(&args.scenario, &buckets, args.seed, start, args.days);
        let lines_per_file = if args.tiny { Some(20) } else { args.lines_per_file };
        let files = lines_per_file.map_or(args.files, |lines| args.lines.div_ceil(lines.max(1)));
        let least = args.buckets * args.days.div_ceil(MAX_DAYS_PER_FILE) as usize;
        let totals = RequestedTotals {
            lines: args.lines,
            files: files.max(least),
            rejects: args.rejects,
            blanks: args.blanks,
            ages: args.ages,
            seed: args.seed,
            style: args.name_style,
            suffix: args.compress.suffix(),
        };
        let plans = plan::files(&buckets, &rhythm, &totals);
        Ok(Self { buckets, pools, rhythm, plans, planted, accounts })
    }
}

/// Writes the logs and, if requested, the true values.
///
/// # Errors
/// If a file cannot be written, or the options are invalid.
pub fn run(args: &GenerateArgs) -> Result<Summary, GenerateError> {
    let mut world = World::new(args)?;
    let written: Vec<Written> = world
        .plans
        .par_iter()
        .map(|plan| write_file(args, &world, plan))
        .collect::<Result<_, GenerateError>>()?;
    let mut summary = Summary::default();
    for (plan, file) in world.plans.iter().zip(&written) {
        file.add_to(&mut summary);
        for (scenario, account) in world.accounts.iter_mut().enumerate() {
            for (is_attack, lines) in [(true, &mut account.lines), (false, &mut account.context_lines)] {
                let is_meant = |(of, kind, _): &&(usize, bool, u64)| *of == scenario && *kind == is_attack;
                let numbers: Vec<u64> =
                    file.planted.iter().filter(is_meant).map(|(_, _, line)| *line).collect();
                lines.add(&plan.name, &numbers);
            }
        }
    }
    if let Some(folder) = args.truth.as_deref().or(args.summary.as_deref()) {
        write_json(folder, "summary.json", &summary)?;
        write_json(folder, "scenarios.json", &world.accounts)?;
    }
    Ok(summary)
}

fn write_json(folder: &Path, name: &str, value: &impl Serialize) -> Result<(), GenerateError> {
    std::fs::create_dir_all(folder)?;
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(std::fs::write(folder.join(name), text)?)
}

/// The result of one file.
#[derive(Default)]
struct Written {
    summary: Summary,
    /// Scenario, whether the row is part of the attack, and line number.
    planted: Vec<(usize, bool, u64)>,
}

impl Written {
    fn add_to(&self, whole: &mut Summary) {
        let part = &self.summary;
        whole.lines += part.lines;
        whole.rows += part.rows;
        whole.rejects += part.rejects;
        whole.blanks += part.blanks;
        whole.planted += self.planted.len() as u64;
        whole.files += 1;
        whole.bytes += part.bytes;
        whole.inflated += part.inflated;
        whole.bytes_sent += part.bytes_sent;
        for (word, count) in &part.anomalies {
            *whole.anomalies.entry(word).or_default() += count;
        }
        for (operation, count) in &part.operations {
            *whole.operations.entry(operation.clone()).or_default() += count;
        }
    }
}

/// A file being written.
struct Maker<'a> {
    args: &'a GenerateArgs,
    plan: &'a FilePlan,
    file: LogFile,
    truth: Option<TrueValues>,
    written: Written,
    failed: Option<GenerateError>,
}

impl Maker<'_> {
    /// Adds a baseline row, occasionally hostile, in the form of the file's period.
    fn baseline(&mut self, rng: &mut Rng, row: &mut Row) -> io::Result<()> {
        if let Some(era) = self.plan.era {
            era.apply(rng, row);
        }
        if rng.f64() * 100.0 < self.args.hostile_percent {
            hostile::make_hostile(rng, row);
        }
        self.row(row)
    }

    /// Adds a row with the requested status for a copy's source.
    fn row(&mut self, row: &Row) -> io::Result<()> {
        let form = self.args.copy_source.unwrap_or(CopySource::Ok);
        if form == CopySource::Ok || row.get(row::col::OPERATION) != Some("REST.COPY.OBJECT_GET") {
            return self.finished_row(row);
        }
        let mut row = row.clone();
        // Derived from the request id, so that all other random numbers stay the same.
        let is_odd = row.get(row::col::REQUEST_ID).is_some_and(|id| id.bytes().last().unwrap_or(0) % 2 == 1);
        if form == CopySource::None || is_odd {
            row.number(row::col::STATUS, None);
        }
        self.finished_row(&row)
    }

    fn finished_row(&mut self, row: &Row) -> io::Result<()> {
        match self.args.delivery {
            Delivery::Text => {
                self.file.line(|out| row.render(out))?;
                self.account(row)
            }
            delivery => {
                self.file.line(|out| json::render(row, delivery, out))?;
                self.account(&json::expected_row(row))
            }
        }
    }

    /// A line that is not a record. The random numbers for a text line are always drawn, so that all later output stays
    /// the same.
    fn malformed_line(&mut self, rng: &mut Rng, bucket: &Bucket, time: i64, number: usize) -> io::Result<()> {
        let mut line = Vec::new();
        malformed::line(rng, bucket, time, &mut line);
        if self.args.delivery != Delivery::Text {
            line.clear();
            json::malformed_line(number, &mut line);
        }
        self.file.line(|out| out.append(&mut line))
    }

    /// Counts the written row and records its true values.
    fn account(&mut self, row: &Row) -> io::Result<()> {
        let summary = &mut self.written.summary;
        summary.rows += 1;
        summary.bytes_sent += row.get_number(row::col::SENT).unwrap_or_default();
        for word in row.odd.words() {
            *summary.anomalies.entry(word).or_default() += 1;
        }
        let operation = row.get(row::col::OPERATION).unwrap_or_default();
        match summary.operations.get_mut(operation) {
            Some(count) => *count += 1,
            None => _ = summary.operations.insert(operation.to_owned(), 1),
        }
        if let Some(truth) = &mut self.truth
            && let Err(error) = truth.push(row, self.file.lines as i64, self.file.last())
        {
            self.failed = Some(error);
            return Err(io::Error::other("true values"));
        }
        Ok(())
    }

    fn planted(&mut self, planted: &Planted) -> io::Result<()> {
        self.row(&planted.row)?;
        self.written.planted.push((planted.scenario, planted.attack, self.file.lines));
        Ok(())
    }
}

fn write_file(args: &GenerateArgs, world: &World, plan: &FilePlan) -> Result<Written, GenerateError> {
    let truth = match &args.truth {
        Some(folder) => Some(TrueValues::create(&folder.join(format!("{}.parquet", plan.name)), &plan.name)?),
        None => None,
    };
    let all = plan.lines + plan.rejects + plan.blanks;
    let member = if args.members == 1 { usize::MAX } else { all.div_ceil(args.members).max(1) };
    let file = LogFile::create(&args.out.join(&plan.name), args.compress, member)?;
    let mut maker = Maker { args, plan, file, truth, written: Written::default(), failed: None };
    if let Err(error) = fill(world, plan, &mut maker) {
        return Err(maker.failed.unwrap_or(GenerateError::Write(error)));
    }
    let Maker { file, truth, mut written, .. } = maker;
    written.summary.lines = file.lines;
    written.summary.inflated = file.inflated;
    written.summary.bytes = file.finish()?;
    if let Some(truth) = truth {
        truth.finish()?;
    }
    Ok(written)
}

/// Fills the file in time order: baseline rows, scenario rows at their times, rejects and blank lines spread between
/// them.
fn fill(world: &World, plan: &FilePlan, maker: &mut Maker<'_>) -> io::Result<()> {
    let bucket = &world.buckets[plan.bucket];
    let rng = &mut random::seeded(maker.args.seed, &[5, plan.number as u64]);
    let mut traffic = Traffic::new(bucket, &world.pools[plan.bucket]);
    let in_file = |planted: &&Planted| {
        planted.bucket == plan.bucket && plan.times.0 <= planted.row.time && planted.row.time < plan.times.1
    };
    let mut planted = world.planted.iter().filter(in_file).peekable();
    let (mut rejects, mut blanks, mut made) = (0, 0, 0);
    if maker.args.every_operation && plan.number == 0 {
        let start = plan.time(&world.rhythm, 0.5, 0);
        all_operations::operation(rng, bucket, &world.pools[plan.bucket].pipeline, start, &mut |_, row| {
            maker.row(row)
        })?;
    }
    while made < plan.lines {
        let position = (made as f64 + rng.f64()) / plan.lines as f64;
        let time = plan.time(&world.rhythm, position, rng.i64(0..90));
        while let Some(next) = planted.next_if(|planted| planted.row.time <= time) {
            maker.planted(next)?;
        }
        if rejects < plan.rejects && (rejects as f64 + 0.5) / plan.rejects as f64 <= position {
            maker.malformed_line(rng, bucket, time, rejects)?;
            rejects += 1;
        }
        if blanks < plan.blanks && (blanks as f64 + 0.5) / plan.blanks as f64 <= position {
            maker.file.line(|_| {})?;
            blanks += 1;
        }
        made += traffic.event(rng, time, plan.lines - made, &mut |rng, row| maker.baseline(rng, row))?;
    }
    for next in planted {
        maker.planted(next)?;
    }
    for number in rejects..plan.rejects {
        maker.malformed_line(rng, bucket, world.rhythm.time(1.0), number)?;
    }
    for _ in blanks..plan.blanks {
        maker.file.line(|_| {})?;
    }
    maker.written.summary.rejects = plan.rejects as u64;
    maker.written.summary.blanks = plan.blanks as u64;
    Ok(())
}
