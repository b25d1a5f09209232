//! `saltmine latency`: percentiles of request times.

use std::io::Write;
use std::path::Path;

use comfy_table::{Cell, CellAlignment, Table, presets};
use saltmine_query::latency::{Group, Latency, MAX_GROUPS, latency};
use saltmine_query::{Session, SessionOptions};

use super::coverage::{finish, require_records};
use super::query::block_on;
use crate::args::{LatencyArgs, LatencyFormat};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::sanitize::sanitize;
use crate::output::{Target, counted};
use crate::terminal::Terminal;

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
        let Latency { groups, cut } = latency(&session, &args.columns(), &args.metrics()).await?;
        if groups.is_empty() {
            require_records(&session, range, terminal).await?;
        }
        if cut {
            terminal.warning(&format!(
                "more than {MAX_GROUPS} groups: only those with the most requests are shown"
            ));
        }
        match args.format {
            LatencyFormat::Table => table(&groups, &args.columns(), Target::open(args.output.as_deref())?)?,
            LatencyFormat::Json => json(&groups, Target::open(args.output.as_deref())?)?,
            LatencyFormat::Hgrm => hgrm(&groups, args.output.as_deref(), &session, terminal)?,
        }
        let file = args.output.as_deref().filter(|path| path.is_file());
        terminal.wrote(file, &counted(groups.len() as u64, "group"));
        Ok(finish(&session, terminal).await)
    })
}

fn table(groups: &[Group], columns: &[String], mut target: Target) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    let names = ["metric", "count", "min", "p50", "p90", "p99", "p99.9", "max", "mean"];
    table.set_header(columns.iter().map(|name| sanitize(name).into_owned()).chain(names.map(String::from)));
    for group in groups {
        let by = group.by.iter().map(|(_, value)| Cell::new(sanitize(value.as_deref().unwrap_or(""))));
        let numbers = [group.count, group.min, group.p50, group.p90, group.p99, group.p99_9, group.max];
        let numbers = numbers.map(|number| number.to_string()).into_iter();
        let numbers = numbers
            .chain([format!("{:.1}", group.mean)])
            .map(|number| Cell::new(number).set_alignment(CellAlignment::Right));
        table.add_row(by.chain([Cell::new(group.metric.name())]).chain(numbers));
    }
    for line in table.lines() {
        writeln!(target, "{}", line.trim_end())?;
    }
    target.finish()
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
    terminal.note(&format!("{} files in {}", groups.len(), session.shown(&folder.display().to_string())));
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
