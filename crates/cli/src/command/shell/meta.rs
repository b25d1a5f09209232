//! Meta commands: lines that begin with a backslash.

use clap::ValueEnum;

use crate::error::CliError;
use crate::output::Format;

/// Output of `\?`.
pub(super) const HELP: &str = "\
\\d             list the tables
\\d TABLE       list the columns of a table
\\run NAME ...  run a query of the catalogue, with its parameters as name=value
\\hunt          show what happened: incidents and findings
\\timeline WHO  show the sessions of a requester (* matches any text) or an address
\\format NAME   set the output format: table, record, csv, tsv, json, ndjson, markdown
\\x             switch between tables and records, one line per column
\\o FILE        write the next answer to a file, in the format of its extension
\\i FILE        run the statements of a file
\\e             edit the last statement with $EDITOR, and run it
\\timing        switch the display of run times on or off
\\q             quit (also exit, quit and Ctrl-D)
Ctrl-C stops the running query.";

/// The query behind `\d`.
pub(super) const TABLES: &str = "\
SELECT table_schema AS schema, table_name AS name, table_type AS type FROM information_schema.tables
WHERE table_schema <> 'information_schema' ORDER BY 1, 2";

/// A meta command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meta {
    Quit,
    Help,
    Timing,
    Tables,
    Describe(String),
    Format(Format),
    Run(String, Vec<(String, String)>),
    Hunt,
    Timeline(String),
    Record,
    Output(String),
    Include(String),
    Edit,
}

impl Meta {
    pub(super) fn parse(line: &str) -> Result<Self, CliError> {
        let wrong = |problem: &str| CliError::Usage(format!("{problem}. Type \\? for help"));
        let mut words = line.trim().trim_end_matches(';').split_whitespace();
        let (command, rest) = (words.next().unwrap_or(""), words.collect::<Vec<_>>());
        Ok(match (command, rest.as_slice()) {
            ("\\q" | "\\quit", []) => Self::Quit,
            ("\\?" | "\\h" | "\\help", []) => Self::Help,
            ("\\timing", []) => Self::Timing,
            ("\\x", []) => Self::Record,
            ("\\e", []) => Self::Edit,
            ("\\hunt", []) => Self::Hunt,
            ("\\timeline", [who]) => Self::Timeline((*who).to_owned()),
            ("\\o", [file]) => Self::Output((*file).to_owned()),
            ("\\i", [file]) => Self::Include((*file).to_owned()),
            ("\\d" | "\\dt", []) => Self::Tables,
            ("\\d", [table]) => Self::Describe((*table).to_owned()),
            ("\\format", [name]) => match Format::from_str(name, true) {
                Ok(Format::Parquet) | Err(_) => return Err(wrong("Unknown format")),
                Ok(format) => Self::Format(format),
            },
            ("\\run", [name, given @ ..]) => {
                let pairs = given.iter().map(|pair| pair.split_once('='));
                let pairs = pairs.map(|pair| pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
                let pairs: Option<Vec<_>> = pairs.collect();
                Self::Run(
                    (*name).to_owned(),
                    pairs.ok_or_else(|| wrong("Invalid parameter; use name=value"))?,
                )
            }
            _ => return Err(wrong("Unknown command")),
        })
    }
}

/// A name quoted for SQL, with its schema if it has one.
pub(super) fn identifier(name: &str) -> String {
    let quoted: Vec<String> =
        name.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect();
    quoted.join(".")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn meta_commands_are_parsed_or_refused() {
        assert_eq!(Meta::parse("\\d logs;").unwrap(), Meta::Describe("logs".into()));
        assert_eq!(Meta::parse(" \\format JSON").unwrap(), Meta::Format(Format::Json));
        let given = vec![("keys".into(), "7".into())];
        assert_eq!(Meta::parse("\\run mass-delete keys=7").unwrap(), Meta::Run("mass-delete".into(), given));
        assert_eq!(Meta::parse("\\x").unwrap(), Meta::Record);
        assert_eq!(Meta::parse("\\o a.csv;").unwrap(), Meta::Output("a.csv".into()));
        for wrong in ["\\y", "\\o", "\\d a b", "\\format parquet", "\\run a b", "\\"] {
            assert!(Meta::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(identifier("athena.a\"b"), "\"athena\".\"a\"\"b\"");
    }
}
