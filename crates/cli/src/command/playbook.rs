//! `saltmine playbook`: what to do about an incident.

use std::io::Write;

use saltmine_query::playbooks;

use crate::args::PlaybookArgs;
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::Target;

pub(crate) fn run(args: &PlaybookArgs) -> Result<ExitCode, CliError> {
    let mut out = Target::open(None)?;
    match &args.name {
        None => list(&mut out)?,
        Some(name) => {
            let page = playbooks::get(name).map_err(|nearest| unknown(name, nearest))?;
            out.write_all(page.text.as_bytes())?;
        }
    }
    out.finish()?;
    Ok(ExitCode::Success)
}

fn list(out: &mut impl Write) -> Result<(), CliError> {
    let pages = playbooks::all();
    let width = pages.iter().map(|page| page.name.len()).max().unwrap_or_default();
    for page in &pages {
        writeln!(out, "{:width$}  {}", page.name, page.title)?;
    }
    writeln!(out, "\nsaltmine playbook NAME prints one.")?;
    Ok(())
}

fn unknown(name: &str, nearest: Option<&str>) -> CliError {
    let hint = nearest.map_or_else(
        || "; saltmine playbook lists them".to_owned(),
        |nearest| format!("; did you mean {nearest}?"),
    );
    CliError::Usage(format!("no playbook is named {name:?}{hint}"))
}
