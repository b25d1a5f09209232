//! `saltmine queries`: shows the catalogue.

use std::io::{self, Write};

use comfy_table::{Table, presets};
use saltmine_query::catalogue::{ATTACK_VERSION, Query};

use crate::args::QueriesArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::Target;

pub(crate) fn run(args: &QueriesArgs) -> Result<ExitCode, CliError> {
    let catalogue = super::catalogue(args.queries.as_deref())?;
    // Anyone may have written the files of --queries: escape control characters, in the SQL too.
    let mut out = Target::open(None)?.of_bytes(false);
    match &args.name {
        None => list(catalogue.queries(), &mut out)?,
        Some(pack) if catalogue.packs().contains(&pack.as_str()) => {
            list(catalogue.queries().filter(|query| query.pack == *pack), &mut out)?;
        }
        Some(name) => describe(catalogue.get(name)?, &mut out)?,
    }
    out.finish()?;
    Ok(ExitCode::Success)
}

fn list<'a>(queries: impl Iterator<Item = &'a Query>, out: &mut impl Write) -> io::Result<()> {
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
