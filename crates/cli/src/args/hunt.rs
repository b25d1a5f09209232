//! Arguments of `saltmine hunt`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use saltmine_query::catalogue::Severity;
use saltmine_query::hunt::HuntOptions;

use super::case::{CaseOptions, ZoneOption};
use super::engine::Engine;
use super::time::{NameArgs, TimeRange};
use crate::output::{Case, shell_quote};

/// `saltmine hunt`
#[derive(Debug, Args)]
#[command(after_help = "\
Findings close in time that share an actor, a rare address, an access key, a destination or an object are shown as one incident: what was done, by whom, when, and whether it is ongoing. The figures of an incident count all log records of its actors. --show N shows everything about incident or actor N, --show NAME about a finding; --details lists all findings with their evidence.

Examples:
  saltmine hunt case.lake
  saltmine hunt case.lake --show 1
  saltmine hunt case.lake --min-severity high --exclude off-hours
  saltmine hunt case.lake -p mass-delete.keys=500 --since 24h
  saltmine hunt logs/ --pack destruction --format markdown -o findings.md
  saltmine hunt case.lake --tz Europe/Berlin
  saltmine hunt case.lake --fail-on high || page-oncall")]
pub(crate) struct HuntArgs {
    /// A dataset, or log files, folders, globs, s3://BUCKET/PREFIX or - for standard input (default: the case's input)
    #[arg(value_name = "DATASET|PATH")]
    pub(crate) inputs: Vec<String>,

    #[command(flatten)]
    pub(crate) choice: HuntChoice,

    #[command(flatten)]
    pub(crate) range: TimeRange,

    #[command(flatten)]
    pub(crate) names: NameArgs,

    /// Show everything about one incident or actor, by its number, or about the finding of a detection, by its name
    #[arg(long, value_name = "N|NAME", conflicts_with = "details")]
    pub(crate) show: Option<String>,

    /// List all findings with evidence instead of one screen of incidents
    #[arg(long)]
    pub(crate) details: bool,

    /// Hide findings below this severity; incidents are always shown
    #[arg(long, value_name = "LEVEL", value_parser = parse_severity)]
    pub(crate) min_severity: Option<Severity>,

    /// Maximum rows to show per finding
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) limit: usize,

    /// Exit with code 4 for findings of this severity or above
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    pub(crate) fail_on: Option<Severity>,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: HuntFormat,

    /// Write the findings to a file (atomically)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) case: CaseOptions,

    #[command(flatten)]
    pub(crate) zone: ZoneOption,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// Which detections run, and with which parameters. Incidents are numbered by what these find.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct HuntChoice {
    /// Run only the detections of this pack; repeatable
    #[arg(long = "pack", value_name = "PACK")]
    pub(crate) packs: Vec<String>,

    /// Run only this detection; repeatable
    #[arg(long = "name", value_name = "QUERY")]
    pub(crate) detections: Vec<String>,

    /// Do not run this detection; repeatable
    #[arg(long = "exclude", value_name = "QUERY")]
    pub(crate) excluded: Vec<String>,

    /// Set a parameter, as QUERY.NAME=VALUE or, of the baseline, profile.NAME=VALUE; repeatable
    #[arg(long = "param", short = 'p', value_name = "NAME=VALUE", value_parser = parse_param)]
    pub(crate) params: Vec<(String, String, String)>,

    /// Folder with your own queries, PACK/NAME.sql, which override built-in ones of the same name
    #[arg(long, value_name = "DIR")]
    pub(crate) queries: Option<PathBuf>,
}

impl HuntChoice {
    /// The options of a hunt, including the case file.
    pub(crate) fn options(&self, input: String, rows: usize, case: &Case) -> HuntOptions {
        HuntOptions {
            packs: self.packs.clone(),
            names: self.detections.clone(),
            excluded: self.excluded.clone(),
            params: self.params.clone(),
            rows,
            input,
            case: case.file().cloned(),
        }
    }

    /// The options as typed on a command line, with a leading space.
    pub(crate) fn words(&self) -> String {
        let option = |name: &str, values: &[String]| -> String {
            values.iter().map(|value| format!(" --{name} {}", shell_quote(value))).collect()
        };
        let mut words = option("pack", &self.packs)
            + &option("name", &self.detections)
            + &option("exclude", &self.excluded);
        for (query, name, value) in &self.params {
            words += &format!(" -p {}", shell_quote(&format!("{query}.{name}={value}")));
        }
        if let Some(folder) = &self.queries {
            words += &format!(" --queries {}", shell_quote(&folder.display().to_string()));
        }
        words
    }
}

/// Output format of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HuntFormat {
    // For people
    Table,
    // One JSON object
    Json,
    // One JSON object per finding, one per line
    Ndjson,
    // One line per row of a finding
    Csv,
    // A Markdown report
    Markdown,
}

pub(super) fn parse_severity(word: &str) -> Result<Severity, String> {
    Severity::parse(word).ok_or_else(|| {
        let words: Vec<&str> = Severity::ALL.iter().map(|severity| severity.as_str()).collect();
        format!("expected one of {}", words.join(", "))
    })
}

fn parse_param(text: &str) -> Result<(String, String, String), String> {
    let parts = text.split_once('=').and_then(|(name, value)| Some((name.split_once('.')?, value)));
    match parts {
        Some(((query, name), value)) if !query.is_empty() && !name.is_empty() => {
            Ok((query.to_owned(), name.to_owned(), value.to_owned()))
        }
        _ => Err("expected QUERY.NAME=VALUE, such as mass-delete.keys=500".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_name_their_detection() {
        let given = parse_param("mass-delete.keys=5=6");
        assert_eq!(given, Ok(("mass-delete".to_owned(), "keys".to_owned(), "5=6".to_owned())));
        for wrong in ["keys=5", "mass-delete.keys", ".keys=5", "mass-delete.=5", ""] {
            assert!(parse_param(wrong).is_err_and(|problem| problem.contains("QUERY.NAME=VALUE")), "{wrong}");
        }
    }

    #[test]
    fn selected_options_can_be_repeated() {
        let choice = HuntChoice {
            excluded: vec!["it's".into()],
            params: vec![("a".into(), "b".into(), "c d".into())],
            ..HuntChoice::default()
        };
        assert_eq!(choice.words(), " --exclude 'it'\\''s' -p 'a.b=c d'");
        assert_eq!(HuntChoice::default().words(), "");
    }
}
