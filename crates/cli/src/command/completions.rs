//! `saltmine completions` and `saltmine man`, both generated from the argument definitions.

use std::io::{self, Write};

use crate::args::{CompletionsArgs, ManArgs, command};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::terminal::Terminal;

pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "saltmine", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::Success)
}

/// Writes all pages to standard output, or each to its own file.
pub(crate) fn man(args: &ManArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let Some(folder) = &args.folder else {
        let pages: Vec<u8> = pages()?.into_iter().flat_map(|(_, page)| page).collect();
        let mut out = io::stdout().lock();
        out.write_all(&pages)?;
        out.flush()?;
        return Ok(ExitCode::Success);
    };
    std::fs::create_dir_all(folder).map_err(CliError::file(folder))?;
    let pages = pages()?;
    for (name, page) in &pages {
        let path = folder.join(format!("{name}.1"));
        std::fs::write(&path, page).map_err(CliError::file(&path))?;
    }
    terminal.note(&format!("{} pages in {}", pages.len(), folder.display()));
    Ok(ExitCode::Success)
}

/// The man pages with their names: one for saltmine, one per subcommand.
fn pages() -> Result<Vec<(String, Vec<u8>)>, CliError> {
    // `build` gives the subcommands the global options and their full names.
    let mut command = command();
    command.build();
    let mut pages = Vec::new();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    pages.push((command.get_name().to_owned(), page));
    let shown = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    for subcommand in shown.filter(|subcommand| subcommand.get_name() != "help") {
        let name = format!("saltmine-{}", subcommand.get_name());
        let mut page = Vec::new();
        clap_mangen::Man::new(subcommand.clone()).title(name.clone()).render(&mut page)?;
        pages.push((name, page));
    }
    Ok(pages)
}
