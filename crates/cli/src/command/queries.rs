//! `saltmine queries`: shows the catalogue.

use std::cmp::Reverse;
use std::io::{self, Write};

use comfy_table::{Table, presets};
use saltmine_query::catalogue::{ATTACK_VERSION, Catalogue, Query};

use crate::args::{QueriesArgs, QueriesFormat};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::Target;

pub(crate) fn run(args: &QueriesArgs) -> Result<ExitCode, CliError> {
    let catalogue = super::catalogue(args.queries.as_deref())?;
    // Anyone may have written the files of --queries: escape control characters, in the SQL too.
    let mut out = Target::open(None)?.of_bytes(args.format == QueriesFormat::Json);
    let mut queries = match args.name.as_deref() {
        None => catalogue.queries().collect(),
        Some(name) => chosen(&catalogue, name)?,
    };
    let is_one = args.name.is_some() && queries.len() == 1;
    queries.retain(|query| {
        args.min_severity.is_none_or(|least| query.severity >= least)
            && args.grep.as_deref().is_none_or(|text| mentions(query, &text.to_lowercase()))
    });
    if queries.is_empty() {
        return Err(CliError::Nothing("no query matches; `saltmine queries` lists all queries".to_owned()));
    }
    queries.sort_by_key(|query| (&query.pack, Reverse(query.severity), &query.name));
    match (args.format, queries.first()) {
        (QueriesFormat::Json, _) => {
            serde_json::to_writer_pretty(&mut out, &queries).map_err(CliError::json)?;
            writeln!(out)?;
        }
        (QueriesFormat::Table, Some(query)) if is_one => describe(query, &mut out)?,
        (QueriesFormat::Table, _) => list(&queries, &mut out)?,
    }
    out.finish()?;
    Ok(ExitCode::Success)
}

/// The queries of a pack, or one query; the beginning of a name is enough if no other begins with it.
fn chosen<'a>(catalogue: &'a Catalogue, name: &str) -> Result<Vec<&'a Query>, CliError> {
    let of_pack = |pack: &str| catalogue.queries().filter(|query| query.pack == pack).collect();
    let packs = catalogue.packs();
    if packs.contains(&name) {
        return Ok(of_pack(name));
    }
    let problem = match catalogue.get(name) {
        Ok(query) => return Ok(vec![query]),
        Err(problem) => problem,
    };
    let begun: Vec<&str> = packs.into_iter().filter(|pack| pack.starts_with(name)).collect();
    let mut queries = catalogue.queries().filter(|query| query.name.starts_with(name));
    match (begun.as_slice(), queries.next(), queries.next()) {
        ([pack], ..) => Ok(of_pack(pack)),
        ([], Some(query), None) => Ok(vec![query]),
        _ => Err(problem.into()),
    }
}

/// Whether the query has a text, in lower case, in its name, documentation or SQL.
fn mentions(query: &Query, text: &str) -> bool {
    let parts = [&query.name, &query.title, &query.question, &query.sql];
    parts.into_iter().chain(&query.attack).any(|part| part.to_lowercase().contains(text))
}

fn list(queries: &[&Query], out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header(["pack", "name", "severity", "title"]);
    for query in queries {
        table.add_row([query.pack.as_str(), &query.name, query.severity.as_str(), &query.title]);
    }
    table.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

fn describe(query: &Query, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}: {}\n\n{}\n", query.name, query.title, query.question)?;
    let attack = query.attack.join(", ");
    let attack = if attack.is_empty() { attack } else { format!(", ATT&CK {ATTACK_VERSION}: {attack}") };
    writeln!(out, "Pack {}, severity {}{attack}", query.pack, query.severity.as_str())?;
    if !query.parameters.is_empty() {
        writeln!(out, "\nParameters (-p name=value):")?;
        for parameter in &query.parameters {
            writeln!(out, "  {} = {}: {}", parameter.name, parameter.default, parameter.meaning)?;
        }
    }
    writeln!(out, "\nColumns:")?;
    for column in &query.columns {
        writeln!(out, "  {}: {}", column.name, column.meaning)?;
    }
    writeln!(out, "\nFalse positives: {}", query.false_positives)?;
    if let Some(cannot_tell) = &query.cannot_tell {
        writeln!(out, "Not in the logs: {cannot_tell}")?;
    }
    if let Some(next) = &query.next {
        writeln!(out, "Next: {next}")?;
    }
    writeln!(out, "Sources: {}\n", query.sources.join("; "))?;
    writeln!(out, "{}", query.sql.trim())
}
