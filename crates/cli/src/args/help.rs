//! The help of `saltmine` itself: its commands grouped by use.

use clap::CommandFactory;

use super::Cli;

/// Headings, and the commands below each. Commands that are in no group are listed under the last heading.
const GROUPS: [(&str, &[&str]); 3] = [
    (
        "Investigate",
        &["hunt", "timeline", "export", "report", "query", "shell", "queries", "playbook", "case"],
    ),
    ("Data", &["ingest", "verify", "status", "recover", "compact", "schema"]),
    ("Other", &[]),
];

/// The definition of the command line, with commands grouped by use.
pub(crate) fn command() -> clap::Command {
    let command = Cli::command();
    let header = *command.get_styles().get_header();
    let literal = *command.get_styles().get_literal();
    let shown: Vec<(&str, String)> = command
        .get_subcommands()
        .filter(|subcommand| !subcommand.is_hide_set())
        .map(|subcommand| {
            (subcommand.get_name(), subcommand.get_about().map(ToString::to_string).unwrap_or_default())
        })
        .chain([("help", "Show help for a command".to_owned())])
        .collect();
    let grouped = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut list = String::new();
    for (heading, names) in GROUPS {
        let members: Vec<&(&str, String)> = if names.is_empty() {
            shown.iter().filter(|(name, _)| !grouped(name)).collect()
        } else {
            names.iter().filter_map(|name| shown.iter().find(|(other, _)| other == name)).collect()
        };
        list.push_str(&format!("{header}{heading}:{header:#}\n"));
        for (name, about) in members {
            list.push_str(&format!("  {literal}{name:width$}{literal:#}  {about}\n"));
        }
        list.push('\n');
    }
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}{header}Options:{header:#}\n{{options}}{{after-help}}"
    ))
}
