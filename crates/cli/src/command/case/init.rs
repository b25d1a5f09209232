//! `saltmine case init`: writes a commented case file from the data. Guesses are commented out.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use futures::TryStreamExt;
use saltmine_query::case::FILE_NAME;
use saltmine_query::datafusion::arrow::array::{Array, AsArray, RecordBatch};
use saltmine_query::datafusion::arrow::compute::cast;
use saltmine_query::datafusion::arrow::datatypes::DataType;
use saltmine_query::{Params, QueryError, Session, SessionOptions};

use super::folder;
use crate::args::CaseArgs;
use crate::command::query::block_on;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::{Target, counted};
use crate::terminal::Terminal;

/// Maximum number of proposed values per key.
const PROPOSED: usize = 5;

pub(super) fn run(args: &CaseArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME));
    if path.symlink_metadata().is_ok() && !args.force {
        let shown = path.display();
        return Err(CliError::Usage(format!(
            "{shown} exists already; --force replaces it, -o names another file"
        )));
    }
    let target = Target::open(Some(&path))?;
    let text = match &args.inputs[..] {
        [] => text(None, &CaseProposals::default()),
        inputs => block_on(async {
            let options = SessionOptions { inputs: inputs.to_vec(), ..SessionOptions::default() };
            let session = crate::command::open(&options, terminal).await?;
            let data = CaseProposals::read(&session).await?;
            let input = if let [input] = inputs { input_from(&folder(&path), input) } else { None };
            Ok(text(input.as_deref(), &data))
        })?,
    };
    let mut target = target;
    target.write_all(text.as_bytes())?;
    target.finish()?;
    terminal.note(&format!("wrote {}: edit it, then check it with saltmine case check", path.display()));
    Ok(ExitCode::Success)
}

/// The input, relative to the case file's folder or absolute; `None` for standard input.
fn input_from(folder: &Path, input: &str) -> Option<String> {
    if input == "-" {
        return None;
    }
    if input.contains("://") || Path::new(input).is_absolute() || folder == Path::new(".") {
        return Some(input.to_owned());
    }
    let whole = std::env::current_dir().ok()?.join(input);
    Some(whole.display().to_string())
}

/// Values proposed for a case file, from the data.
#[derive(Clone, Debug, Default)]
struct CaseProposals {
    /// Buckets that have logs.
    buckets: Vec<String>,
    /// Accounts, networks and principals with the most requests, and how many.
    accounts: Vec<(String, String)>,
    networks: Vec<(String, String)>,
    principals: Vec<(String, String)>,
    first: Option<String>,
    last: Option<String>,
}

impl CaseProposals {
    async fn read(session: &Session) -> Result<Self, CliError> {
        let most = |value: &str| {
            format!(
                "SELECT {value} AS value, counted(count(*), 'request') AS requests FROM logs WHERE {value} IS NOT NULL \
                 GROUP BY 1 ORDER BY count(*) DESC, value LIMIT {PROPOSED}"
            )
        };
        let buckets = pairs(
            session,
            "SELECT DISTINCT bucket AS value, '' AS requests FROM logs WHERE bucket IS NOT NULL ORDER BY 1 LIMIT 200",
        );
        let coverage = session.coverage().await?;
        Ok(Self {
            buckets: buckets.await?.into_iter().map(|(bucket, _)| bucket).collect(),
            accounts: pairs(session, &most("account_id(requester)")).await?,
            networks: pairs(
                session,
                &most("CASE WHEN NOT is_private_ip(remote_ip) THEN ip_network(remote_ip) END"),
            )
            .await?,
            principals: pairs(
                session,
                &most("CASE WHEN requester IS NOT NULL THEN principal(requester) END"),
            )
            .await?,
            first: coverage.first_time.map(|time| time.to_string()),
            last: coverage.last_time.map(|time| time.to_string()),
        })
    }
}

/// Pairs of text from the rows of a statement.
async fn pairs(session: &Session, sql: &str) -> Result<Vec<(String, String)>, CliError> {
    let rows = session.sql(sql, &Params::new()).await?;
    let batches: Vec<RecordBatch> = rows.try_collect().await.map_err(QueryError::from)?;
    let mut pairs = Vec::new();
    for batch in batches {
        let text = |column: usize| cast(batch.column(column), &DataType::Utf8).map_err(wrong);
        let (values, requests) = (text(0)?, text(1)?);
        let (values, requests) = (values.as_string::<i32>(), requests.as_string::<i32>());
        let row = |row: usize| (values.value(row).to_owned(), requests.value(row).to_owned());
        pairs.extend((0..batch.num_rows()).filter(|at| !values.is_null(*at)).map(row));
    }
    Ok(pairs)
}

fn wrong(error: saltmine_query::datafusion::arrow::error::ArrowError) -> QueryError {
    saltmine_query::datafusion::error::DataFusionError::from(error).into()
}

/// The text of the file. Values from logs may be hostile, so they are escaped as TOML strings, even in comments.
fn text(input: Option<&str>, data: &CaseProposals) -> String {
    let mut text = String::from(
        "# Case file of saltmine. Lines that begin with # have no effect: remove the # to use a proposal.\n\
         # saltmine case check reports mistakes; saltmine case show prints what the file says.\n\n\
         title = \"New case\"\n\
         # examiner = \"A. Okafor\"\n\n\
         # Local times are shown beside UTC; working hours are Monday to Friday in this zone.\n\
         # timezone = \"Europe/Berlin\"\n\
         # work_hours = \"08:00-18:00\"\n\n\
         # Default input of commands: a path relative to this file, or s3://BUCKET/PREFIX.\n",
    );
    let example = input.is_none();
    let input = quoted(input.unwrap_or("case.lake"));
    line(&mut text, example, &format!("input = {input}"));
    text.push_str("\n# Buckets that have logs here.\n");
    line(&mut text, data.buckets.is_empty(), &format!("own_buckets = {}", list(&data.buckets)));
    proposal(&mut text, "Accounts", "own_accounts", &data.accounts, "111122223333");
    proposal(&mut text, "Public networks outside of AWS", "own_networks", &data.networks, "203.0.113.0/24");
    text.push_str(
        "\n# Time of the incident (UTC), if known. Incidents outside of it are marked, not hidden.\n",
    );
    if let (Some(first), Some(last)) = (&data.first, &data.last) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "# The logs have requests from {first} to {last}.");
    }
    let since = data.first.as_deref().unwrap_or("2026-03-05T00:00:00Z");
    let _ = writeln!(
        text,
        "# [incident]\n# since = {since}\n# until = {}",
        data.last.as_deref().unwrap_or("2026-03-08T00:00:00Z")
    );
    text.push_str(
        "\n# Known work: expected activity. Findings about it are shown as accepted, with the reason, and excluded from totals.\n\
         # query is a detection (see saltmine queries); principal and bucket may contain * and ?; all conditions must match.\n",
    );
    if !data.principals.is_empty() {
        let _ = writeln!(text, "# Principals with the most requests:");
        for (principal, requests) in &data.principals {
            let _ = writeln!(text, "#   {} {requests}", quoted(principal));
        }
    }
    let principal = data.principals.first().map_or("111122223333:role/retention-job", |(name, _)| name);
    let _ = writeln!(
        text,
        "# [[known_work]]\n# query = \"mass-delete\"\n# principal = {}\n# network = \"10.0.0.0/8\"\n# why = \"nightly retention, ticket 812\"",
        quoted(principal)
    );
    text.push_str(
        "\n# Parameters by query (saltmine queries NAME lists them).\n# [parameters.mass-delete]\n# keys = 500\n\n\
         # Notes on incidents, by number or principal.\n# [[notes]]\n# incident = 1\n# text = \"confirmed with the owner\"\n",
    );
    text
}

/// Adds a line, commented out if `commented`.
fn line(text: &mut String, commented: bool, line: &str) {
    let _ = writeln!(text, "{}{line}", if commented { "# " } else { "" });
}

/// Writes the values with the most requests as a comment.
fn proposal(text: &mut String, what: &str, key: &str, found: &[(String, String)], example: &str) {
    if found.is_empty() {
        let _ = writeln!(text, "\n# {what} that are ours.\n# {key} = [{}]", quoted(example));
        return;
    }
    let _ = writeln!(
        text,
        "\n# {what} that are ours; {} with the most requests:",
        counted(found.len() as u64, "value")
    );
    for (value, requests) in found {
        let _ = writeln!(text, "#   {} {requests}", quoted(value));
    }
    let _ = writeln!(text, "# {key} = [{}]", quoted(&found[0].0));
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(", "))
}

/// A one-line TOML string; control and invisible characters are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        let is_plain = crate::output::sanitize::sanitize(character.encode_utf8(&mut [0; 4])).len()
            == character.len_utf8();
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            character if is_plain => quoted.push(character),
            character => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(character));
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use saltmine_query::case::CaseFile;
    use saltmine_query::catalogue::Catalogue;

    use super::*;

    const HOSTILE: &str = "x\"]\n\u{1b}[31m\u{202e}\\ # '";

    #[test]
    fn hostile_values_stay_values() {
        let pair = vec![(HOSTILE.to_owned(), "5".to_owned())];
        let data = CaseProposals {
            buckets: vec![HOSTILE.to_owned()],
            accounts: pair.clone(),
            networks: pair.clone(),
            principals: pair,
            first: Some("2026-03-01T00:00:00Z".to_owned()),
            last: Some("2026-03-02T00:00:00Z".to_owned()),
        };
        let written = text(Some(HOSTILE), &data);
        assert!(written.chars().all(|c| c == '\n' || !c.is_control()) && !written.contains('\u{202e}'));
        let catalogue = Catalogue::builtin().unwrap();
        let case = CaseFile::parse("x", &written, &catalogue).unwrap();
        assert_eq!((case.input.as_deref(), case.own_buckets), (Some(HOSTILE), vec![HOSTILE.to_owned()]));
        assert!(case.own_accounts.is_empty() && case.known_work.is_empty());
    }

    /// The file is also valid with all proposals uncommented.
    #[test]
    fn proposals_are_right() {
        let written = text(None, &CaseProposals::default());
        let is_value = |line: &&str| line.starts_with('[') || line.contains(" = ");
        let lines = written.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).filter(is_value);
        let all: String = lines.map(|line| format!("{line}\n")).collect();
        let case = CaseFile::parse("x", &all, &Catalogue::builtin().unwrap()).unwrap();
        assert_eq!((case.known_work.len(), case.notes.len(), case.parameters.len()), (1, 1, 1));
        assert!(case.timezone.is_some() && case.incident.since.is_some());
    }
}
