//! `saltmine completions` and `saltmine man`, both generated from the argument definitions.

use std::io::{self, Write};

use clap::builder::{PossibleValuesParser, Resettable};
use saltmine_query::catalogue::Kind;
use saltmine_query::playbooks;
use saltmine_scan::Column;

use crate::args::{CompletionsArgs, ManArgs, command};
use crate::error::CliError;
use crate::exit::ExitCode;
use crate::terminal::Terminal;

pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    let values = Values::builtin()?;
    clap_complete::generate(args.shell, &mut values.known_to(command()), "saltmine", &mut script);
    if args.shell == clap_complete::Shell::Fish {
        script.extend(values.fish_arguments().into_bytes());
    }
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::Success)
}

/// Names for completion: queries, packs and columns. Shells complete them like the values of options.
struct Values {
    queries: Vec<String>,
    detections: Vec<String>,
    packs: Vec<String>,
    columns: Vec<String>,
    playbooks: Vec<String>,
}

impl Values {
    fn builtin() -> Result<Self, CliError> {
        let catalogue = super::catalogue(None)?;
        let detections = catalogue.queries().filter(|query| query.kind == Kind::Detection);
        let columns = (0..Column::COUNT).filter_map(Column::at).map(|column| column.name().to_owned());
        Ok(Self {
            queries: catalogue.queries().map(|query| query.name.clone()).collect(),
            detections: detections.map(|query| query.name.clone()).collect(),
            packs: catalogue.packs().into_iter().map(str::to_owned).collect(),
            columns: columns.collect(),
            playbooks: playbooks::all().into_iter().map(|page| page.name.to_owned()).collect(),
        })
    }

    /// The names that an argument of a subcommand accepts; `None` if they cannot be listed.
    fn values_of(&self, subcommand: &str, argument: &str) -> Option<Vec<String>> {
        Some(match (subcommand, argument) {
            (_, "packs") => self.packs.clone(),
            (_, "detections" | "excluded" | "finding") | ("hunt", "show") => self.detections.clone(),
            ("query", "name") => self.queries.clone(),
            ("queries", "name") => self.packs.iter().chain(&self.queries).cloned().collect(),
            ("playbook", "name") => self.playbooks.clone(),
            ("latency", "by") => self.columns.clone(),
            _ => return None,
        })
    }

    /// The command line with these names, for completion only: others are allowed too.
    fn known_to(&self, command: clap::Command) -> clap::Command {
        command.mut_subcommands(|subcommand| {
            let name = subcommand.get_name().to_owned();
            subcommand.mut_args(|argument| match self.values_of(&name, argument.get_id().as_str()) {
                // The default may be a list of such names.
                Some(names) => {
                    argument.default_value(Resettable::Reset).value_parser(PossibleValuesParser::new(names))
                }
                None => argument,
            })
        })
    }

    /// Positional arguments, whose values fish's script lacks.
    fn fish_arguments(&self) -> String {
        let line = |subcommand: &str| {
            let names = self.values_of(subcommand, "name").unwrap_or_default().join(" ");
            format!(
                "complete -c saltmine -n \"__fish_saltmine_using_subcommand {subcommand}\" -f -a \"{names}\"\n"
            )
        };
        line("queries") + &line("playbook")
    }
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
