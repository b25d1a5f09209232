//! `saltmine latency`: percentiles of request times.

use std::io::Write;
use std::path::Path;

use comfy_table::{Cell, CellAlignment, Table, presets};
use saltmine_query::latency::{Group, Latency, MAX_GROUPS, Metric, latency};
use saltmine_query::quantity::grouped;
use saltmine_query::{Session, SessionOptions};

use super::coverage::{finish, require_records};
use super::query::block_on;
use crate::args::{LatencyArgs, LatencyFormat};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::sanitize::sanitize;
use crate::output::{Target, counted};
use crate::terminal::Terminal;

/// Minimum requests of a group in a table: percentiles of fewer mean little.
const MIN_COUNT: u64 = 20;

pub(crate) fn run(args: &LatencyArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let range = args.range.check()?;
    let options = SessionOptions {
        since: range.since,
        until: range.until,
        names: args.names.rules(),
        ..args.engine.session(&args.inputs)
    };
    block_on(async {
        let session = super::open(&options, terminal).await?;
        let Latency { mut groups, cut } = latency(&session, &args.columns(), &args.metrics()).await?;
        if groups.is_empty() {
            require_records(&session, range, terminal).await?;
        }
        if cut {
            terminal.warning(&format!(
                "more than {MAX_GROUPS} groups: only those with the most requests are shown"
            ));
        }
        if let Some(least) = args.min_count.filter(|_| args.format != LatencyFormat::Table) {
            groups.retain(|group| group.count >= least);
        }
        match args.format {
            LatencyFormat::Table => table(&groups, args, Target::open(args.output.as_deref())?, terminal)?,
            LatencyFormat::Json => json(&groups, Target::open(args.output.as_deref())?)?,
            LatencyFormat::Hgrm => hgrm(&groups, args.output.as_deref(), &session, terminal)?,
        }
        let file = args.output.as_deref().filter(|path| path.is_file());
        terminal.wrote(file, &counted(groups.len() as u64, "group"));
        Ok(finish(&session, terminal).await)
    })
}

/// The metrics of one group.
type OfGroup<'a> = Vec<&'a Group>;

/// Groups with all their metrics, those with the most requests first.
fn by_requests(groups: &[Group]) -> Vec<OfGroup<'_>> {
    let mut all: Vec<OfGroup<'_>> = Vec::new();
    for group in groups {
        match all.last_mut() {
            Some(last) if last[0].by == group.by => last.push(group),
            _ => all.push(vec![group]),
        }
    }
    all.sort_by_key(|group| std::cmp::Reverse(requests(group)));
    all
}

/// The number of requests of a group; fewer may have one of its times.
fn requests(group: &OfGroup<'_>) -> u64 {
    group.iter().map(|metric| metric.count).max().unwrap_or_default()
}

/// Writes one line per group. Times are in milliseconds; the first column of each metric states the unit.
fn table(
    groups: &[Group],
    args: &LatencyArgs,
    mut target: Target,
    terminal: &Terminal,
) -> Result<(), CliError> {
    let least = args.min_count.unwrap_or(MIN_COUNT);
    let (shown, few): (Vec<_>, Vec<_>) =
        by_requests(groups).into_iter().partition(|group| requests(group) >= least);
    // With nothing to compare, few requests are all there is.
    let (shown, few) = if shown.is_empty() && args.min_count.is_none() { (few, shown) } else { (shown, few) };
    let metrics = args.metrics();
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    let mut names: Vec<String> = args.columns().iter().map(|name| sanitize(name).into_owned()).collect();
    names.push("requests".to_owned());
    names.extend(metrics.iter().flat_map(|metric| headings(*metric, metrics.len() == 1)));
    table.set_header(names);
    for group in shown {
        let by = group[0].by.iter().map(|(_, value)| Cell::new(sanitize(value.as_deref().unwrap_or(""))));
        let of_metric = |metric: &Metric| {
            let found = group.iter().find(|one| one.metric == *metric);
            numbers(found.copied(), metrics.len() == 1)
        };
        let numbers = std::iter::once(grouped(requests(&group))).chain(metrics.iter().flat_map(of_metric));
        let numbers = numbers.map(|number| Cell::new(number).set_alignment(CellAlignment::Right));
        table.add_row(by.chain(numbers));
    }
    for line in table.lines() {
        writeln!(target, "{}", line.trim_end())?;
    }
    target.finish()?;
    if !few.is_empty() {
        let groups = counted(few.len() as u64, "group");
        terminal.note(&format!(
            "note: {groups} of fewer than {least} requests not shown; --min-count 1 shows all"
        ));
    }
    Ok(())
}

/// The headings of a metric. A single metric has room for all of them.
fn headings(metric: Metric, single: bool) -> Vec<String> {
    let first = match metric {
        Metric::TurnAroundTime => "turn-around p50 (ms)",
        _ => "total p50 (ms)",
    };
    let rest: &[&str] =
        if single { &["p90", "p99", "p99.9", "max", "min", "mean"] } else { &["p90", "p99", "max"] };
    std::iter::once(first).chain(rest.iter().copied()).map(str::to_owned).collect()
}

/// The numbers below these headings; empty if no request has the time.
fn numbers(group: Option<&Group>, single: bool) -> Vec<String> {
    let Some(Group { min, p50, p90, p99, p99_9, max, mean, .. }) = group else {
        return vec![String::new(); if single { 7 } else { 4 }];
    };
    let whole: &[&u64] = if single { &[p50, p90, p99, p99_9, max, min] } else { &[p50, p90, p99, max] };
    let mut numbers: Vec<String> = whole.iter().map(|number| grouped(**number)).collect();
    numbers.extend(single.then(|| format!("{mean:.1}")));
    numbers
}

fn json(groups: &[Group], target: Target) -> Result<(), CliError> {
    let mut target = target.of_bytes(true);
    let groups: Vec<serde_json::Value> = groups
        .iter()
        .map(|group| {
            let by: serde_json::Map<_, _> =
                group.by.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
            let Group { count, min, p50, p90, p99, p99_9, max, mean, histogram, metric, .. } = group;
            serde_json::json!({
                "by": by, "metric": metric.name(), "count": count, "min": min, "p50": p50, "p90": p90, "p99": p99,
                "p99.9": p99_9, "max": max, "mean": mean, "histogram": histogram,
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut target, &groups).map_err(CliError::json)?;
    writeln!(target)?;
    target.finish()
}

/// Writes one group to standard output or the file of `-o`, and several groups (or one, if `-o` is a folder) to
/// files in a folder.
fn hgrm(
    groups: &[Group],
    output: Option<&Path>,
    session: &Session,
    terminal: &Terminal,
) -> Result<(), CliError> {
    let folder = match (groups, output) {
        ([], _) => {
            terminal.note("no request has a logged duration");
            return Ok(());
        }
        ([group], output) if output.is_none_or(|path| !path.is_dir()) => {
            let mut target = Target::open(output)?;
            target.write_all(group.hgrm()?.as_bytes())?;
            return target.finish();
        }
        (_, Some(folder)) => folder,
        (_, None) => {
            let problem = format!(
                "{} groups need a file each: give a folder with -o, or select one group with --by '' and --metric",
                groups.len()
            );
            return Err(CliError::Usage(problem));
        }
    };
    std::fs::create_dir_all(folder).map_err(CliError::file(folder))?;
    for (index, group) in groups.iter().enumerate() {
        let path = folder.join(file_name(index + 1, group));
        let mut target = Target::open(Some(&path))?;
        target.write_all(group.hgrm()?.as_bytes())?;
        target.finish()?;
    }
    let files = counted(groups.len() as u64, "file");
    terminal.note(&format!("{files} in {}", session.shown(&folder.display().to_string())));
    Ok(())
}

/// Maximum characters of a value in a file name.
const MAX_NAME_CHARS: usize = 60;

/// `001-total_time-REST.GET.OBJECT-vault.hgrm`. Log text never decides where a file goes: only letters, digits and
/// three harmless marks are kept, and the number makes the name unique.
fn file_name(number: usize, group: &Group) -> String {
    let mut name = format!("{number:03}-{}", group.metric.name());
    for (_, value) in &group.by {
        name.push('-');
        let value = value.as_deref().unwrap_or("null");
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
        name.extend(value.chars().take(MAX_NAME_CHARS).map(safe));
    }
    // Some systems limit names to 255 bytes.
    name.truncate(200);
    name.push_str(".hgrm");
    name
}
