//! Assigns lines to files: as with S3, every file has one bucket and a time range.

use std::fmt::Write;

use super::buckets::{ACCOUNT, Bucket};
use super::eras::{ERAS, Era};
use super::random::{build_text, push_code, seeded};
use super::row::clock;
use super::traffic::is_working_hour;

/// Naming scheme of log objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs)] // Comments of variants would become help texts.
pub enum NameStyle {
    // `YYYY-MM-DD-hh-mm-ss-UNIQUE`
    #[default]
    Simple,
    // `ACCOUNT/REGION/BUCKET/YYYY/MM/DD/YYYY-MM-DD-hh-mm-ss-UNIQUE`
    Partitioned,
}

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct FilePlan {
    pub(crate) number: usize,
    pub(crate) bucket: usize,
    /// Path under the folder of logs.
    pub(crate) name: String,
    pub(crate) lines: usize,
    pub(crate) rejects: usize,
    pub(crate) blanks: usize,
    /// Start and end of the file as shares of the period's traffic, from 0 to 1.
    shares: (f64, f64),
    /// First second and the one after the last, which decide where scenario rows go; unbounded in the first and last
    /// file.
    pub(crate) times: (i64, i64),
    pub(crate) era: Option<Era>,
}

/// The rhythm of the traffic: busy days, quiet nights and weekends.
pub(crate) struct Rhythm {
    start: i64,
    /// Cumulative traffic up to each hour; the last value is the total.
    sums: Vec<f64>,
}

impl Rhythm {
    /// `start` is in seconds since 1970.
    pub(crate) fn new(start: i64, days: u32) -> Self {
        let mut sums = vec![0.0];
        let mut sum = 0.0;
        for hour in 0..i64::from(days.max(1)) * 24 {
            let time = start + hour * 3_600;
            sum += if is_working_hour(time) { 1.0 } else { 0.45 };
            sums.push(sum);
        }
        Self { start, sums }
    }

    /// The time at which the given share of the traffic has passed.
    pub(crate) fn time(&self, share: f64) -> i64 {
        let hours = self.sums.len() - 1;
        let target = share * self.sums[hours];
        let hour = self.sums.partition_point(|sum| *sum <= target).clamp(1, hours) - 1;
        let within = (target - self.sums[hour]) / (self.sums[hour + 1] - self.sums[hour]);
        self.start + ((hour as f64 + within) * 3_600.0) as i64
    }

    /// Ratio of the busiest hour to the mean.
    pub(crate) fn peak(&self) -> f64 {
        let hours = self.sums.len() - 1;
        hours as f64 / self.sums[hours]
    }
}

impl FilePlan {
    /// The time of the line at `position` in the file; lines are slightly out of order, as delivered by S3.
    pub(crate) fn time(&self, rhythm: &Rhythm, position: f64, jitter: i64) -> i64 {
        let position = position.clamp(0.0, 1.0);
        match self.era {
            Some(era) => era.start + 3_600 * self.bucket as i64 + (position * 30_000.0) as i64 + jitter,
            None => rhythm.time(self.shares.0 + (self.shares.1 - self.shares.0) * position) + jitter,
        }
    }
}

/// The requested totals.
pub(crate) struct RequestedTotals<'a> {
    pub(crate) lines: usize,
    pub(crate) files: usize,
    pub(crate) rejects: usize,
    pub(crate) blanks: usize,
    pub(crate) ages: bool,
    pub(crate) seed: u64,
    pub(crate) style: NameStyle,
    pub(crate) suffix: &'a str,
}

/// One part of a total that is divided evenly.
fn part(whole: usize, parts: usize, at: usize) -> usize {
    whole * (at + 1) / parts - whole * at / parts
}

/// Assigns lines to files and files to buckets.
pub(crate) fn files(buckets: &[Bucket], rhythm: &Rhythm, totals: &RequestedTotals<'_>) -> Vec<FilePlan> {
    let old = if totals.ages { buckets.len() * ERAS.len() } else { 0 };
    let old_lines = if totals.ages { totals.lines / 6 } else { 0 };
    let mut plans = Vec::with_capacity(totals.files + old);
    let weights: f64 = buckets.iter().map(|bucket| bucket.weight).sum();
    let new_lines = totals.lines - old_lines;
    let (mut seen, mut files_before, mut lines_before) = (0.0, 0, 0);
    for (at, bucket) in buckets.iter().enumerate() {
        seen += bucket.weight;
        let spare = totals.files.saturating_sub(buckets.len()) as f64;
        let files_after = ((spare * seen / weights).round() as usize + at + 1).max(files_before + 1);
        let lines_after = (new_lines as f64 * seen / weights).round() as usize;
        let (files, lines) = (files_after - files_before, lines_after - lines_before);
        (files_before, lines_before) = (files_after, lines_after);
        for index in 0..files {
            let shares = (index as f64 / files as f64, (index + 1) as f64 / files as f64);
            let first = if index == 0 { i64::MIN } else { rhythm.time(shares.0) };
            let last = if index + 1 == files { i64::MAX } else { rhythm.time(shares.1) };
            plans.push(FilePlan {
                number: 0,
                bucket: bucket.index,
                name: String::new(),
                lines: part(lines, files, index),
                rejects: 0,
                blanks: 0,
                shares,
                times: (first, last),
                era: None,
            });
        }
    }
    for index in 0..old {
        let era = ERAS[index % ERAS.len()];
        let plan = plans[0].clone();
        let bucket = index / ERAS.len();
        plans.push(FilePlan {
            bucket,
            lines: part(old_lines, old, index),
            times: (0, 0),
            era: Some(era),
            ..plan
        });
    }
    let count = plans.len();
    for (number, plan) in plans.iter_mut().enumerate() {
        plan.number = number;
        plan.rejects = part(totals.rejects, count, number);
        plan.blanks = part(totals.blanks, count, number);
        plan.name = name(plan, &buckets[plan.bucket], rhythm, totals);
    }
    plans
}

/// The bucket folder, and S3's file name with the delivery time, minutes after the last line.
fn name(plan: &FilePlan, bucket: &Bucket, rhythm: &Rhythm, totals: &RequestedTotals<'_>) -> String {
    let rng = &mut seeded(totals.seed, &[3, plan.number as u64]);
    let delivery = plan.time(rhythm, 1.0, rng.i64(600..2_400));
    let (year, month, day, hour, minute, second) = clock(delivery);
    let mut name = format!("{}/", bucket.name);
    if totals.style == NameStyle::Partitioned {
        let _ = write!(name, "{ACCOUNT}/{}/{}/{year:04}/{month:02}/{day:02}/", bucket.region, bucket.name);
    }
    let unique = build_text(|out| push_code(rng, out, 16));
    let _ = write!(
        name,
        "{year:04}-{month:02}-{day:02}-{hour:02}-{minute:02}-{second:02}-{unique}{}",
        totals.suffix
    );
    name
}
