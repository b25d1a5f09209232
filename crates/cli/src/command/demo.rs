//! `saltmine demo`: a guided tour on generated logs.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, FromArgMatches, Parser};
use saltmine_generate::{self as generate, GenerateArgs};
use saltmine_lake::{IngestRequest, Silent, ingest};
use saltmine_query::catalogue::Catalogue;
use saltmine_query::{Params, Session, SessionOptions};
use saltmine_scan::discover;

use super::query::{Statement, block_on, write};
use crate::args::DemoArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::sanitize::sanitize;
use crate::output::{Case, Format, Options, Target, counted, line_counts, shell_quote};
use crate::terminal::Terminal;

/// Options of the generator, which always produce the same files.
const GENERATOR_OPTIONS: &str =
    "--seed 11 --lines 4000 --buckets 8 --days 7 --files 16 --scenario all --rejects 2";

/// Typical first questions of an investigation.
const FIRST_QUESTIONS: [(&str, &str); 3] = [
    (
        "Who downloaded the most?",
        "SELECT requester, count(*) AS requests, sum(bytes_sent) AS bytes FROM logs WHERE http_status < 300 GROUP BY 1 \
         ORDER BY bytes DESC NULLS LAST LIMIT 4",
    ),
    (
        "What was read without credentials?",
        "SELECT bucket, count(*) AS requests, count(DISTINCT remote_ip) AS addresses FROM logs WHERE requester IS NULL \
         AND http_status = 200 GROUP BY 1 ORDER BY 2 DESC LIMIT 4",
    ),
    (
        "Which lines are malformed or suspicious?",
        "SELECT anomaly, count(*) AS lines FROM logs WHERE anomaly IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 4",
    ),
];

pub(crate) fn run(args: &DemoArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let folder = folder(args)?;
    let (logs, lake) = (folder.join("logs"), folder.join("case.lake"));
    let lake = lake.as_path();
    print(&format!(
        "Sample logs: a week of requests to eight buckets, including eleven attacks: {}",
        logs.display()
    ))?;
    make(&logs)?;
    command(&format!("ingest {} --to {}", quoted(&logs), quoted(lake)))?;
    let sources = discover(&[logs.display().to_string()])?;
    let request = IngestRequest {
        sources: &sources,
        dataset: lake,
        partition_by: None,
        jobs: 0,
        strict: false,
        stop: None,
    };
    let report = ingest(&request, &Silent)?;
    let counts = &report.counts;
    print(&format!(
        "{}; {} read in {:.1} s",
        line_counts(counts.lines, counts.rows, counts.rejects, counts.blanks),
        counted(report.files, "file"),
        report.elapsed.as_secs_f64()
    ))?;
    block_on(answers(lake, terminal))?;
    print(&next(&folder, lake))?;
    Ok(ExitCode::Success)
}

/// The given folder, or a temporary one that is kept for the next steps.
fn folder(args: &DemoArgs) -> Result<PathBuf, CliError> {
    let Some(folder) = &args.folder else {
        let temporary = tempfile::Builder::new().prefix("saltmine-demo-").tempdir()?;
        return Ok(temporary.keep());
    };
    std::fs::create_dir_all(folder).map_err(CliError::file(folder))?;
    if std::fs::read_dir(folder).map_err(CliError::file(folder))?.next().is_some() {
        return Err(CliError::Usage(format!(
            "{} is not empty; give an empty or new folder",
            folder.display()
        )));
    }
    Ok(folder.clone())
}

/// Parses the generator's options from text.
#[derive(Parser)]
struct Generator {
    #[command(flatten)]
    args: GenerateArgs,
}

fn make(logs: &Path) -> Result<(), CliError> {
    let wrong = |error: clap::Error| CliError::Usage(error.to_string());
    let words = ["demo".into(), "--out".into(), logs.as_os_str().to_owned()].into_iter();
    let words = words.chain(GENERATOR_OPTIONS.split(' ').map(Into::into));
    let matches = Generator::command().try_get_matches_from(words).map_err(wrong)?;
    generate::run(&Generator::from_arg_matches(&matches).map_err(wrong)?.args)?;
    Ok(())
}

async fn answers(lake: &Path, terminal: &Terminal) -> Result<(), CliError> {
    let options = SessionOptions { inputs: vec![lake.display().to_string()], ..SessionOptions::default() };
    let session = Session::open(&options).await?;
    for (question, sql) in FIRST_QUESTIONS {
        print(&format!("\n{question}"))?;
        command(&format!("query {} {}", quoted(lake), shell_quote(sql)))?;
        let rows = Statement::Sql(sql).run(&session, &Params::new()).await?;
        write(rows, Format::Table, Target::unpaged(), Options::default(), None).await?;
    }
    print("\nWhat happened?")?;
    command(&format!("hunt {}", quoted(lake)))?;
    let (catalogue, case) = (Catalogue::builtin()?, Case::default());
    super::hunt::screen(&session, &catalogue, &options.inputs, &case, terminal, Target::unpaged()).await
}

fn next(folder: &Path, lake: &Path) -> String {
    let (lake, page, all) = (quoted(lake), quoted(&folder.join("report.html")), quoted(folder));
    let lines = [
        (format!("hunt {lake} --show 1"), "everything about the first incident"),
        (format!("report {lake} -o {page}"), "one page to hand over"),
        (format!("timeline {lake} --ip 198.51.100.0/24"), "activity of a network, as sessions"),
        (format!("shell {lake}"), "an SQL prompt"),
        ("queries".to_owned(), "all queries of the catalogue"),
        (format!("hunt {lake} --redact all"), "findings with pseudonyms, to hand over"),
    ];
    let width = lines.iter().map(|(words, _)| words.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> =
        lines.iter().map(|(words, what)| format!("  saltmine {words:width$}   {what}")).collect();
    format!("\nNext steps:\n{}\n\nAll files are in {all}. Delete them with: rm -r {all}", lines.join("\n"))
}

fn quoted(path: &Path) -> String {
    shell_quote(&path.display().to_string())
}

fn command(words: &str) -> Result<(), CliError> {
    print(&format!("$ saltmine {words}"))
}

/// Prints one or more lines.
fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    for line in text.split('\n') {
        writeln!(out, "{}", sanitize(line))?;
    }
    Ok(())
}
