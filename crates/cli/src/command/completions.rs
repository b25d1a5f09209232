//! `saltmine completions` and `saltmine man`: made from the one definition of the arguments.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::error::CliError;
use crate::exit::ExitCode;

pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "saltmine", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::Success)
}

pub(crate) fn man() -> Result<ExitCode, CliError> {
    let mut page = Vec::new();
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let title = format!("saltmine-{}", subcommand.get_name());
        clap_mangen::Man::new(subcommand.clone()).title(title).render(&mut page)?;
    }
    io::stdout().lock().write_all(&page)?;
    Ok(ExitCode::Success)
}
