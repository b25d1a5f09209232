//! The output of `saltmine` without a command, or with a dataset instead of one.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use saltmine_lake::Dataset;

use crate::output::sanitize::sanitize;
use crate::output::shell_quote;

/// Suggested first commands, in twelve lines.
const GREETING: &str = "\
saltmine investigates Amazon S3 server access logs.

  saltmine demo                          generate logs with attacks, and hunt
  saltmine ingest logs/ --to case.lake   read logs into a dataset
  saltmine hunt case.lake                what happened: incidents and findings
  saltmine timeline case.lake --incident 1
  saltmine export case.lake --incident 1 --what taken -o taken.csv
  saltmine report case.lake              one HTML page to hand over
  saltmine shell case.lake               SQL

All commands: saltmine --help
Help for one: saltmine hunt --help
";

/// The output for no argument, or for a single dataset or folder; `None` for anything else.
pub(crate) fn answer(words: &[OsString]) -> Option<ExitCode> {
    match words {
        [] | [_] => {
            // If the output is closed, there is nothing to report it to.
            let _ = write!(std::io::stdout().lock(), "{GREETING}");
            Some(ExitCode::SUCCESS)
        }
        [_, input] => {
            let text = input.to_str()?;
            let path = Path::new(input);
            let is_known = path.is_dir() || path.is_file();
            if !is_known || text.starts_with('-') || crate::args::command().find_subcommand(text).is_some() {
                return None;
            }
            let what =
                if Dataset::is_dataset(path) { "a dataset" } else { "no command, but a file or folder" };
            let quoted = shell_quote(text);
            let (shown, quoted) = (sanitize(text), sanitize(&quoted));
            let _ = writeln!(
                std::io::stderr().lock(),
                "error: {shown} is {what}. Did you mean: saltmine hunt {quoted}"
            );
            Some(ExitCode::from(2))
        }
        _ => None,
    }
}
